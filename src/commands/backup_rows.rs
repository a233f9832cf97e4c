//! One row per backup: what the listing, the manifest and the checksum file say about it, and whether they agree.

use super::backup_attempts::{AttemptStatus, BackupAttempt, BackupHistory};
use super::manifests::ManifestReads;
use super::protection::Protection;
use super::row_facts::RowFacts;
use super::{RunContext, stored};
use crate::archive::ArchiveError;
use crate::archive::backup_manifest::{Excerpt, HeldTable, Occasion};
use crate::archive::catalogue::{BackupEntry, BackupKey};
use crate::report::listing::ListedBackup;
use crate::verification::limits::{ahead, dated_ahead};
use crate::verification::stored::{StoredFacts, of_another};

/// The status of a backup that S3 did not let be looked at.
pub(super) const UNKNOWN: &str = "unknown";
const DAMAGED: &str = "damaged";
const EMPTY: &str = "empty";
const HIDDEN: &str = "hidden";
/// Why nothing is known of the protection of what is not a whole backup.
const NOT_LOOKED_AT: &str = "only whole backups that can be read are looked at";
const COMPLETE: &str = "complete";
const PARTIAL: &str = "partial";

/// Reads rows, a few manifests at a time.
pub(super) struct BackupRows<'a> {
    context: &'a RunContext,
    manifests: ManifestReads,
    /// The table whose rows are wanted, as it was typed.
    with: Option<&'a str>,
}

/// Whose backup a manifest describes.
enum Ownership {
    Ours,
    APartners,
}

impl<'a> BackupRows<'a> {
    pub(super) fn new(context: &'a RunContext, with: Option<&'a str>) -> Self {
        Self { context, manifests: ManifestReads::new(), with }
    }

    /// Rows down to the newest backup that counts. A watcher needs no more of thousands.
    pub(super) async fn newest(
        &self,
        place: &BackupHistory<'_>,
        attempts: Vec<BackupAttempt>,
        facts: &RowFacts<'_>,
    ) -> Result<Vec<ListedBackup>, ArchiveError> {
        let mut rows = Vec::new();
        for attempt in attempts {
            let Some(row) = self.row(place, attempt, facts).await? else { continue };
            let is_newest = counts(&row) && ahead(row.timestamp, self.context.now()).is_none();
            rows.push(row);
            if is_newest {
                break;
            }
        }
        Ok(rows)
    }

    /// One backup. An error becomes a problem in its row and does not end the list. A partner's backup has no row.
    pub(super) async fn row(
        &self,
        place: &BackupHistory<'_>,
        attempt: BackupAttempt,
        facts: &RowFacts<'_>,
    ) -> Result<Option<ListedBackup>, ArchiveError> {
        let BackupAttempt { backup, standing } = attempt;
        let mut row = self.unknown_row(place, &backup);
        let looked = match standing {
            AttemptStatus::Whole(entry) => {
                row.holds(entry.bytes, entry.storage_class.as_deref());
                self.look(place, &entry, (&mut row, facts)).await
            }
            AttemptStatus::Lacks(left) => match Box::pin(place.look_closer(left)).await {
                Ok(standing) => Ok(self.fill_status(&standing, &mut row)),
                Err(error) => Err(error),
            },
            standing => Ok(self.fill_status(&standing, &mut row)),
        };
        match looked {
            Ok(Ownership::APartners) => return Ok(None),
            Err(error) if error.affects_every_request() => return Err(error),
            Err(error) => {
                if error.is_finding() {
                    DAMAGED.clone_into(&mut row.status);
                }
                let words = stored::in_words(&place.backups, &backup.key, &error);
                row.problem = Some(self.context.sink.redacted(&words));
            }
            Ok(Ownership::Ours) => {}
        }
        let by = ahead(row.timestamp, self.context.now());
        row.problem = row.problem.or(by.map(dated_ahead));
        facts.fill(&backup, &mut row);
        Ok(Some(row))
    }

    /// The row of a backup of which no listing shows anything, because delete markers are over it.
    pub(super) fn hidden_row(
        &self,
        place: &BackupHistory<'_>,
        backup: &BackupKey,
        facts: &RowFacts<'_>,
    ) -> ListedBackup {
        let mut row = self.unknown_row(place, backup);
        HIDDEN.clone_into(&mut row.status);
        facts.fill(backup, &mut row);
        row
    }

    /// A row before anything was read.
    fn unknown_row(&self, place: &BackupHistory<'_>, backup: &BackupKey) -> ListedBackup {
        let age = self.context.now().duration_since(backup.at).as_secs();
        ListedBackup {
            sponsor: place.sponsor.name.clone(),
            environment: place.environment.name(),
            location: place.location(backup),
            timestamp: backup.at,
            status: UNKNOWN.to_owned(),
            partial: None,
            size_bytes: None,
            sha256: None,
            rows: None,
            age_seconds: u64::try_from(age).unwrap_or_default(),
            storage_class: None,
            locked_until: None,
            encrypted: backup.encrypted,
            why: None,
            version: None,
            git_sha: None,
            actor: None,
            github_run_id: None,
            github_run_attempt: None,
            table: None,
            table_rows: None,
            is_identified: false,
            named: Vec::new(),
            problem: None,
            run: None,
            held: None,
            hidden: None,
            last_drill: None,
            unknown: [("held", NOT_LOOKED_AT), ("locked_until", NOT_LOOKED_AT)]
                .map(|(key, why)| (key, why.to_owned()))
                .into(),
        }
    }

    /// Fills in the row of an attempt that is not a backup. Returns whose it is.
    fn fill_status(&self, standing: &AttemptStatus, row: &mut ListedBackup) -> Ownership {
        if matches!(standing, AttemptStatus::PartnersRest) {
            return Ownership::APartners;
        }
        row.status = standing.name().unwrap_or_default();
        row.problem = standing.words().map(|words| self.context.sink.redacted(&words));
        if let Some(dump) = standing.dump() {
            row.holds(dump.bytes, dump.storage_class.as_deref());
        }
        Ownership::Ours
    }

    async fn look(
        &self,
        place: &BackupHistory<'_>,
        entry: &BackupEntry,
        (row, facts): (&mut ListedBackup, &RowFacts<'_>),
    ) -> Result<Ownership, ArchiveError> {
        let (store, key) = (&place.backups, &entry.backup.key);
        let examined = store.examine(key).await?;
        protect(row, facts.protection(&entry.backup, &examined).await);
        row.is_identified =
            !store.capabilities().metadata || examined.crc64.is_some() || examined.write_id.is_some();
        let parse = |location: &str, document: &[u8]| {
            let told = Excerpt::parse(location, document)?;
            let tables = self.with.as_ref().map(|with| HeldTable::named(with, document)).unwrap_or_default();
            Ok((told, Occasion::of_manifest(document), tables))
        };
        let (told, occasion, tables) = self.manifests.read(store, entry, parse).await?;
        if place.sponsor.partners.contains(&told.sponsor) {
            return Ok(Ownership::APartners);
        }
        row.partial = Some(told.is_partial());
        row.named = tables;
        self.fill_occasion(&occasion, row);
        let sha256 = stored::checksum_of(store, key).await?;
        let whose = of_another(
            [&row.sponsor, row.environment, key],
            [&told.sponsor, &told.environment, &told.key],
            told.timestamp,
        );
        let found = StoredFacts { bytes: entry.bytes, crc64: examined.crc64, sha256 };
        let problems = [whose, found.differing(&told.stored)].concat();
        self.judge_row(row, told, problems);
        Ok(Ownership::Ours)
    }

    /// Why it was taken, as its manifest says.
    fn fill_occasion(&self, occasion: &Occasion, row: &mut ListedBackup) {
        let clean = |text: Option<&str>| text.map(|text| self.context.sink.redacted(text));
        row.why = clean(occasion.why());
        row.version = clean(occasion.version.as_deref());
        row.git_sha = clean(occasion.git_sha.as_deref());
        row.actor = clean(occasion.actor());
        row.github_run_id = clean(occasion.github_run_id.as_deref());
        row.run.clone_from(&row.github_run_id);
        row.github_run_attempt = clean(occasion.github_run_attempt.as_deref());
    }

    /// The row's status, from its manifest and what contradicts it.
    fn judge_row(&self, row: &mut ListedBackup, told: Excerpt, problems: Vec<String>) {
        if !problems.is_empty() {
            DAMAGED.clone_into(&mut row.status);
            row.problem = Some(self.context.sink.redacted(&problems.join("; ")));
            return;
        }
        let before =
            told.previous_backup.filter(|before| told.rows_total == Some(0) && before.rows_total > 0);
        let status = match (&before, row.partial) {
            (Some(_), _) => EMPTY,
            (None, Some(true)) => PARTIAL,
            (None, _) => COMPLETE,
        };
        status.clone_into(&mut row.status);
        (row.sha256, row.rows) = (Some(told.stored.sha256), told.rows_total);
        row.problem = before
            .map(|before| format!("it holds no rows, but {} held {}", before.location, before.rows_total));
    }
}

fn protect(row: &mut ListedBackup, Protection { held, locked_until }: Protection) {
    row.unknown.clear();
    row.held = held.map_err(|why| row.is_unknown("held", &why)).ok();
    row.locked_until = locked_until.map_err(|why| row.is_unknown("locked_until", &why)).ok().flatten();
}

/// Whether a row is a backup that a watcher can rely on.
pub(super) fn counts(row: &ListedBackup) -> bool {
    [COMPLETE, PARTIAL].contains(&row.status.as_str())
}
