//! The wall clock of one sponsor: one for its whole turn. When it is over, what the sponsor's steps hear is the same as at a
//! signal, and only here is told which of the two it was.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::Edge;
use crate::failure::{Cancelled, Failure, TimedOut};

/// What was begun is taken back until then; the rest of the five seconds is for the record.
const TAKING_BACK: Duration = Duration::from_secs(3);

/// Runs from its start until it is dropped.
pub(super) struct Clock<'a> {
    edge: &'a Edge,
    stop: CancellationToken,
    over: TimedOut,
    /// When it is over; `None` while it is paused.
    end: watch::Sender<Option<Instant>>,
    _ticking: AbortOnDropHandle<()>,
}

impl<'a> Clock<'a> {
    /// Starts it with what is left: so much was spent before the sponsor's turn.
    pub(super) fn start(edge: &'a Edge, over: TimedOut, spent: Duration) -> Self {
        let left = over.after().saturating_sub(spent);
        let (end, mut ends) = watch::channel(Some(Instant::now() + left));
        let stop = edge.stop.child();
        let rings = stop.clone();
        let ticking = tokio::spawn(async move {
            loop {
                let end = *ends.borrow_and_update();
                let over = async {
                    match end {
                        Some(end) => tokio::time::sleep_until(end).await,
                        None => std::future::pending().await,
                    }
                };
                tokio::select! {
                    () = over => return rings.cancel(),
                    changed = ends.changed() => if changed.is_err() { return },
                }
            }
        });
        Self { edge, stop, over, end, _ticking: AbortOnDropHandle::new(ticking) }
    }

    /// Cancelled when the time is over, or by a signal.
    pub(super) fn stop(&self) -> &CancellationToken {
        &self.stop
    }

    /// Waits for something that does not count: the clock goes on with what was left.
    pub(super) async fn paused<T>(&self, wait: impl Future<Output = T>) -> T {
        let left = self.end.send_replace(None).map(|end| end.saturating_duration_since(Instant::now()));
        let done = wait.await;
        self.end.send_replace(left.map(|left| Instant::now() + left));
        done
    }

    /// Waits for something that can be left at any moment.
    ///
    /// # Errors
    /// Its own, or what stopped it.
    pub(super) async fn or_stopped<T>(
        &self,
        wait: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        tokio::select! {
            biased;
            () = self.stop.cancelled() => Err(self.why()),
            done = wait => done,
        }
    }

    /// A stopped step reports that it was stopped; what counts is by whom. A failure that came before stays the cause.
    pub(super) fn cause(&self, failure: Failure) -> Failure {
        if self.stop.is_cancelled() && failure.is_stop() { self.why() } else { failure }
    }

    fn why(&self) -> Failure {
        match self.edge.stop.signal() {
            Some(signal) => Failure::Cancelled(Cancelled::during(signal, self.over.doing())),
            None => Failure::TimedOut(self.over),
        }
    }
}

/// Takes back what was begun. A stop does not end that at once, but nobody waits longer than the seconds after a signal:
/// then it is `None`.
pub(super) async fn taken_back<T>(edge: &Edge, work: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        done = work => Some(done),
        () = edge.stop.over(TAKING_BACK) => None,
    }
}
