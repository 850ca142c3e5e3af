//! From what the loop wrote down to the measures of one replication.

use super::histogram::Fine;
use super::recorder::{CAUSES, Cause, Left, NodeTotals, OUTCOMES, Outcome, Recorder, Totals};
use super::recovery;
use crate::model::{Model, Nanos, Scope};

/// Name and value; `None` where the measure is not defined.
pub type Measured = (String, Option<f64>);

/// Outcomes that are answers from a tier.
pub(super) const HITS: [Outcome; 3] = [Outcome::Hit, Outcome::NegativeHit, Outcome::StaleHit];
/// Outcomes of reads that were answered.
const READS: [Outcome; 5] =
    [Outcome::Hit, Outcome::NegativeHit, Outcome::StaleHit, Outcome::Coalesced, Outcome::Miss];
/// The latencies of these get a family of measures.
pub(super) const FAMILIES: [(&str, &[Outcome]); 4] = [
    ("hit", &HITS),
    ("miss", &[Outcome::Miss]),
    ("coalesced", &[Outcome::Coalesced]),
    ("write", &[Outcome::Write]),
];
const QUANTILES: [(f64, &str); 5] =
    [(0.5, "p50_ms"), (0.9, "p90_ms"), (0.95, "p95_ms"), (0.99, "p99_ms"), (0.999, "p999_ms")];

/// A part of a whole; `None` where the whole is nothing.
fn ratio(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part / whole)
}

fn ms(ns: Option<Nanos>) -> Option<f64> {
    ns.map(|ns| ns as f64 / 1e6)
}

/// All measures of a finished simulation, sorted by name.
pub fn measures(model: &Model, recorder: &Recorder) -> Vec<Measured> {
    let mut rows = Rows { rows: Vec::new(), measured_s: (model.duration_ns - model.warmup_ns) as f64 / 1e9 };
    requests(&mut rows, model, recorder);
    checks(&mut rows, recorder);
    keys(&mut rows, recorder);
    limiter(&mut rows, recorder);
    database(&mut rows, model, recorder);
    freshness(&mut rows, model, recorder);
    writes(&mut rows, model, recorder);
    tiers(&mut rows, model, recorder);
    classes(&mut rows, model, recorder);
    events(&mut rows, model, recorder);
    rows.rows.sort_by(|a, b| a.0.cmp(&b.0));
    rows.rows
}

struct Rows {
    rows: Vec<Measured>,
    measured_s: f64,
}

impl Rows {
    fn put(&mut self, name: impl Into<String>, value: Option<f64>) {
        self.rows.push((name.into(), value));
    }
    fn per_second(&mut self, name: impl Into<String>, count: u64) {
        let rate = count as f64 / self.measured_s;
        self.put(name, Some(rate));
    }
    fn latencies(&mut self, prefix: &str, histogram: &Fine, quantiles: &[(f64, &str)], max: bool) {
        self.put(format!("{prefix}.mean_ms"), histogram.mean().map(|ns| ns / 1e6));
        for (share, name) in quantiles {
            self.put(format!("{prefix}.{name}"), ms(histogram.quantile(*share)));
        }
        if max {
            self.put(format!("{prefix}.max_ms"), ms(histogram.max()));
        }
    }
}

/// The histogram of some outcomes, over some classes.
pub fn latency(recorder: &Recorder, outcomes: &[Outcome], class: Option<usize>) -> Fine {
    let mut merged = Fine::new();
    for (index, by_outcome) in recorder.latency.iter().enumerate() {
        if class.is_none_or(|class| class == index) {
            for outcome in outcomes {
                merged.merge(&by_outcome[*outcome as usize]);
            }
        }
    }
    merged
}

/// Every outcome there is.
pub(super) fn all_outcomes() -> Vec<Outcome> {
    OUTCOMES.iter().map(|outcome| outcome.0).collect()
}

fn count(recorder: &Recorder, outcomes: &[Outcome], class: Option<usize>) -> f64 {
    latency(recorder, outcomes, class).count() as f64
}

fn requests(rows: &mut Rows, model: &Model, recorder: &Recorder) {
    let all = latency(recorder, &all_outcomes(), None);
    let total = all.count() as f64;
    let hits = count(recorder, &HITS, None);
    let reads = count(recorder, &READS, None);
    rows.put("hit_ratio", ratio(hits, reads));
    rows.latencies("latency.all", &all, &QUANTILES, true);
    for (name, outcomes) in FAMILIES {
        rows.latencies(&format!("latency.{name}"), &latency(recorder, outcomes, None), &QUANTILES, true);
    }
    rows.put("requests.all", Some(total));
    rows.per_second("requests.rate", all.count());
    for (outcome, name) in OUTCOMES {
        if outcome != Outcome::Error {
            rows.put(format!("requests.{name}.ratio"), ratio(count(recorder, &[outcome], None), total));
        }
    }
    let failed = count(recorder, &[Outcome::Error, Outcome::Unfinished], None);
    rows.put("error.ratio", ratio(failed, total));
    for (cause, name) in CAUSES.into_iter().filter(|(cause, _)| can_be(*cause, model)) {
        if cause == Cause::Limiter && recorder.limiter.is_none() {
            continue;
        }
        rows.put(format!("error.{name}.ratio"), ratio(recorder.causes[cause as usize] as f64, total));
    }
    rows.per_second("goodput", (total - failed) as u64);
    if model.slo.is_some() {
        rows.put("slo.good.ratio", ratio(recorder.within_objective as f64, total));
    }
    let [before, after] = &recorder.measured;
    let in_system_ns = (after.in_system_ns - before.in_system_ns) as f64;
    rows.put("requests.in_system.mean", Some(in_system_ns / 1e9 / rows.measured_s));
}

/// Whether requests of this model can end for that cause; of the older causes all are told, everywhere.
fn can_be(cause: Cause, model: &Model) -> bool {
    match cause {
        Cause::Crash => model.events.iter().any(|event| event.what.is_crash()),
        Cause::Breaker => model.database.breaker.is_some(),
        Cause::Limit => model.database.limit.is_some(),
        _ => true,
    }
}

/// Existence checks apart.
fn checks(rows: &mut Rows, recorder: &Recorder) {
    if recorder.checks.is_empty() {
        return;
    }
    let of = |outcomes: &[Outcome]| {
        let mut merged = Fine::new();
        outcomes.iter().for_each(|&outcome| merged.merge(&recorder.checks[outcome as usize]));
        merged
    };
    let (all, answered) = (of(&all_outcomes()), of(&READS));
    rows.put("requests.exists.ratio", ratio(all.count() as f64, count(recorder, &all_outcomes(), None)));
    rows.put("exists.hit_ratio", ratio(of(&HITS).count() as f64, answered.count() as f64));
    rows.latencies("latency.exists", &answered, &QUANTILES, true);
}

/// Keys apart from the requests that asked for several of them.
fn keys(rows: &mut Rows, recorder: &Recorder) {
    if recorder.keys.is_empty() {
        return;
    }
    rows.put("keys.hit_ratio", ratio(keys_of(recorder, &HITS), keys_of(recorder, &READS)));
    rows.per_second("keys.rate", recorder.keys.iter().sum());
}

/// Keys of reads that ended so.
fn keys_of(recorder: &Recorder, outcomes: &[Outcome]) -> f64 {
    match recorder.keys.as_slice() {
        [] => count(recorder, outcomes, None),
        keys => outcomes.iter().map(|&outcome| keys[outcome as usize]).sum::<u64>() as f64,
    }
}

fn limiter(rows: &mut Rows, recorder: &Recorder) {
    let Some(books) = &recorder.limiter else { return };
    rows.latencies("latency.limiter", &books.latency, &[QUANTILES[0], QUANTILES[3]], true);
    rows.put("limiter.overshoot.mean", books.over.mean());
    rows.put("limiter.overshoot.max", books.over.max().map(|over| over as f64));
    let exact = books.over.buckets().first().filter(|bucket| bucket.0 == 0).map_or(0, |bucket| bucket.1);
    let (full, exact) = (books.over.count() as f64, exact as f64);
    rows.put("limiter.overshoot.ratio", ratio(full - exact, full));
    rows.put("limiter.stuck", Some(books.stuck as f64));
}

fn database(rows: &mut Rows, model: &Model, recorder: &Recorder) {
    let [before, after] = &recorder.measured;
    let arrivals = after.db_arrivals - before.db_arrivals;
    let measured_ns = rows.measured_s * 1e9;
    let busy_ns = (after.db_busy_ns - before.db_busy_ns) as f64;
    rows.per_second("db.qps.mean", arrivals);
    rows.put("db.qps.peak", Some(peak_qps(rows, recorder)));
    rows.per_second("db.fetches.rate", after.db_fetches - before.db_fetches);
    rows.per_second("db.retries.rate", after.db_retries - before.db_retries);
    rows.per_second("db.duplicate_fetches", after.db_duplicates - before.db_duplicates);
    rows.put("db.concurrency.mean", Some(busy_ns / measured_ns));
    rows.put("db.concurrency.peak", Some(recorder.db_concurrency_peak as f64));
    if let Some(servers) = model.database.all_servers() {
        rows.put("db.utilization", Some(busy_ns / measured_ns / servers as f64));
    }
    rows.put("db.queue.mean_ms", recorder.db_queue.mean().map(|ns| ns / 1e6));
    rows.put("db.queue.p99_ms", ms(recorder.db_queue.quantile(0.99)));
    rows.put("db.queue.peak", Some(recorder.db_queue_peak as f64));
    rows.put(
        "db.waited.ratio",
        ratio((after.db_waited - before.db_waited) as f64, recorder.db_queue.count() as f64),
    );
    if let Some(pool) = model.database.pool {
        rows.put("db.pool.wait.mean_ms", recorder.db_pool_wait.mean().map(|ns| ns / 1e6));
        rows.put("db.pool.wait.p99_ms", ms(recorder.db_pool_wait.quantile(0.99)));
        let connections = f64::from(pool) * f64::from(model.clients.instances);
        let in_use_ns = (after.db_pool_busy_ns - before.db_pool_busy_ns) as f64;
        rows.put("db.pool.saturation", Some(in_use_ns / measured_ns / connections));
        let waited = after.db_pool_waited - before.db_pool_waited;
        let asked = after.db_pool_asked - before.db_pool_asked;
        rows.put("db.pool.waited.ratio", ratio(waited as f64, asked as f64));
    }
    let instance_ns = measured_ns * f64::from(model.clients.instances);
    if model.database.breaker.is_some() {
        let open_ns = (after.db_breaker_open_ns - before.db_breaker_open_ns) as f64;
        rows.put("db.breaker.open.ratio", Some(open_ns / instance_ns));
        rows.put("db.breaker.trips", Some((after.db_breaker_trips - before.db_breaker_trips) as f64));
    }
    if model.database.limit.is_some() {
        rows.put("db.limit.mean", Some((after.db_limit_ns - before.db_limit_ns) as f64 / instance_ns));
    }
    if model.database.retries.budget.is_some() {
        rows.per_second("db.retries.refused.rate", after.db_retries_refused - before.db_retries_refused);
    }
    if model.database.hedge.is_some() {
        let hedges = after.db_hedges - before.db_hedges;
        let first = after.db_fetches - before.db_fetches + after.db_retries - before.db_retries;
        let won = after.db_hedges_won - before.db_hedges_won;
        rows.per_second("db.hedges.rate", hedges);
        rows.put("db.hedges.ratio", ratio(hedges as f64, first as f64));
        rows.put("db.hedges.won.ratio", ratio(won as f64, hedges as f64));
    }
    rows.put("stampede.mean", recorder.stampedes.mean());
    rows.put("stampede.max", recorder.stampedes.max().map(|size| size as f64));
    rows.per_second("refreshes.rate", after.refreshes - before.refreshes);
}

/// The busiest second of the measured part; of a shorter one its mean.
fn peak_qps(rows: &Rows, recorder: &Recorder) -> f64 {
    recorder.db_busiest.most() as f64 / rows.measured_s.min(1.0)
}

fn freshness(rows: &mut Rows, model: &Model, recorder: &Recorder) {
    if model.workload.writes() {
        staleness(rows, "", &recorder.stale_age, count(recorder, &READS, None));
    }
    if let Some((database, tiers)) = recorder.stale_age_by_tier.split_last() {
        let mut by_tier = 0;
        for ((ages, &answered), tier) in tiers.iter().zip(&recorder.tier_hits).zip(&model.tiers) {
            staleness(rows, &format!("tier.{}.", tier.name), ages, answered as f64);
            by_tier += answered;
        }
        staleness(rows, "db.", database, keys_of(recorder, &READS) - by_tier as f64);
    }
    if model.workload.creates() {
        creations(rows, recorder);
    }
    if model.invalidation.cdc.is_some() {
        let lag = &recorder.cdc_lag;
        let seconds = |ns: Option<Nanos>| ns.map(|ns| ns as f64 / 1e9);
        rows.put("cdc.lag.mean_s", lag.mean().map(|ns| ns / 1e9));
        rows.put("cdc.lag.p50_s", seconds(lag.quantile(0.5)));
        rows.put("cdc.lag.p99_s", seconds(lag.quantile(0.99)));
        rows.put("cdc.lag.max_s", seconds(lag.max()));
        rows.put("cdc.backlog.peak", Some(recorder.cdc_backlog_peak as f64));
    }
    if model.measure.value_age {
        rows.put("value.age.max_s", Some(recorder.value_age_max_ns as f64 / 1e9));
    }
}

/// Created rows, and how long a cached "no such row" hid them.
fn creations(rows: &mut Rows, recorder: &Recorder) {
    let [before, after] = &recorder.measured;
    let created = after.created - before.created;
    let hidden = recorder.invisible_ns.values();
    rows.per_second("creations.rate", created);
    rows.put("negative.invisible.ratio", ratio(hidden.len() as f64, created as f64));
    // A sum of whole numbers does not depend on the order of the map.
    let sum_ns: u128 = hidden.clone().map(|&ns| u128::from(ns)).sum();
    rows.put("negative.invisible.mean_s", ratio(sum_ns as f64 / 1e9, hidden.len() as f64));
    rows.put("negative.invisible.max_s", hidden.max().map(|&ns| ns as f64 / 1e9));
}

fn writes(rows: &mut Rows, model: &Model, recorder: &Recorder) {
    if !model.workload.writes() {
        return;
    }
    let [before, after] = &recorder.measured;
    let requests = count(recorder, &all_outcomes(), None);
    let per_request = |count: u64| ratio(count as f64, requests);
    rows.put("db.writes_per_request", per_request(after.db_writes - before.db_writes));
    if let Some(books) = &recorder.write_back {
        let seconds = |ns: Option<Nanos>| ns.map(|ns| ns as f64 / 1e9);
        let (taken, coalesced) =
            (after.written_back - before.written_back, after.coalesced_writes - before.coalesced_writes);
        rows.put("writes.coalesced.ratio", ratio(coalesced as f64, taken as f64));
        rows.put("writes.flush_lag.mean_s", books.flush_lag.mean().map(|ns| ns / 1e9));
        rows.put("writes.flush_lag.p99_s", seconds(books.flush_lag.quantile(0.99)));
        rows.put("writes.flush_lag.max_s", seconds(books.flush_lag.max()));
        rows.put("writes.lost", Some(books.lost as f64));
        rows.put("writes.lost_age.max_s", seconds(books.oldest_lost_ns));
        rows.put("writes.unflushed", Some(books.unflushed as f64));
        rows.put("writes.unflushed.peak", Some(books.unflushed_peak as f64));
    }
    if model.write_options.rollback > 0.0 {
        let written = count(recorder, &[Outcome::Write], None);
        rows.put("writes.rolled_back.ratio", ratio(recorder.rolled_back as f64, written));
    }
    if model.measure.stale_acknowledged {
        let reads = count(recorder, &READS, None);
        rows.put("stale.acknowledged.ratio", ratio(recorder.stale_acknowledged as f64, reads));
    }
    if model.may_serve_phantoms() {
        rows.put("writes.phantom_reads", Some(recorder.phantom_reads as f64));
        let reads = keys_of(recorder, &READS);
        rows.put("writes.phantom_reads.ratio", ratio(recorder.phantom_reads as f64, reads));
    }
}

/// Share and age of the stale ones of `answered` reads.
fn staleness(rows: &mut Rows, prefix: &str, ages: &Fine, answered: f64) {
    rows.put(format!("{prefix}stale.ratio"), ratio(ages.count() as f64, answered));
    for (share, name) in [(0.5, "p50"), (0.99, "p99")] {
        let age_ns = ages.quantile(share);
        rows.put(format!("{prefix}stale.age.{name}_s"), age_ns.map(|ns| ns as f64 / 1e9));
    }
}

fn tiers(rows: &mut Rows, model: &Model, recorder: &Recorder) {
    let [before, after] = &recorder.measured;
    let reads = keys_of(recorder, &READS);
    if !model.tiers.is_empty() {
        let (entries, bytes) = recorder.content_peaks[model.tiers.len()];
        rows.put("entries.peak", Some(entries as f64));
        rows.put("memory.peak_bytes", Some(bytes as f64));
        let over = |of: &dyn Fn(usize) -> u64| (0..model.tiers.len()).map(of).sum::<u64>();
        rows.per_second(
            "evictions.rate",
            over(&|t| after.tiers[t].evictions - before_tier(before, t).evictions),
        );
        rows.per_second(
            "expirations.rate",
            over(&|t| after.tiers[t].expirations - before_tier(before, t).expirations),
        );
    }
    for (index, tier) in model.tiers.iter().enumerate() {
        let (from, to) = (before_tier(before, index), &after.tiers[index]);
        let name = |measure: &str| format!("tier.{}.{measure}", tier.name);
        rows.put(name("hit_ratio"), ratio((to.hits - from.hits) as f64, (to.lookups - from.lookups) as f64));
        rows.per_second(name("requests.rate"), to.lookups - from.lookups);
        rows.put(name("hit.share"), ratio(recorder.tier_hits[index] as f64, reads));
        let (entries, bytes) = recorder.content_peaks[index];
        rows.put(name("entries.peak"), Some(entries as f64));
        rows.put(name("memory.peak_bytes"), Some(bytes as f64));
        rows.per_second(name("evictions.rate"), to.evictions - from.evictions);
        rows.per_second(name("expirations.rate"), to.expirations - from.expirations);
        if tier.redis.is_some() {
            rows.put(name("expired.ratio"), expired_ratio(model, recorder, index));
        }
        rows.per_second(name("failed_fills.rate"), to.failed_fills - from.failed_fills);
        remaining_ttl(rows, model, recorder, index);
        let is_ahead = model.write_back().is_some_and(|(level, _)| level == index);
        if model.write_options.tombstone_ttl_ns.is_some() || is_ahead {
            rows.per_second(name("refused_sets.rate"), to.refused_sets - from.refused_sets);
        }
        if let Scope::Shared(shared) = &tier.scope {
            let nodes = f64::from(shared.nodes);
            rows.per_second(name("round_trips.rate"), to.commands - from.commands);
            if shared.bytes_cost() {
                let cores = (to.coding_ns - from.coding_ns) as f64 / 1e9 / rows.measured_s;
                rows.put(name("client.cores"), Some(cores));
            }
            if shared.bandwidth_bytes_per_s.is_some() {
                let busy_s = |way: usize| (to.link_busy_ns[way] - from.link_busy_ns[way]) as f64 / 1e9;
                let share = busy_s(0).max(busy_s(1)) / rows.measured_s / nodes;
                rows.put(name("link.utilization"), Some(share.min(1.0)));
            }
            if model.measure.wire {
                rows.per_second(name("wire.bytes_per_s"), to.wire_bytes - from.wire_bytes);
            }
            rows.per_second(name("failures.rate"), to.failures - from.failures);
            let busy_s = (to.busy_ns - from.busy_ns) as f64 / 1e9;
            rows.put(name("utilization"), Some((busy_s / rows.measured_s / nodes).min(1.0)));
            if shared.nodes > 1 {
                let most = |of: &dyn Fn(&NodeTotals) -> u64| {
                    let nodes = to.nodes.iter().enumerate();
                    nodes
                        .map(|(n, to)| of(to) - from.nodes.get(n).map_or(0, of))
                        .fold((0, 0), |(most, sum), own| (own.max(most), sum + own))
                };
                let (most_ns, _) = most(&|node| node.busy_ns);
                let (most_commands, commands) = most(&|node| node.commands);
                rows.put(name("node.utilization.max"), Some(most_ns as f64 / 1e9 / rows.measured_s));
                rows.put(name("node.share.max"), ratio(most_commands as f64, commands as f64));
                if shared.bandwidth_bytes_per_s.is_some() {
                    let busiest = [0, 1].map(|way| most(&|node| node.link_busy_ns[way]).0);
                    let share = busiest[0].max(busiest[1]) as f64 / 1e9 / rows.measured_s;
                    rows.put(name("link.utilization.max"), Some(share.min(1.0)));
                }
            }
            rows.put(name("queue.p99_ms"), ms(recorder.tier_queue[index].quantile(0.99)));
            if shared.breaker.is_some() {
                let open_ns = (to.breaker_open_ns - from.breaker_open_ns) as f64;
                let all_ns = rows.measured_s * 1e9 * f64::from(model.clients.instances);
                rows.put(name("breaker.open.ratio"), Some(open_ns / all_ns));
                rows.put(name("breaker.trips"), Some((to.breaker_trips - from.breaker_trips) as f64));
            }
            if let Some(pool) = shared.pool {
                let connections = f64::from(pool) * nodes * f64::from(model.clients.instances);
                let in_use_s = (to.pool_busy_ns - from.pool_busy_ns) as f64 / 1e9;
                rows.put(name("pool.saturation"), Some(in_use_s / rows.measured_s / connections));
                let (waited, asked) = (to.pool_waited - from.pool_waited, to.pool_asked - from.pool_asked);
                rows.put(name("pool.waited.ratio"), ratio(waited as f64, asked as f64));
                rows.put(name("pool.wait.p99_ms"), ms(recorder.tier_pool_wait[index].quantile(0.99)));
            }
        }
    }
}

/// Means over the windows of the measured part of what the entries of a tier had left to live.
fn remaining_ttl(rows: &mut Rows, model: &Model, recorder: &Recorder, index: usize) {
    let ticks = recorder.ticks.iter().enumerate();
    let measured = ticks.filter(|(window, _)| (*window as u64 + 1) * model.window_ns > model.warmup_ns);
    let samples: Vec<Left> = measured.filter_map(|(_, tick)| tick.1.left.get(index).copied()).collect();
    if samples.is_empty() {
        return;
    }
    let mean = |of: &dyn Fn(&Left) -> Option<f64>| {
        let values: Vec<f64> = samples.iter().filter_map(of).collect();
        ratio(values.iter().sum(), values.len() as f64)
    };
    let tier = &model.tiers[index].name;
    for (place, quantile) in ["p10", "p50", "p90"].into_iter().enumerate() {
        let left_s = mean(&|left| left.ttl_ns.map(|quantiles| quantiles[place] as f64 / 1e9));
        rows.put(format!("tier.{tier}.ttl.{quantile}_s"), left_s);
    }
    // Where Redis keeps them they are counted.
    if model.tiers[index].redis.is_none() {
        rows.put(format!("tier.{tier}.expired.ratio"), mean(&|left| left.expired));
    }
}

/// Share of a tier's entries that had expired, over the ends of the measured windows in which it held any.
fn expired_ratio(model: &Model, recorder: &Recorder, index: usize) -> Option<f64> {
    let measured = recorder.ticks.iter().enumerate();
    let shares: Vec<f64> = measured
        .filter(|&(window, _)| (window as u64 + 1) * model.window_ns > model.warmup_ns)
        .filter_map(|(_, (_, gauges))| ratio(gauges.expired[index]? as f64, gauges.tiers[index].0 as f64))
        .collect();
    ratio(shares.iter().sum(), shares.len() as f64)
}

fn before_tier(before: &Totals, index: usize) -> super::recorder::TierTotals {
    before.tiers.get(index).cloned().unwrap_or_default()
}

fn classes(rows: &mut Rows, model: &Model, recorder: &Recorder) {
    if model.workload.classes.len() < 2 {
        return;
    }
    let total = count(recorder, &all_outcomes(), None);
    for (index, class) in model.workload.classes.iter().enumerate() {
        let all = latency(recorder, &all_outcomes(), Some(index));
        let own = all.count() as f64;
        let of = |outcomes: &[Outcome]| count(recorder, outcomes, Some(index));
        let name = |measure: &str| format!("class.{}.{measure}", class.name);
        rows.put(name("requests.ratio"), ratio(own, total));
        rows.put(name("hit_ratio"), ratio(of(&HITS), of(&READS)));
        rows.put(name("error.ratio"), ratio(of(&[Outcome::Error, Outcome::Unfinished]), own));
        rows.latencies(&name("latency"), &all, &[QUANTILES[0], QUANTILES[3]], false);
    }
}

/// What followed each event.
fn events(rows: &mut Rows, model: &Model, recorder: &Recorder) {
    for (event, outcome) in model.events.iter().zip(recovery::outcomes(model, recorder)) {
        let figures = [
            ("recovery_s", outcome.recovery_s),
            ("metastable", outcome.metastable),
            ("recovery.errors_s", outcome.errors_s),
            ("recovery.latency_s", outcome.latency_s),
            ("recovery.db_s", outcome.db_s),
            ("recovery.queue_s", outcome.queue_s),
            ("errors", outcome.failed),
            ("error.ratio.worst", outcome.worst_error_ratio),
            ("latency.p99.worst_ms", outcome.worst_p99_ms),
            ("db.qps.peak", outcome.db_peak_per_s),
            ("db.queue.peak", outcome.queue_peak),
        ];
        for (measure, value) in figures {
            rows.put(format!("event.{}.{measure}", event.label), value);
        }
        if model.database.places(model.clients.instances).is_some() {
            rows.put(format!("event.{}.db.utilization.peak", event.label), outcome.db_peak_share);
        }
    }
}
