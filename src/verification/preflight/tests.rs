use std::time::Duration;

use jiff::Timestamp;

use super::{last_backup, last_drill};
use crate::finding::Level;
use crate::sponsors::Environment;

const HOUR: Duration = Duration::from_secs(3600);

fn at(hour: i64) -> Timestamp {
    Timestamp::from_second(hour * 3600).unwrap()
}

#[test]
fn a_backup_is_an_obstacle_only_if_a_limit_was_asked_for() {
    let of = |taken: &[i64], limit: Option<Duration>| {
        last_backup(
            ("s3://b/", Environment::Staging),
            taken.iter().map(|hour| at(*hour)).collect(),
            at(10),
            limit,
        )
        .level
    };
    assert_eq!(of(&[], None), Level::Warn);
    assert_eq!(of(&[1], None), Level::Ok);
    assert_eq!(of(&[], Some(HOUR)), Level::Fail);
    assert_eq!(of(&[1, 9], Some(HOUR)), Level::Ok);
    assert_eq!(of(&[1, 8], Some(HOUR)), Level::Fail);
    assert_eq!(of(&[11], None), Level::Warn, "a backup from the future shows nothing");
}

#[test]
fn a_drill_is_an_obstacle_only_if_a_limit_was_asked_for() {
    let of =
        |passed: Option<i64>, limit| last_drill(passed.map(at), at(10), limit, Environment::Staging).level;
    assert_eq!(of(None, None), Level::Warn);
    assert_eq!(of(Some(1), None), Level::Ok);
    assert_eq!(of(None, Some(HOUR)), Level::Fail);
    assert_eq!(of(Some(9), Some(HOUR)), Level::Ok);
    assert_eq!(of(Some(8), Some(HOUR)), Level::Fail);
    assert_eq!(of(Some(11), Some(HOUR)), Level::Fail, "a drill from the future shows nothing");
}
