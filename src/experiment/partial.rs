//! Finished replications on disk, so that a run that was killed can go on where it stopped (`herdlab run --resume`).
//!
//! One file per replication of a variant, in a folder named by the scenario's digest: whole or not there. A file of another
//! scenario, of another version or damaged is not used; its replication is simulated again. Files are not synced: after a
//! power cut one may be damaged, which costs its replication, while a sync of each would cost more than short replications.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::replication::Replication;
use crate::atomic;
use crate::catalog;
use crate::catalog::computed::Measured;
use crate::measure::breakdown::Breakdown;
use crate::measure::histogram::{Fine, Packed};
use crate::measure::latency_map::LatencyMap;
use crate::model::Model;
use crate::record::EventRun;

/// Where finished replications of one scenario are kept.
#[derive(Clone, Debug)]
pub struct Partial {
    folder: PathBuf,
    digest: String,
    /// From when on replications are kept, those that were finished before included.
    due: Instant,
    resume: bool,
}

/// Replications that took less (seconds) are sooner simulated again than written and read, unless everything is to be kept.
const KEPT_FROM_S: f64 = 0.05;

/// Why a replication could not be kept.
#[derive(Debug, thiserror::Error)]
#[error("cannot keep a finished replication in {}: {source}", path.display())]
pub struct KeepError {
    path: PathBuf,
    source: std::io::Error,
}

/// One file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    herdlab: String,
    digest: String,
    variant: usize,
    replication: u32,
    measures: Vec<(String, Option<f64>)>,
    series: Vec<(String, String, Vec<Option<f64>>)>,
    distributions: Vec<(String, String, Packed)>,
    latency_map: LatencyMap,
    event_runs: Vec<EventRun>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    breakdown: Option<Breakdown>,
    requests: u64,
    events: u64,
    loop_s: f64,
}

/// A finished replication on its way to its file.
pub(super) struct Packet {
    path: PathBuf,
    text: Vec<u8>,
}

impl Partial {
    /// A place below `out`; nothing is created before the first replication is kept. With `resume`, what an earlier run
    /// kept is used, and every replication is kept. A run that is over before `after` keeps nothing.
    pub fn new(out: &Path, digest: &str, after: Duration, resume: bool) -> Self {
        let short: String = digest.chars().take(16).collect();
        let due = Instant::now() + after;
        Partial { folder: out.join("partial").join(short), digest: digest.to_owned(), due, resume }
    }

    /// Whether the run takes long enough for keeping what it finishes.
    pub(super) fn is_due(&self) -> bool {
        Instant::now() >= self.due
    }

    /// Folders beside this one: what runs of something else have kept, by the beginnings of their digests.
    pub fn others(&self) -> Vec<PathBuf> {
        let all = self.folder.parent().and_then(|above| std::fs::read_dir(above).ok());
        let paths = all.into_iter().flatten().flatten().map(|entry| entry.path());
        let mut others: Vec<PathBuf> = paths.filter(|path| path.is_dir() && *path != self.folder).collect();
        others.sort();
        others
    }

    /// How many replications an earlier run of this scenario has kept.
    pub fn kept(&self) -> usize {
        let files = std::fs::read_dir(&self.folder).into_iter().flatten().flatten();
        files.filter(|file| file.path().extension().is_some_and(|extension| extension == "json")).count()
    }

    fn path(&self, variant: usize, replication: u32) -> PathBuf {
        self.folder.join(format!("{variant}-{replication}.json"))
    }

    /// A finished replication as its file will have it; `None` where it is sooner simulated again.
    ///
    /// # Errors
    /// A value that JSON cannot hold.
    pub(super) fn pack(
        &self,
        variant: usize,
        replication: u32,
        finished: &Replication,
    ) -> Result<Option<Packet>, KeepError> {
        if finished.loop_s < KEPT_FROM_S && !self.resume {
            return Ok(None);
        }
        let path = self.path(variant, replication);
        let kept = Kept {
            herdlab: env!("CARGO_PKG_VERSION").to_owned(),
            digest: self.digest.clone(),
            variant,
            replication,
            measures: finished.measures.iter().map(|measure| (measure.name.clone(), measure.value)).collect(),
            series: owned(&finished.series),
            distributions: owned(&finished.distributions),
            latency_map: finished.latency_map.clone(),
            event_runs: finished.event_runs.clone(),
            breakdown: finished.breakdown.clone(),
            requests: finished.requests,
            events: finished.events,
            loop_s: finished.loop_s,
        };
        match serde_json::to_vec(&kept) {
            Ok(text) => Ok(Some(Packet { path, text })),
            Err(error) => Err(KeepError { path, source: error.into() }),
        }
    }

    /// Writes a finished replication, whole or not at all.
    ///
    /// # Errors
    /// A folder or file that cannot be written.
    pub(super) fn keep(&self, packet: &Packet) -> Result<(), KeepError> {
        let failed = |source| KeepError { path: packet.path.clone(), source };
        atomic::write_unsynced(&packet.path, &packet.text).map_err(|error| failed(error.source))
    }

    /// A replication of the model that an earlier run kept, with or without a breakdown of its latencies; `None` where there is
    /// none that can be used.
    pub(super) fn find(
        &self,
        variant: usize,
        replication: u32,
        model: &Model,
        why: bool,
    ) -> Option<Replication> {
        if !self.resume {
            return None;
        }
        let text = std::fs::read(self.path(variant, replication)).ok()?;
        let kept: Kept = serde_json::from_slice(&text).ok()?;
        let same = kept.herdlab == env!("CARGO_PKG_VERSION")
            && kept.digest == self.digest
            && (kept.variant, kept.replication) == (variant, replication);
        if !same || (why && kept.breakdown.is_none()) {
            return None;
        }
        let sound = |packed: &Packed| packed.fits::<{ Fine::PRECISION }>();
        if !kept.distributions.iter().all(|(_, _, packed)| sound(packed)) {
            return None;
        }
        let measured = |(name, value): (String, Option<f64>)| {
            Some(Measured { unit: catalog::find(&name)?.unit_in(model.currency()), name, value })
        };
        Some(Replication {
            measures: kept.measures.into_iter().map(measured).collect::<Option<_>>()?,
            series: with_units(kept.series)?,
            distributions: with_units(kept.distributions)?,
            latency_map: kept.latency_map,
            event_runs: kept.event_runs,
            breakdown: kept.breakdown.filter(|_| why),
            requests: kept.requests,
            events: kept.events,
            loop_s: kept.loop_s,
        })
    }

    /// The report is written: what it was made from is no longer needed.
    pub fn remove(&self) {
        // What cannot be removed takes room and does no harm. The folder above may hold another scenario's.
        let _ = std::fs::remove_dir_all(&self.folder);
        if let Some(above) = self.folder.parent() {
            let _ = std::fs::remove_dir(above);
        }
    }
}

fn owned<T: Clone>(rows: &[(String, &'static str, T)]) -> Vec<(String, String, T)> {
    rows.iter().map(|(name, unit, values)| (name.clone(), (*unit).to_owned(), values.clone())).collect()
}

/// Units are words of the program; a file with another one is not ours.
fn with_units<T>(rows: Vec<(String, String, T)>) -> Option<Vec<(String, &'static str, T)>> {
    const UNITS: [&str; 8] = ["1", "1/s", "count", "bytes", "bytes/s", "ms", "ns", "s"];
    rows.into_iter()
        .map(|(name, unit, values)| Some((name, *UNITS.iter().find(|known| **known == unit)?, values)))
        .collect()
}
