use super::*;

#[test]
fn a_limit_is_kept_up_to_its_last_moment() {
    let measured = |took, limit: Option<u64>| Measured {
        took: Duration::from_secs(took),
        limit: limit.map(Duration::from_secs),
    };
    assert_eq!(measured(60, None).is_compliant(), None);
    assert_eq!(measured(60, Some(60)).is_compliant(), Some(true));
    assert_eq!(measured(61, Some(60)).is_compliant(), Some(false));
    assert_eq!(measured(100, None).minutes(), 1.67);
}

#[test]
fn freshness_needs_a_recent_backup_that_is_not_in_the_future() {
    let now: Timestamp = "2026-11-28T12:00:00Z".parse().unwrap();
    let judged = |taken: &[&str]| {
        let taken: Vec<Timestamp> = taken.iter().map(|at| at.parse().unwrap()).collect();
        freshness("s3://b/backups/", taken, now, Duration::from_secs(8 * 3600))
            .map(|Measured { took, .. }| took.as_secs())
            .map_err(|error| error.to_string())
    };
    assert_eq!(judged(&["2026-11-28T04:00:00Z"]), Ok(8 * 3600), "to the last moment");
    assert_eq!(judged(&["2026-11-28T12:00:05Z"]), Ok(0), "a clock that is ahead by seconds");
    assert_eq!(judged(&["2026-11-01T00:00:00Z", "2026-11-28T11:00:00Z"]), Ok(3600));
    let late = "s3://b/backups/: the newest backup is 8h 1m old, more than `max-backup-age` (8h)";
    assert_eq!(judged(&["2026-11-28T03:59:00Z", "2026-11-27T11:00:00Z"]), Err(late.to_owned()));
    let none = "s3://b/backups/: no backup found";
    assert_eq!(judged(&[]), Err(none.to_owned()));
    assert_eq!(judged(&["2027-11-28T12:00:00Z"]), Err(none.to_owned()));
}

#[test]
fn an_hour_ahead_is_no_difference_of_clocks() {
    let now: Timestamp = "2026-11-28T12:00:00Z".parse().unwrap();
    let by = |at: &str| ahead(at.parse().unwrap(), now).map(dated_ahead);
    assert_eq!(by("2026-11-28T11:00:00Z"), None);
    assert_eq!(by("2026-11-28T13:00:00Z"), None);
    assert_eq!(by("2026-11-28T15:00:00Z").unwrap(), "its time is 3h ahead of this machine's clock");
}

#[test]
fn times_read_well() {
    let told = [0, 1, 40, 940, 12_340, 59_990, 90_000, 11_100_000, 21_600_000, 180_000_000]
        .map(|ms| words(Duration::from_millis(ms)));
    assert_eq!(told, ["0s", "0.1s", "0.1s", "0.9s", "12.3s", "60s", "1m 30s", "3h 5m", "6h", "2d 2h"]);
}
