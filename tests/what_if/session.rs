//! Questions and answers of a page.

use std::fs;
use std::path::Path;

use herdlab::scenario::{Overrides, parse};
use herdlab::what_if::Session;
use serde_json::{Value, json};

use super::program::{herdlab, told};

const SMALL: &str = r#"
question = "What does a flush do?"
duration = "20s"
warmup = "2s"
replications = 3
seed = 18446744073709551615

[clients]
instances = 4

[workload]
arrivals = { poisson = { rate = 400 } }
keys = 2000
popularity = { zipf = { exponent = 0.9 } }
write_share = 0.05

[[tier]]
name = "l2"
scope = "shared"
ttl = "5s" # for now
capacity = 1000
eviction = "lru"
network = { exponential = { mean = "1ms" } }

[database]
servers = 20
read = { exponential = { mean = "10ms" } }

[[event]]
at = "10s"
what = { flush = { tier = "l2" } }

[sweep.axes]
"tier.l2.ttl" = ["2s", "10s"]
"database.servers" = "10..40:lin 4"

[[variant]]
name = "plain"

[[variant]]
name = "singleflight"
set = { coalescing = "singleflight" }
"#;

fn asked(session: &mut Session, question: &Value) -> Value {
    serde_json::from_str(&session.answer(&question.to_string())).unwrap()
}

/// A session, and the answer to its opening.
fn open() -> (Session, Value) {
    let mut session = Session::default();
    let opened = asked(&mut session, &json!({ "open": { "source": SMALL, "path": "small.toml" } }));
    assert!(opened["error"].is_null(), "{opened}");
    (session, opened)
}

/// Steps to the end; gives how many figures were new.
fn finish(session: &mut Session) -> u32 {
    let mut changes = 0;
    loop {
        let stepped = asked(session, &json!({ "step": { "events": 50_000 } }));
        assert!(stepped["error"].is_null(), "{stepped}");
        changes += u32::from(stepped["changed"] == true);
        if stepped["done"] == true {
            return changes;
        }
    }
}

fn knob<'a>(opened: &'a Value, path: &str) -> &'a Value {
    let found = opened["knobs"].as_array().unwrap().iter().find(|knob| knob["path"] == path);
    found.unwrap_or_else(|| panic!("no knob {path} in {opened:#}"))
}

fn labels(knob: &Value) -> Vec<&str> {
    knob["values"].as_array().unwrap().iter().map(|value| value["label"].as_str().unwrap()).collect()
}

#[test]
fn a_scenario_has_its_axes_first_and_then_the_usual_knobs() {
    let (_, opened) = open();
    assert_eq!(opened["seed"], "18446744073709551615");
    assert_eq!((&opened["baseline"], &opened["variants"][1]), (&json!("plain"), &json!("singleflight")));
    let paths: Vec<&str> =
        opened["knobs"].as_array().unwrap().iter().map(|knob| knob["path"].as_str().unwrap()).collect();
    assert_eq!(
        paths,
        [
            "tier.l2.ttl",
            "database.servers",
            "workload.scale",
            "workload.write_share",
            "tier.l2.jitter",
            "tier.l2.refresh",
            "tier.l2.capacity",
            "tier.l2.eviction",
            "tier.l2.nodes",
            "tier.l2.enabled",
            "coalescing",
            "writes.strategy",
            "clients.instances",
            "database.pool",
            "database.read",
            "event.flush-l2.enabled",
        ]
    );
    let ttl = knob(&opened, "tier.l2.ttl");
    assert_eq!((labels(ttl), &ttl["today"]), (vec!["2 s", "5 s", "10 s"], &json!(1)));
    let servers = knob(&opened, "database.servers");
    assert_eq!((labels(servers), &servers["today"]), (vec!["10", "20", "30", "40"], &json!(1)));
    assert_eq!(knob(&opened, "coalescing")["pinned"], json!(["singleflight"]));
    let traffic = knob(&opened, "workload.scale");
    assert!(labels(traffic).contains(&"\u{d7} 2: 800/s"), "{traffic}");
    let read = knob(&opened, "database.read");
    assert!(labels(read).contains(&"\u{d7} 1.5: mean 15 ms"), "{read}");
}

#[test]
fn axes_of_the_command_line_come_before_those_of_the_file() {
    let mut session = Session::default();
    let sweep = json!([["tier.l2.capacity", "200..2000:log 3"], ["traffic", "1,2"]]);
    let opened =
        asked(&mut session, &json!({ "open": { "source": SMALL, "path": "small.toml", "sweep": sweep } }));
    assert_eq!(opened["knobs"][0]["path"], "tier.l2.capacity");
    assert_eq!(labels(&opened["knobs"][0]), ["200", "632", "1000", "2000"]);
    assert_eq!(opened["knobs"][1]["path"], "workload.scale");
    let wrong = json!([["tier.l2.capacity", "200..2000"]]);
    let refused =
        asked(&mut session, &json!({ "open": { "source": SMALL, "path": "small.toml", "sweep": wrong } }));
    assert!(refused["error"].as_str().unwrap().contains("how the range is divided is missing"), "{refused}");
}

/// The command that an answer shows, run by the program, leaves what the page leaves: byte for byte.
#[test]
fn the_command_of_a_setting_gives_the_same_bytes() {
    let (mut session, opened) = open();
    let last = |path: &str| labels(knob(&opened, path)).len() - 1;
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("what-if-command");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("small.toml"), SMALL).unwrap();
    for (settings, variants) in [
        (json!({}), json!([])),
        (
            json!({ "tier.l2.ttl": 0, "tier.l2.jitter": 2, "event.flush-l2.enabled": 1 }),
            json!(["singleflight"]),
        ),
        (
            json!({ "workload.scale": last("workload.scale"), "database.read": 1, "tier.l2.eviction": 4, "database.servers": 1 }),
            json!([]),
        ),
    ] {
        let answer = asked(&mut session, &json!({ "ask": { "settings": settings, "variants": variants } }));
        assert!(answer["problem"].is_null(), "{answer}");
        finish(&mut session);
        let page = asked(&mut session, &json!({ "results": {} }))["results"].as_str().unwrap().to_owned();
        let command = answer["command"].as_str().unwrap();
        let arguments = words(command.strip_prefix("herdlab ").unwrap());
        let mut arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        arguments.extend(["--quiet", "--force", "--out", "report"]);
        let output = herdlab(&folder, &arguments);
        assert!(output.status.success(), "{command}: {}", told(&output));
        assert!(fs::read_to_string(folder.join("report/results.json")).unwrap() == page, "{command}");
        // The text to copy is the same system.
        if variants == json!([]) {
            let copied =
                parse(answer["toml"].as_str().unwrap(), "small.toml", Path::new(""), &Overrides::default());
            let record: Value = serde_json::from_str(&page).unwrap();
            assert_eq!(record["scenario"]["digest"], json!(copied.unwrap().digest), "{command}");
        }
    }
}

/// The words of a line as a shell would give them; quoted ones have single quotes.
fn words(line: &str) -> Vec<String> {
    let pieces = line.split('\'').enumerate();
    pieces
        .flat_map(|(index, piece)| match index % 2 {
            1 => vec![piece.to_owned()],
            _ => piece.split_whitespace().map(str::to_owned).collect(),
        })
        .collect()
}

#[test]
fn today_stands_beside_the_setting_and_is_simulated_once() {
    let (mut session, _) = open();
    let ask =
        |settings: Value| json!({ "ask": { "settings": settings, "variants": ["plain", "singleflight"] } });
    asked(&mut session, &ask(json!({ "tier.l2.ttl": 2 })));
    assert_eq!(finish(&mut session), 3 * 3, "today and two variants, three replications each");
    let figures = asked(&mut session, &json!({ "figures": {} }));
    assert_eq!(
        (&figures["replications"], &figures["of"], &figures["draft"]),
        (&json!(3), &json!(3), &json!(false))
    );
    let (today, row) = (&figures["today"], &figures["rows"][0]);
    assert_eq!((&today["variant"], &row["variant"]), (&json!("today"), &json!("plain")));
    let load = |row: &Value| row["values"]["db.qps.mean"]["mean"].as_f64().unwrap();
    assert!(load(row) < load(today), "a longer ttl saves reads: {} and {}", load(row), load(today));
    let interval = &row["values"]["db.qps.mean"];
    assert!(interval["low"].as_f64().unwrap() < load(row) && interval["high"].as_f64().unwrap() > load(row));
    let capacity = |row: &Value| row["capacity_qps"].as_f64().unwrap();
    // Twenty servers, 10 ms each.
    assert!((capacity(row) - 2000.0).abs() < 100.0 && (capacity(today) - 2000.0).abs() < 100.0);
    assert_eq!(figures["marks"], json!([["warm-up", 0.0, 2.0], ["flush-l2", 10.0, 10.0]]));
    let windows = row["series"]["time_s"].as_array().unwrap().len();
    assert_eq!(row["series"]["db.qps"].as_array().unwrap().len(), windows);
    assert!(["safe", "at risk", "not safe"].contains(&row["verdict"]["level"].as_str().unwrap()));
    let latencies: Vec<f64> =
        row["quantiles"]["latency_ms"].as_array().unwrap().iter().map(|one| one.as_f64().unwrap()).collect();
    assert!(latencies.is_sorted() && latencies.len() > 20, "{latencies:?}");
    // Today is known, and so is the variant that is today; the other one is simulated.
    asked(&mut session, &ask(json!({})));
    assert_eq!(finish(&mut session), 1 + 3);
    let again = asked(&mut session, &json!({ "figures": {} }));
    assert_eq!(again["rows"][0]["values"], again["today"]["values"]);
    assert_eq!(again["today"]["values"], figures["today"]["values"]);
}

#[test]
fn what_is_asked_again_is_the_same_whatever_came_between() {
    let (mut session, _) = open();
    let question = json!({ "ask": { "settings": { "tier.l2.ttl": 0 }, "variants": ["singleflight"] } });
    let fresh = {
        asked(&mut session, &question);
        finish(&mut session);
        asked(&mut session, &json!({ "figures": {} }))
    };
    for place in [2, 0, 2] {
        let other =
            json!({ "ask": { "settings": { "tier.l2.ttl": place, "workload.scale": 5 }, "draft": true } });
        asked(&mut session, &other);
        asked(&mut session, &json!({ "step": { "events": 10_000 } }));
    }
    asked(&mut session, &question);
    finish(&mut session);
    assert_eq!(asked(&mut session, &json!({ "figures": {} })), fresh);
}

#[test]
fn a_draft_is_short_and_contains_the_events() {
    let mut session = Session::default();
    let source =
        SMALL.replace("rate = 400", "rate = 40000").replace("duration = \"20s\"", "duration = \"200s\"");
    asked(&mut session, &json!({ "open": { "source": source, "path": "small.toml" } }));
    let answer = asked(&mut session, &json!({ "ask": { "variants": ["plain"], "draft": true } }));
    assert_eq!(
        answer["command"], "herdlab run small.toml --variant plain",
        "the command is that of the whole run"
    );
    finish(&mut session);
    let figures = asked(&mut session, &json!({ "figures": {} }));
    let duration_s = figures["duration_s"].as_f64().unwrap();
    // The flush at 10 s, and a tenth of the run behind it.
    assert!((30.0..60.0).contains(&duration_s), "{duration_s}");
    assert_eq!((&figures["draft"], &figures["of"]), (&json!(true), &json!(1)));
    assert!(figures["rows"][0]["values"]["db.qps.mean"]["low"].is_null(), "one run has no interval");
}

#[test]
fn a_setting_that_cannot_be_is_answered_with_words() {
    let (mut session, opened) = open();
    let source = SMALL
        .replace("capacity = 1000\neviction = \"lru\"", "prefill = { hottest = \"all\" }")
        .replace("keys = 2000", "keys = 200_000_000");
    let refused = asked(&mut session, &json!({ "ask": { "settings": { "tier.l9.ttl": 1 } } }));
    assert_eq!(refused["problem"]["path"], "tier.l9.ttl");
    let beyond = labels(knob(&opened, "tier.l2.ttl")).len();
    let refused = asked(&mut session, &json!({ "ask": { "settings": { "tier.l2.ttl": beyond } } }));
    assert!(refused["problem"]["text"].as_str().unwrap().contains("no value"), "{refused}");
    let unknown = asked(&mut session, &json!({ "ask": { "variants": ["none such"] } }));
    assert!(unknown["problem"]["text"].as_str().unwrap().contains("none such"), "{unknown}");
    asked(&mut session, &json!({ "open": { "source": source, "path": "small.toml" } }));
    let large = asked(&mut session, &json!({ "ask": { "variants": ["plain"] } }));
    let text = large["problem"]["text"].as_str().unwrap();
    assert!(
        text.contains("of memory") && large["estimate"]["memory_bytes"].as_f64().unwrap() > 1e9,
        "{text}"
    );
    // Nothing was begun.
    assert!(asked(&mut session, &json!({ "step": { "events": 1 } }))["error"].is_string());
}

#[test]
fn nonsense_is_answered_with_an_error() {
    let mut session = Session::default();
    for question in
        ["", "{", "{\"open\":{}}", "{\"fly\":{}}", "{\"step\":{\"events\":1}}", "{\"figures\":{}}"]
    {
        let answer: Value = serde_json::from_str(&session.answer(question)).unwrap();
        assert!(answer["error"].is_string(), "{question}: {answer}");
    }
    let wrong =
        json!({ "open": { "source": SMALL.replace("ttl = \"5s\"", "tll = \"5s\""), "path": "small.toml" } });
    let text = asked(&mut session, &wrong)["error"].as_str().unwrap().to_owned();
    assert!(
        text.contains("small.toml:") && text.contains("did you mean `ttl`?") || text.contains("ttl"),
        "{text}"
    );
}
