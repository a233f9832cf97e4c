-- Extensions that come with the distribution's server, in a schema of their own and in public: psql -v owner=…
\set ON_ERROR_STOP on
CREATE SCHEMA extensions AUTHORIZATION :"owner";
CREATE EXTENSION citext;
CREATE EXTENSION hstore;
CREATE EXTENSION ltree;
CREATE EXTENSION pg_trgm;
CREATE EXTENSION btree_gist WITH SCHEMA extensions;
CREATE EXTENSION pgcrypto WITH SCHEMA extensions;
CREATE EXTENSION "uuid-ossp" WITH SCHEMA extensions;
CREATE EXTENSION unaccent;
CREATE EXTENSION postgres_fdw;
COMMENT ON EXTENSION hstore IS 'our own words; about it';
GRANT USAGE ON FOREIGN DATA WRAPPER postgres_fdw TO :"owner";
SET ROLE :"owner";
BEGIN;
CREATE TABLE accounts (
  id       uuid PRIMARY KEY DEFAULT extensions.uuid_generate_v5(extensions.uuid_ns_url(), 'x'),
  email    citext UNIQUE CHECK (email IN ('a@example', 'B@example', 'c@example')),
  settings hstore DEFAULT 'a=>1' CHECK (settings ? 'a'),
  path     ltree,
  secret   text DEFAULT extensions.crypt('x', '$1$abcdefgh'),
  room     int,
  during   tsrange,
  EXCLUDE USING gist (room WITH =, during WITH &&)
);
INSERT INTO accounts VALUES
  ('00000000-0000-4000-8000-000000000001', 'A@example', '"a"=>"it''s \"odd\"", b=>NULL, "c d"=>"\\"', 'Top.Science', 'x', 1, '[2024-01-01,2024-01-02)'),
  ('00000000-0000-4000-8000-000000000002', 'b@EXAMPLE', 'a=>""', 'Top', 'y', 1, '[2024-01-02,2024-01-03)'),
  ('00000000-0000-4000-8000-000000000003', NULL, NULL, NULL, NULL, NULL, NULL);
CREATE INDEX ON accounts USING gin (settings);
CREATE INDEX ON accounts USING gist (path);
CREATE INDEX ON accounts USING gin ((email::text) gin_trgm_ops) WHERE email IN ('a@example', 'b@example');
CREATE VIEW found AS
SELECT id, settings -> 'a' AS a, akeys(settings) AS keys, email = 'a@EXAMPLE' AS same, path <@ 'Top' AS below, email::text % 'exam' AS alike FROM accounts;
CREATE SERVER elsewhere FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'elsewhere.example', dbname 'far');
CREATE USER MAPPING FOR CURRENT_USER SERVER elsewhere OPTIONS (user 'guest');
CREATE FOREIGN TABLE mirror (id int, name varchar(9)) SERVER elsewhere OPTIONS (schema_name 'public', table_name 'names');
COMMIT;
