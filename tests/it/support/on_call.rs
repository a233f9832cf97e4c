//! A person on call with a page and a terminal, and the set-up that the pages name: the sponsor callisto, its database `diary`, its
//! roles and its buckets. Blocks of the page run as they are written, except for [`OnCall::replaced`].

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::doppler::Doppler;
use super::newcomer::Newcomer;
use super::page;
use super::postgres::Cluster;
use super::s3::{REGION, Store};
use super::seconds::Seconds;
use super::terminal::{Terminal, Typed};
use super::tools;
use super::trial::{CORE_PROJECT, project_of, token_variable};

/// Of every role.
const PASSWORD: &str = "a-long-random-one";
const MANIFEST: &str = "sponsors:\n  - {name: callisto, code: CAL, enabled: true, region: eu-west-1}\n  \
    - {name: titan, code: TIT, enabled: true, region: eu-west-1}\n";
/// What the page says that an administrator did before.
const ROLES: [&str; 6] = [
    "CREATE ROLE diary_owner NOLOGIN",
    "CREATE ROLE diary_app LOGIN PASSWORD 'a-long-random-one' IN ROLE diary_owner",
    "CREATE ROLE sponsor_backup LOGIN PASSWORD 'a-long-random-one' IN ROLE pg_read_all_data",
    "ALTER ROLE sponsor_backup SET default_transaction_read_only = on",
    "ALTER ROLE postgres PASSWORD 'a-long-random-one'",
    "CREATE DATABASE diary OWNER diary_owner",
];

/// The rows of each table, as text.
pub(crate) type Diary = BTreeMap<&'static str, BTreeSet<String>>;

/// The part of a page that one test runs. A test that leaves some of it out fails.
#[derive(Debug)]
pub(crate) struct Play {
    /// The page's text.
    pub(crate) page: &'static str,
    /// Blocks by name.
    pub(crate) blocks: &'static [&'static str],
    /// Commands within sentences, and rows of a table by their first cell.
    pub(crate) inline: &'static [&'static str],
}

/// The person, and all that the commands reach.
#[derive(Debug)]
pub(crate) struct OnCall {
    pub(crate) doppler: Doppler,
    pub(crate) newcomer: Newcomer,
    /// `db.example.org`, until it is lost.
    server: Option<Cluster>,
    /// `new.example.org`.
    new_server: Option<Cluster>,
    terminal: Terminal,
    play: &'static Play,
    left: BTreeSet<&'static str>,
    times: Vec<(String, Duration)>,
    /// How long the last commands took.
    last: Duration,
    /// Day and name of the backup that the pages name.
    taken_then: String,
    seconds: Seconds,
}

/// As the pages write it.
const THEN: &str = "2026/11/20/backup-prod-20261120-120000";

impl OnCall {
    pub(crate) const BACKUPS: &'static str = "hht-diary-backups-callisto-eu-west-1";
    pub(crate) const LOGS: &'static str = "hht-diary-audit-logs-callisto-eu-west-1";

    /// With the sponsor's buckets on this server.
    pub(crate) fn at(store: &Store, play: &'static Play) -> Self {
        let server = Cluster::start(tools::distribution_bin_dir());
        for sql in ROLES {
            server.psql("postgres", sql);
        }
        server.psql("diary", include_str!("on_call.sql"));
        let doppler = Doppler::start();
        let newcomer = Newcomer::at(&doppler, store);
        let newcomer = with_callisto(newcomer, &doppler, store, server.port());
        let pgpass = newcomer.home().join(".pgpass");
        std::fs::write(&pgpass, format!("127.0.0.1:*:*:*:{PASSWORD}\n")).unwrap();
        std::fs::set_permissions(pgpass, std::fs::Permissions::from_mode(0o600)).unwrap();
        let terminal = newcomer.terminal();
        let left = play.blocks.iter().chain(play.inline).copied().collect();
        let (times, last, seconds) = (Vec::new(), Duration::ZERO, Seconds::default());
        let (server, new_server) = (Some(server), None);
        let taken_then = THEN.to_owned();
        Self { doppler, newcomer, server, new_server, terminal, play, left, times, last, taken_then, seconds }
    }

    /// What the page cannot know: addresses, a password in a URL, and the time of a backup.
    fn replaced(&self) -> [(&'static str, String); 6] {
        let port = |server: Option<&Cluster>| server.map_or(0, Cluster::port);
        let new = port(self.new_server.as_ref().or(self.server.as_ref()));
        [
            ("db.example.org:5432", format!("127.0.0.1:{}", port(self.server.as_ref()))),
            ("new.example.org:5432", format!("127.0.0.1:{new}")),
            ("PGHOST=new.example.org PGPORT=5432", format!("PGHOST=127.0.0.1 PGPORT={new}")),
            ("diary_restore:password@", format!("diary_restore:{PASSWORD}@")),
            (THEN, self.taken_then.clone()),
            ("20261120-120000", self.taken_then.rsplit("-prod-").next().unwrap_or_default().to_owned()),
        ]
    }

    /// The server that has the sponsor's database now.
    pub(crate) fn server(&self) -> &Cluster {
        self.new_server.as_ref().or(self.server.as_ref()).unwrap()
    }

    /// Runs a block that must not fail; gives what it printed.
    #[track_caller]
    pub(crate) fn run(&mut self, name: &'static str) -> String {
        self.run_failing(name, &[])
    }

    /// The same for a block of which these commands fail: status, and the beginning of the command.
    #[track_caller]
    pub(crate) fn run_failing(&mut self, name: &'static str, expected: &[(i32, &str)]) -> String {
        self.run_changed(name, expected, |text| text)
    }

    /// The same with a change that the page asks for in words.
    #[track_caller]
    pub(crate) fn run_changed(
        &mut self,
        name: &'static str,
        expected: &[(i32, &str)],
        change: impl FnOnce(String) -> String,
    ) -> String {
        let block = page::block(self.play.page, name);
        let text = match block.language.as_str() {
            // As an administrator.
            "sql" => format!(
                "psql -v ON_ERROR_STOP=1 postgresql://postgres@db.example.org:5432/postgres <<'SQL'\n{}SQL",
                block.text
            ),
            "sh" => block.text,
            other => panic!("{name} is {other}"),
        };
        self.played(name);
        let typed = self.type_in(&change(text));
        self.took(name);
        assert_failed(&typed, expected);
        typed.printed
    }

    /// Runs a command of a sentence, which may leave out the program, environment and sponsor.
    #[track_caller]
    pub(crate) fn run_inline(&mut self, command: &'static str, expected: &[(i32, &str)]) -> String {
        self.run_completed(command, &completed(command), expected)
    }

    /// The same for a command with something to fill in.
    #[track_caller]
    pub(crate) fn run_inline_changed(
        &mut self,
        command: &'static str,
        change: impl FnOnce(&str) -> String,
    ) -> String {
        let changed = change(command);
        assert_ne!(changed, command);
        self.run_completed(command, &changed, &[])
    }

    #[track_caller]
    fn run_completed(&mut self, command: &'static str, whole: &str, expected: &[(i32, &str)]) -> String {
        assert!(page::inline_commands(self.play.page).contains(&command), "the page has no {command}");
        self.played(command);
        let typed = self.type_in(whole);
        self.took(command);
        assert_failed(&typed, expected);
        typed.printed
    }

    /// Runs the command in the second cell of the row that begins so. SQL runs in this database, as an administrator.
    #[track_caller]
    pub(crate) fn run_row(
        &mut self,
        first: &'static str,
        database: &str,
        expected: &[(i32, &str)],
    ) -> String {
        let row = page::rows(self.play.page).into_iter().find(|[cell, ..]| *cell == first);
        let [_, cell, _] = row.unwrap_or_else(|| panic!("the page has no row {first}"));
        let command = cell.split('`').nth(1).unwrap();
        self.played(first);
        let typed = if command.starts_with("SELECT ") {
            self.type_in(&format!(
                "psql -X postgresql://postgres@db.example.org:5432/{database} -c '{command}'"
            ))
        } else {
            self.type_in(command)
        };
        self.took(first);
        assert_failed(&typed, expected);
        typed.printed
    }

    #[track_caller]
    fn played(&mut self, what: &'static str) {
        let is_of_play = self.play.blocks.contains(&what) || self.play.inline.contains(&what);
        assert!(is_of_play, "{what} is not in the play");
        self.left.remove(what);
    }

    fn took(&mut self, what: &str) {
        self.times.push((what.to_owned(), self.last));
    }

    /// Runs a block of another page, to which this one leads.
    #[track_caller]
    pub(crate) fn run_of(&mut self, page: &str, name: &str) -> String {
        let printed = self.also(&page::block(page, name).text);
        self.took(name);
        printed
    }

    /// Runs what is not on the page.
    #[track_caller]
    pub(crate) fn also(&mut self, script: &str) -> String {
        let typed = self.type_in(script);
        assert_failed(&typed, &[]);
        typed.printed
    }

    /// Runs what is not on the page, whatever becomes of it.
    pub(crate) fn type_in(&mut self, script: &str) -> Typed {
        let script = self.as_played(script);
        self.seconds.wait_for_the_next();
        let begun = Instant::now();
        let typed = self.terminal.run(&script);
        self.last = begun.elapsed();
        self.seconds.ended();
        typed
    }

    /// Types a line for the next command that asks.
    pub(crate) fn answer(&mut self, line: &str) {
        let line = self.as_played(line);
        self.terminal.type_line(&line.replace("PASSWORD", PASSWORD));
    }

    /// Saves a block as a file, as the page says.
    pub(crate) fn save(&mut self, name: &'static str, file: &str) {
        self.played(name);
        std::fs::write(self.newcomer.work().join(file), page::block(self.play.page, name).text).unwrap();
    }

    /// The server is gone for good, and a new one without roles and databases is there.
    pub(crate) fn lose_the_server(&mut self) {
        self.new_server = Some(Cluster::start(tools::distribution_bin_dir()));
        self.server().psql("postgres", ROLES[4]);
        self.server = None;
    }

    /// From now on these programs are not available.
    pub(crate) fn lose_programs(&self, names: &[&str]) {
        for name in names {
            self.newcomer.program(name, &format!("echo '{name} is not available' >&2; exit 1"));
        }
    }

    /// Takes a backup ten days before now, which is the one that the pages name.
    #[track_caller]
    pub(crate) fn back_up_then(&mut self, more: &str) {
        let library = tools::libfaketime();
        let printed = self.also(&format!(
            "LD_PRELOAD={} FAKETIME_DONT_FAKE_MONOTONIC=1 FAKETIME=-10d \
             sponsor-backup backup --environment production --sponsors callisto --pre-migration=false {more}",
            library.display()
        ));
        let (_, taken) = printed.split_once("/backups/").unwrap_or_else(|| panic!("{printed}"));
        self.taken_then = taken.split_once(".sql.gz").unwrap().0.to_owned();
    }

    /// A text of the page as it is in this play.
    pub(crate) fn as_played(&self, text: &str) -> String {
        self.replaced().iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
    }

    /// Another sponsor of the manifest, with a token of its own in the terminal.
    pub(crate) fn with_titan(&mut self, store: &Store) {
        let server = self.server();
        server.psql("postgres", "CREATE DATABASE titan");
        server.psql("titan", "CREATE TABLE moons AS SELECT i FROM generate_series(1, 9) i");
        let [backups, logs] = [Self::BACKUPS, Self::LOGS].map(|name| name.replace("callisto", "titan"));
        store.bucket(&backups);
        store.bucket(&logs);
        let mut secrets = self.doppler.secrets(&project_of("callisto"), "production");
        let url = format!("postgresql://postgres:{PASSWORD}@127.0.0.1:{}/titan", server.port());
        let own =
            [("DATABASE_URL", url), ("SPONSOR_BACKUPS_BUCKET", backups), ("SPONSOR_AUDIT_LOGS_BUCKET", logs)];
        secrets.extend(own.map(|(name, value)| (name.to_owned(), value)));
        let token = self.doppler.config(&project_of("titan"), "production", secrets);
        self.also(&format!("export {}={token}", token_variable("titan")));
    }

    /// Runs SQL as the application, over TCP; gives the error if there is one.
    pub(crate) fn app(&self, sql: &str) -> Result<String, String> {
        let url = format!("postgresql://diary_app@127.0.0.1:{}/diary", self.server().port());
        let mut psql = Command::new(self.server().bin_dir().join("psql"));
        psql.env("PGPASSWORD", PASSWORD).args([&url, "-XqAt", "-v", "ON_ERROR_STOP=1", "-c", sql]);
        let output = psql.output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().trim_end().to_owned();
        if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
    }

    /// A session of the application that lasts, as in a pool. Ends when an administrator ends it.
    pub(crate) fn session(&self) -> Child {
        let url = format!("postgresql://diary_app@127.0.0.1:{}/diary", self.server().port());
        let mut psql = Command::new(self.server().bin_dir().join("psql"));
        psql.env("PGPASSWORD", PASSWORD).args([&url, "-XqAt", "-c", "SELECT pg_sleep(3600)"]);
        let session = psql.stderr(Stdio::null()).spawn().unwrap();
        let asked =
            "SELECT count(*) FROM pg_stat_activity WHERE usename = 'diary_app' AND query LIKE '%pg_sleep%'";
        tools::wait_for("a session", Duration::from_secs(60), || {
            (self.server().psql("postgres", asked) == "1").then_some(())
        });
        session
    }

    /// Writes new visits, each with one entry, as the application.
    #[track_caller]
    pub(crate) fn write_visits(&self, count: u32) {
        self.app(&format!(
            "WITH new AS (INSERT INTO diary.visits (patient_id, visited_at, note) \
             SELECT 1 + i % 20, now(), 'new ' || i FROM generate_series(1, {count}) i RETURNING visit_id) \
             INSERT INTO diary.entries (visit_id, created_at, severity) SELECT visit_id, now(), 3 FROM new"
        ))
        .unwrap();
    }

    /// All rows of the live database.
    pub(crate) fn diary(&self) -> Diary {
        let rows = |table: &str| self.server().psql("diary", &format!("SELECT t::text FROM {table} t"));
        ["diary.patients", "diary.visits", "diary.entries"]
            .map(|table| (table, rows(table).lines().map(str::to_owned).collect()))
            .into()
    }

    /// The end: all of the play was run. Prints how long each part took.
    #[track_caller]
    pub(crate) fn end(self, what: &str) {
        assert!(self.left.is_empty(), "not run: {:?}", self.left);
        let total: Duration = self.times.iter().map(|(_, time)| *time).sum();
        println!("{what}: {:.1} s", total.as_secs_f32());
        for (name, time) in &self.times {
            println!("  {name}: {:.1} s", time.as_secs_f32());
        }
    }
}

fn completed(command: &str) -> String {
    let is_ours = command.starts_with("sponsor-backup ");
    let is_short = !is_ours && command.contains(" --") && !command.contains("age-keygen");
    match (is_ours || is_short, command.contains("--environment")) {
        (true, false) => {
            let words = command.strip_prefix("sponsor-backup ").unwrap_or(command);
            format!("sponsor-backup {words} --environment production --sponsors callisto")
        }
        _ => command.to_owned(),
    }
}

/// The text with single blanks: columns depend on what is in them.
pub(crate) fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn assert_failed(typed: &Typed, expected: &[(i32, &str)]) {
    let is_same = |((status, command), (of, begins)): (&(i32, String), &(i32, &str))| {
        status == of && command.starts_with(begins)
    };
    let are_same = typed.failed.len() == expected.len() && typed.failed.iter().zip(expected).all(is_same);
    assert!(are_same, "failed: {:?}, expected {expected:?}\n{}", typed.failed, typed.printed);
}

/// The sponsor's buckets and secrets, and the tokens in the person's environment.
fn with_callisto(newcomer: Newcomer, doppler: &Doppler, store: &Store, port: u16) -> Newcomer {
    for bucket in [OnCall::BACKUPS, OnCall::LOGS] {
        store.bucket(bucket);
    }
    let core = doppler.config(CORE_PROJECT, "production", [("SPONSOR_MANIFEST", MANIFEST)]);
    let secrets = [
        ("DATABASE_URL", format!("postgresql://sponsor_backup:{PASSWORD}@127.0.0.1:{port}/diary")),
        ("SPONSOR_BACKUPS_BUCKET", OnCall::BACKUPS.to_owned()),
        ("SPONSOR_AUDIT_LOGS_BUCKET", OnCall::LOGS.to_owned()),
        ("SPONSOR_AWS_REGION", REGION.to_owned()),
        ("ENABLE_S3_BACKUP_ARCHIVAL", "true".to_owned()),
        ("SPONSOR_AWS_ACCESS_KEY_ID", store.access_key().to_owned()),
        ("SPONSOR_AWS_SECRET_ACCESS_KEY", store.secret_key().to_owned()),
    ];
    let token = doppler.config(&project_of("callisto"), "production", secrets);
    newcomer.env("DOPPLER_TOKEN_CORE", core).env(&token_variable("callisto"), token)
}
