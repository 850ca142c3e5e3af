//! The outcome of a search in a terminal, and as Markdown.

use comfy_table::{Cell, CellAlignment};

use super::rows::Candidates;
use super::usable;
use super::usage::fragment;
use super::words::{
    LimitRow, NO_LIMITS, answer, broken, dropped, effort, limit_rows, name, objective_figure, objective_line,
    remarks,
};
use crate::experiment::comparison::{VERDICT_REPLICATIONS_MIN, Verdict, compare};
use crate::experiment::recommend::record::{RecommendRecord, TodayRecord};
use crate::experiment::recommend::{BINDING_MARGIN_MAX, Found, Keeping, Outcome, Rival};
use crate::experiment::review::review;
use crate::experiment::threshold::Standing;
use crate::report::escape::escaped;
use crate::report::format::{Scale, percent_to, plus_minus, signed, with_unit};
use crate::report::sweep::frame::Picture;
use crate::report::terminal::{fitted, hanging, paragraph};

/// More rivals than this are counted, not listed.
const RIVALS_MAX: usize = 12;
/// The same of those that are worse.
const WORSE_MAX: usize = 3;
/// More candidates than this are left to `recommend.csv`.
const MARKDOWN_ROWS_MAX: usize = 20;

/// For a terminal.
pub fn page(record: &RecommendRecord, outcome: &Outcome, width: u16) -> String {
    let mut text = format!("{}\n\n", paragraph(&record.scenario.question, width));
    match outcome {
        Outcome::Winner { winner, rivals, unresolved } => {
            text.push_str(&format!("Recommended: {}\n", name(record, winner)));
            text.push_str(&objective_line(record, winner));
            text.push_str(&limits(winner, width));
            text.push_str(&rivals_text(record, rivals));
            text.push_str(&unresolved_text(record, *unresolved));
        }
        Outcome::Undecided { best } => {
            text.push_str(&format!("Undecided: {}\n", name(record, best)));
            text.push_str(&objective_line(record, best));
            text.push_str(&limits(best, width));
            text.push_str(match record.replications() {
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
            text.push_str(&format!("Closest: {}\n", name(record, closest)));
            text.push_str(&objective_line(record, closest));
            text.push_str(&limits(closest, width));
            for limit in closest.limits.iter().filter(|limit| limit.judgement.standing == Standing::Broken) {
                text.push_str(&format!("\n{}\n", broken(limit)));
            }
        }
    }
    text.push_str(&format!("\n{}\n", effort(record)));
    let mut text = hanging(&text, width);
    if let Some(found) = usable(outcome) {
        text.push_str(&format!(
            "\nTo use it, and to compare it with the others:\n\n{}",
            fragment(record, found)
        ));
    }
    text
}

/// A row per limit, the binding one marked.
fn limits(found: &Found, width: u16) -> String {
    if found.limits.is_empty() {
        return format!("  {NO_LIMITS}\n");
    }
    let mut table = fitted(width, false);
    let right = |text: String| Cell::new(text).set_alignment(CellAlignment::Right);
    table.set_header([Cell::new("limit"), right("value".into()), right("margin".into()), Cell::new("")]);
    for LimitRow { limit, value, margin, note } in limit_rows(found) {
        table.add_row([Cell::new(limit), right(value), right(margin), Cell::new(note)]);
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

fn rivals_text(record: &RecommendRecord, rivals: &[Rival]) -> String {
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
            text.push_str(&format!("  {}\n", rival_line(record, rival)));
        }
        if members.len() > most {
            text.push_str(&format!("  and {} more\n", members.len() - most));
        }
    }
    let few = |rival: &Rival| rival.verdict == Verdict::NoVerdict && rival.found.states.is_none();
    if (record.replications() as usize) < VERDICT_REPLICATIONS_MIN && rivals.iter().any(few) {
        text.push_str(&format!(
            "  at least {VERDICT_REPLICATIONS_MIN} replications are needed for a verdict\n"
        ));
    }
    text
}

/// `tier.l2.ttl = 5m: 12.3 ± 0.4 ms (+0.2 ± 0.3 ms)`.
fn rival_line(record: &RecommendRecord, rival: &Rival) -> String {
    let value =
        rival.found.objective.as_ref().map_or("no value".to_owned(), |known| objective_figure(record, known));
    let difference = rival.difference.map_or(String::new(), |difference| {
        let estimate = difference.estimate;
        let scale = Scale::fitting(&record.unit, estimate.mean.abs());
        format!(" ({})", scale.with_suffix(&signed(&plus_minus(&scale, &estimate))))
    });
    match &rival.found.states {
        Some(states) => {
            format!("{}: {value} at its worse; it {}", name(record, &rival.found), states.words())
        }
        None => {
            let regret = rival.found.regret.map_or(String::new(), |regret| {
                format!(", regret at most {}", with_unit(regret.max, &record.unit))
            });
            format!("{}: {value}{difference}{regret}", name(record, &rival.found))
        }
    }
}

fn unresolved_text(record: &RecommendRecord, unresolved: usize) -> String {
    match unresolved {
        0 => String::new(),
        count => format!("\n{}\n", dropped(record, count)),
    }
}

/// For a pull request or a wiki; with pictures where it lies beside their folder.
pub fn markdown(record: &RecommendRecord, outcome: &Outcome, pictures: &[Picture]) -> String {
    let all = Candidates::of(record, outcome);
    let mut text = format!("**{}**\n\n", escaped(&record.scenario.question));
    for line in answer(record, outcome) {
        text.push_str(&format!("- {}\n", escaped(&line)));
    }
    for remark in remarks(record) {
        text.push_str(&format!("\n> {}\n", escaped(&remark)));
    }
    if let Some(found) = usable(outcome) {
        text.push_str(&format!("\nWhat to set:\n\n```toml\n{}```\n", fragment(record, found)));
    }
    let found = &all.rows[0].found;
    text.push_str(&format!("\nIn {}:\n", escaped(&name(record, found))));
    match found.limits.is_empty() {
        true => text.push_str(&format!("{}\n", escaped(NO_LIMITS))),
        false => {
            text.push_str("\n| limit | measured | margin | result |\n|---|---:|---:|---|\n");
            for LimitRow { limit, value, margin, note } in limit_rows(found) {
                let note = if note.is_empty() { "kept".to_owned() } else { note };
                text.push_str(&format!("| {} | {value} | {margin} | {note} |\n", escaped(&limit)));
            }
        }
    }
    for Picture { name, title, message, .. } in pictures {
        let (title, message) = (escaped(title), escaped(message));
        text.push_str(&format!("\n![{title}](charts/{name}.png)\n\n{title}. {message}\n"));
    }
    let columns = all.columns();
    let heads: Vec<String> = columns.iter().map(|column| escaped(&column.head)).collect();
    let sides: String = columns.iter().map(|column| if column.is_text { "---|" } else { "---:|" }).collect();
    text.push_str(&format!("\n| {} |\n|{sides}\n", heads.join(" | ")));
    for row in all.rows.iter().take(MARKDOWN_ROWS_MAX) {
        let cells: Vec<String> = all.cells(row).iter().map(|cell| escaped(&cell.text)).collect();
        text.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    if all.rows.len() > MARKDOWN_ROWS_MAX {
        text.push_str(&format!("\nThe best {MARKDOWN_ROWS_MAX} of {} candidates.\n", all.rows.len()));
    }
    if let Some(TodayRecord::Beside(pair)) = &record.today {
        let review = review(pair, &compare(pair));
        text.push_str(&format!("\nBeside today's setting:\n\n{}", crate::report::review::markdown(&review)));
    }
    text.push_str(&format!(
        "\n{} herdlab {}, seed {}.\n",
        effort(record),
        escaped(&record.herdlab),
        record.scenario.seed
    ));
    text
}
