//! What a restore will do, and what prevents it. Pure: everything that can be known before the first statement is
//! checked here, and whether the disk is certainly too small for a temporary server.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use bytesize::ByteSize;

use super::RestoreError;
use super::facts::{LockTable, TargetContents, TargetFacts};
use crate::databases::postgres::sql::{Needs, quoted};

/// What a dump needs, and what the target offers.
#[derive(Debug, Clone)]
pub struct Plan {
    /// `host:port/database`, or the nickname of a temporary server.
    pub place: String,
    /// Extensions that the target lacks.
    pub missing_extensions: BTreeSet<String>,
    /// Roles that the target lacks.
    pub missing_roles: BTreeSet<String>,
    /// The target's and the required major version, if the target is too old.
    too_old: Option<RestoreError>,
    /// Whether row-level security would hide the restored rows from the role.
    hides_rows: bool,
    /// Number of objects in the target.
    pub objects: u64,
    /// Locks that the load needs at least, and the lock table.
    locks: (u64, LockTable),
    /// Schemas that the dump creates, and facts about the target.
    schemas: (BTreeSet<String>, TargetContents),
}

impl Plan {
    /// Compares needs and target. `server_major` is the version of the server that was dumped.
    #[must_use]
    pub fn new(place: &str, needs: &Needs, server_major: u32, facts: &TargetFacts) -> Self {
        let needed = needs.server_major.max(server_major);
        let too_old = (facts.major() < needed).then(|| RestoreError::ServerOlder {
            place: place.to_owned(),
            server: facts.major(),
            needed,
        });
        Self {
            place: place.to_owned(),
            missing_extensions: needs.extensions.difference(&facts.extensions).cloned().collect(),
            missing_roles: needs.roles.difference(&facts.roles).cloned().collect(),
            too_old,
            hides_rows: needs.forces_row_security && !facts.sees_all_rows,
            objects: facts.objects,
            locks: (needs.locks, facts.locks),
            schemas: (needs.schemas.clone(), facts.ground.clone()),
        }
    }

    /// Whether both plans read the same.
    #[must_use]
    pub fn reads_like(&self, other: &Self) -> bool {
        let facts = |plan: &Self| (plan.missing_extensions.clone(), plan.missing_roles.clone(), plan.objects);
        facts(self) == facts(other)
    }

    /// The obstacles, most important first.
    #[must_use]
    pub fn obstacles(&self, allowed: Allowed) -> Vec<RestoreError> {
        let lacks = |what, names: &BTreeSet<String>| RestoreError::Lacks {
            place: self.place.clone(),
            what,
            names: names.iter().cloned().collect(),
        };
        let mut found: Vec<RestoreError> = self.too_old.iter().cloned().collect();
        if self.objects > 0 && !allowed.replace {
            found.push(RestoreError::NotEmpty { place: self.place.clone(), objects: self.objects });
        }
        if self.hides_rows {
            found.push(RestoreError::HidesRows { place: self.place.clone() });
        }
        let (wanted, ground) = &self.schemas;
        let names: Vec<String> = ground.unmakable(wanted, allowed.clears).into_iter().cloned().collect();
        if !names.is_empty() {
            found.push(RestoreError::MayNotMakeSchemas { place: self.place.clone(), names });
        }
        if !self.missing_extensions.is_empty() && !allowed.skip_missing_extensions {
            found.push(lacks("extensions", &self.missing_extensions));
        }
        if !self.missing_roles.is_empty() && !allowed.make_roles {
            found.push(lacks("roles", &self.missing_roles));
        }
        // The number of objects that will be left out is unknown.
        if self.missing_extensions.is_empty() {
            found.extend(self.locks.1.obstacle(&self.place, self.locks.0, allowed.clears));
        }
        found
    }
}

/// Which obstacles are allowed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Allowed {
    /// The target's objects may be dropped.
    pub replace: bool,
    /// All of them are dropped in the same transaction.
    pub clears: bool,
    /// Statements that need a missing extension may be left out.
    pub skip_missing_extensions: bool,
    /// Missing roles may be created, because the server is ours.
    pub make_roles: bool,
}

/// SQL that creates roles without rights, so that statements naming them work.
#[must_use]
pub fn making_roles(names: &BTreeSet<String>) -> String {
    names.iter().map(|name| format!("CREATE ROLE {} NOLOGIN;\n", quoted(name))).collect()
}

/// Size of an empty cluster, about 40 MB.
const CLUSTER: u64 = 32 << 20;
/// Bytes per row: a header of 24 and a pointer of 4 (PostgreSQL documentation, "Database Page Layout").
const ROW: u64 = 28;

/// Size of a backup, known before it is loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BackupSize {
    /// Bytes of the dump's text.
    pub dump_bytes: u64,
    /// Bytes stored, compressed.
    pub stored_bytes: u64,
    /// Rows of all tables.
    pub rows: u64,
}

impl BackupSize {
    /// The smallest size of the database. PostgreSQL compresses only long values, and less than the backup is
    /// compressed. But a dump writes bytes twice as long.
    fn least(&self) -> u64 {
        let rows = self.rows.saturating_mul(ROW);
        (self.stored_bytes / 2).max(rows).saturating_add(CLUSTER)
    }
}

/// A folder and its free space.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FreeSpace {
    folder: PathBuf,
    free: u64,
}

impl FreeSpace {
    /// Queries the file system. `None` if it does not report its space.
    #[must_use]
    pub fn of(folder: &Path) -> Option<Self> {
        let found = rustix::fs::statvfs(folder).ok()?;
        Some(Self { folder: folder.to_owned(), free: found.f_bavail.saturating_mul(found.f_frsize) })
    }

    /// Refuses a backup that certainly does not fit.
    ///
    /// # Errors
    /// [`RestoreError::NoRoom`].
    pub fn check(&self, size: BackupSize) -> Result<(), RestoreError> {
        if self.free >= size.least() {
            return Ok(());
        }
        Err(RestoreError::NoRoom {
            folder: self.folder.display().to_string(),
            free: ByteSize(self.free).to_string(),
            dump: ByteSize(size.dump_bytes).to_string(),
            needed: ByteSize(size.least()).to_string(),
        })
    }

    /// For the plan.
    #[must_use]
    pub fn words(&self, size: BackupSize) -> String {
        let BackupSize { dump_bytes, .. } = size;
        format!("{} free in {} (dump: {})", ByteSize(self.free), self.folder.display(), ByteSize(dump_bytes))
    }
}

#[cfg(test)]
mod tests;
