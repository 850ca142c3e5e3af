//! Compressed files, read as if they were not: gzip, zstd, xz and bzip2 by their first bytes.

use std::io::{self, BufRead, BufReader, Chain, Cursor, Read};

use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

/// Where the bytes of a trace come from.
pub type Input = Box<dyn Read + Send>;

/// Bytes by which a compressed file is recognised.
const MAGIC_BYTES: usize = 6;
/// Bytes read from a compressed file at a time.
const BUFFER_BYTES: usize = 1 << 16;
/// Most memory that the dictionary of an xz file may take: that of `xz -9` is 64 MiB.
const XZ_MEMORY_KIB: u32 = 1 << 20;
/// Largest window of a zstd file: that of `zstd --ultra -22` is 128 MiB.
const ZSTD_WINDOW_BYTES: u64 = 1 << 30;

/// Passes on the bytes of a file, decompressed where it is compressed; the second part is the way in which it is.
///
/// # Errors
/// The file cannot be read.
pub fn decompressed(mut input: Input) -> io::Result<(Input, Option<&'static str>)> {
    let mut start = Vec::new();
    (&mut input).take(MAGIC_BYTES as u64).read_to_end(&mut start)?;
    let kind = start.clone();
    let whole = || BufReader::with_capacity(BUFFER_BYTES, Cursor::new(start).chain(input));
    Ok(match kind.as_slice() {
        [0x1f, 0x8b, ..] => (Box::new(flate2::bufread::MultiGzDecoder::new(whole())), Some("gzip")),
        [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => {
            (Box::new(Frames::new(whole())), Some("zstd"))
        }
        [0xfd, b'7', b'z', b'X', b'Z', 0] => {
            (Box::new(lzma_rust2::XzReader::new_mem_limit(whole(), true, XZ_MEMORY_KIB)), Some("xz"))
        }
        [b'B', b'Z', b'h', b'1'..=b'9', 0x31 | 0x17, ..] => {
            (Box::new(bzip2::bufread::MultiBzDecoder::new(whole())), Some("bzip2"))
        }
        _ => (Box::new(whole().into_inner()), None),
    })
}

type Packed = BufReader<Chain<Cursor<Vec<u8>>, Input>>;

/// The frames of a zstd file one after another; skippable ones are skipped.
struct Frames {
    packed: Packed,
    decoder: FrameDecoder,
    /// Between two frames, or before the first one.
    between: bool,
}

impl Frames {
    fn new(packed: Packed) -> Frames {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(ZSTD_WINDOW_BYTES);
        Frames { packed, decoder, between: true }
    }

    /// Begins the next frame; false at the end of the file.
    fn begin(&mut self) -> io::Result<bool> {
        while !self.packed.fill_buf()?.is_empty() {
            match self.decoder.reset(&mut self.packed) {
                Ok(()) => {
                    self.between = false;
                    return Ok(true);
                }
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                    length,
                    ..
                })) => {
                    io::copy(&mut (&mut self.packed).take(u64::from(length)), &mut io::sink())?;
                }
                Err(error) => return Err(io::Error::other(error.to_string())),
            }
        }
        Ok(false)
    }
}

impl Read for Frames {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.between && !self.begin()? {
                return Ok(0);
            }
            while self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
                let one = BlockDecodingStrategy::UptoBlocks(1);
                self.decoder
                    .decode_blocks(&mut self.packed, one)
                    .map_err(|error| io::Error::other(error.to_string()))?;
            }
            let bytes = self.decoder.read(buffer)?;
            if bytes > 0 || buffer.is_empty() {
                return Ok(bytes);
            }
            let sums = [self.decoder.get_checksum_from_data(), self.decoder.get_calculated_checksum()];
            if matches!(sums, [Some(stated), Some(found)] if stated != found) {
                return Err(io::Error::other("the checksum of a zstd frame is wrong"));
            }
            self.between = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn read(bytes: Vec<u8>) -> io::Result<(String, Option<&'static str>)> {
        let (mut input, kind) = decompressed(Box::new(Cursor::new(bytes)))?;
        let mut text = String::new();
        input.read_to_string(&mut text)?;
        Ok((text, kind))
    }

    fn gzip(text: &str) -> Vec<u8> {
        let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        writer.write_all(text.as_bytes()).unwrap();
        writer.finish().unwrap()
    }

    fn zstd(text: &str) -> Vec<u8> {
        ruzstd::encoding::compress_to_vec(text.as_bytes(), ruzstd::encoding::CompressionLevel::Fastest)
    }

    fn bzip2(text: &str) -> Vec<u8> {
        let mut writer = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
        writer.write_all(text.as_bytes()).unwrap();
        writer.finish().unwrap()
    }

    /// `printf 'time,key\n1,a\n' | xz`
    const XZ: &[u8] = b"\xfd\x37\x7a\x58\x5a\x00\x00\x04\xe6\xd6\xb4\x46\x02\x00\x21\x01\x16\x00\x00\x00\x74\x2f\xe5\xa3\x01\x00\x0c\x74\x69\x6d\x65\x2c\x6b\x65\x79\x0a\x31\x2c\x61\x0a\x00\x00\x00\x00\xf9\xc2\xb8\xaa\xdb\x9d\x6d\x2b\x00\x01\x25\x0d\x71\x19\xc4\xb6\x1f\xb6\xf3\x7d\x01\x00\x00\x00\x00\x04\x59\x5a";

    #[test]
    fn what_is_compressed_is_read_as_if_it_were_not() {
        let text = "time,key\n1,a\n";
        for (bytes, kind) in [
            (text.as_bytes().to_vec(), None),
            (gzip(text), Some("gzip")),
            (zstd(text), Some("zstd")),
            (bzip2(text), Some("bzip2")),
            (XZ.to_vec(), Some("xz")),
        ] {
            assert_eq!(read(bytes).unwrap(), (text.to_owned(), kind));
        }
        for short in ["", "a", "BZ", "\u{1f}"] {
            assert_eq!(read(short.into()).unwrap(), (short.to_owned(), None));
        }
    }

    /// `cat a.gz b.gz` is a gzip file, and so with the others.
    #[test]
    fn parts_that_were_joined_are_read_one_after_another() {
        let skippable = [&[0x50, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 1, 2][..], &zstd("a")].concat();
        for bytes in [
            [gzip("a"), gzip("b")].concat(),
            [skippable, zstd("b")].concat(),
            [bzip2("a"), bzip2("b")].concat(),
        ] {
            assert_eq!(read(bytes).unwrap().0, "ab");
        }
        assert_eq!(read([XZ, XZ].concat()).unwrap().0, "time,key\n1,a\n".repeat(2));
    }

    #[test]
    fn a_file_that_is_cut_off_is_an_error() {
        let text = "time,key\n".repeat(1_000);
        for bytes in [gzip(&text), zstd(&text), bzip2(&text), XZ.to_vec()] {
            assert!(read(bytes[..bytes.len() - 5].to_vec()).is_err(), "{:?}", &bytes[..4]);
        }
    }
}
