//! Weekly, monthly, quarterly.

use super::{BACK_UP, BACK_UP_TITAN, PAGE, PROTECTED};
use crate::support::{CORE_PROJECT, Moto, OnCall, Play, StrictS3, project_of, squeezed};

pub(super) const DATES: Play = Play {
    page: PAGE,
    blocks: &["Weekly 1", "Monthly 1", "Quarterly 1", "Quarterly 2", "Quarterly 3", "Quarterly 4"],
    inline: &[],
};

#[test]
fn the_commands_of_each_date_find_a_sound_system_sound() {
    let store = Moto::start();
    let mut on_call = OnCall::at(&store, &DATES);
    on_call.also(PROTECTED);
    on_call.with_titan(&store);
    on_call.also(BACK_UP);
    on_call.also(BACK_UP_TITAN);
    on_call.also("sponsor-backup drill --environment production --sponsors callisto,titan");

    let weekly = squeezed(&on_call.run("Weekly 1"));
    for sponsor in ["callisto", "titan"] {
        assert!(weekly.contains(sponsor), "{sponsor}: {weekly}");
    }
    assert!(!weekly.contains("orphan"), "{weekly}");
    let monthly = on_call.run("Monthly 1");
    for line in ["callisto\t1\t1\t1\n", "titan\t1\t1\t1\n"] {
        assert!(monthly.contains(line), "{line}: {monthly}");
    }
    assert!(monthly.contains("1 of 1"), "{monthly}");
    let quarterly = on_call.run("Quarterly 1");
    assert!(quarterly.contains("complete"), "{quarterly}");
    let [core, callisto] = [CORE_PROJECT.to_owned(), project_of("callisto")].map(|project| {
        let secrets = on_call.doppler.secrets(&project, "production");
        on_call.doppler.config(&project, "staging", secrets)
    });
    let pruned =
        on_call.type_in(&format!("export DOPPLER_TOKEN_CORE={core} DOPPLER_TOKEN_CALLISTO={callisto}"));
    assert!(pruned.failed.is_empty());
    on_call.run("Quarterly 2");
    let [core, callisto] = [CORE_PROJECT.to_owned(), project_of("callisto")]
        .map(|project| on_call.doppler.config(&project, "production", [("UNUSED", "1")]));
    on_call.also(&format!("export DOPPLER_TOKEN_CORE={core} DOPPLER_TOKEN_CALLISTO={callisto}"));
    let cost = on_call.run("Quarterly 3");
    assert!(cost.contains("Total Objects: 3"), "{cost}");
    let checked = on_call.run("Quarterly 4");
    assert!(squeezed(&checked).contains("ok write-probe"), "{checked}");
    on_call.end("Weekly, monthly, quarterly");
}

/// What the weekly commands are for: each shows its fault.
#[test]
fn the_weekly_commands_find_what_is_old_or_has_no_record() {
    let store = StrictS3::start();
    const WEEKLY: Play = Play { page: PAGE, blocks: &["Weekly 1"], inline: &[] };
    let mut on_call = OnCall::at(&store, &WEEKLY);
    on_call.back_up_then("");
    // A dump by another program, in the same folder.
    on_call.also(
        "then=$(date -u -d '1 hour ago' +%Y/%m/%d/backup-prod-%Y%m%d-%H%M%S.sql.gz)\n\
         echo x | aws s3 cp --quiet - s3://hht-diary-backups-callisto-eu-west-1/backups/$then",
    );
    let expected =
        [(20, "sponsor-backup report"), (12, "sponsor-backup history"), (20, "sponsor-backup history")];
    let weekly = on_call.run_failing("Weekly 1", &expected);
    assert!(squeezed(&weekly).contains("titan unknown"), "titan has no token here: {weekly}");
    for words in ["the newest backup is 10d", "no drill has passed", "orphan s3://"] {
        assert!(weekly.contains(words), "{words}: {weekly}");
    }
    on_call.end("Weekly, with faults");
}
