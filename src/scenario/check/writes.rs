//! `[writes]`: what a write does besides changing the database.

use super::tier::Directory;
use crate::scenario::diagnostic::Diagnostic;
use crate::scenario::fields::{Context, Fields};
use crate::scenario::file::Node;
use crate::scenario::model::{Model, Nanos, Order, WriteOptions, WriteStrategy};
use crate::scenario::values::{positive_duration, share, truth, word};

const STRATEGIES: [(&str, WriteStrategy); 4] = [
    ("invalidate", WriteStrategy::Invalidate),
    ("write-around", WriteStrategy::WriteAround),
    ("update", WriteStrategy::Update),
    ("write-through", WriteStrategy::WriteThrough),
];

/// Longer than a database read takes anywhere.
const TOMBSTONE_TTL_NS: Nanos = 10_000_000_000;

pub(super) fn writes(cx: &mut Context, node: &Node) -> Option<(WriteStrategy, WriteOptions)> {
    let orders = [("after-commit", Order::AfterCommit), ("before-commit", Order::BeforeCommit)];
    Fields::with(cx, node, "{ strategy = \"invalidate\" }", |f| {
        let strategy = f.read("strategy", word(&STRATEGIES));
        let order = f.read("order", word(&orders)).unwrap_or_default();
        let rollback = f.read("rollback", share).unwrap_or(0.0);
        let versioned = f.read("versioned", truth).unwrap_or(false);
        let tombstone_ttl_ns = f.read("tombstone_ttl", positive_duration);
        if !versioned && f.given("tombstone_ttl") {
            f.refuse("tombstone_ttl", "only versioned SETs look at tombstones", "set versioned = true");
        }
        let tombstone_ttl_ns = versioned.then(|| tombstone_ttl_ns.unwrap_or(TOMBSTONE_TTL_NS));
        let options = WriteOptions { order, rollback, tombstone_ttl_ns };
        Some((strategy.unwrap_or(WriteStrategy::Invalidate), options))
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
    let WriteOptions { order, rollback, tombstone_ttl_ns } = model.write_options;
    if !model.workload.writes() {
        const WRITE: &str = "set workload.write_share, or the write_share of a class";
        if order == Order::BeforeCommit {
            refuse("order", "nothing is written", WRITE);
        }
        if rollback > 0.0 {
            refuse("rollback", "nothing is written", WRITE);
        }
        if tombstone_ttl_ns.is_some() {
            refuse("versioned", "nothing is written", WRITE);
        }
    }
    let of_entities = model.workload.classes.iter().any(|class| class.keys_per_entity > 1);
    let deletes = match model.writes {
        WriteStrategy::Invalidate => true,
        WriteStrategy::Update | WriteStrategy::WriteThrough => {
            of_entities || model.invalidation.broadcast.is_some()
        }
        WriteStrategy::WriteAround => false,
    };
    if tombstone_ttl_ns.is_some() && !deletes && model.invalidation.cdc.is_none() {
        let label = "nothing is ever deleted here, so that no DELETE leaves a tombstone";
        if node.get("tombstone_ttl").is_some() {
            refuse("tombstone_ttl", label, "leave it out; SETs stay versioned without it");
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
    if order == Order::BeforeCommit && tombstone_ttl_ns.is_some() {
        let label =
            "a version is given by the commit, and with order = \"before-commit\" the caches come first";
        refuse("versioned", label, "use order = \"after-commit\", or leave versioned out");
    }
    if order == Order::BeforeCommit && !directory.has(true) && !directory.has(false) {
        refuse("order", "there is no cache that could be changed before the commit", "leave it out");
    }
}
