//! Hints by S3 and STS error code. Pure.

use crate::archive::s3::Cause;

/// Error codes after which every other request to the bucket would fail in the same way.
pub(super) const BUCKET_WIDE_CODES: [&str; 7] = [
    "NoSuchBucket",
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "InvalidToken",
    "ExpiredToken",
    "RequestTimeTooSkewed",
    "AuthorizationHeaderMalformed",
];

/// For keys that S3 rejects. `keys` names the variables or secrets that they came from.
pub(super) fn hint_for_keys(code: &str, keys: &str) -> Option<String> {
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
pub(super) fn hint_for_bucket(code: &str, location: &str, secret: &str) -> Option<String> {
    let bucket = location.strip_prefix("s3://")?.split('/').next()?;
    (code == "NoSuchBucket").then(|| format!("Create bucket {bucket}, or correct {secret}."))
}

/// For requests without an answer.
pub(super) fn hint_for_silence(cause: &Cause) -> &'static str {
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
pub(super) fn remedy(operation: &str, code: &str) -> Option<&'static str> {
    Some(match code {
        "NoSuchBucket" => "Create the bucket, or correct its name.",
        "AccessDenied" | "403 Forbidden" => return Some(denied(operation)),
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
fn denied(operation: &str) -> &'static str {
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
        _ => {
            "Grant s3:PutObject, s3:PutObjectTagging, s3:GetObject and s3:AbortMultipartUpload (with Object Lock also s3:PutObjectRetention) on this bucket. If your own KMS key encrypts it, grant kms:GenerateDataKey and kms:Decrypt on that key. A bucket policy that denies the request wins over every grant. If `expected-bucket-owner` is set, check it."
        }
    }
}

/// For a role that cannot be assumed, by STS's error code.
pub(super) fn hint_for_role(code: &str, claims: &str) -> String {
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
