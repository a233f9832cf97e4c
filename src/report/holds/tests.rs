use super::*;
use crate::reviewed;

fn row(status: HoldStatus, reason: &str, problem: Option<&str>) -> HeldBackup {
    HeldBackup {
        sponsor: "callisto".to_owned(),
        environment: "production",
        location: "s3://b/backups/2026/11/20/backup-prod-20261120-120000.sql.gz".to_owned(),
        timestamp: "2026-11-20T12:00:00Z".parse().unwrap(),
        held: status.is_held(),
        status,
        since: "2026-11-28T09:30:00Z".parse().unwrap(),
        by: (status != HoldStatus::Unknown).then(|| "mona".to_owned()),
        reason: reason.to_owned(),
        github_run_id: None,
        problem: problem.map(str::to_owned),
    }
}

fn list(rows: Vec<HeldBackup>) -> HoldList {
    HoldList { sponsor: "callisto".to_owned(), place: "s3://b/".to_owned(), rows }
}

fn json(all: &[HoldList]) -> String {
    json_lines(all).map(|line| line + "\n").collect()
}

#[test]
fn holds_read_as_reviewed() {
    let rows = vec![
        row(HoldStatus::Held, "audit 2026-17", None),
        row(HoldStatus::Partly, "a reason\nof two lines", Some("not under a hold: its manifest")),
        row(HoldStatus::Unknown, "audit", Some("S3 does not show holds without s3:GetObjectLegalHold")),
    ];
    let list = list(rows);
    let text = [vec![list.title()], list.lines(), list.problems().into_iter().collect()].concat().join("\n");
    reviewed::text("hold-list", &(text + "\n\n" + &json(&[list])));
}

#[test]
fn a_list_without_holds_is_an_empty_array() {
    let empty = list(Vec::new());
    assert_eq!(json(std::slice::from_ref(&empty)), "[]\n");
    assert_eq!(empty.title(), "callisto: 0 backups under a recorded hold, in s3://b/");
    assert!(empty.lines().is_empty());
}
