//! The baseline of a scenario as a function of its ranges, and the file with values in their place.

use std::path::Path;

use super::super::digest::fingerprint;
use super::super::lint::Warnings;
use super::super::{Diagnostics, Overrides, Prepared, axes, completed, prepare};
use super::Range;
use crate::declare::diagnostic::{Diagnostic, Span};
use crate::declare::file::Node;
use crate::model::{Experiment, Input, Model};

/// A scenario whose ranges may be given values.
pub struct Space {
    prepared: Prepared,
    ranges: Vec<Range>,
    base: Experiment,
    warnings: Warnings,
    overrides: Overrides,
    source_path: String,
    source: String,
}

impl Space {
    /// Reads a scenario and keeps its baseline alone. `unknown` are ranges of the command line, each a path and the range as TOML; every
    /// end of every range is checked, so that few settings between them are refused.
    ///
    /// # Errors
    /// All problems of the file, of the ranges and of their ends.
    pub fn new(
        source: &str,
        source_path: &str,
        base_dir: &Path,
        overrides: &Overrides,
        unknown: &[(String, String)],
    ) -> Result<Space, Diagnostics> {
        let mut overrides = overrides.clone();
        overrides.set.extend(unknown.iter().cloned());
        let (nominal, _) = super::super::parse_with_warnings(source, source_path, base_dir, &overrides)?;
        overrides.variants = vec![nominal.variants[nominal.baseline].name.clone()];
        let mut prepared = prepare(source, source_path, base_dir, &overrides, None)?;
        let ranges = std::mem::take(&mut prepared.ranges);
        let Some(base) = prepared.check(None, source_path, &overrides) else {
            return Err(prepared.problems());
        };
        let warnings = Warnings::new(prepared.sources.clone(), std::mem::take(&mut prepared.kept.warnings));
        let inputs = ranges.iter().map(|range| range.input.clone()).collect();
        let base = completed(Experiment { inputs, ..base }, source, &overrides, &warnings);
        let (source_path, source) = (source_path.to_owned(), source.to_owned());
        let mut space = Space { prepared, ranges, base, warnings, overrides, source_path, source };
        for index in 0..space.ranges.len() {
            let Input { low, high, .. } = space.ranges[index].input;
            let mut ends = Vec::new();
            for (end, value) in [("low", low), ("high", high)] {
                let range = space.ranges[index].clone();
                let at = format!(
                    "at the {end} end of the range of {}: {}",
                    range.input.path,
                    written(&range, value)
                );
                let model = space.checked(&[(range, value)], &at)?;
                ends.push(fingerprint(&model, space.base.seed));
            }
            if ends[0] == ends[1] {
                return Err(space.inert(index));
            }
        }
        Ok(space)
    }

    /// A range that does nothing.
    fn inert(&self, index: usize) -> Diagnostics {
        let Range { input, span, .. } = &self.ranges[index];
        let title = format!("`{}` changes nothing", input.path);
        let label = "both ends give the same simulations";
        let help = format!(
            "a value that the variant \"{}\" sets for itself, or that is switched off, cannot be fitted",
            self.base.variants[self.base.baseline].name
        );
        let problem = Diagnostic::new(title, *span, label).help(help);
        Diagnostics { sources: self.prepared.sources.clone(), list: vec![problem] }
    }

    /// The scenario with the central values, and its baseline as the only variant.
    pub fn base(&self) -> &Experiment {
        &self.base
    }

    /// Warnings of lints about it.
    pub fn warnings(&self) -> &Warnings {
        &self.warnings
    }

    /// The baseline with a value for each range, in the order and the unit of the inputs.
    ///
    /// # Errors
    /// Values that do not go together.
    pub fn model(&mut self, values: &[f64]) -> Result<Model, Diagnostics> {
        let drawn: Vec<(Range, f64)> = self.ranges.iter().cloned().zip(values.iter().copied()).collect();
        let settings =
            drawn.iter().map(|(range, value)| format!("{} = {}", range.input.path, written(range, *value)));
        let at = format!("with {}", settings.collect::<Vec<_>>().join(", "));
        self.checked(&drawn, &at)
    }

    fn checked(&mut self, values: &[(Range, f64)], at: &str) -> Result<Model, Diagnostics> {
        let mut tree = self.prepared.root.clone();
        values.iter().for_each(|(range, value)| range.put(&mut tree, *value));
        let found = self.prepared.check(Some(&tree), &self.source_path, &self.overrides);
        let problems: Vec<Diagnostic> = self.prepared.cx.diagnostics.drain(..).collect();
        match found.and_then(|mut experiment| experiment.variants.pop()) {
            Some(variant) if problems.is_empty() => Ok(variant.model),
            _ => {
                let list = problems.into_iter().map(|problem| problem.help(at)).collect();
                Err(Diagnostics { sources: self.prepared.sources.clone(), list })
            }
        }
    }

    /// A value of an input as a file has it: `"53.2ms"`.
    pub fn toml(&self, input: usize, value: f64) -> String {
        self.ranges[input].form.toml(value)
    }

    /// What has no place in the file, so that [`Space::file`] cannot write it: paths of ranges and settings of the command line.
    pub fn without_place(&self) -> Vec<String> {
        let places = self.places(&vec![String::new(); self.ranges.len()]);
        places.into_iter().filter(|(_, place, _)| place.is_none()).map(|(path, ..)| path).collect()
    }

    /// The file with values in the place of its ranges and of what the command line sets; all else stays as it is, comments too. What
    /// has no place is left out.
    pub fn file(&self, values: &[f64]) -> String {
        let texts: Vec<String> =
            values.iter().enumerate().map(|(input, value)| self.toml(input, *value)).collect();
        let mut places: Vec<(Span, String)> =
            self.places(&texts).into_iter().filter_map(|(_, place, text)| Some((place?, text))).collect();
        // From the back, so that the places in front stay; of one inside another the outer one, which is written last.
        places.sort_by_key(|(place, _)| (place.start, std::cmp::Reverse(place.end)));
        let mut text = self.source.clone();
        let mut front = usize::MAX;
        for (place, value) in places.into_iter().rev() {
            if place.end <= front {
                text.replace_range(place.start..place.end, &value);
                front = place.start;
            }
        }
        text
    }

    /// Path, place in the file and text of every value that the file is to have.
    fn places(&self, texts: &[String]) -> Vec<(String, Option<Span>, String)> {
        let (root, _) = crate::declare::file::parse_document(&self.source, 0);
        let place = |path: &str| axes::get(&root, path).map(|node| node.span);
        let is_range = |path: &str| self.ranges.iter().any(|range| range.input.path == path);
        let mut all: Vec<(String, Option<Span>, String)> = Vec::new();
        // The last setting of a path is the one that counts.
        for (path, value) in self.overrides.set.iter().filter(|(path, _)| !is_range(path)) {
            all.retain(|(known, ..)| known != path);
            all.push((path.clone(), place(path), text_of(value)));
        }
        for (range, text) in self.ranges.iter().zip(texts) {
            let own = Some(range.span).filter(|span| span.source == 0);
            all.push((range.input.path.clone(), own.or_else(|| place(&range.input.path)), text.clone()));
        }
        all
    }
}

/// A setting of the command line as TOML: what looks like none is a string.
fn text_of(value: &str) -> String {
    crate::declare::file::parse_value(value, 0, 0)
        .map_or_else(|_| value.to_owned(), |node: Node| axes::to_toml(&node))
}

fn written(range: &Range, value: f64) -> String {
    range.form.toml(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"question = "?"   # a comment
duration = "10s"
workload = { arrivals = { poisson = { rate = 100 } }, keys = 1000 }
[database]
read = { low = "2ms", high = "9ms" } # of the pool
servers = 4
[[tier]]
name = "l2"
scope = "shared"
ttl = "60s"
[[variant]]
name = "today"
[[variant]]
name = "longer"
set = { "tier.l2.ttl" = "5m" }
"#;

    fn space(set: &[(&str, &str)], unknown: &[(&str, &str)]) -> Result<Space, String> {
        let owned =
            |pairs: &[(&str, &str)]| pairs.iter().map(|(a, b)| (a.to_string(), b.to_string())).collect();
        let overrides = Overrides { set: owned(set), ..Overrides::default() };
        let unknown: Vec<(String, String)> = owned(unknown);
        Space::new(FILE, "a.toml", Path::new(""), &overrides, &unknown)
            .map_err(|problems| problems.to_string())
    }

    #[test]
    fn the_file_has_the_values_in_the_place_of_ranges_and_settings_and_is_else_the_same() {
        let mut space =
            space(&[("database.servers", "8")], &[("workload.keys", "{ low = 10, high = 5000 }")]).unwrap();
        let paths: Vec<&str> = space.base().inputs.iter().map(|input| input.path.as_str()).collect();
        assert_eq!(paths, ["workload.keys", "database.read"]);
        let expected = FILE
            .replace("keys = 1000", "keys = 1234")
            .replace("{ low = \"2ms\", high = \"9ms\" }", "\"4.321ms\"")
            .replace("servers = 4", "servers = 8");
        assert_eq!(space.file(&[1234.0, 0.004321]), expected);
        assert_eq!(space.without_place(), Vec::<String>::new());
        let model = space.model(&[1234.0, 0.004321]).unwrap();
        assert_eq!(serde_json::to_value(&model).unwrap()["database"]["servers"], 8);
    }

    #[test]
    fn what_the_file_does_not_have_has_no_place() {
        let space =
            space(&[("database.pool", "8")], &[("tier.l2.jitter", "{ low = \"1s\", high = \"9s\" }")]);
        // The jitter of a tier is no plain duration: the range is refused with its place.
        assert!(space.err().unwrap().contains("tier.l2.jitter"));
        let space = super::tests::space(&[("database.pool", "8")], &[]).unwrap();
        assert_eq!(space.without_place(), ["database.pool"]);
    }

    #[test]
    fn an_end_that_makes_no_scenario_is_refused_with_the_range() {
        let told = space(&[], &[("database.servers", "{ low = 0, high = 4 }")]).err().unwrap();
        assert!(told.contains("at the low end of the range of database.servers: 0"), "{told}");
    }
}
