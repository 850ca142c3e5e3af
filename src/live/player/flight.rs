//! Requests that wait for the same value.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use tokio::sync::watch;

use super::read::KeyAnswer;

/// Somebody who waits for an answer.
#[derive(Debug, Default)]
pub struct Caller {
    /// It has given up.
    pub is_gone: Cell<bool>,
}

/// All who wait for the same answer.
#[derive(Debug)]
pub struct Crowd {
    callers: RefCell<Vec<Rc<Caller>>>,
    /// The first tier that gets the value.
    fill_from: Cell<usize>,
}

impl Crowd {
    pub fn of(caller: Rc<Caller>, fill_from: usize) -> Rc<Crowd> {
        Rc::new(Crowd { callers: RefCell::new(vec![caller]), fill_from: Cell::new(fill_from) })
    }

    pub fn is_gone(&self) -> bool {
        self.callers.borrow().iter().all(|caller| caller.is_gone.get())
    }

    pub fn fill_from(&self) -> usize {
        self.fill_from.get()
    }

    fn join(&self, other: &Crowd) {
        self.callers.borrow_mut().extend(other.callers.borrow().iter().cloned());
        self.fill_from.set(self.fill_from.get().min(other.fill_from.get()));
    }
}

/// A fetch that others join.
#[derive(Debug)]
pub struct Flight {
    crowd: Rc<Crowd>,
    answer: watch::Sender<Option<KeyAnswer>>,
}

impl Flight {
    pub fn led_by(crowd: &Rc<Crowd>) -> Rc<Flight> {
        Rc::new(Flight { crowd: Rc::clone(crowd), answer: watch::Sender::new(None) })
    }

    pub fn join(&self, other: &Crowd) {
        self.crowd.join(other);
    }

    /// Everybody gets the answer.
    pub fn land(&self, answer: KeyAnswer) {
        self.answer.send_replace(Some(answer));
    }

    /// The answer, once it is there.
    pub async fn landed(&self) -> KeyAnswer {
        let mut answer = self.answer.subscribe();
        let landed = answer.wait_for(Option::is_some).await.map(|answer| *answer);
        // The sender lives as long as the flight.
        landed.ok().flatten().unwrap_or(KeyAnswer::LOST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crowd_is_gone_when_the_last_caller_is() {
        let callers = [Rc::new(Caller::default()), Rc::new(Caller::default())];
        let crowd = Crowd::of(Rc::clone(&callers[0]), 1);
        crowd.join(&Crowd::of(Rc::clone(&callers[1]), 0));
        assert_eq!(crowd.fill_from(), 0, "the value goes as far up as anybody needs it");
        callers[0].is_gone.set(true);
        assert!(!crowd.is_gone());
        callers[1].is_gone.set(true);
        assert!(crowd.is_gone());
    }
}
