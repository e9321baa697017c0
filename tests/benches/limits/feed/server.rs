//! The server of the feed's benchmark, in a process of its own so that its memory and processor time are its own: all roles
//! as in `hemicycle serve`, and beside them what they are compared with.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::routing::get;
use bytes::Bytes;
use client::{Client, FrameNews};
use futures::{Stream, StreamExt as _};
use hemicycle::serve::config::{Config, Data, Listen};
use hemicycle::serve::{Served, Surroundings};
use tokio::sync::watch;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};
use wire::feed::v1::live_feed_service_server::{LiveFeedService, LiveFeedServiceServer};
use wire::feed::v1::watch_frames_response::Event;
use wire::feed::v1::{
    Frame, GetFrameRequest, GetFrameResponse, WatchFramesRequest, WatchFramesResponse,
    WatchIndexRequest, WatchIndexResponse,
};

use super::whole;
use crate::Outcome;
use crate::cpu::cpu_time;

/// The first argument of the process.
pub const CHILD: &str = "--feed-child";

/// The process, and where its listeners are.
pub struct Process {
    process: Child,
    /// gRPC of all roles.
    pub grpc: String,
    /// The page and the documents.
    pub http: SocketAddr,
    /// A feed that encodes each frame for each viewer.
    pub each: String,
    /// The HTTP library's hello world.
    pub hello: SocketAddr,
}

/// How much the hello world says: the body, and what fills the heads of a full answer and of one without a body, so that each
/// is as long as ours.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sizes {
    pub body: usize,
    pub full: usize,
    pub same: usize,
}

/// The header that fills a head.
pub const FILLER: &str = "x-filler";

impl Process {
    /// Starts it over a data folder, with a hello world that says as much.
    pub fn start(folder: &std::path::Path, election: &str, sizes: Sizes) -> Outcome<Self> {
        let Sizes { body, full, same } = sizes;
        let mut process = Command::new(std::env::current_exe()?)
            .arg(CHILD)
            .arg(folder)
            .arg(election)
            .args([body, full, same].map(|bytes| bytes.to_string()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let output = process.stdout.take().ok_or("the process has an output")?;
        let mut said = String::new();
        BufReader::new(output).read_line(&mut said)?;
        let said: Vec<&str> = said.split_whitespace().collect();
        let [grpc, http, each, hello] = said[..] else {
            process.wait()?;
            return Err("the server of the feed ended without a word".into());
        };
        Ok(Self {
            grpc: format!("http://{grpc}"),
            http: http.parse()?,
            each: format!("http://{each}"),
            hello: hello.parse()?,
            process,
        })
    }

    /// Its processor time so far.
    pub fn cpu(&self) -> Outcome<Duration> {
        cpu_time(&self.process.id().to_string())
    }

    /// What it holds of the machine's memory, in bytes.
    pub fn memory(&self) -> Outcome<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let mut lines = status.lines();
        let line = lines.find_map(|line| line.strip_prefix("VmRSS:"));
        let text = line.ok_or("status has VmRSS")?.trim();
        let kibibytes: u32 = text.trim_end_matches("kB").trim().parse()?;
        Ok(f64::from(kibibytes) * 1_024.0)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Its input ends, and so it does.
        drop(self.process.stdin.take());
        if let Err(error) = self.process.wait() {
            eprintln!("the server of the feed is left running: {error}");
        }
    }
}

/// The process: says its addresses, and ends with its input.
pub fn child(arguments: &[String]) -> Outcome<()> {
    let [folder, election, body, full, same] = arguments else {
        return Err("a folder, an election and three numbers of bytes".into());
    };
    let sizes = Sizes {
        body: body.parse()?,
        full: full.parse()?,
        same: same.parse()?,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let local = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let config = Config {
            listen: Listen {
                grpc: local,
                http: Some(local),
                ..Listen::default()
            },
            data: Data {
                folder: folder.into(),
            },
            ..Config::default()
        };
        let served = Served::start(&config, Surroundings::default()).await?;
        let grpc = served.address();
        let http = served.http.ok_or("the feed has a page")?;
        let each = each(format!("http://{grpc}"), election.clone()).await?;
        let hello = hello(sizes).await?;
        println!("{grpc} {http} {each} {hello}");
        std::io::stdout().flush()?;
        let ended = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
        ended.await??;
        Ok(())
    })
}

// The HTTP library as its documentation has it, saying nothing but what it must, and saying as many bytes as our answers.
async fn hello(sizes: Sizes) -> Outcome<SocketAddr> {
    let body = Bytes::from(vec![b'x'; sizes.body]);
    let json = (
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    let filler = |bytes: usize| -> Outcome<(HeaderName, HeaderValue)> {
        let text = "x".repeat(bytes);
        Ok((
            HeaderName::from_static(FILLER),
            HeaderValue::from_str(&text)?,
        ))
    };
    let (bare_body, bare_json) = (body.clone(), json.clone());
    let bare = move || {
        let (json, body) = (bare_json.clone(), bare_body.clone());
        async move { ([json], body) }
    };
    let full = filler(sizes.full)?;
    let full = move || {
        let (json, full, body) = (json.clone(), full.clone(), body.clone());
        async move { ([json, full], body) }
    };
    let same = filler(sizes.same)?;
    let same = move || {
        let same = same.clone();
        async move { (StatusCode::NOT_MODIFIED, [same]) }
    };
    let routes = axum::Router::new()
        .route("/full/bare", get(bare))
        .route("/same/bare", get(async || StatusCode::NOT_MODIFIED))
        .route("/full", get(full))
        .route("/same", get(same));
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, routes).await });
    Ok(address)
}

/// A feed as tonic and its generated server have it: each viewer's frame is encoded for it, and sent by itself.
async fn each(roles: String, election: String) -> Outcome<SocketAddr> {
    let (sender, newest) = watch::channel(None);
    let peer = Each { newest };
    let incoming = TcpIncoming::bind((Ipv4Addr::LOCALHOST, 0).into())?.with_nodelay(Some(true));
    let address = incoming.local_addr()?;
    let server = tonic::transport::Server::builder().add_service(LiveFeedServiceServer::new(peer));
    tokio::spawn(server.serve_with_incoming(incoming));
    tokio::spawn(async move {
        let client = Client::connect(&roles)?;
        loop {
            let mut news = Box::pin(client.watch_frames(whole(&election), None));
            while let Some(Ok(news)) = news.next().await {
                if let FrameNews::Frame(frame) = news {
                    sender.send_replace(Some(Arc::new(*frame)));
                }
            }
            // The election is not there yet.
            tokio::time::sleep(Duration::from_millis(50)).await;
            if sender.is_closed() {
                return Outcome::Ok(());
            }
        }
    });
    Ok(address)
}

#[derive(Clone)]
struct Each {
    newest: watch::Receiver<Option<Arc<Frame>>>,
}

type Frames = Pin<Box<dyn Stream<Item = Result<WatchFramesResponse, Status>> + Send>>;

#[tonic::async_trait]
impl LiveFeedService for Each {
    type WatchFramesStream = Frames;
    type WatchIndexStream = Pin<Box<dyn Stream<Item = Result<WatchIndexResponse, Status>> + Send>>;

    async fn watch_frames(
        &self,
        _: Request<WatchFramesRequest>,
    ) -> Result<Response<Frames>, Status> {
        let mut newest = self.newest.clone();
        newest.mark_changed();
        let frames = futures::stream::unfold(newest, |mut newest| async move {
            loop {
                newest.changed().await.ok()?;
                let frame = newest.borrow_and_update().clone();
                if let Some(frame) = frame {
                    let event = Event::Frame(frame.as_ref().clone());
                    let response = WatchFramesResponse { event: Some(event) };
                    return Some((Ok(response), newest));
                }
            }
        });
        Ok(Response::new(Box::pin(frames)))
    }

    async fn watch_index(
        &self,
        _: Request<WatchIndexRequest>,
    ) -> Result<Response<Self::WatchIndexStream>, Status> {
        Err(Status::unimplemented("not measured"))
    }

    async fn get_frame(
        &self,
        _: Request<GetFrameRequest>,
    ) -> Result<Response<GetFrameResponse>, Status> {
        Err(Status::unimplemented("not measured"))
    }
}
