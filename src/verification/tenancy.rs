//! What the sponsors of a run use, compared before any of them begins: no two may share a bucket, a folder or a database.
//! Pure.
//!
//! A secret copied from another sponsor's project would put one tenant's data among another's. This program cannot know
//! which of the two is wrong, so it refuses both. Only partners may share, see [`Sponsor::partners`].

use std::collections::{BTreeMap, BTreeSet};

use crate::databases::postgres::Connection;
use crate::databases::postgres::identity::{Identity, Likeness};
use crate::secrets::SecretsError;
use crate::sponsors::Sponsor;
use crate::store::place::PlaceOfObjects;

/// What one sponsor uses.
#[derive(Debug)]
pub struct SponsorResources<'a> {
    /// The sponsor.
    pub sponsor: &'a Sponsor,
    /// The places of its backups and of its records, in this order.
    pub places: Vec<PlaceOfObjects>,
    /// Where its `DATABASE_URL` leads.
    pub connection: Option<&'a Connection>,
    /// Which database answered there.
    pub identity: Option<&'a Identity>,
}

/// How one place is related to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Overlap {
    Same,
    Inside,
    Around,
}

impl PlaceOfObjects {
    fn overlap(&self, other: &Self) -> Option<Overlap> {
        let meet = |one: &BTreeSet<String>, other: &BTreeSet<String>| !one.is_disjoint(other);
        if meet(&self.names, &other.names) {
            Some(Overlap::Same)
        } else if meet(&self.above, &other.names) {
            Some(Overlap::Inside)
        } else {
            meet(&self.names, &other.above).then_some(Overlap::Around)
        }
    }

    /// Whether one of them is the other, or inside of it.
    #[must_use]
    pub fn meets(&self, other: &Self) -> bool {
        self.overlap(other).is_some()
    }

    /// The error of the sponsor that uses this place, if it overlaps the `other` place, which is the `owner`'s.
    fn refused(&self, other: &Self, owner: &str) -> Option<SecretsError> {
        let (mine, theirs) = (&self.shown, &other.shown);
        Some(match self.overlap(other)? {
            Overlap::Same => {
                let by = if mine == theirs { String::new() } else { format!(" as {theirs}") };
                SecretsError::Shared { what: mine.clone(), other: format!("{owner}{by}") }
            }
            Overlap::Inside => SecretsError::nested(format!("{mine} is inside {theirs}"), owner),
            Overlap::Around => SecretsError::nested(format!("{mine} contains {theirs}"), owner),
        })
    }
}

/// What is wrong, by sponsor.
#[derive(Debug, Default)]
pub struct Conflicts {
    places: BTreeMap<String, SecretsError>,
    databases: BTreeMap<String, SecretsError>,
    /// Pairs of sponsors whose databases may be one: a standby, or copies of one snapshot.
    lookalikes: Vec<(String, String)>,
}

impl Conflicts {
    /// # Errors
    /// Another sponsor uses one of the sponsor's buckets or folders, or both of its own are one folder.
    pub fn places(&self, sponsor: &Sponsor) -> Result<(), SecretsError> {
        self.places.get(&sponsor.name).map_or(Ok(()), |error| Err(error.clone()))
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

impl Conflicts {
    /// Compares a sponsor's places with those of sponsors that are not selected.
    pub fn compare_with_unselected(
        &mut self,
        sponsor: &Sponsor,
        places: &[PlaceOfObjects],
        known: &[String],
        others: &[(String, Vec<PlaceOfObjects>)],
    ) {
        if let Some(error) = places.iter().find_map(|place| foreign(sponsor, place, known, others)) {
            self.places.entry(sponsor.name.clone()).or_insert(error);
        }
    }
}

/// Compares all sponsors' resources. `known` are all sponsors of the manifest, selected or not.
#[must_use]
pub fn find_conflicts(all: &[SponsorResources<'_>], known: &[String]) -> Conflicts {
    let mut conflicts = Conflicts::default();
    for resources in all {
        let named = resources.places.iter().find_map(|place| foreign(resources.sponsor, place, known, &[]));
        if let Some(error) = named.or_else(|| own_overlap(resources)) {
            conflicts.places.insert(resources.sponsor.name.clone(), error);
        }
    }
    conflicts.compare_places(all);
    conflicts.compare_databases(all);
    conflicts
}

/// Backups and records in one folder, under two paths. Equal texts are judged with the secrets, and a single bucket is only
/// a finding of `preflight`.
fn own_overlap(resources: &SponsorResources<'_>) -> Option<SecretsError> {
    let [backups, records] = &resources.places[..] else { return None };
    let overlap = backups.overlap(records).filter(|_| backups.shown != records.shown)?;
    let (backups, records) = (&backups.shown, &records.shown);
    let what = match overlap {
        Overlap::Same => format!("{backups} and {records} are the same"),
        Overlap::Inside => format!("{backups} is inside {records}"),
        Overlap::Around => format!("{backups} contains {records}"),
    };
    Some(SecretsError::OneFolder { what })
}

impl Conflicts {
    fn compare_places(&mut self, all: &[SponsorResources<'_>]) {
        // A place that is named after another sponsor does not count as one's own: its owner is not to blame.
        let rightful: Vec<&SponsorResources<'_>> =
            all.iter().filter(|one| !self.places.contains_key(&one.sponsor.name)).collect();
        let own = |one: &SponsorResources<'_>| names(one, |place| vec![&place.names]);
        let reached = |one: &SponsorResources<'_>| names(one, |place| vec![&place.names, &place.above]);
        for (one, other) in pairs(&rightful, own, reached) {
            for (mine, theirs) in [(one, other), (other, one)] {
                let name = &theirs.sponsor.name;
                let refused = |place: &PlaceOfObjects| {
                    theirs.places.iter().find_map(|theirs| place.refused(theirs, name))
                };
                if let Some(error) = mine.places.iter().find_map(refused) {
                    self.places.entry(mine.sponsor.name.clone()).or_insert(error);
                }
            }
        }
    }

    fn compare_databases(&mut self, all: &[SponsorResources<'_>]) {
        let all: Vec<&SponsorResources<'_>> = all.iter().collect();
        for (one, other) in pairs(&all, SponsorResources::meeting_points, SponsorResources::meeting_points) {
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

/// Names of a sponsor's places.
fn names(
    one: &SponsorResources<'_>,
    of: impl Fn(&PlaceOfObjects) -> Vec<&BTreeSet<String>>,
) -> BTreeSet<String> {
    one.places.iter().flat_map(of).flatten().cloned().collect()
}

/// Each pair of strangers of whom one reaches what the other owns, once.
fn pairs<'a, 'b>(
    all: &[&'a SponsorResources<'b>],
    owned: impl Fn(&SponsorResources<'b>) -> BTreeSet<String>,
    reached: impl Fn(&SponsorResources<'b>) -> BTreeSet<String>,
) -> Vec<(&'a SponsorResources<'b>, &'a SponsorResources<'b>)> {
    let mut owners: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (at, one) in all.iter().enumerate() {
        for key in owned(one) {
            owners.entry(key).or_default().push(at);
        }
    }
    let mut met = BTreeSet::new();
    for (at, one) in all.iter().enumerate() {
        let theirs = reached(one).into_iter().filter_map(|key| owners.get(&key)).flatten();
        met.extend(theirs.filter(|owner| **owner != at).map(|owner| (at.min(*owner), at.max(*owner))));
    }
    let both = met.into_iter().map(|(earlier, later)| (all[earlier], all[later]));
    both.filter(|(one, other)| must_not_share(one.sponsor, &other.sponsor.name)).collect()
}

/// Why a place is not this sponsor's: it is called after another sponsor, or that sponsor's secrets name it. `others` are the
/// places of sponsors that are not selected, by name.
#[must_use]
pub fn foreign(
    sponsor: &Sponsor,
    place: &PlaceOfObjects,
    known: &[String],
    others: &[(String, Vec<PlaceOfObjects>)],
) -> Option<SecretsError> {
    if let Some(owner) = owners(place, known).find(|owner| must_not_share(sponsor, owner)) {
        return Some(SecretsError::Foreign { place: place.shown.clone(), owner: owner.to_owned() });
    }
    let strangers = others.iter().filter(|(other, _)| must_not_share(sponsor, other));
    let places = strangers.flat_map(|(other, places)| places.iter().map(move |place| (other, place)));
    // A place that is called after this sponsor is not the other one's, whatever its secrets say.
    let mut rightful = places.filter(|(_, theirs)| owners(theirs, known).all(|owner| owner != sponsor.name));
    rightful.find_map(|(other, theirs)| place.refused(theirs, other))
}

/// The sponsors whose place this is by the convention. What is inside a sponsor's folder is that sponsor's, too.
fn owners<'a>(place: &'a PlaceOfObjects, known: &'a [String]) -> impl Iterator<Item = &'a str> {
    place.names.iter().chain(&place.above).filter_map(|name| owner_by_name(name, known))
}

/// How buckets are called: the sponsor's name and the region follow.
const CONVENTION: [&str; 2] = ["hht-diary-backups-", "hht-diary-audit-logs-"];

/// How `init` calls the folders below that of the sponsor.
const FOLDERS: [&str; 2] = ["backups", "audit-logs"];

/// The sponsor whose bucket or folder this is by the convention. `io-2` also begins as `io` does: the longest name counts.
fn owner_by_name<'a>(name: &str, known: &'a [String]) -> Option<&'a str> {
    let mut known = known.iter().map(String::as_str);
    if let Some((above, folder)) = name.rsplit_once('/') {
        let owner = above.rsplit('/').next().filter(|_| FOLDERS.contains(&folder))?;
        return known.find(|known| *known == owner);
    }
    let rest = CONVENTION.iter().find_map(|prefix| name.strip_prefix(prefix))?;
    let fits = |name: &&str| rest.strip_prefix(name).is_some_and(|region| region.starts_with('-'));
    known.filter(fits).max_by_key(|name| name.len())
}

/// Whether the other one is neither the sponsor itself nor a partner.
#[must_use]
pub fn must_not_share(sponsor: &Sponsor, other: &str) -> bool {
    sponsor.name != other && !sponsor.partners.contains(other)
}

#[cfg(test)]
mod tests;
