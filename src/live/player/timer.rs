//! Instants that are kept to a tenth of a millisecond: timers of tokio are a millisecond coarse.

use std::collections::BinaryHeap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

/// A thread that wakes tasks at their instants.
#[derive(Debug)]
pub struct Timer {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// The side of the tasks.
#[derive(Clone, Debug)]
pub struct Alarm(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    changed: Condvar,
    lateness: Lateness,
}

/// Half of the tasks wake later than this after their instant: a running median, which every wake moves by a step (Robbins and Monro, 1951).
#[derive(Debug, Default)]
struct Lateness(AtomicU64);

impl Lateness {
    const STEP_NS: u64 = 1_000;

    fn typical(&self) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::Relaxed))
    }

    fn note(&self, late: Duration) {
        let typical = self.typical();
        let ns = typical.as_nanos() as u64;
        let moved = if late > typical { ns + Self::STEP_NS } else { ns.saturating_sub(Self::STEP_NS) };
        self.0.store(moved, Ordering::Relaxed);
    }
}

#[derive(Debug, Default)]
struct Waiting {
    /// The earliest on top.
    heap: BinaryHeap<Entry>,
    is_over: bool,
}

#[derive(Debug)]
struct Entry {
    at: Instant,
    task: oneshot::Sender<()>,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Entry) -> bool {
        self.at == other.at
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Entry) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Entry) -> std::cmp::Ordering {
        other.at.cmp(&self.at)
    }
}

impl Timer {
    pub fn start() -> Timer {
        let shared = Arc::new(Shared::default());
        let own = Arc::clone(&shared);
        let thread = std::thread::spawn(move || {
            super::priority::raise();
            own.run();
        });
        Timer { shared, thread: Some(thread) }
    }

    pub fn alarm(&self) -> Alarm {
        Alarm(Arc::clone(&self.shared))
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.shared.lock().is_over = true;
        self.shared.changed.notify_one();
        if let Some(thread) = self.thread.take() {
            // It only waits and wakes: it cannot have panicked.
            let _ = thread.join();
        }
    }
}

impl Alarm {
    /// Returns as often before the instant as after it: [`Alarm::at`] with what it is typically late taken off.
    pub async fn near(&self, at: Instant) {
        let aimed = at.checked_sub(self.0.lateness.typical()).unwrap_or(at);
        if aimed <= Instant::now() {
            return;
        }
        self.at(aimed).await;
        self.0.lateness.note(aimed.elapsed());
    }

    /// Returns at the instant; at once where it is past.
    pub async fn at(&self, at: Instant) {
        if at <= Instant::now() {
            return;
        }
        let (task, woken) = oneshot::channel();
        let is_first = {
            let mut waiting = self.0.lock();
            let is_first = waiting.heap.peek().is_none_or(|first| at < first.at);
            waiting.heap.push(Entry { at, task });
            is_first
        };
        if is_first {
            self.0.changed.notify_one();
        }
        // Where the thread is gone the repetition is over.
        let _ = woken.await;
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self) {
        let mut waiting = self.lock();
        while !waiting.is_over {
            let now = Instant::now();
            while waiting.heap.peek().is_some_and(|first| first.at <= now) {
                if let Some(due) = waiting.heap.pop() {
                    // Nobody waits any more for what was given up.
                    let _ = due.task.send(());
                }
            }
            waiting = match waiting.heap.peek().map(|first| first.at.saturating_duration_since(now)) {
                None => self.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner),
                Some(left) => {
                    let woken = self.changed.wait_timeout(waiting, left);
                    woken.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lateness_is_a_running_median_which_an_outlier_moves_by_a_step() {
        let lateness = Lateness::default();
        let micros = Duration::from_micros;
        // Three of four are 60 us late.
        (0..400).for_each(|turn| lateness.note(micros(if turn % 4 == 0 { 10 } else { 60 })));
        let typical = lateness.typical();
        assert!((micros(58)..=micros(60)).contains(&typical), "{typical:?}");
        lateness.note(micros(9_000));
        assert_eq!(lateness.typical(), typical + micros(1));
    }

    #[test]
    fn tasks_wake_in_the_order_of_their_instants_and_not_before() {
        let timer = Timer::start();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let started = Instant::now();
        let woken = std::cell::RefCell::new(Vec::new());
        let at = |ms: u64| {
            let (alarm, woken) = (timer.alarm(), &woken);
            async move {
                alarm.at(started + Duration::from_millis(ms)).await;
                assert!(started.elapsed() >= Duration::from_millis(ms));
                woken.borrow_mut().push(ms);
            }
        };
        runtime.block_on(async {
            let (long, short, past) = (at(40), at(15), at(0));
            tokio::join!(long, short, past);
        });
        assert_eq!(woken.into_inner(), [0, 15, 40]);
    }
}
