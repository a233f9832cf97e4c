//! One stored backup: reads its manifest, and reads it to its end before it is trusted.

use std::time::{Duration, Instant};

use bytes::Bytes;
use secrecy::ExposeSecret as _;
use tokio_util::sync::CancellationToken;

use super::RunContext;
use super::secrets_source::warn_of_open_file;
use crate::archive::backup_manifest::{BackupManifest, Excerpt};
use crate::archive::catalogue::BackupKey;
use crate::archive::{ArchiveError, Identities, Reader, SealedObject, checksum, open};
use crate::cli::UsageError;
use crate::cli::options::{Location, ReadOptions};
use crate::databases::postgres::sql::{Columns, DumpContents, Scan};
use crate::failure::Failure;
use crate::layout::key::{checksum_key, manifest_key};
use crate::secrets::Secret;
use crate::sponsors::{Environment, Sponsor};
use crate::store::{Store, StoreError};
use crate::verification::limits;
use crate::verification::stored::{
    MANIFEST_BYTES, ReadFacts, StoredFacts, contradictions, judged, of_another, refuted,
};

const CHECKSUM_BYTES: u64 = 4096;
/// How long a thawed backup stays readable.
const THAW_DAYS: u16 = 7;

/// A backup whose three objects exist and agree. Its bytes were not read yet.
#[derive(Debug)]
pub(super) struct StoredBackup {
    pub(super) source: SealedObject,
    pub(super) description: BackupManifest,
    pub(super) location: String,
    /// The manifest as it is stored, with what this version does not know of it.
    pub(super) document: Bytes,
}

/// A backup that was read to its end and matches its manifest.
#[derive(Debug)]
pub(super) struct VerifiedContents {
    /// The scan of its text.
    pub(super) scan: Scan,
    /// What it holds.
    pub(super) contents: DumpContents,
    /// Time to fetch it, without `decrypt`.
    pub(super) fetch: Duration,
    /// Time to decrypt and decompress.
    pub(super) decrypt: Duration,
}

/// The age identities from AGE_IDENTITY or `age-identity-file`.
pub(super) async fn identities(reading: &ReadOptions, context: &RunContext) -> Result<Identities, Failure> {
    let Some(path) = &reading.identity_file else {
        context.mask(reading.identities.masks());
        return Ok(reading.identities.clone());
    };
    warn_of_open_file(path, "age-identity-file", context);
    let bad = |problem: String| {
        UsageError::new(format!("`age-identity-file` {problem}")).hint("Check the `age-identity-file` input: the path of a file with one private key per line. Each begins with `AGE-SECRET-KEY-`.")
    };
    // A pipe without a writer never ends.
    let read = tokio::time::timeout(reading.timeout, tokio::fs::read_to_string(path)).await;
    let late = |_| bad(format!("has no end after {} (input `timeout`)", limits::words(reading.timeout)));
    let text = read.map_err(late)?.map_err(|error| bad(format!("cannot be read: {error}")))?;
    let text = Secret::from(text);
    let keys = text.expose_secret().lines().map(str::trim).filter(|line| line.starts_with("AGE-SECRET-KEY-"));
    context.mask(keys.map(Secret::from));
    Ok(Identities::parse(text.expose_secret()).map_err(bad)?)
}

/// The key of a location. `None` if it is in another store.
pub(super) fn key_in<'a>(store: &Store, location: &'a Location) -> Option<&'a str> {
    location.key_in(&store.location(""))
}

/// Whether a backup belongs to a sponsor who may share this bucket. Only manifests name the sponsor. A backup with an
/// unreadable manifest, or one that names a stranger, counts as the sponsor's own, so that it is reported.
pub(super) async fn is_a_partners(store: &Store, sponsor: &Sponsor, key: &str) -> Result<bool, ArchiveError> {
    if sponsor.partners.is_empty() {
        return Ok(false);
    }
    let beside = manifest_key(key);
    let document = match Box::pin(store.read_small(&beside, MANIFEST_BYTES)).await {
        Err(StoreError::Missing { .. } | StoreError::Oversized { .. }) => return Ok(false),
        document => document?,
    };
    let told = Excerpt::parse(&store.location(&beside), &document);
    Ok(told.is_ok_and(|told| sponsor.partners.contains(&told.sponsor)))
}

/// A backup's manifest, and the document as it is stored. Reads nothing else of the backup.
///
/// # Errors
/// It cannot be read, or is of another backup.
pub(super) async fn manifest(
    store: &Store,
    (sponsor, environment): (&Sponsor, Environment),
    backup: &BackupKey,
) -> Result<(BackupManifest, Bytes), Failure> {
    let beside = manifest_key(&backup.key);
    let document = Box::pin(store.read_small(&beside, MANIFEST_BYTES)).await?;
    let manifest = BackupManifest::parse(&store.location(&beside), &document)?;
    let told = [&*manifest.sponsor, &manifest.environment, &manifest.key];
    let expected = [&sponsor.name, environment.name(), &backup.key];
    let findings = of_another(expected, told, manifest.timestamp);
    let location = store.location(&backup.key);
    if findings.is_empty() { Ok((manifest, document)) } else { Err(proof(&location, findings)) }
}

/// Reads checksum file and manifest and compares them with the dump. With `thaw`, requests a thaw of frozen objects. Without
/// identities, it is not to be opened.
pub(super) async fn describe(
    store: &Store,
    whose: (&Sponsor, Environment),
    backup: BackupKey,
    identities: Option<&Identities>,
    thaw: bool,
) -> Result<StoredBackup, Failure> {
    let key = backup.key.clone();
    match look(store, whose, backup, identities).await {
        Err(Failure::Archive(ArchiveError::Store(frozen @ StoreError::Frozen { .. }))) if thaw => {
            Err(thawing(store, &key, frozen).await?.into())
        }
        looked => looked,
    }
}

async fn look(
    store: &Store,
    (sponsor, environment): (&Sponsor, Environment),
    backup: BackupKey,
    identities: Option<&Identities>,
) -> Result<StoredBackup, Failure> {
    let BackupKey { key, format, encrypted, .. } = backup;
    let location = store.location(&key);
    let examined = store.examine(&key).await?;
    examined.readable(&location)?;
    let beside = manifest_key(&key);
    let document = store.read_small(&beside, MANIFEST_BYTES).await?;
    let description = BackupManifest::parse(&store.location(&beside), &document)?;
    let sha256 = checksum_of(store, &key).await?;
    let found = StoredFacts { bytes: examined.bytes, crc64: examined.crc64, sha256 };
    let findings = contradictions(&description, [&sponsor.name, environment.name(), &key], found, encrypted);
    if !findings.is_empty() {
        return Err(proof(&location, findings));
    }
    if let Some(identities) = identities {
        identities.check(&location, &description.encoding.age_recipients)?;
    }
    let mark = examined.mark;
    let bytes = examined.bytes;
    let source = SealedObject {
        store: store.clone(),
        key,
        mark,
        bytes,
        format,
        encrypted,
        identities: identities.cloned().unwrap_or_default(),
    };
    Ok(StoredBackup { source, description, location, document })
}

/// The hash in a dump's checksum file.
pub(super) async fn checksum_of(store: &Store, key: &str) -> Result<String, ArchiveError> {
    let beside = checksum_key(key);
    let line = store.read_small(&beside, CHECKSUM_BYTES).await?;
    checksum::parse(&store.location(&beside), key, &line)
}

/// An error about one of a backup's three objects, with `its manifest` instead of the location.
pub(super) fn in_words(store: &Store, key: &str, error: &ArchiveError) -> String {
    // The dump comes last: the other two keys begin with its key.
    let parts = [
        (checksum_key(key), "its checksum file"),
        (manifest_key(key), "its manifest"),
        (key.to_owned(), "it"),
    ];
    let name = |text: String, (key, name): (String, &str)| text.replace(&store.location(&key), name);
    parts.into_iter().fold(error.to_string(), name)
}

/// Reads a backup to its end and compares it with everything that its manifest says.
pub(super) async fn verify(
    stored: &StoredBackup,
    stop: &CancellationToken,
) -> Result<VerifiedContents, Failure> {
    let begun = Instant::now();
    let mut reader = open(stored.source.clone(), stop.clone())?;
    let mut scan = Scan::detailed(Columns::default());
    while let Some(text) = next_text(stored, &mut reader).await? {
        scan.feed(&text);
    }
    let opened = reader.finish().await?;
    let read = ReadFacts {
        stored_sha256: &opened.stored.sha256,
        sha256: &opened.plain.sha256,
        bytes: opened.plain.bytes,
        scan: &scan,
    };
    let contents = judged(&stored.description, read).map_err(|findings| proof(&stored.location, findings))?;
    let decrypt = opened.decoding;
    Ok(VerifiedContents { scan, contents, fetch: begun.elapsed().saturating_sub(decrypt), decrypt })
}

/// The next text of a backup. Damage is a failed proof.
pub(super) async fn next_text(stored: &StoredBackup, reader: &mut Reader) -> Result<Option<Bytes>, Failure> {
    reader.next().await.map_err(|error| match error {
        ArchiveError::Corrupt { what, .. } => proof(&stored.location, vec![what]),
        error => error.into(),
    })
}

/// The failure of a stored backup with these findings.
pub(super) fn proof(location: &str, findings: Vec<String>) -> Failure {
    refuted(location, findings).into()
}

/// Requests a thaw of each frozen object of a backup.
async fn thawing(store: &Store, key: &str, frozen: StoreError) -> Result<StoreError, Failure> {
    for part in [key.to_owned(), checksum_key(key), manifest_key(key)] {
        let examined = store.examine(&part).await?;
        if examined.readable(&store.location(&part)).is_err() {
            store.thaw(&part, examined.thaw_days(THAW_DAYS)).await?;
        }
    }
    Ok(match frozen {
        StoreError::Frozen { location, class, .. } => {
            StoreError::Frozen { location, class, thaw: crate::store::thaw::Thaw::Ongoing }
        }
        other => other,
    })
}
