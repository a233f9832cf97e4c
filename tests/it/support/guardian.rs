//! Servers and folders that vanish with the test process, in whatever way it ends.
//! Statics are never dropped and SIGKILL runs no destructor, so each server is the child of a small shell that reads a
//! pipe from us: when the kernel closes our end, the shell stops the server and removes its folder.
//! One more such shell gets the name of every folder and removes what is left of them. Knows nothing of what the server is.

use std::ffi::OsStr;
use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use tempfile::TempDir;

/// `$1` is the signal that stops the server, `$2` its folder, the rest its command line. The shell waits
/// before it removes the folder, so that nothing is written there again.
const SCRIPT: &str = r#"
signal=$1 folder=$2
shift 2
"$@" >"$folder/log" 2>&1 &
server=$!
cat >/dev/null
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

/// Has a folder removed once this process has ended, if it is still there.
pub(super) fn doom(folder: &Path) {
    static SWEEPER_INPUT: OnceLock<Mutex<ChildStdin>> = OnceLock::new();
    let input = SWEEPER_INPUT.get_or_init(|| Mutex::new(shell(SWEEPER, &[], &[]).stdin.take().unwrap()));
    writeln!(input.lock().unwrap(), "{}", folder.display()).unwrap();
}

/// A running server with its folder; both are gone once this is dropped or our process has ended.
#[derive(Debug)]
pub(crate) struct Guarded {
    shell: Child,
    lifeline: Option<ChildStdin>,
    folder: PathBuf,
}

impl Guarded {
    /// Starts `command` (program and arguments); its output goes to the file `log` in `folder`.
    pub(crate) fn start(
        folder: TempDir,
        signal: &str,
        command: &[String],
        environment: &[(&str, &str)],
    ) -> Self {
        let folder = folder.keep();
        let names = ["guardian".as_ref(), signal.as_ref(), folder.as_os_str()];
        let arguments = names.into_iter().chain(command.iter().map(AsRef::as_ref)).collect::<Vec<_>>();
        let mut shell = shell(SCRIPT, &arguments, environment);
        let lifeline = shell.stdin.take();
        Self { shell, lifeline, folder }
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
        drop(self.lifeline.take());
        // Waiting makes sure that folder and port are free again; that the shell is gone already is as good.
        let _status = self.shell.wait();
    }
}

fn shell(script: &str, arguments: &[&OsStr], environment: &[(&str, &str)]) -> Child {
    let mut shell = Command::new("sh");
    shell.args(["-c", script]).args(arguments).envs(environment.iter().copied()).current_dir("/");
    // A group of its own: Ctrl-C at the terminal must end us, and only through us the servers.
    shell.process_group(0).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    shell.spawn().unwrap()
}
