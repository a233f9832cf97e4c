//! How far a long dump has come, in words. Pure.

use std::time::Duration;

use bytesize::ByteSize;

use crate::proof::limits::words;

/// One look at a running backup.
#[derive(Debug, Clone, Copy)]
pub struct Reading<'a> {
    /// Sponsor's name.
    pub sponsor: &'a str,
    /// Bytes that pg_dump wrote.
    pub bytes_read: u64,
    /// Bytes that they became.
    pub bytes_stored: u64,
    /// Since the dump began.
    pub elapsed: Duration,
}

impl Reading<'_> {
    /// `callisto: 1.2 GiB read, 301.0 MiB stored, 118.0 MiB/s, 10s`
    #[must_use]
    pub fn line(&self) -> String {
        format!("{}: {}", self.sponsor, self.message())
    }

    /// The same without the name.
    #[must_use]
    pub fn message(&self) -> String {
        let rate = self.bytes_read as f64 / self.elapsed.as_secs_f64().max(0.001);
        format!(
            "{} read, {} stored, {}/s, {}",
            ByteSize(self.bytes_read),
            ByteSize(self.bytes_stored),
            ByteSize(rate as u64),
            words(Duration::from_secs(self.elapsed.as_secs()))
        )
    }
}

#[cfg(test)]
mod tests;
