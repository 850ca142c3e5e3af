//! `herdlab trace`: a recorded workload in figures, in another format, in part, and as a model.

mod convert;
mod info;
mod model;
mod sample;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use herdlab::scenario::Diagnostics;
use herdlab::trace::output::Parts;
use herdlab::trace::{
    Asked, ColumnNames, Opened, OperationNames, Problem, Rows, TraceFormat, in_order, open,
};
use herdlab::units;

use super::mrc::{trace_format, usage};
use super::output::tell;

/// Look into a recorded workload, convert it, take a sample of it, or model it as a scenario
#[derive(Debug, Args)]
pub(crate) struct TraceArgs {
    #[command(subcommand)]
    command: TraceCommand,
}

#[derive(Debug, Subcommand)]
enum TraceCommand {
    Info(info::InfoArgs),
    Convert(convert::ConvertArgs),
    Sample(sample::SampleArgs),
    Model(model::ModelArgs),
}

pub(crate) fn execute(args: &TraceArgs) -> anyhow::Result<ExitCode> {
    match &args.command {
        TraceCommand::Info(args) => info::execute(args),
        TraceCommand::Convert(args) => convert::execute(args),
        TraceCommand::Sample(args) => sample::execute(args),
        TraceCommand::Model(args) => model::execute(args),
    }
}

/// A trace, and what its content does not tell.
#[derive(Debug, Args)]
struct Input {
    /// Trace in any of the formats of `--input`, compressed or not; `-` is standard input
    trace: PathBuf,
    /// Format of the trace [default: by its content, where that leaves no doubt; printed]
    #[arg(long, value_name = "FORMAT", value_parser = trace_format())]
    input: Option<&'static TraceFormat>,
    /// Column of a table that holds the key, or its number where there is no header; field of JSON lines [default: `key`, `obj_id`,
    /// `id`, `lbn` or the like]
    #[arg(long, value_name = "COLUMN")]
    key: Option<String>,
    /// The same of the times [default: `time`, `ts`, `timestamp` or the like]
    #[arg(long, value_name = "COLUMN")]
    time: Option<String>,
    /// The same of the sizes of values in bytes [default: not read]
    #[arg(long, value_name = "COLUMN")]
    size: Option<String>,
    /// The same of the sizes of keys in bytes [default: not read]
    #[arg(long, value_name = "COLUMN")]
    key_size: Option<String>,
    /// The same of the operations, by their usual words: get, set, delete, ... [default: not read]
    #[arg(long, value_name = "COLUMN")]
    operation: Option<String>,
    /// The same of the times to live in seconds [default: not read]
    #[arg(long, value_name = "COLUMN")]
    ttl: Option<String>,
    /// The same of the clients [default: not read]
    #[arg(long, value_name = "COLUMN")]
    client: Option<String>,
    /// Unit of the times (`s`, `ms`, `us`, `ns`, `ticks`); not for ISO 8601 [default: by the format, the name of the column
    /// (`time_ms`) or their magnitude]
    #[arg(long, value_name = "UNIT", value_parser = unit)]
    unit: Option<u64>,
}

fn unit(text: &str) -> Result<u64, String> {
    units::parse_time_unit(text).map_err(|error| error.to_string())
}

/// A trace at its beginning.
struct Beginning {
    format: &'static TraceFormat,
    rows: Box<dyn Rows>,
    /// Nanoseconds per unit of its times; `None`: it has none.
    unit_ns: Option<f64>,
}

impl Input {
    /// Opens it and prints what was guessed.
    fn open(&self) -> Result<Beginning, Diagnostics> {
        self.open_with_parts().map(|(beginning, _)| beginning)
    }

    /// The same, with the parts that its rows may have.
    fn open_with_parts(&self) -> Result<(Beginning, Parts), Diagnostics> {
        let opened = self.opened()?;
        if let Some(guess) = opened.guess() {
            tell!("{}: {guess}; `--input NAME` names another format", self.trace.display());
        }
        let unit_ns = opened.unit_ns(self.unit);
        if opened.has_times && unit_ns.is_none() {
            let title = format!("{}: the unit of the times is unknown", self.trace.display());
            let help = vec!["name it: --unit s (or ms, us, ns, ticks)".to_owned()];
            return Err(Diagnostics::general(title, help));
        }
        let (format, parts) = (opened.format, Parts::of(&opened));
        let rows = opened.rows().map_err(|problem| self.wrong(problem))?;
        // As a scenario sorts the rows of a log.
        let rows = match unit_ns.filter(|_| format.reorder_ns() > 0) {
            Some(unit_ns) => in_order(rows, format.reorder_ns() as f64 / unit_ns),
            None => rows,
        };
        Ok((Beginning { format, rows, unit_ns }, parts))
    }

    fn opened(&self) -> Result<Opened, Diagnostics> {
        let named = |column: &String| OperationNames { column: column.clone(), ..OperationNames::default() };
        let names = ColumnNames {
            time: self.time.clone(),
            key: self.key.clone(),
            size: self.size.clone(),
            key_size: self.key_size.clone(),
            ttl: self.ttl.clone(),
            client: self.client.clone(),
            operation: self.operation.as_ref().map(named),
            ..ColumnNames::default()
        };
        let asked = Asked { format: self.input.map(|format| format.name), names, ..Asked::default() };
        open(&self.trace, &asked).map_err(usage)
    }

    /// A row that cannot be read, with its place.
    fn wrong(&self, problem: Problem) -> Diagnostics {
        usage(problem.of(&self.trace))
    }

    /// In headings: without its folder.
    fn name(&self) -> String {
        match self.trace.file_name() {
            Some(name) if self.trace.as_os_str() != "-" => name.to_string_lossy().into_owned(),
            _ => "standard input".to_owned(),
        }
    }
}
