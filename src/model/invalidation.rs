//! Invalidation by others than the writer.

use serde::Serialize;

use super::{Dist, Nanos, is_zero};
use crate::declare::options;
use crate::declare::values::{Count, PositiveDuration, Rate, Share};

options! {
    #[derive(Clone, Debug, Default, PartialEq, Serialize)]
    pub struct Invalidation in "invalidation", such as "{ cdc = { lag = \"100ms\" } }" {
        /// change data capture, `{ lag = "100ms", rate = 1000, retry = "1s" }`: each commit enters a stream; a consumer deletes the key
        /// from the shared tiers
        #[serde(skip_serializing_if = "Option::is_none")]
        "cdc" cdc: Option<Cdc> as Cdc, or "none";
        /// `{ delay = "5ms", lost = 0.001 }`: instance tiers hear of each invalidation
        #[serde(skip_serializing_if = "Option::is_none")]
        "broadcast" broadcast: Option<Broadcast> as Broadcast, or "none";
        /// Redis's client-side caching, `{ delay = "1ms" }`: the first shared tier remembers which instance has read which key,
        /// and tells those once the key there is written, deleted, expired or evicted
        #[serde(skip_serializing_if = "Option::is_none")]
        "tracking" tracking: Option<Tracking> as Tracking, or "none";
    }
    check |f| {
        f.refuse_empty();
        if !f.sound() {
            return None;
        }
    }
}

impl Invalidation {
    /// Whether nobody but the writer invalidates.
    pub fn is_none(&self) -> bool {
        self.cdc.is_none() && self.broadcast.is_none() && self.tracking.is_none()
    }
}

options! {
    /// Change data capture.
    #[derive(Clone, Debug, PartialEq, Serialize)]
    pub struct Cdc in "cdc", such as "{ lag = \"100ms\", rate = 1000 }" {
        /// random time from the commit to the consumer, the order of the commits kept
        "lag" lag: Dist, required "the time from commit to consumer, such as \"100ms\"";
        /// changes that the consumer handles per second
        "rate" rate_per_s: Option<f64> as Rate, or "unlimited";
        /// after this a DELETE that a tier did not execute is sent again
        "retry" retry_ns: Nanos as PositiveDuration, default "1s";
    }
}

options! {
    #[derive(Clone, Debug, PartialEq, Serialize)]
    pub struct Broadcast in "broadcast", such as "{ delay = \"5ms\" }" {
        /// random time until an instance hears of it, drawn for each instance
        "delay" delay: Dist, required "the time to an instance, such as \"5ms\"";
        /// probability that an instance does not hear of it, drawn for each message: publish and subscribe has no receipt
        #[serde(skip_serializing_if = "is_zero")]
        "lost" lost: f64 as Share, default 0;
        /// `{ every = "1h", for = "5s" }`: instances lose their connection to it now and then, and with it the messages of that time
        #[serde(skip_serializing_if = "Option::is_none")]
        "cuts" cuts: Option<Cuts> as Cuts, or "none";
    }
}

options! {
    /// Client-side caching with the help of the server: `CLIENT TRACKING` of Redis, in its default mode.
    #[derive(Clone, Debug, PartialEq, Serialize)]
    pub struct Tracking in "tracking", such as "{ delay = \"1ms\" }" {
        /// random time from the change of a key to an instance that has read it, drawn for each message
        "delay" delay: Dist, required "the time to an instance, such as \"1ms\"";
        /// an instance gets no message about its own changes, as with NOLOOP; the server forgets its read all the same
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        "noloop" noloop: bool, default false;
        /// keys whose readers a server remembers, as tracking-table-max-keys; of more, one at random is given up, with a message
        "table" table: u32 as Count, default 1_000_000;
        /// `{ every = "1h", for = "5s" }`: instances lose their connection now and then, and the messages of that time; the server
        /// forgets what they have read
        #[serde(skip_serializing_if = "Option::is_none")]
        "cuts" cuts: Option<Cuts> as Cuts, or "none";
    }
}

options! {
    /// Connections for messages that break.
    #[derive(Clone, Debug, PartialEq, Serialize)]
    pub struct Cuts in "cuts", such as "{ every = \"1h\", for = \"5s\" }" {
        /// random time from a connection to its loss, drawn for each instance
        "every" every: Dist, required "the time that a connection holds, such as \"1h\" or a distribution";
        /// random time until there is a new one
        "for" for_how_long: Dist, required "the time until there is a new one, such as \"5s\"";
        /// an instance that is connected again empties its instance tiers, since it does not know what it has missed
        "flush" flush: bool, default true;
    }
}
