//! The first reading of a recorded workload: its counts, its span of time, its digest, and whether every
//! row is what the replications will need it to be.

use std::collections::HashMap;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};
use sha2::{Digest, Sha256};

use crate::dice::round_ns;
use crate::model::{MAX_CLASSES, Nanos, RecordedClass, Sets, Spooled, TraceLayout, TraceReplay};
use crate::trace::classes::OTHER;
use crate::trace::csv::OPERATION_COLUMNS;
use crate::trace::{Asked, Stamp, TraceReader, TraceRow, source};
use crate::units::{self, format_duration, grouped};

/// A trace as a scenario names it; durations are those of the recording.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct TraceRequest {
    pub asked: Asked,
    pub unit_ns: Option<u64>,
    pub sets: Option<Sets>,
    pub is_paced: bool,
    pub from_ns: Nanos,
    pub until_ns: Option<Nanos>,
    pub reorder_ns: Option<Nanos>,
    pub skip_bad: u64,
}

/// The result of one pass over a trace.
#[derive(Clone, Debug)]
pub(crate) struct TraceSummary {
    /// The file, or a copy of what a pipe gave.
    pub path: PathBuf,
    pub spooled: Option<Arc<Spooled>>,
    pub spooled_bytes: u64,
    pub format: &'static str,
    pub layout: TraceLayout,
    /// Nanoseconds per unit of time.
    pub unit_ns: f64,
    /// In units.
    pub first_time: f64,
    /// From the first request to the last, in units.
    pub length: f64,
    /// Different times.
    pub instants: u64,
    pub requests: u64,
    pub writes: u64,
    /// Distinct keys.
    pub keys: u64,
    pub classes: Classes,
    /// Distinct keys with a recorded time to live.
    pub keys_with_ttl: u64,
    /// Distinct clients.
    pub clients: u64,
    /// Whether requests have sizes.
    pub sized: bool,
    /// Whether they have sizes of keys.
    pub key_sized: bool,
    pub reorder_ns: Nanos,
    /// Time from one possible stamp to the next, in nanoseconds.
    pub step_ns: f64,
    /// Requests that share their stamp with others.
    pub sharing: u64,
    pub most_at_once: u64,
    pub sets: u64,
    pub fills: u64,
    pub sets_after_gets: u64,
    pub bad_rows: u64,
    /// Format and unit, with what was guessed.
    pub words: String,
    /// An operation column that the scenario does not name.
    pub operation_unread: Option<String>,
    /// Hex SHA-256 of the file.
    pub digest: String,
}

/// The classes of the keys of a trace, as the model has them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Classes {
    /// By descending number of requests, the rest as `other`; empty where keys have no classes.
    pub all: Vec<RecordedClass>,
    /// Class of the model by the number in the recording.
    pub of_number: Vec<u8>,
    /// Classes of the recording that have no class of their own.
    pub put_together: u64,
}

impl Classes {
    /// `counted` has the requests and the keys of each class of the recording by its number, of which number 0 is `other`.
    fn of(names: &[String], counted: &[(u64, u64)]) -> Classes {
        if names.is_empty() {
            return Classes::default();
        }
        let all: f64 = counted.iter().map(|count| count.0 as f64).sum();
        let mut order: Vec<usize> = (1..counted.len()).filter(|&number| counted[number].0 > 0).collect();
        order.sort_by_key(|&number| (std::cmp::Reverse(counted[number].0), number));
        let put_together = order.len().saturating_sub(MAX_CLASSES - 1);
        let own = &order[..order.len() - put_together];
        let mut of_number = vec![own.len() as u8; names.len()];
        for (class, &number) in own.iter().enumerate() {
            of_number[number] = class as u8;
        }
        let class = |name: &str, (requests, keys): (u64, u64)| RecordedClass {
            name: name.to_owned(),
            share: requests as f64 / all,
            keys,
        };
        let mut all: Vec<RecordedClass> =
            own.iter().map(|&number| class(&names[number], counted[number])).collect();
        let rest = std::iter::once(&0).chain(&order[own.len()..]);
        let rest = rest.fold((0, 0), |sum, &number| (sum.0 + counted[number].0, sum.1 + counted[number].1));
        if rest.0 > 0 {
            all.push(class(OTHER, rest));
        }
        Classes { all, of_number, put_together: put_together as u64 }
    }
}

/// Traces read so far: variants that share one share the reading.
#[derive(Default)]
pub(crate) struct TraceFiles {
    known: HashMap<(PathBuf, TraceRequest), Result<TraceSummary, String>>,
    spooled: HashMap<PathBuf, Arc<Spooled>>,
}

impl TraceFiles {
    /// Reads the trace, or remembers it. The error names file and line; `shown` is the file as the user named it.
    pub fn summary(
        &mut self,
        path: &Path,
        shown: &str,
        request: &TraceRequest,
    ) -> Result<TraceSummary, String> {
        let place = (path.to_owned(), request.clone());
        if let Some(known) = self.known.get(&place) {
            return known.clone();
        }
        let summary = self.read(path, shown, request);
        self.known.entry(place).or_insert(summary).clone()
    }

    fn read(&mut self, path: &Path, shown: &str, request: &TraceRequest) -> Result<TraceSummary, String> {
        let cannot = |error: io::Error| format!("cannot read {shown}: {error}");
        if !self.spooled.contains_key(path)
            && let Some(copy) = source::spooled(path).map_err(cannot)?
        {
            self.spooled.insert(path.to_owned(), Arc::new(copy));
        }
        let spooled = self.spooled.get(path).cloned();
        let path = spooled.as_ref().map_or(path, |copy| source::place(copy)).to_owned();
        let digest = digest(&path).map_err(cannot)?;
        let (_, bytes) = source::open_whole(&path).map_err(cannot)?;
        let spooled_bytes = bytes.filter(|_| spooled.is_some()).unwrap_or(0);
        let summary = summarise(&path, shown, request)?;
        Ok(TraceSummary { path, spooled, spooled_bytes, digest, ..summary })
    }
}

/// Hex SHA-256 of a file.
fn digest(path: &Path) -> io::Result<String> {
    let (mut file, _) = source::open_whole(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hex(hasher)),
            length => hasher.update(&buffer[..length]),
        }
    }
}

/// Hex of a finished SHA-256.
pub(crate) fn hex(hasher: Sha256) -> String {
    units::hex(&hasher.finalize())
}

/// A clock that ticks faster is not coarse.
const FINE_NS: f64 = 1_000.0;

fn summarise(path: &Path, shown: &str, request: &TraceRequest) -> Result<TraceSummary, String> {
    let name = Path::new(shown);
    let (file, length) = source::open_whole(path).map_err(|error| format!("cannot read {shown}: {error}"))?;
    let opened =
        crate::trace::open_input(name, file, length, &request.asked).map_err(|error| error.to_string())?;
    let format = opened.format.name;
    let layout = opened.layout.clone();
    let has_times = opened.has_times && !request.is_paced;
    if !opened.has_times && !request.is_paced {
        return Err(format!(
            "{shown} ({format}) has no times; `rate = 1000` sends its requests at constant gaps, and `herdlab mrc` \
             replays it without times"
        ));
    }
    let unit_ns = match opened.unit_ns(request.unit_ns) {
        _ if !has_times => 1.0,
        Some(unit_ns) => unit_ns,
        None => {
            return Err(format!(
                "the unit of the times in {shown} is not known; set `unit`, such as \"s\" or \"ms\""
            ));
        }
    };
    let mut words =
        vec![format!("format {format}{}", if opened.is_guess { " (by its content)" } else { "" })];
    words.extend(opened.note.clone());
    words.extend(opened.compression.map(|kind| format!("compressed by {kind}")));
    if let (true, None, Some(unit)) = (has_times, request.unit_ns, opened.unit) {
        words.push(format!("times in {}", unit.name));
    }
    let reorder_ns = request.reorder_ns.unwrap_or(opened.format.reorder_ns());
    let replay = TraceReplay {
        sets: request.sets,
        from_ns: request.from_ns,
        until_ns: request.until_ns,
        reorder_ns: if has_times { reorder_ns } else { 0 },
        skip_bad: request.skip_bad,
        ..TraceReplay::default()
    };
    let rows = opened.rows().map_err(|problem| problem.of(name).to_string())?;
    let mut trace = TraceReader::new(name, rows, unit_ns, has_times, replay).counting_fills().noting_ttls();
    if request.asked.mark.is_some() || request.asked.names.class.is_some() {
        trace = trace.with_classes(request.asked.mark.as_deref());
    }
    let mut counts = Counts::default();
    while let Some(row) = trace.read_row().map_err(|error| error.to_string())? {
        counts.count(&row);
    }
    counts.end_stamp();
    let tally = trace.tally();
    let classes = Classes::of(trace.classes(), &counts.by_class);
    let ttls = trace.ttls();
    let (first, last) = counts.span.ok_or_else(|| trace.error(1, "no rows").to_string())?;
    let summary = TraceSummary {
        path: PathBuf::new(),
        spooled: None,
        spooled_bytes: 0,
        format,
        unit_ns,
        first_time: if has_times { first.value() } else { 0.0 },
        length: last.since(&first),
        instants: if has_times { counts.instants } else { counts.requests },
        requests: counts.requests,
        writes: counts.writes,
        keys: counts.keys.len() as u64,
        classes,
        keys_with_ttl: counts.keys.keys().filter(|key| ttls.contains_key(key)).count() as u64,
        clients: counts.clients.len() as u64,
        sized: counts.sized,
        key_sized: counts.key_sized,
        reorder_ns,
        step_ns: counts.step_ns(unit_ns),
        sharing: counts.sharing,
        most_at_once: counts.most_at_once,
        sets: tally.sets,
        fills: tally.fills,
        sets_after_gets: tally.sets_after_gets,
        bad_rows: tally.bad_rows,
        words: words.join(", "),
        operation_unread: operation_unread(path, &layout),
        digest: String::new(),
        layout,
    };
    refuse_unclear_sets(shown, request, &summary)?;
    Ok(summary)
}

/// The name of a column with operations in a table whose layout has none.
fn operation_unread(path: &Path, layout: &TraceLayout) -> Option<String> {
    match layout {
        TraceLayout::Table(columns) if columns.has_header && columns.operation.is_none() => {
            crate::trace::csv::column_of(path, columns.separator, OPERATION_COLUMNS)
        }
        _ => None,
    }
}

/// Nothing in a trace of a look-aside cache tells the SET after a miss from that of new data, so the user must.
fn refuse_unclear_sets(shown: &str, request: &TraceRequest, summary: &TraceSummary) -> Result<(), String> {
    let has_lists =
        request.asked.names.operation.as_ref().is_some_and(|operation| !operation.write.is_empty());
    if request.sets.is_some() || has_lists || summary.sets == 0 {
        return Ok(());
    }
    let share = summary.sets_after_gets as f64 / summary.sets as f64 * 100.0;
    Err(format!(
        "{} of {} requests in {shown} are SETs, {share:.0} % of them right after a GET of the same key; set `sets = \"fill\"` where \
         they store what a miss fetched (they are left out: the simulated cache fills itself), or `sets = \"write\"` where they \
         are new data",
        grouped(summary.sets),
        grouped(summary.requests)
    ))
}

#[derive(Default)]
struct Counts {
    requests: u64,
    writes: u64,
    instants: u64,
    span: Option<(Stamp, Stamp)>,
    /// With the number of their class, that of their first request.
    keys: FxHashMap<u64, u32>,
    /// Requests and keys of each class of the recording.
    by_class: Vec<(u64, u64)>,
    clients: FxHashSet<u64>,
    sized: bool,
    key_sized: bool,
    decimals: u8,
    zeros: Option<u8>,
    at_once: u64,
    most_at_once: u64,
    sharing: u64,
}

impl Counts {
    fn count(&mut self, row: &TraceRow) {
        self.requests += 1;
        self.writes += u64::from(row.write);
        self.sized |= row.size.is_some();
        self.key_sized |= row.key_bytes.is_some();
        let known = self.keys.len();
        let class = *self.keys.entry(row.key).or_insert(row.class.unwrap_or(0)) as usize;
        if class >= self.by_class.len() {
            self.by_class.resize(class + 1, (0, 0));
        }
        let (requests, keys) = &mut self.by_class[class];
        *requests += 1;
        *keys += u64::from(self.keys.len() > known);
        self.clients.extend(row.client);
        if self.span.is_none_or(|(_, last)| row.stamp > last) {
            self.end_stamp();
            self.instants += 1;
            self.decimals = self.decimals.max(row.stamp.decimals);
            let zeros = row.stamp.zeros(self.zeros.unwrap_or(u8::MAX));
            self.zeros = Some(zeros);
        }
        self.span = Some((self.span.map_or(row.stamp, |(first, _)| first), row.stamp));
        self.at_once += 1;
    }

    fn end_stamp(&mut self) {
        self.most_at_once = self.most_at_once.max(self.at_once);
        self.sharing += if self.at_once > 1 { self.at_once } else { 0 };
        self.at_once = 0;
    }

    /// From the digits of the stamps: the last one that is used, and the zeros behind. A second at most, unless the unit is longer.
    fn step_ns(&self, unit_ns: f64) -> f64 {
        match (self.decimals, self.zeros.unwrap_or(0)) {
            (0, zeros) => (unit_ns * 10f64.powi(i32::from(zeros))).min(unit_ns.max(1e9)),
            (decimals, _) => unit_ns / 10f64.powi(i32::from(decimals)),
        }
    }
}

impl TraceSummary {
    /// Whether most requests share their stamp with others: the clock is too coarse to be taken at its word. A single stamp tells
    /// nothing about the clock.
    pub fn is_coarse(&self) -> bool {
        self.instants > 1 && self.sharing * 2 > self.requests && self.step_ns > FINE_NS
    }

    /// The unit over which such requests are spread, in words.
    pub fn step(&self) -> String {
        format_duration(round_ns(self.step_ns))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::{ColumnNames, OperationNames};
    use std::io::Write;

    fn request() -> TraceRequest {
        let names = ColumnNames {
            time: Some("t".into()),
            key: Some("k".into()),
            size: Some("bytes".into()),
            operation: Some(OperationNames {
                column: "op".into(),
                read: vec!["get".into()],
                write: vec!["set".into()],
                ignore: Vec::new(),
            }),
            ..ColumnNames::default()
        };
        TraceRequest {
            asked: Asked { format: None, names, ..Asked::default() },
            unit_ns: Some(1_000_000_000),
            ..TraceRequest::default()
        }
    }

    fn summary_of(text: &str, request: &TraceRequest) -> Result<TraceSummary, String> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        TraceFiles::default().summary(file.path(), "x.csv", request)
    }

    fn summary(text: &str) -> Result<TraceSummary, String> {
        summary_of(text, &request())
    }

    #[test]
    fn one_pass_counts_requests_writes_and_keys() {
        let trace = summary("t,k,bytes,op\n5,a,10,get\n5,b,10,set\n7.5,a,10,get\n").unwrap();
        assert_eq!((trace.requests, trace.writes, trace.keys), (3, 1, 2));
        assert_eq!((trace.first_time, trace.length, trace.instants), (5.0, 2.5, 2));
        assert_eq!((trace.sets, trace.sharing, trace.most_at_once), (1, 2, 2));
        assert_eq!(trace.digest.len(), 64);
        assert!(trace.sized);
    }

    #[test]
    fn a_trace_without_requests_is_refused() {
        let told = summary("t,k,bytes,op\n").unwrap_err();
        assert_eq!(told, "x.csv:1: no requests: there is a header alone");
    }

    /// 20 s in ISO 8601, whatever unit is named; the name of a column is no more than a default.
    #[test]
    fn a_unit_overrules_all_times_but_iso_8601() {
        let length_ns = |text: &str, unit_ns: Option<u64>| {
            let trace = summary_of(text, &TraceRequest { unit_ns, ..TraceRequest::default() }).unwrap();
            trace.length * trace.unit_ns
        };
        let iso = "time,key\n2023-11-15T00:00:00Z,a\n2023-11-15T00:00:20Z,b\n";
        assert_eq!(length_ns(iso, Some(1_000_000)), 20e9);
        let named = "time_us,key\n1700000000,a\n1700000003,b\n";
        assert_eq!((length_ns(named, None), length_ns(named, Some(1_000_000))), (3e3, 3e6));
    }

    fn step(text: &str) -> (f64, bool) {
        let request = TraceRequest { unit_ns: Some(1_000_000), ..TraceRequest::default() };
        let trace = summary_of(text, &request).unwrap();
        (trace.step_ns, trace.is_coarse())
    }

    #[test]
    fn the_digits_of_the_stamps_tell_the_step_of_their_clock() {
        // Milliseconds that are whole tens, seconds, more than a second; and decimals.
        assert_eq!(step("t,key\n10,a\n10,b\n120,c\n"), (1e7, true));
        assert_eq!(step("t,key\n3000,a\n3000,b\n14000,c\n"), (1e9, true));
        assert_eq!(step("t,key\n30000,a\n40000,b\n"), (1e9, false));
        assert_eq!(step("t,key\n1.250000,a\n1.250000,b\n1.750000,c\n"), (1e4, true));
        assert_eq!(step("t,key\n1.2500004,a\n1.2500004,b\n"), (0.1, false));
        // Two of four share theirs: not most of them.
        assert_eq!(step("t,key\n1,a\n1,b\n2,c\n3,c\n"), (1e6, false));
    }

    #[test]
    fn sets_without_a_meaning_are_refused() {
        let text = "0,k,1,9,1,get,0\n0,k,1,9,1,set,60\n1,k,1,9,1,set,0\n";
        let request = TraceRequest::default();
        assert_eq!(
            summary_of(text, &request).unwrap_err(),
            "2 of 3 requests in x.csv are SETs, 50 % of them right after a GET of the same key; set `sets = \"fill\"` where they store \
             what a miss fetched (they are left out: the simulated cache fills itself), or `sets = \"write\"` where they are new data"
        );
        let fill = summary_of(text, &TraceRequest { sets: Some(Sets::Fill), ..request.clone() }).unwrap();
        assert_eq!((fill.requests, fill.writes, fill.fills), (1, 0, 2));
        let write = summary_of(text, &TraceRequest { sets: Some(Sets::Write), ..request }).unwrap();
        assert_eq!((write.requests, write.writes, write.sets_after_gets), (3, 2, 1));
        assert_eq!(write.words, "format twitter (by its content), times in s");
    }

    #[test]
    fn a_trace_without_times_or_unit_has_a_way_out() {
        let request = TraceRequest::default();
        let told = summary_of("16\n2\n16\n", &request).unwrap_err();
        assert!(told.starts_with("x.csv (lirs) has no times; `rate = 1000` sends"), "{told}");
        let paced = summary_of("16\n2\n16\n", &TraceRequest { is_paced: true, ..request.clone() }).unwrap();
        assert_eq!((paced.requests, paced.instants, paced.keys), (3, 3, 2));
        let told = summary_of("t,key\n1,a\n2,b\n", &request).unwrap_err();
        assert_eq!(told, "the unit of the times in x.csv is not known; set `unit`, such as \"s\" or \"ms\"");
    }
}
