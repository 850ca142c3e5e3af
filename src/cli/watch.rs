//! `--watch`: again whenever the scenario is saved.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime};

use herdlab::sim::Control;

/// Between two looks. Editors save in several steps: what has not changed since the last look is complete.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Identity of one saved state of a file; `None` while an editor has it moved away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Seen(Option<(SystemTime, u64)>);

fn look(file: &Path) -> Seen {
    let state = std::fs::metadata(file).and_then(|state| Ok((state.modified()?, state.len())));
    Seen(state.ok())
}

/// A file, as it was when it was read.
pub(crate) struct Watched {
    file: PathBuf,
    read: Seen,
}

impl Watched {
    pub fn new(file: &Path) -> Watched {
        Watched { file: file.to_owned(), read: look(file) }
    }

    /// The file is read now.
    pub fn reading(&mut self) {
        self.read = look(&self.file);
    }

    /// Waits until the file has been saved, or until `stop` is set.
    pub fn wait(&self, stop: &AtomicBool) {
        let mut before = self.read;
        while !stop.load(Ordering::Relaxed) {
            thread::sleep(LOOK_EVERY);
            let now = look(&self.file);
            if now == before && now != self.read && now.0.is_some() {
                return;
            }
            before = now;
        }
    }

    /// Stops the simulations when the file is saved while they run: their answer is out of date.
    pub fn guard(&self, control: &Arc<Control>) -> Guard {
        let (file, read) = (self.file.clone(), self.read);
        let (over, outdated) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let (stop, found, control) = (Arc::clone(&over), Arc::clone(&outdated), Arc::clone(control));
        let watcher = thread::spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                let now = look(&file);
                if now != read && now.0.is_some() {
                    found.store(true, Ordering::Relaxed);
                    control.cancel.store(true, Ordering::Relaxed);
                    return;
                }
                thread::sleep(LOOK_EVERY);
            }
        });
        Guard { over, outdated, watcher: Some(watcher) }
    }
}

/// Watches during a run.
pub(crate) struct Guard {
    over: Arc<AtomicBool>,
    outdated: Arc<AtomicBool>,
    watcher: Option<JoinHandle<()>>,
}

impl Guard {
    /// Whether the file was saved meanwhile.
    pub fn outdated(&self) -> bool {
        self.outdated.load(Ordering::Relaxed)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(watcher) = self.watcher.take() {
            // A watcher that failed is no reason to fail the run.
            let _ = watcher.join();
        }
    }
}
