//! Worlds: the scenario with a value out of each range.

use std::path::Path;

use super::super::digest::fingerprint;
use super::super::{Diagnostics, Overrides, Prepared, axes, prepare};
use super::Range;
use super::sobol::Sobol;
use crate::declare::diagnostic::Diagnostic;
use crate::declare::file::Node;
use crate::model::Variant;

/// One world.
#[derive(Clone, Debug)]
pub struct World {
    /// By input of the experiment, in the input's unit.
    pub values: Vec<f64>,
    /// Those of the experiment, in its order.
    pub variants: Vec<Variant>,
    /// What each variant means and sees: equal ones are the same simulations.
    pub fingerprints: Vec<String>,
}

/// Draws the first `count` worlds of a scenario. A world does not depend on how many are drawn. Every end of every range is
/// checked as well, so that no later world is refused for a single value.
///
/// # Errors
/// All problems of the file, of the ends of its ranges, and of the worlds.
pub fn worlds(
    source: &str,
    source_path: &str,
    base_dir: &Path,
    overrides: &Overrides,
    count: u32,
) -> Result<Vec<World>, Diagnostics> {
    let mut prepared = prepare(source, source_path, base_dir, overrides, None)?;
    let ranges = std::mem::take(&mut prepared.ranges);
    let Some(nominal) = prepared.check(None, source_path, overrides) else { return Err(prepared.problems()) };
    let mut checker = Checker { prepared: &mut prepared, source_path, overrides, problems: Vec::new() };
    for range in &ranges {
        for (end, value) in [("low", range.input.low), ("high", range.input.high)] {
            let shown = shown(range, value);
            let at = format!("at the {end} end of the range of {}: {shown}", range.input.path);
            checker.variants(&[(range, value)], &at, range);
        }
    }
    let mut worlds = Vec::with_capacity(count as usize);
    if checker.problems.is_empty() {
        for (index, values) in draw(&ranges, nominal.seed, count).into_iter().enumerate() {
            let drawn: Vec<(&Range, f64)> = ranges.iter().zip(values.iter().copied()).collect();
            let settings: Vec<String> = drawn
                .iter()
                .map(|(range, value)| format!("{} = {}", range.input.path, shown(range, *value)))
                .collect();
            let at = format!("in world {}: {}", index + 1, settings.join(", "));
            let Some(variants) = checker.variants(&drawn, &at, &ranges[0]) else { break };
            let fingerprints =
                variants.iter().map(|variant| fingerprint(&variant.model, nominal.seed)).collect();
            worlds.push(World { values, variants, fingerprints });
        }
    }
    let problems = checker.problems;
    problems.into_iter().for_each(|problem| prepared.cx.report(problem));
    if prepared.cx.diagnostics.is_empty() { Ok(worlds) } else { Err(prepared.problems()) }
}

/// The values of so many worlds, by world and range; none without ranges.
pub(in crate::scenario) fn draw(ranges: &[Range], seed: u64, count: u32) -> Vec<Vec<f64>> {
    if ranges.is_empty() {
        return Vec::new();
    }
    let points = Sobol::new(ranges.len(), seed);
    let world = |index| -> Vec<f64> {
        ranges.iter().zip(points.point(index)).map(|(range, point)| range.input.quantile(point)).collect()
    };
    (0..count).map(world).collect()
}

fn shown(range: &Range, value: f64) -> String {
    axes::to_toml(&Node { value: range.form.written(value), span: range.span })
}

struct Checker<'p> {
    prepared: &'p mut Prepared,
    source_path: &'p str,
    overrides: &'p Overrides,
    problems: Vec<Diagnostic>,
}

impl Checker<'_> {
    /// The variants with these values; a problem carries the place `at` and points at `range`.
    fn variants(&mut self, values: &[(&Range, f64)], at: &str, range: &Range) -> Option<Vec<Variant>> {
        let mut tree = self.prepared.root.clone();
        values.iter().for_each(|(range, value)| range.put(&mut tree, *value));
        let experiment = self.prepared.check(Some(&tree), self.source_path, self.overrides);
        for mut problem in self.prepared.cx.diagnostics.drain(..) {
            if !problem.labels.iter().any(|(span, _)| range.span.contains(span)) {
                problem = problem.also(range.span, "this range");
            }
            if !self
                .problems
                .iter()
                .any(|known| known.title == problem.title && known.labels == problem.labels)
            {
                self.problems.push(problem.help(at));
            }
        }
        experiment.map(|experiment| experiment.variants)
    }
}
