//! Commands: one operation on a shared tier, from the wait for a connection to the reply.
//!
//! A lookup is a command of its own only where it may be torn from the journey that sends it (see
//! [`Shared::tears`](super::tier::Shared::tears)); else the journey stands for it.

use super::guard::Ticket;
use super::limiter::Count;
use crate::model::Nanos;
use crate::policy::freshness::Renewal;
use crate::sim::slab::NONE;
use crate::sim::store::Value;

/// Operation of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    Get,
    /// Lookups of several keys; the journeys that they are for lie apart.
    MultiGet {
        parts: u32,
    },
    /// Whether the key is there; no value travels.
    Exists,
    /// A fill.
    Set {
        value: Value,
        delta_ns: Nanos,
    },
    /// A writer's SET.
    Put {
        value: Value,
    },
    /// A write that the tier acknowledges before the database has it.
    Take {
        value: Value,
    },
    /// A writer's DELETE, after the commit with this number.
    Delete {
        commit: u64,
    },
    /// Of the rate limiter; the command's key is the caller.
    Count(Count),
    /// The DELETE of the consumer of the change stream.
    Invalidate {
        change: u32,
    },
}

impl Op {
    /// Whether a value travels to the server.
    #[inline]
    pub fn brings_value(self) -> bool {
        matches!(self, Op::Set { .. } | Op::Put { .. } | Op::Take { .. })
    }

    /// Purpose of an MGET.
    #[inline]
    pub fn parts(self) -> Option<u32> {
        match self {
            Op::MultiGet { parts } => Some(parts),
            _ => None,
        }
    }
}

/// The reply of the server. Tokens are zero where no lease was granted.
///
/// Its layout leaves no gap before the token: a copy that moved gap and token together would wait for the store of the token
/// (7 % of the time of the general scenario).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum CommandReply {
    Hit {
        renewal: Renewal,
        token: u32,
        value: Value,
    },
    /// Served past its time to live.
    Stale {
        renewal: Renewal,
        token: u32,
        value: Value,
    },
    Miss {
        token: u32,
    },
    /// A miss; the answer cannot be cached.
    Uncacheable,
    /// A miss, and an old value for the case that the fetch fails or takes too long.
    Fallback {
        value: Value,
    },
    /// Somebody else holds the lease.
    Wait,
    /// The value of a counter; zero where there is none.
    Counted {
        count: u32,
    },
    /// A SET or a DELETE took effect.
    Done,
    /// Refused, reset, or not stored.
    Failed,
}

/// One operation on a shared tier.
#[derive(Clone, Copy, Debug)]
pub struct Command {
    pub op: Op,
    pub level: u8,
    /// The node of the tier that it goes to.
    pub node: u8,
    pub class: u8,
    /// Waits for a connection.
    pub waiting: bool,
    /// Its reply has come and is being read.
    pub replied: bool,
    /// The instance that was to send it has crashed.
    pub dead: bool,
    /// Whose connection it takes; none: nobody's, or that of an instance that has crashed.
    pub instance: u32,
    pub key: u32,
    /// Who waits for the reply; none for fills and for commands that timed out.
    pub journey: u32,
    pub token: u32,
    /// When it requested a connection.
    pub since_ns: Nanos,
    /// Of the circuit breaker that let it through.
    pub ticket: Ticket,
    /// The server has taken it: its reply is no failure of the tier.
    pub is_answered: bool,
    pub reply: CommandReply,
}

/// A request to a server.
#[derive(Clone, Copy, Debug)]
pub struct Request {
    pub op: Op,
    pub key: u32,
    pub class: usize,
    /// The lease that comes with a fill; zero: none.
    pub token: u32,
    /// Who sends it; none: nobody whose settings matter.
    pub instance: u32,
}

/// The reply of the server.
#[derive(Clone, Copy, Debug)]
pub struct Served {
    pub reply: CommandReply,
    /// When all of the request had come over the link.
    pub queued_ns: Nanos,
    /// When it began to work on it.
    pub start_ns: Nanos,
    /// When it had done so; the reply may wait for the link.
    pub served_ns: Nanos,
    /// When the reply leaves it.
    pub done_ns: Nanos,
    /// It was executed; else the connection was refused or reset.
    pub is_executed: bool,
}

/// Who sends a command, and about which key.
#[derive(Clone, Copy, Debug)]
pub struct Sender {
    /// Who waits for the reply; none: nobody.
    pub journey: u32,
    /// Whose connections it takes; none: the sender has one of its own.
    pub instance: u32,
    pub class: u8,
    pub key: u32,
}

impl Command {
    /// Whether the consumer of the change stream sent it.
    pub fn is_of_the_stream(&self) -> bool {
        matches!(self.op, Op::Invalidate { .. })
    }

    /// Version handle that this command carries.
    pub fn version(&self) -> u32 {
        let carried = match self.op {
            Op::Set { value, .. } | Op::Put { value } | Op::Take { value } => value.version,
            _ => 0,
        };
        match self.reply {
            CommandReply::Hit { value, .. }
            | CommandReply::Stale { value, .. }
            | CommandReply::Fallback { value } => carried.max(value.version),
            _ => carried,
        }
    }
}

impl Command {
    /// A command that is about to be sent.
    #[inline]
    pub fn new(level: usize, op: Op, sender: Sender, token: u32, at: Nanos) -> Command {
        let Sender { journey, instance, class, key } = sender;
        Command {
            op,
            level: level as u8,
            node: 0,
            class,
            waiting: false,
            replied: false,
            dead: false,
            instance,
            key,
            journey,
            token,
            since_ns: at,
            ticket: Ticket::NONE,
            is_answered: false,
            reply: CommandReply::Failed,
        }
    }
}

impl Default for Command {
    fn default() -> Command {
        let nobody = Sender { journey: NONE, instance: NONE, class: 0, key: 0 };
        Command::new(0, Op::Get, nobody, 0, 0)
    }
}

/// One key of an MGET.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    pub journey: u32,
    pub key: u32,
    pub reply: CommandReply,
}

impl Part {
    /// The value that it brings, if any.
    pub fn value(&self) -> Option<Value> {
        match self.reply {
            CommandReply::Hit { value, .. }
            | CommandReply::Stale { value, .. }
            | CommandReply::Fallback { value } => Some(value),
            _ => None,
        }
    }
}

/// The work of the server for a command.
#[derive(Clone, Copy, Debug, Default)]
pub struct Load {
    pub keys: u64,
    pub value_bytes: u64,
}

/// Effect on the copies of a key.
#[derive(Clone, Copy, Debug)]
pub enum Change {
    /// After the commit with this number.
    Delete {
        commit: u64,
    },
    Set {
        value: Value,
    },
}

impl Change {
    /// The command for a shared tier.
    pub fn op(self) -> Op {
        match self {
            Change::Delete { commit } => Op::Delete { commit },
            Change::Set { value } => Op::Put { value },
        }
    }
}
