use super::*;
use crate::experiment::comparison::compare;
use crate::experiment::review::review;
use crate::record::AnswerRecord;
use crate::record::fixture::{stampede, uncertain};

fn reviewed(record: &Record) -> Review {
    review(record, &compare(record))
}

#[test]
fn a_terminal_shows_what_remains_of_a_result() {
    let mut record = uncertain();
    record.scenario.answer = Some(AnswerRecord {
        text: String::new(),
        digest: String::new(),
        claims: vec!["{a:latency.all.p99_ms} > 130".into()],
    });
    insta::assert_snapshot!(terminal(&record, &compare(&record), &reviewed(&record), 100, false));
}

#[test]
fn the_input_that_explains_most_is_to_be_measured_first() {
    let record = uncertain();
    let sure = sure(&record, &compare(&record), &reviewed(&record)).unwrap();
    // p99 = 100 + 3 x - y: 9 to 1. Half of it in b is relatively as wide; the last of equals is named.
    assert_eq!(
        sure.first,
        "P99 latency is least sure in b (46.9 to 73.1 ms). Measure database.read first: it explains 90 % of that spread."
    );
    assert_eq!(sure.rows[0].inputs, ["database.read 90 %", "workload.keys 10 %"]);
    assert_eq!(sure.rows[0].luck, "0 %");
}

#[test]
fn luck_is_named_where_it_is_the_largest_part() {
    let mut record = uncertain();
    let worlds = record.worlds.as_mut().unwrap();
    for measure in worlds.variants.iter_mut().flat_map(|variant| &mut variant.measures) {
        // Runs 200 apart, whatever the inputs.
        measure.values.iter_mut().for_each(|runs| runs[1] = runs[0].map(|value| value + 200.0));
    }
    let first = sure(&record, &compare(&record), &reviewed(&record)).unwrap().first;
    assert!(first.contains("Luck is the largest part of that spread (98 %)"), "{first}");
}

#[test]
fn too_few_worlds_say_how_many_it_takes() {
    let mut record = uncertain();
    let worlds = record.worlds.as_mut().unwrap();
    worlds.values.truncate(5);
    worlds
        .variants
        .iter_mut()
        .flat_map(|variant| &mut variant.measures)
        .for_each(|one| one.values.truncate(5));
    let sure = sure(&record, &compare(&record), &reviewed(&record)).unwrap();
    assert_eq!(sure.first, "It takes 6 worlds to tell the inputs apart: --worlds 6.");
    assert!(sure.drawn.ends_with("Interrupted: 5 of 16 worlds are finished."), "{}", sure.drawn);
}

#[test]
fn a_record_without_worlds_says_nothing() {
    let record = stampede(2);
    let comparison = compare(&record);
    assert_eq!(
        terminal(&record, &comparison, &reviewed(&record), 80, false)
            + &markdown(&record, &comparison, &reviewed(&record)),
        ""
    );
}

#[test]
fn names_cannot_break_the_table() {
    let mut record = uncertain();
    record.worlds.as_mut().unwrap().inputs[0].path = "a|b".into();
    let text = markdown(&record, &compare(&record), &reviewed(&record));
    assert!(text.contains("a\\|b 90 %"), "{text}");
}
