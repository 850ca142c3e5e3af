//! The traces of webcachesim and LRB: lines of `time id size` and any further columns. Times are in seconds.

use super::formats::{Clock, TraceFormat};
use super::lines::{Batch, Line, LineRows, suits, words};
use super::row::{Row, bytes, hash_text, shown};
use super::stamp::{SECOND, Stamp};

pub const FORMAT: TraceFormat = TraceFormat {
    name: "webcachesim",
    about: "webcachesim and LRB: `time id size ...` between blanks, in seconds",
    clock: Clock::Unit(SECOND),
    guess: |sample| suits(sample, Objects { last: None, strict: true }),
    open: |source| Ok(Box::new(LineRows::new(source.input, Objects { last: None, strict: false }))),
    layout: None,
    keys: None,
};

struct Objects {
    last: Option<Stamp>,
    /// As a guess requires it: times do not decrease.
    strict: bool,
}

impl Line for Objects {
    fn parse(&mut self, line: &[u8], at: u64, requests: &mut Batch) -> Result<(), String> {
        let mut cells = words(line);
        let (Some(time), Some(id), Some(size)) = (cells.next(), cells.next(), cells.next()) else {
            return Err("expected `time id size`".to_owned());
        };
        let stamp = Stamp::number(time).ok_or_else(|| format!("time \"{}\" is not a number", shown(time)))?;
        if self.strict && self.last.replace(stamp).is_some_and(|last| stamp < last) {
            return Err("not of this format".to_owned());
        }
        let size = bytes(size).ok_or_else(|| format!("size \"{}\" is not a number of bytes", shown(size)))?;
        requests.push(Row { time: stamp, size: Some(size), ..Row::of(hash_text(id), at) }, id);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::trace::testing::{guessed, problem, rows};

    #[test]
    fn a_line_is_a_time_an_id_and_a_size() {
        let text = "0 16 116\n2 2 102 7 8\n2 16 116\n";
        assert_eq!(guessed(text), Some("webcachesim"));
        let rows = rows("webcachesim", text);
        assert_eq!((rows[1].time.whole, rows[1].size, rows[1].line), (2, Some(102), 2));
        assert!(rows[0].key == rows[2].key && rows[0].key != rows[1].key);
        assert_eq!(problem("webcachesim", "0 16\n"), "x:1: expected `time id size`");
        assert_eq!(problem("webcachesim", "0 16 -1\n"), "x:1: size \"-1\" is not a number of bytes");
    }

    #[test]
    fn times_that_decrease_are_no_times() {
        assert_ne!(guessed("5 16 116\n2 2 102\n"), Some("webcachesim"));
    }
}
