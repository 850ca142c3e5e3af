//! Thresholds and their results, for every kind of report.

use comfy_table::{Cell, CellAlignment, Color, ColumnConstraint};

use super::escape::escaped;
use super::format::{Scale, estimated, exact, with_unit};
use super::terminal::{fitted, paragraph};
use crate::catalog;
use crate::experiment::shares::Runs;
use crate::experiment::statistics::Estimate;
use crate::experiment::threshold::{Judgement, Standing, judge};
use crate::model::{Bound, Threshold};
use crate::record::Record;

/// Narrower terminals get the result below the margin.
const WIDTH_OF_RESULTS: u16 = 78;

/// Note under a table in which a limit lies within an interval.
const WITHIN: &str = "uncertain: the limit lies within the 95 % interval; the mean decides.";

/// A threshold in one variant, ready to print.
#[derive(Clone, Debug, PartialEq)]
pub struct ThresholdRow {
    pub measure: String,
    /// `≤ 500/s`.
    pub limit: String,
    pub variant: String,
    /// Mean ± half the interval with its unit, of two states that of each, or a dash.
    pub value: String,
    /// `326/s to spare (65 %)`.
    pub margin: String,
    pub standing: Standing,
    /// `kept`, `broken, uncertain`.
    pub word: String,
    /// `in 10 of 10 runs`, with the exact bound of the share where the runs decide; empty where it was not measured.
    pub runs: String,
    /// Why, where it is not the mean alone that decides; empty else.
    pub reason: String,
}

impl ThresholdRow {
    /// The class of the word in the page.
    pub fn class(&self) -> &'static str {
        match self.standing {
            Standing::Kept => "better",
            Standing::Broken => "worse",
            Standing::NotMeasured | Standing::NotJudged => "soft",
        }
    }

    /// In how many runs it was kept, to stand behind its word: `in 10 of 10 runs`, `kept in 0 of 10 runs`; empty where it was not
    /// measured.
    pub fn kept(&self) -> String {
        match (self.runs.as_str(), self.word.as_str()) {
            ("", _) => String::new(),
            (runs, "kept") => runs.to_owned(),
            (runs, _) => format!("kept {runs}"),
        }
    }

    /// In one line: `db.qps.peak ≤ 500/s in ttl only: broken: 1,174 ± 79/s, 674/s too much (135 %), kept in 0 of 10 runs`.
    pub fn sentence(&self) -> String {
        let ThresholdRow { measure, limit, variant, value, margin, word, reason, runs, .. } = self;
        let kept = if runs.is_empty() { String::new() } else { format!("kept {runs}") };
        let figures = [value, margin, &kept, reason].into_iter().filter(|text| !text.is_empty());
        let figures: Vec<&str> = figures.map(String::as_str).collect();
        format!("{measure} {limit} in {variant}: {word}: {}", figures.join(", "))
    }
}

/// Every threshold in every variant that it is about; none for a scenario without thresholds.
pub fn rows(record: &Record) -> Vec<ThresholdRow> {
    judge(record).iter().map(row).collect()
}

/// The unit of the record, or that of the catalogue where no variant has the measure.
fn known_unit<'u>(threshold: &Threshold, of_record: &'u str) -> &'u str {
    match of_record {
        "" => catalog::find(&threshold.measure).map_or("", |info| info.unit),
        unit => unit,
    }
}

fn row(judgement: &Judgement) -> ThresholdRow {
    let Threshold { measure, bound, limit, .. } = &judgement.threshold;
    let unit = known_unit(&judgement.threshold, &judgement.unit);
    let figure = |estimate: Option<Estimate>| {
        estimate.map_or_else(|| "–".to_owned(), |estimate| estimated(&estimate, unit))
    };
    let value = match &judgement.states {
        Some((_, [healthy, collapsed])) => format!("{} or {}", figure(*healthy), figure(*collapsed)),
        None => figure(judgement.estimate),
    };
    let word = match judgement.within_interval {
        true => format!("{}, uncertain", judgement.standing.word()),
        false => judgement.standing.word().to_owned(),
    };
    ThresholdRow {
        measure: measure.clone(),
        limit: limit_text(&judgement.threshold, unit),
        variant: judgement.variant.clone(),
        value,
        margin: judgement
            .margin()
            .map_or_else(String::new, |margin| margin_text(*bound, margin, *limit, unit)),
        standing: judgement.standing,
        word,
        runs: judgement.runs.map_or_else(String::new, |runs| runs_text(runs, judgement.is_by_runs())),
        reason: judgement.reason.clone(),
    }
}

/// `in 10 of 10 runs`; where the runs decide, `in 9 of 10 runs (of all runs at least 60.6 %)`.
fn runs_text(runs: Runs, decide: bool) -> String {
    match decide {
        true => {
            format!("in {runs} (of all runs at least {}, 95 % confident)", with_unit(runs.at_least(), "1"))
        }
        false => format!("in {runs}"),
    }
}

/// `≤ 500/s`, `≥ 95 % (confident)`, `≤ 500/s (in 90 % of runs)`.
fn limit_text(threshold: &Threshold, unit: &str) -> String {
    let runs = threshold.runs.map(|share| match share {
        1.0 => "in all runs".to_owned(),
        share => format!("in {} of runs", exact(share, "1")),
    });
    let confident = threshold.confident.then(|| "confident".to_owned());
    let how: Vec<String> = runs.into_iter().chain(confident).collect();
    let how = if how.is_empty() { String::new() } else { format!(" ({})", how.join(", ")) };
    format!("{} {}{how}", threshold.bound, exact(threshold.limit, unit))
}

/// Measure and limit: `db.qps.peak ≤ 500/s`, in the unit that the measure has in a record.
pub fn in_words(threshold: &Threshold, unit: &str) -> String {
    format!("{} {}", threshold.measure, limit_text(threshold, known_unit(threshold, unit)))
}

/// The margin in words: on which side of the limit, and how far, in the unit and in per cent of the limit.
fn margin_text(bound: Bound, margin: f64, limit: f64, unit: &str) -> String {
    let distance = margin.abs();
    let words = match (bound, margin) {
        (_, 0.0) => return "at the limit".to_owned(),
        (_, 0.0..) => "to spare",
        (Bound::Max, _) => "too much",
        (Bound::Min, _) => "too little",
    };
    let scale = Scale::fitting(unit, distance);
    let number = scale.number(distance);
    match unit {
        "1" => format!("{number} pt {words}"),
        _ if limit == 0.0 => format!("{} {words}", scale.with_suffix(&number)),
        _ => format!("{} {words} ({})", scale.with_suffix(&number), percent(distance / limit.abs())),
    }
}

fn percent(share: f64) -> String {
    let scale = Scale::fitting("1", share);
    scale.with_suffix(&scale.number(share))
}

/// The table for a terminal, at most `width` columns where words allow; empty without thresholds. Does not end in a line
/// break.
pub fn terminal(record: &Record, width: u16, color: bool) -> String {
    let rows = rows(record);
    if rows.is_empty() {
        return String::new();
    }
    let mut table = fitted(width, color);
    let right = |text: &str| Cell::new(text).set_alignment(CellAlignment::Right);
    // In narrow terminals the result stands below the margin.
    let own_column = width >= WIDTH_OF_RESULTS;
    let mut head = vec![Cell::new("threshold, variant"), right("measured"), right("margin")];
    head.extend(own_column.then(|| Cell::new("result")));
    table.set_header(head);
    let mut last = None;
    for row in &rows {
        let threshold = (&row.measure, &row.limit);
        if last.replace(threshold) != Some(threshold) {
            table.add_row([Cell::new(format!("{}\n{}", row.measure, row.limit))]);
        }
        let reason = if row.standing == Standing::NotMeasured { "" } else { &row.reason };
        // The word stands first: `broken`, and below it in how many runs the limit was kept.
        let kept = row.kept().replace(" (", "\n(");
        let below = [kept.as_str(), reason].into_iter().filter(|text| !text.is_empty());
        let result = row.word.clone() + &below.map(|text| format!("\n{text}")).collect::<String>();
        let painted = |cell: Cell| match (color, row.standing) {
            (true, Standing::Kept) => cell.fg(Color::Green),
            (true, Standing::Broken) => cell.fg(Color::Red),
            _ => cell,
        };
        let margin = row.margin.replace(" (", "\n(");
        let mut cells = vec![Cell::new(format!("  {}", row.variant)), right(&row.value)];
        match own_column {
            true => cells.extend([right(&margin), painted(Cell::new(result))]),
            false => cells.push(painted(right(format!("{margin}\n{result}").trim_start()))),
        }
        table.add_row(cells);
    }
    let unbroken = if own_column { 1..3 } else { 1..2 };
    for index in unbroken {
        if let Some(column) = table.column_mut(index) {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
    let mut text = table.trim_fmt();
    if let Some(note) = note(&rows) {
        text.push_str(&format!("\n\n{}", paragraph(note, width)));
    }
    text
}

/// Meaning of the words, where they need one.
pub fn note(rows: &[ThresholdRow]) -> Option<&'static str> {
    rows.iter().any(|row| row.word.ends_with("uncertain")).then_some(WITHIN)
}

/// The table as Markdown, with a heading; empty without thresholds.
pub fn markdown(record: &Record) -> String {
    let rows = rows(record);
    if rows.is_empty() {
        return String::new();
    }
    let mut text =
        "\n### Thresholds\n\n| threshold | variant | measured | margin | result |\n|---|---|---:|---:|---|\n"
            .to_owned();
    for row in &rows {
        let kept = match (row.kept(), row.word == "kept") {
            (kept, _) if kept.is_empty() => kept,
            (kept, true) => format!(" {kept}"),
            (kept, false) => format!(", {kept}"),
        };
        let reason = match row.reason.as_str() {
            "" => kept,
            reason => format!("{kept}: {}", escaped(reason)),
        };
        let word = match row.standing {
            Standing::Broken => format!("**{}**", row.word),
            _ => row.word.clone(),
        };
        text.push_str(&format!(
            "| {} {} | {} | {} | {} | {word}{reason} |\n",
            escaped(&row.measure),
            row.limit,
            escaped(&row.variant),
            row.value,
            row.margin,
        ));
    }
    if let Some(note) = note(&rows) {
        text.push_str(&format!("\n{note}\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::fixture::stampede;

    fn record() -> Record {
        let mut record = stampede(3);
        let threshold = |measure: &str, bound, limit, variant: Option<&str>| Threshold {
            measure: measure.to_owned(),
            bound,
            limit,
            variant: variant.map(str::to_owned),
            confident: false,
            runs: None,
        };
        record.scenario.thresholds = vec![
            threshold("db.qps.peak", Bound::Max, 500.0, None),
            threshold("hit_ratio", Bound::Min, 0.955, Some("singleflight")),
            threshold("latency.all.p99_ms", Bound::Max, 342.5, Some("ttl only")),
            threshold("tier.l9.hit_ratio", Bound::Min, 0.5, Some("jitter")),
        ];
        record
    }

    #[test]
    fn value_margin_and_result_at_100_columns() {
        insta::assert_snapshot!(terminal(&record(), 100, false));
    }

    #[test]
    fn as_markdown() {
        insta::assert_snapshot!(markdown(&record()));
    }

    #[test]
    fn narrow_terminals_wrap_and_colour_is_asked_for() {
        for line in terminal(&record(), 60, false).lines() {
            assert!(line.chars().count() <= 60, "{line}");
        }
        assert!(!terminal(&record(), 60, false).contains('\u{1b}'));
        assert!(terminal(&record(), 60, true).contains('\u{1b}'));
    }

    #[test]
    fn one_sentence_per_broken_threshold() {
        let rows = rows(&record());
        assert_eq!(
            rows[0].sentence(),
            "db.qps.peak ≤ 500/s in ttl only: broken: 1,178 ± 18/s, 678/s too much (135.6 %), kept in 0 of 10 runs"
        );
    }

    #[test]
    fn two_states_are_judged_run_by_run_with_the_exact_bound() {
        let mut record = crate::record::fixture::bimodal();
        let threshold = |limit, runs| Threshold {
            measure: "latency.all.p99_ms".to_owned(),
            bound: Bound::Max,
            limit,
            variant: Some("a".to_owned()),
            confident: false,
            runs,
        };
        record.scenario.thresholds = vec![threshold(5_000.0, None), threshold(11_200.0, Some(0.9))];
        let sentences: Vec<String> = rows(&record).iter().map(ThresholdRow::sentence).collect();
        assert_eq!(
            sentences,
            [
                "latency.all.p99_ms ≤ 5,000 ms in a: broken: 96 ± 16 ms or 9,600 ± 1,571 ms, 4,600 ms too much (92.0 %), kept in 5 \
                 of 10 runs (of all runs at least 22.2 %, 95 % confident), two states: collapses in 5 of 10 runs",
                "latency.all.p99_ms ≤ 11.2 s (in 90 % of runs) in a: kept: 96 ± 16 ms or 9,600 ± 1,571 ms, 1,600 ms to spare (14.3 \
                 %), kept in 10 of 10 runs (of all runs at least 74.1 %, 95 % confident), two states: collapses in 5 of 10 runs",
            ]
        );
    }

    #[test]
    fn margins_are_told_in_words() {
        let text = |bound, margin, limit, unit| margin_text(bound, margin, limit, unit);
        assert_eq!(text(Bound::Max, 326.0, 500.0, "1/s"), "326/s to spare (65.2 %)");
        assert_eq!(text(Bound::Max, -674.0, 500.0, "1/s"), "674/s too much (134.8 %)");
        assert_eq!(text(Bound::Min, -0.004, 0.95, "1"), "0.400 pt too little");
        assert_eq!(text(Bound::Max, -2.0, 0.0, "count"), "2 too much");
        assert_eq!(text(Bound::Min, 0.0, 5.0, "ms"), "at the limit");
    }
}
