//! The result of a search, in words, as JSON, and as the TOML to use.

use comfy_table::{Cell, CellAlignment};
use serde_json::{Value, json};

use super::ReportError;
use super::format::{Scale, estimated, percent_to, plus_minus, signed, with_unit};
use super::terminal::{fitted, hanging, paragraph};
use super::thresholds::in_words;
use crate::experiment::answer::enumerated;
use crate::experiment::comparison::{VERDICT_REPLICATIONS_MIN, Verdict};
use crate::experiment::recommend::{BINDING_MARGIN_MAX, Found, Keeping, Limit, Outcome, Rival, Search};
use crate::experiment::states::State;
use crate::experiment::statistics::Estimate;
use crate::experiment::threshold::Standing;
use crate::model::{Direction, Experiment, Objective};
use crate::scenario::grid::Grid;
use crate::units::{counted, grouped};

/// Name of the variant that holds the recommended settings.
const NAME: &str = "recommended";
/// More rivals than this are counted, not listed.
const RIVALS_MAX: usize = 12;
/// The same of those that are worse.
const WORSE_MAX: usize = 3;

/// For a terminal.
pub fn page(search: &Search, grid: &Grid, outcome: &Outcome, width: u16) -> String {
    let mut text = format!("{}\n\n", paragraph(&grid.base.question, width));
    match outcome {
        Outcome::Winner { winner, rivals, unresolved } => {
            text.push_str(&format!("Recommended: {}\n", name(search, winner)));
            text.push_str(&objective_line(search, winner));
            text.push_str(&limits(winner, width));
            text.push_str(&rivals_text(search, rivals));
            text.push_str(&unresolved_text(search, *unresolved));
        }
        Outcome::Undecided { best } => {
            text.push_str(&format!("Undecided: {}\n", name(search, best)));
            text.push_str(&objective_line(search, best));
            text.push_str(&limits(best, width));
            text.push_str(match search.replications {
                1 => {
                    "\nIt keeps all limits in its only replication, which has no interval. More --replications may \
                     decide it.\n"
                }
                _ => {
                    "\nIt keeps all limits by its means, but not with certainty, and nothing else does: the interval of \
                     a limit reaches beyond it. More --replications may decide it.\n"
                }
            });
        }
        Outcome::Nothing { closest } => {
            text.push_str("Nothing keeps all limits.\n\n");
            text.push_str(&format!("Closest: {}\n", name(search, closest)));
            text.push_str(&objective_line(search, closest));
            text.push_str(&limits(closest, width));
            for limit in closest.limits.iter().filter(|limit| limit.judgement.standing == Standing::Broken) {
                text.push_str(&format!("\n{}\n", broken(limit)));
            }
        }
    }
    text.push_str(&format!("\n{}\n", effort(search)));
    let mut text = hanging(&text, width);
    if let Some(found) = usable(outcome) {
        text.push_str(&format!(
            "\nTo use it, and to compare it with the others:\n\n{}",
            fragment(search, grid, found)
        ));
    }
    text
}

/// The setting that may be used, if there is one.
pub fn usable(outcome: &Outcome) -> Option<&Found> {
    match outcome {
        Outcome::Winner { winner, .. } => Some(winner),
        Outcome::Undecided { best } => Some(best),
        Outcome::Nothing { .. } => None,
    }
}

fn name(search: &Search, found: &Found) -> String {
    search.name(&search.candidates[found.candidate])
}

fn objective_figure(search: &Search, estimate: &Estimate) -> String {
    // A knob is set, not measured.
    match search.wanted.objective {
        Objective::Knob(_) => with_unit(estimate.mean, search.unit()),
        Objective::Measure(_) => estimated(estimate, search.unit()),
    }
}

fn objective_line(search: &Search, found: &Found) -> String {
    let value =
        found.objective.as_ref().map_or("no value".to_owned(), |known| objective_figure(search, known));
    let direction = match search.wanted.direction {
        Direction::Minimise => "minimised",
        Direction::Maximise => "maximised",
    };
    let states = found.states.as_ref().map_or(String::new(), |states| {
        format!("  two states: it {}, and is judged by the worse one\n", states.words())
    });
    let of = match search.in_worlds {
        true => counted(u64::from(search.replications), "world"),
        false => counted(u64::from(search.replications), "replication"),
    };
    let regret = found.regret.map_or(String::new(), |regret| {
        let [mean, max] = [regret.mean, regret.max].map(|regret| with_unit(regret, search.unit()));
        format!("  regret against the best finalist of each world: {mean} on average, at most {max}\n")
    });
    format!("  {} {value} ({direction}, {of})\n{states}{regret}", search.wanted.objective.name())
}

/// A row per limit, the binding one marked.
fn limits(found: &Found, width: u16) -> String {
    if found.limits.is_empty() {
        return "  no limits: the scenario has no [[threshold]], and [recommend] no `keep`\n".to_owned();
    }
    let mut table = fitted(width, false);
    let right = |text: String| Cell::new(text).set_alignment(CellAlignment::Right);
    table.set_header([Cell::new("limit"), right("value".into()), right("margin".into()), Cell::new("")]);
    let binding = found.binding().map(|limit| &limit.judgement.threshold);
    for limit in &found.limits {
        let judgement = &limit.judgement;
        let value = match (&judgement.states, &judgement.estimate) {
            (Some((_, both)), Some(_)) => {
                let figure = |estimate: &Estimate| estimated(estimate, &judgement.unit);
                enumerated(&both.iter().flatten().map(figure).collect::<Vec<_>>(), "or")
            }
            (None, Some(estimate)) => estimated(estimate, &judgement.unit),
            (_, None) => judgement.reason.clone(),
        };
        let margin =
            limit.relative_margin.map_or(String::new(), |margin| format!("{} %", percent_to(margin, 1)));
        let mut words = Vec::new();
        match judgement.standing {
            Standing::Broken => words.push("broken"),
            _ if judgement.within_interval => words.push("not certain"),
            _ => {}
        }
        let kept = judgement.runs.filter(|_| judgement.is_by_runs()).map(|runs| format!("kept in {runs}"));
        words.extend(kept.as_deref());
        if binding == Some(&judgement.threshold) {
            words.push("binding");
        }
        table.add_row([Cell::new(told(limit)), right(value), right(margin), Cell::new(words.join(", "))]);
    }
    let room = match (found.binding(), found.tightest().and_then(|limit| limit.relative_margin)) {
        (None, Some(margin)) => format!(
            "No limit binds: the nearest leaves {} % of its value, and a limit binds from {} % down.\n",
            percent_to(margin, 1),
            percent_to(BINDING_MARGIN_MAX, 0)
        ),
        _ => String::new(),
    };
    format!("\n{}\n{room}", table.trim_fmt())
}

/// `db.qps.peak ≤ 500/s`.
fn told(limit: &Limit) -> String {
    in_words(&limit.judgement.threshold, &limit.judgement.unit)
}

fn broken(limit: &Limit) -> String {
    let judgement = &limit.judgement;
    match (&judgement.estimate, limit.relative_margin) {
        (Some(_), _) if judgement.is_by_runs() => {
            let runs = judgement.runs.map_or_else(String::new, |runs| format!(": kept in {runs}"));
            format!("{} fails{runs}.", told(limit))
        }
        (Some(estimate), Some(margin)) => format!(
            "{} fails: {} is {} % beyond it.",
            told(limit),
            estimated(estimate, &judgement.unit),
            percent_to(-margin, 1)
        ),
        (Some(estimate), None) => {
            format!("{} fails: {}.", told(limit), estimated(estimate, &judgement.unit))
        }
        (None, _) => format!("{} fails: {}.", told(limit), judgement.reason),
    }
}

fn rivals_text(search: &Search, rivals: &[Rival]) -> String {
    let of = |verdict: Verdict, keeping: fn(Keeping) -> bool| -> Vec<&Rival> {
        let same = |rival: &&Rival| rival.verdict == verdict && keeping(rival.found.keeping);
        rivals.iter().filter(same).collect()
    };
    let any = |_| true;
    let certain = |keeping| keeping == Keeping::Certain;
    let undecided = |keeping| keeping == Keeping::Undecided;
    let groups = [
        ("Ties (no difference to it that is certain and above 1 %):", of(Verdict::Tie, certain)),
        ("Ties whose limits are not certain:", of(Verdict::Tie, undecided)),
        ("Better, but not certain to keep the limits:", of(Verdict::Better, any)),
        ("Worse:", of(Verdict::Worse, any)),
        ("Without a verdict:", of(Verdict::NoVerdict, any)),
    ];
    let mut text = String::new();
    for (head, members) in groups.into_iter().filter(|(_, members)| !members.is_empty()) {
        text.push_str(&format!("\n{head}\n"));
        let most = if members[0].verdict == Verdict::Worse { WORSE_MAX } else { RIVALS_MAX };
        for rival in members.iter().take(most) {
            text.push_str(&format!("  {}\n", rival_line(search, rival)));
        }
        if members.len() > most {
            text.push_str(&format!("  and {} more\n", members.len() - most));
        }
    }
    let few = |rival: &Rival| rival.verdict == Verdict::NoVerdict && rival.found.states.is_none();
    if (search.replications as usize) < VERDICT_REPLICATIONS_MIN && rivals.iter().any(few) {
        text.push_str(&format!(
            "  at least {VERDICT_REPLICATIONS_MIN} replications are needed for a verdict\n"
        ));
    }
    text
}

/// `tier.l2.ttl = 5m: 12.3 ± 0.4 ms (+0.2 ± 0.3 ms)`.
fn rival_line(search: &Search, rival: &Rival) -> String {
    let value =
        rival.found.objective.as_ref().map_or("no value".to_owned(), |known| objective_figure(search, known));
    let difference = rival.difference.map_or(String::new(), |difference| {
        let estimate = difference.estimate;
        let scale = Scale::fitting(search.unit(), estimate.mean.abs());
        format!(" ({})", scale.with_suffix(&signed(&plus_minus(&scale, &estimate))))
    });
    match &rival.found.states {
        Some(states) => {
            format!("{}: {value} at its worse; it {}", name(search, &rival.found), states.words())
        }
        None => {
            let regret = rival.found.regret.map_or(String::new(), |regret| {
                format!(", regret at most {}", with_unit(regret.max, search.unit()))
            });
            format!("{}: {value}{difference}{regret}", name(search, &rival.found))
        }
    }
}

fn unresolved_text(search: &Search, unresolved: usize) -> String {
    let first = search.rungs[0];
    match unresolved {
        0 => String::new(),
        count => format!(
            "\n{count} of {} {} dropped before a test could separate {} from it; more --replications or a larger budget \
             look longer (the first look is at {}).\n",
            counted(search.candidates.len() as u64, "candidate"),
            if count == 1 { "was" } else { "were" },
            if count == 1 { "it" } else { "them" },
            counted(u64::from(first.replications), "replication")
        ),
    }
}

/// `64 candidates x 2 replications, 32 x 4, ...: 336 simulations instead of 1,280`.
fn effort(search: &Search) -> String {
    let rungs: Vec<String> =
        search.rungs.iter().map(|rung| format!("{} x {}", rung.candidates, rung.replications)).collect();
    let all = search.candidates.len() as u64 * u64::from(search.replications);
    if search.cost() >= all {
        // Nothing was dropped, so nothing was saved.
        return format!(
            "{} x {}: {}.",
            counted(search.candidates.len() as u64, "candidate"),
            counted(u64::from(search.replications), "replication"),
            counted(all, "simulation")
        );
    }
    format!(
        "Successive halving, candidates x replications: {}; {} simulations instead of {}.",
        rungs.join(", "),
        grouped(search.cost()),
        grouped(all)
    )
}

/// A `[[variant]]` with the recommended settings, to paste into the scenario.
pub fn fragment(search: &Search, grid: &Grid, found: &Found) -> String {
    let base = &grid.base;
    let candidate = &search.candidates[found.candidate];
    let knobs = candidate.settings.iter().map(|(path, toml, _)| (path, toml));
    let own = base.variants[candidate.variant].settings.iter().map(|(path, toml)| (path, toml));
    // What the variant sets goes over the knobs, as it did when it was simulated.
    let mut set: Vec<(&String, &String)> = Vec::new();
    for (path, toml) in knobs.chain(own) {
        set.retain(|(known, _)| *known != path);
        set.push((path, toml));
    }
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let fields: Vec<String> = set.iter().map(|(path, toml)| format!("{} = {toml}", quoted(path))).collect();
    let mut text = String::new();
    if has_no_variants(base) {
        text.push_str("[[variant]]\nname = \"as it is\"\n\n");
    }
    text.push_str(&format!(
        "[[variant]]\nname = {}\nset = {{ {} }}\n",
        quoted(&fresh_name(base)),
        fields.join(", ")
    ));
    text
}

/// The scenario with the recommended settings as a further variant.
pub fn scenario(search: &Search, grid: &Grid, found: &Found) -> String {
    let source = &grid.base.source;
    let gap = if source.ends_with('\n') { "\n" } else { "\n\n" };
    let objective = search.wanted.objective.name();
    format!("{source}{gap}# By `herdlab recommend`, for {objective}.\n{}", fragment(search, grid, found))
}

fn has_no_variants(base: &Experiment) -> bool {
    matches!(base.variants.as_slice(), [only] if only.settings.is_empty() && only.name == "base")
}

fn fresh_name(base: &Experiment) -> String {
    let taken = |name: &String| base.variants.iter().any(|variant| variant.name == *name);
    let names = std::iter::once(NAME.to_owned()).chain((2..).map(|number| format!("{NAME} {number}")));
    names.into_iter().find(|name| !taken(name)).unwrap_or_else(|| NAME.to_owned())
}

/// Everything, for programs.
///
/// # Errors
/// It cannot be written as JSON.
pub fn json(search: &Search, grid: &Grid, outcome: &Outcome) -> Result<String, ReportError> {
    let (kind, found, rivals, unresolved) = match outcome {
        Outcome::Winner { winner, rivals, unresolved } => {
            ("winner", winner, rivals.as_slice(), Some(*unresolved))
        }
        Outcome::Undecided { best } => ("undecided", best, &[][..], None),
        Outcome::Nothing { closest } => ("nothing", closest, &[][..], None),
    };
    let rivals: Vec<Value> = rivals
        .iter()
        .map(|rival| {
            let mut value = as_json(search, &rival.found);
            value["verdict"] = json!(rival.verdict);
            value["difference"] = json!(rival.difference.map(|difference| difference.estimate.mean));
            value["difference_interval"] =
                json!(rival.difference.and_then(|difference| difference.estimate.interval));
            value
        })
        .collect();
    let all = json!({
        "herdlab": env!("CARGO_PKG_VERSION"),
        "scenario": grid.base.name,
        "seed": grid.base.seed,
        "objective": search.wanted.objective.name(),
        "direction": match search.wanted.direction {
            Direction::Minimise => "minimise",
            Direction::Maximise => "maximise",
        },
        "outcome": kind,
        "found": as_json(search, found),
        "rivals": rivals,
        "dropped_unresolved": unresolved,
        "candidates": search.candidates.len(),
        "rungs": search.rungs,
        "worlds": search.in_worlds.then_some(search.replications),
        "simulations": search.cost(),
        "toml": usable(outcome).map(|found| fragment(search, grid, found)),
    });
    let text = serde_json::to_string_pretty(&all)
        .map_err(|error| ReportError::Make { what: "the JSON".to_owned(), problem: error.to_string() })?;
    Ok(text + "\n")
}

fn as_json(search: &Search, found: &Found) -> Value {
    let candidate = &search.candidates[found.candidate];
    let settings: serde_json::Map<String, Value> =
        candidate.settings.iter().map(|(path, _, label)| (path.clone(), json!(label))).collect();
    let pinned: serde_json::Map<String, Value> =
        candidate.pinned.iter().map(|(path, label)| (path.clone(), json!(label))).collect();
    let binding = found.binding().map(|limit| &limit.judgement.threshold);
    let limits: Vec<Value> = found
        .limits
        .iter()
        .map(|limit| {
            let judgement = &limit.judgement;
            json!({
                "measure": judgement.threshold.measure,
                "bound": judgement.threshold.bound,
                "limit": judgement.threshold.limit,
                "mean": judgement.estimate.map(|estimate| estimate.mean),
                "interval": judgement.estimate.and_then(|estimate| estimate.interval),
                "standing": judgement.standing,
                "certain": !judgement.within_interval,
                "kept": judgement.runs,
                "relative_margin": limit.relative_margin,
                "binding": binding == Some(&judgement.threshold),
            })
        })
        .collect();
    json!({
        "variant": search.variants[candidate.variant],
        "settings": settings,
        "pinned": pinned,
        "mean": found.objective.map(|estimate| estimate.mean),
        "interval": found.objective.and_then(|estimate| estimate.interval),
        "replications": found.objective.map(|estimate| estimate.n),
        "regret": found.regret,
        "keeps_limits": found.keeping,
        "collapsed_runs": found.states.as_ref().map(|states| states.places(State::Collapsed)),
        "limits": limits,
    })
}
