//! Simulations over all threads: one list, taken from in order.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::options::RunError;
use crate::sim::{Control, SimError};

/// Works off a list on the threads of the pool that this runs in; gives what failed, if anything did.
///
/// Threads take the next piece in order, so that an interrupt leaves the first ones whole and a long piece starves nobody;
/// a parallel iterator would hand out halves of the list. A failure stops the others; what made them stop is not the cause.
pub(super) fn work_off<W: Sync>(
    list: &[W],
    control: &Control,
    work: impl Fn(&W) -> Result<(), RunError> + Sync,
) -> Option<RunError> {
    let failure: Mutex<Option<RunError>> = Mutex::new(None);
    let next = AtomicUsize::new(0);
    rayon::broadcast(|_| {
        while let Some(piece) = list.get(next.fetch_add(1, Ordering::Relaxed)) {
            if control.cancel.load(Ordering::Relaxed) {
                return;
            }
            if let Err(error) = work(piece) {
                control.cancel.store(true, Ordering::Relaxed);
                let mut failure = lock(&failure);
                if failure.as_ref().is_none_or(is_stop) {
                    *failure = Some(error);
                }
            }
        }
    });
    into_inner(failure)
}

/// Whether a simulation ended because it was told to.
pub(super) fn is_stop(error: &RunError) -> bool {
    matches!(error, RunError::Simulation { source: SimError::Cancelled, .. })
}

/// A thread that panicked has left nothing half done here.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a mutex held when all threads are done.
pub(super) fn into_inner<T>(mutex: Mutex<T>) -> T {
    mutex.into_inner().unwrap_or_else(PoisonError::into_inner)
}
