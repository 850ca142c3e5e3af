//! Runs every variant of an experiment, all replications, over all cores.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use super::observe::Step;
pub use super::options::{RunError, RunOptions};
use super::replication::{Replication, average_series, merge_distributions, replicate};
use super::workers::{into_inner, is_stop, lock, work_off};
use super::{own, precision, warmup};
use crate::measure::catalog;
use crate::measure::record::{
    AnswerRecord, EventRecord, LintRecord, MeasureRecord, ObservedRecord, Record, SCHEMA, ScenarioRecord,
    Timings, VariantRecord, WindowsRecord,
};
use crate::policy::own::Policies;
use crate::scenario::digest::traffic;
use crate::scenario::explain::event_text;
use crate::scenario::model::{Experiment, Model, Precision, TimedEvent, Variant};
use crate::sim::Engine;
use crate::theory;
use crate::workload::Tables;

/// What a run leaves.
#[derive(Debug)]
pub struct Outcome {
    pub record: Record,
    pub timings: Timings,
    /// Stopped from outside; the record holds what was finished.
    pub interrupted: bool,
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
    let partial = options.partial.as_ref().filter(|_| options.policies.is_empty());
    // What was finished before keeping was due waits for it.
    let unkept = |key: &(u32, usize)| partial.is_some_and(|partial| !partial.has(key.1, key.0));
    let waiting: Vec<(u32, usize)> = finished.keys().copied().filter(unkept).collect();
    let results = Mutex::new((std::mem::take(finished), waiting));
    let failure = work_off(&cells, control, |&(replication, variant)| {
        let key = (replication, variant);
        if let Some(kept) = partial.and_then(|partial| partial.find(variant, replication)) {
            let (variant, requests) = (&experiment.variants[variant].name, kept.requests);
            control.requests.fetch_add(requests, Ordering::Relaxed);
            options.observer.tell(&Step::Kept { variant, replication, requests });
            lock(&results).0.insert(key, kept);
            return Ok(());
        }
        let result = cell(experiment, &tables[variant], variant, replication, options)?;
        let due = partial.filter(|partial| partial.is_due());
        if let Some(partial) = due {
            partial.keep(variant, replication, &result)?;
        }
        let (finished, waiting) = &mut *lock(&results);
        finished.insert(key, result);
        match due {
            None => waiting.push(key),
            Some(partial) => {
                for (replication, variant) in waiting.drain(..) {
                    partial.keep(variant, replication, &finished[&(replication, variant)])?;
                }
            }
        }
        Ok(())
    });
    *finished = into_inner(results).0;
    failure
}

/// One simulation.
fn cell(
    experiment: &Experiment,
    tables: &Arc<Tables>,
    index: usize,
    replication: u32,
    options: &RunOptions,
) -> Result<Replication, RunError> {
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
    Ok(result)
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
        workload: traffic(model),
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
