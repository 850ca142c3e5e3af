//! The database's load over time in the terminal: a line of blocks per variant, all on one scale.

use super::format::Scale;
use crate::measure::record::{Record, VariantRecord};

/// What is drawn: the load that peaks are about.
const SERIES: &str = "db.qps";
const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// Fewer columns say nothing.
const COLUMNS_MIN: usize = 10;
/// More than these cost width and say no more.
const COLUMNS_MAX: usize = 120;
/// Longer names of variants are cut.
const NAME_WIDTH_MAX: usize = 26;

/// One line per variant with its range, at most `width` columns wide; `None` where there is no room, or nothing to draw.
pub fn render(record: &Record, width: u16) -> Option<String> {
    let variants: Vec<(&VariantRecord, Vec<Option<f64>>)> = record
        .variants
        .iter()
        .filter_map(|variant| Some((variant, variant.series(SERIES)?.values.clone())))
        .collect();
    let top = variants.iter().flat_map(|(_, values)| values.iter().flatten()).copied().fold(0.0, f64::max);
    let windows = variants.iter().map(|(_, values)| values.len()).max().unwrap_or(0);
    if top <= 0.0 || windows < 2 {
        return None;
    }
    let scale = Scale::fitting("1/s", top);
    let ranges: Vec<String> = variants.iter().map(|(_, values)| range(values, &scale)).collect();
    let names: Vec<String> = variants.iter().map(|(variant, _)| cut(&variant.name)).collect();
    let widest = |texts: &[String]| texts.iter().map(|text| text.chars().count()).max().unwrap_or(0);
    let (name_width, range_width) = (widest(&names), widest(&ranges));
    // A blank before the name, two after it and two before the range.
    let room = usize::from(width).saturating_sub(name_width + range_width + 5);
    let per_column = windows.div_ceil(room.clamp(1, COLUMNS_MAX));
    if room < COLUMNS_MIN {
        return None;
    }
    let columns = windows.div_ceil(per_column);
    let mut lines = vec![heading(record, per_column, width)];
    for ((name, range), (_, values)) in names.iter().zip(&ranges).zip(&variants) {
        let mut drawn: String = values.chunks(per_column).map(|of| block(of, top)).collect();
        drawn.extend(std::iter::repeat_n(' ', columns.saturating_sub(drawn.chars().count())));
        lines.push(format!(" {name:name_width$}  {drawn}  {range:>range_width$}").trim_end().to_owned());
    }
    Some(lines.join("\n"))
}

/// What is drawn, in as many words as fit.
fn heading(record: &Record, per_column: usize, width: u16) -> String {
    let end = crate::units::format_duration((record.scenario.duration_s * 1e9) as u64);
    let column_s = per_column as f64 * record.variants.first().map_or(1.0, |variant| variant.windows.width_s);
    let column = crate::units::format_duration((column_s * 1e9) as u64);
    let long = format!(
        "{SERIES} from 0s to {end}, the busiest window of each {column}; lowest and highest per second"
    );
    let short = format!("{SERIES} from 0s to {end}, per second");
    if long.chars().count() <= usize::from(width) { long } else { short }
}

/// The highest of some windows: a peak is what must not be lost. A blank where no window has a value.
fn block(values: &[Option<f64>], top: f64) -> char {
    let Some(highest) = values.iter().flatten().copied().reduce(f64::max) else { return ' ' };
    let step = (highest / top * BLOCKS.len() as f64) as usize;
    BLOCKS[step.min(BLOCKS.len() - 1)]
}

/// `112 to 1,174`.
fn range(values: &[Option<f64>], scale: &Scale) -> String {
    let known = || values.iter().flatten().copied();
    match (known().reduce(f64::min), known().reduce(f64::max)) {
        (Some(low), Some(high)) => format!("{} to {}", scale.number(low), scale.number(high)),
        _ => "–".to_owned(),
    }
}

fn cut(name: &str) -> String {
    if name.chars().count() <= NAME_WIDTH_MAX {
        return name.to_owned();
    }
    name.chars().take(NAME_WIDTH_MAX - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::fixture::stampede;

    fn only(values: Vec<Option<f64>>) -> Record {
        let mut record = stampede(1);
        let series = &mut record.variants[0].windows.series;
        series.retain(|series| series.name == SERIES);
        series[0].values = values;
        record
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
