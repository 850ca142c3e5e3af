//! Flow of a simulation: requests, keys, events, and entities in flight.
//!
//! A fluid model. Hit ratios are those of the steady state ([`key_flows`]), but every key misses once in every cache that does
//! not hold it from the start. Servers work off what they can; what comes above that waits to the end of the run, unless
//! something bounds the wait. Then each kind of entity has its events, as `sim` schedules them.

mod around;
mod database;

use self::around::around;
use self::database::{Load, database};
use super::arrivals::{self, duration_s};
use crate::model::{
    Around, Arrivals, Breaker, Coalescing, Dist, EventKind, Model, MultiGet, OnFailure, Refresh, Route,
    Scope, SharedTier, Target, Tier,
};
use crate::scenario::lint::expectation::{KeyFlow, key_flows};

/// A journey with all its columns and its attempt, with their places in slabs and queues, in bytes; `sim` has a test that
/// holds these to the sizes of its types.
pub const WAITING_AT_DATABASE_BYTES: f64 = 304.0;
/// A journey of a plain system, which is its own attempt.
pub const PLAIN_WAITING_BYTES: f64 = 80.0;
/// An attempt of the background load that waits.
pub const BACKGROUND_WAITING_BYTES: f64 = 208.0;
/// A journey and its command that wait for a shared tier, and the event of the reply.
pub const WAITING_AT_TIER_BYTES: f64 = 216.0;
/// An instance that is about to hear of a write: the notice, its place in the slab, its event.
pub const NOTICE_BYTES: f64 = 100.0;
/// An event that waits for its time.
pub const EVENT_BYTES: f64 = 32.0;
/// Beyond this many entities in flight a simulation stops.
const IN_FLIGHT_MAX: f64 = 2e7;
/// Of each of those, at most.
const STANDING_BYTES_MAX: f64 = 1e3;

/// One simulation, start to end.
#[derive(Clone, Debug)]
pub(super) struct Flow {
    pub requests: f64,
    /// Keys that they read or write.
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
    // Users send requests as fast as they are answered, and that depends on their rate.
    let (users, think_s) = (f64::from(users), think.mean_ns() / 1e9);
    let mut rate_per_s = users / (think_s + fastest_answer_s(model)).max(1e-6);
    let mut found = at_rate(model, rate_per_s);
    for _ in 0..12 {
        let given_up_s = model.clients.deadline_ns.map_or(f64::INFINITY, |ns| ns as f64 / 1e9);
        let ceiling_per_s = if given_up_s.is_finite() { f64::INFINITY } else { found.ceiling_per_s.max(1.0) };
        let answered_s = (think_s + found.response_s.min(given_up_s)).max(1e-9);
        // Users whose requests are refused at once try again at once.
        let next = (users / answered_s).min(ceiling_per_s) + found.refused_per_s(users, think_s);
        rate_per_s = (rate_per_s * next).sqrt();
        found = at_rate(model, rate_per_s);
    }
    if model.clients.deadline_ns.is_none() {
        // Who has given up leaves behind what is under way.
        found.in_flight_max = found.in_flight_max.min(users * keys_per_read(model).max(1.0));
    }
    found.refuse_while_down(model, users, think_s);
    found.finish(duration_s)
}

/// Cost of a read that the first level answers.
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

/// The flow at a steady request rate; all rates per second.
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
    /// Backlog: entities per second beyond the capacity, and bytes of each.
    growth: Vec<(f64, f64)>,
    /// Entities in flight in any case.
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
            in_flight_bytes: self.standing_bytes.min(self.in_flight_max * STANDING_BYTES_MAX)
                + self.growth.iter().map(growing).sum::<f64>(),
            groups: self.groups,
        }
    }

    /// Requests of users who find no place.
    fn refused_per_s(&self, users: f64, think_s: f64) -> f64 {
        self.refused_after_s
            .map_or(0.0, |(places, after_s)| (users - places).max(0.0) / (think_s + after_s).max(1e-9))
    }

    /// While the database is down, a breaker or a refusal answers users at once.
    fn refuse_while_down(&mut self, model: &Model, users: f64, think_s: f64) {
        let breaker = model.database.breaker;
        let down_s = |what: &EventKind| match *what {
            EventKind::Down { target: Target::Database, for_ns, .. } => {
                for_ns.max(breaker.map_or(0, |breaker| breaker.open_ns)) as f64 / 1e9
            }
            _ => 0.0,
        };
        let down_s: f64 = model.events.iter().map(|event| down_s(&event.what)).sum();
        if breaker.is_none() || down_s == 0.0 {
            return;
        }
        let share = (down_s / duration_s(model)).min(1.0);
        let misses =
            self.groups.iter().map(|group| group.count * group.reads_per_s * last(group)).sum::<f64>();
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
    let writes: f64 =
        model.workload.classes.iter().map(|class| rate_per_s * class.share * class.write_share).sum();
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
        let looked_up = |group: &&KeyFlow| !model.workload.classes[group.class].bypasses(level);
        groups
            .iter()
            .filter(looked_up)
            .map(|group| group.count * group.reads_per_s * group.passing[level])
            .sum()
    };
    let mut get_events = 0.0;
    let first_shared = model
        .tiers
        .iter()
        .position(|tier| matches!(tier.scope, Scope::Shared(_)))
        .unwrap_or(model.tiers.len());
    let entering = lookups_at(&groups, first_shared);
    let goes_on = first_shared > 0 && accesses(model) && !sends_ahead(model, first_shared);
    rates.events += is_positive(goes_on) * if gathers { reads } else { entering };
    if let Some(deadline_ns) = model.clients.deadline_ns {
        rates.standing_bytes +=
            (entering + writes) * (deadline_ns as f64 / 1e9).min(duration_s) * EVENT_BYTES;
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
        let mut carried = (limit / (commands + fills).max(1e-9)).min(1.0);
        // The time limit runs from the sending of a command, so not while it waits for a connection.
        let waits_up_to = if shared.pool.is_some() { shared.pool_timeout_ns } else { shared.timeout_ns };
        let late =
            shared.timeout_ns.map_or(0.0, |ns| slower_than(&shared.network, 2.0, service_s, ns as f64 / 1e9));
        let failing = if waits_up_to.is_some() { late.max(1.0 - carried) } else { late };
        let mut commands = commands;
        let mut admitted = 1.0;
        if let Some(breaker) = shared.breaker {
            let learned_s = waits_up_to.map_or(0.0, |ns| ns as f64 / 1e9);
            admitted = let_through(&breaker, commands / instances, failing, late, learned_s);
            commands *= admitted;
            carried = (limit / (commands + fills * admitted).max(1e-9)).min(1.0);
        }
        let saturated = carried < 1.0;
        let misses = lookups_at(&groups, level + 1);
        let travels = is_positive(hop_s > 0.0);
        let replies = is_positive(hop_s > 0.0 || service_s > 0.0);
        let quiet = is_quiet(model, tier, shared);
        let hits = (lookups - misses).max(0.0) * commands / lookups.max(1e-9);
        let answered = if quiet && level == first_shared { commands - hits } else { commands };
        let decodes = is_positive(shared.serialize_per_byte_ns > 0.0 || shared.compress.is_some());
        // A timer whose command has been answered is no event.
        let timers = is_positive(shared.timeout_ns.is_some()) * failing;
        let waits = is_positive(saturated && shared.pool_timeout_ns.is_some());
        // Who waits in vain for a connection is not sent.
        let sent = if shared.pool.is_some() { carried } else { 1.0 };
        get_events = (travels + timers) * sent + replies * carried + waits;
        rates.events += commands * ((travels + timers) * sent + waits)
            + answered * replies * carried
            + hits * decodes * carried;
        rates.standing_bytes += shared.timeout_ns.map_or(0.0, |ns| commands * ns as f64 / 1e9 * EVENT_BYTES);
        let fails = 1.0 - admitted * (1.0 - failing);
        if fails > 0.0 {
            for group in &mut groups {
                let (here, missed) = (group.passing[level], group.passing[level + 1]);
                group.passing[level + 1] = missed * (1.0 - fails)
                    + if shared.on_failure == OnFailure::Next { here * fails } else { 0.0 };
            }
        } else if saturated {
            groups.iter_mut().for_each(|group| group.passing[level + 1] *= carried);
        }
        let mut waits_s = 0.0;
        if saturated {
            let above = (commands + fills) * (1.0 - carried);
            let bounded_s = waits_up_to.map(|ns| ns as f64 / 1e9);
            let grown = match (shared.pool, bounded_s) {
                (Some(_), Some(most_s)) => above * (most_s / duration_s).min(1.0),
                _ => above,
            };
            rates.growth.push((grown, WAITING_AT_TIER_BYTES));
            match bounded_s {
                Some(most_s) => waits_s = most_s,
                None => rates.ceiling_per_s = rates.ceiling_per_s.min(rate_per_s * carried),
            }
        }
        let asked = lookups / rates.keys.max(1e-9) * admitted;
        rates.response_s += asked * (2.0 * hop_s + service_s + waits_s).min(1e3);
    }
    database(model, &mut rates, &mut groups, Load { rate_per_s, writes, plain, get_events });
    around(model, &mut rates, rate_per_s, writes);
    if let Some(workers) = model.clients.workers {
        let limit = instances * f64::from(workers) / rates.response_s.max(1e-9);
        if rate_per_s > limit && model.clients.queue.is_none() {
            rates.growth.push((rate_per_s - limit, WAITING_AT_TIER_BYTES));
            rates.ceiling_per_s = rates.ceiling_per_s.min(limit);
        }
    }
    rates.groups = groups;
    rates
}

/// Mean time of a tier's server per command.
fn service_s(model: &Model, shared: &SharedTier) -> f64 {
    use crate::scenario::lint::expectation::mean_bytes;
    let bytes: f64 =
        model.workload.classes.iter().map(|class| class.share * mean_bytes(&class.value_size)).sum();
    (shared.service_ns as f64 + shared.per_byte_ns * bytes.min(1e9)) / 1e9
}

/// Whether a lookup in an instance tier takes time.
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
        && matches!(model.coalescing, Coalescing::None | Coalescing::Singleflight { around: Around::Fetch })
        && !model.workload.gathers()
}

/// Whether a lookup is sent to the first shared tier without an event for the time that the tiers above it take.
fn sends_ahead(model: &Model, first_shared: usize) -> bool {
    let is_unlimited = match model.tiers.get(first_shared).map(|tier| &tier.scope) {
        Some(Scope::Shared(shared)) => shared.pool.is_none(),
        _ => false,
    };
    is_unlimited
        && model.clients.deadline_ns.is_none()
        && !model.workload.gathers()
        && !matches!(model.coalescing, Coalescing::Singleflight { around: Around::Lookup })
}

/// Whether journeys have no columns beside them, nearly.
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

/// Probability that so many delays and something that always takes as long exceed a time.
fn slower_than(dist: &Dist, times: f64, rest_s: f64, limit_s: f64) -> f64 {
    let left_s = limit_s - rest_s;
    let mean_s = dist.mean_ns() / 1e9;
    if left_s <= 0.0 {
        return 1.0;
    }
    match *dist {
        Dist::Constant { .. } => is_positive(mean_s * times > left_s),
        Dist::Lognormal { mu, sigma } if sigma > 0.0 => {
            let z = (libm::log(left_s * 1e9 / times) - mu) / sigma;
            0.5 * libm::erfc(z / std::f64::consts::SQRT_2)
        }
        _ if mean_s <= 0.0 => 0.0,
        // Two exponential hops.
        _ if times > 1.0 => libm::exp(-left_s / mean_s) * (1.0 + left_s / mean_s),
        _ => libm::exp(-left_s / mean_s),
    }
}

/// Share of its calls that a breaker lets through, where an instance makes so many per second and this share of them
/// fails, or `late` of the few that find out whether it may close. Failures are known after `learned_s`.
fn let_through(breaker: &Breaker, calls_per_s: f64, failing: f64, late: f64, learned_s: f64) -> f64 {
    if failing <= 0.0 || calls_per_s <= 0.0 {
        return 1.0;
    }
    let minimum = f64::from(breaker.minimum.max(1));
    let seen = (calls_per_s * breaker.window_ns as f64 / 1e9).max(minimum);
    // That of so many calls the share that opens it fails: normal approximation.
    let sigma = (failing * (1.0 - failing) / seen).sqrt().max(1e-9);
    let opens =
        0.5 * libm::erfc((breaker.failures - failing - 0.5 / seen) / sigma / std::f64::consts::SQRT_2);
    let closed_s = learned_s + minimum / calls_per_s / opens.max(1e-6);
    let closes = libm::pow(1.0 - late, f64::from(breaker.probes)).max(0.01);
    let open_s = breaker.open_ns as f64 / 1e9 / closes;
    closed_s / (closed_s + open_s)
}
