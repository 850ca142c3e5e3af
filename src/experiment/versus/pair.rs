//! The review of a variant after a change against itself before it.

use crate::experiment::comparison;
use crate::experiment::review::{self, Review};
use crate::record::{Record, VariantRecord};

/// The name that a variant has before the change, in its review.
const BEFORE: &str = "before";

/// One review for each variant that both records have, in the order of the later one: two columns, the first of which is the
/// variant before. The limits are those of the later record.
pub fn reviews(before: &Record, after: &Record) -> Vec<Review> {
    let pair = |later: &VariantRecord| {
        let earlier = before.variants.iter().find(|variant| variant.name == later.name)?;
        let record = together(before, earlier, after, later);
        Some(review::review(&record, &comparison::compare(&record)))
    };
    after.variants.iter().filter_map(pair).collect()
}

/// Both as the variants of one record, with the runs that both have.
fn together(before: &Record, earlier: &VariantRecord, after: &Record, later: &VariantRecord) -> Record {
    let runs = before.scenario.finished.min(after.scenario.finished);
    let mut first = first_runs(earlier, runs);
    first.name = match later.name.as_str() {
        BEFORE => format!("{BEFORE} the change"),
        _ => BEFORE.to_owned(),
    };
    let mut scenario = after.scenario.clone();
    (scenario.finished, scenario.baseline) = (runs, 0);
    Record {
        schema: before.schema.min(after.schema),
        herdlab: after.herdlab.clone(),
        scenario,
        variants: vec![first, first_runs(later, runs)],
        worlds: None,
    }
}

/// A variant as its first runs leave it.
fn first_runs(variant: &VariantRecord, runs: u32) -> VariantRecord {
    let mut first = variant.clone();
    let runs = runs as usize;
    first.measures.iter_mut().for_each(|measure| measure.values.truncate(runs));
    let judged = first.events.iter_mut().filter_map(|event| event.judged.as_mut());
    judged.for_each(|judged| judged.runs.truncate(runs));
    first
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::review::Safety;
    use crate::record::fixture::{measure, record_of, stampede};

    fn record(errors: f64, runs: usize) -> Record {
        let measures = |errors: f64| {
            vec![
                measure("db.capacity", &vec![1_000.0; runs]),
                measure("db.qps.mean", &vec![100.0; runs]),
                measure("db.qps.peak", &vec![400.0; runs]),
                measure("error.ratio", &vec![errors; runs]),
                measure("latency.all.p99_ms", &vec![20.0; runs]),
            ]
        };
        record_of(&[("a", measures(0.0)), ("b", measures(errors))], &["error.ratio"])
    }

    #[test]
    fn each_variant_is_reviewed_against_itself() {
        // Of the 8 runs after, 6 have a counterpart.
        let reviews = reviews(&record(0.0, 6), &record(0.03, 8));
        let verdicts: Vec<&str> = reviews.iter().map(|review| review.verdict.as_str()).collect();
        assert_eq!(verdicts, ["a: safe.", "b: not safe."]);
        let b = reviews[1].reviewed().next().unwrap();
        assert_eq!((b.name.as_str(), b.safety), ("b", Safety::NotSafe));
        assert_eq!(b.reasons, ["errors rise from 0 % to 3.00 % (default limit: no new errors)"]);
    }

    #[test]
    fn a_variant_that_is_called_before_keeps_its_name() {
        let mut record = stampede(1);
        record.variants[0].name = "before".to_owned();
        let review = &reviews(&record, &record)[0];
        let names: Vec<&str> = review.variants.iter().map(|variant| variant.name.as_str()).collect();
        assert_eq!(names, ["before the change", "before"]);
    }

    #[test]
    fn a_variant_without_a_counterpart_has_no_review() {
        assert_eq!(reviews(&stampede(1), &stampede(3)).len(), 1);
    }
}
