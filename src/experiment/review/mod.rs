//! The review of a change: may it be shipped?
//!
//! Each variant is held against limits: the scenario's thresholds and its `[slo]`, and a default for every aspect that they leave
//! open ([`DEFAULTS`]). The verdict is the worst of its grades. docs/decisions.md has the rules with examples.

mod facts;
mod grades;
#[cfg(test)]
mod tests;
mod words;
mod worlds;

use serde::{Deserialize, Serialize};

use super::comparison::Comparison;
use super::threshold::judge;
use crate::record::Record;
pub use facts::{Cell, Row};
pub use grades::{DEFAULTS, ERRORS_MAX, PEAK_UTILISATION_MAX, RECOVERY_MAX_S};
pub(in crate::experiment) use grades::{aspect_of, kept_with_doubt};
pub use worlds::InWorlds;

/// Whether a variant may be shipped, from best to worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Safety {
    /// No limit applies to anything that was measured.
    NotJudged,
    Safe,
    /// A limit is kept with no margin for chance, or a soft one is broken.
    AtRisk,
    NotSafe,
}

impl Safety {
    /// The word in tables and sentences.
    pub fn word(self) -> &'static str {
        match self {
            Safety::NotJudged => "not judged",
            Safety::Safe => "safe",
            Safety::AtRisk => "at risk",
            Safety::NotSafe => "not safe",
        }
    }

    /// The class of the word in a page.
    pub fn class(self) -> &'static str {
        match self {
            Safety::NotJudged => "soft",
            Safety::Safe => "better",
            Safety::AtRisk => "risk",
            Safety::NotSafe => "worse",
        }
    }
}

/// The review of one variant.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct VariantReview {
    pub name: String,
    pub is_baseline: bool,
    pub safety: Safety,
    /// Why it is no better than that, each a clause; empty where it is safe.
    pub reasons: Vec<String>,
    /// The limits that it keeps, each a clause.
    pub kept: Vec<String>,
    /// What changes against the baseline, in sentences.
    pub findings: Vec<String>,
    /// Its verdicts in the worlds of a scenario with ranges.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub worlds: Option<InWorlds>,
}

/// The review of a record.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Review {
    /// The verdicts in one sentence.
    pub verdict: String,
    /// In the order of the record.
    pub variants: Vec<VariantReview>,
    /// The figures behind it: a row for each aspect, a cell for each variant.
    pub rows: Vec<Row>,
    /// The default limits that were applied because the scenario sets none.
    pub defaults: Vec<&'static str>,
}

impl Review {
    /// The worst verdict of the variants under review.
    pub fn safety(&self) -> Safety {
        self.reviewed().map(|variant| variant.safety).max().unwrap_or(Safety::NotJudged)
    }

    /// The variants under review: all but the baseline, or the baseline where it is alone.
    pub fn reviewed(&self) -> impl Iterator<Item = &VariantReview> {
        let is_alone = self.variants.len() == 1;
        self.variants.iter().filter(move |variant| is_alone || !variant.is_baseline)
    }
}

/// Reviews every variant of a record, in all its worlds.
pub fn review(record: &Record, comparison: &Comparison) -> Review {
    let mut defaults = Vec::new();
    let judgements = judge(record);
    let in_worlds = worlds::verdicts(record);
    let variants: Vec<VariantReview> = (0..record.variants.len())
        .map(|index| {
            let mut grades = grades::grades(record, comparison, &judgements, index);
            for default in grades.iter().filter_map(|grade| grade.default) {
                if !defaults.contains(&default) {
                    defaults.push(default);
                }
            }
            let worlds = in_worlds.get(index).cloned();
            grades.extend(worlds.as_ref().and_then(InWorlds::grade));
            let safety = grades::worst(&grades);
            let (kept, mut broken): (Vec<_>, Vec<_>) =
                grades.into_iter().partition(|grade| grade.safety <= Safety::Safe);
            broken.sort_by_key(|grade| std::cmp::Reverse(grade.safety));
            VariantReview {
                name: record.variants[index].name.clone(),
                is_baseline: index == record.scenario.baseline,
                safety,
                reasons: broken.into_iter().map(|grade| grade.clause).collect(),
                kept: kept.into_iter().map(|grade| grade.clause).collect(),
                findings: words::findings(record, comparison, index),
                worlds,
            }
        })
        .collect();
    defaults.sort_by_key(|default| DEFAULTS.iter().position(|(_, text)| text == default));
    let rows = facts::rows(record, comparison);
    let mut review = Review { verdict: String::new(), variants, rows, defaults };
    review.verdict = words::verdict(&review);
    review
}
