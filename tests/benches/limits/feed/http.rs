//! A client of HTTP that does no more than it must, so that the server is what is measured.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::Outcome;

/// A connection that is kept.
pub struct Connection {
    stream: TcpStream,
    read: Vec<u8>,
}

/// An answer's head and body.
pub struct Answer {
    /// The status line and the headers.
    pub head: String,
    /// The body.
    pub body: Vec<u8>,
}

impl Connection {
    /// A new one.
    pub async fn open(address: SocketAddr) -> Outcome<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            read: Vec::with_capacity(64 * 1_024),
        })
    }

    /// Asks and waits for the whole answer.
    pub async fn ask(&mut self, request: &[u8]) -> Outcome<Answer> {
        self.stream.write_all(request).await?;
        let end = loop {
            if let Some(end) = self.read.windows(4).position(|it| it == b"\r\n\r\n") {
                break end + 4;
            }
            self.more().await?;
        };
        let head = String::from_utf8_lossy(&self.read[..end]).to_ascii_lowercase();
        let mut lines = head.lines();
        let length = lines.find_map(|line| line.strip_prefix("content-length:"));
        let length: usize = match length {
            Some(length) if !head.starts_with("http/1.1 304") => length.trim().parse()?,
            _ => 0,
        };
        while self.read.len() < end + length {
            self.more().await?;
        }
        let body = self.read[end..end + length].to_vec();
        self.read.drain(..end + length);
        Ok(Answer { head, body })
    }

    async fn more(&mut self) -> Outcome<()> {
        if self.stream.read_buf(&mut self.read).await? == 0 {
            return Err("the server has closed a connection".into());
        }
        Ok(())
    }
}

/// A request without a body.
pub fn get(path: &str, header: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: bench\r\n{header}\r\n").into_bytes()
}

/// Answers a second, over so many connections, each with one request under way.
pub async fn load(
    address: SocketAddr,
    request: &[u8],
    status: &str,
    connections: u32,
    span: Duration,
) -> Outcome<f64> {
    let mut tasks = JoinSet::new();
    for _ in 0..connections {
        let request = request.to_vec();
        let begin = format!("http/1.1 {status}");
        tasks.spawn(async move {
            let mut connection = Connection::open(address).await?;
            let (end, mut answers) = (Instant::now() + span, 0_u32);
            while Instant::now() < end {
                let answer = connection.ask(&request).await?;
                if !answer.head.starts_with(&begin) {
                    return Err(format!("{begin} was expected: {}", answer.head).into());
                }
                answers += 1;
            }
            Outcome::Ok(answers)
        });
    }
    let mut answers = 0.0;
    while let Some(ended) = tasks.join_next().await {
        answers += f64::from(ended??);
    }
    Ok(answers / span.as_secs_f64())
}

/// Opens a stream of events, and reads it to nowhere; or, stalled, nothing of it.
pub async fn events(address: SocketAddr, path: &str, is_stalled: bool) -> Outcome<TcpStream> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(&get(path, "")).await?;
    if !is_stalled {
        let mut some = [0; 4_096];
        if stream.read(&mut some).await? == 0 {
            return Err("the stream of events was closed".into());
        }
    }
    Ok(stream)
}

/// The most that waits in the kernel for one connection of a server on this port, in bytes.
pub fn waiting_most(port: u16) -> Outcome<f64> {
    let table = std::fs::read_to_string("/proc/net/tcp")?;
    let local = format!(":{port:04X}");
    let mut most = 0;
    for line in table.lines().skip(1) {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let (Some(from), Some(queues)) = (fields.get(1), fields.get(4)) else {
            continue;
        };
        if from.ends_with(&local) {
            let sent = queues.split(':').next().unwrap_or("0");
            most = u32::from_str_radix(sent, 16)?.max(most);
        }
    }
    Ok(f64::from(most))
}
