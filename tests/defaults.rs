//! A default that a declaration states in words (`otherwise "as `read`"`) is the one that holds: leaving the option out means what
//! that value written out means. A default that is a value stands in its declaration once.

use std::collections::BTreeSet;
use std::path::Path;

use herdlab::declare::kind::Default;
use herdlab::reference::options;
use herdlab::scenario::{Overrides, parse};

const PLAIN: &str = r#"
question = "?"
duration = "10s"
[workload]
arrivals = { poisson = { rate = 100 } }
keys = 100
write_share = 0.1
[[tier]]
name = "l2"
scope = "shared"
ttl = "1s"
[database]
read = "5ms"
[[event]]
label = "e"
at = "3s"
what = { flush = { tier = "l2" } }
"#;

#[test]
fn a_default_that_is_stated_in_words_holds() {
    let mut wrong = Vec::new();
    for (path, left_out, written, common) in STATED {
        let models = |setting: &str| {
            let own = setting.split_once('=').unwrap();
            let set = common.iter().chain([&own]).map(|(path, value)| (path.to_string(), value.to_string()));
            let overrides = Overrides { set: set.collect(), ..Overrides::default() };
            let experiment = parse(PLAIN, "plain.toml", Path::new(""), &overrides);
            let experiment = experiment.unwrap_or_else(|problems| panic!("{path}: {setting}\n{problems}"));
            format!("{:?}", experiment.variants)
        };
        if models(left_out) != models(written) {
            wrong.push(format!("{path}: {left_out} is not {written}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Words that name a value of the same kind: one of another option, or one that depends on others.
#[test]
fn no_such_default_is_left_out() {
    let stated: BTreeSet<&str> = STATED.iter().map(|row| row.0).collect();
    for option in options::all() {
        let Default::Words(words) = option.field.default else { continue };
        let names_a_value =
            words.contains("as `") || words.contains("as the primary") || words.contains("`\"");
        let of_its_own_test = option.table == "class" || option.table.is_empty();
        if names_a_value && !of_its_own_test && !NOT_A_VALUE.contains(&option.path.as_str()) {
            assert!(stated.contains(option.path.as_str()), "{}: {words}", option.path);
        }
    }
}

/// What the words name is no value of the option.
const NOT_A_VALUE: [&str; 7] = [
    // Names that are derived.
    "event.label",
    // That of a write, taken where the simulation begins (tests/scenarios/exact_writes.rs).
    "writes.strategy.write-back.flush_cost",
    "writes.strategy.write-back.flush_cost.per_batch",
    // What multi_get = "fan-out" means is compared where it is "mget".
    "tier.multi_get",
    "variant.set",
    // Only where `operation` has lists.
    "workload.arrivals.trace.sets",
    // By the format of the trace.
    "workload.arrivals.trace.reorder",
];

/// What a class leaves out is that of `[workload]`, and of the database.
#[test]
fn a_class_has_the_options_of_the_workload() {
    let class = |workload: &str, class: &str| {
        let source = PLAIN.replace("keys = 100\nwrite_share = 0.1\n", workload)
            + &format!("[[class]]\nname = \"c\"\nshare = 1\nkeys = 50\n{class}\n");
        let experiment = parse(&source, "class.toml", Path::new(""), &Overrides::default());
        let model =
            experiment.unwrap_or_else(|problems| panic!("{source}\n{problems}")).variants.remove(0).model;
        format!("{model:?}")
    };
    for option in [
        "exists_share = 0.3",
        "keys_per_request = 3",
        "write_share = 0.3",
        "value_size = \"7kB\"",
        "key_size = \"70B\"",
        "keys_per_entity = 3\nwrite_share = 0.3",
    ] {
        let writes = format!("{option}\n");
        assert_eq!(class(&writes, ""), class("", option), "{option}");
        assert_ne!(class(&writes, ""), class("", ""), "{option}");
    }
    // Of an absent class no row is written, unless it says so itself.
    let absent = |class_options: &str| {
        let source = PLAIN.replace("keys = 100\n", "keys_per_entity = 3\n")
            + "[[class]]\nname = \"rows\"\nshare = 0.5\nkeys = 50\n\
               [[class]]\nname = \"none\"\nshare = 0.5\nkeys = 50\nabsent = true\n"
            + class_options;
        let experiment = parse(&source, "class.toml", Path::new(""), &Overrides::default());
        format!("{:?}", experiment.unwrap_or_else(|problems| panic!("{source}\n{problems}")).variants)
    };
    assert_eq!(absent(""), absent("write_share = 0\n"));
    assert_eq!(absent("write_share = 0.1\n"), absent("write_share = 0.1\nkeys_per_entity = 1\n"));
}

const SEVERAL: (&str, &str) = ("workload.keys_per_request", "3");
const REDIS: &[(&str, &str)] = &[("tier.l2.capacity", "1MB"), ("tier.l2.eviction", "allkeys-lru")];

/// Where the option stands, the setting that leaves it out, the same with its default, and settings of both.
type Stated = (&'static str, &'static str, &'static str, &'static [(&'static str, &'static str)]);

const STATED: &[Stated] = &[
    (
        "database.background.service",
        "database.background={ rate = 20 }",
        "database.background={ rate = 20, service = \"5ms\" }",
        &[],
    ),
    (
        "database.limit.aimd.initial",
        "database.limit={ aimd = { late = \"9ms\" } }",
        "database.limit={ aimd = { late = \"9ms\", initial = 20 } }",
        &[],
    ),
    (
        "database.limit.aimd.initial",
        "database.limit={ aimd = { late = \"9ms\", max = 17 } }",
        "database.limit={ aimd = { late = \"9ms\", max = 17, initial = 17 } }",
        &[],
    ),
    (
        "database.replicas.servers",
        "database.replicas={ count = 2, lag = \"9ms\" }",
        "database.replicas={ count = 2, lag = \"9ms\", servers = 7 }",
        &[("database.servers", "7")],
    ),
    ("database.write", "seed=1", "database.write=5ms", &[]),
    (
        "event.what.hot_key.key",
        "event.e.what={ hot_key = { share = 0.2, for = \"1s\" } }",
        "event.e.what={ hot_key = { share = 0.2, for = \"1s\", key = 99 } }",
        &[],
    ),
    (
        "tier.active_expiry",
        "seed=1",
        "tier.l2.active_expiry={ hz = 10, effort = 1, per_key = \"0s\" }",
        REDIS,
    ),
    ("tier.active_expiry", "seed=1", "tier.l2.active_expiry=none", &[]),
    (
        "tier.compress.decompress_per_byte",
        "tier.l2.compress={ above = \"1B\", ratio = 0.5, per_byte = \"7ns\" }",
        "tier.l2.compress={ above = \"1B\", ratio = 0.5, per_byte = \"7ns\", decompress_per_byte = \"7ns\" }",
        &[],
    ),
    ("tier.samples", "seed=1", "tier.l2.samples=5", REDIS),
    ("tier.entry_overhead", "seed=1", "tier.l2.entry_overhead=56B", &[]),
    ("tier.entry_overhead", "seed=1", "tier.l2.entry_overhead=0B", &[("tier.l2.scope", "instance")]),
    (
        "tier.entry_overhead",
        "tier.l2.entry_overhead=redis",
        "tier.l2.entry_overhead={ redis = { quantum = \"8B\" } }",
        REDIS,
    ),
    (
        "tier.multi_get.mget.per_key",
        "tier.l2.multi_get=mget",
        "tier.l2.multi_get={ mget = { per_key = \"13us\" } }",
        &[SEVERAL, ("tier.l2.service", "13us")],
    ),
];
