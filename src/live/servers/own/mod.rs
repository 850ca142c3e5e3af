//! Private servers: programs found, started, stopped, and removed with all they wrote.

mod postgres;
mod process;
mod programs;
mod redis;

use std::net::TcpListener;

pub(super) use self::postgres::OwnPostgres;
pub(super) use self::redis::OwnRedis;
use super::Problem;
use crate::dice::hash_seed;

/// Attempts to start a server: another program may take its port between the choice and the start.
const ATTEMPTS: u32 = 3;

/// A loopback port that is free now.
fn free_port() -> Result<u16, Problem> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr());
    listener
        .map(|address| address.port())
        .map_err(|error| Problem::failed(format!("no free port on 127.0.0.1: {error}")))
}

/// A new secret, of the randomness that the standard library seeds its tables with.
pub(super) fn secret() -> String {
    use std::hash::{BuildHasher, RandomState};
    let word = || RandomState::new().hash_one(std::process::id());
    format!("{:016x}{:016x}", word(), hash_seed(word(), 0, "secret"))
}

/// A temporary folder of a server.
fn folder(of: &str) -> Result<tempfile::TempDir, Problem> {
    let made = tempfile::Builder::new().prefix(&format!("herdlab-{of}-")).tempdir();
    made.map_err(|error| {
        let place = std::env::temp_dir();
        Problem::failed(format!(
            "cannot make a folder in {}: {error}; TMPDIR names another place",
            place.display()
        ))
    })
}
