//! The application, and its measures on request.

use serde::Serialize;

use super::Nanos;
use crate::declare::values::{Count, PositiveDuration};
use crate::declare::{keywords, options};

options! {
    #[derive(Clone, Debug, Serialize)]
    pub struct Clients in "clients", such as "{ instances = 20 }" {
        /// application instances
        "instances" instances: u32 as Count, default 1;
        /// how a request finds its instance: `"random"`, `"round-robin"`, `"sticky"` (by key), `"recorded"` (the clients of a trace
        /// in the order of their first request, to one instance after the other)
        "route" route: Route, default "random";
        /// from the intended start of a request to the moment its caller gives up
        "deadline" deadline_ns: Option<Nanos> as PositiveDuration, or "none";
    }
    check |f| { f.refuse_empty(); }
}

keywords! {
    /// How a request finds its application instance.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
    pub enum Route {
        "random" Random,
        "round-robin" RoundRobin,
        /// By a hash of the key.
        "sticky" Sticky,
        /// By the client that a trace has recorded.
        "recorded" Recorded,
    }
}

options! {
    #[derive(Clone, Copy, Debug, Default, Serialize)]
    pub struct MeasureOptions in "measure", such as "{ value_age = true }" {
        /// track when each cached value was read from the database, for the measure `value.age.max_s`; costs 8 bytes per entry
        "value_age" value_age: bool, default false;
        /// report staleness by the answering level as well: `tier.<tier>.stale.*` and `db.stale.*`; needs writes
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        "stale_by_tier" stale_by_tier: bool, default false;
        /// report the bytes of keys and values that travel to and from each shared tier: `tier.<tier>.wire.bytes_per_s`
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        "wire" wire: bool, default false;
        /// sample at the end of each window up to 256 entries of each tier: how long they have left to live
        /// (`tier.<tier>.ttl.{p10,p50,p90}_s`) and the share that has expired and still takes memory (`tier.<tier>.expired.ratio`)
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        "remaining_ttl" remaining_ttl: bool, default false;
        /// report `stale.acknowledged.ratio`: reads that got an older version than one acknowledged before they started; needs writes
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        "stale_acknowledged" stale_acknowledged: bool, default false;
    }
    check |f| { f.refuse_empty(); }
}
