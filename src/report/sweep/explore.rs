//! The cells as data for the sliders of the page, and the cell that it shows without them.

use serde::Serialize;

use super::view::{View, is_judged, mark, verdict};
use crate::catalog::Better;
use crate::experiment::statistics::t_quantile;
use crate::experiment::sweep::record::{Spot, SweepRecord};
use crate::report::ReportError;
use crate::report::format::{spoken, unbroken};
use crate::report::interactive::without_markup;

/// Values of a page with sliders; a larger one would take too long to open.
const VALUES_MAX: usize = 400_000;

#[derive(Serialize)]
struct Data<'a> {
    axes: Vec<AxisData<'a>>,
    variants: Vec<VariantData<'a>>,
    measures: Vec<MeasureData>,
    /// In the order of [`SweepRecord::spots`].
    places: Vec<PlaceData>,
    /// Index of the place that others are compared with.
    reference: usize,
    /// What that place is.
    home: &'static str,
    /// Of Student's t for a 95 % interval of two replications, of three, and so on.
    quantiles: Vec<f64>,
}

#[derive(Serialize)]
struct AxisData<'a> {
    path: &'a str,
    labels: Vec<&'a str>,
    /// The values are amounts, not words.
    ordered: bool,
}

#[derive(Serialize)]
struct VariantData<'a> {
    name: &'a str,
    /// Of each axis the value that the variant sets itself.
    own: Vec<Option<&'a str>>,
}

#[derive(Serialize)]
struct MeasureData {
    /// In the figures and values of a place.
    index: usize,
    name: String,
    unit: String,
    /// The direction of what is better: 1, -1, or 0 where neither is.
    better: i8,
}

#[derive(Serialize)]
struct PlaceData {
    at: Vec<Option<usize>>,
    variant: usize,
    name: String,
    verdict: &'static str,
    why: String,
    class: &'static str,
    /// Its runs settle in one of two states.
    mixed: bool,
    figures: Vec<String>,
    /// By measure and replication.
    values: Vec<Vec<Option<f64>>>,
}

/// The data as JSON that can stand in a `<script>` element; `None` where there is too much of it.
pub(super) fn to_json(record: &SweepRecord, views: &[View<'_>]) -> Result<Option<String>, ReportError> {
    let replications = record.scenario.replications as usize;
    let Some(reference) = record.reference() else { return Ok(None) };
    if record.spots().count() * views.len() * replications > VALUES_MAX {
        return Ok(None);
    }
    let own = |variant: usize| (0..record.axes.len()).map(|axis| record.own(variant, axis)).collect();
    let same = |spot: &Spot<'_>| spot.at() == reference.spot.at() && spot.variant == reference.spot.variant;
    let data = Data {
        axes: (record.axes.iter())
            .map(|axis| AxisData {
                path: &axis.path,
                labels: axis.values.iter().map(|value| value.label.as_str()).collect(),
                ordered: axis.unit.is_some(),
            })
            .collect(),
        variants: (record.variants.iter().enumerate())
            .map(|(variant, name)| VariantData { name, own: own(variant) })
            .collect(),
        measures: views.iter().enumerate().map(measure).collect(),
        places: record.spots().map(|spot| place(record, views, &spot)).collect(),
        reference: record.spots().position(|spot| same(&spot)).unwrap_or_default(),
        home: match (&record.today, reference.is_today) {
            (_, true) => "today",
            (Some(_), false) => "the cell nearest to today",
            (None, _) => "the first cell",
        },
        quantiles: (1..replications.max(2)).map(|freedom| t_quantile(freedom as f64)).collect(),
    };
    let text = serde_json::to_string(&data).map_err(|error| ReportError::Make {
        what: "the data of the sliders".to_owned(),
        problem: error.to_string(),
    })?;
    Ok(Some(without_markup(&text)))
}

fn measure((index, view): (usize, &View<'_>)) -> MeasureData {
    let better = match view.better() {
        Better::Higher => 1,
        Better::Lower => -1,
        Better::Neither => 0,
    };
    MeasureData { index, name: spoken(view.measure), unit: view.unit.clone(), better }
}

fn place(record: &SweepRecord, views: &[View<'_>], spot: &Spot<'_>) -> PlaceData {
    let digits = |value: &f64| format!("{value:.6e}").parse().unwrap_or(*value);
    let values = |view: &View<'_>| {
        let values = spot.values(view.measure).unwrap_or_default();
        values.iter().map(|value| value.as_ref().map(digits)).collect()
    };
    let Shown { verdict, why, class, figures, name } = shown(record, views, spot);
    PlaceData {
        at: spot.at(),
        variant: spot.variant,
        name,
        verdict,
        why,
        class,
        mixed: !spot.collapsed_runs().is_empty(),
        figures: figures.into_iter().map(|(_, figure)| figure).collect(),
        values: views.iter().map(values).collect(),
    }
}

/// A place in words.
pub(super) struct Shown {
    pub name: String,
    /// Empty where nothing was judged.
    pub verdict: &'static str,
    pub class: &'static str,
    pub why: String,
    /// Spoken name and figure of each measure.
    pub figures: Vec<(String, String)>,
}

pub(super) fn shown(record: &SweepRecord, views: &[View<'_>], spot: &Spot<'_>) -> Shown {
    let at = spot.at();
    let figure = |view: &View<'_>| {
        let point = view.at(&at, spot.variant);
        point.map_or("–".to_owned(), |point| unbroken(&view.figure(&point.estimate)) + mark(&point.spot))
    };
    let safety = spot.safety();
    let words = verdict(record, spot);
    Shown {
        name: spot.name(),
        verdict: if is_judged(record) { safety.word() } else { "" },
        class: safety.class(),
        why: words.split_once(": ").map_or_else(String::new, |(_, why)| unbroken(why)),
        figures: views.iter().map(|view| (spoken(view.measure), figure(view))).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::sweep::record::{AxisValueRecord, PinnedRecord, Setting};
    use crate::experiment::sweep::today::TodayRecord;
    use crate::record::fixture::measure;
    use crate::report::sweep::fixture::{Along, sweep};

    /// Two amounts by two words; a variant that is pinned at an amount of its own; today is 25 and "b".
    fn record() -> SweepRecord {
        let axes = [
            Along::numbers("tier.l2.ttl", &[10.0, 30.0]),
            Along::words("writes.strategy", &["a", "</script>"]),
        ];
        let mut record = sweep(&axes, |at| {
            let mean = 100.0 * (at[0] + 1) as f64 + at[1] as f64;
            vec![measure("db.qps.mean", &[mean - 1.0, mean, mean + 1.0])]
        });
        record.variants.push("fixed".to_owned());
        record.pinned = vec![PinnedRecord {
            variant: 1,
            at: vec![Setting::Own { own: "7".to_owned(), value: Some(7.0) }, Setting::Swept(1)],
            measures: vec![measure("db.qps.mean", &[50.0; 3])],
            collapsed: Vec::new(),
            safety: Vec::new(),
        }];
        let value = |label: &str, value| Some(AxisValueRecord { label: label.to_owned(), value });
        let values = vec![value("25", Some(25.0)), value("</script>", None)];
        record.today = Some(TodayRecord { variant: 0, values, at: None });
        record
    }

    fn data(record: &SweepRecord) -> serde_json::Value {
        let views: Vec<View<'_>> = record.measures.iter().map(|name| View::new(record, name)).collect();
        let text = to_json(record, &views).unwrap().unwrap();
        assert!(!text.contains('<'), "{text}");
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn every_place_has_its_setting_its_figures_and_its_replications() {
        let data = data(&record());
        assert_eq!(data["axes"][0]["labels"], serde_json::json!(["10", "30"]));
        assert_eq!([&data["axes"][0]["ordered"], &data["axes"][1]["ordered"]], [true, false]);
        assert_eq!(data["variants"][1]["own"], serde_json::json!(["7", null]));
        let places = data["places"].as_array().unwrap();
        assert_eq!(places.len(), 5);
        assert_eq!(places[3]["at"], serde_json::json!([1, 1]));
        assert_eq!(places[3]["values"], serde_json::json!([[200.0, 201.0, 202.0]]));
        // t(0.975, 2) / sqrt(3) is 2.48.
        assert_eq!(places[3]["figures"], serde_json::json!(["201 ± 2/s"]));
        assert_eq!((&places[4]["at"], &places[4]["variant"]), (&serde_json::json!([null, 1]), &1.into()));
        let quantiles: Vec<f64> =
            data["quantiles"].as_array().unwrap().iter().filter_map(serde_json::Value::as_f64).collect();
        assert!((quantiles[0] - 12.7062).abs() < 1e-4 && (quantiles[1] - 4.30265).abs() < 1e-5);
    }

    /// 25 is 1.2 times below 30 and 2.5 times above 10.
    #[test]
    fn the_cell_nearest_to_the_file_stands_for_today() {
        let mut record = record();
        let nearest = data(&record);
        assert_eq!(
            (&nearest["reference"], &nearest["home"]),
            (&3.into(), &"the cell nearest to today".into())
        );
        record.today.as_mut().unwrap().at = Some(vec![0, 1]);
        let itself = data(&record);
        assert_eq!((&itself["reference"], &itself["home"]), (&1.into(), &"today".into()));
        record.today = None;
        let unknown = data(&record);
        assert_eq!((&unknown["reference"], &unknown["home"]), (&0.into(), &"the first cell".into()));
    }

    #[test]
    fn more_values_than_a_page_can_open_leave_the_sliders_out() {
        let values = vec![1.0; VALUES_MAX / 100 + 1];
        let axes = [Along::numbers("workload.keys", &(1..=100).map(f64::from).collect::<Vec<_>>())];
        let record = sweep(&axes, |_| vec![measure("db.qps.mean", &values)]);
        let views = [View::new(&record, "db.qps.mean")];
        assert!(to_json(&record, &views).unwrap().is_none());
    }
}
