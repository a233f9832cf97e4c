//! The plan shows what the chosen backup lacks of the one before it, and whom the restored objects belong to.

use super::{empty, into, message, restore};
use crate::shelf::{Shelf, manifest, second};
use crate::support::{Cluster, Run, Sponsor, Trial};

fn callisto() -> Shelf {
    Shelf::of(Trial::of([Sponsor::named("callisto").diary(3, 30)]), "callisto")
}

#[test]
fn a_plan_names_the_tables_and_rows_that_a_backup_lacks() {
    let shelf = callisto();
    let database = shelf.trial.database("callisto");
    database.psql_as_owner("CREATE SCHEMA more; CREATE TABLE more.visits AS SELECT generate_series(1, 2000)");
    database.psql_as_owner("CREATE TABLE more.entries AS SELECT generate_series(1, 100)");
    let before = shelf.backup(&[]);
    // Of another scope, so that it is not compared.
    shelf.backup(&[("schemas", "more")]);
    database.psql_as_owner("DROP TABLE more.visits; DELETE FROM more.entries WHERE generate_series > 90");
    let after = shelf.backup(&[]);
    let target = empty();
    let plan = |backup: &str| {
        let run = restore(&shelf.trial, &target).input("backup", backup).input("dry-run", "true");
        let outcome = run.run();
        outcome.assert_code(0);
        outcome.visible().to_owned()
    };
    let shown = plan("latest");
    let earlier = second(&before);
    for line in [
        format!("backup before: {earlier}: this backup lacks some of its rows"),
        format!("lacks: more.visits (2,000 rows) is in {earlier} and not in this one"),
        format!("lacks: more.entries has 90 rows, and 100 in {earlier}"),
    ] {
        assert_eq!(shown.lines().filter(|shown| *shown == line).count(), 1, "{line}: {shown}");
    }
    let first = plan(&second(&before));
    assert!(first.contains("backup before: none") && !first.contains("lacks:"), "{first}");
    let same = shelf.copy(&after, "20990101-000000");
    let shown = plan(&second(&same));
    assert!(
        shown.contains(&format!("backup before: {}: no table and no rows are missing", second(&after))),
        "{shown}"
    );
    // A manifest that cannot be read ends no restore: the one before it is compared.
    shelf.put(&manifest(&after), "nonsense");
    let shown = plan(&second(&same));
    assert!(shown.contains(&format!("backup before: {earlier}: ")), "{shown}");
}

#[test]
fn a_plan_says_whom_the_objects_will_belong_to() {
    let shelf = callisto();
    let target = empty();
    let dry = |backup: &str| {
        let run = restore(&shelf.trial, &target).input("backup", backup).input("dry-run", "true");
        run.run().visible().to_owned()
    };
    let bare = shelf.backup(&[]);
    let full = shelf.backup(&[("include-privileges", "true")]);
    let told =
        format!("owners and grants: not in this backup: restored objects belong to the role {}", target.user);
    assert!(dry(&second(&bare)).contains(&told));
    let roles = shelf.manifest(&full)["restore"]["roles"].as_array().unwrap().clone();
    assert!(!roles.is_empty());
    let names: Vec<&str> = roles.iter().map(|role| role.as_str().unwrap()).collect();
    let told = format!(
        "owners and grants: in this backup: restored objects belong to the owners that it names, of the roles {}",
        names.join(", ")
    );
    let shown = dry(&second(&full));
    assert!(shown.contains(&told), "{shown}");
}

/// Nothing would be lost, but the application would find the backup there.
#[test]
fn an_empty_database_like_a_live_one_needs_confirmation() {
    let shelf = callisto();
    let key = shelf.backup(&[]);
    let target = Cluster::shared().database("target");
    let run = || -> Run { into(&shelf.trial, &target.url()).input("dry-run", "true") };
    run().run().assert_code(0);
    // The live database cannot be asked, and its newest backup is of this one, before a restart.
    let system = target.psql("SELECT system_identifier FROM pg_control_system()");
    shelf.edit(&key, |document| {
        document["source"]["system_identifier"] = system.into();
        document["source"]["database"] = target.name.clone().into();
        document["source"]["server_started_at"] = "2026-01-01T00:00:00Z".into();
    });
    let gone = shelf.trial.database("callisto").url() + "_gone";
    shelf.trial.secret("callisto", "DATABASE_URL", Some(&gone));
    let outcome = run().run();
    outcome.assert_code(16);
    let told = "its newest backup comes from a database with this identity";
    assert!(message(&outcome).contains(told), "{}", message(&outcome));
    run().input("confirm", format!("callisto/{}", target.name)).run().assert_code(0);
}
