//! Everything that reads what others wrote, each as a function of bytes that panics where the program would.
//!
//! The targets in `fuzz/` and the tests in `main.rs` run the same functions.

#[path = "../support/draw.rs"]
mod draw;

use std::io::{Cursor, Read};
use std::path::Path;

use herdlab::import::{self, Options, Source};
use herdlab::model::{Experiment, TraceReplay};
use herdlab::report::json;
use herdlab::scenario::describe;
use herdlab::scenario::estimate::{Limits, approximate_time, estimate, plan, refuse_beyond};
use herdlab::scenario::{Diagnostics, Overrides, parse_with_warnings};
use herdlab::theory::predictions;
use herdlab::trace::{
    Asked, ColumnNames, FORMATS, OperationNames, Requests, TraceReader, open_input, oracle_general,
};

/// One kind of input.
pub struct Reader {
    /// Name of the target and of its folder below `corpus`.
    pub name: &'static str,
    pub read: fn(&[u8]),
}

/// All of them.
#[allow(dead_code, reason = "a target runs one of them")]
pub const READERS: &[Reader] = &[
    Reader { name: "scenario", read: scenario },
    Reader { name: "set", read: set },
    Reader { name: "trace_csv", read: trace_csv },
    Reader { name: "trace_oracle", read: trace_oracle },
    Reader { name: "trace_any", read: trace_any },
    Reader { name: "import", read: import },
    Reader { name: "results", read: results },
];

/// Files that a scenario names are looked for here, where none are.
const NOWHERE: &str = "no/such/folder";

/// A scenario file, and all that `herdlab check` says of it.
pub fn scenario(data: &[u8]) {
    let Ok(source) = std::str::from_utf8(data) else { return };
    check(source, &Overrides::default());
}

/// The scenario that values are set in: it has a named one of everything that a path can lead to.
const BASE: &str = include_str!("../silent/base.toml");

/// Lines of `path=value`, each one `--set` of the command line.
pub fn set(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let set = text.lines().filter_map(|line| line.split_once('='));
    let set = set.map(|(path, value)| (path.trim().to_owned(), value.to_owned())).collect();
    check(BASE, &Overrides { set, ..Overrides::default() });
}

fn check(source: &str, overrides: &Overrides) {
    match parse_with_warnings(source, "fuzzed.toml", Path::new(NOWHERE), overrides) {
        Ok((experiment, warnings)) => {
            assert_eq!(warnings.render(false).is_empty(), warnings.is_empty());
            describe(&experiment);
        }
        Err(problems) => require_words(&problems),
    }
}

/// All that is said of a sound scenario without running it.
fn describe(experiment: &Experiment) {
    assert!(experiment.baseline < experiment.variants.len());
    assert_eq!(experiment.digest.len(), 64);
    for variant in &experiment.variants {
        let model = &variant.model;
        assert!(describe::describe(model).iter().all(|line| !line.is_empty()));
        assert!(predictions(model).iter().all(|one| one.value.is_finite()));
        let estimate = estimate(model);
        let (requests, bytes) = (estimate.requests, estimate.memory_bytes());
        assert!(requests >= 0.0 && bytes >= 0.0, "{requests} requests, {bytes} bytes");
    }
    let plan = plan(experiment, 2);
    assert!(!plan.seconds.is_nan() && !plan.memory_bytes.is_nan());
    approximate_time(plan.seconds);
    let limits = Limits { memory_bytes: Some(1 << 30), memory_given: true, seconds: 60.0 };
    if let Err(problems) = refuse_beyond(&plan, &limits) {
        require_words(&problems);
    }
}

/// A refusal says something, with colours and without.
fn require_words(problems: &Diagnostics) {
    assert!(!problems.render(false).trim().is_empty());
    assert!(!problems.render(true).trim().is_empty());
}

/// Hands over what is read in small pieces, as a pipe may.
struct Pieces {
    data: Cursor<Vec<u8>>,
    bytes: usize,
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let bytes = self.bytes.min(buffer.len());
        self.data.read(&mut buffer[..bytes])
    }
}

const TRACE: &str = "fuzzed.trace";

/// A trace in CSV, with and without columns for size and operation.
pub fn trace_csv(data: &[u8]) {
    for optional in [false, true] {
        let names = ColumnNames {
            time: Some("t".into()),
            key: Some("k".into()),
            size: optional.then(|| "bytes".into()),
            ttl: optional.then(|| "ttl".into()),
            client: optional.then(|| "from".into()),
            operation: optional.then(|| OperationNames {
                column: "op".into(),
                read: vec!["get".into()],
                write: vec!["set".into()],
                ignore: Vec::new(),
            }),
            ..ColumnNames::default()
        };
        let asked = Asked { format: Some("csv"), names, ..Asked::default() };
        let whole = rows(data.to_vec(), usize::MAX, &asked);
        assert!(whole == rows(data.to_vec(), 3, &asked), "it matters in which pieces it comes");
    }
    keys(data, "csv", Some("k"));
    keys(data, "csv", None);
}

/// A trace in whatever format: told by its content, and read as each of them.
pub fn trace_any(data: &[u8]) {
    let guessed = Asked::default();
    let whole = rows(data.to_vec(), usize::MAX, &guessed);
    assert!(whole == rows(data.to_vec(), 5, &guessed), "it matters in which pieces it comes");
    for format in FORMATS {
        let asked = Asked { format: Some(format.name), ..Asked::default() };
        let (rows, _) = rows(data.to_vec(), usize::MAX, &asked);
        // A row may stand for several requests.
        let requests = keys(data, format.name, None);
        assert!(requests.is_none_or(|requests| requests.ids.len() >= rows.len()));
    }
}

/// Time in nanoseconds, key and line of every request, up to the first bad one, in order of time.
fn rows(data: Vec<u8>, bytes: usize, asked: &Asked) -> (Vec<(u64, u64, u64)>, Option<String>) {
    const MOST: usize = 10_000;
    let mut read = Vec::new();
    let path = Path::new(TRACE);
    let opened = open_input(path, Box::new(Pieces { data: Cursor::new(data), bytes }), None, asked);
    let opened = opened.and_then(|opened| {
        let has_times = opened.has_times;
        Ok((opened.rows().map_err(|problem| problem.of(path))?, has_times))
    });
    let (rows, has_times) = match opened {
        Ok(opened) => opened,
        Err(problem) => return (read, Some(named(&problem.to_string()))),
    };
    let mut trace = TraceReader::new(path, rows, 1e9, has_times, TraceReplay::default());
    let mut last_ns = 0;
    while read.len() < MOST {
        match trace.read_row() {
            Ok(Some(row)) => {
                assert!(row.time_ns >= last_ns && row.line > 0, "{last_ns}, {row:?}");
                last_ns = row.time_ns;
                read.push((row.time_ns, row.key, row.line));
            }
            Ok(None) => return (read, None),
            Err(problem) => return (read, Some(named(&problem.to_string()))),
        }
    }
    (read, None)
}

/// A problem that says in which file it is.
fn named(problem: &str) -> String {
    assert!(problem.starts_with(TRACE) && problem.len() > TRACE.len() + 2, "{problem}");
    problem.to_owned()
}

/// What production reports, one file or several between record separators (0x1e). What is imported is checked as `herdlab import`
/// does it.
pub fn import(data: &[u8]) {
    let files = data.split(|byte| *byte == 0x1e).enumerate();
    let source = |(number, bytes): (usize, &[u8])| Source {
        name: format!("file-{number}.txt"),
        bytes: bytes.to_vec(),
        role: None,
    };
    let sources: Vec<Source> = files.take(6).map(source).collect();
    match import::import(&sources, &Options { interval_s: Some(60.0), trace: None }) {
        Ok(imported) => check(&imported.scenario, &Overrides::default()),
        Err(problem) => assert!(!problem.place.is_empty() && !problem.problem.is_empty(), "{problem:?}"),
    }
}

/// A trace in libCacheSim's binary format, told and guessed.
pub fn trace_oracle(data: &[u8]) {
    let requests = keys(data, "oracle", None);
    // Compressed ones have others.
    let length = data.len() / oracle_general::RECORD_BYTES;
    let is_plain = !matches!(data, [0x1f | 0x28 | 0x50..=0x5f | 0xfd | b'B', ..]);
    assert!(requests.is_none_or(|requests| !is_plain || requests.ids.len() == length));
}

/// The keys of a trace as dense ids, in the order of first appearance.
fn keys(data: &[u8], format: &'static str, key: Option<&str>) -> Option<Requests> {
    let path = Path::new(TRACE);
    let names = ColumnNames { key: key.map(str::to_owned), ..ColumnNames::default() };
    let asked = Asked { format: Some(format), names, ..Asked::default() };
    let read = |bytes: usize, length: Option<u64>| {
        let input = Box::new(Pieces { data: Cursor::new(data.to_vec()), bytes });
        Requests::from_input(path, input, length, &asked).map_err(|problem| named(&problem.to_string()))
    };
    let (whole, pieces) = (read(usize::MAX, Some(data.len() as u64)), read(7, None));
    assert!(whole == pieces, "it matters in which pieces it comes");
    let requests = whole.ok()?;
    assert!(!requests.ids.is_empty());
    let seen = requests.ids.iter().fold(0, |seen, &id| {
        assert!(id <= seen);
        seen.max(id + 1)
    });
    assert_eq!(seen, requests.keys);
    Some(requests)
}

const RECORD: &str = "old/results.json";

/// A record: rejected with a reason, or kept whole and drawn.
pub fn results(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match json::parse(text, Path::new(RECORD)) {
        Ok(record) => {
            draw::draw_all(&record);
            let (written, text) = json::to_json(&record).unwrap_or_else(|problem| panic!("{problem}"));
            let again = json::parse(&text, Path::new(RECORD)).unwrap_or_else(|problem| panic!("{problem}"));
            assert!(again == *written, "it does not come back whole");
        }
        Err(problem) => assert!(problem.to_string().starts_with(RECORD), "{problem}"),
    }
}
