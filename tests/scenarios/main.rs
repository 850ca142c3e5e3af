//! Every bundled scenario in miniature, every word of the scenario grammar at work, and any combination of them.

mod bundled;
mod bytes;
mod combinations;
mod covered;
mod creation;
mod digests;
#[path = "../support/draw.rs"]
mod draw;
mod estimates;
mod even;
mod exact_capacity;
mod exact_coalescing;
mod exact_costs;
mod exact_database;
mod exact_events;
mod exact_over_time;
mod exact_tiers;
mod exact_warmup;
mod exact_writes;
mod faults;
mod gather;
mod grammar;
mod invalidation;
mod limiter;
mod measures;
mod nesting;
mod nodes;
mod over_time;
mod plain;
mod presence;
mod protection;
mod recovery;
mod replicas;
mod sources;
mod standing;
mod sums;
#[path = "../support/mod.rs"]
mod support;
mod table;
mod tiny;
mod torn;
mod unanswered;
mod why;
mod why_exact;
mod write_back;
mod writes;
