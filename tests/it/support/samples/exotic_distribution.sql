-- What only the distribution's server can do, being built with libxml and ICU: psql -v owner=…
\set ON_ERROR_STOP on
SET ROLE :"owner";
BEGIN;
CREATE SCHEMA linked;
SET search_path = linked;
CREATE TABLE papers (id int PRIMARY KEY, xml xml DEFAULT '<none/>');
INSERT INTO papers VALUES
  (1, '<a b="c">&lt;é&#10;<!-- x --><![CDATA[ ]] ]]></a>'), (2, 'text <b/> only'), (3, NULL),
  (4, '<?xml version="1.0" encoding="UTF-8"?><r/>'), (5, DEFAULT),
  (6, XMLPARSE(DOCUMENT '<!DOCTYPE r [<!ENTITY e "x">]><r>&e;</r>'));
CREATE VIEW titles AS
SELECT p.id, t.title, xmlelement(name "odd ""name""", xmlattributes(p.id AS "a"), xmlforest(t.title, p.id AS n)) AS element,
       xmlserialize(CONTENT p.xml AS varchar(100)) AS text
FROM papers p, XMLTABLE(XMLNAMESPACES('urn:x' AS x), '/a' PASSING p.xml
                        COLUMNS title varchar(10) PATH '@b' DEFAULT 'none', n FOR ORDINALITY) t
WHERE p.xml IS DOCUMENT;
CREATE COLLATION numeric_order (provider = icu, locale = 'en-u-kn-true');
CREATE COLLATION without_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE sorted (name text COLLATE numeric_order PRIMARY KEY, alias text COLLATE without_case UNIQUE);
INSERT INTO sorted SELECT 'item ' || i, 'Alias' || i FROM generate_series(1, 12) i;
CREATE INDEX ON sorted (lower(name) COLLATE "de-x-icu" DESC NULLS LAST);
COMMIT;
