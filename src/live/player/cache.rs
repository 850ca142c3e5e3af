//! The shared tier, as an instance uses it.

use std::rc::Rc;

use redis::{Cmd, Value};
use tokio::task::spawn_local;

use super::commands::{self, Leased};
use super::connections::Lent;
use super::flight::Crowd;
use super::instance::Instance;
use super::log::What;
use super::read::Ask;
use super::value::Stored;
use crate::live::servers::Problem;
use crate::model::{Coalescing, Lease, Nanos, Refresh, Tier, Ttl};
use crate::policy::freshness::{NEVER, Renewal, expiry, renewal};
use crate::sim::shared_parts::KeyInfo;

/// The outcome of a lookup.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Found {
    /// Nothing to serve; whoever has the lease, if there are any, may fill.
    Miss {
        token: Option<u64>,
    },
    Hit {
        stored: Stored,
        renewal: Renewal,
    },
    /// Past its time to live.
    Stale {
        stored: Stored,
    },
    /// Another one has the lease.
    Wait {
        stale: Option<Stored>,
    },
    /// No answer.
    Failed,
}

/// A value on its way to a tier.
#[derive(Clone, Copy, Debug)]
pub struct Fill {
    pub info: KeyInfo,
    pub version: u64,
    pub is_negative: bool,
    /// How long its fetch took.
    pub delta_ns: Nanos,
}

/// Who fills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filler {
    /// A read, with the lease if it has one.
    Read {
        token: Option<u64>,
    },
    Writer,
}

impl Instance {
    /// The lease of a shared tier.
    fn lease(&self, level: usize) -> Option<&Lease> {
        match &self.model().coalescing {
            Coalescing::Lease(lease) if lease.tier == level => Some(lease),
            _ => None,
        }
    }

    fn ttl(&self, level: usize, info: KeyInfo) -> Ttl {
        let model = self.model();
        model.workload.classes[info.class].ttl_in(level, &model.tiers[level])
    }

    /// Sends a command on a connection of the instance; `None`: no answer in time, or none at all. A command that is given up
    /// keeps its connection until its answer comes.
    async fn command(self: &Rc<Self>, level: usize, cmd: Cmd) -> Option<Value> {
        let (_, shared) = self.shared(level)?;
        let redis = self.redis.as_ref()?;
        let asked_ns = self.now_ns();
        let until = shared.pool_timeout_ns.map(|ns| self.clock.instant(asked_ns + ns));
        let Some(lent) = redis.take(&self.alarm, until).await else {
            self.note(What::TierGivenUp { level: level as u8 });
            return None;
        };
        let now = self.now_ns();
        if redis.are_pooled() {
            let waited_ns = if lent.has_waited { (now - asked_ns).max(1) } else { 0 };
            self.note(What::TierTaken { level: level as u8, waited_ns });
        }
        self.note(What::Command { level: level as u8 });
        let Some(timeout_ns) = shared.timeout_ns else {
            return Rc::clone(self).exchange(level, lent, cmd).await;
        };
        let mut exchange = spawn_local(Rc::clone(self).exchange(level, lent, cmd));
        tokio::select! {
            biased;
            answer = &mut exchange => answer.ok().flatten(),
            () = self.alarm.at(self.clock.instant(now + timeout_ns)) => None,
        }
    }

    /// A command that a crowd waits for.
    async fn command_for(self: &Rc<Self>, crowd: &Crowd, level: usize, cmd: Cmd) -> Option<Value> {
        let asked_ns = self.now_ns();
        let answer = self.command(level, cmd).await;
        crowd.note_command(asked_ns, self.now_ns());
        answer
    }

    async fn exchange(self: Rc<Self>, level: usize, lent: Lent, cmd: Cmd) -> Option<Value> {
        let redis = self.redis.as_ref()?;
        let answer = redis.send(&lent, &cmd).await;
        redis.give(lent);
        if redis.are_pooled() {
            self.note(What::TierFreed { level: level as u8 });
        }
        match answer {
            Ok(answer) => Some(answer),
            Err(lost) => {
                if lost.is_unexpected {
                    let text = format!("Redis has failed in mid-run: {}", lost.error);
                    self.run.fail(Problem::failed(text));
                }
                None
            }
        }
    }

    /// Looks for a key; a loser of a lease looks again and again.
    pub async fn look(self: &Rc<Self>, level: usize, ask: &Ask) -> Found {
        let Ask { info, exists, ref crowd, .. } = *ask;
        let Some((tier, _)) = self.shared(level) else { return Found::Failed };
        self.note(What::Lookup { level: level as u8 });
        let name = self.run.keys.value(info.key);
        if let (Some(lease), false) = (self.lease(level), exists) {
            return self.look_with_lease(level, lease, ask, &name).await;
        }
        let is_judged = info.absent || matches!(tier.refresh, Refresh::StaleWhileRevalidate { .. });
        let cmd = match (exists, self.ttl(level, info)) {
            (true, _) if is_judged => commands::get_header(&name),
            (true, _) => commands::exists(&name),
            // A sentinel lives no longer by being used.
            (false, ttl @ Ttl::After { .. }) if tier.sliding && !info.absent => {
                let now = self.now_ns();
                let until_ns = expiry(ttl, tier.jitter, now, &mut self.dice.borrow_mut().jitter);
                commands::get_sliding(&name, until_ns - now)
            }
            (false, _) => commands::get(&name),
        };
        let found = match self.command_for(crowd, level, cmd).await {
            None => Found::Failed,
            Some(Value::Int(0)) => Found::Miss { token: None },
            Some(Value::Int(_)) => {
                let stored = Stored { version: 0, expiry_ns: NEVER, delta_ns: 0, is_negative: false };
                Found::Hit { stored, renewal: Renewal::Keep }
            }
            Some(answer) => self.judge(tier, level, info, exists, &answer),
        };
        self.note_found(level, &found);
        found
    }

    /// The same of several keys by one command.
    pub async fn look_at_all(self: &Rc<Self>, level: usize, asks: &[Ask]) -> Vec<Found> {
        let failed = vec![Found::Failed; asks.len()];
        let (Some((tier, _)), Some(first)) = (self.shared(level), asks.first()) else { return failed };
        asks.iter().for_each(|_| self.note(What::Lookup { level: level as u8 }));
        let names: Vec<String> = asks.iter().map(|ask| self.run.keys.value(ask.info.key)).collect();
        let answer = self.command_for(&first.crowd, level, commands::mget(&names)).await;
        let Some(Value::Array(answers)) =
            answer.filter(|answer| matches!(answer, Value::Array(all) if all.len() == asks.len()))
        else {
            return failed;
        };
        let of = |(ask, answer): (&Ask, &Value)| self.judge(tier, level, ask.info, false, answer);
        let found: Vec<Found> = asks.iter().zip(&answers).map(of).collect();
        found.iter().for_each(|found| self.note_found(level, found));
        found
    }

    fn note_found(&self, level: usize, found: &Found) {
        if matches!(found, Found::Hit { .. } | Found::Stale { .. }) {
            self.note(What::Hit { level: level as u8 });
        }
    }

    /// What an answer of the server means now.
    fn judge(&self, tier: &Tier, level: usize, info: KeyInfo, exists: bool, answer: &Value) -> Found {
        let Some(found) = commands::found(answer) else { return Found::Failed };
        let Some(stored) = found else { return Found::Miss { token: None } };
        let now = self.now_ns();
        if stored.is_negative || exists && now < stored.expiry_ns {
            return Found::Hit { stored, renewal: Renewal::Keep };
        }
        // The server alone has the present end of a sliding life.
        if tier.sliding || now < stored.expiry_ns {
            let dice = &mut self.dice.borrow_mut().refresh;
            let renewal = match tier.sliding {
                true => Renewal::Keep,
                false => {
                    renewal(tier.refresh, self.ttl(level, info), now, stored.expiry_ns, stored.delta_ns, dice)
                }
            };
            return Found::Hit { stored, renewal };
        }
        match tier.refresh {
            Refresh::StaleWhileRevalidate { grace_ns } if now - stored.expiry_ns < grace_ns => {
                Found::Stale { stored }
            }
            _ => Found::Miss { token: None },
        }
    }

    async fn look_with_lease(self: &Rc<Self>, level: usize, lease: &Lease, ask: &Ask, name: &str) -> Found {
        let (lock, token) = (self.run.keys.lease(ask.info.key), self.token());
        let (lock_ns, stale_ns) = (lease.lock_ttl_ns, lease.serve_stale_ns);
        let cmd = commands::get_or_lease([name, &lock], token, lock_ns, self.now_ns(), stale_ns);
        let found = match self.command_for(&ask.crowd, level, cmd).await.as_ref().and_then(commands::leased) {
            None => Found::Failed,
            Some(Leased::Value(stored)) => Found::Hit { stored, renewal: Renewal::Keep },
            Some(Leased::Granted) => Found::Miss { token: Some(token) },
            Some(Leased::Wait(stale)) => Found::Wait { stale },
        };
        self.note_found(level, &found);
        found
    }

    /// Sends a value to a shared tier; `None`: it is not to be kept there.
    pub fn fill_command(&self, level: usize, fill: Fill, filler: Filler) -> Option<Cmd> {
        let (tier, _) = self.shared(level)?;
        let now = self.now_ns();
        let expiry_ns = match fill.is_negative {
            true => now + tier.negative_ttl_ns?,
            false => expiry(self.ttl(level, fill.info), tier.jitter, now, &mut self.dice.borrow_mut().jitter),
        };
        let grace_ns = match tier.refresh {
            Refresh::StaleWhileRevalidate { grace_ns } => grace_ns,
            _ => self.lease(level).map_or(0, |lease| lease.serve_stale_ns),
        };
        let kept_ns = if fill.is_negative { 0 } else { grace_ns };
        let life_ns = (expiry_ns != NEVER).then(|| expiry_ns - now + kept_ns);
        let Fill { version, is_negative, delta_ns, .. } = fill;
        let bytes = self.run.tables.value_bytes(fill.info.key);
        let value = Stored { version, expiry_ns, delta_ns, is_negative }.encode(bytes);
        let name = self.run.keys.value(fill.info.key);
        Some(match (self.lease(level), filler) {
            (Some(_), Filler::Read { token: None }) => return None,
            (Some(_), Filler::Read { token: Some(token) }) => {
                commands::set_with_lease([&name, &self.run.keys.lease(fill.info.key)], token, &value, life_ns)
            }
            (Some(_), Filler::Writer) => {
                commands::set_voiding([&name, &self.run.keys.lease(fill.info.key)], &value, life_ns)
            }
            (None, _) if self.model().write_options.tombstone_ttl_ns.is_some() => {
                commands::set_versioned([&name, &self.run.keys.tombstone(fill.info.key)], &value, life_ns)
            }
            (None, _) => commands::set(&name, &value, life_ns),
        })
    }

    /// Fills a shared tier; whoever waits for it waits until it is answered or lost.
    pub async fn fill(self: Rc<Self>, level: usize, cmd: Cmd) {
        let is_versioned = self.model().write_options.tombstone_ttl_ns.is_some();
        match self.command(level, cmd).await {
            Some(Value::Int(0)) if is_versioned => self.note(What::RefusedSet { level: level as u8 }),
            None | Some(Value::Int(0)) => self.note(What::FailedFill { level: level as u8 }),
            Some(_) => {}
        }
    }

    /// Deletes a key in a shared tier.
    pub async fn delete(self: Rc<Self>, level: usize, key: u32, version: u64) {
        let name = self.run.keys.value(key);
        let cmd = match (self.model().write_options.tombstone_ttl_ns, self.lease(level)) {
            (Some(tombstone_ns), _) => {
                commands::delete_versioned([&name, &self.run.keys.tombstone(key)], version, tombstone_ns)
            }
            (None, Some(_)) => commands::delete(&[&name, &self.run.keys.lease(key)]),
            (None, None) => commands::delete(&[&name]),
        };
        self.command(level, cmd).await;
    }
}
