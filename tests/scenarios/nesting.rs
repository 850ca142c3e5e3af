//! Many things at one instant must not nest: each of these once ran out of stack, or could have.

use std::path::Path;

use herdlab::scenario::{Overrides, parse};

use crate::support::simulate;

/// Twelve thousand requests in line for one connection when the other end begins to refuse without delay.
const LINE: &str = r#"
question = "Does a refused line of waiters end the program?"
duration = "8s"
replications = 1

[clients]
instances = 1

[workload]
arrivals = { constant = { rate = 3000 } }
keys = 3000
popularity = "uniform"
"#;

fn error_ratio(rest: &str) -> f64 {
    let source = format!("{LINE}{rest}");
    let experiment = parse(&source, "line.toml", Path::new(""), &Overrides::default())
        .unwrap_or_else(|problems| panic!("{problems}"));
    simulate(&experiment, 1).variants[0].measure("error.ratio").unwrap().values[0].unwrap()
}

#[test]
fn a_line_for_the_database_is_refused_one_by_one() {
    let refused = error_ratio(
        r#"
[database]
servers = 5
pool = 1
read = "5ms"
[[event]]
at = "4s"
what = { down = { target = "database", for = "100ms", fail = "refuse" } }
"#,
    );
    assert!(refused > 0.4, "{refused}");
}

#[test]
fn a_line_for_a_tier_is_refused_one_by_one() {
    let refused = error_ratio(
        r#"
[[tier]]
name = "l2"
scope = "shared"
ttl = "1s"
service = "1ms"
pool = 1
on_failure = "error"
[database]
read = "5ms"
[[event]]
at = "4s"
what = { down = { target = "l2", for = "100ms", fail = "refuse" } }
"#,
    );
    assert!(refused > 0.3, "{refused}");
}

#[test]
fn retries_without_backoff_do_not_nest() {
    let refused = error_ratio(
        r#"
[database]
servers = 50
read = "5ms"
retries = { attempts = 100000 }
[[event]]
at = "7s"
what = { down = { target = "database", for = "5ms", fail = "refuse" } }
"#,
    );
    assert!(
        (0.0005..0.002).contains(&refused),
        "15 in service and 15 that came in 5 ms, of 24,000: {refused}"
    );
}
