//! The command layer: the order of steps of every command. Nothing is decided here that another module
//! could decide.

pub mod context;
mod text_blocks;
pub mod threads;

mod backup;
mod backup_attempts;
mod backup_rows;
mod buckets;
mod copy;
mod diff;
mod drill;
mod elsewhere;
mod github;
mod history;
mod hold;
mod init;
mod list;
mod manifests;
mod matrix;
mod metrics;
mod metrics_delivery;
mod notification;
mod notify_test;
mod other_sponsors;
mod preflight;
mod prune;
mod protection;
mod publish;
mod record;
mod record_reads;
mod report;
mod restore;
mod restoring;
mod row_facts;
mod save_record;
mod secrets_source;
mod selected_backup;
mod session;
mod show;
mod sponsor_selection;
mod state_reads;
mod stored;
mod tenancy_guard;
mod timeline_reads;
mod verify;
mod which_backup;
mod workflow_files;

pub use context::RunContext;
pub use preflight::checks as preflight_checks;

use std::sync::Arc;

use tokio_util::task::AbortOnDropHandle;

use crate::cli::{CommandOptions, Request, UsageError};
use crate::databases::postgres::process;
use crate::failure::{self, Failure};
use crate::report::sink::Sink;
use crate::stop::Deadline;
use github::IssueReporter;
use metrics_delivery::MetricsDelivery;
use notification::Notifications;
use publish::Publisher;
use secrets_source::revoke_tokens;

/// Does what a command line asks for; returns the exit code.
pub async fn answer(request: Request, context: RunContext) -> u8 {
    match request {
        Request::Command { options, outputs } => Box::pin(run(*options, outputs, context)).await,
        Request::Init(options) => Box::pin(init::run(*options, &context)).await,
        Request::Text(text) => {
            context.sink.text(&text);
            0
        }
        Request::Nothing(help) => {
            context.sink.help(&help);
            failure::USAGE
        }
    }
}

/// Runs a command and reports it. On a terminal, `outputs` prints the outputs. Returns the exit code.
async fn run(options: CommandOptions, outputs: bool, mut context: RunContext) -> u8 {
    if outputs {
        context.sink.print_outputs();
    }
    // The run's own commit is the one of its workflow file. What is deployed may be another one, and that is what counts.
    if let Some(commit) = options.deployment().and_then(|deployment| deployment.commit_sha.as_ref()) {
        Arc::make_mut(&mut context.run).commit_sha = Some(commit.clone());
    }
    // Before anything else can be printed.
    context.mask(options.common().github.iter().map(|access| access.token.clone()));
    if let Err(failure) = open_log_file(&options, &context) {
        return refuse(&failure, &context.sink);
    }
    let issue = IssueReporter::new(&options);
    let metrics = MetricsDelivery::new(options.common(), &context);
    let notifications = Notifications::new(&options, &context);
    let publisher = Publisher::new(&options, &context);
    // A stopped run asks for no more secrets, and has few seconds: its tokens are revoked while it ends.
    let stopped = context.clone();
    let early = AbortOnDropHandle::new(tokio::spawn(async move {
        stopped.stop.requested().await;
        revoke_tokens(&stopped).await;
    }));
    let done = Box::pin(carry_out(options, &context, &publisher)).await;
    let code = done.unwrap_or_else(|failure| publisher.failure(&failure));
    if let Some(issue) = issue {
        Box::pin(issue.report(&publisher)).await;
    }
    tokio::join!(metrics.deliver(&context), Box::pin(notifications.deliver(&publisher, code)));
    if context.stop.signal().is_some() {
        early.await.ok();
    }
    revoke_tokens(&context).await;
    // Children whose futures were dropped have received a signal. They must not outlive this process.
    tokio::time::timeout(Deadline::EndChild.after_stop(), process::wait_for_all()).await.ok();
    publisher.last_word();
    match context.sink.lost_output().filter(|_| code == 0) {
        Some(lost) => refuse(&lost.into(), &context.sink),
        None => code,
    }
}

/// Runs the command itself. A panic outside of a sponsor's part is reported like any other failure.
async fn carry_out(
    options: CommandOptions,
    context: &RunContext,
    publisher: &Publisher<'_>,
) -> Result<u8, Failure> {
    let command = session::fenced(async {
        match options {
            CommandOptions::Matrix(options) => matrix::run(&options, context, publisher).await,
            CommandOptions::Backup(options) => backup::run(options, context, publisher).await,
            CommandOptions::Record(options) => record::run(options, context, publisher).await,
            CommandOptions::List(options) => list::run(options, context, publisher).await,
            CommandOptions::History(options) => Box::pin(history::run(options, context, publisher)).await,
            CommandOptions::Show(options) => Box::pin(show::run(options, context, publisher)).await,
            CommandOptions::Diff(options) => Box::pin(diff::run(options, context, publisher)).await,
            CommandOptions::Verify(options) => verify::run(options, context, publisher).await,
            CommandOptions::Restore(options) => restore::run(options, context, publisher).await,
            CommandOptions::Drill(options) => drill::run(options, context, publisher).await,
            CommandOptions::Copy(options) => Box::pin(copy::run(options, context, publisher)).await,
            CommandOptions::Hold(options) => Box::pin(hold::run(options, context, publisher)).await,
            CommandOptions::HoldList(options) => Box::pin(hold::list(options, context, publisher)).await,
            CommandOptions::Prune(options) => Box::pin(prune::run(options, context, publisher)).await,
            CommandOptions::Report(options) => Box::pin(report::run(options, context, publisher)).await,
            CommandOptions::Metrics(options) => Box::pin(metrics::run(options, context, publisher)).await,
            CommandOptions::NotifyTest(options) => {
                Box::pin(notify_test::run(options, context, publisher)).await
            }
            CommandOptions::Preflight(options) => Box::pin(preflight::run(options, context, publisher)).await,
        }
    });
    // Every step watches for a signal and undoes what it began. A step that does not by `EndRun` is not waited for.
    tokio::select! {
        biased;
        done = command => done,
        () = context.stop.passed(Deadline::EndRun) => Err(context.cancelled()),
    }
}

/// Opens the log file before anything starts.
fn open_log_file(options: &CommandOptions, context: &RunContext) -> Result<(), Failure> {
    let Some(path) = &options.common().log_file else { return Ok(()) };
    let opened = context.sink.log_to(path, context::now);
    Ok(opened.map_err(|error| UsageError::new(error.to_string()).hint(error.hint()))?)
}

/// Reports a failure before any command was accepted; returns the exit code.
#[must_use]
pub fn refuse(failure: &Failure, sink: &Sink) -> u8 {
    publish::refusal(failure, sink)
}
