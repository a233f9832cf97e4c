//! Errors of a store and their messages. Their hints are in [`hints`].

mod hints;

use std::sync::Arc;

use super::folder::FolderError;
use super::s3::Cause;
use super::s3::retry::{BUCKET_WIDE_CODES, Temporary};
use super::thaw::{Thaw, describe_duration};
use crate::secrets::http::foreign;

/// The error of a library below one of ours. `RUNNER_DEBUG` prints it.
pub(super) type SourceError = Arc<dyn std::error::Error + Send + Sync>;

/// What S3 answered. Boxed, since errors are passed around by value.
#[derive(Debug, Clone, Default)]
pub struct S3Answer {
    /// S3's error code and message.
    pub reason: String,
    /// S3's id for the request.
    pub request_id: Option<String>,
    /// Names of the variables or secrets that the keys came from, if keys signed the request.
    pub keys: Option<String>,
    /// Name of the secret that the bucket's name came from, if there is one.
    pub named_by: Option<&'static str>,
}

/// Why S3 did not answer. Boxed, since errors are passed around by value.
#[derive(Debug, Clone)]
pub struct NoResponse {
    /// `https://host`, with a port if it is not the default one.
    pub address: String,
    /// Whether S3 was ever reached at this address.
    pub reached: bool,
    /// The cause.
    pub cause: Cause,
}

/// Why an object cannot be stored or read.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// S3 answered a request with an error.
    #[error("{}", refusal(operation, location, *status, answer))]
    S3 {
        /// Name of the S3 operation.
        operation: &'static str,
        /// `s3://bucket/key`.
        location: String,
        /// HTTP status of the answer.
        status: u16,
        /// S3's error code, or the HTTP status in words if the answer has none.
        code: String,
        /// The rest of the answer.
        answer: Box<S3Answer>,
        /// The SDK's error.
        #[source]
        source: SourceError,
    },
    /// No answer came from S3.
    #[error("{}", no_answer(operation, location, silence))]
    Unanswered {
        /// Name of the S3 operation.
        operation: &'static str,
        /// `s3://bucket/key`.
        location: String,
        /// Where and why.
        silence: Box<NoResponse>,
        /// The SDK's error.
        #[source]
        source: SourceError,
    },
    /// The credentials provider failed, so no request was sent.
    #[error("cannot get AWS credentials for {location}: {reason}")]
    Credentials {
        /// `s3://bucket/key`.
        location: String,
        /// The innermost cause.
        reason: String,
        /// The SDK's error.
        #[source]
        source: SourceError,
    },
    /// The role that reads and writes the buckets cannot be assumed.
    #[error("cannot assume role {role}: {reason}")]
    Role {
        /// Its ARN.
        role: String,
        /// STS's error code; `id-token` if GitHub issued no OIDC token, `no answer` if STS was not reached.
        code: String,
        /// STS's code and message, or why STS did not answer.
        reason: String,
        /// The OIDC token's claims; empty without a token.
        claims: String,
        /// The SDK's error.
        #[source]
        source: SourceError,
    },
    /// `object-lock` requires a lock, but the bucket cannot lock objects.
    #[error("{location} has no Object Lock, but `object-lock` requires it")]
    NoObjectLock {
        /// `s3://bucket/`.
        location: String,
    },
    /// Only a bucket with Object Lock can hold objects.
    #[error("{location} has no Object Lock, so it cannot put a legal hold on objects")]
    CannotHold {
        /// `s3://bucket/` or `file:///root/`.
        location: String,
    },
    /// The key is taken. The object there was not touched.
    #[error("{location} exists already and was not overwritten")]
    AlreadyExists {
        /// `s3://bucket/key`.
        location: String,
    },
    /// The target of a copy holds something under one of its keys that is not shown to be this copy. Nothing was touched.
    #[error("{location} exists already, and is not shown to be a whole copy of this backup")]
    Occupied {
        /// `s3://bucket/key` or `file:///root/key`.
        location: String,
    },
    /// The stored object differs from what was sent.
    #[error("{location} was not stored as sent: {what} {got} instead of {expected}")]
    Differs {
        /// `s3://bucket/key`.
        location: String,
        /// `size`, `lock`, `legal hold`, `tags` or a checksum's name.
        what: &'static str,
        /// What was sent.
        expected: String,
        /// What is stored.
        got: String,
    },
    /// The upload has more than 10,000 parts.
    #[error("the upload to {location} is larger than an S3 object can be")]
    TooLong {
        /// `s3://bucket/key`.
        location: String,
    },
    /// The transfer failed in this program.
    #[error("the data stream broke: {0}")]
    Broken(String),
    /// A write failed, and whether it succeeded after all cannot be seen.
    #[error("{cause}, and the outcome of the upload to {location} is unknown")]
    OutcomeUnknown {
        /// Why it failed.
        cause: Box<StoreError>,
        /// `s3://bucket/key`.
        location: String,
    },
    /// A file next to a backup is longer than such a file can be.
    #[error("{location} is longer than {limit_bytes} bytes")]
    Oversized {
        /// `s3://bucket/key`.
        location: String,
        /// The limit.
        limit_bytes: u64,
    },
    /// S3 never answered the creation of a multipart upload, and the upload cannot be found or aborted.
    #[error(
        "a multipart upload to {location} may be left behind: S3 never answered its creation, and it could not be aborted: {cause}"
    )]
    OrphanedUpload {
        /// `s3://bucket/key`.
        location: String,
        /// Why it could not be aborted.
        cause: Box<StoreError>,
    },
    /// What is there may be another sponsor's, so it is left alone.
    #[error("another sponsor uses this bucket, too")]
    Shared,
    /// The object does not exist.
    #[error("{location} does not exist")]
    Missing {
        /// `s3://bucket/key`.
        location: String,
    },
    /// The storage class must be thawed before the object can be read.
    #[error("{location} is in storage class {class} and {}", thawing(class, *thaw))]
    Frozen {
        /// `s3://bucket/key`.
        location: String,
        /// S3 storage class.
        class: String,
        /// Whether a thaw was requested.
        thaw: Thaw,
    },
    /// The object was replaced after it was inspected.
    #[error("{location} was replaced while it was read")]
    Replaced {
        /// `s3://bucket/key`.
        location: String,
    },
    /// The connection broke too many times in a row.
    #[error("lost the connection to S3 after {bytes} of {of} bytes of {location}: {reason}")]
    CutOff {
        /// `s3://bucket/key`.
        location: String,
        /// Bytes received.
        bytes: u64,
        /// Bytes of the object.
        of: u64,
        /// Why it broke the last time.
        reason: String,
    },
    /// A folder, or the system below it, refuses.
    #[error(transparent)]
    Folder(FolderError),
    /// A bucket cannot be opened without credentials.
    #[error("{location} cannot be opened without AWS credentials and a region")]
    NoCredentials {
        /// `s3://bucket/`.
        location: String,
    },
    /// This kind of store cannot do that.
    #[error("{location} cannot {what}")]
    Unsupported {
        /// `file:///root/`.
        location: String,
        /// What it cannot do, as a verb with its object.
        what: &'static str,
    },
    /// A signal or the time limit stopped the transfer.
    #[error("the transfer was stopped")]
    Stopped,
}

/// Errors that callers distinguish have the same variant for every kind of store.
impl From<FolderError> for StoreError {
    fn from(error: FolderError) -> Self {
        match error {
            FolderError::AlreadyExists { location } => Self::AlreadyExists { location },
            FolderError::Missing { location } => Self::Missing { location },
            FolderError::Replaced { location } => Self::Replaced { location },
            FolderError::TooLong { location, limit_bytes } => Self::Oversized { location, limit_bytes },
            FolderError::Stopped => Self::Stopped,
            error => Self::Folder(error),
        }
    }
}

impl StoreError {
    /// Whether a stop ended the transfer.
    #[must_use]
    pub fn is_stop(&self) -> bool {
        match self {
            Self::Stopped => true,
            Self::OutcomeUnknown { cause, .. } => cause.is_stop(),
            _ => false,
        }
    }

    /// Whether S3 accepts the credentials but denies the request.
    #[must_use]
    pub fn is_access_denied(&self) -> bool {
        matches!(self, Self::S3 { code, .. } if code == "AccessDenied")
    }

    /// S3's error code, or the whole message if S3 did not answer.
    #[must_use]
    pub fn short_reason(&self) -> String {
        if let Self::S3 { code, .. } = self { foreign(code) } else { self.to_string() }
    }

    /// Whether the store does not implement the operation.
    #[must_use]
    pub fn is_not_implemented(&self) -> bool {
        matches!(self.status(), Some(405 | 501))
    }

    /// Whether the error is about the stored object itself, not about access to it.
    #[must_use]
    pub fn is_finding(&self) -> bool {
        matches!(self, Self::Oversized { .. } | Self::Replaced { .. } | Self::Missing { .. })
    }

    /// Whether every other request to this bucket would fail in the same way.
    #[must_use]
    pub fn affects_every_request(&self) -> bool {
        matches!(self, Self::Folder(error) if error.is_about_the_root())
            || matches!(self, Self::Role { .. } | Self::Unanswered { .. } | Self::Credentials { .. })
            || matches!(self, Self::S3 { code, .. } if BUCKET_WIDE_CODES.contains(&code.as_str()))
    }

    /// Whether S3 certainly did not do what it was asked. After a temporary answer, an earlier attempt may have succeeded.
    pub(super) fn is_refusal(&self) -> bool {
        self.temporary().is_none() && self.status().is_some_and(|status| (400..500).contains(&status))
    }

    /// Whether S3 found an object under a key that should be free.
    pub(super) fn says_taken(&self) -> bool {
        self.status() == Some(412)
    }

    /// Whether another write to the same key was in progress. The SDK has already retried temporary conflicts.
    pub(super) fn is_conflict(&self) -> bool {
        self.status() == Some(409) && self.temporary().is_none()
    }

    /// Whether S3 does not know the multipart upload: it was completed or aborted.
    pub(super) fn says_no_such_upload(&self) -> bool {
        matches!(self, Self::S3 { code, .. } if code == "NoSuchUpload")
    }

    /// Why another attempt might have succeeded.
    fn temporary(&self) -> Option<Temporary> {
        if let Self::S3 { status, code, .. } = self { Temporary::of(Some(*status), code) } else { None }
    }

    fn status(&self) -> Option<u16> {
        if let Self::S3 { status, .. } = self { Some(*status) } else { None }
    }
}

/// What an S3 operation does to an object or a bucket.
fn purpose(operation: &str) -> &str {
    match operation {
        "PutObject" => "the upload to",
        "CreateMultipartUpload" => "the multipart upload to",
        "UploadPart" => "a part of the upload to",
        "CompleteMultipartUpload" => "the completion of the upload to",
        "AbortMultipartUpload" => "the abort of the upload to",
        "ListMultipartUploads" => "the listing of unfinished uploads in",
        "ListObjectsV2" => "the listing of",
        "HeadObject" => "the check of",
        "GetObject" => "the download of",
        "GetObjectTagging" => "the request for the tags of",
        "PutObjectTagging" => "the tags for",
        "GetBucketVersioning" => "the request for the versioning of",
        "GetObjectRetention" => "the request for the lock of",
        "GetObjectLockConfiguration" => "the request for the Object Lock settings of",
        "RestoreObject" => "the thaw of",
        "ListObjectVersions" => "the listing of versions in",
        "DeleteObject" => "the removal of",
        "DeleteObjectVersion" => "the removal of the delete marker of",
        "GetObjectLegalHold" => "the request for the legal hold of",
        "PutObjectLegalHold" => "the legal hold of",
        other => other,
    }
}

/// `S3 rejected the upload to s3://…: AccessDenied: Access Denied (request 7Q2T9ZB1W5X8)`
fn refusal(operation: &str, location: &str, status: u16, answer: &S3Answer) -> String {
    let verb = if (300..500).contains(&status) { "rejected" } else { "failed during" };
    let id = answer.request_id.as_ref().map(|id| format!(" (request {id})")).unwrap_or_default();
    format!("S3 {verb} {} {location}: {}{id}", purpose(operation), answer.reason)
}

/// `cannot reach S3 at http://127.0.0.1:9: connection refused`
fn no_answer(operation: &str, location: &str, silence: &NoResponse) -> String {
    let NoResponse { address, reached, cause } = silence;
    match cause {
        cause if !reached => format!("cannot reach S3 at {address}: {cause}"),
        Cause::Silent(limit) => {
            let within = limit.map(|_| cause.to_string().replacen("no answer", "", 1)).unwrap_or_default();
            format!("S3 did not answer {} {location}{within}", purpose(operation))
        }
        cause => format!("S3 did not answer {} {location}: {cause}", purpose(operation)),
    }
}

fn thawing(class: &str, thaw: Thaw) -> String {
    match thaw {
        Thaw::NotRequested => {
            format!("must be thawed before it can be read, which takes {}", describe_duration(class))
        }
        Thaw::Ongoing => format!("is being thawed, which takes {}", describe_duration(class)),
    }
}

#[cfg(test)]
mod tests;
