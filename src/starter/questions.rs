//! The questions of `herdlab init`, which are its flags as well.

use std::collections::BTreeSet;

use super::changes::{self, Change};
use super::value::{Duration, count, duration, rate, share, toml_number};
use crate::units::{format_duration, parse_duration};

/// A system as the answers describe it.
#[derive(Clone, Debug)]
pub struct System {
    /// Of all instances, per second.
    pub rate_per_s: f64,
    pub pods: u64,
    pub round_trip: Duration,
    /// `None`: entries never expire.
    pub ttl: Option<Duration>,
    pub keys: u64,
    /// Median of the time of a query.
    pub query: Duration,
    pub query_p99: Duration,
    /// `None`: unlimited.
    pub at_once: Option<u64>,
    pub connections: Connections,
    pub write_share: f64,
    /// The variants beside today; at least one.
    pub changes: Vec<Change>,
    /// Flags of the answers that are defaults.
    pub assumed: BTreeSet<&'static str>,
}

/// Connections to the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connections {
    Unlimited,
    /// Of each pod.
    Each(u64),
    /// Of all pods together, spread evenly.
    InAll(u64),
}

impl Connections {
    /// Connections of each pod; `None`: unlimited.
    pub fn of_each(self, pods: u64) -> Option<u64> {
        match self {
            Connections::Unlimited => None,
            Connections::Each(each) => Some(each),
            Connections::InAll(all) => Some(all / pods),
        }
    }
}

/// A question, and the flag that answers it.
pub struct Question {
    /// Without its dashes.
    pub flag: &'static str,
    /// The form of the answer in the help of the flag.
    pub value: &'static str,
    pub question: &'static str,
    /// A line.
    pub help: &'static str,
    pub suggestion: Suggestion,
    /// Reads an answer into a system that has all earlier ones, or returns the expected form.
    read: fn(&str, &mut System) -> Result<(), String>,
}

/// The answer that is taken where none is given.
pub enum Suggestion {
    Fixed(&'static str),
    /// Computed from earlier answers.
    Derived {
        /// For the help of the flag.
        words: &'static str,
        value: fn(&System) -> String,
    },
}

impl Question {
    /// The default after the earlier answers.
    pub fn default(&self, system: &System) -> String {
        match self.suggestion {
            Suggestion::Fixed(text) => text.to_owned(),
            Suggestion::Derived { value, .. } => value(system),
        }
    }

    /// Takes an answer; an empty one is the default.
    ///
    /// # Errors
    /// The form that was expected.
    pub fn answer(&self, text: &str, system: &mut System) -> Result<(), String> {
        let text = text.trim();
        if text.is_empty() {
            system.assumed.insert(self.flag);
            return (self.read)(&self.default(system), system);
        }
        (self.read)(text, system)
    }
}

/// In the order in which they are asked: a default may depend on the answers before it.
pub const QUESTIONS: &[Question] = &[
    Question {
        flag: "rps",
        value: "RATE",
        question: "Requests per second",
        help: "of all pods together, reads and writes, at a busy hour (2000, 2k, 120k/min)",
        suggestion: Suggestion::Fixed("1000"),
        read: |text, system| Ok(system.rate_per_s = rate(text)?),
    },
    Question {
        flag: "pods",
        value: "N",
        question: "Pods or instances of the application",
        help: "each with its own connections, singleflight and in-process cache",
        suggestion: Suggestion::Fixed("4"),
        read: |text, system| Ok(system.pods = count(text)?),
    },
    Question {
        flag: "redis-rtt",
        value: "TIME",
        question: "Round trip to Redis",
        help: "there and back, as the application measures a GET (redis-cli --latency)",
        suggestion: Suggestion::Fixed("0.5ms"),
        read: |text, system| Ok(system.round_trip = duration(text)?),
    },
    Question {
        flag: "ttl",
        value: "TIME",
        question: "Time to live of cached values",
        help: "the EX of SET (5m, 300s); \"none\" where keys never expire",
        suggestion: Suggestion::Fixed("5m"),
        read: |text, system| {
            system.ttl = match text {
                "none" => None,
                text => Some(duration(text).map_err(|form| format!("{form}, or none"))?),
            };
            Ok(())
        },
    },
    Question {
        flag: "keys",
        value: "N",
        question: "Number of keys",
        help: "different rows that are requested in a day (60_000, 100k, 1M)",
        suggestion: Suggestion::Derived { words: "by rate and time to live", value: default_keys },
        read: |text, system| Ok(system.keys = count(text)?),
    },
    Question {
        flag: "query",
        value: "TIME",
        question: "Time of a database query, median",
        help: "of the queries behind the cache, without the wait for a connection",
        suggestion: Suggestion::Fixed("5ms"),
        read: |text, system| Ok(system.query = duration(text)?),
    },
    Question {
        flag: "query-p99",
        value: "TIME",
        question: "Time of a database query, 99th percentile",
        help: "one query in a hundred takes longer",
        suggestion: Suggestion::Derived { words: "ten times the median", value: ten_times_the_median },
        read: |text, system| {
            let p99 = duration(text)?;
            if p99.ns <= system.query.ns {
                return Err(format!("a duration above the median of {}", system.query.text));
            }
            Ok(system.query_p99 = p99)
        },
    },
    Question {
        flag: "queries-at-once",
        value: "N",
        question: "Queries that the database runs at once",
        help: "its cores, or the limit of a proxy before it; others queue; or \"unlimited\"",
        suggestion: Suggestion::Derived {
            words: "enough for all reads, at least 16",
            value: default_at_once,
        },
        read: |text, system| Ok(system.at_once = limit(text)?),
    },
    Question {
        flag: "connections",
        value: "N",
        question: "Connections to the database",
        help: "of each pod (10), of all pods together (60 in all), or \"unlimited\"",
        suggestion: Suggestion::Derived {
            words: "enough for the queries at once, at least 10 per pod",
            value: default_connections,
        },
        read: |text, system| Ok(system.connections = connections(text, system.pods)?),
    },
    Question {
        flag: "writes",
        value: "SHARE",
        question: "Share of writes",
        help: "each write deletes the cached copy (5%, 0.05, 0)",
        suggestion: Suggestion::Fixed("5%"),
        read: |text, system| Ok(system.write_share = share(text)?),
    },
    Question {
        flag: "change",
        value: "CHANGE",
        question: "The change in question",
        help: "each becomes a variant; commas separate them, a + joins two to one:",
        suggestion: Suggestion::Derived { words: "half the time to live", value: changes::default },
        read: |text, system| Ok(system.changes = changes::read(text, system)?),
    },
];

/// The system of answers by flag; a flag without an answer gets its default.
///
/// ```
/// use herdlab::starter::answered;
/// let system = answered(|flag| (flag == "rps").then(|| "2k".to_owned())).unwrap();
/// assert_eq!(system.rate_per_s, 2_000.0);
/// assert!(system.assumed.contains("pods"));
/// ```
///
/// # Errors
/// The first answer that does not have the expected form.
pub fn answered(given: impl Fn(&str) -> Option<String>) -> Result<System, WrongAnswer> {
    let mut system = System::unanswered();
    for question in QUESTIONS {
        let text = given(question.flag);
        // An empty text of a flag is a mistake, not a default.
        let read = match &text {
            Some(text) => (question.read)(text.trim(), &mut system),
            None => question.answer("", &mut system),
        };
        read.map_err(|expected| WrongAnswer {
            flag: question.flag,
            text: text.unwrap_or_else(|| question.default(&system)),
            expected,
        })?;
    }
    Ok(system)
}

/// An answer without the expected form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrongAnswer {
    pub flag: &'static str,
    pub text: String,
    pub expected: String,
}

impl System {
    /// Before the first answer.
    pub(super) fn unanswered() -> System {
        let time = |text: &str| Duration { ns: parse_duration(text).unwrap_or(1), text: text.to_owned() };
        System {
            rate_per_s: 1000.0,
            pods: 4,
            round_trip: time("0.5ms"),
            ttl: Some(time("5m")),
            keys: 10_000,
            query: time("5ms"),
            query_p99: time("50ms"),
            at_once: Some(16),
            connections: Connections::Each(10),
            write_share: 0.05,
            changes: Vec::new(),
            assumed: BTreeSet::new(),
        }
    }

    /// Mean time of a query in seconds: that of the lognormal distribution with this median and 99th percentile.
    fn mean_query_s(&self) -> f64 {
        let sigma = libm::log(self.query_p99.ns as f64 / self.query.ns as f64) / crate::model::Z_99;
        self.query.ns as f64 / 1e9 * libm::exp(sigma * sigma / 2.0)
    }
}

/// Twenty requests of the mean key within its time to live, so that a cache is worth having, with a fifth of it as well: one digit, from ten to a million.
fn default_keys(system: &System) -> String {
    let ttl_s = system.ttl.as_ref().map_or(300.0, |ttl| ttl.ns as f64 / 1e9);
    let keys = (system.rate_per_s * ttl_s / 20.0).clamp(10.0, 1e6);
    let step = libm::pow(10.0, libm::floor(libm::log10(keys)));
    toml_number(libm::floor(keys / step) * step)
}

fn ten_times_the_median(system: &System) -> String {
    format_duration(system.query.ns.saturating_mul(10))
}

/// So many that all requests of a flushed cache take at most 70 % of them.
fn default_at_once(system: &System) -> String {
    let needed = system.rate_per_s * system.mean_query_s() / 0.7;
    let mut at_once = 16_u64;
    while (at_once as f64) < needed && at_once < 1 << 31 {
        at_once *= 2;
    }
    at_once.to_string()
}

fn default_connections(system: &System) -> String {
    system.at_once.map_or(10, |at_once| at_once.div_ceil(system.pods).max(10)).to_string()
}

/// A number, or none.
fn limit(text: &str) -> Result<Option<u64>, String> {
    match text {
        "unlimited" => Ok(None),
        text => count(text).map(Some).map_err(|form| format!("{form}, or unlimited")),
    }
}

fn connections(text: &str, pods: u64) -> Result<Connections, String> {
    let expected =
        || "a whole number for each pod (10), one for all pods (60 in all), or unlimited".to_owned();
    if let Some(all) = text.strip_suffix("in all") {
        let all = count(all).map_err(|_| expected())?;
        return match all >= pods {
            true => Ok(Connections::InAll(all)),
            false => Err(format!("at least one connection for each of {pods} pods")),
        };
    }
    let each = text.strip_suffix("per pod").or_else(|| text.strip_suffix("each")).unwrap_or(text);
    let each = limit(each.trim()).map_err(|_| expected())?;
    Ok(each.map_or(Connections::Unlimited, Connections::Each))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn system(given: &[(&str, &str)]) -> Result<System, WrongAnswer> {
        answered(|flag| given.iter().find(|(name, _)| *name == flag).map(|(_, text)| (*text).to_owned()))
    }

    #[test]
    fn every_flag_is_asked_once_in_a_line_and_its_default_is_an_answer() {
        let flags: BTreeSet<&str> = QUESTIONS.iter().map(|question| question.flag).collect();
        assert_eq!(flags.len(), QUESTIONS.len());
        assert!(QUESTIONS.iter().all(|question| question.help.len() <= 77 && !question.help.contains('\n')));
        let all = system(&[]).unwrap();
        assert_eq!(all.assumed, flags);
        assert_eq!(all.changes.len(), 1);
    }

    #[test]
    fn defaults_follow_from_earlier_answers() {
        // 2,000/s for 300 s are 600,000 requests: twenty each of 30,000 keys.
        assert_eq!(system(&[("rps", "2k")]).unwrap().keys, 30_000);
        // 70/s for 60 s are 4,200 requests: 210 keys, with one digit 200.
        assert_eq!(system(&[("rps", "70"), ("ttl", "1m")]).unwrap().keys, 200);
        let slow = system(&[("rps", "20k"), ("query", "7ms"), ("pods", "8")]).unwrap();
        assert_eq!(slow.query_p99.text, "70ms");
        // exp((ln 10 / 2.3263)^2 / 2) = 1.632, so the mean is 11.42 ms: 228.5 busy, 326.4 at 70 %.
        assert_eq!((slow.at_once, slow.connections), (Some(512), Connections::Each(64)));
    }

    #[test]
    fn connections_are_those_of_each_pod_or_of_all() {
        let of =
            |text: &str| system(&[("pods", "12"), ("connections", text)]).map(|system| system.connections);
        assert_eq!(of("5"), Ok(Connections::Each(5)));
        assert_eq!(of("5 per pod"), Ok(Connections::Each(5)));
        assert_eq!(of("65 in all"), Ok(Connections::InAll(65)));
        assert_eq!(of("65 in all").unwrap().of_each(12), Some(5));
        assert_eq!(of("unlimited"), Ok(Connections::Unlimited));
        let refused = of("11 in all").unwrap_err();
        assert_eq!(
            (refused.flag, &*refused.expected),
            ("connections", "at least one connection for each of 12 pods")
        );
        assert!(of("some").unwrap_err().expected.contains("(60 in all)"));
    }

    #[test]
    fn a_wrong_answer_names_its_flag_and_the_expected_form() {
        let wrong = system(&[("query", "40ms"), ("query-p99", "4ms")]).unwrap_err();
        assert_eq!(
            wrong,
            WrongAnswer {
                flag: "query-p99",
                text: "4ms".to_owned(),
                expected: "a duration above the median of 40ms".to_owned()
            }
        );
        assert_eq!(system(&[("rps", "")]).unwrap_err().flag, "rps");
    }
}
