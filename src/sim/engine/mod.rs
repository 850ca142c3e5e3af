//! One simulation.
//!
//! `core` has the loop. The files beside it are the stages of a request's way: `read` (arrival, down the tiers), `admission` (to a
//! worker, where these are limited), `lookup` and
//! `command` (to a shared tier), `execute` (at its server), `reply` (back), `call` and `attempt` (to the database),
//! `database` (there), `answer` (the end), `why` (latency by part); then `write`, `gather`, `limiter` and the other ways; then what happens at given
//! times (`events`, `rollout`, `crash`, `windows`), and what watches over the loop (`instant`, `invariants`).

mod admission;
mod answer;
mod attempt;
mod call;
mod command;
mod core;
mod crash;
mod database;
mod events;
mod execute;
mod fail_safe;
mod fleet;
mod gather;
mod instant;
mod invalidation;
mod invariants;
mod kind;
mod limiter;
mod lookup;
mod multi_get;
pub(in crate::sim) mod prefill;
mod read;
mod reply;
mod rollout;
mod tracking;
mod warm;
mod why;
mod windows;
mod worker;
mod write;
mod write_back;

use std::sync::Arc;

pub use self::core::Finished;

use self::core::Core;
use super::control::{Control, SimError};
use super::parts::system::{Any, Plain, is_plain};
#[cfg(feature = "native")]
use super::parts::system::{Usual, is_rare};
use crate::model::{Model, Nanos};
use crate::policy::own::Policies;
use crate::workload::Tables;

/// One simulation.
///
/// The loop is written once and compiled for three kinds of systems (`parts::system`). Most capacity questions
/// are about systems in which nothing needs a column, a pool, a guard or a version, most others about systems whose settings never
/// change; that they do not is then known when the loop is compiled, and costs them nothing.
pub struct Engine<'m>(Compiled<'m>);

enum Compiled<'m> {
    Plain(Box<Core<'m, Plain>>),
    /// Not in the engine of a page, which it would make a tenth larger.
    #[cfg(feature = "native")]
    Usual(Box<Core<'m, Usual>>),
    Any(Box<Core<'m, Any>>),
}

/// Does the same with either.
macro_rules! either {
    ($engine:expr, $core:ident => $what:expr) => {
        match $engine {
            Compiled::Plain($core) => $what,
            #[cfg(feature = "native")]
            Compiled::Usual($core) => $what,
            Compiled::Any($core) => $what,
        }
    };
}

impl<'m> Engine<'m> {
    /// Prepares a simulation; its tables are shared with all replications of the variant.
    ///
    /// # Errors
    /// A trace that cannot be read.
    pub fn new(
        model: &'m Model,
        tables: Arc<Tables>,
        seed: u64,
        replication: u32,
    ) -> Result<Engine<'m>, SimError> {
        Engine::with_own(model, tables, seed, replication, &Policies::new())
    }

    /// The same with policies from outside the crate, all of which are for this model.
    ///
    /// # Errors
    /// A trace that cannot be read.
    pub fn with_own(
        model: &'m Model,
        tables: Arc<Tables>,
        seed: u64,
        replication: u32,
        policies: &Policies,
    ) -> Result<Engine<'m>, SimError> {
        if is_plain(model, policies) {
            let core = Core::new(model, tables, seed, replication, policies, false)?;
            return Ok(Engine(Compiled::Plain(Box::new(core))));
        }
        #[cfg(feature = "native")]
        if !is_rare(model) {
            let core = Core::new(model, tables, seed, replication, policies, false)?;
            return Ok(Engine(Compiled::Usual(Box::new(core))));
        }
        let core = Core::new(model, tables, seed, replication, policies, false)?;
        Ok(Engine(Compiled::Any(Box::new(core))))
    }

    /// The same, and it leaves a [`Breakdown`](crate::measure::breakdown::Breakdown) of its latencies: all else is that of
    /// [`Engine::with_own`], and takes longer.
    ///
    /// # Errors
    /// A trace that cannot be read.
    pub fn explaining(
        model: &'m Model,
        tables: Arc<Tables>,
        seed: u64,
        replication: u32,
        policies: &Policies,
    ) -> Result<Engine<'m>, SimError> {
        let core = Core::new(model, tables, seed, replication, policies, false)?;
        Ok(Engine(Compiled::Any(Box::new(core.explaining()))))
    }

    /// [`Engine::torn_everywhere`] that explains its latencies.
    ///
    /// # Errors
    /// A trace that cannot be read.
    pub fn torn_and_explaining(
        model: &'m Model,
        tables: Arc<Tables>,
        seed: u64,
        replication: u32,
    ) -> Result<Engine<'m>, SimError> {
        let core = Core::new(model, tables, seed, replication, &Policies::new(), true)?;
        Ok(Engine(Compiled::Any(Box::new(core.explaining()))))
    }

    /// A simulation in which every call is an entity of its own and every column exists, as if anything could tear any of
    /// them from its journey. The record is that of [`Engine::new`], and takes longer: which proves that entities are
    /// left out, and the loop is compiled without them, only where that changes nothing.
    ///
    /// # Errors
    /// A trace that cannot be read.
    pub fn torn_everywhere(
        model: &'m Model,
        tables: Arc<Tables>,
        seed: u64,
        replication: u32,
    ) -> Result<Engine<'m>, SimError> {
        let core = Core::new(model, tables, seed, replication, &Policies::new(), true)?;
        Ok(Engine(Compiled::Any(Box::new(core))))
    }

    /// Stops with [`SimError::Overload`] when more than this is in flight, instead of twenty million.
    #[must_use]
    pub fn with_in_flight_limit(mut self, limit: usize) -> Engine<'m> {
        either!(&mut self.0, core => core.in_flight_limit = limit);
        self
    }

    /// Takes a fingerprint of the requests as they are handed to the loop. A closed loop has none: its users send theirs when
    /// they have been answered.
    #[must_use]
    pub fn watching_traffic(mut self) -> Engine<'m> {
        either!(&mut self.0, core => core.incoming.watch_traffic());
        self
    }

    /// Runs to the end of the drain, or until nothing is in flight after the last arrival.
    ///
    /// # Errors
    /// [`SimError`]: it was stopped, the trace is broken, time stands still, or too much is in flight.
    pub fn run(self, control: &Control) -> Result<Finished, SimError> {
        either!(self.0, core => core.run(control))
    }
}

/// In pieces; the result is that of [`Engine::run`].
impl Engine<'_> {
    /// Goes on until about `budget` more arrivals and events are done, or to the end; gives whether this is it.
    ///
    /// # Errors
    /// As [`Engine::run`]. A simulation that failed is not to go on.
    pub fn advance(&mut self, control: &Control, budget: u64) -> Result<bool, SimError> {
        either!(&mut self.0, core => core.advance(control, budget))
    }

    /// The result of a simulation that came to its end.
    ///
    /// # Errors
    /// [`SimError::Invariant`]: its books do not balance.
    pub fn finish(self) -> Result<Finished, SimError> {
        either!(self.0, core => core.finish())
    }

    /// Simulated time so far.
    pub fn now_ns(&self) -> Nanos {
        either!(&self.0, core => core.now)
    }
}
