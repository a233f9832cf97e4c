//! `jobs`: a backup over several connections holds what one over a single connection holds.

use std::time::Duration;

use serde_json::Value;

use super::{dump_key, restored_from, stored_log};
use crate::support::{Cluster, Database, Outcome, Pooler, Sponsor, Throttle, Trial, tools};

const DEADLINE: Duration = Duration::from_secs(120);

/// Four tables of some 12 MB, one of which is partitioned, and everything that is not handed out to another connection.
pub(crate) fn tables(database: &Database) {
    let rows = |from: u32| {
        format!(
            "SELECT n AS id, repeat(md5(n::text), 4) AS note FROM generate_series({from}, {}) n",
            from + 80_000
        )
    };
    database.psql_as_owner(&format!(
        "CREATE SCHEMA diary; CREATE TABLE diary.one AS {}; CREATE TABLE diary.\"Two \"\"$\" AS {};
         CREATE TABLE parted (id int, note text) PARTITION BY RANGE (id);
         CREATE TABLE low PARTITION OF parted FOR VALUES FROM (1) TO (50000);
         CREATE TABLE high PARTITION OF parted FOR VALUES FROM (50000) TO (200000); INSERT INTO parted {};
         CREATE TABLE kept (id serial PRIMARY KEY, twice int GENERATED ALWAYS AS (1 + 1) STORED);
         INSERT INTO kept SELECT FROM generate_series(1, 7);
         ALTER TABLE diary.one ADD PRIMARY KEY (id);
         ALTER TABLE diary.\"Two \"\"$\" ADD FOREIGN KEY (id) REFERENCES diary.one;
         CREATE VIEW grouped AS SELECT id, note FROM diary.one GROUP BY id; CREATE TABLE none (id int);
         CREATE MATERIALIZED VIEW counted AS SELECT count(*) FROM parted; SELECT lo_from_bytea(4711, repeat('x', 3000000)::bytea)",
        rows(1), rows(1), rows(10_000)
    ));
}

fn filled() -> Trial {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    tables(trial.database("callisto"));
    trial
}

/// What the one dump of a run holds.
pub(crate) fn text(trial: &Trial, outcome: &Outcome) -> String {
    let location = outcome.output("backup_location");
    let key = location.rsplit_once(trial.bucket("callisto")).unwrap().1.trim_start_matches('/');
    let mut text = String::new();
    let stored = trial.store.get(trial.bucket("callisto"), key);
    std::io::Read::read_to_string(&mut flate2::read::MultiGzDecoder::new(&stored[..]), &mut text).unwrap();
    text
}

fn manifest(trial: &Trial, outcome: &Outcome) -> Value {
    let location = outcome.output("backup_location");
    let key = location.rsplit_once(trial.bucket("callisto")).unwrap().1.trim_start_matches('/').to_owned();
    trial.store.get_json(trial.bucket("callisto"), &format!("{key}.manifest.json"))
}

/// All lines in order but the rows of tables, and the COPY statements sorted, once each.
fn statements(text: &str) -> (Vec<&str>, Vec<&str>) {
    let (mut others, mut copies, mut in_rows) = (Vec::new(), Vec::new(), false);
    for line in text.lines() {
        let is_copy = !in_rows && line.starts_with("COPY ");
        match line {
            _ if is_copy => copies.push(line),
            _ if in_rows || line.starts_with("-- Data for Name: ") || matches!(line, "" | "--") => {}
            _ if line.starts_with("\\restrict") || line.starts_with("\\unrestrict") => {}
            "SET default_tablespace = '';" => {}
            line => others.push(line),
        }
        in_rows = is_copy || in_rows && line != "\\.";
    }
    copies.sort_unstable();
    copies.dedup();
    (others, copies)
}

#[test]
fn several_connections_write_what_one_writes() {
    let trial = filled();
    let one = trial.run().run();
    one.assert_code(0);
    let planned = trial.run().input("jobs", "3").input("dry-run", "true").run();
    planned.assert_code(0);
    assert!(planned.stdout.contains("3 at once"), "{}", planned.stdout);
    let three = trial.run().input("jobs", "3").run();
    three.assert_code(0);
    let (of_one, of_three) = (manifest(&trial, &one), manifest(&trial, &three));
    assert_eq!((&of_one["jobs"], &of_three["jobs"]), (&Value::Null, &3.into()));
    assert_eq!(three.log("callisto")["jobs"], 3);
    for fact in
        ["tables", "statements", "statements_digest", "sequences", "large_objects", "objects", "restore"]
    {
        assert_eq!(of_one[fact], of_three[fact], "{fact}");
    }
    assert!(of_three["tables"].to_string().contains("generated_digest"));
    let (one, three) = (text(&trial, &one), text(&trial, &three));
    let ((others, copies), (expected, expected_copies)) = (statements(&three), statements(&one));
    assert_eq!(others, expected);
    assert_eq!(copies, expected_copies);
    // Long tables come in several blocks, in turn with others.
    let blocks: Vec<&str> = three.lines().filter(|line| line.starts_with("COPY ")).collect();
    assert!(blocks.len() > copies.len() + 4, "{blocks:#?}");
    let of_one = |line: &&str| line.starts_with("COPY diary.one ");
    let (first, last) = (blocks.iter().position(of_one).unwrap(), blocks.iter().rposition(of_one).unwrap());
    assert!(!blocks[first..last].iter().all(of_one), "{blocks:#?}");
}

/// A row, and the statements about large objects, are longer than what a connection adds at once.
#[test]
fn long_rows_and_large_objects_are_not_interrupted() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    trial.database("callisto").psql_as_owner(
        "CREATE TABLE long (t text); ALTER TABLE long ALTER t SET STORAGE EXTERNAL;
         INSERT INTO long SELECT repeat('abcdefgh', 3000000) UNION ALL SELECT 'short';
         CREATE TABLE one AS SELECT n, repeat(md5(n::text), 4) FROM generate_series(1, 160000) n;
         CREATE TABLE two AS SELECT n, repeat(md5(n::text), 4) FROM generate_series(1, 60000) n;
         SELECT lo_from_bytea(0, (SELECT string_agg(sha256(n::text::bytea), '') FROM generate_series(1, 300000) n))",
    );
    let one = trial.run().run();
    let three = trial.run().input("jobs", "3").run();
    one.assert_code(0);
    three.assert_code(0);
    let (of_one, of_three) = (manifest(&trial, &one), manifest(&trial, &three));
    for fact in ["tables", "large_objects", "statements_digest"] {
        assert_eq!(of_one[fact], of_three[fact], "{fact}");
    }
    let text = text(&trial, &three);
    let (_, transaction) = text.split_once("\nBEGIN;\n").unwrap();
    let (transaction, _) = transaction.split_once("\nCOMMIT;\n").unwrap();
    assert!(transaction.len() > 19_000_000 && !transaction.contains("COPY"), "{}", transaction.len());
    trial.run().input("command", "drill").input("jobs", "3").run().assert_code(0);
}

#[test]
fn psql_alone_restores_it() {
    let trial = filled();
    let outcome = trial.run().input("jobs", "3").run();
    outcome.assert_code(0);
    let restored = restored_from(text(&trial, &outcome).as_bytes());
    assert_eq!(restored.content_digest(), trial.database("callisto").content_digest());
    // Its own DROP statements clear the same database.
    let again = restored.script(&text(&trial, &outcome), &[]);
    assert!(!again.contains("ERROR"), "{again}");
    assert_eq!(restored.content_digest(), trial.database("callisto").content_digest());
}

#[test]
fn every_command_reads_it() {
    let trial = filled();
    trial.run().run().assert_code(0);
    trial.run().input("jobs", "3").run().assert_code(0);
    let run = |command: &str| trial.run().input("command", command);
    run("verify").run().assert_code(0);
    run("verify").input("all", "true").run().assert_code(0);
    for jobs in ["1", "4"] {
        let drill = run("drill").input("jobs", jobs).run();
        drill.assert_code(0);
        assert_eq!(drill.drill_report("callisto")["verdict"], "equal");
    }
    run("show").run().assert_code(0);
    let diff = run("diff").input("expect-schema-unchanged", "true").input("max-row-drop", "0%").run();
    diff.assert_code(0);
    let target = Cluster::shared().database("target");
    let restore = run("restore").env("TARGET_DATABASE_URL", target.url());
    let outcome = restore.input("tables", "parted,diary.\"Two \"\"$\"").run();
    outcome.assert_code(0);
    let sums = "SELECT count(*), sum(hashtext(note)::bigint) FROM ";
    for table in ["parted", "diary.\"Two \"\"$\""] {
        let sql = format!("{sums}{table}");
        assert_eq!(target.psql(&sql), trial.database("callisto").psql(&sql), "{table}");
    }
}

#[test]
fn a_small_database_takes_one_connection() {
    let trial = Trial::of([Sponsor::named("callisto")]);
    let outcome = trial.run().input("jobs", "4").run();
    outcome.assert_code(0);
    assert_eq!(manifest(&trial, &outcome)["jobs"], Value::Null);
    assert_eq!(stored_log(&trial, "callisto")["jobs"], Value::Null);
    let _key = dump_key(&trial, "callisto");
}

#[test]
fn a_role_with_another_encoding_reads_every_name() {
    let trial = filled();
    let database = trial.database("callisto");
    database.psql_as_owner("CREATE TABLE \"日記\" AS SELECT 1 AS n");
    database.psql(&format!("ALTER ROLE \"{}\" SET client_encoding = 'LATIN1'", database.user));
    let outcome = trial.run().input("jobs", "3").run();
    outcome.assert_code(0);
    let tables = manifest(&trial, &outcome)["tables"].clone();
    assert!(tables.as_array().unwrap().iter().any(|table| table["name"] == "日記"), "{tables}");
}

/// What a pattern selects, pg_dump alone decides, and a part must not hold what the user left out.
#[test]
fn several_connections_read_whole_databases_only() {
    let trial = Trial::of([Sponsor::named("callisto")]);
    for (name, value) in [
        ("exclude-table-data", "diary_events"),
        ("exclude-schemas", "public"),
        ("schemas", "public"),
        ("include-privileges", "true"),
    ] {
        let refused = trial.run().input("jobs", "3").input(name, value).run();
        refused.assert_code(2);
        assert!(refused.transcript().contains(&format!("`jobs` is 3, and `{name}` is set")), "{name}");
        trial.run().input("jobs", "1").input(name, value).input("dry-run", "true").run().assert_code(0);
    }
}

/// pg_dump reads its arguments in the database's encoding.
#[test]
fn names_of_other_encodings_stay_with_the_first_one() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    let owner = trial.database("callisto");
    let name = format!("{}_latin1", owner.name);
    let make = format!(
        "CREATE DATABASE {name} OWNER {} TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'",
        owner.user
    );
    Cluster::shared().psql("postgres", &make);
    let database = Database { name, ..owner.clone() };
    tables(&database);
    database
        .psql_as_owner("DO $$ BEGIN EXECUTE 'ALTER TABLE low RENAME TO \"b' || chr(233) || 'low\"'; END $$");
    trial.secret("callisto", "DATABASE_URL", Some(&database.url()));
    let outcome = trial.run().input("jobs", "3").run();
    outcome.assert_code(0);
    assert_eq!(manifest(&trial, &outcome)["jobs"], 3);
    trial.run().input("command", "drill").run().assert_code(0);
}

/// Rows that a truncated or rewritten table had are not seen by an older snapshot, so no other session must do it meanwhile.
#[test]
fn changes_of_tables_wait_for_the_end() {
    let trial = filled();
    let database = trial.database("callisto");
    let before = database.psql("SELECT count(*) FROM diary.one");
    let throttle = Throttle::before(database, 3 << 20);
    trial.secret("callisto", "DATABASE_URL", Some(&throttle.url(database)));
    let running = trial.run().input("jobs", "3").deadline(DEADLINE).start();
    wait_for_rows(database);
    std::thread::scope(|scope| {
        let changes = [
            "TRUNCATE diary.one CASCADE",
            "ALTER TABLE parted ALTER note TYPE varchar(200)",
            "DROP TABLE kept",
        ];
        let others = changes.map(|sql| scope.spawn(move || database.psql(sql)));
        let waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
        tools::wait_for("changes that wait", DEADLINE, || (database.psql(waiting) == "3").then_some(()));
        throttle.set(1 << 30);
        others.into_iter().for_each(|other| drop(other.join().unwrap()));
    });
    let outcome = running.wait();
    outcome.assert_code(0);
    assert_eq!(database.psql("SELECT count(*) FROM diary.one"), "0");
    let tables = manifest(&trial, &outcome)["tables"].clone();
    let one = tables.as_array().unwrap().iter().find(|table| table["name"] == "one").unwrap();
    assert_eq!(one["rows"].to_string(), before);
}

/// Waits until several connections read rows.
pub(crate) fn wait_for_rows(database: &Database) {
    wait_for_copies(database, 3);
}

pub(crate) fn wait_for_copies(database: &Database, wanted: usize) {
    let copies =
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'COPY %'
                  AND application_name = 'sponsor-backup' AND state = 'active'";
    tools::wait_for("rows", DEADLINE, || (database.psql(copies) == wanted.to_string()).then_some(()));
}

#[test]
fn a_lock_that_it_waits_for_is_named() {
    let trial = filled();
    let database = trial.database("callisto");
    let migration = database.hold("LOCK TABLE diary.one IN ACCESS EXCLUSIVE MODE");
    let run = trial.run().input("jobs", "3").input("lock-wait-timeout", "100s").deadline(DEADLINE);
    let running = run.start();
    running.wait_until_printed("callisto: waiting for a lock on diary.one (held by pid ");
    drop(migration);
    running.wait().assert_code(0);
    let _migration = database.hold("LOCK TABLE diary.one IN ACCESS EXCLUSIVE MODE");
    let outcome = trial.run().input("jobs", "3").input("lock-wait-timeout", "1s").run();
    outcome.assert_code(13);
    assert!(outcome.transcript().contains("raise `lock-wait-timeout`"), "{}", outcome.transcript());
}

#[test]
fn a_pooler_in_transaction_mode_is_refused() {
    let trial = filled();
    let database = trial.database("callisto");
    // So that nothing must be set at the start, which poolers reject.
    database.psql(&format!("ALTER ROLE \"{}\" SET TimeZone = 'UTC'", database.user));
    let pooler = Pooler::before(database, "transaction", "");
    trial.secret("callisto", "DATABASE_URL", Some(&pooler.url(database)));
    for dry_run in ["true", "false"] {
        let outcome = trial.run().input("jobs", "2").input("dry-run", dry_run).run();
        outcome.assert_code(13);
        let told = outcome.transcript();
        assert!(told.contains("pooler in transaction mode") && told.contains("set `jobs` to 1"), "{told}");
    }
    let pooler = Pooler::before(database, "session", "");
    trial.secret("callisto", "DATABASE_URL", Some(&pooler.url(database)));
    trial.run().input("jobs", "2").run().assert_code(0);
}

#[test]
fn a_server_that_does_not_export_snapshots_is_refused() {
    let trial = filled();
    let database = trial.database("callisto");
    database.psql("REVOKE EXECUTE ON FUNCTION pg_export_snapshot() FROM PUBLIC");
    for dry_run in ["true", "false"] {
        let outcome = trial.run().input("jobs", "2").input("dry-run", dry_run).run();
        outcome.assert_code(13);
        let told = outcome.transcript();
        assert!(told.contains("cannot share a snapshot between connections"), "{told}");
        assert!(told.contains("Set `jobs` to 1"), "{told}");
    }
    trial.run().input("dry-run", "true").run().assert_code(0);
}

#[test]
fn a_standby_is_read_over_several_connections() {
    let primary = Cluster::start(tools::distribution_bin_dir());
    let trial = Trial::plan([Sponsor::named("callisto").empty()]).cluster(&primary).start();
    let database = trial.database("callisto");
    tables(database);
    database.psql_as_owner("CREATE UNLOGGED TABLE scratch AS SELECT generate_series(1, 1000) n");
    let standby = primary.standby();
    let at = database.psql("SELECT pg_current_wal_lsn()");
    tools::wait_for("the standby's replay", DEADLINE, || {
        let sql = format!("SELECT pg_last_wal_replay_lsn() >= '{at}'");
        (standby.psql("postgres", &sql) == "t").then_some(())
    });
    let url = database.url().replace(&format!(":{}/", primary.port()), &format!(":{}/", standby.port()));
    trial.secret("callisto", "DATABASE_URL", Some(&url));
    let outcome = trial.run().input("jobs", "3").run();
    outcome.assert_code(0);
    assert_eq!(manifest(&trial, &outcome)["jobs"], 3);
    trial.run().input("command", "drill").run().assert_code(0);
}

#[test]
fn memory_for_its_parts_counts() {
    let trial = filled();
    let outcome = trial.run().input("jobs", "8").input("memory-limit", "24MiB").run();
    outcome.assert_code(14);
    let told = outcome.transcript();
    assert!(told.contains("of them for `jobs`, but `memory-limit` is 24.0 MiB"), "{told}");
    let outcome = trial.run().input("jobs", "2").input("memory-limit", "40MiB").run();
    outcome.assert_code(0);
}
