//! The TOML that puts a setting to use.

use crate::experiment::recommend::Found;
use crate::experiment::recommend::record::{OwnSettings, RecommendRecord};

/// Name of the variant that holds the recommended settings.
const NAME: &str = "recommended";

/// A `[[variant]]` with the recommended settings, to paste into the scenario.
pub fn fragment(record: &RecommendRecord, found: &Found) -> String {
    let candidate = &record.candidates[found.candidate];
    let knobs = candidate.settings.iter().map(|setting| (&setting.path, &setting.toml));
    let own = record.variants[candidate.variant].settings.iter().map(|(path, toml)| (path, toml));
    // What the variant sets goes over the knobs, as it did when it was simulated.
    let mut set: Vec<(&String, &String)> = Vec::new();
    for (path, toml) in knobs.chain(own) {
        set.retain(|(known, _)| *known != path);
        set.push((path, toml));
    }
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let fields: Vec<String> = set.iter().map(|(path, toml)| format!("{} = {toml}", quoted(path))).collect();
    let mut text = String::new();
    if has_no_variants(&record.variants) {
        text.push_str("[[variant]]\nname = \"as it is\"\n\n");
    }
    text.push_str(&format!(
        "[[variant]]\nname = {}\nset = {{ {} }}\n",
        quoted(&fresh_name(&record.variants)),
        fields.join(", ")
    ));
    text
}

/// The scenario with the recommended settings as a further variant.
pub fn scenario(record: &RecommendRecord, found: &Found) -> String {
    let source = &record.scenario.source;
    let gap = if source.ends_with('\n') { "\n" } else { "\n\n" };
    let objective = record.objective.name();
    format!("{source}{gap}# By `herdlab recommend`, for {objective}.\n{}", fragment(record, found))
}

fn has_no_variants(variants: &[OwnSettings]) -> bool {
    matches!(variants, [only] if only.settings.is_empty() && only.name == "base")
}

fn fresh_name(variants: &[OwnSettings]) -> String {
    let taken = |name: &String| variants.iter().any(|variant| variant.name == *name);
    let names = std::iter::once(NAME.to_owned()).chain((2..).map(|number| format!("{NAME} {number}")));
    names.into_iter().find(|name| !taken(name)).unwrap_or_else(|| NAME.to_owned())
}
