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
#[derive(Debug, Clone)]
pub struct Health {
    serving: Arc<watch::Sender<BTreeMap<&'static str, bool>>>,
}

impl Default for Health {
    fn default() -> Self {
        Self {
            serving: Arc::new(watch::Sender::new(BTreeMap::new())),
        }
    }
}

impl Health {
    /// Says whether a service serves, by its full name such as `package.v1.Service`. Watchers hear of a change at once.
    pub fn set(&self, service: &'static str, serving: bool) {
        self.serving
            .send_if_modified(|services| services.insert(service, serving) != Some(serving));
    }

    /// Says that nothing serves any more: the first step of a drain.
    pub fn set_all_stopped(&self) {
        self.serving.send_modify(|services| {
            services.values_mut().for_each(|serving| *serving = false);
            services.insert(STOPPED, false);
        });
    }

    /// Whether everything serves.
    pub fn is_serving(&self) -> bool {
        status(&self.serving.borrow(), WHOLE) == Some(ServingStatus::Serving)
    }
}

/// The name of the whole in the protocol.
const WHOLE: &str = "";

/// Stands in the table once the listener drains, so that the whole stops even without any service.
const STOPPED: &str = "(stopped)";

fn status(services: &BTreeMap<&'static str, bool>, name: &str) -> Option<ServingStatus> {
    let serving = match name {
        WHOLE => services.values().all(|serving| *serving),
        STOPPED => return None,
        name => *services.get(name)?,
    };
    Some(if serving {
        ServingStatus::Serving
    } else {
        ServingStatus::NotServing
    })
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
        let status = status(&self.serving.borrow(), &name)
            .ok_or_else(|| Status::not_found(format!("service {name:?} is not registered")))?;
        Ok(Response::new(response(Some(status))))
    }

    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let name = request.into_inner().service;
        let watched = (Some(self.serving.subscribe()), None);
        Ok(Response::new(Box::pin(stream::unfold(
            watched,
            move |watched| next_change(name.clone(), watched),
        ))))
    }
}

type Watched = (
    Option<watch::Receiver<BTreeMap<&'static str, bool>>>,
    Option<i32>,
);

/// The next status that differs from the last one sent. The stream ends after the one that a drain sends.
async fn next_change(
    name: String,
    (receiver, last): Watched,
) -> Option<(Result<HealthCheckResponse, Status>, Watched)> {
    let mut receiver = receiver?;
    loop {
        let (now, stopped) = {
            let services = receiver.borrow_and_update();
            (
                response(status(&services, &name)),
                services.contains_key(STOPPED),
            )
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
