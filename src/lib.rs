//! herdlab: what a cache change will do to the database, before production does.
//!
//! The pipeline, one room after the other; each room imports only rooms above it:
//!
//! scenario file -> [`scenario`] (checked model) -> [`experiment`] (cells x replications) -> [`sim`]
//! (one simulation) -> [`record`] -> [`report`]
//!
//! A scenario, its description, and a measure of it, cut short:
//!
//! ```
//! use herdlab::experiment::comparison::compare;
//! use herdlab::experiment::run::{RunOptions, run};
//! use herdlab::scenario::{Overrides, bundled, parse};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let lookup = bundled::get("lookup").ok_or("no such scenario")?;
//! let short = Overrides { duration: Some("2s".into()), replications: Some(2), ..Overrides::default() };
//! let experiment = parse(lookup.source, &lookup.path(), "scenarios".as_ref(), &short)?;
//! let record = run(&experiment, &RunOptions::default())?.record;
//! let comparison = compare(&record);
//! let load = |variant: &str| comparison.variant(variant)?.mean("db.qps.mean");
//! assert!(load("cache") < load("no cache"));
//! # Ok(())
//! # }
//! ```
//!
//! A scenario needs no text: [`scenario::build`] puts one together in code. An eviction or an early refresh of one's own takes
//! the place of a tier's by [`policy::own`]; [`experiment::observe`] reports the steps of a run; [`report::write_all`]
//! writes what the command writes. `examples/` has a program for each.
//!
//! How the rooms work inside is in `ARCHITECTURE.md`, what the model means in `docs/model.md`.

// What is shown is for the command to show, in a way that cannot panic; nor does anything else by way of `unwrap`.
// The core has parts that only files, pages and the command use.
#![cfg_attr(not(feature = "cli"), allow(dead_code, unused_imports, reason = "used by features that are off"))]
#![cfg_attr(not(test), deny(clippy::print_stdout, clippy::print_stderr, clippy::unwrap_used))]

#[cfg(all(feature = "live", not(unix)))]
compile_error!("the feature `live` stops and continues servers by signals and needs Unix");

#[cfg(feature = "native")]
pub mod atomic;
pub mod catalog;
mod clock;
pub mod declare;
pub mod dice;
pub mod experiment;
#[cfg(feature = "native")]
pub mod import;
#[cfg(feature = "pages")]
pub mod jobs;
pub mod journal;
#[cfg(feature = "native")]
pub mod live;
pub mod measure;
pub mod model;
pub mod oracle;
pub mod policy;
mod prefetch;
pub mod record;
pub mod reference;
#[cfg(feature = "native")]
pub mod replay;
pub mod report;
pub mod scenario;
pub mod sim;
#[cfg(feature = "native")]
pub mod starter;
#[cfg(feature = "native")]
pub mod survey;
pub mod theory;
pub mod trace;
pub mod units;
#[cfg(feature = "native")]
pub mod validate;
pub mod what_if;
pub mod workload;
pub mod wrap;
