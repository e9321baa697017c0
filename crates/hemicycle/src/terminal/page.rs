//! What the page knows: the newest frame, what has changed, and whether the count is in sight.

use super::Heard;
use super::ticker::{self, Line};
use crate::names::{Names, ScreenRules};
use crate::table;
use client::FrameNews;
use election::ids::Timestamp;
use std::collections::VecDeque;
use wire::feed::v1::Frame;

/// Lines that the ticker keeps; a terminal shows some of them.
const LINES_MAX: usize = 100;

/// Whether what is shown is what is counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Contact {
    /// The feed has not said anything yet.
    Connecting,
    /// The feed does not show the election yet.
    Waiting,
    /// All is well.
    Live,
    /// The feed has been out of touch with the count for so long.
    Stale {
        /// In milliseconds.
        lag_ms: u64,
    },
    /// The feed that is heard now has not come as far as what is shown: it does not know what is newest.
    Behind,
    /// No contact with the feed since then.
    Lost {
        /// Since when.
        since: Timestamp,
        /// Why.
        why: String,
    },
}

/// The page.
#[derive(Debug)]
pub(super) struct Page {
    pub names: Names,
    pub rules: ScreenRules,
    pub frame: Option<Box<Frame>>,
    pub contact: Contact,
    /// The newest first.
    pub ticker: VecDeque<Line>,
}

impl Page {
    /// A page that has heard nothing.
    pub fn new(names: Names, rules: ScreenRules) -> Self {
        Self {
            names,
            rules,
            frame: None,
            contact: Contact::Connecting,
            ticker: VecDeque::new(),
        }
    }

    /// Takes in what was heard now.
    pub fn hear(&mut self, heard: Heard, now: Timestamp) {
        match heard {
            Heard::Waiting => self.contact = Contact::Waiting,
            Heard::News(FrameNews::Frame(frame)) => self.show(frame),
            Heard::News(FrameNews::Heartbeat(heartbeat)) => {
                self.contact = match heartbeat.is_behind {
                    true => Contact::Behind,
                    false => contact(heartbeat.is_stale, heartbeat.lag_ms),
                };
            }
            Heard::News(FrameNews::Lost(why)) => {
                let since = match self.contact {
                    Contact::Lost { since, .. } => since,
                    _ => now,
                };
                self.contact = Contact::Lost { since, why };
            }
            Heard::News(FrameNews::Reset(_)) => {
                // What follows may be lower, and is compared with nothing.
                self.frame = None;
                self.ticker.clear();
                self.ticker.push_front(Line {
                    time: table::time(now),
                    text: String::from(
                        "the log does not have what was shown before: the count begins anew",
                    ),
                    is_alarm: true,
                });
            }
        }
    }

    fn show(&mut self, frame: Box<Frame>) {
        let envelope = frame.envelope.as_ref();
        let (is_stale, lag_ms) = envelope.map_or((false, 0), |it| (it.is_stale, it.lag_ms));
        self.contact = contact(is_stale, lag_ms);
        for line in ticker::lines(self.frame.as_deref(), &frame, &self.names) {
            self.ticker.push_front(line);
        }
        self.ticker.truncate(LINES_MAX);
        self.frame = Some(frame);
    }
}

fn contact(is_stale: bool, lag_ms: u64) -> Contact {
    if is_stale {
        Contact::Stale { lag_ms }
    } else {
        Contact::Live
    }
}
