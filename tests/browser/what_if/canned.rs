//! A module that answers from a tin: the page with all its parts, but figures that are known beforehand, and faults that the
//! real engine does not have.

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use flate2::Compression;
use flate2::write::GzEncoder;
use herdlab::report::html::what_if::{WhatIf, render};
use serde_json::{Value, json};

use crate::folder;

/// What the module answers, by the kind of request.
pub struct Canned {
    pub open: Value,
    pub ask: Value,
    pub figures: Value,
    /// The how manieth ask of an instance traps.
    pub trap: Option<u32>,
}

/// Markup that must stay text.
pub const EVIL: &str = "<img src=x onerror=\"document.title='changed'\">";

/// Where the page writes its requests, above all answers.
const INPUT: i32 = 0x20_0000;
const PAGES: i32 = 64;

fn choice(path: &str, label: &str, control: &str, values: &[&str], today: usize) -> Value {
    let values: Vec<Value> =
        values.iter().map(|value| json!({ "toml": value, "label": value.replace('"', "") })).collect();
    json!({
        "path": path, "label": label, "group": if control == "slider" { "Cache" } else { "Clients" },
        "control": control, "help": format!("Help of {label}."), "values": values, "today": today,
        "pinned": if control == "slider" { json!(["three"]) } else { json!([]) },
    })
}

fn row(variant: &str, load: f64, width: Option<f64>, level: &str) -> Value {
    let figure = |mean: f64| json!({ "mean": mean, "low": width.map(|width| mean - width), "high": width.map(|width| mean + width) });
    let windows: Vec<f64> = (0..60).map(f64::from).collect();
    json!({
        "variant": variant, "replications": 4, "capacity_qps": 400.0,
        "values": {
            "db.qps.mean": figure(load), "latency.all.p99_ms": figure(load / 10.0),
            "hit_ratio": { "mean": 0.9, "low": 0.89, "high": 0.91 }, "goodput": figure(1000.0),
        },
        "verdict": { "level": level, "text": format!("takes {load} queries per second") },
        "series": {
            "time_s": windows, "db.qps": vec![load; 60], "latency.p99_ms": vec![load / 10.0; 60], "hit": vec![0.9; 60],
        },
        "quantiles": { "q": [0.0, 0.5, 0.9, 0.99], "latency_ms": [0.5, 1.0, 2.0, load / 10.0] },
    })
}

impl Canned {
    /// Four variants and three knobs; the first variant is as today, the second takes half of the load.
    pub fn usual() -> Canned {
        let measure = |name: &str, unit: &str, direction: &str, headline: bool| json!({ "name": name, "label": name, "unit": unit, "direction": direction, "group": "", "headline": headline });
        let evil = format!("four {EVIL}");
        Canned {
            open: json!({
                "name": "canned", "question": "Why?", "variants": ["one", "two", "three", evil], "baseline": "one",
                "duration_s": 60.0, "warmup_s": 10.0, "replications": 4, "seed": "18446744073709551615",
                "version": "1.2.3", "digest": "ab12",
                "knobs": [
                    choice("tier.l2.ttl", "TTL of l2", "slider", &["10s", "20s", "40s", "80s", "160s"], 2),
                    choice("coalescing", "Coalescing", "choice", &["\"none\"", "\"singleflight\""], 0),
                    choice("tier.l2.locks", "Locks", "switch", &["on", "off"], 1),
                ],
                "measures": [
                    measure("db.qps.mean", "1/s", "lower", true), measure("latency.all.p99_ms", "ms", "lower", true),
                    measure("hit_ratio", "1", "higher", true), measure("goodput", "1/s", "higher", false),
                ],
                "problems": [format!("vulnerable: {EVIL}")],
            }),
            ask: json!({
                "problem": null, "estimate": { "events": 1000, "memory_bytes": 2_000_000 },
                "toml": "name = \"canned\"", "command": "herdlab run canned.toml --replications 4",
            }),
            figures: json!({
                "draft": false, "replications": 4, "of": 4, "duration_s": 60.0, "marks": [["warm-up", 0.0, 10.0]],
                "today": row("one", 200.0, Some(5.0), "at risk"),
                "rows": [
                    row("one", 204.0, Some(5.0), "at risk"), row("two", 100.0, Some(5.0), "safe"),
                    row("three", 390.0, Some(5.0), "not safe"), row(&evil, 100.0, None, "safe"),
                ],
            }),
            trap: None,
        }
    }

    /// Writes the page and returns its path.
    pub fn page(&self, name: &str) -> PathBuf {
        let mut compressed = GzEncoder::new(Vec::new(), Compression::default());
        compressed.write_all(&self.module()).unwrap();
        page_of(name, &compressed.finish().unwrap())
    }

    /// The exports of the contract: each answer lies in the memory, and a request is told by its first letter.
    fn module(&self) -> Vec<u8> {
        let failure = "index out of bounds, src/canned.rs:7";
        let step = json!({ "done": true, "progress": 1.0, "changed": true });
        let answers: [(u8, String); 5] = [
            (b'o', self.open.to_string()),
            (b'a', self.ask.to_string()),
            (b's', step.to_string()),
            (b'f', self.figures.to_string()),
            (b'r', json!({ "results": "{ \"canned\": true }\n" }).to_string()),
        ];
        let mut memory = failure.as_bytes().to_vec();
        let mut call = Vec::new();
        for (letter, answer) in &answers {
            // if letter of the request == this one
            call.extend([I32_CONST].iter().chain(&signed(INPUT + 2)));
            call.extend([I32_LOAD8_U, 0, 0, I32_CONST]);
            call.extend(signed(i32::from(*letter)));
            call.extend([I32_EQ, IF, VOID]);
            if let (b'a', Some(trap)) = (letter, self.trap) {
                // asks += 1; if asks == trap { unreachable }
                call.extend([GLOBAL_GET, 1, I32_CONST, 1, I32_ADD, GLOBAL_SET, 1, GLOBAL_GET, 1, I32_CONST]);
                call.extend(signed(trap as i32));
                call.extend([I32_EQ, IF, VOID, UNREACHABLE, END]);
            }
            call.extend(point(memory.len(), answer.len()));
            call.extend([RETURN, END]);
            memory.extend(answer.as_bytes());
        }
        call.push(UNREACHABLE);
        // The memory grows, so that a buffer of it from before is of no use any more.
        let input = [vec![I32_CONST, 1, MEMORY_GROW, 0, DROP, I32_CONST], signed(INPUT)].concat();
        let output = vec![GLOBAL_GET, 0];
        let failed = point(0, failure.len());
        let exports: Vec<Vec<u8>> =
            [("memory", 2, 0), ("input", 0, 0), ("call", 0, 1), ("output", 0, 2), ("failure", 0, 3)]
                .into_iter()
                .map(|(name, kind, index)| [list_of_bytes(name.as_bytes()), vec![kind, index]].concat())
                .collect();
        let global = vec![0x7f, 1, I32_CONST, 0, END];
        let data = [vec![0, I32_CONST, 0, END], list_of_bytes(&memory)].concat();
        let sections = [
            // One parameter and one result; no parameter and one result.
            (1, list(&[vec![0x60, 1, 0x7f, 1, 0x7f], vec![0x60, 0, 1, 0x7f]])),
            (3, list(&[vec![0], vec![1], vec![1], vec![1]])),
            (5, list(&[[vec![0], unsigned(PAGES as usize)].concat()])),
            (6, list(&[global.clone(), global])),
            (7, list(&exports)),
            (10, list(&[input, call, output, failed].map(function))),
            (11, list(&[data])),
        ];
        let mut module = b"\0asm\x01\0\0\0".to_vec();
        for (id, content) in sections {
            module.push(id);
            module.extend(list_of_bytes(&content));
        }
        module
    }
}

/// A page around a compressed module.
pub fn page_of(name: &str, module: &[u8]) -> PathBuf {
    let page = WhatIf {
        name: "canned",
        question: "Why?",
        source_path: "canned.toml",
        source: "name = \"canned\"\nseed = 18446744073709551615",
        open: &json!({ "source": "name = \"canned\"", "path": "canned.toml" }),
        version: "1.2.3",
        digest: "ab12",
        module,
    };
    let file = folder().join(format!("what-if-{name}.html"));
    fs::create_dir_all(folder()).unwrap();
    fs::write(&file, render(&page).unwrap()).unwrap();
    file
}

const UNREACHABLE: u8 = 0x00;
const IF: u8 = 0x04;
const VOID: u8 = 0x40;
const END: u8 = 0x0b;
const RETURN: u8 = 0x0f;
const DROP: u8 = 0x1a;
const GLOBAL_GET: u8 = 0x23;
const GLOBAL_SET: u8 = 0x24;
const I32_LOAD8_U: u8 = 0x2d;
const MEMORY_GROW: u8 = 0x40;
const I32_CONST: u8 = 0x41;
const I32_EQ: u8 = 0x46;
const I32_ADD: u8 = 0x6a;

/// Lets `output` point to an answer, and leaves its length.
fn point(from: usize, length: usize) -> Vec<u8> {
    [vec![I32_CONST], signed(from as i32), vec![GLOBAL_SET, 0, I32_CONST], signed(length as i32)].concat()
}

/// A function without locals.
fn function(code: Vec<u8>) -> Vec<u8> {
    list_of_bytes(&[vec![0], code, vec![END]].concat())
}

fn list(items: &[Vec<u8>]) -> Vec<u8> {
    [unsigned(items.len()), items.concat()].concat()
}

fn list_of_bytes(bytes: &[u8]) -> Vec<u8> {
    [unsigned(bytes.len()), bytes.to_vec()].concat()
}

/// LEB128.
fn unsigned(mut value: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = (value & 0x7f) as u8;
        value >>= 7;
        if value == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

fn signed(mut value: i32) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = (value & 0x7f) as u8;
        value >>= 7;
        let ends = (value == 0 && low & 0x40 == 0) || (value == -1 && low & 0x40 != 0);
        if ends {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}
