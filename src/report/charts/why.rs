//! Latency by part as stacked bars: one panel each for p50, p99 and the mean, one bar per variant.

use crate::experiment::comparison::Comparison;
use crate::measure::breakdown::Part;
use crate::record::breakdown::LatencySplit;
use crate::record::{Record, VariantRecord};
use crate::report::axis::Axis;
use crate::report::figure::{Backing, Figure, Panel, Series, Shape};
use crate::report::format::with_unit;

/// The figure.
pub const NAME: &str = "latency-by-part";

/// The segments of a bar, in the order of a request's way: name, look, and the parts that count for it.
const SEGMENTS: [(&str, usize, &[Part]); 13] = [
    ("worker wait", 12, &[Part::Worker]),
    ("in the process", 8, &[Part::InProcess, Part::Coding]),
    ("tier pool wait", 6, &[Part::TierPool]),
    ("network", 1, &[Part::TierNetwork, Part::DbNetwork]),
    ("tier queue", 10, &[Part::TierQueue]),
    ("tier service", 3, &[Part::TierService]),
    ("failed tier commands", 9, &[Part::TierFailed]),
    ("waiting for a leader", 5, &[Part::Leader]),
    ("database pool wait", 4, &[Part::DbPool]),
    ("database queue", 2, &[Part::DbQueue]),
    ("database service", 7, &[Part::DbService]),
    ("failed attempts", 0, &[Part::DbFailed]),
    ("backoff", 11, &[Part::Backoff]),
];

/// Parts that take less of every bar of the figure are drawn, but not named in its message.
const NAMED_MIN: f64 = 0.2;

/// Bars of all variants with a breakdown, or nothing without `--why`.
pub fn figure(record: &Record, _: &Comparison) -> Option<Figure> {
    let explained: Vec<(&VariantRecord, &[LatencySplit])> = (record.variants.iter())
        .filter_map(|variant| {
            let outcomes = &variant.breakdown.as_ref()?.outcomes;
            let all = outcomes.iter().find(|outcome| outcome.outcome == "all")?;
            Some((variant, all.at.as_slice()))
        })
        .collect();
    let panels: Vec<Panel> = ["p50", "p99", "mean"].iter().filter_map(|at| panel(&explained, at)).collect();
    if panels.is_empty() {
        return None;
    }
    Some(Figure {
        name: NAME.to_string(),
        title: "Where the time goes: latency by part".to_string(),
        message: format!("The parts of a bar sum to its latency.{}", message(&explained)),
        panels,
        columns: 1,
        legend: true,
    })
}

/// ` At p99: database queue 85 % (ttl only); tier service 60 %, network 40 % (jitter).`
fn message(explained: &[(&VariantRecord, &[LatencySplit])]) -> String {
    let largest = |(variant, at): &(&VariantRecord, &[LatencySplit])| {
        let split = at.iter().find(|split| split.at == "p99").filter(|split| split.latency_ns > 0)?;
        let mut shares: Vec<(&str, f64)> = SEGMENTS
            .iter()
            .map(|segment| (segment.0, time_ms(split, segment.2) / split.latency_ms()))
            .collect();
        shares.sort_by(|a, b| b.1.total_cmp(&a.1));
        let named: Vec<String> = (shares.iter().filter(|(_, share)| *share >= NAMED_MIN))
            .map(|(name, share)| format!("{name} {}", with_unit(*share, "1")))
            .collect();
        (!named.is_empty()).then(|| format!("{} ({})", named.join(", "), variant.name))
    };
    /// The bars alone show more variants.
    const LISTED_MAX: usize = 3;
    let shares: Vec<String> = explained.iter().filter_map(largest).collect();
    if shares.is_empty() || shares.len() > LISTED_MAX {
        String::new()
    } else {
        format!(" At p99: {}.", shares.join("; "))
    }
}

fn time_ms(split: &LatencySplit, parts: &[Part]) -> f64 {
    parts.iter().map(|part| split.part_ms(part.name())).sum()
}

fn panel(explained: &[(&VariantRecord, &[LatencySplit])], at: &str) -> Option<Panel> {
    let splits: Vec<(&VariantRecord, &LatencySplit)> = (explained.iter())
        .filter_map(|(variant, all)| Some((*variant, all.iter().find(|split| split.at == at)?)))
        .collect();
    let longest = splits.iter().map(|(_, split)| split.latency_ms()).fold(0.0, f64::max);
    if longest <= 0.0 {
        return None;
    }
    let mut ends_ms = vec![0.0; splits.len()];
    let mut series: Vec<Series> = Vec::new();
    for (name, style, parts) in SEGMENTS {
        let mut points = Vec::new();
        for (row, ((_, split), end_ms)) in splits.iter().zip(&mut ends_ms).enumerate() {
            let from_ms = *end_ms;
            *end_ms += time_ms(split, parts);
            points.extend([(from_ms, row as f64), (*end_ms, row as f64)]);
        }
        if points.chunks(2).any(|ends| ends[0].0 < ends[1].0) {
            series.push(Series {
                name: name.to_string(),
                style,
                shape: Shape::Stack { labels: Vec::new() },
                points,
            });
        }
    }
    let labels = splits.iter().map(|(_, split)| with_unit(split.latency_ms(), "ms")).collect();
    if let Some(last) = series.last_mut() {
        last.shape = Shape::Stack { labels };
    }
    let names: Vec<String> =
        splits.iter().map(|(variant, _)| super::headline::shortened(&variant.name)).collect();
    let mut x = Axis::linear("latency", "ms", std::iter::once(longest));
    let title = format!("{at} ({})", x.label.trim_start_matches("latency (").trim_end_matches(')'));
    // The panel's title names the unit.
    x.label = String::new();
    Some(Panel {
        title,
        x,
        y: Axis::rows(&names),
        series,
        marks: Vec::new(),
        backing: Backing::default(),
        height: 26 * names.len() as u32 + 8,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::comparison::compare;
    use crate::measure::breakdown::PARTS;
    use crate::record::fixture::stampede;

    #[test]
    fn every_part_is_in_one_segment() {
        for (part, name, _) in PARTS {
            let segments = SEGMENTS.iter().filter(|(_, _, parts)| parts.contains(part)).count();
            assert_eq!(segments, 1, "{name}");
        }
    }

    #[test]
    fn bars_are_stacked_and_end_at_the_latency() {
        let record = stampede(2);
        let figure = figure(&record, &compare(&record)).unwrap();
        let titles: Vec<&str> = figure.panels.iter().map(|panel| panel.title.as_str()).collect();
        assert_eq!(titles, ["p50 (µs)", "p99 (ms)", "mean (ms)"]);
        let panel = &figure.panels[1];
        let bars: Vec<(&str, [f64; 2])> = (panel.series.iter())
            .map(|series| (series.name.as_str(), [series.points[0].0, series.points[1].0]))
            .collect();
        let expected = [
            ("network", [0.0, 2.0]),
            ("database pool wait", [2.0, 214.0]),
            ("database queue", [214.0, 314.0]),
            ("database service", [314.0, 340.0]),
        ];
        assert_eq!(bars, expected);
        assert_eq!(panel.series[3].shape, Shape::Stack { labels: vec!["340 ms".into(), "340 ms".into()] });
        assert_eq!(
            figure.message,
            "The parts of a bar sum to its latency. At p99: database pool wait 62.4 %, database queue 29.4 % (ttl only); \
             database pool wait 62.4 %, database queue 29.4 % (jitter)."
        );
    }

    #[test]
    fn without_a_breakdown_there_is_no_figure() {
        let mut record = stampede(1);
        record.variants[0].breakdown = None;
        assert!(figure(&record, &compare(&record)).is_none());
    }
}
