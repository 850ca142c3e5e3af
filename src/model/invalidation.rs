//! Invalidation by others than the writer.

use serde::Serialize;

use super::{Dist, Nanos, is_zero};
use crate::declare::options;
use crate::declare::values::{PositiveDuration, Rate, Share};

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
        self.cdc.is_none() && self.broadcast.is_none()
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
    /// Connections of a broadcast that break.
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
