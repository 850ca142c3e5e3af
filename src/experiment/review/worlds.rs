//! The verdict in each world of a scenario with ranges.

use serde::Serialize;

use super::Safety;
use super::grades::{self, Grade};
use crate::experiment::comparison::compare;
use crate::experiment::threshold::judge;
use crate::experiment::worlds::alone;
use crate::record::Record;

/// A change that is safe has to be so in this share of the worlds, as `recommend` asks of a limit.
pub const SAFE_SHARE_MIN: f64 = 0.9;
/// Limits that the words name.
const CAUSES_MAX: usize = 3;

/// In how many worlds a variant has which verdict.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct InWorlds {
    pub safe: usize,
    pub at_risk: usize,
    pub not_safe: usize,
    pub not_judged: usize,
    /// Limits, and in how many worlds each is beyond, the most frequent first.
    pub beyond: Vec<(String, usize)>,
}

impl InWorlds {
    fn count(&mut self, grades: &[Grade]) {
        *match grades::worst(grades) {
            Safety::NotJudged => &mut self.not_judged,
            Safety::Safe => &mut self.safe,
            Safety::AtRisk => &mut self.at_risk,
            Safety::NotSafe => &mut self.not_safe,
        } += 1;
        let mut abouts: Vec<&str> = grades
            .iter()
            .filter(|grade| grade.safety > Safety::Safe)
            .map(|grade| grade.about.as_str())
            .collect();
        abouts.sort_unstable();
        abouts.dedup();
        for about in abouts {
            match self.beyond.iter_mut().find(|(name, _)| name == about) {
                Some((_, count)) => *count += 1,
                None => self.beyond.push((about.to_owned(), 1)),
            }
        }
    }

    /// Worlds with a verdict.
    pub fn judged(&self) -> usize {
        self.safe + self.at_risk + self.not_safe
    }

    /// `safe in 12 of 32 worlds, at risk in 15, not safe in 5 (load in 18, errors in 5)`; without verdicts that no world has, and
    /// with the limits that are beyond in most worlds.
    pub fn words(&self) -> String {
        let counts =
            [(Safety::Safe, self.safe), (Safety::AtRisk, self.at_risk), (Safety::NotSafe, self.not_safe)];
        let mut named = counts.into_iter().filter(|(_, count)| *count > 0);
        let Some((safety, count)) = named.next() else { return "judged in no world".to_owned() };
        let first = format!("{} in {count} of {} worlds", safety.word(), self.judged());
        let verdicts =
            named.fold(first, |text, (safety, count)| format!("{text}, {} in {count}", safety.word()));
        let causes = self.beyond.iter().take(CAUSES_MAX).map(|(about, count)| format!("{about} in {count}"));
        match causes.collect::<Vec<_>>().join(", ") {
            causes if causes.is_empty() => verdicts,
            causes => format!("{verdicts} ({causes})"),
        }
    }

    /// Not safe where most worlds are not, at risk where fewer than [`SAFE_SHARE_MIN`] of them are safe.
    pub(super) fn grade(&self) -> Option<Grade> {
        let judged = self.judged();
        let safety = match () {
            () if judged == 0 => return None,
            () if 2 * self.not_safe > judged => Safety::NotSafe,
            () if (self.safe as f64) < SAFE_SHARE_MIN * judged as f64 => Safety::AtRisk,
            () => Safety::Safe,
        };
        Some(Grade::new("worlds", safety, self.words()))
    }
}

/// One for each variant; empty for a record without worlds.
pub(super) fn verdicts(record: &Record) -> Vec<InWorlds> {
    let worlds = alone::each(record);
    let mut counts = vec![InWorlds::default(); if worlds.is_empty() { 0 } else { record.variants.len() }];
    for world in &worlds {
        let (comparison, judgements) = (compare(world), judge(world));
        for (index, counts) in counts.iter_mut().enumerate() {
            counts.count(&grades::grades(world, &comparison, &judgements, index));
        }
    }
    counts.iter_mut().for_each(|counts| counts.beyond.sort_by_key(|(_, count)| std::cmp::Reverse(*count)));
    counts
}
