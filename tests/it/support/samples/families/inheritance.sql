-- Inheritance: parents and children that have gone their own ways: psql -v owner=…
\set ON_ERROR_STOP on
SET client_min_messages = error;
SET ROLE :"owner";
BEGIN;
CREATE SCHEMA kin;
CREATE SCHEMA "Kin 2";
SET search_path = kin;
CREATE TABLE things (
  id int NOT NULL DEFAULT 1, name text DEFAULT 'thing', made timestamptz(0) DEFAULT '2024-02-29 12:00:00+00', tags text[] DEFAULT '{}',
  CONSTRAINT "name; there" CHECK (name <> ''), CONSTRAINT parents_only CHECK (id < 100) NO INHERIT
);
CREATE TABLE priced (price numeric(9, 2) DEFAULT 1.5 CHECK (price > -10), name text NOT NULL, CONSTRAINT of_both CHECK (length(name) < 90));
-- Merged from both, from one and its own, and changed since.
CREATE TABLE wares (CONSTRAINT of_both CHECK (length(name) < 90), name text DEFAULT 'ware', weight real, made timestamptz(0)) INHERITS (things, priced);
CREATE TABLE toys (age int2 DEFAULT -1, price numeric(9, 2) DEFAULT 0) INHERITS (wares) WITH (fillfactor = 33);
CREATE TABLE "Kin 2".toys (price numeric(9, 2) DEFAULT 2, extra jsonb DEFAULT '{"a": "b\\"}') INHERITS (toys, priced);
ALTER TABLE things ADD COLUMN late text COLLATE "C" DEFAULT E'late\\', ADD CONSTRAINT later CHECK (late IS NULL OR late IN ('x', E'late\\', 'y')) NOT VALID;
ALTER TABLE things VALIDATE CONSTRAINT later;
ALTER TABLE ONLY wares ALTER late DROP DEFAULT, ALTER id SET DEFAULT 77, ALTER price DROP DEFAULT;
ALTER TABLE ONLY toys ALTER late SET DEFAULT 'y', ALTER age SET STATISTICS 0;
ALTER TABLE "Kin 2".toys ALTER late SET STORAGE EXTERNAL;
ALTER TABLE priced ADD CONSTRAINT not_yet CHECK (price < 1000) NOT VALID;
-- Adopted: what the child had before is its own, and a parent that was left leaves its columns behind.
CREATE TABLE foundlings (
  late text COLLATE "C", tags text[], note text DEFAULT 'own', made timestamptz(0), gone int, name text, id int NOT NULL,
  CONSTRAINT "name; there" CHECK (name <> ''), CONSTRAINT later CHECK (late IS NULL OR late IN ('x', E'late\\', 'y')), CONSTRAINT own CHECK (id > -5)
);
ALTER TABLE foundlings DROP COLUMN gone, INHERIT things;
CREATE TABLE left_home () INHERITS (things);
ALTER TABLE left_home NO INHERIT things, ADD PRIMARY KEY (id);
CREATE TABLE half_home (more text) INHERITS (things, priced);
ALTER TABLE half_home NO INHERIT priced;
-- A column that only the parent drops stays with the child that had it, too; so does a renamed one.
CREATE TABLE dropped (a int, b int, c int);
CREATE TABLE keeps (b int, d int DEFAULT 4) INHERITS (dropped);
ALTER TABLE ONLY dropped DROP COLUMN c;
ALTER TABLE dropped DROP COLUMN b, ADD COLUMN "E" int DEFAULT 5, ADD COLUMN late_one varchar(5) DEFAULT 'late';
ALTER TABLE dropped RENAME a TO "A ""a""";
-- What is generated is so in parent and child, each in its way.
CREATE TABLE sums (a int, b int, total int GENERATED ALWAYS AS (a + b) STORED, label text);
CREATE TABLE sums_own (total int GENERATED ALWAYS AS (a + b) STORED, a int, b int, label text);
ALTER TABLE sums_own INHERIT sums;
CREATE TABLE sums_same (c int) INHERITS (sums);
CREATE TABLE diamond () INHERITS (sums_same, sums);
-- Identities, keys, indexes, rules, triggers and policies do not go down.
CREATE TABLE keyed (id int GENERATED ALWAYS AS IDENTITY (START -3 MINVALUE -3 INCREMENT 5) PRIMARY KEY, partner int REFERENCES keyed, note text UNIQUE) ;
CREATE TABLE keyed_child (CONSTRAINT child_key PRIMARY KEY (id), CONSTRAINT to_parent FOREIGN KEY (partner) REFERENCES keyed ON DELETE SET DEFAULT) INHERITS (keyed);
CREATE FUNCTION kin_noted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE TRIGGER for_parent AFTER INSERT ON keyed EXECUTE FUNCTION kin_noted();
CREATE TRIGGER for_parent AFTER DELETE ON keyed_child EXECUTE FUNCTION kin_noted('child');
CREATE RULE not_deleted AS ON DELETE TO keyed_child WHERE OLD.note IN ('keep', 'it''s') DO INSTEAD NOTHING;
CREATE TYPE shape AS (a int, b text COLLATE "C");
CREATE TABLE shaped OF shape (a WITH OPTIONS DEFAULT 3 PRIMARY KEY, CONSTRAINT b_there CHECK (b IS NOT NULL) NO INHERIT);
CREATE TABLE shaped_child (c shape[] DEFAULT ARRAY[ROW(1, 'x,")')::shape]) INHERITS (shaped);

INSERT INTO things (name, tags) VALUES ('one', ARRAY['a,b', NULL, 'NULL', '']), (NULL, '[0:1]={x,y}'), (E'\\N', NULL), (E'\\.', '{}');
INSERT INTO priced VALUES (NULL, 'bare'), (-9.99, E'tab\tand\nline');
INSERT INTO wares (name, weight, late) VALUES ('w', 'NaN', NULL), (E'é\u0301', '-0', 'x'), ('w3', 1e-45, 'y');
INSERT INTO toys (weight) VALUES (1), (2);
INSERT INTO "Kin 2".toys (weight, name, age) VALUES (0.1, E'\\', NULL), (3.4028235e38, 'last', -32768);
INSERT INTO foundlings (id, name) VALUES (-4, 'f'), (5, E'''"');
INSERT INTO left_home (id, name) VALUES (1, 'l'), (2, NULL);
INSERT INTO half_home (name, more) VALUES ('h', '1'), ('i', E'\r\n');
INSERT INTO dropped VALUES (1, 2, 'x'), (NULL, NULL, NULL);
INSERT INTO keeps ("A ""a""", b) VALUES (10, 20), (NULL, NULL);
INSERT INTO sums (a, b) VALUES (1, 2), (NULL, 3);
INSERT INTO sums_own (a, b) VALUES (3, 4);
INSERT INTO sums_same (a, b, c) VALUES (5, 6, 7);
INSERT INTO diamond (a, b, label) VALUES (8, 9, 'd');
INSERT INTO keyed (partner, note) VALUES (NULL, 'first'), (-3, 'second'), (2, NULL);
INSERT INTO keyed_child VALUES (500, 2, 'keep');
INSERT INTO shaped (b) VALUES ('x');
INSERT INTO shaped_child (a, b) VALUES (1, NULL), (2, '');
CREATE VIEW alone AS SELECT t.id, t.name, p.price FROM ONLY things t LEFT JOIN priced p USING (name);
CREATE VIEW families AS SELECT tableoid::regclass AS of, id, name FROM things WHERE (things.*) IS NOT NULL OR id IN (1, 77);
CREATE MATERIALIZED VIEW counted AS SELECT (SELECT relname FROM pg_class WHERE oid = t.tableoid) AS of, count(*) AS n FROM things t GROUP BY 1;
COMMENT ON COLUMN wares.late IS 'the child''s; own';
COMMENT ON CONSTRAINT "name; there" ON foundlings IS 'was; there before';
COMMENT ON TABLE diamond IS E'twice\\the same';
COMMIT;
