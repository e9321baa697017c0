//! The services as their users meet them: the built binary, real sockets, real disks, real kills.
//!
//! Every test runs twice: with all roles in one process, and with each role in a process of its own.
#![expect(
    clippy::unwrap_used,
    reason = "what fails here fails the test, in its helpers too"
)]

mod support;

mod bad_definitions;
mod bad_input;
mod certain;
mod commands;
mod damage;
mod damaged_feed;
mod desk;
mod failures;
mod kills;
mod newcomer;
mod nights;
mod official;
mod over_districts;
mod publication;
mod restored;
mod terminal;
mod whole_night;

/// Makes of each function a test in either mode.
macro_rules! in_both_modes {
    ($($test:ident),+ $(,)?) => {
        mod one_process {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                super::$test(end_to_end::cluster::Mode::OneProcess).await;
            })+
        }
        mod apart {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                super::$test(end_to_end::cluster::Mode::Apart).await;
            })+
        }
    };
}
use in_both_modes;
