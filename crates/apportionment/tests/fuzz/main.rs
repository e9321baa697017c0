//! The checks of the fuzz targets over seeded bytes and over every input that a fuzzer once found a fault with: so that they
//! build and hold where no fuzzer runs.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed check panics, which is what a fuzzer looks for"
)]

#[path = "../../../../fuzz/src/lib.rs"]
mod fuzz;

use std::panic::{catch_unwind, resume_unwind};
use std::path::Path;

/// Xorshift, so that every run checks the same bytes.
struct Source(u64);

impl Source {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// Bytes of which many are small, as the numbers of a small contest are.
    fn bytes(&mut self) -> Vec<u8> {
        let length = 64 + self.next() % 800;
        let is_small = self.next().is_multiple_of(2);
        let byte = |word: u64| match word.to_le_bytes() {
            [low, high, ..] if is_small && high < 200 => low % 4,
            [low, ..] => low,
        };
        (0..length).map(|_| byte(self.next())).collect()
    }
}

/// Seeded inputs, then those that were once found.
fn run(target: &str, seed: u64, inputs: u32, check: fn(&[u8])) {
    let mut source = Source(seed);
    for number in 0..inputs {
        let bytes = source.bytes();
        let failed = catch_unwind(|| check(&bytes)).err();
        if let Some(panic) = failed {
            // As the fuzzer keeps it, so that the same tools read it.
            let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{target}seeded.bin"));
            std::fs::write(&file, &bytes).unwrap();
            println!("input {number} failed; it is in {}", file.display());
            resume_unwind(panic);
        }
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/found");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    for file in files {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        if name
            .strip_suffix(".bin")
            .is_some_and(|name| name.starts_with(target))
        {
            println!("{name}");
            check(&std::fs::read(file).unwrap());
        }
    }
}

#[test]
fn contests() {
    run("contest-", 0x9E37_79B9_7F4A_7C15, 100, fuzz::contest);
}

#[test]
fn tiers() {
    run("tiers-", 0xD1B5_4A32_D192_ED03, 300, fuzz::tiers);
}

#[test]
fn double_proportional() {
    run(
        "double-",
        0x8CB9_2BA7_2F3D_8DD7,
        300,
        fuzz::double_proportional,
    );
}
