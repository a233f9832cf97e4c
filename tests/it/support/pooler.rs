//! A real PgBouncer before a server.

use super::Database;
use super::guardian::Guarded;
use super::postgres::as_account;
use super::shared::Owner;
use super::tools;

/// Where Debian's package puts it.
const PROGRAM: &str = "/usr/sbin/pgbouncer";

/// A running pooler.
#[derive(Debug)]
pub(crate) struct Pooler {
    port: u16,
    _server: Guarded,
}

impl Pooler {
    /// A pooler that lends server processes for a `session` or a `transaction`, for the role of one database. `more` are
    /// further lines of its configuration.
    pub(crate) fn before(database: &Database, mode: &str, more: &str) -> Self {
        assert!(std::path::Path::new(PROGRAM).exists(), "{PROGRAM} is missing: {}", tools::REMEDY);
        let (folder, port) = (Owner::Process.open_folder("pooler"), tools::free_port());
        let users = folder.join("users");
        std::fs::write(&users, format!("\"{}\" \"{}\"\n", database.user, database.password)).unwrap();
        let settings = folder.join("settings");
        let text = format!(
            "[databases]\n* = host=127.0.0.1 port={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
             unix_socket_dir =\nauth_type = plain\nauth_file = {}\npool_mode = {mode}\n{more}\n",
            database.port,
            users.display()
        );
        std::fs::write(&settings, text).unwrap();
        let command = as_account(vec![PROGRAM.to_owned(), settings.display().to_string()]);
        let server = Guarded::start(folder, Owner::Process, "INT", &command, &[]);
        server.ready("PgBouncer", || server.log().contains("process up").then_some(()));
        Self { port, _server: server }
    }

    /// A database's address through the pooler.
    pub(crate) fn url(&self, database: &Database) -> String {
        database.url().replace(&format!(":{}/", database.port), &format!(":{}/", self.port))
    }
}
