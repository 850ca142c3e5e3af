//! What follows a lookup that was not answered, or not in time: SETs, polls of a lease, refreshes beside each other.

use std::path::Path;

use herdlab::scenario::{Overrides, parse};

use crate::support::simulate;

/// The only variant's measures of a scenario.
#[track_caller]
fn measured(source: &str) -> impl Fn(&str) -> f64 + use<> {
    let experiment = parse(source, "unanswered.toml", Path::new(""), &Overrides::default())
        .unwrap_or_else(|problems| panic!("{problems}"));
    let record = simulate(&experiment, 1);
    move |name| {
        let measure = record.variants[0].measure(name).unwrap_or_else(|| panic!("no {name}"));
        measure.values[0].unwrap_or_else(|| panic!("{name} has no value"))
    }
}

/// One request at time zero. The tier would answer after 40 ms, and is given up after 20; the database has the value at
/// 25 ms.
const ONE: &str = r#"
question = "Is a tier filled that did not answer in time?"
duration = "1s"
replications = 1
[workload]
arrivals = { constant = { rate = 1 } }
keys = 2
# keys
[[tier]]
name = "l1"
scope = "instance"
ttl = "10s"
[[tier]]
name = "l2"
scope = "shared"
ttl = "10s"
network = "20ms"
timeout = "20ms"
# fill
[[tier]]
name = "l3"
scope = "shared"
ttl = "10s"
# prefill
[database]
read = "5ms"
# timeout
"#;

fn one(changes: &[(&str, &str)]) -> impl Fn(&str) -> f64 + use<> {
    let mut source = ONE.to_owned();
    for (from, to) in changes {
        source = source.replace(from, to);
    }
    measured(&source)
}

const NEVER: (&str, &str) = ("# fill", "fill_after_failure = false");

#[test]
fn a_set_follows_a_look_up_without_an_answer_unless_it_must_not() {
    for (changes, commands, entries) in [(&[][..], 2.0, 1.0), (&[NEVER][..], 1.0, 0.0)] {
        let value = one(changes);
        assert_eq!(value("tier.l2.failures.rate"), 1.0);
        assert_eq!(value("tier.l2.round_trips.rate"), commands);
        assert_eq!(value("tier.l2.entries.peak"), entries);
        // The tiers around it are filled in any case.
        assert_eq!((value("tier.l1.entries.peak"), value("tier.l3.entries.peak")), (1.0, 1.0));
        assert_eq!(value("latency.miss.max_ms"), 25.0);
    }
}

#[test]
fn so_it_is_with_a_value_from_the_tier_below() {
    let prefill = ("# prefill", "prefill = { hottest = \"all\" }");
    for (changes, commands) in [(&[prefill][..], 2.0), (&[prefill, NEVER][..], 1.0)] {
        let value = one(changes);
        assert_eq!((value("db.fetches.rate"), value("tier.l3.hit_ratio")), (0.0, 1.0));
        assert_eq!(value("tier.l2.round_trips.rate"), commands);
        assert_eq!(value("tier.l1.entries.peak"), 1.0);
    }
}

#[test]
fn so_it_is_with_an_mget() {
    let two = [
        ("# keys", "keys_per_request = 2"),
        ("network = \"20ms\"", "network = \"20ms\"\nmulti_get = \"mget\""),
    ];
    for (changes, commands, entries) in [(two.to_vec(), 3.0, 2.0), ([&two[..], &[NEVER]].concat(), 1.0, 0.0)]
    {
        let value = one(&changes);
        assert_eq!(value("tier.l2.round_trips.rate"), commands);
        assert_eq!(value("tier.l2.entries.peak"), entries);
    }
}

#[test]
fn so_it_is_with_a_value_that_comes_too_late() {
    let late = ("# timeout", "timeout = \"2ms\"");
    for (changes, commands) in [(&[late][..], 2.0), (&[late, NEVER][..], 1.0)] {
        let value = one(changes);
        assert_eq!(value("error.ratio"), 1.0);
        assert_eq!(value("tier.l2.round_trips.rate"), commands);
        assert_eq!((value("tier.l1.entries.peak"), value("tier.l3.entries.peak")), (1.0, 1.0));
    }
}

/// A loser at 0.5 s looks again every 30 ms. Where `wait_limit` ends a wait, it does not look any more.
#[test]
fn the_limit_of_waiting_cuts_the_last_poll() {
    let looks = |wait_limit: &str| {
        let value = measured(&format!(
            r#"
question = "Does a loser look before it goes to the database?"
duration = "1s"
replications = 1
coalescing = {{ lease = {{ tier = "l2", poll = "30ms", wait_limit = "{wait_limit}" }} }}
[workload]
arrivals = {{ constant = {{ rate = 2 }} }}
keys = 1
[[tier]]
name = "l2"
scope = "shared"
ttl = "60s"
[database]
read = "5s"
"#
        ));
        assert_eq!(value("db.fetches.rate"), 2.0);
        value("tier.l2.requests.rate")
    };
    // The winner looks once; the loser at 500 ms and 530 ms, and at 560 ms where it may.
    assert_eq!(looks("29ms"), 2.0);
    assert_eq!(looks("40ms"), 3.0);
    assert_eq!(looks("60ms"), 3.0);
    assert_eq!(looks("61ms"), 4.0);
}

/// Requests come in turn to the instances, three a second, for one key. Its fetch takes a second.
#[test]
fn each_instance_refreshes_ahead_for_itself() {
    let fetches = |instances: u32| {
        let route = if instances > 1 { "route = \"round-robin\"" } else { "" };
        let value = measured(&format!(
            r#"
question = "How many refresh ahead?"
duration = "10s"
replications = 1
[clients]
instances = {instances}
{route}
[workload]
arrivals = {{ constant = {{ rate = 3 }} }}
keys = 1
[[tier]]
name = "l2"
scope = "shared"
ttl = "10s"
refresh = {{ ahead = {{ fraction = 0.5 }} }}
[database]
read = "1s"
"#
        ));
        (value("db.fetches.rate") * 10.0).round()
    };
    // Three misses in the first second, then one refresh of each instance after half of the ttl.
    assert_eq!([1, 2, 3].map(fetches), [3.0 + 1.0, 3.0 + 2.0, 3.0 + 3.0]);
}

const LEASED: &str = r#"
question = "Does a loser get anything after a DELETE?"
duration = "10s"
replications = 1
coalescing = { lease = { tier = "l2", serve_stale = "1s" } }
[workload]
arrivals = { poisson = { rate = 100 } }
keys = 10
write_share = 0.1
[[tier]]
name = "l2"
scope = "shared"
ttl = "1s"
[database]
read = "5ms"
[writes]
strategy = "invalidate"
"#;

#[test]
fn serve_stale_is_refused_where_it_would_do_nothing() {
    let check = |source: &str| {
        let checked = parse(source, "leased.toml", Path::new(""), &Overrides::default());
        checked.map(|_| ()).map_err(|problems| problems.to_string())
    };
    let refused = |source: &str, reason: &str| {
        let message = check(source).expect_err("it would do nothing");
        assert!(message.contains("coalescing.lease.serve_stale does not apply"), "{message}");
        assert!(message.contains("leased.toml:5:"), "{message}");
        assert!(message.contains(reason), "{message}");
    };
    refused(LEASED, "a DELETE leaves no value that could be served");
    refused(&LEASED.replace("[writes]\nstrategy = \"invalidate\"\n", ""), "a DELETE leaves no value");
    let strategy = |strategy: &str| LEASED.replace("\"invalidate\"", &format!("\"{strategy}\""));
    for kept in ["write-through", "update", "write-around"] {
        assert_eq!(check(&strategy(kept)), Ok(()), "{kept}");
        refused(
            &format!("{}[invalidation]\ncdc = {{ lag = \"1ms\" }}\n", strategy(kept)),
            "a DELETE leaves no value",
        );
    }
    let unwritten =
        LEASED.replace("write_share = 0.1", "").replace("[writes]\nstrategy = \"invalidate\"\n", "");
    assert_eq!(check(&unwritten), Ok(()));
    assert_eq!(check(&LEASED.replace("serve_stale = \"1s\"", "serve_stale = \"0s\"")), Ok(()));
    let lasting = strategy("write-around").replace("ttl = \"1s\"", "ttl = \"none\"");
    refused(&lasting, "no entry of tier l2 expires");
}

#[test]
fn fill_after_failure_is_refused_where_it_would_do_nothing() {
    let refused = |changes: &[(&str, &str)], reason: &str| {
        let mut source = ONE.replace("# fill", "fill_after_failure = false");
        for (from, to) in changes {
            source = source.replace(from, to);
        }
        let checked = parse(&source, "fill.toml", Path::new(""), &Overrides::default());
        let message = checked.map(|_| ()).expect_err("it would do nothing").to_string();
        assert!(message.contains("tier.l2.fill_after_failure does not apply"), "{message}");
        assert!(message.contains(reason), "{message}");
    };
    refused(&[("timeout = \"20ms\"", "")], "this tier always answers");
    refused(&[("timeout = \"20ms\"", "timeout = \"20ms\"\non_failure = \"error\"")], "ends in an error");
    let leased = [
        ("duration = \"1s\"", "duration = \"1s\"\ncoalescing = { lease = { tier = \"l2\" } }"),
        ("name = \"l3\"", "name = \"l3\"\nenabled = false"),
    ];
    refused(&leased, "only a holder of the lease may fill");
}
