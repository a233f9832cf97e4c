use super::*;

const NOW: i64 = 1_800_000_000;

fn headers(limit: &str, remaining: &str, reset: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in [(LIMIT, limit), (REMAINING, remaining), (RESET, reset)] {
        headers.insert(name, value.parse().unwrap());
    }
    headers
}

fn learned(remaining: u32, in_seconds: i64) -> RateLimit {
    let limit = RateLimit::default();
    limit.learn(&headers("120", &remaining.to_string(), &(NOW + in_seconds).to_string()));
    limit
}

fn take(limit: &RateLimit, at: i64) -> Result<(), u64> {
    limit.take(Timestamp::from_second(at).unwrap()).map_err(|wait| wait.as_secs())
}

#[test]
fn a_limit_that_was_never_shown_holds_nothing_up() {
    let limit = RateLimit::default();
    assert_eq!((take(&limit, NOW), limit.per_minute()), (Ok(()), None));
    limit.learn(&HeaderMap::new());
    limit.learn(&headers("many", "few", "soon"));
    assert_eq!((take(&limit, NOW), limit.per_minute()), (Ok(()), None));
}

#[test]
fn no_more_requests_are_sent_than_are_left() {
    let limit = learned(2, 40);
    assert_eq!([take(&limit, NOW), take(&limit, NOW), take(&limit, NOW + 1)], [Ok(()), Ok(()), Err(39)]);
    // The answers to these two arrive, in any order.
    for remaining in ["0", "1"] {
        limit.learn(&headers("120", remaining, &(NOW + 40).to_string()));
    }
    assert_eq!(take(&limit, NOW + 1), Err(39));
    // The next minute.
    assert_eq!(take(&limit, NOW + 40), Ok(()));
    limit.learn(&headers("120", "119", &(NOW + 100).to_string()));
    assert_eq!((take(&limit, NOW + 41), limit.per_minute()), (Ok(()), Some(120)));
}

#[test]
fn a_reset_that_is_far_away_is_not_waited_for() {
    assert_eq!(take(&learned(0, 3600), NOW), Ok(()));
    assert_eq!(take(&learned(0, -5), NOW), Ok(()));
    assert_eq!(take(&learned(0, 90), NOW), Err(90));
}
