//! `[database]`.

use super::guard;
use crate::model::{Background, Contention, Database, Dist, Nanos, Replicas, Retries};
use crate::scenario::diagnostic::Diagnostic;
use crate::scenario::fields::{Context, Fields};
use crate::scenario::file::Node;
use crate::scenario::values::{
    at_least, count, dist, duration, integer, positive_duration, rate, share, truth,
};

pub(super) fn database(cx: &mut Context, node: &Node) -> Option<Database> {
    Fields::with(cx, node, "[database]", |f| {
        let servers = f.read_unless("servers", "unlimited", count(1));
        let queue = f.read_unless("queue", "unbounded", integer(0, u64::MAX));
        if let (None, Some(_), true) = (servers, queue, f.sound()) {
            let (place, title) = (f.place("queue"), "database.queue does not apply");
            f.cx.report(
                Diagnostic::new(title, place, "a database with unlimited servers never queues")
                    .help("set database.servers, or queue = \"unbounded\""),
            );
        }
        let read = f.require("read", "its time to serve a read, such as \"20ms\" or a distribution", dist);
        let write = f.read("write", dist).or_else(|| read.clone());
        let network = f.read("network", dist).unwrap_or(Dist::ZERO);
        let pool = f.read_unless("pool", "unlimited", count(1));
        let pool_timeout_ns = f.read_unless("pool_timeout", "none", positive_duration);
        let timeout_ns = f.read_unless("timeout", "none", positive_duration);
        let cancel_on_timeout = f.read("cancel_on_timeout", truth).unwrap_or(false);
        let late_fill = f.read("late_fill", truth).unwrap_or(true);
        let retries = f.read_unless("retries", "none", retries).unwrap_or(Retries {
            attempts: 1,
            backoff_ns: 0,
            factor: 2.0,
            max_backoff_ns: Nanos::MAX,
            jitter: 0.0,
            budget: None,
        });
        let contention = f.read_unless("contention", "none", contention);
        let background = f.read_unless("background", "none", |cx, node| background(cx, node, read.as_ref()));
        let replicas = f.read_unless("replicas", "none", |cx, node| replicas(cx, node, servers));
        let breaker = f.read_unless("breaker", "none", guard::breaker);
        let limit = f.read_unless("limit", "none", guard::limit);
        let hedge = f.read_unless("hedge", "none", |cx, node| guard::hedge(cx, node, timeout_ns));
        Some(Database {
            servers,
            queue,
            read: read?,
            write: write?,
            network,
            pool,
            pool_timeout_ns,
            timeout_ns,
            cancel_on_timeout,
            late_fill,
            retries,
            contention,
            background,
            replicas,
            breaker,
            limit,
            hedge,
        })
    })
}

fn retries(cx: &mut Context, node: &Node) -> Option<Retries> {
    Fields::with(cx, node, "{ attempts = 3, backoff = \"50ms\" }", |f| {
        let attempts = f.require("attempts", "the number of attempts in all, such as 3", count(1));
        let backoff_ns = f.read("backoff", duration).unwrap_or(0);
        let factor = f.read("factor", at_least(1.0)).unwrap_or(2.0);
        let max_backoff_ns = f.read_unless("max", "none", positive_duration).unwrap_or(Nanos::MAX);
        let jitter = f.read("jitter", share).unwrap_or(0.0);
        let budget = f.read_unless("budget", "none", |cx, node| guard::budget(cx, node, attempts));
        Some(Retries { attempts: attempts?, backoff_ns, factor, max_backoff_ns, jitter, budget })
    })
}

fn contention(cx: &mut Context, node: &Node) -> Option<Contention> {
    Fields::with(cx, node, "{ sigma = 0.01, kappa = 0.0001 }", |f| {
        let sigma = f.read("sigma", at_least(0.0)).unwrap_or(0.0);
        let kappa = f.read("kappa", at_least(0.0)).unwrap_or(0.0);
        f.refuse_empty();
        Some(Contention { sigma, kappa })
    })
}

/// Most replicas of one database.
const REPLICAS_MAX: u64 = 64;

fn replicas(cx: &mut Context, node: &Node, servers: Option<u32>) -> Option<Replicas> {
    Fields::with(cx, node, "{ count = 2, lag = \"100ms\" }", |f| {
        let count = f.require("count", "the number of replicas, such as 2", integer(1, REPLICAS_MAX));
        let lag =
            f.require("lag", "the time from a commit to its being visible there, such as \"100ms\"", dist);
        let own = f.given("servers");
        let own_servers = f.read_unless("servers", "unlimited", crate::scenario::values::count(1));
        Some(Replicas { count: count? as u32, lag: lag?, servers: if own { own_servers } else { servers } })
    })
}

fn background(cx: &mut Context, node: &Node, read: Option<&Dist>) -> Option<Background> {
    Fields::with(cx, node, "{ rate = 200 }", |f| {
        let rate = f.require("rate", "requests per second", rate);
        let service = f.read("service", dist).or_else(|| read.cloned());
        Some(Background { rate_per_s: rate?, service: service? })
    })
}
