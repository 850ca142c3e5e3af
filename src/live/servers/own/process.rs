//! A process of a server, which ends with this program however that ends.

use std::fs;
use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// Waits until its input ends. A line before that means that all is well; without one this program has died, and the server and its
/// folder go too.
const KEEPER: &str =
    r#"read -r word || { kill -QUIT "$1"; sleep 1; kill -KILL "$1"; rm -rf -- "$2"; } 2>/dev/null"#;

#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    keeper: Child,
    /// Its input, which the system closes when this program dies.
    line: ChildStdin,
}

impl Process {
    /// Starts a server whose files are all in `folder`. It gets no signals from the terminal: Ctrl-C is for this program.
    pub fn start(command: &mut Command, folder: &Path) -> io::Result<Process> {
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
            Ok((keeper, line)) => Ok(Process { child, keeper, line }),
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

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it by a signal, and by SIGKILL where that takes longer than `limit`.
    pub fn end(mut self, signal: Signal, limit: Duration) {
        if !self.has_ended() {
            send(self.child.id(), signal);
            send(self.child.id(), Signal::SIGCONT);
        }
        let until = Instant::now() + limit;
        while !self.has_ended() {
            if Instant::now() >= until {
                let _ = self.child.kill();
            }
            thread::sleep(Duration::from_millis(2));
        }
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
