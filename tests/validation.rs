//! The quick form of `herdlab validate`: every row holds.

use herdlab::experiment::run::RunOptions;
use herdlab::validate::{Effort, GROUPS, Verdict};

/// Runs the rows of one group.
#[track_caller]
fn hold(row: u8) {
    let findings: Vec<_> = GROUPS
        .iter()
        .filter(|group| group.rows.contains(&row))
        .flat_map(|group| {
            group.run(Effort::Quick, &RunOptions::default()).unwrap_or_else(|problem| panic!("{problem}"))
        })
        .collect();
    assert!(!findings.is_empty(), "row {row} measures nothing");
    let wrong: Vec<_> = findings.iter().filter(|finding| finding.verdict != Verdict::Holds).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

macro_rules! rows {
    ($($name:ident $row:literal)*) => {$(
        #[test]
        fn $name() {
            hold($row);
        }
    )*};
}

rows! {
    singleflight_lets_one_read_in_a_cycle_through 1
    without_singleflight_every_read_during_a_fetch_fetches 3
    what_was_loaded_together_expires_together 5
    a_sliding_ttl_lives_until_a_gap_is_longer 6
    xfetch_starts_in_time_and_often_alone 7
    a_uniform_window_stampedes_where_xfetch_does_not 9
    xfetch_with_singleflight_fetches_once_per_cycle 10
    eight_instance_tiers_above_one_shared_tier 11
    a_lower_tier_with_a_shorter_ttl_never_hits 12
    writes_around_the_cache_leave_stale_copies 13
    invalidation_is_never_stale_and_costs_one_miss_per_write 14
    zipf_keys_add_up 15
    large_caches_follow_che 16
    small_caches_are_exact 17
    m_m_10 18
    m_m_10_20 19
    closed_loop 20
    m_d_1 21
    retries_keep_a_database_down_after_a_pause 22
    a_flush_uncovers_a_database_that_cannot_carry_the_load 23
    the_open_loop_sees_the_pause_and_the_closed_loop_does_not 24
    a_hedge_is_the_shorter_of_two_with_a_delay 25
    write_back_writes_once_per_key_and_interval_and_loses_the_rest 26
}
