//! The page of a sweep: one file that loads nothing, and runs nothing but its own script.

use askama::Template;

use super::explore::Shown;
use super::frame::Picture;
use super::view::{MARKED, Row, View, compromises, front, is_judged, mark, means_over};
use super::{explore, knees, verdicts};
use crate::experiment::sweep::record::SweepRecord;
use crate::report::ReportError;
use crate::report::format::{unbroken, with_unit};
use crate::report::html::Charts;
use crate::report::html::assets::{Script, policy, style_sheet, sweep_script};
use crate::report::html::words::{again, named, quoted};
use crate::units::grouped;

/// Longer tables are cut: `sweep.csv` has all.
const ROWS_MAX: usize = 1_000;

#[derive(Template)]
#[template(path = "sweep.html")]
struct Page<'a> {
    policy: String,
    style: String,
    /// Script and its data; `None` on a static page.
    script: Option<Script>,
    name: &'a str,
    question: &'a str,
    /// The axes, in one line each.
    axes: Vec<(&'a str, String)>,
    cells: String,
    pinned: bool,
    /// How far the limits are kept.
    within: Vec<String>,
    limits: Vec<String>,
    knees: Vec<String>,
    /// The cell that stands for today, and whether it is today's system.
    today: Option<Shown>,
    is_today: bool,
    today_note: String,
    /// (measure, result).
    findings: Vec<(&'a str, String)>,
    remarks: Vec<String>,
    charts: Vec<&'a Picture>,
    left_out: bool,
    /// Names of the two measures.
    front_measures: (&'a str, &'a str),
    front: Vec<FrontRow>,
    heads: Vec<&'a str>,
    columns: Vec<(&'a str, &'static str)>,
    /// Heads of these columns in one line.
    labels: Vec<String>,
    rows: Vec<Row>,
    /// The table has a column of verdicts.
    judged: bool,
    cut: String,
    duration: String,
    /// Meaning of the figures.
    means: String,
    times: String,
    command: String,
    version: &'a str,
    seed: u64,
    source_path: &'a str,
    source: &'a str,
    schema: u32,
}

struct FrontRow {
    rank: usize,
    place: String,
    x: String,
    y: String,
}

pub(super) fn render(
    record: &SweepRecord,
    views: &[View<'_>],
    pictures: &[Picture],
    charts: Charts,
) -> Result<String, ReportError> {
    let scenario = &record.scenario;
    let pareto = super::of_pareto(record, views);
    let rows = rows(record, views);
    let all = record.spots().count();
    let marked = views.iter().any(View::is_marked).then(|| MARKED.to_owned());
    let axes = record.axes.iter().map(|axis| {
        let labels: Vec<&str> = axis.values.iter().map(|value| value.label.as_str()).collect();
        (axis.path.as_str(), labels.join(", "))
    });
    let heads = record.axes.iter().map(|axis| axis.path.as_str());
    let style = style_sheet();
    let data = match charts {
        Charts::Interactive => explore::to_json(record, views)?,
        Charts::Static => None,
    };
    let script = data.map(|data| Script { code: sweep_script(), data });
    let reference = record.reference();
    let page = Page {
        policy: policy(&style, script.as_ref().map(|script| script.code.as_str())),
        style,
        script,
        within: verdicts::sentences(record).iter().map(|sentence| unbroken(sentence)).collect(),
        limits: verdicts::limits(record).iter().map(|limit| unbroken(limit)).collect(),
        knees: views.iter().flat_map(knees::sentences).map(|sentence| unbroken(&sentence)).collect(),
        today: reference.map(|reference| explore::shown(record, views, &reference.spot)),
        is_today: reference.is_some_and(|reference| reference.is_today),
        today_note: today_note(record),
        name: &scenario.name,
        question: &scenario.question,
        axes: axes.collect(),
        cells: counted(record),
        pinned: !record.pinned.is_empty(),
        findings: views.iter().map(|view| (view.measure, unbroken(&view.message()))).collect(),
        remarks: remarks(record).into_iter().chain(marked).collect(),
        charts: pictures.iter().collect(),
        left_out: pictures.len() < views.len(),
        front_measures: pareto.map(|(x, y)| (x.measure, y.measure)).unwrap_or_default(),
        front: pareto.map(|(x, y)| front_rows(x, y)).unwrap_or_default(),
        heads: heads.chain((record.variants.len() > 1).then_some("variant")).collect(),
        judged: is_judged(record),
        columns: views.iter().map(|view| (view.measure, view.scale.heading())).collect(),
        labels: views.iter().map(label).collect(),
        cut: match all > rows.len() {
            true => format!("The first {} of {} rows; sweep.csv has all.", grouped(rows.len()), grouped(all)),
            false => String::new(),
        },
        rows,
        duration: with_unit(scenario.duration_s, "s"),
        means: means_over(scenario.replications),
        times: times(scenario.replications),
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

/// What the file has where no cell has it: `tier.l2.ttl = 10s`.
fn today_note(record: &SweepRecord) -> String {
    let Some(today) = record.today.as_ref().filter(|today| today.at.is_none()) else { return String::new() };
    let settings = record.axes.iter().zip(&today.values);
    let settings: Vec<String> = settings
        .map(|(axis, value)| match value {
            Some(value) => format!("{} = {}", axis.path, value.label),
            None => format!("{} not set", axis.path),
        })
        .collect();
    settings.join(", ")
}

/// `latency.all.p99_ms (ms)`.
fn label(view: &View<'_>) -> String {
    match view.scale.heading() {
        "" => view.measure.to_owned(),
        unit => format!("{} ({unit})", view.measure),
    }
}

/// `once`, `20 times`.
fn times(replications: u32) -> String {
    match replications {
        0 | 1 => "once".to_owned(),
        more => format!("{} times", grouped(more as usize)),
    }
}

/// `60 cells, 2 variants`.
fn counted(record: &SweepRecord) -> String {
    let plural =
        |count: usize, what: &str| format!("{} {what}{}", grouped(count), if count == 1 { "" } else { "s" });
    match record.variants.len() {
        1 => plural(record.wanted, "cell"),
        variants => format!("{}, {}", plural(record.wanted, "cell"), plural(variants, "variant")),
    }
}

fn remarks(record: &SweepRecord) -> Vec<String> {
    let mut remarks = Vec::new();
    if record.cells.len() < record.wanted {
        let (finished, wanted) = (grouped(record.cells.len()), grouped(record.wanted));
        remarks.push(format!("Interrupted: {finished} of {wanted} cells are finished and shown."));
    }
    if record.scenario.replications == 1 {
        remarks.push("A single replication has no interval: differences may be chance.".to_owned());
    }
    if record.scenario.precision_unused {
        let replications = record.scenario.replications;
        let plural = if replications == 1 { "" } else { "s" };
        remarks.push(format!(
            "The scenario's precision is not followed in a sweep: every cell has {replications} replication{plural}."
        ));
    }
    remarks.extend(record.scenario.lints.iter().map(|lint| format!("Lint: {lint}")));
    remarks
}

fn front_rows(x: &View<'_>, y: &View<'_>) -> Vec<FrontRow> {
    let all = compromises(x, y);
    let row = |point: &&super::view::Compromise<'_>| FrontRow {
        rank: point.rank.unwrap_or_default(),
        place: point.spot.name() + mark(&point.spot),
        x: x.figure(&point.x),
        y: y.figure(&point.y),
    };
    front(&all).iter().map(row).collect()
}

fn rows(record: &SweepRecord, views: &[View<'_>]) -> Vec<Row> {
    record.spots().take(ROWS_MAX).map(|spot| Row::new(record, views, &spot)).collect()
}

/// The command that makes the same record.
fn command(record: &SweepRecord) -> String {
    let scenario = &record.scenario;
    let options = scenario.options.iter().map(|option| format!(" --sweep {}", quoted(option)));
    let name = named(&scenario.source_path, &scenario.source);
    again("sweep", name, &scenario.overrides) + &options.collect::<String>()
}
