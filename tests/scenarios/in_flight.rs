//! The number in flight, by which a run is stopped: what is over is not in it, and what goes on without its caller is.

use std::sync::Arc;

use herdlab::sim::{Control, Engine, SimError};
use herdlab::workload::Tables;

use crate::tiny::{Settings, tiny};

/// Ten requests a second from 0 s on, looked at every second.
const TEN: Settings<'_> = &[
    ("workload.arrivals", "{ constant = { rate = 10 } }"),
    ("window", "1s"),
    ("database.servers", "unlimited"),
];

/// When a run stops because more than `limit` is in flight; `None`: it comes to its end.
#[track_caller]
fn stops_s(settings: Settings<'_>, limit: usize) -> Option<f64> {
    let experiment =
        tiny(&[TEN, settings].concat(), &[""; 0]).unwrap_or_else(|problems| panic!("{problems}"));
    let model = &experiment.variants[0].model;
    let tables = Arc::new(Tables::new(model, 1).unwrap());
    let engine = Engine::new(model, tables, 1, 0).unwrap().with_in_flight_limit(limit);
    match engine.run(&Control::default()) {
        Ok(_) => None,
        Err(SimError::Overload { at_s, .. }) => Some(at_s),
        Err(other) => panic!("{other}"),
    }
}

/// The callers give up after 50 ms, or wait; the database works on all of it for a minute.
#[test]
fn a_read_is_in_flight_once_whether_its_caller_waits_or_not() {
    let read: Settings<'_> = &[("tier.l2.enabled", "false"), ("database.read", "60s")];
    for caller in [("database.timeout", "50ms"), ("database.pool", "1_000")] {
        let settings = [read, &[caller]].concat();
        assert_eq!([9, 10, 19, 20].map(|limit| stops_s(&settings, limit)), [1.0, 2.0, 2.0, 3.0].map(Some));
    }
}

/// Each of a hundred requests sends two commands to the limiter and is over after 7 ms or less: two are in flight at most, a request and
/// its command.
#[test]
fn a_command_is_over_with_its_answer() {
    let limited: Settings<'_> = &[
        ("tier.l2.network", "1ms"),
        ("limiter.tier", "l2"),
        ("limiter.limit", "5"),
        ("limiter.per", "1s"),
        ("limiter.callers", "1"),
    ];
    for mode in ["naive", "atomic"] {
        assert_eq!(stops_s(&[limited, &[("limiter.mode", mode)]].concat(), 2), None, "{mode}");
    }
}
