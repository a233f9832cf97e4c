//! A store of one kind, empty, and what a test does to it behind the library's back.

use std::path::{Path, PathBuf};

use sponsor_backup::secrets::StoreName;
use sponsor_backup::store::{Endpoint, Store, StoreAccess, StoreError, Surroundings};
use tempfile::TempDir;

use crate::archive::store_at;
use crate::support::{Moto, StrictS3, tools};

/// The store in a folder.
pub(super) fn open_folder(path: &Path) -> Result<Store, StoreError> {
    let name = StoreName::at(&format!("file://{}", path.display())).unwrap();
    let endpoint =
        Endpoint { url: None, force_path_style: false, expected_bucket_owner: None, checksums: true };
    let surroundings = Surroundings::default();
    Store::open(&name, StoreAccess { endpoint: &endpoint, caller: None, surroundings: &surroundings })
}

/// An empty store.
pub(super) struct Case {
    pub(super) store: Store,
    behind: Behind,
}

enum Behind {
    Folder(TempDir),
    Moto(String),
    StrictS3(StrictS3),
}

impl Case {
    pub(super) fn folder() -> Self {
        let root = tools::open_folder("store");
        let store = open_folder(root.path()).unwrap();
        Self { store, behind: Behind::Folder(root) }
    }

    /// A bucket with Object Lock, for what a store does that can lock.
    pub(super) fn moto() -> Self {
        let (moto, bucket) = (Moto::shared(), format!("conformance-{}", uuid::Uuid::new_v4().simple()));
        moto.bucket_with_object_lock(&bucket);
        Self { store: store_at(moto.endpoint(), moto, &bucket), behind: Behind::Moto(bucket) }
    }

    pub(super) fn strict_s3() -> Self {
        let server = StrictS3::start();
        server.bucket("conformance");
        Self { store: store_at(server.endpoint(), &server, "conformance"), behind: Behind::StrictS3(server) }
    }

    /// Replaces an object, as no run of this program does.
    pub(super) fn replace(&self, key: &str, bytes: &[u8]) {
        match &self.behind {
            Behind::Folder(root) => {
                let new = root.path().join("new");
                std::fs::write(&new, bytes).unwrap();
                std::fs::rename(new, root.path().join(key)).unwrap();
            }
            Behind::Moto(bucket) => Moto::shared().put(bucket, key, bytes),
            Behind::StrictS3(server) => {
                server.delete("conformance", key);
                server.put("conformance", key, bytes);
            }
        }
    }

    /// All names in the store that objects or what is unfinished have.
    pub(super) fn names(&self) -> Vec<String> {
        match &self.behind {
            Behind::Folder(root) => files_below(root.path().to_owned()),
            Behind::Moto(bucket) => [Moto::shared().keys_in(bucket), Moto::shared().uploads(bucket)].concat(),
            Behind::StrictS3(server) => [server.keys_in("conformance"), server.unfinished_uploads()].concat(),
        }
    }
}

fn files_below(folder: PathBuf) -> Vec<String> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            files.extend(files_below(entry.path()));
        } else {
            files.push(entry.path().display().to_string());
        }
    }
    files
}
