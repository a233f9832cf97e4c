-- A map, where PostGIS is installed: psql -v owner=…
\set ON_ERROR_STOP on
CREATE EXTENSION postgis;
SET ROLE :"owner";
BEGIN;
CREATE TABLE places (
  id      int PRIMARY KEY,
  name    text NOT NULL,
  spot    geometry(Point, 4326) NOT NULL,
  globe   geography(Point, 4326),
  outline geometry(MultiPolygonZ, 3857),
  any_one geometry CHECK (ST_IsValid(any_one))
);
INSERT INTO places
SELECT i, 'place ' || i, ST_SetSRID(ST_MakePoint(i / 7.0, 45 + i / 11.0), 4326), ST_MakePoint(-i / 7.0, -i / 11.0)::geography,
       ST_Force3D(ST_Multi(ST_Buffer(ST_SetSRID(ST_MakePoint(i * 1000, i), 3857), 10 + i, 2))),
       CASE i % 4 WHEN 0 THEN 'POINT EMPTY'::geometry WHEN 1 THEN 'SRID=4326;LINESTRING M (0 0 1, 1e-7 1 2)'::geometry
                  WHEN 2 THEN 'GEOMETRYCOLLECTION(POINT(1 2),POLYGON((0 0,1 0,1 1,0 0)))'::geometry END
FROM generate_series(1, 60) i;
CREATE INDEX places_spot ON places USING gist (spot);
CREATE INDEX places_globe ON places USING gist (globe) WHERE name <> 'nowhere';
CREATE INDEX places_moved ON places USING gist (ST_Transform(spot, 3857));
CREATE FUNCTION near(middle geography, metres float8) RETURNS SETOF places LANGUAGE sql STABLE
AS 'SELECT * FROM public.places WHERE public.ST_DWithin(globe, middle, metres)';
CREATE VIEW described AS
SELECT id, name, ST_AsText(spot, 3) AS text, ST_X(spot) AS x, ST_Distance(globe, 'POINT(0 0)'::geography) AS metres, outline && ST_MakeEnvelope(0, 0, 9, 9, 3857) AS close
FROM places;
CREATE MATERIALIZED VIEW hull AS SELECT ST_ConvexHull(ST_Collect(spot))::geometry(Polygon, 4326) AS hull FROM places;
CREATE TABLE plain (id int PRIMARY KEY, place int REFERENCES places, note text);
INSERT INTO plain SELECT i, i, 'note ' || i FROM generate_series(1, 30) i;
RESET ROLE;
-- Rows of the extension's own table belong to the dump as soon as somebody added them.
INSERT INTO spatial_ref_sys (srid, auth_name, auth_srid, srtext, proj4text) VALUES (990001, 'ours', 1, 'LOCAL_CS["ours"]', '+proj=longlat');
COMMIT;
