use super::*;

#[test]
fn until_the_first_answer_a_run_waits_for_seconds_only() {
    let (reach, long_ago) = (Contacts::default(), Instant::now() - FIRST_ANSWER);
    let contact = reach.of("http://127.0.0.1:9");
    assert_eq!(contact.limits(), (FIRST_CONNECTION, Some(FIRST_ANSWER)));
    assert!(matches!(contact.again(), RetryAction::RetryIndicated(_)));

    let late = reach.of("http://127.0.0.1:10");
    late.0.begun.set(long_ago).unwrap();
    assert_eq!(late.limits(), (AFTERWARDS, Some(AFTERWARDS)));
    assert_eq!(late.again(), RetryAction::RetryForbidden);

    // All clients of a run know of the answer, and of no other address's.
    contact.0.answered.store(true, Ordering::Relaxed);
    assert_eq!(reach.of("http://127.0.0.1:9").limits(), (CONNECT, None));
    assert!(!reach.of("http://127.0.0.1:10").answered());
    assert!(FIRST_CONNECTION + AFTERWARDS < Duration::from_secs(5));
}

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
