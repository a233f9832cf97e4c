//! Servers and folders that vanish with the test process, or with the run of all tests, in whatever way it ends.
//! Statics are never dropped and SIGKILL runs no destructor, so each server is the child of a small shell that reads a
//! pipe from us: when the kernel closes our end, the shell stops the server and removes its folder. The shell of a server that
//! outlives this process looks for the runner instead.
//! One more such shell gets the name of every folder and removes what is left of them. Knows nothing of what the server is.

use std::ffi::OsStr;
use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use super::shared::Owner;

/// `$1` is the signal that stops the server, `$2` its folder, `$3` the process whose end it waits for (empty: ours), the rest its
/// command line. The shell waits before it removes the folder, so that nothing is written there again.
const SCRIPT: &str = r#"
signal=$1 folder=$2 owner=$3
shift 3
"$@" >"$folder/log" 2>&1 &
server=$!
if [ -n "$owner" ]; then
  while kill -0 "$owner" 2>/dev/null; do sleep 0.5; done
else
  cat >/dev/null
fi
kill -s "$signal" "$server" 2>/dev/null
wait "$server" 2>/dev/null
rm -rf "$folder"
"#;

/// Reads folders' names until our end of the pipe is closed. A server that is just being stopped, or made, may still
/// write into its folder: hence more than one try.
const SWEEPER: &str = r#"
while IFS= read -r folder; do set -- "$@" "$folder"; done
tries=0
until rm -rf -- "$@" 2>/dev/null || [ "$tries" -ge 100 ]; do tries=$((tries + 1)); sleep 0.2; done
sleep 2
rm -rf -- "$@"
"#;

/// Removes a folder when the process `$1` has ended. Its servers may still be stopping.
const SWEEPER_OF_RUN: &str = r#"
while kill -0 "$1" 2>/dev/null; do sleep 0.5; done
tries=0
until rm -rf -- "$2" 2>/dev/null || [ "$tries" -ge 100 ]; do tries=$((tries + 1)); sleep 0.2; done
sleep 2
rm -rf -- "$2"
"#;

/// Has a folder removed once another process has ended.
pub(super) fn doom_after(process: u32, folder: &Path) {
    let process = process.to_string();
    // Not waited for: it outlives us.
    drop(shell(SWEEPER_OF_RUN, &["sweeper".as_ref(), process.as_ref(), folder.as_os_str()], &[]));
}

/// Has a folder removed once this process has ended, if it is still there.
pub(super) fn doom(folder: &Path) {
    static SWEEPER_INPUT: OnceLock<Mutex<ChildStdin>> = OnceLock::new();
    let input = SWEEPER_INPUT.get_or_init(|| Mutex::new(shell(SWEEPER, &[], &[]).stdin.take().unwrap()));
    writeln!(input.lock().unwrap(), "{}", folder.display()).unwrap();
}

/// A running server with its folder; both are gone once this is dropped or our process has ended, or with the run if that owns
/// them.
#[derive(Debug)]
pub(crate) struct Guarded {
    /// `None` if the server outlives us.
    ours: Option<(Child, ChildStdin)>,
    folder: PathBuf,
}

impl Guarded {
    /// Starts `command` (program and arguments); its output goes to the file `log` in `folder`.
    pub(crate) fn start(
        folder: PathBuf,
        owner: Owner,
        signal: &str,
        command: &[String],
        environment: &[(&str, &str)],
    ) -> Self {
        let runner = match owner {
            Owner::Process => String::new(),
            Owner::Run(run) => run.runner().to_string(),
        };
        let names = ["guardian".as_ref(), signal.as_ref(), folder.as_os_str(), runner.as_ref()];
        let arguments = names.into_iter().chain(command.iter().map(AsRef::as_ref)).collect::<Vec<_>>();
        let mut shell = shell(SCRIPT, &arguments, environment);
        let lifeline = shell.stdin.take().unwrap();
        Self { ours: matches!(owner, Owner::Process).then_some((shell, lifeline)), folder }
    }

    /// A server that another process has started for the run.
    pub(super) fn found(folder: PathBuf) -> Self {
        Self { ours: None, folder }
    }

    /// The server's folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// What the server has said so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read(self.folder.join("log"))
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default()
    }

    /// Asks until the server is ready; panics with its log when it does not get there in 60 s.
    pub(crate) fn ready<T>(&self, what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
        let started = std::time::Instant::now();
        loop {
            if let Some(answer) = ask() {
                return answer;
            }
            assert!(
                started.elapsed() < Duration::from_secs(60),
                "{what} did not start; its log:\n{}",
                self.log()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        let Some((mut shell, lifeline)) = self.ours.take() else { return };
        drop(lifeline);
        // Waiting makes sure that folder and port are free again; that the shell is gone already is as good.
        let _status = shell.wait();
    }
}

fn shell(script: &str, arguments: &[&OsStr], environment: &[(&str, &str)]) -> Child {
    let mut shell = Command::new("sh");
    shell.args(["-c", script]).args(arguments).envs(environment.iter().copied()).current_dir("/");
    // A group of its own: Ctrl-C at the terminal must end us, and only through us the servers.
    shell.process_group(0).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    shell.spawn().unwrap()
}
