//! The report of runs that were compared: the page of the last one with the first laid over its charts, led by the differences, the
//! review of the one against the other and the table of measures; the same as Markdown.

mod markdown;

use std::path::Path;

use rayon::prelude::*;

use super::html::{self, Charts};
use super::versus::{Shown, Side};
use super::{File, ReportError, draw, drawing, json, over, png, versus_data};
use crate::atomic;
use crate::experiment::answer::answer;
use crate::experiment::comparison::compare;
use crate::experiment::versus;
use crate::record::Record;
use crate::record::compared::{COMPARED_SCHEMA, ComparedRecord, LabelledRecord};

/// Writes record, page, tables and charts into `dir`. The files appear together or not at all.
///
/// # Errors
/// Runs that cannot be compared, and the first file that could not be written.
pub fn write_all(sides: &[Side<'_>], command: &str, dir: &Path, charts: Charts) -> Result<(), ReportError> {
    let labelled = |side: &Side<'_>| {
        // Drawn from the record as it is written, so that a report drawn again is the same.
        let (record, _) = json::to_json(side.record)?;
        Ok(LabelledRecord { label: side.label.to_owned(), record: record.into_owned() })
    };
    let record = ComparedRecord {
        schema: COMPARED_SCHEMA,
        herdlab: env!("CARGO_PKG_VERSION").to_owned(),
        command: command.to_owned(),
        compared: sides.iter().map(labelled).collect::<Result<_, ReportError>>()?,
    };
    let mut files = vec![(dir.join("comparison.json"), json::encode(&record)?.into_bytes())];
    files.extend(drawn(&record, dir, charts)?);
    Ok(atomic::write_together(&files)?)
}

/// Whether a text is the record of a comparison.
pub fn is_record(text: &str) -> bool {
    #[derive(serde::Deserialize)]
    struct Header {
        compared: Option<serde::de::IgnoredAny>,
    }
    serde_json::from_str::<Header>(text).is_ok_and(|header| header.compared.is_some())
}

/// Draws the report again from a `comparison.json`, which is not rewritten.
///
/// # Errors
/// A file that is damaged or has another schema, and whatever [`write_all`] reports.
pub fn redraw(text: &str, path: &Path, out: &Path, charts: Charts) -> Result<(), ReportError> {
    let record = parse(text, path)?;
    Ok(atomic::write_together(&drawn(&record, out, charts)?)?)
}

fn parse(text: &str, path: &Path) -> Result<ComparedRecord, ReportError> {
    #[derive(serde::Deserialize)]
    struct Header {
        schema: u64,
        #[serde(default)]
        herdlab: String,
    }
    let damaged = |problem: String| ReportError::Damaged { path: path.to_path_buf(), problem };
    let header: Header = serde_json::from_str(text).map_err(|error| damaged(error.to_string()))?;
    if header.schema != u64::from(COMPARED_SCHEMA) {
        return Err(ReportError::Schema {
            path: path.to_path_buf(),
            found: header.schema,
            expected: format!("schema {COMPARED_SCHEMA}"),
            writer: header.herdlab,
        });
    }
    let record: ComparedRecord = serde_json::from_str(text).map_err(|error| damaged(error.to_string()))?;
    if record.compared.len() < 2 {
        return Err(damaged("fewer than two runs are compared".to_owned()));
    }
    for LabelledRecord { label, record } in &record.compared {
        if let Some(problem) = json::problem(record) {
            return Err(damaged(format!("{label}: {problem}")));
        }
    }
    Ok(record)
}

/// The files that are made from the record alone.
fn drawn(record: &ComparedRecord, dir: &Path, charts: Charts) -> Result<Vec<File>, ReportError> {
    let sides: Vec<Side<'_>> =
        record.compared.iter().map(|LabelledRecord { label, record }| Side { label, record }).collect();
    let [first, others @ ..] = sides.as_slice() else { return Ok(Vec::new()) };
    let Some(last) = others.last() else { return Ok(Vec::new()) };
    let after: Vec<&Record> = others.iter().map(|side| side.record).collect();
    let compared = versus::compare(first.record, &after).map_err(|(_, reason)| ReportError::Make {
        what: "the comparison".to_owned(),
        problem: reason.to_string(),
    })?;
    let shown: Vec<Shown<'_>> = others
        .iter()
        .zip(&compared)
        .map(|(after, versus)| Shown { before: *first, after: *after, versus })
        .collect();
    let comparison = compare(last.record);
    let figures = over::figures(last, &comparison, first);
    let lead = over::Lead::new(last, first).compared(&shown, &record.command);
    let answer = answer(last.record, &comparison);
    let page = html::render_over(last.record, &comparison, &answer, &figures, Some(&lead), charts)?;
    let mut files = vec![
        (dir.join("index.html"), page.into_bytes()),
        (dir.join("comparison.md"), markdown::page(&lead, &shown, &figures).into_bytes()),
        (dir.join("comparison.csv"), versus_data::csv(&shown).into_bytes()),
    ];
    let picture = |figure| -> Result<[File; 2], ReportError> {
        let svg = draw::to_svg(figure, drawing::Heading::Inside)?;
        let path = dir.join("charts").join(&figure.name);
        Ok([
            (path.with_extension("png"), png::from_svg(&svg)?),
            (path.with_extension("svg"), svg.into_bytes()),
        ])
    };
    let pictures: Vec<[File; 2]> = figures.par_iter().map(picture).collect::<Result<_, ReportError>>()?;
    files.extend(pictures.into_iter().flatten());
    Ok(files)
}

#[cfg(test)]
mod tests;
