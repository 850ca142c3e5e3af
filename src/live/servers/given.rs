//! Given servers: the checks before anything is written, and the removal of what was.

use std::net::IpAddr;
use std::path::Path;

use redis::{Connection, ConnectionAddr, IntoConnectionInfo};
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

use super::settings::SPARE_CONNECTIONS;
use super::{Given, Problem, Versions, link};

/// Keys looked at per SCAN, and removed per UNLINK.
const SCANNED: usize = 1000;
/// The oldest versions: Redis with GETEX, SET GET and ACLs, and the oldest PostgreSQL that its project still maintained in 2025.
const OLDEST_REDIS: (u32, u32) = (6, 2);
const OLDEST_POSTGRES: u32 = 13;
/// `maxmemory` may be so much off what the scenario needs.
const MEMORY_TOLERANCE: f64 = 0.05;

/// A prefix names keys and a schema, and must mean nothing else to either.
pub(super) fn check_prefix(prefix: &str) -> Result<(), Problem> {
    let is_fine = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    let starts = prefix.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
    if starts && prefix.len() <= 32 && prefix.bytes().all(is_fine) {
        return Ok(());
    }
    Err(Problem::usage(format!(
        "--prefix \"{prefix}\": expected up to 32 lower-case letters, digits and \"_\", a letter first"
    )))
}

/// Redis where it may be used: its version and the warnings about it.
pub(super) fn check_redis(given: &Given) -> Result<String, Problem> {
    let info = given.redis_url.as_str().into_connection_info().map_err(|error| {
        Problem::usage(format!("--redis: {error}; expected redis://USER:PASSWORD@HOST:PORT/NUMBER"))
    })?;
    let is_local = match info.addr() {
        ConnectionAddr::Tcp(host, _) => is_loopback(host),
        ConnectionAddr::Unix(_) => true,
        _ => {
            return Err(Problem::usage(
                "--redis: connections with TLS are not supported; use a tunnel on loopback",
            ));
        }
    };
    refuse_remote("--redis", is_local, given.allow_remote)?;
    let mut connection = link::redis(&given.redis_url)?;
    let facts = Facts(ask(&mut connection, redis::cmd("INFO").arg("everything"), "read INFO")?);
    let version = facts.of("valkey_version").or(facts.of("redis_version")).unwrap_or("0");
    if leading(facts.of("redis_version").unwrap_or(version)) < OLDEST_REDIS {
        let (major, minor) = OLDEST_REDIS;
        return Err(Problem::usage(format!(
            "Redis {version} is too old; at least {major}.{minor} is needed"
        )));
    }
    for (fact, allowed, problem) in [
        ("role", "master", "it is a replica; name its primary"),
        (
            "cluster_enabled",
            "0",
            "it is a node of a cluster, whose keys are spread over nodes; name a single server",
        ),
    ] {
        if let Some(found) = facts.of(fact)
            && found != allowed
        {
            return Err(Problem::usage(format!("Redis has {fact} {found}: {problem}")));
        }
    }
    check_memory(given, &facts)?;
    check_limit(
        "Redis",
        "maxclients",
        facts.number("maxclients"),
        facts.number("connected_clients"),
        given.connections.redis,
    )?;
    let pattern = format!("{}:*", given.prefix);
    let (mut found, mut example) = (0, None);
    scan(&mut connection, &pattern, |_, keys| {
        found += keys.len();
        example = example.take().or(keys.into_iter().next());
        Ok(())
    })?;
    if let Some(example) = example {
        let example = String::from_utf8_lossy(&example).into_owned();
        return Err(Problem::usage(format!(
            "Redis has {found} keys under \"{}:\" already, such as \"{example}\": another run is under way, or one was killed; \
             choose another --prefix, or remove them",
            given.prefix
        )));
    }
    // The rights that a run needs, tried on a key of its own.
    let probe = format!("{}:rights", given.prefix);
    ask::<()>(&mut connection, redis::cmd("SET").arg(&probe).arg("1").arg("PX").arg(1000), "SET a key")?;
    ask::<()>(&mut connection, redis::cmd("UNLINK").arg(&probe), "UNLINK a key")?;
    Ok(version.to_owned())
}

fn check_memory(given: &Given, facts: &Facts) -> Result<(), Problem> {
    let (Some(found), policy) = (facts.number("maxmemory"), facts.of("maxmemory_policy")) else {
        return Ok(());
    };
    let needed = given.redis.maxmemory_bytes(given.connections.redis.saturating_add(SPARE_CONNECTIONS));
    let off = (found as f64 - needed as f64).abs();
    if off > needed as f64 * MEMORY_TOLERANCE {
        return Err(Problem::usage(format!(
            "Redis has maxmemory {found}, and the scenario needs {needed} (capacity, an empty server, and {} connections; 0 is no \
             limit); CONFIG SET maxmemory {needed}",
            given.connections.redis
        )));
    }
    match policy {
        Some(policy) if needed > 0 && policy != given.redis.policy => Err(Problem::usage(format!(
            "Redis has maxmemory-policy {policy}, and the scenario has {}; CONFIG SET maxmemory-policy {}",
            given.redis.policy, given.redis.policy
        ))),
        _ => Ok(()),
    }
}

/// PostgreSQL where it may be used, and its version.
pub(super) fn check_postgres(given: &Given) -> Result<(Config, String), Problem> {
    let config: Config = given.postgres_url.parse().map_err(|error| {
        Problem::usage(format!("--postgres: {error}; expected postgres://USER:PASSWORD@HOST:PORT/DATABASE"))
    })?;
    if config.get_ssl_mode() == SslMode::Require {
        return Err(Problem::usage(
            "--postgres: connections with TLS are not supported; use a tunnel on loopback",
        ));
    }
    let hosts = config.get_hosts();
    if hosts.is_empty() && config.get_hostaddrs().is_empty() {
        return Err(Problem::usage(
            "--postgres names no host; expected postgres://USER:PASSWORD@HOST:PORT/DATABASE",
        ));
    }
    let is_local = hosts.iter().all(|host| match host {
        Host::Tcp(host) => is_loopback(host),
        Host::Unix(_) => true,
    });
    let is_local = is_local && config.get_hostaddrs().iter().all(IpAddr::is_loopback);
    refuse_remote("--postgres", is_local, given.allow_remote)?;
    let facts = link::postgres(&config, async |client| {
        let query = "select current_setting('server_version'), current_setting('server_version_num')::int, pg_is_in_recovery(), \
                     has_database_privilege(current_database(), 'CREATE'), current_database()::text, \
                     current_setting('max_connections')::int, (select count(*)::int from pg_stat_activity where backend_type = 'client backend'), \
                     (select min(nspname)::text from pg_namespace where starts_with(nspname::text, $1))";
        let row = client.query_one(query, &[&format!("{}_", given.prefix)]).await;
        row.map_err(|error| Problem::of_postgres("read its settings", &error))
    })?;
    let (version, number): (String, i32) = (facts.get(0), facts.get(1));
    if number < i32::try_from(OLDEST_POSTGRES).unwrap_or(i32::MAX) * 10_000 {
        return Err(Problem::usage(format!(
            "PostgreSQL {version} is too old; at least {OLDEST_POSTGRES} is needed"
        )));
    }
    if facts.get::<_, bool>(2) {
        return Err(Problem::usage("PostgreSQL is a replica, which takes no writes; name its primary"));
    }
    let database: String = facts.get(4);
    if !facts.get::<_, bool>(3) {
        return Err(Problem::usage(format!(
            "PostgreSQL: the user may not make a schema; GRANT CREATE ON DATABASE \"{database}\" TO that user"
        )));
    }
    let (limit, used): (i32, i32) = (facts.get(5), facts.get(6));
    let whole = |number: i32| u64::try_from(number).ok();
    check_limit("PostgreSQL", "max_connections", whole(limit), whole(used), given.connections.postgres)?;
    if let Some(schema) = facts.get::<_, Option<String>>(7) {
        return Err(Problem::usage(format!(
            "PostgreSQL has a schema {schema} already: another run is under way, or one was killed; choose another --prefix, or \
             DROP SCHEMA {schema} CASCADE"
        )));
    }
    // "15.18 (Debian 15.18-0+deb12u1)"
    Ok((config, version.split(' ').next().unwrap_or_default().to_owned()))
}

/// The versions as the servers report them.
pub(super) fn versions_of(redis_url: &str, config: &Config) -> Result<Versions, Problem> {
    let mut connection = link::redis(redis_url)?;
    let facts = Facts(ask(&mut connection, redis::cmd("INFO").arg("server"), "read INFO")?);
    let redis = facts.of("valkey_version").or(facts.of("redis_version")).unwrap_or_default().to_owned();
    let postgres = link::postgres(config, async |client| {
        let row = client.query_one("select split_part(current_setting('server_version'), ' ', 1)", &[]).await;
        row.map(|row| row.get(0)).map_err(|error| Problem::of_postgres("read its version", &error))
    })?;
    Ok(Versions { redis, postgres })
}

/// Removes all keys that begin so.
pub(super) fn remove_keys(redis_url: &str, prefix: &str) -> Result<(), Problem> {
    scan(&mut link::redis(redis_url)?, &format!("{prefix}*"), |connection, keys| {
        ask::<()>(connection, redis::cmd("UNLINK").arg(keys), "remove keys")
    })
}

fn scan(
    connection: &mut Connection,
    pattern: &str,
    mut each: impl FnMut(&mut Connection, Vec<Vec<u8>>) -> Result<(), Problem>,
) -> Result<(), Problem> {
    let mut cursor: u64 = 0;
    loop {
        let mut command = redis::cmd("SCAN");
        command.arg(cursor).arg("MATCH").arg(pattern).arg("COUNT").arg(SCANNED);
        let (next, keys): (u64, Vec<Vec<u8>>) = ask(connection, &command, "SCAN its keys")?;
        if !keys.is_empty() {
            each(connection, keys)?;
        }
        cursor = next;
        if cursor == 0 {
            return Ok(());
        }
    }
}

pub(super) fn ask<T: redis::FromRedisValue>(
    connection: &mut Connection,
    command: &redis::Cmd,
    doing: &str,
) -> Result<T, Problem> {
    command.query(connection).map_err(|error| Problem::of_redis(doing, &error))
}

fn check_limit(
    server: &str,
    name: &str,
    limit: Option<u64>,
    used: Option<u64>,
    asked: u32,
) -> Result<(), Problem> {
    let (Some(limit), Some(used)) = (limit, used) else { return Ok(()) };
    let needed = used + u64::from(asked) + u64::from(SPARE_CONNECTIONS);
    if needed <= limit {
        return Ok(());
    }
    Err(Problem::usage(format!(
        "{server} allows {limit} connections ({name}), {used} are in use, and the scenario needs {asked} and \
         {SPARE_CONNECTIONS} more; raise {name}, or use smaller pools"
    )))
}

fn refuse_remote(option: &str, is_local: bool, allow_remote: bool) -> Result<(), Problem> {
    if is_local || allow_remote {
        return Ok(());
    }
    Err(Problem::usage(format!(
        "{option} names a server beyond loopback: a run puts load on it; --allow-remote allows it"
    )))
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || bare.parse().is_ok_and(|address: IpAddr| address.is_loopback())
        || Path::new(host).is_absolute()
}

/// `7.0.15` as (7, 0).
fn leading(version: &str) -> (u32, u32) {
    let mut numbers = version.split('.').map(|number| number.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

/// The text of INFO.
struct Facts(String);

impl Facts {
    fn of(&self, name: &str) -> Option<&str> {
        self.0.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
    }

    fn number(&self, name: &str) -> Option<u64> {
        self.of(name)?.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_are_names_in_both_servers() {
        assert!(["herdlab", "a", "team_7"].iter().all(|prefix| check_prefix(prefix).is_ok()));
        for prefix in ["", "7", "a*", "A", "a-b", "a:b", "_a", "a\"; drop table rows; --"] {
            assert!(check_prefix(prefix).unwrap_err().is_usage(), "{prefix}");
        }
    }

    #[test]
    fn loopback_is_told_from_the_rest() {
        assert!(["localhost", "127.0.0.1", "127.8.0.1", "::1", "[::1]"].iter().all(|host| is_loopback(host)));
        assert!(
            ["10.0.0.1", "localhost.example.org", "127.0.0.1.example.org", ""]
                .iter()
                .all(|host| !is_loopback(host))
        );
    }

    #[test]
    fn info_is_read_by_name() {
        let facts = Facts(
            "# Server\r\nredis_version:7.0.15\r\nmaxmemory:0\r\nmaxmemory_policy:noeviction\r\n".to_owned(),
        );
        assert_eq!(facts.of("redis_version").map(leading), Some((7, 0)));
        assert_eq!((facts.number("maxmemory"), facts.of("role")), (Some(0), None));
    }
}
