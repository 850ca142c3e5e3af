//! The report of a sweep: tidy CSV, record, charts, a table, a page.

mod csv;
mod frame;
mod front;
mod heat;
mod html;
mod lines;
pub mod table;
mod view;

use std::path::Path;

use rayon::prelude::*;

use self::frame::Picture;
use self::view::View;
use super::{ReportError, atomic, json, png};
use crate::experiment::sweep::Pool;
use crate::experiment::sweep::record::{SCHEMA, SweepRecord};
use crate::scenario::grid::Grid;

pub use self::csv::tidy;

/// Writes everything a sweep leaves behind into `dir`; each file appears whole or not at all.
///
/// # Errors
/// The first file that could not be written.
pub fn write_all(record: &SweepRecord, grid: &Grid, pool: &Pool, dir: &Path) -> Result<(), ReportError> {
    atomic::write(&dir.join("sweep.csv"), tidy(record, grid, pool).as_bytes())?;
    atomic::write(&dir.join("sweep.json"), json::encode(record)?.as_bytes())?;
    write_drawn(record, dir)
}

/// Whether a text is the record of a sweep, whole or not.
pub fn is_record(text: &str) -> bool {
    #[derive(serde::Deserialize)]
    struct Header {
        #[allow(dead_code)] // Read to know that it is there.
        axes: serde::de::IgnoredAny,
    }
    serde_json::from_str::<Header>(text).is_ok()
}

/// Draws the report again from a `sweep.json`; neither it nor `sweep.csv` is rewritten.
///
/// # Errors
/// A file that cannot be read or is damaged, and whatever [`write_all`] reports.
pub fn redraw(text: &str, path: &Path, out: &Path) -> Result<(), ReportError> {
    let damaged = |problem: String| ReportError::Damaged { path: path.to_path_buf(), problem };
    let record: SweepRecord = serde_json::from_str(text).map_err(|error| damaged(error.to_string()))?;
    if record.schema != SCHEMA {
        return Err(ReportError::Schema {
            path: path.to_path_buf(),
            found: u64::from(record.schema),
            expected: SCHEMA,
            writer: record.herdlab,
        });
    }
    let fits = |at: &[usize]| {
        at.len() == record.axes.len()
            && at.iter().zip(&record.axes).all(|(&value, axis)| value < axis.values.len())
    };
    if record.axes.is_empty() || record.cells.iter().any(|cell| !fits(&cell.at)) {
        return Err(damaged("a cell lies outside the axes".to_owned()));
    }
    write_drawn(&record, out)
}

/// The files that are made from the record alone.
fn write_drawn(record: &SweepRecord, dir: &Path) -> Result<(), ReportError> {
    let views: Vec<View<'_>> = record.measures.iter().map(|name| View::new(record, name)).collect();
    let pictures = pictures(record, &views)?;
    if let Some((x, y)) = of_pareto(record, &views) {
        atomic::write(&dir.join("pareto.csv"), csv::pareto(x, y).as_bytes())?;
    }
    let page = html::render(record, &views, &pictures)?;
    atomic::write(&dir.join("index.html"), page.as_bytes())?;
    pictures.par_iter().try_for_each(|picture| {
        let path = dir.join("charts").join(&picture.name);
        atomic::write(&named(&path, "png"), &png::from_svg(&picture.svg)?)?;
        Ok(atomic::write(&named(&path, "svg"), picture.svg.as_bytes())?)
    })
}

/// Names of measures have points in them, which are no endings.
fn named(path: &Path, ending: &str) -> std::path::PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}

fn pictures(record: &SweepRecord, views: &[View<'_>]) -> Result<Vec<Picture>, ReportError> {
    let drawn: Vec<Option<Picture>> = views
        .par_iter()
        .map(|view| match record.axes.len() {
            1 => lines::picture(view).map(Some),
            _ => heat::picture(view),
        })
        .collect::<Result<_, ReportError>>()?;
    let front = of_pareto(record, views).map(|(x, y)| front::picture(x, y)).transpose()?;
    Ok(drawn.into_iter().chain(front).flatten().collect())
}

/// The views of the two measures that are weighed against each other.
fn of_pareto<'v, 'r>(record: &SweepRecord, views: &'v [View<'r>]) -> Option<(&'v View<'r>, &'v View<'r>)> {
    let (x, y) = record.pareto.as_ref()?;
    let find = |name: &str| views.iter().find(|view| view.measure == name);
    Some((find(x)?, find(y)?))
}
