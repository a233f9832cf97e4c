//! `list`: shows what each selected sponsor's bucket holds, and what the manifests say about it.

use std::time::{Duration, Instant};

use futures_util::{StreamExt as _, TryStreamExt as _};
use tokio::sync::Semaphore;

use super::buckets::{BucketAccess, SponsorBuckets};
use super::history::{AttemptStatus, BackupAttempt, Place};
use super::publish::{Ended, Publisher, RedactedFailure};
use super::scope::{self, SecretsSource};
use super::survey::TenancyGuard;
use super::{RunContext, stored};
use crate::archive::ArchiveError;
use crate::archive::backup_manifest::Excerpt;
use crate::archive::catalogue::{BackupEntry, prefix};
use crate::archive::key::manifest_key;
use crate::archive::s3::policy::Purpose;
use crate::cli::order::ListOptions;
use crate::failure::Failure;
use crate::report::SponsorResult;
use crate::report::listing::{self, BackupList, ListedBackup};
use crate::secrets::{Disabled, S3Backups};
use crate::sponsors::Sponsor;
use crate::verification::limits::{Measured, freshness};
use crate::verification::stored::{StoredFacts, of_another};
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
    order: &'a ListOptions,
    edge: &'a RunContext,
    survey: TenancyGuard,
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
    order: ListOptions,
    edge: &RunContext,
    publisher: &Publisher<'_>,
) -> Result<u8, Failure> {
    let selected = scope::select_some(&order.scope, edge).await?;
    let secrets = SecretsSource::open(&order.scope, edge, &selected.sponsors).await?;
    let survey = TenancyGuard::of_secrets(&secrets, &selected, None, edge).await;
    let memory = Semaphore::new(MANIFEST_MEBIBYTES as usize);
    let run = ListRun { order: &order, edge, survey, memory };
    let (mut ended, mut lists) = (Vec::new(), Vec::new());
    for sponsor in &selected.sponsors {
        ended.push(Box::pin(run.sponsor(sponsor, publisher, &mut lists)).await);
    }
    if order.json {
        run.show_json(&lists);
    }
    publisher.lists(ended, &lists)
}

impl ListRun<'_> {
    async fn sponsor(
        &self,
        sponsor: &Sponsor,
        publisher: &Publisher<'_>,
        lists: &mut Vec<BackupList>,
    ) -> Ended {
        let begun = Instant::now();
        let stop = self.edge.stop.child();
        let listed = tokio::select! {
            listed = self.list(sponsor) => listed,
            () = stop.cancelled() => Err(scope::stopped(self.edge)),
        };
        let judged = match &listed {
            Ok(Ok(listed)) => self.judge(&listed.list),
            _ => Ok(None),
        };
        let watched = self.order.max_backup_age.is_some();
        let conclusion = match &listed {
            Ok(Ok(listed)) if judged.is_ok() => Conclusion::of_listing(listed.list.rows.len()),
            Ok(Err(_)) if !watched => Conclusion::disabled(),
            _ => Conclusion::failed(None),
        };
        let mut result = SponsorResult::new(&sponsor.name, conclusion, begun.elapsed().as_secs_f64());
        let code = match listed {
            Ok(Ok(SponsorListing { mut list, elsewhere })) => {
                list.newest = judged.as_ref().ok().copied().flatten();
                let elsewhere = elsewhere.map(|other| {
                    self.edge.sink.line(&format!("{}: {other}; check `environment`", sponsor.name));
                    format!(" ({other})")
                });
                result.message = Some(list.words() + &elsewhere.unwrap_or_default());
                result.warnings.extend(list.problems());
                self.show(&list);
                lists.push(list);
                match judged {
                    Ok(_) => return (result, None),
                    Err(failure) => Some(RedactedFailure::of(&failure, self.edge).fail(&mut result)),
                }
            }
            Ok(Err(disabled)) => {
                self.edge.sink.line(&format!("{}: {disabled}, so there are no backups", sponsor.name));
                result.message = Some(disabled.to_string());
                // A watcher must not accept an age that was not checked.
                let unwatched = watched.then(|| {
                    let findings = vec!["no backups are taken, so their age was not checked".to_owned()];
                    let hint = "Set the flag to `true`, or leave the sponsor out of `sponsors`.".to_owned();
                    Failure::from(VerificationError { place: disabled.to_string(), findings, hint })
                });
                unwatched.map(|failure| RedactedFailure::of(&failure, self.edge).fail(&mut result))
            }
            Err(failure) => Some(RedactedFailure::of(&failure, self.edge).fail(&mut result)),
        };
        publisher.sponsor(&result);
        (result, code)
    }

    async fn list(&self, sponsor: &Sponsor) -> Result<Result<SponsorListing, Disabled>, Failure> {
        let secrets = match self.survey.secrets_of_its_own(sponsor).await? {
            S3Backups::Disabled(why) => return Ok(Err(why.clone())),
            S3Backups::Enabled(secrets) => secrets,
        };
        let way = BucketAccess {
            scope: &self.order.scope,
            edge: self.edge,
            endpoint: &self.order.endpoint,
            sponsor: &sponsor.name,
            purpose: Purpose::Read { thaw: false },
        };
        let whose = (sponsor, self.order.scope.environment);
        let place = SponsorBuckets::open(&way, secrets).place(whose, AN_UPLOAD, self.edge);
        let attempts = place.attempts().await?;
        let rows = if self.order.max_backup_age.is_some() {
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
        let (sponsor, place) = (sponsor.name.clone(), place.backups.location(&prefix(place.environment)));
        let watched = self.order.max_backup_age.is_some();
        Ok(Ok(SponsorListing { list: BackupList { sponsor, place, rows, watched, newest: None }, elsewhere }))
    }

    /// Rows down to the newest backup that counts. A watcher needs no more of thousands.
    async fn newest(
        &self,
        place: &Place<'_>,
        attempts: Vec<BackupAttempt>,
    ) -> Result<Vec<ListedBackup>, ArchiveError> {
        let mut rows = Vec::new();
        for attempt in attempts {
            let Some(row) = self.row(place, attempt).await? else { continue };
            let is_newest = counts(&row) && row.timestamp <= self.edge.now();
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
        let Some(limit) = self.order.max_backup_age else { return Ok(None) };
        let taken = list.rows.iter().filter(|row| counts(row)).map(|row| row.timestamp);
        Ok(Some(freshness(&list.place, taken, self.edge.now(), limit)?))
    }

    /// One backup. An error becomes a problem in its row and does not end the list. A partner's backup has no row.
    async fn row(
        &self,
        place: &Place<'_>,
        attempt: BackupAttempt,
    ) -> Result<Option<ListedBackup>, ArchiveError> {
        let BackupAttempt { backup, standing } = attempt;
        let age = self.edge.now().duration_since(backup.at).as_secs();
        let mut row = ListedBackup {
            sponsor: place.sponsor.name.clone(),
            environment: place.environment.name(),
            location: place.location(&backup),
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
        };
        let looked = match standing {
            AttemptStatus::Whole(entry) => {
                row.holds(entry.bytes, &entry.storage_class);
                self.look(place, &entry, &mut row).await
            }
            AttemptStatus::Lacks(left) => match Box::pin(place.look_closer(left)).await {
                Ok(standing) => Ok(self.tell(&standing, &mut row)),
                Err(error) => Err(error),
            },
            standing => Ok(self.tell(&standing, &mut row)),
        };
        match looked {
            Ok(Ownership::APartners) => return Ok(None),
            Err(error) if error.affects_every_request() => return Err(error),
            Err(error) => {
                if error.is_finding() {
                    DAMAGED.clone_into(&mut row.status);
                }
                let words = stored::in_words(&place.backups, &backup.key, &error);
                row.problem = Some(self.edge.sink.redacted(&words));
            }
            Ok(Ownership::Ours) => {}
        }
        Ok(Some(row))
    }

    /// The row of an attempt that is not a backup.
    fn tell(&self, standing: &AttemptStatus, row: &mut ListedBackup) -> Ownership {
        if matches!(standing, AttemptStatus::Anothers) {
            return Ownership::APartners;
        }
        row.status = standing.name().unwrap_or_default();
        row.problem = standing.words().map(|words| self.edge.sink.redacted(&words));
        if let Some(dump) = standing.dump() {
            row.holds(dump.bytes, &dump.storage_class);
        }
        Ownership::Ours
    }

    async fn look(
        &self,
        place: &Place<'_>,
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
        let document = store.read_small(&beside, stored::MANIFEST_BYTES).await?;
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
        let lost = told
            .previous_backup
            .as_ref()
            .filter(|before| told.rows_total == Some(0) && before.rows_total > 0);
        if let (true, Some(before)) = (problems.is_empty(), lost) {
            EMPTY.clone_into(&mut row.status);
            (row.sha256, row.rows) = (Some(told.stored.sha256), told.rows_total);
            row.problem =
                Some(format!("it holds no rows, but {} held {}", before.location, before.rows_total));
        } else if problems.is_empty() {
            (row.sha256, row.rows) = (Some(told.stored.sha256), told.rows_total);
            let status = if row.partial == Some(true) { PARTIAL } else { COMPLETE };
            status.clone_into(&mut row.status);
        } else {
            DAMAGED.clone_into(&mut row.status);
            row.problem = Some(self.edge.sink.redacted(&problems.join("; ")));
        }
        Ok(Ownership::Ours)
    }

    fn show(&self, list: &BackupList) {
        let sink = &self.edge.sink;
        match (sink.is_workflow(), self.order.json) {
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
        let (sink, json) = (&self.edge.sink, listing::json(lists));
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
