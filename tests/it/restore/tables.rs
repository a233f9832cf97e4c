//! Some tables of a backup: back into the database that lost them, next to it, or as SQL.

mod generated;

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::{all_of, confirmed, dump_key, empty, message, place, restore};
use crate::support::{Database, Family, Outcome, Run, Sponsor, Trial, tools};

const NIGHT: &str = include_str!("night.sql");

/// A sponsor with the night's database, and its backup.
fn before_the_accident(inputs: &[(&str, &str)]) -> Trial {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    trial.database("callisto").psql_as_owner(NIGHT);
    let run = inputs.iter().fold(trial.run(), |run, (name, value)| run.input(name, *value));
    run.run().assert_code(0);
    trial
}

/// A restore of some tables of this backup into a database.
fn tables(trial: &Trial, target: &Database, names: &str) -> Run {
    restore(trial, target).input("tables", names)
}

/// The same at a terminal, where standard output is a result.
fn at_a_terminal(trial: &Trial) -> Run {
    trial.wire(Run::terminal()).args(["restore", "--sponsors", "callisto"])
}

/// The rows of a table, without those that a table generates or that another run would number anew.
fn visits(database: &Database, schema: &str) -> String {
    database.psql(&format!("SELECT md5(string_agg(v::text, ',' ORDER BY id)) FROM {schema}.visits v"))
}

/// What a terminal's user runs with psql.
fn run_sql(database: &Database, sql: &str) {
    database.script(&format!("SET ROLE \"{}\";\n{sql}", database.user), &[]);
}

#[track_caller]
fn assert_proven(outcome: &Outcome, target: &str) {
    outcome.assert_code(0);
    let result = outcome.results().remove(0);
    assert_eq!(
        (&result["state"], &result["target"]),
        (&"proven".into(), &target.into()),
        "{}",
        outcome.transcript()
    );
}

/// From `docs/restore-and-drill.md`, "One table back".
#[test]
fn the_newcomers_night_ends_with_all_rows_back() {
    let trial = before_the_accident(&[]);
    let live = trial.database("callisto");
    let rows = visits(live, "diary");
    let key = dump_key(&trial, "callisto");
    live.psql_as_owner("DROP TABLE diary.visits CASCADE");
    // The nightly backup after the accident is the newest one.
    trial.run().run().assert_code(0);
    let latest = tables(&trial, live, "diary.visits").input("into", "recovered").run();
    latest.assert_code(16);
    assert!(message(&latest).contains("the backup has no table diary.visits"), "{}", message(&latest));
    // Which backup still has it?
    let listed = trial.run().input("command", "list").input("with", "diary.visits").run();
    listed.assert_code(0);
    let second = key.split_once("backup-prod-").unwrap().1.trim_end_matches(".sql.gz");
    let line = listed.stdout.lines().find(|line| line.contains(second)).unwrap();
    assert!(line.contains("2,000"), "{line}");
    let at = |run: Run| run.input("backup", "latest~1");
    // Its own place is in a live database, so it wants a confirmation. A new schema changes nothing, and wants none.
    let unconfirmed = at(tables(&trial, live, "diary.visits")).run();
    unconfirmed.assert_code(16);
    assert!(message(&unconfirmed).contains("is the live database of callisto"), "{}", message(&unconfirmed));
    assert!(!unconfirmed.visible().contains("drops its objects"), "{}", unconfirmed.transcript());
    let aside = at(tables(&trial, live, "diary.visits").input("into", "recovered")).run();
    assert_proven(&aside, "replaced");
    assert_eq!(visits(live, "recovered"), rows);
    let back = at(tables(&trial, live, "diary.visits").input("confirm", confirmed(live))).run();
    assert_proven(&back, "replaced");
    assert!(back.visible().contains("equal: 1 table, 2,000 rows"), "{}", back.transcript());
    assert!(back.summary().contains("CREATE VIEW diary.recent"), "{}", back.summary());
    assert_eq!(visits(live, "diary"), rows);
    assert_eq!(
        live.psql("SELECT nextval('diary.visits_id_seq'), doubled FROM diary.visits WHERE id = 7"),
        "2001|14"
    );
    // Its trigger is back, and its foreign key, which was not checked against what may have changed.
    live.psql_as_owner("INSERT INTO diary.visits (patient) VALUES ('P-1')");
    assert_eq!(live.psql("SELECT note, number FROM diary.visits WHERE note = 'stamped'"), "stamped|2001");
    assert_eq!(
        live.psql("SELECT convalidated FROM pg_constraint WHERE conname = 'visits_patient_fkey'"),
        "f"
    );
    live.psql_as_owner("ALTER TABLE diary.visits VALIDATE CONSTRAINT visits_patient_fkey");
}

#[test]
fn the_printed_statement_brings_missing_rows_back() {
    let trial = before_the_accident(&[]);
    let live = trial.database("callisto");
    let rows = visits(live, "diary");
    live.psql_as_owner("DELETE FROM diary.notes; DELETE FROM diary.visits WHERE id % 3 = 0; DELETE FROM diary.entries WHERE id < 300");
    let before = all_of(live);
    let run = at_a_terminal(&trial).args(["--tables", "diary.visits,diary.entries", "--into", "recovered"]);
    let outcome = run.env("TARGET_DATABASE_URL", live.url()).run();
    outcome.assert_code(0);
    let recovered = live.row_counts();
    assert_eq!((recovered["recovered.visits"], recovered["recovered.entries_26"]), (2000, 187));
    // Nothing but the statement is on standard output, and nothing that was there has changed.
    assert!(outcome.stdout.contains("\nINSERT INTO diary.entries (at, id)\n"), "{}", outcome.stdout);
    assert!(outcome.stdout.contains("\n-- diary.visits has triggers, which"), "{}", outcome.stdout);
    live.psql_as_owner("ALTER TABLE diary.visits DISABLE TRIGGER stamped");
    run_sql(live, &outcome.stdout);
    live.psql_as_owner("ALTER TABLE diary.visits ENABLE TRIGGER stamped");
    assert_eq!(visits(live, "diary"), rows);
    assert_eq!(live.row_counts()["diary.entries_25"] + live.row_counts()["diary.entries_26"], 400);
    live.psql_as_owner("DROP SCHEMA recovered CASCADE; DELETE FROM diary.entries WHERE id < 300; DELETE FROM diary.visits WHERE id % 3 = 0");
    assert_eq!(all_of(live), before);
    // The schema is there again, with a table of that name: refused before anything.
    live.psql_as_owner("CREATE SCHEMA recovered; CREATE TABLE recovered.visits (id int)");
    let before = all_of(live);
    let refused = tables(&trial, live, "diary.visits")
        .input("into", "recovered")
        .input("confirm", confirmed(live))
        .run();
    refused.assert_code(16);
    assert!(message(&refused).contains("the target already has recovered.visits"), "{}", message(&refused));
    assert_eq!(all_of(live), before);
}

/// From `docs/restore-and-drill.md`, "Without this tool".
#[test]
fn one_line_cuts_a_table_out_of_the_text() {
    let trial = before_the_accident(&[]);
    let live = trial.database("callisto");
    let rows = visits(live, "diary");
    let stored = trial.store.get(trial.bucket("callisto"), &dump_key(&trial, "callisto"));
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("backup.sql.gz"), stored).unwrap();
    let page = include_str!("../../../docs/restore-and-drill.md");
    let awk = &page[page.find("awk '!c").unwrap()..];
    let awk = &awk[..awk.find('`').unwrap()];
    // Rows of another table that look like a statement are not taken for one.
    let hostile = "COPY diary.a (t) FROM stdin;\nCOPY diary.visits TO PROGRAM 'id';\n\\.\nCOPY diary.visits (t) FROM stdin;\n1\n\\.\n";
    std::fs::write(folder.path().join("hostile.sql"), hostile).unwrap();
    let shell = |line: String| {
        tools::succeed(std::process::Command::new("sh").args(["-c", &line]).current_dir(folder.path()))
    };
    assert_eq!(shell(format!("{awk} hostile.sql")), "COPY diary.visits (t) FROM stdin;\n1\n\\.\n");
    let rows_alone = shell(format!("gunzip <backup.sql.gz | {awk}"));
    live.psql_as_owner(
        "ALTER TABLE diary.visits DISABLE TRIGGER USER; DELETE FROM diary.notes; DELETE FROM diary.visits",
    );
    live.script(&rows_alone, &[]);
    assert_eq!(visits(live, "diary"), rows);
}

#[test]
fn a_table_comes_from_every_kind_of_backup() {
    let identity = age::x25519::Identity::generate();
    let secret = age::secrecy::ExposeSecret::expose_secret(&identity.to_string()).to_owned();
    let recipient = identity.to_public().to_string();
    let pieces = "only the pieces of these tables";
    for (inputs, way) in [
        (vec![], pieces),
        (vec![("compression", "zstd")], pieces),
        (vec![("age-recipients", recipient.as_str())], "the whole backup, once"),
    ] {
        let trial = before_the_accident(&inputs);
        let live = trial.database("callisto");
        let target = empty();
        let outcome =
            tables(&trial, &target, "diary.visits, diary.entries").env("AGE_IDENTITY", &secret).run();
        assert_proven(&outcome, "replaced");
        assert!(outcome.stdout.contains(way), "{inputs:?}: {}", outcome.transcript());
        assert_eq!(visits(&target, "diary"), visits(live, "diary"));
        assert_eq!(target.row_counts()["diary.entries_25"], live.row_counts()["diary.entries_25"]);
        assert!(!target.row_counts().contains_key("diary.patients"));
        // A database that does not exist is created, and the SQL is the same in a file.
        let run = at_a_terminal(&trial).args(["--tables", "diary.visits", "--to-sql", "visits.sql"]);
        let file = run.workspace().join("visits.sql");
        let outcome = run.env("AGE_IDENTITY", &secret).run();
        outcome.assert_code(0);
        assert_eq!(outcome.stdout, "", "{}", outcome.transcript());
        assert!(
            outcome.stderr.contains("written to visits.sql: 1 table, 2,000 rows"),
            "{}",
            outcome.transcript()
        );
        assert_is_private_and_complete(&file);
        let other = empty();
        run_sql(&other, &std::fs::read_to_string(&file).unwrap());
        assert_eq!(visits(&other, "diary"), visits(live, "diary"));
    }
}

#[track_caller]
fn assert_is_private_and_complete(file: &Path) {
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let text = std::fs::read_to_string(file).unwrap();
    assert!(text.contains("\nCOMMIT;\n") && text.ends_with("\n-- sponsor-backup: complete\n"));
    // No temporary file is left.
    let left = std::fs::read_dir(file.parent().unwrap()).unwrap();
    let left: Vec<_> = left
        .map(|entry| entry.unwrap().file_name())
        .filter(|name| name.to_string_lossy().contains("unproven"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn sql_needs_no_server_and_overwrites_nothing() {
    let trial = before_the_accident(&[]);
    let stream =
        at_a_terminal(&trial).args(["--tables", "diary.visits", "--to-sql", "-"]).only_path(&[]).run();
    stream.assert_code(0);
    assert!(
        stream.stdout.starts_with("-- Tables of a backup, by sponsor-backup "),
        "{}",
        stream.transcript()
    );
    assert!(stream.stdout.ends_with("\n-- sponsor-backup: complete\n"));
    let target = empty();
    run_sql(&target, &stream.stdout);
    assert_eq!(visits(&target, "diary"), visits(trial.database("callisto"), "diary"));
    let sql = |run: Run, name: &str| run.args(["--tables", "diary.visits", "--to-sql", name]).run();
    let existing = sql(at_a_terminal(&trial).file("visits.sql", "mine"), "visits.sql");
    existing.assert_code(2);
    assert!(existing.stderr.contains("`to-sql` is `visits.sql`, which exists"), "{}", existing.transcript());
    assert_eq!(std::fs::read_to_string(existing.workspace.join("visits.sql")).unwrap(), "mine");
    let nowhere = sql(at_a_terminal(&trial), "no/folder/visits.sql");
    nowhere.assert_code(2);
    let in_a_workflow =
        trial.run().input("command", "restore").input("tables", "diary.visits").input("to-sql", "-").run();
    in_a_workflow.assert_code(2);
    assert!(in_a_workflow.stdout.contains("whose log would show the rows"), "{}", in_a_workflow.transcript());
    let planned = sql(at_a_terminal(&trial).arg("--dry-run"), "planned.sql");
    planned.assert_code(0);
    assert!(planned.stderr.contains("diary.visits (2,000 rows)"), "{}", planned.transcript());
    assert!(!planned.workspace.join("planned.sql").exists());
}

#[test]
fn damaged_rows_never_look_whole() {
    let trial = before_the_accident(&[]);
    let (bucket, key) = (trial.bucket("callisto"), dump_key(&trial, "callisto"));
    let manifest = trial.store.get_json(bucket, &format!("{key}.manifest.json"));
    let pieces = manifest["pieces"].as_array().unwrap();
    let of = |name: &str| pieces.iter().find(|piece| piece["name"] == name).unwrap();
    let whole = trial.store.get(bucket, &key);
    let spoil = |name: &str| {
        let mut bytes = whole.clone();
        let at = of(name)["offset"].as_u64().unwrap() + of(name)["bytes"].as_u64().unwrap() / 2;
        bytes[usize::try_from(at).unwrap()] ^= 1;
        trial.store.put(bucket, &key, bytes);
    };
    spoil("visits");
    let target = empty();
    let before = all_of(&target);
    let outcome = tables(&trial, &target, "diary.visits").run();
    outcome.assert_code(17);
    assert!(
        outcome.visible().contains("(rows of diary.visits) do not match its manifest"),
        "{}",
        outcome.transcript()
    );
    assert_eq!((outcome.result("callisto")["target"].clone(), all_of(&target)), ("unchanged".into(), before));
    let stream = at_a_terminal(&trial).args(["--tables", "diary.visits", "--to-sql", "-"]).run();
    stream.assert_code(17);
    assert!(!stream.stdout.contains("-- sponsor-backup: complete") && !stream.stdout.contains("COMMIT;"));
    let run = at_a_terminal(&trial).args(["--tables", "diary.visits", "--to-sql", "visits.sql"]);
    let outcome = run.run();
    outcome.assert_code(17);
    let left = std::fs::read_dir(&outcome.workspace).unwrap().map(|entry| entry.unwrap().file_name());
    let left: Vec<_> = left.filter(|name| name.to_string_lossy().contains("visits")).collect();
    assert!(left.is_empty(), "{left:?}");
    // Another table's damage is not read.
    spoil("patients");
    let outcome = tables(&trial, &target, "diary.visits").run();
    assert_proven(&outcome, "replaced");
}

#[test]
fn what_cannot_be_restored_is_refused_before_anything() {
    let trial = before_the_accident(&[]);
    let new = Database { name: format!("{}_new", empty().name), ..trial.database("callisto").clone() };
    trial.database("callisto").psql(&format!("ALTER ROLE \"{}\" CREATEDB", new.user));
    let refused = |names: &str| {
        let outcome = tables(&trial, &new, names).run();
        outcome.assert_code(16);
        (message(&outcome), outcome.visible())
    };
    let (told, shown) = refused("diary.vists");
    assert!(
        told.contains("the backup has no table diary.vists") && shown.contains("Did you mean diary.visits"),
        "{shown}"
    );
    assert!(refused("diary.recent").0.contains("diary.recent is a view"));
    assert_eq!(
        trial
            .database("callisto")
            .psql(&format!("SELECT count(*) FROM pg_database WHERE datname = '{}'", new.name)),
        "0"
    );
    let usage = |name: &str, value: &str| tables(&trial, &new, "diary.visits").input(name, value).run();
    usage("replace", "true").assert_code(2);
    usage("into", "pg_mine").assert_code(2);
    usage("jobs", "2").assert_code(2);
    let needless = tables(&trial, &new, "diary.visits").input("to-sql", "a.sql");
    needless.input("confirm", "callisto/diary").run().assert_code(2);
    restore(&trial, &new).input("into", "recovered").run().assert_code(2);
    // A table that is there is named, and its rows stay.
    let target = empty();
    target.psql_as_owner("CREATE SCHEMA diary; CREATE TABLE diary.visits (id int)");
    let before = all_of(&target);
    // It may be a live database: staging's is not known here.
    let outcome = tables(&trial, &target, "diary.visits").run();
    outcome.assert_code(16);
    assert!(message(&outcome).contains("it is unknown whether"), "{}", message(&outcome));
    let tables_of = |names: &str| tables(&trial, &target, names).input("confirm", confirmed(&target));
    let outcome = tables_of("diary.visits").run();
    outcome.assert_code(16);
    assert!(outcome.visible().contains("Set `into` to a new schema"), "{}", outcome.transcript());
    assert_eq!(all_of(&target), before);
    // A table without rows is as good as any, one whose rows were left out is not.
    assert_proven(&tables_of("diary.nothing").run(), "replaced");
    let partial = before_the_accident(&[("exclude-table-data", "diary.visits")]);
    let outcome = tables(&partial, &empty(), "diary.visits").run();
    outcome.assert_code(16);
    assert!(message(&outcome).contains("the backup holds no rows of diary.visits"), "{}", message(&outcome));
}

#[test]
fn another_sponsors_database_takes_no_table() {
    let trial = Trial::of([Sponsor::named("callisto").empty(), Sponsor::named("titan").diary(1, 1)]);
    trial.database("callisto").psql_as_owner(NIGHT);
    trial.run().input("sponsors", "callisto").run().assert_code(0);
    let titan = trial.database("titan");
    let before = all_of(titan);
    let run = tables(&trial, titan, "diary.visits").input("sponsors", "callisto").input("into", "recovered");
    let outcome = run.run();
    outcome.assert_code(16);
    assert!(message(&outcome).contains(&format!("{} is the live database of titan", place(titan))));
    assert_eq!(all_of(titan), before);
    // A failing load leaves nothing behind, and drops a database that it has created.
    let target = empty();
    target.psql("CREATE FUNCTION no() RETURNS event_trigger LANGUAGE plpgsql AS $$BEGIN RAISE 'no'; END$$; CREATE EVENT TRIGGER no ON ddl_command_end EXECUTE FUNCTION no()");
    let outcome = tables(&trial, &target, "diary.visits").input("sponsors", "callisto").run();
    outcome.assert_code(16);
    assert_eq!(outcome.result("callisto")["target"], "unchanged");
    assert_eq!(target.psql("SELECT count(*) FROM pg_namespace WHERE nspname = 'diary'"), "0");
}

/// Every table of every family of features at once, as SQL and into another schema.
#[test]
fn every_kind_of_table_can_be_taken_out() {
    let families: Vec<Family> = Family::of_major(15)
        .into_iter()
        .filter(|family| !["beside", "search", "types"].contains(&family.name))
        .collect();
    let trial = Trial::of(families.iter().map(|family| Sponsor::named(family.name).empty()));
    for family in &families {
        family.load(trial.database(family.name));
    }
    trial.run().run().assert_code(0);
    for family in &families {
        let source = trial.database(family.name);
        let names = source.psql(
            "SELECT string_agg(format('%I.%I', n.nspname, c.relname), ',') FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE c.relkind IN ('r', 'p') AND c.relname <> 'row_of' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
             AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')",
        );
        // A column of a view's row type: no view is restored.
        let mut rows = source.row_counts();
        rows.retain(|name, _| !name.ends_with(".row_of"));
        let target = empty();
        target.psql(&format!("ALTER ROLE \"{}\" SUPERUSER", target.user));
        let outcome = tables(&trial, &target, &names).input("sponsors", family.name).run();
        assert_proven(&outcome, "replaced");
        assert_eq!(target.row_counts(), rows, "{}", family.name);
        let run = trial.wire(Run::terminal()).args([
            "restore",
            "--sponsors",
            family.name,
            "--to-sql",
            "all.sql",
            "--tables",
            &names,
        ]);
        let outcome = run.run();
        outcome.assert_code(0);
        let loaded = empty();
        loaded.script(&std::fs::read_to_string(outcome.workspace.join("all.sql")).unwrap(), &[]);
        assert_eq!(loaded.row_counts(), rows, "{}", family.name);
    }
}
