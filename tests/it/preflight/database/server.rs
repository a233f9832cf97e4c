//! The way to the server, and the server itself: addresses, TLS, poolers, standbys and versions.

use std::time::Duration;

use super::{assert_backup, assert_no_backup, assert_sound, callisto, findings, found, found_at, on, only};
use crate::support::{Cluster, Database, Pooler, clients, tools};

#[test]
fn a_server_that_cannot_be_used_has_one_finding() {
    let trial = callisto();
    let database = trial.database("callisto");
    let port = |port: u16| database.url().replace(&format!(":{}/", database.port), &format!(":{port}/"));
    for (url, what, fix) in [
        (port(tools::free_port()), "Connection refused", "Check the host and port"),
        (
            database.url().replace("127.0.0.1", "no-such-host.invalid"),
            "could not translate host name",
            "Check the host",
        ),
        (
            Database { password: "wrong".into(), ..database.clone() }.url(),
            "password authentication failed",
            "Correct the user and password",
        ),
        (format!("{}_gone", database.url()), "does not exist", "Check the database name"),
        (
            Cluster::of_major(16).database("plain").url() + "?sslmode=require",
            "server does not support SSL",
            "Enable TLS",
        ),
    ] {
        let words = only(&found_at(&trial, &url), "database-connection", "fail");
        assert!(words.contains(what) && words.contains(fix), "{words}");
    }
    for parameter in ["sslmood=require", "pgbouncer=true"] {
        only(&found_at(&trial, &format!("{}?{parameter}", database.url())), "database-url", "fail");
    }
}

#[test]
fn an_encoding_that_is_not_the_databases_is_found() {
    let trial = callisto();
    let url = trial.database("callisto").url();
    let words =
        only(&found_at(&trial, &format!("{url}?client_encoding=LATIN1")), "database-encoding", "fail");
    assert!(words.contains("requests the encoding LATIN1, but the database uses UTF8"), "{words}");
    assert_no_backup(&trial);
}

#[test]
fn plain_text_and_unproven_servers_are_warned_of() {
    let trial = callisto();
    let database = trial.database("callisto");
    let remote = database.url().replace("@127.0.0.1:", "@db.example.org:") + "?hostaddr=127.0.0.1";
    let root = Cluster::shared().certificate().unwrap().display();
    let words = only(&found_at(&trial, &remote), "database-tls", "warn");
    assert!(words.contains("is not verified") && words.contains("`sslmode=verify-full`"), "{words}");
    let words = only(&found_at(&trial, &(remote + "&sslmode=disable")), "database-tls", "warn");
    assert!(words.contains("is not encrypted"), "{words}");
    let verified = found_at(&trial, &format!("{}?sslmode=verify-full&sslrootcert={root}", database.url()));
    assert_sound(&verified);
    assert!(verified.one("database-tls", "ok").contains("TLSv1."), "{:#?}", verified.0);
}

/// The pooler's own setting decides how its sessions are lent. Nothing is set in a session that others use next.
#[test]
fn a_transaction_pooler_is_found_by_what_it_does() {
    let trial = callisto();
    let database = trial.database("callisto");
    for more in ["", "server_round_robin = 1\nmin_pool_size = 3"] {
        let pooler = Pooler::before(database, "transaction", more);
        let all = found_at(&trial, &pooler.url(database));
        let words = only(&all, "database-pooler", "fail");
        assert!(
            words.contains("share their server processes") && words.contains("session pooler"),
            "{words}"
        );
        // Nothing else was asked.
        assert_eq!((all.0.len(), all.failures().len()), (2, 1), "{:#?}", all.0);
    }
    let pooler = Pooler::before(database, "session", "");
    // It lends each session a process, but rejects the settings that this server's defaults make necessary.
    let words = only(&found_at(&trial, &pooler.url(database)), "database-schema-dump", "fail");
    assert!(words.contains("unsupported startup parameter: options"), "{words}");
    assert!(words.contains("Use the server's own address"), "{words}");
    assert_no_backup(&trial);
    database.psql(&format!("ALTER ROLE \"{}\" SET TimeZone = 'UTC'", database.user));
    // Processes that the first pooler keeps have the default of before.
    let pooler = Pooler::before(database, "session", "");
    assert_sound(&found_at(&trial, &pooler.url(database)));
    assert_backup(&trial);
}

#[test]
fn a_standby_is_a_warning_and_fails_when_it_lags() {
    let primary = Cluster::start(tools::distribution_bin_dir());
    let trial = on(&primary);
    let database = trial.database("callisto");
    let standby = primary.standby();
    let url = database.url().replace(&format!(":{}/", primary.port()), &format!(":{}/", standby.port()));
    let replays = |sql: &str| {
        database.psql_as_owner(&format!("SET synchronous_commit = on; {sql}"));
        let at = database.psql("SELECT pg_current_wal_lsn()");
        tools::wait_for("the standby's replay", Duration::from_secs(60), || {
            let sql = format!("SELECT pg_last_wal_replay_lsn() >= '{at}'");
            (standby.psql(&database.name, &sql) == "t").then_some(())
        });
    };
    replays("CREATE UNLOGGED TABLE scratch (id int)");
    let words = only(&found_at(&trial, &url), "database-standby", "warn");
    assert!(words.contains("the database is a standby"), "{words}");
    assert!(
        words.contains("lacks the rows of unlogged tables, which a standby never has: public.scratch"),
        "{words}"
    );
    assert_backup(&trial);
    replays("CREATE UNLOGGED SEQUENCE numbers");
    let words = only(&found(&trial), "database-standby", "warn");
    assert!(
        words.contains("lacks the values of 1 unlogged sequence, which a standby never has: public.numbers"),
        "{words}"
    );
    assert_backup(&trial);
    replays("DROP SEQUENCE numbers; DROP TABLE scratch");
    standby.psql(&database.name, "SELECT pg_wal_replay_pause()");
    database.psql_as_owner("SET synchronous_commit = on; CREATE TABLE after_the_pause ()");
    // A lag is measured in whole seconds.
    std::thread::sleep(Duration::from_secs(2));
    let lagging = findings(&trial, &["--max-replica-lag", "1s"], standby.bin_dir());
    let words = only(&lagging, "database-standby", "fail");
    assert!(words.contains("and `max-replica-lag` allows 1 s"), "{words}");
}

#[test]
fn a_server_that_is_newer_than_every_client_is_found() {
    let trial = callisto();
    let replaced = r"s/^[0-9]\{6\}|[0-9]*\.[0-9]* /990001|99.1 /";
    let psql = format!("{} \"$@\" | /bin/sed -u '{replaced}'", clients::real("psql"));
    let programs = clients::scripted(&format!("exec {} \"$@\"", clients::real("pg_dump")), &psql);
    let words = only(&findings(&trial, &[], programs.path()), "database-version", "fail");
    assert!(words.contains("the server runs PostgreSQL 99, newer than every installed pg_dump"), "{words}");
}
