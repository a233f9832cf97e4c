//! A scripted Doppler: the endpoints for download and names, tokens that are bound to one config, the real error bodies, and
//! trouble on demand. For identities see their own file.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use hyper::header::{HeaderMap, HeaderName, HeaderValue};

use super::doppler_answers as answers;
use super::doppler_identities::{self as identities, Identity, Lent};
use super::doppler_person as person;
use super::http::{HangUp, Request, Response, Server};
use super::tools;

/// A request as it came in.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// The parameter `project`, empty where it was missing.
    pub(crate) project: String,
    /// The parameter `config`, empty where it was missing.
    pub(crate) config: String,
    /// The names in the parameter `secrets`, in order.
    pub(crate) secrets: Vec<String>,
    /// Whether `secrets` was missing: everything was asked for, which the product must not.
    pub(crate) over_broad: bool,
    /// The token, whether sent as bearer or as basic user; empty where there was none.
    pub(crate) token: String,
    /// When it came.
    pub(crate) at: Instant,
}

/// What goes wrong with one request.
#[derive(Debug, Clone)]
pub(crate) enum Trouble {
    /// An error status with Doppler's JSON body.
    Status(u16),
    /// An error status with a proxy's HTML body.
    PlainStatus(u16),
    /// 429 with `retry-after` in seconds.
    TooManyRequests {
        /// Seconds.
        retry_after: u64,
    },
    /// The right answer, late.
    Slow(Duration),
    /// An answer that breaks off in the middle of its JSON.
    CutOff,
    /// The connection is closed without an answer.
    HangUp,
    /// Status 200 with a body that is not JSON.
    NotJson,
    /// Just this.
    Answer {
        /// Its status.
        status: u16,
        /// Headers in addition to the usual ones, or in their place.
        headers: Vec<(&'static str, String)>,
        /// Its body.
        body: String,
    },
    /// The right answer with one value changed, such as `DOPPLER_PROJECT`.
    Lie {
        /// The secret's name.
        name: &'static str,
        /// What is said in place of the truth.
        value: String,
    },
}

/// A running Doppler; it stops when this is dropped.
#[derive(Debug)]
pub(crate) struct Doppler {
    server: Server,
    state: Arc<Mutex<State>>,
}

/// What a token may read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Scope {
    Config { project: String, config: String },
    Everything,
    Projects(BTreeSet<String>),
}

/// Everything that Doppler knows, by project and config.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) configs: BTreeMap<(String, String), BTreeMap<String, String>>,
    pub(super) tokens: BTreeMap<String, Scope>,
    /// Of tokens that a person made.
    pub(super) token_names: BTreeMap<String, String>,
    asked: Vec<Asked>,
    next: VecDeque<Trouble>,
    by_token: BTreeMap<String, VecDeque<Trouble>>,
    pub(super) identities: BTreeMap<String, Identity>,
    pub(super) lent: Vec<Lent>,
    pub(super) identity_troubles: VecDeque<u16>,
    identity_delay: Duration,
    pub(super) hides_names: bool,
    minute: Option<Minute>,
}

/// A limit of requests, for a minute that is as short as a test wants it.
#[derive(Debug)]
struct Minute {
    requests: u64,
    seconds: u64,
    /// The current one, and its requests.
    current: (u64, u64),
}

impl Doppler {
    /// Starts a Doppler without projects.
    pub(crate) fn start() -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        let server = Server::start(move |request| handle(Arc::clone(&shared), request));
        Self { server, state }
    }

    /// What the product is given as `doppler-api-url`.
    pub(crate) fn url(&self) -> String {
        self.server.url()
    }

    /// Adds secrets to a config, which is made if need be, and gives a service token for it alone.
    pub(crate) fn config<N: Into<String>, V: Into<String>>(
        &self,
        project: &str,
        config: &str,
        secrets: impl IntoIterator<Item = (N, V)>,
    ) -> String {
        let token = format!("dp.st.{config}.{0}{0}", uuid::Uuid::new_v4().simple());
        let mut state = self.state();
        let known = state.configs.entry((project.to_owned(), config.to_owned())).or_default();
        known.extend(secrets.into_iter().map(|(name, value)| (name.into(), value.into())));
        state
            .tokens
            .insert(token.clone(), Scope::Config { project: project.to_owned(), config: config.to_owned() });
        token
    }

    /// A token that reads every project, and must name project and config.
    pub(crate) fn service_account(&self) -> String {
        let token = format!("dp.sa.{}", tools::unique().repeat(5));
        self.state().tokens.insert(token.clone(), Scope::Everything);
        token
    }

    /// Makes an identity, or another one of it.
    pub(crate) fn identity(&self, id: &str, identity: Identity) {
        self.state().identities.insert(id.to_owned(), identity);
    }

    /// Every token that an identity was lent, in order.
    pub(crate) fn lent(&self) -> Vec<Lent> {
        self.state().lent.clone()
    }

    /// The next exchange or revocation fails with this status.
    pub(crate) fn refuse_next_identity(&self, status: u16) {
        self.state().identity_troubles.push_back(status);
    }

    /// From now on exchanges and revocations are answered so late.
    pub(crate) fn delay_identities(&self, delay: Duration) {
        self.state().identity_delay = delay;
    }

    /// The secrets of a config.
    pub(crate) fn secrets(&self, project: &str, config: &str) -> BTreeMap<String, String> {
        self.state().configs.get(&(project.to_owned(), config.to_owned())).cloned().unwrap_or_default()
    }

    /// Sets one secret, or takes it away.
    pub(crate) fn set(&self, project: &str, config: &str, name: &str, value: Option<&str>) {
        let mut state = self.state();
        let known = state
            .configs
            .get_mut(&(project.to_owned(), config.to_owned()))
            .expect("a config that was made before");
        match value {
            Some(value) => known.insert(name.to_owned(), value.to_owned()),
            None => known.remove(name),
        };
    }

    /// From now on limits the requests for values in each of these intervals of seconds.
    pub(crate) fn limit(&self, requests: u64, seconds: u64) {
        self.state().minute = Some(Minute { requests, seconds, current: (0, 0) });
    }

    /// From now on no token can list names.
    pub(crate) fn hide_names(&self) {
        self.state().hides_names = true;
    }

    /// From now on this token is unknown.
    pub(crate) fn revoke(&self, token: &str) {
        self.state().tokens.remove(token);
    }

    /// Every request so far, those in trouble included.
    pub(crate) fn requests(&self) -> Vec<Asked> {
        self.state().asked.clone()
    }

    /// Queues trouble for the next request that has none yet, with any token.
    pub(crate) fn next(&self, trouble: Trouble) {
        self.state().next.push_back(trouble);
    }

    /// The next `times` requests with this token get into trouble.
    pub(crate) fn trouble_for(&self, token: &str, trouble: &Trouble, times: usize) {
        let again = std::iter::repeat_n(trouble.clone(), times);
        self.state().by_token.entry(token.to_owned()).or_default().extend(again);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

async fn handle(state: Arc<Mutex<State>>, request: Request) -> Result<Response, HangUp> {
    let (about_identities, delay) = {
        let mut state = state.lock().unwrap();
        (identities::answer(&mut state, &request), state.identity_delay)
    };
    if let Some(answer) = about_identities {
        tokio::time::sleep(delay).await;
        return Ok(answer);
    }
    if let Some(names) = answers::names(&state.lock().unwrap(), &request) {
        return Ok(names);
    }
    if let Some(changed) = person::answer(&mut state.lock().unwrap(), &request) {
        return Ok(changed);
    }
    let asked = answers::read(&request);
    let headers = state.lock().unwrap().count();
    let mut answer = answered(state, &request, asked).await?;
    if let Some((headers, is_allowed)) = headers {
        if !is_allowed {
            answer = answers::refuse(429, "You have exceeded the rate limit");
        }
        for (name, value) in headers {
            answer.headers_mut().insert(name.unwrap(), value);
        }
    }
    Ok(answer)
}

async fn answered(state: Arc<Mutex<State>>, request: &Request, asked: Asked) -> Result<Response, HangUp> {
    let (trouble, truth) = {
        let mut state = state.lock().unwrap();
        identities::end_what_is_over(&mut state);
        state.asked.push(asked.clone());
        (state.trouble(&asked.token), answers::truth(&state, request, &asked))
    };
    match trouble {
        None => Ok(answers::tell(truth)),
        Some(Trouble::Slow(time)) => {
            tokio::time::sleep(time).await;
            Ok(answers::tell(truth))
        }
        Some(Trouble::HangUp) => Err(HangUp),
        Some(trouble) => Ok(answers::spoiled(trouble, truth)),
    }
}

impl State {
    /// Counts a request; gives the headers about the limit, and whether it is within it.
    fn count(&mut self) -> Option<(HeaderMap, bool)> {
        let minute = self.minute.as_mut()?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() / minute.seconds;
        if minute.current.0 != now {
            minute.current = (now, 0);
        }
        minute.current.1 += 1;
        let is_allowed = minute.current.1 <= minute.requests;
        let values = [
            ("x-ratelimit-limit", minute.requests),
            ("x-ratelimit-remaining", minute.requests.saturating_sub(minute.current.1)),
            ("x-ratelimit-reset", (now + 1) * minute.seconds),
        ];
        let headers = values.map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from(value)));
        Some((headers.into_iter().collect(), is_allowed))
    }

    fn trouble(&mut self, token: &str) -> Option<Trouble> {
        self.by_token.get_mut(token).and_then(VecDeque::pop_front).or_else(|| self.next.pop_front())
    }
}
