use std::time::Duration;

use jiff::Timestamp;

use super::{last_backup, last_drill, source, tenancy};
use crate::archive::ArchiveError;
use crate::archive::backup_manifest::SourceDatabase;
use crate::databases::postgres::PostgresError;
use crate::databases::postgres::identity::Unidentified;
use crate::finding::Level;
use crate::sponsors::Environment;
use crate::verification::previous::PreviousSearch;

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

fn database(oid: u32) -> SourceDatabase {
    SourceDatabase {
        place: "db:5432/diary".to_owned(),
        system_identifier: "7".to_owned(),
        database_oid: oid,
        database: "diary".to_owned(),
        server_started_at: at(0),
        in_recovery: false,
    }
}

/// What a backup would refuse is an obstacle, and what is not known never counts as the same.
#[test]
fn every_answer_about_the_source_is_a_finding() {
    let none = Ok(PreviousSearch::None);
    let of = |is, previous| source("callisto", is, previous).level;
    assert_eq!(of(Ok(Ok(database(1))), &none), Level::Ok);
    let unidentified = Unidentified("role app lacks EXECUTE".to_owned());
    assert_eq!(of(Ok(Err(&unidentified)), &none), Level::Warn);
    assert_eq!(of(Err(&PostgresError::NoClient), &none), Level::Fail);
    let unread = Ok(PreviousSearch::Unknown("AccessDenied".to_owned()));
    assert_eq!(of(Ok(Ok(database(1))), &unread), Level::Warn);
    let foreign = Ok(PreviousSearch::AnotherSponsors { owner: "titan".to_owned() });
    assert_eq!(of(Ok(Ok(database(1))), &foreign), Level::Fail);
    assert_eq!(of(Ok(Ok(database(1))), &Err(ArchiveError::Stopped)), Level::Warn);
}

/// Sponsors that were not compared may share all the same.
#[test]
fn only_a_comparison_shows_that_nothing_is_shared() {
    assert_eq!(tenancy([], Vec::new(), true)[0].level, Level::Ok);
    assert_eq!(tenancy([], Vec::new(), false)[0].level, Level::Warn);
    assert_eq!(tenancy([], vec!["odd".to_owned()], true)[0].level, Level::Warn);
}
