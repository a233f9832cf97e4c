//! Rows were deleted, or a whole table.

use super::{PAGE, assert_diary, assert_read_only, assert_writable};
use crate::support::{OnCall, Play, StrictS3, page, squeezed};

pub(super) const DELETION: Play = Play {
    page: PAGE,
    blocks: &[
        "Before you start 1",
        "Accidental deletion 1",
        "Accidental deletion 2",
        "Accidental deletion 4",
        "Accidental deletion 5",
        "Accidental deletion 6",
        "Accidental deletion 7",
    ],
    inline: &[],
};
pub(super) const DROPPED: Play = Play {
    page: PAGE,
    blocks: &["Before you start 1", "A dropped table 1", "A dropped table 2"],
    inline: &[],
};

const BACK_UP: &str =
    "sponsor-backup backup --environment production --sponsors callisto --pre-migration=false";
/// 20 visits with their 60 entries.
pub(super) const ACCIDENT: &str = "\
DELETE FROM diary.entries WHERE visit_id BETWEEN 101 AND 120; DELETE FROM diary.visits WHERE visit_id BETWEEN 101 AND 120";

// serves: REQ-o00008/disaster-drills
#[test]
fn deleted_rows_come_back_and_all_others_stay() {
    let store = StrictS3::start();
    let mut on_call = OnCall::at(&store, &DELETION);
    // Without the second line of the page, a schema cannot be created in the live database.
    on_call.run_changed("Before you start 1", &[], |block| {
        block.replace("GRANT diary_owner TO diary_restore;", "")
    });
    on_call.back_up_then("");
    let mut expected = on_call.diary();
    on_call.write_visits(3);
    let added = on_call.diary();
    on_call.app(ACCIDENT).unwrap();
    on_call.also(BACK_UP);
    on_call.app("UPDATE diary.visits SET note = 'corrected since' WHERE visit_id = 7").unwrap();
    on_call.write_visits(5);
    let now = on_call.diary();
    for (table, rows) in &mut expected {
        // What is there now stays, and of what was there then only the rows of the accident come back.
        let gone = rows.difference(&now[table]).filter(|row| !row.contains("\"visit 7"));
        *rows = gone.cloned().chain(now[table].iter().cloned()).collect();
        assert!(
            rows.is_superset(&now[table])
                && rows.len() == added[table].len() + 5 * usize::from(*table != "diary.patients")
        );
    }

    on_call.run("Accidental deletion 1");
    assert_read_only(&on_call);
    let mut pooled = on_call.session();
    let listed = on_call.run("Accidental deletion 2");
    let shown = page::block(PAGE, "Accidental deletion 3").text;
    assert!(squeezed(&listed).contains(&squeezed(shown.lines().next().unwrap())), "{listed}");
    for rows in [200, 183] {
        assert!(listed.contains(&format!(" {rows} ")), "{rows}: {listed}");
    }
    assert!(
        listed.contains("diary.entries") && listed.contains("-57"),
        "diff names the other table: {listed}"
    );
    let block = page::block(PAGE, "Accidental deletion 4").text;
    let refused = on_call.type_in(block.split("psql ").next().unwrap());
    assert_eq!(refused.failed[0].0, 16, "{refused:#?}");
    assert!(refused.printed.contains("CREATE SCHEMA recovered: permission denied"), "{refused:#?}");
    on_call.server().psql("postgres", "GRANT diary_owner TO diary_restore");

    let restored = on_call.run("Accidental deletion 4");
    assert!(restored.contains("equal: 2 tables, 800 rows"), "{restored}");
    assert!(squeezed(&restored).contains("entries --------- 60 (1 row)"), "{restored}");
    let brought = on_call.run("Accidental deletion 5");
    for inserted in ["INSERT 0 20\n", "INSERT 0 60\n"] {
        assert_eq!(brought.matches(inserted).count(), 1, "{brought}");
    }
    // Its transactions are read-only for as long as it lives.
    assert!(pooled.try_wait().unwrap().is_none());
    on_call.run("Accidental deletion 6");
    pooled.wait().unwrap();
    on_call.run("Accidental deletion 7");
    assert_diary(&on_call, &expected);
    assert_writable(&on_call);
    let schemas = "SELECT count(*) FROM pg_namespace WHERE nspname = 'recovered'";
    assert_eq!(on_call.server().psql("diary", schemas), "0");
    on_call.end("Accidental deletion, with the tool");
}

// serves: REQ-o00008/disaster-drills
#[test]
fn a_dropped_table_comes_back_with_its_references() {
    let store = StrictS3::start();
    let mut on_call = OnCall::at(&store, &DROPPED);
    on_call.run("Before you start 1");
    on_call.back_up_then("");
    let good = on_call.diary();
    let portrait = "SELECT conrelid::regclass, conname, convalidated, pg_get_constraintdef(oid) FROM pg_constraint \
                    WHERE connamespace = 'diary'::regnamespace ORDER BY conname";
    let constraints = on_call.server().psql("diary", portrait);
    on_call.app("DROP TABLE diary.visits CASCADE").unwrap();
    on_call.also(BACK_UP);

    let restored = on_call.run("A dropped table 1");
    assert!(restored.contains("equal: 1 table, 200 rows"), "{restored}");
    // The log has the statements of the next block.
    let next = page::block(PAGE, "A dropped table 2").text;
    let statements: Vec<&str> = next.split('\'').skip(1).step_by(2).skip(1).collect();
    assert_eq!(statements.len(), 2, "{next}");
    for statement in statements {
        assert!(restored.contains(&format!("run {statement}")), "{statement}: {restored}");
    }
    on_call.run("A dropped table 2");
    assert_diary(&on_call, &good);
    assert_eq!(on_call.server().psql("diary", portrait), constraints);
    assert_writable(&on_call);
    on_call.end("A dropped table, with the tool");
}
