//! `MONITOR` recordings of Redis and Valkey.
//!
//! `1700000000.020000 [0 10.0.0.1:50001] "SETEX" "user:16" "300" "..."`. Keys are hashed as they are read, and of values nothing
//! but the length is kept.

use super::recording::{Operation, Recording, Request, hash_key};
use super::redis_info::shown;
use super::source::{ImportError, Source};
use crate::trace::monitor::command;

pub(super) fn is_line(line: &str) -> bool {
    command(line.as_bytes()).is_some()
}

/// # Errors
/// A line that is no command, with its number. A last line that was cut off is passed over.
pub(super) fn read(source: &Source, keep_keys: bool) -> Result<Recording, ImportError> {
    let mut recording = Recording::new(source, keep_keys);
    let whole = source.bytes.ends_with(b"\n");
    let last = source.lines().count() as u64;
    for (number, line) in source.lines() {
        let line = line.trim();
        if line.is_empty() || line == "OK" {
            continue;
        }
        let parts =
            command(line.as_bytes()).and_then(|own| Some((own.time, own.client, own.arguments.all()?)));
        let Some((time, client, arguments)) = parts else {
            if number == last && !whole {
                continue;
            }
            let problem = format!(
                "\"{}\": expected a line of MONITOR such as 1700000000.020000 [0 10.0.0.1:50001] \"GET\" \"user:16\"",
                shown(line)
            );
            return Err(source.wrong(number, problem));
        };
        // A script's commands are its own, not those of a client over the network.
        let client = String::from_utf8_lossy(client);
        let instance = client.split_once(' ').map_or(&*client, |(_, address)| address);
        let instance = instance.rsplit_once(':').map_or(instance, |(host, _)| host);
        commands(&arguments, &mut |operation, key, value_bytes, ttl_s| {
            recording.push(
                Request {
                    time_s: time.value(),
                    key: 0,
                    client: hash_key(client.as_bytes()),
                    operation,
                    value_bytes,
                    ttl_s,
                },
                key,
                instance,
            );
        });
    }
    recording.finish()
}

/// Receives an operation, a key, the length of its value in bytes, and a time to live in seconds.
type Found<'f> = &'f mut dyn FnMut(Operation, &[u8], Option<u32>, Option<f64>);

/// Hands over each key of a command with the length of its value and its time to live; other commands count for nothing.
fn commands(arguments: &[Vec<u8>], found: Found<'_>) {
    let Some((name, rest)) = arguments.split_first() else { return };
    let name = String::from_utf8_lossy(name).to_ascii_lowercase();
    let number = |index: usize| std::str::from_utf8(rest.get(index)?).ok()?.parse::<f64>().ok();
    let length = |index: usize| rest.get(index).map(|value| value.len().min(u32::MAX as usize) as u32);
    match (name.as_str(), rest) {
        ("get" | "getex" | "hget" | "hgetall" | "hmget", [key, ..]) => found(Operation::Get, key, None, None),
        ("mget", keys) => keys.iter().for_each(|key| found(Operation::Get, key, None, None)),
        ("set", [key, _, options @ ..]) => {
            let ttl_s = options.windows(2).zip(2..).find_map(|(pair, index)| {
                match pair[0].to_ascii_lowercase().as_slice() {
                    b"ex" => number(index + 1),
                    b"px" => number(index + 1).map(|ms| ms / 1e3),
                    _ => None,
                }
            });
            found(Operation::Set, key, length(1), ttl_s);
        }
        ("setex", [key, _, _]) => found(Operation::Set, key, length(2), number(1)),
        ("psetex", [key, _, _]) => found(Operation::Set, key, length(2), number(1).map(|ms| ms / 1e3)),
        ("setnx" | "getset", [key, _]) => found(Operation::Set, key, length(1), None),
        ("mset", pairs) => pairs.chunks_exact(2).for_each(|pair| {
            found(Operation::Set, &pair[0], Some(pair[1].len().min(u32::MAX as usize) as u32), None);
        }),
        ("hset" | "hmset", [key, ..]) => found(Operation::Set, key, None, None),
        ("del" | "unlink", keys) => keys.iter().for_each(|key| found(Operation::Delete, key, None, None)),
        ("expire", [key, _, ..]) => found(Operation::Expire, key, None, number(1)),
        ("pexpire", [key, _, ..]) => found(Operation::Expire, key, None, number(1).map(|ms| ms / 1e3)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> Vec<(Operation, String, Option<u32>, Option<f64>)> {
        let arguments = command(line.as_bytes()).unwrap().arguments.all().unwrap();
        let mut all = Vec::new();
        commands(&arguments, &mut |operation, key, bytes, ttl_s| {
            all.push((operation, String::from_utf8_lossy(key).into_owned(), bytes, ttl_s));
        });
        all
    }

    #[test]
    fn options_of_set_give_the_time_to_live() {
        let of_one = |command: &str| of(&format!("17.5 [0 10.0.0.1:5] {command}")).remove(0);
        let set = |bytes, ttl_s| (Operation::Set, "a b".to_owned(), Some(bytes), ttl_s);
        assert_eq!(of_one(r#""SET" "a b" "x\"\x00\n" "EX" "30""#), set(4, Some(30.0)));
        assert_eq!(of_one(r#""set" "a b" "xy" "NX" "px" "1500""#), set(2, Some(1.5)));
        assert_eq!(of_one(r#""setex" "a b" "300" "xyz""#), set(3, Some(300.0)));
        assert_eq!(of_one(r#""set" "a b" "ex""#), set(2, None));
        assert_eq!(of(r#"17.5 [0 lua] "mget" "a" "b""#).len(), 2);
        assert_eq!(of(r#"17.5 [0 x:1] "config" "get" "maxmemory""#), []);
        assert!(!is_line("17 [0 x:1] \"get\"") && !is_line("17.5 hello"));
    }
}
