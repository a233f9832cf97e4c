//! The database itself, apart from its contents: its part of the manifest, and how the restored one differs. Pure.

use std::collections::BTreeSet;

use crate::archive::backup_manifest;
use crate::databases::postgres::database::{Database, Locale, Provider};
use crate::databases::postgres::proof::DatabaseDifferences;
use crate::databases::postgres::settings::{Setting, Settings};

/// The manifest's entry for a database.
#[must_use]
pub fn document(locale: &Locale, settings: &Settings) -> backup_manifest::Database {
    let setting = |setting: &Setting| backup_manifest::DatabaseSetting {
        role: setting.role.clone(),
        name: setting.name.clone(),
        value: setting.shown(),
        digest: setting.digest(&settings.salt),
    };
    backup_manifest::Database {
        encoding: locale.encoding.clone(),
        locale_provider: locale.provider.map(|provider| provider.name().to_owned()),
        collate: locale.collate.clone(),
        ctype: locale.ctype.clone(),
        locale: locale.locale.clone(),
        icu_rules: locale.icu_rules.clone(),
        collation_version: locale.collation_version.clone(),
        settings: settings.all.iter().map(setting).collect(),
        comment_digest: settings.comment_digest(&settings.salt),
    }
}

/// The locale in a manifest.
#[must_use]
pub fn locale(told: &backup_manifest::Database) -> Locale {
    Locale {
        encoding: told.encoding.clone(),
        provider: told.locale_provider.as_deref().and_then(Provider::named),
        collate: told.collate.clone(),
        ctype: told.ctype.clone(),
        locale: told.locale.clone(),
        icu_rules: told.icu_rules.clone(),
        collation_version: told.collation_version.clone(),
    }
}

/// A manifest's database as text: `icu tr-TR, with settings: search_path, app.key`.
#[must_use]
pub fn words(told: &backup_manifest::Database) -> String {
    let names: BTreeSet<&str> = told.settings.iter().map(|setting| setting.name.as_str()).collect();
    let settings = names.into_iter().collect::<Vec<_>>().join(", ");
    let what = match (told.comment_digest.is_some(), settings.is_empty()) {
        (false, true) => String::new(),
        (true, true) => ", with its comment".to_owned(),
        (false, false) => format!(", with settings: {settings}"),
        (true, false) => format!(", with its comment and settings: {settings}"),
    };
    format!("{}{what}", locale(told).words())
}

/// Each contradiction between the first lines of a dump and its manifest, by name.
#[must_use]
pub(super) fn contradictions(told: &backup_manifest::Database, carried: Option<&Settings>) -> Vec<String> {
    let Some(carried) = carried else {
        return vec!["the first lines of the dump are not valid database settings".to_owned()];
    };
    let found = document(&locale(told), carried);
    let mut findings = Vec::new();
    let names = |settings: &[backup_manifest::DatabaseSetting],
                 others: &[backup_manifest::DatabaseSetting]| {
        let differing = settings.iter().filter(|setting| !others.contains(setting));
        differing.map(|setting| setting.name.clone()).collect::<Vec<_>>()
    };
    let mut differing = names(&told.settings, &found.settings);
    differing.extend(names(&found.settings, &told.settings));
    differing.sort();
    differing.dedup();
    if !differing.is_empty() {
        findings.push(format!("database settings differ from the manifest: {}", differing.join(", ")));
    }
    if told.comment_digest != found.comment_digest {
        findings.push("the database comment differs from the manifest".to_owned());
    }
    findings
}

impl DatabaseDifferences {
    /// Compares both. `name` is that of the restored database. Settings are compared only if the restore keeps them.
    #[must_use]
    pub fn new(
        told: &backup_manifest::Database,
        carried: Option<&Settings>,
        found: &Database,
        name: &str,
    ) -> Self {
        let was = locale(told);
        let is = &found.locale;
        let locales = (!was.sorts_like(is))
            .then(|| format!("the database locale is {}, expected {}", is.words(), was.words()));
        let mut differing = Vec::new();
        if was.encoding != is.encoding {
            differing.push(format!("the database encoding is {}, expected {}", is.encoding, was.encoding));
        }
        if let (Some(was), Some(is)) = (&was.collation_version, &is.collation_version)
            && locales.is_none()
            && was != is
        {
            differing.push(format!("the database collation version is {is}, expected {was}"));
        }
        differing.extend(carried.into_iter().flat_map(|carried| settings(carried, &found.settings, name)));
        Self { locales, differing }
    }
}

/// Settings and comments that differ, each with the statement that sets it.
fn settings(carried: &Settings, found: &Settings, name: &str) -> Vec<String> {
    let mut differing = Vec::new();
    for setting in &carried.all {
        let what = match found.all.iter().find(|other| other.names_same(setting)) {
            None => "is not set",
            Some(other) if !other.is_same(setting) => "has a different value",
            Some(_) => continue,
        };
        let remedy = if setting.shown().is_some() {
            format!("{};", setting.command(name))
        } else {
            "the role cannot set it, or the database existed before. The backup's value is in the first lines of the dump"
                .to_owned()
        };
        differing.push(format!("{} {what}: {remedy}", named(setting)));
    }
    for setting in &found.all {
        if !carried.all.iter().any(|other| other.names_same(setting)) {
            let reset = setting.reset(name);
            differing.push(format!("{} is set here but not in the backup: {reset};", named(setting)));
        }
    }
    if carried.comment_digest("") != found.comment_digest("") {
        differing.push("the database comment differs from the backup".to_owned());
    }
    differing
}

fn named(setting: &Setting) -> String {
    let of = setting.role.as_ref().map(|role| format!(" of the role {role}")).unwrap_or_default();
    format!("the setting {}{of}", setting.name)
}

#[cfg(test)]
pub(super) mod tests;
