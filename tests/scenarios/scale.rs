//! `workload.scale`: so many times the traffic, whatever the arrivals are.

use std::path::Path;

use herdlab::model::{Arrivals, Model};
use herdlab::scenario::describe::describe;
use herdlab::scenario::{Overrides, parse};

use crate::even::{NO_CACHE, exactly, exactly_after};
use crate::tiny::tiny;

/// Ten requests a second for ten seconds, times the scale.
#[test]
fn rates_are_multiplied_wherever_they_come_from() {
    exactly(&[
        (&[NO_CACHE], "", "requests.all", 100.0),
        (&[NO_CACHE, ("workload.scale", "2.5")], "", "requests.all", 250.0),
        // 25 a second, each 20 ms at the database.
        (&[NO_CACHE, ("workload.scale", "2.5")], "", "db.concurrency.mean", 0.5),
        // Four seconds at 5 a second, six at 15.
        (
            &[
                NO_CACHE,
                ("workload.scale", "0.5"),
                ("workload.profile", "[{ step = { at = \"4s\", factor = 3.0 } }]"),
            ],
            "",
            "requests.all",
            110.0,
        ),
        // Seven seconds at 20 a second, three at 80.
        (
            &[NO_CACHE, ("workload.scale", "2")],
            "4s { surge = { factor = 4.0, for = \"3s\" } }",
            "requests.all",
            380.0,
        ),
    ]);
}

/// Three requests in 400 ms and one gap of 200 ms on average: five a second, and twenty where the clock runs four times as
/// fast.
#[test]
fn a_trace_runs_so_many_times_as_fast() {
    exactly_after(
        "0 read a, 100 read b, 400 read c",
        &[
            (&[NO_CACHE], "goodput", 5.0),
            (&[NO_CACHE, ("workload.scale", "4")], "goodput", 20.0),
            (&[NO_CACHE, ("workload.scale", "0.5")], "goodput", 2.5),
        ],
    );
}

fn model(settings: &[(&str, &str)]) -> Model {
    tiny(settings, &[] as &[&str]).unwrap_or_else(|problems| panic!("{problems}")).variants[0].model.clone()
}

#[test]
fn the_model_holds_the_scaled_traffic_and_nothing_else_changes() {
    let same = |one: &[(&str, &str)], other: &[(&str, &str)]| {
        assert_eq!(format!("{:?}", model(one)), format!("{:?}", model(other)), "{one:?}");
    };
    let background = ("database.background", "{ rate = 70 }");
    for (arrivals, scale, scaled) in [
        ("{ poisson = { rate = 300 } }", "0.4", "{ poisson = { rate = 120 } }"),
        ("{ constant = { rate = \"60/min\" } }", "7", "{ constant = { rate = 7 } }"),
        ("{ renewal = { rate = 8, cv2 = 3.0 } }", "1.25", "{ renewal = { rate = 10, cv2 = 3.0 } }"),
        // Users are whole, half a one is one, and one is left at least.
        ("{ closed = { users = 3, think = \"1s\" } }", "1.5", "{ closed = { users = 5, think = \"1s\" } }"),
        ("{ closed = { users = 3, think = \"1s\" } }", "0.1", "{ closed = { users = 1, think = \"1s\" } }"),
    ] {
        same(
            &[background, ("workload.arrivals", arrivals), ("workload.scale", scale)],
            &[background, ("workload.arrivals", scaled)],
        );
    }
    same(&[("workload.scale", "1")], &[]);
    // The product has a digit of rounding, which words leave out.
    let scaled = model(&[("workload.arrivals", "{ poisson = { rate = 90 } }"), ("workload.scale", "1.1")]);
    assert!(matches!(scaled.workload.arrivals, Arrivals::Poisson { rate_per_s } if rate_per_s > 99.0));
    let words = describe(&scaled).join("\n");
    assert!(words.contains("99 requests/s"), "{words}");
}

#[test]
fn every_class_has_its_share_of_the_scaled_traffic() {
    let scenario = |scale: &str| {
        let source = format!(
            "question = \"?\"\nduration = \"10s\"\ndatabase = {{ read = \"1ms\" }}\n[workload]\n\
             arrivals = {{ poisson = {{ rate = 40 }} }}\n{scale}\n[[class]]\nname = \"a\"\nshare = 0.25\nkeys = 5\n\
             [[class]]\nname = \"b\"\nshare = 0.75\nkeys = 7\n"
        );
        parse(&source, "x.toml", Path::new(""), &Overrides::default()).unwrap()
    };
    let workload = scenario("scale = 3").variants.remove(0).model.workload;
    assert_eq!(workload.arrivals.rate_per_s(), Some(120.0));
    assert_eq!(workload.classes.iter().map(|class| class.share).collect::<Vec<_>>(), [0.25, 0.75]);
    assert_eq!(scenario("").digest, scenario("scale = 1.0").digest);
    assert_ne!(scenario("").digest, scenario("scale = 1.5").digest);
}

#[test]
fn what_is_no_traffic_is_refused() {
    let told = |scale: &str, arrivals: &str| {
        tiny(&[("workload.scale", scale), ("workload.arrivals", arrivals)], &[] as &[&str]).unwrap_err()
    };
    let poisson = "{ poisson = { rate = 300 } }";
    assert!(told("0", poisson).contains("workload.scale"), "{}", told("0", poisson));
    assert!(told("-2", poisson).contains("workload.scale"));
    assert!(told("1e308", poisson).contains("300 requests per second, "), "{}", told("1e308", poisson));
    let users = told("2e9", "{ closed = { users = 3, think = \"1s\" } }");
    assert!(users.contains("3 users, 2000000000 times, are more than 4294967295"), "{users}");
}
