//! Servers that a whole run of nextest shares. nextest starts each test in its own process: the first one that needs a server
//! starts it for all of them, and it stops when the runner ends, however that happens. Under `cargo test` there is one process,
//! and a static is enough. Does not know what the servers are.

use std::fs::{File, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::{guardian, tools};

/// Whose end a server's end is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Owner {
    /// This process.
    Process,
    /// The runner that started this process and all other tests.
    Run(&'static Run),
}

impl Owner {
    /// A fresh folder that every user may enter, gone with the owner at the latest.
    pub(super) fn open_folder(self, purpose: &str) -> PathBuf {
        match self {
            Self::Process => tools::open_folder(purpose).keep(),
            Self::Run(run) => run.open_folder(purpose),
        }
    }
}

/// A run of nextest.
#[derive(Debug)]
pub(super) struct Run {
    runner: u32,
    folder: PathBuf,
}

/// The run that this process belongs to. Its child processes do not belong to it: they share nothing.
fn run() -> Option<&'static Run> {
    static RUN: OnceLock<Option<Run>> = OnceLock::new();
    let find = || {
        let id = std::env::var("NEXTEST_RUN_ID").ok()?;
        let runner = std::os::unix::process::parent_id();
        let name = std::fs::read_to_string(format!("/proc/{runner}/comm")).ok()?;
        (name.trim() == "cargo-nextest").then(|| Run::enter(runner, &id))
    };
    RUN.get_or_init(find).as_ref()
}

impl Run {
    fn enter(runner: u32, id: &str) -> Self {
        let folder = tools::base().join(format!("sponsor-backup-servers-{id}"));
        // The process that creates it also arranges its end.
        match std::fs::create_dir(&folder) {
            Ok(()) => guardian::doom_after(runner, &folder),
            Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::AlreadyExists, "{error}"),
        }
        open_to_all(&folder);
        Self { runner, folder }
    }

    /// The process whose end is the run's end.
    pub(super) fn runner(&self) -> u32 {
        self.runner
    }

    fn open_folder(&self, purpose: &str) -> PathBuf {
        let name = format!("{purpose}-");
        let folder = tempfile::Builder::new().prefix(&name).tempdir_in(&self.folder).unwrap().keep();
        open_to_all(&folder);
        folder
    }

    /// What `start` answered in the first process that asked for `name`. Others wait for it. If that process dies before
    /// it has an answer, the next one starts the server again.
    fn once(&self, name: &str, start: impl FnOnce() -> String) -> String {
        let (answer, draft) = (self.folder.join(name), self.folder.join(format!("{name}.draft")));
        let lock = File::create(self.folder.join(format!("{name}.lock"))).unwrap();
        lock.lock().unwrap();
        if let Ok(answer) = std::fs::read_to_string(&answer) {
            return answer;
        }
        let text = start();
        std::fs::write(&draft, &text).unwrap();
        std::fs::rename(&draft, &answer).unwrap();
        text
    }
}

/// PostgreSQL's server runs as another user if root runs the tests.
fn open_to_all(folder: &Path) {
    std::fs::set_permissions(folder, Permissions::from_mode(0o755)).unwrap();
}

/// The server called `name`. If this process belongs to no run, `start` starts it for this process alone, else once for the
/// whole run, and `found` makes a handle of its `address`: its folder, and what else a process must know to use it.
pub(super) fn server<T>(
    name: &str,
    start: impl Fn(Owner) -> T,
    address: impl Fn(&T) -> (PathBuf, String),
    found: impl Fn(PathBuf, String) -> T,
) -> T {
    let Some(run) = run() else { return start(Owner::Process) };
    let answer = run.once(name, || {
        let (folder, rest) = address(&start(Owner::Run(run)));
        format!("{}\n{rest}", folder.display())
    });
    let (folder, rest) = answer.split_once('\n').unwrap();
    found(folder.into(), rest.to_owned())
}
