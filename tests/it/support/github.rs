//! A scripted GitHub: approvals, pull requests and issues of one repository, with memory. It refuses what the real one
//! refuses, in its words, and a request or an answer that the official description does not know ends the test.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use serde_json::{Value, json};

use super::github_answers as answers;
use super::http::{self, HangUp, Request, Response, Server};
use super::tools;

/// The repository that `Run` says to be of.
pub(crate) const REPOSITORY: &str = "cure-hht/hht_diary";

/// What goes wrong with a request.
#[derive(Debug, Clone)]
pub(crate) enum Trouble {
    /// An error status with GitHub's JSON body and this message.
    Status(u16, &'static str),
    /// An error status with a proxy's HTML body.
    Html(u16),
    /// An error whose message quotes the request's token.
    Quotes,
    /// The right answer, late.
    Slow(Duration),
    /// The connection is closed without an answer.
    HangUp,
    /// Status 200 with this body.
    Says(&'static str),
    /// A redirect to this address.
    MovedTo(String),
}

/// A running GitHub; it stops when this is dropped.
#[derive(Debug)]
pub(crate) struct GitHub {
    server: Server,
    state: Arc<Mutex<State>>,
    prefix: String,
    /// The one token that it knows.
    pub(crate) token: String,
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) token: String,
    pub(super) prefix: String,
    /// Permissions that the token lacks: `actions`, `secrets`, `pulls`, `issues`.
    pub(super) lacking: BTreeSet<&'static str>,
    pub(super) approvals: BTreeMap<String, Value>,
    pub(super) pulls: BTreeMap<String, Vec<Value>>,
    /// Names of secrets by place: `actions`, `organization`, or an environment's name.
    pub(super) secrets: BTreeMap<String, Vec<String>>,
    /// Numbers of reviewers by environment.
    pub(super) reviewers: BTreeMap<String, usize>,
    pub(super) issues: Vec<Value>,
    pub(super) comments: BTreeMap<u64, Vec<Value>>,
    pub(super) breaches: Vec<String>,
    asked: Vec<String>,
    trouble: Vec<(&'static str, Trouble)>,
    next: Option<(&'static str, Trouble)>,
}

impl GitHub {
    /// Starts one as github.com is.
    pub(crate) fn start() -> Self {
        Self::below("")
    }

    /// Starts one whose API has a path, `/api/v3` of an enterprise server for example.
    pub(crate) fn below(prefix: &str) -> Self {
        let token = format!("ghs_{}canary", tools::unique().repeat(3));
        let state = State { token: token.clone(), prefix: prefix.to_owned(), ..State::default() };
        let state = Arc::new(Mutex::new(state));
        let shared = Arc::clone(&state);
        let server = Server::start(move |request| handle(Arc::clone(&shared), request));
        Self { server, state, prefix: prefix.to_owned(), token }
    }

    /// What the runner says in `GITHUB_API_URL`.
    pub(crate) fn url(&self) -> String {
        format!("{}{}", self.server.url(), self.prefix)
    }

    /// A person's word on a run.
    pub(crate) fn approve(&self, run_id: &str, user: &str, state: &str, comment: &str) {
        let one = json!({
            "user": answers::user(user), "state": state, "comment": comment, "environments": [{"name": "production"}],
        });
        let mut state = self.state();
        let known = state.approvals.entry(run_id.to_owned()).or_insert_with(|| json!([]));
        known.as_array_mut().unwrap().push(one);
    }

    /// A merged pull request that brought a commit.
    pub(crate) fn merge(&self, commit: &str, number: u64, title: &str, by: (&str, &str)) {
        let pull = json!({
            "number": number, "title": title, "state": "closed", "user": answers::user(by.0),
            "merged_at": "2026-11-20T11:00:00Z", "merged_by": answers::user(by.1), "base": {"ref": "main"},
        });
        self.state().pulls.entry(commit.to_owned()).or_default().push(pull);
    }

    /// A secret of the repository (`actions`), the organization (`organization`) or an environment.
    pub(crate) fn secret(&self, place: &str, name: &str) {
        self.state().secrets.entry(place.to_owned()).or_default().push(name.to_owned());
    }

    /// Makes an environment with this many required reviewers.
    pub(crate) fn environment(&self, name: &str, reviewers: usize) {
        self.state().reviewers.insert(name.to_owned(), reviewers);
    }

    /// Opens an issue as a person does; gives its number.
    pub(crate) fn issue_of(&self, user: &str, title: &str, body: &str, labels: &[&str]) -> u64 {
        let labels: Vec<Value> = labels.iter().map(|name| json!({"name": name})).collect();
        answers::open(&mut self.state(), user, json!({"title": title, "body": body, "labels": labels}))
    }

    /// Adds a comment as a person does.
    pub(crate) fn comment_of(&self, user: &str, number: u64, body: &str) {
        answers::comment(&mut self.state(), user, number, body);
    }

    /// All issues: number, state, title, body.
    pub(crate) fn issues(&self) -> Vec<Value> {
        self.state().issues.clone()
    }

    /// The comments of an issue.
    pub(crate) fn comments(&self, number: u64) -> Vec<String> {
        let state = self.state();
        let of = state.comments.get(&number).into_iter().flatten();
        of.map(|comment| comment["body"].as_str().unwrap().to_owned()).collect()
    }

    /// The token lacks a permission: `actions`, `secrets`, `pulls` or `issues`.
    pub(crate) fn lacks(&self, permission: &'static str) {
        self.state().lacking.insert(permission);
    }

    /// Every request whose method and path hold these words gets into trouble from now on.
    pub(crate) fn trouble(&self, words: &'static str, trouble: Trouble) {
        self.state().trouble.push((words, trouble));
    }

    /// The next request whose method and path hold these words does, and no other.
    pub(crate) fn next(&self, words: &'static str, trouble: Trouble) {
        self.state().next = Some((words, trouble));
    }

    /// Every request so far, as `POST /repos/…`.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.state().asked.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

impl Drop for GitHub {
    fn drop(&mut self) {
        let breaches = std::mem::take(&mut self.state().breaches);
        assert!(
            breaches.is_empty() || std::thread::panicking(),
            "GitHub's description knows no such thing:\n{}",
            breaches.join("\n")
        );
    }
}

async fn handle(state: Arc<Mutex<State>>, request: Request) -> Result<Response, HangUp> {
    let line = format!("{} {}", request.method(), request.uri().path());
    let trouble = {
        let mut state = state.lock().unwrap();
        state.asked.push(line.clone());
        let once = state.next.take_if(|(words, _)| line.contains(*words));
        let always = || state.trouble.iter().find(|(words, _)| line.contains(words)).cloned();
        once.or_else(always).map(|(_, trouble)| trouble)
    };
    let json = |status: u16, body: String| {
        let answer = hyper::Response::builder().status(status).header("content-type", "application/json");
        answer.body(http::whole(body)).unwrap()
    };
    let message =
        |text: &str| json!({"message": text, "documentation_url": "https://docs.github.com"}).to_string();
    match trouble {
        Some(Trouble::HangUp) => return Err(HangUp),
        Some(Trouble::Status(status, text)) => return Ok(json(status, message(text))),
        Some(Trouble::Html(status)) => return Ok(json(status, "<html>Unicorn!</html>".to_owned())),
        Some(Trouble::Says(body)) => return Ok(json(200, body.to_owned())),
        Some(Trouble::Quotes) => {
            let header = request.headers().get("authorization").and_then(|value| value.to_str().ok());
            return Ok(json(400, message(&format!("bad header {}", header.unwrap_or_default()))));
        }
        Some(Trouble::MovedTo(place)) => {
            let answer = hyper::Response::builder().status(302).header("location", place);
            return Ok(answer.body(http::whole("")).unwrap());
        }
        Some(Trouble::Slow(time)) => tokio::time::sleep(time).await,
        None => {}
    }
    let (status, body) = answers::answer(&mut state.lock().unwrap(), &request);
    Ok(json(status, body.to_string()))
}
