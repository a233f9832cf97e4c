-- Full-text search: parsers, templates, dictionaries, configurations and what is built on them: psql -v owner=…
\set ON_ERROR_STOP on
CREATE SCHEMA words AUTHORIZATION :"owner";
CREATE SCHEMA "Words 2" AUTHORIZATION :"owner";
SET search_path = words;
-- Parsers and templates need a superuser.
CREATE TEXT SEARCH PARSER "own; parser" (START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end, LEXTYPES = prsd_lextype, HEADLINE = prsd_headline);
CREATE TEXT SEARCH TEMPLATE "own ""template""" (INIT = dsimple_init, LEXIZE = dsimple_lexize);
CREATE TEXT SEARCH TEMPLATE without_init (LEXIZE = dsimple_lexize);
COMMENT ON TEXT SEARCH PARSER "own; parser" IS 'a parser; ours';
COMMENT ON TEXT SEARCH TEMPLATE without_init IS E'a template\\';
SET client_min_messages = error;
SET ROLE :"owner";
BEGIN;
CREATE TEXT SEARCH DICTIONARY nothing_kept (TEMPLATE = "own ""template""", accept = 'on');
CREATE TEXT SEARCH DICTIONARY "passes; on" (TEMPLATE = pg_catalog.simple, "accept" = 'false', stopwords = 'german');
CREATE TEXT SEARCH DICTIONARY stems (TEMPLATE = snowball, language = 'german', stopwords = german);
CREATE TEXT SEARCH DICTIONARY synonyms (TEMPLATE = synonym, synonyms = 'synonym_sample', casesensitive = 1);
CREATE TEXT SEARCH DICTIONARY spelled (TEMPLATE = ispell, dictfile = ispell_sample, afffile = ispell_sample, stopwords = 'english');
CREATE TEXT SEARCH DICTIONARY meanings (TEMPLATE = thesaurus, dictfile = thesaurus_sample, dictionary = 'pg_catalog.english_stem');
CREATE TEXT SEARCH DICTIONARY "Words 2".stems (TEMPLATE = snowball, language = french);
ALTER TEXT SEARCH DICTIONARY "passes; on" (stopwords);
COMMENT ON TEXT SEARCH DICTIONARY "passes; on" IS 'no stop words; any more';
CREATE TEXT SEARCH CONFIGURATION plain (PARSER = pg_catalog."default");
ALTER TEXT SEARCH CONFIGURATION plain ADD MAPPING FOR asciiword, word, numword WITH synonyms, spelled, meanings, pg_catalog.simple;
ALTER TEXT SEARCH CONFIGURATION plain ADD MAPPING FOR email, url, host, "int" WITH nothing_kept;
CREATE TEXT SEARCH CONFIGURATION "Own ""Conf""" (PARSER = "own; parser");
ALTER TEXT SEARCH CONFIGURATION "Own ""Conf""" ADD MAPPING FOR asciiword, word, hword, hword_part, hword_asciipart WITH "passes; on", "Words 2".stems, stems;
ALTER TEXT SEARCH CONFIGURATION "Own ""Conf""" ALTER MAPPING FOR hword REPLACE stems WITH pg_catalog.german_stem;
CREATE TEXT SEARCH CONFIGURATION "Words 2".plain (COPY = plain);
ALTER TEXT SEARCH CONFIGURATION "Words 2".plain DROP MAPPING IF EXISTS FOR email, tag;
CREATE TEXT SEARCH CONFIGURATION bare (PARSER = "own; parser");
COMMENT ON TEXT SEARCH CONFIGURATION "Own ""Conf""" IS 'with; a "mark"';

CREATE TABLE texts (
  id int PRIMARY KEY, title text NOT NULL, body text, language regconfig DEFAULT 'words."Own ""Conf"""', dictionary regdictionary DEFAULT 'words."passes; on"',
  found tsvector GENERATED ALWAYS AS (setweight(to_tsvector('words.plain'::regconfig, coalesce(title, '')), 'A') || setweight(to_tsvector('words."Own ""Conf"""', coalesce(body, '')), 'D')) STORED,
  by_trigger tsvector, asked tsquery DEFAULT 'a & !b <-> c:*AB'::tsquery, kept tsquery CHECK (kept IS NULL OR numnode(kept) < 9)
);
CREATE TRIGGER fill BEFORE INSERT OR UPDATE ON texts FOR EACH ROW EXECUTE FUNCTION tsvector_update_trigger(by_trigger, 'words.plain', title, body);
CREATE TRIGGER fill_by_column BEFORE UPDATE OF language ON texts FOR EACH ROW EXECUTE FUNCTION tsvector_update_trigger_column(by_trigger, language, body);
INSERT INTO texts (id, title, body, kept) VALUES
  (1, 'postgres and pgsql', 'Die Häuser und die Gärten, l''été à la plage', $$'it''s' & 'b\\c':B <3> d$$),
  (2, 'supernovae stars', NULL, ''), (3, '', E'back\\slash \\N \\. tab\there', NULL),
  (4, 'booking the bookings', 'someone@example.org http://example.org/a?b=c&d 3.14 -5 <b>tag</b> &amp; x-y-z', $$!!a | ( b:* & 'c d' )$$),
  (5, repeat('word ', 300), repeat('Länge ', 200), '''''''''');
INSERT INTO texts (id, title, language, dictionary) VALUES (6, 'English it is', 'english', 'english_stem'), (7, 'none', 'words.bare', NULL);
CREATE TABLE vectors (id int, v tsvector, q tsquery);
INSERT INTO vectors VALUES (1, $$'a':1A,2B,16383 'b''c':3 'd\\e':4C ' ':6$$, $$'b''c' <-> 'd\\e':C$$), (2, '', ''), (3, NULL, NULL), (4, 'x y z', '!x'),
  (5, array_to_tsvector(ARRAY['é', E'\t', E'\\N', ',']), phraseto_tsquery('simple', 'one two three'));
CREATE INDEX ON texts USING gin (found) WITH (fastupdate = off, gin_pending_list_limit = 128);
CREATE INDEX ON texts USING gist (found tsvector_ops (siglen = 100));
CREATE INDEX ON texts USING gin (to_tsvector(language, title), by_trigger) WHERE to_tsvector('words.plain', title) @@ to_tsquery('words.plain', 'pgsql & !star');
CREATE INDEX ON vectors USING gist (q tsquery_ops);
CREATE VIEW hits AS
SELECT id, ts_headline('words."Own ""Conf"""', body, to_tsquery('words."Own ""Conf"""', 'haus | ''garten''')) AS head, ts_rank_cd('{0.1, 0.2, 0.4, 1.0}', found, q, 2|8) AS rank,
  found @@ 'a & b'::tsquery AS yes, ts_lexize('words.synonyms', title) AS lexemes
FROM texts, websearch_to_tsquery('words.plain', '"postgres sql" -oracle') AS q WHERE found @@ q OR by_trigger @@@ plainto_tsquery('"Words 2".plain', 'x');
CREATE MATERIALIZED VIEW lexemes AS SELECT word, ndoc, nentry FROM ts_stat('SELECT found FROM words.texts');
CREATE FUNCTION asks(text) RETURNS tsquery LANGUAGE sql IMMUTABLE RETURN to_tsquery('words.plain'::regconfig, $1);
CREATE INDEX ON texts USING gin (to_tsvector('"Words 2".plain', title || ' ' || coalesce(body, '')));
COMMIT;
