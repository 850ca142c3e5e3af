//! A cache tier at work: its stores, lookups, fills, and leases.

use std::cell::RefCell;
use std::marker::PhantomData;

use rustc_hash::FxHashMap;

use super::coding::{Coding, EntryBytes, Link};
use super::command::Load;
use super::guard::Breaker;
use super::image::{Content, Images};
use super::key::KeyInfo;
use super::leases::Leases;
use super::limiter::Counters;
use super::nodes::{Node, NodeMap};
use super::pool::{Pools, UNLIMITED};
use super::rules::Rules;
use super::server::{Admission, Server};
use super::system::{Any, System};
use super::tombstones::Tombstones;
use super::tracking::Changed;
use crate::dice::{Delays, Stream, Times, below, chance, round_ns, stream};
use crate::measure::recorder::{Left, TierTotals};
use crate::measure::staleness::{INITIAL, Versions};
use crate::model::{
    Admit, Around, Capacity, Coalescing, Dist, MeasureOptions, Model, MultiGet, Nanos, Refresh, Scope,
    SharedTier, Tier, Ttl,
};
use crate::policy::freshness::{Found, NEVER, Renewal, expiry};
use crate::policy::own::Policies;
use crate::policy::redis::Effort;
use crate::sim::queue::{GENERAL, Lane, NETWORK, Queue};
use crate::sim::store::{Columns, Entry, Store, Value};
use crate::workload::Tables;

/// The result of a lookup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// Nothing to serve; an expired value may still be there for those who lose the lease.
    Miss {
        expired: Option<Value>,
    },
    /// The answer cannot be cached, as an earlier one has shown.
    Uncacheable,
    /// Past its time: a miss, and an answer where the fetch fails or takes too long.
    Fallback {
        value: Value,
    },
    Hit {
        value: Value,
        renewal: Renewal,
    },
    /// Past its time to live, served on purpose: while a background refresh runs, or because the last fetch has just failed.
    Stale {
        value: Value,
        renews: bool,
    },
}

/// One tier of one simulation of a system of this kind.
pub struct TierState<S = Any> {
    pub stores: Vec<Store>,
    rules: Rules,
    /// After each change of settings.
    later: Vec<Rules>,
    pub coding: Coding,
    /// Entries are no more than their expiry: no versions, no refreshes, nothing served past its time.
    is_bare: bool,
    /// The active-expiry cycle, where there is one.
    pub active_expiry: Option<Effort>,
    /// How long past its expiry an entry may be needed, under any revision of the settings.
    kept_ns: Nanos,
    jitter_dice: Stream,
    refresh_dice: Stream,
    sample_dice: Stream,
    pub totals: TierTotals,
    /// Of a tier in the process.
    pub access_ns: Nanos,
    pub access_lane: Lane,
    /// `None`: in the process of each instance.
    pub shared: Option<Shared>,
    /// One per store where SETs are versioned; empty otherwise.
    pub tombstones: Vec<Tombstones>,
    /// Kept where stores may change their size.
    maker: Option<Box<StoreMaker>>,
    /// By class: its answers cannot be cached; empty where all can.
    uncacheable: Vec<bool>,
    /// Of values that are stored with the second fetch: by store and key, when the first one was.
    fetched: FxHashMap<(u32, u32), Nanos>,
    admit_dice: Stream,
    /// By store and key: until when no fetch is attempted after one that failed.
    failed: FxHashMap<(u32, u32), Nanos>,
    images: Images,
    /// A DELETE leaves its entry, which expires with it.
    marks_stale: bool,
    /// Entries that have changed since somebody looked, where readers are told of that.
    pub changed: Option<Vec<Changed>>,
    kind: PhantomData<S>,
}

/// Makes the empty stores of a tier.
struct StoreMaker {
    /// Of keys in all their versions.
    ids: u64,
    count: u64,
    columns: Columns,
    /// Feeds the eviction policies.
    dice: Stream,
    policies: Policies,
}

impl StoreMaker {
    fn make(&mut self, tier: &Tier, capacity: Capacity) -> Store {
        let own = Tier { capacity, ..tier.clone() };
        let dice = rand::SeedableRng::from_rng(&mut self.dice);
        Store::new(&own, self.ids, self.count, self.columns, dice, &self.policies)
    }
}

/// State of a shared tier only.
pub struct Shared {
    pub nodes: Vec<Node>,
    /// None of them is ever slow.
    pub is_steady: bool,
    pub map: NodeMap,
    pub network: Delays,
    /// Of the way back, where it differs.
    pub back: Option<Delays>,
    pub send_lane: Lane,
    pub reply_lane: Lane,
    pub service_ns: Nanos,
    pub per_byte_ns: f64,
    pub multi_get: MultiGet,
    /// One per instance and node, those of an instance together; empty where connections are unlimited.
    pub pools: Pools,
    pub pool_timeout: Option<(Nanos, Lane)>,
    /// One per instance; empty where there are none.
    pub breakers: Vec<Breaker>,
    /// A lookup may outlive, or end before, the journey that sends it, or needs room of its own: it is a command.
    pub tears: bool,
    /// A lookup may be sent in the near future without an event of its own: nothing can come between, neither a pool nor
    /// a call to join.
    pub sends_ahead: bool,
    /// Nothing can happen on the way back of a hit.
    pub answers_ahead: bool,
    /// Of a SET that nobody waits for only the key matters: it is an event and no more.
    pub has_bare_fills: bool,
}

impl Shared {
    /// A node works on a command from `start_ns` on, of which `bytes` of a value travel; returns when it is done.
    #[inline]
    pub fn serve(&mut self, node: usize, start_ns: Nanos, bytes: u32) -> Nanos {
        let mut service_ns = self.service_ns;
        if self.per_byte_ns > 0.0 && bytes > 0 {
            service_ns += round_ns(f64::from(bytes) * self.per_byte_ns);
        }
        self.serve_for(node, start_ns, service_ns)
    }

    /// A node works on a command that may be about several keys; returns when it is done.
    #[inline]
    pub fn serve_load(&mut self, node: usize, start_ns: Nanos, load: Load) -> Nanos {
        match (load.keys, self.multi_get) {
            (2.., MultiGet::Mget { per_key_ns }) => {
                let more_ns = per_key_ns.saturating_mul(load.keys - 1);
                let bytes_ns = round_ns(load.value_bytes as f64 * self.per_byte_ns);
                let service_ns = self.service_ns.saturating_add(more_ns).saturating_add(bytes_ns);
                self.serve_for(node, start_ns, service_ns)
            }
            // One value is below 4 GB.
            _ => self.serve(node, start_ns, load.value_bytes as u32),
        }
    }

    /// A node works for so long, longer while it is slow.
    #[inline]
    pub fn serve_for(&mut self, node: usize, start_ns: Nanos, service_ns: Nanos) -> Nanos {
        let service_ns = self.slowed(node, start_ns, service_ns);
        self.nodes[node].server.serve(start_ns, service_ns)
    }

    /// The way through the network to a node.
    #[inline]
    pub fn hop(&mut self, node: usize, now: Nanos) -> Nanos {
        let delay_ns = self.network.sample();
        self.slowed(node, now, delay_ns)
    }

    /// The way back from a node.
    #[inline]
    pub fn hop_back(&mut self, node: usize, now: Nanos) -> Nanos {
        if self.back.is_some() { self.other_hop_back(node, now) } else { self.hop(node, now) }
    }

    #[cold]
    #[inline(never)]
    fn other_hop_back(&mut self, node: usize, now: Nanos) -> Nanos {
        let delay_ns = self.back.as_mut().map_or(0, Delays::sample);
        self.slowed(node, now, delay_ns)
    }

    /// A time at a node, which takes longer while the node is slow.
    #[inline]
    fn slowed(&self, node: usize, now: Nanos, ns: Nanos) -> Nanos {
        if self.is_steady { ns } else { self.slowed_by_events(node, now, ns) }
    }

    #[cold]
    #[inline(never)]
    fn slowed_by_events(&self, node: usize, now: Nanos, ns: Nanos) -> Nanos {
        let server = &self.nodes[node].server;
        if server.is_steady() { ns } else { round_ns(ns as f64 * server.slowness(now)) }
    }

    /// The lane of what is sent to a node.
    #[inline]
    pub fn way_out(&self, node: usize) -> Lane {
        if self.is_steady || self.nodes[node].server.is_steady() { self.send_lane } else { NETWORK }
    }

    /// Where the connections of an instance to a node are in `pools`; nowhere if the sender has its own.
    #[inline]
    pub fn pool(&self, instance: u32, node: u8) -> usize {
        instance as usize * self.nodes.len() + usize::from(node)
    }
}

impl<S: System> TierState<S> {
    pub fn new(model: &Model, index: usize, seed: u64, replication: u32, queue: &mut Queue) -> TierState<S> {
        TierState::with_own(model, index, seed, replication, queue, &Policies::new(), None)
    }

    /// The same with the policies from outside the crate that this variant has, and the tables of its workload.
    pub fn with_own(
        model: &Model,
        index: usize,
        seed: u64,
        replication: u32,
        queue: &mut Queue,
        policies: &Policies,
        tables: Option<&Tables>,
    ) -> TierState<S> {
        let tier = &model.tiers[index];
        let draw = |what: &str| stream(seed, replication, &format!("tier.{}.{what}", tier.name));
        let rows = tables.map_or_else(|| model.keys(), Tables::keys);
        let first_ids = first_ids(model, index, rows);
        let trace_keys = tables.and_then(|tables| tables.trace_keys.as_ref());
        let count = match tier.scope {
            Scope::Instance { .. } => u64::from(model.clients.instances),
            Scope::Shared(ref shared) => u64::from(shared.nodes),
        };
        let refresh = policies.make_refresh(&tier.name);
        let mut columns = columns(model, index, model.measure);
        columns.delta |= refresh.is_some();
        let mut maker = StoreMaker {
            ids: rows + first_ids.iter().copied().max().map_or(0, u64::from),
            count,
            columns,
            dice: draw("eviction"),
            policies: policies.clone(),
        };
        let stores = (0..count)
            .map(|node| match tier.scope {
                Scope::Instance { .. } => maker.make(tier, tier.capacity),
                Scope::Shared(_) => maker.make(tier, tier.capacity.share(node, count)),
            })
            .collect();
        let lease = model.all_revisions().find_map(|revision| match &revision.coalescing {
            Coalescing::Lease(lease) if lease.tier == index => Some(lease),
            _ => None,
        });
        let uncacheable: Vec<bool> = match model.workload.classes.iter().all(|class| class.cacheable) {
            true => Vec::new(),
            false => model.workload.classes.iter().map(|class| !class.cacheable).collect(),
        };
        let selects = model.ever(Model::has_zero_ttl)
            || !uncacheable.is_empty()
            || model.ever(|revision| !revision.tiers[index].stores_all_fetches());
        let has_columns = columns.version || columns.read_at || columns.delta;
        let coding = Coding::new(tier, rows);
        let shared_ever = |holds: &dyn Fn(&SharedTier) -> bool| {
            model.ever(|revision| match &revision.tiers[index].scope {
                Scope::Shared(shared) => holds(shared),
                Scope::Instance { .. } => false,
            })
        };
        let (access_ns, access_lane, shared) = match &tier.scope {
            Scope::Instance { access_ns } => (*access_ns, queue.lane_for(*access_ns), None),
            Scope::Shared(shared) => {
                let ways = shared.round_trip.as_ref().map(Dist::ways);
                let (there, back) = ways.unzip();
                let network =
                    Delays::new(Times::new(there.as_ref().unwrap_or(&shared.network)), draw("network"));
                let back = back.map(|back| Delays::new(Times::new(&back), draw("network.back")));
                // Equal delays keep their order on the way out. Replies do as well, since the server is FIFO:
                // they get a ring that is theirs alone, named by a delay that no option can have.
                let own_ring = Nanos::MAX - index as Nanos;
                let send_lane = network.constant().map_or(NETWORK, |delay| queue.lane_for(delay));
                let reply_lane = network.constant().map_or(NETWORK, |_| queue.lane_for(own_ring));
                let mut timer = |after: Option<Nanos>| after.map(|ns| (ns, queue.lane_for(ns)));
                let crashes = model.instances_crash();
                let has_pool = shared_ever(&|shared| shared.pool.is_some());
                let has_timeout = shared_ever(&|shared| shared.timeout_ns.is_some());
                let is_patient = !has_pool && !model.ever(|revision| revision.clients.deadline_ns.is_some());
                let around_lookup = model.ever(|revision| {
                    matches!(revision.coalescing, Coalescing::Singleflight { around: Around::Lookup })
                });
                let tears = has_timeout
                    || shared.pool_timeout_ns.is_some()
                    || shared.breaker.is_some()
                    || coding.takes_time()
                    || crashes;
                let nodes: Vec<Node> = (0..shared.nodes)
                    .map(|node| Node {
                        server: Server::new(model, index, node),
                        leases: lease.map(|lease| Leases::new(lease.lock_ttl_ns, node, shared.nodes)),
                        counters: Counters::of(model, index),
                        link: shared.bandwidth_bytes_per_s.map(Link::new),
                        commands: 0,
                    })
                    .collect();
                let state = Shared {
                    is_steady: nodes.iter().all(|node| node.server.is_steady()),
                    nodes,
                    map: NodeMap::new(model, index, shared.nodes, seed, replication),
                    network,
                    back,
                    send_lane,
                    reply_lane,
                    service_ns: shared.service_ns,
                    per_byte_ns: shared.per_byte_ns,
                    multi_get: shared.multi_get,
                    pools: Pools::new(
                        shared.pool.or(has_pool.then_some(UNLIMITED)),
                        model.clients.instances * shared.nodes,
                    ),
                    pool_timeout: timer(shared.pool_timeout_ns),
                    breakers: shared.breaker.map_or_else(Vec::new, |spec| {
                        vec![Breaker::new(spec); model.clients.instances as usize]
                    }),
                    tears,
                    sends_ahead: is_patient && !around_lookup,
                    answers_ahead: is_patient && !has_timeout && shared.breaker.is_none() && !crashes,
                    has_bare_fills: !tears
                        && !has_pool
                        && lease.is_none()
                        && !has_columns
                        && !selects
                        && model.revisions.is_empty(),
                };
                (0, GENERAL, Some(state))
            }
        };
        let rules = Rules::new(model, index, trace_keys, refresh, 0, queue);
        let later: Vec<Rules> = (model.revisions.iter().zip(first_ids))
            .map(|(revision, first_id)| {
                Rules::new(
                    &revision.model,
                    index,
                    trace_keys,
                    policies.make_refresh(&tier.name),
                    first_id,
                    queue,
                )
            })
            .collect();
        let all = || std::iter::once(&rules).chain(&later);
        let kept_ns = all().map(Rules::kept_ns).max().unwrap_or(0);
        let may_renew = all().any(|rules| rules.renewer.may_renew());
        TierState {
            stores,
            is_bare: !has_columns && uncacheable.is_empty() && !may_renew && kept_ns == 0 && lease.is_none(),
            rules,
            later,
            coding,
            active_expiry: tier.redis.and_then(|redis| redis.active_expiry).map(|cycle| Effort {
                effort: cycle.effort,
                every_ns: 1_000_000_000 / u64::from(cycle.hz),
                per_key_ns: cycle.per_key_ns,
            }),
            kept_ns,
            jitter_dice: draw("jitter"),
            refresh_dice: draw("refresh"),
            sample_dice: draw("sample"),
            totals: TierTotals::default(),
            access_ns,
            access_lane,
            shared,
            tombstones: match model.write_options.tombstone_ttl_ns {
                Some(ttl_ns) => (0..count).map(|_| Tombstones::new(ttl_ns)).collect(),
                None => Vec::new(),
            },
            maker: (!model.revisions.is_empty()).then(|| Box::new(maker)),
            uncacheable,
            fetched: FxHashMap::default(),
            admit_dice: draw("admit"),
            failed: FxHashMap::default(),
            images: Images::default(),
            changed: model.tracked_tier().is_some_and(|tracked| tracked.0 == index).then(Vec::new),
            marks_stale: model.write_options.mark_stale && kept_ns > 0,
            kind: PhantomData,
        }
    }

    /// A command comes to a node of a shared tier, which lives through what happens to it up to its service.
    #[inline(always)]
    pub fn admit(&mut self, place: usize, arrival_ns: Nanos, tables: &Tables) -> Option<Admission> {
        match self.shared.as_ref()?.nodes[place].server.admit_steadily(arrival_ns) {
            Some(start_ns) => Some(Admission::Serve { start_ns }),
            None => self.admit_after_changes(place, arrival_ns, tables),
        }
    }

    #[inline(never)]
    fn admit_after_changes(&mut self, place: usize, arrival_ns: Nanos, tables: &Tables) -> Option<Admission> {
        let Node { server, leases, counters, .. } = &mut self.shared.as_mut()?.nodes[place];
        let (store, tombstones) = (&mut self.stores[place], self.tombstones.get_mut(place));
        let mut content = Content { store, leases, counters, tombstones };
        let (images, size) = (&mut self.images, EntryBytes { coding: &self.coding, tables });
        Some(server.admit(arrival_ns, |what, at_ns| images.apply(place, what, at_ns, &mut content, size)))
    }

    /// Whether SETs are versioned and this one is older than the entry, or than the last DELETE that is remembered.
    #[inline(always)]
    pub fn refuses(
        &self,
        store: usize,
        info: KeyInfo,
        value: Value,
        now: Nanos,
        versions: &Versions,
    ) -> bool {
        !self.tombstones.is_empty() && self.is_older(store, self.id_of(info), value, now, versions)
    }

    fn is_older(&self, store: usize, key: u32, value: Value, now: Nanos, versions: &Versions) -> bool {
        let Some(tombstones) = self.tombstones.get(store) else { return false };
        let commit = versions.sequence(value.version);
        let held = self.stores[store].find(key).filter(|&(_, expiry_ns)| now < expiry_ns);
        tombstones.refuse(key, commit, now)
            || held
                .is_some_and(|(slot, _)| versions.sequence(self.stores[store].value(slot).version) > commit)
    }

    /// A DELETE, of the commit with this number, is executed.
    pub fn bury(&mut self, store: usize, info: KeyInfo, commit: u64, now: Nanos) {
        let id = self.id_of(info);
        if let Some(tombstones) = self.tombstones.get_mut(store) {
            tombstones.bury(id, commit, now);
        }
    }

    /// The settings of a revision.
    #[inline(always)]
    pub fn rules(&self, revision: u8) -> &Rules {
        match revision {
            _ if !S::RARE => &self.rules,
            0 => &self.rules,
            later => &self.later[usize::from(later) - 1],
        }
    }

    /// The store that has a key: that of an instance, or of the node that the key is at.
    #[inline(always)]
    pub fn store_of(&self, instance: u32, key: u32, now: Nanos) -> usize {
        match &self.shared {
            Some(shared) => usize::from(shared.map.node(key, now)),
            None => instance as usize,
        }
    }

    /// The id under which a key is stored: that of its version.
    #[inline(always)]
    pub fn id_of(&self, info: KeyInfo) -> u32 {
        match info.revision {
            _ if !S::RARE => info.key,
            0 => info.key,
            later => info.key + self.rules(later).first_id,
        }
    }

    /// A key in each of its versions.
    pub fn in_all_versions(&self, info: KeyInfo) -> Vec<KeyInfo> {
        let mut seen = Vec::new();
        let mut all = Vec::new();
        for revision in 0..=self.later.len() as u8 {
            let info = KeyInfo { revision, ..info };
            if !seen.contains(&self.id_of(info)) {
                seen.push(self.id_of(info));
                all.push(info);
            }
        }
        all
    }

    /// A lookup in one store: uses are noted, a sliding entry lives longer, an expired one that nobody may serve any
    /// more is removed. Compiled into its caller: what instance tiers and a shared one decide again and again, each always
    /// in its way, the processor then guesses apart.
    ///
    /// In a plain system entries are no more than their expiry.
    #[inline(always)]
    pub fn look(&mut self, store: usize, info: KeyInfo, now: Nanos, tables: &Tables) -> Look {
        let found = self.stores[store].find(self.id_of(info));
        self.look_found(store, info, found, now, tables)
    }

    /// The same where the entry is probably in a certain slot.
    #[inline(always)]
    fn look_near(&mut self, store: usize, info: KeyInfo, slot: u32, now: Nanos, tables: &Tables) -> Look {
        let found = self.stores[store].find_near(self.id_of(info), slot);
        self.look_found(store, info, found, now, tables)
    }

    #[inline(always)]
    fn look_found(
        &mut self,
        store: usize,
        info: KeyInfo,
        found: Option<(u32, Nanos)>,
        now: Nanos,
        tables: &Tables,
    ) -> Look {
        let Some((slot, expiry_ns)) = found else { return Look::Miss { expired: None } };
        let is_live = now < expiry_ns;
        if is_live {
            self.use_entry(store, slot, info, now);
        }
        if !S::PLAIN && !self.is_bare {
            return self.judge_found(store, info, slot, expiry_ns, now, tables);
        }
        if is_live {
            return Look::Hit { value: Value::default(), renewal: Renewal::Keep };
        }
        self.totals.expirations += 1;
        self.take_out(store, self.id_of(info), slot, tables);
        self.note_change(self.id_of(info), false);
        Look::Miss { expired: None }
    }

    /// The answer of an entry that was found to a lookup, in a tier that has versions, refreshes early or serves what has
    /// expired.
    #[inline]
    fn judge_found(
        &mut self,
        store: usize,
        info: KeyInfo,
        slot: u32,
        expiry_ns: Nanos,
        now: Nanos,
        tables: &Tables,
    ) -> Look {
        if now < expiry_ns && self.is_uncacheable(info) {
            return Look::Uncacheable;
        }
        if now < expiry_ns {
            let held = &self.stores[store];
            let renewal =
                if !self.rules(info.revision).renewer.may_renew() || self.is_sentinel(store, slot, info) {
                    Renewal::Keep
                } else {
                    let (ttl, fetch_ns) = (self.rules(info.revision).ttl_of(info), held.delta_ns(slot));
                    let found = Found { key: info.key, now_ns: now, expiry_ns, ttl, fetch_ns };
                    let rules = match info.revision {
                        _ if !S::RARE => &mut self.rules,
                        0 => &mut self.rules,
                        later => &mut self.later[usize::from(later) - 1],
                    };
                    rules.renewer.renewal(found, &mut self.refresh_dice)
                };
            return Look::Hit { value: held.value(slot), renewal };
        }
        let past_ns = now - expiry_ns;
        let kept = !self.is_sentinel(store, slot, info) && !self.is_uncacheable(info);
        let Rules { grace_ns, lease_grace_ns, fail_safe, .. } = *self.rules(info.revision);
        if past_ns < grace_ns && kept {
            self.stores[store].touch(slot, now);
            return Look::Stale { value: self.stores[store].value(slot), renews: true };
        }
        if S::RARE
            && let Some(fail_safe) = fail_safe
            && past_ns < fail_safe.grace_ns
            && kept
        {
            self.stores[store].touch(slot, now);
            let value = self.stores[store].value(slot);
            return match self.has_just_failed(store, self.id_of(info), now) {
                true => Look::Stale { value, renews: false },
                false => Look::Fallback { value },
            };
        }
        if past_ns < lease_grace_ns && kept {
            return Look::Miss { expired: Some(self.stores[store].value(slot)) };
        }
        // Others may still need it.
        if past_ns >= self.kept_ns || !kept {
            self.totals.expirations += 1;
            self.take_out(store, self.id_of(info), slot, tables);
            self.note_change(self.id_of(info), false);
        }
        Look::Miss { expired: None }
    }

    /// A live entry is used: the policy learns of it, a sliding one lives longer.
    #[inline(always)]
    fn use_entry(&mut self, store: usize, slot: u32, info: KeyInfo, now: Nanos) {
        self.stores[store].touch(slot, now);
        if self.rules(info.revision).sliding {
            self.slide(store, slot, info, now);
        }
    }

    /// An entry that was used lives as long as a new one.
    #[inline(never)]
    fn slide(&mut self, store: usize, slot: u32, info: KeyInfo, now: Nanos) {
        if !self.is_sentinel(store, slot, info) {
            let expiry_ns = self.expiry_ns(info, now);
            self.stores[store].set_expiry_ns(slot, expiry_ns);
        }
    }

    /// Whether what a slot holds is "no such row".
    #[inline]
    fn is_sentinel(&self, store: usize, slot: u32, info: KeyInfo) -> bool {
        info.absent && self.stores[store].value(slot).version == INITIAL
    }

    /// Whoever has read the entry may have to be told.
    #[inline(always)]
    pub fn note_change(&mut self, id: u32, by_command: bool) {
        if S::RARE
            && let Some(changed) = &mut self.changed
        {
            changed.push(Changed { id, by_command });
        }
    }

    #[inline]
    fn take_out(&mut self, store: usize, key: u32, slot: u32, tables: &Tables) {
        let coding = &self.coding;
        self.stores[store].remove(key, slot, |key| coding.entry_bytes(tables, key));
    }

    /// The result of a read in one store, with its value, or whether it is there. Its entry is probably in a certain slot.
    #[inline(always)]
    pub fn find_near(
        &mut self,
        store: usize,
        info: KeyInfo,
        exists: bool,
        slot: u32,
        now: Nanos,
        tables: &Tables,
    ) -> Look {
        if exists {
            self.check(store, info, now, tables)
        } else {
            self.look_near(store, info, slot, now, tables)
        }
    }

    /// Whether an entry is there, for an existence check: it is no use of the entry, so the policy does not
    /// learn of it (as Redis has it), a sliding entry lives no longer, and nothing is refreshed.
    pub fn check(&mut self, store: usize, info: KeyInfo, now: Nanos, tables: &Tables) -> Look {
        let Some((slot, expiry_ns)) = self.stores[store].find(self.id_of(info)) else {
            return Look::Miss { expired: None };
        };
        if now < expiry_ns && self.is_uncacheable(info) {
            return Look::Uncacheable;
        }
        if now < expiry_ns {
            return Look::Hit { value: self.stores[store].value(slot), renewal: Renewal::Keep };
        }
        let past_ns = now - expiry_ns;
        let kept = !self.is_sentinel(store, slot, info) && !self.is_uncacheable(info);
        if past_ns < self.rules(info.revision).grace_ns && kept {
            return Look::Stale { value: self.stores[store].value(slot), renews: true };
        }
        if past_ns >= self.kept_ns || !kept {
            self.totals.expirations += 1;
            self.take_out(store, self.id_of(info), slot, tables);
            self.note_change(self.id_of(info), false);
        }
        Look::Miss { expired: None }
    }

    /// Whether the answers of the key's class cannot be cached.
    #[inline]
    pub fn is_uncacheable(&self, info: KeyInfo) -> bool {
        S::RARE && !self.uncacheable.is_empty() && self.uncacheable[info.class]
    }

    /// Whether some fetched values are not stored.
    #[inline(always)]
    pub fn is_selective(&self, info: KeyInfo) -> bool {
        S::RARE && (self.rules(info.revision).is_selective || !self.uncacheable.is_empty())
    }

    /// Whether a value that was fetched now is to be stored; `store`: that of the instance, or of the node that has the key.
    #[inline(never)]
    pub fn selects(&mut self, store: usize, info: KeyInfo, now: Nanos) -> bool {
        let rules = self.rules(info.revision);
        let Rules { fill, admit, hit_for_miss_ns, .. } = *rules;
        let is_uncacheable = self.is_uncacheable(info);
        let lives = rules.ttl_of(info) != Ttl::ZERO || info.absent || is_uncacheable;
        if !fill || !lives || (is_uncacheable && hit_for_miss_ns.is_none()) {
            return false;
        }
        let id = self.id_of(info);
        match admit {
            Admit::All => true,
            Admit::Share(share) => chance(&mut self.admit_dice, share),
            // What is there already is renewed.
            Admit::Second { .. } if self.stores[store].find(id).is_some() => true,
            Admit::Second { window_ns } => {
                let before = self.fetched.insert((store as u32, id), now);
                before.is_some_and(|before| now - before <= window_ns)
            }
        }
    }

    /// A fetch of this key has failed: for the time of the throttle its old value is served without another attempt.
    pub fn note_failure(&mut self, store: usize, info: KeyInfo, now: Nanos) {
        let Some(fail_safe) = self.rules(info.revision).fail_safe.filter(|safe| safe.throttle_ns > 0) else {
            return;
        };
        let until_ns = now.saturating_add(fail_safe.throttle_ns);
        self.failed.insert((store as u32, self.id_of(info)), until_ns);
    }

    fn has_just_failed(&self, store: usize, id: u32, now: Nanos) -> bool {
        self.failed.get(&(store as u32, id)).is_some_and(|&until_ns| now < until_ns)
    }

    /// Stores a value; returns whether it was stored.
    #[inline(always)]
    pub fn fill(
        &mut self,
        store: usize,
        info: KeyInfo,
        value: Value,
        delta_ns: Nanos,
        now: Nanos,
        tables: &Tables,
    ) -> bool {
        self.fill_telling(store, info, value, delta_ns, now, tables, |_| ())
    }

    /// The same, with the keys that are evicted; compiled into its caller for the reason of [`TierState::look`].
    #[inline(always)]
    #[expect(clippy::too_many_arguments, reason = "those of a fill, and one more")]
    pub fn fill_telling(
        &mut self,
        store: usize,
        info: KeyInfo,
        value: Value,
        delta_ns: Nanos,
        now: Nanos,
        tables: &Tables,
        evicted: impl FnMut(u32),
    ) -> bool {
        // Not to be cached is not a failure.
        let Some(expiry_ns) = self.expiry_of(info, value.version, now) else { return true };
        let entry = Entry { key: self.id_of(info), value, expiry_ns, delta_ns };
        self.fill_until_telling(store, entry, now, tables, evicted)
    }

    /// When a version that is filled now expires; `None`: it is not to be cached.
    #[inline(always)]
    fn expiry_of(&mut self, info: KeyInfo, version: u32, now: Nanos) -> Option<Nanos> {
        if self.is_uncacheable(info) {
            return Some(now.saturating_add(self.rules(info.revision).hit_for_miss_ns?));
        }
        if info.is_negative(version) {
            return Some(now.saturating_add(self.rules(info.revision).negative_ttl_ns?));
        }
        if S::RARE
            && self.rules(info.revision).is_selective
            && self.rules(info.revision).ttl_of(info) == Ttl::ZERO
        {
            return None;
        }
        Some(self.expiry_ns(info, now))
    }

    /// Stores a value with a given expiry.
    #[inline]
    pub fn fill_until(&mut self, store: usize, entry: Entry, now: Nanos, tables: &Tables) -> bool {
        self.fill_until_telling(store, entry, now, tables, |_| ())
    }

    #[inline(always)]
    fn fill_until_telling(
        &mut self,
        store: usize,
        entry: Entry,
        now: Nanos,
        tables: &Tables,
        evicted: impl FnMut(u32),
    ) -> bool {
        let size = EntryBytes { coding: &self.coding, tables };
        let filled = self.stores[store].fill_telling(entry, now, size, evicted);
        self.totals.evictions += u64::from(filled.evicted);
        self.totals.expirations += u64::from(filled.expired);
        filled.stored
    }

    /// Deletes a key, or makes it expire.
    pub fn delete(&mut self, store: usize, info: KeyInfo, now: Nanos, tables: &Tables) {
        let id = self.id_of(info);
        let Some((slot, expiry_ns)) = self.stores[store].find(id) else { return };
        self.note_change(id, true);
        if S::RARE && self.marks_stale {
            return self.stores[store].set_expiry_ns(slot, expiry_ns.min(now));
        }
        self.take_out(store, id, slot, tables);
    }

    /// One store looks for expired entries, as Redis does many times a second. What may still be served past its time
    /// stays. Returns the number of entries looked at.
    pub fn expire(&mut self, store: usize, now: Nanos, tables: &Tables) -> u64 {
        let Some(effort) = self.active_expiry else { return 0 };
        let (coding, kept_ns) = (self.coding, self.kept_ns);
        let changed = RefCell::new(self.changed.as_mut());
        // Asked of each entry that goes.
        let bytes = |id| {
            if let Some(changed) = changed.borrow_mut().as_mut() {
                changed.push(Changed { id, by_command: false });
            }
            coding.entry_bytes(tables, id)
        };
        let cycle = self.stores[store].expire(effort, now, kept_ns, bytes);
        self.totals.expirations += cycle.expired;
        cycle.examined
    }

    /// How many entries have expired and still take memory, where somebody keeps track.
    pub fn count_expired(&self, now: Nanos) -> Option<u64> {
        self.stores.iter().map(|store| store.count_expired(now)).sum()
    }

    /// When an entry is gone for good unless it is renewed before, and the version that it holds.
    pub fn entry(&self, store: usize, key: u32) -> Option<(Nanos, u32)> {
        let held = &self.stores[store];
        let (slot, expiry_ns) = held.find(key)?;
        Some((expiry_ns.saturating_add(self.kept_ns), held.value(slot).version))
    }

    /// A server has another memory limit from now on; what is too much leaves with the next fills.
    pub fn resize(&mut self, capacity: Capacity) {
        let nodes = self.stores.len() as u64;
        for (node, store) in self.stores.iter_mut().enumerate() {
            store.resize(capacity.share(node as u64, nodes));
        }
    }

    /// A process begins anew with an empty store, perhaps of another size.
    pub fn renew_store(&mut self, place: usize, spec: &Tier) {
        let Some(maker) = &mut self.maker else { return };
        if self.stores[place].capacity() != spec.capacity {
            self.stores[place] = maker.make(spec, spec.capacity);
        }
    }

    /// Drops the entries of one store, of a tier in the process.
    pub fn clear(&mut self, store: usize) {
        self.stores[store].clear();
        self.tombstones.iter_mut().skip(store).take(1).for_each(Tombstones::clear);
    }

    /// The leases of a node.
    #[inline(always)]
    pub fn leases(&mut self, node: usize) -> Option<&mut Leases> {
        self.shared.as_mut().and_then(|shared| shared.nodes[node].leases.as_mut())
    }

    /// Applies to every node the events of the scenario up to now, and records the work of the nodes.
    pub fn settle(&mut self, now: Nanos, tables: &Tables) {
        let Some(shared) = &mut self.shared else { return };
        for (place, (store, node)) in self.stores.iter_mut().zip(&mut shared.nodes).enumerate() {
            let Node { server, leases, counters, .. } = node;
            let mut content = Content { store, leases, counters, tombstones: self.tombstones.get_mut(place) };
            let (images, size) = (&mut self.images, EntryBytes { coding: &self.coding, tables });
            server.settle_until(now, |what, at_ns| images.apply(place, what, at_ns, &mut content, size));
        }
        self.totals.pool_busy_ns = shared.pools.busy_ns(now);
        let mut link_busy_ns = [0; 2];
        self.totals.busy_ns = shared.nodes.iter().map(|node| node.server.busy_ns).sum();
        for link in shared.nodes.iter().filter_map(|node| node.link) {
            link_busy_ns[0] += link.busy_ns[0];
            link_busy_ns[1] += link.busy_ns[1];
        }
        self.totals.link_busy_ns = link_busy_ns;
        if shared.nodes.len() > 1 {
            self.totals.nodes = shared.nodes.iter().map(|node| node.totals(now)).collect();
        }
    }

    /// A fresh expiry, with jitter.
    #[inline(always)]
    pub fn expiry_ns(&mut self, info: KeyInfo, now: Nanos) -> Nanos {
        let rules = self.rules(info.revision);
        let (ttl, jitter) = (rules.ttl_of(info), rules.jitter);
        expiry(ttl, jitter, now, &mut self.jitter_dice)
    }

    /// Remaining times to live of a sample of the entries: up to so many, each as likely as any other.
    pub fn left(&mut self, now: Nanos) -> Left {
        const WANTED: usize = 256;
        const TRIES: usize = 16 * WANTED;
        let mut expiries_ns = Vec::with_capacity(WANTED);
        for _ in 0..TRIES {
            let store = below(&mut self.sample_dice, self.stores.len() as u32) as usize;
            let place = below(&mut self.sample_dice, u32::MAX);
            expiries_ns.extend(self.stores[store].expiry_at_random(place));
            if expiries_ns.len() == WANTED {
                break;
            }
        }
        Left::of(&expiries_ns, now, NEVER)
    }

    /// Handles of the versions held, in the stores and in what was noted of them.
    pub fn versions(&self) -> impl Iterator<Item = u32> {
        self.stores.iter().flat_map(Store::versions).chain(self.images.versions())
    }

    /// (entries, bytes) over all stores.
    pub fn content(&self) -> (u64, u64) {
        self.stores
            .iter()
            .fold((0, 0), |sum, store| (sum.0 + store.books().entries, sum.1 + store.books().bytes))
    }
}

/// The columns that the entries of the tier at `index` need.
pub fn columns(model: &Model, index: usize, measure: MeasureOptions) -> Columns {
    Columns {
        version: model.workload.writes(),
        read_at: measure.value_age,
        delta: model.ever(|revision| matches!(revision.tiers[index].refresh, Refresh::XFetch { .. })),
    }
}

/// For each revision after the first, the first id of its version of the keys; that of the version at the start is 0.
fn first_ids(model: &Model, index: usize, rows: u64) -> Vec<u32> {
    let version = |model: &Model| model.tiers[index].key_version;
    let mut versions = vec![version(model)];
    let mut place_of = |revision: &Model| {
        let place = versions.iter().position(|&known| known == version(revision)).unwrap_or_else(|| {
            versions.push(version(revision));
            versions.len() - 1
        });
        // The checker keeps all ids below 2^32.
        (place as u64 * rows) as u32
    };
    model.revisions.iter().map(|revision| place_of(&revision.model)).collect()
}
