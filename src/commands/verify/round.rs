//! What is known of one sponsor's backups so far: said as it comes to light, summed up at the end.

use std::time::Duration;

use bytesize::ByteSize;

use super::super::attempts::Standing;
use super::super::publish::{Ended, Told, Turn};
use super::super::{Edge, stored};
use super::judge::Judged;
use crate::archive::ArchiveError;
use crate::archive::key::file_name;
use crate::failure::Failure;
use crate::proof::{Conclusion, ProofError, State};
use crate::report::SponsorResult;
use crate::report::tally::Tally;
use crate::report::workflow::{Level, annotation};

pub(super) struct Round<'a> {
    sponsor: &'a str,
    edge: &'a Edge,
    tally: Tally,
    /// Whether backups in an archive tier are left out by request.
    skip_frozen: bool,
    /// The first error that was no finding.
    failure: Option<Failure>,
    /// Of the one backup that was asked for.
    pub(super) location: Option<String>,
    /// Its size and hash, once they are proved.
    proven: Option<(u64, String)>,
    /// What a reader must know of verified backups, each in words.
    pub(super) warnings: Vec<String>,
}

impl<'a> Round<'a> {
    pub(super) fn begin(sponsor: &'a str, edge: &'a Edge, skip_frozen: bool) -> Self {
        Self {
            sponsor,
            edge,
            tally: Tally::default(),
            skip_frozen,
            failure: None,
            location: None,
            proven: None,
            warnings: Vec::new(),
        }
    }

    /// The one backup that was asked for; that it is frozen is a failure then.
    pub(super) fn only(&mut self, location: &str, judged: Judged) -> Result<(), Failure> {
        match judged {
            Judged::Frozen(frozen) => return Err(frozen.into()),
            Judged::Whole { bytes, ref sha256, .. } => self.proven = Some((bytes, sha256.clone())),
            Judged::Bad(_) => {}
        }
        self.add(location, judged);
        Ok(())
    }

    pub(super) fn add(&mut self, location: &str, judged: Judged) {
        match judged {
            Judged::Whole { bytes, rows, partial, is_empty, .. } => {
                self.tally.verified += 1;
                let name = file_name(location);
                self.warnings.extend(partial.map(|words| format!("{name}: {words}")));
                if is_empty {
                    self.warnings.push(format!("{name}: it holds no table with rows"));
                }
                self.say(&format!("{} verified: {}, {rows} rows", file_name(location), ByteSize(bytes)));
            }
            Judged::Bad(findings) => self.bad(format!("{location}: {}", findings.join("; "))),
            Judged::Frozen(frozen) => {
                self.say(&format!("not read: {frozen}"));
                if let ArchiveError::Frozen { class, .. } = frozen {
                    *self.tally.frozen.entry(class).or_default() += 1;
                }
            }
        }
    }

    /// What is left of a backup.
    pub(super) fn left(&mut self, location: &str, standing: &Standing) {
        self.bad(format!("{location}: {}", standing.words().unwrap_or_default()));
    }

    /// A backup that could not be read.
    pub(super) fn fail(&mut self, failure: Failure) {
        self.tally.failed += 1;
        self.say(&format!("not read: {failure}"));
        self.failure.get_or_insert(failure);
    }

    fn bad(&mut self, finding: String) {
        self.say(&format!("NOT WHOLE: {finding}"));
        self.tally.findings.push(finding);
    }

    fn say(&self, words: &str) {
        self.edge.sink.line(&format!("{}: {words}", self.sponsor));
    }

    /// The result: a signal, then a finding, then an error, whatever came first.
    pub(super) fn end(mut self, done: Result<Turn<()>, Failure>, thaw: bool, took: Duration) -> Ended {
        self.warn_of_frozen(thaw);
        let conclusion = match &done {
            Ok(Turn::Disabled(_)) => Conclusion::disabled(),
            Ok(Turn::Planned) => Conclusion::planned(),
            Ok(Turn::Done(())) | Err(_) => Conclusion::of_reading(self.tally.reading(self.skip_frozen)),
        };
        let mut result = SponsorResult::new(self.sponsor, conclusion, took.as_secs_f64());
        result.backup_location.clone_from(&self.location);
        (result.backup_size, result.backup_sha256) = self.proven.take().unzip();
        result.warnings = std::mem::take(&mut self.warnings);
        result.frozen = self.tally.frozen_count();
        let error = match done {
            Ok(Turn::Disabled(disabled)) => {
                self.say(&format!("{disabled}, so there are no backups"));
                result.message = Some(disabled);
                return (result, None);
            }
            Ok(Turn::Planned) => return (result, None),
            Ok(Turn::Done(())) => self.failure.take(),
            // It ended the round, so it counts more than what happened to one backup.
            Err(failure) => Some(failure),
        };
        let (failure, also) = match (self.finding(), error) {
            (None, None) if conclusion.is_success() => {
                result.message = Some(self.tally.words());
                return (result, None);
            }
            (None, None) => (self.not_read(conclusion.state()), None),
            (_, Some(cancelled @ Failure::Cancelled(_))) => (cancelled, None),
            (Some(finding), error) => (finding, error),
            (None, Some(error)) => (error, None),
        };
        let Told { stage, code, mut message, hint } = Told::of(&failure, self.edge);
        if let Some(error) = also {
            let Told { message: error, .. } = Told::of(&error, self.edge);
            message.push_str(&format!("; besides, not all were read: {error}"));
        }
        if self.tally.failed > 1 {
            message.push_str(&format!("; {} backups could not be read", self.tally.failed));
        }
        result.fail(stage, message, hint);
        (result, Some(code))
    }

    /// Nothing is wrong with what was read, but not everything was read that was asked for.
    fn not_read(&self, state: Option<State>) -> Failure {
        let frozen = if self.skip_frozen {
            "every backup is in an archive tier"
        } else {
            "not every backup could be read"
        };
        let hint = if state == Some(State::Unverified) && self.skip_frozen {
            "Run with `thaw` to ask S3 for them, and again when they can be read."
        } else {
            "Run with `thaw` to ask S3 for the frozen ones, or set `skip-frozen` to verify only the others."
        };
        let findings = vec![format!("{frozen}: {}", self.tally.words())];
        ProofError { place: self.sponsor.to_owned(), findings, hint: hint.to_owned() }.into()
    }

    fn finding(&self) -> Option<Failure> {
        let named = self.tally.named();
        match (named.as_slice(), &self.location) {
            ([], _) => None,
            ([only], Some(location)) => {
                let words = only.strip_prefix(&format!("{location}: ")).unwrap_or(only);
                Some(stored::proof(location, vec![words.to_owned()]))
            }
            _ => Some(stored::proof(&self.tally.place(), named)),
        }
    }

    fn warn_of_frozen(&self, thaw: bool) {
        let Some(not_read) = self.tally.not_read() else { return };
        let rest = if thaw {
            "Their thaw is requested: run again when it is done."
        } else {
            "Nothing is known of them. Run again with `thaw` to ask S3 for them."
        };
        self.edge.sink.block(&[format!("{}: {not_read}. {rest}", self.sponsor)]);
        let title = format!("{}: {not_read}", self.sponsor);
        self.edge.sink.annotations(&[annotation(Level::Warning, &title, rest)]);
    }
}
