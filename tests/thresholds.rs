//! `[[threshold]]`: what it may say, what is refused, and that the run's record carries it.

mod support;

use std::fmt::Write as _;
use std::path::Path;

use herdlab::experiment::threshold::{Standing, judge};
use herdlab::model::{Bound, Threshold};
use herdlab::scenario::{Diagnostics, Overrides, parse};
use support::simulate;

const SCENARIO: &str = r#"question = "Do the limits hold?"
duration = "4s"
replications = 3

[measure]
wire = true

[workload]
arrivals = { poisson = { rate = 300 } }
keys = 50
write_share = 0.1

[[tier]]
name = "l2"
scope = "shared"
ttl = "1s"

[database]
read = "5ms"

[[event]]
at = "2s"
what = { flush = { tier = "l2" } }

[[variant]]
name = "cache"

[[variant]]
name = "no cache"
set = { "tier.l2.enabled" = false }
"#;

fn read(threshold: &str, overrides: &Overrides) -> Result<Vec<Threshold>, Diagnostics> {
    let source = format!("{SCENARIO}\n[[threshold]]\n{threshold}\n");
    parse(&source, "bad.toml", Path::new(""), overrides).map(|experiment| experiment.thresholds)
}

fn thresholds(threshold: &str) -> Vec<Threshold> {
    read(threshold, &Overrides::default()).unwrap_or_else(|problems| panic!("{problems}"))
}

#[test]
fn limits_are_numbers_in_the_unit_of_the_measure_or_carry_a_unit() {
    let cases = [
        ("db.qps.peak", "500", 500.0),
        ("db.qps.peak", "\"500/s\"", 500.0),
        ("db.qps.peak", "\"30000/min\"", 500.0),
        ("latency.all.p99_ms", "250", 250.0),
        ("latency.all.p99_ms", "\"250ms\"", 250.0),
        ("latency.all.p99_ms", "\"1m 30s\"", 90_000.0),
        ("stale.age.p99_s", "30", 30.0),
        ("stale.age.p99_s", "\"30s\"", 30.0),
        ("stale.age.p99_s", "\"1500ms\"", 1.5),
        ("hit_ratio", "0.95", 0.95),
        ("hit_ratio", "\"95 %\"", 0.95),
        ("hit_ratio", "\"95%\"", 0.95),
        ("db.writes_per_request", "1.5", 1.5),
        ("memory.peak_bytes", "\"64MiB\"", 67_108_864.0),
        ("memory.peak_bytes", "1000", 1000.0),
        ("tier.l2.wire.bytes_per_s", "\"1.5MB/s\"", 1_500_000.0),
        ("stampede.max", "100", 100.0),
        ("cost.month", "450.5", 450.5),
        ("event.flush-l2.recovery_s", "\"10s\"", 10.0),
    ];
    for (measure, written, limit) in cases {
        let read = thresholds(&format!("measure = \"{measure}\"\nmax = {written}"));
        let expected = Threshold {
            measure: measure.into(),
            bound: Bound::Max,
            limit,
            variant: None,
            confident: false,
            runs: None,
        };
        assert_eq!(read, [expected], "{written}");
    }
}

#[test]
fn a_range_is_two_limits() {
    let read =
        thresholds("measure = \"hit_ratio\"\nmin = 0.2\nmax = 0.9\nvariant = \"cache\"\nconfident = true");
    let one = |bound, limit| Threshold {
        measure: "hit_ratio".into(),
        bound,
        limit,
        variant: Some("cache".into()),
        confident: true,
        runs: None,
    };
    assert_eq!(read, [one(Bound::Max, 0.9), one(Bound::Min, 0.2)]);
}

#[test]
fn a_share_of_the_runs_may_be_asked() {
    let runs = |written: &str| {
        thresholds(&format!("measure = \"hit_ratio\"\nmin = 0.2\nruns = {written}")).remove(0).runs
    };
    assert_eq!(runs("\"all\""), Some(1.0));
    assert_eq!(runs("\"90%\""), Some(0.9));
    assert_eq!(runs("0.5"), Some(0.5));
}

/// What a threshold says does not change what is simulated.
#[test]
fn thresholds_do_not_change_the_digest() {
    let digest = |source: &str| parse(source, "x.toml", Path::new(""), &Overrides::default()).unwrap().digest;
    let limited = format!("{SCENARIO}\n[[threshold]]\nmeasure = \"db.qps.peak\"\nmax = 1\n");
    assert_eq!(digest(SCENARIO), digest(&limited));
}

#[test]
fn limits_of_variants_that_are_not_run_are_left_out() {
    let only = Overrides { variants: vec!["no cache".to_owned()], ..Overrides::default() };
    let about = |variant: &str| {
        let text = format!("measure = \"db.qps.peak\"\nmax = 1\nvariant = \"{variant}\"");
        read(&text, &only).unwrap_or_else(|problems| panic!("{problems}")).len()
    };
    assert_eq!((about("cache"), about("no cache")), (0, 1));
}

#[test]
fn refusals() {
    let cases = [
        ("a misspelt measure", "measure = \"db.qps.paek\"\nmax = 500"),
        ("a tier that is not there", "measure = \"tier.l3.hit_ratio\"\nmin = 0.5"),
        (
            "a tier that this variant lacks",
            "measure = \"tier.l2.hit_ratio\"\nmin = 0.5\nvariant = \"no cache\"",
        ),
        ("a misspelt variant", "measure = \"db.qps.peak\"\nmax = 500\nvariant = \"cahce\""),
        ("no limit", "measure = \"db.qps.peak\""),
        ("no measure", "max = 500"),
        ("a misspelt field", "measure = \"db.qps.peak\"\nmax = 500\nvariants = \"cache\""),
        ("a time for a rate", "measure = \"db.qps.peak\"\nmax = \"5s\""),
        ("infinity for a rate", "measure = \"db.qps.peak\"\nmax = inf"),
        ("a word for a time", "measure = \"latency.all.p99_ms\"\nmax = \"inf\""),
        ("a rate for a time", "measure = \"latency.all.p99_ms\"\nmax = \"5/s\""),
        ("a time without a unit", "measure = \"latency.all.p99_ms\"\nmax = \"5\""),
        ("a percentage without its sign", "measure = \"hit_ratio\"\nmin = 95"),
        ("more than everything", "measure = \"hit_ratio\"\nmin = \"105 %\""),
        ("a unit for a count", "measure = \"stampede.max\"\nmax = \"5s\""),
        ("below zero", "measure = \"db.qps.peak\"\nmin = -5"),
        ("an empty range", "measure = \"hit_ratio\"\nmin = 0.9\nmax = 0.5"),
        ("neither true nor false", "measure = \"hit_ratio\"\nmin = 0.9\nconfident = 0.95"),
        ("runs by a word", "measure = \"hit_ratio\"\nmin = 0.9\nruns = \"most\""),
        ("no run", "measure = \"hit_ratio\"\nmin = 0.9\nruns = 0"),
        ("certain of all", "measure = \"hit_ratio\"\nmin = 0.9\nruns = \"all\"\nconfident = true"),
        ("not a table", "measure = { db = \"qps\" }\nmax = 500"),
    ];
    let mut text = String::new();
    for (title, threshold) in cases {
        match read(threshold, &Overrides::default()) {
            Ok(_) => panic!("{title}: nothing was found"),
            Err(problems) => writeln!(text, "## {title}\n\n{}\n", problems.render(false).trim_end()).unwrap(),
        }
    }
    let single = Overrides { replications: Some(1), ..Overrides::default() };
    let confident = "measure = \"hit_ratio\"\nmin = 0.9\nconfident = true";
    let problems = read(confident, &single).unwrap_err();
    writeln!(text, "## one replication has no interval\n\n{}", problems.render(false).trim_end()).unwrap();
    insta::assert_snapshot!(text);
}

/// A threshold that is wrong is told together with what else is wrong, and is not blamed for it.
#[test]
fn all_problems_are_told_at_once() {
    let source = format!(
        "{}\n[[threshold]]\nmeasure = \"tier.l2.hit_ratio\"\nmin = 95\n",
        SCENARIO.replace("ttl = \"1s\"", "ttl = 1")
    );
    let problems = parse(&source, "bad.toml", Path::new(""), &Overrides::default()).unwrap_err();
    let titles: Vec<&str> = problems.list.iter().map(|problem| problem.title.as_str()).collect();
    assert_eq!(titles, ["wrong value for tier.l2.ttl", "wrong value for threshold.min"]);
}

#[test]
fn the_record_of_a_run_is_judged() {
    let source = format!(
        "{SCENARIO}
        [[threshold]]
        measure = \"db.qps.mean\"
        max = 250
        [[threshold]]
        measure = \"tier.l2.hit_ratio\"
        min = \"1 %\"
        [[threshold]]
        measure = \"event.flush-l2.recovery_s\"
        max = \"2s\"
        variant = \"cache\"
        "
    );
    // A recovery is judged in what follows the event for half a minute at least.
    let source = source.replace("duration = \"4s\"", "duration = \"40s\"");
    let experiment = parse(&source, "x.toml", Path::new(""), &Overrides::default()).unwrap();
    let record = simulate(&experiment, 1);
    assert_eq!(record.scenario.thresholds, experiment.thresholds);
    let standings: Vec<(String, Standing)> =
        judge(&record).into_iter().map(|judged| (judged.variant, judged.standing)).collect();
    let expected = [
        ("cache", Standing::Kept),
        ("no cache", Standing::Broken),
        ("cache", Standing::Kept),
        ("no cache", Standing::NotMeasured),
        ("cache", Standing::Kept),
    ];
    assert_eq!(standings, expected.map(|(name, standing)| (name.to_owned(), standing)));
}
