//! From the places of knobs to an experiment.

use crate::model::{Experiment, Nanos};
use crate::scenario::estimate::{Estimate, estimate};
use crate::scenario::knobs::Knob;
use crate::units::format_duration;

use super::protocol::{Ask, Problem};

/// Arrivals and events of a draft: about a tenth of a second in a browser.
const DRAFT_WORK: f64 = 400_000.0;
/// A draft shorter than this share of the run is made; a longer one is a whole run.
const DRAFT_SHARE_MAX: f64 = 0.7;
/// Windows that a draft has at least.
const DRAFT_WINDOWS_MIN: Nanos = 20;
/// Share of the run that a draft goes on for behind the end of the last event.
const BEHIND_EVENTS: f64 = 0.1;

/// The settings that differ from today, in the order of the knobs, as `--set` takes them.
pub(super) fn settings(knobs: &[Knob], ask: &Ask) -> Result<Vec<(String, String)>, Problem> {
    for (path, place) in &ask.settings {
        let known = knobs.iter().find(|knob| knob.path == *path);
        if known.is_none_or(|knob| *place >= knob.values.len()) {
            let text = format!("there is no value {place} of a knob {path}");
            return Err(Problem { path: path.clone(), text });
        }
    }
    let changed = knobs.iter().filter_map(|knob| {
        let place = *ask.settings.get(&knob.path)?;
        (place != knob.today).then(|| (knob.path.clone(), knob.values[place].toml.clone()))
    });
    Ok(changed.collect())
}

/// The simulated time of a draft, as `--duration` takes it; `None`: that of the whole run.
pub(super) fn draft_duration(experiment: &Experiment) -> Option<String> {
    let work = |Estimate { keys, events, .. }: Estimate| keys + events;
    let most = experiment.variants.iter().map(|variant| work(estimate(&variant.model))).fold(1.0, f64::max);
    let model = &experiment.variants[experiment.baseline].model;
    let whole_ns = model.duration_ns as f64;
    // Steps of two, so that today is simulated for few different lengths.
    let mut share = 1.0;
    while share * most > DRAFT_WORK && share > 1.0 / 1024.0 {
        share /= 2.0;
    }
    let ends = experiment.variants.iter().flat_map(|variant| {
        let instances = variant.model.clients.instances;
        variant.model.events.iter().map(move |event| event.end_ns(instances))
    });
    let behind = ends.max().map_or(0.0, |end_ns| end_ns as f64 / whole_ns + BEHIND_EVENTS);
    let share = share.max(behind);
    if share > DRAFT_SHARE_MAX {
        return None;
    }
    let window_ns = model.window_ns.max(1);
    let windows = ((whole_ns * share) as Nanos).div_ceil(window_ns).max(DRAFT_WINDOWS_MIN);
    let length_ns = windows.saturating_mul(window_ns);
    ((length_ns as f64) < DRAFT_SHARE_MAX * whole_ns).then(|| format_duration(length_ns))
}
