//! Cells worked out by hand.

use super::*;

const S: Nanos = 1_000_000_000;
const MS: Nanos = 1_000_000;

/// A cell of the second that ends after `to_s` seconds.
fn cell(to_s: u64, requests: u32) -> Cell {
    Cell { from_ns: (to_s - 1) * S, to_ns: to_s * S, requests, ..Cell::default() }
}

/// Counts of cells of a second each, from 100 s on.
fn after(counts: &[(u64, u64)]) -> Vec<(Nanos, Count)> {
    let count = |(index, &(bad, all)): (usize, &(u64, u64))| ((101 + index as u64) * S, Count { bad, all });
    counts.iter().enumerate().map(count).collect()
}

fn sparse(latencies_ms: &[u64]) -> Sparse {
    let mut sparse = Sparse::default();
    latencies_ms.iter().for_each(|&ms| sparse.record(ms * MS));
    sparse
}

#[test]
fn seconds_join_until_200_requests_start_in_them_and_a_short_rest_joins_the_last() {
    let seconds: Vec<Cell> =
        [150, 50, 30, 180, 300, 40, 20].iter().zip(1..).map(|(&n, s)| cell(s, n)).collect();
    let joined = groups(seconds.iter());
    let told: Vec<(u64, u64, u64)> =
        joined.iter().map(|group| (group.from_ns / S, group.to_ns / S, group.requests)).collect();
    assert_eq!(told, [(0, 2, 200), (2, 4, 210), (4, 7, 360)]);
    assert_eq!(groups([cell(1, 3)].iter()).len(), 1);
    assert!(groups([].iter()).is_empty());
}

#[test]
fn recovery_is_the_end_of_the_last_bad_cell_not_the_first_good_one() {
    let before = [Count { bad: 0, all: 400 }; 10];
    let judged = |cells: &[(u64, u64)]| worse(&before, &after(cells), 0.95, 1e-4, 1.0);
    // 17 good seconds, because callers wait that long, then failures, then good ones again.
    let mut patient = vec![(0, 400); 17];
    patient.extend([(400, 400), (380, 400), (3, 400), (90, 400), (1, 400), (0, 400)]);
    assert_eq!(judged(&patient), Last::Until(Some(121 * S)));
    assert_eq!(judged(&patient).seconds_after(100 * S), Some(21.0));
    // Exactly 95 % good is good, one less is not.
    assert_eq!(judged(&[(20, 400), (0, 400)]), Last::Until(None));
    assert_eq!(judged(&[(21, 400), (0, 400)]).seconds_after(100 * S), Some(1.0));
    assert_eq!(judged(&[(0, 400), (21, 400)]), Last::Lasting);
    assert_eq!(judged(&[(0, 400), (21, 400)]).seconds_after(100 * S), None);
    // A second without requests is no bad one.
    assert_eq!(judged(&[(400, 400), (0, 0)]), Last::Until(Some(101 * S)));
}

#[test]
fn a_small_sample_before_gives_no_alarm_for_what_chance_may_do() {
    // 11 bad of 200, none of 200 before: C(200,11) / C(400,11) = 0.00044.
    let judged = |all_before, cells: u64| {
        let before = [Count { bad: 0, all: all_before }];
        worse(&before, &after(&[(11, 200), (0, 200)]), 0.95, LEVEL / cells as f64, 1.0)
    };
    assert_eq!(judged(200, 20), Last::Until(Some(101 * S)));
    assert_eq!(judged(200, 30), Last::Until(None));
    assert_eq!(judged(2_000, 30), Last::Until(Some(101 * S)));
}

#[test]
fn a_service_that_was_as_bad_before_has_recovered() {
    // A tenth always fails.
    let before = [Count { bad: 40, all: 400 }; 20];
    assert_eq!(
        worse(&before, &after(&[(44, 400), (52, 400), (38, 400)]), 0.95, 1e-3, 1.0),
        Last::Until(None)
    );
    assert_eq!(
        worse(&before, &after(&[(44, 400), (120, 400), (38, 400)]), 0.95, 1e-3, 1.0),
        Last::Until(Some(102 * S))
    );
    // Every tenth second a fifth is late, whatever happens: the second half of the time before shows that.
    let usual: Vec<Count> =
        (0..40).map(|s| Count { bad: if s % 10 == 9 { 80 } else { 0 }, all: 400 }).collect();
    assert_eq!(worse(&usual, &after(&[(0, 400), (78, 400), (0, 400)]), 0.95, 1e-3, 1.0), Last::Until(None));
    // A start with cold caches is no measure of what is usual.
    let mut cold = vec![Count { bad: 0, all: 400 }; 40];
    cold[0].bad = 300;
    assert_eq!(worse(&cold, &after(&[(200, 400), (0, 400)]), 0.95, 1e-3, 1.0), Last::Until(Some(101 * S)));
}

#[test]
fn what_was_under_way_at_the_end_failed_if_a_good_answer_may_not_take_that_long() {
    let group = Group {
        requests: 10,
        errors: 2,
        answered: sparse(&[5, 5, 5, 40, 200]),
        unfinished: sparse(&[3, 90, 400]),
        late: 1,
        ..Group::default()
    };
    // Above 100 ms: two errors, one of three under way; the two younger ones are in neither number.
    let bound = Bound::Found(100 * MS);
    assert_eq!(failures(&group, Some(bound), true), Count { bad: 3, all: 8 });
    assert_eq!(failures(&group, Some(bound), false), Count { bad: 0, all: 8 });
    assert_eq!(delays(&group, bound), Count { bad: 2, all: 6 });
    assert_eq!(delays(&group, Bound::Objective(30 * MS)), Count { bad: 3, all: 7 });
    assert_eq!(failures(&group, None, true), Count { bad: 5, all: 10 });
}

#[test]
fn load_is_back_when_no_more_arrives_than_before() {
    let group = |to_s: u64, db_arrivals| Group {
        from_ns: (to_s - 1) * S,
        to_ns: to_s * S,
        db_arrivals,
        ..Group::default()
    };
    let before: Vec<Group> = (1..=20).map(|s| group(s, 100 + 3 * (s % 3))).collect();
    // 103/s before and 106 in its second half: 131 is a chance of 0.006, 160 of 3e-7.
    let judged = |loads: &[u64]| {
        let after: Vec<Group> = loads.iter().zip(101..).map(|(&load, s)| group(s, load)).collect();
        busier(&before, &after, 0.95, 1.0)
    };
    assert_eq!(judged(&[400, 160, 131, 107, 90]), Last::Until(Some(102 * S)));
    assert_eq!(judged(&[90, 131, 160]), Last::Lasting);
}

#[test]
fn a_queue_is_back_when_it_is_no_longer_than_servers_or_chance_make_it() {
    let second = |to_s: u64, db_queue| Cell { db_queue, ..cell(to_s, 100) };
    let idle: Vec<Cell> = (1..=20).map(|s| second(s, 0)).collect();
    let judged = |before: &[Cell], queue_lengths: &[u64], servers| {
        let after: Vec<Cell> =
            queue_lengths.iter().zip(101..).map(|(&length, s)| second(s, length)).collect();
        queues(&before.iter().collect::<Vec<_>>(), &after.iter().collect::<Vec<_>>(), servers, 1.0)
    };
    assert_eq!(judged(&idle, &[900, 21, 20, 3, 0], 20), Last::Until(Some(102 * S)));
    // A mean of 10: (1 + x / 200)^-20 is below 0.01 / 4 from x = 70 on.
    let busy: Vec<Cell> = (1..=20).map(|s| second(s, 5 + 10 * (s % 2))).collect();
    assert_eq!(judged(&busy, &[71, 69, 40, 10], 4), Last::Until(Some(101 * S)));
    assert_eq!(judged(&busy, &[69, 40, 10, 71], 4), Last::Lasting);
}

#[test]
fn twice_the_p99_ends_with_its_bucket() {
    assert_eq!(Coarse::last_of_bucket(40), 40);
    // From 64 on two values share a bucket.
    assert_eq!(Coarse::last_of_bucket(66), 67);
    for value in [0, 1, 63, 64, 1_000, 130 * MS, 30 * S] {
        let last = Coarse::last_of_bucket(value);
        assert!(last >= value && Coarse::bucket(last) == Coarse::bucket(value));
        assert_eq!(Coarse::bucket(last + 1), Coarse::bucket(value) + 1, "{value}");
    }
}

#[test]
fn requests_that_fare_alike_count_as_fewer() {
    // By turns 20 and no late ones of 100: deviations of 10 where independent ones have 3: 100 / 9, over the median of
    // chi-square, twice.
    let seconds: Vec<Count> = (0..80).map(|s| Count { bad: 20 * (s % 2), all: 100 }).collect();
    assert!((clustering_of(&seconds, 1) - 2.0 * 100.0 / 9.0 / 0.4549).abs() < 1e-9);
    // Over two seconds each they are all the same.
    assert_eq!(clustering_of(&seconds, 2), 1.0);
    // 40 late of 400 are 2 of 20: after none of 200 the chance is C(20,2) / C(220,2) = 0.0079.
    let (after, before) = (Count { bad: 40, all: 400 }, Count { bad: 0, all: 4_000 });
    assert!(chance(after, before, 1.0) < 1e-30);
    assert!((chance(after, before, 20.0) - 380.0 / 48_180.0).abs() < 1e-9);
}
