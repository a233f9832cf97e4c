//! What runs on a schedule, where nobody watches: each line starts its own job, and what fails opens an issue.

use std::collections::BTreeSet;

use super::workflows::{DRILL, NIGHTLY, REUSABLE, jobs, our_steps};

#[test]
fn each_schedule_of_the_nightly_backup_starts_its_own_job() {
    let nightly = crate::yaml(NIGHTLY);
    let crons: BTreeSet<String> = nightly["on"]["schedule"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| format!("github.event.schedule == '{}'", entry["cron"].as_str().unwrap()))
        .collect();
    let guards: BTreeSet<String> =
        jobs(&nightly).map(|(_, job)| job["if"].as_str().unwrap().to_owned()).collect();
    assert_eq!(crons, guards);
    for (name, job) in jobs(&nightly) {
        let called = format!("./{}", REUSABLE.replace("docs/", ".github/"));
        assert_eq!(job["uses"], called, "{name}");
    }
}

/// Nobody watches a schedule; a step without this would fail unseen.
#[test]
fn whatever_fails_on_a_schedule_opens_an_issue() {
    for path in [REUSABLE, DRILL] {
        let workflow = crate::yaml(path);
        assert_eq!(our_steps(&workflow).len(), 2, "{path}");
        for step in our_steps(&workflow) {
            assert_eq!(step["with"]["issue-on-failure"], "${{ github.event_name == 'schedule' }}", "{path}");
            assert_eq!(step["with"]["github-token"], "${{ github.token }}", "{path}");
        }
        for (name, job) in jobs(&workflow) {
            assert_eq!(job["permissions"]["issues"], "write", "{path}: {name}");
        }
    }
}

#[test]
fn the_drill_is_weekly_has_limits_and_keeps_its_reports() {
    let drill = crate::yaml(DRILL);
    let cron = drill["on"]["schedule"][0]["cron"].as_str().unwrap();
    let [_, _, day, month, weekday] = cron.split(' ').collect::<Vec<_>>()[..] else { panic!("{cron}") };
    assert_eq!((day, month), ("*", "*"), "{cron}");
    assert!(weekday.parse::<u8>().is_ok_and(|weekday| weekday < 7), "{cron}");
    let steps = &drill["jobs"]["drill"]["steps"];
    let inputs = &steps[0]["with"];
    assert_eq!(inputs["command"], "drill");
    assert!(inputs["max-rpo"].is_string() && inputs["max-rto"].is_string(), "{inputs}");
    assert_eq!(steps[1]["with"]["path"], "drill-reports/");
}

/// Rights that a caller does not grant end a called workflow before it begins, and then nothing is told either.
#[test]
fn the_nightly_backup_grants_what_the_workflow_that_it_calls_asks_for() {
    let (reusable, nightly) = (crate::yaml(REUSABLE), crate::yaml(NIGHTLY));
    for (called, asks) in jobs(&reusable) {
        for (right, level) in asks["permissions"].as_object().unwrap() {
            for (name, job) in jobs(&nightly) {
                assert_eq!(&job["permissions"][right], level, "{name} lacks {right} for {called}");
            }
        }
    }
}
