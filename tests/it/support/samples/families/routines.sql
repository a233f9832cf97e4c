-- Functions and procedures of every kind, and what is computed by them: indexes, statistics, exclusions, defaults: psql -v owner=…
\set ON_ERROR_STOP on
SET ROLE :"owner";
BEGIN;
CREATE SCHEMA doing;
SET search_path = doing;
CREATE TABLE facts (id int PRIMARY KEY, kind varchar(10) DEFAULT 'new', name text, price numeric(10, 2), at timestamptz, tags text[], doc jsonb, room int4range, place point);
INSERT INTO facts VALUES
  (1, 'new', E'it''s\\', 1.25, '2024-03-31 01:59:59.999999+00', '{a,"b,c"}', '{"a": [1, {"b": "\u00e9"}]}', '[1,5)', '(0,0)'), (2, 'old', NULL, NULL, 'infinity', '{}', 'null', 'empty', NULL),
  (3, NULL, E'\\N', -0.01, NULL, NULL, '[]', '(,)', '(NaN,-0)'), (4, '', E'\t\r\n', 99999999.99, '-infinity', '{NULL,"NULL"}', '"a\\b"', NULL, '(1e300,1e-300)');
CREATE TYPE pair AS (a int, b text);
-- Bodies that are kept as parsed, so that each is written anew by the server.
CREATE FUNCTION every_clause(wanted varchar DEFAULT 'new', lowest numeric DEFAULT -1.50, VARIADIC ids int[] DEFAULT '{1,2}') RETURNS TABLE (id int, "Odd; ""name""" text, n bigint) LANGUAGE sql STABLE ROWS 3 COST 0.5
BEGIN ATOMIC
  WITH RECURSIVE walk (n, up) AS (VALUES (1, 'x'::text) UNION ALL SELECT w.n + 1, w.up || '.' FROM walk w WHERE w.n < 3),
       kept AS NOT MATERIALIZED (SELECT * FROM facts f WHERE f.kind IN ('new', 'old') AND f.kind <> every_clause.wanted || '')
  SELECT f.id, coalesce(f.name, E'none\\'), count(*) FILTER (WHERE f.price > every_clause.lowest) OVER (PARTITION BY f.kind ORDER BY f.at NULLS FIRST GROUPS BETWEEN 1 PRECEDING AND UNBOUNDED FOLLOWING EXCLUDE CURRENT ROW)
  FROM kept f LEFT JOIN walk ON walk.n = f.id CROSS JOIN LATERAL (SELECT unnest(f.tags) AS tag, generate_series(1, 2)) t
  WHERE f.id = ANY (ids) AND (f.kind, f.id) NOT IN (SELECT 'x'::varchar, 1) AND f.at > CURRENT_TIMESTAMP - interval '1-2' YEAR TO MONTH AND (f.doc -> 'a' ->> 0) IS NOT NULL
  ORDER BY f.name COLLATE "C" DESC, 3 DESC FETCH FIRST 5 ROWS WITH TIES;
END;
CREATE FUNCTION written(INOUT id int, OUT was text, INOUT at timestamptz DEFAULT '2024-01-01 00:00:00+00') LANGUAGE sql
BEGIN ATOMIC
  INSERT INTO facts AS f (id, kind, name) VALUES (written.id, 'new', DEFAULT), (written.id + 1, 'old', E'a\\b;') ON CONFLICT (id) DO UPDATE SET (name, price) = ROW(excluded.name, f.price + 1), tags[2] = 'x', room = DEFAULT WHERE f.kind IN ('a', 'b');
  UPDATE ONLY facts u SET doc['a']['b'] = '1', name = (SELECT max(x.name) FROM facts x) FROM (VALUES (1, 'one'), (2, NULL)) v (k, t) WHERE v.k = u.id AND u.name IS DISTINCT FROM v.t;
  DELETE FROM facts d USING facts e WHERE d.id = -e.id AND e.kind LIKE 'a\_%' ESCAPE '\' RETURNING d.*;
  SELECT 1, CASE WHEN $1 IN (1, 2) THEN 'few' ELSE 'many' END, GREATEST($2, now());
END;
CREATE FUNCTION first_default() RETURNS int LANGUAGE sql IMMUTABLE RETURN 40 + 2;
CREATE FUNCTION with_default(a int DEFAULT first_default(), b text DEFAULT 'x' || first_default()::text, c pair DEFAULT ROW(1, 'it''s'), d date DEFAULT CURRENT_DATE - 1, e text[] DEFAULT ARRAY['a', NULL, E'\\']) RETURNS int RETURN a + length(b);
CREATE FUNCTION returns_null() RETURNS void LANGUAGE sql BEGIN ATOMIC END;
CREATE FUNCTION uses_row(f facts) RETURNS text STABLE RETURN (f).kind || (f.doc #>> '{a}') || (SELECT string_agg(x, ';' ORDER BY x DESC) FROM unnest(f.tags) x);
CREATE FUNCTION of_set() RETURNS SETOF pair LANGUAGE sql BEGIN ATOMIC SELECT id, name FROM facts UNION SELECT 5, 'x' INTERSECT ALL VALUES (5, 'x') EXCEPT SELECT NULL, NULL; END;
CREATE FUNCTION grouped() RETURNS SETOF record LANGUAGE sql BEGIN ATOMIC SELECT kind, GROUPING(kind, at), count(DISTINCT price), percentile_disc(0.5) WITHIN GROUP (ORDER BY price) FROM facts GROUP BY ROLLUP (kind), at HAVING bool_or(price > 1); END;
CREATE PROCEDURE put(a int, INOUT b text DEFAULT NULL, VARIADIC rest numeric[] DEFAULT ARRAY[]::numeric[]) LANGUAGE sql BEGIN ATOMIC INSERT INTO facts (id, name, price) SELECT a, b, r FROM unnest(rest) WITH ORDINALITY AS u (r, o) WHERE o = 1; SELECT 'done'; END;
CREATE PROCEDURE calls(OUT n int, IN m int) LANGUAGE plpgsql AS $$
DECLARE i int; "Odd; name" text := 'a%b'; c CURSOR (k int) FOR SELECT * FROM doing.facts WHERE id > k;
BEGIN
  FOR i IN REVERSE m..1 BY 2 LOOP
    INSERT INTO doing.facts (id) VALUES (i);
    IF i % 2 = 0 THEN COMMIT AND CHAIN; ELSE ROLLBACK; END IF;
  END LOOP;
  BEGIN n := 1 / 0; EXCEPTION WHEN division_by_zero OR SQLSTATE '22000' THEN GET STACKED DIAGNOSTICS "Odd; name" = MESSAGE_TEXT; END;
  <<outside>> FOREACH i SLICE 0 IN ARRAY ARRAY[1] LOOP EXIT outside WHEN i = 1; END LOOP;
  EXECUTE format('SELECT %L::text, %I.%1$s', $q$it's; $1$q$, 'x') USING 1;
END $$;
CREATE FUNCTION poly(anyelement, VARIADIC anyarray) RETURNS anyarray LANGUAGE sql IMMUTABLE AS 'SELECT array_prepend($1, $2)';
CREATE FUNCTION poly(anycompatible, anycompatiblearray) RETURNS anycompatible LANGUAGE sql AS 'SELECT $1';
CREATE FUNCTION poly(anyrange, OUT lo anyelement, OUT many anymultirange) LANGUAGE sql AS 'SELECT lower($1), multirange($1)';
CREATE FUNCTION poly(anynonarray, anyenum) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION same_name(int) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT 'int' $$;
CREATE FUNCTION same_name(text) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS $_$ SELECT 'text; $$' $_$;
CREATE FUNCTION same_name(text, text = '$_$') RETURNS text LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT AS ' SELECT $1 || $2 -- ''end';
CREATE FUNCTION "Select; ""it"""("From" int, "a b" text DEFAULT ';') RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL RESTRICTED SET search_path = '' AS 'BEGIN RETURN "From" || "a b"; END';
CREATE FUNCTION folded(text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT lower(trim($1)) COLLATE "C" $$;
CREATE FUNCTION tag_count(text[]) RETURNS int LANGUAGE sql IMMUTABLE RETURN coalesce(cardinality($1), 0);
CREATE FUNCTION day_of(timestamptz) RETURNS date LANGUAGE sql IMMUTABLE RETURN ($1 AT TIME ZONE 'Europe/Paris')::date;
CREATE FUNCTION cross_1(n int) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN CASE WHEN n > 0 THEN doing.cross_2(n - 1) END; END';
CREATE FUNCTION cross_2(n int) RETURNS int LANGUAGE sql RETURN cross_1(n);
COMMENT ON FUNCTION same_name(text, text) IS 'one of three; "this"';
COMMENT ON PROCEDURE calls(OUT int, IN int) IS E'a procedure\\';
COMMENT ON FUNCTION poly(anyrange) IS 'of any range';
COMMENT ON FUNCTION every_clause IS $$it's; $_$ \. $$;
-- What is computed by them.
CREATE TABLE computed (
  id int DEFAULT with_default(b => 'y') PRIMARY KEY, name text DEFAULT same_name('x'::text, ';'), folded text GENERATED ALWAYS AS (folded(name)) STORED, day date GENERATED ALWAYS AS (day_of(at)) STORED,
  at timestamptz DEFAULT '2024-06-01 22:30:00+00', tags text[] DEFAULT ARRAY['x', 'y'] CHECK (tag_count(tags) < 5), cell pair DEFAULT ROW(first_default(), 'x'), kinds varchar[] DEFAULT '{a,b}',
  CHECK (folded(name) <> 'bad' AND same_name(id) = 'int'), CHECK ((cell).a IS NOT NULL OR cell IS NULL), CHECK (kinds <@ ARRAY['a', 'b', 'c']::varchar[]), CHECK (at BETWEEN SYMMETRIC '2030-01-01 00:00:00+00' AND '2000-01-01 00:00:00+00')
);
INSERT INTO computed DEFAULT VALUES;
INSERT INTO computed (id, name, at, cell) VALUES (2, '  MiXed ', '2024-03-31 01:00:00+00', NULL), (3, NULL, NULL, '(1,)');
CREATE INDEX f_folded ON facts (folded(name) DESC, (kind || 'x'), (price * -1) NULLS FIRST) WHERE folded(kind) IN ('new', 'old') OR kind IS NULL;
CREATE UNIQUE INDEX f_covering ON facts (id, lower(name)) INCLUDE (price, kind) NULLS NOT DISTINCT WITH (fillfactor = 50, deduplicate_items = off);
CREATE INDEX f_collated ON facts (name COLLATE "POSIX" varchar_pattern_ops);
CREATE INDEX f_path ON facts USING gin (doc jsonb_path_ops, tags array_ops) WITH (fastupdate = false) WHERE doc @> '{"a": "it''s"}' AND doc ? 'a';
CREATE INDEX f_expr ON facts USING gin ((doc -> 'a'), (tags || ARRAY['x', 'y']));
CREATE INDEX f_spgist ON facts USING spgist (place kd_point_ops) INCLUDE (id) WHERE place <@ box '((0,0),(1,1))';
CREATE INDEX f_range ON facts USING gist (room, place) WITH (buffering = off);
CREATE INDEX f_brin ON facts USING brin (at timestamptz_bloom_ops (n_distinct_per_range = 50, false_positive_rate = 0.02), id int4_minmax_multi_ops (values_per_range = 8)) WITH (pages_per_range = 2, autosummarize);
CREATE INDEX f_case ON facts ((CASE WHEN kind IN ('a', 'b') THEN name ELSE upper(name) END), (name IS NULL), (name ~ E'^a\\\\.'), (NULLIF(kind, 'x')), (COALESCE(price, 0) > 1), ((doc ->> 'a')::varchar(9)), (ROW(id, name) IS NULL));
CREATE INDEX f_day ON facts (day_of(at), (extract(dow FROM at AT TIME ZONE 'UTC')), (date_trunc('month', at AT TIME ZONE 'Asia/Kolkata')));
ALTER TABLE facts ADD CONSTRAINT "no; overlap" EXCLUDE USING gist (room WITH &&, place WITH ~=) INCLUDE (id) WITH (fillfactor = 80) WHERE (kind NOT IN ('gone', 'x') AND NOT isempty(room)) DEFERRABLE INITIALLY DEFERRED,
  ADD CONSTRAINT same_expr EXCLUDE USING btree (folded(name) WITH =, id WITH =), ADD EXCLUDE USING hash (name WITH =) WHERE (id < 0), ADD CONSTRAINT u UNIQUE NULLS NOT DISTINCT (kind, id) INCLUDE (name) DEFERRABLE;
CREATE STATISTICS s_expr ON (folded(name)) FROM facts;
CREATE STATISTICS "S; ""many""" (mcv, ndistinct) ON kind, (price * 2), (kind IN ('new', 'old')), (doc ->> 'a'), id FROM facts;
CREATE STATISTICS s_dep (dependencies) ON id, kind FROM facts;
ALTER STATISTICS s_dep SET STATISTICS 0;
COMMENT ON STATISTICS "S; ""many""" IS 'of "many"';
ALTER INDEX f_case ALTER COLUMN 2 SET STATISTICS 7, ALTER COLUMN 6 SET STATISTICS 1000;
CREATE VIEW used AS SELECT e.*, with_default(f.id, c => ROW(2, f.name)::pair) AS d, (written_none).a AS a FROM every_clause('old', 2, VARIADIC ids => ARRAY[1]) e, facts f, of_set() AS written_none, LATERAL grouped() AS g (k varchar, n int, c bigint, p numeric);
COMMIT;
