//! A finished upload that is not visible yet, and the steps that make it a backup.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::pieces::SealedPiece;
use super::{ArchiveError, checksum};
use crate::layout::key::{checksum_key, manifest_key};
use crate::stop::Deadline;
use crate::store::hash::SizeAndHash;
use crate::store::{
    CheckedAttributes, LockState, ObjectAttributes, ObjectInfo, StoreError, Upload, WholeObject,
};

/// What sealing learned of the bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// The stream as it came.
    pub plain: SizeAndHash,
    /// The bytes that are stored.
    pub stored: SizeAndHash,
    /// CRC64NVME of the stored bytes, as S3 writes it.
    pub crc64: String,
    /// Independent members that the archive consists of.
    pub members: u64,
    /// Members of each level; empty for bytes that were taken from another archive.
    pub levels: BTreeMap<i32, u64>,
    /// Its pieces, in order. They cover all of it; empty for bytes that were taken from another archive.
    pub pieces: Vec<SealedPiece>,
}

/// A backup that was committed.
#[derive(Debug, Clone)]
pub struct Committed {
    /// Whether the dump is locked, as the store showed it.
    pub lock: LockState,
    /// Remarks for the log.
    pub remarks: Vec<String>,
    /// Problems with its tags.
    pub warnings: Vec<String>,
}

/// A finished upload that is not visible yet. Call `commit` or `abandon`.
#[must_use = "a pending upload is neither visible nor gone until it is committed or abandoned"]
#[derive(Debug)]
pub struct PendingUpload {
    upload: Upload,
    sealed: Sealed,
}

impl PendingUpload {
    pub(super) fn new(upload: Upload, sealed: Sealed) -> Self {
        Self { upload, sealed }
    }

    /// What sealing learned.
    #[must_use]
    pub fn sealed(&self) -> &Sealed {
        &self.sealed
    }

    /// Makes it visible, reads back what is stored and compares, then writes the checksum file and, last, the manifest.
    /// A backup exists when all three do. Once it is stopped, it has seconds to finish.
    ///
    /// # Errors
    /// The key is taken, S3 refuses, or what is stored differs from what was sent. An upload that could not be completed
    /// is taken back.
    pub async fn commit(self, manifest: Vec<u8>) -> Result<Committed, ArchiveError> {
        let Self { mut upload, sealed } = self;
        let location = upload.store().location(upload.key());
        let published = match upload.publish(sealed.whole()).await {
            Ok(published) => published,
            Err(error) => {
                let cause = not_published(error);
                return Err(Box::new(FailedUpload { cause, upload }).abandon().await);
            }
        };
        let mut remarks = published.remarks;
        let completed = tokio::select! {
            done = complete(&upload, &sealed, published.is_proven, manifest) => done,
            () = upload.stop().passed(Deadline::CompleteUpload) => Err(StoreError::Stopped),
        };
        let checked = match completed {
            Ok(completed) => completed,
            Err(cause) => {
                // The dump is uploaded. Only a write of the other two objects can still be uncertain.
                let dump = if matches!(cause, StoreError::OutcomeUnknown { .. } | StoreError::Stopped) {
                    format!(
                        "{location} was uploaded, and counts as a backup only if its manifest was uploaded too"
                    )
                } else {
                    format!("{location} was uploaded but has no manifest, so it does not count as a backup")
                };
                remarks.push(dump);
                return Err(ArchiveError::Unfinished {
                    cause: Box::new(cause.into()),
                    left: remarks.join("; "),
                });
            }
        };
        remarks.extend(checked.remark);
        // The backup exists by now, so problems with the tags of the two small files are only warnings. If S3 rejected the
        // lock tag for the dump, it would reject it again.
        let beside =
            async { if checked.tags == upload.attributes().tags { None } else { tag_beside(&upload).await } };
        let beside = tokio::select! {
            beside = beside => beside,
            () = upload.stop().passed(Deadline::CompleteUpload) => None,
        };
        let warnings = checked.warning.into_iter().chain(beside).collect();
        Ok(Committed { lock: checked.lock, remarks, warnings })
    }

    /// The same upload as a failed one.
    pub(super) fn failed(self, cause: ArchiveError) -> Box<FailedUpload> {
        Box::new(FailedUpload { cause, upload: self.upload })
    }

    /// Aborts the upload. Nothing becomes visible.
    ///
    /// # Errors
    /// S3 does not abort the upload: its parts stay until the bucket's lifecycle removes them.
    pub async fn abandon(self) -> Result<(), ArchiveError> {
        self.upload.abandon().await.map_err(ArchiveError::from)
    }
}

/// A stream that could not be archived, and its upload.
#[must_use = "its parts stay at S3 until it is abandoned"]
#[derive(Debug)]
pub struct FailedUpload {
    pub(super) cause: ArchiveError,
    pub(super) upload: Upload,
}

impl FailedUpload {
    /// Aborts the upload. Returns the cause, and what could not be aborted.
    pub async fn abandon(self: Box<Self>) -> ArchiveError {
        let Self { cause, upload } = *self;
        match upload.abandon().await {
            Ok(()) => cause,
            Err(error) => {
                let left = match error {
                    StoreError::OrphanedUpload { .. } => error.to_string(),
                    _ => {
                        "its uploaded parts stay until a lifecycle rule of the bucket removes them".to_owned()
                    }
                };
                ArchiveError::Unfinished { cause: Box::new(cause), left }
            }
        }
    }
}

/// A write that was given up may still succeed, but it is not a backup yet.
fn not_published(error: StoreError) -> ArchiveError {
    match error {
        StoreError::OutcomeUnknown { cause, location } => ArchiveError::Unfinished {
            cause: Box::new((*cause).into()),
            left: format!(
                "the outcome of the upload to {location} is unknown, but without a manifest it does not count as a backup"
            ),
        },
        error => error.into(),
    }
}

impl Sealed {
    fn whole(&self) -> WholeObject<'_> {
        WholeObject { bytes: self.stored.bytes, sha256: &self.stored.sha256, crc64: &self.crc64 }
    }
}

/// Gives what the store showed of the dump's lock and tags. `is_proven`: the stored bytes were read back already.
async fn complete(
    upload: &Upload,
    sealed: &Sealed,
    is_proven: bool,
    manifest: Vec<u8>,
) -> Result<CheckedAttributes, StoreError> {
    let (store, key, sent) = (upload.store(), upload.key(), upload.attributes());
    let stored = store.examine(key).await?;
    compare(upload, sealed, &stored, is_proven).await?;
    let checked = store.check_attributes_as(key, stored.lock, sent).await?;
    let attributes = |content_type| ObjectAttributes { storage_class: None, content_type, ..sent.clone() };
    let line = checksum::line(&sealed.stored.sha256, key);
    let beside = checksum_key(key);
    store.put_new(&beside, Bytes::from(line), &attributes("text/plain")).await?;
    if sent.lock.is_some() {
        // The manifest is written as this file is, and may only be when all else is proven. Tags of the two bind nothing.
        let shown = store.examine(&beside).await?.lock;
        store.compare_lock(&beside, shown.as_ref(), sent)?;
    }
    store.put_new(&manifest_key(key), Bytes::from(manifest), &attributes("application/json")).await?;
    Ok(checked)
}

/// Sets the lock tags of the two small files to what the store shows.
async fn tag_beside(upload: &Upload) -> Option<String> {
    let mut warning = None;
    for key in [checksum_key(upload.key()), manifest_key(upload.key())] {
        warning = warning.or(upload.store().tag_lock(&key, upload.attributes()).await.warning);
    }
    warning
}

/// A store that keeps no checksum of whole objects, and has not read the bytes back itself, is asked for the bytes.
async fn compare(
    upload: &Upload,
    sealed: &Sealed,
    stored: &ObjectInfo,
    is_proven: bool,
) -> Result<(), StoreError> {
    let (store, key) = (upload.store(), upload.key());
    if stored.bytes != sealed.stored.bytes {
        return Err(store.differs(key, "size", &sealed.stored.bytes.to_string(), &stored.bytes.to_string()));
    }
    match &stored.crc64 {
        Some(crc64) if *crc64 == sealed.crc64 => Ok(()),
        Some(crc64) => Err(store.differs(key, "CRC64NVME", &sealed.crc64, crc64)),
        None if is_proven => Ok(()),
        None => {
            let measured = store.measure(key).await?;
            if measured == sealed.stored {
                return Ok(());
            }
            Err(store.differs(key, "SHA-256", &sealed.stored.sha256, &measured.sha256))
        }
    }
}
