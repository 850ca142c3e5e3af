#![no_main]

#[path = "../../tests/fuzzing/mutate.rs"]
mod mutate;
#[path = "../../tests/fuzzing/readers.rs"]
mod readers;

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use mutate::Dice;

fuzz_target!(|data: &[u8]| readers::results(data));

// Half of the inputs stay JSON, so that they get past its parser.
fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let damaged = (seed % 2 == 0).then(|| mutate::json(&data[..size], &mut Dice(u64::from(seed)))).flatten();
    match damaged.filter(|damaged| damaged.len() <= max_size) {
        Some(damaged) => {
            data[..damaged.len()].copy_from_slice(&damaged);
            damaged.len()
        }
        None => fuzzer_mutate(data, size, max_size),
    }
});
