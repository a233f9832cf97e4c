//! Parameters without an environment variable. libpq reads them from a file that is never on disk: it is memory of
//! this process, which only processes of this user can open. Command-line arguments would be visible to every user.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::File;
use std::sync::{Arc, OnceLock};

use secrecy::{ExposeSecret as _, SecretString};

use super::ConnectionError;

/// Name of the section in the file.
const SERVICE: &str = "sponsor-backup";

/// The parameters, and their file once it is needed. Clones share the file. It is closed with the last of them.
#[derive(Debug, Clone, Default)]
pub(super) struct Unlisted {
    parameters: Arc<BTreeMap<&'static str, SecretString>>,
    file: Arc<OnceLock<Result<File, String>>>,
}

impl Unlisted {
    pub(super) fn new(parameters: BTreeMap<&'static str, SecretString>) -> Self {
        Self { parameters: Arc::new(parameters), file: Arc::default() }
    }

    /// The variables that point libpq to the parameters.
    pub(super) fn variables(&self) -> Result<Vec<(&'static str, String)>, ConnectionError> {
        if self.parameters.is_empty() {
            return Ok(Vec::new());
        }
        let file = self.file.get_or_init(|| in_memory(&self.text()).map_err(|error| error.to_string()));
        let file = file.as_ref().map_err(|reason| ConnectionError::NoFile(reason.clone()))?;
        Ok(vec![("PGSERVICEFILE", path(file)), ("PGSERVICE", SERVICE.to_owned())])
    }

    fn text(&self) -> String {
        let mut text = format!("[{SERVICE}]\n");
        for (name, value) in self.parameters.iter() {
            // Writing to a string cannot fail.
            writeln!(text, "{name}={}", value.expose_secret()).ok();
        }
        text
    }
}

/// The path at which a child process finds an open file of this process. Each reader starts at the beginning.
fn path(file: &File) -> String {
    format!("/proc/{}/fd/{}", std::process::id(), std::os::fd::AsRawFd::as_raw_fd(file))
}

#[cfg(target_os = "linux")]
fn in_memory(text: &str) -> std::io::Result<File> {
    let memory = rustix::fs::memfd_create(SERVICE, rustix::fs::MemfdFlags::CLOEXEC)?;
    let mut file = File::from(memory);
    std::io::Write::write_all(&mut file, text.as_bytes())?;
    Ok(file)
}

#[cfg(not(target_os = "linux"))]
fn in_memory(_: &str) -> std::io::Result<File> {
    Err(std::io::ErrorKind::Unsupported.into())
}
