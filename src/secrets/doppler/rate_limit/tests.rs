use super::*;

const RESETS_AT: i64 = 1_800_000_000;

fn shown(remaining: u32, resets_at: i64, ends: Instant) -> Shown {
    Shown { limit: 120, remaining, resets_at, ends }
}

#[test]
fn a_limit_that_was_never_shown_holds_nothing_up() {
    let limit = RateLimit::default();
    assert_eq!((limit.take(Instant::now()), limit.per_minute()), (Ok(()), None));
}

#[test]
fn no_more_requests_are_sent_than_are_left() {
    let (limit, now) = (RateLimit::default(), Instant::now());
    let (ends, left) = (now + Duration::from_secs(40), Duration::from_secs(40));
    limit.learn(shown(2, RESETS_AT, ends));
    assert_eq!([limit.take(now), limit.take(now), limit.take(now)], [Ok(()), Ok(()), Err(left)]);
    // The answers to these two arrive, in any order.
    for remaining in [0, 1] {
        limit.learn(shown(remaining, RESETS_AT, ends));
    }
    assert_eq!(limit.take(now), Err(left));
    // The next minute.
    assert_eq!(limit.take(ends), Ok(()));
    limit.learn(shown(119, RESETS_AT + 60, ends + Duration::from_secs(60)));
    assert_eq!((limit.take(ends), limit.per_minute()), (Ok(()), Some(120)));
}

#[test]
fn a_reset_that_is_far_away_is_not_waited_for() {
    let now = Instant::now();
    for (seconds, expected) in [(3600, Ok(())), (0, Ok(())), (90, Err(Duration::from_secs(90)))] {
        let limit = RateLimit::default();
        limit.learn(shown(0, RESETS_AT, now + Duration::from_secs(seconds)));
        assert_eq!(limit.take(now), expected, "{seconds}");
    }
}
