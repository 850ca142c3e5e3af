//! `[writes]`: what a write does besides changing the database.

use super::tier::Directory;
use crate::scenario::diagnostic::Diagnostic;
use crate::scenario::fields::{Context, Fields};
use crate::scenario::file::Node;
use crate::scenario::model::{Model, Order, WriteOptions, WriteStrategy};
use crate::scenario::values::{share, word};

const STRATEGIES: [(&str, WriteStrategy); 4] = [
    ("invalidate", WriteStrategy::Invalidate),
    ("write-around", WriteStrategy::WriteAround),
    ("update", WriteStrategy::Update),
    ("write-through", WriteStrategy::WriteThrough),
];

pub(super) fn writes(cx: &mut Context, node: &Node) -> Option<(WriteStrategy, WriteOptions)> {
    let orders = [("after-commit", Order::AfterCommit), ("before-commit", Order::BeforeCommit)];
    Fields::with(cx, node, "{ strategy = \"invalidate\" }", |f| {
        let strategy = f.read("strategy", word(&STRATEGIES));
        let order = f.read("order", word(&orders)).unwrap_or_default();
        let rollback = f.read("rollback", share).unwrap_or(0.0);
        Some((strategy.unwrap_or(WriteStrategy::Invalidate), WriteOptions { order, rollback }))
    })
}

/// What only the whole model can tell.
pub(super) fn check(cx: &mut Context, root: &Node, model: &Model, directory: &Directory) {
    let Some(node) = root.get("writes") else { return };
    let mut refuse = |name: &str, label: &str, way_out: &str| {
        let place = node.get(name).map_or(node.span, |value| value.span);
        let title = format!("writes.{name} does not apply");
        cx.report(Diagnostic::new(title, place, label).help(way_out));
    };
    let WriteOptions { order, rollback } = model.write_options;
    if !model.workload.writes() {
        const WRITE: &str = "set workload.write_share, or the write_share of a class";
        if order == Order::BeforeCommit {
            refuse("order", "nothing is written", WRITE);
        }
        if rollback > 0.0 {
            refuse("rollback", "nothing is written", WRITE);
        }
    }
    if order == Order::BeforeCommit && model.writes == WriteStrategy::WriteAround {
        let way_out = "leave it out, or use \"invalidate\", \"update\" or \"write-through\"";
        refuse(
            "order",
            "write-around does not touch the caches, so nothing can come before the commit",
            way_out,
        );
    }
    if order == Order::BeforeCommit && !directory.has(true) && !directory.has(false) {
        refuse("order", "there is no cache that could be changed before the commit", "leave it out");
    }
}
