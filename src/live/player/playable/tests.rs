use std::collections::BTreeMap;
use std::path::Path;

use super::*;
use crate::reference::options;
use crate::scenario::{Overrides, parse};

/// Every entry of the lists with the name of its list.
fn lists() -> Vec<(&'static str, &'static str)> {
    let of = |list: &'static str, all: &[&'static str]| {
        all.iter().map(move |&path| (path, list)).collect::<Vec<_>>()
    };
    let mut refused: Vec<&str> = RULES.iter().map(|rule| rule.option).collect();
    refused.dedup();
    [
        of("played", PLAYED),
        of("of the servers", OF_THE_SERVERS),
        of("of the report", OF_THE_REPORT),
        of("refused", &refused),
    ]
    .concat()
}

/// The entry that decides about an option: the nearest above it.
fn decides(path: &str) -> Option<(&'static str, &'static str)> {
    let is_above =
        |entry: &str| path == entry || path.strip_prefix(entry).is_some_and(|rest| rest.starts_with('.'));
    lists().into_iter().filter(|(entry, _)| is_above(entry)).max_by_key(|(entry, _)| entry.len())
}

#[test]
fn every_option_is_in_exactly_one_list() {
    let known: Vec<String> = options::all().into_iter().map(|option| option.path).collect();
    for path in &known {
        assert!(decides(path).is_some(), "{path} is in no list");
    }
    let mut seen = BTreeMap::new();
    for (entry, list) in lists() {
        let before = seen.insert(entry, list);
        assert!(
            before.is_none_or(|before| before == "refused" && list == "refused"),
            "{entry}: {before:?} and {list}"
        );
        // A possibility of a choice without parameters is no option of its own.
        let word = entry.rsplit_once('.').map_or(entry, |(above, _)| above);
        assert!(
            known.iter().any(|path| path == entry || path.starts_with(&format!("{entry}.")) || path == word),
            "{entry} is no option"
        );
    }
    assert_eq!(decides("database.hedge.after").map(|entry| entry.1), Some("refused"));
    assert_eq!(decides("database.retries.budget.ratio").map(|entry| entry.1), Some("played"));
    assert_eq!(decides("tier.network").map(|entry| entry.1), Some("of the servers"));
}

const BASE: &str = r#"
question = "?"
duration = "10s"
clients = { instances = 2 }
[workload]
arrivals = { poisson = { rate = 10 } }
keys = 100
write_share = 0.1
[database]
read = "1ms"
servers = 4
timeout = "1s"
[[tier]]
name = "l2"
scope = "shared"
ttl = "60s"
"#;

fn refused(source: &str, own: bool) -> Vec<String> {
    let experiment = parse(source, "test.toml", Path::new(""), &Overrides::default());
    let experiment = experiment.unwrap_or_else(|problems| panic!("{problems}\n{source}"));
    match refusals(&experiment, own) {
        Ok(()) => Vec::new(),
        Err(problems) => problems
            .list
            .iter()
            .map(|problem| problem.title.replace("`herdlab live` does not play ", ""))
            .collect(),
    }
}

#[test]
fn what_is_played_is_not_refused() {
    assert_eq!(refused(BASE, false), Vec::<String>::new());
}

#[test]
fn each_rule_refuses_its_option_by_name() {
    let with = |added: &str, inside: &str, value: &str| {
        let text = if inside.is_empty() {
            format!("{value}\n{BASE}")
        } else {
            BASE.replace(inside, &format!("{inside}\n{value}"))
        };
        format!("{text}\n{added}")
    };
    let event = |what: &str| with(&format!("[[event]]\nat = \"5s\"\nwhat = {{ {what} }}"), "", "");
    let of_class = |option: &str| {
        let class = format!("[[class]]\nname = \"c\"\nshare = 1.0\nkeys = 10\n{option}\n");
        BASE.replace("keys = 100\n", "") + &class
    };
    let (tier, database) = ("ttl = \"60s\"", "servers = 4");
    let cases = [
        (with("", "", "warmup = \"auto\""), "warmup"),
        (with("", "", "precision = { measure = \"hit_ratio\", relative = 0.1 }"), "precision"),
        (
            BASE.replace("poisson = { rate = 10 }", "closed = { users = 2, think = \"1s\" }"),
            "workload.arrivals.closed",
        ),
        (
            with(
                "[limiter]\nlimit = 5\nper = \"1s\"\nmode = \"atomic\"\ntier = \"l2\"\ncallers = 10",
                "",
                "",
            ),
            "limiter",
        ),
        (BASE.replace("instances = 2", "instances = 2, workers = 2"), "clients.workers"),
        (BASE.replace("instances = 2", "instances = 2, workers = 2, queue = 5"), "clients.queue"),
        (
            format!(
                "{}\n[[event]]\nat = \"1s\"\nwhat = {{ scale = {{ instances = 2 }} }}",
                BASE.replace("instances = 2", "instances = 2, started = 1, slow_start = \"1s\"")
            ),
            "clients.started",
        ),
        (
            format!("{BASE}\n[[event]]\nat = \"1s\"\nwhat = {{ scale = {{ instances = 1 }} }}")
                .replace("instances = 2", "instances = 2, slow_start = \"1s\""),
            "clients.slow_start",
        ),
        (
            BASE.replace("instances = 2", "instances = 2, workers = 2, autoscale = { target = 0.6 }"),
            "clients.autoscale",
        ),
        (of_class("bypass = [\"l2\"]"), "class.c.bypass"),
        (of_class("cacheable = false"), "class.c.cacheable"),
        (
            of_class("cacheable = false").replace(tier, "ttl = \"60s\"\nhit_for_miss = \"1s\""),
            "tier.l2.hit_for_miss",
        ),
        (
            with(
                "[[tier]]\nname = \"l1\"\nscope = \"instance\"\nttl = \"9s\"\n[invalidation]\nbroadcast = { delay = \"1ms\", lost = 0.1 }",
                "",
                "",
            ),
            "invalidation.broadcast.lost",
        ),
        (
            with(
                "[[tier]]\nname = \"l1\"\nscope = \"instance\"\nttl = \"9s\"\n[invalidation]\nbroadcast = { delay = \"1ms\", cuts = { every = \"10s\", for = \"1s\" } }",
                "",
                "",
            ),
            "invalidation.broadcast.cuts",
        ),
        (
            with(
                "[[tier]]\nname = \"l1\"\nscope = \"instance\"\nttl = \"9s\"\n[invalidation]\ntracking = { delay = \"1ms\" }",
                "",
                "",
            ),
            "invalidation.tracking",
        ),
        (with("", tier, "fail_safe = { grace = \"1h\" }"), "tier.l2.fail_safe"),
        (with("", tier, "fill = false"), "tier.l2.fill"),
        (with("", tier, "admit = { share = 0.5 }"), "tier.l2.admit"),
        (with("", tier, "refresh = { ahead = { fraction = 0.5, grace = \"1s\" } }"), "tier.l2.refresh"),
        (with("", tier, "nodes = 2"), "tier.l2.nodes"),
        (with("", tier, "timeout = \"1s\"\nbreaker = { failures = 0.5, open = \"5s\" }"), "tier.l2.breaker"),
        (with("", tier, "serialize = { per_byte = \"2ns\" }"), "tier.l2.serialize"),
        (
            with("", tier, "compress = { above = \"10kB\", ratio = 0.3, per_byte = \"4ns\" }"),
            "tier.l2.compress",
        ),
        (with("", tier, "bandwidth = \"1GB/s\""), "tier.l2.bandwidth"),
        (with("", tier, "capacity = 50\neviction = \"lru\""), "tier.l2.capacity"),
        (with("", tier, "capacity = \"1MB\"\neviction = \"sieve\""), "tier.l2.eviction"),
        (with("[[tier]]\nname = \"l3\"\nscope = \"shared\"\nttl = \"60s\"", "", ""), "tier.l3.scope"),
        (with("", database, "cancel_on_timeout = true"), "database.cancel_on_timeout"),
        (with("", database, "pool = 2\nclose_on_timeout = true"), "database.close_on_timeout"),
        (
            with(
                "[[event]]\nat = \"1s\"\nwhat = { deploy = { every = \"1s\" } }",
                database,
                "pool = 2\nconnect = \"3ms\"",
            ),
            "database.connect",
        ),
        (with("", database, "pool = 2\nmax_connections = 9"), "database.max_connections"),
        (with("", database, "error_ttl = \"1s\""), "database.error_ttl"),
        (with("", database, "background = { rate = 5 }"), "database.background"),
        (with("", database, "replicas = { count = 2, lag = \"10ms\" }"), "database.replicas"),
        (with("", database, "breaker = { failures = 0.5, open = \"5s\" }"), "database.breaker"),
        (with("", database, "limit = { aimd = { late = \"100ms\" } }"), "database.limit"),
        (with("", database, "hedge = { after = \"50ms\" }"), "database.hedge"),
        (with("[writes]\nstrategy = { write-back = {} }", "", ""), "writes.strategy.write-back"),
        (with("[writes]\nstrategy = \"update\"\norder = \"before-commit\"", "", ""), "writes.order"),
        (
            with(
                "[writes]\nmark_stale = true",
                tier,
                "refresh = { stale-while-revalidate = { grace = \"5s\" } }",
            ),
            "writes.mark_stale",
        ),
        (with("[invalidation]\ncdc = { lag = \"10ms\" }", "", ""), "invalidation.cdc"),
        (with("[measure]\nvalue_age = true", "", ""), "measure.value_age"),
        (with("[measure]\nwire = true", "", ""), "measure.wire"),
        (with("[measure]\nremaining_ttl = true", "", ""), "measure.remaining_ttl"),
        (with("[measure]\nstale_acknowledged = true", "", ""), "measure.stale_acknowledged"),
        (event("slow = { target = \"l2\", for = \"1s\", factor = 2.0 }"), "event.slow-l2"),
        (event("crash = { instance = 0, for = \"1s\" }"), "event.crash"),
        (event("change = { set = { \"tier.l2.ttl\" = \"1s\" } }"), "event.change"),
        (event("warm = { tier = \"l2\", hottest = 5, rate = 5 }"), "event.warm-l2"),
        (event("scale = { instances = 1 }"), "event.scale"),
        (
            event("restart = { tier = \"l2\", for = \"1s\", fail = \"timeout\" }")
                .replace(tier, "ttl = \"60s\"\ntimeout = \"1s\""),
            "event.restart-l2",
        ),
        (event("restart = { tier = \"l2\", for = \"1s\", keeps = true }"), "event.restart-l2"),
    ];
    let mut tried: Vec<&str> = Vec::new();
    for (source, name) in &cases {
        let found = refused(source, true);
        assert!(found.iter().any(|path| path == name), "{name}: {found:?}");
        tried.push(name);
    }
    // Rules about several options together are tried below.
    for rule in RULES.iter().filter(|rule| !rule.own_play_it && !rule.option.starts_with("event")) {
        let generic = rule.option.replace("tier.", "tier.l2.").replace("class.", "class.c.");
        // A rule about some values of an option is named below it.
        let is_of = |name: &&str| generic == **name || generic.starts_with(&format!("{name}."));
        let is_tried =
            tried.iter().any(is_of) || ["tier.scope.shared", "tier.recorded_ttl"].contains(&rule.option);
        let is_together = TOGETHER.iter().any(|name| rule.option.starts_with(name));
        assert!(is_tried || is_together, "nothing tries {}", rule.option);
    }
}

/// Options that are refused only beside others.
const TOGETHER: &[&str] =
    &["tier.sliding", "tier.refresh", "tier.multi_get", "coalescing.lease", "writes.versioned"];

#[test]
fn options_that_do_not_go_together_are_refused() {
    let tier = |more: &str| BASE.replace("ttl = \"60s\"", &format!("ttl = \"60s\"\n{more}"));
    assert_eq!(
        refused(&tier("sliding = true\nrefresh = { xfetch = { beta = 1.0 } }"), true),
        ["tier.l2.sliding"]
    );
    let lease = |source: String| format!("coalescing = {{ lease = {{ tier = \"l2\" }} }}\n{source}");
    assert_eq!(refused(&lease(tier("refresh = { xfetch = { beta = 1.0 } }")), true), ["tier.l2.refresh"]);
    assert_eq!(refused(&lease(format!("{BASE}\n[writes]\nversioned = true")), true), ["writes.versioned"]);
    let mget = |more: &str| tier(more).replace("keys = 100", "keys = 100\nkeys_per_request = 3");
    let all = mget("multi_get = \"mget\"");
    assert_eq!(refused(&all, true), Vec::<String>::new());
    assert_eq!(refused(&lease(all), true), ["tier.l2.multi_get"]);
    assert_eq!(refused(&mget("multi_get = \"mget\"\nsliding = true"), true), ["tier.l2.multi_get"]);
}

#[test]
fn given_servers_are_not_disturbed() {
    for what in [
        "flush = { tier = \"l2\" }",
        "restart = { tier = \"l2\", for = \"1s\" }",
        "pause = { target = \"l2\", for = \"1s\" }",
    ] {
        let source = format!("{BASE}\n[[event]]\nat = \"5s\"\nwhat = {{ {what} }}");
        assert_eq!(refused(&source, true), Vec::<String>::new());
        assert_eq!(refused(&source, false).len(), 1, "{what}");
    }
    let pause = format!(
        "{BASE}\n[[event]]\nat = \"5s\"\nwhat = {{ pause = {{ target = \"database\", for = \"1s\" }} }}"
    );
    assert_eq!(refused(&pause, false), Vec::<String>::new(), "the gate is ours");
}

#[test]
fn a_refusal_names_file_and_line() {
    let source = BASE.replace("servers = 4", "servers = 4\nhedge = { after = \"50ms\" }");
    let experiment = parse(&source, "my.toml", Path::new(""), &Overrides::default()).unwrap();
    let text = refusals(&experiment, true).unwrap_err().to_string();
    assert!(text.contains("my.toml:12"), "{text}");
    let variant = format!(
        "{BASE}\n[[variant]]\nname = \"a\"\n[[variant]]\nname = \"b\"\nset = {{ \"tier.l2.nodes\" = 2 }}"
    );
    let experiment = parse(&variant, "my.toml", Path::new(""), &Overrides::default()).unwrap();
    let text = refusals(&experiment, true).unwrap_err().to_string();
    assert!(text.contains("my.toml:22") && text.contains("tier.l2.nodes"), "{text}");
}

#[test]
fn times_to_live_of_a_recording_are_refused() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/silent");
    let source = std::fs::read_to_string(folder.join("trace.toml")).unwrap();
    let experiment = parse(&source, "trace.toml", &folder, &Overrides::default()).unwrap();
    let problems = refusals(&experiment, true).unwrap_err();
    let recorded = problems.list.iter().find(|problem| problem.title.contains("recorded_ttl")).unwrap();
    assert!(!recorded.labels.is_empty(), "it has its place");
}
