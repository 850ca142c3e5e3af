//! The report of a sweep: tidy CSV, record, charts, a table, a page.

mod csv;
mod explore;
#[cfg(test)]
mod fixture;
pub(super) mod frame;
mod front;
mod heat;
mod html;
mod knees;
pub(super) mod lines;
pub mod table;
mod verdicts;
pub(super) mod view;

use std::path::Path;

use rayon::prelude::*;

use self::frame::Picture;
use self::view::View;
use super::drawing::Heading;
use super::html::Charts;
use super::{File, ReportError, json, png};
use crate::atomic;
use crate::experiment::sweep::Pool;
use crate::experiment::sweep::record::{AxisRecord, PinnedRecord, SCHEMA, Setting, SweepRecord};
use crate::scenario::grid::Grid;

pub use self::csv::tidy;

/// Writes everything a sweep leaves behind into `dir`; the files appear together or not at all.
///
/// # Errors
/// The first file that could not be written.
pub fn write_all(
    record: &SweepRecord,
    grid: &Grid,
    pool: &Pool,
    dir: &Path,
    charts: Charts,
) -> Result<(), ReportError> {
    let mut files = vec![
        (dir.join("sweep.json"), json::encode(record)?.into_bytes()),
        (dir.join("sweep.csv"), tidy(record, grid, pool).into_bytes()),
    ];
    files.extend(drawn(record, dir, charts)?);
    Ok(atomic::write_together(&files)?)
}

/// Whether a text is the record of a sweep rather than of a run.
pub fn is_record(text: &str) -> bool {
    #[derive(serde::Deserialize)]
    struct Header {
        axes: Option<serde::de::IgnoredAny>,
    }
    serde_json::from_str::<Header>(text).is_ok_and(|header| header.axes.is_some())
}

/// Draws the report again from a `sweep.json`; neither it nor `sweep.csv` is rewritten.
///
/// # Errors
/// A file that cannot be read or is damaged, and whatever [`write_all`] reports.
pub fn redraw(text: &str, path: &Path, out: &Path, charts: Charts) -> Result<(), ReportError> {
    let damaged = |problem: String| ReportError::Damaged { path: path.to_path_buf(), problem };
    let record: SweepRecord = serde_json::from_str(text).map_err(|error| damaged(error.to_string()))?;
    if record.schema != SCHEMA {
        return Err(ReportError::Schema {
            path: path.to_path_buf(),
            found: u64::from(record.schema),
            expected: format!("schema {SCHEMA} of a sweep"),
            writer: record.herdlab,
        });
    }
    let fits = |at: &[usize]| {
        at.len() == record.axes.len()
            && at.iter().zip(&record.axes).all(|(&value, axis)| value < axis.values.len())
    };
    let pinned_fits = |row: &PinnedRecord| {
        let inside = |(setting, axis): (&Setting, &AxisRecord)| {
            setting.index().is_none_or(|value| value < axis.values.len())
        };
        row.variant < record.variants.len()
            && row.at.len() == record.axes.len()
            && row.at.iter().zip(&record.axes).all(inside)
    };
    if record.axes.is_empty() || record.cells.iter().any(|cell| !fits(&cell.at)) {
        return Err(damaged("a cell lies outside the axes".to_owned()));
    }
    if !record.pinned.iter().all(pinned_fits) {
        return Err(damaged("a pinned variant lies outside the axes".to_owned()));
    }
    Ok(atomic::write_together(&drawn(&record, out, charts)?)?)
}

/// The files that are made from the record alone.
fn drawn(record: &SweepRecord, dir: &Path, charts: Charts) -> Result<Vec<File>, ReportError> {
    let views: Vec<View<'_>> = record.measures.iter().map(|name| View::new(record, name)).collect();
    let page = html::render(record, &views, &pictures(record, &views, Heading::Outside)?, charts)?;
    let mut files = vec![
        (dir.join("index.html"), page.into_bytes()),
        (dir.join("sweep.md"), table::markdown(record).into_bytes()),
    ];
    if let Some((x, y)) = of_pareto(record, &views) {
        files.push((dir.join("pareto.csv"), csv::pareto(x, y).into_bytes()));
    }
    let pictures = pictures(record, &views, Heading::Inside)?;
    let charts = pictures.par_iter().map(|picture| {
        let path = dir.join("charts").join(&picture.name);
        let svg = picture.svg.clone().into_bytes();
        Ok([(named(&path, "png"), png::from_svg(&picture.svg)?), (named(&path, "svg"), svg)])
    });
    files.extend(charts.collect::<Result<Vec<_>, ReportError>>()?.into_iter().flatten());
    Ok(files)
}

/// Names of measures have points in them, which are no endings.
pub(super) fn named(path: &Path, ending: &str) -> std::path::PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}

fn pictures(record: &SweepRecord, views: &[View<'_>], heading: Heading) -> Result<Vec<Picture>, ReportError> {
    let drawn: Vec<Option<Picture>> = views
        .par_iter()
        .map(|view| match record.axes.len() {
            1 => lines::picture(view, heading).map(Some),
            _ => heat::picture(view, heading),
        })
        .collect::<Result<_, ReportError>>()?;
    let front = of_pareto(record, views).map(|(x, y)| front::picture(x, y, heading)).transpose()?;
    Ok(drawn.into_iter().chain(front).flatten().collect())
}

/// The views of the two measures that are weighed against each other.
fn of_pareto<'v, 'r>(record: &SweepRecord, views: &'v [View<'r>]) -> Option<(&'v View<'r>, &'v View<'r>)> {
    let (x, y) = record.pareto.as_ref()?;
    let find = |name: &str| views.iter().find(|view| view.measure == name);
    Some((find(x)?, find(y)?))
}

#[cfg(test)]
mod tests {
    use super::fixture::{Along, sweep};
    use super::*;
    use crate::experiment::review::Safety;
    use crate::experiment::sweep::limits::LimitRecord;
    use crate::experiment::sweep::record::{AxisValueRecord, CellRecord, SweptScenario};
    use crate::model::{Bound, Threshold};
    use crate::record::MeasureRecord;
    use crate::record::fixture::measure;

    /// Three values along each axis; the measures grow along the first and fall along the others.
    fn record(axes: usize, text: &str) -> SweepRecord {
        let value = |index: usize| AxisValueRecord {
            label: format!("{text}{index}"),
            value: Some(index as f64 + 1.0),
        };
        let axis = |index: usize| AxisRecord {
            path: format!("{text}axis{index}"),
            unit: Some("s".to_owned()),
            values: (0..3).map(value).collect(),
        };
        let names = ["db.qps.mean", "hit_ratio"];
        let cells = (0..3usize.pow(axes as u32)).map(|index| {
            let at: Vec<usize> = (0..axes).map(|axis| index / 3usize.pow(axis as u32) % 3).collect();
            let size =
                at.iter().enumerate().map(|(axis, &at)| if axis == 0 { at as f64 } else { -0.2 * at as f64 });
            let size: f64 = 2.0 + size.sum::<f64>();
            let measures = |variant: usize| {
                let scale = [100.0, 0.2 / (1.0 + variant as f64)];
                let of = |(name, scale): (&str, f64)| MeasureRecord {
                    name: name.to_owned(),
                    unit: if name == "hit_ratio" { "1" } else { "1/s" }.to_owned(),
                    values: vec![Some(size * scale), Some(size * scale * 1.1), None],
                };
                names.into_iter().zip(scale).map(of).collect()
            };
            CellRecord {
                variants: (0..2).map(measures).collect(),
                collapsed: Vec::new(),
                safety: Vec::new(),
                at,
            }
        });
        SweepRecord {
            schema: SCHEMA,
            herdlab: "0.2.0".to_owned(),
            scenario: SweptScenario {
                name: text.to_owned(),
                question: text.to_owned(),
                source_path: text.to_owned(),
                source: text.to_owned(),
                overrides: vec![text.to_owned()],
                options: vec![text.to_owned()],
                seed: 1,
                replications: 3,
                duration_s: 10.0,
                precision_unused: true,
                lints: vec![text.to_owned()],
            },
            axes: (0..axes).map(axis).collect(),
            variants: vec![text.to_owned(), format!("{text}2")],
            measures: names.map(str::to_owned).to_vec(),
            pareto: Some(("db.qps.mean".to_owned(), "hit_ratio".to_owned())),
            wanted: 3usize.pow(axes as u32) + 1,
            cells: cells.collect(),
            pinned: Vec::new(),
            limits: Vec::new(),
            today: None,
        }
    }

    #[test]
    fn markup_in_any_text_stays_text() {
        const EVIL: &str = "</pre><script>alert('x')</script>\"onload=\"&{";
        for axes in 1..=3 {
            let dir = tempfile::tempdir().unwrap();
            atomic::write_together(&drawn(&record(axes, EVIL), dir.path(), Charts::Static).unwrap()).unwrap();
            let page = std::fs::read_to_string(dir.path().join("index.html")).unwrap();
            assert!(!page.contains("<script") && !page.contains("\"onload"), "markup got through");
            assert!(page.contains("&#60;script&#62;"));
            let namespaces = page.matches("http://www.w3.org/2000/svg").count();
            assert_eq!(page.matches("http").count(), namespaces + 1, "the one other is http-equiv");
        }
    }

    #[test]
    fn every_number_of_axes_has_its_charts_and_too_many_maps_have_none() {
        for (axes, expected) in [(1, 3), (2, 3), (3, 3), (4, 3), (5, 1)] {
            let record = record(axes, "x");
            let views: Vec<View<'_>> = record.measures.iter().map(|name| View::new(&record, name)).collect();
            let pictures = pictures(&record, &views, Heading::Outside).unwrap();
            assert_eq!(pictures.len(), expected, "{axes} axes");
            for picture in &pictures {
                assert!(!picture.svg.contains("NaN") && !picture.svg.contains("inf"), "{}", picture.name);
                png::from_svg(&picture.svg).unwrap();
            }
            let page = html::render(&record, &views, &pictures, Charts::Static).unwrap();
            assert_eq!(page.contains("too many maps"), axes == 5);
        }
    }

    #[test]
    fn what_cannot_be_told_from_the_best_is_framed_with_it() {
        let mut record = record(1, "x");
        // The best has 200 and 220 requests per second: once more than this, once less.
        for measures in &mut record.cells[1].variants {
            measures[0].values = vec![Some(190.0), Some(240.0), None];
        }
        let load = View::new(&record, "db.qps.mean");
        let framed: Vec<(usize, usize)> =
            load.best().iter().map(|point| (point.spot.at()[0].unwrap(), point.spot.variant)).collect();
        assert_eq!(framed, [(0, 0), (0, 1), (1, 0), (1, 1)]);
    }

    #[test]
    fn the_front_of_load_and_hits_has_the_best_of_both() {
        let record = record(1, "x");
        let views: Vec<View<'_>> = record.measures.iter().map(|name| View::new(&record, name)).collect();
        let (load, hits) = of_pareto(&record, &views).unwrap();
        let all = view::compromises(load, hits);
        let front: Vec<(usize, usize)> =
            view::front(&all).iter().map(|point| (point.spot.at()[0].unwrap(), point.spot.variant)).collect();
        // The first variant hits twice as often at the same load.
        assert_eq!(front, [(0, 0), (1, 0), (2, 0)]);
    }

    /// p99 latencies along one axis: 2 ms per step up to 4, then 40 ms per step, held against a limit.
    fn limited(limit_ms: f64) -> SweepRecord {
        let mut record = sweep(&[Along::numbers("workload.keys", &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0])], |at| {
            let mean = [10.0, 12.0, 14.0, 16.0, 56.0, 96.0][at[0]];
            vec![measure("latency.all.p99_ms", &[mean - 0.1, mean, mean + 0.1])]
        });
        let limit = Threshold::new("latency.all.p99_ms", Bound::Max, limit_ms);
        record.limits = vec![LimitRecord { limit, unit: "ms".to_owned(), default: false }];
        record
    }

    #[test]
    fn a_line_has_its_limit_and_its_knee_and_on_the_page_a_target_for_each_point() {
        let record = limited(50.0);
        let view = View::new(&record, "latency.all.p99_ms");
        let [inside, outside] =
            [Heading::Inside, Heading::Outside].map(|heading| lines::picture(&view, heading).unwrap());
        assert!(inside.svg.contains(">limit 50 ms</text>") && inside.svg.contains(">knee</text>"));
        assert!(inside.message.starts_with(
            "Beyond workload.keys = 4, p99 latency rises from 16 ms to 96 ms (at 6), up to there only from 10 ms. \
             Ring: the knee of the curve. Dashed: the limit."
        ));
        assert_eq!([&inside, &outside].map(|picture| picture.svg.matches("data-spot").count()), [0, 6]);
        let far = limited(5_000.0);
        let picture = lines::picture(&View::new(&far, "latency.all.p99_ms"), Heading::Inside).unwrap();
        assert!(
            !picture.svg.contains(">limit")
                && picture.message.contains("The limit, ≤ 5,000 ms, lies far outside.")
        );
    }

    #[test]
    fn cells_beyond_a_limit_are_hatched_and_those_at_risk_have_a_corner() {
        let axes =
            [Along::numbers("database.pool", &[1.0, 2.0]), Along::words("writes.strategy", &["a", "b"])];
        let mut record = sweep(&axes, |at| vec![measure("db.qps.mean", &[1.0 + at[0] as f64; 2])]);
        record.limits = limited(50.0).limits;
        let standings = [Safety::Safe, Safety::AtRisk, Safety::NotSafe, Safety::NotSafe];
        for (cell, safety) in record.cells.iter_mut().zip(standings) {
            cell.safety = vec![vec![safety]];
        }
        let picture = heat::picture(&View::new(&record, "db.qps.mean"), Heading::Inside).unwrap().unwrap();
        let count = |look: &str| picture.svg.matches(look).count();
        assert_eq!([count("class=\"hatch\" fill=\"none\""), count("class=\"hatch\" fill=\"#")], [2, 1]);
        assert!(picture.message.contains("Hatched: a limit is broken. Marked in the corner: at risk."));
    }

    #[test]
    fn markdown_leads_with_limits_and_knees() {
        let mut record = limited(50.0);
        for (cell, safety) in
            record.cells.iter_mut().zip([Safety::Safe; 4].into_iter().chain([Safety::NotSafe; 2]))
        {
            cell.safety = vec![vec![safety]];
        }
        let text = table::markdown(&record);
        let lines: Vec<&str> = text.lines().take(8).collect();
        assert_eq!(lines[0], "**How much is enough?**");
        assert_eq!(
            lines[2],
            "- Within all limits up to workload.keys = 4; beyond it p99 latency exceeds 50 ms."
        );
        assert!(lines[3].starts_with("- Beyond workload.keys = 4, p99 latency rises"), "{text}");
        assert_eq!(lines[5], "Limits: latency.all.p99\\_ms ≤ 50 ms.");
        assert_eq!(lines[7], "| workload.keys | p99 latency (ms) | limits |");
        assert!(
            text.contains("| 4 | 16.0 ± 0.2 | safe |")
                && text.contains("| not safe: p99 latency exceeds 50 ms |"),
            "{text}"
        );
        assert!(table::page(&record, 100).contains("Within all limits up to workload.keys = 4;"));
    }
}
