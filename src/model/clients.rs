//! The application, and its measures on request.

use serde::Serialize;

use super::Nanos;
use crate::declare::diagnostic::Diagnostic;
use crate::declare::values::{AtLeast, Count, Duration, PositiveDuration, PositiveShare, Whole};
use crate::declare::{keywords, options};

options! {
    #[derive(Clone, Debug, Serialize)]
    pub struct Clients in "clients", such as "{ instances = 20 }" {
        /// application instances
        "instances" instances: u32 as Count, default 1;
        /// instances that run at the start; the others come by `scale` events or by `autoscale`
        #[serde(skip_serializing_if = "Option::is_none")]
        "started" started: Option<u32> as Count, optional "all";
        /// a new instance, or one that is back after a crash, gets its full share of the requests after so long, and before that the share
        /// of its age in this time
        #[serde(skip_serializing_if = "is_nothing")]
        "slow_start" slow_start_ns: Nanos as Duration, default "0s";
        /// instances come and go with the work, from `least` to `instances`: `{ target = 0.6, every = "15s" }`; needs `workers`
        #[serde(skip_serializing_if = "Option::is_none")]
        "autoscale" autoscale: Option<Autoscale> as Autoscale, or "none";
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
        if f.left_out("workers", "unlimited") && autoscale.flatten().is_some() {
            let (place, title) = (f.place("autoscale"), "clients.autoscale does not apply");
            f.cx.report(
                Diagnostic::new(title, place, "it follows the share of the workers that is busy, and their number is unlimited")
                    .help("set clients.workers, or scale by events: { scale = { instances = 12 } }"),
            );
        }
        if let (Some(most), Some(Some(part))) = (instances, started)
            && part > most
        {
            let (place, title) = (f.place("started"), format!("clients.started is {part}"));
            f.cx.report(Diagnostic::new(title, place, format!("expected at most clients.instances, {most}")));
        }
    }
}

impl Clients {
    /// Instances at the start.
    pub fn started(&self) -> u32 {
        self.started.unwrap_or(self.instances)
    }
}

/// Whether a field keeps out of the serialised form, and so of the digest.
fn is_nothing(ns: &Nanos) -> bool {
    *ns == 0
}

options! {
    /// As the HorizontalPodAutoscaler of Kubernetes decides.
    #[derive(Clone, Copy, Debug, Serialize)]
    pub struct Autoscale in "autoscale", such as "{ target = 0.6 }" {
        /// share of the workers that is to be busy, instances that are about to start included
        "target" target: f64 as PositiveShare, required "the share of the workers that is to be busy, such as 0.6";
        /// from one look to the next, each at the mean since the last one
        "every" every_ns: Nanos as PositiveDuration, default "15s";
        /// relative distance from the target that is left alone
        "tolerance" tolerance: f64 as AtLeast<0>, default 0.1;
        /// fewest instances
        "least" least: u32 as Count, default 1;
        /// how long a new instance takes to start
        "startup" startup_ns: Nanos as Duration, default "30s";
        /// instances go when no look of this time has wanted them
        "down_after" down_after_ns: Nanos as Duration, default "5m";
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
