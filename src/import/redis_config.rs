//! `CONFIG GET` of Redis and Valkey, as redis-cli prints it: names and values on lines of their own, numbered or not.

use std::collections::BTreeMap;

use super::redis_info::shown;
use super::source::{Figure, ImportError, Source};

/// Parameters that a scenario has a place for.
pub(super) const NAMES: &[&str] =
    &["maxmemory", "maxmemory-policy", "maxmemory-samples", "hz", "active-expire-effort"];

#[derive(Debug)]
pub(super) struct Config<'s> {
    source: &'s Source,
    values: BTreeMap<&'static str, (u64, String)>,
}

/// A line without the number and the quotes of a terminal: `1) "maxmemory"`.
pub(super) fn bare(line: &str) -> &str {
    let line = line.trim();
    let line = match line.split_once(") ") {
        Some((number, rest)) if number.bytes().all(|byte| byte.is_ascii_digit()) => rest,
        _ => line,
    };
    line.trim_matches('"')
}

impl<'s> Config<'s> {
    /// # Errors
    /// The value of a parameter is missing.
    pub fn read(source: &'s Source) -> Result<Config<'s>, ImportError> {
        let mut values = BTreeMap::new();
        let mut lines = source.lines();
        while let Some((line, name)) = lines.next() {
            let Some(name) = NAMES.iter().find(|known| **known == bare(&name)) else { continue };
            let value = lines.next().map(|(_, value)| bare(&value).to_owned()).unwrap_or_default();
            if value.is_empty() {
                let problem = format!("{name}: expected its value on the next line; is the file cut off?");
                return Err(source.wrong(line, problem));
            }
            values.insert(*name, (line + 1, value));
        }
        Ok(Config { source, values })
    }

    pub fn text(&self, name: &str) -> Option<Figure<String>> {
        let (line, value) = self.values.get(name)?;
        Some(Figure::measured(value.clone(), self.source.at(*line, name)))
    }

    /// # Errors
    /// The value is no number of at least 0.
    pub fn number(&self, name: &str) -> Result<Option<Figure<f64>>, ImportError> {
        let Some((line, value)) = self.values.get(name) else { return Ok(None) };
        match value.parse::<f64>() {
            Ok(number) if number.is_finite() && number >= 0.0 => {
                Ok(Some(Figure::measured(number, self.source.at(*line, name))))
            }
            _ => Err(self.source.wrong(*line, format!("{name} \"{}\": expected a number", shown(value)))),
        }
    }
}
