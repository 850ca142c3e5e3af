//! `[workload]` as a file has it.

use serde::Serialize;

use super::super::{Dist, Nanos, Size};
use super::class::{KeysPerEntity, KeysPerRequest, shares_fit};
use super::popularity::{fits_keys, may_move};
use super::{Keys, Popularity, Ranking, Sets};
use crate::declare::diagnostic::Diagnostic;
use crate::declare::fields::Context;
use crate::declare::file::{Node, Value};
use crate::declare::kind::Kind;
use crate::declare::values::{
    AtLeast, Count, Duration, Positive, PositiveDuration, PositiveShare, Rate, Share, Text, Texts, TimeUnit,
    Whole,
};
use crate::declare::{Form, choice, options};

options! {
    pub(crate) struct WorkloadOptions in "workload" (classes: usize), such as "[workload]" {
        /// when requests come
        "arrivals" arrivals: Option<ArrivalsOptions> as ArrivalsOptions, reported "such as { poisson = { rate = 1000 } }";
        /// so many times the traffic: multiplies every arrival rate and the users of a closed loop (rounded, at least one), and a
        /// trace runs so many times as fast; not the background load of the database
        "scale" scale: f64 as Positive, default 1;
        /// changes of the rate over time; not for `closed` and `trace`
        "profile" profile: Vec<ProfilePart> as Profile, default [];
        /// number of keys; at most 4,000,000,000 over all classes
        "keys" keys: Option<u64> as Keys, optional "required without `[[class]]`, unless `popularity` has them";
        /// popularity of the keys
        "popularity" popularity: Popularity, default "uniform";
        /// ranks of the keys over time: `"fixed"`, `{ drift = ... }`, `{ newest = ... }` or `"last-written"` ([model.md](model.md)); not with
        /// `keys_per_request`
        "ranking" ranking: Ranking, default "fixed";
        /// random size of values
        "value_size" value_size: Size, default "1kB";
        /// random size of keys
        "key_size" key_size: Size, default "40B";
        /// share of the requests that write
        "write_share" write_share: f64 as Share, default 0;
        /// share of the requests that are existence checks (EXISTS: no value travels); with `write_share` at most 1
        "exists_share" exists_share: f64 as Share, default 0;
        /// different keys of its class that a read requests at once, at most 1,000; a write has one; not with a limiter
        "keys_per_request" keys_per_request: u32 as KeysPerRequest, default 1;
        /// so many keys in a row belong to one entity (a user's profile, balance, permissions), at most 64; a write to one of them
        /// touches all; needs writes
        "keys_per_entity" keys_per_entity: u32 as KeysPerEntity, default 1;
        /// `{ share = 0.1, keys = 10000, popularity = "uniform" }`: a share of the *reads* requests keys without a row; makes a second
        /// class called `absent`
        "absent" absent: Option<Absent> as Absent, or "none";
    }
    check |f| {
        if let (Some(write_share), Some(exists_share)) = (write_share, exists_share) {
            shares_fit(f, write_share, exists_share);
        }
        let recorded = f.node("arrivals").is_some_and(|arrivals| arrivals.get("trace").is_some());
        fits_keys(f, "keys", keys.flatten(), popularity.as_ref());
        if let (true, Some(ranking), Some(popularity)) = (classes == 0, ranking, &popularity) {
            may_move(f, ranking, popularity, keys_per_request, write_share);
        }
        let counted = popularity.as_ref().and_then(Popularity::keys);
        keys = keys.map(|keys| keys.or(counted));
        // A file of counts has as many keys as rows, also where it cannot be read.
        let of_counts = f.node("popularity").is_some_and(|popularity| popularity.get("counts").is_some());
        if classes == 0 && !recorded && !of_counts {
            f.demand("keys", "the number of keys, such as 1_000_000");
        }
    }
}

options! {
    /// Keys without a row, which only reads request.
    pub(crate) struct Absent in "absent", such as "{ share = 0.1, keys = 10000 }" {
        /// their share of the reads
        "share" share: f64 as PositiveShare, required "their share of the reads, such as 0.1";
        /// number of absent keys that are requested
        "keys" keys: u64 as Keys, required "the number of absent keys that are requested";
        /// popularity of the absent keys
        "popularity" popularity: Popularity, default "uniform";
    }
    check |f| { fits_keys(f, "keys", keys, popularity.as_ref()); }
}

choice! {
    #[allow(clippy::large_enum_variant, reason = "one for each variant of a scenario, taken apart at once")]
    pub(crate) enum ArrivalsOptions in "arrivals", such as "{ poisson = { rate = 1000 } }" {
        /// independent arrivals
        "poisson" Poisson such as "{ rate = 1000 }" {
            /// requests per second
            "rate" rate_per_s: f64 as Rate, required "requests per second";
        };
        /// evenly spaced
        "constant" Constant such as "{ rate = 1000 }" {
            /// requests per second
            "rate" rate_per_s: f64 as Rate, required "requests per second";
        };
        /// independent gaps: gamma below a `cv2` of one, hyperexponential above
        "renewal" Renewal such as "{ rate = 1000, cv2 = 4.0 }" {
            /// requests per second
            "rate" rate_per_s: f64 as Rate, required "requests per second";
            /// squared coefficient of variation of the gaps, at least 0
            "cv2" cv2: f64 as AtLeast<0>, required "the squared coefficient of variation of the gaps";
        };
        /// every user thinks, sends a request, waits for the answer; think time and the way of a hit must not both take no time
        "closed" Closed such as "{ users = 50, think = \"1s\" }" {
            /// number of users
            "users" users: u32 as Count, required "the number of users";
            /// random time that a user thinks between an answer and the next request
            "think" think: Dist, default "0s";
        };
        /// a recorded workload, its timing kept; what a pipe gives is copied to a temporary file, a device is refused
        "trace" Trace(TraceOptions) such as "{ file = \"trace.csv\", time = \"time\", key = \"key\", unit = \"s\" }";
    }
}

options! {
    pub(crate) struct TraceOptions in "trace",
        such as "{ file = \"trace.csv\", time = \"time\", key = \"key\", unit = \"s\" }" {
        /// a recording in order of time, compressed or not; `"-"` is standard input; [traces.md](traces.md) describes the formats
        "file" file: String as Text, required "a recorded workload, such as \"trace.csv\"";
        /// name of its format; guessed only where the content leaves no doubt, and `herdlab check` shows the guess
        "format" format: Option<String> as Text, optional "by its content";
        /// of a table or JSON lines: name of the column or field with the times; in a table without a header its number from 1
        "time" time: Option<String> as Text, optional "`time`, `ts`, `timestamp` or the like";
        /// of a table or JSON lines: name of the column or field with the keys, or its number
        "key" key: Option<String> as Text, optional "`key`, `obj_id`, `id` or the like";
        /// of a table or JSON lines: name of a column with sizes of values in bytes, or its number; the first of each key counts
        "size" size: Option<String> as Text, or "none";
        /// of a table or JSON lines: name of a column with sizes of keys in bytes, or its number; the first of each key counts
        "key_size" key_size: Option<String> as Text, or "none";
        /// of a table or JSON lines: name of a column with times to live in seconds, or its number; for tiers with `recorded_ttl`
        "ttl" ttl: Option<String> as Text, or "none";
        /// of a table or JSON lines: name of a column with the client of each request, or its number; for `clients.route = "recorded"`
        "client" client: Option<String> as Text, or "none";
        /// classes of keys: `{ before = ":" }` takes the beginning of the key, `{ column = "table" }` a column
        "class" class: Option<ClassBy> as ClassBy, or "none";
        /// of the times: `"s"`, `"ms"`, `"us"`, `"ns"`, ... or `"ticks"` (100 ns)
        "unit" unit_ns: Option<u64> as TimeUnit, optional "that of the format, or by the magnitude of a time since 1970";
        /// `{ column = "op", read = ["28"], write = ["2a"] }` separates reads from writes in a table or JSON lines
        "operation" operation: Option<Operation> as Operation, or "none";
        /// meaning of recorded SETs: `"fill"` leaves them out, because the simulated cache fills itself; `"write"` makes them writes
        "sets" sets: Option<Sets> as Sets, optional "`\"write\"` with lists in `operation`; else required where there are SETs";
        /// spreads requests that share a coarse time stamp over its unit, if most of them do
        "spread" spread: bool, default true;
        /// constant rate in place of the recorded times
        "rate" rate_per_s: Option<f64> as Rate, or "none";
        /// leaves out what comes earlier in the recording, from its first request on
        "from" from_ns: Nanos as Duration, default "0s";
        /// leaves out what comes from then on in the recording
        "until" until_ns: Option<Nanos> as PositiveDuration, optional "its end";
        /// begins anew at the end of the recording, for as long as `duration`
        "loop" repeats: bool, default false;
        /// sorts rows that come so much too late in the file, at most 1,048,576 at a time
        "reorder" reorder_ns: Option<Nanos> as Duration, optional "`\"5s\"` for `monitor` and `access-log`, else none";
        /// leaves out up to so many rows that cannot be read
        "skip_bad" skip_bad: u64 as Whole<0, { u64::MAX }>, default 0;
    }
    check |f| {
        if rate_per_s.flatten().is_some() {
            for name in ["from", "until", "reorder"] {
                f.refuse(name, "a constant rate replaces the recorded times", "leave it out, or `rate`");
            }
        }
        let until = until_ns.flatten().zip(from_ns);
        if let Some((until, from)) = until && until <= from {
            let title = format!("wrong value for {}.until", f.cx.here());
            f.cx.report(Diagnostic::new(title, f.place("until"), "expected an instant after `from`"));
            return None;
        }
    }
}

choice! {
    /// How a trace tells the classes of keys.
    pub(crate) enum ClassBy in "trace_class", such as "{ before = \":\" }" {
        /// the part of the key before the first such mark: `user` of `user:16`; keys without it are `other`
        "before" Before(String as Text) such as "\":\"";
        /// a column of a table, or field of JSON lines; the first class of each key counts
        "column" Column(String as Text) such as "\"table\"";
    }
}

options! {
    /// Which texts of a column mean a read and which a write; any other text is an error.
    pub(crate) struct Operation in "operation", such as "{ column = \"op\", read = [\"get\"], write = [\"set\"] }" {
        /// name of the column or field, or its number
        "column" column: String as Text, required "the name of the column";
        /// the texts that mean a read; without `read` and `write` they have their usual meaning
        "read" read: Vec<String> as Texts, default [];
        /// the texts that mean a write; any other text is an error
        "write" write: Vec<String> as Texts, default [];
        /// the texts of requests that are left out
        "ignore" ignore: Vec<String> as Texts, default [];
    }
}

choice! {
    /// A factor on the arrival rate.
    #[derive(Clone, Copy, Debug, Serialize)]
    pub enum ProfilePart in "profile", such as "{ step = { at = \"60s\", factor = 2.0 } }" {
        /// from this instant the rate is this many times the base
        "step" Step such as "{ at = \"60s\", factor = 2.0 }" {
            /// the instant
            "at" at_ns: Nanos as Duration, required "an instant such as \"60s\"";
            /// the factor, at least 0
            "factor" factor: f64 as AtLeast<0>, required "a factor on the rate, at least 0";
        };
        /// the factor moves linearly from its value before to this one
        "ramp" Ramp such as "{ from = \"60s\", to = \"90s\", factor = 3.0 }" {
            /// instant at which it begins
            "from" from_ns: Nanos as Duration, required "an instant such as \"60s\"";
            /// instant at which it ends
            "to" to_ns: Nanos as Duration, required "an instant such as \"90s\"";
            /// the factor at its end, at least 0
            "factor" factor: f64 as AtLeast<0>, required "a factor on the rate, at least 0";
        } check |f| {
            if to_ns? <= from_ns? {
                let title = format!("wrong value for {}.to", f.cx.here());
                let (to, from) = (f.place("to"), f.place("from"));
                f.cx.report(Diagnostic::new(title, to, "expected an instant after `from`").also(from, ""));
                return None;
            }
        };
        /// multiplies by 1 + amplitude sin(2 pi (t - phase) / period)
        "sine" Sine such as "{ period = \"24h\", amplitude = 0.3 }" {
            /// length of one wave
            "period" period_ns: Nanos as PositiveDuration, required "a duration such as \"24h\"";
            /// instant at which the first one begins
            "phase" phase_ns: Nanos as Duration, default "0s";
            /// height of the wave as a share of the rate, at most 1
            "amplitude" amplitude: f64 as Share, required "a share of the rate, at most 1";
        };
    }
}

/// Parts in order of time.
struct Profile;

impl Form for Profile {
    type Value = Vec<ProfilePart>;
    type Around<'a> = ();
    const KIND: Kind = Kind::List(&ProfilePart::KIND);

    fn read(cx: &mut Context, node: &Node, (): ()) -> Option<Vec<ProfilePart>> {
        let Value::Array(items) = &node.value else {
            return cx.wrong(node, "expected a list such as [{ step = { at = \"60s\", factor = 2.0 } }]");
        };
        let parts: Option<Vec<ProfilePart>> =
            items.iter().map(|item| ProfilePart::read(cx, item, ())).collect();
        let parts = parts?;
        let mut end_ns = 0;
        for (part, item) in parts.iter().zip(items) {
            let (from_ns, to_ns) = match *part {
                ProfilePart::Step { at_ns, .. } => (at_ns, at_ns),
                ProfilePart::Ramp { from_ns, to_ns, .. } => (from_ns, to_ns),
                ProfilePart::Sine { .. } => continue,
            };
            if from_ns < end_ns {
                return cx.wrong(item, "steps and ramps must follow one another in time without overlap");
            }
            end_ns = to_ns;
        }
        Some(parts)
    }
}
