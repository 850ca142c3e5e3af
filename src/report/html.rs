//! The report as one HTML file that loads nothing: no script, no font, no picture from anywhere.

use askama::Template;

use super::ReportError;
use super::draw::to_svg;
use super::figure::Figure;
use super::format::{
    Scale, common_scale, detectable, difference, number, plus_minus, shown_measures, unbroken, with_unit,
};
use super::observed::{self, ObservedRow};
use super::remarks;
use super::theory::{self, TheoryRow};
use super::thresholds::{self, ThresholdRow};
use crate::experiment::answer::Answer;
use crate::experiment::comparison::{Comparison, MeasureComparison, VariantComparison, Verdict};
use crate::measure::catalog;
use crate::measure::record::Record;

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    name: &'a str,
    question: &'a str,
    answer: &'a str,
    note: Option<&'a str>,
    remarks: Vec<String>,
    baseline: &'a str,
    observed: Vec<ObservedRow>,
    deviating: String,
    columns: Vec<Column>,
    rows: Vec<Row<'a>>,
    table_note: String,
    thresholds: Vec<ThresholdRow>,
    threshold_note: Option<&'static str>,
    /// Labels of events that were followed by something to recover from.
    recovery_events: Vec<&'a str>,
    recovery_rows: Vec<Row<'a>>,
    claims: Vec<(&'a str, &'static str)>,
    theory: Vec<TheoryLine>,
    charts: Vec<Chart>,
    settings: Vec<VariantSettings<'a>>,
    /// Label, what happens, when.
    events: Vec<(String, String, String)>,
    duration: String,
    warmup: String,
    finished: u32,
    replications: u32,
    command: String,
    version: &'a str,
    seed: u64,
    digest: &'a str,
    source_path: &'a str,
    source: &'a str,
    schema: u32,
}

struct Column {
    /// The name cut at its dots, where a narrow column may break it.
    parts: Vec<String>,
    meaning: &'static str,
    unit: &'static str,
    headline: bool,
}

struct Row<'a> {
    name: &'a str,
    baseline: bool,
    cells: Vec<Cell>,
}

#[derive(Default)]
struct Cell {
    figure: String,
    difference: String,
    verdict: &'static str,
    class: &'static str,
}

struct Chart {
    name: &'static str,
    /// Made and escaped by [`to_svg`].
    svg: String,
}

struct TheoryLine {
    row: TheoryRow,
    words: String,
}

struct VariantSettings<'a> {
    name: &'a str,
    settings: &'a [(String, String)],
}

/// The page.
///
/// # Errors
/// A chart could not be drawn.
pub fn render(
    record: &Record,
    comparison: &Comparison,
    answer: &Answer,
    figures: &[Figure],
) -> Result<String, ReportError> {
    let scenario = &record.scenario;
    let charts = figures
        .iter()
        .map(|figure| Ok(Chart { name: figure.name, svg: to_svg(figure)? }))
        .collect::<Result<Vec<_>, ReportError>>()?;
    let observed = observed::rows(record, comparison);
    // The warning beside the observed figures says the same at more length.
    let mut remarks = remarks::remarks(record, comparison);
    if observed.iter().any(|row| row.warns) {
        remarks.remove(0);
    }
    let thresholds = thresholds::rows(record);
    let recovery_events = recovery_events(record, comparison);
    let deviating: Vec<&str> = observed.iter().filter(|row| row.warns).map(|row| row.measure).collect();
    let measures = shown_measures(&scenario.headline, comparison);
    let page = Page {
        name: &scenario.name,
        question: &scenario.question,
        answer: &unbroken(&answer.words),
        note: answer.note.as_deref(),
        remarks,
        baseline: &comparison.baseline().name,
        deviating: deviating.join(", "),
        observed,
        columns: measures.iter().map(|name| column(record, comparison, name)).collect(),
        rows: rows(comparison, &measures),
        table_note: table_note(record, comparison),
        threshold_note: thresholds::note(&thresholds),
        thresholds,
        recovery_rows: recovery_rows(comparison, &recovery_events),
        recovery_events,
        claims: claims(answer),
        theory: theory::rows(record, comparison)
            .into_iter()
            .map(|row| TheoryLine { words: row.verdict.words(), row })
            .collect(),
        charts,
        settings: record
            .variants
            .iter()
            .map(|variant| VariantSettings { name: &variant.name, settings: &variant.settings })
            .collect(),
        events: events(record),
        duration: with_unit(scenario.duration_s, "s"),
        warmup: match scenario.warmup_found {
            true => format!("{} (found by MSER-5)", with_unit(scenario.warmup_s, "s")),
            false => with_unit(scenario.warmup_s, "s"),
        },
        finished: scenario.finished,
        replications: scenario.replications,
        command: command(record),
        version: &record.herdlab,
        seed: scenario.seed,
        digest: &scenario.digest,
        source_path: &scenario.source_path,
        source: &scenario.source,
        schema: record.schema,
    };
    page.render()
        .map_err(|error| ReportError::Make { what: "index.html".to_string(), problem: error.to_string() })
}

fn column(record: &Record, comparison: &Comparison, name: &str) -> Column {
    Column {
        parts: name.split('.').map(str::to_string).collect(),
        meaning: catalog::find(name).map_or("", |info| info.meaning),
        unit: common_scale(comparison, name).map_or("", |scale| scale.heading()),
        headline: record.scenario.headline.iter().any(|headline| headline == name),
    }
}

fn rows<'a>(comparison: &'a Comparison, measures: &[String]) -> Vec<Row<'a>> {
    let cell = |measure: &MeasureComparison| {
        let figure = plus_minus(&common_scale(comparison, &measure.name)?, &measure.estimate?);
        let (verdict, class) = match measure.verdict {
            Some(verdict @ (Verdict::Better | Verdict::Worse | Verdict::Tie)) => {
                (verdict.word(), verdict.word())
            }
            _ => ("", ""),
        };
        let mut difference = difference(comparison, measure);
        let seen = detectable(comparison, measure);
        if !seen.is_empty() {
            difference.push_str(&format!(" ({seen})"));
        }
        Some(Cell { figure, difference, verdict, class })
    };
    comparison
        .variants
        .iter()
        .enumerate()
        .map(|(index, variant)| Row {
            name: &variant.name,
            baseline: index == comparison.baseline,
            cells: measures
                .iter()
                .map(|name| {
                    let found = variant.measure(name).and_then(cell);
                    found.unwrap_or_else(|| Cell { figure: "–".to_string(), ..Cell::default() })
                })
                .collect(),
        })
        .collect()
}

fn table_note(record: &Record, comparison: &Comparison) -> String {
    let finished = record.scenario.finished;
    if comparison.variants.len() == 1 {
        return format!("Means over {finished} replications ± half the 95 % interval.");
    }
    format!(
        "Means over {finished} replications ± half the 95 % interval; below, the paired difference to {} (pt: percentage \
         points). Measures with * get a verdict: paired t-test with Holm's correction and sign-flip test, both below 5 %, \
         and at least 1 % of the baseline. A tie sees: the smallest difference that would not have been one (found with \
         a probability of 80 %).",
        comparison.baseline().name
    )
}

fn claims(answer: &Answer) -> Vec<(&str, &'static str)> {
    let word = |holds| match holds {
        Some(true) => "holds",
        Some(false) => "does not hold",
        None => "has no value here",
    };
    answer.claims.iter().map(|tested| (tested.claim.as_str(), word(tested.holds))).collect()
}

/// Label, words and times of every event.
fn events(record: &Record) -> Vec<(String, String, String)> {
    let when = |at_s: f64, end_s: f64| match end_s > at_s {
        true => format!("{} to {} s", number(at_s), number(end_s)),
        false => format!("at {} s", number(at_s)),
    };
    let events = remarks::events(record).into_iter();
    events.map(|event| (event.label.clone(), event.text.clone(), when(event.at_s, event.end_s))).collect()
}

/// Events after which a recovery could be judged in some variant.
fn recovery_events<'a>(record: &'a Record, comparison: &Comparison) -> Vec<&'a str> {
    let mut labels: Vec<&str> = Vec::new();
    for event in remarks::events(record) {
        let measure = format!("event.{}.metastable", event.label);
        let judged = comparison.variants.iter().any(|variant| variant.mean(&measure).is_some());
        if judged && !labels.contains(&event.label.as_str()) {
            labels.push(&event.label);
        }
    }
    labels
}

/// How long each variant took to recover from each event.
fn recovery_rows<'a>(comparison: &'a Comparison, events: &[&str]) -> Vec<Row<'a>> {
    let estimate = |variant: &VariantComparison, measure: String| variant.measure(&measure)?.estimate;
    let cell = |variant: &VariantComparison, event: &&str| {
        let lasting = estimate(variant, format!("event.{event}.metastable"))?;
        let failed = (lasting.mean * lasting.n as f64).round() as usize;
        let figure = match estimate(variant, format!("event.{event}.recovery_s")) {
            Some(time) if time.mean > 0.0 => {
                let scale = Scale::fitting("s", time.mean);
                scale.with_suffix(&plus_minus(&scale, &time))
            }
            Some(_) => "at once".to_string(),
            None => String::new(),
        };
        let (verdict, class) = if failed > 0 { ("not recovered", "worse") } else { ("", "") };
        let difference =
            if failed > 0 { format!("in {failed} of {} runs", lasting.n) } else { String::new() };
        Some(Cell { figure, difference, verdict, class })
    };
    let row = |(index, variant): (usize, &'a VariantComparison)| Row {
        name: &variant.name,
        baseline: index == comparison.baseline,
        cells: events
            .iter()
            .map(|event| {
                cell(variant, event).unwrap_or_else(|| Cell { figure: "–".to_string(), ..Cell::default() })
            })
            .collect(),
    };
    match events.is_empty() {
        true => Vec::new(),
        false => comparison.variants.iter().enumerate().map(row).collect(),
    }
}

/// What to type to get the same record.
fn command(record: &Record) -> String {
    let mut command = format!("herdlab run {}", quoted(&record.scenario.source_path));
    for setting in &record.scenario.overrides {
        // These have options of their own, and `--duration` means more than the field.
        match setting.split_once('=') {
            Some((name @ ("seed" | "replications" | "duration" | "variant"), value)) => {
                command.push_str(&format!(" --{name} {}", quoted(value)));
            }
            _ => command.push_str(&format!(" --set {}", quoted(setting))),
        }
    }
    command
}

/// A word for the shell, quoted where it has to be.
fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "./_-=:,+@%".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_string()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::{answer::answer, comparison::compare};
    use crate::measure::fixture::stampede;
    use crate::measure::record::{AnswerRecord, ObservedRecord};
    use crate::report::charts::figures;
    use crate::scenario::model::{Bound, Threshold};

    fn page(record: &Record) -> String {
        let comparison = compare(record);
        render(record, &comparison, &answer(record, &comparison), &figures(record, &comparison)).unwrap()
    }

    #[test]
    fn nothing_is_loaded_and_nothing_runs() {
        let page = page(&stampede(3));
        assert!(page.contains("default-src 'none'"));
        for loading in ["<script", "<link", "<img", "<iframe", "@import", "url(", " src=", "href="] {
            assert!(!page.contains(loading), "{loading}");
        }
        let namespaces = page.matches("http://www.w3.org/2000/svg").count();
        assert_eq!(page.matches("http").count(), namespaces + 1, "the one other is http-equiv");
    }

    #[test]
    fn markup_in_any_text_stays_text() {
        const EVIL: &str = "</pre><script>alert('x')</script>\"onload=\"&{";
        let mut record = stampede(2);
        let scenario = &mut record.scenario;
        for text in [
            &mut scenario.name,
            &mut scenario.question,
            &mut scenario.source_path,
            &mut scenario.source,
            &mut scenario.digest,
            &mut record.herdlab,
        ] {
            *text = EVIL.to_string();
        }
        scenario.overrides = vec![EVIL.to_string()];
        scenario.headline.push(EVIL.to_string());
        scenario.thresholds = vec![Threshold {
            measure: EVIL.to_string(),
            bound: Bound::Max,
            limit: 1.0,
            variant: None,
            confident: false,
        }];
        scenario.answer = Some(AnswerRecord {
            text: EVIL.to_string(),
            digest: EVIL.to_string(),
            claims: vec![EVIL.to_string()],
        });
        for variant in &mut record.variants {
            variant.name = format!("{EVIL}{}", variant.name);
            variant.settings = vec![(EVIL.to_string(), EVIL.to_string())];
            for event in &mut variant.events {
                event.label = EVIL.to_string();
                event.text = EVIL.to_string();
            }
            variant.measures.retain(|measure| measure.name != "hit_ratio");
            let mut odd = variant.measures[0].clone();
            odd.name = format!("zzz{EVIL}");
            odd.unit = EVIL.to_string();
            variant.measures.push(odd);
        }
        let page = page(&record);
        assert!(!page.contains("<script") && !page.contains("\"onload"), "markup got through");
        assert!(page.contains("&#60;script&#62;"));
    }

    #[test]
    fn the_model_is_held_against_production_first() {
        let mut record = stampede(2);
        record.scenario.observed = Some(ObservedRecord {
            hit_ratio: Some(0.919),
            db_qps: Some(100.0),
            p50_ms: None,
            p99_ms: Some(340.0),
        });
        let page = page(&record);
        let place = |text: &str| page.find(text).unwrap_or_else(|| panic!("no {text}"));
        assert!(place("Model against observed") < place("id=\"comparison\""));
        assert!(page.contains("The model is more than 10 % off in db.qps.mean."));
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
