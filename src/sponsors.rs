//! Turns a manifest and a selection into the sponsors to process, and the job matrix.
//!
//! Pure. Does not know secrets or databases.

pub mod preflight;

use std::collections::BTreeSet;
use std::num::NonZeroUsize;

use serde::Serialize;

use crate::manifest::{Entry, Manifest, is_name};

/// A selected sponsor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sponsor {
    /// Sponsor id, `[a-z][a-z0-9-]*`.
    pub name: String,
    /// Three upper-case letters. Empty if the manifest no longer has the sponsor, see [`listed`].
    pub code: String,
    /// Cloud region from the manifest. The region of its buckets comes with its secrets.
    pub region: Option<String>,
    /// Sponsors that it may share a bucket or database with: each lists the other in the manifest.
    pub partners: BTreeSet<String>,
}

impl Sponsor {
    /// A sponsor that the manifest no longer has: it shares nothing.
    fn gone(name: &str) -> Self {
        Self { name: name.to_owned(), code: String::new(), region: None, partners: BTreeSet::new() }
    }

    fn of(entry: &Entry, manifest: &Manifest) -> Self {
        let consents = |name: &&String| {
            let partner = manifest.entries.iter().find(|entry| entry.name == **name);
            partner.is_some_and(|partner| partner.may_share_with.contains(&entry.name))
        };
        Self {
            name: entry.name.clone(),
            code: entry.code.clone(),
            region: entry.region.clone(),
            partners: entry.may_share_with.iter().filter(consents).cloned().collect(),
        }
    }
}

/// The requested sponsors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// Every enabled one.
    AllEnabled,
    /// These, as typed.
    Named(BTreeSet<String>),
    /// These, from the output `sponsors` of `matrix`.
    Listed(BTreeSet<String>),
}

impl Selection {
    /// Parses names separated by commas or white space, or a JSON array of names. An empty text selects all enabled
    /// sponsors. An empty array selects none.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        if let Ok(listed) = serde_json::from_str(text) {
            return Self::Listed(listed);
        }
        let names: BTreeSet<_> = words(text).map(str::to_owned).collect();
        if names.is_empty() { Self::AllEnabled } else { Self::Named(names) }
    }
}

/// Words separated by commas or white space.
pub fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c == ',' || c.is_whitespace()).filter(|word| !word.is_empty())
}

/// Why a selection is invalid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SponsorsError {
    /// Names that the manifest does not have.
    #[error("{} not in the manifest", are(.names))]
    Unknown {
        /// The names, as typed.
        names: Vec<String>,
        /// The nearest known name.
        suggestion: Option<String>,
    },
    /// Names that the manifest has, but not enabled.
    #[error("{} not enabled in the manifest", are(.names))]
    Disabled {
        /// The names.
        names: Vec<String>,
    },
    /// An empty JSON array.
    #[error("`sponsors` is an empty list")]
    NoneListed,
    /// The manifest enables no sponsor, so there is nothing to back up.
    #[error("no sponsor is enabled in the manifest")]
    NoneEnabled,
}

/// `sponsor titan is` or `sponsors europa, titan are`.
fn are(names: &[String]) -> String {
    match names {
        [name] => format!("sponsor {name} is"),
        names => format!("sponsors {} are", names.join(", ")),
    }
}

impl SponsorsError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        let hint = match self {
            Self::Unknown { suggestion: Some(near), .. } => return format!("Did you mean `{near}`?"),
            Self::Unknown { suggestion: None, .. } => {
                "Correct the `sponsors` input, or add the sponsor to the manifest."
            }
            Self::Disabled { .. } => {
                "Set `enabled: true` in the manifest, or remove the sponsor from the `sponsors` input."
            }
            Self::NoneListed => {
                "Skip the job if the output `count` of `matrix` is 0 (`if: needs.matrix.outputs.count != '0'`), or leave `sponsors` empty to select all enabled sponsors."
            }
            Self::NoneEnabled => {
                "Set `enabled: true` for at least one sponsor. In a workflow, skip the job if the output `count` of `matrix` is 0 (`if: needs.matrix.outputs.count != '0'`)."
            }
        };
        hint.to_owned()
    }
}

/// The selected sponsors, in the manifest's order.
///
/// Empty only for [`Selection::AllEnabled`]. The caller decides whether that is an error.
///
/// # Errors
/// A name that is unknown or not enabled.
pub fn select(manifest: &Manifest, selection: &Selection) -> Result<Vec<Sponsor>, SponsorsError> {
    let enabled = |entry: &&Entry| entry.enabled == Some(true);
    let (Selection::Named(names) | Selection::Listed(names)) = selection else {
        let enabled = manifest.entries.iter().filter(enabled);
        return Ok(enabled.map(|entry| Sponsor::of(entry, manifest)).collect());
    };
    if names.is_empty() {
        return Err(SponsorsError::NoneListed);
    }
    let known: BTreeSet<&str> = manifest.entries.iter().map(|entry| entry.name.as_str()).collect();
    let unknown: Vec<String> = names.iter().filter(|name| !known.contains(name.as_str())).cloned().collect();
    if let Some(first) = unknown.first() {
        let by_code = manifest.entries.iter().find(|entry| entry.code.eq_ignore_ascii_case(first));
        let suggestion = by_code.map(|entry| entry.name.clone());
        let suggestion = suggestion.or_else(|| nearest(&first.to_lowercase(), known.into_iter()));
        return Err(SponsorsError::Unknown { names: unknown, suggestion });
    }
    let wanted: Vec<&Entry> = manifest.entries.iter().filter(|entry| names.contains(&entry.name)).collect();
    let disabled: Vec<String> =
        wanted.iter().filter(|entry| !enabled(entry)).map(|entry| entry.name.clone()).collect();
    if !disabled.is_empty() {
        return Err(SponsorsError::Disabled { names: disabled });
    }
    Ok(wanted.into_iter().map(|entry| Sponsor::of(entry, manifest)).collect())
}

/// The sponsors that `matrix` listed, even if the manifest no longer has or enables them, and the names of those. The manifest
/// may have changed since, or be unreadable now.
///
/// # Errors
/// The list is empty, or has an invalid name.
pub fn listed(
    manifest: Option<&Manifest>,
    names: &BTreeSet<String>,
) -> Result<(Vec<Sponsor>, Vec<String>), SponsorsError> {
    let impossible: Vec<String> = names.iter().filter(|name| !is_name(name)).cloned().collect();
    if !impossible.is_empty() {
        return Err(SponsorsError::Unknown { names: impossible, suggestion: None });
    }
    if names.is_empty() {
        return Err(SponsorsError::NoneListed);
    }
    let (mut sponsors, mut changed) = (Vec::new(), Vec::new());
    for name in names {
        let found = manifest.and_then(|manifest| {
            let entry = manifest.entries.iter().find(|entry| entry.name == *name)?;
            Some((entry, manifest))
        });
        if found.is_none_or(|(entry, _)| entry.enabled != Some(true)) {
            changed.push(name.clone());
        }
        sponsors.push(
            found.map_or_else(|| Sponsor::gone(name), |(entry, manifest)| Sponsor::of(entry, manifest)),
        );
    }
    Ok((sponsors, changed))
}

/// Names of sponsors without `enabled`: it may have been forgotten.
#[must_use]
pub fn undecided(manifest: &Manifest) -> Vec<&str> {
    manifest.entries.iter().filter(|entry| entry.enabled.is_none()).map(|entry| entry.name.as_str()).collect()
}

fn nearest<'a>(typed: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    known
        .map(|name| (strsim::jaro_winkler(typed, name), name))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name.to_owned())
}

// The three environments and their conventions.

/// Environment of a sponsor's software.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Environment {
    /// Patients' data, kept for years.
    Production,
    /// Rehearsals.
    Staging,
    /// Developers' data.
    Development,
}

impl Environment {
    /// All of them, for messages and loops.
    pub const ALL: [Self; 3] = [Self::Production, Self::Staging, Self::Development];

    /// The name that users type.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Staging => "staging",
            Self::Development => "development",
        }
    }

    /// The short form in file names.
    #[must_use]
    pub fn short(self) -> &'static str {
        match self {
            Self::Production => "prod",
            Self::Staging => "staging",
            Self::Development => "dev",
        }
    }

    /// The Doppler config of its secrets. The `config` input overrides it.
    #[must_use]
    pub fn doppler_config(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Staging => "staging",
            Self::Development => "dev",
        }
    }

    /// Retention of backups in years. `None` if it is shorter.
    #[must_use]
    pub fn retention_years(self) -> Option<u16> {
        match self {
            Self::Production => Some(7),
            Self::Staging | Self::Development => None,
        }
    }

    /// Retention of backups in days. `None` if it is years.
    #[must_use]
    pub fn retention_days(self) -> Option<u16> {
        match self {
            Self::Production => None,
            Self::Staging => Some(30),
            Self::Development => Some(7),
        }
    }
}

impl std::str::FromStr for Environment {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|environment| environment.name() == text).ok_or(())
    }
}

impl std::fmt::Display for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

// The job matrix: one job per sponsor, or groups of equal size if there are more sponsors than jobs.

/// Value of `strategy.matrix`, through `fromJSON`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Matrix {
    /// One entry per job.
    pub include: Vec<Job>,
}

/// One job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Job {
    /// The sponsor's name, or `group-1`.
    pub name: String,
    /// Names of its sponsors, separated by commas, for the `sponsors` input of the job's step.
    pub sponsors: String,
    /// The sponsor's code. Absent in a group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The sponsor's region. Absent in a group, or if the manifest has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
}

/// Builds the matrix. GitHub runs at most 256 jobs per matrix. Group sizes differ by at most one.
#[must_use]
pub fn matrix(sponsors: &[Sponsor], max_jobs: NonZeroUsize) -> Matrix {
    let include = if sponsors.len() <= max_jobs.get() {
        sponsors.iter().map(single).collect()
    } else {
        groups(sponsors, max_jobs.get())
    };
    Matrix { include }
}

fn single(sponsor: &Sponsor) -> Job {
    Job {
        name: sponsor.name.clone(),
        sponsors: sponsor.name.clone(),
        code: Some(sponsor.code.clone()),
        region: sponsor.region.clone(),
    }
}

fn groups(sponsors: &[Sponsor], count: usize) -> Vec<Job> {
    (0..count)
        .map(|group| {
            let members = &sponsors[group * sponsors.len() / count..(group + 1) * sponsors.len() / count];
            let names: Vec<&str> = members.iter().map(|sponsor| sponsor.name.as_str()).collect();
            Job { name: format!("group-{}", group + 1), sponsors: names.join(","), code: None, region: None }
        })
        .collect()
}

#[cfg(test)]
mod tests;
