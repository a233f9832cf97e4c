-- Partitions of every kind, in several storeys: psql -v owner=…
\set ON_ERROR_STOP on
CREATE FOREIGN DATA WRAPPER parts_nowhere;
GRANT USAGE ON FOREIGN DATA WRAPPER parts_nowhere TO :"owner";
SET ROLE :"owner";
BEGIN;
CREATE SCHEMA parts;
CREATE SCHEMA "Parts, elsewhere";
SET search_path = parts;
CREATE TYPE level AS ENUM ('low', 'it''s', 'high');

-- List over range over hash, with a default on each storey, and a partition in another schema.
CREATE TABLE sales (
  region text COLLATE "C" NOT NULL, sold date NOT NULL, id bigint NOT NULL, amount numeric(12, 3) DEFAULT 0.0, note text,
  doubled numeric GENERATED ALWAYS AS (amount * 2) STORED,
  CONSTRAINT sales_key PRIMARY KEY (region, sold, id), CONSTRAINT "not; negative" CHECK (amount >= -1) NOT VALID
) PARTITION BY LIST (region);
CREATE TABLE sales_eu PARTITION OF sales FOR VALUES IN ('de', 'it''s', E'a\\b', '') PARTITION BY RANGE (sold, id);
CREATE TABLE sales_eu_old PARTITION OF sales_eu FOR VALUES FROM (MINVALUE, MINVALUE) TO ('2020-01-01', 0) PARTITION BY HASH (id, sold);
CREATE TABLE sales_eu_old_0 PARTITION OF sales_eu_old FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE sales_eu_old_1 PARTITION OF sales_eu_old FOR VALUES WITH (MODULUS 4, REMAINDER 1);
CREATE TABLE "Parts, elsewhere"."3 of 4" PARTITION OF sales_eu_old FOR VALUES WITH (MODULUS 4, REMAINDER 3);
CREATE TABLE sales_eu_new PARTITION OF sales_eu (amount DEFAULT 9.5, CONSTRAINT own_check CHECK (id < 1000000)) FOR VALUES FROM ('2020-01-01', 0) TO ('2021-01-01', MAXVALUE)
  WITH (fillfactor = 66, autovacuum_enabled = false);
CREATE TABLE sales_eu_default PARTITION OF sales_eu DEFAULT;
CREATE UNLOGGED TABLE sales_rest PARTITION OF sales DEFAULT;
-- Attached, with columns in another order, one gone and an expression of its own for what is generated.
CREATE TABLE sales_us (
  note text, gone int, doubled numeric GENERATED ALWAYS AS (amount * 2) STORED, id bigint NOT NULL, amount numeric(12, 3), region text COLLATE "C" NOT NULL,
  sold date NOT NULL, PRIMARY KEY (id, region, sold), CHECK (amount >= -1) NOT VALID, CONSTRAINT "not; negative" CHECK (amount >= -1) NOT VALID
);
ALTER TABLE sales_us DROP COLUMN gone, DROP CONSTRAINT sales_us_pkey;
INSERT INTO sales_us (note, id, amount, region, sold) VALUES (E'tab\there', 7, NULL, 'us', '2023-05-05'), (NULL, 8, 1.25, 'us', '0044-03-15 BC');
ALTER TABLE sales ATTACH PARTITION sales_us FOR VALUES IN ('us', 'ca');
INSERT INTO sales SELECT (ARRAY['de', 'it''s', E'a\\b', '', 'us', 'zz', E'\\N'])[1 + i % 7], date '2018-01-01' + i * 9, i, i / 3.0, repeat(E'\\.\n', i % 3)
FROM generate_series(1, 210) i;

-- Indexes: on the parent alone, attached by hand at two storeys, one on a partition alone, and names that meet others.
CREATE INDEX sales_note ON ONLY sales (lower(note) text_pattern_ops, id DESC);
CREATE INDEX us_note ON sales_us (lower(note) text_pattern_ops, id DESC) WITH (fillfactor = 55);
ALTER INDEX sales_note ATTACH PARTITION us_note;
CREATE INDEX eu_note ON sales_eu (lower(note) text_pattern_ops, id DESC);
ALTER INDEX sales_note ATTACH PARTITION eu_note;
CREATE INDEX sales_eu_new_id_idx1 ON sales_eu_new (id);
CREATE INDEX ON sales (id) INCLUDE (amount) WHERE amount > 0 AND region IN ('de', 'us');
CREATE UNIQUE INDEX whole_row ON sales USING btree (region, sold, id, amount);
COMMENT ON INDEX us_note IS 'attached; by hand';
ALTER TABLE sales_eu_new CLUSTER ON sales_eu_new_id_idx1;
ALTER TABLE sales_us ALTER id SET STATISTICS 50, ALTER note SET STORAGE MAIN, REPLICA IDENTITY FULL;
CREATE STATISTICS sales_together (dependencies) ON region, sold FROM sales;

-- Keys by expression, operator class, collation and NULL; bounds of many types.
CREATE TABLE by_expression (id int, name text, level level) PARTITION BY RANGE ((abs(id) % 10), lower(name) COLLATE "POSIX" text_pattern_ops);
CREATE TABLE by_expression_1 PARTITION OF by_expression FOR VALUES FROM (0, 'a') TO (5, MAXVALUE);
CREATE TABLE by_expression_2 PARTITION OF by_expression FOR VALUES FROM (6, MINVALUE) TO (MAXVALUE, MAXVALUE);
INSERT INTO by_expression VALUES (-3, 'ÄB', 'low'), (17, E'x\\y', 'it''s'), (4, '', NULL) ON CONFLICT DO NOTHING;
CREATE TABLE by_level (level level, yes bool, at timestamptz) PARTITION BY LIST (level);
CREATE TABLE by_level_low PARTITION OF by_level FOR VALUES IN ('low', NULL) PARTITION BY LIST (yes);
CREATE TABLE by_level_low_yes PARTITION OF by_level_low FOR VALUES IN (true);
CREATE TABLE by_level_low_none PARTITION OF by_level_low FOR VALUES IN (false, NULL);
CREATE TABLE by_level_rest PARTITION OF by_level FOR VALUES IN ('it''s', 'high') PARTITION BY RANGE (at);
CREATE TABLE by_level_past PARTITION OF by_level_rest FOR VALUES FROM ('-infinity') TO ('2024-03-31 02:30:00+01');
CREATE TABLE by_level_future PARTITION OF by_level_rest FOR VALUES FROM ('2024-03-31 02:30:00+01') TO ('infinity');
CREATE TABLE by_level_never PARTITION OF by_level_rest DEFAULT;
INSERT INTO by_level VALUES ('low', true, 'infinity'), (NULL, NULL, NULL), ('high', NULL, '-infinity'), ('it''s', false, 'infinity'), ('it''s', true, '2024-03-31 01:30:00+00');
CREATE TABLE by_bytes (raw bytea, span interval, share float8) PARTITION BY LIST (raw);
CREATE TABLE by_bytes_1 PARTITION OF by_bytes FOR VALUES IN ('\x00ff', '');
CREATE TABLE by_bytes_2 PARTITION OF by_bytes DEFAULT PARTITION BY RANGE (share, span);
CREATE TABLE by_bytes_2a PARTITION OF by_bytes_2 FOR VALUES FROM ('-Infinity', '-1 day') TO ('NaN', '1 mon -1 day 00:00:00.5');
CREATE TABLE by_bytes_2b PARTITION OF by_bytes_2 DEFAULT;
INSERT INTO by_bytes VALUES ('\x00ff', '1 day', 1), ('', NULL, 'NaN'), ('\x5c4e', '2 days', 'Infinity'), ('\x5c', '-2 years', 'NaN'), (NULL, NULL, NULL);
CREATE TABLE without_parts (a int, b int) PARTITION BY HASH (a);
CREATE TABLE only_columns (a int, b int) PARTITION BY LIST (b);
CREATE TABLE far_part PARTITION OF only_columns DEFAULT PARTITION BY RANGE (a);
CREATE SERVER parts_far FOREIGN DATA WRAPPER parts_nowhere;
CREATE FOREIGN TABLE far_part_1 PARTITION OF far_part FOR VALUES FROM (1) TO (2) SERVER parts_far OPTIONS (place 'it''s; far');

-- Foreign keys to, from and within partitioned tables, and of one partition alone.
CREATE TABLE shops (region text COLLATE "C", no int, PRIMARY KEY (region, no)) PARTITION BY HASH (region);
CREATE TABLE shops_0 PARTITION OF shops FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE shops_1 (no int NOT NULL, region text COLLATE "C" NOT NULL);
ALTER TABLE shops ATTACH PARTITION shops_1 FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO shops SELECT r, n FROM unnest(ARRAY['de', 'us', 'it''s']) r, generate_series(1, 3) n;
CREATE TABLE clerks (
  id int, region text COLLATE "C", shop int, boss int, day date, PRIMARY KEY (id, day), FOREIGN KEY (boss, day) REFERENCES clerks DEFERRABLE INITIALLY DEFERRED,
  CONSTRAINT "works; at" FOREIGN KEY (region, shop) REFERENCES shops MATCH FULL ON UPDATE CASCADE ON DELETE SET NULL
) PARTITION BY RANGE (day);
CREATE TABLE clerks_old PARTITION OF clerks FOR VALUES FROM (MINVALUE) TO ('2024-01-01');
CREATE TABLE clerks_new PARTITION OF clerks FOR VALUES FROM ('2024-01-01') TO (MAXVALUE);
CREATE TABLE badges (clerk int, day date, region text COLLATE "C", shop int, sold date, sale bigint,
  FOREIGN KEY (clerk, day) REFERENCES clerks ON DELETE CASCADE, FOREIGN KEY (region, sold, sale) REFERENCES sales DEFERRABLE);
ALTER TABLE clerks_new ADD CONSTRAINT only_new FOREIGN KEY (region, shop) REFERENCES shops (region, no) ON DELETE RESTRICT;
INSERT INTO clerks VALUES (1, 'de', 1, 2, '2023-12-31'), (2, 'us', 3, 1, '2023-12-31'), (3, NULL, NULL, NULL, '2024-01-01'), (4, 'it''s', 2, 3, '2024-01-01');
INSERT INTO badges VALUES (1, '2023-12-31', 'us', 3, '0044-03-15 BC', 8), (4, '2024-01-01', NULL, NULL, NULL, NULL);
ALTER TABLE badges ADD CONSTRAINT of_a_part FOREIGN KEY (region, shop) REFERENCES shops NOT VALID;

-- Triggers that a partition has from its table, changed there; and one that was a partition once.
CREATE FUNCTION stamped() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.note := 'stamped'; RETURN NEW; END $$;
CREATE TRIGGER stamp BEFORE UPDATE ON sales FOR EACH ROW WHEN (NEW.note IN ('a', 'b')) EXECUTE FUNCTION stamped();
CREATE TRIGGER own BEFORE INSERT ON sales_us FOR EACH ROW WHEN (NEW.id < 0) EXECUTE FUNCTION stamped();
ALTER TABLE sales_us ENABLE ALWAYS TRIGGER stamp;
ALTER TABLE sales_eu_new ENABLE REPLICA TRIGGER stamp;
ALTER TABLE sales_eu_old_0 DISABLE TRIGGER stamp;
CREATE TABLE sales_gone PARTITION OF sales FOR VALUES IN ('gone');
INSERT INTO sales VALUES ('gone', '2024-01-01', 1, 1, 'once');
ALTER TABLE sales DETACH PARTITION sales_gone;
COMMENT ON TABLE sales_eu IS 'a storey; of "sales"';
COMMENT ON COLUMN sales_us.note IS E'a partition''s column\\';
COMMENT ON CONSTRAINT "works; at" ON clerks IS 'from one to another';
CREATE MATERIALIZED VIEW per_part AS SELECT (SELECT relname FROM pg_class WHERE oid = s.tableoid) AS part, count(*) AS n, max(sold) AS last FROM sales s GROUP BY 1;
COMMIT;
