//! The parts of a request that a format has, whether or not every row has them.

use super::super::formats::Opened;
use crate::model::{TraceColumns, TraceLayout};

/// What rows may have beside their key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    pub time: bool,
    pub size: bool,
    /// Sizes of keys that the texts of the keys do not show.
    pub key_size: bool,
    pub operation: bool,
    pub ttl: bool,
    pub client: bool,
}

impl Parts {
    /// Of a trace whose format and columns are known.
    pub fn of(trace: &Opened) -> Parts {
        let own = match &trace.layout {
            TraceLayout::Table(columns) => Parts::of_columns(columns),
            TraceLayout::Fields(fields) => Parts::of_columns(fields),
            TraceLayout::Fixed => Parts::of_format(trace.format.name),
        };
        Parts { time: trace.has_times, ..own }
    }

    fn of_columns<C>(columns: &TraceColumns<C>) -> Parts {
        Parts {
            size: columns.size.is_some(),
            key_size: columns.key_size.is_some(),
            operation: columns.operation.is_some(),
            ttl: columns.ttl.is_some(),
            client: columns.client.is_some(),
            time: columns.time.is_some(),
        }
    }

    /// Of formats whose parts are in fixed places.
    fn of_format(name: &str) -> Parts {
        let none = Parts::default();
        match name {
            "oracle" | "webcachesim" => Parts { size: true, ..none },
            "msr" | "vscsi1" | "vscsi2" => Parts { size: true, operation: true, ..none },
            "twitter" => {
                Parts { size: true, key_size: true, operation: true, ttl: true, client: true, time: false }
            }
            "monitor" => Parts { operation: true, client: true, ..none },
            "access-log" => Parts { size: true, operation: true, client: true, ..none },
            _ => none,
        }
    }
}
