//! Which measures of a simulation a repetition of real clients has.

use crate::model::{Model, Scope};

/// Beginnings of the names of measures that nobody measures here: they would be zero, and no finding.
const NOT_MEASURED: &[&str] = &[
    "cdc.",
    "cost.",
    "db.breaker.",
    "db.hedges.",
    "db.limit.",
    "error.breaker.",
    "error.crash.",
    "error.limit.",
    "error.limiter.",
    "latency.limiter.",
    "limiter.",
    "stale.acknowledged.",
    "value.age.",
    "writes.coalesced.",
    "writes.flush_lag.",
    "writes.lost",
    "writes.phantom_reads",
    "writes.unflushed",
];

/// The same of a shared tier, behind its name.
const NOT_MEASURED_OF_SHARED: &[&str] =
    &["breaker.", "client.", "expired.", "link.", "node.", "queue.", "ttl.", "utilization", "wire."];

/// The same of a shared tier on a server that others may use as well.
const OF_OWN_SERVERS: &[&str] = &["bytes", "entries", "evictions", "expirations", "memory."];

/// Measures over all tiers together that need the content of the servers.
const OF_OWN_SERVERS_IN_ALL: &[&str] =
    &["entries.peak", "evictions.rate", "expirations.rate", "memory.peak_bytes"];

/// Whether a measure, or a series, of this name was measured.
pub fn is_measured(model: &Model, name: &str, are_own: bool) -> bool {
    let begins = |name: &str, all: &[&str]| all.iter().any(|beginning| name.starts_with(beginning));
    let is_shared = |tier: &str| {
        model.tiers.iter().any(|known| known.name == tier && matches!(known.scope, Scope::Shared(_)))
    };
    let has_shared = model.tiers.iter().any(|tier| matches!(tier.scope, Scope::Shared(_)));
    if let Some((tier, what)) = name.strip_prefix("tier.").and_then(|rest| rest.split_once('.')) {
        let unknown = begins(what, NOT_MEASURED_OF_SHARED) || !are_own && begins(what, OF_OWN_SERVERS);
        return !(is_shared(tier) && unknown || what.starts_with("expired.") || what.starts_with("ttl."));
    }
    !begins(name, NOT_MEASURED) && (are_own || !has_shared || !OF_OWN_SERVERS_IN_ALL.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::CATALOG;
    use crate::live::player::fixture;

    #[test]
    fn beginnings_are_those_of_measures() {
        for beginning in NOT_MEASURED {
            assert!(CATALOG.iter().any(|info| info.pattern.starts_with(beginning)), "{beginning}");
        }
        for beginning in NOT_MEASURED_OF_SHARED {
            let beginning = format!("tier.<tier>.{beginning}");
            assert!(CATALOG.iter().any(|info| info.pattern.starts_with(&beginning)), "{beginning}");
        }
        for name in OF_OWN_SERVERS_IN_ALL {
            assert!(CATALOG.iter().any(|info| info.pattern == *name), "{name}");
        }
    }

    #[test]
    fn a_server_that_others_use_has_no_content_of_ours() {
        let (model, _) = fixture::model(
            r#"
            question = "?"
            duration = "1s"
            workload = { arrivals = { poisson = { rate = 10 } }, keys = 10 }
            database = { read = "1ms" }
            [[tier]]
            name = "l1"
            scope = "instance"
            ttl = "5s"
            [[tier]]
            name = "l2"
            scope = "shared"
            ttl = "60s"
            "#,
        );
        let of = |name: &str| [true, false].map(|are_own| is_measured(&model, name, are_own));
        assert_eq!(of("hit_ratio"), [true, true]);
        assert_eq!(of("tier.l2.hit_ratio"), [true, true]);
        assert_eq!(of("tier.l2.entries.peak"), [true, false]);
        assert_eq!(of("tier.l1.entries.peak"), [true, true]);
        assert_eq!(of("memory.peak_bytes"), [true, false]);
        assert_eq!(of("tier.l2.utilization"), [false, false]);
        assert_eq!(of("cost.month"), [false, false]);
    }
}
