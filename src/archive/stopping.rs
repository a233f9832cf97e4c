//! Grace periods after a stop request. They count from the request itself, however late it is noticed, so that several in
//! a row do not add up.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

/// A stop request and its time.
#[derive(Debug)]
pub(super) struct Stopping {
    stop: CancellationToken,
    since: Arc<OnceLock<Instant>>,
    /// Records the time. Dropped with this value.
    _watch: AbortOnDropHandle<()>,
}

impl Stopping {
    /// Starts to listen. Must be called inside a Tokio runtime.
    pub(super) fn new(stop: CancellationToken) -> Self {
        let since = Arc::new(OnceLock::new());
        let (heard, noted) = (stop.clone(), Arc::clone(&since));
        let watch = tokio::spawn(async move {
            heard.cancelled().await;
            noted.get_or_init(Instant::now);
        });
        Self { stop, since, _watch: AbortOnDropHandle::new(watch) }
    }

    /// Waits for the stop request.
    pub(super) async fn heard(&self) {
        self.stop.cancelled().await;
    }

    /// Waits until `patience` has passed since the stop request.
    pub(super) async fn over(&self, patience: Duration) {
        self.stop.cancelled().await;
        tokio::time::sleep_until(*self.since.get_or_init(Instant::now) + patience).await;
    }
}

#[cfg(test)]
mod tests;
