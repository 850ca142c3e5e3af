//! A private PostgreSQL.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use nix::sys::signal::Signal;
use nix::unistd::{User, geteuid};
use tempfile::TempDir;
use tokio_postgres::Config;

use super::super::settings::SPARE_CONNECTIONS;
use super::super::{Problem, Spawn, link};
use super::process::{Manners, Process, send, tail};
use super::{ATTEMPTS, folder, free_port, programs, secret};

const MANNERS: Manners = Manners {
    name: "PostgreSQL",
    // Recovery after a kill included.
    start: Duration::from_secs(60),
    every: Duration::from_millis(20),
    signal: Signal::SIGQUIT,
    end: Duration::from_secs(5),
};
const NAME: &str = "herdlab";

#[derive(Debug)]
pub(in super::super) struct OwnPostgres {
    process: Option<Process>,
    programs: PathBuf,
    /// The user that it runs as, where this program is root: PostgreSQL refuses root.
    user: Option<User>,
    password: String,
    config: Config,
    port: u16,
    arguments: Vec<String>,
    folder: TempDir,
}

impl OwnPostgres {
    pub fn start(spawn: &Spawn) -> Result<OwnPostgres, Problem> {
        let programs = programs::postgres_folder()?;
        let user = unprivileged()?;
        let folder = folder("postgres")?;
        let cannot = |error: io::Error| {
            Problem::failed(format!("cannot prepare {}: {error}", folder.path().display()))
        };
        let password = secret();
        let password_file = folder.path().join("password");
        fs::write(&password_file, &password).map_err(cannot)?;
        fs::set_permissions(&password_file, fs::Permissions::from_mode(0o600)).map_err(cannot)?;
        if let Some(user) = &user {
            for path in [folder.path(), &password_file] {
                chown(path, Some(user.uid.as_raw()), Some(user.gid.as_raw())).map_err(cannot)?;
            }
        }
        let connections = spawn.connections.postgres.saturating_add(SPARE_CONNECTIONS);
        let settings = [
            "listen_addresses=127.0.0.1".to_owned(),
            // Nobody needs one, and a path in a temporary folder may be too long for it.
            "unix_socket_directories=".to_owned(),
            format!("max_connections={connections}"),
            format!("fsync={}", if spawn.fsync { "on" } else { "off" }),
            "log_checkpoints=off".to_owned(),
        ];
        let arguments = settings.into_iter().flat_map(|setting| ["-c".to_owned(), setting]).collect();
        let config = Config::new();
        let mut own =
            OwnPostgres { process: None, programs, user, password, config, port: 0, arguments, folder };
        own.initialise(&password_file)?;
        let mut attempt = 1;
        loop {
            own.port = free_port()?;
            own.config = Config::new();
            own.config.host("127.0.0.1").port(own.port).user(NAME).password(&own.password).dbname("postgres");
            match own.run() {
                Err(problem)
                    if attempt < ATTEMPTS && problem.to_string().contains("Address already in use") =>
                {
                    attempt += 1;
                }
                result => return result.map(|()| own),
            }
        }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A program of PostgreSQL as the user that it may run as.
    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.programs.join(name));
        command.current_dir(self.folder.path()).env("LC_ALL", "C").env("TZ", "UTC");
        if let Some(user) = &self.user {
            command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
        }
        command
    }

    fn initialise(&self, password_file: &Path) -> Result<(), Problem> {
        let mut initdb = self.program("initdb");
        initdb.args(["--no-sync", "--username", NAME, "--auth", "scram-sha-256", "--encoding", "UTF8"]);
        initdb.args(["--no-locale", "--pwfile"]).arg(password_file).arg("--pgdata").arg(self.data());
        let path = self.folder.path().join("initdb.log");
        let log = File::create(&path)
            .map_err(|error| Problem::failed(format!("cannot write {}: {error}", path.display())))?;
        initdb.stdout(Stdio::null()).stderr(log);
        // Where this program is killed meanwhile, its folder goes too.
        let status = Process::start(&MANNERS, &mut initdb, self.folder.path()).and_then(Process::wait);
        let status = status.map_err(|error| {
            Problem::failed(format!("cannot start {}: {error}", self.programs.join("initdb").display()))
        })?;
        match status.success() {
            true => Ok(()),
            false => Err(Problem::failed(format!("initdb failed:{}", tail(&path)))),
        }
    }

    /// Starts the process and waits until it answers.
    pub fn run(&mut self) -> Result<(), Problem> {
        if self.process.is_some() {
            return Ok(());
        }
        let path = self.folder.path().join("postgres.log");
        let log = File::options().create(true).append(true).open(&path);
        let (log, same) = log
            .and_then(|log| log.try_clone().map(|same| (log, same)))
            .map_err(|error| Problem::failed(format!("cannot write {}: {error}", path.display())))?;
        let mut postgres = self.program("postgres");
        postgres.arg("-D").arg(self.data()).args(["-p", &self.port.to_string()]).args(&self.arguments);
        postgres.stdout(log).stderr(same);
        let process = Process::start(&MANNERS, &mut postgres, self.folder.path())
            .map_err(|error| Problem::failed(format!("cannot start postgres: {error}")))?;
        let answers = || link::execute(&self.config, "ask it", "select 1");
        let process = process.ready(|| self.log(), answers)?;
        self.process = Some(process);
        Ok(())
    }

    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The end of its log.
    pub fn log(&self) -> String {
        tail(&self.folder.path().join("postgres.log"))
    }

    /// Whether the process is gone, although nobody ended it.
    pub fn has_died(&mut self) -> bool {
        self.process.as_mut().is_some_and(Process::has_ended)
    }

    /// The immediate shutdown, without a checkpoint.
    pub fn kill(&mut self) {
        self.resume();
        if let Some(process) = self.process.take() {
            process.end();
        }
    }

    /// SIGSTOP to the postmaster, then to all others: no new one appears in between.
    pub fn pause(&self) {
        self.signal(Signal::SIGSTOP);
    }

    /// SIGCONT to all.
    pub fn resume(&self) {
        self.signal(Signal::SIGCONT);
    }

    fn signal(&self, signal: Signal) {
        let Some(process) = &self.process else { return };
        send(process.id(), signal);
        children(process.id()).into_iter().for_each(|child| send(child, signal));
    }
}

impl Drop for OwnPostgres {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The processes that another one has started. Backends lead groups of their own, so a signal to the group misses them.
fn children(of: u32) -> Vec<u32> {
    let listed = Command::new("ps").args(["-A", "-o", "ppid=,pid="]).stdin(Stdio::null()).output();
    let text = listed.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    let pair = |line: &str| {
        let mut words = line.split_whitespace().map(str::parse);
        Some((words.next()?.ok()?, words.next()?.ok()?))
    };
    text.lines()
        .filter_map(pair)
        .filter(|(parent, _): &(u32, u32)| *parent == of)
        .map(|(_, child)| child)
        .collect()
}

/// The user that PostgreSQL runs as, where this program is root.
fn unprivileged() -> Result<Option<User>, Problem> {
    if !geteuid().is_root() {
        return Ok(None);
    }
    let user = ["postgres", "nobody"].iter().find_map(|name| User::from_name(name).ok().flatten());
    user.map(Some).ok_or_else(|| {
        Problem::usage("PostgreSQL refuses root, and there is neither a user postgres nor nobody; run herdlab as another user")
    })
}
