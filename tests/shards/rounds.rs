//! What depends on values takes rounds: the shards run, the merge names the next round, until there is none.

use crate::{TINY, command, ends, folder, same, shards, told};

/// Runs rounds until the merge is done; gives how many there were.
#[track_caller]
fn in_rounds(folder: &std::path::Path, line: &str, option: &str, parts: &[u32]) -> usize {
    for (round, of) in (1..).zip(parts.iter().cycle()) {
        shards(folder, &format!("{line} {option} parts"), *of, (0..*of).rev());
        let merged = command(folder, "merge parts --out merged --quiet").output().unwrap();
        let told = told(&merged);
        match merged.status.code() {
            Some(4) => {
                assert!(told.contains(&format!("round {round} is finished")), "{told}");
                let plan = format!("round-{}.jsonl", round + 1);
                std::fs::rename(folder.join("merged").join(&plan), folder.join("parts").join(&plan)).unwrap();
            }
            Some(0 | 98) => return round,
            _ => panic!("{told}"),
        }
        assert!(round < 40, "no end");
    }
    unreachable!()
}

#[test]
fn a_headroom() {
    let folder = folder(TINY);
    let line = "headroom tiny.toml --variant cache --cells 6 -n 2";
    let limit = "--limit db.qps.peak<=300";
    command(folder.path(), &format!("{line} {limit} --out one --quiet")).output().unwrap();
    // The number of parts may change from round to round.
    let rounds = in_rounds(folder.path(), &format!("{line} {limit}"), "--out", &[2, 3]);
    assert!(rounds > 2, "{rounds} rounds");
    same(folder.path(), "one", "merged");
}

#[test]
fn a_recommendation() {
    let folder = folder(TINY);
    let line = "recommend tiny.toml --knob tier.l2.ttl=1s,2s,3s,4s,6s --minimise db.qps.mean -n 6 --keep latency.all.p99_ms<=80";
    command(folder.path(), &format!("{line} --report one --quiet")).output().unwrap();
    let rounds = in_rounds(folder.path(), line, "--report", &[3]);
    assert!(rounds >= 2, "{rounds} rounds");
    same(folder.path(), "one", "merged");
    assert!(ends(folder.path(), &format!("{line} --shard 0/2"), 2).contains("--report DIR"));
    assert!(ends(folder.path(), "merge parts --partial --out other", 2).contains("recommends nothing"));
}

#[test]
fn a_wanted_precision() {
    let precise = TINY.replace(
        "replications = 5",
        "replications = 3\nprecision = { measure = \"db.qps.mean\", relative = 0.02, max_replications = 24 }",
    );
    let folder = folder(&precise);
    let one = command(folder.path(), "run tiny.toml --out one --quiet --static").output().unwrap();
    assert!(one.status.success(), "{}", told(&one));
    let rounds = in_rounds(folder.path(), "run tiny.toml --static", "--out", &[2]);
    assert!(rounds > 1, "{rounds} rounds");
    same(folder.path(), "one", "merged");
}

/// A run finds its warm-up in every part; a sweep finds those of its cells in a round of their own.
#[test]
fn a_warmup_that_is_found() {
    let auto = TINY
        .replace("duration = \"4s\"", "duration = \"60s\"\nwarmup = \"auto\"")
        .replace("rate = 100", "rate = 300");
    let folder = folder(&auto);
    ends(folder.path(), "run tiny.toml -n 4 --out one --quiet --static", 0);
    assert_eq!(in_rounds(folder.path(), "run tiny.toml -n 4 --static", "--out", &[3]), 1);
    same(folder.path(), "one", "merged");
    let folder = crate::folder(&auto);
    ends(folder.path(), "sweep tiny.toml -n 2 --out one --quiet --static", 0);
    assert_eq!(in_rounds(folder.path(), "sweep tiny.toml -n 2 --static", "--out", &[2]), 2);
    same(folder.path(), "one", "merged");
}
