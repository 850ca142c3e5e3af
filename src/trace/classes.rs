//! Classes of keys, as a recording tells them apart: by a column, or by the part of the key before a mark.

use rustc_hash::FxHashMap;

use super::formats::Rows;
use super::row::hash_text;

/// Name of the class of keys without a mark, and of what finds no place.
pub const OTHER: &str = "other";
/// More classes than this are a column of something else.
const NUMBERS_MAX: usize = 1 << 16;

/// Numbers the classes in the order of first appearance; number 0 is [`OTHER`].
#[derive(Clone, Debug)]
pub struct Classes {
    mark: Option<Box<[u8]>>,
    numbers: FxHashMap<u64, u32>,
    names: Vec<String>,
}

impl Classes {
    /// With a mark, keys are of the class that they begin with: `user` of `user:16`, where the mark is a colon.
    pub(super) fn new(mark: Option<&str>) -> Classes {
        let mark = mark.map(|mark| mark.as_bytes().into());
        Classes { mark, numbers: FxHashMap::default(), names: vec![OTHER.to_owned()] }
    }

    /// The class of the row that was read last.
    pub(super) fn of_row(&mut self, rows: &dyn Rows) -> u32 {
        let Some(mark) = &self.mark else { return self.of_text(rows.class_text().unwrap_or_default()) };
        let key = rows.key_text().unwrap_or_default();
        let end = key.windows(mark.len()).position(|part| part == &**mark);
        self.of_text(&key[..end.unwrap_or(0)])
    }

    /// The class of that name.
    pub(super) fn of_text(&mut self, text: &[u8]) -> u32 {
        if text.is_empty() {
            return 0;
        }
        let hash = hash_text(text);
        if let Some(&number) = self.numbers.get(&hash) {
            return number;
        }
        if self.names.len() == NUMBERS_MAX {
            return 0;
        }
        let name = name(text);
        // Names may be the same once they are spelled as those of a scenario.
        let same = self.names.iter().position(|known| *known == name);
        let number = same.unwrap_or_else(|| {
            self.names.push(name);
            self.names.len() - 1
        }) as u32;
        self.numbers.insert(hash, number);
        number
    }

    /// Names by number.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }
}

/// A name as scenarios have it.
fn name(text: &[u8]) -> String {
    const LONGEST: usize = 40;
    let fits = |c: char| if c.is_ascii_alphanumeric() || c == '_' || c == '-' { c } else { '-' };
    String::from_utf8_lossy(text).chars().take(LONGEST).map(fits).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::testing::opened_rows;

    #[test]
    fn a_key_is_of_the_class_before_its_mark() {
        let mut rows = opened_rows("t,key\n1,user:1\n1,cart:1:2\n1,user:7\n2,16\n2,:x\n");
        let mut classes = Classes::new(Some(":"));
        let mut numbers = Vec::new();
        while rows.next_row().unwrap().is_some() {
            numbers.push(classes.of_row(&*rows));
        }
        assert_eq!(numbers, [1, 2, 1, 0, 0]);
        assert_eq!(classes.names(), ["other", "user", "cart"]);
    }

    #[test]
    fn names_are_spelled_as_those_of_a_scenario() {
        let mut classes = Classes::new(None);
        assert_eq!([classes.of_text(b"a b"), classes.of_text(b"a.b"), classes.of_text(b"other")], [1, 1, 0]);
        assert_eq!(classes.names(), ["other", "a-b"]);
    }
}
