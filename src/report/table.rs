//! The comparison as a table for the terminal.
//!
//! Rows are variants, columns are measures. What does not fit the width goes into a further table below, so
//! nothing is cut off and no cell wraps in the middle of a figure.

use comfy_table::{Attribute, Cell, CellAlignment, Color, ColumnConstraint, Width};

use super::events;
use super::format::{common_scale, shown_measures};
use super::lines::{Line, lines};
use super::observed;
use super::quantiles;
use super::remarks::remarks;
use super::sparkline;
use super::sure;
use super::terminal::{AROUND, fitted, paragraph};
use super::thresholds;
use super::why;
use crate::experiment::answer::Answer;
use crate::experiment::comparison::{Comparison, MeasureComparison, Verdict};
use crate::experiment::review::review;
use crate::record::Record;

/// Longer names of variants wrap.
const NAME_WIDTH_MAX: usize = 26;
/// One measure over all variants, ready to print.
struct Column {
    head: String,
    /// Text and verdict per line of the table.
    cells: Vec<(String, Option<Verdict>)>,
}

impl Column {
    fn width(&self) -> usize {
        let texts = self.cells.iter().map(|(text, _)| text.as_str()).chain([self.head.as_str()]);
        texts.flat_map(str::lines).map(|line| line.chars().count()).max().unwrap_or(0) + AROUND
    }
}

/// Draws the comparison, at most `width` columns wide as far as one measure fits beside the names. Colours
/// only with `color`, and never alone: the verdict is a word in the same cell; no line ends in blanks, and the last line ends the text without a line break.
pub fn render(record: &Record, comparison: &Comparison, width: u16, color: bool) -> String {
    let names: Vec<String> = lines(comparison).iter().map(row_name).collect();
    let longest =
        names.iter().flat_map(|name| name.lines()).map(|line| line.chars().count()).max().unwrap_or(0);
    let name_width = longest.clamp("baseline".len(), NAME_WIDTH_MAX);
    let room = (usize::from(width) + 1).saturating_sub(name_width + AROUND);
    let columns: Vec<Column> = shown_measures(&record.scenario.headline, comparison)
        .iter()
        .map(|name| column(record, comparison, name, room))
        .collect();
    let mut tables = Vec::new();
    let mut rest = columns.as_slice();
    while !rest.is_empty() {
        let mut used = 0;
        let fitting = rest
            .iter()
            .take_while(|column| {
                used += column.width();
                used <= room
            })
            .count()
            .max(1);
        let (now, later) = rest.split_at(fitting);
        tables.push(draw(comparison, now, name_width, color));
        rest = later;
    }
    tables.push(legend(record, comparison, width));
    tables.join("\n\n")
}

fn column(record: &Record, comparison: &Comparison, name: &str, room: usize) -> Column {
    let scale = common_scale(comparison, name);
    let unit = scale.map_or("", |scale| scale.heading());
    let cells = lines(comparison)
        .iter()
        .map(|line| {
            let Some(cell) = scale.and_then(|scale| line.figure(comparison, name, &scale)) else {
                return ("–".to_string(), None);
            };
            let against = [cell.word().unwrap_or_default(), &cell.difference].join(" ");
            let below = [against.trim(), &cell.detectable].into_iter().filter(|text| !text.is_empty());
            let below: String = below.map(|text| format!("\n{text}")).collect();
            (cell.figure.clone() + &below, cell.verdict)
        })
        .collect();
    let mark = if record.scenario.headline.iter().any(|headline| headline == name) { "*" } else { "" };
    let name = match name.chars().count() + mark.len() + AROUND > room {
        true => name.replace('.', ".\n"),
        false => name.to_owned(),
    };
    Column { head: format!("{name}{mark}\n{unit}"), cells }
}

fn draw(comparison: &Comparison, columns: &[Column], name_width: usize, color: bool) -> String {
    let mut table = fitted(u16::MAX, color);
    let heads = columns.iter().map(|column| Cell::new(&column.head).set_alignment(CellAlignment::Right));
    table.set_header(std::iter::once(Cell::new("variant")).chain(heads));
    for (index, line) in lines(comparison).iter().enumerate() {
        let name = row_name(line);
        let cells = columns.iter().map(|column| {
            let (text, verdict) = &column.cells[index];
            let cell = Cell::new(text).set_alignment(CellAlignment::Right);
            match (color, verdict) {
                (true, Some(Verdict::Better)) => cell.fg(Color::Green),
                (true, Some(Verdict::Worse)) => cell.fg(Color::Red),
                (true, Some(Verdict::Tie)) => cell.add_attribute(Attribute::Dim),
                _ => cell,
            }
        });
        table.add_row(std::iter::once(Cell::new(name)).chain(cells));
    }
    let name_limit = u16::try_from(name_width + AROUND - 1).unwrap_or(u16::MAX);
    let mut constraints = vec![ColumnConstraint::UpperBoundary(Width::Fixed(name_limit))];
    constraints.extend(columns.iter().map(|_| ColumnConstraint::ContentWidth));
    table.set_constraints(constraints);
    table.trim_fmt()
}

/// `ttl only`, and below it `baseline`, `collapsed: 5 of 10 runs`.
fn row_name(line: &Line<'_>) -> String {
    let baseline = line.baseline.then(|| "baseline".to_owned());
    let below = baseline.into_iter().chain(line.note()).map(|note| format!("\n{note}"));
    line.variant.name.clone() + &below.collect::<String>()
}

/// Everything a terminal shows of a run: question, table, answer, and the cautions to read before
/// believing it. Paragraphs are broken at `width`; the text ends with a line break.
pub fn page(record: &Record, comparison: &Comparison, answer: &Answer, width: u16, color: bool) -> String {
    let review = review(record, comparison);
    let parts = [
        paragraph(&record.scenario.question, width),
        super::review::terminal(&review, width, color),
        render(record, comparison, width, color),
        sparkline::render(record, width).unwrap_or_default(),
        events::terminal(record, comparison, width, color),
        observed::terminal(record, comparison, width, color),
        thresholds::terminal(record, width, color),
        sure::terminal(record, comparison, &review, width, color),
        why::terminal(record, width, color),
        paragraph(&answer.words, width),
    ];
    let mut text = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n\n") + "\n";
    for remark in answer.note.iter().cloned().chain(remarks(record, comparison)) {
        text.push_str(&paragraph(&format!("! {remark}"), width));
        text.push('\n');
    }
    text
}

/// Meaning of the figures, under the table.
fn legend(record: &Record, comparison: &Comparison, width: u16) -> String {
    let finished = record.scenario.finished;
    let of = if finished == 1 { "1 replication".to_string() } else { format!("{finished} replications") };
    let mut lines: Vec<String> =
        record.scenario.live.iter().map(|live| format!("Measured on {}.", live.servers())).collect();
    lines.push(match finished {
        0 | 1 => format!("Values from {of}."),
        _ => format!("Mean ± half the 95 % interval, {of}."),
    });
    if finished > 1 && quantiles::same_in_all(record, comparison) {
        lines.push(quantiles::SAME_IN_ALL.to_string());
    }
    if comparison.variants.len() > 1 {
        lines.push(format!("Below each: paired difference to {}.", comparison.baseline().name));
        if finished < super::super::experiment::comparison::VERDICT_REPLICATIONS_MIN as u32 {
            lines.push("No verdicts: fewer than 6 replications.".to_string());
        } else {
            lines.push("* gets a verdict (Holm's correction); pt: percentage points.".to_string());
            if comparison.variants.iter().flat_map(|variant| &variant.measures).any(ties) {
                lines.push(
                    "MDE: minimum detectable effect, the smallest difference that would not have been a tie."
                        .to_string(),
                );
            }
        }
    }
    lines.iter().map(|line| paragraph(line, width)).collect::<Vec<_>>().join("\n")
}

fn ties(measure: &MeasureComparison) -> bool {
    measure.verdict == Some(Verdict::Tie)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::comparison::compare;
    use crate::record::fixture::{measure, record_of, stampede};

    fn drawn(variants: usize, width: u16) -> String {
        let record = stampede(variants);
        render(&record, &compare(&record), width, false)
    }

    #[test]
    fn at_80_columns_measures_go_to_further_tables() {
        insta::assert_snapshot!(drawn(3, 80));
    }

    #[test]
    fn at_120_columns() {
        insta::assert_snapshot!(drawn(8, 120));
    }

    #[test]
    fn each_of_two_states_has_a_row_and_no_difference() {
        let record = crate::record::fixture::bimodal();
        insta::assert_snapshot!(render(&record, &compare(&record), 100, false));
    }

    #[test]
    fn no_line_is_wider_than_asked() {
        for width in [60, 80, 120, 200] {
            for line in drawn(8, width).lines() {
                assert!(line.chars().count() <= usize::from(width), "{width}: {line}");
            }
        }
    }

    #[test]
    fn a_table_of_full_columns_fits_as_well() {
        // Two columns that fill 60 columns to the last one, and one more.
        let values = |name: &str| measure(name, &[10.0, 20.0, 30.0, 40.0, 50.0, 60.0]);
        let long = "class.checkout-of-the-shop.latency.p99_ms";
        let measures = || vec![values("db.qps.peak"), values("stampede.max"), values(long)];
        for name in ["a variant of twenty-four", "a variant of 23 letters", "a variant of letters"] {
            let record = record_of(&[("base", measures()), (name, measures())], &["db.qps.peak", long]);
            for line in render(&record, &compare(&record), 60, false).lines() {
                assert!(line.chars().count() <= 60, "{name}: {line}");
            }
        }
    }

    #[test]
    fn a_page_is_no_wider_than_asked_and_ends_its_last_line() {
        let record = stampede(8);
        let comparison = compare(&record);
        let mut answer = crate::experiment::answer::answer(&record, &comparison);
        answer.note = Some("Interrupted: 4 of 10 replications finished.".to_string());
        let text = page(&record, &comparison, &answer, 80, false);
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        assert!(text.ends_with("! Interrupted: 4 of 10 replications finished.\n"), "{text}");
    }

    /// Without colours, or with others, the text is the same.
    #[test]
    fn without_its_colours_a_table_is_the_plain_one() {
        let record = stampede(8);
        let comparison = compare(&record);
        let mut plain = String::new();
        let coloured = render(&record, &comparison, 120, true);
        for (index, part) in coloured.split('\u{1b}').enumerate() {
            plain.push_str(if index == 0 { part } else { part.split_once('m').map_or("", |(_, text)| text) });
        }
        let bare = |text: &str| text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
        assert_eq!(bare(&plain), bare(&render(&record, &comparison, 120, false)));
        assert!(coloured.contains("better") && !comparison.variants.is_empty());
    }

    #[test]
    fn colour_only_when_asked() {
        let record = stampede(2);
        let comparison = compare(&record);
        assert!(!render(&record, &comparison, 100, false).contains('\u{1b}'));
        let eight = stampede(3);
        assert!(render(&eight, &compare(&eight), 100, true).contains('\u{1b}'));
    }

    #[test]
    fn a_single_variant_and_a_single_replication_have_no_second_figures() {
        let mut record = stampede(1);
        record.scenario.finished = 1;
        for measure in &mut record.variants[0].measures {
            measure.values.truncate(1);
        }
        let text = render(&record, &compare(&record), 100, false);
        assert!(!text.contains('±') && text.contains("Values from 1 replication."), "{text}");
    }
}
