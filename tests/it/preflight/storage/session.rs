//! The session of a role allows every request of `preflight`, and no delete.

use crate::support::{Keyless, Run};

/// What `preflight` asks for, as the server sees it.
pub(crate) const READS: [&str; 15] = [
    "s3:GetBucketAcl",
    "s3:GetBucketLocation",
    "s3:GetBucketObjectLockConfiguration",
    "s3:GetBucketPolicy",
    "s3:GetBucketPolicyStatus",
    "s3:GetBucketPublicAccessBlock",
    "s3:GetBucketVersioning",
    "s3:GetEncryptionConfiguration",
    "s3:GetLifecycleConfiguration",
    "s3:GetObject",
    "s3:GetObjectRetention",
    "s3:GetObjectTagging",
    "s3:GetReplicationConfiguration",
    "s3:ListBucket",
    "s3:ListBucketMultipartUploads",
];

fn preflight(keyless: &Keyless) -> Run {
    keyless.run().input("command", "preflight")
}

/// The strict server knows few of the settings, but checks the permission for each.
#[test]
fn each_request_has_its_permission() {
    let keyless = Keyless::of(&["callisto"]);
    let outcome = preflight(&keyless).run();
    outcome.assert_code(0);
    assert_eq!(keyless.sessions.actions(), READS);
    assert!(!outcome.stdout.contains("AccessDenied"), "{}", outcome.transcript());

    let outcome = preflight(&keyless).input("write-probe", "true").run();
    outcome.assert_code(0);
    let probing = ["s3:AbortMultipartUpload", "s3:PutObject", "s3:PutObjectTagging"];
    let mut expected = [&READS[..], &probing].concat();
    expected.sort_unstable();
    assert_eq!(keyless.sessions.actions(), expected);
    assert!(!outcome.stdout.contains("AccessDenied"), "{}", outcome.transcript());
    for bucket in [keyless.bucket("callisto"), keyless.log_bucket("callisto")] {
        assert_eq!(keyless.store.keys_in(bucket), [""; 0]);
    }
}
