//! The beginning of a trace, by which its format is recognised.

/// The mark of UTF-8 at the beginning of a text.
pub(crate) const BOM: &[u8] = b"\xef\xbb\xbf";

/// Bytes that are looked at.
pub const SAMPLE_BYTES: usize = 1 << 16;
/// Lines that are looked at.
const LINES: usize = 1_000;

/// The first bytes of a trace, decompressed.
#[derive(Clone, Copy, Debug)]
pub struct Sample<'a> {
    pub bytes: &'a [u8],
    /// Bytes of the whole file, decompressed; `None` where they are not known.
    pub length: Option<u64>,
}

impl<'a> Sample<'a> {
    /// Whether it is the whole file.
    pub fn is_whole(&self) -> bool {
        self.bytes.len() < SAMPLE_BYTES
    }

    /// Whether it is text: nothing but letters, blanks and ends of lines.
    pub fn is_text(&self) -> bool {
        !self.bytes.iter().any(|byte| *byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x1b))
    }

    /// The whole lines at the beginning of a text, without their ends; none where it is no text.
    pub fn lines_of_text(&self) -> Vec<&'a [u8]> {
        if self.is_text() { self.lines() } else { Vec::new() }
    }

    /// The whole lines at the beginning, without their ends.
    pub fn lines(&self) -> Vec<&'a [u8]> {
        let text = self.bytes.strip_prefix(BOM).unwrap_or(self.bytes);
        let mut lines: Vec<&[u8]> = text.split(|&byte| byte == b'\n').collect();
        // The last one is cut off, or the empty one behind the last end of line.
        if !self.is_whole() || lines.last().is_some_and(|line| line.is_empty()) {
            lines.pop();
        }
        lines.truncate(LINES);
        lines.into_iter().map(|line| line.strip_suffix(b"\r").unwrap_or(line)).collect()
    }

    /// The kind of file that it is where that is no trace, and the way out.
    pub fn is_no_trace(&self) -> Option<(&'static str, &'static str)> {
        const UNPACK: &str = "unpack it first, and name the file within";
        const EXPORT: &str = "export its rows as CSV first";
        const DECOMPRESS: &str = "decompress it first";
        const UTF8: &str = "save it as UTF-8 first (`iconv -f UTF-16 -t UTF-8`)";
        const NOTHING: &str = "a trace has the requests themselves";
        let starts: &[(&[u8], &str, &str)] = &[
            (b"PK\x03\x04", "a zip archive", UNPACK),
            (b"7z\xbc\xaf\x27\x1c", "a 7z archive", UNPACK),
            (b"Rar!", "a rar archive", UNPACK),
            (b"PAR1", "Parquet", EXPORT),
            (b"ORC", "ORC", EXPORT),
            (b"Obj\x01", "Avro", EXPORT),
            (b"ARROW1", "Arrow", EXPORT),
            (b"SQLite format 3\0", "a SQLite database", EXPORT),
            (b"\x89HDF", "HDF5", EXPORT),
            (b"\x04\x22\x4d\x18", "compressed by lz4", DECOMPRESS),
            (b"\x1f\x9d", "compressed by compress", DECOMPRESS),
            (b"\x89LZO", "compressed by lzop", DECOMPRESS),
            (b"LZIP", "compressed by lzip", DECOMPRESS),
            (b"\xff\xfe", "text in UTF-16", UTF8),
            (b"\xfe\xff", "text in UTF-16", UTF8),
            (b"\xd4\xc3\xb2\xa1", "a capture of packets", NOTHING),
            (b"\x0a\x0d\x0d\x0a", "a capture of packets", NOTHING),
            (b"\x89PNG", "a PNG picture", NOTHING),
            (b"\xff\xd8\xff", "a JPEG picture", NOTHING),
            (b"GIF8", "a GIF picture", NOTHING),
            (b"%PDF", "a PDF document", NOTHING),
            (b"\x7fELF", "a program", NOTHING),
            (b"REDIS0", "a dump of Redis (RDB)", "record the commands with `redis-cli MONITOR`"),
        ];
        if self.bytes.get(257..262) == Some(b"ustar") {
            return Some(("a tar archive", UNPACK));
        }
        starts.iter().find(|(start, ..)| self.bytes.starts_with(start)).map(|&(_, kind, way)| (kind, way))
    }
}
