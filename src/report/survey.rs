//! A trace in figures, for people and for programs.

use comfy_table::{Cell, CellAlignment};
use serde::Serialize;

use super::format::{fixed, number, percent, percent_to, with_unit};
use super::interface::Interface;
use super::sparkline::blocks;
use super::terminal::{fitted, hanging};
use super::{ReportError, json as encoded};
use crate::survey::{Amounts, Fit, Grade, MissRatios, Rhythm, Survey, Ttl};
use crate::units::{counted, format_duration, grouped};

/// A part of the page.
struct Section {
    title: &'static str,
    facts: Vec<(&'static str, String)>,
    table: Option<Grid>,
    /// Below the table.
    note: Option<String>,
}

/// Figures in columns; the first column is text.
struct Grid {
    heads: Vec<String>,
    rows: Vec<Vec<String>>,
}

/// For a terminal of so many columns. `trace` is its name.
pub fn page(survey: &Survey, trace: &str, width: u16) -> String {
    let mut text = hanging(&format!("{}\n", heading(survey, trace)), width);
    for section in sections(survey) {
        text.push_str(&format!("\n{}\n", section.title));
        let widest = section.facts.iter().map(|fact| fact.0.chars().count()).max().unwrap_or(0);
        for (label, fact) in &section.facts {
            text.push_str(&hanging(&format!(" {label:widest$}  {fact}\n"), width));
        }
        if let Some(grid) = &section.table {
            text.push_str(&format!("{}\n", table(grid, width)));
        }
        if let Some(note) = &section.note {
            text.push_str(&hanging(&format!(" {note}\n"), width));
        }
    }
    text
}

/// At most `width` columns where words allow: cells of a wider table are broken between words.
fn table(grid: &Grid, width: u16) -> String {
    let mut table = fitted(width, false);
    let right = |text: &String| Cell::new(text).set_alignment(CellAlignment::Right);
    let row = |cells: &[String]| -> Vec<Cell> {
        cells
            .iter()
            .enumerate()
            .map(|(at, cell)| if at == 0 { Cell::new(cell) } else { right(cell) })
            .collect()
    };
    table.set_header(row(&grid.heads));
    for cells in &grid.rows {
        table.add_row(row(cells));
    }
    table.trim_fmt()
}

/// For a pull request or a wiki.
pub fn markdown(survey: &Survey, trace: &str) -> String {
    let cell = |text: &str| text.replace('|', "\\|");
    let mut text = format!("{}\n", heading(survey, trace));
    for section in sections(survey) {
        text.push_str(&format!("\n### {}\n\n", section.title));
        for (label, fact) in &section.facts {
            match *label {
                "" => text.push_str(&format!("  {fact}\n")),
                label => text.push_str(&format!("- {label}: {fact}\n")),
            }
        }
        if let Some(Grid { heads, rows }) = &section.table {
            let line = |cells: &[String]| {
                format!("| {} |\n", cells.iter().map(|own| cell(own)).collect::<Vec<_>>().join(" | "))
            };
            let rule = format!("|---|{}\n", "---:|".repeat(heads.len() - 1));
            let rows: String = rows.iter().map(|row| line(row)).collect();
            let gap = if section.facts.is_empty() { "" } else { "\n" };
            text.push_str(&format!("{gap}{}{rule}{rows}", line(heads)));
        }
        if let Some(note) = &section.note {
            text.push_str(&format!("\n{note}\n"));
        }
    }
    text
}

/// For programs.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct SurveyData<'a> {
    /// Version of this layout.
    schema: u32,
    /// Version of the program.
    herdlab: &'a str,
    /// Name of the trace.
    trace: &'a str,
    /// The format in which it was read, as `--input` takes it.
    format: &'a str,
    survey: &'a Survey,
}

/// Everything as it was counted: quantiles to three digits ([`Amounts`]), all else unrounded.
///
/// # Errors
/// It cannot be written as JSON.
pub fn json(survey: &Survey, trace: &str, format: &str) -> Result<String, ReportError> {
    let herdlab = env!("CARGO_PKG_VERSION");
    encoded::encode(&SurveyData { schema: Interface::Trace.version(), herdlab, trace, format, survey })
}

fn heading(survey: &Survey, trace: &str) -> String {
    let counts = format!("{} for {}", counted(survey.requests, "request"), counted(survey.keys, "key"));
    match &survey.rhythm {
        Some(rhythm) => format!("{trace}: {counts} over {}", seconds(rhythm.span_s)),
        None if survey.is_instant => format!("{trace}: {counts}, all at one instant"),
        None => format!("{trace}: {counts}, without times"),
    }
}

fn sections(survey: &Survey) -> Vec<Section> {
    let mut sections: Vec<Section> = survey.rhythm.iter().map(rate).collect();
    sections.push(keys(survey));
    sections.extend(survey.fit.as_ref().map(lru));
    sections.push(requests(survey));
    sections.extend(amounts(survey));
    sections.push(top(survey));
    sections
}

fn rate(rhythm: &Rhythm) -> Section {
    let per_s = |rate: f64| with_unit(rate, "1/s");
    let mut facts =
        vec![("mean", per_s(rhythm.mean_per_s)), ("busiest second", per_s(rhythm.peak_second_per_s))];
    facts.extend(rhythm.peak_minute_per_s.map(|peak| ("busiest minute", per_s(peak))));
    if !rhythm.dispersion.is_empty() {
        let of = |one: &crate::survey::Dispersion| format!("{} at {} s", number(one.index), one.window_s);
        let listed: Vec<String> = rhythm.dispersion.iter().map(of).collect();
        facts.push(("dispersion", format!("{}; Poisson: 1", listed.join(", "))));
    }
    let curve = &rhythm.curve_per_s;
    let (low, high) =
        curve.iter().fold((f64::INFINITY, 0.0), |(low, high), &rate| (rate.min(low), rate.max(high)));
    if curve.len() > 1 {
        facts.push(("over time", blocks(curve)));
        facts.push(("", format!("{} to {}, each {}", number(low), per_s(high), seconds(rhythm.step_s))));
    }
    let note = (rhythm.late_rows > 0).then(|| {
        format!(
            "{} up to {} before an earlier row, counted at its time",
            match rhythm.late_rows {
                1 => "1 row is".to_owned(),
                rows => format!("{} rows are", grouped(rows)),
            },
            seconds(rhythm.latest_s)
        )
    });
    Section { title: "Rate", facts, table: None, note }
}

fn keys(survey: &Survey) -> Section {
    let share = |part: u64, all: u64| format!("{} %", percent(part as f64 / all as f64));
    let mut facts = vec![
        ("distinct", grouped(survey.keys)),
        (
            "one-hit wonders",
            format!(
                "{} ({} of the keys, {} of the requests)",
                grouped(survey.once),
                share(survey.once, survey.keys),
                share(survey.once, survey.requests)
            ),
        ),
        (
            "popularity",
            match &survey.fit {
                Some(fit) => format!("Zipf {} over {}", fixed(fit.exponent, 2), counted(fit.keys, "key")),
                None => {
                    format!("unknown, no key is requested twice; {} or more", counted(survey.keys, "key"))
                }
            },
        ),
    ];
    if let Some(drift) = &survey.drift {
        let share = |share: f64| format!("{} %", percent(share));
        facts.push((
            "drift",
            format!(
                "top {} keys of the first half: {} of it, {} of the second",
                grouped(drift.popular),
                share(drift.first),
                share(drift.second)
            ),
        ));
        let (own, new) = (share(drift.second_own), share(drift.new));
        facts.push(("", format!("second half: {own} for its own top keys, {new} for new ones")));
    }
    Section { title: "Keys", facts, table: None, note: None }
}

fn lru(fit: &Fit) -> Section {
    let note = Some(format!("The fit is {}", fit.grade.words()));
    Section { title: "Miss ratio of LRU (%)", facts: Vec::new(), table: Some(miss_ratios(&fit.lru)), note }
}

/// Miss ratios of a trace and of its law, for a terminal of so many columns, with the grade in words.
pub fn comparison(ratios: &[MissRatios], width: u16) -> String {
    let grade = Grade::of(ratios);
    let table = table(&miss_ratios(ratios), width);
    let words = hanging(&format!(" The fit is {}\n", grade.words()), width);
    format!("Miss ratio of LRU (%)\n{table}\n{words}")
}

fn miss_ratios(ratios: &[MissRatios]) -> Grid {
    let row = |own: &MissRatios| {
        let points = (own.under_law - own.replayed) * 100.0;
        vec![
            format!("{} ({} %)", grouped(own.capacity_objects), percent(own.capacity_share)),
            percent_to(own.replayed, 2),
            percent_to(own.shuffled, 2),
            percent_to(own.under_law, 2),
            format!("{}{}", if points < 0.0 { "−" } else { "+" }, fixed(points.abs(), 2)),
        ]
    };
    let heads =
        ["capacity (keys)", "replayed", "shuffled", "under the law", "law − replayed"].map(str::to_owned);
    Grid { heads: heads.into(), rows: ratios.iter().map(row).collect() }
}

fn requests(survey: &Survey) -> Section {
    let of = |count: &crate::survey::OperationCount| {
        let share = percent(count.requests as f64 / survey.requests as f64);
        (count.operation, format!("{} ({share} %)", grouped(count.requests)))
    };
    let mut facts: Vec<(&str, String)> = survey.operations.iter().map(of).collect();
    facts.extend(survey.clients.map(|clients| ("clients", grouped(clients))));
    if let Some(Ttl { share, of_stores, .. }) = &survey.ttl {
        let of = if *of_stores { "of the sets" } else { "of the requests" };
        facts.push(("times to live", format!("{} % {of} have one", percent(*share))));
    }
    Section { title: "Requests", facts, table: None, note: None }
}

/// Sizes and times by quantiles.
fn amounts(survey: &Survey) -> Option<Section> {
    let ttl = survey.ttl.as_ref().map(|ttl| ttl.seconds);
    let of = [
        ("value size by key", "bytes", survey.value_bytes_by_key),
        ("value size by request", "bytes", survey.value_bytes_by_request),
        ("key size by key", "bytes", survey.key_bytes_by_key),
        ("key size by request", "bytes", survey.key_bytes_by_request),
        ("time to live", "s", ttl),
        ("reuse time", "s", survey.reuse_s),
    ];
    let print = |value: f64, unit: &str| if unit == "s" { seconds(value) } else { with_unit(value, unit) };
    let row = |(name, unit, amounts): (&str, &str, Option<Amounts>)| {
        let Amounts { mean, p10, p50, p90, p99, max, .. } = amounts?;
        let figures = [mean, p10, p50, p90, p99, max].map(|value| print(value, unit));
        Some(std::iter::once(name.to_owned()).chain(figures).collect())
    };
    let rows: Vec<Vec<String>> = of.into_iter().filter_map(row).collect();
    let heads = ["", "mean", "p10", "p50", "p90", "p99", "max"].map(str::to_owned);
    (!rows.is_empty()).then(|| Section {
        title: "Sizes and times",
        facts: Vec::new(),
        table: Some(Grid { heads: heads.into(), rows }),
        note: None,
    })
}

fn top(survey: &Survey) -> Section {
    let row = |top: &crate::survey::Top| {
        let share = percent(top.requests as f64 / survey.requests as f64);
        vec![shown(&top.key), grouped(top.requests), share]
    };
    let heads = ["key", "requests", "% of all"].map(str::to_owned);
    let table = Some(Grid { heads: heads.into(), rows: survey.top.iter().map(row).collect() });
    Section { title: "Most requested", facts: Vec::new(), table, note: None }
}

/// A key on one short line.
fn shown(key: &str) -> String {
    const MOST: usize = 48;
    let clean: String = key.chars().map(|c| if c.is_control() { '?' } else { c }).collect();
    match clean.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}...", &clean[..end]),
        None => clean,
    }
}

/// Three digits below a minute, whole seconds below two hours, and so on.
fn seconds(seconds: f64) -> String {
    match seconds {
        seconds if seconds < 60.0 => with_unit(seconds, "s"),
        seconds if seconds < 7_200.0 => format_duration((seconds.round() * 1e9) as u64),
        seconds if seconds < 2.0 * 86_400.0 => format!("{} h", number(seconds / 3_600.0)),
        seconds => format!("{} d", number(seconds / 86_400.0)),
    }
}
