//! Simulations over all threads: one list, taken from in order.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

pub(super) use self::threads::{ThreadPool, ThreadPoolBuildError, map};
use super::options::RunError;
use crate::sim::{Control, SimError};

/// A pool of so many threads (0: one per core), but no more than there are simulations for them.
pub(super) fn pool(threads: usize, simulations: u64) -> Result<ThreadPool, ThreadPoolBuildError> {
    let wanted = match threads {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        threads => threads,
    };
    let useful = usize::try_from(simulations.max(1)).unwrap_or(usize::MAX);
    threads::pool(wanted.min(useful))
}

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
    threads::everywhere(|| {
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

/// Whether a simulation ended by request.
pub(super) fn is_stop(error: &RunError) -> bool {
    matches!(error, RunError::Simulation { source: SimError::Cancelled, .. })
}

/// A thread that panicked has left nothing half done here.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The content of a mutex when all threads are done.
pub(super) fn into_inner<T>(mutex: Mutex<T>) -> T {
    mutex.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// Over the threads of rayon.
#[cfg(feature = "native")]
mod threads {
    use rayon::ThreadPoolBuilder;
    use rayon::prelude::*;
    pub use rayon::{ThreadPool, ThreadPoolBuildError};

    pub fn pool(threads: usize) -> Result<ThreadPool, ThreadPoolBuildError> {
        ThreadPoolBuilder::new().num_threads(threads).build()
    }

    /// Calls `work` once on each thread of the pool that this runs in.
    pub fn everywhere(work: impl Fn() + Sync) {
        rayon::broadcast(|_| work());
    }

    /// The results in the order of the list, or the failure of one of its pieces.
    pub fn map<T: Send, R: Send, E: Send>(
        list: Vec<T>,
        of: impl Fn(T) -> Result<R, E> + Send + Sync,
    ) -> Result<Vec<R>, E> {
        list.into_par_iter().map(of).collect()
    }
}

/// The same where there is one thread and no other can be started.
#[cfg(not(feature = "native"))]
mod threads {
    /// Another thread is never asked for.
    #[derive(Debug, thiserror::Error)]
    pub enum ThreadPoolBuildError {}

    /// The one thread.
    pub struct ThreadPool;

    impl ThreadPool {
        pub fn install<R>(&self, work: impl FnOnce() -> R) -> R {
            work()
        }

        pub fn current_num_threads(&self) -> usize {
            1
        }
    }

    pub fn pool(_: usize) -> Result<ThreadPool, ThreadPoolBuildError> {
        Ok(ThreadPool)
    }

    pub fn everywhere(work: impl Fn()) {
        work();
    }

    pub fn map<T, R, E>(list: Vec<T>, of: impl Fn(T) -> Result<R, E>) -> Result<Vec<R>, E> {
        list.into_iter().map(of).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_thread_is_started_that_has_nothing_to_do() {
        assert_eq!(pool(5_000, 3).unwrap().current_num_threads(), 3);
        assert_eq!(pool(2, 3).unwrap().current_num_threads(), 2);
        assert_eq!(pool(0, 1).unwrap().current_num_threads(), 1);
        // Tables are built even where nothing is simulated.
        assert_eq!(pool(4, 0).unwrap().current_num_threads(), 1);
    }
}
