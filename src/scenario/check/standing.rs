//! Scenarios in which simulated time would stand still: users who send a request at the instant of their answer, and calls
//! that are repeated at the instant of their failure, where nothing on the way takes any time.
//!
//! Refused is only what is certain. What depends on chance, on an open breaker for instance, ends in an error while it
//! runs (`sim::instant`).

use super::invalidation::place;
use crate::declare::diagnostic::{Diagnostic, Span};
use crate::declare::fields::Context;
use crate::declare::file::Node;
use crate::model::{
    Arrivals, Coalescing, Database, Dist, DownMode, EventKind, Limit, Model, OnFailure, RETRIES_AT_ONCE,
    Scope, Target, Tier,
};
use crate::scenario::axes;
use crate::units::grouped;

const TITLE: &str = "simulated time would stand still";

pub(super) fn check(cx: &mut Context, root: &Node, model: &Model) {
    if !users(cx, root, model) {
        retries(cx, root, model);
    }
}

/// Users without think time who are answered or refused in no time; whether that is reported.
fn users(cx: &mut Context, root: &Node, model: &Model) -> bool {
    let Arrivals::Closed { users, think } = &model.workload.arrivals else { return false };
    if !is_zero(think) {
        return false;
    }
    let arrivals = place(root, &["workload", "arrivals"]);
    let answered = match model.tiers.first() {
        Some(Tier { scope: Scope::Instance { access_ns }, .. }) => *access_ns == 0,
        Some(Tier { scope: Scope::Shared(shared), .. }) => {
            is_zero(&shared.network) && shared.service_ns == 0 && shared.per_byte_ns == 0.0
        }
        None => is_zero(&model.database.read) && is_zero(&model.database.network),
    };
    if answered {
        let label = "no think time, and a hit takes no time either";
        let help = "give users a think time, or the first tier (without tiers: the database) a delay";
        cx.report(Diagnostic::new(TITLE, arrivals, label).help(help));
    }
    let event = refusing_event(root, model);
    if let Some((event, way_out)) = &event {
        let label = "users without think time whose requests are refused at once";
        cx.report(Diagnostic::new(TITLE, *event, label).help(format!("give users a think time{way_out}")));
    }
    if answered || event.is_some() {
        return true;
    }
    let users = u64::from(*users);
    if let Some(what) = refused_without_worker(model, users) {
        let problem = Diagnostic::new(TITLE, arrivals, format!("users without think time, and {what}"));
        let help = "give users a think time, such as think = \"10ms\", or clients.queue more places";
        cx.report(
            problem.also(place(root, &["clients", "queue"]), "the others are refused at once").help(help),
        );
        return true;
    }
    if let Some((path, what)) = refused_by_limits(model, users) {
        let problem = Diagnostic::new(TITLE, arrivals, format!("users without think time, and {what}"));
        let help = "give users a think time, such as think = \"10ms\", or the way to the database a delay \
                    (database.network)";
        cx.report(problem.also(place(root, &path), "the others are refused at once").help(help));
        return true;
    }
    false
}

/// An event that refuses requests in no time: its place, and the remedies beside a think time.
fn refusing_event(root: &Node, model: &Model) -> Option<(Span, String)> {
    let elements = root.elements("event");
    let labels = axes::event_labels(elements);
    model.events.iter().filter(|event| event.at_ns < model.duration_ns).find_map(|event| {
        let way_out = match event.what {
            EventKind::Crash { .. } => String::new(),
            EventKind::Down { target: Target::Database, fail: DownMode::Refuse, .. }
                if model.tiers.is_empty() && refuses_at_once(&model.database) =>
            {
                ", or the way to the database a delay (database.network)".to_owned()
            }
            EventKind::Down { target: Target::Tier(0), fail: DownMode::Refuse, .. }
            | EventKind::Restart { tier: 0, fail: DownMode::Refuse, .. } => {
                let tier = model.tiers.first()?;
                let Scope::Shared(shared) = &tier.scope else { return None };
                if shared.on_failure != OnFailure::Error || !is_zero(&shared.network) {
                    return None;
                }
                format!(", or the way to the tier a delay (tier.{}.network)", tier.name)
            }
            _ => return None,
        };
        let element = &elements[labels.iter().position(|label| *label == event.label)?];
        Some((element.get("what").map_or(element.span, |what| what.span), way_out))
    })
}

/// Whether a request that the database refuses fails at the instant at which it was sent.
fn refuses_at_once(database: &Database) -> bool {
    let retries = &database.retries;
    let gives_up = database.breaker.is_some() || database.limit.is_some() || retries.budget.is_some();
    is_zero(&database.network) && (retries.attempts == 1 || retries.backoff_ns == 0 || gives_up)
}

/// The room of all instances, where so many users exceed it.
fn refused_without_worker(model: &Model, users: u64) -> Option<String> {
    let clients = &model.clients;
    let room = u64::from(clients.workers?).saturating_add(clients.queue?);
    let room = room.saturating_mul(u64::from(clients.instances));
    (users > room).then(|| {
        format!("the instances have room for {} of their {} requests", grouped(room), grouped(users))
    })
}

/// Limits that so many users exceed with their first requests: the path of the limit, and what it is.
fn refused_by_limits(model: &Model, users: u64) -> Option<(Vec<&'static str>, String)> {
    let database = &model.database;
    let alone = matches!(model.coalescing, Coalescing::None) && model.tiers.is_empty();
    if !alone || !refuses_at_once(database) {
        return None;
    }
    let instances = u64::from(model.clients.instances);
    if let Some(Limit::Aimd { initial, .. }) = database.limit {
        let admitted = instances.saturating_mul(u64::from(initial));
        if users > admitted {
            let what = format!("at first {} of their {} requests may go", grouped(admitted), grouped(users));
            return Some((vec!["database", "limit"], what));
        }
    }
    let connected = database.pool.map_or(users, |pool| instances.saturating_mul(u64::from(pool)).min(users));
    let places = 1 + database.replicas.as_ref().map_or(0, |replicas| u64::from(replicas.count));
    let room = database.queue?.saturating_mul(places).saturating_add(database.all_servers()?);
    // Writes go to one place of several: more of them than it takes are refused sooner.
    (connected > room).then(|| {
        let what = format!("the database has room for {} of {} requests", grouped(room), grouped(connected));
        (vec!["database", "queue"], what)
    })
}

/// Retries without a pause against a refusal that takes no time.
fn retries(cx: &mut Context, root: &Node, model: &Model) {
    let database = &model.database;
    let retries = &database.retries;
    let endless = retries.attempts > RETRIES_AT_ONCE && retries.backoff_ns == 0 && retries.budget.is_none();
    if !endless || database.breaker.is_some() || !is_zero(&database.network) {
        return;
    }
    let elements = root.elements("event");
    let labels = axes::event_labels(elements);
    let down = model.events.iter().find(|event| {
        let refuses =
            matches!(event.what, EventKind::Down { target: Target::Database, fail: DownMode::Refuse, .. });
        refuses && event.at_ns < model.duration_ns
    });
    let down = down.and_then(|event| labels.iter().position(|label| *label == event.label));
    let (refusal, what) = match (down, database.queue) {
        (Some(element), _) => {
            let element = &elements[element];
            (element.get("what").map_or(element.span, |what| what.span), "here it refuses at once")
        }
        (None, Some(_)) => {
            (place(root, &["database", "queue"]), "when it is full the database refuses at once")
        }
        (None, None) => return,
    };
    let label = format!("{} attempts at one instant", grouped(u64::from(retries.attempts)));
    let help = format!(
        "give retries a backoff, such as \"50ms\", or at most {} attempts; or the way to the database a delay \
         (database.network)",
        grouped(u64::from(RETRIES_AT_ONCE))
    );
    let span = place(root, &["database", "retries", "attempts"]);
    cx.report(Diagnostic::new(TITLE, span, label).also(refusal, what).help(help));
}

fn is_zero(dist: &Dist) -> bool {
    match dist {
        Dist::Constant { ns } => *ns == 0.0,
        Dist::Empirical { ns } => ns.iter().all(|ns| *ns == 0.0),
        Dist::Quantiles(quantiles) => quantiles.mean_ns() == 0.0,
        _ => false,
    }
}
