//! The charts. A series over time is a row of [`CHARTS`]; every other chart has a file with a function from the record to
//! a figure. A chart without data is left out of the report.

mod database_load;
mod headline;
pub(super) use headline::shortened;
mod hits_and_misses;
mod latency_map;
mod levels;
mod over_time;
mod percentiles;
mod side_by_side;
mod stampede_sizes;
mod tiers;
mod time_series;
mod tornado;
mod why;

pub use levels::LEVEL_FAR;
use over_time::{OverTime, Shown};
pub(super) use time_series::spans_decades;

use super::figure::Figure;
use crate::experiment::answer::enumerated;
use crate::experiment::comparison::Comparison;
use crate::record::Record;

/// Draws from a record, or nothing where the record has no data for it.
#[derive(Clone, Copy, Debug)]
pub enum Chart {
    Drawn(fn(&Record, &Comparison) -> Option<Figure>),
    OverTime(OverTime),
}

use Chart::Drawn;

/// The chart with a row for each state.
const HEADLINE: &str = "headline";

/// All charts, in the order of the report.
pub const CHARTS: &[Chart] = &[
    Drawn(headline::figure),
    Drawn(tornado::figure),
    Drawn(database_load::figure),
    Drawn(percentiles::figure),
    Drawn(why::figure),
    row(OverTime::of_run("latency-p99", "p99 latency over time", &[("latency.all.p99_ms", "")], "p99 latency")
        .message("Whole run: {latency.all.p99_ms}.", MEANS)
        .log()),
    Drawn(latency_map::figure),
    row(OverTime::of_run("hit-ratio", "Hit ratio over time", &[("hit_ratio", "")], "hit ratio")
        .message("Whole run: {hit_ratio}.", MEANS)),
    Drawn(hits_and_misses::figure),
    Drawn(stampede_sizes::figure),
    row(OverTime::of_run("errors", "Errors over time", &[("error.ratio", "")], "failed requests")
        .message("Whole run: {error.ratio}.", MEANS)
        .shown(Shown::SomeFailed)),
    row(OverTime::of_run("goodput", "Goodput over time", &[("goodput", "")], "answered without an error")
        .message("Whole run: {goodput}.", MEANS)
        .shown(Shown::SomeFailed)),
    row(OverTime::of_run(
        "memory-<tier>",
        "Memory of tier <tier> over time",
        &[("tier.<tier>.bytes", "")],
        "keys, values and overhead",
    )
    .message("At most {peak}.", MEANS)
    .at_end()
    .shown(Shown::Changing)),
    row(OverTime::of_run(
        "key-count-<tier>",
        "Keys in tier <tier> over time",
        &[("tier.<tier>.entries", "")],
        "keys, expired ones that hold memory included",
    )
    .message("At most {peak} keys.", MEANS)
    .at_end()
    .shown(Shown::Changing)),
    row(OverTime::of_run(
        "evictions-expirations-<tier>",
        "Entries removed from tier <tier> over time",
        &[("tier.<tier>.evictions", "evicted"), ("tier.<tier>.expirations", "expired")],
        "entries removed",
    )
    .message("Evicted to make room, or expired; at most {peak}.", MEANS)
    .shown(Shown::Changing)),
    row(OverTime::of_run(
        "remaining-ttl-<tier>",
        "Time that entries of tier <tier> have left",
        &[("tier.<tier>.ttl.p90_s", "p90"), ("tier.<tier>.ttl.p50_s", "p50"), ("tier.<tier>.ttl.p10_s", "p10")],
        "remaining time to live",
    )
    .message(
        "A tenth of the entries has less than p10, half less than p50; lines that meet mean that all expire together.",
        MEANS,
    )
    .at_end()
    .shown(Shown::Changing)),
    row(OverTime::of_run(
        "pool-saturation",
        "Pool saturation: connections to the database",
        &[("db.pool.saturation", "")],
        "connections in use",
    )
    .message("At most {peak} in use; had to wait: {db.pool.waited.ratio}.", "At most {peak} in use.")
    .shown(Shown::Changing)),
    row(OverTime::of_run(
        "pool-saturation-<tier>",
        "Pool saturation: connections to tier <tier>",
        &[("tier.<tier>.pool.saturation", "")],
        "connections in use",
    )
    .message("At most {peak} in use; had to wait: {tier.<tier>.pool.waited.ratio}.", "At most {peak} in use.")
    .shown(Shown::Changing)),
    row(OverTime::of_run(
        "busiest-node-<tier>",
        "Busiest node of tier <tier>",
        &[("tier.<tier>.node.utilization.max", "")],
        "utilization of the busiest node",
    )
    .message("At most {peak} busy; mean over all nodes: {tier.<tier>.utilization}.", "At most {peak} busy.")
    .shown(Shown::Changing)),
    row(OverTime::of_run("change-backlog", "Backlog of the change stream", &[("cdc.backlog", "")], "changes not handled yet")
        .message(
            "Most changes that waited at once: {cdc.backlog.peak}.",
            "Committed changes that wait for the consumer.",
        )
        .at_end()),
];

/// The message of a chart whose measure the record does not have.
const MEANS: &str = "Means over replications.";

const fn row(row: OverTime) -> Chart {
    Chart::OverTime(row)
}

/// All charts that the record has data for.
pub fn figures(record: &Record, comparison: &Comparison) -> Vec<Figure> {
    let tiers = tiers::tiers(record);
    let drawn = |chart: &Chart| match chart {
        Drawn(figure) => Vec::from_iter(figure(record, comparison)),
        Chart::OverTime(row) if row.is_of_tiers() => {
            tiers.iter().filter_map(|tier| row.figure(record, comparison, tier)).collect()
        }
        Chart::OverTime(row) => Vec::from_iter(row.figure(record, comparison, "")),
    };
    let mut figures: Vec<Figure> = CHARTS.iter().flat_map(drawn).collect();
    for figure in figures.iter_mut().filter(|figure| figure.name != HEADLINE) {
        figure.message.push_str(&mixed(figure, comparison));
    }
    figures
}

/// Note on a line or a bar that is an average, or a mixture, of runs in two states.
fn mixed(figure: &Figure, comparison: &Comparison) -> String {
    let bars = figure.name == why::NAME;
    let drawn = |name: &str| {
        let mut series = figure.panels.iter().flat_map(|panel| &panel.series);
        bars || series.any(|series| series.name == name)
            || figure.panels.iter().any(|panel| panel.title == name)
    };
    let what = if bars { "bar" } else { "line" };
    let split = comparison.variants.iter().filter(|variant| drawn(&variant.name));
    let told = split.filter_map(|variant| Some((&variant.name, variant.states.as_ref()?)));
    told.map(|(name, states)| format!(" {name} has two states ({}): its {what} mixes both.", states.words()))
        .collect()
}

/// Style of each variant: 0 for the baseline, the others in their order.
fn styles(record: &Record) -> Vec<usize> {
    let baseline = record.scenario.baseline;
    (0..record.variants.len())
        .map(|index| match index {
            index if index == baseline => 0,
            index if index < baseline => index + 1,
            index => index,
        })
        .collect()
}

/// `1,180/s (a), 201/s (b)`: one measure, for the message of a chart; of many variants the two ends.
fn figures_of(comparison: &Comparison, measure: &str) -> Option<String> {
    let figures: Vec<(String, f64)> = comparison
        .variants
        .iter()
        .filter_map(|variant| {
            let measure = variant.measure(measure)?;
            let means = match measure.by_state {
                Some(both) => both.into_iter().flatten().map(|estimate| estimate.mean).collect(),
                None => vec![measure.estimate?.mean],
            };
            let texts: Vec<String> =
                means.iter().map(|mean| super::format::with_unit(*mean, &measure.unit)).collect();
            Some((format!("{} ({})", enumerated(&texts, "or"), variant.name), *means.last()?))
        })
        .collect();
    match figures.as_slice() {
        [] => None,
        few if few.len() <= 3 => {
            Some(few.iter().map(|(text, _)| text.clone()).collect::<Vec<_>>().join(", "))
        }
        many => {
            let lowest = many.iter().min_by(|a, b| a.1.total_cmp(&b.1))?;
            let highest = many.iter().max_by(|a, b| a.1.total_cmp(&b.1))?;
            Some(format!("lowest {}, highest {}", lowest.0, highest.0))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::experiment::comparison::compare;
    use crate::record::fixture::{measure, record_of, stampede, uncertain};
    use crate::report::{draw::to_svg, drawing::Heading, png};

    #[test]
    fn every_chart_draws_for_one_to_eight_variants() {
        for variants in [1, 2, 3, 4, 8] {
            let record = stampede(variants);
            let figures = figures(&record, &compare(&record));
            let names: BTreeSet<&str> = figures.iter().map(|figure| figure.name.as_str()).collect();
            assert_eq!(names.len(), figures.len(), "each has a file of its own");
            for name in ["memory-l1", "memory-l2", "key-count-l1", "pool-saturation", "pool-saturation-l2"] {
                assert!(names.contains(name), "{name} is missing: {names:?}");
            }
            for chart in CHARTS {
                let drawn = |record: &Record| match chart {
                    Drawn(figure) => figure(record, &compare(record)),
                    Chart::OverTime(row) => row.figure(record, &compare(record), "l2"),
                };
                match drawn(&record) {
                    Some(figure) => assert!(names.contains(figure.name.as_str())),
                    // Only a scenario with ranges has worlds.
                    None => assert_eq!(drawn(&uncertain()).unwrap().name, "tornado"),
                }
            }
            for figure in figures {
                assert!(!figure.message.is_empty() && !figure.panels.is_empty(), "{}", figure.name);
                let svg = to_svg(&figure, Heading::Inside).unwrap();
                assert!(svg.len() < 400_000, "{} takes {} bytes", figure.name, svg.len());
                assert!(!svg.contains("NaN") && !svg.contains("inf"), "{}", figure.name);
            }
        }
    }

    #[test]
    fn a_tornado_draws_its_bars_thick() {
        let record = uncertain();
        let figures = figures(&record, &compare(&record));
        let tornado = figures.iter().find(|figure| figure.name == "tornado").unwrap();
        let svg = to_svg(tornado, Heading::Inside).unwrap();
        assert!(svg.contains("database.read") && svg.contains("→") && !svg.contains("NaN"), "{svg}");
        assert!(png::from_svg(&svg).is_ok());
    }

    #[test]
    fn a_line_over_two_states_says_that_it_mixes_them() {
        let mut record = stampede(2);
        for name in ["latency.all.mean_ms", "latency.all.p99_ms"] {
            record.variants[1].measures.retain(|measure| measure.name != name);
            let values: Vec<f64> = (0..10).map(|run| if run < 3 { 5_000.0 } else { 50.0 }).collect();
            record.variants[1].measures.push(measure(name, &values));
        }
        record.variants[1].measures.sort_by(|a, b| a.name.cmp(&b.name));
        for figure in figures(&record, &compare(&record)) {
            let what = if figure.name == why::NAME { "bar" } else { "line" };
            let note = format!("jitter has two states (collapses in 3 of 10 runs): its {what} mixes both.");
            let told = figure.message.ends_with(&note);
            assert_eq!(told, figure.name != "headline", "{}: {}", figure.name, figure.message);
        }
    }

    #[test]
    fn a_record_without_series_draws_the_headline_only() {
        let values = [1.0, 2.0, 3.0];
        let record = record_of(&[("base", vec![measure("db.qps.peak", &values)])], &["db.qps.peak"]);
        let figures = figures(&record, &compare(&record));
        let names: Vec<_> = figures.iter().map(|figure| &figure.name).collect();
        assert_eq!(names, ["headline"]);
    }

    #[test]
    fn names_cannot_become_markup_in_a_picture() {
        let mut record = stampede(2);
        record.variants[1].name = "<script>alert(\"x\")</script>&\u{1}".to_string();
        record.variants[1].events[0].label = "<b>".to_string();
        for figure in figures(&record, &compare(&record)) {
            let svg = to_svg(&figure, Heading::Inside).unwrap();
            assert!(!svg.contains("<script") && !svg.contains("<b>"), "{}", figure.name);
            assert!(png::from_svg(&svg).is_ok(), "{}", figure.name);
        }
    }
}
