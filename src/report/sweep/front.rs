//! The Pareto chart: all cells by two measures, the front joined, its cells named.

use super::frame::{EDGE, Picture, Plot, SMALL, Sketch, failed, head_height, measure_ruler, plain};
use super::view::{Compromise, View, compromises, front, place};
use crate::measure::catalog::Better;
use crate::report::ReportError;
use crate::report::canvas::{Anchor, Failure, Lettering, shortened};
use crate::report::draw::WIDTH;
use crate::report::format::spoken;
use crate::report::style::style;
use plotters::prelude::RGBColor;

const HEIGHT: f64 = 360.0;
const LINE: f64 = 17.0;
/// More cells of the front than this are not named in the picture; the page and `pareto.csv` name all.
const NAMED_MAX: usize = 24;
const OTHERS: RGBColor = RGBColor(0xa6, 0xa6, 0xa6);

/// The chart of two measures; `None` where no cell has both.
pub(super) fn picture(x: &View<'_>, y: &View<'_>) -> Result<Option<Picture>, ReportError> {
    let all = compromises(x, y);
    let front = front(&all);
    if front.is_empty() {
        return Ok(None);
    }
    let title = format!("{} against {}", super::view::capitalised(&spoken(y.measure)), spoken(x.measure));
    let message = message(x, y, all.len(), front.len());
    // The number of a point at the upper edge stands above the plot.
    let head = head_height(&message) + 10.0;
    let values = |of: fn(&Compromise<'_>) -> f64| all.iter().map(of).collect::<Vec<_>>();
    let plot = Plot::across(
        head,
        HEIGHT,
        measure_ruler(x.measure, &x.unit, &values(|point| point.x.mean)),
        measure_ruler(y.measure, &y.unit, &values(|point| point.y.mean)),
    );
    let named = front.len().min(NAMED_MAX);
    let more = usize::from(front.len() > named);
    let height = head + HEIGHT + Plot::BELOW + (named + more) as f64 * LINE + 8.0 + EDGE;
    let sketch = Sketch::new(height, &title, &message);
    draw(&sketch, x, y, &plot, &all, &front).map_err(failed)?;
    Ok(Some(sketch.finish("pareto".to_owned())))
}

/// What lies on the front.
pub(super) fn message(x: &View<'_>, y: &View<'_>, all: usize, front: usize) -> String {
    let wanted = |view: &View<'_>| if view.better() == Better::Higher { "more" } else { "less" };
    format!(
        "{front} of {all} are on the front: none has {} {} without a worse {}. By the means; bars are 95 % intervals.",
        wanted(x),
        spoken(x.measure),
        spoken(y.measure),
    )
}

fn draw(
    sketch: &Sketch,
    x: &View<'_>,
    y: &View<'_>,
    plot: &Plot,
    all: &[Compromise<'_>],
    front: &[&Compromise<'_>],
) -> Result<(), Failure> {
    sketch.frame(plot)?;
    let at = |point: &Compromise<'_>| plot.at(point.x.mean, point.y.mean);
    for point in all.iter().filter(|point| point.rank.is_none()) {
        let (x, y) = at(point);
        if x.is_finite() && y.is_finite() {
            sketch.line(&[(x - 2.5, y), (x + 2.5, y)], OTHERS, 5.0, "backdrop", "")?;
        }
    }
    let path: Vec<(f64, f64)> =
        front.iter().map(|point| at(point)).filter(|(x, y)| x.is_finite() && y.is_finite()).collect();
    sketch.line(&path, OTHERS, 1.4, "backdrop", "4 3")?;
    let mut labels: Vec<(f64, f64)> = Vec::new();
    for point in front {
        let look = style(point.variant);
        let place = at(point);
        if !place.0.is_finite() || !place.1.is_finite() {
            continue;
        }
        // A logarithmic scale has no place for what is not above zero: the bar goes to its lower end.
        let inside = |value: f64, low: f64, high: f64, least: f64| {
            if value.is_finite() { value.clamp(low, high) } else { least }
        };
        let (right, bottom) = (plot.left + plot.width, plot.top + plot.height);
        if let Some((low, high)) = point.x.interval {
            let end = |value| inside(plot.at(value, point.y.mean).0, plot.left, right, plot.left);
            sketch.line(&[(end(low), place.1), (end(high), place.1)], look.color, 1.0, look.class, "")?;
        }
        if let Some((low, high)) = point.y.interval {
            let end = |value| inside(plot.at(point.x.mean, value).1, plot.top, bottom, bottom);
            sketch.line(&[(place.0, end(low)), (place.0, end(high))], look.color, 1.0, look.class, "")?;
        }
        sketch.marker(look, place)?;
        // Beside its point, where no other number is.
        let spots =
            [(9.0, -7.0), (9.0, 15.0), (-16.0, -7.0), (-16.0, 15.0)].map(|(x, y)| (place.0 + x, place.1 + y));
        let free = |spot: &&(f64, f64)| {
            labels.iter().all(|taken| (taken.0 - spot.0).abs() > 15.0 || (taken.1 - spot.1).abs() > 11.0)
        };
        if let (Some(&spot), Some(rank)) = (spots.iter().find(free), point.rank) {
            labels.push(spot);
            let bold = Lettering { bold: true, ..plain(SMALL, Anchor::Start) };
            sketch.text(spot.0, spot.1, &rank.to_string(), bold);
        }
    }
    let mut line = plot.top + plot.height + Plot::BELOW + LINE - 6.0;
    for point in front.iter().take(NAMED_MAX) {
        let rank = point.rank.unwrap_or_default();
        sketch.marker(style(point.variant), (EDGE + 6.0, line - 4.0))?;
        sketch.text(
            EDGE + 30.0,
            line,
            &rank.to_string(),
            Lettering { bold: true, ..plain(SMALL, Anchor::End) },
        );
        let figures = format!("{}, {}", x.figure(&point.x), y.figure(&point.y));
        let words = format!("{}: {figures}", place(x.record, &point.cell.at, point.variant));
        let words = shortened(&words, SMALL, f64::from(WIDTH) - 2.0 * EDGE - 40.0);
        sketch.text(EDGE + 38.0, line, &words, plain(SMALL, Anchor::Start));
        line += LINE;
    }
    if front.len() > NAMED_MAX {
        let words = format!("and {} more: pareto.csv", front.len() - NAMED_MAX);
        sketch.text(EDGE + 38.0, line, &words, plain(SMALL, Anchor::Start));
    }
    Ok(())
}
