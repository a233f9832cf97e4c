//! What a backup of a part of a database needs and does not hold: no server can restore such a backup as it is.
//!
//! PostgreSQL knows which objects need which others. The bodies of functions are texts to it, and are not looked into.

use super::client::Client;
use super::invocation::DumpOptions;
use super::query::query;
use super::{Connection, DumpError, pattern};

/// So many are named.
const NAMED: usize = 10;

/// Each object that belongs to a schema, and each part of one, with the object that it is a part of.
const PLACED: &str = "
  placed (class, id, schema, whole_class, whole) AS (
    SELECT class, id, schema, class, id FROM (
      SELECT 'pg_class'::regclass::oid, oid, relnamespace FROM pg_class
      UNION ALL SELECT 'pg_proc'::regclass, oid, pronamespace FROM pg_proc
      UNION ALL SELECT 'pg_type'::regclass, oid, typnamespace FROM pg_type
      UNION ALL SELECT 'pg_operator'::regclass, oid, oprnamespace FROM pg_operator
      UNION ALL SELECT 'pg_opclass'::regclass, oid, opcnamespace FROM pg_opclass
      UNION ALL SELECT 'pg_opfamily'::regclass, oid, opfnamespace FROM pg_opfamily
      UNION ALL SELECT 'pg_collation'::regclass, oid, collnamespace FROM pg_collation
      UNION ALL SELECT 'pg_conversion'::regclass, oid, connamespace FROM pg_conversion
      UNION ALL SELECT 'pg_statistic_ext'::regclass, oid, stxnamespace FROM pg_statistic_ext
      UNION ALL SELECT 'pg_ts_config'::regclass, oid, cfgnamespace FROM pg_ts_config
      UNION ALL SELECT 'pg_ts_dict'::regclass, oid, dictnamespace FROM pg_ts_dict
      UNION ALL SELECT 'pg_ts_parser'::regclass, oid, prsnamespace FROM pg_ts_parser
      UNION ALL SELECT 'pg_ts_template'::regclass, oid, tmplnamespace FROM pg_ts_template
      UNION ALL SELECT 'pg_namespace'::regclass, oid, oid FROM pg_namespace) o (class, id, schema)
    UNION ALL SELECT p.class, p.id, coalesce(c.relnamespace, t.typnamespace, f.opfnamespace), p.whole_class, p.whole FROM (
      SELECT 'pg_rewrite'::regclass::oid, oid, 'pg_class'::regclass::oid, ev_class FROM pg_rewrite
      UNION ALL SELECT 'pg_trigger'::regclass, oid, 'pg_class'::regclass, tgrelid FROM pg_trigger
      UNION ALL SELECT 'pg_policy'::regclass, oid, 'pg_class'::regclass, polrelid FROM pg_policy
      UNION ALL SELECT 'pg_attrdef'::regclass, oid, 'pg_class'::regclass, adrelid FROM pg_attrdef
      UNION ALL SELECT 'pg_constraint'::regclass, oid, 'pg_class'::regclass, conrelid FROM pg_constraint WHERE conrelid <> 0
      UNION ALL SELECT 'pg_constraint'::regclass, oid, 'pg_type'::regclass, contypid FROM pg_constraint WHERE contypid <> 0
      UNION ALL SELECT 'pg_amop'::regclass, oid, 'pg_opfamily'::regclass, amopfamily FROM pg_amop
      UNION ALL SELECT 'pg_amproc'::regclass, oid, 'pg_opfamily'::regclass, amprocfamily FROM pg_amproc) p (class, id, whole_class, whole)
    LEFT JOIN pg_class c ON p.whole_class = 'pg_class'::regclass AND c.oid = p.whole
    LEFT JOIN pg_type t ON p.whole_class = 'pg_type'::regclass AND t.oid = p.whole
    LEFT JOIN pg_opfamily f ON p.whole_class = 'pg_opfamily'::regclass AND f.oid = p.whole)";

/// Classes of objects that belong to no schema and that pg_dump writes, unless it dumps only some schemas.
const WITHOUT_SCHEMA: &str = "'pg_event_trigger'::regclass, 'pg_cast'::regclass, 'pg_foreign_data_wrapper'::regclass, \
     'pg_language'::regclass, 'pg_transform'::regclass, 'pg_extension'::regclass, 'pg_am'::regclass";

/// What a backup with these options needs and does not hold, in words; `None` if that is nothing.
///
/// # Errors
/// The server cannot be reached, refuses, or does not answer within a minute.
pub async fn ask(
    connection: &Connection,
    client: &Client,
    options: &DumpOptions,
) -> Result<Option<String>, DumpError> {
    if !options.is_partial() {
        return Ok(None);
    }
    let answer = query(connection, client, &question(options)).await?;
    let found: Vec<(String, String)> = serde_json::from_str(&answer).unwrap_or_default();
    Ok(words(&found))
}

fn words(found: &[(String, String)]) -> Option<String> {
    let mut named: Vec<String> =
        found.iter().take(NAMED).map(|(object, needed)| format!("{object} needs {needed}")).collect();
    if found.len() > NAMED {
        named.push(format!("{} more", found.len() - NAMED));
    }
    (!named.is_empty())
        .then(|| format!("this backup cannot be restored alone. Missing: {}", named.join("; ")))
}

fn question(options: &DumpOptions) -> String {
    let only_some = !options.schemas.is_empty();
    let wanted =
        if only_some { pattern::any(&options.schemas, pattern::of_schemas) } else { "true".to_owned() };
    let unwanted = pattern::any(&options.exclude_schemas, pattern::of_schemas);
    let without_rows = pattern::any(&options.exclude_table_data, pattern::of_tables);
    format!(
        "WITH mine (oid, is_dumped) AS (
    SELECT n.oid, ({wanted}) AND NOT ({unwanted}) FROM pg_namespace n
    WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'),
  {PLACED},
  member (class, id) AS (SELECT classid, objid FROM pg_depend WHERE deptype = 'e'),
  without_rows (id) AS (
    SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p') AND ({without_rows})),
  found (class, id, needed_class, needed, what) AS (
    SELECT d.classid, d.objid, r.class, r.id, ''
    FROM pg_depend d
    JOIN placed r ON r.class = d.refclassid AND r.id = d.refobjid
    JOIN mine needed ON needed.oid = r.schema AND NOT needed.is_dumped
    LEFT JOIN placed o ON o.class = d.classid AND o.id = d.objid
    LEFT JOIN mine ON mine.oid = o.schema
    WHERE (mine.is_dumped OR NOT {only_some} AND d.classid IN ({WITHOUT_SCHEMA}))
      AND NOT EXISTS (SELECT FROM member m WHERE (m.class, m.id) IN ((d.classid, d.objid), (o.whole_class, o.whole)))
      AND NOT EXISTS (SELECT FROM member m WHERE (m.class, m.id) IN ((r.class, r.id), (r.whole_class, r.whole)))
    UNION ALL
    SELECT 'pg_constraint'::regclass, f.oid, 'pg_class'::regclass, f.confrelid, 'the rows of '
    FROM pg_constraint f JOIN pg_class c ON c.oid = f.conrelid JOIN mine ON mine.oid = c.relnamespace AND mine.is_dumped
    WHERE f.contype = 'f' AND f.confrelid IN (SELECT id FROM without_rows) AND f.conrelid NOT IN (SELECT id FROM without_rows)
      AND pg_relation_size(f.conrelid) > 0)
SELECT coalesce(json_agg(json_build_array(object, needed) ORDER BY object, needed), '[]') FROM (
  SELECT DISTINCT o.type || ' ' || o.identity, found.what || n.type || ' ' || n.identity
  FROM found
  LEFT JOIN pg_rewrite rule ON found.class = 'pg_rewrite'::regclass AND rule.oid = found.id,
  LATERAL pg_identify_object(CASE WHEN rule.oid IS NULL THEN found.class ELSE 'pg_class'::regclass END,
    coalesce(rule.ev_class, found.id), 0) o,
  LATERAL pg_identify_object(found.needed_class, found.needed, 0) n
  WHERE o.identity IS NOT NULL AND n.identity IS NOT NULL) x (object, needed)"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_are_named_and_the_rest_is_counted() {
        let found: Vec<(String, String)> =
            (0..12).map(|at| (format!("view s.v{at}"), "table x.t".to_owned())).collect();
        assert_eq!(words(&[]), None);
        let told = words(&found).unwrap();
        assert!(told.ends_with("view s.v9 needs table x.t; 2 more"), "{told}");
        assert!(!told.contains("v10"), "{told}");
    }
}
