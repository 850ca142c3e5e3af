//! Requests that wait for the same value.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use tokio::sync::watch;

use super::read::KeyAnswer;
use crate::model::Nanos;

/// Somebody who waits for an answer.
#[derive(Debug, Default)]
pub struct Caller {
    /// It has given up.
    pub is_gone: Cell<bool>,
    /// The end of its last command, at first its own start.
    answered_ns: Cell<Nanos>,
    commands_ns: Cell<Nanos>,
}

impl Caller {
    pub fn starting(at_ns: Nanos) -> Caller {
        Caller { answered_ns: Cell::new(at_ns), ..Caller::default() }
    }

    /// How long it has waited for commands; several that were under way at once count once.
    pub fn commands_ns(&self) -> Nanos {
        self.commands_ns.get()
    }

    fn note_command(&self, asked_ns: Nanos, now_ns: Nanos) {
        let waited_ns = now_ns.saturating_sub(asked_ns.max(self.answered_ns.get()));
        self.commands_ns.set(self.commands_ns.get() + waited_ns);
        self.answered_ns.set(now_ns);
    }
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

    /// A command for them all was answered, or given up.
    pub fn note_command(&self, asked_ns: Nanos, now_ns: Nanos) {
        self.callers.borrow().iter().for_each(|caller| caller.note_command(asked_ns, now_ns));
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
    fn the_waits_for_commands_are_those_after_the_own_start_and_count_once() {
        let (first, second) = (Rc::new(Caller::starting(10)), Rc::new(Caller::starting(35)));
        let crowd = Crowd::of(Rc::clone(&first), 0);
        // Two commands side by side, then one that somebody joins halfway.
        crowd.note_command(15, 25);
        crowd.note_command(16, 28);
        crowd.join(&Crowd::of(Rc::clone(&second), 0));
        crowd.note_command(30, 41);
        assert_eq!([first.commands_ns(), second.commands_ns()], [10 + 3 + 11, 6]);
    }

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
