//! How text stands in a terminal: the style of tables, and lines no longer than it is wide.

use comfy_table::{ContentArrangement, LineStyle, Table, TableStyle};

use super::format::unbroken;

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

/// A text line by line, each at most `width` letters as far as words allow; what is broken goes on two columns further in
/// than its line began.
pub(super) fn hanging(text: &str, width: u16) -> String {
    let line = |line: &str| {
        if line.chars().count() <= usize::from(width) {
            return line.to_owned();
        }
        let indent = line.chars().take_while(|letter| *letter == ' ').count();
        let margin = u16::try_from(indent + 2).unwrap_or(u16::MAX);
        let whole = paragraph(line, width.saturating_sub(margin).max(1));
        let (first, rest) = whole.split_once('\n').unwrap_or((&whole, ""));
        let rest = rest.lines().map(|line| format!("\n{}{line}", " ".repeat(indent + 2)));
        format!("{}{first}{}", " ".repeat(indent), rest.collect::<String>())
    };
    let end = if text.ends_with('\n') { "\n" } else { "" };
    text.lines().map(line).collect::<Vec<_>>().join("\n") + end
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
