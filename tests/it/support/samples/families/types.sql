-- Types of one's own and what belongs to them: casts, operators, classes, families, aggregates, transforms: psql -v owner=…
\set ON_ERROR_STOP on
SET client_min_messages = error;
CREATE SCHEMA made AUTHORIZATION :"owner";
SET search_path = made;
-- A base type with everything it can have, made of PostgreSQL's own functions.
CREATE TYPE pct;
CREATE FUNCTION pct_in(cstring) RETURNS pct LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'int4in';
CREATE FUNCTION pct_out(pct) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'int4out';
CREATE FUNCTION pct_recv(internal) RETURNS pct LANGUAGE internal IMMUTABLE STRICT AS 'int4recv';
CREATE FUNCTION pct_send(pct) RETURNS bytea LANGUAGE internal IMMUTABLE STRICT AS 'int4send';
CREATE TYPE pct (INPUT = pct_in, OUTPUT = pct_out, RECEIVE = pct_recv, SEND = pct_send, INTERNALLENGTH = 4, PASSEDBYVALUE, ALIGNMENT = int4, STORAGE = plain,
  CATEGORY = 'N', PREFERRED = false, DEFAULT = '50', DELIMITER = '|', COLLATABLE = false);
CREATE FUNCTION pct_less(pct, pct) RETURNS bool LANGUAGE internal IMMUTABLE STRICT AS 'int4lt';
CREATE FUNCTION pct_less_same(pct, pct) RETURNS bool LANGUAGE internal IMMUTABLE STRICT AS 'int4le';
CREATE FUNCTION pct_same(pct, pct) RETURNS bool LANGUAGE internal IMMUTABLE STRICT AS 'int4eq';
CREATE FUNCTION pct_more_same(pct, pct) RETURNS bool LANGUAGE internal IMMUTABLE STRICT AS 'int4ge';
CREATE FUNCTION pct_more(pct, pct) RETURNS bool LANGUAGE internal IMMUTABLE STRICT AS 'int4gt';
CREATE FUNCTION pct_other(pct, pct) RETURNS bool LANGUAGE internal IMMUTABLE STRICT AS 'int4ne';
CREATE FUNCTION pct_compare(pct, pct) RETURNS int LANGUAGE internal IMMUTABLE STRICT AS 'btint4cmp';
CREATE FUNCTION pct_hash(pct) RETURNS int LANGUAGE internal IMMUTABLE STRICT AS 'hashint4';
CREATE FUNCTION pct_add(pct, pct) RETURNS pct LANGUAGE internal IMMUTABLE STRICT AS 'int4pl';
CREATE FUNCTION pct_take(pct, pct) RETURNS pct LANGUAGE internal IMMUTABLE STRICT AS 'int4mi';
CREATE CAST (int AS pct) WITHOUT FUNCTION AS ASSIGNMENT;
CREATE CAST (pct AS int) WITHOUT FUNCTION AS IMPLICIT;
CREATE CAST (pct AS varchar) WITH INOUT AS IMPLICIT;
CREATE OPERATOR < (LEFTARG = pct, RIGHTARG = pct, FUNCTION = pct_less, COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR <= (LEFTARG = pct, RIGHTARG = pct, FUNCTION = pct_less_same, COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel);
CREATE OPERATOR = (LEFTARG = pct, RIGHTARG = pct, FUNCTION = pct_same, COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR >= (LEFTARG = pct, RIGHTARG = pct, FUNCTION = pct_more_same, COMMUTATOR = <=, NEGATOR = <);
CREATE OPERATOR > (LEFTARG = pct, RIGHTARG = pct, FUNCTION = pct_more, COMMUTATOR = <, NEGATOR = <=);
CREATE OPERATOR <> (LEFTARG = pct, RIGHTARG = pct, FUNCTION = pct_other, COMMUTATOR = <>, NEGATOR = =);
CREATE OPERATOR + (LEFTARG = pct, RIGHTARG = pct, FUNCTION = pct_add, COMMUTATOR = +);
CREATE OPERATOR @#%&|`?~!^*/ (LEFTARG = pct, RIGHTARG = pct, FUNCTION = pct_take);
CREATE OPERATOR FAMILY pct_sorting USING btree;
CREATE OPERATOR CLASS pct_up DEFAULT FOR TYPE pct USING btree FAMILY pct_sorting AS OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 pct_compare(pct, pct);
CREATE OPERATOR CLASS pct_hashing DEFAULT FOR TYPE pct USING hash AS OPERATOR 1 =, FUNCTION 1 pct_hash(pct);
CREATE OPERATOR CLASS pct_brin FOR TYPE pct USING brin AS OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >,
  FUNCTION 1 brin_minmax_opcinfo(internal), FUNCTION 2 brin_minmax_add_value(internal, internal, internal, internal),
  FUNCTION 3 brin_minmax_consistent(internal, internal, internal), FUNCTION 4 brin_minmax_union(internal, internal, internal);
CREATE FUNCTION pct_and_int(pct, int) RETURNS bool LANGUAGE internal IMMUTABLE STRICT AS 'int4eq';
CREATE FUNCTION pct_to_int(pct, int) RETURNS int LANGUAGE internal IMMUTABLE STRICT AS 'btint4cmp';
CREATE OPERATOR === (LEFTARG = pct, RIGHTARG = int, FUNCTION = pct_and_int);
ALTER OPERATOR FAMILY pct_sorting USING btree ADD OPERATOR 3 === (pct, int), FUNCTION 1 (pct, int) pct_to_int(pct, int);
COMMENT ON OPERATOR @#%&|`?~!^*/ (pct, pct) IS 'all; signs';
COMMENT ON OPERATOR FAMILY pct_sorting USING btree IS 'a family; of "ours"';
COMMENT ON OPERATOR CLASS pct_up USING btree IS E'a\nclass';
COMMENT ON CAST (pct AS int) IS 'a cast; there';
-- An own table access to points by GiST, with options of the class, and a class that stores another type.
CREATE OPERATOR CLASS near FOR TYPE point USING gist AS STORAGE box, OPERATOR 1 <<, OPERATOR 15 <-> (point, point) FOR ORDER BY pg_catalog.float_ops,
  FUNCTION 1 gist_point_consistent(internal, point, smallint, oid, internal), FUNCTION 2 gist_box_union(internal, internal), FUNCTION 3 gist_point_compress(internal),
  FUNCTION 5 gist_box_penalty(internal, internal, internal), FUNCTION 6 gist_box_picksplit(internal, internal), FUNCTION 7 gist_box_same(box, box, internal), FUNCTION 8 gist_point_distance(internal, point, smallint, oid, internal);
CREATE FUNCTION from_native(internal) RETURNS pct LANGUAGE internal IMMUTABLE STRICT AS 'int4recv';
CREATE TRANSFORM FOR pct LANGUAGE sql (TO SQL WITH FUNCTION from_native(internal), FROM SQL WITH FUNCTION prsd_lextype(internal));
CREATE FUNCTION transformed(pct) RETURNS pct LANGUAGE sql TRANSFORM FOR TYPE pct AS 'SELECT $1';
CREATE FUNCTION own_handler() RETURNS language_handler LANGUAGE c AS '$libdir/plpgsql', 'plpgsql_call_handler';
CREATE FUNCTION own_inline(internal) RETURNS void LANGUAGE c AS '$libdir/plpgsql', 'plpgsql_inline_handler';
CREATE TRUSTED LANGUAGE own_language HANDLER own_handler INLINE own_inline;
COMMENT ON LANGUAGE own_language IS 'a language; ours';
GRANT USAGE ON LANGUAGE own_language TO :"owner";
ALTER TYPE pct OWNER TO :"owner";

SET ROLE :"owner";
BEGIN;
SET search_path = made;
CREATE TYPE color AS ENUM ('red', 'green', 'gone', 'é', '');
ALTER TYPE color ADD VALUE IF NOT EXISTS 'it''s; "odd"' BEFORE 'red';
ALTER TYPE color ADD VALUE E'back\\slash\n' AFTER 'red';
ALTER TYPE color RENAME VALUE 'gone' TO 'come; again';
COMMIT;
BEGIN;
SET search_path = made;
CREATE TYPE empty_enum AS ENUM ();
CREATE TYPE nothing_in AS ();
CREATE TYPE inner_one AS (n numeric(6, 2), "Odd; ""name""" text COLLATE "C", c color);
CREATE TYPE outer_one AS (one inner_one, many inner_one[], gone int, span int4range, share pct);
ALTER TYPE outer_one DROP ATTRIBUTE gone, ADD ATTRIBUTE late timestamptz(3), ALTER ATTRIBUTE span TYPE int8range;
CREATE DOMAIN positive AS int CONSTRAINT above CHECK (VALUE > 0);
CREATE DOMAIN small_positive AS positive DEFAULT 7 CONSTRAINT below CHECK (VALUE < 1000) CHECK (VALUE NOT IN (13, 666));
CREATE DOMAIN some_small AS small_positive[] NOT NULL CHECK (cardinality(VALUE) < 9 AND 0 <> ALL (VALUE));
CREATE DOMAIN mail AS varchar(60) COLLATE "C" DEFAULT 'x@y' CHECK (VALUE ~* '^[^@\\]+@[a-z.\d]+$' OR VALUE IN ('it''s', 'none'));
CREATE DOMAIN mails AS mail[] CHECK (array_position(VALUE, NULL) IS NULL);
CREATE DOMAIN whole AS outer_one CHECK ((VALUE).one.n IS DISTINCT FROM -1 AND (VALUE).share <> '13'::made.pct);
CREATE DOMAIN bright AS color CHECK (VALUE IN ('red', 'é')) CHECK (VALUE > 'red' OR VALUE = ANY ('{red,green}'));
ALTER DOMAIN mail ADD CONSTRAINT not_yet CHECK (length(VALUE) > 2) NOT VALID;
ALTER DOMAIN positive RENAME CONSTRAINT above TO "above; 0";
COMMENT ON CONSTRAINT "above; 0" ON DOMAIN positive IS 'of a domain';
COMMENT ON COLUMN outer_one.late IS 'an attribute''s';
CREATE FUNCTION time_less(time, time) RETURNS float8 LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN extract(epoch FROM $1 - $2);
CREATE TYPE time_span AS RANGE (SUBTYPE = time, SUBTYPE_DIFF = time_less, MULTIRANGE_TYPE_NAME = "Time; spans");
CREATE TYPE text_span AS RANGE (SUBTYPE = text, COLLATION = "C", SUBTYPE_OPCLASS = text_pattern_ops);
CREATE TYPE color_span AS RANGE (SUBTYPE = color);
CREATE TYPE positive_span AS RANGE (SUBTYPE = positive);
CREATE TYPE mail_span AS RANGE (SUBTYPE = mail, MULTIRANGE_TYPE_NAME = mail_spans);
CREATE FUNCTION color_to_int(color) RETURNS int LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT ascii($1::text) $$;
CREATE FUNCTION int_to_inner(int, int, bool) RETURNS inner_one LANGUAGE sql IMMUTABLE AS $$ SELECT ROW($1, 'x', 'red')::made.inner_one $$;
CREATE CAST (color AS int) WITH FUNCTION color_to_int(color);
CREATE CAST (int AS inner_one) WITH FUNCTION int_to_inner(int, int, bool) AS ASSIGNMENT;
CREATE CAST (inner_one AS json) WITH INOUT;
-- Aggregates: moving, of ordered sets, hypothetical, combined in parallel, with everything they may say.
CREATE FUNCTION add_up(state bigint, n int) RETURNS bigint LANGUAGE sql IMMUTABLE RETURN state + coalesce(n, 0);
CREATE FUNCTION take_off(state bigint, n int) RETURNS bigint LANGUAGE sql IMMUTABLE RETURN state - coalesce(n, 0);
CREATE FUNCTION finish(state bigint, n int) RETURNS text LANGUAGE sql IMMUTABLE RETURN state || '; ' || coalesce(n, 0);
CREATE AGGREGATE total(int) (SFUNC = add_up, STYPE = bigint, SSPACE = 64, FINALFUNC = finish, FINALFUNC_EXTRA, FINALFUNC_MODIFY = SHAREABLE, COMBINEFUNC = int8pl, INITCOND = '-5',
  MSFUNC = add_up, MINVFUNC = take_off, MSTYPE = bigint, MSSPACE = 8, MFINALFUNC = finish, MFINALFUNC_EXTRA, MFINALFUNC_MODIFY = READ_WRITE, MINITCOND = '7', PARALLEL = RESTRICTED);
CREATE FUNCTION collect(anyarray, anyelement) RETURNS anyarray LANGUAGE sql IMMUTABLE AS 'SELECT array_append($1, $2)';
CREATE FUNCTION pick(anyarray, int, anyelement) RETURNS anyelement LANGUAGE sql IMMUTABLE AS 'SELECT $1[$2]';
CREATE AGGREGATE nth(place int ORDER BY element anyelement) (SFUNC = collect, STYPE = anyarray, FINALFUNC = pick, FINALFUNC_EXTRA, INITCOND = '{}');
RESET ROLE;
CREATE AGGREGATE own_rank(VARIADIC wanted "any" ORDER BY VARIADIC sorted "any") (SFUNC = ordered_set_transition_multi, STYPE = internal, FINALFUNC = rank_final, FINALFUNC_EXTRA, HYPOTHETICAL);
SET ROLE :"owner";
CREATE FUNCTION pct_smaller(pct, pct) RETURNS pct LANGUAGE sql IMMUTABLE STRICT RETURN CASE WHEN $1 < $2 THEN $1 ELSE $2 END;
CREATE AGGREGATE "Least; one"(pct) (SFUNC = pct_smaller, STYPE = pct, SORTOP = <);
CREATE AGGREGATE counted(*) (SFUNC = int8inc, STYPE = int8, INITCOND = 0);
CREATE AGGREGATE listed(VARIADIC items text[]) (SFUNC = array_cat, STYPE = text[], INITCOND = E'{"a\\"b","\\\\"}');
COMMENT ON AGGREGATE nth(int ORDER BY anyelement) IS 'an aggregate; of an ordered set';
CREATE FUNCTION in_own(n int) RETURNS int LANGUAGE own_language AS $$ BEGIN RETURN n; END $$;

CREATE TABLE whole_things (
  id int PRIMARY KEY, o outer_one, os outer_one[], w whole, m mail DEFAULT 'a@b', ms mails, s small_positive, ss some_small DEFAULT '{1,2}', c color, cs color[], b bright,
  p pct DEFAULT '77', ps pct[] DEFAULT '{1|2}', t time_span, ts "Time; spans", x text_span, cc color_span, po positive_span, mm mail_spans, e nothing_in, none empty_enum
);
INSERT INTO whole_things VALUES
  (1, ROW(ROW(1.5, E'a "b" \\c,(d)', 'é'), ARRAY[ROW(NULL, '', '')::inner_one, NULL], '[1,5]', 9, 'infinity'), ARRAY[NULL, ROW(NULL, '{}', 'empty', NULL, NULL)::outer_one],
   ROW(NULL, NULL, NULL, 1, NULL), 'it''s', '{"none","it''s"}', 5, '{7,8}', E'back\\slash\n', ARRAY['it''s; "odd"', '', NULL, E'back\\slash\n']::color[], 'red', 3, '[-1:0]={-4|NULL}',
   '[00:00,24:00]', '{[01:00,02:00),(03:00,)}', E'["A,b","a\\\\")', '[red,green)', '[1,5]', '{[a@b.c,b@c.d]}', ROW(), NULL),
  (2, NULL, '{}', NULL, NULL, '{}', NULL, '{}', '', '{}', NULL, NULL, '{}', 'empty', '{}', '(,)', '(,)', 'empty', '{}', NULL, NULL);
CREATE INDEX ON whole_things (p);
CREATE INDEX ON whole_things USING hash (p);
CREATE INDEX ON whole_things USING brin (p pct_brin);
CREATE INDEX ON whole_things USING gist (t, x);
CREATE INDEX ON whole_things (((o).one.n), (m || ''), c DESC) WHERE (o).share > 3 AND c IN ('red', 'é');
CREATE UNIQUE INDEX ON whole_things USING btree (cc, po);
ALTER TABLE whole_things ADD EXCLUDE USING gist (t WITH &&, ts WITH &&), ADD CHECK (c < 'come; again' OR c IS NULL OR c <> ALL ('{red,green}')), ADD CHECK (p + 1 > 0::pct), ADD CHECK (lower(t) IS NULL OR t <@ '[00:00,24:00]'::time_span);
CREATE TABLE places (p point, b box);
CREATE INDEX ON places USING gist (p near);
INSERT INTO places SELECT point(i, -i), box(point(0, 0), point(i, i)) FROM generate_series(1, 20) i;
CREATE VIEW computed AS
SELECT nth(2) WITHIN GROUP (ORDER BY id) AS second, own_rank(5) WITHIN GROUP (ORDER BY s) AS rank, "Least; one"(p) AS least, counted(*) AS n, listed(VARIADIC ARRAY['a', m]) AS list, total(s) FILTER (WHERE c IN ('red')) AS total,
  max((o).one.c) AS c, min(w.o::text) AS o, bool_and(p OPERATOR(made.===) 5) AS same, max(c::int) AS code, range_agg(t) AS spans, (ROW(1, 2) OPERATOR(pg_catalog.<) ROW(max(s), 3)) AS less
FROM whole_things w GROUP BY ();
CREATE VIEW fields AS SELECT (w).one.n, (w).many[1]."Odd; ""name""" AS odd, (os[2]).late, s::positive::int::text AS s, 5::inner_one AS cast_one, '1'::pct + p AS sum, NOT (p < 5) AS more, m::text = 'x' AS m FROM whole_things;
COMMENT ON TYPE color IS E'colors\\; of "it"';
COMMENT ON DOMAIN mails IS 'list of "mail"';
CREATE CONVERSION "Own; one" FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;
COMMENT ON CONVERSION "Own; one" IS 'a conversion; no default';
COMMIT;
