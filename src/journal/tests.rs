//! Journals that are cut short, damaged, mixed and doubled.

use std::path::{Path, PathBuf};
use std::time::Duration;

use proptest::prelude::*;

use super::shard::{Asked, share};
use super::*;

fn header(seed: u64) -> Header {
    let words = vec!["my.toml".to_owned(), "--set=a=b c".to_owned()];
    Header::new("sweep", words, "my.toml", ("abc", seed), ["x", "y"].into_iter())
}

fn cell(replication: u32) -> Key {
    Key::new(Kind::Measures, "0123abcd", replication)
}

fn result(replication: u32) -> String {
    format!(r#"{{"values":[{replication}.5,null,"\",\"result\":"]}}"#)
}

/// Writes the cells of a part that are not there yet, as a shard does that runs again.
fn run_shard(folder: &Path, shard: Shard, cells: u32) -> PathBuf {
    let header = header(1).of_shard(shard, 1);
    let path = folder.join(shard_file(shard, 1));
    let mut known = scan(&path).ok().filter(|scan| scan.header == header);
    let mut store = Store::default();
    known.iter_mut().for_each(|scan| assert_eq!(store.add(scan), None));
    let writer = Writer::new(path.clone(), header, known.is_some());
    writer.begin().unwrap();
    writer.part(u64::from(cells)).unwrap();
    for replication in (0..cells).filter(|replication| !store.has(&cell(*replication))) {
        let line = Writer::line(&cell(replication), Duration::from_millis(1), &result(replication));
        writer.append(&line).unwrap();
    }
    writer.end(u64::from(cells)).unwrap();
    path
}

const ONE: Shard = Shard { index: 0, of: 1 };

#[test]
fn a_journal_that_is_cut_at_any_byte_is_gone_on_from() {
    let folder = tempfile::tempdir().unwrap();
    let path = run_shard(folder.path(), ONE, 3);
    let whole = std::fs::read(&path).unwrap();
    for length in 0..whole.len() {
        std::fs::write(&path, &whole[..length]).unwrap();
        // Lines that have their end are read, and no others.
        let lines = whole[..length].iter().filter(|byte| **byte == b'\n').count();
        match scan(&path) {
            Ok(scan) => {
                // Header, part, three cells, end.
                assert_eq!(scan.cells, (lines.clamp(2, 5) - 2) as u64, "at {length}");
                assert!(!scan.is_complete(), "at {length}");
                assert_eq!(scan.is_cut, whole[length - 1] != b'\n', "at {length}");
            }
            Err(ScanError::Headless { .. }) => assert_eq!(lines, 0, "at {length}"),
            Err(other) => panic!("at {length}: {other}"),
        }
        let missing = Collection::of(&[folder.path().to_owned()]);
        assert!(missing.map_or(true, |found| !found.gaps.is_empty()), "at {length}");
        run_shard(folder.path(), ONE, 3);
        let found = Collection::of(&[folder.path().to_owned()]).unwrap();
        assert!(found.gaps.is_empty() && found.doubles.is_empty(), "at {length}: {:?}", found.gaps);
        for replication in 0..3 {
            let (text, _) = found.store.get(&cell(replication)).unwrap().unwrap();
            assert_eq!(text, result(replication), "at {length}");
        }
    }
}

#[test]
fn a_changed_byte_costs_its_line_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = run_shard(folder.path(), ONE, 3);
    let whole = std::fs::read(&path).unwrap();
    let first = whole.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    for place in (first..whole.len()).filter(|place| whole[*place] != b'\n') {
        let mut bytes = whole.clone();
        bytes[place] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        let mut found = scan(&path).unwrap();
        assert!(found.cells >= 2 && !(found.damaged.is_empty() && found.cells == 3), "at {place}");
        let mut store = Store::default();
        let _ = store.add(&mut found);
        for replication in (0..3).filter(|replication| store.has(&cell(*replication))) {
            assert_eq!(store.get(&cell(replication)).unwrap().unwrap().0, result(replication), "at {place}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// Whatever a file holds, it is read to its end or refused.
    #[test]
    fn no_bytes_break_the_reader(bytes in prop::collection::vec(any::<u8>(), 0..400), keeps in 0usize..400) {
        let folder = tempfile::tempdir().unwrap();
        let path = run_shard(folder.path(), ONE, 1);
        let mut text = std::fs::read(&path).unwrap();
        text.truncate(keeps);
        text.extend(bytes);
        std::fs::write(&path, &text).unwrap();
        let _ = Collection::of(&[path]);
    }

    /// Every cell has one part, and no part has more than the best possible end and a third of it (Graham).
    #[test]
    fn parts_are_balanced(costs in prop::collection::vec(0.01f64..10.0, 1..80), of in 1u32..9) {
        let mut loads = vec![0; of as usize];
        let parts = share(&costs, &mut loads);
        prop_assert_eq!(parts.len(), costs.len());
        let load = |part: u32| -> f64 {
            costs.iter().zip(&parts).filter(|(_, own)| **own == part).map(|(cost, _)| cost).sum()
        };
        let longest = (0..of).map(load).fold(0.0, f64::max);
        let largest = costs.iter().copied().fold(0.0, f64::max);
        let mut sorted = costs.clone();
        sorted.sort_by(|a, b| b.total_cmp(a));
        // Two of the n + 1 dearest share a part.
        let pair = sorted.get(of as usize).map_or(0.0, |next| next + sorted[of as usize - 1]);
        let least = (costs.iter().sum::<f64>() / f64::from(of)).max(largest).max(pair);
        prop_assert!(longest <= least * 4.0 / 3.0 + 1e-3, "{longest} {least}");
    }
}

#[test]
fn the_dearest_cells_go_first_and_later_lists_count_what_parts_have() {
    // 5 | 4 | 3 + 3: then 2 to the second part, whose 4 is the least.
    let mut loads = vec![0; 3];
    assert_eq!(share(&[3.0, 5.0, 3.0, 4.0, 2.0], &mut loads), [2, 0, 2, 1, 1]);
    // Alike in cost: in turn.
    assert_eq!(share(&[1.0; 5], &mut [0; 2]), [0, 1, 0, 1, 0]);
    assert_eq!(share(&[0.0; 4], &mut [0; 2]), [0, 1, 0, 1]);
    let mut loads = vec![0; 2];
    share(&[1.0], &mut loads);
    assert_eq!(share(&[1.0], &mut loads), [1], "the first part has one already");
    assert_eq!(share(&[], &mut loads), [0u32; 0]);
}

fn resolved(asked: &str, set: &[(&str, &str)]) -> Result<Shard, String> {
    let variable =
        |name: &str| set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    asked.parse::<Asked>()?.resolve(&variable)
}

#[test]
fn the_index_is_the_one_of_the_engine() {
    let slurm = |id, min| {
        [("SLURM_ARRAY_TASK_ID", id), ("SLURM_ARRAY_TASK_MIN", min), ("SLURM_ARRAY_TASK_COUNT", "8")]
    };
    let part = |index| Ok(Shard { index, of: 8 });
    assert_eq!(resolved("auto/8", &slurm("3", "0")), part(3));
    assert_eq!(resolved("auto/8", &slurm("8", "1")), part(7));
    let stepped = [&slurm("12", "2")[..], &[("SLURM_ARRAY_TASK_STEP", "5")]].concat();
    assert_eq!(resolved("auto/8", &stepped), part(2));
    assert_eq!(resolved("auto/8", &[("JOB_COMPLETION_INDEX", "0")]), part(0));
    assert_eq!(resolved("auto/8", &[("AWS_BATCH_JOB_ARRAY_INDEX", "7")]), part(7));
    assert_eq!(resolved("auto/8", &[("PARALLEL_SEQ", "1")]), part(0));
    assert_eq!(resolved("5/8", &[("PARALLEL_SEQ", "1")]), part(5), "what is written holds");
}

#[test]
fn an_index_that_is_none_is_named() {
    let refused = |asked: &str, set: &[(&str, &str)], words: &[&str]| {
        let problem = resolved(asked, set).unwrap_err();
        assert!(words.iter().all(|word| problem.contains(word)), "{problem}");
    };
    refused("auto/8", &[], &["no engine", "SLURM_ARRAY_TASK_ID", "PARALLEL_SEQ"]);
    refused("auto/8", &[("PARALLEL_SEQ", "9")], &["GNU parallel", "9", "8"]);
    refused("auto/8", &[("PARALLEL_SEQ", "0")], &["no task of 8"]);
    refused("auto/8", &[("PARALLEL_SEQ", "2"), ("JOB_COMPLETION_INDEX", "1")], &["both"]);
    refused("auto/8", &[("JOB_COMPLETION_INDEX", "x")], &["no whole number"]);
    refused("auto/8", &[("SLURM_ARRAY_TASK_ID", "3")], &["SLURM_ARRAY_TASK_MIN"]);
    let two = [("SLURM_ARRAY_TASK_ID", "3"), ("SLURM_ARRAY_TASK_MIN", "3"), ("SLURM_ARRAY_TASK_COUNT", "2")];
    refused("auto/8", &two, &["2 tasks", "not 8"]);
    refused("8/8", &[], &["from 0 to 7"]);
    for nonsense in ["", "1", "1/0", "a/2", "1/2/3", "-1/2", "auto/", "0/9999999999"] {
        refused(nonsense, &[], &["expected I/N"]);
    }
}

#[test]
fn what_is_missing_is_named_by_its_shard() {
    let folder = tempfile::tempdir().unwrap();
    for index in [0, 2] {
        run_shard(folder.path(), Shard { index, of: 4 }, 2);
    }
    let path = folder.path().join("shard-2-of-4.jsonl");
    let text = std::fs::read(&path).unwrap();
    std::fs::write(&path, &text[..text.len() - 60]).unwrap();
    std::fs::write(folder.path().join("shard-3-of-4.jsonl"), b"{\"crc32\":\"00").unwrap();
    let gaps = Collection::of(&[folder.path().to_owned()]).unwrap().gaps;
    let told: Vec<(u32, String)> = gaps.into_iter().map(|gap| (gap.index, gap.problem)).collect();
    assert_eq!(told.iter().map(|(index, _)| *index).collect::<Vec<_>>(), [1, 2, 3]);
    assert!(told[0].1.contains("no journal") && told[1].1.contains("1 of 2 cells"), "{told:?}");
    assert!(told[1].1.contains("line 4") && told[2].1.contains("first line"), "{told:?}");
}

#[test]
fn journals_of_two_commands_are_not_mixed_and_one_result_of_a_cell_is_enough() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    run_shard(&at("a"), Shard { index: 0, of: 2 }, 2);
    run_shard(&at("b"), Shard { index: 1, of: 2 }, 3);
    // The same shard, which ran twice in different places, and once died.
    std::fs::create_dir(at("c")).unwrap();
    let journal = std::fs::read(at("a/shard-0-of-2.jsonl")).unwrap();
    std::fs::write(at("c/shard-0-of-2.jsonl"), &journal[..journal.len() - 80]).unwrap();
    let all = [at("c"), at("b"), at("a"), at("a")];
    let found = Collection::of(&all).unwrap();
    assert!(found.gaps.is_empty() && found.doubles.is_empty() && found.files == 3, "{:?}", found.gaps);
    // Two results of one cell.
    let other = Shard { index: 0, of: 2 };
    let writer = Writer::new(at("d").join(shard_file(other, 1)), header(1).of_shard(other, 1), false);
    writer.append(&Writer::line(&cell(1), Duration::ZERO, "{\"values\":[7.5]}")).unwrap();
    let doubles = Collection::of(&[at("a"), at("b"), at("d")]).unwrap().doubles;
    assert_eq!((doubles.len(), doubles[0].second.clone()), (1, at("d/shard-0-of-2.jsonl")));
    // Another seed, and another number of shards.
    let mixed = |header: Header, words: &[&str]| {
        let shard = header.shard.unwrap();
        let path = at("e").join(shard_file(shard, 1));
        Writer::new(path.clone(), header, false).begin().unwrap();
        let problem = Collection::of(&[at("a"), path]).unwrap_err().to_string();
        assert!(words.iter().all(|word| problem.contains(word)), "{problem}");
    };
    mixed(header(7).of_shard(Shard { index: 1, of: 2 }, 1), &["seed 7", "seed 1", "shard-0-of-2.jsonl"]);
    mixed(header(1).of_shard(Shard { index: 1, of: 3 }, 1), &["3 shards", "2 shards"]);
    let older = Header { herdlab: "0.0.1".to_owned(), ..header(1) };
    mixed(older.of_shard(Shard { index: 1, of: 2 }, 1), &["herdlab 0.0.1"]);
    let newer = Header { journal: SCHEMA + 1, ..header(1) };
    mixed(newer.of_shard(Shard { index: 1, of: 2 }, 1), &["schema 2"]);
    let empty = tempfile::tempdir().unwrap();
    assert!(matches!(Collection::of(&[empty.path().to_owned()]), Err(Unfit::Empty { .. })));
}

#[test]
fn names_of_journals_are_those_that_are_written() {
    for (shard, round) in [(ONE, 1), (Shard { index: 41, of: 100 }, 3)] {
        assert!(is_shard_of(Path::new(&shard_file(shard, round))));
    }
    assert!(is_shard_of(Path::new("a/round-2.jsonl")));
    for other in ["partial.jsonl", "shard-1-of-x.jsonl", "shard-1.jsonl", "round-.jsonl", "shard-1-of-2.json"]
    {
        assert!(!is_shard_of(Path::new(other)), "{other}");
    }
}
