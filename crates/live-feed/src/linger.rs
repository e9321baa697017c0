//! Scopes that were asked for a moment ago stay watched for a while: who asks again in a second finds them ready.

use crate::scope::{Scope, ScopeFeed, Shown};
use service_runtime::shutdown::Stopper;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, Once, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How long a scope stays watched after the last who asked.
const LINGER: Duration = Duration::from_secs(60);
const SWEEP: Duration = Duration::from_secs(10);
/// Scopes at once. What is beyond is made anew for each who asks.
const SCOPES_MAX: usize = 1_024;

type Feeds = Arc<Mutex<HashMap<Scope, (Arc<ScopeFeed>, Instant)>>>;

/// Scopes that linger.
#[derive(Debug)]
pub(crate) struct Lingering {
    feeds: Feeds,
    sweeping: Once,
}

impl Lingering {
    pub fn new() -> Self {
        Self {
            feeds: Feeds::default(),
            sweeping: Once::new(),
        }
    }

    /// A scope that is held; for another while from now on, if it has something to show.
    pub fn held(&self, scope: &Scope) -> Option<Arc<ScopeFeed>> {
        let mut feeds = lock(&self.feeds);
        let (feed, used) = feeds.get_mut(scope)?;
        if matches!(feed.told.borrow().shown, Shown::Frame(_)) {
            *used = Instant::now();
        }
        Some(Arc::clone(feed))
    }

    /// Holds a scope for a while from now on.
    pub fn hold(&self, feed: &Arc<ScopeFeed>, stopper: &Stopper) {
        self.sweeping.call_once(|| {
            let (feeds, stopping) = (Arc::clone(&self.feeds), stopper.stopping());
            stopper.spawn(async move {
                tokio::select! {
                    () = stopping => lock(&feeds).clear(),
                    () = sweep(&feeds) => {}
                }
            });
        });
        let mut feeds = lock(&self.feeds);
        let now = Instant::now();
        if let Some((held, used)) = feeds.get_mut(&feed.scope) {
            if !Arc::ptr_eq(held, feed) {
                *held = Arc::clone(feed);
            }
            *used = now;
        } else if feeds.len() < SCOPES_MAX && !stopper.is_stopping() {
            feeds.insert(feed.scope.clone(), (Arc::clone(feed), now));
        }
    }
}

fn lock(feeds: &Feeds) -> std::sync::MutexGuard<'_, HashMap<Scope, (Arc<ScopeFeed>, Instant)>> {
    feeds.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn sweep(feeds: &Feeds) {
    loop {
        tokio::time::sleep(SWEEP).await;
        lock(feeds).retain(|_, (_, used)| used.elapsed() < LINGER);
    }
}
