//! A manual backup, a restore into a new database, the checks and the switch.

use super::{PAGE, assert_diary, assert_writable};
use crate::support::{OnCall, Play, StrictS3, squeezed};

pub(super) const SWITCH: Play = Play {
    page: PAGE,
    blocks: &[
        "Before you start 1",
        "Manual backup 1",
        "Restore 1",
        "Checks 1",
        "Checks 2",
        "Switch to the restored database 1",
        "Switch to the restored database 2",
    ],
    inline: &["sponsor-backup history", "sponsor-backup show"],
};

#[test]
fn a_restored_database_is_checked_and_takes_the_name() {
    let store = StrictS3::start();
    let mut on_call = OnCall::at(&store, &SWITCH);
    on_call.back_up_then("");
    let good = on_call.diary();
    on_call.write_visits(3);
    on_call.run("Before you start 1");
    assert!(on_call.run("Manual backup 1").contains("callisto: backed up"));
    let restored = on_call.run("Restore 1");
    assert!(restored.contains("equal: 3 tables, 820 rows"), "{restored}");
    on_call.save("Checks 1", "checks.sql");
    let checks = squeezed(&on_call.run("Checks 2"));
    // Of both databases: no foreign key without validation, no invalid index, no orphan.
    assert_eq!(checks.matches("(0 rows)").count(), 4, "{checks}");
    assert_eq!(checks.matches("orphans --------- 0 (1 row)").count(), 2, "{checks}");
    for rows in ["diary.visits | 200", "diary.visits | 203"] {
        assert!(checks.contains(rows), "{rows}: {checks}");
    }
    on_call.run("Switch to the restored database 1");
    assert_diary(&on_call, &good);
    assert_writable(&on_call);
    let owners = "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'diary'";
    assert_eq!(on_call.server().psql("diary", owners), "diary_owner");
    let scheduled = on_call
        .type_in("sponsor-backup backup --environment production --sponsors callisto --pre-migration=false");
    assert_eq!(scheduled.failed[0].0, 12, "{scheduled:#?}");
    assert!(
        scheduled.printed.contains("After a restore, a move, or an upgrade, run once with"),
        "{scheduled:#?}"
    );
    let accepted = on_call.run("Switch to the restored database 2");
    assert!(accepted.contains("new source database, as accepted"), "{accepted}");
    let damaged = on_call.server().psql("diary_damaged", "SELECT count(*) FROM diary.visits");
    assert_eq!(damaged, "203", "the way back");
    let history = on_call.run_inline("sponsor-backup history", &[]);
    assert!(history.contains("restore"), "{history}");
    let shown = on_call.run_inline("sponsor-backup show", &[]);
    assert!(shown.contains("diary.visits"), "{shown}");
    on_call.end("Restore and switch");
}
