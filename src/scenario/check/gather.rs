//! Reads of several keys: what they do not go together with.

use crate::declare::diagnostic::Diagnostic;
use crate::declare::fields::Context;
use crate::declare::file::Node;
use crate::model::Directory;
use crate::model::{Model, MultiGet, Scope};

pub(super) fn check(cx: &mut Context, root: &Node, model: &Model, directory: &Directory) {
    let elements = root.elements("tier");
    let gathers = model.workload.gathers();
    for (index, file_index) in directory.file_indices().into_iter().enumerate() {
        let (Some(tier), Some(node)) = (model.tiers.get(index), elements.get(file_index)) else { continue };
        let Scope::Shared(shared) = &tier.scope else { continue };
        if shared.multi_get == MultiGet::FanOut {
            continue;
        }
        let title = format!("tier.{}.multi_get does not apply", tier.name);
        let place = node.get("multi_get").map_or(node.span, |value| value.span);
        let checks = (model.workload.classes.iter())
            .find(|class| class.keys_per_request > 1 && class.exists_share > 0.0);
        if !gathers {
            let label = "every request has one key";
            cx.report(
                Diagnostic::new(title, place, label)
                    .help("set workload.keys_per_request, or multi_get = \"fan-out\""),
            );
        } else if let Some(class) = checks {
            let label =
                format!("class {} has existence checks, and EXISTS of several only counts them", class.name);
            cx.report(Diagnostic::new(title, place, label).help(
                "use multi_get = \"fan-out\", or set exists_share = 0 where keys_per_request is above 1",
            ));
        }
    }
    if !gathers {
        return;
    }
    let workload = root
        .get("workload")
        .map_or(root.span, |node| node.get("keys_per_request").map_or(node.span, |value| value.span));
    for class in model.workload.classes.iter().filter(|class| class.keys_per_request > 1) {
        if class.write_share >= 1.0 {
            let title = format!("class {} has several keys per read and no reads", class.name);
            let label = "a write has one key";
            cx.report(
                Diagnostic::new(title, workload, label)
                    .help("set keys_per_request = 1, or a smaller write_share"),
            );
        }
    }
    if model.limiter.is_some() {
        let span = root.get("limiter").map_or(root.span, |node| node.span);
        let label = "whether a request of several keys counts once or for each of them is not modelled";
        cx.report(
            Diagnostic::new("limiter does not apply", span, label)
                .help("leave it out, or set keys_per_request = 1 in every class"),
        );
    }
}
