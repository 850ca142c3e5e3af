//! The Pareto chart: all cells by two measures, the front joined, its cells named.

use super::frame::{ARROWS, Picture, Plot, failed, interval, measure_ruler};
use super::view::{Compromise, View, compromises, front};
use crate::catalog::Better;
use crate::experiment::statistics::Estimate;
use crate::report::ReportError;
use crate::report::canvas::{Anchor, Failure, Lettering, shortened};
use crate::report::drawing::{Drawing, EDGE, Heading, SMALL, WIDTH, head_height, plain};
use crate::report::format::spoken;
use crate::report::style::style;
use plotters::prelude::RGBColor;

const HEIGHT: f64 = 360.0;
const LINE: f64 = 17.0;
/// More cells of the front than this are not named in the picture; the page and `pareto.csv` name all.
const NAMED_MAX: usize = 24;
const OTHERS: RGBColor = RGBColor(0xa6, 0xa6, 0xa6);

/// The chart of two measures; `None` where no cell has both. Where title and message stand in the page, so do the names
/// of the numbers.
pub(super) fn picture(x: &View<'_>, y: &View<'_>, heading: Heading) -> Result<Option<Picture>, ReportError> {
    let all = compromises(x, y);
    let front = front(&all);
    if front.is_empty() {
        return Ok(None);
    }
    let title = format!("{} against {}", super::view::capitalised(&spoken(y.measure)), spoken(x.measure));
    let ruler = |view: &View<'_>, of: fn(&Compromise<'_>) -> Estimate| {
        let means: Vec<f64> = all.iter().map(|point| of(point).mean).collect();
        let bars: Vec<(f64, f64)> = front.iter().map(|point| interval(view.measure, &of(point))).collect();
        let ruler = measure_ruler(view.measure, &view.unit, &means, &bars);
        let cuts = bars.iter().any(|&bar| ruler.cuts(bar));
        (ruler, cuts)
    };
    let ((x_ruler, x_cuts), (y_ruler, y_cuts)) = (ruler(x, |point| point.x), ruler(y, |point| point.y));
    let mut message = message(x, y, all.len(), front.len());
    if x_cuts || y_cuts {
        message.push_str(ARROWS);
    }
    let named = match heading {
        Heading::Inside => front.len().min(NAMED_MAX),
        Heading::Outside => 0,
    };
    if named == 0 {
        message.push_str(" The numbers are named in the table below.");
    }
    // The number of a point at the upper edge stands above the plot.
    let head = head_height(&message, heading) + 10.0;
    let plot = Plot::across(head, HEIGHT, x_ruler, y_ruler);
    let more = usize::from(named > 0 && front.len() > named);
    let height = head + HEIGHT + Plot::BELOW + (named + more) as f64 * LINE + 8.0 + EDGE;
    let drawing = Drawing::new(height, &title, &message, heading);
    draw(&drawing, x, y, &plot, &all, &front).map_err(failed)?;
    if heading == Heading::Outside {
        // Those on the front lie on top.
        let (front, others): (Vec<&Compromise<'_>>, Vec<_>) =
            all.iter().partition(|point| point.rank.is_some());
        for point in others.into_iter().chain(front) {
            let at = plot.at(point.x.mean, point.y.mean);
            if at.0.is_finite() && at.1.is_finite() {
                let told = format!("{}: {}, {}", point.spot.name(), x.figure(&point.x), y.figure(&point.y));
                drawing.target(point.index, at, &told);
            }
        }
    }
    if named > 0 {
        name_points(&drawing, x, y, &front, plot.top + plot.height + Plot::BELOW + LINE - 6.0)
            .map_err(failed)?;
    }
    Ok(Some(Picture::new(&drawing, "pareto".to_owned(), &title, &message)))
}

/// The points on the front.
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
    drawing: &Drawing,
    x: &View<'_>,
    y: &View<'_>,
    plot: &Plot,
    all: &[Compromise<'_>],
    front: &[&Compromise<'_>],
) -> Result<(), Failure> {
    drawing.frame(plot)?;
    let at = |point: &Compromise<'_>| plot.at(point.x.mean, point.y.mean);
    for point in all.iter().filter(|point| point.rank.is_none()) {
        let (x, y) = at(point);
        if x.is_finite() && y.is_finite() {
            drawing.line(&[(x - 2.5, y), (x + 2.5, y)], OTHERS, 5.0, "backdrop", "")?;
        }
    }
    let path: Vec<(f64, f64)> =
        front.iter().map(|point| at(point)).filter(|(x, y)| x.is_finite() && y.is_finite()).collect();
    drawing.line(&path, OTHERS, 1.4, "backdrop", "4 3")?;
    let mut labels: Vec<(f64, f64)> = Vec::new();
    for point in front {
        let look = style(point.spot.variant);
        let place = at(point);
        if !place.0.is_finite() || !place.1.is_finite() {
            continue;
        }
        if point.x.interval.is_some() {
            let (low, high) = interval(x.measure, &point.x);
            drawing.bar(plot, ((low, point.y.mean), (high, point.y.mean)), look, false)?;
        }
        if point.y.interval.is_some() {
            let (low, high) = interval(y.measure, &point.y);
            drawing.bar(plot, ((point.x.mean, low), (point.x.mean, high)), look, false)?;
        }
        drawing.marker(look, place)?;
        // Beside its point, where no other number is.
        let spots =
            [(9.0, -7.0), (9.0, 15.0), (-16.0, -7.0), (-16.0, 15.0)].map(|(x, y)| (place.0 + x, place.1 + y));
        // Outside of the plot stand the labels of its ticks.
        let inside = |spot: &(f64, f64)| spot.0 >= plot.left + 2.0 && spot.1 <= plot.top + plot.height - 2.0;
        let free = |spot: &&(f64, f64)| {
            inside(spot)
                && labels
                    .iter()
                    .all(|taken| (taken.0 - spot.0).abs() > 15.0 || (taken.1 - spot.1).abs() > 11.0)
        };
        if let (Some(&spot), Some(rank)) = (spots.iter().find(free), point.rank) {
            labels.push(spot);
            let bold = Lettering { bold: true, ..plain(SMALL, Anchor::Start) };
            drawing.text(spot.0, spot.1, &rank.to_string(), bold);
        }
    }
    Ok(())
}

/// Legend of the numbers, line by line from `line` down.
fn name_points(
    drawing: &Drawing,
    x: &View<'_>,
    y: &View<'_>,
    front: &[&Compromise<'_>],
    mut line: f64,
) -> Result<(), Failure> {
    for point in front.iter().take(NAMED_MAX) {
        let rank = point.rank.unwrap_or_default();
        drawing.marker(style(point.spot.variant), (EDGE + 6.0, line - 4.0))?;
        drawing.text(
            EDGE + 30.0,
            line,
            &rank.to_string(),
            Lettering { bold: true, ..plain(SMALL, Anchor::End) },
        );
        let figures = format!("{}, {}", x.figure(&point.x), y.figure(&point.y));
        let words = format!("{}: {figures}", point.spot.name());
        let words = shortened(&words, SMALL, f64::from(WIDTH) - 2.0 * EDGE - 40.0);
        drawing.text(EDGE + 38.0, line, &words, plain(SMALL, Anchor::Start));
        line += LINE;
    }
    if front.len() > NAMED_MAX {
        let words = format!("and {} more: pareto.csv", front.len() - NAMED_MAX);
        drawing.text(EDGE + 38.0, line, &words, plain(SMALL, Anchor::Start));
    }
    Ok(())
}
