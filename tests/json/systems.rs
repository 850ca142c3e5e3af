//! Small scenarios that between them have every field of every output.

/// A scenario with about everything that a record can hold: ranges, events (one during another, one at the end), figures of production, a
/// threshold, an answer.
pub const RICH: &str = r#"
name = "rich"
question = "Everything a record can hold?"
duration = "20s"
warmup = "2s"
replications = 6
headline = ["db.qps.mean", "latency.all.p99_ms"]

[workload]
arrivals = { poisson = { rate = { low = 180, high = 220, likely = 200 } } }
keys = 400
popularity = { zipf = { exponent = 0.9 } }

[slo]
latency = "200ms"
share = "99%"

[[tier]]
name = "l2"
scope = "shared"
capacity = 300
eviction = "lru"
ttl = "4s"
network = "500us"

[database]
servers = { low = 3, high = 6 }
read = { exponential = { mean = "8ms" } }
timeout = "80ms"
retries = { attempts = 40 }

[[event]]
label = "stop"
at = "8s"
what = { down = { target = "database", for = "2s" } }

[[event]]
label = "flush"
at = "9s"
what = { flush = { tier = "l2" } }

[[event]]
label = "late"
at = "19900ms"
what = { flush = { tier = "l2" } }

[observed]
hit_ratio = 0.8
"tier.l2.hit_ratio" = { value = 0.8, spread = 0.01 }
"latency.all.p95_ms" = { value = 12, check = true }

[[threshold]]
measure = "db.qps.peak"
max = 1000
variant = "base"
confident = true
runs = "50%"

[answer]
text = "It holds."
digest = "0000000000000000000000000000000000000000000000000000000000000000"
claims = ["{short:db.qps.mean} > {base:db.qps.mean}"]

[[variant]]
name = "base"

[[variant]]
name = "short"
set = { "tier.l2.ttl" = "1s" }
"#;

/// The warm-up is found, and a precision asked for.
pub const PLAIN: &str = r#"
name = "plain"
question = "When has it settled?"
duration = "60s"
warmup = "auto"
replications = 4
precision = { measure = "db.qps.mean", relative = 0.3, max_replications = 6 }

[workload]
arrivals = { poisson = { rate = 100 } }
keys = 50

[database]
read = "5ms"
"#;

/// Requests that take more than sixty steps.
pub const LONG: &str = r#"
name = "long"
question = "How long may a request try?"
duration = "6s"
replications = 2

[workload]
arrivals = { poisson = { rate = 20 } }
keys = 10

[[tier]]
name = "l2"
scope = "shared"
ttl = "100ms"

[database]
read = "5ms"
timeout = "20ms"
retries = { attempts = 100, backoff = "1ms", factor = 1 }

[[event]]
label = "stop"
at = "1s"
what = { down = { target = "database", for = "4s", fail = "timeout" } }
"#;

/// In some runs retries bring the database down, and in the others they do not.
pub const TIPPING: &str = r#"
name = "tipping"
question = "Does it tip?"
duration = "40s"
warmup = "5s"
replications = 12
seed = 1

[workload]
arrivals = { poisson = { rate = 345 } }
keys = 10

[database]
servers = 4
read = { exponential = { mean = "10ms" } }
timeout = "120ms"
retries = { attempts = 4 }
"#;

/// A variant sets the axis itself.
pub const SWEPT: &str = r#"
name = "swept"
question = "Which time to live?"
duration = "10s"
replications = 10
seed = 1
precision = { measure = "db.qps.mean", relative = 0.3 }

[workload]
arrivals = { poisson = { rate = 100 } }
keys = 100

[[tier]]
name = "l2"
scope = "shared"
ttl = "1s"

[database]
read = "5ms"

[[threshold]]
measure = "db.qps.mean"
max = 1000
variant = "free"
confident = true
runs = "50%"

[sweep.axes]
"tier.l2.ttl" = ["1s", "2s"]

[[variant]]
name = "free"

[[variant]]
name = "fixed"
set = { "tier.l2.ttl" = "3s" }
"#;

/// Which time to live is the best.
pub const SEARCH: &str = r#"
name = "search"
question = "Which time to live?"
duration = "10s"
warmup = "2s"
replications = 6
seed = 5

[workload]
arrivals = { poisson = { rate = 200 } }
keys = 200

[[tier]]
name = "l2"
scope = "shared"
ttl = "10s"

[database]
servers = 4
read = { exponential = { mean = "10ms" } }

[recommend]
minimise = "latency.all.p95_ms"
keep = ["db.qps.mean <= 120"]

[recommend.knobs]
"tier.l2.ttl" = ["1s", "2s", "4s", "8s"]

[[variant]]
name = "free"

[[variant]]
name = "fixed"
set = { "tier.l2.ttl" = "3s" }
"#;

/// A hundred requests a second that take 10 ms each.
pub const POOL: &str = r#"
name = "pool"
question = "How much more?"
duration = "10s"
replications = 2

[workload]
arrivals = { constant = { rate = 100 } }
keys = 1

[database]
read = "10ms"
pool = 2

[[threshold]]
measure = "latency.all.p99_ms"
max = 11
variant = "free"
confident = true
runs = "50%"

[[threshold]]
measure = "latency.all.p99_ms"
max = 12

[[variant]]
name = "free"

[[variant]]
name = "fixed"
set = { "database.pool" = 3 }
"#;

/// The same without a limit.
pub const ROOM: &str = r#"
name = "room"
question = "How much more?"
duration = "10s"
replications = 2
precision = { measure = "db.qps.mean", relative = 0.3 }
workload = { arrivals = { constant = { rate = 100 } }, keys = 1 }
database = { read = "10ms" }
"#;

/// A figure that several settings agree with.
pub const UNKNOWN: &str = r#"
question = "Which keys?"
duration = "6s"
warmup = "2s"
replications = 1
workload = { arrivals = { poisson = { rate = 400 } }, keys = 5000, popularity = { zipf = { exponent = 0.9 } } }

[database]
read = { exponential = { mean = "10ms" } }

[[tier]]
name = "l2"
scope = "shared"
ttl = "3s"

[observed]
hit_ratio = { value = 0.6, spread = 0.01 }
"#;

/// Variants for [`TIPPING`] of which one sets the rate.
pub const PINNED_RATE: &str = r#"
[[variant]]
name = "free"

[[variant]]
name = "fixed"
set = { "workload.arrivals.poisson.rate" = 345 }
"#;
