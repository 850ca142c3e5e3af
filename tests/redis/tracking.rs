//! `CLIENT TRACKING` as docs/model.md has it, asked of a Redis server: who is told of what.
//!
//! Messages and replies of a connection come in the order in which the server has made them, so that a PING after each step shows all
//! messages of the step.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::Duration;

use crate::server::{Server, is_required};

/// A client of the third protocol, whose messages come between its replies.
struct Client {
    reader: BufReader<UnixStream>,
    writer: UnixStream,
}

impl Client {
    fn tracked(server: &Server, options: &str) -> Client {
        let writer = server.connect();
        let mut client = Client { reader: BufReader::new(writer.try_clone().unwrap()), writer };
        client.told("HELLO 3");
        client.told(&format!("CLIENT TRACKING ON {options}"));
        client
    }

    /// The lines that come up to the answer to a PING after the command.
    fn lines(&mut self, command: &str) -> Vec<String> {
        self.writer.write_all(format!("{command}\r\nPING\r\n").as_bytes()).unwrap();
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            assert!(self.reader.read_line(&mut line).unwrap() > 0, "the server has closed the connection");
            if line == "+PONG\r\n" {
                return lines;
            }
            lines.push(line.trim_end().to_owned());
        }
    }

    /// The keys of the messages that have come by the end of a command; `*` stands for all keys.
    fn told(&mut self, command: &str) -> Vec<String> {
        let lines = self.lines(command);
        let mut keys = Vec::new();
        for (at, _) in lines.iter().enumerate().filter(|(_, line)| *line == "invalidate") {
            match lines[at + 1].as_str() {
                "_" => keys.push("*".to_owned()),
                one => {
                    assert_eq!(one, "*1");
                    keys.push(lines[at + 3].clone());
                }
            }
        }
        keys
    }

    /// The messages that have come meanwhile.
    fn heard(&mut self) -> Vec<String> {
        self.told("ECHO x")
    }
}

const NOTHING: [&str; 0] = [];

#[test]
fn a_server_tells_readers_as_the_model_has_it() {
    if !is_required() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::start(folder.path(), "tracking", "noeviction");
    let mut reader = Client::tracked(&server, "");
    let mut writer = Client::tracked(&server, "");
    let mut silent = Client::tracked(&server, "NOLOOP");

    // Once, and a read that found nothing counts.
    reader.told("GET a");
    assert_eq!(writer.told("SET a 1"), NOTHING);
    assert_eq!(reader.heard(), ["a"]);
    writer.told("SET a 2");
    assert_eq!(reader.heard(), NOTHING, "it has not read the key since");

    // A DELETE of what is not there is no change.
    reader.told("GET b");
    writer.told("DEL b");
    assert_eq!(reader.heard(), NOTHING);
    writer.told("SET b 1");
    assert_eq!(reader.heard(), ["b"]);
    reader.told("GET b");
    writer.told("DEL b");
    assert_eq!(reader.heard(), ["b"]);

    // A fill is told to its own sender; with NOLOOP it is not, and its copy is nobody's business from then on.
    reader.told("GET c");
    assert_eq!(reader.told("SET c 1"), ["c"]);
    silent.told("GET d");
    assert_eq!(silent.told("SET d 1"), NOTHING);
    writer.told("SET d 2");
    assert_eq!(silent.heard(), NOTHING);

    // Expiry, once a read finds it; the active cycle might be earlier.
    writer.told("SET e 1 PX 20");
    reader.told("GET e");
    thread::sleep(Duration::from_millis(60));
    writer.told("GET e");
    assert_eq!(reader.heard(), ["e"]);

    // GETEX is a write.
    writer.told("SET f 1");
    reader.told("GETEX f PX 100000");
    writer.told("SET f 2");
    assert_eq!(reader.heard(), NOTHING);

    // All keys.
    reader.told("GET c");
    writer.told("FLUSHALL");
    assert_eq!(reader.heard(), ["*"]);

    // Of two keys in a table for one, one is given up.
    server.ask(&[b"CONFIG", b"SET", b"tracking-table-max-keys", b"1"]);
    reader.told("GET g");
    let mut given_up = reader.told("GET h");
    given_up.extend(reader.heard());
    assert!(given_up == ["g"] || given_up == ["h"], "{given_up:?}");
}
