//! A PostgreSQL server of our own: in a private folder, reachable through a socket in it and in no other way, run by an
//! account without rights where we are root, and gone with its folder on every way out that leaves us a moment.
//!
//! Nothing in it is worth keeping, so nothing is written down durably. A folder that a killed run left is removed by the
//! next one; see `leftovers`.

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
use super::isolation;
use super::leftovers::{self, Account, Folder};
use super::locks::setting_for;
use super::target::{Form, create};
use crate::dump::Connection;
use crate::dump::client::Client;
use crate::dump::ending::{self, Signal, kill_group};

/// How long a server may take to come up.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long it may take to leave, before it is killed: nothing in it is worth keeping.
const GRACE: Duration = Duration::from_secs(1);
const SUPERUSER: &str = "postgres";
/// What messages call it.
pub const NICKNAME: &str = "the temporary server";

/// One transaction may hold locks on many thousand tables even if it is not known how many there are, …
const LOCKS: u64 = 4096;
/// … shared by so many slots for sessions and the server's own processes.
const SLOTS: u64 = 20;

/// Nothing listens on the network, nothing is synced.
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

/// A running server. Stop it with [`Throwaway::stop`]; dropping it does the same, but waits with the whole thread.
#[derive(Debug)]
pub struct Throwaway {
    server: Option<Child>,
    folder: Arc<Folder>,
    client: Client,
    /// Why it could connect to other servers; `None` where it cannot.
    is_open: Option<String>,
    _log: AbortOnDropHandle<()>,
}

impl Throwaway {
    /// The programs that can start one of this major version, if they are installed beside the clients.
    ///
    /// # Errors
    /// They are not; names what is there.
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

    /// Makes a cluster in a folder below `scratch` and starts its server, with room for a restore that takes so many locks.
    /// Dropping the future ends what was begun.
    ///
    /// # Errors
    /// The system or PostgreSQL refuses.
    pub async fn start(programs: &Client, scratch: &Path, locks: u64) -> Result<Self, RestoreError> {
        let account = Account::unprivileged();
        let folder = Folder::make(scratch, account.as_ref())
            .map_err(|error| failed("create", format!("{}: {error}", scratch.display())))?;
        initialise(programs, &folder, account.as_ref()).await?;
        let data = folder.path().join("data");
        let mut arguments: Vec<OsString> = vec!["-D".into(), data.into(), "-k".into(), folder.path().into()];
        let locks = setting_for(locks, SLOTS).max(LOCKS);
        arguments.extend(["-c".into(), format!("max_locks_per_transaction={locks}").into()]);
        arguments.extend(SETTINGS.iter().flat_map(|setting| ["-c".into(), (*setting).into()]));
        let mut command = command(programs, "postgres", &folder, account.as_ref());
        // A group of its own: a Ctrl-C on the terminal is for us, and we end the server when we have ended with it.
        command.args(arguments).stdout(Stdio::null()).stderr(Stdio::piped()).process_group(0);
        // What is not cut off goes nowhere, where no host is named.
        command.env("PGHOST", "/nonexistent");
        let started = isolation::spawn(command).map_err(|error| failed("start", error.to_string()))?;
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

    /// Why it could connect to other servers, where it is not known that it cannot.
    #[must_use]
    pub fn is_open(&self) -> Option<&str> {
        self.is_open.as_deref()
    }

    /// How to reach one of its databases, as superuser.
    #[must_use]
    pub fn connection(&self, database: &str) -> Connection {
        Connection::at_socket(self.folder.path(), database, SUPERUSER, NICKNAME)
    }

    /// How to reach the database that is there from the start.
    #[must_use]
    pub fn maintenance(&self) -> Connection {
        self.connection("postgres")
    }

    /// Makes one of its databases.
    ///
    /// # Errors
    /// The server refuses.
    pub async fn make(
        &self,
        database: &str,
        form: &Form<'_>,
        stop: &CancellationToken,
    ) -> Result<(), RestoreError> {
        create((&self.maintenance(), database), NICKNAME, (form, self.client.major), &self.client, stop).await
    }

    /// Ends the server and removes its folder.
    ///
    /// # Errors
    /// Something of it is still there.
    pub async fn stop(mut self) -> Result<(), RestoreError> {
        if let Some(mut server) = self.server.take() {
            leftovers::quit(server.id());
            if tokio::time::timeout(GRACE, server.wait()).await.is_err() {
                kill_group(server.id());
                server.wait().await.map_err(|error| failed("remove", error.to_string()))?;
            }
        }
        // That of a large database takes a while. Should nobody wait so long, the next drill finds what is left of it.
        let folder = Arc::clone(&self.folder);
        let removed =
            tokio::task::spawn_blocking(move || folder.remove()).await.map_err(std::io::Error::other);
        removed.flatten().map_err(|error| failed("remove", error.to_string()))
    }
}

impl Drop for Throwaway {
    fn drop(&mut self) {
        let Some(mut server) = self.server.take() else { return };
        leftovers::quit(server.id());
        for _ in 0..GRACE.as_millis() / 10 {
            if !matches!(server.try_wait(), Ok(None)) {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        kill_group(server.id());
        // The folder goes with its owner.
    }
}

async fn initialise(
    programs: &Client,
    folder: &Folder,
    account: Option<&Account>,
) -> Result<(), RestoreError> {
    let mut initdb = command(programs, "initdb", folder, account);
    initdb
        .arg("-D")
        .arg(folder.path().join("data"))
        .args(["-U", SUPERUSER, "--auth=trust", "--no-sync", "--lc-messages=C"])
        // Letters are letters in every language, as the backup's own database has it; order does not matter here.
        .args(["--encoding=UTF8", "--locale=C.UTF-8"]);
    // What it was about to make goes with its folder.
    let output = ending::output(initdb, Signal::KILL, PATIENCE, &CancellationToken::new()).await;
    let output = output.map_err(|error| failed("create", error.to_string()))?;
    let late = || failed("create", format!("initdb did not finish within {}s", PATIENCE.as_secs()));
    let output = output.ok_or_else(late)?;
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
        // Root's other groups go with its id.
        command.gid(account.group).uid(account.user);
    }
    command
}

/// Reads what the server says until it is ready; what it says later is drained, so that it never waits for a reader.
async fn ready(stderr: Option<ChildStderr>) -> Result<AbortOnDropHandle<()>, String> {
    let Some(stderr) = stderr else { return Err("it has no pipes".to_owned()) };
    let mut lines = BufReader::new(stderr).lines();
    let mut said = Vec::new();
    let listened = tokio::time::timeout(PATIENCE, async {
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
        Err(_) => Err(format!("not ready within {}s", PATIENCE.as_secs())),
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

/// The folder's owner may be removed from its name: messages travel into reports.
fn failed(what: &'static str, reason: String) -> RestoreError {
    RestoreError::Throwaway { what, reason }
}

/// Where throwaway servers are made; `None` where the path is too long for a socket.
#[must_use]
pub fn fits_a_socket(scratch: &Path) -> bool {
    // 107 bytes are the longest path of a socket (unix(7)); ours adds a folder of 34 and a name of 14.
    scratch.as_os_str().len() <= 107 - 50
}

/// The place for folders: the wanted one, where its path is short enough and the server's account may enter it. What a runner
/// of one's own mounts may be closed to everybody but its owner.
#[must_use]
pub fn scratch(wanted: &Path) -> PathBuf {
    let open = Account::unprivileged().is_none_or(|account| account.enters(wanted));
    if open && fits_a_socket(wanted) { wanted.to_owned() } else { PathBuf::from("/tmp") }
}
