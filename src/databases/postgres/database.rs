//! What a dump does not contain of the database itself: encoding and locale, settings, and comment.

use serde::Deserialize;

use super::client::Client;
use super::query::{from_hex, query, unexpected};
use super::settings::{Setting, Settings};
use super::sql::decoded;
use super::{Connection, PostgresError, generated};

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
  'left_to_extensions', ({of_extensions}),
  'settings', (SELECT coalesce(json_agg(json_build_array(r.rolname, split_part(c, '=', 1), substr(c, strpos(c, '=') + 1))
                                        ORDER BY r.rolname NULLS FIRST, c), '[]')
     FROM pg_db_role_setting s LEFT JOIN pg_roles r ON r.oid = s.setrole, unnest(s.setconfig) c
     WHERE s.setdatabase = d.oid AND (s.setrole = 0 OR r.oid IS NOT NULL)))::text,
  CASE pg_encoding_to_char(d.encoding) WHEN 'SQL_ASCII' THEN 'SQL_ASCII' ELSE 'UTF8' END), 'hex')
  FROM (SELECT *, to_jsonb(x) AS facts FROM pg_database x) d WHERE d.datname = current_database()";

/// Tables of extensions that have rows and are not marked by their extension. pg_dump silently skips their rows.
const OF_EXTENSIONS: &str = "SELECT coalesce(json_agg(json_build_array(n.nspname || '.' || c.relname, e.extname)), '[]') \
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
  JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e' \
  JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND e.oid = d.refobjid \
  WHERE c.relkind = 'r' AND c.oid <> ALL (coalesce(e.extconfig, '{}')) \
  AND pg_relation_size(c.oid) > 0";

/// What no dump of a database contains.
#[derive(Debug, Clone)]
pub struct Database {
    /// Its encoding and locale.
    pub locale: Locale,
    /// Its settings and its comment.
    pub settings: Settings,
    /// Whether a table has stored generated columns.
    pub has_generated_values: bool,
    /// Tables whose rows the dump lacks, each with its extension.
    pub left_to_extensions: Vec<(String, String)>,
}

impl Database {
    /// Warnings about rows that the dump does not contain, because their tables belong to an extension.
    #[must_use]
    pub fn rows_left_out(&self) -> Vec<String> {
        let words = |(table, extension): &(String, String)| {
            format!(
                "rows of {table} are not in the backup: the table belongs to the extension {extension}, and pg_dump skips such rows"
            )
        };
        self.left_to_extensions.iter().map(words).collect()
    }
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
    left_to_extensions: Vec<(String, String)>,
    /// Role, name and value of each setting.
    settings: Vec<(Option<String>, String, String)>,
}

/// Asks a database about itself. Any psql version works.
///
/// # Errors
/// The server cannot be reached, refuses, or does not answer within a minute.
pub async fn ask(connection: &Connection, client: &Client) -> Result<Database, PostgresError> {
    let question =
        QUESTION.replace("{generated}", generated::TABLES).replace("{of_extensions}", OF_EXTENSIONS);
    let answer = query(connection, client, &question).await?;
    parse(&answer).ok_or_else(|| unexpected(connection))
}

fn parse(answer: &str) -> Option<Database> {
    let bytes = from_hex(answer)?;
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
        left_to_extensions: answer.left_to_extensions,
    })
}

/// A database's encoding and locale, as in its server's catalog (PostgreSQL documentation, `pg_database`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Locale {
    /// `UTF8`.
    pub encoding: String,
    /// `libc`, `icu` or `builtin`. `None` before PostgreSQL 15, which only has libc.
    pub provider: Option<Provider>,
    /// `LC_COLLATE`.
    pub collate: String,
    /// `LC_CTYPE`.
    pub ctype: String,
    /// The provider's own locale: `tr-TR`. libc has none.
    pub locale: Option<String>,
    /// Additional ICU rules.
    pub icu_rules: Option<String>,
    /// Version of the collation when the database was created.
    pub collation_version: Option<String>,
}

/// The library that sorts and changes case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    /// The C library.
    Libc,
    /// ICU.
    Icu,
    /// PostgreSQL itself, since release 17.
    Builtin,
}

impl Provider {
    /// The provider of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::Libc, Self::Icu, Self::Builtin].into_iter().find(|provider| provider.name() == name)
    }

    /// The keyword in `CREATE DATABASE`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Libc => "libc",
            Self::Icu => "icu",
            Self::Builtin => "builtin",
        }
    }
}

impl Locale {
    /// Options of `CREATE DATABASE` for a server of this major version, best first. A server may lack the C library's
    /// locale, which hardly matters with another provider.
    #[must_use]
    pub fn options(&self, major: u32) -> Vec<String> {
        let literal = |text: &str| format!("'{}'", text.replace('\'', "''"));
        let libc = format!(" LC_COLLATE {} LC_CTYPE {}", literal(&self.collate), literal(&self.ctype));
        let own = self.locale.as_deref().map(literal);
        let rules = self.icu_rules.as_deref().map(|rules| format!(" ICU_RULES {}", literal(rules)));
        let provider = match (self.provider, own) {
            (Some(Provider::Icu), Some(own)) => {
                format!(" LOCALE_PROVIDER icu ICU_LOCALE {own}{}", rules.unwrap_or_default())
            }
            (Some(Provider::Builtin), Some(own)) => format!(" LOCALE_PROVIDER builtin BUILTIN_LOCALE {own}"),
            // Otherwise a server that was set up with ICU would use ICU.
            _ if major >= 15 => " LOCALE_PROVIDER libc".to_owned(),
            _ => String::new(),
        };
        let best = format!("{provider}{libc}");
        match self.provider {
            Some(Provider::Icu | Provider::Builtin) => {
                vec![best, format!("{provider} LC_COLLATE 'C' LC_CTYPE 'C'")]
            }
            Some(Provider::Libc) | None => vec![best],
        }
    }

    /// What sorts rows and changes case, as text: `icu tr-TR`.
    #[must_use]
    pub fn words(&self) -> String {
        let provider = self.provider.unwrap_or(Provider::Libc).name();
        let own = self.locale.clone().unwrap_or_else(|| {
            if self.collate == self.ctype {
                self.collate.clone()
            } else {
                format!("{} (LC_CTYPE {})", self.collate, self.ctype)
            }
        });
        let rules = if self.icu_rules.is_some() { " with ICU rules" } else { "" };
        format!("{provider} {own}{rules}")
    }

    /// Whether both sort rows and change case in the same way. With ICU, only a few functions of PostgreSQL use the C
    /// library's locale.
    #[must_use]
    pub fn sorts_like(&self, other: &Self) -> bool {
        let provider = |locale: &Self| locale.provider.unwrap_or(Provider::Libc);
        let is_libc = provider(self) == Provider::Libc;
        let is_same_libc = same(&self.collate, &other.collate) && same(&self.ctype, &other.ctype);
        let own = |locale: &Self| locale.locale.clone().unwrap_or_default();
        provider(self) == provider(other)
            && same(&own(self), &own(other))
            && self.icu_rules == other.icu_rules
            && (!is_libc || is_same_libc)
    }
}

/// Whether two names mean the same locale, such as `en_US.utf8` and `en_US.UTF-8`, or ICU's `de_DE` and `de-DE`.
fn same(one: &str, other: &str) -> bool {
    let plain = |name: &str| {
        let letters = name.chars().filter(|letter| !matches!(letter, '-' | '_'));
        let name: String = letters.flat_map(char::to_lowercase).collect();
        // `POSIX` and `C` are the same locale.
        if name == "posix" { "c".to_owned() } else { name }
    };
    plain(one) == plain(other)
}

#[cfg(test)]
mod tests;
