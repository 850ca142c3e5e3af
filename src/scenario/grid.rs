//! One scenario in many settings: the cells of `herdlab sweep` and `herdlab recommend`.
//!
//! A cell is the file with one value of each axis set, as `--set` would. All cells are checked before anything runs.

use std::path::Path;

use super::check::{self, Expanded, expand};
use super::digest::{fingerprint, together};
use super::lint::Warnings;
use super::pin::pins;
use super::{Diagnostics, Overrides, Prepared, axes, prepare, range, uncertain};
use crate::declare::diagnostic::{Diagnostic, Source, Span};
use crate::declare::fields::Context;
use crate::declare::file::{Entry, Node, Value};
use crate::model::{Axis, AxisValue, Experiment, Model, Variant};
use crate::units::grouped;

/// Most cells of one grid.
pub const MAX_CELLS: usize = 10_000;

/// A scenario and all its settings.
#[derive(Clone, Debug)]
pub struct Grid {
    /// The file without the axes; its variants are those of every cell.
    pub base: Experiment,
    pub axes: Vec<Axis>,
    /// `path=values` from the command line; empty where the file has the axes.
    pub options: Vec<String>,
    /// The last axis changes fastest.
    pub cells: Vec<Cell>,
    /// Of each axis the value that the file has without the axes; `None` where it leaves the path out.
    pub today: Vec<Option<AxisValue>>,
    /// By variant and axis: the value that the variant sets itself.
    pins: Vec<Vec<Option<AxisValue>>>,
}

/// One setting.
#[derive(Clone, Debug)]
pub struct Cell {
    /// Index of the value of each axis.
    pub at: Vec<usize>,
    pub variants: Vec<Variant>,
    /// Meaning and random numbers of each variant: equal ones are the same simulations.
    pub fingerprints: Vec<String>,
    /// By variant: its system in each world, one for each replication; empty without ranges.
    pub worlds: Vec<Vec<Model>>,
}

impl Grid {
    /// `tier.l2.ttl = 5m, database.pool = 8`.
    pub fn label(&self, at: &[usize]) -> String {
        let settings = self.axes.iter().zip(at);
        let settings = settings.map(|(axis, &index)| format!("{} = {}", axis.path, axis.values[index].label));
        settings.collect::<Vec<_>>().join(", ")
    }

    /// The value that a variant sets itself, so that this axis does not vary it.
    pub fn pin(&self, variant: usize, axis: usize) -> Option<&AxisValue> {
        self.pins[variant][axis].as_ref()
    }

    /// Whether a variant sets any of the axes itself.
    pub fn is_pinned(&self, variant: usize) -> bool {
        self.pins[variant].iter().any(Option::is_some)
    }

    /// Whether a variant is shown for a cell: once for each setting of the axes that it follows, so one that is pinned
    /// stands in the first of the cells that are the same to it.
    pub fn stands(&self, cell: usize, variant: usize) -> bool {
        let at = self.cells[cell].at.iter().enumerate();
        at.into_iter().all(|(axis, &value)| value == 0 || self.pin(variant, axis).is_none())
    }

    /// The settings of a variant in a cell: `tier.l2.ttl pinned at 60s, database.pool = 8`.
    pub fn place(&self, at: &[usize], variant: usize) -> String {
        let settings = self.axes.iter().zip(at).enumerate();
        let settings = settings.map(|(index, (axis, &value))| match self.pin(variant, index) {
            Some(own) => format!("{} pinned at {}", axis.path, own.label),
            None => format!("{} = {}", axis.path, axis.values[value].label),
        });
        settings.collect::<Vec<_>>().join(", ")
    }

    /// Shows other measures than those of the file.
    ///
    /// # Errors
    /// A measure that no variant has.
    pub fn show(
        &mut self,
        measures: &[String],
        pareto: Option<&(String, String)>,
    ) -> Result<(), Diagnostics> {
        let known = check::known_measures(self.base.variants.iter().map(|variant| &variant.model));
        for name in measures.iter().chain(pareto.iter().flat_map(|(x, y)| [x, y])) {
            if let Err((label, help)) = check::measure(name, &known) {
                let title = format!("unknown measure \"{name}\": {label}");
                return Err(Diagnostics::general(title, vec![help]));
            }
        }
        let sweep = self.base.sweep.get_or_insert_default();
        if !measures.is_empty() {
            sweep.measures = measures.to_vec();
        }
        if let Some(pareto) = pareto {
            sweep.pareto = Some(pareto.clone());
        }
        Ok(())
    }
}

/// Which table of the scenario names the axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// `[sweep]`, its `axes`.
    Sweep,
    /// `[recommend]`, its `knobs`.
    Recommend,
    /// No table: the command line alone has knobs, which stand in the place of the axes of `[sweep]`.
    Headroom,
}

impl Which {
    fn names(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Which::Sweep => ("sweep", "axes", "--sweep"),
            Which::Recommend => ("recommend", "knobs", "--knob"),
            Which::Headroom => ("sweep", "axes", "--knob"),
        }
    }
}

/// Reads a scenario and makes its grid. `given` are (path, values) from the command line; where there are any, those of
/// the file are not used.
///
/// # Errors
/// All problems of the file, of the axes, and of every cell, which is named.
pub fn grid(
    source: &str,
    source_path: &str,
    base_dir: &Path,
    overrides: &Overrides,
    which: Which,
    given: &[(String, String)],
) -> Result<(Grid, Warnings), Diagnostics> {
    let mut prepared = prepare(source, source_path, base_dir, overrides, None)?;
    install(&mut prepared, which, given);
    let Some(base) = prepared.check(None, source_path, overrides) else { return Err(prepared.problems()) };
    let findings = std::mem::take(&mut prepared.kept.warnings);
    let Some(expanded) = expanded(&mut prepared, which) else { return Err(prepared.problems()) };
    let axes: Vec<Axis> = expanded.iter().map(|(path, _, values)| range::axis(path, values)).collect();
    let count = axes.iter().try_fold(1usize, |count, axis| count.checked_mul(axis.values.len()));
    if count.is_none_or(|count| count > MAX_CELLS) {
        return Err(too_many(&axes, count));
    }
    // Of a search, replication i is simulated in world i.
    let drawn = match which {
        Which::Recommend => uncertain::draw(&prepared.ranges, base.seed, base.replications),
        Which::Sweep | Which::Headroom => Vec::new(),
    };
    if count.is_some_and(|count| count * drawn.len().max(1) > MAX_CELLS) {
        return Err(too_many_worlds(count.unwrap_or(0), drawn.len()));
    }
    let cells = cells(&mut prepared, overrides, source_path, &axes, &expanded, &drawn);
    if !prepared.cx.diagnostics.is_empty() {
        return Err(prepared.problems());
    }
    report_inert(&mut prepared.cx, &cells, &expanded);
    if !prepared.cx.diagnostics.is_empty() {
        return Err(prepared.problems());
    }
    let value = |axis: &Axis| axes::get(&prepared.root, &axis.path).map(range::axis_value);
    let today = axes.iter().map(value).collect();
    let inputs = prepared.ranges.into_iter().map(|range| range.input).collect();
    let warnings = Warnings::new(prepared.sources, findings);
    let base = super::completed(Experiment { inputs, ..base }, source, overrides, &warnings);
    let options = given.iter().map(|(path, values)| format!("{path}={values}")).collect();
    let pins = pins(&base.variants, &axes);
    Ok((Grid { base, axes, options, cells, today, pins }, warnings))
}

/// Puts the axes of the command line in the place of the file's.
fn install(prepared: &mut Prepared, which: Which, given: &[(String, String)]) {
    let (table, field, option) = which.names();
    let mut entries: Vec<Entry> = Vec::new();
    for (path, text) in given {
        let id = prepared.sources.len();
        prepared.sources.push(Source { name: option.to_owned(), text: format!("{path}={text}") });
        let key_span = Span { source: id, start: 0, end: path.len() };
        if entries.iter().any(|known| known.key == *path) {
            prepared.cx.report(Diagnostic::new(format!("{option}: `{path}` is there twice"), key_span, ""));
        }
        match range::of_option(text, id, path.len() + 1) {
            Ok(value) => entries.push(Entry { key: path.clone(), key_span, value }),
            Err(diagnostic) => prepared.cx.report(diagnostic),
        }
    }
    if let Some(span) = entries.first().map(|entry| entry.key_span) {
        let axes = Node { value: Value::Table(entries), span };
        if let Err(diagnostic) = axes::set(&mut prepared.root, &format!("{table}.{field}"), span, axes) {
            prepared.cx.report(diagnostic);
        }
    }
}

/// The axes with their values.
fn expanded(prepared: &mut Prepared, which: Which) -> Option<Vec<Expanded>> {
    let (table, field, option) = which.names();
    let Some(node) = prepared.root.get(table).and_then(|node| node.get(field)).cloned() else {
        let title =
            format!("nothing is varied: the scenario has no [{table}.{field}], and no {option} is given");
        let help = vec![
            format!("for example {option} tier.l2.ttl=10s,60s or {option} database.pool=2..20:step2"),
            format!("or in the file, below [{table}.{field}]: \"tier.l2.ttl\" = \"10s..300s:log 5\""),
        ];
        prepared.cx.report(Diagnostic { title, labels: Vec::new(), help });
        return None;
    };
    expand(&mut prepared.cx, &node)
}

fn too_many_worlds(cells: usize, worlds: usize) -> Diagnostics {
    let title = format!(
        "{} cells in {} worlds; at most {} systems can be run",
        grouped(cells),
        grouped(worlds),
        grouped(MAX_CELLS)
    );
    Diagnostics::general(
        title,
        vec!["fewer values per axis, or fewer --replications: one for each world".to_owned()],
    )
}

fn too_many(axes: &[Axis], count: Option<usize>) -> Diagnostics {
    let factors: Vec<String> = axes.iter().map(|axis| axis.values.len().to_string()).collect();
    let count = count.map_or_else(|| "too many".to_owned(), grouped);
    let title = format!("{count} cells ({}); at most {} can be run", factors.join(" x "), grouped(MAX_CELLS));
    Diagnostics::general(title, vec!["fewer values per axis, or fewer axes".to_owned()])
}

/// Checks every cell. A problem that several cells have is reported once, with the first of them.
fn cells(
    prepared: &mut Prepared,
    overrides: &Overrides,
    source_path: &str,
    axes: &[Axis],
    expanded: &[Expanded],
    drawn: &[Vec<f64>],
) -> Vec<Cell> {
    let ranges = prepared.ranges.clone();
    let count: usize = axes.iter().map(|axis| axis.values.len()).product();
    let mut cells = Vec::with_capacity(count);
    let mut problems: Vec<(Diagnostic, Vec<usize>)> = Vec::new();
    for index in 0..count {
        let at = place(index, axes);
        let mut set = Vec::with_capacity(axes.len());
        let mut cell = |root: &Node| {
            let mut tree = root.clone();
            for ((path, span, values), &value) in expanded.iter().zip(&at) {
                if let Err(diagnostic) = axes::set(&mut tree, path, *span, values[value].clone()) {
                    set.push(diagnostic);
                }
            }
            tree
        };
        // A knob goes over a range in its place.
        let in_world = |values: &Vec<f64>| {
            let mut root = prepared.root.clone();
            ranges.iter().zip(values).for_each(|(range, value)| range.put(&mut root, *value));
            root
        };
        let tree = cell(&prepared.root);
        let trees: Vec<Node> = drawn.iter().map(|values| cell(&in_world(values))).collect();
        if set.is_empty()
            && let Some(experiment) = prepared.check(Some(&tree), source_path, overrides)
        {
            let mut worlds = vec![Vec::with_capacity(trees.len()); experiment.variants.len()];
            for tree in &trees {
                let Some(world) = prepared.check(Some(tree), source_path, overrides) else { break };
                for (models, variant) in worlds.iter_mut().zip(world.variants) {
                    models.push(variant.model);
                }
            }
            let of = |(variant, worlds): (&Variant, &Vec<Model>)| {
                let own = fingerprint(&variant.model, experiment.seed);
                match worlds.as_slice() {
                    [] => own,
                    models => {
                        let all = models.iter().map(|model| fingerprint(model, experiment.seed));
                        together(&std::iter::once(own).chain(all).collect::<Vec<_>>())
                    }
                }
            };
            let fingerprints = experiment.variants.iter().zip(&worlds).map(of).collect();
            cells.push(Cell { at, variants: experiment.variants, fingerprints, worlds });
        }
        let cx = &mut prepared.cx;
        for diagnostic in cx.diagnostics.drain(..).chain(set) {
            match problems.iter_mut().find(|(known, _)| *known == diagnostic) {
                Some((_, having)) => having.push(index),
                None => problems.push((diagnostic, vec![index])),
            }
        }
        prepared.kept.warnings.clear();
    }
    for (mut diagnostic, having) in problems {
        let first = place(having[0], axes);
        let settings = axes.iter().zip(first);
        let label: Vec<String> =
            settings.map(|(axis, value)| format!("{} = {}", axis.path, axis.values[value].label)).collect();
        let label = label.join(", ");
        let where_found = match having.len() {
            1 => format!("in the cell {label}"),
            all if all == count => format!("in all {} cells", grouped(count)),
            some => format!("in {} of {} cells, the first is {label}", grouped(some), grouped(count)),
        };
        diagnostic.help.push(where_found);
        prepared.cx.report(diagnostic);
    }
    cells
}

/// The index of each axis's value in a cell.
fn place(mut index: usize, axes: &[Axis]) -> Vec<usize> {
    let mut at = vec![0; axes.len()];
    for (slot, axis) in at.iter_mut().zip(axes).rev() {
        *slot = index % axis.values.len();
        index /= axis.values.len();
    }
    at
}

/// Reports axes that change nothing in any variant.
fn report_inert(cx: &mut Context, cells: &[Cell], expanded: &[Expanded]) {
    for (axis, (path, span, values)) in expanded.iter().enumerate() {
        // Cells that differ in this axis alone lie so far apart.
        let stride: usize = expanded[axis + 1..].iter().map(|(_, _, values)| values.len()).product();
        let matters = (0..cells.len())
            .filter(|index| cells[*index].at[axis] + 1 < values.len())
            .any(|index| cells[index].fingerprints != cells[index + stride].fingerprints);
        if !matters && values.len() > 1 {
            let title = format!("`{path}` changes nothing");
            let label = "all values give the same simulations";
            let help =
                "a value that every variant sets for itself, or that is switched off, cannot be varied here";
            cx.report(Diagnostic::new(title, *span, label).help(help));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = r#"
        question = "?"
        duration = "10s"
        workload = { arrivals = { poisson = { rate = 100 } }, keys = 1000 }
        database = { read = "5ms" }
        [[tier]]
        name = "l2"
        scope = "shared"
        ttl = "60s"
        [sweep.axes]
        "tier.l2.ttl" = ["5s", "10s", "20s"]
        "database.servers" = "1..3:step 2"
        [[variant]]
        name = "cache"
        [[variant]]
        name = "no cache"
        set = { "tier.l2.enabled" = false }
    "#;

    fn of(source: &str, given: &[(&str, &str)]) -> Result<Grid, String> {
        let given: Vec<_> = given.iter().map(|(path, text)| (path.to_string(), text.to_string())).collect();
        let made = grid(source, "small.toml", Path::new(""), &Overrides::default(), Which::Sweep, &given);
        made.map(|(grid, _)| grid).map_err(|problems| problems.to_string())
    }

    #[test]
    fn the_last_axis_changes_fastest_and_equal_variants_are_known_as_such() {
        let grid = of(SMALL, &[]).unwrap();
        assert_eq!(grid.cells.len(), 6);
        assert_eq!(grid.label(&grid.cells[1].at), "tier.l2.ttl = 5s, database.servers = 3");
        assert_eq!(grid.label(&grid.cells[2].at), "tier.l2.ttl = 10s, database.servers = 1");
        let [first, third] = [0, 2].map(|index| &grid.cells[index].fingerprints);
        assert!(first[0] != third[0] && first[1] == third[1], "without a cache its ttl means nothing");
    }

    #[test]
    fn the_command_line_replaces_the_axes_of_the_file() {
        let grid = of(SMALL, &[("workload.keys", "10,20")]).unwrap();
        assert_eq!(grid.axes.iter().map(|axis| axis.path.as_str()).collect::<Vec<_>>(), ["workload.keys"]);
    }

    #[test]
    fn wrong_paths_and_values_are_told_with_their_cells() {
        let told = |given: &[(&str, &str)]| of(SMALL, given).unwrap_err();
        let path = told(&[("tier.l3.ttl", "5s,10s")]);
        assert!(path.contains("no [[tier]] is called \"l3\"") && path.contains("in all 2 cells"), "{path}");
        let value = told(&[("tier.l2.ttl", "5s,oops,7s"), ("workload.keys", "10,20")]);
        assert!(
            value.contains("in 2 of 6 cells, the first is tier.l2.ttl = oops, workload.keys = 10"),
            "{value}"
        );
        assert!(told(&[("seed", "1,2")]).contains("`seed` cannot be varied"));
        let many = told(&[("workload.keys", "1..1000:step 1"), ("database.servers", "1..100:step 1")]);
        assert!(many.contains("100,000 cells (1000 x 100); at most 10,000 can be run"), "{many}");
        assert!(told(&[("tier.l2.ttl", "5s,5s")]).contains("twice"));
        let none =
            of(&SMALL.replace("[sweep.axes]", "[allow]").replace("[allow]", "[sweep]\n[sweep.x]"), &[]);
        assert!(none.unwrap_err().contains("unknown field `x`"));
    }

    #[test]
    fn an_axis_that_changes_nothing_is_refused() {
        let both = SMALL.replace("\"tier.l2.enabled\" = false", "\"tier.l2.ttl\" = \"7s\"");
        let told = of(
            &both.replace("name = \"cache\"", "name = \"cache\"\nset = { \"tier.l2.ttl\" = \"9s\" }"),
            &[],
        );
        assert!(told.unwrap_err().contains("`tier.l2.ttl` changes nothing"));
    }
}
