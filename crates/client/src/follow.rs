//! Following a stream of the other side for as long as somebody reads, over breaks and restarts.

use std::time::Duration;

use futures::{Stream, stream};
use tokio::time::{sleep, timeout};
use tonic::{Status, Streaming};
use tracing::debug;

use crate::Client;
use crate::backoff::Backoff;
use crate::error::{ClientError, Refused, is_retryable};
use crate::service::Service;

/// A stream that is silent for so long is dead: heartbeats come at least each 15 s.
const SILENCE_MAX: Duration = Duration::from_secs(45);

/// What is followed, and how far it was read.
pub(crate) trait Source: Send + 'static {
    /// The service that streams it.
    const SERVICE: Service;
    /// A message of the stream.
    type Message: Send + 'static;
    /// What a reader gets.
    type Item: Send;

    /// Opens the stream behind what was read.
    fn open(
        &mut self,
        client: &Client,
    ) -> impl Future<Output = Result<Streaming<Self::Message>, Status>> + Send;

    /// Takes in a message.
    fn accept(&mut self, message: Self::Message) -> Result<Accepted<Self::Item>, ClientError>;

    /// What a reader is told when the stream breaks, once until it is open again; nothing where readers need not know.
    fn lost(&self, _: &Refused) -> Option<Self::Item> {
        None
    }

    /// Whether the stream can be opened in another way after a status that is otherwise the end.
    fn recover(&mut self, status: &Status) -> bool;
}

/// What a message gives.
pub(crate) enum Accepted<T> {
    /// Something to read.
    Item(T),
    /// Nothing new.
    Nothing,
    /// Something to read, and the stream does not stand where it should: it is opened again.
    Restart(T),
    /// The stream does not stand where it should; why.
    Broken(&'static str),
}

/// Gives what the source gives, and opens its stream again whenever it breaks. Ends only with an error that another
/// attempt would meet again.
pub(crate) fn follow<S: Source>(
    client: Client,
    source: S,
) -> impl Stream<Item = Result<S::Item, ClientError>> + Send {
    let following = Following {
        backoff: client.backoff.clone(),
        client,
        source,
        stream: None,
        is_told: false,
    };
    stream::try_unfold(following, |mut following| async move {
        let item = following.next().await?;
        Ok(Some((item, following)))
    })
}

struct Following<S: Source> {
    client: Client,
    source: S,
    stream: Option<Streaming<S::Message>>,
    backoff: Backoff,
    /// The reader knows that the stream is broken.
    is_told: bool,
}

impl<S: Source> Following<S> {
    async fn next(&mut self) -> Result<S::Item, ClientError> {
        loop {
            let message = match self.message().await {
                Ok(message) => message,
                Err(status) => {
                    if !self.is_told && is_retryable(&status) {
                        self.is_told = true;
                        self.stream = None;
                        let refused = self.client.refused(S::SERVICE, &status);
                        if let Some(item) = self.source.lost(&refused) {
                            return Ok(item);
                        }
                    }
                    self.broke(&status).await?;
                    continue;
                }
            };
            self.is_told = false;
            self.backoff.reset();
            match self.source.accept(message)? {
                Accepted::Item(item) => return Ok(item),
                Accepted::Nothing => {}
                Accepted::Restart(item) => {
                    self.stream = None;
                    return Ok(item);
                }
                Accepted::Broken(why) => self.broke(&Status::aborted(why)).await?,
            }
        }
    }

    async fn message(&mut self) -> Result<S::Message, Status> {
        let stream = match &mut self.stream {
            Some(stream) => stream,
            None => {
                let opened = self.source.open(&self.client).await?;
                self.stream.insert(opened)
            }
        };
        let silent = |_| Status::unavailable("neither news nor heartbeats came");
        let message = timeout(SILENCE_MAX, stream.message())
            .await
            .map_err(silent)??;
        message.ok_or_else(|| Status::unavailable("the service has ended the stream"))
    }

    async fn broke(&mut self, status: &Status) -> Result<(), ClientError> {
        self.stream = None;
        let refused = self.client.refused(S::SERVICE, status);
        if !self.source.recover(status) && !is_retryable(status) {
            return Err(refused.into());
        }
        let pause = self
            .backoff
            .pause()
            .max(refused.retry_after.unwrap_or_default());
        debug!(%refused, pause_ms = pause.as_millis(), "watch broke; opening it again");
        sleep(pause).await;
        Ok(())
    }
}
