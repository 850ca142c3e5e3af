//! Instants that are kept to a tenth of a millisecond: timers of tokio are a millisecond coarse.

use std::collections::BinaryHeap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

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
    use std::time::Duration;

    use super::*;

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
