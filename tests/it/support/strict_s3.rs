//! A strict S3 server in this process: the `s3s` library over a temporary folder. Checks signatures and checksums.
//! Has no tags, versions or locks; for those see `moto`.

mod files;

use std::ops::Deref;
use std::path::Path;

use hyper_util::rt::TokioIo;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s_fs::FileSystem;
use tempfile::TempDir;
use tokio::net::TcpListener;

use super::http::runtime;
use super::s3::{Keys, Store};
use super::sessions::Sessions;
use super::tools;
use files::Files;

/// A running server; it stops and its objects go when this is dropped.
#[derive(Debug)]
pub(crate) struct StrictS3 {
    store: Store,
    folder: TempDir,
    accepting: tokio::task::AbortHandle,
}

impl Deref for StrictS3 {
    type Target = Store;
    fn deref(&self) -> &Store {
        &self.store
    }
}

impl StrictS3 {
    /// Starts a server of the test's own, with keys of its own.
    pub(crate) fn start() -> Self {
        Self::serve_plainly(keys(), false)
    }

    /// The same, but it keeps the CRC64NVME of whole objects, as S3 does.
    pub(crate) fn with_checksums() -> Self {
        Self::serve_plainly(keys(), true)
    }

    /// Another server with the keys of this one, as another region of AWS has. It keeps no checksums.
    pub(crate) fn elsewhere(&self) -> Self {
        Self::serve_plainly(self.store.keys().clone(), false)
    }

    /// The same for the sessions of roles: what neither they nor the keys allow is refused.
    pub(crate) fn with_sessions() -> (Self, Sessions) {
        let sessions = Sessions::new(keys());
        let server = Self::serve(sessions.owner().clone(), false, |builder| {
            builder.set_auth(sessions.clone());
            builder.set_access(sessions.clone());
        });
        (server, sessions)
    }

    fn serve_plainly(keys: Keys, keeps_checksums: bool) -> Self {
        let auth = SimpleAuth::from_single(keys.id.clone(), keys.secret.clone());
        Self::serve(keys, keeps_checksums, |builder| builder.set_auth(auth))
    }

    fn serve(keys: Keys, keeps_checksums: bool, guard: impl FnOnce(&mut S3ServiceBuilder)) -> Self {
        let folder = tools::open_folder("strict-s3");
        let files = FileSystem::new(folder.path()).unwrap();
        let root = folder.path().canonicalize().unwrap();
        let mut builder = S3ServiceBuilder::new(Files { files, root, keeps_checksums });
        guard(&mut builder);
        let listener = runtime().block_on(TcpListener::bind(("127.0.0.1", 0))).unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let accepting = runtime().spawn(accept(listener, builder.build())).abort_handle();
        Self { store: Store::new(&endpoint, &keys, keys.clone()), folder, accepting }
    }

    /// Puts objects into a bucket without a request for each. They have no metadata.
    pub(crate) fn fill(&self, bucket: &str, objects: impl IntoIterator<Item = (String, Vec<u8>)>) {
        let bucket = self.folder.path().join(bucket);
        for (key, bytes) in objects {
            let place = bucket.join(key);
            std::fs::create_dir_all(place.parent().unwrap()).unwrap();
            std::fs::write(place, bytes).unwrap();
        }
    }

    /// Files of multipart uploads that were neither completed nor aborted, in any bucket: the library cannot list them,
    /// so its folder is read.
    pub(crate) fn unfinished_uploads(&self) -> Vec<String> {
        let mut found = Vec::new();
        unfinished_below(self.folder.path(), &mut found);
        found.sort();
        found
    }
}

impl Drop for StrictS3 {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

fn keys() -> Keys {
    Keys { id: "AKIASTRICTSTRICTSTRI".into(), secret: format!("secret/{}+", tools::unique()) }
}

fn unfinished_below(folder: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type().unwrap().is_dir() {
            unfinished_below(&entry.path(), found);
        } else if name.starts_with(".upload-") || name.starts_with(".upload_id-") {
            found.push(name);
        }
    }
}

async fn accept(listener: TcpListener, service: S3Service) {
    while let Ok((socket, _)) = listener.accept().await {
        let service = service.clone();
        tokio::spawn(async move {
            // A client that goes away does not count as a failure of the server.
            let _ended = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(socket), service)
                .await;
        });
    }
}
