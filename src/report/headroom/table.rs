//! A search for headroom in the terminal, and as Markdown.

use comfy_table::{Cell, CellAlignment};

use super::words;
use crate::experiment::headroom::map::{self, Row};
use crate::experiment::headroom::record::{AnswerRecord, HeadroomRecord, ResultRecord};
use crate::experiment::statistics::estimate;
use crate::report::escape::escaped;
use crate::report::format::{estimated, with_unit};
use crate::report::terminal::{fitted, hanging, paragraph};

/// For a terminal of so many columns: the answer first.
pub fn page(record: &HeadroomRecord, width: u16) -> String {
    let mut told = String::new();
    for line in answers(record) {
        told.push_str(&format!("{line}\n"));
    }
    told.push('\n');
    for remark in words::remarks(record) {
        told.push_str(&format!("{remark}\n"));
    }
    told.push_str(&format!("{}:\n", words::whose_limits(record)));
    for limit in words::limits(record) {
        told.push_str(&format!("  {limit}\n"));
    }
    let (heads, rows) = rows(record);
    let mut table = fitted(width, false);
    let right = |text: &String| Cell::new(text).set_alignment(CellAlignment::Right);
    table.set_header(heads.iter().map(Cell::new));
    let names = heads.len() - FIGURES.len();
    for row in &rows {
        table.add_row(row.iter().enumerate().map(|(place, cell)| match place >= names {
            true => right(cell),
            false => Cell::new(cell),
        }));
    }
    format!(
        "{}\n\n{}\n{}\n\n{}\n",
        paragraph(&record.scenario.question, width),
        hanging(&told, width),
        table.trim_fmt(),
        words::effort(record)
    )
}

/// For a pull request or a wiki.
pub fn markdown(record: &HeadroomRecord) -> String {
    let mut text = format!("**{}**\n\n", escaped(&record.scenario.question));
    for line in answers(record) {
        text.push_str(&format!("- {}\n", escaped(&line)));
    }
    text.push_str(&format!(
        "\n{}: {}\n\n",
        words::whose_limits(record),
        escaped(&words::limits(record).join("; "))
    ));
    let (heads, rows) = rows(record);
    let heads: Vec<String> = heads.iter().map(|head| escaped(head)).collect();
    text.push_str(&format!("| {} |\n|{}\n", heads.join(" | "), "---|".repeat(heads.len())));
    for row in rows {
        let cells: Vec<String> = row.iter().map(|cell| escaped(cell)).collect();
        text.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    text.push_str(&format!("\n{}\n", words::effort(record)));
    text
}

/// A line for each search, or on a map for each of its rows.
pub(super) fn answers(record: &HeadroomRecord) -> Vec<String> {
    if record.is_map() {
        return map::rows(record).iter().map(|row| map_line(record, row)).collect();
    }
    let line = |answer: &AnswerRecord| {
        let sentence = words::sentence(record, answer);
        match words::whose(record, answer).as_str() {
            "" => capitalised(&sentence),
            whose => format!("{whose}: {sentence}"),
        }
    };
    record.answers.iter().map(line).collect()
}

fn map_line(record: &HeadroomRecord, row: &Row) -> String {
    let bands = row.bands.iter().map(|band| {
        let (from, to) = (record.text(band.from), record.text(band.to));
        format!("{} {from} to {to}", band.class.word())
    });
    let bands = bands.collect::<Vec<_>>().join(", ");
    let same = |answer: &&AnswerRecord| (answer.variant, answer.second) == (row.variant, row.second);
    match record.answers.iter().find(same).map(|answer| words::whose(record, answer)) {
        Some(whose) if !whose.is_empty() => format!("{whose}: {bands}"),
        _ => capitalised(&bands),
    }
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Columns behind the names.
const FIGURES: [&str; 4] = ["limits", "runs that keep all", "broken, or the first limit", "most used"];

/// The cells as texts, with the heads of the columns.
pub(super) fn rows(record: &HeadroomRecord) -> (Vec<String>, Vec<Vec<String>>) {
    let second = record.second.as_ref();
    let variants = (record.variants.len() > 1).then(|| "variant".to_owned());
    let purposes = record.is_map().then(|| "search".to_owned());
    let knobs = second.map(|axis| axis.path.clone()).into_iter().chain([record.knob.path.clone()]);
    let heads = variants.into_iter().chain(purposes).chain(knobs);
    let heads: Vec<String> = heads.chain(FIGURES.map(str::to_owned)).collect();
    let mut rows = Vec::new();
    for answer in &record.answers {
        let Some(border) = answer.border() else { continue };
        let variant = (record.variants.len() > 1).then(|| record.variants[answer.variant].clone());
        let purpose = record.is_map().then(|| answer.purpose.word().to_owned());
        let second = second.zip(answer.second).map(|(axis, at)| axis.values[at].label.clone());
        for cell in &border.cells {
            let names = variant.iter().chain(&purpose).chain(&second).chain([&cell.label]).cloned();
            let figures = match &cell.result {
                ResultRecord::Impossible(reason) => {
                    ["not simulated".to_owned(), String::new(), reason.clone(), String::new()]
                }
                ResultRecord::Judged(judged) => {
                    let named = judged.broken.first().map(String::as_str);
                    let shown = named.or_else(|| judged.measures.first().map(|first| first.name.as_str()));
                    let measure = judged.measures.iter().find(|known| Some(known.name.as_str()) == shown);
                    let figure = measure.map_or_else(String::new, |measure| {
                        let values: Vec<f64> = measure.values.iter().flatten().copied().collect();
                        let found = estimate(&values);
                        let value =
                            found.map_or("no value".to_owned(), |found| estimated(&found, &measure.unit));
                        format!("{}: {value}", measure.name)
                    });
                    let resource = judged.resource.as_ref().map_or_else(String::new, |resource| {
                        format!("{}: {}", resource.measure, with_unit(resource.used, "1"))
                    });
                    let kept = if judged.kept { "kept" } else { "broken" };
                    [kept.to_owned(), format!("{} of {}", judged.runs_kept, judged.runs), figure, resource]
                }
            };
            rows.push(names.chain(figures).collect());
        }
    }
    (heads, rows)
}
