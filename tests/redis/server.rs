//! A private redis-server, and the requests for it.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use herdlab::dice::{mix, stream, unit_open_zero};

/// `key:` and eight digits.
pub const KEY_BYTES: usize = 12;

/// Whether `HERDLAB_REDIS=required` asks for a server, whose version is then printed.
pub fn is_required() -> bool {
    if !std::env::var("HERDLAB_REDIS").is_ok_and(|value| value == "required") {
        eprintln!("skipped: takes a minute and a redis-server; HERDLAB_REDIS=required runs it");
        return false;
    }
    let version = Command::new("redis-server").arg("--version").output();
    let version = version.expect("HERDLAB_REDIS=required, and there is no redis-server");
    print!("{}", String::from_utf8_lossy(&version.stdout));
    true
}

pub struct Server {
    process: Child,
    socket: PathBuf,
    reader: BufReader<UnixStream>,
    writer: UnixStream,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Server {
    /// A server of this name with nothing in it.
    pub fn start(folder: &Path, name: &str, policy: &str) -> Server {
        let socket = folder.join(format!("{name}.sock"));
        let process = Command::new("redis-server")
            .args(["--port", "0", "--save", "", "--appendonly", "no", "--maxmemory-policy", policy])
            .arg("--unixsocket")
            .arg(&socket)
            .current_dir(folder)
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server was found a moment ago");
        let until = Instant::now() + Duration::from_secs(10);
        let writer = loop {
            match UnixStream::connect(&socket) {
                Ok(connection) => break connection,
                Err(_) if Instant::now() < until => thread::sleep(Duration::from_millis(20)),
                Err(problem) => panic!("redis-server does not answer: {problem}"),
            }
        };
        let reader = BufReader::new(writer.try_clone().unwrap());
        Server { process, socket, reader, writer }
    }

    /// A connection of its own.
    pub fn connect(&self) -> UnixStream {
        UnixStream::connect(&self.socket).unwrap()
    }

    /// One command and its reply; `None`: nil.
    pub fn ask(&mut self, words: &[&[u8]]) -> Option<Vec<u8>> {
        let mut command = format!("*{}\r\n", words.len()).into_bytes();
        for word in words {
            command.extend(format!("${}\r\n", word.len()).bytes());
            command.extend(*word);
            command.extend(b"\r\n");
        }
        self.writer.write_all(&command).unwrap();
        let mut line = String::new();
        self.reader.read_line(&mut line).unwrap();
        let rest = line[1..].trim_end();
        match line.as_bytes()[0] {
            b'$' if rest == "-1" => None,
            b'$' => {
                let mut value = vec![0; rest.parse::<usize>().unwrap() + 2];
                self.reader.read_exact(&mut value).unwrap();
                value.truncate(value.len() - 2);
                Some(value)
            }
            b'+' | b':' => Some(rest.as_bytes().to_vec()),
            _ => panic!("{line}"),
        }
    }

    pub fn report(&mut self) -> String {
        String::from_utf8(self.ask(&[b"INFO", b"everything"]).unwrap()).unwrap()
    }

    pub fn info(&mut self, name: &str) -> f64 {
        let info = self.report();
        let line = info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).unwrap();
        line.parse().unwrap()
    }

    pub fn keys(&mut self) -> f64 {
        String::from_utf8(self.ask(&[b"DBSIZE"]).unwrap()).unwrap().parse().unwrap()
    }
}

pub fn value_bytes(key: usize) -> usize {
    200 + (mix(key as u64) % 1_000) as usize
}

/// A sequence of keys by Zipf's law.
pub fn zipf(name: &str, keys: usize, exponent: f64, count: usize) -> Vec<usize> {
    let mut cumulative: Vec<f64> = (1..=keys)
        .scan(0.0, |sum, rank| {
            *sum += (rank as f64).powf(-exponent);
            Some(*sum)
        })
        .collect();
    let total = cumulative[keys - 1];
    cumulative.iter_mut().for_each(|bound| *bound /= total);
    let mut dice = stream(1, 0, name);
    let draw = |_| {
        let point = unit_open_zero(&mut dice);
        cumulative.partition_point(|&bound| bound < point).min(keys - 1)
    };
    (0..count).map(draw).collect()
}
