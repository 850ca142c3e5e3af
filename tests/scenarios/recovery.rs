//! Did the system come back? Cases whose answer is known from elsewhere, and events that do nothing.

use std::path::Path;

use herdlab::record::{EventStatus, Record};
use herdlab::scenario::{Overrides, parse};

use crate::support::simulate;

/// A flush uncovers a database that does 133 requests/s; callers wait for up to 30 s, so nobody has failed before 17 s have
/// passed.
const PATIENT: &str = r#"
question = "Is a service back when its callers have not given up yet?"
duration = "240s"
warmup = "20s"
replications = 2
[clients]
deadline = "30s"
[workload]
arrivals = { poisson = { rate = 400 } }
keys = 12_000
[[tier]]
name = "c"
scope = "shared"
ttl = "10m"
prefill = { hottest = "all", age = "stationary" }
[database]
servers = 4
read = "30ms"
[[event]]
at = "40s"
what = { flush = { tier = "c" } }
[[variant]]
name = "patient"
[[variant]]
name = "short queue"
set = { "database.queue" = 20 }
"#;

fn record(source: &str, set: &[(&str, &str)]) -> Record {
    let set = set.iter().map(|(path, value)| ((*path).to_owned(), (*value).to_owned())).collect();
    let overrides = Overrides { set, ..Overrides::default() };
    let experiment = parse(source, "recovery.toml", Path::new(""), &overrides)
        .unwrap_or_else(|problems| panic!("{problems}"));
    simulate(&experiment, 2)
}

#[track_caller]
fn mean(record: &Record, variant: &str, measure: &str) -> f64 {
    let variant = record.variants.iter().find(|one| one.name == variant).unwrap();
    let values: Vec<f64> =
        variant.measure(measure).unwrap().values.iter().map(|value| value.unwrap()).collect();
    values.iter().sum::<f64>() / values.len() as f64
}

#[track_caller]
fn about(found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance, "{found}, expected {expected} ± {tolerance}");
}

/// The values come from an independent simulation of the same system.
#[test]
fn a_service_whose_callers_are_patient_recovers_when_the_last_of_them_is_served_in_time() {
    let record = record(PATIENT, &[]);
    about(mean(&record, "patient", "event.flush-c.recovery.errors_s"), 165.0, 3.0);
    about(mean(&record, "patient", "event.flush-c.recovery_s"), 165.0, 3.0);
    about(mean(&record, "short queue", "event.flush-c.recovery.errors_s"), 58.0, 2.0);
    about(mean(&record, "short queue", "event.flush-c.recovery.latency_s"), 66.0, 3.0);
    about(mean(&record, "short queue", "event.flush-c.recovery_s"), 66.0, 3.0);
    for variant in ["patient", "short queue"] {
        assert_eq!(mean(&record, variant, "event.flush-c.metastable"), 0.0);
        // The database is asked for 400/s at most and does 133/s.
        about(mean(&record, variant, "event.flush-c.db.qps.peak"), 400.0, 60.0);
        about(mean(&record, variant, "event.flush-c.db.utilization.peak"), 3.0, 0.45);
    }
    assert_eq!(mean(&record, "short queue", "event.flush-c.db.queue.peak"), 20.0);
    // Nothing else failed: what the whole run counts, the event counts.
    let failed = mean(&record, "patient", "error.ratio") * mean(&record, "patient", "requests.all");
    about(mean(&record, "patient", "event.flush-c.errors"), failed, 1.0);
    about(mean(&record, "patient", "event.flush-c.error.ratio.worst"), 0.6, 0.4);
}

#[test]
fn the_width_of_windows_decides_nothing() {
    let measures = |window: &str| {
        let mut record = record(PATIENT, &[("window", window), ("replications", "1"), ("duration", "120s")]);
        record.variants.pop();
        let variant = record.variants.remove(0);
        let told = |name: &str| name.starts_with("event.") || name.contains("peak");
        let measures = variant.measures.into_iter().filter(|measure| told(&measure.name));
        (measures.map(|measure| (measure.name, measure.values)).collect::<Vec<_>>(), variant.events)
    };
    let one = measures("1s");
    assert!(one.0.len() > 15);
    assert_eq!(one, measures("5s"));
    assert_eq!(one, measures("250ms"));
}

#[test]
fn a_run_that_ends_in_trouble_has_not_recovered() {
    let record = record(PATIENT, &[("duration", "100s"), ("replications", "1")]);
    let patient = &record.variants[0];
    assert_eq!(mean(&record, "patient", "event.flush-c.metastable"), 1.0);
    assert_eq!(patient.measure("event.flush-c.recovery_s").unwrap().values, [None]);
    let judged = patient.events[0].judged.as_ref().unwrap();
    assert_eq!(judged.runs[0].status, EventStatus::NotRecovered);
    assert!(judged.can_fail && judged.runs[0].bound_ms.unwrap() > 60.0);
}

#[test]
fn an_objective_takes_the_place_of_the_bound() {
    let objective = [("slo.latency", "29s"), ("slo.share", "80%"), ("replications", "1")];
    let record = record(PATIENT, &objective);
    // Whoever is answered is so within the deadline of 30 s: nearly all answers are in time before the last failures end.
    let errors_s = mean(&record, "patient", "event.flush-c.recovery.errors_s");
    assert_eq!(mean(&record, "short queue", "event.flush-c.recovery.latency_s"), 0.0);
    assert!(errors_s < 165.0, "{errors_s}");
    let good = mean(&record, "short queue", "slo.good.ratio");
    about(good, 1.0 - mean(&record, "short queue", "error.ratio"), 1e-12);
    assert_eq!(record.variants[0].events[0].judged.as_ref().unwrap().objective_ms, Some(29_000.0));
}

/// Without any limit on waiting nobody fails, and the flush is felt for half a minute all the same.
#[test]
fn where_nothing_can_fail_latency_load_and_queue_are_judged() {
    let record = record(
        r#"
        question = "What does a flush do to callers who wait for ever?"
        duration = "4m"
        warmup = "1m"
        replications = 1
        [clients]
        instances = 12
        [workload]
        arrivals = { poisson = { rate = 3000 } }
        keys = 200_000
        popularity = { zipf = { exponent = 1.0 } }
        write_share = "2%"
        [[tier]]
        name = "redis"
        scope = "shared"
        ttl = "10m"
        network = "0.4ms"
        prefill = { hottest = "all", age = "stationary" }
        [database]
        read = "15ms"
        servers = 20
        [[event]]
        at = "2m"
        what = { flush = { tier = "redis" } }
        "#,
        &[],
    );
    let event = |measure: &str| mean(&record, "base", &format!("event.flush-redis.{measure}"));
    let judged = record.variants[0].events[0].judged.as_ref().unwrap();
    assert!(!judged.can_fail);
    assert_eq!((event("recovery.errors_s"), event("errors"), event("metastable")), (0.0, 0.0, 0.0));
    // p99 is above 70 ms for half a minute, 30 before; 2,600 requests queue.
    let (latency_s, queue_s) = (event("recovery.latency_s"), event("recovery.queue_s"));
    assert!((2.0..60.0).contains(&latency_s), "{latency_s}");
    assert_eq!(event("recovery_s"), latency_s);
    assert!((2.0..60.0).contains(&queue_s), "{queue_s}");
    // Keys that are asked for once in a minute are fetched for minutes.
    let load_s = record.variants[0].measure("event.flush-redis.recovery.db_s").unwrap().values[0];
    assert!(load_s.is_none_or(|load_s| load_s > latency_s), "{load_s:?}");
    assert!(event("latency.p99.worst_ms") > 500.0 && event("db.queue.peak") > 1_000.0);
    assert!(event("db.utilization.peak") > 1.0);
}

/// A wave of expiries half a second long, between two windows or within one.
#[test]
fn the_busiest_second_slides() {
    let wave = |ttl: &str| {
        let record = record(
            r#"
            question = "How much does the busiest second depend on where the wave falls?"
            duration = "25s"
            replications = 4
            [clients]
            instances = 4
            [workload]
            arrivals = { poisson = { rate = 800 } }
            keys = 5000
            popularity = { zipf = { exponent = 1.0 } }
            [[tier]]
            name = "l2"
            scope = "shared"
            ttl = "10s"
            prefill = { hottest = "all" }
            [database]
            read = { lognormal = { median = "25ms", p99 = "80ms" } }
            "#,
            &[("tier.l2.ttl", ttl)],
        );
        mean(&record, "base", "db.qps.peak")
    };
    let (within, between) = (wave("10s"), wave("9500ms"));
    assert!((within / between - 1.0).abs() < 0.04, "{within} and {between}");
}

/// Events of one run, by their order and distance.
const SEVERAL: &str = r#"
question = "Who is judged, and against what?"
duration = "200s"
replications = 1
[clients]
deadline = "500ms"
[workload]
arrivals = { constant = { rate = 100 } }
keys = 100
[database]
servers = 1
read = "5ms"
"#;

fn statuses(events: &[(&str, &str)], set: &[(&str, &str)]) -> Vec<EventStatus> {
    let events: String =
        events.iter().map(|(at, what)| format!("[[event]]\nat = \"{at}\"\nwhat = {what}\n")).collect();
    let record = record(&format!("{SEVERAL}{events}"), set);
    let of = |event: &herdlab::record::EventRecord| event.judged.as_ref().unwrap().runs[0].status.clone();
    record.variants[0].events.iter().map(of).collect()
}

#[test]
fn an_event_is_overlapped_by_the_one_that_begins_before_recovery() {
    const PAUSE: &str = "{ pause = { target = \"database\", for = \"10s\" } }";
    const SLOW: &str = "{ slow = { target = \"database\", for = \"5s\", factor = 1.0 } }";
    use EventStatus::{NotJudged, NotRecovered, Overlapped, Recovered};
    // 10 s of silence at 100/s: 9 s of backlog after it, where a server does 200/s.
    let slow = || Overlapped("slow-database".into());
    assert_eq!(statuses(&[("60s", PAUSE), ("72s", SLOW)], &[]), [slow(), Recovered]);
    assert_eq!(statuses(&[("60s", PAUSE), ("65s", SLOW)], &[]), [slow(), Recovered]);
    assert_eq!(statuses(&[("60s", PAUSE), ("120s", SLOW)], &[]), [Recovered, Recovered]);
    // Two at one instant are one disturbance.
    assert_eq!(statuses(&[("60s", PAUSE), ("60s", SLOW)], &[]), [Recovered, Recovered]);
    // Three attempts of each are 300/s: the pause is never over. The second event is compared with the time before it.
    let storm = [("database.timeout", "400ms"), ("database.retries", "{ attempts = 3 }")];
    assert_eq!(statuses(&[("60s", PAUSE), ("120s", SLOW)], &storm), [slow(), NotRecovered]);
    let late = statuses(&[("1s", PAUSE), ("171s", SLOW)], &[]);
    assert!(matches!(&late[0], NotJudged(why) if why == "fewer than 200 requests before it"), "{late:?}");
    assert!(matches!(&late[1], NotJudged(why) if why == "the run ends less than 30 s after it"), "{late:?}");
}

/// Events without an effect; docs/reliability.md has the figures of 1,000 runs of each.
#[test]
fn what_changes_nothing_needs_no_recovery() {
    for (rate, duration, at, replications) in [
        ("1", "1500s", "500s", 40),
        ("5", "400s", "120s", 40),
        ("20", "150s", "60s", 40),
        ("50", "120s", "60s", 40),
    ] {
        let source = format!(
            r#"
            question = "Does nothing need a recovery?"
            duration = "{duration}"
            replications = {replications}
            [clients]
            deadline = "150ms"
            [workload]
            arrivals = {{ poisson = {{ rate = {rate} }} }}
            keys = 1000
            popularity = {{ zipf = {{ exponent = 1.0 }} }}
            [[tier]]
            name = "l2"
            scope = "shared"
            ttl = "60s"
            network = "500us"
            prefill = {{ hottest = "all", age = "stationary" }}
            [database]
            servers = 4
            read = {{ lognormal = {{ median = "20ms", p99 = "100ms" }} }}
            [[event]]
            at = "{at}"
            what = {{ slow = {{ target = "database", for = "10s", factor = 1.0 }} }}
            "#
        );
        let record = record(&source, &[]);
        let of = |measure: &str| {
            &record.variants[0].measure(&format!("event.slow-database.{measure}")).unwrap().values
        };
        for measure in ["recovery_s", "metastable"] {
            let alarms = of(measure).iter().filter(|value| **value != Some(0.0)).count();
            assert!(alarms <= 1, "{alarms} of {replications} false alarms at {rate}/s: {measure}");
        }
    }
}
