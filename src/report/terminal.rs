//! How text stands in a terminal: the style of tables, and lines no longer than it is wide.

use comfy_table::{ContentArrangement, LineStyle, Table, TableStyle};

use super::format::unbroken;
use crate::wrap;

/// One rule under the heads and nothing else: the rows separate themselves.
const NO_RULES: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// Columns that a table takes for each cell beyond its text, but one less for the last: a blank on both sides, and one
/// between neighbours.
pub(super) const AROUND: usize = 3;

/// An empty table in that style, at most `width` columns where words allow; cells are coloured only with `color`.
pub(super) fn fitted(width: u16, color: bool) -> Table {
    let mut table = Table::new();
    table.load_style(NO_RULES).set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    if color {
        table.enforce_styling();
    } else {
        table.force_no_tty();
    }
    table
}

/// An empty table in that style, without colours and as wide as its cells.
pub(super) fn plain() -> Table {
    let mut table = Table::new();
    table.load_style(NO_RULES).set_content_arrangement(ContentArrangement::Disabled).force_no_tty();
    table
}

/// [`wrap::hanging`], with the figures and their units kept together.
pub(super) fn hanging(text: &str, width: u16) -> String {
    let whole = text.split('\n').map(figures_whole).collect::<Vec<_>>().join("\n");
    wrap::hanging(&whole, usize::from(width))
}

/// [`wrap::paragraph`], with the figures and their units kept together.
pub(super) fn paragraph(text: &str, width: u16) -> String {
    wrap::paragraph(&figures_whole(text), usize::from(width))
}

/// Figures keep their half widths and their units.
fn figures_whole(text: &str) -> String {
    unbroken(text).replace(" ± ", "\u{a0}±\u{a0}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_goes_on_further_in() {
        let text = "short\n  a: one two three four\n";
        assert_eq!(hanging(text, 80), text);
        assert_eq!(hanging(text, 14), "short\n  a: one two\n    three four\n");
    }
}
