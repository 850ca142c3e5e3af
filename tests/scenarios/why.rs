//! Latency by part: what is asked for changes nothing, and what it finds adds up.

use std::sync::Arc;

use herdlab::measure::breakdown::Breakdown;
use herdlab::model::Model;
use herdlab::policy::own::Policies;
use herdlab::sim::{Control, Engine};
use herdlab::workload::Tables;

use crate::digests::numbered;
use crate::torn::{left, text};

/// All that a simulation leaves as text, and its breakdown. Every run checks that the parts of all measured requests are their
/// latencies, outcome by outcome.
fn explained(model: &Model, torn: bool) -> (String, Breakdown) {
    let tables = Arc::new(Tables::new(model, 1).expect("there is no trace"));
    let engine = match torn {
        true => Engine::torn_and_explaining(model, tables, 1, 0),
        false => Engine::explaining(model, tables, 1, 0, &Policies::new()),
    };
    let finished = engine.expect("there is no trace").run(&Control::default()).expect("it runs");
    let text = text(model, &finished);
    (text, finished.breakdown.expect("it was asked for"))
}

fn compare(numbers: impl Iterator<Item = u64>) {
    for number in numbers {
        let experiment = numbered(number);
        let model = &experiment.variants[0].model;
        let (record, breakdown) = explained(model, false);
        assert!(record == left(model, false), "scenario {number} leaves another record with a breakdown");
        let (_, torn) = explained(model, true);
        assert!(breakdown == torn, "scenario {number} has another breakdown where calls are torn");
        for slow in breakdown.slowest() {
            let ends = slow.steps.windows(2).all(|pair| pair[0].end_ns <= pair[1].start_ns);
            let first = slow.steps.first().map_or(slow.start_ns, |step| step.start_ns);
            let last = slow.steps.last().map_or(slow.start_ns, |step| step.end_ns);
            assert!(ends && first == slow.start_ns, "scenario {number}: {slow:?}");
            assert_eq!(last - first, slow.latency_ns, "scenario {number}: {slow:?}");
        }
    }
}

/// Of the whole grammar; every fourth has few options set, and some of these are plain without a breakdown.
#[test]
fn a_breakdown_changes_nothing_and_is_the_same_where_calls_are_torn() {
    compare(0..192);
}

/// `HERDLAB_DIGESTS=0..10000 cargo test --test scenarios why_by_hand -- --ignored`
#[test]
#[ignore = "by hand: 10,000 scenarios"]
fn why_by_hand() {
    let range = std::env::var("HERDLAB_DIGESTS").expect("HERDLAB_DIGESTS is a range such as 0..10000");
    let (from, to) = range.split_once("..").expect("a range");
    compare(from.parse().expect("a number")..to.parse().expect("a number"));
}
