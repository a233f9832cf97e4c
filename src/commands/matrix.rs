//! `matrix`: manifest → selection → outputs.

use std::path::Path;

use super::publish::{Publisher, ReportedEnd};
use super::{RunContext, scope};
use crate::cli::UsageError;
use crate::cli::order::MatrixOptions;
use crate::failure::Failure;
use crate::report::lines::count;
use crate::report::outputs::{self, json};
use crate::secrets::workflows::missing_tokens;
use crate::sponsors::matrix::matrix;
use crate::verification::{Conclusion, VerificationError};

pub(super) async fn run(
    order: &MatrixOptions,
    edge: &RunContext,
    publisher: &Publisher<'_>,
) -> Result<u8, Failure> {
    let sponsors = scope::select(&order.scope, edge).await?.sponsors;
    let matrix = matrix(&sponsors, order.max_jobs);
    let names: Vec<&str> = sponsors.iter().map(|sponsor| sponsor.name.as_str()).collect();
    if let Some(folder) = &order.workflows {
        tokens_are_passed_on(folder, &names, edge)?;
    }
    let mut all = vec![
        ("matrix", json(&matrix)),
        ("sponsors", json(&names)),
        ("count", matrix.include.len().to_string()),
        ("results", "[]".to_owned()),
    ];
    all.extend(outputs::of_a_conclusion(Conclusion::of_listing(names.len())));
    edge.sink.result(&format!("{}\n", json(&matrix)));
    edge.sink.outputs(&all)?;
    let jobs = count(matrix.include.len(), "job");
    publisher.conclude_with(&format!("{} in {jobs}", count(names.len(), "sponsor")));
    if names.is_empty() {
        // No later job runs that could warn.
        let text = "No sponsor is enabled in the manifest. Nothing to back up.";
        scope::warn(edge, "no sponsor is enabled", text);
        return Ok(0);
    }
    publisher.heard.set(ReportedEnd::Results(Vec::new())).ok();
    Ok(0)
}

/// Prints each place in the workflows that does not pass a sponsor's token.
fn tokens_are_passed_on(folder: &Path, sponsors: &[&str], edge: &RunContext) -> Result<(), Failure> {
    let unreadable = |error: &dyn std::fmt::Display| {
        UsageError::new(format!("cannot read `workflows`: {error}"))
            .hint("Check the `workflows` input: a folder of YAML files, usually `.github/workflows`.")
    };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|error| unreadable(&error))? {
        let path = entry.map_err(|error| unreadable(&error))?.path();
        if path.extension().is_some_and(|extension| extension == "yml" || extension == "yaml") {
            files.push(path);
        }
    }
    files.sort();
    let mut findings = Vec::new();
    for file in &files {
        let name = file.display();
        let text = std::fs::read_to_string(file).map_err(|error| unreadable(&format!("{name}: {error}")))?;
        let missing =
            missing_tokens(&text, sponsors).map_err(|error| unreadable(&format!("{name}: {error}")))?;
        findings.extend(missing.into_iter().map(|missing| format!("{name}: {missing}")));
    }
    if findings.is_empty() {
        edge.sink.line(&format!("{} checked: no sponsor's token is missing", count(files.len(), "workflow")));
        return Ok(());
    }
    findings.iter().for_each(|finding| edge.sink.line(finding));
    Err(VerificationError {
        place: folder.display().to_string(),
        findings: vec![format!("{} without a sponsor's token", count(findings.len(), "place"))],
        hint: "Add the tokens listed above, next to those of other sponsors.".to_owned(),
    }
    .into())
}
