//! The forms of the values that events have and other tables have not.

use super::super::{Clients, Database, Directory, Key, Nanos, Tier, Workload};
use super::Target;
use crate::declare::Form;
use crate::declare::diagnostic::Diagnostic;
use crate::declare::fields::Context;
use crate::declare::file::Node;
use crate::declare::kind::{self, Kind};
use crate::declare::values::{Index, duration};
use crate::units::format_duration;

/// Parts of the system that events refer to; parts that are wrong themselves are `None`.
pub(crate) struct Surroundings<'a> {
    pub directory: &'a Directory,
    pub tiers: Option<&'a [Tier]>,
    pub database: Option<&'a Database>,
    pub workload: Option<&'a Workload>,
    /// Whether there is one, or one that is wrong itself.
    pub change_stream: bool,
    pub clients: Option<&'a Clients>,
    /// `None`: the file's own duration does not bound events, because `--duration` replaced it.
    pub last_instant_ns: Option<Nanos>,
}

/// Stands for a tier that this variant has switched off: what happens to it does not happen.
pub(super) const SWITCHED_OFF: usize = usize::MAX;

/// Names the forms of what events refer to: the type of the value, its kind, its reader.
macro_rules! forms {
    ($($(#[$docs:meta])* $Form:ident of $Value:ty: $kind:expr, $read:expr;)*) => {$(
        $(#[$docs])*
        pub(super) struct $Form;

        impl Form for $Form {
            type Value = $Value;
            type Around<'a> = &'a Surroundings<'a>;
            const KIND: Kind = $kind;

            fn read(cx: &mut Context, node: &Node, around: &Surroundings<'_>) -> Option<$Value> {
                $read(cx, node, around)
            }
        }
    )*};
}

forms! {
    /// Before the end, in nanoseconds.
    Instant of Nanos: kind::DURATION, instant;
    /// Index into `Model::tiers`, or `SWITCHED_OFF`.
    AnyTier of usize: Kind::Text, |cx, node, around: &Surroundings<'_>| {
        around.directory.resolve(cx, node).map(|place| place.index.unwrap_or(SWITCHED_OFF))
    };
    /// The same of a tier with a server of its own.
    ServerTier of usize: Kind::Text, server_tier;
    TargetName of Target: Kind::Text, |cx, node: &Node, around| match node.as_str() {
        Some("database") => Some(Target::Database),
        _ => server_tier(cx, node, around).map(Target::Tier),
    };
    /// Index of an instance.
    Instance of u32: Index::KIND, instance;
    /// The id of a key; `None`: the hottest.
    Leader of Option<u64>: Kind::Either(&[Kind::Words(&["hottest"]), Key::KIND]), leader;
}

/// Paths with their new values; which they may be is known with the whole system.
pub(super) struct NewSettings;

impl Form for NewSettings {
    type Value = ();
    type Around<'a> = ();
    const KIND: Kind = Kind::Settings;

    fn read(cx: &mut Context, node: &Node, (): ()) -> Option<()> {
        let example = "{ \"tier.l2.ttl\" = \"30s\" }";
        match node.as_table() {
            Some([]) => cx.wrong(node, format!("nothing changes; expected a table such as {example}")),
            Some(_) => Some(()),
            None => cx.wrong(node, format!("expected a table such as {example}")),
        }
    }
}

pub(super) struct Label;

impl Form for Label {
    type Value = String;
    type Around<'a> = ();
    const KIND: Kind =
        Kind::Form { pattern: "^[a-z0-9-]+$", words: "a label of lower-case letters, digits and '-'" };

    fn read(cx: &mut Context, node: &Node, (): ()) -> Option<String> {
        let fine = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        match node.as_str() {
            Some(label) if !label.is_empty() && label.chars().all(fine) => Some(label.to_owned()),
            _ => cx.wrong(node, "expected a label of lower-case letters, digits and '-'"),
        }
    }
}

/// Nanoseconds; `None`: never.
pub(super) struct Failover;

impl Form for Failover {
    type Value = Option<Nanos>;
    type Around<'a> = ();
    const KIND: Kind = Kind::Either(&[Kind::Words(&["never"]), kind::DURATION]);

    fn read(cx: &mut Context, node: &Node, (): ()) -> Option<Option<Nanos>> {
        match node.as_str() {
            Some("never") => Some(None),
            _ => duration(cx, node).map(Some),
        }
    }
}

fn instant(cx: &mut Context, node: &Node, around: &Surroundings<'_>) -> Option<Nanos> {
    let at_ns = duration(cx, node)?;
    match around.last_instant_ns {
        Some(end_ns) if at_ns >= end_ns => {
            cx.wrong(node, format!("expected an instant before the end, {}", format_duration(end_ns)))
        }
        _ => Some(at_ns),
    }
}

fn server_tier(cx: &mut Context, node: &Node, around: &Surroundings<'_>) -> Option<usize> {
    let place = around.directory.resolve(cx, node)?;
    if !place.shared {
        let title = format!("tier \"{}\" lives in the process", place.name);
        cx.report(
            Diagnostic::new(title, node.span, "expected a tier with scope = \"shared\"")
                .help("use flush to empty it, or deploy to restart the instances"),
        );
        return None;
    }
    Some(place.index.unwrap_or(SWITCHED_OFF))
}

fn instance(cx: &mut Context, node: &Node, around: &Surroundings<'_>) -> Option<u32> {
    let instance = Index::read(cx, node, ())?;
    match around.clients.map(|clients| clients.instances) {
        Some(1) if instance > 0 => cx.wrong(node, "expected 0: there is one instance (clients.instances)"),
        Some(instances) if instance >= instances => {
            let label =
                format!("expected a number from 0 to {}: there are {instances} instances", instances - 1);
            cx.wrong(node, label)
        }
        _ => Some(instance),
    }
}

fn leader(cx: &mut Context, node: &Node, around: &Surroundings<'_>) -> Option<Option<u64>> {
    match node.as_str() {
        Some("hottest") => Some(None),
        Some(_) => cx.wrong(node, "expected \"hottest\", or the number of a key"),
        None => match (Key::read(cx, node, ())?, around.workload) {
            (key, Some(workload)) if key >= workload.keys() => {
                cx.wrong(node, format!("expected a key below {}", workload.keys()))
            }
            (key, _) => Some(Some(key)),
        },
    }
}
