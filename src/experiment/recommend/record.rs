//! `recommend.json`: the question, and the figures of every candidate. The outcome follows from it ([`super::judge`]).

use serde::{Deserialize, Serialize};

use super::schedule::Rung;
use super::{Candidate, Search};
use crate::experiment::states::watched;
use crate::experiment::sweep::Pool;
use crate::experiment::sweep::record::{AxisRecord, SweptScenario, axis_record};
use crate::model::{Direction, Objective, Threshold, Variant};
use crate::record::{MeasureRecord, Record, VariantRecord, WindowsRecord};
use crate::scenario::grid::Grid;

/// Version of the layout.
pub const SCHEMA: u32 = 1;

/// The record of a search.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecommendRecord {
    /// [`SCHEMA`].
    pub schema: u32,
    /// Version of the program that wrote it.
    pub herdlab: String,
    pub scenario: SweptScenario,
    pub objective: Objective,
    pub direction: Direction,
    /// Of the objective.
    pub unit: String,
    pub knobs: Vec<AxisRecord>,
    pub variants: Vec<OwnSettings>,
    /// Index of the variant that stands for today.
    pub baseline: usize,
    /// The scenario's thresholds and those of `keep`.
    pub limits: Vec<Threshold>,
    pub rungs: Vec<Rung>,
    /// The scenario has ranges: replication i is world i.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_worlds: bool,
    /// Measures of charts and tables: the objective, those of the limits, the cost, the headline.
    pub measures: Vec<String>,
    /// In the order of the grid.
    pub candidates: Vec<CandidateRecord>,
    /// In all, those of today's setting included.
    pub simulations: u64,
    /// Today's setting beside the one that was found, as far as the search has both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub today: Option<TodayRecord>,
}

/// A variant of the scenario.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnSettings {
    pub name: String,
    /// (path, TOML value) of what it sets itself.
    pub settings: Vec<(String, String)>,
}

/// A candidate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CandidateRecord {
    /// Index into the record's `variants`.
    pub variant: usize,
    /// The knobs that matter to it.
    pub settings: Vec<SettingRecord>,
    /// (path, value as people read it) of the knobs that the variant sets itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pinned: Vec<(String, String)>,
    /// The value of the knob that is the objective, if one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<f64>,
    /// Those that it had when it was dropped, or at the end.
    pub replications: u32,
    /// The record's `measures`, and those that two states are told apart by; sorted by name.
    pub measures: Vec<MeasureRecord>,
}

/// The value of a knob.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SettingRecord {
    pub path: String,
    /// As the scenario file takes it.
    pub toml: String,
    /// As people read it.
    pub label: String,
}

/// Today's setting: the baseline as the file has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TodayRecord {
    /// It is the setting that was found.
    Same,
    /// Measures of both, today's first.
    Beside(Box<Record>),
    /// The scenario has events: what they did to a run is not among its measures.
    Events,
}

/// The measure of the price.
const COST: &str = "cost.month";

/// The record of a search at its end; `had` are the replications of each candidate.
pub(super) fn record(
    search: &Search,
    grid: &Grid,
    pool: &Pool,
    words: Vec<String>,
    had: &[u32],
) -> RecommendRecord {
    let base = &grid.base;
    let measures = shown(search, grid, pool);
    let kept = kept(search, &measures);
    let candidate = |(candidate, &replications): (&Candidate, &u32)| {
        let names = pool.names(candidate.system);
        let known = kept.iter().filter(|name| names.contains(name));
        let measure = |name: &String| MeasureRecord {
            name: name.clone(),
            unit: pool.unit(candidate.system, name).to_owned(),
            values: pool.values(candidate.system, name, replications),
        };
        let setting = |(path, toml, label): &(String, String, String)| SettingRecord {
            path: path.clone(),
            toml: toml.clone(),
            label: label.clone(),
        };
        CandidateRecord {
            variant: candidate.variant,
            settings: candidate.settings.iter().map(setting).collect(),
            pinned: candidate.pinned.clone(),
            cost: candidate.cost,
            replications,
            measures: known.map(measure).collect(),
        }
    };
    let own =
        |variant: &Variant| OwnSettings { name: variant.name.clone(), settings: variant.settings.clone() };
    RecommendRecord {
        schema: SCHEMA,
        herdlab: env!("CARGO_PKG_VERSION").to_owned(),
        scenario: SweptScenario::of(base, words),
        objective: search.wanted.objective.clone(),
        direction: search.wanted.direction,
        unit: search.unit().to_owned(),
        knobs: grid.axes.iter().map(axis_record).collect(),
        variants: base.variants.iter().map(own).collect(),
        baseline: base.baseline,
        limits: search.limits.clone(),
        rungs: search.rungs.clone(),
        in_worlds: search.in_worlds,
        measures,
        candidates: search.candidates.iter().zip(had).map(candidate).collect(),
        simulations: search.cost() + of_today(search, had),
        today: None,
    }
}

/// The measures of charts and tables.
fn shown(search: &Search, grid: &Grid, pool: &Pool) -> Vec<String> {
    let objective = match &search.wanted.objective {
        Objective::Measure(name) => Some(name.as_str()),
        Objective::Knob(_) => None,
    };
    let is_priced = search
        .candidates
        .iter()
        .any(|candidate| pool.names(candidate.system).iter().any(|name| name == COST));
    let of_limits = search.limits.iter().map(|limit| limit.measure.as_str());
    let headline = grid.base.headline.iter().map(String::as_str);
    let names = objective.into_iter().chain(of_limits).chain(is_priced.then_some(COST)).chain(headline);
    each_once(names.map(str::to_owned))
}

/// Those that a record holds: also a recovery that did not come, and what tells two states apart.
fn kept(search: &Search, shown: &[String]) -> Vec<String> {
    let recoveries = search.limits.iter().filter_map(|limit| limit.measure.strip_suffix(".recovery_s"));
    let outages = recoveries.map(|event| format!("{event}.metastable"));
    let mut names = each_once(shown.iter().cloned().chain(outages).chain(watched().map(str::to_owned)));
    names.sort();
    names
}

fn each_once(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut known: Vec<String> = Vec::new();
    for name in names {
        if !known.contains(&name) {
            known.push(name);
        }
    }
    known
}

/// Simulations that today's setting took beside the candidates.
fn of_today(search: &Search, had: &[u32]) -> u64 {
    let Some((system, true)) = search.today else { return 0 };
    let same = search.candidates.iter().position(|candidate| candidate.system == system);
    u64::from(search.replications - same.map_or(0, |candidate| had[candidate]))
}

impl RecommendRecord {
    /// Replications of the last candidates.
    pub fn replications(&self) -> u32 {
        self.rungs.last().map_or(0, |rung| rung.replications)
    }

    /// Simulations of the candidates by the plan.
    pub fn cost(&self) -> u64 {
        super::schedule::cost(&self.rungs)
    }

    /// Whether a candidate was left at the end.
    pub fn is_finalist(&self, candidate: usize) -> bool {
        self.candidates[candidate].replications == self.replications()
    }

    /// The limits that are about a candidate.
    pub fn limits_of<'s>(&'s self, candidate: &CandidateRecord) -> impl Iterator<Item = &'s Threshold> {
        let variant = &self.variants[candidate.variant].name;
        self.limits.iter().filter(move |limit| limit.is_about(variant))
    }

    /// The values of the objective in the first replications of a candidate.
    pub fn objective_of(&self, candidate: &CandidateRecord, replications: u32) -> Vec<Option<f64>> {
        match &self.objective {
            Objective::Measure(name) => candidate.values(name, replications),
            Objective::Knob(_) => vec![candidate.cost; replications as usize],
        }
    }

    /// Index of the value that a knob has in a candidate; `None` where it sets that knob itself or is the same at any value.
    pub fn place(&self, candidate: &CandidateRecord, knob: usize) -> Option<usize> {
        let AxisRecord { path, values, .. } = &self.knobs[knob];
        let setting = candidate.settings.iter().find(|setting| setting.path == *path)?;
        values.iter().position(|value| value.label == setting.label)
    }

    /// `tier.l2.ttl = 5m, database.pool = 8 (singleflight)`; a variant that sets a knob itself has its own value of it:
    /// `fixed 60s (pinned: tier.l2.ttl = 60s)`.
    pub fn name(&self, candidate: &CandidateRecord) -> String {
        let settings: Vec<String> = candidate
            .settings
            .iter()
            .map(|setting| format!("{} = {}", setting.path, setting.label))
            .collect();
        let pinned: Vec<String> =
            candidate.pinned.iter().map(|(path, label)| format!("{path} = {label}")).collect();
        let variant = &self.variants[candidate.variant].name;
        match (settings.is_empty(), pinned.is_empty(), self.variants.len()) {
            (true, true, _) => format!("{variant} (at any setting)"),
            (true, false, _) => format!("{variant} (pinned: {})", pinned.join(", ")),
            (false, true, 1) => settings.join(", "),
            (false, true, _) => format!("{} ({variant})", settings.join(", ")),
            (false, false, _) => {
                format!("{} ({variant}, pinned: {})", settings.join(", "), pinned.join(", "))
            }
        }
    }

    /// A candidate as a limit is judged in it.
    pub(super) fn as_variant(&self, candidate: &CandidateRecord) -> VariantRecord {
        VariantRecord {
            name: self.variants[candidate.variant].name.clone(),
            settings: Vec::new(),
            workload: Vec::new(),
            events: Vec::new(),
            theory: Vec::new(),
            measures: candidate.measures.clone(),
            windows: WindowsRecord { width_s: 1.0, series: Vec::new() },
            distributions: Vec::new(),
            breakdown: None,
            latency_map: None,
        }
    }
}

impl CandidateRecord {
    /// A measure, if it has it.
    pub fn measure(&self, name: &str) -> Option<&MeasureRecord> {
        self.measures.iter().find(|measure| measure.name == name)
    }

    /// The values of a measure in the first replications; `None` where it is not defined.
    pub fn values(&self, measure: &str, replications: u32) -> Vec<Option<f64>> {
        let known = self.measure(measure).map_or(&[][..], |measure| measure.values.as_slice());
        (0..replications as usize).map(|replication| known.get(replication).copied().flatten()).collect()
    }
}
