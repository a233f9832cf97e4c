//! A proxy before an S3 server that sees every request and spoils those that a rule names.
//! Clients sign for the proxy's address; the `Host` header is kept, so signatures stay valid at the server.
//! Bodies pass byte for byte. Understands neither S3 nor retries: rules do.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use hyper::header::{CONTENT_LENGTH, HeaderName, HeaderValue, TRANSFER_ENCODING};
use hyper::{HeaderMap, StatusCode, Uri};

use super::http::{self, HangUp, Request, Response, Server};

/// A request as it came in.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// How many requests came before this one.
    pub(crate) number: usize,
    /// `GET`, `PUT`, …
    pub(crate) method: String,
    /// Percent-encoded, beginning with `/bucket`.
    pub(crate) path: String,
    /// Without the question mark; empty where there is none.
    pub(crate) query: String,
    /// All headers.
    pub(crate) headers: HeaderMap,
    /// Bytes of the body as sent.
    pub(crate) body_length: usize,
    /// When its body was complete.
    pub(crate) at: Instant,
}

impl Seen {
    /// A header's text, empty where it is missing.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Whether the query holds this parameter, such as `uploads` or `partNumber`.
    pub(crate) fn has(&self, parameter: &str) -> bool {
        url::form_urlencoded::parse(self.query.as_bytes()).any(|(name, _)| name == parameter)
    }
}

/// What becomes of one request.
#[derive(Debug, Clone)]
pub(crate) enum Action {
    /// Forwarded, and answered as the server answered.
    Pass,
    /// Not forwarded; answered with this status and body.
    Status(u16, String),
    /// Not forwarded; the connection is closed.
    CloseBefore,
    /// Forwarded; then the connection is closed, and the client never learns how it went.
    CloseAfter,
    /// Forwarded after a while.
    Delay(Duration),
    /// Forwarded with one bit of its body turned over.
    SpoilRequest,
    /// Forwarded; the answer's body is replaced, its headers are kept.
    ReplaceBody(Vec<u8>),
    /// Forwarded; the answer's body breaks off after this many bytes.
    CutAnswer(usize),
    /// Forwarded; a header of the answer is set.
    ChangeHeader(&'static str, String),
    /// Forwarded; a header of the answer is left out.
    DropHeader(&'static str),
    /// Not forwarded, and never answered; the connection stays open.
    Stall,
}

type Headers = Vec<(HeaderName, HeaderValue)>;
type Rule = Arc<dyn Fn(&Seen) -> Action + Send + Sync>;

/// A running proxy; it stops when this is dropped.
pub(crate) struct Proxy {
    server: Server,
    state: Arc<State>,
}

struct State {
    target: String,
    seen: Mutex<Vec<Seen>>,
    rule: Mutex<Rule>,
    /// Headers that the answer to a HEAD must have, by path. Answers to other paths stay as they are.
    told: Mutex<Option<BTreeMap<String, Headers>>>,
}

/// Headers of a HEAD that repeat what a multipart upload was created and completed with.
const KEPT: [&str; 3] =
    ["x-amz-checksum-crc64nvme", "x-amz-object-lock-mode", "x-amz-object-lock-retain-until-date"];

impl Proxy {
    /// Starts a proxy before `endpoint` (`http://127.0.0.1:port`) that passes everything.
    pub(crate) fn before(endpoint: &str) -> Self {
        let rule: Rule = Arc::new(|_| Action::Pass);
        let state = Arc::new(State {
            target: endpoint.to_owned(),
            seen: Mutex::default(),
            rule: Mutex::new(rule),
            told: Mutex::default(),
        });
        let shared = Arc::clone(&state);
        let server = Server::start(move |request| handle(Arc::clone(&shared), request));
        Self { server, state }
    }

    /// What clients are given in place of the server's address.
    pub(crate) fn endpoint(&self) -> String {
        self.server.url()
    }

    /// Every request so far, in order.
    pub(crate) fn requests(&self) -> Vec<Seen> {
        self.state.seen.lock().unwrap().clone()
    }

    /// Sets the rule for all requests from now on, in place of the one before.
    pub(crate) fn rule(&self, rule: impl Fn(&Seen) -> Action + Send + Sync + 'static) {
        *self.state.rule.lock().unwrap() = Arc::new(rule);
    }

    /// Moto reads no conditions in bucket policies, so a policy that denies requests without TLS denies all of them. From now
    /// on, the objects that `preflight` asks for and no run writes are answered as S3 does over TLS.
    pub(crate) fn answer_for_missing_objects(&self) {
        let missing = "<Error><Code>NoSuchKey</Code><Message>No such key</Message></Error>".to_owned();
        self.rule(move |seen| {
            let is_asked = seen.path.ends_with("/0000/preflight");
            if is_asked { Action::Status(404, missing.clone()) } else { Action::Pass }
        });
    }

    /// Moto returns a CRC32 if it is asked for the CRC64NVME of a multipart object, or now and then nothing, and forgets
    /// such an object's lock. S3 returns those with which the upload was completed and created. So does this from now on,
    /// whatever the rule is; only what a rule changes in an answer comes after it.
    pub(crate) fn tell_the_right_checksum(&self) {
        *self.state.told.lock().unwrap() = Some(BTreeMap::new());
    }

    /// Does `action` to the first `times` requests that `which` picks, and passes the others.
    pub(crate) fn spoil(
        &self,
        times: usize,
        action: Action,
        which: impl Fn(&Seen) -> bool + Send + Sync + 'static,
    ) {
        let left = Mutex::new(times);
        self.rule(move |seen| {
            let mut left = left.lock().unwrap();
            if *left == 0 || !which(seen) {
                return Action::Pass;
            }
            *left -= 1;
            action.clone()
        });
    }
}

async fn handle(state: Arc<State>, request: Request) -> Result<Response, HangUp> {
    let seen = state.note(&request);
    state.keep(&seen);
    let rule = Arc::clone(&*state.rule.lock().unwrap());
    match rule(&seen) {
        Action::Pass => Ok(forward(&state, request).await?.map(http::whole)),
        Action::Status(status, body) => Ok(answer(status, body)),
        Action::CloseBefore => Err(HangUp),
        Action::CloseAfter => forward(&state, request).await.and(Err(HangUp)),
        Action::Delay(time) => {
            tokio::time::sleep(time).await;
            Ok(forward(&state, request).await?.map(http::whole))
        }
        Action::SpoilRequest => Ok(forward(&state, request.map(|body| spoil(&body))).await?.map(http::whole)),
        Action::ReplaceBody(body) => {
            let mut response = forward(&state, request).await?;
            response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
            Ok(response.map(|_| http::whole(body)))
        }
        Action::CutAnswer(length) => {
            let mut response = forward(&state, request).await?;
            let promised = response.body().len();
            response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(promised));
            Ok(response.map(|body| http::broken_off(body.slice(..length.min(promised)))))
        }
        Action::ChangeHeader(name, value) => {
            let mut response = forward(&state, request).await?;
            response.headers_mut().insert(HeaderName::from_static(name), value.parse().unwrap());
            Ok(response.map(http::whole))
        }
        Action::DropHeader(name) => {
            let mut response = forward(&state, request).await?;
            response.headers_mut().remove(name);
            Ok(response.map(http::whole))
        }
        Action::Stall => std::future::pending().await,
    }
}

impl State {
    fn note(&self, request: &Request) -> Seen {
        let mut all = self.seen.lock().unwrap();
        let seen = Seen {
            number: all.len(),
            method: request.method().to_string(),
            path: request.uri().path().to_owned(),
            query: request.uri().query().unwrap_or_default().to_owned(),
            headers: request.headers().clone(),
            body_length: request.body().len(),
            at: Instant::now(),
        };
        all.push(seen.clone());
        seen
    }

    fn keep(&self, seen: &Seen) {
        if let Some(told) = &mut *self.told.lock().unwrap()
            && seen.method == "POST"
        {
            let kept = KEPT.iter().filter_map(|name| {
                let value = seen.headers.get(*name)?.clone();
                Some((HeaderName::from_static(name), value))
            });
            told.entry(seen.path.clone()).or_default().extend(kept);
        }
    }

    fn mend(&self, request: &(hyper::Method, String), response: &mut hyper::Response<Bytes>) {
        let (method, path) = request;
        if let Some(kept) = self.told.lock().unwrap().as_ref().and_then(|told| told.get(path))
            && method == hyper::Method::HEAD
            && response.status().is_success()
        {
            kept.iter().for_each(|(name, value)| drop(response.headers_mut().insert(name, value.clone())));
        }
    }
}

/// A server that cannot be reached shows as a closed connection, as it would without the proxy.
async fn forward(state: &State, mut request: Request) -> Result<hyper::Response<Bytes>, HangUp> {
    let asked = (request.method().clone(), request.uri().path().to_owned());
    let path_and_query = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let target: Uri = format!("{}{path_and_query}", state.target).parse().unwrap();
    *request.uri_mut() = target;
    // The body is whole by now; its length says so, not its chunks.
    request.headers_mut().remove(TRANSFER_ENCODING);
    let mut response = http::send(request).await.map_err(|_| HangUp)?;
    response.headers_mut().remove(TRANSFER_ENCODING);
    state.mend(&asked, &mut response);
    Ok(response)
}

fn answer(status: u16, body: String) -> Response {
    let mut response = hyper::Response::new(http::whole(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    response
}

fn spoil(body: &Bytes) -> Bytes {
    let mut body = body.to_vec();
    let middle = body.len() / 2;
    if let Some(byte) = body.get_mut(middle) {
        *byte ^= 1;
    }
    body.into()
}
