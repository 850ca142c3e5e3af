//! What is refused, by name.

use super::{Rule, Used};
use crate::live::servers::RedisSettings;
use crate::model::{
    Around, Arrivals, Capacity, Class, Coalescing, DownMode, EventKind, Model, MultiGet, Order, Refresh,
    Scope, SharedTier, Target, Tier, WriteStrategy,
};

const LEAVE_OUT: &str = "leave it out, or try it with `herdlab run`";
const NOT_YET: &str = "no client here does that";
const NOT_COUNTED: &str = "real clients and servers do not count it";
const TOGETHER: &str = "the two have no command of Redis in common";

const fn rule(option: &'static str, why: &'static str, used: fn(&Model) -> Vec<String>) -> Rule {
    Rule { option, why, way_out: LEAVE_OUT, used: Used::InVariants(used), own_play_it: false }
}

fn once(path: &str, is_used: bool) -> Vec<String> {
    if is_used { vec![path.to_owned()] } else { Vec::new() }
}

/// The shared tiers of which something holds.
fn tiers(model: &Model, option: &str, holds: impl Fn(&Tier, &SharedTier) -> bool) -> Vec<String> {
    let shared = model.tiers.iter().filter_map(|tier| match &tier.scope {
        Scope::Shared(shared) => Some((tier, shared)),
        Scope::Instance { .. } => None,
    });
    shared
        .filter(|(tier, shared)| holds(tier, shared))
        .map(|(tier, _)| format!("tier.{}.{option}", tier.name))
        .collect()
}

/// The tiers, of either scope, of which something holds.
fn any_tiers(model: &Model, option: &str, holds: impl Fn(&Tier) -> bool) -> Vec<String> {
    let meant = model.tiers.iter().filter(|tier| holds(tier));
    meant.map(|tier| format!("tier.{}.{option}", tier.name)).collect()
}

fn classes(model: &Model, option: &str, holds: impl Fn(&Class) -> bool) -> Vec<String> {
    let meant = model.workload.classes.iter().filter(|class| holds(class));
    meant.map(|class| format!("class.{}.{option}", class.name)).collect()
}

fn events(model: &Model, is_meant: impl Fn(&EventKind) -> bool) -> Vec<String> {
    let meant = model.events.iter().filter(|event| is_meant(&event.what));
    meant.map(|event| format!("event.{}", event.label)).collect()
}

fn has_lease(model: &Model) -> bool {
    matches!(model.coalescing, Coalescing::Lease(_))
}

pub(super) const RULES: &[Rule] = &[
    Rule {
        way_out: "name a warm-up, such as \"5s\"; `herdlab run` shows the one that it finds",
        ..rule("warmup.auto", "only simulations look for their warm-up", |model| {
            once("warmup", model.warmup_auto)
        })
    },
    Rule {
        way_out: "give the number of repetitions with --replications",
        used: Used::ByAll(|experiment| experiment.precision.is_some()),
        ..rule("precision", "repetitions are not added by themselves", |_| Vec::new())
    },
    rule("workload.arrivals.closed", "only arrivals that are known before the start are played", |model| {
        once("workload.arrivals.closed", matches!(model.workload.arrivals, Arrivals::Closed { .. }))
    }),
    rule("limiter", NOT_YET, |model| once("limiter", model.limiter.is_some())),
    rule("clients.started", NOT_YET, |model| once("clients.started", model.clients.started.is_some())),
    rule("clients.slow_start", NOT_YET, |model| once("clients.slow_start", model.clients.slow_start_ns > 0)),
    rule("clients.autoscale", NOT_YET, |model| once("clients.autoscale", model.clients.autoscale.is_some())),
    rule("clients.workers", NOT_YET, |model| once("clients.workers", model.clients.workers.is_some())),
    rule("clients.queue", NOT_YET, |model| once("clients.queue", model.clients.queue.is_some())),
    rule("class.bypass", NOT_YET, |model| classes(model, "bypass", |class| !class.bypass.is_empty())),
    rule("class.cacheable", NOT_YET, |model| classes(model, "cacheable", |class| !class.cacheable)),
    rule("tier.fail_safe", NOT_YET, |model| any_tiers(model, "fail_safe", |tier| tier.fail_safe.is_some())),
    rule("tier.fill", NOT_YET, |model| any_tiers(model, "fill", |tier| !tier.fill)),
    rule("tier.admit", NOT_YET, |model| any_tiers(model, "admit", |tier| !tier.admit.is_all())),
    rule("tier.hit_for_miss", NOT_YET, |model| {
        any_tiers(model, "hit_for_miss", |tier| tier.hit_for_miss_ns.is_some())
    }),
    rule("tier.refresh.grace", NOT_YET, |model| {
        let is_alone = |tier: &Tier| matches!(tier.refresh, Refresh::StaleWhileRevalidate { .. });
        any_tiers(model, "refresh", |tier| tier.refresh.grace_ns() > 0 && !is_alone(tier))
    }),
    rule("invalidation.broadcast.lost", "messages here arrive", |model| {
        let lost = model.invalidation.broadcast.as_ref().map_or(0.0, |broadcast| broadcast.lost);
        once("invalidation.broadcast.lost", lost > 0.0)
    }),
    rule("tier.nodes", "there is one Redis", |model| tiers(model, "nodes", |_, shared| shared.nodes > 1)),
    rule("tier.breaker", NOT_YET, |model| tiers(model, "breaker", |_, shared| shared.breaker.is_some())),
    rule("tier.serialize", NOT_YET, |model| {
        tiers(model, "serialize", |_, shared| shared.serialize_per_byte_ns > 0.0)
    }),
    rule("tier.compress", NOT_YET, |model| tiers(model, "compress", |_, shared| shared.compress.is_some())),
    rule("tier.bandwidth", "the link is as fast as it is", |model| {
        tiers(model, "bandwidth", |_, shared| shared.bandwidth_bytes_per_s.is_some())
    }),
    rule("tier.recorded_ttl", NOT_YET, |model| {
        let recorded = model.tiers.iter().filter(|tier| tier.recorded_ttl.is_some());
        recorded.map(|tier| format!("tier.{}.recorded_ttl", tier.name)).collect()
    }),
    Rule {
        way_out: "write it as memory, such as \"64MB\"",
        ..rule("tier.capacity.entries", "Redis counts memory, not entries", |model| {
            tiers(model, "capacity", |tier, _| matches!(tier.capacity, Capacity::Entries(_)))
        })
    },
    Rule {
        way_out: "use one of Redis's own, such as \"allkeys-lru\"",
        ..rule("tier.eviction.exact", "Redis has no such eviction", |model| {
            let is_of_redis = RedisSettings::of(model).is_ok();
            tiers(model, "eviction", |tier, _| !is_of_redis && matches!(tier.capacity, Capacity::Bytes(_)))
        })
    },
    rule("tier.scope.shared", "there is one Redis, for one shared tier", |model| {
        tiers(model, "scope", |_, _| true).into_iter().skip(1).collect()
    }),
    rule("tier.sliding.refresh", "the server alone has the present end of a sliding life", |model| {
        let absent = model.workload.creates();
        tiers(model, "sliding", |tier, _| tier.sliding && (tier.refresh != Refresh::None || absent))
    }),
    rule("tier.refresh.lease", TOGETHER, |model| {
        tiers(model, "refresh", |tier, _| has_lease(model) && tier.refresh != Refresh::None)
    }),
    rule("tier.multi_get.lease", TOGETHER, |model| {
        let at_lookup = matches!(model.coalescing, Coalescing::Singleflight { around: Around::Lookup });
        tiers(model, "multi_get", |tier, shared| {
            shared.multi_get != MultiGet::FanOut && (has_lease(model) || at_lookup || tier.sliding)
        })
    }),
    rule("database.cancel_on_timeout", NOT_YET, |model| {
        once("database.cancel_on_timeout", model.database.cancel_on_timeout)
    }),
    rule("database.close_on_timeout", NOT_YET, |model| {
        once("database.close_on_timeout", model.database.close_on_timeout)
    }),
    rule("database.connect", NOT_YET, |model| once("database.connect", model.database.connect.is_some())),
    rule("database.max_connections", "the server has its own limit", |model| {
        once("database.max_connections", model.database.max_connections.is_some())
    }),
    rule("database.error_ttl", NOT_YET, |model| {
        once("database.error_ttl", model.database.error_ttl_ns.is_some())
    }),
    rule("database.background", NOT_YET, |model| {
        once("database.background", model.database.background.is_some())
    }),
    rule("database.replicas", "there is one PostgreSQL", |model| {
        once("database.replicas", model.database.replicas.is_some())
    }),
    rule("database.breaker", NOT_YET, |model| once("database.breaker", model.database.breaker.is_some())),
    rule("database.limit", NOT_YET, |model| once("database.limit", model.database.limit.is_some())),
    rule("database.hedge", NOT_YET, |model| once("database.hedge", model.database.hedge.is_some())),
    rule("writes.strategy.write-back", NOT_YET, |model| {
        once("writes.strategy.write-back", matches!(model.writes, WriteStrategy::WriteBack(_)))
    }),
    rule("writes.order.before-commit", "the version of a value is not known before its commit", |model| {
        let sets = matches!(model.writes, WriteStrategy::Update | WriteStrategy::WriteThrough);
        once("writes.order", model.write_options.order == Order::BeforeCommit && sets)
    }),
    rule("writes.versioned.lease", TOGETHER, |model| {
        once("writes.versioned", model.write_options.tombstone_ttl_ns.is_some() && has_lease(model))
    }),
    rule("writes.mark_stale", NOT_YET, |model| once("writes.mark_stale", model.write_options.mark_stale)),
    rule("invalidation.tracking", NOT_YET, |model| {
        once("invalidation.tracking", model.invalidation.tracking.is_some())
    }),
    rule("invalidation.broadcast.cuts", "connections here hold", |model| {
        let broadcast = model.invalidation.broadcast.as_ref();
        once("invalidation.broadcast.cuts", broadcast.is_some_and(|broadcast| broadcast.cuts.is_some()))
    }),
    rule("invalidation.cdc", NOT_YET, |model| once("invalidation.cdc", model.invalidation.cdc.is_some())),
    rule("measure.value_age", NOT_COUNTED, |model| once("measure.value_age", model.measure.value_age)),
    rule("measure.wire", NOT_COUNTED, |model| once("measure.wire", model.measure.wire)),
    rule("measure.remaining_ttl", NOT_COUNTED, |model| {
        once("measure.remaining_ttl", model.measure.remaining_ttl)
    }),
    rule("measure.stale_acknowledged", NOT_COUNTED, |model| {
        once("measure.stale_acknowledged", model.measure.stale_acknowledged)
    }),
    rule("event.what.slow.target", "Redis cannot be slowed by a factor", |model| {
        events(model, |what| {
            matches!(what, EventKind::Slow { target: Target::Tier(_) | Target::Node { .. }, .. })
        })
    }),
    rule("event.what.down.fail", "packets to Redis are not dropped", |model| {
        events(model, |what| match what {
            EventKind::Down { target: Target::Tier(_) | Target::Node { .. }, fail, .. } => {
                *fail == DownMode::Timeout
            }
            _ => false,
        })
    }),
    rule("event.what.node_lost", "there is one Redis", |model| {
        events(model, |what| matches!(what, EventKind::NodeLost { .. }))
    }),
    rule("event.what.change", NOT_YET, |model| events(model, EventKind::is_change)),
    rule("event.what.scale", NOT_YET, |model| events(model, EventKind::scales)),
    rule("event.what.warm", NOT_YET, |model| events(model, |what| matches!(what, EventKind::Warm { .. }))),
    rule("event.what.restart.keeps", "a Redis that is killed here has no snapshot", |model| {
        events(model, |what| matches!(what, EventKind::Restart { keeps: true, .. }))
    }),
    rule("event.what.restart.fail", "a Redis that is killed refuses", |model| {
        events(model, |what| matches!(what, EventKind::Restart { fail: DownMode::Timeout, .. }))
    }),
    rule("event.what.crash", NOT_YET, |model| events(model, EventKind::is_crash)),
    rule("event.what.stall", NOT_YET, |model| events(model, |what| matches!(what, EventKind::Stall { .. }))),
    Rule {
        way_out: "--spawn plays it on servers of its own",
        own_play_it: true,
        ..rule("event.what.of_redis", "a given Redis is not flushed, paused or killed", |model| {
            let is_shared = |level: usize| matches!(model.tiers[level].scope, Scope::Shared(_));
            events(model, |what| match *what {
                EventKind::Flush { tier } => is_shared(tier),
                EventKind::Restart { .. } => true,
                EventKind::Down { target, .. } | EventKind::Pause { target, .. } => {
                    target != Target::Database
                }
                _ => false,
            })
        })
    },
];
