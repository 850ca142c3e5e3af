//! How many requests arrive.

use std::f64::consts::TAU;

use crate::model::{Arrivals, EventKind, Model, Nanos, ProfilePart};

/// Length of the arrivals in seconds.
pub(super) fn duration_s(model: &Model) -> f64 {
    model.duration_ns.max(1) as f64 / 1e9
}

/// Requests of an open workload; none of a closed one, whose users send a request when the last one is answered.
pub(super) fn requests(model: &Model) -> f64 {
    match &model.workload.arrivals {
        Arrivals::Poisson { rate_per_s }
        | Arrivals::Constant { rate_per_s }
        | Arrivals::Renewal { rate_per_s, .. } => rate_per_s * duration_s(model) * mean_factor(model),
        Arrivals::Closed { .. } => 0.0,
        Arrivals::Trace(trace) => trace.requests_within(model.duration_ns),
    }
}

/// The factor that profile and surges put on the arrival rate, averaged over the run.
fn mean_factor(model: &Model) -> f64 {
    const STEPS: u32 = 4096;
    let surges: Vec<(Nanos, Nanos, f64)> = model
        .events
        .iter()
        .filter_map(|event| match event.what {
            EventKind::Surge { factor, for_ns } => {
                Some((event.at_ns, event.at_ns.saturating_add(for_ns), factor))
            }
            _ => None,
        })
        .collect();
    if model.workload.profile.is_empty() && surges.is_empty() {
        return 1.0;
    }
    let step_ns = model.duration_ns as f64 / f64::from(STEPS);
    let factor_at = |t_ns: f64| {
        let surge: f64 = surges
            .iter()
            .filter(|(from, to, _)| (*from as f64) <= t_ns && t_ns < *to as f64)
            .map(|(_, _, factor)| factor)
            .product();
        profile_factor(&model.workload.profile, t_ns) * surge
    };
    (0..STEPS).map(|step| factor_at((f64::from(step) + 0.5) * step_ns)).sum::<f64>() / f64::from(STEPS)
}

/// The highest factor that the profile puts on the arrival rate during the run.
pub(in crate::scenario) fn peak_profile_factor(model: &Model) -> f64 {
    const STEPS: u32 = 4096;
    let step_ns = model.duration_ns as f64 / f64::from(STEPS);
    (0..=STEPS)
        .map(|step| profile_factor(&model.workload.profile, f64::from(step) * step_ns))
        .fold(0.0, f64::max)
}

fn profile_factor(profile: &[ProfilePart], t_ns: f64) -> f64 {
    let (mut level, mut waves) = (1.0, 1.0);
    for part in profile {
        match *part {
            ProfilePart::Step { at_ns, factor } if t_ns >= at_ns as f64 => level = factor,
            ProfilePart::Ramp { from_ns, to_ns, factor } if t_ns >= from_ns as f64 => {
                let done = ((t_ns - from_ns as f64) / (to_ns - from_ns) as f64).min(1.0);
                level += (factor - level) * done;
            }
            ProfilePart::Sine { period_ns, phase_ns, amplitude } => {
                waves *= 1.0 + amplitude * libm::sin(TAU * (t_ns - phase_ns as f64) / period_ns as f64);
            }
            _ => {}
        }
    }
    level * waves
}
