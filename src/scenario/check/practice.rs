//! `[[practice]]`.

use crate::declare::diagnostic::{Diagnostic, suggestion};
use crate::declare::fields::{Context, Fields};
use crate::declare::file::{Node, Value};
use crate::declare::values::{text, texts, word};
use crate::model::{Finding, Practice, PracticeRow};

/// Reads all findings; `None` where one of them is wrong, because their words are checked place by place.
pub(super) fn practice(cx: &mut Context, node: &Node) -> Option<Vec<Practice>> {
    let Value::Array(items) = &node.value else {
        return cx.wrong(node, format!("expected [[practice]] tables, found {}", node.kind()));
    };
    let findings: Vec<Option<Practice>> =
        items.iter().map(|item| Fields::with(cx, item, "[[practice]]", finding)).collect();
    findings.into_iter().collect()
}

fn finding(f: &mut Fields<'_, '_>) -> Option<Practice> {
    let row = f.require("row", "the pattern it is about, \"P1\" to \"P16\" or \"cluster\"", row);
    let claim = f.require("claim", "what practitioners say, in one sentence", text);
    let verdict =
        f.require("verdict", "\"holds\", \"holds only if\" or \"does not hold\"", word(Finding::NAMES));
    let words = f.require("text", "the finding with its figures, as {variant:measure}", text);
    let tests = f.require(
        "tests",
        "comparisons that bear it out, such as [\"{cache:hit_ratio} > 0.8\"]",
        |cx, node| match texts(cx, node)? {
            tests if tests.is_empty() => {
                cx.wrong(node, "expected at least one comparison: a finding is measured")
            }
            tests => Some(tests),
        },
    );
    Some(Practice { row: row?, claim: claim?, verdict: verdict?, text: words?, tests: tests? })
}

fn row(cx: &mut Context, node: &Node) -> Option<PracticeRow> {
    let Some(name) = node.as_str() else {
        return cx.wrong(node, format!("expected a row such as \"P4\", found {}", node.kind()));
    };
    PracticeRow::named(name).or_else(|| {
        let names: Vec<&str> = PracticeRow::all().map(PracticeRow::name).collect();
        let label = suggestion(name, names.iter().copied(), "unknown row");
        let title = format!("the practice has no row \"{name}\"");
        cx.report(Diagnostic::new(title, node.span, label).help(format!("rows: {}", names.join(", "))));
        None
    })
}
