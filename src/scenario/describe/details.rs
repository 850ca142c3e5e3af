//! Lines that `herdlab check` adds to the main ones of a model: every option that is not in those.

use super::{dist, percent};
use crate::model::Z_99;
use crate::model::{
    Autoscale, Class, Clients, Coalescing, Cuts, Database, Dist, EventKind, Hottest, Limit, Model, Order,
    Popularity, PrefillAge, ProfilePart, Route, Scope, Sets, SharedTier, Size, Tier, Trace, Ttl,
    WriteStrategy,
};
use crate::model::{Breaker, DownMode, MeasureOptions, OnFailure, Price};
use crate::units::{format_bytes, format_duration, grouped};

/// `, wait at most 2ms`, where there is a value.
fn at_most(words: &str, ns: Option<u64>) -> String {
    ns.map(|ns| format!(", {words} {}", format_duration(ns))).unwrap_or_default()
}

/// How the run ends, how requests find their instance, and what it measures besides.
pub(super) fn run(model: &Model) -> Vec<String> {
    let mut lines =
        vec![format!("after the last arrival: up to {} to finish", format_duration(model.drain_ns))];
    let route = match model.clients.route {
        Route::Random => None,
        Route::RoundRobin => Some("to the instances in turn"),
        Route::Sticky => Some("to the instance of their key"),
        Route::Recorded => Some("to the instance of their recorded client"),
    };
    lines.extend(route.map(|how| format!("requests go {how}")));
    let MeasureOptions { value_age, stale_by_tier, wire, remaining_ttl, stale_acknowledged } = model.measure;
    let measured: Vec<&str> = [
        (value_age, "ages of values"),
        (stale_by_tier, "staleness by tier"),
        (wire, "bytes on the wire"),
        (remaining_ttl, "remaining times to live"),
        (stale_acknowledged, "staleness since the acknowledgement"),
    ]
    .into_iter()
    .filter_map(|(asked, what)| asked.then_some(what))
    .collect();
    if !measured.is_empty() {
        lines.push(format!("measured as well: {}", measured.join(", ")));
    }
    lines
}

/// The rate over time.
pub(super) fn profile(model: &Model) -> Option<String> {
    let parts: Vec<String> = model
        .workload
        .profile
        .iter()
        .map(|part| match *part {
            ProfilePart::Step { at_ns, factor } => format!("from {} on x {factor}", format_duration(at_ns)),
            ProfilePart::Ramp { from_ns, to_ns, factor } => {
                let (from, to) = (format_duration(from_ns), format_duration(to_ns));
                format!("from {from} to {to} rising to x {factor}")
            }
            ProfilePart::Sine { period_ns, phase_ns, amplitude } => {
                let (period, phase) = (format_duration(period_ns), format_duration(phase_ns));
                format!("a wave of {} every {period}, {phase} into it at the start", percent(amplitude))
            }
        })
        .collect();
    (!parts.is_empty()).then(|| format!("rate: {}", parts.join("; ")))
}

/// Settings of a class besides its keys and requests.
pub(super) fn class(model: &Model, class: &Class) -> String {
    let mut text = format!(
        "class {}: keys of {}, values of {}",
        class.name,
        size(class.key_size),
        size(class.value_size)
    );
    for (tier, ttl) in model.tiers.iter().zip(&class.ttl) {
        match ttl {
            Some(Ttl::After { ns }) => {
                text.push_str(&format!(", ttl {} in {}", format_duration(*ns), tier.name))
            }
            Some(Ttl::None) => text.push_str(&format!(", no ttl in {}", tier.name)),
            None => {}
        }
    }
    for (time, what) in [(&class.costs.db_read, "reads"), (&class.costs.db_write, "writes")] {
        if let Some(time) = time {
            text.push_str(&format!(", database {what} {}", dist(time)));
        }
    }
    text
}

fn size(size: Size) -> String {
    let rounded = |bytes: f64| format_bytes(bytes.round() as u64);
    match size {
        Size::Constant { bytes } => format_bytes(bytes),
        Size::Lognormal { mu, sigma, max_bytes } => {
            let (median, p99) = (libm::exp(mu), libm::exp(mu + sigma * Z_99));
            format!(
                "lognormal bytes, median {}, p99 {}, at most {}",
                rounded(median),
                rounded(p99),
                format_bytes(max_bytes)
            )
        }
        Size::Pareto { location, scale, shape, max_bytes } => {
            let most = format_bytes(max_bytes);
            format!("Pareto bytes, location {location}, scale {scale}, shape {shape}, at most {most}")
        }
        Size::Trace => "recorded sizes".to_owned(),
    }
}

/// How callers are popular with a limiter.
pub(super) fn popularity(popularity: &Popularity) -> String {
    match popularity {
        Popularity::Zipf { exponent } => format!("Zipf {exponent}"),
        Popularity::Uniform => "uniform".to_owned(),
        Popularity::Hotspot { keys_share, requests_share } => {
            format!("{} of them send {} of the requests", percent(*keys_share), percent(*requests_share))
        }
        Popularity::Counts(_) => "as counted".to_owned(),
    }
}

/// How a tier answers, and what its entries take.
pub(super) fn tier(tier: &Tier) -> Vec<String> {
    let mut lines = Vec::new();
    let name = &tier.name;
    match &tier.scope {
        Scope::Instance { access_ns } => {
            lines.push(format!("tier {name}: a lookup takes {}", format_duration(*access_ns)))
        }
        Scope::Shared(shared) => lines.push(format!("tier {name}: {}", command(shared))),
    }
    let mut entries = match tier.redis.and_then(|redis| redis.quantum_bytes) {
        Some(quantum) => format!("as Redis allocates them, in steps of {quantum} B"),
        None => format!("key, value and {}", format_bytes(tier.entry_overhead_bytes)),
    };
    if let Some(cycle) = tier.redis.and_then(|redis| redis.active_expiry) {
        entries.push_str(&format!(", effort {} for expired entries", cycle.effort));
        if cycle.per_key_ns > 0.0 {
            entries.push_str(&format!(", {} ns for each key looked at", cycle.per_key_ns));
        }
    }
    if let Some(prefill) = tier.prefill {
        let which = match prefill.hottest {
            Hottest::All => "all keys".to_owned(),
            Hottest::Keys(keys) => format!("the {} hottest keys", grouped(keys)),
        };
        let age = match prefill.age {
            PrefillAge::Fresh => "fresh",
            PrefillAge::Stationary => "as old as they are in the long run",
        };
        entries.push_str(&format!(", {which} there at the start, {age}"));
    }
    lines.push(format!("tier {name}: entries take {entries}"));
    if let Scope::Shared(SharedTier { breaker: Some(guard), .. }) = &tier.scope {
        lines.push(format!("tier {name}: {}", breaker(guard)));
    }
    lines
}

/// A command on a shared tier.
fn command(shared: &SharedTier) -> String {
    let mut text = format!("a command takes {}", format_duration(shared.service_ns));
    if shared.per_byte_ns > 0.0 {
        text.push_str(&format!(" and {} ns per byte", shared.per_byte_ns));
    }
    if let Some(how) = shared.compress {
        text.push_str(&format!(
            ", compression {} ns per byte, decompression {} ns",
            how.per_byte_ns, how.decompress_per_byte_ns
        ));
    }
    text.push_str(&match shared.pool {
        Some(pool) => format!(", {pool} connections per instance and node"),
        None => ", as many connections as needed".to_owned(),
    });
    text.push_str(&at_most("waiting for one at most", shared.pool_timeout_ns));
    text.push_str(&at_most("timeout", shared.timeout_ns));
    text.push_str(match shared.on_failure {
        OnFailure::Next => ", after a failure the next level is asked",
        OnFailure::Error => ", a failure is an error",
    });
    text
}

fn breaker(breaker: &Breaker) -> String {
    format!(
        "its breaker looks at the latest {}, at {} calls at least, and probes with {}",
        format_duration(breaker.window_ns),
        breaker.minimum,
        breaker.probes
    )
}

/// How a lease works.
pub(super) fn coalescing(model: &Model) -> Option<String> {
    let Coalescing::Lease(lease) = &model.coalescing else { return None };
    let mut text = format!(
        "lease: waiting callers look up again every {}, for {} at most",
        format_duration(lease.poll_ns),
        format_duration(lease.wait_limit_ns)
    );
    if lease.serve_stale_ns > 0 {
        text.push_str(&format!(
            ", served stale for {} after the expiry",
            format_duration(lease.serve_stale_ns)
        ));
    }
    Some(text)
}

/// The network between the application and a server.
pub(super) fn ways(network: &Dist, round_trip: Option<&Dist>) -> String {
    match round_trip {
        Some(whole) => format!("round trip {}", dist(whole)),
        None => format!("network {} each way", dist(network)),
    }
}

/// How a call of the database goes.
pub(super) fn database(model: &Model) -> Vec<String> {
    let database = &model.database;
    let mut text = format!("database: {}", ways(&database.network, database.round_trip.as_ref()));
    if model.workload.writes() {
        text.push_str(&format!(", writes {}", dist(&database.write)));
        if database.row_lock {
            text.push_str(" under the lock of the row");
        }
    }
    text.push_str(&match (database.servers, database.queue) {
        (None, _) => String::new(),
        (_, Some(places)) => format!(", a queue of {} places", grouped(places)),
        (_, None) => ", an unbounded queue".to_owned(),
    });
    text.push_str(&at_most("waiting for a connection at most", database.pool_timeout_ns));
    if database.timeout_ns.is_some() {
        text.push_str(match database.cancel_on_timeout {
            true => ", late attempts are withdrawn",
            false => ", late attempts go on",
        });
        if database.close_on_timeout {
            text.push_str(", their connections are closed");
        }
    }
    if let Some(most) = database.max_connections {
        text.push_str(&format!(", at most {most} connections of all instances"));
    }
    if let Some(connect) = &database.connect {
        text.push_str(&format!(", a connection is set up in {}", dist(connect)));
    }
    if database.timeout_ns.is_some() || database.hedge.is_some() {
        text.push_str(match database.late_fill {
            true => ", late answers fill the caches",
            false => ", late answers are dropped",
        });
    }
    if let Some(ns) = database.error_ttl_ns {
        text.push_str(&format!(", a failed read is remembered for {}", format_duration(ns)));
    }
    let mut lines = vec![text];
    lines.extend(retries(database));
    lines.extend(protection(database));
    lines
}

fn retries(database: &Database) -> Option<String> {
    let retries = &database.retries;
    if retries.attempts < 2 {
        return None;
    }
    let mut text = format!("retries: after {}", format_duration(retries.backoff_ns));
    if retries.backoff_ns > 0 {
        text.push_str(&format!(", each pause {} times the one before", retries.factor));
        text.push_str(&at_most(
            "at most",
            (retries.max_backoff_ns != u64::MAX).then_some(retries.max_backoff_ns),
        ));
        text.push_str(&format!(", {} of it random", percent(retries.jitter)));
    }
    if let Some(budget) = retries.budget {
        text.push_str(&format!(", {} saved up at most", budget.burst));
    }
    Some(text)
}

fn protection(database: &Database) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(guard) = &database.breaker {
        lines.push(format!("database: {}", breaker(guard)));
    }
    if let Some(Limit::Aimd { initial, min, max, backoff, .. }) = database.limit {
        lines.push(format!(
            "database: between {min} and {max} calls at once, {initial} at first, times {backoff} where one is late"
        ));
    }
    if let Some(hedge) = database.hedge {
        let loser = if hedge.cancel { "withdrawn" } else { "executed all the same" };
        lines.push(format!("database: the slower of two hedged attempts is {loser}"));
    }
    if let Some(contention) = database.contention {
        let (sigma, kappa) = (contention.sigma, contention.kappa);
        let shared = contention
            .processors
            .map_or_else(String::new, |processors| format!(", {processors} processors shared"));
        lines.push(format!("database: slower by contention, sigma {sigma}, kappa {kappa}{shared}"));
    }
    if let Some(background) = &database.background {
        lines.push(format!("database: background requests take {}", dist(&background.service)));
    }
    lines
}

/// Writes: what comes first, where the main line leaves it open, and what a consumer does that fails.
pub(super) fn writes(model: &Model) -> Vec<String> {
    let mut lines = Vec::new();
    let early = model.write_options.order == Order::BeforeCommit;
    if early && matches!(model.writes, WriteStrategy::WriteBack(_) | WriteStrategy::WriteAround) {
        lines.push("writes: the caches before the commit".to_owned());
    }
    if let Some(cdc) = &model.invalidation.cdc {
        lines.push(format!(
            "change stream: a DELETE that fails is sent again after {}",
            format_duration(cdc.retry_ns)
        ));
    }
    lines
}

/// Parameters of an event besides its name.
pub(super) fn event(model: &Model, what: &EventKind) -> String {
    let fail = |mode: DownMode| match mode {
        DownMode::Refuse => "connections are refused",
        DownMode::Timeout => "nobody answers",
    };
    match *what {
        EventKind::NodeLost { failover_ns, fail: mode, .. } => match failover_ns {
            Some(ns) => format!(", {} until others take over after {}", fail(mode), format_duration(ns)),
            None => format!(", {}, nobody takes over", fail(mode)),
        },
        EventKind::Restart { fail: DownMode::Timeout, .. } => format!(", {}", fail(DownMode::Timeout)),
        EventKind::Scale { startup_ns: 1.., .. } => ", new ones start until then".to_owned(),
        EventKind::Crash { detect_ns, .. } => format!(", noticed after {}", format_duration(detect_ns)),
        EventKind::HotKey { key, .. } => format!(", key {key}"),
        EventKind::Deploy { every_ns } if model.clients.instances > 1 => {
            format!(", an instance every {}", format_duration(every_ns))
        }
        EventKind::Change { revision, every_ns, instances, restarts } => {
            let whom = match instances < model.clients.instances {
                true => format!(", for {instances} of {} instances", model.clients.instances),
                false => String::new(),
            };
            let pace = match every_ns {
                0 => String::new(),
                every_ns => format!(", an instance every {}", format_duration(every_ns)),
            };
            let how = if restarts { ", each by a restart" } else { "" };
            // One is in the name of the event.
            let what = match settings(model, revision) {
                [_] => String::new(),
                several => {
                    let each: Vec<String> =
                        several.iter().map(|(path, value)| format!("{path} = {value}")).collect();
                    format!(": {}", each.join(", "))
                }
            };
            format!("{whom}{pace}{how}{what}")
        }
        _ => String::new(),
    }
}

/// A change of settings: `tier.l2.ttl becomes 30s`, `3 settings change`.
pub(super) fn change(model: &Model, revision: u8) -> String {
    match settings(model, revision) {
        [(path, value)] => format!("{path} becomes {}", value.trim_matches('"')),
        settings => format!("{} settings change", settings.len()),
    }
}

fn settings(model: &Model, revision: u8) -> &[(String, String)] {
    let place = usize::from(revision).checked_sub(1);
    place.and_then(|place| model.revisions.get(place)).map_or(&[], |revision| &revision.settings)
}

/// What is paid for: `prices in EUR: 15 per GB-month of shared tiers, 400 per month and machine of the database`.
pub(super) fn price(price: &Price) -> String {
    let Price {
        currency,
        cache_gb_month,
        instance_gb_month,
        database_server_month,
        database_month,
        database_million_requests,
        cache_million_commands,
        traffic_gb,
        objective_minute,
    } = *price;
    let parts: Vec<String> = [
        (cache_gb_month, "per GB-month of shared tiers"),
        (instance_gb_month, "per GB-month of tiers in instances"),
        (database_server_month, "per month and server of the database"),
        (database_month, "per month and machine of the database"),
        (database_million_requests, "per million requests of the database"),
        (cache_million_commands, "per million commands to shared tiers"),
        (traffic_gb, "per GB to and from shared tiers"),
        (objective_minute, "per minute of a broken objective"),
    ]
    .into_iter()
    .filter_map(|(each, of)| Some(format!("{} {of}", grouped(each?))))
    .collect();
    format!("prices in {currency}: {}", parts.join(", "))
}

/// A recorded workload, and what the replay makes of it.
pub(super) fn trace(trace: &Trace) -> String {
    let facts = &trace.facts;
    let replay = &trace.replay;
    let mut text = format!(
        "trace of {} requests, {} of them writes ({}",
        grouped(trace.requests),
        grouped(trace.writes),
        facts.words
    );
    let mut also = |words: String| text.extend([", ", words.as_str()]);
    if replay.spread_ns > 0.0 {
        also(format!("requests of one stamp spread over {}", facts.step));
    }
    if replay.sets == Some(Sets::Write) {
        also("SETs replayed as writes".to_owned());
    }
    if facts.fills > 0 {
        also(format!("{} SETs left out as fills", grouped(facts.fills)));
    }
    if let Some(classes) = &trace.classes {
        let how = match &classes.mark {
            Some(mark) => format!("by their beginning up to `{mark}`"),
            None => "by a column".to_owned(),
        };
        also(format!("keys in classes {how}"));
    }
    if facts.classes_put_together > 0 {
        also(format!("{} rare classes put together as other", grouped(facts.classes_put_together)));
    }
    if replay.reorder_ns > 0 {
        also(format!("rows sorted within {}", format_duration(replay.reorder_ns)));
    }
    if replay.skip_bad > 0 {
        also(format!("up to {} rows that cannot be read left out", grouped(replay.skip_bad)));
    }
    if facts.bad_rows > 0 {
        also(format!("{} rows left out", grouped(facts.bad_rows)));
    }
    if replay.from_ns > 0 {
        also(format!("from {}", format_duration(replay.from_ns)));
    }
    if let Some(until_ns) = replay.until_ns {
        also(format!("until {}", format_duration(until_ns)));
    }
    if let Some(rate_per_s) = replay.rate_per_s {
        also(format!("paced at {rate_per_s} requests/s"));
    }
    if let Some(loop_ns) = replay.loop_ns {
        also(format!("again every {}", format_duration(loop_ns)));
    }
    text + ")"
}

/// How many instances there are at the start, where they are not all.
pub fn started(clients: &Clients) -> String {
    match clients.started() {
        started if started < clients.instances => format!(" ({started} at the start)"),
        _ => String::new(),
    }
}

/// How instances come and go.
pub fn scaling(clients: &Clients) -> String {
    let mut text = String::new();
    if let Some(scale) = clients.autoscale {
        let Autoscale { target, every_ns, tolerance, least, startup_ns, down_after_ns } = scale;
        text.push_str(&format!(
            "; scaled every {} so that {} of the workers are busy, but for {}, at least {least} instances, a start takes {}, instances go after {}",
            format_duration(every_ns),
            percent(target),
            percent(tolerance),
            format_duration(startup_ns),
            format_duration(down_after_ns)
        ));
    }
    if clients.slow_start_ns > 0 {
        text.push_str(&format!("; slow start {}", format_duration(clients.slow_start_ns)));
    }
    text
}

/// How often connections for messages break.
pub fn cuts(cuts: Option<&Cuts>) -> String {
    let Some(Cuts { every, for_how_long, flush }) = cuts else { return String::new() };
    let then = if *flush { ", then the tiers are emptied" } else { "" };
    format!(", a connection holds {} and is away for {}{then}", dist(every), dist(for_how_long))
}
