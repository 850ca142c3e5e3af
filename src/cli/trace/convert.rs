//! `herdlab trace convert`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use herdlab::atomic::Stream;
use herdlab::scenario::Diagnostics;
use herdlab::trace::output::{OUTPUTS, Output, OutputError, OutputFormat, Packing, Written, write_rows};
use herdlab::units::{counted, grouped};

use super::super::output::{self, tell};
use super::super::places::{Places, refuse_to_replace};
use super::super::progress::{during, reading};
use super::{Beginning, Input};

/// Write a trace in another format
///
/// Tables and JSON lines have the parts that the trace has, of time_s, key, key_size, size, operation, ttl and client.
/// The file appears whole or not at all.
#[derive(Debug, Args)]
pub(crate) struct ConvertArgs {
    #[command(flatten)]
    input: Input,
    #[command(flatten)]
    to: To,
}

/// Where a trace goes.
#[derive(Debug, Args)]
pub(super) struct To {
    /// The file to write; compressed where its name ends in .gz or .zst
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
    /// Its format: csv, jsonl, oracle (libCacheSim's oracleGeneral), twitter [default: by its name, where that ends in .csv, .jsonl or
    /// .oracleGeneral]
    #[arg(long, value_name = "FORMAT", value_parser = output_format())]
    to: Option<OutputFormat>,
    /// Hashes in place of the keys
    #[arg(long)]
    hash_keys: bool,
    /// Replace a file that is there
    #[arg(long)]
    force: bool,
}

fn output_format() -> impl TypedValueParser<Value = OutputFormat> {
    PossibleValuesParser::new(OUTPUTS.iter().map(|row| row.0))
        .map(|name| OutputFormat::named(&name).unwrap_or(OutputFormat::Csv))
}

pub(crate) fn execute(args: &ConvertArgs) -> anyhow::Result<ExitCode> {
    let written = args.to.write(&args.input, |_| true)?;
    let counts = format!("{} for {}", counted(written.requests, "request"), counted(written.keys, "key"));
    tell!("written: {} ({counts})", args.to.output.display());
    Ok(ExitCode::SUCCESS)
}

impl To {
    /// Writes the rows of the chosen keys.
    pub fn write(&self, input: &Input, is_chosen: impl Fn(u64) -> bool) -> anyhow::Result<Written> {
        let path = &self.output;
        Places::default().input(&input.trace).file("--output FILE", Some(path)).check()?;
        let (format, packing) = self.format()?;
        refuse_to_replace(path, self.force, "--force replaces it")?;
        let (Beginning { mut rows, unit_ns, .. }, parts) = input.open_with_parts()?;
        let output = Output { format, packing, hash_keys: self.hash_keys, unit_ns, parts };
        let mut stream = output::written(Stream::create(path), "--output FILE")?;
        let copied =
            during(reading(&input.name()), false, || write_rows(&mut *rows, &output, is_chosen, &mut stream));
        match copied {
            Ok(written) => {
                output::written(stream.finish(), "--output FILE")?;
                if written.late_rows > 0 {
                    let rows = grouped(written.late_rows);
                    tell!(
                        "{rows} rows come before an earlier one; in this format they have the time of that one"
                    );
                }
                Ok(written)
            }
            Err(OutputError::Read(problem)) => Err(input.wrong(problem).into()),
            Err(OutputError::Write(error)) => {
                output::written(Err(Stream::failed(path, error)), "--output FILE")
            }
        }
    }

    fn format(&self) -> Result<(OutputFormat, Packing), Diagnostics> {
        let name = self.output.file_name().unwrap_or_default().to_string_lossy();
        let packing = Packing::of_file(&name).map_err(|problem| {
            Diagnostics::general(format!("cannot write {}: {problem}", self.output.display()), Vec::new())
        })?;
        match self.to.or(OutputFormat::of_file(&name)) {
            Some(format) => Ok((format, packing)),
            None => {
                let title = format!("the name of {} tells no format", self.output.display());
                let known: Vec<&str> = OUTPUTS.iter().map(|row| row.0).collect();
                Err(Diagnostics::general(title, vec![format!("name it with --to: {}", known.join(", "))]))
            }
        }
    }

    pub fn output(&self) -> &PathBuf {
        &self.output
    }
}
