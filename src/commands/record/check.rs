//! Checks the backup that a deployment record names against S3, so that the record asserts only what was seen.

use crate::archive::description::Excerpt;
use crate::archive::key::description_key;
use crate::archive::{ArchiveError, Store};
use crate::cli::order::NamedBackup;
use crate::commands::stored;
use crate::proof::stored::{Found, of_another};
use crate::record::RecordError;
use crate::sponsors::{Environment, Sponsor};

/// The result of a check.
pub(super) enum Checked {
    /// It is this sponsor's backup in this environment, complete and of the given size.
    Seen,
    /// S3 could not be queried, with the reason.
    NotAsked(String),
    /// The record would be untrue.
    Refused(RecordError),
}

/// Checks a backup.
pub(super) async fn check(
    store: &Store,
    (sponsor, environment): (&Sponsor, Environment),
    named: &NamedBackup,
    bytes: Option<u64>,
) -> Checked {
    let refused = |why: String| {
        let location = format!("s3://{}/{}", named.bucket, named.backup.key);
        Checked::Refused(RecordError::Untrue { location, why })
    };
    if named.bucket != store.bucket() {
        return refused(format!("it is not in {}, the backup bucket of {}", store.bucket(), sponsor.name));
    }
    match problem(store, (sponsor, environment), &named.backup.key, bytes).await {
        Ok(None) => Checked::Seen,
        Ok(Some(why)) => refused(why),
        Err(error) if error.is_finding() => refused(stored::in_words(store, &named.backup.key, &error)),
        Err(error) => Checked::NotAsked(error.to_string()),
    }
}

/// What is wrong with it. A missing backup, or one without a readable manifest, is an error.
async fn problem(
    store: &Store,
    (sponsor, environment): (&Sponsor, Environment),
    key: &str,
    bytes: Option<u64>,
) -> Result<Option<String>, ArchiveError> {
    let examined = store.examine(key).await?;
    let stored = examined.bytes;
    if let Some(bytes) = bytes.filter(|bytes| *bytes != stored) {
        return Ok(Some(format!("it has {stored} bytes, but `backup-size` is {bytes}")));
    }
    let beside = description_key(key);
    let document = store.read_small(&beside, stored::MANIFEST_BYTES).await?;
    let told = Excerpt::parse(&store.location(&beside), &document)?;
    let others =
        of_another([&sponsor.name, environment.name(), key], [&told.sponsor, &told.environment, &told.key]);
    if !others.is_empty() {
        return Ok(Some(others.join("; ")));
    }
    let sha256 = stored::checksum_of(store, key).await?;
    let problems = Found { bytes: stored, crc64: examined.crc64, sha256 }.differing(&told.stored);
    Ok((!problems.is_empty()).then(|| problems.join("; ")))
}
