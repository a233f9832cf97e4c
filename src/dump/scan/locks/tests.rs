use super::of;

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
        assert_eq!(of(statement.as_bytes()), locks, "{statement}");
    }
}
