//! What concerns writes that reach caches late: settings that would do nothing are refused.

use crate::scenario::diagnostic::{Diagnostic, Span};
use crate::scenario::fields::Context;
use crate::scenario::file::Node;
use crate::scenario::model::Model;

/// How to make something written.
const WRITE: &str = "set workload.write_share, or the write_share of a class";

/// What only the whole model can tell.
pub(super) fn check(cx: &mut Context, root: &Node, model: &Model) {
    if model.measure.stale_by_tier && !model.workload.writes() {
        let label = "nothing is written, so nothing is ever stale";
        cx.report(
            Diagnostic::new(
                "measure.stale_by_tier does not apply",
                place(root, &["measure", "stale_by_tier"]),
                label,
            )
            .help(WRITE),
        );
    }
}

/// The place of a value by its path, or of the part of it that is there.
fn place(root: &Node, path: &[&str]) -> Span {
    let mut node = root;
    for name in path {
        match node.get(name) {
            Some(child) => node = child,
            None => break,
        }
    }
    node.span
}
