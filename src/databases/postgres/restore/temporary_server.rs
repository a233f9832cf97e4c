//! A temporary PostgreSQL server in a private folder. Only a socket in that folder leads to it. Under root, an
//! unprivileged account runs it. It is removed with its folder on every exit that leaves us a moment.
//!
//! Its data is not worth keeping, so nothing is synced to disk. The next run removes the folder of a killed one,
//! see `sandbox.rs`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, ChildStderr, Command};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::RestoreError;
use super::facts::setting_for;
pub use super::sandbox::DeadFolder;
use super::sandbox::{self, Account, Folder};
use super::target::{NewDatabase, create};
use crate::databases::postgres::Connection;
use crate::databases::postgres::client::Client;
use crate::databases::postgres::process::{self, Ended, Limits, Signal, kill_group};

/// Timeout for the server's start.
const START_TIMEOUT: Duration = Duration::from_secs(60);
/// Time to exit before the server is killed. Its data is not worth keeping.
const GRACE: Duration = Duration::from_secs(1);
/// Memory limit for what initdb prints.
const PRINTED: usize = 1 << 20;
const SUPERUSER: &str = "postgres";
/// Name of the server in messages.
pub const NICKNAME: &str = "the temporary server";

/// Enough locks per transaction for many thousand tables, even if the backup does not record their number, …
const LOCKS: u64 = 4096;
/// … shared by this many slots for sessions and the server's own processes.
const SLOTS: u64 = 20;

/// No network, no sync.
const SETTINGS: [&str; 13] = [
    "listen_addresses=",
    "port=5432",
    "unix_socket_permissions=0700",
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "autovacuum=off",
    "wal_level=minimal",
    "max_wal_senders=0",
    "max_wal_size=4GB",
    "max_connections=10",
    "logging_collector=off",
    "jit=off",
];

/// A running server. End it with [`TemporaryServer::stop`]. Dropping it does the same, but blocks the thread.
#[derive(Debug)]
pub struct TemporaryServer {
    server: Option<Child>,
    folder: Arc<Folder>,
    client: Client,
    /// Why the server might connect to other servers. `None` if it cannot.
    is_open: Option<String>,
    _log: AbortOnDropHandle<()>,
}

impl TemporaryServer {
    /// The programs of this major version, if its server is installed next to the clients.
    ///
    /// # Errors
    /// The server is not installed. The error lists the installed versions.
    pub fn programs(clients: &[Client], major: u32) -> Result<&Client, RestoreError> {
        let servers: Vec<&Client> = clients.iter().filter(|client| client.has_server()).collect();
        servers.iter().find(|client| client.major == major).copied().ok_or_else(|| {
            RestoreError::NotInstalled {
                what: "server",
                major,
                found: majors(servers.iter().map(|client| client.major)),
            }
        })
    }

    /// Creates a cluster in a folder below `scratch` and starts its server, with room for this many locks. Dropping
    /// the future ends both.
    ///
    /// # Errors
    /// The system or PostgreSQL refuses.
    pub async fn start(programs: &Client, scratch: &Path, locks: u64) -> Result<Self, RestoreError> {
        let account = Account::unprivileged();
        let folder = Folder::make(scratch, account.as_ref())
            .map_err(|error| failed("create", format!("{}: {error}", scratch.display())))?;
        initialize(programs, &folder, account.as_ref()).await?;
        let data = folder.path().join("data");
        let mut arguments: Vec<OsString> = vec!["-D".into(), data.into(), "-k".into(), folder.path().into()];
        let locks = setting_for(locks, SLOTS).max(LOCKS);
        arguments.extend(["-c".into(), format!("max_locks_per_transaction={locks}").into()]);
        arguments.extend(SETTINGS.iter().flat_map(|setting| ["-c".into(), (*setting).into()]));
        let mut command = command(programs, "postgres", &folder, account.as_ref());
        // A process group of its own: Ctrl-C on a terminal must not reach the server. We end it after our own work.
        command.args(arguments).stdout(Stdio::null()).stderr(Stdio::piped()).process_group(0);
        // A second line of defense: if no host is named, connections lead nowhere.
        command.env("PGHOST", "/nonexistent");
        let started = sandbox::spawn(command).map_err(|error| failed("start", error.to_string()))?;
        let (mut server, is_open) = started;
        let stderr = server.stderr.take();
        let mut this = Self {
            server: Some(server),
            folder: Arc::new(folder),
            client: programs.clone(),
            is_open,
            _log: drained(None),
        };
        match ready(stderr).await {
            Ok(log) => this._log = log,
            Err(reason) => return Err(failed("start", reason)),
        }
        Ok(this)
    }

    /// Why the server might connect to other servers. `None` if it cannot.
    #[must_use]
    pub fn is_open(&self) -> Option<&str> {
        self.is_open.as_deref()
    }

    /// Superuser connection to one of its databases.
    #[must_use]
    pub fn connection(&self, database: &str) -> Connection {
        Connection::at_socket(self.folder.path(), database, SUPERUSER, NICKNAME)
    }

    /// Superuser connection to the database that initdb creates.
    #[must_use]
    pub fn maintenance(&self) -> Connection {
        self.connection("postgres")
    }

    /// Creates a database.
    ///
    /// # Errors
    /// The server refuses.
    pub async fn make(
        &self,
        database: &str,
        form: &NewDatabase<'_>,
        stop: &CancellationToken,
    ) -> Result<(), RestoreError> {
        create((&self.maintenance(), database), NICKNAME, (form, self.client.major), &self.client, stop).await
    }

    /// Ends the server and removes its folder.
    ///
    /// # Errors
    /// The server or its folder is still there.
    pub async fn stop(mut self) -> Result<(), RestoreError> {
        if let Some(mut server) = self.server.take() {
            sandbox::quit(server.id());
            if tokio::time::timeout(GRACE, server.wait()).await.is_err() {
                kill_group(server.id());
                server.wait().await.map_err(|error| failed("remove", error.to_string()))?;
            }
        }
        // Removing a large database takes a while. If the caller does not wait, the next drill removes the rest.
        let folder = Arc::clone(&self.folder);
        let removed =
            tokio::task::spawn_blocking(move || folder.remove()).await.map_err(std::io::Error::other);
        removed.flatten().map_err(|error| failed("remove", error.to_string()))
    }
}

impl Drop for TemporaryServer {
    fn drop(&mut self) {
        let Some(mut server) = self.server.take() else { return };
        sandbox::quit(server.id());
        for _ in 0..GRACE.as_millis() / 10 {
            if !matches!(server.try_wait(), Ok(None)) {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        kill_group(server.id());
        // Dropping the folder removes it.
    }
}

async fn initialize(
    programs: &Client,
    folder: &Folder,
    account: Option<&Account>,
) -> Result<(), RestoreError> {
    let mut initdb = command(programs, "initdb", folder, account);
    initdb
        .arg("-D")
        .arg(folder.path().join("data"))
        .args(["-U", SUPERUSER, "--auth=trust", "--no-sync", "--lc-messages=C"])
        // C.UTF-8 classifies letters of every language. Sort order does not matter here.
        .args(["--encoding=UTF8", "--locale=C.UTF-8"]);
    // Anything initdb created is removed with the folder.
    let limits = Limits { time: START_TIMEOUT, bytes: PRINTED };
    let output = match process::output(initdb, Signal::KILL, limits, &CancellationToken::new()).await {
        Ok(Ended::Exited(output)) => output,
        Ok(Ended::Late) => {
            return Err(failed(
                "create",
                format!("initdb did not finish within {}s", START_TIMEOUT.as_secs()),
            ));
        }
        Ok(Ended::TooLong) => return Err(failed("create", "initdb printed more than 1 MiB".to_owned())),
        Err(error) => return Err(failed("create", error.to_string())),
    };
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let errors: Vec<&str> =
        said.lines().filter(|line| line.contains("error:") || line.contains("FATAL")).collect();
    Err(failed("create", if errors.is_empty() { said.trim().to_owned() } else { errors.join("; ") }))
}

fn command(programs: &Client, program: &str, folder: &Folder, account: Option<&Account>) -> Command {
    let mut command = Command::new(programs.program(program));
    command.env_clear().env("LC_ALL", "C").env("TZ", "UTC").env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    command.current_dir(folder.path()).stdin(Stdio::null()).kill_on_drop(true);
    if let Some(account) = account {
        // Changing the uid drops root's other groups.
        command.gid(account.group).uid(account.user);
    }
    command
}

/// Reads the server's log until it is ready. The rest is drained, so that the server never blocks on the pipe.
async fn ready(stderr: Option<ChildStderr>) -> Result<AbortOnDropHandle<()>, String> {
    let Some(stderr) = stderr else { return Err("it has no pipes".to_owned()) };
    let mut lines = BufReader::new(stderr).lines();
    let mut said = Vec::new();
    let listened = tokio::time::timeout(START_TIMEOUT, async {
        while let Ok(Some(line)) = lines.next_line().await {
            if line.contains("ready to accept connections") {
                return true;
            }
            said.push(line);
        }
        false
    });
    match listened.await {
        Ok(true) => Ok(drained(Some(lines))),
        Ok(false) => Err(said.join("; ")),
        Err(_) => Err(format!("not ready within {}s", START_TIMEOUT.as_secs())),
    }
}

fn drained(lines: Option<tokio::io::Lines<BufReader<ChildStderr>>>) -> AbortOnDropHandle<()> {
    AbortOnDropHandle::new(tokio::spawn(async move {
        if let Some(mut lines) = lines {
            while let Ok(Some(_)) = lines.next_line().await {}
        }
    }))
}

pub(super) fn majors(majors: impl Iterator<Item = u32>) -> String {
    let majors: Vec<String> = majors.map(|major| major.to_string()).collect();
    if majors.is_empty() { "none".to_owned() } else { majors.join(", ") }
}

/// Callers may strip the owner from the folder's name, because messages go into reports.
fn failed(what: &'static str, reason: String) -> RestoreError {
    RestoreError::TemporaryServer { what, reason }
}

/// Whether a path is short enough for a socket.
#[must_use]
pub fn fits_a_socket(scratch: &Path) -> bool {
    // A socket's path has at most 107 bytes (unix(7)). Ours adds a folder of 34 and a name of 14.
    scratch.as_os_str().len() <= 107 - 50
}

/// The folder for temporary servers: the wanted one if its path is short enough and the server's account can enter
/// it. Self-hosted runners may mount a folder that only its owner can enter.
#[must_use]
pub fn scratch(wanted: &Path) -> PathBuf {
    let open = Account::unprivileged().is_none_or(|account| account.enters(wanted));
    if open && fits_a_socket(wanted) { wanted.to_owned() } else { PathBuf::from("/tmp") }
}

/// The folders that killed runs left below `scratch`. Each is locked while it is not dropped.
#[must_use]
pub fn dead(scratch: &Path) -> Vec<DeadFolder> {
    sandbox::dead(scratch, Account::unprivileged().as_ref())
}
