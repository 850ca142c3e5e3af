//! The gate in front of PostgreSQL, as a pgbouncer would be: so many queries at once for all instances, the others wait in
//! the order in which they came. A pause or an outage of the scenario's database happens here.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{oneshot, watch};

use crate::model::DownMode;

/// Number of a connection to PostgreSQL.
pub type Slot = usize;

#[derive(Debug)]
pub struct Gate {
    state: Mutex<State>,
    /// Most that wait.
    queue_limit: u64,
    /// How often the database went down, and whether it is down.
    outages: watch::Sender<Outage>,
}

/// The present outage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outage {
    pub number: u64,
    pub mode: Option<DownMode>,
}

#[derive(Debug)]
struct State {
    free: VecDeque<Slot>,
    waiting: VecDeque<oneshot::Sender<Slot>>,
    /// Pauses that hold now.
    pauses: u32,
}

/// One was let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entered {
    pub slot: Slot,
    pub has_waited: bool,
}

/// One was not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TurnedAway {
    /// Too many wait.
    Full,
    Down(DownMode),
}

impl Gate {
    /// For so many queries at once.
    pub fn new(slots: usize, queue_limit: Option<u64>) -> Gate {
        Gate {
            state: Mutex::new(State { free: (0..slots).collect(), waiting: VecDeque::new(), pauses: 0 }),
            queue_limit: queue_limit.unwrap_or(u64::MAX),
            outages: watch::Sender::new(Outage::default()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for its turn. Whoever is let in gives the slot back by [`Gate::leave`].
    ///
    /// # Errors
    /// It is not let in, or the database went down while it waited.
    pub async fn enter(&self) -> Result<Entered, TurnedAway> {
        let turn = {
            let mut state = self.lock();
            if let Some(mode) = self.outages.borrow().mode {
                return Err(TurnedAway::Down(mode));
            }
            if state.pauses == 0
                && state.waiting.is_empty()
                && let Some(slot) = state.free.pop_front()
            {
                return Ok(Entered { slot, has_waited: false });
            }
            if state.waiting.len() as u64 >= self.queue_limit {
                return Err(TurnedAway::Full);
            }
            let (sender, turn) = oneshot::channel();
            state.waiting.push_back(sender);
            turn
        };
        match turn.await {
            Ok(slot) => Ok(Entered { slot, has_waited: true }),
            // Nobody else drops the queue.
            Err(_) => Err(TurnedAway::Down(self.outages.borrow().mode.unwrap_or(DownMode::Refuse))),
        }
    }

    /// The query of a slot is over.
    pub fn leave(&self, slot: Slot) {
        let mut state = self.lock();
        state.free.push_back(slot);
        state.hand_on();
    }

    /// Nothing is let in; what is in goes on.
    pub fn pause(&self) {
        self.lock().pauses += 1;
    }

    /// The end of a pause.
    pub fn go_on(&self) {
        let mut state = self.lock();
        state.pauses = state.pauses.saturating_sub(1);
        state.hand_on();
    }

    /// The database goes down: what waits, and what is in, is lost.
    pub fn go_down(&self, mode: DownMode) {
        let mut state = self.lock();
        self.outages.send_modify(|outage| {
            outage.number += 1;
            outage.mode = Some(mode);
        });
        state.waiting.clear();
    }

    /// It is up again.
    pub fn come_up(&self) {
        let mut state = self.lock();
        self.outages.send_modify(|outage| outage.mode = None);
        state.hand_on();
    }

    /// What is in learns here that the database went down.
    pub fn outages(&self) -> watch::Receiver<Outage> {
        self.outages.subscribe()
    }
}

impl State {
    /// Free slots go to those who wait.
    fn hand_on(&mut self) {
        while self.pauses == 0
            && let Some(slot) = self.free.pop_front()
        {
            let mut slot = slot;
            loop {
                let Some(next) = self.waiting.pop_front() else {
                    self.free.push_front(slot);
                    return;
                };
                match next.send(slot) {
                    Ok(()) => break,
                    // That one is gone.
                    Err(back) => slot = back,
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;
    use std::sync::Arc;

    use tokio::task::{JoinHandle, spawn_local, yield_now};

    use super::*;
    use crate::live::player::fixture::alone;

    type Seen = Rc<RefCell<Vec<(u32, Result<Slot, TurnedAway>)>>>;

    fn comes(gate: &Arc<Gate>, number: u32, seen: &Seen) -> JoinHandle<()> {
        let (gate, seen) = (Arc::clone(gate), Rc::clone(seen));
        spawn_local(async move {
            let entered = gate.enter().await;
            seen.borrow_mut().push((number, entered.map(|entered| entered.slot)));
        })
    }

    #[test]
    fn as_many_are_in_as_there_are_slots_and_the_others_follow_in_order() {
        alone(async {
            let (gate, seen) = (Arc::new(Gate::new(2, None)), Seen::default());
            let _tasks: Vec<_> = (0..5).map(|number| comes(&gate, number, &seen)).collect();
            yield_now().await;
            assert_eq!(*seen.borrow(), [(0, Ok(0)), (1, Ok(1))]);
            gate.leave(1);
            yield_now().await;
            gate.leave(0);
            yield_now().await;
            assert_eq!(seen.borrow()[2..], [(2, Ok(1)), (3, Ok(0))]);
        });
    }

    #[test]
    fn a_full_queue_turns_away() {
        alone(async {
            let (gate, seen) = (Arc::new(Gate::new(1, Some(1))), Seen::default());
            let _tasks: Vec<_> = (0..3).map(|number| comes(&gate, number, &seen)).collect();
            yield_now().await;
            assert_eq!(*seen.borrow(), [(0, Ok(0)), (2, Err(TurnedAway::Full))]);
        });
    }

    #[test]
    fn a_pause_keeps_the_queue_and_an_outage_loses_it() {
        alone(async {
            let (gate, seen) = (Arc::new(Gate::new(2, None)), Seen::default());
            gate.pause();
            let mut tasks: Vec<_> = (0..2).map(|number| comes(&gate, number, &seen)).collect();
            yield_now().await;
            assert!(seen.borrow().is_empty());
            gate.go_on();
            yield_now().await;
            assert_eq!(*seen.borrow(), [(0, Ok(0)), (1, Ok(1))]);
            tasks.push(comes(&gate, 2, &seen));
            yield_now().await;
            let mut outages = gate.outages();
            gate.go_down(DownMode::Refuse);
            yield_now().await;
            assert!(outages.has_changed().unwrap() && outages.borrow_and_update().number == 1);
            tasks.push(comes(&gate, 3, &seen));
            yield_now().await;
            let down = Err(TurnedAway::Down(DownMode::Refuse));
            assert_eq!(seen.borrow()[2..], [(2, down), (3, down)]);
            gate.come_up();
            gate.leave(1);
            tasks.push(comes(&gate, 4, &seen));
            yield_now().await;
            assert_eq!(seen.borrow()[4..], [(4, Ok(1))]);
        });
    }

    #[test]
    fn who_is_gone_does_not_keep_others_out() {
        alone(async {
            let (gate, seen) = (Arc::new(Gate::new(1, None)), Seen::default());
            let tasks: Vec<_> = (0..3).map(|number| comes(&gate, number, &seen)).collect();
            yield_now().await;
            tasks[1].abort();
            yield_now().await;
            gate.leave(0);
            yield_now().await;
            assert_eq!(*seen.borrow(), [(0, Ok(0)), (2, Ok(0))]);
        });
    }
}
