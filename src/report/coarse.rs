//! How many corners the dense lines of a picture keep: all that can be seen where it stands alone, fewer where a page of
//! pictures only has many.

use super::clip::{CORNERS_PER_COLUMN, straightened};
use super::figure::{Band, Figure, Series, Shape};

/// Size limit of all pictures of a page, so that it can be mailed.
const PICTURES_BYTES_MAX: f64 = 640_000.0;
/// Approximate size of a panel without its lines.
const PANEL_BYTES: f64 = 2_000.0;

/// How coarse dense lines are drawn: a column of a thinned line takes so many times the usual pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Coarseness(f64);

impl Coarseness {
    /// As fine as a picture needs that stands alone.
    pub const FINE: Coarseness = Coarseness(1.0);

    /// So coarse that all these figures, so many pixels wide, stay below about [`PICTURES_BYTES_MAX`].
    pub fn of_page(figures: &[Figure], width: f64) -> Coarseness {
        let panels: usize = figures.iter().map(|figure| figure.panels.len()).sum();
        let cells: f64 = figures.iter().map(cells_bytes).sum();
        let room = PICTURES_BYTES_MAX - panels as f64 * PANEL_BYTES - cells;
        let lines: f64 = figures.iter().map(|figure| lines_bytes(figure, width)).sum();
        Coarseness((lines / room.max(PICTURES_BYTES_MAX / 4.0)).max(1.0))
    }

    /// Columns of a line over so many pixels.
    pub fn columns(self, width: f64, shape: &Shape) -> usize {
        // Lowest and highest value of so many columns look like all values; a backdrop needs no more than its outline.
        let pixels = if *shape == Shape::Backdrop { 5.0 } else { 3.0 };
        ((width / (pixels * self.0)) as usize).max(1)
    }
}

/// About how much text the lines of a figure take at their finest.
fn lines_bytes(figure: &Figure, width: f64) -> f64 {
    const CORNER_BYTES: f64 = 9.0;
    let width = width / figure.columns.max(1) as f64;
    let corners = |series: &Series| {
        let thinned = Coarseness::FINE.columns(width, &series.shape) * CORNERS_PER_COLUMN;
        straightened(&series.outline()).len().min(thinned) as f64
    };
    let edges = |band: &Band| {
        let thinned = Coarseness::FINE.columns(width, &Shape::Backdrop) * CORNERS_PER_COLUMN;
        (4 * band.points.len()).min(2 * thinned) as f64
    };
    let all = figure.panels.iter().flat_map(|panel| panel.series.iter().chain(&panel.backing.other));
    let lines = all.map(corners).sum::<f64>();
    let bands = figure.panels.iter().flat_map(|panel| &panel.backing.bands).map(edges).sum::<f64>();
    (lines + bands) * CORNER_BYTES
}

/// About how much text the cells of a figure take, which no coarseness changes.
fn cells_bytes(figure: &Figure) -> f64 {
    const RUN_BYTES: f64 = 28.0;
    let heat = figure.panels.iter().filter_map(|panel| panel.backing.heat.as_ref());
    heat.flat_map(|heat| &heat.runs).map(|runs| runs.len() as f64 * RUN_BYTES).sum()
}
