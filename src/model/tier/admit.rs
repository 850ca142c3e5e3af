//! Which fetched values a tier stores.

use serde::Serialize;

use super::super::Nanos;
use crate::declare::choice;
use crate::declare::values::{PositiveDuration, PositiveShare};

choice! {
    #[derive(Clone, Copy, Debug, PartialEq, Serialize)]
    pub enum Admit in "admit", such as "{ second = { window = \"10m\" } }" {
        /// every one
        "all" All;
        /// each with this probability
        "share" Share(f64 as PositiveShare) such as "0.1";
        /// those of keys that were fetched before within a time: the first fetch of a key leaves a mark, the second one an entry
        "second" Second such as "{ window = \"10m\" }" {
            /// from the first fetch to the second
            "window" window_ns: Nanos as PositiveDuration, required "a duration such as \"10m\"";
        };
    }
}

impl Admit {
    /// Whether every value is stored.
    pub fn is_all(&self) -> bool {
        matches!(self, Admit::All)
    }
}
