//! The engine as a WebAssembly module, compressed with gzip.

use std::borrow::Cow;
use std::io::Read;

use anyhow::{Context, ensure};
use herdlab::what_if::DIGEST;

/// Names a module for a program that was built without one.
const VARIABLE: &str = "HERDLAB_WHAT_IF_MODULE";

/// The one that is embedded, or else the one that the environment names; `None` where there is neither.
pub(super) fn module() -> anyhow::Result<Option<Cow<'static, [u8]>>> {
    if let Some(module) = EMBEDDED {
        return Ok(Some(Cow::Borrowed(module)));
    }
    let Some(path) = std::env::var_os(VARIABLE) else { return Ok(None) };
    let module = std::fs::read(&path).with_context(|| format!("{VARIABLE}: {}", path.display()))?;
    Ok(Some(Cow::Owned(module)))
}

/// `None` in a program that was built without it.
#[cfg(not(feature = "what-if"))]
const EMBEDDED: Option<&[u8]> = None;

/// Built before the program, by scripts/what-if.
#[cfg(feature = "what-if")]
const EMBEDDED: Option<&[u8]> = Some(include_bytes!(env!(
    "HERDLAB_WHAT_IF_MODULE",
    "the feature what-if needs the module beforehand: build with scripts/what-if"
)));

/// Makes sure that the module was built of the sources of this program, which it has the fingerprint of.
pub(super) fn check(module: &[u8]) -> anyhow::Result<()> {
    let mut bytes = Vec::new();
    let unpacked = flate2::read::GzDecoder::new(module).read_to_end(&mut bytes);
    unpacked.context("the engine for the page is damaged; build again with scripts/what-if")?;
    let is_same = bytes.windows(DIGEST.len()).any(|window| window == DIGEST.as_bytes());
    ensure!(
        is_same,
        "the engine for the page was built of other sources than this program; build again with scripts/what-if"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut packing = GzEncoder::new(Vec::new(), Compression::fast());
        packing.write_all(bytes).unwrap();
        packing.finish().unwrap()
    }

    #[test]
    fn a_module_of_other_sources_is_refused() {
        assert!(check(&packed(format!("\0asm{DIGEST}\0").as_bytes())).is_ok());
        let other = check(&packed(b"\0asm0123456789")).unwrap_err().to_string();
        assert!(other.contains("other sources") && other.contains("scripts/what-if"), "{other}");
        assert!(check(b"no gzip").unwrap_err().to_string().contains("damaged"));
    }

    #[test]
    fn the_module_of_this_program_is_its_own() {
        if let Some(module) = EMBEDDED {
            check(module).unwrap();
        }
    }
}
