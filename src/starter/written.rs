//! A system as a scenario: short, each number with its meaning.

use super::changes::{Change, IN_PROCESS, TTL};
use super::questions::{Connections, System};
use super::value::toml_number;
use crate::units::{format_duration, grouped};

const SECOND_NS: u64 = 1_000_000_000;
/// Most seconds that a value of an in-process cache is older than that of Redis.
const IN_PROCESS_TTL: (&str, u64) = ("5s", 5 * SECOND_NS);

/// Lines of TOML.
struct Lines<'a> {
    text: String,
    system: &'a System,
}

impl Lines<'_> {
    fn line(&mut self, text: &str) {
        self.text.push_str(text.trim_end());
        self.text.push('\n');
    }

    /// An option with the comment behind it, which marks a default.
    fn answer(&mut self, flag: &str, option: &str, comment: &str) {
        let mark = if self.system.assumed.contains(flag) { "ASSUMPTION: " } else { "" };
        self.line(&format!("{option}  # {mark}{comment}"));
    }
}

/// A scenario of the system today and after each change.
///
/// ```
/// use herdlab::scenario::{Overrides, parse};
/// use herdlab::starter::{answered, written};
/// let system = answered(|_| None).unwrap();
/// assert!(parse(&written(&system), "my.toml", ".".as_ref(), &Overrides::default()).is_ok());
/// ```
pub fn written(system: &System) -> String {
    let mut out = Lines { text: "#:schema ./herdlab.schema.json\n".to_owned(), system };
    let names: Vec<&str> = system.changes.iter().map(|change| &*change.name).collect();
    if system.assumed.is_empty() {
        out.line("# Written by `herdlab init`.");
    } else {
        out.line(
            "# Written by `herdlab init`. ASSUMPTION marks a number that was not given: replace those first.",
        );
    }
    out.line(&format!(
        "question = \"What happens to the database and to latency with: {}?\"",
        names.join("; ")
    ));
    let (warmup_s, measured_s) = times_s(system.rate_per_s);
    out.line(&format!("duration = \"{}\"", format_duration((warmup_s + measured_s) * SECOND_NS)));
    out.line(&format!("warmup = \"{}\"  # simulated, not measured", format_duration(warmup_s * SECOND_NS)));
    out.line("\n[clients]");
    out.answer("pods", &format!("instances = {}", system.pods), "pods");
    workload(&mut out);
    caches(&mut out);
    database(&mut out);
    out.line("\n[[variant]]\nname = \"today\"");
    for Change { name, set } in &system.changes {
        let set: Vec<String> =
            set.iter().map(|(path, value)| format!("{} = {value}", quoted(path))).collect();
        let mark = if system.assumed.contains("change") {
            "  # ASSUMPTION: the change in question goes here"
        } else {
            ""
        };
        out.line(&format!("\n[[variant]]\nname = \"{name}\"\nset = {{ {} }}{mark}", set.join(", ")));
    }
    out.text
}

/// Warm-up and measured time: about 200,000 measured requests of each simulation, but one to ten minutes; a third of that to warm up.
fn times_s(rate_per_s: f64) -> (u64, u64) {
    let measured_s = (200_000.0 / rate_per_s).clamp(60.0, 600.0);
    let measured_s = libm::ceil(measured_s / 30.0) as u64 * 30;
    (measured_s / 3, measured_s)
}

/// The path of an option as a key of TOML.
fn quoted(path: &str) -> String {
    if path.contains('.') { format!("\"{path}\"") } else { path.to_owned() }
}

fn workload(out: &mut Lines<'_>) {
    let system = out.system;
    out.line("\n[workload]");
    let rate = toml_number(system.rate_per_s);
    out.answer(
        "rps",
        &format!("arrivals = {{ poisson = {{ rate = {rate} }} }}"),
        "requests per second of all pods",
    );
    out.answer(
        "keys",
        &format!("keys = {}", toml_number(system.keys as f64)),
        "different rows that are requested",
    );
    out.line("popularity = { zipf = { exponent = 0.9 } }  # ASSUMPTION: uneven as usual; `herdlab import` fits a recording");
    if system.write_share > 0.0 {
        let percent = toml_number(system.write_share * 100.0);
        out.answer("writes", &format!("write_share = \"{percent}%\""), "each write deletes the cached copy");
    }
    out.line("value_size = \"1kB\"  # ASSUMPTION: matters to memory");
}

fn caches(out: &mut Lines<'_>) {
    let system = out.system;
    if system.changes.iter().any(|change| change.sets(IN_PROCESS)) {
        let ttl = match &system.ttl {
            Some(ttl) if ttl.ns < IN_PROCESS_TTL.1 => &*ttl.text,
            _ => IN_PROCESS_TTL.0,
        };
        out.line("\n[[tier]]\nname = \"process\"\nscope = \"instance\"  # in the memory of each pod");
        out.line("enabled = false  # not today\ncapacity = 1000\neviction = \"lru\"");
        out.line(&format!("ttl = \"{ttl}\"  # ASSUMPTION: a value is at most so much older than in Redis"));
    }
    out.line("\n[[tier]]\nname = \"redis\"\nscope = \"shared\"");
    let ttl = system.ttl.as_ref().map_or("none", |ttl| &ttl.text);
    out.answer("ttl", &format!("ttl = \"{ttl}\""), "time to live");
    if system.ttl.is_some() || system.changes.iter().any(|change| change.sets(TTL)) {
        out.line("active_expiry = { hz = 10 }  # Redis looks for expired keys ten times a second");
    }
    let round_trip = &system.round_trip.text;
    out.answer("redis-rtt", &format!("round_trip = \"{round_trip}\""), "there and back");
    out.line("service = \"5us\"  # ASSUMPTION: of Redis's one thread, per command");
    out.line("prefill = { hottest = \"all\", age = \"stationary\" }  # it has been running for long");
}

fn database(out: &mut Lines<'_>) {
    let system = out.system;
    out.line("\n[database]");
    let (median, p99) = (&system.query.text, &system.query_p99.text);
    let read = format!("read = {{ lognormal = {{ median = \"{median}\", p99 = \"{p99}\" }} }}");
    match system.assumed.contains("query") {
        true => out.answer("query", &read, "time of a query"),
        false => out.answer("query-p99", &read, "time of a query"),
    }
    match system.at_once {
        Some(at_once) => out.answer(
            "queries-at-once",
            &format!("servers = {at_once}"),
            "queries that run at once; others queue",
        ),
        None => out.line(
            "# servers: unlimited; with the number of queries that run at once, waiting and overload appear",
        ),
    }
    let Some(each) = system.connections.of_each(system.pods) else { return };
    let comment = match system.connections {
        Connections::InAll(all) => {
            format!("connections of each pod: {} in all over {} pods", grouped(all), system.pods)
        }
        _ => format!("connections of each pod, {} in all", grouped(each.saturating_mul(system.pods))),
    };
    out.answer("connections", &format!("pool = {each}"), &comment);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{Overrides, parse_with_warnings};
    use crate::starter::answered;

    fn scenario(given: &[(&str, &str)]) -> String {
        let answer =
            |flag: &str| given.iter().find(|(name, _)| *name == flag).map(|(_, text)| (*text).to_owned());
        written(&answered(answer).unwrap_or_else(|wrong| panic!("{wrong:?}")))
    }

    /// The lints that warn of a scenario.
    fn warnings(text: &str) -> Vec<&'static str> {
        let parsed = parse_with_warnings(text, "my.toml", ".".as_ref(), &Overrides::default());
        parsed.unwrap_or_else(|problems| panic!("{text}\n{}", problems.render(false))).1.names()
    }

    #[test]
    fn every_answer_is_in_the_scenario_as_it_was_typed() {
        let text = scenario(&[
            ("rps", "2,000/s"),
            ("pods", "12"),
            ("redis-rtt", "0.6ms"),
            ("ttl", "300s"),
            ("keys", "1M"),
            ("query", "4ms"),
            ("query-p99", "40ms"),
            ("queries-at-once", "16"),
            ("connections", "60 in all"),
            ("writes", "5%"),
            ("change", "ttl=1m + singleflight"),
        ]);
        for line in [
            "instances = 12  # pods",
            "arrivals = { poisson = { rate = 2000 } }  # requests per second of all pods",
            "keys = 1_000_000  # different rows that are requested",
            "write_share = \"5%\"  # each write deletes the cached copy",
            "ttl = \"300s\"  # time to live",
            "round_trip = \"0.6ms\"  # there and back",
            "read = { lognormal = { median = \"4ms\", p99 = \"40ms\" } }  # time of a query",
            "servers = 16  # queries that run at once; others queue",
            "pool = 5  # connections of each pod: 60 in all over 12 pods",
            // 200,000 requests at 2,000/s are 100 s: whole half minutes, and a third of them.
            "duration = \"2m 40s\"",
            "warmup = \"40s\"  # simulated, not measured",
            "name = \"ttl 1m + singleflight\"",
            "set = { \"tier.redis.ttl\" = \"1m\", coalescing = \"singleflight\" }",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is missing from:\n{text}");
        }
        // Popularity, sizes and Redis's own time are in no question.
        assert_eq!(text.matches("# ASSUMPTION").count(), 3, "{text}");
        assert!((25..=45).contains(&text.lines().count()), "{text}");
    }

    #[test]
    fn defaults_are_marked_and_warn_of_nothing_at_any_rate() {
        for rate in ["50", "1000", "30k", "400k"] {
            for ttl in ["10s", "5m", "1d"] {
                let text = scenario(&[("rps", rate), ("ttl", ttl)]);
                assert_eq!(warnings(&text), [] as [&str; 0], "{rate} {ttl}\n{text}");
                assert!(text.contains("round_trip = \"0.5ms\"  # ASSUMPTION: there and back"), "{text}");
            }
        }
    }

    #[test]
    fn every_change_makes_a_scenario_that_checks() {
        for (change, warned) in [
            ("ttl=10m", &[][..]),
            ("ttl=none", &["no-ttl"]),
            ("l1=500", &[]),
            ("singleflight", &[]),
            ("swr=30s", &[]),
            ("jitter=10%", &[]),
            ("jitter=30s + singleflight", &[]),
            ("writes=write-through", &[]),
            ("writes=write-around", &[]),
            ("writes=update", &[]),
            ("writes=write-back", &["write-back-may-lose"]),
            ("redis=1GB", &[]),
            ("redis=4MB", &["memory-too-small", "low-hit-ratio"]),
            ("pool=1", &["vulnerable"]),
            ("traffic=1.5x", &[]),
            ("l1=500, ttl=1m + l1=2000 + swr=1m", &[]),
        ] {
            let text = scenario(&[("change", change)]);
            assert_eq!(warnings(&text), warned, "{change}\n{text}");
        }
    }

    #[test]
    fn what_a_system_has_not_is_left_out() {
        let text = scenario(&[
            ("ttl", "none"),
            ("writes", "0"),
            ("queries-at-once", "unlimited"),
            ("connections", "unlimited"),
            ("change", "l1=100"),
        ]);
        for absent in ["write_share", "active_expiry", "pool =", "\nservers"] {
            assert!(!text.contains(absent), "{absent}:\n{text}");
        }
        assert_eq!(warnings(&text), ["no-ttl"]);
        let later = scenario(&[("ttl", "none"), ("writes", "0"), ("change", "ttl=5m, ttl=5m + swr=1m")]);
        assert_eq!(warnings(&later), ["no-ttl"], "{later}");
    }
}
