//! `INFO` of Redis and Valkey: all sections, one or two recordings of the same server.

use std::collections::BTreeMap;

use super::source::{Figure, ImportError, Source};

/// A histogram: lower bound in bytes and count of each bin.
pub(super) type Bins = Vec<(f64, f64)>;

/// One recording: its fields by name, with their lines.
#[derive(Debug)]
pub(super) struct Info<'s> {
    pub source: &'s Source,
    fields: BTreeMap<String, (u64, String)>,
}

/// Fields that no other kind of file has.
const OWN: &[&str] = &[
    "redis_version",
    "valkey_version",
    "keyspace_hits",
    "keyspace_misses",
    "used_memory",
    "uptime_in_seconds",
    "connected_clients",
    "total_commands_processed",
    "instantaneous_ops_per_sec",
    "maxmemory_policy",
];

pub(super) fn is_line(line: &str) -> bool {
    line.split_once(':').is_some_and(|(name, rest)| {
        OWN.contains(&name)
            || (name.starts_with("cmdstat_") && rest.starts_with("calls="))
            || (name.starts_with("db") && rest.starts_with("keys="))
            || name.contains("_distrib_")
    })
}

impl<'s> Info<'s> {
    /// # Errors
    /// A line that is neither a section, nor blank, nor `name:value`.
    pub fn read(source: &'s Source) -> Result<Info<'s>, ImportError> {
        let mut fields = BTreeMap::new();
        for (number, line) in source.lines() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') || line.starts_with('$') || line.starts_with('"') {
                continue;
            }
            let Some((name, value)) = line.split_once(':') else {
                let problem = format!("\"{}\": expected name:value; is the file cut off?", shown(line));
                return Err(source.wrong(number, problem));
            };
            fields.insert(name.to_owned(), (number, value.trim().to_owned()));
        }
        Ok(Info { source, fields })
    }

    pub fn text(&self, name: &str) -> Option<Figure<String>> {
        let (line, value) = self.fields.get(name)?;
        Some(Figure::measured(value.clone(), self.source.at(*line, name)))
    }

    /// A field as a number of at least 0.
    ///
    /// # Errors
    /// It is there and no such number.
    pub fn number(&self, name: &str) -> Result<Option<Figure<f64>>, ImportError> {
        let Some((line, value)) = self.fields.get(name) else { return Ok(None) };
        match value.parse::<f64>() {
            Ok(number) if number.is_finite() && number >= 0.0 => {
                Ok(Some(Figure::measured(number, self.source.at(*line, name))))
            }
            _ => {
                let problem = format!("{name} \"{}\": expected a number of at least 0", shown(value));
                Err(self.source.wrong(*line, problem))
            }
        }
    }

    /// A part of a field such as `db0:keys=10,expires=4`.
    pub fn part(&self, name: &str, part: &str) -> Result<Option<Figure<f64>>, ImportError> {
        let Some((line, value)) = self.fields.get(name) else { return Ok(None) };
        let found = value.split(',').find_map(|pair| pair.split_once('=').filter(|pair| pair.0 == part));
        let Some((_, text)) = found else { return Ok(None) };
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() && number >= 0.0 => {
                Ok(Some(Figure::measured(number, self.source.at(*line, &format!("{name}:{part}")))))
            }
            _ => Err(self.source.wrong(*line, format!("{part} \"{}\": expected a number", shown(text)))),
        }
    }

    /// Fields with this prefix, and the rest of their names.
    pub fn with_prefix<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.fields.keys().filter_map(move |name| Some((name.as_str(), name.strip_prefix(prefix)?)))
    }

    /// The database with the most keys, such as `db0`.
    pub fn keyspace(&self) -> Result<Option<(String, f64)>, ImportError> {
        let mut most: Option<(String, f64)> = None;
        for name in self.fields.keys().filter(|name| is_database(name)) {
            let keys = self.part(name, "keys")?.map_or(0.0, |figure| figure.value);
            if most.as_ref().is_none_or(|(_, before)| keys > *before) {
                most = Some((name.clone(), keys));
            }
        }
        Ok(most)
    }

    /// The sizes of strings (`INFO keysizes`, Redis 8): lower bound in bytes and count of each bin, a power of two.
    pub fn string_sizes(&self) -> Result<Option<Figure<Bins>>, ImportError> {
        let found = self.fields.iter().find(|(name, _)| name.ends_with("_distrib_strings_sizes"));
        let Some((name, (line, value))) = found else { return Ok(None) };
        let bins = value.split(',').map(|pair| {
            let (size, count) = pair.split_once('=')?;
            Some((power(size)?, count.parse().ok()?))
        });
        match bins.collect::<Option<Bins>>() {
            Some(bins) => Ok(Some(Figure::measured(bins, self.source.at(*line, name)))),
            None => {
                Err(self.source.wrong(*line, format!("{name}: expected size=count pairs such as 64=120")))
            }
        }
    }

    fn line(&self, name: &str) -> u64 {
        self.fields.get(name).map_or(1, |field| field.0)
    }
}

fn is_database(name: &str) -> bool {
    name.strip_prefix("db").is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit()))
}

/// `512`, `4K`, `1M`.
fn power(text: &str) -> Option<f64> {
    let (digits, factor) = match text.as_bytes().last()? {
        b'K' => (&text[..text.len() - 1], 1024.0),
        b'M' => (&text[..text.len() - 1], 1_048_576.0),
        b'G' => (&text[..text.len() - 1], 1_073_741_824.0),
        _ => (text, 1.0),
    };
    Some(digits.parse::<f64>().ok()? * factor)
}

pub(super) fn shown(text: &str) -> String {
    text.chars().take(40).collect()
}

/// One recording, or two of one server some time apart.
#[derive(Debug)]
pub(super) struct Recordings<'s> {
    pub last: Info<'s>,
    /// The earlier one, and the seconds between them.
    first: Option<(Info<'s>, f64)>,
}

impl<'s> Recordings<'s> {
    /// # Errors
    /// Two servers, a restart between them, the reverse order, no time between them, or more than two.
    pub fn new(
        mut infos: Vec<Info<'s>>,
        interval_s: Option<f64>,
    ) -> Result<Option<Recordings<'s>>, ImportError> {
        if let Some(third) = infos.get(2) {
            let problem = "the third INFO: expected one, or two of the same server";
            return Err(third.source.refuse(problem).help("import each server by itself"));
        }
        let Some(last) = infos.pop() else { return Ok(None) };
        let Some(first) = infos.pop() else { return Ok(Some(Recordings { last, first: None })) };
        for name in ["run_id", "tcp_port", "redis_version", "valkey_version"] {
            if let (Some(a), Some(b)) = (first.text(name), last.text(name))
                && a.value != b.value
            {
                let problem =
                    format!("{name} is another one than in {}", first.source.at(first.line(name), name));
                return Err(last.source.wrong(last.line(name), problem).help(
                    "expected two recordings of one server without a restart between them; import only one of them",
                ));
            }
        }
        let seconds = match interval_s {
            Some(seconds) => seconds,
            None => seconds_between(&first, &last)?,
        };
        for name in ["keyspace_hits", "keyspace_misses", "total_commands_processed"] {
            if let (Some(a), Some(b)) = (first.number(name)?, last.number(name)?)
                && b.value < a.value
            {
                let problem = format!(
                    "{name} {} is below that of {}",
                    b.value,
                    first.source.at(first.line(name), name)
                );
                let help = "the earlier recording comes first; after CONFIG RESETSTAT record both again";
                return Err(last.source.wrong(last.line(name), problem).help(help));
            }
        }
        Ok(Some(Recordings { last, first: Some((first, seconds)) }))
    }

    /// Growth of a counter per second, between the recordings or since the server started.
    pub fn per_second(&self, name: &str) -> Result<Option<Figure<f64>>, ImportError> {
        let Some(last) = self.last.number(name)? else { return Ok(None) };
        let line = self.last.line(name);
        if let Some((first, seconds)) = &self.first
            && let Some(before) = first.number(name)?
        {
            let origin = format!(
                "({}:{line} - {}:{}) {name} over {seconds} s",
                self.last.source.name,
                first.source.name,
                first.line(name)
            );
            return Ok(Some(Figure::measured((last.value - before.value) / seconds, origin)));
        }
        let Some(uptime) = self.last.number("uptime_in_seconds")? else { return Ok(None) };
        if uptime.value <= 0.0 {
            let line = self.last.line("uptime_in_seconds");
            let problem = "uptime_in_seconds 0: no rate can be taken over no time";
            return Err(self.last.source.wrong(line, problem).help("record INFO again under load"));
        }
        let origin =
            format!("{} over {} s since the server started", self.last.source.at(line, name), uptime.value);
        Ok(Some(Figure::measured(last.value / uptime.value, origin)))
    }

    /// Growth of a counter, between the recordings or since the server started, in whatever time.
    pub fn growth(&self, name: &str) -> Result<Option<f64>, ImportError> {
        let Some(last) = self.last.number(name)? else { return Ok(None) };
        let before = match &self.first {
            Some((first, _)) => first.number(name)?.map_or(0.0, |figure| figure.value),
            None => 0.0,
        };
        Ok(Some(last.value - before))
    }

    /// The same for a part of a field.
    pub fn growth_of_part(&self, name: &str, part: &str) -> Result<f64, ImportError> {
        let last = self.last.part(name, part)?.map_or(0.0, |figure| figure.value);
        let before = match &self.first {
            Some((first, _)) => first.part(name, part)?.map_or(0.0, |figure| figure.value),
            None => 0.0,
        };
        Ok((last - before).max(0.0))
    }

    /// Where a counter is, and over which time it counts.
    pub fn place(&self, name: &str) -> String {
        let last = self.last.source.at(self.last.line(name), name);
        match &self.first {
            Some((first, _)) => format!("{last}, less {}:{}", first.source.name, first.line(name)),
            None => format!("{last} since the server started"),
        }
    }

    /// Whether counters are differences of two recordings.
    pub fn is_difference(&self) -> bool {
        self.first.is_some()
    }
}

fn seconds_between(first: &Info<'_>, last: &Info<'_>) -> Result<f64, ImportError> {
    for (name, unit_s) in [("server_time_usec", 1e-6), ("uptime_in_seconds", 1.0)] {
        let (Some(a), Some(b)) = (first.number(name)?, last.number(name)?) else { continue };
        let seconds = (b.value - a.value) * unit_s;
        if seconds > 0.0 {
            return Ok((seconds * 1e3).round() / 1e3);
        }
        let place = first.source.at(first.line(name), name);
        let problem = format!("{name} {} is not after that of {place}, {}", b.value, a.value);
        let help = "expected the earlier recording first, and some time between them";
        return Err(last.source.wrong(last.line(name), problem).help(help));
    }
    let problem =
        "neither recording has server_time_usec or uptime_in_seconds, so the time between them is unknown";
    Err(last.source.refuse(problem).help("--interval 60s names it"))
}
