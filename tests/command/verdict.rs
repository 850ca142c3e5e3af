//! `herdlab verdict`, and the commands of real servers in a program without them.

use std::path::Path;

use crate::{TINY, stderr, stdout};

/// The command in a folder, with these arguments.
fn herdlab(folder: &Path, arguments: &str) -> assert_cmd::Command {
    let mut command = crate::herdlab();
    command.current_dir(folder).args(arguments.split(' '));
    command
}

#[test]
fn runs_are_held_against_single_simulated_ones() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    std::fs::write(folder.join("tiny.toml"), TINY).unwrap();
    // As slow again: nothing of it lies where a run of the first lies.
    std::fs::write(folder.join("slow.toml"), TINY.replace("5ms", "10ms")).unwrap();
    stdout(&mut herdlab(folder, "run tiny.toml -n 40 --out simulated --quiet"));
    stdout(&mut herdlab(folder, "run slow.toml -n 2 --out measured --quiet"));

    let predicted = stdout(&mut herdlab(folder, "verdict simulated"));
    assert!(predicted.contains("95 % of single runs") && !predicted.contains("outside"), "{predicted}");

    let shown = stdout(&mut herdlab(folder, "verdict simulated measured"));
    assert!(
        shown.contains("one more run of 40 simulated runs with 95 % probability, by the order"),
        "{shown}"
    );
    let json = stdout(&mut herdlab(folder, "verdict simulated measured --format json"));
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let row = |name: &str| {
        let rows = json["variants"][1]["measures"].as_array().unwrap();
        rows.iter().find(|row| row["measure"] == name).unwrap()
    };
    // Without a cache every request takes the time of a query.
    let median = row("latency.all.p50_ms");
    assert!(median["measured"][0]["distance"].as_f64().unwrap() > 4.0, "{median}");
    assert!((median["error_of_twins"].as_f64().unwrap() - 1.0).abs() < 0.02, "{median}");
    assert_eq!(row("db.qps.mean")["error_of_twins"], 0.0);
    // Of one run alone the same, without a twin where another run comes before it.
    let joined = stdout(&mut herdlab(folder, "verdict simulated measured measured --format json"));
    let joined: serde_json::Value = serde_json::from_str(&joined).unwrap();
    assert_eq!(joined["variants"][0]["measures"][0]["measured"].as_array().unwrap().len(), 4);
}

#[test]
fn what_is_no_prediction_is_refused_with_the_way_to_one() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    std::fs::write(folder.join("tiny.toml"), TINY).unwrap();
    std::fs::write(folder.join("other.toml"), TINY.replace("cache\"", "store\"")).unwrap();
    stdout(&mut herdlab(folder, "run tiny.toml -n 1 --out single --quiet"));
    stdout(&mut herdlab(folder, "run tiny.toml -n 2 --out simulated --quiet"));
    stdout(&mut herdlab(folder, "run other.toml -n 2 --out other --quiet"));
    for (arguments, expected) in [
        ("verdict single simulated", "--replications 40"),
        ("verdict simulated other", "no variant in common"),
        ("verdict nothing simulated", "nothing"),
        ("verdict tiny.toml simulated", "tiny.toml"),
    ] {
        let told = stderr(&mut herdlab(folder, arguments), 2);
        assert!(told.contains(expected), "{arguments}: {told}");
    }
}

#[cfg(not(feature = "live"))]
#[test]
fn a_program_without_clients_of_servers_names_the_one_that_has_them() {
    let folder = tempfile::tempdir().unwrap();
    for command in ["calibrate lookup --spawn", "live lookup --spawn"] {
        let told = stderr(&mut herdlab(folder.path(), command), 2);
        assert!(told.contains("--features live"), "{command}: {told}");
    }
}
