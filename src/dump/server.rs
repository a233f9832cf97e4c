//! What must be known of a server before a dump: its version and the database's size.

use super::client::Client;
use super::query::query;
use super::{Complaint, Connection, DumpError};

const QUERY: &str = "SELECT current_setting('server_version_num'), current_setting('server_version'), \
                     pg_database_size(current_database()), current_setting('bytea_output'), \
                     current_setting('quote_all_identifiers'), current_setting('standard_conforming_strings')";

/// Settings that change a dump's text, and what they must be for dumps of two databases to be compared. Time zone and form
/// of dates are set by us and by pg_dump.
const PINNED: [(&str, &str); 3] =
    [("bytea_output", "hex"), ("quote_all_identifiers", "off"), ("standard_conforming_strings", "on")];

/// What a server said of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Major version.
    pub major: u32,
    /// `15.18 (Debian 15.18-0+deb12u1)`.
    pub version: String,
    /// Bytes of the database on disk, indexes included.
    pub database_bytes: u64,
    /// Settings of the database or the role that must be others for a dump, as `name=value`.
    pub to_pin: Vec<String>,
}

/// Asks the server; any version of psql will do.
///
/// # Errors
/// It cannot be reached, refuses, or does not answer within a minute.
pub async fn ask(connection: &Connection, client: &Client) -> Result<Server, DumpError> {
    let answer = query(connection, client, QUERY).await?;
    parse(&answer).ok_or_else(|| DumpError::Unreachable {
        place: connection.place(),
        message: Complaint::ours("the server's answer is not understood"),
    })
}

fn parse(answer: &str) -> Option<Server> {
    let mut fields = answer.split('|');
    let (number, version, size) = (fields.next()?, fields.next()?, fields.next()?);
    let settings: Vec<&str> = fields.collect();
    if settings.len() != PINNED.len() {
        return None;
    }
    let differ = PINNED.iter().zip(settings).filter(|((_, wanted), found)| wanted != found);
    let number: u32 = number.parse().ok()?;
    Some(Server {
        major: number / 10_000,
        version: version.to_owned(),
        database_bytes: size.parse().ok()?,
        to_pin: differ.map(|((name, wanted), _)| format!("{name}={wanted}")).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_is_read() {
        let server = parse("150018|15.18 (Debian 15.18-0+deb12u1)|7853871|escape|off|on").unwrap();
        assert_eq!((server.major, server.database_bytes), (15, 7_853_871));
        assert_eq!(server.to_pin, ["bytea_output=hex"]);
        assert_eq!(parse("150018|15.18"), None);
        assert_eq!(parse(""), None);
    }
}
