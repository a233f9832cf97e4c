//! A deployment wrote wrong values, and users went on writing.

use super::{PAGE, assert_diary, assert_read_only, assert_writable};
use crate::support::{Diary, OnCall, Play, StrictS3, squeezed};

pub(super) const CORRUPTION: Play = Play {
    page: PAGE,
    blocks: &[
        "Before you start 1",
        "Corruption 1",
        "Corruption 2",
        "Corruption 3",
        "Corruption 4",
        "Checks 1",
        "Checks 2",
        "Switch to the restored database 1",
        "Switch to the restored database 2",
        "Corruption 5",
    ],
    inline: &[],
};

const DEPLOY: &str = "\
sponsor-backup backup --environment production --sponsors callisto --version v2.4.0 --reason Release >backup.log
sponsor-backup record --environment production --sponsors callisto --version v2.4.0 --outcome success";

/// Every second visit is ten years later, and some entries have another severity.
const BAD_VALUES: &str = "\
UPDATE diary.visits SET visited_at = visited_at + interval '10 years' WHERE visit_id % 2 = 0;
UPDATE diary.entries SET severity = 0 WHERE entry_id < 100";

/// Writes bad values, after which users write on. Gives what the diary should be.
pub(super) fn corrupt(on_call: &OnCall) -> Diary {
    let good = on_call.diary();
    on_call.server().psql("diary", BAD_VALUES);
    let bad = on_call.diary();
    on_call.write_visits(25);
    let mut expected = on_call.diary();
    for (table, rows) in &mut expected {
        rows.retain(|row| !bad[table].contains(row));
        rows.extend(good[table].iter().cloned());
    }
    expected
}

// serves: REQ-o00008/disaster-drills
#[test]
fn corruption_is_undone_and_newer_rows_are_kept() {
    let store = StrictS3::start();
    let mut on_call = OnCall::at(&store, &CORRUPTION);
    on_call.run("Before you start 1");
    on_call.also(DEPLOY);
    let expected = corrupt(&on_call);
    assert_eq!(expected["diary.entries"].len(), 625);

    on_call.run("Corruption 1");
    assert_read_only(&on_call);
    let found = on_call.run("Corruption 2");
    assert!(found.contains("v2.4.0"), "{found}");
    let restored = on_call.run("Corruption 3");
    assert!(restored.contains("equal: 3 tables, 820 rows"), "{restored}");
    let newer = on_call.run("Corruption 4");
    assert_eq!(newer.matches("INSERT 0 25\n").count(), 2, "{newer}");
    on_call.save("Checks 1", "checks.sql");
    let checks = squeezed(&on_call.run("Checks 2"));
    assert_eq!(checks.matches("diary.visits | 225").count(), 2, "same counts: {checks}");
    on_call.run("Switch to the restored database 1");
    on_call.run("Switch to the restored database 2");
    assert_read_only(&on_call);
    let mut pooled = on_call.session();
    on_call.run("Corruption 5");
    pooled.wait().unwrap();
    assert_diary(&on_call, &expected);
    assert_writable(&on_call);
    on_call.end("Corruption, with the tool");
}
