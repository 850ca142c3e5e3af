//! One simulation and nothing else, for instruction counts and profiles: `benches/instructions.sh` runs it under
//! callgrind, which counts inside [`loop_alone`] only. Arguments: a scenario file, a duration, and a variant unless it is to be the
//! first one.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use herdlab::scenario::{Overrides, load};
use herdlab::sim::{Control, Engine, Finished, SimError};
use herdlab::workload::Tables;

/// The loop, under a name that a profiler can be told.
#[inline(never)]
fn loop_alone(engine: Engine<'_>) -> Result<Finished, SimError> {
    engine.run(&Control::default())
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let [file, duration, variant @ ..] = arguments.as_slice() else {
        // `cargo bench` and `cargo test` start every bench without arguments.
        println!("usage: instructions SCENARIO DURATION [VARIANT]");
        return ExitCode::SUCCESS;
    };
    let overrides = Overrides {
        duration: Some(duration.clone()),
        replications: Some(1),
        variants: variant.to_vec(),
        ..Overrides::default()
    };
    let experiment = match load(Path::new(file), &overrides) {
        Ok(experiment) => experiment,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(2);
        }
    };
    let model = &experiment.variants[0].model;
    let run = || -> Result<(u64, f64), SimError> {
        let tables = Arc::new(Tables::new(model, experiment.seed)?);
        let engine = Engine::new(model, tables, experiment.seed, 0)?;
        let started = Instant::now();
        let finished = loop_alone(engine)?;
        Ok((finished.recorder.finished(), started.elapsed().as_secs_f64()))
    };
    match run() {
        Ok((requests, seconds)) => {
            println!("{requests} requests, {:.0} requests/s", requests as f64 / seconds);
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
