//! A request to stop, by a signal or a time limit, and what may still be done after it. Every other module may use this one.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

/// How long after its signal the program must have ended, whatever it was doing.
pub const LIMIT: Duration = Duration::from_secs(5);

/// What may still go on after a stop, and until when. All count from the stop itself, so that several in a row do not
/// add up, and all of them share [`LIMIT`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deadline {
    /// A child process may cancel its statement on the server. Then it is killed.
    EndChild,
    /// An upload that is about to become visible may still do so.
    CompleteUpload,
    /// What was begun is undone: uploads are aborted, a drill's server or database is removed.
    Undo,
    /// The record may still reach S3.
    SaveRecord,
    /// Short-lived tokens are revoked, and the run ends.
    EndRun,
}

impl Deadline {
    /// Time from the stop to this deadline.
    #[must_use]
    pub const fn after_stop(self) -> Duration {
        Duration::from_millis(match self {
            Self::EndChild => 1000,
            Self::CompleteUpload => 1500,
            Self::Undo => 3000,
            Self::SaveRecord => 4000,
            Self::EndRun => 4500,
        })
    }
}

/// A signal that stops the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// SIGINT.
    Interrupt,
    /// SIGTERM.
    Terminate,
}

impl Signal {
    /// `SIGINT` or `SIGTERM`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Interrupt => "SIGINT",
            Self::Terminate => "SIGTERM",
        }
    }
}

/// A stop request by a signal.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    token: CancellationToken,
    signal: Arc<OnceLock<(Signal, Instant)>>,
}

impl Stop {
    /// Listens for SIGINT and SIGTERM. The first process of a container would ignore them otherwise.
    ///
    /// # Errors
    /// The system does not register the handlers.
    pub fn on_signals() -> std::io::Result<Self> {
        let stop = Self::default();
        let (mut interrupt, mut terminate) =
            (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        let stopped = stop.clone();
        tokio::spawn(async move {
            let signal = tokio::select! {
                _ = interrupt.recv() => Signal::Interrupt,
                _ = terminate.recv() => Signal::Terminate,
            };
            // The first signal counts, and this task ends with it.
            stopped.signal.set((signal, Instant::now())).ok();
            stopped.token.cancel();
        });
        Ok(stop)
    }

    /// The signal, if one has come.
    #[must_use]
    pub fn signal(&self) -> Option<Signal> {
        self.signal.get().map(|(signal, _)| *signal)
    }

    /// Waits for the signal.
    pub async fn requested(&self) {
        self.token.cancelled().await;
    }

    /// Waits until this deadline after the signal, even if the call comes later.
    pub async fn passed(&self, deadline: Deadline) {
        self.token.cancelled().await;
        let since = self.signal.get().map_or_else(Instant::now, |(_, at)| *at);
        tokio::time::sleep_until(since + deadline.after_stop()).await;
    }

    /// A token that can be canceled alone, and is canceled with this one.
    #[must_use]
    pub fn child(&self) -> CancellationToken {
        self.token.child_token()
    }
}

/// A stop request that comes as a token, by a signal or a time limit, and its time.
#[derive(Debug)]
pub struct StopRequest {
    stop: CancellationToken,
    since: Arc<OnceLock<Instant>>,
    /// Records the time. Dropped with this value.
    _watch: AbortOnDropHandle<()>,
}

impl StopRequest {
    /// Starts to listen. Must be called inside a Tokio runtime.
    #[must_use]
    pub fn new(stop: CancellationToken) -> Self {
        let since = Arc::new(OnceLock::new());
        let (stopped, noted) = (stop.clone(), Arc::clone(&since));
        let watch = tokio::spawn(async move {
            stopped.cancelled().await;
            noted.get_or_init(Instant::now);
        });
        Self { stop, since, _watch: AbortOnDropHandle::new(watch) }
    }

    /// Waits for the stop request.
    pub async fn requested(&self) {
        self.stop.cancelled().await;
    }

    /// Waits until this deadline after the stop request, however late the request is noticed.
    pub async fn passed(&self, deadline: Deadline) {
        self.stop.cancelled().await;
        tokio::time::sleep_until(*self.since.get_or_init(Instant::now) + deadline.after_stop()).await;
    }
}

#[cfg(test)]
mod tests;
