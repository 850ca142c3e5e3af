//! XFetch and the uniform window: rows 7 to 10.

use herdlab::measure::record::Record;
use herdlab::oracle::xfetch;

use crate::support::{check, check_values, simulate, simulate_set, values};

/// One key, 100 reads per second, a fetch that always takes a second, nothing coalesced. The expiries of a
/// single key come almost like clockwork; the long warm-up lets replications drift out of step, so that
/// the window cuts their cycles at random places.
const STAMPEDE: &str = r#"
    question = "When does an early refresh start, and how many start together?"
    replications = 20
    duration = "7500s"
    warmup = "2500s"
    window = "500s"

    [workload]
    arrivals = { poisson = { rate = 100 } }
    keys = 1
    popularity = "uniform"

    [[tier]]
    name = "l2"
    scope = "instance"
    capacity = "unbounded"
    ttl = "30s"
    refresh = { xfetch = { beta = 1.0, mode = "inline" } }

    [database]
    read = "1s"
"#;

/// Mean time from one stampede to the next in each replication, in seconds.
fn cycles_s(record: &Record) -> Vec<f64> {
    let fetches = values(record, "base", "db.fetches.rate");
    values(record, "base", "stampede.mean").iter().zip(&fetches).map(|(size, rate)| size / rate).collect()
}

/// Share of stampedes that were a single fetch, over the whole run.
fn share_of_one(record: &Record) -> f64 {
    let sizes = record.variants[0].distribution("stampede.size").expect("stampedes happened");
    let all: u64 = sizes.counts.iter().map(|(_, count)| count).sum();
    let one: u64 = sizes.counts.iter().filter(|(size, _)| *size == 1).map(|(_, count)| count).sum();
    one as f64 / all as f64
}

#[test]
fn rows_07_08_xfetch_starts_in_time_and_often_alone() {
    let record = simulate(STAMPEDE);
    let gap_s = xfetch::gap_mean_s(100.0, 30.0, 1.0, 1.0);
    // A cycle is T - gap, the fetch, and what the last fetch of a stampede starts after the first.
    let rest_s = 30.0 + 1.0 + xfetch::stampede_spread_s(1.0, 1.0);
    let gaps_s: Vec<f64> = cycles_s(&record).iter().map(|cycle_s| rest_s - cycle_s).collect();
    check_values("7 XFetch gap", "gap_s", &gaps_s, gap_s, 0.01 * gap_s);

    let one = xfetch::stampede_of_one(1.0);
    check_values("8 XFetch, beta 1", "share of one", &[share_of_one(&record)], one, 0.02 * one);
}

#[test]
fn row_08_xfetch_stampedes_shrink_with_beta() {
    for (beta, duration) in [(0.5, "18500s"), (1.0, "10500s"), (1.5, "6500s"), (2.0, "5500s")] {
        let record = simulate_set(
            STAMPEDE,
            &[
                ("tier.l2.refresh.xfetch.beta", &format!("{beta:?}")),
                ("duration", &format!("{duration:?}")),
                ("warmup", "\"500s\""),
            ],
        );
        let row = format!("8 XFetch, beta {beta}");
        let expected = xfetch::stampede_mean(beta);
        check(&row, &record, "base", "stampede.mean", expected, 0.02 * expected);
    }
}

#[test]
fn row_09_a_uniform_window_stampedes_where_xfetch_does_not() {
    let record = simulate_set(STAMPEDE, &[("tier.l2.refresh", r#"{ uniform = { window = "5.47s" } }"#)]);
    let expected = xfetch::uniform_stampede_mean(100.0, 5.47, 1.0);
    check("9 uniform window", &record, "base", "stampede.mean", expected, 0.03 * expected);
}

#[test]
fn row_10_xfetch_with_singleflight_fetches_once_per_cycle() {
    // A cycle is 55.8 s; the window starts in the middle of one and holds 100 of them.
    let record = simulate_set(
        STAMPEDE,
        &[
            ("coalescing", "\"singleflight\""),
            ("tier.l2.ttl", "\"60s\""),
            ("warmup", "\"586s\""),
            ("duration", "\"6168s\""),
        ],
    );
    let expected = xfetch::singleflight_db_per_s(100.0, 60.0, 1.0, 1.0);
    check("10 XFetch + singleflight", &record, "base", "db.fetches.rate", expected, 0.005 * expected);
}
