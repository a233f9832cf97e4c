//! Families of PostgreSQL's features, all the way: backed up, verified, drilled, restored into a new database and over a
//! filled one. What came back is compared by the product and, apart from it, by the catalogue's own words.

use std::time::Duration;

use crate::support::{Cluster, Database, Family, Run, Sponsor, Trial};

/// One sponsor a family, on this server.
fn filled(cluster: &Cluster, families: &[Family]) -> Trial {
    let trial = Trial::plan(families.iter().map(|family| Sponsor::named(family.name).empty()))
        .cluster(cluster)
        .start();
    for family in families {
        family.load(trial.database(family.name));
    }
    trial
}

fn of_a_superuser(cluster: &Cluster) -> Database {
    let target = cluster.database("target");
    target.psql(&format!("ALTER ROLE \"{}\" SUPERUSER", target.user));
    target
}

fn restore(trial: &Trial, cluster: &Cluster, family: Family, target: &Database) -> Run {
    let run = trial.run().path(cluster.bin_dir()).input("command", "restore");
    run.input("sponsors", family.name).env("TARGET_DATABASE_URL", target.url())
}

#[track_caller]
fn assert_same(family: Family, source: &Database, target: &Database, with_rights: bool, way: &str) {
    let (expected, found) = (source.portrait(with_rights), target.portrait(with_rights));
    let lost: Vec<_> = expected.difference(&found).collect();
    let new: Vec<_> = found.difference(&expected).collect();
    assert!(lost.is_empty() && new.is_empty(), "{} {way}: lost {lost:#?}, new {new:#?}", family.name);
    assert!(expected.len() > 80, "{}: {}", family.name, expected.len());
}

/// Everything that happens to a backup, for all families at once.
fn every_family_comes_back(cluster: &Cluster, major: u32, with_rights: bool) {
    let families = Family::of_major(major);
    let trial = filled(cluster, &families);
    let before: Vec<_> = families.iter().map(|family| trial.database(family.name).portrait(true)).collect();
    let run = |command: &str| {
        trial.run().path(cluster.bin_dir()).input("command", command).deadline(Duration::from_secs(600))
    };
    run("backup").input("include-privileges", with_rights.to_string()).run().assert_code(0);
    run("verify").run().assert_code(0);
    let drill = run("drill").run();
    drill.assert_code(0);
    // Each family takes the place of the one before it.
    let used = of_a_superuser(cluster);
    for family in &families {
        assert_eq!(drill.drill_report(family.name)["verdict"], "equal", "{}", family.name);
        let source = trial.database(family.name);
        let new = of_a_superuser(cluster);
        let restored = restore(&trial, cluster, *family, &new).run();
        restored.assert_code(0);
        assert!(restored.visible().contains(": equal: "), "{}", restored.transcript());
        assert_same(*family, source, &new, with_rights, "in a new database");
        let confirmed = format!("{}/{}", family.name, used.name);
        let replace = restore(&trial, cluster, *family, &used).input("replace", "true");
        let replaced = replace.input("confirm", confirmed).run();
        replaced.assert_code(0);
        assert!(replaced.visible().contains(": equal: "), "{}", replaced.transcript());
        assert_same(*family, source, &used, with_rights, "over another");
    }
    for (family, before) in families.iter().zip(before) {
        assert_eq!(
            trial.database(family.name).portrait(true),
            before,
            "the source is as it was: {}",
            family.name
        );
    }
}

#[test]
fn every_family_comes_back_on_15() {
    every_family_comes_back(Cluster::shared(), 15, false);
}

// serves: 11.10(a)/accurate
#[test]
fn every_family_comes_back_with_its_rights_on_18() {
    every_family_comes_back(Cluster::of_major(18), 18, true);
}
