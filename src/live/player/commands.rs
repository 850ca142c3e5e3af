//! Commands of the strategies, as Redis gets them, and the scripts where a strategy needs several steps at once.

use redis::{Cmd, Value, cmd};

use super::value::Stored;
use crate::model::Nanos;

/// GET, or the lease of a key that is not there or has expired. Answers `{2, value}`: a live value; `{1}`: the lease is granted;
/// `{0}` or `{0, value}`: another one has it, perhaps with a value that has expired.
/// Keys: value, lease. Arguments: token, life of the lease in ms, present time in ns, nanoseconds for which an expired value may be served.
const LEASE_GET: &str = "\
local v = redis.call('GET', KEYS[1]) \
local left = nil \
if v then left = struct.unpack('>I8', v, 9) - tonumber(ARGV[3]) end \
if left and left > 0 then return {2, v} end \
if redis.call('SET', KEYS[2], ARGV[1], 'NX', 'PX', ARGV[2]) then return {1} end \
if left and -left < tonumber(ARGV[4]) then return {0, v} end \
return {0}";

/// SET by whoever has the lease, which ends with it. Keys: value, lease. Arguments: token, value, life in ms (0: for ever).
const LEASE_SET: &str = "\
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end \
redis.call('DEL', KEYS[2]) \
if ARGV[3] == '0' then redis.call('SET', KEYS[1], ARGV[2]) else redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) end \
return 1";

/// SET by a writer, which voids a lease. Keys: value, lease. Arguments: value, life in ms (0: for ever).
const VOIDING_SET: &str = "\
redis.call('DEL', KEYS[2]) \
if ARGV[2] == '0' then redis.call('SET', KEYS[1], ARGV[1]) else redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) end \
return 1";

/// SET that an older value than the present one, or than the last DELETE, does not do. Keys: value, tombstone. Arguments: value, life in
/// ms (0: for ever).
const VERSIONED_SET: &str = "\
local new = struct.unpack('>I8', ARGV[1]) \
local buried = redis.call('GET', KEYS[2]) \
if buried and tonumber(buried) > new then return 0 end \
local held = redis.call('GETRANGE', KEYS[1], 0, 7) \
if #held == 8 and struct.unpack('>I8', held) > new then return 0 end \
if ARGV[2] == '0' then redis.call('SET', KEYS[1], ARGV[1]) else redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) end \
return 1";

/// DELETE that leaves a tombstone. Keys: value, tombstone. Arguments: version, life of the tombstone in ms.
const VERSIONED_DELETE: &str = "\
redis.call('DEL', KEYS[1]) \
local buried = redis.call('GET', KEYS[2]) \
if buried and tonumber(buried) > tonumber(ARGV[1]) then return 1 end \
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2]) \
return 1";

/// A life in the milliseconds that Redis counts in; `None` lives for ever.
fn milliseconds(life_ns: Option<Nanos>) -> Option<u64> {
    life_ns.map(|ns| (ns.saturating_add(500_000) / 1_000_000).max(1))
}

pub fn get(key: &str) -> Cmd {
    let mut get = cmd("GET");
    get.arg(key);
    get
}

/// GET that starts the time to live anew.
pub fn get_sliding(key: &str, life_ns: Nanos) -> Cmd {
    let mut get = cmd("GETEX");
    get.arg(key).arg("PX").arg(milliseconds(Some(life_ns)));
    get
}

pub fn exists(key: &str) -> Cmd {
    let mut exists = cmd("EXISTS");
    exists.arg(key);
    exists
}

/// The header of a value alone.
pub fn get_header(key: &str) -> Cmd {
    let mut get = cmd("GETRANGE");
    get.arg(key).arg(0).arg(Stored::HEADER - 1);
    get
}

pub fn mget(keys: &[String]) -> Cmd {
    let mut mget = cmd("MGET");
    mget.arg(keys);
    mget
}

pub fn set(key: &str, value: &[u8], life_ns: Option<Nanos>) -> Cmd {
    let mut set = cmd("SET");
    set.arg(key).arg(value);
    if let Some(ms) = milliseconds(life_ns) {
        set.arg("PX").arg(ms);
    }
    set
}

pub fn delete(keys: &[&str]) -> Cmd {
    let mut delete = cmd("DEL");
    delete.arg(keys);
    delete
}

fn script(text: &str, keys: [&str; 2]) -> Cmd {
    let mut eval = cmd("EVAL");
    eval.arg(text).arg(2).arg(&keys[..]);
    eval
}

/// Looks for a value, and for the lease where there is none.
pub fn get_or_lease(keys: [&str; 2], token: u64, lock_ns: Nanos, now_ns: Nanos, stale_ns: Nanos) -> Cmd {
    let mut eval = script(LEASE_GET, keys);
    eval.arg(token).arg(milliseconds(Some(lock_ns))).arg(now_ns).arg(stale_ns);
    eval
}

pub fn set_with_lease(keys: [&str; 2], token: u64, value: &[u8], life_ns: Option<Nanos>) -> Cmd {
    let mut eval = script(LEASE_SET, keys);
    eval.arg(token).arg(value).arg(milliseconds(life_ns).unwrap_or(0));
    eval
}

pub fn set_voiding(keys: [&str; 2], value: &[u8], life_ns: Option<Nanos>) -> Cmd {
    let mut eval = script(VOIDING_SET, keys);
    eval.arg(value).arg(milliseconds(life_ns).unwrap_or(0));
    eval
}

pub fn set_versioned(keys: [&str; 2], value: &[u8], life_ns: Option<Nanos>) -> Cmd {
    let mut eval = script(VERSIONED_SET, keys);
    eval.arg(value).arg(milliseconds(life_ns).unwrap_or(0));
    eval
}

pub fn delete_versioned(keys: [&str; 2], version: u64, tombstone_ns: Nanos) -> Cmd {
    let mut eval = script(VERSIONED_DELETE, keys);
    eval.arg(version).arg(milliseconds(Some(tombstone_ns)));
    eval
}

/// The answer to [`get_or_lease`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leased {
    Value(Stored),
    Granted,
    /// Perhaps with a value that has expired.
    Wait(Option<Stored>),
}

/// `None`: an answer of another kind.
pub fn leased(answer: &Value) -> Option<Leased> {
    let Value::Array(parts) = answer else { return None };
    let value = || match parts.get(1) {
        Some(Value::BulkString(bytes)) => Stored::decode(bytes),
        _ => None,
    };
    match parts.first()? {
        Value::Int(2) => value().map(Leased::Value),
        Value::Int(1) => Some(Leased::Granted),
        Value::Int(0) => Some(Leased::Wait(value())),
        _ => None,
    }
}

/// The value of a GET. `Some(None)`: there is none; `None`: an answer of another kind.
pub fn found(answer: &Value) -> Option<Option<Stored>> {
    match answer {
        Value::Nil => Some(None),
        // GETRANGE of a key that is not there.
        Value::BulkString(bytes) if bytes.is_empty() => Some(None),
        Value::BulkString(bytes) => Stored::decode(bytes).map(Some),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lives_are_whole_milliseconds_and_at_least_one() {
        let px = |ns| milliseconds(Some(ns));
        assert_eq!([px(1), px(1_400_000), px(1_500_000)], [Some(1), Some(1), Some(2)]);
        assert_eq!(milliseconds(None), None);
    }

    #[test]
    fn a_value_without_an_end_is_set_without_px() {
        assert!(!String::from_utf8_lossy(&set("k", b"v", None).get_packed_command()).contains("PX"));
        assert!(
            String::from_utf8_lossy(&set("k", b"v", Some(5_000_000)).get_packed_command())
                .ends_with("PX\r\n$1\r\n5\r\n")
        );
    }

    #[test]
    fn answers_are_told_apart() {
        let stored = Stored { version: 3, expiry_ns: 9, delta_ns: 0, is_negative: false };
        let value = Value::BulkString(stored.encode(50));
        let array = |parts: &[Value]| leased(&Value::Array(parts.to_vec()));
        assert_eq!(array(&[Value::Int(2), value.clone()]), Some(Leased::Value(stored)));
        assert_eq!(array(&[Value::Int(1)]), Some(Leased::Granted));
        assert_eq!(array(&[Value::Int(0)]), Some(Leased::Wait(None)));
        assert_eq!(array(&[Value::Int(0), value.clone()]), Some(Leased::Wait(Some(stored))));
        assert_eq!(leased(&Value::Okay), None);
        assert_eq!(
            [found(&value), found(&Value::Nil), found(&Value::Okay)],
            [Some(Some(stored)), Some(None), None]
        );
    }
}
