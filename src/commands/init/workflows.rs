//! The workflows of a first sponsor: those of docs/workflows, with its token and this release. Pure.

use crate::cli::UsageError;
use crate::secrets::variables::Owner;

/// A workflow of docs/workflows, and what is written above it.
struct Template {
    name: &'static str,
    head: &'static str,
    text: &'static str,
}

macro_rules! template {
    ($name:literal, $head:literal) => {
        Template { name: $name, head: $head, text: include_str!(concat!("../../../docs/workflows/", $name)) }
    };
}

/// Together they are complete: each one that is called is among them, and what a deployment expects is backed up.
const TEMPLATES: [Template; 5] = [
    template!(
        "backup-databases-multi-sponsor.yml",
        "# A backup without a deployment: by hand, or called by backup-production.yml and backup-nightly.yml."
    ),
    template!(
        "backup-nightly.yml",
        "# Every night, for staging and development. Start it by hand once to check that it works."
    ),
    template!(
        "backup-production.yml",
        "# Every six hours, for production. Start it by hand once to check that it works."
    ),
    template!(
        "deploy.yml",
        "# Backup of every sponsor, deployment, record. Called by deploy-production.yml.\n\
         # Replace the steps of the job `deploy` with your own."
    ),
    template!(
        "deploy-production.yml",
        "# Approval, then deploy.yml: backup of every sponsor, deployment, record."
    ),
];

const ACTION: &str = "cure-hht/sponsor-backup@";
/// Linters ask for a commit, which a program cannot know of its own release.
const RELEASE: &str = concat!(
    "v",
    env!("CARGO_PKG_VERSION"),
    " # zizmor: ignore[unpinned-uses] the tag of a release never moves"
);
/// The two sponsors of the templates: the first one is replaced, the second one is left out.
const REPLACED: &str = "callisto";
const LEFT_OUT: &str = "titan";

/// Names and texts of all workflows.
///
/// # Errors
/// The sponsor's token has the name of another token.
pub(super) fn workflows(sponsor: &str) -> Result<Vec<(&'static str, String)>, UsageError> {
    let core = Owner::Core.variable();
    if Owner::Sponsor(sponsor).variable() == core {
        return Err(UsageError::new(format!("`sponsor` is `{sponsor}`, whose token would be {core}"))
            .hint("Choose another name: that variable holds the token of the manifest."));
    }
    Ok(TEMPLATES.iter().map(|template| (template.name, filled(template, sponsor))).collect())
}

fn filled(template: &Template, sponsor: &str) -> String {
    let token = |name: &str| Owner::Sponsor(name).variable();
    let left_out = token(LEFT_OUT) + ":";
    // Indentation of the entry that is being left out. Deeper lines belong to it.
    let mut entry = None;
    let mut text = format!("{}\n", template.head);
    // The template's own head says how to copy it.
    for line in template.text.lines().skip_while(|line| line.starts_with('#')) {
        let indentation = line.len() - line.trim_start().len();
        if entry.is_some_and(|entry| indentation > entry) {
            continue;
        }
        entry = line.trim_start().starts_with(&left_out).then_some(indentation);
        if entry.is_some() {
            continue;
        }
        let line = line.replace(&token(REPLACED), &token(sponsor));
        let line = line.replace(&format!("{REPLACED}'s"), &format!("{sponsor}'s"));
        text += &match line.split_once(ACTION) {
            Some((before, _)) => format!("{before}{ACTION}{RELEASE}\n"),
            None => line + "\n",
        };
    }
    text
}

#[cfg(test)]
mod tests;
