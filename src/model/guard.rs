//! Guards of callers in front of a dependency, for its protection or their own.

use serde::Serialize;

use super::Nanos;
use crate::declare::diagnostic::Diagnostic;
use crate::declare::fields::Context;
use crate::declare::file::Node;
use crate::declare::kind::{self, Kind};
use crate::declare::values::{
    AtLeast, Count, PositiveDuration, PositiveShare, positive_duration, positive_share,
};
use crate::declare::{Form, choice, options};
use crate::units::format_duration;

options! {
    /// A circuit breaker (Nygard, Release It!, 2007), one per instance: where too many calls of a sliding window fail it
    /// lets none through for a while, then a few to find out. The defaults are those of resilience4j where it has any,
    /// scaled to a window of seconds.
    #[derive(Clone, Copy, Debug, PartialEq, Serialize)]
    pub struct Breaker in "breaker", such as "{ failures = 0.5, open = \"5s\" }" {
        /// opens where at least this share of the attempts that ended within `window` failed
        "failures" failures: f64 as PositiveShare,
            required "the share of failed calls at which it opens, such as 0.5";
        /// how far back attempts count
        "window" window_ns: Nanos as PositiveDuration, default "10s";
        /// with fewer attempts in the window it stays closed
        "minimum" minimum: u32 as Count, default 20;
        /// how long it stays open; then `probes` decide
        "open" open_ns: Nanos as PositiveDuration, required "how long it stays open, such as \"5s\"";
        /// attempts that decide whether it closes again
        "probes" probes: u32 as Count, default 5;
    }
}

options! {
    /// A token bucket per instance (as in Finagle's `RetryBudget` and gRPC's retry throttling): every call puts `ratio`
    /// tokens in, a retry takes one out.
    #[derive(Clone, Copy, Debug, PartialEq, Serialize)]
    pub struct RetryBudget in "budget" (attempts: Option<u32>), such as "{ ratio = 0.1 }" {
        /// every call earns this share of a retry, per instance
        "ratio" ratio: f64 as PositiveShare, required "retries per call, such as 0.1";
        /// most retries that are saved up, and those there at the start
        "burst" burst: f64 as AtLeast<1>, default 10;
    }
    check |f| {
        if attempts == Some(1) {
            let title = format!("{} does not apply", f.cx.here());
            let problem = Diagnostic::new(title, f.span, "with attempts = 1 nothing is ever retried");
            f.cx.report(problem.help("leave it out, or allow more attempts"));
        }
    }
}

options! {
    /// A second attempt for a read that is not answered in time; the first answer counts (Dean, Barroso: The Tail at
    /// Scale, CACM 2013).
    #[derive(Clone, Copy, Debug, PartialEq, Serialize)]
    pub struct Hedge in "hedge" (timeout_ns: Option<Nanos>), such as "{ after = \"50ms\" }" {
        /// from the beginning of the first attempt, its wait for a connection included: a time less than `timeout`, or a
        /// percentile such as `"p95"` of the recent times of first attempts of the instance
        #[serde(flatten)]
        "after" after: HedgeAfter as HedgeAfter[timeout_ns], required "a time such as \"50ms\", or \"p95\"";
        /// the attempt that lost is withdrawn
        "cancel" cancel: bool, default false;
    }
}

/// From the beginning of the first attempt, its wait for a connection included.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub enum HedgeAfter {
    #[serde(rename = "after_ns")]
    Time(Nanos),
    /// Of the recent times of first attempts of the instance.
    #[serde(rename = "after_percentile")]
    Percentile(f64),
}

const PERCENTILE: Kind =
    Kind::Form { pattern: r"^p[0-9]+(\.[0-9]+)?$", words: "a percentile such as \"p95\"" };

impl Form for HedgeAfter {
    type Value = HedgeAfter;
    /// The time limit of an attempt in nanoseconds.
    type Around<'a> = Option<Nanos>;
    const KIND: Kind = Kind::Either(&[PERCENTILE, kind::POSITIVE_DURATION]);

    fn read(cx: &mut Context, node: &Node, timeout_ns: Option<Nanos>) -> Option<HedgeAfter> {
        if let Some(percent) = node.as_str().and_then(|text| text.strip_prefix('p')) {
            return match percent.parse::<f64>() {
                Ok(percent) if percent > 0.0 && percent < 100.0 => {
                    Some(HedgeAfter::Percentile(percent / 100.0))
                }
                _ => cx.wrong(node, "expected a percentile above p0 and below p100, such as \"p95\""),
            };
        }
        let after_ns = positive_duration(cx, node)?;
        match timeout_ns {
            Some(timeout_ns) if after_ns >= timeout_ns => {
                let earlier = format_duration(timeout_ns / 2);
                cx.wrong_with_example(
                    node,
                    "expected less than database.timeout: by then the attempt is given up",
                    &format!("\"{earlier}\", or a longer database.timeout"),
                )
            }
            _ => Some(HedgeAfter::Time(after_ns)),
        }
    }
}

choice! {
    /// How many attempts an instance may have in flight at once; more are refused at once.
    #[derive(Clone, Copy, Debug, PartialEq, Serialize)]
    pub enum Limit in "limit", such as "{ aimd = { late = \"100ms\" } }" {
        /// additive increase, multiplicative decrease, as in Netflix's concurrency-limits (`AIMDLimit`): an answer in
        /// time adds one where at least half of the limit was in use; one that comes late, or not at all, multiplies the
        /// limit by `backoff`
        "aimd" Aimd such as "{ late = \"100ms\" }" {
            /// where it starts
            "initial" initial: u32 as Count, otherwise "`20`, within the bounds" => None;
            /// lower bound
            "min" min: u32 as Count, default 1;
            /// upper bound
            "max" max: u32 as Count, default 200;
            /// factor by which it shrinks, below 1
            "backoff" backoff: f64 as Backoff, default 0.9;
            /// slower answers shrink the limit
            "late" late_ns: Nanos as PositiveDuration, required "a time such as \"100ms\": slower answers are late";
        } check |f| {
            let (min, max) = (min?, max?);
            let start = initial.unwrap_or(20.clamp(min.min(max), max));
            if min > start || start > max {
                let title = format!("{} starts outside of its bounds", f.cx.here());
                let label = format!("initial = {start}, min = {min}, max = {max}");
                let place = if f.given("initial") { f.place("initial") } else { f.span };
                f.cx.report(Diagnostic::new(title, place, label).help("expected min <= initial <= max"));
                return None;
            }
            initial = Some(start);
        };
    }
}

/// A share above 0 and below 1.
struct Backoff;

impl Form for Backoff {
    type Value = f64;
    type Around<'a> = ();
    const KIND: Kind = kind::POSITIVE_SHARE;

    fn read(cx: &mut Context, node: &Node, (): ()) -> Option<f64> {
        match positive_share(cx, node)? {
            backoff if backoff < 1.0 => Some(backoff),
            _ => cx.wrong_with_example(node, "expected less than 1", "0.9"),
        }
    }
}
