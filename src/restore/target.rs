//! The server and the database that a dump is going to be restored into: what is there, and what is made and dropped.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::Deserialize;

use super::RestoreError;
use crate::dump::client::Client;
use crate::dump::names::quoted;
use crate::dump::query::{query, within};
use crate::dump::{Complaint, Connection, DumpError};

/// How long a database may take to be made or dropped: a server goes on with it even when nobody waits any more.
const PATIENCE: Duration = Duration::from_secs(600);

/// SQLSTATE of an encoding that does not go with the locale (`invalid_parameter_value`), …
const NOT_OF_THIS_LOCALE: &str = "22023";
/// … and of a right that is lacking (`insufficient_privilege`).
const NO_RIGHT: &str = "42501";

/// Databases to connect to where the target does not exist yet.
const MAINTENANCE: [&str; 2] = ["postgres", "template1"];

/// The smallest number of an object that somebody made (PostgreSQL, `FirstNormalObjectId`); all below came with the server.
const FIRST_OF_PEOPLE: u32 = 16_384;

/// Everything in one answer. What belongs to an extension comes and goes with it, so it does not count.
const QUESTION: &str = "SELECT json_build_object(
  'version_number', current_setting('server_version_num')::int,
  'version', current_setting('server_version'),
  'objects', (SELECT count(*) FROM
      (SELECT 'pg_catalog.pg_class'::regclass AS class, oid, relnamespace AS schema FROM pg_catalog.pg_class
         WHERE relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
       UNION ALL SELECT 'pg_catalog.pg_proc'::regclass, oid, pronamespace FROM pg_catalog.pg_proc) o
     JOIN pg_catalog.pg_namespace n ON n.oid = o.schema
     WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
     AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
       WHERE d.classid = o.class AND d.objid = o.oid AND d.deptype = 'e'))
    + (SELECT count(*) FROM pg_catalog.pg_largeobject_metadata),
  'extensions', (SELECT coalesce(json_agg(name), '[]') FROM pg_catalog.pg_available_extensions),
  'roles', (SELECT json_agg(rolname) FROM pg_catalog.pg_roles),
  'may_create', (SELECT rolsuper OR rolcreatedb FROM pg_catalog.pg_roles WHERE rolname = current_user),
  'encoding', pg_catalog.getdatabaseencoding())";

/// What a server said of itself and of the database.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Facts {
    version_number: u32,
    /// `15.18 (Debian 15.18-0+deb12u1)`.
    pub version: String,
    /// Tables, views, sequences, functions and large objects in the database that belong to nobody else.
    pub objects: u64,
    /// Extensions that could be created.
    pub extensions: BTreeSet<String>,
    /// Roles of the server.
    pub roles: BTreeSet<String>,
    /// Whether we may create databases.
    pub may_create: bool,
    /// The database's encoding.
    pub encoding: String,
}

impl Facts {
    /// Major version.
    #[must_use]
    pub fn major(&self) -> u32 {
        self.version_number / 10_000
    }
}

/// A database that was named, there or not.
#[derive(Debug, Clone)]
pub struct Target {
    /// How to reach it.
    pub connection: Connection,
    /// What is known of it, or of its server where it does not exist.
    pub facts: Facts,
    /// A database of the same server from which it can be created; `None` where it exists.
    maintenance: Option<Connection>,
}

impl Target {
    /// Looks at it; changes nothing.
    ///
    /// # Errors
    /// Its server cannot be reached, or refuses.
    pub async fn look(connection: &Connection, client: &Client) -> Result<Self, RestoreError> {
        let first = match facts(connection, client).await {
            Ok(facts) => return Ok(Self { connection: connection.clone(), facts, maintenance: None }),
            Err(error) if may_be_missing(&error) => error,
            Err(other) => return Err(other),
        };
        let mut last = None;
        for name in MAINTENANCE {
            let maintenance = connection.with_database(name);
            match is_missing(connection, &maintenance, client).await {
                Ok(true) => {
                    let facts = Facts { objects: 0, ..facts(&maintenance, client).await? };
                    let connection = connection.clone();
                    return Ok(Self { connection, facts, maintenance: Some(maintenance) });
                }
                Ok(false) => return Err(first),
                Err(error) => last = Some(error),
            }
        }
        // Where the first error was understood, it is the second one that keeps us from going on.
        Err(if is_unknown(&first) { first } else { last.unwrap_or(first) })
    }

    /// Whether it is there.
    #[must_use]
    pub fn exists(&self) -> bool {
        self.maintenance.is_none()
    }

    /// Creates it, where it is not there; whether it was.
    ///
    /// # Errors
    /// The role may not.
    pub async fn create(&self, encoding: &str, client: &Client) -> Result<bool, RestoreError> {
        let Some(maintenance) = &self.maintenance else { return Ok(false) };
        create(maintenance, self.connection.database(), encoding, client).await?;
        Ok(true)
    }

    /// Drops it, where [`Target::create`] made it.
    ///
    /// # Errors
    /// The server refuses.
    pub async fn drop_again(&self, client: &Client) -> Result<(), RestoreError> {
        match &self.maintenance {
            Some(maintenance) => drop_database(maintenance, self.connection.database(), client).await,
            None => Ok(()),
        }
    }
}

/// Takes back what roles set for everything that they make, in whatever schema; PostgreSQL forgets a setting that says what
/// it would do anyway. Of a role that we are not, nothing that we make takes anything.
const DEFAULT_PRIVILEGES: &str = "  FOR command IN
    SELECT format('ALTER DEFAULT PRIVILEGES FOR ROLE %1$I REVOKE ALL ON %2$s FROM PUBLIC, %1$I%3$s;
                   ALTER DEFAULT PRIVILEGES FOR ROLE %1$I GRANT ALL ON %2$s TO %1$I;', r.rolname, k.kind, g.names)
        || CASE WHEN k.free <> '' THEN format('ALTER DEFAULT PRIVILEGES FOR ROLE %I GRANT %s ON %s TO PUBLIC',
                                              r.rolname, k.free, k.kind) ELSE '' END
    FROM pg_default_acl d JOIN pg_roles r ON r.oid = d.defaclrole
    JOIN (VALUES ('r', 'TABLES', ''), ('S', 'SEQUENCES', ''), ('f', 'FUNCTIONS', 'EXECUTE'), ('T', 'TYPES', 'USAGE'),
                 ('n', 'SCHEMAS', ''), ('L', 'LARGE OBJECTS', '')) k (letter, kind, free)
      ON k.letter::\"char\" = d.defaclobjtype,
    LATERAL (SELECT coalesce(string_agg(format(', %I', o.rolname), ''), '') AS names
             FROM aclexplode(d.defaclacl) a JOIN pg_roles o ON o.oid = a.grantee) g
    WHERE d.defaclnamespace = 0 AND pg_has_role(d.defaclrole, 'MEMBER')
  LOOP EXECUTE command; END LOOP;
";

/// Drops everything that people made, in the transaction in which the dump is then loaded: should that fail, all is as
/// it was. What belongs to PostgreSQL or to an extension stays; `public` is made anew as a fresh database has it, whether
/// it was there or not: a dump counts on it. Event triggers go first, so that they have no say in it.
#[must_use]
pub fn clearing(major: u32) -> String {
    let (owner, right) = if major >= 15 { ("pg_database_owner", "USAGE") } else { ("CURRENT_USER", "ALL") };
    let drops = [
        ("pg_event_trigger", "'DROP EVENT TRIGGER ' || quote_ident(evtname)"),
        ("pg_publication", "'DROP PUBLICATION ' || quote_ident(pubname)"),
        ("pg_foreign_server", "format('DROP SERVER IF EXISTS %I CASCADE', srvname)"),
        ("pg_foreign_data_wrapper", "format('DROP FOREIGN DATA WRAPPER IF EXISTS %I CASCADE', fdwname)"),
        ("pg_namespace", "format('DROP SCHEMA IF EXISTS %I CASCADE', nspname)"),
        ("pg_cast", "format('DROP CAST IF EXISTS (%s AS %s)', castsource::regtype, casttarget::regtype)"),
        ("pg_am", "format('DROP ACCESS METHOD IF EXISTS %I CASCADE', amname)"),
        ("pg_largeobject_metadata", "format('SELECT pg_catalog.lo_unlink(%s)', c.oid)"),
    ];
    let drops = drops.map(|(catalogue, command)| {
        format!(
            "  FOR command IN SELECT {command} FROM pg_catalog.{catalogue} c WHERE {} AND NOT EXISTS
    (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.{catalogue}'::regclass AND d.objid = c.oid AND d.deptype = 'e')
  LOOP EXECUTE command; END LOOP;\n",
            match catalogue {
                "pg_namespace" => "nspname !~ '^pg_' AND nspname <> 'information_schema'".to_owned(),
                "pg_largeobject_metadata" => "true".to_owned(),
                _ => format!("c.oid >= {FIRST_OF_PEOPLE}"),
            }
        )
    });
    format!(
        "DO $clear$ DECLARE command text; BEGIN
  PERFORM pg_catalog.set_config('search_path', 'pg_catalog', true);
{}{DEFAULT_PRIVILEGES}  IF to_regnamespace('public') IS NULL THEN
    CREATE SCHEMA public AUTHORIZATION {owner};
    COMMENT ON SCHEMA public IS 'standard public schema';
    GRANT {right} ON SCHEMA public TO PUBLIC;
  END IF;
END $clear$;\n",
        drops.concat()
    )
}

async fn facts(connection: &Connection, client: &Client) -> Result<Facts, RestoreError> {
    let answer = query(connection, client, QUESTION).await?;
    // psql prints the pieces of the answer on one line each where it holds line breaks.
    serde_json::from_str(&answer).map_err(|_| {
        // It names every role of the server.
        let message = Complaint::ours("the server's answer is not understood");
        DumpError::Unreachable { place: connection.place(), message }.into()
    })
}

pub(super) async fn create(
    host: &Connection,
    name: &str,
    encoding: &str,
    client: &Client,
) -> Result<(), RestoreError> {
    // The template that nobody has changed.
    let sql = |locale: &str| {
        let encoding = encoding.replace('\'', "''");
        format!("CREATE DATABASE {} TEMPLATE template0 ENCODING '{encoding}'{locale}", quoted(name))
    };
    let made = match within(PATIENCE, host, client, &sql("")).await {
        // A server of another encoding has a locale that does not go with this one; C goes with all.
        Err(DumpError::Unreachable { message, .. }) if message.is(NOT_OF_THIS_LOCALE) => {
            within(PATIENCE, host, client, &sql(" LC_COLLATE 'C' LC_CTYPE 'C'")).await
        }
        made => made,
    };
    match made {
        Ok(_) => Ok(()),
        Err(DumpError::Unreachable { message, .. }) if message.is(NO_RIGHT) => {
            let (place, user) = (host.with_database(name).place(), host.user().to_owned());
            Err(RestoreError::MayNotCreate { place, user })
        }
        Err(error) => Err(error.into()),
    }
}

pub(super) async fn drop_database(
    host: &Connection,
    name: &str,
    client: &Client,
) -> Result<(), RestoreError> {
    let sql = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", quoted(name));
    within(PATIENCE, host, client, &sql).await?;
    Ok(())
}

/// A session that was refused comes without an error code; only the server's words tell why, in its own language.
fn may_be_missing(error: &RestoreError) -> bool {
    match error {
        RestoreError::Server(DumpError::Unreachable { message, .. }) => {
            message.is("3D000") || message.is_unknown()
        }
        _ => false,
    }
}

fn is_unknown(error: &RestoreError) -> bool {
    matches!(error, RestoreError::Server(DumpError::Unreachable { message, .. }) if message.is_unknown())
}

/// Whether a server has no database of this name.
async fn is_missing(
    connection: &Connection,
    maintenance: &Connection,
    client: &Client,
) -> Result<bool, RestoreError> {
    let name = connection.database().replace('\'', "''");
    let sql = format!("SELECT NOT EXISTS (SELECT FROM pg_catalog.pg_database WHERE datname = '{name}')");
    Ok(query(maintenance, client, &sql).await? == "t")
}
