//! `watch` in a terminal: a page of its own that gives the terminal back; elsewhere it is plain.

use std::io::{Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;

use end_to_end::PATIENCE;
use end_to_end::cluster::{Role, binary};

use crate::desk::{DONE, Desk};
use crate::support::PAIRS;

const ENTERED: &str = "\u{1b}[?1049h";
const LEFT: &str = "\u{1b}[?1049l";

/// A process that does not outlive its test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A command in a terminal, by the program of util-linux; `None`: it is not there.
fn in_terminal(desk: &Desk, arguments: &str) -> Option<Running> {
    let server = format!("http://{}", desk.cluster.address(Role::Results));
    let program = binary();
    // The terminal has no size of its own.
    let size = "stty rows 30 cols 100";
    let command = format!(
        "{size}; exec {} watch {PAIRS} {arguments}",
        program.display()
    );
    let started = Command::new("script")
        .args(["-q", "-e", "-c", &command, "/dev/null"])
        .env("HEMICYCLE_SERVER", server)
        .env("TERM", "xterm")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    match started {
        Ok(process) => Some(Running(process)),
        Err(error) => {
            println!("skipped: script is not there ({error})");
            None
        }
    }
}

/// Reads what is printed until it holds this; all of it.
fn until(Running(process): &mut Running, wanted: &str) -> String {
    let mut output = process.stdout.take().unwrap();
    let (sender, receiver) = mpsc::sync_channel(64);
    let wanted = wanted.to_owned();
    std::thread::spawn(move || {
        let (mut text, mut some) = (Vec::new(), [0; 4_096]);
        while let Ok(read) = output.read(&mut some)
            && read > 0
        {
            text.extend_from_slice(&some[..read]);
            if String::from_utf8_lossy(&text).contains(&wanted) {
                break;
            }
        }
        let _ = sender.send((String::from_utf8_lossy(&text).into_owned(), output));
    });
    let (text, output) = receiver.recv_timeout(PATIENCE).unwrap();
    process.stdout = Some(output);
    text
}

#[test]
fn watch_fills_a_terminal_until_a_key_and_gives_it_back() {
    let desk = Desk::open();
    desk.expect(DONE, &["publish", PAIRS, "--open", "all"]);
    desk.watch_until("40 of 40 tallies counted");
    for key in [b"q".as_slice(), b"\x03"] {
        let Some(mut process) = in_terminal(&desk, "") else {
            return;
        };
        let shown = until(&mut process, "LIVE");
        assert!(shown.contains(ENTERED) && !shown.contains(LEFT), "{shown}");
        process.0.stdin.as_mut().unwrap().write_all(key).unwrap();
        let rest = until(&mut process, LEFT);
        assert!(rest.contains(LEFT), "{rest}");
        assert_eq!(process.0.wait().unwrap().code(), Some(DONE));
    }
}

#[test]
fn watch_is_plain_where_that_is_asked_for_or_where_there_is_no_terminal() {
    let desk = Desk::open();
    desk.expect(DONE, &["publish", PAIRS, "--open", "all"]);
    desk.watch_until("40 of 40 tallies counted");
    let Some(mut process) = in_terminal(&desk, "--plain") else {
        return;
    };
    let shown = until(&mut process, "tallies counted");
    assert!(!shown.contains(ENTERED), "{shown}");
    drop(process);
    // What the next program gets has no sign of a terminal in it.
    let server = format!("http://{}", desk.cluster.address(Role::Results));
    let process = Command::new(binary())
        .args(["watch", PAIRS, "--server", &server])
        .stdout(Stdio::piped())
        .spawn();
    let shown = until(&mut Running(process.unwrap()), "tallies counted");
    assert!(!shown.contains('\u{1b}'), "{shown:?}");
}
