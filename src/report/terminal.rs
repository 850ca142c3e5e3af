//! How text stands in a terminal: the style of tables, and lines no longer than it is wide.

use comfy_table::{ContentArrangement, LineStyle, Table, TableStyle};

use super::format::unbroken;

/// One rule under the heads and nothing else: the rows separate themselves.
const NO_RULES: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

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

/// Lines of at most `width` letters, as far as words allow.
pub(super) fn paragraph(text: &str, width: u16) -> String {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in unbroken(text).split([' ', '\n']).filter(|word| !word.is_empty()) {
        let length = word.chars().count();
        if used > 0 && used + 1 + length > usize::from(width) {
            lines.push(String::new());
            used = 0;
        }
        if let Some(line) = lines.last_mut() {
            if used > 0 {
                line.push(' ');
                used += 1;
            }
            line.extend(word.chars().map(|letter| if letter == '\u{a0}' { ' ' } else { letter }));
            used += length;
        }
    }
    lines.join("\n")
}
