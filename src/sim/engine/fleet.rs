//! Instances that come and go.

use super::core::Core;
use super::kind::Kind;
use crate::model::Nanos;
use crate::sim::parts::system::System;
use crate::sim::queue::GENERAL;

impl<S: System> Core<'_, S> {
    /// So many instances are to be there. New ones start; requests go past those that leave, which end what they have begun.
    pub(super) fn order_instances(&mut self, instances: u32, startup_ns: Nanos) {
        for (instance, at_ns) in self.fleet.order(instances, startup_ns, self.now) {
            match at_ns == self.now {
                true => self.instance_restarts(instance),
                false => self.schedule(GENERAL, at_ns, Kind::InstanceStarts, instance, 0),
            }
        }
        self.fleet.count(self.now);
    }

    /// A new process is there, with nothing in its tiers.
    #[inline(never)]
    pub(super) fn instance_starts(&mut self, instance: u32) {
        if self.fleet.starts_at(instance, self.now) {
            self.instance_restarts(instance);
            self.fleet.count(self.now);
        }
    }

    /// The autoscaler looks at the workers.
    #[inline(never)]
    pub(super) fn scaler_looks(&mut self) {
        let busy_ns = self.workers.as_ref().map_or(0, |workers| workers.busy_ns(self.now));
        let ordered = self.fleet.ordered;
        let Some(scaler) = &mut self.scaler else { return };
        let wanted = scaler.look(busy_ns, ordered, self.now);
        let (startup_ns, at) = (scaler.spec.startup_ns, self.now + scaler.spec.every_ns);
        if wanted != ordered {
            self.order_instances(wanted, startup_ns);
        }
        if at < self.model.duration_ns {
            self.schedule(GENERAL, at, Kind::ScalerLooks, 0, 0);
        }
    }
}
