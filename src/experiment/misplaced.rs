//! Policies from outside the crate belong to a variant and a tier that can have them.

use crate::model::{Capacity, Experiment, Refresh, Tier};
use crate::policy::own::Policies;
use crate::scenario::diagnostic::nearest;

/// Why a policy of one's own cannot be used where it was put.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Misplaced {
    #[error("a policy of one's own is for variant \"{name}\", which this scenario has not{}", meant(meaning))]
    Variant { name: String, meaning: Option<String> },
    #[error(
        "a policy of one's own is for tier \"{name}\", which is not switched on in variant \"{variant}\"{}",
        meant(meaning)
    )]
    Tier { variant: String, name: String, meaning: Option<String> },
    #[error("tier \"{tier}\" of variant \"{variant}\" is unbounded and evicts nothing: give it a capacity")]
    Unbounded { variant: String, tier: String },
    #[error(
        "tier \"{tier}\" of variant \"{variant}\" is kept as Redis keeps it: give it an eviction such as \"lru\""
    )]
    Redis { variant: String, tier: String },
    #[error("tier \"{tier}\" of variant \"{variant}\" has a refresh of the scenario: set it to \"none\"")]
    Refreshed { variant: String, tier: String },
}

fn meant(meaning: &Option<String>) -> String {
    meaning.as_ref().map_or_else(String::new, |meaning| format!(" (did you mean \"{meaning}\"?)"))
}

/// Whether every policy has its place.
pub(super) fn check(experiment: &Experiment, policies: &Policies) -> Result<(), Misplaced> {
    for (variant, tier, option) in policies.places() {
        let names = || experiment.variants.iter().map(|known| known.name.as_str());
        let Some(model) =
            experiment.variants.iter().find(|known| known.name == variant).map(|known| &known.model)
        else {
            let meaning = nearest(variant, names()).map(str::to_owned);
            return Err(Misplaced::Variant { name: variant.to_owned(), meaning });
        };
        let (variant, name) = (variant.to_owned(), tier.to_owned());
        let Some(tier) = model.tiers.iter().find(|known| known.name == tier) else {
            let meaning =
                nearest(tier, model.tiers.iter().map(|known| known.name.as_str())).map(str::to_owned);
            return Err(Misplaced::Tier { variant, name, meaning });
        };
        fits(tier, option, variant, name)?;
    }
    Ok(())
}

fn fits(tier: &Tier, option: &str, variant: String, name: String) -> Result<(), Misplaced> {
    match option {
        "refresh" if tier.refresh != Refresh::None => Err(Misplaced::Refreshed { variant, tier: name }),
        "eviction" if tier.redis.is_some() => Err(Misplaced::Redis { variant, tier: name }),
        "eviction" if tier.capacity == Capacity::Unbounded => {
            Err(Misplaced::Unbounded { variant, tier: name })
        }
        _ => Ok(()),
    }
}
