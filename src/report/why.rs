//! Where the time of the requests goes, for every kind of report: latency by part, and the slowest requests step by step.

use comfy_table::{Cell, CellAlignment};

use super::csv;
use super::escape::escaped;
use super::format::{Scale, with_unit};
use super::terminal::{fitted, hanging, paragraph};
use crate::measure::breakdown::PARTS;
use crate::record::breakdown::{LatencySplit, OutcomeBreakdown, SlowRequestRecord, StepRecord};
use crate::record::{Record, VariantRecord};
use crate::units::grouped;

/// Outcomes with a table of their own, beside that of all requests.
const SHOWN: [&str; 2] = ["all", "miss"];

/// What stands under the tables.
pub const NOTE: &str = "The parts of a column sum to its latency. At p50 and p99: means over the requests whose latency is about that \
                        quantile of all replications together.";

/// The latencies of some requests of a variant, by part.
#[derive(Clone, Debug, PartialEq)]
pub struct WhyTable {
    pub variant: String,
    /// `all requests`, `requests that miss`.
    pub which: &'static str,
    /// `p50`, `p99`, `mean`, each with the number of its requests.
    pub heads: Vec<(String, String)>,
    /// Part, and its time and share in each column.
    pub rows: Vec<(String, Vec<(String, String)>)>,
    /// The sums.
    pub latency: Vec<String>,
    /// The quantiles themselves; `–` for the mean.
    pub quantiles: Vec<String>,
}

/// A slow request, ready to print.
#[derive(Clone, Debug, PartialEq)]
pub struct SlowRow {
    /// `12.4 s`.
    pub latency: String,
    /// `miss`, `error (deadline)`.
    pub outcome: String,
    /// `key 7 of users at instance 3, arrived at 61.2 s of replication 4`.
    pub which: String,
    /// `0 ms: waited 212 ms for a database connection`.
    pub steps: Vec<String>,
}

/// The slow requests of a variant.
#[derive(Clone, Debug, PartialEq)]
pub struct Slowest {
    pub variant: String,
    pub rows: Vec<SlowRow>,
}

/// The tables of all variants; none where nobody asked.
pub fn tables(record: &Record) -> Vec<WhyTable> {
    let of = |variant: &VariantRecord| -> Vec<WhyTable> {
        let outcomes = variant.breakdown.iter().flat_map(|breakdown| &breakdown.outcomes);
        let shown = |name: &&OutcomeBreakdown| SHOWN.contains(&name.outcome.as_str());
        outcomes.filter(shown).map(|outcome| table(variant, outcome)).collect()
    };
    record.variants.iter().flat_map(of).collect()
}

fn table(variant: &VariantRecord, outcome: &OutcomeBreakdown) -> WhyTable {
    let at = &outcome.at;
    let occurs = |name: &&str| at.iter().any(|split| split.part_ms(name) > 0.0);
    let row = |(name, title): (&str, &str)| {
        let cell = |split: &LatencySplit| {
            let share = split.part_ms(name) / split.latency_ms();
            match share > 0.0 {
                true => (time(split.part_ms(name)), with_unit(share, "1")),
                false => ("–".to_owned(), String::new()),
            }
        };
        (title.to_owned(), at.iter().map(cell).collect())
    };
    let all = variant.distribution(&format!("latency.{}", outcome.outcome));
    let quantile = |split: &LatencySplit| {
        let percentile = split.at.strip_prefix('p')?.parse().ok()?;
        let (_, value_ns) = csv::quantiles(all?, &[percentile]).pop()?;
        Some(with_unit(value_ns as f64, "ns"))
    };
    WhyTable {
        variant: variant.name.clone(),
        which: if outcome.outcome == "all" { "all requests" } else { "misses" },
        heads: at.iter().map(|split| (split.at.clone(), grouped(split.requests.to_string()))).collect(),
        rows: PARTS
            .iter()
            .map(|(_, name, title)| (*name, *title))
            .filter(|(name, _)| occurs(name))
            .map(row)
            .collect(),
        latency: at.iter().map(|split| time(split.latency_ms())).collect(),
        quantiles: at.iter().map(|split| quantile(split).unwrap_or_else(|| "–".to_owned())).collect(),
    }
}

fn time(ms: f64) -> String {
    with_unit(ms, "ms")
}

/// The slowest requests of all variants; none where nobody asked.
pub fn slowest(record: &Record) -> Vec<Slowest> {
    let of = |variant: &VariantRecord| {
        let breakdown = variant.breakdown.as_ref().filter(|breakdown| !breakdown.slowest.is_empty())?;
        let rows = breakdown.slowest.iter().map(slow_row).collect();
        Some(Slowest { variant: variant.name.clone(), rows })
    };
    record.variants.iter().filter_map(of).collect()
}

fn slow_row(slow: &SlowRequestRecord) -> SlowRow {
    let ns = |ns: u64| with_unit(ns as f64, "ns");
    let outcome = slow.outcome.replace('_', " ");
    // After the first forty steps of a long way some are not listed.
    const LISTED_FIRST: usize = 40;
    let mut steps: Vec<String> = slow.steps.iter().map(step_words).collect();
    if slow.left_out > 0 {
        let place = LISTED_FIRST.min(steps.len());
        steps.insert(place, format!("({} steps are not listed)", grouped(slow.left_out.to_string())));
    }
    SlowRow {
        latency: ns(slow.latency_ns),
        outcome: match &slow.cause {
            Some(cause) => format!("{outcome} ({})", cause.replace('_', " ")),
            None => outcome,
        },
        which: format!(
            "key {} of {} at instance {}, arrived at {} of replication {}",
            slow.key,
            slow.class,
            slow.instance,
            // The place in a run, to find it in the charts over time.
            with_unit(slow.start_ns as f64 / 1e9, "s"),
            slow.replication
        ),
        steps,
    }
}

/// `212 ms: queued 30 ms at the database`.
fn step_words(step: &StepRecord) -> String {
    let StepRecord { part, tier, from_ns, to_ns } = step;
    let took = with_unit(to_ns.saturating_sub(*from_ns) as f64, "ns");
    let tier = tier.as_deref().unwrap_or("the tier");
    let words = match part.as_str() {
        "tier.in_process" => format!("looked into {tier} for {took}"),
        "tier.coding" => format!("encoded or decoded a value of {tier} for {took}"),
        "tier.pool" => format!("waited {took} for a connection to {tier}"),
        "tier.network" => format!("spent {took} on the network of {tier}"),
        "tier.queue" => format!("queued {took} at {tier}"),
        "tier.service" => format!("was served {took} by {tier}"),
        "tier.failed" => format!("lost {took} with a command to {tier} that failed"),
        "leader" => format!("waited {took} for the fetch of another request"),
        "db.pool" => format!("waited {took} for a database connection"),
        "db.network" => format!("spent {took} on the network of the database"),
        "db.queue" => format!("queued {took} at the database"),
        "db.service" => format!("was served {took} by the database"),
        "db.failed" => format!("lost {took} with attempts that failed"),
        "db.backoff" => format!("backed off {took}"),
        other => format!("spent {took} on {other}"),
    };
    // All beginnings in milliseconds: they are compared.
    let at = Scale { suffix: "ms", divisor: 1e6 };
    format!("{}: {words}", at.with_suffix(&at.number(*from_ns as f64)))
}

/// The tables for a terminal, at most `width` columns where words allow, and the slowest request of each variant; empty where
/// nobody asked. Does not end in a line break.
pub fn terminal(record: &Record, width: u16, color: bool) -> String {
    let mut parts: Vec<String> = Vec::new();
    for table in tables(record).iter().filter(|table| table.which == "all requests") {
        let heading = paragraph(&format!("Where the time goes: {}", table.variant), width);
        parts.push(format!("{heading}\n{}", drawn(table, width, color)));
    }
    if parts.is_empty() {
        return String::new();
    }
    parts.push(paragraph(NOTE, width));
    for Slowest { variant, rows } in slowest(record) {
        if let Some(SlowRow { latency, outcome, which, steps }) = rows.first() {
            let head = format!("The slowest request of {variant} took {latency}: {outcome}, {which}.");
            let steps: String = steps.iter().map(|step| format!("\n  {step}")).collect();
            parts.push(hanging(&format!("{head}{steps}"), width));
        }
    }
    parts.join("\n\n")
}

fn drawn(table: &WhyTable, width: u16, color: bool) -> String {
    let right = |text: String| Cell::new(text).set_alignment(CellAlignment::Right);
    let mut drawn = fitted(width, color);
    let heads = table.heads.iter().map(|(at, requests)| right(format!("{at}\n{requests} requests")));
    drawn.set_header(std::iter::once(Cell::new("part")).chain(heads));
    for (part, cells) in &table.rows {
        let cells =
            cells.iter().map(|(time, share)| right(format!("{time} {share:>7}").trim_end().to_owned()));
        drawn.add_row(std::iter::once(Cell::new(part)).chain(cells));
    }
    let sums = table.latency.iter().map(|sum| right(format!("{sum} {:>7}", "100 %")));
    drawn.add_row(std::iter::once(Cell::new("latency")).chain(sums));
    let quantiles = table.quantiles.iter().map(|quantile| right(format!("{quantile} {:>7}", "")));
    drawn.add_row(std::iter::once(Cell::new("the quantile itself")).chain(quantiles));
    drawn.trim_fmt()
}

/// The tables as Markdown, and the slowest requests folded up; empty where nobody asked.
pub fn markdown(record: &Record) -> String {
    let tables = tables(record);
    if tables.is_empty() {
        return String::new();
    }
    let mut text = "\n### Where the time goes\n".to_owned();
    for WhyTable { variant, which, heads, rows, latency, quantiles } in &tables {
        text.push_str(&format!("\n| {}, {which} |", escaped(variant)));
        heads.iter().for_each(|(at, requests)| text.push_str(&format!(" {at} ({requests} requests) |")));
        text.push_str(&format!("\n|---|{}\n", "---:|".repeat(heads.len())));
        for (part, cells) in rows {
            text.push_str(&format!("| {part} |"));
            cells.iter().for_each(|(time, share)| {
                let share = if share.is_empty() { String::new() } else { format!(" ({share})") };
                text.push_str(&format!(" {time}{share} |"));
            });
            text.push('\n');
        }
        text.push_str(&format!("| **latency** | {} |\n", latency.join(" | ")));
        text.push_str(&format!("| the quantile itself | {} |\n", quantiles.join(" | ")));
    }
    text.push_str(&format!("\n{NOTE}\n"));
    for Slowest { variant, rows } in slowest(record) {
        let name = escaped(&variant);
        text.push_str(&format!("\n<details><summary>The slowest requests of {name}</summary>\n\n"));
        for (place, SlowRow { latency, outcome, which, steps }) in rows.iter().enumerate() {
            text.push_str(&format!("{}. **{latency}**, {outcome}: {}\n", place + 1, escaped(which)));
            steps.iter().for_each(|step| text.push_str(&format!("   - {}\n", escaped(step))));
        }
        text.push_str("\n</details>\n");
    }
    text
}
