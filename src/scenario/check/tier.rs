//! `[[tier]]`.

use super::refuse_repeated_names;
use crate::declare::Form;
use crate::declare::diagnostic::Diagnostic;
use crate::declare::fields::Context;
use crate::declare::file::Node;
use crate::model::{Directory, MAX_TIERS, Place, Tier, TierOptions};
use crate::scenario::axes;

/// Reads all tiers. The second part is `None` where one of them is wrong.
pub(super) fn tiers(cx: &mut Context, elements: &[Node]) -> (Directory, Option<Vec<Tier>>) {
    let names = axes::names(elements);
    refuse_repeated_names(cx, "tier", elements, &names);
    let mut directory = Directory { places: Vec::new() };
    let mut tiers = Vec::new();
    let mut complete = true;
    for (element, name) in elements.iter().zip(names) {
        let segment = if name.is_empty() { "tier".to_owned() } else { format!("tier.{name}") };
        let read = cx.within(segment, |cx| TierOptions::read(cx, element, ()));
        let shared = element.get("scope").and_then(Node::as_str) != Some("instance");
        let index = match read {
            Some(tier) if tier.enabled => {
                tiers.push(tier.tier());
                Some(directory.enabled())
            }
            Some(_) => None,
            None => {
                complete = false;
                Some(directory.enabled())
            }
        };
        directory.places.push(Place { name, index, shared });
    }
    if let (Some(element), true) = (elements.get(MAX_TIERS), tiers.len() > MAX_TIERS) {
        let title = format!("{} tiers", tiers.len());
        cx.report(Diagnostic::new(title, element.span, format!("expected at most {MAX_TIERS}")));
    }
    (directory, complete.then_some(tiers))
}
