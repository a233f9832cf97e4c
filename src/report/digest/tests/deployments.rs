use super::*;

#[test]
fn a_deployment_had_the_backup_that_its_record_names() {
    let named = |name: &str| json!({ "backup_location": name });
    let entries = vec![
        backup(1, json!({})),
        backup(2, json!({})),
        backup(3, json!({"outcome": "failure"})),
        backup(4, json!({"partial": {"schemas": ["a"]}})),
        drill(1, json!({})),
        drill(2, json!({"status": "failed"})),
        deployment(1, json!({})),
        deployment(2, json!({"outcome": "failure"})),
        deployment(3, json!({})),
        deployment(5, named("s3://b/unknown.sql.gz")),
        deployment(6, json!({"backup_location": null})),
        // Before the period, and one that did not take place.
        deployment(8, json!({})),
        entry(
            Object::DeploymentLog,
            days_ago(2).checked_add(3.hours()).unwrap(),
            json!({"event": "deployment", "outcome": "skipped"}),
        ),
    ];
    let found = of(facts(entries), NO_LIMITS).deployments;
    assert_eq!((found.count, found.with_backup, found.with_proven_backup), (5, 2, 1));
    let names = |deployments: &[Deployment]| {
        deployments.iter().filter_map(|it| it.version.clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(&found.without_backup), ["v1.3", "v1.5", "v1.6"]);
    assert_eq!(names(&found.without_proven_backup), ["v1.2"]);
    let why: Vec<&str> = found.without_backup.iter().filter_map(|it| it.why.as_deref()).collect();
    let expected = [
        "the outcome of the run before it is failure (20261127-120000)",
        "no record of s3://b/unknown.sql.gz was found",
        "its record names none, and its run recorded none before it",
    ];
    assert_eq!(why, expected);
}

/// The record of a deployment of several sponsors names no backup. Its workflow run took one for each.
#[test]
fn a_deployment_had_the_backup_of_its_run() {
    let run = |id: &str, more: Value| {
        let mut document = json!({ "github_run_id": id });
        document.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        document
    };
    let none = |id: &str| run(id, json!({"backup_location": null}));
    let mut entries = vec![
        backup(1, run("1", json!({}))),
        deployment(1, none("1")),
        drill(1, json!({})),
        // Of another run, of a run that failed, and one that is later.
        backup(2, run("2", json!({}))),
        deployment(2, none("22")),
        backup(3, run("3", json!({"outcome": "failure", "backup_location": null}))),
        deployment(3, none("3")),
        deployment(5, none("4")),
        backup(4, run("4", json!({}))),
        // On a terminal, where runs have no id.
        backup(6, json!({})),
        deployment(6, json!({"backup_location": null})),
    ];
    let found = of(facts(entries.clone()), NO_LIMITS).deployments;
    assert_eq!((found.count, found.with_backup, found.with_proven_backup), (5, 1, 1));
    // A second attempt that failed took the place of the first.
    let second = days_ago(1).checked_add(30.minutes()).unwrap();
    entries.push(entry(Object::DeploymentLog, second, run("1", json!({"outcome": "failure"}))));
    assert_eq!(of(facts(entries), NO_LIMITS).deployments.with_backup, 0);
}

/// A second attempt must not hide that the first one had no backup.
#[test]
fn each_attempt_of_a_run_is_a_deployment() {
    let run = |hours: i64, location: Option<String>| {
        let at = days_ago(1).checked_add(hours.hours()).unwrap();
        let document = json!({"event": "deployment", "version": "v2", "github_run_id": "7", "backup_location": location});
        entry(Object::DeploymentLog, at, document)
    };
    let entries = vec![backup(1, json!({})), run(1, None), run(2, Some(location(1)))];
    let found = of(facts(entries), NO_LIMITS).deployments;
    assert_eq!((found.count, found.with_backup), (2, 1));
}

/// Of a backup by the same name: other bytes, or an earlier time.
#[test]
fn a_drill_proves_the_backup_that_it_restored() {
    let sha256 = |digit: &str| json!({ "backup_sha256": digit.repeat(64) });
    let proven = |backed_up: RecordEntry, drilled: RecordEntry| {
        let entries = vec![backed_up, drilled, deployment(1, json!({}))];
        of(facts(entries), NO_LIMITS).deployments.with_proven_backup
    };
    assert_eq!(proven(backup(1, sha256("a")), drill(1, sha256("a"))), 1);
    assert_eq!(proven(backup(1, sha256("a")), drill(1, json!({}))), 1);
    assert_eq!(proven(backup(1, sha256("a")), drill(1, sha256("b"))), 0);
    let earlier = drill(2, json!({ "backup_location": location(1) }));
    assert_eq!(proven(backup(1, json!({})), earlier), 0);
}

#[test]
fn only_a_backup_before_the_deployment_counts() {
    let why = |backed_up: RecordEntry| {
        let entries = vec![backed_up, deployment(1, json!({ "backup_location": location(1) }))];
        of(facts(entries), NO_LIMITS).deployments.without_backup.remove(0).why.unwrap()
    };
    let later = backup(0, json!({ "backup_location": location(1) }));
    assert_eq!(why(later), "the one that its record names is later (20261130-120000)");
    let partial = backup(1, json!({"partial": {"schemas": ["a"]}}));
    assert_eq!(why(partial), "the one before it is partial (20261129-120000)");
}

#[test]
fn records_that_were_not_read_are_named() {
    let old = deployment(1, json!({ "backup_location": location(9) }));
    let entries = [backup(1, json!({})), deployment(1, json!({})), old];
    assert_eq!(unread_backups(&entries, period()), [location(9)]);
}

#[test]
fn the_sentence_about_deployments_fits_its_numbers() {
    let line = |deployments: usize, with_backup: usize, proven: usize| {
        let mut digest = sample();
        digest.sponsors.retain(|one| one.state == SponsorState::Ok);
        (digest.total.deployments, digest.total.deployments_with_backup) = (deployments, with_backup);
        digest.total.deployments_with_proven_backup = proven;
        digest.deployments_line().unwrap_or_default()
    };
    assert_eq!(line(0, 0, 0), "");
    assert_eq!(line(1, 0, 0), "the only deployment had no backup");
    assert_eq!(line(1, 1, 0), "the only deployment had a backup, no proven one");
    assert_eq!(line(1, 1, 1), "the only deployment had a backup, a proven one");
    assert_eq!(line(9, 0, 0), "none of 9 deployments had a backup");
    assert_eq!(line(61, 61, 59), "each of 61 deployments had a backup, 59 a proven one");
    assert_eq!(line(61, 61, 61), "each of 61 deployments had a backup, a proven one");
    assert_eq!(line(61, 60, 2), "60 of 61 deployments had a backup, 2 a proven one");
    // The sample has one of each.
    let all = sample().deployments_line().unwrap();
    assert!(all.ends_with(" a proven one, without those of 2 disabled or unknown sponsors"), "{all}");
}
