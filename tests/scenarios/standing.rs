//! Simulated time goes on: a scenario in which it could not is refused, a run in which it does not ends in an error,
//! and much that happens at one instant is no such case.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use herdlab::model::{Dist, Experiment};
use herdlab::scenario::{Overrides, parse};
use herdlab::sim::{Circle, Control, Engine, Finished, SimError};
use herdlab::workload::Tables;

use crate::support::simulate;

const WORKERS: &str = r#"
question = "Fifty workers against a database with a breaker"
duration = "60s"
replications = 1
[workload]
arrivals = { closed = { users = 50 } }
keys = 1000
[database]
read = "5ms"
servers = 10
timeout = "50ms"
breaker = { failures = 0.5, open = "5s" }
"#;

const DOWN: &str = r#"
[[event]]
at = "20s"
what = { down = { target = "database", for = "10s" } }
"#;

fn checked(source: &str) -> Result<Experiment, String> {
    parse(source, "standing.toml", Path::new(""), &Overrides::default())
        .map_err(|problems| problems.to_string())
}

fn accepted(source: &str) -> Experiment {
    checked(source).unwrap_or_else(|problems| panic!("{problems}"))
}

/// The message for a scenario that is refused, and the line that it points at.
#[track_caller]
fn refused(source: &str, line: &str) -> String {
    let message = checked(source).map(|_| ()).expect_err("time would stand still");
    let number = 1 + source.lines().position(|known| known == line).expect("a line of the scenario");
    assert!(message.contains("simulated time would stand still"), "{message}");
    assert!(message.contains(&format!("standing.toml:{number}:")), "line {number}: {message}");
    message
}

/// What a run leaves, and how many requests arrived.
fn run(experiment: &Experiment, torn: bool) -> Result<(Finished, u64), SimError> {
    let control = Control::default();
    let model = &experiment.variants[0].model;
    let tables = Arc::new(Tables::new(model, 1).unwrap());
    let new = if torn { Engine::torn_everywhere } else { Engine::new };
    let finished = new(model, tables, 1, 0).unwrap().run(&control)?;
    Ok((finished, control.requests.load(Ordering::Relaxed)))
}

#[test]
fn users_who_find_the_database_full_are_refused() {
    const CLOSED: &str = r#"
question = "How many users does the database carry?"
duration = "10s"
replications = 1
[workload]
arrivals = { closed = { users = 50 } }
keys = 1000
[database]
read = "5ms"
servers = 10
queue = 20
"#;
    let message = refused(CLOSED, "arrivals = { closed = { users = 50 } }");
    assert!(message.contains("the database has room for 30 of 50 requests"), "{message}");
    assert!(message.contains("queue = 20") && message.contains("think = \"10ms\""), "{message}");
    // As many users as there is room for are served ten at a time, for 5 ms: 30 ask at first, and ten more 1,999 times.
    let fits = accepted(&CLOSED.replace("users = 50", "users = 30"));
    let record = simulate(&fits, 1);
    let rate = record.variants[0].measure("requests.rate").unwrap().values[0].unwrap();
    assert_eq!(rate, 2002.0);
    // Fifty come to the pool, and thirty of them to the database.
    accepted(&CLOSED.replace("queue = 20", "queue = 20\npool = 30"));
    refused(&CLOSED.replace("queue = 20", "queue = 20\npool = 31"), "arrivals = { closed = { users = 50 } }");
    accepted(&CLOSED.replace("queue = 20", "queue = 20\nnetwork = \"1us\""));
    accepted(&CLOSED.replace("queue = 20", "queue = 20\nretries = { attempts = 2, backoff = \"1ms\" }"));
}

#[test]
fn users_whose_limit_is_lower_than_their_number_are_refused() {
    let limited = WORKERS.replace(
        "breaker = { failures = 0.5, open = \"5s\" }",
        "limit = { aimd = { late = \"100ms\", initial = 49 } }",
    );
    let message = refused(&limited, "arrivals = { closed = { users = 50 } }");
    assert!(message.contains("at first 49 of their 50 requests may go"), "{message}");
    accepted(&limited.replace("initial = 49", "initial = 50"));
}

#[test]
fn users_of_a_database_that_refuses_for_a_while_are_refused() {
    let down = "what = { down = { target = \"database\", for = \"10s\" } }";
    let source = format!("{WORKERS}{DOWN}");
    let message = refused(&source, down);
    assert!(message.contains("users without think time whose requests are refused at once"), "{message}");
    accepted(&source.replace("users = 50", "users = 50, think = \"1ms\""));
    // A refusal from afar takes its time. The breaker that opens for it does not, and nobody can tell beforehand that it will.
    let far = accepted(&source.replace("read = \"5ms\"", "read = \"5ms\"\nnetwork = \"1ms\""));
    assert!(matches!(run(&far, false), Err(SimError::NoProgress { .. })));
    // A pause before each retry is enough where no breaker cuts it short.
    let patient = source.replace(
        "breaker = { failures = 0.5, open = \"5s\" }",
        "retries = { attempts = 3, backoff = \"10ms\" }",
    );
    accepted(&patient);
    // Cut short before the event, the run is sound.
    let cut = Overrides { duration: Some("10s".to_owned()), ..Overrides::default() };
    assert!(parse(&source, "standing.toml", Path::new(""), &cut).is_ok());
}

#[test]
fn users_of_a_tier_that_fails_closed_are_refused() {
    let tier = r#"
[[tier]]
name = "l2"
scope = "shared"
ttl = "1s"
service = "100us"
on_failure = "error"
"#;
    let down = "what = { restart = { tier = \"l2\", for = \"10s\" } }";
    let source = format!("{WORKERS}{tier}[[event]]\nat = \"20s\"\n{down}\n");
    assert!(refused(&source, down).contains("tier.l2.network"));
    accepted(&source.replace("on_failure = \"error\"", ""));
    accepted(&source.replace("service = ", "network = \"1us\"\nservice = "));
}

#[test]
fn retries_without_a_pause_against_a_database_that_refuses_are_refused() {
    const ZENO: &str = r#"
question = "Q?"
duration = "10s"
replications = 1
[workload]
arrivals = { poisson = { rate = 200 } }
keys = 1000
[database]
read = "5ms"
retries = { attempts = 4294967295 }
[[event]]
at = "1s"
what = { down = { target = "database", for = "5s" } }
"#;
    let message = refused(ZENO, "retries = { attempts = 4294967295 }");
    assert!(message.contains("4,294,967,295 attempts at one instant"), "{message}");
    assert!(message.contains("give retries a backoff"), "{message}");
    for sound in [
        "attempts = 3",
        "attempts = 4294967295, backoff = \"50ms\"",
        "attempts = 4294967295, budget = { ratio = 0.1 }",
    ] {
        accepted(&ZENO.replace("attempts = 4294967295", sound));
    }
    accepted(&ZENO.replace("read = \"5ms\"", "read = \"5ms\"\nnetwork = \"10us\""));
    let full = ZENO.replace("read = \"5ms\"", "read = \"5ms\"\nservers = 1\nqueue = 1");
    let full = full.split("[[event]]").next().unwrap();
    assert!(refused(full, "retries = { attempts = 4294967295 }").contains("when it is full"));
}

/// A breaker that opens after timeouts refuses in no time. Nobody can tell beforehand whether it will.
#[test]
fn users_before_an_open_breaker_end_the_run_with_their_name() {
    let silent = DOWN.replace("for = \"10s\"", "for = \"10s\", fail = \"timeout\"");
    let experiment = accepted(&format!("{WORKERS}{silent}"));
    let problem = run(&experiment, false).map(|_| ()).unwrap_err();
    let SimError::NoProgress { at_s, events, circle: Circle::User { user, cause } } = problem else {
        panic!("{problem}")
    };
    // The window of ten seconds holds 2,000 successes for each second before the outage and 1,000 timeouts for each since: half
    // of it are failures after 6.7 s. It moves by whole seconds.
    assert!((26.0..28.0).contains(&at_s), "{at_s}");
    assert!((1_000_000..5_000_000).contains(&events), "{events}");
    assert!(user < 50);
    assert_eq!(cause, Some("breaker"));
    assert!(problem.to_string().contains("Give users a think time"), "{problem}");
}

/// What the checker would refuse, behind its back.
#[test]
fn a_retry_without_end_is_named() {
    let source = r#"
question = "Q?"
duration = "10s"
replications = 1
[clients]
instances = 3
[workload]
arrivals = { constant = { rate = 200 } }
keys = 1000
[database]
read = "5ms"
network = "1us"
retries = { attempts = 4294967295 }
"#;
    let mut experiment = accepted(&format!("{source}{DOWN}").replace("\"20s\"", "\"1s\""));
    experiment.variants[0].model.database.network = Dist::Constant { ns: 0.0 };
    let problem = run(&experiment, false).map(|_| ()).unwrap_err();
    let SimError::NoProgress { at_s, circle: Circle::Retry { key, instance, attempts, cause }, .. } = problem
    else {
        panic!("{problem}")
    };
    // What was in service when the database went down.
    assert!((0.995..=1.0).contains(&at_s), "{at_s}");
    assert!(key < 1000 && instance < 3 && attempts > 100_000);
    assert_eq!(cause, Some("db_down"));
    assert!(problem.to_string().contains("without a pause"), "{problem}");
}

/// Sixty thousand users ask at the same nanosecond, are answered at the same nanosecond, and ask again a second later.
#[test]
fn a_wave_at_one_instant_is_none() {
    let source = r#"
question = "Q?"
duration = "2500ms"
drain = "0s"
replications = 1
[workload]
arrivals = { closed = { users = 60000, think = "1s" } }
keys = 60000
popularity = "uniform"
[[tier]]
name = "l2"
scope = "shared"
ttl = "10s"
network = "1ms"
[database]
read = "5ms"
network = "1ms"
"#;
    let (_, requests) = run(&accepted(source), false).unwrap_or_else(|problem| panic!("{problem}"));
    assert_eq!(requests, 120_000);
}

/// A line that is served in no time is as many rounds as it is long: each service begins when the one before has ended.
#[test]
fn a_line_that_is_served_at_one_instant_is_none_in_both_loops() {
    let source = r#"
question = "Q?"
duration = "2s"
replications = 1
[workload]
arrivals = { constant = { rate = 100000 } }
keys = 1000
[database]
servers = 1
read = "0s"
[[event]]
at = "500ms"
what = { pause = { target = "database", for = "1s" } }
"#;
    let experiment = accepted(source);
    let untorn = run(&experiment, false);
    let torn = run(&experiment, true);
    for finished in [untorn, torn] {
        let (_, requests) = finished.unwrap_or_else(|problem| panic!("{problem}"));
        assert_eq!(requests, 200_000);
    }
}

/// Two million retries at one instant end, so they are no circle.
#[test]
fn many_retries_at_one_instant_are_none() {
    let source = r#"
question = "Q?"
duration = "2500ms"
replications = 1
[workload]
arrivals = { closed = { users = 1000, think = "1s" } }
keys = 1000
[database]
read = "5ms"
retries = { attempts = 2000 }
[[event]]
at = "1500ms"
what = { down = { target = "database", for = "1s" } }
"#;
    let (finished, _) = run(&accepted(source), false).unwrap_or_else(|problem| panic!("{problem}"));
    assert!(finished.events > 1_500_000, "{}", finished.events);
}
