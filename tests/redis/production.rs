//! From what a server reports to a prediction: a server is driven and recorded, `herdlab import` makes a scenario of that without a
//! hand on the file, and the scenario predicts the hit ratio of two other servers, with half and with twice the memory.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use assert_cmd::Command;
use herdlab::record::Record;

use super::server::{Server, is_required, value_bytes, zipf};

const PER_SECOND: f64 = 5_000.0;
/// The cache with twice the memory is full by then.
const WARM_S: f64 = 30.0;
const MEASURED_S: f64 = 20.0;
const KEYS: usize = 40_000;
/// Above what the empty server takes.
const CAPACITY_BYTES: f64 = 8e6;
/// Hit ratios may differ by so much: one percentage point.
const OFF_MAX: f64 = 0.01;

/// Sends the requests as a cache has them: GET, and after a miss SET. Gives the hit ratio of the measured part; a server with a
/// folder is recorded meanwhile.
fn drive(name: &str, memory: f64, sequence: &[usize], folder: &Path, is_recorded: bool) -> f64 {
    let mut server = Server::start(folder, name, "allkeys-lru");
    let limit = (memory * (server.info("used_memory") + CAPACITY_BYTES)) as u64;
    server.ask(&[b"CONFIG", b"SET", b"maxmemory", limit.to_string().as_bytes()]);
    let value = vec![b'x'; 2_000];
    let (mut hits, mut measured) = (0u32, 0u32);
    let mut recorder = None;
    let start = Instant::now();
    for (number, &key) in sequence.iter().enumerate() {
        let due_s = number as f64 / PER_SECOND;
        thread::sleep((start + Duration::from_secs_f64(due_s)).saturating_duration_since(Instant::now()));
        if due_s >= WARM_S && measured == 0 && is_recorded {
            std::fs::write(folder.join("before.txt"), server.report()).unwrap();
            recorder = Some(server.monitor(&folder.join("monitor.log")));
        }
        let name = format!("key:{key:08}");
        let is_hit = server.ask(&[b"GET", name.as_bytes()]).is_some();
        if !is_hit {
            server.ask(&[b"SET", name.as_bytes(), &value[..value_bytes(key)], b"EX", b"3600"]);
        }
        if due_s >= WARM_S {
            measured += 1;
            hits += u32::from(is_hit);
        }
    }
    if is_recorded {
        std::fs::write(folder.join("after.txt"), server.report()).unwrap();
    }
    drop(server);
    if let Some(recorder) = recorder {
        recorder.join().unwrap();
    }
    f64::from(hits) / f64::from(measured)
}

#[test]
fn a_recorded_server_predicts_half_and_twice_the_memory() {
    if !is_required() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let sequence = zipf("production keys", KEYS, 0.9, ((WARM_S + MEASURED_S) * PER_SECOND) as usize);
    let servers = [("today", 1.0), ("half the memory", 0.5), ("twice the memory", 2.0)];
    let real: Vec<f64> = thread::scope(|scope| {
        let driven: Vec<_> = servers
            .iter()
            .map(|&(name, memory)| {
                let sequence = &sequence;
                scope.spawn(move || drive(name, memory, sequence, folder, name == "today"))
            })
            .collect();
        driven.into_iter().map(|driven| driven.join().unwrap()).collect()
    });

    let herdlab = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_herdlab"));
        command.current_dir(folder).args(arguments).assert().success();
    };
    herdlab(&["import", "before.txt", "after.txt", "monitor.log", "-o", "my.toml"]);
    herdlab(&["run", "my.toml", "--replications", "3", "--quiet", "--out", "report"]);
    let record: Record =
        serde_json::from_str(&std::fs::read_to_string(folder.join("report/results.json")).unwrap()).unwrap();
    let mut is_right = true;
    for ((name, _), real) in servers.iter().zip(real) {
        let variant = record.variants.iter().find(|variant| variant.name == *name).expect(name);
        let values = &variant.measure("hit_ratio").unwrap().values;
        let predicted = values.iter().flatten().sum::<f64>() / values.len() as f64;
        println!("{name:>18}: server {:.2} %, predicted {:.2} %", 100.0 * real, 100.0 * predicted);
        is_right &= (real - predicted).abs() <= OFF_MAX;
    }
    if !is_right {
        io::stdout().write_all(&std::fs::read(folder.join("my.toml")).unwrap()).unwrap();
    }
    assert!(is_right, "off by more than {} points", 100.0 * OFF_MAX);
}

impl Server {
    /// Writes all that the server does from now on to a file, until it ends.
    fn monitor(&self, file: &Path) -> thread::JoinHandle<()> {
        let mut connection = self.connect();
        let mut file = BufWriter::new(File::create(file).unwrap());
        connection.write_all(b"MONITOR\r\n").unwrap();
        thread::spawn(move || {
            // As redis-cli prints it. The server is killed in the end, in the middle of a line or with an error.
            for line in BufReader::new(connection).lines().map_while(Result::ok) {
                writeln!(file, "{}", line.trim_start_matches('+')).unwrap();
            }
        })
    }
}
