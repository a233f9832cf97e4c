-- Types and values that a dump may write in more than one way: psql -v owner=…
-- Holds no text of another party; nothing here needs an extension.
\set ON_ERROR_STOP on
SET ROLE :"owner";
BEGIN;
CREATE SCHEMA kinds;
SET search_path = kinds;

CREATE TYPE mood AS ENUM ('calm', 'it''s "odd"', 'tab	and \ backslash', '');
ALTER TYPE mood ADD VALUE 'uneasy' AFTER 'calm';
CREATE TYPE place AS (street varchar(40) COLLATE "C", number int, tags text[]);
CREATE TYPE visit AS (place place, at timestamptz);
CREATE TYPE reading AS RANGE (SUBTYPE = float8, SUBTYPE_DIFF = float8mi, MULTIRANGE_TYPE_NAME = readings);
CREATE DOMAIN percent AS numeric(5, 2) DEFAULT 0.00 NOT NULL CHECK (VALUE BETWEEN 0 AND 100);
CREATE DOMAIN code AS varchar(3) CHECK (VALUE IN ('AB', 'CD')) CONSTRAINT upper_case CHECK (VALUE = upper(VALUE));
CREATE DOMAIN word AS text COLLATE "C" CHECK (VALUE ~ '^\w+$') CHECK (VALUE NOT IN ('a', 'b'));
CREATE DOMAIN short_list AS int[] CHECK (array_length(VALUE, 1) < 4);
CREATE DOMAIN at_home AS place CHECK ((VALUE).number > -1);
COMMENT ON TYPE mood IS 'a comment; with ''quotes'', "more" and -- what looks like one';
COMMENT ON DOMAIN percent IS E'two\nlines';
COMMENT ON CONSTRAINT upper_case ON DOMAIN code IS '/* not the end */';

CREATE TABLE numbers (
  id int PRIMARY KEY, small smallint, big bigint, real4 real, real8 float8, exact numeric, money money, oid oid
);
INSERT INTO numbers VALUES
  (1, -32768, -9223372036854775808, 'NaN', 'NaN', 'NaN', '-92233720368547758.08', 0),
  (2, 32767, 9223372036854775807, 'Infinity', 'Infinity', 'Infinity', '92233720368547758.07', 4294967295),
  (3, 0, 0, '-Infinity', '-Infinity', '-Infinity', '1,234.56', 1),
  (4, NULL, NULL, '-0', '-0', '0.000000000000000000000000000000', NULL, NULL),
  (5, 1, 1, 1e-45, 4.9e-324, repeat('9', 2000)::numeric + 0.1, 0, 5),
  (6, 1, 1, 3.4028235e38, 1.7976931348623157e308, ('0.' || repeat('0', 1500) || '1')::numeric, 0, 6),
  (7, 1, 1, 0.1, 0.1::float8 + 0.2::float8, 1.10, 0, 7);

CREATE TABLE times (
  id int PRIMARY KEY, day date, moment timestamp, instant timestamptz, clock time, zoned timetz, lasts interval,
  to_second timestamptz(0) DEFAULT '2024-02-29 23:59:59+05:30'
);
INSERT INTO times (id, day, moment, instant, clock, zoned, lasts) VALUES
  (1, 'infinity', 'infinity', 'infinity', '24:00', '24:00-15:59', '178000000 years'),
  (2, '-infinity', '-infinity', '-infinity', '00:00', '00:00+15:59', '-1 year -2 days +03:04:05.678901'),
  (3, '0044-03-15 BC', '4713-01-01 00:00:00 BC', '4713-01-02 00:00:00+00 BC', '12:00:00.000001', '12:00+00', '0'),
  (4, '5874897-12-31', '294276-12-31 23:59:59.999999', '294276-12-31 00:00:00+00', NULL, NULL, '1 mon -1 day'),
  (5, '2024-02-29', '2024-03-31 02:30:00', '2024-10-27 01:30:00.5+00', '23:59:60', '02:30:00+05:45', '-00:00:01'),
  (6, '1883-11-18', '1883-11-18 12:03:58', '1883-11-18 12:03:58+00', NULL, NULL, '1000000:00:00');

CREATE TABLE texts (id int PRIMARY KEY, free text, fixed char(5), bounded varchar(5), name name, single "char");
INSERT INTO texts VALUES
  (1, '', '', '', '', ''), (2, NULL, NULL, NULL, NULL, NULL), (3, 'NULL', 'NULL', 'NULL', 'NULL', 'N'),
  (4, E'\\N', E'\\N', E'\\N', E'\\N', E'\\'), (5, E'\\.', E'\\.', E'\\.', E'\\.', '.'),
  (6, E'a\nb\tc\rd\be\ff\x0bg\x01h\x7f', E'\n', E'\r\n', 'x', E'\t'),
  (7, E'\r', E'  x', E'x  ', ' y ', ' '), (8, E'\r\n\r\n', '', '', '', 'x'),
  (9, E'\n\\.\n', '', '', '', 'x'), (10, 'DROP TABLE kinds.texts; --', '', '', '', ';'),
  (11, E'\\connect postgres\n\\! true\n\\i /dev/null', '', '', '', 'x'), (12, E'\\unrestrict x\n\\restrict x', '', '', '', 'x'),
  (13, E'COPY kinds.texts (id) FROM stdin;\n1\n\\.\n', '', '', '', 'x'),
  (14, E'--\n-- PostgreSQL database dump complete\n--\n', '', '', '', 'x'),
  (15, E'$$ $_$ $tag$ '' " ` ; -- /* */ E''\\''''', '$$', '''"', '', '$'),
  (16, 'é e' || U&'\0301' || ' ' || U&'\FEFF\200B\2028\2029\0085\00A0' || '🩸👩‍👩‍👧‍👦 العربية 中文 ' || U&'\+10FFFF', 'é', '日本語', 'ß', 'x'),
  (17, repeat('long ', 20000), '', '', '', 'x'), (18, ':id :''id'' :"id" %s %1$s {} ${x} `id` $(id)', '', '', '', 'x');

CREATE TABLE bytes (id int PRIMARY KEY, raw bytea, fixed bit(5), free bit varying, hidden text DEFAULT '\x00');
INSERT INTO bytes SELECT i, decode(lpad(to_hex(i), 2, '0'), 'hex'), i::bit(5), i::bit(12)::varbit FROM generate_series(0, 255) i;
INSERT INTO bytes SELECT 256, string_agg(raw, NULL ORDER BY id), NULL, '' FROM bytes;
INSERT INTO bytes VALUES (257, '', B'10101', repeat('10', 500)::varbit), (258, NULL, NULL, NULL);

CREATE TABLE lists (id int PRIMARY KEY, words text[], grid int[][], shifted int[], moods mood[], raw bytea[], nested jsonb[]);
INSERT INTO lists VALUES
  (1, '{}', '{}', '{}', '{}', '{}', '{}'),
  (2, ARRAY['', NULL, 'NULL', 'null', 'a"b', E'a\\b', 'a,b', '{x}', ' ', E'\n', E'\t', 'it''s'],
   '{{1,2},{3,NULL}}', '[-2:0]={7,8,9}', ARRAY['calm', 'it''s "odd"', '', NULL]::mood[], ARRAY['\x00ff'::bytea, '', NULL],
   ARRAY['{"a": "b,\"c\""}', 'null', NULL]::jsonb[]),
  (3, NULL, '[0:1][5:6]={{1,2},{3,4}}', NULL, NULL, NULL, NULL);

CREATE TABLE spans (
  id int PRIMARY KEY, ints int4range, moments tstzrange, days daterange, floats reading, many_ints int4multirange,
  many_moments tstzmultirange, many_floats readings
);
INSERT INTO spans VALUES
  (1, 'empty', 'empty', 'empty', 'empty', '{}', '{}', '{}'),
  (2, '[1,5]', '(,2024-01-01 00:00:00+00]', '[2024-01-01,infinity)', '(-Infinity,NaN]', '{[1,2],[4,9)}',
   '{[2024-01-01 00:00:00+02,2024-01-02 00:00:00+02),[2024-02-01 00:00:00+00,)}', '{(0.1,0.2),[1e300,]}'),
  (3, '(,)', '[-infinity,infinity]', '(,)', '[1.5,1.5]', '{(,)}', NULL, '{[NaN,NaN]}');

CREATE TABLE documents (id int PRIMARY KEY, plain json, binary_form jsonb, path jsonpath, search tsvector, query tsquery);
INSERT INTO documents VALUES
  (1, '{"b": 1,  "a":2, "a" : 3}', '{"b": 1, "a": 2, "": null}', '$.a[*] ? (@ > 1 && @ like_regex "^x\\n")', $$'it''s':1A,3 'b\\c':2B$$::tsvector, $$'it''s' & !b:AB <2> c:*$$::tsquery),
  (2, '"\u00e9\n\\"', '[1.0, 1e400, "\u00e9\t\\", true, null, {}]', 'strict $.**{1 to last}."k\"ey".double()', to_tsvector('simple', 'the quick brown fox'), ''),
  (3, ' [ ] ', 'null', 'lax $', '', NULL);
CREATE INDEX ON documents USING gin (search);
CREATE INDEX ON documents USING gin (binary_form jsonb_path_ops);
CREATE INDEX ON documents USING gin (to_tsvector('simple', plain ->> 'b'));

CREATE TABLE addresses (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), host inet, net cidr, mac macaddr, mac8 macaddr8, lsn pg_lsn,
  spot point, line line, box box, path path, polygon polygon, circle circle, relation regclass, kind regtype, routine regprocedure,
  snapshot pg_snapshot, xid xid8);
INSERT INTO addresses VALUES
  ('00000000-0000-0000-0000-000000000000', '192.0.2.1/24', '192.0.2.0/24', '08:00:2b:01:02:03', '08:00:2b:01:02:03:04:05', '16/B374D848',
   '(NaN,-Infinity)', '{1,-1,0}', '((0,0),(1,1))', '[(0,0),(1,1e-300)]', '((0,0),(1,1),(1,0))', '<(0,0),1>', 'kinds.texts',
   'kinds.mood[]', 'pg_catalog.length(text)', '10:20:10,14,15', '18446744073709551615'),
  ('ffffffff-ffff-ffff-ffff-ffffffffffff', '::ffff:1.2.3.4/128', '2001:db8::/32', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
   NULL, 'character varying', NULL, NULL, NULL);

CREATE TABLE composites (id int PRIMARY KEY, place place, visit visit, visits visit[], home at_home, share percent, code code, word word,
  few short_list);
INSERT INTO composites VALUES
  (1, ROW('a "b" \c, (d)', 7, ARRAY['x,y', NULL, '']), ROW(ROW('', NULL, NULL), '2024-01-01 12:00:00+00'),
   ARRAY[ROW(ROW('é', 1, '{}'), NULL)::visit, NULL], ROW('x', 0, NULL), 100, 'AB', 'c', '{1,2}'),
  (2, ROW(NULL, NULL, NULL), NULL, '{}', NULL, 0.5, NULL, 'd_', NULL);
CREATE TABLE places_of_a_type OF place (PRIMARY KEY (street), number WITH OPTIONS DEFAULT -1);
INSERT INTO places_of_a_type (street) VALUES ('Hauptstraße');

-- What a database sets for its sessions changes the text of many values, and a dump holds none of these settings.
SELECT format('ALTER DATABASE %I SET timezone = ''Asia/Kolkata''', current_database()),
       format('ALTER DATABASE %I SET bytea_output = ''escape''', current_database()),
       format('ALTER DATABASE %I SET intervalstyle = ''iso_8601''', current_database()),
       format('ALTER DATABASE %I SET datestyle = ''SQL, DMY''', current_database()),
       format('ALTER DATABASE %I SET extra_float_digits = -5', current_database()) \gexec
COMMIT;
