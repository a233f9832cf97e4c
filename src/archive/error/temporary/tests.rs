use super::*;

#[test]
fn only_what_another_attempt_may_cure_is_temporary() {
    for (status, code, expected) in [
        (429, "TooManyRequests", Some(Temporary::Busy)),
        (429, "AnyCode", Some(Temporary::Busy)),
        (429, "429 Too Many Requests", Some(Temporary::Busy)),
        (400, "KMS.ThrottlingException", Some(Temporary::Busy)),
        (409, "OperationAborted", Some(Temporary::Busy)),
        (400, "IncompleteBody", Some(Temporary::Spoiled)),
        (400, "BadDigest", Some(Temporary::Spoiled)),
        (400, "RequestTimeout", Some(Temporary::Spoiled)),
        (403, "KMS.DisabledException", None),
        (400, "KMS.KMSInvalidStateException", None),
        (403, "AllAccessDisabled", None),
        (400, "ExpiredToken", None),
        (403, "RequestTimeTooSkewed", None),
        (409, "ConditionalRequestConflict", None),
        (412, "PreconditionFailed", None),
    ] {
        assert_eq!(Temporary::of(Some(status), code), expected, "{status} {code}");
    }
}
