//! Health of each service and of the whole, as `grpc.health.v1.Health` and as a readiness page ask for it.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;

use futures::{Stream, stream};
use tokio::sync::watch;
use tonic::{Request, Response, Status};
use tonic_health::ServingStatus;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse, health_server};

/// Whether each service serves. Clones are the same health; setting it never waits.
///
/// The whole, named "" in the protocol, serves while every service does: a process with one role that cannot answer
/// should get no new connections.
#[derive(Debug, Clone, Default)]
pub struct Health {
    table: Arc<watch::Sender<Table>>,
}

#[derive(Debug, Default)]
struct Table {
    serving: BTreeMap<&'static str, bool>,
    /// The listener drains: whatever a service says of itself, nothing serves any more.
    stopped: bool,
}

impl Health {
    /// Says whether a service serves, by its full name such as `package.v1.Service`. Watchers hear of a change at once.
    pub fn set(&self, service: &'static str, serving: bool) {
        self.table
            .send_if_modified(|table| table.serving.insert(service, serving) != Some(serving));
    }

    /// Says that nothing serves any more, for good: the first step of a drain.
    pub fn set_all_stopped(&self) {
        self.table.send_modify(|table| table.stopped = true);
    }

    /// Whether everything serves.
    pub fn is_serving(&self) -> bool {
        self.table.borrow().status(WHOLE) == Some(ServingStatus::Serving)
    }
}

/// The name of the whole in the protocol.
const WHOLE: &str = "";

impl Table {
    fn status(&self, name: &str) -> Option<ServingStatus> {
        let serving = match name {
            WHOLE => self.serving.values().all(|serving| *serving),
            name => *self.serving.get(name)?,
        };
        Some(if serving && !self.stopped {
            ServingStatus::Serving
        } else {
            ServingStatus::NotServing
        })
    }
}

fn response(status: Option<ServingStatus>) -> HealthCheckResponse {
    // The protocol has a fourth value for a watched service that is not known (yet).
    let status = status.map_or(
        tonic_health::pb::health_check_response::ServingStatus::ServiceUnknown,
        Into::into,
    );
    HealthCheckResponse {
        status: status.into(),
    }
}

#[tonic::async_trait]
impl health_server::Health for Health {
    type WatchStream = Pin<Box<dyn Stream<Item = Result<HealthCheckResponse, Status>> + Send>>;

    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        let name = request.into_inner().service;
        let status = self
            .table
            .borrow()
            .status(&name)
            .ok_or_else(|| Status::not_found(format!("service {name:?} is not registered")))?;
        Ok(Response::new(response(Some(status))))
    }

    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let name = request.into_inner().service;
        let watched = (Some(self.table.subscribe()), None);
        Ok(Response::new(Box::pin(stream::unfold(
            watched,
            move |watched| next_change(name.clone(), watched),
        ))))
    }
}

/// What is watched, none after the last change; and the status sent last.
type Watched = (Option<watch::Receiver<Table>>, Option<i32>);

/// The next status that differs from the last one sent. The stream ends after the one that a drain sends.
async fn next_change(
    name: String,
    (receiver, last): Watched,
) -> Option<(Result<HealthCheckResponse, Status>, Watched)> {
    let mut receiver = receiver?;
    loop {
        let (now, stopped) = {
            let table = receiver.borrow_and_update();
            (response(table.status(&name)), table.stopped)
        };
        if last != Some(now.status) {
            let watched = ((!stopped).then_some(receiver), Some(now.status));
            return Some((Ok(now), watched));
        }
        if stopped {
            return None;
        }
        receiver.changed().await.ok()?;
    }
}
