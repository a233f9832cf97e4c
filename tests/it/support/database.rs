//! One test's database: its address, its rows, and how to compare them with a restored copy.
//! Looks in as superuser, so that nothing depends on the rights of the role under test. Never dropped one by one: the
//! cluster goes as a whole.

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Child, Stdio};
use std::time::Duration;

use super::postgres::Door;
use super::tools;

/// Every ordinary table outside the catalogue, with its rows counted and hashed, one SELECT per table.
const DIGEST_QUERIES: &str = r"
SELECT format('SELECT to_json(%L::text), count(*), coalesce(sum(hashtextextended(t::text, 0)::numeric), 0) FROM ONLY %I.%I t',
              n.nspname || '.' || c.relname, n.nspname, c.relname)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
ORDER BY n.nspname, c.relname \gexec
";

/// A database with the role that owns it.
#[derive(Debug, Clone)]
pub(crate) struct Database {
    /// The database's name, unique.
    pub(crate) name: String,
    /// The owner, named like the database.
    pub(crate) user: String,
    /// The owner's password as it is, not encoded.
    pub(crate) password: String,
    /// The server's TCP port on 127.0.0.1.
    pub(crate) port: u16,
    /// URL for tests that look into the database.
    pub(crate) superuser: Door,
}

impl Database {
    /// `postgresql://user:password@127.0.0.1:port/name`, with the password percent-encoded.
    pub(crate) fn url(&self) -> String {
        let password =
            percent_encoding::utf8_percent_encode(&self.password, percent_encoding::NON_ALPHANUMERIC);
        format!("postgresql://{}:{password}@127.0.0.1:{}/{}", self.user, self.port, self.name)
    }

    /// Runs SQL as superuser in this database; gives unaligned tuples; panics on an SQL error.
    pub(crate) fn psql(&self, sql: &str) -> String {
        self.superuser.run(&self.name, sql)
    }

    /// Runs SQL in this database as its owner, who owns what it makes.
    pub(crate) fn psql_as_owner(&self, sql: &str) -> String {
        self.psql(&format!("SET ROLE \"{}\"; {sql}", self.user))
    }

    /// Runs a script (psql's own commands allowed) as superuser in this database.
    pub(crate) fn script(&self, script: &str, variables: &[(&str, String)]) -> String {
        use std::io::Write as _;
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(script.as_bytes()).unwrap();
        let mut psql = self.superuser.psql(&self.name);
        for (name, value) in variables {
            psql.args(["-v", &format!("{name}={value}")]);
        }
        tools::succeed(psql.arg("-f").arg(file.path())).trim_end().to_owned()
    }

    /// Makes the diary of a clinical study: `sites`, `patients` and `diary_events`, the same rows for the same numbers.
    pub(crate) fn load_diary(&self, patients: u32, events: u32) {
        let variables = [
            ("owner", self.user.clone()),
            ("patients", patients.to_string()),
            ("events", events.to_string()),
        ];
        self.script(include_str!("diary.sql"), &variables);
    }

    /// Makes the table `noise` with this many mebibytes of text. gzip shrinks it by a quarter only, so the dump is large, too.
    pub(crate) fn load_noise(&self, mebibytes: u32) {
        // One block again and again: no compressor here looks back further than a block is long.
        self.psql_as_owner(&format!(
            "CREATE TABLE noise (block text); ALTER TABLE noise ALTER block SET STORAGE EXTERNAL; \
             INSERT INTO noise SELECT block FROM \
             (SELECT left(translate(encode(string_agg(sha512(i::text::bytea), ''), 'base64'), E'\n', ''), 1048575) AS block \
              FROM generate_series(1, 12500) i) AS one, generate_series(1, {mebibytes})"
        ));
    }

    /// A session of the superuser that has run `sql` in a transaction and keeps it open until the answer is dropped.
    pub(crate) fn hold(&self, sql: &str) -> Held {
        use std::io::{BufRead as _, BufReader, Write as _};
        let mut psql = self.superuser.psql(&self.name);
        let mut psql = psql.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        writeln!(psql.stdin.as_mut().unwrap(), "BEGIN; {sql}; SELECT 'held';").unwrap();
        let mut answer = String::new();
        BufReader::new(psql.stdout.as_mut().unwrap()).read_line(&mut answer).unwrap();
        assert_eq!(answer, "held\n", "{sql}");
        Held(psql)
    }

    /// Sessions of the product in this database at this moment.
    pub(crate) fn sessions(&self) -> usize {
        let sql = "SELECT count(*) FROM pg_stat_activity \
                   WHERE datname = current_database() AND application_name = 'sponsor-backup'";
        self.psql(sql).parse().unwrap()
    }

    /// Waits until pg_dump waits for a lock that another session holds.
    pub(crate) fn wait_until_a_dump_waits(&self) {
        let sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                   AND application_name = 'sponsor-backup' AND wait_event_type = 'Lock'";
        tools::wait_for("a dump that waits for a lock", Duration::from_secs(60), || {
            (self.psql(sql) == "1").then_some(())
        });
    }

    /// Rows by table, as `schema.table`.
    pub(crate) fn row_counts(&self) -> BTreeMap<String, i64> {
        let digest = self.content_digest();
        let fields = digest.lines().map(|line| line.rsplitn(3, '|').collect::<Vec<_>>());
        fields.map(|fields| (serde_json::from_str(fields[2]).unwrap(), fields[1].parse().unwrap())).collect()
    }

    /// What the database holds, one fact per line: definitions, settings, comments, sequences, large objects and the rows' sums,
    /// as the catalogue knows them; owners and grants on request. pg_dump has no part in it.
    pub(crate) fn portrait(&self, with_rights: bool) -> BTreeSet<String> {
        let rights = if with_rights { "1" } else { "0" };
        let text = self.script(include_str!("portrait.sql"), &[("rights", rights.to_owned())]);
        text.lines().map(str::to_owned).collect()
    }

    /// One line per table, `"schema.table"|rows|sum of row hashes`, the name as JSON: equal for equal rows in any order.
    pub(crate) fn content_digest(&self) -> String {
        self.script(DIGEST_QUERIES, &[])
    }
}

/// An open transaction; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Held(Child);

impl Drop for Held {
    fn drop(&mut self) {
        // That it has ended already is as good.
        let _killed = self.0.kill();
        let _reaped = self.0.wait();
    }
}
