//! Words, tables, charts and the page of records that are made by hand.

use super::chart::{pictures, ranked};
use super::rows::{Candidates, Class};
use super::table::{markdown, page};
use super::*;
use crate::experiment::comparison::Verdict;
use crate::experiment::recommend::record::{OwnSettings, SettingRecord};
use crate::experiment::recommend::schedule::Rung;
use crate::experiment::sweep::record::{AxisRecord, AxisValueRecord, SweptScenario};
use crate::model::{Bound, Direction, Objective, Threshold};
use crate::record::MeasureRecord;
use crate::record::fixture::{measure, record_of};
use crate::report::Kind;

const P95: &str = "latency.all.p95_ms";
const AGE: &str = "stale.age.p99_s";

/// Six values around a mean; every other candidate has them the other way round, so that differences vary.
const AROUND: [f64; 6] = [-0.25, -0.15, -0.05, 0.05, 0.15, 0.25];

fn around(mean: f64, replications: usize, turned: bool) -> Vec<f64> {
    let offset = |index: usize| if turned { -AROUND[index] } else { AROUND[index] };
    // Of two replications those in the middle, whose mean is that of all.
    let places: Vec<usize> = if replications == 2 { vec![2, 3] } else { (0..replications).collect() };
    places.into_iter().map(|index| mean + offset(index)).collect()
}

fn axis(path: &str, values: &[(&str, f64)]) -> AxisRecord {
    AxisRecord {
        path: path.to_owned(),
        unit: Some("s".to_owned()),
        values: values
            .iter()
            .map(|(label, value)| AxisValueRecord { label: (*label).to_owned(), value: Some(*value) })
            .collect(),
    }
}

fn candidate(settings: &[(&str, &str)], replications: usize, means: &[(&str, f64)]) -> CandidateRecord {
    let turned = settings[0].1 == "20s";
    let mut measures: Vec<MeasureRecord> =
        means.iter().map(|(name, mean)| measure(name, &around(*mean, replications, turned))).collect();
    measures.sort_by(|a, b| a.name.cmp(&b.name));
    let setting = |(path, label): &(&str, &str)| SettingRecord {
        path: (*path).to_owned(),
        toml: format!("\"{label}\""),
        label: (*label).to_owned(),
    };
    CandidateRecord {
        variant: 0,
        settings: settings.iter().map(setting).collect(),
        pinned: Vec::new(),
        cost: None,
        replications: replications as u32,
        measures,
    }
}

/// A longer time to live answers faster and leaves older values: 40 s keeps the limit of 45 s with 42.5 s, 80 s breaks it, and 10 s
/// was dropped after two replications.
fn freshness() -> RecommendRecord {
    let of = |ttl: &str, replications: usize, p95: f64, age: f64| {
        candidate(&[("tier.l2.ttl", ttl)], replications, &[(P95, p95), (AGE, age)])
    };
    RecommendRecord {
        schema: SCHEMA,
        herdlab: "0.2.0".to_owned(),
        scenario: SweptScenario {
            name: "freshness".to_owned(),
            question: "Which time to live?".to_owned(),
            source_path: "freshness.toml".to_owned(),
            source: "question = \"Which time to live?\"\n".to_owned(),
            overrides: Vec::new(),
            options: vec!["--knob=tier.l2.ttl=10s,20s,40s,80s".to_owned()],
            seed: 7,
            replications: 6,
            duration_s: 60.0,
            precision_unused: false,
            lints: Vec::new(),
        },
        objective: Objective::Measure(P95.to_owned()),
        direction: Direction::Minimise,
        unit: "ms".to_owned(),
        knobs: vec![axis("tier.l2.ttl", &[("10s", 10.0), ("20s", 20.0), ("40s", 40.0), ("80s", 80.0)])],
        variants: vec![OwnSettings { name: "base".to_owned(), settings: Vec::new() }],
        baseline: 0,
        limits: vec![Threshold::new(AGE, Bound::Max, 45.0)],
        rungs: vec![Rung { candidates: 4, replications: 2 }, Rung { candidates: 3, replications: 6 }],
        in_worlds: false,
        measures: vec![P95.to_owned(), AGE.to_owned()],
        candidates: vec![
            of("10s", 2, 20.0, 9.0),
            of("20s", 6, 15.0, 19.0),
            of("40s", 6, 12.0, 42.5),
            of("80s", 6, 10.0, 75.5),
        ],
        simulations: 20,
        today: None,
    }
}

/// The rows as (time to live, class, verdict, limits).
fn shown(record: &RecommendRecord) -> Vec<(String, Class, String, String)> {
    let all = Candidates::of(record, &judge(record));
    let row =
        |row: &super::rows::Row| (all.short_name(row), row.class, row.verdict.clone(), row.limits.clone());
    all.rows.iter().map(row).collect()
}

fn answer(record: &RecommendRecord) -> Vec<String> {
    super::words::answer(record, &judge(record))
}

#[test]
fn the_answer_is_the_setting_the_limit_that_binds_and_how_sure_it_is() {
    let record = freshness();
    // Half the interval of six values around the mean: 2.571 * 0.1871 / sqrt(6) = 0.196.
    assert_eq!(
        answer(&record),
        [
            "tier.l2.ttl = 40s: p95 latency 12.0 ± 0.2 ms, the lowest of 4 candidates within the limit.",
            // (45 - 42.5) / 45.
            "The limit that binds: stale.age.p99_s 42.5 s of at most 45 s (5.6 % to spare).",
            "Every limit is kept with the whole 95 % interval of 6 replications.",
        ]
    );
}

#[test]
fn ties_are_named_and_a_limit_with_room_does_not_bind() {
    let mut record = freshness();
    record.limits[0].limit = 60.0;
    // As fast as 40 s, but for chance.
    record.candidates[1] = candidate(&[("tier.l2.ttl", "20s")], 6, &[(P95, 12.01), (AGE, 19.0)]);
    let Outcome::Winner { rivals, .. } = judge(&record) else { panic!("40 s keeps the limit") };
    assert_eq!(rivals[0].verdict, Verdict::Tie);
    let lines = answer(&record);
    assert_eq!(lines[1], "As good within the resolution of this search: tier.l2.ttl = 20s.");
    // (60 - 42.5) / 60.
    assert_eq!(
        lines[2],
        "No limit binds. The nearest: stale.age.p99_s 42.5 s of at most 60 s (29.2 % to spare; a limit binds from 10 % down)."
    );
}

#[test]
fn what_is_not_certain_and_what_does_not_fit_is_said_first() {
    let mut record = freshness();
    // Within the interval of 19 ± 0.2 s; beyond all others.
    record.limits[0].limit = 19.1;
    let lines = answer(&record);
    assert!(
        lines[0].starts_with(
            "Undecided. tier.l2.ttl = 20s: p95 latency 15.0 ± 0.2 ms, the lowest of 4 candidates"
        ),
        "{lines:?}"
    );
    record.limits[0].limit = 10.0;
    let lines = answer(&record);
    assert_eq!(
        lines[0],
        "Nothing among 4 candidates keeps all limits. Closest: tier.l2.ttl = 20s, with p95 latency 15.0 ± 0.2 ms."
    );
    assert_eq!(lines[1], "stale.age.p99_s ≤ 10 s fails: 19.0 ± 0.2 s is 90.0 % beyond it.");
    let text = page(&record, &judge(&record), 100);
    assert!(
        !text.contains("[[variant]]") && !markdown(&record, &judge(&record), &[]).contains("```toml"),
        "{text}"
    );
}

#[test]
fn rows_are_those_left_at_the_end_and_then_the_dropped_ones() {
    let row = |ttl: &str, class: Class, verdict: &str, limits: &str| {
        (ttl.to_owned(), class, verdict.to_owned(), limits.to_owned())
    };
    assert_eq!(
        shown(&freshness()),
        [
            row("40s", Class::Found, "recommended", "kept"),
            row("20s", Class::Kept, "worse", "kept"),
            row("80s", Class::Broken, "", "breaks stale.age.p99_s"),
            row("10s", Class::Kept, "dropped after 2 replications", "kept"),
        ]
    );
}

#[test]
fn the_chart_of_candidates_has_a_dot_and_an_interval_for_each() {
    let record = freshness();
    let all = Candidates::of(&record, &judge(&record));
    let figure = ranked(&all).unwrap();
    let panel = &figure.panels[0];
    let rows: Vec<(&str, f64, bool)> = panel
        .series
        .iter()
        .map(|series| {
            let [(low, _), (mean, _), (high, _)] = series.points[..] else { panic!("three points") };
            (series.name.as_str(), mean.round(), high > low)
        })
        .collect();
    // The dropped one has no interval: two replications would hide all others.
    assert_eq!(rows, [("40s", 12.0, true), ("20s", 15.0, true), ("80s", 10.0, true), ("10s", 20.0, false)]);
    assert_eq!(panel.title, "p95 latency (ms)");
    let looks: Vec<usize> = panel.series.iter().map(|series| series.style).collect();
    assert_eq!(looks, [Class::Found, Class::Kept, Class::Broken, Class::Kept].map(Class::look));
}

#[test]
fn one_knob_has_a_line_two_a_map_and_more_the_rows_alone() {
    let mut record = freshness();
    let names = |record: &RecommendRecord| -> Vec<String> {
        let all = Candidates::of(record, &judge(record));
        let drawn = pictures(&all, Heading::Inside).unwrap();
        for picture in &drawn {
            assert!(!picture.svg.contains("NaN") && !picture.svg.contains("inf"), "{}", picture.name);
            png::from_svg(&picture.svg).unwrap();
        }
        drawn.into_iter().map(|picture| picture.name).collect()
    };
    assert_eq!(names(&record), ["over-the-knob", "trade-off-stale.age.p99_s"]);
    for (more, first) in
        [("database.servers", "map-of-the-knobs"), ("database.pool", "trade-off-stale.age.p99_s")]
    {
        record.knobs.push(axis(more, &[("4", 4.0), ("8", 8.0)]));
        for (index, candidate) in record.candidates.iter_mut().enumerate() {
            let label = if index % 2 == 0 { "4" } else { "8" };
            candidate.settings.push(SettingRecord {
                path: more.to_owned(),
                toml: label.to_owned(),
                label: label.to_owned(),
            });
        }
        assert_eq!(names(&record)[0], first);
    }
}

#[test]
fn the_line_over_the_knob_shows_the_limit_and_tells_each_candidate() {
    let record = freshness();
    let all = Candidates::of(&record, &judge(&record));
    let picture = &pictures(&all, Heading::Inside).unwrap()[0];
    assert_eq!(picture.title, "P95 latency over tier.l2.ttl");
    for words in [
        "limit 45 s</text>",
        "<title>tier.l2.ttl = 40s: p95 latency 12.0 ± 0.2 ms; limits kept; recommended</title>",
        "<title>tier.l2.ttl = 80s: p95 latency 10.0 ± 0.2 ms; breaks stale.age.p99_s</title>",
    ] {
        assert!(picture.svg.contains(words), "{words}");
    }
    // Both panels have all four.
    assert_eq!(picture.svg.matches("<title>tier.l2.ttl").count(), 8);
}

/// The knob is the objective: over itself it would be a straight line, so the limit is what the picture shows.
#[test]
fn a_knob_as_objective_shows_the_measure_of_the_limit() {
    let mut record = freshness();
    record.objective = Objective::Knob("tier.l2.ttl".to_owned());
    record.direction = Direction::Maximise;
    record.unit = "s".to_owned();
    for (candidate, ttl) in record.candidates.iter_mut().zip([10.0, 20.0, 40.0, 80.0]) {
        candidate.cost = Some(ttl);
    }
    assert_eq!(
        answer(&record)[0],
        "tier.l2.ttl = 40s: the highest tier.l2.ttl of 4 candidates within the limit."
    );
    let all = Candidates::of(&record, &judge(&record));
    let drawn = pictures(&all, Heading::Inside).unwrap();
    assert_eq!(drawn[0].title, "stale.age.p99_s over tier.l2.ttl");
}

#[test]
fn the_front_leaves_out_what_breaks_another_limit() {
    let mut record = freshness();
    let message = |record: &RecommendRecord| {
        let all = Candidates::of(record, &judge(record));
        pictures(&all, Heading::Inside).unwrap()[1].message.clone()
    };
    // Faster and older from each to the next: all four.
    assert!(
        message(&record).starts_with("The dashed line joins the 4 best compromises: "),
        "{}",
        message(&record)
    );
    record.limits.push(Threshold::new(P95, Bound::Max, 16.0));
    let told = message(&record);
    assert!(
        told.starts_with("The dashed line joins the 3 best compromises within the other limits: "),
        "{told}"
    );
}

#[test]
fn prices_have_a_column_and_a_trade_off() {
    let mut record = freshness();
    record.measures.push("cost.month".to_owned());
    for (candidate, cost) in record.candidates.iter_mut().zip([300.0, 200.0, 150.0, 120.0]) {
        let values = vec![Some(cost); candidate.replications as usize];
        candidate
            .measures
            .insert(0, MeasureRecord { name: "cost.month".to_owned(), unit: "EUR".to_owned(), values });
    }
    let all = Candidates::of(&record, &judge(&record));
    let drawn = pictures(&all, Heading::Inside).unwrap();
    assert_eq!(drawn[2].name, "trade-off-cost.month");
    // Within the limit 40 s costs least and is the fastest.
    assert!(
        drawn[2]
            .message
            .starts_with("No compromise is needed: one setting within the limits is best in both")
    );
    let text = markdown(&record, &judge(&record), &[]);
    assert!(text.contains("| 40s | 12.0 ± 0.2 ms |") && text.contains("| 150 ± 0 EUR |"), "{text}");
    // And as what is minimised.
    record.objective = Objective::Measure("cost.month".to_owned());
    record.unit = "EUR".to_owned();
    assert!(answer(&record)[0].starts_with("tier.l2.ttl = 40s: cost per month 150"), "{:?}", answer(&record));
}

#[test]
fn as_csv_a_row_for_each_candidate() {
    let record = freshness();
    let text = tidy(&record, &judge(&record));
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let heads = reader.headers().unwrap().clone();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let column = |name: &str| -> Vec<&str> {
        let place = heads.iter().position(|head| head == name).unwrap();
        rows.iter().map(|row| &row[place]).collect()
    };
    assert_eq!(column("tier.l2.ttl"), ["40s", "20s", "80s", "10s"]);
    assert_eq!(column("limits"), ["certain", "certain", "broken", "certain"]);
    assert_eq!(column("broken"), ["", "", AGE, ""]);
    assert_eq!(column("replications"), ["6", "6", "6", "2"]);
    assert_eq!(column(P95), ["12", "15", "10", "20"]);
    let lower: f64 = column("latency.all.p95_ms.lower")[0].parse().unwrap();
    assert!((lower - 11.804).abs() < 1e-3, "{lower}");
}

#[test]
fn as_markdown_the_answer_leads_and_names_cannot_break_the_table() {
    let mut record = freshness();
    record.scenario.question = "Which | of *these*?".to_owned();
    let text = markdown(&record, &judge(&record), &[]);
    assert!(text.starts_with("**Which \\| of \\*these\\*?**\n\n- tier.l2.ttl = 40s: p95 latency"), "{text}");
    assert!(
        text.contains("```toml\n[[variant]]\nname = \"as it is\"\n\n"),
        "a file without variants keeps its own: {text}"
    );
    assert!(text.contains("set = { \"tier.l2.ttl\" = \"40s\" }\n```\n"), "{text}");
    assert!(text.contains("| stale.age.p99\\_s ≤ 45 s | 42.5 ± 0.2 s | 5.6 % | binding |"), "{text}");
    assert!(text.contains("| 80s | 10.0 ± 0.2 ms | 75.5 ± 0.2 s | breaks stale.age.p99\\_s |  |"), "{text}");
}

/// The page of a record.
fn html(record: &RecommendRecord) -> String {
    let dir = tempfile::tempdir().unwrap();
    write_all(record, &judge(record), dir.path()).unwrap();
    std::fs::read_to_string(dir.path().join("index.html")).unwrap()
}

#[test]
fn the_page_has_its_parts_in_the_order_of_a_reader() {
    let page = html(&freshness());
    let parts = [
        "<h1>Which time to live?</h1>",
        "tier.l2.ttl = 40s: p95 latency",
        "id=\"use\"",
        "id=\"over-the-knob\"",
        "id=\"trade-off-stale.age.p99_s\"",
        "id=\"candidates\"",
        "id=\"limits\"",
        "id=\"candidates-table\"",
        "id=\"method\"",
        "herdlab recommend freshness.toml --knob=tier.l2.ttl=10s,20s,40s,80s",
    ];
    let places: Vec<usize> =
        parts.iter().map(|part| page.find(part).unwrap_or_else(|| panic!("{part} is missing"))).collect();
    assert!(places.is_sorted(), "{places:?}");
    assert!(!page.contains("id=\"today\""), "the search has nothing of today");
    let namespaces = page.matches("http://www.w3.org/2000/svg").count();
    assert_eq!(page.matches("http").count(), namespaces + 1, "the one other is http-equiv");
}

/// Whoever adds a file to the report adds its name to its kind.
#[test]
fn every_file_is_known_by_its_name() {
    let record = freshness();
    let dir = tempfile::tempdir().unwrap();
    write_all(&record, &judge(&record), dir.path()).unwrap();
    let all = Kind::Recommend.files_in(dir.path());
    // The page, record, CSV and Markdown, and three charts in two forms.
    assert_eq!(all.len(), 4 + 3 * 2, "{all:?}");
    let redrawn = Kind::Redrawn.files_in(dir.path());
    assert_eq!(redrawn.len(), all.len() - 1, "all but the record: {redrawn:?}");
    let count = |dir: &Path| std::fs::read_dir(dir).unwrap().count();
    assert_eq!(count(dir.path()) - 1 + count(&dir.path().join("charts")), all.len());
}

#[test]
fn a_static_page_runs_nothing() {
    let record = freshness();
    let dir = tempfile::tempdir().unwrap();
    let text = crate::report::json::encode(&record).unwrap();
    redraw(&text, Path::new("recommend.json"), dir.path(), Charts::Static).unwrap();
    let page = std::fs::read_to_string(dir.path().join("index.html")).unwrap();
    assert!(!page.contains("<script") && !page.contains("script-src"));
}

#[test]
fn today_is_reviewed_beside_the_answer() {
    let mut record = freshness();
    let of = |qps: f64| {
        vec![
            measure("db.capacity", &[1_000.0; 6]),
            measure("db.qps.mean", &around(qps, 6, false)),
            measure("db.qps.peak", &around(qps, 6, false)),
        ]
    };
    let pair = record_of(&[("today", of(400.0)), ("recommended", of(200.0))], &[]);
    record.today = Some(TodayRecord::Beside(Box::new(pair)));
    let page = html(&record);
    assert!(page.contains("(from 400 to 200/s; capacity 1,000/s)"), "{page}");
    assert!(markdown(&record, &judge(&record), &[]).contains("Beside today's setting:\n\n**recommended: "));
    record.today = Some(TodayRecord::Same);
    assert!(html(&record).contains("there is nothing to change"));
    record.today = Some(TodayRecord::Events);
    assert!(html(&record).contains("The scenario has events"));
}

#[test]
fn markup_in_any_text_stays_text() {
    const EVIL: &str = "</pre><script>alert('x')</script>\"onload=\"&{";
    let mut record = freshness();
    for text in [&mut record.scenario.name, &mut record.scenario.question, &mut record.scenario.source] {
        *text = EVIL.to_owned();
    }
    record.scenario.lints = vec![EVIL.to_owned()];
    record.scenario.options = vec![EVIL.to_owned()];
    record.variants =
        [EVIL, "b"].map(|name| OwnSettings { name: name.to_owned(), settings: Vec::new() }).into();
    record.knobs[0].path = EVIL.to_owned();
    record.knobs[0].values[2].label = EVIL.to_owned();
    for candidate in &mut record.candidates {
        candidate.settings[0].path = EVIL.to_owned();
    }
    record.candidates[2].settings[0].label = EVIL.to_owned();
    let page = html(&record);
    assert_eq!(page.matches("<script").count(), 2, "the script and its data");
    // The data of the script are JSON, which escapes quotes in its own way.
    let shown = page.split("<script type").next().unwrap();
    assert!(!shown.contains("\"onload"), "markup got through");
}

#[test]
fn a_record_that_contradicts_itself_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let refused = |change: &dyn Fn(&mut RecommendRecord)| {
        let mut record = freshness();
        change(&mut record);
        let text = crate::report::json::encode(&record).unwrap();
        assert!(is_record(&text));
        redraw(&text, Path::new("recommend.json"), dir.path(), Charts::Static).unwrap_err().to_string()
    };
    let variant = refused(&|record| record.candidates[0].variant = 3);
    assert!(variant.contains("a variant that is not there"), "{variant}");
    let values = refused(&|record| record.candidates[1].replications = 5);
    assert!(values.contains("values of other replications"), "{values}");
    let order = refused(&|record| record.candidates[1].measures.reverse());
    assert!(order.contains("out of order"), "{order}");
    let none = refused(&|record| record.candidates.truncate(1));
    assert!(none.contains("no candidate has all replications"), "{none}");
    let schema = refused(&|record| record.schema = 9);
    assert!(schema.contains("schema 9"), "{schema}");
    assert!(std::fs::read_dir(dir.path()).unwrap().next().is_none(), "nothing is written");
}
