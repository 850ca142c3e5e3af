use std::path::Path;

use super::*;
use crate::model::{Capacity, Dist, Ttl};
use crate::scenario::{Overrides, parse};

const UNCERTAIN: &str = r#"
    question = "?"
    duration = "10s"
    workload = { arrivals = { poisson = { rate = { about = 200, within = "20%" } } }, keys = { low = 80, likely = 100, high = 150 } }
    [[tier]]
    name = "l2"
    scope = "shared"
    ttl = { low = "1s", high = "3s" }
    [database]
    read = { exponential = { mean = { about = "5ms", within = 0.1 } } }
    [[event]]
    at = "5s"
    what = { slow = { target = "database", factor = { low = 2, high = 4.0 }, for = "1s" } }
    [[variant]]
    name = "plain"
    [[variant]]
    name = "small"
    set = { "tier.l2.capacity" = { low = "2kB", high = "4kB" }, "tier.l2.eviction" = "lru" }
"#;

fn drawn(overrides: &Overrides, count: u32) -> Vec<World> {
    worlds(UNCERTAIN, "x.toml", Path::new(""), overrides, count)
        .unwrap_or_else(|problems| panic!("{problems}"))
}

#[test]
fn a_range_leaves_its_central_value_and_is_known_by_its_path() {
    let experiment = parse(UNCERTAIN, "x.toml", Path::new(""), &Overrides::default()).unwrap();
    let model = &experiment.variants[0].model;
    assert_eq!((model.workload.arrivals.rate_per_s(), model.workload.keys()), (Some(200.0), 100));
    assert_eq!(model.tiers[0].ttl, Ttl::After { ns: 2_000_000_000 });
    assert_eq!(model.database.read, Dist::Exponential { mean_ns: 5e6 });
    assert_eq!(experiment.variants[1].model.tiers[0].capacity, Capacity::Bytes(3_000));
    let told: Vec<(&str, &str, f64, f64)> =
        experiment.inputs.iter().map(|input| (&*input.path, &*input.unit, input.low, input.high)).collect();
    assert_eq!(
        told,
        [
            ("workload.arrivals.poisson.rate", "1/s", 160.0, 240.0),
            ("workload.keys", "count", 80.0, 150.0),
            ("tier.l2.ttl", "s", 1.0, 3.0),
            ("database.read.exponential.mean", "s", 0.0045000000000000005, 0.0055),
            ("event.slow-database.what.slow.factor", "count", 2.0, 4.0),
            ("tier.l2.capacity (variant \"small\")", "bytes", 2_000.0, 4_000.0),
        ]
    );
    assert_eq!(experiment.inputs[1].text, "{ low = 80, likely = 100, high = 150 }");
}

#[test]
fn a_world_has_a_value_of_every_range_and_the_same_one_in_all_variants() {
    for world in drawn(&Overrides::default(), 8) {
        let [plain, small] = &world.variants[..] else { panic!("two variants") };
        assert_eq!(plain.model.workload.arrivals.rate_per_s(), Some(world.values[0]));
        assert_eq!(plain.model.workload.keys(), world.values[1] as u64);
        let ttl = Ttl::After { ns: (world.values[2] * 1e9).round() as u64 };
        assert!(plain.model.tiers[0].ttl == ttl && small.model.tiers[0].ttl == ttl);
        assert_eq!(small.model.tiers[0].capacity, Capacity::Bytes(world.values[5].round() as u64));
        assert!(plain.model.tiers[0].capacity != small.model.tiers[0].capacity);
        for (value, low, high) in [(0, 160.0, 240.0), (1, 80.0, 150.0), (2, 1.0, 3.0), (4, 2.0, 4.0)]
            .map(|(input, low, high)| (world.values[input], low, high))
        {
            assert!((low..=high).contains(&value), "{value} of {low} to {high}");
        }
    }
}

#[test]
fn more_worlds_go_on_where_fewer_end() {
    let values =
        |count| drawn(&Overrides::default(), count).into_iter().map(|world| world.values).collect::<Vec<_>>();
    assert_eq!(values(5), values(12)[..5]);
    let seed = Overrides { seed: Some(8), ..Overrides::default() };
    assert!(drawn(&seed, 1)[0].values != values(1)[0], "another seed draws other worlds");
}

#[test]
fn a_range_of_width_zero_is_its_value() {
    let exact = UNCERTAIN
        .replace("{ about = 200, within = \"20%\" }", "{ about = 200, within = 0 }")
        .replace("{ low = 80, likely = 100, high = 150 }", "{ low = 100, likely = 100, high = 100 }")
        .replace("{ low = \"1s\", high = \"3s\" }", "{ low = \"2s\", high = \"2s\" }")
        .replace("within = 0.1", "within = \"0%\"")
        .replace("{ low = 2, high = 4.0 }", "{ low = 3, high = 3.0 }")
        .replace("{ low = \"2kB\", high = \"4kB\" }", "{ low = \"3kB\", high = \"3000B\" }");
    let plain = UNCERTAIN
        .replace("{ about = 200, within = \"20%\" }", "200")
        .replace("{ low = 80, likely = 100, high = 150 }", "100")
        .replace("{ low = \"1s\", high = \"3s\" }", "\"2s\"")
        .replace("{ about = \"5ms\", within = 0.1 }", "\"5ms\"")
        .replace("{ low = 2, high = 4.0 }", "3")
        .replace("{ low = \"2kB\", high = \"4kB\" }", "\"3kB\"");
    let read = |source: &str| parse(source, "x.toml", Path::new(""), &Overrides::default()).unwrap();
    let (exact, plain) = (read(&exact), read(&plain));
    assert_eq!((exact.inputs.len(), &exact.digest), (0, &plain.digest));
    assert_eq!(exact.variants[1].settings, plain.variants[1].settings);
}

#[test]
fn the_command_line_has_ranges_and_takes_them_away() {
    let set = |path: &str, value: &str| Overrides {
        set: vec![(path.to_owned(), value.to_owned())],
        ..Overrides::default()
    };
    let paths = |overrides: &Overrides| -> Vec<String> {
        let experiment = parse(UNCERTAIN, "x.toml", Path::new(""), overrides).unwrap();
        experiment.inputs.into_iter().map(|input| input.path).collect()
    };
    assert!(!paths(&set("tier.l2.ttl", "2s")).contains(&"tier.l2.ttl".to_owned()));
    assert!(
        paths(&set("database.servers", "{ low = 2, high = 4 }")).contains(&"database.servers".to_owned())
    );
    let plain = Overrides { variants: vec!["plain".to_owned()], ..Overrides::default() };
    assert_eq!(paths(&plain).len(), 5, "a variant that does not run has no inputs");
}

#[test]
fn an_end_that_the_checks_refuse_is_named_with_its_range() {
    let source = UNCERTAIN.replace("factor = { low = 2,", "factor = { low = 0,");
    let problems =
        worlds(&source, "x.toml", Path::new(""), &Overrides::default(), 4).unwrap_err().render(false);
    assert!(
        problems.contains("at the low end of the range of event.slow-database.what.slow.factor"),
        "{problems}"
    );
    assert!(problems.contains("x.toml:13:"), "{problems}");
}
