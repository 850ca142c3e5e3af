//! A sweep in the terminal, and as Markdown.

use comfy_table::{Cell, CellAlignment, ColumnConstraint};

use super::view::{MARKED, Point, Row, View, compromises, front, is_judged, mark, means_over};
use super::{knees, verdicts};
use crate::catalog::Better;
use crate::experiment::sweep::record::{Spot, SweepRecord};
use crate::report::escape::escaped;
use crate::report::format::spoken;
use crate::report::terminal::{AROUND, fitted, hanging, paragraph};
use crate::units::grouped;

/// Longer tables are cut to the rows that are best in the first measure.
const ROWS_MAX: usize = 40;

/// The table for a terminal of so many columns.
pub fn page(record: &SweepRecord, width: u16) -> String {
    let views = views(record);
    let (rows, note) = rows(record, &views, ROWS_MAX);
    let mut text = format!("{}\n\n", paragraph(&record.scenario.question, width));
    let lead: String = lead(record, &views).iter().map(|sentence| format!("{sentence}\n")).collect();
    if !lead.is_empty() {
        text.push_str(&format!("{}\n", hanging(&lead, width)));
    }
    let layout = Layout::new(record, &views, &rows, usize::from(width));
    let mut from = 0;
    while from < views.len() {
        let mut used = layout.settings;
        let fitting = layout.figures[from..].iter().take_while(|column| {
            used += **column;
            used <= usize::from(width) + 1
        });
        let to = from + fitting.count().max(1);
        text.push_str(&draw(&layout.heads, &views[from..to], &rows, from, width));
        text.push_str("\n\n");
        from = to;
    }
    let mut told = note;
    for view in &views {
        told.push_str(&format!("{}: {}\n", view.measure, view.message()));
    }
    if let Some((x, y)) = super::of_pareto(record, &views) {
        told.push_str(&format!("\nPareto front of {} and {}:\n", x.measure, y.measure));
        for line in front_lines(x, y) {
            told.push_str(&format!("  {line}\n"));
        }
    }
    text + &hanging(&told, width)
}

/// What a reader wants first: how far the limits are kept, and the knees.
fn lead(record: &SweepRecord, views: &[View<'_>]) -> Vec<String> {
    verdicts::sentences(record).into_iter().chain(views.iter().flat_map(knees::sentences)).collect()
}

/// How the columns share the width of the terminal.
struct Layout {
    /// Of the settings: the paths of the axes, broken at their points where whole ones leave no room for a figure.
    heads: Vec<String>,
    /// Columns that the settings take.
    settings: usize,
    /// And the figures of each view.
    figures: Vec<usize>,
}

impl Layout {
    fn new(record: &SweepRecord, views: &[View<'_>], rows: &[Row], width: usize) -> Layout {
        let widest = |texts: &mut dyn Iterator<Item = &str>| {
            texts.map(|text| text.chars().count()).max().unwrap_or(0) + AROUND
        };
        let column = |(index, view): (usize, &View<'_>)| {
            let heads = [view.measure, view.scale.heading()].into_iter();
            widest(&mut heads.chain(rows.iter().map(|row| row.figures[index].as_str())))
        };
        let figures: Vec<usize> = views.iter().enumerate().map(column).collect();
        let settings = |heads: &[String]| -> usize {
            let column = |(index, head): (usize, &String)| {
                widest(&mut head.lines().chain(rows.iter().map(|row| row.settings[index].as_str())))
            };
            heads.iter().enumerate().map(column).sum()
        };
        let whole = heads(record);
        if settings(&whole) + figures.iter().max().unwrap_or(&0) <= width + 1 {
            return Layout { settings: settings(&whole), heads: whole, figures };
        }
        let broken: Vec<String> = whole.iter().map(|head| head.replace('.', ".\n")).collect();
        Layout { settings: settings(&broken), heads: broken, figures }
    }
}

/// For a pull request or a wiki.
pub fn markdown(record: &SweepRecord) -> String {
    let views = views(record);
    let (rows, note) = rows(record, &views, usize::MAX);
    let heads: Vec<String> = heads(record)
        .into_iter()
        .chain(views.iter().map(|view| view.title()))
        .chain(is_judged(record).then(|| "limits".to_owned()))
        .map(|head| escaped(&head))
        .collect();
    let mut text = format!("**{}**\n\n", escaped(&record.scenario.question));
    for sentence in lead(record, &views) {
        text.push_str(&format!("- {}\n", escaped(&sentence)));
    }
    let limits = verdicts::limits(record);
    if !limits.is_empty() {
        text.push_str(&format!("\nLimits: {}.\n", escaped(&limits.join(", "))));
    }
    text.push_str(&format!("\n| {} |\n", heads.join(" | ")));
    let settings = heads.len() - views.len() - usize::from(is_judged(record));
    let verdicts = if is_judged(record) { "---|" } else { "" };
    text.push_str(&format!("|{}{}{verdicts}\n", "---|".repeat(settings), "---:|".repeat(views.len())));
    for row in rows {
        let verdict = is_judged(record).then_some(&row.verdict);
        let cells = row.settings.iter().chain(&row.figures).chain(verdict);
        let cells: Vec<String> = cells.map(|cell| escaped(cell)).collect();
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

/// The rows in the order of the cells, and the notes on them.
fn rows(record: &SweepRecord, views: &[View<'_>], most: usize) -> (Vec<Row>, String) {
    let mut chosen: Vec<Spot<'_>> = record.spots().collect();
    let all = chosen.len();
    let mut note = means_over(record.scenario.replications);
    if let (true, Some(first)) = (all > most, views.first()) {
        let mut points: Vec<&Point<'_>> = first.points.iter().collect();
        points.sort_by(|a, b| a.estimate.mean.total_cmp(&b.estimate.mean));
        if first.better() == Better::Higher {
            points.reverse();
        }
        chosen = points.into_iter().take(most).map(|point| point.spot).collect();
        note.push_str(&format!(
            "; the {most} of {} rows with the best {}, all are in sweep.csv",
            grouped(all),
            spoken(first.measure)
        ));
    }
    note.push_str(".\n");
    if !record.pinned.is_empty() {
        note.push_str("Pinned: the variant sets this option itself; the axis does not change it.\n");
    }
    if views.iter().any(View::is_marked) {
        note.push_str(&format!("{MARKED}\n"));
    }
    (chosen.iter().map(|spot| Row::new(record, views, spot)).collect(), note)
}

/// One table; where not even one figure fits beside the settings, these wrap.
fn draw(heads: &[String], views: &[View<'_>], rows: &[Row], from: usize, width: u16) -> String {
    let mut table = fitted(width, false);
    let right = |text: &str| Cell::new(text).set_alignment(CellAlignment::Right);
    let figures = views.iter().map(|view| right(&format!("{}\n{}", view.measure, view.scale.heading())));
    table.set_header(heads.iter().map(Cell::new).chain(figures));
    for row in rows {
        let figures = row.figures[from..from + views.len()].iter().map(|figure| right(figure));
        table.add_row(row.settings.iter().map(Cell::new).chain(figures));
    }
    for index in heads.len()..heads.len() + views.len() {
        if let Some(column) = table.column_mut(index) {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
    table.trim_fmt()
}

/// `1  tier.l2.ttl = 5m: 12.3 ± 0.4 ms, 180 ± 3/s`.
fn front_lines(x: &View<'_>, y: &View<'_>) -> Vec<String> {
    let all = compromises(x, y);
    let line = |point: &&super::view::Compromise<'_>| {
        let figures = format!("{}, {}", x.figure(&point.x), y.figure(&point.y));
        format!("{}: {figures}{}", point.spot.name(), mark(&point.spot))
    };
    front(&all).iter().map(line).collect()
}
