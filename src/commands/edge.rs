//! What the program reads once from its environment and passes as a value: clock, identity of the run, signals, and
//! output.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use jiff::Timestamp;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::keyless::DopplerSessions;
use crate::cli::{UsageError, Variables};
use crate::failure::{Failure, Signal};
use crate::record::RunIdentity;
use crate::report::sink::{RunnerFiles, Sink};

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

/// The environment of a run.
#[derive(Debug, Clone)]
pub struct RunContext {
    /// Identity of the run.
    pub run: Arc<RunIdentity>,
    /// Folder for records.
    pub workspace: PathBuf,
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
    /// Borrowed credentials, revoked at the end.
    pub(super) doppler_sessions: Arc<DopplerSessions>,
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
            search_path: get("PATH").unwrap_or_default().into(),
            scratch: PathBuf::from(get("TMPDIR").or(get("RUNNER_TEMP")).unwrap_or("/tmp")),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            sink: Arc::new(sink.timed(now).detailed(get("RUNNER_DEBUG") == Some("1"))),
            stop,
            doppler_sessions: Arc::default(),
        })
    }

    /// The only clock. Whole seconds, as in names and documents, so that all of them agree.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        now()
    }
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

/// A stop request by a signal.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    token: CancellationToken,
    signal: Arc<OnceLock<(Signal, Instant)>>,
}

impl Stop {
    /// Listens for SIGINT and SIGTERM. The first process of a container would ignore them otherwise.
    ///
    /// # Errors
    /// The system does not register the handlers.
    pub fn on_signals() -> std::io::Result<Self> {
        let stop = Self::default();
        let (mut interrupt, mut terminate) =
            (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        let heard = stop.clone();
        tokio::spawn(async move {
            let signal = tokio::select! {
                _ = interrupt.recv() => Signal::Interrupt,
                _ = terminate.recv() => Signal::Terminate,
            };
            // The first signal counts, and this task ends with it.
            heard.signal.set((signal, Instant::now())).ok();
            heard.token.cancel();
        });
        Ok(stop)
    }

    /// The signal, if one has come.
    #[must_use]
    pub fn signal(&self) -> Option<Signal> {
        self.signal.get().map(|(signal, _)| *signal)
    }

    /// Waits until this long after the signal, even if the call comes later.
    pub async fn over(&self, patience: Duration) {
        self.token.cancelled().await;
        let since = self.signal.get().map_or_else(Instant::now, |(_, at)| *at);
        tokio::time::sleep_until(since + patience).await;
    }

    /// A token that can be cancelled alone, and is cancelled with this one.
    #[must_use]
    pub fn child(&self) -> CancellationToken {
        self.token.child_token()
    }
}
