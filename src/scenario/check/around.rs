//! What the events of a scenario may refer to.

use crate::model::Directory;
use crate::model::{Clients, Database, Nanos, Tier, Workload};

/// What events refer to; parts that are wrong themselves are `None`.
pub(super) struct Surroundings<'a> {
    pub directory: &'a Directory,
    pub tiers: Option<&'a [Tier]>,
    pub database: Option<&'a Database>,
    pub workload: Option<&'a Workload>,
    /// Whether there is one, or one that is wrong itself.
    pub change_stream: bool,
    pub clients: Option<&'a Clients>,
    /// `None`: the file's own duration does not bound events, because `--duration` replaced it.
    pub last_instant_ns: Option<Nanos>,
}
