//! A small file system in memory over a folder: one that is full, or that can only be read. Needs root, or sudo.

use std::path::{Path, PathBuf};

use super::tools;

/// A mounted file system, gone with all that it holds when this is dropped.
#[derive(Debug)]
pub(crate) struct Disk(PathBuf);

impl Disk {
    /// A disk of this size, such as `16m`, which every user may write to.
    pub(crate) fn over(folder: &Path, size: &str) -> Self {
        Self::mount(folder, &format!("size={size},mode=1777"))
    }

    /// The same for its owner alone.
    pub(crate) fn private(folder: &Path, size: &str) -> Self {
        Self::mount(folder, &format!("size={size},mode=0700"))
    }

    fn mount(folder: &Path, options: &str) -> Self {
        tools::as_root(&["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder.to_str().unwrap()]);
        Self(folder.to_owned())
    }

    /// A folder at another path, too.
    pub(crate) fn bind(folder: &Path, path: &Path) -> Self {
        tools::as_root(&["mount", "--bind", folder.to_str().unwrap(), path.to_str().unwrap()]);
        Self(path.to_owned())
    }

    /// From now on it can only be read.
    pub(crate) fn make_read_only(&self) {
        tools::as_root(&["mount", "-o", "remount,ro", self.0.to_str().unwrap()]);
    }

    /// Fills it until this many pages of 4 KiB are left.
    pub(crate) fn leave(&self, pages: usize) {
        let filler = self.0.join("lost+found");
        let _old = std::fs::remove_file(&filler);
        let free = tools::run("stat", ["-f", "-c", "%a", self.0.to_str().unwrap()]);
        let free: usize = free.trim().parse().unwrap();
        std::fs::write(&filler, vec![0; (free - pages) * 4096]).unwrap();
    }

    /// Fills what is left of it.
    pub(crate) fn fill(&self) {
        let _full = std::fs::write(self.0.join("filler"), vec![0; 1 << 20]).unwrap_err();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: what still has a file open there must not fail a test that has seen all it wanted.
        tools::as_root(&["umount", "--lazy", self.0.to_str().unwrap()]);
    }
}
