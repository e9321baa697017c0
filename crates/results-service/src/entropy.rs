//! Randomness as a parameter, so that a simulation is the same each time.

use std::fmt::Debug;
use std::sync::Mutex;

use election::ids::LogId;
use event_log::GroupId;

/// Where random bytes come from.
pub trait Entropy: Debug + Send + Sync + 'static {
    /// Fills the buffer with bytes that nobody can guess.
    fn fill(&self, bytes: &mut [u8]);
}

/// The randomness of the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("an operating system without randomness cannot keep a log");
    }
}

/// Bytes that follow from a seed: for tests and simulation, never for a real election.
#[derive(Debug)]
pub struct SeededEntropy(Mutex<u64>);

impl SeededEntropy {
    /// The sequence of this seed.
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(seed))
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        let mut state = self.0.lock().expect("no holder of the lock panics");
        for chunk in bytes.chunks_mut(8) {
            // SplitMix64.
            *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut mixed = (*state ^ (*state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            let mixed = (mixed ^ (mixed >> 31)).to_le_bytes();
            chunk.copy_from_slice(&mixed[..chunk.len()]);
        }
    }
}

pub(crate) fn group_id(entropy: &dyn Entropy) -> GroupId {
    let mut id = [0; 16];
    entropy.fill(&mut id);
    GroupId(id)
}

pub(crate) fn log_id(entropy: &dyn Entropy) -> LogId {
    let mut id = [0; 16];
    entropy.fill(&mut id);
    LogId(id)
}

/// Salts for annexes, fetched many at a time: one call of the system for 256 records instead of one each.
pub(crate) struct Salts {
    bytes: [u8; Self::BYTES],
    used: usize,
}

impl Salts {
    const BYTES: usize = 4_096;

    pub fn new() -> Self {
        Self {
            bytes: [0; Self::BYTES],
            used: Self::BYTES,
        }
    }

    pub fn next(&mut self, entropy: &dyn Entropy) -> [u8; 16] {
        if self.used == Self::BYTES {
            entropy.fill(&mut self.bytes);
            self.used = 0;
        }
        let mut salt = [0; 16];
        salt.copy_from_slice(&self.bytes[self.used..self.used + 16]);
        self.used += 16;
        salt
    }
}
