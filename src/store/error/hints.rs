//! Hints of store errors: what the reader can do, by error and by S3 and STS error code. Pure.

use super::StoreError;
use crate::store::s3::Cause;
use crate::store::s3::retry::Temporary;
use crate::store::thaw::Thaw;

impl StoreError {
    /// What you can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::S3 { .. } => return self.hint_for_answer(),
            Self::Unanswered { silence, .. } => hint_for_silence(&silence.cause),
            Self::Credentials { .. } => "Check AWS_ROLE_ARN, the token file, and the role's trust policy.",
            Self::NoObjectLock { .. } => {
                "Use a bucket with Object Lock (enabled when the bucket is created), or set `object-lock` to `auto` or `off`."
            }
            Self::CannotHold { .. } => {
                "Move the backups to a bucket with Object Lock, which is enabled when a bucket is created."
            }
            Self::Role { code, claims, .. } => return Some(hint_for_role(code, claims)),
            Self::OutcomeUnknown { cause, .. } | Self::OrphanedUpload { cause, .. } => return cause.hint(),
            Self::Shared => {
                "Abort it with `aws s3api abort-multipart-upload`, or let a lifecycle rule remove it."
            }
            Self::AlreadyExists { .. } => "Run again. Another run used the same second.",
            Self::Occupied { .. } => {
                "If it is an encrypted copy, pass its private key in AGE_IDENTITY. Otherwise choose another place in `to`, or move away what is under this key: sponsor-backup never replaces or deletes an object."
            }
            Self::Differs { what: "lock", .. } => {
                "Grant s3:GetObjectRetention on the objects of this bucket. Without it, S3 does not show locks. If it is granted, the store did not lock the object: report that to its support, or set `object-lock` to `off`."
            }
            Self::Differs { what: "tags", .. } => {
                "Report this to the store's support: it did not keep the tags. The object has no checksum file and no manifest, so it does not count as a backup."
            }
            Self::Differs { what: "legal hold", .. } => {
                "Grant s3:GetObjectLegalHold on the objects of this bucket. Without it, S3 does not show holds. If it is granted, find out who changes holds, and run again."
            }
            Self::Differs { .. } => {
                "Do not trust this object. It has no checksum file and no manifest, so it does not count as a backup. Run again, and report this to the store's support."
            }
            Self::TooLong { .. } => "Split the backup with `schemas` and `exclude-schemas`.",
            Self::Broken(_) => "Run again. If it happens again, report it with this message.",
            Self::Missing { .. } => "List the backups with `sponsor-backup list`.",
            Self::Oversized { .. } => {
                "If a newer version of sponsor-backup wrote it, use that version. Otherwise use another backup, and find out who changed this one."
            }
            Self::Frozen { thaw: Thaw::NotRequested, .. } => {
                "Run again with `thaw` to request it from S3, and once more when it can be read."
            }
            Self::Frozen { thaw: Thaw::Ongoing, .. } => "Run again when the thaw is done.",
            Self::Replaced { .. } => {
                "Find out who writes to this bucket: sponsor-backup never replaces a backup. Then run again."
            }
            Self::CutOff { .. } => "Check the network between this runner and S3, and run again.",
            Self::Folder(error) => return error.hint(),
            Self::NoCredentials { .. } => {
                "Set SPONSOR_AWS_REGION and the sponsor's AWS keys or role, as for a sponsor whose backups are in S3."
            }
            Self::Unsupported { .. } => "Use a store that can, S3 for example, or do without it.",
            Self::Stopped => return None,
        };
        Some(hint.to_owned())
    }

    /// For S3's own answer. A secret that the reader can correct comes before the general advice.
    fn hint_for_answer(&self) -> Option<String> {
        let Self::S3 { operation, location, code, answer, .. } = self else { return None };
        if let Some(temporary) = self.temporary() {
            return Some(hint_for_temporary(temporary).to_owned());
        }
        let of_the_keys = answer.keys.as_ref().and_then(|keys| hint_for_keys(code, keys));
        let of_the_bucket = || answer.named_by.and_then(|secret| hint_for_bucket(code, location, secret));
        of_the_keys.or_else(of_the_bucket).or_else(|| hint_for_code(operation, code).map(str::to_owned))
    }
}

/// For temporary errors, if no attempt succeeds.
fn hint_for_temporary(temporary: Temporary) -> &'static str {
    match temporary {
        Temporary::Busy => {
            "The store limits the request rate (throttling) and rejected every attempt. Run again later, and lower `max-parallel`. If it happens again, ask the store's support for a higher limit."
        }
        Temporary::Spoiled => {
            "Every attempt arrived incomplete or changed. The store may be busy (throttling), or the network unreliable. Run again later, lower `max-parallel`, and check the network between this runner and the store."
        }
    }
}

/// For keys that S3 rejects. `keys` names the variables or secrets that they came from.
fn hint_for_keys(code: &str, keys: &str) -> Option<String> {
    Some(match code {
        "InvalidAccessKeyId" | "SignatureDoesNotMatch" | "InvalidToken" => {
            format!("Correct {keys}: S3 does not accept these AWS keys.")
        }
        "ExpiredToken" => {
            format!(
                "Set new temporary keys in {keys}. They must stay valid for longer than the backup takes."
            )
        }
        _ => return None,
    })
}

/// For a bucket. `secret` is the name of the secret that holds its name.
fn hint_for_bucket(code: &str, location: &str, secret: &str) -> Option<String> {
    let bucket = location.strip_prefix("s3://")?.split('/').next()?;
    (code == "NoSuchBucket").then(|| format!("Create bucket {bucket}, or correct {secret}."))
}

/// For requests without an answer.
fn hint_for_silence(cause: &Cause) -> &'static str {
    match cause {
        Cause::Unresolved(_) => {
            "Correct the host name in `s3-endpoint-url`, or SPONSOR_AWS_REGION, and check the DNS of this runner."
        }
        Cause::Tls(_) | Cause::NotHttp => {
            "Check `s3-endpoint-url`: its scheme, host name and port. If your own authority issued the certificate, name its file in SSL_CERT_FILE."
        }
        _ => {
            "Check `s3-endpoint-url`, SPONSOR_AWS_REGION, and that this runner can reach S3. If HTTPS_PROXY is set, requests go through that proxy, except to the hosts in NO_PROXY."
        }
    }
}

/// For an S3 error code.
fn hint_for_code(operation: &str, code: &str) -> Option<&'static str> {
    Some(match code {
        "NoSuchBucket" => "Create the bucket, or correct its name.",
        "AccessDenied" | "403 Forbidden" => return Some(hint_for_denied(operation)),
        "InvalidAccessKeyId" | "SignatureDoesNotMatch" | "InvalidToken" => {
            "Correct SPONSOR_AWS_ACCESS_KEY_ID and SPONSOR_AWS_SECRET_ACCESS_KEY: S3 does not accept these AWS keys."
        }
        "ExpiredToken" => "Use temporary AWS credentials that stay valid for longer than the transfer takes.",
        "RequestTimeTooSkewed" => "Set the clock of this machine.",
        "PermanentRedirect" | "AuthorizationHeaderMalformed" | "301 Moved Permanently" => {
            "Correct SPONSOR_AWS_REGION: the bucket is in another region."
        }
        "ConditionalRequestConflict" | "409 Conflict" => {
            "Run again. Another run was writing to the same key."
        }
        code if code.starts_with("KMS.") => {
            "Check the state and the policy of the KMS key that encrypts this bucket."
        }
        "InvalidStorageClass" => "Correct `storage-class`.",
        "NoSuchUpload" => {
            "Find out who aborts uploads in this bucket, a lifecycle rule or another program, and run again."
        }
        "InternalError" | "500 Internal Server Error" | "ServiceUnavailable" | "503 Service Unavailable" => {
            "Run again later. If it happens again, give the request id to the store's support."
        }
        _ => return None,
    })
}

/// For a request that S3 does not allow.
fn hint_for_denied(operation: &str) -> &'static str {
    match operation {
        "ListObjectsV2" => {
            "Grant s3:ListBucket on this bucket (docs/setup.md has the whole AWS policy). If `expected-bucket-owner` is set, check it."
        }
        "HeadObject" | "GetObject" => {
            "Grant s3:GetObject on the objects of this bucket, and s3:ListBucket on the bucket. Without s3:ListBucket, S3 denies access to missing objects too. If `expected-bucket-owner` is set, check it."
        }
        "GetObjectTagging" => {
            "Grant s3:GetObjectTagging on the objects of this bucket: a backup checks the tags that it set. If `expected-bucket-owner` is set, check it."
        }
        "ListMultipartUploads" => {
            "Grant s3:ListBucketMultipartUploads on this bucket, and add a lifecycle rule that aborts incomplete uploads."
        }
        "PutObjectTagging" => {
            "Grant s3:PutObjectTagging on the objects of this bucket. If `expected-bucket-owner` is set, check it."
        }
        "AbortMultipartUpload" => {
            "Grant s3:AbortMultipartUpload on the objects of this bucket, and add a lifecycle rule that aborts incomplete uploads."
        }
        "GetObjectRetention" => "Grant s3:GetObjectRetention on the objects of this bucket.",
        "GetObjectLockConfiguration" => "Grant s3:GetBucketObjectLockConfiguration on this bucket.",
        "RestoreObject" => "Grant s3:RestoreObject on the objects of this bucket.",
        "ListObjectVersions" => "Grant s3:ListBucketVersions on this bucket.",
        "GetBucketVersioning" => "Grant s3:GetBucketVersioning on this bucket.",
        "DeleteObject" => "Grant s3:DeleteObject on the objects of this bucket.",
        "DeleteObjectVersion" => "Grant s3:DeleteObjectVersion on the objects of this bucket.",
        "GetObjectLegalHold" => "Grant s3:GetObjectLegalHold on the objects of this bucket.",
        "PutObjectLegalHold" => "Grant s3:PutObjectLegalHold on the objects of this bucket (docs/setup.md).",
        _ => {
            "Grant s3:PutObject, s3:PutObjectTagging, s3:GetObject and s3:AbortMultipartUpload (with Object Lock also s3:PutObjectRetention) on this bucket. If your own KMS key encrypts it, grant kms:GenerateDataKey and kms:Decrypt on that key. A bucket policy that denies the request wins over every grant. If `expected-bucket-owner` is set, check it."
        }
    }
}

/// For a role that cannot be assumed, by STS's error code.
fn hint_for_role(code: &str, claims: &str) -> String {
    let says = if claims.is_empty() { String::new() } else { format!(" This job's token says {claims}.") };
    let what = match code {
        "id-token" => {
            return "Check that the job has `permissions: id-token: write` and is still running. If GitHub does not answer, run again.".to_owned();
        }
        "AccessDenied" => {
            "Check that the role exists and that its trust policy names this job's `aud` and `sub` exactly (docs/keyless.md)."
        }
        "InvalidIdentityToken" => {
            "Create the identity provider https://token.actions.githubusercontent.com with the audience sts.amazonaws.com in the role's account (docs/keyless.md)."
        }
        "IDPRejectedClaim" => {
            "Run again. If AWS rejects the OIDC token again, check the role's trust policy."
        }
        "ExpiredTokenException" | "ExpiredToken" => {
            "Set the clock of this machine and run again: the OIDC token was too old when AWS received it."
        }
        "IDPCommunicationError" => "Run again. AWS could not reach GitHub to verify the OIDC token.",
        "PackedPolicyTooLarge" | "PackedPolicyTooLargeException" => {
            "Shorten the names of the buckets, or remove tags from the session: its policy is too large for AWS."
        }
        "RegionDisabledException" => {
            "Activate STS for that region in the account, or correct SPONSOR_AWS_REGION."
        }
        "no answer" => {
            "Check SPONSOR_AWS_REGION, AWS_ENDPOINT_URL_STS, and that this runner can reach AWS STS. If HTTPS_PROXY is set, requests go through that proxy, except to the hosts in NO_PROXY."
        }
        _ => "Check the role and its trust policy (docs/keyless.md).",
    };
    format!("{what}{says}")
}
