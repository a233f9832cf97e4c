//! Inputs that not every store can honor. One that was set is honored or refused, never ignored.
//!
//! An input about an object is refused if the store of that object cannot honor it: `storage-class` and `thaw` for the
//! backups, `object-lock` for each object that the command writes. An input about how to reach a bucket is refused only if
//! the sponsor has no bucket at all. Other sponsors of the run go on.
//!
//! Set means: not the default. A workflow passes the defaults of `action.yml` as inputs, so a typed default looks the same.
//! `AWS_ENDPOINT_URL_S3` is not an input: every program of a machine reads it.

use super::copy;
use crate::cli::inputs::{self, Command};
use crate::cli::usage::UsageError;
use crate::cli::values::Values;
use crate::secrets::{Ability, SponsorSecrets, StoreName};
use crate::store::LockChoice;

/// The inputs of this run that not every store can honor.
#[derive(Debug, Default)]
pub struct StoreInputs {
    inputs: Vec<StoreInput>,
    /// The store that `copy` writes to.
    target: Option<StoreName>,
}

#[derive(Debug)]
struct StoreInput {
    name: &'static str,
    /// `governance`, if the value is a word that may be shown.
    value: Option<String>,
    ability: Ability,
    concerns: Concerns,
}

/// The stores that an input is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Concerns {
    Backups,
    Records,
    /// Both, and each must honor it.
    Each,
    /// The one that `copy` writes to. Its record follows the store of the records.
    Target,
    /// All, and one that honors it is enough.
    Either,
}

pub(super) fn store_inputs(values: &Values<'_>) -> Result<StoreInputs, UsageError> {
    let locked = match values.command() {
        Command::Record | Command::Drill | Command::HoldAdd | Command::HoldRemove => Concerns::Records,
        Command::Copy => Concerns::Target,
        _ => Concerns::Each,
    };
    let dump = if values.command() == Command::Copy { Concerns::Target } else { Concerns::Backups };
    let lock = values.optional(inputs::OBJECT_LOCK)?.and_then(|choice| match choice {
        LockChoice::Auto | LockChoice::Off => None,
        LockChoice::Governance => Some("governance".to_owned()),
        LockChoice::Compliance => Some("compliance".to_owned()),
    });
    let class = values.optional(inputs::STORAGE_CLASS)?;
    let class = class.filter(|class| class != inputs::STORAGE_CLASS.input.default);
    let input = |name, value, ability, concerns| StoreInput { name, value, ability, concerns };
    let flag = |name, is_set: bool, ability, concerns| is_set.then(|| input(name, None, ability, concerns));
    let all = [
        lock.map(|mode| input("object-lock", Some(mode), Ability::Locks, locked)),
        class.map(|class| input("storage-class", Some(class), Ability::StorageClasses, dump)),
        flag("thaw", values.boolean(inputs::THAW)?, Ability::Thaw, Concerns::Backups),
        flag(
            "expected-bucket-owner",
            values.optional(inputs::EXPECTED_BUCKET_OWNER)?.is_some(),
            Ability::Owner,
            Concerns::Either,
        ),
        flag(
            "s3-endpoint-url",
            values.is_input(&inputs::S3_ENDPOINT_URL),
            Ability::Endpoint,
            Concerns::Either,
        ),
        flag(
            "s3-force-path-style",
            values.boolean(inputs::S3_FORCE_PATH_STYLE)?,
            Ability::Endpoint,
            Concerns::Either,
        ),
    ];
    Ok(StoreInputs { inputs: all.into_iter().flatten().collect(), target: copy::target(values)? })
}

impl StoreInputs {
    /// Checks them against one sponsor's stores, without a look at the stores themselves.
    ///
    /// # Errors
    /// The first input that a store cannot honor.
    pub fn check(&self, sponsor: &str, secrets: &SponsorSecrets) -> Result<(), UsageError> {
        let refused = self.inputs.iter().find_map(|input| {
            let refused = input.refused_by(secrets, self.target.as_ref())?;
            Some((input, refused))
        });
        let Some((StoreInput { name, value, ability, .. }, (objects, store))) = refused else {
            return Ok(());
        };
        let is = value.as_ref().map_or_else(|| "is set".to_owned(), |value| format!("is `{value}`"));
        let problem =
            format!("`{name}` {is}, but {sponsor}'s {objects} are in {store}, which has no {ability}");
        Err(UsageError::new(problem)
            .hint(format!("Unset `{name}`, or process {sponsor} in a step without it.")))
    }
}

impl StoreInput {
    /// The store that cannot honor it, and what is stored there.
    fn refused_by<'a>(
        &self,
        secrets: &'a SponsorSecrets,
        target: Option<&'a StoreName>,
    ) -> Option<(&'static str, &'a StoreName)> {
        let (backups, records) = (("backups", &secrets.backups), ("records", &secrets.audit_logs));
        let has = |(_, store): &(&str, &StoreName)| store.has(self.ability);
        let lacks = |store| Some(store).filter(|store| !has(store));
        match self.concerns {
            Concerns::Backups => lacks(backups),
            Concerns::Records => lacks(records),
            Concerns::Each => lacks(backups).or_else(|| lacks(records)),
            Concerns::Target => target.and_then(|target| lacks(("copies", target))),
            Concerns::Either => {
                let has_target = target.is_some_and(|target| target.has(self.ability));
                lacks(backups).filter(|_| !has(&records) && !has_target)
            }
        }
    }
}

#[cfg(test)]
mod tests;
