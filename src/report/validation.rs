//! The table of `herdlab validate`, line by line, since rows take their time.

use crate::validate::{Finding, Verdict};

/// Where the table goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    Terminal,
    Markdown,
}

const TITLES: [&str; 7] =
    ["row", "measure", "expected", "measured", "four standard errors", "tolerance", "verdict"];

/// Titles of the columns.
pub fn heading(style: Style) -> String {
    match style {
        Style::Terminal => terminal(TITLES.map(str::to_owned)),
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
        Style::Terminal => terminal(cells),
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

fn terminal(cells: [String; 7]) -> String {
    let [row, measure, expected, measured, spread, tolerance, verdict] = cells;
    format!("{row:32} {measure:38} {expected:>10} {measured:>10} {spread:>22} {tolerance:>10}  {verdict}\n")
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
        assert_eq!(
            line(&Finding { four_errors: None, ..finding }, Style::Markdown).matches("one run").count(),
            1
        );
    }
}
