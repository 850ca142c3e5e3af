//! Settings of the file that have nothing to do in any of its variants.
//!
//! A setting that one variant has no use for is what comparisons are made of, and so is a tier or a class that the command
//! line or a cell of a sweep switches off. Only settings of the file itself for all its variants are refused.

use crate::declare::diagnostic::Diagnostic;
use crate::declare::fields::Context;
use crate::declare::file::{Node, Value};
use crate::model::{Coalescing, EventKind, Model, OnFailure, Scope, Target, Variant};

/// Index of the file among the sources of a scenario.
const FILE: usize = 0;

/// `variants` are all of the file.
pub(super) fn check(cx: &mut Context, root: &Node, variants: &[Variant]) {
    let settled = |part: &&str| is_settled(root, part);
    if ["workload", "class", "tier"].iter().all(settled) {
        negative_ttl(cx, root, variants);
    }
    if ["invalidation", "tier"].iter().all(settled) {
        listeners(cx, root, variants);
    }
    if ["tier", "coalescing", "event"].iter().all(settled) {
        fill_after_failure(cx, root, variants);
    }
    super::needs::check(cx, root, variants);
}

/// Whether a part of the file (`tier`, `database.pool`) is as in the file, apart from its variants.
pub(super) fn is_settled(root: &Node, part: &str) -> bool {
    let mut node = root;
    for name in part.split('.') {
        match node.get(name) {
            Some(child) => node = child,
            None => return node.span.source == FILE && !is_varied(root, part),
        }
    }
    is_of_file(node) && !is_varied(root, part)
}

/// Whether an axis of a sweep or a knob sets something in this part of the file.
fn is_varied(root: &Node, part: &str) -> bool {
    [("sweep", "axes"), ("recommend", "knobs")]
        .iter()
        .filter_map(|(table, field)| root.get(table)?.get(field)?.as_table())
        .flatten()
        .any(|entry| {
            let varied = entry.key.split('.').map(str::trim);
            varied.zip(part.split('.')).all(|(varied, part)| varied == part)
        })
}

/// Whether nothing in it comes from the command line.
fn is_of_file(node: &Node) -> bool {
    let inside = match &node.value {
        Value::Array(items) => items.iter().all(is_of_file),
        Value::Table(entries) => entries.iter().all(|entry| is_of_file(&entry.value)),
        _ => true,
    };
    inside && node.span.source == FILE
}

fn negative_ttl(cx: &mut Context, root: &Node, variants: &[Variant]) {
    if variants.iter().any(|variant| variant.model.workload.classes.iter().any(|class| class.absent)) {
        return;
    }
    let of_tiers = root.elements("tier").iter().filter_map(|tier| tier.get("negative_ttl"));
    let of_variants = root
        .elements("variant")
        .iter()
        .filter_map(|variant| variant.get("set").and_then(Node::as_table))
        .flatten()
        .filter(|entry| entry.key.starts_with("tier.") && entry.key.ends_with(".negative_ttl"))
        .map(|entry| &entry.value);
    if let Some(node) = of_tiers.chain(of_variants).find(|node| node.as_str() != Some("none")) {
        let label = "every requested key exists, in all variants";
        let help =
            "leave it out, or add requests for absent keys: workload.absent, or absent = true in a [[class]]";
        cx.report(Diagnostic::new("negative_ttl does not apply", node.span, label).help(help));
    }
}

/// A SET after a lookup without an answer needs such a lookup, and a read that goes on after it.
fn fill_after_failure(cx: &mut Context, root: &Node, variants: &[Variant]) {
    for element in root.elements("tier") {
        let Some(name) = element.get("name").and_then(Node::as_str) else { continue };
        let path = format!("tier.{name}.fill_after_failure");
        let of_variants = root
            .elements("variant")
            .iter()
            .filter_map(|variant| variant.get("set").and_then(Node::as_table))
            .flatten()
            .filter(|entry| entry.key == path)
            .map(|entry| &entry.value);
        let Some(node) = element.get("fill_after_failure").into_iter().chain(of_variants).next() else {
            continue;
        };
        let uses = |model: &Model| {
            let index = model.tiers.iter().position(|tier| tier.name == name)?;
            let Scope::Shared(shared) = &model.tiers[index].scope else { return None };
            let leased = matches!(&model.coalescing, Coalescing::Lease(lease) if lease.tier == index);
            let impatient =
                shared.timeout_ns.is_some() || shared.pool_timeout_ns.is_some() || shared.breaker.is_some();
            let refuses = model.events.iter().any(|event| match event.what {
                EventKind::Down { target: Target::Tier(tier) | Target::Node { tier, .. }, .. }
                | EventKind::Restart { tier, .. }
                | EventKind::NodeLost { tier, .. } => tier == index,
                _ => false,
            });
            Some((shared.on_failure == OnFailure::Next, !leased, impatient || refuses))
        };
        let found: Vec<_> = variants.iter().filter_map(|variant| uses(&variant.model)).collect();
        if found.is_empty() || found.contains(&(true, true, true)) {
            continue;
        }
        let (label, help) = if found.iter().all(|(_, _, fails)| !fails) {
            (
                "this tier always answers: it has neither a timeout nor an event",
                "leave it out, or set timeout",
            )
        } else if found.iter().all(|(goes_on, ..)| !goes_on) {
            ("a read without an answer ends in an error", "leave it out, or use on_failure = \"next\"")
        } else {
            ("only a holder of the lease may fill, and a lookup without an answer has none", "leave it out")
        };
        let title = format!("{path} does not apply");
        cx.report(Diagnostic::new(title, node.span, label).help(help));
    }
}

fn listeners(cx: &mut Context, root: &Node, variants: &[Variant]) {
    let place = |name: &str| {
        let section = root.get("invalidation");
        section.and_then(|node| node.get(name)).or(section).map_or(root.span, |node| node.span)
    };
    let shared = |model: &Model| model.tiers.iter().any(|tier| matches!(tier.scope, Scope::Shared(_)));
    let instance =
        |model: &Model| model.tiers.iter().any(|tier| matches!(tier.scope, Scope::Instance { .. }));
    let models = || variants.iter().map(|variant| &variant.model);
    let streams = || models().filter(|model| model.invalidation.cdc.is_some());
    let heard = |model: &Model| shared(model) || model.invalidation.broadcast.is_some() && instance(model);
    let mut refuse = |name: &str, label: &str, scope: &str| {
        let title = format!("invalidation.{name} does not apply");
        let help =
            format!("leave it out, or let a variant set enabled = true for a tier with scope = \"{scope}\"");
        cx.report(Diagnostic::new(title, place(name), label).help(help));
    };
    if streams().next().is_some() && !streams().any(heard) {
        refuse("cdc", "no variant switches on a tier that it could delete from", "shared");
    }
    let mut told = models().filter(|model| model.invalidation.broadcast.is_some()).peekable();
    if told.peek().is_some() && !told.any(instance) {
        refuse("broadcast", "no variant switches on an instance tier that could hear it", "instance");
    }
    let mut tracked = models().filter(|model| model.invalidation.tracking.is_some()).peekable();
    if tracked.peek().is_some() && !tracked.any(|model| instance(model) && shared(model)) {
        refuse("tracking", "no variant switches on an instance tier above a shared one", "instance");
    }
}
