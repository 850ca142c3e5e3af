//! Contradictions that the types of a record allow and no record has: each problem names its field.

use std::path::Path;

use crate::record::breakdown::{BreakdownRecord, LatencySplit, OutcomeBreakdown, StepRecord};
use crate::record::{DistributionRecord, LatencyMap, Record, ScenarioRecord, VariantRecord};
use crate::scenario::{Overrides, parse};

/// No clock or counter gets this far; beyond it sums and axes overflow.
const LARGEST: f64 = 1e30;
/// Rows of a latency map are powers of two that a counter of nanoseconds has.
const POWERS: usize = 64;

/// The first problem of a record; `None` where it is sound.
pub(super) fn problem(record: &Record) -> Option<String> {
    of_scenario(record)
        .or_else(|| too_large(record))
        .or_else(|| record.variants.iter().find_map(|variant| of_variant(&record.scenario, variant)))
        .or_else(|| of_headline(record))
        .or_else(|| of_worlds(record))
        .or_else(|| not_of_its_digest(&record.scenario))
}

fn of_scenario(record: &Record) -> Option<String> {
    let ScenarioRecord { baseline, replications, finished, duration_s, warmup_s, .. } = record.scenario;
    let variants = record.variants.len();
    if baseline >= variants {
        return Some(format!("baseline {baseline} of {variants} variants"));
    }
    if duration_s.is_nan() || duration_s <= 0.0 {
        return Some(format!("`scenario.duration_s` is {duration_s}, and every run has a length"));
    }
    if !(0.0..duration_s).contains(&warmup_s) {
        return Some(format!("`scenario.warmup_s` is {warmup_s}, outside of a run of {duration_s} s"));
    }
    if finished == 0 {
        return Some("`scenario.finished` is 0, and a run that finished nothing leaves no record".to_owned());
    }
    if finished > replications {
        return Some(format!("`scenario.finished` is {finished} of {replications} replications"));
    }
    record.variants.iter().enumerate().find_map(|(index, variant)| {
        let twice = record.variants[..index].iter().any(|other| other.name == variant.name);
        twice.then(|| format!("`variants` has `{}` twice", variant.name))
    })
}

fn too_large(record: &Record) -> Option<String> {
    let mut times = vec![record.scenario.duration_s];
    for variant in &record.variants {
        times.push(variant.windows.width_s);
        times.extend(variant.events.iter().flat_map(|event| [event.at_s, event.end_s]));
        let measured = variant.measures.iter().map(|measure| (&measure.name, &measure.values));
        let over_time = variant.windows.series.iter().map(|series| (&series.name, &series.values));
        for (name, values) in measured.chain(over_time) {
            if let Some(value) = values.iter().flatten().find(|value| value.abs() > LARGEST) {
                return Some(format!("{value:e} as a value of `{name}` in `{}`", variant.name));
            }
        }
    }
    times.iter().find(|time| time.abs() > LARGEST).map(|time| format!("{time:e} s"))
}

fn of_variant(scenario: &ScenarioRecord, variant: &VariantRecord) -> Option<String> {
    let finished = scenario.finished;
    if variant.windows.width_s.is_nan() || variant.windows.width_s <= 0.0 {
        return Some(format!("windows of width {} in `{}`", variant.windows.width_s, variant.name));
    }
    if let Some(measure) = variant.measures.iter().find(|measure| measure.values.len() != finished as usize) {
        let (name, values) = (&measure.name, measure.values.len());
        return Some(format!("{values} values of `{name}` for {finished} replications"));
    }
    for event in &variant.events {
        let runs = event.judged.as_ref().map_or(finished as usize, |judged| judged.runs.len());
        if runs != finished as usize {
            return Some(format!("{runs} judgements of `{}` for {finished} replications", event.label));
        }
    }
    if !variant.measures.is_sorted_by(|a, b| a.name < b.name) {
        return Some(format!("measures of `{}` are not in order", variant.name));
    }
    if let Some(LatencyMap { width_s, first, counts }) = &variant.latency_map {
        let rows = counts.iter().map(Vec::len).max().unwrap_or(0);
        let of_columns = width_s.is_finite() && (0.0..LARGEST).contains(width_s) && *width_s > 0.0;
        if !of_columns || rows == 0 || *first as usize + rows > POWERS {
            return Some(format!(
                "a latency map of {rows} rows, the first 2^{first} ns, every {width_s} s in `{}`",
                variant.name
            ));
        }
        if counts
            .iter()
            .any(|column| column.iter().try_fold(0u64, |sum, count| sum.checked_add(*count)).is_none())
        {
            return Some(format!("counts of the latency map in `{}` are too large", variant.name));
        }
    }
    for DistributionRecord { name, counts, .. } in &variant.distributions {
        if !counts.is_sorted_by(|a, b| a.0 < b.0) {
            return Some(format!("values of `{name}` in `{}` are not in order", variant.name));
        }
        if counts.iter().try_fold(0u64, |sum, (_, count)| sum.checked_add(*count)).is_none() {
            return Some(format!("counts of `{name}` in `{}` are too large", variant.name));
        }
    }
    let problem = of_breakdown(variant.breakdown.as_ref()?)?;
    Some(format!("`breakdown` of `{}`: {problem}", variant.name))
}

fn of_breakdown(breakdown: &BreakdownRecord) -> Option<String> {
    for OutcomeBreakdown { outcome, at } in &breakdown.outcomes {
        for split in at {
            let sum_ns =
                split.parts_ns.iter().try_fold(0u64, |sum_ns, (_, part_ns)| sum_ns.checked_add(*part_ns));
            if sum_ns != Some(split.latency_ns) {
                let LatencySplit { at, latency_ns, .. } = split;
                return Some(format!("the parts at {at} of `{outcome}` do not sum to its {latency_ns} ns"));
            }
        }
    }
    breakdown.slowest.iter().find_map(|slow| {
        let within = |step: &StepRecord| step.from_ns <= step.to_ns && step.to_ns <= slow.latency_ns;
        let sound = slow.steps.iter().all(within);
        (!sound).then(|| format!("a request of {} ns has a step outside of it", slow.latency_ns))
    })
}

/// Every table of the worlds has their number of rows, and every row its number of columns.
fn of_worlds(record: &Record) -> Option<String> {
    let worlds = record.worlds.as_ref()?;
    let (finished, inputs, runs) = (worlds.values.len(), worlds.inputs.len(), worlds.replications as usize);
    if finished > worlds.wanted as usize {
        return Some(format!("`worlds.values` has {finished} of {} worlds", worlds.wanted));
    }
    if worlds.variants.len() != record.variants.len() {
        let (has, all) = (worlds.variants.len(), record.variants.len());
        return Some(format!("`worlds.variants` has {has} of {all} variants"));
    }
    if let Some(input) = worlds.inputs.iter().find(|input| !(input.low < input.high && input.high < LARGEST))
    {
        return Some(format!("the range of `{}` in `worlds` has no width", input.path));
    }
    if worlds.values.iter().any(|values| values.len() != inputs) {
        return Some(format!("a world of `worlds.values` without {inputs} values"));
    }
    for measure in worlds.variants.iter().flat_map(|variant| &variant.measures) {
        let name = &measure.name;
        if measure.values.len() != finished || measure.values.iter().any(|values| values.len() != runs) {
            return Some(format!("`worlds` lacks values of `{name}` for {finished} worlds of {runs} runs"));
        }
        if let Some(value) = measure.values.iter().flatten().flatten().find(|value| value.abs() > LARGEST) {
            return Some(format!("{value:e} as a value of `{name}` in `worlds`"));
        }
    }
    let unsorted = |measures: &[crate::record::WorldMeasure]| !measures.is_sorted_by(|a, b| a.name < b.name);
    worlds
        .variants
        .iter()
        .any(|variant| unsorted(&variant.measures))
        .then(|| "measures of `worlds` are not in order".to_owned())
}

fn of_headline(record: &Record) -> Option<String> {
    let unknown = |name: &&String| record.variants.iter().all(|variant| variant.measure(name).is_none());
    let name = record.scenario.headline.iter().find(unknown)?;
    Some(format!("`scenario.headline` names `{name}`, which no variant has measured"))
}

/// The fields that the digest covers must agree with it. Only where the text still has this digest: with
/// another version, or with files beside it, it need not.
fn not_of_its_digest(record: &ScenarioRecord) -> Option<String> {
    let experiment = parse_alone(record).filter(|experiment| experiment.digest == record.digest)?;
    let differs = |field: &str, told: String, meant: String| {
        (told != meant).then(|| {
            format!("`scenario.{field}` is {told}, and the digest is that of the same scenario with {meant}")
        })
    };
    let duration_s = experiment.variants[experiment.baseline].model.duration_ns as f64 / 1e9;
    let replications = match record.precision {
        // Some were added for it.
        Some(_) => record.replications,
        None => experiment.replications,
    };
    differs("seed", record.seed.to_string(), experiment.seed.to_string())
        .or_else(|| differs("replications", record.replications.to_string(), replications.to_string()))
        .or_else(|| differs("duration_s", record.duration_s.to_string(), duration_s.to_string()))
}

/// The scenario as it was run; `None` where its text could name a file. Whoever reads a record must not be made to open others.
fn parse_alone(record: &ScenarioRecord) -> Option<crate::model::Experiment> {
    const MAY_NAME_FILES: [&str; 4] = ["file", "\\u", "\\U", "\\x"];
    let mut texts = record.overrides.iter().chain([&record.source]);
    if texts.any(|text| MAY_NAME_FILES.iter().any(|part| text.contains(part))) {
        return None;
    }
    let mut overrides = Overrides::default();
    for text in &record.overrides {
        let (path, value) = text.split_once('=')?;
        match path {
            "seed" => overrides.seed = value.parse().ok(),
            "replications" => overrides.replications = value.parse().ok(),
            "duration" => overrides.duration = Some(value.to_owned()),
            "variant" => overrides.variants.push(value.to_owned()),
            _ => overrides.set.push((path.to_owned(), value.to_owned())),
        }
    }
    parse(&record.source, &record.source_path, Path::new(""), &overrides).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::fixture::stampede;

    #[test]
    fn what_no_run_leaves_is_named_by_its_field() {
        assert_eq!(problem(&stampede(2)), None);
        let told = |spoil: fn(&mut Record)| {
            let mut record = stampede(2);
            spoil(&mut record);
            problem(&record).unwrap()
        };
        let scenario = "`scenario.";
        for (field, told) in [
            ("duration_s` is -5", told(|record| record.scenario.duration_s = -5.0)),
            ("warmup_s` is 1000000000", told(|record| record.scenario.warmup_s = 1e9)),
            ("warmup_s` is -1", told(|record| record.scenario.warmup_s = -1.0)),
            ("finished` is 0", told(|record| record.scenario.finished = 0)),
            ("replications", told(|record| record.scenario.replications = 1)),
            ("headline` names `foo.bar`", told(|record| record.scenario.headline = vec!["foo.bar".into()])),
        ] {
            assert!(told.contains(field) && told.contains(scenario), "{told}");
        }
        let twice = told(|record| record.variants[1].name = record.variants[0].name.clone());
        assert!(twice.starts_with("`variants` has `"), "{twice}");
    }
    #[test]
    fn a_breakdown_adds_up() {
        let told = |spoil: fn(&mut BreakdownRecord)| {
            let mut record = stampede(2);
            spoil(record.variants[1].breakdown.as_mut().unwrap());
            problem(&record).unwrap()
        };
        let sums = told(|breakdown| breakdown.outcomes[0].at[1].latency_ns += 1);
        assert_eq!(
            sums,
            "`breakdown` of `jitter`: the parts at p99 of `all` do not sum to its 3400000001 ns"
        );
        let large = told(|breakdown| breakdown.outcomes[0].at[1].parts_ns[0].1 = u64::MAX);
        assert!(large.contains("do not sum"), "{large}");
        let steps = told(|breakdown| breakdown.slowest[0].steps[2].to_ns = 412_000_001);
        assert_eq!(steps, "`breakdown` of `jitter`: a request of 412000000 ns has a step outside of it");
    }
}
