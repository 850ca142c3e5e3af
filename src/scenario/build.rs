//! A scenario in code, without text: builders for what most scenarios have, and `set` for every other option.
//!
//! A builder writes the same tree that a file is read into, and the same checker reads it: what is refused in a file is
//! refused here with the same words, and [`Scenario::to_toml`] is the file that `herdlab run` takes. It is the `source`
//! of the record, so that a report can be reproduced.
//!
//! ```
//! use std::time::Duration;
//! use herdlab::experiment::{comparison::compare, run::{RunOptions, run}};
//! use herdlab::scenario::build::{Database, Scenario, Tier, Time, Variant, Workload};
//! use herdlab::model::Eviction;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let (ms, s) = (Duration::from_millis, Duration::from_secs);
//! let experiment = Scenario::new("Is a smaller cache enough?", s(20))
//!     .warmup(s(5))
//!     .replications(6)
//!     .workload(Workload::poisson(500.0).keys(10_000).zipf(1.0).write_share(0.01))
//!     .tier(Tier::shared("l2", s(60)).capacity(5_000, Eviction::Lru).network(Time::exponential(ms(1))))
//!     .database(Database::reading(Time::lognormal(ms(20), ms(90))).servers(40))
//!     .variant(Variant::new("5,000 entries"))
//!     .variant(Variant::new("500 entries").set("tier.l2.capacity", 500))
//!     .experiment()?;
//! let record = run(&experiment, &RunOptions::default())?.record;
//!
//! let comparison = compare(&record);
//! let small = comparison.variant("500 entries").ok_or("no such variant")?;
//! let hits = small.measure("hit_ratio").and_then(|measure| measure.estimate).ok_or("no reads")?;
//! let (low, high) = hits.interval.ok_or("a single replication has no interval")?;
//! assert!(low < hits.mean && hits.mean < high);
//! let load = small.measure("db.qps.mean").and_then(|measure| measure.difference).ok_or("no pairs")?;
//! assert!(load.estimate.mean > 0.0, "fewer entries, more load");
//! # Ok(())
//! # }
//! ```

use std::path::Path;
use std::time::Duration;

use toml::{Table, Value};

use super::{Diagnostics, Overrides, parse};
use crate::model::{Eviction, Experiment};
use crate::units::{format_bytes, format_duration};

/// The value of an option: `true`, `500`, `0.1`, `"lru"`, a [`Duration`], a [`Time`], or a list of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting(Value);

macro_rules! settings {
    ($($from:ty),*) => {$(
        impl From<$from> for Setting {
            fn from(value: $from) -> Setting {
                Setting(Value::from(value))
            }
        }
    )*};
}

settings!(bool, i32, u32, i64, f64, &str, String);

impl From<Duration> for Setting {
    fn from(value: Duration) -> Setting {
        Setting(Value::String(written(value)))
    }
}

impl From<Time> for Setting {
    fn from(value: Time) -> Setting {
        Setting(value.0)
    }
}

impl<T: Into<Setting>> From<Vec<T>> for Setting {
    fn from(values: Vec<T>) -> Setting {
        Setting(Value::Array(values.into_iter().map(|value| value.into().0).collect()))
    }
}

fn written(duration: Duration) -> String {
    // Longer than five centuries is as long as five centuries.
    format_duration(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX))
}

/// A random length of time.
#[derive(Clone, Debug, PartialEq)]
pub struct Time(Value);

impl Time {
    /// Always the same.
    pub fn constant(time: Duration) -> Time {
        Time(Value::String(written(time)))
    }

    pub fn exponential(mean: Duration) -> Time {
        Time::distribution("exponential", &[("mean", mean.into())])
    }

    /// Given by two percentiles, `p99` above the median.
    pub fn lognormal(median: Duration, p99: Duration) -> Time {
        Time::distribution("lognormal", &[("median", median.into()), ("p99", p99.into())])
    }

    /// `cv2` is the squared coefficient of variation, above 0.
    pub fn gamma(mean: Duration, cv2: f64) -> Time {
        Time::distribution("gamma", &[("mean", mean.into()), ("cv2", cv2.into())])
    }

    /// Two phases with balanced means; `cv2`, the squared coefficient of variation, is at least 1.
    pub fn hyperexponential(mean: Duration, cv2: f64) -> Time {
        Time::distribution("hyperexponential", &[("mean", mean.into()), ("cv2", cv2.into())])
    }

    fn distribution(name: &str, parameters: &[(&str, Setting)]) -> Time {
        let parameters =
            parameters.iter().map(|(name, value)| ((*name).to_owned(), value.0.clone())).collect();
        Time(Value::Table(Table::from_iter([(name.to_owned(), Value::Table(parameters))])))
    }
}

impl From<Duration> for Time {
    fn from(time: Duration) -> Time {
        Time::constant(time)
    }
}

/// Sets an option below a table; tables on the way are made, and a value in the way makes room for one.
fn set_at(table: &mut Table, path: &str, value: Value) {
    match path.split_once('.') {
        None => {
            table.insert(path.to_owned(), value);
        }
        Some((first, rest)) => {
            let inner = table.entry(first).or_insert_with(|| Value::Table(Table::new()));
            if !inner.is_table() {
                *inner = Value::Table(Table::new());
            }
            if let Value::Table(inner) = inner {
                set_at(inner, rest, value);
            }
        }
    }
}

macro_rules! part {
    ($(#[$docs:meta])* $name:ident) => {
        $(#[$docs])*
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct $name(Table);

        impl $name {
            /// Any option of this table by its name in a file (docs/scenarios.md), or by a dotted path below it.
            #[must_use]
            pub fn set(mut self, option: &str, value: impl Into<Setting>) -> Self {
                set_at(&mut self.0, option, value.into().0);
                self
            }
        }
    };
}

part! {
    /// `[workload]`: arrivals, keys, operations.
    Workload
}
part! {
    /// A `[[class]]` of keys that behave alike.
    Class
}
part! {
    /// A `[[tier]]` of the cache.
    Tier
}
part! {
    /// `[database]`.
    Database
}

impl Workload {
    /// Independent arrivals, so many a second.
    pub fn poisson(rate_per_s: f64) -> Workload {
        Workload::default().set("arrivals.poisson.rate", rate_per_s)
    }

    /// Evenly spaced arrivals.
    pub fn constant(rate_per_s: f64) -> Workload {
        Workload::default().set("arrivals.constant.rate", rate_per_s)
    }

    /// Users who think, send a request, and wait for the answer.
    pub fn closed(users: u32, think: impl Into<Time>) -> Workload {
        Workload::default().set("arrivals.closed.users", users).set("arrivals.closed.think", think.into())
    }

    /// The number of keys, equally popular without [`Workload::zipf`].
    #[must_use]
    pub fn keys(self, keys: u32) -> Workload {
        self.set("keys", keys)
    }

    /// Popularity by Zipf's law.
    #[must_use]
    pub fn zipf(self, exponent: f64) -> Workload {
        self.set("popularity.zipf.exponent", exponent)
    }

    /// The share of the requests that write.
    #[must_use]
    pub fn write_share(self, share: f64) -> Workload {
        self.set("write_share", share)
    }
}

impl Class {
    /// `share` of all requests goes to these keys.
    pub fn new(name: &str, share: f64, keys: u32) -> Class {
        Class::default().set("name", name).set("share", share).set("keys", keys)
    }
}

impl Tier {
    /// One server, or several nodes, for all instances.
    pub fn shared(name: &str, ttl: Duration) -> Tier {
        Tier::default().set("name", name).set("scope", "shared").set("ttl", ttl)
    }

    /// In the process of every instance.
    pub fn instance(name: &str, ttl: Duration) -> Tier {
        Tier::default().set("name", name).set("scope", "instance").set("ttl", ttl)
    }

    /// Room for so many entries, and who makes it.
    #[must_use]
    pub fn capacity(self, entries: u32, eviction: Eviction) -> Tier {
        self.set("capacity", entries).set("eviction", eviction.name())
    }

    /// Room for so many bytes, and who makes it.
    #[must_use]
    pub fn capacity_bytes(self, bytes: u64, eviction: Eviction) -> Tier {
        self.set("capacity", format_bytes(bytes)).set("eviction", eviction.name())
    }

    /// The delay of a shared tier, each way.
    #[must_use]
    pub fn network(self, delay: impl Into<Time>) -> Tier {
        self.set("network", delay.into())
    }
}

impl Database {
    /// Takes so long to serve a read.
    pub fn reading(service: impl Into<Time>) -> Database {
        Database::default().set("read", service.into())
    }

    /// Requests served at once; without it, as many as come.
    #[must_use]
    pub fn servers(self, servers: u32) -> Database {
        self.set("servers", servers)
    }

    /// Waiting places; without it, as many as needed.
    #[must_use]
    pub fn queue(self, places: u32) -> Database {
        self.set("queue", places)
    }
}

/// A `[[variant]]`: the system with some options exchanged.
#[derive(Clone, Debug, PartialEq)]
pub struct Variant {
    name: String,
    set: Table,
}

impl Variant {
    /// The system as it stands, until something is [`set`](Variant::set).
    pub fn new(name: &str) -> Variant {
        Variant { name: name.to_owned(), set: Table::new() }
    }

    /// An option by its path, in which tiers, classes and events go by name: `tier.l2.ttl`.
    #[must_use]
    pub fn set(mut self, path: &str, value: impl Into<Setting>) -> Variant {
        self.set.insert(path.to_owned(), value.into().0);
        self
    }
}

/// A scenario that is being put together.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    root: Table,
}

impl Scenario {
    /// A question, to be answered by simulating so long.
    pub fn new(question: &str, duration: Duration) -> Scenario {
        Scenario { root: Table::new() }.set("question", question).set("duration", duration)
    }

    /// Any option outside of tiers, classes, events and variants, by its path in a file: `clients.instances`.
    #[must_use]
    pub fn set(mut self, path: &str, value: impl Into<Setting>) -> Scenario {
        set_at(&mut self.root, path, value.into().0);
        self
    }

    /// Names the report and its folder.
    #[must_use]
    pub fn name(self, name: &str) -> Scenario {
        self.set("name", name)
    }

    /// Requests that start before this are simulated and not measured.
    #[must_use]
    pub fn warmup(self, warmup: Duration) -> Scenario {
        self.set("warmup", warmup)
    }

    #[must_use]
    pub fn seed(self, seed: u32) -> Scenario {
        self.set("seed", seed)
    }

    /// Simulations of every variant; fewer than six never give a verdict.
    #[must_use]
    pub fn replications(self, replications: u32) -> Scenario {
        self.set("replications", replications)
    }

    /// Measures that get a verdict, most important first.
    #[must_use]
    pub fn headline(self, measures: &[&str]) -> Scenario {
        self.set("headline", measures.to_vec())
    }

    /// Requests, and their keys.
    #[must_use]
    pub fn workload(mut self, workload: Workload) -> Scenario {
        self.root.insert("workload".to_owned(), Value::Table(workload.0));
        self
    }

    /// Behind all tiers.
    #[must_use]
    pub fn database(mut self, database: Database) -> Scenario {
        self.root.insert("database".to_owned(), Value::Table(database.0));
        self
    }

    /// One more tier, asked after those that are there.
    #[must_use]
    pub fn tier(self, tier: Tier) -> Scenario {
        self.push("tier", tier.0)
    }

    /// One more class of keys; they replace the `keys` of the workload.
    #[must_use]
    pub fn class(self, class: Class) -> Scenario {
        self.push("class", class.0)
    }

    /// Something happens: `event(at, "flush", &[("tier", "l2".into())])`.
    #[must_use]
    pub fn event(self, at: Duration, what: &str, with: &[(&str, Setting)]) -> Scenario {
        let with = with.iter().map(|(name, value)| ((*name).to_owned(), value.0.clone())).collect();
        let what = Table::from_iter([(what.to_owned(), Value::Table(with))]);
        let at = Setting::from(at).0;
        self.push("event", Table::from_iter([("at".to_owned(), at), ("what".to_owned(), Value::Table(what))]))
    }

    /// One more variant; the first is what the others are compared with.
    #[must_use]
    pub fn variant(self, variant: Variant) -> Scenario {
        let mut table = Table::from_iter([("name".to_owned(), Value::String(variant.name))]);
        if !variant.set.is_empty() {
            table.insert("set".to_owned(), Value::Table(variant.set));
        }
        self.push("variant", table)
    }

    fn push(mut self, list: &str, element: Table) -> Scenario {
        let elements = self.root.entry(list).or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(elements) = elements {
            elements.push(Value::Table(element));
        }
        self
    }

    /// The same as a scenario file.
    pub fn to_toml(&self) -> String {
        // A tree of strings, numbers, lists and tables has no way to fail.
        toml::to_string(&self.root).unwrap_or_default()
    }

    /// The checked experiment; files that it names are relative to the working directory.
    ///
    /// # Errors
    /// All that is wrong with it, with places in [`Scenario::to_toml`].
    pub fn experiment(&self) -> Result<Experiment, Diagnostics> {
        parse(&self.to_toml(), "scenario.toml", Path::new(""), &Overrides::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: fn(u64) -> Duration = Duration::from_secs;

    fn small() -> Scenario {
        Scenario::new("?", S(30))
            .workload(Workload::poisson(100.0).keys(1_000).zipf(0.9))
            .tier(Tier::instance("l1", S(1)).capacity(10, Eviction::Sieve))
            .tier(Tier::shared("l2", S(60)).network(Time::gamma(Duration::from_millis(1), 0.5)))
            .database(Database::reading(Duration::from_millis(5)).servers(3).queue(10))
            .event(S(10), "flush", &[("tier", "l2".into())])
            .variant(Variant::new("both"))
            .variant(
                Variant::new("l2 only").set("tier.l1.enabled", false).set("database.retries.attempts", 2),
            )
    }

    #[test]
    fn what_is_built_means_what_the_same_file_means() {
        let file = r#"
            question = "other words"
            duration = "30s"
            workload = { arrivals = { poisson = { rate = 100 } }, keys = 1000, popularity = { zipf = { exponent = 0.9 } } }
            database = { read = "5ms", servers = 3, queue = 10 }
            [[tier]]
            name = "l1"
            scope = "instance"
            ttl = "1s"
            capacity = 10
            eviction = "sieve"
            [[tier]]
            name = "l2"
            scope = "shared"
            ttl = "1m"
            network = { gamma = { mean = "1ms", cv2 = 0.5 } }
            [[event]]
            at = "10s"
            what = { flush = { tier = "l2" } }
            [[variant]]
            name = "both"
            [[variant]]
            name = "l2 only"
            set = { "tier.l1.enabled" = false, "database.retries.attempts" = 2 }
        "#;
        let built = small().experiment().unwrap_or_else(|problems| panic!("{problems}"));
        let written = parse(file, "x.toml", Path::new(""), &Overrides::default()).unwrap();
        assert_eq!(built.digest, written.digest);
        assert_eq!(built.source, small().to_toml());
    }

    #[test]
    fn what_is_wrong_is_refused_with_its_place() {
        let problems = small().set("clients.instanecs", 3).experiment().unwrap_err().to_string();
        assert!(
            problems.contains("did you mean `instances`?") && problems.contains("scenario.toml:"),
            "{problems}"
        );
        let nothing = Scenario::new("?", Duration::ZERO).experiment().unwrap_err().to_string();
        assert!(nothing.contains("no `workload`") && nothing.contains("above zero"), "{nothing}");
    }
}
