//! A listener of HTTP for anybody: bounded in connections, in what each may hold, and in how long it may be silent.

use std::convert::Infallible;
use std::future::poll_fn;
use std::io;
use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use serde::{Deserialize, Serialize};
use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::Semaphore;
use tower::Service;
use tracing::{debug, info, warn};

use crate::addresses::Addresses;
use crate::config::{Key, Kind};
use crate::head_timer::HeadTimer;
use crate::impatient::{Impatient, Patience};
use crate::kernel_room::KernelRoom;
use crate::shutdown::Stopper;
use crate::when_woken::WhenWoken;

/// How long to wait after a connection could not be accepted: usually all file handles are in use.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// What one connection may have waiting in this process, in bytes; what a reader does not take is not made for it.
const BUFFER_BYTES_MAX: usize = 8 * 1024;
/// What one connection may have waiting in the kernel, in bytes; it takes twice that, and what it is given unasked.
const SEND_BUFFER_BYTES: u32 = 12 * 1024;
/// Connections that the kernel holds before they are taken.
const BACKLOG: u32 = 1_024;

/// How long a connection is silent before the kernel asks whether the other side is still there, and how often it asks.
const KEEPALIVE: (Duration, Duration) = (Duration::from_secs(60), Duration::from_secs(15));

/// Limits of a listener for anybody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicLimits {
    /// Connections at once; one more is closed at once, so that whoever balances load sees it.
    pub connections_max: usize,
    /// Connections at once of one address (of IPv6: of one network of 64 bits); one more is closed at once. Loopback has no
    /// limit.
    pub connections_per_address_max: usize,
    /// Addresses without that limit: proxies, which count for themselves.
    pub trusted_proxies: Vec<IpAddr>,
    /// How long a connection has to send the head of a request, the first or the next.
    pub head_timeout: Duration,
    /// How long a connection may take nothing of what waits for it.
    pub write_timeout: Duration,
    /// How much of what waits for it a connection has to take, in bytes a second: less, for [`Self::write_timeout`] in all,
    /// is as nothing.
    pub write_rate_min: u32,
}

impl Default for PublicLimits {
    fn default() -> Self {
        Self {
            connections_max: 20_000,
            connections_per_address_max: 1_000,
            trusted_proxies: Vec::new(),
            head_timeout: Duration::from_secs(30),
            write_timeout: Duration::from_secs(30),
            write_rate_min: 1_024,
        }
    }
}

/// The limits as a table of the configuration, [`KEYS`](Self::KEYS) in it. What is not given has its default.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PublicSettings {
    /// [`PublicLimits::connections_max`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connections_max: Option<NonZeroUsize>,
    /// [`PublicLimits::connections_per_address_max`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connections_per_address_max: Option<NonZeroUsize>,
    /// [`PublicLimits::trusted_proxies`].
    pub trusted_proxies: Vec<IpAddr>,
}

impl PublicSettings {
    /// What may be set, for a configuration that has the table as `http`.
    pub const KEYS: [Key; 3] = [
        Key {
            path: "http.connections_max",
            kind: Kind::Number,
            wanted: "a number of connections from 1, such as 20000",
        },
        Key {
            path: "http.connections_per_address_max",
            kind: Kind::Number,
            wanted: "a number of connections from 1, such as 1000",
        },
        Key {
            path: "http.trusted_proxies",
            kind: Kind::List,
            wanted: "addresses such as 10.0.0.7,2001:db8::7",
        },
    ];

    /// The limits, with defaults where nothing is set.
    pub fn limits(&self) -> PublicLimits {
        let Self {
            connections_max,
            connections_per_address_max,
            trusted_proxies,
        } = self;
        let defaults = PublicLimits::default();
        PublicLimits {
            connections_max: connections_max.map_or(defaults.connections_max, NonZeroUsize::get),
            connections_per_address_max: connections_per_address_max
                .map_or(defaults.connections_per_address_max, NonZeroUsize::get),
            trusted_proxies: trusted_proxies.clone(),
            ..defaults
        }
    }
}

/// Listens on an address for [`serve_public`].
///
/// # Errors
/// When the address is in use or not ours, with the address in the message.
pub fn listen_public(address: std::net::SocketAddr) -> io::Result<TcpListener> {
    let listen = || {
        let socket = if address.is_ipv4() {
            TcpSocket::new_v4()?
        } else {
            TcpSocket::new_v6()?
        };
        socket.set_reuseaddr(true)?;
        // Whoever is accepted has these from the listener.
        socket.set_send_buffer_size(SEND_BUFFER_BYTES)?;
        let keepalive = TcpKeepalive::new().with_time(KEEPALIVE.0);
        SockRef::from(&socket).set_tcp_keepalive(&keepalive.with_interval(KEEPALIVE.1))?;
        socket.bind(address)?;
        socket.listen(BACKLOG)
    };
    listen().map_err(|error| {
        io::Error::new(error.kind(), format!("cannot listen on {address}: {error}"))
    })
}

/// Serves routes until the stopper stops: then no connection is taken any more, and requests run to their end, as tasks of the
/// stopper.
///
/// # Errors
/// None while serving: a connection that fails concerns nobody else.
pub async fn serve_public<S>(
    listener: TcpListener,
    routes: S,
    limits: PublicLimits,
    stopper: Stopper,
) -> io::Result<()>
where
    S: Service<http::Request<Incoming>, Response = Response, Error = Infallible>
        + Clone
        + Send
        + 'static,
    S::Future: Send,
{
    if let Ok(address) = listener.local_addr() {
        info!(part = stopper.name(), %address, "listening");
    }
    metrics::describe_gauge!(
        "rpc_http_connections",
        "Connections of the public listener."
    );
    metrics::describe_counter!(
        "rpc_http_connections_shed_total",
        "Connections over a limit, by which: of all, or of one address."
    );
    let shed = |limit: &'static str| {
        metrics::counter!("rpc_http_connections_shed_total", "limit" => limit).increment(1);
    };
    let patience = Patience {
        longest: limits.write_timeout,
        rate_min: limits.write_rate_min,
    };
    let addresses = Addresses::new(limits.connections_per_address_max, &limits.trusted_proxies);
    let permits = Arc::new(Semaphore::new(limits.connections_max));
    let mut builder = http1::Builder::new();
    builder
        .header_read_timeout(limits.head_timeout)
        .max_buf_size(BUFFER_BYTES_MAX);
    let stopping = stopper.stopping();
    tokio::pin!(stopping);
    loop {
        let accepted = tokio::select! {
            () = &mut stopping => break,
            accepted = listener.accept() => accepted,
        };
        let (stream, address) = match accepted {
            Ok((stream, address)) => (stream, address.ip()),
            Err(error) => {
                warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let Some(place) = addresses.take(address) else {
            shed("address");
            continue;
        };
        let Ok(permit) = Arc::clone(&permits).try_acquire_owned() else {
            shed("all");
            continue;
        };
        let service = TowerToHyperService::new(routes.clone());
        let mut builder = builder.clone();
        builder.timer(HeadTimer::default());
        let (stopping, head_timeout) = (stopper.stopping(), limits.head_timeout);
        stopper.spawn(async move {
            let _held = (permit, place);
            metrics::gauge!("rpc_http_connections").increment(1);
            // Browsers open connections before they need them. One that never said anything has nothing to end in good order.
            let mut stopping = WhenWoken::new(stopping);
            let has_begun = tokio::select! {
                ready = stream.readable() => ready.is_ok(),
                () = &mut stopping => false,
                () = tokio::time::sleep(head_timeout) => false,
            };
            if has_begun {
                let connection = builder.serve_connection(io_of(stream, patience), service);
                let mut connection = pin!(connection);
                let mut is_ending = false;
                let ended = poll_fn(|context| {
                    if !is_ending && Pin::new(&mut stopping).poll(context).is_ready() {
                        is_ending = true;
                        connection.as_mut().graceful_shutdown();
                    }
                    connection.as_mut().poll(context)
                });
                if let Err(error) = ended.await {
                    debug!(%error, "a connection has ended badly");
                }
            }
            metrics::gauge!("rpc_http_connections").decrement(1);
        });
    }
    Ok(())
}

fn io_of(stream: TcpStream, patience: Patience) -> TokioIo<Impatient<KernelRoom>> {
    if let Err(error) = stream.set_nodelay(true) {
        debug!(%error, "a connection is slower than it could be");
    }
    TokioIo::new(Impatient::new(KernelRoom::new(stream), patience))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::Router;
    use axum::routing::get;
    use std::net::Ipv4Addr;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    async fn served(limits: PublicLimits) -> (std::net::SocketAddr, Stopper) {
        let listener = listen_public((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        let address = listener.local_addr().unwrap();
        let stopper = Stopper::new("test");
        let routes = Router::new().route("/", get(async || "here"));
        stopper.spawn(serve_public(listener, routes, limits, stopper.clone()));
        (address, stopper)
    }

    async fn ask(stream: &mut TcpStream) -> String {
        let request = b"GET / HTTP/1.1\r\nhost: here\r\n\r\n";
        stream.write_all(request).await.unwrap();
        let mut answer = vec![0; 1_024];
        let read = stream.read(&mut answer).await.unwrap_or(0);
        String::from_utf8_lossy(&answer[..read]).into_owned()
    }

    #[tokio::test]
    async fn one_connection_too_many_is_closed_and_the_others_go_on() {
        let (address, stopper) = served(PublicLimits {
            connections_max: 1,
            ..PublicLimits::default()
        })
        .await;
        let mut first = TcpStream::connect(address).await.unwrap();
        assert!(ask(&mut first).await.ends_with("here"));
        let mut second = TcpStream::connect(address).await.unwrap();
        let mut nothing = Vec::new();
        // Closed without an answer.
        let _ = second.read_to_end(&mut nothing).await;
        assert!(nothing.is_empty());
        assert!(ask(&mut first).await.ends_with("here"));
        stopper.drain(Duration::from_secs(5)).await.unwrap();
    }

    #[tokio::test]
    async fn a_connection_that_takes_nothing_is_closed_and_makes_room() {
        let listener = listen_public((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        let address = listener.local_addr().unwrap();
        let stopper = Stopper::new("test");
        let much = || async { vec![0_u8; 64 << 20] };
        let routes = Router::new()
            .route("/", get(async || "here"))
            .route("/much", get(much));
        let limits = PublicLimits {
            connections_max: 1,
            write_timeout: Duration::from_millis(50),
            ..PublicLimits::default()
        };
        stopper.spawn(serve_public(listener, routes, limits, stopper.clone()));
        let mut slow = TcpStream::connect(address).await.unwrap();
        let request = b"GET /much HTTP/1.1\r\nhost: here\r\n\r\n";
        slow.write_all(request).await.unwrap();
        // Its answer has begun, so it has the only place.
        slow.readable().await.unwrap();
        loop {
            let mut other = TcpStream::connect(address).await.unwrap();
            if other
                .write_all(b"GET / HTTP/1.1\r\nhost: here\r\n\r\n")
                .await
                .is_err()
            {
                continue;
            }
            let mut answer = [0; 1_024];
            if other.read(&mut answer).await.is_ok_and(|read| read > 0) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        drop(slow);
        stopper.drain(Duration::from_secs(5)).await.unwrap();
    }

    #[tokio::test]
    async fn the_kernel_asks_whether_a_silent_connection_is_still_there() {
        let listener = listen_public((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        let address = listener.local_addr().unwrap();
        let (_theirs, ours) = tokio::join!(TcpStream::connect(address), listener.accept());
        let ours = ours.unwrap().0;
        assert!(SockRef::from(&ours).keepalive().unwrap());
    }

    #[test]
    fn what_is_set_wins_over_the_default() {
        let settings = PublicSettings {
            connections_per_address_max: NonZeroUsize::new(7),
            ..PublicSettings::default()
        };
        let wanted = PublicLimits {
            connections_per_address_max: 7,
            ..PublicLimits::default()
        };
        assert_eq!(settings.limits(), wanted);
    }

    #[tokio::test]
    async fn a_connection_that_was_never_used_holds_up_no_stop() {
        let (address, stopper) = served(PublicLimits {
            head_timeout: Duration::from_secs(3_600),
            ..PublicLimits::default()
        })
        .await;
        let mut unused = TcpStream::connect(address).await.unwrap();
        // It is taken before this one.
        let mut used = TcpStream::connect(address).await.unwrap();
        assert!(ask(&mut used).await.ends_with("here"));
        stopper.drain(Duration::from_secs(20)).await.unwrap();
        assert_eq!(unused.read(&mut [0; 8]).await.unwrap_or(0), 0);
    }

    #[tokio::test]
    async fn a_connection_that_says_nothing_is_closed() {
        let (address, stopper) = served(PublicLimits {
            head_timeout: Duration::from_millis(50),
            ..PublicLimits::default()
        })
        .await;
        let mut slow = TcpStream::connect(address).await.unwrap();
        slow.write_all(b"GET / HTTP/1.1\r\nho").await.unwrap();
        let mut answer = Vec::new();
        let _ = slow.read_to_end(&mut answer).await;
        assert!(!String::from_utf8_lossy(&answer).contains("here"));
        stopper.drain(Duration::from_secs(5)).await.unwrap();
    }
}
