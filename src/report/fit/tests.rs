use serde_json::Value;

use super::*;
use crate::experiment::fit::{Agreement, Telling};
use crate::model::Input;

fn unknown(path: &str, unit: &str, (low, high): (f64, f64), value: f64, range: (f64, f64)) -> Fitted {
    let input = Input {
        path: path.to_owned(),
        text: String::new(),
        unit: unit.to_owned(),
        whole: false,
        low,
        high,
        likely: None,
    };
    Fitted { open: (range.0 <= low, range.1 >= high), input, value, range }
}

fn figure(measure: &str, observed: f64, fitted: f64, half: f64, p: f64) -> Figured {
    Figured {
        measure: measure.to_owned(),
        observed,
        spread: None,
        fitted: Some(fitted),
        range: Some((fitted - half, fitted + half)),
        p,
        seen: Some((fitted * 0.5, fitted * 1.1)),
    }
}

/// A hit ratio, of which exponent and keys follow together only.
fn tied() -> Fit {
    Fit {
        unknowns: vec![
            unknown("workload.keys", "count", (100.0, 10_000.0), 1_204.0, (300.0, 10_000.0)),
            unknown("database.read", "s", (0.001, 0.05), 0.0053, (0.0051, 0.0055)),
        ],
        figures: vec![figure("hit_ratio", 0.931, 0.93, 0.01, 0.8)],
        checks: Vec::new(),
        agreement: Agreement { distance2: 0.1, freedom: 1, p: 0.76 },
        ties: vec![Tie {
            unknowns: vec![0, 1],
            ends: [vec![400.0, 0.005], vec![9_000.0, 0.0054]],
            telling: vec![Telling { measure: "tier.l2.entries.peak".to_owned(), at: [390.0, 5_100.0] }],
        }],
        left_out: Vec::new(),
        simulations: 180,
        simulations_near: 90,
    }
}

fn words(fit: &Fit) -> Vec<String> {
    let texts = ["1204.0".to_owned(), "\"5.3ms\"".to_owned()];
    Shown { fit, scenario: "my.toml", seed: 1, texts: &texts, command: None }.sentences()
}

#[test]
fn unknowns_that_go_together_are_named_with_two_settings_and_a_figure_that_would_tell() {
    assert_eq!(
        words(&tied()),
        [
            "The model agrees with all figures of production that were used (a right model would be at least this far off in 76 % of cases): 2 unknowns of my.toml \
             with 180 simulations.",
            "! The figures do not tell workload.keys and database.read apart (a larger workload.keys makes up for a larger \
             database.read): workload.keys = 400 and database.read = 5 ms agrees as well as workload.keys = 9,000 and database.read = \
             5.40 ms. A further figure would tell: tier.l2.entries.peak (390 and 5,100).",
        ]
    );
}

#[test]
fn a_figure_that_no_setting_meets_is_named_with_the_miss() {
    let mut fit = tied();
    fit.ties.clear();
    fit.figures[0] = figure("hit_ratio", 0.93, 0.62, 0.02, 1e-6);
    fit.agreement = Agreement { distance2: 60.0, freedom: 1, p: 1e-6 };
    assert_eq!(
        words(&fit)[0],
        "No setting within the ranges agrees with all figures (a right model would be this far off in less than 0.1 % of cases): 2 unknowns of my.toml with 180 simulations. At the best one hit_ratio is 62.0 % (−33.3 %), and 93.0 % is observed. All \
         simulations gave 31.0 to 68.2 %: if the ranges may be wider, widen them."
    );
    fit.left_out = vec![LeftOut {
        measure: "hit_ratio".to_owned(),
        observed: 0.93,
        predicted: 0.6,
        range: (0.58, 0.62),
        p_of_others: 0.4,
        values: vec![1_204.0, 0.0053],
    }];
    assert!(
        words(&fit)[1]
            .starts_with("Without hit_ratio the others agree with each other, at workload.keys = 1,204 and"),
        "{:?}",
        words(&fit)
    );
    assert!(!fit.stands());
}

#[test]
fn a_factor_is_no_percentage() {
    let mut fit = tied();
    fit.ties[0].telling[0] = Telling { measure: "db.headroom".to_owned(), at: [1.5, 2.25] };
    assert!(
        words(&fit)[1].ends_with("A further figure would tell: db.headroom (1.50 and 2.25)."),
        "{:?}",
        words(&fit)
    );
}

#[test]
fn a_check_that_fails_speaks_against_a_model_that_agrees() {
    let mut fit = tied();
    fit.checks = vec![figure("db.qps.mean", 120.0, 80.0, 10.0, 0.001)];
    assert!(fit.agrees() && !fit.stands());
    assert!(words(&fit)[1].ends_with("for another reason than that it is right."), "{:?}", words(&fit));
    let mut other = fit.clone();
    other.agreement.p = 1e-4;
    let told = words(&other);
    assert!(told.iter().any(|word| word.ends_with("and 120/s is observed.")), "{told:?}");
    assert!(!told.iter().any(|word| word.contains("another reason")), "{told:?}");
    assert!(
        words(&fit)[1]
            .starts_with("! The check fails: db.qps.mean would be 70 to 90/s, and 120/s is observed."),
        "{:?}",
        words(&fit)
    );
    let texts = ["1204.0".to_owned(), "\"5.3ms\"".to_owned()];
    let shown =
        Shown { fit: &fit, scenario: "my.toml", seed: 1, texts: &texts, command: Some("herdlab run") };
    let table = shown.markdown();
    assert!(
        table.contains("| workload.keys | 1,204 | 300 to 10,000 (open above) | 100 to 10,000 |"),
        "{table}"
    );
    assert!(table.contains("| db.qps.mean (check) | 120/s | 80/s | 70 to 90/s | **no** |"), "{table}");
    let json: Value = serde_json::from_str(&shown.json().unwrap()).unwrap();
    assert_eq!(json["set"]["database.read"], "\"5.3ms\"");
    assert_eq!(
        (json["stands"].as_bool(), json["unknowns"][0]["value"].as_f64()),
        (Some(false), Some(1204.0))
    );
}
