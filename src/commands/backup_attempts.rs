//! A sponsor's attempts at a backup, the newest first: which is whole, which is unfinished, which lost a part, and which
//! dump is not one of ours. And `latest`: the newest of them, not the newest that happens to be whole.

mod remains;

use std::collections::VecDeque;
use std::time::Duration;

use jiff::Timestamp;

use super::{RunContext, elsewhere, stored};
use crate::archive::ArchiveError;
use crate::archive::catalogue::{
    BackupEntry, BackupKey, Catalogue, Incomplete, OpenUpload, catalogue, open_uploads, prefix,
};
use crate::failure::Failure;
use crate::record::hold_history::HoldRecords;
use crate::sponsors::{Environment, Sponsor};
use crate::store::{ListedObject, Store, StoreError};
use crate::verification::limits::{ahead, dated_ahead};

/// `timeout` of a run that sets none. An upload that began earlier belongs to a run that has ended.
pub(super) const DEFAULT_TIMEOUT: Duration = Duration::from_secs(6 * 3600);
/// A dump that became visible so lately may get its manifest in a moment.
const JUST_NOW: Duration = Duration::from_secs(60);
const A_MOMENT: Duration = Duration::from_secs(1);

/// Where a sponsor's attempts and their traces are.
#[derive(Debug, Clone)]
pub(super) struct BackupHistory<'a> {
    pub(super) backups: Store,
    pub(super) audit_logs: Store,
    pub(super) sponsor: &'a Sponsor,
    pub(super) environment: Environment,
    /// An upload that began longer ago than this belongs to no run any more.
    pub(super) upload_timeout: Duration,
    pub(super) context: &'a RunContext,
}

/// One attempt, as far as listings and traces show it.
#[derive(Debug)]
pub(super) struct BackupAttempt {
    pub(super) backup: BackupKey,
    pub(super) standing: AttemptStatus,
}

/// What became of an attempt.
#[derive(Debug)]
pub(super) enum AttemptStatus {
    /// Dump, checksum file and manifest are there. Whether they agree was not looked at.
    Whole(BackupEntry),
    /// A part of it is gone.
    Lacks(Incomplete),
    /// Its run ended before it was a backup.
    Unfinished { dump: Option<ListedObject>, why: String },
    /// Its run may be at it still.
    InProgress,
    /// No run of this program left a trace of it.
    Foreign(Option<ListedObject>),
    /// What is left of it is tagged with a sponsor who shares this bucket.
    PartnersRest,
}

impl AttemptStatus {
    /// As a list shows it; nothing where all parts are there.
    pub(super) fn name(&self) -> Option<String> {
        Some(match self {
            Self::Whole(_) => return None,
            Self::Lacks(left) => format!("missing {}", left.names(" and ")),
            Self::Unfinished { .. } => "unfinished".to_owned(),
            Self::InProgress => "in progress".to_owned(),
            Self::Foreign(_) => "foreign".to_owned(),
            Self::PartnersRest => "another's".to_owned(),
        })
    }

    /// The dump, where there is one.
    pub(super) fn dump(&self) -> Option<&ListedObject> {
        match self {
            Self::Lacks(left) => left.dump.as_ref(),
            Self::Unfinished { dump, .. } | Self::Foreign(dump) => dump.as_ref(),
            Self::Whole(_) | Self::InProgress | Self::PartnersRest => None,
        }
    }

    /// What there is to say of it.
    pub(super) fn words(&self) -> Option<String> {
        Some(match self {
            Self::Whole(_) => return None,
            Self::Lacks(left) => left.words(),
            Self::Unfinished { why, .. } => format!("it is unfinished: {why}"),
            Self::InProgress => "another run may be writing it".to_owned(),
            Self::PartnersRest => "it belongs to another sponsor, by its tag".to_owned(),
            Self::Foreign(_) => {
                "it has no manifest, and no run of sponsor-backup left a trace of it: it is not a backup of ours"
                    .to_owned()
            }
        })
    }
}

impl<'a> BackupHistory<'a> {
    /// All attempts, the newest first.
    pub(super) async fn attempts(&self) -> Result<Vec<BackupAttempt>, ArchiveError> {
        let prefix = prefix(self.environment);
        // First: an upload that is completed between the two questions shows twice rather than never.
        let uploads = self.uploads(&prefix).await?;
        let Catalogue { backups, incomplete } =
            catalogue(self.environment, Box::pin(self.backups.list(&prefix)).await?);
        let mut attempts: Vec<BackupAttempt> = Vec::new();
        for entry in backups {
            attempts
                .push(BackupAttempt { backup: entry.backup.clone(), standing: AttemptStatus::Whole(entry) });
        }
        for left in incomplete {
            attempts
                .push(BackupAttempt { backup: left.backup.clone(), standing: AttemptStatus::Lacks(left) });
        }
        for OpenUpload { backup, begun, is_being_written } in uploads {
            // An upload shows no owner. In a shared bucket, a partner's counts as this sponsor's, too: none is overlooked.
            if attempts.iter().all(|attempt| attempt.backup.key != backup.key) {
                attempts.push(BackupAttempt { standing: self.of_upload(begun, is_being_written), backup });
            }
        }
        attempts.sort_by(|one, other| {
            (other.backup.at, &one.backup.key).cmp(&(one.backup.at, &other.backup.key))
        });
        Ok(attempts)
    }

    /// A role that can list objects cannot always list uploads. An upload is not a backup, so this does not end the search.
    async fn uploads(&self, prefix: &str) -> Result<Vec<OpenUpload>, ArchiveError> {
        match Box::pin(self.backups.open_uploads(prefix)).await {
            Ok(listed) => Ok(open_uploads(self.environment, listed)),
            Err(error) if error.affects_every_request() => Err(error.into()),
            Err(error) if error.is_not_implemented() => {
                self.say(&format!("unfinished uploads were not looked for: {error}"));
                Ok(Vec::new())
            }
            Err(error) => {
                let hint = error.hint().map(|hint| format!(" {hint}")).unwrap_or_default();
                self.warn("unfinished uploads were not looked for", &format!("{error}.{hint}"));
                Ok(Vec::new())
            }
        }
    }

    /// A store that shows whether a run lives decides. Otherwise the age does.
    fn of_upload(&self, begun: Option<Timestamp>, is_being_written: Option<bool>) -> AttemptStatus {
        match is_being_written {
            Some(true) => return AttemptStatus::InProgress,
            Some(false) => {
                let why = "its run ended before the upload was complete".to_owned();
                return AttemptStatus::Unfinished { dump: None, why };
            }
            None => {}
        }
        let age = begun.map(|begun| self.context.now().duration_since(begun));
        let is_over = |age| Duration::try_from(age).is_ok_and(|age| age > self.upload_timeout);
        match (age, begun) {
            (Some(age), Some(begun)) if is_over(age) => {
                let why = format!("its upload was begun at {begun:.0} and never completed");
                AttemptStatus::Unfinished { dump: None, why }
            }
            _ => AttemptStatus::InProgress,
        }
    }

    /// Whether what was missing is there now.
    pub(super) async fn is_whole_by_now(&self, left: &Incomplete) -> Result<bool, ArchiveError> {
        let modified = left.dump.as_ref().and_then(|dump| dump.modified);
        let age = modified.and_then(|at| Duration::try_from(self.context.now().duration_since(at)).ok());
        if age.is_some_and(|age| age < JUST_NOW) {
            tokio::time::sleep(A_MOMENT).await;
        }
        let key = &left.backup.key;
        for piece in &left.lacks {
            match Box::pin(self.backups.examine(&piece.key(key))).await {
                Ok(_) => {}
                Err(StoreError::Missing { .. }) => return Ok(false),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(true)
    }

    /// See [`stored::is_a_partners`].
    pub(super) async fn is_a_partners(&self, backup: &BackupKey) -> Result<bool, ArchiveError> {
        Box::pin(stored::is_a_partners(&self.backups, self.sponsor, &backup.key)).await
    }

    /// The error if it holds no backup. `which` follows a blank and is empty for any backup.
    pub(super) async fn no_backup(&self, which: String) -> ArchiveError {
        Box::pin(elsewhere::no_backup(&self.backups, (self.sponsor, self.environment), which)).await
    }

    /// See [`elsewhere::elsewhere`].
    pub(super) async fn elsewhere(&self) -> Option<String> {
        elsewhere::elsewhere(&self.backups, self.sponsor, self.environment).await
    }

    pub(super) fn hold_records(&self) -> HoldRecords<'_> {
        let (audit_logs, sponsor) = (&self.audit_logs, &*self.sponsor.name);
        HoldRecords { audit_logs, sponsor, environment: self.environment }
    }

    pub(super) fn location(&self, backup: &BackupKey) -> String {
        self.backups.location(&backup.key)
    }

    pub(super) fn say(&self, words: &str) {
        self.context.sink.line(&format!("{}: {words}", self.sponsor.name));
    }

    pub(super) fn warn(&self, title: &str, words: &str) {
        let title = format!("{}: {title}", self.sponsor.name);
        let words = self.context.sink.redacted(words);
        self.context.sink.line(&format!("{title}: {words}"));
        self.context.annotate(&title, &words);
    }
}

/// What `latest` comes to next.
pub(super) enum Candidate {
    /// A backup whose parts are there.
    Backup(BackupKey),
    /// One that is none, or that might not be the newest; what shows it, in words.
    Bad(BackupKey, String),
}

/// `latest`: the newest attempt, and after it, where that is allowed, those that may stand in for it.
pub(super) struct Latest<'a> {
    place: BackupHistory<'a>,
    allow_older: bool,
    attempts: VecDeque<BackupAttempt>,
    /// What was passed over, and why.
    passed: Vec<String>,
}

impl<'a> Latest<'a> {
    pub(super) async fn of(place: BackupHistory<'a>, allow_older: bool) -> Result<Self, ArchiveError> {
        let attempts = place.attempts().await?.into();
        Ok(Self { place, allow_older, attempts, passed: Vec::new() })
    }

    /// The next attempt that counts. What another run may be writing, and what is not ours, is named and does not count.
    pub(super) async fn next(&mut self) -> Result<Candidate, Failure> {
        while let Some(BackupAttempt { backup, standing }) = self.attempts.pop_front() {
            let standing = match standing {
                AttemptStatus::Lacks(left) if self.place.is_whole_by_now(&left).await? => {
                    return Ok(self.whole(backup));
                }
                AttemptStatus::Lacks(left) => self.place.look_closer(left).await?,
                standing => standing,
            };
            let words = standing.words().unwrap_or_default();
            let location = self.place.location(&backup);
            match standing {
                AttemptStatus::Whole(_) | AttemptStatus::Lacks(_)
                    if self.place.is_a_partners(&backup).await? => {}
                AttemptStatus::Whole(_) => return Ok(self.whole(backup)),
                AttemptStatus::Lacks(_) | AttemptStatus::Unfinished { .. } => {
                    return Ok(Candidate::Bad(backup, words));
                }
                AttemptStatus::InProgress | AttemptStatus::PartnersRest => {
                    self.place.say(&format!("{location}: {words}"))
                }
                AttemptStatus::Foreign(_) => {
                    self.place.warn("not the newest backup", &format!("{location}: {words}"))
                }
            }
        }
        if self.passed.is_empty() {
            return Err(self.place.no_backup(String::new()).await.into());
        }
        let place = self.place.backups.location(&prefix(self.place.environment));
        Err(stored::proof(&place, std::mem::take(&mut self.passed)))
    }

    /// One whose parts are there. With a time in the future, it would stay the newest whatever is backed up after it.
    fn whole(&self, backup: BackupKey) -> Candidate {
        match ahead(backup.at, self.place.context.now()) {
            None => Candidate::Backup(backup),
            Some(by) => {
                let what = dated_ahead(by);
                let words = format!(
                    "{what}, so it might not be the newest: check both clocks, then name a backup with `backup`, or set `allow-older`"
                );
                Candidate::Bad(backup, words)
            }
        }
    }

    /// The newest whose parts are there; what shows that it is none fails, unless an older one may stand in.
    pub(super) async fn newest(&mut self) -> Result<BackupKey, Failure> {
        loop {
            match self.next().await? {
                Candidate::Backup(backup) => return Ok(backup),
                Candidate::Bad(backup, words) => {
                    let (location, findings) = (self.place.location(&backup), vec![words]);
                    if !self.passes_over(&location, &findings) {
                        return Err(stored::proof(&location, findings));
                    }
                }
            }
        }
    }

    /// What was passed over, and why, each in words.
    pub(super) fn passed(&self) -> Vec<String> {
        self.passed.iter().map(|words| format!("passed over {words}")).collect()
    }

    /// Whether an older backup may stand in for one of which this was found. What is passed over is named.
    pub(super) fn passes_over(&mut self, location: &str, findings: &[String]) -> bool {
        if self.allow_older {
            let words = format!("{location}: {}", findings.join("; "));
            let line = format!("passed over the newest backup: {words}");
            self.place.context.sink.line(&format!("{}: {line}", self.place.sponsor.name));
            self.passed.push(self.place.context.sink.redacted(&words));
        }
        self.allow_older
    }
}
