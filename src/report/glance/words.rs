//! The strategies in words: parts to build, risks, gains and losses, strengths of each. All of it
//! follows from figures and settings by rules ([`RULES`]).

use super::{COLUMNS, Column, head, measured};
use crate::experiment::comparison::{SIGNIFICANCE, VERDICT_REPLICATIONS_MIN};
use crate::experiment::printed::estimated;
use crate::experiment::states::states;
use crate::experiment::statistics::{Estimate, PairedDifference, estimate, holm, paired_difference};
use crate::measure::quantity::change;
use crate::record::{Record, VariantRecord};

/// Meaning of the words of the second table.
pub const RULES: &str = "Parts are the components to build and to watch: each cache, and each mechanism with a state or a rule of its \
own, counted from the settings. Risks are events that occurred: at least 10 fetches of one key at once, a database peak of at least \
three times its mean, at least 1 % stale answers, at least 0.1 % failed requests, any acknowledged write that was lost or in memory \
only, runs that settle in one of two states. Fewer than 6 replications give no verdict. A strategy with two states is compared with no \
other, because no run has its means. Gains and costs are paired differences to the first strategy with a cache, of at least 5 % (of \
stale answers: 0.1 points) and significant in the t-test after Holm's correction over the table. A strategy is best where it is \
certain (95 %) to be within 5 % of the lowest mean (of stale answers: 0.1 points), the variant without a cache excluded, or where it \
has the fewest parts; where more than half of the strategies are best, none is named. Consistency is that of reads; a strategy that \
acknowledges writes which a crash can lose is named with that cost.";

/// In the place of words that too few replications cannot bear.
const NOT_JUDGED: &str = "not judged";
/// Fetches of one key at once that count as a stampede.
const STAMPEDE_MIN: f64 = 10.0;
/// Peak of the database load over its mean.
const PEAK_MIN: f64 = 3.0;
const STALE_MIN: f64 = 0.01;
const ERROR_MIN: f64 = 0.001;
/// Differences up to this share decide nothing.
const SHARE_MIN: f64 = 0.05;
/// The same of stale answers, as a share of all.
const STALE_SHARE_MIN: f64 = 0.001;

/// One row per variant, after the headings. `parts` names the parts of each variant.
pub(super) fn rows(record: &Record, parts: &[Vec<&'static str>]) -> Vec<Vec<String>> {
    let reference = (0..record.variants.len()).find(|index| *index != record.scenario.baseline);
    let against =
        reference.map_or("against".to_owned(), |index| format!("against {}", record.variants[index].name));
    let headings = ["parts".to_owned(), "risks seen".to_owned(), against, "use it for".to_owned()];
    let mut rows = vec![head("strategy", headings.into_iter())];
    let judged = record.scenario.finished as usize >= VERDICT_REPLICATIONS_MIN;
    let changes = match reference {
        Some(reference) if judged => changes(record, reference),
        Some(_) => vec![NOT_JUDGED.to_owned(); record.variants.len()],
        None => Vec::new(),
    };
    for (index, variant) in record.variants.iter().enumerate() {
        let named = parts.get(index).map_or(&[][..], Vec::as_slice);
        let best_at = match index == record.scenario.baseline {
            true => "–".to_owned(),
            false if !judged => NOT_JUDGED.to_owned(),
            false => best_at(record, parts, index),
        };
        let changed = changes.get(index).cloned().unwrap_or_default();
        rows.push(head(&variant.name, [counted(named), risks(variant), changed, best_at].into_iter()));
    }
    rows
}

/// `2: shared cache, jitter`.
fn counted(parts: &[&str]) -> String {
    if parts.is_empty() { "0".to_owned() } else { format!("{}: {}", parts.len(), parts.join(", ")) }
}

fn risks(variant: &VariantRecord) -> String {
    let mean = |name: &str| estimate(&measured(variant, name));
    let mut risks = Vec::from_iter(states(variant).map(|states| states.words()));
    if let Some(size) = mean("stampede.max").filter(|size| size.mean >= STAMPEDE_MIN) {
        risks.push(format!("{} fetches of one key at once", estimated(&size, "count")));
    }
    if let (Some(peak), Some(load)) = (mean("db.qps.peak"), mean("db.qps.mean"))
        && load.mean > 0.0
        && peak.mean >= PEAK_MIN * load.mean
    {
        risks.push(format!("database peaks at {:.1} times its mean", peak.mean / load.mean));
    }
    if let Some(stale) = mean("stale.ratio").filter(|stale| stale.mean >= STALE_MIN) {
        risks.push(format!("{} stale", estimated(&stale, "1")));
    }
    if let Some(errors) = mean("error.ratio").filter(|errors| errors.mean >= ERROR_MIN) {
        risks.push(format!("{} of the requests fail", estimated(&errors, "1")));
    }
    if let Some(lost) = mean("writes.lost").filter(|lost| lost.mean > 0.0) {
        risks.push(format!("{} acknowledged writes lost", estimated(&lost, "count")));
    }
    if let Some(unflushed) = mean("writes.unflushed.peak").filter(|keys| keys.mean > 0.0) {
        risks
            .push(format!("{} keys at once in memory only, lost in a crash", estimated(&unflushed, "count")));
    }
    if risks.is_empty() { "none of these".to_owned() } else { risks.join("; ") }
}

/// The columns that words are about.
fn named() -> impl Iterator<Item = &'static Column> {
    COLUMNS.iter().filter(|column| !column.name.is_empty())
}

/// `after - before`, replication by replication.
fn difference(column: &Column, before: &VariantRecord, after: &VariantRecord) -> Option<PairedDifference> {
    let known = |variant: &VariantRecord| (column.values)(variant).into_iter().map(Some).collect::<Vec<_>>();
    let (before, after) = (known(before), known(after));
    let found = (before.len() == after.len()).then(|| paired_difference(&before, &after))??;
    (found.estimate.n >= VERDICT_REPLICATIONS_MIN).then_some(found)
}

/// The smallest difference of this column that counts.
fn smallest(column: &Column, mean: f64) -> f64 {
    if column.unit == "1" { STALE_SHARE_MIN } else { SHARE_MIN * mean.abs() }
}

/// Gains and costs of each variant against one of them.
fn changes(record: &Record, reference: usize) -> Vec<String> {
    let base = &record.variants[reference];
    let mut found: Vec<(usize, &Column, Estimate, f64)> = Vec::new();
    let mut ps = Vec::new();
    let mixed: Vec<bool> = record.variants.iter().map(|variant| states(variant).is_some()).collect();
    for (index, variant) in record.variants.iter().enumerate().filter(|(index, _)| *index != reference) {
        // A mean over two states is that of no run.
        for column in named().filter(|_| !mixed[index] && !mixed[reference]) {
            let before = estimate(&(column.values)(base));
            if let (Some(before), Some(PairedDifference { estimate, p: Some(p), .. })) =
                (before, difference(column, base, variant))
            {
                found.push((index, column, estimate, before.mean));
                ps.push(p);
            }
        }
    }
    let mut words = vec![(Vec::new(), Vec::new()); record.variants.len()];
    for ((index, column, estimate, before), p) in found.into_iter().zip(holm(&ps)) {
        if p < SIGNIFICANCE && estimate.mean.abs() >= smallest(column, before) {
            let (gains, costs) = &mut words[index];
            let list: &mut Vec<String> = if estimate.mean < 0.0 { gains } else { costs };
            list.push(changed(column, before, &estimate));
        }
    }
    let told = |(index, (gains, costs)): (usize, &(Vec<String>, Vec<String>))| match (
        gains.is_empty(),
        costs.is_empty(),
    ) {
        _ if index == reference => "–".to_owned(),
        _ if mixed[index] || mixed[reference] => "no verdict: two states".to_owned(),
        (true, true) => "nothing that counts".to_owned(),
        (false, true) => format!("gains {}", gains.join(", ")),
        (true, false) => format!("costs {}", costs.join(", ")),
        (false, false) => format!("gains {}; costs {}", gains.join(", "), costs.join(", ")),
    };
    words.iter().enumerate().map(told).collect()
}

/// `peak database load −30.4 %`, `stale answers +19.3 pt`.
fn changed(column: &Column, before: f64, difference: &Estimate) -> String {
    match column.unit {
        "1" => {
            let points = change(difference.mean);
            format!("{} {}", column.name, points.replace('%', "pt"))
        }
        _ if before == 0.0 => format!("{} {}", column.name, estimated(difference, column.unit)),
        _ => format!("{} {}", column.name, change(difference.mean / before.abs())),
    }
}

/// Consistency with its price, of a strategy whose acknowledged writes were lost or can be.
fn loss(variant: &VariantRecord) -> Option<&'static str> {
    let any = |name: &str| measured(variant, name).iter().any(|count| *count > 0.0);
    if any("writes.lost") {
        return Some("consistency of reads, but acknowledged writes are lost");
    }
    any("writes.unflushed.peak").then_some("consistency of reads, but a crash loses acknowledged writes")
}

/// The columns in which a strategy is best and most others are not.
fn best_at(record: &Record, parts: &[Vec<&'static str>], index: usize) -> String {
    let one_state = |other: &usize| states(&record.variants[*other]).is_none();
    let compared: Vec<usize> = (0..record.variants.len())
        .filter(|other| *other != record.scenario.baseline)
        .filter(one_state)
        .collect();
    if !one_state(&index) {
        return "–".to_owned();
    }
    let mut named_for: Vec<String> = Vec::new();
    let mut name = |what: &str, is_best: &dyn Fn(usize) -> bool| {
        let best = compared.iter().filter(|other| is_best(**other)).count();
        if is_best(index) && 2 * best <= compared.len() {
            named_for.push(what.to_owned());
        }
    };
    for column in named() {
        let mean = |index: usize| {
            let found = estimate(&(column.values)(&record.variants[index]))?;
            (found.n >= VERDICT_REPLICATIONS_MIN).then_some(found.mean)
        };
        let lowest = compared
            .iter()
            .filter_map(|other| Some((*other, mean(*other)?)))
            .min_by(|a, b| a.1.total_cmp(&b.1));
        let Some((lowest, least)) = lowest else { continue };
        let near = smallest(column, least);
        // A tie with the best is not enough: the noisiest would count as the best.
        // Few stale answers are a virtue with a name of its own, and a price where they rest on a memory that a crash empties.
        let virtue = match (column.unit, loss(&record.variants[index])) {
            ("1", None) => "consistency",
            ("1", Some(price)) => price,
            _ => column.name,
        };
        name(virtue, &|other| {
            other == lowest
                || difference(column, &record.variants[lowest], &record.variants[other])
                    .and_then(|difference| difference.estimate.interval)
                    .is_some_and(|(_, high)| high <= near)
        });
    }
    let count = |index: usize| parts.get(index).map_or(0, Vec::len);
    let fewest = compared.iter().map(|index| count(*index)).min().unwrap_or(0);
    name("few parts", &|other| count(other) == fewest);
    if named_for.is_empty() { "–".to_owned() } else { named_for.join(", ") }
}
