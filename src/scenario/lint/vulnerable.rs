//! `vulnerable`: a database that lives by its cache.

use super::fill_after_timeout::{fetches_per_read, flights};
use super::rules::View;
use crate::declare::diagnostic::Diagnostic;
use crate::model::{Coalescing, Dist, Load, Mix, Model};
use crate::scenario::estimate::peak_profile_factor;
use crate::units::grouped;

pub(super) fn vulnerable(view: &mut View<'_>) {
    let (Some(expected), false) = (&view.expected, view.model.tiers.is_empty()) else { return };
    let instances = view.model.clients.instances;
    let over = |reads_per_s: &[f64], coalesced: f64| {
        let mix = mix(view.model, reads_per_s, coalesced);
        let asked = mix.requests();
        let carried = view.model.database.capacity_per_s(&mix, instances)?;
        // The sums are of many small terms.
        (asked * (1.0 - 1e-9) > carried).then_some((asked, carried))
    };
    // What the misses alone bring down is no matter of the cache's loss.
    if over(&expected.misses_per_s, 1.0).is_some() {
        return;
    }
    // A lease lets one of all instances fetch a key.
    let leaders = match view.model.coalescing {
        Coalescing::Lease(_) => Some(1.0),
        _ => flights(view.model),
    };
    let coalesced = fetches_per_read(view, leaders);
    let Some((asked, carried)) = over(&expected.reads_per_s, coalesced) else { return };
    let whole = |rate: f64| grouped(rate.round() as u64);
    let title = "the database cannot carry the traffic without the cache".to_owned();
    let label = format!(
        "carries about {} requests per second; without a hit {} arrive at the peak, and a flush may bring it down",
        whole(carried),
        whole(asked)
    );
    let place = view.database_place(if view.model.database.servers.is_some() { "servers" } else { "pool" });
    view.warn("vulnerable", Diagnostic::new(title, place, label));
}

/// The work of the database per second at the peak of the profile, where so many reads of each class come to it, of which a
/// share are calls.
fn mix(model: &Model, reads_per_s: &[f64], coalesced: f64) -> Mix {
    let (database, peak) = (&model.database, peak_profile_factor(model));
    let rate_per_s = model.workload.arrivals.rate_per_s().unwrap_or(0.0);
    let (mut reads, mut writes) = (Load::default(), Load::default());
    for (class, reads_per_s) in model.workload.classes.iter().zip(reads_per_s) {
        let mean_ns = |own: &Option<Dist>, general: &Dist| own.as_ref().unwrap_or(general).mean_ns();
        let read_ns = mean_ns(&class.costs.db_read, &database.read);
        reads = reads + Load::new(reads_per_s * coalesced * peak, read_ns);
        // What is written back comes in batches, whose number the writes do not tell.
        if model.write_back().is_none() {
            let writes_per_s = rate_per_s * class.share * class.write_share * peak;
            writes = writes + Load::new(writes_per_s, mean_ns(&class.costs.db_write, &database.write));
        }
    }
    let background = database.background.as_ref();
    let unpooled =
        background.map_or(Load::default(), |load| Load::new(load.rate_per_s, load.service.mean_ns()));
    match database.replicas {
        Some(_) => Mix { primary: writes, replicas: reads, unpooled },
        None => Mix { primary: reads + writes, replicas: Load::default(), unpooled },
    }
}
