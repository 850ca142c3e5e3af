//! Records of sweeps for tests, made without a simulation.

use crate::experiment::sweep::record::{
    AxisRecord, AxisValueRecord, CellRecord, SCHEMA, SweepRecord, SweptScenario,
};
use crate::record::MeasureRecord;

/// An axis and its values.
pub(super) struct Along(AxisRecord);

impl Along {
    /// Plain numbers in this order.
    pub fn numbers(path: &str, values: &[f64]) -> Along {
        let value = |value: &f64| AxisValueRecord { label: value.to_string(), value: Some(*value) };
        let values = values.iter().map(value).collect();
        Along(AxisRecord { path: path.to_owned(), unit: Some("count".to_owned()), values })
    }

    /// Words, which have no order.
    pub fn words(path: &str, words: &[&str]) -> Along {
        let value = |word: &&str| AxisValueRecord { label: (*word).to_owned(), value: None };
        Along(AxisRecord { path: path.to_owned(), unit: None, values: words.iter().map(value).collect() })
    }
}

/// One variant in every cell, whose measures follow from the index of the value of each axis. Nothing is known of today.
pub(super) fn sweep(axes: &[Along], measures: impl Fn(&[usize]) -> Vec<MeasureRecord>) -> SweepRecord {
    let axes: Vec<AxisRecord> = axes.iter().map(|Along(axis)| axis.clone()).collect();
    let count: usize = axes.iter().map(|axis| axis.values.len()).product();
    let at = |mut index: usize| {
        let mut at = vec![0; axes.len()];
        for (slot, axis) in at.iter_mut().zip(&axes).rev() {
            *slot = index % axis.values.len();
            index /= axis.values.len();
        }
        at
    };
    let cell = |at: Vec<usize>| CellRecord {
        variants: vec![measures(&at)],
        collapsed: Vec::new(),
        safety: Vec::new(),
        at,
    };
    let cells: Vec<CellRecord> = (0..count).map(at).map(cell).collect();
    let shown = &cells[0].variants[0];
    SweepRecord {
        schema: SCHEMA,
        herdlab: "0.2.0".to_owned(),
        scenario: SweptScenario {
            name: "example".to_owned(),
            question: "How much is enough?".to_owned(),
            source_path: "example.toml".to_owned(),
            source: "question = \"How much is enough?\"\n".to_owned(),
            overrides: Vec::new(),
            options: Vec::new(),
            seed: 1,
            replications: shown.first().map_or(0, |measure| measure.values.len() as u32),
            duration_s: 10.0,
            precision_unused: false,
            lints: Vec::new(),
        },
        variants: vec!["only".to_owned()],
        measures: shown.iter().map(|measure| measure.name.clone()).collect(),
        pareto: None,
        wanted: count,
        cells,
        pinned: Vec::new(),
        limits: Vec::new(),
        today: None,
        axes,
    }
}
