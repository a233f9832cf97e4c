//! One bash that stays open: block after block is typed into it, and what fails ends nothing, as at a terminal.

use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use super::tools;

/// A block may take so long.
const A_BLOCK: Duration = Duration::from_secs(300);

/// Reads the names of files from its third descriptor and runs each of them. Notes every command that fails.
const LOOP: &str = r#"
set -o pipefail
set -E
typed_failed() { printf '%s %s\n' "$1" "${2%%$'\n'*}" >>"$typed_block.failed"; }
trap 'typed_failed "$?" "$BASH_COMMAND"' ERR
while IFS= read -r -u 3 typed_block; do
  : >"$typed_block.failed"
  . "$typed_block" >"$typed_block.log" 2>&1
  mv "$typed_block.failed" "$typed_block.done"
done 3<"$typed_blocks"
"#;

/// What became of a block.
#[derive(Debug)]
pub(crate) struct Typed {
    /// What was printed on both streams.
    pub(crate) printed: String,
    /// The commands that failed: status, then the command's first line without what was expanded.
    pub(crate) failed: Vec<(i32, String)>,
}

/// A running bash; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Terminal {
    bash: Child,
    /// `None` only while it is dropped.
    blocks: Option<File>,
    keyboard: ChildStdin,
    folder: PathBuf,
    count: u32,
}

impl Terminal {
    /// Starts a prepared `bash`, still without arguments. `folder` is for this terminal's files.
    pub(super) fn open(mut bash: Command, folder: PathBuf) -> Self {
        std::fs::create_dir(&folder).unwrap();
        let blocks = folder.join("blocks");
        tools::run("mkfifo", [&blocks]);
        bash.args(["-c", LOOP]).env("typed_blocks", &blocks).stdin(Stdio::piped());
        let log = File::create(folder.join("log")).unwrap();
        bash.stderr(Stdio::from(log.try_clone().unwrap())).stdout(Stdio::from(log));
        let mut bash = bash.spawn().unwrap();
        let keyboard = bash.stdin.take().unwrap();
        // Waits until bash has opened the other end.
        let blocks = Some(File::options().write(true).open(blocks).unwrap());
        Self { bash, blocks, keyboard, folder, count: 0 }
    }

    /// Lines for commands that ask, such as `read`.
    pub(crate) fn type_line(&mut self, line: &str) {
        writeln!(self.keyboard, "{line}").unwrap();
    }

    /// Runs a block to its end.
    #[track_caller]
    pub(crate) fn run(&mut self, block: &str) -> Typed {
        self.count += 1;
        let file = self.folder.join(format!("block-{}", self.count));
        // The last command's status must not become that of the file, which would count as one more failure.
        std::fs::write(&file, format!("{block}\n:\n")).unwrap();
        writeln!(self.blocks.as_ref().unwrap(), "{}", file.display()).unwrap();
        let done = file.with_extension("done");
        let failed = tools::wait_for(block, A_BLOCK, || {
            let ended = self.bash.try_wait().unwrap();
            let log = || std::fs::read_to_string(self.folder.join("log")).unwrap();
            assert!(ended.is_none(), "bash ended with {ended:?}: {}", log());
            std::fs::read_to_string(&done).ok()
        });
        let failed = failed.lines().map(|line| {
            let (status, command) = line.split_once(' ').unwrap();
            (status.parse().unwrap(), command.to_owned())
        });
        Typed {
            failed: failed.collect(),
            printed: std::fs::read_to_string(file.with_extension("log")).unwrap(),
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        drop(self.blocks.take());
        // That it has ended already is as good.
        let _killed = self.bash.kill();
        let _reaped = self.bash.wait();
    }
}
