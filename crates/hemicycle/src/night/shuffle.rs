//! Rehearsals: the same night with every report sent several times, in another order.
//!
//! Versions of one key keep their order (an older report after a newer one is answered SUPERSEDED, and a withdrawal
//! belongs to what it withdraws), keys are mixed freely. Checkpoints, but for the last one, lose their meaning and are
//! left out.

use super::{NightError, Step, TimedStep};
use std::collections::{HashMap, VecDeque};

/// A small generator of repeatable numbers (SplitMix64, public domain algorithm of Steele, Lea and Flood 2014).
#[derive(Debug, Clone)]
pub struct Repeatable(u64);

impl Repeatable {
    /// Starts at a seed: the same seed gives the same numbers.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut number = self.0;
        number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        number ^ (number >> 31)
    }

    /// A number below `limit`, which is above 0. The bias of a remainder does not matter for rehearsals.
    pub fn below(&mut self, limit: usize) -> usize {
        let limit = u64::try_from(limit.max(1)).unwrap_or(u64::MAX);
        usize::try_from(self.number() % limit).unwrap_or(0)
    }
}

/// Sends every report `copies` times (1: once) and, with a seed, mixes the keys.
///
/// # Errors
///
/// What the night's own steps fail with: a mixed night is read wholly first.
pub fn rehearse(
    steps: impl Iterator<Item = Result<TimedStep, NightError>>,
    copies: usize,
    seed: Option<u64>,
) -> Result<Vec<TimedStep>, NightError> {
    let mut queues: Vec<VecDeque<TimedStep>> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut last_checkpoint = None;
    let mut plain = Vec::new();
    for step in steps {
        let step = step?;
        let key = match &step.step {
            Step::Checkpoint(_) => {
                if seed.is_none() {
                    plain.push(step.clone());
                }
                last_checkpoint = Some(step);
                continue;
            }
            Step::Submit(election::submission::Submission::Report(report)) => {
                report.key.to_string()
            }
            Step::Submit(election::submission::Submission::Turnout(turnout)) => {
                format!("turnout of {}", turnout.unit)
            }
            Step::Withdraw { key, .. } => key.to_string(),
        };
        if seed.is_none() {
            plain.extend(std::iter::repeat_n(step, copies));
            continue;
        }
        let place = *places.entry(key).or_insert_with(|| {
            queues.push(VecDeque::new());
            queues.len() - 1
        });
        queues[place].extend(std::iter::repeat_n(step, copies));
    }
    let Some(seed) = seed else { return Ok(plain) };
    let mut numbers = Repeatable::new(seed);
    let mut mixed = Vec::new();
    while !queues.is_empty() {
        let place = numbers.below(queues.len());
        mixed.extend(queues[place].pop_front());
        if queues[place].is_empty() {
            queues.swap_remove(place);
        }
    }
    mixed.extend(last_checkpoint);
    Ok(mixed)
}
