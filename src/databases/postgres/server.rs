//! What a backup must know about a server before the dump: its version, the database's size and encoding, and what
//! the server hides from the role.

use std::collections::BTreeSet;

use super::client::Client;
use super::query::{query, unexpected};
use super::sql::DumpContents;
use super::{Connection, PostgresError};

const QUERY: &str = "SELECT current_setting('server_version_num'), current_setting('server_version'), \
                     pg_database_size(current_database()), pg_is_in_recovery(), getdatabaseencoding(), \
                     current_setting('client_encoding'), has_table_privilege('pg_catalog.pg_user_mapping', 'SELECT'), \
                     (SELECT count(*) FROM pg_user_mappings m JOIN pg_foreign_server s ON s.oid = m.srvid \
                       WHERE m.umoptions IS NULL AND NOT (pg_has_role(s.srvowner, 'USAGE') AND m.umuser = 0 \
                         OR m.usename = current_user \
                            AND (pg_has_role(s.srvowner, 'USAGE') OR has_server_privilege(s.oid, 'USAGE')) \
                         OR (SELECT rolsuper FROM pg_roles WHERE rolname = current_user))), ";
/// Which relations `c` are sequences whose value this session cannot read. pg_dump 18 can write the value 0 for them.
pub(super) const HIDDEN_SEQUENCE: &str = "c.relkind = 'S' AND (NOT has_sequence_privilege(c.oid, 'SELECT') \
                                          OR c.relpersistence = 'u' AND pg_is_in_recovery())";
const SEQUENCES: &str = ", (SELECT coalesce(json_agg(json_build_array(n.nspname, c.relname)), '[]') \
                         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE ";
/// How many mappings have options that the view hides. Only a role that can read the table knows.
const MAPPINGS: &str = "SELECT count(*) FROM pg_user_mapping m JOIN pg_user_mappings v ON v.umid = m.oid \
                        WHERE m.umoptions IS NOT NULL AND v.umoptions IS NULL";

/// Settings that change a dump's text, and the values that make dumps comparable and readable by any server. pg_dump
/// itself sets the others that matter (formats of dates, intervals and numbers, search path, row security).
const PINNED: [(&str, &str); 6] = [
    ("bytea_output", "hex"),
    ("quote_all_identifiers", "off"),
    ("standard_conforming_strings", "on"),
    // The C format is the only format of money amounts that every server reads.
    (MONEY, "C"),
    ("TimeZone", "UTC"),
    (REACTIONS, "off"),
];
/// If this is on, a sponsor's login trigger reacts to pg_dump. Checked only if there is such a trigger and the role
/// may set it.
const REACTIONS: &str = "event_triggers";
const MONEY: &str = "lc_monetary";

/// The session's own default, because this session already has our settings.
fn asked(setting: &str) -> String {
    if setting == REACTIONS {
        // PostgreSQL versions before 17 have neither this column nor such triggers.
        return "(SELECT CASE WHEN (to_jsonb(d) ->> 'dathasloginevt')::bool \
                 AND (SELECT bool_and(rolsuper) FROM pg_roles WHERE rolname IN (current_user, session_user)) \
                 THEN 'on' ELSE 'off' END FROM pg_database d WHERE d.datname = current_database())"
            .to_owned();
    }
    format!("(SELECT reset_val FROM pg_settings WHERE name = '{setting}')")
}

/// How money amounts are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Money {
    /// In the format that every server reads.
    Plain,
    /// In the database's format, as release 0.1 dumped them.
    AsThere,
}

/// What a server reports about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Major version.
    pub major: u32,
    /// `15.18 (Debian 15.18-0+deb12u1)`.
    pub version: String,
    /// Size of the database on disk in bytes, including indexes.
    pub database_bytes: u64,
    /// Whether it is a standby.
    pub is_standby: bool,
    /// The database's encoding.
    pub encoding: String,
    /// A session's encoding.
    pub session_encoding: String,
    /// Settings of the database or role that a dump must override, as `name=value`.
    to_pin: Vec<(&'static str, &'static str)>,
    /// Number of user mappings whose options the view hides, and whether the role can read the table itself.
    hidden_mappings: u64,
    reads_mappings: bool,
    /// Sequences whose values the role cannot read, by schema and name.
    hidden_sequences: BTreeSet<(String, String)>,
}

impl Server {
    /// Settings that a dump needs and that a session does not have by default, as `name=value`.
    #[must_use]
    pub fn to_pin(&self, money: Money) -> Vec<String> {
        let wanted = self.to_pin.iter().filter(|(name, _)| money == Money::Plain || *name != MONEY);
        wanted.map(|(name, value)| format!("{name}={value}")).collect()
    }

    /// Fails if the URL requests another encoding than the database's own. Such a dump may be unreadable, or lack the
    /// database's encoding. Defaults of the role or the database do not count, because `--encoding` overrides them.
    ///
    /// # Errors
    /// [`PostgresError::Encoding`].
    pub fn check_encoding(&self, connection: &Connection) -> Result<(), PostgresError> {
        if !connection.asks_for_an_encoding() || self.session_encoding == self.encoding {
            return Ok(());
        }
        let (asked, has) = (self.session_encoding.clone(), self.encoding.clone());
        Err(PostgresError::Encoding { place: connection.place(), asked, has })
    }

    /// Fails if pg_dump would silently leave out the options of a user mapping.
    ///
    /// # Errors
    /// [`PostgresError::Incomplete`], or the server cannot be asked.
    pub async fn check_mappings(
        &self,
        connection: &Connection,
        client: &Client,
    ) -> Result<(), PostgresError> {
        let hidden = match (self.hidden_mappings, self.reads_mappings) {
            (0, _) => return Ok(()),
            // If the role cannot check, the options may exist.
            (hidden, false) => hidden,
            (_, true) => {
                let answer = query(connection, client, MAPPINGS).await?;
                answer.parse().map_err(|_| unexpected(connection))?
            }
        };
        if hidden == 0 {
            return Ok(());
        }
        let mappings = if hidden == 1 { "user mapping" } else { "user mappings" };
        let missing = format!("{hidden} {mappings} whose options the role {} cannot see", connection.user());
        Err(PostgresError::Incomplete { place: connection.place(), missing })
    }

    /// Fails if the dump contains sequences whose value the role cannot read, because pg_dump made one up.
    ///
    /// # Errors
    /// [`PostgresError::Incomplete`].
    pub fn check_sequences(
        &self,
        connection: &Connection,
        contents: &DumpContents,
    ) -> Result<(), PostgresError> {
        let made_up = self.hidden_sequences.iter().filter(|name| contents.sequences.contains_key(*name));
        let names: Vec<String> = made_up.take(20).map(|(schema, name)| format!("{schema}.{name}")).collect();
        if names.is_empty() {
            return Ok(());
        }
        let missing = format!("the values of sequences that the role cannot read: {}", names.join(", "));
        Err(PostgresError::Incomplete { place: connection.place(), missing })
    }
}

/// Asks the server. Any psql version works.
///
/// # Errors
/// The server cannot be reached, rejects the query, or does not answer within a minute.
pub async fn ask(connection: &Connection, client: &Client) -> Result<Server, PostgresError> {
    let settings = PINNED.map(|(name, _)| asked(name)).join(", ");
    let answer =
        query(connection, client, &format!("{QUERY}{settings}{SEQUENCES}{HIDDEN_SEQUENCE})")).await?;
    parse(&answer).ok_or_else(|| unexpected(connection))
}

fn parse(answer: &str) -> Option<Server> {
    // The last field contains names, which can contain any character.
    let fields: Vec<&str> = answer.splitn(9 + PINNED.len(), '|').collect();
    let [number, version, size, standby, encoding, session, reads, hidden, settings @ .., sequences] =
        fields.as_slice()
    else {
        return None;
    };
    if settings.len() != PINNED.len() {
        return None;
    }
    let differ = PINNED.into_iter().zip(settings).filter(|((_, wanted), found)| wanted != *found);
    let number: u32 = number.parse().ok()?;
    Some(Server {
        major: number / 10_000,
        version: (*version).to_owned(),
        database_bytes: size.parse().ok()?,
        is_standby: *standby == "t",
        encoding: (*encoding).to_owned(),
        session_encoding: (*session).to_owned(),
        to_pin: differ.map(|(setting, _)| setting).collect(),
        hidden_mappings: hidden.parse().ok()?,
        reads_mappings: *reads == "t",
        hidden_sequences: serde_json::from_str(sequences).ok()?,
    })
}

#[cfg(test)]
mod tests;
