//! The figures of a review.

use serde::Serialize;

use crate::experiment::comparison::{Comparison, VariantComparison};
use crate::experiment::shares::Runs;
use crate::experiment::statistics::Estimate;
use crate::measure::quantity::with_unit;
use crate::record::{EventStatus, Record, VariantRecord};

/// One aspect over all variants.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Row {
    /// In words: `database load`, `worst p99 after flush-redis`.
    pub label: String,
    /// The measure behind it.
    pub measure: String,
    /// One per variant; `None` where it has no such figure.
    pub cells: Vec<Option<Cell>>,
}

/// A figure, ready to print.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Cell {
    /// `748/s`.
    pub figure: String,
    /// `18.7 % of capacity`; empty where there is none.
    pub share: String,
}

/// A variant as the words of a review need it.
#[derive(Clone, Copy)]
pub(super) struct Facts<'a> {
    variant: &'a VariantComparison,
    record: &'a VariantRecord,
}

impl<'a> Facts<'a> {
    /// A variant of a record, by its index.
    pub(super) fn of(record: &'a Record, comparison: &'a Comparison, index: usize) -> Facts<'a> {
        Facts { variant: &comparison.variants[index], record: &record.variants[index] }
    }

    /// Whether chance explains the difference of a measure to the baseline.
    pub(super) fn differs_by_chance(&self, measure: &str) -> bool {
        let interval = self.difference(measure).and_then(|difference| difference.interval);
        interval.is_some_and(|(low, high)| low <= 0.0 && high >= 0.0)
    }

    /// This variant minus the baseline, pair by pair; `None` for the baseline itself.
    pub(super) fn difference(&self, measure: &str) -> Option<Estimate> {
        Some(self.variant.measure(measure)?.difference?.estimate)
    }

    pub(super) fn mean(&self, measure: &str) -> Option<f64> {
        self.variant.mean(measure)
    }

    /// In how many runs a measure is above a limit; `None` where no run has it.
    pub(super) fn runs_above(&self, measure: &str, limit: f64) -> Option<Runs> {
        let values = &self.record.measure(measure)?.values;
        let known: Vec<f64> = values.iter().flatten().copied().collect();
        let count = known.iter().filter(|value| **value > limit).count();
        (!known.is_empty()).then_some(Runs { count, of: known.len() })
    }

    /// In how many runs `event.<label>.recovery_s` has no value because the system had not recovered by their end; `None` where
    /// that is none, and for any other measure.
    pub(super) fn never(&self, measure: &str) -> Option<Runs> {
        let label = measure.strip_prefix("event.")?.strip_suffix(".recovery_s")?;
        let judged = self.record.events.iter().find(|event| event.label == label)?.judged.as_ref()?;
        let count = judged.runs.iter().filter(|run| run.status == EventStatus::NotRecovered).count();
        (count > 0).then_some(Runs { count, of: judged.runs.len() })
    }

    /// Whether the variant has a cache at all.
    pub(super) fn has_cache(&self) -> bool {
        self.record.measures.iter().any(|measure| measure.name.starts_with("tier."))
    }

    /// The figure of the ordinary state, or that of the whole run where the scenario has no events: the measure, and its mean.
    pub(super) fn ordinary(&self, measure: &'static str) -> Option<(String, f64)> {
        let ordinary = format!("ordinary.{measure}");
        match self.variant.measure(&ordinary) {
            Some(found) => Some((ordinary, found.estimate?.mean)),
            None => Some((measure.to_owned(), self.mean(measure)?)),
        }
    }

    /// Requests per second that the database can carry.
    pub(super) fn capacity(&self) -> Option<f64> {
        self.mean("db.capacity").filter(|capacity| *capacity > 0.0)
    }

    /// A load as a share of the capacity.
    pub(super) fn share_of_capacity(&self, load: f64) -> Option<f64> {
        Some(load / self.capacity()?)
    }
}

/// The rows that at least one variant has.
pub(super) fn rows(record: &Record, comparison: &Comparison) -> Vec<Row> {
    let variants: Vec<Facts<'_>> =
        (0..comparison.variants.len()).map(|index| Facts::of(record, comparison, index)).collect();
    let has_events = record.variants.iter().any(|variant| !variant.events.is_empty());
    let mut rows = Vec::new();
    let mut add = |label: String, measure: &str, keep: &dyn Fn(f64) -> bool| {
        let cell = |facts: &Facts<'_>| {
            let never = facts.never(measure);
            if never.is_some_and(|never| never.is_all()) {
                return Some(Cell { figure: "never".to_owned(), share: String::new() });
            }
            // A variant without events is ordinary throughout.
            let plain = measure.strip_prefix("ordinary.").filter(|_| facts.record.events.is_empty());
            let found = facts.variant.measure(plain.unwrap_or(measure))?;
            let mean = found.estimate?.mean;
            let share = match found.unit.as_str() {
                "1/s" if measure.contains("db.qps") => facts.share_of_capacity(mean),
                _ => None,
            };
            let figure = match mean {
                0.0 if measure.contains(".recovery") => "at once".to_owned(),
                mean => with_unit(mean, &found.unit),
            };
            let share = share.map(|share| format!("{} of capacity", with_unit(share, "1")));
            let never = never.map(|never| format!("never in {never}"));
            Some(Cell { figure, share: share.or(never).unwrap_or_default() })
        };
        let cells: Vec<Option<Cell>> = variants.iter().map(cell).collect();
        let is_kept = variants.iter().filter_map(|facts| facts.mean(measure)).any(keep)
            || variants.iter().any(|facts| facts.never(measure).is_some());
        if is_kept {
            rows.push(Row { label, measure: measure.to_owned(), cells });
        }
    };
    let always = |_: f64| true;
    let occurs = |value: f64| value > 0.0;
    // The ordinary state where there are events; a run without them is ordinary throughout.
    let of = |measure: &str| if has_events { format!("ordinary.{measure}") } else { measure.to_owned() };
    add("database load".into(), &of("db.qps.mean"), &always);
    if !has_events {
        add("busiest second".into(), "db.qps.peak", &always);
    }
    add("connections in use".into(), "db.pool.saturation", &always);
    add("hit ratio".into(), &of("hit_ratio"), &always);
    add("median latency".into(), &of("latency.all.p50_ms"), &always);
    add("p99 latency".into(), &of("latency.all.p99_ms"), &always);
    add(if has_events { "errors, whole run" } else { "errors" }.into(), "error.ratio", &always);
    add("stale reads".into(), "stale.ratio", &occurs);
    add("writes lost".into(), "writes.lost", &occurs);
    add("memory of the cache".into(), "memory.peak_bytes", &occurs);
    add("cost per month".into(), "cost.month", &always);
    for label in event_labels(record) {
        add(format!("{label}: busiest second"), &format!("event.{label}.db.qps.peak"), &always);
        add(format!("{label}: worst p99"), &format!("event.{label}.latency.p99.worst_ms"), &always);
        add(format!("{label}: requests failed"), &format!("event.{label}.errors"), &occurs);
        add(format!("{label}: back after"), &format!("event.{label}.recovery_s"), &always);
        add(format!("{label}: load back after"), &format!("event.{label}.recovery.db_s"), &occurs);
    }
    rows
}

/// The labels of all events, in the order of their first occurrence.
pub(super) fn event_labels(record: &Record) -> Vec<&str> {
    let mut labels: Vec<&str> = Vec::new();
    for event in record.variants.iter().flat_map(|variant| &variant.events) {
        if !labels.contains(&event.label.as_str()) {
            labels.push(&event.label);
        }
    }
    labels
}
