//! The rows, section by section. The record has its series in this order.

mod cost;
mod database;
mod events;
mod freshness;
mod latency;
mod ordinary;
mod requests;
mod tiers;
mod warm;
mod workers;
mod writes;

use super::MeasureInfo;
use super::run::Run;

/// Subject of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    Run,
    EachTier,
    EachClass,
    EachEvent,
}

/// Rows about the same thing.
#[derive(Clone, Copy, Debug)]
pub struct Section {
    pub title: &'static str,
    /// The section of docs/model.md that describes what is measured.
    pub model: &'static str,
    pub about: About,
    pub rows: &'static [MeasureInfo],
}

const fn section(
    title: &'static str,
    model: &'static str,
    about: About,
    rows: &'static [MeasureInfo],
) -> Section {
    Section { title, model, about, rows }
}

pub const SECTIONS: &[Section] = &[
    section("Requests", MEASURES, About::Run, requests::OUTCOMES),
    section("Latency", MEASURES, About::Run, latency::OF_ALL),
    section("Latency of hits", MEASURES, About::Run, latency::OF_HITS),
    section("Latency of misses", MEASURES, About::Run, latency::OF_MISSES),
    section("Latency of coalesced reads", MEASURES, About::Run, latency::OF_COALESCED),
    section("Latency of writes", MEASURES, About::Run, latency::OF_WRITES),
    section("Latency of existence checks", MEASURES, About::Run, latency::OF_CHECKS),
    section("Latency of errors", MEASURES, About::Run, latency::OF_ERRORS),
    section("Hits and errors", MEASURES, About::Run, requests::ANSWERS),
    section("Rate limiter", "3. The way of a read", About::Run, requests::LIMITER),
    section("Workers", "2. Workload", About::Run, workers::ROWS),
    section("Instances", "2. Workload", About::Run, workers::INSTANCES),
    section("Database", "6. The database", About::Run, database::ROWS),
    section("Stampedes", "5. Coalescing", About::Run, database::STAMPEDES),
    section("Staleness", "8. Versions and staleness", About::Run, freshness::ROWS),
    section("Change stream", "7. Writes", About::Run, freshness::CHANGE_STREAM),
    section("Messages to instances", "7. Writes", About::Run, freshness::MESSAGES),
    section("Writes", "7. Writes", About::Run, writes::ROWS),
    section("Costs", "13. Costs", About::Run, cost::ROWS),
    section("All tiers together", TIER, About::Run, tiers::TOGETHER),
    section("Each tier", TIER, About::EachTier, tiers::ROWS),
    section("Warming", "9. Events", About::Run, warm::ROWS),
    section("Each class", "2. Workload", About::EachClass, requests::CLASS),
    section("Ordinary state", "9. Events", About::Run, ordinary::ROWS),
    section("After each event", "9. Events", About::EachEvent, events::ROWS),
];

const MEASURES: &str = "10. Measures";
const TIER: &str = "4. A tier";

impl About {
    /// Meaning of the placeholder in a row's names.
    pub fn placeholder(self) -> Option<&'static str> {
        match self {
            About::Run => None,
            About::EachTier => Some("<tier>"),
            About::EachClass => Some("<class>"),
            About::EachEvent => Some("<event>"),
        }
    }

    /// The names that take the placeholder's place; one empty name for the run.
    pub(super) fn names<'a>(self, run: &Run<'a>) -> Vec<&'a str> {
        let model = run.model;
        match self {
            About::Run => vec![""],
            About::EachTier => model.tiers.iter().map(|tier| tier.name.as_str()).collect(),
            About::EachClass => model.workload.classes.iter().map(|class| class.name.as_str()).collect(),
            About::EachEvent => model.events.iter().map(|event| event.label.as_str()).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_the_placeholder_of_their_section_and_no_other() {
        for section in SECTIONS {
            for row in section.rows {
                let series = row.series.map(|series| series.pattern);
                for name in [row.pattern].into_iter().chain(series) {
                    let found =
                        name.split_inclusive('>').find_map(|part| part.find('<').map(|at| &part[at..]));
                    assert_eq!(found, section.about.placeholder(), "{name} in {}", section.title);
                }
            }
        }
    }

    #[test]
    fn sections_are_those_of_the_model() {
        let page = include_str!("../../../docs/model.md");
        for section in SECTIONS {
            assert!(page.contains(&format!("\n## {}\n", section.model)), "{}", section.model);
        }
    }

    /// Ratios and latencies of requests are averaged by requests; what has no such counts, by time.
    #[test]
    fn weights_are_series_of_counts() {
        let series = || SECTIONS.iter().flat_map(|section| section.rows).filter_map(|row| row.series);
        for one in series() {
            let counts = one.weight.and_then(crate::catalog::find_series);
            assert!(counts.is_none_or(|counts| counts.unit == "count"), "{}", one.pattern);
            let is_of_requests = one.pattern.starts_with("latency.") || one.pattern == "hit_ratio";
            assert!(counts.is_some() || !is_of_requests, "{} has no weight", one.pattern);
        }
    }
}
