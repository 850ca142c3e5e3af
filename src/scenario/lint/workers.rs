//! `workers-too-few`: a tier that stalls holds every worker of the application.

use super::rules::View;
use crate::declare::diagnostic::Diagnostic;
use crate::model::{SharedTier, Tier};
use crate::scenario::estimate::peak_profile_factor;
use crate::units::format_duration;

/// `tier` is `shared`.
pub(super) fn workers_too_few(view: &mut View<'_>, index: usize, tier: &Tier, shared: &SharedTier) {
    let clients = &view.model.clients;
    let (Some(workers), Some(timeout_ns), Some(expected)) =
        (clients.workers, shared.timeout_ns, &view.expected)
    else {
        return;
    };
    let Some(rate_per_s) = view.model.workload.arrivals.rate_per_s() else { return };
    let classes = view.model.workload.classes.iter().filter(|class| !class.bypasses(index));
    let reads_per_s: f64 = classes.map(|class| rate_per_s * class.share * (1.0 - class.write_share)).sum();
    // Keys of one read are looked up at the same time.
    let asked_per_s = reads_per_s.min(expected.tiers[index].lookups_per_s) * peak_profile_factor(view.model)
        / f64::from(clients.instances);
    let held_ns = clients.deadline_ns.map_or(timeout_ns, |deadline_ns| timeout_ns.min(deadline_ns));
    let needed = asked_per_s * held_ns as f64 / 1e9;
    // Workers that all wait make so many calls in its window.
    let calls = |window_ns: u64| f64::from(workers) * window_ns as f64 / held_ns as f64;
    if shared.breaker.is_some_and(|breaker| f64::from(breaker.minimum) <= calls(breaker.window_ns)) {
        return;
    }
    // The sums are of many small terms.
    if needed * (1.0 - 1e-9) <= f64::from(workers) {
        return;
    }
    let title = format!("a stall of tier.{} takes all workers", tier.name);
    let label = format!(
        "{asked_per_s:.1} requests per second and instance that wait {} each hold {needed:.1} workers; there are {workers}",
        format_duration(held_ns)
    );
    let place = view.tier_place(tier, "timeout");
    view.warn("workers-too-few", Diagnostic::new(title, place, label));
}
