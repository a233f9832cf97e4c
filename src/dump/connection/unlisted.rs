//! Parameters that have no environment variable. libpq reads them from a file that only this user may read: arguments
//! can be seen by everybody on the machine. The file goes with the last connection that needs it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use secrecy::{ExposeSecret as _, SecretString};

use super::ConnectionError;

/// How the parameters are called together in the file.
const SERVICE: &str = "sponsor-backup";

/// The parameters, and their file once it is needed. Clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct Unlisted {
    parameters: Arc<BTreeMap<&'static str, SecretString>>,
    file: Arc<OnceLock<Result<File, String>>>,
}

impl Unlisted {
    pub(super) fn new(parameters: BTreeMap<&'static str, SecretString>) -> Self {
        Self { parameters: Arc::new(parameters), file: Arc::default() }
    }

    /// The variables by which libpq finds the parameters.
    pub(super) fn variables(&self) -> Result<Vec<(&'static str, String)>, ConnectionError> {
        if self.parameters.is_empty() {
            return Ok(Vec::new());
        }
        let file = self.file.get_or_init(|| File::write(&self.text()).map_err(|error| error.to_string()));
        let file = file.as_ref().map_err(|reason| ConnectionError::NoFile(reason.clone()))?;
        let path = file.0.display().to_string();
        Ok(vec![("PGSERVICEFILE", path), ("PGSERVICE", SERVICE.to_owned())])
    }

    fn text(&self) -> String {
        let mut text = format!("[{SERVICE}]\n");
        for (name, value) in self.parameters.iter() {
            // Writing to a text cannot fail.
            writeln!(text, "{name}={}", value.expose_secret()).ok();
        }
        text
    }
}

/// A file that is removed when this is dropped.
#[derive(Debug)]
struct File(PathBuf);

impl File {
    fn write(text: &str) -> std::io::Result<Self> {
        let path = std::env::temp_dir().join(format!("sponsor-backup-{}.conf", uuid::Uuid::new_v4()));
        let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        let this = Self(path);
        file.write_all(text.as_bytes())?;
        Ok(this)
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let path: &Path = &self.0;
        // What is gone already is gone.
        std::fs::remove_file(path).ok();
    }
}
