//! The time limit of one sponsor's turn. When it expires, the sponsor's steps see the same token as after a signal.
//! Only this file distinguishes the two.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::RunContext;
use crate::failure::{Cancelled, Failure, TimedOut};

/// Time for undoing after a signal. The rest of the five seconds is for the record.
const TAKING_BACK: Duration = Duration::from_secs(3);

/// Runs from its start until it is dropped.
pub(super) struct TimeLimit<'a> {
    edge: &'a RunContext,
    stop: CancellationToken,
    over: TimedOut,
    /// When the limit expires. `None` while it is paused.
    end: watch::Sender<Option<Instant>>,
    _ticking: AbortOnDropHandle<()>,
}

impl<'a> TimeLimit<'a> {
    /// Starts with the time that is left: `spent` passed before the sponsor's turn.
    pub(super) fn start(edge: &'a RunContext, over: TimedOut, spent: Duration) -> Self {
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

    /// Cancelled when the limit expires or a signal comes.
    pub(super) fn stop(&self) -> &CancellationToken {
        &self.stop
    }

    /// Runs something that does not count. The clock then continues with the time that was left.
    pub(super) async fn paused<T>(&self, wait: impl Future<Output = T>) -> T {
        let left = self.end.send_replace(None).map(|end| end.saturating_duration_since(Instant::now()));
        let done = wait.await;
        self.end.send_replace(left.map(|left| Instant::now() + left));
        done
    }

    /// Runs something that can be dropped at any moment.
    ///
    /// # Errors
    /// Its own error, or what stopped it.
    pub(super) async fn unless_stopped<T>(
        &self,
        wait: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        tokio::select! {
            biased;
            () = self.stop.cancelled() => Err(self.why()),
            done = wait => done,
        }
    }

    /// A stopped step only reports that it was stopped. This returns who stopped it. A failure that came first stays
    /// the cause.
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

/// Undoes what was started. A stop does not interrupt it, but after a signal it gets only a few seconds. `None` if
/// they passed.
pub(super) async fn undo_in_time<T>(edge: &RunContext, work: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        done = work => Some(done),
        () = edge.stop.over(TAKING_BACK) => None,
    }
}
