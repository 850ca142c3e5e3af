//! Runs every variant of an experiment, all replications, over all cores.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::ops::Range;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use super::cells::Cells;
use super::finished::Finished;
use super::observe::Step;
pub use super::options::{RunError, RunOptions};
use super::replication::{Records, Replication, Together, replicate};
use super::workers::{is_stop, lock, work_off};
use super::{misplaced, precision, warmup, workers};
use crate::clock::Stopwatch;
use crate::journal::{Key, Kind};
use crate::model::{Experiment, Model, TimedEvent, Variant};
use crate::policy::own::Policies;
use crate::record::{
    AnswerRecord, EventJudgement, EventRecord, EventRun, LintRecord, MeasureRecord, ObservedRecord, Record,
    SCHEMA, ScenarioRecord, Timings, VariantRecord, WindowsRecord,
};
use crate::scenario::describe::event_text;
use crate::scenario::digest::{fingerprint, together, traffic};
use crate::scenario::estimate;
use crate::sim::Engine;
use crate::sim::bounds::peak_resident_bytes;
use crate::theory;
use crate::workload::Tables;

/// The result of a run.
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
    let started = Stopwatch::start();
    misplaced::check(experiment, &options.policies)?;
    let most = experiment.precision.as_ref().map_or(0, |precision| precision.replications_max);
    let replications = u64::from(experiment.replications.max(most));
    let pool = workers::pool(options.threads, replications * experiment.variants.len() as u64)?;
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
    let tables_s = started.seconds();
    options.observer.tell(&Step::TablesBuilt { seconds: tables_s });
    let experiment = pool.install(|| with_warmup(experiment, &tables, options))?;
    let mut finished = Finished::new(experiment.variants.len());
    let mut wanted = 0..experiment.replications;
    let mut complete;
    let interrupted = loop {
        options.observer.tell(&Step::Round { from: wanted.start, to: wanted.end });
        let failure = pool.install(|| simulate(&experiment, &tables, wanted.clone(), options, &mut finished));
        if let Some(failure) = failure.filter(|failure| !is_stop(failure)) {
            return Err(failure);
        }
        complete = finished.complete();
        if complete == 0 {
            return Err(RunError::Interrupted);
        }
        // Between two simulations a stop leaves no failure behind, only work not done.
        if complete < wanted.end {
            break true;
        }
        match experiment.precision.as_ref().and_then(|wanted| finished.more(wanted)) {
            Some(total) => wanted = complete..total,
            None => break false,
        }
    };
    let (requests, events, loop_s) = (finished.requests, finished.events, finished.loop_s);
    let record = record(&experiment, finished.into_variants(), (complete, wanted.end), &options.policies)?;
    let timings = Timings {
        requests,
        events,
        wall_s: started.seconds(),
        loop_s,
        requests_per_second_per_core: requests as f64 / loop_s.max(1e-9),
        tables_s,
        threads,
        peak_rss_bytes: peak_resident_bytes(),
    };
    options.observer.tell(&Step::Finished {
        replications: complete,
        requests,
        seconds: timings.wall_s,
        interrupted,
    });
    Ok(Outcome { record, timings, interrupted })
}

/// The record of `complete` replications of every variant, of which `wanted` were to be made.
///
/// # Errors
/// [`RunError::Silent`]: a variant without a single request in its measured part.
pub(super) fn record(
    experiment: &Experiment,
    variants: Vec<Together>,
    (complete, wanted): (u32, u32),
    policies: &Policies,
) -> Result<Record, RunError> {
    let mut records: Vec<VariantRecord> = Vec::with_capacity(variants.len());
    for (variant, together) in experiment.variants.iter().zip(variants) {
        if together.values("requests.all").iter().all(|count| *count == Some(0.0)) {
            return Err(RunError::Silent { variant: variant.name.clone(), replications: complete });
        }
        records.push(variant_record(variant, together, policies));
    }
    let mut scenario = scenario_record(experiment, complete);
    scenario.overrides.extend(policies.notes());
    scenario.replications = wanted;
    scenario.precision = experiment.precision.as_ref().map(|wanted| precision::record(wanted, &records));
    Ok(Record {
        schema: SCHEMA,
        herdlab: env!("CARGO_PKG_VERSION").to_owned(),
        scenario,
        variants: records,
        worlds: None,
    })
}

/// The experiment with the warm-up that a pilot finds, for `warmup = "auto"`.
pub(super) fn with_warmup<'e>(
    experiment: &'e Experiment,
    tables: &[Arc<Tables>],
    options: &RunOptions,
) -> Result<Cow<'e, Experiment>, RunError> {
    let mut experiment = Cow::Borrowed(experiment);
    if experiment.variants.iter().any(|variant| variant.model.warmup_auto) {
        let started = Stopwatch::start();
        let find = || warmup::find(&experiment, tables, options);
        let warmup_ns = match kept_in(options) {
            Some(cells) => cells.pilot(&together(&fingerprints(&experiment)), find)?,
            None => find()?,
        };
        let (warmup_s, seconds) = (warmup_ns as f64 / 1e9, started.seconds());
        options.observer.tell(&Step::WarmupFound { warmup_s, seconds });
        experiment.to_mut().variants.iter_mut().for_each(|variant| variant.model.warmup_ns = warmup_ns);
    }
    Ok(experiment)
}

/// Tables per variant; variants with the same workload share them.
pub(super) fn build_tables(experiment: &Experiment) -> Result<Vec<Arc<Tables>>, RunError> {
    build_tables_beside(&mut Vec::new(), experiment)
}

/// The same; those that are known already, by their workload, are not built again, and new ones are added to them.
pub(super) fn build_tables_beside(
    known: &mut Vec<(String, Arc<Tables>)>,
    experiment: &Experiment,
) -> Result<Vec<Arc<Tables>>, RunError> {
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

/// The parts of a model that its tables depend on.
pub(super) fn workload_of(model: &Model) -> String {
    format!("{:?} {:?}", model.workload.classes, model.workload.arrivals)
}

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
    let list = replications
        .flat_map(|replication| (0..experiment.variants.len()).map(move |variant| (replication, variant)));
    let kept_in = kept_in(options);
    let ids = if kept_in.is_some() { fingerprints(experiment) } else { Vec::new() };
    let kind = if options.why { Kind::Explained } else { Kind::Whole };
    let key = |&(replication, variant): &(u32, usize)| Key::new(kind, &ids[variant], replication);
    let (work, ends_round) = match kept_in {
        Some(cells) => match work(experiment, cells, list.collect(), &key) {
            Ok(work) => work,
            Err(error) => return Some(error),
        },
        None => (list.map(|cell| (cell, false)).collect(), false),
    };
    let results = Mutex::new(finished);
    let failure = work_off(&work, control, |&(cell @ (replication, variant), is_kept)| {
        let model = &experiment.variants[variant].model;
        let kept = kept_in.filter(|_| is_kept).map(|cells| cells.whole(&key(&cell), model)).transpose()?;
        if let Some(kept) = kept.flatten() {
            let (variant, requests) = (&experiment.variants[variant].name, kept.requests);
            control.requests.fetch_add(requests, Ordering::Relaxed);
            options.observer.tell(&Step::Kept { variant, replication, requests });
            lock(&results).put(cell, kept);
            return Ok(());
        }
        let result = self::cell(experiment, &tables[variant], variant, replication, options)?;
        kept_in.map_or(Ok(()), |cells| cells.keep_whole(&key(&cell), &result))?;
        if !ends_round {
            lock(&results).put(cell, result);
        }
        Ok(())
    });
    match failure {
        None if ends_round && control.cancel.load(Ordering::Relaxed) => Some(RunError::Interrupted),
        None if ends_round => Some(RunError::PartDone),
        failure => failure,
    }
}

/// The place of finished replications, unless policies of one's own forbid one.
fn kept_in(options: &RunOptions) -> Option<&Cells> {
    options.cells.as_deref().filter(|_| options.policies.is_empty())
}

fn fingerprints(experiment: &Experiment) -> Vec<String> {
    experiment.variants.iter().map(|variant| fingerprint(&variant.model, experiment.seed)).collect()
}

/// A replication of a variant, and whether its result is known.
type Piece = ((u32, usize), bool);

/// What this process does for a list of replications and variants, and whether others have the rest of it.
fn work(
    experiment: &Experiment,
    cells: &Cells,
    list: Vec<(u32, usize)>,
    key: &dyn Fn(&(u32, usize)) -> Key,
) -> Result<(Vec<Piece>, bool), RunError> {
    let costs: Vec<OnceCell<f64>> = experiment.variants.iter().map(|_| OnceCell::new()).collect();
    let cost = |&(_, variant): &(u32, usize)| {
        let model = &experiment.variants[variant].model;
        *costs[variant].get_or_init(|| estimate::estimate(model).seconds())
    };
    let (kept, missing): (Vec<_>, Vec<_>) = list.into_iter().partition(|cell| cells.has(&key(cell)));
    let share = cells.share(missing, key, cost)?;
    let mut work: Vec<Piece> = share.work.into_iter().map(|cell| (cell, false)).collect();
    if !share.ends_round {
        work.extend(kept.into_iter().map(|cell| (cell, true)));
        work.sort_unstable();
    }
    Ok((work, share.ends_round))
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
    let engine = if options.why { Engine::explaining } else { Engine::with_own };
    let result = engine(&variant.model, Arc::clone(tables), experiment.seed, replication, &own)
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

pub(super) fn variant_record(variant: &Variant, together: Together, policies: &Policies) -> VariantRecord {
    let Records { measures, series, distributions, event_runs, latency_map, breakdowns } =
        together.into_records();
    let model = &variant.model;
    VariantRecord {
        name: variant.name.clone(),
        settings: variant.settings.clone(),
        workload: traffic(model),
        events: events(model, &measures, event_runs),
        // The closed forms cover the policies of the scenario only.
        theory: match policies.of(&variant.name).is_empty() {
            true => theory::predictions(model),
            false => Vec::new(),
        },
        measures,
        windows: WindowsRecord { width_s: model.window_ns as f64 / 1e9, series },
        distributions,
        breakdown: breakdowns.map(|breakdowns| breakdowns.record(model)),
        latency_map,
    }
}

/// The events of a model, and their outcomes in each run.
fn events(model: &Model, measures: &[MeasureRecord], runs: Vec<Vec<EventRun>>) -> Vec<EventRecord> {
    let record = |(event, runs): (&TimedEvent, Vec<EventRun>)| {
        let errors = format!("event.{}.errors", event.label);
        let errors = measures.iter().find(|measure| measure.name == errors);
        let failed = errors.is_some_and(|errors| errors.values.iter().any(|&count| count > Some(0.0)));
        EventRecord {
            label: event.label.clone(),
            text: event_text(model, &event.what),
            at_s: event.at_ns as f64 / 1e9,
            end_s: event.end_ns(model.clients.instances) as f64 / 1e9,
            judged: Some(EventJudgement {
                share: model.share_of_good(),
                objective_ms: model.slo.map(|slo| slo.latency_ns as f64 / 1e6),
                can_fail: model.can_fail() || failed,
                runs,
            }),
        }
    };
    model.events.iter().zip(runs).map(record).collect()
}

pub(super) fn scenario_record(experiment: &Experiment, finished: u32) -> ScenarioRecord {
    let model = &experiment.variants[experiment.baseline].model;
    ScenarioRecord {
        name: experiment.name.clone(),
        question: experiment.question.clone(),
        source_path: experiment.source_path.clone(),
        source: experiment.source.clone(),
        after: None,
        command: None,
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
        live: None,
    }
}
