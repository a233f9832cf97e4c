//! The options of `init`.

use std::path::PathBuf;

use crate::cli::inputs;
use crate::cli::kinds::{SponsorCode, SponsorName};
use crate::cli::usage::UsageError;
use crate::cli::values::Values;
use crate::secrets::{DATABASE_URL, Secret};

/// `init`. What is absent, a terminal asks for.
#[derive(Debug)]
pub struct InitOptions {
    /// Name of the first sponsor.
    pub sponsor: Option<SponsorName>,
    /// Its code.
    pub code: Option<SponsorCode>,
    /// Folder for backups and records, as typed.
    pub store: Option<PathBuf>,
    /// URL of its database, from the environment.
    pub database_url: Option<Secret>,
    /// Folder to write workflows into, as typed. Absent: no workflows.
    pub workflows: Option<PathBuf>,
    /// Whether to print the plan only.
    pub dry_run: bool,
}

pub(in crate::cli) fn init(values: &Values<'_>) -> Result<InitOptions, UsageError> {
    Ok(InitOptions {
        sponsor: values.optional(inputs::SPONSOR)?,
        code: values.optional(inputs::CODE)?,
        store: values.optional(inputs::STORE_FOLDER)?,
        database_url: values.variable(DATABASE_URL).map(Secret::from),
        workflows: values.optional(inputs::WORKFLOWS)?,
        dry_run: values.boolean(inputs::DRY_RUN)?,
    })
}
