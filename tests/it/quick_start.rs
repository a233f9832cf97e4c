//! README's quick start, typed as it is written by a person with PostgreSQL and the binary: from an empty folder to `equal`, then
//! a restore by hand.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::recipe::block;
use crate::support::{Cluster, tools};

const README: &str = include_str!("../../README.md");
/// Where a distribution's server listens. The only text of the commands that differs here.
const SOCKETS: &str = "/var/run/postgresql";
/// What a person types at most.
const COMMANDS: usize = 8;

/// A machine with PostgreSQL, the binary and an empty folder.
struct Machine {
    cluster: Cluster,
    folder: tempfile::TempDir,
}

impl Machine {
    fn new() -> Self {
        let cluster = Cluster::start(tools::distribution_bin_dir());
        let me = tools::run("id", ["-un"]);
        cluster.psql("postgres", &format!("CREATE ROLE \"{}\" SUPERUSER LOGIN", me.trim()));
        let folder = tools::open_folder("quick-start");
        ["bin", "home", "work"]
            .iter()
            .for_each(|name| std::fs::create_dir(folder.path().join(name)).unwrap());
        std::os::unix::fs::symlink(tools::binary(), folder.path().join("bin/sponsor-backup")).unwrap();
        Self { cluster, folder }
    }

    fn work(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    /// Types the commands into one bash; gives what was printed on both streams.
    #[track_caller]
    fn types(&self, commands: &str) -> String {
        let (sockets, port) = (self.cluster.folder().join("data"), self.cluster.port().to_string());
        let here = commands.replace(SOCKETS, &format!("{}&port={port}", sockets.display()));
        let log = self.folder.path().join("log");
        let out = std::fs::File::create(&log).unwrap();
        let own = self.folder.path().join("bin");
        let path = std::env::join_paths([&own, Path::new("/usr/bin"), Path::new("/bin")]).unwrap();
        let mut bash = Command::new("bash");
        bash.args(["-euo", "pipefail", "-c", &here]).current_dir(self.work()).env_clear();
        bash.env("PATH", path).env("HOME", self.folder.path().join("home"));
        bash.env("PGHOST", sockets).env("PGPORT", port).stdin(Stdio::null());
        bash.stderr(Stdio::from(out.try_clone().unwrap())).stdout(Stdio::from(out));
        let status = bash.status().unwrap();
        let printed = std::fs::read_to_string(log).unwrap();
        assert!(status.success(), "{status}: {printed}");
        printed
    }

    /// The rows of the table in a database, as one hash.
    fn rows(&self, database: &str) -> String {
        self.cluster.psql(
            database,
            "SELECT count(*) || ' ' || md5(string_agg(v::text, ' ' ORDER BY id)) FROM visits v",
        )
    }
}

/// The page's tree below `backups`: the files' paths, in its order.
fn files_of_the_tree() -> Vec<String> {
    let tree = README.split("```text\n").find(|text| text.starts_with("backups\n")).unwrap();
    let (mut above, mut files) = (Vec::<String>::new(), Vec::new());
    for line in tree.lines().skip(1).take_while(|line| !line.starts_with("```")) {
        let name = line.trim_start_matches([' ', '│', '├', '└', '─', '\u{a0}']);
        above.truncate((line.chars().count() - name.chars().count()) / 4 - 1);
        above.push(name.to_owned());
        if name.contains('.') {
            files.push(above.join("/"));
        }
    }
    files
}

/// The files in a folder, by path.
fn files_in(folder: &Path) -> Vec<String> {
    let found = tools::run("find", ["-L".as_ref(), folder.as_os_str(), "-type".as_ref(), "f".as_ref()]);
    let below = |path: &str| Path::new(path).strip_prefix(folder).unwrap().display().to_string();
    found.lines().map(below).collect()
}

/// Paths without their dates, sorted.
fn undated(paths: Vec<String>) -> Vec<String> {
    let undated = |path: String| path.replace(|c: char| c.is_ascii_digit(), "0").replace("sha000", "sha256");
    let mut paths: Vec<String> = paths.into_iter().map(undated).collect();
    paths.sort_unstable();
    paths
}

#[test]
fn the_readmes_quick_start_ends_in_equal() {
    let commands = block(README, &["createdb", "sponsor-backup init", "sponsor-backup drill"]);
    let by_hand = block(README, &["dump=$(ls backups/", "sha256sum -c", "gunzip", "psql"]);
    let typed: Vec<&str> = commands.lines().collect();
    let is_one = |line: &&str| !line.is_empty() && !line.contains(['\\', ';', '|']) && !line.contains("&&");
    assert!(typed.len() <= COMMANDS && typed.iter().all(is_one), "{typed:#?}");
    assert!(commands.contains(SOCKETS), "{commands}");

    let machine = Machine::new();
    let started = Instant::now();
    let printed = machine.types(&commands);
    println!("{} commands in {:.1} s", typed.len(), started.elapsed().as_secs_f64());
    assert!(printed.contains("callisto: equal: 1 table, 50,000 rows"), "{printed}");
    let proposed: Vec<&str> = printed.lines().filter(|line| line.starts_with("sponsor-backup ")).collect();
    assert_eq!(proposed, typed[typed.len() - 2..], "`init` and the page name different commands");
    assert_eq!(undated(files_in(&machine.work().join("backups"))), undated(files_of_the_tree()));

    let printed = machine.types(&by_hand);
    assert!(printed.contains(".sql.gz: OK") && printed.contains("50000"), "{printed}");
    assert!(machine.rows("diary").starts_with("50000 "));
    assert_eq!(machine.rows("restored"), machine.rows("diary"));
}

// serves: REQ-p00012/open-formats
/// One bit of the stored file differs: the recipe ends before it restores anything.
#[test]
fn the_readmes_hand_restore_refuses_a_changed_file() {
    let machine = Machine::new();
    machine.types(&block(README, &["createdb", "sponsor-backup init", "sponsor-backup drill"]));
    let below = files_in(&machine.work()).into_iter().find(|path| path.ends_with(".sql.gz")).unwrap();
    let file = machine.work().join(below);
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let by_hand = block(README, &["dump=$(ls backups/", "sha256sum -c", "gunzip", "psql"]);
    // A terminal goes on after a command that failed.
    let printed = machine.types(&format!("set +e\n{by_hand}true"));
    assert!(printed.contains("FAILED"), "{printed}");
    let restored = "SELECT count(*) FROM pg_database WHERE datname = 'restored'";
    assert_eq!(machine.cluster.psql("postgres", restored), "0", "{printed}");
}
