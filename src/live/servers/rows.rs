//! The tables of a run.

use std::pin::pin;

use tokio_postgres::Config;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::Type;

use super::{Problem, link};

/// A row of the table `rows`, which every connection of [`Servers::postgres`](super::Servers::postgres) finds by its bare name:
///
/// ```sql
/// create table rows (id bigint primary key, version bigint not null, payload bytea not null)
/// ```
///
/// `version` is 0 in the beginning. A second table, `pace (factor double precision not null)`, has one row: queries multiply their
/// service time by it (1 at the start, [`Control::slow_postgres`](super::Control::slow_postgres) sets it).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    pub id: u64,
    /// Length of the payload.
    pub bytes: u32,
}

/// Values are neither compressed nor looked at, so their content does not matter.
const BYTE: u8 = b'v';

pub(super) fn create(config: &Config, schema: &str) -> Result<(), Problem> {
    // Uncompressed, so that a payload costs what its size says.
    let statements = format!(
        "create schema {schema};
         create table {schema}.rows (id bigint primary key, version bigint not null, payload bytea not null);
         alter table {schema}.rows alter column payload set storage external;
         create table {schema}.probe (like {schema}.rows including all);
         create table {schema}.pace (factor double precision not null);
         insert into {schema}.pace values (1)"
    );
    link::execute(config, "make its tables", &statements)
}

pub(super) fn remove(config: &Config, schema: &str) -> Result<(), Problem> {
    link::execute(config, "remove its tables", &format!("drop schema if exists {schema} cascade"))
}

pub(super) fn set_pace(config: &Config, factor: f64) -> Result<(), Problem> {
    link::execute(config, "set its pace", &format!("update pace set factor = {factor:?}"))
}

/// Replaces the rows of probes, with the ids from 0 on.
pub(super) fn fill_probes(config: &Config, count: u64, bytes: u32) -> Result<(), Problem> {
    let statements = format!(
        "truncate probe;
         insert into probe select id, 0, decode(repeat('76', {bytes}), 'hex') from generate_series(0, {count} - 1) id;
         analyze probe"
    );
    link::execute(config, "make the rows of probes", &statements)
}

pub(super) fn fill(config: &Config, rows: impl IntoIterator<Item = Row> + Send) -> Result<u64, Problem> {
    link::postgres(config, async |client| {
        let failed = |error: tokio_postgres::Error| Problem::of_postgres("fill its table", &error);
        client.batch_execute("truncate rows").await.map_err(failed)?;
        let sink =
            client.copy_in("copy rows (id, version, payload) from stdin binary").await.map_err(failed)?;
        let mut writer = pin!(BinaryCopyInWriter::new(sink, &[Type::INT8, Type::INT8, Type::BYTEA]));
        let mut payload = Vec::new();
        for row in rows {
            let id = i64::try_from(row.id)
                .map_err(|_| Problem::usage(format!("the id {} is too large", row.id)))?;
            payload.resize(row.bytes as usize, BYTE);
            writer.as_mut().write(&[&id, &0_i64, &payload]).await.map_err(failed)?;
        }
        let count = writer.finish().await.map_err(failed)?;
        // Otherwise the first reads write, and plans rest on guesses.
        client.batch_execute("vacuum (analyze) rows").await.map_err(failed)?;
        Ok(count)
    })
}
