//! A private redis-server.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use nix::sys::signal::Signal;
use tempfile::TempDir;

use super::super::settings::SPARE_CONNECTIONS;
use super::super::{Problem, Spawn, link};
use super::process::{Manners, Process, tail};
use super::{ATTEMPTS, folder, free_port, programs, secret};

const MANNERS: Manners = Manners {
    name: "redis-server",
    start: Duration::from_secs(10),
    every: Duration::from_millis(5),
    signal: Signal::SIGKILL,
    end: Duration::ZERO,
};

#[derive(Debug)]
pub(in super::super) struct OwnRedis {
    process: Option<Process>,
    program: PathBuf,
    url: String,
    folder: TempDir,
}

impl OwnRedis {
    pub fn start(spawn: &Spawn) -> Result<OwnRedis, Problem> {
        let program = programs::redis_server()?;
        let mut attempt = 1;
        loop {
            match OwnRedis::start_on(free_port()?, program.clone(), spawn) {
                Err(problem) if attempt < ATTEMPTS && problem.to_string().contains("already in use") => {
                    attempt += 1
                }
                result => return result,
            }
        }
    }

    fn start_on(port: u16, program: PathBuf, spawn: &Spawn) -> Result<OwnRedis, Problem> {
        let folder = folder("redis")?;
        let (settings, password) = (&spawn.redis, secret());
        let connections = spawn.connections.redis.saturating_add(SPARE_CONNECTIONS);
        // A password in the arguments would be seen by everybody.
        let configuration = format!(
            "bind 127.0.0.1\nport {port}\nrequirepass {password}\ndir \"{}\"\nlogfile redis.log\nsave \"\"\nappendonly no\n\
             maxclients {}\nmaxmemory {}\nmaxmemory-policy {}\nmaxmemory-samples {}\nhz {}\nactive-expire-effort {}\n",
            folder.path().display(),
            connections.max(100),
            settings.maxmemory_bytes(connections),
            settings.policy,
            settings.samples,
            settings.hz,
            settings.effort,
        );
        let file = folder.path().join("redis.conf");
        let written = fs::write(&file, configuration)
            .and_then(|()| fs::set_permissions(&file, fs::Permissions::from_mode(0o600)));
        written.map_err(|error| Problem::failed(format!("cannot write {}: {error}", file.display())))?;
        let url = format!("redis://:{password}@127.0.0.1:{port}/0");
        let mut own = OwnRedis { process: None, program, url, folder };
        own.run()?;
        Ok(own)
    }

    /// Starts the process, empty, and waits until it answers.
    pub fn run(&mut self) -> Result<(), Problem> {
        if self.process.is_some() {
            return Ok(());
        }
        let mut command = Command::new(&self.program);
        command.arg(self.folder.path().join("redis.conf")).current_dir(self.folder.path());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let process = Process::start(&MANNERS, &mut command, self.folder.path());
        let process = process
            .map_err(|error| Problem::failed(format!("cannot start {}: {error}", self.program.display())))?;
        let answers = || {
            let mut connection = link::redis(&self.url)?;
            redis::cmd("PING")
                .query::<()>(&mut connection)
                .map_err(|error| Problem::of_redis("ask it", &error))
        };
        let process = process.ready(|| self.log(), answers)?;
        self.process = Some(process);
        Ok(())
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// The end of its log.
    pub fn log(&self) -> String {
        tail(&self.folder.path().join("redis.log"))
    }

    /// Whether the process is gone, although nobody ended it.
    pub fn has_died(&mut self) -> bool {
        self.process.as_mut().is_some_and(Process::has_ended)
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        if let Some(process) = self.process.take() {
            process.end();
        }
    }
}

impl Drop for OwnRedis {
    fn drop(&mut self) {
        self.kill();
    }
}
