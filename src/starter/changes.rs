//! The changes that `herdlab init` writes as variants.

use super::questions::System;
use super::value::{Duration, count, duration, share};
use crate::scenario::diagnostic::nearest;
use crate::units::{format_bytes, format_duration, grouped, parse_bytes};

/// A variant: one change, or several at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Names the variant.
    pub name: String,
    /// Options and their values, as a variant sets them.
    pub set: Vec<(&'static str, String)>,
}

impl Change {
    /// Whether it sets an option.
    pub fn sets(&self, option: &str) -> bool {
        self.set.iter().any(|(path, _)| *path == option)
    }
}

/// A kind of change.
pub struct Kind {
    /// As `--change` takes it.
    pub word: &'static str,
    /// With its value.
    pub form: &'static str,
    /// A line.
    pub help: &'static str,
    /// Reads its value; `None` where the word stands alone.
    read: fn(Option<&str>, &System) -> Result<Change, String>,
}

pub(super) const TTL: &str = "tier.redis.ttl";
pub(super) const JITTER: &str = "tier.redis.jitter";
pub(super) const REFRESH: &str = "tier.redis.refresh";
pub(super) const IN_PROCESS: &str = "tier.process.enabled";
const IN_PROCESS_CAPACITY: &str = "tier.process.capacity";

/// In the order of the list that is shown.
pub const KINDS: &[Kind] = &[
    Kind { word: "ttl", form: "ttl=1m", help: "another time to live, shorter or longer", read: ttl },
    Kind {
        word: "l1",
        form: "l1=1000",
        help: "a cache of so many entries in each process",
        read: in_process,
    },
    Kind {
        word: "singleflight",
        form: "singleflight",
        help: "one query per key and pod; other misses wait for it",
        read: |value, _| match value {
            None => Ok(one("singleflight".to_owned(), "coalescing", "\"singleflight\"".to_owned())),
            Some(_) => Err("singleflight, without a value".to_owned()),
        },
    },
    Kind {
        word: "swr",
        form: "swr=30s",
        help: "stale-while-revalidate for so long past the TTL",
        read: |value, _| {
            let grace = time(value, "swr=30s")?.text;
            let set = format!("{{ stale-while-revalidate = {{ grace = \"{grace}\" }} }}");
            Ok(one(format!("stale while revalidate {grace}"), REFRESH, set))
        },
    },
    Kind {
        word: "jitter",
        form: "jitter=10%",
        help: "a lifetime for each entry, up to so much longer",
        read: |value, _| {
            let spread = needed(value, "jitter=10%")?;
            let is_share = spread.ends_with('%') && share(spread).is_ok_and(|share| share > 0.0);
            if !is_share {
                time(Some(spread), "jitter=10% or jitter=30s")?;
            }
            Ok(one(format!("jitter {spread}"), JITTER, format!("{{ plus = \"{spread}\" }}")))
        },
    },
    Kind {
        word: "writes",
        form: "writes=write-through",
        help: "or write-around, update, write-back; not a DELETE",
        read: writes,
    },
    Kind {
        word: "redis",
        form: "redis=256MB",
        help: "so much memory and allkeys-lru; today all keys fit",
        read: |value, _| {
            let expected = || "redis=256MB: a size in B, kB, MB, GB, KiB, MiB or GiB".to_owned();
            let bytes = parse_bytes(value.ok_or_else(expected)?).map_err(|_| expected())?;
            let size = format_bytes(bytes);
            let mut change = one(format!("redis {size}"), "tier.redis.capacity", format!("\"{size}\""));
            change.set.push(("tier.redis.eviction", "\"allkeys-lru\"".to_owned()));
            Ok(change)
        },
    },
    Kind { word: "pool", form: "pool=5", help: "so many database connections of each pod", read: pool },
    Kind {
        word: "traffic",
        form: "traffic=2x",
        help: "so many times the requests",
        read: |value, _| {
            let expected = || "traffic=2x: a factor above 0 other than 1".to_owned();
            let text = value.ok_or_else(expected)?.trim_end_matches('x');
            let factor = text.parse::<f64>().ok().filter(|factor| *factor > 0.0 && *factor <= 1000.0);
            let factor = factor.filter(|factor| *factor != 1.0).ok_or_else(expected)?;
            Ok(one(format!("traffic x{factor}"), "workload.scale", factor.to_string()))
        },
    },
];

fn one(name: String, path: &'static str, value: String) -> Change {
    Change { name, set: vec![(path, value)] }
}

fn needed<'a>(value: Option<&'a str>, form: &str) -> Result<&'a str, String> {
    value.filter(|value| !value.is_empty()).ok_or_else(|| format!("{form}, with a value"))
}

fn time(value: Option<&str>, form: &str) -> Result<Duration, String> {
    duration(needed(value, form)?).map_err(|expected| format!("{form}: {expected}"))
}

fn ttl(value: Option<&str>, today: &System) -> Result<Change, String> {
    if value == Some("none") {
        return match today.ttl {
            Some(_) => Ok(one("no ttl".to_owned(), TTL, "\"none\"".to_owned())),
            None => Err("another time to live than today's, none".to_owned()),
        };
    }
    let ttl = time(value, "ttl=1m")?;
    if today.ttl.as_ref().is_some_and(|today| today.ns == ttl.ns) {
        return Err(format!("another time to live than today's, {}", ttl.text));
    }
    Ok(one(format!("ttl {}", ttl.text), TTL, format!("\"{}\"", ttl.text)))
}

fn in_process(value: Option<&str>, _: &System) -> Result<Change, String> {
    let entries = count(needed(value, "l1=1000")?).map_err(|expected| format!("l1=1000: {expected}"))?;
    let mut change = one(format!("in-process cache of {}", grouped(entries)), IN_PROCESS, "true".to_owned());
    change.set.push((IN_PROCESS_CAPACITY, entries.to_string()));
    Ok(change)
}

fn writes(value: Option<&str>, today: &System) -> Result<Change, String> {
    let known = ["write-through", "write-around", "update", "write-back"];
    let strategy = value.filter(|value| known.contains(value));
    let strategy = strategy.ok_or_else(|| format!("writes=STRATEGY, one of {}", known.join(", ")))?;
    if today.write_share == 0.0 {
        return Err("a change other than writes: the share of writes is 0".to_owned());
    }
    Ok(one(strategy.to_owned(), "writes.strategy", format!("\"{strategy}\"")))
}

fn pool(value: Option<&str>, today: &System) -> Result<Change, String> {
    let pool = count(needed(value, "pool=5")?).map_err(|expected| format!("pool=5: {expected}"))?;
    if today.connections.of_each(today.pods) == Some(pool) {
        return Err(format!("another number of connections than today's, {pool}"));
    }
    Ok(one(format!("pool {pool}"), "database.pool", pool.to_string()))
}

/// Half the time to live; where there is none, one of five minutes.
pub(super) fn default(system: &System) -> String {
    match &system.ttl {
        Some(ttl) => format!("ttl={}", format_duration((ttl.ns / 2).max(1))),
        None => "ttl=5m".to_owned(),
    }
}

/// The changes of a list such as `ttl=1m, singleflight, ttl=1m + singleflight`.
pub(super) fn read(text: &str, today: &System) -> Result<Vec<Change>, String> {
    let mut changes: Vec<Change> = Vec::new();
    for part in parts(text) {
        let change = combined(&part, today)?;
        if changes.iter().any(|other| other.name == change.name) {
            return Err(format!("each change once; {} is there twice", change.name));
        }
        changes.push(change);
    }
    Ok(changes)
}

/// Splits at commas, except for those between groups of digits (`l1=1,000`).
fn parts(text: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    for piece in text.split(',') {
        match parts.last_mut().filter(|_| piece.starts_with(|c: char| c.is_ascii_digit())) {
            Some(before) => {
                before.push(',');
                before.push_str(piece);
            }
            None => parts.push(piece.to_owned()),
        }
    }
    parts
}

fn combined(text: &str, today: &System) -> Result<Change, String> {
    let mut whole: Option<Change> = None;
    for part in text.split('+') {
        let change = single(part.trim(), today)?;
        whole = Some(match whole {
            None => change,
            Some(before) => both(before, change)?,
        });
    }
    let change = whole.ok_or_else(forms)?;
    let needs_ttl = change.sets(JITTER) || change.sets(REFRESH);
    let ttl = change.set.iter().find(|(path, _)| *path == TTL).map(|(_, value)| value != "\"none\"");
    if needs_ttl && !ttl.unwrap_or(today.ttl.is_some()) {
        return Err(format!("a time to live beside {}, such as ttl=5m + jitter=10%", change.name));
    }
    Ok(change)
}

fn both(first: Change, second: Change) -> Result<Change, String> {
    if let Some((path, _)) = second.set.iter().find(|(path, _)| first.sets(path)) {
        return Err(format!("one value of {path} in {} + {}", first.name, second.name));
    }
    let set = first.set.into_iter().chain(second.set).collect();
    Ok(Change { name: format!("{} + {}", first.name, second.name), set })
}

fn single(text: &str, today: &System) -> Result<Change, String> {
    let (word, value) = match text.split_once('=') {
        Some((word, value)) => (word.trim(), Some(value.trim())),
        None => (text, None),
    };
    let kind = KINDS.iter().find(|kind| kind.word == word).ok_or_else(|| {
        let meant = nearest(word, KINDS.iter().map(|kind| kind.word)).filter(|_| !word.is_empty());
        forms() + &meant.map_or(String::new(), |meant| format!("; did you mean {meant}?"))
    })?;
    (kind.read)(value, today)
}

/// All kinds in a line.
fn forms() -> String {
    let forms: Vec<&str> = KINDS.iter().map(|kind| kind.form).collect();
    format!("a change: {}", forms.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Result<Vec<String>, String> {
        let read = read(text, &System::unanswered())?;
        Ok(read.into_iter().map(|change| change.name).collect())
    }

    #[test]
    fn a_list_has_a_variant_for_each_change() {
        let read = read("ttl=1m, l1=1,000,singleflight, ttl=60s+ swr=30s", &System::unanswered()).unwrap();
        let names: Vec<&str> = read.iter().map(|change| &*change.name).collect();
        assert_eq!(
            names,
            ["ttl 1m", "in-process cache of 1,000", "singleflight", "ttl 60s + stale while revalidate 30s"]
        );
        assert_eq!(read[1].set, [(IN_PROCESS, "true".to_owned()), (IN_PROCESS_CAPACITY, "1000".to_owned())]);
        let both = [
            (TTL, "\"60s\"".to_owned()),
            (REFRESH, "{ stale-while-revalidate = { grace = \"30s\" } }".to_owned()),
        ];
        assert_eq!(read[3].set, both);
    }

    #[test]
    fn every_kind_reads_its_own_example_and_refuses_a_nonsense_value() {
        for kind in KINDS {
            assert!(kind.help.len() <= 52, "{}", kind.help);
            assert_eq!(names(kind.form).unwrap().len(), 1, "{}", kind.form);
            assert!(names(&format!("{}=x?", kind.word)).is_err(), "{}", kind.word);
        }
    }

    #[test]
    fn what_changes_nothing_or_contradicts_itself_is_refused() {
        for (text, expected) in [
            ("ttl=300s", "another time to live than today's, 300s"),
            ("pool=10", "another number of connections than today's, 10"),
            ("traffic=1x", "traffic=2x: a factor above 0 other than 1"),
            ("singleflight, singleflight", "each change once; singleflight is there twice"),
            ("ttl=1m + ttl=2m", "one value of tier.redis.ttl in ttl 1m + ttl 2m"),
            (
                "ttl=none + jitter=10%",
                "a time to live beside no ttl + jitter 10%, such as ttl=5m + jitter=10%",
            ),
            ("jitter=0%", "jitter=10% or jitter=30s: a duration such as 5m, 300s or 1.2ms"),
        ] {
            let refused = names(text).unwrap_err();
            assert!(refused.starts_with(expected), "{text}: {refused}");
        }
        assert!(names("singelflight").unwrap_err().ends_with("did you mean singleflight?"));
        assert!(names("").unwrap_err().starts_with("a change: ttl=1m, l1=1000, singleflight"));
    }

    #[test]
    fn a_change_needs_the_part_of_the_system_that_it_changes() {
        let system = System { ttl: None, write_share: 0.0, ..System::unanswered() };
        assert!(read("jitter=10%", &system).unwrap_err().starts_with("a time to live beside jitter 10%"));
        assert!(read("ttl=5m + jitter=10%", &system).is_ok());
        assert!(read("writes=update", &system).unwrap_err().contains("the share of writes is 0"));
        assert_eq!(default(&system), "ttl=5m");
    }
}
