//! Each room of the library imports only rooms above it.

use std::fs;
use std::path::Path;

/// The rooms from the top down, as in ARCHITECTURE.md.
const ROOMS: &[&str] = &[
    "units",
    "wrap",
    "clock",
    "atomic",
    "journal",
    "declare",
    "model",
    "dice",
    "prefetch",
    "oracle",
    "trace",
    "import",
    "measure",
    "catalog",
    "scenario",
    "starter",
    "theory",
    "record",
    "policy",
    "reference",
    "replay",
    "survey",
    "workload",
    "sim",
    "experiment",
    "validate",
    "live",
    "report",
    "what_if",
    "jobs",
    "cli",
];

#[test]
fn every_room_imports_only_rooms_above_it() {
    let mut sources = Vec::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), "", &mut sources);
    assert!(sources.len() > 50, "only {} files found", sources.len());
    let wrong: Vec<String> = sources.iter().flat_map(|(module, source)| violations(module, source)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The scenario sees the names of measures, not the measuring.
#[test]
fn scenario_and_theory_import_nothing_of_the_recorder() {
    for (module, used) in file_imports(&sources()) {
        let reads_scenarios = ["scenario", "theory"].iter().any(|room| is_within(&module, room));
        assert!(!(reads_scenarios && is_within(&used, "measure")), "{module} imports {used}");
    }
}

#[test]
fn the_architecture_page_lists_the_rooms_in_this_order() {
    let page = include_str!("../ARCHITECTURE.md");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    assert_eq!(rows.collect::<Vec<_>>(), ROOMS);
}

#[test]
fn every_room_has_a_module() {
    let mut sources = Vec::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), "", &mut sources);
    for room in ROOMS {
        assert!(sources.iter().any(|(module, _)| is_within(module, room)), "{room} has no file");
    }
    for (module, _) in sources.iter().filter(|(module, _)| !module.is_empty()) {
        assert!(rank(module).is_some(), "{module} belongs to no room");
    }
}

/// The rooms of `sim` from the bottom up: a lower one does not know a higher one.
const ROOMS_OF_SIM: &[&str] = &["sim::slab", "sim::queue", "sim::store", "sim::parts", "sim::engine"];

#[test]
fn every_room_of_the_simulation_imports_only_what_is_below_it() {
    for (module, used) in file_imports(&sources()) {
        let height = |module: &str| ROOMS_OF_SIM.iter().position(|room| is_within(module, room));
        if let (Some(own), Some(other)) = (height(&module), height(&used)) {
            assert!(other <= own, "{module} imports {used}, which is above it");
        }
    }
}

#[test]
fn no_files_of_the_simulation_or_the_policies_import_each_other_in_a_circle() {
    let imports = file_imports(&sources());
    for room in ["sim", "policy"] {
        let inside = imports.iter().filter(|(a, b)| is_within(a, room) && is_within(b, room));
        let left = in_circles(inside.cloned().collect());
        assert!(left.is_empty(), "circles among {left:?}");
    }
}

#[test]
fn a_circle_is_found() {
    let pairs = [("a", "b"), ("b", "c"), ("c", "a"), ("c", "d"), ("e", "a")];
    let pairs = pairs.map(|(a, b)| (a.to_owned(), b.to_owned())).to_vec();
    assert_eq!(in_circles(pairs), ["a", "b", "c"]);
}

fn sources() -> Vec<(String, String)> {
    let mut sources = Vec::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), "", &mut sources);
    sources
}

/// Which file imports which, tests inside the files left out.
fn file_imports(sources: &[(String, String)]) -> Vec<(String, String)> {
    let modules: Vec<&str> = sources.iter().map(|(module, _)| module.as_str()).collect();
    let file_of = |path: &str| {
        let known = modules.iter().filter(|module| !module.is_empty() && is_within(path, module));
        known.max_by_key(|module| module.len()).map(|module| (*module).to_owned())
    };
    let mut found = Vec::new();
    for (module, source) in sources.iter().filter(|(module, _)| !module.ends_with("tests")) {
        let code = source.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
        for line in code.lines().map(|line| line.split("//").next().unwrap_or_default()) {
            let line = line.replace("self::", &format!("crate::{module}::"));
            found.extend(
                imports(module, &line)
                    .iter()
                    .filter_map(|path| file_of(path))
                    .map(|used| (module.clone(), used)),
            );
        }
    }
    found.retain(|(module, used)| module != used);
    found.sort();
    found.dedup();
    found
}

/// What is left when whatever imports nothing that is left, and whatever nothing left imports, is taken away again and
/// again.
fn in_circles(mut pairs: Vec<(String, String)>) -> Vec<String> {
    loop {
        let before = pairs.len();
        let importing: Vec<String> = pairs.iter().map(|pair| pair.0.clone()).collect();
        let imported: Vec<String> = pairs.iter().map(|pair| pair.1.clone()).collect();
        pairs.retain(|(a, b)| importing.contains(b) && imported.contains(a));
        if pairs.len() == before {
            break;
        }
    }
    let mut left: Vec<String> = pairs.into_iter().flat_map(|(a, b)| [a, b]).collect();
    left.sort();
    left.dedup();
    left
}

#[test]
fn an_import_of_a_lower_room_is_found() {
    let source = "
        //! Comments may name [`crate::report`].
        use crate::units::parse_duration;
        use crate::model::Model;
        use crate::report::table;
        use crate::{dice::Stream, experiment::{run, answer}};
        fn f() { super::super::cli::main(); super::recorder::f(); herdlab::sim::g() }
    ";
    assert_eq!(
        violations("sim::engine", source),
        ["report", "experiment", "cli"].map(|used| format!("sim::engine imports {used}, which is below it"))
    );
    // In a module inside the file, `super` is the file.
    let tests = "mod tests {\n    use super::super::super::report::table;\n    use super::super::f;\n}\n";
    assert_eq!(violations("sim::engine", tests).len(), 1);
    assert!(violations("scenario::check", "use crate::catalog::find;").is_empty());
    assert_eq!(violations("catalog::table", "use crate::record::Record;").len(), 1);
    assert_eq!(violations("model", "use crate::scenario::file::Node;").len(), 1);
}

/// All source files under a folder, as (module path, text).
fn collect(folder: &Path, module: &str, sources: &mut Vec<(String, String)>) {
    let mut entries: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        let stem = path.file_stem().unwrap().to_str().unwrap();
        let name = if module.is_empty() { stem.to_owned() } else { format!("{module}::{stem}") };
        if path.is_dir() {
            collect(&path, &name, sources);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let name = if ["mod", "lib", "main"].contains(&stem) { module.to_owned() } else { name };
            sources.push((name, fs::read_to_string(&path).unwrap()));
        }
    }
}

fn is_within(module: &str, room: &str) -> bool {
    module.strip_prefix(room).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// Position of the room that a module belongs to.
fn rank(module: &str) -> Option<usize> {
    (0..ROOMS.len()).filter(|&room| is_within(module, ROOMS[room])).max_by_key(|&room| ROOMS[room].len())
}

/// What a file imports from rooms below its own.
fn violations(module: &str, source: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut here = module.to_owned();
    for line in source.lines() {
        let code = line.split("//").next().unwrap_or_default();
        if let Some(inner) = code.strip_prefix("mod ").and_then(|rest| rest.strip_suffix(" {")) {
            here = format!("{module}::{inner}");
        } else if line == "}" {
            here = module.to_owned();
        }
        for used in imports(&here, code) {
            if let (Some(own), Some(other)) = (rank(module), rank(&used))
                && other > own
            {
                wrong.push(format!("{module} imports {}, which is below it", ROOMS[other]));
            }
        }
    }
    wrong
}

/// Absolute paths of the modules and items that a line of code names by `crate::`, `herdlab::` or `super::`.
fn imports(here: &str, code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for start in ["crate::", "herdlab::", "super::"] {
        for (at, _) in code.match_indices(start) {
            let before = code[..at].chars().next_back();
            if before.is_some_and(|c| c == ':' || c == '_' || c.is_alphanumeric()) {
                continue;
            }
            let mut base: Vec<&str> =
                if start == "super::" { here.split("::").collect() } else { Vec::new() };
            let mut rest = &code[at..];
            while let Some(after) = rest.strip_prefix("super::") {
                base.pop();
                rest = after;
            }
            let rest = rest.strip_prefix("crate::").or(rest.strip_prefix("herdlab::")).unwrap_or(rest);
            found.extend(leaves(rest).into_iter().map(|leaf| {
                let path = base.iter().copied().chain(std::iter::once(leaf.as_str()));
                path.filter(|part| !part.is_empty()).collect::<Vec<_>>().join("::")
            }));
        }
    }
    found
}

/// The paths of `a::b` or of `{a::b, c::{d, e}}`, the inner braces left out.
fn leaves(text: &str) -> Vec<String> {
    let is_path = |c: char| c == ':' || c == '_' || c.is_alphanumeric();
    let path = |text: &str| -> String {
        let end = text.find(|c| !is_path(c)).unwrap_or(text.len());
        text[..end].trim_end_matches("::").to_owned()
    };
    let Some(group) = text.strip_prefix('{') else { return vec![path(text)] };
    let (mut depth, mut start, mut found) = (0, 0, Vec::new());
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => {
                found.push(path(group[start..at].trim()));
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                found.push(path(group[start..at].trim()));
                start = at + 1;
            }
            _ => {}
        }
    }
    found
}
