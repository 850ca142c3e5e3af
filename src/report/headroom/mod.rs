//! The report of a search for headroom: the answer in words, a table of cells, CSV, charts, a page.

mod chart;
mod html;
pub mod table;
mod words;

use std::path::Path;

use super::drawing::Heading;
use super::sweep::named;
use super::{File, ReportError, json, png};
use crate::atomic;
use crate::experiment::headroom::record::{HeadroomRecord, ResultRecord, SCHEMA};
use crate::experiment::statistics::estimate;
use crate::report::csv::{Rows, plain};

/// Writes everything a search leaves behind into `dir`; the files appear together or not at all.
///
/// # Errors
/// The first file that could not be written.
pub fn write_all(record: &HeadroomRecord, dir: &Path) -> Result<(), ReportError> {
    let mut files = vec![(dir.join("headroom.json"), json::encode(record)?.into_bytes())];
    files.extend(drawn(record, dir)?);
    Ok(atomic::write_together(&files)?)
}

/// Whether a text is the record of a search for headroom.
pub fn is_record(text: &str) -> bool {
    #[derive(serde::Deserialize)]
    struct Header {
        knob: Option<serde::de::IgnoredAny>,
        answers: Option<serde::de::IgnoredAny>,
    }
    serde_json::from_str::<Header>(text).is_ok_and(|header| header.knob.is_some() && header.answers.is_some())
}

/// Draws the report again from a `headroom.json`, which is not rewritten.
///
/// # Errors
/// A file that is damaged or has another schema, and whatever [`write_all`] reports.
pub fn redraw(text: &str, path: &Path, out: &Path) -> Result<(), ReportError> {
    let damaged = |problem: String| ReportError::Damaged { path: path.to_path_buf(), problem };
    let record: HeadroomRecord = serde_json::from_str(text).map_err(|error| damaged(error.to_string()))?;
    if record.schema != SCHEMA {
        return Err(ReportError::Schema {
            path: path.to_path_buf(),
            found: u64::from(record.schema),
            expected: format!("schema {SCHEMA} of a search for headroom"),
            writer: record.herdlab,
        });
    }
    let second = |at: usize| record.second.as_ref().is_some_and(|axis| at < axis.values.len());
    let inside = record
        .answers
        .iter()
        .all(|answer| answer.variant < record.variants.len() && answer.second.is_none_or(second));
    if !inside {
        return Err(damaged("an answer is about a variant or a setting that is not there".to_owned()));
    }
    Ok(atomic::write_together(&drawn(&record, out)?)?)
}

/// The files that are made from the record alone.
fn drawn(record: &HeadroomRecord, dir: &Path) -> Result<Vec<File>, ReportError> {
    let page = html::render(record, &chart::pictures(record, Heading::Outside)?)?;
    let mut files = vec![
        (dir.join("index.html"), page.into_bytes()),
        (dir.join("headroom.csv"), tidy(record).into_bytes()),
    ];
    for picture in chart::pictures(record, Heading::Inside)? {
        let path = dir.join("charts").join(&picture.name);
        files.push((named(&path, "png"), png::from_svg(&picture.svg)?));
        files.push((named(&path, "svg"), picture.svg.into_bytes()));
    }
    Ok(files)
}

/// `headroom.csv`: a row for each cell and shown measure. The columns of the knobs bear their paths and hold the values as
/// `--set` takes them.
pub fn tidy(record: &HeadroomRecord) -> String {
    let second = record.second.as_ref();
    let heads = [Some(record.knob.path.as_str()), second.map(|axis| axis.path.as_str())];
    let fixed =
        ["variant", "search", "kept", "runs_kept", "runs", "measure", "unit", "mean", "lower", "upper"];
    let mut rows = Rows::new(&heads.into_iter().flatten().chain(fixed).collect::<Vec<_>>());
    for answer in &record.answers {
        let Some(border) = answer.border() else { continue };
        let setting = second.zip(answer.second).map(|(axis, at)| axis.values[at].label.as_str());
        for cell in &border.cells {
            let ResultRecord::Judged(judged) = &cell.result else { continue };
            let figures = [judged.kept.to_string(), judged.runs_kept.to_string(), judged.runs.to_string()];
            for measure in &judged.measures {
                let found = estimate(&measure.values.iter().flatten().copied().collect::<Vec<_>>());
                let interval = found.and_then(|estimate| estimate.interval);
                let ends = [
                    plain(found.map(|estimate| estimate.mean)),
                    plain(interval.map(|(low, _)| low)),
                    plain(interval.map(|(_, high)| high)),
                ];
                let texts = [Some(cell.label.as_str()), setting].into_iter().flatten();
                let texts = texts.chain([record.variants[answer.variant].as_str(), answer.purpose.word()]);
                let texts = texts.chain(figures.iter().map(String::as_str));
                let texts = texts.chain([measure.name.as_str(), measure.unit.as_str()]);
                rows.push(&texts.chain(ends.iter().map(String::as_str)).collect::<Vec<_>>());
            }
        }
    }
    rows.finish()
}
