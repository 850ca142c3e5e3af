//! `--log`: what happens inside, a JSON object per line.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use herdlab::atomic::Target;
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

/// The steps of the command itself.
#[derive(Serialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub(crate) enum Phase<'a> {
    Checked { scenario: &'a str, warnings: &'a [&'static str], requests: f64, memory_bytes: f64 },
    Refused { problems: &'a str },
    Written { folder: &'a str, seconds: f64 },
    Changed { file: &'a str },
}

/// Whether there is a file that a log did not write. A log is opened, and so emptied, before the scenario is read: what the
/// scenario names is not known yet, and must not be lost.
fn is_something_else(target: &Path) -> bool {
    const START: &[u8] = br#"{"at_s":"#;
    if !target.is_file() {
        return false;
    }
    let mut start = Vec::new();
    let read = File::open(target).and_then(|file| file.take(START.len() as u64).read_to_end(&mut start));
    read.is_err() || !(start.is_empty() || start == START)
}

impl Log {
    /// Opens a log: a file, or `-` for standard error.
    pub fn open(target: Option<&Path>) -> Result<Log, Diagnostics> {
        let Some(target) = target else { return Ok(Log::default()) };
        let out: Box<dyn Write + Send> = if target == Path::new("-") {
            Box::new(io::stderr())
        } else {
            let refused = |problem: &dyn std::fmt::Display, help: &str| {
                let title = format!("cannot write the log {}: {problem}", target.display());
                Diagnostics::general(title, vec![help.to_owned()])
            };
            if is_something_else(target) {
                let help = "remove it, or choose another place with --log FILE";
                return Err(refused(&"the file that is there is no log of herdlab", help));
            }
            let opened = Target::of(target).and_then(|place| place.open(true));
            let help = "name a file in a folder that is there, or - for standard error";
            opened.map_err(|error| refused(&error, help))?
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

    /// The observer that writes the steps of an experiment to the log.
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
