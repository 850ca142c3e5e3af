//! Memory of the tiers over time: the tier that holds most.

use super::time_series::TimeSeries;
use crate::experiment::comparison::Comparison;
use crate::measure::record::Record;
use crate::report::figure::Figure;
use crate::report::format::with_unit;

/// Bytes in the largest tier.
pub fn figure(record: &Record, _: &Comparison) -> Option<Figure> {
    let series = record.variants.iter().flat_map(|variant| &variant.windows.series);
    let (name, peak) = series
        .filter(|series| series.name.starts_with("tier.") && series.name.ends_with(".bytes"))
        .map(|series| (series.name.clone(), series.values.iter().flatten().copied().fold(0.0, f64::max)))
        .filter(|(_, peak)| *peak > 0.0)
        .max_by(|a, b| a.1.total_cmp(&b.1))?;
    let tier = name.trim_start_matches("tier.").trim_end_matches(".bytes").to_string();
    TimeSeries {
        name: "memory",
        title: &format!("Memory of tier {tier} over time"),
        message: format!("At most {}.", with_unit(peak, "bytes")),
        series: &name,
        label: "keys, values and overhead",
        log: false,
    }
    .figure(record)
}
