//! Judges one backup: whole, damaged or frozen. A failure to read it is an error and says nothing about the backup.

use bytesize::ByteSize;

use super::{SponsorBackups, VerifyRun};
use crate::archive::ArchiveError;
use crate::archive::backup_manifest::Partial;
use crate::archive::catalogue::BackupKey;
use crate::cli::options::VerifyOptions;
use crate::commands::backup_attempts::AttemptStatus;
use crate::commands::buckets::SponsorBuckets;
use crate::commands::publish::{Ended, RedactedFailure};
use crate::commands::session::{Completed, SponsorSession};
use crate::commands::{RunContext, save_record, stored};
use crate::failure::Failure;
use crate::layout::key::{Object, file_name};
use crate::record::verification::{VerificationRecord, VerifiedBackup, VerifiedResult};
use crate::report::SponsorResult;
use crate::report::verify::VerifiedBackups;
use crate::store::StoreError;
use crate::verification::{Conclusion, State, VerificationError, counted};

/// The verdict on one backup.
pub(super) enum Checked {
    /// It is what its manifest says.
    Whole { bytes: u64, sha256: String, rows: u64, partial: Option<String>, is_empty: bool },
    /// It is something else, for these reasons.
    Bad(Vec<String>),
    /// It cannot be read before a thaw.
    Frozen(StoreError),
}

impl VerifyRun<'_> {
    pub(super) async fn judge(
        &self,
        shelf: &SponsorBackups<'_>,
        backup: BackupKey,
    ) -> Result<Checked, Failure> {
        let key = backup.key.clone();
        match Box::pin(self.read(shelf, backup)).await {
            Err(Failure::Proof(error)) => Ok(Checked::Bad(error.findings)),
            Err(Failure::Archive(ArchiveError::Store(frozen @ StoreError::Frozen { .. }))) => {
                Ok(Checked::Frozen(frozen))
            }
            Err(Failure::Archive(error)) if self.is_finding(&error, &shelf.place.backups.location(&key)) => {
                Ok(Checked::Bad(vec![stored::in_words(&shelf.place.backups, &key, &error)]))
            }
            judged => judged,
        }
    }

    async fn read(&self, shelf: &SponsorBackups<'_>, backup: BackupKey) -> Result<Checked, Failure> {
        let whose = (shelf.place.sponsor, self.options.common.environment);
        let (identities, thaw) = (Some(&self.identities), self.options.reading.thaw);
        let described = Box::pin(stored::describe(&shelf.place.backups, whose, backup, identities, thaw));
        let stored = shelf.limit.unless_stopped(described).await?;
        let proven = match stored::verify(&stored, shelf.limit.stop()).await {
            // `describe` has checked that one of the identities is a recipient's.
            Err(Failure::Archive(ArchiveError::IdentityWrong { .. })) => {
                let finding =
                    "it is not encrypted to the recipients in its manifest, or its start is damaged";
                return Ok(Checked::Bad(vec![finding.to_owned()]));
            }
            proven => proven?,
        };
        let rows = proven.contents.tables.iter().map(|table| table.rows).sum();
        if let Some(lost) = stored.description.lost_everything() {
            return Ok(Checked::Bad(vec![lost]));
        }
        let told = stored.description.stored;
        let partial = stored.description.partial.as_ref().map(Partial::words);
        let is_empty = proven.contents.tables.is_empty();
        Ok(Checked::Whole { bytes: told.bytes, sha256: told.sha256, rows, partial, is_empty })
    }

    /// Whether an error is about the backup itself. If `backup` names one that does not exist, that does not count as a finding.
    fn is_finding(&self, error: &ArchiveError, dump: &str) -> bool {
        let was_listed = self.options.all || self.options.reading.which.is_searched();
        match error {
            ArchiveError::Store(StoreError::Missing { location }) if location == dump => was_listed,
            error => error.is_finding(),
        }
    }
}

impl SponsorBackups<'_> {
    /// See [`stored::is_a_partners`].
    pub(super) async fn is_a_partners(&self, backup: &BackupKey) -> Result<bool, Failure> {
        self.limit.unless_stopped(async { Ok(self.place.is_a_partners(backup).await?) }).await
    }
}

// Collects what is known about one sponsor's backups, prints it as it comes, and sums it up at the end.

pub(super) struct SponsorVerification<'a> {
    sponsor: &'a str,
    context: &'a RunContext,
    verified: VerifiedBackups,
    /// Whether `skip-frozen` leaves out backups in an archive tier.
    skip_frozen: bool,
    /// The first error that is not a finding.
    failure: Option<Failure>,
    /// Location of the backup that was asked for. `None` for `all`.
    pub(super) location: Option<String>,
    /// Its size and hash, once they are verified.
    proven: Option<(u64, String)>,
    /// Warnings about verified backups.
    pub(super) warnings: Vec<String>,
    /// The sponsor's stores, once they are open.
    pub(super) buckets: Option<SponsorBuckets>,
    /// For the record.
    backups: Vec<VerifiedBackup>,
}

impl<'a> SponsorVerification<'a> {
    pub(super) fn begin(sponsor: &'a str, context: &'a RunContext, skip_frozen: bool) -> Self {
        Self {
            sponsor,
            context,
            verified: VerifiedBackups::default(),
            skip_frozen,
            failure: None,
            location: None,
            proven: None,
            warnings: Vec::new(),
            buckets: None,
            backups: Vec::new(),
        }
    }

    /// Adds the backup that was asked for. If it is frozen, that is a failure.
    pub(super) fn only(&mut self, location: &str, judged: Checked) -> Result<(), Failure> {
        match judged {
            Checked::Frozen(frozen) => {
                self.note(location, VerifiedResult::Frozen, vec![frozen.to_string()], None);
                return Err(frozen.into());
            }
            Checked::Whole { bytes, ref sha256, .. } => self.proven = Some((bytes, sha256.clone())),
            Checked::Bad(_) => {}
        }
        self.add(location, judged);
        Ok(())
    }

    pub(super) fn add(&mut self, location: &str, judged: Checked) {
        match judged {
            Checked::Whole { bytes, sha256, rows, partial, is_empty } => {
                self.verified.verified += 1;
                self.note(location, VerifiedResult::Verified, Vec::new(), Some((bytes, sha256)));
                let name = file_name(location);
                self.warnings.extend(partial.map(|words| format!("{name}: {words}")));
                if is_empty {
                    self.warnings.push(format!("{name}: it holds no table with rows"));
                }
                let rows = counted(rows, "row");
                self.say(&format!("{} verified: {}, {rows}", file_name(location), ByteSize(bytes)));
            }
            Checked::Bad(findings) => {
                self.bad(format!("{location}: {}", findings.join("; ")));
                self.note(location, VerifiedResult::Damaged, findings, None);
            }
            Checked::Frozen(frozen) => {
                self.note(location, VerifiedResult::Frozen, vec![frozen.to_string()], None);
                self.say(&format!("not read: {frozen}"));
                if let StoreError::Frozen { class, .. } = frozen {
                    *self.verified.frozen.entry(class).or_default() += 1;
                }
            }
        }
    }

    /// Adds an incomplete backup.
    pub(super) fn left(&mut self, location: &str, standing: &AttemptStatus) {
        let words = standing.words().unwrap_or_default();
        self.bad(format!("{location}: {words}"));
        self.note(location, VerifiedResult::Damaged, vec![words], None);
    }

    /// Adds a backup that could not be read.
    pub(super) fn fail(&mut self, location: &str, failure: Failure) {
        self.verified.failed += 1;
        self.say(&format!("not read: {failure}"));
        self.note(location, VerifiedResult::Unread, vec![failure.to_string()], None);
        self.failure.get_or_insert(failure);
    }

    fn note(
        &mut self,
        location: &str,
        result: VerifiedResult,
        findings: Vec<String>,
        stored: Option<(u64, String)>,
    ) {
        let findings = findings.iter().map(|finding| self.context.sink.redacted(finding)).collect();
        let (size_bytes, sha256) = stored.unzip();
        let location = location.to_owned();
        self.backups.push(VerifiedBackup { location, result, size_bytes, sha256, findings });
    }

    fn bad(&mut self, finding: String) {
        // A single finding is the error itself.
        if self.location.is_none() {
            self.say(&format!("not whole: {finding}"));
        }
        self.verified.findings.push(finding);
    }

    fn say(&self, words: &str) {
        self.context.sink.line(&format!("{}: {words}", self.sponsor));
    }

    /// The result, after its record was saved.
    pub(super) async fn end(
        mut self,
        session: &SponsorSession<'_>,
        done: Result<Completed, Failure>,
        options: &VerifyOptions,
    ) -> Ended {
        self.warn_of_frozen(options.reading.thaw);
        let conclusion = match &done {
            Ok(Completed::Disabled(_)) => Conclusion::disabled(),
            Ok(Completed::Planned) => Conclusion::planned(),
            Ok(Completed::Done) | Err(_) => Conclusion::of_reading(self.verified.reading(self.skip_frozen)),
        };
        let mut result = session.result(conclusion);
        result.backup_location.clone_from(&self.location);
        (result.backup_size, result.backup_sha256) = self.proven.take().unzip();
        result.warnings = std::mem::take(&mut self.warnings);
        result.frozen = self.verified.frozen_count();
        let error = match done {
            Ok(Completed::Disabled(disabled)) => {
                self.say(&format!("{disabled}, so no backup was looked for"));
                result.message = Some(disabled.to_string());
                return session.end(result, None);
            }
            Ok(Completed::Planned) => return session.end(result, None),
            Ok(Completed::Done) => self.failure.take(),
            // It ended the round, so it counts more than the failure of one backup.
            Err(failure) => Some(failure),
        };
        let failure = self.sum_up(session, error, conclusion);
        if failure.is_none() {
            result.message = Some(self.verified.words());
        }
        if !options.common.dry_run {
            let record = self.record(session, (conclusion, failure.clone()), options.all, &result);
            let entry = (Object::VerificationRecord, &*record.to_bytes());
            let (buckets, endpoint) = (self.buckets.as_ref(), &options.reading.endpoint);
            save_record::save_or_warn(entry, session, buckets, endpoint, &mut result).await;
        }
        session.end(result, failure)
    }

    fn record(
        &mut self,
        session: &SponsorSession<'_>,
        (conclusion, failure): (Conclusion, Option<RedactedFailure>),
        all: bool,
        result: &SponsorResult,
    ) -> VerificationRecord {
        let conclusion = if failure.is_some() { conclusion.but_failed() } else { conclusion };
        let mut head = session.record_head(conclusion, failure);
        head.warnings = result.warnings.iter().map(|words| self.context.sink.redacted(words)).collect();
        let counts = self.verified.reading(self.skip_frozen);
        VerificationRecord {
            head,
            verification_timestamp: session.started,
            all,
            backup_location: result.backup_location.clone(),
            backup_size_bytes: result.backup_size,
            backup_sha256: result.backup_sha256.clone(),
            verified: counts.verified as u64,
            not_verified: counts.not_verified as u64,
            backups: std::mem::take(&mut self.backups),
        }
    }

    /// The one failure of all backups. A signal counts more than a finding, and a finding more than an error.
    fn sum_up(
        &self,
        session: &SponsorSession<'_>,
        error: Option<Failure>,
        conclusion: Conclusion,
    ) -> Option<RedactedFailure> {
        let (failure, also) = match (self.finding(), error) {
            (None, None) if conclusion.is_success() => return None,
            (None, None) => (self.not_read(conclusion.state()), None),
            (_, Some(cancelled @ Failure::Cancelled(_))) => (cancelled, None),
            (Some(finding), error) => (finding, error),
            (None, Some(error)) => (error, None),
        };
        let mut failure = session.redacted(&failure);
        if let Some(error) = also {
            let error = session.redacted(&error).message;
            failure.message.push_str(&format!("; also, not every backup was read: {error}"));
        }
        if self.verified.failed > 1 {
            failure.message.push_str(&format!("; {} backups could not be read", self.verified.failed));
        }
        Some(failure)
    }

    /// Every backup that was read is whole, but not every backup was read.
    fn not_read(&self, state: Option<State>) -> Failure {
        let frozen = if self.skip_frozen {
            "every backup is in an archive tier"
        } else {
            "not every backup could be read"
        };
        let hint = if state == Some(State::Unverified) && self.skip_frozen {
            "Run with `thaw` to request them from S3, and again when they can be read."
        } else {
            "Run with `thaw` to request the frozen backups from S3, or set `skip-frozen` to verify only the others."
        };
        let findings = vec![self.verified.words()];
        VerificationError { place: frozen.to_owned(), findings, hint: hint.to_owned() }.into()
    }

    fn finding(&self) -> Option<Failure> {
        let named = self.verified.named();
        match (named.as_slice(), &self.location) {
            ([], _) => None,
            ([only], Some(location)) => {
                let words = only.strip_prefix(&format!("{location}: ")).unwrap_or(only);
                Some(stored::proof(location, vec![words.to_owned()]))
            }
            _ => Some(stored::proof(&self.verified.place(), named)),
        }
    }

    fn warn_of_frozen(&self, thaw: bool) {
        let Some(not_read) = self.verified.not_read() else { return };
        let rest = if thaw {
            "A thaw was requested. Run again when it is done."
        } else {
            "Run again with `thaw` to request a thaw from S3."
        };
        self.context.sink.block(&[format!("{}: {not_read}. {rest}", self.sponsor)]);
        self.context.annotate(&format!("{}: {not_read}", self.sponsor), rest);
    }
}
