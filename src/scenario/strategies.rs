//! One workload under every strategy: what `herdlab compare-strategies` runs.
//!
//! The variants of a scenario are exchanged for one per strategy; all else stays as in the file.

use std::path::Path;

use super::{Overrides, parse_altered};
use crate::declare::diagnostic::{Diagnostics, Source};
use crate::declare::file::{Node, Value, parse_document};
use crate::model::{Coalescing, Experiment, Jitter, Model, Refresh, RefreshMode, Scope, WriteStrategy};

/// The variant that the others are compared with: nothing but the database.
pub const NO_CACHE: &str = "no cache";
const HEADLINE: &str =
    "headline = [\"db.qps.mean\", \"db.qps.peak\", \"latency.all.p99_ms\", \"hit_ratio\"]\n";

/// A scenario under every strategy that applies to it.
#[derive(Clone, Debug)]
pub struct Strategies {
    pub experiment: Experiment,
    /// Strategies that do not apply, with the reason.
    pub left_out: Vec<(&'static str, &'static str)>,
}

/// Reads a scenario and exchanges its variants for the strategies. `--set` applies to all of them.
///
/// # Errors
/// As [`super::parse`]; also where the scenario has no shared tier, or a strategy contradicts it.
pub fn strategies(
    source: &str,
    source_path: &str,
    base_dir: &Path,
    overrides: &Overrides,
) -> Result<Strategies, Diagnostics> {
    let (tree, _) = parse_document(source, 0);
    let places = Places::of(&tree);
    if places.shared.is_none() {
        let help = "the strategies differ in how they use a tier with scope = \"shared\"".to_owned();
        return Err(Diagnostics::general(format!("{source_path} has no shared tier"), vec![help]));
    }
    let list = list(&places);
    let text: String = HEADLINE.to_owned()
        + &list
            .iter()
            .map(|(name, set)| format!("[[variant]]\nname = \"{name}\"\nset = {{ {} }}\n", set.join(", ")))
            .collect::<String>();
    let alter = |root: &mut Node, id: usize| {
        let (variants, _) = parse_document(&text, id);
        if let (Value::Table(entries), Value::Table(new)) = (&mut root.value, variants.value) {
            let ours =
                ["variant", "baseline", "headline", "answer", "practice", "observed", "threshold", "allow"];
            entries.retain(|entry| !ours.contains(&entry.key.as_str()));
            entries.extend(new);
        }
        Source { name: "the strategies".to_owned(), text: text.clone() }
    };
    let (mut experiment, _) = parse_altered(source, source_path, base_dir, overrides, Some(&alter))?;
    // The lints would speak of the strategies, of which each is there on purpose.
    experiment.lints.clear();
    Ok(Strategies { experiment, left_out: places.left_out() })
}

/// Where the settings of a strategy go.
struct Places {
    /// The last shared tier.
    shared: Option<String>,
    shared_expires: bool,
    /// Tiers in the process.
    instance: Vec<String>,
    writes: bool,
    /// The file has a change stream of its own.
    streamed: bool,
    /// The file's own write-back, unchanged.
    back: bool,
    /// Why write-back contradicts the file.
    not_back: Option<&'static str>,
}

impl Places {
    fn of(root: &Node) -> Places {
        let text =
            |node: &Node, field: &str| node.get(field).and_then(Node::as_str).unwrap_or_default().to_owned();
        let tiers = root.elements("tier");
        let scoped =
            |scope: &str| tiers.iter().filter(|tier| text(tier, "scope") == scope).collect::<Vec<_>>();
        let shared = scoped("shared").last().map(|tier| (text(tier, "name"), text(tier, "ttl") != "none"));
        let own = root.elements("class").iter();
        let written = |node: &Node| match node.get("write_share").map(|share| &share.value) {
            None | Some(Value::Integer(0)) => false,
            Some(Value::Float(share)) => *share > 0.0,
            Some(_) => true,
        };
        let traced = root
            .get("workload")
            .and_then(|workload| workload.get("arrivals")?.get("trace")?.get("operation"))
            .is_some();
        let field = |section: &str, name: &str| {
            let value = root.get(section).and_then(|node| node.get(name));
            value.filter(|node| node.as_str() != Some("none"))
        };
        let streamed = field("invalidation", "cdc").is_some();
        let strategy = field("writes", "strategy");
        let entities = |node: &Node| {
            node.get("keys_per_entity").is_some_and(|keys| !matches!(keys.value, Value::Integer(1)))
        };
        let not_back = if streamed {
            Some("the scenario has a change stream, which would delete values newer than the database")
        } else if field("writes", "rollback").is_some() {
            Some("writes roll back, and an acknowledged one cannot")
        } else if field("writes", "order").is_some_and(|order| order.as_str() == Some("before-commit")) {
            Some("writes.order is \"before-commit\", and no transaction waits for it")
        } else if field("writes", "tombstone_ttl").is_some() {
            Some("writes.tombstone_ttl is set, and nothing leaves a tombstone")
        } else if root.get("workload").is_some_and(entities) || root.elements("class").iter().any(entities) {
            Some("a write touches several keys, and the cache has the new value of one only")
        } else {
            None
        };
        Places {
            streamed,
            back: strategy.is_some_and(|node| node.get("write-back").is_some()),
            not_back,
            shared_expires: shared.as_ref().is_some_and(|(_, expires)| *expires),
            shared: shared.map(|(name, _)| name),
            instance: scoped("instance").into_iter().map(|tier| text(tier, "name")).collect(),
            writes: traced || root.get("workload").is_some_and(written) || own.into_iter().any(written),
        }
    }

    fn left_out(&self) -> Vec<(&'static str, &'static str)> {
        let mut left_out = Vec::new();
        if !self.shared_expires {
            let reason = "the shared tier has no ttl";
            left_out.extend(["ttl + jitter", "xfetch", "stale-while-revalidate"].map(|name| (name, reason)));
        }
        if self.instance.is_empty() {
            left_out.push(("two tiers", "the scenario has no tier with scope = \"instance\""));
        }
        if !self.writes {
            let reason = "nothing writes";
            left_out.extend(WRITING.map(|name| (name, reason)));
        } else if let Some(reason) = self.not_back {
            left_out.push(("write-back", reason));
        }
        left_out
    }
}

/// Strategies that differ in what a write does.
const WRITING: [&str; 5] = ["write-around", "update", "write-through", "write-back", "change stream"];

/// Each strategy that applies, with what it sets.
fn list(places: &Places) -> Vec<(&'static str, Vec<String>)> {
    let shared = places.shared.as_deref().unwrap_or_default();
    let enabled = |tier: &str, on: bool| format!("\"tier.{tier}.enabled\" = {on}");
    let process = |on: bool| places.instance.iter().map(move |tier| enabled(tier, on)).collect::<Vec<_>>();
    let plain = |coalescing: &str, jitter: &str, refresh: &str, writes: &str, upper: bool| {
        let mut set = process(upper);
        set.push(enabled(shared, true));
        set.push(format!("coalescing = {coalescing}"));
        set.push(format!("\"tier.{shared}.jitter\" = {jitter}"));
        set.push(format!("\"tier.{shared}.refresh\" = {refresh}"));
        if places.writes {
            set.push(format!("\"writes.strategy\" = \"{writes}\""));
        }
        set
    };
    let (none, single, delete) = ("\"none\"", "\"singleflight\"", "invalidate");
    let lease = format!("{{ lease = {{ tier = \"{shared}\" }} }}");
    let (early, stale) = ("{ xfetch = { beta = 1.0 } }", "{ stale-while-revalidate = { grace = \"30s\" } }");
    let mut without = process(false);
    without.push(enabled(shared, false));
    without.push(format!("coalescing = {none}"));
    let mut all = vec![(NO_CACHE, without), ("cache-aside, ttl", plain(none, none, none, delete, false))];
    if places.shared_expires {
        all.push(("ttl + jitter", plain(none, "{ around = \"10%\" }", none, delete, false)));
    }
    all.push(("singleflight", plain(single, none, none, delete, false)));
    all.push(("lease", plain(&lease, none, none, delete, false)));
    if places.shared_expires {
        all.push(("xfetch", plain(none, none, early, delete, false)));
        all.push(("stale-while-revalidate", plain(single, none, stale, delete, false)));
    }
    if !places.instance.is_empty() {
        all.push(("two tiers", plain(none, none, none, delete, true)));
    }
    if places.writes {
        for name in ["write-around", "update", "write-through"] {
            all.push((name, plain(none, none, none, name, false)));
        }
        if places.not_back.is_none() {
            let mut set = plain(none, none, none, "write-back", false);
            // The file decides how it flushes.
            if places.back {
                set.retain(|setting| !setting.starts_with("\"writes.strategy\""));
            }
            all.push(("write-back", set));
        }
        let mut set = plain(none, none, none, "write-around", false);
        if !places.streamed {
            set.push("\"invalidation.cdc\" = { lag = \"100ms\" }".to_owned());
        }
        all.push(("change stream", set));
    }
    all
}

/// The parts to build and to watch in a system, by its settings: one part for each tier, and for each mechanism
/// with a state or a rule of its own.
pub fn parts(model: &Model) -> Vec<&'static str> {
    let mut parts = Vec::new();
    for tier in &model.tiers {
        parts.push(match tier.scope {
            Scope::Shared(_) => "shared cache",
            Scope::Instance { .. } => "cache in the process",
        });
        if tier.jitter != Jitter::None {
            parts.push("random times to live");
        }
        match tier.refresh {
            Refresh::None => {}
            Refresh::XFetch { mode, .. } => {
                parts.push("fetch time kept with each value");
                parts.extend((mode == RefreshMode::Background).then_some("fetches in the background"));
            }
            Refresh::Uniform { .. } => parts.push("early refresh"),
            Refresh::Ahead { .. } => parts.push("fetches in the background"),
            Refresh::StaleWhileRevalidate { .. } => {
                parts.extend(["second time to live", "fetches in the background"]);
            }
        }
    }
    match model.coalescing {
        Coalescing::None => {}
        Coalescing::Singleflight { .. } => parts.push("flights shared in the process"),
        Coalescing::Lease(_) => parts.extend(["tokens in the cache", "losers that poll"]),
    }
    if model.workload.writes() && !model.tiers.is_empty() {
        match &model.writes {
            WriteStrategy::WriteAround => {}
            WriteStrategy::Invalidate => parts.push("deletes after the commit"),
            WriteStrategy::Update | WriteStrategy::WriteThrough => parts.push("sets after the commit"),
            WriteStrategy::WriteBack(_) => parts.extend(["set of dirty keys", "worker that flushes"]),
        }
    }
    if model.invalidation.cdc.is_some() && !model.tiers.is_empty() {
        parts.extend(["change stream", "consumer that deletes"]);
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &str = r#"question = "?"
duration = "10s"
[workload]
arrivals = { poisson = { rate = 100 } }
keys = 100
[[tier]]
name = "redis"
scope = "shared"
ttl = "10s"
[database]
read = "5ms"
[[variant]]
name = "gone"
set = { "tier.redis.enabled" = false }
"#;

    fn of(source: &str) -> Result<Strategies, Diagnostics> {
        strategies(source, "mine.toml", Path::new(""), &Overrides::default())
    }

    fn names(strategies: &Strategies) -> Vec<&str> {
        strategies.experiment.variants.iter().map(|variant| variant.name.as_str()).collect()
    }

    #[test]
    fn the_strategies_that_apply_replace_the_variants() {
        let found = of(PLAIN).unwrap();
        let wanted = [
            NO_CACHE,
            "cache-aside, ttl",
            "ttl + jitter",
            "singleflight",
            "lease",
            "xfetch",
            "stale-while-revalidate",
        ];
        assert_eq!(names(&found), wanted);
        assert_eq!(found.left_out.len(), 6);
        let counts: Vec<usize> =
            found.experiment.variants.iter().map(|variant| parts(&variant.model).len()).collect();
        assert_eq!(counts, [0, 1, 2, 2, 3, 2, 4]);
    }

    #[test]
    fn writes_and_a_tier_in_the_process_add_theirs() {
        let source = PLAIN
            .replace("keys = 100", "keys = 100\nwrite_share = 0.1")
            .replace("[[tier]]", "[[tier]]\nname = \"map\"\nscope = \"instance\"\nttl = \"1s\"\n[[tier]]");
        let found = of(&source).unwrap();
        let writing = ["write-around", "update", "write-through", "write-back", "change stream"];
        assert_eq!(names(&found)[7], "two tiers");
        assert_eq!(names(&found)[8..], writing);
        assert!(found.left_out.is_empty());
        let tiers: Vec<usize> =
            found.experiment.variants.iter().map(|variant| variant.model.tiers.len()).collect();
        assert_eq!(tiers, [0, 1, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1, 1]);
        let parts: Vec<usize> =
            found.experiment.variants[8..].iter().map(|variant| parts(&variant.model).len()).collect();
        assert_eq!(parts, [1, 2, 2, 3, 3]);
    }

    #[test]
    fn how_write_back_flushes_is_for_the_file_to_say() {
        let written = PLAIN.replace("keys = 100", "keys = 100\nwrite_share = 0.1");
        let back = "[writes]\nstrategy = { write-back = { flush_interval = \"7s\" } }\n[[variant]]";
        let found = of(&written.replace("[[variant]]", back)).unwrap();
        let model = &found.experiment.variants.iter().find(|v| v.name == "write-back").unwrap().model;
        assert_eq!(model.write_back().unwrap().1.flush_interval_ns, 7_000_000_000);
        // Where it contradicts the file it is left out, with the reason.
        for contradiction in ["[writes]\nrollback = 0.1", "[invalidation]\ncdc = { lag = \"1s\" }"] {
            let found =
                of(&written.replace("[[variant]]", &format!("{contradiction}\n[[variant]]"))).unwrap();
            assert!(!names(&found).contains(&"write-back"));
            assert!(names(&found).contains(&"change stream"));
            assert!(found.left_out.iter().any(|(name, _)| *name == "write-back"), "{:?}", found.left_out);
        }
    }

    #[test]
    fn the_bundled_scenario_has_the_same_variants() {
        let bundled = super::super::bundled::get("strategies").unwrap();
        let plain =
            super::super::parse(bundled.source, &bundled.path(), Path::new(""), &Overrides::default());
        let generated = of(bundled.source).unwrap();
        assert_eq!(generated.experiment.digest, plain.unwrap().digest);
    }

    #[test]
    fn what_has_no_ttl_is_not_refreshed_and_what_has_no_shared_tier_is_refused() {
        let lasting = of(&PLAIN.replace("ttl = \"10s\"", "ttl = \"none\"")).unwrap();
        assert_eq!(names(&lasting), [NO_CACHE, "cache-aside, ttl", "singleflight", "lease"]);
        let message =
            of(&PLAIN.replace("scope = \"shared\"", "scope = \"instance\"")).unwrap_err().to_string();
        assert!(message.contains("mine.toml has no shared tier"), "{message}");
        let mistaken = of(&PLAIN.replace("read =", "raed =")).unwrap_err().to_string();
        assert!(mistaken.contains("mine.toml:11:1"), "{mistaken}");
    }
}
