//! libFuzzer's entry: bytes to a question, and every check on it.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| fuzz::tiers(bytes));
