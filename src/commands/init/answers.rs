//! What `init` has to know: from flags and the environment, or from a person at a terminal.

use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};

use super::terminal::Terminal;
use crate::cli::UsageError;
use crate::cli::options::{FromInput, InitOptions, SponsorCode, SponsorName};
use crate::commands::RunContext;
use crate::databases::postgres::PostgresError;
use crate::databases::postgres::connection::Connection;
use crate::failure::Failure;
use crate::secrets::{DATABASE_URL, Secret};

/// The suggested folder for backups and records.
const STORE: &str = "./backups";

/// A sponsor as `init` writes it.
pub(super) struct FirstSponsor {
    pub(super) name: String,
    pub(super) code: String,
    /// Absolute, without symbolic links.
    pub(super) store: PathBuf,
    /// A URL that a backup accepts.
    pub(super) database_url: Secret,
}

/// Everything that the options name, and what a terminal adds.
pub(super) async fn complete(options: InitOptions, context: &RunContext) -> Result<FirstSponsor, Failure> {
    if let Some(url) = &options.database_url {
        context.mask([url.clone()]);
        checked(url, context)?;
    }
    match Terminal::of(&context.sink) {
        Some(terminal) => asked(options, terminal, context).await,
        None => given(options, &context.workspace),
    }
}

/// Without a terminal, each of them must be set. All that are not are named at once.
fn given(options: InitOptions, workspace: &Path) -> Result<FirstSponsor, Failure> {
    let missing = [
        ("`sponsor`", options.sponsor.is_none()),
        ("`code`", options.code.is_none()),
        ("`store`", options.store.is_none()),
        (DATABASE_URL, options.database_url.is_none()),
    ];
    let InitOptions {
        sponsor: Some(name),
        code: Some(code),
        store: Some(store),
        database_url: Some(url),
        ..
    } = options
    else {
        return Err(not_set(missing.iter().filter(|(_, missing)| *missing).map(|(name, _)| *name)).into());
    };
    let store = absolute(workspace, &store)?;
    Ok(FirstSponsor { name: name.0, code: code.0, store, database_url: url })
}

fn not_set<'a>(names: impl Iterator<Item = &'a str>) -> UsageError {
    let names: Vec<&str> = names.collect();
    let flags = names.iter().filter_map(|name| name.strip_prefix('`')?.strip_suffix('`'));
    let flags: Vec<String> = flags.map(|name| format!("`--{name}`")).collect();
    let export = "`export DATABASE_URL=postgresql://user:password@host:5432/database`";
    let hint = match (flags.is_empty(), names.contains(&DATABASE_URL)) {
        (true, _) => format!("Run {export} first."),
        (false, true) => format!("Set {}, and run {export} first.", flags.join(", ")),
        (false, false) => format!("Set {}, or run `init` on a terminal, which asks.", flags.join(", ")),
    };
    let are = if names.len() == 1 { "is" } else { "are" };
    UsageError::new(format!("{} {are} not set", names.join(", "))).hint(hint)
}

async fn asked(
    options: InitOptions,
    terminal: Terminal<'_>,
    context: &RunContext,
) -> Result<FirstSponsor, Failure> {
    let name = match options.sponsor {
        Some(name) => name,
        None => terminal.ask("Sponsor name", None, input::<SponsorName>).await?,
    };
    let code = match options.code {
        Some(code) => code,
        None => terminal.ask("Sponsor code", suggested(&name).as_deref(), input::<SponsorCode>).await?,
    };
    let store = match options.store {
        Some(store) => absolute(&context.workspace, &store)?,
        None => {
            let accept =
                |text: &str| absolute(&context.workspace, Path::new(text)).map_err(|error| error.message);
            terminal.ask("Folder for backups", Some(STORE), accept).await?
        }
    };
    let database_url = match options.database_url {
        Some(url) => url,
        None => {
            let accept = |text: &str| {
                let url = Secret::from(text);
                let is_usable = checked(&url, context).map_err(|error| error.to_string());
                is_usable.map(|()| url)
            };
            let url = terminal.ask_for_secret("Database URL (not shown)", accept).await?;
            context.mask([url.clone()]);
            url
        }
    };
    Ok(FirstSponsor { name: name.0, code: code.0, store, database_url })
}

fn input<T: FromInput>(text: &str) -> Result<T, String> {
    T::from_input(text).ok_or_else(|| T::HINT.to_owned())
}

/// The first three letters of a name.
fn suggested(name: &SponsorName) -> Option<String> {
    let letters = name.0.chars().filter(char::is_ascii_lowercase).take(3);
    let code = letters.collect::<String>().to_uppercase();
    (code.len() == 3).then_some(code)
}

/// Checks a database URL as a backup does, so that a typo is found now. Masks its password.
fn checked(url: &Secret, context: &RunContext) -> Result<(), PostgresError> {
    context.mask(Connection::parse(url)?.masks());
    Ok(())
}

/// The absolute path of a folder, new or not, without symbolic links.
///
/// # Errors
/// The path is a URL, begins with `~`, or leads through something that is not a folder.
fn absolute(workspace: &Path, store: &Path) -> Result<PathBuf, UsageError> {
    let shown = store.display();
    let wrong = |problem: &str| UsageError::new(format!("`store` is `{shown}`, {problem}"));
    if store.to_string_lossy().contains("://") {
        return Err(wrong("a URL, not a folder")
            .hint("Write the path of a folder. For S3, write the two files by hand (docs/setup.md)."));
    }
    if store.components().next().is_some_and(|first| first == Component::Normal(OsStr::new("~"))) {
        return Err(
            wrong("and only a shell replaces `~`").hint("Write the path of your home folder instead.")
        );
    }
    let failed = |error: std::io::Error| {
        wrong(&format!("which cannot be used: {error}")).hint("Write the path of a folder that you can use.")
    };
    let whole = std::path::absolute(workspace.join(store)).map_err(failed)?;
    for existing in whole.ancestors() {
        let real = match existing.canonicalize() {
            Ok(real) => real,
            // Also a symbolic link that leads nowhere: then what is above it counts, and the folder cannot be created.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(failed(error)),
        };
        let rest = whole.strip_prefix(existing).unwrap_or(Path::new(""));
        if !real.is_dir() {
            return Err(failed(std::io::ErrorKind::NotADirectory.into()));
        }
        if rest.components().any(|part| part == Component::ParentDir) {
            return Err(
                wrong("and `..` follows a folder that does not exist").hint("Write the path without `..`.")
            );
        }
        let store = if rest.as_os_str().is_empty() { real } else { real.join(rest) };
        // Each sponsor's folder would be one of the system's own, next to /etc.
        return if store == Path::new("/") {
            Err(wrong("the root of the file system")
                .hint("Write the path of a folder below it, such as `/srv/backups`."))
        } else {
            Ok(store)
        };
    }
    Err(failed(std::io::ErrorKind::NotFound.into()))
}

#[cfg(test)]
mod tests;
