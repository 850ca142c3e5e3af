//! The page as a whole.

use super::{Charts, render};
use crate::experiment::{answer::answer, comparison::compare};
use crate::model::{Bound, Threshold};
use crate::record::fixture::stampede;
use crate::record::{AnswerRecord, FigureRecord, LintRecord, ObservedRecord, Record};
use crate::report::charts::figures;
use crate::theory::Prediction;

fn page(record: &Record, charts: Charts) -> String {
    let comparison = compare(record);
    render(record, &comparison, &answer(record, &comparison), &figures(record, &comparison), charts).unwrap()
}

#[test]
fn nothing_is_loaded_and_only_the_pages_own_script_runs() {
    let page = page(&stampede(3), Charts::Interactive);
    let policy = page.split("http-equiv=\"Content-Security-Policy\" content=\"").nth(1).unwrap();
    let policy = policy.split('"').next().unwrap();
    assert!(policy.starts_with("default-src &#39;none&#39;") && !policy.contains("unsafe"), "{policy}");
    for loading in
        ["<link rel=\"stylesheet", "<img", "<iframe", "@import", "url(", " src=", " style=", " onclick="]
    {
        assert!(!page.contains(loading), "{loading}");
    }
    // Links lead to places of the page itself; the icon is empty.
    for link in page.split("href=\"").skip(1) {
        assert!(link.starts_with('#') || link.starts_with("data:,"), "{}", &link[..40]);
    }
    assert_eq!(page.matches("<script").count(), 2, "the script and its data");
    let namespaces = page.matches("http://www.w3.org/2000/svg").count();
    assert_eq!(page.matches("http").count(), namespaces + 1, "the one other is http-equiv");
}

#[test]
fn a_static_page_has_no_script() {
    let page = page(&stampede(3), Charts::Static);
    for forbidden in ["<script", "script-src", "<button", "<noscript"] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    assert!(page.contains("<svg"));
}

#[test]
fn markup_in_any_text_stays_text() {
    const EVIL: &str = "</pre></script><script>alert('x')</script><!--\"onload=\"&{\u{2028}";
    let mut record = stampede(4);
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
    scenario.lints = vec![LintRecord { lint: EVIL.to_string(), text: EVIL.to_string() }];
    scenario.thresholds = vec![Threshold {
        measure: EVIL.to_string(),
        bound: Bound::Max,
        limit: 1.0,
        variant: None,
        confident: false,
        runs: None,
    }];
    scenario.answer = Some(AnswerRecord {
        text: EVIL.to_string(),
        digest: EVIL.to_string(),
        claims: vec![EVIL.to_string()],
    });
    for variant in &mut record.variants {
        variant.name = format!("{EVIL}{}", variant.name);
        variant.settings = vec![(format!("{EVIL}{}", variant.name), EVIL.to_string())];
        for event in &mut variant.events {
            event.label = EVIL.to_string();
            event.text = EVIL.to_string();
        }
        variant.theory = vec![Prediction {
            measure: "db.qps.mean".to_string(),
            value: 1.0,
            law: EVIL.to_string(),
            failing: vec![EVIL.to_string()],
        }];
        variant.measures.retain(|measure| measure.name != "hit_ratio");
        let mut odd = variant.measures[0].clone();
        odd.name = format!("zzz{EVIL}");
        odd.unit = EVIL.to_string();
        variant.measures.push(odd);
    }
    let page = page(&record, Charts::Interactive);
    assert_eq!(page.matches("<script").count(), 2);
    assert_eq!(page.matches("</script").count(), 2);
    // In a string of JSON a quote has its backslash.
    let bare = page.replace("\\\"", "");
    assert!(!bare.contains("\"onload") && !page.contains("<!--"), "markup got through");
    assert!(page.contains("&#60;script&#62;") && page.contains("\\u003cscript\\u003e"));
}

#[test]
fn the_model_is_held_against_production_first() {
    let mut record = stampede(2);
    let figures = [("hit_ratio", 0.919), ("db.qps.mean", 100.0), ("latency.all.p99_ms", 340.0)];
    let figures = figures.map(|(measure, value)| FigureRecord::new(measure, value)).to_vec();
    record.scenario.observed = Some(ObservedRecord { figures });
    let page = page(&record, Charts::Static);
    let place = |text: &str| page.find(text).unwrap_or_else(|| panic!("no {text}"));
    assert!(place("Model against observed") < place("id=\"verdicts\""));
    assert!(page.contains("Production lies outside the range of 95 % of single runs in db.qps.mean."));
}

#[test]
fn sections_come_in_the_order_of_a_review() {
    let page = page(&stampede(3), Charts::Interactive);
    let sections = ["review", "verdicts", "charts", "differences", "lints", "method", "reproduce"];
    let places: Vec<_> = sections.map(|id| page.find(&format!("<section id=\"{id}\"")).unwrap()).to_vec();
    assert!(places.is_sorted(), "{places:?}");
}

/// Eight variants with about as many windows as the largest record may have, and all charts.
fn largest() -> Record {
    const TIMES: usize = 30;
    let mut record = stampede(8);
    record.scenario.duration_s *= TIMES as f64;
    for variant in &mut record.variants {
        for series in &mut variant.windows.series {
            let once = series.values.clone();
            let noise = |time: usize, index: usize| 1.0 + ((time * 37 + index * 101) % 89) as f64 / 1e4;
            series.values = (0..TIMES)
                .flat_map(|time| {
                    let value = move |(index, value): (usize, &Option<f64>)| {
                        value.map(|value| value * noise(time, index))
                    };
                    once.iter().enumerate().map(value).collect::<Vec<_>>()
                })
                .collect();
        }
    }
    record
}

#[test]
fn a_report_of_eight_variants_can_be_mailed() {
    let record = largest();
    let results = crate::report::json::to_json(&record).unwrap().1;
    assert!(
        (5_000_000..=crate::report::json::RESULTS_BYTES_MAX).contains(&results.len()),
        "{}",
        results.len()
    );
    let (interactive, still) = (page(&record, Charts::Interactive), page(&record, Charts::Static));
    println!(
        "{} bytes, {} bytes with --static, results.json {}",
        interactive.len(),
        still.len(),
        results.len()
    );
    assert!(interactive.len() < 7_000_000, "{} bytes", interactive.len());
    assert!(still.len() < 1_000_000, "{} bytes with --static", still.len());
}
