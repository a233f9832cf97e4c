--
-- PostgreSQL database dump
--

\restrict 3igrxM4MHhwYJc1399ojrttbZ91ayUynkUwMIGD595jrlRPLTKbQ27O380NiAan

-- Dumped from database version 15.18 (Debian 15.18-0+deb12u1)
-- Dumped by pg_dump version 15.18 (Debian 15.18-0+deb12u1)

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

DROP PUBLICATION IF EXISTS news;
DROP POLICY IF EXISTS own ON diary.visits;
ALTER TABLE IF EXISTS ONLY diary.visits DROP CONSTRAINT IF EXISTS visits_patient_fkey;
ALTER TABLE IF EXISTS ONLY diary.notes DROP CONSTRAINT IF EXISTS notes_visit_fkey;
DROP TRIGGER IF EXISTS noted ON diary.visits;
DROP RULE IF EXISTS quiet ON diary.visits;
DROP STATISTICS IF EXISTS diary.vs;
DROP INDEX IF EXISTS diary.visits_mood;
DROP INDEX IF EXISTS diary.visits_f;
ALTER TABLE IF EXISTS ONLY diary.visits DROP CONSTRAINT IF EXISTS visits_ticket_excl;
ALTER TABLE IF EXISTS ONLY diary.visits DROP CONSTRAINT IF EXISTS visits_pkey;
ALTER TABLE IF EXISTS ONLY diary.visits DROP CONSTRAINT IF EXISTS visits_patient_id_key;
ALTER TABLE IF EXISTS ONLY diary.patients DROP CONSTRAINT IF EXISTS patients_pkey;
ALTER TABLE IF EXISTS ONLY diary.notes DROP CONSTRAINT IF EXISTS notes_pkey;
ALTER TABLE IF EXISTS ONLY audit.events_26 DROP CONSTRAINT IF EXISTS events_26_pkey;
ALTER TABLE IF EXISTS ONLY audit.events_25 DROP CONSTRAINT IF EXISTS events_25_pkey;
ALTER TABLE IF EXISTS ONLY audit.events DROP CONSTRAINT IF EXISTS events_pkey;
SELECT pg_catalog.lo_unlink(oid) FROM pg_catalog.pg_largeobject_metadata WHERE oid = '16995';
SELECT pg_catalog.lo_unlink(oid) FROM pg_catalog.pg_largeobject_metadata WHERE oid = '16994';
ALTER TABLE IF EXISTS diary.visits ALTER COLUMN id DROP DEFAULT;
ALTER TABLE IF EXISTS audit.child ALTER COLUMN a DROP DEFAULT;
DROP SEQUENCE IF EXISTS diary.visits_id_seq;
DROP TABLE IF EXISTS diary.spans;
DROP VIEW IF EXISTS diary.recent;
DROP TABLE IF EXISTS diary.visits;
DROP SEQUENCE IF EXISTS diary.ticket;
DROP TABLE IF EXISTS diary.patients;
DROP TABLE IF EXISTS diary.notes;
DROP TABLE IF EXISTS audit.visits;
DROP TABLE IF EXISTS audit.scratch;
DROP TABLE IF EXISTS audit.nothing;
DROP TABLE IF EXISTS audit.events_26;
DROP TABLE IF EXISTS audit.events_25;
DROP TABLE IF EXISTS audit.events;
DROP TABLE IF EXISTS audit.child;
DROP TABLE IF EXISTS audit.base;
DROP TABLE IF EXISTS "Odd, schema"."Visits; ""q""";
DROP FUNCTION IF EXISTS diary.note();
DROP FUNCTION IF EXISTS diary.new_id();
DROP FUNCTION IF EXISTS diary.is_code(t text);
DROP TYPE IF EXISTS diary.span;
DROP TYPE IF EXISTS diary.place;
DROP TYPE IF EXISTS diary.mood;
DROP DOMAIN IF EXISTS diary.code;
DROP EXTENSION IF EXISTS citext;
DROP SCHEMA IF EXISTS diary;
DROP SCHEMA IF EXISTS audit;
DROP SCHEMA IF EXISTS "Odd, schema";
--
-- Name: Odd, schema; Type: SCHEMA; Schema: -; Owner: postgres
--

CREATE SCHEMA "Odd, schema";


ALTER SCHEMA "Odd, schema" OWNER TO postgres;

--
-- Name: audit; Type: SCHEMA; Schema: -; Owner: postgres
--

CREATE SCHEMA audit;


ALTER SCHEMA audit OWNER TO postgres;

--
-- Name: diary; Type: SCHEMA; Schema: -; Owner: postgres
--

CREATE SCHEMA diary;


ALTER SCHEMA diary OWNER TO postgres;

--
-- Name: citext; Type: EXTENSION; Schema: -; Owner: -
--

CREATE EXTENSION IF NOT EXISTS citext WITH SCHEMA public;


--
-- Name: EXTENSION citext; Type: COMMENT; Schema: -; Owner: 
--

COMMENT ON EXTENSION citext IS 'data type for case-insensitive character strings';


--
-- Name: code; Type: DOMAIN; Schema: diary; Owner: postgres
--

CREATE DOMAIN diary.code AS text
	CONSTRAINT code_check CHECK ((VALUE <> ''::text));


ALTER DOMAIN diary.code OWNER TO postgres;

--
-- Name: mood; Type: TYPE; Schema: diary; Owner: postgres
--

CREATE TYPE diary.mood AS ENUM (
    'good',
    'it''s bad'
);


ALTER TYPE diary.mood OWNER TO postgres;

--
-- Name: TYPE mood; Type: COMMENT; Schema: diary; Owner: postgres
--

COMMENT ON TYPE diary.mood IS 't';


--
-- Name: place; Type: TYPE; Schema: diary; Owner: postgres
--

CREATE TYPE diary.place AS (
	room text,
	feeling diary.mood
);


ALTER TYPE diary.place OWNER TO postgres;

--
-- Name: span; Type: TYPE; Schema: diary; Owner: postgres
--

CREATE TYPE diary.span AS RANGE (
    subtype = double precision,
    multirange_type_name = diary.span_multirange
);


ALTER TYPE diary.span OWNER TO postgres;

--
-- Name: is_code(text); Type: FUNCTION; Schema: diary; Owner: postgres
--

CREATE FUNCTION diary.is_code(t text) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS $$ SELECT t ~ '^[A-Z]' $$;


ALTER FUNCTION diary.is_code(t text) OWNER TO postgres;

--
-- Name: new_id(); Type: FUNCTION; Schema: diary; Owner: postgres
--

CREATE FUNCTION diary.new_id() RETURNS uuid
    LANGUAGE sql
    AS $$SELECT gen_random_uuid()$$;


ALTER FUNCTION diary.new_id() OWNER TO postgres;

--
-- Name: note(); Type: FUNCTION; Schema: diary; Owner: postgres
--

CREATE FUNCTION diary.note() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RETURN NEW; END$$;


ALTER FUNCTION diary.note() OWNER TO postgres;

SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: Visits; "q"; Type: TABLE; Schema: Odd, schema; Owner: postgres
--

CREATE TABLE "Odd, schema"."Visits; ""q""" (
    id integer NOT NULL,
    "select" text
);


ALTER TABLE "Odd, schema"."Visits; ""q""" OWNER TO postgres;

--
-- Name: Visits; "q"_id_seq; Type: SEQUENCE; Schema: Odd, schema; Owner: postgres
--

ALTER TABLE "Odd, schema"."Visits; ""q""" ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME "Odd, schema"."Visits; ""q""_id_seq"
    START WITH 7
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: base; Type: TABLE; Schema: audit; Owner: postgres
--

CREATE TABLE audit.base (
    a integer DEFAULT 1,
    CONSTRAINT base_a_check CHECK ((a > 0))
);


ALTER TABLE audit.base OWNER TO postgres;

--
-- Name: child; Type: TABLE; Schema: audit; Owner: postgres
--

CREATE TABLE audit.child (
    b integer
)
INHERITS (audit.base);


ALTER TABLE audit.child OWNER TO postgres;

--
-- Name: events; Type: TABLE; Schema: audit; Owner: postgres
--

CREATE TABLE audit.events (
    at date NOT NULL,
    id integer NOT NULL
)
PARTITION BY RANGE (at);


ALTER TABLE audit.events OWNER TO postgres;

--
-- Name: events_25; Type: TABLE; Schema: audit; Owner: postgres
--

CREATE TABLE audit.events_25 (
    at date NOT NULL,
    id integer NOT NULL
);


ALTER TABLE audit.events_25 OWNER TO postgres;

--
-- Name: events_26; Type: TABLE; Schema: audit; Owner: postgres
--

CREATE TABLE audit.events_26 (
    at date NOT NULL,
    id integer NOT NULL
);


ALTER TABLE audit.events_26 OWNER TO postgres;

--
-- Name: nothing; Type: TABLE; Schema: audit; Owner: postgres
--

CREATE TABLE audit.nothing (
    id integer
);


ALTER TABLE audit.nothing OWNER TO postgres;

--
-- Name: scratch; Type: TABLE; Schema: audit; Owner: postgres
--

CREATE UNLOGGED TABLE audit.scratch (
    id integer
);


ALTER TABLE audit.scratch OWNER TO postgres;

--
-- Name: visits; Type: TABLE; Schema: audit; Owner: postgres
--

CREATE TABLE audit.visits (
    id integer
);


ALTER TABLE audit.visits OWNER TO postgres;

--
-- Name: notes; Type: TABLE; Schema: diary; Owner: postgres
--

CREATE TABLE diary.notes (
    id integer NOT NULL,
    visit integer
);


ALTER TABLE diary.notes OWNER TO postgres;

--
-- Name: patients; Type: TABLE; Schema: diary; Owner: postgres
--

CREATE TABLE diary.patients (
    id text NOT NULL,
    name public.citext
);


ALTER TABLE diary.patients OWNER TO postgres;

--
-- Name: ticket; Type: SEQUENCE; Schema: diary; Owner: postgres
--

CREATE SEQUENCE diary.ticket
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


ALTER TABLE diary.ticket OWNER TO postgres;

--
-- Name: visits; Type: TABLE; Schema: diary; Owner: app
--

CREATE TABLE diary.visits (
    id integer NOT NULL,
    big bigint NOT NULL,
    patient text NOT NULL,
    mood diary.mood DEFAULT 'good'::diary.mood,
    moods diary.mood[],
    spot diary.place,
    code diary.code DEFAULT 'A'::text NOT NULL,
    ticket bigint DEFAULT nextval('diary.ticket'::regclass),
    ref uuid DEFAULT diary.new_id(),
    doubled integer GENERATED ALWAYS AS ((id * 2)) STORED,
    picture oid,
    label public.citext,
    "Odd col" numeric(5,2),
    CONSTRAINT coded CHECK (diary.is_code((code)::text)),
    CONSTRAINT "visits_Odd col_check" CHECK (("Odd col" > (0)::numeric))
);
ALTER TABLE ONLY diary.visits ALTER COLUMN patient SET STATISTICS 20;

ALTER TABLE ONLY diary.visits REPLICA IDENTITY FULL;


ALTER TABLE diary.visits OWNER TO app;

--
-- Name: TABLE visits; Type: COMMENT; Schema: diary; Owner: app
--

COMMENT ON TABLE diary.visits IS 'the; visits';


--
-- Name: COLUMN visits.id; Type: COMMENT; Schema: diary; Owner: app
--

COMMENT ON COLUMN diary.visits.id IS 'num';


--
-- Name: CONSTRAINT coded ON visits; Type: COMMENT; Schema: diary; Owner: app
--

COMMENT ON CONSTRAINT coded ON diary.visits IS 'c';


--
-- Name: recent; Type: VIEW; Schema: diary; Owner: postgres
--

CREATE VIEW diary.recent AS
 SELECT visits.id,
    visits.patient
   FROM diary.visits
  WHERE (visits.id > 5);


ALTER TABLE diary.recent OWNER TO postgres;

--
-- Name: spans; Type: TABLE; Schema: diary; Owner: postgres
--

CREATE TABLE diary.spans (
    s diary.span,
    "from" text NOT NULL COLLATE pg_catalog."C",
    no_column integer[]
);


ALTER TABLE diary.spans OWNER TO postgres;

--
-- Name: visits_big_seq; Type: SEQUENCE; Schema: diary; Owner: app
--

ALTER TABLE diary.visits ALTER COLUMN big ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME diary.visits_big_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: visits_id_seq; Type: SEQUENCE; Schema: diary; Owner: app
--

CREATE SEQUENCE diary.visits_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


ALTER TABLE diary.visits_id_seq OWNER TO app;

--
-- Name: visits_id_seq; Type: SEQUENCE OWNED BY; Schema: diary; Owner: app
--

ALTER SEQUENCE diary.visits_id_seq OWNED BY diary.visits.id;


--
-- Name: SEQUENCE visits_id_seq; Type: COMMENT; Schema: diary; Owner: app
--

COMMENT ON SEQUENCE diary.visits_id_seq IS 's';


--
-- Name: events_25; Type: TABLE ATTACH; Schema: audit; Owner: postgres
--

ALTER TABLE ONLY audit.events ATTACH PARTITION audit.events_25 FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');


--
-- Name: events_26; Type: TABLE ATTACH; Schema: audit; Owner: postgres
--

ALTER TABLE ONLY audit.events ATTACH PARTITION audit.events_26 FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');


--
-- Name: child a; Type: DEFAULT; Schema: audit; Owner: postgres
--

ALTER TABLE ONLY audit.child ALTER COLUMN a SET DEFAULT 1;


--
-- Name: visits id; Type: DEFAULT; Schema: diary; Owner: app
--

ALTER TABLE ONLY diary.visits ALTER COLUMN id SET DEFAULT nextval('diary.visits_id_seq'::regclass);


--
-- Name: 16994; Type: BLOB; Schema: -; Owner: postgres
--

SELECT pg_catalog.lo_create('16994');


ALTER LARGE OBJECT 16994 OWNER TO postgres;

--
-- Name: 16995; Type: BLOB; Schema: -; Owner: postgres
--

SELECT pg_catalog.lo_create('16995');


ALTER LARGE OBJECT 16995 OWNER TO postgres;

--
-- Data for Name: Visits; "q"; Type: TABLE DATA; Schema: Odd, schema; Owner: postgres
--

COPY "Odd, schema"."Visits; ""q""" (id, "select") FROM stdin;
7	a
\.


--
-- Data for Name: base; Type: TABLE DATA; Schema: audit; Owner: postgres
--

COPY audit.base (a) FROM stdin;
1
\.


--
-- Data for Name: child; Type: TABLE DATA; Schema: audit; Owner: postgres
--

COPY audit.child (a, b) FROM stdin;
2	3
\.


--
-- Data for Name: events_25; Type: TABLE DATA; Schema: audit; Owner: postgres
--

COPY audit.events_25 (at, id) FROM stdin;
2025-03-03	1
\.


--
-- Data for Name: events_26; Type: TABLE DATA; Schema: audit; Owner: postgres
--

COPY audit.events_26 (at, id) FROM stdin;
2026-03-03	2
\.


--
-- Data for Name: nothing; Type: TABLE DATA; Schema: audit; Owner: postgres
--

COPY audit.nothing (id) FROM stdin;
\.


--
-- Data for Name: scratch; Type: TABLE DATA; Schema: audit; Owner: postgres
--

COPY audit.scratch (id) FROM stdin;
\.


--
-- Data for Name: visits; Type: TABLE DATA; Schema: audit; Owner: postgres
--

COPY audit.visits (id) FROM stdin;
\.


--
-- Data for Name: notes; Type: TABLE DATA; Schema: diary; Owner: postgres
--

COPY diary.notes (id, visit) FROM stdin;
\.


--
-- Data for Name: patients; Type: TABLE DATA; Schema: diary; Owner: postgres
--

COPY diary.patients (id, name) FROM stdin;
p	P
\.


--
-- Data for Name: spans; Type: TABLE DATA; Schema: diary; Owner: postgres
--

COPY diary.spans (s, "from", no_column) FROM stdin;
\.


--
-- Data for Name: visits; Type: TABLE DATA; Schema: diary; Owner: app
--

COPY diary.visits (id, big, patient, mood, moods, spot, code, ticket, ref, picture, label, "Odd col") FROM stdin;
1	1	p	good	{good}	(r,good)	A	1	2c7a6281-3b0c-4ef1-984a-a94817ee7d9e	16994	\N	1.00
2	2	p	good	{good}	(r,good)	A	2	2c7a6281-3b0c-4ef1-984a-a94817ee7d9e	16995	\N	2.00
\.


--
-- Name: Visits; "q"_id_seq; Type: SEQUENCE SET; Schema: Odd, schema; Owner: postgres
--

SELECT pg_catalog.setval('"Odd, schema"."Visits; ""q""_id_seq"', 7, true);


--
-- Name: ticket; Type: SEQUENCE SET; Schema: diary; Owner: postgres
--

SELECT pg_catalog.setval('diary.ticket', 2, true);


--
-- Name: visits_big_seq; Type: SEQUENCE SET; Schema: diary; Owner: app
--

SELECT pg_catalog.setval('diary.visits_big_seq', 2, true);


--
-- Name: visits_id_seq; Type: SEQUENCE SET; Schema: diary; Owner: app
--

SELECT pg_catalog.setval('diary.visits_id_seq', 2, true);


--
-- Data for Name: BLOBS; Type: BLOBS; Schema: -; Owner: -
--

BEGIN;

SELECT pg_catalog.lo_open('16994', 131072);
SELECT pg_catalog.lo_close(0);

SELECT pg_catalog.lo_open('16995', 131072);
SELECT pg_catalog.lo_close(0);

COMMIT;

--
-- Name: events events_pkey; Type: CONSTRAINT; Schema: audit; Owner: postgres
--

ALTER TABLE ONLY audit.events
    ADD CONSTRAINT events_pkey PRIMARY KEY (at, id);


--
-- Name: events_25 events_25_pkey; Type: CONSTRAINT; Schema: audit; Owner: postgres
--

ALTER TABLE ONLY audit.events_25
    ADD CONSTRAINT events_25_pkey PRIMARY KEY (at, id);


--
-- Name: events_26 events_26_pkey; Type: CONSTRAINT; Schema: audit; Owner: postgres
--

ALTER TABLE ONLY audit.events_26
    ADD CONSTRAINT events_26_pkey PRIMARY KEY (at, id);


--
-- Name: notes notes_pkey; Type: CONSTRAINT; Schema: diary; Owner: postgres
--

ALTER TABLE ONLY diary.notes
    ADD CONSTRAINT notes_pkey PRIMARY KEY (id);


--
-- Name: patients patients_pkey; Type: CONSTRAINT; Schema: diary; Owner: postgres
--

ALTER TABLE ONLY diary.patients
    ADD CONSTRAINT patients_pkey PRIMARY KEY (id);


--
-- Name: visits visits_patient_id_key; Type: CONSTRAINT; Schema: diary; Owner: app
--

ALTER TABLE ONLY diary.visits
    ADD CONSTRAINT visits_patient_id_key UNIQUE (patient, id);


--
-- Name: visits visits_pkey; Type: CONSTRAINT; Schema: diary; Owner: app
--

ALTER TABLE ONLY diary.visits
    ADD CONSTRAINT visits_pkey PRIMARY KEY (id);


--
-- Name: visits visits_ticket_excl; Type: CONSTRAINT; Schema: diary; Owner: app
--

ALTER TABLE ONLY diary.visits
    ADD CONSTRAINT visits_ticket_excl EXCLUDE USING btree (ticket WITH =);


--
-- Name: visits_f; Type: INDEX; Schema: diary; Owner: app
--

CREATE INDEX visits_f ON diary.visits USING btree (diary.is_code((code)::text));

ALTER TABLE diary.visits CLUSTER ON visits_f;


--
-- Name: visits_mood; Type: INDEX; Schema: diary; Owner: app
--

CREATE INDEX visits_mood ON diary.visits USING btree (mood) WHERE (mood = 'good'::diary.mood);


--
-- Name: INDEX visits_mood; Type: COMMENT; Schema: diary; Owner: app
--

COMMENT ON INDEX diary.visits_mood IS 'i';


--
-- Name: events_25_pkey; Type: INDEX ATTACH; Schema: audit; Owner: postgres
--

ALTER INDEX audit.events_pkey ATTACH PARTITION audit.events_25_pkey;


--
-- Name: events_26_pkey; Type: INDEX ATTACH; Schema: audit; Owner: postgres
--

ALTER INDEX audit.events_pkey ATTACH PARTITION audit.events_26_pkey;


--
-- Name: vs; Type: STATISTICS; Schema: diary; Owner: postgres
--

CREATE STATISTICS diary.vs (dependencies) ON patient, mood FROM diary.visits;


ALTER STATISTICS diary.vs OWNER TO postgres;

--
-- Name: visits quiet; Type: RULE; Schema: diary; Owner: app
--

CREATE RULE quiet AS
    ON DELETE TO diary.visits
   WHERE (old.id < 0) DO INSTEAD NOTHING;


--
-- Name: visits noted; Type: TRIGGER; Schema: diary; Owner: app
--

CREATE TRIGGER noted BEFORE INSERT ON diary.visits FOR EACH ROW EXECUTE FUNCTION diary.note();

ALTER TABLE diary.visits ENABLE ALWAYS TRIGGER noted;


--
-- Name: TRIGGER noted ON visits; Type: COMMENT; Schema: diary; Owner: app
--

COMMENT ON TRIGGER noted ON diary.visits IS 'tr';


--
-- Name: notes notes_visit_fkey; Type: FK CONSTRAINT; Schema: diary; Owner: postgres
--

ALTER TABLE ONLY diary.notes
    ADD CONSTRAINT notes_visit_fkey FOREIGN KEY (visit) REFERENCES diary.visits(id);


--
-- Name: visits visits_patient_fkey; Type: FK CONSTRAINT; Schema: diary; Owner: app
--

ALTER TABLE ONLY diary.visits
    ADD CONSTRAINT visits_patient_fkey FOREIGN KEY (patient) REFERENCES diary.patients(id);


--
-- Name: visits own; Type: POLICY; Schema: diary; Owner: app
--

CREATE POLICY own ON diary.visits TO postgres USING ((patient = CURRENT_USER));


--
-- Name: visits; Type: ROW SECURITY; Schema: diary; Owner: app
--

ALTER TABLE diary.visits ENABLE ROW LEVEL SECURITY;

--
-- Name: news; Type: PUBLICATION; Schema: -; Owner: postgres
--

CREATE PUBLICATION news WITH (publish = 'insert, update, delete, truncate');


ALTER PUBLICATION news OWNER TO postgres;

--
-- Name: news visits; Type: PUBLICATION TABLE; Schema: diary; Owner: postgres
--

ALTER PUBLICATION news ADD TABLE ONLY diary.visits;


--
-- Name: SCHEMA diary; Type: ACL; Schema: -; Owner: postgres
--

GRANT USAGE ON SCHEMA diary TO PUBLIC;


--
-- Name: TABLE patients; Type: ACL; Schema: diary; Owner: postgres
--

GRANT SELECT ON TABLE diary.patients TO app;


--
-- Name: TABLE visits; Type: ACL; Schema: diary; Owner: app
--

GRANT SELECT ON TABLE diary.visits TO PUBLIC;


--
-- Name: COLUMN visits.mood; Type: ACL; Schema: diary; Owner: app
--

GRANT UPDATE(mood) ON TABLE diary.visits TO PUBLIC;


--
-- Name: SEQUENCE visits_id_seq; Type: ACL; Schema: diary; Owner: app
--

GRANT USAGE ON SEQUENCE diary.visits_id_seq TO PUBLIC;


--
-- PostgreSQL database dump complete
--

\unrestrict 3igrxM4MHhwYJc1399ojrttbZ91ayUynkUwMIGD595jrlRPLTKbQ27O380NiAan

