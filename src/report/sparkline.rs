//! The database's load over time in the terminal: a line of blocks per variant, all on one scale.
//!
//! Blocks are means over windows, which a busiest second that begins anywhere exceeds; so that figure, the table's, stands
//! beside each line under its own name.

use super::format::Scale;
use crate::record::{Record, VariantRecord};

/// The series drawn.
const SERIES: &str = "db.qps";
/// Its peak in the table.
const PEAK: &str = "db.qps.peak";
const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// Fewer columns show no shape.
const COLUMNS_MIN: usize = 10;
/// More than these cost width and show no more.
const COLUMNS_MAX: usize = 120;
/// Longer names of variants are cut.
const NAME_WIDTH_MAX: usize = 26;
/// Shorter ones cannot be told apart.
const NAME_WIDTH_MIN: usize = 10;

/// One line per variant with its range, at most `width` columns wide; `None` where there is no room, or nothing to draw.
pub fn render(record: &Record, width: u16) -> Option<String> {
    let variants: Vec<(&VariantRecord, Vec<Option<f64>>)> = record
        .variants
        .iter()
        .filter_map(|variant| Some((variant, seconds(variant, &variant.series(SERIES)?.values))))
        .collect();
    let top = variants.iter().flat_map(|(_, values)| values.iter().flatten()).copied().fold(0.0, f64::max);
    let windows = variants.iter().map(|(_, values)| values.len()).max().unwrap_or(0);
    if top <= 0.0 || windows < 2 {
        return None;
    }
    let peaks: Vec<Option<f64>> = variants.iter().map(|(variant, _)| peak(variant)).collect();
    let scale = Scale::fitting("1/s", peaks.iter().flatten().copied().fold(top, f64::max));
    let ranges: Vec<String> = (variants.iter().zip(&peaks))
        .map(|((variant, values), peak)| range(measured(record, variant, values), *peak, &scale))
        .collect();
    let widest = |texts: &[String]| texts.iter().map(|text| text.chars().count()).max().unwrap_or(0);
    let range_width = widest(&ranges);
    // A blank before the name, two after it and two before the range.
    let beside = usize::from(width).saturating_sub(range_width + 5);
    let name_limit = beside.saturating_sub(COLUMNS_MIN).clamp(NAME_WIDTH_MIN, NAME_WIDTH_MAX);
    let names: Vec<String> = variants.iter().map(|(variant, _)| cut(&variant.name, name_limit)).collect();
    let name_width = widest(&names);
    let room = beside.saturating_sub(name_width);
    let per_column = windows.div_ceil(room.clamp(1, COLUMNS_MAX));
    if room < COLUMNS_MIN {
        return None;
    }
    let columns = windows.div_ceil(per_column);
    let mut lines = vec![heading(record, per_column, width, peaks.iter().any(Option::is_some))];
    for ((name, range), (_, values)) in names.iter().zip(&ranges).zip(&variants) {
        let mut drawn: String = values.chunks(per_column).map(|of| block(of, top)).collect();
        drawn.extend(std::iter::repeat_n(' ', columns.saturating_sub(drawn.chars().count())));
        lines.push(format!(" {name:name_width$}  {drawn}  {range:>range_width$}").trim_end().to_owned());
    }
    Some(lines.join("\n"))
}

/// A row of figures as blocks, the highest of them a whole one.
pub(super) fn blocks(values: &[f64]) -> String {
    let top = values.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
    values.iter().map(|&value| block(&[Some(value)], top)).collect()
}

/// Windows of less than a second joined to whole ones: a rate over less exceeds every second.
fn seconds(variant: &VariantRecord, values: &[Option<f64>]) -> Vec<Option<f64>> {
    let mean = |windows: &[Option<f64>]| {
        let known: Vec<f64> = windows.iter().flatten().copied().collect();
        (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64)
    };
    values.chunks(joined(variant)).map(mean).collect()
}

/// How many windows make a second, at least.
fn joined(variant: &VariantRecord) -> usize {
    (1.0 / variant.windows.width_s - 1e-9).ceil().max(1.0) as usize
}

fn width_s(variant: &VariantRecord) -> f64 {
    variant.windows.width_s * joined(variant) as f64
}

/// The windows after the warm-up, as in the table's figures.
fn measured<'v>(record: &Record, variant: &VariantRecord, values: &'v [Option<f64>]) -> &'v [Option<f64>] {
    let first = (record.scenario.warmup_s / width_s(variant) - 1e-9).ceil().max(0.0) as usize;
    values.get(first..).unwrap_or_default()
}

/// The table's figure.
fn peak(variant: &VariantRecord) -> Option<f64> {
    let values: Vec<f64> = variant.measure(PEAK)?.values.iter().flatten().copied().collect();
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// Name of the series, in as many words as fit.
fn heading(record: &Record, per_column: usize, width: u16, peaks: bool) -> String {
    let time = |seconds: f64| crate::units::format_duration((seconds * 1e9).round() as u64);
    let end = time(record.scenario.duration_s);
    let window_s = record.variants.first().map_or(1.0, width_s);
    let (window, column) = (time(window_s), time(per_column as f64 * window_s));
    let of_each = match per_column {
        1 => format!("means over {window}"),
        _ => format!("means over {window}, the highest of each {column}"),
    };
    let measured = if record.scenario.warmup_s > 0.0 { " after the warm-up" } else { "" };
    let beside = match peaks {
        true => format!("lowest and highest{measured} / {PEAK}, the busiest second"),
        false => format!("lowest and highest{measured}"),
    };
    let heads = [
        format!("{SERIES} from 0s to {end}, per second, {of_each}; {beside}"),
        format!("{SERIES} from 0s to {end}, per second, means over {window}; {beside}"),
        format!("{SERIES} from 0s to {end}, per second{}", if peaks { " / busiest second" } else { "" }),
    ];
    let [.., shortest] = &heads;
    heads.iter().find(|head| head.chars().count() <= usize::from(width)).unwrap_or(shortest).clone()
}

/// The highest of some windows: peaks must not be lost. A blank where no window has a value.
fn block(values: &[Option<f64>], top: f64) -> char {
    let Some(highest) = values.iter().flatten().copied().reduce(f64::max) else { return ' ' };
    let step = (highest / top * BLOCKS.len() as f64) as usize;
    BLOCKS[step.min(BLOCKS.len() - 1)]
}

/// `112 to 1,174 / 1,390`.
fn range(values: &[Option<f64>], peak: Option<f64>, scale: &Scale) -> String {
    let known = || values.iter().flatten().copied();
    let range = match (known().reduce(f64::min), known().reduce(f64::max)) {
        (Some(low), Some(high)) => format!("{} to {}", scale.number(low), scale.number(high)),
        _ => "–".to_owned(),
    };
    match peak {
        Some(peak) => format!("{range} / {}", scale.number(peak)),
        None => range,
    }
}

fn cut(name: &str, limit: usize) -> String {
    if name.chars().count() <= limit {
        return name.to_owned();
    }
    name.chars().take(limit - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::fixture::stampede;

    fn only(values: Vec<Option<f64>>) -> Record {
        let mut record = stampede(1);
        let series = &mut record.variants[0].windows.series;
        series.retain(|series| series.name == SERIES);
        series[0].values = values;
        record.variants[0].measures.retain(|measure| measure.name != PEAK);
        record.scenario.warmup_s = 0.0;
        record
    }

    #[test]
    fn the_peak_of_the_table_stands_beside_the_highest_window() {
        let mut record = only([900.0, 100.0, 300.0, 308.0, 200.0].map(Some).to_vec());
        record.scenario.warmup_s = 1.0;
        record.variants[0].measures.push(crate::record::fixture::measure(PEAK, &[380.0, 416.0]));
        record.variants[0].measures.sort_by(|a, b| a.name.cmp(&b.name));
        let text = render(&record, 120).unwrap();
        assert!(text.ends_with("100 to 308 / 398"), "the warm-up's 900 is in no figure of the table: {text}");
        assert!(text.contains("means over 1s; lowest and highest after the warm-up / db.qps.peak"), "{text}");
    }

    #[test]
    fn windows_of_less_than_a_second_are_joined() {
        // 400 requests in a quarter of a second are 100 in that second.
        let mut record = only([0.0, 400.0, 0.0, 0.0, 60.0, 20.0, 0.0, 80.0].map(Some).to_vec());
        record.variants[0].windows.width_s = 0.25;
        assert!(render(&record, 80).unwrap().ends_with("40 to 100"));
    }

    #[test]
    fn blocks_follow_the_values_and_the_range_stands_beside() {
        let values = (0..12).map(|index| Some(f64::from(index) * 100.0)).collect();
        let text = render(&only(values), 80).unwrap();
        assert!(text.lines().nth(1).unwrap().ends_with("▁▁▂▃▃▄▅▆▆▇██  0 to 1,100"), "{text}");
    }

    #[test]
    fn a_peak_is_seen_however_narrow_the_terminal() {
        let mut values = vec![Some(1.0); 1_000];
        values[501] = Some(800.0);
        for width in [60, 80, 120, 200] {
            let text = render(&only(values.clone()), width).unwrap();
            assert_eq!(text.matches('█').count(), 1, "{text}");
            assert!(text.contains("1 to 800"), "{text}");
        }
    }

    #[test]
    fn no_line_is_wider_than_asked() {
        let mut record = stampede(8);
        record.variants[3].name = "a name that is quite a bit longer than names should be".into();
        for width in [60, 80, 120, 200] {
            let text = render(&record, width).unwrap();
            assert_eq!(text.lines().count(), 9);
            for line in text.lines() {
                assert!(line.chars().count() <= usize::from(width), "{width}: {line}");
            }
        }
        assert!(render(&record, 30).is_none());
    }

    #[test]
    fn where_nothing_reaches_the_database_nothing_is_drawn() {
        assert!(render(&only(vec![Some(0.0); 20]), 80).is_none());
        assert!(render(&only(vec![None, Some(3.0), None]), 80).unwrap().contains(" █   3 to 3"));
        assert!(render(&only(vec![Some(3.0)]), 80).is_none());
    }
}
