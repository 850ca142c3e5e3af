//! The report of two constructed records.

use super::*;
use crate::record::fixture::stampede;

/// Another setting of the file, more errors, and one variant less.
fn changed() -> Record {
    let mut after = stampede(3);
    after.variants.remove(1);
    after.scenario.source.push_str("[database]\nread = \"9ms\"\n");
    let errors = after.variants[0].measures.iter_mut().find(|measure| measure.name == "error.ratio").unwrap();
    errors.values.iter_mut().flatten().for_each(|value| *value += 0.05);
    after
}

fn written(charts: Charts) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let (before, after) = (stampede(2), changed());
    let sides = [Side { label: "main~1", record: &before }, Side { label: "main", record: &after }];
    write_all(&sides, "herdlab compare --revisions main~1,main x.toml", dir.path(), charts).unwrap();
    dir
}

fn read(dir: &Path, name: &str) -> String {
    std::fs::read_to_string(dir.join(name)).unwrap()
}

#[test]
fn the_page_leads_with_the_change_and_its_review() {
    let dir = written(Charts::Interactive);
    let page = read(dir.path(), "index.html");
    for text in [
        "<h1>main against main~1</h1>",
        "main against main~1: ttl only: not safe.",
        "<li>database.read: from not set to 9ms</li>",
        "Only in main~1, not drawn: jitter.",
        "<h2>Review of main by itself</h2>",
        ">herdlab compare --revisions main~1,main x.toml</pre>",
        "\"over\":\"main~1\"",
    ] {
        assert!(page.contains(text), "{text}");
    }
    let markdown = read(dir.path(), "comparison.md");
    assert!(markdown.starts_with("## main against main~1: ttl only: not safe.\n"), "{markdown}");
    assert!(markdown.contains("\n- database.read: from not set to 9ms\n"), "{markdown}");
    assert!(markdown.contains("![Database load over time](charts/database-load.png)"), "{markdown}");
}

#[test]
fn a_report_drawn_again_from_its_record_is_the_same() {
    let (dir, again) = (written(Charts::Static), tempfile::tempdir().unwrap());
    let text = read(dir.path(), "comparison.json");
    assert!(is_record(&text) && !super::super::sweep::is_record(&text));
    redraw(&text, &dir.path().join("comparison.json"), again.path(), Charts::Static).unwrap();
    for name in ["index.html", "comparison.md", "comparison.csv", "charts/database-load.svg"] {
        assert!(read(dir.path(), name) == read(again.path(), name), "{name}");
    }
}

#[test]
fn a_damaged_record_is_named_with_its_run() {
    let dir = written(Charts::Static);
    let text = read(dir.path(), "comparison.json");
    let refused = |text: &str| parse(text, Path::new("x/comparison.json")).unwrap_err().to_string();
    let newer = refused(&text.replacen("\"schema\": 1", "\"schema\": 9", 1));
    assert!(newer.contains("has schema 9; this herdlab reads schema 1"), "{newer}");
    let inner = refused(&text.replacen("\"schema\": 2", "\"schema\": 7", 1));
    assert!(inner.contains("main~1: schema 7; this herdlab reads schemas 1 to 2"), "{inner}");
    let mut alone: ComparedRecord = serde_json::from_str(&text).unwrap();
    alone.compared.truncate(1);
    assert!(refused(&json::encode(&alone).unwrap()).contains("fewer than two runs"));
}
