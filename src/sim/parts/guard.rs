//! Guards in front of a dependency: circuit breakers, adaptive concurrency limits, retry budgets. Each instance
//! has its own, and their only input is the outcomes of this instance's calls.

use crate::model::{self, Nanos};

/// The sliding window of a breaker moves in so many steps.
const STEPS: u64 = 10;

/// A circuit breaker.
#[derive(Clone, Debug)]
pub struct Breaker {
    spec: model::Breaker,
    /// (calls, failed) in each step of the window, by the number of the step modulo their count.
    steps: [(u32, u32); STEPS as usize],
    /// The latest step.
    step: u64,
    state: State,
    /// Counts changes of state: the outcome of a call counts in the state of its beginning only.
    epoch: u32,
    /// Since when it has not been closed, and the sum over earlier times.
    open_since_ns: Nanos,
    open_before_ns: Nanos,
    pub trips: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Closed,
    Open { until_ns: Nanos },
    HalfOpen { sent: u32, back: u32, failed: u32 },
}

/// A call that was let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket(u32);

impl Ticket {
    /// Of a system without breakers.
    pub const NONE: Ticket = Ticket(0);
}

impl Breaker {
    pub fn new(spec: model::Breaker) -> Breaker {
        Breaker {
            spec,
            steps: Default::default(),
            step: 0,
            state: State::Closed,
            epoch: 0,
            open_since_ns: 0,
            open_before_ns: 0,
            trips: 0,
        }
    }

    /// A new process: nothing is known of the dependency.
    pub fn restart(&mut self, now: Nanos) {
        let fresh = Breaker {
            epoch: self.epoch.wrapping_add(1),
            open_before_ns: self.open_ns(now),
            trips: self.trips,
            ..Breaker::new(self.spec)
        };
        *self = fresh;
    }

    /// A call tries to pass.
    pub fn admit(&mut self, now: Nanos) -> Option<Ticket> {
        if let State::Open { until_ns } = self.state
            && now >= until_ns
        {
            self.turn(State::HalfOpen { sent: 0, back: 0, failed: 0 });
        }
        match &mut self.state {
            State::Closed => {}
            State::Open { .. } => return None,
            State::HalfOpen { sent, .. } if *sent >= self.spec.probes => return None,
            State::HalfOpen { sent, .. } => *sent += 1,
        }
        Some(Ticket(self.epoch))
    }

    /// A call that was let through has come to something.
    pub fn settle(&mut self, ticket: Ticket, now: Nanos, has_failed: bool) {
        if ticket != Ticket(self.epoch) {
            return;
        }
        match &mut self.state {
            State::Closed => {
                let step = now / (self.spec.window_ns / STEPS).max(1);
                // Steps that have left the window are forgotten.
                for passed in self.step + 1..=step.min(self.step + STEPS) {
                    self.steps[(passed % STEPS) as usize] = (0, 0);
                }
                self.step = step;
                let here = &mut self.steps[(step % STEPS) as usize];
                here.0 += 1;
                here.1 += u32::from(has_failed);
                let (calls, failed) =
                    self.steps.iter().fold((0, 0), |sum, step| (sum.0 + step.0, sum.1 + step.1));
                if calls >= self.spec.minimum && f64::from(failed) >= self.spec.failures * f64::from(calls) {
                    self.open_since_ns = now;
                    self.open(now);
                }
            }
            State::Open { .. } => {}
            State::HalfOpen { back, failed, .. } => {
                *back += 1;
                *failed += u32::from(has_failed);
                let (back, failed) = (*back, *failed);
                if back < self.spec.probes {
                } else if f64::from(failed) >= self.spec.failures * f64::from(back) {
                    self.open(now);
                } else {
                    self.open_before_ns += now - self.open_since_ns;
                    self.turn(State::Closed);
                    self.steps = Default::default();
                }
            }
        }
    }

    /// A call that was let through comes to nothing that anybody learns of; if it was a probe, another may go.
    pub fn forget(&mut self, ticket: Ticket) {
        if let State::HalfOpen { sent, .. } = &mut self.state
            && ticket == Ticket(self.epoch)
        {
            *sent -= 1;
        }
    }

    fn open(&mut self, now: Nanos) {
        self.trips += 1;
        self.turn(State::Open { until_ns: now.saturating_add(self.spec.open_ns) });
    }

    fn turn(&mut self, state: State) {
        self.state = state;
        self.epoch = self.epoch.wrapping_add(1);
    }

    /// How long it has not been closed so far.
    pub fn open_ns(&self, now: Nanos) -> Nanos {
        match self.state {
            State::Closed => self.open_before_ns,
            State::Open { .. } | State::HalfOpen { .. } => self.open_before_ns + (now - self.open_since_ns),
        }
    }

    /// Whether everything goes through.
    pub fn is_closed(&self) -> bool {
        self.state == State::Closed
    }
}

/// An adaptive limit of the calls under way.
#[derive(Clone, Debug)]
pub struct Limit {
    spec: model::Limit,
    limit: u32,
    under_way: u32,
    /// The integral of the limit over time up to `since_ns`.
    sum_ns: u128,
    since_ns: Nanos,
}

impl Limit {
    pub fn new(spec: model::Limit) -> Limit {
        let model::Limit::Aimd { initial, .. } = spec;
        Limit { spec, limit: initial, under_way: 0, sum_ns: 0, since_ns: 0 }
    }

    /// A new process begins anew.
    pub fn restart(&mut self, now: Nanos) {
        *self = Limit { sum_ns: self.integral_ns(now), since_ns: now, ..Limit::new(self.spec) };
    }

    /// Whether one more call may go.
    pub fn admit(&mut self) -> bool {
        let free = self.under_way < self.limit;
        self.under_way += u32::from(free);
        free
    }

    /// A call is over, after `took_ns`.
    pub fn settle(&mut self, now: Nanos, took_ns: Nanos, has_failed: bool) {
        let model::Limit::Aimd { min, max, backoff, late_ns, .. } = self.spec;
        self.sum_ns = self.integral_ns(now);
        self.since_ns = now;
        if has_failed || took_ns > late_ns {
            self.limit = (f64::from(self.limit) * backoff) as u32;
        } else if self.under_way * 2 >= self.limit {
            self.limit += 1;
        }
        self.limit = self.limit.clamp(min, max);
        self.under_way -= 1;
    }

    /// A call is over and its outcome reaches nobody.
    pub fn forget(&mut self) {
        self.under_way -= 1;
    }

    pub fn under_way(&self) -> u32 {
        self.under_way
    }

    /// The integral of the limit over time.
    pub fn integral_ns(&self, now: Nanos) -> u128 {
        self.sum_ns + u128::from(self.limit) * u128::from(now - self.since_ns)
    }
}

/// Tokens for retries.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    spec: model::RetryBudget,
    tokens: f64,
}

impl Budget {
    pub fn new(spec: model::RetryBudget) -> Budget {
        Budget { spec, tokens: spec.burst }
    }

    /// A call that is no retry.
    pub fn deposit(&mut self) {
        self.tokens = (self.tokens + self.spec.ratio).min(self.spec.burst);
    }

    /// Whether a retry may go. A hair less than a token is one: ten tenths are not quite one in binary.
    pub fn withdraw(&mut self) -> bool {
        let enough = self.tokens > 1.0 - 1e-9;
        if enough {
            self.tokens -= 1.0;
        }
        enough
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Nanos = 1_000_000;

    fn breaker() -> Breaker {
        Breaker::new(model::Breaker {
            failures: 0.5,
            window_ns: 1000 * MS,
            minimum: 4,
            open_ns: 500 * MS,
            probes: 2,
        })
    }

    fn call(breaker: &mut Breaker, at_ms: Nanos, has_failed: bool) -> bool {
        let ticket = breaker.admit(at_ms * MS);
        if let Some(ticket) = ticket {
            breaker.settle(ticket, at_ms * MS, has_failed);
        }
        ticket.is_some()
    }

    #[test]
    fn half_of_at_least_four_calls_must_fail_within_the_window() {
        let mut breaker = breaker();
        for (at, has_failed) in [(0, true), (10, true), (20, false)] {
            assert!(call(&mut breaker, at, has_failed), "three calls are too few");
        }
        assert!(call(&mut breaker, 1500, true));
        assert!(call(&mut breaker, 1510, false));
        assert!(call(&mut breaker, 1520, false), "the first three have left the window");
        assert!(call(&mut breaker, 1530, true), "this one makes it two of four");
        assert!(!call(&mut breaker, 1540, false));
        assert_eq!(breaker.trips, 1);
    }

    #[test]
    fn two_probes_decide_after_half_a_second() {
        let mut breaker = breaker();
        (0..4).for_each(|at| assert!(call(&mut breaker, at, true)));
        assert!(!call(&mut breaker, 502, false));
        let probes = [breaker.admit(503 * MS), breaker.admit(504 * MS)];
        assert_eq!(breaker.admit(505 * MS), None, "only two probes");
        breaker.settle(probes[0].unwrap(), 510 * MS, false);
        breaker.settle(probes[1].unwrap(), 511 * MS, true);
        assert!(!call(&mut breaker, 600, false), "one of two failed: open again");
        assert!(call(&mut breaker, 1011, false));
        assert!(call(&mut breaker, 1012, false));
        assert!(breaker.is_closed());
        // From 3 ms to 1012 ms.
        assert_eq!(breaker.open_ns(5000 * MS), 1009 * MS);
        assert_eq!(breaker.trips, 2);
    }

    #[test]
    fn what_was_sent_before_it_opened_does_not_count_afterwards() {
        let mut breaker = breaker();
        let early = breaker.admit(0).unwrap();
        (0..4).for_each(|at| assert!(call(&mut breaker, at, true)));
        let probe = breaker.admit(600 * MS).unwrap();
        breaker.settle(early, 601 * MS, true);
        breaker.forget(probe);
        assert!(call(&mut breaker, 602, false));
        assert!(call(&mut breaker, 603, false), "the forgotten probe may be sent again");
        assert!(breaker.is_closed());
    }

    #[test]
    fn the_limit_grows_by_one_where_it_is_used_and_shrinks_by_a_tenth() {
        let spec = model::Limit::Aimd { initial: 10, min: 5, max: 11, backoff: 0.9, late_ns: 100 };
        let mut limit = Limit::new(spec);
        assert!(limit.admit());
        limit.settle(1, 50, false);
        assert_eq!(limit.limit, 10, "one of ten under way: nothing is learnt");
        (0..10).for_each(|_| assert!(limit.admit()));
        assert!(!limit.admit());
        limit.settle(2, 50, false);
        limit.settle(3, 50, false);
        assert_eq!(limit.limit, 11);
        limit.settle(4, 101, false);
        assert_eq!(limit.limit, 9);
        (0..7).for_each(|_| limit.settle(5, 50, true));
        assert_eq!((limit.limit, limit.under_way), (5, 0));
        assert_eq!(limit.integral_ns(6), 10 * 2 + 11 * 2 + 9 + 5);
    }

    #[test]
    fn ten_calls_pay_for_one_retry() {
        let mut budget = Budget::new(model::RetryBudget { ratio: 0.1, burst: 2.0 });
        assert!(budget.withdraw() && budget.withdraw() && !budget.withdraw());
        (0..9).for_each(|_| budget.deposit());
        assert!(!budget.withdraw());
        budget.deposit();
        assert!(budget.withdraw() && !budget.withdraw());
    }
    fn small(failures: f64, minimum: u32, probes: u32) -> Breaker {
        Breaker::new(model::Breaker { failures, window_ns: 1000 * MS, minimum, open_ns: 500 * MS, probes })
    }

    #[test]
    fn closing_again_it_has_forgotten_why_it_opened() {
        let mut breaker = small(0.5, 4, 2);
        (0..4).for_each(|at| assert!(call(&mut breaker, at, true)));
        assert!(call(&mut breaker, 503, false) && call(&mut breaker, 504, false));
        assert!(breaker.is_closed());
        // One of four failed; with the four before, which the window still reaches, it would be five of eight.
        for (at, has_failed) in [(520, true), (530, false), (540, false), (550, false)] {
            assert!(call(&mut breaker, at, has_failed));
        }
        assert!(breaker.is_closed());
        assert!(call(&mut breaker, 560, true) && call(&mut breaker, 570, true), "three of six are half");
        assert!(!breaker.is_closed());
    }

    #[test]
    fn the_window_moves_in_tenths() {
        // A failure of the tenth that begins at 0 counts until 1,000 ms.
        for (at, opens) in [(999, true), (1000, false)] {
            let mut breaker = small(0.5, 2, 1);
            call(&mut breaker, 99, true);
            call(&mut breaker, at, false);
            assert_eq!(!breaker.is_closed(), opens, "{at} ms");
        }
        // After a long silence as well.
        let mut breaker = small(0.5, 2, 1);
        call(&mut breaker, 950, true);
        call(&mut breaker, 20_950, false);
        assert!(breaker.is_closed());
    }

    /// A tenth of 9 ns is no whole nanosecond, and the window moves by one: the failure of 0 ns counts until 10 ns.
    #[test]
    fn the_tenths_of_a_window_are_a_nanosecond_at_least() {
        for (at, opens) in [(9, true), (10, false)] {
            let mut breaker = Breaker::new(model::Breaker {
                failures: 0.5,
                window_ns: 9,
                minimum: 2,
                open_ns: 500,
                probes: 1,
            });
            for (now, has_failed) in [(0, true), (at, false)] {
                let ticket = breaker.admit(now).unwrap();
                breaker.settle(ticket, now, has_failed);
            }
            assert_eq!(!breaker.is_closed(), opens, "{at} ns");
        }
    }

    #[test]
    fn a_share_of_failures_is_reached_where_it_is_equalled() {
        let mut breaker = small(0.25, 3, 1);
        for (at, has_failed) in
            [(0, false), (1, false), (2, false), (3, false), (4, false), (5, false), (6, true)]
        {
            assert!(call(&mut breaker, at, has_failed));
        }
        assert!(breaker.is_closed(), "one of seven");
        assert!(call(&mut breaker, 7, true) && !breaker.is_closed(), "two of eight are a quarter");
    }

    #[test]
    fn a_share_of_the_probes_decides() {
        for (failed, closes) in [(1, true), (2, false)] {
            let mut breaker = small(0.6, 2, 3);
            (0..2).for_each(|at| assert!(call(&mut breaker, at, true)));
            (0..3).for_each(|n| assert!(call(&mut breaker, 600 + n, n < failed)));
            assert_eq!(breaker.is_closed(), closes, "{failed} of three failed");
            assert_eq!(breaker.trips, if closes { 1 } else { 2 });
        }
    }

    #[test]
    fn it_opens_for_its_time_and_no_longer() {
        let mut breaker = small(0.5, 2, 2);
        (0..2).for_each(|at| assert!(call(&mut breaker, 300 + at, true)));
        assert!(!call(&mut breaker, 800, true));
        assert!(call(&mut breaker, 801, true), "the first probe at 301 + 500 ms");
        assert_eq!(breaker.open_ns(900 * MS), 599 * MS);
        // A new process has no history, and the time until then was open.
        breaker.restart(900 * MS);
        assert!(breaker.is_closed() && call(&mut breaker, 901, true));
        assert_eq!(breaker.open_ns(2000 * MS), 599 * MS);
    }

    #[test]
    fn the_limit_grows_where_half_of_it_is_in_use_and_the_answer_is_in_time() {
        let grown = |under_way, took_ns| {
            let spec = model::Limit::Aimd { initial: 9, min: 2, max: 50, backoff: 0.7, late_ns: 100 };
            let mut limit = Limit::new(spec);
            (0..under_way).for_each(|_| assert!(limit.admit()));
            limit.settle(1, took_ns, false);
            limit.limit
        };
        assert_eq!([grown(4, 100), grown(5, 100)], [9, 10]);
        // 6.3, and no whole call more.
        assert_eq!(grown(5, 101), 6);
    }

    #[test]
    fn a_limit_of_a_new_process_is_what_it_began_with() {
        let spec = model::Limit::Aimd { initial: 9, min: 2, max: 50, backoff: 0.7, late_ns: 100 };
        let mut limit = Limit::new(spec);
        assert!(limit.admit() && limit.admit());
        limit.settle(10, 101, false);
        limit.restart(30);
        assert_eq!((limit.limit, limit.under_way()), (9, 0));
        assert_eq!(limit.integral_ns(37), 9 * 10 + 6 * 20 + 9 * 7);
        assert!(limit.admit());
        limit.forget();
        assert_eq!((limit.limit, limit.under_way()), (9, 0));
    }

    #[test]
    fn no_more_tokens_are_saved_than_the_burst() {
        let mut budget = Budget::new(model::RetryBudget { ratio: 0.3, burst: 2.5 });
        (0..20).for_each(|_| budget.deposit());
        assert!(budget.withdraw() && budget.withdraw() && !budget.withdraw());
        // Half a token is left: 0.8 and 1.1.
        budget.deposit();
        assert!(!budget.withdraw());
        budget.deposit();
        assert!(budget.withdraw() && !budget.withdraw());
    }
}
