//! `stats` of memcached: its figures under the names of Redis's `INFO`, so that both are read alike.

use super::source::{ImportError, Source};

/// Each figure of memcached with the field of `INFO` of the same meaning.
const SAME: &[(&str, &str)] = &[
    ("get_hits", "keyspace_hits"),
    ("get_misses", "keyspace_misses"),
    ("uptime", "uptime_in_seconds"),
    ("version", "memcached_version"),
    ("pid", "run_id"),
    ("limit_maxbytes", "maxmemory"),
    ("bytes", "used_memory"),
    ("curr_connections", "connected_clients"),
    ("evictions", "evicted_keys"),
];

/// The same recording as lines of `INFO`, line by line, so that places stay.
///
/// # Errors
/// A line that is no `STAT name value`, or one that ends before `END`.
pub(super) fn as_info(source: &Source) -> Result<Source, ImportError> {
    let mut text = String::new();
    let (mut sets, mut deletes, mut ended) = (None, 0.0, false);
    for (number, line) in source.lines() {
        let line = line.trim();
        let mut words = line.split_whitespace();
        match (words.next(), words.next(), words.next()) {
            (None, ..) => {}
            (Some("END"), ..) => ended = true,
            (Some("STAT"), Some(name), Some(value)) => {
                let known = SAME.iter().find(|row| row.0 == name).map(|row| row.1);
                match (known, name) {
                    (Some(known), _) => text.push_str(&format!("{known}:{value}")),
                    (None, "curr_items") => text.push_str(&format!("db0:keys={value}")),
                    (None, "cmd_set") => {
                        text.push_str(&format!("cmdstat_set:calls={value}"));
                        sets = Some(value.to_owned());
                    }
                    (None, "delete_hits" | "delete_misses") => deletes += value.parse().unwrap_or(0.0),
                    _ => {}
                }
            }
            _ => {
                let problem = format!("\"{}\": expected STAT name value", super::redis_info::shown(line));
                return Err(source.wrong(number, problem));
            }
        }
        text.push('\n');
    }
    if !ended {
        return Err(source.refuse("no END: expected the whole answer to stats; is the file cut off?"));
    }
    if sets.is_some() {
        text.push_str(&format!("cmdstat_del:calls={deletes}\n"));
    }
    Ok(Source { name: source.name.clone(), bytes: text.into_bytes(), role: None })
}
