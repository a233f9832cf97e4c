-- What needs a superuser, or stands beside the tables: large objects, foreign data, text search, publications: psql -v owner=…
\set ON_ERROR_STOP on
SET client_min_messages = error;
BEGIN;
CREATE SCHEMA beside AUTHORIZATION :"owner";
SET search_path = beside;
CREATE FOREIGN DATA WRAPPER nobody_home OPTIONS (debug 'it''s; "on"');
GRANT USAGE ON FOREIGN DATA WRAPPER nobody_home TO :"owner";
CREATE FUNCTION raw_in(cstring) RETURNS raw LANGUAGE internal IMMUTABLE STRICT AS 'textin';
CREATE FUNCTION raw_out(raw) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'textout';
CREATE TYPE raw (INPUT = raw_in, OUTPUT = raw_out, LIKE = text, CATEGORY = 'U', DELIMITER = ';');
CREATE TYPE never_finished;
CREATE CAST (raw AS text) WITHOUT FUNCTION AS IMPLICIT;
CREATE ACCESS METHOD other_heap TYPE TABLE HANDLER heap_tableam_handler;
CREATE TABLE in_other_heap (id int PRIMARY KEY, raw raw) USING other_heap;
INSERT INTO in_other_heap SELECT i, ('raw ' || i)::raw FROM generate_series(1, 5) i;
ALTER TABLE in_other_heap OWNER TO :"owner";
CREATE OPERATOR CLASS absolute FOR TYPE int USING btree AS OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 btint4cmp;
CREATE OPERATOR FAMILY loose USING hash;
ALTER OPERATOR FAMILY loose USING hash ADD OPERATOR 1 = (int, bigint), FUNCTION 1 (int, int) hashint4(int);
CREATE TABLE by_class (id int, EXCLUDE USING btree (id absolute WITH =));
CREATE INDEX ON by_class (id absolute DESC);
ALTER TABLE by_class OWNER TO :"owner";
CREATE FUNCTION watched() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN NULL; END';
CREATE EVENT TRIGGER watch ON ddl_command_end WHEN TAG IN ('CREATE TABLE', 'ALTER TABLE') EXECUTE FUNCTION watched();
CREATE EVENT TRIGGER asleep ON sql_drop EXECUTE FUNCTION watched();
ALTER EVENT TRIGGER asleep DISABLE;
COMMENT ON EVENT TRIGGER watch IS 'sees; all';

SET ROLE :"owner";
CREATE SERVER far TYPE 'x' VERSION '1;2' FOREIGN DATA WRAPPER nobody_home OPTIONS (host 'far.example', "odd ""key""" E'a\\b''');
CREATE USER MAPPING FOR PUBLIC SERVER far OPTIONS (user 'guest');
CREATE FOREIGN TABLE far_away (id int OPTIONS (column_name 'ID') NOT NULL, name varchar(5) DEFAULT 'x' CHECK (name IN ('x', 'y'))) SERVER far
  OPTIONS (table_name 'there;');
CREATE TEXT SEARCH DICTIONARY plain_words (TEMPLATE = simple, ACCEPT = false, STOPWORDS = 'english');
CREATE TEXT SEARCH CONFIGURATION our_search (COPY = english);
ALTER TEXT SEARCH CONFIGURATION our_search ALTER MAPPING FOR asciiword, word WITH plain_words, english_stem;
ALTER TEXT SEARCH CONFIGURATION our_search DROP MAPPING FOR url, float;
COMMENT ON TEXT SEARCH CONFIGURATION our_search IS 'ours; not "theirs"';
CREATE TABLE searched (
  id int PRIMARY KEY, kind varchar(3), body text, found tsvector GENERATED ALWAYS AS (to_tsvector('beside.our_search', coalesce(body, ''))) STORED
);
INSERT INTO searched (id, kind, body) VALUES (1, 'a', 'The quick brown foxes were jumping'), (2, 'b', NULL);
CREATE INDEX ON searched USING gin (found);
CREATE COLLATION copied FROM "C";
CREATE TABLE collated (a text COLLATE copied PRIMARY KEY, b text COLLATE "POSIX");
CREATE DEFAULT CONVERSION odd_conversion FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;
CREATE PUBLICATION some_rows FOR TABLE searched (id, kind) WHERE ((kind = 'a' OR kind = 'b') AND id > -1), collated WITH (publish = 'insert, update');
RESET ROLE;
CREATE PUBLICATION a_schema FOR TABLES IN SCHEMA beside, CURRENT_SCHEMA;
CREATE PUBLICATION everything FOR ALL TABLES WITH (publish_via_partition_root);
COMMENT ON PUBLICATION everything IS 'all; of it';
ALTER SCHEMA public OWNER TO :"owner";
COMMENT ON SCHEMA public IS 'ours; now';
SET ROLE :"owner";

-- Large objects: of some bytes, empty, of all byte values, of more than a mebibyte with a hole in it.
SELECT lo_from_bytea(4100001, convert_to(E'plain text; with \' and \\ and $$\n\\.\n', 'UTF8')), lo_create(4100002),
  lo_from_bytea(4100003, (SELECT string_agg(decode(lpad(to_hex(i), 2, '0'), 'hex'), NULL ORDER BY i) FROM generate_series(0, 255) i)),
  lo_from_bytea(4100004, (SELECT string_agg(sha512(i::text::bytea), NULL ORDER BY i) FROM generate_series(1, 20000) i));
SELECT lo_put(4100004, 1500000, 'after the hole');
COMMENT ON LARGE OBJECT 4100001 IS 'a large object; with a ''comment''';
COMMENT ON LARGE OBJECT 4100002 IS E'empty\n\\.';
CREATE TABLE attachments (id int PRIMARY KEY, content oid NOT NULL);
INSERT INTO attachments SELECT i, 4100000 + i FROM generate_series(1, 4) i;
COMMIT;
