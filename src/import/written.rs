//! The scenario in words: short, each figure with its place.

use std::fmt::Write;

use super::Options;
use super::backend::{Backend, Observed, Service};
use super::gather::Gathered;
use super::popularity::{self, Cache, Zipf};
use super::source::{Figure, one_line};
use super::tier::Tier;
use super::traffic::Traffic;
use crate::model::{Quantiles, Z_99};
use crate::units::format_duration;

/// Measured time of a scenario without a profile.
const MEASURED_S: f64 = 120.0;
/// A cache that fills within this time is simulated from the beginning.
const WARMUP_MAX_S: f64 = 1_800.0;
/// Requests of a day that are still simulated whole.
const REQUESTS_MAX: f64 = 50e6;

/// Times of a database that no file has: with a tail, as they all have one.
const ASSUMED_READ: &str = "{ lognormal = { median = \"5ms\", p99 = \"40ms\" } }";

/// Lines of TOML.
struct Lines(String);

impl Lines {
    fn line(&mut self, text: &str) {
        self.0.push_str(text.trim_end());
        self.0.push('\n');
    }

    /// An option and the place of its figure.
    fn option<T>(&mut self, name: &str, value: &str, figure: &Figure<T>) {
        self.line(&format!("{name} = {value}  {}", figure.comment()));
    }
}

pub(super) fn scenario(
    found: &Gathered<'_>,
    traffic: &Traffic,
    tier: &Tier,
    backend: &Backend,
    options: &Options,
) -> String {
    let mut out = Lines("#:schema ./herdlab.schema.json\n".to_owned());
    let changes = changes(tier);
    let command = if found.trace.is_some() { "trace model" } else { "import" };
    out.line(&format!("# Written by `herdlab {command}`. The comment behind a figure is its place; ASSUMPTION marks a figure that no file has:"));
    out.line("# replace those first.");
    for guess in &found.guessed {
        out.line(&format!("# ASSUMPTION: {}", one_line(guess)));
    }
    out.line(&format!("question = \"Does {} take load off the database?\"", changes[0].0));
    let replay = options.trace.as_ref().zip(found.recording.as_ref());
    let times = match replay {
        Some((_, recording)) => {
            let third_s = (recording.span_s() / 3.0).max(0.001);
            out.line(&format!(
                "warmup = {}  # a third of the recording: the cache starts empty, that of production was full",
                duration(third_s)
            ));
            None
        }
        None => Some(Times::of(traffic, tier)),
    };
    if let Some(times) = &times {
        out.line(&format!("duration = {}  # {}", duration(times.duration_s), times.reason));
        out.line(&format!("warmup = {}", duration(times.warmup_s)));
    }
    out.line("baseline = \"today\"");
    out.line("headline = [\"hit_ratio\", \"db.qps.mean\", \"latency.all.p99_ms\"]");

    out.line("\n[clients]");
    out.option("instances", &traffic.instances.value.to_string(), &traffic.instances);
    workload(&mut out, traffic, tier, times.as_ref(), options, replay.is_some());
    cache(&mut out, traffic, tier, times.as_ref());
    database(&mut out, backend, traffic.write_share.value > 0.0);
    if traffic.write_share.value > 0.0 && traffic.writes_update {
        out.line("\n[writes]\nstrategy = \"update\"  # most writes are SETs");
    }
    observed(&mut out, backend, tier);
    out.line("\n[[variant]]\nname = \"today\"\nset = {}");
    out.line("\n# The change in question goes here.");
    for (name, set) in changes {
        out.line(&format!("[[variant]]\nname = \"{name}\"\nset = {{ {set} }}"));
        out.line("");
    }
    out.0.trim_end().to_owned() + "\n"
}

/// Simulated time.
struct Times {
    duration_s: f64,
    warmup_s: f64,
    reason: String,
    /// The profile is simulated as a whole; otherwise it stands in a comment.
    whole_profile: bool,
}

impl Times {
    fn of(traffic: &Traffic, tier: &Tier) -> Times {
        let fill_s = fill_s(traffic, tier);
        let warmup_s = (fill_s * 3.0).clamp(10.0, WARMUP_MAX_S).round();
        if let Some(profile) = &traffic.profile {
            let span_s = profile.value.span_s;
            let whole_profile = span_s * traffic.rate_per_s.value <= REQUESTS_MAX;
            if whole_profile {
                let warmup_s = warmup_s.min((span_s / 4.0).floor());
                return Times {
                    duration_s: span_s,
                    warmup_s,
                    reason: "the time of the profile".to_owned(),
                    whole_profile,
                };
            }
        }
        Times {
            duration_s: warmup_s + MEASURED_S,
            warmup_s,
            reason: "two minutes behind the warm-up".to_owned(),
            whole_profile: false,
        }
    }
}

/// Seconds in which the misses fill the cache once; 0 where it evicts nothing.
fn fill_s(traffic: &Traffic, tier: &Tier) -> f64 {
    let Some(capacity) = tier.capacity_entries else { return 0.0 };
    let reads_per_s = traffic.rate_per_s.value * (1.0 - traffic.write_share.value);
    let zipf = Zipf { keys: traffic.keys.value, exponent: traffic.exponent.value };
    let cache = Cache { hit_ratio: 0.0, reads_per_s, ttl_s: tier.ttl_s.value, capacity: Some(capacity) };
    let (hit, entries) = popularity::hit_and_entries(&cache, zipf);
    if entries < 0.98 * capacity { 0.0 } else { entries / (reads_per_s * (1.0 - hit)).max(1e-9) }
}

fn workload(
    out: &mut Lines,
    traffic: &Traffic,
    tier: &Tier,
    times: Option<&Times>,
    options: &Options,
    replayed: bool,
) {
    out.line("\n[workload]");
    if let Some(trace) = options.trace.as_ref().filter(|_| replayed) {
        let file = text(&trace.file);
        let sized = tier.value_bytes.is_measured();
        let size = if sized { ", size = \"value_bytes\"" } else { "" };
        out.line(&format!(
            "arrivals = {{ trace = {{ file = {file}, time = \"time_s\", key = \"key\"{size}, unit = \"s\", operation = {{ column = \
             \"op\", read = [\"read\"], write = [\"write\"] }} }} }}  {}",
            traffic.rate_per_s.comment()
        ));
        let (keys, exponent) = (traffic.keys.value, number(traffic.exponent.value));
        out.line(&format!(
            "# Fitted to the recording, for a workload without it: {}/s,",
            number(traffic.rate_per_s.value)
        ));
        out.line(&format!(
            "# keys = {keys}, popularity = {{ zipf = {{ exponent = {exponent} }} }}, write_share = {}",
            number(traffic.write_share.value)
        ));
        out.option("key_size", &bytes(tier.key_bytes.value), &tier.key_bytes);
        if !sized {
            value_size(out, tier);
        }
        return;
    }
    let rate = number(traffic.rate_per_s.value);
    match &traffic.cv2 {
        Some(cv2) => {
            let place = cv2.comment();
            out.line(&format!("# cv2: {}", place.trim_start_matches("# ")));
            let cv2 = number(cv2.value);
            out.option(
                "arrivals",
                &format!("{{ renewal = {{ rate = {rate}, cv2 = {cv2} }} }}"),
                &traffic.rate_per_s,
            );
        }
        None => out.option("arrivals", &format!("{{ poisson = {{ rate = {rate} }} }}"), &traffic.rate_per_s),
    }
    if let Some(profile) = &traffic.profile {
        let steps = profile.value.steps.iter().map(|(at_s, factor)| {
            format!("{{ step = {{ at = {}, factor = {} }} }}", duration(*at_s), number(*factor))
        });
        let steps: Vec<String> = steps.collect();
        if times.is_some_and(|times| times.whole_profile) {
            out.option("profile", &format!("[{}]", steps.join(", ")), profile);
        } else {
            let span = duration(profile.value.span_s);
            out.line(&format!(
                "# The whole curve takes duration = {span}, in this place: {}",
                profile.comment().trim_start_matches("# ")
            ));
            out.line(&format!("# profile = [{}]", steps.join(", ")));
        }
    }
    out.option("keys", &traffic.keys.value.to_string(), &traffic.keys);
    let exponent = number(traffic.exponent.value);
    out.option("popularity", &format!("{{ zipf = {{ exponent = {exponent} }} }}"), &traffic.exponent);
    out.option("write_share", &number(traffic.write_share.value), &traffic.write_share);
    out.option("key_size", &bytes(tier.key_bytes.value), &tier.key_bytes);
    value_size(out, tier);
}

fn value_size(out: &mut Lines, tier: &Tier) {
    let (mean, deviation) = tier.value_bytes.value;
    let (median, p99) = match &tier.value_quantiles {
        Some(quantiles) => quantiles.value,
        None => lognormal(mean.max(1.0), deviation),
    };
    let value = if deviation < 0.02 * mean || p99.round() <= median.round() || median < 1.0 {
        bytes(mean.max(1.0))
    } else {
        format!("{{ lognormal = {{ median = {}, p99 = {} }} }}", bytes(median), bytes(p99))
    };
    match &tier.value_quantiles {
        Some(quantiles) => out.option("value_size", &value, quantiles),
        None => out.option("value_size", &value, &tier.value_bytes),
    }
}

/// Median and 99th percentile of the lognormal distribution with this mean and deviation.
fn lognormal(mean: f64, deviation: f64) -> (f64, f64) {
    let sigma2 = libm::log1p((deviation / mean) * (deviation / mean));
    let median = mean / libm::exp(sigma2 / 2.0);
    (median, median * libm::exp(Z_99 * sigma2.sqrt()))
}

fn cache(out: &mut Lines, traffic: &Traffic, tier: &Tier, times: Option<&Times>) {
    out.line(&format!("\n[[tier]]\nname = \"{}\"\nscope = \"shared\"", tier.name));
    match tier.capacity_bytes.value {
        Some(limit) => out.option("capacity", &bytes(limit), &tier.capacity_bytes),
        None => out.option("capacity", "\"unbounded\"", &tier.capacity_bytes),
    }
    if let Some(eviction) = &tier.eviction {
        out.option("eviction", &text(&eviction.value), eviction);
    }
    if let Some(samples) = &tier.samples {
        out.option("samples", &samples.value.to_string(), samples);
    }
    match tier.ttl_s.value {
        Some(ttl_s) => out.option("ttl", &duration(ttl_s), &tier.ttl_s),
        None => out.option("ttl", "\"none\"", &tier.ttl_s),
    }
    if let Some(jitter_s) = tier.jitter_s {
        out.line(&format!("jitter = {{ plus = {} }}  {}", duration(jitter_s), tier.ttl_s.comment()));
    }
    if let Some(hz) = tier.hz.as_ref().filter(|_| tier.ttl_s.value.is_some()) {
        out.option("active_expiry", &format!("{{ hz = {} }}", hz.value.round().clamp(1.0, 500.0)), hz);
    }
    out.option("entry_overhead", &bytes(tier.overhead_bytes.value), &tier.overhead_bytes);
    out.option("service", &duration(tier.service_us.value / 1e6), &tier.service_us);
    out.line("round_trip = \"400us\"  # ASSUMPTION: no file has the way to the cache and back");
    if times.is_some() {
        let warm = match (tier.capacity_entries, tier.ttl_s.value) {
            (None, Some(_)) => "{ hottest = \"all\", age = \"stationary\" }".to_owned(),
            (None, None) => "{ hottest = \"all\" }".to_owned(),
            (Some(entries), _) => {
                format!("{{ hottest = {} }}", (entries.max(1.0) as u64).min(traffic.keys.value))
            }
        };
        out.line(&format!("prefill = {warm}  # as it runs: the hottest keys are there"));
    }
}

fn database(out: &mut Lines, backend: &Backend, writes: bool) {
    out.line("\n[database]");
    out.option("read", &service(&backend.read.value), &backend.read);
    if let Some(write) = &backend.write {
        // An option without effect is refused.
        out.option(if writes { "write" } else { "# write" }, &service(&write.value), write);
    }
    out.line("# ASSUMPTION: unlimited; with the number of requests that it serves at once, waiting and overload appear:");
    out.line("# servers = 16");
}

fn service(service: &Service) -> String {
    match service {
        Service::Assumed => ASSUMED_READ.to_owned(),
        Service::Constant(ms) => milliseconds(*ms),
        Service::Lognormal { mean, deviation } => {
            let (median, p99) = lognormal(*mean, *deviation);
            format!("{{ lognormal = {{ median = {}, p99 = {} }} }}", milliseconds(median), milliseconds(p99))
        }
        Service::Quantiles(table) => quantiles(table),
    }
}

fn quantiles(table: &Quantiles) -> String {
    /// The smallest step between shares: a gap in the times is a line so steep.
    const STEP: f64 = 1e-6;
    let mut knots: Vec<(f64, f64)> = Vec::new();
    for (&share, &ms) in table.shares.iter().zip(&table.ns) {
        let share = (share / STEP).round() * STEP;
        match knots[..] {
            [.., last] if last.0 > 1.0 - STEP / 2.0 => {}
            [.., before, last] if share < last.0 + STEP / 2.0 && last.0 - before.0 < 1.5 * STEP => {
                let end = knots.len() - 1;
                knots[end].1 = ms;
            }
            [.., last] if share < last.0 + STEP / 2.0 => {
                if ms > last.1 {
                    knots.push((last.0 + STEP, ms));
                }
            }
            _ => knots.push((share, ms)),
        }
    }
    let decimals = |share: f64| format!("{share:.6}").trim_end_matches('0').trim_end_matches('.').to_owned();
    let list = |cells: Vec<String>| cells.join(", ");
    let at = list(knots.iter().map(|knot| decimals(knot.0)).collect());
    let times = list(knots.iter().map(|knot| milliseconds(knot.1)).collect());
    format!("{{ quantiles = {{ at = [{at}], times = [{times}] }} }}")
}

fn observed(out: &mut Lines, backend: &Backend, tier: &Tier) {
    let Observed { hit_ratio, db_per_s, p50_ms, p95_ms, p99_ms, evictions_per_s } = &backend.observed;
    // Where nothing has to leave, there are no evictions in the model either.
    let evictions_per_s = evictions_per_s.as_ref().filter(|_| tier.capacity_bytes.value.is_some());
    let latencies = [("p50", p50_ms), ("p95", p95_ms), ("p99", p99_ms)];
    let any_latency = latencies.iter().any(|(_, latency)| latency.is_some());
    if hit_ratio.is_none() && db_per_s.is_none() && evictions_per_s.is_none() && !any_latency {
        return;
    }
    out.line("\n# Production's own figures: `herdlab run` holds today against them, `herdlab fit` finds what is unknown by them.\n[observed]");
    if let Some(own) = hit_ratio {
        let spread = own.spread.map(|spread| format!("{spread:.4}"));
        with_spread(out, "hit_ratio", &format!("{:.4}", own.figure.value), spread, &own.figure);
    }
    if let Some(own) = db_per_s {
        with_spread(out, "db_qps", &number(own.figure.value), own.spread.map(number), &own.figure);
    }
    for (name, latency) in latencies {
        if let Some(latency) = latency {
            out.option(name, &milliseconds(latency.value), latency);
        }
    }
    if let Some(rate) = evictions_per_s {
        out.option(&format!("\"tier.{}.evictions.rate\"", tier.name), &number(rate.value), rate);
    }
}

/// A figure with the standard deviation between the points of its series, where it has one.
fn with_spread(out: &mut Lines, name: &str, value: &str, spread: Option<String>, figure: &Figure<f64>) {
    match spread {
        Some(spread) => {
            let value = format!("{{ value = {value}, spread = {spread} }}");
            out.line(&format!("{name} = {value}  {}; spread between neighbouring points", figure.comment()));
        }
        None => out.option(name, value, figure),
    }
}

/// Variants to start from: name and settings.
fn changes(tier: &Tier) -> Vec<(&'static str, String)> {
    let name = tier.name;
    match (tier.capacity_bytes.value, tier.ttl_s.value) {
        (Some(limit), _) => {
            // The server's own share stays the same.
            let times = |factor: f64| {
                let capacity = factor * (limit + tier.base_bytes) - tier.base_bytes;
                format!("\"tier.{name}.capacity\" = {}", bytes(capacity.max(1.0)))
            };
            vec![("twice the memory", times(2.0)), ("half the memory", times(0.5))]
        }
        (None, Some(ttl_s)) => {
            vec![("twice the time to live", format!("\"tier.{name}.ttl\" = {}", duration(ttl_s * 2.0)))]
        }
        (None, None) => vec![("a time to live of 5 minutes", format!("\"tier.{name}.ttl\" = \"5m\""))],
    }
}

/// Four digits.
fn number(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let digits = (3 - libm::floor(libm::log10(value.abs())) as i32).clamp(0, 9) as usize;
    let mut text = format!("{value:.digits$}");
    if text.contains('.') {
        text = text.trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    text
}

fn bytes(value: f64) -> String {
    format!("\"{}B\"", value.round().max(0.0) as u64)
}

/// To a thousandth of itself.
fn duration(seconds: f64) -> String {
    let ns = seconds * 1e9;
    let step = libm::pow(10.0, (libm::floor(libm::log10(ns.max(1.0))) - 3.0).max(0.0));
    let mut text = String::new();
    let _ = write!(text, "\"{}\"", format_duration(((ns / step).round() * step) as u64));
    text
}

fn milliseconds(ms: f64) -> String {
    duration(ms / 1e3)
}

/// A string of TOML.
fn text(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
