//! What git knows about the files of `init`: whether it keeps the secrets file, and whether it ignores what must not be
//! committed.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::process::Command;

use crate::commands::RunContext;
use crate::databases::postgres::process::{self, Ended, Limits, Signal};
use crate::secrets::DATABASE_URL;

const LIMITS: Limits = Limits { time: Duration::from_secs(10), bytes: 64 * 1024 };
/// A hook of git sets these for its own repository, and git needs no password of a database.
const KEPT_FROM_GIT: [&str; 4] = ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", DATABASE_URL];

/// A git work tree.
pub(super) struct Repository<'a> {
    context: &'a RunContext,
    root: PathBuf,
    /// Whether git itself answers. It may be absent, or refuse a folder that belongs to another user.
    answers: bool,
}

/// Something that must not be committed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Private<'a> {
    /// Absolute.
    pub(super) path: &'a Path,
    pub(super) is_folder: bool,
}

impl<'a> Repository<'a> {
    /// The work tree that a folder is in. `None` if it is in none.
    pub(super) async fn of(folder: &Path, context: &'a RunContext) -> Option<Self> {
        let asked = git(context, folder, &["rev-parse".as_ref(), "--show-toplevel".as_ref()]).await;
        if let Some(mut root) = asked {
            root.pop_if(|last| *last == b'\n');
            return Some(Self { context, root: OsString::from_vec(root).into(), answers: true });
        }
        let root = folder.ancestors().find(|folder| folder.join(".git").exists())?;
        Some(Self { context, root: root.to_owned(), answers: false })
    }

    /// Its topmost folder.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Its own `.gitignore`.
    pub(super) fn ignore_file(&self) -> PathBuf {
        self.root.join(".gitignore")
    }

    /// Whether git keeps this file.
    pub(super) async fn tracks(&self, file: &Path) -> bool {
        let asked = ["ls-files", "--error-unmatch", "--"].map(OsStr::new);
        self.answers
            && git(self.context, &self.root, &[&asked[..], &[file.as_os_str()]].concat()).await.is_some()
    }

    /// What git would commit: each with its line for `.gitignore`. What is outside of the work tree is safe.
    pub(super) async fn exposed<'p>(&self, private: &[Private<'p>]) -> Vec<(Private<'p>, String)> {
        let mut exposed = Vec::new();
        for private in private {
            if let Some(line) = self.line(private)
                && !self.ignores(private, &line).await
            {
                exposed.push((*private, line));
            }
        }
        exposed
    }

    async fn ignores(&self, private: &Private<'_>, line: &str) -> bool {
        if !self.answers {
            return lines(&self.ignore_file()).iter().any(|other| other == line);
        }
        let mut path = private.path.as_os_str().to_owned();
        // A folder that does not exist yet is one for git only with the slash.
        path.push(if private.is_folder { "/" } else { "" });
        let asked = ["check-ignore", "--quiet", "--"].map(OsStr::new);
        git(self.context, &self.root, &[&asked[..], &[&path]].concat()).await.is_some()
    }

    /// `/secrets.yaml`, `/backups/`.
    fn line(&self, private: &Private<'_>) -> Option<String> {
        let below = private.path.strip_prefix(&self.root).ok()?;
        let slash = if private.is_folder { "/" } else { "" };
        Some(format!("/{}{slash}", pattern(&below.to_string_lossy())))
    }
}

/// The lines of a file. None if it cannot be read.
pub(super) fn lines(file: &Path) -> Vec<String> {
    let text = std::fs::read(file).unwrap_or_default();
    String::from_utf8_lossy(&text).lines().map(|line| line.trim_end().to_owned()).collect()
}

/// A path as a pattern of git: signs of patterns are escaped, and `?` is any character that a line cannot hold.
fn pattern(path: &str) -> String {
    let escaped = |character: char| match character {
        '*' | '?' | '[' | '\\' | ' ' => format!("\\{character}"),
        '\u{fffd}' => "?".to_owned(),
        _ if character.is_control() => "?".to_owned(),
        _ => character.to_string(),
    };
    path.chars().map(escaped).collect()
}

/// What git prints. `None` if it says no, or does not run.
async fn git(context: &RunContext, folder: &Path, arguments: &[&OsStr]) -> Option<Vec<u8>> {
    let mut command = Command::new("git");
    command.args(arguments).current_dir(folder);
    for name in KEPT_FROM_GIT {
        command.env_remove(name);
    }
    match process::output(command, Signal::TERM, LIMITS, &context.stop.child()).await {
        Ok(Ended::Exited(output)) if output.status.success() => Some(output.stdout),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
