//! A trace as it is replayed: requests that share a coarse time stamp spread over its unit, and the whole repeated where a loop wants it.
//!
//! A clock of whole seconds stamps all requests of a second alike. Taken at their word they would come at one instant, as no traffic
//! does: every cache would see a herd each second. Of `n` requests with one stamp, the i-th (from 0, in the order of the file) comes
//! at a random instant of the i-th of `n` equal parts of the unit that begins at the stamp: their order stays, and their number in any
//! part of the unit is as even as it can be.

use std::collections::VecDeque;
use std::sync::Arc;

use super::reader::{TraceReader, TraceRow};
use super::{TraceError, TraceKeys};
use crate::dice::{Stream, unit_open_zero};
use crate::model::{Nanos, Trace};

/// A request of a replication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replayed {
    pub time_ns: Nanos,
    /// Of its key.
    pub id: u32,
    pub write: bool,
    /// Number of the client that sent it, from 0; 0 where clients are not recorded.
    pub client: u32,
}

/// The requests of a trace in one replication.
pub struct Recording {
    trace: Trace,
    reader: TraceReader,
    keys: Arc<TraceKeys>,
    /// Requests of one stamp, with the times at which they come.
    ready: VecDeque<TraceRow>,
    /// The first request of the next stamp.
    next: Option<TraceRow>,
    stream: Stream,
    /// Time at which the present pass over the trace began.
    began_ns: Nanos,
}

impl Recording {
    /// `stream` draws the instants within a unit.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub fn new(trace: &Trace, keys: Arc<TraceKeys>, stream: Stream) -> Result<Recording, TraceError> {
        let reader = TraceReader::open(trace)?;
        let trace = trace.clone();
        Ok(Recording { trace, reader, keys, ready: VecDeque::new(), next: None, stream, began_ns: 0 })
    }

    /// The next request; `None` at the end.
    ///
    /// # Errors
    /// The file cannot be read further, or is not the one that was checked.
    pub fn next_request(&mut self) -> Result<Option<Replayed>, TraceError> {
        let row = match self.next_spread()? {
            Some(row) => row,
            None => match self.begin_anew()? {
                Some(row) => row,
                None => return Ok(None),
            },
        };
        let id = self.keys.id(row.key);
        let id = id.ok_or_else(|| self.reader.error(row.line, "the trace changed while it was replayed"))?;
        let client = row.client.map_or(0, |client| self.keys.client(client));
        let time_ns = self.began_ns.saturating_add(row.time_ns);
        Ok(Some(Replayed { time_ns, id, write: row.write, client }))
    }

    /// The first request of the next pass, where the trace is repeated.
    fn begin_anew(&mut self) -> Result<Option<TraceRow>, TraceError> {
        let Some(loop_ns) = self.trace.replay.loop_ns else { return Ok(None) };
        self.began_ns = self.began_ns.saturating_add(loop_ns);
        self.reader = TraceReader::open(&self.trace)?;
        self.next_spread()
    }

    fn next_spread(&mut self) -> Result<Option<TraceRow>, TraceError> {
        if self.trace.replay.spread_ns == 0.0 {
            return self.reader.read_row();
        }
        if self.ready.is_empty() {
            self.ready.extend(match self.next.take() {
                Some(row) => Some(row),
                None => self.reader.read_row()?,
            });
            while let Some(first) = self.ready.front() {
                match self.reader.read_row()? {
                    Some(row) if row.stamp == first.stamp => self.ready.push_back(row),
                    other => {
                        self.next = other;
                        break;
                    }
                }
            }
            self.spread();
        }
        Ok(self.ready.pop_front())
    }

    fn spread(&mut self) {
        let part_ns = self.trace.replay.spread_ns / self.ready.len() as f64;
        for (index, row) in self.ready.iter_mut().enumerate() {
            // Rounded down: the unit ends before the next stamp.
            let within = index as f64 + 1.0 - unit_open_zero(&mut self.stream);
            row.time_ns += (within * part_ns) as Nanos;
        }
    }
}
