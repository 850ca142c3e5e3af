//! Predicted beside measured: intervals of single simulated runs, and the measured runs in or beside them.

use comfy_table::{Cell, CellAlignment, Color};
use serde::Serialize;

use super::escape::escaped;
use super::format::{change, with_unit};
use super::interface::Interface;
use super::observed::range;
use super::terminal::{fitted, paragraph};
use super::{ReportError, json};
use crate::experiment::answer::enumerated;
use crate::live::against::{Against, Judged, MeasureVerdict, Method, Order, Predicted, VariantVerdict};
use crate::units::counted;

/// For programs.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct AgainstData<'a> {
    /// Version of this layout.
    schema: u32,
    /// Version of the program.
    herdlab: &'a str,
    /// The result in sentences.
    words: Vec<String>,
    #[serde(flatten)]
    against: &'a Against,
}

const PREDICTED_HEADS: [&str; 3] = ["measure", "predicted", "95 % of single runs"];
const MEASURED_HEADS: [&str; 4] = ["measured", "error", "same traffic", "outside"];

/// A row of the table, and whether a measured run lies outside.
struct Row {
    cells: Vec<String>,
    is_outside: bool,
}

/// For a terminal of that width; ends with a line break.
pub fn terminal(against: &Against, width: u16, color: bool) -> String {
    let right = |text: &str| Cell::new(text).set_alignment(CellAlignment::Right);
    let mut text = String::new();
    for variant in &against.variants {
        let mut table = fitted(width, color);
        let heads = heads(variant);
        let line = |cells: &[String]| -> Vec<Cell> {
            std::iter::once(Cell::new(&cells[0])).chain(cells[1..].iter().map(|cell| right(cell))).collect()
        };
        table.set_header(line(&heads));
        for row in rows(variant) {
            let mut cells = line(&row.cells);
            if let (true, true, Some(last)) = (color, row.is_outside, cells.pop()) {
                cells.push(last.fg(Color::Red));
            } else if let Some(last) = row.cells.last().filter(|_| cells.len() < row.cells.len()) {
                cells.push(right(last));
            }
            table.add_row(cells);
        }
        text.push_str(&format!("{}\n\n{}\n\n", title(variant), table.trim_fmt()));
    }
    for sentence in sentences(against) {
        text.push_str(&format!("{}\n", paragraph(&sentence, width)));
    }
    text
}

/// As Markdown.
pub fn markdown(against: &Against) -> String {
    let mut text = format!("## {}: predicted and measured\n\n", escaped(&against.scenario));
    for variant in &against.variants {
        let heads = heads(variant);
        text.push_str(&format!("### {}\n\n", escaped(&title(variant))));
        text.push_str(&format!("| {} |\n|---|{}\n", heads.join(" | "), "---:|".repeat(heads.len() - 1)));
        for row in rows(variant) {
            let cells: Vec<String> = row.cells.iter().map(|cell| escaped(cell).to_string()).collect();
            text.push_str(&format!("| {} |\n", cells.join(" | ")));
        }
        text.push('\n');
    }
    for sentence in sentences(against) {
        text.push_str(&format!("{}\n\n", escaped(&sentence)));
    }
    text
}

/// Everything, for programs.
///
/// # Errors
/// It cannot be written as JSON.
pub fn json(against: &Against) -> Result<String, ReportError> {
    json::encode(&AgainstData {
        schema: Interface::Verdict.version(),
        herdlab: env!("CARGO_PKG_VERSION"),
        words: sentences(against),
        against,
    })
}

fn title(variant: &VariantVerdict) -> String {
    match &variant.states {
        Some(states) => format!("{} ({states})", variant.variant),
        None => variant.variant.clone(),
    }
}

fn is_measured(variant: &VariantVerdict) -> bool {
    variant.measures.iter().any(|measure| !measure.measured.is_empty())
}

fn heads(variant: &VariantVerdict) -> Vec<String> {
    let measured: &[&str] = if is_measured(variant) { &MEASURED_HEADS } else { &[] };
    PREDICTED_HEADS.iter().chain(measured).map(|head| (*head).to_owned()).collect()
}

/// A row for each measure, and for each state of it.
fn rows(variant: &VariantVerdict) -> Vec<Row> {
    let row = |measure: &MeasureVerdict, predicted: &Predicted| {
        let unit = measure.unit.as_str();
        let interval = &predicted.interval;
        let name = match predicted.state {
            Some(state) => format!("{}, {}", measure.measure, state.word()),
            None => measure.measure.clone(),
        };
        let mut cells = vec![name, with_unit(interval.mean, unit), range(interval.low, interval.high, unit)];
        let own = measure.measured.iter().enumerate().filter(|(run, _)| {
            predicted.state.is_none() || variant.runs.get(*run).copied() == predicted.state
        });
        let own: Vec<&Judged> = own.map(|(_, judged)| judged).collect();
        let outside: Vec<String> = own
            .iter()
            .filter(|judged| !judged.is_inside())
            .filter_map(|judged| judged.distance)
            .map(|distance| {
                let sign = if distance > 0.0 { "+" } else { "−" };
                format!("{sign}{}", with_unit(distance.abs(), unit))
            })
            .collect();
        let is_outside = !outside.is_empty();
        if is_measured(variant) {
            let known: Vec<String> =
                own.iter().filter_map(|judged| judged.value).map(|value| with_unit(value, unit)).collect();
            cells.push(if known.is_empty() { "–".to_owned() } else { known.join(", ") });
            cells.push(measure.error.map_or_else(|| "–".to_owned(), change));
            cells.push(measure.error_of_twins.map_or_else(|| "–".to_owned(), change));
            cells.push(if is_outside { outside.join(", ") } else { "none".to_owned() });
        }
        Row { cells, is_outside }
    };
    let measures = variant.measures.iter();
    measures
        .flat_map(|measure| measure.predicted.iter().map(move |predicted| row(measure, predicted)))
        .collect()
}

fn sentences(against: &Against) -> Vec<String> {
    let mut sentences = Vec::new();
    let intervals =
        || against.variants.iter().flat_map(|variant| &variant.measures).flat_map(|one| &one.predicted);
    if let Some(one) = intervals().next() {
        let way = match one.interval.by {
            Method::Student => "by Student's t",
            Method::Order => "by the order of the runs",
        };
        sentences.push(format!(
            "Intervals hold one more run of {} with 95 % probability, {way}.",
            counted(one.interval.simulated as u64, "simulated run")
        ));
    }
    let measures = || against.variants.iter().flat_map(|variant| &variant.measures);
    if measures().flat_map(|measure| &measure.measured).any(|judged| judged.bounds.is_some()) {
        sentences.push(
            "Each measured run is held against simulated runs of its own, with the times that the servers had meanwhile; the table has the interval of all of these together."
                .to_owned(),
        );
    }
    if measures().any(|measure| measure.error_of_twins.is_some()) {
        sentences.push(
            "\"Error\" is that of the measured mean against all simulated runs, \"same traffic\" against those of the same requests."
                .to_owned(),
        );
    }
    if against.judged > 0 {
        let share = against.inside as f64 / against.judged as f64;
        sentences.push(format!(
            "{} of {} measured values lie inside ({}).",
            against.inside,
            against.judged,
            with_unit(share, "1")
        ));
    }
    sentences.extend(against.orders.iter().map(in_order));
    sentences
}

fn in_order(order: &Order) -> String {
    let open = match order.open {
        0 => String::new(),
        open => format!("; {} cannot be told apart in single runs", counted(open as u64, "pair")),
    };
    let wrong: Vec<String> =
        order.wrong.iter().map(|pair| format!("{} and {}", pair.lower, pair.higher)).collect();
    match wrong.len() {
        0 => format!(
            "By {} the measured order agrees in {}{open}.",
            order.measure,
            match order.certain {
                0 => "no pair, for want of a certain one".to_owned(),
                1 => "the one certain pair".to_owned(),
                certain => format!("all {certain} certain pairs"),
            }
        ),
        _ => format!(
            "By {} the measured order is another one for {} of {}: {}{open}.",
            order.measure,
            wrong.len(),
            counted(order.certain as u64, "certain pair"),
            enumerated(&wrong, "and")
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::against::{predictions, verdict, verdict_by_run};
    use crate::record::fixture::{bimodal, measure, record_of};

    fn hits(a: &[f64], b: &[f64]) -> crate::record::Record {
        let variant = |values| vec![measure("hit_ratio", values)];
        record_of(&[("plain", variant(a)), ("with | pipe", variant(b))], &["hit_ratio"])
    }

    fn example() -> Against {
        let simulated = hits(&[0.90, 0.91, 0.92, 0.91], &[0.50, 0.51, 0.52, 0.51]);
        verdict(&simulated, &hits(&[0.91, 0.95], &[0.51, 0.96])).unwrap()
    }

    #[test]
    fn a_run_outside_is_shown_with_its_distance() {
        let text = terminal(&example(), 100, false);
        assert!(text.contains("91.0 %, 95.0 %"), "{text}");
        assert!(text.contains("2 of 4 measured values lie inside (50.0 %)."), "{text}");
        assert!(text.contains("By hit_ratio the measured order agrees in the one certain pair."), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 100));
        assert!(terminal(&example(), 100, true).contains("\u{1b}["));
    }

    #[test]
    fn runs_with_intervals_of_their_own_are_named() {
        let of_run = |a: f64| hits(&[a, a + 0.01, a + 0.02], &[0.5, 0.51, 0.52]);
        let against =
            verdict_by_run(&[of_run(0.9), of_run(0.7)], &hits(&[0.91, 0.91], &[0.51, 0.51])).unwrap();
        let text = markdown(&against);
        assert!(text.contains("held against simulated runs of its own"), "{text}");
        assert!(text.contains("3 of 4 measured values lie inside"), "{text}");
        assert!(!markdown(&example()).contains("of its own"));
    }

    #[test]
    fn predictions_stand_alone() {
        let against = predictions(&hits(&[0.90, 0.91], &[0.5, 0.6])).unwrap();
        let text = terminal(&against, 80, false);
        assert!(text.contains("95 % of single runs") && !text.contains("outside"), "{text}");
    }

    #[test]
    fn markdown_keeps_names_in_their_cells_and_states_apart() {
        let page = markdown(&example());
        assert!(page.contains("### with \\| pipe"), "{page}");
        let simulated = bimodal();
        let page = markdown(&verdict(&simulated, &simulated).unwrap());
        assert!(page.contains(", healthy |") && page.contains(", collapsed |"), "{page}");
    }
}
