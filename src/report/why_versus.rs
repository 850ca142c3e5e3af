//! Latency by part before and after a change, side by side, for every kind of report.

use comfy_table::{Cell, CellAlignment};
use serde::Serialize;

use super::escape::escaped;
use super::terminal::{fitted, paragraph};
use super::versus::Side;
use super::why::{Column, NOTE, SHOWN};
use crate::measure::breakdown::PARTS;
use crate::record::breakdown::LatencySplit;
use crate::record::{Record, VariantRecord};

/// The latencies of some requests of a variant by part, before and after.
#[derive(Clone, Debug, PartialEq)]
pub struct WhyVersus {
    pub variant: String,
    /// `all requests`, `misses`.
    pub which: &'static str,
    /// `p50 (ms)`: two columns each, before and after.
    pub heads: Vec<String>,
    /// Part, and its time in each column; the last row is the latency.
    pub rows: Vec<(String, Vec<String>)>,
}

impl WhyVersus {
    /// `p99 (ms), after`: the head of a column.
    pub fn label(&self, column: &usize) -> String {
        let side = if column.is_multiple_of(2) { "before" } else { "after" };
        self.heads.get(column / 2).map_or_else(String::new, |head| format!("{head}, {side}"))
    }
}

/// The latencies of some requests of a variant, before and after.
struct Pair<'r> {
    variant: &'r str,
    outcome: &'static str,
    /// `all requests`, `misses`.
    which: &'static str,
    /// At p50, at p99 and in the mean.
    at: Vec<[&'r LatencySplit; 2]>,
}

/// All variants that have a breakdown on both sides, in the order of the later record.
fn pairs<'r>(before: &'r Record, after: &'r Record) -> Vec<Pair<'r>> {
    let splits = |variant: &'r VariantRecord, name: &str| -> Option<&'r [LatencySplit]> {
        let outcomes = &variant.breakdown.as_ref()?.outcomes;
        Some(&outcomes.iter().find(|outcome| outcome.outcome == name)?.at)
    };
    let of = |later: &'r VariantRecord| {
        let earlier = before.variants.iter().find(|variant| variant.name == later.name);
        SHOWN.into_iter().filter_map(move |(outcome, which)| {
            let (first, second) = (splits(earlier?, outcome)?, splits(later, outcome)?);
            let pair =
                |first: &'r LatencySplit| Some([first, second.iter().find(|second| second.at == first.at)?]);
            Some(Pair { variant: &later.name, outcome, which, at: first.iter().filter_map(pair).collect() })
        })
    };
    after.variants.iter().flat_map(of).collect()
}

/// The tables of all variants that have a breakdown on both sides, in the order of the later record.
pub fn tables(before: &Record, after: &Record) -> Vec<WhyVersus> {
    pairs(before, after).iter().map(table).collect()
}

/// A part of a latency before and after, for programs.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct WhyPart<'r> {
    variant: &'r str,
    /// `all`, `miss`.
    outcome: &'static str,
    /// `p50`, `p99`, `mean`.
    at: &'r str,
    /// As `results.json` names it, or `latency`: the sum.
    part: &'static str,
    before_ms: f64,
    after_ms: f64,
}

/// The figures behind the tables.
pub fn parts<'r>(before: &'r Record, after: &'r Record) -> Vec<WhyPart<'r>> {
    let mut all = Vec::new();
    for Pair { variant, outcome, at, .. } in pairs(before, after) {
        for [first, second] in at {
            let mut add = |part, before_ms: f64, after_ms: f64| {
                all.push(WhyPart { variant, outcome, at: &first.at, part, before_ms, after_ms });
            };
            for (_, name, _) in PARTS {
                let (before_ms, after_ms) = (first.part_ms(name), second.part_ms(name));
                if before_ms > 0.0 || after_ms > 0.0 {
                    add(name, before_ms, after_ms);
                }
            }
            add("latency", first.latency_ms(), second.latency_ms());
        }
    }
    all
}

fn table(Pair { variant, which, at: pairs, .. }: &Pair<'_>) -> WhyVersus {
    let columns: Vec<Column> = pairs.iter().map(column).collect();
    let cells = |of: &dyn Fn(&LatencySplit) -> f64| -> Vec<String> {
        let pair = pairs.iter().zip(&columns);
        let text = |column: &Column, ms: f64| if ms > 0.0 { column.number(ms) } else { "–".to_owned() };
        pair.flat_map(|(pair, column)| pair.map(|split| text(column, of(split)))).collect()
    };
    let mut rows: Vec<(String, Vec<String>)> = PARTS
        .iter()
        .filter(|(_, name, _)| pairs.iter().flatten().any(|split| split.part_ms(name) > 0.0))
        .map(|(_, name, title)| ((*title).to_owned(), cells(&|split| split.part_ms(name))))
        .collect();
    rows.push(("latency".to_owned(), cells(&LatencySplit::latency_ms)));
    let heads = pairs.iter().zip(&columns);
    WhyVersus {
        variant: (*variant).to_owned(),
        which,
        heads: heads.map(|([first, _], column)| format!("{} ({})", first.at, column.scale.suffix)).collect(),
        rows,
    }
}

/// A pair is printed in the unit of the longer latency.
fn column(pair: &[&LatencySplit; 2]) -> Column {
    Column::of_latency(pair[0].latency_ms().max(pair[1].latency_ms()))
}

/// The runs of which a variant lacks a breakdown, each in a sentence.
pub fn missing(sides: &[Side<'_>]) -> Vec<String> {
    let lacks = |side: &&Side<'_>| side.record.variants.iter().any(|variant| variant.breakdown.is_none());
    let sentence = |side: &Side<'_>| {
        format!("{} has no latencies by part: `herdlab run --why` records them", side.label)
    };
    sides.iter().filter(lacks).map(sentence).collect()
}

/// The tables for a terminal, at most `width` columns where words allow; empty without any, else ends with a line break.
pub fn terminal(tables: &[WhyVersus], width: u16, color: bool) -> String {
    let mut parts: Vec<String> = Vec::new();
    for WhyVersus { variant, which, heads, rows } in tables {
        let right = |text: &str| Cell::new(text).set_alignment(CellAlignment::Right);
        let mut drawn = fitted(width, color);
        let columns = heads.iter().flat_map(|head| ["before", "after"].map(|side| format!("{head}\n{side}")));
        drawn.set_header(std::iter::once(Cell::new("part")).chain(columns.map(|head| right(&head))));
        for (part, cells) in rows {
            drawn.add_row(std::iter::once(Cell::new(part)).chain(cells.iter().map(|cell| right(cell))));
        }
        let heading = paragraph(&format!("Where the time goes: {variant}, {which}"), width);
        parts.push(format!("{heading}\n{}\n", drawn.trim_fmt()));
    }
    if !parts.is_empty() {
        parts.push(paragraph(NOTE, width) + "\n");
    }
    parts.join("\n")
}

/// The tables as Markdown; empty without any.
pub fn markdown(tables: &[WhyVersus]) -> String {
    if tables.is_empty() {
        return String::new();
    }
    let mut text = "\n### Where the time goes\n".to_owned();
    for WhyVersus { variant, which, heads, rows } in tables {
        text.push_str(&format!("\n| {}, {which} |", escaped(variant)));
        heads.iter().for_each(|head| text.push_str(&format!(" {head} before | after |")));
        text.push_str(&format!("\n|---|{}\n", "---:|".repeat(2 * heads.len())));
        for (part, cells) in rows {
            text.push_str(&format!("| {part} | {} |\n", cells.join(" | ")));
        }
    }
    text + &format!("\n{NOTE}\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::fixture::stampede;

    /// After the change a request at p99 waits a quarter as long for a connection.
    fn runs() -> (Record, Record) {
        let (before, mut after) = (stampede(2), stampede(2));
        let all = &mut after.variants[1].breakdown.as_mut().unwrap().outcomes[0];
        let p99 = all.at.iter_mut().find(|split| split.at == "p99").unwrap();
        let pool = p99.parts_ns.iter_mut().find(|(part, _)| part == "db.pool").unwrap();
        p99.latency_ns -= pool.1 / 4 * 3;
        pool.1 /= 4;
        (before, after)
    }

    #[test]
    fn before_and_after_stand_side_by_side_in_one_unit() {
        let (before, after) = runs();
        let tables = tables(&before, &after);
        let names: Vec<&str> = tables.iter().map(|table| table.variant.as_str()).collect();
        assert_eq!(names, ["ttl only", "jitter"]);
        assert_eq!(tables[1].heads, ["p50 (µs)", "p99 (ms)", "mean (ms)"]);
        let row = |part: &str| &tables[1].rows.iter().find(|(name, _)| name == part).unwrap().1;
        // Ten requests at p99: 212 ms each for a connection before, 53 ms after; 340 and 181 ms in all.
        assert_eq!(row("database pool wait").as_slice(), ["–", "–", "212.0", "53.0", "0.300", "0.300"]);
        assert_eq!(row("latency").as_slice(), ["440.0", "440.0", "340.0", "181.0", "1.000", "1.000"]);
    }

    #[test]
    fn programs_read_the_parts_in_milliseconds() {
        let (before, after) = runs();
        let parts = parts(&before, &after);
        let pool = parts.iter().find(|one| (one.variant, one.at, one.part) == ("jitter", "p99", "db.pool"));
        assert_eq!(pool.map(|one| (one.before_ms, one.after_ms)), Some((212.0, 53.0)));
        let sum = parts.iter().rfind(|one| (one.at, one.part) == ("p99", "latency")).unwrap();
        assert_eq!((sum.outcome, sum.before_ms, sum.after_ms), ("all", 340.0, 181.0));
    }

    #[test]
    fn a_run_without_a_breakdown_is_named_and_has_no_table() {
        let (before, mut after) = runs();
        after.variants.iter_mut().for_each(|variant| variant.breakdown = None);
        let sides = [Side { label: "old", record: &before }, Side { label: "new", record: &after }];
        assert_eq!(missing(&sides), ["new has no latencies by part: `herdlab run --why` records them"]);
        let none = tables(&before, &after);
        assert!(none.is_empty() && terminal(&none, 80, false).is_empty() && markdown(&none).is_empty());
    }

    #[test]
    fn no_line_of_the_terminal_is_wider_than_asked() {
        let (before, after) = runs();
        let tables = tables(&before, &after);
        for width in [60, 80, 120] {
            let text = terminal(&tables, width, false);
            assert!(text.lines().all(|line| line.chars().count() <= usize::from(width)), "{width}\n{text}");
        }
        assert!(markdown(&tables).contains("| latency | 440.0 | 440.0 | 340.0 | 181.0 | 1.000 | 1.000 |"));
    }
}
