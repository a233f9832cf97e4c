//! `preflight`: asks every module what it depends on, and reports all findings. Changes nothing.

mod general;
mod sponsor;

use std::collections::BTreeMap;

use futures_util::future::join;

use super::RunContext;
use super::backup_rows::BackupRows;
use super::publish::Publisher;
use super::secrets_source::ExaminedSecrets;
use super::session::{Sessions, contained, in_parallel};
use super::sponsor_selection;
use super::tenancy_guard::{SurveyOptions, TenancyGuard};
use crate::cli::options::PreflightOptions;
use crate::databases::postgres::PostgresError;
use crate::databases::postgres::client::Client;
use crate::failure::Failure;
use crate::finding::{Check, Finding};
use crate::report::preflight::PreflightReport;
use crate::secrets::preflight::rate_limit;
use crate::secrets::{S3Backups, SecretsError};
use general::Selection;

/// All checks, in the order in which modules are asked.
pub fn checks() -> impl Iterator<Item = &'static Check> {
    let by_module = [
        crate::manifest::preflight::CHECKS,
        crate::sponsors::preflight::CHECKS,
        crate::secrets::preflight::CHECKS,
        crate::verification::preflight::CHECKS,
        crate::databases::postgres::preflight::CHECKS,
        crate::store::preflight::CHECKS,
        crate::github::preflight::CHECKS,
        sponsor::CHECKS,
    ];
    by_module.into_iter().flatten()
}

/// What all sponsors of a run share.
struct PreflightRun<'a> {
    options: &'a PreflightOptions,
    context: &'a RunContext,
    sessions: Sessions<'a>,
    clients: Result<Vec<Client>, PostgresError>,
    rows: BackupRows<'a>,
    examined: Examined,
}

/// Each sponsor's secrets, or why they cannot be read.
type Examined = BTreeMap<String, Result<ExaminedSecrets, SecretsError>>;

pub(super) async fn run(
    options: PreflightOptions,
    context: &RunContext,
    publisher: &Publisher<'_>,
) -> Result<u8, Failure> {
    let mut report = PreflightReport::default();
    let (selection, mut general) = general::selection(&options, context).await?;
    let mut ended = Vec::new();
    if let Some(selection) = selection {
        let run = examine(&options, context, publisher, &selection).await?;
        let sponsors = &selection.selected.sponsors;
        let parts = in_parallel(sponsors, options.deployment.max_parallel.get(), |sponsor| {
            contained(run.sponsor(sponsor), |failure| {
                (Vec::new(), run.sessions.end_broken(sponsor, &failure))
            })
        });
        let names: Vec<&str> = sponsors.iter().map(|sponsor| sponsor.name.as_str()).collect();
        let (asked, parts) = join(general::repository(&options, &names, context), parts).await;
        general.extend(
            selection.secrets.doppler().map(|doppler| rate_limit(selection.enabled, doppler.rate_limit())),
        );
        general.extend(asked?);
        for (sponsor, (findings, part)) in sponsors.iter().zip(parts) {
            report.sponsors.push((sponsor.name.clone(), findings));
            ended.push(part);
        }
    } else {
        general.extend(general::repository(&options, &[], context).await?);
    }
    report.general = general.into_iter().map(|finding| redacted(finding, context)).collect();
    show(&options, context, &report);
    publisher.preflight(ended, &report)
}

/// Reads all sponsors' secrets and identifies their databases, whatever their flags hold.
async fn examine<'a>(
    options: &'a PreflightOptions,
    context: &'a RunContext,
    publisher: &'a Publisher<'a>,
    selection: &Selection<'_>,
) -> Result<PreflightRun<'a>, Failure> {
    let (secrets, selected) = (&selection.secrets, &selection.selected);
    let at_once = options.deployment.max_parallel.get();
    let clients = sponsor_selection::clients(context).await?;
    let asked = in_parallel(&selected.sponsors, at_once, |sponsor| async {
        (sponsor.name.clone(), secrets.examine(&sponsor.name).await)
    });
    let examined: Examined = context.unless_stopped(async { Ok(asked.await) }).await?.into_iter().collect();
    let client = clients.as_ref().ok().and_then(|clients| clients.last());
    let how = SurveyOptions { client, at_once, timeout: sponsor::PART_TIMEOUT };
    let fetch = async |name: &str| archival(&examined, name).await;
    let guard = TenancyGuard::of_databases_by(fetch, secrets, selected, how, context).await;
    let sessions = Sessions { common: &options.common, context, guard, publisher };
    Ok(PreflightRun { options, context, sessions, clients, rows: BackupRows::new(context, None), examined })
}

/// One sponsor's secrets as if its flag were `true`: preflight is for sponsors that are about to be enabled.
async fn archival(examined: &Examined, sponsor: &str) -> Result<S3Backups, SecretsError> {
    match examined.get(sponsor) {
        Some(Ok(ExaminedSecrets { secrets, .. })) => {
            secrets.clone().map(|secrets| S3Backups::Enabled(Box::new(secrets)))
        }
        Some(Err(error)) => Err(error.clone()),
        // All selected sponsors were examined.
        None => std::future::pending().await,
    }
}

fn show(options: &PreflightOptions, context: &RunContext, report: &PreflightReport) {
    let sink = &context.sink;
    match (sink.is_workflow(), options.json) {
        (true, false) => {
            for (title, lines, is_well) in report.tables() {
                if is_well { sink.group(&title, &lines) } else { sink.block(&[vec![title], lines].concat()) }
            }
        }
        (_, true) => sink.document("The findings as JSON", report.json().lines().map(str::to_owned)),
        (false, false) => {
            let lines =
                report.tables().into_iter().flat_map(|(title, lines, _)| [vec![title], lines].concat());
            sink.text(&lines.map(|line| line + "\n").collect::<String>());
        }
    }
}

/// A finding without any secret that a server quoted.
fn redacted(finding: Finding, context: &RunContext) -> Finding {
    let clean = |text: String| context.sink.redacted(&text);
    Finding { what: clean(finding.what), why: clean(finding.why), fix: clean(finding.fix), ..finding }
}
