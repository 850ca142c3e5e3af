//! How long an entry lives, and when it is renewed.

use serde::Serialize;

use super::super::Nanos;
use crate::declare::fields::Context;
use crate::declare::file::{Node, Value};
use crate::declare::kind::{self, Kind};
use crate::declare::values::{Duration, Positive, PositiveDuration, PositiveShare, duration, share};
use crate::declare::{Form, choice, keywords, options};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Ttl {
    /// Entries never expire.
    None,
    After {
        ns: Nanos,
    },
}

impl Ttl {
    /// Nothing is stored.
    pub const ZERO: Ttl = Ttl::After { ns: 0 };
}

impl Form for Ttl {
    type Value = Ttl;
    type Around<'a> = ();
    const KIND: Kind = Kind::Either(&[Kind::Words(&["none"]), kind::DURATION]);

    fn read(cx: &mut Context, node: &Node, (): ()) -> Option<Ttl> {
        match node.as_str() {
            Some("none") => Some(Ttl::None),
            _ => duration(cx, node).map(|ns| Ttl::After { ns }),
        }
    }
}

choice! {
    /// Spread of the time to live.
    #[derive(Clone, Copy, Debug, PartialEq, Serialize)]
    pub enum Jitter in "jitter", such as "{ plus = \"30s\" } or { around = \"10%\" }" {
        /// every entry lives as long
        "none" None;
        /// up to this longer, evenly spread: a time, or a share of the ttl such as `"10%"`
        "plus" Plus(Spread) such as "\"30s\"";
        /// up to this longer or shorter, less than the ttl
        "around" Around(Spread) such as "\"30s\"";
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub enum Spread {
    Time {
        ns: Nanos,
    },
    /// Of the time to live.
    Share {
        share: f64,
    },
}

impl Form for Spread {
    type Value = Spread;
    type Around<'a> = ();
    const KIND: Kind = Kind::Either(&[kind::SHARE, kind::DURATION]);

    fn read(cx: &mut Context, node: &Node, (): ()) -> Option<Spread> {
        let is_share = match &node.value {
            Value::String(text) => text.trim().ends_with('%'),
            Value::Float(_) | Value::Integer(_) => true,
            _ => false,
        };
        if is_share {
            share(cx, node).map(|share| Spread::Share { share })
        } else {
            duration(cx, node).map(|ns| Spread::Time { ns })
        }
    }
}

choice! {
    #[derive(Clone, Copy, Debug, PartialEq, Serialize)]
    pub enum Refresh in "refresh", such as "{ xfetch = { beta = 1.0 } }" {
        /// an entry is fetched again once it has expired
        "none" None;
        /// probabilistic early refresh (Vattani, Chierichetti, Lowenstein: Optimal Probabilistic Cache Stampede Prevention, VLDB 2015)
        "xfetch" XFetch such as "{ beta = 1.0 }" {
            /// above 1: earlier; below 1: later
            "beta" beta: f64 as Positive, default 1.0;
            /// whether the request itself refreshes, `"inline"`, or a fetch in the `"background"`
            "mode" mode: RefreshMode, default "inline";
            /// past the ttl, for so long, the old value is served as well while it is refreshed
            #[serde(skip_serializing_if = "Option::is_none")]
            "grace" grace_ns: Option<Nanos> as PositiveDuration, or "none";
        };
        /// the same paper's baseline: refresh if now + window U >= expiry
        "uniform" Uniform such as "{ window = \"5s\" }" {
            /// how long before the expiry it may begin
            "window" window_ns: Nanos as PositiveDuration, required "a duration such as \"5s\"";
            /// past the ttl, for so long, the old value is served as well while it is refreshed
            #[serde(skip_serializing_if = "Option::is_none")]
            "grace" grace_ns: Option<Nanos> as PositiveDuration, or "none";
        };
        /// the first request of each instance past a share of the ttl starts a background refresh: up to one per instance and key
        "ahead" Ahead such as "{ fraction = 0.8 }" {
            /// the share of the ttl
            "fraction" fraction: f64 as PositiveShare, required "a share of the ttl such as 0.8";
            /// past the ttl, for so long, the old value is served as well while it is refreshed
            #[serde(skip_serializing_if = "Option::is_none")]
            "grace" grace_ns: Option<Nanos> as PositiveDuration, or "none";
        };
        /// past the ttl the old value is served while it is refreshed
        "stale-while-revalidate" StaleWhileRevalidate such as "{ grace = \"30s\" }" {
            /// how long past the ttl
            "grace" grace_ns: Nanos as PositiveDuration, required "a duration such as \"30s\"";
        };
    }
}

impl Refresh {
    /// How long past the ttl the old value is served while it is refreshed.
    pub fn grace_ns(self) -> Nanos {
        match self {
            Refresh::None => 0,
            Refresh::StaleWhileRevalidate { grace_ns } => grace_ns,
            Refresh::XFetch { grace_ns, .. }
            | Refresh::Uniform { grace_ns, .. }
            | Refresh::Ahead { grace_ns, .. } => grace_ns.unwrap_or(0),
        }
    }
}

options! {
    /// The old value in place of an error, or of a long wait.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
    pub struct FailSafe in "fail_safe", such as "{ grace = \"2h\", throttle = \"30s\" }" {
        /// how long past the ttl an old value may answer where the fetch fails (`stale-if-error`, RFC 5861)
        "grace" grace_ns: Nanos as PositiveDuration, required "a duration such as \"2h\"";
        /// after a failure the old value is served for so long without another attempt
        "throttle" throttle_ns: Nanos as Duration, default "30s";
        /// a fetch that takes longer is left to the background, and the old value answers (RFC 8767 suggests 1.8 s)
        #[serde(skip_serializing_if = "Option::is_none")]
        "soft_timeout" soft_timeout_ns: Option<Nanos> as PositiveDuration, or "none";
    }
}

keywords! {
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
    pub enum RefreshMode {
        "inline" Inline,
        "background" Background,
    }
}
