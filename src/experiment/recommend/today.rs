//! Today's setting beside the one that was found, as a record that can be reviewed.

use super::record::{RecommendRecord, TodayRecord};
use super::{Outcome, Search, has_events, judge};
use crate::experiment::run::scenario_record;
use crate::experiment::sweep::Pool;
use crate::model::{Experiment, Threshold};
use crate::record::{Record, SCHEMA, VariantRecord};
use crate::scenario::digest::traffic;
use crate::scenario::grid::Grid;

/// Names of the two.
const NAMES: [&str; 2] = ["today", "recommended"];

/// `None` where nothing is recommended, or where today's setting has not all replications.
pub(super) fn beside(
    search: &Search,
    grid: &Grid,
    pool: &Pool,
    record: &RecommendRecord,
) -> Option<TodayRecord> {
    let found = match judge(record) {
        Outcome::Winner { winner: found, .. } | Outcome::Undecided { best: found } => found.candidate,
        Outcome::Nothing { .. } => return None,
    };
    let candidate = &search.candidates[found];
    let base = &grid.base;
    let today = search.today.map(|(system, _)| system);
    if today == Some(candidate.system) {
        return Some(TodayRecord::Same);
    }
    if has_events(grid) {
        return Some(TodayRecord::Events);
    }
    let today = today.filter(|&today| pool.finished(today) >= search.replications)?;
    let own = &base.variants[candidate.variant];
    let baseline = &base.variants[base.baseline];
    let variant = |name: &str, system: usize, settings: Vec<(String, String)>| VariantRecord {
        settings,
        workload: traffic(pool.model(system)),
        ..pool.variant(system, name, search.replications)
    };
    let mut settings = own.settings.clone();
    for (path, toml, _) in &candidate.settings {
        if settings.iter().all(|(known, _)| known != path) {
            settings.push((path.clone(), toml.clone()));
        }
    }
    let pair = Experiment { variants: vec![baseline.clone(), own.clone()], baseline: 0, ..base.clone() };
    let mut scenario = scenario_record(&pair, search.replications);
    scenario.answer = None;
    scenario.observed = None;
    scenario.thresholds = [&baseline.name, &own.name]
        .into_iter()
        .zip(NAMES)
        .flat_map(|(variant, name)| limits_of(record, variant, name))
        .collect();
    Some(TodayRecord::Beside(Box::new(Record {
        schema: SCHEMA,
        herdlab: record.herdlab.clone(),
        scenario,
        variants: vec![
            variant(NAMES[0], today, baseline.settings.clone()),
            variant(NAMES[1], candidate.system, settings),
        ],
        worlds: None,
    })))
}

/// The limits about a variant, under another name.
fn limits_of(record: &RecommendRecord, variant: &str, name: &str) -> Vec<Threshold> {
    let about = record.limits.iter().filter(|limit| limit.is_about(variant));
    about.map(|limit| Threshold { variant: Some(name.to_owned()), ..limit.clone() }).collect()
}
