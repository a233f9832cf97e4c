//! Keys hold the time to the second: a trial's runs, one after another, never share one. Runs side by side are left alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The second in which the latest run of a trial ended, from 1970; shared by all its runs.
#[derive(Debug, Default, Clone)]
pub(super) struct Seconds(Arc<AtomicU64>);

impl Seconds {
    /// A run has ended, however it did.
    pub(super) fn ended(&self) {
        self.0.fetch_max(now().as_secs(), Ordering::Relaxed);
    }

    /// Waits for a second that no run has been in which has ended.
    pub(super) fn wait_for_the_next(&self) {
        let next = Duration::from_secs(self.0.load(Ordering::Relaxed) + 1);
        std::thread::sleep(next.saturating_sub(now()));
    }
}

fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap()
}
