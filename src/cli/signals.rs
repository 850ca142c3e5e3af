//! Ctrl-C and the other signals that end the program: SIGINT, SIGTERM and SIGHUP mean the same.

use std::process;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use herdlab::atomic;
use herdlab::sim::Control;

use super::exit;

/// The simulations under way.
static RUNNING: Mutex<Option<Arc<Control>>> = Mutex::new(None);

/// From now on a signal stops the simulations of [`stop_on_signal`], which keeps what is finished. The second one, and the
/// first one where nothing is simulated, ends the program. Either way no temporary file is left.
pub(crate) fn listen() -> Result<(), ctrlc::Error> {
    keep_ignoring();
    ctrlc::set_handler(|| {
        let running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if running.is_none_or(|control| control.cancel.swap(true, Ordering::Relaxed)) {
            atomic::abandon();
            #[cfg(feature = "live")]
            herdlab::live::servers::abandon();
            process::exit(i32::from(exit::INTERRUPTED));
        }
    })
}

/// These simulations are stopped by the next signal.
pub(crate) fn stop_on_signal(control: &Arc<Control>) {
    *RUNNING.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(control));
}

/// A hang-up that the program was started to ignore (`nohup`) stays ignored: it is kept from every thread, before
/// there are any others.
#[cfg(unix)]
fn keep_ignoring() {
    use nix::sys::signal::{SigSet, Signal};
    let hang_up = Signal::SIGHUP;
    if ignored().is_some_and(|ignored| ignored >> (hang_up as u32 - 1) & 1 == 1) {
        // Cannot fail for a signal that exists.
        let _ = SigSet::from(hang_up).thread_block();
    }
}

#[cfg(not(unix))]
fn keep_ignoring() {}

/// A bit for each signal, on systems that report them.
#[cfg(unix)]
fn ignored() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"))?;
    u64::from_str_radix(mask.trim(), 16).ok()
}
