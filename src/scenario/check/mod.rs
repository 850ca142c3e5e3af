//! From the tree to the model: one file per section of the scenario, then the rules that need the whole.

mod event;
mod experiment;
mod gather;
mod idle;
mod invalidation;
mod needs;
mod observed;
mod question;
mod recommend;
mod recorded;
mod revision;
mod standing;
mod sweep;
mod system;
mod threshold;
mod tier;
mod whole;
mod words;
mod workload;
mod writes;

pub(crate) use experiment::{Asked, check};
pub(crate) use question::{FILE, is_same_for_all};
pub(crate) use recommend::limits;
pub(crate) use sweep::{Expanded, expand};
pub(crate) use words::{known_measures, measure};

use crate::declare::diagnostic::Diagnostic;
use crate::declare::fields::Context;
use crate::declare::file::Node;

/// Most windows of one simulation.
const MAX_WINDOWS: u64 = 100_000;

/// Reports elements of `[[list]]` that share a name.
fn refuse_repeated_names(cx: &mut Context, list: &str, elements: &[Node], names: &[String]) {
    for (index, name) in names.iter().enumerate().filter(|(_, name)| !name.is_empty()) {
        if let Some(first) = names[..index].iter().position(|earlier| earlier == name) {
            let title = format!("two [[{list}]] are called \"{name}\"");
            let place = |index: usize| {
                let element = &elements[index];
                element.get("name").or_else(|| element.get("label")).map_or(element.span, |node| node.span)
            };
            cx.report(
                Diagnostic::new(title, place(index), "expected another name")
                    .also(place(first), "the first one"),
            );
        }
    }
}
