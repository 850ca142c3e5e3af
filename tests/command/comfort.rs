//! What makes the command pleasant: schema, completions, manual, explanations.

use crate::{herdlab, stderr, stdout};

#[test]
fn the_schema_that_is_printed_is_the_one_in_docs() {
    assert_eq!(stdout(herdlab().arg("schema")), include_str!("../../docs/scenario.schema.json"));
}

#[test]
fn init_leaves_a_file_that_finds_the_schema_beside_it() {
    let text = stdout(herdlab().args(["init", "lookup"]));
    assert!(text.starts_with("#:schema ./herdlab.schema.json\n# Lookup"), "{text}");
    assert!(stderr(herdlab().args(["init", "lookup"]), 0).contains("herdlab schema > herdlab.schema.json"));
}

#[test]
fn completions_know_every_command_and_option() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let text = stdout(herdlab().args(["completions", shell]));
        for word in ["compare-strategies", "replications", "explain", "deny-lints"] {
            assert!(text.contains(word), "{shell}: {word}");
        }
    }
    assert!(stderr(herdlab().args(["completions", "tcsh"]), 2).contains("possible values: bash"));
}

#[test]
fn bash_takes_its_completions() {
    let script = stdout(herdlab().args(["completions", "bash"]));
    // The words that bash offers after `herdlab comp`.
    let ask = format!(
        "{script}\nCOMP_WORDS=(herdlab comp); COMP_CWORD=1; _herdlab herdlab comp herdlab; echo \"${{COMPREPLY[@]}}\""
    );
    let Ok(output) = std::process::Command::new("bash").args(["-c", &ask]).output() else { return };
    let offered = String::from_utf8(output.stdout).unwrap();
    assert!(offered.contains("compare-strategies") && offered.contains("completions"), "{offered}");
}

#[test]
fn a_manual_page_for_the_command_and_for_each_of_its_own() {
    let page = stdout(herdlab().arg("man"));
    assert!(page.contains(".TH herdlab 1") && page.contains("herdlab\\-run(1)"), "{page}");
    let folder = tempfile::tempdir().unwrap();
    stdout(herdlab().args(["man", "--out"]).arg(folder.path()));
    let run = std::fs::read_to_string(folder.path().join("herdlab-run.1")).unwrap();
    assert!(run.contains("\\-\\-replications") && run.contains("Set a value of the scenario"), "{run}");
    assert!(folder.path().join("herdlab.1").is_file() && folder.path().join("herdlab-explain.1").is_file());
    let taken = folder.path().join("herdlab.1").join("deeper");
    assert!(stderr(herdlab().args(["man", "--out"]).arg(taken), 2).contains("cannot write to the folder"));
}

#[test]
fn a_measure_is_explained_with_unit_direction_and_computation() {
    let text = stdout(herdlab().args(["explain", "tier.l2.wire.bytes_per_s"]));
    for part in [
        "tier.l2.wire.bytes_per_s: the measure tier.<tier>.wire.bytes_per_s",
        "bytes/s",
        "lower is better",
        "Of each command that the server served",
        "docs/measures.md",
        "docs/model.md: 4. A tier",
    ] {
        assert!(text.contains(part), "{part} is missing from:\n{text}");
    }
    assert!(stdout(herdlab().args(["explain", "latency.all.p99_ms"])).contains("nearest-rank"));
}

#[test]
fn a_lint_is_explained_with_its_way_out() {
    let text = stdout(herdlab().args(["explain", "jitter-single-key"]));
    for part in ["a lint", "Jitter spreads the expiry", "Add coalescing", "allow = [\"jitter-single-key\"]"] {
        assert!(text.contains(part), "{part} is missing from:\n{text}");
    }
}

#[test]
fn a_word_without_an_entry_is_translated_and_searched() {
    let shown = |word: &str| stdout(herdlab().args(["explain", word]));
    let stampede = shown("stampede");
    for part in ["stampede: a word of the trade", "`coalescing = \"singleflight\"`", "measure  stampede.max "]
    {
        assert!(stampede.contains(part), "{part} is missing from:\n{stampede}");
    }
    assert!(shown("memory").contains("`capacity = \"64MB\"` in [[tier]] (tier.NAME.capacity)"));
    // An option of its own, and the measure beside it.
    let p99 = shown("p99");
    assert!(p99.contains("observed.p99: an option") && p99.contains("latency.all.p99_ms: 99th"), "{p99}");
    let searched = shown("eviction rate");
    assert!(searched.contains("measure  evictions.rate"), "{searched}");
    assert!(searched.lines().count() <= 13, "{searched}");
}

/// The tables too: a sentence, and the fields that they have.
#[test]
fn every_table_of_the_file_is_explained_with_its_fields() {
    for table in [
        "answer",
        "class",
        "clients",
        "event",
        "invalidation",
        "limiter",
        "measure",
        "observed",
        "practice",
        "recommend",
        "sweep",
        "threshold",
        "tier",
        "variant",
        "writes",
        "database",
        "workload",
    ] {
        let text = stdout(herdlab().args(["explain", table]));
        assert!(text.contains("meaning     ") && text.contains("table with "), "{text}");
        assert!(!text.contains("see the meaning"), "{text}");
    }
}

#[test]
fn an_option_is_explained_with_type_default_and_meaning() {
    let text = stdout(herdlab().args(["explain", "tier.l2.negative_ttl"]));
    for part in [
        "tier.negative_ttl: an option of [tier]",
        "a duration above zero",
        "or \"none\"",
        "no such row",
        "--set tier.NAME.negative_ttl=VALUE",
    ] {
        assert!(text.contains(part), "{part} is missing from:\n{text}");
    }
    let several = stdout(herdlab().args(["explain", "write_share", "xfetch"]));
    assert!(several.contains("workload.write_share") && several.contains("class.write_share"), "{several}");
    assert!(several.contains("Vattani"), "{several}");
}

#[test]
fn explain_alone_lists_everything_and_an_unknown_word_names_the_nearest() {
    let all = stdout(herdlab().arg("explain"));
    for name in [
        "\n  hit_ratio ",
        "\n  no-ttl ",
        "\n  tier.refresh.xfetch.beta ",
        "\n  database.retries.budget.ratio ",
    ] {
        assert!(all.contains(name), "{name} is missing from:\n{all}");
    }
    assert!(all.lines().all(|line| line.chars().count() <= 160), "{all}");
    let unknown = stderr(herdlab().args(["explain", "db.qps.peek"]), 2);
    assert!(unknown.contains("did you mean `db.qps.peak`?"), "{unknown}");
    assert!(
        stderr(herdlab().args(["explain", "quite-another-thing"]), 2)
            .contains("`herdlab explain` alone lists")
    );
}

/// `p99` names an option of `[observed]`, but whoever asks for it means the measures.
#[test]
fn a_word_for_a_result_is_answered_by_its_measures_first() {
    let shown = |word: &str| stdout(herdlab().args(["explain", word]));
    for (word, measure) in
        [("p50", "latency.all.p50_ms"), ("p95", "latency.all.p95_ms"), ("p99", "latency.all.p99_ms")]
    {
        let text = shown(word);
        let first = text.lines().nth(1).unwrap();
        assert!(first.starts_with("  measure") && first.contains(measure), "{text}");
        assert!(text.contains("an option of [observed]"), "{text}");
    }
    let ttl = shown("ttl");
    assert!(ttl.find("tier.ttl: an option of [tier]") < ttl.find("see also"), "{ttl}");
}

/// A program of the name that Linux desktops open files by, which notes the file it was given.
#[cfg(target_os = "linux")]
#[test]
fn a_page_is_opened_where_that_is_asked_for() {
    use std::os::unix::fs::PermissionsExt;
    use std::time::{Duration, Instant};

    let (folder, mut command) = crate::tiny();
    let bin = folder.path().join("bin");
    let (opener, noted) = (bin.join("xdg-open"), folder.path().join("opened"));
    std::fs::create_dir(&bin).unwrap();
    std::fs::write(
        &opener,
        format!("#!/bin/sh\nprintf %s \"$1\" > {0}.part && mv {0}.part {0}\n", noted.display()),
    )
    .unwrap();
    std::fs::set_permissions(&opener, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/bin:/bin", bin.display());
    command.env("PATH", path).args(["run", "tiny.toml", "-n", "2", "--open"]).assert().success();
    let begun = Instant::now();
    while !noted.exists() {
        assert!(begun.elapsed() < Duration::from_secs(60), "no program was started");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(std::fs::read_to_string(noted).unwrap(), "reports/tiny/index.html");

    let (_folder, mut command) = crate::tiny();
    let without = command.env("PATH", "/nonexistent").args(["run", "tiny.toml", "-n", "2", "--open"]);
    let told = stderr(without, 0);
    assert!(told.contains("note: --open: no program to show reports/tiny/index.html"), "{told}");
    let told = stderr(herdlab().args(["compare", "lookup", "stampede", "--open"]), 2);
    assert!(told.contains("--open is about a report") && told.contains("--report DIR writes one"), "{told}");
}
