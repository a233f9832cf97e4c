//! What a run asks of GitHub and reports to it: approvals and pull requests for its records, and the issue of
//! `issue-on-failure`. A slow or silent GitHub delays nothing, and changes no outcome.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::sync::OnceCell;

use super::RunContext;
use super::publish::{Publisher, ReportedEnd};
use super::session::fenced;
use crate::cli::CommandOptions;
use crate::failure::Failure;
use crate::github::issues::{IssueAction, IssueUpdate, WatchedRun, sponsors_of};
use crate::github::{Access, GitHub};
use crate::record::Provenance;
use crate::report::issue;
use crate::verification::Outcome;

/// Time limit for all requests about approvals, including retries.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(5);
/// Time limit for all requests to GitHub about the issue.
const ISSUE_TIMEOUT: Duration = Duration::from_secs(30);

/// Asks once per run who approved it and which pull requests contain its commit. If an answer is missing, the record has
/// the reason.
pub(super) struct GitHubLookup<'a> {
    access: Option<&'a Access>,
    context: &'a RunContext,
    provenance: OnceCell<Provenance>,
}

impl<'a> GitHubLookup<'a> {
    pub(super) fn new(access: Option<&'a Access>, context: &'a RunContext) -> Self {
        Self { access, context, provenance: OnceCell::new() }
    }

    /// The answer for all sponsors' records. The first caller sends the requests.
    pub(super) async fn provenance(&self) -> &Provenance {
        self.provenance.get_or_init(|| Box::pin(self.ask())).await
    }

    async fn ask(&self) -> Provenance {
        let Some(access) = self.access else {
            return Provenance::not_asked("`github-token` is not set");
        };
        let run = &self.context.run;
        let asked = fenced(async {
            Ok(match GitHub::new(access, run.repository.as_deref()) {
                Ok(github) => github.provenance(run).await,
                Err(error) => Provenance::unavailable(&error.to_string()),
            })
        });
        let provenance = tokio::select! {
            asked = tokio::time::timeout(LOOKUP_TIMEOUT, asked) => match asked {
                Ok(Ok(provenance)) => provenance,
                Ok(Err(_)) => Provenance::unavailable("internal error of sponsor-backup (see its log)"),
                Err(_) => Provenance::unavailable("GitHub did not answer within 5 seconds"),
            },
            () = self.context.stop.requested() => {
                Provenance::unavailable("the run was stopped before GitHub answered")
            }
        };
        let provenance = provenance.cleaned(|text| self.context.sink.redacted(text));
        self.context.sink.group("GitHub", &provenance.lines());
        if let Some(trouble) = provenance.trouble() {
            self.context.annotate("approvals or pull requests are not in the record", &trouble);
        }
        provenance
    }
}

/// Updates the environment's issue with the end of the run.
pub(super) struct IssueReporter {
    access: Option<Access>,
    run: WatchedRun,
}

impl IssueReporter {
    /// The reporter, if the run wants one. A dry run never does: it did nothing to report.
    pub(super) fn new(options: &CommandOptions) -> Option<Self> {
        let common = options.common();
        if !common.issue_on_failure || common.dry_run {
            return None;
        }
        // That the newest backup is whole does not mend an older one, nor does a list make a backup new.
        let command = match options {
            CommandOptions::Matrix(_) => "matrix",
            CommandOptions::Backup(_) => "backup",
            CommandOptions::List(options) if options.max_backup_age.is_some() => "list age",
            CommandOptions::List(_) => "list",
            CommandOptions::History(_) => "history",
            CommandOptions::Show(_) => "show",
            CommandOptions::Verify(options) if options.all => "verify all",
            CommandOptions::Verify(_) => "verify",
            CommandOptions::Drill(_) => "drill",
            CommandOptions::Prune(_) => "prune",
            CommandOptions::Record(_)
            | CommandOptions::Diff(_)
            | CommandOptions::Restore(_)
            | CommandOptions::Copy(_)
            | CommandOptions::Hold(_)
            | CommandOptions::HoldList(_)
            | CommandOptions::Report(_)
            | CommandOptions::Metrics(_)
            | CommandOptions::NotifyTest(_)
            | CommandOptions::Preflight(_) => return None,
        };
        let run = WatchedRun { command, selection: common.selection.clone() };
        Some(Self { access: common.github.clone(), run })
    }

    /// Updates the issue. A run that was stopped has neither failed nor succeeded.
    pub(super) async fn report(&self, publisher: &Publisher<'_>) {
        let context = publisher.context;
        let (Some(end), None) = (publisher.reported.get(), context.stop.signal()) else { return };
        // A wrong input is seen by its author, and nothing is known of the backups.
        if matches!(end, ReportedEnd::Refusal { stage: "usage", .. }) {
            return;
        }
        let updated = fenced(async { Ok(self.update(end, publisher).await) });
        let updated = tokio::select! {
            updated = tokio::time::timeout(ISSUE_TIMEOUT, updated) => match updated {
                Ok(updated) => updated.unwrap_or_else(|panicked: Failure| Err(panicked.to_string())),
                Err(_) => Err("GitHub did not answer within 30s".to_owned()),
            },
            () = context.stop.requested() => Err("the run was stopped".to_owned()),
        };
        match updated {
            Ok(actions) => actions.into_iter().for_each(|action| context.sink.line(&describe_action(action))),
            Err(reason) => {
                let title = "could not update the GitHub issue";
                context.sink.line(&format!("warning: {title}: {reason}"));
                context.annotate(title, &reason);
            }
        }
    }

    async fn update(&self, end: &ReportedEnd, publisher: &Publisher<'_>) -> Result<Vec<IssueAction>, String> {
        let access = self.access.as_ref().ok_or("`issue-on-failure` needs `github-token`")?;
        let update = self.to_update(end, publisher);
        if update.failed.is_empty() && update.recovered.is_empty() {
            return Ok(Vec::new());
        }
        let github = GitHub::new(access, publisher.context.run.repository.as_deref());
        Box::pin(github.map_err(|error| error.to_string())?.update_issue(&update))
            .await
            .map_err(|error| error.to_string())
    }

    fn to_update(&self, end: &ReportedEnd, publisher: &Publisher<'_>) -> IssueUpdate {
        let (context, environment) = (publisher.context, publisher.environment.name());
        let run = issue::ReportingRun {
            subject: publisher.subject,
            environment,
            url: context.run.run_url.as_deref(),
            attempt: context.run.run_attempt.as_deref(),
        };
        let (failed, recovered, failure) = match end {
            ReportedEnd::Refusal { stage, message, hint } => {
                let failure = issue::of_a_refusal(run, (stage, message), hint.as_deref());
                (self.run.refused(), BTreeSet::new(), failure)
            }
            ReportedEnd::Results { results, .. } => {
                let having = |outcome| -> BTreeSet<String> {
                    let these = results.iter().filter(|result| result.outcome() == outcome);
                    these.map(|result| result.sponsor.clone()).collect()
                };
                // A sponsor whose flag is off is neither: nothing was proved.
                let recovered = having(Outcome::Success).into_iter().chain(self.run.reached()).collect();
                (having(Outcome::Failure), recovered, issue::of_failures(run, results))
            }
        };
        IssueUpdate {
            marker: self.run.marker(environment),
            title: issue::title(run),
            processed_all: self.run.is_of_all() && matches!(end, ReportedEnd::Results { .. }),
            failed,
            recovery: issue::of_a_recovery(run, &sponsors_of(&recovered)),
            recovered,
            failure: context.sink.redacted(&failure),
        }
    }
}

fn describe_action(action: IssueAction) -> String {
    match action {
        IssueAction::Opened(number) => format!("opened issue #{number}"),
        IssueAction::Commented(number) => format!("commented on issue #{number}"),
        IssueAction::Closed(number) => format!("closed issue #{number}"),
    }
}
