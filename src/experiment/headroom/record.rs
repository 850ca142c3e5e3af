//! `headroom.json`: the question, the answers, and every cell on the way.

use serde::{Deserialize, Serialize};

use super::limits::Resource;
use super::search::Border;
use super::{Answer, Cell, Found, Headroom, Outcome, Purpose};
use crate::catalog;
use crate::experiment::sweep::record::{AxisRecord, SweptScenario, axis_record};
use crate::model::Threshold;
use crate::record::MeasureRecord;

/// Version of the layout.
pub const SCHEMA: u32 = 1;

/// The record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct HeadroomRecord {
    pub schema: u32,
    /// Version of the program that wrote it.
    pub herdlab: String,
    pub scenario: SweptScenario,
    pub knob: KnobRecord,
    /// The second knob with its values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second: Option<AxisRecord>,
    pub limits: Vec<Threshold>,
    /// The scenario has no limits of its own: these are the default ones.
    pub default_limits: bool,
    /// Wanted relative width of a bracket.
    pub precision: f64,
    /// Most cells of a search.
    pub cells_max: usize,
    pub variants: Vec<String>,
    /// By search: purpose, value of the second knob, variant.
    pub answers: Vec<AnswerRecord>,
    pub simulations: u64,
    /// The searches were stopped before they had come to an end.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub interrupted: bool,
}

/// The knob.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct KnobRecord {
    pub path: String,
    /// As written behind every value; empty for plain numbers. Values of the record are in this unit.
    pub written: String,
    /// The unit as the catalogue names it: `s`, `bytes`, `1`, `1/s`, `count`.
    pub unit: String,
    /// A value in that unit is so many times the written one.
    pub unit_value: f64,
    /// It multiplies all traffic.
    pub traffic: bool,
}

/// The answer for a variant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AnswerRecord {
    /// Index into the record's `variants`.
    pub variant: usize,
    /// Index of the value of the second knob.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second: Option<usize>,
    pub purpose: Purpose,
    pub found: FoundRecord,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum FoundRecord {
    Border(Box<BorderRecord>),
    /// The variant sets the knob itself, to this.
    Pinned(String),
    /// No limit is about a measure of it.
    Unlimited,
    /// Every value that was tested breaks a limit without any event.
    Overloaded,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct BorderRecord {
    pub border: Border,
    /// Where it breaks: the limits that are broken, the one that the fewest runs keep first.
    pub broken: Vec<BrokenRecord>,
    /// Where it breaks: the resource that is short, or the one that is used most.
    pub resource: Option<Resource>,
    /// By value.
    pub cells: Vec<CellRecord>,
}

/// A limit that is broken.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct BrokenRecord {
    pub limit: Threshold,
    /// Mean of the measure, in its unit.
    pub mean: Option<f64>,
    pub unit: String,
    /// Runs that keep it, each judged by itself.
    pub runs_kept: usize,
    pub runs: usize,
    /// Why, where it is not the mean that decides; empty else.
    pub reason: String,
}

/// A cell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CellRecord {
    /// Of the knob, in its written unit.
    pub value: f64,
    /// As `--set` takes it.
    pub label: String,
    pub result: ResultRecord,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum ResultRecord {
    Judged(JudgedRecord),
    /// Why it cannot be simulated.
    Impossible(String),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct JudgedRecord {
    /// All limits are kept.
    pub kept: bool,
    /// Runs that keep all limits, each judged by itself.
    pub runs_kept: usize,
    pub runs: usize,
    /// Measures of the limits that are broken.
    pub broken: Vec<String>,
    pub resource: Option<Resource>,
    /// Those of the limits and of the headline, run by run.
    pub measures: Vec<MeasureRecord>,
}

/// The record of a search.
pub fn record(headroom: &Headroom<'_>, outcome: &Outcome) -> HeadroomRecord {
    let Headroom { base, knob, second, limits, default_limits, precision, cells_max, .. } = headroom;
    let recovery = super::limits::recovery(base);
    let mut shown: Vec<&str> = Vec::new();
    let of_limits = limits.iter().chain(&recovery).map(|limit| limit.measure.as_str());
    for name in of_limits.chain(base.headline.iter().map(String::as_str)) {
        if !shown.contains(&name) {
            shown.push(name);
        }
    }
    HeadroomRecord {
        schema: SCHEMA,
        herdlab: env!("CARGO_PKG_VERSION").to_owned(),
        scenario: SweptScenario::of(base, headroom.options.clone()),
        knob: KnobRecord {
            path: knob.path.clone(),
            written: knob.unit.clone(),
            unit: knob.kind.unit().to_owned(),
            unit_value: knob.unit_value,
            traffic: knob.is_traffic(),
        },
        second: second.as_ref().map(axis_record),
        limits: limits.clone(),
        default_limits: *default_limits,
        precision: *precision,
        cells_max: *cells_max,
        variants: base.variants.iter().map(|variant| variant.name.clone()).collect(),
        answers: outcome.answers.iter().map(|answer| answered(headroom, answer, &shown)).collect(),
        simulations: outcome.simulations,
        interrupted: outcome.interrupted,
    }
}

fn answered(headroom: &Headroom<'_>, answer: &Answer, shown: &[&str]) -> AnswerRecord {
    let found = match &answer.found {
        Found::Pinned(own) => FoundRecord::Pinned(own.clone()),
        Found::Unlimited => FoundRecord::Unlimited,
        Found::Overloaded => FoundRecord::Overloaded,
        Found::Border { border, cells } => {
            let breaking = answer.breaking();
            let broken = breaking.map(|judged| judged.verdict.broken()).unwrap_or_default();
            let broken = broken.into_iter().map(|judgement| BrokenRecord {
                limit: judgement.threshold.clone(),
                mean: judgement.estimate.map(|estimate| estimate.mean),
                unit: judgement.unit.clone(),
                runs_kept: judgement.runs.map_or(0, |runs| runs.count),
                runs: judgement.runs.map_or(0, |runs| runs.of),
                reason: judgement.reason.clone(),
            });
            let mut cells: Vec<CellRecord> =
                cells.iter().map(|cell| cell_record(headroom, cell, shown)).collect();
            cells.sort_by(|a, b| a.value.total_cmp(&b.value));
            FoundRecord::Border(Box::new(BorderRecord {
                border: border.clone(),
                broken: broken.collect(),
                resource: breaking.and_then(|judged| judged.resource.clone()),
                cells,
            }))
        }
    };
    AnswerRecord { variant: answer.variant, second: answer.second, purpose: answer.purpose, found }
}

fn cell_record(headroom: &Headroom<'_>, cell: &Cell, shown: &[&str]) -> CellRecord {
    let result = match &cell.result {
        Err(reason) => ResultRecord::Impossible(reason.clone()),
        Ok(judged) => {
            let measure = |name: &&str| {
                let known = judged.measures.measure(name)?;
                Some(MeasureRecord {
                    name: (*name).to_owned(),
                    unit: catalog::known(name).unit.to_owned(),
                    values: known.values.clone(),
                })
            };
            let broken = judged.verdict.broken().into_iter();
            ResultRecord::Judged(JudgedRecord {
                kept: judged.verdict.kept,
                runs_kept: judged.verdict.runs.count,
                runs: judged.verdict.runs.of,
                broken: broken.map(|judgement| judgement.threshold.measure.clone()).collect(),
                resource: judged.resource.clone(),
                measures: shown.iter().filter_map(measure).collect(),
            })
        }
    };
    CellRecord { value: cell.value, label: headroom.knob.text(cell.value), result }
}

impl HeadroomRecord {
    /// The answers that are of a purpose.
    pub fn of(&self, purpose: Purpose) -> impl Iterator<Item = &AnswerRecord> {
        self.answers.iter().filter(move |answer| answer.purpose == purpose)
    }

    /// Whether the answer is a map of stability.
    pub fn is_map(&self) -> bool {
        self.of(Purpose::Ordinary).next().is_some()
    }

    /// A value of the knob as it is written.
    pub fn text(&self, value: f64) -> String {
        let rounded = format!("{value:.6}");
        format!("{}{}", rounded.trim_end_matches('0').trim_end_matches('.'), self.knob.written)
    }
}

impl AnswerRecord {
    /// The border, where there was something to search.
    pub fn border(&self) -> Option<&BorderRecord> {
        match &self.found {
            FoundRecord::Border(border) => Some(border),
            FoundRecord::Pinned(_) | FoundRecord::Unlimited | FoundRecord::Overloaded => None,
        }
    }
}
