//! Popularity from counts, and keys that change their ranks.

use std::path::Path;

use herdlab::record::Record;
use herdlab::scenario::{Overrides, parse};

use crate::support::simulate;
use crate::tiny::value;

/// 100 requests/s at constant gaps, an unbounded cache without expiry, and a database without delay.
fn scenario(workload: &str) -> String {
    format!(
        "question = \"?\"\nduration = \"10s\"\nreplications = 1\nallow = [\"no-ttl\"]\n\
         [workload]\narrivals = {{ constant = {{ rate = 100 }} }}\n{workload}\n\
         [[tier]]\nname = \"l2\"\nscope = \"shared\"\nttl = \"none\"\n\
         [database]\nservers = 1\nread = \"0s\"\n"
    )
}

fn run(workload: &str, folder: &Path) -> Result<Record, String> {
    let source = scenario(workload);
    let experiment = parse(&source, "popularity.toml", folder, &Overrides::default());
    experiment.map(|experiment| simulate(&experiment, 1)).map_err(|problems| problems.to_string())
}

/// Misses in the run: the database answers no other calls.
fn misses(record: &Record) -> f64 {
    let reads = value(record, "requests.all") * (1.0 - value(record, "requests.write.ratio"));
    ((1.0 - value(record, "hit_ratio")) * reads).round()
}

fn told(workload: &str) -> String {
    run(workload, Path::new("")).unwrap_err()
}

#[test]
fn keys_are_requested_as_counted() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("keys.csv"), "key,n\na,0\nb,7\nc,0\nd,2\n").unwrap();
    let counts = "popularity = { counts = { file = \"keys.csv\", column = \"n\" } }";
    // Two of four keys are requested at all.
    assert_eq!(misses(&run(counts, folder.path()).unwrap()), 2.0);
    assert_eq!(misses(&run(&format!("keys = 4\n{counts}"), folder.path()).unwrap()), 2.0);
    let told = |workload: &str| run(workload, folder.path()).unwrap_err();
    let more = told(&format!("keys = 5\n{counts}"));
    assert!(more.contains("expected the number of rows of the file of `popularity`, 4"), "{more}");
    let column = told("popularity = { counts = { file = \"keys.csv\" } }");
    assert!(column.contains("keys.csv has no column \"count\"; it has key, n"), "{column}");
    let text = told("popularity = { counts = { file = \"keys.csv\", column = \"key\" } }");
    assert!(text.contains("keys.csv:2: \"a\" is not a count"), "{text}");
}

#[test]
fn a_new_key_is_missed_once() {
    // The only key is a new one each 0.4 s: at 0.4, 0.8, ... 9.6 s, and the first one.
    let newest = "keys = 1\npopularity = \"uniform\"\nranking = { newest = { rate = 2.5 } }";
    assert_eq!(misses(&run(newest, Path::new("")).unwrap()), 25.0);
    // The newest of three gets all requests: those that it sends down one rank are not requested any more.
    let skewed = "keys = 3\npopularity = { zipf = { exponent = 60 } }\nranking = { newest = { rate = 2.5 } }";
    assert_eq!(misses(&run(skewed, Path::new("")).unwrap()), 25.0);
}

/// Of 100,000 keys the 1,000 hot ones get all requests. By 10 s of a half-life of 100 s, 100,000 ln 2 / 200 x 10 = 3,466 pairs have
/// exchanged their ranks, 2 x 0.01 x 0.99 of which brought a cold key among the hot ones: 68.6, with a deviation of 8.3.
#[test]
fn keys_that_drift_among_the_hot_ones_are_missed_once() {
    let drift = "keys = 100_000\npopularity = { hotspot = { keys = 0.01, requests = 1.0 } }\n\
                 ranking = { drift = { half_life = \"100s\" } }\nscale = 100";
    let source = scenario(drift).replace("ttl = \"none\"", "ttl = \"none\"\nprefill = { hottest = 1000 }");
    let experiment = parse(&source, "popularity.toml", Path::new(""), &Overrides::default()).unwrap();
    let missed = misses(&simulate(&experiment, 1));
    assert!((missed - 68.6).abs() < 25.0, "{missed}");
}

#[test]
fn reads_follow_the_last_write() {
    // All reads are for the first rank: always the same key, or the one that was written last, which write-around leaves out of the cache.
    let with = |ranking: &str| {
        let workload = format!(
            "keys = 100_000\npopularity = {{ zipf = {{ exponent = 60 }} }}\nwrite_share = 0.5\nranking = {ranking}"
        );
        let source =
            format!("{}write = \"0s\"\n[writes]\nstrategy = \"write-around\"\n", scenario(&workload));
        let experiment = parse(&source, "popularity.toml", Path::new(""), &Overrides::default()).unwrap();
        misses(&simulate(&experiment, 1))
    };
    assert_eq!(with("\"fixed\""), 1.0);
    // About 250 of 500 reads come right after a write.
    assert!((with("\"last-written\"") - 250.0).abs() < 40.0, "{}", with("\"last-written\""));
}

#[test]
fn users_of_a_closed_loop_read_what_has_the_rank_when_they_ask() {
    let source = scenario("keys = 1\nranking = { newest = { rate = 2.5 } }")
        .replace("{ constant = { rate = 100 } }", "{ closed = { users = 1, think = \"10ms\" } }");
    let experiment = parse(&source, "popularity.toml", Path::new(""), &Overrides::default()).unwrap();
    assert_eq!(misses(&simulate(&experiment, 1)), 25.0);
}

#[test]
fn ranks_that_cannot_move_are_refused() {
    let several = told("keys = 9\nkeys_per_request = 2\nranking = { newest = { rate = 1 } }");
    assert!(several.contains("the keys of a request are drawn by ranks that do not move"), "{several}");
    let alike = told("keys = 9\nranking = { drift = { half_life = \"1h\" } }");
    assert!(alike.contains("every key is requested alike, whatever its rank"), "{alike}");
    let many = told("keys = 9\nranking = { newest = { rate = 1e12 } }");
    assert!(many.contains("10,000,000,000,000 new keys in 10s"), "{many}");
    let silent = told("keys = 9\nranking = \"last-written\"");
    assert!(silent.contains("nothing writes"), "{silent}");
}
