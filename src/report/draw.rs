//! Draws a figure as SVG: layout in pixels, data through plotters' coordinates, nothing over the data.

use std::fmt::Display;

use plotters::coord::cartesian::{Cartesian2d, MeshLine};
use plotters::coord::ranged1d::{KeyPointHint, KeyPointWeight};
use plotters::prelude::{DrawingArea, PathElement, RGBColor, Rectangle, ShapeStyle};

use super::ReportError;
use super::axis::{Axis, Spacing};
use super::backing::{draw_bands, draw_heat, draw_reference_labels, draw_references};
use super::canvas::{Anchor, Canvas, FINE, Failure, Lettering, shortened, text_width};
use super::clip::{Window, clipped, straightened, thinned};
use super::coarse::Coarseness;
use super::drawing::{
    Drawing, EDGE, Entry, FRAME, GRID, Heading, LEGEND, SMALL, TEXT, bold, fine, head_height, inner_width,
    legend_rows, muted, plain,
};
use super::figure::{Figure, Mark, Panel, Series, Shape};
use super::labels::with_room;
use super::style::{OTHER_DASH, draw_marker, pale, stroke, style};

const MARK_LINE: f64 = 14.0;
/// More lines of labels than this would push the plot off the page; further labels are left out.
pub const MARK_LINES_MAX: usize = 3;
/// How thick a bar is.
const BAR: f64 = 10.0;
/// Places of markers along a line.
pub const MARKERS: usize = 6;
/// So many styles have their markers at different places.
pub const MARKER_SHIFTS: usize = 8;
/// Half the height of a bar, of a row.
const BAR_HALF: f64 = 0.36;
const SPAN: RGBColor = RGBColor(0xf1, 0xf1, 0xf1);
const BACKDROP: RGBColor = RGBColor(0xa6, 0xa6, 0xa6);

type Plot = DrawingArea<Canvas, Cartesian2d<Axis, Axis>>;

/// The figure as one SVG document.
///
/// # Errors
/// plotters refused to draw.
pub fn to_svg(figure: &Figure, heading: Heading) -> Result<String, ReportError> {
    drawn(figure, heading, Coarseness::FINE)
}

/// The figure as one SVG document among others of a page.
///
/// # Errors
/// plotters refused to draw.
pub(super) fn drawn(
    figure: &Figure,
    heading: Heading,
    coarseness: Coarseness,
) -> Result<String, ReportError> {
    let failed = |problem: &dyn Display| ReportError::Make {
        what: format!("the chart {}", figure.name),
        problem: problem.to_string(),
    };
    let legend = if figure.legend { legend(figure) } else { Vec::new() };
    let head = head_height(&figure.message, heading) + legend.len() as f64 * LEGEND;
    let columns = figure.columns.clamp(1, figure.panels.len().max(1));
    let panel_width = (inner_width() - (columns - 1) as f64 * 16.0) / columns as f64;
    let boxes: Vec<PanelBox> = figure.panels.iter().map(|panel| PanelBox::new(panel, panel_width)).collect();
    let row_heights: Vec<f64> =
        boxes.chunks(columns).map(|row| row.iter().map(PanelBox::height).fold(0.0, f64::max)).collect();
    let height = head + row_heights.iter().sum::<f64>() + EDGE;

    let drawing = Drawing::new(height, &figure.title, &figure.message, heading);
    let gap = if heading == Heading::Inside { 11.0 } else { 8.0 };
    let laid = figure.panels.iter().any(|panel| !panel.backing.other.is_empty());
    for (row, entries) in legend.iter().enumerate() {
        let y = head - gap - (legend.len() - 1 - row) as f64 * LEGEND;
        for (x, series) in entries {
            legend_entry(&drawing, EDGE + x, y, series, laid).map_err(|error| failed(&error))?;
        }
    }
    let mut top = head;
    for (row, (panels, boxes)) in figure.panels.chunks(columns).zip(boxes.chunks(columns)).enumerate() {
        for (column, (panel, layout)) in panels.iter().zip(boxes).enumerate() {
            let left = EDGE + column as f64 * (panel_width + 16.0);
            draw_panel(&drawing, panel, layout, (left, top), coarseness).map_err(|error| failed(&error))?;
        }
        top += row_heights[row];
    }
    Ok(drawing.finish())
}

/// Room around a plot area, in pixels.
struct PanelBox {
    title: f64,
    marks: Vec<PlacedMark>,
    left: f64,
    right: f64,
    plot_width: f64,
    plot_height: f64,
    bottom: f64,
}

/// A mark's label: line, x position relative to the plot, and alignment.
struct PlacedMark {
    line: Option<usize>,
    x: f64,
    anchor: Anchor,
}

impl PanelBox {
    fn new(panel: &Panel, width: f64) -> PanelBox {
        let widest =
            |axis: &Axis, size| axis.ticks.iter().map(|(_, text)| text_width(text, size)).fold(0.0, f64::max);
        let label_of = |series: &Series| match &series.shape {
            Shape::Interval { label } | Shape::Bar { label } => text_width(label, SMALL) + 8.0,
            Shape::Stack { labels } => {
                labels.iter().map(|label| text_width(label, SMALL) + 8.0).fold(0.0, f64::max)
            }
            _ => 0.0,
        };
        let labels = panel.series.iter().map(label_of).fold(0.0, f64::max);
        let axis_title = if panel.y.label.is_empty() { 0.0 } else { TEXT + 6.0 };
        let left = (widest(&panel.y, SMALL) + 8.0).min(width * 0.35) + axis_title;
        let last_tick = panel.x.ticks.last().map_or(0.0, |(_, text)| text_width(text, SMALL) / 2.0);
        let right = labels.max(last_tick).max(6.0);
        let plot_width = (width - left - right).max(40.0);
        PanelBox {
            title: if panel.title.is_empty() { 4.0 } else { TEXT + 10.0 },
            marks: place_marks(panel, plot_width),
            left,
            right,
            plot_width,
            plot_height: f64::from(panel.height),
            bottom: SMALL + 10.0 + if panel.x.label.is_empty() { 0.0 } else { TEXT + 6.0 } + 10.0,
        }
    }
    fn marks_height(&self) -> f64 {
        let lines = self.marks.iter().filter_map(|mark| mark.line).max().map_or(0, |line| line + 1);
        lines as f64 * MARK_LINE
    }
    fn height(&self) -> f64 {
        self.title + self.marks_height() + self.plot_height + self.bottom
    }
}

fn share_of(axis: &Axis, value: f64) -> f64 {
    let (start, end) = axis.limits();
    (axis.place(value) - start) / (end - start)
}

/// Puts each label into the first line above the plot where it covers no other.
fn place_marks(panel: &Panel, plot_width: f64) -> Vec<PlacedMark> {
    let mut ends: Vec<f64> = Vec::new();
    panel
        .marks
        .iter()
        .map(|mark| {
            if mark.label.is_empty() {
                return PlacedMark { line: None, x: 0.0, anchor: Anchor::Start };
            }
            let at = share_of(&panel.x, mark.from) * plot_width;
            let width = text_width(&mark.label, SMALL);
            let anchor = if at + width > plot_width { Anchor::End } else { Anchor::Start };
            let start = if anchor == Anchor::End { at - width } else { at };
            let line = (0..MARK_LINES_MAX).find(|line| ends.get(*line).is_none_or(|end| start > end + 8.0));
            if let Some(line) = line {
                ends.resize(ends.len().max(line + 1), f64::NEG_INFINITY);
                ends[line] = start + width;
            }
            PlacedMark { line, x: at, anchor }
        })
        .collect()
}

fn draw_panel(
    drawing: &Drawing,
    panel: &Panel,
    layout: &PanelBox,
    (left, top): (f64, f64),
    coarseness: Coarseness,
) -> Result<(), Failure> {
    let plot_left = left + layout.left;
    let plot_top = top + layout.title + layout.marks_height();
    let (plot_right, plot_bottom) = (plot_left + layout.plot_width, plot_top + layout.plot_height);
    if !panel.title.is_empty() {
        let title = shortened(&panel.title, TEXT * 1.1, layout.plot_width + layout.right);
        drawing.text(plot_left, top + TEXT, &title, bold(TEXT));
    }
    let (left_top, right_bottom) = (fine((plot_left, plot_top)), fine((plot_right, plot_bottom)));
    let coordinates = Cartesian2d::new(
        panel.x.clone(),
        panel.y.clone(),
        (left_top.0..right_bottom.0, right_bottom.1..left_top.1),
    );
    let plot: Plot = drawing.root.clone().apply_coord_spec(coordinates);

    draw_mark_spans(drawing, &plot, panel)?;
    draw_heat(drawing, panel, (plot_left, plot_top), (layout.plot_width, layout.plot_height));
    draw_bands(drawing, &plot, panel, (layout.plot_width, coarseness))?;
    draw_grid(drawing, &plot, panel, plot_left, plot_bottom)?;
    draw_mark_lines(drawing, &plot, panel)?;
    draw_references(drawing, &plot, panel)?;
    if !panel.y.label.is_empty() {
        let lettering = Lettering { upright: true, ..plain(SMALL, Anchor::Middle) };
        let middle = plot_top + layout.plot_height / 2.0;
        drawing.text(left + TEXT - 2.0, middle, &panel.y.label, lettering);
    }
    if !panel.x.label.is_empty() {
        let middle = plot_left + layout.plot_width / 2.0;
        drawing.text(middle, plot_bottom + SMALL + 24.0, &panel.x.label, plain(SMALL, Anchor::Middle));
    }
    for (mark, placed) in panel.marks.iter().zip(&layout.marks) {
        if let Some(line) = placed.line {
            let y = plot_top - 4.0 - line as f64 * MARK_LINE;
            drawing.text(plot_left + placed.x, y, &mark.label, muted(SMALL, placed.anchor));
        }
    }
    for series in &panel.backing.other {
        draw_other(drawing, &plot, panel, series, (layout.plot_width, coarseness))?;
    }
    for series in &panel.series {
        let labels: Vec<(&String, f64)> = match (&series.shape, series.points.first()) {
            (Shape::Interval { label } | Shape::Bar { label }, Some((_, row))) => vec![(label, *row)],
            (Shape::Stack { labels }, _) => {
                labels.iter().zip(series.points.iter().step_by(2).map(|(_, row)| *row)).collect()
            }
            _ => Vec::new(),
        };
        match series.shape {
            Shape::Stack { .. } => draw_bars(drawing, &plot, panel, series)?,
            _ => draw_series(drawing, &plot, panel, series, (layout.plot_width, coarseness))?,
        }
        for (label, row) in labels {
            let y = plot_bottom - share_of(&panel.y, row) * layout.plot_height + SMALL * 0.36;
            drawing.text(plot_right + layout.right, y, label, plain(SMALL, Anchor::End));
        }
    }
    let size = (layout.plot_width, layout.plot_height);
    draw_reference_labels(drawing, panel, (plot_left, plot_top), size);
    Ok(())
}

/// Shaded spans while something lasts.
fn draw_mark_spans(drawing: &Drawing, plot: &Plot, panel: &Panel) -> Result<(), Failure> {
    let (low, high) = panel.y.limits();
    let (first, last) = panel.x.limits();
    drawing.pen("span", "");
    for Mark { from, to, .. } in &panel.marks {
        let (from, to) = (panel.x.place(*from), panel.x.place(*to));
        if to > from && to > first && from < last {
            let style = ShapeStyle::from(&SPAN).filled();
            plot.draw(&Rectangle::new([(from.max(first), high), (to.min(last), low)], style))?;
        }
    }
    Ok(())
}

/// Dashed lines where something happens, over the grid.
fn draw_mark_lines(drawing: &Drawing, plot: &Plot, panel: &Panel) -> Result<(), Failure> {
    let (low, high) = panel.y.limits();
    let (first, last) = panel.x.limits();
    drawing.pen("mark", "4 3");
    for mark in &panel.marks {
        let from = panel.x.place(mark.from);
        if from > first && from <= last {
            plot.draw(&PathElement::new(vec![(from, low), (from, high)], stroke(FRAME, 1.2)))?;
        }
    }
    Ok(())
}

fn draw_grid(drawing: &Drawing, plot: &Plot, panel: &Panel, left: f64, bottom: f64) -> Result<(), Failure> {
    // The mesh only walks over ticks; each axis decides itself how many it has.
    let mut vertical = Vec::new();
    let mut horizontal = Vec::new();
    plot.draw_mesh(
        |_, line| {
            match line {
                MeshLine::XMesh(from, to, tick) => vertical.push((from, to, *tick)),
                MeshLine::YMesh(from, to, tick) => horizontal.push((from, to, *tick)),
            }
            Ok(())
        },
        AllTicks,
        AllTicks,
    )?;
    let screen = plot.use_screen_coord();
    drawing.pen("grid", "");
    for (from, to, _) in vertical.iter().chain(&horizontal) {
        screen.draw(&PathElement::new(vec![*from, *to], stroke(GRID, 1.0)))?;
    }
    // A label that would touch another is left out; its line stays.
    let across: Vec<(f64, String)> = vertical
        .iter()
        .map(|(from, _, tick)| (f64::from(from.0) / f64::from(FINE), tick_text(&panel.x, *tick)))
        .collect();
    let spans: Vec<(f64, f64)> =
        across.iter().map(|(x, label)| (*x, text_width(label, SMALL) / 2.0)).collect();
    let shown = with_room(&spans, |index| is_major(&panel.x, vertical[index].2));
    for ((x, label), _) in across.iter().zip(&shown).filter(|(_, shown)| **shown) {
        drawing.text(*x, bottom + SMALL + 7.0, label, plain(SMALL, Anchor::Middle));
    }
    let upwards: Vec<(f64, f64)> =
        horizontal.iter().map(|(from, _, _)| (f64::from(from.1) / f64::from(FINE), SMALL / 2.0)).collect();
    let shown = with_room(&upwards, |index| is_major(&panel.y, horizontal[index].2));
    for (((_, _, tick), (y, _)), _) in
        horizontal.iter().zip(&upwards).zip(&shown).filter(|(_, shown)| **shown)
    {
        let label = tick_text(&panel.y, *tick);
        drawing.text(left - 6.0, y + SMALL * 0.36, &label, plain(SMALL, Anchor::End));
    }
    drawing.pen("frame", "");
    let (low, _) = panel.y.limits();
    let (first, last) = panel.x.limits();
    plot.draw(&PathElement::new(vec![(first, low), (last, low)], stroke(FRAME, 1.0)))
}

/// Whether a tick keeps its label where another would touch it: on a logarithmic axis a power of ten.
fn is_major(axis: &Axis, placed: f64) -> bool {
    axis.spacing != Spacing::Log || (placed - placed.round()).abs() < 1e-9
}

fn tick_text(axis: &Axis, placed: f64) -> String {
    axis.ticks.iter().find(|(tick, _)| *tick == placed).map_or_else(String::new, |(_, text)| text.clone())
}

fn draw_series(
    drawing: &Drawing,
    plot: &Plot,
    panel: &Panel,
    series: &Series,
    (width, coarseness): (f64, Coarseness),
) -> Result<(), Failure> {
    let window = Window { x: panel.x.limits(), y: panel.y.limits() };
    let placed: Vec<(f64, f64)> =
        series.outline().iter().map(|(x, y)| (panel.x.place(*x), panel.y.place(*y))).collect();
    let look = style(series.style);
    let (color, line, dash, class) = match series.shape {
        Shape::Backdrop => (BACKDROP, 1.2, "", "backdrop"),
        Shape::Bar { .. } => (look.color, BAR, look.dash, look.class),
        _ => (look.color, 1.8, look.dash, look.class),
    };
    // Beside the dashes of a second run, those of styles would mean nothing.
    let solid =
        matches!(series.shape, Shape::Interval { .. } | Shape::Bar { .. }) || !panel.backing.other.is_empty();
    let dash = if solid { "" } else { dash };
    let pieces = clipped(&placed, window);
    let columns = coarseness.columns(width, &series.shape);
    for piece in &pieces {
        // Dashes of a line that fills its width with ups and downs would only look like missing data.
        let dense = piece.len() as f64 > width;
        drawing.pen(class, if dense { "" } else { dash });
        let corners = thinned(&straightened(piece), window.x, columns);
        plot.draw(&PathElement::new(corners, stroke(color, line)))?;
    }
    let dots: Vec<(f64, f64)> = match series.shape {
        Shape::Backdrop | Shape::Bar { .. } | Shape::Stack { .. } => Vec::new(),
        Shape::Interval { .. } => placed.get(1).copied().into_iter().collect(),
        // A single line needs no pattern.
        Shape::Line | Shape::Steps if panel.series.len() == 1 => Vec::new(),
        Shape::Line | Shape::Steps => marker_points(&pieces, window, series.style),
    };
    drawing.pen(class, "");
    for (x, y) in dots.into_iter().filter(|dot| window.contains(*dot)) {
        let at = plot.map_coordinate(&(x, y));
        draw_marker(&plot.use_screen_coord(), look, at)?;
    }
    Ok(())
}

/// A line of the second run.
fn draw_other(
    drawing: &Drawing,
    plot: &Plot,
    panel: &Panel,
    series: &Series,
    (width, coarseness): (f64, Coarseness),
) -> Result<(), Failure> {
    let window = Window { x: panel.x.limits(), y: panel.y.limits() };
    let placed: Vec<(f64, f64)> =
        series.outline().iter().map(|(x, y)| (panel.x.place(*x), panel.y.place(*y))).collect();
    let look = style(series.style);
    let columns = coarseness.columns(width, &series.shape);
    for piece in clipped(&placed, window) {
        drawing.pen(look.class, if piece.len() as f64 > width { "" } else { OTHER_DASH });
        let corners = thinned(&straightened(&piece), window.x, columns);
        plot.draw(&PathElement::new(corners, pale(look.color, 1.8)))?;
    }
    Ok(())
}

/// One segment of each row's bar.
fn draw_bars(drawing: &Drawing, plot: &Plot, panel: &Panel, series: &Series) -> Result<(), Failure> {
    let look = style(series.style);
    let (first, last) = panel.x.limits();
    drawing.pen(look.class, "");
    for ends in series.points.chunks_exact(2) {
        let ((from, row), (to, _)) = (ends[0], ends[1]);
        let (from, to) = (panel.x.place(from).max(first), panel.x.place(to).min(last));
        if from < to {
            let corners = [(from, row - BAR_HALF), (to, row + BAR_HALF)];
            plot.draw(&Rectangle::new(corners, ShapeStyle::from(&look.color).filled()))?;
        }
    }
    Ok(())
}

/// Six places along the line, shifted by style so that markers of equal lines do not hide each other.
fn marker_points(pieces: &[Vec<(f64, f64)>], window: Window, style: usize) -> Vec<(f64, f64)> {
    let (first, last) = window.x;
    let step = (last - first) / MARKERS as f64;
    let wanted = (0..MARKERS).map(|index| {
        first + step * (index as f64 + ((style % MARKER_SHIFTS) as f64 + 0.5) / MARKER_SHIFTS as f64)
    });
    wanted
        .filter_map(|x| {
            let segment = pieces
                .iter()
                .flat_map(|piece| piece.windows(2))
                .find(|pair| pair[0].0 <= x && x <= pair[1].0 && pair[0].0 < pair[1].0)?;
            let share = (x - segment[0].0) / (segment[1].0 - segment[0].0);
            Some((x, segment[0].1 + share * (segment[1].1 - segment[0].1)))
        })
        .collect()
}

/// The distinct series of a figure in rows that fit.
fn legend(figure: &Figure) -> Vec<Vec<Entry<&Series>>> {
    let mut distinct: Vec<&Series> = Vec::new();
    for series in figure.panels.iter().flat_map(|panel| &panel.series) {
        if distinct.iter().all(|known| known.name != series.name) {
            distinct.push(series);
        }
    }
    legend_rows(distinct.into_iter().map(|series| (series.name.as_str(), series)))
}

/// `laid`: a second run is laid over, so that the lines of this one are solid.
fn legend_entry(drawing: &Drawing, x: f64, y: f64, series: &Series, laid: bool) -> Result<(), Failure> {
    if let Shape::Stack { .. } = series.shape {
        let look = style(series.style);
        drawing.pen(look.class, "");
        let corners = [fine((x + 8.0, y - 10.0)), fine((x + 28.0, y + 1.0))];
        drawing.root.draw(&Rectangle::new(corners, ShapeStyle::from(&look.color).filled()))?;
        drawing.text(x + 34.0, y, &series.name, plain(TEXT, Anchor::Start));
        return Ok(());
    }
    let middle = y - 4.5;
    if series.shape != Shape::Backdrop {
        let look = style(series.style);
        if !laid {
            return drawing.legend_entry(x, y, &series.name, look);
        }
        drawing.line(&[(x, middle), (x + 28.0, middle)], look.color, 1.8, look.class, "")?;
        drawing.marker(look, (x + 14.0, middle))?;
        drawing.text(x + 34.0, y, &series.name, plain(TEXT, Anchor::Start));
        return Ok(());
    }
    drawing.line(&[(x, middle), (x + 28.0, middle)], BACKDROP, 1.8, "backdrop", "")?;
    drawing.text(x + 34.0, y, &series.name, plain(TEXT, Anchor::Start));
    Ok(())
}

/// As many ticks as the axis has.
#[derive(Clone, Copy)]
struct AllTicks;

impl KeyPointHint for AllTicks {
    fn weight(&self) -> KeyPointWeight {
        KeyPointWeight::Any
    }
    fn max_num_points(&self) -> usize {
        usize::MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::figure::Backing;

    /// All coordinates of the data line (class `s0`) of a panel with the given points.
    fn corners_of(points: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
        let series = Series { name: "a".to_string(), style: 0, shape: Shape::Line, points };
        let panel = Panel {
            title: String::new(),
            x: Axis::time(10.0),
            y: Axis::linear("load", "count", [0.0, 10.0].into_iter()),
            series: vec![series],
            marks: Vec::new(),
            backing: Backing::default(),
            height: 100,
        };
        let figure = Figure {
            name: "test".to_string(),
            title: "test".to_string(),
            message: "test".to_string(),
            panels: vec![panel],
            columns: 1,
            legend: false,
        };
        let svg = to_svg(&figure, Heading::Inside).unwrap();
        let lines = svg.lines().filter(|line| line.starts_with("<path class=\"s0\""));
        lines
            .flat_map(|line| corners(line.split("d=\"").nth(1).unwrap().split('"').next().unwrap()))
            .collect()
    }

    /// The points of path data.
    fn corners(data: &str) -> Vec<(f64, f64)> {
        let starts: Vec<usize> = data.match_indices(char::is_alphabetic).map(|(at, _)| at).collect();
        let ends = starts.iter().skip(1).copied().chain([data.len()]);
        let mut at = (0.0, 0.0);
        let step = |(start, end): (&usize, usize)| {
            let numbers: Vec<f64> =
                data[start + 1..end].split(',').map(|number| number.parse().unwrap()).collect();
            at = match (&data[*start..=*start], numbers.as_slice()) {
                ("M", [x, y]) => (*x, *y),
                ("h", [dx]) => (at.0 + dx, at.1),
                ("v", [dy]) => (at.0, at.1 + dy),
                ("l", [dx, dy]) => (at.0 + dx, at.1 + dy),
                _ => panic!("{data}"),
            };
            at
        };
        starts.iter().zip(ends).map(step).collect()
    }

    #[test]
    fn points_outside_the_axes_are_cut_and_not_moved_to_the_edge() {
        let inside = corners_of(vec![(0.0, 0.0), (10.0, 10.0)]);
        let (right, top) = inside[1];
        // The line leaves at the top half way; a clamped one would go on along the edge.
        let rising = corners_of(vec![(0.0, 0.0), (10.0, 20.0), (20.0, 20.0)]);
        assert_eq!(rising.len(), 2, "{rising:?}");
        assert!(
            (rising[1].0 - (inside[0].0 + right) / 2.0).abs() < 0.2 && (rising[1].1 - top).abs() < 0.2,
            "{rising:?}"
        );
        assert!(corners_of(vec![(11.0, 5.0), (20.0, 5.0)]).is_empty());
    }

    #[test]
    fn labels_of_marks_close_together_go_to_further_lines() {
        let mark = |label: &str, at: f64| Mark { label: label.to_string(), from: at, to: at };
        let panel = Panel {
            title: String::new(),
            x: Axis::time(100.0),
            y: Axis::linear("", "count", [1.0].into_iter()),
            series: Vec::new(),
            marks: vec![mark("first-event", 10.0), mark("second", 11.0), mark("at the end", 99.0)],
            backing: Backing::default(),
            height: 100,
        };
        let placed = place_marks(&panel, 600.0);
        assert_eq!(placed.iter().map(|mark| mark.line).collect::<Vec<_>>(), [Some(0), Some(1), Some(0)]);
        assert_eq!(placed[2].anchor, Anchor::End);
    }
}
