//! The page of a search: one file that loads nothing and runs nothing.

use askama::Template;

use super::{table, words};
use crate::experiment::headroom::record::HeadroomRecord;
use crate::report::ReportError;
use crate::report::format::{unbroken, with_unit};
use crate::report::html::assets::{policy, style_sheet};
use crate::report::html::words::{again, named, quoted};
use crate::report::sweep::frame::Picture;

#[derive(Template)]
#[template(path = "headroom.html")]
struct Page<'a> {
    policy: String,
    style: String,
    name: &'a str,
    question: &'a str,
    answers: Vec<String>,
    remarks: Vec<String>,
    limits_are: &'a str,
    limits: Vec<String>,
    charts: &'a [Picture],
    map: bool,
    heads: Vec<String>,
    rows: Vec<Vec<String>>,
    effort: String,
    duration: String,
    precision: String,
    command: String,
    version: &'a str,
    seed: u64,
    source_path: &'a str,
    source: &'a str,
    schema: u32,
}

pub(super) fn render(record: &HeadroomRecord, charts: &[Picture]) -> Result<String, ReportError> {
    let scenario = &record.scenario;
    let style = style_sheet();
    let (heads, rows) = table::rows(record);
    let lints = scenario.lints.iter().map(|lint| format!("Lint: {lint}"));
    let page = Page {
        policy: policy(&style, None),
        style,
        name: &scenario.name,
        question: &scenario.question,
        answers: table::answers(record).iter().map(|line| unbroken(line)).collect(),
        remarks: words::remarks(record).into_iter().chain(lints).collect(),
        limits_are: words::whose_limits(record),
        limits: words::limits(record),
        charts,
        map: record.is_map(),
        heads,
        rows,
        effort: words::effort(record),
        duration: with_unit(scenario.duration_s, "s"),
        precision: with_unit(record.precision, "1"),
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

/// The command that gives the same record.
fn command(record: &HeadroomRecord) -> String {
    let scenario = &record.scenario;
    let name = named(&scenario.source_path, &scenario.source);
    let mut command = again("headroom", name, &scenario.overrides);
    for option in &scenario.options {
        command.push_str(&format!(" {}", quoted(option)));
    }
    command
}
