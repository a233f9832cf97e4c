//! `matrix`: manifest → selection → outputs.

use std::path::Path;

use super::publish::{Publisher, ReportedEnd};
use super::{RunContext, sponsor_selection, workflow_files};
use crate::cli::options::MatrixOptions;
use crate::failure::Failure;
use crate::report::lines::count;
use crate::report::metrics;
use crate::report::outputs::{self, json};
use crate::sponsors::matrix;
use crate::verification::{Conclusion, VerificationError};

pub(super) async fn run(
    options: &MatrixOptions,
    context: &RunContext,
    publisher: &Publisher<'_>,
) -> Result<u8, Failure> {
    let selected = sponsor_selection::select(&options.common, context).await?;
    let environment = options.common.environment.name();
    context.note_metrics(metrics::of_plan(environment, selected.enabled(), options.expected_within));
    let sponsors = selected.sponsors;
    let matrix = matrix(&sponsors, options.max_jobs);
    let names: Vec<&str> = sponsors.iter().map(|sponsor| sponsor.name.as_str()).collect();
    if let Some(folder) = &options.workflows {
        tokens_are_passed_on(folder, &names, context)?;
    }
    let mut all = vec![
        ("matrix", json(&matrix)),
        ("sponsors", json(&names)),
        ("count", matrix.include.len().to_string()),
        ("results", "[]".to_owned()),
    ];
    all.extend(outputs::of_a_conclusion(Conclusion::of_listing(names.len())));
    context.sink.result(&format!("{}\n", json(&matrix)));
    context.sink.outputs(&all)?;
    let jobs = count(matrix.include.len(), "job");
    publisher.conclude_with(&format!("{} in {jobs}", count(names.len(), "sponsor")));
    if names.is_empty() {
        // No later job runs that could warn.
        let text = "No sponsor is enabled in the manifest. Nothing to back up.";
        context.warn("no sponsor is enabled", text);
        return Ok(0);
    }
    publisher.reported.set(ReportedEnd::Results { results: Vec::new(), codes: Vec::new() }).ok();
    Ok(0)
}

/// Prints each place in the workflows that does not pass a sponsor's token.
fn tokens_are_passed_on(folder: &Path, sponsors: &[&str], context: &RunContext) -> Result<(), Failure> {
    let workflows = workflow_files::read(folder)?;
    let findings = workflow_files::missing_tokens(&workflows, sponsors)?;
    if findings.is_empty() {
        let files = count(workflows.len(), "workflow");
        context.sink.line(&format!("{files} checked: no sponsor's token is missing"));
        return Ok(());
    }
    findings.iter().for_each(|finding| context.sink.line(finding));
    Err(VerificationError {
        place: folder.display().to_string(),
        findings: vec![format!("{} without a sponsor's token", count(findings.len(), "place"))],
        hint: "Add the tokens listed above, next to those of other sponsors.".to_owned(),
    }
    .into())
}
