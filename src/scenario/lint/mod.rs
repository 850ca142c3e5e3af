//! Lints: warnings about valid scenarios of systems that will hurt in production.
//!
//! A lint has a stable name, a reason and a way out ([`LINTS`]); it warns, and a scenario that intends it allows it
//! with `allow`. Some judge the settings alone, others by closed forms ([`expectation`]).

mod constant_service;
pub mod expectation;
mod expired;
mod fill_after_timeout;
pub(super) mod finding;
mod recorded;
mod rules;
#[cfg(test)]
mod tests;
mod vulnerable;
mod workers;

use crate::declare::diagnostic::{
    Diagnostic, NOTE, ROOM_MIN, Source, Span, WIDTH, render_warnings, suggestion,
};
use crate::declare::fields::Context;
use crate::declare::file::{Node, Value};
use crate::model::LintNote;
use crate::wrap::{hanging, paragraph};
pub(super) use finding::Finding;
pub(super) use rules::findings;

/// One row of the registry.
#[derive(Clone, Copy, Debug)]
pub struct Lint {
    /// As `allow` takes it; never changes.
    pub name: &'static str,
    /// When it warns.
    pub when: &'static str,
    /// Why this hurts.
    pub reason: &'static str,
    /// The alternative.
    pub way_out: &'static str,
}

/// All lints, in the order in which they warn.
pub const LINTS: &[Lint] = &[
    Lint {
        name: "no-ttl",
        when: "Entries of a tier never expire, and either nothing bounds the tier, or something writes, or the tier evicts only \
               what has a ttl (noeviction, volatile-*).",
        reason: "Without a bound the memory grows until it ends, and where nothing can be evicted SETs fail from then on; and a copy whose invalidation gets lost stays wrong \
                 for as long as it is kept.",
        way_out: "Give every entry a ttl, however long: it is the safety net under every other way of invalidation.",
    },
    Lint {
        name: "large-values",
        when: "At least one in a thousand keys of a class has a value above 1 MB, and a tier is shared.",
        reason: "A shared cache serves one command at a time: a large value holds up everybody behind it, and its \
                 transfer the network.",
        way_out: "Split the value, keep it elsewhere and cache a reference, or keep it out of the shared tier.",
    },
    Lint {
        name: "uncompressed-values",
        when: "At least half of the bytes of a class are in values above 10 kB that a shared tier does not compress: all of \
               them, or those up to `above`.",
        reason: "They take memory, bandwidth and the server's one thread several times over: text such as JSON shrinks to \
                 a third or less, for some nanoseconds per byte at the client.",
        way_out: "Set compress = { above = \"10kB\", ... } with the ratio measured on your values, and compare; allow this \
                  lint where they are compressed already (images, protobuf of floats).",
    },
    Lint {
        name: "pool-too-small",
        when: "A connection pool has fewer connections than Little's law requires: calls per second and instance times \
               the mean length of a call, for misses as expected by the closed forms and with the highest rate of \
               the profile.",
        reason: "Calls arrive faster than the pool can carry them: the queue for a connection grows without end, however \
                 idle the server is.",
        way_out: "Raise the pool above the figure given, with room for bursts, or make fewer or shorter calls.",
    },
    Lint {
        name: "connections-exceed-limit",
        when: "The pools of all instances together are larger than database.max_connections.",
        reason: "It works until all are busy at once, in an incident or while instances are added: then the database refuses connections, \
                 to whoever comes last and to the operator as well.",
        way_out: "Make the pools smaller: max_connections over the most instances that there may be, during a deploy too. A pooler between \
                  them and the database lets many share few.",
    },
    Lint {
        name: "noloop-forgets",
        when: "invalidation.tracking has noloop, there are several instances, and something writes.",
        reason: "Redis forgets all readers of a key once it is set, and with NOLOOP does not tell the one that has set it: the copy which an \
                 instance stores beside its own SET is tracked by nobody, and the write of another instance does not reach it.",
        way_out: "Leave noloop out, so that a fill invalidates its own copy and the next read is tracked; or read a key again after setting it; \
                  a short ttl of the instance tier bounds how long such a copy stays.",
    },
    Lint {
        name: "workers-too-few",
        when: "A shared tier has a timeout and no breaker that would open, and while it does not answer its lookups hold more workers \
               than an instance has (clients.workers), by Little's law: requests per second and instance that look it up, at the highest \
               rate of the profile, times its timeout (or the deadline, if that is shorter). A breaker opens if all workers \
               that wait for the timeout make at least its `minimum` of calls in its `window`. Open arrivals only.",
        reason: "A request keeps its worker while it waits for the timeout. Once all of them wait, nothing else is served \
                 either, requests that need no cache among them, and health checks fail on instances that are well.",
        way_out: "Shorten the timeout: workers over requests per second of an instance is the longest that it can bear. A breaker \
                  with a low `minimum` ends the waiting after its first failures.",
    },
    Lint {
        name: "memory-too-small",
        when: "A shared tier has less room than the entries that its time to live would keep.",
        reason: "Entries are evicted before they expire: the ttl no longer decides how long something is kept, and \
                 whatever takes room (a scan, sentinels for absent keys) pushes out what is needed. Where nothing may be \
                 evicted (noeviction; volatile-* without a ttl), SETs fail instead, and what is new is not cached.",
        way_out: "Raise the capacity to the figure given, or shorten the ttl until its entries fit.",
    },
    Lint {
        name: "expired-memory",
        when: "A shared tier without a capacity, or with one in bytes, has a ttl and no active_expiry, and at least a quarter of \
               what it would hold at the end, and 10 MB, would have expired. Open arrivals only.",
        reason: "An expired entry keeps its memory until its key is requested again, and keys that are requested seldom \
                 are the most. Redis looks for expired keys ten times a second and keeps few, so it needs far less than this \
                 tier.",
        way_out: "Set active_expiry = { hz = 10 }, as Redis does (without a capacity, or with an eviction of Redis such as \
                  \"allkeys-lru\", which has it by default); or active_expiry = \"none\", where the store has no such cycle.",
    },
    Lint {
        name: "fill-after-timeout",
        when: "A shared tier has a timeout and no breaker, reads go on to the next level when it passes (on_failure = \"next\") \
               and send a SET afterwards, and the closed forms expect that a lookup and a SET for every read take the tier's \
               server more time than it has.",
        reason: "Once lookups time out, every read adds a SET to the work of a server that was too slow for the lookups: they \
                 go on timing out, and the database gets all reads, long after the cause is gone.",
        way_out: "Give the tier a breaker, or set fill_after_failure = false; more nodes, a faster tier, or coalescing make room \
                  for both.",
    },
    Lint {
        name: "xfetch-short-ttl",
        when: "A tier refreshes early by XFetch, and a ttl is shorter than five times beta times the mean fetch.",
        reason: "XFetch starts about beta times a fetch ahead of the expiry, more for hot keys: where that is much of \
                 the ttl, entries are fetched over and over.",
        way_out: "Lengthen the ttl, or use stale-while-revalidate, which fetches once per ttl.",
    },
    Lint {
        name: "jitter-single-key",
        when: "A tier has jitter and neither coalescing nor a refresh guards it, while one key that expires gets at \
               least a third of all requests.",
        reason: "Jitter spreads the expiry of many keys. One key still expires at one instant for all of its \
                 readers, and all of them go to the database together.",
        way_out: "Add coalescing (\"singleflight\" or a lease), or an early refresh (xfetch).",
    },
    Lint {
        name: "negative-ttl-long",
        when: "\"No such row\" is kept for more than a minute.",
        reason: "A record that is created meanwhile stays invisible until the sentinel expires: users create something \
                 and get the answer that it does not exist.",
        way_out: "Keep it for some seconds, which already takes repeated lookups off the database.",
    },
    Lint {
        name: "cdc-without-ttl",
        when: "A change stream invalidates (invalidation.cdc), something writes, and entries of a shared tier have no ttl.",
        reason: "A change that the stream loses or has not delivered yet (a consumer that stalls, a slot that is \
                 dropped, a fill that lands after the delete) leaves a wrong value for ever.",
        way_out: "Give the entries a ttl: with invalidation working it may be hours, and it bounds the effect of a fault.",
    },
    Lint {
        name: "write-back-may-lose",
        when: "Writes are acknowledged by a shared tier before the database has them (writes.strategy \"write-back\"). The \
               warning gives their number, and whether eviction or expiry may take them too.",
        reason: "A cache keeps what it has in memory: a crash, a restart or a flush takes everything that was acknowledged \
                 since the last round of the worker, and no error shows it.",
        way_out: "Keep what must not be lost out of it (write-through, or invalidate), or shorten the flush_interval until \
                  the loss is one that you would accept; do not let the tier evict, and give it a ttl far above the \
                  interval.",
    },
    Lint {
        name: "vulnerable",
        when: "There is a cache, and the database cannot carry all reads at the highest rate of the profile (as many calls as \
               coalescing leaves of them), the writes and the background load, though it can carry the misses. What it can carry \
               is bounded by its servers, the instances' connections or its contention (as db.capacity is); where nothing \
               bounds it, there is no warning. Open arrivals only.",
        reason: "The database depends on the hit ratio: a flush, a restart or an outage of the cache sends it more than it can \
                 serve, queues grow, timeouts and retries add to them, and the cache does not fill again.",
        way_out: "Test it: an [[event]] with flush or down. Coalescing, fewer instances at a time in a deploy, stale answers \
                  (stale-while-revalidate), a breaker or a limit of calls bound the load; more servers carry it. Allow this lint \
                  where the scenario has that event.",
    },
    Lint {
        name: "constant-service",
        when: "Reads take the database a constant time above zero, in general or for a class, and there is an [slo], or a \
               headline or a [[threshold]] is a high percentile or the maximum of a latency or wait.",
        reason: "Real service times have a tail. Without one the percentiles of misses are those of \
                 the queue alone, and the queue is shorter than it would be: at the same mean the wait grows with the variance.",
        way_out: "Give it two measured percentiles: read = { lognormal = { median = \"20ms\", p99 = \"100ms\" } }; or allow this lint \
                  where the constant is measured or the point is a closed form.",
    },
    Lint {
        name: "low-hit-ratio",
        when: "The closed forms (time to live, invalidation by writes, Che's approximation) expect a hit ratio below 80 % \
               in the steady state. Open arrivals only.",
        reason: "Every read pays the round trip to the cache, and each miss pays the database as well. Below about four \
                 hits in five the database still sees a large part of the reads, and its load hangs on small changes of the ratio.",
        way_out: "A longer ttl, more memory, fewer deletes; or no cache for these keys.",
    },
    Lint {
        name: "coarse-times",
        when: "Most requests of a trace share their time stamp with others, and its clock ticks slower than once in a microsecond.",
        reason: "A clock of whole seconds stamps all requests of a second alike. Taken at their word they come as a herd each second, \
                 which no production saw; herdlab spreads them over the tick, at random and in their order (docs/traces.md), and what \
                 happens within a tick is then an assumption.",
        way_out: "Record finer times, or allow this lint; `spread = false` keeps the instants as they are.",
    },
    Lint {
        name: "sets-as-writes",
        when: "At least half of the SETs of a trace follow a lookup of their key, and they are replayed as writes.",
        reason: "A look-aside cache is filled by a SET after each miss. The simulated cache fills itself; a recorded fill that is replayed as \
                 a write goes to the database and invalidates what was just cached, so hits become misses.",
        way_out: "Set sets = \"fill\" in the trace where the SETs store what was fetched, or sets = \"write\" and allow this lint where they \
                  are new data.",
    },
    Lint {
        name: "operations-unread",
        when: "A trace with named columns has one called `op`, `operation` or the like, and no `operation` names it.",
        reason: "Every row is replayed as a read, SETs and DELETEs as well.",
        way_out: "Set operation = { column = \"op\" } in the trace, with lists of its texts where they are not the usual words; or allow this \
                  lint where all of them are reads.",
    },
];

/// Finds a lint by its name.
///
/// ```
/// use herdlab::scenario::lint::find;
/// assert!(find("no-ttl").is_some());
/// ```
pub fn find(name: &str) -> Option<&'static Lint> {
    LINTS.iter().find(|lint| lint.name == name)
}

/// All warnings about a scenario; none is fine too.
#[derive(Clone, Debug, Default)]
pub struct Warnings {
    sources: Vec<Source>,
    /// In the order of the file.
    list: Vec<Finding>,
}

impl Warnings {
    pub(super) fn new(sources: Vec<Source>, mut list: Vec<Finding>) -> Self {
        list.sort_by_key(Finding::place);
        Warnings { sources, list }
    }

    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Names of the lints that warn, in the order of the file.
    pub fn names(&self) -> Vec<&'static str> {
        self.list.iter().map(|finding| finding.lint).collect()
    }

    /// One line each, for the record.
    pub(crate) fn notes(&self) -> Vec<LintNote> {
        self.list
            .iter()
            .map(|Finding { lint, diagnostic }| {
                let label = diagnostic.labels.first().map_or("", |(_, label)| label.as_str());
                LintNote { lint: (*lint).to_owned(), text: format!("{}: {label}", diagnostic.title) }
            })
            .collect()
    }

    /// The warnings for no terminal, each with its reason and the way out.
    pub fn render(&self, color: bool) -> String {
        self.render_within((WIDTH, color))
    }

    /// The warnings as a terminal of so many columns shows them, in colours or without.
    pub fn render_within(&self, style: (u16, bool)) -> String {
        let list: Vec<(&str, Diagnostic)> =
            self.list.iter().map(|finding| (finding.lint, advised(finding, style.0))).collect();
        let mut text = render_warnings(&list, &self.sources, style);
        let mut names = self.names();
        names.sort_unstable();
        names.dedup();
        if !names.is_empty() {
            let quoted: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
            let number = self.list.len();
            let plural = if number == 1 { "" } else { "s" };
            let last = format!(
                "{number} warning{plural}; where it is meant like this: allow = [{}] at the top of the file\n",
                quoted.join(", ")
            );
            text.push_str(&hanging(&last, usize::from(style.0)));
        }
        text
    }
}

/// With the reason and the way out.
fn advised(finding: &Finding, width: u16) -> Diagnostic {
    /// Longer lines of prose are hard to read, however wide the terminal is.
    const PROSE: usize = 100;
    let room = usize::from(width).saturating_sub(NOTE).clamp(ROOM_MIN, PROSE);
    let diagnostic = finding.diagnostic.clone();
    match find(finding.lint) {
        Some(lint) => diagnostic.help(paragraph(lint.reason, room)).help(paragraph(lint.way_out, room)),
        None => diagnostic,
    }
}

/// Reads `allow`: names of lints.
pub(super) fn allowed(cx: &mut Context, node: &Node) -> Option<Vec<&'static str>> {
    let Value::Array(items) = &node.value else {
        return cx
            .wrong(node, format!("expected names of lints such as [\"no-ttl\"], found {}", node.kind()));
    };
    let mut names = Vec::with_capacity(items.len());
    for item in items {
        let Some(name) = item.as_str() else {
            cx.wrong::<()>(
                item,
                format!("expected the name of a lint such as \"no-ttl\", found {}", item.kind()),
            );
            continue;
        };
        match find(name) {
            Some(lint) => names.push(lint.name),
            None => cx.report(unknown(name, item.span)),
        }
    }
    Some(names)
}

fn unknown(name: &str, place: Span) -> Diagnostic {
    let known = || LINTS.iter().map(|lint| lint.name);
    let label = suggestion(name, known(), "expected the name of a lint");
    Diagnostic::new(format!("no lint is called \"{name}\""), place, label)
        .help(format!("known: {}", known().collect::<Vec<_>>().join(", ")))
}

/// All lints as one page: `docs/lints.md`.
pub fn page() -> String {
    let mut text = "# Lints\n\n\
        `herdlab check` warns of settings that are legal and hurt in production. A warning has the place, the reason \
        and the way out; `herdlab run` writes what remains into the report. A scenario that intends it allows it at the \
        top of the file, with the reason in a comment:\n\n\
        ```toml\n# The restart is the question here, not the memory.\nallow = [\"no-ttl\"]\n```\n\n\
        `herdlab check --deny-lints` and `herdlab run --deny-lints` end with exit code 2 where a warning is left. \
        `allow` does not change the digest. What the closed forms expect is the steady state of a system in which \
        nothing fails; it is not computed for traces and for closed loops.\n"
        .to_owned();
    for lint in LINTS {
        text.push_str(&format!(
            "\n## {}\n\n**Warns when:** {}\n\n**Reason:** {}\n\n**Way out:** {}\n",
            lint.name, lint.when, lint.reason, lint.way_out
        ));
    }
    text
}
