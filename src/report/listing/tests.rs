use super::*;
use crate::report::sample::result;
use crate::report::summary::Subject;
use crate::verification::Outcome;

fn row(at: &str, problem: Option<&str>) -> ListedBackup {
    let known = problem.is_none();
    ListedBackup {
        sponsor: "callisto".to_owned(),
        environment: "production",
        location: "s3://b/backups/x.sql.gz".to_owned(),
        timestamp: at.parse().unwrap(),
        status: if known { "complete" } else { "damaged" }.to_owned(),
        partial: known.then_some(false),
        size_bytes: Some(13_421_773),
        sha256: known.then(|| "0123456789abcdef".repeat(4)),
        rows: known.then_some(41_234),
        age_seconds: 7_260,
        storage_class: Some("STANDARD".to_owned()),
        locked_until: known.then(|| "2033-11-20T12:00:00Z".parse().unwrap()),
        encrypted: false,
        why: known.then(|| "deployment".to_owned()),
        version: known.then(|| "v1.4.2".to_owned()),
        git_sha: None,
        actor: None,
        github_run_id: None,
        github_run_attempt: None,
        table: None,
        table_rows: None,
        is_identified: true,
        named: Vec::new(),
        problem: problem.map(str::to_owned),
        run: None,
        held: Some(false),
        hidden: Some(false),
        last_drill: None,
        unknown: BTreeMap::new(),
    }
}

fn list(rows: Vec<ListedBackup>) -> BackupList {
    BackupList {
        sponsor: "callisto".to_owned(),
        place: "s3://b/backups/".to_owned(),
        rows,
        watched: false,
        newest: None,
        with: None,
        of: None,
    }
}

fn json(all: &[BackupList]) -> String {
    json_lines(all).map(|line| line + "\n").collect()
}

#[test]
fn holds_and_drills_have_a_column_if_there_is_anything_to_show() {
    let plain = row("2026-11-20T12:00:00Z", None);
    let head = |row: &ListedBackup| list(vec![row.clone()]).lines()[0].clone();
    assert!(head(&plain).ends_with("LOCKED UNTIL"), "{}", head(&plain));
    let held = ListedBackup { held: Some(true), ..plain.clone() };
    assert!(head(&held).ends_with("LOCKED UNTIL  HELD"));
    let drilled = ListedBackup { last_drill: Some(plain.timestamp), ..plain.clone() };
    assert!(list(vec![drilled]).lines()[1].ends_with("2033-11-20    2026-11-20"));
    let mut unseen = ListedBackup { held: None, ..plain };
    unseen.is_unknown("held", "a right is missing");
    let list = BackupList { of: Some(7), ..list(vec![unseen]) };
    assert!(list.lines()[1].ends_with("  unknown"));
    assert!(list.title().starts_with("callisto: 1 backup, the newest of 7, "), "{}", list.title());
    let none = BackupList { rows: Vec::new(), ..list.clone() };
    assert!(none.title().starts_with("callisto: 0 backups, 7 older, "), "{}", none.title());
    assert!(json(&[list]).contains(r#""held":null"#));
}

#[test]
fn the_table_is_aligned_and_problems_come_last() {
    let unfinished = ListedBackup {
        status: "unfinished".to_owned(),
        partial: None,
        size_bytes: None,
        storage_class: None,
        ..row("2026-11-18T12:00:00Z", Some("it is unfinished: its upload was never completed"))
    };
    let rows = vec![
        row("2026-11-20T12:00:00Z", None),
        row("2026-11-19T12:00:00Z", Some("its manifest is gone")),
        unfinished,
    ];
    assert_eq!(list(rows.clone()).title(), "callisto: 2 backups, 25.6 MiB, in s3://b/backups/");
    assert_eq!(
        list(rows).lines(),
        [
            "BACKUP (UTC)     STATUS        AGE      SIZE    ROWS  WHY         VERSION  SHA-256       CLASS     LOCKED UNTIL",
            "20261120-120000  complete    2h 1m  12.8 MiB  41,234  deployment  v1.4.2   0123456789ab  STANDARD  2033-11-20",
            "20261119-120000  damaged     2h 1m  12.8 MiB       –  –           –        –             STANDARD  –             its manifest is gone",
            "20261118-120000  unfinished  2h 1m         –       –  –           –        –             –         –             it is unfinished: its upload was never completed",
        ]
    );
}

#[test]
fn a_watcher_counts_no_backups() {
    let mut watched = BackupList { watched: true, ..list(vec![row("2026-11-20T12:00:00Z", None)]) };
    assert_eq!(watched.title(), "callisto: newest backups, in s3://b/backups/");
    let (took, limit) = (Duration::from_secs(5), Some(Duration::from_secs(8 * 3600)));
    watched.newest = Some(Measured { took, limit });
    assert_eq!(watched.title(), "callisto: newest backup 5s old, limit 8h, in s3://b/backups/");
}

#[test]
fn no_backup_is_an_empty_array_and_no_table() {
    let none = list(Vec::new());
    assert_eq!(none.title(), "callisto: 0 backups, 0 B, in s3://b/backups/");
    assert_eq!((none.lines(), json(&[none])), (Vec::new(), "[]\n".to_owned()));
}

#[test]
fn a_list_of_many_thousands_fits_the_limit_and_counts_the_rest() {
    let title = Title { subject: Subject::List, environment: "production", about: "now", dry_run: false };
    let rows = vec![row("2026-11-20T12:00:00Z", None); 20_000];
    let lists = [list(rows.clone()), list(rows)];
    let text = summary(title, &[result("titan", Outcome::Failure)], &lists);
    assert!(text.len() < 1 << 20, "{} bytes", text.len());
    assert_eq!(text.matches("more. The log has them all.").count(), 2, "{}", &text[..500]);
    assert!(text.contains("### What failed"));
}
