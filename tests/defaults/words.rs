//! Options whose default is no value in the table of docs/scenarios.md.

/// What has no default that could be written down in its place, and why.
pub const NOT_LITERAL: &[(&str, &str)] = &[
    ("answer", "words; a file without them has none"),
    ("answer.digest", "words without a digest are not shown"),
    ("baseline", "the first variant, by its name"),
    ("class", "the keys of [workload] are a class called main"),
    ("class.database", "a table of two, each of which has the database's own"),
    (
        "class.database.read",
        "the database's own, taken where the simulation begins (tests/scenarios/exact_tiers.rs)",
    ),
    ("class.database.write", "the same"),
    ("class.ttl", "each tier's own, of which there may be several"),
    ("clients", "a table; each of its options is compared"),
    ("clients.instances", ""),
    ("duration", "only a trace has one of its own"),
    ("event", "a list without elements"),
    ("event.label", "derived from what happens"),
    ("event.what.crash.for", "required with `instance`"),
    ("event.what.crash.instance", "this or `leader`"),
    ("event.what.crash.leader", "this or `instance`"),
    ("event.what.down.node", "all nodes"),
    ("event.what.pause.node", "all nodes"),
    ("event.what.slow.node", "all nodes"),
    ("event.what.node_lost.for", "never back"),
    ("invalidation", "a table; each of its options is compared"),
    ("limiter", "no limiter"),
    ("measure", "a table; each of its options is compared"),
    ("name", "the stem of the file name"),
    ("observed", "nothing is compared"),
    ("observed.db_qps", "nothing is compared"),
    ("observed.hit_ratio", "nothing is compared"),
    ("observed.p50", "nothing is compared"),
    ("observed.p99", "nothing is compared"),
    ("practice", "a list without elements"),
    ("precision", "no more replications than are asked for"),
    ("recommend", "another command's table"),
    ("recommend.budget", "what the search takes"),
    ("recommend.knobs", "an empty table is refused"),
    ("recommend.maximise", "this or `minimise`"),
    ("recommend.minimise", "this or `maximise`"),
    ("slo", "no objective"),
    ("sweep", "another command's table"),
    ("sweep.axes", "an empty table is refused"),
    ("sweep.measures", "the headline, which the sweep looks up itself"),
    ("sweep.pareto", "nothing is weighed"),
    ("threshold", "a list without elements"),
    ("threshold.max", "this or `min`"),
    ("threshold.min", "this or `max`"),
    ("threshold.runs", "the mean decides, which no value says"),
    ("threshold.variant", "all variants, which no name says"),
    ("tier", "no cache"),
    ("tier.eviction", "required with a capacity and refused without one"),
    ("variant", "a list without elements"),
    ("workload.arrivals.trace.operation", "a trace without operations"),
    ("workload.arrivals.trace.size", "a trace without sizes"),
    ("workload.keys", "required without classes and refused with them"),
    ("writes", "a table; each of its options is compared"),
    ("writes.strategy.write-back.flush_cost", "a table of two, each of which has a default"),
    (
        "writes.strategy.write-back.flush_cost.per_batch",
        "that of a write, taken where the simulation begins (tests/scenarios/exact_writes.rs)",
    ),
];

/// Defaults that the page states in words, what they are, and where they apply: path, words of the page, the setting that leaves
/// the option out, the same with its default, and settings of both.
pub type Stated =
    (&'static str, &'static str, &'static str, &'static str, &'static [(&'static str, &'static str)]);

const NODE_LOST: &str = "after `failover` (`\"0s\"`; or `\"never\"`) clients turn to the other nodes for its keys, and until then it is \
                         refused (or, with `fail = \"timeout\"`, not answered)";
const NODES: (&str, &str) = ("tier.l2.nodes", "3");
const TIMEOUT: (&str, &str) = ("database.timeout", "1s");
const BACK: (&str, &str) = ("database.write", "7ms");
const SEVERAL: (&str, &str) = ("workload.keys_per_request", "3");
const REDIS: &[(&str, &str)] = &[("tier.l2.capacity", "1MB"), ("tier.l2.eviction", "allkeys-lru")];
const TWO: &[(&str, &str)] = &[("clients.instances", "2"), ("clients.deadline", "1s")];

pub const STATED: &[Stated] = &[
    ("clients.instances", "", "clients.deadline=1s", "clients={ deadline = \"1s\", instances = 1 }", &[]),
    (
        "database.background.service",
        "",
        "database.background={ rate = 20 }",
        "database.background={ rate = 20, service = \"5ms\" }",
        &[],
    ),
    (
        "database.limit.aimd.initial",
        "",
        "database.limit={ aimd = { late = \"9ms\" } }",
        "database.limit={ aimd = { late = \"9ms\", initial = 20 } }",
        &[],
    ),
    (
        "database.limit.aimd.initial",
        "",
        "database.limit={ aimd = { late = \"9ms\", max = 17 } }",
        "database.limit={ aimd = { late = \"9ms\", max = 17, initial = 17 } }",
        &[],
    ),
    (
        "database.replicas.servers",
        "",
        "database.replicas={ count = 2, lag = \"9ms\" }",
        "database.replicas={ count = 2, lag = \"9ms\", servers = 7 }",
        &[("database.servers", "7")],
    ),
    (
        "invalidation.cdc",
        "",
        "invalidation={ broadcast = { delay = \"5ms\" } }",
        "invalidation={ broadcast = { delay = \"5ms\" }, cdc = \"none\" }",
        &[("tier.l2.scope", "instance")],
    ),
    ("database.write", "", "seed=1", "database.write=5ms", &[]),
    (
        "event.what.crash.detect",
        "Until `detect` (`\"0s\"`) its requests are refused",
        "event.e.what={ crash = { instance = 1, for = \"1s\" } }",
        "event.e.what={ crash = { instance = 1, for = \"1s\", detect = \"0s\" } }",
        TWO,
    ),
    (
        "event.what.down.fail",
        "connections are refused (default)",
        "event.e.what={ down = { target = \"l2\", for = \"1s\" } }",
        "event.e.what={ down = { target = \"l2\", for = \"1s\", fail = \"refuse\" } }",
        &[],
    ),
    (
        "event.what.hot_key.key",
        "default: the last id of the first class that is not absent",
        "event.e.what={ hot_key = { share = 0.2, for = \"1s\" } }",
        "event.e.what={ hot_key = { share = 0.2, for = \"1s\", key = 99 } }",
        &[],
    ),
    (
        "event.what.node_lost.fail",
        NODE_LOST,
        "event.e.what={ node_lost = { tier = \"l2\", node = 1 } }",
        "event.e.what={ node_lost = { tier = \"l2\", node = 1, fail = \"refuse\" } }",
        &[NODES],
    ),
    (
        "event.what.node_lost.failover",
        NODE_LOST,
        "event.e.what={ node_lost = { tier = \"l2\", node = 1 } }",
        "event.e.what={ node_lost = { tier = \"l2\", node = 1, failover = \"0s\" } }",
        &[NODES],
    ),
    (
        "tier.active_expiry",
        "",
        "seed=1",
        "tier.l2.active_expiry={ hz = 10, effort = 1, per_key = \"0s\" }",
        REDIS,
    ),
    ("tier.active_expiry", "", "seed=1", "tier.l2.active_expiry=none", &[]),
    (
        "tier.compress.decompress_per_byte",
        "",
        "tier.l2.compress={ above = \"1B\", ratio = 0.5, per_byte = \"7ns\" }",
        "tier.l2.compress={ above = \"1B\", ratio = 0.5, per_byte = \"7ns\", decompress_per_byte = \"7ns\" }",
        &[],
    ),
    ("tier.entry_overhead", "", "seed=1", "tier.l2.entry_overhead=56B", &[]),
    ("tier.entry_overhead", "", "seed=1", "tier.l2.entry_overhead=0B", &[("tier.l2.scope", "instance")]),
    (
        "tier.entry_overhead",
        "",
        "tier.l2.entry_overhead=redis",
        "tier.l2.entry_overhead={ redis = { quantum = \"8B\" } }",
        REDIS,
    ),
    (
        "tier.multi_get.mget.per_key",
        "",
        "tier.l2.multi_get=mget",
        "tier.l2.multi_get={ mget = { per_key = \"13us\" } }",
        &[SEVERAL, ("tier.l2.service", "13us")],
    ),
    (
        "workload.absent.popularity",
        "`{ share = 0.1, keys = 10000, popularity = \"uniform\" }`",
        "workload.absent={ share = 0.1, keys = 9 }",
        "workload.absent={ share = 0.1, keys = 9, popularity = \"uniform\" }",
        &[],
    ),
    (
        "workload.arrivals.closed.think",
        "every user thinks (random time, default `\"0s\"`)",
        "workload.arrivals={ closed = { users = 3 } }",
        "workload.arrivals={ closed = { users = 3, think = \"0s\" } }",
        &[("tier.l2.network", "1ms")],
    ),
    (
        "workload.profile.sine.phase",
        "{ sine = { period = \"24h\", amplitude = 0.3, phase = \"0s\" } }",
        "workload.profile=[{ sine = { period = \"9s\", amplitude = 0.3 } }]",
        "workload.profile=[{ sine = { period = \"9s\", amplitude = 0.3, phase = \"0s\" } }]",
        &[],
    ),
];
