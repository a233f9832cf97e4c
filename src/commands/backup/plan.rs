//! A dry run's plan for one sponsor.

use bytesize::ByteSize;

use super::Run;
use super::prepare::Prepared;
use crate::report::plan;
use crate::sponsors::Sponsor;

impl Run<'_> {
    pub(super) fn show_plan(&self, sponsor: &Sponsor, prepared: &Prepared) {
        let Prepared { connection, server, client, store, key, labels, flow, previous } = prepared;
        let tags: Vec<String> = labels.tags.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let lock = labels.lock.as_ref().map_or_else(
            || "none".to_owned(),
            |lock| {
                format!("{} until {}", if lock.compliance { "compliance" } else { "governance" }, lock.until)
            },
        );
        let facts = [
            ("database", format!("{}, {} on disk", connection.place(), ByteSize(server.database_bytes))),
            ("server", format!("PostgreSQL {}", server.version)),
            ("client", format!("{} ({})", client.program("pg_dump").display(), client.version)),
            ("arguments", self.order.dump.arguments().join(" ")),
            ("object", store.location(key)),
            ("previous backup", previous.words()),
            ("tags", tags.join(" ")),
            ("lock", lock),
            ("storage class", self.order.storage_class.clone()),
            ("parts", format!("{}, {} in flight", ByteSize(flow.part_bytes), flow.parts_in_flight)),
        ];
        let title = format!("{}: would be backed up", sponsor.name);
        self.edge.sink.block(&std::iter::once(title).chain(plan::lines(&facts)).collect::<Vec<_>>());
    }
}
