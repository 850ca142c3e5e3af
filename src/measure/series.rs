//! From what the loop wrote down to time series and distributions.

use super::histogram::{Coarse, Fine};
use super::recorder::{Left, NodeTotals, OUTCOMES, Outcome, Recorder, TierTotals, Totals};
use super::summary::{FAMILIES, HITS, all_outcomes, latency};
use crate::model::{Model, Scope, SharedTier};

/// Name, unit, one value per window.
pub type Series = (String, &'static str, Vec<Option<f64>>);

/// All series of one replication. Outcomes are counted there whether they occurred or not: where another replication has
/// them, here they happened no times.
pub fn series(model: &Model, recorder: &Recorder) -> Vec<Series> {
    let mut all: Vec<Series> = Vec::new();
    for (number, (_, name)) in OUTCOMES.iter().enumerate() {
        let counts = recorder.windows.iter().map(|window| Some(window.counts[number] as f64));
        all.push((format!("requests.{name}"), "count", counts.collect()));
    }
    let arrivals = recorder.windows.iter().map(|window| Some(window.counts.iter().sum::<u64>() as f64));
    all.push(("requests.all".into(), "count", arrivals.collect()));
    let every = all_outcomes();
    latencies(&mut all, recorder, "all", &every);
    for (name, outcomes) in FAMILIES {
        latencies(&mut all, recorder, name, outcomes);
    }
    latencies(&mut all, recorder, "error", &[Outcome::Error]);
    ratios(&mut all, model, recorder);
    totals(&mut all, model, recorder);
    all
}

fn latencies(all: &mut Vec<Series>, recorder: &Recorder, name: &str, outcomes: &[Outcome]) {
    let merged: Vec<Coarse> = recorder
        .windows
        .iter()
        .map(|window| {
            let mut merged = Coarse::new();
            outcomes.iter().filter_map(|&outcome| window.latency(outcome)).for_each(|h| merged.merge(&h));
            merged
        })
        .collect();
    if merged.iter().all(|histogram| histogram.count() == 0) {
        return;
    }
    for (share, quantile) in [(0.5, "p50"), (0.95, "p95"), (0.99, "p99")] {
        let values =
            merged.iter().map(|histogram| histogram.quantile(share).map(|ns| ns as f64 / 1e6)).collect();
        all.push((format!("latency.{name}.{quantile}_ms"), "ms", values));
    }
}

fn ratios(all: &mut Vec<Series>, model: &Model, recorder: &Recorder) {
    let share = |part: u64, whole: u64| (whole > 0).then(|| part as f64 / whole as f64);
    let sum =
        |counts: &[u64], outcomes: &[Outcome]| outcomes.iter().map(|&o| counts[o as usize]).sum::<u64>();
    let windows = || recorder.windows.iter().map(|window| &window.counts);
    let hit = windows().map(|counts| {
        let hits = sum(counts, &HITS);
        share(hits, hits + sum(counts, &[Outcome::Coalesced, Outcome::Miss]))
    });
    all.push(("hit_ratio".into(), "1", hit.collect()));
    let failed = |counts: &[u64]| sum(counts, &[Outcome::Error, Outcome::Unfinished]);
    let errors = windows().map(|counts| share(failed(counts), counts.iter().sum()));
    all.push(("error.ratio".into(), "1", errors.collect()));
    let good = windows().enumerate().map(|(index, counts)| {
        Some((counts.iter().sum::<u64>() - failed(counts)) as f64 / width_s(model, index))
    });
    all.push(("goodput".into(), "1/s", good.collect()));
}

/// Length of a window; the last one may be cut.
fn width_s(model: &Model, window: usize) -> f64 {
    let start_ns = window as u64 * model.window_ns;
    (model.window_ns.min(model.duration_ns - start_ns)) as f64 / 1e9
}

fn totals(all: &mut Vec<Series>, model: &Model, recorder: &Recorder) {
    let start = Totals { tiers: vec![TierTotals::default(); model.tiers.len()], ..Totals::default() };
    let pairs: Vec<(&Totals, &Totals)> = (0..recorder.ticks.len())
        .map(|window| {
            let before = if window == 0 { &start } else { &recorder.ticks[window - 1].0 };
            (before, &recorder.ticks[window].0)
        })
        .collect();
    let per_second = |of: &dyn Fn(&Totals) -> f64| -> Vec<Option<f64>> {
        let rate = |(window, (before, after)): (usize, &(&Totals, &Totals))| {
            Some((of(after) - of(before)) / width_s(model, window))
        };
        pairs.iter().enumerate().map(rate).collect()
    };
    all.push(("db.qps".into(), "1/s", per_second(&|totals| totals.db_arrivals as f64)));
    all.push(("db.concurrency".into(), "count", per_second(&|totals| totals.db_busy_ns as f64 / 1e9)));
    if let Some(pool) = model.database.pool {
        let connections = f64::from(pool) * f64::from(model.clients.instances);
        let in_use = per_second(&|totals| totals.db_pool_busy_ns as f64 / 1e9 / connections);
        all.push(("db.pool.saturation".into(), "1", in_use));
        all.push(waited("db.pool", &pairs, &|totals| (totals.db_pool_waited, totals.db_pool_asked)));
    }
    let queue = recorder.ticks.iter().map(|tick| Some(tick.1.db_queue as f64)).collect();
    all.push(("db.queue.length".into(), "count", queue));
    if model.invalidation.cdc.is_some() {
        let backlog = recorder.ticks.iter().map(|tick| Some(tick.1.cdc_backlog as f64)).collect();
        all.push(("cdc.backlog".into(), "count", backlog));
    }
    if model.write_back().is_some() {
        let unflushed = recorder.ticks.iter().map(|tick| tick.1.unflushed.map(|keys| keys as f64));
        all.push(("writes.unflushed".into(), "count", unflushed.collect()));
    }
    for (index, tier) in model.tiers.iter().enumerate() {
        let name = |series: &str| format!("tier.{}.{series}", tier.name);
        let hit_ratio = pairs.iter().map(|(before, after)| {
            let lookups = after.tiers[index].lookups - before.tiers[index].lookups;
            let hits = after.tiers[index].hits - before.tiers[index].hits;
            (lookups > 0).then(|| hits as f64 / lookups as f64)
        });
        all.push((name("hit_ratio"), "1", hit_ratio.collect()));
        let gauge = |of: &dyn Fn(&(u64, u64)) -> u64| {
            recorder.ticks.iter().map(|tick| Some(of(&tick.1.tiers[index]) as f64)).collect::<Vec<_>>()
        };
        all.push((name("entries"), "count", gauge(&|content| content.0)));
        all.push((name("bytes"), "bytes", gauge(&|content| content.1)));
        if tier.redis.is_some() {
            let expired = recorder.ticks.iter().map(|tick| tick.1.expired[index].map(|count| count as f64));
            all.push((name("entries.expired"), "count", expired.collect()));
        }
        all.push((name("evictions"), "1/s", per_second(&|totals| totals.tiers[index].evictions as f64)));
        all.push((name("expirations"), "1/s", per_second(&|totals| totals.tiers[index].expirations as f64)));
        if let Some(shares) = left(recorder, index) {
            all.extend(shares.into_iter().map(|(series, unit, values)| (name(&series), unit, values)));
        }
        if let Scope::Shared(SharedTier { pool: Some(pool), nodes, .. }) = tier.scope {
            let connections = f64::from(pool) * f64::from(nodes) * f64::from(model.clients.instances);
            let in_use = per_second(&|totals| totals.tiers[index].pool_busy_ns as f64 / 1e9 / connections);
            all.push((name("pool.saturation"), "1", in_use));
            all.push(waited(&name("pool"), &pairs, &|totals| {
                (totals.tiers[index].pool_waited, totals.tiers[index].pool_asked)
            }));
        }
        if let Scope::Shared(SharedTier { nodes: 2.., .. }) = tier.scope {
            utilization(all, model, index, &pairs);
        }
        if let Scope::Shared(_) = tier.scope {
            if model.measure.wire {
                let bytes = per_second(&|totals| totals.tiers[index].wire_bytes as f64);
                all.push((name("wire.bytes_per_s"), "bytes/s", bytes));
            }
            all.push((name("round_trips"), "1/s", per_second(&|totals| totals.tiers[index].commands as f64)));
        }
    }
}

/// Share of those who asked for a connection that found none free, of (waited, asked) so far.
fn waited(pool: &str, pairs: &[(&Totals, &Totals)], of: &dyn Fn(&Totals) -> (u64, u64)) -> Series {
    let share = |(before, after): &(&Totals, &Totals)| {
        let ((waited_before, asked_before), (waited, asked)) = (of(before), of(after));
        let asked = asked - asked_before;
        (asked > 0).then(|| (waited - waited_before) as f64 / asked as f64)
    };
    (format!("{pool}.waited.ratio"), "1", pairs.iter().map(share).collect())
}

/// What the entries of a tier have left to live, where that was sampled.
fn left(recorder: &Recorder, index: usize) -> Option<Vec<Series>> {
    let samples: Vec<Left> =
        recorder.ticks.iter().filter_map(|tick| tick.1.left.get(index).copied()).collect();
    if samples.is_empty() {
        return None;
    }
    let ttl = |place: usize| {
        samples.iter().map(|left| left.ttl_ns.map(|quantiles| quantiles[place] as f64 / 1e9)).collect()
    };
    Some(vec![
        ("ttl.p10_s".to_owned(), "s", ttl(0)),
        ("ttl.p50_s".to_owned(), "s", ttl(1)),
        ("ttl.p90_s".to_owned(), "s", ttl(2)),
        ("expired.ratio".to_owned(), "1", samples.iter().map(|left| left.expired).collect()),
    ])
}

/// How busy the nodes of a tier are: their mean, and the busiest one of each window.
fn utilization(all: &mut Vec<Series>, model: &Model, index: usize, pairs: &[(&Totals, &Totals)]) {
    let (mut mean, mut max) = (Vec::new(), Vec::new());
    for (window, (before, after)) in pairs.iter().enumerate() {
        let before = |node: usize| before.tiers[index].nodes.get(node).map_or(0, |node| node.busy_ns);
        let nodes = &after.tiers[index].nodes;
        let busy = |(number, node): (usize, &NodeTotals)| {
            node.busy_ns.saturating_sub(before(number)) as f64 / 1e9 / width_s(model, window)
        };
        let shares: Vec<f64> = nodes.iter().enumerate().map(busy).collect();
        mean.push((!shares.is_empty()).then(|| shares.iter().sum::<f64>() / shares.len() as f64));
        max.push(shares.into_iter().reduce(f64::max));
    }
    let name = &model.tiers[index].name;
    all.push((format!("tier.{name}.utilization"), "1", mean));
    all.push((format!("tier.{name}.node.utilization.max"), "1", max));
}

/// Distributions over the measured part: name, unit, counts. Empty ones are left out.
pub fn distributions(recorder: &Recorder) -> Vec<(String, &'static str, Fine)> {
    let every = all_outcomes();
    let mut all = vec![("latency.all".to_owned(), "ns", latency(recorder, &every, None))];
    for (outcome, name) in OUTCOMES {
        all.push((format!("latency.{name}"), "ns", latency(recorder, &[outcome], None)));
    }
    all.push(("db.queue".into(), "ns", recorder.db_queue.clone()));
    all.push(("db.pool.wait".into(), "ns", recorder.db_pool_wait.clone()));
    all.push(("stampede.size".into(), "count", recorder.stampedes.clone()));
    all.retain(|distribution| distribution.2.count() > 0);
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}
