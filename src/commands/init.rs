//! `init`: answers → checks → files of a first sponsor → the next commands.

mod answers;
mod files;
mod repository;
mod terminal;
mod workflows;
mod writing;

use std::path::{Path, PathBuf};

use super::{RunContext, refuse, session};
use crate::cli::UsageError;
use crate::cli::options::InitOptions;
use crate::failure::Failure;
use crate::secrets::StoreName;
use crate::secrets::variables::Owner;
use answers::FirstSponsor;
use files::{MANIFEST, SECRETS};
use repository::{Private, Repository};
use terminal::Terminal;
use writing::{NewFile, PRIVATE, PUBLIC, Plan, refuse_existing};

/// What a first user types next. They are the result of the command.
const NEXT: [&str; 2] = [
    "sponsor-backup backup --environment development --manifest manifest.yaml --secrets-file secrets.yaml --pre-migration=false",
    "sponsor-backup drill --environment development --manifest manifest.yaml --secrets-file secrets.yaml",
];

/// Runs the command and reports it; returns the exit code.
pub(super) async fn run(options: InitOptions, context: &RunContext) -> u8 {
    let done = session::fenced(context.unless_stopped(set_up(options, context))).await;
    match done.and_then(|()| context.sink.lost_output().map_or(Ok(()), |lost| Err(lost.into()))) {
        Ok(()) => 0,
        Err(failure) => {
            if context.sink.is_terminal() && matches!(failure, Failure::Cancelled(_)) {
                // Ends the line of the question.
                context.sink.line("");
            }
            refuse(&failure, &context.sink)
        }
    }
}

async fn set_up(options: InitOptions, context: &RunContext) -> Result<(), Failure> {
    let (dry_run, workflows) = (options.dry_run, options.workflows.clone());
    let workspace = context.workspace.canonicalize().map_err(|error| {
        UsageError::new(format!("cannot use the current folder: {error}")).hint("Change to another folder.")
    })?;
    let terminal = Terminal::of(&context.sink);
    if terminal.is_some() {
        // Before anything is asked.
        refuse_existing(&workspace, &[&workspace.join(MANIFEST), &workspace.join(SECRETS)])?;
    }
    let sponsor = answers::complete(options, context).await?;
    let mut plan = plan(&sponsor, workspace, workflows.as_deref())?;
    plan.check()?;
    let (secrets, store) = (plan.workspace.join(SECRETS), new_folder(&sponsor));
    let private = [Private { path: &secrets, is_folder: false }, Private { path: &store, is_folder: true }];
    let repository = Repository::of(&plan.workspace, context).await;
    if let Some(repository) = &repository {
        refuse_tracked(repository, &secrets).await?;
    }
    if dry_run {
        plan.targets().iter().for_each(|target| context.sink.line(&format!("would create {target}")));
        warn_of_exposed(repository.as_ref(), &private, &plan, context).await;
        context.sink.line("planned only, nothing was written");
        return Ok(());
    }
    if let (Some(repository), Some(terminal)) = (&repository, terminal) {
        plan.added = lines_to_add(repository, &private, terminal, &plan).await?;
    }
    plan.write()?.iter().for_each(|written| context.sink.line(&format!("wrote {written}")));
    warn_of_exposed(repository.as_ref(), &private, &plan, context).await;
    if let (Some(repository), Some(folder)) = (&repository, &workflows) {
        warn_of_another_folder(repository, &plan.workspace.join(folder), context);
    }
    conclude(&sponsor, workflows.is_some(), context);
    Ok(())
}

/// Everything to write for a sponsor. The secrets come last: if anything fails before, none was written.
fn plan(sponsor: &FirstSponsor, workspace: PathBuf, workflows: Option<&Path>) -> Result<Plan, UsageError> {
    let own = sponsor.store.join(&sponsor.name);
    let folders = ["backups", "audit-logs"].map(|kind| own.join(kind));
    let [backups, records] = folders.each_ref().map(|folder| place(folder));
    let file = |name: &str, text, mode| NewFile { path: workspace.join(name), text, mode };
    let mut files = vec![file(MANIFEST, files::manifest(&sponsor.name, &sponsor.code), PUBLIC)];
    if let Some(folder) = workflows {
        let workflow = |(name, text)| NewFile { path: workspace.join(folder).join(name), text, mode: PUBLIC };
        files.extend(workflows::workflows(&sponsor.name)?.into_iter().map(workflow));
    }
    let secrets = files::secrets(&sponsor.name, &sponsor.database_url, [&backups?, &records?]);
    files.push(file(SECRETS, secrets, PRIVATE));
    Ok(Plan { workspace, folders: folders.to_vec(), files, added: None })
}

/// The folder as a place that a backup accepts.
fn place(folder: &Path) -> Result<StoreName, UsageError> {
    StoreName::folder(folder).map_err(|problem| {
        UsageError::new(format!(
            "`store` is in {}, which no file:// URL can name: {problem}",
            folder.display()
        ))
        .hint("Choose a folder with another name.")
    })
}

/// The folder that is only for backups: the store if it is new, else the sponsor's folder in it.
fn new_folder(sponsor: &FirstSponsor) -> PathBuf {
    if sponsor.store.exists() { sponsor.store.join(&sponsor.name) } else { sponsor.store.clone() }
}

/// Git would commit every change of a file that it tracks, whatever `.gitignore` contains.
async fn refuse_tracked(repository: &Repository<'_>, secrets: &Path) -> Result<(), UsageError> {
    if !repository.tracks(secrets).await {
        return Ok(());
    }
    Err(UsageError::new(format!("git tracks {SECRETS}, so the secrets in it would be committed"))
        .hint(format!("Run `git rm --cached {SECRETS}`, and commit that. Then run `init` again.")))
}

/// The lines that a person agrees to add to `.gitignore`, and its path. None twice.
async fn lines_to_add(
    repository: &Repository<'_>,
    private: &[Private<'_>],
    terminal: Terminal<'_>,
    plan: &Plan,
) -> Result<Option<(PathBuf, Vec<String>)>, Failure> {
    let file = repository.ignore_file();
    let known = repository::lines(&file);
    let exposed = repository.exposed(private).await.into_iter().map(|(_, line)| line);
    let lines: Vec<String> = exposed.filter(|line| !known.contains(line)).collect();
    if lines.is_empty() {
        return Ok(None);
    }
    let question = format!("Add {} to {}, so that git ignores it?", lines.join(" and "), plan.shown(&file));
    Ok(terminal.confirm(&question).await?.then_some((file, lines)))
}

async fn warn_of_exposed(
    repository: Option<&Repository<'_>>,
    private: &[Private<'_>],
    plan: &Plan,
    context: &RunContext,
) {
    let Some(repository) = repository else { return };
    let file = plan.shown(&repository.ignore_file());
    for (private, line) in repository.exposed(private).await {
        let what = format!("git does not ignore {}: add the line {line} to {file}", plan.shown(private.path));
        context.warn("git does not ignore secrets", &what);
    }
}

fn warn_of_another_folder(repository: &Repository<'_>, folder: &Path, context: &RunContext) {
    let read = repository.root().join(".github/workflows");
    if folder.canonicalize().ok().as_ref() != Some(&read) {
        let what = format!("GitHub reads workflows only from {}: move them there", read.display());
        context.warn("workflows in another folder", &what);
    }
}

fn conclude(sponsor: &FirstSponsor, has_workflows: bool, context: &RunContext) {
    if has_workflows {
        let token = Owner::Sponsor(&sponsor.name).variable();
        let token = format!("{} and {token}", Owner::Core.variable());
        context.sink.line(&format!(
            "The workflows read Doppler, not {SECRETS}: store the tokens {token} in GitHub first (docs/setup.md)."
        ));
    }
    context.sink.line("Next, back up and prove that the backup restores:");
    context.sink.text(&NEXT.map(|command| format!("{command}\n")).concat());
}
