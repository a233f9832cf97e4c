-- What is around the tables: publications, foreign data, large objects, storage, collations, materialized views: psql -v owner=…
\set ON_ERROR_STOP on
SET client_min_messages = error;
CREATE SCHEMA around AUTHORIZATION :"owner";
CREATE SCHEMA "Around; 2" AUTHORIZATION :"owner";
SET search_path = around;
CREATE FOREIGN DATA WRAPPER "Around; ""it""" OPTIONS ("Key; 1" 'it''s', empty '', back E'a\\b');
COMMENT ON FOREIGN DATA WRAPPER "Around; ""it""" IS 'no handler; at all';
GRANT USAGE ON FOREIGN DATA WRAPPER "Around; ""it""" TO :"owner";
CREATE ACCESS METHOD "Heap; 2" TYPE TABLE HANDLER heap_tableam_handler;
CREATE ACCESS METHOD own_btree TYPE INDEX HANDLER bthandler;
COMMENT ON ACCESS METHOD own_btree IS 'an access method; of "ours"';
CREATE ACCESS METHOD own_hash TYPE INDEX HANDLER hashhandler;
CREATE OPERATOR CLASS own_ints DEFAULT FOR TYPE int USING own_hash AS OPERATOR 1 =, FUNCTION 1 hashint4(int);
CREATE TABLE own_stored (id int PRIMARY KEY, n int, note text) USING "Heap; 2" WITH (fillfactor = 40, toast_tuple_target = 256);
CREATE INDEX own_indexed ON own_stored USING own_hash (n) WITH (fillfactor = 50);
INSERT INTO own_stored VALUES (1, 3, E'\\'), (2, NULL, NULL);
CREATE MATERIALIZED VIEW own_kept USING "Heap; 2" WITH (autovacuum_enabled = off) AS SELECT n, count(*) AS c FROM own_stored GROUP BY n;
ALTER TABLE own_stored OWNER TO :"owner";
ALTER MATERIALIZED VIEW own_kept OWNER TO :"owner";
SET ROLE :"owner";
BEGIN;
CREATE SERVER "Far; 'away'" TYPE 'a;b' VERSION '1' FOREIGN DATA WRAPPER "Around; ""it""" OPTIONS (host '', "Port; 2" '1');
CREATE SERVER bare FOREIGN DATA WRAPPER "Around; ""it""";
CREATE USER MAPPING FOR CURRENT_USER SERVER bare OPTIONS ("user; 1" 'it''s', secret E'\\');
CREATE USER MAPPING FOR PUBLIC SERVER bare;
CREATE FOREIGN TABLE "Far; table" (id int OPTIONS ("c; n" 'ID', x '') NOT NULL, name varchar(9) COLLATE "C" DEFAULT 'it''s', g int GENERATED ALWAYS AS (id * 2) STORED, CONSTRAINT "far; check" CHECK (name IN ('a', 'b')) NO INHERIT) SERVER "Far; 'away'" OPTIONS (a '1', "B; 2" E'\\');
CREATE TABLE near (id int NOT NULL, name varchar(9) COLLATE "C");
CREATE FOREIGN TABLE far_child (extra text OPTIONS (o 'x')) INHERITS (near) SERVER bare;
ALTER FOREIGN TABLE far_child ALTER name SET STATISTICS 9, ALTER id SET (n_distinct = 5);
CREATE FUNCTION far_noted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER far_noted BEFORE INSERT ON far_child FOR EACH ROW EXECUTE FUNCTION far_noted();
COMMENT ON SERVER bare IS 'bare; "it"';
COMMENT ON FOREIGN TABLE "Far; table" IS E'far\\';
COMMENT ON COLUMN "Far; table".name IS 'a far column';
-- Storage, statistics and settings of columns, tables and indexes.
CREATE TABLE stored (id int CONSTRAINT "stored; key" PRIMARY KEY WITH (fillfactor = 77), plain text, ext text, main text, b bytea, j jsonb, v varchar(90), n numeric, u uuid DEFAULT gen_random_uuid())
  WITH (fillfactor = 10, autovacuum_vacuum_threshold = 7, autovacuum_vacuum_cost_delay = 1.5, log_autovacuum_min_duration = 0, toast_tuple_target = 200, vacuum_index_cleanup = auto, toast.autovacuum_vacuum_scale_factor = 0.3, toast.vacuum_truncate = false, user_catalog_table = false, parallel_workers = 0);
ALTER TABLE stored ALTER plain SET STORAGE PLAIN, ALTER ext SET STORAGE EXTERNAL, ALTER main SET STORAGE MAIN, ALTER b SET COMPRESSION pglz, ALTER j SET COMPRESSION default, ALTER n SET STORAGE EXTENDED,
  ALTER id SET STATISTICS 10000, ALTER v SET STATISTICS 0, ALTER v SET (n_distinct = -0.25, n_distinct_inherited = 12), ALTER j SET STORAGE EXTERNAL;
ALTER TABLE stored RESET (parallel_workers), ALTER n SET STORAGE MAIN;
INSERT INTO stored SELECT i, 'p' || i, repeat('e', i * 900), repeat('m', i), decode(repeat('005c', i * 500), 'hex'), jsonb_build_object('a', repeat(E'\\', i)), 'v', i / 7.0, md5(i::text)::uuid FROM generate_series(1, 12) i;
CREATE TABLE no_key (a int, a2 int NOT NULL, "B" text NOT NULL) WITH (autovacuum_freeze_max_age = 100000000);
CREATE UNIQUE INDEX no_key_unique ON no_key (a2, "B");
CREATE UNIQUE INDEX twice_over ON no_key (a) NULLS NOT DISTINCT;
ALTER TABLE no_key REPLICA IDENTITY USING INDEX no_key_unique, CLUSTER ON twice_over;
CREATE TABLE identity_nothing (id int PRIMARY KEY);
ALTER TABLE identity_nothing REPLICA IDENTITY NOTHING;
INSERT INTO no_key VALUES (NULL, 1, ''), (1, 1, E'\t');
INSERT INTO identity_nothing SELECT generate_series(-3, 3);
CREATE TABLE nulls (a int UNIQUE NULLS NOT DISTINCT, b int, c int, CONSTRAINT not_twice UNIQUE NULLS NOT DISTINCT (b, c) INCLUDE (a) WITH (fillfactor = 20) DEFERRABLE INITIALLY IMMEDIATE);
INSERT INTO nulls VALUES (NULL, NULL, 1), (1, NULL, 2);
CREATE TABLE parent_rows (id int, kind text, PRIMARY KEY (id, kind));
CREATE TABLE unchecked (id int, parent int, kind text, CONSTRAINT never_true CHECK (id > 100) NOT VALID, CONSTRAINT no_parent FOREIGN KEY (parent, kind) REFERENCES parent_rows MATCH SIMPLE ON DELETE SET NULL (parent) ON UPDATE SET DEFAULT NOT VALID);
SAVEPOINT before_orphans;
SET CONSTRAINTS ALL DEFERRED;
COMMIT;
BEGIN;
INSERT INTO parent_rows VALUES (1, 'it''s'), (2, '');
INSERT INTO unchecked (id, parent, kind) VALUES (101, 1, 'it''s'), (102, NULL, 'orphan');
-- Collations, which need no ICU, and with it.
CREATE COLLATION "Own; C" (LOCALE = 'C', PROVIDER = libc);
CREATE COLLATION "Around; 2"."Own; C" (LC_COLLATE = 'POSIX', LC_CTYPE = 'C');
COMMENT ON COLLATION "Own; C" IS 'ours; "C"';
CREATE TABLE sorted (a text COLLATE "Own; C" PRIMARY KEY, b text COLLATE "Around; 2"."Own; C" CHECK (b COLLATE "C" < 'z'), c text[] COLLATE "POSIX");
CREATE INDEX ON sorted (b COLLATE "Own; C", lower(a COLLATE "Around; 2"."Own; C"));
INSERT INTO sorted VALUES ('B', 'b', '{b,a}'), ('a', E'\\', NULL), ('É', NULL, '{}');
SELECT EXISTS (SELECT FROM pg_collation WHERE collname = 'und-x-icu') AS has_icu \gset
\if :has_icu
CREATE COLLATION "Around; 2".level_one (PROVIDER = icu, LOCALE = 'und-u-ks-level1-kc-true', DETERMINISTIC = false);
CREATE COLLATION "Around; 2".upper_first (PROVIDER = icu, LOCALE = '@colCaseFirst=upper;colNumeric=yes');
CREATE DOMAIN "Around; 2".any_case AS text COLLATE "Around; 2".level_one CHECK (VALUE <> 'X');
CREATE TABLE "Around; 2".sorted (a text COLLATE "Around; 2".level_one UNIQUE, b "Around; 2".any_case, c text COLLATE "Around; 2".upper_first);
INSERT INTO "Around; 2".sorted VALUES ('a', 'é', 'A10'), ('B', 'É', 'a9'), (NULL, 'x2', '');
CREATE INDEX ON "Around; 2".sorted (b, c DESC NULLS LAST);
CREATE VIEW "Around; 2".same AS SELECT a, b = 'E' AS same, c < 'a10' COLLATE "de-AT-x-icu" AS less FROM "Around; 2".sorted;
\endif
-- Materialized views over each other, over views and functions, some of them not filled.
CREATE MATERIALIZED VIEW kept_1 WITH (fillfactor = 60) AS SELECT id, main, octet_length(ext) AS n FROM stored WHERE v IN ('v', 'w');
CREATE UNIQUE INDEX kept_1_id ON kept_1 (id) INCLUDE (n);
CREATE VIEW over_1 AS SELECT k.*, k.n > 5 AS more FROM kept_1 k;
CREATE FUNCTION from_over() RETURNS SETOF over_1 LANGUAGE sql STABLE BEGIN ATOMIC SELECT * FROM over_1 WHERE more; END;
CREATE MATERIALIZED VIEW a_kept_2 AS SELECT o.id, count(*) AS c FROM over_1 o JOIN from_over() f USING (id) GROUP BY o.id;
CREATE MATERIALIZED VIEW "0; kept" (x, "Y; y") AS SELECT c, max(id) FROM a_kept_2 GROUP BY c WITH NO DATA;
CREATE MATERIALIZED VIEW of_not_kept AS SELECT * FROM "0; kept" WITH NO DATA;
CREATE INDEX ON "0; kept" ("Y; y" DESC) WHERE x IN (1, 2);
ALTER MATERIALIZED VIEW kept_1 CLUSTER ON kept_1_id, ALTER main SET STATISTICS 3, ALTER main SET STORAGE EXTERNAL, ALTER main SET COMPRESSION pglz;
CREATE STATISTICS of_kept ON id, n FROM kept_1;
COMMENT ON MATERIALIZED VIEW "0; kept" IS 'empty; not "filled"';
COMMENT ON COLUMN "0; kept"."Y; y" IS 'of a kept one';
-- Publications.
CREATE TABLE published (id int PRIMARY KEY, kind varchar(9), at timestamptz, secret text, "Odd; ""c""" int) PARTITION BY RANGE (id);
CREATE TABLE published_1 PARTITION OF published FOR VALUES FROM (0) TO (10);
CREATE TABLE published_2 PARTITION OF published FOR VALUES FROM (10) TO (20);
INSERT INTO published VALUES (1, 'a', 'infinity', NULL, 1), (11, NULL, '-infinity', E'\\N', NULL);
CREATE PUBLICATION "Pub; ""rows""" FOR TABLE published (id, kind, "Odd; ""c""") WHERE (id > -1), stored WHERE (plain IN ('v', 'it''s') AND NOT (id = 3 OR n IS NULL)), ONLY no_key (a2, "B") WITH (publish = 'insert,delete', publish_via_partition_root = true);
CREATE PUBLICATION nothing_yet WITH (publish = '');
CREATE PUBLICATION only_truncate FOR TABLE published_1, identity_nothing WITH (publish = 'truncate');
ALTER PUBLICATION nothing_yet RENAME TO "Nothing; yet";
RESET ROLE;
CREATE PUBLICATION whole_schemas FOR TABLES IN SCHEMA "Around; 2", around, TABLE around.stored WITH (publish_via_partition_root);
CREATE PUBLICATION all_of_it FOR ALL TABLES WITH (publish = 'update');
COMMENT ON PUBLICATION "Nothing; yet" IS 'nothing; "yet"';
SET ROLE :"owner";
-- Large objects: at the ends of numbers, of sizes around a page and a chunk, with comments, pointed to and not.
SELECT lo_create(n) FROM unnest(ARRAY[4300001, 4294967295, 2147483648]::oid[]) n;
SELECT lo_from_bytea((4300010 + i)::oid, CASE WHEN i = 0 THEN '' ELSE (SELECT substr(string_agg(sha512((i::text || k)::bytea), NULL ORDER BY k), 1, s) FROM generate_series(0, s / 64) k) END)
FROM unnest(ARRAY[0, 1, 2047, 2048, 2049, 16384, 16385, 300000]) WITH ORDINALITY AS sizes (s, i);
SELECT lo_put(4294967295, 4000000, '\x00');
COMMENT ON LARGE OBJECT 4294967295 IS E'the last; a hole\\';
COMMENT ON LARGE OBJECT 2147483648 IS 'beyond a sign; "it"';
CREATE TABLE pointing (id int, o oid);
INSERT INTO pointing VALUES (1, 4294967295), (2, 4300011), (3, 1), (4, NULL);
COMMIT;
