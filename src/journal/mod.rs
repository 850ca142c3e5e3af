//! Finished cells on disk: the journals of `--shard` and of `--resume`, in one format.
//!
//! # Cells
//!
//! Everything that takes long is made of *cells*: one simulation of one model with one seed and one replication, or the pilots
//! that find the warm-up of one model. A cell is a pure function of its [`Key`]: the fingerprint of model and seed, and the
//! replication. Where it is computed, in which order and how often makes no difference. A command draws up lists of cells and
//! makes its report from their results:
//!
//! | command | lists |
//! |---|---|
//! | `run` | variants x replications; with `precision` another one as long as the interval is too wide; worlds x variants x runs |
//! | `sweep` | systems x replications |
//! | `recommend` | one for each rung of successive halving, then today's setting |
//! | `headroom` | the next values of all searches, until the last search ends |
//! | `warmup = "auto"` of a grid | pilots of all cells, before anything else |
//!
//! # Shards, rounds and merging
//!
//! `--shard i/n` runs the command up to the first list with cells that are not known yet. It computes its share of that list,
//! which every shard finds for itself ([`shard::share`]: balanced by estimated cost), appends each result to its journal and ends.
//! Lists that depend on no values of earlier ones (the worlds of a run) belong to the same round.
//!
//! `herdlab merge` runs the same command with the journals as the source of the cells, and nothing is simulated: the report is
//! written by the code that always writes it, from the same values in the same order, so it has the same bytes for any number of
//! shards and any order of their ends. Where the command arrives at a list that no shard has worked on, the *round* is over:
//! merging writes the known cells to `round-2.jsonl`, from which the next shards start. `--resume` is the third
//! source: the journal of a process that was stopped, and simulation for the rest.
//!
//! # A journal
//!
//! One file for each task and round, appended to by this task alone: no locks, no renames, nothing shared that is written to.
//!
//! ```text
//! {"crc32":"1c291ca3","journal":1,"herdlab":"0.2.0","command":"sweep","words":["ttl-sweep"],"scenario":..,"digest":..,"seed":42,"plan":..,"shard":{"index":2,"of":8},"round":1}
//! {"crc32":"a0f73b11","part":{"cells":24}}
//! {"crc32":"77073096","kind":"names","id":"5e..","replication":0,"took_s":0.0,"result":["db.qps.mean",..]}
//! {"crc32":"ee0e612c","kind":"measures","id":"9b..","replication":3,"took_s":0.21,"result":{"names":"5e..","requests":80212,"values":[..]}}
//! {"crc32":"990951ba","end":{"cells":24}}
//! ```
//!
//! `crc32` is the checksum of everything behind it in its line, so a line that a kill, a full disk or a power cut has spoiled is
//! known and not used. Names of measures stand once in a file. Only `took_s` depends on the machine; two results of one
//! cell must agree in everything else. `part` announces the cells of the shard, `end` says that all are there.
//!
//! | header | must agree between the shards of a merge | of `--resume` |
//! |---|---|---|
//! | `journal` ([`SCHEMA`]) | yes, and with the merging program | yes |
//! | `herdlab` | yes; the merging program may have another version | yes |
//! | `digest`, `seed` | yes, and with the scenario as it is now | through the fingerprints of the cells |
//! | `plan`: words of the command and fingerprints | yes, and with the scenario as it is now | no: a finer sweep uses the cells of a coarse one |
//! | `shard`, `round` | each index of 0..n once in each round | none |

#[cfg(feature = "native")]
mod collection;
#[cfg(feature = "native")]
mod line;
#[cfg(feature = "native")]
mod read;
pub mod shard;
#[cfg(feature = "native")]
mod store;
#[cfg(feature = "native")]
mod write;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

#[cfg(feature = "native")]
pub use collection::{Collection, Gap, Unfit};
#[cfg(feature = "native")]
pub use read::{Scan, ScanError, scan};
pub use shard::Shard;
#[cfg(feature = "native")]
pub use store::{Double, Store};
#[cfg(feature = "native")]
pub use write::{KeepError, Writer, is_shard_of, plan_file, shard_file, write_round};

use crate::units::hex;

/// Version of the layout of journals and of what their results hold; other versions are refused.
pub const SCHEMA: u32 = 1;

/// The result that a line holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// The names of measures that other lines refer to.
    Names,
    /// The measures of one simulation.
    Measures,
    /// All that one simulation gives to a record.
    Whole,
    /// The same with latencies by part (`--why`).
    Explained,
    /// The warm-up of one cell of a grid.
    Warmup,
    /// A warm-up that every shard finds for itself.
    Pilot,
}

impl Kind {
    /// Whether it is shared out among shards.
    pub fn is_cell(self) -> bool {
        !matches!(self, Kind::Names | Kind::Pilot)
    }
}

/// A cell: what is computed, and for what.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    pub kind: Kind,
    /// Fingerprint of model and seed, in hexadecimal digits.
    pub id: String,
    pub replication: u32,
}

impl Key {
    /// A cell of this kind.
    pub fn new(kind: Kind, id: &str, replication: u32) -> Key {
        Key { kind, id: id.to_owned(), replication }
    }
}

/// The first line of a journal. Another one may follow, which then holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// [`SCHEMA`].
    pub journal: u32,
    /// Version of the program.
    pub herdlab: String,
    /// `run`, `sweep`, `recommend` or `headroom`.
    pub command: String,
    /// The words behind it that decide on the result.
    pub words: Vec<String>,
    /// The file as the user named it, or the name of a bundled scenario.
    pub scenario: String,
    /// Of the scenario.
    pub digest: String,
    pub seed: u64,
    /// Of the words and of the meaning of all cells, as far as it is known before the first one.
    pub plan: String,
    /// None for `--resume` and for the cells known before a round.
    pub shard: Option<Shard>,
    /// From 1.
    pub round: u32,
}

impl Header {
    /// Of this version; `meanings` are fingerprints of what the command simulates.
    pub fn new<'m>(
        command: &str,
        words: Vec<String>,
        scenario: &str,
        (digest, seed): (&str, u64),
        meanings: impl Iterator<Item = &'m str>,
    ) -> Header {
        let mut hasher = Sha256::new();
        let mut add = |part: &str| {
            hasher.update((part.len() as u64).to_le_bytes());
            hasher.update(part);
        };
        add(command);
        words.iter().for_each(|word| add(word));
        add(digest);
        meanings.for_each(add);
        Header {
            journal: SCHEMA,
            herdlab: env!("CARGO_PKG_VERSION").to_owned(),
            command: command.to_owned(),
            plan: hex(&hasher.finalize()[..8]),
            words,
            scenario: scenario.to_owned(),
            digest: digest.to_owned(),
            seed,
            shard: None,
            round: 1,
        }
    }

    /// The same for a shard.
    pub fn of_shard(&self, shard: Shard, round: u32) -> Header {
        Header { shard: Some(shard), round, ..self.clone() }
    }

    /// Whether results of that journal are results of this program.
    pub fn is_usable(&self) -> bool {
        self.journal == SCHEMA && self.herdlab == env!("CARGO_PKG_VERSION")
    }

    /// The first thing in which another journal is of something else, in words: `seed 7`, and what it is here.
    pub fn difference(&self, other: &Header) -> Option<(String, String)> {
        let short = |digest: &str| format!("digest {}...", digest.get(..12).unwrap_or(digest));
        let command = |header: &Header| format!("`herdlab {} {}`", header.command, header.words.join(" "));
        let pairs = [
            (format!("journal schema {}", self.journal), format!("journal schema {}", other.journal)),
            (format!("herdlab {}", self.herdlab), format!("herdlab {}", other.herdlab)),
            (format!("scenario {}", self.scenario), format!("scenario {}", other.scenario)),
            (format!("seed {}", self.seed), format!("seed {}", other.seed)),
            (command(self), command(other)),
            (short(&self.digest), short(&other.digest)),
            (format!("plan {}", self.plan), format!("plan {}", other.plan)),
        ];
        pairs.into_iter().find(|(own, other)| own != other)
    }
}

#[cfg(test)]
mod tests;
