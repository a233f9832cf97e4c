-- Ordinary things whose dump made with --clean --if-exists an empty database refuses: psql -v owner=…
-- pg_dump writes CREATE OR REPLACE VIEW and ALTER DOMAIN among the DROPs, where schema and domain do not exist yet.
\set ON_ERROR_STOP on
SET ROLE :"owner";
BEGIN;
CREATE SCHEMA sales;
CREATE TABLE sales.customers (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE sales.orders (id int PRIMARY KEY, customer int REFERENCES sales.customers, total numeric(8, 2));
INSERT INTO sales.customers SELECT i, 'customer ' || i FROM generate_series(1, 20) i;
INSERT INTO sales.orders SELECT i, 1 + i % 20, i * 1.25 FROM generate_series(1, 100) i;
-- That name needs no place in GROUP BY holds because of the primary key, on which the view depends from now on.
CREATE VIEW sales.turnover AS
SELECT c.id, c.name, sum(o.total) AS total FROM sales.customers c JOIN sales.orders o ON o.customer = c.id GROUP BY c.id;
CREATE DOMAIN sales.code AS text;
CREATE TABLE sales.codes (code sales.code PRIMARY KEY);
INSERT INTO sales.codes VALUES ('too long'), ('AB');
ALTER DOMAIN sales.code ADD CONSTRAINT two_letters CHECK (VALUE ~ '^[A-Z]{2}$') NOT VALID;
COMMIT;
