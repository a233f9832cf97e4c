//! The one backup that `backup` names, for every command. [`super::backup_attempts`] finds the latest.
//!
//! A time, a key or a location needs no manifest, unless other sponsors share the bucket. A version or a run is only in
//! manifests: they are read from the newest backward, until the answer is certain.

use futures_util::{Stream, StreamExt as _};
use jiff::Timestamp;

use super::backup_attempts::{BackupHistory, Latest};
use super::manifests::ManifestReads;
use super::stored;
use crate::archive::ArchiveError;
use crate::archive::backup_manifest::{Excerpt, Occasion};
use crate::archive::catalogue::{BackupEntry, BackupKey, Catalogue, Incomplete, catalogue, prefix};
use crate::cli::UsageError;
use crate::cli::options::{Location, WhichBackup};
use crate::failure::Failure;
use crate::layout::key::{SECOND, file_name};
use crate::verification::counted;
use crate::verification::limits::{ahead, dated_ahead};
use crate::verification::version_search::VersionSearch;

/// Manifests that are read in search of a version or a run, at most.
const MANIFESTS: usize = 2_000;
/// Of these, as many at once.
const IN_FLIGHT: usize = 16;
/// Names in a message, at most.
const NAMED: usize = 8;

/// Finds a backup for a command that reads only its manifest: `latest` has no older one that may stand in for it.
///
/// # Errors
/// As [`find`], or the newest is not whole.
pub(super) async fn find_any(place: &BackupHistory<'_>, which: &WhichBackup) -> Result<BackupKey, Failure> {
    match which {
        WhichBackup::Latest => Latest::of(place.clone(), false).await?.newest().await,
        which => Box::pin(find(place, which)).await,
    }
}

/// Finds a backup among the sponsor's own. A partner's never counts.
///
/// # Errors
/// There is none, or there are several, or the store refuses.
pub(super) async fn find(place: &BackupHistory<'_>, which: &WhichBackup) -> Result<BackupKey, Failure> {
    match which {
        WhichBackup::Latest => Err(none(place, String::new()).await),
        WhichBackup::Location(location) => at_location(place, location).await,
        WhichBackup::Key(key) => match BackupKey::parse(place.environment, key) {
            Some(backup) => Ok(backup),
            None => Err(none(place, format!(" with the key {key}")).await),
        },
        WhichBackup::At(at) => of_second(place, *at).await,
        WhichBackup::Older(back) => older(place, back.get()).await,
        WhichBackup::BeforeTime(time) => before_time(place, *time).await,
        WhichBackup::BeforeVersion(version) => before_version(place, version).await,
        WhichBackup::OfRun(id) => of_run(place, id).await,
    }
}

async fn none(place: &BackupHistory<'_>, which: String) -> Failure {
    place.no_backup(which).await.into()
}

async fn at_location(place: &BackupHistory<'_>, location: &Location) -> Result<BackupKey, Failure> {
    let key = stored::key_in(&place.backups, location);
    let elsewhere = match key {
        Some(_) => "",
        None => " (it is in another store: set SPONSOR_BACKUPS_BUCKET to that one)",
    };
    match key.and_then(|key| BackupKey::parse(place.environment, key)) {
        Some(backup) => Ok(backup),
        None => Err(none(place, format!(" at {location}{elsewhere}")).await),
    }
}

/// The whole backup with this second in its key, or a part of one, so that the reader learns what is missing.
async fn of_second(place: &BackupHistory<'_>, at: Timestamp) -> Result<BackupKey, Failure> {
    let Catalogue { backups, incomplete } = listed(place, &at.strftime("%Y/%m/%d/").to_string()).await?;
    let mut own = Vec::new();
    for entry in backups.into_iter().filter(|entry| entry.backup.at == at) {
        if !place.is_a_partners(&entry.backup).await? {
            own.push(entry.backup);
        }
    }
    if let [_, _, ..] = own.as_slice() {
        return Err(several(at, &own).into());
    }
    if let Some(backup) = own.pop() {
        return Ok(backup);
    }
    let bare = |left: &Incomplete| left.backup.at == at && left.dump.is_some();
    for left in incomplete.into_iter().filter(bare) {
        if !place.is_a_partners(&left.backup).await? {
            return Ok(left.backup);
        }
    }
    Err(none(place, format!(" of {}", at.strftime(SECOND))).await)
}

fn several(at: Timestamp, own: &[BackupKey]) -> UsageError {
    let names: Vec<&str> = own.iter().map(|backup| file_name(&backup.key)).collect();
    let what = format!("{} has {}", at.strftime(SECOND), counted(own.len() as u64, "backup"));
    UsageError::new(format!("{what}: {}", names.join(", ")))
        .hint("Write the file name of one of them in `backup`.")
}

/// `latest~N`: only whole backups count, and none with a time in the future, which would stay the newest for long.
async fn older(place: &BackupHistory<'_>, back: usize) -> Result<BackupKey, Failure> {
    let Catalogue { backups, incomplete } = listed(place, "").await?;
    let mut own = 0;
    for BackupEntry { backup, .. } in backups {
        if place.is_a_partners(&backup).await? {
            continue;
        }
        if let Some(by) = ahead(backup.at, place.context.now()) {
            place.say(&format!("passed over {}: {}", place.location(&backup), dated_ahead(by)));
            continue;
        }
        if own == back {
            passed_over(place, &incomplete, |at| at > backup.at);
            return Ok(backup);
        }
        own += 1;
    }
    Err(none(place, format!(" for latest~{back}, only {own} whole ones")).await)
}

/// The newest whole backup that was begun before a time, and whose data is from before it.
async fn before_time(place: &BackupHistory<'_>, time: Timestamp) -> Result<BackupKey, Failure> {
    let Catalogue { backups, incomplete } = listed(place, "").await?;
    let oldest = backups.last().map(|entry| entry.backup.at);
    let backups = backups.into_iter().filter(|entry| entry.backup.at < time);
    let mut told = Box::pin(manifests(place, backups.take(MANIFESTS), 1));
    while let Some((backup, told)) = told.next().await {
        let is_before = match told {
            Ok(None) => false,
            Ok(Some(told)) => told.started_at.is_none_or(|started| started < time),
            Err(error) if error.affects_every_request() => return Err(error.into()),
            // The reader learns what is wrong with it.
            Err(_) => true,
        };
        if is_before {
            passed_over(place, &incomplete, |at| at > backup.at && at < time);
            return Ok(backup);
        }
    }
    let oldest = oldest.map(|at| format!("; the oldest one there is {}", at.strftime(SECOND)));
    Err(none(place, format!(" from before {time}{}", oldest.unwrap_or_default())).await)
}

/// See [`VersionSearch`].
async fn before_version(place: &BackupHistory<'_>, version: &str) -> Result<BackupKey, Failure> {
    let Catalogue { backups, .. } = listed(place, "").await?;
    let all = backups.len();
    let mut search = VersionSearch::new(version);
    let mut told = Box::pin(manifests(place, backups.into_iter().take(MANIFESTS), IN_FLIGHT));
    while let Some((backup, told)) = told.next().await {
        let Some(told) = readable(place, &backup, told)? else { continue };
        if search.take(backup, told.occasion.deployed_version()).is_break() {
            break;
        }
    }
    match search.end() {
        Ok((backup, attempts)) => {
            let words = match attempts {
                1 => String::new(),
                attempts => format!(", before the first of {attempts} attempts"),
            };
            place.say(&format!("before:{version} is {}{words}", place.location(&backup)));
            Ok(backup)
        }
        Err(versions) => {
            Err(none(place, format!(" from before version {version}{}", found(all, "versions", &versions)))
                .await)
        }
    }
}

/// The newest backup of a workflow run. Each attempt of the run takes one.
async fn of_run(place: &BackupHistory<'_>, id: &str) -> Result<BackupKey, Failure> {
    let Catalogue { backups, .. } = listed(place, "").await?;
    let all = backups.len();
    let mut runs: Vec<String> = Vec::new();
    let mut told = Box::pin(manifests(place, backups.into_iter().take(MANIFESTS), IN_FLIGHT));
    while let Some((backup, told)) = told.next().await {
        let Some(told) = readable(place, &backup, told)? else { continue };
        match told.occasion.github_run_id {
            Some(run) if run == id => {
                place.say(&format!("run:{id} is {}", place.location(&backup)));
                return Ok(backup);
            }
            Some(run) if !runs.contains(&run) && runs.len() <= NAMED => runs.push(run),
            Some(_) | None => {}
        }
    }
    Err(none(place, format!(" of run {id}{}", found(all, "runs", &runs))).await)
}

/// What there is instead: `; versions there, newest first: v2.4.1, v2.4.0`.
fn found(all: usize, what: &str, names: &[String]) -> String {
    let scope =
        if all > MANIFESTS { format!(" among the newest {MANIFESTS} backups") } else { String::new() };
    let shown: Vec<&str> = names.iter().take(NAMED).map(String::as_str).collect();
    let more = if names.len() > NAMED { ", …" } else { "" };
    let names = match shown.as_slice() {
        [] => format!("; no {what} there"),
        shown => format!("; {what} there, newest first: {}{more}", shown.join(", ")),
    };
    scope + &names
}

/// What a manifest says of when and why.
struct Told {
    started_at: Option<Timestamp>,
    occasion: Occasion,
}

/// Backups with what their manifests say, in the same order. `None` for a partner's.
fn manifests<'p>(
    place: &'p BackupHistory<'_>,
    backups: impl Iterator<Item = BackupEntry> + 'p,
    at_once: usize,
) -> impl Stream<Item = (BackupKey, Result<Option<Told>, ArchiveError>)> + 'p {
    let reads = std::sync::Arc::new(ManifestReads::new());
    let read = move |entry: BackupEntry| {
        let reads = std::sync::Arc::clone(&reads);
        async move {
            let parse = |location: &str, document: &[u8]| {
                let told = Excerpt::parse(location, document)?;
                let is_own = !place.sponsor.partners.contains(&told.sponsor);
                let occasion = Occasion::of_manifest(document);
                Ok(is_own.then_some(Told { started_at: told.started_at, occasion }))
            };
            let told = Box::pin(reads.read(&place.backups, &entry, parse)).await;
            (entry.backup, told)
        }
    };
    futures_util::stream::iter(backups).map(read).buffered(at_once)
}

/// What was read of a sponsor's own backup. A manifest that cannot be read is named and passed over.
fn readable(
    place: &BackupHistory<'_>,
    backup: &BackupKey,
    told: Result<Option<Told>, ArchiveError>,
) -> Result<Option<Told>, Failure> {
    match told {
        Ok(told) => Ok(told),
        Err(error) if error.affects_every_request() => Err(error.into()),
        Err(error) => {
            let words = stored::in_words(&place.backups, &backup.key, &error);
            place.warn("a backup was passed over", &format!("{}: {words}", place.location(backup)));
            Ok(None)
        }
    }
}

async fn listed(place: &BackupHistory<'_>, below: &str) -> Result<Catalogue, Failure> {
    let prefix = format!("{}{below}", prefix(place.environment));
    Ok(catalogue(place.environment, Box::pin(place.backups.list(&prefix)).await?))
}

/// Names what is not whole and would otherwise have been chosen. In a shared bucket it may be a partner's.
fn passed_over(place: &BackupHistory<'_>, incomplete: &[Incomplete], is_newer: impl Fn(Timestamp) -> bool) {
    let left = incomplete.iter().filter(|left| place.sponsor.partners.is_empty() && is_newer(left.backup.at));
    for left in left.take(NAMED) {
        place.say(&format!("passed over {}: {}", place.location(&left.backup), left.words()));
    }
}
