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
