//! Runs every variant of an experiment, all replications, over all cores.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use super::observe::{Observer, Step};
use super::own::Misplaced;
use super::partial::{KeepError, Partial};
use super::sweep::journal::JournalError;
use super::workers::{into_inner, is_stop, lock, work_off};
use super::{own, precision, warmup};
use crate::measure::catalog;
use crate::measure::histogram::Fine;
use crate::measure::record::{
    AnswerRecord, DistributionRecord, EventRecord, LintRecord, MeasureRecord, ObservedRecord, Record, SCHEMA,
    ScenarioRecord, SeriesRecord, Timings, VariantRecord, WindowsRecord,
};
use crate::measure::series::{Series, distributions, series};
use crate::measure::summary::{Measured, measures};
use crate::policy::own::Policies;
use crate::scenario::explain::event_text;
use crate::scenario::model::{Experiment, Model, Nanos, Precision, TimedEvent, Variant};
use crate::sim::{Control, Engine, SimError};
use crate::theory;
use crate::units::format_duration;
use crate::workload::Tables;

/// How to run.
#[derive(Clone, Debug, Default)]
pub struct RunOptions {
    /// Worker threads; 0: one per core.
    pub threads: usize,
    /// Shared with whoever follows or stops the run.
    pub control: Arc<Control>,
    /// Keep every finished replication here, and take those that an earlier run has kept.
    /// Not used beside policies of one's own, of which a file cannot tell whether they are still the same.
    pub partial: Option<Partial>,
    /// Who is told what happens.
    pub observer: Observer,
    /// Evictions and refreshes from outside the crate.
    pub policies: Policies,
}

/// What a run leaves.
#[derive(Debug)]
pub struct Outcome {
    pub record: Record,
    pub timings: Timings,
    /// Stopped from outside; the record holds what was finished.
    pub interrupted: bool,
}

/// Why a run left nothing.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error("interrupted before the first replication was finished")]
    Interrupted,
    #[error("variant \"{variant}\", replication {replication}: {source}")]
    Simulation { variant: String, replication: u32, source: SimError },
    #[error("{}", too_short(variant, series, *duration_ns, *enough_ns))]
    TooShort {
        variant: String,
        /// The series that has not settled.
        series: String,
        duration_ns: Nanos,
        /// A length that would do, where one was found.
        enough_ns: Option<Nanos>,
    },
    #[error(transparent)]
    Policy(#[from] Misplaced),
    #[error(transparent)]
    Keep(#[from] KeepError),
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error("worker threads cannot be started: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
}

fn too_short(variant: &str, series: &str, duration_ns: Nanos, enough_ns: Option<Nanos>) -> String {
    let duration = format_duration(duration_ns);
    let way_out = match enough_ns {
        Some(enough_ns) => format!("a duration of {} would do", format_duration(enough_ns)),
        None => format!(
            "neither has it in eight times that; a system that never settles needs a warm-up of your own, such as \
             `warmup = \"{}\"`",
            format_duration(duration_ns / 4)
        ),
    };
    format!(
        "no warm-up found: in variant \"{variant}\" {series} has not settled in the first half of {duration}; {way_out}"
    )
}

/// What one simulation contributes to the record.
pub(super) struct Replication {
    pub measures: Vec<Measured>,
    pub series: Vec<Series>,
    pub distributions: Vec<(String, &'static str, Fine)>,
    pub requests: u64,
    pub loop_s: f64,
}

/// Runs the experiment. The record depends on scenario, seed and program only: not on threads, not on time.
///
/// # Errors
/// A simulation that fails ends the run; an interrupt before any replication of all variants is finished leaves
/// nothing to keep.
pub fn run(experiment: &Experiment, options: &RunOptions) -> Result<Outcome, RunError> {
    let started = Instant::now();
    own::check(experiment, &options.policies)?;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(options.threads).build()?;
    let threads = pool.current_num_threads();
    options.observer.tell(&Step::Started {
        scenario: &experiment.name,
        digest: &experiment.digest,
        seed: experiment.seed,
        variants: experiment.variants.len(),
        replications: experiment.replications,
        threads,
    });
    let tables = pool.install(|| build_tables(experiment))?;
    let tables_s = started.elapsed().as_secs_f64();
    options.observer.tell(&Step::TablesBuilt { seconds: tables_s });
    let experiment = pool.install(|| with_warmup(experiment, &tables, options))?;
    let mut finished = Finished::new();
    let mut wanted = 0..experiment.replications;
    let mut complete;
    let interrupted = loop {
        options.observer.tell(&Step::Round { from: wanted.start, to: wanted.end });
        let failure = pool.install(|| simulate(&experiment, &tables, wanted.clone(), options, &mut finished));
        if let Some(failure) = failure.filter(|failure| !is_stop(failure)) {
            return Err(failure);
        }
        // Replications that all variants have finished, from the first on: only they can be compared in pairs.
        complete = (0..wanted.end)
            .take_while(|&r| (0..experiment.variants.len()).all(|v| finished.contains_key(&(r, v))))
            .count() as u32;
        if complete == 0 {
            return Err(RunError::Interrupted);
        }
        // Between two simulations a stop leaves no failure behind, only work not done.
        if complete < wanted.end {
            break true;
        }
        match experiment.precision.as_ref().and_then(|wanted| more(wanted, &finished, complete)) {
            Some(total) => wanted = complete..total,
            None => break false,
        }
    };
    let experiment = &*experiment;
    let requests = finished.values().map(|replication| replication.requests).sum();
    let loop_s: f64 = finished.values().map(|replication| replication.loop_s).sum();
    let variants: Vec<VariantRecord> = (0..experiment.variants.len())
        .map(|v| {
            let replications: Vec<&Replication> = (0..complete).map(|r| &finished[&(r, v)]).collect();
            variant_record(&experiment.variants[v], &replications, &options.policies)
        })
        .collect();
    let mut scenario = scenario_record(experiment, complete);
    scenario.overrides.extend(options.policies.notes());
    scenario.replications = wanted.end;
    scenario.precision = experiment.precision.as_ref().map(|wanted| precision::record(wanted, &variants));
    let timings = Timings {
        requests,
        wall_s: started.elapsed().as_secs_f64(),
        loop_s,
        requests_per_second_per_core: requests as f64 / loop_s.max(1e-9),
        tables_s,
        threads,
        peak_rss_bytes: peak_rss_bytes(),
    };
    options.observer.tell(&Step::Finished {
        replications: complete,
        requests,
        seconds: timings.wall_s,
        interrupted,
    });
    let record = Record { schema: SCHEMA, herdlab: env!("CARGO_PKG_VERSION").to_owned(), scenario, variants };
    Ok(Outcome { record, timings, interrupted })
}

/// The experiment with the warm-up that a pilot finds, where one is asked for.
fn with_warmup<'e>(
    experiment: &'e Experiment,
    tables: &[Arc<Tables>],
    options: &RunOptions,
) -> Result<Cow<'e, Experiment>, RunError> {
    let mut experiment = Cow::Borrowed(experiment);
    if experiment.variants.iter().any(|variant| variant.model.warmup_auto) {
        let started = Instant::now();
        let warmup_ns = warmup::find(&experiment, tables, options)?;
        let (warmup_s, seconds) = (warmup_ns as f64 / 1e9, started.elapsed().as_secs_f64());
        options.observer.tell(&Step::WarmupFound { warmup_s, seconds });
        experiment.to_mut().variants.iter_mut().for_each(|variant| variant.model.warmup_ns = warmup_ns);
    }
    Ok(experiment)
}

/// How many replications the wanted precision takes in all, if more than there are.
fn more(wanted: &Precision, finished: &Finished, complete: u32) -> Option<u32> {
    let variants = finished.keys().map(|(_, variant)| variant + 1).max().unwrap_or(0);
    let value = |replication: u32, variant: usize| -> Option<f64> {
        let measures = &finished[&(replication, variant)].measures;
        measures.iter().find(|(name, _)| *name == wanted.measure)?.1
    };
    let values: Vec<Vec<Option<f64>>> =
        (0..variants).map(|v| (0..complete).map(|r| value(r, v)).collect()).collect();
    precision::next_total(wanted, &values, complete)
}

/// Tables per variant; variants with the same workload share them.
pub(super) fn build_tables(experiment: &Experiment) -> Result<Vec<Arc<Tables>>, RunError> {
    let mut known: Vec<(String, Arc<Tables>)> = Vec::new();
    let mut tables = Vec::with_capacity(experiment.variants.len());
    for variant in &experiment.variants {
        let fingerprint = workload_of(&variant.model);
        let shared = match known.iter().find(|(name, _)| *name == fingerprint) {
            Some((_, shared)) => Arc::clone(shared),
            None => {
                let built =
                    Tables::new(&variant.model, experiment.seed).map_err(|source| RunError::Simulation {
                        variant: variant.name.clone(),
                        replication: 0,
                        source: source.into(),
                    })?;
                known.push((fingerprint, Arc::new(built)));
                Arc::clone(&known[known.len() - 1].1)
            }
        };
        tables.push(shared);
    }
    Ok(tables)
}

/// What the tables of a model depend on.
pub(super) fn workload_of(model: &Model) -> String {
    format!("{:?} {:?}", model.workload.classes, model.workload.arrivals)
}

type Finished = BTreeMap<(u32, usize), Replication>;

/// The simulations of some replications of all variants, replication by replication, so that an interrupt leaves
/// whole ones.
fn simulate(
    experiment: &Experiment,
    tables: &[Arc<Tables>],
    replications: Range<u32>,
    options: &RunOptions,
    finished: &mut Finished,
) -> Option<RunError> {
    let control = &options.control;
    let cells: Vec<(u32, usize)> = replications
        .flat_map(|replication| (0..experiment.variants.len()).map(move |variant| (replication, variant)))
        .collect();
    let results = Mutex::new(std::mem::take(finished));
    let failure = work_off(&cells, control, |&(replication, variant)| {
        let result = cell(experiment, &tables[variant], variant, replication, options)?;
        lock(&results).insert((replication, variant), result);
        Ok(())
    });
    *finished = into_inner(results);
    failure
}

/// One simulation, or what an earlier run kept of it.
fn cell(
    experiment: &Experiment,
    tables: &Arc<Tables>,
    index: usize,
    replication: u32,
    options: &RunOptions,
) -> Result<Replication, RunError> {
    let partial = options.partial.as_ref().filter(|_| options.policies.is_empty());
    if let Some(kept) = partial.and_then(|partial| partial.find(index, replication)) {
        options.control.requests.fetch_add(kept.requests, Ordering::Relaxed);
        let variant = &experiment.variants[index].name;
        options.observer.tell(&Step::Kept { variant, replication, requests: kept.requests });
        return Ok(kept);
    }
    let variant = &experiment.variants[index];
    let own = options.policies.of(&variant.name);
    let result = Engine::with_own(&variant.model, Arc::clone(tables), experiment.seed, replication, &own)
        .and_then(|engine| replicate(&variant.model, engine, &options.control))
        .map_err(|source| RunError::Simulation { variant: variant.name.clone(), replication, source })?;
    options.observer.tell(&Step::Simulated {
        variant: &variant.name,
        replication,
        requests: result.requests,
        seconds: result.loop_s,
    });
    if let Some(partial) = partial {
        partial.keep(index, replication, &result)?;
    }
    Ok(result)
}

fn replicate(model: &Model, engine: Engine<'_>, control: &Control) -> Result<Replication, SimError> {
    let started = Instant::now();
    let finished = engine.run(control)?;
    let loop_s = started.elapsed().as_secs_f64();
    let recorder = &finished.recorder;
    Ok(Replication {
        measures: measures(model, recorder),
        series: series(model, recorder),
        distributions: distributions(recorder),
        requests: recorder.finished(),
        loop_s,
    })
}

fn variant_record(variant: &Variant, replications: &[&Replication], policies: &Policies) -> VariantRecord {
    // The names are the same in all replications: they follow from the model.
    let measures = replications[0]
        .measures
        .iter()
        .enumerate()
        .map(|(index, (name, _))| MeasureRecord {
            unit: catalog::find(name).map_or("1", |info| info.unit).to_owned(),
            values: replications.iter().map(|replication| replication.measures[index].1).collect(),
            name: name.clone(),
        })
        .collect();
    let model = &variant.model;
    VariantRecord {
        name: variant.name.clone(),
        settings: variant.settings.clone(),
        events: model.events.iter().map(|event| event_record(event, model)).collect(),
        // What the closed forms know are the policies of the scenario.
        theory: match policies.of(&variant.name).is_empty() {
            true => theory::predictions(model),
            false => Vec::new(),
        },
        measures,
        windows: WindowsRecord {
            width_s: model.window_ns as f64 / 1e9,
            series: average_series(replications),
        },
        distributions: merge_distributions(replications),
    }
}

/// Window by window, over the replications in which there is a value; the database load of the first
/// replication besides, because an average hides peaks that come at different times.
fn average_series(replications: &[&Replication]) -> Vec<SeriesRecord> {
    let mut order: Vec<(&str, &str)> = Vec::new();
    let mut by_name: BTreeMap<&str, Vec<&Vec<Option<f64>>>> = BTreeMap::new();
    for (name, unit, values) in replications.iter().flat_map(|replication| &replication.series) {
        let all = by_name.entry(name).or_default();
        if all.is_empty() {
            order.push((name, unit));
        }
        all.push(values);
    }
    order
        .into_iter()
        .flat_map(|(name, unit)| {
            let all = &by_name[name];
            let values = average(all);
            let series = |name: String, values| SeriesRecord { name, unit: unit.to_owned(), values };
            let first = (name == "db.qps").then(|| series(format!("{name}.first"), all[0].clone()));
            std::iter::once(series(name.to_owned(), values)).chain(first)
        })
        .collect()
}

/// Window by window, the mean of those series that have a value there. There is at least one series, and all are of the same
/// length.
pub(super) fn average(all: &[&Vec<Option<f64>>]) -> Vec<Option<f64>> {
    (0..all[0].len()).map(|window| mean_of_known(all.iter().map(|values| values[window]))).collect()
}

/// `None` where no value is known.
pub(super) fn mean_of_known(values: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    let known: Vec<f64> = values.flatten().collect();
    (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64)
}

fn merge_distributions(replications: &[&Replication]) -> Vec<DistributionRecord> {
    let mut merged: BTreeMap<&str, (&str, Fine)> = BTreeMap::new();
    for (name, unit, histogram) in replications.iter().flat_map(|replication| &replication.distributions) {
        merged.entry(name).or_insert((unit, Fine::new())).1.merge(histogram);
    }
    merged
        .into_iter()
        .map(|(name, (unit, histogram))| DistributionRecord {
            name: name.to_owned(),
            unit: unit.to_owned(),
            counts: histogram.buckets(),
        })
        .collect()
}

fn event_record(event: &TimedEvent, model: &Model) -> EventRecord {
    let end_ns = event.at_ns + event.what.length_ns(model.clients.instances);
    EventRecord {
        label: event.label.clone(),
        text: event_text(model, &event.what),
        at_s: event.at_ns as f64 / 1e9,
        end_s: end_ns as f64 / 1e9,
    }
}

fn scenario_record(experiment: &Experiment, finished: u32) -> ScenarioRecord {
    let model = &experiment.variants[experiment.baseline].model;
    ScenarioRecord {
        name: experiment.name.clone(),
        question: experiment.question.clone(),
        source_path: experiment.source_path.clone(),
        source: experiment.source.clone(),
        overrides: experiment.overrides.clone(),
        digest: experiment.digest.clone(),
        seed: experiment.seed,
        replications: experiment.replications,
        finished,
        duration_s: model.duration_ns as f64 / 1e9,
        warmup_s: model.warmup_ns as f64 / 1e9,
        warmup_found: model.warmup_auto,
        precision: None,
        baseline: experiment.baseline,
        headline: experiment.headline.clone(),
        answer: experiment.answer.as_ref().map(|answer| AnswerRecord {
            text: answer.text.clone(),
            digest: answer.digest.clone(),
            claims: answer.claims.clone(),
        }),
        observed: experiment.observed.as_ref().map(ObservedRecord::from),
        thresholds: experiment.thresholds.clone(),
        lints: experiment
            .lints
            .iter()
            .map(|note| LintRecord { lint: note.lint.clone(), text: note.text.clone() })
            .collect(),
    }
}

/// High-water mark of this process's memory, where the system tells (Linux).
fn peak_rss_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1024)
}
