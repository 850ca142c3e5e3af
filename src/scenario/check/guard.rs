//! Circuit breakers, retry budgets, hedges and adaptive limits.

use crate::model::{Breaker, Hedge, HedgeAfter, Limit, Nanos, RetryBudget};
use crate::scenario::diagnostic::Diagnostic;
use crate::scenario::fields::{Context, Fields, Tagged};
use crate::scenario::file::Node;
use crate::scenario::values::{at_least, count, positive_duration, positive_share, truth};
use crate::units::format_duration;

const SECOND_NS: Nanos = 1_000_000_000;

/// The defaults are those of resilience4j where it has any, scaled to a window of seconds.
pub(super) fn breaker(cx: &mut Context, node: &Node) -> Option<Breaker> {
    Fields::with(cx, node, "{ failures = 0.5, open = \"5s\" }", |f| {
        let failures =
            f.require("failures", "the share of failed calls at which it opens, such as 0.5", positive_share);
        let open_ns = f.require("open", "how long it stays open, such as \"5s\"", positive_duration);
        let window_ns = f.read("window", positive_duration).unwrap_or(10 * SECOND_NS);
        let minimum = f.read("minimum", count(1)).unwrap_or(20);
        let probes = f.read("probes", count(1)).unwrap_or(5);
        Some(Breaker { failures: failures?, window_ns, minimum, open_ns: open_ns?, probes })
    })
}

/// The budget of `retries`, of which there may be `attempts` in all.
pub(super) fn budget(cx: &mut Context, node: &Node, attempts: Option<u32>) -> Option<RetryBudget> {
    let budget = Fields::with(cx, node, "{ ratio = 0.1 }", |f| {
        let ratio = f.require("ratio", "retries per call, such as 0.1", positive_share);
        let burst = f.read("burst", at_least(1.0)).unwrap_or(10.0);
        Some(RetryBudget { ratio: ratio?, burst })
    })?;
    if attempts == Some(1) {
        let title = format!("{} does not apply", cx.here());
        let problem = Diagnostic::new(title, node.span, "with attempts = 1 nothing is ever retried");
        cx.report(problem.help("leave it out, or allow more attempts"));
        return None;
    }
    Some(budget)
}

/// A hedge of attempts that time out after `timeout_ns`.
pub(super) fn hedge(cx: &mut Context, node: &Node, timeout_ns: Option<Nanos>) -> Option<Hedge> {
    Fields::with(cx, node, "{ after = \"50ms\" }", |f| {
        let after = f.require("after", "a time such as \"50ms\", or \"p95\"", |cx, node| {
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
        });
        let cancel = f.read("cancel", truth).unwrap_or(false);
        Some(Hedge { after: after?, cancel })
    })
}

pub(super) fn limit(cx: &mut Context, node: &Node) -> Option<Limit> {
    let tagged = Tagged::read(cx, node, &["aimd"], "{ aimd = { late = \"100ms\" } }")?;
    tagged.table(cx, "{ late = \"100ms\" }", |f| {
        let late_ns =
            f.require("late", "a time such as \"100ms\": what takes longer is late", positive_duration);
        let max = f.read("max", count(1)).unwrap_or(200);
        let min = f.read("min", count(1)).unwrap_or(1);
        let initial = f.read("initial", count(1)).unwrap_or(20.clamp(min.min(max), max));
        let backoff = f.read("backoff", |cx, node| {
            let backoff = positive_share(cx, node)?;
            match backoff < 1.0 {
                true => Some(backoff),
                false => cx.wrong_with_example(node, "expected less than 1", "0.9"),
            }
        });
        if min > initial || initial > max {
            let title = format!("{} starts outside of its bounds", f.cx.here());
            let label = format!("initial = {initial}, min = {min}, max = {max}");
            let place = if f.given("initial") { f.place("initial") } else { f.span };
            f.cx.report(Diagnostic::new(title, place, label).help("expected min <= initial <= max"));
            return None;
        }
        let backoff = backoff.unwrap_or(0.9);
        Some(Limit::Aimd { initial, min, max, backoff, late_ns: late_ns? })
    })
}
