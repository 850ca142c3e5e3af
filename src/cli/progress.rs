//! How far a command is, on a terminal.

use std::borrow::Cow;
use std::fmt::Write;
use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use herdlab::scenario::estimate::Plan;
use herdlab::sim::Control;
use indicatif::{ProgressBar, ProgressState, ProgressStyle};

/// A spinner that stands still looks like a program that hangs.
const STAGE_TICK: Duration = Duration::from_millis(120);

/// Names of stages.
pub(crate) const ESTIMATING: &str = "estimating the run";
pub(crate) const DRAWING: &str = "drawing the report";

pub(crate) fn reading(file: &str) -> String {
    format!("reading {file}")
}

/// Works with a line on standard error that names the stage; silent where nobody watches.
pub(crate) fn during<T>(stage: impl Into<Cow<'static, str>>, quiet: bool, work: impl FnOnce() -> T) -> T {
    let _shown = is_watched(quiet).then(|| Stage::begin(stage.into()));
    work()
}

/// The line of a stage. It goes away with its end, that of a failure too.
struct Stage(ProgressBar);

impl Stage {
    fn begin(name: Cow<'static, str>) -> Stage {
        let bar = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg}") {
            bar.set_style(style);
        }
        bar.set_message(name);
        bar.enable_steady_tick(STAGE_TICK);
        Stage(bar)
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

pub(crate) fn is_watched(quiet: bool) -> bool {
    !quiet && std::io::stderr().is_terminal()
}

/// A progress line on standard error with the time left and the simulated requests per second; silent where
/// nobody watches.
pub(crate) struct Progress {
    watcher: Option<(Arc<AtomicBool>, JoinHandle<()>)>,
}

impl Progress {
    /// Starts to follow a run.
    pub fn start(control: &Arc<Control>, plan: &Plan, quiet: bool) -> Progress {
        if !is_watched(quiet) {
            return Progress { watcher: None };
        }
        let bar = ProgressBar::new(plan.requests as u64);
        let template = "{bar:30} {percent:>3} %  {human_pos} requests  {speed} M/s  {eta} left";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.with_key("speed", |state: &ProgressState, text: &mut dyn Write| {
                // A progress line that cannot be written is no reason to fail.
                let _ = write!(text, "{:.2}", state.per_sec() / 1e6);
            }));
        }
        let over = Arc::new(AtomicBool::new(false));
        let (control, stop) = (Arc::clone(control), Arc::clone(&over));
        let watcher = std::thread::spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                let done = control.requests.load(Ordering::Relaxed);
                // The plan is an expectation: a run may be a little longer.
                bar.set_length(bar.length().unwrap_or(0).max(done));
                bar.set_position(done);
                std::thread::sleep(Duration::from_millis(100));
            }
            bar.finish_and_clear();
        });
        Progress { watcher: Some((over, watcher)) }
    }

    /// The run is over: the line goes away.
    pub fn finish(self) {
        if let Some((over, watcher)) = self.watcher {
            over.store(true, Ordering::Relaxed);
            // A progress line that failed is no reason to fail the run.
            let _ = watcher.join();
        }
    }
}
