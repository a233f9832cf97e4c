-- What a database does rather than holds: functions, views, rules, triggers, policies: psql -v owner=…
\set ON_ERROR_STOP on
-- Roles belong to the server: another test may be making the same ones at this moment.
DO $$ BEGIN CREATE ROLE sample_reader; EXCEPTION WHEN duplicate_object OR unique_violation THEN END $$;
DO $$ BEGIN CREATE ROLE "Sample ""Writer"""; EXCEPTION WHEN duplicate_object OR unique_violation THEN END $$;
SET ROLE :"owner";
BEGIN;
CREATE SCHEMA acts;
SET search_path = acts;
CREATE TABLE orders (
  id int PRIMARY KEY, status varchar(10) NOT NULL DEFAULT 'open', customer text, placed timestamptz NOT NULL DEFAULT now(),
  price numeric(8, 2), lines jsonb
);
CREATE TABLE journal (id bigint GENERATED ALWAYS AS IDENTITY, what text, who text DEFAULT 'nobody');
INSERT INTO orders SELECT i, (ARRAY['open', 'closed', 'lost'])[1 + i % 3], 'c' || i % 7, timestamptz '2024-01-01 00:00:00+00' + i * interval '1 hour',
  i * 1.25, jsonb_build_object('n', i) FROM generate_series(1, 60) i;

-- Functions: bodies that hold what a dump's reader looks for.
CREATE FUNCTION with_copy(name text DEFAULT E'it''s\n"odd"', VARIADIC kinds varchar[] DEFAULT ARRAY['a', 'b']) RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE COST 7 SET search_path = acts, "$user", pg_temp SET timezone = 'UTC' AS $_$
DECLARE text text := $$
COPY acts.orders (id) FROM stdin;
1
\.

--
-- PostgreSQL database dump complete
--
$$;
BEGIN
  -- a lone ' and a " and a ; in a comment, and $tag$ too
  RETURN text || $1 || E'\\.' || '\.';
END $_$;
CREATE FUNCTION nested_dollars() RETURNS text LANGUAGE sql IMMUTABLE AS $_$ SELECT $$a;$$ || '$_' || $b$
\connect postgres
$b$ $_$;
CREATE FUNCTION atomic_total(kind varchar DEFAULT 'open', OUT total numeric, OUT n bigint) LANGUAGE sql STABLE
BEGIN ATOMIC
  SELECT sum(price), count(*) FROM orders o WHERE o.status IN ('open', 'closed') AND o.status <> kind || ';' AND placed < '2030-01-01 00:00:00+00';
END;
CREATE PROCEDURE atomic_log(what text, INOUT done bool DEFAULT false) LANGUAGE sql
BEGIN ATOMIC
  INSERT INTO journal (what) VALUES (what), (upper(what) || E'\n;') RETURNING id;
  UPDATE orders SET status = 'lost', (customer, price) = (SELECT 'x', 1) WHERE id < 0 AND status IN ('open', 'lost');
  DELETE FROM journal USING orders WHERE journal.what = orders.customer AND orders.id = -1;
  SELECT CASE what WHEN 'a' THEN true ELSE done END;
END;
CREATE FUNCTION one_expression(a int, b int DEFAULT -1) RETURNS int RETURN a + b * 2;
CREATE FUNCTION rows_of(status varchar) RETURNS TABLE (id int, note text) LANGUAGE sql ROWS 5 AS 'SELECT id, status::text FROM acts.orders o WHERE o.status = $1';
CREATE FUNCTION whole_row(orders) RETURNS bool LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN $1.id > 0; END';
CREATE PROCEDURE commits(INOUT n int) LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN n := n + 1; COMMIT; END $$;
CREATE FUNCTION weird_body() RETURNS text LANGUAGE sql AS E'SELECT \'a\\\\b\r\n$$ \'';
COMMENT ON FUNCTION with_copy IS $$about; 'with_copy' $_$ \. $$;
ALTER TABLE orders ADD CONSTRAINT row_is_good CHECK (whole_row(orders));
CREATE TABLE defaulted (id int, seen bigint DEFAULT (atomic_total()).n, copy numeric DEFAULT (one_expression(1)));
CREATE FUNCTION longer(text, text) RETURNS text RETURN CASE WHEN length($1) >= length($2) THEN $1 ELSE $2 END;
CREATE AGGREGATE longest(text) (SFUNC = longer, STYPE = text, INITCOND = E'''\\', PARALLEL = safe, COMBINEFUNC = longer);
CREATE TYPE pair AS (a int, b int);
CREATE FUNCTION pair_less(pair, pair) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT $1.a < $2.a';
CREATE FUNCTION pair_compare(pair, pair) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1.a - $2.a';
CREATE FUNCTION pair_to_text(pair) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1.a || '':'' || $1.b';
CREATE OPERATOR <<< (LEFTARG = pair, RIGHTARG = pair, FUNCTION = pair_less, COMMUTATOR = >>>, NEGATOR = >>=, RESTRICT = scalarltsel);
CREATE OPERATOR >>> (LEFTARG = pair, RIGHTARG = pair, FUNCTION = pair_less, COMMUTATOR = <<<);
CREATE OPERATOR !!! (RIGHTARG = pair, FUNCTION = pair_to_text);
CREATE CAST (pair AS text) WITH FUNCTION pair_to_text(pair) AS ASSIGNMENT;
CREATE TABLE pairs (pair pair, text text GENERATED ALWAYS AS (!!! pair) STORED);
INSERT INTO pairs VALUES ('(1,2)'), ('(3,)'), (NULL);

-- Views.
CREATE VIEW every_shape AS
WITH recent AS MATERIALIZED (SELECT * FROM orders WHERE placed > '2024-01-01 12:00:00+00' AND status IN ('open', 'closed'))
SELECT o.id, o.status, coalesce(o.status, 'x') AS filled, nullif(o.customer, '') AS customer, o.lines #>> '{n}' AS n,
  CASE o.status WHEN 'open' THEN 1 WHEN 'closed' THEN 2 ELSE -3 END AS rank, o.status IN ('open') AS single, o.status NOT IN ('a', 'b') AS other,
  (SELECT 'x') AS constant, ARRAY(SELECT 'y' FROM journal) AS constants, EXISTS (SELECT 'z' FROM journal) AS is_there,
  (o.status || 'x') IN ('ax', 'bx') AS joined, o.price::int % 3 = ANY ('{1,2}') AS chosen, ROW (o.id, 'a') < ROW (5, 'b'::text) AS less,
  extract(year FROM o.placed) AS year, o.placed AT TIME ZONE 'Europe/Paris' AS local, substring(o.customer FROM 1 FOR 2) AS part,
  trim(BOTH 'x' FROM o.customer) AS trimmed, position('c' IN o.customer) AS at, overlay(o.customer PLACING 'zz' FROM 1) AS over,
  o.customer SIMILAR TO '(a|b)%' AS similar, o.customer ILIKE 'c\_%' ESCAPE '\' AS alike, o.price IS DISTINCT FROM 1 AS distinct_from,
  (ARRAY[[1, 2], [3, 4]])[1:1][2] AS slice, B'101' AS bits, X'1F' AS hex, interval '1-2' YEAR TO MONTH AS span, date '2024-01-01' AS day,
  current_date - 7 AS week_ago, greatest(o.price, -1, 2.5) AS top, (o.customer COLLATE "C") < 'b' AS before, -5 AS minus, - o.price AS negative,
  row_number() OVER (PARTITION BY o.status ORDER BY o.id DESC ROWS BETWEEN 1 PRECEDING AND CURRENT ROW EXCLUDE TIES) AS row_no,
  count(*) FILTER (WHERE o.status IN ('a', 'b')) OVER w AS counted, EXISTS (SELECT FROM recent r WHERE r.id = o.id) AS is_recent
FROM ONLY orders o LEFT JOIN LATERAL (SELECT count(*) FROM journal j WHERE j.what = o.status) AS j ON true
WINDOW w AS (ORDER BY o.id RANGE UNBOUNDED PRECEDING);
CREATE VIEW over_a_view (the_id, "Odd ""name""", total) WITH (security_barrier, security_invoker = true) AS
SELECT v.id, min(v.status), percentile_cont(0.5) WITHIN GROUP (ORDER BY v.rank) FROM every_shape v NATURAL JOIN (SELECT id FROM orders) x
GROUP BY GROUPING SETS ((v.id), CUBE (v.id, v.n)) HAVING count(*) > 0 ORDER BY 1 DESC NULLS LAST OFFSET 1 LIMIT 10;
CREATE RECURSIVE VIEW chain (id, depth) AS SELECT 1, 0 UNION ALL SELECT id + 1, depth + 1 FROM chain WHERE depth < 5;
CREATE VIEW searched AS
WITH RECURSIVE t (id, parent) AS (SELECT 1, 0 UNION SELECT t.id + 1, t.id FROM t WHERE t.id < 4)
  SEARCH DEPTH FIRST BY id, parent SET place CYCLE id SET looped USING path
SELECT id, parent, looped FROM t ORDER BY place;
CREATE VIEW public.grouped_by_key AS SELECT o.*, count(*) AS n FROM orders o JOIN journal j ON j.what = o.status GROUP BY o.id;
CREATE VIEW unions AS (SELECT 'a' AS kind, 1 AS n UNION ALL VALUES ('b', 2), (NULL, NULL)) EXCEPT SELECT 'c', 2.5 ORDER BY kind LIMIT 5;
CREATE VIEW sources AS SELECT DISTINCT ON (g) g, f.*, t.note, u.ordinality
FROM generate_series(1, 3) g, ROWS FROM (generate_series(1, 2), json_to_recordset('[{"a":1}]') AS (a int, b varchar(3))) WITH ORDINALITY AS f (s, a, b, o),
  rows_of('open') AS t (key, note), unnest(ARRAY['x', 'y']) WITH ORDINALITY AS u, orders TABLESAMPLE bernoulli (50) REPEATABLE (1) ORDER BY g, f.o DESC;
CREATE TABLE left_side (id int, a text, unused int);
CREATE TABLE right_side (id int, b text);
CREATE VIEW joined AS SELECT l.*, r.b, x.a AS xa, y.b AS yb FROM left_side l FULL JOIN right_side r USING (id) CROSS JOIN (left_side x JOIN right_side y USING (id) AS xy) WHERE l.id = 1 OR xy.id IN (1, 2);
ALTER TABLE right_side RENAME id TO other_id;
ALTER TABLE left_side ADD COLUMN b int, ADD COLUMN other_id int;
CREATE VIEW checked AS SELECT id, status FROM orders WHERE status IN ('open', 'lost') WITH CASCADED CHECK OPTION;
ALTER VIEW checked ALTER status SET DEFAULT 'lost';
ALTER VIEW checked RENAME status TO state;
CREATE MATERIALIZED VIEW per_status AS SELECT status, count(*) AS n, max(placed) AS last FROM orders WHERE status IN ('open', 'closed') GROUP BY status;
CREATE MATERIALIZED VIEW over_per_status AS SELECT sum(n) AS n, 'x' AS label FROM per_status;
CREATE MATERIALIZED VIEW not_filled AS SELECT id FROM over_a_view, orders WITH NO DATA;
CREATE UNIQUE INDEX ON per_status (status) WHERE status IN ('open');
COMMENT ON MATERIALIZED VIEW per_status IS 'filled; "again"';
COMMENT ON COLUMN every_shape.rank IS 'a view''s column';

-- Rules, triggers and policies.
CREATE TABLE split (id int, kind varchar(3)) PARTITION BY LIST (kind);
CREATE RULE noted AS ON UPDATE TO orders WHERE OLD.status IN ('open', 'lost') AND NEW.status <> 'open'
DO ALSO (INSERT INTO journal (what) VALUES (OLD.status || ';' || NEW.id); DELETE FROM journal WHERE id = -NEW.id);
CREATE RULE swallow AS ON INSERT TO over_a_view DO INSTEAD NOTHING;
CREATE RULE passed_on AS ON DELETE TO public.grouped_by_key DO INSTEAD DELETE FROM orders WHERE id = OLD.id RETURNING orders.*, 0::bigint;
CREATE RULE sleeping AS ON DELETE TO journal DO INSTEAD SELECT OLD.id, $$a;b$$;
ALTER TABLE journal DISABLE RULE sleeping;
CREATE RULE told AS ON INSERT TO split DO ALSO NOTIFY split, 'it''s';
COMMENT ON RULE noted ON orders IS 'a rule; noted';
CREATE FUNCTION noticed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO acts.journal (what) VALUES (TG_NAME || TG_ARGV[0]); RETURN NULL; END $$;
CREATE TRIGGER after_change AFTER UPDATE OF status, price ON orders FOR EACH ROW
WHEN (OLD.status IN ('open', 'closed') AND NEW.* IS DISTINCT FROM OLD.*) EXECUTE FUNCTION noticed('it''s', E'a\\b\nc', '', ';');
CREATE TRIGGER switched_off AFTER INSERT ON orders FOR EACH ROW EXECUTE FUNCTION noticed('never');
CREATE TRIGGER always_on BEFORE DELETE ON orders EXECUTE FUNCTION noticed('always');
CREATE TRIGGER only_on_replicas AFTER TRUNCATE ON orders EXECUTE FUNCTION noticed('replica');
CREATE TRIGGER whole_statement AFTER UPDATE ON orders REFERENCING OLD TABLE AS before NEW TABLE AS "After" FOR EACH STATEMENT EXECUTE FUNCTION noticed('x');
CREATE CONSTRAINT TRIGGER in_the_end AFTER INSERT OR UPDATE ON orders FROM journal DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
WHEN (NEW.price < 0) EXECUTE FUNCTION noticed('end');
CREATE TRIGGER into_the_view INSTEAD OF UPDATE ON public.grouped_by_key FOR EACH ROW EXECUTE FUNCTION noticed('view');
ALTER TABLE orders DISABLE TRIGGER switched_off, ENABLE ALWAYS TRIGGER always_on, ENABLE REPLICA TRIGGER only_on_replicas;
COMMENT ON TRIGGER after_change ON orders IS E'a trigger;\nof two lines';
CREATE TRIGGER on_every_part AFTER INSERT ON split FOR EACH ROW WHEN (NEW.kind NOT IN ('x', 'y')) EXECUTE FUNCTION noticed('part');
CREATE TABLE split_a PARTITION OF split FOR VALUES IN ('a');
CREATE TABLE split_b PARTITION OF split FOR VALUES IN ('b');
ALTER TABLE split_b DISABLE TRIGGER on_every_part;
INSERT INTO split VALUES (1, 'a'), (2, 'b');
ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
CREATE POLICY readers ON orders FOR SELECT TO sample_reader, "Sample ""Writer""" USING (status IN ('open', 'closed') AND customer = current_user);
CREATE POLICY writers ON orders AS RESTRICTIVE TO "Sample ""Writer""" USING (true) WITH CHECK (id IN (SELECT id FROM split WHERE kind IN ('a', 'b')));
CREATE POLICY everybody ON orders FOR DELETE USING (placed > '2020-01-01 00:00:00+00' AND current_setting('app.id', true)::int IN (1, 2));
COMMENT ON POLICY readers ON orders IS 'who may read; and "who" not';
COMMIT;
