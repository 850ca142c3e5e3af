//! From what production reports to a scenario.
//!
//! Sources are files and standard input; nothing is asked of a network. Each kind is read by a file of its own: `redis_info`,
//! `redis_config`, `redis_latency`, `hot_keys`, `monitor`, `memcached`, `access_log`, `postgres`, `prometheus`,
//! `series`; `detect` tells them apart by their content. `gather` collects them, `traffic`, `tier` and `backend` choose
//! the best source of each figure, and `written` writes the scenario, each figure with its place. A figure that no source
//! has is marked as an assumption.
//!
//! Values of keys, texts of queries and names of hosts are never copied; keys only into a trace, and there as hashes if so asked.

mod access_log;
mod backend;
mod detect;
mod gather;
mod hot_keys;
mod memcached;
mod mixture;
mod monitor;
mod popularity;
mod postgres;
mod prometheus;
mod recording;
mod redis_config;
mod redis_info;
mod redis_latency;
mod series;
mod source;
mod table;
mod tier;
mod trace;
mod traffic;
mod written;

pub use popularity::{Zipf, by_counts as zipf_by_counts, never_repeat};
pub use source::{Figure, ImportError, Origin, Role, Source};
pub use trace::{TraceModel, TraceModelError, trace_model};

/// Choices of the caller.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Seconds between two recordings that do not have their times.
    pub interval_s: Option<f64>,
    /// Replay the recording instead of a fitted workload.
    pub trace: Option<TraceOut>,
}

/// The trace that a scenario replays.
#[derive(Clone, Debug)]
pub struct TraceOut {
    /// As the scenario names it.
    pub file: String,
    /// Hashes instead of the keys themselves.
    pub hash_keys: bool,
}

/// A scenario and the trace that belongs to it.
#[derive(Clone, Debug)]
pub struct Imported {
    /// TOML.
    pub scenario: String,
    /// CSV.
    pub trace: Option<Vec<u8>>,
    /// Figures that no source has.
    pub assumptions: usize,
}

/// The scenario of all that was found, and the number of its assumptions.
fn scenario_of(found: &gather::Gathered<'_>, options: &Options) -> Result<(String, usize), ImportError> {
    let tier = tier::tier(found)?;
    let traffic = traffic::traffic(found, &tier)?;
    let backend = backend::backend(found)?;
    let scenario = written::scenario(found, &traffic, &tier, &backend, options);
    let assumptions = scenario.matches("# ASSUMPTION").count();
    Ok((scenario, assumptions))
}

/// Reads the sources and writes the scenario.
///
/// # Errors
/// A source that is none of the known kinds, is cut off or contradicts another one, with its line and the way out.
pub fn import(sources: &[Source], options: &Options) -> Result<Imported, ImportError> {
    let translated = gather::translated(sources)?;
    let found = gather::gather(sources, &translated, options)?;
    if options.trace.is_some() && found.recording.is_none() {
        let place = "--trace-out".to_owned();
        let problem = "no source is a recording of requests".to_owned();
        return Err(ImportError {
            place,
            problem,
            help: vec!["a MONITOR recording or an access log is one".to_owned()],
        });
    }
    let trace = options.trace.as_ref().zip(found.recording.as_ref());
    let (scenario, assumptions) = scenario_of(&found, options)?;
    Ok(Imported {
        assumptions,
        scenario,
        trace: trace.map(|(trace, recording)| recording.trace(trace.hash_keys)),
    })
}
