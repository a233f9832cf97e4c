use super::*;

fn identity(system: &str, oid: u32, name: &str, second: i64) -> Identity {
    Identity {
        system_identifier: system.to_owned(),
        database_oid: oid,
        database: name.to_owned(),
        server_started_at: Timestamp::from_second(second).unwrap(),
        in_recovery: false,
        reached_at: ReachedAt { address: None, port: 5432 },
    }
}

#[test]
fn databases_are_compared_by_server_and_place_in_it() {
    let live = identity("7", 16_384, "app", 100);
    for (other, likeness) in [
        (identity("7", 16_384, "app", 100), Likeness::Same),
        (identity("7", 16_384, "renamed", 100), Likeness::Same),
        (identity("7", 20_000, "app", 100), Likeness::Same),
        (identity("7", 16_384, "app", 101), Likeness::SameButRestartedOrCopied),
        (identity("7", 20_000, "other", 100), Likeness::Different),
        (identity("8", 16_384, "app", 100), Likeness::Different),
    ] {
        assert_eq!(Likeness::of(Some(&live), Some(&other)), likeness, "{other:?}");
    }
    assert_eq!(Likeness::of(Some(&live), None), Likeness::Unknown);
}

#[test]
fn what_a_server_calls_itself_does_not_count() {
    let (one, mut other) = (identity("7", 1, "app", 1), identity("7", 1, "app", 1));
    other.reached_at = ReachedAt { address: Some("10.0.0.1".to_owned()), port: 6000 };
    assert_eq!(Likeness::of(Some(&one), Some(&other)), Likeness::Same);
}
