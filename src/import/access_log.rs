//! Access logs of nginx and Apache: common and combined format, with a cache status and a request time where there are any.

use super::recording::{Operation, Recording, Request, hash_key};
use super::redis_info::shown;
use super::source::{ImportError, Source};

/// A line taken apart.
struct Entry<'l> {
    host: &'l str,
    time_s: f64,
    method: &'l str,
    path: &'l str,
    bytes: Option<u32>,
    hit: Option<bool>,
    latency_s: Option<f64>,
}

pub(super) fn is_line(line: &str) -> bool {
    entry(line).is_some()
}

fn entry(line: &str) -> Option<Entry<'_>> {
    let (before, rest) = line.split_once('[')?;
    let (time, rest) = rest.split_once(']')?;
    let (_, rest) = rest.split_once('"')?;
    let (request, rest) = rest.split_once('"')?;
    let mut words = request.split(' ');
    let (method, path) = (words.next()?, words.next()?);
    let status_and_size: Vec<&str> = rest.split_whitespace().take(2).collect();
    let _status: u16 = status_and_size.first()?.parse().ok()?;
    // Referer and agent are quoted; what follows them is the format's own.
    let tail = rest.rsplit_once('"').map_or(rest, |(_, tail)| tail);
    let own = tail.split_whitespace().skip(if rest.contains('"') { 0 } else { 2 });
    let mut found = Entry {
        host: before.split(' ').next()?,
        time_s: seconds(time)?,
        method,
        path,
        bytes: status_and_size.get(1).and_then(|size| size.parse().ok()),
        hit: None,
        latency_s: None,
    };
    for word in own {
        let word = word.rsplit_once(['=', ':']).map_or(word, |(_, value)| value);
        match word {
            "HIT" | "STALE" | "UPDATING" | "REVALIDATED" => found.hit = Some(true),
            "MISS" | "EXPIRED" | "BYPASS" => found.hit = Some(false),
            _ if word.contains('.') => found.latency_s = word.parse().ok().or(found.latency_s),
            _ => {}
        }
    }
    Some(found)
}

/// `15/Nov/2023:00:00:00 +0000` in seconds since 1970.
fn seconds(text: &str) -> Option<f64> {
    let (stamp, zone) = text.split_once(' ').unwrap_or((text, "+0000"));
    let mut parts = stamp.splitn(4, ':');
    let mut date = parts.next()?.split('/');
    let day: i64 = date.next()?.parse().ok()?;
    let month = date.next()?;
    const MONTHS: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";
    let month = MONTHS.find(month).filter(|at| at % 3 == 0 && month.len() == 3)? as i64 / 3 + 1;
    let year: i64 = date.next()?.parse().ok()?;
    let (hour, minute): (f64, f64) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    let second: f64 = parts.next()?.parse().ok()?;
    let shift: f64 = zone.parse().ok()?;
    let shift_minutes = (shift / 100.0).trunc() * 60.0 + shift % 100.0;
    let days = super::series::days(year, month, day)?;
    let time_s = days as f64 * 86_400.0 + hour * 3_600.0 + (minute - shift_minutes) * 60.0 + second;
    time_s.is_finite().then_some(time_s)
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
        let Some(entry) = entry(&line) else {
            if number == last && !whole {
                continue;
            }
            let problem = format!(
                "\"{}\": expected a line such as 10.0.0.1 - - [15/Nov/2023:00:00:00 +0000] \"GET /p/16 HTTP/1.1\" 200 516",
                shown(&line)
            );
            return Err(source.wrong(number, problem));
        };
        latencies_s.extend(entry.latency_s.map(|latency_s| Timed { hit: entry.hit, latency_s }));
        let operation = match entry.method {
            "GET" | "HEAD" => Operation::Get,
            "POST" | "PUT" | "PATCH" | "DELETE" => Operation::Delete,
            _ => continue,
        };
        let request = Request {
            time_s: entry.time_s,
            key: 0,
            client: hash_key(entry.host.as_bytes()),
            operation,
            value_bytes: entry.bytes.filter(|_| operation == Operation::Get),
            ttl_s: None,
        };
        let hit = entry.hit.filter(|_| operation == Operation::Get);
        rows.push((request, entry.path.as_bytes().to_vec(), hit));
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
    fn formats_are_taken_apart() {
        let combined = r#"203.0.113.16 - - [15/Nov/2023:00:00:01 +0100] "GET /p/16 HTTP/1.1" 200 516 "-" "x/1.0" MISS 0.031"#;
        let found = entry(combined).unwrap();
        // 2023-11-14 23:00:01 UTC.
        assert_eq!((found.time_s, found.path, found.bytes), (1_700_002_801.0, "/p/16", Some(516)));
        assert_eq!((found.hit, found.latency_s), (Some(false), Some(0.031)));
        let common = r#"h - - [01/Jan/1970:00:01:00 +0000] "POST /x HTTP/1.1" 204 -"#;
        let found = entry(common).unwrap();
        assert_eq!((found.time_s, found.method, found.bytes, found.hit), (60.0, "POST", None, None));
        assert!(!is_line("[info] \"started\" x") && !is_line("1700.5 [0 x:1] \"get\" \"a\""));
    }
}
