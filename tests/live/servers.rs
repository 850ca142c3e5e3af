//! Servers of a run, own and given ones.

use std::time::{Duration, Instant};

use herdlab::live::servers::{Connections, Given, Problem, RedisSettings, Row, Servers, Spawn};
use redis::Connection;
use tokio_postgres::NoTls;

use super::is_required;

const CONNECTIONS: Connections = Connections { redis: 8, postgres: 8 };

fn own(redis: RedisSettings) -> Servers {
    // Somebody else may use its PostgreSQL as well.
    let connections = Connections { postgres: 40, ..CONNECTIONS };
    Servers::spawn(&Spawn { redis, connections, fsync: true }).unwrap()
}

fn connection(servers: &Servers) -> Connection {
    redis::Client::open(servers.redis_url()).unwrap().get_connection().unwrap()
}

/// The first column of the only row of a query, as text.
fn query(config: &tokio_postgres::Config, query: &str) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (client, connection) = config.connect(NoTls).await.unwrap();
        tokio::spawn(connection);
        let messages = client.simple_query(query).await.unwrap();
        let row = messages.into_iter().find_map(|message| match message {
            tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
            _ => None,
        });
        row.unwrap_or_default()
    })
}

#[test]
fn own_servers_have_the_settings_of_the_scenario_and_go_through_its_events() {
    if !is_required() {
        return;
    }
    let settings = RedisSettings {
        capacity_bytes: Some(64_000_000),
        policy: "allkeys-lru",
        hz: 20,
        ..RedisSettings::default()
    };
    let servers = own(settings.clone());
    let control = servers.control().unwrap();
    let mut redis = connection(&servers);
    for (name, expected) in [("maxmemory-policy", "allkeys-lru"), ("hz", "20"), ("save", "")] {
        let (_, found): (String, String) =
            redis::cmd("CONFIG").arg("GET").arg(name).query(&mut redis).unwrap();
        assert_eq!(found, expected, "{name}");
    }
    let rows = (0..1000).map(|id| Row { id, bytes: 200 + id as u32 % 7 });
    assert_eq!(servers.fill(rows).unwrap(), 1000);
    assert_eq!(query(&servers.postgres(), "select sum(length(payload)) from rows"), "202997");
    assert_eq!(query(&servers.postgres(), "show fsync"), "on");

    redis::cmd("SET").arg("key").arg("value").query::<()>(&mut redis).unwrap();
    control.flush().unwrap();
    assert_eq!(redis::cmd("DBSIZE").query::<u64>(&mut redis).unwrap(), 0);

    redis::cmd("SET").arg("key").arg("value").query::<()>(&mut redis).unwrap();
    control.pause_redis(Duration::from_millis(300)).unwrap();
    let started = Instant::now();
    redis::cmd("GET").arg("key").query::<String>(&mut redis).unwrap();
    assert!(started.elapsed() >= Duration::from_millis(200), "{:?}", started.elapsed());

    control.kill_redis().unwrap();
    assert!(servers.check().unwrap_err().to_string().contains("is it running?"));
    control.restart_redis().unwrap();
    assert_eq!(redis::cmd("DBSIZE").query::<u64>(&mut connection(&servers)).unwrap(), 0);

    control.slow_postgres(2.5).unwrap();
    assert_eq!(query(&servers.postgres(), "select factor from pace"), "2.5");
    servers.clear().unwrap();
    assert_eq!(query(&servers.postgres(), "select factor from pace"), "1");

    // While it stands still nobody is answered, and afterwards everybody is.
    control.stop_postgres().unwrap();
    let (config, started) = (servers.postgres(), Instant::now());
    let asked = std::thread::spawn(move || (query(&config, "select 1"), started.elapsed()));
    std::thread::sleep(Duration::from_millis(300));
    assert!(!asked.is_finished());
    control.continue_postgres().unwrap();
    let (answer, after) = asked.join().unwrap();
    assert!(answer == "1" && after >= Duration::from_millis(300), "{answer} after {after:?}");

    control.kill_postgres().unwrap();
    assert!(servers.check().is_err());
    control.restart_postgres().unwrap();
    assert_eq!(query(&servers.postgres(), "select count(*) from rows"), "1000");
    servers.check().unwrap();

    let gone = servers.redis_url().to_owned();
    servers.finish().unwrap();
    assert!(redis::Client::open(gone).unwrap().get_connection().is_err());
    assert!(control.kill_redis().unwrap_err().to_string().contains("removed"));
}

#[test]
fn a_server_that_dies_is_named_with_the_end_of_its_log() {
    if !is_required() {
        return;
    }
    let servers = own(RedisSettings::default());
    let _ = redis::cmd("SHUTDOWN").arg("NOSAVE").query::<()>(&mut connection(&servers));
    std::thread::sleep(Duration::from_millis(200));
    let problem = servers.check().unwrap_err();
    assert!(!problem.is_usage() && problem.to_string().starts_with("Redis has died:"), "{problem}");
    assert!(problem.to_string().contains("ready to exit"), "{problem}");
}

/// The own servers as if they were somebody's.
struct Somebodys {
    servers: Servers,
    postgres_url: String,
}

impl Somebodys {
    fn new(redis: RedisSettings) -> Somebodys {
        let servers = own(redis);
        let config = servers.postgres();
        let postgres_url = format!(
            "postgres://{}:{}@127.0.0.1:{}/postgres",
            config.get_user().unwrap(),
            String::from_utf8_lossy(config.get_password().unwrap()),
            config.get_ports()[0]
        );
        Somebodys { servers, postgres_url }
    }

    fn given(&self) -> Given {
        Given {
            redis_url: self.servers.redis_url().to_owned(),
            postgres_url: self.postgres_url.clone(),
            prefix: "lab".to_owned(),
            allow_remote: false,
            redis: RedisSettings::default(),
            connections: CONNECTIONS,
        }
    }

    fn schemas(&self) -> String {
        query(&self.servers.postgres(), "select count(*) from pg_namespace where nspname like 'lab%'")
    }
}

fn refused(given: &Given) -> Problem {
    let problem = Servers::given(given).unwrap_err();
    assert!(problem.is_usage(), "{problem}");
    problem
}

#[test]
fn given_servers_are_left_as_they_were() {
    if !is_required() {
        return;
    }
    let somebodys = Somebodys::new(RedisSettings::default());
    let mut redis = connection(&somebodys.servers);
    redis::cmd("SET").arg("theirs").arg("1").query::<()>(&mut redis).unwrap();
    for finish in [true, false] {
        let servers = Servers::given(&somebodys.given()).unwrap();
        assert!(!servers.are_own() && servers.control().is_none());
        servers.fill([Row { id: 7, bytes: 10 }]).unwrap();
        assert_eq!(query(&servers.postgres(), "select count(*) from rows"), "1");
        for id in 0..2500 {
            let key = format!("{}{id}", servers.key_prefix());
            redis::cmd("SET").arg(key).arg("1").query::<()>(&mut redis).unwrap();
        }
        servers.clear().unwrap();
        assert_eq!(redis::cmd("DBSIZE").query::<u64>(&mut redis).unwrap(), 1);
        let left = format!("{}left", servers.key_prefix());
        redis::cmd("SET").arg(left).arg("1").query::<()>(&mut redis).unwrap();
        match finish {
            true => servers.finish().unwrap(),
            // As after a failure.
            false => drop(servers),
        }
        assert_eq!(redis::cmd("KEYS").arg("*").query::<Vec<String>>(&mut redis).unwrap(), ["theirs"]);
        assert_eq!(somebodys.schemas(), "0");
    }
}

#[test]
fn servers_where_a_run_could_do_harm_are_refused_with_a_way_out() {
    if !is_required() {
        return;
    }
    let limit = 64_000_000;
    let limited =
        RedisSettings { capacity_bytes: Some(limit), policy: "allkeys-lru", ..RedisSettings::default() };
    let somebodys = Somebodys::new(limited.clone());
    let fitting = || Given { redis: limited.clone(), ..somebodys.given() };
    let mut redis = connection(&somebodys.servers);
    let set =
        |redis: &mut Connection, key: &str| redis::cmd("SET").arg(key).arg("1").query::<()>(redis).unwrap();

    let cases: Vec<(Given, &str)> = vec![
        (Given { prefix: "lab*".to_owned(), ..fitting() }, "lower-case letters"),
        (somebodys.given(), "CONFIG SET maxmemory 0"),
        (
            Given { redis: RedisSettings { policy: "allkeys-lfu", ..limited.clone() }, ..fitting() },
            "maxmemory-policy allkeys-lru, and the scenario has allkeys-lfu",
        ),
        (Given { redis_url: "redis://10.1.2.3:6379".to_owned(), ..fitting() }, "--allow-remote"),
        (Given { postgres_url: "postgres://u@10.1.2.3/d".to_owned(), ..fitting() }, "--allow-remote"),
        (Given { redis_url: "rediss://localhost".to_owned(), ..fitting() }, "--redis"),
        (Given { redis_url: "localhost:6379".to_owned(), ..fitting() }, "expected redis://"),
        (Given { postgres_url: "mysql://localhost".to_owned(), ..fitting() }, "expected postgres://"),
        (
            Given { redis_url: fitting().redis_url.replace('@', "x@"), ..fitting() },
            "check the user and the password",
        ),
        (
            Given { postgres_url: somebodys.postgres_url.replace('@', "x@"), ..fitting() },
            "check the user and the password",
        ),
        (
            Given { postgres_url: somebodys.postgres_url.replace("/postgres", "/none"), ..fitting() },
            "name a database that exists",
        ),
        (
            Given { connections: Connections { redis: 8, postgres: 500 }, ..fitting() },
            "raise max_connections",
        ),
    ];
    for (given, expected) in cases {
        let problem = refused(&given).to_string();
        assert!(problem.contains(expected), "expected {expected}: {problem}");
    }

    set(&mut redis, "lab:somebody");
    assert!(
        refused(&fitting()).to_string().contains("1 keys under \"lab:\" already, such as \"lab:somebody\"")
    );
    redis::cmd("DEL").arg("lab:somebody").query::<()>(&mut redis).unwrap();

    let config = somebodys.servers.postgres();
    query(&config, "create schema lab_1");
    assert!(refused(&fitting()).to_string().contains("DROP SCHEMA lab_1 CASCADE"));
    query(&config, "drop schema lab_1; create role reader login password 'secret'");
    let (_, place) = somebodys.postgres_url.split_once('@').unwrap();
    let reader = Given { postgres_url: format!("postgres://reader:secret@{place}"), ..fitting() };
    assert!(refused(&reader).to_string().contains("GRANT CREATE ON DATABASE"));

    let rights = ["SETUSER", "reader", "on", ">secret", "~*", "+@read", "+@connection", "+info"];
    redis::cmd("ACL").arg(&rights).query::<()>(&mut redis).unwrap();
    let (_, place) = somebodys.servers.redis_url().split_once('@').unwrap();
    let reader = Given { redis_url: format!("redis://reader:secret@{place}"), ..fitting() };
    assert!(refused(&reader).to_string().contains("needs the right"));
    assert_eq!(somebodys.schemas(), "0");

    let nobody = Given { redis_url: "redis://127.0.0.1:1".to_owned(), ..fitting() };
    let problem = Servers::given(&nobody).unwrap_err();
    assert!(!problem.is_usage() && problem.to_string().contains("is it running?"), "{problem}");
}
