-- Names and texts that are hard to write, equal names in several schemas, and circles across them: psql -v owner=…
\set ON_ERROR_STOP on
SET ROLE :"owner";
BEGIN;
CREATE SCHEMA "Select";
CREATE SCHEMA "a.b";
CREATE SCHEMA a;
CREATE SCHEMA "100%s \ 'é""";
CREATE SCHEMA "日本語";
-- The same names everywhere, for every kind of object that has one.
SELECT format($f$
  CREATE TYPE %1$I."user" AS ENUM (%2$L, 'all');
  CREATE DOMAIN %1$I."order" AS text CHECK (VALUE <> %2$L);
  CREATE SEQUENCE %1$I."table_id_seq";
  CREATE FUNCTION %1$I."check"("from" text DEFAULT %2$L) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1';
  CREATE TABLE %1$I."table" (id int DEFAULT nextval(%3$L) PRIMARY KEY, "b.c" %1$I."order" DEFAULT %2$L || '.', "user" %1$I."user" DEFAULT 'all', "%%" text GENERATED ALWAYS AS (%1$I."check"(NULL)) STORED, CONSTRAINT "check" CHECK (%1$I."check"("b.c") <> ''));
  CREATE INDEX "index" ON %1$I."table" ((%1$I."check"("b.c"::text)));
  CREATE VIEW %1$I."view" AS SELECT "table".id AS "table", "b.c" AS "view", %2$L AS "as" FROM %1$I."table";
  CREATE FUNCTION %1$I."trigger"() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
  CREATE TRIGGER "trigger" BEFORE INSERT ON %1$I."table" FOR EACH ROW EXECUTE FUNCTION %1$I."trigger"(%2$L);
  CREATE RULE "rule" AS ON DELETE TO %1$I."view" DO INSTEAD NOTHING;
  CREATE POLICY "policy" ON %1$I."table" USING ("b.c" <> %2$L);
  CREATE FUNCTION %1$I."op"(int, %1$I."user") RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT true';
  CREATE OPERATOR %1$I.@@@@ (LEFTARG = int, RIGHTARG = %1$I."user", FUNCTION = %1$I."op");
  INSERT INTO %1$I."table" ("b.c", "user") VALUES (DEFAULT, DEFAULT), (NULL, %2$L);
  COMMENT ON SCHEMA %1$I IS %2$L;
  COMMENT ON TABLE %1$I."table" IS %2$L;
  COMMENT ON COLUMN %1$I."table"."b.c" IS %2$L;
  COMMENT ON CONSTRAINT "check" ON %1$I."table" IS %2$L;
  COMMENT ON INDEX %1$I."index" IS %2$L;
  COMMENT ON VIEW %1$I."view" IS %2$L;
  COMMENT ON COLUMN %1$I."view"."as" IS %2$L;
  COMMENT ON SEQUENCE %1$I."table_id_seq" IS %2$L;
  COMMENT ON TYPE %1$I."user" IS %2$L;
  COMMENT ON DOMAIN %1$I."order" IS %2$L;
  COMMENT ON FUNCTION %1$I."check"(text) IS %2$L;
  COMMENT ON TRIGGER "trigger" ON %1$I."table" IS %2$L;
  COMMENT ON RULE "rule" ON %1$I."view" IS %2$L;
  COMMENT ON POLICY "policy" ON %1$I."table" IS %2$L;
$f$, s, s || E' ''\\ %s %% $$ $_$ ; -- /* "', quote_ident(s) || '.table_id_seq')
FROM (VALUES ('Select'), ('a.b'), ('a'), (E'100%s \\ ''é"'), ('日本語')) AS names (s)
\gexec
-- The same statement in two places that differ in one sign: a dot in a name, and a dot between names.
CREATE TABLE a."b.c" (id int PRIMARY KEY, x int);
CREATE TABLE "a.b".c (id int PRIMARY KEY, x int);
INSERT INTO a."b.c" VALUES (1, 10), (2, NULL);
INSERT INTO "a.b".c VALUES (1, 20), (3, NULL);
CREATE SEQUENCE a."b.s" START 5;
CREATE SEQUENCE "a.b".s START 6;
SELECT nextval('a."b.s"'), nextval('"a.b".s'), nextval('"a.b".s');
-- 63 bytes, which leave no room for the ends of names that PostgreSQL makes.
SELECT format('CREATE TABLE a.%I (%I serial PRIMARY KEY, %I text UNIQUE CHECK (%I <> ''x''), %I int REFERENCES a.%I, EXCLUDE (%I WITH =))', n, n, left(n, 20) || '2', left(n, 20) || '2', 'r', n, 'r'),
       format('INSERT INTO a.%I (r) VALUES (NULL), (1)', n), format('CREATE INDEX ON a.%I (%I, %I)', n, n, 'r'), format('CREATE INDEX ON a.%I (%I, %I)', n, n, 'r'), format('COMMENT ON TABLE a.%I IS %L', n, n)
FROM (VALUES (repeat('x', 63)), (repeat('x', 62) || 'y'), (repeat('"', 63)), (repeat('日', 21)), (repeat('%', 61) || E'\\''')) AS long (n) \gexec
-- As wide as a table can be.
SELECT 'CREATE TABLE a.widest (' || string_agg(format('%I bool', 'c' || i), ', ') || ')' FROM generate_series(1, 1600) i \gexec
INSERT INTO a.widest DEFAULT VALUES;
SELECT 'INSERT INTO a.widest VALUES (' || string_agg(CASE i % 9 WHEN 0 THEN 'NULL' WHEN 1 THEN 'true' ELSE 'false' END, ', ') || ')' FROM generate_series(1, 1600) i \gexec
CREATE VIEW a.widest_view AS SELECT * FROM a.widest WHERE c1600 IS NULL;
-- Circles: views over functions over views, keys that meet, defaults of one schema in another, a view of a view's rule.
CREATE FUNCTION "Select".reads() RETURNS SETOF a."table" LANGUAGE sql STABLE AS 'SELECT * FROM a."table"';
CREATE VIEW "日本語".over AS SELECT r.*, v."view" AS v FROM "Select".reads() r LEFT JOIN "a.b"."view" v ON v."table" = r.id;
CREATE FUNCTION a.reads_over() RETURNS bigint LANGUAGE sql STABLE RETURN (SELECT count(*) FROM "日本語".over);
CREATE VIEW "a.b".over_again AS SELECT a.reads_over() AS n, o.id FROM "日本語".over o;
CREATE MATERIALIZED VIEW "Select".kept AS SELECT * FROM "a.b".over_again;
CREATE VIEW a.of_kept AS SELECT k.*, (SELECT max(id) FROM "Select"."table") AS top FROM "Select".kept k;
CREATE MATERIALIZED VIEW "日本語".kept_again AS SELECT * FROM a.of_kept WITH DATA;
CREATE UNIQUE INDEX ON "日本語".kept_again (id);
CREATE TABLE a.one (id int PRIMARY KEY, two int, three int);
CREATE TABLE "a.b".two (id int PRIMARY KEY, one int REFERENCES a.one DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE "Select".three (id int PRIMARY KEY, two int REFERENCES "a.b".two ON DELETE CASCADE, one int);
ALTER TABLE a.one ADD CONSTRAINT "to; three" FOREIGN KEY (three) REFERENCES "Select".three, ADD CONSTRAINT self FOREIGN KEY (id) REFERENCES a.one, ADD FOREIGN KEY (two) REFERENCES "a.b".two NOT VALID;
INSERT INTO a.one VALUES (1, NULL, NULL), (2, NULL, NULL);
INSERT INTO "a.b".two VALUES (1, 2), (2, 1);
INSERT INTO "Select".three VALUES (1, 2, 1), (2, 1, 2);
UPDATE a.one SET two = id, three = 3 - id;
CREATE TABLE a.row_of (id int, v "a.b"."view", t "Select"."table"[], o "日本語".over);
INSERT INTO a.row_of SELECT 1, v, ARRAY(SELECT t FROM "Select"."table" t), NULL FROM "a.b"."view" v;
CREATE FUNCTION a.of_row(a.row_of) RETURNS text LANGUAGE sql STABLE RETURN ($1).id::text;
ALTER TABLE a.row_of ALTER id SET DEFAULT a.reads_over();
CREATE VIEW a.grouped AS SELECT o.*, count(t.id) AS n FROM a.one o JOIN "a.b".two t ON t.one = o.id GROUP BY o.id;
CREATE VIEW "Select".of_grouped AS SELECT g.n, g."three" FROM a.grouped g;
CREATE RULE on_grouped AS ON INSERT TO a.grouped DO INSTEAD INSERT INTO a.one (id) SELECT n FROM "Select".of_grouped;
-- Words that mean something, as columns and aliases.
CREATE TABLE a."words" ("all" int, "and" int, "column" int, "default" int DEFAULT 1, "left" int, "null" int, "only" int, "true" bool, "limit" int, "offset" int, "int" int, "values" int, "row" int, "xmin_" int,
  "coalesce" int, "time" time, "PRIMARY" int, "0" int, "$1" int, "_" int, "é" int, "É" int, "\.""" text, "E'" text, "/**/" text);
INSERT INTO a.words VALUES (1, 2, 3, DEFAULT, 5, 6, 7, true, 9, 10, 11, 12, 13, 14, 15, '24:00', 17, 18, 19, 20, 21, 22, E'\\.', E'E''', '--');
CREATE VIEW a."end" AS SELECT "all" AS "select", "left" AS "when", w.* FROM a.words w WHERE "null" IS NOT NULL AND NOT "true" OR "coalesce" = coalesce("default", "limit") ORDER BY "offset" LIMIT 5;
CREATE TABLE a.texts (id int PRIMARY KEY, body text);
INSERT INTO a.texts SELECT row_number() OVER (), t FROM unnest(ARRAY['', ' ', E'\\', E'\\\\', E'\\N', E'\\.', E'a\n\\.\nb', E'\b\f\n\r\t\v', E'\x01\x7f', '%s %d %%', '${a} $(b) `c`', '--', '/*', E'''', '"',
  U&'\FEFFbom', U&'\2028\2029\0085', '🩸', 'ﬁ', E'e\u0301', repeat('x', 100000), E'\\x41', E'\\101', 'NULL', 'null', '{}', ':a', ':''a''', '\! ls']) t;
COMMIT;
