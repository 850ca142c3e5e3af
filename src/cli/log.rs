//! `--log`: what happens inside, a JSON object per line.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use herdlab::experiment::observe::Observer;
use herdlab::scenario::Diagnostics;
use serde::Serialize;

/// Where lines go; nowhere by default.
#[derive(Clone, Default)]
pub(crate) struct Log(Option<Arc<Open>>);

struct Open {
    started: Instant,
    out: Mutex<Box<dyn Write + Send>>,
}

/// A line: seconds since the start, and what happened.
#[derive(Serialize)]
struct Line<'a, S> {
    at_s: f64,
    #[serde(flatten)]
    step: &'a S,
}

/// What the command itself does.
#[derive(Serialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub(crate) enum Phase<'a> {
    Checked { scenario: &'a str, warnings: &'a [&'static str], requests: f64, memory_bytes: f64 },
    Refused { problems: &'a str },
    Written { folder: &'a str, seconds: f64 },
    Changed { file: &'a str },
}

impl Log {
    /// Opens a log: a file, or `-` for standard error.
    pub fn open(target: Option<&Path>) -> Result<Log, Diagnostics> {
        let Some(target) = target else { return Ok(Log::default()) };
        let out: Box<dyn Write + Send> = if target == Path::new("-") {
            Box::new(io::stderr())
        } else {
            Box::new(File::create(target).map_err(|error| {
                let title = format!("cannot write the log {}: {error}", target.display());
                Diagnostics::general(
                    title,
                    vec!["name a file in a folder that is there, or - for standard error".to_owned()],
                )
            })?)
        };
        Ok(Log(Some(Arc::new(Open { started: Instant::now(), out: Mutex::new(out) }))))
    }

    /// Writes a line. A log that cannot be written is no reason to lose a run.
    pub fn write(&self, step: &impl Serialize) {
        let Some(open) = &self.0 else { return };
        let line = Line { at_s: (open.started.elapsed().as_secs_f64() * 1e3).round() / 1e3, step };
        let Ok(mut text) = serde_json::to_string(&line) else { return };
        text.push('\n');
        let mut out = open.out.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    }

    /// Whoever runs an experiment tells the log.
    pub fn observer(&self) -> Observer {
        match &self.0 {
            None => Observer::default(),
            Some(_) => {
                let log = self.clone();
                Observer::new(move |step| log.write(step))
            }
        }
    }
}
