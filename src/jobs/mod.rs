//! Job files that spread a command over the engine that people already have: an array of shards, then their merge.
//!
//! A file is made of a [`Job`] alone. Words that a user has chosen are quoted for whatever reads them: the shell, YAML, the
//! expressions of GitHub. Retries, placing and waiting are the engine's business.

mod github;
mod kubernetes;
mod parallel;
mod quote;
mod slurm;

use crate::scenario::Diagnostics;
use crate::units::{approximate_bytes, counted};

pub use quote::{expression, json, shell};

/// An engine that runs jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Slurm,
    Kubernetes,
    GitHub,
    Parallel,
}

/// A command in parts.
#[derive(Clone, Debug)]
pub struct Job {
    /// `sweep`, and the words behind it without those for place and spending.
    pub command: String,
    pub words: Vec<String>,
    /// `--out`, or `--report` where that names the folder.
    pub folder_option: &'static str,
    pub folder: String,
    /// Of the scenario.
    pub name: String,
    /// Text of the scenario, where it is a file of the user's.
    pub source: Option<String>,
    /// Files that the scenario names.
    pub files: Vec<String>,
    pub tasks: u32,
    pub threads: u32,
    /// Container image.
    pub image: String,
    /// Of all tasks.
    pub simulations: u64,
    /// Estimated, of a task.
    pub seconds: f64,
    pub memory_bytes: f64,
    /// Why it takes several rounds, if it does.
    pub rounds: Option<&'static str>,
}

/// What is asked of the engine is so many times what is estimated.
const TIME_FACTOR: f64 = 4.0;
const MEMORY_FACTOR: f64 = 2.0;
/// And no less than this: starting and writing take time and memory of their own.
const MINUTES_MIN: u64 = 10;
const MEBIBYTES_MIN: u64 = 256;

impl Job {
    /// Minutes to ask for.
    pub fn minutes(&self) -> u64 {
        ((self.seconds * TIME_FACTOR / 60.0).ceil() as u64).max(MINUTES_MIN)
    }

    /// Memory to ask for.
    pub fn mebibytes(&self) -> u64 {
        ((self.memory_bytes * MEMORY_FACTOR / f64::from(1 << 20)).ceil() as u64).max(MEBIBYTES_MIN)
    }

    /// `herdlab sweep ttl-sweep --duration=20s`, quoted for the shell.
    fn line(&self) -> String {
        let words = self.words.iter().map(|word| shell(word));
        format!("herdlab {} {}", self.command, words.collect::<Vec<_>>().join(" "))
    }

    /// The same on one line, for a comment.
    fn comment(&self) -> String {
        self.line().replace(['\n', '\r'], " ")
    }

    /// The estimate in words.
    fn estimate(&self) -> String {
        format!(
            "about {} in each of {}, {} on {} and {} of memory",
            counted(self.simulations.div_ceil(u64::from(self.tasks)), "simulation"),
            counted(u64::from(self.tasks), "task"),
            crate::scenario::estimate::approximate_time(self.seconds),
            counted(u64::from(self.threads), "thread"),
            approximate_bytes(self.memory_bytes)
        )
    }

    /// A name of lower-case letters, digits and hyphens, as all engines take it.
    fn label(&self) -> String {
        let plain =
            |letter: char| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '-' };
        let name: String = format!("{}-{}", self.command, self.name).chars().map(plain).take(40).collect();
        let parts: Vec<&str> = name.split('-').filter(|part| !part.is_empty()).collect();
        format!("herdlab-{}", parts.join("-"))
    }
}

/// The job file of an engine.
///
/// # Errors
/// What the engine cannot do: several rounds, too many tasks, files that it does not have.
pub fn emit(engine: Engine, job: &Job) -> Result<String, Diagnostics> {
    let most = match engine {
        // Of a matrix: https://docs.github.com/actions/reference/limits.
        Engine::GitHub => 256,
        Engine::Slurm | Engine::Kubernetes | Engine::Parallel => 100_000,
    };
    if job.tasks > most {
        let title = format!("--tasks {}: a job of this engine has at most {most}", job.tasks);
        return Err(Diagnostics::general(title, vec!["fewer tasks with more --threads each".to_owned()]));
    }
    if let Some(reason) = job.rounds.filter(|_| engine != Engine::Parallel) {
        let title = format!("{reason} takes several rounds, and a job file has one");
        let help = vec![
            "`herdlab emit parallel` writes a loop over the rounds".to_owned(),
            "docs/many-machines.md describes rounds on other engines".to_owned(),
        ];
        return Err(Diagnostics::general(title, help));
    }
    match engine {
        Engine::Slurm => Ok(slurm::script(job)),
        Engine::Kubernetes => kubernetes::manifest(job),
        Engine::GitHub => Ok(github::workflow(job)),
        Engine::Parallel => Ok(parallel::script(job)),
    }
}

#[cfg(test)]
mod tests;
