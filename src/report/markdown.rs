//! The comparison as Markdown, for a pull request or a wiki.

use super::escape::escaped;
use super::events;
use super::format::{common_scale, detectable, difference, plus_minus, shown_measures};
use super::remarks::remarks;
use super::thresholds;
use crate::experiment::answer::Answer;
use crate::experiment::comparison::{Comparison, Verdict};
use crate::measure::record::Record;

/// Question, answer and a table of variants x measures.
pub fn render(record: &Record, comparison: &Comparison, answer: &Answer) -> String {
    let scenario = &record.scenario;
    let mut text = format!(
        "## {}\n\n**{}** {}\n\n",
        escaped(&scenario.name),
        escaped(&scenario.question),
        escaped(&answer.words)
    );
    if let Some(note) = &answer.note {
        text.push_str(&format!("*{}*\n\n", escaped(note)));
    }
    for remark in remarks(record, comparison) {
        text.push_str(&format!("> {}\n\n", escaped(&remark)));
    }
    let measures = shown_measures(&scenario.headline, comparison);
    text.push_str("| variant |");
    for name in &measures {
        let unit = common_scale(comparison, name).map_or("", |scale| scale.heading());
        let unit = if unit.is_empty() { String::new() } else { format!(" ({unit})") };
        text.push_str(&format!(" {}{unit} |", escaped(name)));
    }
    text.push_str("\n|---|");
    text.push_str(&"---:|".repeat(measures.len()));
    for variant in &comparison.variants {
        text.push_str(&format!("\n| {} |", escaped(&variant.name)));
        for name in &measures {
            let cell =
                common_scale(comparison, name).zip(variant.measure(name)).and_then(|(scale, measure)| {
                    let figure = plus_minus(&scale, &measure.estimate?);
                    let difference = difference(comparison, measure);
                    Some(match measure.verdict {
                        None | Some(Verdict::NoVerdict) if difference.is_empty() => figure,
                        None | Some(Verdict::NoVerdict) => format!("{figure}<br>{difference}"),
                        Some(Verdict::Tie) => {
                            let seen = detectable(comparison, measure);
                            format!("{figure}<br>**tie** {difference} ({seen})")
                        }
                        Some(verdict) => format!("{figure}<br>**{}** {difference}", verdict.word()),
                    })
                });
            text.push_str(&format!(" {} |", cell.unwrap_or_else(|| "–".to_string())));
        }
    }
    text.push_str(&format!(
        "\n\n{}; below, the paired difference to {} (pt: percentage points). \
         herdlab {}, seed {}, digest {}.\n",
        match scenario.finished {
            0 | 1 => "Values from 1 replication".to_owned(),
            more => format!("Mean ± half the 95 % interval of {more} replications"),
        },
        escaped(&comparison.baseline().name),
        escaped(&record.herdlab),
        scenario.seed,
        escaped(&scenario.digest.chars().take(12).collect::<String>())
    ));
    text + &events::markdown(record, comparison) + &thresholds::markdown(record)
}

#[cfg(test)]
mod tests {
    use crate::experiment::{answer::answer, comparison::compare};
    use crate::measure::fixture::stampede;

    #[test]
    fn a_table_that_names_cannot_break() {
        let mut record = stampede(2);
        record.variants[1].name = "a|b <script>".to_string();
        let comparison = compare(&record);
        let text = super::render(&record, &comparison, &answer(&record, &comparison));
        assert!(text.contains("| a\\|b &lt;script> |"), "{text}");
        assert!(text.contains("<br>**tie** "), "{text}");
    }
}
