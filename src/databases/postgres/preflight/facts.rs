//! What a database reports about itself and the role, in one answer.

use serde::Deserialize;

use crate::databases::postgres::client::Client;
use crate::databases::postgres::dump::rehearsal::FILTERED;
use crate::databases::postgres::query::query_json;
use crate::databases::postgres::restore::facts::LockTable;
use crate::databases::postgres::server::HIDDEN_SEQUENCE;
use crate::databases::postgres::{Connection, PostgresError};

/// Maximum number of names that a finding shows.
const NAMED: usize = 5;

/// Tables, partitions, partitioned tables and sequences that pg_dump locks or reads. Of an extension's, only the
/// marked ones. pg_dump needs no right on views and materialized views, because it does not read them.
const DUMPED: &str = "WITH dumped AS (SELECT c.*, n.oid AS schema_oid, quote_ident(n.nspname) AS schema,
    quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS name
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'S') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND NOT EXISTS (SELECT FROM pg_depend d JOIN pg_extension e
      ON d.refclassid = 'pg_extension'::regclass AND e.oid = d.refobjid
    WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
      AND c.oid <> ALL (coalesce(e.extconfig, '{}'))))";

/// pg_dump opens each large object. Only PostgreSQL 18 has a function for the privilege.
const CLOSED_LARGE_OBJECTS: &str = "SELECT count(*) FROM pg_largeobject_metadata m
  WHERE NOT pg_has_role(m.lomowner, 'USAGE') AND current_setting('lo_compat_privileges') = 'off'
  AND NOT EXISTS (SELECT FROM aclexplode(m.lomacl) a WHERE a.privilege_type = 'SELECT'
    AND (a.grantee = 0 OR pg_has_role(a.grantee, 'USAGE')))";

/// Settings by which a role or a database ends or rejects sessions of everyday work.
const SETTINGS: &str =
    "SELECT coalesce(json_agg(json_build_array(name, reset_val) ORDER BY name), '[]') FROM pg_settings
  WHERE name IN ('default_transaction_read_only', 'statement_timeout', 'lock_timeout', 'transaction_timeout',
    'idle_in_transaction_session_timeout', 'idle_session_timeout') AND reset_val NOT IN ('0', 'off')";

/// The first names of a list, and how long it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub(super) struct Named {
    pub(super) count: u64,
    pub(super) first: Vec<String>,
}

/// The answer. Names are quoted as SQL needs them.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct Facts {
    pub(super) role: String,
    pub(super) is_superuser: bool,
    /// Version of the session's TLS.
    pub(super) tls: Option<String>,
    /// Whether GSSAPI encrypts the session.
    pub(super) is_gss_encrypted: bool,
    pub(super) tables: u64,
    pub(super) sequences: u64,
    /// Schemas with such relations, without USAGE.
    pub(super) closed_schemas: Named,
    pub(super) closed_tables: Named,
    pub(super) closed_sequences: Named,
    /// Those whose values a standby does not have.
    pub(super) unlogged_sequences: Named,
    /// Schemas of all of these.
    pub(super) to_grant: Named,
    /// Tables with row-level security.
    pub(super) guarded: u64,
    /// Those that hide rows from the role.
    pub(super) filtered: Named,
    /// Their owners.
    pub(super) owners: Named,
    /// How many of them restrict their owner, too, or belong to a superuser, in whose role membership gives far more than rows.
    pub(super) forced: u64,
    pub(super) large_objects: u64,
    pub(super) closed_large_objects: u64,
    pub(super) subscriptions: u64,
    /// Name and value. Times are in milliseconds.
    pub(super) settings: Vec<(String, String)>,
    /// Seconds until the role's password expires.
    pub(super) password_seconds: Option<f64>,
    /// Name and version.
    pub(super) extensions: Vec<(String, String)>,
    pub(super) locks: LockTable,
}

/// The answer of a server. Any psql version works.
///
/// # Errors
/// The server cannot be reached, rejects the query, or does not answer within a minute.
pub(super) async fn ask(connection: &Connection, client: &Client) -> Result<Facts, PostgresError> {
    query_json(connection, client, &question()).await
}

/// `condition` is about `c`.
fn named(name: &str, condition: &str) -> String {
    format!(
        "(SELECT json_build_object('count', count(*), 'first', coalesce((array_agg(x.name ORDER BY x.name))[1:{NAMED}], '{{}}'))
    FROM (SELECT DISTINCT {name} AS name FROM dumped c WHERE {condition}) x)"
    )
}

fn question() -> String {
    let closed_schema = "NOT has_schema_privilege(c.schema_oid, 'USAGE')";
    let closed_table = "c.relkind <> 'S' AND NOT has_table_privilege(c.oid, 'SELECT')";
    let of_a_standby = "c.relpersistence = 'u' AND pg_is_in_recovery()";
    let unlogged_sequence = format!("{HIDDEN_SEQUENCE} AND {of_a_standby}");
    let closed_sequence = format!("{HIDDEN_SEQUENCE} AND NOT ({of_a_standby})");
    let closed = format!("{closed_schema} OR {closed_table} OR {closed_sequence}");
    format!(
        "{DUMPED} SELECT json_build_object(
  'role', quote_ident(current_user),
  'is_superuser', current_setting('is_superuser') = 'on',
  'tls', (SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl),
  'is_gss_encrypted', EXISTS (SELECT FROM pg_stat_gssapi WHERE pid = pg_backend_pid() AND encrypted),
  'tables', (SELECT count(*) FROM dumped WHERE relkind <> 'S'),
  'sequences', (SELECT count(*) FROM dumped WHERE relkind = 'S'),
  'closed_schemas', {},
  'closed_tables', {},
  'closed_sequences', {},
  'unlogged_sequences', {},
  'to_grant', {},
  'guarded', (SELECT count(*) FROM dumped WHERE relkind = 'r' AND relrowsecurity),
  'filtered', {},
  'owners', {},
  'forced', (SELECT count(*) FROM dumped c WHERE {FILTERED} AND (c.relforcerowsecurity
    OR (SELECT rolsuper FROM pg_roles WHERE oid = c.relowner))),
  'large_objects', (SELECT count(*) FROM pg_largeobject_metadata),
  'closed_large_objects', ({CLOSED_LARGE_OBJECTS}),
  'subscriptions', (SELECT count(*) FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid
    WHERE d.datname = current_database()),
  'settings', ({SETTINGS}),
  'password_seconds', (SELECT CASE WHEN isfinite(rolvaliduntil) THEN extract(epoch FROM rolvaliduntil - now())::float8 END
    FROM pg_roles WHERE rolname = session_user),
  'extensions', (SELECT coalesce(json_agg(json_build_array(extname, extversion) ORDER BY extname), '[]') FROM pg_extension
    WHERE extname <> 'plpgsql'),
  'locks', {})",
        named("c.schema", closed_schema),
        named("c.name", closed_table),
        named("c.name", &closed_sequence),
        named("c.name", &unlogged_sequence),
        named("c.schema", &closed),
        named("c.name", FILTERED),
        named("quote_ident(pg_get_userbyid(c.relowner))", FILTERED),
        LockTable::question("0"),
    )
}
