//! The connections of one instance to Redis.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use redis::aio::MultiplexedConnection;
use redis::io::tcp::TcpSettings;
use redis::{AsyncConnectionConfig, Client, Cmd, ConnectionInfo, IntoConnectionInfo, RedisError, Value};

use super::pool::Pool;
use super::timer::Alarm;

/// The way to a server, without delay of small packets.
///
/// # Errors
/// An address that is none.
pub fn client(url: &str) -> Result<Client, RedisError> {
    let info: ConnectionInfo = url.into_connection_info()?;
    Client::open(info.set_tcp_settings(TcpSettings::default().set_nodelay(true)))
}

/// One connection, which is made anew after it broke.
#[derive(Debug)]
pub struct Connection {
    client: Client,
    open: RefCell<Option<MultiplexedConnection>>,
    /// Counts the outages of the server, beginnings and ends.
    epoch: Arc<AtomicU64>,
    /// In which it was made.
    made_in: Cell<u64>,
}

/// No answer.
#[derive(Debug)]
pub struct Lost {
    pub error: RedisError,
    /// The connection broke although no outage was under way.
    pub is_unexpected: bool,
}

impl Connection {
    /// # Errors
    /// The server cannot be reached.
    pub async fn open(client: &Client, epoch: &Arc<AtomicU64>) -> Result<Connection, RedisError> {
        let connection = Connection {
            client: client.clone(),
            open: RefCell::new(None),
            epoch: Arc::clone(epoch),
            made_in: Cell::new(0),
        };
        connection.opened().await?;
        Ok(connection)
    }

    /// Sends a command and awaits its answer, however long that takes.
    ///
    /// # Errors
    /// The server has refused it, or cannot be reached.
    pub async fn send(&self, cmd: &Cmd) -> Result<Value, Lost> {
        let epoch = self.epoch.load(Ordering::Acquire);
        let lost = |error: RedisError| {
            let is_broken =
                error.is_io_error() || error.is_connection_dropped() || error.is_unrecoverable_error();
            if is_broken && self.made_in.get() <= epoch {
                self.open.replace(None);
            }
            let is_up = epoch.is_multiple_of(2) && self.epoch.load(Ordering::Acquire) == epoch;
            Lost { error, is_unexpected: is_broken && is_up }
        };
        let mut open = self.opened().await.map_err(lost)?;
        open.send_packed_command(cmd).await.and_then(Value::extract_error).map_err(lost)
    }

    async fn opened(&self) -> Result<MultiplexedConnection, RedisError> {
        let epoch = self.epoch.load(Ordering::Acquire);
        if let Some(open) = &*self.open.borrow()
            && self.made_in.get() == epoch
        {
            return Ok(open.clone());
        }
        // Its callers have time limits of their own.
        let config = AsyncConnectionConfig::new().set_connection_timeout(None).set_response_timeout(None);
        let open = self.client.get_multiplexed_async_connection_with_config(&config).await?;
        self.made_in.set(epoch);
        self.open.replace(Some(open.clone()));
        Ok(open)
    }
}

/// All connections of an instance to Redis.
#[derive(Debug)]
pub enum Connections {
    /// Each command has one to itself.
    Pooled(Pool<Connection>),
    /// Without a pool all commands share one, one after the other on the wire, without waiting for answers: as multiplexing
    /// clients do it.
    Shared(Connection),
}

/// A connection for one command; none of its own: the shared one.
#[derive(Debug)]
pub struct Lent {
    own: Option<Connection>,
    pub has_waited: bool,
}

impl Connections {
    /// # Errors
    /// The server cannot be reached.
    pub async fn open(
        client: &Client,
        pool: Option<u32>,
        epoch: &Arc<AtomicU64>,
    ) -> Result<Connections, RedisError> {
        let Some(count) = pool else {
            return Ok(Connections::Shared(Connection::open(client, epoch).await?));
        };
        let mut all = Vec::with_capacity(count as usize);
        for _ in 0..count {
            all.push(Connection::open(client, epoch).await?);
        }
        Ok(Connections::Pooled(Pool::new(all)))
    }

    /// Whether commands may have to wait for one.
    pub fn are_pooled(&self) -> bool {
        matches!(self, Connections::Pooled(_))
    }

    /// `None`: there was none up to `until`.
    pub async fn take(&self, alarm: &Alarm, until: Option<Instant>) -> Option<Lent> {
        match self {
            Connections::Shared(_) => Some(Lent { own: None, has_waited: false }),
            Connections::Pooled(pool) => {
                let taken = pool.take(alarm, until).await?;
                Some(Lent { own: Some(taken.item), has_waited: taken.has_waited })
            }
        }
    }

    /// # Errors
    /// As [`Connection::send`].
    pub async fn send(&self, lent: &Lent, cmd: &Cmd) -> Result<Value, Lost> {
        match (&lent.own, self) {
            (Some(connection), _) | (None, Connections::Shared(connection)) => connection.send(cmd).await,
            (None, Connections::Pooled(_)) => unreachable!("what a pool lends is a connection"),
        }
    }

    pub fn give(&self, lent: Lent) {
        if let (Connections::Pooled(pool), Some(connection)) = (self, lent.own) {
            pool.give(connection);
        }
    }
}
