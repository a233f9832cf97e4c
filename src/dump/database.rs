//! What a dump does not contain of the database itself: encoding and locale, settings, and comment.

use serde::Deserialize;

use super::client::Client;
use super::generated;
use super::locale::{Locale, Provider};
use super::query::query;
use super::scan::decoded;
use super::settings::{Setting, Settings};
use super::{Complaint, Connection, DumpError};

/// Columns that some versions lack are looked up by name. The answer is UTF-8 in any session. In a database without
/// an encoding, it is whatever was stored.
const QUESTION: &str = "SELECT encode(convert_to(json_build_object(
  'encoding', pg_encoding_to_char(d.encoding),
  'provider', CASE d.facts ->> 'datlocprovider' WHEN 'c' THEN 'libc' WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' END,
  'collate', d.datcollate,
  'ctype', d.datctype,
  'locale', coalesce(d.facts ->> 'datlocale', d.facts ->> 'daticulocale'),
  'icu_rules', d.facts ->> 'daticurules',
  'collation_version', d.facts ->> 'datcollversion',
  'comment', shobj_description(d.oid, 'pg_database'),
  'has_generated_values', EXISTS (SELECT {generated}),
  'settings', (SELECT coalesce(json_agg(json_build_array(r.rolname, split_part(c, '=', 1), substr(c, strpos(c, '=') + 1))
                                        ORDER BY r.rolname NULLS FIRST, c), '[]')
     FROM pg_db_role_setting s LEFT JOIN pg_roles r ON r.oid = s.setrole, unnest(s.setconfig) c
     WHERE s.setdatabase = d.oid AND (s.setrole = 0 OR r.oid IS NOT NULL)))::text,
  CASE pg_encoding_to_char(d.encoding) WHEN 'SQL_ASCII' THEN 'SQL_ASCII' ELSE 'UTF8' END), 'hex')
  FROM (SELECT *, to_jsonb(x) AS facts FROM pg_database x) d WHERE d.datname = current_database()";

/// What no dump of a database contains.
#[derive(Debug, Clone)]
pub struct Database {
    /// Its encoding and locale.
    pub locale: Locale,
    /// Its settings and its comment.
    pub settings: Settings,
    /// Whether a table has stored generated columns.
    pub has_generated_values: bool,
}

#[derive(Deserialize)]
struct Answer {
    encoding: String,
    provider: Option<Provider>,
    collate: String,
    ctype: String,
    locale: Option<String>,
    icu_rules: Option<String>,
    collation_version: Option<String>,
    comment: Option<String>,
    has_generated_values: bool,
    /// Role, name and value of each setting.
    settings: Vec<(Option<String>, String, String)>,
}

/// Asks a database about itself. Any psql version works.
///
/// # Errors
/// The server cannot be reached, refuses, or does not answer within a minute.
pub async fn ask(connection: &Connection, client: &Client) -> Result<Database, DumpError> {
    let question = QUESTION.replace("{generated}", generated::TABLES);
    let answer = query(connection, client, &question).await?;
    parse(&answer).ok_or_else(|| {
        let message = Complaint::ours("unexpected answer from the server");
        DumpError::Unreachable { place: connection.place(), message }
    })
}

fn parse(answer: &str) -> Option<Database> {
    let bytes = generated::bytes(answer)?;
    let answer: Answer = serde_json::from_str(&decoded(&bytes)).ok()?;
    let setting = |(role, name, value)| Setting::new(role, name, value);
    let settings = answer.settings.into_iter().map(setting).collect();
    Some(Database {
        locale: Locale {
            encoding: answer.encoding,
            provider: answer.provider,
            collate: answer.collate,
            ctype: answer.ctype,
            locale: answer.locale,
            icu_rules: answer.icu_rules,
            collation_version: answer.collation_version,
        },
        settings: Settings::new(settings, answer.comment),
        has_generated_values: answer.has_generated_values,
    })
}

#[cfg(test)]
mod tests;
