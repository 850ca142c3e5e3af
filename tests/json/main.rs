//! Every output for programs against its schema: what is written is in the schema, and what is in the schema is written.

mod cover;
#[path = "../support/program.rs"]
mod program;
mod systems;

use std::path::Path;

use cover::Cover;
use herdlab::record::{LiveRecord, Record};
use herdlab::report::interface::Interface;
use program::{herdlab, told};
use serde_json::Value;
use systems::{LONG, PLAIN, POOL, RICH, ROOM, SEARCH, SWEPT, TIPPING, UNKNOWN};

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

/// What a command prints with `--format json`, in a folder; a broken threshold and the like are results.
#[track_caller]
fn printed(folder: &Path, command: &str) -> Value {
    let output = herdlab(folder, &[&words(command)[..], &["--format", "json"]].concat());
    assert!(matches!(output.status.code(), Some(0 | 98 | 99)), "{command}: {}", told(&output));
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{command}: {error}"))
}

/// Words between blanks; quotes keep a word together.
fn words(command: &str) -> Vec<&str> {
    let parts = command.split('\'').enumerate();
    parts
        .flat_map(|(at, part)| if at % 2 == 1 { vec![part] } else { part.split(' ').collect() })
        .filter(|word| !word.is_empty())
        .collect()
}

fn read(folder: &Path, file: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(folder.join(file)).unwrap()).unwrap()
}

/// The file after a change of one place.
fn with(text: &str, old: &str, new: &str) -> String {
    assert_eq!(text.matches(old).count(), 1, "{old}");
    text.replace(old, new)
}

#[test]
fn the_schemas_are_printed() {
    let folder = folder(&[]);
    for interface in Interface::ALL {
        let output = herdlab(folder.path(), &["schema", interface.name()]);
        assert_eq!(String::from_utf8(output.stdout).unwrap(), interface.schema());
    }
    let refused = told(&herdlab(folder.path(), &["schema", "walk"]));
    assert!(refused.contains("[possible values: scenario, run, "), "{refused}");
}

/// The record as it is where real servers were measured, which tests/live does.
fn measured(results: Value) -> Value {
    let mut record: Record = serde_json::from_value(results).unwrap();
    record.scenario.live = Some(LiveRecord {
        redis: Some("7.0.15".to_owned()),
        postgres: "15.18".to_owned(),
        own_servers: true,
        plain_queries: false,
        lateness_p99_ms: vec![0.08],
        query_ms: vec![[0.15, 0.0]],
        notes: vec!["PostgreSQL runs without fsync: commits do not wait for the disk".to_owned()],
    });
    serde_json::to_value(record).unwrap()
}

#[test]
fn a_run_and_its_record() {
    let folder = folder(&[
        ("rich.toml", RICH),
        ("after.toml", &with(RICH, "ttl = \"4s\"", "ttl = \"2s\"")),
        ("plain.toml", PLAIN),
        ("long.toml", LONG),
        ("tipping.toml", TIPPING),
    ]);
    let folder = folder.path();
    let (mut run, mut results) = (Cover::of(Interface::Run), Cover::of(Interface::Results));
    for command in [
        "run rich.toml --worlds 8x2 --why --out rich",
        "run plain.toml --out plain",
        "run long.toml --why --out long",
        "run tipping.toml --out tipping",
        "diff rich.toml after.toml --replications 2 --out diff",
    ] {
        run.take(&printed(folder, command));
        results.take(&read(folder, &format!("{}/results.json", words(command).last().unwrap())));
    }
    let strategies =
        "compare-strategies long.toml --duration 2s --replications 2 --report strategies --quiet";
    assert!(herdlab(folder, &words(strategies)).status.success());
    results.take(&read(folder, "strategies/results.json"));
    results.take(&measured(read(folder, "plain/results.json")));
    run.assert_whole(&[]);
    results.assert_whole(&[]);

    let mut differences = Cover::of(Interface::Differences);
    let found = printed(folder, "diff rich.toml after.toml --no-run");
    assert_eq!(found["differences"][0]["words"], "tier.l2.ttl: from 4s to 2s");
    differences.take(&found);
    differences.take(&printed(folder, "diff plain.toml plain.toml"));
    differences.assert_whole(&[]);

    let mut compare = Cover::of(Interface::Compare);
    compare.take(&printed(folder, "compare plain plain"));
    let run = "run rich.toml --seed 2 --worlds 0 --why --out again --quiet";
    assert_eq!(herdlab(folder, &words(run)).status.code(), Some(99));
    compare.take(&printed(folder, "compare rich again --why --fail-on-regression 1"));
    compare.assert_whole(&[]);
}

#[test]
fn a_sweep() {
    // Where the rate is 345, the database tips over in some of the runs.
    let tipping = with(TIPPING, "name = \"tipping\"", "name = \"tipping sweep\"") + systems::PINNED_RATE;
    let folder = folder(&[("swept.toml", SWEPT), ("tipping.toml", &tipping)]);
    let mut sweep = Cover::of(Interface::Sweep);
    let found = printed(folder.path(), "sweep swept.toml --out swept");
    assert_eq!(found, read(folder.path(), "swept/sweep.json"));
    sweep.take(&found);
    let axis = "sweep tipping.toml --sweep workload.arrivals.poisson.rate=345,300";
    sweep.take(&printed(folder.path(), axis));
    sweep.assert_whole(&[]);
}

#[test]
fn a_recommendation() {
    let folder = folder(&[("search.toml", SEARCH)]);
    let mut recommend = Cover::of(Interface::Recommend);
    recommend.take(&printed(folder.path(), "recommend search.toml"));
    recommend.take(&printed(
        folder.path(),
        "recommend search.toml --set 'workload.arrivals.poisson.rate={low=150,high=250}' --replications 16",
    ));
    recommend.assert_whole(&[]);
}

#[test]
fn a_headroom() {
    let folder = folder(&[("pool.toml", POOL), ("room.toml", ROOM)]);
    let mut headroom = Cover::of(Interface::Headroom);
    let knobs = "headroom pool.toml --knob database.pool=1..8 --knob workload.arrivals.constant.rate=50,100 --out pool";
    let found = printed(folder.path(), knobs);
    assert_eq!(found, read(folder.path(), "pool/headroom.json"));
    headroom.take(&found);
    headroom.take(&printed(folder.path(), "headroom room.toml --limit 'latency.all.p99_ms <= 1000000'"));
    // A signal in the middle of a search, and a knob that is refused halfway: tests/headroom.rs and the tests of the search.
    headroom.assert_whole(&[
        "#/$defs/End/oneOf/4/properties/impossible",
        "#/$defs/ResultRecord/oneOf/1/properties/impossible",
        "#/properties/interrupted",
    ]);
}

#[test]
fn a_fit() {
    let likely = with(UNKNOWN, "exponent = 0.9", "exponent = { low = 0.3, high = 1.5, likely = 0.9 }");
    let likely = with(&likely, "hit_ratio = { value = 0.6, spread = 0.01 }", "hit_ratio = 0.6\ndb_qps = 300");
    let folder = folder(&[("unknown.toml", UNKNOWN), ("likely.toml", &likely)]);
    let mut fit = Cover::of(Interface::Fit);
    let unknowns = "--unknown workload.popularity.zipf.exponent=0.3..1.5 --unknown workload.keys=100..10000";
    fit.take(&printed(folder.path(), &format!("fit unknown.toml {unknowns}")));
    fit.take(&printed(folder.path(), "fit likely.toml"));
    fit.assert_whole(&[]);
}

#[test]
fn a_trace() {
    let row = |at: u64| {
        let key = at.wrapping_mul(7_919) % if at.is_multiple_of(3) { 2_003 } else { 97 };
        let is_set = at.is_multiple_of(10);
        let (late, operation) = (u64::from(at % 977 == 976), if is_set { "set" } else { "get" });
        let ttl = if is_set { 60 } else { 0 };
        format!("{},key{key},5,{},{},{operation},{ttl}\n", at / 40 - late, 100 + key, at % 7)
    };
    let rows: String = (0..9_000).map(row).collect();
    let sizes: String = (0..3_000_u64).map(|at| format!("k{},{}\n", at * at % 97, 100 + at % 50)).collect();
    let folder = folder(&[
        ("twitter.csv", &rows),
        ("instant.csv", "time,key\n5,a\n5,b\n5,a\n"),
        ("sizes.csv", &format!("key,size\n{sizes}")),
    ]);
    let mut trace = Cover::of(Interface::Trace);
    trace.take(&printed(folder.path(), "trace info twitter.csv --input twitter"));
    trace.take(&printed(folder.path(), "trace info instant.csv --unit s"));
    trace.assert_whole(&[]);

    let mut mrc = Cover::of(Interface::Mrc);
    let bytes = "mrc twitter.csv --input twitter --bytes --capacity 10%,50% --policy lru --ttl 20s --for 60% --operations reads";
    mrc.take(&printed(folder.path(), &format!("{bytes} --price-gb-month 15 --out bytes")));
    let objects = "mrc sizes.csv --size size --capacity 20 --policy lru,belady --for 60% --price-gb-month 15 --out objects";
    mrc.take(&printed(folder.path(), objects));
    mrc.take(&printed(folder.path(), "mrc sizes.csv --capacity 20 --policy lru --sample 50% --out sample"));
    mrc.assert_whole(&[]);
}

#[test]
fn a_verdict() {
    let variants = "\n[[variant]]\nname = \"fast\"\n\n[[variant]]\nname = \"slow\"\nset = { \"database.read\" = \"20ms\" }\n";
    let plain =
        with(PLAIN, "name = \"plain\"", "name = \"plain\"\nheadline = [\"latency.all.p99_ms\"]") + variants;
    let folder = folder(&[("plain.toml", &plain), ("tipping.toml", TIPPING)]);
    let folder = folder.path();
    for command in ["run plain.toml --out plain", "run tipping.toml --out tipping"] {
        printed(folder, command);
    }
    // As if the variants had been measured the other way round.
    let mut other = read(folder, "plain/results.json");
    for (index, name) in ["slow", "fast"].into_iter().enumerate() {
        other["variants"][index]["name"] = name.into();
    }
    std::fs::write(folder.join("other.json"), other.to_string()).unwrap();
    let mut verdict = Cover::of(Interface::Verdict);
    let found = printed(folder, "verdict plain other.json");
    assert_eq!(found["orders"][0]["wrong"][0]["lower"], "fast");
    verdict.take(&found);
    for command in ["verdict tipping tipping", "verdict plain"] {
        verdict.take(&printed(folder, command));
    }
    // Of a run on real servers alone, `herdlab live --against-model`.
    verdict.assert_whole(&["#/$defs/Judged/properties/bounds"]);
}

/// The page names every output, with its version and its source.
#[test]
fn the_page_lists_the_outputs() {
    let page = include_str!("../../docs/json.md");
    for interface in Interface::ALL {
        let commands = interface.written_by().split(", ").map(|command| match command.split_once(" in ") {
            Some((file, place)) => format!("`{file}` in {place}"),
            None => format!("`{command}`"),
        });
        let row = format!(
            "| [`{name}`](json/{name}.schema.json) | {} | {} |",
            interface.version(),
            commands.collect::<Vec<_>>().join(", "),
            name = interface.name()
        );
        assert!(page.contains(&row), "docs/json.md lacks\n{row}");
    }
    // The Python package reads the same versions.
    let package = include_str!("../../python/herdlab/_program.py");
    for interface in Interface::ALL.into_iter().filter(|one| *one != Interface::Differences) {
        let entry = format!("\"{}\": {},", interface.name(), interface.version());
        assert!(package.contains(&entry), "python/herdlab/_program.py lacks {entry}");
    }
}
