//! What the program reads once from its environment and passes as a value: clock, identity of the run, signals, and
//! output.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use secrecy::ExposeSecret as _;

use super::notification::notes::NotificationNotes;
use crate::cli::{UsageError, Variables};
use crate::failure::Failure;
use crate::record::RunIdentity;
use crate::report::metrics::Update;
use crate::report::sink::{RunnerFiles, Sink};
use crate::report::workflow::{Level, annotation};
use crate::secrets::Secret;
use crate::secrets::doppler::DopplerSessions;
use crate::secrets::oidc::Masker;
use crate::stop::Stop;
use crate::store::Surroundings;

/// The command line, without the program's name.
#[must_use]
pub fn arguments() -> Vec<String> {
    std::env::args_os().skip(1).map(|argument| argument.to_string_lossy().into_owned()).collect()
}

/// The environment variables that are valid UTF-8.
#[must_use]
pub fn variables() -> Variables {
    let text =
        |(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value.into_string().ok()?));
    std::env::vars_os().filter_map(text).collect()
}

/// The context of a run.
#[derive(Debug, Clone)]
pub struct RunContext {
    /// Identity of the run.
    pub run: Arc<RunIdentity>,
    /// Folder for records.
    pub workspace: PathBuf,
    /// Where folders that are stores are.
    pub(super) surroundings: Surroundings,
    /// `PATH`, to find programs.
    pub search_path: OsString,
    /// Folder for temporary servers.
    pub scratch: PathBuf,
    /// CPU cores of this machine.
    pub cores: usize,
    /// Log, outputs and summary.
    pub sink: Arc<Sink>,
    /// Stop requests.
    pub stop: Stop,
    /// Short-lived Doppler tokens, revoked at the end.
    pub(super) doppler_sessions: Arc<DopplerSessions>,
    /// What was learned for monitoring.
    metrics: Arc<Mutex<Vec<Update>>>,
    /// What was learned for notifications.
    pub(super) notifications: Arc<NotificationNotes>,
}

impl RunContext {
    /// Reads the environment.
    ///
    /// # Errors
    /// In a workflow: the runner's output file is not named or cannot be written.
    pub fn read(variables: &Variables, stop: Stop) -> Result<Self, Failure> {
        let get =
            |name: &str| variables.get(name).map(String::as_str).filter(|value| !value.trim().is_empty());
        let sink = match get("GITHUB_ACTIONS") {
            Some("true") => Sink::workflow(runner_files(get)?)
                .map_err(|error| UsageError::new(error.to_string()).hint(error.hint()))?,
            _ => Sink::terminal(),
        };
        Ok(Self {
            run: Arc::new(RunIdentity::read(get)),
            workspace: PathBuf::from(get("GITHUB_WORKSPACE").unwrap_or(".")),
            surroundings: surroundings(variables),
            search_path: get("PATH").unwrap_or_default().into(),
            scratch: PathBuf::from(get("TMPDIR").or(get("RUNNER_TEMP")).unwrap_or("/tmp")),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            sink: Arc::new(sink.timed(now).detailed(get("RUNNER_DEBUG") == Some("1"))),
            stop,
            doppler_sessions: Arc::default(),
            metrics: Arc::default(),
            notifications: Arc::default(),
        })
    }

    /// The only clock. Whole seconds, as in names and documents, so that all of them agree.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        now()
    }

    /// Masks secrets from now on. Every secret comes through here, before anything can print it.
    pub(super) fn mask(&self, secrets: impl IntoIterator<Item = Secret>) {
        secrets.into_iter().for_each(|secret| self.sink.mask(secret.expose_secret()));
    }

    /// The same, for a client that learns a secret in the middle of a request.
    pub(super) fn masker(&self) -> Masker {
        let context = self.clone();
        Masker::new(move |secret| context.mask([Secret::from(secret)]))
    }

    /// Notes metrics, to be published when the run ends.
    pub(super) fn note_metrics(&self, update: Update) {
        self.noted_metrics().push(update);
    }

    /// What was noted, in this order.
    pub(super) fn take_metrics(&self) -> Vec<Update> {
        std::mem::take(&mut *self.noted_metrics())
    }

    fn noted_metrics(&self) -> MutexGuard<'_, Vec<Update>> {
        self.metrics.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Shows a warning in the log, and on the run's page.
    pub(super) fn warn(&self, title: &str, message: &str) {
        self.sink.line(&format!("warning: {message}"));
        self.annotate(title, message);
    }

    /// Shows a warning on the run's page only.
    pub(super) fn annotate(&self, title: &str, message: &str) {
        self.sink.annotations(&[annotation(Level::Warning, title, message)]);
    }

    /// Runs something that can be dropped at any moment, unless a signal comes first.
    ///
    /// # Errors
    /// Its own error, or the signal.
    pub(super) async fn unless_stopped<T>(
        &self,
        wait: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        tokio::select! {
            done = wait => done,
            () = self.stop.requested() => Err(self.cancelled()),
        }
    }

    /// The failure of a stopped run.
    pub(super) fn cancelled(&self) -> Failure {
        match self.stop.signal() {
            Some(signal) => Failure::Cancelled(signal.into()),
            None => Failure::Bug("stopped without a signal".to_owned()),
        }
    }
}

/// The action's inputs come as variables, unlike those of a program that a step runs itself. The action runs in a container.
fn surroundings(variables: &Variables) -> Surroundings {
    let in_a_workflow = variables.get("GITHUB_ACTIONS").is_some_and(|value| value == "true");
    let in_action = in_a_workflow && variables.keys().any(|name| name.starts_with("INPUT_"));
    let workspace = variables.get("GITHUB_WORKSPACE").filter(|path| in_action && !path.is_empty());
    Surroundings { workspace: workspace.map(PathBuf::from), in_action }
}

/// The same clock, for the times of log lines.
pub(super) fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_second(now.as_second()).unwrap_or(now)
}

fn runner_files<'a>(get: impl Fn(&str) -> Option<&'a str>) -> Result<RunnerFiles, UsageError> {
    let output = get("GITHUB_OUTPUT").ok_or_else(|| {
        UsageError::new("GITHUB_OUTPUT is not set, so the outputs of this step would be lost")
            .hint("Run as a step of a workflow, or unset GITHUB_ACTIONS to run as on a terminal.")
    })?;
    Ok(RunnerFiles { output: output.into(), summary: get("GITHUB_STEP_SUMMARY").map(PathBuf::from) })
}
