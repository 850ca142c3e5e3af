//! What writes leave in caches: phantoms, races, and what a crash takes along.

use herdlab::measure::record::Record;

use crate::tiny::{Settings, defined, tiny_record, value};

/// One key, a cache that never forgets it, and nothing takes any time.
const ONE_KEY: Settings<'_> = &[
    ("duration", "100s"),
    ("workload.keys", "1"),
    ("workload.write_share", "0.2"),
    ("tier.l2.ttl", "none"),
    ("tier.l2.network", "0s"),
    ("tier.l2.service", "0s"),
    ("database.read", "0s"),
];

#[track_caller]
fn record(common: Settings<'_>, more: Settings<'_>, events: &[&str]) -> Record {
    let all: Vec<(&str, &str)> = common.iter().chain(more).copied().collect();
    tiny_record(&all, events)
}

#[test]
fn a_copy_written_before_the_commit_is_a_phantom_until_the_next_write() {
    let wrong = record(
        ONE_KEY,
        &[
            ("writes.strategy", "write-through"),
            ("writes.order", "before-commit"),
            ("writes.rollback", "0.3"),
        ],
        &[],
    );
    // A read finds what the last write left: with probability 0.3 that was rolled back.
    let phantoms = value(&wrong, "writes.phantom_reads.ratio");
    assert!((phantoms - 0.3).abs() < 0.015, "{phantoms}");
    assert!((value(&wrong, "writes.rolled_back.ratio") - 0.3).abs() < 0.015);
    // Reads that get what was never committed are not counted as stale as well.
    assert_eq!(value(&wrong, "stale.ratio"), 0.0);

    let right = record(ONE_KEY, &[("writes.strategy", "write-through"), ("writes.rollback", "0.3")], &[]);
    assert_eq!(value(&right, "stale.ratio"), 0.0);
    assert_eq!(defined(&right, "writes.phantom_reads"), None);
    // The same transactions roll back.
    assert_eq!(value(&right, "writes.rolled_back.ratio"), value(&wrong, "writes.rolled_back.ratio"));
}

#[test]
fn without_rollbacks_there_is_nothing_that_was_never_committed() {
    let options: Settings<'_> = &[
        ("workload.write_share", "0.3"),
        ("writes.strategy", "update"),
        ("writes.order", "before-commit"),
        ("database.timeout", "6ms"),
        ("database.servers", "2"),
    ];
    // Under overload attempts time out and are carried out all the same.
    let record = tiny_record(options, &[]);
    assert!(value(&record, "error.db_timeout.ratio") > 0.01);
    assert_eq!(value(&record, "writes.phantom_reads"), 0.0);
}

#[test]
fn a_delete_before_the_commit_lets_the_old_value_back_in() {
    let common: Settings<'_> =
        &[("workload.write_share", "0.1"), ("tier.l2.ttl", "none"), ("database.servers", "unlimited")];
    let before = record(common, &[("writes.order", "before-commit")], &[]);
    let after = record(common, &[], &[]);
    let (before, after) = (value(&before, "stale.ratio"), value(&after, "stale.ratio"));
    assert!(before > 3.0 * after, "{before} against {after}");
}
