//! Connections of this program's own to the servers, beside those of the clients: set-up, events, cleaning up.

use std::future::Future;
use std::thread;
use std::time::Duration;

use redis::{Connection, IntoConnectionInfo};
use tokio_postgres::{Client, Config, NoTls};

use super::Problem;

/// Longest wait for a connection to a server.
pub(super) const CONNECT: Duration = Duration::from_secs(5);
/// Longest wait for the answer to one command.
const ANSWER: Duration = Duration::from_secs(60);

/// A connection to Redis.
pub(super) fn redis(url: &str) -> Result<Connection, Problem> {
    let connect = || {
        let client = redis::Client::open(url.into_connection_info()?)?;
        let connection = client.get_connection_with_timeout(CONNECT)?;
        connection.set_read_timeout(Some(ANSWER))?;
        connection.set_write_timeout(Some(ANSWER))?;
        Ok(connection)
    };
    connect().map_err(|error| Problem::of_redis("connect", &error))
}

/// Work with PostgreSQL over a connection of its own, on a thread of its own, so that it may be called from anywhere.
pub(super) fn postgres<T: Send, F>(
    config: &Config,
    work: impl FnOnce(Client) -> F + Send,
) -> Result<T, Problem>
where
    F: Future<Output = Result<T, Problem>>,
{
    let on_its_own = || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Problem::failed(format!("cannot start a runtime: {error}")))?;
        runtime.block_on(async {
            let mut config = config.clone();
            config.connect_timeout(CONNECT).application_name("herdlab");
            let (client, connection) =
                config.connect(NoTls).await.map_err(|error| Problem::of_postgres("connect", &error))?;
            let carried = tokio::spawn(connection);
            let result = work(client).await;
            // The client is gone: the connection says goodbye and ends.
            let _ = tokio::time::timeout(Duration::from_secs(1), carried).await;
            result
        })
    };
    thread::scope(|scope| scope.spawn(on_its_own).join())
        .unwrap_or_else(|_| Err(Problem::failed("PostgreSQL: its thread ended early")))
}

/// Statements without results.
pub(super) fn execute(config: &Config, doing: &str, statements: &str) -> Result<(), Problem> {
    postgres(config, async |client| {
        client.batch_execute(statements).await.map_err(|error| Problem::of_postgres(doing, &error))
    })
}
