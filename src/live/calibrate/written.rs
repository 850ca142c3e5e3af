//! A calibration as text: a fragment of TOML, and a scenario with it in its places.

use super::{Calibration, Times};
use crate::measure::quantity::with_unit;
use crate::model::{Model, Scope};
use crate::scenario::patch::{patched, without};
use crate::units::format_duration;

/// The queries that a scenario is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queries {
    /// Those of an application: service at the server and the way there are apart.
    OfAnApplication,
    /// Those of `herdlab live`: they take the time of the scenario, the way to PostgreSQL included.
    Played,
    /// Those of `herdlab live --plain-queries`: their own time, the way included.
    PlayedPlain,
}

/// A calibration, and the parts of a scenario that it is for.
#[derive(Clone, Copy, Debug)]
pub struct Written<'a> {
    pub calibration: &'a Calibration,
    pub model: &'a Model,
    pub queries: Queries,
}

impl Written<'_> {
    /// (path, TOML value) of every setting.
    pub fn settings(&self) -> Vec<(String, String)> {
        let mut settings = Vec::new();
        let mut set = |path: String, toml: String| settings.push((path, toml));
        let Calibration { redis, postgres, client, .. } = self.calibration;
        let is_of_an_application = self.queries == Queries::OfAnApplication;
        // The client takes its time before every tier. A tier of the process takes a constant one, so the rest comes with the next.
        let first_ns = match self.model.tiers.first().map(|tier| (&tier.name, &tier.scope)) {
            Some((name, Scope::Instance { access_ns })) if !is_of_an_application => {
                let first_ns = client.request.at(0.5);
                set(format!("tier.{name}.access"), duration(*access_ns as f64 + first_ns));
                first_ns
            }
            _ => 0.0,
        };
        for tier in &self.model.tiers {
            if let Scope::Shared(shared) = &tier.scope {
                // Without a measured one the scenario's stays, and the round trip is what it leaves.
                let service_ns = redis.service_ns.unwrap_or(shared.service_ns as f64);
                let name = &tier.name;
                let get = match is_of_an_application {
                    true => redis.get.clone(),
                    false => redis.get.plus(&client.request.less(first_ns)),
                };
                set(format!("tier.{name}.round_trip"), get.less(service_ns).toml());
                set(format!("tier.{name}.service"), duration(service_ns));
                let has_own_sizes = tier.redis.is_some_and(|redis| redis.quantum_bytes.is_some());
                if let (true, Some(bytes)) = (has_own_sizes, redis.quantum_bytes) {
                    let toml = format!("{{ redis = {{ quantum = \"{bytes}B\" }} }}");
                    set(format!("tier.{name}.entry_overhead"), toml);
                }
            }
        }
        let (round_trip, times) = match self.queries {
            Queries::OfAnApplication => {
                (postgres.round_trip.toml(), Some((postgres.read_service.clone(), postgres.write_service())))
            }
            Queries::Played => (duration(0.0), None),
            Queries::PlayedPlain => (duration(0.0), Some((postgres.read.clone(), postgres.write.clone()))),
        };
        set("database.round_trip".to_owned(), round_trip);
        if let Some((read, write)) = times {
            set("database.read".to_owned(), read.toml());
            if self.model.workload.writes() {
                set("database.write".to_owned(), write.toml());
            }
        }
        settings
    }

    /// The text of the scenario with these settings; `None` where it is no such scenario.
    pub fn into_scenario(&self, source: &str) -> Option<String> {
        // A round trip takes the place of two independent ways.
        let ways: Vec<String> = self
            .settings()
            .iter()
            .filter_map(|(path, _)| Some(format!("{}.network", path.strip_suffix(".round_trip")?)))
            .collect();
        patched(&without(source, &ways)?, &self.settings())
    }

    /// The settings by table, with all that was measured as comments and figures.
    pub fn fragment(&self) -> String {
        let Calibration { versions, value_bytes, redis, postgres, client, failed, .. } = self.calibration;
        let mut text = format!(
            "# Measured by herdlab calibrate: Redis {}, PostgreSQL {}, values of {value_bytes} B.\n",
            versions.redis, versions.postgres
        );
        if *failed > 0 {
            text.push_str(&format!("# {failed} probes got no answer.\n"));
        }
        let mut table = String::new();
        for (path, toml) in self.settings() {
            let (own, option) = path.rsplit_once('.').unwrap_or(("", &path));
            if own != table {
                table = own.to_owned();
                text.push_str(&format!("\n[{table}]\n"));
            }
            text.push_str(&format!("{option} = {toml}\n"));
        }
        for (name, times) in [
            ("redis.get", &redis.get),
            ("redis.set", &redis.set),
            ("redis.connect", &redis.connect),
            ("postgres.read", &postgres.read),
            ("postgres.read_service", &postgres.read_service),
            ("postgres.write", &postgres.write),
            ("postgres.connect", &postgres.connect),
            ("client.request", &client.request),
            ("client.runtime_timer", &client.runtime_timer),
            ("client.thread_timer", &client.thread_timer),
        ] {
            text.push_str(&format!("\n[measured.{name}]\n{}", figures(times)));
        }
        text.push_str("\n[measured.redis.thread]\n");
        for (name, ns) in [
            ("service", redis.service_ns),
            ("get_execution", redis.execution_ns.0),
            ("set_execution", redis.execution_ns.1),
        ] {
            if let Some(ns) = ns {
                text.push_str(&format!("{name} = {}\n", duration(ns)));
            }
        }
        if let Some(bytes) = redis.quantum_bytes {
            text.push_str(&format!("\n[measured.redis.allocator]\nquantum = \"{bytes}B\"\n"));
        }
        text
    }

    /// The largest drift, in words.
    pub fn drift(&self) -> Option<String> {
        let Calibration { redis, postgres, .. } = self.calibration;
        let kinds = [("GET", &redis.get), ("SELECT", &postgres.read), ("UPDATE", &postgres.write)];
        let drifts = kinds.iter().filter_map(|(kind, times)| Some((kind, times.drift()?)));
        let (kind, most) = drifts.max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()))?;
        Some(format!(
            "the median of {kind} in the second half is {} than in the first",
            match most < 0.0 {
                true => format!("{} shorter", with_unit(-most, "1")),
                false => format!("{} longer", with_unit(most, "1")),
            }
        ))
    }
}

fn figures(times: &Times) -> String {
    let mut text = format!("count = {}\nmean = {}\n", times.count(), duration(times.mean_ns()));
    for (name, share) in [("p50", 0.5), ("p99", 0.99), ("most", 1.0)] {
        text.push_str(&format!("{name} = {}\n", duration(times.at(share))));
    }
    if let Some(drift) = times.drift() {
        text.push_str(&format!("drift = {drift:.4}\n"));
    }
    text
}

fn duration(ns: f64) -> String {
    format!("\"{}\"", format_duration(ns.round() as u64))
}
