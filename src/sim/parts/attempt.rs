//! One try of a database call, or one request of the database that belongs to no call.

use super::guard::Ticket;
use super::replicas::PRIMARY;
use crate::measure::recorder::Cause;
use crate::model::Nanos;
use crate::sim::slab::NONE;
use crate::sim::store::Value;

/// One attempt of a call, one batch of the worker that writes back, or one request of the background load.
#[derive(Clone, Copy, Debug)]
pub struct Attempt {
    /// When it entered the present stage.
    pub since_ns: Nanos,
    /// When its caller began to wait for it.
    pub began_ns: Nanos,
    /// When the call began.
    pub called_ns: Nanos,
    /// The version read or written.
    pub value: Value,
    /// The journey that leads the call, and its generation.
    pub leader: u32,
    pub leader_generation: u32,
    pub key: u32,
    pub instance: u32,
    /// The replica that serves it; [`PRIMARY`]: none.
    pub replica: u32,
    pub token: u32,
    /// Of the circuit breaker that let it through.
    pub ticket: Ticket,
    pub class: u8,
    pub errand: AttemptErrand,
    pub stage: Stage,
    pub outcome: Result<(), Cause>,
    /// Its caller counts on it no more.
    pub abandoned: bool,
    /// Its caller is dead: its answer fills nothing.
    pub orphan: bool,
    /// Sent beside another.
    pub is_hedge: bool,
    /// Withdrawn from the database by its caller.
    pub cancelled: bool,
    /// Its connection was closed by its caller.
    pub closed: bool,
    /// The database takes no more connections.
    pub refused: bool,
    /// Of a write: its transaction rolls back.
    pub rolls_back: bool,
    /// It is an existence check.
    pub exists: bool,
    /// For a fill after the call is over.
    pub fill_from: u8,
    pub unfilled: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptErrand {
    Read,
    Write,
    /// The batch in hand of the worker that writes back.
    Flush,
    Background,
}

impl AttemptErrand {
    /// Whether it belongs to a call, and to the connections and guards of an instance.
    #[inline]
    pub fn is_of_an_instance(self) -> bool {
        matches!(self, AttemptErrand::Read | AttemptErrand::Write)
    }
}

/// Where an attempt is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    WaitsForConnection,
    /// Its connection is set up.
    Connects,
    Travels,
    Queues,
    InService,
    Returns,
}

impl Stage {
    /// Whether an attempt may go on from here to there.
    fn leads_to(self, next: Stage) -> bool {
        match self {
            Stage::WaitsForConnection => matches!(next, Stage::Connects | Stage::Travels),
            Stage::Connects => next == Stage::Travels,
            Stage::Travels => matches!(next, Stage::Queues | Stage::InService | Stage::Returns),
            Stage::Queues => matches!(next, Stage::InService | Stage::Returns),
            Stage::InService => next == Stage::Returns,
            Stage::Returns => false,
        }
    }
}

impl Attempt {
    /// The first stage of an attempt that belongs to no call: it is on its way already.
    pub fn of_nobody(errand: AttemptErrand) -> Attempt {
        Attempt {
            since_ns: 0,
            began_ns: 0,
            called_ns: 0,
            value: Value::default(),
            leader: NONE,
            leader_generation: 0,
            key: 0,
            instance: 0,
            replica: PRIMARY,
            token: 0,
            ticket: Ticket::NONE,
            class: 0,
            errand,
            stage: Stage::Travels,
            outcome: Ok(()),
            abandoned: false,
            orphan: false,
            is_hedge: false,
            cancelled: false,
            closed: false,
            refused: false,
            rolls_back: false,
            exists: false,
            fill_from: 0,
            unfilled: 0,
        }
    }

    /// Goes on to another stage.
    #[inline]
    pub fn enter(&mut self, stage: Stage) {
        debug_assert!(self.stage.leads_to(stage), "an attempt goes from {:?} to {stage:?}", self.stage);
        self.stage = stage;
    }
}

impl Default for Attempt {
    fn default() -> Attempt {
        Attempt::of_nobody(AttemptErrand::Background)
    }
}
