//! All sources read, each by the file of its kind.

use std::collections::BTreeMap;

use super::Options;
use super::access_log::Timed;
use super::detect::{Kind, kind_of};
use super::hot_keys::Counts;
use super::postgres::{self, Statements};
use super::prometheus::{self, Histogram};
use super::recording::Recording;
use super::redis_config::Config;
use super::redis_info::{Info, Recordings};
use super::series::Series;
use super::source::{Figure, ImportError, Role, Source};
use super::trace::TraceFigures;
use super::{access_log, hot_keys, memcached, monitor, redis_latency, series};

/// What the sources have, of which each may be missing.
#[derive(Debug, Default)]
pub(super) struct Gathered<'s> {
    pub info: Option<Recordings<'s>>,
    pub is_memcached: bool,
    pub config: Option<Config<'s>>,
    pub service_us: Option<Figure<f64>>,
    pub hot_keys: Option<Counts>,
    pub recording: Option<Recording>,
    /// Further figures of the recording, where it is a trace.
    pub trace: Option<TraceFigures>,
    pub latencies: Vec<Timed>,
    pub statements: Option<Figure<Statements>>,
    pub transactions_per_s: Option<Figure<f64>>,
    pub series: BTreeMap<Role, Figure<Series>>,
    pub histograms: BTreeMap<Role, Histogram>,
    /// Roles that no name and no caller gave.
    pub guessed: Vec<String>,
}

/// Sources of memcached in the form of Redis's; they have to live as long as what was read of them.
pub(super) fn translated(sources: &[Source]) -> Result<Vec<Option<Source>>, ImportError> {
    sources
        .iter()
        .map(|source| match kind_of(source)? {
            Kind::Memcached => memcached::as_info(source).map(Some),
            _ => Ok(None),
        })
        .collect()
}

pub(super) fn gather<'s>(
    sources: &'s [Source],
    translated: &'s [Option<Source>],
    options: &Options,
) -> Result<Gathered<'s>, ImportError> {
    let mut found = Gathered::default();
    let (mut infos, mut statements, mut databases) = (Vec::new(), Vec::new(), Vec::new());
    let keep_keys = options.trace.as_ref().is_some_and(|trace| !trace.hash_keys);
    for (source, translated) in sources.iter().zip(translated) {
        let kind = kind_of(source)?;
        if let Some(role) = source.role
            && !matches!(kind, Kind::Prometheus | Kind::Buckets | Kind::Series)
        {
            let problem =
                format!("--as {} is for a time series or a histogram, and this is neither", role.name());
            return Err(source.refuse(problem));
        }
        match kind {
            Kind::RedisInfo => infos.push(Info::read(source)?),
            Kind::Memcached => {
                found.is_memcached = true;
                infos.push(Info::read(translated.as_ref().unwrap_or(source))?);
            }
            Kind::RedisConfig => once(&mut found.config, source, Config::read(source)?)?,
            Kind::RedisLatency => once(&mut found.service_us, source, redis_latency::service_us(source)?)?,
            Kind::HotKeys => once(&mut found.hot_keys, source, hot_keys::read(source)?)?,
            Kind::Monitor => once(&mut found.recording, source, monitor::read(source, keep_keys)?)?,
            Kind::AccessLog => {
                let (recording, latencies) = access_log::read(source, keep_keys)?;
                once(&mut found.recording, source, recording)?;
                found.latencies = latencies;
            }
            Kind::PgStatements => statements.push(source),
            Kind::PgDatabase => databases.push(source),
            Kind::Buckets => found.histogram(source, prometheus::buckets(source)?)?,
            Kind::Series => {
                series::read(source)?.into_iter().try_for_each(|own| found.time_series(source, own))?
            }
            Kind::Prometheus => {
                let (series, histograms) = prometheus::read(source)?;
                histograms.into_iter().try_for_each(|own| found.histogram(source, own))?;
                series.into_iter().try_for_each(|own| found.time_series(source, own))?;
            }
        }
    }
    found.info = Recordings::new(infos, options.interval_s)?;
    found.statements = postgres::statements(&statements, options.interval_s)?;
    found.transactions_per_s = postgres::transactions_per_s(&databases, options.interval_s)?;
    Ok(found)
}

fn once<T>(slot: &mut Option<T>, source: &Source, value: T) -> Result<(), ImportError> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => {
            Err(source.refuse("the second file of its kind: expected one").help("import only one of them"))
        }
    }
}

impl Gathered<'_> {
    fn histogram(&mut self, source: &Source, histogram: Histogram) -> Result<(), ImportError> {
        let role = match source.role {
            Some(role) if role.is_histogram() => role,
            Some(role) => {
                let problem = format!("--as {} is for a time series, and this is a histogram", role.name());
                return Err(source.refuse(problem).help("known for histograms: db-read, db-write, latency"));
            }
            None => {
                let (role, known) = histogram.role();
                self.guess(source, &histogram.name, role, known);
                role
            }
        };
        match self.histograms.insert(role, histogram) {
            None => Ok(()),
            Some(_) => Err(twice(source, role)),
        }
    }

    fn time_series(&mut self, source: &Source, series: Series) -> Result<(), ImportError> {
        let role = match source.role {
            Some(role) if !role.is_histogram() => role,
            Some(role) => {
                let problem = format!("--as {} is for a histogram, and this is a time series", role.name());
                return Err(source
                    .refuse(problem)
                    .help("known for series: requests, hits, misses, database"));
            }
            None => {
                let (role, known) = series.role();
                self.guess(source, &series.name, role, known);
                role
            }
        };
        let origin =
            source.at(series.line, &format!("{}, mean of {} points", series.name, series.points.len()));
        match self.series.insert(role, Figure::measured(series, origin)) {
            None => Ok(()),
            Some(_) => Err(twice(source, role)),
        }
    }

    fn guess(&mut self, source: &Source, name: &str, role: Role, known: bool) {
        let why = if known { "by its name" } else { "since nothing in its name speaks against it" };
        let (file, role) = (&source.name, role.name());
        self.guessed.push(format!("{name} of {file} is taken for {role} {why}; --as NAME={file} names it"));
    }
}

fn twice(source: &Source, role: Role) -> ImportError {
    let names: Vec<String> = Role::ALL.iter().map(|row| format!("{} ({})", row.0, row.2)).collect();
    let problem = format!("a second one taken for {}", role.name());
    source.refuse(problem).help(format!("--as NAME=FILE names it: {}", names.join(", ")))
}
