//! The report of a search for the best setting: the answer in words, tables, CSV, JSON, the TOML to use, charts, a page.

mod chart;
mod html;
pub mod json;
mod rows;
pub mod table;
#[cfg(test)]
mod tests;
pub mod usage;
mod words;

use std::path::Path;

use self::rows::Candidates;
use super::drawing::Heading;
use super::html::Charts;
use super::sweep::named;
use super::{File, ReportError, consistency, draw, png};
use crate::atomic;
use crate::experiment::recommend::record::{CandidateRecord, RecommendRecord, SCHEMA, TodayRecord};
use crate::experiment::recommend::{Found, Outcome, judge};

pub use rows::tidy;

/// The setting that may be used, if there is one.
pub fn usable(outcome: &Outcome) -> Option<&Found> {
    match outcome {
        Outcome::Winner { winner, .. } => Some(winner),
        Outcome::Undecided { best } => Some(best),
        Outcome::Nothing { .. } => None,
    }
}

/// The one that the answer names.
fn named_one(outcome: &Outcome) -> &Found {
    match outcome {
        Outcome::Winner { winner: found, .. }
        | Outcome::Undecided { best: found }
        | Outcome::Nothing { closest: found } => found,
    }
}

/// Writes everything a search leaves behind into `dir`; the files appear together or not at all.
///
/// # Errors
/// The first file that could not be written.
pub fn write_all(record: &RecommendRecord, outcome: &Outcome, dir: &Path) -> Result<(), ReportError> {
    let mut files = vec![(dir.join("recommend.json"), super::json::encode(record)?.into_bytes())];
    files.extend(drawn(record, outcome, dir, Charts::Interactive)?);
    Ok(atomic::write_together(&files)?)
}

/// Whether a text is the record of a search for the best setting.
pub fn is_record(text: &str) -> bool {
    #[derive(serde::Deserialize)]
    struct Header {
        candidates: Option<serde::de::IgnoredAny>,
        rungs: Option<serde::de::IgnoredAny>,
    }
    serde_json::from_str::<Header>(text)
        .is_ok_and(|header| header.candidates.is_some() && header.rungs.is_some())
}

/// Draws the report again from a `recommend.json`, which is not rewritten.
///
/// # Errors
/// A file that is damaged or has another schema, and whatever [`write_all`] reports.
pub fn redraw(text: &str, path: &Path, out: &Path, charts: Charts) -> Result<(), ReportError> {
    let damaged = |problem: String| ReportError::Damaged { path: path.to_path_buf(), problem };
    let record: RecommendRecord = serde_json::from_str(text).map_err(|error| damaged(error.to_string()))?;
    if record.schema != SCHEMA {
        return Err(ReportError::Schema {
            path: path.to_path_buf(),
            found: u64::from(record.schema),
            expected: format!("schema {SCHEMA} of a recommendation"),
            writer: record.herdlab,
        });
    }
    if let Some(problem) = problem(&record) {
        return Err(damaged(problem));
    }
    Ok(atomic::write_together(&drawn(&record, &judge(&record), out, charts)?)?)
}

/// A contradiction of a record in itself.
fn problem(record: &RecommendRecord) -> Option<String> {
    let last = record.replications();
    let fits = |candidate: &CandidateRecord| {
        let whole =
            |measure: &crate::record::MeasureRecord| measure.values.len() == candidate.replications as usize;
        candidate.variant < record.variants.len()
            && (1..=last).contains(&candidate.replications)
            && !candidate.measures.is_empty()
            && candidate.measures.iter().all(whole)
            && candidate.measures.is_sorted_by(|a, b| a.name < b.name)
    };
    if !record.candidates.iter().all(fits) {
        return Some("a candidate has a variant that is not there, values of other replications, or measures out of order".to_owned());
    }
    if !record.candidates.iter().any(|candidate| candidate.replications == last) {
        return Some("no candidate has all replications".to_owned());
    }
    match &record.today {
        Some(TodayRecord::Beside(pair)) => consistency::problem(pair),
        Some(TodayRecord::Same | TodayRecord::Events) | None => None,
    }
}

/// The files that are made from the record alone.
fn drawn(
    record: &RecommendRecord,
    outcome: &Outcome,
    dir: &Path,
    charts: Charts,
) -> Result<Vec<File>, ReportError> {
    let all = Candidates::of(record, outcome);
    let ranked = chart::ranked(&all);
    let outside = chart::pictures(&all, Heading::Outside)?;
    let page = html::render(&all, outcome, &outside, ranked.as_ref(), charts)?;
    let pictures = chart::pictures(&all, Heading::Inside)?;
    let text = table::markdown(record, outcome, &pictures);
    let mut files = vec![
        (dir.join("index.html"), page.into_bytes()),
        (dir.join("recommend.csv"), tidy(record, outcome).into_bytes()),
        (dir.join("recommend.md"), text.into_bytes()),
    ];
    let ranked = ranked
        .map(|figure| Ok::<_, ReportError>((figure.name.clone(), draw::to_svg(&figure, Heading::Inside)?)));
    let charts = pictures.into_iter().map(|picture| Ok((picture.name, picture.svg)));
    for chart in charts.chain(ranked) {
        let (name, svg) = chart?;
        let path = dir.join("charts").join(name);
        files.push((named(&path, "png"), png::from_svg(&svg)?));
        files.push((named(&path, "svg"), svg.into_bytes()));
    }
    Ok(files)
}
