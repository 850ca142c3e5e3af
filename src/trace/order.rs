//! Rows that come a little too late, put in order of time. Logs are written when requests end.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::row::Row;
use super::stamp::Stamp;
use super::{Problem, Rows};

/// Rows that wait at most: a file in which more are out of order is not sorted.
const WAITING_MAX: usize = 1 << 20;

/// Rows that may have predecessors further down in the file, each with something beside it.
pub(super) struct Sorter<T> {
    /// Units of time that a row may be late.
    tolerance: f64,
    waiting: BinaryHeap<Reverse<Waiting<T>>>,
    newest: Stamp,
    ended: bool,
}

/// In order of its time, then of its place in the file.
struct Waiting<T>(Row, T);

impl<T> Waiting<T> {
    fn place(&self) -> (Stamp, u64) {
        (self.0.time, self.0.line)
    }
}

impl<T> PartialEq for Waiting<T> {
    fn eq(&self, other: &Waiting<T>) -> bool {
        self.place() == other.place()
    }
}

impl<T> Eq for Waiting<T> {}

impl<T> PartialOrd for Waiting<T> {
    fn partial_cmp(&self, other: &Waiting<T>) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Waiting<T> {
    fn cmp(&self, other: &Waiting<T>) -> std::cmp::Ordering {
        self.place().cmp(&other.place())
    }
}

impl<T> Sorter<T> {
    pub fn new(tolerance: f64) -> Sorter<T> {
        Sorter { tolerance, waiting: BinaryHeap::new(), newest: Stamp::whole(i64::MIN), ended: false }
    }

    /// The next row in order; `read` gives the next one of the file.
    pub fn next_row<E>(
        &mut self,
        mut read: impl FnMut() -> Result<Option<(Row, T)>, E>,
    ) -> Result<Option<(Row, T)>, E> {
        while !self.ended && self.waiting.len() < WAITING_MAX {
            let is_ready =
                |Reverse(oldest): &Reverse<Waiting<T>>| self.newest.since(&oldest.0.time) > self.tolerance;
            if self.waiting.peek().is_some_and(is_ready) {
                break;
            }
            match read()? {
                Some((row, beside)) => {
                    self.newest = self.newest.max(row.time);
                    self.waiting.push(Reverse(Waiting(row, beside)));
                }
                None => self.ended = true,
            }
        }
        Ok(self.waiting.pop().map(|Reverse(Waiting(row, beside))| (row, beside)))
    }
}

/// The rows of a trace in order of time, with the texts of their keys; classes are not kept.
struct InOrder {
    rows: Box<dyn Rows>,
    sorter: Sorter<Option<Vec<u8>>>,
    /// Of the last row.
    key: Option<Vec<u8>>,
}

/// Sorts rows that come up to so many units of time too late.
pub fn in_order(rows: Box<dyn Rows>, tolerance: f64) -> Box<dyn Rows> {
    Box::new(InOrder { rows, sorter: Sorter::new(tolerance), key: None })
}

impl Rows for InOrder {
    fn next_row(&mut self) -> Result<Option<Row>, Problem> {
        let rows = &mut self.rows;
        let next = self.sorter.next_row(|| {
            let row = rows.next_row()?;
            Ok::<_, Problem>(row.map(|row| (row, rows.key_text().map(Cow::into_owned))))
        })?;
        Ok(next.map(|(row, key)| {
            self.key = key;
            row
        }))
    }

    fn key_text(&self) -> Option<Cow<'_, [u8]>> {
        self.key.as_deref().map(Cow::Borrowed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::testing::opened_rows;

    #[test]
    fn rows_keep_their_keys_when_they_are_sorted() {
        let mut rows = in_order(opened_rows("t,key\n10,a\n13,b\n11,c\n11,d\n20,e\n"), 2.0);
        let mut keys = String::new();
        while rows.next_row().unwrap().is_some() {
            keys.push_str(std::str::from_utf8(&rows.key_text().unwrap()).unwrap());
        }
        assert_eq!(keys, "acdbe");
    }
}
