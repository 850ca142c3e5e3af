//! A Redis that refuses connections and keeps its entries.

use redis::{Client, Connection, cmd};

use crate::live::servers::Problem;

/// The port of an own Redis is closed; the connection that opens it again is still there.
pub struct PortClosed {
    connection: Connection,
    port: u16,
}

fn failed(error: redis::RedisError) -> Problem {
    Problem::failed(format!("Redis cannot be taken down or up: {error}"))
}

impl PortClosed {
    /// Closes the port (Redis 7) and all connections of clients.
    ///
    /// # Errors
    /// The server cannot be reached, or is too old.
    pub fn close(url: &str) -> Result<PortClosed, Problem> {
        let client = Client::open(url).map_err(failed)?;
        let mut connection = client.get_connection().map_err(failed)?;
        let (_, port): (String, u16) =
            cmd("CONFIG").arg("GET").arg("port").query(&mut connection).map_err(failed)?;
        cmd("CONFIG").arg("SET").arg("port").arg(0).exec(&mut connection).map_err(failed)?;
        let kill = ["KILL", "TYPE", "normal", "SKIPME", "yes"];
        cmd("CLIENT").arg(&kill).exec(&mut connection).map_err(failed)?;
        Ok(PortClosed { connection, port })
    }

    /// Opens it again.
    ///
    /// # Errors
    /// The server is gone.
    pub fn open(mut self) -> Result<(), Problem> {
        cmd("CONFIG").arg("SET").arg("port").arg(self.port).exec(&mut self.connection).map_err(failed)
    }
}
