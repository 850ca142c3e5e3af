//! What happens in a simulation: how many requests, keys and events, and what is under way at once.
//!
//! A fluid model. Hit ratios are those of the steady state ([`key_flows`]), but every key misses once in every cache that does
//! not hold it from the start. Servers work off what they can; what comes above that waits to the end of the run, unless
//! something bounds the wait. Then each kind of entity has its events, as `sim` schedules them.

use super::arrivals::{self, duration_s};
use crate::scenario::lint::expectation::{KeyFlow, key_flows};
use crate::scenario::model::{
    Arrivals, Coalescing, EventKind, HedgeAfter, LimiterMode, Model, MultiGet, OnFailure, Refresh, Route,
    Scope, SharedTier, Target, Tier, Ttl, WriteStrategy,
};

/// A walk, its flight and its attempt with their places in slabs and queues, in bytes; `sim` has a test that holds
/// these to the sizes of its types.
pub const WAITING_AT_DATABASE_BYTES: f64 = 440.0;
/// The same in the plain loop, where a read is one entity.
pub const PLAIN_WAITING_BYTES: f64 = 56.0;
/// An attempt of the background load that waits.
pub const BACKGROUND_WAITING_BYTES: f64 = 136.0;
/// A walk and its command that wait for a shared tier, and the event of the reply.
pub const WAITING_AT_TIER_BYTES: f64 = 320.0;
/// An instance that is about to hear of a write: the notice, its place in the slab, its event.
pub const NOTICE_BYTES: f64 = 72.0;
/// An event that waits for its time.
pub const EVENT_BYTES: f64 = 32.0;
/// Beyond this many entities in flight a simulation stops.
const IN_FLIGHT_MAX: f64 = 2e7;

/// One simulation, start to end.
#[derive(Clone, Debug)]
pub(super) struct Flow {
    pub requests: f64,
    /// Keys that they ask for or write.
    pub keys: f64,
    /// Events taken from the queue.
    pub events: f64,
    /// Bytes of what is under way at once, at most.
    pub in_flight_bytes: f64,
    /// By group of keys.
    pub groups: Vec<KeyFlow>,
}

/// Estimates what happens.
pub(super) fn flow(model: &Model) -> Flow {
    let duration_s = duration_s(model);
    let Arrivals::Closed { users, ref think } = model.workload.arrivals else {
        return at_rate(model, arrivals::requests(model) / duration_s).finish(duration_s);
    };
    // Users ask as fast as they are answered, and that depends on how often they ask.
    let (users, think_s) = (f64::from(users), think.mean_ns() / 1e9);
    let mut rate_per_s = users / (think_s + fastest_answer_s(model)).max(1e-6);
    let mut found = at_rate(model, rate_per_s);
    for _ in 0..12 {
        let answered_s = (think_s + found.response_s).max(1e-9);
        // What is refused at once asks again at once.
        let next = (users / answered_s).min(found.ceiling_per_s.max(1.0)) + found.refused_per_s(users, think_s);
        rate_per_s = (rate_per_s * next).sqrt();
        found = at_rate(model, rate_per_s);
    }
    found.in_flight_max = found.in_flight_max.min(users * keys_per_read(model));
    found.refuse_while_down(model, users, think_s);
    found.finish(duration_s)
}

/// What a read takes that the first level answers.
fn fastest_answer_s(model: &Model) -> f64 {
    let ns = match model.tiers.first().map(|tier| &tier.scope) {
        Some(Scope::Instance { access_ns }) => *access_ns as f64,
        Some(Scope::Shared(shared)) => 2.0 * shared.network.mean_ns() + shared.service_ns as f64,
        None => 2.0 * model.database.network.mean_ns() + model.database.read.mean_ns(),
    };
    ns / 1e9
}

/// Mean number of keys of a read.
fn keys_per_read(model: &Model) -> f64 {
    model.workload.classes.iter().map(|class| class.share * f64::from(class.keys_per_request)).sum()
}

/// What happens at a steady request rate; all rates per second.
struct Rates {
    requests: f64,
    keys: f64,
    events: f64,
    groups: Vec<KeyFlow>,
    /// Mean time to an answer.
    response_s: f64,
    /// Requests that servers and connections carry.
    ceiling_per_s: f64,
    /// Users in excess of what database and queue take, who are refused after so long.
    refused_after_s: Option<(f64, f64)>,
    /// What comes above what is worked off: entities per second, and bytes of each.
    growth: Vec<(f64, f64)>,
    /// What is under way whatever happens.
    standing_bytes: f64,
    in_flight_max: f64,
    /// Events in all, however long the run.
    once: f64,
}

impl Rates {
    fn finish(self, duration_s: f64) -> Flow {
        let growing = |(rate, bytes): &(f64, f64)| (rate * duration_s).min(self.in_flight_max) * bytes;
        Flow {
            requests: self.requests * duration_s,
            keys: self.keys * duration_s,
            events: self.events * duration_s + self.once,
            in_flight_bytes: self.standing_bytes + self.growth.iter().map(growing).sum::<f64>(),
            groups: self.groups,
        }
    }

    /// Requests of users who find no place.
    fn refused_per_s(&self, users: f64, think_s: f64) -> f64 {
        self.refused_after_s.map_or(0.0, |(places, after_s)| {
            (users - places).max(0.0) / (think_s + after_s).max(1e-9)
        })
    }

    /// While the database is down, a breaker or a refusal answers users at once.
    fn refuse_while_down(&mut self, model: &Model, users: f64, think_s: f64) {
        let breaker = model.database.breaker;
        let down_s = |what: &EventKind| match *what {
            EventKind::Down { target: Target::Database, for_ns, .. } => {
                (for_ns + breaker.map_or(0, |breaker| breaker.open_ns)) as f64 / 1e9
            }
            _ => 0.0,
        };
        let down_s: f64 = model.events.iter().map(|event| down_s(&event.what)).sum();
        if breaker.is_none() || down_s == 0.0 {
            return;
        }
        let share = (down_s / duration_s(model)).min(1.0);
        let misses = self.groups.iter().map(|group| group.count * group.reads_per_s * last(group)).sum::<f64>();
        let reads = self.groups.iter().map(|group| group.count * group.reads_per_s).sum::<f64>().max(1e-9);
        let refused = misses / reads;
        let asked_s = think_s + (1.0 - refused) * self.response_s;
        let more = share * refused * users / asked_s.max(1e-9);
        let each = 1.0 + f64::from(u8::from(model.clients.deadline_ns.is_some()));
        self.requests += more;
        self.keys += more * keys_per_read(model);
        self.events += more * each;
    }
}

fn last(group: &KeyFlow) -> f64 {
    group.passing.last().copied().unwrap_or(1.0)
}

fn is_positive(yes: bool) -> f64 {
    if yes { 1.0 } else { 0.0 }
}

/// Every key misses once in each cache that does not hold it from the start.
fn add_first_misses(model: &Model, groups: &mut [KeyFlow]) {
    let duration_s = duration_s(model);
    for group in groups {
        for (index, tier) in model.tiers.iter().enumerate() {
            let spread = if model.clients.route == Route::Sticky { 1 } else { model.caches(tier) };
            let asked = group.reads_per_s * duration_s / f64::from(spread);
            let first = if asked > 0.0 { -libm::expm1(-asked) / asked } else { 0.0 };
            let first = if tier.prefill.is_some() { 0.0 } else { first };
            let above = group.passing[index];
            group.passing[index + 1] = group.passing[index + 1].max(first * above).min(above);
        }
    }
}

fn at_rate(model: &Model, rate_per_s: f64) -> Rates {
    let mut groups = key_flows(model, rate_per_s);
    add_first_misses(model, &mut groups);
    let instances = f64::from(model.clients.instances);
    let duration_s = duration_s(model);
    let writes: f64 = model.workload.classes.iter().map(|class| rate_per_s * class.share * class.write_share).sum();
    let reads = (rate_per_s - writes).max(0.0);
    let mut rates = Rates {
        requests: rate_per_s,
        keys: groups.iter().map(|group| group.count * group.reads_per_s).sum::<f64>() + writes,
        events: 0.0,
        groups: Vec::new(),
        response_s: 0.0,
        ceiling_per_s: f64::INFINITY,
        refused_after_s: None,
        growth: Vec::new(),
        standing_bytes: 0.0,
        in_flight_max: IN_FLIGHT_MAX,
        once: (model.duration_ns as f64 / model.window_ns.max(1) as f64).ceil(),
    };
    let gathers = model.workload.gathers();
    let closed = matches!(model.workload.arrivals, Arrivals::Closed { .. });
    let plain = is_plain(model);
    rates.events += is_positive(closed) * rate_per_s;

    // Down the tiers. What saturates or times out changes what gets further.
    let lookups_at = |groups: &[KeyFlow], level: usize| -> f64 {
        groups.iter().map(|group| group.count * group.reads_per_s * group.passing[level]).sum()
    };
    let mut get_events = 0.0;
    let first_shared =
        model.tiers.iter().position(|tier| matches!(tier.scope, Scope::Shared(_))).unwrap_or(model.tiers.len());
    let entering = lookups_at(&groups, first_shared);
    rates.events += is_positive(first_shared > 0 && !plain && accesses(model)) * if gathers { reads } else { entering };
    if let Some(deadline_ns) = model.clients.deadline_ns {
        rates.events += entering + writes;
        rates.standing_bytes += (entering + writes) * (deadline_ns as f64 / 1e9).min(duration_s) * EVENT_BYTES;
    }
    for (level, tier) in model.tiers.iter().enumerate() {
        let lookups = lookups_at(&groups, level);
        let Scope::Shared(shared) = &tier.scope else { continue };
        let commands = match shared.multi_get {
            MultiGet::Mget { .. } => lookups.min(reads * f64::from(shared.nodes)),
            MultiGet::FanOut => lookups,
        };
        let service_s = service_s(model, shared);
        let hop_s = shared.network.mean_ns() / 1e9;
        let mut limit = if service_s > 0.0 { f64::from(shared.nodes) / service_s } else { f64::INFINITY };
        if let Some(pool) = shared.pool {
            let held_s = (2.0 * hop_s + service_s).max(1e-9);
            limit = limit.min(instances * f64::from(shared.nodes) * f64::from(pool) / held_s);
        }
        // SETs and DELETEs take their part of the server.
        let fills = lookups_at(&groups, model.tiers.len()) + writes;
        let carried = (limit / (commands + fills).max(1e-9)).min(1.0);
        let saturated = carried < 1.0;
        let misses = lookups_at(&groups, level + 1);
        let travels = is_positive(hop_s > 0.0);
        let replies = is_positive(hop_s > 0.0 || service_s > 0.0);
        let quiet = plain || is_quiet(model, tier, shared);
        let hits = (lookups - misses).max(0.0) * commands / lookups.max(1e-9);
        let answered = if quiet && level == first_shared { commands - hits } else { commands };
        let decodes = is_positive(shared.serialize_per_byte_ns > 0.0 || shared.compress.is_some());
        let timers = is_positive(shared.timeout_ns.is_some());
        let waits = is_positive(saturated && shared.pool_timeout_ns.is_some());
        get_events = travels + replies * carried + timers + waits;
        rates.events +=
            commands * (travels + timers + waits) + answered * replies * carried + hits * decodes * carried;
        rates.standing_bytes += shared.timeout_ns.map_or(0.0, |ns| commands * ns as f64 / 1e9 * EVENT_BYTES);
        if saturated {
            let above = (commands + fills) * (1.0 - carried);
            let bounded = shared.pool_timeout_ns.filter(|_| shared.pool.is_some());
            let grown = bounded.map_or(above, |ns| above * (ns as f64 / 1e9 / duration_s).min(1.0));
            rates.growth.push((grown, WAITING_AT_TIER_BYTES));
            let gives_up = shared.timeout_ns.or(bounded).is_some() || shared.breaker.is_some();
            for group in &mut groups {
                let (here, missed) = (group.passing[level], group.passing[level + 1]);
                let through = match (gives_up, shared.on_failure) {
                    (true, OnFailure::Next) => here,
                    (true, OnFailure::Error) | (false, _) => missed * carried,
                };
                group.passing[level + 1] = through;
            }
            rates.ceiling_per_s = rates.ceiling_per_s.min(rate_per_s * carried.max(0.0));
        }
        rates.response_s += lookups / rate_per_s.max(1e-9) * (2.0 * hop_s + service_s).min(1e3);
    }
    database(model, &mut rates, &mut groups, Load { rate_per_s, writes, plain, get_events });
    around(model, &mut rates, rate_per_s, writes);
    rates.groups = groups;
    rates
}

struct Load {
    rate_per_s: f64,
    writes: f64,
    plain: bool,
    /// Events of one look-up in the last shared tier.
    get_events: f64,
}

/// Mean time of a tier's server per command.
fn service_s(model: &Model, shared: &SharedTier) -> f64 {
    use crate::scenario::lint::expectation::mean_bytes;
    let bytes: f64 = model.workload.classes.iter().map(|class| class.share * mean_bytes(&class.value_size)).sum();
    (shared.service_ns as f64 + shared.per_byte_ns * bytes.min(1e9)) / 1e9
}

/// Whether a look-up in an instance tier takes time.
fn accesses(model: &Model) -> bool {
    model.tiers.iter().any(|tier| matches!(tier.scope, Scope::Instance { access_ns } if access_ns > 0))
}

/// Whether a hit is booked when the server has it, without an event for the reply.
fn is_quiet(model: &Model, tier: &Tier, shared: &SharedTier) -> bool {
    shared.timeout_ns.is_none()
        && shared.pool.is_none()
        && shared.breaker.is_none()
        && !shared.bytes_cost()
        && model.clients.deadline_ns.is_none()
        && matches!(tier.refresh, Refresh::None)
        && matches!(model.coalescing, Coalescing::None)
        && !model.workload.gathers()
        && !matches!(model.workload.arrivals, Arrivals::Closed { .. })
}

/// Whether the plain loop runs, nearly: `Plain::suits` decides it.
fn is_plain(model: &Model) -> bool {
    let database = &model.database;
    let patient = model.tiers.iter().all(|tier| match &tier.scope {
        Scope::Instance { .. } => true,
        Scope::Shared(shared) => is_quiet(model, tier, shared) && shared.nodes == 1 && tier.redis.is_none(),
    });
    patient
        && !model.workload.writes()
        && !model.workload.checks()
        && !model.workload.gathers()
        && database.queue.is_none()
        && database.pool.is_none()
        && database.timeout_ns.is_none()
        && database.background.is_none()
        && database.replicas.is_none()
        && database.breaker.is_none()
        && database.limit.is_none()
        && database.hedge.is_none()
        && model.clients.deadline_ns.is_none()
        && model.limiter.is_none()
        && !matches!(model.workload.arrivals, Arrivals::Closed { .. })
        && !matches!(model.coalescing, Coalescing::Lease(_))
}

/// Fetches, writes and the background load.
fn database(model: &Model, rates: &mut Rates, groups: &mut [KeyFlow], load: Load) {
    let spec = &model.database;
    let (duration_s, instances) = (duration_s(model), f64::from(model.clients.instances));
    let read_s = spec.read.mean_ns() / 1e9;
    let hop_s = spec.network.mean_ns() / 1e9;
    let (background, background_s) = spec
        .background
        .as_ref()
        .map_or((0.0, 0.0), |background| (background.rate_per_s, background.service.mean_ns() / 1e9));
    let ahead = model.write_back().is_some();
    let transactions = if ahead { 0.0 } else { load.writes };
    let write_s = spec.write.mean_ns() / 1e9;
    // What it works off of reads: by itself, or by its replicas.
    let busy_s = background * background_s + if spec.replicas.is_none() { transactions * write_s } else { 0.0 };
    let servers = match &spec.replicas {
        Some(replicas) => replicas.servers.map(|each| f64::from(each) * f64::from(replicas.count)),
        None => spec.servers.map(f64::from),
    };
    let mut limit = match servers {
        Some(servers) if read_s > 0.0 => ((servers - busy_s).max(servers * 0.02)) / read_s,
        _ => f64::INFINITY,
    };
    if let Some(pool) = spec.pool {
        limit = limit.min(instances * f64::from(pool) / (read_s + 2.0 * hop_s).max(1e-9));
    }
    let misses: f64 = groups.iter().map(|group| group.count * group.reads_per_s * last(group)).sum();
    let mut response_s = read_s + 2.0 * hop_s;
    let mut fetches = misses;
    let mut multiplicity = 1.0;
    for _ in 0..20 {
        fetches = groups.iter().map(|group| group.count * fetches_of(model, group, response_s)).sum();
        multiplicity = attempts(model, response_s, fetches * multiplicity > limit);
        let over = fetches * multiplicity / limit;
        let waits_s = if over > 1.0 { (over - 1.0) * duration_s / 2.0 } else { 0.0 };
        let next_s = read_s + 2.0 * hop_s + waits_s;
        if (next_s - response_s).abs() <= 0.01 * response_s {
            break;
        }
        response_s = (response_s * next_s).sqrt().max(read_s + 2.0 * hop_s);
    }
    fetches += refreshes(model, groups);
    let sent = fetches * multiplicity;
    let carried = (limit / sent.max(1e-9)).min(1.0);
    let timer = |is: bool| is_positive(is);
    let hops = is_positive(hop_s > 0.0);
    let timers = timer(spec.timeout_ns.is_some()) + timer(spec.hedge.is_some());
    let waits = timer(spec.pool_timeout_ns.is_some() && carried < 1.0);
    let refused = spec.queue.is_some();
    let served = sent * carried;
    rates.events += sent * (hops + timers + waits) + served + if refused { sent } else { served } * hops;
    // Retries wait in the queue of events.
    rates.events += fetches * (multiplicity - 1.0).max(0.0);
    rates.events += transactions * (2.0 * hops + 1.0 + timer(spec.timeout_ns.is_some()));
    let background_carried = match spec.servers {
        Some(servers) if background * background_s > 0.0 => {
            (f64::from(servers) / (background * background_s + transactions * write_s + if spec.replicas.is_none() { served.min(sent) * read_s } else { 0.0 })).min(1.0)
        }
        _ => 1.0,
    };
    rates.events += background * (1.0 + background_carried);
    if spec.queue.is_none() {
        rates.growth.push((background * (1.0 - background_carried), BACKGROUND_WAITING_BYTES));
        let gives_up_s = match (spec.timeout_ns, spec.cancel_on_timeout, spec.pool_timeout_ns, spec.pool) {
            (Some(ns), true, ..) | (_, _, Some(ns), Some(_)) => Some(ns as f64 / 1e9),
            _ => None,
        };
        let bounded = gives_up_s.map_or(1.0, |s| (s / duration_s).min(1.0));
        let each = if load.plain { PLAIN_WAITING_BYTES } else { WAITING_AT_DATABASE_BYTES };
        rates.growth.push((sent * (1.0 - carried) * bounded, each));
        // Who waits for the fetch of another waits as long.
        let joined = (misses - fetches).max(0.0) * response_s.min(duration_s);
        rates.standing_bytes += joined * if load.plain { 40.0 } else { 200.0 };
    }
    rates.standing_bytes += (served * (read_s + 2.0 * hop_s) + background * background_s) * WAITING_AT_DATABASE_BYTES;
    rates.standing_bytes += spec.timeout_ns.map_or(0.0, |ns| sent * ns as f64 / 1e9 * EVENT_BYTES);
    let all = load.rate_per_s.max(1e-9);
    rates.response_s += misses / all * response_s.min(read_s + 2.0 * hop_s + 1.0)
        + transactions / all * (write_s + 2.0 * hop_s);
    if carried < 1.0 {
        match spec.queue {
            Some(places) => {
                let places = servers.unwrap_or(0.0) + places as f64;
                rates.refused_after_s = Some((places, 2.0 * hop_s));
            }
            None => rates.ceiling_per_s = rates.ceiling_per_s.min(load.rate_per_s * carried),
        }
    }
    lease_polls(model, rates, groups, response_s, load.get_events);
    // Fills of shared tiers.
    for tier in &model.tiers {
        let Scope::Shared(shared) = &tier.scope else { continue };
        let travels = is_positive(shared.network.mean_ns() > 0.0);
        let closes = is_positive(shared.pool.is_some() || shared.breaker.is_some());
        let encodes = is_positive(shared.serialize_per_byte_ns > 0.0 || shared.compress.is_some());
        rates.events += served * (travels + closes + encodes);
    }
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

/// Attempts per fetch.
fn attempts(model: &Model, response_s: f64, is_saturated: bool) -> f64 {
    let spec = &model.database;
    let late = spec.timeout_ns.is_some_and(|ns| response_s > ns as f64 / 1e9);
    let refused = is_saturated && (spec.queue.is_some() || spec.pool_timeout_ns.is_some());
    let mut attempts = if late || refused { f64::from(spec.retries.attempts) } else { 1.0 };
    if let Some(budget) = spec.retries.budget {
        attempts = attempts.min(1.0 + budget.ratio);
    }
    let hedged = spec.hedge.is_some_and(|hedge| match hedge.after {
        HedgeAfter::Time(ns) => spec.read.mean_ns() + 2.0 * spec.network.mean_ns() > 0.7 * ns as f64,
        HedgeAfter::Percentile(_) => false,
    });
    if hedged { attempts * 2.0 } else { attempts }
}

/// Fetches per second that are sent before an entry has expired, or after.
fn refreshes(model: &Model, groups: &[KeyFlow]) -> f64 {
    let mut all = 0.0;
    for (index, tier) in model.tiers.iter().enumerate() {
        let fraction = match tier.refresh {
            Refresh::Ahead { fraction } => fraction,
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

/// Who does not get the lease looks again and again.
fn lease_polls(model: &Model, rates: &mut Rates, groups: &[KeyFlow], response_s: f64, get_events: f64) {
    let Coalescing::Lease(lease) = &model.coalescing else { return };
    if lease.serve_stale_ns > 0 {
        return;
    }
    let wait_s = (response_s / 2.0).min(lease.wait_limit_ns as f64 / 1e9);
    let polls = (wait_s / (lease.poll_ns.max(1) as f64 / 1e9)).max(1.0);
    let losers: f64 = groups
        .iter()
        .map(|group| {
            let misses = group.reads_per_s * last(group);
            // Those that come while a fetch is under way.
            let while_fetched = group.reads_per_s * (fetches_of(model, group, response_s) * response_s).min(1.0);
            group.count * while_fetched.max(misses - fetches_of(model, group, response_s))
        })
        .sum();
    rates.events += losers * polls * (1.0 + get_events);
}

/// What writes do to the caches, the change stream, the limiter and the cycles of Redis.
fn around(model: &Model, rates: &mut Rates, rate_per_s: f64, writes: f64) {
    let duration_s = duration_s(model);
    let shared = || model.tiers.iter().filter_map(|tier| match &tier.scope {
        Scope::Shared(shared) => Some(shared),
        Scope::Instance { .. } => None,
    });
    let command = |shared: &SharedTier| {
        let travels = is_positive(shared.network.mean_ns() > 0.0);
        2.0 * travels + is_positive(shared.timeout_ns.is_some()) + is_positive(shared.service_ns > 0) * (1.0 - travels)
    };
    let commands: f64 = shared().map(command).sum();
    let entity: f64 = model
        .workload
        .classes
        .iter()
        .map(|class| class.share * f64::from(class.keys_per_entity))
        .sum();
    match model.writes {
        WriteStrategy::WriteAround => {}
        WriteStrategy::Invalidate => rates.events += writes * entity * commands,
        WriteStrategy::Update | WriteStrategy::WriteThrough => rates.events += writes * entity * commands,
        WriteStrategy::WriteBack(ref how) => {
            let batch = f64::from(how.batch.max(1));
            rates.events += writes * (commands + 4.0 / batch) + 1e9 / how.flush_interval_ns.max(1) as f64;
        }
    }
    if model.invalidation.cdc.is_some() {
        rates.events += writes * (1.0 + entity * commands);
    }
    let hears = model.tiers.iter().any(|tier| matches!(tier.scope, Scope::Instance { .. }));
    if let Some(broadcast) = model.invalidation.broadcast.as_ref().filter(|_| hears) {
        let delay_s = broadcast.delay.mean_ns() / 1e9;
        let notices = writes * f64::from(model.clients.instances.saturating_sub(1));
        rates.events += notices * is_positive(delay_s > 0.0);
        rates.standing_bytes += notices * delay_s.min(duration_s) * NOTICE_BYTES;
    }
    if let Some(limiter) = &model.limiter {
        let asks = match limiter.mode {
            LimiterMode::Naive => 4.0,
            LimiterMode::Atomic => 2.0,
        };
        rates.events += rate_per_s * asks;
    }
    for cycle in model.tiers.iter().filter_map(|tier| tier.redis?.active_expiry) {
        rates.events += f64::from(cycle.hz);
    }
}
