//! A schedule as a trace that the simulator replays: so that both see the same requests.

use std::borrow::Cow;
use std::io::Write;

use super::schedule::{Operation, Schedule};
use crate::model::Model;

/// Requests that no trace has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{what} have no place in a trace; leave out --write-schedule, or compare by seed: the simulator draws the same requests"
)]
pub struct Untraceable {
    what: Cow<'static, str>,
}

/// Writes the requests as a table: `time_s`, `key` (with its class before a colon), `size`, `key_size`, `operation`, `client`.
/// `[workload]` with `arrivals = { trace = { file = ..., class = { before = ":" }, key_size = "key_size", ... } }` and
/// `clients.route = "recorded"` replay it.
///
/// # Errors
/// A workload whose requests no trace has; `Ok(Err)`: the output cannot be written.
pub fn write_schedule(
    model: &Model,
    tables: &crate::workload::Tables,
    schedule: &Schedule,
    mut out: impl Write,
) -> Result<std::io::Result<()>, Untraceable> {
    let classes = &model.workload.classes;
    let refused = [
        ("keys that are absent", classes.iter().any(|class| class.absent)),
        ("existence checks", model.workload.checks()),
        ("reads of several keys", model.workload.gathers()),
        ("entities of several keys", classes.iter().any(|class| class.keys_per_entity > 1)),
    ];
    if let Some((what, _)) = refused.iter().find(|(_, is_there)| *is_there) {
        return Err(Untraceable { what: Cow::Borrowed(what) });
    }
    let mut write = || {
        writeln!(out, "time_s,key,size,key_size,operation,client")?;
        for request in &schedule.requests {
            let (seconds, nanos) = (request.at_ns / 1_000_000_000, request.at_ns % 1_000_000_000);
            let class = &classes[usize::from(request.class)].name;
            let (key, instance) = (request.key, request.instance);
            let (size, key_size) = (tables.value_bytes(key), tables.key_bytes(key));
            let operation = if request.operation == Operation::Write { "set" } else { "get" };
            writeln!(out, "{seconds}.{nanos:09},{class}:{key},{size},{key_size},{operation},{instance}")?;
        }
        out.flush()
    };
    Ok(write())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::live::player::fixture;
    use crate::scenario::{Overrides, parse};
    use crate::workload::{Batch, Generator, Tables};

    const SCENARIO: &str = r#"
        question = "?"
        duration = "10s"
        clients = { instances = 3 }
        workload = { arrivals = { poisson = { rate = 200 } }, keys = 500, write_share = 0.2 }
        database = { read = "1ms" }
    "#;

    #[test]
    fn the_simulator_replays_times_keys_operations_and_instances() {
        let (model, tables) = fixture::model(SCENARIO);
        let schedule = Schedule::draw(&model, &tables, 1, 0, 100_000).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let file = std::fs::File::create(folder.path().join("schedule.csv")).unwrap();
        write_schedule(&model, &tables, &schedule, file).unwrap().unwrap();
        let replay = SCENARIO.replace(
            "{ poisson = { rate = 200 } }, keys = 500, write_share = 0.2",
            "{ trace = { file = \"schedule.csv\", time = \"time_s\", unit = \"s\", key = \"key\", size = \"size\", client = \
             \"client\", operation = { column = \"operation\" }, sets = \"write\" } }",
        );
        let replay = replay.replace("instances = 3", "instances = 3, route = \"recorded\"");
        let experiment = parse(&replay, "replay.toml", folder.path(), &Overrides::default());
        let experiment = experiment.unwrap_or_else(|problems| panic!("{problems}"));
        let model = &experiment.variants[0].model;
        let tables = std::sync::Arc::new(Tables::new(model, 1).unwrap());
        let mut generator = Generator::new(model, tables, 1, 0).unwrap();
        let (mut batch, mut number) = (Batch::default(), 0);
        let (mut keys, mut instances) = (std::collections::HashMap::new(), std::collections::HashMap::new());
        let first_ns = schedule.requests[0].at_ns;
        loop {
            generator.fill(&mut batch).unwrap();
            if batch.time_ns.is_empty() {
                break;
            }
            for index in 0..batch.time_ns.len() {
                let planned = &schedule.requests[number];
                // The clock of a trace begins with its first request.
                assert!(batch.time_ns[index].abs_diff(planned.at_ns - first_ns) <= 1);
                assert_eq!(*keys.entry(planned.key).or_insert(batch.key[index]), batch.key[index]);
                assert_eq!(
                    *instances.entry(planned.instance).or_insert(batch.instance[index]),
                    batch.instance[index]
                );
                assert_eq!(batch.tag[index] & 1 == 1, planned.operation == Operation::Write);
                number += 1;
            }
        }
        assert_eq!(number, schedule.requests.len());
        let _ = Path::new("");
    }

    #[test]
    fn what_a_trace_does_not_have_is_refused_by_name() {
        let (model, tables) = fixture::model(&SCENARIO.replace("write_share = 0.2", "exists_share = 0.2"));
        let schedule = Schedule::draw(&model, &tables, 1, 0, 100_000).unwrap();
        let refused = write_schedule(&model, &tables, &schedule, Vec::new()).unwrap_err();
        assert!(refused.to_string().starts_with("existence checks"), "{refused}");
    }
}
