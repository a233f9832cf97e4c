-- One row with a text of 50 MiB, so one line of COPY is as long: psql -v owner=…
\set ON_ERROR_STOP on
SET ROLE :"owner";
CREATE TABLE wide_rows (id int PRIMARY KEY, body text);
ALTER TABLE wide_rows ALTER body SET STORAGE EXTERNAL;
INSERT INTO wide_rows
SELECT 1, repeat(left(string_agg(encode(sha512(i::text::bytea), 'base64'), E'\t' ORDER BY i), 1048576), 50) FROM generate_series(1, 12500) i;
INSERT INTO wide_rows VALUES (2, 'a short one'), (3, NULL);
