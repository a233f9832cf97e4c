//! A drill on a server that also holds the live database: in a database of its own, which is gone afterwards.

use std::time::Duration;

use super::{backed_up, drill, programs, tampering};
use crate::support::{Cluster, Database, tools};

const OURS: &str = "SELECT count(*) FROM pg_database WHERE datname LIKE 'sponsor\\_backup\\_drill\\_%'";

/// A role that may create databases, and nothing more.
fn visitor(cluster: &Cluster) -> String {
    let name = format!("visitor_{}", tools::unique());
    cluster.psql("postgres", &format!("CREATE ROLE {name} LOGIN CREATEDB PASSWORD 'visit'"));
    format!("postgresql://{name}:visit@127.0.0.1:{}/postgres", cluster.port())
}

/// What must not change: which tables there are, their rows, and how often rows were written.
fn state(database: &Database) -> String {
    let sql = "SELECT string_agg(oid || ' ' || relfilenode, ',' ORDER BY oid) FROM pg_class WHERE relnamespace = 'public'::regnamespace";
    let writes = "SELECT tup_inserted, tup_updated, tup_deleted FROM pg_stat_database WHERE datname = current_database()";
    database.psql("SELECT pg_stat_force_next_flush()");
    format!("{}\n{}\n{}", database.psql(sql), database.content_digest(), database.psql(writes))
}

#[test]
fn the_live_database_next_to_it_is_untouched() {
    // A server of its own: others' drills must not be counted.
    let cluster = Cluster::start(tools::distribution_bin_dir());
    let trial =
        crate::support::Trial::plan([crate::support::Sponsor::named("callisto")]).cluster(&cluster).start();
    trial.run().run().assert_code(0);
    let before = state(trial.database("callisto"));
    let outcome = drill(&trial).env("TARGET_DATABASE_URL", visitor(&cluster)).run();
    outcome.assert_code(0);
    let report = outcome.drill_report("callisto");
    assert_eq!((&report["verdict"], &report["target"]["kind"]), (&"equal".into(), &"existing".into()));
    assert_eq!(report["target"]["removed"], true);
    assert_eq!(state(trial.database("callisto")), before);
    assert_eq!(cluster.psql("postgres", OURS), "0");
    assert!(!outcome.everything().contains(":visit@"), "{}", outcome.everything());

    // The same where something differs, and where the drill is stopped in the middle.
    let programs_that_tamper = tampering(
        "DELETE FROM sites WHERE site_id = 'SITE-012' AND NOT EXISTS (SELECT FROM patients p WHERE p.site_id = sites.site_id); CREATE TABLE besides ()",
    );
    let outcome =
        drill(&trial).env("TARGET_DATABASE_URL", visitor(&cluster)).path(programs_that_tamper.path()).run();
    outcome.assert_code(17);
    assert_eq!(cluster.psql("postgres", OURS), "0");
    let slow = programs("/usr/bin/sleep 3600", "");
    let running = drill(&trial).env("TARGET_DATABASE_URL", visitor(&cluster)).path(slow.path()).start();
    tools::wait_for("the database of the drill, with its mark", Duration::from_secs(60), || {
        let marks = cluster.psql(
            "postgres",
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname LIKE 'sponsor\\_backup\\_drill\\_%'",
        );
        (marks == "sponsor-backup drill: may be dropped").then_some(())
    });
    running.signal("TERM");
    let outcome = running.wait();
    outcome.assert_code(143);
    assert_eq!(cluster.psql("postgres", OURS), "0");
    assert_eq!(state(trial.database("callisto")), before);
}

/// No role but a superuser can end a superuser's session. On every server, autovacuum has such sessions.
#[test]
fn a_superusers_session_delays_the_removal_and_no_more() {
    let cluster = Cluster::start(tools::distribution_bin_dir());
    let trial =
        crate::support::Trial::plan([crate::support::Sponsor::named("callisto")]).cluster(&cluster).start();
    trial.run().run().assert_code(0);
    let folder = tools::open_folder("gate");
    let gate = folder.path().join("open");
    let waiting = programs(&format!("while [ ! -e {} ]; do /usr/bin/sleep 0.1; done", gate.display()), "");
    let running = drill(&trial).env("TARGET_DATABASE_URL", visitor(&cluster)).path(waiting.path()).start();
    let minute = Duration::from_secs(60);
    let name = tools::wait_for("the database of the drill", minute, || {
        let names = "SELECT datname FROM pg_database WHERE datname LIKE 'sponsor\\_backup\\_drill\\_%'";
        Some(cluster.psql("postgres", names)).filter(|name| !name.is_empty())
    });
    std::thread::scope(|scope| {
        scope.spawn(|| cluster.psql(&name, "SELECT pg_sleep(8)"));
        tools::wait_for("the superuser's session", minute, || {
            let count = format!(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = '{name}' AND query LIKE '%pg_sleep%'"
            );
            (cluster.psql("postgres", &count) != "0").then_some(())
        });
        std::fs::write(&gate, "").unwrap();
    });
    let outcome = running.wait();
    outcome.assert_code(0);
    assert_eq!(outcome.drill_report("callisto")["target"]["removed"], true);
    assert_eq!(cluster.psql("postgres", OURS), "0");
}

/// A database with a subscription cannot be dropped, and one whose making seemed to fail may be there.
#[test]
fn nothing_stays_of_a_subscription_or_of_a_lost_answer() {
    let cluster = Cluster::start(tools::distribution_bin_dir());
    let trial =
        crate::support::Trial::plan([crate::support::Sponsor::named("callisto")]).cluster(&cluster).start();
    let source = trial.database("callisto");
    source.psql(&format!("ALTER ROLE \"{}\" SUPERUSER", source.user));
    source.psql("CREATE SUBSCRIPTION \"News \"\"daily\"\"\" CONNECTION 'host=/nonexistent' PUBLICATION p WITH (connect = false, slot_name = news)");
    trial.run().run().assert_code(0);
    let url = visitor(&cluster);
    cluster.psql("postgres", "DO $$ BEGIN EXECUTE (SELECT format('ALTER ROLE %I SUPERUSER', rolname) FROM pg_roles WHERE rolname LIKE 'visitor%'); END $$");
    let outcome = drill(&trial).env("TARGET_DATABASE_URL", &url).run();
    outcome.assert_code(0);
    assert_eq!(outcome.drill_report("callisto")["verdict"], "equal");
    assert_eq!(cluster.psql("postgres", OURS), "0");
    assert_eq!(source.psql("SELECT count(*) FROM pg_subscription"), "1");

    let psql = cluster.bin_dir().join("psql").display().to_string();
    let lost = format!(
        "case \"$*\" in *'CREATE DATABASE'*) {psql} \"$@\"; echo server closed the connection unexpectedly >&2; exit 2;; esac"
    );
    let programs = programs("", &lost);
    let outcome = drill(&trial).env("TARGET_DATABASE_URL", &url).path(programs.path()).run();
    outcome.assert_code(16);
    let told = outcome.result("callisto")["message"].as_str().unwrap().to_owned();
    assert!(told.contains("server closed the connection unexpectedly"), "{told}");
    assert_eq!(cluster.psql("postgres", OURS), "0");
}

#[test]
fn a_role_that_cannot_create_databases_is_reported() {
    let trial = backed_up();
    let name = format!("guest_{}", tools::unique());
    Cluster::shared().psql("postgres", &format!("CREATE ROLE {name} LOGIN PASSWORD 'visit'"));
    let url = format!("postgresql://{name}:visit@127.0.0.1:{}/postgres", Cluster::shared().port());
    let outcome = drill(&trial).env("TARGET_DATABASE_URL", url).run();
    outcome.assert_code(16);
    let told = outcome.result("callisto")["message"].as_str().unwrap().to_owned();
    assert!(told.contains(&format!("the role {name} cannot create databases")), "{told}");
}

/// An older server than the one that was dumped, and a newer one.
#[test]
fn another_major_version_is_refused_or_compared_by_rows() {
    let trial = crate::support::Trial::plan([crate::support::Sponsor::named("callisto")])
        .cluster(Cluster::of_major(16))
        .start();
    trial.run().path(Cluster::of_major(16).bin_dir()).run().assert_code(0);
    let on = |cluster: &Cluster| {
        let all = [15, 16, 18].map(|major| {
            if major == 15 { Cluster::shared().bin_dir().to_owned() } else { tools::wheel_bin_dir(major) }
        });
        let run = drill(&trial).env("TARGET_DATABASE_URL", visitor(cluster));
        all.iter().fold(run, |run, folder| run.path(folder)).run()
    };
    let outcome = on(Cluster::shared());
    outcome.assert_code(16);
    let told = outcome.result("callisto")["message"].as_str().unwrap().to_owned();
    assert!(told.contains("runs PostgreSQL 15, but the dump needs 16 or later"), "{told}");
    let outcome = on(Cluster::of_major(18));
    outcome.assert_code(0);
    let report = outcome.drill_report("callisto");
    assert_eq!(report["status"], "passed");
    assert!(["equal", "rows equal"].contains(&report["verdict"].as_str().unwrap()), "{report:#}");
    assert!(report["tables"].as_array().unwrap().iter().all(|table| table["equal"] == true));
}
