//! `jobs`: a restore over several connections is as whole as one over one, or leaves nothing.

use std::time::Duration;

use super::{dump_key, empty, message, place, restore, spoil_the_second, with_a_backup};
use crate::support::{Action, Cluster, Database, Disk, Proxy, Sponsor, Trial, tools};

const DEADLINE: Duration = Duration::from_secs(120);

/// A database that does not exist, of a role that may create it.
fn absent() -> Database {
    let role = empty();
    role.psql(&format!("ALTER ROLE \"{}\" CREATEDB", role.user));
    Database { name: format!("{}_new", role.name), ..role }
}

/// A table of several pieces, with indexes and foreign keys, backed up.
fn large() -> Trial {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    trial.database("callisto").psql_as_owner(
        "CREATE TABLE sites (id int PRIMARY KEY, name text);
         INSERT INTO sites SELECT n, 'site ' || n FROM generate_series(1, 100) n;
         CREATE TABLE visits (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, site int REFERENCES sites, note text);
         INSERT INTO visits (site, note) SELECT 1 + n % 100, repeat(md5(n::text), 7) FROM generate_series(1, 150000) n;
         CREATE INDEX visits_by_site ON visits (site); CREATE INDEX visits_by_note ON visits (left(note, 8));
         CREATE MATERIALIZED VIEW per_site AS SELECT site, count(*) FROM visits GROUP BY site",
    );
    trial.run().run().assert_code(0);
    trial
}

/// Neither the target nor a database under a name of ours is left.
#[track_caller]
fn assert_nothing_left(target: &Database) {
    let sql = format!(
        "SELECT count(*) FROM pg_database d JOIN pg_roles r ON r.oid = d.datdba
         WHERE d.datname = '{}' OR (r.rolname = '{}' AND d.datname ~ '^sponsor_backup_')",
        target.name, target.user
    );
    assert_eq!(Cluster::shared().psql("postgres", &sql), "0");
}

#[test]
fn a_large_table_comes_over_several_connections() {
    let trial = large();
    let source = trial.database("callisto");
    for jobs in ["2", "5"] {
        let target = absent();
        let outcome = restore(&trial, &target).input("jobs", jobs).run();
        outcome.assert_code(0);
        assert!(message(&outcome).contains("equal"), "{}", message(&outcome));
        assert_eq!(target.content_digest(), source.content_digest());
        let refreshed = target.psql("SELECT count(*) FROM per_site");
        assert_eq!(refreshed, "100");
    }
}

#[test]
fn a_backup_without_an_index_is_read_twice() {
    let trial = large();
    let (bucket, key) = (trial.bucket("callisto"), dump_key(&trial, "callisto"));
    let beside = format!("{key}.manifest.json");
    let mut manifest: serde_json::Value = serde_json::from_slice(&trial.store.get(bucket, &beside)).unwrap();
    let pieces = manifest.as_object_mut().unwrap().remove("pieces").unwrap();
    assert!(pieces.as_array().unwrap().len() > 4, "{pieces}");
    trial.store.put(bucket, &beside, manifest.to_string());
    let (target, proxy) = (absent(), Proxy::before(trial.store.endpoint()));
    let run = restore(&trial, &target).input("jobs", "3").input("s3-endpoint-url", proxy.endpoint());
    run.run().assert_code(0);
    assert_eq!(super::fetches(&proxy), 2);
    assert_eq!(target.content_digest(), trial.database("callisto").content_digest());
}

/// The flipped byte is in rows that come late: rows before it were loaded, and are gone.
#[test]
fn a_flipped_byte_of_a_piece_leaves_nothing() {
    let trial = large();
    let (bucket, key) = (trial.bucket("callisto"), dump_key(&trial, "callisto"));
    let mut dump = trial.store.get(bucket, &key);
    let beside = trial.store.get(bucket, &format!("{key}.manifest.json"));
    let manifest: serde_json::Value = serde_json::from_slice(&beside).unwrap();
    let pieces = manifest["pieces"].as_array().unwrap();
    let last = pieces.iter().rfind(|piece| piece["name"] == "visits").unwrap();
    let at = usize::try_from(last["offset"].as_u64().unwrap() + last["bytes"].as_u64().unwrap() / 2).unwrap();
    dump[at] ^= 1;
    // The first reading verifies the backup, the second one loads it.
    let (target, proxy) = (absent(), Proxy::before(trial.store.endpoint()));
    spoil_the_second(&proxy, Action::ReplaceBody(dump.clone()));
    let run = restore(&trial, &target).input("jobs", "2");
    let outcome = run.input("s3-endpoint-url", proxy.endpoint()).run();
    outcome.assert_code(17);
    let told = message(&outcome);
    assert!(told.contains("(rows of public.visits) do not match its manifest"), "{told}");
    assert_nothing_left(&target);
    trial.store.put(bucket, &key, dump);
    restore(&trial, &target).input("jobs", "2").run().assert_code(17);
    assert_nothing_left(&target);
}

#[test]
fn a_connection_that_is_killed_leaves_nothing() {
    let trial = large();
    let target = absent();
    let running = restore(&trial, &target).input("jobs", "2").deadline(DEADLINE).start();
    let kill = format!(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
         WHERE usename = '{}' AND query LIKE 'COPY public.visits%'",
        target.user
    );
    tools::wait_for("rows on their way", DEADLINE, || {
        (Cluster::shared().psql("postgres", &kill) != "0").then_some(())
    });
    let outcome = running.wait();
    outcome.assert_code(16);
    assert!(outcome.stdout.contains(&format!("nothing in {} was changed", place(&target))));
    assert_nothing_left(&target);
}

#[test]
fn a_signal_while_rows_come_leaves_nothing() {
    let trial = large();
    for (signal, code) in [("TERM", 143), ("INT", 130)] {
        let target = absent();
        let running = restore(&trial, &target).input("jobs", "2").deadline(DEADLINE).start();
        let copies = format!(
            "SELECT count(*) FROM pg_stat_activity WHERE usename = '{}' AND query LIKE 'COPY public.visits%'",
            target.user
        );
        tools::wait_for("rows on their way", DEADLINE, || {
            (Cluster::shared().psql("postgres", &copies) != "0").then_some(())
        });
        running.signal(signal);
        running.wait().assert_code(code);
        assert_nothing_left(&target);
    }
}

/// A run that is killed cannot drop its database. The next one names it.
#[test]
fn the_next_restore_names_the_database_that_a_killed_one_left() {
    let (trial, target) = (large(), absent());
    let running = restore(&trial, &target).input("jobs", "2").deadline(DEADLINE).start();
    let owned = format!(
        "SELECT datname FROM pg_database WHERE pg_get_userbyid(datdba) = '{}' AND datname LIKE 'sponsor\\_backup\\_restore\\_%'",
        target.user
    );
    let left = tools::wait_for("a database without its name", DEADLINE, || {
        Some(Cluster::shared().psql("postgres", &owned)).filter(|name| !name.is_empty())
    });
    running.signal("KILL");
    running.wait();
    let outcome = restore(&trial, &target).input("jobs", "2").run();
    outcome.assert_code(0);
    assert!(outcome.visible().contains(&format!("databases of other drills or restores: {left}.")));
    Cluster::shared().psql("postgres", &format!("DROP DATABASE \"{left}\" WITH (FORCE)"));
}

/// The temporary server of a drill runs out of space while rows come.
#[test]
fn a_full_disk_leaves_nothing() {
    let trial = large();
    let folder = tools::open_folder("small");
    let disk = Disk::over(folder.path(), "88m");
    let run = trial.run().input("command", "drill").input("jobs", "2");
    let outcome = run.env("TMPDIR", folder.path()).env("RUNNER_TEMP", folder.path()).run();
    let left = std::fs::read_dir(folder.path()).unwrap().count();
    drop(disk);
    outcome.assert_code(16);
    // A server that cannot write its log any more ends, so that the cause may be lost.
    assert!(message(&outcome).contains("cannot restore into the temporary server"), "{}", message(&outcome));
    assert_eq!(left, 0);
}

/// A download that breaks off for good after the statements were read.
#[test]
fn a_download_that_ends_leaves_nothing() {
    let trial = with_a_backup();
    let (target, proxy) = (absent(), Proxy::before(trial.store.endpoint()));
    spoil_the_second(&proxy, Action::Status(403, String::new()));
    let outcome =
        restore(&trial, &target).input("jobs", "2").input("s3-endpoint-url", proxy.endpoint()).run();
    outcome.assert_code(14);
    assert_nothing_left(&target);
}

#[test]
fn only_a_new_database_takes_several_connections() {
    let trial = with_a_backup();
    let target = empty();
    let outcome = restore(&trial, &target).input("jobs", "2").run();
    outcome.assert_code(2);
    let told = format!("`jobs` needs a database that the restore creates, but {} exists", place(&target));
    assert!(message(&outcome).contains(&told), "{}", message(&outcome));
    for other in ["replace", "skip-missing-extensions"] {
        let outcome = restore(&trial, &target).input("jobs", "2").input(other, "true").run();
        outcome.assert_code(2);
        assert!(
            outcome.stdout.contains(&format!("`jobs` and `{other}` exclude each other")),
            "{}",
            outcome.stdout
        );
    }
}
