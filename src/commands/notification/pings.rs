//! The checks of a ping service: each gets the start of a run or of a sponsor's part, and later its end.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

use crate::cli::options::{NotifyOptions, PING};
use crate::report::notification::ping::{Signal, body, body_of_part};
use crate::report::notification::{Notification, SponsorPart};
use crate::report::notifier::{Letter, Notifier, NotifyError};
use crate::secrets::Secret;
use crate::secrets::variables::variable;

type Sending = AbortOnDropHandle<Result<(), NotifyError>>;

/// The checks of one run.
#[derive(Debug)]
pub(super) struct Pings {
    notifier: Notifier,
    run: Option<Check>,
    /// By the name of the variable.
    sponsors: BTreeMap<String, Check>,
}

/// One check.
#[derive(Debug)]
struct Check {
    url: Secret,
    /// The same in all signals of a run.
    rid: Uuid,
    /// The start that was sent, or is being sent.
    start: Mutex<Option<Sending>>,
}

/// A signal that ends a run or a part of it, not sent yet.
pub(super) struct EndPing<'a> {
    /// The variable of the check.
    pub(super) sink: String,
    notifier: &'a Notifier,
    check: &'a Check,
    letter: Letter,
}

impl Pings {
    pub(super) fn new(options: &NotifyOptions) -> Self {
        Self {
            notifier: Notifier::new(),
            run: options.ping.as_ref().map(Check::new),
            sponsors: options
                .sponsor_pings
                .iter()
                .map(|(name, url)| (name.clone(), Check::new(url)))
                .collect(),
        }
    }

    /// Signals the start of the run. Waits for nothing.
    pub(super) fn start_run(&self) {
        if let Some(check) = &self.run {
            check.start(&self.notifier);
        }
    }

    pub(super) fn start_part(&self, sponsor: &str) {
        if let Some(check) = self.sponsors.get(&variable(PING, sponsor)) {
            check.start(&self.notifier);
        }
    }

    /// How the run and its parts ended. A part that began and has no result ended with the run.
    pub(super) fn ends(&self, notification: &Notification) -> Vec<EndPing<'_>> {
        let whole = || (Signal::of_run(notification), body(notification));
        let of_part =
            |part: &SponsorPart| (Signal::of_part(part, notification), body_of_part(part, notification));
        let run = self.run.as_ref().map(|check| self.end(PING, check, whole()));
        let parts = self.sponsors.iter().filter_map(|(name, check)| {
            let part = notification.sponsors.iter().find(|part| variable(PING, &part.sponsor) == *name);
            let end = part.map(of_part).or_else(|| check.has_begun().then(whole))?;
            Some(self.end(name, check, end))
        });
        run.into_iter().chain(parts).collect()
    }

    fn end<'a>(&'a self, sink: &str, check: &'a Check, (signal, body): (Signal, String)) -> EndPing<'a> {
        EndPing { sink: sink.to_owned(), notifier: &self.notifier, check, letter: check.letter(signal, body) }
    }
}

impl Check {
    fn new(url: &Secret) -> Self {
        Self { url: url.clone(), rid: Uuid::new_v4(), start: Mutex::default() }
    }

    fn letter(&self, signal: Signal, body: String) -> Letter {
        Letter { url: signal.url(&self.url, self.rid), headers: Vec::new(), body }
    }

    /// Once: a part that panicked is begun again to be reported.
    fn start(&self, notifier: &Notifier) {
        let (notifier, letter) = (notifier.clone(), self.letter(Signal::Start, String::new()));
        self.start.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(|| {
            AbortOnDropHandle::new(tokio::spawn(async move { notifier.send(&letter).await }))
        });
    }

    fn has_begun(&self) -> bool {
        self.start.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }
}

impl EndPing<'_> {
    /// Sends it, after the start.
    pub(super) async fn send(self) -> Result<(), NotifyError> {
        let start = self.check.start.lock().unwrap_or_else(PoisonError::into_inner).take();
        let started = match start {
            // A start that was aborted or panicked says nothing about the sink.
            Some(start) => start.await.unwrap_or(Ok(())),
            None => Ok(()),
        };
        self.notifier.send(&self.letter).await.and(started)
    }
}
