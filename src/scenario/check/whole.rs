//! Rules that need the whole scenario: settings that are fine alone and contradict each other.

use super::system::silent_from_ns;
use crate::declare::diagnostic::{Diagnostic, Span};
use crate::declare::fields::Context;
use crate::declare::file::Node;
use crate::model::Directory;
use crate::model::{
    Arrivals, Coalescing, Dist, Hottest, Jitter, Lease, MAX_KEYS, Model, Nanos, PrefillAge, Refresh, Spread,
    Tier, Ttl, WriteStrategy,
};
use crate::units::{format_duration, grouped};

pub(super) fn check(cx: &mut Context, root: &Node, model: &Model, directory: &Directory) {
    let elements = root.elements("tier");
    for (index, file_index) in directory.file_indices().into_iter().enumerate() {
        if let (Some(tier), Some(node)) = (model.tiers.get(index), elements.get(file_index)) {
            expiry(cx, model, index, tier, node);
            prefill(cx, model, tier, node);
            fail_safe(cx, model, index, tier, node);
            hit_for_miss(cx, model, tier, node);
        }
    }
    serve_stale(cx, root, model);
    super::standing::check(cx, root, model);
    nobody_asks(cx, root, model);
    super::event::check(cx, root, model);
    super::gather::check(cx, root, model, directory);
    super::writes::check(cx, root, model, directory);
    stationary(cx, root, model);
    super::invalidation::check(cx, root, model, directory);
    super::recorded::check(cx, root, model, directory);
    new_keys(cx, root, model);
}

/// The place of a tier's field.
fn place(node: &Node, name: &str) -> Span {
    node.get(name).map_or(node.span, |value| value.span)
}

/// The times to live that apply in a tier, over all classes.
fn ttls(model: &Model, index: usize, tier: &Tier) -> Vec<Ttl> {
    model.workload.classes.iter().map(|class| class.ttl_in(index, tier)).collect()
}

/// Options that move an expiry need one.
fn expiry(cx: &mut Context, model: &Model, index: usize, tier: &Tier, node: &Node) {
    let ttls = ttls(model, index, tier);
    let shortest_ns = ttls.iter().filter_map(|ttl| match ttl {
        Ttl::After { ns } => Some(*ns),
        Ttl::None => None,
    });
    let Some(shortest_ns) = shortest_ns.min() else {
        let mut refuse = |name: &str, used: bool| {
            if used {
                let title = format!("tier.{}.{name} needs a ttl", tier.name);
                cx.report(
                    Diagnostic::new(title, place(node, name), "entries of this tier never expire")
                        .also(place(node, "ttl"), "no ttl"),
                );
            }
        };
        refuse("refresh", !matches!(tier.refresh, Refresh::None));
        refuse("jitter", tier.jitter != Jitter::None);
        refuse("sliding", tier.sliding);
        refuse("fail_safe", tier.fail_safe.is_some());
        return;
    };
    if let Jitter::Around(spread) = tier.jitter {
        let too_wide = match spread {
            Spread::Time { ns } => ns >= shortest_ns,
            Spread::Share { share } => share >= 1.0,
        };
        if too_wide {
            let title = format!("tier.{}.jitter is as long as the ttl", tier.name);
            let ttl = crate::units::format_duration(shortest_ns);
            let label = format!("expected less than the shortest ttl here, {ttl}");
            cx.report(Diagnostic::new(title, place(node, "jitter"), label).help(
                "entries would expire before they are written; use { plus = ... } or a smaller spread",
            ));
        }
    }
}

/// Only answers that cannot be cached are remembered as such.
fn hit_for_miss(cx: &mut Context, model: &Model, tier: &Tier, node: &Node) {
    if tier.hit_for_miss_ns.is_some() && model.workload.classes.iter().all(|class| class.cacheable) {
        let title = format!("tier.{}.hit_for_miss does not apply", tier.name);
        let label = "all answers can be cached";
        let help = "set cacheable = false for the [[class]] whose answers cannot";
        cx.report(Diagnostic::new(title, place(node, "hit_for_miss"), label).help(help));
    }
}

/// Who loses a lease is served by the lease.
fn fail_safe(cx: &mut Context, model: &Model, index: usize, tier: &Tier, node: &Node) {
    let leases = matches!(&model.coalescing, Coalescing::Lease(lease) if lease.tier == index);
    if leases && tier.fail_safe.is_some() {
        let title = format!("tier.{}.fail_safe does not apply", tier.name);
        let label = "this tier keeps leases, whose losers wait or get an old value";
        let help = "use coalescing.lease.serve_stale, or another coalescing";
        cx.report(Diagnostic::new(title, place(node, "fail_safe"), label).help(help));
    }
}

/// Entries present from the start need to be known from the start.
fn prefill(cx: &mut Context, model: &Model, tier: &Tier, node: &Node) {
    let Some(prefill) = tier.prefill else { return };
    let recorded = matches!(model.workload.arrivals, Arrivals::Trace(_));
    let closed = matches!(model.workload.arrivals, Arrivals::Closed { .. });
    let title = format!("tier.{}.prefill does not apply", tier.name);
    if recorded && prefill.hottest != Hottest::All {
        let label = "which keys of a trace are hottest is not known beforehand";
        cx.report(Diagnostic::new(title, place(node, "prefill"), label).help("use hottest = \"all\""));
    } else if (recorded || closed) && prefill.age == PrefillAge::Stationary {
        let label = "age = \"stationary\" needs the request rate of every key";
        cx.report(
            Diagnostic::new(title, place(node, "prefill"), label)
                .help("use age = \"fresh\", or an open workload (poisson, constant, renewal)"),
        );
    }
}

/// A warm-up can only be found where the run settles at last.
fn stationary(cx: &mut Context, root: &Node, model: &Model) {
    if !model.warmup_auto {
        return;
    }
    let Some(warmup) = root.get("warmup") else { return };
    let workload = root.get("workload");
    let of_workload = |name: &str| workload.and_then(|node| node.get(name)).map(|node| node.span);
    let event = root.elements("event").first().map(|node| node.span);
    let cause = if !model.events.is_empty() {
        Some(("events move the system while it is watched", event))
    } else if !model.workload.profile.is_empty() {
        Some(("the rate changes over time", of_workload("profile")))
    } else if matches!(model.workload.arrivals, Arrivals::Trace(_)) {
        Some(("a recorded workload need not settle", of_workload("arrivals")))
    } else {
        None
    };
    if let Some((why, place)) = cause {
        let mut diagnostic = Diagnostic::new(
            "a warm-up cannot be found for this run",
            warmup.span,
            "\"auto\" waits until the run has settled",
        )
        .help("give the warm-up as a duration, such as \"60s\"");
        if let Some(place) = place {
            diagnostic = diagnostic.also(place, why);
        }
        cx.report(diagnostic);
    }
}

/// A loser of the lease gets a value that has expired. A DELETE leaves none.
fn serve_stale(cx: &mut Context, root: &Node, model: &Model) {
    let Coalescing::Lease(Lease { tier: index, serve_stale_ns: 1.., .. }) = model.coalescing else { return };
    let tier = &model.tiers[index];
    let lease = root.get("coalescing").and_then(|node| node.get("lease"));
    let place = lease.and_then(|node| node.get("serve_stale")).or(lease).map_or(root.span, |node| node.span);
    let classes = &model.workload.classes;
    let expires =
        (classes.iter().filter(|class| !class.absent)).any(|class| class.ttl_in(index, tier) != Ttl::None);
    let of_entities = classes.iter().any(|class| class.keys_per_entity > 1);
    let writer_deletes = match model.writes {
        WriteStrategy::Invalidate | WriteStrategy::WriteBack(_) => true,
        WriteStrategy::Update | WriteStrategy::WriteThrough => of_entities,
        WriteStrategy::WriteAround => false,
    };
    let deletes = model.workload.writes() && (writer_deletes || model.invalidation.cdc.is_some());
    let title = "coalescing.lease.serve_stale does not apply";
    if deletes && model.write_options.mark_stale {
        return;
    }
    if !expires {
        let label = format!("no entry of tier {} expires, so none is ever served past its time", tier.name);
        cx.report(Diagnostic::new(title, place, label).help("leave it out, or give the tier a ttl"));
    } else if deletes {
        let label = "a DELETE leaves no value that could be served: after a write all losers wait";
        let writes = root.get("writes").and_then(|node| node.get("strategy"));
        let invalidation = root.get("invalidation").and_then(|node| node.get("cdc"));
        let mut problem = Diagnostic::new(title, place, label);
        if let Some(node) = if writer_deletes { writes } else { invalidation } {
            problem = problem.also(node.span, "deletes");
        }
        cx.report(problem.help(
            "leave it out, or let writes replace or leave the copies: writes.strategy = \"write-through\", \"update\" or \
             \"write-around\", without invalidation.cdc",
        ));
    }
}

/// Ids are dealt out to new keys as well.
fn new_keys(cx: &mut Context, root: &Node, model: &Model) {
    if model.keys() <= MAX_KEYS {
        return;
    }
    let place =
        root.get("workload").and_then(|workload| workload.get("ranking")).map_or(root.span, |node| node.span);
    let (new, duration) = (model.keys() - model.workload.keys(), format_duration(model.duration_ns));
    let label = format!("{} new keys in {duration}", grouped(new));
    let problem = Diagnostic::new("too many keys", place, label);
    cx.report(problem.help(format!("expected at most {} keys in all, new ones included", grouped(MAX_KEYS))));
}

/// A run without a single request in its measured part has no result.
fn nobody_asks(cx: &mut Context, root: &Node, model: &Model) {
    let workload = &model.workload;
    let (name, label) = match workload.arrivals {
        _ if silent_from_ns(&workload.profile) == Some(0) => {
            ("profile", "the request rate is 0 all the time".to_owned())
        }
        Arrivals::Closed { think: Dist::Constant { ns }, .. } if ns >= model.duration_ns as f64 => {
            let think = format_duration(ns as Nanos);
            ("arrivals", format!("users think for {think} before their first request, longer than the run"))
        }
        Arrivals::Constant { rate_per_s } if workload.profile.is_empty() && model.events.is_empty() => {
            let gap_ns = 1e9 / rate_per_s;
            let first_ns = (model.warmup_ns as f64 / gap_ns).ceil() * gap_ns;
            if first_ns < model.duration_ns as f64 {
                return;
            }
            (
                "arrivals",
                format!("a request every {}, and none is measured", format_duration(gap_ns as Nanos)),
            )
        }
        _ => return,
    };
    let place = root.get("workload").map_or(root.span, |workload| place(workload, name));
    cx.report(
        Diagnostic::new("the run would be without a request", place, label)
            .help("a higher rate, a shorter warm-up or a longer duration"),
    );
}
