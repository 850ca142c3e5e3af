//! Rows that come into being behind a cached "no such row".

use std::path::Path;

use herdlab::scenario::{Overrides, parse};

use crate::support::simulate;
use crate::tiny::value;

/// A hundred ids, each asked for a hundred times a second, that writers create one after another.
const REGISTRATION: &str = r#"
question = "How long does a new user not exist?"
duration = "10s"
replications = 1

[workload]
arrivals = { poisson = { rate = 10000 } }

[[class]]
name = "users"
share = 0.001
keys = 1

[[class]]
name = "new"
share = 0.999
keys = 100
absent = true
write_share = 0.001

[[tier]]
name = "l2"
scope = "shared"
ttl = "1h"
negative_ttl = "1s"

[database]
read = "0s"
"#;

#[track_caller]
fn registration(settings: &[(&str, &str)], measure: &str) -> f64 {
    let set = settings.iter().map(|(path, value)| (path.to_string(), value.to_string())).collect();
    let overrides = Overrides { set, ..Overrides::default() };
    let experiment = parse(REGISTRATION, "registration.toml", Path::new(""), &overrides)
        .unwrap_or_else(|problems| panic!("{problems}"));
    value(&simulate(&experiment, 1), measure)
}

#[test]
fn nobody_told_the_sentinel_lives_out_its_time() {
    // What is left of it when the row is created is uniform on a second, less the time to the next read after it.
    const UNTOLD: &[(&str, &str)] = &[("writes.strategy", "write-around")];
    let mean_s = registration(UNTOLD, "negative.invisible.mean_s");
    assert!((mean_s - 0.49).abs() < 0.1, "{mean_s}");
    let max_s = registration(UNTOLD, "negative.invisible.max_s");
    assert!((0.9..1.0).contains(&max_s), "{max_s}");
    assert!(registration(UNTOLD, "negative.invisible.ratio") > 0.9);
    // A hundred ids written ten times a second: 1 - 1/e of them exist in the end.
    let created = registration(UNTOLD, "creations.rate");
    assert!((created - 6.3).abs() < 1.0, "{created}");
}

#[test]
fn deleting_or_replacing_the_sentinel_shows_the_row_at_once() {
    for strategy in ["invalidate", "update", "write-through"] {
        let ratio = registration(&[("writes.strategy", strategy)], "negative.invisible.ratio");
        assert_eq!(ratio, 0.0, "{strategy}");
    }
}

/// Where all commands take equally long, whoever asks after the commit comes to the tier after the DELETE. A slow reader
/// who asked the database before the commit puts the sentinel back after it.
#[test]
fn a_delete_may_lose_the_race_against_a_slow_reader() {
    let far = [("tier.l2.network", "1ms"), ("tier.l2.negative_ttl", "5s")];
    assert_eq!(registration(&far, "negative.invisible.ratio"), 0.0);
    let slow = [
        ("tier.l2.network", "1ms"),
        ("tier.l2.negative_ttl", "100ms"),
        ("database.read", "{ exponential = { mean = \"50ms\" } }"),
        ("database.write", "1ms"),
    ];
    let max_s = registration(&slow, "negative.invisible.max_s");
    assert!((0.02..0.5).contains(&max_s), "{max_s}");
}

#[test]
fn what_was_created_is_an_entry_like_any_other() {
    // With the ttl of a row, not of a sentinel: after a write through the cache it is found for the whole run.
    let hits = registration(&[("writes.strategy", "write-through")], "requests.hit.ratio");
    let negative = registration(&[("writes.strategy", "write-through")], "requests.negative_hit.ratio");
    // Of ten seconds, an id that is written every ten seconds exists for 1/e.
    assert!((hits - 0.37).abs() < 0.08, "{hits}");
    assert!((negative - 0.63).abs() < 0.08, "{negative}");
}
