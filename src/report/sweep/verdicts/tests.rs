use super::*;
use crate::experiment::sweep::record::CellRecord;
use crate::model::Threshold;
use crate::record::fixture::measure;
use crate::report::sweep::fixture::{Along, sweep};

const MAX_50_MS: f64 = 50.0;

/// p99 latencies of one variant along `database.pool`, held against 50 ms.
fn pool(p99_ms: &[f64]) -> SweepRecord {
    let values: Vec<f64> = (1..=p99_ms.len()).map(|index| 2.0 * index as f64).collect();
    let mut record = sweep(&[Along::numbers("database.pool", &values)], |at| {
        vec![measure("latency.all.p99_ms", &[p99_ms[at[0]] - 1.0, p99_ms[at[0]] + 1.0])]
    });
    hold(&mut record);
    record
}

/// A mean of more than 50 ms is not safe, one from 45 ms on a risk.
fn hold(record: &mut SweepRecord) {
    let limit = Threshold::new("latency.all.p99_ms", Bound::Max, MAX_50_MS);
    record.limits = vec![LimitRecord { limit, unit: "ms".to_owned(), default: false }];
    for CellRecord { variants, safety, .. } in &mut record.cells {
        let of = |measures: &Vec<crate::record::MeasureRecord>| {
            let values: Vec<f64> = measures[0].values.iter().flatten().copied().collect();
            vec![match values.iter().sum::<f64>() / values.len() as f64 {
                mean if mean > MAX_50_MS => Safety::NotSafe,
                mean if mean >= 45.0 => Safety::AtRisk,
                _ => Safety::Safe,
            }]
        };
        *safety = variants.iter().map(of).collect();
    }
}

#[test]
fn the_border_along_an_axis_is_named_with_the_limit_beyond_it() {
    let told = |p99_ms: &[f64]| sentences(&pool(p99_ms)).join(" ");
    assert_eq!(
        told(&[10.0, 20.0, 60.0, 90.0]),
        "Within all limits up to database.pool = 4; beyond it p99 latency exceeds 50 ms."
    );
    assert_eq!(
        told(&[10.0, 20.0, 47.0, 90.0]),
        "Within all limits up to database.pool = 4; beyond it p99 latency may exceed 50 ms, and from 8 on p99 latency exceeds 50 ms."
    );
    assert_eq!(
        told(&[90.0, 60.0, 20.0, 10.0]),
        "Within all limits from database.pool = 6; below it p99 latency exceeds 50 ms."
    );
    assert_eq!(
        told(&[90.0, 47.0, 20.0]),
        "Within all limits from database.pool = 6; below it p99 latency may exceed 50 ms, and at 2 p99 latency exceeds 50 ms."
    );
    assert_eq!(
        told(&[90.0, 20.0, 10.0, 70.0]),
        "Within all limits from database.pool = 4 to 6; below it p99 latency exceeds 50 ms, beyond it p99 latency exceeds 50 ms."
    );
    assert_eq!(
        told(&[10.0, 90.0, 10.0]),
        "Within all limits for database.pool = 2 and 6; p99 latency exceeds 50 ms in 1 cell."
    );
    assert_eq!(told(&[10.0, 20.0]), "Within all limits at every value of database.pool.");
    assert_eq!(
        told(&[70.0, 80.0]),
        "No value of database.pool is within all limits; p99 latency exceeds 50 ms in 2 cells."
    );
}

#[test]
fn variants_of_which_the_same_is_true_share_a_sentence() {
    let mut record = pool(&[10.0, 20.0, 60.0]);
    record.variants = ["a", "b", "c"].map(str::to_owned).to_vec();
    for cell in &mut record.cells {
        let (measures, own) = (cell.variants[0].clone(), cell.safety[0].clone());
        cell.variants.extend([measures.clone(), measures]);
        cell.safety.extend([own, vec![Safety::Safe]]);
    }
    assert_eq!(
        sentences(&record),
        [
            "a and b: within all limits up to database.pool = 4; beyond it p99 latency exceeds 50 ms.",
            "c: within all limits at every value of database.pool."
        ]
    );
}

#[test]
fn a_grid_of_two_axes_has_a_clause_for_rows_with_the_same_border() {
    let axes = [
        Along::numbers("database.pool", &[2.0, 4.0, 6.0]),
        Along::numbers("workload.keys", &[10.0, 20.0, 30.0, 40.0]),
    ];
    // Pools of 4 fit up to 20 keys, pools of 2 only 30; nothing fits 40.
    let beyond = |at: &[usize]| [1, 1, 0, -1][at[1]] < at[0] as i32;
    let mut record = sweep(&axes, |at| {
        let p99_ms = if beyond(at) { 80.0 } else { 20.0 };
        vec![measure("latency.all.p99_ms", &[p99_ms, p99_ms])]
    });
    hold(&mut record);
    assert_eq!(
        sentences(&record),
        ["Within all limits in 5 of 12 cells: up to database.pool = 4 at workload.keys = 10 and 20, up to \
          database.pool = 2 at 30, nowhere at 40; p99 latency exceeds 50 ms in 7 cells."]
    );
}

#[test]
fn a_record_without_limits_has_no_sentence_and_two_states_are_never_safe() {
    let mut record = pool(&[10.0, 20.0]);
    record.cells[1].collapsed = vec![vec![1]];
    assert_eq!(
        sentences(&record),
        ["Within all limits up to database.pool = 2; beyond it the runs settle in one of two states."]
    );
    record.limits.clear();
    assert_eq!(sentences(&record), Vec::<String>::new());
}

#[test]
fn limits_that_no_cell_has_anything_for_are_named_where_the_scenario_sets_them() {
    let mut record = pool(&[10.0]);
    let unknown = |measure: &str, default| LimitRecord {
        limit: Threshold::new(measure, Bound::Max, 0.0),
        unit: "count".to_owned(),
        default,
    };
    record.limits.extend([unknown("writes.lost", true), unknown("db.breaker.trips", false)]);
    record.cells[0].safety[0].extend([Safety::NotJudged; 2]);
    assert_eq!(
        limits(&record),
        ["latency.all.p99_ms ≤ 50 ms", "db.breaker.trips ≤ 0 (not judged: no cell has it)"]
    );
}
