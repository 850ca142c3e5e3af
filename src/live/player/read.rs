//! The way of a read: down the tiers to the database, and back.

use std::rc::Rc;

use tokio::task::spawn_local;

use super::backend::{Answer, Query};
use super::cache::{Fill, Filler, Found};
use super::call::{self, Job};
use super::flight::{Caller, Crowd, Flight};
use super::instance::Instance;
use super::log::{KeyEnd, What};
use super::service::Work;
use super::value::Stored;
use crate::measure::recorder::{Cause, Outcome};
use crate::model::{Around, Coalescing, MAX_TIERS, Nanos, OnFailure};
use crate::policy::freshness::Renewal;
use crate::sim::shared_parts::{KeyInfo, Look, filled};

/// The answer to a read of one key.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KeyAnswer {
    pub outcome: Outcome,
    pub cause: Option<Cause>,
    pub tier: Option<usize>,
    pub version: u64,
    pub is_negative: bool,
}

impl KeyAnswer {
    /// Of a flight that nobody brings down any more.
    pub const LOST: KeyAnswer = KeyAnswer::failed(Cause::Deadline);

    pub const fn failed(cause: Cause) -> KeyAnswer {
        KeyAnswer { outcome: Outcome::Error, cause: Some(cause), tier: None, version: 0, is_negative: false }
    }

    pub fn end(&self, key: u32) -> KeyEnd {
        let KeyAnswer { outcome, tier, version, is_negative, .. } = *self;
        KeyEnd { key, outcome, tier: tier.map(|tier| tier as u8), version, is_negative }
    }
}

/// A read of one key under way.
#[derive(Clone, Debug)]
pub struct Ask {
    pub info: KeyInfo,
    pub exists: bool,
    pub crowd: Rc<Crowd>,
    /// When it left each tier.
    left_ns: [Nanos; MAX_TIERS],
    /// Tiers, one bit for each, that are not to be filled.
    unfilled: u8,
    /// The lease that it has.
    token: Option<u64>,
    /// It leads a flight.
    leads: bool,
}

impl Ask {
    pub fn new(info: KeyInfo, exists: bool, caller: &Rc<Caller>, fill_from: usize) -> Ask {
        Ask {
            info,
            exists,
            crowd: Crowd::of(Rc::clone(caller), fill_from),
            left_ns: [0; MAX_TIERS],
            unfilled: 0,
            token: None,
            leads: false,
        }
    }
}

/// Takes a read from a level on to its answer.
pub async fn descend(instance: Rc<Instance>, mut ask: Ask, from: usize) -> KeyAnswer {
    let mut level = from;
    while level < instance.model().tiers.len() {
        if ask.crowd.is_gone() {
            return KeyAnswer::LOST;
        }
        if instance.processes[level].is_some() {
            if let Some(answer) = instance.look_in_process(&ask, level) {
                instance.fill_above(&ask, level, &answer);
                return answer;
            }
            ask.left_ns[level] = instance.now_ns();
        } else {
            if is_joined_at_lookup(&instance) && !ask.leads {
                return join_or_lead(&instance, ask, level).await;
            }
            let found = instance.look(level, &ask).await;
            if let Some(answer) = leave_shared(&instance, &mut ask, level, found).await {
                return answer;
            }
        }
        level += 1;
    }
    fetch(instance, ask).await
}

/// A shared tier has answered or not: `None` goes on to the next level.
pub async fn leave_shared(
    instance: &Rc<Instance>,
    ask: &mut Ask,
    level: usize,
    mut found: Found,
) -> Option<KeyAnswer> {
    let mut waiting_since: Option<Nanos> = None;
    loop {
        match found {
            Found::Hit { renewal: Renewal::Inline, .. } | Found::Miss { token: None } => {
                ask.token = None;
                break;
            }
            Found::Miss { token } => {
                ask.token = token;
                break;
            }
            Found::Hit { stored, renewal } => {
                let answer = answered(level, waiting_since.is_some(), Outcome::Hit, stored);
                instance.fill_above(ask, level, &answer);
                if renewal == Renewal::Background {
                    instance.refresh(level, ask.info);
                }
                return Some(answer);
            }
            Found::Stale { stored } => {
                let answer = answered(level, false, Outcome::StaleHit, stored);
                instance.fill_above(ask, level, &answer);
                if !ask.exists {
                    instance.refresh(level, ask.info);
                }
                return Some(answer);
            }
            Found::Wait { stale: Some(stored) } => {
                let answer = answered(level, false, Outcome::StaleHit, stored);
                instance.fill_above(ask, level, &answer);
                return Some(answer);
            }
            Found::Wait { stale: None } => {
                let Coalescing::Lease(lease) = &instance.model().coalescing else { break };
                let since_ns = *waiting_since.get_or_insert_with(|| instance.now_ns());
                let until_ns = since_ns + lease.wait_limit_ns;
                let at_ns = (instance.now_ns() + lease.poll_ns).min(until_ns);
                instance.alarm.at(instance.clock.instant(at_ns)).await;
                if ask.crowd.is_gone() {
                    return Some(KeyAnswer::LOST);
                }
                if instance.now_ns() >= until_ns {
                    ask.token = None;
                    break;
                }
                found = instance.look(level, ask).await;
            }
            Found::Failed => {
                instance.note(What::Failure { level: level as u8 });
                let (_, shared) = instance.shared(level)?;
                if shared.on_failure == OnFailure::Error {
                    return Some(KeyAnswer::failed(Cause::Tier));
                }
                if !shared.fill_after_failure {
                    ask.unfilled |= 1 << level;
                }
                ask.token = None;
                break;
            }
        }
    }
    ask.left_ns[level] = instance.now_ns();
    None
}

fn answered(level: usize, has_waited: bool, outcome: Outcome, stored: Stored) -> KeyAnswer {
    let outcome = match outcome {
        _ if has_waited => Outcome::Coalesced,
        Outcome::Hit if stored.is_negative => Outcome::NegativeHit,
        outcome => outcome,
    };
    let Stored { version, is_negative, .. } = stored;
    KeyAnswer { outcome, cause: None, tier: Some(level), version, is_negative }
}

fn is_joined_at_lookup(instance: &Instance) -> bool {
    matches!(instance.model().coalescing, Coalescing::Singleflight { around: Around::Lookup })
}

/// Joins the flight of this instance and key, or leads one from a level on.
fn join_or_lead(
    instance: &Rc<Instance>,
    mut ask: Ask,
    level: usize,
) -> impl Future<Output = KeyAnswer> + use<> {
    let name = (ask.info.key, ask.exists);
    let known = instance.flights.borrow().get(&name).cloned();
    let (flight, joins) = match known {
        Some(flight) => {
            flight.join(&ask.crowd);
            (flight, true)
        }
        None => {
            let flight = Flight::led_by(&ask.crowd);
            instance.flights.borrow_mut().insert(name, Rc::clone(&flight));
            ask.leads = true;
            let (instance, led) = (Rc::clone(instance), Rc::clone(&flight));
            let way: std::pin::Pin<Box<dyn Future<Output = ()>>> = Box::pin(async move {
                let answer = descend(Rc::clone(&instance), ask, level).await;
                let mut flights = instance.flights.borrow_mut();
                // After a restart of the process another one may have the name.
                if flights.get(&name).is_some_and(|known| Rc::ptr_eq(known, &led)) {
                    flights.remove(&name);
                }
                drop(flights);
                led.land(answer);
            });
            spawn_local(way);
            (flight, false)
        }
    };
    async move {
        let answer = flight.landed().await;
        match answer.outcome {
            Outcome::Miss if joins => KeyAnswer { outcome: Outcome::Coalesced, ..answer },
            _ => answer,
        }
    }
}

/// Every tier has missed.
async fn fetch(instance: Rc<Instance>, ask: Ask) -> KeyAnswer {
    if ask.crowd.is_gone() {
        return KeyAnswer::LOST;
    }
    if matches!(instance.model().coalescing, Coalescing::Singleflight { .. }) && !ask.leads {
        let level = instance.model().tiers.len();
        return join_or_lead(&instance, ask, level).await;
    }
    let KeyInfo { key, class, .. } = ask.info;
    let called_ns = instance.now_ns();
    let job = Job {
        query: Query::Read { key },
        work: Work::Read { class },
        crowd: Rc::clone(&ask.crowd),
        late: Some((ask.clone(), called_ns)),
    };
    match call::call(&instance, job).await {
        Ok(answer) => {
            let answer = of_database(&ask, &answer);
            instance.fill_after_fetch(&ask, &answer, called_ns);
            answer
        }
        Err(cause) => KeyAnswer::failed(cause),
    }
}

/// What the database has found.
pub fn of_database(ask: &Ask, answer: &Answer) -> KeyAnswer {
    let version = match answer {
        Answer::Version(version) => *version,
        Answer::Written(_) => None,
    };
    let is_negative = version.is_none() && ask.info.absent;
    KeyAnswer { outcome: Outcome::Miss, cause: None, tier: None, version: version.unwrap_or(0), is_negative }
}

impl Instance {
    /// A lookup in a tier of the process; `None`: the read goes on.
    fn look_in_process(self: &Rc<Self>, ask: &Ask, level: usize) -> Option<KeyAnswer> {
        let process = self.processes[level].as_ref()?;
        self.note(What::Lookup { level: level as u8 });
        let (look, dropped) = process.look(ask.info, ask.exists, self.now_ns());
        self.note_process(level, dropped);
        let (outcome, value, renews) = match look {
            Look::Hit { renewal: Renewal::Inline, .. } | Look::Miss { .. } => return None,
            Look::Hit { value, renewal } => (Outcome::Hit, value, renewal == Renewal::Background),
            Look::Stale { value, renews } => (Outcome::StaleHit, value, renews && !ask.exists),
            // Of options that are not played.
            Look::Fallback { .. } | Look::Uncacheable => return None,
        };
        self.note(What::Hit { level: level as u8 });
        if renews {
            self.refresh(level, ask.info);
        }
        let version = u64::from(value.version);
        let is_negative = ask.info.is_negative(value.version);
        let outcome = if is_negative && outcome == Outcome::Hit { Outcome::NegativeHit } else { outcome };
        Some(KeyAnswer { outcome, cause: None, tier: Some(level), version, is_negative })
    }

    /// The same for several keys; gives those that are not there.
    pub fn look_in_process_for_all(
        self: &Rc<Self>,
        asks: Vec<Ask>,
        level: usize,
        answers: &mut Vec<(u32, KeyAnswer)>,
    ) -> Vec<Ask> {
        let mut missed = Vec::with_capacity(asks.len());
        for mut ask in asks {
            match self.look_in_process(&ask, level) {
                Some(answer) => {
                    self.fill_above(&ask, level, &answer);
                    answers.push((ask.info.key, answer));
                }
                None => {
                    ask.left_ns[level] = self.now_ns();
                    missed.push(ask);
                }
            }
        }
        missed
    }

    /// The value of a tier goes to those above it.
    fn fill_above(self: &Rc<Self>, ask: &Ask, level: usize, answer: &KeyAnswer) {
        self.fill_levels(ask, level, answer, 0);
    }

    /// The value of the database goes to all tiers.
    pub fn fill_after_fetch(self: &Rc<Self>, ask: &Ask, answer: &KeyAnswer, called_ns: Nanos) {
        self.fill_levels(ask, self.model().tiers.len(), answer, called_ns);
    }

    fn fill_levels(self: &Rc<Self>, ask: &Ask, below: usize, answer: &KeyAnswer, called_ns: Nanos) {
        // An existence check brings no value.
        if ask.exists && !answer.is_negative {
            return;
        }
        let now = self.now_ns();
        for level in filled(ask.crowd.fill_from() as u8, below, ask.unfilled) {
            let left_ns = match ask.left_ns[level] {
                0 => called_ns,
                left_ns => left_ns,
            };
            let delta_ns = if left_ns == 0 { 0 } else { now.saturating_sub(left_ns) };
            let KeyAnswer { version, is_negative, .. } = *answer;
            let fill = Fill { info: ask.info, version, is_negative, delta_ns };
            match &self.processes[level] {
                Some(_) => self.fill_process(level, fill),
                None => {
                    let cmd = self.fill_command(level, fill, Filler::Read { token: ask.token });
                    if let Some(cmd) = cmd {
                        spawn_local(Rc::clone(self).fill(level, cmd));
                    }
                }
            }
        }
    }

    /// Puts a value into a tier of the process.
    pub fn fill_process(&self, level: usize, fill: Fill) {
        let Some(process) = &self.processes[level] else { return };
        let (is_older, dropped) = process.fill(fill.info, fill.version, fill.delta_ns, self.now_ns());
        if is_older {
            self.note(What::RefusedSet { level: level as u8 });
        }
        self.note_process(level, dropped);
    }

    /// Renews an entry of a tier in the background, unless this instance does so already.
    fn refresh(self: &Rc<Self>, level: usize, info: KeyInfo) {
        if !self.refreshing.borrow_mut().insert((level, info.key)) {
            return;
        }
        self.note(What::Refreshed);
        let mut ask = Ask::new(info, false, &Rc::new(Caller::default()), level);
        ask.left_ns[level] = self.now_ns();
        let instance = Rc::clone(self);
        let way: std::pin::Pin<Box<dyn Future<Output = ()>>> = Box::pin(async move {
            descend(Rc::clone(&instance), ask, level + 1).await;
            instance.refreshing.borrow_mut().remove(&(level, info.key));
        });
        spawn_local(way);
    }
}
