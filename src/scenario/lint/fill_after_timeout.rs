//! `fill-after-timeout`: SETs that keep a tier too slow for the lookups that they follow.

use super::expectation::{key_rates, mean_bytes};
use super::rules::{View, commands_per_key, percent};
use crate::declare::diagnostic::Diagnostic;
use crate::model::{Coalescing, Model, MultiGet, OnFailure, Route, SharedTier, Tier};
use crate::scenario::estimate::peak_profile_factor;

/// `tier` is `shared`.
pub(super) fn fill_after_timeout(view: &mut View<'_>, index: usize, tier: &Tier, shared: &SharedTier) {
    let Some(expected) = &view.expected else { return };
    let leased = matches!(&view.model.coalescing, Coalescing::Lease(lease) if lease.tier == index);
    let fills = shared.on_failure == OnFailure::Next && shared.fill_after_failure && !leased;
    if !fills || shared.timeout_ns.is_none() || shared.breaker.is_some() {
        return;
    }
    let classes = &view.model.workload.classes;
    let value_bytes: f64 = classes.iter().map(|class| class.share * mean_bytes(&class.value_size)).sum();
    let bytes_ns = shared.per_byte_ns * value_bytes;
    let service_ns = shared.service_ns as f64;
    let (commands, per_key_ns) = match shared.multi_get {
        MultiGet::FanOut => (1.0, 0.0),
        MultiGet::Mget { per_key_ns } => (commands_per_key(classes, shared.nodes), per_key_ns as f64),
    };
    let get_ns = commands * service_ns + (1.0 - commands) * per_key_ns + bytes_ns;
    let set_ns = service_ns + bytes_ns;
    let writes_per_s: f64 = expected.writes_per_s.iter().sum();
    let lookups_per_s = expected.tiers[index].lookups_per_s;
    let peak = peak_profile_factor(view.model) / f64::from(shared.nodes) / 1e9;
    let asked = (lookups_per_s * get_ns + writes_per_s * set_ns) * peak;
    let filled = lookups_per_s * fetches_per_read(view, flights(view.model)) * set_ns * peak;
    // The sums are of many small terms; and what cannot even answer its lookups needs no SETs to fail.
    let whole = 1.0 - 1e-9;
    if asked >= whole || asked + filled < whole {
        return;
    }
    let title = format!("tier.{} cannot carry the SETs that follow timeouts", tier.name);
    let label = format!(
        "lookups take {} of the server's time; with a SET after each that times out it is {}",
        percent(asked),
        percent(asked + filled)
    );
    let place = view.tier_place(tier, "timeout");
    view.warn("fill-after-timeout", Diagnostic::new(title, place, label));
}

/// Calls of the database for each read where no tier answers: one, or as many as coalescing leaves where so many at once may
/// fetch the same key; `None`: any number.
pub(super) fn fetches_per_read(view: &View<'_>, leaders: Option<f64>) -> f64 {
    let Some(leaders) = leaders else { return 1.0 };
    let classes = view.model.workload.classes.iter().filter(|class| !class.absent);
    let fetch_s = classes.map(|class| class.share * view.read_ns(class)).sum::<f64>() / 1e9;
    let (mut reads, mut fetches) = (0.0, 0.0);
    for keys in key_rates(view.model) {
        let each_per_s = keys.reads_per_s / leaders;
        reads += keys.count * keys.reads_per_s;
        fetches += keys.count * keys.reads_per_s / (1.0 + each_per_s * fetch_s);
    }
    if reads > 0.0 { fetches / reads } else { 1.0 }
}

/// How many instances may fetch the same key at once under singleflight; `None`: it is not used.
pub(super) fn flights(model: &Model) -> Option<f64> {
    if !matches!(model.coalescing, Coalescing::Singleflight { .. }) {
        return None;
    }
    Some(match model.clients.route {
        Route::Sticky => 1.0,
        Route::Random | Route::RoundRobin | Route::Recorded => f64::from(model.clients.instances),
    })
}
