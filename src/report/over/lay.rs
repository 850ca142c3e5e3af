//! The figures of one run with the lines of those of another.

use crate::record::Record;
use crate::report::axis::{Axis, Quantity, Spacing};
use crate::report::charts::spans_decades;
use crate::report::figure::{Figure, Mark, Panel, Series, Shape};
use crate::report::versus::Side;

/// A line by what it shows: the variant, and what else names it (`hits`, `p90`).
#[derive(Clone, Debug, PartialEq)]
struct Key {
    variant: String,
    panel: String,
    line: String,
}

/// A line of the second run, with the events of its panel.
struct Line<'f> {
    key: Key,
    series: &'f Series,
    marks: &'f [Mark],
}

/// `own` with the lines of `theirs`, figure by figure.
pub(super) fn laid(own: Vec<Figure>, theirs: Vec<Figure>, sides: [&Side<'_>; 2]) -> Vec<Figure> {
    let [run, other] = sides;
    let mut laid: Vec<Figure> = own
        .into_iter()
        .map(|figure| {
            let lines =
                theirs.iter().find(|their| their.name == figure.name).map(|their| lines(their, other.record));
            with_lines(figure, lines.as_deref().unwrap_or_default(), sides)
        })
        .collect();
    let mut behind = 0;
    for their in theirs {
        match laid.iter().position(|figure| figure.name == their.name) {
            Some(place) => behind = place + 1,
            None => {
                if let Some(figure) = alone(their, run.record, other) {
                    laid.insert(behind, figure);
                    behind += 1;
                }
            }
        }
    }
    laid
}

fn is_line(series: &Series) -> bool {
    matches!(series.shape, Shape::Line | Shape::Steps)
}

/// What a line shows; `None` where it is of no variant.
fn key(panel: &Panel, series: &Series, record: &Record) -> Option<Key> {
    let is_variant = |name: &str| record.variants.iter().any(|variant| variant.name == name);
    let (panel, line) = (panel.title.as_str(), series.name.as_str());
    let of = |variant: &str, panel: &str, line: &str| Key {
        variant: variant.to_owned(),
        panel: panel.to_owned(),
        line: line.to_owned(),
    };
    match record.variants.as_slice() {
        // A panel of its own has the name of the variant, as its line has.
        _ if is_variant(line) => Some(of(line, if is_variant(panel) { "" } else { panel }, "")),
        _ if is_variant(panel) => Some(of(panel, "", line)),
        [only] => Some(of(&only.name, "", line)),
        _ => None,
    }
}

fn lines<'f>(figure: &'f Figure, record: &Record) -> Vec<Line<'f>> {
    let of = |panel: &'f Panel| {
        let lines = panel.series.iter().filter(|series| is_line(series));
        lines
            .filter_map(|series| Some(Line { key: key(panel, series, record)?, series, marks: &panel.marks }))
    };
    figure.panels.iter().flat_map(of).collect::<Vec<_>>()
}

/// A figure with the lines of the second run, its axes as long as these need.
fn with_lines(mut figure: Figure, lines: &[Line<'_>], [run, other]: [&Side<'_>; 2]) -> Figure {
    if !figure.panels.iter().flat_map(|panel| &panel.series).any(is_line) {
        return figure;
    }
    for panel in &mut figure.panels {
        let mut marks: Vec<Mark> = Vec::new();
        for series in panel.series.iter().filter(|series| is_line(series)) {
            let Some(key) = key(panel, series, run.record) else { continue };
            let Some(line) = lines.iter().find(|line| line.key == key) else { continue };
            panel.backing.other.push(Series {
                name: series.name.clone(),
                style: series.style,
                shape: line.series.shape.clone(),
                points: line.series.points.clone(),
            });
            for mark in new_marks(&panel.marks, line.marks, other.label) {
                if !marks.contains(&mark) {
                    marks.push(mark);
                }
            }
        }
        panel.marks.extend(marks);
        panel.marks.sort_by(|a, b| a.from.total_cmp(&b.from));
    }
    let has_lines = figure.panels.iter().any(|panel| !panel.backing.other.is_empty());
    figure.message.push_str(&match has_lines {
        true => format!(" Solid: {}; pale and dashed: {}.", run.label, other.label),
        false => format!(" Nothing of the kind in {}.", other.label),
    });
    if has_lines {
        reach(&mut figure);
    }
    figure
}

/// The events of the second run that the first one does not have at that time.
fn new_marks(known: &[Mark], marks: &[Mark], label: &str) -> Vec<Mark> {
    const WARM_UP: &str = "warm-up";
    let is_new = |mark: &&Mark| {
        let is_known = known.iter().any(|known| (known.from, known.to) == (mark.from, mark.to));
        !mark.label.is_empty() && mark.label != WARM_UP && !is_known
    };
    let named = |mark: &Mark| Mark { label: format!("{} ({label})", mark.label), ..mark.clone() };
    marks.iter().filter(is_new).map(named).collect()
}

/// A figure that only the second run has, with the lines of the variants that both have.
fn alone(mut figure: Figure, run: &Record, other: &Side<'_>) -> Option<Figure> {
    let is_shared = |panel: &Panel, series: &Series| {
        let key = key(panel, series, other.record);
        key.is_some_and(|key| run.variants.iter().any(|variant| variant.name == key.variant))
    };
    for panel in &mut figure.panels {
        let series = std::mem::take(&mut panel.series);
        let lines: Vec<Series> =
            series.into_iter().filter(|series| is_line(series) && is_shared(panel, series)).collect();
        panel.backing.other = lines;
        panel.backing.bands.clear();
        panel.backing.references.clear();
        panel.backing.heat = None;
    }
    figure.panels.retain(|panel| !panel.backing.other.is_empty());
    figure.message = format!("Only in {}, pale and dashed.", other.label);
    (!figure.panels.is_empty()).then_some(figure)
}

/// Makes the axes of all panels long enough for the lines of both runs. Panels with one axis keep having one.
fn reach(figure: &mut Figure) {
    let values = |of: fn(&(f64, f64)) -> f64, like: &dyn Fn(&Panel) -> bool| -> [Vec<f64>; 2] {
        let panels = || figure.panels.iter().filter(|panel| like(panel));
        let all = |series: &Series| series.points.iter().map(of).collect::<Vec<_>>();
        [
            panels().flat_map(|panel| &panel.series).flat_map(all).collect(),
            panels().flat_map(|panel| &panel.backing.other).flat_map(all).collect(),
        ]
    };
    let same = |a: &Axis, b: &Axis| a.quantity == b.quantity && a.limits() == b.limits();
    let axes: Vec<[Axis; 2]> = figure
        .panels
        .iter()
        .map(|panel| {
            let across = values(|point| point.0, &|other| same(&other.x, &panel.x));
            let up = values(|point| point.1, &|other| same(&other.y, &panel.y));
            let is_timed = matches!(panel.x.quantity, Quantity::Time { .. });
            [reaching(&panel.x, &across, false), reaching(&panel.y, &up, is_timed)]
        })
        .collect();
    // The unit of an axis without a label is in the title.
    if let (Some(panel), Some([_, y])) = (figure.panels.first(), axes.first())
        && panel.y.label.is_empty()
        && let Some(title) = figure.title.strip_suffix(&unit_text(&panel.y))
    {
        figure.title = format!("{title}{}", unit_text(y));
    }
    for (panel, [x, y]) in figure.panels.iter_mut().zip(axes) {
        (panel.x, panel.y) = (x, y);
    }
}

/// An axis that has room for further values; `timed` ones may become logarithmic, as those of a single run.
fn reaching(axis: &Axis, [own, other]: &[Vec<f64>; 2], timed: bool) -> Axis {
    let (from, to) = axis.limits();
    let has_room = |value: &f64| {
        let placed = axis.place(*value);
        !value.is_finite() || (from - 1e-9..=to + 1e-9).contains(&placed)
    };
    if other.iter().all(has_room) {
        return axis.clone();
    }
    let finite = || own.iter().chain(other).copied().filter(|value| value.is_finite());
    let highest = finite().fold(f64::NEG_INFINITY, f64::max);
    let mut grown = match &axis.quantity {
        Quantity::Row => return axis.clone(),
        Quantity::Time { end_s } => Axis::time(highest.max(*end_s)),
        Quantity::Percentile => Axis::nines(highest),
        Quantity::Unit(unit) => {
            let is_log = axis.spacing == Spacing::Log && finite().all(|value| value > 0.0);
            // Levels and bands stay in sight.
            let ends = [from, to].map(|placed| match axis.spacing {
                Spacing::Log => libm::pow(10.0, placed),
                _ => placed,
            });
            match is_log || timed && spans_decades(unit, finite()) {
                true => Axis::log(&axis.name, unit, finite().chain(ends)),
                false => Axis::linear(&axis.name, unit, finite().chain(ends)),
            }
        }
    };
    if axis.label.is_empty() {
        grown.label.clear();
    }
    grown
}

/// ` (kB)`: what the label of an axis adds to its name.
fn unit_text(axis: &Axis) -> String {
    let Quantity::Unit(unit) = &axis.quantity else { return String::new() };
    if axis.spacing == Spacing::Log {
        return String::new();
    }
    let (from, to) = axis.limits();
    let label = Axis::linear(&axis.name, unit, [from, to].into_iter()).label;
    label.strip_prefix(&axis.name).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::comparison::compare;
    use crate::record::SeriesRecord;
    use crate::record::fixture::stampede;
    use crate::report::over::figures;

    fn over(run: &Record, other: &Record) -> Vec<Figure> {
        let [run, other] = [("new", run), ("old", other)].map(|(label, record)| Side { label, record });
        figures(&run, &compare(run.record), &other)
    }

    fn named<'f>(figures: &'f [Figure], name: &str) -> &'f Figure {
        figures.iter().find(|figure| figure.name == name).unwrap()
    }

    /// The load of the baseline in a record: one value for each second.
    fn with_load(mut record: Record, values: &[f64]) -> Record {
        record.scenario.duration_s = values.len() as f64;
        record.variants.iter_mut().for_each(|variant| variant.windows.series.clear());
        record.variants[0].windows.series = vec![SeriesRecord {
            name: "db.qps.first".to_owned(),
            unit: "1/s".to_owned(),
            values: values.iter().copied().map(Some).collect(),
        }];
        record
    }

    #[test]
    fn the_variant_of_the_same_name_is_laid_over_and_the_axes_grow() {
        let run = with_load(stampede(2), &[100.0, 120.0]);
        // Twice as long, three times as high; and of a variant that the run does not have.
        let mut other = with_load(stampede(3), &[300.0, 310.0, 320.0, 330.0]);
        other.variants.remove(1);
        let all = over(&run, &other);
        let load = named(&all, "database-load");
        let panel = &load.panels[0];
        let laid: Vec<(&str, usize)> =
            panel.backing.other.iter().map(|series| (series.name.as_str(), series.style)).collect();
        assert_eq!(laid, [("ttl only", 0)], "singleflight has no counterpart");
        let steps = [(0.0, 300.0), (1.0, 310.0), (2.0, 320.0), (3.0, 330.0), (4.0, 330.0)];
        assert_eq!(panel.backing.other[0].points, steps);
        assert_eq!(panel.series[0].points, [(0.0, 100.0), (1.0, 120.0), (2.0, 120.0)]);
        assert_eq!((panel.x.limits(), panel.y.limits()), ((0.0, 4.0), (0.0, 400.0)));
        assert!(load.message.ends_with("Solid: new; pale and dashed: old."), "{}", load.message);
    }

    #[test]
    fn variants_in_panels_of_their_own_are_found_wherever_the_other_run_draws_them() {
        // Of five variants each has a panel; of two both are in one.
        let (many, few) = (stampede(5), stampede(2));
        let laid = |figures: &[Figure], name: &str| -> Vec<(String, usize)> {
            let panels = &named(figures, name).panels;
            panels.iter().map(|panel| (panel.title.clone(), panel.backing.other.len())).collect()
        };
        let counts: Vec<usize> = laid(&over(&many, &few), "database-load").iter().map(|one| one.1).collect();
        assert_eq!(counts, [1, 1, 0, 0, 0]);
        assert_eq!(laid(&over(&few, &many), "database-load"), [(String::new(), 2)]);
        // Percentiles by class, and several lines of a variant.
        let classes = laid(&over(&few, &many), "hits-and-misses");
        assert!(classes.iter().all(|(_, lines)| *lines == 2), "{classes:?}");
        let ttls = laid(&over(&stampede(1), &few), "remaining-ttl-l2");
        assert_eq!(ttls, [(String::new(), 3)]);
    }

    #[test]
    fn a_chart_of_one_run_only_is_named_as_such() {
        let mut run = stampede(2);
        for variant in &mut run.variants {
            variant.windows.series.retain(|series| series.name != "cdc.backlog");
        }
        let all = over(&run, &stampede(2));
        let backlog = named(&all, "change-backlog");
        assert_eq!(backlog.message, "Only in old, pale and dashed.");
        assert!(
            backlog.panels.iter().all(|panel| panel.series.is_empty() && !panel.backing.other.is_empty())
        );
        let all = over(&stampede(2), &run);
        let backlog = named(&all, "change-backlog");
        assert!(backlog.message.ends_with("Nothing of the kind in old."), "{}", backlog.message);
        // Rows of intervals are no lines.
        assert!(named(&all, "headline").panels[0].backing.other.is_empty());
    }

    #[test]
    fn an_event_of_the_other_run_alone_is_marked_with_its_name() {
        let (run, mut other) = (stampede(1), stampede(1));
        other.variants[0].events[0].at_s += 7.0;
        other.variants[0].events[0].end_s += 7.0;
        let all = over(&run, &other);
        let labels: Vec<&str> =
            named(&all, "hit-ratio").panels[0].marks.iter().map(|mark| mark.label.as_str()).collect();
        assert_eq!(labels, ["warm-up", "cache-flush", "cache-flush (old)", "slow-database"]);
    }

    #[test]
    fn an_axis_grows_in_its_own_spacing_unless_a_zero_forbids_it() {
        let log = Axis::log("load", "1/s", [10.0, 100.0].into_iter());
        let grown = |axis: &Axis, own: [f64; 2], other: f64, timed| {
            let axis = reaching(axis, &[own.to_vec(), vec![other]], timed);
            (axis.spacing, axis.place(other).is_finite())
        };
        assert_eq!(grown(&log, [10.0, 100.0], 5_000.0, true), (Spacing::Log, true));
        assert_eq!(grown(&log, [10.0, 100.0], 0.0, true), (Spacing::Linear, true));
        let linear = Axis::linear("load", "1/s", [10.0, 20.0].into_iter());
        assert_eq!(grown(&linear, [10.0, 20.0], 50.0, true), (Spacing::Linear, true));
        assert_eq!(grown(&linear, [10.0, 20.0], 5_000.0, true), (Spacing::Log, true));
        assert_eq!(grown(&linear, [10.0, 20.0], 5_000.0, false), (Spacing::Linear, true));
        assert_eq!(reaching(&log, &[vec![10.0], vec![50.0, f64::NAN]], true).limits(), log.limits());
    }
}
