//! The full-screen page of `watch`: the house, the table, what has changed, and whether the count is in sight.
//!
//! The terminal is given back as it was, whatever ends the page: a key, a signal, an error or a panic.

mod draw;
mod house;
mod page;
mod ticker;

#[cfg(test)]
mod tests;

use crate::failure::{Ending, Failure};
use crate::names::{Names, ScreenRules};
use client::{ClientError, FrameNews};
use election::ids::Timestamp;
use futures::{Stream, StreamExt as _};
use page::Page;
use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use service_runtime::clock::{Clock as _, SystemClock};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

/// How long the keyboard's thread may stay after the page is gone.
const KEYS_POLL: Duration = Duration::from_millis(100);

/// What the feed says, and whether it does not know the election yet.
#[derive(Debug)]
pub(crate) enum Heard {
    /// News of the feed.
    News(FrameNews),
    /// The feed does not show the election yet.
    Waiting,
}

/// Shows what is heard until a key, a signal or an error ends it.
///
/// # Errors
///
/// A terminal that cannot be used, or the error that ends what is heard.
pub(crate) async fn run(
    heard: impl Stream<Item = Result<Heard, ClientError>>,
    names: Names,
    rules: ScreenRules,
) -> Result<Ending, Failure> {
    let mut heard = std::pin::pin!(heard);
    let mut terminated =
        signal(SignalKind::terminate()).map_err(Failure::io("a handler of signals"))?;
    let mut page = Page::new(names, rules);
    let mut screen = Screen::enter().map_err(Failure::io("the terminal"))?;
    let (mut keys, _thread) = Keys::start().map_err(Failure::io("the keyboard"))?;
    loop {
        screen.show(&page).map_err(Failure::io("the terminal"))?;
        tokio::select! {
            item = heard.next() => match item {
                Some(item) => page.hear(item?, Timestamp(SystemClock.now_micros())),
                None => return Ok(Ending::Done),
            },
            key = keys.recv() => match key {
                Some(Key::Redraw) => {}
                Some(Key::Quit) | None => return Ok(Ending::Done),
            },
            _ = terminated.recv() => return Ok(Ending::Done),
        }
    }
}

/// The terminal while it is the page's. Dropping it gives it back; so does a panic, before its message is printed.
struct Screen(DefaultTerminal);

impl Screen {
    fn enter() -> io::Result<Self> {
        Ok(Self(ratatui::try_init()?))
    }

    fn show(&mut self, page: &Page) -> io::Result<()> {
        self.0.draw(|frame| draw::page(frame, page)).map(drop)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // What cannot be given back cannot be told either.
        let _ = ratatui::try_restore();
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    Quit,
    Redraw,
}

/// The keyboard's thread: reading a terminal blocks.
struct Keys(Arc<AtomicBool>);

impl Keys {
    fn start() -> io::Result<(mpsc::Receiver<Key>, Self)> {
        let (sender, receiver) = mpsc::channel(16);
        let is_over = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&is_over);
        let read = move || {
            while !seen.load(Ordering::Relaxed) {
                match event::poll(KEYS_POLL) {
                    Ok(false) => continue,
                    Ok(true) => {}
                    Err(_) => return,
                }
                let Ok(event) = event::read() else {
                    return;
                };
                if let Some(key) = key(&event)
                    && sender.blocking_send(key).is_err()
                {
                    return;
                }
            }
        };
        let thread = std::thread::Builder::new().name(String::from("keyboard"));
        thread.spawn(read)?;
        Ok((receiver, Self(is_over)))
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn key(event: &Event) -> Option<Key> {
    match event {
        Event::Resize(..) => Some(Key::Redraw),
        Event::Key(KeyEvent {
            code,
            modifiers,
            kind: KeyEventKind::Press,
            ..
        }) => match (code, modifiers) {
            (KeyCode::Char('q' | 'Q') | KeyCode::Esc, _) => Some(Key::Quit),
            (KeyCode::Char('c'), modifiers) if modifiers.contains(KeyModifiers::CONTROL) => {
                Some(Key::Quit)
            }
            _ => None,
        },
        _ => None,
    }
}
