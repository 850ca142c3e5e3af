//! Whatever names and values a user has, the files carry them unchanged.

use std::process::{Command, Stdio};

use super::*;

const HOSTILE: &str = "it's \"a\" $(touch x) `b` ${{ secrets.x }} %j \\ end";

fn job() -> Job {
    Job {
        command: "sweep".to_owned(),
        words: vec!["my file.toml".to_owned(), format!("--variant={HOSTILE}")],
        folder_option: "--out",
        folder: "swept here/50%".to_owned(),
        name: "Größe: 1".to_owned(),
        source: Some("question = \"?\"\n# it's: {a} - b\n".to_owned()),
        files: Vec::new(),
        tasks: 8,
        threads: 2,
        image: "herdlab:0.2.0".to_owned(),
        simulations: 61,
        seconds: 400.0,
        memory_bytes: 3e8,
        rounds: None,
    }
}

#[test]
fn more_is_asked_for_than_is_estimated() {
    // Four times 400 s are 26.7 minutes; twice 300 MB are 573 MiB.
    assert_eq!((job().minutes(), job().mebibytes()), (27, 573));
    let short = Job { seconds: 1.0, memory_bytes: 1e6, ..job() };
    assert_eq!((short.minutes(), short.mebibytes()), (10, 256));
    assert_eq!(job().label(), "herdlab-sweep-gr-e-1");
}

/// Runs a script with stand-ins for the programs of the engine and gives the words that herdlab gets.
#[cfg(unix)]
fn words_of(script: &str, stand_ins: &[(&str, &str)]) -> Vec<Vec<String>> {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let program = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, format!("#!/usr/bin/env bash\n{text}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    };
    program("herdlab", "printf '%s\\0' \"$@\" >> words; printf '\\n\\0' >> words");
    stand_ins.iter().for_each(|(name, text)| program(name, text));
    std::fs::write(folder.path().join("job.sh"), script).unwrap();
    let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap());
    let output = Command::new("bash")
        .arg("job.sh")
        .current_dir(folder.path())
        .env("PATH", path)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(!folder.path().join("x").exists(), "a word was run");
    let words = std::fs::read_to_string(folder.path().join("words")).unwrap();
    let calls = words.split("\n\0").map(|call| call.split_terminator('\0').map(str::to_owned).collect());
    calls.filter(|call: &Vec<String>| !call.is_empty()).collect()
}

#[cfg(unix)]
#[test]
fn slurm_gets_every_word_as_it_was_given() {
    // Stands in for sbatch: runs the script that it reads, and prints an id.
    let script = super::slurm::script(&job());
    let calls = words_of(&script, &[("sbatch", "bash -s; echo 7\\;cluster")]);
    let task = &calls[0];
    assert_eq!(task[..3], ["sweep", "my file.toml", &format!("--variant={HOSTILE}")]);
    assert_eq!(task[3..], ["--shard", "auto/8", "--threads", "2", "--out", "swept here/50%", "--quiet"]);
    assert_eq!(calls[1], ["merge", "swept here/50%", "--quiet"]);
    assert!(script.contains("--array=0-7") && script.contains("--mem=573M --time=27"), "{script}");
}

#[cfg(unix)]
#[test]
fn parallel_gets_every_word_as_it_was_given() {
    // Stands in for parallel: leaves its own options out.
    let stand_in =
        "while test \"${1:0:1}\" = -; do case $1 in --retries|--joblog) shift;; esac; shift; done; \"$@\"";
    let calls = words_of(&super::parallel::script(&job()), &[("parallel", stand_in)]);
    assert_eq!(calls[0][..3], ["sweep", "my file.toml", &format!("--variant={HOSTILE}")]);
    assert_eq!(calls[0][3..5], ["--shard", "auto/8"]);
    assert_eq!(calls[1], ["merge", "swept here/50%"]);
}

#[test]
fn yaml_carries_every_word_as_it_was_given() {
    let text = emit(Engine::Kubernetes, &job()).unwrap();
    // JSON is YAML: the list of words is one.
    let lists: Vec<Vec<String>> = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("args: "))
        .map(|list| serde_json::from_str(list).unwrap())
        .collect();
    assert_eq!(lists[0][..3], ["sweep", "/scenario/my-file.toml", &format!("--variant={HOSTILE}")]);
    assert_eq!(lists[1], ["merge", "swept here/50%", "--quiet"]);
    let source = text.lines().find_map(|line| line.strip_prefix("  \"my-file.toml\": ")).unwrap();
    assert_eq!(serde_json::from_str::<String>(source).unwrap(), job().source.unwrap());
    // A bundled scenario needs no file.
    let bundled = Job { source: None, words: vec!["ttl-sweep".to_owned()], ..job() };
    let text = emit(Engine::Kubernetes, &bundled).unwrap();
    assert!(!text.contains("ConfigMap") && text.contains("\"ttl-sweep\""), "{text}");
    let with_trace = Job { files: vec!["trace.csv".to_owned()], ..job() };
    assert!(emit(Engine::Kubernetes, &with_trace).unwrap_err().to_string().contains("trace.csv"));
}

#[test]
fn github_finds_no_expression_but_ours() {
    let text = emit(Engine::GitHub, &job()).unwrap();
    assert!(
        text.contains("${{ '${{' }} secrets.x }}") && text.contains("--shard ${{ matrix.shard }}/8"),
        "{text}"
    );
    assert!(text.contains("shard: [0, 1, 2, 3, 4, 5, 6, 7]"), "{text}");
    let many = Job { tasks: 257, ..job() };
    assert!(emit(Engine::GitHub, &many).unwrap_err().to_string().contains("at most 256"));
}

#[test]
fn several_rounds_are_refused_by_name_where_a_file_has_one() {
    let rounds = Job { rounds: Some("`herdlab headroom`"), ..job() };
    for engine in [Engine::Slurm, Engine::Kubernetes, Engine::GitHub] {
        let problem = emit(engine, &rounds).unwrap_err().to_string();
        assert!(problem.contains("`herdlab headroom` takes several rounds"), "{problem}");
    }
    assert!(emit(Engine::Parallel, &rounds).unwrap().contains("exit code 4"));
}
