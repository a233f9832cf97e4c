//! The wall clock of one sponsor.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

/// Cancels `stop` when the time is over, until the answer is dropped.
pub(super) fn limit(stop: &CancellationToken, timeout: Duration) -> AbortOnDropHandle<()> {
    let stop = stop.clone();
    AbortOnDropHandle::new(tokio::spawn(async move {
        tokio::time::sleep(timeout).await;
        stop.cancel();
    }))
}
