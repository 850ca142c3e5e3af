//! Ranges of keys that behave alike.

use serde::Serialize;

use super::super::{Directory, Dist, Size, Tier, Ttl, is_one, is_true, is_zero};
use super::popularity::{fits_keys, may_move};
use super::{Keys, Popularity, Ranking, WorkloadOptions};
use crate::declare::diagnostic::Diagnostic;
use crate::declare::fields::{Context, Fields};
use crate::declare::file::{Node, Value};
use crate::declare::kind::Kind;
use crate::declare::values::{Name, PositiveShare, Share, Whole32};
use crate::declare::{Form, options, unset};

options! {
    #[derive(Clone, Debug, Serialize)]
    pub struct Class in "class" (from: ClassAround<'a>), such as "[[class]]" {
        /// names it in measures and paths
        "name" name: String as Name, required "a short name such as \"users\"";
        /// share of all requests; the shares of all classes sum to 1
        "share" share: f64 as PositiveShare, otherwise "required; for a trace: as recorded" =>
            from.recorded(name.as_deref()).map(|class| class.share);
        /// number of keys
        "keys" keys: u64 as Keys, otherwise "required; for a trace: as recorded; with `counts`: as many as the file has" =>
            from.recorded(name.as_deref()).map(|class| class.keys);
        /// popularity of the keys of the class
        "popularity" popularity: Popularity, default "uniform";
        /// ranks of the keys over time: `"fixed"`, `{ drift = ... }`, `{ newest = ... }` or `"last-written"`
        #[serde(skip_serializing_if = "Ranking::is_fixed")]
        "ranking" ranking: Ranking, otherwise "of `[workload]`" => Some(from.workload.ranking);
        /// the database has no row for these keys until a write creates it (`write_share` of the class)
        "absent" absent: bool, default false;
        /// share of the class's requests that write
        "write_share" write_share: f64 as Share, otherwise "of `[workload]`; `0` if absent" =>
            Some(if absent == Some(true) { 0.0 } else { from.workload.write_share });
        /// so many keys in a row belong to one entity; a write to one of them makes all of them out of date
        #[serde(skip_serializing_if = "is_one")]
        "keys_per_entity" keys_per_entity: u32 as KeysPerEntity, otherwise "of `[workload]`; `1` if absent" =>
            Some(if absent == Some(true) { 1 } else { from.workload.keys_per_entity });
        /// share of the class's requests that are existence checks
        #[serde(skip_serializing_if = "is_zero")]
        "exists_share" exists_share: f64 as Share, otherwise "of `[workload]`" => Some(from.workload.exists_share);
        /// different keys of the class that a read requests at once
        #[serde(skip_serializing_if = "is_one")]
        "keys_per_request" keys_per_request: u32 as KeysPerRequest, otherwise "of `[workload]`" =>
            Some(from.workload.keys_per_request);
        /// random size of its values
        "value_size" value_size: Size, otherwise "of `[workload]`" => Some(from.workload.value_size);
        /// random size of its keys
        "key_size" key_size: Size, otherwise "of `[workload]`" => Some(from.workload.key_size);
        /// `"60s"` or `"none"` in every tier, or by tier: `{ l2 = "60s" }`
        "ttl" ttl: Vec<Option<Ttl>> as TtlByTier[from.tiers], otherwise "each tier's own" =>
            Some(vec![None; from.tiers.enabled()]);
        /// tiers that its requests pass by: they are neither looked up there nor stored nor deleted; `["redis"]`
        #[serde(skip_serializing_if = "Vec::is_empty")]
        "bypass" bypass: Vec<usize> as Bypassed[from.tiers], otherwise "`[]`" => Some(Vec::new());
        /// whether its answers may be cached, which turns out with each of them; those that may not are stored nowhere and are for one caller
        /// only
        #[serde(skip_serializing_if = "is_true")]
        "cacheable" cacheable: bool, default true;
        /// `{ read = "5ms", write = "7ms" }`: times of service at the database
        #[serde(flatten)]
        "database" costs: Costs, otherwise "the database's own" => unset::<Costs>();
    }
    check |f| {
        match from.recorded {
            Some(classes) => fits_recording(f, name.as_deref(), classes),
            None => {
                f.demand("share", "its share of all requests, such as 0.3");
                fits_keys(f, "keys", keys, popularity.as_ref());
                keys = keys.or(popularity.as_ref().and_then(Popularity::keys));
                let of_counts = f.node("popularity").is_some_and(|own| own.get("counts").is_some());
                if !of_counts {
                    f.demand("keys", "the number of its keys, such as 1000");
                }
            }
        }
        if let (Some(write_share), Some(exists_share)) = (write_share, exists_share) {
            shares_fit(f, write_share, exists_share);
        }
        if let (Some(wanted), Some(keys)) = (keys_per_request, keys) {
            enough_keys(f, wanted, keys);
        }
        if let (Some(ranking), Some(popularity)) = (ranking, &popularity) {
            may_move(f, ranking, popularity, keys_per_request, write_share);
        }
        if absent == Some(true) && keys_per_entity.is_some_and(|keys| keys > 1) {
            let way_out = "leave it out, or set absent = false";
            f.refuse("keys_per_entity", "absent rows are never written", way_out);
        }
    }
}

/// What a class takes from its surroundings.
#[derive(Clone, Copy)]
pub(crate) struct ClassAround<'a> {
    pub workload: &'a WorkloadOptions,
    pub tiers: &'a Directory,
    /// The classes of a trace; `None`: the workload is no trace.
    pub recorded: Option<&'a [RecordedClass]>,
}

impl ClassAround<'_> {
    fn recorded(&self, name: Option<&str>) -> Option<&RecordedClass> {
        self.recorded?.iter().find(|class| Some(class.name.as_str()) == name)
    }
}

/// A class of the keys of a trace.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RecordedClass {
    pub name: String,
    /// Of all requests.
    pub share: f64,
    pub keys: u64,
}

/// The trace decides about requests and keys, and its classes have names.
fn fits_recording(f: &mut Fields<'_, '_>, name: Option<&str>, classes: &[RecordedClass]) {
    for option in OF_THE_TRACE {
        f.refuse(option, "the trace has its own", "leave it out");
    }
    let names: Vec<&str> = classes.iter().map(|class| class.name.as_str()).collect();
    if let Some(name) = name.filter(|name| !names.contains(name)) {
        let place = f.place("name");
        let title = format!("the trace has no class {name}");
        f.cx.report(Diagnostic::new(title, place, format!("it has {}", names.join(", "))));
    }
}

/// Options of requests and keys, which a trace has recorded.
pub(crate) const OF_THE_TRACE: [&str; 9] = [
    "share",
    "keys",
    "popularity",
    "ranking",
    "absent",
    "write_share",
    "keys_per_entity",
    "exists_share",
    "keys_per_request",
];

/// The keys of one entity: a write waits for the answers of all its DELETEs, and counts them in a byte.
pub(super) type KeysPerEntity = Whole32<1, 64>;
/// The keys of one request.
pub(super) type KeysPerRequest = Whole32<1, 1000>;

impl Class {
    /// The time to live of its entries in a tier, the one at `index` of `Model::tiers`.
    pub fn ttl_in(&self, index: usize, tier: &Tier) -> Ttl {
        self.ttl.get(index).copied().flatten().unwrap_or(tier.ttl)
    }

    /// Whether its requests pass by a tier, the one at `index` of `Model::tiers`.
    pub fn bypasses(&self, index: usize) -> bool {
        self.bypass.contains(&index)
    }
}

options! {
    /// Times of service at the database instead of the database's own.
    #[derive(Clone, Debug, Serialize)]
    pub struct Costs in "class_database", such as "{ read = \"5ms\" }" {
        /// random time of service of a read
        "read" db_read: Option<Dist> as Dist, optional "the database's own";
        /// random time of service of a write
        "write" db_write: Option<Dist> as Dist, optional "the database's own";
    }
    check |f| { f.refuse_empty(); }
}

impl Costs {
    /// The database's own times, for any class.
    pub const OF_THE_DATABASE: Costs = Costs { db_read: None, db_write: None };
}

/// The time to live in each tier that is switched on; `None`: the tier's own.
struct TtlByTier;

impl Form for TtlByTier {
    type Value = Vec<Option<Ttl>>;
    type Around<'a> = &'a Directory;
    const KIND: Kind = Kind::Either(&[Ttl::KIND, Kind::PerTier(&Ttl::KIND)]);

    fn read(cx: &mut Context, node: &Node, tiers: &Directory) -> Option<Vec<Option<Ttl>>> {
        let Some(entries) = node.as_table() else {
            return Ttl::read(cx, node, ()).map(|ttl| vec![Some(ttl); tiers.enabled()]);
        };
        let mut by_tier = vec![None; tiers.enabled()];
        for entry in entries {
            let name = Node { value: Value::String(entry.key.clone()), span: entry.key_span };
            let index = tiers.resolve(cx, &name).and_then(|place| place.index);
            let own = cx.within(entry.key.as_str(), |cx| Ttl::read(cx, &entry.value, ()));
            if let (Some(slot), Some(own)) = (index.and_then(|index| by_tier.get_mut(index)), own) {
                *slot = Some(own);
            }
        }
        Some(by_tier)
    }
}

/// Tiers by name; gives the indices into `Model::tiers` of those that are switched on, ascending.
struct Bypassed;

impl Form for Bypassed {
    type Value = Vec<usize>;
    type Around<'a> = &'a Directory;
    const KIND: Kind = Kind::List(&Kind::Text);

    fn read(cx: &mut Context, node: &Node, tiers: &Directory) -> Option<Vec<usize>> {
        let Value::Array(items) = &node.value else {
            return cx.wrong(node, "expected a list of tiers such as [\"redis\"]");
        };
        let mut named: Vec<&str> = Vec::new();
        let mut indices = Vec::new();
        for item in items {
            let place = tiers.resolve(cx, item)?;
            if named.contains(&place.name.as_str()) {
                return cx.wrong(item, "expected each tier once");
            }
            named.push(&place.name);
            indices.extend(place.index);
        }
        indices.sort_unstable();
        Some(indices)
    }
}

/// The keys of a request are different ones.
pub(crate) fn enough_keys(f: &mut Fields<'_, '_>, wanted: u32, keys: u64) {
    if u64::from(wanted) > keys {
        let (title, place) = (format!("{}: too few keys", f.cx.here()), f.place("keys_per_request"));
        let label = format!("a request has {wanted} different keys, and the class only {keys}");
        f.cx.report(Diagnostic::new(title, place, label).help("fewer keys per request, or more keys"));
    }
}

/// A request that writes is not an existence check as well.
pub(super) fn shares_fit(f: &mut Fields<'_, '_>, write_share: f64, exists_share: f64) {
    if write_share + exists_share > 1.0 + 1e-12 {
        let (title, place) = (format!("{}: more than all requests", f.cx.here()), f.place("exists_share"));
        let label = format!("{exists_share} of the requests are existence checks and {write_share} writes");
        f.cx.report(Diagnostic::new(title, place, label).help("expected shares that sum to at most 1"));
    }
}
