//! `expired-memory`: entries that are no longer requested, and that no cycle removes.

use super::rules::{View, percent};
use crate::declare::diagnostic::Diagnostic;
use crate::model::{Capacity, Redis, Tier};
use crate::units::approximate_bytes;

/// Share of what is held from which on expired entries count. Redis's cycle leaves about a tenth of the keys expired.
const SHARE: f64 = 0.25;
/// Less is not worth a word.
const BYTES: f64 = 1e7;

/// `tier` is shared.
pub(super) fn expired_memory(view: &mut View<'_>, index: usize, tier: &Tier) {
    let Some(expected) = &view.expected else { return };
    let limit = match tier.capacity {
        Capacity::Unbounded => f64::INFINITY,
        Capacity::Bytes(bytes) => bytes as f64,
        // A number of entries is no memory.
        Capacity::Entries(_) => return,
    };
    let looked_for = matches!(tier.redis, Some(Redis { active_expiry: Some(_), .. }));
    let element = view.element("tier", &tier.name);
    let is_meant = element.is_some_and(|element| element.get("active_expiry").is_some());
    let held = expected.tiers[index].held.min(limit);
    let expired = held - expected.tiers[index].wanted;
    if looked_for || is_meant || expired < BYTES || expired < SHARE * held {
        return;
    }
    let title = format!("tier.{} keeps expired entries", tier.name);
    let label = format!(
        "about {} of {} at the end ({}): nobody looks for expired entries",
        approximate_bytes(expired),
        approximate_bytes(held),
        percent(expired / held)
    );
    let place = view.tier_place(tier, "ttl");
    view.warn("expired-memory", Diagnostic::new(title, place, label));
}
