//! The answer in words.

use crate::experiment::answer::enumerated;
use crate::experiment::headroom::Purpose;
use crate::experiment::headroom::limits::Resource;
use crate::experiment::headroom::map::Class;
use crate::experiment::headroom::record::{
    AnswerRecord, BorderRecord, BrokenRecord, FoundRecord, HeadroomRecord, ResultRecord,
};
use crate::experiment::headroom::search::End;
use crate::report::format::with_unit;
use crate::report::thresholds::in_words;
use crate::units::counted;

/// `cache, tier.l2.ttl = 5m`; empty where there is one variant and one knob.
pub(super) fn whose(record: &HeadroomRecord, answer: &AnswerRecord) -> String {
    let variant = (record.variants.len() > 1).then(|| record.variants[answer.variant].clone());
    let second = record.second.as_ref().zip(answer.second);
    let second = second.map(|(axis, at)| format!("{} = {}", axis.path, axis.values[at].label));
    variant.into_iter().chain(second).collect::<Vec<_>>().join(", ")
}

/// The answer of one search, without a full stop: `safe up to 2.31 times today's traffic (2.27 to 2.35); then ...`.
pub(super) fn sentence(record: &HeadroomRecord, answer: &AnswerRecord) -> String {
    match &answer.found {
        FoundRecord::Pinned(own) => {
            format!("sets {} itself, to {own}: the knob does not turn it", record.knob.path)
        }
        FoundRecord::Unlimited => match answer.purpose {
            Purpose::Recovery => "has no event to come back from".to_owned(),
            _ => "no limit is about a measure of it".to_owned(),
        },
        FoundRecord::Overloaded => "no tested value keeps the limits even without an event".to_owned(),
        FoundRecord::Border(found) => border(record, found),
    }
}

fn border(record: &HeadroomRecord, found: &BorderRecord) -> String {
    let edge = &found.border;
    let direction = if edge.upwards { "up" } else { "down" };
    let safe = edge.safe.map(|safe| format!("safe {direction} to {}", value(record, safe)));
    let then = then(record, found);
    let mut text = match (&edge.end, safe) {
        (End::Found | End::Cells, Some(safe)) if edge.breaks.is_some() => {
            format!("{}{safe} ({}); then {then}", today(record, found), interval(record, found))
        }
        (End::Impossible(reason), Some(safe)) => {
            let beyond = if edge.upwards { "larger" } else { "smaller" };
            format!("{safe}; {beyond} values cannot be simulated: {reason}")
        }
        (End::Everywhere, Some(_)) => {
            let cells = &found.cells;
            let last = if edge.upwards { cells.last() } else { cells.first() };
            let last = last.map_or_else(String::new, |cell| value(record, cell.value));
            format!("every tested value is safe, even {last}")
        }
        (_, Some(safe)) => format!("{safe} at least: the cells were used up before anything broke"),
        (_, None) => format!(
            "no tested value is safe: even at {} {then}",
            edge.breaks.map_or_else(String::new, |value| self::value(record, value))
        ),
    };
    if edge.end == End::Cells && edge.breaks.is_some() && edge.safe.is_some() {
        text.push_str("; stopped at --cells before reaching --precision");
    }
    if let Some(below) = edge.below {
        text.push_str(&format!("; at {} a limit breaks as well", value(record, below)));
    }
    if !edge.again.is_empty() {
        let values: Vec<String> = edge.again.iter().map(|&again| value(record, again)).collect();
        text.push_str(&format!(
            "; beyond the break the limits are kept again at {}",
            enumerated(&values, "and")
        ));
    }
    text
}

/// Said first where the scenario as it is written breaks a limit.
fn today(record: &HeadroomRecord, found: &BorderRecord) -> &'static str {
    let broken = |cell: &&crate::experiment::headroom::record::CellRecord| matches!(&cell.result, ResultRecord::Judged(judged) if cell.value == 1.0 && !judged.kept);
    match record.knob.traffic && found.cells.iter().any(|cell| broken(&cell)) {
        true => "today's traffic already breaks a limit: ",
        false => "",
    }
}

/// `2.31 times today's traffic`, `database.pool = 30`.
pub(super) fn value(record: &HeadroomRecord, value: f64) -> String {
    match record.knob.traffic {
        true => format!("{} times today's traffic", record.text(value)),
        false => format!("{} = {}", record.knob.path, record.text(value)),
    }
}

/// `2.27 to 2.35`: from where all runs keep the limits to where none does.
fn interval(record: &HeadroomRecord, found: &BorderRecord) -> String {
    let edge = &found.border;
    let ends = [edge.all_keep.or(edge.safe), edge.none_keeps.or(edge.breaks)];
    let texts: Vec<String> = ends.into_iter().flatten().map(|value| record.text(value)).collect();
    texts.join(" to ")
}

/// The limits that break, and the short resource.
fn then(record: &HeadroomRecord, found: &BorderRecord) -> String {
    let limits: Vec<String> = found.broken.iter().map(broken).collect();
    let limits = match limits.as_slice() {
        [] => "a limit fails".to_owned(),
        [first] => format!("{first} fails"),
        [first, others @ ..] => {
            format!("{first} fails first, and {}", counted(others.len() as u64, "other limit"))
        }
    };
    let at = match found.border.breaks.filter(|_| found.border.safe.is_some()) {
        Some(breaks) => format!(" at {}", record.text(breaks)),
        None => String::new(),
    };
    match &found.resource {
        Some(resource) if resource.is_short() => format!("{}: {limits}{at}", short(resource)),
        Some(resource) => {
            format!("{limits}{at}; no resource is short, {} {} used most", resource.name, used(resource))
        }
        None => format!("{limits}{at}"),
    }
}

/// `the database's connection pool is short (98 % used)`.
fn short(resource: &Resource) -> String {
    let verb = if resource.name.ends_with("servers") { "are" } else { "is" };
    let asked = if resource.used > 1.0 { "asked for" } else { "used" };
    format!("{} {verb} short ({} {asked})", resource.name, with_unit(resource.used, "1"))
}

fn used(resource: &Resource) -> String {
    let verb = if resource.name.ends_with("servers") { "are" } else { "is" };
    format!("({}) {verb}", with_unit(resource.used, "1"))
}

/// `error.ratio ≤ 0.1 % (3.2 %, kept in 2 of 10 runs)`.
fn broken(broken: &BrokenRecord) -> String {
    let mean = broken.mean.map(|mean| with_unit(mean, &broken.unit));
    let runs = (broken.runs > 1).then(|| format!("kept in {} of {} runs", broken.runs_kept, broken.runs));
    let facts: Vec<String> = mean.into_iter().chain(runs).collect();
    match facts.is_empty() {
        true => in_words(&broken.limit, &broken.unit),
        false => format!("{} ({})", in_words(&broken.limit, &broken.unit), facts.join(", ")),
    }
}

/// The limits, one a line.
pub(super) fn limits(record: &HeadroomRecord) -> Vec<String> {
    let about = |limit: &crate::model::Threshold| match &limit.variant {
        Some(variant) => format!("{} ({variant})", in_words(limit, "")),
        None => in_words(limit, ""),
    };
    record.limits.iter().map(about).collect()
}

/// Where the limits come from.
pub(super) fn whose_limits(record: &HeadroomRecord) -> &'static str {
    match record.default_limits {
        true => "Limits (the default ones: the scenario has none, and no --limit is given)",
        false => "Limits",
    }
}

/// The word for a state, on a map with events or without.
pub(super) fn class(record: &HeadroomRecord, class: Class) -> &'static str {
    match (record.is_map(), class) {
        (true, class) => class.word(),
        (false, Class::Stable) => "kept",
        (false, Class::Vulnerable) => "kept in some runs",
        (false, Class::Metastable | Class::Overloaded) => "broken",
    }
}

/// Facts about the whole search.
pub(super) fn effort(record: &HeadroomRecord) -> String {
    let cells = record.answers.iter().filter_map(AnswerRecord::border).map(|border| border.cells.len()).max();
    let replications = u64::from(record.scenario.replications);
    format!(
        "{} at most for a border, {} each; {} in all.",
        counted(cells.unwrap_or(0) as u64, "cell"),
        counted(replications, "replication"),
        counted(record.simulations, "simulation")
    )
}

/// Notes beside the answers.
pub(super) fn remarks(record: &HeadroomRecord) -> Vec<String> {
    let mut remarks = Vec::new();
    if record.interrupted {
        remarks.push("Interrupted: the searches had not come to an end.".to_owned());
    }
    if record.scenario.replications == 1 {
        remarks.push(
            "A single replication: the interval is the bracket alone, without the noise of runs.".to_owned(),
        );
    }
    if record.scenario.precision_unused {
        let replications = counted(u64::from(record.scenario.replications), "replication");
        remarks.push(format!(
            "The scenario's precision is not followed in a search: every cell has {replications}."
        ));
    }
    remarks
}
