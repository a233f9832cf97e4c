//! Requests to S3. The only place that talks to it.
//!
//! Each write carries a checksum, refuses to overwrite, and names the expected bucket owner if there is one.
//! Facts about S3's behavior: Amazon S3 API reference, operation by operation.

pub mod lifecycle;
pub mod policy;
pub mod preflight;

mod attributes;
mod cause;
mod client;
pub(super) mod download;
mod failure;
mod lock;
mod multipart;
mod objects;
pub(super) mod retry;
mod role;
mod settings;
pub(super) mod upload;
mod versions;

pub use cause::Cause;
pub use client::{Caller, Endpoint};
pub(super) use multipart::{UnansweredCreates, UploadId};
pub use role::{AwsSession, session_name};
pub use settings::{BucketSighting, DefaultRetention, Encryption, PublicAccessBlock, Replication};

use aws_sdk_s3::Client;
use aws_sdk_s3::types::ChecksumAlgorithm;

use super::StoreError;
use retry::ContactWatch;

/// A bucket and the credentials to access it.
#[derive(Debug, Clone)]
pub struct S3Bucket {
    client: Client,
    bucket: String,
    owner: Option<String>,
    checksum: Option<ChecksumAlgorithm>,
    /// Names of the variables or secrets that the keys came from, if requests are signed with keys.
    keys: Option<String>,
    /// Name of the secret that the bucket's name came from.
    named_by: Option<&'static str>,
    /// Whether other sponsors may upload to it at the same time.
    is_shared: bool,
    watch: ContactWatch,
}

impl S3Bucket {
    /// Opens a bucket at an endpoint with exactly these credentials. Sends no request.
    #[must_use]
    pub fn open(endpoint: &Endpoint, bucket: &str, caller: &Caller) -> Self {
        let watch = caller.watch(endpoint);
        Self {
            client: client::build(endpoint, bucket, caller, &watch),
            bucket: bucket.to_owned(),
            owner: endpoint.expected_bucket_owner.clone(),
            checksum: endpoint.checksums.then_some(ChecksumAlgorithm::Crc64Nvme),
            keys: caller.keys.clone(),
            named_by: None,
            is_shared: false,
            watch,
        }
    }

    /// The same bucket, with the name of the secret that its name came from. Hints show it.
    #[must_use]
    pub fn named_by(self, secret: &'static str) -> Self {
        Self { named_by: Some(secret), ..self }
    }

    /// The same bucket, which other sponsors may use, too.
    #[must_use]
    pub fn shared(self, is_shared: bool) -> Self {
        Self { is_shared, ..self }
    }

    /// The bucket's name.
    #[must_use]
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// `s3://bucket/key`.
    #[must_use]
    pub fn location(&self, key: &str) -> String {
        format!("s3://{}/{key}", self.bucket)
    }

    pub(super) fn differs(&self, key: &str, what: &'static str, expected: &str, got: &str) -> StoreError {
        StoreError::Differs {
            location: self.location(key),
            what,
            expected: expected.to_owned(),
            got: got.to_owned(),
        }
    }
}
