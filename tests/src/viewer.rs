//! Somebody who watches the public feed.

use std::sync::{Arc, Mutex};

use client::FrameNews;
use futures::StreamExt as _;
use tokio::task::JoinHandle;
use wire::feed::v1::{Frame, Scope};

use crate::cluster::{Cluster, Role};
use crate::eventually;
use crate::reads::{self, place};

/// Somebody who watches a scope and keeps what was shown.
#[derive(Debug)]
pub struct Viewer {
    shown: Arc<Mutex<Vec<Frame>>>,
    watching: JoinHandle<()>,
}

impl Viewer {
    /// Follows a scope as soon as the feed knows that it is public.
    pub async fn follow(cluster: &Cluster, scope: Scope) -> Self {
        let feed = cluster.client(Role::LiveFeed);
        eventually("the feed opens", async || reads::frame(&feed, &scope).await).await;
        let shown = Arc::new(Mutex::new(Vec::new()));
        let frames = Arc::clone(&shown);
        let watching = tokio::spawn(async move {
            let mut news = std::pin::pin!(feed.watch_frames(scope, None));
            while let Some(item) = news.next().await {
                match item.expect("the feed is watched") {
                    FrameNews::Frame(frame) => {
                        frames.lock().expect("no holder panics").push(*frame)
                    }
                    FrameNews::Reset(log) => panic!("the log {log} is another one"),
                    FrameNews::Heartbeat(_) | FrameNews::Lost(_) => {}
                }
            }
        });
        Self { shown, watching }
    }

    /// Everything that was shown, as soon as the newest is as it should be.
    pub async fn until(&self, is_there: impl Fn(&Frame) -> bool) -> Vec<Frame> {
        eventually("the viewer has seen it", async || {
            assert!(!self.watching.is_finished(), "the watch has ended");
            let shown = self.shown.lock().expect("no holder panics");
            shown.last().is_some_and(&is_there).then(|| shown.clone())
        })
        .await
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        self.watching.abort();
    }
}

/// No frame is below or at the one before it.
pub fn never_backwards(frames: &[Frame]) {
    assert!(frames.len() > 1);
    for pair in frames.windows(2) {
        assert!(
            place(&pair[0]) < place(&pair[1]),
            "{:?} after {:?}",
            place(&pair[1]),
            place(&pair[0])
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::common::v1::ResumeToken;
    use wire::feed::v1::FrameEnvelope;

    fn frame(revision: u64, publication_seq: u64) -> Frame {
        let token = ResumeToken {
            revision,
            publication_seq,
            ..ResumeToken::default()
        };
        let envelope = FrameEnvelope {
            token: Some(token),
            ..FrameEnvelope::default()
        };
        Frame {
            envelope: Some(envelope),
            ..Frame::default()
        }
    }

    #[test]
    fn a_higher_publication_of_the_same_revision_is_a_step_forward() {
        never_backwards(&[frame(3, 1), frame(3, 2), frame(4, 2)]);
    }

    #[test]
    #[should_panic(expected = "(2, 1) after (3, 1)")]
    fn a_step_back_is_found() {
        never_backwards(&[frame(3, 1), frame(2, 1)]);
    }

    #[test]
    #[should_panic(expected = "(3, 1) after (3, 1)")]
    fn a_frame_shown_twice_is_found() {
        never_backwards(&[frame(3, 1), frame(3, 1)]);
    }
}
