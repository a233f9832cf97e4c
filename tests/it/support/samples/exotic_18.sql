-- What PostgreSQL 17 and 18 brought: psql -v owner=…
\set ON_ERROR_STOP on
SET ROLE :"owner";
BEGIN;
CREATE SCHEMA recent;
SET search_path = recent;
CREATE TABLE bookings (
  room     int4range, during daterange, status varchar(5) DEFAULT 'new', price numeric,
  gross    numeric GENERATED ALWAYS AS (price * 1.2) VIRTUAL,
  is_open  bool GENERATED ALWAYS AS (status IN ('new', 'held')) VIRTUAL,
  CONSTRAINT has_price NOT NULL price,
  CONSTRAINT not_enforced CHECK (status IN ('new', 'held')) NOT ENFORCED,
  PRIMARY KEY (room, during WITHOUT OVERLAPS)
);
CREATE TABLE guests (
  id int PRIMARY KEY, name text, room int4range, during daterange,
  FOREIGN KEY (room, PERIOD during) REFERENCES bookings (room, PERIOD during),
  CONSTRAINT friend FOREIGN KEY (id) REFERENCES guests NOT ENFORCED
);
INSERT INTO bookings VALUES ('[1,2)', '[2024-01-01,2024-02-01)', 'lost', 1.5), ('[1,2)', '[2024-02-01,)', 'new', 0);
INSERT INTO guests VALUES (1, NULL, '[1,2)', '[2024-01-05,2024-01-07)');
ALTER TABLE guests ADD CONSTRAINT named NOT NULL name NOT VALID;
CREATE TABLE parents (a int CONSTRAINT a_is_there NOT NULL, b int CONSTRAINT only_here NOT NULL NO INHERIT);
CREATE TABLE children (CONSTRAINT other_name NOT NULL b) INHERITS (parents);
CREATE TABLE grandchildren () INHERITS (children);
INSERT INTO grandchildren VALUES (1, 2);
CREATE VIEW from_json AS
SELECT t.*, JSON_VALUE(t.rest, '$.x' RETURNING varchar(5) DEFAULT 'none' ON EMPTY) AS x, JSON_OBJECT('a' VALUE 1 ABSENT ON NULL) AS made,
  t.rest IS JSON OBJECT WITH UNIQUE KEYS AS is_object, JSON_ARRAYAGG(t.n NULL ON NULL) OVER () AS list
FROM JSON_TABLE('[{"n": 1, "s": "a"}]', '$[*]' COLUMNS (place FOR ORDINALITY, n int PATH '$.n', s varchar(3) PATH '$.s' DEFAULT 'x' ON ERROR,
  rest jsonb PATH '$', NESTED PATH '$.l[*]' COLUMNS (l int PATH '$'))) AS t;
CREATE PROCEDURE merged(wanted daterange) LANGUAGE sql
BEGIN ATOMIC
  MERGE INTO bookings b USING (SELECT wanted AS during) w ON b.during = w.during
  WHEN MATCHED AND b.status IN ('new', 'held') THEN UPDATE SET price = 2
  WHEN NOT MATCHED BY SOURCE AND b.price < -1 THEN DELETE
  WHEN NOT MATCHED THEN INSERT (room, during, price) VALUES ('[9,9]', w.during, 1) RETURNING merge_action(), b.status;
  UPDATE bookings SET price = 1 WHERE false RETURNING WITH (OLD AS before, NEW AS after) before.price, after.status;
END;
COMMIT;
