//! The small HTTP server and client under the scripted services: whole requests in, whole answers out, and every way
//! in which an answer can go wrong on the wire. Plain HTTP/1.1 on loopback; knows no service.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http_body_util::{BodyExt as _, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

/// A request or an answer with its body read to the end.
pub(crate) type Request = hyper::Request<Bytes>;
/// See [`Request`].
pub(crate) type Response = hyper::Response<Body>;
/// A body that may end in the middle.
pub(crate) type Body = UnsyncBoxBody<Bytes, std::io::Error>;

/// The one runtime of all in-process servers and clients: two threads that live as long as the process.
pub(crate) fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        builder.worker_threads(2).thread_name("test-servers").enable_all().build().unwrap()
    })
}

/// A body that is all there.
pub(crate) fn whole(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}

/// A body that breaks off after these bytes: the connection is closed before its promised length.
pub(crate) fn broken_off(bytes: impl Into<Bytes>) -> Body {
    let first = stream::iter([Ok(Frame::data(bytes.into()))]);
    // The pause lets the first bytes leave before the connection is torn down.
    let then = stream::once(async {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        Err(std::io::Error::other("broken off on purpose"))
    });
    StreamBody::new(first.chain(then)).boxed_unsync()
}

/// Why the answering function gives no answer: the connection is closed instead.
#[derive(Debug)]
pub(crate) struct HangUp;

impl std::fmt::Display for HangUp {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("hung up on purpose")
    }
}

impl std::error::Error for HangUp {}

/// A server on a port of its own; it stops when this is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    address: SocketAddr,
    accepting: tokio::task::AbortHandle,
}

impl Server {
    /// Serves every request with `answer`.
    pub(crate) fn start<F, A>(answer: F) -> Self
    where
        F: Fn(Request) -> A + Send + Sync + 'static,
        A: Future<Output = Result<Response, HangUp>> + Send + 'static,
    {
        let listener = runtime().block_on(TcpListener::bind(("127.0.0.1", 0))).unwrap();
        let address = listener.local_addr().unwrap();
        let accepting = runtime().spawn(accept(listener, Arc::new(answer))).abort_handle();
        Self { address, accepting }
    }

    /// `http://127.0.0.1:port`, without a slash at the end.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept<F, A>(listener: TcpListener, answer: Arc<F>)
where
    F: Fn(Request) -> A + Send + Sync + 'static,
    A: Future<Output = Result<Response, HangUp>> + Send + 'static,
{
    while let Ok((socket, _)) = listener.accept().await {
        let answer = Arc::clone(&answer);
        let service = service_fn(move |incoming: hyper::Request<Incoming>| {
            let answer = Arc::clone(&answer);
            async move {
                let (head, body) = incoming.into_parts();
                let body = body.collect().await.map_err(|_| HangUp)?.to_bytes();
                answer(hyper::Request::from_parts(head, body)).await
            }
        });
        tokio::spawn(async move {
            // A client that goes away, or one that we hang up on, does not count as a failure of the server.
            let _ended = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(socket), service)
                .await;
        });
    }
}

/// Sends a request as it is, its `Host` header included, and reads the whole answer.
pub(crate) async fn send(request: Request) -> Result<hyper::Response<Bytes>, String> {
    static CLIENT: OnceLock<Client<HttpConnector, Full<Bytes>>> = OnceLock::new();
    let client =
        CLIENT.get_or_init(|| Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build_http());
    let response = client.request(request.map(Full::new)).await.map_err(|error| format!("{error:?}"))?;
    let (head, body) = response.into_parts();
    let body = body.collect().await.map_err(|error| error.to_string())?.to_bytes();
    Ok(hyper::Response::from_parts(head, body))
}

/// The same from a thread outside the runtime; panics when there is no answer.
pub(crate) fn send_and_wait(request: Request) -> hyper::Response<Bytes> {
    runtime().block_on(send(request)).unwrap()
}
