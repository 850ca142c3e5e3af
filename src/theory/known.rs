//! The parts of a model that the laws cover.

use crate::model::Model;

/// Options of the model that no law covers: everything that is not there by default shows in its serialised form.
pub(super) fn unknown_options(model: &Model) -> Vec<String> {
    const KNOWN: &[(&str, &[&str])] = &[
        (
            "",
            &[
                "duration_ns",
                "warmup_ns",
                "warmup_auto",
                "window_ns",
                "drain_ns",
                "clients",
                "workload",
                "tiers",
                "coalescing",
                "database",
                "writes",
                "events",
                // These two judge what the system does.
                "slo",
                "price",
                "measure",
            ],
        ),
        ("workload", &["arrivals", "profile", "classes"]),
        (
            "database",
            &[
                "servers",
                "queue",
                "read",
                "write",
                "network",
                "pool",
                "pool_timeout_ns",
                "timeout_ns",
                "cancel_on_timeout",
                "late_fill",
                "retries",
                "contention",
                "background",
            ],
        ),
        ("clients", &["instances", "route", "deadline_ns"]),
    ];
    const OF_TIER: &[&str] = &[
        "name",
        "scope",
        "capacity",
        "eviction",
        "ttl",
        "jitter",
        "sliding",
        "refresh",
        "negative_ttl_ns",
        "entry_overhead_bytes",
        "prefill",
    ];
    const OF_SHARED: &[&str] = &[
        "network",
        "service_ns",
        "per_byte_ns",
        "pool",
        "pool_timeout_ns",
        "timeout_ns",
        "on_failure",
        "fill_after_failure",
        "serialize_per_byte_ns",
        "bandwidth_bytes_per_s",
    ];
    const OF_CLASS: &[&str] = &[
        "name",
        "share",
        "keys",
        "popularity",
        "absent",
        "write_share",
        "value_size",
        "key_size",
        "ttl",
        "db_read",
        "db_write",
    ];
    let Ok(tree) = serde_json::to_value(model) else { return vec!["model".to_owned()] };
    let mut unknown = Vec::new();
    let mut look = |value: Option<&serde_json::Value>, known: &[&str]| {
        for key in value.and_then(serde_json::Value::as_object).into_iter().flat_map(serde_json::Map::keys) {
            if !known.contains(&key.as_str()) {
                unknown.push(key.clone());
            }
        }
    };
    for (place, known) in KNOWN {
        look(if place.is_empty() { Some(&tree) } else { tree.get(place) }, known);
    }
    for class in tree["workload"]["classes"].as_array().into_iter().flatten() {
        look(Some(class), OF_CLASS);
    }
    for tier in tree["tiers"].as_array().into_iter().flatten() {
        look(Some(tier), OF_TIER);
        look(tier["scope"].get("Shared"), OF_SHARED);
    }
    unknown
}
