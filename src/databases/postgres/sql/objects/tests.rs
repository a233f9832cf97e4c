use std::collections::BTreeMap;

use crate::databases::postgres::sql::Scan;

/// Each object as `kind schema name`, with its digest.
fn objects(dump: &str) -> BTreeMap<String, String> {
    let all = Scan::of(dump).objects().unwrap();
    all.into_iter().map(|one| (format!("{} {} {}", one.kind, one.schema, one.name), one.digest)).collect()
}

fn names(dump: &str) -> Vec<String> {
    objects(dump).into_keys().collect()
}

/// The objects that differ if `from` becomes `to`.
fn changed(dump: &str, from: &str, to: &str) -> Vec<String> {
    let (before, after) = (objects(dump), objects(&dump.replacen(from, to, 1)));
    assert_ne!(before, after, "{from} was not found");
    let differs = |name: &&String| before.get(*name) != after.get(*name);
    let mut found: Vec<String> = before.keys().chain(after.keys()).filter(differs).cloned().collect();
    found.sort();
    found.dedup();
    found
}

const DUMP: &str = "SET search_path = '';
ALTER TABLE IF EXISTS ONLY diary.visits DROP CONSTRAINT IF EXISTS visits_pkey;
ALTER TABLE IF EXISTS diary.visits ALTER COLUMN id DROP DEFAULT;
DROP TABLE IF EXISTS diary.visits;
DROP SCHEMA IF EXISTS diary;
CREATE SCHEMA diary;
CREATE EXTENSION IF NOT EXISTS citext WITH SCHEMA public;
COMMENT ON EXTENSION citext IS 'texts';
CREATE TYPE diary.kind AS ENUM ('one');
CREATE DOMAIN diary.positive AS integer CONSTRAINT is_positive CHECK (VALUE > 0);
COMMENT ON CONSTRAINT is_positive ON DOMAIN diary.positive IS 'more than 0';
CREATE FUNCTION diary.total(visit integer DEFAULT 7, VARIADIC more text[] DEFAULT ARRAY['a', 'b'], OUT sum bigint) RETURNS bigint
    LANGUAGE sql AS $$SELECT 1; SELECT 2$$;
CREATE FUNCTION diary.total(double precision, x timestamp with time zone) RETURNS bigint LANGUAGE sql AS 'SELECT 3';
CREATE AGGREGATE diary.middle(double precision ORDER BY anyelement) (SFUNC = f);
CREATE TABLE diary.visits (
    id integer NOT NULL,
    note text DEFAULT 'none'::text,
    CONSTRAINT note_check CHECK (note <> '')
);
COMMENT ON TABLE diary.visits IS 'all of them';
COMMENT ON COLUMN diary.visits.note IS 'a note';
COMMENT ON CONSTRAINT note_check ON diary.visits IS 'not empty';
CREATE SEQUENCE diary.visits_id_seq START WITH 1;
ALTER SEQUENCE diary.visits_id_seq OWNED BY diary.visits.id;
CREATE VIEW diary.recent AS SELECT 8;
CREATE TABLE diary.visits_2026 (id integer);
ALTER TABLE ONLY diary.visits ATTACH PARTITION diary.visits_2026 FOR VALUES FROM (1) TO (2);
ALTER TABLE ONLY diary.visits ALTER COLUMN id SET DEFAULT nextval('diary.visits_id_seq'::regclass);
COPY diary.visits (id, note) FROM stdin;
1\ta
\\.
SELECT pg_catalog.setval('diary.visits_id_seq', 42, true);
ALTER TABLE ONLY diary.visits
    ADD CONSTRAINT visits_pkey PRIMARY KEY (id);
CREATE INDEX by_note ON ONLY diary.visits USING btree (note);
CREATE RULE quiet AS
    ON INSERT TO diary.visits DO INSTEAD NOTHING;
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OF note ON diary.visits FOR EACH ROW EXECUTE FUNCTION diary.refuse();
ALTER TABLE diary.visits DISABLE TRIGGER append_only;
ALTER TABLE diary.visits ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON diary.visits USING (true);
COMMENT ON FUNCTION diary.total(visit integer, VARIADIC more text[], OUT sum bigint) IS 'the sum';
REVOKE ALL ON FUNCTION diary.middle(double precision ORDER BY anyelement) FROM PUBLIC;
GRANT SELECT(note),UPDATE(note) ON TABLE diary.recent TO app;
ALTER DEFAULT PRIVILEGES FOR ROLE app IN SCHEMA diary GRANT SELECT ON TABLES TO reader;
REFRESH MATERIALIZED VIEW diary.m;
";

#[test]
fn every_object_has_its_name() {
    let expected = [
        "aggregate diary middle(double precision ORDER BY anyelement)",
        "constraint diary visits.visits_pkey",
        "default privileges diary app",
        "domain diary positive",
        "extension  citext",
        "function diary total(double precision, timestamp with time zone)",
        "function diary total(integer, text[])",
        "index diary by_note",
        "policy diary visits.own",
        "rule diary visits.quiet",
        "schema  diary",
        "sequence diary visits_id_seq",
        "table diary visits",
        "table diary visits_2026",
        "trigger diary visits.append_only",
        "type diary kind",
        "view diary recent",
    ];
    assert_eq!(names(DUMP), expected);
}

#[test]
fn a_change_belongs_to_one_object() {
    for (from, to, object) in [
        ("note text DEFAULT 'none'", "note text DEFAULT 'some'", "table diary visits"),
        ("'all of them'", "'most of them'", "table diary visits"),
        ("'a note'", "'no note'", "table diary visits"),
        ("'not empty'", "'not void'", "table diary visits"),
        ("nextval('diary.visits_id_seq'", "nextval('diary.other'", "table diary visits"),
        ("ENABLE ROW", "FORCE ROW", "table diary visits"),
        ("TO (2)", "TO (3)", "table diary visits_2026"),
        ("'more than 0'", "'not 0'", "domain diary positive"),
        ("'one'", "'two'", "type diary kind"),
        ("SELECT 2", "SELECT 4", "function diary total(integer, text[])"),
        ("DEFAULT 7", "DEFAULT 8", "function diary total(integer, text[])"),
        ("'the sum'", "'a sum'", "function diary total(integer, text[])"),
        ("SELECT 3", "SELECT 4", "function diary total(double precision, timestamp with time zone)"),
        ("FROM PUBLIC", "FROM app", "aggregate diary middle(double precision ORDER BY anyelement)"),
        ("START WITH 1", "START WITH 2", "sequence diary visits_id_seq"),
        ("OWNED BY diary.visits.id", "OWNED BY diary.visits.no", "sequence diary visits_id_seq"),
        ("SELECT 8", "SELECT 9", "view diary recent"),
        ("TO app", "TO owner", "view diary recent"),
        ("KEY (id)", "KEY (id, note)", "constraint diary visits.visits_pkey"),
        ("btree (note)", "hash (note)", "index diary by_note"),
        ("NOTHING", "SELECT 1", "rule diary visits.quiet"),
        ("DISABLE TRIGGER", "ENABLE ALWAYS TRIGGER", "trigger diary visits.append_only"),
        ("USING (true)", "USING (false)", "policy diary visits.own"),
        ("TO reader", "TO writer", "default privileges diary app"),
        ("'texts'", "'other texts'", "extension  citext"),
    ] {
        assert_eq!(changed(DUMP, from, to), [object], "{from}");
    }
}

#[test]
fn rows_and_values_and_the_order_of_statements_change_no_object() {
    let changes = [
        ("1\ta\n", ""),
        ("42, true", "43, true"),
        ("search_path = ''", "search_path = 'x'"),
        ("VIEW diary.m;", "VIEW diary.n;"),
    ];
    for (from, to) in changes {
        assert_eq!(objects(DUMP), objects(&DUMP.replacen(from, to, 1)), "{from}");
    }
    let swapped = DUMP.replace("CREATE SCHEMA diary;\n", "") + "CREATE SCHEMA diary;\n";
    assert_eq!(objects(DUMP), objects(&swapped));
    let heirs = |columns: &str| format!("CREATE TABLE s.t (\n{columns}\n)\nINHERITS (s.p);\n");
    assert_eq!(objects(&heirs("    a integer,\n    b text")), objects(&heirs("    b text,\n    a integer")));
}

/// Other kinds, and statements that pg_dump does not write today.
#[test]
fn other_kinds_have_names_too() {
    for (statement, name) in [
        ("CREATE UNLOGGED TABLE s.\"t.u\" (a int);", "table s t.u"),
        ("CREATE OR REPLACE VIEW s.v AS SELECT 1;", "view s v"),
        ("CREATE MATERIALIZED VIEW s.m AS SELECT 1;", "materialized view s m"),
        ("CREATE FOREIGN TABLE s.f (a int) SERVER far;", "foreign table s f"),
        (
            "CREATE PROCEDURE s.p(IN a \"char\", INOUT \"B\" s.geometry[]) LANGUAGE sql AS '';",
            "procedure s p(\"char\", s.geometry[])",
        ),
        ("CREATE AGGREGATE s.a(*) (SFUNC = f);", "aggregate s a()"),
        ("CREATE UNIQUE INDEX i ON s.t USING btree (a);", "index s i"),
        ("CREATE STATISTICS s.x ON a, b FROM s.t;", "statistics s x"),
        ("CREATE CONSTRAINT TRIGGER c AFTER INSERT ON s.t EXECUTE FUNCTION f();", "trigger s t.c"),
        ("CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION f();", "event trigger  e"),
        ("CREATE OPERATOR s.=== (FUNCTION = f, LEFTARG = text);", "operator s ==="),
        ("COMMENT ON OPERATOR s.=== (text, NONE) IS 'x';", "operator s ==="),
        (
            "CREATE OPERATOR CLASS s.c DEFAULT FOR TYPE text USING btree AS STORAGE text;",
            "operator class s c",
        ),
        (
            "ALTER OPERATOR FAMILY s.f USING btree ADD FUNCTION 1 (text, text) f(text, text);",
            "operator family s f",
        ),
        ("CREATE CAST (double precision AS s.d) WITH FUNCTION s.f(text);", "cast  double precision AS s.d"),
        (
            "CREATE TRANSFORM FOR s.t LANGUAGE plperl (FROM SQL WITH FUNCTION f(internal));",
            "transform s t.plperl",
        ),
        ("CREATE COLLATION s.c (provider = icu, locale = 'de');", "collation s c"),
        ("CREATE DEFAULT CONVERSION s.c FOR 'LATIN1' TO 'UTF8' FROM f;", "conversion s c"),
        ("CREATE TEXT SEARCH CONFIGURATION s.c (PARSER = p);", "text search configuration s c"),
        ("CREATE FOREIGN DATA WRAPPER w OPTIONS (a 'b');", "foreign data wrapper  w"),
        ("CREATE SERVER far FOREIGN DATA WRAPPER w;", "server  far"),
        ("GRANT USAGE ON FOREIGN SERVER far TO app;", "server  far"),
        ("CREATE USER MAPPING FOR app SERVER far OPTIONS (password 'x');", "user mapping  far.app"),
        ("CREATE PUBLICATION p WITH (publish = 'insert');", "publication  p"),
        ("ALTER PUBLICATION p ADD TABLE ONLY s.t;", "publication  p"),
        ("CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p;", "subscription  s"),
        ("CREATE OR REPLACE PROCEDURAL LANGUAGE plperl;", "language  plperl"),
        ("CREATE ACCESS METHOD heap2 TYPE TABLE HANDLER h;", "access method  heap2"),
        ("ALTER INDEX s.i ATTACH PARTITION s.j;", "index s j"),
        ("SECURITY LABEL FOR x ON TABLE s.t IS 'y';", "table s t"),
        ("ALTER TABLE ONLY s.t ALTER COLUMN a SET STATISTICS 7;", "table s t"),
        ("CREATE PROPERTY GRAPH s.g VERTEX TABLES (s.t);", "statement  CREATE"),
    ] {
        assert_eq!(names(&format!("{statement}\n")), [name], "{statement}");
    }
}

#[test]
fn a_body_is_never_part_of_a_name() {
    let long = "x".repeat(600 << 10);
    let dump = format!(
        "CREATE FUNCTION s.f(a text DEFAULT 'hunter2'::text) RETURNS text LANGUAGE sql AS $$ {long} hunter2 $$;\n"
    );
    assert_eq!(names(&dump), ["function s f(text)"]);
    assert_eq!(changed(&dump, " hunter2 $$", " hunter3 $$"), ["function s f(text)"]);
}

#[test]
fn too_many_objects_are_unknown() {
    let one = |number: usize| format!("CREATE VIEW s.{}{number} AS SELECT 1;\n", "v".repeat(1_000));
    let scan = |count: usize| Scan::of(&(0..count).map(one).collect::<String>());
    assert_eq!(scan(16_000).objects().map(|all| all.len()), Some(16_000));
    assert_eq!(scan(40_000).objects(), None);
}
