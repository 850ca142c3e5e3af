//! The report as one HTML file that loads nothing: no script, no font, no picture from anywhere.

use askama::Template;

use super::ReportError;
use super::draw::to_svg;
use super::figure::Figure;
use super::format::{change, common_scale, difference, number, plus_minus, shown_measures, with_unit};
use crate::experiment::answer::Answer;
use crate::experiment::comparison::{Comparison, MeasureComparison, Verdict};
use crate::measure::catalog;
use crate::measure::record::Record;

/// Deviations of the model from what production reports that are larger than this are warned of.
pub const OBSERVED_DEVIATION_MAX: f64 = 0.10;

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    name: &'a str,
    question: &'a str,
    answer: &'a str,
    note: Option<&'a str>,
    baseline: &'a str,
    observed: Vec<ObservedRow>,
    deviating: String,
    columns: Vec<Column>,
    rows: Vec<Row<'a>>,
    table_note: String,
    claims: Vec<(&'a str, &'static str)>,
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

struct ObservedRow {
    measure: &'static str,
    observed: String,
    model: String,
    deviation: String,
    warns: bool,
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
    let observed = observed_rows(record, comparison);
    let deviating: Vec<&str> = observed.iter().filter(|row| row.warns).map(|row| row.measure).collect();
    let measures = shown_measures(&scenario.headline, comparison);
    let page = Page {
        name: &scenario.name,
        question: &scenario.question,
        answer: &answer.words,
        note: answer.note.as_deref(),
        baseline: &comparison.baseline().name,
        deviating: deviating.join(", "),
        observed,
        columns: measures.iter().map(|name| column(record, comparison, name)).collect(),
        rows: rows(comparison, &measures),
        table_note: table_note(record, comparison),
        claims: claims(answer),
        charts,
        settings: record
            .variants
            .iter()
            .map(|variant| VariantSettings { name: &variant.name, settings: &variant.settings })
            .collect(),
        events: events(record),
        duration: with_unit(scenario.duration_s, "s"),
        warmup: with_unit(scenario.warmup_s, "s"),
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

/// The baseline beside what production reports.
fn observed_rows(record: &Record, comparison: &Comparison) -> Vec<ObservedRow> {
    let Some(observed) = &record.scenario.observed else { return Vec::new() };
    [
        ("hit_ratio", observed.hit_ratio),
        ("db.qps.mean", observed.db_qps),
        ("latency.all.p50_ms", observed.p50_ms),
        ("latency.all.p99_ms", observed.p99_ms),
    ]
    .into_iter()
    .filter_map(|(measure, value)| {
        let value = value?;
        let unit = catalog::find(measure)?.unit;
        let modelled = comparison.baseline().measure(measure).and_then(|measure| measure.estimate);
        let deviation = modelled.filter(|_| value != 0.0).map(|estimate| (estimate.mean - value) / value);
        Some(ObservedRow {
            measure,
            observed: with_unit(value, unit),
            model: modelled.map_or_else(|| "–".to_string(), |estimate| with_unit(estimate.mean, unit)),
            deviation: deviation.map_or_else(|| "–".to_string(), change),
            warns: deviation.is_none_or(|deviation| deviation.abs() > OBSERVED_DEVIATION_MAX),
        })
    })
    .collect()
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
        Some(Cell { figure, difference: difference(comparison, measure), verdict, class })
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
         points). Measures with * get a verdict.",
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

/// The distinct events of all variants, in time order.
fn events(record: &Record) -> Vec<(String, String, String)> {
    let mut events: Vec<_> = record.variants.iter().flat_map(|variant| &variant.events).collect();
    events.sort_by(|a, b| a.at_s.total_cmp(&b.at_s));
    let mut told: Vec<(String, String, String)> = Vec::new();
    for event in events {
        let when = match event.end_s > event.at_s {
            true => format!("{} to {} s", number(event.at_s), number(event.end_s)),
            false => format!("at {} s", number(event.at_s)),
        };
        let row = (event.label.clone(), event.text.clone(), when);
        if !told.contains(&row) {
            told.push(row);
        }
    }
    told
}

/// What to type to get the same record.
fn command(record: &Record) -> String {
    let mut command = format!("herdlab run {}", quoted(&record.scenario.source_path));
    for setting in &record.scenario.overrides {
        command.push_str(&format!(" --set {}", quoted(setting)));
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
            hit_ratio: Some(0.93),
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
        record.scenario.overrides = vec!["tier.l2.ttl=\"5s\"".to_string(), "workload.keys=10".to_string()];
        assert_eq!(
            command(&record),
            "herdlab run scenarios/stampede.toml --set 'tier.l2.ttl=\"5s\"' --set workload.keys=10"
        );
    }
}
