//! Changes of settings during the run: the system after each of them.

use super::system::model;
use crate::declare::diagnostic::{Diagnostic, Span};
use crate::declare::fields::Context;
use crate::declare::file::{Entry, Node, Value};
use crate::model::{
    Capacity, Coalescing, EventKind, Eviction, MAX_KEYS, Model, Nanos, Revision, Scope, Tier, TimedEvent,
    WriteStrategy,
};
use crate::scenario::axes;
use crate::scenario::trace::TraceFiles;
use crate::units::grouped;

/// Settings that may change during a run; a star stands for a name.
const MAY_CHANGE: [&str; 22] = [
    "tier.*.ttl",
    "tier.*.jitter",
    "tier.*.sliding",
    "tier.*.refresh",
    "tier.*.fail_safe",
    "tier.*.fill",
    "tier.*.admit",
    "tier.*.hit_for_miss",
    "tier.*.negative_ttl",
    "tier.*.key_version",
    "tier.*.capacity",
    "tier.*.pool",
    "tier.*.timeout",
    "tier.*.on_failure",
    "tier.*.fill_after_failure",
    "class.*.ttl",
    "coalescing",
    "writes.strategy",
    "clients.deadline",
    "database.pool",
    "database.timeout",
    "database.retries",
];

/// An event that changes settings, in the file.
struct Change<'n> {
    label: String,
    settings: &'n [Entry],
    span: Span,
    restarts: bool,
}

/// Adds to a model the system after each change, in the order of time. A problem that it has and the system before has not is reported at the
/// settings that bring it about.
pub(super) fn revise(
    cx: &mut Context,
    traces: &mut TraceFiles,
    root: &Node,
    cut_ns: Option<Nanos>,
    before: &mut Model,
) -> Option<()> {
    let changes = changes(root, before);
    if changes.is_empty() || !cx.diagnostics.is_empty() {
        return Some(());
    }
    let mut tree = without_changes(root);
    for change in &changes {
        apply(cx, &mut tree, change);
        if !cx.diagnostics.is_empty() {
            return None;
        }
        let revised = model(cx, traces, &tree, cut_ns);
        for problem in std::mem::take(&mut cx.diagnostics) {
            cx.report(attribute(problem, change));
        }
        let revised = revised?;
        fits(cx, change, before.revisions.last().map_or(&*before, |last| &last.model), &revised);
        let setting = |entry: &Entry| (entry.key.clone(), axes::to_toml(&entry.value));
        before
            .revisions
            .push(Revision { settings: change.settings.iter().map(setting).collect(), model: revised });
    }
    fit_together(cx, &changes, before);
    Some(())
}

/// The changes of this variant in the order of time.
fn changes<'n>(root: &'n Node, model: &Model) -> Vec<Change<'n>> {
    let elements = root.elements("event");
    let labels = axes::event_labels(elements);
    let of_file = |label: &str| {
        let element = &elements[labels.iter().position(|known| known == label)?];
        let set = element.get("what")?.get("change")?.get("set")?;
        Some((set.as_table()?, set.span))
    };
    let change = |event: &TimedEvent| {
        let EventKind::Change { restarts, .. } = event.what else { return None };
        let (settings, span) = of_file(&event.label)?;
        Some(Change { label: event.label.clone(), settings, span, restarts })
    };
    model.events.iter().filter_map(change).collect()
}

/// The tree without events that change settings.
fn without_changes(root: &Node) -> Node {
    let mut tree = root.clone();
    if let Value::Table(entries) = &mut tree.value
        && let Some(events) = entries.iter_mut().find(|entry| entry.key == "event")
        && let Value::Array(elements) = &mut events.value.value
    {
        elements.retain(|element| element.get("what").and_then(|what| what.get("change")).is_none());
    }
    tree
}

/// Exchanges the values that a change sets.
fn apply(cx: &mut Context, tree: &mut Node, change: &Change<'_>) {
    for entry in change.settings {
        let problem = if MAY_CHANGE.iter().any(|pattern| is_within(&entry.key, pattern)) {
            axes::set(tree, &entry.key, entry.key_span, entry.value.clone()).err()
        } else {
            let title = format!("`{}` cannot change during a run", entry.key);
            let label = "expected a setting that a release or a push of configuration changes";
            Some(
                Diagnostic::new(title, entry.key_span, label)
                    .help(format!("these can: {}", MAY_CHANGE.join(", "))),
            )
        };
        problem.into_iter().for_each(|problem| cx.report(problem));
    }
}

/// Whether a path leads to, or below, the place that a pattern names.
fn is_within(path: &str, pattern: &str) -> bool {
    let mut parts = path.split('.').map(str::trim);
    pattern.split('.').all(|expected| parts.next().is_some_and(|part| expected == "*" || part == expected))
}

/// A problem of the system after a change.
fn attribute(mut problem: Diagnostic, change: &Change<'_>) -> Diagnostic {
    problem.title.push_str(&format!(" (after event \"{}\")", change.label));
    match problem.labels.first() {
        Some((place, _)) if change.span.contains(place) => problem,
        _ => problem.also(change.span, "after this change"),
    }
}

impl Change<'_> {
    /// Where it sets a path or something below.
    fn place(&self, pattern: &str) -> Span {
        let setting = self.settings.iter().find(|entry| is_within(&entry.key, pattern));
        setting.map_or(self.span, |entry| entry.key_span)
    }

    fn refuse(&self, cx: &mut Context, pattern: &str, title: String, label: &str, help: String) {
        cx.report(Diagnostic::new(title, self.place(pattern), label).help(help));
    }
}

/// Rules between a system and the next.
fn fits(cx: &mut Context, change: &Change<'_>, before: &Model, after: &Model) {
    if before.writes != after.writes
        && [before, after].iter().any(|model| matches!(model.writes, WriteStrategy::WriteBack(_)))
    {
        change.refuse(
            cx,
            "writes.strategy",
            "write-back cannot begin or end during a run".to_owned(),
            "dirty keys would be left to nobody",
            "change between the other strategies, or compare two variants".to_owned(),
        );
    }
    if let (Coalescing::Lease(one), Coalescing::Lease(other)) = (&before.coalescing, &after.coalescing)
        && one.lock_ttl_ns != other.lock_ttl_ns
    {
        change.refuse(
            cx,
            "coalescing",
            "coalescing.lease.lock_ttl cannot change during a run".to_owned(),
            "leases already granted have the old one",
            "change the other settings of the lease, or compare two variants".to_owned(),
        );
    }
    if before.database.retries.budget != after.database.retries.budget {
        change.refuse(
            cx,
            "database.retries",
            "database.retries.budget cannot change during a run".to_owned(),
            "repeat the budget that the database has already, or set database.retries.attempts alone",
            "for example \"database.retries.attempts\" = 2".to_owned(),
        );
    }
    for (tier, next) in before.tiers.iter().zip(&after.tiers) {
        if tier.capacity != next.capacity {
            capacity_fits(cx, change, tier, next);
        }
    }
}

fn capacity_fits(cx: &mut Context, change: &Change<'_>, tier: &Tier, next: &Tier) {
    let path = format!("tier.{}.capacity", tier.name);
    let same_unit = matches!(
        (tier.capacity, next.capacity),
        (Capacity::Entries(_), Capacity::Entries(_)) | (Capacity::Bytes(_), Capacity::Bytes(_))
    );
    let resizes = tier.redis.is_some()
        || matches!(
            tier.eviction,
            Eviction::Lru
                | Eviction::Fifo
                | Eviction::Clock
                | Eviction::Random
                | Eviction::Sieve
                | Eviction::Lfu
                | Eviction::Gdsf
        );
    let (title, label, help) = if !same_unit {
        (
            format!("{path} keeps its unit during a run"),
            "expected a capacity on both sides, both in entries or both in bytes",
            "give the tier a capacity from the start".to_owned(),
        )
    } else if matches!(tier.scope, Scope::Instance { .. }) && !change.restarts {
        (
            format!("{path} changes with a restart only"),
            "the size of a cache in the process is fixed when the process starts",
            "add restart = true to the change".to_owned(),
        )
    } else if matches!(tier.scope, Scope::Shared(_)) && !resizes {
        (
            format!("{path} cannot change during a run"),
            "the queues of this eviction algorithm have their sizes from the start",
            "use Redis's own eviction, lru, fifo, clock, random, sieve, lfu or gdsf".to_owned(),
        )
    } else {
        return;
    };
    change.refuse(cx, &path, title, label, help);
}

/// Rules about all revisions together.
fn fit_together(cx: &mut Context, changes: &[Change<'_>], model: &Model) {
    for tier in &model.tiers {
        let versions = model.key_versions(tier);
        if versions == 1 {
            continue;
        }
        let path = format!("tier.{}.key_version", tier.name);
        let Some(change) = changes.iter().find(|change| change.place(&path) != change.span) else { continue };
        if matches!(model.writes, WriteStrategy::WriteBack(_)) {
            change.refuse(
                cx,
                &path,
                format!("{path} cannot change under write-back"),
                "dirty keys would be left to nobody",
                "use another write strategy".to_owned(),
            );
        }
        let keys = model.keys().saturating_mul(versions as u64);
        if keys > MAX_KEYS {
            let title = format!("too many keys: {versions} versions of {}", grouped(model.keys()));
            let help = format!("expected at most {} keys in all versions", grouped(MAX_KEYS));
            change.refuse(cx, &path, title, "another key for each version", help);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_within;

    #[test]
    fn a_pattern_covers_its_place_and_what_is_below() {
        let cases = [
            ("tier.l2.ttl", "tier.*.ttl", true),
            ("tier.l2.refresh.xfetch.beta", "tier.*.refresh", true),
            ("tier.l2", "tier.*.ttl", false),
            ("tier.l2.network", "tier.*.ttl", false),
            ("coalescing.lease.poll", "coalescing", true),
            ("database.retries.attempts", "database.retries", true),
            ("database.servers", "database.retries", false),
        ];
        for (path, pattern, expected) in cases {
            assert_eq!(is_within(path, pattern), expected, "{path} in {pattern}");
        }
    }
}
