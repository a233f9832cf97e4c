-- What the newcomer's night is about: a table with everything that a table can have, and what depends on it.
CREATE SCHEMA diary;
CREATE TYPE diary.mood AS ENUM ('good', 'it''s bad');
CREATE FUNCTION diary.stamped() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN NEW.note := 'stamped'; RETURN NEW; END$$;
CREATE TABLE diary.patients (id text PRIMARY KEY);
CREATE TABLE diary.visits (
  id serial PRIMARY KEY, number bigint GENERATED ALWAYS AS IDENTITY, patient text NOT NULL REFERENCES diary.patients,
  mood diary.mood DEFAULT 'good', note text, doubled int GENERATED ALWAYS AS (id * 2) STORED, picture oid
);
CREATE INDEX visits_mood ON diary.visits (mood);
CREATE TABLE diary.notes (id int PRIMARY KEY, visit int REFERENCES diary.visits);
CREATE VIEW diary.recent AS SELECT id FROM diary.visits WHERE id > 1990;
CREATE TABLE diary.entries (at date, id int, PRIMARY KEY (at, id)) PARTITION BY RANGE (at);
CREATE TABLE diary.entries_25 PARTITION OF diary.entries FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE diary.entries_26 PARTITION OF diary.entries FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE TABLE diary.nothing (id int);
INSERT INTO diary.patients SELECT 'P-' || i FROM generate_series(1, 20) i;
INSERT INTO diary.visits (patient, mood, note, picture)
  SELECT 'P-' || 1 + i % 20, 'it''s bad', E'\\.\n' || i, CASE WHEN i = 1 THEN lo_from_bytea(0, 'scan') END FROM generate_series(1, 2000) i;
INSERT INTO diary.notes VALUES (1, 1);
INSERT INTO diary.entries SELECT date '2025-06-01' + i, i FROM generate_series(1, 400) i;
CREATE TRIGGER stamped BEFORE INSERT ON diary.visits FOR EACH ROW EXECUTE FUNCTION diary.stamped();
