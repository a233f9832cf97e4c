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
        for words in ["diary.entries removed 600", "diary.visits fewer rows 200 50"] {
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
    // With a budget that one of them exceeds, that one is named.
    let above =
        on_call.type_in("sponsor-backup report --environment production --storage-budget 5KiB").printed;
    let named: Vec<&str> = above.lines().filter(|line| line.contains(" of a budget of 5.0 KiB")).collect();
    assert!(named.len() == 1 && named[0].starts_with("callisto: "), "{above}");
    let record = "sponsor-backup record --environment production --sponsors callisto --outcome success";
    on_call.also(&format!("{record} --version v2"));
    let backup = store.keys_in(OnCall::BACKUPS).into_iter().find(|key| key.ends_with(".sql.gz")).unwrap();
    on_call.also(&format!("{record} --version v3 --backup-location s3://{}/{backup}", OnCall::BACKUPS));
    let deployments = on_call.run_row("The report says that a deployment had no backup", "diary", &[]);
    let of = |version: &str| deployments.lines().find(|line| line.contains(version)).unwrap();
    assert!(squeezed(of("v2")).ends_with("success v2 – – –"), "{deployments}");
    assert!(of("v3").contains(" of 2"), "{deployments}");
    on_call.end("Costs and deployments");
}
