//! What became of a sponsor's stored backups, in words. Pure.

use std::collections::BTreeMap;

use crate::verification::conclusion::VerifyCounts;

/// A message that named more findings would be no message; the log has them all.
const NAMED: usize = 100;

/// Backups that were looked at, by what became of them.
#[derive(Debug, Clone, Default)]
pub struct VerifiedBackups {
    /// Read through and found to be what their manifests say.
    pub verified: usize,
    /// What is wrong with the others, one entry a backup.
    pub findings: Vec<String>,
    /// Could not be read, for another reason than themselves.
    pub failed: usize,
    /// Not read since they are frozen, by S3 storage class.
    pub frozen: BTreeMap<String, usize>,
}

impl VerifiedBackups {
    /// What was in question, and what of it was verified.
    #[must_use]
    pub fn reading(&self, skip_frozen: bool) -> VerifyCounts {
        // Left out by request, unless nothing else is there: then nothing was verified.
        let is_left_out = skip_frozen && self.all() > self.frozen_count();
        let frozen = if is_left_out { 0 } else { self.frozen_count() };
        VerifyCounts { verified: self.verified, not_verified: self.findings.len() + self.failed + frozen }
    }

    /// Backups in an archive tier.
    #[must_use]
    pub fn frozen_count(&self) -> usize {
        self.frozen.values().sum()
    }

    /// `3 backups verified, 1 in Deep Archive not read`
    #[must_use]
    pub fn words(&self) -> String {
        let backups = if self.verified == 1 { "backup" } else { "backups" };
        let verified = format!("{} {backups} verified", self.verified);
        self.not_read().map_or_else(|| verified.clone(), |not_read| format!("{verified}, {not_read}"))
    }

    /// `1 in Deep Archive not read`; nothing if all were read.
    #[must_use]
    pub fn not_read(&self) -> Option<String> {
        let frozen: Vec<String> =
            self.frozen.iter().map(|(class, count)| format!("{count} in {}", name(class))).collect();
        (!frozen.is_empty()).then(|| format!("{} not read", frozen.join(" and ")))
    }

    /// `2 of 5 backups are not whole`
    #[must_use]
    pub fn place(&self) -> String {
        let (bad, all) = (self.findings.len(), self.all());
        format!("{bad} of {all} backups {} not whole", if bad == 1 { "is" } else { "are" })
    }

    /// The findings; of very many the first, and how many more there are.
    #[must_use]
    pub fn named(&self) -> Vec<String> {
        let more = self.findings.len().saturating_sub(NAMED);
        let more = (more > 0).then(|| format!("and {more} more, which the log names"));
        self.findings.iter().take(NAMED).cloned().chain(more).collect()
    }

    fn all(&self) -> usize {
        self.verified + self.findings.len() + self.failed + self.frozen_count()
    }
}

/// As people call an S3 storage class from which nothing can be read at once.
fn name(class: &str) -> &str {
    match class {
        "DEEP_ARCHIVE" => "Deep Archive",
        "GLACIER" => "Glacier",
        "ARCHIVE_ACCESS" => "Archive Access",
        "DEEP_ARCHIVE_ACCESS" => "Deep Archive Access",
        other => other,
    }
}

#[cfg(test)]
mod tests;
