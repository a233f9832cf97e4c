//! What users of other tools have reported of theirs, tried on this one. Each test names the reports.

use super::targets::assert_restored;
use super::{all_of, confirmed, empty, message, place, restore};
use crate::support::{Database, Outcome, Run, Sponsor, Trial};

/// A sponsor with this content, backed up.
fn backed_up(sql: &str) -> Trial {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    trial.database("callisto").psql_as_owner(sql);
    trial.run().run().assert_code(0);
    trial
}

fn replacing(trial: &Trial, target: &Database) -> Run {
    restore(trial, target).input("replace", "true").input("confirm", confirmed(target))
}

#[track_caller]
fn assert_same(outcome: &Outcome, trial: &Trial, target: &Database) {
    assert_restored(outcome, trial, target, "equal");
    assert_eq!(trial.database("callisto").portrait(false), target.portrait(false));
}

#[track_caller]
fn assert_drilled(trial: &Trial) {
    let outcome = trial.run().input("command", "drill").run();
    outcome.assert_code(0);
    assert_eq!(outcome.drill_report("callisto")["verdict"], "equal");
}

/// greenplum-db/gpdb#5831, pgplex/pgschema#314, fmguerreiro/pgmold#40: a view is written otherwise as soon as it is made
/// of its own definition, so every comparison of definitions differs for ever.
#[test]
fn views_that_servers_write_anew_are_equal() {
    let trial = backed_up(
        "CREATE TYPE mood AS ENUM ('a', 'b');
         CREATE TABLE visits (id int PRIMARY KEY, n int, kind varchar(9), mood mood, CHECK (n BETWEEN 0 AND 9 AND id > 0));
         INSERT INTO visits VALUES (1, 2, 'x', 'a'), (2, 3, NULL, NULL);
         CREATE VIEW triangles AS SELECT t.* FROM (SELECT 1 AS \"offset\", 'HT' AS triangle UNION SELECT 0 AS \"offset\", 'LT') t;
         CREATE VIEW between AS SELECT * FROM visits WHERE id BETWEEN 1 AND 5 AND n = 2 AND kind IN ('x', 'y');
         CREATE VIEW pairs AS SELECT id FROM visits WHERE (id, n) = (1, 2) AND kind = 'x' OR (id, n) IN ((3, 4), (5, 6), (7, 8)) OR id IN (1, 2, n);
         CREATE VIEW outside AS SELECT id FROM visits WHERE n NOT BETWEEN 3 AND 5 OR (id, n) IS DISTINCT FROM (1, 2) OR id = 7;
         CREATE VIEW constants AS SELECT EXISTS (SELECT -1 FROM visits) AS a, (SELECT -1.5) AS b, ARRAY(SELECT NULL UNION SELECT kind FROM visits) AS c,
           ARRAY(SELECT 'a' UNION SELECT mood FROM visits) AS d, ARRAY(SELECT '{}' UNION ALL SELECT ARRAY[id::bigint] FROM visits) AS e;
         CREATE VIEW chosen AS SELECT CASE WHEN id BETWEEN 1 AND 2 AND n = 1 THEN 1 END AS x, count(*) FILTER (WHERE n BETWEEN 1 AND 2 AND id = 1) OVER () AS y FROM visits;
         CREATE INDEX ON visits (id) WHERE n BETWEEN 1 AND 2 AND kind = 'x';
         CREATE PROCEDURE noted() LANGUAGE sql BEGIN ATOMIC INSERT INTO visits (id, kind) SELECT -1, 'x'; SELECT 'done'; END",
    );
    let target = empty();
    assert_same(&restore(&trial, &target).run(), &trial, &target);
    assert_drilled(&trial);
}

/// xataio/pgroll#450: no default and the default NULL are two things in the catalogue. A partition that was attached lacks the
/// table's default, and after a restore it has the other one of the two.
#[test]
fn attached_partitions_without_defaults_are_equal() {
    let trial = backed_up(
        "CREATE TABLE orders (day date, price numeric(8, 2) DEFAULT 0, kind varchar(9) DEFAULT 'new', at timestamptz(0) DEFAULT now()) PARTITION BY RANGE (day);
         CREATE TABLE orders_2025 (day date, price numeric(8, 2), kind varchar(9), at timestamptz(0));
         ALTER TABLE orders ATTACH PARTITION orders_2025 FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
         INSERT INTO orders_2025 VALUES ('2025-05-05'); INSERT INTO orders VALUES ('2025-05-06')",
    );
    let target = empty();
    assert_same(&restore(&trial, &target).run(), &trial, &target);
    assert_same(&replacing(&trial, &target).run(), &trial, &target);
    assert_drilled(&trial);
}

/// Archmonger/django-dbbackup#245, #467: the target was made by the same migrations, which gave constraints other names.
#[test]
fn constraints_of_other_names_are_replaced() {
    let make = |suffix: &str| {
        format!(
            "CREATE TABLE sites (id int CONSTRAINT sites_pk_{suffix} PRIMARY KEY);
             CREATE TABLE apps (id int PRIMARY KEY, site int CONSTRAINT site_fk_{suffix} REFERENCES sites DEFERRABLE INITIALLY DEFERRED, CONSTRAINT c_{suffix} CHECK (id > 0));
             CREATE INDEX apps_site_{suffix} ON apps (site);"
        )
    };
    let trial = backed_up(
        &(make("2579dee5") + "INSERT INTO sites VALUES (1); INSERT INTO apps VALUES (1, 1), (2, NULL)"),
    );
    let target = empty();
    target.psql_as_owner(&(make("81c3ee7f") + "INSERT INTO sites VALUES (7)"));
    assert_same(&replacing(&trial, &target).run(), &trial, &target);
}

/// Chocobozzz/PeerTube#886, dimitri/pgcopydb#18, #126: the target was migrated on since. What is new there depends on what
/// is to be dropped.
#[test]
fn a_target_that_was_migrated_on_is_replaced() {
    let old =
        "CREATE TABLE videos (id int PRIMARY KEY, name text); CREATE VIEW names AS SELECT name FROM videos;
        CREATE FUNCTION first() RETURNS SETOF videos LANGUAGE sql AS 'SELECT * FROM videos';";
    let trial = backed_up(&format!("{old} INSERT INTO videos VALUES (1, 'one')"));
    let target = empty();
    target.psql_as_owner(&format!(
        "{old} INSERT INTO videos VALUES (2, 'two'); ALTER TABLE videos RENAME name TO title; ALTER TABLE videos ADD channel int;
         CREATE TABLE channels (id int PRIMARY KEY, best int REFERENCES videos, shown videos); ALTER TABLE videos ADD FOREIGN KEY (channel) REFERENCES channels;
         CREATE VIEW over AS SELECT * FROM names, first(); CREATE MATERIALIZED VIEW kept AS SELECT * FROM over;
         CREATE TABLE heirs (more text) INHERITS (videos); CREATE DOMAIN video AS videos;
         CREATE FUNCTION changed() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
         CREATE TRIGGER changed BEFORE INSERT ON videos FOR EACH ROW EXECUTE FUNCTION changed();
         CREATE RULE none AS ON DELETE TO channels DO INSTEAD SELECT * FROM names"
    ));
    assert_same(&replacing(&trial, &target).run(), &trial, &target);
}

/// vectorize-io/hindsight#3841, DeliciousBuding/metapi-go#1217, gogs/gogs#4357: all looks well until the first row is
/// written, whose key is there already.
#[test]
fn a_restored_database_takes_its_next_rows() {
    let trial = backed_up(
        "CREATE TABLE a (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, n int); CREATE TABLE b (id serial PRIMARY KEY, n int);
         CREATE TABLE c (id int GENERATED ALWAYS AS IDENTITY (INCREMENT -5) PRIMARY KEY, n int); CREATE SEQUENCE own START 50; CREATE TABLE d (id int PRIMARY KEY DEFAULT nextval('own'), n int);
         INSERT INTO a (n) SELECT generate_series(1, 337); INSERT INTO b (n) SELECT generate_series(1, 9); INSERT INTO c (n) VALUES (1), (2); INSERT INTO d (n) VALUES (1)",
    );
    let target = empty();
    for run in [restore, replacing] {
        assert_same(&run(&trial, &target).run(), &trial, &target);
        let next = "WITH x AS (INSERT INTO a (n) VALUES (0) RETURNING id), y AS (INSERT INTO b (n) VALUES (0) RETURNING id),
            z AS (INSERT INTO c (n) VALUES (0) RETURNING id), w AS (INSERT INTO d (n) VALUES (0) RETURNING id)
            SELECT x.id, y.id, z.id, w.id FROM x, y, z, w";
        assert_eq!(target.psql_as_owner(next).lines().last(), Some("338|10|-11|51"));
    }
}

/// dimitri/pgcopydb#264, PnX-SI/GeoNature#348, sbdchd/squawk#1228: a check asks another table, whose rows come later. No
/// dump of it can be loaded; the drill says so as long as the database is still there, and which check it is.
#[test]
fn a_check_that_asks_another_table_is_named() {
    let trial = backed_up(
        "CREATE TABLE words (word text PRIMARY KEY);
         CREATE FUNCTION is_a_word(text) RETURNS bool LANGUAGE sql STABLE AS 'SELECT EXISTS (SELECT FROM public.words WHERE word = $1)';
         CREATE TABLE data (id int, word text CONSTRAINT known_word CHECK (is_a_word(word)));
         INSERT INTO words VALUES ('topsecret'); INSERT INTO data VALUES (1, 'topsecret')",
    );
    let target = empty();
    let before = all_of(&target);
    let outcome = restore(&trial, &target).run();
    outcome.assert_code(16);
    let told = message(&outcome);
    assert!(told.contains(&place(&target)) && told.contains("data") && told.contains("known_word"), "{told}");
    assert!(!outcome.visible().contains("topsecret"), "{}", outcome.transcript());
    assert_eq!(all_of(&target), before);
    let drill = trial.run().input("command", "drill").run();
    drill.assert_code(16);
    assert!(drill.visible().contains("known_word") && !drill.visible().contains("topsecret"));
}

/// Archmonger/django-dbbackup#510: numbers of the target became identities since; in the backup they are defaults.
#[test]
fn identities_where_the_backup_has_serials_are_replaced() {
    let trial = backed_up(
        "CREATE TABLE a (id serial PRIMARY KEY, n int); CREATE TABLE b (id int GENERATED ALWAYS AS IDENTITY, n bigserial); INSERT INTO a (n) VALUES (1), (2); INSERT INTO b DEFAULT VALUES",
    );
    let target = empty();
    target.psql_as_owner("CREATE TABLE a (id int GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, n int); CREATE TABLE b (id serial, n bigint GENERATED ALWAYS AS IDENTITY)");
    assert_same(&replacing(&trial, &target).run(), &trial, &target);
}

/// supabase/cli#4862: default privileges of the target give others rights on what is restored. A backup with privileges is
/// about rights, so that is a difference.
#[test]
fn rights_that_the_target_adds_are_a_difference() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    trial.database("callisto").psql_as_owner("CREATE TABLE a (id int); INSERT INTO a VALUES (1)");
    trial.run().input("include-privileges", "true").run().assert_code(0);
    let target = empty();
    target.psql(&format!("ALTER ROLE \"{}\" SUPERUSER", target.user));
    target.psql_as_owner("ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO PUBLIC");
    let outcome = restore(&trial, &target).run();
    outcome.assert_code(17);
    assert!(message(&outcome).contains("GRANT ALL ON TABLE public.a TO PUBLIC"), "{}", message(&outcome));
}
