//! Whether reality puts the variants into the order of the simulation.

use serde::Serialize;

use crate::experiment::statistics::{differences, prediction_interval};
use crate::record::{MeasureRecord, VariantRecord};

/// The variants by one measure, the lowest mean first.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Order {
    pub measure: String,
    pub simulated: Vec<String>,
    pub measured: Vec<String>,
    /// Pairs of variants whose order the simulation is certain of.
    pub certain: usize,
    /// Those that the measurement has the other way round.
    pub wrong: Vec<Pair>,
    /// Pairs that the simulation cannot put into an order for a single run: no verdict.
    pub open: usize,
}

/// Two variants, the one with the lower simulated mean first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Pair {
    pub lower: String,
    pub higher: String,
}

/// A variant's name, and its measure as simulated and as measured.
type Row<'a> = (&'a str, &'a MeasureRecord, &'a MeasureRecord);

pub(super) fn orders(headline: &[String], pairs: &[(&VariantRecord, &VariantRecord)]) -> Vec<Order> {
    headline.iter().filter_map(|name| order(name, pairs)).collect()
}

fn order(measure: &str, pairs: &[(&VariantRecord, &VariantRecord)]) -> Option<Order> {
    let rows: Vec<Row<'_>> = pairs
        .iter()
        .filter_map(|(own, other)| Some((own.name.as_str(), own.measure(measure)?, other.measure(measure)?)))
        .filter(|(_, own, other)| mean(&own.values).is_some() && mean(&other.values).is_some())
        .collect();
    if rows.len() < 2 {
        return None;
    }
    let sorted = |of: fn(&Row<'_>) -> Option<f64>| {
        let mut sorted = rows.clone();
        sorted.sort_by(|a, b| of(a).partial_cmp(&of(b)).unwrap_or(std::cmp::Ordering::Equal));
        sorted
    };
    let simulated = sorted(|row| mean(&row.1.values));
    let measured = sorted(|row| mean(&row.2.values));
    let (mut certain, mut open, mut wrong) = (0, 0, Vec::new());
    for (index, lower) in simulated.iter().enumerate() {
        for higher in &simulated[index + 1..] {
            // Both see the same traffic, so differences are taken run by run.
            let apart = prediction_interval(&differences(&lower.1.values, &higher.1.values));
            if apart.is_none_or(|(low, _)| low <= 0.0) {
                open += 1;
                continue;
            }
            certain += 1;
            if mean(&lower.2.values) > mean(&higher.2.values) {
                wrong.push(Pair { lower: lower.0.to_owned(), higher: higher.0.to_owned() });
            }
        }
    }
    let names = |rows: &[Row<'_>]| rows.iter().map(|row| row.0.to_owned()).collect();
    Some(Order {
        measure: measure.to_owned(),
        simulated: names(&simulated),
        measured: names(&measured),
        certain,
        wrong,
        open,
    })
}

fn mean(values: &[Option<f64>]) -> Option<f64> {
    let known: Vec<f64> = values.iter().flatten().copied().collect();
    (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64)
}
