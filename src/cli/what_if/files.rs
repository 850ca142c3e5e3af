//! The files that a scenario names, for its page: unpacked, and small enough to be mailed with it.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use herdlab::scenario::Diagnostics;
use herdlab::trace::unpacked;
use herdlab::units::approximate_bytes;

/// All files of a page together.
const BYTES_MAX: u64 = 4 << 20;

/// By the names that the scenario has for them; a character for each byte, so that JSON holds any content.
///
/// # Errors
/// They are too large together, or one cannot be read.
pub(super) fn contents(files: &[PathBuf], base_dir: &Path) -> Result<BTreeMap<String, String>, Diagnostics> {
    let mut contents = BTreeMap::new();
    let mut left = BYTES_MAX;
    for file in files {
        let mut bytes = Vec::new();
        let read = unpacked(file).and_then(|input| input.take(left + 1).read_to_end(&mut bytes));
        if let Err(error) = read {
            let help = "name a file: a page needs its content beforehand".to_owned();
            return Err(Diagnostics::general(format!("cannot read {}: {error}", file.display()), vec![help]));
        }
        left = match left.checked_sub(bytes.len() as u64) {
            Some(left) => left,
            None => return Err(too_large(file)),
        };
        let name = file.strip_prefix(base_dir).unwrap_or(file).to_string_lossy().into_owned();
        contents.insert(name, bytes.into_iter().map(char::from).collect());
    }
    Ok(contents)
}

fn too_large(file: &Path) -> Diagnostics {
    let title = format!(
        "{} is too large for a page: the files of a scenario may have {} together, unpacked",
        file.display(),
        approximate_bytes(BYTES_MAX as f64)
    );
    let help = vec![
        format!(
            "`herdlab trace sample {} --share 10% -o small.csv` keeps a part of its keys",
            file.display()
        ),
        format!("`herdlab import {} -o my.toml` makes a scenario without the recording", file.display()),
    ];
    Diagnostics::general(title, help)
}
