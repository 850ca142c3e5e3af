//! The rows. A word stands in one row only.

use super::{MeasureHint, OptionHint, Row};

const fn option(path: &'static str, line: &'static str, meaning: &'static str) -> OptionHint {
    OptionHint { path, line, meaning }
}

const fn measure(pattern: &'static str, meaning: &'static str) -> MeasureHint {
    MeasureHint { pattern, meaning }
}

const fn row(
    words: &'static [&'static str],
    options: &'static [OptionHint],
    measures: &'static [MeasureHint],
) -> Row {
    Row { words, options, measures, note: "" }
}

impl Row {
    const fn note(mut self, words: &'static str) -> Row {
        self.note = words;
        self
    }
}

const DATABASE_POOL: OptionHint = option("database.pool", "pool = 10", "connections of each instance");
const ALL_CONNECTIONS: OptionHint =
    option("database.max_connections", "max_connections = 100", "connections of all instances together");
const TIER_POOL: OptionHint =
    option("tier.pool", "pool = 10", "connections of each instance to each node of a shared cache");
const SERVERS: OptionHint = option("database.servers", "servers = 8", "queries that run at the same time");
const INSTANCES: OptionHint =
    option("clients.instances", "instances = 20", "processes of the application, such as pods");
const WORKERS: OptionHint = option(
    "clients.workers",
    "workers = 40",
    "requests that an instance works on at once: threads or processes",
);
const WORKER_QUEUE: OptionHint =
    option("clients.queue", "queue = 100", "requests of an instance that may wait for a worker");
const REPLICAS: OptionHint = option(
    "database.replicas",
    "replicas = { count = 2, lag = \"100ms\" }",
    "copies of the database that serve its reads",
);
const RATE: OptionHint = option(
    "workload.arrivals.poisson.rate",
    "arrivals = { poisson = { rate = 1000 } }",
    "requests of all users together per second",
);
const SCALE: OptionHint = option("workload.scale", "scale = 2.0", "factor on all traffic");
const USERS: OptionHint = option(
    "workload.arrivals.closed.users",
    "arrivals = { closed = { users = 50, think = \"1s\" } }",
    "users of a closed loop, each with one request in flight",
);
const KEYS: OptionHint = option("workload.keys", "keys = 100_000", "number of different keys");
const ZIPF: OptionHint = option(
    "workload.popularity.zipf.exponent",
    "popularity = { zipf = { exponent = 1.0 } }",
    "skew of the popularity: 0 is uniform",
);
const VALUE_SIZE: OptionHint =
    option("workload.value_size", "value_size = \"1kB\"", "size of each value, in kB, KiB and so on");
const CAPACITY: OptionHint = option(
    "tier.capacity",
    "capacity = \"64MB\"",
    "memory of the cache (of each, where scope is \"instance\"); a bare number is entries",
);
const EVICTION: OptionHint = option(
    "tier.eviction",
    "eviction = \"allkeys-lru\"",
    "victims of a full cache: policies of Redis, \"lru\", \"s3-fifo\" and so on",
);
const TTL: OptionHint = option("tier.ttl", "ttl = \"5m\"", "time to live with its unit: s, m, h, d, ms");
const JITTER: OptionHint = option(
    "tier.jitter",
    "jitter = { plus = \"10%\" }",
    "random addition to each time to live: a share of it, or a duration",
);
const SHARED: OptionHint =
    option("tier.scope", "scope = \"shared\"", "a cache server for all instances, such as Redis");
const IN_PROCESS: OptionHint =
    option("tier.scope", "scope = \"instance\"", "a cache in the memory of each process");
const NODES: OptionHint = option("tier.nodes", "nodes = 3", "cache servers that share the keys");
const SINGLEFLIGHT: OptionHint = option(
    "coalescing",
    "coalescing = \"singleflight\"",
    "one fetch per key and instance; the others wait for it",
);
const LEASE: OptionHint = option(
    "coalescing.lease.tier",
    "coalescing = { lease = { tier = \"l2\" } }",
    "one fetch per key over all instances, by a lock in the shared cache",
);
const REVALIDATE: OptionHint = option(
    "tier.refresh.stale-while-revalidate.grace",
    "refresh = { stale-while-revalidate = { grace = \"30s\" } }",
    "how long past the ttl the old value is served during a refresh",
);
const XFETCH: OptionHint = option(
    "tier.refresh.xfetch.beta",
    "refresh = { xfetch = { beta = 1.0 } }",
    "early refresh at random, before the ttl ends",
);
const READ: OptionHint = option(
    "database.read",
    "read = { lognormal = { median = \"5ms\", p99 = \"40ms\" } }",
    "time of service of a query, without its waits: a duration or a distribution",
);
const WRITE: OptionHint =
    option("database.write", "write = \"7ms\"", "time of service of a write, without its waits");
const DATABASE_TRIP: OptionHint =
    option("database.round_trip", "round_trip = \"500us\"", "network time to the database and back");
const TIER_TRIP: OptionHint =
    option("tier.round_trip", "round_trip = \"500us\"", "network time to a shared cache and back");

const HIT_RATIO: MeasureHint = measure("hit_ratio", "share of the reads that a tier answered");
const TIER_HIT_RATIO: MeasureHint = measure("tier.<tier>.hit_ratio", "the same of the lookups in one tier");
const MISSES: MeasureHint = measure("requests.miss.ratio", "share of the requests that led a fetch");
const QPS: MeasureHint = measure("db.qps.mean", "requests that arrive at the database, per second");
const QPS_PEAK: MeasureHint = measure("db.qps.peak", "the same in the busiest second");
const REQUESTS: MeasureHint = measure("requests.rate", "requests of users, per second");
const P50: MeasureHint = measure("latency.all.p50_ms", "median latency of all requests, in ms");
const P99: MeasureHint = measure("latency.all.p99_ms", "99th percentile of the latency, in ms");
const MEMORY: MeasureHint = measure("tier.<tier>.memory.peak_bytes", "most memory of the entries, in bytes");
const POOL_WAIT: MeasureHint = measure("db.pool.wait.p99_ms", "99th percentile of the wait for a connection");
const SATURATION: MeasureHint = measure("db.pool.saturation", "share of the connections in use");
const STAMPEDE: MeasureHint = measure("stampede.max", "most fetches of one key at the same time");
const WORKER_UTILIZATION: MeasureHint = measure("workers.utilization", "share of the workers that is busy");
const WORKER_WAIT: MeasureHint = measure("workers.wait.p99_ms", "99th percentile of the wait for a worker");
const UTILIZATION: MeasureHint = measure("db.utilization", "share of the database's servers that is busy");

const OVER_ALL: &str = "max_connections of a database is a limit over all instances: instances x pool <= max_connections; \
                        servers are the queries that run at once (cores and disks), often far fewer";
const A_RESULT: &str = "a result of the simulation; production's own figure goes into [observed]";

/// Every word, by topic.
pub const ROWS: &[Row] = &[
    row(
        &["max_connections", "maxconnections", "connections", "max_conns", "conns", "connection_limit"],
        &[DATABASE_POOL, SERVERS, TIER_POOL, ALL_CONNECTIONS],
        &[SATURATION, POOL_WAIT],
    )
    .note(OVER_ALL),
    row(
        &["pool", "pool_size", "poolsize", "max_pool_size", "maximum_pool_size", "connection_pool"],
        &[DATABASE_POOL, TIER_POOL],
        &[SATURATION, POOL_WAIT],
    )
    .note(OVER_ALL),
    row(
        &["qps", "rps", "tps", "requests_per_second", "request_rate", "req_per_sec", "throughput", "rate"],
        &[RATE, SCALE],
        &[REQUESTS, QPS, QPS_PEAK],
    ),
    row(&["traffic", "load"], &[SCALE, RATE], &[REQUESTS, QPS]),
    row(&["pods", "instances", "processes", "containers", "hosts", "app_servers"], &[INSTANCES], &[]),
    row(&["replicas"], &[INSTANCES, REPLICAS], &[])
        .note("replicas of a deployment are instances; those of a database belong to [database]"),
    row(&["read_replicas", "followers", "standbys", "secondaries"], &[REPLICAS], &[]),
    row(
        &[
            "workers",
            "threads",
            "worker_processes",
            "max_threads",
            "thread_pool",
            "pm_max_children",
            "gunicorn",
            "puma",
            "unicorn",
            "tomcat",
        ],
        &[WORKERS, WORKER_QUEUE, SERVERS],
        &[WORKER_UTILIZATION, WORKER_WAIT],
    )
    .note("workers of the application belong to [clients], each instance has so many; those of the database are servers"),
    row(&["backlog", "listen_backlog", "accept_queue", "accept_count"], &[WORKER_QUEUE], &[WORKER_WAIT]),
    row(&["servers", "cores", "cpus", "vcpus", "cpu"], &[SERVERS], &[UTILIZATION]),
    row(
        &["rtt", "ping", "network_latency", "hop", "round_trip", "network"],
        &[TIER_TRIP, DATABASE_TRIP],
        &[],
    ),
    row(&["latency", "response_time", "latencies"], &[READ, TIER_TRIP, DATABASE_TRIP], &[P50, P99])
        .note("the latency of requests is a result; the times of its parts are options"),
    row(
        &["p50", "median"],
        &[option("observed.p50", "p50 = \"4ms\"", "production's median latency, with its unit")],
        &[P50],
    ),
    row(&["p90"], &[], &[measure("latency.all.p90_ms", "90th percentile of the latency, in ms")]),
    row(
        &["p95"],
        &[option("observed.p95", "p95 = \"12ms\"", "production's 95th percentile, with its unit")],
        &[measure("latency.all.p95_ms", "95th percentile of the latency, in ms")],
    ),
    row(
        &["p99", "tail", "tail_latency"],
        &[
            option("observed.p99", "p99 = \"40ms\"", "production's 99th percentile, with its unit"),
            option("slo.latency", "latency = \"100ms\"", "the latest good answer, for slo.good.ratio"),
        ],
        &[P99, measure("latency.miss.p99_ms", "the same of reads that led a fetch, in ms")],
    ),
    row(&["p999"], &[], &[measure("latency.all.p999_ms", "99.9th percentile of the latency, in ms")]),
    row(
        &["max_memory", "maxmemory", "memory", "memory_limit", "ram", "capacity"],
        &[
            CAPACITY,
            option(
                "tier.entry_overhead",
                "entry_overhead = \"56B\"",
                "memory per entry besides key and value",
            ),
        ],
        &[MEMORY],
    ),
    row(
        &["cache_size", "max_entries", "max_items", "maxsize", "max_size", "maximum_size"],
        &[CAPACITY],
        &[MEMORY],
    ),
    row(&["size", "sizes"], &[CAPACITY, VALUE_SIZE], &[MEMORY]),
    row(
        &["value_size", "object_size", "item_size", "payload", "payload_size", "value_bytes"],
        &[VALUE_SIZE],
        &[],
    ),
    row(
        &["maxmemory_policy", "eviction_policy", "policy", "eviction", "replacement", "evict"],
        &[EVICTION],
        &[measure("tier.<tier>.evictions.rate", "entries evicted per second")],
    ),
    row(
        &[
            "ttl",
            "expire",
            "expires",
            "expiry",
            "expiration",
            "ttl_seconds",
            "ttl_sec",
            "ttl_s",
            "ttl_ms",
            "max_age",
            "time_to_live",
        ],
        &[TTL, JITTER],
        &[measure("tier.<tier>.expirations.rate", "entries expired per second")],
    ),
    row(&["jitter", "ttl_jitter"], &[JITTER], &[]),
    row(
        &[
            "stampede",
            "dogpile",
            "thundering_herd",
            "herd",
            "singleflight",
            "request_coalescing",
            "collapsing",
        ],
        &[SINGLEFLIGHT, LEASE, XFETCH, REVALIDATE],
        &[STAMPEDE, measure("db.duplicate_fetches", "fetches of a key that was being fetched, per second")],
    ),
    row(&["lock", "locks", "mutex", "lease", "distributed_lock"], &[LEASE, SINGLEFLIGHT], &[STAMPEDE]),
    row(
        &["stale_while_revalidate", "swr", "serve_stale", "soft_ttl", "refresh"],
        &[REVALIDATE, XFETCH],
        &[measure("requests.stale_hit.ratio", "share of the requests answered past the ttl on purpose")],
    ),
    row(
        &["read_latency", "query_time", "query_latency", "db_latency", "service_time", "query_duration"],
        &[READ, WRITE],
        &[measure("latency.miss.p50_ms", "median latency of reads that led a fetch, in ms")],
    ),
    row(&["write_latency", "write_time", "update_time"], &[WRITE], &[]),
    row(&["users", "vus", "virtual_users"], &[USERS], &[REQUESTS]).note(
        "users who come whatever the answers take are a rate: arrivals = { poisson = { rate = 1000 } }",
    ),
    row(
        &["concurrency", "parallelism"],
        &[USERS, SERVERS],
        &[
            measure("requests.in_system.mean", "mean number of requests in the system"),
            measure("db.concurrency.peak", "most requests in service at the database at once"),
        ],
    ),
    row(
        &["hit_rate", "hitrate", "hit_ratio", "hits", "cache_hit_ratio", "cache_hit_rate"],
        &[option("observed.hit_ratio", "hit_ratio = \"91%\"", "production's own, to compare the model with")],
        &[HIT_RATIO, TIER_HIT_RATIO],
    )
    .note(A_RESULT),
    row(&["miss_rate", "miss_ratio", "misses"], &[], &[MISSES, HIT_RATIO]).note(A_RESULT),
    row(
        &["db_load", "database_load", "db_qps", "db_rps"],
        &[
            option("observed.db_qps", "db_qps = 350", "production's own, requests per second"),
            option(
                "database.background",
                "background = { rate = 200, service = \"5ms\" }",
                "load that passes no cache",
            ),
        ],
        &[QPS, QPS_PEAK, UTILIZATION],
    ),
    row(
        &[
            "keys",
            "num_keys",
            "n_keys",
            "key_count",
            "cardinality",
            "keyspace",
            "working_set",
            "items",
            "objects",
        ],
        &[KEYS, option("class.keys", "keys = 100_000", "the same of one class of keys")],
        &[],
    ),
    row(
        &["zipf", "skew", "zipfian", "zipf_alpha", "alpha", "exponent", "popularity", "distribution"],
        &[ZIPF],
        &[],
    ),
    row(
        &["cluster", "shards", "sharding", "nodes", "partitions", "num_nodes", "cluster_size"],
        &[NODES],
        &[measure("tier.<tier>.node.utilization.max", "how busy the busiest node is")],
    ),
    row(
        &["redis", "valkey", "memcached", "cache", "caches", "tiers", "l2"],
        &[SHARED, CAPACITY, TTL],
        &[TIER_HIT_RATIO],
    ),
    row(&["l1", "caffeine", "guava", "in_process", "in_memory", "local"], &[IN_PROCESS, CAPACITY], &[]),
    row(
        &["db", "postgres", "postgresql", "mysql", "sql", "backend", "origin"],
        &[READ, SERVERS, DATABASE_POOL],
        &[QPS],
    ),
    row(
        &["write_ratio", "write_rate", "read_ratio", "read_write_ratio", "update_ratio", "write_share"],
        &[option("workload.write_share", "write_share = \"5%\"", "share of the requests that write")],
        &[],
    ),
    row(
        &["retry", "max_retries", "retries"],
        &[option(
            "database.retries",
            "retries = { attempts = 3, backoff = \"50ms\" }",
            "attempts in all, the first one included",
        )],
        &[measure("db.retries.rate", "repeated attempts per second")],
    ),
    row(
        &["circuit_breaker", "breaker"],
        &[option(
            "database.breaker",
            "breaker = { failures = 0.5, open = \"5s\" }",
            "a circuit breaker in each instance",
        )],
        &[measure("db.breaker.trips", "how often it opened")],
    ),
    row(
        &["query_timeout", "statement_timeout", "read_timeout", "timeout", "timeout_ms"],
        &[
            option("database.timeout", "timeout = \"1s\"", "longest wait for an answer of the database"),
            option("tier.timeout", "timeout = \"50ms\"", "longest wait for a reply of a shared cache"),
            option("clients.deadline", "deadline = \"2s\"", "when the caller of a request gives up"),
        ],
        &[measure("error.db_timeout.ratio", "share of the requests whose last attempt timed out")],
    ),
    row(
        &["errors", "error_rate", "failures"],
        &[],
        &[measure("error.ratio", "share of the requests that ended in an error")],
    ),
    row(
        &["staleness", "stale", "stale_reads", "consistency"],
        &[],
        &[
            measure("stale.ratio", "share of the reads that got a superseded version"),
            measure("stale.age.p99_s", "99th percentile of the age of stale answers, in s"),
        ],
    ),
    row(
        &["preload", "warm", "warm_cache", "prewarm", "prefill"],
        &[option("tier.prefill", "prefill = { hottest = \"all\" }", "entries that are there at the start")],
        &[],
    ),
    row(
        &["runs", "iterations", "repetitions", "repeat"],
        &[option("replications", "replications = 10", "simulations of every variant")],
        &[],
    ),
];
