//! The engine of the what-if page: a scenario, the knobs that its reader turns, and figures that grow while a task is simulated.
//!
//! A page holds one [`Session`] and talks to it in JSON ([`Session::answer`]): `open` a scenario, `ask` for a setting, `step` until
//! it is done, `figures` in between. A new question takes the place of the one before. Settings are applied as `--set` and
//! `--variant` apply them, so [`herdlab run`](crate::experiment::run) makes the same figures.

mod ask;
#[cfg(any(target_family = "wasm", test))]
mod exports;
mod figures;
mod measures;
mod protocol;
mod session;

pub use protocol::Request;
pub use session::{MEMORY_BYTES_MAX, Session};

/// Fingerprint of the sources that the engine was built of: a page and the program that wrote it have the same.
pub const DIGEST: &str = env!("HERDLAB_SOURCES");
