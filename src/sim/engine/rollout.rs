//! Changes of settings: what the instances have, they take over one after another; a memory limit is the server's, and changes with
//! the first of them.

use super::core::Core;
use crate::model::{EventKind, Scope};
use crate::sim::parts::system::System;

impl<S: System> Core<'_, S> {
    /// A change begins: servers get their new memory limits.
    #[inline(never)]
    pub(super) fn shared_tiers_change(&mut self, revision: u8) {
        let Some(model) = self.revisions.model(revision) else { return };
        for (tier, spec) in self.tiers.iter_mut().zip(&model.tiers) {
            if matches!(spec.scope, Scope::Shared(_)) {
                tier.resize(spec.capacity);
            }
        }
    }

    /// An instance takes over the settings of a change, which is the event with this index.
    #[inline(never)]
    pub(super) fn instance_changes(&mut self, instance: u32, event: u32) {
        let EventKind::Change { revision, restarts, .. } = self.model.events[event as usize].what else {
            return;
        };
        if self.revisions.take_over(instance, revision) {
            self.resize_pools(instance, revision);
            if restarts {
                self.resize_own_tiers(instance, revision);
            }
        }
        if restarts {
            self.instance_restarts(instance);
        }
    }

    /// Larger pools hand out their new connections at once.
    fn resize_pools(&mut self, instance: u32, revision: u8) {
        let Some(model) = self.revisions.model(revision) else { return };
        self.database.pools.resize(instance as usize, model.database.pool);
        self.hand_database_connection_on(instance);
        for (level, spec) in model.tiers.iter().enumerate() {
            let Scope::Shared(shared) = &spec.scope else { continue };
            for node in 0..shared.nodes as u8 {
                if let Some(shared_tier) = &mut self.tiers[level].shared {
                    let pool = shared_tier.pool(instance, node);
                    shared_tier.pools.resize(pool, shared.pool);
                }
                self.hand_connection_on(level, instance, node);
            }
        }
    }

    /// The new process has its caches in their new sizes.
    fn resize_own_tiers(&mut self, instance: u32, revision: u8) {
        let Some(model) = self.revisions.model(revision) else { return };
        for (tier, spec) in self.tiers.iter_mut().zip(&model.tiers) {
            if matches!(spec.scope, Scope::Instance { .. }) {
                tier.renew_store(instance as usize, spec);
            }
        }
    }
}
