//! Access logs of nginx and Apache: common and combined format, with a cache status and a request time where there are any.

use super::recording::{Operation, Recording, Request, hash_key};
use super::redis_info::shown;
use super::source::{ImportError, Source};
use crate::trace::access_log::entry;

pub(super) fn is_line(line: &str) -> bool {
    entry(line.as_bytes()).is_some_and(|entry| entry.request.is_some())
}

/// What the formats of nginx have behind the agent: whether the cache answered, and the time of the request.
fn own(rest: &[u8]) -> (Option<bool>, Option<f64>) {
    let rest = String::from_utf8_lossy(rest);
    // Referer and agent are quoted; what follows them is the format's own.
    let tail = rest.rsplit_once('"').map_or(&*rest, |(_, tail)| tail);
    let words = tail.split_whitespace().skip(if rest.contains('"') { 0 } else { 2 });
    let (mut hit, mut latency_s) = (None, None);
    for word in words {
        let word = word.rsplit_once(['=', ':']).map_or(word, |(_, value)| value);
        match word {
            "HIT" | "STALE" | "UPDATING" | "REVALIDATED" => hit = Some(true),
            "MISS" | "EXPIRED" | "BYPASS" => hit = Some(false),
            _ if word.contains('.') => latency_s = word.parse().ok().or(latency_s),
            _ => {}
        }
    }
    (hit, latency_s)
}

/// A request whose time the log has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timed {
    /// Whether the cache answered it.
    pub hit: Option<bool>,
    pub latency_s: f64,
}

/// The recording, and the requests whose times the log has.
///
/// # Errors
/// A line of another format. A last line that was cut off is passed over.
pub(super) fn read(source: &Source, keep_keys: bool) -> Result<(Recording, Vec<Timed>), ImportError> {
    let mut recording = Recording::new(source, keep_keys);
    let mut latencies_s = Vec::new();
    let whole = source.bytes.ends_with(b"\n");
    let last = source.lines().count() as u64;
    let mut rows: Vec<(Request, Vec<u8>, Option<bool>)> = Vec::new();
    for (number, line) in source.lines().filter(|(_, line)| !line.trim().is_empty()) {
        let Some(entry) = entry(line.as_bytes()) else {
            if number == last && !whole {
                continue;
            }
            let problem = format!(
                "\"{}\": expected a line such as 10.0.0.1 - - [15/Nov/2023:00:00:00 +0000] \"GET /p/16 HTTP/1.1\" 200 516",
                shown(&line)
            );
            return Err(source.wrong(number, problem));
        };
        let Some((method, target)) = entry.request else { continue };
        let (hit, latency_s) = own(entry.rest);
        latencies_s.extend(latency_s.map(|latency_s| Timed { hit, latency_s }));
        let operation = match method {
            b"GET" | b"HEAD" => Operation::Get,
            b"POST" | b"PUT" | b"PATCH" | b"DELETE" => Operation::Delete,
            _ => continue,
        };
        let request = Request {
            time_s: entry.time.value(),
            key: 0,
            client: hash_key(entry.client),
            operation,
            value_bytes: entry.size.filter(|_| operation == Operation::Get),
            ttl_s: None,
        };
        let hit = hit.filter(|_| operation == Operation::Get);
        rows.push((request, target.to_vec(), hit));
    }
    rows.sort_by(|a, b| a.0.time_s.total_cmp(&b.0.time_s));
    spread_whole_seconds(&mut rows);
    let answered = rows.iter().any(|row| row.2.is_some());
    for (request, key, hit) in &rows {
        if answered {
            recording.answers.push(*hit);
        }
        // Hosts are visitors, not instances of the application.
        recording.push(*request, key, "");
    }
    Ok((recording.finish()?, latencies_s))
}

/// Logs have whole seconds, and a burst at the beginning of each is none: the requests of a second are spread over it evenly.
fn spread_whole_seconds(rows: &mut [(Request, Vec<u8>, Option<bool>)]) {
    if rows.iter().any(|row| row.0.time_s.fract() != 0.0) {
        return;
    }
    for second in rows.chunk_by_mut(|a, b| a.0.time_s == b.0.time_s) {
        let count = second.len() as f64;
        for (row, index) in second.iter_mut().zip(0..) {
            row.0.time_s += (f64::from(index) + 0.5) / count;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_the_agent_is_the_status_of_the_cache_and_the_time() {
        let of = |line: &str| own(entry(line.as_bytes()).unwrap().rest);
        let combined = r#"203.0.113.16 - - [15/Nov/2023:00:00:01 +0100] "GET /p/16 HTTP/1.1" 200 516 "-" "x/1.0" MISS 0.031"#;
        assert_eq!(of(combined), (Some(false), Some(0.031)));
        // 2023-11-14 23:00:01 UTC.
        assert_eq!(entry(combined.as_bytes()).unwrap().time.value(), 1_700_002_801.0);
        let common = r#"h - - [01/Jan/1970:00:01:00 +0000] "POST /x HTTP/1.1" 204 -"#;
        assert_eq!(of(common), (None, None));
        assert!(!is_line("[info] \"started\" x") && !is_line("1700.5 [0 x:1] \"get\" \"a\""));
    }
}
