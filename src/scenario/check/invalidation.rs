//! `[invalidation]`, and what else concerns writes that reach caches late: settings that would do nothing are refused.

use crate::declare::diagnostic::{Diagnostic, Span};
use crate::declare::fields::Context;
use crate::declare::file::Node;
use crate::model::Directory;
use crate::model::{Invalidation, Model, WriteStrategy};

/// How to make something written.
const WRITE: &str = "set workload.write_share, or the write_share of a class";
/// Rules that need the whole model.
pub(super) fn check(cx: &mut Context, root: &Node, model: &Model, directory: &Directory) {
    let mut refuse = |path: &[&str], label: &str, help: &str| {
        let title = format!("{} does not apply", path.join("."));
        cx.report(Diagnostic::new(title, place(root, path), label).help(help));
    };
    let writes = model.workload.writes();
    if model.measure.stale_by_tier && !writes {
        refuse(&["measure", "stale_by_tier"], "nothing is written, so nothing is ever stale", WRITE);
    }
    if model.measure.stale_acknowledged && !writes {
        refuse(&["measure", "stale_acknowledged"], "nothing is written, so nothing is ever stale", WRITE);
    }
    if !writes && model.workload.classes.iter().any(|class| class.keys_per_entity > 1) {
        refuse(
            &["workload", "keys_per_entity"],
            "nothing is written, so the keys have nothing to do with each other",
            WRITE,
        );
    }
    if !writes && model.database.replicas.is_some() {
        refuse(
            &["database", "replicas"],
            "nothing is written, so replicas lag behind nothing",
            "set workload.write_share, or more database.servers",
        );
    }
    let Invalidation { cdc, broadcast, tracking } = &model.invalidation;
    if cdc.is_some() && !writes {
        refuse(&["invalidation", "cdc"], "nothing is written, so the change stream stays empty", WRITE);
    } else if cdc.is_some() && broadcast.is_none() && !directory.has(true) {
        refuse(
            &["invalidation", "cdc"],
            "there is no shared tier to delete from, and no broadcast to the instance tiers",
            "add a shared tier, or set invalidation.broadcast",
        );
    }
    if broadcast.is_some() {
        let path = ["invalidation", "broadcast"];
        if !writes {
            refuse(&path, "nothing is written, so there is nothing to invalidate", WRITE);
        } else if !directory.has(false) {
            refuse(
                &path,
                "there is no instance tier that could hear it",
                "add a tier with scope = \"instance\"",
            );
        } else if cdc.is_none() && model.writes == WriteStrategy::WriteAround {
            refuse(
                &path,
                "under write-around nobody learns of a write",
                "set invalidation.cdc, or a writes.strategy that changes cached copies",
            );
        }
    }
    if tracking.is_some() {
        let path = ["invalidation", "tracking"];
        if broadcast.is_some() {
            refuse(
                &path,
                "the broadcast tells all instances already",
                "leave out invalidation.broadcast, or try each in a variant of its own",
            );
        } else if !directory.has(false) {
            refuse(
                &path,
                "there is no instance tier whose copies could be invalidated",
                "add a tier with scope = \"instance\"",
            );
        } else if !directory.has(true) {
            let label = "there is no server that could remember its readers";
            refuse(&path, label, "add a tier with scope = \"shared\"");
        }
        let tracked = model.tracked_tier().map(|(level, _)| &model.tiers[level]);
        if let Some(tier) = tracked.filter(|tier| tier.sliding) {
            refuse(
                &path,
                &format!("each read of {} writes its expiry, and Redis tracks only reads", tier.name),
                &format!("leave out tier.{}.sliding", tier.name),
            );
        }
    }
}

/// The place of a value by its path, or of the part of it that is there.
pub(super) fn place(root: &Node, path: &[&str]) -> Span {
    let mut node = root;
    for name in path {
        match node.get(name) {
            Some(child) => node = child,
            None => break,
        }
    }
    node.span
}
