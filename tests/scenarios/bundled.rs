//! The scenarios that come with the program.

use herdlab::experiment::comparison::compare;
use herdlab::measure::claim::{Piece, pieces};
use herdlab::scenario::model::Variant;
use herdlab::scenario::{Overrides, bundled, parse};
use herdlab::units::format_duration;

use crate::support::{scenarios, simulate};

#[test]
fn every_scenario_file_is_bundled() {
    let mut files: Vec<String> = std::fs::read_dir(scenarios())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    files.sort();
    let mut known: Vec<&str> = bundled::all().iter().map(|bundled| bundled.name).collect();
    known.sort_unstable();
    assert_eq!(files, known);
}

#[test]
fn every_bundled_scenario_runs_in_miniature() {
    for bundled in bundled::all() {
        let name = bundled.name;
        let read = |overrides: &Overrides| {
            parse(bundled.source, name, scenarios(), overrides)
                .unwrap_or_else(|problems| panic!("{problems}"))
        };
        let whole_ns = read(&Overrides::default()).variants[0].model.duration_ns;
        let tenth = Some(format_duration(whole_ns / 10));
        let experiment = read(&Overrides { duration: tenth, replications: Some(2), ..Overrides::default() });
        let baseline = &experiment.variants[experiment.baseline];
        for variant in experiment.variants.iter().filter(|variant| variant.name != baseline.name) {
            let same = format!("{:?}", variant.model) == format!("{:?}", baseline.model);
            assert!(!same, "{name}: {} is the same as {}", variant.name, baseline.name);
        }
        let record = simulate(&experiment, 0);
        for (variant, Variant { model, .. }) in record.variants.iter().zip(&experiment.variants) {
            for headline in &experiment.headline {
                let tier = headline.strip_prefix("tier.").and_then(|rest| rest.split('.').next());
                if tier.is_some_and(|tier| model.tiers.iter().all(|known| known.name != tier)) {
                    continue;
                }
                let measure = variant.measure(headline);
                let values = measure.map_or(0, |measure| measure.values.iter().flatten().count());
                assert_eq!(values, 2, "{name}: {} has no {headline}", variant.name);
            }
        }
        let comparison = compare(&record);
        for piece in experiment.answer.iter().flat_map(|answer| pieces(&answer.text).unwrap()) {
            // What happens late in the whole run does not happen in a tenth of it.
            if let Piece::Value(reference) = piece
                && !reference.measure.starts_with("event.")
            {
                let mean =
                    comparison.variant(&reference.variant).and_then(|found| found.mean(&reference.measure));
                assert!(mean.is_some(), "{name}: {reference} in the answer has no value");
            }
        }
    }
}
