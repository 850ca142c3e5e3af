//! The charts that draw series of the record over time: a row of a table each.

use super::levels::Levels;
use super::side_by_side::SideBySide;
use super::tiers::peak;
use super::time_series::{TimeSeries, When};
use crate::experiment::comparison::Comparison;
use crate::record::Record;
use crate::report::figure::Figure;
use crate::report::format::with_unit;

/// A chart of one series, or of several beside each other. In every text `<tier>` stands for the tier, where there is a
/// chart of each.
#[derive(Clone, Copy, Debug)]
pub struct OverTime {
    /// File name of the figure.
    pub name: &'static str,
    pub title: &'static str,
    /// The series; of several also the name of each in the legend.
    pub lines: &'static [(&'static str, &'static str)],
    /// Of the y axis, without unit.
    pub label: &'static str,
    pub when: When,
    pub log: bool,
    pub shown: Shown,
    /// The sentence below the title, and another for records without one of its figures: `{measure}` is a measure of all
    /// variants, `{peak}` the highest value of the lines.
    pub message: [&'static str; 2],
}

/// Where a chart has something to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    Measured,
    /// Where any of the lines ever changes.
    Changing,
    /// Where any request of any variant failed.
    SomeFailed,
}

impl OverTime {
    /// Of the whole system.
    pub const fn of_run(
        name: &'static str,
        title: &'static str,
        series: &'static [(&'static str, &'static str)],
        label: &'static str,
    ) -> OverTime {
        OverTime {
            name,
            title,
            lines: series,
            label,
            when: When::Throughout,
            log: false,
            shown: Shown::Measured,
            message: ["", "Means over replications."],
        }
    }

    pub const fn message(mut self, message: &'static str, without: &'static str) -> OverTime {
        self.message = [message, without];
        self
    }

    pub const fn log(mut self) -> OverTime {
        self.log = true;
        self
    }

    pub const fn at_end(mut self) -> OverTime {
        self.when = When::AtEnd;
        self
    }

    pub const fn shown(mut self, shown: Shown) -> OverTime {
        self.shown = shown;
        self
    }

    /// Whether there is a figure for each tier.
    pub fn is_of_tiers(&self) -> bool {
        self.name.contains(TIER)
    }

    /// The figure, of a tier where the chart is of tiers; `None` without anything to show.
    pub fn figure(&self, record: &Record, comparison: &Comparison, tier: &str) -> Option<Figure> {
        let of = |text: &str| text.replace(TIER, tier);
        let names: Vec<String> = self.lines.iter().map(|(series, _)| of(series)).collect();
        let peak = peak(record, &names.iter().map(String::as_str).collect::<Vec<_>>());
        let shown = match self.shown {
            Shown::Measured => true,
            Shown::Changing => peak.is_some(),
            Shown::SomeFailed => some_failed(record),
        };
        if !shown {
            return None;
        }
        let unit = record.variants.iter().find_map(|variant| variant.series(&names[0]));
        let value = |name: &str| match name {
            "peak" => Some(with_unit(peak?, &unit?.unit)),
            measure => super::figures_of(comparison, measure),
        };
        let message =
            self.message.iter().find_map(|message| filled(&of(message), &value)).unwrap_or_default();
        let (name, title) = (of(self.name), of(self.title));
        match self.lines {
            [_] => TimeSeries {
                name,
                title: &title,
                message,
                series: &names[0],
                label: self.label,
                when: self.when,
                log: self.log,
                band: None,
                levels: Levels::default(),
            }
            .figure(record),
            lines => {
                let lines: Vec<(String, &str)> =
                    names.into_iter().zip(lines.iter().map(|(_, legend)| *legend)).collect();
                let (label, when) = (self.label, self.when);
                SideBySide { name, title, message, series: &lines, label, when }.figure(record)
            }
        }
    }
}

const TIER: &str = "<tier>";

/// A sentence with its figures; `None` where it is empty or one of them is missing.
fn filled(template: &str, value: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let mut text = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, behind) = after.split_once('}')?;
        text.push_str(before);
        text.push_str(&value(name)?);
        rest = behind;
    }
    text.push_str(rest);
    (!text.is_empty()).then_some(text)
}

/// Whether any request of any variant failed.
fn some_failed(record: &Record) -> bool {
    let series = record.variants.iter().filter_map(|variant| variant.series("error.ratio"));
    series.flat_map(|series| &series.values).any(|value| value.is_some_and(|value| value > 0.0))
}

#[cfg(test)]
mod tests {
    use super::super::{CHARTS, Chart};
    use super::*;
    use crate::catalog::{find, matches, table::SECTIONS};

    #[test]
    fn rows_name_series_and_measures_of_the_catalogue() {
        let series = || SECTIONS.iter().flat_map(|section| section.rows).filter_map(|row| row.series);
        for chart in CHARTS {
            let Chart::OverTime(row) = chart else { continue };
            for (name, _) in row.lines {
                assert!(series().any(|known| matches(known.pattern, &name.replace(TIER, "l2"))), "{name}");
            }
            for name in row.message.iter().flat_map(|message| message.split('{').skip(1)) {
                let name = name.split('}').next().unwrap().replace(TIER, "l2");
                assert!(name == "peak" || find(&name).is_some(), "{name}");
            }
            assert!(!row.message[1].is_empty(), "{}", row.name);
        }
    }

    #[test]
    fn a_sentence_without_one_of_its_figures_gives_way() {
        let value = |name: &str| (name == "known").then(|| "7".to_owned());
        assert_eq!(filled("At most {known}.", &value).as_deref(), Some("At most 7."));
        assert_eq!(filled("{known} of {unknown}.", &value), None);
    }
}
