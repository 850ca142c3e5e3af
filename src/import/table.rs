//! CSV files with a header row, cell by cell.

use super::source::{ImportError, Source};

/// A table whose rows all have the cells of the header.
pub(super) struct Table {
    names: Vec<String>,
    pub rows: Vec<(u64, Vec<String>)>,
}

/// The cells of one line.
pub(super) fn split(line: &str) -> Vec<String> {
    let separator = if line.contains(';') && !line.contains(',') {
        b';'
    } else if line.contains('\t') && !line.contains(',') {
        b'\t'
    } else {
        b','
    };
    cells(line.as_bytes(), separator).into_iter().next().map(|row| row.1).unwrap_or_default()
}

/// Rows with their lines, blank ones left out.
fn cells(bytes: &[u8], separator: u8) -> Vec<(u64, Vec<String>)> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator)
        .terminator(csv::Terminator::Any(b'\n'))
        .from_reader(bytes);
    let mut row = csv::ByteRecord::new();
    let mut rows = Vec::new();
    while let Ok(Some(line)) = crate::trace::table::next_row(&mut reader, &mut row) {
        let cells = row.iter().map(|cell| String::from_utf8_lossy(cell).trim().to_owned());
        rows.push((line, cells.collect()));
    }
    rows
}

impl Table {
    /// # Errors
    /// No row, or a row that is cut off.
    pub fn read(source: &Source) -> Result<Table, ImportError> {
        let bytes = source.bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&source.bytes);
        let first = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let separator = match (first.contains(&b','), first.contains(&b';'), first.contains(&b'\t')) {
            (false, true, _) => b';',
            (false, false, true) => b'\t',
            _ => b',',
        };
        let mut rows = cells(bytes, separator);
        if rows.len() < 2 {
            return Err(source.wrong(1, "a header and no row below it: expected at least one row"));
        }
        let names: Vec<String> = rows.remove(0).1.iter().map(|name| name.to_ascii_lowercase()).collect();
        // psql ends its tables with the number of rows.
        if rows.last().is_some_and(|(_, row)| row.len() == 1 && row[0].starts_with('(')) {
            rows.pop();
        }
        if let Some((line, row)) = rows.iter().find(|(_, row)| row.len() < names.len()) {
            let (found, width) = (row.len(), names.len());
            let problem = format!("{found} cells where the header has {width}; is the file cut off?");
            return Err(source.wrong(*line, problem));
        }
        Ok(Table { names, rows })
    }

    /// The first of these columns that is there.
    pub fn column(&self, known: &[&str]) -> Option<usize> {
        known.iter().find_map(|name| self.names.iter().position(|own| own == name))
    }

    pub fn name(&self, column: usize) -> &str {
        &self.names[column]
    }

    pub fn width(&self) -> usize {
        self.names.len()
    }

    /// A cell as a finite number of at least 0.
    pub fn number(&self, source: &Source, row: usize, column: usize) -> Result<f64, ImportError> {
        let value = self.number_or_infinite(source, row, column)?;
        if value.is_finite() {
            return Ok(value);
        }
        let name = self.name(column);
        Err(source.wrong(self.rows[row].0, format!("{name} is infinite: expected a number of at least 0")))
    }

    /// A cell as a number of at least 0; `+Inf` is one as well.
    pub fn number_or_infinite(&self, source: &Source, row: usize, column: usize) -> Result<f64, ImportError> {
        let (line, cells) = &self.rows[row];
        let cell = &cells[column];
        cell.parse::<f64>().ok().filter(|value| *value >= 0.0).ok_or_else(|| {
            let name = self.name(column);
            source.wrong(*line, format!("{name} \"{cell}\": expected a number of at least 0"))
        })
    }
}
