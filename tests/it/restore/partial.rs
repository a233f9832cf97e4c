//! A backup that left something out never replaces what holds all, unless that is meant; and never more than it holds.

use super::{all_of, confirmed, empty, message, place, restore};
use crate::support::{Database, Run, Sponsor, Trial};

/// A backup made with an input that leaves something out, of a database like the second value.
fn partial(sql: &str, input: (&str, &str)) -> (Trial, Database) {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    trial.database("callisto").psql_as_owner(sql);
    trial.run().input(input.0, input.1).run().assert_code(0);
    let target = empty();
    target.psql_as_owner(sql);
    (trial, target)
}

fn replacing(trial: &Trial, target: &Database) -> Run {
    restore(trial, target).input("replace", "true").input("confirm", confirmed(target))
}

#[test]
fn rows_that_were_left_out_are_named_and_lost_only_on_request() {
    let sql = "CREATE TABLE visits (id int); INSERT INTO visits VALUES (1);
        CREATE TABLE audit_log (id int); INSERT INTO audit_log SELECT generate_series(1, 500);
        CREATE TABLE audit_empty (id int)";
    let (trial, target) = partial(sql, ("exclude-table-data", "public.AUDIT_*"));
    let before = all_of(&target);
    for dry in ["false", "true"] {
        let outcome = replacing(&trial, &target).input("dry-run", dry).run();
        outcome.assert_code(16);
        let told = format!(
            "the backup is partial (rows excluded by request: public.AUDIT_*) and would replace {}, \
             losing the rows of public.audit_log",
            place(&target)
        );
        assert_eq!(message(&outcome), told);
        assert!(outcome.visible().contains("`allow-partial`"), "{}", outcome.transcript());
        assert_eq!(all_of(&target), before);
    }
    let outcome = replacing(&trial, &target).input("allow-partial", "true").run();
    outcome.assert_code(0);
    assert!(outcome.stdout.contains("rows that would be lost"), "{}", outcome.transcript());
    assert_eq!(target.row_counts()["public.audit_log"], 0);
    // An empty database loses nothing.
    restore(&trial, &empty()).run().assert_code(0);
}

/// A partition goes with its table without a word, and so does a publication's table: all of it is taken back.
#[test]
fn what_the_backup_does_not_hold_is_never_dropped() {
    let sql = "CREATE SCHEMA diary; CREATE SCHEMA old;
        CREATE TABLE diary.visits (at date) PARTITION BY RANGE (at);
        CREATE TABLE diary.visits_2026 PARTITION OF diary.visits FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
        INSERT INTO diary.visits VALUES ('2026-05-05')";
    let (trial, target) = partial(sql, ("schemas", "diary"));
    let replace = || replacing(&trial, &target).input("allow-partial", "true").run();
    replace().assert_code(0);
    target.psql_as_owner(
        "CREATE TABLE old.visits_2025 PARTITION OF diary.visits FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
         INSERT INTO diary.visits VALUES ('2025-05-05')",
    );
    let before = all_of(&target);
    let outcome = replace();
    outcome.assert_code(16);
    assert_eq!(outcome.result("callisto")["target"], "unchanged");
    assert_eq!(all_of(&target), before);
    target.psql_as_owner("DROP TABLE old.visits_2025");
    target.psql("CREATE PUBLICATION news FOR TABLE diary.visits");
    let before = all_of(&target);
    replace().assert_code(16);
    assert_eq!(all_of(&target), before);
}
