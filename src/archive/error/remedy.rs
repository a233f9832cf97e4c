//! What the reader can do about an error code of S3. Pure.

/// Codes after which every other request to the bucket would fare the same.
pub(super) const HOPELESS: [&str; 9] = [
    "NoSuchBucket",
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "InvalidToken",
    "ExpiredToken",
    "RequestTimeTooSkewed",
    "AuthorizationHeaderMalformed",
    "no answer",
    "no credentials",
];

/// What to do about keys that S3 does not take, by what they are called where they were found.
pub(super) fn of_keys(code: &str, keys: &str) -> Option<String> {
    Some(match code {
        "InvalidAccessKeyId" | "SignatureDoesNotMatch" | "InvalidToken" => {
            format!("The AWS keys of this sponsor are wrong: correct {keys}.")
        }
        "ExpiredToken" => {
            format!(
                "The temporary AWS keys ran out: set new ones in {keys}, which live longer than the backup takes."
            )
        }
        _ => return None,
    })
}

/// What to do about an error code of S3.
pub(super) fn remedy(operation: &str, code: &str) -> Option<&'static str> {
    Some(match code {
        "NoSuchBucket" => {
            "Apply the sponsor's Terraform, or correct SPONSOR_BACKUPS_BUCKET and SPONSOR_AUDIT_LOGS_BUCKET."
        }
        "AccessDenied" | "403 Forbidden" => match operation {
            "ListObjectsV2" => {
                "Grant s3:ListBucket on this bucket (`backup` needs all of the AWS policy in docs/setup.md); if `expected-bucket-owner` is set, check it."
            }
            "HeadObject" | "GetObject" => {
                "Grant s3:GetObject on the objects of this bucket, and to read backups also s3:ListBucket on the bucket, without which S3 refuses what is not there; if `expected-bucket-owner` is set, check it."
            }
            "GetObjectTagging" => {
                "Grant s3:GetObjectTagging on the objects of this bucket: a dump's tags are read back; if `expected-bucket-owner` is set, check it."
            }
            "ListMultipartUploads" => {
                "Grant s3:ListBucketMultipartUploads on this bucket, and let its lifecycle abort incomplete uploads."
            }
            "RestoreObject" => "Grant s3:RestoreObject on the objects of this bucket.",
            _ => {
                "Grant s3:PutObject, s3:PutObjectTagging, s3:GetObject and s3:AbortMultipartUpload (with Object Lock also s3:PutObjectRetention) on this bucket; a bucket with a KMS key of yours also needs kms:GenerateDataKey and kms:Decrypt on that key; a bucket policy that denies wins over every grant; if `expected-bucket-owner` is set, check it."
            }
        },
        "InvalidAccessKeyId" | "SignatureDoesNotMatch" | "InvalidToken" => {
            "The AWS keys of this sponsor are wrong: correct SPONSOR_AWS_ACCESS_KEY_ID and SPONSOR_AWS_SECRET_ACCESS_KEY."
        }
        "ExpiredToken" => {
            "The temporary AWS credentials ran out: let them live longer than the transfer takes."
        }
        "RequestTimeTooSkewed" => "Set this machine's clock.",
        "PermanentRedirect" | "AuthorizationHeaderMalformed" | "301 Moved Permanently" => {
            "The bucket is in another region: correct SPONSOR_AWS_REGION."
        }
        "ConditionalRequestConflict" | "409 Conflict" => {
            "Another run was writing under the same key; run again."
        }
        code if code.starts_with("KMS.") => {
            "The KMS key by which this bucket encrypts cannot be used: look at its state and its policy."
        }
        "InvalidStorageClass" => "Correct the `storage-class` input.",
        "no answer" => {
            "Check `s3-endpoint-url`, the region, and that this runner can reach S3. If HTTPS_PROXY is set, requests go through that proxy, except to the hosts in NO_PROXY."
        }
        "no credentials" => "Check AWS_ROLE_ARN, the token file, and the role's trust policy.",
        _ => return None,
    })
}

/// What to do where a role cannot be assumed, by STS's error code.
pub(super) fn of_a_role(code: &str, claims: &str) -> String {
    let says = if claims.is_empty() { String::new() } else { format!(" This job's token says {claims}.") };
    let what = match code {
        "id-token" => {
            return "Check that the job has `permissions: id-token: write`, and that it still runs; if GitHub does not answer, run again.".to_owned();
        }
        "AccessDenied" => {
            "The role's trust policy does not let this job in, or there is no such role: its conditions must name `aud` and `sub` as they are (docs/keyless.md)."
        }
        "InvalidIdentityToken" => {
            "The role's account does not know GitHub as an identity provider, or not with the audience sts.amazonaws.com: create https://token.actions.githubusercontent.com there (docs/keyless.md)."
        }
        "IDPRejectedClaim" => {
            "AWS does not take a claim of GitHub's token: run again, and look at the role's trust policy."
        }
        "ExpiredTokenException" | "ExpiredToken" => {
            "GitHub's token was too old when AWS saw it: set this machine's clock, and run again."
        }
        "IDPCommunicationError" => "AWS could not reach GitHub to look at the token: run again.",
        "PackedPolicyTooLarge" | "PackedPolicyTooLargeException" => {
            "The session's policy is too large for AWS: shorten the names of the buckets, or take tags off the session."
        }
        "RegionDisabledException" => {
            "STS is not active in that region: activate it in the account, or correct SPONSOR_AWS_REGION."
        }
        "no answer" => {
            "Check SPONSOR_AWS_REGION, AWS_ENDPOINT_URL_STS, and that this runner can reach AWS STS. If HTTPS_PROXY is set, requests go through that proxy, except to the hosts in NO_PROXY."
        }
        _ => "Look at the role and its trust policy (docs/keyless.md).",
    };
    format!("{what}{says}")
}
