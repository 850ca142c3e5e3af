//! Fetches, transactions and the background load at the database.

use super::{
    BACKGROUND_WAITING_BYTES, EVENT_BYTES, PLAIN_WAITING_BYTES, Rates, WAITING_AT_DATABASE_BYTES,
    is_positive, last, let_through, slower_than,
};
use crate::model::{Arrivals, Coalescing, HedgeAfter, Limit, Model, Refresh, Route, Scope, Ttl};
use crate::scenario::estimate::arrivals::duration_s;
use crate::scenario::lint::expectation::KeyFlow;

/// Load below the tiers.
pub(super) struct Load {
    pub rate_per_s: f64,
    pub writes: f64,
    pub plain: bool,
    /// Events of one lookup in the last shared tier.
    pub get_events: f64,
}

/// Fetches, writes and the background load.
pub(super) fn database(model: &Model, rates: &mut Rates, groups: &mut [KeyFlow], load: Load) {
    let spec = &model.database;
    let (duration_s, instances) = (duration_s(model), f64::from(model.clients.instances));
    let worked_s = duration_s + model.drain_ns as f64 / 1e9;
    let (read_s, write_s) = (spec.read.mean_ns() / 1e9, spec.write.mean_ns() / 1e9);
    let hop_s = spec.network.mean_ns() / 1e9;
    let (background, background_s) = spec
        .background
        .as_ref()
        .map_or((0.0, 0.0), |background| (background.rate_per_s, background.service.mean_ns() / 1e9));
    let transactions = if model.write_back().is_some() { 0.0 } else { load.writes };
    let misses: f64 = groups.iter().map(|group| group.count * group.reads_per_s * last(group)).sum();
    let renewed = refreshes(model, groups);
    let queued = servers(model).filter(|_| read_s.max(write_s) > 0.0);

    // How many fetches there are depends on how long they take, and that on how many there are.
    let idle_s = read_s + 2.0 * hop_s;
    let mut response_s = idle_s;
    let mut admitted = 1.0;
    let mut found = Sent::default();
    for _ in 0..24 {
        let fetches: f64 =
            groups.iter().map(|group| group.count * fetches_of(model, group, response_s)).sum::<f64>()
                + renewed;
        let calls = fetches + transactions;
        let service_s = (fetches * read_s + transactions * write_s) / calls.max(1e-9);
        let mut limit = match queued {
            Some(servers) if service_s > 0.0 => {
                (servers - background * background_s).max(servers * 0.02) / service_s
            }
            _ => f64::INFINITY,
        };
        if let Some(pool) = spec.pool {
            limit = limit.min(instances * f64::from(pool) / (service_s + 2.0 * hop_s).max(1e-9));
        }
        let mut under_way = f64::INFINITY;
        if let Some(Limit::Aimd { min, max, late_ns, .. }) = spec.limit {
            let places = if response_s * 1e9 > late_ns as f64 { f64::from(min) } else { f64::from(max) };
            under_way = instances * places / (service_s + 2.0 * hop_s).max(1e-9);
        }
        // Who waits for a connection waits to its own limit of time, or for ever.
        let connections = spec
            .pool
            .map_or(f64::INFINITY, |pool| instances * f64::from(pool) / (service_s + 2.0 * hop_s).max(1e-9));
        let ns = |ns: Option<u64>| ns.map(|ns| ns as f64 / 1e9);
        let most = match connections <= limit {
            true => [ns(spec.pool_timeout_ns), None],
            false => [ns(spec.timeout_ns), spec.queue.map(|places| places as f64 / limit)],
        };
        // Users who wait for answers are never more before it than there are.
        let users_s = match model.workload.arrivals {
            Arrivals::Closed { users, .. } => f64::from(users) / limit,
            _ => f64::INFINITY,
        };
        let most_s = most.into_iter().flatten().fold(f64::INFINITY, f64::min);
        let gives_up = most_s < users_s;
        let most_s = most_s.min(users_s);
        let late =
            ns(spec.timeout_ns).map_or(0.0, |most_s| slower_than(&spec.read, 1.0, 2.0 * hop_s, most_s));
        let failing_of =
            |calls: f64| if gives_up { late.max(1.0 - (limit / calls.max(1e-9)).min(1.0)) } else { late };
        if let Some(breaker) = spec.breaker {
            // Closed, it lets all of them through.
            let calls = calls.min(under_way);
            let learned_s = if gives_up { most_s } else { response_s };
            admitted = let_through(&breaker, calls / instances, failing_of(calls), late, learned_s);
        }
        let offered = (calls * admitted).min(under_way);
        let multiplicity = attempts(model, failing_of(offered), late);
        let over = offered * multiplicity / limit;
        let waits_s = if over > 1.0 { (over - 1.0) * duration_s / 2.0 } else { 0.0 };
        let next_s = (idle_s + waits_s.min(most_s) * multiplicity).max(1e-9);
        let is_settled = (next_s - response_s).abs() <= 0.01 * response_s;
        found = Sent { fetches, calls, limit, offered, multiplicity, most_s, late, gives_up };
        if is_settled {
            break;
        }
        response_s = (response_s.max(1e-9) * next_s).sqrt();
    }
    let Sent { fetches, calls, limit, offered, multiplicity, most_s, late, gives_up } = found;
    let sent = offered * multiplicity;
    // The drain works off what waits.
    let carried = (limit * worked_s / (sent * duration_s).max(1e-9)).min(1.0);
    let timer = is_positive;
    let hops = timer(hop_s > 0.0);
    // A timer whose attempt has been answered is no event.
    let timers = timer(spec.timeout_ns.is_some()) * late + timer(spec.hedge.is_some());
    let waits = timer(spec.pool_timeout_ns.is_some() && carried < 1.0);
    let served = sent * carried;
    // Attempts without a connection are not sent; those refused at the door get a reply.
    let departs = if spec.pool.is_some() { served } else { sent };
    let returns = if spec.queue.is_some() { departs } else { served };
    rates.events += departs * (hops + timers) + sent * waits + served + returns * hops;
    // Each retry waits for its time.
    rates.events += offered * (multiplicity - 1.0).max(0.0);
    let background_carried = match queued {
        Some(servers) if background * background_s > 0.0 => {
            let free = (servers - (served * read_s.max(write_s)).min(0.98 * servers)).max(0.02 * servers);
            (free.max(servers * background / (background + served)) * worked_s
                / (background * background_s * duration_s))
                .min(1.0)
        }
        _ => 1.0,
    };
    rates.events += background * (1.0 + background_carried);
    if spec.queue.is_none() {
        rates.growth.push((background * (1.0 - background_carried), BACKGROUND_WAITING_BYTES));
        let leaves = spec.cancel_on_timeout || spec.pool.is_some();
        let bounded = if leaves { (most_s / duration_s).min(1.0) } else { 1.0 };
        let each = if load.plain { PLAIN_WAITING_BYTES } else { WAITING_AT_DATABASE_BYTES };
        rates.growth.push(((sent - limit.min(sent)) * bounded, each));
        // Who waits for the fetch of another waits as long.
        let joined = (misses - fetches).max(0.0) * response_s.min(duration_s);
        rates.standing_bytes += joined * if load.plain { 40.0 } else { 200.0 };
    }
    let standing = served * idle_s + background * background_s.min(duration_s);
    rates.standing_bytes += standing * WAITING_AT_DATABASE_BYTES;
    rates.standing_bytes += spec.timeout_ns.map_or(0.0, |ns| departs * ns as f64 / 1e9 * EVENT_BYTES);
    if limit < sent && !gives_up {
        rates.ceiling_per_s = rates.ceiling_per_s.min(load.rate_per_s * limit / sent);
    }
    if let (Some(places), true) = (spec.queue, limit < sent) {
        rates.refused_after_s = Some((queued.unwrap_or(0.0) + places as f64, 2.0 * hop_s));
    }
    // Of what is let through; what is refused is answered at once.
    let asks = (misses + transactions) / rates.keys.max(1e-9) * (offered / calls.max(1e-9));
    rates.response_s += asks * response_s.min(idle_s + most_s.min(duration_s));
    lease_polls(model, rates, groups, response_s, load.get_events);
    // Fills of shared tiers.
    for tier in &model.tiers {
        let Scope::Shared(shared) = &tier.scope else { continue };
        let travels = is_positive(shared.network.mean_ns() > 0.0);
        let closes = is_positive(shared.pool.is_some() || shared.breaker.is_some());
        let encodes = is_positive(shared.serialize_per_byte_ns > 0.0 || shared.compress.is_some());
        rates.events += served * fetches / calls.max(1e-9) * (travels + closes + encodes);
    }
}

/// Load of the database, per second.
#[derive(Clone, Copy, Default)]
struct Sent {
    fetches: f64,
    /// With the transactions.
    calls: f64,
    /// Capacity of servers and connections.
    limit: f64,
    /// Calls that the guards let through.
    offered: f64,
    /// Attempts of each.
    multiplicity: f64,
    /// The longest wait.
    most_s: f64,
    /// Share that takes longer than the time limit although it finds a server.
    late: f64,
    /// Whether some are turned away or leave before they are served.
    gives_up: bool,
}

/// Servers that take reads; `None`: unlimited.
fn servers(model: &Model) -> Option<f64> {
    model.database.all_servers().map(|servers| servers as f64)
}

/// Fetches per second of one key, of all its misses.
fn fetches_of(model: &Model, group: &KeyFlow, response_s: f64) -> f64 {
    let misses = group.reads_per_s * last(group);
    let shared_by = |misses: f64| misses / (1.0 + misses * response_s);
    match &model.coalescing {
        Coalescing::None => misses,
        Coalescing::Singleflight { .. } => {
            let leaders = match model.clients.route {
                Route::Sticky => 1.0,
                _ => f64::from(model.clients.instances),
            };
            leaders * shared_by(misses / leaders)
        }
        Coalescing::Lease(lease) => {
            let lock_s = lease.lock_ttl_ns.min(lease.wait_limit_ns.max(1)) as f64 / 1e9;
            misses / (1.0 + misses * response_s.min(lock_s))
        }
    }
}

/// Attempts per call, where this share of the attempts fails.
fn attempts(model: &Model, failing: f64, late: f64) -> f64 {
    let spec = &model.database;
    // One more for each that fails, up to a number.
    let most = f64::from(spec.retries.attempts);
    let mut attempts =
        if failing < 1.0 { ((1.0 - libm::pow(failing, most)) / (1.0 - failing)).min(most) } else { most };
    if let Some(budget) = spec.retries.budget {
        attempts = attempts.min(1.0 + budget.ratio);
    }
    let hedged = spec.hedge.map_or(0.0, |hedge| match hedge.after {
        HedgeAfter::Time(ns) => {
            slower_than(&spec.read, 1.0, 2.0 * spec.network.mean_ns() / 1e9, ns as f64 / 1e9)
        }
        HedgeAfter::Percentile(percent) => 1.0 - percent.min(100.0) / 100.0,
    });
    attempts * (1.0 + hedged.clamp(0.0, 1.0) * (1.0 - late))
}

/// Fetches per second that are sent before an entry has expired, or after.
fn refreshes(model: &Model, groups: &[KeyFlow]) -> f64 {
    let mut all = 0.0;
    for (index, tier) in model.tiers.iter().enumerate() {
        let fraction = match tier.refresh {
            Refresh::Ahead { fraction, .. } => fraction,
            Refresh::StaleWhileRevalidate { .. } | Refresh::XFetch { .. } | Refresh::Uniform { .. } => 1.0,
            Refresh::None => continue,
        };
        for group in groups {
            let Ttl::After { ns } = model.workload.classes[group.class].ttl_in(index, tier) else { continue };
            let every_s = ns as f64 / 1e9 * fraction;
            let hits = group.reads_per_s * (group.passing[index] - group.passing[index + 1]).max(0.0);
            all += group.count * hits / (1.0 + hits * every_s / f64::from(model.caches(tier)));
        }
    }
    all
}

/// Lookups of callers without the lease, repeated until there is a value.
fn lease_polls(model: &Model, rates: &mut Rates, groups: &[KeyFlow], response_s: f64, get_events: f64) {
    let Coalescing::Lease(lease) = &model.coalescing else { return };
    let given_up_s = model.clients.deadline_ns.map_or(f64::INFINITY, |ns| ns as f64 / 1e9);
    let wait_s = (response_s / 2.0).min(lease.wait_limit_ns as f64 / 1e9).min(given_up_s);
    // A look takes its way to the tier and back, and its service.
    let look_ns = match &model.tiers[lease.tier].scope {
        Scope::Shared(shared) => 2.0 * shared.network.mean_ns() + shared.service_ns as f64,
        Scope::Instance { access_ns } => *access_ns as f64,
    };
    let polls = (wait_s * 1e9 / (lease.poll_ns.max(1) as f64 + look_ns)).max(1.0);
    let losers: f64 = groups
        .iter()
        .map(|group| {
            let misses = group.reads_per_s * last(group);
            // Those that come while a fetch is under way.
            let while_fetched =
                group.reads_per_s * (fetches_of(model, group, response_s) * response_s).min(1.0);
            group.count * while_fetched.max(misses - fetches_of(model, group, response_s))
        })
        .sum();
    rates.events += losers * polls * (1.0 + get_events);
}
