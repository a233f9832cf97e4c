//! The database itself, next to what it holds: what its manifest says, and how the one that was restored differs. Pure.

use std::collections::BTreeSet;

use crate::archive::description;
use crate::dump::database::Database;
use crate::dump::locale::{Locale, Provider};
use crate::dump::settings::{Setting, Settings};

/// What a manifest says of a database.
#[must_use]
pub fn document(locale: &Locale, settings: &Settings) -> description::Database {
    let setting = |setting: &Setting| description::DatabaseSetting {
        role: setting.role.clone(),
        name: setting.name.clone(),
        value: setting.shown(),
        digest: setting.digest(&settings.salt),
    };
    description::Database {
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

/// The locale that a manifest tells.
#[must_use]
pub fn locale(told: &description::Database) -> Locale {
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

/// What a manifest says of a database, in words: `icu tr-TR, with settings: search_path, app.key`.
#[must_use]
pub fn words(told: &description::Database) -> String {
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

/// What the first lines of a dump hold otherwise than its manifest says, by name.
#[must_use]
pub(super) fn contradictions(told: &description::Database, carried: Option<&Settings>) -> Vec<String> {
    let Some(carried) = carried else {
        return vec!["its first lines are not settings of a database".to_owned()];
    };
    let found = document(&locale(told), carried);
    let mut findings = Vec::new();
    let names = |settings: &[description::DatabaseSetting], others: &[description::DatabaseSetting]| {
        let differing = settings.iter().filter(|setting| !others.contains(setting));
        differing.map(|setting| setting.name.clone()).collect::<Vec<_>>()
    };
    let mut differing = names(&told.settings, &found.settings);
    differing.extend(names(&found.settings, &told.settings));
    differing.sort();
    differing.dedup();
    if !differing.is_empty() {
        findings.push(format!("its settings are not the ones of its manifest: {}", differing.join(", ")));
    }
    if told.comment_digest != found.comment_digest {
        findings.push("its comment on the database is not the one of its manifest".to_owned());
    }
    findings
}

/// How a database that was restored differs from the one that was dumped.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// Both locales, in words, where text may be sorted or changed otherwise.
    pub locales: Option<String>,
    /// What else is not as it was, each in words that hold no value that may be secret.
    pub differing: Vec<String>,
}

impl Surroundings {
    /// Compares the two; `name` is that of the one that was restored. Settings are compared where they were to be kept.
    #[must_use]
    pub fn new(
        told: &description::Database,
        carried: Option<&Settings>,
        found: &Database,
        name: &str,
    ) -> Self {
        let was = locale(told);
        let is = &found.locale;
        let locales = (!was.sorts_like(is))
            .then(|| format!("the locale of the database: {} became {}", was.words(), is.words()));
        let mut differing = Vec::new();
        if was.encoding != is.encoding {
            differing.push(format!("the encoding of the database: {} became {}", was.encoding, is.encoding));
        }
        if let (Some(was), Some(is)) = (&was.collation_version, &is.collation_version)
            && locales.is_none()
            && was != is
        {
            differing.push(format!("the collation version of the database: {was} became {is}"));
        }
        differing.extend(carried.into_iter().flat_map(|carried| settings(carried, &found.settings, name)));
        Self { locales, differing }
    }
}

/// Settings and comments that are not the same, each with the statement that sets it.
fn settings(carried: &Settings, found: &Settings, name: &str) -> Vec<String> {
    let mut differing = Vec::new();
    for setting in &carried.all {
        let of = setting.role.as_ref().map(|role| format!(" of the role {role}")).unwrap_or_default();
        let what = match found.all.iter().find(|other| other.names_same(setting)) {
            None => "is not set",
            Some(other) if !other.is_same(setting) => "has another value",
            Some(_) => continue,
        };
        differing.push(format!("the setting {}{of} {what}: {};", setting.name, setting.command(name)));
    }
    for setting in &found.all {
        if !carried.all.iter().any(|other| other.names_same(setting)) {
            differing.push(format!("the setting {} is set, and was not set in the backup", setting.name));
        }
    }
    if carried.comment_digest("") != found.comment_digest("") {
        differing.push("the comment on the database is another one".to_owned());
    }
    differing
}

#[cfg(test)]
mod tests {
    use super::*;

    fn database(own: &str, settings: &[(&str, &str)]) -> Database {
        let setting =
            |(name, value): &(&str, &str)| Setting::new(None, (*name).to_owned(), (*value).to_owned());
        Database {
            locale: Locale {
                encoding: "UTF8".to_owned(),
                provider: Some(Provider::Icu),
                collate: "C".to_owned(),
                ctype: "C".to_owned(),
                locale: Some(own.to_owned()),
                icu_rules: None,
                collation_version: Some("153".to_owned()),
            },
            settings: Settings::new(settings.iter().map(setting).collect(), None),
            has_generated_values: false,
        }
    }

    #[test]
    fn a_database_like_the_one_that_was_dumped_differs_in_nothing() {
        let was = database("tr-TR", &[("search_path", "app, public"), ("app.key", "secret")]);
        let told = document(&was.locale, &was.settings);
        assert_eq!(contradictions(&told, Some(&was.settings)), Vec::<String>::new());
        assert_eq!(Surroundings::new(&told, Some(&was.settings), &was, "db"), Surroundings::default());
    }

    #[test]
    fn each_difference_is_named_and_no_secret_is_shown() {
        let was = database("tr-TR", &[("search_path", "app, public"), ("app.key", "secret")]);
        let told = document(&was.locale, &was.settings);
        let is = database("en-US", &[("app.key", "other"), ("work_mem", "1MB")]);
        let found = Surroundings::new(&told, Some(&was.settings), &is, "db");
        assert_eq!(found.locales.unwrap(), "the locale of the database: icu tr-TR became icu en-US");
        assert_eq!(
            found.differing,
            [
                "the setting search_path is not set: ALTER DATABASE \"db\" SET \"search_path\" TO E'app', E'public';",
                "the setting app.key has another value: ALTER DATABASE \"db\" SET \"app.key\" TO …;",
                "the setting work_mem is set, and was not set in the backup",
            ]
        );
        let forged = contradictions(&told, Some(&is.settings));
        assert_eq!(forged, ["its settings are not the ones of its manifest: app.key, search_path, work_mem"]);
        assert_eq!(contradictions(&told, None), ["its first lines are not settings of a database"]);
    }
}
