//! The catalogue of measures against the records of all bundled scenarios.

use std::collections::BTreeSet;

use herdlab::catalog::table::SECTIONS;
use herdlab::catalog::{CATALOG, find, matches};
use herdlab::record::Record;
use herdlab::scenario::bundled::{self, Bundled};
use herdlab::scenario::{Overrides, parse};
use herdlab::units::format_duration;

use crate::support::{scenarios, simulate};

/// What no bundled scenario has: remembered failures, a limit on all connections, an objective, prices, links of several nodes, and requests that are cut off.
const ALSO: [(&str, &str, &str); 10] = [
    ("cold-start", "database.error_ttl", "1s"),
    ("small-pool", "database.max_connections", "900"),
    ("lookup", "slo.latency", "50ms"),
    ("lookup", "price.cache_gb_month", "15"),
    ("lookup", "price.database_month", "400"),
    ("lookup", "price.database_million_requests", "0.2"),
    ("lookup", "price.traffic_gb", "0.01"),
    ("lookup", "price.objective_minute", "2"),
    ("lookup", "drain", "0s"),
    ("hot-node", "tier.l2.bandwidth", "100MB/s"),
];
/// What has to be asked for.
const ASKED: [&str; 5] = ["remaining_ttl", "value_age", "wire", "stale_by_tier", "stale_acknowledged"];

#[test]
fn every_measure_of_the_catalogue_is_in_a_record_and_none_besides() {
    let (mut measures, mut series) = (BTreeSet::new(), BTreeSet::new());
    for bundled in bundled::all() {
        for variant in full(bundled).variants {
            for measure in variant.measures {
                let info = find(&measure.name).unwrap_or_else(|| panic!("{} is unknown", measure.name));
                assert_eq!(measure.unit, info.unit_in(Some("USD")), "{}", measure.name);
                measures.insert(info.pattern);
            }
            for one in variant.windows.series {
                // The load of the first replication alone, of the lowest and of the highest go with a series.
                let apart = ["first", "low", "high"].map(|of| format!("db.qps.{of}"));
                let name = if apart.contains(&one.name) { "db.qps" } else { one.name.as_str() };
                let known = rows().find(|known| matches(known.0, name));
                let (pattern, unit) = known.unwrap_or_else(|| panic!("the series {name} is unknown"));
                assert_eq!(one.unit, unit, "{name}");
                series.insert(pattern);
            }
        }
    }
    let missing = CATALOG.iter().map(|info| info.pattern).filter(|pattern| !measures.contains(pattern));
    assert_eq!(missing.collect::<Vec<_>>(), [""; 0]);
    let missing = rows().map(|(pattern, _)| pattern).filter(|pattern| !series.contains(pattern));
    assert_eq!(missing.collect::<Vec<_>>(), [""; 0]);
}

/// Names and units of all series.
fn rows() -> impl Iterator<Item = (&'static str, &'static str)> {
    let rows = SECTIONS.iter().flat_map(|section| section.rows);
    rows.filter_map(|row| row.series).map(|series| (series.pattern, series.unit))
}

/// A twentieth of a scenario with every measure switched on that applies to it.
fn full(bundled: &Bundled) -> Record {
    let parsed = |overrides: &Overrides| parse(bundled.source, &bundled.path(), scenarios(), overrides);
    let whole = parsed(&Overrides::default()).unwrap_or_else(|problems| panic!("{problems}"));
    let mut overrides = Overrides {
        duration: Some(format_duration(whole.variants[0].model.duration_ns / 20)),
        replications: Some(1),
        ..Overrides::default()
    };
    for (_, option, value) in ALSO.iter().filter(|(name, ..)| *name == bundled.name) {
        overrides.set.push(((*option).to_owned(), (*value).to_owned()));
    }
    parsed(&overrides).unwrap_or_else(|problems| panic!("{problems}"));
    for asked in ASKED {
        overrides.set.push((format!("measure.{asked}"), "true".to_owned()));
        if parsed(&overrides).is_err() {
            overrides.set.pop();
        }
    }
    simulate(&parsed(&overrides).unwrap_or_else(|problems| panic!("{problems}")), 2)
}
