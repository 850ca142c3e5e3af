//! Options of tiers that are reached over the network only.

use serde::Serialize;

use super::super::dist::set_each_way;
use super::super::{Breaker, Dist, Nanos, is_one, is_true, is_zero};
use crate::declare::fields::Context;
use crate::declare::file::Node;
use crate::declare::kind::Kind;
use crate::declare::values::{
    Bandwidth, Bytes, Count, Duration, FineDuration, PositiveDuration, PositiveShare, Whole32,
};
use crate::declare::{Form, choice, keywords, options};

options! {
    #[derive(Clone, Debug, Serialize)]
    pub struct SharedTier in "shared", such as "[[tier]]" {
        /// shared only: random time, each way
        "network" network: Dist, default "0s";
        /// shared only: random time there and back, in place of `network`; what it takes beyond its least value is spent on the way there
        #[serde(skip_serializing_if = "Option::is_none")]
        "round_trip" round_trip: Option<Dist> as Dist, or "none";
        /// shared only: time of the single-threaded server per command
        "service" service_ns: Nanos as Duration, default "0s";
        /// shared only: added per byte of value; fractions such as `"0.5ns"` allowed
        "per_byte" per_byte_ns: f64 as FineDuration, default "0s";
        /// shared only: connections per instance and node
        "pool" pool: Option<u32> as Count, or "unlimited";
        /// shared only: longest wait for a connection; needs `pool`
        "pool_timeout" pool_timeout_ns: Option<Nanos> as PositiveDuration, or "none";
        /// shared only: longest wait for a reply
        "timeout" timeout_ns: Option<Nanos> as PositiveDuration, or "none";
        /// shared only: a read that gets no answer goes on to the next level (fail open), or ends in an `"error"` (fail closed)
        "on_failure" on_failure: OnFailure, default "next";
        /// shared only: whether a read that got no answer and went on sends a SET when it has the value, as most client code does
        /// ([model.md](model.md)); `false`: it does not
        #[serde(skip_serializing_if = "is_true")]
        "fill_after_failure" fill_after_failure: bool, default true;
        /// shared only: a circuit breaker per instance; while it is open, commands are not sent: lookups go on by `on_failure`, fills
        /// and deletes are lost
        #[serde(skip_serializing_if = "Option::is_none")]
        "breaker" breaker: Option<Breaker> as Breaker, or "none";
        /// shared only: servers that share the keys and the capacity, each with one thread of its own; at most 128
        #[serde(skip_serializing_if = "is_one")]
        "nodes" nodes: u32 as Whole32<1, 128>, default 1;
        /// shared only: how the keys of one request are looked up. Needs `keys_per_request`; not with `exists_share`
        #[serde(skip_serializing_if = "MultiGet::is_fan_out")]
        "multi_get" multi_get: MultiGet as MultiGet[service_ns.unwrap_or(0)], otherwise "`\"fan-out\"`" => Some(MultiGet::FanOut);
        /// shared only: time that clients spend on values: `{ per_byte = "2ns" }`
        #[serde(skip_serializing_if = "is_zero")]
        "serialize" serialize_per_byte_ns: f64 as SerializeCost, or "none" => Some(0.0);
        /// shared only: clients shrink large values: `{ above = "10kB", ratio = 0.3, per_byte = "4ns" }`
        #[serde(skip_serializing_if = "Option::is_none")]
        "compress" compress: Option<Compress> as Compress, or "none";
        /// shared only: of each node's network link in each direction, `"1GB/s"` (bytes, not bits)
        #[serde(skip_serializing_if = "Option::is_none")]
        "bandwidth" bandwidth_bytes_per_s: Option<f64> as Bandwidth, or "unlimited";
    }
    check |f| { set_each_way(f, &mut network, &mut round_trip); }
}

impl SharedTier {
    /// Whether bytes cost anything outside the server.
    pub fn bytes_cost(&self) -> bool {
        self.serialize_per_byte_ns > 0.0 || self.compress.is_some() || self.bandwidth_bytes_per_s.is_some()
    }
}

keywords! {
    /// Action of a read when a tier does not answer.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
    pub enum OnFailure {
        /// Goes on to the next tier or the database (fail open).
        "next" Next,
        /// Ends in an error (fail closed).
        "error" Error,
    }
}

choice! {
    /// How the keys of one request are looked up.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
    pub enum MultiGet in "multi_get" (service_ns: Nanos), such as "{ mget = { per_key = \"1us\" } }" {
        /// a GET for each, all at once
        "fan-out" FanOut;
        /// one command to each node that has any of them
        "mget" Mget such as "{ per_key = \"1us\" }" or alone {
            /// time of the server for every key after the first
            "per_key" per_key_ns: Nanos as Duration, otherwise "as `service`" => Some(service_ns);
        };
    }
}

impl MultiGet {
    pub(super) fn is_fan_out(&self) -> bool {
        *self == MultiGet::FanOut
    }
}

options! {
    struct Serialization in "serialize", such as "{ per_byte = \"2ns\" }" {
        /// a client's time per byte of a value that it writes or reads
        "per_byte" per_byte_ns: f64 as FineDuration, required "a client's time per byte of value such as \"2ns\"";
    }
}

/// A client's time per byte in nanoseconds.
struct SerializeCost;

impl Form for SerializeCost {
    type Value = f64;
    type Around<'a> = ();
    const KIND: Kind = Serialization::KIND;

    fn read(cx: &mut Context, node: &Node, (): ()) -> Option<f64> {
        Serialization::read(cx, node, ()).map(|cost| cost.per_byte_ns)
    }
}

options! {
    /// Large values are compressed by the clients.
    #[derive(Clone, Copy, Debug, PartialEq, Serialize)]
    pub struct Compress in "compress", such as "{ above = \"10kB\", ratio = 0.3, per_byte = \"4ns\" }" {
        /// the size above which values are compressed
        "above" above_bytes: u64 as Bytes, required "the size above which values are compressed, \"10kB\"";
        /// compressed size over original size
        "ratio" ratio: f64 as PositiveShare, required "compressed size over original size, such as 0.3";
        /// a client's time per byte of the original to compress it
        "per_byte" per_byte_ns: f64 as FineDuration, required "a client's time per byte, such as \"4ns\"";
        /// a client's time per byte of the original to read it
        "decompress_per_byte" decompress_per_byte_ns: f64 as FineDuration, otherwise "as `per_byte`" => per_byte_ns;
    }
}
