//! One page: its scenario, today beside the setting in question, and the task under way.

use std::path::Path;

use super::DIGEST;
use super::ask::{draft_duration, settings};
use super::figures;
use super::measures::measures;
use super::protocol::{
    Ask, Asked, Estimate, Failed, Figures, Measure, Open, Opened, Problem, Request, Results, Step, Stepped,
};
use crate::experiment::task::{KnownTables, Task};
use crate::model::Experiment;
use crate::report::json::to_json;
use crate::scenario::command::quoted;
use crate::scenario::digest::fingerprint;
use crate::scenario::estimate::plan;
use crate::scenario::knobs::Knob;
use crate::scenario::patch::patched;
use crate::scenario::{Diagnostics, Overrides, parse, parse_with_warnings};
use crate::units::approximate_bytes;

/// What a tab of a browser may take, with room for the page itself.
pub const MEMORY_BYTES_MAX: f64 = 1.2e9;
/// Lengths of time for which today is kept.
const KEPT_MAX: usize = 4;

/// The engine of one page.
#[derive(Default)]
pub struct Session(Option<Opening>);

/// A scenario that is open.
struct Opening {
    source: String,
    path: String,
    command: String,
    set: Vec<(String, String)>,
    base: Experiment,
    knobs: Vec<Knob>,
    measures: Vec<Measure>,
    known: KnownTables,
    /// Today by the simulated time as it was set, the one used last at the end.
    today: Vec<(Option<String>, Task)>,
    asked: Option<Running>,
}

/// The task under way.
struct Running {
    task: Task,
    draft: bool,
    /// By variant: it is today's system, and what is simulated of that is not simulated again.
    is_today: Vec<bool>,
}

impl Session {
    /// The answer to a question, both as JSON.
    pub fn answer(&mut self, question: &str) -> String {
        let text = serde_json::from_str(question)
            .map_err(|error| format!("the question is not understood: {error}"))
            .and_then(|request| self.answered(request));
        text.or_else(|error| encoded(&Failed { error }))
            .unwrap_or_else(|error| format!("{{\"error\":{}}}", serde_json::Value::from(error)))
    }

    fn answered(&mut self, request: Request) -> Result<String, String> {
        if let Request::Open(open) = request {
            let (opening, opened) = Opening::new(open).map_err(|problems| problems.to_string())?;
            self.0 = Some(opening);
            return encoded(&opened);
        }
        let opening = self.0.as_mut().ok_or("no scenario is open")?;
        match request {
            Request::Open(_) => Err("it is open already".to_owned()),
            Request::Ask(ask) => encoded(&opening.ask(&ask)?),
            Request::Step(Step { events }) => encoded(&opening.step(events)?),
            Request::Figures {} => encoded(&opening.figures()?),
            Request::Results {} => encoded(&opening.results()?),
        }
    }
}

fn encoded(answer: &impl serde::Serialize) -> Result<String, String> {
    serde_json::to_string(answer).map_err(|error| error.to_string())
}

impl Opening {
    fn new(open: Open) -> Result<(Opening, Opened), Diagnostics> {
        let Open { source, path, command, sweep, set, knobs: known, files } = open;
        #[cfg(not(feature = "native"))]
        crate::trace::source::hold(files.into_iter().map(|(name, text)| {
            let bytes: Vec<u8> = text.chars().map(|one| one as u8).collect();
            (name.into(), bytes.into())
        }));
        #[cfg(feature = "native")]
        drop(files);
        let overrides = Overrides { set: set.clone(), ..Overrides::default() };
        let (base, warnings) = parse_with_warnings(&source, &path, Path::new(""), &overrides)?;
        let knobs = match known {
            Some(known) => known,
            None => found(&source, &path, &overrides, &sweep)?,
        };
        let measures = measures(&base);
        let model = &base.variants[base.baseline].model;
        let opened = Opened {
            name: base.name.clone(),
            question: base.question.clone(),
            variants: base.variants.iter().map(|variant| variant.name.clone()).collect(),
            baseline: base.variants[base.baseline].name.clone(),
            duration_s: model.duration_ns as f64 / 1e9,
            warmup_s: model.warmup_ns as f64 / 1e9,
            replications: base.replications,
            seed: base.seed.to_string(),
            version: env!("CARGO_PKG_VERSION"),
            digest: DIGEST,
            knobs: knobs.clone(),
            measures: measures.clone(),
            problems: warnings.notes().into_iter().map(|note| note.text).collect(),
        };
        let (known, today, asked) = (KnownTables::default(), Vec::new(), None);
        let command = command.unwrap_or_else(|| path.clone());
        Ok((Opening { source, path, command, set, base, knobs, measures, known, today, asked }, opened))
    }

    /// Begins a task in the place of the one before. Nothing is simulated yet.
    fn ask(&mut self, ask: &Ask) -> Result<Asked, String> {
        self.asked = None;
        let mut answer = Asked {
            problem: None,
            estimate: Estimate::default(),
            toml: String::new(),
            command: String::new(),
        };
        let set = match settings(&self.knobs, ask) {
            Ok(set) => set,
            Err(problem) => return Ok(Asked { problem: Some(problem), ..answer }),
        };
        answer.toml = self.toml(&set);
        let mut overrides = Overrides {
            set: self.set.iter().cloned().chain(set.iter().cloned()).collect(),
            duration: ask.duration.clone(),
            replications: ask.replications,
            variants: ask.variants.clone(),
            ..Overrides::default()
        };
        let whole = match self.experiment(&overrides) {
            Ok(experiment) => experiment,
            Err(problems) => {
                answer.problem = Some(problem_of(&problems, &set));
                return Ok(answer);
            }
        };
        answer.command = self.command(&overrides, !whole.inputs.is_empty());
        let estimated = plan(&whole, 1);
        answer.estimate = Estimate { events: estimated.events, memory_bytes: estimated.memory_bytes };
        if estimated.memory_bytes > MEMORY_BYTES_MAX {
            let part = estimated.biggest.map(|item| format!("; the largest part is {}", item.what));
            answer.problem = Some(Problem {
                path: String::new(),
                text: format!(
                    "this takes about {} of memory, and a page has {}{}. The command simulates it",
                    approximate_bytes(estimated.memory_bytes),
                    approximate_bytes(MEMORY_BYTES_MAX),
                    part.unwrap_or_default()
                ),
            });
            return Ok(answer);
        }
        let experiment = if ask.draft {
            overrides.replications = Some(1);
            overrides.duration = draft_duration(&whole).or(overrides.duration);
            self.experiment(&overrides).map_err(|problems| problems.to_string())?
        } else {
            whole
        };
        self.keep_today(&overrides.duration, experiment.replications)?;
        let own = &self.now().experiment().variants[0].model;
        let print = fingerprint(own, experiment.seed);
        let is_today: Vec<bool> =
            experiment.variants.iter().map(|one| fingerprint(&one.model, experiment.seed) == print).collect();
        self.asked = Some(Running { task: Task::new(experiment), draft: ask.draft, is_today });
        Ok(answer)
    }

    /// The scenario with the settings in it; where the file would then have settings without effect, which the checker refuses in a
    /// file, the settings stand above it.
    fn toml(&self, set: &[(String, String)]) -> String {
        let own = Overrides { set: self.set.clone(), ..Overrides::default() };
        let accepted = |text: &String| parse(text, &self.path, Path::new(""), &own).is_ok();
        patched(&self.source, set).filter(accepted).unwrap_or_else(|| {
            let options: Vec<String> =
                set.iter().map(|(path, value)| format!("# --set {path}={value}\n")).collect();
            options.concat() + &self.source
        })
    }

    fn experiment(&self, overrides: &Overrides) -> Result<Experiment, Diagnostics> {
        parse(&self.source, &self.path, Path::new(""), overrides)
    }

    /// The baseline without settings, for as long a time; the same one where it was simulated before.
    fn keep_today(&mut self, duration: &Option<String>, replications: u32) -> Result<(), String> {
        match self.today.iter().position(|(known, _)| known == duration) {
            Some(place) => {
                let known = self.today.remove(place);
                self.today.push(known);
            }
            None => {
                let overrides = Overrides {
                    set: self.set.clone(),
                    duration: duration.clone(),
                    replications: Some(replications),
                    variants: vec![self.base.variants[self.base.baseline].name.clone()],
                    ..Overrides::default()
                };
                let experiment = self.experiment(&overrides).map_err(|problems| problems.to_string())?;
                // As many replications as the setting in question takes, not as its own spread would.
                self.today.push((duration.clone(), Task::new(Experiment { precision: None, ..experiment })));
            }
        }
        let beyond = self.today.len().saturating_sub(KEPT_MAX);
        self.today.drain(..beyond);
        Ok(())
    }

    /// The command of the whole run.
    fn command(&self, overrides: &Overrides, has_ranges: bool) -> String {
        let mut command = format!("herdlab run {}", quoted(&self.command));
        let mut add = |option: &str, value: &str| command.push_str(&format!(" {option} {}", quoted(value)));
        overrides.set.iter().for_each(|(path, value)| add("--set", &format!("{path}={value}")));
        overrides.replications.iter().for_each(|number| add("--replications", &number.to_string()));
        overrides.duration.iter().for_each(|duration| add("--duration", duration));
        overrides.variants.iter().for_each(|name| add("--variant", name));
        // A page simulates the central values alone.
        if has_ranges { command + " --worlds 0" } else { command }
    }

    /// Today's task for the task under way.
    fn now(&self) -> &Task {
        // One is kept before there is a task.
        &self.today[self.today.len() - 1].1
    }

    /// Goes on: today first, then the variants in turns.
    fn step(&mut self, events: u64) -> Result<Stepped, String> {
        let Some(running) = &mut self.asked else { return Err("nothing was asked".to_owned()) };
        let Some((_, today)) = self.today.last_mut() else { return Err("nothing was asked".to_owned()) };
        let Running { task, is_today, .. } = running;
        let mut changed = false;
        if !task.is_done() {
            let next = task.next();
            let round = task.finished(next) + 1;
            today.want(round);
            let stepped = if today.finished(0) < round {
                today.step(events, &mut self.known)
            } else if is_today[next] && today.finished(0) <= task.wanted() {
                task.take_over(next, today);
                Ok(Some(next))
            } else {
                task.step(events, &mut self.known)
            };
            changed = stepped.map_err(|error| error.to_string())?.is_some();
        }
        Ok(Stepped { done: task.is_done(), progress: task.progress(), changed })
    }

    fn figures(&self) -> Result<Figures, String> {
        let Some(Running { task, draft, .. }) = &self.asked else {
            return Err("nothing was asked".to_owned());
        };
        Ok(figures::figures(task, self.now(), *draft, &self.measures))
    }

    fn results(&self) -> Result<Results, String> {
        let Some(Running { task, .. }) = &self.asked else { return Err("nothing was asked".to_owned()) };
        let record = task.record().map_err(|error| error.to_string())?;
        let (_, results) = to_json(&record).map_err(|error| error.to_string())?;
        Ok(Results { results })
    }
}

/// The knobs of a scenario, tried out value by value.
#[cfg(feature = "native")]
fn found(
    source: &str,
    path: &str,
    overrides: &Overrides,
    sweep: &[(String, String)],
) -> Result<Vec<Knob>, Diagnostics> {
    crate::scenario::knobs::knobs(source, path, Path::new(""), overrides, sweep)
}

/// A module has nothing to find them with: the program that writes its page does that.
#[cfg(not(feature = "native"))]
fn found(_: &str, _: &str, _: &Overrides, _: &[(String, String)]) -> Result<Vec<Knob>, Diagnostics> {
    Ok(Vec::new())
}

/// The first problem of a setting, in a sentence, and the knob that it is about.
fn problem_of(problems: &Diagnostics, set: &[(String, String)]) -> Problem {
    let first = problems.list.first();
    let title = first.map_or("", |problem| problem.title.as_str());
    let mut text = title.to_owned();
    if let Some((_, label)) =
        first.and_then(|problem| problem.labels.first()).filter(|(_, label)| !label.is_empty())
    {
        text = format!("{text}: {label}");
    }
    // Sources: the file, then one for each setting.
    let source = first.and_then(|problem| Some(problem.labels.first()?.0.source));
    let knob = source.and_then(|source| set.get(source.checked_sub(1)?)).map(|(path, _)| path.clone());
    Problem { path: knob.unwrap_or_default(), text }
}
