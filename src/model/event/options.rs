//! `[[event]]` as a file has it.

use super::super::{Arrivals, Hottest, Key, Nanos, Scope, Tier, Workload};
use super::forms::{
    AnyTier, Failover, Instance, Instant, Label, Leader, NewSettings, SWITCHED_OFF, ServerTier, Surroundings,
    TargetName,
};
use super::{DownMode, EventKind, Target, TimedEvent};
use crate::declare::diagnostic::Diagnostic;
use crate::declare::fields::Fields;
use crate::declare::values::{Count, Duration, Index, Positive, PositiveDuration, PositiveShare, Rate};
use crate::declare::{choice, options};

options! {
    pub(crate) struct EventOptions in "event" (around: &'a Surroundings<'a>), such as "[[event]]" {
        /// instant, before the end
        "at" at_ns: Nanos as Instant[around], required "an instant such as \"60s\"";
        /// the kind of event
        "what" what: What as What[around], required "such as { flush = { tier = \"l2\" } }";
        /// a variant can switch an event off, or have one that the others do not: `"event.stall.enabled" = true`
        "enabled" enabled: bool, default true;
        /// lower-case letters, digits, `-`; unique; names the event in charts and in `event.<label>.recovery_s` and the other measures of
        /// events
        "label" label: Option<String> as Label, optional "derived: `flush-l2`, `slow-database`, `flush-l2-2`";
    }
    check |f| {
        if let (Some(true), Some(What::Stall { .. }), false) = (enabled, &what, around.change_stream) {
            let title = format!("{}.what does not apply", f.cx.here());
            let place = f.place("what");
            f.cx.report(
                Diagnostic::new(title, place, "there is no change stream that could stall")
                    .help("set invalidation.cdc, or enabled = false where a variant has none"),
            );
            return None;
        }
    }
}

impl EventOptions {
    /// As the model has it; `None`: this variant has switched it off, or the tier that it happens to. The revision of a change
    /// of settings is still to be numbered.
    pub fn event(self, derived: String, instances: u32) -> Option<TimedEvent> {
        let what = self.what.kind(instances).filter(|_| self.enabled)?;
        Some(TimedEvent { at_ns: self.at_ns, label: self.label.unwrap_or(derived), what })
    }
}

choice! {
    pub(crate) enum What in "what" (around: &'a Surroundings<'a>), such as "{ flush = { tier = \"l2\" } }" {
        /// all entries of a tier are gone
        "flush" Flush such as "{ tier = \"l2\" }" {
            /// the tier
            "tier" tier: usize as AnyTier[around], required "the name of a tier";
        };
        /// a shared tier, or one of its nodes, is down, then back and empty
        "restart" Restart such as "{ tier = \"l2\", for = \"10s\" }" {
            /// the shared tier
            "tier" tier: usize as ServerTier[around], required "the name of a shared tier";
            /// a node of the tier, numbered from 0
            "node" node: Option<u32> as Index, optional "all nodes";
            /// how long it is down
            "for" for_ns: Nanos as PositiveDuration, required "a duration such as \"10s\"";
            /// it comes back with what it had (AOF, a replica that takes over), whose times to live have run on
            "keeps" keeps: bool, default false;
            /// with `keeps`: it comes back as it was so long before, without the later SETs and with what was deleted since then: the
            /// age of a snapshot, the second of `appendfsync everysec`, the lag of a replica
            "loses" loses_ns: Nanos as Duration, default "0s";
            /// `"refuse"`: connections are refused; `"timeout"`: callers wait for their timeout, which needs the tier's `timeout` or
            /// `clients.deadline`
            "fail" fail: DownMode, default "refuse";
        } check |f| {
            let tier = tier?;
            has_node(f, around, Target::Tier(tier), node.flatten())?;
            may_wait(f, around, Target::Tier(tier), fail?)?;
            if keeps == Some(false) {
                f.refuse("loses", "a tier that comes back empty has lost everything", "set keeps = true, or leave it out");
            }
            if !f.sound() {
                return None;
            }
        };
        /// a shared tier, one of its nodes, or the database does not answer
        "down" Down such as "{ target = \"database\", for = \"10s\" }" {
            /// a shared tier, or `"database"`
            "target" target: Target as TargetName[around], required "the name of a shared tier, or \"database\"";
            /// a node of the tier, numbered from 0
            "node" node: Option<u32> as Index, optional "all nodes";
            /// `"refuse"`: connections are refused; `"timeout"`: callers wait for their timeout, which needs the target's `timeout` or
            /// `clients.deadline`
            "fail" fail: DownMode, default "refuse";
            /// how long it lasts
            "for" for_ns: Nanos as PositiveDuration, required "a duration such as \"10s\"";
        } check |f| {
            has_node(f, around, target?, node.flatten())?;
            may_wait(f, around, target?, fail?)?;
        };
        /// everything takes this many times as long
        "slow" Slow such as "{ target = \"database\", for = \"10s\", factor = 3.0 }" {
            /// a shared tier, or `"database"`
            "target" target: Target as TargetName[around], required "the name of a shared tier, or \"database\"";
            /// a node of the tier, numbered from 0
            "node" node: Option<u32> as Index, optional "all nodes";
            /// how many times as long
            "factor" factor: f64 as Positive, required "such as 3.0: everything takes three times as long";
            /// how long it lasts
            "for" for_ns: Nanos as PositiveDuration, required "a duration such as \"10s\"";
        } check |f| { has_node(f, around, target?, node.flatten())?; };
        /// nothing starts service; the queue is kept
        "pause" Pause such as "{ target = \"database\", for = \"10s\" }" {
            /// a shared tier, or `"database"`
            "target" target: Target as TargetName[around], required "the name of a shared tier, or \"database\"";
            /// a node of the tier, numbered from 0
            "node" node: Option<u32> as Index, optional "all nodes";
            /// how long it lasts
            "for" for_ns: Nanos as PositiveDuration, required "a duration such as \"10s\"";
        } check |f| { has_node(f, around, target?, node.flatten())?; };
        /// a node of a shared tier is gone with its entries; clients turn to the other nodes for its keys
        "node_lost" NodeLost such as "{ tier = \"l2\", node = 0 }" {
            /// the shared tier
            "tier" tier: usize as ServerTier[around], required "the name of a shared tier";
            /// the node, numbered from 0
            "node" node: u32 as Index, required "the number of a node, from 0";
            /// after this it is back, empty, and has its keys again
            "for" for_ns: Option<Nanos> as PositiveDuration, or "ever";
            /// after this clients turn to the other nodes for its keys, or `"never"`; until then it does not answer
            "failover" failover_ns: Option<Nanos> as Failover, default "0s";
            /// `"refuse"`: connections are refused; `"timeout"`: callers wait for their timeout
            "fail" fail: DownMode, default "refuse";
        } check |f| {
            let (tier, node) = (tier?, node?);
            if !is_node(f, around, tier, node) {
                return None;
            }
            may_wait(f, around, Target::Tier(tier), fail?)?;
        };
        /// the arrival rate is multiplied; not for `closed` and `trace`
        "surge" Surge such as "{ factor = 10.0, for = \"2m\" }" {
            /// how many times the rate
            "factor" factor: f64 as Positive, required "a factor on the arrival rate";
            /// how long it lasts
            "for" for_ns: Nanos as PositiveDuration, required "a duration such as \"10s\"";
        } check |f| {
            needs_own_arrivals(f, around, "only a workload with an arrival rate can surge", |arrivals| {
                matches!(arrivals, Arrivals::Closed { .. } | Arrivals::Trace(_))
            })?;
        };
        /// a share of all requests goes to one key; not for a trace
        "hot_key" HotKey such as "{ share = 0.3, for = \"30s\" }" {
            /// its share of all requests
            "share" share: f64 as PositiveShare, required "its share of all requests, such as 0.3";
            /// how long it lasts
            "for" for_ns: Nanos as PositiveDuration, required "a duration such as \"10s\"";
            /// id of the key
            "key" key: Option<u64> as Key, optional "the last id of the first class that is not absent: its coldest key";
        } check |f| { key = Some(Some(hot_key(f, around, key.flatten())?)); };
        /// so many instances from now on, as autoscaling, or somebody by hand, orders them: new ones start with empty instance tiers;
        /// those that are too many, the last ones, end what they have begun and get no more
        "scale" Scale such as "{ instances = 12 }" {
            /// up to `clients.instances`; `clients.started` has those of the start
            "instances" instances: u32 as Count, required "a number of instances, such as 12";
            /// how long a new one takes to start
            "startup" startup_ns: Nanos as Duration, default "0s";
        } check |f| { fits_instances(f, around, instances)?; };
        /// instances restart one after another: their instance tiers are empty
        "deploy" Deploy such as "{ every = \"5s\" }" {
            /// the time from one instance to the next
            "every" every_ns: Nanos as Duration, required "the time from one instance to the next";
        };
        /// `{ crash = { leader = "hottest" } }`: the leader of a fetch of a key dies: of the one in flight, else of the next; not for a
        /// trace. Otherwise the process of an instance dies with all that it was doing; a new one is there after `for`, its instance
        /// tiers empty
        "crash" Crash such as "{ instance = 0, for = \"10s\" }" {
            /// the instance, numbered from 0
            "instance" instance: Option<u32> as Instance[around], optional "this or `leader`";
            /// how long until a new process is there; required with `instance`
            "for" for_ns: Option<Nanos> as PositiveDuration, optional "the process lives on";
            /// until then its requests are refused, afterwards they go to the others
            "detect" detect_ns: Nanos as Duration, default "0s";
            /// `"hottest"`, or the number of a key. With singleflight needs `database.timeout` or `clients.deadline`
            "leader" leader: Option<Option<u64>> as Leader[around], optional "this or `instance`";
        } check |f| { one_victim(f, around, for_ns.flatten(), detect_ns)?; };
        /// settings of the application, of caches or of limits change, as a release or a configuration push changes them: at once, or
        /// instance by instance, old and new side by side. Changes add up: a later one has the settings of the earlier ones as well
        "change" Change such as "{ set = { \"tier.l2.ttl\" = \"30s\" } }" {
            /// dotted paths in quotes with their new values; which of them may change during a run is in
            /// [model.md](model.md#a-change-during-the-run)
            "set" _settings: () as NewSettings, required "a table such as { \"tier.l2.ttl\" = \"30s\" }";
            /// the time from one instance to the next
            "every" every_ns: Nanos as Duration, default "0s";
            /// only so many instances, from the first on: a canary
            "instances" instances: Option<u32> as Count, optional "all";
            /// each instance takes over the settings by a restart: its instance tiers are empty
            "restart" restarts: bool, default false;
        } check |f| { fits_instances(f, around, instances.flatten())?; };
        /// a job fills a shared tier: each key is read from the level below, over a connection of an instance, and SET; `warm.*` has
        /// what it does
        "warm" Warm such as "{ tier = \"l2\", hottest = 1000, rate = 500 }" {
            /// the shared tier
            "tier" tier: usize as ServerTier[around], required "the name of a shared tier";
            /// so many keys, the hottest first, or `"all"`; of a trace those that it has read most often before the event
            "hottest" hottest: Hottest, required "a number of keys, or \"all\"";
            /// keys per second
            "rate" rate_per_s: f64 as Rate, required "keys per second, such as 500";
            /// reads under way at once; a key that is due waits until one of them is over
            "parallel" parallel: Option<u32> as Count, or "unlimited";
        } check |_f| { hottest = Some(known_keys(around, hottest?)?); };
        /// the change stream (`invalidation.cdc`, required) stands still, then catches up
        "stall" Stall such as "{ for = \"60s\" }" {
            /// how long it lasts
            "for" for_ns: Nanos as PositiveDuration, required "a duration such as \"10s\"";
        };
    }
}

impl What {
    /// As the model has it; `None` where it happens to a tier that is switched off.
    fn kind(self, instances_in_all: u32) -> Option<EventKind> {
        let kind = match self {
            What::Flush { tier } => EventKind::Flush { tier },
            What::Restart { tier, node, for_ns, keeps, loses_ns, fail } => {
                EventKind::Restart { tier, node, for_ns, keeps, loses_ns, fail }
            }
            What::Down { target, node, fail, for_ns } => {
                EventKind::Down { target: at_node(target, node), for_ns, fail }
            }
            What::Slow { target, node, factor, for_ns } => {
                EventKind::Slow { target: at_node(target, node), for_ns, factor }
            }
            What::Pause { target, node, for_ns } => {
                EventKind::Pause { target: at_node(target, node), for_ns }
            }
            What::NodeLost { tier, node, for_ns, failover_ns, fail } => {
                EventKind::NodeLost { tier, node, for_ns, failover_ns, fail }
            }
            What::Surge { factor, for_ns } => EventKind::Surge { factor, for_ns },
            What::HotKey { share, for_ns, key } => EventKind::HotKey { key: key?, share, for_ns },
            What::Deploy { every_ns } => EventKind::Deploy { every_ns },
            What::Crash { leader: Some(key), .. } => EventKind::LeaderCrash { key },
            What::Crash { instance, for_ns, detect_ns, .. } => {
                EventKind::Crash { instance: instance?, for_ns: for_ns?, detect_ns }
            }
            What::Change { every_ns, instances, restarts, .. } => EventKind::Change {
                revision: 0,
                every_ns,
                instances: instances.unwrap_or(instances_in_all),
                restarts,
            },
            What::Warm { tier, hottest, rate_per_s, parallel } => {
                EventKind::Warm { tier, hottest, rate_per_s, parallel }
            }
            What::Scale { instances, startup_ns } => EventKind::Scale { instances, startup_ns },
            What::Stall { for_ns } => EventKind::Stall { for_ns },
        };
        let off = matches!(
            kind,
            EventKind::Flush { tier: SWITCHED_OFF }
                | EventKind::Restart { tier: SWITCHED_OFF, .. }
                | EventKind::NodeLost { tier: SWITCHED_OFF, .. }
                | EventKind::Warm { tier: SWITCHED_OFF, .. }
                | EventKind::Down { target: Target::Tier(SWITCHED_OFF), .. }
                | EventKind::Slow { target: Target::Tier(SWITCHED_OFF), .. }
                | EventKind::Pause { target: Target::Tier(SWITCHED_OFF), .. }
        );
        (!off).then_some(kind)
    }
}

/// A canary is a part of the instances.
fn fits_instances(f: &mut Fields<'_, '_>, around: &Surroundings<'_>, part: Option<u32>) -> Option<()> {
    let (Some(part), Some(clients)) = (part, around.clients) else { return Some(()) };
    let Some(node) = f.node("instances").filter(|_| part > clients.instances) else { return Some(()) };
    let label = match clients.instances {
        1 => "there is one instance (clients.instances)".to_owned(),
        all => format!("there are {all} instances (clients.instances)"),
    };
    f.cx.within("instances", |cx| cx.wrong(node, label))
}

/// Whether the target has the node that is named; the database has none.
fn has_node(
    f: &mut Fields<'_, '_>,
    around: &Surroundings<'_>,
    target: Target,
    node: Option<u32>,
) -> Option<()> {
    match (target, node) {
        (Target::Tier(tier), Some(node)) => is_node(f, around, tier, node).then_some(()),
        (Target::Database, Some(_)) => {
            f.refuse("node", "the database has no nodes", "leave it out, or name a shared tier");
            None
        }
        _ => Some(()),
    }
}

/// One node of a target, where it is named.
fn at_node(target: Target, node: Option<u32>) -> Target {
    match (target, node) {
        (Target::Tier(tier), Some(node)) if tier != SWITCHED_OFF => Target::Node { tier, node },
        _ => target,
    }
}

/// Whether the tier has this node; if not, that is reported.
fn is_node(f: &mut Fields<'_, '_>, around: &Surroundings<'_>, tier: usize, node: u32) -> bool {
    let Some(Tier { name, scope: Scope::Shared(shared), .. }) =
        around.tiers.and_then(|tiers| tiers.get(tier))
    else {
        return true;
    };
    if node < shared.nodes {
        return true;
    }
    let place = f.place("node");
    let title = format!("tier \"{name}\" has no node {node}");
    let (label, help) = match shared.nodes {
        1 => ("it has one node, 0".to_owned(), format!("set tier.{name}.nodes, such as 3")),
        nodes => (format!("expected 0 to {}", nodes - 1), format!("tier.{name}.nodes is {nodes}")),
    };
    f.cx.report(Diagnostic::new(title, place, label).help(help));
    false
}

/// Who gets no answer must have a time limit.
fn may_wait(f: &mut Fields<'_, '_>, around: &Surroundings<'_>, target: Target, fail: DownMode) -> Option<()> {
    let (timeout, timeout_path) = match target {
        Target::Database => {
            (around.database.map(|database| database.timeout_ns), "database.timeout".to_owned())
        }
        Target::Tier(index) | Target::Node { tier: index, .. } => {
            match around.tiers.and_then(|tiers| tiers.get(index)) {
                Some(Tier { name, scope: Scope::Shared(shared), .. }) => {
                    (Some(shared.timeout_ns), format!("tier.{name}.timeout"))
                }
                _ => (None, String::new()),
            }
        }
    };
    let deadline = around.clients.is_none_or(|clients| clients.deadline_ns.is_some());
    if fail == DownMode::Timeout && timeout == Some(None) && !deadline {
        let title = "callers would wait for ever";
        let place = f.place("fail");
        f.cx.report(
            Diagnostic::new(title, place, format!("needs {timeout_path} or clients.deadline"))
                .help(format!("set {timeout_path} = \"1s\", or fail = \"refuse\"")),
        );
        return None;
    }
    Some(())
}

/// The number of the hottest keys: no more than there are.
fn known_keys(around: &Surroundings<'_>, hottest: Hottest) -> Option<Hottest> {
    let workload = around.workload?;
    match hottest {
        Hottest::Keys(keys) => Some(Hottest::Keys(keys.min(workload.keys()))),
        Hottest::All => Some(Hottest::Keys(workload.keys())),
    }
}

fn hot_key(f: &mut Fields<'_, '_>, around: &Surroundings<'_>, key: Option<u64>) -> Option<u64> {
    needs_own_arrivals(f, around, "a trace has its own sequence of keys", |arrivals| {
        matches!(arrivals, Arrivals::Trace(_))
    })?;
    let workload = around.workload?;
    // By default the coldest key that has a row becomes the hottest.
    let mut first_id = 0;
    let coldest = workload.classes.iter().find_map(|class| {
        first_id += class.keys;
        (!class.absent).then(|| first_id - 1)
    });
    let key = key.or(coldest).unwrap_or(0);
    if key >= workload.keys() {
        let title = format!("no key {key}");
        let place = f.place("key");
        f.cx.report(Diagnostic::new(title, place, format!("expected a key below {}", workload.keys())));
        return None;
    }
    Some(key)
}

fn needs_own_arrivals(
    f: &mut Fields<'_, '_>,
    around: &Surroundings<'_>,
    why: &str,
    refused: impl FnOnce(&Arrivals) -> bool,
) -> Option<()> {
    match around.workload {
        Some(workload) if refused(&workload.arrivals) => {
            let title = format!("{} does not apply", f.cx.here());
            f.cx.report(Diagnostic::new(title, f.span, why.to_owned()));
            None
        }
        _ => Some(()),
    }
}

/// A crash is of an instance, with a time until the next, or of a leader.
fn one_victim(
    f: &mut Fields<'_, '_>,
    around: &Surroundings<'_>,
    for_ns: Option<Nanos>,
    detect_ns: Option<Nanos>,
) -> Option<()> {
    match (f.node("instance").is_some(), f.node("leader").is_some()) {
        (true, false) => {
            f.demand("for", "how long until a new process is there, such as \"10s\"");
            if let (Some(for_ns), Some(detect_ns), Some(node)) = (for_ns, detect_ns, f.node("detect"))
                && detect_ns > for_ns
            {
                let label = "expected at most `for`: after that the new process is there";
                f.cx.within("detect", |cx| cx.wrong::<()>(node, label));
            }
        }
        (false, true) => {
            for name in ["for", "detect"] {
                let way_out = "for the whole process: { instance = 0, for = \"10s\" }";
                f.refuse(name, "a dead leader does not come back, its process lives on", way_out);
            }
            let traced = |workload: &Workload| matches!(workload.arrivals, Arrivals::Trace(_));
            if around.workload.is_some_and(traced) {
                let title = format!("{}.leader does not apply", f.cx.here());
                let place = f.place("leader");
                let label = "the keys of a trace have no numbers of their own";
                f.cx.report(Diagnostic::new(title, place, label));
                return None;
            }
        }
        (both, _) => {
            let title = format!("{} needs one victim", f.cx.here());
            let label = if both { "an instance and a leader" } else { "neither an instance nor a leader" };
            f.cx.report(
                Diagnostic::new(title, f.span, label)
                    .help("{ instance = 0, for = \"10s\" }, or { leader = \"hottest\" }"),
            );
            return None;
        }
    }
    f.sound().then_some(())
}
