//! What is known of today and of the setting in question.

use std::collections::BTreeMap;

use super::protocol::{Figures, Measure, Quantiles, Row, Series, Value, Verdict};
use crate::catalog::possible;
use crate::experiment::comparison::compare;
use crate::experiment::review::{Review, review};
use crate::experiment::statistics::estimate;
use crate::experiment::task::Task;
use crate::model::Model;
use crate::record::{Record, SCHEMA, VariantRecord};

/// Series of the record, by the names that a page has for them.
const SERIES: &[(&str, &str)] = &[
    ("db.qps", "db.qps"),
    ("latency.p50_ms", "latency.all.p50_ms"),
    ("latency.p99_ms", "latency.all.p99_ms"),
    ("hit", "hit_ratio"),
    ("errors", "error.ratio"),
];
/// Name of the baseline without settings among the variants.
const TODAY: &str = "today";
/// A quantile is shown only with so many requests above it: with fewer it is mostly chance.
const REQUESTS_ABOVE_MIN: f64 = 10.0;

/// All that is known so far.
pub(super) fn figures(task: &Task, today: &Task, draft: bool, measures: &[Measure]) -> Figures {
    let experiment = task.experiment();
    let model = &experiment.variants[experiment.baseline].model;
    let own = today.variant(0).map(|variant| VariantRecord { name: TODAY.to_owned(), ..variant });
    let known = (0..experiment.variants.len()).filter_map(|index| task.variant(index));
    let variants: Vec<VariantRecord> = own.iter().cloned().chain(known).collect();
    let mut rows = rows(task, variants, measures, own.is_some());
    let today = (own.is_some() && !rows.is_empty()).then(|| rows.remove(0));
    Figures {
        draft,
        replications: task.complete(),
        of: task.wanted(),
        duration_s: seconds(model.duration_ns),
        marks: marks(model),
        today,
        rows,
    }
}

/// A row for each variant, with its verdict against the first one.
fn rows(task: &Task, variants: Vec<VariantRecord>, measures: &[Measure], has_today: bool) -> Vec<Row> {
    if variants.is_empty() {
        return Vec::new();
    }
    let mut scenario = task.scenario();
    // Against today; without it, as `herdlab run` does.
    scenario.baseline = if has_today { 0 } else { scenario.baseline.min(variants.len() - 1) };
    let herdlab = env!("CARGO_PKG_VERSION").to_owned();
    let record = Record { schema: SCHEMA, herdlab, scenario, variants, worlds: None };
    let reviewed = review(&record, &compare(&record));
    record
        .variants
        .iter()
        .enumerate()
        .map(|(index, variant)| row(variant, &reviewed, index, measures))
        .collect()
}

fn row(variant: &VariantRecord, review: &Review, index: usize, measures: &[Measure]) -> Row {
    let value = |name: &str| -> Option<Value> {
        let known: Vec<f64> = variant.measure(name)?.values.iter().flatten().copied().collect();
        let estimate = estimate(&known)?;
        let interval = estimate.interval.map(|interval| possible(name, estimate.mean, interval));
        Some(Value {
            mean: estimate.mean,
            low: interval.map(|(low, _)| low),
            high: interval.map(|(_, high)| high),
        })
    };
    let values = measures.iter().filter_map(|measure| Some((measure.name.clone(), value(&measure.name)?)));
    let reviewed = &review.variants[index];
    let reasons = if reviewed.reasons.is_empty() { &reviewed.kept } else { &reviewed.reasons };
    Row {
        variant: variant.name.clone(),
        replications: variant.measures.first().map_or(0, |measure| measure.values.len() as u32),
        values: values.collect(),
        capacity_qps: value("db.capacity").map(|value| value.mean).filter(|capacity| *capacity > 0.0),
        verdict: Verdict { level: reviewed.safety.word(), text: reasons.join("; ") },
        series: series(variant),
        quantiles: quantiles(variant),
    }
}

fn series(variant: &VariantRecord) -> Series {
    let width_s = variant.windows.width_s;
    let named = |(name, own): &(&'static str, &str)| Some((*name, variant.series(own)?.values.clone()));
    let values: BTreeMap<&'static str, Vec<Option<f64>>> = SERIES.iter().filter_map(named).collect();
    let windows = values.values().map(Vec::len).max().unwrap_or(0);
    Series { time_s: (0..windows).map(|window| window as f64 * width_s).collect(), values }
}

/// Twenty per nine: 0, 0.109, 0.206 ... 0.9, 0.911 ... 0.99 and so on.
fn quantiles(variant: &VariantRecord) -> Quantiles {
    let Some(distribution) = variant.distribution("latency.all") else { return Quantiles::default() };
    let total: u64 = distribution.counts.iter().map(|(_, count)| count).sum();
    let mut shown = Quantiles::default();
    let mut counts = distribution.counts.iter();
    let (mut value_ns, mut below) = (0, 0);
    for step in 0..=120 {
        let above = libm::pow(10.0, -f64::from(step) / 20.0);
        if above * (total as f64) < REQUESTS_ABOVE_MIN {
            break;
        }
        let rank = (((1.0 - above) * total as f64).ceil() as u64).max(1);
        while below < rank
            && let Some((value, count)) = counts.next()
        {
            (value_ns, below) = (*value, below + count);
        }
        shown.q.push(1.0 - above);
        shown.latency_ms.push(value_ns as f64 / 1e6);
    }
    shown
}

/// The warm-up and the events.
fn marks(model: &Model) -> Vec<(String, f64, f64)> {
    let warmup = (model.warmup_ns > 0).then(|| ("warm-up".to_owned(), 0.0, seconds(model.warmup_ns)));
    let events = model.events.iter().map(|event| {
        (event.label.clone(), seconds(event.at_ns), seconds(event.end_ns(model.clients.instances)))
    });
    warmup.into_iter().chain(events).collect()
}

fn seconds(ns: u64) -> f64 {
    ns as f64 / 1e9
}
