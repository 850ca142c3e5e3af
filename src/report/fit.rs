//! A fit in words and tables: values with their ranges, the model against the figures, what stays open, and the command to use it.

use std::collections::BTreeMap;

use comfy_table::{Cell, CellAlignment, Color};
use serde::Serialize;

use super::escape::escaped;
use super::format::{change, with_unit};
use super::interface::Interface;
use super::observed::{range, with_spread};
use super::terminal::{fitted, paragraph};
use super::{ReportError, json};
use crate::catalog;
use crate::experiment::answer::enumerated;
use crate::experiment::fit::{Figured, Fit, Fitted, LeftOut, Tie};
use crate::units::counted;

/// A fit, and the words that belong to its scenario.
pub struct Shown<'a> {
    pub fit: &'a Fit,
    /// Name of the scenario file.
    pub scenario: &'a str,
    pub seed: u64,
    /// By unknown, its value as a file has it: `"5.3ms"`.
    pub texts: &'a [String],
    /// Runs the fitted scenario; `None` where no command line can set the values.
    pub command: Option<&'a str>,
}

/// For programs.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct FitData<'a> {
    /// Version of this layout.
    schema: u32,
    /// Version of the program.
    herdlab: &'a str,
    /// The file.
    scenario: &'a str,
    seed: u64,
    /// A setting agrees with all figures that were used.
    agrees: bool,
    /// It agrees, and with the figures that were kept for a check as well.
    stands: bool,
    /// Path of each unknown and its value, as `--set` takes them.
    set: BTreeMap<&'a str, &'a str>,
    /// Runs the fitted scenario; `null` where no command line can set the values.
    command: Option<&'a str>,
    /// The result in sentences.
    words: Vec<String>,
    #[serde(flatten)]
    fit: &'a Fit,
}

const UNKNOWN_HEADS: [&str; 4] = ["unknown", "value", "95 % range", "before"];
const FIGURE_HEADS: [&str; 5] = ["figure", "production", "fitted model", "95 % expected", "agrees"];

/// A cell of the last column of figures, and whether it speaks against the model.
type Marked = (String, bool);

impl Shown<'_> {
    /// For a terminal of that width; ends with a line break.
    pub fn terminal(&self, width: u16, color: bool) -> String {
        let right = |text: &str| Cell::new(text).set_alignment(CellAlignment::Right);
        let heads = |heads: &[&str]| -> Vec<Cell> {
            std::iter::once(Cell::new(heads[0])).chain(heads[1..].iter().map(|head| right(head))).collect()
        };
        let mut unknowns = fitted(width, color);
        unknowns.set_header(heads(&UNKNOWN_HEADS));
        for row in self.unknown_rows() {
            unknowns
                .add_row(std::iter::once(Cell::new(&row[0])).chain(row[1..].iter().map(|text| right(text))));
        }
        let mut figures = fitted(width, color);
        figures.set_header(heads(&FIGURE_HEADS));
        for (row, (word, against)) in self.figure_rows() {
            let word = if color && against { right(&word).fg(Color::Red) } else { right(&word) };
            let cells = row[1..].iter().map(|text| right(text));
            figures.add_row(std::iter::once(Cell::new(&row[0])).chain(cells).chain([word]));
        }
        let mut text = format!("{}\n\n{}\n\n", unknowns.trim_fmt(), figures.trim_fmt());
        for sentence in self.sentences() {
            text.push_str(&format!("{}\n", paragraph(&sentence, width)));
        }
        if let Some(command) = self.command {
            // A command stays on one line, to be copied.
            text.push_str(&format!("\n{command}\n"));
        }
        text
    }

    /// As Markdown.
    pub fn markdown(&self) -> String {
        let mut text = format!("## Fit of {}\n\n", escaped(self.scenario));
        text.push_str(&format!("| {} |\n|---|---:|---:|---:|\n", UNKNOWN_HEADS.join(" | ")));
        for row in self.unknown_rows() {
            text.push_str(&format!("| {} |\n", row.map(|cell| escaped(&cell).to_string()).join(" | ")));
        }
        text.push_str(&format!("\n| {} |\n|---|---:|---:|---:|---|\n", FIGURE_HEADS.join(" | ")));
        for (row, (word, against)) in self.figure_rows() {
            let word = if against { format!("**{word}**") } else { word };
            let cells = row.map(|cell| escaped(&cell).to_string()).join(" | ");
            text.push_str(&format!("| {cells} | {word} |\n"));
        }
        text.push('\n');
        for sentence in self.sentences() {
            text.push_str(&format!("{}\n\n", escaped(&sentence)));
        }
        if let Some(command) = self.command {
            text.push_str(&format!("    {command}\n"));
        }
        text
    }

    /// Everything, for programs.
    ///
    /// # Errors
    /// It cannot be written as JSON.
    pub fn json(&self) -> Result<String, ReportError> {
        let unknowns = self.fit.unknowns.iter().zip(self.texts);
        json::encode(&FitData {
            schema: Interface::Fit.version(),
            herdlab: env!("CARGO_PKG_VERSION"),
            scenario: self.scenario,
            seed: self.seed,
            agrees: self.fit.agrees(),
            stands: self.fit.stands(),
            set: unknowns.map(|(one, text)| (one.input.path.as_str(), text.as_str())).collect(),
            command: self.command,
            words: self.sentences(),
            fit: self.fit,
        })
    }

    fn unknown_rows(&self) -> Vec<[String; 4]> {
        let row = |one: &Fitted| {
            let unit = one.input.unit.as_str();
            let open = match one.open {
                (true, true) => " (open)",
                (true, false) => " (open below)",
                (false, true) => " (open above)",
                (false, false) => "",
            };
            let (low, high) = one.range;
            [
                one.input.path.clone(),
                value(one, one.value),
                format!("{}{open}", range(low, high, unit)),
                range(one.input.low, one.input.high, unit),
            ]
        };
        self.fit.unknowns.iter().map(row).collect()
    }

    fn figure_rows(&self) -> Vec<([String; 4], Marked)> {
        let row = |one: &Figured, kept: &str, note: &str| {
            let unit = unit(&one.measure);
            let word = match (one.fails(), one.is_outside()) {
                (true, _) => "no",
                (false, true) => "hardly",
                (false, false) => "yes",
            };
            let cells = [
                format!("{}{kept}", one.measure),
                with_spread(one.observed, one.spread, unit),
                one.fitted.map_or_else(|| "–".to_owned(), |fitted| with_unit(fitted, unit)),
                one.range.map_or_else(|| "–".to_owned(), |(low, high)| range(low, high, unit)),
            ];
            (cells, (format!("{word}{note}"), one.fails()))
        };
        let used = self.fit.figures.iter().map(|one| row(one, "", ""));
        used.chain(self.fit.checks.iter().map(|one| row(one, " (check)", ""))).collect()
    }

    /// The outcome, a sentence or two each.
    pub fn sentences(&self) -> Vec<String> {
        let fit = self.fit;
        let mut text = vec![self.outcome()];
        if let Some(left) = fit.culprit() {
            text.push(self.without(left));
        } else if !fit.agrees() && !fit.left_out.is_empty() {
            text.push(
                "No single figure is the reason: whichever is left out, the others do not agree either."
                    .to_owned(),
            );
        }
        let failing: Vec<&Figured> = fit.checks.iter().filter(|check| check.fails()).collect();
        for check in &failing {
            text.push(failed_check(check, fit.agrees()));
        }
        if fit.agrees() && failing.is_empty() && !fit.checks.is_empty() {
            let checks = counted(fit.checks.len() as u64, "figure");
            text.push(format!("{checks} kept for a check: reproduced."));
        }
        if fit.agrees() && !fit.left_out.is_empty() {
            text.push(predicted(&fit.left_out));
        }
        text.extend(fit.ties.iter().map(|tie| self.tie(tie)));
        text
    }

    fn outcome(&self) -> String {
        let fit = self.fit;
        let of = format!(
            "{} of {} with {}",
            counted(fit.unknowns.len() as u64, "unknown"),
            self.scenario,
            counted(fit.simulations as u64, "simulation")
        );
        if fit.agrees() {
            let p = probability(fit.agreement.p);
            return format!("The model agrees with all figures of production that were used ({p}): {of}.");
        }
        let worst = fit.figures.iter().min_by(|a, b| a.p.total_cmp(&b.p));
        let off = worst.map_or_else(String::new, |worst| format!(" {}", missed(worst)));
        format!(
            "No setting within the ranges agrees with all figures ({}): {of}.{off}",
            probability(fit.agreement.p)
        )
    }

    fn without(&self, left: &LeftOut) -> String {
        let unit = unit(&left.measure);
        let (low, high) = left.range;
        format!(
            "Without {} the others agree with each other, at {}; it would then be {}, and {} is observed. Either that figure is of \
             another system or period, or the model lacks the cause of it.",
            left.measure,
            self.setting(&left.values, None),
            range(low, high, unit),
            with_unit(left.observed, unit)
        )
    }

    fn tie(&self, tie: &Tie) -> String {
        let [low, high] = &tie.ends;
        let names: Vec<String> =
            tie.unknowns.iter().map(|&k| self.fit.unknowns[k].input.path.clone()).collect();
        let of = Some(tie.unknowns.as_slice());
        let ends = format!("{} agrees as well as {}", self.setting(low, of), self.setting(high, of));
        let mut text = match names.as_slice() {
            [only] => format!("! The figures leave {only} open: {ends}."),
            _ => format!(
                "! The figures do not tell {} apart ({}): {ends}.",
                enumerated(&names, "and"),
                self.together(tie)
            ),
        };
        if tie.telling.is_empty() {
            text.push_str(" No other measure of the model tells them apart by more than the luck of a run.");
        } else {
            let telling: Vec<String> = tie
                .telling
                .iter()
                .map(|one| {
                    let [a, b] = one.at.map(|value| with_unit(value, unit(&one.measure)));
                    format!("{} ({a} and {b})", one.measure)
                })
                .collect();
            text.push_str(&format!(" A further figure would tell: {}.", enumerated(&telling, "or")));
        }
        text
    }

    /// `a larger workload.keys makes up for a larger exponent`.
    fn together(&self, tie: &Tie) -> String {
        let rises = |&k: &usize| tie.ends[1][k] > tie.ends[0][k];
        let (up, down): (Vec<usize>, Vec<usize>) = tie.unknowns.iter().partition(|k| rises(k));
        let names = |all: &[usize]| {
            let names: Vec<String> = all.iter().map(|&k| self.fit.unknowns[k].input.path.clone()).collect();
            enumerated(&names, "and")
        };
        match (up.as_slice(), down.as_slice()) {
            ([first, rest @ ..], []) | ([], [first, rest @ ..]) => {
                format!("a larger {} makes up for a larger {}", names(&[*first]), names(rest))
            }
            (up, down) => format!("a larger {} makes up for a smaller {}", names(up), names(down)),
        }
    }

    /// `workload.keys = 1,204 and tier.l2.ttl = 5.3 s`.
    fn setting(&self, values: &[f64], of: Option<&[usize]>) -> String {
        let parts: Vec<String> = self
            .fit
            .unknowns
            .iter()
            .enumerate()
            .filter(|(k, _)| of.is_none_or(|of| of.contains(k)))
            .map(|(k, one)| format!("{} = {}", one.input.path, value(one, values[k])))
            .collect();
        enumerated(&parts, "and")
    }
}

/// Of a factor (`db.headroom`) none: only a share of a whole is a percentage.
fn unit(measure: &str) -> &'static str {
    catalog::find(measure)
        .filter(|info| !info.may_exceed_one() || info.unit != "1")
        .map_or("", |info| info.unit)
}

fn value(one: &Fitted, value: f64) -> String {
    with_unit(value, &one.input.unit)
}

fn probability(p: f64) -> String {
    match p {
        p if p < 0.001 => "a right model would be this far off in less than 0.1 % of cases".to_owned(),
        p if p < 0.1 => {
            format!("a right model would be at least this far off in {:.1} % of cases", p * 100.0)
        }
        p => format!("a right model would be at least this far off in {:.0} % of cases", p * 100.0),
    }
}

/// By how much a figure is missed, and whether any simulation met it.
fn missed(figure: &Figured) -> String {
    let unit = unit(&figure.measure);
    let Some(fitted) = figure.fitted else { return format!("No run has a value of {}.", figure.measure) };
    let by = match figure.observed {
        0.0 => String::new(),
        observed => format!(" ({})", change((fitted - observed) / observed)),
    };
    let met = match figure.seen {
        Some((low, high)) if !(low..=high).contains(&figure.observed) => {
            format!(
                " All simulations gave {}: if the ranges may be wider, widen them.",
                range(low, high, unit)
            )
        }
        _ => String::new(),
    };
    format!(
        "At the best one {} is {}{by}, and {} is observed.{met}",
        figure.measure,
        with_unit(fitted, unit),
        with_unit(figure.observed, unit)
    )
}

fn failed_check(check: &Figured, agrees: bool) -> String {
    let unit = unit(&check.measure);
    let Some((low, high)) = check.range else {
        return format!(
            "! The check fails: too few runs of the fitted model have a value of {}.",
            check.measure
        );
    };
    let reason = if agrees {
        " The model agrees with the figures that were used for another reason than that it is right."
    } else {
        ""
    };
    format!(
        "! The check fails: {} would be {}, and {} is observed.{reason}",
        check.measure,
        range(low, high, unit),
        with_unit(check.observed, unit)
    )
}

/// The figures predicted from the others.
fn predicted(left_out: &[LeftOut]) -> String {
    let one = |left: &LeftOut| {
        let unit = unit(&left.measure);
        let (low, high) = left.range;
        let word = if left.is_outside() { ", outside" } else { "" };
        format!(
            "{} {} (observed {}{word})",
            left.measure,
            range(low, high, unit),
            with_unit(left.observed, unit)
        )
    };
    let all: Vec<String> = left_out.iter().map(one).collect();
    format!("Each figure predicted from the others alone, 95 %: {}.", all.join("; "))
}

#[cfg(test)]
mod tests;
