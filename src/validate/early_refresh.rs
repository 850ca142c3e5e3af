//! XFetch and the uniform window: rows 7 to 10.

use crate::oracle::xfetch as theory;
use crate::record::Record;

use super::Stopped;
use super::bench::{Bench, about, values, within};

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
    let sizes = record.variants[0].distribution("stampede.size").map_or(&[][..], |sizes| &sizes.counts);
    let all: u64 = sizes.iter().map(|(_, count)| count).sum();
    let one: u64 = sizes.iter().filter(|(size, _)| *size == 1).map(|(_, count)| count).sum();
    one as f64 / all as f64
}

/// XFetch starts in time and often alone, and its stampedes shrink with beta.
pub(super) fn xfetch(bench: &mut Bench<'_>) -> Result<(), Stopped> {
    let record = bench.simulate(STAMPEDE)?;
    let gap_s = theory::gap_mean_s(100.0, 30.0, 1.0, 1.0);
    // A cycle is T - gap, the fetch, and what the last fetch of a stampede starts after the first.
    let rest_s = 30.0 + 1.0 + theory::stampede_spread_s(1.0, 1.0);
    let gaps_s: Vec<f64> = cycles_s(&record).iter().map(|cycle_s| rest_s - cycle_s).collect();
    bench.check_values("7 XFetch gap", "gap_s", &gaps_s, gap_s, within(0.01 * gap_s));

    let one = theory::stampede_of_one(1.0);
    bench.check_values("8 XFetch, beta 1", "share of one", &[share_of_one(&record)], one, about(0.02 * one));

    for (beta, duration) in [(0.5, "18500s"), (1.0, "10500s"), (1.5, "6500s"), (2.0, "5500s")] {
        let record = bench.simulate_set(
            STAMPEDE,
            &[
                ("tier.l2.refresh.xfetch.beta", &format!("{beta:?}")),
                ("duration", &format!("{duration:?}")),
                ("warmup", "\"500s\""),
            ],
        )?;
        let row = format!("8 XFetch, beta {beta}");
        let expected = theory::stampede_mean(beta);
        bench.check(&row, &record, "base", "stampede.mean", expected, about(0.02 * expected));
    }
    Ok(())
}

/// A uniform window stampedes where XFetch does not.
pub(super) fn uniform_window(bench: &mut Bench<'_>) -> Result<(), Stopped> {
    let record =
        bench.simulate_set(STAMPEDE, &[("tier.l2.refresh", r#"{ uniform = { window = "5.47s" } }"#)])?;
    let expected = theory::uniform_stampede_mean(100.0, 5.47, 1.0);
    bench.check("9 uniform window", &record, "base", "stampede.mean", expected, about(0.03 * expected));
    Ok(())
}

/// XFetch with singleflight fetches once per cycle.
pub(super) fn xfetch_with_singleflight(bench: &mut Bench<'_>) -> Result<(), Stopped> {
    // A cycle is 55.8 s; the window starts in the middle of one and holds 100 of them.
    let record = bench.simulate_set(
        STAMPEDE,
        &[
            ("coalescing", "\"singleflight\""),
            ("tier.l2.ttl", "\"60s\""),
            ("warmup", "\"586s\""),
            ("duration", "\"6168s\""),
        ],
    )?;
    let expected = theory::singleflight_db_per_s(100.0, 60.0, 1.0, 1.0);
    bench.check(
        "10 XFetch + singleflight",
        &record,
        "base",
        "db.fetches.rate",
        expected,
        about(0.005 * expected),
    );
    Ok(())
}
