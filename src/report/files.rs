//! Everything that a run leaves behind, as files.

use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::html::Charts;
use super::versus::Side;
use super::{ReportError, csv, draw, drawing, hgrm, html, json, markdown, over, png};
use crate::atomic;
use crate::experiment::answer::answer;
use crate::experiment::comparison::compare;
use crate::record::{Record, Timings};

/// Options of a report.
#[derive(Clone, Copy, Debug)]
pub struct Contents {
    pub charts: Charts,
    /// The latencies for HdrHistogram's plotter as well.
    pub hgrm: bool,
    /// One page of Markdown with pictures as well.
    pub summary: bool,
}

impl From<Charts> for Contents {
    fn from(charts: Charts) -> Self {
        Contents { charts, hgrm: false, summary: false }
    }
}

/// A file to write, and its bytes.
pub(super) type File = (PathBuf, Vec<u8>);

/// The writer of the content of a file.
type Text<'a> = &'a (dyn Fn() -> Result<String, ReportError> + Sync);

/// Writes everything a run leaves behind into `dir`, which is created if need be. The files appear together or not at
/// all; `results.json` comes first, because everything else can be made from it.
///
/// # Errors
/// The first file that could not be written.
pub fn write_all(
    record: &Record,
    timings: Option<&Timings>,
    dir: &Path,
    contents: impl Into<Contents>,
) -> Result<(), ReportError> {
    let (record, results) = json::to_json(record)?;
    let mut files = vec![(dir.join("results.json"), results.into_bytes())];
    if let Some(timings) = timings {
        files.push((dir.join("timings.json"), json::timings_to_json(timings)?.into_bytes()));
    }
    files.extend(drawn(&record, None, dir, contents.into())?);
    Ok(atomic::write_together(&files)?)
}

/// Draws the report again from a `results.json`, with the charts of a second record (`over`, by its label and its path) laid over.
/// Neither record is rewritten; files of figures (CSV) are those of the first alone.
///
/// # Errors
/// As [`redraw`].
pub fn redraw_over(
    results: &Path,
    over: (&str, &Path),
    label: &str,
    out: &Path,
    contents: impl Into<Contents>,
) -> Result<(), ReportError> {
    let (record, other) = (json::read(results)?, json::read(over.1)?);
    let sides = [Side { label, record: &record }, Side { label: over.0, record: &other }];
    Ok(atomic::write_together(&drawn(&record, Some(&sides), out, contents.into())?)?)
}

/// Draws the report again from a `results.json`; the record itself is not rewritten.
///
/// # Errors
/// A file that cannot be read, is damaged or has another schema, and whatever [`write_all`] reports.
pub fn redraw(results: &Path, out: &Path, contents: impl Into<Contents>) -> Result<Record, ReportError> {
    let record = json::read(results)?;
    atomic::write_together(&drawn(&record, None, out, contents.into())?)?;
    Ok(record)
}

/// The files that are made from the record alone, or from it and the one laid over it.
fn drawn(
    record: &Record,
    sides: Option<&[Side<'_>; 2]>,
    dir: &Path,
    contents: Contents,
) -> Result<Vec<File>, ReportError> {
    let comparison = compare(record);
    let figures = match sides {
        None => super::charts::figures(record, &comparison),
        Some([run, other]) => over::figures(run, &comparison, other),
    };
    let lead = sides.map(|[run, other]| over::Lead::new(run, other));
    let answer = answer(record, &comparison);
    let texts: [(&str, Text<'_>); 4] = [
        ("summary.csv", &|| Ok(csv::summary(record, &comparison))),
        ("timeseries.csv", &|| Ok(csv::timeseries(record))),
        ("percentiles.csv", &|| Ok(csv::percentiles(record))),
        ("index.html", &|| {
            html::render_over(record, &comparison, &answer, &figures, lead.as_ref(), contents.charts)
        }),
    ];
    let texts = || -> Result<Vec<File>, ReportError> {
        texts.par_iter().map(|(name, text)| Ok((dir.join(name), text()?.into_bytes()))).collect()
    };
    let pictures = || -> Result<Vec<[File; 2]>, ReportError> {
        let picture = |figure| {
            let svg = draw::to_svg(figure, drawing::Heading::Inside)?;
            let path = dir.join("charts").join(&figure.name);
            Ok([
                (path.with_extension("png"), png::from_svg(&svg)?),
                (path.with_extension("svg"), svg.into_bytes()),
            ])
        };
        figures.par_iter().map(picture).collect()
    };
    let (texts, pictures) = rayon::join(texts, pictures);
    let mut files = texts?;
    files.extend(pictures?.into_iter().flatten());
    if contents.summary {
        let text = markdown::summary(record, &comparison, &answer, &figures);
        files.push((dir.join("summary.md"), text.into_bytes()));
    }
    if contents.hgrm {
        files.extend(hgrm::files(record, dir));
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::super::charts;
    use super::*;
    use crate::record::fixture::stampede;

    /// Files below a folder with their content, sorted.
    fn files(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
        let mut found = Vec::new();
        for entry in std::fs::read_dir(dir).unwrap().map(Result::unwrap) {
            match entry.path() {
                folder if folder.is_dir() => found.extend(files(&folder)),
                file => {
                    found.push((file.strip_prefix(dir).unwrap().to_path_buf(), std::fs::read(&file).unwrap()))
                }
            }
        }
        found.sort();
        found
    }

    #[test]
    fn a_report_drawn_again_from_the_record_is_the_same() {
        let dir = tempfile::tempdir().unwrap();
        let (first, second) = (dir.path().join("first"), dir.path().join("second"));
        write_all(&stampede(4), None, &first, Charts::Interactive).unwrap();
        redraw(&first.join("results.json"), &second, Charts::Interactive).unwrap();
        let mut expected = files(&first);
        expected.retain(|(path, _)| path != Path::new("results.json"));
        let drawn = files(&second);
        let record = stampede(4);
        let figures = charts::figures(&record, &compare(&record));
        assert_eq!(drawn.len(), 4 + 2 * figures.len());
        assert!(drawn == expected, "some file differs");
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let blocked = dir.path().join("file");
        std::fs::write(&blocked, b"").unwrap();
        let error =
            write_all(&stampede(1), None, &blocked.join("out"), Charts::Static).unwrap_err().to_string();
        assert!(error.starts_with("cannot create the folder"), "{error}");
    }
}
