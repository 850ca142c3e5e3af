//! The traces of ARC (`P1.lis`): lines of `start count ignored sequence`, each a request for `count` blocks that follow one another.
//! No times.

use super::formats::{Clock, TraceFormat};
use super::lines::{Batch, Line, LineRows, number, suits, words};
use super::row::Row;

pub const FORMAT: TraceFormat = TraceFormat {
    name: "arc",
    about: "ARC's `.lis`: `start count ignored sequence`; `count` blocks in a row",
    clock: Clock::None,
    guess: |sample| suits(sample, Blocks { last: None, strict: true }),
    open: |source| Ok(Box::new(LineRows::new(source.input, Blocks { last: None, strict: false }))),
    layout: None,
    keys: None,
};

/// More blocks in one request are a mistake: 32 MiB of the usual 512 bytes.
const BLOCKS_MAX: u64 = 1 << 16;

struct Blocks {
    last: Option<u64>,
    /// As a guess requires it: the third number is 0, and the fourth one counts up.
    strict: bool,
}

impl Line for Blocks {
    fn parse(&mut self, line: &[u8], at: u64, requests: &mut Batch) -> Result<(), String> {
        let mut numbers = words(line).map(|word| number(Some(word)));
        let (start, count) = (numbers.next().flatten(), numbers.next().flatten());
        let (Some(start), Some(count @ 1..=BLOCKS_MAX)) = (start, count) else {
            return Err("expected `start count ignored sequence`, such as `128 8 0 17`".to_owned());
        };
        if self.strict {
            let rest: Vec<Option<u64>> = numbers.collect();
            let [Some(0), Some(sequence)] = rest[..] else { return Err("not of this format".to_owned()) };
            if self.last.replace(sequence).is_some_and(|last| sequence <= last) {
                return Err("not of this format".to_owned());
            }
        }
        requests.push_run(Row::of(start, at), count as u32);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::trace::testing::{guessed, keys, problem};

    #[test]
    fn a_line_is_a_run_of_blocks() {
        let text = "128 1 0 0\n7 3 0 1\n8 1 0 2\n";
        assert_eq!(guessed(text), Some("arc"));
        // 128; 7, 8, 9; 8 again.
        assert_eq!(keys("arc", text), [0, 1, 2, 3, 2]);
        assert_eq!(
            problem("arc", "1 1 0 0\n2 0 0 1\n"),
            "x:2: expected `start count ignored sequence`, such as `128 8 0 17`"
        );
    }

    #[test]
    fn four_columns_alone_are_not_enough() {
        assert_ne!(guessed("1 16 100 3\n2 17 100 4\n"), Some("arc"));
        assert_ne!(guessed("1 16 0 3\n2 17 0 3\n"), Some("arc"));
    }
}
