//! Pauses between attempts.

use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;

/// Pauses that double from the first to the longest, each shortened at random by up to a half: clients that lost the
/// same server do not come back at the same moment.
#[derive(Debug, Clone)]
pub struct Backoff {
    first: Duration,
    longest: Duration,
    next: Duration,
    random: u64,
}

impl Default for Backoff {
    /// 0.1 s, doubled up to 10 s: what the contract asks of its callers.
    fn default() -> Self {
        Self::new(Duration::from_millis(100), Duration::from_secs(10))
    }
}

impl Backoff {
    /// Pauses between these two, with randomness of the process.
    pub fn new(first: Duration, longest: Duration) -> Self {
        Self::seeded(first, longest, RandomState::new().hash_one(0))
    }

    /// Pauses between these two; the same seed gives the same pauses.
    pub fn seeded(first: Duration, longest: Duration, seed: u64) -> Self {
        Self {
            first,
            longest,
            next: first,
            random: seed,
        }
    }

    /// The next pause: at least half of what it would be without jitter.
    pub fn pause(&mut self) -> Duration {
        let whole = self.next;
        self.next = whole.saturating_mul(2).min(self.longest);
        // A splitmix64 step: good enough to spread clients, and the same everywhere.
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.random ^ (self.random >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let part = u32::try_from((mixed ^ (mixed >> 31)) & 0xffff).expect("16 bits fit in 32");
        whole / 2 + (whole / 2).saturating_mul(part) / 0x1_0000
    }

    /// Begins with the first pause again: the other side has answered.
    pub fn reset(&mut self) {
        self.next = self.first;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_within_their_jitter_up_to_the_longest_and_begin_again() {
        let (first, longest) = (Duration::from_millis(100), Duration::from_secs(10));
        for seed in 0..100 {
            let mut backoff = Backoff::seeded(first, longest, seed);
            let mut whole = first;
            for _ in 0..12 {
                let pause = backoff.pause();
                assert!(
                    pause >= whole / 2 && pause <= whole,
                    "{pause:?} of {whole:?}"
                );
                whole = (whole * 2).min(longest);
            }
            backoff.reset();
            assert!(backoff.pause() <= first);
        }
    }

    #[test]
    fn clients_do_not_pause_alike() {
        let pause =
            |seed| Backoff::seeded(Duration::from_secs(1), Duration::from_secs(1), seed).pause();
        let mut pauses: Vec<_> = (0..100).map(pause).collect();
        pauses.sort();
        pauses.dedup();
        assert!(pauses.len() > 95, "{} different pauses", pauses.len());
    }
}
