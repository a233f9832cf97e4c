//! Restores, drills and locks, seen from the database.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::{BACK_UP, PAGE};
use crate::support::{OnCall, Play, StrictS3, squeezed, tools};

pub(super) const TARGET: Play = Play {
    page: PAGE,
    blocks: &[],
    inline: &["Restore too slow", "A restore seems to hang", "The application cannot read what was restored"],
};
pub(super) const LOCKS: Play = Play {
    page: PAGE,
    blocks: &[],
    inline: &["The backup is slow, or waits", "SELECT * FROM pg_locks WHERE NOT granted"],
};
pub(super) const DRILL: Play = Play {
    page: PAGE,
    blocks: &[],
    inline: &["The drill differs", "The disk is full in a drill", "prune --local"],
};

const ADMIN: &str = "psql -Xq postgresql://postgres@db.example.org:5432";

#[test]
fn a_restore_is_watched_and_its_owner_is_shown() {
    let store = StrictS3::start();
    let mut on_call = OnCall::at(&store, &TARGET);
    on_call.also(BACK_UP);
    let shown = squeezed(&on_call.run_row("Restore too slow", "diary", &[]));
    assert!(shown.contains("size:") && shown.contains("diary.entries 600"), "{shown}");
    on_call.also(&format!(
        "{ADMIN}/postgres -c \"CREATE ROLE diary_restore LOGIN CREATEDB PASSWORD 'a-long-random-one'\"\n\
         TARGET_DATABASE_URL=postgresql://diary_restore:password@db.example.org:5432/restored \
         sponsor-backup restore --environment production --sponsors callisto"
    ));
    let owners = on_call.run_row("The application cannot read what was restored", "restored", &[]);
    assert_eq!(squeezed(&owners).matches("| diary_restore").count(), 3, "{owners}");

    // A load that is under way: its rows so far are counted.
    let mut psql = Command::new(on_call.server().bin_dir().join("psql"));
    let url =
        format!("postgresql://postgres:a-long-random-one@127.0.0.1:{}/restored", on_call.server().port());
    let copy = "COPY diary.patients FROM STDIN";
    let mut psql = psql.args([&url, "-Xqc", copy]).stdin(Stdio::piped()).spawn().unwrap();
    let mut rows = psql.stdin.take().unwrap();
    // More than one buffer of psql and of the server.
    let many: String = (1000..9000).map(|id| format!("{id}\tpatient {id}\n")).collect();
    rows.write_all(many.as_bytes()).unwrap();
    rows.flush().unwrap();
    let counted = "SELECT count(*) FROM pg_stat_progress_copy WHERE tuples_processed > 0";
    tools::wait_for("a load that is under way", Duration::from_secs(60), || {
        (on_call.server().psql("restored", counted) == "1").then_some(())
    });
    let progress = squeezed(&on_call.run_row("A restore seems to hang", "restored", &[]));
    assert!(progress.contains("diary.patients |") && progress.contains("(1 row)"), "{progress}");
    drop(rows);
    assert!(psql.wait().unwrap().success());
    on_call.end("A restore");
}

#[test]
fn a_backup_that_waits_shows_who_holds_the_lock() {
    let store = StrictS3::start();
    let mut on_call = OnCall::at(&store, &LOCKS);
    // A migration that was not committed.
    let mut psql = Command::new(on_call.server().bin_dir().join("psql"));
    let url = format!("postgresql://postgres:a-long-random-one@127.0.0.1:{}/diary", on_call.server().port());
    let mut psql = psql.args([&url, "-Xq"]).stdin(Stdio::piped()).spawn().unwrap();
    let mut migration = psql.stdin.take().unwrap();
    writeln!(migration, "BEGIN; LOCK TABLE diary.visits;").unwrap();
    on_call.also(&format!("{BACK_UP} --lock-wait-timeout 5m >backup.log 2>&1 & backup=$!"));
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'sponsor-backup' AND wait_event_type = 'Lock'";
    tools::wait_for("a dump that waits for a lock", Duration::from_secs(60), || {
        (on_call.server().psql("diary", waits) == "1").then_some(())
    });
    let activity = on_call.run_row("The backup is slow, or waits", "diary", &[]);
    let holder = activity.lines().find(|line| line.contains("LOCK TABLE diary.visits"));
    assert!(holder.is_some_and(|line| line.contains("idle in transaction")), "{activity}");
    assert!(activity.contains("LOCK TABLE diary.entries") || activity.contains("ACCESS SHARE"), "{activity}");
    let locks = on_call.run_inline_changed("SELECT * FROM pg_locks WHERE NOT granted", |sql| {
        format!("{ADMIN}/diary -c '{sql}'")
    });
    assert!(squeezed(&locks).contains("AccessShareLock | f"), "{locks}");
    drop(migration);
    assert!(psql.wait().unwrap().success());
    on_call.also("wait $backup");
    on_call.end("A backup that waits");
}

#[test]
fn a_drill_that_differs_is_in_the_history() {
    let store = StrictS3::start();
    let mut on_call = OnCall::at(&store, &DRILL);
    on_call.also(BACK_UP);
    on_call.server().psql("diary", "DELETE FROM diary.entries WHERE entry_id > 500");
    on_call.also(BACK_UP);
    on_call.also("echo 'SELECT count(*) = 600 FROM diary.entries;' >checks.sql");
    let drill = "sponsor-backup drill --environment production --sponsors callisto --drill-checks checks.sql";
    let differs = on_call.type_in(drill);
    assert_eq!(differs.failed[0].0, 17, "{differs:#?}");
    let history = on_call.run_row("The drill differs", "diary", &[]);
    assert!(squeezed(&history).contains("drill"), "{history}");
    assert!(history.contains("failed") || history.contains("failure"), "{history}");
    on_call.also(&format!("{drill} --backup latest~1"));
    let disk = on_call.run_row("The disk is full in a drill", "diary", &[]);
    assert!(disk.contains("Mounted on"), "{disk}");
    let local = on_call.run_inline("prune --local", &[]);
    assert!(local.contains("leftover"), "{local}");
    on_call.end("A drill that differs");
}
