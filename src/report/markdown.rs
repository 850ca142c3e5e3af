//! The comparison as Markdown, for a pull request or a wiki.

use super::escape::escaped;
use super::events;
use super::figure::Figure;
use super::format::{common_scale, shown_measures};
use super::lines::lines;
use super::observed;
use super::quantiles;
use super::remarks::remarks;
use super::sure;
use super::thresholds;
use super::why;
use crate::experiment::answer::Answer;
use crate::experiment::comparison::Comparison;
use crate::experiment::review::review;
use crate::record::Record;

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
    let review = review(record, comparison);
    text.push_str(&format!("{}\n", super::review::markdown(&review)));
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
    for line in lines(comparison) {
        let note = line.note().map_or(String::new(), |note| format!(" ({note})"));
        text.push_str(&format!("\n| {}{note} |", escaped(&line.variant.name)));
        for name in &measures {
            let found =
                common_scale(comparison, name).and_then(|scale| line.figure(comparison, name, &scale));
            let cell = found.map(|cell| {
                let detectable =
                    if cell.detectable.is_empty() { String::new() } else { format!("({})", cell.detectable) };
                let word = cell.word().map_or(String::new(), |word| format!("**{word}**"));
                let below = [word, cell.difference, detectable];
                let below: Vec<String> = below.into_iter().filter(|text| !text.is_empty()).collect();
                match below.is_empty() {
                    true => cell.figure,
                    false => format!("{}<br>{}", cell.figure, below.join(" ")),
                }
            });
            text.push_str(&format!(" {} |", cell.unwrap_or_else(|| "–".to_string())));
        }
    }
    text.push_str(&format!(
        "\n\n{}{}; below, the paired difference to {} (pt: percentage points). \
         herdlab {}, seed {}, digest {}.\n",
        scenario.live.as_ref().map_or(String::new(), |live| format!("Measured on {}. ", live.servers())),
        match scenario.finished {
            0 | 1 => "Values from 1 replication".to_owned(),
            more => format!("Mean ± half the 95 % interval of {more} replications"),
        },
        escaped(&comparison.baseline().name),
        escaped(&record.herdlab),
        scenario.seed,
        escaped(&scenario.digest.chars().take(12).collect::<String>())
    ));
    if scenario.finished > 1 && quantiles::same_in_all(record, comparison) {
        text.push_str(&format!("{}\n", quantiles::SAME_IN_ALL));
    }
    text + &observed::markdown(record, comparison)
        + &events::markdown(record, comparison)
        + &thresholds::markdown(record)
        + &sure::markdown(record, comparison, &review)
        + &why::markdown(record)
}

/// The pictures of [`summary`], in its order.
pub(super) const PICTURES: &[&str] = &["database-load", "latency-p99", "hit-ratio", "errors"];

/// One page for a ticket or a wiki, to lie beside the `charts` of its report: question, review, and the pictures that show it.
pub fn summary(record: &Record, comparison: &Comparison, answer: &Answer, figures: &[Figure]) -> String {
    let scenario = &record.scenario;
    let mut text = format!("# {}\n\n", escaped(&scenario.question));
    if answer.by_author {
        text.push_str(&format!("{}\n\n", escaped(&answer.words)));
    }
    if let Some(after) = &scenario.after {
        text.push_str(&format!(
            "Between {} and {}:\n\n",
            escaped(&scenario.source_path),
            escaped(&after.source_path)
        ));
        after
            .differences
            .iter()
            .for_each(|difference| text.push_str(&format!("- {}\n", escaped(difference))));
        text.push('\n');
    }
    text.push_str(&super::review::markdown(&review(record, comparison)));
    let cautions = answer.note.iter().cloned().chain(remarks(record, comparison));
    cautions.for_each(|caution| text.push_str(&format!("\n> {}\n", escaped(&caution))));
    for name in PICTURES {
        if let Some(figure) = figures.iter().find(|figure| figure.name == *name) {
            let (title, message) = (escaped(&figure.title), escaped(&figure.message));
            text.push_str(&format!("\n![{title}](charts/{name}.png)\n\n{title}. {message}\n"));
        }
    }
    text.push_str(&format!(
        "\nherdlab {}, {} replications, seed {}, digest {}. All figures: index.html beside this page.\n",
        escaped(&record.herdlab),
        scenario.finished,
        scenario.seed,
        escaped(&scenario.digest.chars().take(12).collect::<String>())
    ));
    text
}

#[cfg(test)]
mod tests {
    use crate::experiment::{answer::answer, comparison::compare};
    use crate::record::fixture::stampede;

    #[test]
    fn each_of_two_states_has_a_row() {
        let record = crate::record::fixture::bimodal();
        let comparison = compare(&record);
        let text = super::render(&record, &comparison, &answer(&record, &comparison));
        assert!(text.contains("\n| a (healthy: 5 of 10 runs) | 96 ± 16 |"), "{text}");
        assert!(text.contains("\n| a (collapsed: 5 of 10 runs) | 9,600 ± 1,571 |"), "{text}");
    }

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
