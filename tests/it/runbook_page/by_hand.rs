//! The same disasters with standard programs only: this tool, Doppler and GitHub are not available.

use super::corruption::corrupt;
use super::deletion::ACCIDENT;
use super::loss::{REPLICA, replicate};
use super::{PAGE, assert_diary, assert_read_only, assert_writable};
use crate::support::{OnCall, Play, StrictS3};

const README: &str = include_str!("../../../README.md");
const FIND: &str = "Standard programs only 1";
const SERVER: &str = "Standard programs only 2";
const OWNER: &str = "Standard programs only 3";
const ROWS: &str = "Standard programs only 4";
const SEQUENCE: &str = "Standard programs only 5";
const BACKUP: &str = "Standard programs only 6";

pub(super) const CORRUPTION: Play = Play {
    page: PAGE,
    blocks: &[
        "Before you start 1",
        "Accidental deletion 1",
        BACKUP,
        FIND,
        SERVER,
        "Switch to the restored database 1",
        ROWS,
        SEQUENCE,
        "Accidental deletion 6",
    ],
    inline: &[],
};
pub(super) const DELETION: Play = Play {
    page: PAGE,
    blocks: &["Before you start 1", "Accidental deletion 1", FIND, SERVER, ROWS, "Accidental deletion 6"],
    inline: &[],
};
pub(super) const DATABASE: Play =
    Play { page: PAGE, blocks: &["Loss of the database 1", FIND, SERVER, OWNER], inline: &[] };
pub(super) const REGION: Play =
    Play { page: PAGE, blocks: &["Loss of the database 1", FIND, SERVER, OWNER], inline: &[] };

/// On call after a backup at the page's time, and without what is not a standard program.
fn on_call(store: &StrictS3, play: &'static Play) -> OnCall {
    let mut on_call = OnCall::at(store, play);
    on_call.back_up_then("");
    on_call.lose_programs(&["sponsor-backup", "doppler", "gh"]);
    on_call
}

/// sha256sum has found the file as it was.
#[track_caller]
fn assert_checked(on_call: &OnCall, printed: &str) {
    let line = on_call.as_played("2026/11/20/backup-prod-20261120-120000.sql.gz: OK");
    assert!(printed.contains(line.rsplit('/').next().unwrap()), "{line}: {printed}");
}

#[track_caller]
fn assert_found(on_call: &OnCall, found: &str) {
    assert_checked(on_call, found);
    for table in ["diary.patients 20", "diary.visits 200", "diary.entries 600"] {
        assert!(found.contains(table), "{table}: {found}");
    }
}

/// The block of a table for the other one.
fn of_entries(block: String) -> String {
    let changed = block
        .replace("table=visits", "table=entries")
        .replace("diary.visits", "diary.entries")
        .replace("visit_id", "entry_id");
    assert_ne!(changed, block);
    changed
}

// serves: REQ-o00008/disaster-drills
#[test]
fn corruption_is_undone_by_hand() {
    let store = StrictS3::start();
    let mut on_call = on_call(&store, &CORRUPTION);
    let good = on_call.diary();
    let expected = corrupt(&on_call);

    on_call.run("Before you start 1");
    on_call.run("Accidental deletion 1");
    assert_read_only(&on_call);
    let backup = on_call.run(BACKUP);
    assert!(backup.contains("PostgreSQL database dump complete"), "{backup}");
    assert_eq!(store.keys_in(OnCall::BACKUPS).len(), 3 + 2);
    let found = on_call.run(FIND);
    assert_found(&on_call, &found);
    on_call.run(SERVER);
    on_call.run_of(README, "Without this tool 2");
    let restored = |block: String| block.replace("diary_restored", "restored");
    on_call.run_changed("Switch to the restored database 1", &[], restored);
    assert_diary(&on_call, &good);
    on_call.also("file=backup-prod-$stamp.sql.gz");
    for rows in [on_call.run(ROWS), on_call.run_changed(ROWS, &[], of_entries)] {
        assert!(rows.contains("INSERT 0 25\n"), "{rows}");
    }
    on_call.run(SEQUENCE);
    on_call.run_changed(SEQUENCE, &[], of_entries);
    on_call.run("Accidental deletion 6");
    assert_diary(&on_call, &expected);
    assert_writable(&on_call);
    on_call.end("Corruption, by hand");
}

// serves: REQ-o00008/disaster-drills
#[test]
fn deleted_rows_come_back_by_hand() {
    let store = StrictS3::start();
    let mut on_call = on_call(&store, &DELETION);
    let mut expected = on_call.diary();
    on_call.app(ACCIDENT).unwrap();
    let accident = on_call.diary();
    on_call.write_visits(5);
    for (table, rows) in on_call.diary() {
        let new = rows.difference(&accident[table]).cloned();
        expected.get_mut(table).unwrap().extend(new);
    }

    on_call.run("Before you start 1");
    on_call.run("Accidental deletion 1");
    assert_read_only(&on_call);
    let found = on_call.run(FIND);
    assert_found(&on_call, &found);
    on_call.run(SERVER);
    let visits = on_call.run(ROWS);
    assert!(visits.contains("INSERT 0 20\n"), "{visits}");
    let entries = on_call.run_changed(ROWS, &[], of_entries);
    assert!(entries.contains("INSERT 0 60\n"), "{entries}");
    on_call.run("Accidental deletion 6");
    assert_diary(&on_call, &expected);
    assert_writable(&on_call);
    on_call.end("Accidental deletion, by hand");
}

// serves: REQ-o00008/disaster-drills
#[test]
fn a_lost_database_comes_back_by_hand() {
    let store = StrictS3::start();
    let mut on_call = on_call(&store, &DATABASE);
    let good = on_call.diary();
    on_call.write_visits(4);
    on_call.lose_the_server();

    on_call.run("Loss of the database 1");
    let found = on_call.run(FIND);
    assert_found(&on_call, &found);
    let downloaded = on_call.run_of(README, "Without this tool 1");
    assert_checked(&on_call, &downloaded);
    on_call.run(SERVER);
    on_call.run_of(README, "Without this tool 2");
    on_call.run(OWNER);
    assert_diary(&on_call, &good);
    assert_writable(&on_call);
    on_call.end("Loss of the database, by hand");
}

// serves: REQ-o00008/disaster-drills
#[test]
fn a_lost_region_comes_back_by_hand() {
    let store = StrictS3::start();
    let replica = store.elsewhere();
    let mut on_call = on_call(&store, &REGION);
    let good = on_call.diary();
    replicate(&store, &replica);
    on_call.write_visits(4);
    on_call.lose_the_server();
    drop(store);
    on_call.also(&format!("export AWS_ENDPOINT_URL={} AWS_DEFAULT_REGION=eu-central-1", replica.endpoint()));

    on_call.run("Loss of the database 1");
    let found = on_call.run_changed(FIND, &[], |block| block.replace(OnCall::BACKUPS, REPLICA));
    assert_found(&on_call, &found);
    on_call.run(SERVER);
    on_call.run_of(README, "Without this tool 2");
    on_call.run(OWNER);
    assert_diary(&on_call, &good);
    assert_writable(&on_call);
    on_call.end("Loss of the region, by hand");
}
