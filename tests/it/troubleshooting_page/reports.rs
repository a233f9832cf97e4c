//! What changed between two backups, what they cost, and which deployment had none.

use super::{BACK_UP, PAGE};
use crate::support::{OnCall, Play, StrictS3, squeezed};

pub(super) const CHANGES: Play = Play {
    page: PAGE,
    blocks: &[],
    inline: &[
        "Rows or tables are gone",
        "The backup is suddenly small",
        "sponsor-backup diff",
        "sponsor-backup show",
        "list --with diary.visits",
    ],
};
pub(super) const MONEY: Play = Play {
    page: PAGE,
    blocks: &[],
    inline: &["The bucket costs too much", "The report says that a deployment had no backup"],
};

#[test]
fn rows_that_are_gone_are_named_with_their_table() {
    let store = StrictS3::start();
    let mut on_call = OnCall::at(&store, &CHANGES);
    on_call.also(BACK_UP);
    on_call
        .server()
        .psql("diary", "DROP TABLE diary.entries; DELETE FROM diary.visits WHERE visit_id <= 150");
    on_call.also(BACK_UP);
    for symptom in ["Rows or tables are gone", "The backup is suddenly small"] {
        let gone = squeezed(&on_call.run_row(symptom, "diary", &[]));
        for words in ["diary.entries", "diary.visits 200 50"] {
            assert!(gone.contains(words), "{words}: {gone}");
        }
    }
    assert!(on_call.run_inline("sponsor-backup diff", &[]).contains("diary.entries"));
    let shown = on_call.run_inline("sponsor-backup show", &[]);
    assert!(!shown.contains("diary.entries") && shown.contains("diary.visits"), "{shown}");
    let with = squeezed(&on_call.run_inline("list --with diary.visits", &[]));
    assert!(with.contains(" 200 ") && with.contains(" 50 "), "{with}");
    on_call.end("Rows are gone");
}

#[test]
fn costs_and_deployments_without_a_backup_are_named() {
    let store = StrictS3::start();
    let mut on_call = OnCall::at(&store, &MONEY);
    on_call.with_titan(&store);
    on_call.also(BACK_UP);
    on_call.also("sponsor-backup backup --environment production --sponsors titan --pre-migration=false");
    let report = on_call.run_row("The bucket costs too much", "diary", &[]);
    assert!(report.contains("callisto") && report.contains("titan"), "{report}");
    // With a budget that both exceed, both are named.
    let above = on_call.type_in("sponsor-backup report --environment production --storage-budget 1KiB");
    assert_eq!(above.failed[0].0, 17, "{above:#?}");
    assert_eq!(above.printed.matches("1.0 KiB").count() >= 2, true, "{above:#?}");
    on_call.also(
        "sponsor-backup record --environment production --sponsors callisto --version v2 --outcome success",
    );
    let history = on_call.run_row("The report says that a deployment had no backup", "diary", &[]);
    assert!(squeezed(&history).contains("v2"), "{history}");
    assert!(history.contains("no backup"), "{history}");
    on_call.end("Costs and deployments");
}
