//! One pg_dump of several, and how their texts become one.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::join_all;
use tokio::io::AsyncReadExt as _;
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::databases::postgres::sql::{Misfit, Part, Phase, SectionCutter, TableName, Takes};
use crate::databases::postgres::{Dump, FinishedDump, PgError, PostgresError};

/// Bytes to read at once, and to keep room for.
pub(super) const READ_BYTES: usize = 128 << 10;

/// Where the text goes.
#[derive(Debug, Clone)]
pub(super) struct Outlet {
    sender: mpsc::Sender<Vec<u8>>,
    /// Held by the section whose text must not be interrupted.
    turn: Arc<Mutex<()>>,
    stop: CancellationToken,
    place: String,
}

impl Outlet {
    pub(super) fn new(sender: mpsc::Sender<Vec<u8>>, stop: CancellationToken, place: String) -> Self {
        Self { sender, turn: Arc::default(), stop, place }
    }

    async fn send(&self, text: Vec<u8>) -> Result<(), PostgresError> {
        if text.is_empty() {
            return Ok(());
        }
        let sent = self.stop.run_until_cancelled(self.sender.send(text)).await;
        if let Some(Ok(())) = sent { Ok(()) } else { Err(self.stopped()) }
    }

    fn stopped(&self) -> PostgresError {
        PostgresError::Stopped { place: self.place.clone() }
    }
}

/// What one pg_dump wrote.
#[derive(Debug)]
pub(super) struct Finished {
    pub(super) dump: FinishedDump,
    /// The rows of each of its tables.
    pub(super) rows: BTreeMap<TableName, u64>,
}

/// One running pg_dump.
pub(super) struct Section {
    /// `None` after its end was judged.
    dump: Option<Dump>,
    cutter: SectionCutter,
    /// The next part, if it is known.
    next: Option<Part>,
    has_ended: bool,
    /// The text after its last statement.
    end: Vec<u8>,
    place: String,
}

impl Section {
    pub(super) fn new(dump: Dump, takes: Takes, part_bytes: usize, place: String) -> Self {
        let cutter = SectionCutter::new(takes, part_bytes);
        Self { dump: Some(dump), cutter, next: None, has_ended: false, end: Vec::new(), place }
    }

    fn misfit(&self, reason: Misfit) -> PostgresError {
        PostgresError::Misfit { place: self.place.clone(), reason }
    }

    /// Reads what pg_dump has written.
    async fn read(&mut self) -> Result<(), PostgresError> {
        let Some(dump) = &mut self.dump else { return Ok(()) };
        // After a read error the text is cut, and pg_dump's end explains it.
        let mut few = dump.take(READ_BYTES as u64);
        let read = few.read_buf(self.cutter.room()).await.unwrap_or_default();
        if read == 0 {
            self.has_ended = true;
            self.end = self.cutter.end();
            return Ok(());
        }
        self.cutter.advance().map_err(|reason| self.misfit(reason))
    }

    /// The next part of this phase. `None` after its last one.
    async fn next(&mut self, phase: Phase) -> Result<Option<Part>, PostgresError> {
        loop {
            self.next = self.next.take().or_else(|| self.cutter.pop());
            match &self.next {
                Some(part) if part.phase == phase => return Ok(self.next.take()),
                Some(_) => return Ok(None),
                None if self.has_ended || self.cutter.phase() > phase => return Ok(None),
                None => self.read().await?,
            }
        }
    }

    /// Sends everything of a phase.
    async fn send(&mut self, phase: Phase, outlet: &Outlet) -> Result<(), PostgresError> {
        while let Some(part) = self.next(phase).await? {
            outlet.send(part.text).await?;
        }
        Ok(())
    }

    /// Reads the settings that it begins with. They must be those that the text begins with, which are still in force.
    async fn skip_head(&mut self, head: &[Vec<u8>]) -> Result<(), PostgresError> {
        while self.next(Phase::Head).await?.is_some() {}
        if self.cutter.phase() == Phase::Head {
            // It ended in them, for a reason of its own.
            self.judge().await?;
            return Err(self.misfit(Misfit::Head));
        }
        if self.cutter.head() == head { Ok(()) } else { Err(self.misfit(Misfit::OtherHead)) }
    }

    /// Sends the rows in turn with other sections.
    async fn send_items(&mut self, outlet: &Outlet) -> Result<(), PostgresError> {
        while let Some(mut part) = self.next(Phase::Items).await? {
            let turn = outlet.stop.run_until_cancelled(outlet.turn.lock()).await;
            let _turn = turn.ok_or_else(|| outlet.stopped())?;
            loop {
                let is_open = part.is_open;
                outlet.send(part.text).await?;
                if !is_open {
                    break;
                }
                part = match self.next(Phase::Items).await? {
                    Some(part) => part,
                    None => break,
                };
            }
        }
        Ok(())
    }

    /// Waits for pg_dump's end, and judges it and what it wrote.
    async fn judge(&mut self) -> Result<Finished, PostgresError> {
        let cutter = std::mem::replace(&mut self.cutter, SectionCutter::new(Takes::nothing(), 0));
        let missing = cutter.missing();
        let (scan, rows) = cutter.into_parts();
        let Some(dump) = self.dump.take() else {
            return Err(PostgresError::QueryFailed {
                place: self.place.clone(),
                message: PgError::ours("pg_dump was judged twice"),
            });
        };
        let dump = dump.finish(scan).await?;
        match missing {
            Some(table) => Err(self.misfit(Misfit::Missing(table))),
            None => Ok(Finished { dump, rows }),
        }
    }

    async fn abandon(self) {
        if let Some(dump) = self.dump {
            dump.abandon().await;
        }
    }
}

/// All pg_dumps of one text.
pub(super) struct Sections {
    /// Definitions before the rows.
    pub(super) before: Section,
    /// Rows. The first one has everything that was not handed out.
    pub(super) data: Vec<Section>,
    /// Definitions after the rows.
    pub(super) after: Section,
    /// What each of them begins with.
    pub(super) settings: Vec<u8>,
}

impl Sections {
    /// Writes the text. When this returns, every pg_dump has ended.
    pub(super) async fn write(mut self, outlet: &Outlet) -> Result<Vec<Finished>, PostgresError> {
        let written = self.write_all(outlet).await;
        if written.is_err() {
            outlet.stop.cancel();
            self.abandon().await;
        }
        written
    }

    /// Ends every pg_dump, which were asked to stop.
    pub(super) async fn abandon(self) {
        let sections = self.data.into_iter().chain([self.before, self.after]);
        join_all(sections.map(Section::abandon)).await;
    }

    /// Reads the settings that all of them begin with. Only then does every pg_dump have its locks.
    pub(super) async fn read_heads(&mut self) -> Result<(), PostgresError> {
        while let Some(part) = self.before.next(Phase::Head).await? {
            self.settings.extend(part.text);
        }
        let head = self.before.cutter.head().to_vec();
        self.before.skip_head(&head).await?;
        for section in self.data.iter_mut().chain([&mut self.after]) {
            section.skip_head(&head).await?;
        }
        Ok(())
    }

    async fn write_all(&mut self, outlet: &Outlet) -> Result<Vec<Finished>, PostgresError> {
        let mut finished = vec![self.write_definitions(outlet).await?];
        finished.extend(self.write_rows(outlet).await?);
        self.after.send(Phase::Items, outlet).await?;
        finished.push(self.after.judge().await?);
        // The text ends like the dump that it began with, which is the only one whose end a reader can check.
        outlet.send(std::mem::take(&mut self.before.end)).await?;
        Ok(finished)
    }

    /// The settings, everything that drops objects in pg_dump's order, and the definitions before the rows.
    async fn write_definitions(&mut self, outlet: &Outlet) -> Result<Finished, PostgresError> {
        outlet.send(std::mem::take(&mut self.settings)).await?;
        // The last objects are dropped first. Only the first of the data sections drops any.
        for section in [&mut self.after].into_iter().chain(self.data.first_mut()).chain([&mut self.before]) {
            section.send(Phase::Drops, outlet).await?;
        }
        self.before.send(Phase::Items, outlet).await?;
        self.before.judge().await
    }

    async fn write_rows(&mut self, outlet: &Outlet) -> Result<Vec<Finished>, PostgresError> {
        let mut tasks = JoinSet::new();
        for mut section in std::mem::take(&mut self.data) {
            let outlet = outlet.clone();
            tasks.spawn(async move {
                let sent = section.send_items(&outlet).await;
                if let Err(error) = sent {
                    outlet.stop.cancel();
                    section.abandon().await;
                    return Err(error);
                }
                section.judge().await
            });
        }
        let (mut finished, mut first) = (Vec::new(), Ok(()));
        while let Some(done) = tasks.join_next().await {
            // A panic of a task continues here.
            let done = done.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
            match done {
                Ok(section) => finished.push(section),
                Err(error) => {
                    outlet.stop.cancel();
                    // The others are stopped then, which is only the consequence.
                    first = match first {
                        Err(PostgresError::Stopped { .. }) | Ok(()) => Err(error),
                        first => first,
                    };
                }
            }
        }
        first.map(|()| finished)
    }
}
