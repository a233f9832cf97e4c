//! Requests about versions: list them, hide an object, bring it back, and hold one version.

use aws_sdk_s3::types::{
    BucketVersioningStatus, DeleteMarkerEntry, EncodingType, ObjectLockLegalHold, ObjectLockLegalHoldStatus,
    ObjectVersion as Version,
};

use super::S3Bucket;
use super::lock::{NO_OBJECT_LOCK, time};
use super::objects::decoded;
use crate::store::{ObjectVersion, StoreError, Versioning};

/// The code of a request about locks in a bucket without Object Lock.
const INVALID: &str = "InvalidRequest";

impl S3Bucket {
    /// Every version and delete marker whose key begins with the prefix: by key, the newest of each first.
    ///
    /// # Errors
    /// S3 refuses.
    pub(in crate::store) async fn versions(&self, prefix: &str) -> Result<Vec<ObjectVersion>, StoreError> {
        let (mut found, mut marker) = (Vec::new(), (None, None));
        loop {
            let asked = marker.clone();
            let request = self
                .client
                .list_object_versions()
                .bucket(&self.bucket)
                .set_expected_bucket_owner(self.owner.clone())
                .prefix(prefix)
                .encoding_type(EncodingType::Url)
                .set_key_marker(marker.0)
                .set_version_id_marker(marker.1);
            let page =
                request.send().await.map_err(|error| self.failed("ListObjectVersions", prefix, error))?;
            let encoded = page.encoding_type == Some(EncodingType::Url);
            let plain =
                |key: Option<String>| key.and_then(|key| if encoded { decoded(&key) } else { Some(key) });
            found
                .extend(page.versions.unwrap_or_default().into_iter().filter_map(|it| of_version(it, plain)));
            let markers = page.delete_markers.unwrap_or_default().into_iter();
            found.extend(markers.filter_map(|it| of_marker(it, plain)));
            let next = (plain(page.next_key_marker), page.next_version_id_marker);
            // A store that names the same page again would never end.
            if page.is_truncated != Some(true) || next.0.is_none() || next == asked {
                break;
            }
            marker = next;
        }
        // A page has versions and markers in two lists.
        found.sort_by(|one, other| {
            let newest_first =
                |version: &ObjectVersion| (!version.is_latest, std::cmp::Reverse(version.modified));
            (&one.key, newest_first(one)).cmp(&(&other.key, newest_first(other)))
        });
        Ok(found)
    }

    /// Whether replaced and deleted objects are kept.
    ///
    /// # Errors
    /// S3 refuses.
    pub(in crate::store) async fn versioning(&self) -> Result<Versioning, StoreError> {
        let request = self.client.get_bucket_versioning().bucket(&self.bucket);
        let error = match request.set_expected_bucket_owner(self.owner.clone()).send().await {
            Ok(answer) => {
                return Ok(match answer.status {
                    Some(BucketVersioningStatus::Enabled) => Versioning::Enabled,
                    Some(BucketVersioningStatus::Suspended) => Versioning::Suspended,
                    _ => Versioning::Never,
                });
            }
            Err(error) => error,
        };
        // Some stores name the root of the document after the operation, which the SDK rejects.
        let answer = error.raw_response().filter(|answer| answer.status().is_success());
        let body = answer.and_then(|answer| std::str::from_utf8(answer.body().bytes()?).ok());
        match body {
            Some(body) if body.contains("<GetBucketVersioning") => {
                let has = |status: &str| body.contains(&format!("<Status>{status}</Status>"));
                Ok(match (has("Enabled"), has("Suspended")) {
                    (true, _) => Versioning::Enabled,
                    (_, true) => Versioning::Suspended,
                    _ => Versioning::Never,
                })
            }
            _ => Err(self.failed("GetBucketVersioning", "", error)),
        }
    }

    /// Deletes without naming a version. A versioned bucket adds a delete marker, whose version it returns. If an answer was
    /// lost and the request repeated, there can be two.
    ///
    /// # Errors
    /// S3 refuses.
    pub(in crate::store) async fn remove(&self, key: &str) -> Result<Option<String>, StoreError> {
        let request = self.client.delete_object().bucket(&self.bucket).key(key);
        let answer = request.set_expected_bucket_owner(self.owner.clone()).send().await;
        let answer = answer.map_err(|error| self.failed("DeleteObject", key, error))?;
        Ok(answer.version_id.filter(|_| answer.delete_marker == Some(true)))
    }

    /// Removes a delete marker. What it hid is visible again, unless another marker hides it.
    ///
    /// # Errors
    /// S3 refuses.
    pub(in crate::store) async fn remove_marker(&self, key: &str, version: &str) -> Result<(), StoreError> {
        let request = self.client.delete_object().bucket(&self.bucket).key(key).version_id(version);
        let answer = request.set_expected_bucket_owner(self.owner.clone()).send().await;
        answer.map(drop).map_err(|error| self.failed("DeleteObjectVersion", key, error))
    }

    /// Adds or removes the legal hold of one version.
    ///
    /// # Errors
    /// The bucket has no Object Lock, or S3 refuses.
    pub(in crate::store) async fn set_legal_hold(
        &self,
        key: &str,
        version: &str,
        on: bool,
    ) -> Result<(), StoreError> {
        let status = if on { ObjectLockLegalHoldStatus::On } else { ObjectLockLegalHoldStatus::Off };
        let request = self
            .client
            .put_object_legal_hold()
            .bucket(&self.bucket)
            .set_expected_bucket_owner(self.owner.clone())
            .key(key)
            .version_id(version)
            .legal_hold(ObjectLockLegalHold::builder().status(status).build());
        let answer = request.send().await.map_err(|error| self.failed("PutObjectLegalHold", key, error));
        match answer {
            Err(StoreError::S3 { code, .. }) if lacks_object_lock(&code) => {
                Err(StoreError::CannotHold { location: self.location("") })
            }
            answer => answer.map(drop),
        }
    }

    /// Whether a HEAD would show the legal hold of an object if it had one. Without one, a HEAD shows nothing, and without
    /// s3:GetObjectLegalHold neither; this request distinguishes them.
    ///
    /// # Errors
    /// S3 fails.
    pub(in crate::store) async fn shows_legal_holds(&self, key: &str) -> Result<bool, StoreError> {
        let request = self.client.get_object_legal_hold().bucket(&self.bucket).key(key);
        let answer = request.set_expected_bucket_owner(self.owner.clone()).send().await;
        match answer.map_err(|error| self.failed("GetObjectLegalHold", key, error)) {
            Ok(_) | Err(StoreError::S3 { status: 200 | 400 | 404 | 405 | 501, .. }) => Ok(true),
            Err(error) if error.is_access_denied() => Ok(false),
            Err(error) => Err(error),
        }
    }
}

fn lacks_object_lock(code: &str) -> bool {
    code == INVALID || NO_OBJECT_LOCK.contains(&code)
}

/// `None` for what is not ours: its key is not UTF-8.
fn of_version(it: Version, plain: impl Fn(Option<String>) -> Option<String>) -> Option<ObjectVersion> {
    Some(ObjectVersion {
        key: plain(it.key)?,
        version: it.version_id?,
        is_latest: it.is_latest == Some(true),
        is_delete_marker: false,
        modified: it.last_modified.and_then(|at| time(&at)),
        bytes: it.size.and_then(|size| u64::try_from(size).ok()).unwrap_or_default(),
    })
}

fn of_marker(
    it: DeleteMarkerEntry,
    plain: impl Fn(Option<String>) -> Option<String>,
) -> Option<ObjectVersion> {
    Some(ObjectVersion {
        key: plain(it.key)?,
        version: it.version_id?,
        is_latest: it.is_latest == Some(true),
        is_delete_marker: true,
        modified: it.last_modified.and_then(|at| time(&at)),
        bytes: 0,
    })
}
