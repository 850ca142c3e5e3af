//! The fingerprint of the engine's sources, by which a what-if page and the program that wrote it know each other.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// What the engine of a page does not have.
const BEYOND_THE_CORE: &[&str] = &[
    "atomic",
    "atomic.rs",
    "cli",
    "import",
    "live",
    "main.rs",
    "replay",
    "report",
    "starter",
    "survey",
    "validate",
];
/// What it has of reports.
const OF_REPORTS: &[&str] = &["report/mod.rs", "report/json.rs", "report/consistency.rs", "report/format.rs"];

fn main() -> io::Result<()> {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let mut files = vec![root.join("Cargo.toml")];
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=Cargo.toml");
    for entry in fs::read_dir(root.join("src"))? {
        let entry = entry?;
        if BEYOND_THE_CORE.iter().all(|name| entry.file_name() != *name) {
            println!("cargo:rerun-if-changed={}", entry.path().display());
            collect(&entry.path(), &mut files)?;
        }
    }
    for name in OF_REPORTS {
        let path = root.join("src").join(name);
        println!("cargo:rerun-if-changed={}", path.display());
        files.push(path);
    }
    files.sort();
    let mut hash = Fnv::default();
    for file in &files {
        let name = file.strip_prefix(&root).unwrap_or(file);
        hash.take(name.to_string_lossy().replace('\\', "/").as_bytes());
        hash.take(&fs::read(file)?);
    }
    println!("cargo:rustc-env=HERDLAB_SOURCES={:032x}", hash.0);
    Ok(())
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    if path.is_dir() {
        for entry in fs::read_dir(path)? {
            collect(&entry?.path(), files)?;
        }
    } else if path.extension().is_some_and(|extension| extension == "rs") {
        files.push(path.to_path_buf());
    }
    Ok(())
}

/// FNV-1a with 128 bits: tells versions of the sources apart, and defends against nobody.
struct Fnv(u128);

impl Default for Fnv {
    fn default() -> Fnv {
        Fnv(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d)
    }
}

impl Fnv {
    fn take(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u128::from(*byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
        }
    }
}
