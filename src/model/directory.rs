//! The tiers of a scenario by their names, for the options that name one.

use crate::declare::Form;
use crate::declare::diagnostic::{Diagnostic, suggestion};
use crate::declare::fields::Context;
use crate::declare::file::Node;
use crate::declare::kind::Kind;

/// The tiers by name, the switched-off ones included.
pub(crate) struct Directory {
    pub places: Vec<Place>,
}

pub(crate) struct Place {
    pub name: String,
    /// Index into `Model::tiers`; `None`: switched off in this variant.
    pub index: Option<usize>,
    pub shared: bool,
}

impl Directory {
    /// How many tiers are switched on.
    pub fn enabled(&self) -> usize {
        self.places.iter().filter(|place| place.index.is_some()).count()
    }

    /// The last shared tier that is switched on.
    pub fn last_shared(&self) -> Option<&Place> {
        self.places.iter().rfind(|place| place.shared && place.index.is_some())
    }

    /// Whether the file has a shared tier (or one of instances), switched on or off.
    pub fn has(&self, shared: bool) -> bool {
        self.places.iter().any(|place| place.shared == shared)
    }

    /// Index into the `[[tier]]` tables of the file of each tier that is switched on.
    pub fn file_indices(&self) -> Vec<usize> {
        (0..self.places.len()).filter(|&position| self.places[position].index.is_some()).collect()
    }

    /// Finds the tier that a string names.
    pub fn resolve(&self, cx: &mut Context, node: &Node) -> Option<&Place> {
        let Some(name) = node.as_str() else {
            return cx.wrong(node, format!("expected the name of a tier, found {}", node.kind()));
        };
        self.places.iter().find(|place| place.name == name).or_else(|| {
            let names: Vec<&str> = self.places.iter().map(|place| place.name.as_str()).collect();
            let label = suggestion(name, names.iter().copied(), "unknown name");
            let help = match names.as_slice() {
                [] => "this scenario has no [[tier]]".to_owned(),
                names => format!("known tiers: {}", names.join(", ")),
            };
            let title = format!("no tier is called \"{name}\"");
            cx.report(Diagnostic::new(title, node.span, label).help(help));
            None
        })
    }
}

/// The name of a shared tier, which must be switched on where it is needed.
pub(crate) struct CountingTier;

impl Form for CountingTier {
    /// Index into `Model::tiers`.
    type Value = usize;
    /// Whether the tier is needed, which it is not where the limiter is switched off itself.
    type Around<'a> = (&'a Directory, bool);
    const KIND: Kind = Kind::Text;

    fn read(cx: &mut Context, node: &Node, (directory, needed): (&Directory, bool)) -> Option<usize> {
        let place = directory.resolve(cx, node)?;
        if !place.shared {
            let label = "a tier in the process counts for one instance only";
            let diagnostic = Diagnostic::new("a limiter counts in a shared tier", node.span, label);
            cx.report(diagnostic.help("name a tier with scope = \"shared\""));
            return None;
        }
        match place.index {
            Some(index) => Some(index),
            None if !needed => Some(0),
            None => {
                let label = "this tier is switched off (enabled = false)";
                let diagnostic = Diagnostic::new("a limiter needs its tier", node.span, label);
                cx.report(diagnostic.help("switch the limiter off as well: limiter.enabled = false"));
                None
            }
        }
    }
}

/// The name of the tier that keeps the leases: the last shared one.
pub(crate) struct LeaseTier;

impl Form for LeaseTier {
    /// Index into `Model::tiers`.
    type Value = usize;
    type Around<'a> = &'a Directory;
    const KIND: Kind = Kind::Text;

    fn read(cx: &mut Context, node: &Node, directory: &Directory) -> Option<usize> {
        let place = directory.resolve(cx, node)?;
        let Some(index) = place.index else {
            let label = "this tier is switched off (enabled = false)";
            let help = "where a variant switches the tier off, let it set coalescing = \"singleflight\" or \"none\" too";
            cx.report(Diagnostic::new("a lease needs its tier", node.span, label).help(help));
            return None;
        };
        match directory.last_shared() {
            Some(last) if last.name == place.name => Some(index),
            last => {
                let label = match last {
                    Some(last) => format!("expected the last shared tier, \"{}\"", last.name),
                    None => "expected a shared tier; there is none".to_owned(),
                };
                let help = match last {
                    Some(last) => {
                        format!("for example coalescing = {{ lease = {{ tier = \"{}\" }} }}", last.name)
                    }
                    None => {
                        "add a tier with scope = \"shared\", or use coalescing = \"singleflight\"".to_owned()
                    }
                };
                cx.report(
                    Diagnostic::new("a lease is kept by the last shared tier", node.span, label).help(help),
                );
                None
            }
        }
    }
}
