//! Compression of what is written.

use std::io::{self, Write};
use std::mem;

use flate2::Compression;
use flate2::write::GzEncoder;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

/// Bytes of a frame of zstd: any number of them in a row are a file.
const FRAME_BYTES: usize = 1 << 22;

/// How a file is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    None,
    Gzip,
    Zstd,
}

impl Packing {
    /// By the end of the file's name.
    ///
    /// # Errors
    /// It is the end of a compression that is read but not written; the error has the way out.
    pub fn of_file(name: &str) -> Result<Packing, String> {
        let end = name.rsplit_once('.').map_or("", |(_, end)| end);
        match end {
            "gz" => Ok(Packing::Gzip),
            "zst" => Ok(Packing::Zstd),
            "xz" | "bz2" | "lz4" | "zip" => {
                Err(format!(".{end} is not written: end the name in .gz or .zst, or in neither"))
            }
            _ => Ok(Packing::None),
        }
    }
}

/// A writer behind its compression.
pub enum Packed<W: Write> {
    None(W),
    Gzip(Box<GzEncoder<W>>),
    /// The bytes of the present frame.
    Zstd(W, Vec<u8>),
}

impl<W: Write> Packed<W> {
    pub fn new(out: W, packing: Packing) -> Packed<W> {
        match packing {
            Packing::None => Packed::None(out),
            Packing::Gzip => Packed::Gzip(Box::new(GzEncoder::new(out, Compression::default()))),
            Packing::Zstd => Packed::Zstd(out, Vec::new()),
        }
    }

    /// Writes what is left; gives the writer behind it.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn finish(self) -> io::Result<W> {
        match self {
            Packed::None(out) => Ok(out),
            Packed::Gzip(encoder) => encoder.finish(),
            Packed::Zstd(mut out, rest) => {
                out.write_all(&frame(&rest))?;
                Ok(out)
            }
        }
    }
}

fn frame(bytes: &[u8]) -> Vec<u8> {
    compress_to_vec(bytes, CompressionLevel::Fastest)
}

impl<W: Write> Write for Packed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Packed::None(out) => out.write(bytes),
            Packed::Gzip(encoder) => encoder.write(bytes),
            Packed::Zstd(out, waiting) => {
                waiting.extend_from_slice(bytes);
                if waiting.len() >= FRAME_BYTES {
                    out.write_all(&frame(&mem::take(waiting)))?;
                }
                Ok(bytes.len())
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Packed::None(out) | Packed::Zstd(out, _) => out.flush(),
            Packed::Gzip(encoder) => encoder.flush(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Read};

    use super::*;
    use crate::trace::compression::decompressed;

    #[test]
    fn several_frames_are_read_as_one_file() {
        // 6 MB: two frames.
        let text: Vec<u8> =
            (0..1_000_000u32).flat_map(|at| format!("{:05}\n", at % 99_991).into_bytes()).collect();
        for packing in [Packing::None, Packing::Gzip, Packing::Zstd] {
            let mut packed = Packed::new(Vec::new(), packing);
            text.chunks(1_000).for_each(|chunk| packed.write_all(chunk).unwrap());
            let bytes = packed.finish().unwrap();
            let (mut input, kind) = decompressed(Box::new(Cursor::new(bytes))).unwrap();
            let mut back = Vec::new();
            input.read_to_end(&mut back).unwrap();
            assert!(back == text, "{packing:?}");
            assert_eq!(kind.is_none(), packing == Packing::None);
        }
    }

    #[test]
    fn the_name_of_a_file_tells_its_compression() {
        assert_eq!(Packing::of_file("a.csv.gz"), Ok(Packing::Gzip));
        assert_eq!(Packing::of_file("a.zst"), Ok(Packing::Zstd));
        assert_eq!(Packing::of_file("a.csv"), Ok(Packing::None));
        assert!(Packing::of_file("a.csv.xz").unwrap_err().starts_with(".xz is not written"));
    }
}
