//! `matrix`: manifest → selection → outputs.

use std::path::{Path, PathBuf};

use super::publish::{Publisher, ReportedEnd};
use super::{RunContext, sponsor_selection};
use crate::cli::UsageError;
use crate::cli::options::MatrixOptions;
use crate::failure::Failure;
use crate::report::lines::count;
use crate::report::outputs::{self, json};
use crate::secrets::workflows::missing_tokens;
use crate::sponsors::matrix;
use crate::verification::{Conclusion, VerificationError};

pub(super) async fn run(
    options: &MatrixOptions,
    context: &RunContext,
    publisher: &Publisher<'_>,
) -> Result<u8, Failure> {
    let sponsors = sponsor_selection::select(&options.common, context).await?.sponsors;
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
    publisher.reported.set(ReportedEnd::Results(Vec::new())).ok();
    Ok(0)
}

/// Prints each place in the workflows that does not pass a sponsor's token.
fn tokens_are_passed_on(folder: &Path, sponsors: &[&str], context: &RunContext) -> Result<(), Failure> {
    let files = workflow_texts(folder)?;
    let mut findings = Vec::new();
    for (name, text) in &files {
        let missing =
            missing_tokens(text, sponsors).map_err(|error| unreadable(&format!("{name}: {error}")))?;
        findings.extend(missing.into_iter().map(|missing| format!("{name}: {missing}")));
    }
    if findings.is_empty() {
        let files = count(files.len(), "workflow");
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

/// The YAML files of a folder, each with its path and text.
pub(super) fn workflow_texts(folder: &Path) -> Result<Vec<(String, String)>, UsageError> {
    let files = workflow_files(folder).map_err(|error| unreadable(&error))?;
    let read = |file: PathBuf| {
        let name = file.display().to_string();
        let text = std::fs::read_to_string(&file).map_err(|error| unreadable(&format!("{name}: {error}")))?;
        Ok((name, text))
    };
    files.into_iter().map(read).collect()
}

/// The YAML files of a folder, by name.
fn workflow_files(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "yml" || extension == "yaml") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

pub(super) fn unreadable(error: &dyn std::fmt::Display) -> UsageError {
    UsageError::new(format!("cannot read `workflows`: {error}"))
        .hint("Check the `workflows` input: a folder of YAML files, usually `.github/workflows`.")
}
