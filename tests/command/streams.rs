//! Streams that take nothing, readers that have gone, and signals.

#[cfg(target_os = "linux")]
mod linux {
    use std::fs;
    use std::path::Path;
    use std::process::{Child, Command, Output, Stdio};
    use std::time::{Duration, Instant};

    use crate::{TINY, tiny};

    /// Each command, as short as it gets, with its exit code, and whether standard output is its result.
    const COMMANDS: [(&str, i32, bool); 22] = [
        ("--help", 0, true),
        ("--version", 0, true),
        ("", 0, true),
        ("run", 2, false),
        ("run gone.toml", 2, false),
        ("check tiny.toml", 0, true),
        ("check bad.toml", 2, false),
        ("list", 0, true),
        ("explain", 0, true),
        ("explain nothing-of-the-kind", 2, false),
        ("init lookup", 0, true),
        ("schema", 0, true),
        ("completions bash", 0, true),
        ("man", 0, true),
        ("mrc t.csv", 0, false),
        ("mrc t.csv --format csv", 0, true),
        ("run tiny.toml --out out", 0, false),
        ("run tiny.toml --out out --format json", 0, true),
        ("run gate.toml --out gate --format md", 99, false),
        ("report gate", 0, true),
        ("sweep tiny.toml --sweep tier.l2.ttl=1s,2s --replications 1 --out sweep", 0, false),
        ("compare gate gate", 0, true),
    ];

    /// A threshold that breaks, and a run that is over in a moment.
    fn folder() -> tempfile::TempDir {
        let (folder, _) = tiny();
        let short = TINY.replace("10s", "2s").replace("replications = 6", "replications = 2");
        let gate =
            format!("{}\n[[threshold]]\nmeasure = \"db.qps.peak\"\nmax = 1\n", short.replace("tiny", "gate"));
        fs::write(folder.path().join("tiny.toml"), short).unwrap();
        fs::write(folder.path().join("gate.toml"), gate).unwrap();
        fs::write(folder.path().join("bad.toml"), "question = 5\n").unwrap();
        fs::write(folder.path().join("t.csv"), "key\na\nb\na\n").unwrap();
        folder
    }

    /// In a shell, which closes and redirects.
    fn shell(folder: &Path, arguments: &str, redirection: &str) -> Output {
        let program = env!("CARGO_BIN_EXE_herdlab");
        let line = format!("'{program}' {arguments} {redirection}");
        Command::new("bash").args(["-c", &line]).current_dir(folder).env("NO_COLOR", "1").output().unwrap()
    }

    #[test]
    fn a_stream_that_takes_nothing_never_changes_what_a_command_found() {
        let folder = folder();
        for (arguments, code, is_result) in COMMANDS {
            for redirection in
                ["", "2>&-", ">&-", ">&- 2>&-", "2>/dev/full", ">/dev/full", ">/dev/full 2>/dev/full"]
            {
                let output = shell(folder.path(), arguments, redirection);
                // Lost on a full disk, a result is none.
                let lost = is_result && redirection.starts_with(">/dev/full");
                let expected = if lost { 1 } else { code };
                assert_eq!(output.status.code(), Some(expected), "{arguments} {redirection}: {output:?}");
                let told = String::from_utf8_lossy(&output.stderr);
                assert!(!told.contains("panicked"), "{arguments} {redirection}: {told}");
                if lost && !redirection.contains("2>") {
                    assert!(told.contains("cannot write to standard output: No space left"), "{told}");
                }
            }
        }
    }

    #[test]
    fn a_reader_that_has_gone_is_no_error() {
        let folder = folder();
        for (arguments, code, _) in COMMANDS {
            // The reader ends before the first word is written.
            let output =
                shell(folder.path(), &format!("{arguments} 2>told"), "| true; exit ${PIPESTATUS[0]}");
            assert_eq!(output.status.code(), Some(code), "{arguments}: {output:?}");
            let told = fs::read_to_string(folder.path().join("told")).unwrap();
            assert!(!told.contains("panicked") && !told.contains("pipe"), "{arguments}: {told}");
        }
    }

    /// Waits for a condition; says what it waited for where it never comes.
    fn until(what: &str, is_there: impl Fn() -> bool) {
        let started = Instant::now();
        while !is_there() {
            assert!(started.elapsed() < Duration::from_secs(120), "{what} never came");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn signal(child: &Child, name: &str) {
        assert!(Command::new("kill").args([name, &child.id().to_string()]).status().unwrap().success());
    }

    fn temporary(folder: &Path) -> usize {
        let names = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.file_name());
        names.filter(|name| name.to_string_lossy().starts_with(".herdlab-")).count()
    }

    /// A run that takes for ever, as soon as it has finished something.
    fn endless(folder: &Path, prefix: &[&str]) -> Child {
        let scenario =
            TINY.replace("replications = 6", "replications = 1000").replace("\"10s\"", "\"1000s\"");
        fs::write(folder.join("tiny.toml"), scenario).unwrap();
        let program = env!("CARGO_BIN_EXE_herdlab");
        let line =
            [prefix, &[program, "run", "tiny.toml", "--out", "out", "--log", "log", "--quiet"]].concat();
        let mut command = Command::new(line[0]);
        command.args(&line[1..]).current_dir(folder).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().unwrap();
        // One may be over and not yet kept, and another variant may have none.
        until("some replications", || {
            fs::read_to_string(folder.join("log")).is_ok_and(|log| log.matches("simulated").count() >= 8)
        });
        child
    }

    fn hang_ups_are_ignored() -> bool {
        let status = fs::read_to_string("/proc/self/status").unwrap();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap();
        u64::from_str_radix(mask.trim(), 16).unwrap() & 1 == 1
    }

    #[test]
    fn terminate_and_hang_up_are_interrupts() {
        for name in ["-TERM", "-HUP"] {
            if name == "-HUP" && hang_ups_are_ignored() {
                eprintln!(
                    "not tried: these tests were started under nohup, and what they start ignores a hang-up as well"
                );
                continue;
            }
            let (folder, _) = tiny();
            let mut child = endless(folder.path(), &[]);
            signal(&child, name);
            assert_eq!(child.wait().unwrap().code(), Some(130), "{name}");
            assert!(folder.path().join("out/results.json").is_file(), "what is finished is kept");
            assert_eq!(temporary(&folder.path().join("out")), 0);
        }
    }

    #[test]
    fn a_hang_up_that_nohup_ignores_stays_ignored() {
        let (folder, _) = tiny();
        let mut child = endless(folder.path(), &["nohup"]);
        signal(&child, "-HUP");
        std::thread::sleep(Duration::from_millis(300));
        assert!(child.try_wait().unwrap().is_none(), "it was ended");
        signal(&child, "-TERM");
        assert_eq!(child.wait().unwrap().code(), Some(130));
    }

    /// The files of a report wait under temporary names for a reader of one of them, which never comes.
    #[test]
    fn a_signal_leaves_no_temporary_file() {
        let folder = folder();
        let out = folder.path().join("out");
        fs::create_dir(&out).unwrap();
        assert!(Command::new("mkfifo").arg(out.join("timings.json")).status().unwrap().success());
        let mut child = Command::new(env!("CARGO_BIN_EXE_herdlab"))
            .args(["run", "tiny.toml", "--out", "out", "--quiet"])
            .current_dir(folder.path())
            .spawn()
            .unwrap();
        until("a temporary file", || temporary(&out) > 3);
        signal(&child, "-TERM");
        std::thread::sleep(Duration::from_millis(100));
        signal(&child, "-TERM");
        assert_eq!(child.wait().unwrap().code(), Some(130));
        assert_eq!(temporary(&out), 0);
        assert!(!out.join("charts").exists(), "nor an empty folder");
    }
}
