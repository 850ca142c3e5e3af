//! A process of a server, which ends with this program however that ends.

use std::fs;
use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::super::Problem;

/// Waits until its input ends. A line before that means that all is well; without one this program has died, and the server and its
/// folder go too.
const KEEPER: &str =
    r#"read -r word || { kill -QUIT "$1"; sleep 1; kill -KILL "$1"; rm -rf -- "$2"; } 2>/dev/null"#;

/// How a server starts and ends.
#[derive(Debug)]
pub(super) struct Manners {
    /// In messages: `PostgreSQL`.
    pub name: &'static str,
    /// Longest wait for it to answer after its start, and the time between two attempts.
    pub start: Duration,
    pub every: Duration,
    /// The signal that ends it, and the time that this may take.
    pub signal: Signal,
    pub end: Duration,
}

#[derive(Debug)]
pub(super) struct Process {
    manners: &'static Manners,
    child: Child,
    keeper: Child,
    /// Its input, which the system closes when this program dies.
    line: ChildStdin,
}

impl Process {
    /// Starts a server whose files are all in `folder`. It gets no signals from the terminal: Ctrl-C is for this program.
    pub fn start(manners: &'static Manners, command: &mut Command, folder: &Path) -> io::Result<Process> {
        let mut child = command.stdin(Stdio::null()).process_group(0).spawn()?;
        let keeper = Command::new("/bin/sh")
            .args(["-c", KEEPER, "keeper", &child.id().to_string()])
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn();
        let keeper = keeper.and_then(|mut keeper| {
            let line = keeper.stdin.take().ok_or_else(|| io::Error::other("its input is closed"))?;
            Ok((keeper, line))
        });
        match keeper {
            Ok((keeper, line)) => Ok(Process { manners, child, keeper, line }),
            Err(error) => {
                let _ = child.kill();
                let _ = child.wait();
                Err(error)
            }
        }
    }

    /// Whether it has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Waits until the server answers; one that does not is ended.
    ///
    /// # Errors
    /// With the end of its `log`: it ended at its start, or the problem of the last attempt.
    pub fn ready(
        mut self,
        log: impl Fn() -> String,
        answers: impl Fn() -> Result<(), Problem>,
    ) -> Result<Process, Problem> {
        let Manners { name, start, every, .. } = *self.manners;
        let until = Instant::now() + start;
        loop {
            if self.has_ended() {
                let log = log();
                self.end();
                return Err(Problem::failed(format!("{name} ended at its start:{log}")));
            }
            match answers() {
                Ok(()) => return Ok(self),
                Err(_) if Instant::now() < until => thread::sleep(every),
                Err(problem) => {
                    self.end();
                    return Err(problem.with(&format!(" ({} s after its start){}", start.as_secs(), log())));
                }
            }
        }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the end of a program that ends by itself.
    pub fn wait(mut self) -> io::Result<ExitStatus> {
        let status = self.child.wait();
        self.release_keeper();
        status
    }

    /// Ends it by its signal, and by SIGKILL where that takes too long.
    pub fn end(mut self) {
        if !self.has_ended() {
            send(self.child.id(), self.manners.signal);
            send(self.child.id(), Signal::SIGCONT);
        }
        let until = Instant::now() + self.manners.end;
        while !self.has_ended() {
            if Instant::now() >= until {
                let _ = self.child.kill();
            }
            thread::sleep(Duration::from_millis(2));
        }
        self.release_keeper();
    }

    /// All is well.
    fn release_keeper(mut self) {
        let _ = self.line.write_all(b"ended\n");
        drop(self.line);
        let _ = self.keeper.wait();
    }
}

/// A signal to a process that may be gone.
pub(super) fn send(process: u32, signal: Signal) {
    if let Ok(process) = i32::try_from(process) {
        let _ = kill(Pid::from_raw(process), signal);
    }
}

/// The end of a log, for a message: its last lines, indented.
pub(super) fn tail(log: &Path) -> String {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let last = &lines[lines.len().saturating_sub(6)..];
    last.iter().map(|line| format!("\n    {line}")).collect()
}
