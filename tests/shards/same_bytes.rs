//! One round: `run`, `sweep` and worlds.

use std::process::Stdio;
use std::time::Duration;

use crate::{TINY, VARIABLES, command, ends, folder, report, same, shards, told};

/// Any number of parts, in any order, against one process.
fn check(scenario: &str, line: &str) {
    let folder = folder(scenario);
    let one = command(folder.path(), &format!("{line} --out one --format csv --static")).output().unwrap();
    assert!(one.status.success(), "{}", told(&one));
    for (of, order) in [(1, vec![0]), (2, vec![1, 0]), (3, vec![2, 0, 1]), (7, vec![3, 6, 0, 5, 1, 4, 2])] {
        let out = format!("parts-{of}");
        shards(folder.path(), &format!("{line} --static --out {out}"), of, order.into_iter());
        let merged = command(folder.path(), &format!("merge {out} --format csv")).output().unwrap();
        assert!(merged.status.success(), "{}", told(&merged));
        assert!(merged.stdout == one.stdout, "standard output differs");
        same(folder.path(), "one", &out);
    }
}

#[test]
fn a_sweep() {
    check(TINY, "sweep tiny.toml");
}

#[test]
fn a_run() {
    check(TINY, "run tiny.toml -n 6 --set tier.l2.ttl=3s --why");
}

#[test]
fn worlds() {
    let uncertain = TINY.replace("rate = 100", "rate = { about = 100, within = \"20%\" }");
    check(&uncertain, "run tiny.toml -n 2 --worlds 8x2");
}

/// Each on a machine of its own, which leaves its journal in a folder of its own.
#[test]
fn folders_and_files_are_gathered() {
    let folder = folder(TINY);
    ends(folder.path(), "sweep tiny.toml --out one --quiet --static", 0);
    for index in 0..3 {
        ends(
            folder.path(),
            &format!("sweep tiny.toml --static --quiet --shard {index}/3 --out here/{index}"),
            0,
        );
    }
    let told = ends(folder.path(), "merge here/2 here/0/shard-0-of-3.jsonl here/1 --out merged", 0);
    assert!(told.contains("3 journals"), "{told}");
    same(folder.path(), "one", "merged");
}

/// Killed at some moments and run again, a part changes nothing.
#[test]
fn a_part_that_dies_and_runs_again_changes_nothing() {
    let folder = folder(TINY);
    let line = "sweep tiny.toml --duration 60s --static";
    ends(folder.path(), &format!("{line} --out one --quiet"), 0);
    shards(folder.path(), &format!("{line} --out parts"), 2, [0].into_iter());
    let part = format!("{line} --out parts --shard 1/2 --threads 1");
    let journal = folder.path().join("parts/shard-1-of-2.jsonl");
    for kill in 1..6 {
        let mut child =
            command(folder.path(), &part).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let lines =
            || std::fs::read(&journal).unwrap_or_default().iter().filter(|byte| **byte == b'\n').count();
        while lines() < 2 + 3 * kill && child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(1));
        }
        let _ = child.kill();
        child.wait().unwrap();
    }
    let missing = ends(folder.path(), "merge parts --out merged", 3);
    assert!(missing.contains("shard 1: parts/shard-1-of-2.jsonl has"), "{missing}");
    let again = ends(folder.path(), &part, 0);
    assert!(again.contains("of them before"), "{again}");
    ends(folder.path(), "merge parts --out merged --quiet", 0);
    same(folder.path(), "one", "merged");
}

#[test]
fn what_is_finished_can_be_reported_while_parts_are_running() {
    let folder = folder(TINY);
    shards(folder.path(), "sweep tiny.toml --out parts --static", 3, [0, 2].into_iter());
    assert!(ends(folder.path(), "merge parts", 3).contains("missing: shard 1: there is no journal of it"));
    assert!(report(&folder.path().join("parts")).is_empty(), "nothing is written");
    // A third of the replications of each cell is missing.
    assert!(ends(folder.path(), "merge parts --partial", 3).contains("nothing can be reported yet"));
    shards(folder.path(), "run tiny.toml -n 9 --out runs --static", 3, [0, 1].into_iter());
    let told = ends(folder.path(), "merge runs --partial", 0);
    assert!(told.contains("partial: 2 of 9 replications are finished"), "{told}");
    let text = std::fs::read_to_string(folder.path().join("runs/results.json")).unwrap();
    let record: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(record["scenario"]["finished"], 2);
    // The whole report takes its place.
    shards(folder.path(), "run tiny.toml -n 9 --out runs --static", 3, [2].into_iter());
    ends(folder.path(), "merge runs --quiet", 0);
    ends(folder.path(), "run tiny.toml -n 9 --out one --static --quiet", 0);
    same(folder.path(), "one", "runs");
}

#[test]
fn the_index_of_the_engine_is_taken_where_it_is_asked_for_and_nowhere_else() {
    let folder = folder(TINY);
    let auto = |variables: &[(&str, &str)]| {
        let mut command = command(folder.path(), "run tiny.toml -n 1 --out parts --quiet --shard auto/3");
        let output = command.envs(variables.iter().copied()).output().unwrap();
        (output.status.code(), told(&output))
    };
    let slurm =
        [("SLURM_ARRAY_TASK_ID", "5"), ("SLURM_ARRAY_TASK_MIN", "5"), ("SLURM_ARRAY_TASK_COUNT", "3")];
    for (variables, index) in
        [(&slurm[..], 0), (&[("JOB_COMPLETION_INDEX", "1")], 1), (&[("PARALLEL_SEQ", "3")], 2)]
    {
        assert_eq!(auto(variables).0, Some(0));
        assert!(folder.path().join(format!("parts/shard-{index}-of-3.jsonl")).exists());
    }
    let (code, told_to) = auto(&[]);
    assert!(code == Some(2) && told_to.contains("no engine has set an index"), "{told_to}");
    // Without --shard, and with an index that is written, what they hold is nothing.
    for line in ["run tiny.toml -n 1 --out whole --quiet", "run tiny.toml -n 1 --out two --quiet --shard 1/2"]
    {
        let mut command = command(folder.path(), line);
        let output = command.envs(VARIABLES.map(|name| (name, "nonsense"))).output().unwrap();
        assert!(output.status.success(), "{}", told(&output));
    }
    assert!(folder.path().join("whole/index.html").exists());
}
