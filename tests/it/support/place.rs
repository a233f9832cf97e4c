//! The place of a sponsor's objects, seen from outside the program under test: a bucket or a folder, with the same
//! questions for both.

use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use super::s3::Store;
use super::schemas;

/// A bucket of an S3 server, or a folder.
#[derive(Debug, Clone)]
pub(crate) enum Place {
    /// The server and the bucket's name.
    Bucket(Store, String),
    /// The folder's path.
    Folder(PathBuf),
}

impl Place {
    pub(super) fn new_bucket(store: &Store, name: String) -> Self {
        store.bucket(&name);
        Self::Bucket(store.clone(), name)
    }

    pub(super) fn new_folder(path: PathBuf) -> Self {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&path).unwrap();
        Self::Folder(path)
    }

    /// What the sponsor's secret holds.
    pub(crate) fn secret(&self) -> String {
        match self {
            Self::Bucket(_, name) => name.clone(),
            Self::Folder(path) => format!("file://{}", path.display()),
        }
    }

    /// `s3://bucket/key` or `file:///root/key`.
    pub(crate) fn location(&self, key: &str) -> String {
        match self {
            Self::Bucket(_, name) => format!("s3://{name}/{key}"),
            Self::Folder(_) => format!("{}/{key}", self.secret()),
        }
    }

    /// The key of a location in it.
    #[track_caller]
    pub(crate) fn key(&self, location: &str) -> String {
        let key = location.strip_prefix(&self.location(""));
        key.unwrap_or_else(|| panic!("{location} is not in {}", self.secret())).to_owned()
    }

    #[track_caller]
    pub(crate) fn bucket(&self) -> &str {
        match self {
            Self::Bucket(_, name) => name,
            Self::Folder(path) => panic!("{} is not a bucket", path.display()),
        }
    }

    #[track_caller]
    pub(crate) fn folder(&self) -> &Path {
        match self {
            Self::Bucket(_, name) => panic!("{name} is not a folder"),
            Self::Folder(path) => path,
        }
    }

    /// The keys, sorted. Of a folder: every file, the temporary ones too.
    pub(crate) fn keys(&self) -> Vec<String> {
        match self {
            Self::Bucket(store, name) => store.keys_in(name),
            Self::Folder(root) => {
                let mut keys = Vec::new();
                files_below(root, root, &mut keys);
                keys.sort();
                keys
            }
        }
    }

    /// The keys of dumps.
    pub(crate) fn dumps(&self) -> Vec<String> {
        let mut keys = self.keys();
        keys.retain(|key| key.starts_with("backups/") && key.ends_with(".sql.gz") && !key.contains("/."));
        keys
    }

    /// An object's bytes.
    pub(crate) fn get(&self, key: &str) -> Vec<u8> {
        match self {
            Self::Bucket(store, name) => store.get(name, key),
            Self::Folder(root) => std::fs::read(root.join(key)).unwrap(),
        }
    }

    /// A JSON object; a record or a manifest that breaks its schema ends the test.
    #[track_caller]
    pub(crate) fn get_json(&self, key: &str) -> serde_json::Value {
        let document = serde_json::from_slice(&self.get(key)).unwrap();
        schemas::check_object(key, &document);
        document
    }

    /// Puts an object, also in the place of another.
    pub(crate) fn put(&self, key: &str, bytes: &[u8]) {
        match self {
            Self::Bucket(store, name) => store.put(name, key, bytes),
            Self::Folder(root) => {
                let path = root.join(key);
                Self::new_folder(path.parent().unwrap().to_owned());
                std::fs::write(path, bytes).unwrap();
            }
        }
    }

    /// Takes an object away.
    pub(crate) fn delete(&self, key: &str) {
        match self {
            Self::Bucket(store, name) => store.delete(name, key),
            Self::Folder(root) => std::fs::remove_file(root.join(key)).unwrap(),
        }
    }
}

fn files_below(root: &Path, folder: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if entry.file_type().unwrap().is_dir() {
            files_below(root, &path, found);
        } else if entry.file_name() != "lost+found" {
            found.push(path.strip_prefix(root).unwrap().to_str().unwrap().to_owned());
        }
    }
}
