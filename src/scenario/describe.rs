//! A model in words, one line per part: what `herdlab check` shows.

mod details;

use crate::model::Z_99;
use crate::model::{Admit, FailSafe};
use crate::model::{
    Around, Arrivals, Breaker, Capacity, Class, Coalescing, Database, Dist, DownMode, EventKind, HedgeAfter,
    Jitter, Limit, Limiter, LimiterMode, Model, MultiGet, Order, Popularity, Ranking, Redis, Refresh,
    RefreshMode, Scope, Spread, Target, Tier, Ttl, WriteBack, WriteOptions, WriteStrategy,
};
use crate::model::{FlushCost, Hottest};
use crate::units::{decimals_of_percent, format_bytes, format_duration, grouped};

/// The model in words.
pub fn describe(model: &Model) -> Vec<String> {
    let mut lines = vec![time(model), workload(model)];
    lines.extend(details::profile(model));
    lines.extend(details::run(model));
    lines.extend(
        model.workload.classes.iter().flat_map(|one| [class(model, one), details::class(model, one)]),
    );
    lines.extend(model.limiter.iter().map(|one| limiter(model, one)));
    if model.tiers.is_empty() {
        lines.push("no cache".to_owned());
    }
    for one in &model.tiers {
        lines.push(tier(one));
        lines.extend(details::tier(one));
    }
    lines.push(coalescing(model));
    lines.extend(details::coalescing(model));
    lines.push(database(&model.database));
    lines.extend(details::database(model));
    if model.workload.writes() {
        lines.push(writes(model));
        lines.extend(invalidation(model));
        lines.extend(details::writes(model));
    }
    for event in &model.events {
        let at = format_duration(event.at_ns);
        let length = match event.what.length_ns(model.clients.instances) {
            0 => String::new(),
            ns => format!(" for {}", format_duration(ns)),
        };
        let (what, more) = (event_text(model, &event.what), details::event(model, &event.what));
        lines.push(format!("at {at}{length}: {what}{more} (\"{}\")", event.label));
    }
    lines.extend(objective(model));
    lines.extend(model.price.as_ref().map(details::price));
    lines
}

/// The limits of a good answer, where the scenario states them or events are judged by them.
fn objective(model: &Model) -> Option<String> {
    let share = percent(model.share_of_good());
    match (&model.slo, model.events.is_empty()) {
        (Some(slo), true) => {
            let within = format_duration(slo.latency_ns);
            let broken = match model.prices_objective() {
                true => format!("; broken where less than {share} of the requests are good"),
                false => String::new(),
            };
            Some(format!("a good answer comes within {within}{broken}"))
        }
        (Some(slo), false) => {
            let within = format_duration(slo.latency_ns);
            Some(format!(
                "a good answer comes within {within}; recovered when {share} of the requests are good"
            ))
        }
        (None, false) => Some(format!(
            "a good answer comes within twice the p99 before the event; recovered when {share} of the requests are good"
        )),
        (None, true) => None,
    }
}

/// An event in few words, as charts and records name it: `l2 flushed`, `database paused`.
pub fn event_text(model: &Model, what: &EventKind) -> String {
    let tier_name = |index: usize| model.tiers.get(index).map_or("a tier", |tier| tier.name.as_str());
    let name = |target: Target| match target {
        Target::Tier(index) => tier_name(index).to_owned(),
        Target::Node { tier, node } => format!("{} node {node}", tier_name(tier)),
        Target::Database => "database".to_owned(),
    };
    match *what {
        EventKind::Flush { tier } => format!("{} flushed", tier_name(tier)),
        EventKind::Restart { tier, node, keeps, loses_ns, .. } => {
            let target = node.map_or(Target::Tier(tier), |node| Target::Node { tier, node });
            let with = match (keeps, loses_ns) {
                (false, _) => String::new(),
                (true, 0) => ", with what it had".to_owned(),
                (true, _) => format!(", with what it had {} before", format_duration(loses_ns)),
            };
            format!("{} restarted{with}", name(target))
        }
        EventKind::Scale { instances: 1, .. } => "1 instance".to_owned(),
        EventKind::Scale { instances, .. } => format!("{instances} instances"),
        EventKind::Warm { tier, hottest, rate_per_s, parallel } => {
            let keys = match hottest {
                Hottest::Keys(keys) => grouped(keys),
                Hottest::All => "all".to_owned(),
            };
            let at_once = parallel.map_or_else(String::new, |reads| format!(", {reads} at once"));
            format!("{} warmed with {keys} keys at {rate_per_s}/s{at_once}", tier_name(tier))
        }
        EventKind::Down { target, fail: DownMode::Refuse, .. } => format!("{} down", name(target)),
        EventKind::Down { target, fail: DownMode::Timeout, .. } => format!("{} unreachable", name(target)),
        EventKind::Slow { target, factor, .. } => format!("{} {factor}x slower", name(target)),
        EventKind::Pause { target, .. } => format!("{} paused", name(target)),
        EventKind::NodeLost { tier, node, .. } => format!("{} node {node} lost", tier_name(tier)),
        EventKind::Surge { factor, .. } => format!("{factor}x traffic"),
        EventKind::HotKey { share, .. } => format!("hot key ({})", percent(share)),
        EventKind::Deploy { .. } => "deploy".to_owned(),
        EventKind::Crash { instance, .. } => format!("instance {instance} crashed"),
        EventKind::LeaderCrash { key: Some(key) } => format!("leader of key {key} dies"),
        EventKind::LeaderCrash { key: None } => "leader of the hottest key dies".to_owned(),
        EventKind::Stall { .. } => "change stream stalled".to_owned(),
        EventKind::Change { revision, .. } => details::change(model, revision),
    }
}

fn percent(share: f64) -> String {
    let decimals = decimals_of_percent(share * 100.0, 2);
    let digits = format!("{:.decimals$}", share * 100.0);
    format!("{} %", digits.trim_end_matches('0').trim_end_matches('.'))
}

fn milliseconds(ns: f64) -> String {
    format_duration(ns.round() as u64)
}

fn dist(dist: &Dist) -> String {
    match dist {
        Dist::Constant { ns } => milliseconds(*ns),
        Dist::Exponential { mean_ns } => format!("exponential, mean {}", milliseconds(*mean_ns)),
        Dist::Lognormal { mu, sigma } => {
            let (median, p99) = (libm::exp(*mu), libm::exp(mu + sigma * Z_99));
            let micros = |ns: f64| milliseconds((ns / 1e3).round() * 1e3);
            format!("lognormal, median {}, p99 {}", micros(median), micros(p99))
        }
        Dist::Gamma { mean_ns, cv2 } => format!("gamma, mean {}, cv2 {cv2}", milliseconds(*mean_ns)),
        Dist::Hyperexponential { mean_ns, cv2 } => {
            format!("hyperexponential, mean {}, cv2 {cv2}", milliseconds(*mean_ns))
        }
        Dist::Empirical { ns } => format!("{} observed times", ns.len()),
        Dist::Quantiles(quantiles) => {
            let micros = |ns: f64| milliseconds((ns / 1e3).round() * 1e3);
            let (mean, p99) = (micros(quantiles.mean_ns()), micros(quantiles.at(0.99)));
            format!("by quantiles, mean {mean}, median {}, p99 {p99}", micros(quantiles.at(0.5)))
        }
    }
}

fn time(model: &Model) -> String {
    let duration = format_duration(model.duration_ns);
    let window = format_duration(model.window_ns);
    match model.warmup_ns {
        _ if model.warmup_auto => {
            format!("time: {duration}, as much of it as warm-up as a pilot finds, windows of {window}")
        }
        0 => format!("time: {duration}, no warm-up, windows of {window}"),
        warmup => {
            format!("time: {duration}, the first {} as warm-up, windows of {window}", format_duration(warmup))
        }
    }
}

fn workload(model: &Model) -> String {
    let arrivals = match &model.workload.arrivals {
        Arrivals::Poisson { rate_per_s } => format!("{} requests/s, Poisson", rate(*rate_per_s)),
        Arrivals::Constant { rate_per_s } => format!("{} requests/s, evenly spaced", rate(*rate_per_s)),
        Arrivals::Renewal { rate_per_s, cv2 } => format!("{} requests/s, cv2 {cv2}", rate(*rate_per_s)),
        Arrivals::Closed { users, think } => format!("{users} users, think time {}", dist(think)),
        Arrivals::Trace(trace) => details::trace(trace),
    };
    let profile = if model.workload.profile.is_empty() { "" } else { ", rate changes over time" };
    let instances = match model.clients.instances {
        1 => "1 instance".to_owned(),
        count => format!("{count} instances{}", details::started(&model.clients)),
    };
    let workers = match (model.clients.workers, model.clients.queue) {
        (None, _) => String::new(),
        (Some(1), queue) => format!(" with 1 worker{}", waiting(queue)),
        (Some(workers), queue) => {
            format!(" with {workers} workers{}{}", each(model.clients.instances), waiting(queue))
        }
    };
    let deadline = match model.clients.deadline_ns {
        Some(ns) => format!(", deadline {}", format_duration(ns)),
        None => String::new(),
    };
    let scaling = details::scaling(&model.clients);
    format!("workload: {arrivals}{profile}, on {instances}{workers}{deadline}{scaling}")
}

fn each(instances: u32) -> &'static str {
    if instances == 1 { "" } else { " each" }
}

/// Requests that may wait for a worker.
fn waiting(queue: Option<u64>) -> String {
    match queue {
        None => String::new(),
        Some(0) => ", none may wait for one".to_owned(),
        Some(queue) => format!(", at most {queue} wait for one"),
    }
}

/// A product of a rate and `workload.scale`, without the digits that rounding leaves behind.
fn rate(per_s: f64) -> f64 {
    let rounded = (per_s * 1e6).round() / 1e6;
    if rounded > 0.0 && rounded.is_finite() { rounded } else { per_s }
}

fn class(model: &Model, class: &Class) -> String {
    let popularity = match class.popularity {
        _ if matches!(model.workload.arrivals, Arrivals::Trace(_)) => "as recorded".to_owned(),
        Popularity::Zipf { exponent } => format!("Zipf {exponent}"),
        Popularity::Uniform => "uniform".to_owned(),
        Popularity::Hotspot { keys_share, requests_share } => {
            format!("{} of the keys get {} of the requests", percent(keys_share), percent(requests_share))
        }
        Popularity::Counts(_) => "requested as counted".to_owned(),
    };
    let ranking = match class.ranking {
        Ranking::Fixed => String::new(),
        Ranking::Drift { half_life_ns } => {
            format!(", half of them with another rank after {}", format_duration(half_life_ns))
        }
        Ranking::Newest { rate_per_s } => format!(", {rate_per_s} new ones per second at the first rank"),
        Ranking::LastWritten => ", read in the order of their last writes".to_owned(),
    };
    let writes = match class.write_share {
        0.0 => String::new(),
        share => format!(", {} writes", percent(share)),
    };
    let checks = match class.exists_share {
        0.0 => String::new(),
        share => format!(", {} existence checks", percent(share)),
    };
    let several = match class.keys_per_request {
        1 => String::new(),
        count => format!(", {count} keys per read"),
    };
    let entities = match class.keys_per_entity {
        1 => String::new(),
        keys => format!(", {keys} to an entity"),
    };
    let absent = match (class.absent, class.write_share > 0.0) {
        (false, _) => "",
        (true, false) => ", absent from the database",
        (true, true) => ", absent from the database until a write creates them",
    };
    let passed: Vec<&str> = class.bypass.iter().map(|&tier| model.tiers[tier].name.as_str()).collect();
    let bypass = if passed.is_empty() { String::new() } else { format!(", past {}", passed.join(" and ")) };
    let (name, share, keys) = (&class.name, percent(class.share), grouped(class.keys));
    format!(
        "class {name}: {share} of the requests, {keys} keys{entities}, {popularity}{ranking}{several}{writes}{checks}{absent}{bypass}"
    )
}

fn limiter(model: &Model, limiter: &Limiter) -> String {
    let mode = match limiter.mode {
        LimiterMode::Naive => "GET, then SETEX or INCR",
        LimiterMode::Atomic => "one atomic command",
    };
    let (limit, per) = (grouped(u64::from(limiter.limit)), format_duration(limiter.per_ns));
    let tier = model.tiers.get(limiter.tier).map_or("a tier", |tier| tier.name.as_str());
    let (callers, popularity) = (grouped(limiter.callers), details::popularity(&limiter.popularity));
    format!(
        "limiter: at most {limit} requests per {per} from each of {callers} callers ({popularity}), {mode}, in {tier}"
    )
}

fn tier(tier: &Tier) -> String {
    let scope = match &tier.scope {
        Scope::Instance { .. } => "one per instance".to_owned(),
        Scope::Shared(shared) => {
            let nodes = if shared.nodes > 1 { format!(" by {} nodes", shared.nodes) } else { String::new() };
            let mut text =
                format!("shared{nodes}, {}", details::ways(&shared.network, shared.round_trip.as_ref()));
            if let Some(bandwidth) = shared.bandwidth_bytes_per_s {
                text.push_str(&format!(" at {}/s", format_bytes(bandwidth.round() as u64)));
            }
            if let MultiGet::Mget { per_key_ns } = shared.multi_get {
                let per_key = format_duration(per_key_ns);
                text.push_str(&format!(", one MGET per request and node ({per_key} for each further key)"));
            }
            if shared.serialize_per_byte_ns > 0.0 {
                text.push_str(&format!(", serialized at {} ns per byte", shared.serialize_per_byte_ns));
            }
            if let Some(how) = shared.compress {
                let above = format_bytes(how.above_bytes);
                text.push_str(&format!(", values above {above} compressed to {}", percent(how.ratio)));
            }
            text
        }
    };
    let capacity = match tier.capacity {
        Capacity::Unbounded => "unbounded".to_owned(),
        Capacity::Entries(entries) => format!("{} entries, {}", grouped(entries), eviction(tier)),
        Capacity::Bytes(bytes) => format!("{}, {}", format_bytes(bytes), eviction(tier)),
    };
    let ttl = match tier.ttl {
        Ttl::None => "no ttl".to_owned(),
        Ttl::After { ns } => format!("ttl {}", format_duration(ns)),
    };
    let ttl = match tier.recorded_ttl {
        None => ttl,
        Some(1.0) => format!("recorded ttl, else {ttl}"),
        Some(factor) => format!("recorded ttl x {factor}, else {ttl}"),
    };
    let mut text = format!("tier {}: {scope}, {capacity}, {ttl}", tier.name);
    match tier.jitter {
        Jitter::None => {}
        Jitter::Plus(amount) => text.push_str(&format!(" + up to {}", spread(amount))),
        Jitter::Around(amount) => text.push_str(&format!(" +- {}", spread(amount))),
    }
    if tier.sliding {
        text.push_str(", renewed by each hit");
    }
    match tier.refresh {
        Refresh::None => {}
        Refresh::XFetch { beta, mode, .. } => {
            let mode = if mode == RefreshMode::Inline { "inline" } else { "in the background" };
            text.push_str(&format!(", XFetch beta {beta} {mode}"));
        }
        Refresh::Uniform { window_ns, .. } => {
            text.push_str(&format!(", early refresh within {}", format_duration(window_ns)));
        }
        Refresh::Ahead { fraction, .. } => {
            text.push_str(&format!(", refreshed ahead at {} of the ttl", percent(fraction)))
        }
        Refresh::StaleWhileRevalidate { grace_ns } => {
            text.push_str(&format!(", stale while revalidating for {}", format_duration(grace_ns)));
        }
    }
    if let (grace_ns @ 1.., false) =
        (tier.refresh.grace_ns(), matches!(tier.refresh, Refresh::StaleWhileRevalidate { .. }))
    {
        text.push_str(&format!(", then stale while revalidating for {}", format_duration(grace_ns)));
    }
    if let Some(FailSafe { grace_ns, throttle_ns, soft_timeout_ns }) = tier.fail_safe {
        text.push_str(&format!(", old values in place of errors for {}", format_duration(grace_ns)));
        if throttle_ns > 0 {
            text.push_str(&format!(" (an attempt every {})", format_duration(throttle_ns)));
        }
        if let Some(ns) = soft_timeout_ns {
            text.push_str(&format!(" and of waits above {}", format_duration(ns)));
        }
    }
    if tier.key_version != 1 {
        text.push_str(&format!(", keys of version {}", tier.key_version));
    }
    if !tier.fill {
        text.push_str(", read and not filled");
    }
    match tier.admit {
        Admit::All => {}
        Admit::Share(share) => text.push_str(&format!(", {} of the fetched values stored", percent(share))),
        Admit::Second { window_ns } => {
            text.push_str(&format!(", stored with the second fetch within {}", format_duration(window_ns)))
        }
    }
    if let Some(ns) = tier.hit_for_miss_ns {
        text.push_str(&format!(", uncacheable answers remembered for {}", format_duration(ns)));
    }
    if let Some(ns) = tier.negative_ttl_ns {
        text.push_str(&format!(", \"no such row\" kept {}", format_duration(ns)));
    }
    if let Scope::Shared(shared) = &tier.scope {
        if !shared.fill_after_failure {
            text.push_str(", no SET after a lookup without an answer");
        }
        if let Some(guard) = &shared.breaker {
            text.push_str(&format!(", {}", breaker(guard)));
        }
    }
    match tier.redis {
        None => {}
        Some(Redis { active_expiry: None, .. }) => text.push_str(", expired entries stay until touched"),
        Some(Redis { active_expiry: Some(cycle), .. }) => {
            text.push_str(&format!(", expired entries looked for {} times a second", cycle.hz));
        }
    }
    if tier.redis.is_some_and(|redis| redis.quantum_bytes.is_some()) {
        text.push_str(", memory as Redis counts it");
    }
    if tier.prefill.is_some() {
        text.push_str(", prefilled");
    }
    text
}

fn eviction(tier: &Tier) -> String {
    match tier.redis {
        None => tier.eviction.name().to_owned(),
        Some(Redis { eviction, samples, .. }) if eviction.samples() => {
            format!("{} of {samples} samples", eviction.name())
        }
        Some(Redis { eviction, .. }) => eviction.name().to_owned(),
    }
}

fn spread(spread: Spread) -> String {
    match spread {
        Spread::Time { ns } => format_duration(ns),
        Spread::Share { share } => percent(share),
    }
}

fn coalescing(model: &Model) -> String {
    match &model.coalescing {
        Coalescing::None => "coalescing: none".to_owned(),
        Coalescing::Singleflight { around: Around::Fetch } => {
            "coalescing: singleflight in every instance, around the database call".to_owned()
        }
        Coalescing::Singleflight { around: Around::Lookup } => {
            "coalescing: singleflight in every instance, around the whole lookup".to_owned()
        }
        Coalescing::Lease(lease) => {
            let tier = model.tiers.get(lease.tier).map_or("a tier", |tier| tier.name.as_str());
            format!("coalescing: lease in {tier}, lock {}", format_duration(lease.lock_ttl_ns))
        }
    }
}

fn writes(model: &Model) -> String {
    let WriteOptions { order, rollback, tombstone_ttl_ns, mark_stale } = model.write_options;
    let early = order == Order::BeforeCommit;
    let mut text = match &model.writes {
        WriteStrategy::Invalidate if early => "writes: DELETE in every tier, then database",
        WriteStrategy::Invalidate => "writes: database, then DELETE in every tier",
        WriteStrategy::WriteAround => "writes: database only, cached copies live out their time",
        WriteStrategy::Update if early => "writes: SET in every tier, which nobody waits for, and database",
        WriteStrategy::Update => "writes: database, then SET in every tier, which nobody waits for",
        WriteStrategy::WriteThrough if early => "writes: SET in every tier, then database",
        WriteStrategy::WriteThrough => "writes: database, then SET in every tier, acknowledged after both",
        WriteStrategy::WriteBack(_) => "writes: SET in the last shared tier, which acknowledges",
    }
    .to_owned();
    if let WriteStrategy::WriteBack(WriteBack {
        flush_interval_ns,
        batch,
        cost: FlushCost { per_batch, per_key },
    }) = &model.writes
    {
        let interval = format_duration(*flush_interval_ns);
        text.push_str(&format!(
            "; every {interval} a worker sends dirty keys to the database, at most {batch} keys at a time, each batch {}",
            dist(per_batch.as_ref().unwrap_or(&model.database.write))
        ));
        if *per_key != (Dist::Constant { ns: 0.0 }) {
            text.push_str(&format!(" and {} per key", dist(per_key)));
        }
    }
    if rollback > 0.0 {
        text.push_str(&format!(", {} of the transactions roll back", percent(rollback)));
    }
    if let Some(ns) = tombstone_ttl_ns {
        text.push_str(&format!(", versioned SETs, tombstones kept {}", format_duration(ns)));
    }
    if mark_stale {
        text.push_str(", a DELETE leaves an old value where the tier serves those");
    }
    text
}

fn breaker(breaker: &Breaker) -> String {
    format!(
        "breaker: {} failures open it for {}",
        percent(breaker.failures),
        format_duration(breaker.open_ns)
    )
}

/// Invalidation by others than the writer.
fn invalidation(model: &Model) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(cdc) = &model.invalidation.cdc {
        let rate = match cdc.rate_per_s {
            Some(rate_per_s) => format!(", at most {rate_per_s} changes/s"),
            None => String::new(),
        };
        lines.push(format!(
            "invalidation: change stream, lag {}{rate}, then DELETE in shared tiers",
            dist(&cdc.lag)
        ));
    }
    if let Some(broadcast) = &model.invalidation.broadcast {
        let lost = match broadcast.lost {
            0.0 => String::new(),
            lost => format!(", {} of the messages lost", percent(lost)),
        };
        lines.push(format!(
            "invalidation: broadcast to instance tiers, delay {}{lost}{}",
            dist(&broadcast.delay),
            details::cuts(broadcast.cuts.as_ref())
        ));
    }
    if let Some(tracking) = &model.invalidation.tracking {
        let own = if tracking.noloop { ", none about its own changes" } else { "" };
        lines.push(format!(
            "invalidation: by the server to whoever has read the key, up to {} keys, delay {}{own}{}",
            tracking.table,
            dist(&tracking.delay),
            details::cuts(tracking.cuts.as_ref())
        ));
    }
    lines
}

fn database(database: &Database) -> String {
    let servers = match database.servers {
        Some(servers) => format!("{servers} at once"),
        None => "unlimited".to_owned(),
    };
    let mut text = format!("database: {servers}, reads {}", dist(&database.read));
    if let Some(pool) = database.pool {
        text.push_str(&format!(", {pool} connections per instance"));
    }
    if let Some(ns) = database.timeout_ns {
        text.push_str(&format!(", timeout {}", format_duration(ns)));
    }
    if database.retries.attempts > 1 {
        text.push_str(&format!(", up to {} attempts", database.retries.attempts));
        if let Some(budget) = database.retries.budget {
            text.push_str(&format!(" (retries at most {} of the calls)", percent(budget.ratio)));
        }
    }
    if let Some(guard) = &database.breaker {
        text.push_str(&format!(", {}", breaker(guard)));
    }
    if let Some(Limit::Aimd { late_ns, .. }) = database.limit {
        text.push_str(&format!(", concurrency limited as answers take {}", format_duration(late_ns)));
    }
    if let Some(hedge) = database.hedge {
        let after = match hedge.after {
            HedgeAfter::Time(after_ns) => format_duration(after_ns),
            HedgeAfter::Percentile(share) => {
                format!("the p{} of the latest times", (share * 1e8).round() / 1e6)
            }
        };
        text.push_str(&format!(", hedged after {after}"));
    }
    if let Some(replicas) = &database.replicas {
        let servers = match replicas.servers {
            Some(servers) => format!("{servers} at once each"),
            None => "unlimited".to_owned(),
        };
        text.push_str(&format!(
            ", {} read replicas ({servers}), lag {}",
            replicas.count,
            dist(&replicas.lag)
        ));
    }
    if let Some(background) = &database.background {
        text.push_str(&format!(", {} background requests/s", background.rate_per_s));
    }
    text
}
