//! Notifications: what Slack, the webhook and a ping service are sent, and that no sink changes how a run ends.

mod email;
mod failing_sinks;
mod messages;
mod pings;
mod sample;
mod signature;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;

use crate::support::schemas::check_notification;
use crate::support::{HangUp, Outcome, Request, Response, Run, Server, Sponsor, Trial, whole};

/// A part of every URL. Long and with digits, as tokens are.
const CANARY: &str = "Canary00117Of27Sinks";
/// `whsec_` and 24 bytes.
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A request as a sink received it.
#[derive(Debug, Clone)]
struct Received {
    /// Path and query.
    target: String,
    headers: BTreeMap<String, String>,
    body: String,
}

/// A server for all sinks that answers everything alike, and remembers what it was sent.
struct Sinks {
    server: Server,
    seen: Arc<Mutex<Vec<Received>>>,
    /// The targets of requests whose sender waited for the answer.
    answered: Arc<Mutex<Vec<String>>>,
}

impl Sinks {
    fn start() -> Self {
        Self::answering(200, Duration::ZERO)
    }

    fn answering(status: u16, after: Duration) -> Self {
        Self::answering_each(status, move |_| after)
    }

    /// Takes as long for a request as `delay` says, given its target.
    fn answering_each(status: u16, delay: impl Fn(&str) -> Duration + Send + Sync + 'static) -> Self {
        let (seen, answered) = (Arc::<Mutex<Vec<Received>>>::default(), Arc::<Mutex<Vec<String>>>::default());
        let (noted, done) = (Arc::clone(&seen), Arc::clone(&answered));
        let server = Server::start(move |request: Request| {
            let headers = request.headers().iter();
            noted.lock().unwrap().push(Received {
                target: request.uri().to_string(),
                headers: headers
                    .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
                    .collect(),
                body: String::from_utf8(request.body().to_vec()).unwrap(),
            });
            let (after, done) = (delay(&request.uri().to_string()), Arc::clone(&done));
            async move {
                tokio::time::sleep(after).await;
                done.lock().unwrap().push(request.uri().to_string());
                let answer = Response::new(whole(format!("no_service for {CANARY}")));
                let (mut head, body) = answer.into_parts();
                head.status = hyper::StatusCode::from_u16(status).unwrap();
                let elsewhere = format!("http://127.0.0.1:1/{CANARY}");
                head.headers.insert("location", elsewhere.parse().unwrap());
                Ok::<_, HangUp>(Response::from_parts(head, body))
            }
        });
        Self { server, seen, answered }
    }

    fn url(&self, name: &str) -> String {
        format!("{}/{name}/{CANARY}", self.server.url())
    }

    /// Gives a run all three kinds of sinks.
    fn wire(&self, run: Run) -> Run {
        wire_to(run, &self.server.url())
    }

    fn seen(&self, name: &str) -> Vec<Received> {
        let all = self.seen.lock().unwrap().clone();
        all.into_iter().filter(|one| one.target.starts_with(&format!("/{name}/"))).collect()
    }

    /// The paths of pings behind the check, in order.
    fn signals(&self, name: &str) -> Vec<String> {
        let check = format!("/{name}/{CANARY}");
        let path =
            |one: Received| one.target.split('?').next().unwrap().strip_prefix(&check).unwrap().to_owned();
        self.seen(name).into_iter().map(path).collect()
    }

    /// The documents that the webhook received.
    fn documents(&self) -> Vec<Value> {
        let documents: Vec<Value> =
            self.seen("webhook").iter().map(|one| serde_json::from_str(&one.body).unwrap()).collect();
        documents.iter().for_each(|document| check_notification("the webhook's document", document));
        documents
    }

    /// The messages that Slack received.
    fn messages(&self) -> Vec<Value> {
        self.seen("slack").iter().map(|one| serde_json::from_str(&one.body).unwrap()).collect()
    }
}

fn wire_to(run: Run, base: &str) -> Run {
    run.env("SLACK_WEBHOOK_URL", format!("{base}/slack/{CANARY}"))
        .env("NOTIFY_WEBHOOK_URL", format!("{base}/webhook/{CANARY}"))
        .env("NOTIFY_WEBHOOK_SECRET", SECRET)
        .env("PING_URL", format!("{base}/ping/{CANARY}"))
}

fn callisto() -> Trial {
    Trial::of([Sponsor::named("callisto").diary(2, 3)])
}

/// A closed port instead of the database: the backup fails within a second.
fn lose_database(trial: &Trial, sponsor: &str) {
    trial.secret(sponsor, "DATABASE_URL", Some("postgres://app:secret-of-app@127.0.0.1:1/app"));
}

fn warnings(outcome: &Outcome) -> Vec<String> {
    outcome.annotations("warning").into_iter().filter(|text| text.contains("notification")).collect()
}

/// No part of a sink's URL and no key left the run.
fn assert_quiet(outcome: &Outcome) {
    let everything = outcome.everything();
    assert!(!everything.contains(CANARY), "{everything}");
    assert!(!everything.contains(&SECRET[6..]), "{everything}");
    // Without the runner's own masks, too: the program announces them, and prints nothing that needs them.
    let printed = outcome.transcript();
    let mut shown = printed.lines().filter(|line| !line.starts_with("::add-mask::"));
    assert!(shown.all(|line| !line.contains(CANARY) && !line.contains(&SECRET[6..])), "{printed}");
}
