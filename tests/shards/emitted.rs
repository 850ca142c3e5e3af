//! Job files: what they refuse, and that they are written whole.

use crate::{TINY, command, ends, folder, told};

#[test]
fn every_engine_has_a_file_for_a_sweep() {
    let folder = folder(TINY);
    for (engine, words) in [
        ("slurm", "--array=0-11"),
        ("kubernetes", "completions: 12"),
        ("github", "shard: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]"),
        ("parallel", "--shard auto/12"),
    ] {
        let output =
            command(folder.path(), &format!("emit {engine} --tasks 12 sweep tiny.toml --out swept -n 3"));
        let output = { output }.output().unwrap();
        assert!(output.status.success(), "{}", told(&output));
        let text = String::from_utf8(output.stdout).unwrap();
        // Six cells with the cache and two without, three times: in twelve parts, two each.
        assert!(text.contains(words) && text.contains("about 2 simulations in each of 12 tasks"), "{text}");
        assert!(text.contains("--replications=3") && !text.contains("--out swept -n"), "{text}");
    }
}

#[test]
fn a_file_is_replaced_only_where_that_is_asked_for() {
    let folder = folder(TINY);
    ends(folder.path(), "emit parallel -o job.sh run tiny.toml", 0);
    assert!(ends(folder.path(), "emit parallel -o job.sh run tiny.toml", 2).contains("is there already"));
    ends(folder.path(), "emit parallel -o job.sh --force run tiny.toml", 0);
    assert!(
        ends(folder.path(), "emit parallel -o tiny.toml --force run tiny.toml", 2)
            .contains("would overwrite")
    );
}

#[test]
fn what_has_no_parts_or_several_rounds_is_named() {
    let folder = folder(TINY);
    assert!(ends(folder.path(), "emit slurm check tiny.toml", 2).contains("`herdlab check` has no parts"));
    assert!(ends(folder.path(), "emit slurm sweep tiny.toml --nonsense", 2).contains("--nonsense"));
    assert!(ends(folder.path(), "emit slurm headroom tiny.toml", 2).contains("takes several rounds"));
    assert!(ends(folder.path(), "emit slurm sweep nowhere.toml", 2).contains("nowhere.toml"));
    assert!(ends(folder.path(), "emit github --tasks 300 sweep tiny.toml", 2).contains("at most 256"));
    assert!(ends(folder.path(), "emit parallel headroom tiny.toml", 0).is_empty());
}
