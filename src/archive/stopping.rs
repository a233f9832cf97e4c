//! How long what is under way may still take once somebody wants an end: counted from the stop itself, however late it is
//! noticed, so that several such times in a row do not add up.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

/// A stop, and when it came.
#[derive(Debug)]
pub(super) struct Stopping {
    stop: CancellationToken,
    since: Arc<OnceLock<Instant>>,
    /// Held for its end: it notes the time.
    _watch: AbortOnDropHandle<()>,
}

impl Stopping {
    /// Listens from now on. Needs a runtime around it.
    pub(super) fn new(stop: CancellationToken) -> Self {
        let since = Arc::new(OnceLock::new());
        let (heard, noted) = (stop.clone(), Arc::clone(&since));
        let watch = tokio::spawn(async move {
            heard.cancelled().await;
            noted.get_or_init(Instant::now);
        });
        Self { stop, since, _watch: AbortOnDropHandle::new(watch) }
    }

    /// Ends with the stop.
    pub(super) async fn heard(&self) {
        self.stop.cancelled().await;
    }

    /// Ends so long after the stop.
    pub(super) async fn over(&self, patience: Duration) {
        self.stop.cancelled().await;
        tokio::time::sleep_until(*self.since.get_or_init(Instant::now) + patience).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn patience_is_counted_from_the_stop_and_not_from_the_question() {
        let (stop, begun) = (CancellationToken::new(), Instant::now());
        let stopping = Stopping::new(stop.clone());
        tokio::time::sleep(Duration::from_secs(10)).await;
        stop.cancel();
        tokio::time::sleep(Duration::from_secs(2)).await;
        stopping.heard().await;
        stopping.over(Duration::from_secs(3)).await;
        assert_eq!(begun.elapsed().as_secs(), 13);
        stopping.over(Duration::from_secs(1)).await;
        assert_eq!(begun.elapsed().as_secs(), 13);
    }
}
