use super::*;

#[test]
fn roles_are_found_wherever_a_dump_names_them() {
    for (statement, expected) in [
        (
            "CREATE POLICY p ON diary.t FOR SELECT TO authenticated, \"Ops, 2\" USING ((owner = CURRENT_USER));",
            "Ops, 2 authenticated",
        ),
        ("CREATE POLICY p ON diary.t USING (true);", ""),
        ("CREATE POLICY \"to\" ON diary.t TO PUBLIC WITH CHECK (true);", ""),
        ("GRANT SELECT,INSERT(a) ON TABLE diary.\"to x\" TO app WITH GRANT OPTION;", "app"),
        ("GRANT USAGE ON SCHEMA diary TO service_role;", "service_role"),
        ("REVOKE ALL ON SCHEMA public FROM PUBLIC;", ""),
        ("REVOKE ALL ON TABLE t FROM old_app CASCADE;", "old_app"),
        (
            "ALTER DEFAULT PRIVILEGES FOR ROLE maker IN SCHEMA diary GRANT SELECT ON TABLES  TO reader;",
            "maker reader",
        ),
        ("ALTER TABLE diary.t OWNER TO app;", "app"),
        ("CREATE USER MAPPING FOR app SERVER s OPTIONS (\"user\" 'x');", "app"),
        ("ALTER TABLE ONLY diary.t ALTER COLUMN a SET DEFAULT 1;", ""),
    ] {
        let mut needs = Needs::default();
        needs.learn(statement.as_bytes());
        let found: Vec<String> = needs.roles.into_iter().collect();
        assert_eq!(found.join(" "), expected, "{statement}");
    }
}

#[test]
fn a_role_of_a_name_that_is_not_utf8_is_found() {
    let mut needs = Needs::default();
    needs.learn(b"ALTER TABLE public.t OWNER TO \"ren\xe9\";");
    assert_eq!(needs.roles.into_iter().collect::<Vec<_>>(), ["rené"]);
}

#[test]
fn extensions_encoding_and_settings_are_found() {
    let mut needs = Needs::default();
    for statement in [
        "SET client_encoding = 'LATIN1';",
        "SET transaction_timeout = 0;",
        "CREATE EXTENSION IF NOT EXISTS \"uuid-ossp\" WITH SCHEMA extensions;",
        "CREATE EXTENSION citext;",
        "CREATE SCHEMA \"Odd schema\";",
        "COMMENT ON EXTENSION other IS 'CREATE EXTENSION no;';",
        "CREATE EVENT TRIGGER audit ON login\n   EXECUTE FUNCTION public.audit();",
    ] {
        needs.learn(statement.as_bytes());
    }
    assert_eq!(needs.encoding.as_deref(), Some("LATIN1"));
    assert_eq!((needs.server_major, needs.reacts_to_logins), (17, true));
    assert_eq!(needs.extensions.into_iter().collect::<Vec<_>>(), ["citext", "uuid-ossp"]);
}

#[test]
fn relations_are_counted() {
    for (statement, locks) in [
        ("CREATE TABLE s.t (\n    id integer NOT NULL,\n    at timestamp without time zone\n);", 1),
        ("CREATE TABLE s.t (\n    id integer,\n    note text DEFAULT 'x'::text\n);", 3),
        ("CREATE UNLOGGED TABLE s.t (\n    \"text\" character varying(50),\n    b bytea\n);", 3),
        ("CREATE TABLE s.t (\n    text integer,\n    b character varying(50)\n);", 1),
        ("CREATE TABLE s.t (\n    b character varying NOT NULL\n);", 3),
        (
            "CREATE TABLE s.t (\n    n integer,\n    CONSTRAINT c CHECK ((n > length('a, b text'::text)))\n);",
            1,
        ),
        ("CREATE TABLE s.t (\n    note text\n)\nPARTITION BY RANGE (note);", 1),
        ("CREATE UNIQUE INDEX i ON s.t USING btree (a);", 1),
        ("ALTER TABLE ONLY s.t\n    ADD CONSTRAINT k PRIMARY KEY (id);", 1),
        ("ALTER TABLE ONLY s.t\n    ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES s.u(id);", 0),
        ("ALTER TABLE s.t ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (\n    SEQUENCE NAME s.q\n);", 1),
        ("CREATE TYPE s.pair AS (\n\ta integer\n);", 1),
        ("CREATE TYPE s.mood AS ENUM (\n    'a'\n);", 0),
        ("CREATE VIEW s.v AS\n SELECT 1;", 1),
        ("CREATE OR REPLACE VIEW s.v AS\n SELECT 1;", 0),
        ("COPY s.t (a) FROM stdin;", 0),
        ("DROP TABLE IF EXISTS s.t;", 0),
    ] {
        assert_eq!(count_locks(statement.as_bytes()), locks, "{statement}");
    }
}
