//! How sure: what remains of a result where inputs of the scenario are known as ranges only.

use comfy_table::{Cell, CellAlignment, ColumnConstraint};
use serde::Serialize;

use super::escape::escaped;
use super::format::{Scale, common_scale, number, percent_to, spoken, with_unit};
use super::terminal::{fitted, paragraph};
use super::thresholds::in_words;
use crate::experiment::answer::enumerated;
use crate::experiment::comparison::Comparison;
use crate::experiment::review::{InWorlds, Review, VariantReview};
use crate::experiment::worlds::held::{Held, Holding, holding};
use crate::experiment::worlds::split::{Effect, Shares, Split, split, worlds_min};
use crate::record::{Record, WorldsRecord};

/// Inputs that a row names.
const NAMED: usize = 2;
/// Smaller shares are not named.
const NAMED_FROM: f64 = 0.01;

/// A headline measure of one variant, ready to print.
#[derive(Clone, Debug, PartialEq)]
pub struct SureRow {
    pub measure: String,
    pub variant: String,
    /// Mean of the nominal run, without its interval.
    pub nominal: String,
    /// 5 to 95 % of the worlds.
    pub range: String,
    /// Share of luck, or a dash.
    pub luck: String,
    /// Those that matter most, with their shares.
    pub inputs: Vec<String>,
}

/// Something that holds in some worlds.
#[derive(Clone, Debug, PartialEq)]
pub struct HoldsRow {
    /// `8 better in error.ratio`, a threshold, a claim.
    pub what: String,
    /// `30 of 32 worlds`.
    pub worlds: String,
    /// The class of that in the page.
    pub class: &'static str,
}

/// Everything that a report tells of the worlds.
#[derive(Clone, Debug, PartialEq)]
pub struct Sure {
    /// How many worlds, out of which ranges.
    pub drawn: String,
    /// What to find out first.
    pub first: String,
    pub rows: Vec<SureRow>,
    pub holds: Vec<HoldsRow>,
    /// What the figures are.
    pub legend: String,
    /// Path and range.
    pub inputs: Vec<(String, String)>,
}

/// `None` for a record without worlds.
pub fn sure(record: &Record, comparison: &Comparison, review: &Review) -> Option<Sure> {
    let worlds = record.worlds.as_ref().filter(|worlds| worlds.finished() > 0)?;
    let mut rows = Vec::new();
    for measure in &record.scenario.headline {
        for index in 0..comparison.variants.len() {
            rows.extend(
                split_of(record, index, measure)
                    .and_then(|split| row(comparison, worlds, index, measure, &split)),
            );
        }
    }
    Some(Sure {
        drawn: drawn(worlds),
        first: first(record, comparison, worlds),
        rows,
        holds: verdicts(review).into_iter().chain(holds(&holding(record, comparison))).collect(),
        legend: legend(worlds),
        inputs: worlds.inputs.iter().map(|input| (input.path.clone(), input.text.clone())).collect(),
    })
}

/// The uncertainty of a measure of a variant.
pub fn split_of(record: &Record, variant: usize, measure: &str) -> Option<Split> {
    let worlds = record.worlds.as_ref()?;
    split(&worlds.inputs, &worlds.values, &worlds.measure(variant, measure)?.values)
}

/// Inputs with their effects, the largest share first; those that matter.
pub fn ranked<'w>(worlds: &'w WorldsRecord, shares: &Shares) -> Vec<(&'w str, Effect)> {
    let mut ranked: Vec<(&str, Effect)> = worlds
        .inputs
        .iter()
        .zip(&shares.inputs)
        .map(|(input, effect)| (input.path.as_str(), *effect))
        .collect();
    ranked.sort_by(|a, b| b.1.share.total_cmp(&a.1.share));
    ranked.retain(|(_, effect)| effect.share >= NAMED_FROM);
    ranked
}

/// `71 %`.
fn percentage(share: f64) -> String {
    format!("{} %", percent_to(share, 0))
}

fn row(
    comparison: &Comparison,
    worlds: &WorldsRecord,
    index: usize,
    name: &str,
    split: &Split,
) -> Option<SureRow> {
    let variant = &comparison.variants[index];
    let measure = variant.measure(name)?;
    let nominal = measure.estimate.map(|estimate| estimate.mean);
    let (low, high) = split.range;
    let scale = common_scale(comparison, name)
        .unwrap_or_else(|| Scale::fitting(&measure.unit, low.abs().max(high.abs())));
    let inputs = split.shares.iter().flat_map(|shares| ranked(worlds, shares)).take(NAMED);
    Some(SureRow {
        measure: name.to_owned(),
        variant: variant.name.clone(),
        nominal: nominal.map_or_else(|| "–".to_owned(), |mean| scale.with_suffix(&scale.number(mean))),
        range: range_text(&scale, split.range),
        luck: split.shares.as_ref().map_or_else(|| "–".to_owned(), |shares| percentage(shares.luck)),
        inputs: inputs.map(|(path, effect)| format!("{path} {}", percentage(effect.share))).collect(),
    })
}

fn drawn(worlds: &WorldsRecord) -> String {
    let runs = match worlds.replications {
        1 => "a single run each".to_owned(),
        more => format!("{more} runs each"),
    };
    let paths: Vec<String> = worlds.inputs.iter().map(|input| input.path.clone()).collect();
    let ranges = if paths.len() == 1 { "the range" } else { "the ranges" };
    let finished = worlds.finished();
    let mut text = format!(
        "{} worlds, {runs}, out of {ranges} of {}.",
        number(finished as f64),
        enumerated(&paths, "and")
    );
    if finished < worlds.wanted as usize {
        text.push_str(&format!(" Interrupted: {finished} of {} worlds are finished.", worlds.wanted));
    }
    text
}

/// The first headline measure where it is least sure, and the input to measure first: `p99 latency is least sure in 3 (146 to
/// 464 ms). Measure workload.arrivals.poisson.rate first: it explains 40 % of that spread.`
fn first(record: &Record, comparison: &Comparison, worlds: &WorldsRecord) -> String {
    let least = worlds_min(worlds.inputs.len());
    if worlds.finished() < least {
        return format!("It takes {least} worlds to tell the inputs apart: --worlds {least}.");
    }
    let spread = |measure: &str| -> Vec<(usize, Split, Shares)> {
        let of = |variant: usize| {
            let split = split_of(record, variant, measure)?;
            let shares = split.shares.clone().filter(|shares| !shares.inputs.is_empty())?;
            Some((variant, split, shares))
        };
        (0..comparison.variants.len()).filter_map(of).collect()
    };
    let spreads = record.scenario.headline.iter().map(|measure| (measure, spread(measure)));
    let Some((measure, spread)) = spreads.into_iter().find(|(_, spread)| !spread.is_empty()) else {
        return String::new();
    };
    let relative = |split: &Split| (split.range.1 - split.range.0) / split.mean.abs().max(f64::MIN_POSITIVE);
    let widest = spread.iter().max_by(|a, b| relative(&a.1).total_cmp(&relative(&b.1)));
    let Some((variant, split, shares)) = widest else { return String::new() };
    let unit = record.variants[*variant].measure(measure).map_or("", |measure| measure.unit.as_str());
    let range = range_text(&Scale::fitting(unit, split.range.1.abs()), split.range);
    let spoken = spoken(measure);
    let place = match comparison.variants.len() {
        1 => format!("{} goes from {range}.", capitalised(&spoken)),
        _ => format!(
            "{} is least sure in {} ({range}).",
            capitalised(&spoken),
            comparison.variants[*variant].name
        ),
    };
    let ranked = ranked(worlds, shares);
    match ranked.first().filter(|(_, effect)| effect.share > shares.luck) {
        Some((path, effect)) => {
            let share = percentage(effect.share);
            format!("{place} Measure {path} first: it explains {share} of that spread.")
        }
        None => format!(
            "{place} Luck is the largest part of that spread ({}): more replications or a longer run tell more than any input.",
            percentage(shares.luck)
        ),
    }
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().collect::<String>() + letters.as_str())
}

/// `146 to 464 ms`.
fn range_text(scale: &Scale, (low, high): (f64, f64)) -> String {
    format!("{} to {}", scale.number(low), scale.with_suffix(&scale.number(high)))
}

/// The verdict of each variant, world by world.
fn verdicts(review: &Review) -> Vec<HoldsRow> {
    let row = |(variant, worlds): (&VariantReview, &InWorlds)| HoldsRow {
        what: format!("review of {}", variant.name),
        worlds: worlds.words(),
        class: if worlds.safe > 0 && worlds.safe == worlds.judged() { "better" } else { "soft" },
    };
    review.variants.iter().filter_map(|variant| Some(row((variant, variant.worlds.as_ref()?)))).collect()
}

fn holds(holding: &Holding) -> Vec<HoldsRow> {
    let row = |what: String, held: Held| HoldsRow {
        what,
        worlds: if held.of == 0 { "–".to_owned() } else { held.to_string() },
        class: if held.of > 0 && held.count == held.of { "better" } else { "soft" },
    };
    let verdicts = holding.verdicts.iter().map(|one| {
        let tie = if one.verdict.word() == "tie" { "a tie" } else { one.verdict.word() };
        row(format!("{} {tie} in {}", one.variant, one.measure), one.held)
    });
    let thresholds = holding
        .thresholds
        .iter()
        .map(|one| row(format!("{} in {}", in_words(&one.threshold, &one.unit), one.variant), one.held));
    let claims = holding.claims.iter().map(|(claim, held)| row(claim.clone(), *held));
    verdicts.chain(thresholds).chain(claims).collect()
}

fn legend(worlds: &WorldsRecord) -> String {
    let mut text = "5 to 95 %: of the means of the worlds.".to_owned();
    if worlds.replications > 1 {
        text.push_str(
            " Luck and inputs: shares of the variance of a single run in an unknown world; what is missing to 100 % are \
             further inputs and what inputs do together.",
        );
    } else {
        text.push_str(" A single run of a world does not tell luck from inputs.");
    }
    text
}

/// For a terminal, at most `width` columns where words allow; empty without worlds. Does not end in a line break.
pub fn terminal(
    record: &Record,
    comparison: &Comparison,
    review: &Review,
    width: u16,
    color: bool,
) -> String {
    let Some(sure) = sure(record, comparison, review) else { return String::new() };
    let right = |text: &str| Cell::new(text).set_alignment(CellAlignment::Right);
    let mut table = fitted(width, color);
    table.set_header([
        Cell::new("how sure"),
        right("nominal"),
        right("5 to 95 %"),
        right("luck"),
        Cell::new("largest contributors"),
    ]);
    let mut last = None;
    for row in &sure.rows {
        if last.replace(&row.measure) != Some(&row.measure) {
            table.add_row([Cell::new(&row.measure)]);
        }
        table.add_row([
            Cell::new(format!("  {}", row.variant)),
            right(&row.nominal),
            right(&row.range),
            right(&row.luck),
            Cell::new(row.inputs.join("\n")),
        ]);
    }
    for index in 1..4 {
        if let Some(column) = table.column_mut(index) {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
    let mut parts = vec![paragraph(&sure.drawn, width), table.trim_fmt()];
    if !sure.holds.is_empty() {
        let mut table = fitted(width, color);
        table.set_header([Cell::new("holds"), right("in")]);
        for row in &sure.holds {
            table.add_row([Cell::new(&row.what), right(&row.worlds)]);
        }
        if let Some(column) = table.column_mut(1) {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
        parts.push(table.trim_fmt());
    }
    parts.extend(
        [&sure.legend, &sure.first]
            .into_iter()
            .filter(|text| !text.is_empty())
            .map(|text| paragraph(text, width)),
    );
    parts.join("\n\n")
}

/// The same as Markdown, with a heading; empty without worlds.
pub fn markdown(record: &Record, comparison: &Comparison, review: &Review) -> String {
    let Some(sure) = sure(record, comparison, review) else { return String::new() };
    let mut text = format!("\n### How sure\n\n{} {}\n\n", escaped(&sure.drawn), escaped(&sure.first));
    text.push_str("| measure | variant | nominal | 5 to 95 % | luck | largest contributors |\n|---|---|---:|---:|---:|---|\n");
    for SureRow { measure, variant, nominal, range, luck, inputs } in &sure.rows {
        let (measure, variant, inputs) = (escaped(measure), escaped(variant), escaped(&inputs.join(", ")));
        text.push_str(&format!("| {measure} | {variant} | {nominal} | {range} | {luck} | {inputs} |\n"));
    }
    if !sure.holds.is_empty() {
        text.push_str("\n| holds | in |\n|---|---:|\n");
        for row in &sure.holds {
            text.push_str(&format!("| {} | {} |\n", escaped(&row.what), row.worlds));
        }
    }
    text + &format!("\n{}\n", sure.legend)
}

/// For scripts: every measure of every variant.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct WorldsSummary<'a> {
    worlds: usize,
    replications: u32,
    inputs: Vec<InputSummary<'a>>,
    measures: Vec<MeasureUncertainty<'a>>,
    verdicts: Vec<HoldsSummary>,
    thresholds: Vec<HoldsSummary>,
    claims: Vec<HoldsSummary>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct InputSummary<'a> {
    path: &'a str,
    range: &'a str,
    unit: &'a str,
    low: f64,
    high: f64,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct MeasureUncertainty<'a> {
    variant: &'a str,
    measure: &'a str,
    worlds: usize,
    mean: f64,
    p05: f64,
    p95: f64,
    min: f64,
    max: f64,
    /// Share of the variance of a single run; `null` where nothing varies, or luck is not known.
    luck: Option<f64>,
    /// Of inputs together, beyond their own shares.
    rest: Option<f64>,
    inputs: Vec<EffectSummary<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct EffectSummary<'a> {
    path: &'a str,
    share: f64,
    /// Expected value of the measure at the ends of the range.
    at_low: f64,
    at_high: f64,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct HoldsSummary {
    what: String,
    #[serde(flatten)]
    held: Held,
}

pub(super) fn summary<'a>(record: &'a Record, comparison: &Comparison) -> Option<WorldsSummary<'a>> {
    let worlds = record.worlds.as_ref().filter(|worlds| worlds.finished() > 0)?;
    let uncertainty = |(index, measure): (usize, &'a str)| {
        let split = split_of(record, index, measure)?;
        let shares = split.shares.as_ref();
        let effects = shares.iter().flat_map(|shares| &shares.inputs).zip(&worlds.inputs);
        Some(MeasureUncertainty {
            variant: &record.variants[index].name,
            measure,
            worlds: split.worlds,
            mean: split.mean,
            p05: split.range.0,
            p95: split.range.1,
            min: split.ends.0,
            max: split.ends.1,
            luck: shares.map(|shares| shares.luck),
            rest: shares.map(|shares| shares.rest),
            inputs: effects
                .map(|(effect, input)| EffectSummary {
                    path: &input.path,
                    share: effect.share,
                    at_low: effect.at_low,
                    at_high: effect.at_high,
                })
                .collect(),
        })
    };
    let names = worlds.variants.iter().enumerate().flat_map(|(index, variant)| {
        variant.measures.iter().map(move |measure| (index, measure.name.as_str()))
    });
    let holding = holding(record, comparison);
    let verdict = |one: &crate::experiment::worlds::held::HeldVerdict| HoldsSummary {
        what: format!("{} {} in {}", one.variant, one.verdict.word(), one.measure),
        held: one.held,
    };
    let threshold = |one: &crate::experiment::worlds::held::HeldThreshold| HoldsSummary {
        what: format!("{} in {}", in_words(&one.threshold, &one.unit), one.variant),
        held: one.held,
    };
    Some(WorldsSummary {
        worlds: worlds.finished(),
        replications: worlds.replications,
        inputs: worlds
            .inputs
            .iter()
            .map(|input| InputSummary {
                path: &input.path,
                range: &input.text,
                unit: &input.unit,
                low: input.low,
                high: input.high,
            })
            .collect(),
        measures: names.filter_map(uncertainty).collect(),
        verdicts: holding.verdicts.iter().map(verdict).collect(),
        thresholds: holding.thresholds.iter().map(threshold).collect(),
        claims: holding
            .claims
            .iter()
            .map(|(claim, held)| HoldsSummary { what: claim.clone(), held: *held })
            .collect(),
    })
}

/// `180 to 260 ms`: the measure at the low and at the high end of an input.
pub(super) fn swing(effect: &Effect, unit: &str) -> String {
    let scale = Scale::fitting(unit, effect.at_low.abs().max(effect.at_high.abs()));
    format!("{} → {}", scale.number(effect.at_low), with_unit(effect.at_high, unit))
}

#[cfg(test)]
mod tests;
