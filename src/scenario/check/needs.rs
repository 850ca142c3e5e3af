//! Options that are read only beside another one: refused where no variant of the file has what they need.

use super::idle::is_settled;
use crate::declare::diagnostic::Diagnostic;
use crate::declare::fields::Context;
use crate::declare::file::{Node, Value};
use crate::model::{
    Capacity, Class, EventKind, Model, RedisEviction, Scope, SharedTier, Tier, TimedEvent, Variant,
};
use crate::scenario::axes;

/// An option, and what it needs.
struct Need {
    /// The option from the root. `*` stands for the name of a tier or a class.
    path: &'static [&'static str],
    /// The value that needs nothing.
    off: Off,
    /// Parts of the file that decide it.
    parts: &'static [&'static str],
    /// Whether a variant reads it. The name is that of the tier or class, else empty.
    is_read: fn(&Model, &str) -> bool,
    /// Why nobody does.
    label: &'static str,
    way_out: &'static str,
}

/// The value of an option that needs nothing: a variant may take it back with this.
enum Off {
    /// Every value needs something.
    Nothing,
    Word(&'static str),
    Truth(bool),
}

const NEEDS: &[Need] = &[
    Need {
        path: &["database", "pool_timeout"],
        off: Off::Word("none"),
        parts: &["database.pool"],
        is_read: |model, _| model.database.pool.is_some(),
        label: "no variant has a pool, so nobody waits for a connection",
        way_out: "set database.pool, or leave it out",
    },
    Need {
        path: &["database", "cancel_on_timeout"],
        off: Off::Truth(false),
        parts: &["database.timeout"],
        is_read: |model, _| model.database.timeout_ns.is_some(),
        label: "no variant has a timeout, so no attempt is given up",
        way_out: "set database.timeout, or leave it out",
    },
    Need {
        path: &["database", "connect"],
        off: Off::Word("none"),
        parts: &["database.pool", "database.close_on_timeout"],
        is_read: |model, _| {
            let opens = model.closes_connections() || model.database.max_connections.is_some();
            model.database.pool.is_some() && opens
        },
        label: "no variant has both a pool and something that closes its connections",
        way_out: "set database.pool and database.close_on_timeout, or an event such as deploy or down, or leave it out",
    },
    Need {
        path: &["database", "max_connections"],
        off: Off::Word("unlimited"),
        parts: &["database.pool"],
        is_read: |model, _| model.database.pool.is_some(),
        label: "no variant has a pool, so nobody keeps connections",
        way_out: "set database.pool, the connections of each instance, or leave it out",
    },
    Need {
        path: &["database", "close_on_timeout"],
        off: Off::Truth(false),
        parts: &["database.timeout", "database.pool"],
        is_read: |model, _| model.database.timeout_ns.is_some() && model.database.pool.is_some(),
        label: "no variant has both a timeout and a pool, so no connection is closed",
        way_out: "set database.timeout and database.pool, or leave it out",
    },
    Need {
        path: &["database", "row_lock"],
        off: Off::Truth(false),
        parts: &["workload.write_share"],
        is_read: |model, _| model.workload.writes(),
        label: "nothing is written, in any variant, so no row is locked",
        way_out: "set workload.write_share, or leave it out",
    },
    Need {
        path: &["database", "late_fill"],
        off: Off::Truth(true),
        parts: &["database.timeout", "database.hedge"],
        is_read: |model, _| {
            let database = &model.database;
            database.timeout_ns.is_some() && !database.close_on_timeout || database.hedge.is_some()
        },
        label: "no variant has a timeout or a hedge, so no answer comes too late",
        way_out: "set database.timeout, or leave it out",
    },
    Need {
        path: &["database", "error_ttl"],
        off: Off::Word("none"),
        parts: FAILS,
        is_read: |model, _| database_fails(model) || model.database.breaker.is_some(),
        label: "no call of the database can fail, in any variant",
        way_out: "set database.timeout or database.queue, or leave it out",
    },
    Need {
        path: &["database", "retries"],
        off: Off::Word("none"),
        parts: FAILS,
        is_read: |model, _| database_fails(model) || model.database.breaker.is_some(),
        label: "no call of the database can fail, in any variant",
        way_out: "set database.timeout or database.queue, or leave it out",
    },
    Need {
        path: &["database", "retries", "backoff"],
        off: Off::Nothing,
        parts: &["database.retries"],
        is_read: |model, _| model.database.retries.attempts > 1,
        label: "with attempts = 1 nothing is retried",
        way_out: "allow more attempts, or leave it out",
    },
    Need {
        path: &["database", "retries", "factor"],
        off: Off::Nothing,
        parts: &["database.retries"],
        is_read: grows,
        label: "the first pause is that of backoff: a factor takes three attempts and a backoff",
        way_out: "set backoff and allow more attempts, or leave it out",
    },
    Need {
        path: &["database", "retries", "max"],
        off: Off::Word("none"),
        parts: &["database.retries"],
        is_read: backs_off,
        label: "without a backoff there is no pause that it could limit",
        way_out: "set backoff, or leave it out",
    },
    Need {
        path: &["database", "retries", "jitter"],
        off: Off::Nothing,
        parts: &["database.retries"],
        is_read: backs_off,
        label: "without a backoff there is no pause that it could spread",
        way_out: "set backoff, or leave it out",
    },
    Need {
        path: &["database", "breaker"],
        off: Off::Word("none"),
        parts: FAILS,
        is_read: |model, _| database_fails(model),
        label: "no call of the database can fail, in any variant",
        way_out: "set database.timeout or database.queue, or leave it out",
    },
    Need {
        path: &["database", "write"],
        off: Off::Nothing,
        parts: WRITTEN,
        is_read: |model, _| model.workload.writes(),
        label: "nothing is written, in any variant",
        way_out: WRITE,
    },
    Need {
        path: &["class", "*", "ttl"],
        off: Off::Nothing,
        parts: &["tier"],
        is_read: |model, name| {
            let stored = |class: &Class| {
                class.bypass.is_empty() || (0..model.tiers.len()).any(|tier| !class.bypasses(tier))
            };
            model.workload.classes.iter().any(|class| class.name == name && stored(class))
        },
        label: "requests of this class pass by every tier, so nothing of it is stored, in any variant",
        way_out: "leave it out, or name fewer tiers in bypass",
    },
    Need {
        path: &["class", "*", "database", "write"],
        off: Off::Nothing,
        parts: WRITTEN,
        is_read: |model, name| {
            (model.workload.classes.iter()).any(|class| class.name == name && class.write_share > 0.0)
        },
        label: "nothing of this class is written, in any variant",
        way_out: "set its write_share, or leave it out",
    },
    Need {
        path: &["class", "*", "keys_per_entity"],
        off: Off::Nothing,
        parts: WRITTEN,
        is_read: |model, name| {
            (model.workload.classes.iter())
                .any(|class| class.name == name && (class.write_share > 0.0 || class.keys_per_entity == 1))
        },
        label: "nothing of this class is written, in any variant",
        way_out: "set its write_share, or leave it out",
    },
    Need {
        path: &["tier", "*", "pool_timeout"],
        off: Off::Word("none"),
        parts: &["tier"],
        is_read: |model, name| of_shared(model, name, |shared, _| shared.pool.is_some()),
        label: "no variant has a pool, so nobody waits for a connection",
        way_out: "set the pool of the tier, or leave it out",
    },
    Need {
        path: &["tier", "*", "on_failure"],
        off: Off::Word("next"),
        parts: &["tier", "event"],
        is_read: |model, name| {
            let fails = |shared: &SharedTier, tier: &Tier| {
                shared.breaker.is_some() || tier_fails(model, shared, tier)
            };
            of_shared(model, name, fails)
        },
        label: "no command of this tier can fail, in any variant",
        way_out: "set the timeout of the tier, or leave it out",
    },
    Need {
        path: &["tier", "*", "breaker"],
        off: Off::Word("none"),
        parts: &["tier", "event"],
        is_read: |model, name| of_shared(model, name, |shared, tier| tier_fails(model, shared, tier)),
        label: "no command of this tier can fail, in any variant",
        way_out: "set the timeout of the tier, or leave it out",
    },
    Need {
        path: &["writes", "strategy"],
        off: Off::Nothing,
        parts: WRITTEN,
        is_read: |model, _| model.workload.writes(),
        label: "nothing is written, in any variant",
        way_out: WRITE,
    },
    Need {
        path: &["writes", "mark_stale"],
        off: Off::Truth(false),
        parts: &["tier", "coalescing"],
        is_read: |model, _| model.serves_expired(),
        label: "no tier serves what has expired, in any variant: a DELETE deletes",
        way_out: "set a grace (tier.*.refresh, tier.*.fail_safe) or coalescing.lease.serve_stale, or leave it out",
    },
    Need {
        path: &["writes", "strategy"],
        off: Off::Nothing,
        parts: &["tier", "writes"],
        is_read: |model, _| !model.tiers.is_empty(),
        label: "there is no cache, in any variant",
        way_out: "add a [[tier]], or leave it out",
    },
    Need {
        path: &["clients", "route"],
        off: Off::Word("random"),
        parts: &["clients"],
        is_read: |model, _| model.clients.instances > 1,
        label: "there is one instance, in every variant",
        way_out: "set clients.instances, or leave it out",
    },
    Need {
        path: &["clients", "started"],
        off: Off::Nothing,
        parts: &["event", "clients"],
        is_read: |model, _| {
            model.clients.autoscale.is_some() || model.events.iter().any(|event| event.what.scales())
        },
        label: "no variant starts the others",
        way_out: "add an event { scale = { instances = 12 } }, set clients.autoscale, or leave it out",
    },
    Need {
        path: &["clients", "slow_start"],
        off: Off::Word("0s"),
        parts: &["event", "clients"],
        is_read: |model, _| model.fleet_varies() || model.instances_crash(),
        label: "no variant has a new instance while it runs",
        way_out: "add an event such as { scale = { instances = 12 } }, set clients.autoscale, or leave it out",
    },
    Need {
        path: &["invalidation", "cdc", "retry"],
        off: Off::Nothing,
        parts: &["tier", "event", "invalidation"],
        is_read: |model, _| {
            model.tiers.iter().any(|tier| match &tier.scope {
                Scope::Shared(shared) => shared.breaker.is_some() || tier_fails(model, shared, tier),
                Scope::Instance { .. } => false,
            })
        },
        label: "no DELETE of the consumer can fail, in any variant",
        way_out: "set the timeout of a shared tier, or leave it out",
    },
    Need {
        path: &["price", "cache_gb_month"],
        off: Off::Nothing,
        parts: &["tier"],
        is_read: |model, _| has_shared_tier(model),
        label: NO_SHARED_TIER,
        way_out: ADD_SHARED_TIER,
    },
    Need {
        path: &["price", "cache_million_commands"],
        off: Off::Nothing,
        parts: &["tier"],
        is_read: |model, _| has_shared_tier(model),
        label: NO_SHARED_TIER,
        way_out: ADD_SHARED_TIER,
    },
    Need {
        path: &["price", "traffic_gb"],
        off: Off::Nothing,
        parts: &["tier"],
        is_read: |model, _| has_shared_tier(model),
        label: NO_SHARED_TIER,
        way_out: ADD_SHARED_TIER,
    },
    Need {
        path: &["price", "instance_gb_month"],
        off: Off::Nothing,
        parts: &["tier"],
        is_read: |model, _| model.tiers.iter().any(|tier| matches!(tier.scope, Scope::Instance { .. })),
        label: "no variant has a tier in its instances",
        way_out: "add a tier with scope = \"instance\", or leave it out",
    },
    Need {
        path: &["price", "database_server_month"],
        off: Off::Nothing,
        parts: &["database.servers"],
        is_read: |model, _| model.database.all_servers().is_some(),
        label: "no variant has a number of servers to pay for",
        way_out: "set database.servers, or price the machine: database_month",
    },
    Need {
        path: &["price", "objective_minute"],
        off: Off::Nothing,
        parts: &["slo"],
        is_read: |model, _| model.slo.is_some(),
        label: "there is no [slo] that could be broken",
        way_out: "set slo.latency, or leave it out",
    },
    Need {
        path: &["measure", "wire"],
        off: Off::Truth(false),
        parts: &["tier"],
        is_read: |model, _| has_shared_tier(model),
        label: NO_SHARED_TIER,
        way_out: ADD_SHARED_TIER,
    },
];

const NO_SHARED_TIER: &str = "no variant has a shared tier, so no cache is reached over a wire";
const ADD_SHARED_TIER: &str = "add a tier with scope = \"shared\", or leave it out";

/// The options that decide whether a call of the database can fail.
const FAILS: &[&str] = &[
    "database.timeout",
    "database.queue",
    "database.pool",
    "database.pool_timeout",
    "database.limit",
    "database.breaker",
    "clients.deadline",
    "event",
];

/// The options that decide whether anything is written.
const WRITTEN: &[&str] = &["workload.write_share", "workload.arrivals.trace", "class"];

const WRITE: &str = "set workload.write_share, or the write_share of a class; or leave it out";

fn has_shared_tier(model: &Model) -> bool {
    model.tiers.iter().any(|tier| matches!(tier.scope, Scope::Shared(_)))
}

fn backs_off(model: &Model, _: &str) -> bool {
    model.database.retries.attempts > 1 && model.database.retries.backoff_ns > 0
}

fn grows(model: &Model, _: &str) -> bool {
    model.database.retries.attempts > 2 && model.database.retries.backoff_ns > 0
}

/// Whether a call of the database may fail for another reason than a breaker. An event may be one, and so may a deadline.
fn database_fails(model: &Model) -> bool {
    let database = &model.database;
    database.timeout_ns.is_some()
        || database.queue.is_some()
        || database.pool.is_some() && database.pool_timeout_ns.is_some()
        || database.limit.is_some()
        || database.pool.is_some() && database.max_connections.is_some()
        || model.clients.deadline_ns.is_some()
        || !model.events.is_empty()
}

/// Whether a command of a tier may fail for another reason than a breaker.
fn tier_fails(model: &Model, shared: &SharedTier, tier: &Tier) -> bool {
    let refuses_to_grow = tier.redis.is_some_and(|redis| redis.eviction == RedisEviction::NoEviction);
    shared.timeout_ns.is_some()
        || shared.pool.is_some() && shared.pool_timeout_ns.is_some()
        || refuses_to_grow && tier.capacity != Capacity::Unbounded
        || model.clients.deadline_ns.is_some()
        || !model.events.is_empty()
}

/// Whether the tier of this name is shared and has it. One that is switched off is not asked.
fn of_shared(model: &Model, name: &str, has: impl Fn(&SharedTier, &Tier) -> bool) -> bool {
    match model.tiers.iter().find(|tier| tier.name == name) {
        Some(tier @ Tier { scope: Scope::Shared(shared), .. }) => has(shared, tier),
        Some(_) => false,
        None => true,
    }
}

/// `variants` are all of the file.
pub(super) fn check(cx: &mut Context, root: &Node, variants: &[Variant]) {
    for need in NEEDS {
        let option = need.path.iter().take_while(|part| **part != "*").copied().collect::<Vec<_>>().join(".");
        if !need.parts.iter().all(|part| is_settled(root, part)) || !is_settled(root, &option) {
            continue;
        }
        let names: Vec<String> = match need.path {
            [section, "*", ..] => axes::names(root.elements(section)),
            _ => vec![String::new()],
        };
        for name in names {
            let path: Vec<&str> =
                need.path.iter().map(|&part| if part == "*" { name.as_str() } else { part }).collect();
            let asks = |node: &&Node| match need.off {
                Off::Nothing => true,
                Off::Word(word) => node.as_str() != Some(word),
                Off::Truth(truth) => !matches!(node.value, Value::Boolean(value) if value == truth),
            };
            let Some(node) = given(root, &path).into_iter().find(asks) else { continue };
            if !variants.iter().any(|variant| (need.is_read)(&variant.model, &name)) {
                let title = format!("{} does not apply", path.join("."));
                cx.report(Diagnostic::new(title, node.span, need.label).help(need.way_out));
                // Why once is enough.
                break;
            }
        }
    }
    if ["workload", "class"].iter().all(|part| is_settled(root, part)) {
        shadowed(cx, root);
    }
    if is_settled(root, "event") {
        failover(cx, root, variants);
    }
}

/// How a lost node fails, where others take over at once.
fn failover(cx: &mut Context, root: &Node, variants: &[Variant]) {
    let elements = root.elements("event");
    for (element, label) in elements.iter().zip(axes::event_labels(elements)) {
        let lost = element.get("what").and_then(|what| what.get("node_lost"));
        let Some(fail) = lost.and_then(|lost| lost.get("fail")) else { continue };
        let matters = |event: &TimedEvent| {
            event.label == label && !matches!(event.what, EventKind::NodeLost { failover_ns: Some(0), .. })
        };
        let switched_off = |variant: &Variant| !variant.model.events.iter().any(|event| event.label == label);
        let is_read = |variant: &Variant| switched_off(variant) || variant.model.events.iter().any(matters);
        if !variants.iter().any(is_read) {
            let label = "others take over at once, in every variant: nobody meets the lost node";
            let way_out = "set failover, or leave it out";
            cx.report(Diagnostic::new("node_lost.fail does not apply", fail.span, label).help(way_out));
        }
    }
}

/// The values that the file and its variants give to an option.
fn given<'n>(root: &'n Node, path: &[&str]) -> Vec<&'n Node> {
    let below = |node: &'n Node, rest: &[&str]| rest.iter().try_fold(node, |node, part| node.get(part));
    let of_file = match path {
        [section @ ("tier" | "class"), name, rest @ ..] => {
            let elements = root.elements(section);
            let place = axes::names(elements).iter().position(|known| known == name);
            place.and_then(|place| below(&elements[place], rest))
        }
        _ => below(root, path),
    };
    let of_variants = root
        .elements("variant")
        .iter()
        .filter_map(|variant| variant.get("set").and_then(Node::as_table))
        .flatten()
        .filter_map(|entry| {
            let set: Vec<&str> = entry.key.split('.').map(str::trim).collect();
            path.starts_with(&set).then(|| below(&entry.value, &path[set.len()..]))?
        });
    of_file.into_iter().chain(of_variants).collect()
}

/// Settings of `[workload]` for all classes that each of them has itself.
fn shadowed(cx: &mut Context, root: &Node) {
    const OF_BOTH: [&str; 6] =
        ["value_size", "key_size", "write_share", "keys_per_entity", "exists_share", "keys_per_request"];
    /// Rows that are absent are not written unless their class sets it.
    const NOT_OF_ABSENT: [&str; 2] = ["write_share", "keys_per_entity"];
    let classes = root.elements("class");
    if classes.is_empty() {
        return;
    }
    for name in OF_BOTH {
        let Some(node) = root.get("workload").and_then(|workload| workload.get(name)) else { continue };
        let is_absent =
            |class: &Node| matches!(class.get("absent").map(|node| &node.value), Some(Value::Boolean(true)));
        let says =
            |class: &Node| class.get(name).is_some() || NOT_OF_ABSENT.contains(&name) && is_absent(class);
        if classes.iter().all(says) {
            let title = format!("workload.{name} does not apply");
            let label = "it is for classes without a value of their own, and there is none";
            cx.report(Diagnostic::new(title, node.span, label).help("leave it out"));
        }
    }
}
