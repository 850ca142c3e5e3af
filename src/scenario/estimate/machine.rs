//! The memory that this machine can give: what the kernel reports, or less where a container is limited.
//!
//! Processors need no such look: `std::thread::available_parallelism` honours the affinity of the process and the quotas of
//! cgroups.

use std::fs;
use std::path::{Path, PathBuf};

/// Memory that this process can still have; `None` where the system does not report it (other than Linux).
pub fn available_memory_bytes() -> Option<u64> {
    let of_machine = meminfo(&fs::read_to_string("/proc/meminfo").ok()?);
    let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let of_container = groups_of(&groups, Path::new("/sys/fs/cgroup"));
    [of_machine, of_container].into_iter().flatten().min()
}

fn meminfo(text: &str) -> Option<u64> {
    let field = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        let kib: u64 = line.trim_start_matches(':').trim().strip_suffix("kB")?.trim().parse().ok()?;
        Some(kib * 1024)
    };
    field("MemAvailable").or_else(|| field("MemTotal"))
}

/// The least that any group of the process leaves. `groups` is `/proc/self/cgroup`, `root` where the groups are mounted: inside a
/// container often the group of the container itself, so that the path of the process leads nowhere from there.
fn groups_of(groups: &str, root: &Path) -> Option<u64> {
    let mut least = None;
    for line in groups.lines() {
        let mut parts = line.splitn(3, ':');
        let (Some(_), Some(controllers), Some(path)) = (parts.next(), parts.next(), parts.next()) else {
            continue;
        };
        let (root, files) = match controllers {
            "" => (root.to_owned(), &UNIFIED),
            list if list.split(',').any(|one| one == "memory") => (root.join("memory"), &LEGACY),
            _ => continue,
        };
        let own = root.join(path.trim_start_matches('/'));
        let above: Vec<PathBuf> =
            own.ancestors().take_while(|above| above.starts_with(&root)).map(Path::to_owned).collect();
        let left = above.iter().filter_map(|group| files.left(group));
        least = left.chain(least).min();
    }
    least
}

/// The files of a group.
struct Files {
    limit: &'static str,
    used: &'static str,
    /// In `memory.stat`: files that were read and can be dropped.
    cache: &'static str,
}

/// Version 2: <https://docs.kernel.org/admin-guide/cgroup-v2.html#memory-interface-files>.
const UNIFIED: Files = Files { limit: "memory.max", used: "memory.current", cache: "inactive_file" };
/// Version 1: <https://docs.kernel.org/admin-guide/cgroup-v1/memory.html>.
const LEGACY: Files =
    Files { limit: "memory.limit_in_bytes", used: "memory.usage_in_bytes", cache: "total_inactive_file" };
/// Version 1 writes a number near 2^63 where there is no limit.
const UNLIMITED: u64 = 1 << 60;

impl Files {
    /// What a group leaves; `None` where it has no limit.
    fn left(&self, group: &Path) -> Option<u64> {
        let number = |file: &str| fs::read_to_string(group.join(file)).ok()?.trim().parse::<u64>().ok();
        let limit = number(self.limit).filter(|limit| *limit < UNLIMITED)?;
        let stat = fs::read_to_string(group.join("memory.stat")).unwrap_or_default();
        let cache = stat.lines().find_map(|line| line.strip_prefix(self.cache)?.trim().parse::<u64>().ok());
        Some(limit.saturating_sub(number(self.used).unwrap_or(0).saturating_sub(cache.unwrap_or(0))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(root: &Path, files: &[(&str, &str)]) {
        for (path, text) in files {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
    }

    #[test]
    fn the_tightest_group_above_a_process_counts_and_cached_files_do_not() {
        let root = tempfile::tempdir().unwrap();
        put(
            root.path(),
            &[
                ("a/memory.max", "1000\n"),
                ("a/memory.current", "900\n"),
                ("a/memory.stat", "anon 500\ninactive_file 400\nactive_file 7\n"),
                ("a/b/memory.max", "max\n"),
                ("a/b/memory.current", "100\n"),
            ],
        );
        // 1000 less 900, of which 400 can be dropped.
        assert_eq!(groups_of("0::/a/b\n", root.path()), Some(500));
        assert_eq!(groups_of("0::/\n", root.path()), None);
        // Inside a container the path may lead nowhere; its own group is the root.
        put(root.path(), &[("memory.max", "300\n"), ("memory.current", "100\n")]);
        assert_eq!(groups_of("0::/kubepods/pod7\n", root.path()), Some(200));
    }

    #[test]
    fn version_one_has_its_own_files_and_a_number_for_no_limit() {
        let root = tempfile::tempdir().unwrap();
        put(
            root.path(),
            &[
                ("memory/docker/memory.limit_in_bytes", "4096\n"),
                ("memory/docker/memory.usage_in_bytes", "1024\n"),
                ("memory/memory.limit_in_bytes", "9223372036854771712\n"),
            ],
        );
        assert_eq!(groups_of("5:cpu,cpuacct:/docker\n4:memory:/docker\n", root.path()), Some(3072));
        assert_eq!(groups_of("4:memory:/\n", root.path()), None);
        assert_eq!(meminfo("MemTotal: 8 kB\nMemAvailable:    2 kB\n"), Some(2048));
    }
}
