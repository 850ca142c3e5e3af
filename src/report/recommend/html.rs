//! The page of a search: one file that loads nothing.

use askama::Template;

use super::rows::{Candidates, Cell, Class, Column};
use super::usage::fragment;
use super::words::{LimitRow, answer, effort, limit_rows, name, remarks};
use super::{named_one, usable};
use crate::experiment::comparison::compare;
use crate::experiment::recommend::Outcome;
use crate::experiment::recommend::record::{RecommendRecord, TodayRecord};
use crate::experiment::review::{Review, review};
use crate::report::draw::to_svg;
use crate::report::drawing::Heading;
use crate::report::figure::Figure;
use crate::report::format::{unbroken, with_unit};
use crate::report::html::Charts;
use crate::report::html::assets::{Script, policy, script, style_sheet};
use crate::report::html::words::{again, named, quoted};
use crate::report::review::{Shown, shown};
use crate::report::sweep::frame::Picture;
use crate::report::{ReportError, interactive};
use crate::units::grouped;

/// Longer tables are cut: `recommend.csv` has all.
const ROWS_MAX: usize = 1_000;

#[derive(Template)]
#[template(path = "recommend.html")]
struct Page<'a> {
    policy: String,
    style: String,
    /// `None` on a static page.
    script: Option<Script>,
    name: &'a str,
    question: &'a str,
    /// The first line is the answer.
    answer: String,
    facts: Vec<String>,
    verdict_class: &'static str,
    remarks: Vec<String>,
    lints: &'a [String],
    toml: Option<String>,
    limits: Vec<LimitRow>,
    judged: String,
    charts: Vec<Chart<'a>>,
    columns: Vec<Column>,
    rows: Vec<Row>,
    cut: String,
    today: Today,
    review: Option<Reviewed<'a>>,
    effort: String,
    halving: bool,
    in_worlds: bool,
    duration: String,
    replications: u32,
    command: String,
    version: &'a str,
    seed: u64,
    source_path: &'a str,
    source: &'a str,
    schema: u32,
}

struct Chart<'a> {
    name: &'a str,
    title: &'a str,
    message: &'a str,
    svg: String,
}

struct Row {
    cells: Vec<Cell>,
    is_answer: bool,
    is_within: bool,
}

/// How much there is to show of today's setting.
#[derive(PartialEq)]
enum Today {
    Nothing,
    Same,
    Events,
    Beside,
}

struct Reviewed<'a> {
    review: &'a Review,
    shown: Vec<Shown<'a>>,
    note: String,
}

pub(super) fn render(
    all: &Candidates<'_>,
    outcome: &Outcome,
    pictures: &[Picture],
    ranked: Option<&Figure>,
    responding: Charts,
) -> Result<String, ReportError> {
    let record = all.record;
    let scenario = &record.scenario;
    let style = style_sheet();
    let script = match responding {
        Charts::Interactive => {
            let figures = ranked.map_or(&[][..], std::slice::from_ref);
            Some(Script { code: script(), data: interactive::to_json(&[], figures, None)? })
        }
        Charts::Static => None,
    };
    let found = named_one(outcome);
    let (today, pair) = match &record.today {
        None => (Today::Nothing, None),
        Some(TodayRecord::Same) => (Today::Same, None),
        Some(TodayRecord::Events) => (Today::Events, None),
        Some(TodayRecord::Beside(pair)) => (Today::Beside, Some(review(pair, &compare(pair)))),
    };
    let reviewed = pair.as_ref().map(|review| {
        let (shown, note) = shown(review);
        Reviewed { review, shown, note }
    });
    let mut lines = answer(record, outcome).into_iter().map(|line| unbroken(&line));
    let page = Page {
        policy: policy(&style, script.as_ref().map(|script| script.code.as_str())),
        style,
        script,
        name: &scenario.name,
        question: &scenario.question,
        answer: lines.next().unwrap_or_default(),
        facts: lines.collect(),
        verdict_class: match outcome {
            Outcome::Winner { .. } => "better",
            Outcome::Undecided { .. } => "risk",
            Outcome::Nothing { .. } => "worse",
        },
        remarks: remarks(record),
        lints: &scenario.lints,
        toml: usable(outcome).map(|found| fragment(record, found)),
        limits: limit_rows(found),
        judged: name(record, found),
        charts: charts(pictures, ranked)?,
        columns: all.columns(),
        rows: all
            .rows
            .iter()
            .take(ROWS_MAX)
            .map(|row| Row {
                cells: all.cells(row).into_iter().map(whole).collect(),
                is_answer: row.class == Class::Found,
                is_within: !row.found.breaks(),
            })
            .collect(),
        cut: match all.rows.len() > ROWS_MAX {
            true => format!(
                "The first {} of {} candidates.",
                grouped(ROWS_MAX as u64),
                grouped(all.rows.len() as u64)
            ),
            false => String::new(),
        },
        today,
        review: reviewed,
        effort: effort(record),
        halving: record.rungs.len() > 1,
        in_worlds: record.in_worlds,
        duration: with_unit(scenario.duration_s, "s"),
        replications: record.replications(),
        command: command(record),
        version: &record.herdlab,
        seed: scenario.seed,
        source_path: &scenario.source_path,
        source: &scenario.source,
        schema: record.schema,
    };
    page.render()
        .map_err(|error| ReportError::Make { what: "index.html".to_owned(), problem: error.to_string() })
}

/// A figure stays on one line with its unit.
fn whole(cell: Cell) -> Cell {
    Cell { text: unbroken(&cell.text), ..cell }
}

/// The rows of the candidates lead where no picture over the knobs does.
fn charts<'a>(pictures: &'a [Picture], ranked: Option<&'a Figure>) -> Result<Vec<Chart<'a>>, ReportError> {
    let picture = |picture: &'a Picture| Chart {
        name: &picture.name,
        title: &picture.title,
        message: &picture.message,
        svg: picture.svg.clone(),
    };
    let mut charts: Vec<Chart<'a>> = pictures.iter().map(picture).collect();
    if let Some(figure) = ranked {
        let svg = to_svg(figure, Heading::Outside)?;
        let place =
            if charts.first().is_some_and(|first| first.name.contains("knob")) { charts.len() } else { 0 };
        let Figure { name, title, message, .. } = figure;
        charts.insert(place, Chart { name, title, message, svg });
    }
    Ok(charts)
}

/// The command that gives the same record.
fn command(record: &RecommendRecord) -> String {
    let scenario = &record.scenario;
    let name = named(&scenario.source_path, &scenario.source);
    let mut command = again("recommend", name, &scenario.overrides);
    for option in &scenario.options {
        command.push_str(&format!(" {}", quoted(option)));
    }
    command
}
