//! A row per option: what it does to one measure.

use std::fmt::Write as _;

use crate::tiny::{Settings, defined, tiny_record, value};
use Effect::{Appears, Is, Less, More};

/// What an option does to a measure.
#[derive(Clone, Copy, Debug)]
pub enum Effect {
    /// More than without the option, by more than a hundredth.
    More,
    Less,
    /// Something above zero; without the option there is nothing.
    Appears,
    /// Near a number: (expected, tolerance).
    Is(f64, f64),
}

/// One row: (settings with and without the option, settings of the option, an event, measure, effect).
pub type Row<'a> = (Settings<'a>, Settings<'a>, &'a str, &'a str, Effect);

#[track_caller]
pub fn expect(rows: &[Row<'_>]) {
    let mut wrong = String::new();
    for (common, option, event, measure, effect) in rows {
        let all: Vec<(&str, &str)> = common.iter().chain(*option).copied().collect();
        let events: &[&str] = if event.is_empty() { &[] } else { &[event] };
        let after = value(&tiny_record(&all, events), measure);
        // Without a pool nobody has waited for one: what is not defined is nothing.
        let before = defined(&tiny_record(common, &[]), measure).unwrap_or(0.0);
        let holds = match effect {
            More => after > 1.01 * before,
            Less => after < 0.99 * before,
            Appears => after > 0.0 && before == 0.0,
            Is(expected, tolerance) => (after - expected).abs() <= *tolerance,
        };
        if !holds {
            writeln!(wrong, "{common:?} + {option:?} {event}: {measure} {effect:?}, but {before} -> {after}")
                .unwrap();
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}
