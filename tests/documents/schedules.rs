//! What runs on a schedule, unwatched: no job depends on the text of a line, and what fails opens an issue.

use serde_json::json;

use super::workflows::{
    DEPLOY, DRILL, NIGHTLY, PRODUCTION, PRUNE, REGION_DRILL, REPORT, REUSABLE, VERIFY, WATCHER, jobs,
    our_steps, templates,
};

/// A condition that repeats a cron text is false as soon as one of the two changes: green, and no backup ever.
#[test]
fn a_cron_text_is_in_one_place() {
    let mut scheduled = Vec::new();
    for (path, workflow) in templates() {
        let text = crate::read(&path);
        assert!(!text.contains("github.event.schedule"), "{path}");
        let Some(schedule) = workflow["on"]["schedule"].as_array() else { continue };
        for line in schedule {
            let cron = line["cron"].as_str().unwrap();
            assert_eq!(text.matches(cron).count(), 1, "{path}: {cron}");
            let minute = cron.split(' ').next().unwrap().parse::<u32>().unwrap();
            assert_ne!(minute, 0, "{path}: GitHub is late at full hours");
        }
        assert_eq!(schedule.len(), 1, "{path}: two lines cannot be told apart without their texts");
        assert!(
            !workflow["on"]["workflow_dispatch"].is_null() || text.contains("workflow_dispatch:"),
            "{path}"
        );
        scheduled.push(path);
    }
    let mut expected = [DRILL, NIGHTLY, PRODUCTION, PRUNE, REGION_DRILL, REPORT, VERIFY, WATCHER];
    expected.sort_unstable();
    assert_eq!(scheduled, expected);
}

// serves: REQ-o00008/every-six-hours
#[test]
fn production_is_backed_up_every_six_hours() {
    let workflow = crate::yaml(PRODUCTION);
    assert_eq!(workflow["jobs"]["production"]["with"]["environment"], "production");
    let cron = workflow["on"]["schedule"][0]["cron"].as_str().unwrap();
    let [_, hours, day, month, weekday] = cron.split(' ').collect::<Vec<_>>()[..] else { panic!("{cron}") };
    assert_eq!([day, month, weekday], ["*"; 3], "{cron}");
    let hours: Vec<u8> = hours.split(',').map(|hour| hour.parse().unwrap()).collect();
    assert_eq!(hours, [0, 6, 12, 18].map(|later| hours[0] + later), "{cron}");
    assert!(hours[0] < 6, "{cron}");
}

// serves: REQ-o00008/every-six-hours
#[test]
fn a_scheduled_backup_always_calls_the_reusable_workflow() {
    for path in [NIGHTLY, PRODUCTION] {
        let workflow = crate::yaml(path);
        assert_eq!(jobs(&workflow).count(), 1, "{path}");
        for (name, job) in jobs(&workflow) {
            assert!(job["if"].is_null(), "{path}: {name}");
            assert_eq!(job["uses"], format!("./{}", REUSABLE.replace("docs/", ".github/")), "{path}: {name}");
            assert!(job["with"]["max-jobs"].is_string(), "{path}: {name}");
        }
    }
}

// serves: REQ-o00008/every-six-hours
/// A job that was cancelled while it waited, or never started, has neither failed nor succeeded. The last job looks at what
/// S3 holds, whatever became of those before it.
#[test]
fn the_last_job_of_a_backup_looks_for_backups_that_are_missing() {
    let workflow = crate::yaml(REUSABLE);
    let ages = &workflow["jobs"]["ages"];
    assert_eq!(ages["needs"], json!(["check", "matrix", "backup"]));
    let condition = ages["if"].as_str().unwrap();
    assert!(condition.starts_with("always() && "), "{condition}");
    assert!(!condition.contains("needs.backup") && !condition.contains("needs.matrix.result"), "{condition}");
    let inputs = &ages["steps"][0]["with"];
    assert_eq!((&inputs["command"], &inputs["sponsors"]), (&json!("list"), &json!("${{ inputs.sponsors }}")));
    assert!(inputs["max-backup-age"].is_string());
}

// serves: REQ-o00008/integrity-checks
/// Scheduled runs are unwatched: a step without this would fail unseen.
#[test]
fn whatever_fails_on_a_schedule_opens_an_issue() {
    for (path, steps) in [(REUSABLE, 3), (DRILL, 2), (REGION_DRILL, 2), (VERIFY, 2), (PRUNE, 4), (WATCHER, 1)]
    {
        let workflow = crate::yaml(path);
        assert_eq!(our_steps(&workflow).len(), steps, "{path}");
        for step in our_steps(&workflow) {
            let wanted = if path == WATCHER { "true" } else { "${{ github.event_name == 'schedule' }}" };
            assert_eq!(step["with"]["issue-on-failure"], wanted, "{path}");
            assert_eq!(step["with"]["github-token"], "${{ github.token }}", "{path}");
        }
        for (name, job) in jobs(&workflow).filter(|(name, _)| *name != "check") {
            assert_eq!(job["permissions"]["issues"], "write", "{path}: {name}");
        }
    }
    let ages = &crate::yaml(DEPLOY)["jobs"]["ages"];
    assert_eq!(ages["steps"][0]["with"]["issue-on-failure"], "true");
    assert_eq!(ages["permissions"]["issues"], "write");
}

// serves: REQ-o00008/integrity-checks
/// Daily the newest, on the first of a month all that can be read at once.
#[test]
fn the_monthly_verification_follows_from_the_date() {
    let verify = crate::yaml(VERIFY);
    let run = verify["jobs"]["check"]["steps"][1]["run"].as_str().unwrap();
    assert!(run.contains(r#"[ "$EVENT" = schedule ] && [ "$(date -u +%d)" = 01 ]"#), "{run}");
    let inputs = &verify["jobs"]["verify"]["steps"][0]["with"];
    for input in ["all", "skip-frozen"] {
        assert_eq!(inputs[input], "${{ needs.check.outputs.all }}");
    }
    let cron = verify["on"]["schedule"][0]["cron"].as_str().unwrap();
    assert!(cron.ends_with(" * * *"), "{cron}");
}

// serves: REQ-o00008/weekly-restores
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
