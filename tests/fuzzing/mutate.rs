//! Small damage to inputs, by dice: of bytes, and of the values of a JSON document that stays one.

use herdlab::dice::mix;
use serde_json::{Value, json};

/// Numbers that look random and are the same everywhere.
pub struct Dice(pub u64);

impl Dice {
    /// A number below `end`, which is at least 1.
    pub fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        (mix(self.0) % end as u64) as usize
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }
}

/// What readers stumble over.
const PIECES: &[&str] = &[
    "0",
    "-1",
    "1e308",
    "1e-308",
    "nan",
    "inf",
    "18446744073709551616",
    "\"\"",
    "\"",
    "\n",
    "\r\n",
    ",",
    "=",
    "[",
    "{",
    "}",
    "]",
    ".",
    "\u{0}",
    "é",
    "none",
    "true",
    "null",
];

/// Some bytes are lost, doubled, changed or come from another input.
#[allow(dead_code)] // The targets damage bytes by themselves.
pub fn bytes(input: &[u8], other: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = input.to_vec();
    for _ in 0..=dice.below(3) {
        let from = dice.below(bytes.len() + 1);
        let to = from + dice.below((bytes.len() - from).min(40) + 1);
        match dice.below(5) {
            0 => drop(bytes.drain(from..to)),
            1 => drop(bytes.splice(from..from, bytes[from..to].to_vec())),
            2 => drop(bytes.splice(from..to, dice.one_of(PIECES).bytes())),
            3 if from < bytes.len() => bytes[from] ^= 1 << dice.below(8),
            _ => {
                let start = dice.below(other.len() + 1);
                let end = start + dice.below((other.len() - start).min(60) + 1);
                bytes.splice(from..to, other[start..end].iter().copied());
            }
        }
    }
    bytes
}

/// Another document: one value replaced, an element or a field lost or doubled. `None` where it is no JSON.
pub fn json(input: &[u8], dice: &mut Dice) -> Option<Vec<u8>> {
    let mut document: Value = serde_json::from_slice(input).ok()?;
    for _ in 0..=dice.below(3) {
        let mut path = Vec::new();
        damage(descend(&mut document, dice, &mut path), dice);
    }
    serde_json::to_vec(&document).ok()
}

/// A random value of the document: each level is as likely to be the last as to be passed.
fn descend<'v>(value: &'v mut Value, dice: &mut Dice, path: &mut Vec<usize>) -> &'v mut Value {
    let children = match value {
        Value::Array(items) => items.len(),
        Value::Object(fields) => fields.len(),
        _ => 0,
    };
    if children == 0 || (path.len() > 1 && dice.below(4) == 0) {
        return value;
    }
    let next = dice.below(children);
    path.push(next);
    let child = match value {
        Value::Array(items) => items.get_mut(next),
        Value::Object(fields) => fields.values_mut().nth(next),
        _ => None,
    };
    descend(child.unwrap_or_else(|| panic!("there are {children}")), dice, path)
}

fn damage(value: &mut Value, dice: &mut Dice) {
    match value {
        Value::Array(items) if !items.is_empty() => {
            let at = dice.below(items.len());
            match dice.below(4) {
                0 => drop(items.remove(at)),
                1 => items.insert(at, items[at].clone()),
                2 => items.truncate(at),
                _ => items.reverse(),
            }
        }
        Value::Object(fields) if !fields.is_empty() => {
            let key = fields.keys().nth(dice.below(fields.len())).cloned().unwrap_or_default();
            fields.remove(&key);
        }
        Value::Number(number) => {
            let before = number.as_f64().unwrap_or(0.0);
            *value = match dice.below(9) {
                0 => json!(0),
                1 => json!(-1),
                2 => json!(u64::MAX),
                3 => json!(1e308),
                4 => json!(-1e308),
                5 => json!(1e-308),
                6 => json!(before * 1e6),
                7 => json!(before + 1.0),
                _ => Value::Null,
            };
        }
        Value::String(text) => match dice.below(4) {
            0 => text.clear(),
            1 => text.push_str("<&\"'{}%\u{1}\u{202e}"),
            2 => {
                *text = dice
                    .one_of(&["ms", "1", "count", "hit_ratio", "db.qps", "latency.all", "{a:hit_ratio}"])
                    .to_owned()
            }
            _ => *text = text.repeat(3),
        },
        _ => *value = json!(7),
    }
}
