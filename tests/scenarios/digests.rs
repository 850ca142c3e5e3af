//! Digests of the records of random scenarios, to compare two versions of the engine by hand:
//!
//!     HERDLAB_DIGESTS=0..10000 cargo test --test scenarios digests -- --ignored --nocapture > digests.txt
//!
//! A change that leaves the meaning of a simulation alone leaves every line as it was.

use herdlab::dice::mix;
use herdlab::model::Experiment;
use herdlab::report::json;

use crate::combinations;
use crate::support::simulate;
use crate::tiny::{Settings, accepted};

/// A scenario by number: one value of the grammar for each option, and up to two events. Every fourth sets a tenth of the
/// options only, so that systems without extras occur as well.
pub fn numbered(number: u64) -> Experiment {
    let mut state = mix(number ^ 0x6865_7264);
    let mut below = |bound: usize| {
        state = mix(state.wrapping_add(0x9e37_79b9_7f4a_7c15));
        (state % bound as u64) as usize
    };
    let sparse = number.is_multiple_of(4);
    let mut settings: Vec<(&str, &str)> = Vec::new();
    for (path, values) in combinations::CHOICES {
        let value = values[below(values.len())];
        if !sparse || below(10) == 0 {
            settings.push((path, value));
        }
    }
    let count = below(3);
    let events: Vec<&str> =
        (0..count).map(|_| combinations::EVENTS[below(combinations::EVENTS.len())]).collect();
    let base: Settings<'_> = if sparse { &[("duration", "8s")] } else { combinations::BASE };
    accepted(base, &settings, &events).expect("what contradicts is left out")
}

#[test]
#[ignore = "by hand: it compares two versions"]
fn digests() {
    let range = std::env::var("HERDLAB_DIGESTS").unwrap_or_else(|_| "0..100".to_owned());
    let (from, to) = range.split_once("..").expect("HERDLAB_DIGESTS is a range such as 0..100");
    let (from, to): (u64, u64) = (from.parse().expect("a number"), to.parse().expect("a number"));
    for number in from..to {
        let record = simulate(&numbered(number), 1);
        let (_, text) = json::to_json(&record).expect("a record is written");
        let digest = text.bytes().fold(0, |digest, byte| mix(digest ^ u64::from(byte)));
        println!("{number} {digest:016x}");
    }
}
