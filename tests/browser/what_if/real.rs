//! The page with the program's own engine inside: its figures are those of `herdlab run`, whatever happened before.
//!
//! Skipped where the program was built without the module.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use herdlab::measure::quantity::with_unit;
use herdlab::record::Record;
use serde_json::json;

use super::{ADDRESS, BOARD, DONE, wait_for};
use crate::devtools::{Browser, Tab};
use crate::{folder, with_browser};

/// Three variants, a cache and a flush, in a few milliseconds each.
const SMALL: &str = r#"
name = "small"
question = "What does a flush do to the database?"
duration = "20s"
warmup = "2s"
replications = 4
seed = 18446744073709551615

[clients]
instances = 4

[workload]
arrivals = { poisson = { rate = 400 } }
keys = 2000
popularity = { zipf = { exponent = 0.9 } }

[[tier]]
name = "l2"
scope = "shared"
ttl = "5s"
network = { exponential = { mean = "1ms" } }

[database]
servers = 20
read = { exponential = { mean = "10ms" } }

[[event]]
at = "10s"
what = { flush = { tier = "l2" } }

[[variant]]
name = "today"

[[variant]]
name = "longer TTL"
set = { "tier.l2.ttl" = "20s" }

[[variant]]
name = "singleflight"
set = { coalescing = "singleflight" }
"#;

/// Counts the workers of a page and keeps what they say.
const LISTEN: &str = "window.workers = 0; window.heard = []; const Silent = Worker;
window.Worker = class extends Silent { constructor(...all) { super(...all); window.workers++; this.addEventListener('message', ({ data }) => window.heard.push([performance.now(), data])); } };";

/// A folder of one test, where pages, results and commands have the same relative paths.
struct Bench {
    folder: PathBuf,
}

impl Bench {
    fn new(name: &str) -> Bench {
        let folder = folder().join(format!("what-if-{name}"));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("small.toml"), SMALL).unwrap();
        Bench { folder }
    }

    /// Writes a bundled scenario with a shorter time and two replications.
    fn shorten(&self, scenario: &str) {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios").join(scenario);
        let line = |line: &str| match line.split(" = ").next() {
            Some("duration") => "duration = \"8s\"\n".to_owned(),
            Some("warmup") => "warmup = \"2s\"\n".to_owned(),
            Some("replications") => "replications = 2\n".to_owned(),
            _ => format!("{line}\n"),
        };
        let short: String = fs::read_to_string(source).unwrap().lines().map(line).collect();
        fs::write(self.folder.join(scenario), short).unwrap();
    }

    fn herdlab(&self, arguments: &[&str]) -> std::process::Output {
        let program = env!("CARGO_BIN_EXE_herdlab");
        std::process::Command::new(program).args(arguments).current_dir(&self.folder).output().unwrap()
    }

    /// The page of a scenario; `None` where the program has no module.
    fn page(&self, scenario: &str, more: &[&str]) -> Option<PathBuf> {
        let name = format!("{}.html", scenario.trim_end_matches(".toml"));
        let _ = fs::remove_file(self.folder.join(&name));
        let output = self.herdlab(&[&["what-if", scenario, "-o", &name], more].concat());
        let problem = String::from_utf8_lossy(&output.stderr).into_owned();
        if !output.status.success() && problem.contains("what-if") && problem.contains("built") {
            assert!(
                std::env::var("HERDLAB_WHAT_IF").is_err(),
                "HERDLAB_WHAT_IF is set, and the program has no module: {problem}"
            );
            eprintln!("skipped: the program was built without the module of the what-if page");
            return None;
        }
        assert!(output.status.success(), "{scenario}: {problem}");
        Some(self.folder.join(name))
    }

    /// The record that the page saves.
    fn saved(&self, browser: &mut Browser, page: &Path, fragment: &str) -> (String, String) {
        let file = self.folder.join("results.json");
        let _ = fs::remove_file(&file);
        browser.downloads_to(&self.folder);
        let mut tab = browser.tab();
        tab.open_at(page, fragment);
        wait_for(&mut tab, DONE);
        tab.eval("document.querySelector('#save-results').click()");
        let start = Instant::now();
        let whole = || fs::read_to_string(&file).is_ok_and(|text| text.ends_with("}\n"));
        while !whole() {
            assert!(start.elapsed() < Duration::from_secs(60), "no results.json");
            std::thread::sleep(Duration::from_millis(50));
        }
        (fs::read_to_string(&file).unwrap(), tab.text("document.querySelector('#command').textContent"))
    }

    /// The record of a command as the page shows it.
    fn run(&self, command: &str) -> String {
        let words: Vec<String> = words(command);
        let mut arguments: Vec<&str> = words[1..].iter().map(String::as_str).collect();
        arguments.extend(["--quiet", "--force", "--out", "native"]);
        let output = self.herdlab(&arguments);
        assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
        fs::read_to_string(self.folder.join("native/results.json")).unwrap()
    }
}

/// The words of a line for a shell.
fn words(line: &str) -> Vec<String> {
    let printed =
        std::process::Command::new("sh").args(["-c", &format!("printf '%s\\0' {line}")]).output().unwrap();
    let text = String::from_utf8(printed.stdout).unwrap();
    text.split_terminator('\0').map(str::to_owned).collect()
}

/// Moves the knob of a path.
fn turn(tab: &mut Tab<'_>, path: &str, by: i32) {
    tab.eval(&format!(
        "{{ const knob = document.querySelector('[data-path=\"{path}\"] input'); knob.value = Number(knob.value) + {by};
           knob.dispatchEvent(new Event('input')); knob.dispatchEvent(new Event('change')); }}"
    ));
}

#[test]
fn figures_are_those_of_the_copied_command() {
    with_browser(|browser| {
        let bench = Bench::new("figures");
        let Some(page) = bench.page("small.toml", &[]) else { return };
        let mut tab = browser.tab();
        tab.open(&page);
        wait_for(&mut tab, DONE);
        let before = tab.text(BOARD);
        turn(&mut tab, "tier.l2.ttl", 1);
        wait_for(&mut tab, &format!("{ADDRESS} !== ''"));
        wait_for(&mut tab, DONE);
        assert_ne!(tab.text(BOARD), before);
        let fragment = tab.text(ADDRESS).trim_start_matches('#').to_owned();
        let command = tab.text("document.querySelector('#command').textContent");
        assert!(
            command.starts_with("herdlab run small.toml") && command.contains("tier.l2.ttl="),
            "{command}"
        );
        let record: Record = serde_json::from_str(&bench.run(&command)).unwrap();
        for (index, variant) in record.variants.iter().enumerate() {
            for measure in ["db.qps.mean", "latency.all.p99_ms", "hit_ratio"] {
                let values = &variant.measure(measure).unwrap().values;
                let mean = values.iter().flatten().sum::<f64>() / values.len() as f64;
                let unit = &variant.measure(measure).unwrap().unit;
                let shown = tab.text(&format!(
                    "document.querySelector('[data-measure=\"{measure}\"]').cells[{}].querySelector('strong').textContent",
                    index + 2
                ));
                assert_eq!(shown, with_unit(mean, unit), "{measure} of {}", variant.name);
            }
        }
        assert_eq!(tab.problems(&page), Vec::<String>::new());
        drop(tab);
        let (saved, command) = bench.saved(browser, &page, &fragment);
        assert!(saved == bench.run(&command), "another results.json than that of {command}");
    });
}

#[test]
fn fifty_moves_leave_one_simulation_and_its_figures_are_those_of_a_fresh_page() {
    with_browser(|browser| {
        let bench = Bench::new("moves");
        let Some(page) = bench.page("small.toml", &[]) else { return };
        let mut tab = browser.tab();
        tab.call("Page.addScriptToEvaluateOnNewDocument", json!({ "source": LISTEN }));
        tab.open(&page);
        wait_for(&mut tab, DONE);
        tab.eval("heard.length = 0");
        // Over all places of the slider, ten times a second, and one more to an end.
        let moves = "(async () => {
            const knob = document.querySelector('[data-path=\"tier.l2.ttl\"] input');
            for (let move = 0; move < 50; move++) {
                knob.value = move === 49 ? knob.max : move % (Number(knob.max) + 1);
                knob.dispatchEvent(new Event('input'));
                await new Promise((next) => setTimeout(next, 100));
            }
            knob.dispatchEvent(new Event('change'));
        })()";
        tab.eval(moves);
        wait_for(&mut tab, DONE);
        assert_eq!(tab.eval("workers"), 1);
        let whole = "heard.filter(([, message]) => message.figures && message.done && !message.draft).length";
        assert_eq!(tab.eval(whole), 1, "whole simulations");
        let (address, board) = (tab.text(ADDRESS), tab.text(BOARD));
        // One gesture: one step back is the file again.
        tab.eval("document.querySelector('#undo').click()");
        wait_for(&mut tab, &format!("{ADDRESS} === ''"));
        wait_for(&mut tab, DONE);
        let back = tab.text(BOARD);
        drop(tab);
        for (fragment, expected) in [(address.trim_start_matches('#'), board), ("", back)] {
            let mut tab = browser.tab();
            tab.open_at(&page, fragment);
            wait_for(&mut tab, DONE);
            assert_eq!(tab.text(BOARD), expected, "{fragment}");
        }
    });
}

#[test]
fn records_of_bundled_scenarios_are_byte_for_byte_those_of_the_program() {
    with_browser(|browser| {
        let bench = Bench::new("bundled");
        // With a setting of a scenario, and without.
        for (scenario, fragment) in [
            ("stampede.toml", "set=tier.l2.ttl=10m"),
            ("tiers.toml", ""),
            ("lookup.toml", "set=coalescing=singleflight"),
            ("leases.toml", ""),
            ("ttl-sweep.toml", "set=clients.instances=2"),
        ] {
            bench.shorten(scenario);
            let Some(page) = bench.page(scenario, &[]) else { return };
            let (saved, command) = bench.saved(browser, &page, fragment);
            assert!(saved == bench.run(&command), "{scenario}: another results.json than that of {command}");
        }
    });
}

#[test]
fn the_page_is_small_and_answers_soon() {
    with_browser(|browser| {
        let bench = Bench::new("size");
        let Some(page) = bench.page("stampede", &["--set", "duration=60s"]) else { return };
        let text = fs::read_to_string(&page).unwrap();
        let module = text.split("id=\"module\">").nth(1).unwrap().split('<').next().unwrap().len();
        println!("page: {} kB, of which the module {} kB", text.len() / 1000, module / 1000);
        // The module is compressed by whoever builds it, with gzip or better; the page's own part is what belongs to this test.
        assert!(text.len() - module <= 160_000, "{} bytes without the module", text.len() - module);
        assert!(text.len() <= 1_350_000, "{} bytes", text.len());
        let mut tab = browser.tab();
        tab.call("Page.addScriptToEvaluateOnNewDocument", json!({ "source": LISTEN }));
        let start = Instant::now();
        tab.open(&page);
        wait_for(&mut tab, "/\\d/.test(document.querySelector('#board strong')?.textContent ?? '')");
        println!("first figure on the page: {:.2} s after it was opened", start.elapsed().as_secs_f64());
        wait_for(&mut tab, DONE);
        println!("all replications: {:.2} s", start.elapsed().as_secs_f64());
        for by in [1, -2, 1] {
            tab.eval("{ window.moved = performance.now(); heard.length = 0; }");
            turn(&mut tab, "tier.l2.ttl", by);
            wait_for(&mut tab, DONE);
            let after = "JSON.stringify([
                heard.find(([, { figures }]) => figures?.rows.length > 0), heard.find(([, { figures }]) => figures?.rows.length === 3),
                heard.find(([, { figures, draft }]) => figures?.rows.length === 3 && !draft), heard.findLast(([, { figures }]) => figures),
            ].map(([at]) => Math.round(at - moved)))";
            println!(
                "ms from a move to a draft of one variant, of three, to whole runs of three, to the end: {}",
                tab.text(after)
            );
        }
        // How long the worker keeps a new input waiting, at most.
        let longest = "Math.round(Math.max(...heard.slice(1).map(([at], index) => at - heard[index][0])))";
        println!("longest silence of the worker: {} ms", tab.eval(longest));
    });
}
