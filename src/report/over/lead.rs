//! Which run is which, for the head of a page with two.

use super::section::Section;
use crate::experiment::answer::enumerated;
use crate::record::{Record, meaning};
use crate::report::format::with_unit;
use crate::report::versus::{Shown, Side};

/// A run in the head of a page.
#[derive(Clone, Debug, PartialEq)]
pub struct RunLine {
    /// By which the legend and the charts name it.
    pub label: String,
    /// `solid`, `pale and dashed`.
    pub drawn: &'static str,
    /// `stampede, seed 1, 10 replications of 2 min, herdlab 0.2.0, digest 0f3a…`.
    pub words: String,
}

/// The head of a page with a second run laid over it.
#[derive(Clone, Debug)]
pub struct Lead {
    pub runs: [RunLine; 2],
    /// Sentences on what the two do not have in common.
    pub notes: Vec<String>,
    /// Of a page that compares: each run against the first one.
    pub sections: Vec<Section>,
    /// The command that makes the page, where that is not the command of the run.
    pub command: Option<String>,
}

impl Lead {
    /// Of a run and the one laid over it.
    pub fn new(run: &Side<'_>, other: &Side<'_>) -> Lead {
        let line = |side: &Side<'_>, drawn| RunLine {
            label: side.label.to_owned(),
            drawn,
            words: described(side.record),
        };
        Lead {
            runs: [line(run, "solid"), line(other, "pale and dashed")],
            notes: notes(run, other),
            sections: Vec::new(),
            command: None,
        }
    }

    /// The same for a page that compares.
    pub fn compared(self, shown: &[Shown<'_>], command: &str) -> Lead {
        let sections = shown.iter().map(Section::new).collect();
        Lead { sections, command: Some(command.to_owned()), ..self }
    }

    /// `main against main~3`; `None` where nothing is compared.
    pub fn heading(&self) -> Option<String> {
        let (first, last) = (self.sections.first()?, self.sections.last()?);
        Some(format!("{} against {}", last.after, first.before))
    }

    /// The name of the second run.
    pub fn other(&self) -> &str {
        &self.runs[1].label
    }
}

fn described(record: &Record) -> String {
    let scenario = &record.scenario;
    let runs = match scenario.finished {
        1 => "1 replication".to_owned(),
        many => format!("{many} replications"),
    };
    let digest: String = scenario.digest.chars().take(12).collect();
    format!(
        "scenario {}, seed {}, {runs} of {}, herdlab {}, digest {digest}",
        scenario.name,
        scenario.seed,
        with_unit(scenario.duration_s, "s"),
        record.herdlab,
    )
}

fn notes(run: &Side<'_>, other: &Side<'_>) -> Vec<String> {
    let names = |side: &Side<'_>| -> Vec<String> {
        side.record.variants.iter().map(|variant| variant.name.clone()).collect()
    };
    let (own, theirs) = (names(run), names(other));
    let shared: Vec<&String> = own.iter().filter(|name| theirs.contains(name)).collect();
    if shared.is_empty() {
        let (own, theirs) = (enumerated(&own, "and"), enumerated(&theirs, "and"));
        return vec![format!(
            "No variant of {} ({theirs}) has the name of one of {} ({own}): nothing is laid over.",
            other.label, run.label
        )];
    }
    let without = |names: &[String], others: &[String]| -> Vec<String> {
        names.iter().filter(|name| !others.contains(name)).cloned().collect()
    };
    let mut notes = Vec::new();
    for (side, missing) in [(run, without(&own, &theirs)), (other, without(&theirs, &own))] {
        if !missing.is_empty() {
            let drawn = if side.label == other.label { ", not drawn" } else { "" };
            notes.push(format!("Only in {}{drawn}: {}.", side.label, enumerated(&missing, "and")));
        }
    }
    let differ = |what: &str, of: &dyn Fn(&Record) -> f64| {
        let [own, theirs] = [run, other].map(|side| of(side.record));
        (own != theirs).then(|| {
            format!(
                "{what} differ: {} in {}, {} in {}.",
                with_unit(own, "s"),
                run.label,
                with_unit(theirs, "s"),
                other.label
            )
        })
    };
    notes.extend(differ("Durations", &|record| record.scenario.duration_s));
    notes.extend(differ("Warm-ups", &|record| record.scenario.warmup_s));
    notes.extend(differ("Windows of the series", &|record| {
        record.variants.first().map_or(0.0, |variant| variant.windows.width_s)
    }));
    notes.extend(meaning::caution(other.record).map(|caution| format!("{}: {caution}", other.label)));
    notes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::fixture::stampede;

    #[test]
    fn the_head_names_both_runs_and_what_they_do_not_have_in_common() {
        let (run, mut other) = (stampede(2), stampede(3));
        other.scenario.seed = 7;
        other.scenario.duration_s = 60.0;
        other.variants.remove(1);
        let lead = Lead::new(&Side { label: "new", record: &run }, &Side { label: "old", record: &other });
        assert_eq!((lead.runs[0].drawn, lead.other()), ("solid", "old"));
        assert!(
            lead.runs[1]
                .words
                .starts_with("scenario stampede, seed 7, 10 replications of 60 s, herdlab 0.2.0, digest "),
            "{}",
            lead.runs[1].words
        );
        assert_eq!(
            lead.notes,
            [
                "Only in new: jitter.",
                "Only in old, not drawn: singleflight.",
                "Durations differ: 120 s in new, 60 s in old."
            ]
        );
    }

    #[test]
    fn runs_without_a_common_variant_say_so() {
        let (run, mut other) = (stampede(1), stampede(1));
        other.variants[0].name = "else".to_owned();
        let lead = Lead::new(&Side { label: "new", record: &run }, &Side { label: "old", record: &other });
        assert_eq!(
            lead.notes,
            ["No variant of old (else) has the name of one of new (ttl only): nothing is laid over."]
        );
    }
}
