//! Where the programs of the servers are: on PATH, or where packages put them beside it.

use std::path::{Path, PathBuf};

use super::super::Problem;

/// Folders of packages, the newest version first; `*` is any name.
const POSTGRES_BESIDE_PATH: &[&str] = &[
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/usr/local/pgsql/bin",
];
const REDIS_BESIDE_PATH: &[&str] = &["/opt/homebrew/bin", "/usr/local/bin", "/usr/sbin"];

/// redis-server, or its fork.
pub(super) fn redis_server() -> Result<PathBuf, Problem> {
    let found = ["redis-server", "valkey-server"].iter().find_map(|name| find(name, REDIS_BESIDE_PATH));
    found.ok_or_else(|| {
        Problem::usage(
            "found neither redis-server nor valkey-server on PATH; install it (Debian: redis-server or valkey-server, Homebrew: \
             redis or valkey), or name a running server by --redis",
        )
    })
}

/// The folder of `initdb` and `postgres`.
pub(super) fn postgres_folder() -> Result<PathBuf, Problem> {
    let initdb =
        find("initdb", POSTGRES_BESIDE_PATH).filter(|path| path.with_file_name("postgres").is_file());
    initdb.and_then(|path| path.parent().map(Path::to_path_buf)).ok_or_else(|| {
        Problem::usage(
            "found no initdb and postgres on PATH or in /usr/lib/postgresql; install them (Debian: postgresql, Homebrew: \
             postgresql@17), or name a running server by --postgres",
        )
    })
}

fn find(name: &str, beside: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let folders = on_path.into_iter().chain(beside.iter().flat_map(|pattern| matching(pattern)));
    // A link on PATH may lead to a wrapper elsewhere: its own folder has the other programs.
    folders.map(|folder| folder.join(name)).find(|path| path.is_file())
}

/// The folders that a pattern with at most one `*` matches, the highest version first.
fn matching(pattern: &str) -> Vec<PathBuf> {
    let Some((before, after)) = pattern.split_once('*') else { return vec![PathBuf::from(pattern)] };
    let (parent, stem) = before.rsplit_once('/').unwrap_or(("", before));
    let entries = std::fs::read_dir(parent).into_iter().flatten().flatten();
    let mut found: Vec<(u32, PathBuf)> = entries
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let version = name.strip_prefix(stem)?.split('.').next()?.parse().ok()?;
            Some((version, PathBuf::from(format!("{parent}/{name}{after}"))))
        })
        .collect();
    found.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    found.into_iter().map(|(_, path)| path).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_version_comes_first() {
        let folder = tempfile::tempdir().unwrap();
        for version in ["9.6", "15", "notes"] {
            std::fs::create_dir_all(folder.path().join(version).join("bin")).unwrap();
        }
        let pattern = format!("{}/*/bin", folder.path().display());
        let found = matching(&pattern);
        assert_eq!(found, ["15/bin", "9.6/bin"].map(|name| folder.path().join(name)));
    }
}
