//! The hallway: the order of steps. Only here are two rooms known at once, and nothing is decided that a room could
//! decide.

pub mod edge;
pub mod threads;

mod backup;
mod buckets;
mod claims;
mod drill;
mod elsewhere;
mod github;
mod history;
mod keyless;
mod limit;
mod list;
mod matrix;
mod previous;
mod publish;
mod record;
mod records;
mod restore;
mod restoring;
mod scope;
mod selected;
mod stored;
mod survey;
mod verify;

pub use edge::{RunContext, Stop};

use std::panic::AssertUnwindSafe;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use tokio_util::task::AbortOnDropHandle;

use crate::cli::order::{BackupOptions, RecordOptions};
use crate::cli::{CommandOptions, UsageError};
use crate::databases::postgres::process;
use crate::failure::{self, Failure};
use crate::report::sink::{ReportError, Sink};
use crate::report::summary::Subject;

/// A run is over five seconds after its signal, whatever it is doing.
const UNTIL_AFTER_A_SIGNAL: Duration = Duration::from_millis(4500);

/// Runs a command and reports it. On a terminal, `outputs` prints the outputs. Returns the exit code.
pub async fn run(order: CommandOptions, outputs: bool, mut edge: RunContext) -> u8 {
    if outputs {
        edge.sink.print_outputs();
    }
    // The run's own commit is the one of its workflow file. What is deployed may be another one, and that is what counts.
    if let CommandOptions::Backup(BackupOptions { deployment, .. })
    | CommandOptions::Record(RecordOptions { deployment, .. }) = &order
        && let Some(commit) = &deployment.commit_sha
    {
        std::sync::Arc::make_mut(&mut edge.run).commit_sha = Some(commit.clone());
    }
    let environment = order.scope().environment;
    let ((subject, dry_run), deployed) = (subject(&order), deployed(&order));
    if let Err(error) = log_to_file(&order, &edge) {
        return refuse(&UsageError::new(error.to_string()).hint(error.hint()).into(), &edge.sink);
    }
    github::mask_token(&order, &edge);
    let alarm = github::IssueReporter::of(&order);
    let publisher = publish::Publisher {
        subject,
        dry_run,
        environment,
        edge: &edge,
        heard: OnceLock::new(),
        verdict: OnceLock::new(),
        deployed,
        begun: Instant::now(),
    };
    // A stopped run asks for no more secrets, and has few seconds: what it was lent is given back while it ends.
    let stopped = edge.clone();
    let early = AbortOnDropHandle::new(tokio::spawn(async move {
        stopped.stop.child().cancelled().await;
        stopped.doppler_sessions.revoke_all(&stopped).await;
    }));
    let done = AssertUnwindSafe(async {
        match order {
            CommandOptions::Matrix(order) => matrix::run(&order, &edge, &publisher).await,
            CommandOptions::Backup(order) => backup::run(order, &edge, &publisher).await,
            CommandOptions::Record(order) => record::run(order, &edge, &publisher).await,
            CommandOptions::List(order) => list::run(order, &edge, &publisher).await,
            CommandOptions::Verify(order) => verify::run(order, &edge, &publisher).await,
            CommandOptions::Restore(order) => restore::run(order, &edge, &publisher).await,
            CommandOptions::Drill(order) => drill::run(order, &edge, &publisher).await,
        }
    });
    // A panic outside of a sponsor's part is reported like any other failure, and leased tokens are given back.
    let done = async {
        let done = done.catch_unwind().await;
        done.unwrap_or_else(|_| Err(Failure::Bug("panicked".to_owned())))
    };
    // Every step hears of a signal and takes back what it began. A step that does not is not waited for.
    let done = tokio::select! {
        biased;
        done = done => done,
        () = edge.stop.over(UNTIL_AFTER_A_SIGNAL) => Err(scope::stopped(&edge)),
    };
    let code = done.unwrap_or_else(|failure| publisher.failure(&failure));
    if let Some(alarm) = alarm {
        Box::pin(alarm.ring(&publisher)).await;
    }
    if edge.stop.signal().is_some() {
        early.await.ok();
    }
    edge.doppler_sessions.revoke_all(&edge).await;
    tokio::time::timeout(process::GRACE, process::wait_for_all()).await.ok();
    publisher.last_word();
    code
}

/// Opens the log file before anything starts.
fn log_to_file(order: &CommandOptions, edge: &RunContext) -> Result<(), ReportError> {
    let path = order.scope().log_file.as_deref();
    path.map_or(Ok(()), |path| edge.sink.log_to(path, edge::now))
}

/// What is deployed, and why, if the order says so.
fn deployed(order: &CommandOptions) -> (Option<String>, Option<String>) {
    match order {
        CommandOptions::Backup(BackupOptions { deployment, .. })
        | CommandOptions::Record(RecordOptions { deployment, .. }) => {
            (deployment.version.clone(), deployment.reason.clone())
        }
        _ => (None, None),
    }
}

/// What the report is of, and whether the run ends at the plan.
fn subject(order: &CommandOptions) -> (Subject, bool) {
    match order {
        CommandOptions::Matrix(_) => (Subject::Matrix, false),
        CommandOptions::Backup(order) => (Subject::Backup, order.dry_run),
        CommandOptions::Record(order) => (Subject::Record, order.dry_run),
        CommandOptions::List(_) => (Subject::List, false),
        CommandOptions::Verify(order) => (Subject::Verify, order.dry_run),
        CommandOptions::Restore(order) => (Subject::Restore, order.dry_run),
        CommandOptions::Drill(order) => (Subject::Drill, order.dry_run),
    }
}

/// Shows the help if no command was given; returns the exit code.
#[must_use]
pub fn no_command(help: &str, sink: &Sink) -> u8 {
    sink.help(help);
    failure::USAGE
}

/// Reports a failure before any command was accepted; returns the exit code.
#[must_use]
pub fn refuse(failure: &Failure, sink: &Sink) -> u8 {
    publish::refusal(failure, sink)
}
