//! Where the time of a variant's requests goes, over all its replications.

use crate::measure::breakdown::{Breakdown, PARTS, SLOWEST, SlowRequest, Step, Sums};
use crate::measure::recorder::{CAUSES, OUTCOMES};
use crate::model::Model;
use crate::record::breakdown::{
    BreakdownRecord, LatencySplit, OutcomeBreakdown, SlowRequestRecord, StepRecord,
};

/// Breakdowns of replications, taken in one after the other.
#[derive(Clone, Default)]
pub(super) struct Breakdowns {
    together: Breakdown,
    /// With their replications.
    slowest: Vec<(u32, SlowRequest)>,
}

impl Breakdowns {
    /// Takes in that of the next replication.
    pub fn take_in(&mut self, replication: u32, breakdown: &Breakdown) {
        self.together.merge_sums(breakdown);
        self.slowest.extend(breakdown.slowest().iter().map(|slow| (replication, slow.clone())));
        // Equals stay in the order of replications, and within one in that of time.
        self.slowest.sort_by_key(|(_, slow)| std::cmp::Reverse(slow.latency_ns));
        self.slowest.truncate(SLOWEST);
    }

    /// For the record.
    pub fn record(&self, model: &Model) -> BreakdownRecord {
        let all = ("all", self.together.all());
        let outcomes = OUTCOMES.map(|(outcome, name)| (name, self.together.outcome(outcome).clone()));
        BreakdownRecord {
            outcomes: std::iter::once(all)
                .chain(outcomes)
                .filter(|(_, rows)| rows.total().requests > 0)
                .map(|(name, rows)| OutcomeBreakdown {
                    outcome: name.to_owned(),
                    at: vec![
                        split("p50", &rows.around(0.5)),
                        split("p99", &rows.around(0.99)),
                        split("mean", &rows.total()),
                    ],
                })
                .collect(),
            slowest: self
                .slowest
                .iter()
                .map(|(replication, slow)| request(model, *replication, slow))
                .collect(),
        }
    }
}

fn split(at: &str, sums: &Sums) -> LatencySplit {
    let parts = PARTS.iter().map(|(part, name, _)| ((*name).to_owned(), sums.parts_ns[*part as usize]));
    LatencySplit {
        at: at.to_owned(),
        requests: sums.requests,
        latency_ns: sums.latency_ns(),
        parts_ns: parts.filter(|(_, sum_ns)| *sum_ns > 0).collect(),
    }
}

fn request(model: &Model, replication: u32, slow: &SlowRequest) -> SlowRequestRecord {
    let &SlowRequest { start_ns, latency_ns, key, class, instance, outcome, cause, left_out, .. } = slow;
    let step = |step: &Step| StepRecord {
        part: step.part.name().to_owned(),
        tier: step.tier.and_then(|level| model.tiers.get(usize::from(level))).map(|tier| tier.name.clone()),
        from_ns: step.start_ns.saturating_sub(start_ns),
        to_ns: step.end_ns.saturating_sub(start_ns),
    };
    SlowRequestRecord {
        replication,
        start_ns,
        latency_ns,
        key,
        class: model
            .workload
            .classes
            .get(usize::from(class))
            .map_or_else(String::new, |class| class.name.clone()),
        instance,
        outcome: OUTCOMES[outcome as usize].1.to_owned(),
        cause: cause.map(|cause| CAUSES[cause as usize].1.to_owned()),
        steps: slow.steps.iter().map(step).collect(),
        left_out,
    }
}
