//! The application, and its measures on request.

use serde::Serialize;

use super::Nanos;
use crate::declare::diagnostic::Diagnostic;
use crate::declare::values::{Count, PositiveDuration, Whole};
use crate::declare::{keywords, options};

options! {
    #[derive(Clone, Debug, Serialize)]
    pub struct Clients in "clients", such as "{ instances = 20 }" {
        /// application instances
        "instances" instances: u32 as Count, default 1;
        /// how a request finds its instance: `"random"`, `"round-robin"`, `"sticky"` (by key), `"recorded"` (the clients of a trace
        /// in the order of their first request, to one instance after the other)
        "route" route: Route, default "random";
        /// requests that an instance works on at once: its threads or processes, each of which has one request from its start to its
        /// end, whatever that waits for
        #[serde(skip_serializing_if = "Option::is_none")]
        "workers" workers: Option<u32> as Count, or "unlimited";
        /// requests of an instance that may wait for a worker; needs `workers`; further ones are refused
        #[serde(skip_serializing_if = "Option::is_none")]
        "queue" queue: Option<u64> as Whole<0, { u64::MAX }>, or "unbounded";
        /// from the intended start of a request to the moment its caller gives up
        "deadline" deadline_ns: Option<Nanos> as PositiveDuration, or "none";
    }
    check |f| {
        f.refuse_empty();
        if f.left_out("workers", "unlimited") && queue.flatten().is_some() {
            let (place, title) = (f.place("queue"), "clients.queue does not apply");
            f.cx.report(
                Diagnostic::new(title, place, "with unlimited workers no request waits for one")
                    .help("set clients.workers, or queue = \"unbounded\""),
            );
        }
    }
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
