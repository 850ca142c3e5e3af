//! Where the time of the requests goes, for every kind of report: latency by part, and the slowest requests step by step.

use comfy_table::{Cell, CellAlignment};

use super::csv;
use super::escape::escaped;
use super::format::{Scale, fixed, with_unit};
use super::terminal::{fitted, hanging, paragraph};
use crate::measure::breakdown::PARTS;
use crate::record::breakdown::{LatencySplit, OutcomeBreakdown, SlowRequestRecord, StepRecord};
use crate::record::{Record, VariantRecord};
use crate::units::grouped;

/// Outcomes with a table of their own, and the words for them.
pub(super) const SHOWN: [(&str, &str); 2] = [("all", "all requests"), ("miss", "misses")];

/// The note under the tables.
pub const NOTE: &str = "The parts of a column sum to its latency. At p50 and p99: means over the requests whose latency is about that \
                        quantile of all replications together.";

/// The latencies of some requests of a variant, by part.
#[derive(Clone, Debug, PartialEq)]
pub struct WhyTable {
    pub variant: String,
    /// `all requests`, `requests that miss`.
    pub which: &'static str,
    /// `p50 (ms)`, `p99 (ms)`, `mean (ms)`, each with the number of its requests.
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

/// The tables of all variants; none without `--why`.
pub fn tables(record: &Record) -> Vec<WhyTable> {
    let of = |variant: &VariantRecord| -> Vec<WhyTable> {
        let outcomes = variant.breakdown.iter().flat_map(|breakdown| &breakdown.outcomes);
        let shown = outcomes.filter_map(|outcome| {
            let (_, which) = SHOWN.iter().find(|(name, _)| *name == outcome.outcome)?;
            Some(table(variant, which, outcome))
        });
        shown.collect()
    };
    record.variants.iter().flat_map(of).collect()
}

fn table(variant: &VariantRecord, which: &'static str, outcome: &OutcomeBreakdown) -> WhyTable {
    let at = &outcome.at;
    let occurs = |name: &&str| at.iter().any(|split| split.part_ms(name) > 0.0);
    let row = |(name, title): (&str, &str)| {
        let cell = |split: &LatencySplit| {
            let share = split.part_ms(name) / split.latency_ms();
            match share > 0.0 {
                true => {
                    (Column::of(split).number(split.part_ms(name)), format!("{} %", fixed(100.0 * share, 1)))
                }
                false => ("–".to_owned(), String::new()),
            }
        };
        (title.to_owned(), at.iter().map(cell).collect())
    };
    let all = variant.distribution(&format!("latency.{}", outcome.outcome));
    let quantile = |split: &LatencySplit| {
        let percentile = split.at.strip_prefix('p')?.parse().ok()?;
        let (_, value_ns) = csv::quantiles(all?, &[percentile]).pop()?;
        Some(Column::of(split).number(value_ns as f64 / 1e6))
    };
    let head = |split: &LatencySplit| {
        let requests = grouped(split.requests.to_string());
        (format!("{} ({})", split.at, Column::of(split).scale.suffix), requests)
    };
    WhyTable {
        variant: variant.name.clone(),
        which,
        heads: at.iter().map(head).collect(),
        rows: PARTS
            .iter()
            .map(|(_, name, title)| (*name, *title))
            .filter(|(name, _)| occurs(name))
            .map(row)
            .collect(),
        latency: at.iter().map(|split| Column::of(split).number(split.latency_ms())).collect(),
        quantiles: at.iter().map(|split| quantile(split).unwrap_or_else(|| "–".to_owned())).collect(),
    }
}

/// How the times of a column are printed: all in one unit and to the same digit, four of the latency, so that they can be added.
pub(super) struct Column {
    pub scale: Scale,
    decimals: usize,
}

impl Column {
    fn of(split: &LatencySplit) -> Column {
        Column::of_latency(split.latency_ms())
    }

    pub fn of_latency(latency_ms: f64) -> Column {
        let scale = Scale::fitting("ms", latency_ms);
        let decimals = match latency_ms / scale.divisor {
            thousands if thousands >= 1_000.0 => 0,
            hundreds if hundreds >= 100.0 => 1,
            tens if tens >= 10.0 => 2,
            _ => 3,
        };
        Column { scale, decimals }
    }

    pub fn number(&self, ms: f64) -> String {
        fixed(ms / self.scale.divisor, self.decimals)
    }
}

/// The slowest requests of all variants; none without `--why`.
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

/// The tables for a terminal, at most `width` columns where words allow, and the slowest request of each variant; empty without
/// `--why`. Does not end in a line break.
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

/// The tables as Markdown, and the slowest requests folded up; empty without `--why`.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::fixture::stampede;

    #[test]
    fn a_column_has_one_unit_and_can_be_added() {
        let table = &tables(&stampede(1))[0];
        let heads = [("p50 (µs)", "10"), ("p99 (ms)", "10"), ("mean (ms)", "1,000")];
        assert_eq!(table.heads, heads.map(|(at, requests)| (at.to_owned(), requests.to_owned())));
        let row = |part: &str| {
            let (_, cells) = table.rows.iter().find(|(name, _)| name == part).unwrap();
            cells.iter().map(|(time, share)| format!("{time} {share}").trim().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(row("tier network"), ["400.0 90.9 %", "2.0 0.6 %", "0.500 50.0 %"]);
        assert_eq!(row("tier service"), ["40.0 9.1 %", "–", "–"]);
        assert_eq!(row("database pool wait"), ["–", "212.0 62.4 %", "0.300 30.0 %"]);
        assert_eq!(table.latency, ["440.0", "340.0", "1.000"]);
    }

    #[test]
    fn a_slow_request_is_printed_step_by_step() {
        let slow = &slowest(&stampede(1))[0];
        assert_eq!((slow.variant.as_str(), slow.rows.len()), ("ttl only", 1));
        let row = &slow.rows[0];
        assert_eq!((row.latency.as_str(), row.outcome.as_str()), ("412 ms", "error (db timeout)"));
        assert_eq!(row.which, "key 7 of keys at instance 2, arrived at 61.2 s of replication 3");
        assert_eq!(
            row.steps,
            [
                "0 ms: spent 2 ms on the network of l2",
                "2 ms: waited 310 ms for a database connection",
                "312 ms: lost 100 ms with attempts that failed"
            ]
        );
    }

    #[test]
    fn steps_that_are_not_listed_are_counted_where_they_were() {
        let mut record = stampede(1);
        let slow = &mut record.variants[0].breakdown.as_mut().unwrap().slowest[0];
        slow.left_out = 1_200;
        slow.steps = (0..60)
            .map(|at| StepRecord { part: "db.backoff".into(), tier: None, from_ns: at, to_ns: at + 1 })
            .collect();
        let row = &slowest(&record)[0].rows[0];
        assert_eq!((row.steps.len(), row.steps[40].as_str()), (61, "(1,200 steps are not listed)"));
    }

    #[test]
    fn no_line_of_the_terminal_is_wider_than_asked() {
        for width in [60, 80, 120] {
            let text = terminal(&stampede(2), width, false);
            assert!(text.lines().all(|line| line.chars().count() <= usize::from(width)), "{width}\n{text}");
        }
    }

    #[test]
    fn names_cannot_break_the_markdown() {
        let mut record = stampede(1);
        record.variants[0].name = "a|b <script>".to_owned();
        record.variants[0].breakdown.as_mut().unwrap().slowest[0].steps[0].tier = Some("<b>".to_owned());
        let text = markdown(&record);
        assert!(text.contains("| a\\|b &lt;script>, all requests |") && !text.contains("<b>"), "{text}");
    }

    #[test]
    fn without_a_breakdown_there_is_nothing_to_print() {
        let mut record = stampede(2);
        record.variants.iter_mut().for_each(|variant| variant.breakdown = None);
        assert!(terminal(&record, 80, false).is_empty() && markdown(&record).is_empty());
        assert!(slowest(&record).is_empty());
    }
}
