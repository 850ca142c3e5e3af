//! The candidates as rows, best first: of tables, of files and of charts.

use super::words::{name, objective_figure, objective_name};
use crate::catalog::spoken;
use crate::experiment::comparison::Verdict;
use crate::experiment::recommend::record::{CandidateRecord, RecommendRecord};
use crate::experiment::recommend::{Found, Keeping, Outcome, stands};
use crate::experiment::statistics::{Estimate, estimate};
use crate::experiment::threshold::Standing;
use crate::model::Objective;
use crate::report::csv::{Rows, plain};
use crate::report::format::{estimated, with_unit};

/// How a candidate looks in charts and tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// The one that the answer names.
    Found,
    /// Keeps all limits with certainty.
    Kept,
    /// Keeps them by its means.
    Unsure,
    Broken,
}

/// A candidate.
pub(super) struct Row {
    pub found: Found,
    pub class: Class,
    /// `recommended`, `tie`, `dropped after 2 replications`.
    pub verdict: String,
    /// `kept`, `kept by the means`, `breaks peak database load`.
    pub limits: String,
}

/// The candidates of a record.
pub(super) struct Candidates<'r> {
    pub record: &'r RecommendRecord,
    /// The one that was found, its rivals, the others that were left at the end, then those that were dropped; those that keep the
    /// limits first, by their objective.
    pub rows: Vec<Row>,
}

/// A cell of the table.
pub(super) struct Cell {
    pub text: String,
    /// To sort by: a number, or the text.
    pub sort: String,
    pub class: &'static str,
}

/// A column of the table.
pub(super) struct Column {
    /// In words.
    pub head: String,
    /// The name of the measure; empty where the head is that.
    pub name: String,
    pub is_text: bool,
}

impl<'r> Candidates<'r> {
    pub fn of(record: &'r RecommendRecord, outcome: &Outcome) -> Candidates<'r> {
        let mut rows = Vec::new();
        match outcome {
            Outcome::Winner { winner, rivals, .. } => {
                rows.push(row(record, winner.clone(), Class::Found, "recommended".to_owned()));
                for rival in rivals {
                    let class = class(&rival.found);
                    rows.push(row(record, rival.found.clone(), class, verdict(rival.verdict).to_owned()));
                }
            }
            Outcome::Undecided { best } => {
                rows.push(row(record, best.clone(), Class::Found, "best, not certain".to_owned()));
            }
            Outcome::Nothing { closest } => {
                rows.push(row(record, closest.clone(), Class::Found, "closest".to_owned()));
            }
        }
        let is_named = |index: &usize| rows.iter().any(|row: &Row| row.found.candidate == *index);
        let others = (0..record.candidates.len()).filter(|index| !is_named(index));
        let mut others: Vec<Row> = others
            .map(|index| {
                let found = stands(record, index);
                let verdict = match record.is_finalist(index) {
                    true => String::new(),
                    false => dropped_after(record.candidates[index].replications),
                };
                let class = class(&found);
                row(record, found, class, verdict)
            })
            .collect();
        let sign = record.direction.sign();
        let value = |row: &Row| row.found.objective.map_or(f64::INFINITY, |known| sign * known.mean);
        others.sort_by(|a, b| {
            let group = |row: &Row| (!record.is_finalist(row.found.candidate), row.class == Class::Broken);
            group(a).cmp(&group(b)).then(value(a).total_cmp(&value(b)))
        });
        rows.extend(others);
        Candidates { record, rows }
    }

    pub fn candidate(&self, row: &Row) -> &'r CandidateRecord {
        &self.record.candidates[row.found.candidate]
    }

    /// Whether a row has all replications.
    pub fn is_finalist(&self, row: &Row) -> bool {
        self.record.is_finalist(row.found.candidate)
    }

    /// A measure of a row; the objective as it is judged.
    pub fn estimate(&self, row: &Row, measure: &str) -> Option<Estimate> {
        if self.record.objective == Objective::Measure(measure.to_owned()) {
            return row.found.objective;
        }
        let values = &self.candidate(row).measure(measure)?.values;
        estimate(&values.iter().flatten().copied().collect::<Vec<_>>())
    }

    /// The unit of a measure.
    pub fn unit(&self, measure: &str) -> &'r str {
        let known = self.record.candidates.iter().find_map(|candidate| candidate.measure(measure));
        known.map_or("", |known| known.unit.as_str())
    }

    /// The value of a knob in a row, as people read it; `pinned` and `any` where it has none.
    pub fn setting(&self, row: &Row, knob: usize) -> String {
        let candidate = self.candidate(row);
        let path = &self.record.knobs[knob].path;
        let free = candidate.settings.iter().find(|setting| setting.path == *path);
        let pinned = candidate.pinned.iter().find(|(known, _)| known == path);
        match (free, pinned) {
            (Some(setting), _) => setting.label.clone(),
            (None, Some((_, label))) => format!("{label} (pinned)"),
            (None, None) => "any".to_owned(),
        }
    }

    /// The settings without their paths: `48.4s, 4000, refresh ahead`.
    pub fn short_name(&self, row: &Row) -> String {
        let settings = (0..self.record.knobs.len()).map(|knob| self.setting(row, knob));
        settings.chain(self.variant(row).map(str::to_owned)).collect::<Vec<_>>().join(", ")
    }

    /// The meaning of the parts of a short name.
    pub fn short_name_of(&self) -> String {
        let paths = self.record.knobs.iter().map(|knob| knob.path.as_str());
        paths.chain((self.record.variants.len() > 1).then_some("variant")).collect::<Vec<_>>().join(", ")
    }

    /// The variant, where there are several.
    fn variant(&self, row: &Row) -> Option<&'r str> {
        let variants = &self.record.variants;
        (variants.len() > 1).then(|| variants[self.candidate(row).variant].name.as_str())
    }

    /// Everything about a row in one line, for a pointer that rests on it.
    pub fn told(&self, row: &Row) -> String {
        let figure = row.found.objective.map_or("no value".to_owned(), |known| {
            format!("{} {}", objective_name(self.record), objective_figure(self.record, &known))
        });
        let words = [figure, self.limits_in_words(row), row.verdict.clone()];
        let words = words.into_iter().filter(|words| !words.is_empty()).collect::<Vec<_>>();
        format!("{}: {}", name(self.record, &row.found), words.join("; "))
    }

    /// `limits kept`, `breaks peak database load`; empty without limits.
    pub fn limits_in_words(&self, row: &Row) -> String {
        match row.limits.as_str() {
            "" => String::new(),
            words if row.class == Class::Broken => words.to_owned(),
            words => format!("limits {words}"),
        }
    }

    /// The measures that the table shows beside the objective: those of the limits, and the cost.
    pub fn shown(&self) -> Vec<&'r str> {
        let limited = |name: &&String| self.record.limits.iter().any(|limit| limit.measure == **name);
        let objective = self.record.objective.name();
        let shown = self.record.measures.iter().filter(|name| limited(name) || *name == "cost.month");
        shown.map(String::as_str).filter(|name| *name != objective).collect()
    }

    pub fn columns(&self) -> Vec<Column> {
        let text = |head: &str| Column { head: head.to_owned(), name: String::new(), is_text: true };
        let measure = |name: &str| Column { head: spoken(name), name: name.to_owned(), is_text: false };
        let mut columns: Vec<Column> = self.record.knobs.iter().map(|knob| text(&knob.path)).collect();
        columns.extend((self.record.variants.len() > 1).then(|| text("variant")));
        if let Objective::Measure(name) = &self.record.objective {
            columns.push(measure(name));
        }
        columns.extend(self.shown().into_iter().map(measure));
        if !self.record.limits.is_empty() {
            columns.push(text("limits"));
        }
        columns.push(text("verdict"));
        if self.record.in_worlds {
            columns.push(Column { head: "largest regret".to_owned(), name: String::new(), is_text: false });
        }
        columns
    }

    /// The cells of a row, one for each of the columns.
    pub fn cells(&self, row: &Row) -> Vec<Cell> {
        let cell = |text: String| Cell { sort: text.clone(), text, class: "" };
        let mut cells: Vec<Cell> = (0..self.record.knobs.len())
            .map(|knob| {
                let place = self.record.place(self.candidate(row), knob);
                let value = place.and_then(|place| self.record.knobs[knob].values[place].value);
                let text = self.setting(row, knob);
                Cell { sort: value.map_or(text.clone(), |value| value.to_string()), text, class: "" }
            })
            .collect();
        cells.extend(self.variant(row).map(|variant| cell(variant.to_owned())));
        let objective = match &self.record.objective {
            Objective::Measure(name) => Some(name.as_str()),
            Objective::Knob(_) => None,
        };
        for name in objective.into_iter().chain(self.shown()) {
            let known = self.estimate(row, name);
            let text = known.map_or("–".to_owned(), |known| estimated(&known, self.unit(name)));
            let beyond = row.found.limits.iter().any(|limit| {
                limit.judgement.threshold.measure == name && limit.judgement.standing == Standing::Broken
            });
            let sort = known.map_or(String::new(), |known| known.mean.to_string());
            cells.push(Cell { sort, text, class: if beyond { "worse" } else { "" } });
        }
        if !self.record.limits.is_empty() {
            let class = match row.found.keeping {
                Keeping::Certain => "better",
                Keeping::Undecided => "soft",
                Keeping::Broken => "worse",
            };
            cells.push(Cell { class, ..cell(row.limits.clone()) });
        }
        let class = if row.class == Class::Found { "better" } else { "" };
        cells.push(Cell { class, ..cell(row.verdict.clone()) });
        if self.record.in_worlds {
            let regret = row.found.regret.map(|regret| regret.max);
            let text = regret.map_or("–".to_owned(), |regret| with_unit(regret, &self.record.unit));
            let sort = regret.map_or(String::new(), |regret| regret.to_string());
            cells.push(Cell { sort, text, class: "" });
        }
        cells
    }
}

fn row(record: &RecommendRecord, found: Found, class: Class, verdict: String) -> Row {
    Row { limits: limits(record, &found), found, class, verdict }
}

fn class(found: &Found) -> Class {
    match found.keeping {
        Keeping::Certain => Class::Kept,
        Keeping::Undecided => Class::Unsure,
        Keeping::Broken => Class::Broken,
    }
}

fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Better => "better, not certain to keep the limits",
        other => other.word(),
    }
}

fn dropped_after(replications: u32) -> String {
    match replications {
        1 => "dropped after 1 replication".to_owned(),
        more => format!("dropped after {more} replications"),
    }
}

/// Empty where no limit is about the candidate.
fn limits(record: &RecommendRecord, found: &Found) -> String {
    let broken: Vec<String> = found
        .limits
        .iter()
        .filter(|limit| limit.judgement.standing == Standing::Broken)
        .map(|limit| spoken(&limit.judgement.threshold.measure))
        .collect();
    match found.keeping {
        _ if record.limits.is_empty() || found.limits.is_empty() => String::new(),
        Keeping::Certain => "kept".to_owned(),
        Keeping::Undecided => "kept by the means".to_owned(),
        Keeping::Broken => format!("breaks {}", broken.join(", ")),
    }
}

/// `recommend.csv`: a row for each candidate, best first. The columns of the knobs bear their paths and hold the values as people
/// read them; each measure has its mean and the ends of its interval.
pub fn tidy(record: &RecommendRecord, outcome: &Outcome) -> String {
    let all = Candidates::of(record, outcome);
    let knobs = record.knobs.iter().map(|knob| knob.path.clone());
    let fixed = ["variant", "verdict", "limits", "broken", "replications", "regret_mean", "regret_max"];
    let of_measure = |name: &String| [name.clone(), format!("{name}.lower"), format!("{name}.upper")];
    let heads = knobs.chain(fixed.map(str::to_owned)).chain(record.measures.iter().flat_map(of_measure));
    let heads: Vec<String> = heads.collect();
    let mut rows = Rows::new(&heads.iter().map(String::as_str).collect::<Vec<_>>());
    for row in &all.rows {
        let candidate = all.candidate(row);
        let own = |path: &str| {
            let setting = candidate.settings.iter().find(|setting| setting.path == path);
            let pinned = candidate.pinned.iter().find(|(known, _)| known == path);
            setting.map(|setting| setting.label.clone()).or(pinned.map(|(_, label)| label.clone()))
        };
        let mut texts: Vec<String> =
            record.knobs.iter().map(|knob| own(&knob.path).unwrap_or_default()).collect();
        let broken: Vec<&str> = row
            .found
            .limits
            .iter()
            .filter(|limit| limit.judgement.standing == Standing::Broken)
            .map(|limit| limit.judgement.threshold.measure.as_str())
            .collect();
        texts.extend([
            record.variants[candidate.variant].name.clone(),
            row.verdict.clone(),
            row.found.keeping.word().to_owned(),
            broken.join(" "),
            candidate.replications.to_string(),
            plain(row.found.regret.map(|regret| regret.mean)),
            plain(row.found.regret.map(|regret| regret.max)),
        ]);
        for name in &record.measures {
            let known = all.estimate(row, name);
            let interval = known.and_then(|known| known.interval);
            texts.push(plain(known.map(|known| known.mean)));
            texts.push(plain(interval.map(|(low, _)| low)));
            texts.push(plain(interval.map(|(_, high)| high)));
        }
        rows.push(&texts.iter().map(String::as_str).collect::<Vec<_>>());
    }
    rows.finish()
}
