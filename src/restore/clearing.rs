//! What `replace` drops, and what it cannot drop. SQL alone; it runs in the transaction in which the dump is then loaded, so
//! should that fail, all is as it was.
//!
//! What belongs to PostgreSQL or to an extension stays, and so does what belongs to a role that we are not: on a managed
//! server, a platform makes schemas, extensions and event triggers that its customers may use and may not drop.

/// The smallest number of an object that somebody made (PostgreSQL, `FirstNormalObjectId`); all below came with the server.
const FIRST_OF_PEOPLE: u32 = 16_384;

/// Schemas that people made.
const OF_PEOPLE: &str = "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'";

/// Everything that has a place in a schema of theirs: `d` is the object, `n` its schema. What goes with another object has no
/// place of its own.
const PLACED: &str = "pg_catalog.pg_depend d JOIN pg_catalog.pg_namespace n ON n.oid = d.refobjid
  WHERE d.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND d.deptype = 'n' AND d.objsubid = 0
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend i
    WHERE i.classid = d.classid AND i.objid = d.objid AND i.objsubid = 0 AND i.deptype = 'i')";

/// Whether `d` came with an extension, and goes with it.
const OF_AN_EXTENSION: &str = "EXISTS (SELECT FROM pg_catalog.pg_depend e
  WHERE e.classid = d.classid AND e.objid = d.objid AND e.deptype = 'e')";

/// Whether `d` is an extension itself.
const AN_EXTENSION: &str = "d.classid = 'pg_catalog.pg_extension'::pg_catalog.regclass";

/// Whether we may do with `d` what its owner may. PostgreSQL keeps no word of what the first superuser owns.
const OURS: &str = "pg_catalog.pg_has_role(coalesce((SELECT o.refobjid FROM pg_catalog.pg_shdepend o
  WHERE o.classid = d.classid AND o.objid = d.objid AND o.objsubid = 0 AND o.deptype = 'o'
  AND o.dbid = (SELECT b.oid FROM pg_catalog.pg_database b WHERE b.datname = pg_catalog.current_database())),
  10::oid), 'USAGE')";

/// Whether the schema `n` stays: it is another's, it came with an extension, or an extension of another's is in it and would
/// go with it.
const STAYS: &str = "(NOT pg_catalog.pg_has_role(n.nspowner, 'USAGE')
  OR EXISTS (SELECT FROM pg_catalog.pg_depend e WHERE e.deptype = 'e' AND e.objid = n.oid
    AND e.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass)
  OR EXISTS (SELECT FROM pg_catalog.pg_extension x WHERE NOT pg_catalog.pg_has_role(x.extowner, 'USAGE')
    AND (x.extnamespace = n.oid OR EXISTS (SELECT FROM pg_catalog.pg_depend p JOIN pg_catalog.pg_depend e
      ON e.classid = p.classid AND e.objid = p.objid AND e.deptype = 'e' AND e.refobjid = x.oid
      WHERE p.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND p.refobjid = n.oid))))";

/// A query for the number of objects that people made.
pub(super) fn counting() -> String {
    format!(
        "(SELECT count(*) FROM {PLACED} AND NOT {AN_EXTENSION} AND NOT {OF_AN_EXTENSION})
    + (SELECT count(*) FROM pg_catalog.pg_largeobject_metadata)"
    )
}

/// A query for what [`clearing`] would leave and the restored data would be mixed with, each in words.
pub(super) fn staying() -> String {
    // Each schema is looked at once, however much is in it.
    let schemas = format!(
        "(SELECT n.oid, n.nspname FROM pg_catalog.pg_namespace n WHERE {OF_PEOPLE} AND {STAYS} OFFSET 0) n"
    );
    let placed = PLACED.replacen("pg_catalog.pg_namespace n", &schemas, 1);
    format!(
        "SELECT (x.i).type || ' ' || (x.i).identity FROM (
    SELECT pg_catalog.pg_identify_object(d.classid, d.objid, 0) AS i FROM {placed} AND NOT {AN_EXTENSION}
    AND NOT {OF_AN_EXTENSION} AND NOT {OURS}) x
  UNION ALL SELECT 'large object ' || oid FROM pg_catalog.pg_largeobject_metadata
    WHERE NOT pg_catalog.pg_has_role(lomowner, 'USAGE')"
    )
}

/// A query for whether the schema `public` is there and can be dropped with all that is in it.
pub(super) fn clears_public() -> String {
    format!("(SELECT NOT {STAYS} FROM pg_catalog.pg_namespace n WHERE n.nspname = 'public')")
}

/// A query for whether the schema `public` is there, ours and empty.
pub(super) const PUBLIC_IS_EMPTY: &str =
    "(SELECT pg_catalog.pg_has_role(n.nspowner, 'USAGE') AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
    WHERE d.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND d.refobjid = n.oid)
  FROM pg_catalog.pg_namespace n WHERE n.nspname = 'public')";

/// Takes back what roles set for everything that they make, in whatever schema, or in one that stays; PostgreSQL forgets a
/// setting that says what it would do anyway. Of a role that we are not, nothing that we make takes anything.
const DEFAULT_PRIVILEGES: &str = "  FOR command IN
    SELECT CASE WHEN d.defaclnamespace = 0
      THEN format('ALTER DEFAULT PRIVILEGES FOR ROLE %1$I REVOKE ALL ON %2$s FROM PUBLIC, %1$I%3$s;
                   ALTER DEFAULT PRIVILEGES FOR ROLE %1$I GRANT ALL ON %2$s TO %1$I;', r.rolname, k.kind, g.names)
        || CASE WHEN k.free <> '' THEN format('ALTER DEFAULT PRIVILEGES FOR ROLE %I GRANT %s ON %s TO PUBLIC',
                                              r.rolname, k.free, k.kind) ELSE '' END
      ELSE format('ALTER DEFAULT PRIVILEGES FOR ROLE %1$I IN SCHEMA %4$s REVOKE ALL ON %2$s FROM PUBLIC, %1$I%3$s',
                  r.rolname, k.kind, g.names, d.defaclnamespace::regnamespace) END
    FROM pg_default_acl d JOIN pg_roles r ON r.oid = d.defaclrole
    JOIN (VALUES ('r', 'TABLES', ''), ('S', 'SEQUENCES', ''), ('f', 'FUNCTIONS', 'EXECUTE'), ('T', 'TYPES', 'USAGE'),
                 ('n', 'SCHEMAS', ''), ('L', 'LARGE OBJECTS', '')) k (letter, kind, free)
      ON k.letter::\"char\" = d.defaclobjtype,
    LATERAL (SELECT coalesce(string_agg(format(', %I', o.rolname), ''), '') AS names
             FROM aclexplode(d.defaclacl) a JOIN pg_roles o ON o.oid = a.grantee) g
    WHERE pg_has_role(d.defaclrole, 'MEMBER')
  LOOP EXECUTE command; END LOOP;
";

/// Drops what people made and we own, first what reacts to that. `public` is made anew as a fresh database has it, whether it
/// was there or not, unless it stays: a dump counts on it.
#[must_use]
pub fn clearing(major: u32) -> String {
    let (owner, right) = if major >= 15 { ("pg_database_owner", "USAGE") } else { ("CURRENT_USER", "ALL") };
    format!(
        "DO $clear$ DECLARE command text; commands text[]; BEGIN
  PERFORM pg_catalog.set_config('search_path', 'pg_catalog', true);
{}{}{}{DEFAULT_PRIVILEGES}  IF to_regnamespace('public') IS NULL THEN
    CREATE SCHEMA public AUTHORIZATION {owner};
    COMMENT ON SCHEMA public IS 'standard public schema';
    GRANT {right} ON SCHEMA public TO PUBLIC;
  END IF;
END $clear$;\n",
        dropping(&BEFORE_SCHEMAS),
        dropping_schemas(),
        dropping(&AFTER_SCHEMAS)
    )
}

/// A catalogue, the command that drops `c`, and which of them are dropped.
type Kind = (&'static str, &'static str, &'static str);

const BEFORE_SCHEMAS: [Kind; 4] = [
    ("pg_event_trigger", "'DROP EVENT TRIGGER ' || quote_ident(evtname)", "pg_has_role(evtowner, 'USAGE')"),
    ("pg_publication", "'DROP PUBLICATION ' || quote_ident(pubname)", "pg_has_role(pubowner, 'USAGE')"),
    (
        "pg_foreign_server",
        "format('DROP SERVER IF EXISTS %I CASCADE', srvname)",
        "pg_has_role(srvowner, 'USAGE')",
    ),
    (
        "pg_foreign_data_wrapper",
        "format('DROP FOREIGN DATA WRAPPER IF EXISTS %I CASCADE', fdwname)",
        "pg_has_role(fdwowner, 'USAGE')",
    ),
];

const AFTER_SCHEMAS: [Kind; 3] = [
    (
        "pg_cast",
        "format('DROP CAST IF EXISTS (%s AS %s)', castsource::regtype, casttarget::regtype)",
        "EXISTS (SELECT FROM pg_type t WHERE t.oid IN (castsource, casttarget) AND pg_has_role(t.typowner, 'USAGE'))",
    ),
    (
        "pg_am",
        "format('DROP ACCESS METHOD IF EXISTS %I CASCADE', amname)",
        "(SELECT rolsuper FROM pg_roles WHERE rolname = current_user)",
    ),
    (
        "pg_largeobject_metadata",
        "format('SELECT pg_catalog.lo_unlink(%s)', c.oid)",
        "pg_has_role(lomowner, 'USAGE')",
    ),
];

fn dropping(kinds: &[Kind]) -> String {
    let drops = kinds.iter().map(|(catalogue, command, ours)| {
        // Of large objects, any number may be somebody's.
        let first = if *catalogue == "pg_largeobject_metadata" { 0 } else { FIRST_OF_PEOPLE };
        format!(
            "  FOR command IN SELECT {command} FROM pg_catalog.{catalogue} c WHERE c.oid >= {first} AND {ours} AND NOT EXISTS
    (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.{catalogue}'::regclass AND d.objid = c.oid AND d.deptype = 'e')
  LOOP EXECUTE command; END LOOP;\n"
        )
    });
    drops.collect()
}

/// Drops schemas with all that is in them; of one that stays, what is ours, piece by piece.
fn dropping_schemas() -> String {
    format!(
        "  FOR command IN SELECT format('DROP SCHEMA IF EXISTS %I CASCADE', n.nspname) FROM pg_namespace n
    WHERE {OF_PEOPLE} AND NOT {STAYS}
  LOOP EXECUTE command; END LOOP;
  commands := ARRAY(SELECT format('DROP %s IF EXISTS %s CASCADE', CASE i.type
      WHEN 'function' THEN 'ROUTINE' WHEN 'procedure' THEN 'ROUTINE' WHEN 'aggregate' THEN 'ROUTINE'
      WHEN 'statistics object' THEN 'STATISTICS' ELSE upper(i.type) END, i.identity)
    FROM (SELECT d.classid, d.objid FROM {PLACED} AND {OURS} AND NOT {OF_AN_EXTENSION}) x,
    LATERAL pg_identify_object(x.classid, x.objid, 0) i);
  FOREACH command IN ARRAY commands LOOP EXECUTE command; END LOOP;\n"
    )
}
