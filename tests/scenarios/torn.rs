//! A call that is no entity of its own leaves what one leaves that is.

use std::sync::Arc;

use herdlab::catalog::computed::measures;
use herdlab::catalog::computed::{distributions, series};
use herdlab::model::Model;
use herdlab::sim::{Control, Engine, Finished};
use herdlab::workload::Tables;

use crate::digests::numbered;

/// All that a simulation leaves, as text.
pub fn left(model: &Model, torn: bool) -> String {
    let tables = Arc::new(Tables::new(model, 1).expect("there is no trace"));
    let engine =
        if torn { Engine::torn_everywhere(model, tables, 1, 0) } else { Engine::new(model, tables, 1, 0) };
    text(model, &engine.expect("there is no trace").run(&Control::default()).expect("it runs"))
}

/// What a finished simulation leaves, but for its breakdown.
pub fn text(model: &Model, finished: &Finished) -> String {
    let recorder = &finished.recorder;
    format!(
        "{:?} {:?} {:?} {:?} {} {}",
        measures(model, recorder),
        series(model, recorder),
        distributions(recorder),
        recorder.ticks,
        finished.end_ns,
        finished.recorder.sojourn_ns
    )
}

fn compare(numbers: impl Iterator<Item = u64>) {
    for number in numbers {
        let experiment = numbered(number);
        let model = &experiment.variants[0].model;
        assert!(left(model, false) == left(model, true), "scenario {number} leaves another record");
    }
}

/// Of the whole grammar; every fourth has few options set, so that little tears there.
#[test]
fn torn_everywhere_leaves_the_same_as_torn_only_where_needed() {
    compare(0..256);
}

/// `HERDLAB_DIGESTS=0..10000 cargo test --test scenarios torn_by_hand -- --ignored`
#[test]
#[ignore = "by hand: 10,000 scenarios"]
fn torn_by_hand() {
    let range = std::env::var("HERDLAB_DIGESTS").expect("HERDLAB_DIGESTS is a range such as 0..10000");
    let (from, to) = range.split_once("..").expect("a range");
    compare(from.parse().expect("a number")..to.parse().expect("a number"));
}
