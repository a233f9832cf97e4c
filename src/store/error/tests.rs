//! Each error with its hint, as the log shows it.

use std::time::Duration;

use super::*;
use crate::store::thaw::Thaw;

const PLACE: &str = "s3://callisto-backups/backups/2026/11/21/backup-prod-20261121-013000.sql.gz";

fn place() -> String {
    PLACE.to_owned()
}

/// One error of each variant. The match has no wildcard: a new variant does not compile until it is added here too.
fn one_of_each() -> Vec<StoreError> {
    let denied = || refused("PutObject", 403, "AccessDenied", "");
    let errors = vec![
        StoreError::NoObjectLock { location: "s3://callisto-backups/".to_owned() },
        StoreError::CannotHold { location: "s3://callisto-backups/".to_owned() },
        StoreError::AlreadyExists { location: place() },
        StoreError::Occupied { location: place() },
        StoreError::TooLong { location: place() },
        StoreError::Broken("task 7 panicked".to_owned()),
        StoreError::OutcomeUnknown { cause: Box::new(denied()), location: place() },
        StoreError::Oversized { location: format!("{PLACE}.sha256"), limit_bytes: 4096 },
        StoreError::OrphanedUpload { location: place(), cause: Box::new(denied()) },
        StoreError::OrphanedUpload { location: place(), cause: Box::new(StoreError::Shared) },
        StoreError::Missing { location: place() },
        StoreError::Replaced { location: place() },
        StoreError::CutOff { location: place(), bytes: 10, of: 20, reason: "connection reset".to_owned() },
        StoreError::Folder(FolderError::Vanished { path: "/srv/backups".to_owned() }),
        StoreError::NoCredentials { location: "s3://callisto-backups/".to_owned() },
        StoreError::Unsupported { location: "file:///srv/backups/".to_owned(), what: "thaw objects" },
        StoreError::Stopped,
    ];
    let mut errors = [errors, differing(), frozen()].concat();
    errors.extend(CODES.map(|(operation, status, code)| refused(operation, status, code, "")));
    errors.extend(ROLES.map(|(code, claims)| role(code, claims)));
    for error in &errors {
        match error {
            StoreError::S3 { .. }
            | StoreError::Unanswered { .. }
            | StoreError::Credentials { .. }
            | StoreError::Role { .. }
            | StoreError::NoObjectLock { .. }
            | StoreError::CannotHold { .. }
            | StoreError::AlreadyExists { .. }
            | StoreError::Occupied { .. }
            | StoreError::Differs { .. }
            | StoreError::TooLong { .. }
            | StoreError::Broken(_)
            | StoreError::OutcomeUnknown { .. }
            | StoreError::OrphanedUpload { .. }
            | StoreError::Oversized { .. }
            | StoreError::Missing { .. }
            | StoreError::Frozen { .. }
            | StoreError::Replaced { .. }
            | StoreError::CutOff { .. }
            | StoreError::Shared
            | StoreError::Folder(_)
            | StoreError::NoCredentials { .. }
            | StoreError::Unsupported { .. }
            | StoreError::Stopped => {}
        }
    }
    errors
}

fn differing() -> Vec<StoreError> {
    let differs = |what, expected: &str, got: &str| StoreError::Differs {
        location: place(),
        what,
        expected: expected.to_owned(),
        got: got.to_owned(),
    };
    vec![
        differs("size", "1024", "1023"),
        differs("lock", "GOVERNANCE until 2033-11-21T00:00:00Z", "missing"),
        differs("tags", "environment=production", "none"),
        differs("legal hold", "ON", "not shown"),
    ]
}

fn frozen() -> Vec<StoreError> {
    [("GLACIER", Thaw::NotRequested), ("DEEP_ARCHIVE", Thaw::Ongoing)]
        .map(|(class, thaw)| StoreError::Frozen { location: place(), class: class.to_owned(), thaw })
        .to_vec()
}

/// Answers of S3, each with a text of its own.
const CODES: [(&str, u16, &str); 33] = [
    ("ListObjectsV2", 403, "AccessDenied"),
    ("HeadObject", 403, "403 Forbidden"),
    ("GetObject", 403, "AccessDenied"),
    ("GetObjectTagging", 403, "AccessDenied"),
    ("PutObjectTagging", 403, "AccessDenied"),
    ("ListMultipartUploads", 403, "AccessDenied"),
    ("RestoreObject", 403, "AccessDenied"),
    ("PutObject", 403, "AccessDenied"),
    ("CreateMultipartUpload", 403, "AccessDenied"),
    ("UploadPart", 403, "AccessDenied"),
    ("AbortMultipartUpload", 403, "AccessDenied"),
    ("GetObjectLockConfiguration", 403, "AccessDenied"),
    ("GetObjectRetention", 403, "AccessDenied"),
    ("GetObjectLegalHold", 403, "AccessDenied"),
    ("PutObjectLegalHold", 403, "AccessDenied"),
    ("ListObjectVersions", 403, "AccessDenied"),
    ("GetBucketVersioning", 403, "AccessDenied"),
    ("DeleteObject", 403, "AccessDenied"),
    ("DeleteObjectVersion", 403, "AccessDenied"),
    ("ListObjectsV2", 404, "NoSuchBucket"),
    ("ListObjectsV2", 403, "InvalidAccessKeyId"),
    ("ListObjectsV2", 403, "SignatureDoesNotMatch"),
    ("ListObjectsV2", 400, "ExpiredToken"),
    ("ListObjectsV2", 403, "RequestTimeTooSkewed"),
    ("ListObjectsV2", 301, "PermanentRedirect"),
    ("PutObject", 409, "ConditionalRequestConflict"),
    ("PutObject", 400, "KMS.DisabledException"),
    ("PutObject", 400, "InvalidStorageClass"),
    ("UploadPart", 503, "SlowDown"),
    ("UploadPart", 400, "IncompleteBody"),
    ("CompleteMultipartUpload", 200, "InternalError"),
    ("CompleteMultipartUpload", 404, "NoSuchUpload"),
    ("PutObject", 418, "UnheardOf"),
];

/// Answers of AWS STS.
const ROLES: [(&str, &str); 11] = [
    ("id-token", ""),
    ("AccessDenied", "aud=sts.amazonaws.com sub=repo:o/r:environment:production"),
    ("InvalidIdentityToken", ""),
    ("IDPRejectedClaim", ""),
    ("ExpiredTokenException", ""),
    ("IDPCommunicationError", ""),
    ("PackedPolicyTooLarge", ""),
    ("RegionDisabledException", ""),
    ("no answer", ""),
    ("UnheardOf", ""),
    ("UnheardOf", "sub=repo:o/r:ref:refs/heads/main"),
];

fn refused(operation: &'static str, status: u16, code: &str, keys: &str) -> StoreError {
    let keys = Some(keys).filter(|keys| !keys.is_empty()).map(str::to_owned);
    StoreError::S3 {
        operation,
        location: place(),
        status,
        code: code.to_owned(),
        answer: Box::new(S3Answer {
            reason: format!("{code}: what S3 wrote about it"),
            request_id: Some("7Q2T9ZB1W5X8".to_owned()),
            keys,
            named_by: None,
        }),
        source: Arc::new(std::fmt::Error),
    }
}

fn role(code: &str, claims: &str) -> StoreError {
    StoreError::Role {
        role: "arn:aws:iam::123456789012:role/backup".to_owned(),
        code: code.to_owned(),
        reason: format!("{code}: what STS wrote about it"),
        claims: claims.to_owned(),
        source: Arc::new(std::fmt::Error),
    }
}

/// What S3 refuses about keys names where they were found.
fn hint_for_keys() -> Vec<StoreError> {
    let keys = "AWS_ACCESS_KEY_ID_CALLISTO and AWS_SECRET_ACCESS_KEY_CALLISTO";
    ["InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken"]
        .map(|code| refused("ListObjectsV2", 403, code, keys))
        .to_vec()
}

/// A hint about a bucket names it, and the one secret that holds its name.
fn hint_for_bucket() -> Vec<StoreError> {
    let mut error = refused("ListObjectsV2", 404, "NoSuchBucket", "");
    if let StoreError::S3 { answer, .. } = &mut error {
        answer.named_by = Some("SPONSOR_BACKUPS_BUCKET");
    }
    vec![error]
}

/// No answer came. The match has no wildcard: a new cause does not compile until it is added here too.
fn unanswered() -> Vec<StoreError> {
    let causes = [
        Cause::Refused,
        Cause::Unresolved("s3.example.org".to_owned()),
        Cause::Unroutable,
        Cause::Tls("its certificate has expired".to_owned()),
        Cause::Silent(Some(Duration::from_secs(4))),
        Cause::Silent(None),
        Cause::Closed,
        Cause::NotHttp,
        Cause::Other("the body was read already".to_owned()),
    ];
    for cause in &causes {
        match cause {
            Cause::Refused
            | Cause::Unresolved(_)
            | Cause::Unroutable
            | Cause::Tls(_)
            | Cause::Silent(_)
            | Cause::Closed
            | Cause::NotHttp
            // Has an error of its own.
            | Cause::Credentials(_)
            | Cause::Other(_) => {}
        }
    }
    let unanswered = |reached: bool, cause: Cause| {
        let address = "http://127.0.0.1:9".to_owned();
        let silence = Box::new(NoResponse { address, reached, cause });
        let source = Arc::new(std::fmt::Error);
        StoreError::Unanswered { operation: "UploadPart", location: place(), silence, source }
    };
    let reason = "the token file does not exist".to_owned();
    let credentials =
        StoreError::Credentials { location: place(), reason, source: Arc::new(std::fmt::Error) };
    let closed = [Cause::Silent(Some(Duration::from_secs(600))), Cause::Silent(None), Cause::Closed];
    let never = causes.map(|cause| unanswered(false, cause));
    let reached = closed.map(|cause| unanswered(true, cause));
    never.into_iter().chain(reached).chain([credentials]).collect()
}

#[test]
fn every_error_reads_as_reviewed() {
    let errors = [one_of_each(), hint_for_keys(), hint_for_bucket(), unanswered()].concat();
    crate::reviewed::errors("errors-store", errors.iter().map(|error| (error.to_string(), error.hint())));
}
