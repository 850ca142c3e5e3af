//! One comparison on the page: differences, review, measures.

use super::difference::differences;
use crate::experiment::comparison::Verdict;
use crate::experiment::review::{Review, Safety};
use crate::experiment::versus::pair::reviews;
use crate::report::format::unbroken;
use crate::report::review::because;
use crate::report::versus::{Shown, cautions, counts, methods, row, rows};
use crate::report::why_versus::{self, WhyVersus};

/// A run against the first one.
#[derive(Clone, Debug)]
pub struct Section {
    pub before: String,
    pub after: String,
    /// Sentences; empty where both runs are of the same scenario, settings and seed.
    pub differences: Vec<String>,
    pub reviews: Vec<Reviewed>,
    /// `1 better, 2 worse, 5 ties`.
    pub counts: String,
    pub measures: Vec<MeasureRow>,
    /// How the runs were compared.
    pub methods: Vec<String>,
    pub cautions: Vec<String>,
    /// Latency by part; empty where a run has no breakdown.
    pub why: Vec<WhyVersus>,
}

/// A variant after the change, against itself before.
#[derive(Clone, Debug)]
pub struct Reviewed {
    pub variant: String,
    pub safety: Safety,
    pub because: String,
    /// What changes, in sentences.
    pub findings: Vec<String>,
}

/// A measure of a variant, before and after.
#[derive(Clone, Debug)]
pub struct MeasureRow {
    pub variant: String,
    /// With a star where it has a verdict.
    pub measure: String,
    pub before: String,
    pub after: String,
    pub difference: String,
    /// `tie, MDE 1.4 %`; empty without a verdict.
    pub word: String,
    /// Class of the word.
    pub class: &'static str,
}

impl Section {
    pub(super) fn new(shown: &Shown<'_>) -> Section {
        let Shown { before, after, versus } = shown;
        let measures = versus.variants.iter().flat_map(|variant| {
            rows(versus, variant).into_iter().map(|(name, measure)| {
                let row = row(measure);
                MeasureRow {
                    variant: variant.name.clone(),
                    measure: name,
                    before: unbroken(&row.before),
                    after: unbroken(&row.after),
                    difference: unbroken(&row.difference),
                    word: row.word,
                    class: class(row.verdict),
                }
            })
        });
        Section {
            before: before.label.to_owned(),
            after: after.label.to_owned(),
            differences: differences(before, after),
            reviews: reviews(before.record, after.record).iter().flat_map(reviewed).collect(),
            counts: counts(versus),
            measures: measures.collect(),
            methods: methods(versus),
            cautions: cautions(versus),
            why: why_versus::tables(before.record, after.record),
        }
    }

    /// `jitter: not safe; ttl only: safe.`
    pub fn verdict(&self) -> String {
        let words: Vec<String> =
            self.reviews.iter().map(|one| format!("{}: {}", one.variant, one.safety.word())).collect();
        words.join("; ") + "."
    }

    /// The worst of the verdicts.
    pub fn safety(&self) -> Safety {
        self.reviews.iter().map(|one| one.safety).max().unwrap_or(Safety::NotJudged)
    }
}

fn reviewed(review: &Review) -> Vec<Reviewed> {
    let one = review.reviewed().map(|variant| Reviewed {
        variant: variant.name.clone(),
        safety: variant.safety,
        because: because(variant),
        findings: variant.findings.clone(),
    });
    one.collect()
}

fn class(verdict: Option<Verdict>) -> &'static str {
    match verdict {
        Some(Verdict::Better) => "better",
        Some(Verdict::Worse) => "worse",
        Some(Verdict::Tie) => "tie",
        Some(Verdict::NoVerdict) | None => "soft",
    }
}
