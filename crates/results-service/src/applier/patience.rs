//! When the store gives way: in a burst its rows can wait, and the processors are needed for what is acknowledged.
//!
//! What waits is in the overlay, so that answers are as right as ever. It is bounded twice: by the overlay's room and by
//! time. Applying it later costs less, as a row that changes again meanwhile is written once.

use std::time::{Duration, Instant};

use election::ids::Revision;

/// With fewer events between two looks nothing waits: 20,000 a second, a tenth of what two processors take in.
pub(super) const BUSY_EVENTS: u64 = 2_000;
/// The longest that rows wait.
pub(super) const WAIT_MAX: Duration = Duration::from_secs(5);

/// How long the rows of one election have waited.
#[derive(Debug, Default)]
pub(super) struct Patience {
    /// The head at the last look.
    head: Revision,
    /// Since when they wait.
    since: Option<Instant>,
}

impl Patience {
    /// Whether to wait until the next look. `lag` is the number of events that wait, and an eighth of `lag_max` stays free
    /// for what comes while the store catches up.
    pub(super) fn waits(&mut self, now: Instant, head: Revision, lag: u64, lag_max: usize) -> bool {
        let came = head.0.saturating_sub(self.head.0);
        self.head = head;
        let room = u64::try_from(lag_max - lag_max / 8).unwrap_or(u64::MAX);
        let since = *self.since.get_or_insert(now);
        let waits = came >= BUSY_EVENTS && lag < room && now.duration_since(since) < WAIT_MAX;
        if !waits {
            self.since = None;
        }
        waits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAG_MAX: usize = 80_000;
    const LOOK: Duration = Duration::from_millis(100);

    /// Looks as often as given, with so many events between two looks, none of which is applied: how often it waited in a
    /// row before it did not.
    fn waits(looks: u32, events: u64, mut lag: u64) -> u32 {
        let start = Instant::now();
        let (mut patience, mut head) = (Patience::default(), Revision::ZERO);
        for look in 0..looks {
            head = Revision(head.0 + events);
            lag += events;
            if !patience.waits(start + LOOK * look, head, lag, LAG_MAX) {
                return look;
            }
        }
        looks
    }

    #[test]
    fn rows_wait_only_while_reports_come_fast() {
        assert_eq!(waits(10, BUSY_EVENTS, 0), 10);
        assert_eq!(waits(10, BUSY_EVENTS - 1, 0), 0);
        let mut patience = Patience::default();
        let now = Instant::now();
        let head = Revision(BUSY_EVENTS);
        assert!(patience.waits(now, head, head.0, LAG_MAX));
        assert!(!patience.waits(now + LOOK, head, head.0, LAG_MAX), "quiet");
    }

    #[test]
    fn rows_never_wait_for_longer_than_the_bound_and_then_wait_anew() {
        let looks = WAIT_MAX.as_millis() / LOOK.as_millis();
        let looks = u32::try_from(looks).unwrap();
        let start = Instant::now();
        let mut patience = Patience::default();
        let waited: Vec<bool> = (0..3 * looks)
            .map(|look| {
                let head = Revision(u64::from(look + 1) * BUSY_EVENTS);
                patience.waits(start + LOOK * look, head, 1, LAG_MAX)
            })
            .collect();
        let longest = waited.split(|waits| !waits).map(<[bool]>::len).max();
        assert_eq!(longest, usize::try_from(looks).ok());
        assert!(waited.iter().filter(|waits| !**waits).count() >= 2);
    }

    #[test]
    fn the_overlay_keeps_an_eighth_of_its_room() {
        let room = u64::try_from(LAG_MAX).unwrap() * 7 / 8;
        assert_eq!(waits(1, BUSY_EVENTS, room - BUSY_EVENTS - 1), 1);
        assert_eq!(waits(1, BUSY_EVENTS, room - BUSY_EVENTS), 0);
    }
}
