//! The scenario on real servers: Redis and PostgreSQL of its own or given ones, their calibration, and the verdict over the model.
//!
//! The verdict is arithmetic on records and part of every program; what talks to servers needs the feature `live`.

pub mod against;
#[cfg(feature = "live")]
pub mod calibrate;
#[cfg(feature = "live")]
pub mod player;
#[cfg(feature = "live")]
pub mod servers;
