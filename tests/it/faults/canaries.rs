//! Rows and secrets of a database never appear in any output, whatever a server reports and whatever a statement
//! contains.

use crate::support::{Action, Cluster, Database, GitHub, Outcome, Proxy, Run, Sponsor, Trial, tools};

/// Example content of a patient's row, and the parts that appear only in that row.
const ROW: &str = "Zoe Canary 1979-03-02 HIV";
const KEY: &str = "sk_live_canary";

/// One code of every SQLSTATE class in PostgreSQL (PostgreSQL documentation, "Error Codes"), and one unknown code.
const CODES: [&str; 43] = [
    "01000", "02000", "03000", "08000", "09000", "0A000", "0B000", "0F000", "0L000", "0P000", "0Z000",
    "20000", "21000", "22000", "23000", "24000", "25000", "26000", "27000", "28000", "2B000", "2D000",
    "2F000", "34000", "38000", "39000", "3B000", "3D000", "3F000", "40000", "42000", "44000", "53000",
    "54000", "55000", "57000", "58000", "72000", "F0000", "HV000", "P0001", "XX000", "ZOE42",
];

/// Errors that imitate PostgreSQL's own messages, and one that imitates a line of psql.
const IMITATIONS: [(&str, &str); 8] = [
    ("42P01", "relation \"%\" does not exist"),
    ("42501", "permission denied for table %"),
    ("42883", "function patients(%) does not exist"),
    ("28P01", "password authentication failed for user \"%\""),
    ("23514", "new row for relation \"patients\" violates check constraint \"%\""),
    ("22P02", "invalid input syntax for type integer: \"%\""),
    ("P0001", "first\npsql:<stdin>:1: ERROR:  42P01: relation \"%\" does not exist"),
    ("42704", "% \"patients\" does not exist"),
];

/// Adds a check that does nothing in the source. Elsewhere it raises the error that the role's settings define, with
/// the row in every field.
fn raising(trial: &Trial) {
    let source = trial.database("callisto");
    source.psql_as_owner(&format!(
        "CREATE FUNCTION plausible(row_text text) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN
           IF current_database() = '{}' THEN RETURN true; END IF;
           RAISE EXCEPTION USING ERRCODE = coalesce(current_setting('canary.code', true), 'P0001'),
             MESSAGE = replace(coalesce(current_setting('canary.words', true), 'not plausible: %'), '%', row_text),
             DETAIL = row_text, HINT = row_text, COLUMN = row_text, CONSTRAINT = row_text, DATATYPE = row_text,
             TABLE = row_text, SCHEMA = row_text;
         END $$;
         CREATE TABLE patients (name text CHECK (plausible(name))); INSERT INTO patients VALUES ('{ROW}')",
        source.name
    ));
    trial.run().run().assert_code(0);
}

fn raises(target: &Database, code: &str, words: &str) {
    let words = words.replace('\n', "' || E'\\n' || '");
    target.psql(&format!(
        "DO $$ BEGIN EXECUTE format('ALTER ROLE %I SET canary.code = %L', '{0}', '{code}');
           EXECUTE format('ALTER ROLE %I SET canary.words = %L', '{0}', '{words}'); END $$",
        target.user
    ));
}

/// All output of a run, including the objects in the log bucket.
fn seen(trial: &Trial, outcome: &Outcome) -> String {
    let (store, bucket) = (&trial.store, trial.log_bucket("callisto"));
    let objects = store.keys_in(bucket).into_iter().map(|key| store.get(bucket, &key));
    let objects: String = objects.map(|object| String::from_utf8_lossy(&object).into_owned()).collect();
    format!("{}{}{objects}", outcome.transcript(), outcome.everything())
}

#[track_caller]
fn assert_no_row(what: &str, seen: &str) {
    for part in ["Zoe", "Canary", "1979-03-02", "HIV"] {
        assert!(!seen.contains(part), "{what}: {part} is seen in {seen}");
    }
}

fn into(trial: &Trial, command: &str, target: &Database) -> Run {
    trial.run().input("command", command).env("TARGET_DATABASE_URL", target.url())
}

/// - fault: A function of the sponsor raises an error with a patient's row in every field
/// - injected: A check that raises an error of every SQLSTATE class while rows are loaded, and errors that imitate
///   PostgreSQL's own messages, for `restore` and `drill`
/// - seen: The statement's kind and name, and the error's code. Exit code 16
/// - left: No row in logs, annotations, outputs, summary, records and reports. The target is unchanged
#[test]
fn whatever_class_of_error_is_raised_no_row_is_shown() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    raising(&trial);
    let target = Cluster::shared().database("target");
    target.psql(&format!("ALTER ROLE \"{}\" CREATEDB", target.user));
    let plain = CODES.into_iter().map(|code| (code, "not plausible: %"));
    for (at, (code, words)) in plain.chain(IMITATIONS).enumerate() {
        raises(&target, code, words);
        // A drill takes longer and handles errors in the same way, so only every eighth code uses it.
        let command = if at % 8 == 0 { "drill" } else { "restore" };
        let outcome = into(&trial, command, &target).run();
        outcome.assert_code(16);
        let what = format!("{command}: {code} {words}");
        assert_no_row(&what, &seen(&trial, &outcome));
        let message = outcome.result("callisto")["message"].as_str().unwrap().to_owned();
        assert!(message.contains("COPY public.patients"), "{what}: {message}");
        assert!(message.contains(&format!("({code})")) || code == "ZOE42", "{what}: {message}");
    }
    assert_eq!(target.row_counts().len(), 0);
}

/// - fault: A statement that the run can skip raises an error with a row in it
/// - injected: The same check, with the error code for a missing type, for `restore` and `drill` with
///   `skip-missing-extensions`
/// - seen: What was left out, by kind, name and code
/// - left: No row in logs, summary, report and the opened issue
#[test]
fn what_is_left_out_shows_no_row() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    trial.database("callisto").psql_as_owner("CREATE EXTENSION citext; CREATE TABLE notes (note citext)");
    raising(&trial);
    let target = Cluster::of_major(16).database("target");
    target.psql(&format!("ALTER ROLE \"{}\" CREATEDB", target.user));
    let github = GitHub::start();
    for (code, words) in [("42704", "type \"%\" does not exist"), ("0A000", "%"), ("P0001", "%")] {
        for command in ["drill", "restore"] {
            raises(&target, code, words);
            let run = into(&trial, command, &target).path(&tools::wheel_bin_dir(16));
            let run = run.env("GITHUB_API_URL", github.url()).input("github-token", &github.token);
            let run = run.input("skip-missing-extensions", "true").input("issue-on-failure", "true");
            let outcome = run.run();
            let what = format!("{command}: {code}");
            assert_ne!(outcome.code, Some(0), "{what}: {}", outcome.transcript());
            let issues = format!("{:?}{:?}", github.issues(), github.comments(1));
            assert_no_row(&what, &format!("{}{issues}", seen(&trial, &outcome)));
            assert!(
                outcome.everything().contains("COPY public.patients"),
                "{what}: {}",
                outcome.transcript()
            );
            target.psql("DROP TABLE IF EXISTS patients; DROP FUNCTION IF EXISTS plausible");
        }
    }
}

/// - fault: The sponsor's database raises an error with a row in it at every login
/// - injected: A login event trigger of PostgreSQL 18
/// - seen: A note that the error is not shown, and where to find it. Exit code 13
/// - left: No row in logs, outputs, summary and record
#[test]
fn what_is_raised_at_login_is_not_shown() {
    let cluster = Cluster::of_major(18);
    let trial = Trial::plan([Sponsor::named("callisto").empty()]).cluster(cluster).start();
    trial.database("callisto").psql(&format!(
        "CREATE FUNCTION greets() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
           IF session_user <> 'postgres' THEN RAISE 'permission denied for table {ROW}' USING HINT = '{ROW}'; END IF; END $$;
         CREATE EVENT TRIGGER greets ON login EXECUTE FUNCTION greets()"
    ));
    let outcome = trial.run().path(cluster.bin_dir()).run();
    outcome.assert_code(13);
    assert_no_row("backup", &seen(&trial, &outcome));
}

/// - fault: S3 quotes a password of seven letters
/// - injected: 403 for the dump, with the password alone, in quotes and in a URL
/// - seen: The failure with `***` instead of the password. Exit code 14
/// - left: No password in logs, outputs, summary and records
#[test]
fn the_shortest_password_is_not_shown_in_foreign_words() {
    let trial = Trial::of([Sponsor::named("callisto").password("hunter7").diary(2, 5)]);
    let proxy = Proxy::before(trial.store.endpoint());
    proxy.rule(|seen| match seen.method.as_str() {
        "PUT" | "POST" => {
            let words = "denied hunter7, 'hunter7' and postgresql://app:hunter7@db/app";
            Action::Status(403, format!("<Error><Code>AccessDenied</Code><Message>{words}</Message></Error>"))
        }
        _ => Action::Pass,
    });
    let outcome = trial.run().input("s3-endpoint-url", proxy.endpoint()).run();
    assert_ne!(outcome.code, Some(0));
    let printed = format!("{}{}", outcome.stdout, outcome.stderr);
    let printed: String = printed.lines().filter(|line| !line.starts_with("::add-mask::")).collect();
    let message = outcome.result("callisto")["message"].as_str().unwrap().to_owned();
    assert!(message.contains("denied ***, '***' and postgresql://app:***@db/app"), "{message}");
    for seen in [printed, outcome.everything()] {
        assert!(!seen.contains("hunter7"), "{seen}");
        assert!(!seen.contains(['\u{2068}', '\u{2069}']), "{seen}");
    }
}

/// Objects of every kind that pg_dump writes and that need an extension. Each contains a key.
const EVERY_KIND: &str = "
CREATE EXTENSION citext;
CREATE TYPE grade AS (a citext);
CREATE DOMAIN graded AS citext DEFAULT 'KEY' CONSTRAINT fine CHECK (VALUE <> 'KEY');
CREATE TYPE span AS RANGE (subtype = citext);
CREATE TABLE hub (a citext DEFAULT 'KEY', b text GENERATED ALWAYS AS ('KEY' || a::text) STORED, c text, CONSTRAINT plain CHECK (a <> 'KEY'));
CREATE TABLE parts (a citext) PARTITION BY LIST (a);
CREATE TABLE part PARTITION OF parts FOR VALUES IN ('KEY');
CREATE VIEW seen AS SELECT 'KEY'::text AS key, a FROM hub;
CREATE MATERIALIZED VIEW kept AS SELECT 'KEY'::text AS key, a FROM hub;
CREATE FUNCTION plpg(a citext DEFAULT 'KEY') RETURNS text LANGUAGE plpgsql SET canary.key = 'KEY' AS $$ BEGIN RETURN 'KEY'; END $$;
CREATE FUNCTION atomic(a citext) RETURNS text LANGUAGE sql BEGIN ATOMIC SELECT 'KEY'::text; END;
CREATE PROCEDURE done(a citext) LANGUAGE sql AS $$ SELECT 'KEY' $$;
CREATE AGGREGATE joined(citext) (SFUNC = citext_larger, STYPE = citext, INITCOND = 'KEY');
CREATE INDEX by_key ON hub ((a || 'KEY')) WHERE a <> 'KEY';
CREATE STATISTICS stats ON (a || 'KEY'), a FROM hub;
CREATE POLICY own ON hub USING (a = 'KEY');
ALTER TABLE hub ENABLE ROW LEVEL SECURITY;
CREATE RULE quiet AS ON DELETE TO hub WHERE old.a = 'KEY' DO INSTEAD NOTHING;
CREATE FUNCTION fires() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;
CREATE TRIGGER fired BEFORE INSERT ON hub FOR EACH ROW WHEN (new.a = 'KEY') EXECUTE FUNCTION fires('KEY');
CREATE OPERATOR === (FUNCTION = citext_eq, LEFTARG = citext, RIGHTARG = citext);
CREATE CAST (grade AS citext) WITH INOUT;
COMMENT ON TABLE hub IS 'KEY';
COMMENT ON COLUMN hub.a IS 'KEY';
COMMENT ON FUNCTION plpg(citext) IS 'KEY';
ALTER TABLE hub ALTER COLUMN a SET STORAGE EXTERNAL;
INSERT INTO hub VALUES ('KEY 2'), ('KEY 3');
CREATE PUBLICATION told FOR TABLE hub (c) WHERE (c <> 'KEY');
";

/// Objects that any server can create. Each contains a key. A drill reports them by name if they are missing.
const MORE_KINDS: &str = "
CREATE TYPE colour AS ENUM ('KEY');
CREATE TABLE hub (a text DEFAULT 'KEY');
COMMENT ON TABLE hub IS 'KEY';
CREATE VIEW seen AS SELECT 'KEY'::text AS key;
CREATE FUNCTION notify(a text DEFAULT 'KEY') RETURNS text LANGUAGE sql AS $$ SELECT 'apikey KEY' $$;
CREATE FUNCTION checked() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM 'KEY'; END $$;
CREATE EVENT TRIGGER told ON ddl_command_end WHEN TAG IN ('CREATE TEXT SEARCH PARSER') EXECUTE FUNCTION checked();
CREATE TEXT SEARCH DICTIONARY words (TEMPLATE = synonym, synonyms = synonym_sample);
COMMENT ON TEXT SEARCH DICTIONARY words IS 'KEY';
CREATE COLLATION sorted (provider = icu, locale = 'und');
COMMENT ON COLLATION sorted IS 'KEY';
CREATE FOREIGN DATA WRAPPER wrapped OPTIONS (key 'KEY');
CREATE SERVER far TYPE 'KEY' VERSION 'KEY' FOREIGN DATA WRAPPER wrapped OPTIONS (host 'KEY');
CREATE USER MAPPING FOR PUBLIC SERVER far OPTIONS (password 'KEY');
CREATE SUBSCRIPTION heard CONNECTION 'host=nowhere password=KEY' PUBLICATION p WITH (connect = false, slot_name = 'x', enabled = false);
";

#[track_caller]
fn assert_no_key(seen: &str) {
    assert!(!seen.contains(KEY), "{KEY} is seen in {seen}");
}

/// - fault: A database's definitions contain passwords and keys, and the run skips those that need a missing extension
/// - injected: Literals in definitions of every kind, with a drill and a restore on a server without the extension
/// - seen: What was left out, by kind and name
/// - left: No literal in logs, outputs, summary and reports
#[test]
fn statements_that_are_left_out_show_no_literal() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    let source = trial.database("callisto");
    source.psql(&EVERY_KIND.replace("KEY", KEY));
    source.psql(&format!("ALTER ROLE \"{}\" SUPERUSER", source.user));
    trial.run().run().assert_code(0);
    let target = Cluster::of_major(16).database("target");
    target.psql(&format!("ALTER ROLE \"{}\" CREATEDB SUPERUSER", target.user));
    for command in ["drill", "restore"] {
        let run = into(&trial, command, &target).path(&tools::wheel_bin_dir(16));
        let outcome = run.input("skip-missing-extensions", "true").run();
        let seen = seen(&trial, &outcome);
        assert_no_key(&seen);
        for named in [
            "CREATE TYPE public.grade",
            "CREATE DOMAIN public.graded",
            "CREATE TYPE public.span",
            "CREATE TABLE public.hub",
            "CREATE TABLE public.part",
            "CREATE VIEW public.seen",
            "CREATE MATERIALIZED VIEW public.kept",
            "CREATE FUNCTION public.plpg(a public.citext)",
            "CREATE FUNCTION public.atomic(a public.citext)",
            "CREATE PROCEDURE public.done(IN a public.citext)",
            "CREATE AGGREGATE public.joined(public.citext)",
            "CREATE INDEX by_key ON public.hub",
            "CREATE STATISTICS public.stats",
            "CREATE POLICY own ON public.hub",
            "CREATE RULE quiet TO public.hub",
            "CREATE TRIGGER fired ON public.hub",
            "CREATE OPERATOR public.===",
            "CREATE CAST (public.grade AS public.citext)",
            "COMMENT ON COLUMN public.hub.a",
            "COPY public.hub",
            "ALTER PUBLICATION told ADD TABLE ONLY public.hub",
        ] {
            // A restore's summary names only some of them.
            assert!(command == "restore" || seen.contains(named), "{named} is not in {seen}");
        }
    }
}

/// - fault: A restored database lacks objects whose definitions contain passwords and keys
/// - injected: Every object is dropped between load and comparison
/// - seen: What is missing, by kind and name. Exit code 17
/// - left: No literal in logs, outputs, summary, report and issue
#[test]
fn statements_that_differ_show_no_literal() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    let source = trial.database("callisto");
    source.psql(&MORE_KINDS.replace("KEY", KEY));
    // Other roles cannot see subscriptions or the options of user mappings.
    source.psql(&format!("ALTER ROLE \"{}\" SUPERUSER", source.user));
    let backup = trial.run().run();
    backup.assert_code(0);
    assert_no_key(&seen(&trial, &backup));
    for (sql, named) in [
        (
            "DROP EVENT TRIGGER told; DROP SCHEMA public CASCADE; CREATE SCHEMA public; DROP FOREIGN DATA WRAPPER wrapped CASCADE",
            "missing from the restored database: CREATE SERVER far",
        ),
        (
            "CREATE OR REPLACE FUNCTION notify(a text DEFAULT 'other_canary') RETURNS text LANGUAGE sql AS 'SELECT 1::text'",
            "statement differs: CREATE FUNCTION public.notify(a text)",
        ),
        (
            "CREATE OR REPLACE VIEW seen AS SELECT 'other_canary'::text AS key",
            "statement differs: CREATE VIEW public.seen",
        ),
    ] {
        let programs = tampering(sql);
        let github = GitHub::start();
        let run =
            trial.run().input("command", "drill").path(programs.path()).input("issue-on-failure", "true");
        let outcome = run.env("GITHUB_API_URL", github.url()).input("github-token", &github.token).run();
        outcome.assert_code(17);
        let seen = format!("{}{:?}", seen(&trial, &outcome), github.issues());
        assert_no_key(&seen);
        assert!(!seen.contains("other_canary"), "{seen}");
        assert!(seen.contains(named), "{named} is not in {seen}");
    }
}

/// The distribution's programs. Its pg_dump changes the database before it reads from a temporary server.
fn tampering(sql: &str) -> tempfile::TempDir {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let folder = tools::open_folder("programs");
    let real = |name: &str| Cluster::shared().bin_dir().join(name);
    for name in ["initdb", "postgres", "psql"] {
        symlink(real(name), folder.path().join(name)).unwrap();
    }
    let (pg_dump, psql) = (real("pg_dump").display().to_string(), real("psql").display().to_string());
    let sql = sql.replace('\'', "'\\''");
    let path = folder.path().join("pg_dump");
    let script = format!(
        "#!/bin/sh\nif [ \"$1\" != --version ]; then {psql} -Xqv ON_ERROR_STOP=1 -o /dev/null -c '{sql}'; fi\nexec {pg_dump} \"$@\"\n"
    );
    std::fs::write(&path, script).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    folder
}
