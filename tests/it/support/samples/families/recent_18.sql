-- What PostgreSQL 16, 17 and 18 brought, in families: psql -v owner=…
\set ON_ERROR_STOP on
SET client_min_messages = error;
SET ROLE :"owner";
BEGIN;
CREATE SCHEMA latest;
SET search_path = latest;
-- Virtual columns, in parents, children and parts, next to stored ones.
CREATE FUNCTION twice(int) RETURNS int LANGUAGE sql IMMUTABLE RETURN $1 * 2;
CREATE TABLE virtual_ones (
  a int, b text COLLATE "C", v1 int GENERATED ALWAYS AS (a + 1), v2 text GENERATED ALWAYS AS (CASE WHEN b IN ('x', 'it''s') THEN E'few\\' ELSE upper(b) END) VIRTUAL, s int GENERATED ALWAYS AS (twice(a)) STORED,
  v3 bool GENERATED ALWAYS AS (a IS NULL OR b IS NULL) VIRTUAL NOT NULL, CONSTRAINT of_virtual CHECK (v1 < 1000), gone int
);
ALTER TABLE virtual_ones DROP COLUMN gone;
CREATE TABLE virtual_child (v1 int GENERATED ALWAYS AS (a + 100) VIRTUAL, c int) INHERITS (virtual_ones);
INSERT INTO virtual_ones (a, b) VALUES (1, 'x'), (NULL, 'it''s'), (3, NULL), (4, E'\\N');
INSERT INTO virtual_child (a, b, c) VALUES (5, '', 6);
CREATE TABLE virtual_parts (id int, at date, month numeric GENERATED ALWAYS AS (extract(month FROM at)) VIRTUAL, y int GENERATED ALWAYS AS (extract(year FROM at)) STORED) PARTITION BY RANGE (id);
CREATE TABLE virtual_part_1 PARTITION OF virtual_parts (month GENERATED ALWAYS AS (extract(month FROM at) + 12) VIRTUAL) FOR VALUES FROM (0) TO (10);
CREATE TABLE virtual_part_2 (y int GENERATED ALWAYS AS (0) STORED, month numeric GENERATED ALWAYS AS (-1) VIRTUAL, at date, id int);
ALTER TABLE virtual_parts ATTACH PARTITION virtual_part_2 FOR VALUES FROM (10) TO (20);
INSERT INTO virtual_parts VALUES (1, '2024-02-29'), (11, '2024-12-31'), (2, NULL);
-- Periods in keys and foreign keys, with parts and several columns.
CREATE TYPE span AS RANGE (SUBTYPE = timestamptz, MULTIRANGE_TYPE_NAME = spans);
CREATE TABLE rooms (no int4range, during tstzrange, held datemultirange, note text DEFAULT 'free', CONSTRAINT "rooms; key" PRIMARY KEY (no, during WITHOUT OVERLAPS), CONSTRAINT rooms_held UNIQUE (no, held WITHOUT OVERLAPS) DEFERRABLE INITIALLY DEFERRED) WITH (fillfactor = 44);
INSERT INTO rooms VALUES ('[1,2)', '[2024-01-01 00:00:00+00,2024-02-01 00:00:00+00)', '{[2024-01-01,2024-01-05),[2024-01-10,)}', DEFAULT), ('[1,2)', '[2024-02-01 00:00:00+00,infinity)', NULL, E'\\'), ('[2,3)', '(,)', '{(,)}', NULL);
CREATE TABLE stays (id int PRIMARY KEY, no int4range, during tstzrange, CONSTRAINT "in; time" FOREIGN KEY (no, PERIOD during) REFERENCES rooms (no, PERIOD during) DEFERRABLE INITIALLY DEFERRED,
  CONSTRAINT no_check FOREIGN KEY (id) REFERENCES stays NOT ENFORCED);
INSERT INTO stays VALUES (1, '[1,2)', '[2024-01-20 00:00:00+00,2024-02-10 00:00:00+00)'), (2, NULL, '[2024-01-01 00:00:00+00,2024-01-02 00:00:00+00)'), (3, '[2,3)', NULL);
CREATE TABLE parted_rooms (no int4range, during daterange) PARTITION BY LIST (no);
CREATE TABLE parted_rooms_1 PARTITION OF parted_rooms (UNIQUE (no, during WITHOUT OVERLAPS)) FOR VALUES IN ('[1,2)');
CREATE TABLE parted_rooms_rest PARTITION OF parted_rooms DEFAULT;
INSERT INTO parted_rooms VALUES ('[1,2)', '[2024-01-01,2024-02-01)'), ('[5,9)', '[2024-01-01,)'), (NULL, NULL);
-- Constraints that are not enforced, not validated, named, inherited or not.
CREATE TABLE bound (
  a int CONSTRAINT "a; there" NOT NULL, b int CONSTRAINT b_here NOT NULL NO INHERIT, c int NOT NULL, d int, e int, CONSTRAINT d_there NOT NULL d, CONSTRAINT never CHECK (a > 1000) NOT ENFORCED, CHECK (b > -5) NO INHERIT ENFORCED, PRIMARY KEY (a)
);
ALTER TABLE bound RENAME CONSTRAINT bound_c_not_null TO "c; is ""there""";
INSERT INTO bound VALUES (1, 2, 3, 4, NULL), (5, 6, 7, 8, 9);
CREATE TABLE some_day (e int, f int);
INSERT INTO some_day VALUES (NULL, 1);
ALTER TABLE some_day ADD CONSTRAINT e_some_day NOT NULL e NOT VALID, ADD CONSTRAINT f_now NOT NULL f;
COMMENT ON CONSTRAINT e_some_day ON some_day IS 'not; valid';
COMMENT ON CONSTRAINT "a; there" ON bound IS 'named; "a"';
CREATE TABLE bound_child (CONSTRAINT own_b NOT NULL b, f int CONSTRAINT f_there NOT NULL) INHERITS (bound);
CREATE TABLE bound_grandchild (c int NOT NULL) INHERITS (bound_child);
CREATE TABLE bound_adopted (a int NOT NULL, b int, c int NOT NULL, d int CONSTRAINT own_d NOT NULL, e int, CONSTRAINT e_x NOT NULL e, CONSTRAINT never CHECK (a > 1000) NOT ENFORCED);
ALTER TABLE bound_adopted INHERIT bound;
CREATE TABLE bound_left () INHERITS (bound);
ALTER TABLE bound_left NO INHERIT bound;
ALTER TABLE bound_left RENAME CONSTRAINT d_there TO d_still;
INSERT INTO bound_child VALUES (1, 2, 3, 4, 5, 6);
INSERT INTO bound_adopted VALUES (1, NULL, 3, 4, 5);
CREATE TABLE bound_parts (id int CONSTRAINT id_there NOT NULL, k int NOT NULL, n int) PARTITION BY LIST (k);
CREATE TABLE bound_part_1 PARTITION OF bound_parts (CONSTRAINT n_here NOT NULL n) FOR VALUES IN (1);
CREATE TABLE bound_part_2 (k int CONSTRAINT k_own NOT NULL, id int CONSTRAINT id_own NOT NULL, n int);
ALTER TABLE bound_parts ATTACH PARTITION bound_part_2 FOR VALUES IN (2);
INSERT INTO bound_parts VALUES (1, 1, 1), (2, 2, NULL);
ALTER TABLE bound_parts ADD CONSTRAINT to_bound FOREIGN KEY (id) REFERENCES bound NOT VALID, ADD CONSTRAINT loose FOREIGN KEY (n) REFERENCES bound NOT ENFORCED;
CREATE DOMAIN there AS text CONSTRAINT "is; there" NOT NULL CHECK (VALUE <> '');
CREATE TABLE of_domain (id int, t there DEFAULT 'x');
INSERT INTO of_domain VALUES (1, E'\\.');
-- Identities and exclusions of partitioned tables, partitions' access method, unlogged and statistics.
CREATE TABLE counted_parts (id bigint GENERATED ALWAYS AS IDENTITY (START 7 INCREMENT 3), k int, room int4range) PARTITION BY LIST (k);
CREATE TABLE counted_parts_1 PARTITION OF counted_parts FOR VALUES IN (1);
CREATE TABLE counted_parts_rest PARTITION OF counted_parts DEFAULT;
INSERT INTO counted_parts (k, room) VALUES (1, '[1,5)'), (2, 'empty'), (1, '(,)'), (NULL, NULL);
CREATE TABLE other_parts (id int) PARTITION BY HASH (id) USING heap;
CREATE TABLE other_parts_0 PARTITION OF other_parts FOR VALUES WITH (MODULUS 1, REMAINDER 0);
INSERT INTO other_parts VALUES (1), (NULL);
CREATE STATISTICS of_virtual_ones (mcv) ON a, b FROM virtual_ones;
ALTER STATISTICS of_virtual_ones SET STATISTICS DEFAULT;
CREATE TABLE stored_so (a text STORAGE EXTERNAL COMPRESSION pglz, b jsonb STORAGE MAIN, c text STORAGE DEFAULT) WITH (vacuum_truncate = false, autovacuum_vacuum_max_threshold = 100);
ALTER TABLE stored_so ALTER a SET STATISTICS DEFAULT, ALTER b SET STATISTICS 5;
-- Expressions of SQL/JSON, MERGE, RETURNING and new functions, kept in views and bodies.
CREATE TABLE papers (id int PRIMARY KEY, doc jsonb, plain text);
INSERT INTO papers VALUES (1, '{"a": [{"b": 1, "c": "it''s"}, {"b": null}], "d": "2024-01-01"}', '{"x": 1}'), (2, 'null', 'no json'), (3, NULL, NULL);
CREATE VIEW as_table AS
SELECT p.id, t.* FROM papers p, JSON_TABLE(p.doc, 'strict $.a[*] ? (@.b > $least)' AS root PASSING 0.5 AS least, p.id AS "Id; 2"
  COLUMNS (n FOR ORDINALITY, b numeric(5, 2) PATH '$.b' DEFAULT -1.5 ON EMPTY NULL ON ERROR, c varchar(9) PATH 'lax $."c"' WITHOUT WRAPPER OMIT QUOTES, has bool EXISTS PATH '$.c' FALSE ON ERROR,
    w jsonb FORMAT JSON PATH '$' WITH CONDITIONAL WRAPPER KEEP QUOTES EMPTY ARRAY ON EMPTY, NESTED PATH '$.d[*]' AS inner_ones COLUMNS (e text PATH '$', NESTED '$.f' COLUMNS (g int PATH '$')))
  ERROR ON ERROR) t;
CREATE VIEW json_words AS
SELECT id, JSON_EXISTS(doc, '$.a[*] ? (@.b == $x)' PASSING id AS x TRUE ON ERROR) AS has, JSON_VALUE(doc, '$.d' RETURNING date DEFAULT '2000-01-01' ON EMPTY ERROR ON ERROR) AS day,
  JSON_QUERY(doc, '$.a' RETURNING text WITH UNCONDITIONAL ARRAY WRAPPER NULL ON EMPTY EMPTY OBJECT ON ERROR) AS list, JSON_SCALAR(id) AS scalar, JSON_SERIALIZE(doc RETURNING bytea) AS bytes, JSON('{"a": 1}' WITH UNIQUE KEYS) AS made,
  JSON_OBJECT('k': id, 'l': plain NULL ON NULL RETURNING jsonb) AS object, JSON_ARRAY(id, plain, 'x' NULL ON NULL RETURNING jsonb) AS arr, plain IS JSON ARRAY AS is_array, plain IS NOT JSON SCALAR AS not_scalar,
  JSON_ARRAY(SELECT x.id FROM papers x ORDER BY 1) AS of_query, JSON_OBJECTAGG(id VALUE plain ABSENT ON NULL) OVER (ORDER BY id) AS agg, any_value(plain) OVER () AS any_one, doc ->> 'd' IN ('2024-01-01', 'x') AS chosen
FROM papers;
CREATE FUNCTION merged(wanted int, VARIADIC words text[] DEFAULT '{a}') RETURNS SETOF record LANGUAGE sql
BEGIN ATOMIC
  MERGE INTO papers AS p USING (SELECT x.id, x.plain FROM papers x WHERE x.plain IN ('a', 'b')) AS s ON p.id = s.id AND p.plain <> ALL (words)
  WHEN MATCHED AND s.plain LIKE 'a\_%' THEN UPDATE SET plain = s.plain || ';', doc['a'] = '1'
  WHEN MATCHED THEN DO NOTHING
  WHEN NOT MATCHED BY SOURCE AND p.id IN (1, 2) THEN DELETE
  WHEN NOT MATCHED BY TARGET THEN INSERT (id, plain) OVERRIDING SYSTEM VALUE VALUES (s.id, DEFAULT)
  RETURNING WITH (OLD AS o, NEW AS "N; n") merge_action(), o.id, "N; n".plain, p.doc;
END;
CREATE FUNCTION changed() RETURNS SETOF text LANGUAGE sql
BEGIN ATOMIC
  INSERT INTO papers (id) VALUES (9) ON CONFLICT (id) DO UPDATE SET plain = excluded.plain RETURNING old.plain || new.plain;
  DELETE FROM papers WHERE id = 9 RETURNING old.plain;
  SELECT casefold('X') || array_sort(ARRAY['b', 'a'])::text || '0b101' || 0x1F || 1_000_000 || 0o17 || uuidv7(interval '1 day')::text;
END;
CREATE VIEW merged_view AS SELECT id, plain FROM papers WHERE plain IN ('a', 'b') WITH LOCAL CHECK OPTION;
CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER virtual_seen AFTER UPDATE ON virtual_ones FOR EACH ROW WHEN (OLD.a IS DISTINCT FROM NEW.a) EXECUTE FUNCTION noted();
CREATE PUBLICATION latest_rows FOR TABLE virtual_ones (a, b, s), rooms WITH (publish_generated_columns = stored);
CREATE VIEW local_time AS SELECT at AT LOCAL AS here, 'now'::text AS w, (SELECT string_agg(x, ',') FROM (VALUES ('a'), ('b')) v (x)) AS agg FROM (SELECT timestamptz 'epoch' AS at);
CREATE SEQUENCE as_ever;
RESET ROLE;
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" GRANT MAINTAIN ON TABLES TO PUBLIC;
GRANT MAINTAIN ON latest.papers TO PUBLIC;
CREATE FUNCTION latest.at_login() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN NULL; END';
CREATE EVENT TRIGGER latest_login ON login EXECUTE FUNCTION latest.at_login();
ALTER EVENT TRIGGER latest_login DISABLE;
COMMIT;
