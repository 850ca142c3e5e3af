//! `herdlab what-if`: which file it writes, and what it refuses.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use flate2::Compression;
use flate2::write::GzEncoder;
use herdlab::what_if::DIGEST;

use super::program::told;

/// A folder with a scenario, and something that passes for a module.
struct Desk {
    folder: tempfile::TempDir,
}

impl Desk {
    fn new() -> Desk {
        let desk = Desk { folder: tempfile::tempdir().unwrap() };
        desk.write("my.toml", SCENARIO);
        desk.module(DIGEST);
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    fn module(&self, digest: &str) {
        let mut packing = GzEncoder::new(Vec::new(), Compression::fast());
        packing.write_all(format!("\0asm{digest}").as_bytes()).unwrap();
        fs::write(self.path("engine.wasm.gz"), packing.finish().unwrap()).unwrap();
    }

    fn what_if(&self, arguments: &[&str]) -> Output {
        self.command(arguments).env("HERDLAB_WHAT_IF_MODULE", self.path("engine.wasm.gz")).output().unwrap()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_herdlab"));
        command.current_dir(self.folder.path()).arg("what-if").args(arguments);
        command
    }

    fn page(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }
}

const SCENARIO: &str = r#"
question = "?"
duration = "20s"
workload = { arrivals = { poisson = { rate = 100 } }, keys = 1000 }
database = { read = { exponential = { mean = "5ms" } }, servers = 10 }
[[tier]]
name = "l2"
scope = "shared"
ttl = "60s"
[[variant]]
name = "a"
"#;

#[test]
fn the_page_is_named_by_the_scenario_and_has_its_knobs() {
    let desk = Desk::new();
    let output = desk.what_if(&["my.toml", "--sweep", "tier.l2.ttl=7s,11s", "--set", "database.servers=12"]);
    assert!(output.status.success(), "{}", told(&output));
    assert!(told(&output).contains("my-what-if.html"), "{}", told(&output));
    let page = desk.page("my-what-if.html");
    let version = env!("CARGO_PKG_VERSION");
    assert!(page.contains(version) && page.contains(DIGEST));
    // The axis of the command line, with today's value, and the setting of today.
    for part in ["11 s", "60 s", "database.servers"] {
        assert!(page.contains(part), "no {part}");
    }
}

#[test]
fn an_earlier_page_of_the_scenario_is_replaced_and_nothing_else() {
    let desk = Desk::new();
    assert!(desk.what_if(&["my.toml", "-o", "page.html"]).status.success());
    assert!(desk.what_if(&["my.toml", "-o", "page.html"]).status.success(), "the same scenario again");
    desk.write("other.toml", SCENARIO);
    for (scenario, out) in [("other.toml", "page.html"), ("my.toml", "other.toml"), ("my.toml", "my.toml")] {
        let before = desk.page(out);
        let output = desk.what_if(&[scenario, "-o", out]);
        assert_eq!(output.status.code(), Some(2), "{scenario} to {out}: {}", told(&output));
        assert_eq!(desk.page(out), before);
    }
    assert!(desk.what_if(&["other.toml", "-o", "page.html", "--force"]).status.success());
    assert!(desk.page("page.html").contains("other: what if?"));
}

#[test]
fn without_a_module_the_command_names_the_build_that_has_it() {
    let desk = Desk::new();
    let output = desk.command(&["my.toml"]).env_remove("HERDLAB_WHAT_IF_MODULE").output().unwrap();
    if cfg!(feature = "what-if") {
        assert!(output.status.success());
        return;
    }
    assert_eq!(output.status.code(), Some(2));
    assert!(
        told(&output).contains("built without") && told(&output).contains("scripts/what-if"),
        "{}",
        told(&output)
    );
    assert!(!desk.path("my-what-if.html").exists());
}

#[test]
fn a_module_of_other_sources_is_refused() {
    let desk = Desk::new();
    desk.module("0123456789abcdef0123456789abcdef");
    let output = desk.what_if(&["my.toml"]);
    if !cfg!(feature = "what-if") {
        assert_eq!(output.status.code(), Some(1));
        assert!(told(&output).contains("other sources"), "{}", told(&output));
        assert!(!desk.path("my-what-if.html").exists());
    }
}

#[test]
fn what_is_wrong_is_refused_before_anything_is_written() {
    let desk = Desk::new();
    desk.write("broken.toml", &SCENARIO.replace("ttl", "tll"));
    desk.write(
        "huge.toml",
        &SCENARIO
            .replace("keys = 1000", "keys = 200_000_000")
            .replace("ttl =", "prefill = { hottest = \"all\" }\nttl ="),
    );
    for (arguments, part) in [
        (vec!["broken.toml"], "tll"),
        (vec!["huge.toml"], "of memory"),
        (vec!["my.toml", "--sweep", "tier.l3.ttl=1s,2s"], "l3"),
        (vec!["my.toml", "--sweep", "tier.l2.ttl=1s..9s"], "how the range is divided"),
        (vec!["my.toml", "--set", "tier.l2.ttl=soon"], "soon"),
        (vec!["my.toml", "-o", "none/such/../../my.toml"], "my.toml"),
    ] {
        let output = desk.what_if(&arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", told(&output));
        assert!(told(&output).contains(part), "{arguments:?}: {}", told(&output));
    }
    let pages = fs::read_dir(desk.folder.path()).unwrap().map(|entry| entry.unwrap().path());
    assert_eq!(pages.filter(|path| path.extension().is_some_and(|extension| extension == "html")).count(), 0);
}

#[test]
fn files_of_the_scenario_go_into_the_page_unpacked_up_to_a_limit() {
    let desk = Desk::new();
    let recorded = r#"
question = "?"
duration = "9s"
warmup = "1s"
workload = { arrivals = { trace = { file = "data/trace.csv.gz", time = "time", key = "key", unit = "s" } } }
database = { read = "5ms" }
allow = ["constant-service"]
[[variant]]
name = "a"
"#;
    desk.write("recorded.toml", recorded);
    fs::create_dir(desk.path("data")).unwrap();
    let write = |rows: u32| {
        let mut packing = GzEncoder::new(Vec::new(), Compression::fast());
        packing.write_all(b"time,key\n").unwrap();
        (0..rows).for_each(|row| {
            writeln!(packing, "{},key-{row}", f64::from(row) * 9.0 / f64::from(rows)).unwrap()
        });
        fs::write(desk.path("data/trace.csv.gz"), packing.finish().unwrap()).unwrap();
    };
    write(500);
    let output = desk.what_if(&["recorded.toml", "-o", "page.html"]);
    assert!(output.status.success(), "{}", told(&output));
    assert!(desk.page("page.html").contains("key-499"), "unpacked");
    write(300_000);
    let output = desk.what_if(&["recorded.toml", "-o", "page.html"]);
    assert_eq!(output.status.code(), Some(2), "{}", told(&output));
    assert!(
        told(&output).contains("too large for a page") && told(&output).contains("trace sample"),
        "{}",
        told(&output)
    );
    assert!(Path::new(&desk.path("page.html")).exists(), "the earlier page stays");
}
