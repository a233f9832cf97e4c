//! A sponsor as a trial wants it: enabled with the flag on and a small diary, unless said otherwise. Plain values.

use std::collections::BTreeMap;

use super::database::Database;
use super::place::Place;
use super::s3::{Keys, REGION};

/// A sponsor in preparation.
#[derive(Debug, Clone)]
pub(crate) struct Sponsor {
    pub(super) name: String,
    pub(super) code: String,
    pub(super) enabled: bool,
    pub(super) password: String,
    pub(super) rows: Option<(u32, u32)>,
    pub(super) in_folders: bool,
    changed: BTreeMap<String, Option<String>>,
}

impl Sponsor {
    /// Enabled, archival on, 20 patients and 300 events; its code is its first three letters.
    pub(crate) fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            code: name.chars().filter(char::is_ascii_alphabetic).take(3).collect::<String>().to_uppercase(),
            enabled: true,
            password: format!("pw-{}", uuid::Uuid::new_v4().simple()),
            rows: Some((20, 300)),
            in_folders: false,
            changed: BTreeMap::new(),
        }
    }

    /// Backups and records in two folders of the trial's workspace instead of buckets. Has no AWS secrets.
    pub(crate) fn in_folders(mut self) -> Self {
        self.in_folders = true;
        self
    }

    /// `enabled: false` in the manifest.
    pub(crate) fn disabled(mut self) -> Self {
        self.enabled = false;
        self
    }

    /// Another code than the first three letters.
    pub(crate) fn code(mut self, code: &str) -> Self {
        code.clone_into(&mut self.code);
        self
    }

    /// `ENABLE_S3_BACKUP_ARCHIVAL`: `Some("false")`, `Some("")`, or `None` for a secret that does not exist.
    pub(crate) fn flag(self, value: Option<&str>) -> Self {
        self.secret("ENABLE_S3_BACKUP_ARCHIVAL", value)
    }

    /// Another value for a secret, or `None` for one that does not exist.
    pub(crate) fn secret(mut self, name: &str, value: Option<&str>) -> Self {
        self.changed.insert(name.to_owned(), value.map(str::to_owned));
        self
    }

    /// The database owner's password; the URL holds it percent-encoded.
    pub(crate) fn password(mut self, password: &str) -> Self {
        password.clone_into(&mut self.password);
        self
    }

    /// A diary of this size.
    pub(crate) fn diary(mut self, patients: u32, events: u32) -> Self {
        self.rows = Some((patients, events));
        self
    }

    /// A database without tables.
    pub(crate) fn empty(mut self) -> Self {
        self.rows = None;
        self
    }

    pub(super) fn secrets(
        &self,
        database: &Database,
        places: &[Place; 2],
        keys: &Keys,
    ) -> BTreeMap<String, String> {
        let [backups, logs] = places;
        let canonical = [
            ("DATABASE_URL", database.url()),
            ("SPONSOR_BACKUPS_BUCKET", backups.secret()),
            ("SPONSOR_AUDIT_LOGS_BUCKET", logs.secret()),
            ("SPONSOR_AWS_REGION", REGION.to_owned()),
            ("ENABLE_S3_BACKUP_ARCHIVAL", "true".to_owned()),
            ("SPONSOR_AWS_ACCESS_KEY_ID", keys.id.clone()),
            ("SPONSOR_AWS_SECRET_ACCESS_KEY", keys.secret.clone()),
            // Never to be asked for: a canary for requests that are too broad.
            ("STRIPE_API_KEY", "canary-secret-of-another-service".to_owned()),
        ];
        let mut secrets: BTreeMap<_, _> = canonical.map(|(name, value)| (name.to_owned(), value)).into();
        if self.in_folders {
            secrets.retain(|name, _| !name.starts_with("SPONSOR_AWS_"));
        }
        for (name, value) in &self.changed {
            match value {
                Some(value) => secrets.insert(name.clone(), value.clone()),
                None => secrets.remove(name),
            };
        }
        secrets
    }
}
