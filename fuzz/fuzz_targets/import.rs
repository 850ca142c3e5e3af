#![no_main]

#[path = "../../tests/fuzzing/readers.rs"]
mod readers;

libfuzzer_sys::fuzz_target!(|data: &[u8]| readers::import(data));
