//! The write probe: a multipart upload like a backup's is created and aborted. It never becomes an object, so it needs no
//! permission to delete.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::Checked;
use crate::finding::Finding;
use crate::layout::key::{Object, metadata};
use crate::layout::tags::{TagValues, tags};
use crate::stop::{Deadline, StopRequest};
use crate::store::StorageExpectations;
use crate::store::StoreError;
use crate::store::expectations::WRITE_PROBE;
use crate::store::s3::S3Bucket;
use crate::store::s3::{UnansweredCreates, UploadId};
use crate::store::{BucketDefault, LockChoice, ObjectAttributes};

/// After that, the upload is left to the bucket's lifecycle rules.
const ABORT_TIMEOUT: Duration = Duration::from_secs(30);
const WHY: &str = "A backup, or its record, would be rejected in the same way.";

/// Creates and aborts one multipart upload, with the headers of a real backup. When `stop` is canceled, it still aborts what
/// it created.
pub(in crate::store) async fn probe_writes(
    store: &S3Bucket,
    object: Object<'static>,
    expected: StorageExpectations<'_>,
    stop: CancellationToken,
) -> Finding {
    let bucket = Checked { store, which: object.bucket(), expected };
    Probe { bucket, object }.run(stop).await
}

struct Probe<'a> {
    bucket: Checked<'a>,
    object: Object<'static>,
}

impl Probe<'_> {
    async fn run(self, stop: CancellationToken) -> Finding {
        let StorageExpectations { environment, now, .. } = self.bucket.expected;
        let (store, key) = (self.bucket.store, self.object.probe_key(environment, now));
        let attributes = match self.attributes().await {
            Ok(attributes) => attributes,
            Err(error) => return self.failed(&error),
        };
        let (stop, creates) = (StopRequest::new(stop), UnansweredCreates::default());
        let created = tokio::select! {
            created = store.create_upload(&key, &attributes, &creates) => created,
            () = stop.passed(Deadline::CompleteUpload) => Err(StoreError::Stopped),
        };
        let aborted = tokio::select! {
            aborted = store.take_back(&key, created.as_ref().ok(), &creates) => aborted,
            () = tokio::time::sleep(ABORT_TIMEOUT) => Err(StoreError::Stopped),
            () = stop.passed(Deadline::Undo) => Err(StoreError::Stopped),
        };
        match (created, aborted) {
            (Ok(_), Ok(())) => self.confirm(&key, &attributes).await,
            (Ok(upload), Err(error)) => self.left(&key, &upload, &error),
            (Err(error), Ok(())) => self.failed(&error),
            (Err(_), Err(error)) => self.failed(&error),
        }
    }

    /// As a backup and a log have them, except for the metadata of a run.
    async fn attributes(&self) -> Result<ObjectAttributes, StoreError> {
        let StorageExpectations { environment, sponsor, lock, retention_years, storage_class, now, .. } =
            self.bucket.expected;
        let values = TagValues { sponsor, environment, pre_migration: true, retention_years, partial: false };
        let (lock, by_default) = match self.bucket.store.resolve_lock(lock, now, retention_years).await {
            // As a backup does: the bucket's default lock applies.
            Err(error) if lock == LockChoice::Auto && error.is_access_denied() => {
                (None, BucketDefault::Unknown)
            }
            found => found?,
        };
        let is_backup = matches!(self.object, Object::Backup { .. });
        Ok(ObjectAttributes {
            tags: tags(self.object, values),
            metadata: metadata(&[
                ("deployer", Some("preflight")),
                ("timestamp", Some(&now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())),
            ]),
            lock,
            by_default,
            storage_class: is_backup.then(|| storage_class.to_owned()),
            content_type: if is_backup { "application/octet-stream" } else { "application/json" },
        })
    }

    fn failed(&self, error: &StoreError) -> Finding {
        let fix = error.hint().unwrap_or_else(|| "Run again.".to_owned());
        WRITE_PROBE.fail(error.to_string(), WHY, fix)
    }

    fn left(&self, key: &str, upload: &UploadId, error: &StoreError) -> Finding {
        let name = self.bucket.name();
        WRITE_PROBE.warn(
            format!("{} was created but could not be aborted: {error}", self.upload(key)),
            "A backup that fails would leave its parts behind, too. They cost as much as objects.",
            format!(
                "Grant s3:AbortMultipartUpload on the objects of bucket {name}, and run `aws s3api \
                 abort-multipart-upload --bucket {name} --key {key} --upload-id {}`.",
                upload.id()
            ),
        )
    }

    fn upload(&self, key: &str) -> String {
        format!("the multipart upload to {}", self.bucket.store.location(key))
    }

    /// S3 answers an abort before other requests see it, so only the listing shows that nothing is left.
    async fn confirm(&self, key: &str, attributes: &ObjectAttributes) -> Finding {
        let what = format!("{} was created and aborted", self.upload(key));
        let lock = attributes.lock.as_ref().map(|lock| format!(", with lock {lock}")).unwrap_or_default();
        let (name, listed) = (self.bucket.name(), self.bucket.store.open_uploads(key).await);
        match listed {
            Ok(uploads) if uploads.iter().any(|found| found.key == key) => WRITE_PROBE.warn(
                format!("{what}, but is still listed"),
                "Its parts cost as much as objects.",
                format!("Check it with `aws s3api list-multipart-uploads --bucket {name} --prefix {key}`."),
            ),
            Ok(_) => WRITE_PROBE.ok(format!("{what}{lock}")),
            Err(_) => WRITE_PROBE.ok(format!(
                "{what}{lock} (not confirmed: grant s3:ListBucketMultipartUploads on bucket {name})"
            )),
        }
    }
}
