use jiff::civil::date;

use super::{GoneOn, PlannedBackup, PrunePlan, Step, json_lines};

fn row(action: Step, at: &str, status: &'static str, reasons: &[&str]) -> PlannedBackup {
    PlannedBackup {
        sponsor: "callisto".to_owned(),
        environment: "staging",
        action,
        location: format!("s3://backups/staging/backups/{at}.sql.gz"),
        timestamp: at.parse().unwrap(),
        status,
        size_bytes: (status != "leftover").then_some(1_288_490_188),
        age_seconds: 90_000,
        reasons: reasons.iter().map(|reason| (*reason).to_owned()).collect(),
        gone_on: (action == Step::Remove).then(|| date(2026, 12, 30)),
    }
}

fn plan() -> PrunePlan {
    PrunePlan {
        sponsor: "callisto".to_owned(),
        place: "s3://backups/staging/backups/".to_owned(),
        rows: vec![
            row(Step::Keep, "2026-11-29T12:00:00Z", "complete", &["newest complete", "keep-daily 30"]),
            row(Step::Keep, "2026-11-28T12:00:00Z", "foreign", &["foreign"]),
            row(Step::Remove, "2026-09-28T12:00:00Z", "partial", &["no rule keeps it"]),
            row(Step::Remove, "2026-09-27T12:00:00Z", "leftover", &["older than 7d"]),
        ],
        gone: GoneOn::Day(date(2026, 12, 30)),
        floor: Some(3),
    }
}

fn json(all: &[PrunePlan]) -> String {
    json_lines(all).map(|line| line + "\n").collect()
}

#[test]
fn a_plan_is_a_table_that_ends_with_its_count() {
    crate::reviewed::text("prune-plan", &plan().lines().join("\n"));
}

#[test]
fn a_plan_says_when_the_bytes_go() {
    for (gone, words) in
        [(GoneOn::Now, "the bytes go at once, for good"), (GoneOn::Never, "the bytes go never: no rule")]
    {
        let lines = PrunePlan { gone, ..plan() }.lines();
        assert_eq!(lines[lines.len() - 2], words);
        assert_eq!(lines[lines.len() - 1], "keeps 2, removes 2 (1.2 GiB), min-keep 3");
    }
    let nothing = PrunePlan { rows: Vec::new(), ..plan() };
    assert_eq!(nothing.lines(), ["keeps 0, removes 0 (0 B), min-keep 3"]);
    let undo = PrunePlan { floor: None, ..plan() };
    assert_eq!(undo.lines().pop().unwrap(), "brings back 2 (1.2 GiB), leaves 2");
}

#[test]
fn a_plan_as_json_has_a_line_for_each_backup() {
    let text = json(&[plan()]);
    assert_eq!(text.lines().count(), 6);
    let rows: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
    assert_eq!((rows[0]["action"].as_str(), rows[2]["gone_on"].as_str()), (Some("keep"), Some("2026-12-30")));
    assert_eq!(json(&[]), "[]\n");
}
