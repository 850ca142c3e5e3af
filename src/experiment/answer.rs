//! The answer to the scenario's question, in words.
//!
//! The author's words appear only while they are about this very scenario (same digest) and all their claims
//! hold; otherwise one or two sentences are made from the verdicts.

use serde::Serialize;

use super::comparison::{Comparison, MeasureComparison, VariantComparison, Verdict};
use super::printed::{estimated, plus_minus};
use super::statistics::Estimate;
use super::withheld::Withheld;
use crate::catalog::claim::{self, Claim, Piece, Reference};
use crate::catalog::spoken;
use crate::measure::quantity::{Scale, change, percent, signed, with_unit};
use crate::record::Record;

/// The answer of a record.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Answer {
    pub words: String,
    /// Whether the words are the author's.
    pub by_author: bool,
    /// Why the author's words are not shown, or limits of the answer.
    pub note: Option<String>,
    /// The author's claims, tested on this record.
    pub claims: Vec<TestedClaim>,
}

/// A claim and whether this record bears it out.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct TestedClaim {
    pub claim: String,
    /// `None` where a value is not defined in this record.
    pub holds: Option<bool>,
}

/// Answers the scenario's question from the record.
pub fn answer(record: &Record, comparison: &Comparison) -> Answer {
    let authors_claims = record.scenario.answer.as_ref().map_or(&[][..], |author| &author.claims);
    let claims = tested(authors_claims, comparison);
    let authors_words = record.scenario.answer.as_ref().map(|author| {
        if author.digest != record.scenario.digest {
            let other = match record.scenario.overrides.is_empty() {
                true => "was written for another version of this scenario",
                false => "is about the scenario without changes from the command line",
            };
            return Err(format!("The author's answer {other} and is not shown."));
        }
        if let Some(failed) = claims.iter().find(|tested| tested.holds != Some(true)) {
            return Err(format!(
                "The author's answer is not shown: its claim `{}` does not hold here.",
                failed.claim
            ));
        }
        filled(&author.text, comparison)
            .map_err(|problem| format!("The author's answer is not shown: {problem}."))
    });
    match authors_words {
        Some(Ok(words)) => Answer { words, by_author: true, note: replications_note(record), claims },
        Some(Err(note)) => {
            let note =
                [Some(note), replications_note(record)].into_iter().flatten().collect::<Vec<_>>().join(" ");
            Answer { words: generated(record, comparison), by_author: false, note: Some(note), claims }
        }
        None => Answer {
            words: generated(record, comparison),
            by_author: false,
            note: replications_note(record),
            claims,
        },
    }
}

fn replications_note(record: &Record) -> Option<String> {
    let scenario = &record.scenario;
    (scenario.finished < scenario.replications).then(|| {
        format!("Interrupted: {} of {} replications finished.", scenario.finished, scenario.replications)
    })
}

/// Tests claims on the means of a record.
pub fn tested(claims: &[String], comparison: &Comparison) -> Vec<TestedClaim> {
    claims
        .iter()
        .map(|text| {
            let value_of = |reference: &Reference| mean_of(comparison, reference);
            let holds = Claim::parse(text).ok().and_then(|claim| claim.holds(&value_of));
            TestedClaim { claim: text.clone(), holds }
        })
        .collect()
}

fn mean_of(comparison: &Comparison, reference: &Reference) -> Option<f64> {
    comparison.variant(&reference.variant)?.mean(&reference.measure)
}

/// Fills the placeholders of a text with means over replications, rounded and with their unit.
///
/// # Errors
/// A placeholder that does not parse or has no value in this record.
pub fn filled(text: &str, comparison: &Comparison) -> Result<String, String> {
    filled_by(text, comparison, &|estimate, unit| with_unit(estimate.mean, unit))
}

/// Fills the placeholders of a text with what `printed` makes of each estimate and its unit.
///
/// # Errors
/// A placeholder that does not parse or has no value in this record.
pub fn filled_by(
    text: &str,
    comparison: &Comparison,
    printed: &dyn Fn(&Estimate, &str) -> String,
) -> Result<String, String> {
    let mut words = String::with_capacity(text.len());
    for piece in claim::pieces(text)? {
        match piece {
            Piece::Text(text) => words.push_str(&text),
            Piece::Value(reference) => {
                let measure = comparison
                    .variant(&reference.variant)
                    .and_then(|variant| variant.measure(&reference.measure));
                if measure.is_some_and(|measure| measure.by_state.is_some()) {
                    return Err(format!("`{reference}` is a mean over two states"));
                }
                match measure.and_then(|measure| Some((measure.estimate?, &measure.unit))) {
                    Some((estimate, unit)) => words.push_str(&printed(&estimate, unit)),
                    None => return Err(format!("`{reference}` has no value")),
                }
            }
        }
    }
    Ok(words)
}

/// The variants with two states, then one or two sentences from the verdicts.
fn generated(record: &Record, comparison: &Comparison) -> String {
    let states = comparison.variants.iter().zip(&record.variants).filter_map(|(variant, recorded)| {
        let states = variant.states.as_ref()?;
        Some(format!("{} {}: {}.", variant.name, states.words(), states.figures(recorded)))
    });
    let told: Vec<String> = states.chain([of_verdicts(record, comparison)]).collect();
    told.join(" ")
}

fn of_verdicts(record: &Record, comparison: &Comparison) -> String {
    let others: Vec<&VariantComparison> = others(comparison).collect();
    if others.is_empty() {
        return format!("{}.", figures(record, comparison.baseline()));
    }
    if record.scenario.finished < super::comparison::VERDICT_REPLICATIONS_MIN as u32 {
        return format!(
            "{} too few for a verdict (at least {} are needed). {}.",
            match record.scenario.finished {
                1 => "1 replication is".to_owned(),
                more => format!("{more} replications are"),
            },
            super::comparison::VERDICT_REPLICATIONS_MIN,
            figures(record, comparison.baseline())
        );
    }
    let base = &comparison.baseline().name;
    match best(record, comparison) {
        Some(best) => {
            let rest: Vec<_> = others.into_iter().filter(|variant| variant.name != best.name).collect();
            let first = format!("Against {base}, {} {}", best.name, effects(record, comparison, best));
            match summary(record, comparison, &rest) {
                rest if rest.is_empty() => format!("{first}."),
                rest => format!("{first}. {}.", capitalised(&rest)),
            }
        }
        None if others.iter().all(|variant| is_withheld(record, variant)) => no_verdicts(record, &others),
        None => {
            let headline: Vec<String> = record.scenario.headline.iter().map(|name| spoken(name)).collect();
            let first = format!("No variant is better than {base} in {}", enumerated(&headline, "or"));
            match summary(record, comparison, &others) {
                rest if rest.is_empty() => format!("{first}."),
                rest => format!("{first}. {}.", capitalised(&rest)),
            }
        }
    }
}

/// Whether every headline measure of a variant is kept from a verdict.
fn is_withheld(record: &Record, variant: &VariantComparison) -> bool {
    let measures = record.scenario.headline.iter().filter_map(|name| variant.measure(name));
    let mut measures = measures.filter(|measure| measure.estimate.is_some()).peekable();
    measures.peek().is_some() && measures.all(|measure| measure.withheld.is_some())
}

/// Why nothing is said of any variant.
fn no_verdicts(record: &Record, others: &[&VariantComparison]) -> String {
    let mut reasons: Vec<String> = Vec::new();
    for variant in others {
        let measures = record.scenario.headline.iter().filter_map(|name| variant.measure(name));
        for reason in measures.filter_map(|measure| measure.withheld.as_ref()).map(Withheld::reason) {
            if !reasons.contains(&reason) {
                reasons.push(reason);
            }
        }
    }
    format!("No verdict: {}.", reasons.join("; "))
}

fn others(comparison: &Comparison) -> impl Iterator<Item = &VariantComparison> {
    let baseline = comparison.baseline;
    comparison
        .variants
        .iter()
        .enumerate()
        .filter(move |(index, _)| *index != baseline)
        .map(|(_, variant)| variant)
}

/// The variant that gains most in the first headline measure in which any gains.
fn best<'a>(record: &Record, comparison: &'a Comparison) -> Option<&'a VariantComparison> {
    record.scenario.headline.iter().find_map(|headline| {
        others(comparison)
            .filter_map(|variant| {
                let measure = variant.measure(headline)?;
                let gain = measure.difference?.estimate.mean.abs();
                (measure.verdict == Some(Verdict::Better)).then_some((variant, gain))
            })
            .max_by(|(_, a), (_, b)| a.total_cmp(b))
            .map(|(variant, _)| variant)
    })
}

/// `cuts the peak database load by 83 % (from 1,180/s to 201/s), the p99 latency by 41 % (...); hit ratio: a tie`.
fn effects(record: &Record, comparison: &Comparison, variant: &VariantComparison) -> String {
    let mut changed = Vec::new();
    let mut tied = Vec::new();
    for headline in &record.scenario.headline {
        let Some(measure) = variant.measure(headline) else { continue };
        match measure.verdict {
            Some(Verdict::Better | Verdict::Worse) => {
                changed.extend(effect(comparison, measure));
            }
            Some(Verdict::Tie) => tied.push(spoken(headline)),
            _ => {}
        }
    }
    let mut text = enumerated(&changed, "and");
    if !tied.is_empty() {
        text.push_str(&format!(
            "; {} {} a tie",
            enumerated(&tied, "and"),
            if tied.len() == 1 { "is" } else { "are" }
        ));
    }
    text
}

fn effect(comparison: &Comparison, measure: &MeasureComparison) -> Option<String> {
    let difference = measure.difference?.estimate.mean;
    let before = comparison.baseline().measure(&measure.name)?.estimate?;
    let after = measure.estimate?;
    let verb = match (difference < 0.0, measure.verdict) {
        (true, Some(Verdict::Better)) => "cuts",
        (true, _) => "lowers",
        (false, _) => "raises",
    };
    let scale = Scale::fitting(&measure.unit, before.mean.abs().max(after.mean.abs()));
    let after = scale.with_suffix(&plus_minus(&scale, &after));
    let range = format!("from {} to {after}", plus_minus(&scale, &before));
    let name = spoken(&measure.name);
    Some(match comparison.relative_difference(measure) {
        // A share changes by points: "by 5 %" of a ratio misleads.
        _ if measure.unit == "1" => format!("{verb} {name} {range}"),
        Some(relative) if relative >= 2.0 => format!("{verb} {name} {range}"),
        Some(relative) => format!("{verb} {name} by {} % ({range})", percent(relative.abs())),
        None => format!("{verb} {name} {range}"),
    })
}

/// The remaining variants, grouped by their verdict in the first headline measure.
fn summary(record: &Record, comparison: &Comparison, variants: &[&VariantComparison]) -> String {
    let Some(headline) = record.scenario.headline.first() else { return String::new() };
    let group = |wanted: Verdict| -> Vec<String> {
        variants
            .iter()
            .filter_map(|variant| {
                let measure = variant.measure(headline)?;
                if measure.verdict != Some(wanted) {
                    return None;
                }
                let amount = match wanted {
                    Verdict::Better | Verdict::Worse => short_change(comparison, measure),
                    _ => None,
                };
                Some(amount.map_or(variant.name.clone(), |amount| format!("{} ({amount})", variant.name)))
            })
            .collect()
    };
    let is = |names: &[String]| if names.len() == 1 { "is" } else { "are" };
    let mut parts = Vec::new();
    let (better, worse, tied) = (group(Verdict::Better), group(Verdict::Worse), group(Verdict::Tie));
    let on = spoken(headline);
    if !better.is_empty() {
        parts.push(format!("{} {} better too", enumerated(&better, "and"), is(&better)));
    }
    if !worse.is_empty() {
        parts.push(format!("{} {} worse", enumerated(&worse, "and"), is(&worse)));
    }
    if !tied.is_empty() {
        parts.push(format!("{} {} a tie", enumerated(&tied, "and"), is(&tied)));
    }
    if parts.is_empty() { String::new() } else { format!("in {on}, {}", parts.join("; ")) }
}

fn short_change(comparison: &Comparison, measure: &MeasureComparison) -> Option<String> {
    if measure.unit == "1" {
        return measure.difference.map(|difference| points(difference.estimate.mean));
    }
    comparison.relative_difference(measure).map(change)
}

/// A difference of two shares, in percentage points: `+3.1 points`.
pub fn points(difference: f64) -> String {
    format!("{} points", signed(&Scale::fitting("1", difference.abs()).number(difference)))
}

/// The headline figures of one variant: `base: hit ratio 96.4 %, peak database load 1,180/s`.
fn figures(record: &Record, variant: &VariantComparison) -> String {
    let figures: Vec<String> = record
        .scenario
        .headline
        .iter()
        .filter_map(|name| {
            let measure = variant.measure(name)?;
            let figure = |estimate: &Estimate| estimated(estimate, &measure.unit);
            let printed = match measure.by_state {
                Some(both) => enumerated(&both.iter().flatten().map(figure).collect::<Vec<_>>(), "or"),
                None => figure(&measure.estimate?),
            };
            Some(format!("{} {printed}", spoken(name)))
        })
        .collect();
    if figures.is_empty() {
        return format!("{}: no headline measure has a value", variant.name);
    }
    format!("{}: {}", variant.name, figures.join(", "))
}

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn enumerated(parts: &[String], word: &str) -> String {
    match parts {
        [] => String::new(),
        [only] => only.clone(),
        [start @ .., last] => format!("{} {word} {last}", start.join(", ")),
    }
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().collect::<String>() + letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::comparison::compare;
    use crate::record::AnswerRecord;
    use crate::record::fixture::{bimodal, stampede};

    fn with_author(digest: &str, claim: &str) -> Answer {
        let mut record = stampede(3);
        record.scenario.answer = Some(AnswerRecord {
            text: "Peak load falls from {ttl only:db.qps.peak} to {singleflight:db.qps.peak}.".to_string(),
            digest: if digest.is_empty() { record.scenario.digest.clone() } else { digest.to_string() },
            claims: vec![claim.to_string()],
        });
        answer(&record, &compare(&record))
    }

    #[test]
    fn the_authors_words_are_filled_from_the_record() {
        let answer = with_author("", "{singleflight:db.qps.peak} < 0.5 * {ttl only:db.qps.peak}");
        assert!(answer.by_author, "{answer:?}");
        assert_eq!(answer.words, "Peak load falls from 1,178/s to 415/s.");
        assert_eq!(answer.claims[0].holds, Some(true));
    }

    #[test]
    fn another_digest_or_a_broken_claim_silences_the_author() {
        let other = with_author("older", "{singleflight:db.qps.peak} < 0.5 * {ttl only:db.qps.peak}");
        assert!(!other.by_author && other.note.unwrap().contains("another version"));
        let broken = with_author("", "{singleflight:db.qps.peak} > {ttl only:db.qps.peak}");
        assert!(!broken.by_author && broken.note.unwrap().contains("does not hold"));
        assert_eq!(broken.claims[0].holds, Some(false));
    }

    #[test]
    fn without_an_author_the_verdicts_speak() {
        let record = stampede(5);
        insta::assert_snapshot!(answer(&record, &compare(&record)).words, @"Against ttl only, xfetch + singleflight cuts peak database load by 83.1 % (from 1,178 ± 18 to 199 ± 20/s), cuts p99 latency by 72.9 % (from 342 ± 8 to 92.6 ± 8.5 ms) and raises hit ratio from 91.9 ± 0.1 to 96.1 ± 0.04 %. In peak database load, singleflight (−64.7 %) and xfetch (−70.2 %) are better too; jitter is a tie.");
    }

    #[test]
    fn without_a_better_variant_it_says_so() {
        let record = stampede(2);
        let comparison = compare(&record);
        let mut record = record;
        record.scenario.headline = vec!["db.qps.peak".to_string()];
        let words = answer(&record, &comparison).words;
        assert_eq!(
            words,
            "No variant is better than ttl only in peak database load. In peak database load, jitter is a tie."
        );
    }

    #[test]
    fn two_states_are_answered_before_anything_else_and_never_by_their_mean() {
        let mut record = bimodal();
        assert_eq!(
            answer(&record, &compare(&record)).words,
            "a collapses in 5 of 10 runs: mean latency 1,200 ± 196 ms instead of 12.0 ± 2.0 ms, p99 latency 9,600 ± 1,571 ms \
             instead of 96 ± 16 ms. No verdict: a has two states, and their mean is that of no run."
        );
        record.scenario.answer = Some(AnswerRecord {
            text: "It takes {a:latency.all.mean_ms}.".to_string(),
            digest: record.scenario.digest.clone(),
            claims: Vec::new(),
        });
        let note = answer(&record, &compare(&record)).note.unwrap();
        assert!(note.ends_with("is a mean over two states."), "{note}");
    }

    #[test]
    fn other_traffic_is_no_answer() {
        let mut record = stampede(2);
        record.variants[1].settings = vec![("workload.arrivals.poisson.rate".to_string(), "10".to_string())];
        assert_eq!(
            answer(&record, &compare(&record)).words,
            "No verdict: its workload differs from the baseline's in workload.arrivals.poisson.rate."
        );
    }

    #[test]
    fn one_variant_or_few_replications_give_figures_only() {
        let record = stampede(1);
        assert!(answer(&record, &compare(&record)).words.starts_with("ttl only: peak database load"));
        let mut record = stampede(2);
        record.scenario.finished = 3;
        let answer = answer(&record, &compare(&record));
        assert!(answer.words.starts_with("3 replications are too few"));
        assert_eq!(answer.note.as_deref(), Some("Interrupted: 3 of 10 replications finished."));
    }
}
