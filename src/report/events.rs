//! The table of events, for every kind of report: whether each variant recovered, when, and its worst time.

use comfy_table::{Cell, CellAlignment, Color, ColumnConstraint, Width};

use super::escape::escaped;
use super::format::{Scale, exact, plus_minus, with_unit};
use super::remarks::{events as distinct, happened};
use super::terminal::{AROUND, fitted, paragraph};
use crate::experiment::comparison::{Comparison, VariantComparison};
use crate::record::{EventJudgement, EventRecord, EventStatus, Record, VariantRecord};

/// One event in one variant, ready to print. A dash stands where there is no value.
#[derive(Clone, Debug, PartialEq)]
pub struct EventRow {
    pub event: String,
    pub variant: String,
    /// `recovered`, `not recovered in 2 of 10 runs`, `overlapped by restart`, `not judged: ...`.
    pub status: String,
    /// Class of the status in the page.
    pub class: &'static str,
    /// From the end of the event: the later of the next two.
    pub recovery: String,
    /// `cannot fail` where no request can end in an error.
    pub errors: String,
    pub latency: String,
    pub load: String,
    pub queue: String,
    /// Worst cell.
    pub worst_p99: String,
    pub worst_errors: String,
    pub failed: String,
    /// Busiest second of the database, and its share of the database's capacity.
    pub peak: String,
    pub peak_share: String,
    pub peak_queue: String,
}

/// Every judged event in every variant that has it, in time order; none for records of older versions.
pub fn rows(record: &Record, comparison: &Comparison) -> Vec<EventRow> {
    let mut labels: Vec<&str> = Vec::new();
    for event in distinct(record).into_iter().filter(|event| happened(record, event)) {
        if !labels.contains(&event.label.as_str()) {
            labels.push(&event.label);
        }
    }
    let variants = || record.variants.iter().zip(&comparison.variants);
    let of = |label: &str| -> Vec<EventRow> {
        let row = |(variant, compared): (&VariantRecord, &VariantComparison)| {
            let event = variant.events.iter().find(|event| event.label == label)?;
            Some(row(event, event.judged.as_ref()?, compared))
        };
        variants().filter_map(row).collect()
    };
    labels.into_iter().flat_map(of).collect()
}

fn row(event: &EventRecord, judged: &EventJudgement, variant: &VariantComparison) -> EventRow {
    let figure = |measure: &str| {
        let found = variant.measure(&format!("event.{}.{measure}", event.label))?;
        let estimate = found.estimate?;
        let scale = Scale::fitting(&found.unit, estimate.mean.abs());
        Some((estimate.mean, scale.with_suffix(&plus_minus(&scale, &estimate))))
    };
    let plain = |measure: &str| figure(measure).map_or_else(|| "–".to_owned(), |(_, text)| text);
    let after = |measure: &str| match figure(measure) {
        Some((0.0, _)) => "at once".to_owned(),
        Some((_, text)) => text,
        None => "–".to_owned(),
    };
    let (status, class) = status(judged);
    EventRow {
        event: event.label.clone(),
        variant: variant.name.clone(),
        status,
        class,
        recovery: after("recovery_s"),
        errors: if judged.can_fail { after("recovery.errors_s") } else { "cannot fail".to_owned() },
        latency: after("recovery.latency_s"),
        load: after("recovery.db_s"),
        queue: after("recovery.queue_s"),
        worst_p99: plain("latency.p99.worst_ms"),
        worst_errors: plain("error.ratio.worst"),
        failed: plain("errors"),
        peak: plain("db.qps.peak"),
        peak_share: plain("db.utilization.peak"),
        peak_queue: plain("db.queue.peak"),
    }
}

/// Outcome of the runs, in words, and its class.
fn status(judged: &EventJudgement) -> (String, &'static str) {
    let runs = judged.runs.len();
    let mut found: Vec<(&EventStatus, usize)> = Vec::new();
    for run in &judged.runs {
        match found.iter_mut().find(|(status, _)| **status == run.status) {
            Some((_, count)) => *count += 1,
            None => found.push((&run.status, 1)),
        }
    }
    let class = match &found[..] {
        all if all.iter().any(|(status, _)| **status == EventStatus::NotRecovered) => "worse",
        [(EventStatus::Recovered, _)] => "better",
        _ => "soft",
    };
    let words = |(status, count): &(&EventStatus, usize)| {
        let words = match status {
            EventStatus::Recovered => "recovered".to_owned(),
            EventStatus::NotRecovered => "not recovered".to_owned(),
            EventStatus::Overlapped(label) => format!("overlapped by {label}"),
            EventStatus::NotJudged(why) => format!("not judged: {why}"),
        };
        if *count == runs { words } else { format!("{words} in {count} of {runs} runs") }
    };
    (found.iter().map(words).collect::<Vec<_>>().join(", "), class)
}

/// The rule behind the figures, with the bounds that it used. `None` without judged events.
pub fn note(record: &Record) -> Option<String> {
    let judged: Vec<&EventJudgement> = record
        .variants
        .iter()
        .flat_map(|variant| &variant.events)
        .filter_map(|event| event.judged.as_ref())
        .collect();
    let first = judged.first()?;
    let share = exact(first.share, "1");
    let runs = || judged.iter().flat_map(|judged| &judged.runs);
    let range = |values: Vec<f64>, unit: &str| {
        let (low, high) =
            (values.iter().copied().reduce(f64::min)?, values.iter().copied().reduce(f64::max)?);
        let (low, high) = (with_unit(low, unit), with_unit(high, unit));
        Some(if low == high { low } else { format!("{low} to {high}") })
    };
    let bounds = range(runs().filter_map(|run| run.bound_ms).collect(), "ms");
    let late = match (first.objective_ms, bounds) {
        (Some(_), bound) => format!("late: after the objective, {}", bound.unwrap_or_default()),
        (None, Some(bound)) => format!("late: after twice the p99 before the event, {bound}"),
        (None, None) => "latency is not judged".to_owned(),
    };
    let cells = range(runs().filter(|run| run.cells > 0).map(|run| run.cell_s).collect(), "s");
    let cells = cells.map_or_else(String::new, |cells| format!(", here up to {cells}"));
    Some(format!(
        "Times run from the end of the event to the end of the last bad cell: a second, or as long as 200 requests take{cells}. \
         Bad: fewer than {share} of its requests are good and it is worse than before the event (exact test, level 0.01 over \
         all cells). Errors and latency are judged apart; {late}. Load and queue: back to their level before. Worst figures \
         and peaks: from the beginning of the event to that of the next."
    ))
}

/// The widest text of a status before it goes on in a further line.
const STATUS_WIDTH: u16 = 24;

/// A column of the table for a terminal.
struct Column {
    head: &'static str,
    /// One per row.
    cells: Vec<String>,
}

impl Column {
    fn new(head: &'static str, rows: &[EventRow], text: impl Fn(&EventRow) -> String) -> Column {
        Column { head, cells: rows.iter().map(text).collect() }
    }

    fn width(&self) -> usize {
        let texts = self.cells.iter().map(String::as_str).chain([self.head]);
        texts.flat_map(str::lines).map(|line| line.chars().count()).max().unwrap_or(0) + AROUND
    }
}

/// The table for a terminal of this width: figures stay whole, and columns for which there is no room go into a further table.
/// Empty without judged events. Does not end in a line break.
pub fn terminal(record: &Record, comparison: &Comparison, width: u16, color: bool) -> String {
    let rows = rows(record, comparison);
    let Some(note) = note(record).filter(|_| !rows.is_empty()) else { return String::new() };
    let share = |row: &EventRow| match row.peak_share.as_str() {
        "–" => row.peak.clone(),
        share => format!("{} ({share})", row.peak),
    };
    let columns = [
        Column::new("back after", &rows, |row| match row.class {
            "better" => row.recovery.clone(),
            _ => back(row),
        }),
        Column::new("errors\nlatency", &rows, |row| format!("{}\n{}", row.errors, row.latency)),
        Column::new("load\nqueue", &rows, |row| format!("{}\n{}", row.load, row.queue)),
        Column::new("worst p99\nerrors\nfailed", &rows, |row| {
            format!("{}\n{}\n{}", row.worst_p99, row.worst_errors, row.failed)
        }),
        Column::new("peak load\nqueue", &rows, |row| format!("{}\n{}", share(row), row.peak_queue)),
    ];
    let names = rows.iter().map(|row| row.event.chars().count().max(row.variant.chars().count() + 2));
    let widest_name = names.max().unwrap_or(0).max(NAMES.len());
    let widest = columns.iter().map(Column::width).max().unwrap_or(0);
    let name_width = widest_name.min(usize::from(width).saturating_sub(widest + AROUND).max(NAMES.len()));
    let mut tables = Vec::new();
    let mut rest = &columns[..];
    while !rest.is_empty() {
        let mut taken = name_width + AROUND;
        let fits = |column: &&Column| {
            taken += column.width();
            taken <= usize::from(width)
        };
        let (now, later) = rest.split_at(rest.iter().take_while(fits).count().max(1));
        tables.push(draw(&rows, now, name_width, color));
        rest = later;
    }
    tables.push(paragraph(&note, width));
    tables.join("\n\n")
}

/// Head of the first column.
const NAMES: &str = "event, variant";

fn draw(rows: &[EventRow], columns: &[Column], name_width: usize, color: bool) -> String {
    let mut table = fitted(u16::MAX, color);
    let right = |text: &str| Cell::new(text).set_alignment(CellAlignment::Right);
    table
        .set_header(std::iter::once(Cell::new(NAMES)).chain(columns.iter().map(|column| right(column.head))));
    let mut last = None;
    for (index, row) in rows.iter().enumerate() {
        if last.replace(&row.event) != Some(&row.event) {
            table.add_row([Cell::new(&row.event)]);
        }
        let figures = columns.iter().map(|column| right(&column.cells[index]));
        let figures =
            figures.enumerate().map(|(place, cell)| match (color, row.class, columns[place].head) {
                (true, "worse", "back after") => cell.fg(Color::Red),
                _ => cell,
            });
        table.add_row(std::iter::once(Cell::new(format!("  {}", row.variant))).chain(figures));
    }
    let name_limit = u16::try_from(name_width + AROUND - 1).unwrap_or(u16::MAX);
    let mut constraints = vec![ColumnConstraint::UpperBoundary(Width::Fixed(name_limit))];
    constraints.extend(columns.iter().map(|_| ColumnConstraint::ContentWidth));
    table.set_constraints(constraints);
    table.trim_fmt()
}

/// Status, and the time of those runs that came back.
fn back(row: &EventRow) -> String {
    let status = paragraph(&row.status, STATUS_WIDTH);
    if row.recovery == "–" { status } else { format!("{}\n{status}", row.recovery) }
}

/// The table as Markdown, with a heading; empty without judged events.
pub fn markdown(record: &Record, comparison: &Comparison) -> String {
    let rows = rows(record, comparison);
    let Some(note) = note(record).filter(|_| !rows.is_empty()) else { return String::new() };
    let mut text = "\n### Events\n\n| event | variant | | back after | errors | latency | load | queue | worst p99 | worst error ratio | \
                    failed | peak load | of capacity | peak queue |\n|---|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n"
        .to_owned();
    for row in &rows {
        let figures = [
            &row.recovery,
            &row.errors,
            &row.latency,
            &row.load,
            &row.queue,
            &row.worst_p99,
            &row.worst_errors,
            &row.failed,
            &row.peak,
            &row.peak_share,
            &row.peak_queue,
        ];
        text.push_str(&format!(
            "| {} | {} | {} |",
            escaped(&row.event),
            escaped(&row.variant),
            escaped(&row.status)
        ));
        figures.iter().for_each(|figure| text.push_str(&format!(" {figure} |")));
        text.push('\n');
    }
    text + &format!("\n{note}\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::comparison::compare;
    use crate::record::fixture::{judged, measure, record_of};

    /// One variant that comes back late and one that never does; a later event ends the run of the third.
    fn record() -> Record {
        let figures = |recovery: &[f64], errors: f64| {
            let mut rows = vec![
                measure("event.flush.db.qps.peak", &[133.0, 135.0]),
                measure("event.flush.db.queue.peak", &[11_000.0, 11_400.0]),
                measure("event.flush.db.utilization.peak", &[1.0, 1.02]),
                measure("event.flush.error.ratio.worst", &[errors; 2]),
                measure("event.flush.errors", &[20_000.0 * errors; 2]),
                measure("event.flush.latency.p99.worst_ms", &[30_000.0; 2]),
                measure("event.flush.recovery.db_s", &[200.0, 202.0]),
                measure("event.flush.recovery.queue_s", &[0.0, 0.0]),
            ];
            let mut times = measure("event.flush.recovery_s", recovery);
            times.values.resize(2, None);
            rows.push(times);
            rows
        };
        let mut record = record_of(
            &[
                ("patient", figures(&[165.0, 166.0], 1.0)),
                ("retries", figures(&[12.0], 0.5)),
                ("no limit", figures(&[], 0.0)),
            ],
            &[],
        );
        let statuses = [
            [EventStatus::Recovered, EventStatus::Recovered],
            [EventStatus::Recovered, EventStatus::NotRecovered],
            ["restart"; 2].map(|label| EventStatus::Overlapped(label.to_owned())),
        ];
        for (index, (variant, statuses)) in record.variants.iter_mut().zip(statuses).enumerate() {
            variant.events = vec![EventRecord {
                label: "flush".into(),
                text: "c flushed".into(),
                at_s: 40.0,
                end_s: 40.0,
                judged: Some(judged(index < 2, &statuses)),
            }];
        }
        record
    }

    #[test]
    fn a_row_for_each_event_and_variant() {
        let record = record();
        let rows = rows(&record, &compare(&record));
        let told: Vec<(&str, &str, &str)> = rows
            .iter()
            .map(|row| (row.status.as_str(), row.recovery.as_str(), row.errors.as_str()))
            .collect();
        assert_eq!(told[0].0, "recovered");
        assert!(told[0].1.starts_with("166 ±"), "{}", told[0].1);
        assert_eq!(told[1].0, "recovered in 1 of 2 runs, not recovered in 1 of 2 runs");
        assert_eq!((told[2].0, told[2].1, told[2].2), ("overlapped by restart", "–", "cannot fail"));
        assert_eq!((rows[0].queue.as_str(), rows[0].class), ("at once", "better"));
        assert_eq!((rows[1].class, rows[2].class), ("worse", "soft"));
    }

    #[test]
    fn the_rule_stands_below_with_its_bounds() {
        let note = note(&record()).unwrap();
        assert!(note.contains("late: after twice the p99 before the event, 130 ms."), "{note}");
        assert!(note.contains("fewer than 95 %"), "{note}");
    }

    #[test]
    fn no_line_is_wider_than_asked() {
        let record = record();
        for width in [60, 80, 100, 140] {
            let text = terminal(&record, &compare(&record), width, false);
            for line in text.lines() {
                assert!(line.chars().count() <= usize::from(width), "{width}: {line}");
            }
            // No figure is broken.
            assert!(text.contains("134 ± 13/s (101 ± 13 %)"), "{width}: {text}");
        }
        assert!(
            markdown(&record, &compare(&record)).contains("| flush | no limit | overlapped by restart |")
        );
    }

    #[test]
    fn a_record_without_judgements_has_no_table() {
        let record = crate::record::fixture::stampede(2);
        assert!(terminal(&record, &compare(&record), 80, false).is_empty());
    }
}
