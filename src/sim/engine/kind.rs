//! Everything that can happen.

use crate::sim::queue::Event;

macro_rules! kinds {
    ($($kind:ident),* $(,)?) => {
        /// Everything that can happen.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub enum Kind { $($kind),* }

        /// By number.
        const KINDS: &[Kind] = &[$(Kind::$kind),*];

        impl Kind {
            /// As it is written here.
            pub fn name(self) -> &'static str {
                match self { $(Kind::$kind => stringify!($kind)),* }
            }
        }
    };
}

kinds! {
    LookupArrives,
    LookupReplies,
    HitReplies,
    MissReplies,
    FillArrives,
    CommandIsEncoded,
    CommandArrives,
    CommandReplies,
    CommandIsDecoded,
    CommandTimesOut,
    CommandPoolTimesOut,
    WaitMeetsDeadline,
    WorkerFinishes,
    WorkerIsFree,
    JourneyGoesOn,
    JourneyPolls,
    JourneyMeetsDeadline,
    PatienceEnds,
    GatherSetsOut,
    AttemptArrives,
    AttemptIsDone,
    AttemptReplies,
    AttemptTimesOut,
    AttemptPoolTimesOut,
    AttemptIsConnected,
    AttemptIsHedged,
    CallIsRetried,
    CallIsDropped,
    ChangeIsHandled,
    CommandIsSentAgain,
    InstanceHears,
    LinkBreaks,
    LinkReturns,
    WorkerWakes,
    BatchIsRead,
    UserAsks,
    BackgroundArrives,
    KeyIsWarmed,
    EventBegins,
    EventEnds,
    InstanceRestarts,
    InstanceChanges,
    InstanceStarts,
    ScalerLooks,
    ExpiryCycleBegins,
    ContentIsSampled,
    WindowEnds,
    WarmupEnds,
    ArrivalsEnd,
    InstantIsMarked,
}

impl Kind {
    /// The kind of an event.
    #[inline]
    pub fn of(event: Event) -> Kind {
        KINDS[usize::from(event.kind)]
    }
}
