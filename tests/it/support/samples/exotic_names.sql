-- Names that need care wherever a dump is read: psql -v owner=…
\set ON_ERROR_STOP on
SET ROLE :"owner";
BEGIN;
CREATE SCHEMA "Name.with ""dots"" & 'quotes'";
SET search_path = "Name.with ""dots"" & 'quotes'";
SELECT format('CREATE TABLE %I (%I int PRIMARY KEY, %I text DEFAULT %L CHECK (%I <> ''x''))', name, name, name || '2', name, name || '2'),
       format('INSERT INTO %I VALUES (1, %L), (2, NULL)', name, name),
       format('CREATE INDEX %I ON %I (%I) WHERE %I > 0', 'i ' || name, name, name || '2', name),
       format('CREATE VIEW %I AS SELECT %I AS %I FROM %I', 'v ' || name, name, name || '3', name),
       format('CREATE SEQUENCE %I', 's ' || name),
       format('COMMENT ON TABLE %I IS %L', name, name),
       format('CREATE FUNCTION %I(%I int) RETURNS int LANGUAGE sql AS %L', 'f ' || name, name, format('SELECT length(%L)', name))
FROM (VALUES ('a.b'), ('a"b'), ('a''b'), (E'a\nb'), (E'a\n\\connect x\n--'), (E'a\tb'), (E'a\\b'), (E'a\rb'), ('a b'), (' '), (';'), ('$$'),
             ('select'), ('SELECT'), ('Table'), ('user'), ('é'), (U&'e\0301'), ('日本語'), ('🩸'), (E'\\.'), ('--'), ('/*'), ('(a, b)'), ('a|b'),
             ('%s'), (':a'), ('{}'), ('1st'), ('FROM stdin;'), ('PostgreSQL database dump complete'), (E'\u200b'), ('COPY x FROM stdin;'))
  AS names (name) \gexec
SELECT format('CREATE TABLE %I (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, %I int UNIQUE CHECK (%I > 0) REFERENCES %I)', long, long, long, long),
       format('INSERT INTO %I (%I) VALUES (1)', long, long)
FROM (VALUES (repeat('long_', 12) || 'end'), (repeat('é', 31) || 'x')) AS names (long) \gexec
CREATE TABLE twice (a int, "A" int, "a " int, " a" int);
INSERT INTO twice VALUES (1, 2, 3, 4);
CREATE TYPE "Enum, or ""not""" AS ENUM ('a', 'A', E'\n', 'b;');
CREATE DOMAIN "a domain" AS "Enum, or ""not""" CHECK (VALUE IN ('a', 'b;'));
CREATE TABLE "uses types" (a "a domain", b "Enum, or ""not"""[] DEFAULT '{a,"b;"}', c "a.b", d "twice"[]);
INSERT INTO "uses types" VALUES ('a', DEFAULT, ROW(1, '(")'), ARRAY[ROW(1, 2, NULL, 4)]::twice[]);
COMMIT;
