//! `herdlab trace` as a user meets it.

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use herdlab::dice::{stream, unit_open_zero};
use serde_json::Value;

fn trace(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_herdlab"));
    command.env("NO_COLOR", "1").env("COLUMNS", "80").current_dir(folder).arg("trace").args(arguments);
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn stdout(command: &mut Command) -> String {
    text(&command.assert().success().get_output().stdout)
}

fn stderr(command: &mut Command) -> String {
    text(&command.assert().success().get_output().stderr)
}

/// The message of a wrong command line or trace; nothing may have been written.
fn refused(folder: &Path, arguments: &[&str]) -> String {
    let before = fs::read_dir(folder).unwrap().count();
    let output = trace(folder, arguments).assert().code(2).get_output().clone();
    assert!(output.stdout.is_empty());
    assert_eq!(fs::read_dir(folder).unwrap().count(), before, "something was written");
    text(&output.stderr)
}

/// Twelve rows of Twitter's columns: keys a to d with 6, 3, 2 and 1 requests.
const SMALL: &str = "0,a,1,100,7,get,0\n0,a,1,100,7,set,60\n1,b,1,300,8,get,0\n1,a,1,100,7,get,0\n2,c,1,50,7,get,0\n2,a,1,100,8,get,0\n\
                     2,b,1,300,7,delete,0\n4,a,1,100,7,get,0\n4,c,1,50,7,set,0\n5,d,1,20,7,get,0\n6,a,1,100,7,get,0\n8,b,1,300,7,get,0\n";

fn folder_with(name: &str, content: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(name), content).unwrap();
    folder
}

fn figures(folder: &Path, arguments: &[&str]) -> Value {
    let all = [arguments, &["--format", "json"]].concat();
    let printed: Value = serde_json::from_str(&stdout(&mut trace(folder, &all))).unwrap();
    printed["survey"].clone()
}

#[test]
fn the_figures_of_a_small_trace() {
    let folder = folder_with("small.csv", SMALL);
    let figures = figures(folder.path(), &["info", "small.csv"]);
    assert_eq!(
        (&figures["requests"], &figures["keys"], &figures["once"]),
        (&12.into(), &4.into(), &1.into())
    );
    let rhythm = &figures["rhythm"];
    // Three requests in the third second; 12 at seven instants over 8 s, which cover one of six gaps more.
    assert_eq!(rhythm["span_s"].as_f64(), Some(8.0));
    assert!((rhythm["mean_per_s"].as_f64().unwrap() - 12.0 / (8.0 + 8.0 / 6.0)).abs() < 1e-12, "{rhythm}");
    assert_eq!(rhythm["peak_second_per_s"].as_f64(), Some(3.0));
    let counts: Vec<(&str, u64)> = figures["operations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|own| (own["operation"].as_str().unwrap(), own["requests"].as_u64().unwrap()))
        .collect();
    assert_eq!(counts, [("get", 9), ("set", 2), ("delete", 1)]);
    // By key 100, 300, 50, 20; by request 6 * 100 + 3 * 300 + 2 * 50 + 20.
    assert_eq!(figures["value_bytes_by_key"]["mean"].as_f64(), Some(117.5));
    assert_eq!(figures["value_bytes_by_request"]["mean"].as_f64(), Some(135.0));
    assert_eq!(figures["value_bytes_by_key"]["p50"].as_f64(), Some(50.0));
    // One of two SETs, and two clients.
    assert_eq!((figures["ttl"]["share"].as_f64(), &figures["clients"]), (Some(0.5), &2.into()));
    // Of a: 0, 1, 1, 2, 2; of b: 1, 6; of c: 2.
    assert_eq!(figures["reuse_s"]["mean"].as_f64(), Some(15.0 / 8.0));
    assert_eq!(figures["reuse_s"]["max"].as_f64(), Some(6.0));
    // Keys stay hidden.
    assert_eq!(figures["top"][0]["requests"], 6);
    assert_eq!(figures["top"][0]["key"].as_str().unwrap().len(), 16);
}

#[test]
fn keys_are_shown_only_if_so_asked() {
    let folder = folder_with("small.csv", &SMALL.replace(",a,", ",secret:a,"));
    for format in ["table", "json", "md"] {
        let hidden = stdout(&mut trace(folder.path(), &["info", "small.csv", "--format", format]));
        let shown =
            stdout(&mut trace(folder.path(), &["info", "small.csv", "--show-keys", "--format", format]));
        assert!(!hidden.contains("secret") && shown.contains("secret:a"), "{hidden}\n{shown}");
    }
}

#[test]
fn the_page_fits_eighty_columns() {
    let folder = folder_with("small.csv", SMALL);
    let page = stdout(&mut trace(folder.path(), &["info", "small.csv"]));
    for part in [
        "12 requests for 4 keys over 8 s",
        "one-hit wonders",
        "Miss ratio of LRU",
        "reuse time",
        "50.0 % of the sets",
    ] {
        assert!(page.contains(part), "{part} is missing from:\n{page}");
    }
    assert!(page.lines().all(|line| line.chars().count() <= 80), "{page}");
}

#[test]
fn a_pipe_and_a_format_without_times() {
    let folder = tempfile::tempdir().unwrap();
    let keys: Vec<u8> = [5u64, 9, 5, 5].into_iter().flat_map(u64::to_le_bytes).collect();
    let mut command = trace(folder.path(), &["info", "-", "--input", "raw64"]);
    let page = stdout(command.write_stdin(keys));
    assert!(page.contains("standard input: 4 requests for 2 keys, without times"), "{page}");
    // Numbers are no secret.
    assert!(page.lines().any(|line| line.trim_start().starts_with("5 ") && line.contains("75.0")), "{page}");
}

#[test]
fn a_conversion_keeps_every_row() {
    let folder = folder_with("small.csv", SMALL);
    let own = figures(folder.path(), &["info", "small.csv"]);
    for (to, columns) in [
        ("out.csv", &["--size", "size", "--operation", "operation"][..]),
        ("out.jsonl.gz", &["--size", "size", "--operation", "operation"]),
        ("out.csv.zst", &["--size", "size", "--operation", "operation"]),
    ] {
        let told = stderr(&mut trace(folder.path(), &["convert", "small.csv", "--output", to]));
        assert!(told.contains(&format!("written: {to} (12 requests for 4 keys)")), "{told}");
        let again = figures(folder.path(), &[&["info", to][..], columns].concat());
        for part in ["requests", "keys", "rhythm", "operations", "value_bytes_by_key", "reuse_s", "fit"] {
            assert_eq!(own[part], again[part], "{part} of {to}");
        }
    }
    stderr(&mut trace(folder.path(), &["convert", "small.csv", "--output", "out.bin", "--to", "oracle"]));
    let again = figures(folder.path(), &["info", "out.bin"]);
    for part in ["requests", "rhythm", "value_bytes_by_request", "reuse_s", "fit"] {
        assert_eq!(own[part], again[part], "{part} of oracleGeneral");
    }
}

#[test]
fn nothing_is_overwritten_by_mistake() {
    let folder = folder_with("small.csv", SMALL);
    fn convert<'a>(rest: &[&'a str]) -> Vec<&'a str> {
        [&["convert", "small.csv", "--output"][..], rest].concat()
    }
    let message = refused(folder.path(), &convert(&["small.csv", "--force"]));
    assert!(message.contains("would overwrite small.csv, which is read"), "{message}");
    fs::write(folder.path().join("there.csv"), "mine").unwrap();
    let message = refused(folder.path(), &convert(&["there.csv"]));
    assert!(message.contains("there.csv is there already") && message.contains("--force"), "{message}");
    let message = refused(folder.path(), &convert(&["out.xz", "--to", "csv"]));
    assert!(message.contains(".xz is not written: end the name in .gz or .zst"), "{message}");
    let message = refused(folder.path(), &convert(&["out"]));
    assert!(message.contains("the name of out tells no format") && message.contains("--to"), "{message}");
    // A trace that is cut off leaves nothing, and the older file as it was.
    fs::write(folder.path().join("cut.csv"), SMALL.to_owned() + "9,a,1").unwrap();
    let cut = ["convert", "cut.csv", "--input", "twitter", "--output", "there.csv", "--force"];
    let message = refused(folder.path(), &cut);
    assert!(message.contains("cut.csv:13: 3 cells where a row has 7"), "{message}");
    assert_eq!(fs::read_to_string(folder.path().join("there.csv")).unwrap(), "mine");
    stderr(&mut trace(folder.path(), &convert(&["there.csv", "--force"])));
    assert!(fs::read_to_string(folder.path().join("there.csv")).unwrap().starts_with("time_s,key,"));
}

#[test]
fn a_trace_needs_the_unit_of_its_times() {
    let folder = folder_with("ticks.csv", "t,key\n5,a\n7,b\n9,a\n");
    let message = refused(folder.path(), &["info", "ticks.csv"]);
    assert!(
        message.contains("ticks.csv: the unit of the times is unknown") && message.contains("--unit"),
        "{message}"
    );
    let page = stdout(&mut trace(folder.path(), &["info", "ticks.csv", "--unit", "ms"]));
    assert!(page.contains("over 4 ms"), "{page}");
}

/// Zipf's law with exponent 0.9 over 3,000 keys, 200 requests per second for 100 s, twice as many for another 100 s.
fn drawn() -> String {
    let mut dice = stream(11, 0, "trace test");
    let ends: Vec<f64> = (1..=3_000)
        .scan(0.0, |sum, rank| {
            *sum += f64::from(rank).powf(-0.9);
            Some(*sum)
        })
        .collect();
    let mut out = "time,key,bytes,op\n".to_owned();
    let mut time_s = 1_700_000_000.0;
    while time_s < 1_700_000_200.0 {
        let rate = if time_s < 1_700_000_100.0 { 200.0 } else { 400.0 };
        time_s -= unit_open_zero(&mut dice).ln() / rate;
        let place = unit_open_zero(&mut dice) * ends[2_999];
        let key = ends.partition_point(|end| *end < place).min(2_999);
        let op = if unit_open_zero(&mut dice) < 0.1 { "set" } else { "get" };
        out.push_str(&format!("{time_s:.6},user:{key},{},{op}\n", 100 + key % 50));
    }
    out
}

const COLUMNS: [&str; 4] = ["--size", "bytes", "--operation", "op"];

#[test]
fn a_sample_keeps_all_requests_of_its_keys() {
    let folder = folder_with("drawn.csv", &drawn());
    let sample = |share: &str, to: &str| {
        stderr(&mut trace(folder.path(), &["sample", "drawn.csv", "--share", share, "--output", to]))
    };
    let told = sample("20%", "part.csv");
    assert!(told.contains("keys: ") && told.contains("give caches 0.2000 times their capacity"), "{told}");
    let (whole, part) = (
        fs::read_to_string(folder.path().join("drawn.csv")).unwrap(),
        fs::read_to_string(folder.path().join("part.csv")).unwrap(),
    );
    let key = |line: &str| line.split(',').nth(1).unwrap().to_owned();
    let chosen: std::collections::HashSet<String> = part.lines().skip(1).map(key).collect();
    let expected = whole.lines().skip(1).filter(|line| chosen.contains(&key(line))).count();
    assert_eq!(part.lines().count() - 1, expected);
    // A fifth of some 2,900 keys, with a deviation of 22.
    assert!((490..670).contains(&chosen.len()), "{} keys", chosen.len());
    // A smaller share is a part of a larger one.
    sample("5%", "less.csv");
    let less = fs::read_to_string(folder.path().join("less.csv")).unwrap();
    assert!(less.lines().skip(1).all(|line| chosen.contains(&key(line))));
}

#[test]
fn a_model_has_the_traffic_of_its_trace() {
    let folder = folder_with("drawn.csv", &drawn());
    let arguments = [&["model", "drawn.csv", "--output", "my.toml"][..], &COLUMNS].concat();
    let shown = stdout(&mut trace(folder.path(), &arguments));
    assert!(shown.contains("Miss ratio of LRU") && shown.contains("The fit is "), "{shown}");
    let scenario = fs::read_to_string(folder.path().join("my.toml")).unwrap();
    let option = |name: &str| {
        let line = scenario.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(" = "));
        line.unwrap_or_else(|| panic!("no {name} in\n{scenario}")).split("  # ").next().unwrap().to_owned()
    };
    assert!(
        scenario.starts_with("#:schema") && scenario.contains("# Written by `herdlab trace model`"),
        "{scenario}"
    );
    // 300 per second on average, a Poisson process whose rate doubles in the middle.
    assert!(option("arrivals").starts_with("{ poisson = { rate = "), "{scenario}");
    let profile = option("profile");
    assert!(profile.contains("factor = 0.6") && profile.contains("factor = 1.3"), "{profile}");
    let number = |text: &str| -> f64 {
        text.chars().filter(|c| c.is_ascii_digit() || *c == '.').collect::<String>().parse().unwrap()
    };
    assert!((number(&option("popularity")) - 0.9).abs() < 0.03, "{scenario}");
    assert!((number(&option("keys")) / 3_000.0 - 1.0).abs() < 0.1, "{scenario}");
    // A SET by a client that has just looked up the key is a fill, which few are here.
    assert!(number(&option("write_share")) < 0.1, "{scenario}");
    assert!(option("value_size").starts_with("{ lognormal = { median = \"12"), "{scenario}");
    assert!(option("ttl") == "\"none\"", "{scenario}");
    let check = Command::new(env!("CARGO_BIN_EXE_herdlab"))
        .current_dir(folder.path())
        .args(["check", "my.toml"])
        .assert()
        .success();
    drop(check);
}

#[test]
fn a_model_of_a_trace_without_times_is_refused() {
    let folder = folder_with("keys.trc", "1\n2\n1\n");
    let message = refused(folder.path(), &["model", "keys.trc", "--input", "lirs", "--output", "my.toml"]);
    assert!(
        message.contains("a trace without times has no rate") && message.contains("herdlab mrc"),
        "{message}"
    );
}

#[test]
fn iso_8601_keeps_its_unit() {
    let folder = folder_with("iso.csv", "time,key\n2023-11-15T00:00:00Z,a\n2023-11-15T00:00:20Z,a\n");
    let page = stdout(&mut trace(folder.path(), &["info", "iso.csv", "--unit", "ms"]));
    assert!(page.contains("2 requests for 1 key over 20 s"), "{page}");
}

#[test]
fn a_log_is_put_in_order_and_its_clients_stay() {
    let line = |client: u8, second: u8, target: &str| {
        format!("10.0.0.{client} - - [15/Nov/2023:10:00:0{second} +0000] \"GET {target} HTTP/1.1\" 200 7\n")
    };
    let log = line(1, 3, "/a") + &line(2, 1, "/b") + &line(1, 4, "/a");
    let folder = folder_with("access.log", &log);
    stderr(&mut trace(folder.path(), &["convert", "access.log", "--output", "one.csv"]));
    let again = ["convert", "one.csv", "--client", "client", "--size", "size", "--operation", "operation"];
    stderr(&mut trace(folder.path(), &[&again[..], &["--output", "two.csv"]].concat()));
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    let one = read("one.csv");
    let column = |at: usize| one.lines().skip(1).map(move |row| row.split(',').nth(at).unwrap());
    assert!(column(1).eq(["/b", "/a", "/a"]), "{one}");
    let clients: Vec<&str> = column(one.lines().next().unwrap().split(',').count() - 1).collect();
    assert!(clients[0] != clients[1] && clients[1] == clients[2], "{one}");
    assert_eq!(one, read("two.csv"));
    // The second row is late by two seconds, which a table shows and a log does not.
    let page = stdout(&mut trace(folder.path(), &["info", "access.log"]));
    assert!(page.contains("over 3 s") && !page.contains("before an earlier row"), "{page}");
}

#[test]
fn messages_name_the_way_out() {
    let folder = folder_with("t.csv", "time_s,key,size,op\n1,a,5,get\n2,a,5,get\n");
    let message = refused(folder.path(), &["info", "t.csv", "--operation", "size"]);
    let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        message.contains("operation \"5\" has no usual meaning; name another column with --operation"),
        "{message}"
    );
    let message = refused(folder.path(), &["info", "t.csv", "--unit", "parsec"]);
    assert!(message.contains("known: ns, us, ms, s, m, h, d, ticks"), "{message}");
    for command in ["convert", "model"] {
        let message = refused(folder.path(), &[command, "t.csv", "--output", "-"]);
        assert!(message.contains("`-` is no file") && message.contains("/dev/stdout"), "{message}");
    }
    fs::write(folder.path().join("j.jsonl"), "{\"ts\":1700000000,\"key\":\"a\"}\n{\"ts\":17,\n").unwrap();
    let message = refused(folder.path(), &["info", "j.jsonl"]);
    assert!(message.contains("j.jsonl:2: `{\"ts\":17,` is no JSON object"), "{message}");
    fs::write(folder.path().join("empty.csv"), "t,key\n").unwrap();
    let message = refused(folder.path(), &["info", "empty.csv"]);
    assert!(message.contains("empty.csv:1: no requests: there is a header alone"), "{message}");
}

/// Three keys of one request each, at one instant, in a terminal of 60 columns.
#[test]
fn keys_that_never_repeat_are_a_bound_and_narrow_pages_keep_their_columns() {
    let folder = folder_with("once.csv", "time_s,key\n5,a\n5,b\n5,c\n");
    let page = stdout(&mut trace(folder.path(), &["info", "once.csv"]));
    assert!(page.contains("3 requests for 3 keys, all at one instant"), "{page}");
    assert!(page.contains("unknown, no key is requested twice; 3 keys or more"), "{page}");
    assert!(!page.contains("Zipf") && !page.contains("The fit is"), "{page}");
    fs::write(folder.path().join("small.csv"), SMALL).unwrap();
    let narrow = stdout(trace(folder.path(), &["info", "small.csv"]).env("COLUMNS", "60"));
    assert!(narrow.lines().all(|line| line.chars().count() <= 60), "{narrow}");
    // Heads in one row or several, the first cells at the left.
    assert!(narrow.lines().any(|line| line.contains("replayed") && line.contains("shuffled")), "{narrow}");
}
