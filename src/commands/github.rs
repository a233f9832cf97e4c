//! Asks GitHub once per run who approved it and which pull requests contain its commit. A slow or silent GitHub
//! delays nothing: it is asked during the backups, for a few seconds at most. If an answer is missing, the record has
//! the reason.

use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt as _;
use secrecy::ExposeSecret as _;
use tokio::sync::OnceCell;

use super::RunContext;
use super::publish::{Publisher, ReportedEnd};
use crate::cli::CommandOptions;
use crate::github::issues::{IssueAction, IssueUpdate, RUN_ITSELF, marker, unprocessed};
use crate::github::{Access, GitHub};
use crate::manifest::is_name;
use crate::record::Provenance;
use crate::report::issue;
use crate::report::workflow::{Level, annotation};
use crate::sponsors::Selection;
use crate::verification::Outcome;

/// Time limit for all requests, including retries.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(5);

pub(super) struct GitHubLookup<'a> {
    access: Option<&'a Access>,
    edge: &'a RunContext,
    answer: OnceCell<Provenance>,
}

impl<'a> GitHubLookup<'a> {
    pub(super) fn new(access: Option<&'a Access>, edge: &'a RunContext) -> Self {
        Self { access, edge, answer: OnceCell::new() }
    }

    /// The answer for all sponsors' records. The first caller sends the requests.
    pub(super) async fn answer(&self) -> &Provenance {
        self.answer.get_or_init(|| Box::pin(self.ask())).await
    }

    async fn ask(&self) -> Provenance {
        let Some(access) = self.access else {
            return Provenance::not_asked("`github-token` is not set");
        };
        let run = &self.edge.run;
        let asked = async {
            match GitHub::new(access, run.repository.as_deref()) {
                Ok(github) => github.provenance(run).await,
                Err(error) => Provenance::unavailable(&error.to_string()),
            }
        };
        let asked = AssertUnwindSafe(asked).catch_unwind();
        let stop = self.edge.stop.child();
        let provenance = tokio::select! {
            asked = tokio::time::timeout(LOOKUP_TIMEOUT, asked) => match asked {
                Ok(Ok(provenance)) => provenance,
                Ok(Err(_)) => Provenance::unavailable("internal error of sponsor-backup (see its log)"),
                Err(_) => Provenance::unavailable("GitHub did not answer within 5 seconds"),
            },
            () = stop.cancelled() => Provenance::unavailable("the run was stopped before GitHub answered"),
        };
        let provenance = provenance.cleaned(|text| self.edge.sink.redacted(text));
        self.edge.sink.group("GitHub", &provenance.lines());
        if let Some(trouble) = provenance.trouble() {
            let title = "approvals or pull requests are not in the record";
            self.edge.sink.annotations(&[annotation(Level::Warning, title, &trouble)]);
        }
        provenance
    }
}

// `issue-on-failure`: after the report, updates the environment's issue with the end of the run. A failure to do so is a
// warning, and changes nothing else.

/// Time limit for all requests to GitHub about the issue.
const ISSUE_TIMEOUT: Duration = Duration::from_secs(30);

/// What to ring with.
pub(super) struct IssueReporter {
    access: Option<Access>,
    command: &'static str,
    selection: Selection,
}

/// How GitHub is asked by an order. Its token is hidden before anything else happens.
pub(super) fn mask_token(order: &CommandOptions, edge: &RunContext) {
    let access = match order {
        CommandOptions::Matrix(order) => &order.github,
        CommandOptions::Backup(order) => &order.github,
        CommandOptions::Record(order) => &order.github,
        CommandOptions::List(order) => &order.github,
        CommandOptions::Verify(order) => &order.github,
        CommandOptions::Drill(order) => &order.github,
        CommandOptions::Restore(_) => &None,
    };
    if let Some(access) = access {
        edge.sink.mask(access.token.expose_secret());
    }
}

impl IssueReporter {
    /// The alarm of an order, if it wants one. A dry run never does: it did nothing to report.
    pub(super) fn of(order: &CommandOptions) -> Option<Self> {
        let (access, command, scope) = match order {
            CommandOptions::Matrix(order) if order.issue_on_failure => {
                (&order.github, "matrix", &order.scope)
            }
            CommandOptions::Backup(order) if order.issue_on_failure && !order.dry_run => {
                (&order.github, "backup", &order.scope)
            }
            // That the newest backup is whole does not mend an older one, nor does a list make a backup new.
            CommandOptions::List(order) if order.issue_on_failure => {
                let command = if order.max_backup_age.is_some() { "list age" } else { "list" };
                (&order.github, command, &order.scope)
            }
            CommandOptions::Verify(order) if order.issue_on_failure && !order.dry_run => {
                (&order.github, if order.all { "verify all" } else { "verify" }, &order.scope)
            }
            CommandOptions::Drill(order) if order.issue_on_failure && !order.dry_run => {
                (&order.github, "drill", &order.scope)
            }
            _ => return None,
        };
        Some(Self { access: access.clone(), command, selection: scope.selection.clone() })
    }

    /// Updates the issue. A run that was stopped has neither failed nor succeeded.
    pub(super) async fn ring(&self, publisher: &Publisher<'_>) {
        let edge = publisher.edge;
        let (Some(heard), None) = (publisher.heard.get(), edge.stop.signal()) else { return };
        // A wrong input is seen by its author, and nothing is known of the backups.
        if matches!(heard, ReportedEnd::Refusal { stage: "usage", .. }) {
            return;
        }
        let stop = edge.stop.child();
        let told = AssertUnwindSafe(self.tell(heard, publisher)).catch_unwind();
        let told = tokio::select! {
            told = tokio::time::timeout(ISSUE_TIMEOUT, told) => match told {
                Ok(Ok(told)) => told,
                Ok(Err(_)) => Err("internal error: panicked (see the lines above)".to_owned()),
                Err(_) => Err("GitHub did not answer within 30s".to_owned()),
            },
            () = stop.cancelled() => Err("the run was stopped".to_owned()),
        };
        match told {
            Ok(told) => told.into_iter().for_each(|told| edge.sink.line(&describe_action(told))),
            Err(reason) => {
                let title = "could not update the GitHub issue";
                edge.sink.line(&format!("warning: {title}: {reason}"));
                edge.sink.annotations(&[annotation(Level::Warning, title, &reason)]);
            }
        }
    }

    async fn tell(&self, heard: &ReportedEnd, publisher: &Publisher<'_>) -> Result<Vec<IssueAction>, String> {
        let edge = publisher.edge;
        let access = self.access.as_ref().ok_or("`issue-on-failure` needs `github-token`")?;
        let update = self.update(heard, publisher);
        if update.failed.is_empty() && update.recovered.is_empty() {
            return Ok(Vec::new());
        }
        let github = GitHub::new(access, edge.run.repository.as_deref());
        Box::pin(github.map_err(|error| error.to_string())?.update_issue(&update))
            .await
            .map_err(|error| error.to_string())
    }

    fn update(&self, heard: &ReportedEnd, publisher: &Publisher<'_>) -> IssueUpdate {
        let (edge, environment) = (publisher.edge, publisher.environment.name());
        let run = issue::ReportingRun {
            subject: publisher.subject,
            environment,
            url: edge.run.run_url.as_deref(),
            attempt: edge.run.run_attempt.as_deref(),
        };
        let (failed, recovered, failure) = match heard {
            ReportedEnd::Refusal { stage, message, hint } => {
                let failure = issue::of_a_refusal(run, (stage, message), hint.as_deref());
                (self.refused(), BTreeSet::new(), failure)
            }
            ReportedEnd::Results(results) => {
                let having = |outcome| -> BTreeSet<String> {
                    let these = results.iter().filter(|result| result.outcome() == outcome);
                    these.map(|result| result.sponsor.clone()).collect()
                };
                // A sponsor whose flag is off is neither: nothing was proved.
                let recovered = having(Outcome::Success).into_iter().chain(self.reached()).collect();
                (having(Outcome::Failure), recovered, issue::of_failures(run, results))
            }
        };
        let named = recovered.iter().filter(|name| is_name(name) && *name != RUN_ITSELF).cloned().collect();
        IssueUpdate {
            marker: marker(self.command, environment),
            title: issue::title(run),
            processed_all: self.is_of_all() && matches!(heard, ReportedEnd::Results(_)),
            failed,
            recovery: issue::of_a_recovery(run, &named),
            recovered,
            failure: edge.sink.redacted(&failure),
        }
    }

    /// What failed if no sponsor was reached. A run for certain sponsors failed for these: others' success says
    /// nothing of them. The matrix runs for all jobs that come after it.
    fn refused(&self) -> BTreeSet<String> {
        match &self.selection {
            // An input that is not a valid name must not get into the lines that are read again.
            Selection::Named(names) | Selection::Listed(names)
                if !self.is_matrix() && names.iter().all(|name| is_name(name)) =>
            {
                names.iter().map(|name| unprocessed(name)).collect()
            }
            _ => BTreeSet::from([RUN_ITSELF.to_owned()]),
        }
    }

    /// What is well as soon as sponsors have their turn.
    fn reached(&self) -> BTreeSet<String> {
        if self.is_of_all() { BTreeSet::from([RUN_ITSELF.to_owned()]) } else { self.refused() }
    }

    fn is_of_all(&self) -> bool {
        self.is_matrix() || self.selection == Selection::AllEnabled
    }

    fn is_matrix(&self) -> bool {
        self.command == "matrix"
    }
}

fn describe_action(told: IssueAction) -> String {
    match told {
        IssueAction::Opened(number) => format!("opened issue #{number}"),
        IssueAction::Commented(number) => format!("commented on issue #{number}"),
        IssueAction::Closed(number) => format!("closed issue #{number}"),
    }
}
