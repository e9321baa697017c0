//! What every service needs and no domain word: telemetry, configuration, listener, shutdown, clock, health,
//! reflection, limits.
//!
//! A role of the system is a set of [`Services`](services::Services). Who makes the [`Channel`](tonic::transport::Channel)
//! to it, an in-memory [`pipe`] or [`connect`](channel::connect) over TCP, is the only difference between one process and
//! many: both run through [`server`] with the same deadlines, limits, health, metrics and drain.
//!
//! ```
//! use service_runtime::{limits::Limits, pipe::Pipe, services::{Contract, Services}, shutdown::Stopper};
//! use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! let stopper = Stopper::new("example");
//! let services = Services::new(Contract::default());
//! let pipe = Pipe::new();
//! stopper.spawn(service_runtime::server::serve_pipe(
//!     pipe.listen(), services, Limits::default(), stopper.clone(),
//! ));
//! let mut client = HealthClient::new(pipe.channel());
//! let answer = client.check(HealthCheckRequest::default()).await.unwrap();
//! assert_eq!(answer.into_inner().status, 1); // SERVING
//! # });
//! ```

mod addresses;
mod call;
pub mod channel;
pub mod clock;
pub mod config;
mod deadline;
mod gather;
mod head_timer;
pub mod health;
pub mod http_metrics;
pub mod http_public;
mod impatient;
mod kernel_room;
pub mod limits;
pub mod pipe;
pub mod server;
pub mod services;
pub mod shutdown;
pub mod status;
pub mod telemetry;
mod when_woken;
