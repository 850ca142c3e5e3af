//! The sentences of the page: the answer with its intervals, headline figures, claims, events, the command.

use crate::catalog::claim::{self, Piece};
use crate::catalog::spoken;
use crate::experiment::answer::{Answer, enumerated};
use crate::experiment::comparison::{Comparison, MeasureComparison, VariantComparison, Verdict};
use crate::experiment::statistics::Estimate;
use crate::record::{EventRecord, Record, ScenarioRecord};
use crate::report::format::{Scale, common_scale, difference, number, plus_minus, unbroken};
use crate::report::remarks;
pub use crate::scenario::command::quoted;
pub(in crate::report) use crate::scenario::command::{again, named};

/// A part of the answer: words, or a figure with its interval and unit.
#[derive(Debug, PartialEq)]
pub(super) struct AnswerPart {
    pub text: String,
    /// ` ± 31`; empty for words.
    pub interval: String,
    pub unit: String,
}

/// The answer, the author's figures with half the width of their intervals.
pub(super) fn answer_parts(record: &Record, comparison: &Comparison, answer: &Answer) -> Vec<AnswerPart> {
    let words =
        |text: &str| AnswerPart { text: unbroken(text), interval: String::new(), unit: String::new() };
    let author = record.scenario.answer.as_ref().filter(|_| answer.by_author);
    let pieces = author.and_then(|author| claim::pieces(&author.text).ok());
    let parts: Option<Vec<AnswerPart>> = pieces.and_then(|pieces| {
        let part = |piece| match piece {
            Piece::Text(text) => Some(words(&text)),
            Piece::Value(reference) => {
                let measure = comparison.variant(&reference.variant)?.measure(&reference.measure)?;
                Some(figure_part(&measure.estimate?, &measure.unit))
            }
        };
        pieces.into_iter().map(part).collect()
    });
    parts.unwrap_or_else(|| vec![words(&answer.words)])
}

fn figure_part(estimate: &Estimate, unit: &str) -> AnswerPart {
    let scale = Scale::fitting(unit, estimate.mean.abs());
    let printed = plus_minus(&scale, estimate);
    let (mean, interval) = match printed.split_once(" ± ") {
        // Nothing random: nothing to add.
        Some((mean, "0")) => (mean.to_string(), String::new()),
        Some((mean, half)) => (mean.to_string(), format!("\u{a0}±\u{a0}{half}")),
        None => (printed, String::new()),
    };
    let unit = scale.with_suffix("").replace(' ', "\u{a0}");
    AnswerPart { text: mean, interval, unit }
}

/// A headline measure at a glance: the baseline and the variant that gains most.
pub(super) struct Highlight<'a> {
    pub measure: String,
    pub baseline: String,
    pub best: Option<Best<'a>>,
    /// Why there is no best.
    pub none: &'static str,
}

pub(super) struct Best<'a> {
    pub variant: &'a str,
    pub figure: String,
    pub difference: String,
}

/// One per headline measure that the baseline has a value of.
pub(super) fn highlights<'a>(record: &Record, comparison: &'a Comparison) -> Vec<Highlight<'a>> {
    let highlight = |name: &String| {
        let scale = common_scale(comparison, name)?;
        let figure = |estimate: &Estimate| super::whole(&scale.with_suffix(&plus_minus(&scale, estimate)));
        let of_baseline = |measure: &MeasureComparison| match measure.by_state {
            Some(both) => Some(enumerated(&both.iter().flatten().map(figure).collect::<Vec<_>>(), "or")),
            None => measure.estimate.as_ref().map(figure),
        };
        let better = |variant: &'a VariantComparison| -> Option<(&'a str, &'a MeasureComparison, f64)> {
            let measure = variant.measure(name).filter(|measure| measure.verdict == Some(Verdict::Better))?;
            Some((&variant.name, measure, measure.difference?.estimate.mean.abs()))
        };
        let best = comparison.variants.iter().filter_map(better).max_by(|a, b| a.2.total_cmp(&b.2));
        let mut others =
            comparison.variants.iter().enumerate().filter(|(index, _)| *index != comparison.baseline);
        let withheld = |variant: &VariantComparison| {
            variant.measure(name).is_some_and(|measure| measure.withheld.is_some())
        };
        let none = match others.all(|(_, variant)| withheld(variant)) {
            true => "no verdict",
            false => "no variant is better",
        };
        Some(Highlight {
            none,
            measure: spoken(name),
            baseline: of_baseline(comparison.baseline().measure(name)?)?,
            best: best.and_then(|(variant, measure, _)| {
                let figure = figure(&measure.estimate?);
                Some(Best { variant, figure, difference: super::whole(&difference(comparison, measure)) })
            }),
        })
    };
    record.scenario.headline.iter().filter_map(highlight).collect()
}

/// Legend of the table of verdicts.
pub(super) fn table_note(record: &Record, comparison: &Comparison) -> String {
    let finished = record.scenario.finished;
    if comparison.variants.len() == 1 {
        return format!("Means over {finished} replications ± half the 95 % interval.");
    }
    format!(
        "Means over {finished} replications ± half the 95 % interval; below, the paired difference to {} (pt: percentage \
         points). Measures with * get a verdict: paired t-test with Holm's correction and sign-flip test, both below 5 %, \
         and at least 1 % of the baseline. A tie has its minimum detectable effect (MDE): the smallest difference that would not have been one (found with \
         a probability of 80 %).",
        comparison.baseline().name
    )
}

/// Each claim of the author, whether it holds, and the class of that word.
pub(super) fn claims(answer: &Answer) -> Vec<(&str, &'static str, &'static str)> {
    let word = |holds| match holds {
        Some(true) => ("holds", "better"),
        Some(false) => ("does not hold", "worse"),
        None => ("has no value here", "soft"),
    };
    let told = answer.claims.iter().map(|tested| (tested.claim.as_str(), word(tested.holds)));
    told.map(|(claim, (word, class))| (claim, word, class)).collect()
}

/// Label, words and times of every event.
pub(super) fn events(record: &Record) -> Vec<(String, String, String)> {
    let when = |at_s: f64, end_s: f64| match end_s > at_s {
        true => format!("{} to {} s", number(at_s), number(end_s)),
        false => format!("at {} s", number(at_s)),
    };
    let told = |event: &EventRecord| {
        let mut when = when(event.at_s, event.end_s);
        if !remarks::happened(record, event) {
            when.push_str(": did not happen, the run ends before");
        }
        (event.label.clone(), event.text.clone(), when)
    };
    remarks::events(record).into_iter().map(told).collect()
}

/// The command that makes the same record.
pub(super) fn command(record: &Record) -> String {
    let ScenarioRecord { source_path, source, after, command, overrides, .. } = &record.scenario;
    if let Some(command) = command {
        return command.clone();
    }
    let worlds = record
        .worlds
        .as_ref()
        .map_or(String::new(), |worlds| format!(" --worlds {}x{}", worlds.wanted, worlds.replications));
    match after {
        None => again("run", named(source_path, source), overrides) + &worlds,
        Some(after) => {
            let before = quoted(named(source_path, source));
            again(&format!("diff {before}"), named(&after.source_path, &after.source), overrides)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::{answer::answer, comparison::compare};
    use crate::record::AnswerRecord;
    use crate::record::fixture::stampede;
    use crate::scenario::bundled;

    #[test]
    fn the_authors_figures_carry_their_intervals() {
        let mut record = stampede(3);
        record.scenario.answer = Some(AnswerRecord {
            text: "From {ttl only:db.qps.peak} to {singleflight:db.qps.peak}.".to_string(),
            digest: record.scenario.digest.clone(),
            claims: Vec::new(),
        });
        let comparison = compare(&record);
        let parts = answer_parts(&record, &comparison, &answer(&record, &comparison));
        let text: String =
            parts.iter().map(|part| format!("{}[{}]{}", part.text, part.interval, part.unit)).collect();
        assert_eq!(text, "From []1,178[\u{a0}±\u{a0}18]/s to []415[\u{a0}±\u{a0}20]/s.[]");
    }

    #[test]
    fn a_highlight_names_the_variant_that_gains_most() {
        let record = stampede(5);
        let comparison = compare(&record);
        let highlights = highlights(&record, &comparison);
        let load = &highlights[0];
        let best = load.best.as_ref().unwrap();
        assert_eq!((load.measure.as_str(), best.variant), ("peak database load", "xfetch + singleflight"));
        assert!(load.baseline.starts_with("1,178\u{a0}±") && best.difference.starts_with("−83.1\u{a0}±"));
        let mut record = stampede(5);
        record.variants.iter_mut().skip(1).for_each(|variant| {
            variant.settings = vec![("workload.keys".to_string(), "1".to_string())];
        });
        let comparison = compare(&record);
        let withheld = super::highlights(&record, &comparison).remove(0);
        assert_eq!((withheld.best.is_none(), withheld.none), (true, "no verdict"));
        // A tie is no gain.
        let record = stampede(2);
        assert!(super::highlights(&record, &compare(&record))[0].best.is_none());
    }

    #[test]
    fn a_bundled_scenario_is_run_by_its_name_and_a_file_by_its_path() {
        let mut record = stampede(1);
        record.scenario.source = bundled::get("stampede").unwrap().source.to_string();
        assert_eq!(command(&record), "herdlab run stampede");
        record.scenario.source.push_str("# changed\n");
        assert_eq!(command(&record), "herdlab run scenarios/stampede.toml");
    }

    #[test]
    fn events_beyond_the_end_of_the_run_did_not_happen() {
        let mut record = stampede(1);
        record.scenario.duration_s = 80.0;
        let when: Vec<String> = events(&record).into_iter().map(|(_, _, when)| when).collect();
        assert_eq!(when, ["at 60 s", "80 to 95 s: did not happen, the run ends before"]);
    }

    #[test]
    fn the_command_survives_a_shell() {
        let mut record = stampede(1);
        record.scenario.overrides =
            ["tier.l2.ttl=\"5s\"", "workload.keys=10", "duration=30s", "variant=no cache"]
                .map(String::from)
                .to_vec();
        assert_eq!(
            command(&record),
            "herdlab run scenarios/stampede.toml --set 'tier.l2.ttl=\"5s\"' --set workload.keys=10 --duration 30s \
             --variant 'no cache'"
        );
    }
}
