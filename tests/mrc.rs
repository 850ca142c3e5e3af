//! `herdlab mrc` as a user meets it.

use std::collections::VecDeque;
use std::path::Path;

use assert_cmd::Command;
use herdlab::replay::{Contender, Traffic, grid};
use herdlab::trace::{Asked, Requests};
use proptest::prelude::*;

fn mrc(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_herdlab"));
    command.env("NO_COLOR", "1").current_dir(folder).arg("mrc").args(arguments);
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn stdout(command: &mut Command) -> String {
    text(&command.assert().success().get_output().stdout)
}

/// The message of a wrong command line or trace; nothing may have been written.
fn refused(folder: &Path, arguments: &[&str]) -> String {
    let before = std::fs::read_dir(folder).unwrap().count();
    let output = mrc(folder, arguments).assert().code(2).get_output().clone();
    assert!(output.stdout.is_empty());
    assert_eq!(std::fs::read_dir(folder).unwrap().count(), before, "something was written");
    text(&output.stderr)
}

/// A CSV trace with the columns of a block trace.
fn csv(keys: &[u64]) -> String {
    let rows = keys.iter().enumerate().map(|(at, key)| format!("1,{at},r,512,{key}\n"));
    "version,time,op,size,lbn\n".to_owned() + &rows.collect::<String>()
}

/// The same as oracleGeneral.
fn oracle(keys: &[u64]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (at, key) in keys.iter().enumerate() {
        let next = keys[at + 1..].iter().position(|other| other == key);
        bytes.extend((at as u32).to_le_bytes());
        bytes.extend(key.to_le_bytes());
        bytes.extend(512u32.to_le_bytes());
        bytes.extend(next.map_or(-1, |distance| (at + 1 + distance) as i64).to_le_bytes());
    }
    bytes
}

/// A skewed trace that needs no random numbers: two thirds of the requests go to a few keys.
fn skewed(requests: u64) -> Vec<u64> {
    let scattered = |at: u64| at.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
    (0..requests).map(|at| if at % 3 == 0 { scattered(at) % 1_000 } else { scattered(at) % 30 }).collect()
}

#[test]
fn a_trace_gives_a_table_and_files() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("disk.io.csv"), csv(&skewed(5_000))).unwrap();
    let shown =
        stdout(&mut mrc(folder.path(), &["disk.io.csv", "--capacity", "10,5%,100", "--threads", "2"]));
    assert!(shown.contains("disk.io.csv: 5,000 requests for"), "{shown}");
    for part in ["Miss ratio (%)", "Speed", " w-tinylfu ", "read and numbered in", "on 2 threads"] {
        assert!(shown.contains(part), "{part} is missing from:\n{shown}");
    }
    let report = folder.path().join("reports/disk");
    let start = |name: &str, length: usize| std::fs::read(report.join(name)).unwrap()[..length].to_vec();
    assert_eq!(text(&start("mrc.svg", 4)), "<svg");
    assert_eq!(&start("mrc.png", 4)[1..], b"PNG");
    let rows = std::fs::read_to_string(report.join("mrc.csv")).unwrap();
    assert_eq!(
        rows.lines().next(),
        Some("policy,capacity_objects,capacity_share,requests,misses,miss_ratio")
    );
    // Every policy at three capacities.
    let policies = Contender::crossed(&[], &[], &Traffic::from(Requests::default())).len();
    assert_eq!(rows.lines().count(), 1 + 3 * policies);
    assert_eq!(std::fs::read_dir(&report).unwrap().count(), 3);
}

#[test]
fn it_prints_what_it_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("x.bin"), oracle(&skewed(3_000))).unwrap();
    let arguments = ["x.bin", "--policy", "lru,sieve,lru", "--capacity", "50,20,50", "--out", "out"];
    let with = |more: &[&str]| stdout(&mut mrc(folder.path(), &[&arguments[..], more].concat()));
    let json: serde_json::Value = serde_json::from_str(&with(&["--format", "json"])).unwrap();
    assert_eq!((json["requests"].as_u64(), json["cells"].as_array().unwrap().len()), (Some(3_000), 4));
    assert!(json["cells"][0]["wall_s"].as_f64().unwrap() > 0.0);
    let rows = with(&["--format", "csv"]);
    assert!(rows.starts_with("policy,") && rows.lines().count() == 5, "{rows}");
    assert_eq!(rows, std::fs::read_to_string(folder.path().join("out/mrc.csv")).unwrap());
    let markdown = with(&["--format", "md"]);
    assert!(markdown.contains("\n| sieve | ") && markdown.contains("**"), "{markdown}");
    assert_eq!(with(&["--quiet"]), "");
}

#[test]
fn the_formats_and_the_number_of_threads_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let keys = skewed(20_000);
    std::fs::write(folder.path().join("a.csv"), csv(&keys)).unwrap();
    std::fs::write(folder.path().join("b.bin"), oracle(&keys)).unwrap();
    // Names say nothing: the content does.
    std::fs::write(folder.path().join("c.csv"), oracle(&keys)).unwrap();
    let rows = |more: &[&str]| {
        let all = [more, &["--format", "csv", "--capacity", "3,30,10%", "--out", "out", "--force"]].concat();
        stdout(&mut mrc(folder.path(), &all))
    };
    let expected = rows(&["a.csv", "--threads", "1"]);
    assert_eq!(rows(&["a.csv", "--threads", "2"]), expected);
    assert_eq!(rows(&["b.bin"]), expected);
    assert_eq!(rows(&["c.csv"]), expected);
    assert_eq!(rows(&["a.csv", "--key", "lbn", "--input", "csv"]), expected);
    assert_ne!(rows(&["a.csv", "--key", "time"]), expected);
}

#[test]
fn wrong_traces_are_refused_with_the_way_out() {
    let folder = tempfile::tempdir().unwrap();
    let refuse = |content: &[u8], more: &[&str]| {
        std::fs::write(folder.path().join("t"), content).unwrap();
        refused(folder.path(), &[&["t"], more].concat())
    };
    std::fs::write(folder.path().join("t"), b"").unwrap();
    let cut = oracle(&[1, 2, 3])[..60].to_vec();
    assert!(refuse(&cut, &["--input", "oracle"]).contains("ends 12 bytes into record 3 of 24 bytes"));
    assert!(refuse(&cut, &[]).contains("its format is not recognised; name it (`--input NAME`"));
    assert!(refuse(b"", &[]).contains("no requests: the file is empty"));
    assert!(refuse(b"time,lbn\n", &[]).contains("t:1: no requests: there is a header alone"));
    assert!(
        refuse(b"when,what\n1,a\n", &[]).contains("The header has when, what; name one with --key COLUMN")
    );
    assert!(
        refuse(b"when,what\n1,a\n", &["--key", "key"])
            .contains("no column \"key\"; the header has when, what")
    );
    assert!(refuse(b"time,key\n1,a\n2\n", &[]).contains("t:3: 1 cell where the header has 2"));
    assert!(refuse(b"PK\x03\x04 and so on", &[]).contains("it is a zip archive; unpack it first"));
    assert!(refuse(&[0x28, 0xb5, 0x2f, 0xfd, 0, 0], &[]).contains("t: "));
    assert!(refused(folder.path(), &["missing"]).contains("missing: cannot be opened"));
}

#[test]
fn wrong_options_are_refused_with_the_way_out() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("t"), csv(&[1, 2, 3])).unwrap();
    let refuse = |more: &[&str]| refused(folder.path(), &[&["t"], more].concat());
    assert!(refuse(&["--policy", "allkeys-lru"]).contains("a replay has no clock"));
    assert!(refuse(&["--policy", "lru,siev"]).contains("did you mean \"sieve\"? known: lru, fifo"));
    assert!(refuse(&["--capacity=101%"]).contains("a share is at most 100 %"));
    for capacity in ["0", "0%", "-3", "5k", ""] {
        let message = refuse(&[&format!("--capacity={capacity}")]);
        assert!(message.contains("expected a number of objects above 0"), "{capacity}: {message}");
    }
    assert!(refuse(&["--input", "vscsi"]).contains("possible values: csv, oracle"));
    assert!(refuse(&["--format", "xml"]).contains("possible values"));
}

#[test]
fn it_answers_how_large_a_cache_must_be() {
    let folder = tempfile::tempdir().unwrap();
    // Five rounds over ten keys: 40 of 50 requests can hit, from ten objects on under LRU.
    let keys: Vec<u64> = (0..50).map(|at| at % 10).collect();
    std::fs::write(folder.path().join("t"), csv(&keys)).unwrap();
    let shown = |target: &str| {
        let arguments =
            ["t", "--policy", "lru,belady", "--capacity", "5", "--for", target, "--force", "--out", "o"];
        stdout(&mut mrc(folder.path(), &arguments))
    };
    let page = shown("80%");
    assert!(page.contains("Least capacity for a hit ratio of 80.0 %"), "{page}");
    assert!(page.contains(" lru                          10 objects (100 %)"), "{page}");
    let page = shown("81%");
    assert!(page.contains("none: the first requests of objects alone miss more"), "{page}");
    let wrong = refused(folder.path(), &["t", "--for", "0%"]);
    assert!(wrong.contains("expected a hit ratio above 0 % and below 100 %"), "{wrong}");
}

#[test]
fn a_sample_of_the_objects_has_error_bars() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("t"), csv(&skewed(20_000))).unwrap();
    let arguments = ["t", "--policy", "lru", "--capacity", "1,400", "--sample", "20%", "--format", "csv"];
    let rows = stdout(&mut mrc(folder.path(), &arguments));
    // Of one object a fifth leaves no room.
    assert_eq!(rows.lines().count(), 2, "{rows}");
    let half_width: f64 = rows.lines().last().unwrap().rsplit(',').next().unwrap().parse().unwrap();
    assert!(half_width > 0.0 && half_width < 0.5, "{rows}");
    for (wrong, part) in [("0%", "above 0 % and below 100 %"), ("1", "above 0 % and below 100 %")] {
        let message = refused(folder.path(), &["t", "--sample", wrong]);
        assert!(message.contains(part), "{message}");
    }
    let message = refused(folder.path(), &["t", "--sample", "1%", "--capacity", "50"]);
    assert!(message.contains("leaves room for one object from 100 objects on"), "{message}");
}

/// Objects of 4, 5, 6 and 11 bytes through 10: C needs the room of A and B, D never comes in (worked out in the tests of the loop).
#[test]
fn capacities_in_bytes_count_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let sizes = [("A", 4), ("B", 5), ("C", 6), ("D", 11)];
    let row = |(at, key): (usize, char)| {
        let size = sizes.iter().find(|row| row.0 == key.to_string()).unwrap().1;
        format!("{at},{key},{size}\n")
    };
    let rows: String = "ABCADACD".chars().enumerate().map(row).collect();
    std::fs::write(folder.path().join("t.csv"), format!("time,key,size\n{rows}")).unwrap();
    let arguments = ["t.csv", "--policy", "lru,floor", "--format", "csv", "--force", "--out", "o"];
    let with = |more: &[&str]| stdout(&mut mrc(folder.path(), &[&arguments[..], more].concat()));
    let expected = "lru,10,0.38461538461538464,8,51,6,0.75,41,0.803921568627451\n";
    let rows = with(&["--capacity", "10B"]);
    assert!(
        rows.starts_with("policy,capacity_bytes,capacity_share,requests,requested_bytes,misses,"),
        "{rows}"
    );
    assert!(rows.contains(expected) && rows.contains("\nfloor,10,"), "{rows}");
    // A share is of the 26 bytes of all objects, the column may be named, and the money is that of the capacity.
    assert!(with(&["--capacity", "40%", "--bytes", "--size", "size"]).contains(expected));
    assert!(with(&["--capacity", "10B", "--price-gb-month", "2EUR"]).contains("eur_month_at_2_gb_month\n"));
    let page = stdout(&mut mrc(
        folder.path(),
        &[
            "t.csv",
            "--policy",
            "lru",
            "--capacity",
            "10B",
            "--for",
            "50%",
            "--price-gb-month",
            "1000000000",
            "--out",
            "p",
        ],
    ));
    // 4 of 8 requests can hit, as soon as D fits beside A and C.
    assert!(page.contains(" lru                        21 B (80.8 %), 21.00 USD a month\n"), "{page}");
}

#[test]
fn entries_expire_and_only_reads_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    // Twitter's columns: time, key, key size, value size, client, operation, time to live.
    let text = "0,a,1,9,1,set,5\n4,a,1,9,1,get,0\n5,a,1,9,1,get,0\n6,a,1,9,1,delete,0\n7,a,1,9,1,get,0\n8,a,1,9,1,get,0\n";
    std::fs::write(folder.path().join("t"), text).unwrap();
    let arguments = ["t", "--policy", "lru", "--capacity", "1", "--format", "csv", "--force", "--out", "o"];
    let with = |more: &[&str]| stdout(&mut mrc(folder.path(), &[&arguments[..], more].concat()));
    let last = |rows: &str| rows.lines().last().unwrap().to_owned();
    // Every row is a lookup: one miss. With times to live the lookup at second 5 finds a dead entry.
    assert_eq!(last(&with(&[])), "lru,1,1,6,1,0.16666666666666666");
    assert_eq!(last(&with(&["--ttl", "recorded"])), "lru,1,1,6,2,0.3333333333333333,1");
    // Of the four reads one misses after the DELETE, and with times to live the one at second 5 as well.
    assert_eq!(last(&with(&["--operations", "reads"])), "lru,1,1,4,1,0.25");
    assert_eq!(last(&with(&["--operations", "reads", "--ttl", "5s"])), "lru,1,1,4,2,0.5,1");
}

#[test]
fn filters_stand_before_the_policies() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("t"), csv(&[1, 2, 1, 3, 4, 2, 2])).unwrap();
    let arguments = [
        "t",
        "--policy",
        "lru,belady",
        "--capacity",
        "4",
        "--admit",
        "all,second-hit,size:512B",
        "--format",
        "csv",
    ];
    let rows = stdout(&mut mrc(folder.path(), &arguments));
    let rows: Vec<&str> = rows.lines().skip(1).map(|row| row.rsplit_once(',').unwrap().0).collect();
    assert_eq!(rows, ["lru,4,1,7,4", "lru+second-hit,4,1,7,6", "lru+size:512B,4,1,7,4", "belady,4,1,7,4"]);
}

#[test]
fn rules_that_do_not_fit_are_refused_with_the_way_out() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("t"), "time,key\n1,a\n2,b\n").unwrap();
    let refuse = |more: &[&str]| refused(folder.path(), &[&["t"], more].concat());
    for (arguments, part) in [
        (&["--capacity", "1MB"][..], "name the column with --size COLUMN"),
        (&["--capacity", "1MB,5"], "give all of them in one unit"),
        (&["--bytes", "--policy", "belady", "--size", "time"], "name `floor` in its place"),
        (&["--size", "time"], "nothing in this replay reads --size"),
        (&["--ttl", "5m"], "name it with --unit s"),
        (&["--ttl", "0s"], "expected a time above 0 such as 5m, or `recorded`"),
        (&["--ttl", "recorded", "--unit", "s"], "give one for all objects, such as --ttl 5m"),
        (&["--operations", "reads"], "name the column with --operation COLUMN"),
        (&["--operations", "writes"], "possible values: all, reads"),
        (&["--admit", "bloom"], "expected all, second-hit"),
        (&["--price-gb-month", "15eur"], "ISO 4217"),
    ] {
        let message = refuse(arguments);
        assert!(message.contains(part), "{arguments:?}: {message}");
    }
}

/// Misses of LRU, by a queue that is searched.
fn lru(keys: &[u64], capacity: usize) -> u64 {
    let mut queue = VecDeque::new();
    let mut misses = 0;
    for &key in keys {
        match queue.iter().position(|&held| held == key) {
            Some(at) => {
                queue.remove(at);
            }
            None => {
                misses += 1;
                if queue.len() == capacity {
                    queue.pop_front();
                }
            }
        }
        queue.push_back(key);
    }
    misses
}

proptest! {
    /// Both formats give the same misses on one and on two threads, and those of LRU are a queue's.
    #[test]
    fn misses_agree(keys in prop::collection::vec(0u64..200, 1..2_000), capacity in 1usize..150) {
        let folder = tempfile::tempdir().unwrap();
        let (text, binary) = (folder.path().join("a.csv"), folder.path().join("b.bin"));
        std::fs::write(&text, csv(&keys)).unwrap();
        std::fs::write(&binary, oracle(&keys)).unwrap();
        let misses = |trace: &Path, threads: usize| -> Vec<u64> {
            let traffic = Traffic::from(Requests::read(trace, &Asked::default()).unwrap());
            let policies = Contender::crossed(&[], &[], &traffic);
            let cells = grid(&traffic, None, &policies, &[capacity as u64, 7], threads).unwrap();
            cells.iter().map(|cell| cell.misses as u64).collect()
        };
        let expected = misses(&text, 1);
        prop_assert_eq!(&misses(&binary, 2), &expected);
        prop_assert_eq!(expected[0], lru(&keys, capacity));
    }
}
