//! Figures of production in a record.

use serde::{Deserialize, Serialize};

use crate::model::{Figure, Observed};

/// Figures that production reports of itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(from = "Written", into = "Written")]
pub struct ObservedRecord {
    pub figures: Vec<FigureRecord>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct FigureRecord {
    pub measure: String,
    /// In the unit of the measure.
    pub value: f64,
    /// Standard deviation between periods as long as the measured part of a run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spread: Option<f64>,
    /// Held against the fitted model, and not used for the fit.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub check: bool,
}

impl FigureRecord {
    /// A figure alone.
    pub fn new(measure: &str, value: f64) -> FigureRecord {
        FigureRecord { measure: measure.to_owned(), value, spread: None, check: false }
    }
}

impl From<&Observed> for ObservedRecord {
    fn from(observed: &Observed) -> Self {
        let of =
            |Figure { measure, value, spread, check }: Figure| FigureRecord { measure, value, spread, check };
        let figures = observed.figures.iter().cloned().map(of).collect();
        // In the order in which a record gives them back.
        Written::from(ObservedRecord { figures }).into()
    }
}

/// As a record has it: four figures have had a field of their own from the beginning.
#[derive(Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct Written {
    hit_ratio: Option<f64>,
    db_qps: Option<f64>,
    p50_ms: Option<f64>,
    p99_ms: Option<f64>,
    /// All others, and those of the four that are more than a number.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    figures: Vec<FigureRecord>,
}

impl Written {
    fn fields(&mut self) -> [(&'static str, &mut Option<f64>); 4] {
        [
            ("hit_ratio", &mut self.hit_ratio),
            ("db.qps.mean", &mut self.db_qps),
            ("latency.all.p50_ms", &mut self.p50_ms),
            ("latency.all.p99_ms", &mut self.p99_ms),
        ]
    }
}

impl From<Written> for ObservedRecord {
    fn from(mut written: Written) -> Self {
        let own = written.fields().map(|(measure, value)| Some(FigureRecord::new(measure, (*value)?)));
        let mut figures: Vec<FigureRecord> = own.into_iter().flatten().collect();
        figures.append(&mut written.figures);
        ObservedRecord { figures }
    }
}

impl From<ObservedRecord> for Written {
    fn from(observed: ObservedRecord) -> Self {
        let mut written = Written::default();
        for figure in observed.figures {
            let plain = figure.spread.is_none() && !figure.check;
            let field = written.fields().into_iter().find(|(measure, _)| plain && *measure == figure.measure);
            match field {
                Some((_, field)) => *field = Some(figure.value),
                None => written.figures.push(figure),
            }
        }
        written
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_of_four_figures_is_read_and_written_as_ever() {
        let old = r#"{"hit_ratio":0.93,"db_qps":null,"p50_ms":null,"p99_ms":12.0}"#;
        let read: ObservedRecord = serde_json::from_str(old).unwrap();
        assert_eq!(
            read.figures,
            [("hit_ratio", 0.93), ("latency.all.p99_ms", 12.0)]
                .map(|(name, value)| FigureRecord::new(name, value))
        );
        assert_eq!(serde_json::to_string(&read).unwrap(), old);
    }

    #[test]
    fn other_figures_and_spreads_have_a_list() {
        let spread = FigureRecord { spread: Some(0.004), ..FigureRecord::new("hit_ratio", 0.931) };
        let tier = FigureRecord { check: true, ..FigureRecord::new("tier.l2.hit_ratio", 0.9) };
        let all = ObservedRecord { figures: vec![spread, tier] };
        let text = serde_json::to_string(&all).unwrap();
        assert_eq!(
            text,
            r#"{"hit_ratio":null,"db_qps":null,"p50_ms":null,"p99_ms":null,"figures":[{"measure":"hit_ratio","value":0.931,"spread":0.004},{"measure":"tier.l2.hit_ratio","value":0.9,"check":true}]}"#
        );
        assert_eq!(serde_json::from_str::<ObservedRecord>(&text).unwrap(), all);
    }
}
