//! A pool of one instance: its connections are taken by one caller each, first come, first served.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::time::Instant;

use tokio::sync::oneshot;

use super::timer::Alarm;

/// Connections, or permits for them.
#[derive(Debug)]
pub struct Pool<T> {
    idle: RefCell<VecDeque<T>>,
    waiting: RefCell<VecDeque<oneshot::Sender<T>>>,
}

/// A connection that was taken, and whether it had to be waited for.
#[derive(Debug, PartialEq, Eq)]
pub struct Taken<T> {
    pub item: T,
    pub has_waited: bool,
}

impl<T> Pool<T> {
    pub fn new(items: impl IntoIterator<Item = T>) -> Pool<T> {
        Pool { idle: RefCell::new(items.into_iter().collect()), waiting: RefCell::default() }
    }

    /// Takes a connection; `None`: there was none up to `until`.
    pub async fn take(&self, alarm: &Alarm, until: Option<Instant>) -> Option<Taken<T>> {
        if let Some(item) = self.idle.borrow_mut().pop_front() {
            return Some(Taken { item, has_waited: false });
        }
        let (sender, mut receiver) = oneshot::channel();
        self.waiting.borrow_mut().push_back(sender);
        let item = match until {
            None => receiver.await.ok()?,
            Some(until) => tokio::select! {
                biased;
                item = &mut receiver => item.ok()?,
                () = alarm.at(until) => {
                    receiver.close();
                    // One that came between the two is not lost.
                    receiver.try_recv().ok()?
                }
            },
        };
        Some(Taken { item, has_waited: true })
    }

    /// Gives it back: to whoever has waited for longest.
    pub fn give(&self, mut item: T) {
        loop {
            let Some(next) = self.waiting.borrow_mut().pop_front() else { break };
            match next.send(item) {
                Ok(()) => return,
                // That one has given up.
                Err(back) => item = back,
            }
        }
        self.idle.borrow_mut().push_back(item);
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;
    use std::time::Duration;

    use tokio::task::spawn_local;

    use super::*;
    use crate::live::player::fixture::alone;
    use crate::live::player::timer::Timer;

    #[test]
    fn who_has_waited_for_longest_gets_the_next_connection() {
        alone(async {
            let timer = Timer::start();
            let pool = Rc::new(Pool::new(["a"]));
            let first = pool.take(&timer.alarm(), None).await.unwrap();
            assert_eq!(first, Taken { item: "a", has_waited: false });
            let order = Rc::new(RefCell::new(Vec::new()));
            let tasks: Vec<_> = (0..3)
                .map(|number| {
                    let (pool, order, alarm) = (Rc::clone(&pool), Rc::clone(&order), timer.alarm());
                    spawn_local(async move {
                        let taken = pool.take(&alarm, None).await.unwrap();
                        assert!(taken.has_waited);
                        order.borrow_mut().push(number);
                        pool.give(taken.item);
                    })
                })
                .collect();
            tokio::task::yield_now().await;
            assert!(order.borrow().is_empty(), "one connection is for one caller");
            pool.give(first.item);
            for task in tasks {
                task.await.unwrap();
            }
            assert_eq!(*order.borrow(), [0, 1, 2]);
        });
    }

    #[test]
    fn who_gives_up_does_not_keep_the_connection_from_others() {
        alone(async {
            let timer = Timer::start();
            let pool = Pool::new([7]);
            let taken = pool.take(&timer.alarm(), None).await.unwrap();
            let until = Instant::now() + Duration::from_millis(5);
            assert_eq!(pool.take(&timer.alarm(), Some(until)).await, None);
            pool.give(taken.item);
            assert_eq!(pool.take(&timer.alarm(), Some(until)).await.unwrap().item, 7);
        });
    }
}
