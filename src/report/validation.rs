//! The table of `herdlab validate`, line by line, since rows take their time.

use super::terminal::{hanging, paragraph};
use crate::validate::{Finding, Verdict};

/// Where the table goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// With so many columns: a table where it fits, else a sentence per row.
    Terminal(u16),
    Markdown,
}

/// Widest table: the longest row and measure, figures of six digits.
const TABLE_WIDTH: u16 = 120;
const TITLES: [&str; 7] =
    ["row", "measure", "expected", "measured", "four standard errors", "tolerance", "verdict"];

/// Titles of the columns.
pub fn heading(style: Style) -> String {
    match style {
        Style::Terminal(TABLE_WIDTH..) => {
            let mut titles = TITLES;
            titles[4] = "± 4 SE";
            table_line(&titles.map(str::to_owned))
        }
        Style::Terminal(width) => {
            let words = "verdict: row, measure: what theory expects, what was measured ± four standard errors, the \
                         tolerance";
            format!("{}\n\n", paragraph(words, width))
        }
        Style::Markdown => format!("| {} |\n|---|---|---|---|---|---|---|\n", TITLES.join(" | ")),
    }
}

/// One measured value beside theory.
pub fn line(finding: &Finding, style: Style) -> String {
    let spread = finding.four_errors.map_or("one run".to_owned(), |errors| format!("± {}", digits(errors)));
    let cells = [
        finding.system.clone(),
        finding.measure.clone(),
        digits(finding.expected),
        digits(finding.measured),
        spread,
        digits(finding.tolerance),
        finding.verdict.word().to_owned(),
    ];
    match style {
        Style::Terminal(TABLE_WIDTH..) => table_line(&cells),
        Style::Terminal(width) => {
            let [row, measure, expected, measured, spread, tolerance, verdict] = cells;
            let spread =
                if finding.four_errors.is_some() { format!(" {spread}") } else { format!(" ({spread})") };
            let words = format!(
                "{verdict}: {row}, {measure}: expected {expected}, measured {measured}{spread}, tolerance {tolerance}"
            );
            format!("{}\n", hanging(&words, width))
        }
        Style::Markdown => {
            let [row, measure, rest @ ..] = cells;
            format!("| {row} | `{measure}` | {} |\n", rest.join(" | "))
        }
    }
}

/// How many hold, in words.
pub fn total(findings: &[Finding]) -> String {
    let holding = findings.iter().filter(|finding| finding.verdict == Verdict::Holds).count();
    format!("{holding} of {} values hold", findings.len())
}

fn table_line([row, measure, expected, measured, spread, tolerance, verdict]: &[String; 7]) -> String {
    format!("{row:32} {measure:37} {expected:>8} {measured:>8} {spread:>10} {tolerance:>9}  {verdict}\n")
}

/// Six significant digits or so.
fn digits(value: f64) -> String {
    let places = match value.abs() {
        v if v >= 1000.0 => 1,
        v if v >= 10.0 => 3,
        v if v >= 0.1 => 5,
        _ => 6,
    };
    let text = format!("{value:.places$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_string() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_in_markdown() {
        let finding = Finding {
            system: "21 M/D/1".into(),
            measure: "db.queue.mean_ms".into(),
            expected: 20.0,
            measured: 19.974_6,
            four_errors: Some(0.365_29),
            tolerance: 0.4,
            verdict: Verdict::Holds,
        };
        let expected = "| 21 M/D/1 | `db.queue.mean_ms` | 20 | 19.975 | ± 0.36529 | 0.4 | holds |\n";
        assert_eq!(line(&finding, Style::Markdown), expected);
        let narrow = line(&finding, Style::Terminal(60));
        assert_eq!(
            narrow,
            "holds: 21 M/D/1, db.queue.mean_ms: expected 20, measured\n  19.975 ± 0.36529, tolerance 0.4\n"
        );
        assert!(line(&finding, Style::Terminal(120)).chars().count() <= 121);
        assert_eq!(
            line(&Finding { four_errors: None, ..finding }, Style::Markdown).matches("one run").count(),
            1
        );
    }
}
