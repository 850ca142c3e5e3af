//! What a release needs agrees with itself: address, versions, names of archives, the content of the crate.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use toml::Table;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const VERSION: &str = env!("CARGO_PKG_VERSION");

fn read(file: &str) -> String {
    std::fs::read_to_string(Path::new(ROOT).join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn manifest() -> Table {
    read("Cargo.toml").parse().unwrap()
}

/// `owner/herdlab`.
fn repository() -> String {
    let address = manifest()["package"]["repository"].as_str().unwrap().to_owned();
    address.strip_prefix("https://github.com/").expect("an address on GitHub").to_owned()
}

/// Text files of the repository in which somebody may have written the address.
fn texts() -> Vec<(String, String)> {
    let listed =
        Command::new("git").args(["ls-files", "-co", "--exclude-standard"]).current_dir(ROOT).output();
    let listed = String::from_utf8(listed.unwrap().stdout).unwrap();
    let ends = [".md", ".toml", ".yml", ".yaml", ".py", "Dockerfile", ".rs", ".html", ".js"];
    let is_text = |file: &&str| ends.iter().any(|end| file.ends_with(end)) || file.starts_with(".github/");
    let is_here = |file: &&str| *file != "tests/release.rs" && Path::new(ROOT).join(file).is_file();
    let files = listed.lines().filter(is_text).filter(is_here);
    files
        .filter_map(|file| Some((file.to_owned(), std::fs::read_to_string(Path::new(ROOT).join(file)).ok()?)))
        .collect()
}

#[test]
fn every_file_has_the_address_of_the_manifest() {
    let repository = repository();
    let mut found = BTreeSet::new();
    for (file, text) in texts() {
        for before in ["github.com/", "ghcr.io/", "uses: "] {
            for part in text.split(before).skip(1) {
                let slug: String =
                    part.chars().take_while(|c| c.is_alphanumeric() || "-_/.".contains(*c)).collect();
                let mut words = slug.split('/');
                let (Some(owner), Some(name)) = (words.next(), words.next()) else { continue };
                // The list of what to set explains the form of an address, and its test sets one.
                if name == "herdlab" && !["YOU", "acme"].contains(&owner) {
                    assert_eq!(format!("{owner}/herdlab"), repository, "{file}");
                    found.insert(file.clone());
                }
            }
        }
    }
    for file in ["Cargo.toml", "docs/install.md", "docs/in-a-build.md"] {
        assert!(found.contains(file), "{file} no longer names the address: {found:?}");
    }
}

/// `.github/before-publishing` lists it, docs/releasing.md explains it.
#[test]
fn what_must_be_set_before_publishing_is_explained() {
    let output = Command::new(Path::new(ROOT).join(".github/before-publishing")).output().unwrap();
    let listed = String::from_utf8(output.stdout).unwrap();
    let (states, items): (Vec<&str>, Vec<&str>) =
        listed.lines().map(|line| (line[..8].trim(), &line[9..])).unzip();
    let page = read("docs/releasing.md");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").next());
    assert_eq!(rows.skip(1).collect::<Vec<_>>(), items);
    assert!(states.iter().all(|state| ["done", "to do", "by hand"].contains(state)), "{listed}");
    assert_eq!(output.status.success(), !states.contains(&"to do"), "{listed}");
    assert_eq!(states[0] == "to do", repository().starts_with("OWNER/"), "{listed}");
}

#[test]
fn pages_name_this_version_and_the_oldest_rust() {
    for (file, before, after) in [
        ("docs/install.md", "herdlab-v", "-x86_64"),
        ("docs/install.md", "herdlab@", "`"),
        ("docs/install.md", "herdlab==", "`"),
        ("docs/in-a-build.md", "herdlab@v", "\n"),
    ] {
        let text = read(file);
        for part in text.split(before).skip(1) {
            assert_eq!(part.split(after).next(), Some(VERSION), "{file}: {before}");
        }
        assert!(text.contains(before), "{file}: {before}");
    }
    let package = &manifest()["package"];
    let rust = package["rust-version"].as_str().unwrap();
    for (file, text) in [
        ("docs/install.md", format!("| Rust {rust} or newer |")),
        ("docs/install.md", format!("builds herdlab is {rust} ")),
        ("Dockerfile", format!("FROM rust:{rust}-")),
    ] {
        assert!(read(file).contains(&text), "{file} lacks {text}");
    }
}

/// `cargo binstall` fetches what .github/pack makes, for the systems of the workflow, the action and the page.
#[test]
fn archives_have_the_names_by_which_they_are_fetched() {
    let manifest = manifest();
    let binstall = &manifest["package"]["metadata"]["binstall"];
    let filled = |template: &str, target: &str| {
        let suffix = if target.contains("windows") { ".zip" } else { ".tar.gz" };
        let exe = if target.contains("windows") { ".exe" } else { "" };
        [
            ("repo", "R"),
            ("version", VERSION),
            ("name", "herdlab"),
            ("target", target),
            ("archive-suffix", suffix),
            ("bin", "herdlab"),
            ("binary-ext", exe),
        ]
        .iter()
        .fold(template.to_owned(), |text, (name, value)| text.replace(&format!("{{ {name} }}"), value))
    };
    let [pack, workflow, install, page] =
        [".github/pack", ".github/workflows/release.yml", ".github/review/install", "docs/install.md"]
            .map(read);
    assert!(
        pack.contains("name=herdlab-v$version-$target\n")
            && install.contains("name=herdlab-v$version-$target\n")
    );
    for target in [
        "x86_64-unknown-linux-musl",
        "aarch64-unknown-linux-musl",
        "x86_64-apple-darwin",
        "aarch64-apple-darwin",
        "x86_64-pc-windows-msvc",
    ] {
        let name = format!("herdlab-v{VERSION}-{target}");
        let suffix = if target.contains("windows") { "zip" } else { "tar.gz" };
        let address = filled(binstall["pkg-url"].as_str().unwrap(), target);
        assert_eq!(address, format!("R/releases/download/v{VERSION}/{name}.{suffix}"));
        let program = filled(binstall["bin-dir"].as_str().unwrap(), target);
        assert!(program.starts_with(&format!("{name}/herdlab")), "{program}");
        for (file, text) in [("the workflow", &workflow), ("the action", &install), ("the page", &page)] {
            assert!(text.contains(target), "{file} lacks {target}");
        }
    }
}

/// A crate from the registry builds: whatever is compiled into the program is packaged, and what only the repository needs is not.
#[test]
fn the_crate_has_every_file_that_is_compiled_in() {
    let listed = Command::new(env!("CARGO"))
        .args(["package", "--list", "--allow-dirty", "--offline"])
        .current_dir(ROOT)
        .output()
        .unwrap();
    assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
    let listed = String::from_utf8(listed.stdout).unwrap();
    let listed: BTreeSet<&str> = listed.lines().collect();
    let mut checked = 0;
    for (file, text) in texts().into_iter().filter(|(file, _)| file.starts_with("src/")) {
        assert!(listed.contains(file.as_str()) || !file.ends_with(".rs"), "{file} is not packaged");
        for start in ["include_str!(\"", "include_bytes!(\""] {
            for named in text.split(start).skip(1).filter_map(|rest| rest.split('"').next()) {
                let path = Path::new(&file).parent().unwrap().join(named);
                let mut plain: Vec<&str> = Vec::new();
                for part in path.iter().map(|part| part.to_str().unwrap()) {
                    if part == ".." { plain.truncate(plain.len() - 1) } else { plain.push(part) }
                }
                assert!(
                    listed.contains(plain.join("/").as_str()),
                    "{file} includes {named}, which is not packaged"
                );
                checked += 1;
            }
        }
    }
    assert!(checked > 10, "{checked}");
    for folder in ["scenarios/", "templates/", "src/starter/templates/"] {
        assert!(listed.iter().any(|file| file.starts_with(folder)), "{folder} is not packaged");
    }
    let stray: Vec<_> = listed
        .iter()
        .filter(|file| {
            ["reports/", ".github/", ".ci/", "python/", "fuzz/"].iter().any(|folder| file.starts_with(folder))
        })
        .collect();
    assert!(stray.is_empty(), "{stray:?}");
}
