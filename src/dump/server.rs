//! What must be known of a server before a dump: its version and the database's size.

use super::client::Client;
use super::query::query;
use super::{Connection, DumpError};

const QUERY: &str = "SELECT current_setting('server_version_num'), current_setting('server_version'), \
                     pg_database_size(current_database())";

/// What a server said of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Major version.
    pub major: u32,
    /// `15.18 (Debian 15.18-0+deb12u1)`.
    pub version: String,
    /// Bytes of the database on disk, indexes included.
    pub database_bytes: u64,
}

/// Asks the server; any version of psql will do.
///
/// # Errors
/// It cannot be reached, refuses, or does not answer within a minute.
pub async fn ask(connection: &Connection, client: &Client) -> Result<Server, DumpError> {
    let answer = query(connection, client, QUERY).await?;
    parse(&answer).ok_or_else(|| DumpError::Unreachable {
        place: connection.place(),
        message: format!("the server's answer is not understood: {answer}"),
    })
}

fn parse(answer: &str) -> Option<Server> {
    let [number, version, size] = answer.split('|').collect::<Vec<_>>().try_into().ok()?;
    let number: u32 = number.parse().ok()?;
    Some(Server { major: number / 10_000, version: version.to_owned(), database_bytes: size.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_is_read() {
        let server = parse("150018|15.18 (Debian 15.18-0+deb12u1)|7853871").unwrap();
        assert_eq!((server.major, server.database_bytes), (15, 7_853_871));
        assert_eq!(parse("150018|15.18"), None);
        assert_eq!(parse(""), None);
    }
}
