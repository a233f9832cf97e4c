//! PostgreSQL clusters of the tests' own: made with initdb, on a port of their own, thrown away with the test process.
//! One cluster per major serves all tests; each test takes a database of its own. Durability is off.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, OnceLock};

use super::database::Database;
use super::guardian::Guarded;
use super::shared::{self, Owner};
use super::tools;

/// The account that runs servers when the tests run as root; `script/setup` installs it with the distribution's package.
const ACCOUNT: &str = "postgres";
const SUPERUSER: &str = "postgres";
/// The server's own certificate, in its folder.
const CERTIFICATE: &str = "server.crt";

/// How values look to tests, whatever the database sets for its sessions.
const SESSION: &str = "-c timezone=UTC -c client_min_messages=warning -c datestyle=ISO -c intervalstyle=postgres \
                       -c bytea_output=hex -c extra_float_digits=1";

/// A running server.
#[derive(Debug)]
pub(crate) struct Cluster {
    door: Door,
    certificate: Option<PathBuf>,
    server: Guarded,
}

impl Cluster {
    /// The server of the distribution's newest major, with TLS; started at the first call.
    pub(crate) fn shared() -> &'static Self {
        static SHARED: OnceLock<Cluster> = OnceLock::new();
        SHARED.get_or_init(|| Self::of_all_tests("postgres", tools::distribution_bin_dir()))
    }

    /// A server of PostgreSQL 16 or 18, without TLS (the wheel was built so); started at the first call.
    pub(crate) fn of_major(major: u32) -> &'static Self {
        static STARTED: Mutex<BTreeMap<u32, &'static Cluster>> = Mutex::new(BTreeMap::new());
        let mut started = STARTED.lock().unwrap();
        let start = || Self::of_all_tests(&format!("postgres-{major}"), tools::wheel_bin_dir(major));
        started.entry(major).or_insert_with(|| Box::leak(Box::new(start())))
    }

    fn of_all_tests(name: &str, bin_dir: PathBuf) -> Self {
        let start = |owner| Self::made(&bin_dir, owner, &initialize, &[]);
        let address = |cluster: &Self| (cluster.folder().to_owned(), cluster.port().to_string());
        let found = |folder: PathBuf, port: String| {
            let certificate = Some(folder.join(CERTIFICATE)).filter(|path| path.exists());
            let door = Door {
                bin_dir: bin_dir.clone(),
                socket_folder: folder.join("data"),
                port: port.parse().unwrap(),
            };
            Self { door, certificate, server: Guarded::found(folder) }
        };
        shared::server(name, start, address, found)
    }

    /// A server of the test's own, stopped when dropped: for tests that stop it, fill it or change its settings.
    pub(crate) fn start(bin_dir: PathBuf) -> Self {
        Self::start_with(bin_dir, &[])
    }

    /// The same with settings of the test's own, as `name=value`.
    pub(crate) fn start_with(bin_dir: PathBuf, own: &[&str]) -> Self {
        Self::made(&bin_dir, Owner::Process, &initialize, own)
    }

    /// A standby of this server, which replays what this one writes.
    pub(crate) fn standby(&self) -> Self {
        let copy = |bin_dir: &Path, folder: &Path| {
            let data = folder.join("data");
            let (program, port) = (bin_dir.join("pg_basebackup").display().to_string(), self.door.port);
            let (target, host) = (data.display().to_string(), self.door.socket_folder.display().to_string());
            if tools::is_root() {
                tools::run("chown", [format!("{ACCOUNT}:"), folder.display().to_string()]);
            }
            let port = port.to_string();
            let arguments = [
                "-D", &target, "-h", &host, "-p", &port, "-U", SUPERUSER, "-R", "-X", "stream", "-c", "fast",
            ];
            let command = as_account(std::iter::once(program).chain(arguments.map(str::to_owned)).collect());
            tools::succeed(Command::new(&command[0]).args(&command[1..]).current_dir("/"));
            data
        };
        Self::made(&self.door.bin_dir, Owner::Process, &copy, &[])
    }

    fn made(bin_dir: &Path, owner: Owner, make: &dyn Fn(&Path, &Path) -> PathBuf, own: &[&str]) -> Self {
        for _ in 0..5 {
            let cluster = Self::launched(bin_dir.to_owned(), owner, make, own);
            if !cluster.is_port_taken() {
                return cluster;
            }
        }
        panic!("five ports in a row were taken by others before PostgreSQL had them");
    }

    fn launched(
        bin_dir: PathBuf,
        owner: Owner,
        make: &dyn Fn(&Path, &Path) -> PathBuf,
        own: &[&str],
    ) -> Self {
        let folder = owner.open_folder("postgres");
        let data = make(&bin_dir, &folder);
        let certificate = supports_tls(&bin_dir).then(|| make_certificate(&folder, &data));
        let port = tools::free_port();
        let program = bin_dir.join("postgres").display().to_string();
        let mut command = as_account(vec![program, "-D".into(), data.display().to_string()]);
        command.extend(settings(port, &folder, certificate.is_some()));
        command.extend(own.iter().flat_map(|setting| ["-c".to_owned(), (*setting).to_owned()]));
        // QUIT is the immediate shutdown: nothing here outlives the test, so nothing needs writing down.
        let server = Guarded::start(folder, owner, "QUIT", &command, &[]);
        Self { door: Door { bin_dir, socket_folder: data, port }, certificate, server }
    }

    /// Waits until it is ready, or knows that another has its port.
    fn is_port_taken(&self) -> bool {
        self.server.ready("PostgreSQL", || {
            let log = self.server.log();
            let ready = log.contains("ready to accept").then_some(false);
            ready.or_else(|| log.contains("could not create any TCP/IP sockets").then_some(true))
        })
    }

    /// A fresh database, its name beginning with `prefix`, owned by a fresh role with a password.
    pub(crate) fn database(&self, prefix: &str) -> Database {
        self.database_with_password(prefix, &format!("pw-{}", uuid::Uuid::new_v4().simple()))
    }

    /// The same with a given password: for special characters.
    pub(crate) fn database_with_password(&self, prefix: &str, password: &str) -> Database {
        self.door.database(prefix, password)
    }

    /// The superuser's way in, which does not keep the server alive.
    pub(super) fn door(&self) -> Door {
        self.door.clone()
    }

    /// This major's programs: psql, pg_dump and the rest.
    pub(crate) fn bin_dir(&self) -> &Path {
        &self.door.bin_dir
    }

    /// The TCP port on 127.0.0.1.
    pub(crate) fn port(&self) -> u16 {
        self.door.port
    }

    /// The self-signed certificate for `127.0.0.1` and `localhost`, where this server speaks TLS.
    pub(crate) fn certificate(&self) -> Option<&Path> {
        self.certificate.as_deref()
    }

    /// The server's folder, gone with it.
    pub(crate) fn folder(&self) -> &Path {
        self.server.folder()
    }

    /// The server's log; each line names user, database and application.
    pub(crate) fn log(&self) -> String {
        self.server.log()
    }

    /// Runs SQL as superuser through the socket; gives unaligned tuples; panics on an SQL error.
    pub(crate) fn psql(&self, database: &str, sql: &str) -> String {
        self.door.run(database, sql)
    }
}

/// The superuser's way in: the socket, where no password is asked.
#[derive(Debug, Clone)]
pub(crate) struct Door {
    bin_dir: PathBuf,
    socket_folder: PathBuf,
    port: u16,
}

impl Door {
    /// A fresh database with its owner.
    pub(super) fn database(&self, prefix: &str, password: &str) -> Database {
        let name = format!("{}_{}", prefix.replace('-', "_"), tools::unique());
        let quoted = password.replace('\'', "''");
        self.run("postgres", &format!("CREATE ROLE \"{name}\" LOGIN PASSWORD '{quoted}'"));
        self.run("postgres", &format!("CREATE DATABASE \"{name}\" OWNER \"{name}\""));
        Database {
            user: name.clone(),
            name,
            password: password.to_owned(),
            port: self.port,
            superuser: self.clone(),
        }
    }

    /// Runs SQL; gives unaligned tuples.
    pub(super) fn run(&self, database: &str, sql: &str) -> String {
        tools::succeed(self.psql(database).args(["-c", sql])).trim_end().to_owned()
    }

    /// psql as superuser on a database, still to be given its `-c` or `-f`.
    pub(crate) fn psql(&self, database: &str) -> Command {
        let mut command = self.client("psql");
        command.env("PGOPTIONS", SESSION).args(["-d", database, "-XqAt", "-v", "ON_ERROR_STOP=1"]);
        command
    }

    /// Another client program of this major as superuser, still to be given its database.
    pub(super) fn client(&self, program: &str) -> Command {
        let mut command = Command::new(self.bin_dir.join(program));
        command.env_clear().arg("-h").arg(&self.socket_folder);
        command.args(["-p", &self.port.to_string(), "-U", SUPERUSER]);
        command
    }

    /// Whether the server is the distribution's, which has extensions, libxml and ICU.
    pub(super) fn is_distribution(&self) -> bool {
        self.bin_dir == tools::distribution_bin_dir()
    }
}

/// Prefixes a command with the change of account where root runs the tests.
pub(super) fn as_account(command: Vec<String>) -> Vec<String> {
    if !tools::is_root() {
        return command;
    }
    let drop_privileges = ["setpriv", "--reuid", ACCOUNT, "--regid", ACCOUNT, "--init-groups", "--"];
    drop_privileges.into_iter().map(str::to_owned).chain(command).collect()
}

fn initialize(bin_dir: &Path, folder: &Path) -> PathBuf {
    let data = folder.join("data");
    std::fs::create_dir(&data).unwrap();
    if tools::is_root() {
        assert!(
            tools::run("getent", ["passwd", ACCOUNT]).contains(ACCOUNT),
            "no account {ACCOUNT}: {}",
            tools::REMEDY
        );
        tools::run("chown", [format!("{ACCOUNT}:"), data.display().to_string()]);
    }
    let initdb = bin_dir.join("initdb").display().to_string();
    let data_text = data.display().to_string();
    // Through the socket only we come, as superuser; over TCP everybody needs a password, as in production.
    let arguments = [
        "-D",
        &data_text,
        "-U",
        SUPERUSER,
        "--auth-local=trust",
        "--auth-host=scram-sha-256",
        "--encoding=UTF8",
        "--locale=C",
        "--no-sync",
    ];
    let command = as_account(std::iter::once(initdb).chain(arguments.map(str::to_owned)).collect());
    tools::succeed(
        Command::new(&command[0])
            .args(&command[1..])
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .current_dir("/"),
    );
    data
}

fn supports_tls(bin_dir: &Path) -> bool {
    // A server that was built without TLS knows the setting all the same, but has no ciphers.
    let parameters = tools::run(bin_dir.join("postgres"), ["--describe-config"]);
    parameters.lines().any(|line| line.starts_with("ssl_ciphers\t") && !line.contains("none"))
}

fn make_certificate(folder: &Path, data: &Path) -> PathBuf {
    let certificate = folder.join(CERTIFICATE);
    let key = data.join("server.key");
    let mut openssl = Command::new("openssl");
    openssl.args([
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "30",
    ]);
    openssl
        .args(["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout"])
        .arg(&key);
    tools::succeed(openssl.arg("-out").arg(&certificate));
    tools::run("chmod", ["600".to_owned(), key.display().to_string()]);
    if tools::is_root() {
        tools::run("chown", [format!("{ACCOUNT}:"), key.display().to_string()]);
    }
    certificate
}

fn settings(port: u16, folder: &Path, tls: bool) -> Vec<String> {
    let socket_folder = folder.join("data");
    let mut settings = vec![
        format!("port={port}"),
        "listen_addresses=127.0.0.1".to_owned(),
        format!("unix_socket_directories={}", socket_folder.display()),
        "fsync=off".to_owned(),
        "synchronous_commit=off".to_owned(),
        "full_page_writes=off".to_owned(),
        "max_connections=300".to_owned(),
        "max_wal_size=2GB".to_owned(),
        "log_connections=on".to_owned(),
        "log_line_prefix=%m [%p] %q%u@%d/%a ".to_owned(),
    ];
    if tls {
        settings.push("ssl=on".to_owned());
        settings.push(format!("ssl_cert_file={}", folder.join(CERTIFICATE).display()));
        settings.push(format!("ssl_key_file={}", socket_folder.join("server.key").display()));
    }
    settings.into_iter().flat_map(|setting| ["-c".to_owned(), setting]).collect()
}
