//! The report as one HTML file that loads nothing: no font, no picture, no script from anywhere. Its own script and style
//! sheet are named by their hashes in the content policy of the page, so nothing else can run, whatever the text of a scenario.

pub(super) mod assets;
mod cells;
pub mod constants;
mod differences;
#[cfg(test)]
mod tests;
pub mod what_if;
pub(super) mod words;

use askama::Template;
use rayon::prelude::*;

use super::ReportError;
use super::coarse::Coarseness;
use super::draw::drawn;
use super::drawing::{Heading, WIDTH};
use super::events::{self, EventRow};
use super::figure::Figure;
use super::format::{shown_measures, with_unit};
use super::interactive;
use super::observed::{self, ObservedRow};
use super::over::{Lead, Section};
use super::remarks;
use super::review;
use super::sure::{self, Sure};
use super::theory::{self, TheoryRow};
use super::thresholds::{self, ThresholdRow};
use super::why::{self, Slowest, WhyTable};
use crate::experiment::answer::Answer;
use crate::experiment::comparison::Comparison;
use crate::experiment::review::Review;
use crate::record::{LintRecord, LiveRecord, OtherFile, Record};
use assets::Script;
use cells::{Column, Row};
use differences::Differences;
pub use words::quoted;
use words::{AnswerPart, Highlight};

/// The chart that stands in the review.
const LEAD: &str = "database-load";

/// Whether the charts of the page respond to their reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charts {
    /// Drawn by a script from the data in the page; pictures without one, and on paper.
    Interactive,
    /// Pictures only: a smaller page without any script.
    Static,
}

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    policy: String,
    style: String,
    /// Script and its data; `None` on a static page.
    script: Option<Script>,
    name: &'a str,
    question: &'a str,
    answer: Vec<AnswerPart>,
    by_author: bool,
    review: &'a Review,
    reviewed: Vec<review::Shown<'a>>,
    verdict_class: &'static str,
    review_note: String,
    note: Option<&'a str>,
    remarks: Vec<String>,
    highlights: Vec<Highlight<'a>>,
    baseline: &'a str,
    alone: bool,
    observed: Vec<ObservedRow>,
    deviating: String,
    columns: Vec<Column>,
    rows: Vec<Row<'a>>,
    table_note: String,
    thresholds: Vec<ThresholdRow>,
    threshold_note: Option<&'static str>,
    sure: Option<Sure>,
    event_rows: Vec<EventRow>,
    event_note: String,
    /// Claim, whether it holds, and the class of that word.
    claims: Vec<(&'a str, &'static str, &'static str)>,
    charts: Vec<Chart<'a>>,
    over: Option<&'a Lead>,
    /// Of a page that compares.
    sections: &'a [Section],
    heading: String,
    why: Vec<WhyTable>,
    why_note: &'static str,
    slowest: Vec<Slowest>,
    differences: Vec<Differences<'a>>,
    /// Label, kind, time.
    events: Vec<(String, String, String)>,
    lints: &'a [LintRecord],
    theory: Vec<TheoryLine>,
    duration: String,
    warmup: String,
    finished: u32,
    replications: u32,
    command: String,
    version: &'a str,
    seed: u64,
    digest: &'a str,
    source_path: &'a str,
    source: &'a str,
    after: Option<&'a OtherFile>,
    schema: u32,
    /// Of a record that was measured.
    live: Option<&'a LiveRecord>,
}

struct Chart<'a> {
    name: &'a str,
    title: &'a str,
    message: &'a str,
    /// Made and escaped by [`drawn`].
    svg: String,
}

struct TheoryLine {
    row: TheoryRow,
    words: String,
}

/// The page.
///
/// # Errors
/// A chart could not be drawn.
pub fn render(
    record: &Record,
    comparison: &Comparison,
    answer: &Answer,
    figures: &[Figure],
    charts: Charts,
) -> Result<String, ReportError> {
    render_over(record, comparison, answer, figures, None, charts)
}

/// The page; `over` names the runs where a second one is laid over the charts.
///
/// # Errors
/// A chart could not be drawn.
pub(super) fn render_over(
    record: &Record,
    comparison: &Comparison,
    answer: &Answer,
    figures: &[Figure],
    over: Option<&Lead>,
    charts: Charts,
) -> Result<String, ReportError> {
    let scenario = &record.scenario;
    let style = assets::style_sheet();
    let script = match charts {
        Charts::Interactive => {
            let names: Vec<&str> = record.variants.iter().map(|variant| variant.name.as_str()).collect();
            let data = interactive::to_json(&names, figures, over.map(Lead::other))?;
            Some(Script { code: assets::script(), data })
        }
        Charts::Static => None,
    };
    let observed = observed::rows(record, comparison);
    let deviating: Vec<&str> =
        observed.iter().filter(|row| row.warns).map(|row| row.measure.as_str()).collect();
    let thresholds = thresholds::rows(record);
    let columns: Vec<Column> = shown_measures(&scenario.headline, comparison)
        .iter()
        .map(|name| cells::column(record, comparison, name))
        .collect();
    let coarseness = match charts {
        Charts::Interactive => Coarseness::FINE,
        Charts::Static => Coarseness::of_page(figures, f64::from(WIDTH)),
    };
    let review = &crate::experiment::review::review(record, comparison);
    let (reviewed, review_note) = review::shown(review);
    let page = Page {
        policy: assets::policy(&style, script.as_ref().map(|script| script.code.as_str())),
        style,
        script,
        name: &scenario.name,
        question: &scenario.question,
        answer: words::answer_parts(record, comparison, answer),
        by_author: answer.by_author,
        review,
        verdict_class: review.safety().class(),
        reviewed,
        review_note,
        note: answer.note.as_deref(),
        remarks: remarks::of_results(record, comparison),
        highlights: words::highlights(record, comparison),
        baseline: &comparison.baseline().name,
        alone: record.variants.len() == 1,
        deviating: deviating.join(", "),
        observed,
        rows: cells::rows(comparison, &columns),
        columns,
        table_note: words::table_note(record, comparison),
        threshold_note: thresholds::note(&thresholds),
        thresholds,
        sure: sure::sure(record, comparison, review),
        event_rows: event_rows(record, comparison),
        event_note: events::note(record).unwrap_or_default(),
        claims: words::claims(answer),
        charts: figures
            .par_iter()
            .map(|figure| chart(figure, coarseness))
            .collect::<Result<_, ReportError>>()?,
        over,
        sections: over.map_or(&[][..], |over| &over.sections),
        heading: over.and_then(Lead::heading).unwrap_or_else(|| scenario.question.clone()),
        why: why_tables(record),
        why_note: why::NOTE,
        slowest: why::slowest(record),
        differences: differences::differences(record),
        events: words::events(record),
        lints: &scenario.lints,
        theory: theory::rows(record, comparison)
            .into_iter()
            .map(|row| TheoryLine {
                words: row.verdict.words(),
                row: TheoryRow { simulated: whole(&row.simulated), predicted: whole(&row.predicted), ..row },
            })
            .collect(),
        duration: with_unit(scenario.duration_s, "s"),
        warmup: match scenario.warmup_found {
            true => format!("{} (found by MSER-5)", with_unit(scenario.warmup_s, "s")),
            false => with_unit(scenario.warmup_s, "s"),
        },
        finished: scenario.finished,
        replications: scenario.replications,
        command: over.and_then(|over| over.command.clone()).unwrap_or_else(|| words::command(record)),
        version: &record.herdlab,
        seed: scenario.seed,
        digest: &scenario.digest,
        source_path: &scenario.source_path,
        source: &scenario.source,
        after: scenario.after.as_ref(),
        schema: record.schema,
        live: scenario.live.as_ref(),
    };
    page.render()
        .map_err(|error| ReportError::Make { what: "index.html".to_string(), problem: error.to_string() })
}

/// Figures stay on one line.
fn why_tables(record: &Record) -> Vec<WhyTable> {
    let mut tables = why::tables(record);
    for table in &mut tables {
        let cells = table.rows.iter_mut().flat_map(|(_, cells)| cells).map(|(time, _)| time);
        for figure in cells.chain(&mut table.latency).chain(&mut table.quantiles) {
            *figure = whole(figure);
        }
    }
    tables
}

/// Figures stay on one line.
fn event_rows(record: &Record, comparison: &Comparison) -> Vec<EventRow> {
    let unbroken = |row: EventRow| EventRow {
        recovery: whole(&row.recovery),
        errors: whole(&row.errors),
        latency: whole(&row.latency),
        load: whole(&row.load),
        queue: whole(&row.queue),
        worst_p99: whole(&row.worst_p99),
        worst_errors: whole(&row.worst_errors),
        failed: whole(&row.failed),
        peak: whole(&row.peak),
        peak_share: whole(&row.peak_share),
        peak_queue: whole(&row.peak_queue),
        ..row
    };
    events::rows(record, comparison).into_iter().map(unbroken).collect()
}

/// A figure that no narrow column breaks in two.
fn whole(figure: &str) -> String {
    figure.replace(' ', "\u{a0}")
}

fn chart(figure: &Figure, coarseness: Coarseness) -> Result<Chart<'_>, ReportError> {
    let svg = drawn(figure, Heading::Outside, coarseness)?;
    Ok(Chart { name: &figure.name, title: &figure.title, message: &figure.message, svg })
}
