//! What the sponsors of a run use, compared before any of them begins: no two may share a bucket or a database. Pure.
//!
//! A secret copied from another sponsor's project would put one tenant's data into another's bucket. This program cannot
//! know which of the two is wrong, so it refuses both. Only partners may share, see [`Sponsor::partners`].

use std::collections::{BTreeMap, BTreeSet};

use crate::databases::postgres::Connection;
use crate::databases::postgres::identity::{Identity, Likeness};
use crate::secrets::SecretsError;
use crate::sponsors::Sponsor;

/// What one sponsor uses.
#[derive(Debug)]
pub struct SponsorResources<'a> {
    /// The sponsor.
    pub sponsor: &'a Sponsor,
    /// Names of its buckets.
    pub buckets: Vec<&'a str>,
    /// Where its `DATABASE_URL` leads.
    pub connection: Option<&'a Connection>,
    /// Which database answered there.
    pub identity: Option<&'a Identity>,
}

/// What is wrong, by sponsor.
#[derive(Debug, Default)]
pub struct Conflicts {
    buckets: BTreeMap<String, SecretsError>,
    databases: BTreeMap<String, SecretsError>,
    /// Pairs of sponsors whose databases may be one: a standby, or copies of one snapshot.
    lookalikes: Vec<(String, String)>,
}

impl Conflicts {
    /// # Errors
    /// Another sponsor uses one of the sponsor's buckets.
    pub fn buckets(&self, sponsor: &Sponsor) -> Result<(), SecretsError> {
        self.buckets.get(&sponsor.name).map_or(Ok(()), |error| Err(error.clone()))
    }

    /// # Errors
    /// Another sponsor uses the sponsor's database.
    pub fn database(&self, sponsor: &Sponsor) -> Result<(), SecretsError> {
        self.databases.get(&sponsor.name).map_or(Ok(()), |error| Err(error.clone()))
    }

    /// What is odd about the sponsor's database, and no reason to refuse it.
    pub fn warnings<'a>(&'a self, sponsor: &'a Sponsor) -> impl Iterator<Item = String> + 'a {
        let others = self.lookalikes.iter().filter_map(|(one, other)| match sponsor.name.as_str() {
            name if name == one => Some(other),
            name if name == other => Some(one),
            _ => None,
        });
        others.map(|other| {
            format!("its database has the identity of {other}'s on another server: a standby, or copies of one snapshot")
        })
    }

    /// The database is also that of a sponsor that was not selected.
    pub fn refuse_database(&mut self, sponsor: &Sponsor, place: &str, other: &str) {
        let what = format!("database {place}");
        let error = SecretsError::Shared { what, other: other.to_owned() };
        self.databases.entry(sponsor.name.clone()).or_insert(error);
    }
}

/// Compares all sponsors' resources. `known` are all sponsors of the manifest, selected or not.
#[must_use]
pub fn find_conflicts(all: &[SponsorResources<'_>], known: &[String]) -> Conflicts {
    let mut conflicts = Conflicts::default();
    for resources in all {
        if let Some(error) = foreign_bucket(resources, known) {
            conflicts.buckets.insert(resources.sponsor.name.clone(), error);
        }
    }
    conflicts.compare_buckets(all);
    conflicts.compare_databases(all);
    conflicts
}

/// A bucket whose name contains the name of another sponsor, without its consent.
fn foreign_bucket(resources: &SponsorResources<'_>, known: &[String]) -> Option<SecretsError> {
    resources.buckets.iter().find_map(|bucket| {
        let owner = owner_by_name(bucket, known).filter(|owner| must_not_share(resources.sponsor, owner))?;
        Some(SecretsError::Foreign { bucket: (*bucket).to_owned(), owner: owner.to_owned() })
    })
}

impl Conflicts {
    fn compare_buckets(&mut self, all: &[SponsorResources<'_>]) {
        // A bucket that is named after another sponsor does not count as one's own: its owner is not to blame.
        let rightful: Vec<&SponsorResources<'_>> =
            all.iter().filter(|one| !self.buckets.contains_key(&one.sponsor.name)).collect();
        for (one, other) in
            pairs(&rightful, |one| one.buckets.iter().map(|name| (*name).to_owned()).collect())
        {
            let Some(bucket) = one.buckets.iter().find(|bucket| other.buckets.contains(bucket)) else {
                continue;
            };
            for (mine, theirs) in [(one, other), (other, one)] {
                let (what, other) = (format!("bucket {bucket}"), theirs.sponsor.name.clone());
                let error = SecretsError::Shared { what, other };
                self.buckets.entry(mine.sponsor.name.clone()).or_insert(error);
            }
        }
    }

    fn compare_databases(&mut self, all: &[SponsorResources<'_>]) {
        let all: Vec<&SponsorResources<'_>> = all.iter().collect();
        for (one, other) in pairs(&all, SponsorResources::meeting_points) {
            match one.likeness(other) {
                Likeness::Same => {
                    self.refuse_shared(one, other);
                    self.refuse_shared(other, one);
                }
                Likeness::SameButRestartedOrCopied => {
                    self.lookalikes.push((one.sponsor.name.clone(), other.sponsor.name.clone()));
                }
                Likeness::Different | Likeness::Unknown => {}
            }
        }
    }

    fn refuse_shared(&mut self, mine: &SponsorResources<'_>, theirs: &SponsorResources<'_>) {
        let places = [mine, theirs].map(|one| one.connection.map(Connection::place));
        let [place, elsewhere] = places.map(Option::unwrap_or_default);
        let by = if place == elsewhere { String::new() } else { format!(" as {elsewhere}") };
        self.refuse_database(mine.sponsor, &place, &format!("{}{by}", theirs.sponsor.name));
    }
}

impl SponsorResources<'_> {
    /// Two sponsors without one of these in common have two databases.
    fn meeting_points(&self) -> BTreeSet<String> {
        let hosts = self.connection.map(Connection::hosts).unwrap_or_default();
        hosts.into_iter().chain(self.identity.map(|identity| identity.system_identifier.clone())).collect()
    }

    /// Identities decide. If one is unknown, host, port and name decide. What a host's name resolves to does not count:
    /// many servers of a cloud share one address, and their databases often have one name.
    fn likeness(&self, other: &Self) -> Likeness {
        match (Likeness::of(self.identity, other.identity), self.connection, other.connection) {
            (Likeness::Unknown, Some(mine), Some(theirs))
                if mine.is_same_database(theirs, &BTreeSet::new(), &BTreeSet::new()) =>
            {
                Likeness::Same
            }
            (likeness, ..) => likeness,
        }
    }
}

/// Each pair of strangers that have a key in common, once.
fn pairs<'a, 'b>(
    all: &[&'a SponsorResources<'b>],
    keys: impl Fn(&SponsorResources<'b>) -> BTreeSet<String>,
) -> Vec<(&'a SponsorResources<'b>, &'a SponsorResources<'b>)> {
    let mut users: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    let mut met = BTreeSet::new();
    for (at, one) in all.iter().enumerate() {
        for key in keys(one) {
            let before = users.entry(key).or_default();
            met.extend(before.iter().map(|earlier| (*earlier, at)));
            before.push(at);
        }
    }
    let both = met.into_iter().map(|(earlier, later)| (all[earlier], all[later]));
    both.filter(|(one, other)| must_not_share(one.sponsor, &other.sponsor.name)).collect()
}

/// How buckets are called: the sponsor's name and the region follow.
const CONVENTION: [&str; 2] = ["hht-diary-backups-", "hht-diary-audit-logs-"];

/// The sponsor whose bucket this is by the convention. `io-2` also begins as `io` does: the longest name counts.
fn owner_by_name<'a>(bucket: &str, known: &'a [String]) -> Option<&'a str> {
    let rest = CONVENTION.iter().find_map(|prefix| bucket.strip_prefix(prefix))?;
    let fits = |name: &&str| rest.strip_prefix(name).is_some_and(|region| region.starts_with('-'));
    known.iter().map(String::as_str).filter(fits).max_by_key(|name| name.len())
}

/// Whether the other one is neither the sponsor itself nor a partner.
#[must_use]
pub fn must_not_share(sponsor: &Sponsor, other: &str) -> bool {
    sponsor.name != other && !sponsor.partners.contains(other)
}

#[cfg(test)]
mod tests;
