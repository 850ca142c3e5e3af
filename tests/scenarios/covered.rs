//! Rates are over the time in which requests come, windows add up to the measures, and a run without a request says so.

use std::fmt::Write as _;
use std::path::Path;

use herdlab::experiment::run::{RunOptions, run};
use herdlab::record::{Record, VariantRecord};
use herdlab::scenario::{Overrides, parse};
use proptest::prelude::*;
use proptest::sample::select;

use crate::combinations::{CHOICES, EVENTS};
use crate::support::simulate;
use crate::tiny::{accepted, any_of, tiny, tiny_record, value};

/// A recording of so many requests, `gap_ms` apart, cut to whole units of `tick_ms`.
fn replayed(requests: u64, gap_ms: u64, tick_ms: u64, settings: &str) -> Record {
    let folder = tempfile::tempdir().unwrap();
    let mut rows = "t,key\n".to_owned();
    for number in 0..requests {
        writeln!(rows, "{},{}", 5_000 + number * gap_ms / tick_ms * tick_ms, number % 7).unwrap();
    }
    std::fs::write(folder.path().join("trace.csv"), rows).unwrap();
    let source = format!(
        "question = \"?\"\nreplications = 1\nwindow = \"2500ms\"\n{settings}\n\
         [workload]\narrivals = {{ trace = {{ file = \"trace.csv\", time = \"t\", unit = \"ms\", key = \"key\" }} }}\n\
         [database]\nread = \"9ms\"\nservers = 1\n"
    );
    let experiment = parse(&source, "trace.toml", folder.path(), &Overrides::default());
    simulate(&experiment.unwrap_or_else(|problems| panic!("{problems}")), 1)
}

#[test]
fn the_rates_of_a_trace_are_over_the_time_that_it_covers() {
    // 600 requests, 10 ms apart: the last comes at 5.99 s, and 6 s are covered.
    for settings in ["", "duration = \"6s\"", "duration = \"70s\"", "warmup = \"2500ms\""] {
        let record = replayed(600, 10, 1, settings);
        assert_eq!(record.scenario.duration_s, 6.0, "{settings}");
        assert!((value(&record, "requests.rate") - 100.0).abs() < 1e-9, "{settings}");
        assert!((value(&record, "db.qps.mean") - 100.0).abs() < 1e-9, "{settings}");
        assert!((value(&record, "db.utilization") - 0.9).abs() < 1e-9, "{settings}");
        let qps = &record.variants[0].series("db.qps").unwrap().values;
        assert_eq!(qps.len(), 3);
        assert!(qps.iter().all(|qps| (qps.unwrap() - 100.0).abs() < 1e-9), "{settings} {qps:?}");
    }
    let cut = replayed(600, 10, 1, "duration = \"4s\"");
    assert_eq!((cut.scenario.duration_s, value(&cut, "requests.all")), (4.0, 400.0));
    // A clock of whole seconds: six different times, a second apart.
    let coarse = replayed(600, 10, 1000, "");
    assert_eq!(coarse.scenario.duration_s, 6.0);
    // All at one instant: no time is covered, and a window stands for it.
    assert_eq!(replayed(5, 0, 1, "").scenario.duration_s, 2.5);
}

#[test]
fn a_run_ends_with_its_arrivals() {
    let ended = tiny_record(&[("workload.profile", "[{ step = { at = \"4s\", factor = 0.0 } }]")], &[""; 0]);
    assert_eq!(ended.scenario.duration_s, 4.0);
    assert!((value(&ended, "requests.rate") - 500.0).abs() < 50.0);
    let faded = "[{ ramp = { from = \"2s\", to = \"6s\", factor = 0.0 } }]";
    assert_eq!(tiny_record(&[("workload.profile", faded)], &[""; 0]).scenario.duration_s, 6.0);
    let pause = "[{ step = { at = \"4s\", factor = 0.0 } }, { step = { at = \"6s\", factor = 1.0 } }]";
    assert_eq!(tiny_record(&[("workload.profile", pause)], &[""; 0]).scenario.duration_s, 10.0);
}

#[test]
fn a_run_without_a_request_is_an_error() {
    let refused = |settings: &[(&str, &str)]| tiny(settings, &[""; 0]).unwrap_err();
    let silent = "the run would be without a request";
    let nothing = refused(&[("workload.profile", "[{ step = { at = \"0s\", factor = 0.0 } }]")]);
    assert!(nothing.contains(silent) && nothing.contains("the request rate is 0 all the time"), "{nothing}");
    let thinking =
        refused(&[("workload.arrivals", "{ closed = { users = 9, think = \"11s\" } }"), ("window", "1s")]);
    assert!(thinking.contains(silent) && thinking.contains("users think for 11s"), "{thinking}");
    // Requests at 0 s and at 10 s, and the measured part lies between.
    let between = refused(&[("workload.arrivals", "{ constant = { rate = 0.1 } }"), ("warmup", "1s")]);
    assert!(between.contains(silent) && between.contains("a request every 10s"), "{between}");
    assert!(tiny(&[("workload.arrivals", "{ constant = { rate = 0.1 } }")], &[""; 0]).is_ok());
    let late =
        refused(&[("workload.profile", "[{ step = { at = \"4s\", factor = 0.0 } }]"), ("warmup", "5s")]);
    assert!(late.contains("nothing would be measured") && late.contains("the arrivals end at 4s"), "{late}");

    // What only the run can tell: of a thousand such runs one has a request.
    let source = "question = \"?\"\nduration = \"10s\"\nreplications = 3\n[workload]\nkeys = 5\n\
                  arrivals = { poisson = { rate = 100 } }\n[database]\nread = \"1ms\"\n\
                  [[variant]]\nname = \"busy\"\n\
                  [[variant]]\nname = \"idle\"\nset = { \"workload.arrivals\" = { poisson = { rate = 0.0001 } } }\n";
    let experiment = parse(source, "idle.toml", Path::new(""), &Overrides::default()).unwrap();
    let error =
        run(&experiment, &RunOptions { threads: 1, ..RunOptions::default() }).unwrap_err().to_string();
    assert!(
        error.starts_with("variant \"idle\": not one request in the measured part of 3 replications; "),
        "{error}"
    );
}

/// Requests of all replications that ended in an error, from the measures and from the windows.
fn errors(record: &Record) -> (f64, f64) {
    let of = |name: &str| &record.variants[0].measure(name).unwrap().values;
    let counts = of("error.ratio").iter().zip(of("requests.all")).map(|(ratio, all)| {
        let count = ratio.unwrap_or(0.0) * all.unwrap();
        count.round()
    });
    let replications = of("requests.all").len() as f64;
    let windows =
        record.variants[0].series("requests.error").unwrap().values.iter().map(|count| count.unwrap());
    (counts.sum(), windows.sum::<f64>() * replications)
}

#[test]
fn a_replication_without_an_error_counts_none() {
    let source = "question = \"?\"\nduration = \"10s\"\nreplications = 10\nclients = { deadline = \"90ms\" }\n\
                  [workload]\narrivals = { poisson = { rate = 20 } }\nkeys = 1000\n\
                  [database]\nread = { lognormal = { median = \"5ms\", p99 = \"60ms\" } }\nservers = 1\n";
    let experiment = parse(source, "errors.toml", Path::new(""), &Overrides::default()).unwrap();
    let record = simulate(&experiment, 2);
    let ratios = &record.variants[0].measure("error.ratio").unwrap().values;
    assert!(ratios.contains(&Some(0.0)), "some replications have no error: {ratios:?}");
    let (measured, over_time) = errors(&record);
    assert!(measured > 0.0);
    assert!((measured - over_time).abs() < 1e-9, "{measured} and {over_time}");
}

/// What is given over time as a rate or a mean, and the measure it adds up to.
const RATES: &[(&str, &str)] = &[
    ("goodput", "goodput"),
    ("db.qps", "db.qps.mean"),
    ("db.concurrency", "db.concurrency.mean"),
    ("db.pool.saturation", "db.pool.saturation"),
    ("tier.l1.evictions", "tier.l1.evictions.rate"),
    ("tier.l1.expirations", "tier.l1.expirations.rate"),
    ("tier.l2.evictions", "tier.l2.evictions.rate"),
    ("tier.l2.expirations", "tier.l2.expirations.rate"),
    ("tier.l2.pool.saturation", "tier.l2.pool.saturation"),
    ("tier.l2.round_trips", "tier.l2.round_trips.rate"),
    ("tier.l2.wire.bytes_per_s", "tier.l2.wire.bytes_per_s"),
];

/// Ends at an instant at which nothing else happens, within a window.
const LENGTH_S: f64 = 6.913_77;
const BASE: &[(&str, &str)] = &[
    ("duration", "6913.77ms"),
    ("replications", "3"),
    ("tier.l2.capacity", "50"),
    ("tier.l2.eviction", "lru"),
];

fn add_up(variant: &VariantRecord) -> Result<(), String> {
    let mean = |name: &str| {
        let values = &variant.measure(name).unwrap_or_else(|| panic!("no measure {name}")).values;
        values.iter().map(|value| value.unwrap_or(0.0)).sum::<f64>() / values.len() as f64
    };
    let width_s = |window: usize| (LENGTH_S - window as f64).min(1.0);
    let near = |name: &str, sum: f64, expected: f64| match (sum - expected).abs() <= 1e-9 * expected.max(1e3)
    {
        true => Ok(()),
        false => Err(format!("{name}: {sum} in all windows, {expected} in the measure")),
    };
    for (series, measure) in RATES {
        if let Some(found) = variant.series(series) {
            let all = found.values.iter().enumerate().map(|(window, value)| value.unwrap() * width_s(window));
            near(series, all.sum::<f64>(), mean(measure) * LENGTH_S)?;
        }
    }
    let sum = |name: &str| {
        variant.series(name).map_or(0.0, |found| found.values.iter().map(|value| value.unwrap()).sum::<f64>())
    };
    let counted = |name: &str| {
        let of = |name: &str| &variant.measure(name).unwrap().values;
        let counts = of(name).iter().zip(of("requests.all"));
        counts.map(|(ratio, all)| ratio.unwrap_or(0.0) * all.unwrap()).sum::<f64>()
            / of("requests.all").len() as f64
    };
    for outcome in ["hit", "negative_hit", "stale_hit", "coalesced", "miss", "write", "unfinished"] {
        near(outcome, sum(&format!("requests.{outcome}")), counted(&format!("requests.{outcome}.ratio")))?;
    }
    near("error", sum("requests.error") + sum("requests.unfinished"), counted("error.ratio"))?;
    near("all", sum("requests.all"), mean("requests.all"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn windows_add_up_to_the_measures(
        settings in any_of(CHOICES),
        events in prop::collection::vec(select(EVENTS), 0..3),
    ) {
        let record = simulate(&accepted(BASE, &settings, &events)?, 1);
        prop_assert_eq!(record.scenario.duration_s, LENGTH_S);
        add_up(&record.variants[0]).map_err(TestCaseError::fail)?;
    }
}

#[test]
fn sizes_and_places_are_drawn_per_replication_and_alike_for_all_variants() {
    let source = "question = \"?\"\nduration = \"5s\"\nreplications = 6\nclients = { instances = 3, route = \"sticky\" }\n\
                  [workload]\narrivals = { poisson = { rate = 50 } }\nkeys = 300\n\
                  value_size = { lognormal = { median = \"400B\", p99 = \"8kB\" } }\n\
                  [[tier]]\nname = \"l2\"\nscope = \"shared\"\nttl = \"none\"\nnodes = 3\nprefill = { hottest = \"all\" }\n\
                  [database]\nread = \"1ms\"\n\
                  [[variant]]\nname = \"one\"\n\
                  [[variant]]\nname = \"other\"\nset = { \"tier.l2.network\" = \"1ms\" }\n";
    let experiment = parse(source, "drawn.toml", Path::new(""), &Overrides::default()).unwrap();
    let record = simulate(&experiment, 2);
    for measure in ["memory.peak_bytes", "tier.l2.node.share.max"] {
        let of = |variant: usize| record.variants[variant].measure(measure).unwrap().values.clone();
        let mut values: Vec<f64> = of(0).into_iter().flatten().collect();
        values.sort_by(f64::total_cmp);
        values.dedup();
        assert_eq!(values.len(), 6, "{measure} differs between replications");
        if measure == "memory.peak_bytes" {
            assert_eq!(of(0), of(1), "and not between variants");
        }
    }
    // 300 values of 400 B x exp(sigma^2 / 2), sigma = ln(20) / 2.326: 917 B on average.
    let bytes =
        record.variants[0].measure("memory.peak_bytes").unwrap().values.iter().flatten().sum::<f64>() / 6.0;
    let per_entry = bytes / 300.0 - 40.0 - 56.0;
    assert!((per_entry - 917.0).abs() < 120.0, "{per_entry}");
}

#[test]
fn the_busiest_link_is_that_of_the_node_with_the_hot_key() {
    let settings = [("tier.l2.nodes", "4"), ("tier.l2.bandwidth", "10MB/s"), ("tier.l2.ttl", "none")];
    let hot = ["{ hot_key = { share = 1.0, for = \"6s\" } }"];
    let record = tiny_record(&[&settings[..], &[("duration", "10s"), ("warmup", "5s")]].concat(), &hot);
    // After 4 s everybody asks for one key, of 1,000 B: 500 replies a second of 0.1 ms each on one of four links.
    let (mean, max) =
        (value(&record, "tier.l2.link.utilization"), value(&record, "tier.l2.link.utilization.max"));
    assert!((max - 0.05).abs() < 0.004, "{max}");
    assert!((mean - max / 4.0).abs() < 1e-9, "{mean} {max}");
}

#[test]
fn a_key_in_hand_that_is_written_again_is_one_unflushed_key() {
    // The worker needs a second for a batch, and the only key is written ten times a second meanwhile.
    let record = tiny_record(
        &[
            ("workload.arrivals", "{ constant = { rate = 10 } }"),
            ("workload.keys", "1"),
            ("workload.write_share", "1.0"),
            ("tier.l2.ttl", "none"),
            (
                "writes.strategy",
                "{ write-back = { flush_interval = \"2s\", flush_cost = { per_batch = \"1s\" } } }",
            ),
        ],
        &[""; 0],
    );
    assert_eq!(value(&record, "writes.unflushed.peak"), 1.0);
    let over_time = &record.variants[0].series("writes.unflushed").unwrap().values;
    assert!(over_time.iter().all(|keys| keys.unwrap() <= 1.0), "{over_time:?}");
}
