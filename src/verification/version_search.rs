//! The backup that was taken before a version was deployed, among backups from the newest to the oldest. Pure.

use std::ops::ControlFlow;

/// A search for one version. A deployment can be tried again, and each attempt takes a backup: only the first one is from
/// before the version. If the version was replaced and came back later, its last return counts.
#[derive(Debug)]
pub struct VersionSearch<'v, T> {
    version: &'v str,
    first: Option<T>,
    attempts: usize,
    others: Vec<String>,
}

impl<'v, T> VersionSearch<'v, T> {
    /// A search for this version.
    #[must_use]
    pub fn new(version: &'v str) -> Self {
        Self { version, first: None, attempts: 0, others: Vec::new() }
    }

    /// Takes the next older backup, with the version before whose deployment it was taken, if any. Ends when no older
    /// backup can be an attempt.
    pub fn take(&mut self, backup: T, deployed: Option<&str>) -> ControlFlow<()> {
        match deployed {
            Some(version) if is_same(version, self.version) => {
                self.first = Some(backup);
                self.attempts += 1;
            }
            Some(_) if self.first.is_some() => return ControlFlow::Break(()),
            Some(other) if !self.others.iter().any(|seen| seen == other) => {
                self.others.push(other.to_owned());
            }
            Some(_) | None => {}
        }
        ControlFlow::Continue(())
    }

    /// The backup before the first attempt, and how many attempts there were. Otherwise the other versions, the newest first.
    ///
    /// # Errors
    /// No backup was taken before this version.
    pub fn end(self) -> Result<(T, usize), Vec<String>> {
        self.first.map(|first| (first, self.attempts)).ok_or(self.others)
    }
}

/// Whether two texts name one version: `v2.4.0` and `2.4.0` do.
fn is_same(one: &str, other: &str) -> bool {
    let bare = |version: &str| {
        let number = version
            .strip_prefix(['v', 'V'])
            .filter(|rest| rest.starts_with(|one: char| one.is_ascii_digit()));
        number.unwrap_or(version).to_owned()
    };
    bare(one) == bare(other)
}

#[cfg(test)]
mod tests;
