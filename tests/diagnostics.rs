//! Every message about a bad scenario, as the user sees it.
//!
//! Each case is a sound scenario with one thing spoiled (or a few, where the point is that all are told).

use std::fmt::Write;
use std::path::Path;

use herdlab::scenario::uncertain::worlds;
use herdlab::scenario::{Overrides, parse};
use proptest::prelude::*;

const SOUND: &str = r#"question = "Does jitter help?"
duration = "120s"
warmup = "20s"

[clients]
instances = 4

[workload]
arrivals = { poisson = { rate = 1000 } }
keys = 1000
popularity = { zipf = { exponent = 1.0 } }

[[tier]]
name = "l1"
scope = "instance"
capacity = 500
eviction = "lru"
ttl = "5s"

[[tier]]
name = "l2"
scope = "shared"
ttl = "60s"

[database]
servers = 10
read = { exponential = { mean = "20ms" } }

[[event]]
at = "60s"
what = { flush = { tier = "l2" } }

[[variant]]
name = "plain"

[[variant]]
name = "jitter"
set = { "tier.l2.jitter" = { plus = "10%" } }
"#;

/// The messages for the sound scenario with each `from` replaced by its `to`.
fn messages(changes: &[(&str, &str)]) -> String {
    let mut source = SOUND.to_owned();
    for (from, to) in changes {
        assert!(source.contains(from), "{from:?} is not in the scenario");
        source = source.replacen(from, to, 1);
    }
    messages_of(&source, Path::new(""), &Overrides::default())
}

fn messages_of(source: &str, base_dir: &Path, overrides: &Overrides) -> String {
    match parse(source, "bad.toml", base_dir, overrides) {
        Ok(_) => "NO PROBLEM FOUND\n".to_owned(),
        Err(problems) => problems.render(false),
    }
}

type Case = (&'static str, &'static [(&'static str, &'static str)]);

fn snapshot(name: &str, cases: &[Case]) {
    let mut text = String::new();
    for (title, changes) in cases {
        let rendered = messages(changes);
        assert!(!rendered.contains("NO PROBLEM FOUND"), "{title}: nothing was found");
        writeln!(text, "## {title}\n\n{}\n", rendered.trim_end()).unwrap();
    }
    insta::assert_snapshot!(name, text);
}

#[test]
fn the_sound_scenario_is_sound() {
    assert_eq!(messages(&[]), "NO PROBLEM FOUND\n");
}

#[test]
fn single_values() {
    snapshot(
        "single_values",
        &[
            ("no nodes", &[("scope = \"shared\"", "scope = \"shared\"\nnodes = 0")]),
            (
                "a batch of nothing at no interval, and more rollbacks than transactions",
                &[(
                    "[clients]",
                    "[writes]\nstrategy = { write-back = { flush_interval = \"0s\", batch = 0 } }\nrollback = 1.5\n\n[clients]",
                )],
            ),
            ("misspelt field", &[("eviction =", "evicton =")]),
            ("misspelt section", &[("[clients]", "[cleints]")]),
            ("field missing", &[("duration = \"120s\"\n", "")]),
            ("required field misspelt", &[("read =", "raed =")]),
            (
                "required section missing",
                &[("[database]\nservers = 10\nread = { exponential = { mean = \"20ms\" } }\n", "")],
            ),
            ("unknown lint allowed", &[("duration", "allow = [\"no-tll\", 5]\nduration")]),
            ("wrong type", &[("instances = 4", "instances = \"four\"")]),
            ("wrong unit", &[("ttl = \"60s\"", "ttl = \"60 parsecs\"")]),
            ("bare number as a duration", &[("ttl = \"60s\"", "ttl = 60")]),
            ("duration without unit", &[("ttl = \"60s\"", "ttl = \"60\"")]),
            ("ambiguous size", &[("capacity = 500", "capacity = \"64M\"")]),
            ("negative rate", &[("rate = 1000", "rate = -1000")]),
            ("zero keys", &[("keys = 1000", "keys = 0")]),
            ("too many keys", &[("keys = 1000", "keys = 5_000_000_000")]),
            ("negative zipf exponent", &[("exponent = 1.0", "exponent = -1.0")]),
            (
                "negative cv2",
                &[("{ poisson = { rate = 1000 } }", "{ renewal = { rate = 1000, cv2 = -0.5 } }")],
            ),
            ("unknown choice", &[("eviction = \"lru\"", "eviction = \"lfru\"")]),
            (
                "two choices",
                &[(
                    "{ poisson = { rate = 1000 } }",
                    "{ poisson = { rate = 1000 }, constant = { rate = 5 } }",
                )],
            ),
            ("choice without its parameters", &[("{ zipf = { exponent = 1.0 } }", "\"zipf\"")]),
            (
                "percentile below the median",
                &[(
                    "{ exponential = { mean = \"20ms\" } }",
                    "{ lognormal = { median = \"50ms\", p99 = \"20ms\" } }",
                )],
            ),
            ("no replication", &[("warmup", "replications = 0\nwarmup")]),
            (
                "sine beyond one",
                &[(
                    "keys = 1000",
                    "keys = 1000\nprofile = [{ sine = { period = \"1m\", amplitude = 1.5 } }]",
                )],
            ),
            ("not TOML", &[("instances = 4", "instances = = 4")]),
        ],
    );
}

#[test]
fn ranges() {
    snapshot(
        "ranges",
        &[
            ("the end below the start", &[("servers = 10", "servers = { low = 12, high = 8 }")]),
            ("no two whole numbers", &[("servers = 10", "servers = { about = 10, within = \"5%\" }")]),
            ("other units", &[("ttl = \"60s\"", "ttl = { low = \"30s\", high = \"64MB\" }")]),
            ("more than all of it", &[("rate = 1000", "rate = { about = 1000, within = 1.5 }")]),
            ("a negative width", &[("rate = 1000", "rate = { about = 1000, within = \"-5%\" }")]),
            ("half a range", &[("mean = \"20ms\"", "mean = { about = \"20ms\" }")]),
            ("misspelt", &[("mean = \"20ms\"", "mean = { low = \"20ms\", hihg = \"30ms\" }")]),
            (
                "likely outside",
                &[("mean = \"20ms\"", "mean = { low = \"20ms\", likely = \"40ms\", high = \"30ms\" }")],
            ),
            ("in place of a word", &[("eviction = \"lru\"", "eviction = { low = 1, high = 2 }")]),
            ("of the run", &[("duration = \"120s\"", "duration = { low = \"100s\", high = \"120s\" }")]),
            (
                "on an axis",
                &[(
                    "[[event]]",
                    "[sweep.axes]\n\"tier.l2.ttl\" = [\"5s\", { about = \"9s\", within = \"10%\" }]\n\n[[event]]",
                )],
            ),
        ],
    );
    // The ends are checked as worlds are, and so are the worlds.
    let refused = |from: &str, to: &str| {
        let source = SOUND.replacen(from, to, 1);
        assert_ne!(source, SOUND);
        worlds(&source, "bad.toml", Path::new(""), &Overrides::default(), 8).unwrap_err().render(false)
    };
    let ends = [
        refused("{ plus = \"10%\" }", "{ plus = { about = 0.9, within = \"20%\" } }"),
        refused("instances = 4", "instances = { low = 0, high = 4 }"),
        refused(
            "{ exponential = { mean = \"20ms\" } }",
            "{ lognormal = { median = { low = \"10ms\", high = \"30ms\" }, p99 = \"25ms\" } }",
        ),
    ];
    insta::assert_snapshot!("ranges_ends", ends.join("\n"));
}

#[test]
fn contradictions() {
    snapshot(
        "contradictions",
        &[
            (
                "a hedge after the timeout",
                &[("servers = 10", "servers = 10\ntimeout = \"50ms\"\nhedge = { after = \"60ms\" }")],
            ),
            (
                "a lease in a tier that is switched off",
                &[
                    ("[clients]", "coalescing = { lease = { tier = \"l2\" } }\n\n[clients]"),
                    ("name = \"l2\"", "name = \"l2\"\nenabled = false"),
                ],
            ),
            ("tier named twice", &[("name = \"l2\"", "name = \"l1\"")]),
            ("warm-up as long as the run", &[("warmup = \"20s\"", "warmup = \"2m\"")]),
            ("too many windows", &[("warmup", "window = \"1ms\"\nwarmup")]),
            ("capacity without eviction", &[("eviction = \"lru\"\n", "")]),
            ("eviction without capacity", &[("capacity = 500\n", "")]),
            (
                "Redis in the process",
                &[("capacity = 500\neviction = \"lru\"", "capacity = \"5kB\"\neviction = \"allkeys-lru\"")],
            ),
            (
                "Redis with a capacity in entries",
                &[("scope = \"shared\"", "scope = \"shared\"\ncapacity = 500\neviction = \"allkeys-lru\"")],
            ),
            (
                "samples without sampling",
                &[(
                    "scope = \"shared\"",
                    "scope = \"shared\"\ncapacity = \"1MB\"\neviction = \"allkeys-random\"\nsamples = 10",
                )],
            ),
            (
                "active expiry beside an exact algorithm",
                &[(
                    "scope = \"shared\"",
                    "scope = \"shared\"\ncapacity = \"1MB\"\neviction = \"lru\"\nactive_expiry = { hz = 10 }",
                )],
            ),
            (
                "memory of Redis beside an exact algorithm",
                &[(
                    "scope = \"shared\"",
                    "scope = \"shared\"\ncapacity = \"1MB\"\neviction = \"lru\"\nentry_overhead = \"redis\"",
                )],
            ),
            (
                "unknown quantum",
                &[(
                    "scope = \"shared\"",
                    "scope = \"shared\"\nentry_overhead = { redis = { quantum = \"32B\" } }",
                )],
            ),
            (
                "option of a shared tier",
                &[("scope = \"instance\"", "scope = \"instance\"\nnetwork = \"1ms\"")],
            ),
            ("option of an instance tier", &[("scope = \"shared\"", "scope = \"shared\"\naccess = \"1us\"")]),
            (
                "refresh without ttl",
                &[("ttl = \"60s\"", "ttl = \"none\"\nrefresh = { xfetch = { beta = 1.0 } }")],
            ),
            (
                "jitter as long as the ttl",
                &[("ttl = \"60s\"", "ttl = \"60s\"\njitter = { around = \"60s\" }")],
            ),
            ("unknown tier in an event", &[("tier = \"l2\"", "tier = \"l3\"")]),
            ("event after the end", &[("at = \"60s\"", "at = \"3m\"")]),
            (
                "restart in the process",
                &[("{ flush = { tier = \"l2\" } }", "{ restart = { tier = \"l1\", for = \"5s\" } }")],
            ),
            (
                "silence without timeout",
                &[(
                    "{ flush = { tier = \"l2\" } }",
                    "{ down = { target = \"database\", for = \"5s\", fail = \"timeout\" } }",
                )],
            ),
            (
                "unknown tier in a lease",
                &[("duration", "coalescing = { lease = { tier = \"l3\" } }\nduration")],
            ),
            (
                "lease on the wrong tier",
                &[("duration", "coalescing = { lease = { tier = \"l1\" } }\nduration")],
            ),
            (
                "closed loop with a profile",
                &[
                    ("{ poisson = { rate = 1000 } }", "{ closed = { users = 5, think = \"1s\" } }"),
                    ("keys = 1000", "keys = 1000\nprofile = [{ step = { at = \"60s\", factor = 2.0 } }]"),
                ],
            ),
            (
                "closed loop with a surge",
                &[
                    ("{ poisson = { rate = 1000 } }", "{ closed = { users = 5, think = \"1s\" } }"),
                    ("{ flush = { tier = \"l2\" } }", "{ surge = { factor = 2.0, for = \"5s\" } }"),
                ],
            ),
            (
                "time stands still",
                &[("{ poisson = { rate = 1000 } }", "{ closed = { users = 5, think = \"0s\" } }")],
            ),
            (
                "classes and keys",
                &[("[database]", "[[class]]\nname = \"all\"\nshare = 1.0\nkeys = 10\n\n[database]")],
            ),
            (
                "shares that do not sum to one",
                &[
                    ("keys = 1000\npopularity = { zipf = { exponent = 1.0 } }\n", ""),
                    (
                        "[database]",
                        "[[class]]\nname = \"a\"\nshare = 0.5\nkeys = 10\n\n[[class]]\nname = \"b\"\nshare = 0.4\nkeys = 10\n\n[database]",
                    ),
                ],
            ),
            (
                "too many tiers",
                &[(
                    "[database]",
                    "[[tier]]\nname = \"l3\"\nscope = \"shared\"\nttl = \"60s\"\n\n[[tier]]\nname = \"l4\"\nscope = \"shared\"\nttl = \"60s\"\n\n[database]",
                )],
            ),
            (
                "several problems at once",
                &[
                    ("instances = 4", "instances = 0"),
                    ("exponent", "exponnent"),
                    ("ttl = \"60s\"", "ttl = 60"),
                    ("tier = \"l2\"", "tier = \"l9\""),
                ],
            ),
        ],
    );
}

#[test]
fn statistics() {
    const HEAD: &str = "question = \"Does jitter help?\"\n";
    snapshot(
        "statistics",
        &[
            (
                "a warm-up cannot be found where an event disturbs the run",
                &[("warmup = \"20s\"", "warmup = \"auto\"")],
            ),
            (
                "nor where the rate changes",
                &[
                    ("warmup = \"20s\"", "warmup = \"auto\""),
                    ("keys = 1000\n", "keys = 1000\nprofile = [{ step = { at = \"60s\", factor = 2.0 } }]\n"),
                    ("[[event]]\nat = \"60s\"\nwhat = { flush = { tier = \"l2\" } }", ""),
                ],
            ),
            ("a warm-up is a duration or \"auto\"", &[("warmup = \"20s\"", "warmup = \"automatic\"")]),
            (
                "precision of a measure that is none",
                &[(HEAD, "question = \"?\"\nprecision = { measure = \"hit_rate\", relative = 0.02 }\n")],
            ),
            (
                "a precision is a share",
                &[(HEAD, "question = \"?\"\nprecision = { measure = \"hit_ratio\", relative = 2 }\n")],
            ),
            (
                "a precision needs its width",
                &[(HEAD, "question = \"?\"\nprecision = { measure = \"hit_ratio\" }\n")],
            ),
            (
                "no fewer replications than at the start",
                &[(
                    HEAD,
                    "question = \"?\"\nprecision = { measure = \"hit_ratio\", relative = 0.1, max_replications = 5 }\n",
                )],
            ),
        ],
    );
}

#[test]
fn kinds_of_requests() {
    snapshot(
        "kinds_of_requests",
        &[
            (
                "more existence checks and writes than requests",
                &[("keys = 1000", "keys = 1000\nwrite_share = 0.6\nexists_share = 0.5")],
            ),
            (
                "limiter in the process",
                &[(
                    "[database]",
                    "[limiter]\ntier = \"l1\"\nlimit = 100\nper = \"1m\"\nmode = \"naive\"\ncallers = 5\n\n[database]",
                )],
            ),
            (
                "limiter in a tier that is switched off",
                &[
                    ("name = \"l2\"", "name = \"l2\"\nenabled = false"),
                    (
                        "[database]",
                        "[limiter]\ntier = \"l2\"\nlimit = 100\nper = \"1m\"\nmode = \"atomic\"\ncallers = 5\n\n[database]",
                    ),
                ],
            ),
            (
                "limiter without its numbers",
                &[(
                    "[database]",
                    "[limiter]\ntier = \"l2\"\nlimit = 0\nmode = \"token bucket\"\n\n[database]",
                )],
            ),
        ],
    );
}

#[test]
fn staleness_and_invalidation() {
    snapshot(
        "staleness_and_invalidation",
        &[
            ("staleness without writes", &[("[clients]", "[measure]\nstale_by_tier = true\n\n[clients]")]),
            (
                "replicas without writes",
                &[("servers = 10", "servers = 10\nreplicas = { count = 2, lag = \"1s\" }")],
            ),
            (
                "negative caching where all keys exist",
                &[("ttl = \"60s\"", "ttl = \"60s\"\nnegative_ttl = \"5s\"")],
            ),
            (
                "negative caching in a variant where all keys exist",
                &[("{ plus = \"10%\" } }", "{ plus = \"10%\" }, \"tier.l2.negative_ttl\" = \"5s\" }")],
            ),
            (
                "a change stream whose tier nobody switches on",
                &[
                    ("keys = 1000", "keys = 1000\nwrite_share = 0.1"),
                    ("name = \"l2\"", "name = \"l2\"\nenabled = false"),
                    ("[clients]", "[invalidation]\ncdc = { lag = \"100ms\" }\n\n[clients]"),
                ],
            ),
            (
                "a broadcast that nobody hears",
                &[
                    ("keys = 1000", "keys = 1000\nwrite_share = 0.1"),
                    ("name = \"l1\"", "name = \"l1\"\nenabled = false"),
                    ("[clients]", "[invalidation]\nbroadcast = { delay = \"5ms\" }\n\n[clients]"),
                ],
            ),
            ("replicas without lag", &[("servers = 10", "servers = 10\nreplicas = { count = 0 }")]),
            ("entities without writes", &[("keys = 1000", "keys = 1000\nkeys_per_entity = 3")]),
            ("an entity of many keys", &[("keys = 1000", "keys = 1000\nkeys_per_entity = 65")]),
            ("more keys per read than keys", &[("keys = 1000", "keys = 5\nkeys_per_request = 6")]),
            (
                "several keys and only writes",
                &[("keys = 1000", "keys = 1000\nkeys_per_request = 3\nwrite_share = 1")],
            ),
            (
                "several keys before a limiter",
                &[
                    ("keys = 1000", "keys = 1000\nkeys_per_request = 3"),
                    (
                        "[clients]",
                        "[limiter]\ntier = \"l2\"\nlimit = 100\nper = \"1s\"\nmode = \"atomic\"\ncallers = 10\n\n[clients]",
                    ),
                ],
            ),
            (
                "an MGET of one key",
                &[("scope = \"shared\"", "scope = \"shared\"\nmulti_get = { mget = { per_key = \"1us\" } }")],
            ),
            (
                "an MGET of existence checks",
                &[
                    ("keys = 1000", "keys = 1000\nkeys_per_request = 3\nexists_share = 0.1"),
                    ("scope = \"shared\"", "scope = \"shared\"\nmulti_get = \"mget\""),
                ],
            ),
            (
                "an MGET in the process",
                &[
                    ("keys = 1000", "keys = 1000\nkeys_per_request = 3"),
                    ("scope = \"instance\"", "scope = \"instance\"\nmulti_get = \"mget\""),
                ],
            ),
            (
                "an unknown way to ask for several keys",
                &[("scope = \"shared\"", "scope = \"shared\"\nmulti_get = { pipeline = { keys = 3 } }")],
            ),
            (
                "change stream without writes",
                &[("[clients]", "[invalidation]\ncdc = { lag = \"1s\" }\n\n[clients]")],
            ),
            (
                "change stream with nothing to delete from",
                &[
                    ("keys = 1000", "keys = 1000\nwrite_share = 0.1"),
                    ("scope = \"shared\"", "scope = \"instance\""),
                    ("[clients]", "[invalidation]\ncdc = { lag = \"1s\" }\n\n[clients]"),
                ],
            ),
            (
                "options of a change stream",
                &[
                    ("keys = 1000", "keys = 1000\nwrite_share = 0.1"),
                    (
                        "[clients]",
                        "[invalidation]\ncdc = { rate = 0, retry = \"0s\", lagg = \"1s\" }\n\n[clients]",
                    ),
                ],
            ),
            (
                "stall without a change stream",
                &[("{ flush = { tier = \"l2\" } }", "{ stall = { for = \"10s\" } }")],
            ),
            (
                "broadcast without writes",
                &[("[clients]", "[invalidation]\nbroadcast = { delay = \"1ms\" }\n\n[clients]")],
            ),
            (
                "broadcast that nobody hears",
                &[
                    ("keys = 1000", "keys = 1000\nwrite_share = 0.1"),
                    ("scope = \"instance\"", "scope = \"shared\""),
                    ("[clients]", "[invalidation]\nbroadcast = { delay = \"1ms\" }\n\n[clients]"),
                ],
            ),
            (
                "broadcast of nothing",
                &[
                    ("keys = 1000", "keys = 1000\nwrite_share = 0.1"),
                    (
                        "[clients]",
                        "[writes]\nstrategy = \"write-around\"\n\n[invalidation]\nbroadcast = { delay = \"1ms\" }\n\n[clients]",
                    ),
                ],
            ),
        ],
    );
}

#[test]
fn faults() {
    const EVENT: &str = "{ flush = { tier = \"l2\" } }";
    snapshot(
        "faults",
        &[
            ("crash of nobody", &[(EVENT, "{ crash = { for = \"5s\" } }")]),
            ("crash of two", &[(EVENT, "{ crash = { instance = 0, leader = \"hottest\" } }")]),
            ("crash of an unknown instance", &[(EVENT, "{ crash = { instance = 4, for = \"5s\" } }")]),
            (
                "crash noticed too late",
                &[(EVENT, "{ crash = { instance = 0, for = \"5s\", detect = \"6s\" } }")],
            ),
            ("crash of a leader that comes back", &[(EVENT, "{ crash = { leader = 5, for = \"5s\" } }")]),
            ("crash of an unknown leader", &[(EVENT, "{ crash = { leader = \"any\" } }")]),
            (
                "waiting for a dead leader",
                &[
                    (EVENT, "{ crash = { leader = \"hottest\" } }"),
                    ("duration", "coalescing = \"singleflight\"\nduration"),
                ],
            ),
            (
                "a budget for no retries",
                &[("servers = 10", "servers = 10\nretries = { attempts = 1, budget = { ratio = 0.1 } }")],
            ),
            (
                "a hedge after the timeout",
                &[("servers = 10", "servers = 10\ntimeout = \"50ms\"\nhedge = { after = \"50ms\" }")],
            ),
            ("a hedge after everything", &[("servers = 10", "servers = 10\nhedge = { after = \"p100\" }")]),
            (
                "a limit that starts above its bounds",
                &[(
                    "servers = 10",
                    "servers = 10\nlimit = { aimd = { late = \"1s\", max = 10, initial = 20 } }",
                )],
            ),
            (
                "a limit without a measure",
                &[("servers = 10", "servers = 10\nlimit = { aimd = { max = 10 } }")],
            ),
            (
                "a breaker that opens at nothing",
                &[("servers = 10", "servers = 10\nbreaker = { failures = 0.0, open = \"1s\" }")],
            ),
            (
                "a breaker in the process",
                &[("ttl = \"5s\"", "ttl = \"5s\"\nbreaker = { failures = 0.5, open = \"1s\" }")],
            ),
            (
                "users of a crashed instance",
                &[
                    (EVENT, "{ crash = { instance = 0, for = \"5s\" } }"),
                    ("{ poisson = { rate = 1000 } }", "{ closed = { users = 5 } }"),
                ],
            ),
        ],
    );
}

#[test]
fn writes() {
    const CLIENTS: &str = "[clients]";
    snapshot(
        "writes",
        &[
            ("unknown strategy", &[(CLIENTS, "[writes]\nstrategy = \"write-thru\"\n\n[clients]")]),
            (
                "order and rollback without writes",
                &[(CLIENTS, "[writes]\norder = \"before-commit\"\nrollback = 0.1\n\n[clients]")],
            ),
            ("locks of rows that nobody writes", &[("servers = 10", "servers = 10\nrow_lock = true")]),
            (
                "locks of writes that are withdrawn",
                &[
                    ("keys = 1000", "keys = 1000\nwrite_share = 0.1"),
                    (
                        "servers = 10",
                        "servers = 10\ntimeout = \"50ms\"\ncancel_on_timeout = true\nrow_lock = true",
                    ),
                ],
            ),
            (
                "nothing comes before the commit",
                &[
                    ("keys = 1000", "keys = 1000\nwrite_share = 0.1"),
                    (
                        CLIENTS,
                        "[writes]\nstrategy = \"write-around\"\norder = \"before-commit\"\n\n[clients]",
                    ),
                ],
            ),
            (
                "versions before the commit",
                &[
                    ("keys = 1000", "keys = 1000\nwrite_share = 0.1"),
                    (CLIENTS, "[writes]\nversioned = true\norder = \"before-commit\"\n\n[clients]"),
                ],
            ),
            (
                "tombstones that nothing leaves",
                &[
                    ("keys = 1000", "keys = 1000\nwrite_share = 0.1"),
                    (
                        CLIENTS,
                        "[writes]\nstrategy = \"write-through\"\nversioned = true\ntombstone_ttl = \"5s\"\n\n[clients]",
                    ),
                ],
            ),
            ("tombstones without versions", &[(CLIENTS, "[writes]\ntombstone_ttl = \"5s\"\n\n[clients]")]),
            (
                "versions and acknowledgements without writes",
                &[(
                    CLIENTS,
                    "[measure]\nstale_acknowledged = true\n\n[writes]\nversioned = true\n\n[clients]",
                )],
            ),
            ("write-back without writes", &[(CLIENTS, "[writes]\nstrategy = \"write-back\"\n\n[clients]")]),
            (
                "write-back on a tier in the process",
                &[
                    ("keys = 1000", "keys = 1000\nwrite_share = 0.1"),
                    ("scope = \"shared\"", "scope = \"shared\"\nenabled = false"),
                    (CLIENTS, "[writes]\nstrategy = \"write-back\"\n\n[clients]"),
                ],
            ),
            (
                "what contradicts write-back",
                &[
                    ("keys = 1000", "keys = 1000\nwrite_share = 0.1\nkeys_per_entity = 2"),
                    (
                        CLIENTS,
                        "[writes]\nstrategy = \"write-back\"\norder = \"before-commit\"\nrollback = 0.1\n\n\
                         [invalidation]\ncdc = { lag = \"1s\" }\n\n[clients]",
                    ),
                ],
            ),
            (
                "tombstones under write-back",
                &[
                    ("keys = 1000", "keys = 1000\nwrite_share = 0.1"),
                    (
                        CLIENTS,
                        "[writes]\nstrategy = \"write-back\"\nversioned = true\ntombstone_ttl = \"1s\"\n\n[clients]",
                    ),
                ],
            ),
            (
                "how write-back flushes",
                &[
                    ("keys = 1000", "keys = 1000\nwrite_share = 0.1"),
                    (
                        CLIENTS,
                        "[writes.strategy.write-back]\nflush_interval = \"0s\"\nbatch = 0\nflush_cost = { per_row = \
                         \"1ms\" }\n\n[clients]",
                    ),
                ],
            ),
            ("more rollbacks than transactions", &[(CLIENTS, "[writes]\nrollback = 1.5\n\n[clients]")]),
        ],
    );
}

#[test]
fn nodes() {
    const EVENT: &str = "{ flush = { tier = \"l2\" } }";
    const THREE: (&str, &str) = ("scope = \"shared\"", "scope = \"shared\"\nnodes = 3");
    snapshot(
        "nodes",
        &[
            ("no node at all", &[("scope = \"shared\"", "scope = \"shared\"\nnodes = 0")]),
            (
                "nodes of a tier in the process",
                &[("scope = \"instance\"", "scope = \"instance\"\nnodes = 3")],
            ),
            (
                "fewer entries than nodes",
                &[("scope = \"shared\"", "scope = \"shared\"\nnodes = 3\ncapacity = 2\neviction = \"lru\"")],
            ),
            ("a node that is not there", &[THREE, (EVENT, "{ node_lost = { tier = \"l2\", node = 3 } }")]),
            (
                "a node of a tier that has one",
                &[(EVENT, "{ slow = { target = \"l2\", node = 1, factor = 2.0, for = \"5s\" } }")],
            ),
            (
                "a node of the database",
                &[(EVENT, "{ pause = { target = \"database\", node = 1, for = \"5s\" } }")],
            ),
            (
                "a lost node that answers nothing, and no time limit",
                &[THREE, (EVENT, "{ node_lost = { tier = \"l2\", node = 0, fail = \"timeout\" } }")],
            ),
        ],
    );
}

#[test]
fn bytes() {
    const SHARED: &str = "scope = \"shared\"";
    snapshot(
        "bytes",
        &[
            (
                "compression in the process",
                &[(
                    "scope = \"instance\"",
                    "scope = \"instance\"\ncompress = { above = \"10kB\", ratio = 0.3, per_byte = \"4ns\" }",
                )],
            ),
            (
                "compression that makes larger",
                &[(
                    SHARED,
                    "scope = \"shared\"\ncompress = { above = \"10kB\", ratio = 1.3, per_byte = \"4ns\" }",
                )],
            ),
            (
                "compression of nothing in particular",
                &[(SHARED, "scope = \"shared\"\ncompress = { ratio = 0.3 }")],
            ),
            ("serialization without a cost", &[(SHARED, "scope = \"shared\"\nserialize = {}")]),
            ("bandwidth in bits", &[(SHARED, "scope = \"shared\"\nbandwidth = \"10Gbit/s\"")]),
            ("bandwidth without a time", &[(SHARED, "scope = \"shared\"\nbandwidth = \"1GB\"")]),
            ("no bandwidth", &[(SHARED, "scope = \"shared\"\nbandwidth = \"0GB/s\"")]),
        ],
    );
}

#[test]
fn prices() {
    const DATABASE: &str = "[database]\nservers = 10";
    const NO_TIERS: [(&str, &str); 2] = [
        ("name = \"l1\"", "name = \"l1\"\nenabled = false"),
        ("name = \"l2\"", "name = \"l2\"\nenabled = false"),
    ];
    snapshot(
        "prices",
        &[
            ("no price at all", &[(DATABASE, "[price]\n\n[database]\nservers = 10")]),
            (
                "a currency and no price",
                &[(DATABASE, "[price]\ncurrency = \"EUR\"\n\n[database]\nservers = 10")],
            ),
            (
                "no currency, and less than nothing",
                &[(DATABASE, "[price]\ncurrency = \"eur\"\ntraffic_gb = -0.1\n\n[database]\nservers = 10")],
            ),
            (
                "a currency that nobody pays in",
                &[(DATABASE, "[price]\ncurrency = \"euro\"\ndatabase_month = 9\n\n[database]\nservers = 10")],
            ),
            (
                "a currency of one variant",
                &[
                    (DATABASE, "[price]\ndatabase_month = 9\n\n[database]\nservers = 10"),
                    ("\"tier.l2.jitter\" = { plus = \"10%\" }", "\"price.currency\" = \"EUR\""),
                ],
            ),
            (
                "prices of tiers that are not there",
                &[
                    NO_TIERS[0],
                    NO_TIERS[1],
                    ("[[event]]\nat = \"60s\"\nwhat = { flush = { tier = \"l2\" } }\n", ""),
                    (
                        DATABASE,
                        "[price]\ncache_gb_month = 1\ninstance_gb_month = 2\ncache_million_commands = 3\ntraffic_gb = 4\n\n\
                         [database]\nservers = 10",
                    ),
                ],
            ),
            (
                "prices of servers without a number and of minutes without an objective",
                &[(DATABASE, "[price]\ndatabase_server_month = 30\nobjective_minute = 1\n\n[database]")],
            ),
        ],
    );
}

#[test]
fn what_some_variant_or_the_command_line_uses_is_no_mistake() {
    let negative = ("ttl = \"60s\"", "ttl = \"60s\"\nnegative_ttl = \"5s\"");
    let absent = ("keys = 1000", "keys = 1000\nabsent = { share = 0.1, keys = 10 }");
    assert_eq!(messages(&[negative, absent]), "NO PROBLEM FOUND\n");
    let in_variant =
        ("{ plus = \"10%\" } }", "{ plus = \"10%\" }, \"workload.absent\" = { share = 0.1, keys = 10 } }");
    assert_eq!(messages(&[negative, in_variant]), "NO PROBLEM FOUND\n");
    let source = SOUND.replacen(absent.0, absent.1, 1).replacen(negative.0, negative.1, 1);
    let set = |path: &str, value: &str| {
        let set = vec![(path.to_owned(), value.to_owned())];
        messages_of(&source, Path::new(""), &Overrides { set, ..Overrides::default() })
    };
    assert_eq!(set("workload.absent", "none"), "NO PROBLEM FOUND\n");
    let axis = "[sweep.axes]\n\"workload.absent\" = [\"none\", { share = 0.1, keys = 10 }]\n\n[[event]]";
    assert_eq!(messages(&[negative, ("[[event]]", axis)]), "NO PROBLEM FOUND\n");
    let stream = [
        ("keys = 1000", "keys = 1000\nwrite_share = 0.1"),
        ("[clients]", "[invalidation]\ncdc = { lag = \"100ms\" }\n\n[clients]"),
        ("name = \"l2\"", "name = \"l2\"\nenabled = false"),
    ];
    let switched_on = ("{ plus = \"10%\" } }", "{ plus = \"10%\" }, \"tier.l2.enabled\" = true }");
    assert_eq!(messages(&[&stream[..], &[switched_on]].concat()), "NO PROBLEM FOUND\n");
}

#[test]
fn variants_and_words() {
    let answer = "[answer]\ntext = \"Load falls to {jitter:db.qps.peak}.\"\n\n[clients]";
    assert_eq!(messages(&[("[clients]", answer)]), "NO PROBLEM FOUND\n");
    snapshot(
        "variants_and_words",
        &[
            ("a tab in the name of a variant", &[("name = \"plain\"", "name = \"pl\\tain\"")]),
            ("variant sets a misspelt field", &[("\"tier.l2.jitter\"", "\"tier.l2.jiter\"")]),
            ("variant sets an unknown tier", &[("\"tier.l2.jitter\"", "\"tier.l9.jitter\"")]),
            (
                "variant walks into a value",
                &[("{ \"tier.l2.jitter\" = { plus = \"10%\" } }", "{ \"database.servers.count\" = 5 }")],
            ),
            (
                "variant sets what all share",
                &[("{ \"tier.l2.jitter\" = { plus = \"10%\" } }", "{ duration = \"60s\" }")],
            ),
            ("variant forgets the quotes", &[("\"tier.l2.jitter\" =", "tier.l2.jitter =")]),
            (
                "variant contradicts the rest",
                &[(
                    "{ \"tier.l2.jitter\" = { plus = \"10%\" } }",
                    "{ \"tier.l1.capacity\" = \"unbounded\" }",
                )],
            ),
            ("variant named twice", &[("name = \"jitter\"", "name = \"plain\"")]),
            ("unknown baseline", &[("warmup", "baseline = \"plane\"\nwarmup")]),
            (
                "unknown headline",
                &[("warmup", "headline = [\"hit_ratio\", \"tier.l3.hit_ratio\", \"db.qps\"]\nwarmup")],
            ),
            (
                "unknown measure in an answer",
                &[("[clients]", "[answer]\ntext = \"{jitter:db.qps.peek}\"\n\n[clients]")],
            ),
            (
                "unknown variant in an answer",
                &[("[clients]", "[answer]\ntext = \"{jiter:db.qps.peak}\"\n\n[clients]")],
            ),
            ("broken placeholder", &[("[clients]", "[answer]\ntext = \"{db.qps.peak} falls\"\n\n[clients]")]),
            (
                "finding about an unknown row",
                &[(
                    "[clients]",
                    "[[practice]]\nrow = \"P41\"\nclaim = \"it helps\"\nverdict = \"holds\"\ntext = \"It does.\"\ntests = [\"{jitter:hit_ratio} > 0\"]\n\n[clients]",
                )],
            ),
            (
                "finding with an unknown verdict",
                &[(
                    "[clients]",
                    "[[practice]]\nrow = \"P4\"\nclaim = \"it helps\"\nverdict = \"holds if\"\ntext = \"It does.\"\ntests = [\"{jitter:hit_ratio} > 0\"]\n\n[clients]",
                )],
            ),
            (
                "finding without tests",
                &[(
                    "[clients]",
                    "[[practice]]\nrow = \"P4\"\nclaim = \"it helps\"\nverdict = \"holds\"\ntext = \"It does.\"\ntests = []\n\n[clients]",
                )],
            ),
            (
                "unknown names in a finding",
                &[(
                    "[clients]",
                    "[[practice]]\nrow = \"P4\"\nclaim = \"it helps\"\nverdict = \"holds\"\ntext = \"{jiter:hit_ratio} {jitter}\"\ntests = [\"{jitter:hit_ration} > 0\"]\n\n[clients]",
                )],
            ),
            ("one finding as a table", &[("[clients]", "[practice]\nrow = \"P4\"\n\n[clients]")]),
            (
                "broken claim",
                &[(
                    "[clients]",
                    "[answer]\ntext = \"It helps.\"\nclaims = [\"{jitter:db.qps.peak} < half of {plain:db.qps.peak}\"]\n\n[clients]",
                )],
            ),
        ],
    );
}

#[test]
fn the_command_line() {
    let set = |path: &str, value: &str| Overrides {
        set: vec![(path.to_owned(), value.to_owned())],
        ..Overrides::default()
    };
    let cases = [
        ("unknown tier", set("tier.l9.ttl", "5m")),
        ("misspelt field", set("tier.l2.ttll", "5m")),
        ("wrong unit", set("tier.l2.ttl", "5 parsecs")),
        ("not TOML", set("tier.l2.jitter", "{ plus = 5s }")),
        ("wrong duration", Overrides { duration: Some("10".to_owned()), ..Overrides::default() }),
        ("no replication", Overrides { replications: Some(0), ..Overrides::default() }),
        ("unknown variant", Overrides { variants: vec!["jiter".to_owned()], ..Overrides::default() }),
    ];
    let mut text = String::new();
    for (title, overrides) in cases {
        let rendered = messages_of(SOUND, Path::new(""), &overrides);
        writeln!(text, "## {title}\n\n{}\n", rendered.trim_end()).unwrap();
    }
    insta::assert_snapshot!(text);
}

#[test]
fn sweeps_and_recommendations() {
    snapshot(
        "sweeps_and_recommendations",
        &[
            ("no list and no range", &[("[[event]]", "[sweep.axes]\n\"tier.l2.ttl\" = \"5s\"\n\n[[event]]")]),
            ("path without quotes", &[("[[event]]", "[sweep.axes]\ntier.l2.ttl = [\"5s\"]\n\n[[event]]")]),
            (
                "range without a way to divide it",
                &[("[[event]]", "[sweep.axes]\n\"tier.l2.ttl\" = \"5s..60s\"\n\n[[event]]")],
            ),
            (
                "range of two kinds",
                &[("[[event]]", "[sweep.axes]\n\"tier.l2.ttl\" = \"5s..60MB:lin 4\"\n\n[[event]]")],
            ),
            (
                "the same value twice",
                &[("[[event]]", "[sweep.axes]\n\"database.servers\" = [2, 4, 2]\n\n[[event]]")],
            ),
            ("the seed as an axis", &[("[[event]]", "[sweep.axes]\nseed = [1, 2]\n\n[[event]]")]),
            (
                "unknown measure and a lonely one",
                &[("[[event]]", "[sweep]\nmeasures = [\"hitratio\"]\npareto = [\"hit_ratio\"]\n\n[[event]]")],
            ),
            (
                "no objective",
                &[("[[event]]", "[recommend.knobs]\n\"database.servers\" = [2, 4]\n\n[[event]]")],
            ),
            (
                "two objectives",
                &[(
                    "[[event]]",
                    "[recommend]\nminimise = \"hit_ratio\"\nmaximise = \"goodput\"\n\n[[event]]",
                )],
            ),
            (
                "an objective that is neither measure nor knob",
                &[("[[event]]", "[recommend]\nminimise = \"database.servers\"\n\n[[event]]")],
            ),
            (
                "an objective without an order",
                &[(
                    "[[event]]",
                    "[recommend]\nminimise = \"tier.l1.eviction\"\nknobs = { \"tier.l1.eviction\" = [\"lru\", \"fifo\"] }\n\n[[event]]",
                )],
            ),
            (
                "limits that are none",
                &[(
                    "[[event]]",
                    "[recommend]\nminimise = \"goodput\"\nkeep = [\"db.qps.peak < 5\", \"hit_ratio >= 95\", \"dbqps <= 5\"]\n\n[[event]]",
                )],
            ),
        ],
    );
}

#[test]
fn traces() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, rows: &str| std::fs::write(folder.path().join(name), rows).unwrap();
    write("fine.csv", "t,key,bytes\n0,a,10\n1,b,20\n2,a,10\n");
    write("cut.csv", "t,key,bytes\n0,a,10\n1,b\n");
    write("bad.csv", "t,key,bytes\n0,a,10\nsoon,b,10\n");
    write("back.csv", "t,key,bytes\n5,a,10\n4,b,10\n");
    let scenario = |file: &str, more: &str| {
        format!(
            "question = \"?\"\n\n[workload]\narrivals = {{ trace = {{ file = \"{file}\", time = \"t\", key = \"key\", size = \"bytes\", unit = \"s\" }} }}\n{more}\n[database]\nread = \"5ms\"\n"
        )
    };
    let none = Overrides::default();
    let fine = parse(&scenario("fine.csv", ""), "bad.toml", folder.path(), &none).unwrap();
    // From the first request to the last, and one mean gap.
    assert_eq!(fine.variants[0].model.duration_ns, 3_000_000_000);
    let mut text = String::new();
    for (title, source) in [
        ("missing", scenario("missing.csv", "")),
        ("truncated", scenario("cut.csv", "")),
        ("bad number", scenario("bad.csv", "")),
        ("time goes back", scenario("back.csv", "")),
        ("unknown column", scenario("fine.csv", "").replace("\"bytes\"", "\"size\"")),
        ("what the trace says itself", scenario("fine.csv", "keys = 10\nvalue_size = \"1kB\"\n")),
        ("profile", scenario("fine.csv", "profile = [{ step = { at = \"1s\", factor = 2.0 } }]\n")),
    ] {
        let rendered = messages_of(&source, folder.path(), &none);
        writeln!(text, "## {title}\n\n{}\n", rendered.trim_end()).unwrap();
    }
    insta::assert_snapshot!(text);
}

/// A file of counts has the number of keys, so nothing else is missing where it cannot be read.
#[test]
fn a_file_of_counts_that_cannot_be_read_is_the_only_error() {
    let popularity =
        ("popularity = { zipf = { exponent = 1.0 } }", "popularity = { counts = { file = \"none.csv\" } }");
    let told = messages(&[("keys = 1000\n", ""), popularity]);
    assert!(told.contains("none.csv") && !told.contains("`keys`"), "{told}");
    assert_eq!(told.matches("error:").count(), 1, "{told}");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is done to a scenario, it is either accepted or refused with at least one message.
    #[test]
    fn a_spoiled_scenario_never_panics(
        at in 0..SOUND.len(),
        length in 0usize..40,
        text in r#"([a-z0-9".=\[\]{},# \n-]|é){0,20}"#,
    ) {
        let end = (at + length).min(SOUND.len());
        let spoiled = format!("{}{text}{}", &SOUND[..at], &SOUND[end..]);
        if let Err(problems) = parse(&spoiled, "bad.toml", Path::new(""), &Overrides::default()) {
            prop_assert!(!problems.list.is_empty(), "refused without a reason:\n{spoiled}");
            prop_assert!(problems.render(true).contains("error"));
        }
    }
}
