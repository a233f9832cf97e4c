//! Partial backups: what one needs but does not contain, and pg_dump's patterns as SQL conditions. A server cannot
//! restore a backup on its own that needs more than it contains.
//!
//! PostgreSQL knows which objects depend on which others, except in the bodies of functions, which are plain text to
//! it.

use crate::databases::postgres::client::Client;
use crate::databases::postgres::invocation::DumpOptions;
use crate::databases::postgres::query::query;
use crate::databases::postgres::{Connection, PostgresError};

/// Maximum number of objects that the warning names.
const NAMED: usize = 10;

/// Catalogs of objects that belong to a schema, each with the column of that schema.
const IN_SCHEMAS: [(&str, &str); 13] = [
    ("pg_class", "relnamespace"),
    ("pg_proc", "pronamespace"),
    ("pg_type", "typnamespace"),
    ("pg_operator", "oprnamespace"),
    ("pg_opclass", "opcnamespace"),
    ("pg_opfamily", "opfnamespace"),
    ("pg_collation", "collnamespace"),
    ("pg_conversion", "connamespace"),
    ("pg_statistic_ext", "stxnamespace"),
    ("pg_ts_config", "cfgnamespace"),
    ("pg_ts_dict", "dictnamespace"),
    ("pg_ts_parser", "prsnamespace"),
    ("pg_ts_template", "tmplnamespace"),
];

/// Catalogs of parts of objects, each with the catalog of the whole and the column of its OID.
const PARTS: [(&str, &str, &str); 8] = [
    ("pg_rewrite", "pg_class", "ev_class"),
    ("pg_trigger", "pg_class", "tgrelid"),
    ("pg_policy", "pg_class", "polrelid"),
    ("pg_attrdef", "pg_class", "adrelid"),
    ("pg_constraint", "pg_class", "conrelid"),
    ("pg_constraint", "pg_type", "contypid"),
    ("pg_amop", "pg_opfamily", "amopfamily"),
    ("pg_amproc", "pg_opfamily", "amprocfamily"),
];

/// Each object with its schema, and each part of an object with the object that it belongs to. A schema belongs to
/// itself.
fn placed() -> String {
    let object = |(catalog, schema): (&str, &str)| {
        format!("SELECT '{catalog}'::regclass::oid, oid, {schema} FROM {catalog} UNION ALL")
    };
    // A constraint belongs to a table or to a domain. The other column is 0.
    let part = |(catalog, whole, column): (&str, &str, &str)| {
        format!(
            "SELECT '{catalog}'::regclass::oid, oid, '{whole}'::regclass::oid, {column} FROM {catalog} WHERE {column} <> 0"
        )
    };
    let objects = IN_SCHEMAS.map(object).join("\n      ");
    let parts = PARTS.map(part).join("\n      UNION ALL ");
    format!(
        "placed (class, id, schema, whole_class, whole) AS (
    SELECT class, id, schema, class, id FROM (
      {objects}
      SELECT 'pg_namespace'::regclass::oid, oid, oid FROM pg_namespace) o (class, id, schema)
    UNION ALL SELECT p.class, p.id, coalesce(c.relnamespace, t.typnamespace, f.opfnamespace), p.whole_class, p.whole FROM (
      {parts}) p (class, id, whole_class, whole)
    LEFT JOIN pg_class c ON p.whole_class = 'pg_class'::regclass AND c.oid = p.whole
    LEFT JOIN pg_type t ON p.whole_class = 'pg_type'::regclass AND t.oid = p.whole
    LEFT JOIN pg_opfamily f ON p.whole_class = 'pg_opfamily'::regclass AND f.oid = p.whole)"
    )
}

/// Classes of objects without a schema, which pg_dump dumps unless it dumps only some schemas.
const WITHOUT_SCHEMA: &str = "'pg_event_trigger'::regclass, 'pg_cast'::regclass, 'pg_foreign_data_wrapper'::regclass, \
     'pg_language'::regclass, 'pg_transform'::regclass, 'pg_extension'::regclass, 'pg_am'::regclass";

/// What a backup with these options needs but does not contain, as a warning. `None` if nothing is missing.
///
/// # Errors
/// The server cannot be reached, refuses, or does not answer within a minute.
pub async fn ask(
    connection: &Connection,
    client: &Client,
    options: &DumpOptions,
) -> Result<Option<String>, PostgresError> {
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
    let wanted = if only_some { any(&options.schemas, of_schemas) } else { "true".to_owned() };
    let unwanted = any(&options.exclude_schemas, of_schemas);
    let without_rows = any(&options.exclude_table_data, of_tables);
    let placed = placed();
    format!(
        "WITH mine (oid, is_dumped) AS (
    SELECT n.oid, ({wanted}) AND NOT ({unwanted}) FROM pg_namespace n
    WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'),
  {placed},
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

/// A table pattern as a condition on `n.nspname` and `c.relname` (PostgreSQL documentation, psql, "Patterns").
#[must_use]
pub fn of_tables(pattern: &str) -> String {
    let (schema, name) = regular_expressions(pattern);
    let schema = schema.map(|schema| format!("{} AND ", is("n.nspname", &schema)));
    format!("({}{})", schema.unwrap_or_default(), is("c.relname", &name))
}

/// A schema pattern as a condition on `n.nspname`.
#[must_use]
pub fn of_schemas(pattern: &str) -> String {
    is("n.nspname", &regular_expressions(pattern).1)
}

/// The tables whose rows these options dump, as a condition on `n.nspname` and `c.relname`.
#[must_use]
pub fn of_dumped_rows(options: &DumpOptions) -> String {
    let [wanted, unwanted] = [&options.schemas, &options.exclude_schemas].map(|list| any(list, of_schemas));
    let wanted = if options.schemas.is_empty() { "true".to_owned() } else { wanted };
    let without_rows = any(&options.exclude_table_data, of_tables);
    let dumped = format!("({wanted}) AND NOT ({unwanted}) AND NOT ({without_rows})");
    if options.tables.is_empty() {
        dumped
    } else {
        format!("{dumped} AND ({})", any(&options.tables, of_tables))
    }
}

/// A condition that is true if any of these patterns matches.
#[must_use]
pub fn any(patterns: &[String], condition: fn(&str) -> String) -> String {
    let conditions: Vec<String> = patterns.iter().map(|pattern| condition(pattern)).collect();
    if conditions.is_empty() { "false".to_owned() } else { conditions.join(" OR ") }
}

fn is(column: &str, expression: &str) -> String {
    // As pg_dump compares: classes of letters depend on the collation, and names have that of C.
    format!("{column} ~ '^({})$' COLLATE pg_catalog.default", expression.replace('\'', "''"))
}

/// The regular expressions of a pattern's schema, if it names one, and of its last part.
fn regular_expressions(pattern: &str) -> (Option<String>, String) {
    let (mut parts, mut part, mut is_quoted) = (Vec::new(), String::new(), false);
    let mut letters = pattern.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if is_quoted && letters.peek() == Some(&'"') => part.extend(letters.next()),
            '"' => is_quoted = !is_quoted,
            '.' if !is_quoted => parts.push(std::mem::take(&mut part)),
            '*' if !is_quoted => part.push_str(".*"),
            '?' if !is_quoted => part.push('.'),
            '$' => part.push_str("\\$"),
            _ if is_quoted && "|*+?()[]{}.^\\".contains(letter) => part.extend(['\\', letter]),
            _ if is_quoted => part.push(letter),
            _ => part.push(letter.to_ascii_lowercase()),
        }
    }
    (parts.pop(), part)
}

#[cfg(test)]
mod tests;
