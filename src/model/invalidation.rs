//! How caches learn of writes besides what the writer does itself.

use serde::Serialize;

use super::{Dist, Nanos};

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Invalidation {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cdc: Option<Cdc>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broadcast: Option<Broadcast>,
}

impl Invalidation {
    /// Whether nobody but the writer tells the caches.
    pub fn is_none(&self) -> bool {
        self.cdc.is_none() && self.broadcast.is_none()
    }
}

/// Change data capture: each commit enters a stream, a consumer deletes what it names from the shared tiers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cdc {
    /// From the commit to the consumer's end of the stream; the order of the commits is kept.
    pub lag: Dist,
    /// Changes that the consumer handles per second; `None`: as many as come.
    pub rate_per_s: Option<f64>,
    /// After this a DELETE that a tier did not execute is sent again.
    pub retry_ns: Nanos,
}

/// Instance tiers hear of invalidations, each after its own delay.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Broadcast {
    pub delay: Dist,
}
