//! The review of a change, for every kind of report: verdicts, reasons, what changes, and the figures.

use comfy_table::{Attribute, Cell, CellAlignment, Color, ColumnConstraint, Width};

use super::escape::escaped;
use super::terminal::{AROUND, fitted, paragraph};
use crate::experiment::review::{Cell as Figure, Review, Safety, VariantReview};

/// Longer names of variants wrap.
const NAME_WIDTH_MAX: usize = 26;
/// Longer names of aspects wrap.
const LABEL_WIDTH_MAX: usize = 36;
/// And never narrower than this.
const LABEL_WIDTH_MIN: usize = 12;

/// The review for a terminal of this width. Colours only with `color`, and never alone. Does not end in a line break.
pub fn terminal(review: &Review, width: u16, color: bool) -> String {
    let mut parts = vec![coloured(&paragraph(&review.verdict, width), review.safety(), color)];
    for variant in review.reviewed() {
        let head = format!("{}: {}: {}", variant.name, variant.safety.word(), because(variant));
        let mut text = coloured(&paragraph(&head, width), variant.safety, color);
        for finding in &variant.findings {
            text.push_str(&format!("\n{}", indented(finding, width)));
        }
        parts.push(text);
    }
    parts.push(table(review, width, color));
    parts.extend(defaults(review).map(|text| paragraph(&text, width)));
    parts.join("\n\n")
}

/// `errors rise from 0 to 2.3 % (default limit: no new errors)`; of a safe variant, the limits that it keeps.
pub(super) fn because(variant: &VariantReview) -> String {
    match variant.safety {
        Safety::NotJudged => "no limit applies to anything that was measured".to_owned(),
        _ if variant.reasons.is_empty() => variant.kept.join("; "),
        _ => variant.reasons.join("; "),
    }
}

/// The default limits that were applied.
fn defaults(review: &Review) -> Option<String> {
    let limits = &review.defaults;
    (!limits.is_empty()).then(|| {
        format!(
            "Default limits, where the scenario sets none: {}. Set your own with [[threshold]] and [slo].",
            limits.join("; ")
        )
    })
}

fn indented(text: &str, width: u16) -> String {
    let broken = paragraph(text, width.saturating_sub(4).max(20));
    let mut lines = broken.lines();
    let first = lines.next().map_or_else(String::new, |line| format!("  - {line}"));
    lines.fold(first, |text, line| format!("{text}\n    {line}"))
}

fn coloured(text: &str, safety: Safety, color: bool) -> String {
    let code = match safety {
        Safety::Safe => "32",
        Safety::AtRisk => "33",
        Safety::NotSafe => "31",
        Safety::NotJudged => return text.to_owned(),
    };
    if !color {
        return text.to_owned();
    }
    text.lines().map(|line| format!("\u{1b}[1;{code}m{line}\u{1b}[0m")).collect::<Vec<_>>().join("\n")
}

/// `748/s`, and below it `18.7 % of capacity`.
fn cell_text(cell: Option<&Figure>) -> String {
    match cell {
        None => "–".to_owned(),
        Some(Figure { figure, share }) if share.is_empty() => figure.clone(),
        Some(Figure { figure, share }) => format!("{figure}\n{share}"),
    }
}

/// Aspects down, variants across; variants for which there is no room go into a further table.
fn table(review: &Review, width: u16, color: bool) -> String {
    let longest = review.rows.iter().map(|row| row.label.chars().count()).max().unwrap_or(0);
    let column_width = |index: usize| {
        let name = review.variants[index].name.chars().count().min(NAME_WIDTH_MAX);
        let cells = review.rows.iter().map(|row| cell_text(row.cells[index].as_ref()));
        let widest =
            cells.flat_map(|text| text.lines().map(|line| line.chars().count()).collect::<Vec<_>>()).max();
        widest.unwrap_or(0).max(name) + AROUND
    };
    let baseline = review.variants.iter().position(|variant| variant.is_baseline).unwrap_or(0);
    // The labels of aspects give way to the figures of the baseline and of the widest other variant.
    let others = (0..review.variants.len()).filter(|index| *index != baseline).map(column_width);
    let pair = column_width(baseline) + others.max().unwrap_or(0);
    let left = usize::from(width).saturating_sub(pair + AROUND);
    let name_width = longest.min(LABEL_WIDTH_MAX).min(left).max(LABEL_WIDTH_MIN);
    let room = usize::from(width).saturating_sub(name_width + AROUND);
    let mut rest: Vec<usize> = (0..review.variants.len()).filter(|index| *index != baseline).collect();
    let mut tables = Vec::new();
    loop {
        // The baseline leads every part, so that each can be read by itself; where it leaves no room, the first alone.
        let is_led = tables.is_empty() || pair <= room;
        let mut used = if is_led { column_width(baseline) } else { 0 };
        let fitting = rest
            .iter()
            .take_while(|index| {
                used += column_width(**index);
                used <= room
            })
            .count()
            .max(usize::from(!is_led || pair <= room))
            .min(rest.len());
        let later = rest.split_off(fitting);
        let columns: Vec<usize> = std::iter::once(baseline).filter(|_| is_led).chain(rest).collect();
        tables.push(draw(review, &columns, baseline, name_width, color));
        rest = later;
        if rest.is_empty() {
            break;
        }
    }
    tables.join("\n\n")
}

fn draw(review: &Review, columns: &[usize], baseline: usize, name_width: usize, color: bool) -> String {
    let mut table = fitted(u16::MAX, color);
    let head = |index: &usize| {
        let variant = &review.variants[*index];
        let baseline = if variant.is_baseline && review.variants.len() > 1 { "\nbaseline" } else { "" };
        Cell::new(format!("{}{baseline}\n{}", variant.name, variant.safety.word()))
            .set_alignment(CellAlignment::Right)
    };
    table.set_header(std::iter::once(Cell::new("")).chain(columns.iter().map(head)));
    for row in &review.rows {
        let cells = columns.iter().map(|index| {
            let cell = Cell::new(cell_text(row.cells[*index].as_ref())).set_alignment(CellAlignment::Right);
            let is_new = row.cells[*index] != row.cells[baseline];
            match (color, is_new) {
                (true, true) => cell.add_attribute(Attribute::Bold).fg(Color::Reset),
                _ => cell,
            }
        });
        table.add_row(std::iter::once(Cell::new(&row.label)).chain(cells));
    }
    let limit = |width: usize| {
        ColumnConstraint::UpperBoundary(Width::Fixed(u16::try_from(width).unwrap_or(u16::MAX)))
    };
    let mut constraints = vec![limit(name_width + AROUND - 1)];
    constraints.extend(columns.iter().map(|_| limit(NAME_WIDTH_MAX + AROUND - 1)));
    table.set_constraints(constraints);
    table.trim_fmt()
}

/// The review as Markdown, with a heading for each variant under review.
pub fn markdown(review: &Review) -> String {
    let mut text = format!("**{}**\n", escaped(&review.verdict));
    for variant in review.reviewed() {
        text.push_str(&format!(
            "\n**{}**: {}: {}\n\n",
            escaped(&variant.name),
            variant.safety.word(),
            escaped(&because(variant))
        ));
        for finding in &variant.findings {
            text.push_str(&format!("- {}\n", escaped(finding)));
        }
    }
    text.push_str("\n| |");
    for variant in &review.variants {
        text.push_str(&format!(" {} ({}) |", escaped(&variant.name), variant.safety.word()));
    }
    text.push_str(&format!("\n|---|{}", "---:|".repeat(review.variants.len())));
    for row in &review.rows {
        text.push_str(&format!("\n| {} |", escaped(&row.label)));
        for cell in &row.cells {
            text.push_str(&format!(" {} |", cell_text(cell.as_ref()).replace('\n', "<br>")));
        }
    }
    text.push('\n');
    text + &defaults(review).map_or_else(String::new, |note| format!("\n{}\n", escaped(&note)))
}

/// A variant as the page shows it.
pub(super) struct Shown<'a> {
    pub variant: &'a VariantReview,
    pub because: String,
}

/// The variants under review, and the note on default limits.
pub(super) fn shown(review: &Review) -> (Vec<Shown<'_>>, String) {
    let variants = review.reviewed().map(|variant| Shown { variant, because: because(variant) }).collect();
    (variants, defaults(review).unwrap_or_default())
}
