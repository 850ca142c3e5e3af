//! Expectations of closed forms for a model in the steady state, before anything is simulated.

use crate::model::{
    Capacity, Class, Eviction, Hottest, Jitter, Model, Popularity, Prefill, PrefillAge, Scope, Size, Spread,
    Tier, Ttl, WriteStrategy,
};
use crate::oracle::che::Renewal;
use crate::oracle::steady::{Keys, steady, zipf_groups};

/// The steady state of a model whose arrivals are open and whose nothing fails.
#[derive(Clone, Debug)]
pub struct Expectation {
    /// Of all reads, those that some tier answers; of all their keys where they have several.
    pub hit_ratio: f64,
    /// In the order of [`Model::tiers`].
    pub tiers: Vec<TierExpectation>,
    /// Reads per second of each class; of several keys each counts.
    pub reads_per_s: Vec<f64>,
    /// Of these, those of the database.
    pub misses_per_s: Vec<f64>,
    /// Writes per second of each class.
    pub writes_per_s: Vec<f64>,
}

/// The same for one tier.
#[derive(Clone, Debug)]
pub struct TierExpectation {
    /// The content of one store without a limit, in the unit of its capacity (bytes if it has none).
    pub wanted: f64,
    /// The content of the store at the end of the run without active expiry and without a limit; in the same
    /// unit.
    pub held: f64,
    /// Reads that no tier above answered, per second over all instances.
    pub lookups_per_s: f64,
}

/// A group of keys of one class.
struct Group {
    class: usize,
    count: f64,
    /// Share of the requests of the class that each key gets.
    share: f64,
}

/// The steady state of a model; `None` where its request rate is not known beforehand (traces, closed loops).
///
/// Taken at the base rate: profile, events, prefill, failures, coalescing and early refreshes are left out. A
/// key is found where the tier with the best chance of having it is asked.
pub fn expectation(model: &Model) -> Option<Expectation> {
    let rate_per_s = model.workload.arrivals.rate_per_s()?;
    let classes = &model.workload.classes;
    let groups = groups(model);
    let reads = |group: &Group| reads_per_s(&classes[group.class], group, rate_per_s);
    let mut found = vec![0.0f64; groups.len()];
    let mut tiers = Vec::with_capacity(model.tiers.len());
    for (index, tier) in model.tiers.iter().enumerate() {
        let lookups_per_s = (groups.iter().zip(&found))
            .filter(|(group, _)| !classes[group.class].bypasses(index))
            .map(|(group, found)| group.count * reads(group) * (1.0 - found))
            .sum();
        let keys: Vec<Keys> =
            groups.iter().map(|group| keys_in(model, index, tier, group, rate_per_s)).collect();
        let steady = steady(&keys, capacity(tier), renewal(tier));
        for (found, hit) in found.iter_mut().zip(&steady.hit) {
            *found = found.max(*hit);
        }
        let held = keys.iter().map(|keys| keys.count * keys.size * kept(model, tier, keys)).sum();
        tiers.push(TierExpectation { wanted: steady.wanted, held, lookups_per_s });
    }
    let mut asked_per_s = vec![0.0; classes.len()];
    let mut misses_per_s = vec![0.0; classes.len()];
    let (mut all, mut hits) = (0.0, 0.0);
    for (group, found) in groups.iter().zip(&found) {
        let reads_per_s = group.count * reads(group);
        all += reads_per_s;
        hits += reads_per_s * found;
        asked_per_s[group.class] += reads_per_s;
        misses_per_s[group.class] += reads_per_s * (1.0 - found);
    }
    let writes_per_s = classes.iter().map(|class| rate_per_s * class.share * class.write_share).collect();
    let hit_ratio = if all > 0.0 { hits / all } else { 1.0 };
    Some(Expectation { hit_ratio, tiers, reads_per_s: asked_per_s, misses_per_s, writes_per_s })
}

/// Keys that are read and written equally often, over all instances.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeyRates {
    /// How many; not necessarily whole.
    pub count: f64,
    /// Of each.
    pub reads_per_s: f64,
    pub writes_per_s: f64,
}

/// All keys of a model in groups; empty where its request rate is not known beforehand.
pub(crate) fn key_rates(model: &Model) -> Vec<KeyRates> {
    let Some(rate_per_s) = model.workload.arrivals.rate_per_s() else { return Vec::new() };
    let rates = |group: Group| {
        let class = &model.workload.classes[group.class];
        KeyRates {
            count: group.count,
            reads_per_s: reads_per_s(class, &group, rate_per_s),
            writes_per_s: rate_per_s * class.share * class.write_share * group.share,
        }
    };
    groups(model).into_iter().map(rates).collect()
}

/// Keys that are read and written equally often, and how far their reads get.
#[derive(Clone, Debug)]
pub(crate) struct KeyFlow {
    pub class: usize,
    /// How many; not necessarily whole.
    pub count: f64,
    /// Of each, over all instances.
    pub reads_per_s: f64,
    pub writes_per_s: f64,
    /// Share of its reads that come to each tier, and last to the database.
    pub passing: Vec<f64>,
}

/// How far the reads of all keys get in the steady state at `rate_per_s` requests, of whatever kind the arrivals are.
pub(crate) fn key_flows(model: &Model, rate_per_s: f64) -> Vec<KeyFlow> {
    let mut groups = groups(model);
    let shares: Vec<f64> = groups.iter().map(|group| group.share).collect();
    spread_reads(model, &mut groups);
    let flow = |(group, share): (&Group, f64)| {
        let class = &model.workload.classes[group.class];
        KeyFlow {
            class: group.class,
            count: group.count,
            reads_per_s: reads_per_s(class, group, rate_per_s),
            writes_per_s: rate_per_s * class.share * class.write_share * share,
            passing: vec![1.0],
        }
    };
    let mut flows: Vec<KeyFlow> = groups.iter().zip(shares).map(flow).collect();
    for (index, tier) in model.tiers.iter().enumerate() {
        let keys: Vec<Keys> =
            groups.iter().map(|group| keys_in(model, index, tier, group, rate_per_s)).collect();
        let steady = steady(&keys, capacity(tier), renewal(tier));
        for (flow, hit) in flows.iter_mut().zip(steady.hit) {
            // A key is found where the tier with the best chance of having it is asked.
            let before = flow.passing[index];
            flow.passing.push(before.min(1.0 - hit));
        }
    }
    flows
}

/// Where reads have several different keys, the shares with which [`read_share`] gives as many: draws that repeat a key are
/// drawn again, so the less popular ones are requested more often than once per read.
fn spread_reads(model: &Model, groups: &mut [Group]) {
    for (index, class) in model.workload.classes.iter().enumerate() {
        let wanted = f64::from(class.keys_per_request).min(class.keys as f64);
        if wanted <= 1.0 {
            continue;
        }
        // After so many draws; the last key of all may take very many.
        let asked = |draws: f64, share: f64| -libm::expm1(-draws * share);
        let found = |draws: f64| -> f64 {
            let own = groups.iter().filter(|group| group.class == index);
            own.map(|group| group.count * asked(draws, group.share)).sum()
        };
        let (mut low, mut high) = (0.0, wanted);
        while found(high) < 0.999 * wanted && high < 1e30 {
            (low, high) = (high, high * 4.0);
        }
        for _ in 0..40 {
            let middle = (low + high) / 2.0;
            if found(middle) < wanted { low = middle } else { high = middle }
        }
        for group in groups.iter_mut().filter(|group| group.class == index) {
            group.share = asked(high, group.share) / f64::from(class.keys_per_request);
        }
    }
}

fn capacity(tier: &Tier) -> Option<f64> {
    match tier.capacity {
        Capacity::Unbounded => None,
        Capacity::Entries(limit) | Capacity::Bytes(limit) => Some(limit as f64),
    }
}

fn renewal(tier: &Tier) -> Renewal {
    match tier.eviction {
        Eviction::Fifo | Eviction::Random => Renewal::FillOnly,
        _ => Renewal::EveryHit,
    }
}

/// The keys of all classes.
fn groups(model: &Model) -> Vec<Group> {
    model.workload.classes.iter().enumerate().flat_map(|(index, class)| groups_of(index, class)).collect()
}

/// Reads of one key of a group, over all instances.
fn reads_per_s(class: &Class, group: &Group, rate_per_s: f64) -> f64 {
    rate_per_s * class.share * (1.0 - class.write_share) * read_share(class, group)
}

fn groups_of(index: usize, class: &Class) -> Vec<Group> {
    let keys = class.keys as f64;
    let groups = match class.popularity {
        Popularity::Zipf { exponent } => zipf_groups(class.keys, exponent),
        Popularity::Uniform => vec![(keys, 1.0 / keys)],
        Popularity::Hotspot { keys_share, requests_share } => {
            let (hot, requests_share) = Popularity::hot_spot(class.keys, keys_share, requests_share);
            let hot = hot as f64;
            let group = |count: f64, share: f64| (count > 0.0).then(|| (count, share / count));
            [group(hot, requests_share), group(keys - hot, 1.0 - requests_share)]
                .into_iter()
                .flatten()
                .collect()
        }
        Popularity::Counts(ref counts) => counted_groups(&counts.of_keys),
    };
    groups.into_iter().map(|(count, share)| Group { class: index, count, share }).collect()
}

/// Keys in descending order put together while their counts are within two per cent.
fn counted_groups(counts: &[f64]) -> Vec<(f64, f64)> {
    let all: f64 = counts.iter().sum();
    counts
        .chunk_by(|first, next| *next >= 0.98 * *first)
        .map(|group| (group.len() as f64, group.iter().sum::<f64>() / all / group.len() as f64))
        .collect()
}

/// Share of all requests that the most popular key of a class gets.
pub(crate) fn hottest_share(class: &Class) -> f64 {
    class.share * groups_of(0, class).iter().map(|group| group.share).fold(0.0, f64::max)
}

/// Share of the reads of its class that request a key. Among several different ones it occurs once at most.
fn read_share(class: &Class, group: &Group) -> f64 {
    (group.share * f64::from(class.keys_per_request)).min(1.0)
}

/// A group as one store of a tier sees it.
fn keys_in(model: &Model, index: usize, tier: &Tier, group: &Group, rate_per_s: f64) -> Keys {
    let class = &model.workload.classes[group.class];
    let requests_per_s = rate_per_s * class.share / f64::from(model.caches(tier));
    let ttl_s = if class.bypasses(index) {
        Some(0.0)
    } else if class.absent {
        Some(tier.negative_ttl_ns.unwrap_or(0) as f64 / 1e9)
    } else {
        ttl_s(tier, class.ttl_in(index, tier))
    };
    let streamed = model.invalidation.cdc.is_some() && matches!(tier.scope, Scope::Shared(_));
    let deletes = streamed || model.writes == WriteStrategy::Invalidate;
    let size = match tier.capacity {
        Capacity::Entries(_) => 1.0,
        _ => mean_bytes(&class.value_size) + mean_bytes(&class.key_size) + tier.entry_overhead_bytes as f64,
    };
    Keys {
        count: group.count,
        reads_per_s: requests_per_s * read_share(class, group) * (1.0 - class.write_share),
        deletes_per_s: if deletes { requests_per_s * group.share * class.write_share } else { 0.0 },
        ttl_s,
        // A sentinel lives as long as it was told to.
        sliding: tier.sliding && !class.absent,
        size,
    }
}

/// Chance that the entry of a key takes memory at the end of the run, expired or not: that it was stored and not deleted
/// since.
fn kept(model: &Model, tier: &Tier, keys: &Keys) -> f64 {
    let Some(ttl_s) = keys.ttl_s else { return keys.present() };
    if ttl_s <= 0.0 || keys.reads_per_s <= 0.0 {
        return 0.0;
    }
    let either_per_s = keys.reads_per_s + keys.deletes_per_s;
    let at_first = match tier.prefill {
        Some(Prefill { hottest: Hottest::All, age: PrefillAge::Fresh }) => 1.0,
        Some(Prefill { hottest: Hottest::All, age: PrefillAge::Stationary }) => {
            keys.reads_per_s * ttl_s / (1.0 + keys.reads_per_s * ttl_s)
        }
        _ => 0.0,
    };
    let untouched = libm::exp(-either_per_s * model.duration_ns as f64 / 1e9);
    untouched * at_first + (1.0 - untouched) * keys.reads_per_s / either_per_s
}

/// How long an entry can be served, on average.
fn ttl_s(tier: &Tier, ttl: Ttl) -> Option<f64> {
    let Ttl::After { ns } = ttl else { return None };
    let ttl_ns = ns as f64;
    let jitter_ns = match tier.jitter {
        Jitter::Plus(Spread::Time { ns }) => ns as f64 / 2.0,
        Jitter::Plus(Spread::Share { share }) => ttl_ns * share / 2.0,
        Jitter::None | Jitter::Around(_) => 0.0,
    };
    let grace_ns = tier.refresh.grace_ns() as f64;
    Some((ttl_ns + jitter_ns + grace_ns) / 1e9)
}

/// Mean of a random size in bytes; its upper bound is left out of account where it is far away.
pub(crate) fn mean_bytes(size: &Size) -> f64 {
    match *size {
        Size::Constant { bytes } => bytes as f64,
        Size::Lognormal { mu, sigma, max_bytes } => libm::exp(mu + sigma * sigma / 2.0).min(max_bytes as f64),
        Size::Pareto { location, scale, shape, max_bytes } => {
            let mean = if shape < 1.0 { location + scale / (1.0 - shape) } else { f64::INFINITY };
            mean.min(max_bytes as f64)
        }
        Size::Trace => 0.0,
    }
}
