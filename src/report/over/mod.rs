//! A second run laid over the charts of a run: the lines of the variants of the same name, pale and dashed, on common axes. And
//! the head of such a page: which run is which, and where runs are compared, what changes from one to the other.

mod difference;
mod lay;
mod lead;
mod section;

use super::figure::Figure;
use super::versus::Side;
use crate::experiment::comparison::{Comparison, compare};

pub use lead::{Lead, RunLine};
pub use section::{MeasureRow, Reviewed, Section};

/// The charts of a run with those of a second one laid over; charts that only the second one has are among them.
pub fn figures(run: &Side<'_>, comparison: &Comparison, other: &Side<'_>) -> Vec<Figure> {
    let own = super::charts::figures(run.record, comparison);
    let theirs = super::charts::figures(other.record, &compare(other.record));
    lay::laid(own, theirs, [run, other])
}
