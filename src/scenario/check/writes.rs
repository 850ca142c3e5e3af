//! `[writes]`: what a write does besides changing the database.

use crate::declare::diagnostic::Diagnostic;
use crate::declare::fields::Context;
use crate::declare::file::Node;
use crate::model::{Class, Directory, Model, Order, WriteOptions, WriteStrategy};

/// Rules that need the whole model.
pub(super) fn check(cx: &mut Context, root: &Node, model: &Model, directory: &Directory) {
    let Some(node) = root.get("writes") else { return };
    let mut refuse = |name: &str, label: &str, way_out: &str| {
        let place = node.get(name).map_or(node.span, |value| value.span);
        let title = format!("writes.{name} does not apply");
        cx.report(Diagnostic::new(title, place, label).help(way_out));
    };
    let WriteOptions { order, rollback, tombstone_ttl_ns, mark_stale } = model.write_options;
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
        if mark_stale {
            refuse("mark_stale", "nothing is written", WRITE);
        }
    }
    let of_entities = model.workload.classes.iter().any(|class| class.keys_per_entity > 1);
    let deletes = match model.writes {
        WriteStrategy::Invalidate => true,
        WriteStrategy::Update | WriteStrategy::WriteThrough => {
            of_entities || model.invalidation.broadcast.is_some()
        }
        WriteStrategy::WriteAround => false,
        // Versions are refused with it below.
        WriteStrategy::WriteBack(_) => true,
    };
    if tombstone_ttl_ns.is_some() && !deletes && model.invalidation.cdc.is_none() {
        let label = "nothing is ever deleted here, so that no DELETE leaves a tombstone";
        if node.get("tombstone_ttl").is_some() {
            refuse("tombstone_ttl", label, "leave it out; SETs stay versioned without it");
        }
    }
    let is_back = matches!(model.writes, WriteStrategy::WriteBack(_));
    if mark_stale && model.workload.writes() && (is_back || !deletes && model.invalidation.cdc.is_none()) {
        refuse(
            "mark_stale",
            "nothing is ever deleted here",
            "leave it out, or use strategy = \"invalidate\"",
        );
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
    if is_back {
        write_back(cx, root, model, directory);
    } else if order == Order::BeforeCommit && !directory.has(true) && !directory.has(false) {
        refuse("order", "there is no cache that could be changed before the commit", "leave it out");
    }
}

/// The settings that contradict a cache ahead of the database.
fn write_back(cx: &mut Context, root: &Node, model: &Model, directory: &Directory) {
    let place = |path: [&str; 2]| {
        let section = root.get(path[0]);
        section.and_then(|node| node.get(path[1])).or(section).map_or(root.span, |node| node.span)
    };
    let mut refuse = |path: [&str; 2], label: &str, way_out: &str| {
        let title = format!("{} does not apply", path.join("."));
        cx.report(Diagnostic::new(title, place(path), label).help(way_out));
    };
    let WriteOptions { order, rollback, .. } = model.write_options;
    const STRATEGY: [&str; 2] = ["writes", "strategy"];
    if !model.workload.writes() {
        let way_out = "set workload.write_share, or the write_share of a class";
        return refuse(STRATEGY, "nothing is written, so there is nothing to write back", way_out);
    }
    // Without any tier the writes go to the database, in a variant that switches the cache off.
    let is_off = directory.enabled() == 0 && directory.has(true);
    if directory.last_shared().is_none() && !is_off {
        let (label, way_out) = match directory.enabled() > 0 {
            true => (
                "a tier in the process cannot be written back: no other instance sees its writes, and each deploy \
                 loses them",
                "add a tier with scope = \"shared\"",
            ),
            false => {
                ("there is no cache that could acknowledge a write", "add a tier with scope = \"shared\"")
            }
        };
        refuse(STRATEGY, label, way_out);
    }
    if order == Order::BeforeCommit {
        let label = "under write-back the cache always comes first, and no transaction waits for it";
        refuse(["writes", "order"], label, "leave it out");
    }
    if rollback > 0.0 {
        let label = "a write is acknowledged before its transaction begins: it cannot roll back any more";
        refuse(["writes", "rollback"], label, "leave it out, or use another strategy");
    }
    let tombstones = root.get("writes").is_some_and(|node| node.get("tombstone_ttl").is_some());
    if tombstones && model.write_options.tombstone_ttl_ns.is_some() {
        let label = "tombstones are left by DELETEs, and under write-back writers SET";
        refuse(["writes", "tombstone_ttl"], label, "leave it out: versioned = true compares with the entry");
    }
    if model.invalidation.cdc.is_some() {
        let label =
            "the cache is ahead of the database: the change stream may delete values newer than the change";
        refuse(["invalidation", "cdc"], label, "leave it out, or use another strategy");
    }
    let last_shared = directory.last_shared().and_then(|place| place.index);
    let past =
        |class: &&Class| class.write_share > 0.0 && last_shared.is_some_and(|tier| class.bypasses(tier));
    if let Some(class) = model.workload.classes.iter().find(past) {
        let label = format!("writes of class {} pass by the tier that should take them", class.name);
        refuse(STRATEGY, &label, "leave its bypass out, or use another strategy");
    }
    if model.workload.classes.iter().any(|class| class.keys_per_entity > 1) {
        let label =
            "the database makes the other values of an entity out of a write, which it gets only later";
        refuse(["workload", "keys_per_entity"], label, "leave it out, or use another strategy");
    }
}
