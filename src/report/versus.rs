//! Records compared with each other, for people: a table for the terminal, Markdown for a pull request.

use comfy_table::{Cell, CellAlignment, Color, ColumnConstraint};

use super::escape::escaped;
use super::format::{Scale, detectable_from, difference_from, plus_minus, shown_where};
use super::terminal::{fitted, paragraph};
use crate::experiment::comparison::{VERDICT_REPLICATIONS_MIN, Verdict};
use crate::experiment::statistics::Estimate;
use crate::experiment::versus::{MeasureVersus, Method, VariantVersus, Versus};
use crate::record::Record;

/// Narrower terminals get a mean and its interval below each other.
const WIDTH_OF_ONE_LINE: u16 = 90;
/// Still narrower ones get the verdict below the difference.
const WIDTH_OF_VERDICTS: u16 = 78;

/// One of the records, by the name that the user gave it.
#[derive(Clone, Copy, Debug)]
pub struct Side<'a> {
    pub label: &'a str,
    pub record: &'a Record,
}

impl Side<'_> {
    /// `main~3: stampede, seed 1, 10 replications`.
    fn described(&self) -> String {
        let scenario = &self.record.scenario;
        let replications = match scenario.finished {
            1 => "1 replication".to_owned(),
            many => format!("{many} replications"),
        };
        format!("{}: {}, seed {}, {replications}", self.label, scenario.name, scenario.seed)
    }
}

/// A comparison that is shown: before, after, and the differences.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    pub before: Side<'a>,
    pub after: Side<'a>,
    pub versus: &'a Versus,
}

/// A headline measure that became worse, for certain and by more than allowed.
#[derive(Clone, Debug, PartialEq)]
pub struct Regression {
    pub variant: String,
    pub measure: String,
    /// `db.qps.peak of ttl only in main: 1,174 ± 79/s before, 1,500 ± 80/s after, +27.8 ± 1.2 %`.
    pub sentence: String,
}

/// The headline measures that became worse by more than `allowed`, a share of the mean before (of a ratio, of its smaller
/// side).
pub fn regressions(shown: &Shown<'_>, allowed: f64) -> Vec<Regression> {
    let mut found = Vec::new();
    for variant in &shown.versus.variants {
        for name in &shown.versus.headline {
            let Some(measure) = variant.measure(name) else { continue };
            if measure.regression().is_some_and(|worse| worse > allowed) {
                let Row { before, after, difference, .. } = row(measure);
                let (variant, measure) = (variant.name.clone(), name.clone());
                let label = shown.after.label;
                let sentence = format!(
                    "{measure} of {variant} in {label}: {before} before, {after} after, {difference}"
                );
                found.push(Regression { variant, measure, sentence });
            }
        }
    }
    found
}

/// A measure, ready to print.
pub(super) struct Row {
    pub before: String,
    pub after: String,
    pub difference: String,
    pub verdict: Option<Verdict>,
    /// `tie, MDE 1.4 %`.
    pub word: String,
}

pub(super) fn row(measure: &MeasureVersus) -> Row {
    let largest = [measure.before, measure.after].into_iter().flatten().map(|estimate| estimate.mean.abs());
    let scale = Scale::fitting(&measure.unit, largest.fold(0.0, f64::max));
    let figure = |estimate: Option<Estimate>| {
        estimate.map_or_else(|| "–".to_owned(), |estimate| scale.with_suffix(&plus_minus(&scale, &estimate)))
    };
    let base = measure.before.map_or(0.0, |estimate| estimate.mean);
    let word = match (measure.verdict, measure.detectable) {
        (Some(Verdict::Tie), Some(smallest)) => {
            let base = if measure.relative_interval.is_some() { base } else { 0.0 };
            format!("tie, {}", detectable_from(base, smallest, &measure.unit))
        }
        (Some(verdict), _) => verdict.word().to_owned(),
        (None, _) => String::new(),
    };
    Row {
        before: figure(measure.before),
        after: figure(measure.after),
        difference: measure.difference.map_or_else(String::new, |difference| {
            difference_from(base, &difference, measure.relative_interval, &measure.unit)
        }),
        verdict: measure.verdict,
        word,
    }
}

/// The measures of a variant that are shown, marked where they are headline measures.
pub(super) fn rows<'v>(versus: &Versus, variant: &'v VariantVersus) -> Vec<(String, &'v MeasureVersus)> {
    let has_value = |name: &str| {
        variant.measure(name).is_some_and(|measure| measure.before.is_some() || measure.after.is_some())
    };
    shown_where(&versus.headline, has_value)
        .into_iter()
        .filter_map(|name| {
            let mark = if versus.headline.contains(&name) { "*" } else { "" };
            Some((format!("{name}{mark}"), variant.measure(&name)?))
        })
        .collect()
}

/// How the variants were compared, in a sentence for each way.
pub(super) fn methods(versus: &Versus) -> Vec<String> {
    let of = |wanted: &Method| -> Vec<&str> {
        let same = versus.variants.iter().filter(|variant| variant.method == *wanted);
        same.map(|variant| variant.name.as_str()).collect()
    };
    let mut told: Vec<&Method> = Vec::new();
    for variant in &versus.variants {
        if !told.contains(&&variant.method) {
            told.push(&variant.method);
        }
    }
    let whom = |method: &Method| match told.len() {
        1 => String::new(),
        _ => format!(" ({})", of(method).join(", ")),
    };
    told.iter()
        .map(|method| match method {
            Method::Paired => {
                format!("Paired{}: the same seed and the same requests in every replication.", whom(method))
            }
            Method::Welch(reason) => {
                format!("Independent samples, Welch's test{}: {reason}.", whom(method))
            }
        })
        .collect()
}

/// Variants and measures of one side only, and cautions for the reader.
pub(super) fn cautions(versus: &Versus) -> Vec<String> {
    let only = |side: &str, names: &[String]| {
        (!names.is_empty()).then(|| format!("Variants {side} only: {}.", names.join(", ")))
    };
    let [before, after] = [only("before", &versus.only_before), only("after", &versus.only_after)];
    versus.cautions.iter().cloned().chain(before).chain(after).chain(too_few(versus)).collect()
}

fn too_few(versus: &Versus) -> Option<String> {
    let few = |variant: &VariantVersus| {
        variant.replications.0.min(variant.replications.1) < VERDICT_REPLICATIONS_MIN
    };
    versus
        .variants
        .iter()
        .any(few)
        .then(|| format!("No verdicts: fewer than {VERDICT_REPLICATIONS_MIN} replications."))
}

/// `1 better, 2 worse, 5 ties`.
pub(super) fn counts(versus: &Versus) -> String {
    let count = |wanted: Verdict| {
        let measures = versus.variants.iter().flat_map(|variant| &variant.measures);
        measures.filter(|measure| measure.verdict == Some(wanted)).count()
    };
    let ties = count(Verdict::Tie);
    let plural = if ties == 1 { "tie" } else { "ties" };
    format!("{} better, {} worse, {ties} {plural}", count(Verdict::Better), count(Verdict::Worse))
}

/// All comparisons for a terminal, at most `width` columns where words allow; ends with a line break.
pub fn terminal(all: &[Shown<'_>], width: u16, color: bool) -> String {
    let sections: Vec<String> = all.iter().map(|shown| section(shown, width, color)).collect();
    let mut text = sections.join("\n");
    let legend = "Mean ± half the 95 % interval. * gets a verdict (Holm's correction over all of them); pt: percentage points; \
                  MDE: minimum detectable effect, the smallest difference that would not have been a tie.";
    text.push_str(&format!("\n{}\n", paragraph(legend, width)));
    text
}

fn section(shown: &Shown<'_>, width: u16, color: bool) -> String {
    let Shown { before, after, versus } = shown;
    let mut text = format!("before  {}\nafter   {}\n\n", before.described(), after.described());
    text.push_str(&table(versus, width, color));
    text.push_str(&format!("\n\n{}.\n", counts(versus)));
    for line in methods(versus) {
        text.push_str(&format!("{}\n", paragraph(&line, width)));
    }
    for caution in cautions(versus) {
        text.push_str(&format!("{}\n", paragraph(&format!("! {caution}"), width)));
    }
    text
}

fn table(versus: &Versus, width: u16, color: bool) -> String {
    let mut table = fitted(width, color);
    let (one_line, own_column) = (width >= WIDTH_OF_ONE_LINE, width >= WIDTH_OF_VERDICTS);
    let broken = |text: &str| match one_line {
        true => text.to_owned(),
        false => text.replace(" ± ", "\n± ").replace(", ", "\n"),
    };
    let right = |text: &str| Cell::new(broken(text)).set_alignment(CellAlignment::Right);
    let mut head = vec![Cell::new("variant, measure"), right("before"), right("after"), right("difference")];
    head.extend(own_column.then(|| Cell::new("verdict")));
    table.set_header(head);
    for variant in &versus.variants {
        table.add_row([Cell::new(&variant.name)]);
        for (name, measure) in rows(versus, variant) {
            let row = row(measure);
            let painted = |cell: Cell| match (color, row.verdict) {
                (true, Some(Verdict::Better)) => cell.fg(Color::Green),
                (true, Some(Verdict::Worse)) => cell.fg(Color::Red),
                _ => cell,
            };
            let mut cells = vec![Cell::new(format!("  {name}")), right(&row.before), right(&row.after)];
            match own_column {
                true => {
                    cells.extend([painted(right(&row.difference)), painted(Cell::new(broken(&row.word)))]);
                }
                false => {
                    let below = format!("{}\n{}", row.difference, row.word);
                    cells.push(painted(right(below.trim_end())));
                }
            }
            table.add_row(cells);
        }
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_constraint(ColumnConstraint::ContentWidth);
    }
    table.trim_fmt()
}

/// All comparisons as Markdown, for a comment on a pull request.
pub fn markdown(all: &[Shown<'_>]) -> String {
    let mut text = String::new();
    for shown in all {
        let Shown { before, after, versus } = shown;
        text.push_str(&format!(
            "### herdlab: {} → {}\n\n**{}**\n\n",
            escaped(before.label),
            escaped(after.label),
            counts(versus)
        ));
        for caution in cautions(versus) {
            text.push_str(&format!("> {}\n\n", escaped(&caution)));
        }
        text.push_str(
            "| variant | measure | before | after | difference | verdict |\n|---|---|---:|---:|---:|---|\n",
        );
        for variant in &versus.variants {
            for (index, (name, measure)) in rows(versus, variant).into_iter().enumerate() {
                let row = row(measure);
                let word = match row.verdict {
                    Some(Verdict::Better | Verdict::Worse) => format!("**{}**", row.word),
                    _ => row.word,
                };
                let variant = if index == 0 { escaped(&variant.name) } else { String::new() };
                text.push_str(&format!(
                    "| {variant} | {} | {} | {} | {} | {word} |\n",
                    escaped(&name),
                    row.before,
                    row.after,
                    row.difference
                ));
            }
        }
        let methods = methods(versus).join(" ");
        text.push_str(&format!(
            "\n{} Mean ± half the 95 % interval; * gets a verdict (Holm's correction). herdlab {}; before: {}; after: {}.\n\n",
            escaped(&methods),
            escaped(&after.record.herdlab),
            escaped(&described(before)),
            escaped(&described(after)),
        ));
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

/// With the digest: records of the same scenario have the same one.
fn described(side: &Side<'_>) -> String {
    let digest: String = side.record.scenario.digest.chars().take(12).collect();
    format!("{}, digest {digest}", side.described())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::versus::compare;
    use crate::record::fixture::{measure, stampede};

    /// Eight per cent more peak load under singleflight, two milliseconds less for everybody; one variant gone.
    fn changed() -> (Record, Record) {
        let requests: Vec<f64> = (0..10).map(|replication| f64::from(240_000 + replication)).collect();
        let with_requests = |mut record: Record| {
            for variant in &mut record.variants {
                variant.measures.push(measure("requests.all", &requests));
                variant.measures.sort_by(|a, b| a.name.cmp(&b.name));
            }
            record
        };
        let (before, mut after) = (with_requests(stampede(3)), with_requests(stampede(3)));
        after.variants.remove(1);
        let change = |record: &mut Record, index: usize, name: &str, change: &dyn Fn(f64) -> f64| {
            let measures = &mut record.variants[index].measures;
            let found = measures.iter_mut().find(|measure| measure.name == name).unwrap();
            found.values.iter_mut().flatten().for_each(|value| *value = change(*value));
        };
        change(&mut after, 1, "db.qps.peak", &|value| value * 1.08);
        for index in 0..2 {
            change(&mut after, index, "latency.all.p99_ms", &|value| value - 20.0);
        }
        (before, after)
    }

    fn with_shown<T>(show: impl Fn(&[Shown<'_>]) -> T) -> T {
        let (before, after) = changed();
        let versus = compare(&before, &[&after]).unwrap();
        let side = |label, record| Side { label, record };
        show(&[Shown { before: side("main~1", &before), after: side("main", &after), versus: &versus[0] }])
    }

    #[test]
    fn at_100_columns() {
        insta::assert_snapshot!(with_shown(|all| terminal(all, 100, false)));
    }

    #[test]
    fn as_markdown() {
        insta::assert_snapshot!(with_shown(markdown));
    }

    #[test]
    fn no_line_is_wider_than_asked_and_colour_is_asked_for() {
        for width in [60, 80, 120, 200] {
            let text = with_shown(|all| terminal(all, width, false));
            assert!(!text.contains('\u{1b}'));
            for line in text.lines() {
                assert!(line.chars().count() <= usize::from(width), "{width}: {line}");
            }
        }
        let (green, red) = ("\u{1b}[38;5;10m", "\u{1b}[38;5;9m");
        let text = with_shown(|all| terminal(all, 100, true));
        assert!(text.contains(green) && text.contains(red), "{text:?}");
    }

    #[test]
    fn what_became_worse_by_more_than_allowed_is_named() {
        let named = |allowed: f64| with_shown(|all| regressions(&all[0], allowed));
        assert_eq!(named(0.09), []);
        let regression = named(0.05).remove(0);
        assert_eq!(
            (regression.variant.as_str(), regression.measure.as_str()),
            ("singleflight", "db.qps.peak")
        );
        assert_eq!(
            regression.sentence,
            "db.qps.peak of singleflight in main: 415 ± 20/s before, 449 ± 22/s after, +8.00 ± 0 %"
        );
    }

    #[test]
    fn names_cannot_break_the_markdown() {
        let (before, mut after) = changed();
        after.variants[0].name = "a|b <script>".to_owned();
        let mut before = before;
        before.variants[0].name = "a|b <script>".to_owned();
        let versus = compare(&before, &[&after]).unwrap();
        let side = |label, record| Side { label, record };
        let shown = Shown { before: side("x|y", &before), after: side("main", &after), versus: &versus[0] };
        let text = markdown(&[shown]);
        assert!(text.contains("| a\\|b &lt;script> |") && text.contains("herdlab: x\\|y"), "{text}");
    }
}
