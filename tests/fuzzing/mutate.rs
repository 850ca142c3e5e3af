//! Small damage to inputs, by dice: of bytes, and of the values of a document in JSON or TOML that stays one.

use herdlab::dice::mix;
use serde_json::{Number, Value, json};

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
#[allow(dead_code, reason = "the targets damage bytes by themselves")]
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
#[allow(dead_code, reason = "each target needs one of the two")]
pub fn json(input: &[u8], dice: &mut Dice) -> Option<Vec<u8>> {
    serde_json::to_vec(&damaged(serde_json::from_slice(input).ok()?, dice)).ok()
}

/// The same for TOML.
#[allow(dead_code, reason = "each target needs one of the two")]
pub fn toml(input: &[u8], dice: &mut Dice) -> Option<Vec<u8>> {
    let document = damaged(toml::from_slice(input).ok()?, dice);
    toml::to_string(&document).ok().map(String::into_bytes)
}

fn damaged(mut document: Value, dice: &mut Dice) -> Value {
    for _ in 0..=dice.below(3) {
        damage(descend(&mut document, dice, 0), dice);
    }
    document
}

/// A random value of the document: each level is as likely to be the last as to be passed.
fn descend<'v>(value: &'v mut Value, dice: &mut Dice, depth: usize) -> &'v mut Value {
    let children = match value {
        Value::Array(items) => items.len(),
        Value::Object(fields) => fields.len(),
        _ => 0,
    };
    if children == 0 || (depth > 1 && dice.below(4) == 0) {
        return value;
    }
    let next = dice.below(children);
    let child = match value {
        Value::Array(items) => items.get_mut(next),
        Value::Object(fields) => fields.values_mut().nth(next),
        _ => None,
    };
    descend(child.unwrap_or_else(|| panic!("there are {children}")), dice, depth + 1)
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
        Value::Number(number) => *value = other_number(number, dice),
        Value::Bool(truth) => *truth = !*truth,
        Value::String(text) => *text = changed(text, dice),
        _ => *value = json!(7),
    }
}

/// Whole numbers mostly stay whole.
fn other_number(number: &Number, dice: &mut Dice) -> Value {
    let whole = number.as_u64();
    match (dice.below(8), whole) {
        (0, _) => json!(-1),
        (1, _) => Value::Null,
        (2, Some(_)) => json!(0),
        (3, Some(_)) => json!(dice.one_of(&[u64::MAX, i64::MAX as u64, 1 << 32])),
        (4, Some(before)) => json!(before.saturating_mul(1_000_000)),
        (5, Some(before)) => json!(before / 2),
        (_, Some(before)) => json!(before.saturating_add(1)),
        (_, None) => json!(dice.one_of(&[0.0, 1.0, 1e308, -1e308, 1e-308, 0.999_999, 1e15])),
    }
}

/// Another text; of a quantity such as `5ms` mostly another quantity.
fn changed(text: &str, dice: &mut Dice) -> String {
    let digits = text.chars().take_while(|c| c.is_ascii_digit() || *c == '.').count();
    let unit = &text[digits..];
    match dice.below(8) {
        0 => String::new(),
        1 => format!("{text}<&\"'{{}}%\u{1}\u{202e}"),
        2 => dice
            .one_of(&[
                "none",
                "unlimited",
                "ms",
                "1",
                "count",
                "hit_ratio",
                "latency.all",
                "l2",
                "{a:hit_ratio}",
            ])
            .to_owned(),
        3 => text.repeat(3),
        4 => unit.to_owned(),
        _ => format!(
            "{}{unit}",
            dice.one_of(&["0", "1", "0.5", "7", "1000000", "18446744073709551615", "1e9"])
        ),
    }
}
