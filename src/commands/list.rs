//! `list`: for each selected sponsor what its bucket holds, and of each backup what stands beside it.

use std::time::Instant;

use futures_util::{StreamExt as _, TryStreamExt as _};
use tokio::sync::Semaphore;

use super::publish::{Ended, Publisher, Told};
use super::scope::{self, SecretsSource};
use super::vault::{Claims, Vault, Way};
use super::{Edge, stored};
use crate::archive::catalogue::{Catalogue, Entry, catalogue, prefix};
use crate::archive::description::Excerpt;
use crate::archive::key::description_key;
use crate::archive::s3::policy::Purpose;
use crate::archive::{ArchiveError, Store};
use crate::cli::order::ListOrder;
use crate::failure::Failure;
use crate::proof::Conclusion;
use crate::report::SponsorResult;
use crate::report::listing::{self, List, Row};
use crate::report::workflow::{Level, annotation};
use crate::secrets::{Archival, Disabled};
use crate::sponsors::Sponsor;

/// Requests to S3 at once.
const IN_FLIGHT: usize = 16;
/// Of manifests, so much is held at once; one that is longer than that is held alone.
const MANIFEST_MEBIBYTES: u32 = 32;

/// What all sponsors of a run share.
struct Run<'a> {
    order: &'a ListOrder,
    edge: &'a Edge,
    secrets: SecretsSource<'a>,
    claims: Claims,
    memory: Semaphore,
}

/// Of whom a manifest tells.
enum Whose {
    Ours,
    APartners,
}

pub(super) async fn run(order: ListOrder, edge: &Edge, publisher: &Publisher<'_>) -> Result<u8, Failure> {
    let scope::Selected { sponsors, known } = scope::select_some(&order.scope, edge).await?;
    let secrets = SecretsSource::open(&order.scope, edge, &sponsors)?;
    let memory = Semaphore::new(MANIFEST_MEBIBYTES as usize);
    let run = Run { order: &order, edge, secrets, claims: Claims::new(known), memory };
    let (mut ended, mut lists) = (Vec::new(), Vec::new());
    for sponsor in &sponsors {
        ended.push(Box::pin(run.sponsor(sponsor, publisher, &mut lists)).await);
    }
    if order.json {
        run.show_json(&lists);
    }
    publisher.lists(ended, &lists)
}

impl Run<'_> {
    async fn sponsor(&self, sponsor: &Sponsor, publisher: &Publisher<'_>, lists: &mut Vec<List>) -> Ended {
        let begun = Instant::now();
        let stop = self.edge.stop.child();
        let listed = tokio::select! {
            listed = self.list(sponsor) => listed,
            () = stop.cancelled() => Err(scope::stopped(self.edge)),
        };
        let conclusion = match &listed {
            Ok(Ok(list)) => Conclusion::of_listing(list.rows.len()),
            Ok(Err(_)) => Conclusion::disabled(),
            Err(_) => Conclusion::failed(None),
        };
        let mut result = SponsorResult::new(&sponsor.name, conclusion, begun.elapsed().as_secs_f64());
        let code = match listed {
            Ok(Ok(list)) => {
                result.message = Some(list.count());
                self.show(&list);
                lists.push(list);
                return (result, None);
            }
            Ok(Err(disabled)) => {
                self.edge.sink.line(&format!("{}: {disabled}, so there are no backups", sponsor.name));
                result.message = Some(disabled.to_string());
                None
            }
            Err(failure) => Some(Told::of(&failure, self.edge).fail(&mut result)),
        };
        publisher.sponsor(&result);
        (result, code)
    }

    async fn list(&self, sponsor: &Sponsor) -> Result<Result<List, Disabled>, Failure> {
        let secrets = match self.secrets.fetch(&sponsor.name).await? {
            Archival::Disabled(why) => return Ok(Err(why)),
            Archival::Enabled(secrets) => secrets,
        };
        self.claims.buckets(sponsor, &secrets)?;
        let way = Way {
            scope: &self.order.scope,
            edge: self.edge,
            endpoint: &self.order.endpoint,
            sponsor: &sponsor.name,
            purpose: Purpose::Read { thaw: false },
        };
        let store = Vault::open(&way, &secrets).backups;
        let environment = self.order.scope.environment;
        let prefix = prefix(environment);
        let Catalogue { backups, incomplete } = catalogue(environment, store.list(&prefix).await?);
        let rows: Vec<Option<Row>> = futures_util::stream::iter(backups)
            .map(|entry| self.row(&store, sponsor, entry))
            .buffered(IN_FLIGHT)
            .try_collect()
            .await?;
        let rows = rows.into_iter().flatten().collect();
        let (sponsor, place) = (sponsor.name.clone(), store.location(&prefix));
        Ok(Ok(List { sponsor, place, rows, incomplete: incomplete.len() }))
    }

    /// What cannot be learned of one backup is said in its row, and does not end the list. A partner's backup has none.
    async fn row(&self, store: &Store, sponsor: &Sponsor, entry: Entry) -> Result<Option<Row>, ArchiveError> {
        let at = entry.backup.at;
        let age = self.edge.now().duration_since(at).as_secs();
        let mut row = Row {
            sponsor: sponsor.name.clone(),
            environment: self.order.scope.environment.name(),
            location: store.location(&entry.backup.key),
            timestamp: at,
            size_bytes: entry.bytes,
            sha256: None,
            rows: None,
            age_seconds: u64::try_from(age).unwrap_or_default(),
            storage_class: entry.storage_class.clone(),
            locked_until: None,
            encrypted: entry.backup.encrypted,
            problem: None,
        };
        match self.look(store, sponsor, &entry, &mut row).await {
            Ok(Whose::APartners) => return Ok(None),
            Err(error) if error.is_hopeless() => return Err(error),
            Err(error) => {
                let words = stored::in_words(store, &entry.backup.key, &error);
                row.problem = Some(self.edge.sink.redacted(&words));
            }
            Ok(Whose::Ours) => {}
        }
        Ok(Some(row))
    }

    async fn look(
        &self,
        store: &Store,
        sponsor: &Sponsor,
        entry: &Entry,
        row: &mut Row,
    ) -> Result<Whose, ArchiveError> {
        let key = &entry.backup.key;
        row.locked_until = store.examine(key).await?.retain_until;
        let mebibytes = u32::try_from(entry.manifest_bytes >> 20).unwrap_or(u32::MAX).saturating_add(1);
        // Never closed, so that this always gives one.
        let _held = self.memory.acquire_many(mebibytes.min(MANIFEST_MEBIBYTES)).await.ok();
        let beside = description_key(key);
        let document = store.read_small(&beside, stored::MANIFEST_BYTES).await?;
        let told = Excerpt::parse(&store.location(&beside), &document)?;
        if sponsor.partners.contains(&told.sponsor) {
            return Ok(Whose::APartners);
        }
        let mut problems = stored::of_another(
            [&row.sponsor, row.environment, key],
            [&told.sponsor, &told.environment, &told.key],
        );
        if told.stored.bytes != entry.bytes {
            problems
                .push(format!("it has {} bytes, and its manifest says {}", entry.bytes, told.stored.bytes));
        }
        if problems.is_empty() {
            (row.sha256, row.rows) = (Some(told.stored.sha256), told.rows_total);
        } else {
            row.problem = Some(self.edge.sink.redacted(&problems.join("; ")));
        }
        Ok(Whose::Ours)
    }

    fn show(&self, list: &List) {
        let sink = &self.edge.sink;
        let problems = list.rows.iter().filter(|row| row.problem.is_some()).count();
        if problems > 0 {
            let title = format!("{}: {problems} of {} with a problem", list.sponsor, list.count());
            let message = "Not all that a list shows is known of them; `verify` tells more.";
            sink.annotations(&[annotation(Level::Warning, &title, message)]);
        }
        match (sink.is_workflow(), self.order.json) {
            (true, false) => sink.group(&list.title(), &list.lines()),
            (true, true) => sink.line(&list.title()),
            (false, false) => sink.text(&format!("{}\n{}\n", list.title(), list.lines().join("\n"))),
            (false, true) => list.left_out().iter().for_each(|left_out| sink.line(left_out)),
        }
    }

    fn show_json(&self, lists: &[List]) {
        let (sink, json) = (&self.edge.sink, listing::json(lists));
        if sink.is_workflow() {
            sink.group("The backups as JSON", &json.lines().map(str::to_owned).collect::<Vec<_>>());
        } else {
            sink.text(&json);
        }
    }
}
