//! Draws what lies behind the lines of a panel: bands, and levels to compare the lines with.

use std::fmt::Write;

use plotters::coord::cartesian::Cartesian2d;
use plotters::prelude::{DrawingArea, PathElement, Polygon, RGBColor};
use plotters::style::Color;

use super::axis::Axis;
use super::canvas::{Anchor, Canvas, Failure, text_width};
use super::clip::{straightened, thinned};
use super::coarse::Coarseness;
use super::drawing::{Drawing, SMALL};
use super::figure::{Panel, Run, Shape};
use super::style::{stroke, style};

/// How much of its colour a band has.
pub const BAND_OPACITY: f64 = 0.2;
/// How much of its colour each shade has.
pub const HEAT_OPACITIES: [f64; 6] = [0.1, 0.22, 0.36, 0.52, 0.7, 0.9];
const HEAT: RGBColor = RGBColor(0x00, 0x72, 0xb2);
const REFERENCE: RGBColor = RGBColor(0x1a, 0x1a, 0x1a);
/// From a level to the middle of its label.
const LABEL_AWAY: f64 = 8.0;
const LABEL_HEIGHT: f64 = 13.0;
const LABEL_INSET: f64 = 4.0;

type Plot = DrawingArea<Canvas, Cartesian2d<Axis, Axis>>;

/// The bands of a panel whose plot is so many pixels wide.
pub(super) fn draw_bands(
    drawing: &Drawing,
    plot: &Plot,
    panel: &Panel,
    (width, coarseness): (f64, Coarseness),
) -> Result<(), Failure> {
    let columns = coarseness.columns(width, &Shape::Backdrop);
    for band in &panel.backing.bands {
        let look = style(band.style);
        drawing.pen(look.class, "");
        for edges in band.edges() {
            let [low, high] = edges.map(|edge| {
                let placed: Vec<(f64, f64)> =
                    edge.iter().map(|(x, y)| (panel.x.place(*x), panel.y.place(*y))).collect();
                thinned(&straightened(&placed), panel.x.limits(), columns)
            });
            let corners: Vec<(f64, f64)> = high.into_iter().chain(low.into_iter().rev()).collect();
            if corners.iter().all(|(x, y)| x.is_finite() && y.is_finite()) {
                plot.draw(&Polygon::new(corners, look.color.mix(BAND_OPACITY).filled()))?;
            }
        }
    }
    Ok(())
}

/// The cells of a panel, in a plot that is so large and has its corner there.
pub(super) fn draw_heat(drawing: &Drawing, panel: &Panel, corner: (f64, f64), size: (f64, f64)) {
    let Some(heat) = &panel.backing.heat else { return };
    let (_, last) = panel.x.limits();
    let across = |column: usize| spread(&panel.x, (column as f64 * heat.step).min(last)) * size.0;
    let up = |edge: usize| (1.0 - spread(&panel.y, heat.edges[edge])) * size.1;
    for (runs, opacity) in heat.runs.iter().zip(HEAT_OPACITIES).filter(|(runs, _)| !runs.is_empty()) {
        let mut data = String::new();
        for Run { row, from, to } in runs {
            let (left, right, top, bottom) = (across(*from), across(*to), up(row + 1), up(*row));
            // Writing to a String cannot fail.
            let written = write!(
                data,
                "M{:.1} {:.1}h{:.1}v{:.1}h{:.1}z",
                corner.0 + left,
                corner.1 + top,
                right - left,
                bottom - top,
                left - right
            );
            debug_assert!(written.is_ok());
        }
        drawing.canvas(|canvas| canvas.area("heat", HEAT, opacity, &data));
    }
}

/// A value's place along an axis, as a share of its length.
fn spread(axis: &Axis, value: f64) -> f64 {
    let (start, end) = axis.limits();
    (axis.place(value) - start) / (end - start)
}

/// The levels of a panel as dashed lines.
pub(super) fn draw_references(drawing: &Drawing, plot: &Plot, panel: &Panel) -> Result<(), Failure> {
    let (first, last) = panel.x.limits();
    drawing.pen("reference", "8 4");
    for reference in &panel.backing.references {
        let y = panel.y.place(reference.y);
        plot.draw(&PathElement::new(vec![(first, y), (last, y)], stroke(REFERENCE, 1.2)))?;
    }
    Ok(())
}

/// The names of the levels, in a plot that is so large and has its corner there.
pub(super) fn draw_reference_labels(drawing: &Drawing, panel: &Panel, corner: (f64, f64), size: (f64, f64)) {
    let pixels = |(x, y): (f64, f64)| (spread(&panel.x, x) * size.0, (1.0 - spread(&panel.y, y)) * size.1);
    let lines: Vec<Vec<(f64, f64)>> = (panel.series.iter())
        .filter(|series| series.shape != Shape::Backdrop)
        .map(|series| series.outline().iter().map(|&point| pixels(point)).collect())
        .collect();
    let levels: Vec<(f64, f64)> = (panel.backing.references.iter())
        .map(|reference| (pixels((0.0, reference.y)).1, text_width(&reference.label, SMALL)))
        .collect();
    for (reference, (x, middle, anchor)) in
        panel.backing.references.iter().zip(place_labels(&levels, &lines, size))
    {
        let baseline = middle + SMALL * 0.36;
        drawing.canvas(|canvas| {
            canvas.label(corner.0 + x, corner.1 + baseline, &reference.label, SMALL, anchor);
        });
    }
}

/// A rectangle in pixels: left, top, right, bottom.
type Area = (f64, f64, f64, f64);

/// For each level (its y and the width of its label): x of the label's anchor and y of its middle. At the right or the left
/// end, above or below: where it covers no line, no other level and no other label; else, in this order of importance, as
/// little of them as there is a place for.
fn place_labels(
    levels: &[(f64, f64)],
    lines: &[Vec<(f64, f64)>],
    size: (f64, f64),
) -> Vec<(f64, f64, Anchor)> {
    let covers = |a: &Area, b: &Area| a.0 < b.2 && b.0 < a.2 && a.1 < b.3 && b.1 < a.3;
    let crossed = |area: &Area, pair: &[(f64, f64)]| {
        let (from, to) = (pair[0], pair[1]);
        // What is not finite crosses nothing.
        from.1.is_finite()
            && to.1.is_finite()
            && from.0.min(to.0) <= area.2
            && from.0.max(to.0) >= area.0
            && from.1.min(to.1) <= area.3
            && from.1.max(to.1) >= area.1
    };
    let mut taken: Vec<Area> = Vec::new();
    let mut placed = Vec::new();
    for &(y, width) in levels {
        let area = |right: bool, away: f64| {
            let left = if right { size.0 - LABEL_INSET - width } else { LABEL_INSET };
            (left, y + away - LABEL_HEIGHT / 2.0, left + width, y + away + LABEL_HEIGHT / 2.0)
        };
        let covered = |&(right, away): &(bool, f64)| {
            let area = area(right, away);
            let outside = area.1 < 0.0 || area.3 > size.1;
            let label = taken.iter().any(|other| covers(&area, other));
            let level = levels.iter().any(|(level, _)| *level > area.1 && *level < area.3);
            let line = lines.iter().any(|line| line.windows(2).any(|pair| crossed(&area, pair)));
            (label, outside, level, line)
        };
        let candidates = [(true, -LABEL_AWAY), (true, LABEL_AWAY), (false, -LABEL_AWAY), (false, LABEL_AWAY)];
        let (right, away) = candidates.into_iter().min_by_key(covered).unwrap_or(candidates[0]);
        taken.push(area(right, away));
        placed.push(match right {
            true => (size.0 - LABEL_INSET, y + away, Anchor::End),
            false => (LABEL_INSET, y + away, Anchor::Start),
        });
    }
    placed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_stands_where_it_covers_nothing() {
        let at = |levels: &[(f64, f64)], line: &[(f64, f64)]| {
            place_labels(levels, &[line.to_vec()], (400.0, 100.0))
        };
        let low = [(0.0, 90.0), (400.0, 90.0)];
        assert_eq!(at(&[(50.0, 80.0)], &low), [(396.0, 42.0, Anchor::End)]);
        // A peak at the right above the level: below it; no room above the plot: below as well.
        let late = [(0.0, 90.0), (350.0, 90.0), (350.0, 40.0), (400.0, 40.0)];
        assert_eq!(at(&[(50.0, 80.0)], &late)[0], (4.0, 42.0, Anchor::Start));
        assert_eq!(at(&[(5.0, 80.0)], &low)[0], (396.0, 13.0, Anchor::End));
        // Two levels close together: one label above, one below.
        let two = at(&[(50.0, 80.0), (55.0, 80.0)], &low);
        assert_eq!((two[0].1, two[1].1), (42.0, 63.0));
        // A line everywhere: rather over it than over another level.
        let everywhere = [(0.0, 90.0), (0.0, 10.0), (400.0, 90.0), (400.0, 10.0)];
        let two = at(&[(50.0, 80.0), (40.0, 80.0)], &everywhere);
        assert_eq!((two[0].1, two[1].1), (58.0, 32.0));
    }
}
