//! The requests of a trace with what was recorded beside their keys, for replays that need more than the sequence of keys. Only
//! what is asked for is read and kept.

use std::path::Path;

use super::csv::{OPERATION_COLUMNS, SIZE_COLUMNS, TTL_COLUMNS};
use super::requests::{Mapper, Requests};
use super::row::{Operation, Row};
use super::stamp::Stamp;
use super::{Opened, Problem, TraceError};
use crate::dice::round_ns;

/// What is read beside the keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Columns {
    pub sizes: bool,
    pub times: bool,
    /// Times to live.
    pub ttls: bool,
    pub operations: bool,
}

/// Requests, and beside each of them what was asked for; `None`: it was not asked for.
#[derive(Debug, Default, PartialEq)]
pub struct Recorded {
    pub requests: Requests,
    /// Bytes of each object, key and value: of the first of its requests that has a size above 0; at least 1.
    pub sizes: Option<Vec<u32>>,
    /// Nanoseconds from the first request on; a request that is older than the one before it is at the same time.
    pub times_ns: Option<Vec<u64>>,
    /// Seconds that the entry was to live; 0: not recorded.
    pub ttls_s: Option<Vec<u32>>,
    pub operations: Option<Vec<Operation>>,
}

impl Recorded {
    /// Reads a trace that was opened; `path` is its name in errors, `unit_ns` the nanoseconds per unit of its times where the user
    /// named the unit.
    ///
    /// # Errors
    /// The file cannot be read, has no requests, or lacks what is asked for; the error has the way out.
    pub fn of(
        path: &Path,
        mut trace: Opened,
        columns: Columns,
        unit_ns: Option<u64>,
    ) -> Result<Recorded, TraceError> {
        if columns == Columns::default() {
            return Ok(Recorded { requests: Requests::of(path, trace)?, ..Recorded::default() });
        }
        if columns.sizes {
            trace.name_size(SIZE_COLUMNS);
        }
        if columns.ttls {
            trace.name_ttl(TTL_COLUMNS);
        }
        if columns.operations {
            trace.name_operation(OPERATION_COLUMNS);
        }
        let unit_ns = match (columns.times, trace.has_times, trace.unit_ns(unit_ns)) {
            (false, ..) => 1.0,
            (true, true, Some(unit_ns)) => unit_ns,
            (true, false, _) => return Err(TraceError::file(path, NO_TIMES)),
            (true, true, None) => return Err(TraceError::file(path, NO_UNIT)),
        };
        let names_operations = trace.names_operations();
        let mut reading = Reading::new(columns, unit_ns);
        let mut rows = trace.rows().map_err(|problem| problem.of(path))?;
        while let Some(row) = rows.next_row().map_err(|problem| problem.of(path))? {
            for _ in 0..row.count {
                reading.push(&row).map_err(|problem| problem.of(path))?;
            }
        }
        reading.finish(path, names_operations)
    }
}

const NO_TIMES: &str = "its requests have no times, which a time to live is counted from; leave out --ttl, or name the column with \
                        --time COLUMN";
const NO_UNIT: &str = "nothing tells the unit of its times; name it with --unit s (or ms, us, ns, ticks)";
const NO_OPERATIONS: &str =
    "nothing tells reads from writes; leave out --operations, or name the column with --operation COLUMN";
const NO_SIZES: &str = "its requests have no sizes, which bytes, prices and filters by size are counted from; leave those out, or \
                        name the column with --size COLUMN";
const NO_TTLS: &str = "none of its requests has a time to live (the format `twitter` has them, and tables with a column `ttl` in \
                       seconds); give one for all objects, such as --ttl 5m";

struct Reading {
    columns: Columns,
    unit_ns: f64,
    keys: Mapper,
    sizes: Vec<u32>,
    times_ns: Vec<u64>,
    ttls_s: Vec<u32>,
    operations: Vec<Operation>,
    first: Option<Stamp>,
    sized: bool,
    last_ns: u64,
}

impl Reading {
    fn new(columns: Columns, unit_ns: f64) -> Reading {
        Reading {
            columns,
            unit_ns,
            keys: Mapper::new(),
            sizes: Vec::new(),
            times_ns: Vec::new(),
            ttls_s: Vec::new(),
            operations: Vec::new(),
            first: None,
            sized: false,
            last_ns: 0,
        }
    }

    fn push(&mut self, row: &Row) -> Result<(), Problem> {
        let id = self.keys.push(row.key).map_err(|text| Problem { line: 0, text: text.to_owned() })?;
        let Columns { sizes, times, ttls, operations } = self.columns;
        if sizes {
            if id as usize == self.sizes.len() {
                self.sizes.push(0);
            }
            let size = &mut self.sizes[id as usize];
            if let Some(bytes) = row.size.filter(|&bytes| bytes > 0 && *size == 0) {
                *size = bytes.saturating_add(row.key_bytes.unwrap_or(0));
                self.sized = true;
            }
        }
        if times {
            let first = *self.first.get_or_insert(row.time);
            self.last_ns = self.last_ns.max(round_ns(row.time.since(&first) * self.unit_ns));
            self.times_ns.push(self.last_ns);
        }
        if ttls {
            self.ttls_s.push(row.ttl_s.unwrap_or(0));
        }
        if operations {
            self.operations.push(row.operation);
        }
        Ok(())
    }

    fn finish(self, path: &Path, names_operations: bool) -> Result<Recorded, TraceError> {
        let Reading { columns, keys, mut sizes, times_ns, ttls_s, operations, sized, .. } = self;
        let requests = keys.finish(path)?;
        if columns.sizes && !sized {
            return Err(TraceError::file(path, NO_SIZES));
        }
        if columns.ttls && ttls_s.iter().all(|&ttl_s| ttl_s == 0) {
            return Err(TraceError::file(path, NO_TTLS));
        }
        let are_lookups = operations.iter().all(|&operation| operation == Operation::Get);
        if columns.operations && are_lookups && !names_operations {
            return Err(TraceError::file(path, NO_OPERATIONS));
        }
        sizes.iter_mut().for_each(|size| *size = (*size).max(1));
        Ok(Recorded {
            requests,
            sizes: columns.sizes.then_some(sizes),
            times_ns: columns.times.then_some(times_ns),
            ttls_s: columns.ttls.then_some(ttls_s),
            operations: columns.operations.then_some(operations),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::{Asked, open_input};

    const ALL: Columns = Columns { sizes: true, times: true, ttls: true, operations: true };

    fn read(text: &str, columns: Columns, unit_ns: Option<u64>) -> Result<Recorded, String> {
        let path = Path::new("x");
        let input = Box::new(std::io::Cursor::new(text.as_bytes().to_vec()));
        let trace = open_input(path, input, None, &Asked::default()).map_err(|error| error.to_string())?;
        Recorded::of(path, trace, columns, unit_ns).map_err(|error| error.to_string())
    }

    /// Key a has its size from its second request, key and value; b keeps its first one.
    #[test]
    fn columns_stand_beside_the_ids() {
        let text = "7,a,3,0,1,get,0\n7,b,3,50,1,set,60\n9,a,3,40,1,set,30\n10,b,3,70,1,delete,0\n";
        let recorded = read(text, ALL, None).unwrap();
        assert_eq!(recorded.requests.ids, [0, 1, 0, 1]);
        assert_eq!(recorded.sizes.unwrap(), [43, 53]);
        assert_eq!(recorded.times_ns.unwrap(), [0, 0, 2_000_000_000, 3_000_000_000]);
        assert_eq!(recorded.ttls_s.unwrap(), [0, 60, 30, 0]);
        use Operation::{Delete, Get, Set};
        assert_eq!(recorded.operations.unwrap(), [Get, Set, Set, Delete]);
        let plain = read(text, Columns::default(), None).unwrap();
        assert_eq!((plain.requests.ids.len(), plain.sizes), (4, None));
    }

    #[test]
    fn usual_columns_are_found_by_name() {
        let columns = Columns { sizes: true, operations: true, ..Columns::default() };
        for text in [
            "time,key,Obj_Size,op\n1,a,10,get\n2,b,20,set\n",
            "{\"key\":\"a\",\"size\":10,\"cmd\":\"get\"}\n{\"key\":\"b\",\"size\":20,\"cmd\":\"set\"}\n",
        ] {
            let recorded = read(text, columns, None).unwrap();
            assert_eq!(recorded.sizes.unwrap(), [10, 20], "{text}");
            assert_eq!(recorded.operations.unwrap(), [Operation::Get, Operation::Set], "{text}");
        }
    }

    #[test]
    fn a_column_of_a_table_has_times_to_live() {
        let columns = Columns { times: true, ttls: true, ..Columns::default() };
        let text =
            "op_time,key,key_size,op,op_count,size,cache_hits,ttl\n0,a,1,SET,2,9,1,60\n7,a,1,GET,1,9,1,0\n";
        let recorded = read(text, columns, None).unwrap();
        assert_eq!(recorded.ttls_s.unwrap(), [60, 60, 0]);
        assert_eq!(recorded.times_ns.unwrap(), [0, 0, 7_000_000_000]);
    }

    #[test]
    fn times_never_go_back() {
        let columns = Columns { times: true, ..Columns::default() };
        let recorded = read("time,key\n5,a\n7.5,b\n6,c\n", columns, Some(1_000_000)).unwrap();
        assert_eq!(recorded.times_ns.unwrap(), [0, 2_500_000, 2_500_000]);
    }

    #[test]
    fn iso_8601_has_a_unit_of_its_own() {
        let columns = Columns { times: true, ..Columns::default() };
        let text = "time,key\n2023-11-15T00:00:00Z,a\n2023-11-15T00:00:20Z,b\n";
        assert_eq!(read(text, columns, Some(1_000_000)).unwrap().times_ns.unwrap(), [0, 20_000_000_000]);
        let text = "{\"ts_ms\":5,\"key\":\"a\"}\n{\"ts_ms\":7,\"key\":\"a\"}\n";
        assert_eq!(read(text, columns, None).unwrap().times_ns.unwrap(), [0, 2_000_000]);
    }

    #[test]
    fn what_is_missing_is_named_with_the_way_out() {
        let problem = |columns| read("time,key\n5,a\n7,b\n", columns, None).unwrap_err();
        assert!(problem(Columns { sizes: true, ..Columns::default() }).contains("--size COLUMN"));
        assert!(problem(Columns { times: true, ..Columns::default() }).contains("--unit s"));
        assert!(problem(Columns { operations: true, ..Columns::default() }).contains("--operation COLUMN"));
        assert!(problem(Columns { ttls: true, ..Columns::default() }).contains("--ttl 5m"));
        let none = read("key\na\n", Columns { times: true, ..Columns::default() }, None).unwrap_err();
        assert!(none.contains("--time COLUMN"), "{none}");
    }
}
