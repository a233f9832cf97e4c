//! `list`: shows what each selected sponsor's bucket holds, and what the manifests say about it.

use std::time::Duration;

use futures_util::{StreamExt as _, TryStreamExt as _};
use tokio::sync::Semaphore;

use super::history::{AttemptStatus, BackupAttempt, BackupHistory};
use super::publish::{Ended, Publisher};
use super::secrets_source::SecretsSource;
use super::session::{Sessions, SponsorSession, contained};
use super::tenancy_guard::TenancyGuard;
use super::{RunContext, sponsor_selection, stored};
use crate::archive::ArchiveError;
use crate::archive::backup_manifest::Excerpt;
use crate::archive::catalogue::{BackupEntry, BackupKey, prefix};
use crate::archive::key::manifest_key;
use crate::archive::s3::policy::Purpose;
use crate::cli::options::ListOptions;
use crate::failure::Failure;
use crate::report::listing::{self, BackupList, ListedBackup};
use crate::secrets::{Disabled, S3Backups};
use crate::sponsors::Sponsor;
use crate::verification::limits::{Measured, freshness};
use crate::verification::stored::{MANIFEST_BYTES, StoredFacts, of_another};
use crate::verification::{Conclusion, VerificationError};

/// Backups that are looked at in parallel.
const IN_FLIGHT: usize = 16;
/// Memory for manifests, in MiB. A larger manifest is read alone.
const MANIFEST_MEBIBYTES: u32 = 32;

/// Default `timeout` of a run. An upload that began earlier belongs to a run that has ended.
const AN_UPLOAD: Duration = Duration::from_secs(6 * 3600);
const UNKNOWN: &str = "unknown";
const DAMAGED: &str = "damaged";
const EMPTY: &str = "empty";
const COMPLETE: &str = "complete";
const PARTIAL: &str = "partial";

/// Shared by all sponsors of a run.
struct ListRun<'a> {
    options: &'a ListOptions,
    context: &'a RunContext,
    sessions: Sessions<'a>,
    memory: Semaphore,
}

/// What was found for one sponsor.
struct SponsorListing {
    list: BackupList,
    /// Which other environments hold backups, if this one holds none.
    elsewhere: Option<String>,
}

/// Whose backup a manifest describes.
enum Ownership {
    Ours,
    APartners,
}

pub(super) async fn run(
    options: ListOptions,
    context: &RunContext,
    publisher: &Publisher<'_>,
) -> Result<u8, Failure> {
    let selected = sponsor_selection::select_some(&options.common, context).await?;
    let secrets = SecretsSource::open(&options.common, context, &selected.sponsors).await?;
    let guard = TenancyGuard::of_secrets(&secrets, &selected, None, context).await;
    let sessions = Sessions { common: &options.common, context, guard, publisher };
    let memory = Semaphore::new(MANIFEST_MEBIBYTES as usize);
    let run = ListRun { options: &options, context, sessions, memory };
    let (mut ended, mut lists) = (Vec::new(), Vec::new());
    for sponsor in &selected.sponsors {
        let broken = |failure| run.sessions.end_broken(sponsor, &failure);
        ended.push(contained(Box::pin(run.sponsor(sponsor, &mut lists)), broken).await);
    }
    if options.json {
        run.show_json(&lists);
    }
    publisher.lists(ended, &lists)
}

impl ListRun<'_> {
    async fn sponsor(&self, sponsor: &Sponsor, lists: &mut Vec<BackupList>) -> Ended {
        let session = self.sessions.begin(sponsor, None);
        match session.run(session.limit.unless_stopped(Box::pin(self.list(&session)))).await {
            Ok(Ok(listed)) => self.end_listed(&session, listed, lists),
            Ok(Err(disabled)) => self.end_disabled(&session, &disabled),
            Err(failure) => {
                session.end(session.result(Conclusion::failed(None)), Some(session.redacted(&failure)))
            }
        }
    }

    /// Shows a list. If no failure follows, the list itself is all that the log needs.
    fn end_listed(
        &self,
        session: &SponsorSession<'_>,
        SponsorListing { mut list, elsewhere }: SponsorListing,
        lists: &mut Vec<BackupList>,
    ) -> Ended {
        let judged = self.judge(&list);
        let mut result = session.result(match &judged {
            Ok(_) => Conclusion::of_listing(list.rows.len()),
            Err(_) => Conclusion::failed(None),
        });
        list.newest = judged.as_ref().ok().copied().flatten();
        let elsewhere = elsewhere.map(|other| {
            self.context.sink.line(&format!("{}: {other}; check `environment`", session.sponsor.name));
            format!(" ({other})")
        });
        result.message = Some(list.words() + &elsewhere.unwrap_or_default());
        result.warnings.extend(list.problems());
        self.show(&list);
        lists.push(list);
        match judged {
            Ok(_) => (result, None),
            Err(failure) => session.end(result, Some(session.redacted(&failure))),
        }
    }

    /// A watcher must not accept an age that was not checked.
    fn end_disabled(&self, session: &SponsorSession<'_>, disabled: &Disabled) -> Ended {
        let name = &session.sponsor.name;
        self.context.sink.line(&format!("{name}: {disabled}, so there are no backups"));
        if self.options.max_backup_age.is_none() {
            let mut result = session.result(Conclusion::disabled());
            result.message = Some(disabled.to_string());
            return session.end(result, None);
        }
        let findings = vec!["no backups are taken, so their age was not checked".to_owned()];
        let hint = "Set the flag to `true`, or leave the sponsor out of `sponsors`.".to_owned();
        let unwatched = Failure::from(VerificationError { place: disabled.to_string(), findings, hint });
        session.end(session.result(Conclusion::failed(None)), Some(session.redacted(&unwatched)))
    }

    async fn list(&self, session: &SponsorSession<'_>) -> Result<Result<SponsorListing, Disabled>, Failure> {
        let secrets = match session.secrets().await? {
            S3Backups::Disabled(why) => return Ok(Err(why.clone())),
            S3Backups::Enabled(secrets) => secrets,
        };
        let purpose = Purpose::Read { thaw: false };
        let buckets = session.open_buckets(secrets, &self.options.endpoint, purpose)?;
        let place = session.history(&buckets, AN_UPLOAD);
        let attempts = place.attempts().await?;
        let rows = if self.options.max_backup_age.is_some() {
            self.newest(&place, attempts).await?
        } else {
            let rows: Vec<Option<ListedBackup>> = futures_util::stream::iter(attempts)
                .map(|attempt| self.row(&place, attempt))
                .buffered(IN_FLIGHT)
                .try_collect()
                .await?;
            rows.into_iter().flatten().collect()
        };
        let elsewhere = if rows.is_empty() { place.elsewhere().await } else { None };
        let (sponsor, place) =
            (session.sponsor.name.clone(), place.backups.location(&prefix(place.environment)));
        let watched = self.options.max_backup_age.is_some();
        Ok(Ok(SponsorListing { list: BackupList { sponsor, place, rows, watched, newest: None }, elsewhere }))
    }

    /// Rows down to the newest backup that counts. A watcher needs no more of thousands.
    async fn newest(
        &self,
        place: &BackupHistory<'_>,
        attempts: Vec<BackupAttempt>,
    ) -> Result<Vec<ListedBackup>, ArchiveError> {
        let mut rows = Vec::new();
        for attempt in attempts {
            let Some(row) = self.row(place, attempt).await? else { continue };
            let is_newest = counts(&row) && row.timestamp <= self.context.now();
            rows.push(row);
            if is_newest {
                break;
            }
        }
        Ok(rows)
    }

    /// Checks a list against `max-backup-age`.
    /// | The age of the newest backup, with its limit.
    fn judge(&self, list: &BackupList) -> Result<Option<Measured>, Failure> {
        let Some(limit) = self.options.max_backup_age else { return Ok(None) };
        let taken = list.rows.iter().filter(|row| counts(row)).map(|row| row.timestamp);
        Ok(Some(freshness(&list.place, taken, self.context.now(), limit)?))
    }

    /// One backup. An error becomes a problem in its row and does not end the list. A partner's backup has no row.
    async fn row(
        &self,
        place: &BackupHistory<'_>,
        attempt: BackupAttempt,
    ) -> Result<Option<ListedBackup>, ArchiveError> {
        let BackupAttempt { backup, standing } = attempt;
        let mut row = self.unknown_row(place, &backup);
        let looked = match standing {
            AttemptStatus::Whole(entry) => {
                row.holds(entry.bytes, &entry.storage_class);
                self.look(place, &entry, &mut row).await
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
        Ok(Some(row))
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
            problem: None,
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
            row.holds(dump.bytes, &dump.storage_class);
        }
        Ownership::Ours
    }

    async fn look(
        &self,
        place: &BackupHistory<'_>,
        entry: &BackupEntry,
        row: &mut ListedBackup,
    ) -> Result<Ownership, ArchiveError> {
        let (store, key) = (&place.backups, &entry.backup.key);
        let examined = store.examine(key).await?;
        row.locked_until = examined.lock.map(|lock| lock.until);
        let mebibytes = u32::try_from(entry.manifest_bytes >> 20).unwrap_or(u32::MAX).saturating_add(1);
        // Never closed, so that this always gives one.
        let _held = self.memory.acquire_many(mebibytes.min(MANIFEST_MEBIBYTES)).await.ok();
        let beside = manifest_key(key);
        let document = store.read_small(&beside, MANIFEST_BYTES).await?;
        let told = Excerpt::parse(&store.location(&beside), &document)?;
        if place.sponsor.partners.contains(&told.sponsor) {
            return Ok(Ownership::APartners);
        }
        row.partial = Some(told.is_partial());
        let sha256 = stored::checksum_of(store, key).await?;
        let whose =
            of_another([&row.sponsor, row.environment, key], [&told.sponsor, &told.environment, &told.key]);
        let found = StoredFacts { bytes: entry.bytes, crc64: examined.crc64, sha256 };
        let problems = [whose, found.differing(&told.stored)].concat();
        self.judge_row(row, told, problems);
        Ok(Ownership::Ours)
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

    fn show(&self, list: &BackupList) {
        let sink = &self.context.sink;
        match (sink.is_workflow(), self.options.json) {
            (true, false) => sink.group(&list.title(), &list.lines()),
            (true, true) => sink.line(&list.title()),
            (false, false) => {
                let lines = std::iter::once(list.title()).chain(list.lines());
                sink.text(&lines.map(|line| line + "\n").collect::<String>());
            }
            (false, true) => {}
        }
    }

    fn show_json(&self, lists: &[BackupList]) {
        let (sink, json) = (&self.context.sink, listing::json(lists));
        if sink.is_workflow() {
            sink.group("The backups as JSON", &json.lines().map(str::to_owned).collect::<Vec<_>>());
        } else {
            sink.text(&json);
        }
    }
}

/// Whether a row is a backup that a watcher can rely on.
fn counts(row: &ListedBackup) -> bool {
    [COMPLETE, PARTIAL].contains(&row.status.as_str())
}
