//! Every bundled scenario in miniature, every word of the scenario grammar at work, and any combination of them.

mod bundled;
mod bytes;
mod combinations;
mod grammar;
mod invalidation;
mod nesting;
mod nodes;
mod plain;
mod presence;
mod replicas;
mod sources;
#[path = "../support/mod.rs"]
mod support;
mod table;
mod tiny;
mod writes;
