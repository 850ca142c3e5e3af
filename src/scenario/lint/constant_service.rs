//! `constant-service`: percentiles of a database whose service times have no tail.

use super::rules::View;
use crate::declare::diagnostic::{Diagnostic, Span};
use crate::declare::file::Node;
use crate::model::Dist;

pub(super) fn constant_service(view: &mut View<'_>) {
    let Some((asked, asked_place)) = tail(view.tree) else { return };
    let general = &view.model.database.read;
    let is_constant = |read: &Dist| read.is_constant() && read.mean_ns() > 0.0;
    let constant = view
        .model
        .workload
        .classes
        .iter()
        .find(|class| is_constant(class.costs.db_read.as_ref().unwrap_or(general)));
    let Some(class) = constant else { return };
    let (title, place) = match &class.costs.db_read {
        Some(_) => (
            format!("reads of class {} all take the database the same time", class.name),
            view.class_place(class, "database"),
        ),
        None => ("all reads take the database the same time".to_owned(), view.database_place("read")),
    };
    let label = format!("has no tail, and {asked} is asked for");
    view.warn("constant-service", Diagnostic::new(title, place, label).also(asked_place, "depends on it"));
}

/// The first percentile of a latency or a wait that the file asks for by name, and where; the objective of `[slo]` is one too.
fn tail(tree: &Node) -> Option<(String, Span)> {
    let limited = tree.elements("threshold").iter().filter_map(|threshold| threshold.get("measure"));
    let named = tree.elements("headline").iter().chain(limited);
    let mut asked = named.filter_map(|node| Some((node.as_str()?.to_owned(), node.span)));
    let objective = || Some(("slo.latency".to_owned(), tree.get("slo")?.get("latency")?.span));
    asked.find(|(name, _)| is_tail(name)).or_else(objective)
}

/// Whether a measure is a high percentile, or the maximum, of a latency or of a wait.
fn is_tail(name: &str) -> bool {
    let is_time =
        name.ends_with("_ms") && ["latency.", ".queue.", ".wait."].iter().any(|part| name.contains(part));
    is_time && [".p90", ".p95", ".p99", ".max_ms"].iter().any(|part| name.contains(part))
}
