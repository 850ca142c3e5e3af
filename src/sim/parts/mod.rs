//! The parts that the engine is put together from. None of them depends on the engine, the queue of events or the recorder's
//! way of counting requests; each can be tested alone.

pub mod ahead;
pub mod attempt;
pub mod call_map;
pub mod coding;
pub mod command;
pub mod crashes;
pub mod database;
pub mod dirty;
pub mod failures;
pub mod fleet;
pub mod gather;
pub mod guard;
pub mod hedging;
pub mod image;
pub mod in_system;
pub mod journey;
pub mod journeys;
pub mod key;
pub mod leases;
pub mod limiter;
pub mod nodes;
pub mod pool;
pub mod reading;
pub mod replicas;
pub mod revisions;
pub mod rules;
pub mod server;
pub mod stream;
pub mod system;
pub mod tier;
pub mod tombstones;
pub mod warming;
pub mod watch;
pub mod ways;
pub mod worker_pool;
