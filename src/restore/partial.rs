//! Replaces a database with a partial backup: which tables would lose rows, and what must not be lost.

use std::collections::BTreeSet;

use super::RestoreError;
use super::session::variable;
use crate::dump::Connection;
use crate::dump::client::Client;
use crate::dump::names::quoted;
use crate::dump::pattern;
use crate::dump::query::query;

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
    let matches: Vec<String> = patterns.iter().map(|wanted| pattern::of_tables(wanted)).collect();
    let sql = format!(
        "SELECT coalesce(json_agg(json_build_array(n.nspname, c.relname) ORDER BY n.nspname, c.relname), '[]')
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relkind = 'r' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
         AND pg_relation_size(c.oid) > 0 AND ({})",
        matches.join(" OR ")
    );
    let answer = query(connection, client, &sql).await?;
    let found: Vec<(String, String)> = serde_json::from_str(&answer).unwrap_or_default();
    let lost = found.into_iter().filter(|table| !held.contains(table));
    Ok(lost.map(|(schema, name)| format!("{}.{}", shown(&schema), shown(&name))).collect())
}

/// A name as people type it.
fn shown(name: &str) -> String {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if name.chars().all(plain) { name.to_owned() } else { quoted(name) }
}
