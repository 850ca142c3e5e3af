//! A sweep in the terminal, and as Markdown.

use comfy_table::{Cell, CellAlignment};

use super::view::{Point, Row, View, compromises, front, place};
use crate::experiment::sweep::record::SweepRecord;
use crate::measure::catalog::Better;
use crate::report::escape::escaped;
use crate::report::format::spoken;
use crate::report::terminal::plain;
use crate::units::grouped;

/// Longer tables are cut to the rows that are best in the first measure.
const ROWS_MAX: usize = 40;
/// Widest column of figures, blanks included.
const FIGURES_WIDTH: usize = 22;

/// What a terminal of so many columns shows.
pub fn page(record: &SweepRecord, width: u16) -> String {
    let views = views(record);
    let (rows, note) = rows(record, &views, ROWS_MAX);
    let mut text = format!("{}\n\n", record.scenario.question);
    let settings_width: usize = heads(record)
        .iter()
        .enumerate()
        .map(|(column, head)| {
            let longest = rows.iter().map(|row| row.settings[column].chars().count()).max().unwrap_or(0);
            longest.max(head.chars().count()) + 2
        })
        .sum();
    let fitting = (usize::from(width).saturating_sub(settings_width) / FIGURES_WIDTH).max(1);
    for from in (0..views.len()).step_by(fitting) {
        let to = (from + fitting).min(views.len());
        text.push_str(&draw(record, &views[from..to], &rows, from));
        text.push_str("\n\n");
    }
    text.push_str(&note);
    for view in &views {
        text.push_str(&format!("{}: {}\n", view.measure, view.message()));
    }
    if let Some((x, y)) = super::of_pareto(record, &views) {
        text.push_str(&format!("\nPareto front of {} and {}:\n", x.measure, y.measure));
        for line in front_lines(x, y) {
            text.push_str(&format!("  {line}\n"));
        }
    }
    text
}

/// For a pull request or a wiki.
pub fn markdown(record: &SweepRecord) -> String {
    let views = views(record);
    let (rows, note) = rows(record, &views, usize::MAX);
    let heads: Vec<String> = heads(record)
        .into_iter()
        .chain(views.iter().map(|view| view.title()))
        .map(|head| escaped(&head))
        .collect();
    let mut text = format!("**{}**\n\n| {} |\n", escaped(&record.scenario.question), heads.join(" | "));
    let settings = heads.len() - views.len();
    text.push_str(&format!("|{}{}\n", "---|".repeat(settings), "---:|".repeat(views.len())));
    for row in rows {
        let cells: Vec<String> = row.settings.iter().chain(&row.figures).map(|cell| escaped(cell)).collect();
        text.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    text.push_str(&format!("\n{note}"));
    if let Some((x, y)) = super::of_pareto(record, &views) {
        text.push_str(&format!("\nPareto front of {} and {}:\n\n", x.measure, y.measure));
        for line in front_lines(x, y) {
            text.push_str(&format!("- {}\n", escaped(&line)));
        }
    }
    text
}

fn views(record: &SweepRecord) -> Vec<View<'_>> {
    record.measures.iter().map(|name| View::new(record, name)).collect()
}

fn heads(record: &SweepRecord) -> Vec<String> {
    let axes = record.axes.iter().map(|axis| axis.path.clone());
    axes.chain((record.variants.len() > 1).then(|| "variant".to_owned())).collect()
}

/// The rows in the order of the cells, and what is to be said of them.
fn rows(record: &SweepRecord, views: &[View<'_>], most: usize) -> (Vec<Row>, String) {
    let mut chosen: Vec<(&[usize], usize)> = record
        .cells
        .iter()
        .flat_map(|cell| (0..record.variants.len()).map(move |variant| (cell.at.as_slice(), variant)))
        .collect();
    let all = chosen.len();
    let mut note =
        format!("Means over {} replications ± half the 95 % interval", record.scenario.replications);
    if let (true, Some(first)) = (all > most, views.first()) {
        let mut points: Vec<&Point<'_>> = first.points.iter().collect();
        points.sort_by(|a, b| a.estimate.mean.total_cmp(&b.estimate.mean));
        if first.better() == Better::Higher {
            points.reverse();
        }
        chosen =
            points.into_iter().take(most).map(|point| (point.cell.at.as_slice(), point.variant)).collect();
        note.push_str(&format!(
            "; the {most} of {} rows with the best {}, all are in sweep.csv",
            grouped(all),
            spoken(first.measure)
        ));
    }
    note.push_str(".\n");
    let row = |(at, variant)| Row::new(record, views, at, variant);
    (chosen.into_iter().map(row).collect(), note)
}

fn draw(record: &SweepRecord, views: &[View<'_>], rows: &[Row], from: usize) -> String {
    let mut table = plain();
    let right = |text: &str| Cell::new(text).set_alignment(CellAlignment::Right);
    let heads = heads(record);
    let figures = views.iter().map(|view| right(&format!("{}\n{}", view.measure, view.scale.heading())));
    table.set_header(heads.iter().map(Cell::new).chain(figures));
    for row in rows {
        let figures = row.figures[from..from + views.len()].iter().map(|figure| right(figure));
        table.add_row(row.settings.iter().map(Cell::new).chain(figures));
    }
    table.trim_fmt()
}

/// `1  tier.l2.ttl = 5m: 12.3 ± 0.4 ms, 180 ± 3/s`.
fn front_lines(x: &View<'_>, y: &View<'_>) -> Vec<String> {
    let all = compromises(x, y);
    let line = |point: &&super::view::Compromise<'_>| {
        let figures = format!("{}, {}", x.figure(&point.x), y.figure(&point.y));
        format!("{}: {figures}", place(x.record, &point.cell.at, point.variant))
    };
    front(&all).iter().map(line).collect()
}
