//! Effects of writes on the caches, the change stream, the limiter and the cycles of Redis.

use super::{NOTICE_BYTES, Rates, is_positive};
use crate::model::{
    EventKind, Hottest, LimiterMode, Model, Scope, SharedTier, Target, TimedEvent, WriteStrategy,
};
use crate::scenario::estimate::arrivals::duration_s;

/// Events of DELETEs of the change stream that a tier cannot execute, again and again until it is back.
fn resent(model: &Model, deletes_per_s: f64, retry_ns: u64) -> f64 {
    let end_ns = model.duration_ns.saturating_add(model.drain_ns);
    let lost = |at_ns: u64, for_ns: Option<u64>| {
        for_ns.unwrap_or(end_ns.saturating_sub(at_ns)).min(end_ns) as f64 / 1e9
    };
    let nodes = |tier: usize| match &model.tiers[tier].scope {
        Scope::Shared(shared) => f64::from(shared.nodes),
        Scope::Instance { .. } => f64::INFINITY,
    };
    let of = |event: &TimedEvent| match event.what {
        EventKind::Down { target: Target::Tier(tier), for_ns, .. }
        | EventKind::Restart { tier, for_ns, .. }
            if nodes(tier).is_finite() =>
        {
            lost(event.at_ns, Some(for_ns))
        }
        EventKind::NodeLost { tier, for_ns, failover_ns, .. } => {
            let alone = nodes(tier) <= 1.0;
            lost(event.at_ns, if alone { for_ns } else { failover_ns.or(for_ns) }) / nodes(tier).sqrt()
        }
        _ => 0.0,
    };
    let retry_s = (retry_ns as f64 / 1e9).max(1e-6);
    // Those that wait grow from none; each is sent, refused and put back.
    model.events.iter().map(of).map(|lost_s| deletes_per_s * lost_s * lost_s / 2.0 / retry_s * 3.0).sum()
}

/// Effects of writes on the caches, the change stream, the limiter and the cycles of Redis.
pub(super) fn around(model: &Model, rates: &mut Rates, rate_per_s: f64, writes: f64) {
    let duration_s = duration_s(model);
    let shared = || {
        model.tiers.iter().filter_map(|tier| match &tier.scope {
            Scope::Shared(shared) => Some(shared),
            Scope::Instance { .. } => None,
        })
    };
    let command = |shared: &SharedTier| {
        let travels = is_positive(shared.network.mean_ns() > 0.0);
        2.0 * travels
            + is_positive(shared.timeout_ns.is_some())
            + is_positive(shared.service_ns > 0) * (1.0 - travels)
    };
    let commands: f64 = shared().map(command).sum();
    let entity: f64 = model
        .workload
        .classes
        .iter()
        .map(|class| class.share * f64::from(class.keys_per_entity).min(class.keys as f64))
        .sum();
    match model.writes {
        WriteStrategy::WriteAround => {}
        WriteStrategy::Invalidate => rates.events += writes * entity * commands,
        WriteStrategy::Update | WriteStrategy::WriteThrough => rates.events += writes * entity * commands,
        WriteStrategy::WriteBack(ref how) => {
            let batch = f64::from(how.batch.max(1));
            rates.events += writes * (commands + 4.0 / batch) + 1e9 / how.flush_interval_ns.max(1) as f64;
        }
    }
    if let Some(cdc) = &model.invalidation.cdc {
        // The consumer works through the drain as well.
        let drain_s = model.drain_ns as f64 / 1e9;
        let handled = cdc.rate_per_s.map_or(writes, |rate| (rate * (1.0 + drain_s / duration_s)).min(writes));
        rates.events += handled * (1.0 + entity * commands);
        rates.once += resent(model, handled * duration_s / (duration_s + drain_s) * entity, cdc.retry_ns);
    }
    // A job reads each key once, and sets it.
    for event in &model.events {
        if let EventKind::Warm { hottest: Hottest::Keys(keys), .. } = event.what {
            rates.once += keys as f64 * 6.0;
        }
    }
    let hears = model.tiers.iter().any(|tier| matches!(tier.scope, Scope::Instance { .. }));
    if let Some(broadcast) = model.invalidation.broadcast.as_ref().filter(|_| hears) {
        let delay_s = broadcast.delay.mean_ns() / 1e9;
        let notices = writes * f64::from(model.clients.instances.saturating_sub(1));
        rates.events += notices * is_positive(delay_s > 0.0);
        rates.standing_bytes += notices * delay_s.min(duration_s) * NOTICE_BYTES;
    }
    if let Some(tracking) = model.invalidation.tracking.as_ref().filter(|_| hears) {
        // At most each write to each instance; expiries are as frequent as fills, which are counted as commands.
        let notices = writes * f64::from(model.clients.instances);
        rates.events += notices;
        rates.standing_bytes += notices * (tracking.delay.mean_ns() / 1e9).min(duration_s) * NOTICE_BYTES;
    }
    if let Some(limiter) = &model.limiter {
        let asks = match limiter.mode {
            LimiterMode::Naive => 4.0,
            LimiterMode::Atomic => 2.0,
        };
        rates.events += rate_per_s * asks;
    }
    for cycle in model.tiers.iter().filter_map(|tier| tier.redis?.active_expiry) {
        rates.events += f64::from(cycle.hz);
    }
}
