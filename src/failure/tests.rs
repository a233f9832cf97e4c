use super::*;

/// One failure a stage. The match has no wildcard: a new variant does not compile until it is added here too.
fn one_of_each() -> Vec<Failure> {
    let bug = || Failure::Bug("x".to_owned());
    let failures = vec![
        bug(),
        UsageError::new("x").into(),
        ManifestError::Unreadable { place: "x".to_owned(), reason: "y".to_owned() }.into(),
        SponsorsError::NoneEnabled.into(),
        SecretsError::Ambiguous { variable: "x".to_owned() }.into(),
        PostgresError::NoClient.into(),
        Failure::TimedOut(TimedOut::new(Duration::ZERO, Doing::Dump)),
        Failure::TimedOut(TimedOut::new(Duration::ZERO, Doing::Archive)),
        Failure::TimedOut(TimedOut::new(Duration::ZERO, Doing::Restore)),
        Failure::from(RestoreError::Stopped).after_a_change(),
        ArchiveError::Stopped.into(),
        RecordError::Store(StoreError::Stopped).into(),
        RestoreError::Stopped.into(),
        VerificationError { place: "x".to_owned(), findings: Vec::new(), hint: "y".to_owned() }.into(),
        Failure::Cancelled(Signal::Interrupt.into()),
        Failure::Cancelled(Cancelled::during(Signal::Terminate, Doing::Drill)),
    ];
    match bug() {
        Failure::Usage(_)
        | Failure::Manifest(_)
        | Failure::Sponsors(_)
        | Failure::Secrets(_)
        | Failure::Dump(_)
        | Failure::Archive(_)
        | Failure::Record(_)
        | Failure::Restore(_)
        | Failure::Proof(_)
        // These share their code with a bug, and no result ever has their stages.
        | Failure::Report(_)
        | Failure::NoThreads { .. }
        | Failure::TimedOut(_)
        | Failure::Unproved(_)
        | Failure::Cancelled(_)
        | Failure::Bug(_) => failures,
    }
}

#[test]
fn the_documented_codes_are_the_ones_that_failures_have() {
    let documented: Vec<(&str, u8)> = EXIT_CODES
        .iter()
        .map(|(code, stage, _)| (*stage, *code))
        .filter(|(_, code)| ![exit_code(&[]), SEVERAL].contains(code))
        .collect();
    let mut real: Vec<(&str, u8)> = one_of_each().iter().map(Failure::stage_and_code).collect();
    real.sort_by_key(|(_, code)| *code);
    real.dedup();
    assert_eq!(documented, real);
}

#[test]
fn the_time_is_shown_as_it_is_typed() {
    for (seconds, told) in [(21_600, "6h"), (5, "5s"), (90, "1m 30s")] {
        let over = TimedOut::new(Duration::from_secs(seconds), Doing::Restore);
        assert_eq!(over.to_string(), format!("timed out after {told} (input `timeout`)"));
    }
}

#[test]
fn after_a_signal_each_command_has_its_hint() {
    let doing = [Doing::Dump, Doing::Archive, Doing::Restore, Doing::Drill];
    let during = doing.map(|doing| Cancelled::during(Signal::Interrupt, doing));
    let all = during.into_iter().chain([Signal::Terminate.into()]).map(Failure::Cancelled);
    crate::reviewed::errors("errors-cancelled", all.map(|failure| (failure.to_string(), failure.hint())));
}

#[test]
fn after_a_change_no_code_says_that_there_was_none() {
    for failure in one_of_each() {
        let before = failure.stage_and_code();
        let after = failure.after_a_change().stage_and_code();
        let expected = if (13..=16).contains(&before.1) { ("proof", 17) } else { before };
        assert_eq!(after, expected);
    }
}

#[test]
fn failures_of_one_stage_keep_its_code_and_others_share_one() {
    assert_eq!(
        [exit_code(&[]), exit_code(&[13]), exit_code(&[13, 13]), exit_code(&[13, 14])],
        [0, 13, 13, 20]
    );
}
