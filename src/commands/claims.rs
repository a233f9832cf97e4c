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
pub(super) struct SponsorResources<'a> {
    pub(super) sponsor: &'a Sponsor,
    pub(super) buckets: Vec<&'a str>,
    pub(super) connection: Option<&'a Connection>,
    pub(super) identity: Option<&'a Identity>,
}

/// What is wrong, by sponsor.
#[derive(Debug, Default)]
pub(super) struct Conflicts {
    buckets: BTreeMap<String, SecretsError>,
    databases: BTreeMap<String, SecretsError>,
    /// Pairs of sponsors whose databases may be one: a standby, or copies of one snapshot.
    lookalikes: Vec<(String, String)>,
}

impl Conflicts {
    pub(super) fn buckets(&self, sponsor: &Sponsor) -> Result<(), SecretsError> {
        self.buckets.get(&sponsor.name).map_or(Ok(()), |error| Err(error.clone()))
    }

    pub(super) fn database(&self, sponsor: &Sponsor) -> Result<(), SecretsError> {
        self.databases.get(&sponsor.name).map_or(Ok(()), |error| Err(error.clone()))
    }

    /// What is odd about the sponsor's database, and no reason to refuse it.
    pub(super) fn warnings<'a>(&'a self, sponsor: &'a Sponsor) -> impl Iterator<Item = String> + 'a {
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
    pub(super) fn refuse_database(&mut self, sponsor: &Sponsor, place: &str, other: &str) {
        let what = format!("database {place}");
        let error = SecretsError::Shared { what, other: other.to_owned() };
        self.databases.entry(sponsor.name.clone()).or_insert(error);
    }
}

/// Compares all claims; `known` are all sponsors of the manifest, selected or not.
pub(super) fn judge(claims: &[SponsorResources<'_>], known: &[String]) -> Conflicts {
    let mut judgement = Conflicts::default();
    for claim in claims {
        let foreign = claim.buckets.iter().find_map(|bucket| {
            let owner = owner_by_name(bucket, known).filter(|owner| is_stranger(claim.sponsor, owner))?;
            Some(SecretsError::Foreign { bucket: (*bucket).to_owned(), owner: owner.to_owned() })
        });
        if let Some(error) = foreign {
            judgement.buckets.insert(claim.sponsor.name.clone(), error);
        }
    }
    // A bucket that is named after another sponsor does not count as a claim: its owner is not to blame.
    let rightful: Vec<&SponsorResources<'_>> =
        claims.iter().filter(|claim| !judgement.buckets.contains_key(&claim.sponsor.name)).collect();
    let shared = |what: String, other: &Sponsor| SecretsError::Shared { what, other: other.name.clone() };
    for (one, other) in
        pairs(&rightful, |claim| claim.buckets.iter().map(|name| (*name).to_owned()).collect())
    {
        let Some(bucket) = one.buckets.iter().find(|bucket| other.buckets.contains(bucket)) else { continue };
        for (mine, theirs) in [(one, other), (other, one)] {
            let error = shared(format!("bucket {bucket}"), theirs.sponsor);
            judgement.buckets.entry(mine.sponsor.name.clone()).or_insert(error);
        }
    }
    let all: Vec<&SponsorResources<'_>> = claims.iter().collect();
    for (one, other) in pairs(&all, SponsorResources::meeting_points) {
        match one.likeness(other) {
            Likeness::Same => {
                for (mine, theirs) in [(one, other), (other, one)] {
                    let places = [mine, theirs].map(|claim| claim.connection.map(Connection::place));
                    let [place, elsewhere] = places.map(Option::unwrap_or_default);
                    let by = if place == elsewhere { String::new() } else { format!(" as {elsewhere}") };
                    let error = SecretsError::Shared {
                        what: format!("database {place}"),
                        other: format!("{}{by}", theirs.sponsor.name),
                    };
                    judgement.databases.entry(mine.sponsor.name.clone()).or_insert(error);
                }
            }
            Likeness::SameButRestartedOrCopied => {
                judgement.lookalikes.push((one.sponsor.name.clone(), other.sponsor.name.clone()));
            }
            Likeness::Different | Likeness::Unknown => {}
        }
    }
    judgement
}

impl SponsorResources<'_> {
    /// Two claims without one of these in common have two databases.
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
    claims: &[&'a SponsorResources<'b>],
    keys: impl Fn(&SponsorResources<'b>) -> BTreeSet<String>,
) -> Vec<(&'a SponsorResources<'b>, &'a SponsorResources<'b>)> {
    let mut users: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    let mut met = BTreeSet::new();
    for (at, claim) in claims.iter().enumerate() {
        for key in keys(claim) {
            let before = users.entry(key).or_default();
            met.extend(before.iter().map(|earlier| (*earlier, at)));
            before.push(at);
        }
    }
    let both = met.into_iter().map(|(earlier, later)| (claims[earlier], claims[later]));
    both.filter(|(one, other)| is_stranger(one.sponsor, &other.sponsor.name)).collect()
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
pub(super) fn is_stranger(sponsor: &Sponsor, other: &str) -> bool {
    sponsor.name != other && !sponsor.partners.contains(other)
}

#[cfg(test)]
mod tests;
