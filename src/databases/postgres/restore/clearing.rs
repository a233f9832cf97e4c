//! What `replace` drops, what it cannot drop, and what a partial backup must not drop. Its SQL runs in the same
//! transaction as the load, so a failed load undoes it.
//!
//! Objects of PostgreSQL, of extensions and of other roles stay. On a managed server, the platform owns schemas,
//! extensions and event triggers that its customers can use but not drop.

use std::collections::BTreeSet;

use super::RestoreError;
use super::session::variable;
use crate::databases::postgres::Connection;
use crate::databases::postgres::client::Client;
use crate::databases::postgres::dump::partial;
use crate::databases::postgres::query::query_json;
use crate::databases::postgres::sql::quoted;

/// The smallest OID of an object that a user created (PostgreSQL, `FirstNormalObjectId`).
const FIRST_OF_PEOPLE: u32 = 16_384;

/// Schemas that users created.
const OF_PEOPLE: &str = "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'";

/// Every object with a place in such a schema: `d` is the object, `n` its schema. Parts of other objects have no
/// place of their own.
const PLACED: &str = "pg_catalog.pg_depend d JOIN pg_catalog.pg_namespace n ON n.oid = d.refobjid
  WHERE d.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND d.deptype = 'n' AND d.objsubid = 0
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend i
    WHERE i.classid = d.classid AND i.objid = d.objid AND i.objsubid = 0 AND i.deptype = 'i')";

/// Whether `d` is part of an extension.
const OF_AN_EXTENSION: &str = "EXISTS (SELECT FROM pg_catalog.pg_depend e
  WHERE e.classid = d.classid AND e.objid = d.objid AND e.deptype = 'e')";

/// Whether `d` is an extension itself.
const AN_EXTENSION: &str = "d.classid = 'pg_catalog.pg_extension'::pg_catalog.regclass";

/// Whether we have the rights of the owner of `d`. PostgreSQL does not record what the first superuser owns.
const OURS: &str = "pg_catalog.pg_has_role(coalesce((SELECT o.refobjid FROM pg_catalog.pg_shdepend o
  WHERE o.classid = d.classid AND o.objid = d.objid AND o.objsubid = 0 AND o.deptype = 'o'
  AND o.dbid = (SELECT b.oid FROM pg_catalog.pg_database b WHERE b.datname = pg_catalog.current_database())),
  10::oid), 'USAGE')";

/// Whether the schema `n` stays: another role owns it, it is part of an extension, or it contains another role's
/// extension.
const STAYS: &str = "(NOT pg_catalog.pg_has_role(n.nspowner, 'USAGE')
  OR EXISTS (SELECT FROM pg_catalog.pg_depend e WHERE e.deptype = 'e' AND e.objid = n.oid
    AND e.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass)
  OR EXISTS (SELECT FROM pg_catalog.pg_extension x WHERE NOT pg_catalog.pg_has_role(x.extowner, 'USAGE')
    AND (x.extnamespace = n.oid OR EXISTS (SELECT FROM pg_catalog.pg_depend p JOIN pg_catalog.pg_depend e
      ON e.classid = p.classid AND e.objid = p.objid AND e.deptype = 'e' AND e.refobjid = x.oid
      WHERE p.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND p.refobjid = n.oid))))";

/// A query for the number of objects that users created.
pub(super) fn counting() -> String {
    format!(
        "(SELECT count(*) FROM {PLACED} AND NOT {AN_EXTENSION} AND NOT {OF_AN_EXTENSION})
    + (SELECT count(*) FROM pg_catalog.pg_largeobject_metadata)"
    )
}

/// A query for objects of other roles that would mix with the restored data, or that would be dropped together with
/// ours: objects in schemas, event triggers that call our functions, extensions that depend on ours, publications of
/// our tables. Each as a phrase.
pub(super) fn staying() -> String {
    let words = |from: &str| {
        format!(
            "SELECT (x.i).type || ' ' || (x.i).identity FROM (SELECT pg_catalog.pg_identify_object({from}) x"
        )
    };
    let placed = words(&format!(
        "d.classid, d.objid, 0) AS i FROM {PLACED} AND NOT {AN_EXTENSION}
    AND NOT {OF_AN_EXTENSION} AND NOT {OURS}"
    ));
    let triggers = words(
        "'pg_catalog.pg_event_trigger'::pg_catalog.regclass, t.oid, 0) AS i FROM pg_catalog.pg_event_trigger t
    JOIN pg_catalog.pg_proc f ON f.oid = t.evtfoid AND f.oid >= 16384 AND pg_catalog.pg_has_role(f.proowner, 'USAGE')
    WHERE NOT pg_catalog.pg_has_role(t.evtowner, 'USAGE')",
    );
    let extensions = words(
        "d.classid, d.objid, 0) AS i FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_extension x ON x.oid = d.objid
    JOIN pg_catalog.pg_extension y ON y.oid = d.refobjid AND pg_catalog.pg_has_role(y.extowner, 'USAGE')
    WHERE d.classid = 'pg_catalog.pg_extension'::pg_catalog.regclass
      AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
      AND NOT pg_catalog.pg_has_role(x.extowner, 'USAGE')",
    );
    let publications = words(&format!(
        "'pg_catalog.pg_publication'::pg_catalog.regclass, m.publication, 0) AS i FROM ({PUBLISHED}) m
    WHERE CASE WHEN m.class = 'pg_catalog.pg_class'::pg_catalog.regclass
      THEN (SELECT pg_catalog.pg_has_role(c.relowner, 'USAGE') FROM pg_catalog.pg_class c WHERE c.oid = m.what)
      ELSE (SELECT pg_catalog.pg_has_role(n.nspowner, 'USAGE') FROM pg_catalog.pg_namespace n WHERE n.oid = m.what) END"
    ));
    format!(
        "{placed} UNION {triggers} UNION {extensions} UNION {publications}
  UNION ALL SELECT 'large object ' || oid FROM pg_catalog.pg_largeobject_metadata
    WHERE NOT pg_catalog.pg_has_role(lomowner, 'USAGE')"
    )
}

/// The contents of other roles' publications. PostgreSQL 15 introduced those of schemas.
const PUBLISHED: &str = "SELECT d.classid, d.objid, p.oid AS publication, r.refclassid AS class, r.refobjid AS what
    FROM pg_catalog.pg_depend d
    JOIN pg_catalog.pg_publication p ON p.oid = d.refobjid AND NOT pg_catalog.pg_has_role(p.pubowner, 'USAGE')
    JOIN pg_catalog.pg_depend r ON r.classid = d.classid AND r.objid = d.objid AND r.refclassid IN
      ('pg_catalog.pg_class'::pg_catalog.regclass, 'pg_catalog.pg_namespace'::pg_catalog.regclass)
    WHERE d.refclassid = 'pg_catalog.pg_publication'::pg_catalog.regclass AND d.classid IN
      ('pg_catalog.pg_publication_rel'::pg_catalog.regclass, pg_catalog.to_regclass('pg_catalog.pg_publication_namespace'))";

/// Everything of another role without a place in a schema, or part of another role's extension.
const OTHERS: &str = "SELECT 'pg_event_trigger'::regclass::oid, oid FROM pg_event_trigger WHERE NOT pg_has_role(evtowner, 'USAGE')
    UNION SELECT 'pg_extension'::regclass, oid FROM pg_extension WHERE NOT pg_has_role(extowner, 'USAGE')
    UNION SELECT e.classid, e.objid FROM pg_depend e JOIN pg_extension x ON x.oid = e.refobjid
      WHERE e.deptype = 'e' AND e.refclassid = 'pg_extension'::regclass AND NOT pg_has_role(x.extowner, 'USAGE')";

/// A query for whether the schema `public` exists and can be dropped with its contents.
pub(super) fn clears_public() -> String {
    format!("(SELECT NOT {STAYS} FROM pg_catalog.pg_namespace n WHERE n.nspname = 'public')")
}

/// A query for whether the schema `public` exists, is ours and is empty.
pub(super) const PUBLIC_IS_EMPTY: &str =
    "(SELECT pg_catalog.pg_has_role(n.nspowner, 'USAGE') AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
    WHERE d.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND d.refobjid = n.oid)
  FROM pg_catalog.pg_namespace n WHERE n.nspname = 'public')";

/// Resets default privileges, global ones and those of schemas that stay. PostgreSQL removes an entry that equals the
/// built-in default. Entries of other roles do not apply to what we create.
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

/// Drops what users created and we own, starting with what reacts to drops. Fails if another role's objects would go
/// with it. Creates `public` again as a new database has it, because a dump relies on it.
/// was there or not, unless it stays: a dump counts on it.
#[must_use]
pub fn clearing(major: u32) -> String {
    let (owner, right) = if major >= 15 { ("pg_database_owner", "USAGE") } else { ("CURRENT_USER", "ALL") };
    format!(
        "DO $clear$ DECLARE command text; commands text[]; others jsonb; gone text; BEGIN
  PERFORM pg_catalog.set_config('search_path', 'pg_catalog', true);
  SELECT jsonb_agg(jsonb_build_array(class::text, id::text, i.type || ' ' || i.identity)) INTO others
    FROM ({OTHERS} UNION SELECT classid, objid FROM ({PUBLISHED}) m) o (class, id), LATERAL pg_identify_object(class, id, 0) i;
{}{}{}  SELECT min(o ->> 2) INTO gone FROM jsonb_array_elements(others) o WHERE NOT (
    EXISTS (SELECT FROM pg_depend d WHERE d.classid = (o ->> 0)::oid AND d.objid = (o ->> 1)::oid)
    OR (o ->> 0)::oid = 'pg_extension'::regclass AND EXISTS (SELECT FROM pg_extension x WHERE x.oid = (o ->> 1)::oid));
  IF gone IS NOT NULL THEN
    RAISE EXCEPTION USING ERRCODE = '2BP01', MESSAGE = 'cannot drop ' || gone || ' because other objects depend on it';
  END IF;
{DEFAULT_PRIVILEGES}  IF to_regnamespace('public') IS NULL THEN
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

/// A catalog, the command that drops `c`, and which objects are dropped.
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
        // Any number of large objects may belong to other roles.
        let first = if *catalogue == "pg_largeobject_metadata" { 0 } else { FIRST_OF_PEOPLE };
        format!(
            "  FOR command IN SELECT {command} FROM pg_catalog.{catalogue} c WHERE c.oid >= {first} AND {ours} AND NOT EXISTS
    (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.{catalogue}'::regclass AND d.objid = c.oid AND d.deptype = 'e')
  LOOP EXECUTE command; END LOOP;\n"
        )
    });
    drops.collect()
}

/// Drops schemas with their contents. Of a schema that stays, drops our objects one by one.
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

/// Everything that users created, each by a name that it gets again when it is created anew. Parts that go with a
/// table do not count.
const KEPT: &str = "SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    AND NOT (c.relkind = 'S' AND EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass
      AND d.objid = c.oid AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')))
  UNION ALL SELECT 'function ' || p.oid::regprocedure FROM pg_proc p WHERE p.oid >= 16384
  UNION ALL SELECT 'type ' || t.oid::regtype FROM pg_type t WHERE t.oid >= 16384 AND t.typtype IN ('d', 'e', 'r')
  UNION ALL SELECT 'schema ' || quote_ident(nspname) FROM pg_namespace WHERE nspname !~ '^pg_'
  UNION ALL SELECT 'extension ' || quote_ident(extname) FROM pg_extension
  UNION ALL SELECT 'event trigger ' || quote_ident(evtname) FROM pg_event_trigger
  UNION ALL SELECT 'server ' || quote_ident(srvname) FROM pg_foreign_server
  UNION ALL SELECT 'publication ' || quote_ident(pubname) FROM pg_publication
  UNION ALL SELECT format('publication %I of %s', p.pubname, r.prrelid::regclass)
    FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid";

/// Notes the current objects, before the dump's own statements drop some.
#[must_use]
pub fn noting() -> String {
    let kept = variable("kept");
    format!(
        "DO $kept$ BEGIN
  PERFORM pg_catalog.set_config('search_path', 'pg_catalog', true);
  PERFORM set_config('{kept}', (SELECT coalesce(json_agg(k), '[]')::text FROM ({KEPT}) x (k)), true);
END $kept$;\n"
    )
}

/// Fails, and with it the transaction, if a noted object is missing. Dropping a table silently drops its partitions
/// and its place in publications. The error has the form of PostgreSQL's own for dependent objects.
#[must_use]
pub fn checking() -> String {
    let kept = variable("kept");
    format!(
        "\nDO $kept$ DECLARE gone text; BEGIN
  PERFORM pg_catalog.set_config('search_path', 'pg_catalog', true);
  SELECT min(k) INTO gone
    FROM json_array_elements_text(current_setting('{kept}')::json) k WHERE k NOT IN ({KEPT});
  IF gone IS NOT NULL THEN
    RAISE EXCEPTION USING ERRCODE = '2BP01', MESSAGE = 'cannot drop ' || gone || ' because other objects depend on it';
  END IF;
END $kept$;\n"
    )
}

/// Tables of a target that have rows, but whose rows the backup left out by these pg_dump patterns, as
/// `schema.table`. `held` lists the tables whose rows it contains.
///
/// # Errors
/// The query fails.
pub async fn losing_rows(
    (connection, client): (&Connection, &Client),
    patterns: &[String],
    held: &BTreeSet<(String, String)>,
) -> Result<Vec<String>, RestoreError> {
    if patterns.is_empty() {
        return Ok(Vec::new());
    }
    let matches: Vec<String> = patterns.iter().map(|wanted| partial::of_tables(wanted)).collect();
    let sql = format!(
        "SELECT coalesce(json_agg(json_build_array(n.nspname, c.relname) ORDER BY n.nspname, c.relname), '[]')
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relkind = 'r' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
         AND pg_relation_size(c.oid) > 0 AND ({})",
        matches.join(" OR ")
    );
    // An answer that cannot be read must not count as no table.
    let found: Vec<(String, String)> = query_json(connection, client, &sql).await?;
    let lost = found.into_iter().filter(|table| !held.contains(table));
    Ok(lost.map(|(schema, name)| format!("{}.{}", shown(&schema), shown(&name))).collect())
}

/// A name as people type it.
fn shown(name: &str) -> String {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if name.chars().all(plain) { name.to_owned() } else { quoted(name) }
}
