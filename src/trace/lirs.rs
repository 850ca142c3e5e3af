//! The traces of LIRS (`.trc`): one block or key per line; `*` is a line without a request. No times.

use super::formats::{Clock, TraceFormat};
use super::lines::{Batch, Line, LineRows, number, suits};
use super::row::{Row, hash_text, shown};

pub const FORMAT: TraceFormat = TraceFormat {
    name: "lirs",
    about: "LIRS's `.trc`: a key per line; `*` is no request",
    clock: Clock::None,
    guess: |sample| suits(sample, Keys { numbers: true }),
    open: |source| Ok(Box::new(LineRows::new(source.input, Keys { numbers: false }))),
    layout: None,
    keys: None,
};

struct Keys {
    /// As a guess requires it: keys are numbers.
    numbers: bool,
}

impl Line for Keys {
    fn parse(&mut self, line: &[u8], at: u64, requests: &mut Batch) -> Result<(), String> {
        if line == b"*" {
            return Ok(());
        }
        if self.numbers && number(Some(line)).is_none() {
            return Err(format!("\"{}\" is no number of a block", shown(line)));
        }
        requests.push(Row::of(hash_text(line), at), line);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::trace::testing::{guessed, keys};

    #[test]
    fn a_line_is_a_key() {
        let text = "16\n*\n2\n16\n";
        assert_eq!(guessed(text), Some("lirs"));
        assert_eq!(keys("lirs", text), [0, 1, 0]);
        // Where the format is named, keys are any text.
        assert_eq!(keys("lirs", "user:1\nuser:2\nuser:1"), [0, 1, 0]);
        assert_eq!(guessed("user:1\nuser:2\n"), None);
    }
}
