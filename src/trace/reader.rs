//! The requests of a scenario, from the rows of its trace.

use std::fmt;
use std::path::{Path, PathBuf};

use rustc_hash::{FxHashMap, FxHashSet};

use super::classes::Classes;
use super::formats::{Rows, reopen};
use super::order::Sorter;
use super::row::{Operation, Row};
use super::stamp::Stamp;
use super::{Problem, TraceError, source};
use crate::dice::round_ns;
use crate::model::{Nanos, Sets, Trace, TraceReplay};

/// One request of a scenario.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TraceRow {
    /// Time stamp as recorded; 0 where it has none.
    pub stamp: Stamp,
    /// Its time from the trace's first request on, or from the beginning of the part that is replayed, in nanoseconds.
    pub time_ns: Nanos,
    /// Hash of the key.
    pub key: u64,
    /// Bytes of the value, where the trace has them.
    pub size: Option<u32>,
    /// Bytes of the key, where the trace has them.
    pub key_bytes: Option<u32>,
    pub write: bool,
    /// Hash of the client, where the trace has it.
    pub client: Option<u64>,
    /// Number of the class of its key, where keys have classes.
    pub class: Option<u32>,
    /// Line in the file, or record, from 1.
    pub line: u64,
}

/// Reads a trace request by request, with its repetitions, in order of time.
///
/// ```
/// use std::path::Path;
/// use herdlab::model::TraceReplay;
/// use herdlab::trace::{Asked, TraceReader, open_input};
/// let text = "t,key\n5,alice\n7.5,bob\n";
/// let rows = open_input(Path::new("x.csv"), Box::new(text.as_bytes()), None, &Asked::default()).unwrap().rows().unwrap();
/// let mut trace = TraceReader::new(Path::new("x.csv"), rows, 1e9, true, TraceReplay::default());
/// assert_eq!(trace.read_row().unwrap().unwrap().time_ns, 0);
/// assert_eq!(trace.read_row().unwrap().unwrap().time_ns, 2_500_000_000);
/// assert!(trace.read_row().unwrap().is_none());
/// ```
pub struct TraceReader {
    path: PathBuf,
    rows: Box<dyn Rows>,
    unit_ns: f64,
    has_times: bool,
    replay: TraceReplay,
    /// `None`: rows are in order, or have no times.
    sorter: Option<Sorter<()>>,
    first: Option<Stamp>,
    last: Stamp,
    /// The request that is repeated, and how often it still is.
    repeated: Option<(TraceRow, u32)>,
    /// Requests so far.
    requests: u64,
    tally: Tally,
    /// Keys that were looked up last, where that is counted.
    looked_up: Option<FxHashSet<u64>>,
    /// The first time to live of each key, where they are noted.
    ttls: Option<FxHashMap<u64, u32>>,
    classes: Option<Classes>,
}

/// What was read so far, and what was left out.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tally {
    /// Rows that could not be read.
    pub bad_rows: u64,
    /// SETs, repetitions included.
    pub sets: u64,
    /// SETs of keys that were looked up last.
    pub sets_after_gets: u64,
    /// SETs that were left out because they are fills.
    pub fills: u64,
    /// Requests that only prolong the life of an entry; they are left out.
    pub touches: u64,
}

impl fmt::Debug for TraceReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TraceReader").field("path", &self.path).field("requests", &self.requests).finish()
    }
}

impl TraceReader {
    /// Opens the file of a checked trace.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn open(trace: &Trace) -> Result<TraceReader, TraceError> {
        let (file, _) =
            source::open_whole(&trace.path).map_err(|error| TraceError::open(&trace.path, error))?;
        let rows = reopen(&trace.path, file, trace.format, &trace.columns)?;
        let has_times = trace.replay.rate_per_s.is_none();
        let reader = TraceReader::new(&trace.path, rows, trace.unit_ns, has_times, trace.replay.clone());
        Ok(match &trace.classes {
            Some(classes) => reader.with_classes(classes.mark.as_deref()),
            None => reader,
        })
    }

    /// Requests of these rows; the first row is time zero. `path` is the source's name in errors; `unit_ns` is the number of
    /// nanoseconds per unit of time. Without times, all requests are at time zero, unless `replay` has a rate.
    pub fn new(
        path: &Path,
        rows: Box<dyn Rows>,
        unit_ns: f64,
        has_times: bool,
        replay: TraceReplay,
    ) -> TraceReader {
        let tolerance = (has_times && replay.reorder_ns > 0).then(|| replay.reorder_ns as f64 / unit_ns);
        TraceReader {
            path: path.to_owned(),
            rows,
            unit_ns,
            has_times,
            replay,
            sorter: tolerance.map(Sorter::new),
            first: None,
            last: Stamp::whole(i64::MIN),
            repeated: None,
            requests: 0,
            tally: Tally::default(),
            looked_up: None,
            ttls: None,
            classes: None,
        }
    }

    /// Counts the SETs that follow a lookup of their key ([`Tally::sets_after_gets`]).
    pub fn counting_fills(self) -> TraceReader {
        TraceReader { looked_up: Some(FxHashSet::default()), ..self }
    }

    /// Notes the first time to live of each key ([`TraceReader::ttls`]).
    pub fn noting_ttls(self) -> TraceReader {
        TraceReader { ttls: Some(FxHashMap::default()), ..self }
    }

    /// The first time to live of each key so far, in seconds, of SETs as well that are left out as fills; empty unless they are noted.
    pub fn ttls(&mut self) -> FxHashMap<u64, u32> {
        self.ttls.take().unwrap_or_default()
    }

    /// Tells the classes of keys: by what they begin with up to a mark, or by the column of classes.
    pub fn with_classes(self, mark: Option<&str>) -> TraceReader {
        TraceReader { classes: Some(Classes::new(mark)), ..self }
    }

    /// The names of the classes so far, by number; empty where classes are not told.
    pub fn classes(&self) -> &[String] {
        self.classes.as_ref().map_or(&[], Classes::names)
    }

    /// The next request; `None` at the end.
    ///
    /// # Errors
    /// The file cannot be read further, or a row is not a request; the error has line and reason.
    pub fn read_row(&mut self) -> Result<Option<TraceRow>, TraceError> {
        if let Some((row, left)) = self.repeated.take() {
            return Ok(Some(self.hand_over(row, left)));
        }
        while let Some(row) = self.next_in_order()? {
            let first = *self.first.get_or_insert(row.time);
            let offset_ns = round_ns(row.time.since(&first) * self.unit_ns);
            if self.replay.until_ns.is_some_and(|until_ns| offset_ns >= until_ns) {
                return Ok(None);
            }
            if offset_ns < self.replay.from_ns {
                continue;
            }
            if let (Some(ttls), Some(ttl_s)) = (&mut self.ttls, row.ttl_s) {
                ttls.entry(row.key).or_insert(ttl_s);
            }
            let repetitions = u64::from(row.count);
            if let Some(looked_up) = &mut self.looked_up {
                let follows = match row.operation {
                    Operation::Get => !looked_up.insert(row.key),
                    _ => looked_up.remove(&row.key),
                };
                self.tally.sets_after_gets += u64::from(follows && row.operation == Operation::Set);
            }
            let write = match (row.operation, self.replay.sets) {
                (Operation::Get, _) => false,
                (Operation::Change | Operation::Delete, _) => true,
                (Operation::Set, Some(Sets::Fill)) => {
                    self.tally.sets += repetitions;
                    self.tally.fills += repetitions;
                    continue;
                }
                (Operation::Set, Some(Sets::Write) | None) => {
                    self.tally.sets += repetitions;
                    true
                }
                (Operation::Touch, _) => {
                    self.tally.touches += repetitions;
                    continue;
                }
            };
            let Row { time: stamp, key, size, key_bytes, client, class, line, .. } = row;
            let time_ns = offset_ns - self.replay.from_ns;
            let request = TraceRow { stamp, time_ns, key, size, key_bytes, write, client, class, line };
            return Ok(Some(self.hand_over(request, row.count)));
        }
        Ok(None)
    }

    /// A request that is to come so many times, this time included.
    fn hand_over(&mut self, mut row: TraceRow, times: u32) -> TraceRow {
        self.repeated = (times > 1).then(|| (row, times - 1));
        if let Some(rate_per_s) = self.replay.rate_per_s {
            row.time_ns = round_ns(self.requests as f64 * 1e9 / rate_per_s);
        }
        self.requests += 1;
        row
    }

    /// What was read so far.
    pub fn tally(&self) -> Tally {
        self.tally
    }

    /// A problem with a line of this file.
    pub fn error(&self, line: u64, problem: &str) -> TraceError {
        Problem { line, text: problem.to_owned() }.of(&self.path)
    }

    /// The next row that can be read.
    fn next_readable(&mut self) -> Result<Option<Row>, TraceError> {
        loop {
            match self.rows.next_row() {
                Ok(row) => {
                    let class = self.classes.as_mut().map(|classes| classes.of_row(&*self.rows));
                    return Ok(row.map(|row| Row { class, ..row }));
                }
                Err(problem) if problem.line > 0 && self.tally.bad_rows < self.replay.skip_bad => {
                    self.tally.bad_rows += 1;
                }
                Err(problem) => return Err(problem.of(&self.path)),
            }
        }
    }

    /// The next row in order of time.
    fn next_in_order(&mut self) -> Result<Option<Row>, TraceError> {
        if !self.has_times {
            return self.next_readable();
        }
        // Taken out for as long as it asks the reader for rows.
        let row = match self.sorter.take() {
            None => self.next_readable()?,
            Some(mut sorter) => {
                let next = sorter.next_row(|| Ok(self.next_readable()?.map(|row| (row, ()))));
                self.sorter = Some(sorter);
                next?.map(|(row, ())| row)
            }
        };
        let Some(row) = row else { return Ok(None) };
        self.require_order(&row)?;
        Ok(Some(row))
    }

    fn require_order(&mut self, row: &Row) -> Result<(), TraceError> {
        let last = std::mem::replace(&mut self.last, row.time);
        if row.time >= last {
            return Ok(());
        }
        let late_ns = round_ns(last.since(&row.time) * self.unit_ns);
        let enough = crate::units::format_duration(late_ns.next_multiple_of(1_000));
        let problem = format!(
            "time {} comes after {last}: times must not decrease; `reorder = \"{enough}\"` sorts what is so late",
            row.time
        );
        Err(self.error(row.line, &problem))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::testing::opened_rows;

    fn read(text: &str, replay: TraceReplay) -> Result<Vec<TraceRow>, String> {
        let mut trace = reader(text, replay);
        std::iter::from_fn(|| trace.read_row().transpose())
            .collect::<Result<_, _>>()
            .map_err(|error| error.to_string())
    }

    /// Times in milliseconds.
    fn reader(text: &str, replay: TraceReplay) -> TraceReader {
        TraceReader::new(Path::new("x"), opened_rows(text), 1e6, true, replay)
    }

    fn times(text: &str, replay: TraceReplay) -> Result<Vec<u64>, String> {
        read(text, replay).map(|rows| rows.iter().map(|row| row.time_ns / 1_000).collect())
    }

    #[test]
    fn time_zero_is_the_first_request() {
        assert_eq!(times("t,key\n5,a\n5.5,b\n8,a\n", TraceReplay::default()), Ok(vec![0, 500, 3_000]));
        assert_eq!(
            times("t,key\n5,a\n4,b\n", TraceReplay::default()),
            Err("x:3: time 4 comes after 5: times must not decrease; `reorder = \"1ms\"` sorts what is so late"
                .to_owned())
        );
    }

    #[test]
    fn a_part_of_a_trace_begins_at_zero() {
        let replay = TraceReplay { from_ns: 1_000_000, until_ns: Some(4_000_000), ..TraceReplay::default() };
        assert_eq!(times("t,key\n5,a\n6,b\n8,c\n9,d\n10,e\n", replay), Ok(vec![0, 2_000]));
    }

    #[test]
    fn rows_that_come_a_little_late_are_sorted() {
        let text = "t,key\n10,a\n13,b\n11,c\n12,d\n20,e\n";
        let reorder = |ns: u64| TraceReplay { reorder_ns: ns, ..TraceReplay::default() };
        assert_eq!(times(text, reorder(2_000_000)), Ok(vec![0, 1_000, 2_000, 3_000, 10_000]));
        // 14 was replayed when 16 came, two milliseconds later.
        assert_eq!(
            times("t,key\n10,a\n14,b\n16,c\n11,d\n", reorder(1_000_000)),
            Err("x:5: time 11 comes after 14: times must not decrease; `reorder = \"3ms\"` sorts what is so late".to_owned())
        );
    }

    #[test]
    fn bad_rows_are_left_out_up_to_a_number() {
        let text = "t,key\n1,a\nx,b\n2\n3,c\n";
        let skip = |rows: u64| TraceReplay { skip_bad: rows, ..TraceReplay::default() };
        assert_eq!(times(text, skip(2)), Ok(vec![0, 2_000]));
        assert_eq!(
            times(text, skip(1)),
            Err("x:4: 1 cell where the header has 2; is the file cut off?".to_owned())
        );
        let mut trace = reader(text, skip(5));
        while trace.read_row().unwrap().is_some() {}
        assert_eq!(trace.tally().bad_rows, 2);
    }

    #[test]
    fn a_rate_replaces_the_recorded_times() {
        let replay = TraceReplay { rate_per_s: Some(2_000.0), ..TraceReplay::default() };
        assert_eq!(times("t,key\n5,a\n5,b\n80,a\n", replay), Ok(vec![0, 500, 1_000]));
    }

    #[test]
    fn a_set_is_a_fill_or_a_write() {
        let text =
            "0,k,1,9,1,get,0\n0,k,1,9,1,set,60\n1,k,1,9,1,get,0\n2,k,1,9,1,touch,0\n2,k,1,9,1,delete,0\n";
        let writes = |sets| {
            let mut trace = reader(text, TraceReplay { sets: Some(sets), ..TraceReplay::default() });
            let rows: Vec<bool> =
                std::iter::from_fn(|| trace.read_row().unwrap()).map(|row| row.write).collect();
            (rows, trace.tally())
        };
        let (rows, tally) = writes(Sets::Fill);
        assert_eq!(rows, [false, false, true]);
        assert_eq!((tally.sets, tally.fills, tally.touches), (1, 1, 1));
        let (rows, tally) = writes(Sets::Write);
        assert_eq!(rows, [false, true, false, true]);
        assert_eq!((tally.sets, tally.fills), (1, 0));
    }

    #[test]
    fn a_row_may_stand_for_several_requests() {
        let text = "op_time,key,key_size,op,op_count\n0,a,1,GET,1\n1,b,1,GET,3\n2,a,1,GET,2\n";
        assert_eq!(times(text, TraceReplay::default()), Ok(vec![0, 1_000, 1_000, 1_000, 2_000, 2_000]));
    }
}
