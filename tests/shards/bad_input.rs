//! What does not belong together is named, nothing is half-written, and what is good stays usable.

use std::fs;
use std::path::Path;

use crate::{TINY, ends, folder, report, same, shards};

/// Changes the header of a journal, with a checksum that is right.
fn rewrite(path: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(path).unwrap();
    let (first, rest) = text.split_once('\n').unwrap();
    let covered = first[20..].replace(from, to);
    assert_ne!(covered, first[20..], "{first}");
    let sum = crc32fast::hash(covered.as_bytes());
    fs::write(path, format!("{{\"crc32\":\"{sum:08x}\",{covered}\n{rest}")).unwrap();
}

#[test]
fn journals_of_something_else_are_named() {
    let folder = folder(TINY);
    let at = |name: &str| folder.path().join(name);
    shards(folder.path(), "run tiny.toml -n 2 --out parts", 2, 0..2);
    for (option, words) in [
        ("--seed 9", "seed 9"),
        ("--set tier.l2.ttl=9s", "--set=tier.l2.ttl=9s"),
        ("-n 3", "--replications=3"),
    ] {
        let other = format!("run tiny.toml -n 2 {option} --out other --shard 1/2 --quiet --force");
        ends(folder.path(), &other.replace("-n 2 -n 3", "-n 3"), 0);
        let told = ends(folder.path(), "merge parts/shard-0-of-2.jsonl other --out merged", 2);
        assert!(told.contains("other/shard-1-of-2.jsonl is of ") && told.contains(words), "{told}");
    }
    assert!(!at("merged").exists());
    // A part does not go on in the journal of another one either.
    let told = ends(folder.path(), "run tiny.toml -n 2 --seed 9 --out parts --shard 0/2", 2);
    assert!(told.contains("shard-0-of-2.jsonl is of seed") && told.contains("seed 9"), "{told}");
    // The scenario has changed since.
    fs::write(at("tiny.toml"), TINY.replace("ttl = \"1s\"", "ttl = \"3s\"")).unwrap();
    let told = ends(folder.path(), "merge parts --out merged", 2);
    assert!(told.contains("tiny.toml is digest") && told.contains("the journals are of digest"), "{told}");
    fs::write(at("tiny.toml"), TINY).unwrap();
    // Another version: not among the shards, but it may merge what another one has simulated.
    rewrite(&at("parts/shard-1-of-2.jsonl"), env!("CARGO_PKG_VERSION"), "0.0.9");
    assert!(ends(folder.path(), "merge parts --out merged", 2).contains("herdlab 0.0.9"));
    rewrite(&at("parts/shard-0-of-2.jsonl"), env!("CARGO_PKG_VERSION"), "0.0.9");
    ends(folder.path(), "merge parts --out merged --quiet", 0);
    let record: serde_json::Value =
        serde_json::from_slice(&fs::read(at("merged/results.json")).unwrap()).unwrap();
    assert_eq!(record["herdlab"], "0.0.9");
    rewrite(&at("parts/shard-1-of-2.jsonl"), "\"journal\":1", "\"journal\":2");
    rewrite(&at("parts/shard-0-of-2.jsonl"), "\"journal\":1", "\"journal\":2");
    assert!(ends(folder.path(), "merge parts --out merged", 2).contains("schema 2"));
    fs::create_dir(at("foreign")).unwrap();
    fs::write(at("foreign/shard-1-of-2.jsonl"), "a,b\n1,2\n").unwrap();
    assert!(ends(folder.path(), "merge foreign --out merged", 2).contains("is no journal of herdlab"));
    fs::create_dir(at("empty")).unwrap();
    assert!(ends(folder.path(), "merge empty", 2).contains("no journal of a shard in empty"));
    assert!(ends(folder.path(), "merge nowhere", 2).contains("cannot read the folder nowhere"));
}

#[test]
fn two_results_of_one_part_are_double_and_a_damaged_one_is_missing() {
    let folder = folder(TINY);
    let at = |name: &str| folder.path().join(name);
    shards(folder.path(), "sweep tiny.toml --out parts --static", 2, 0..2);
    ends(folder.path(), "sweep tiny.toml --out one --static --quiet", 0);
    // The same results once more are no harm.
    fs::create_dir(at("copy")).unwrap();
    let journal = fs::read_to_string(at("parts/shard-1-of-2.jsonl")).unwrap();
    fs::write(at("copy/shard-1-of-2.jsonl"), &journal).unwrap();
    ends(folder.path(), "merge copy parts --out merged --quiet", 0);
    same(folder.path(), "one", "merged");
    // Other results are: a byte of a value, with a checksum that is right.
    let mut lines: Vec<String> = journal.lines().map(str::to_owned).collect();
    let place = lines.iter().position(|line| line.contains("\"kind\":\"measures\"")).unwrap();
    let covered = lines[place][20..].replacen("\"values\":[", "\"values\":[1", 1);
    lines[place] = format!("{{\"crc32\":\"{:08x}\",{covered}", crc32fast::hash(covered.as_bytes()));
    fs::write(at("copy/shard-1-of-2.jsonl"), lines.join("\n") + "\n").unwrap();
    let told = ends(folder.path(), "merge copy parts --out other", 3);
    assert!(told.contains("double: copy/shard-1-of-2.jsonl and parts/shard-1-of-2.jsonl"), "{told}");
    assert!(!at("other").exists());
    // A damaged line is a missing cell, and the part computes it again.
    fs::write(at("parts/shard-1-of-2.jsonl"), journal.replacen("\"values\":[", "\"values\":[1", 1)).unwrap();
    let told = ends(folder.path(), "merge parts --out other", 3);
    assert!(told.contains("shard 1") && told.contains("is cut short or damaged"), "{told}");
    shards(folder.path(), "sweep tiny.toml --out parts --static", 2, [1].into_iter());
    ends(folder.path(), "merge parts --out other --quiet", 0);
    same(folder.path(), "one", "other");
}

#[test]
fn options_that_make_no_sense_for_a_part_are_named() {
    let folder = folder(TINY);
    let refused = |line: &str, words: &str| {
        let told = ends(folder.path(), line, 2);
        assert!(told.contains(words), "{told}");
    };
    refused("run tiny.toml --shard 0/2 --resume", "--shard and --resume");
    refused("run tiny.toml --shard 0/2 --watch", "--shard and --watch");
    refused("run tiny.toml --shard 0/2 --junit x.xml", "merge --junit FILE");
    refused("run tiny.toml --shard 0/2 --fit 2m", "--worlds N");
    refused("sweep tiny.toml --shard 2/2", "from 0 to 1");
    refused("sweep tiny.toml --shard 1of2", "expected I/N");
    // A report of something else is not joined by journals.
    ends(folder.path(), "run tiny.toml -n 2 --seed 4 --out done --quiet", 0);
    refused("run tiny.toml -n 2 --out done --shard 0/2", "holds the report of another");
}

/// A small disk that fills up while a part is running; what is on it then is gone on from.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_named_and_what_is_good_stays_usable() {
    let folder = folder(TINY);
    ends(folder.path(), "sweep tiny.toml --out one --static --quiet", 0);
    fs::create_dir(folder.path().join("small")).unwrap();
    let program = env!("CARGO_BIN_EXE_herdlab");
    let script = format!(
        "mount -t tmpfs -o size=20k none small && {{ {program} sweep tiny.toml --shard 0/1 --out small --static --quiet; \
         echo code $? >&2; cp -r small kept; }}"
    );
    let output = std::process::Command::new("unshare")
        .args(["--map-root-user", "--mount", "sh", "-c", &script])
        .current_dir(folder.path())
        .output();
    let told = output.map(|output| String::from_utf8_lossy(&output.stderr).into_owned()).unwrap_or_default();
    if !told.contains("code") {
        eprintln!("not tried: this machine gives no name space for a small disk");
        return;
    }
    assert!(told.contains("cannot keep a finished simulation in small/shard-0-of-1.jsonl"), "{told}");
    assert!(told.contains("No space left") && told.contains("code 1"), "{told}");
    assert!(report(&folder.path().join("kept")).is_empty());
    let again = ends(folder.path(), "sweep tiny.toml --shard 0/1 --out kept --static", 0);
    assert!(again.contains("of them before"), "{again}");
    ends(folder.path(), "merge kept --quiet", 0);
    same(folder.path(), "one", "kept");
}
