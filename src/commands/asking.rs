//! Asks GitHub once per run who approved it and which pull requests contain its commit. A slow or silent GitHub
//! delays nothing: it is asked during the backups, for a few seconds at most. If an answer is missing, the record has
//! the reason.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::sync::OnceCell;

use super::Edge;
use crate::record::Circumstances;
use crate::record::github::{Access, GitHub};
use crate::report::workflow::{Level, annotation};

/// Time limit for all requests, including retries.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) struct Asking<'a> {
    access: Option<&'a Access>,
    edge: &'a Edge,
    answer: OnceCell<Circumstances>,
}

impl<'a> Asking<'a> {
    pub(super) fn new(access: Option<&'a Access>, edge: &'a Edge) -> Self {
        Self { access, edge, answer: OnceCell::new() }
    }

    /// The answer for all sponsors' records. The first caller sends the requests.
    pub(super) async fn answer(&self) -> &Circumstances {
        self.answer.get_or_init(|| Box::pin(self.ask())).await
    }

    async fn ask(&self) -> Circumstances {
        let Some(access) = self.access else {
            return Circumstances::not_asked("`github-token` is not set");
        };
        let run = &self.edge.run;
        let asked = async {
            match GitHub::new(access, run.repository.as_deref()) {
                Ok(github) => github.circumstances(run).await,
                Err(error) => Circumstances::unavailable(&error.to_string()),
            }
        };
        let asked = AssertUnwindSafe(asked).catch_unwind();
        let stop = self.edge.stop.child();
        let circumstances = tokio::select! {
            asked = tokio::time::timeout(PATIENCE, asked) => match asked {
                Ok(Ok(circumstances)) => circumstances,
                Ok(Err(_)) => Circumstances::unavailable("internal error of sponsor-backup (see its log)"),
                Err(_) => Circumstances::unavailable("GitHub did not answer within 5 seconds"),
            },
            () = stop.cancelled() => Circumstances::unavailable("the run was stopped before GitHub answered"),
        };
        let circumstances = circumstances.cleaned(|text| self.edge.sink.redacted(text));
        self.edge.sink.group("GitHub", &circumstances.lines());
        if let Some(trouble) = circumstances.trouble() {
            let title = "approvals or pull requests are not in the record";
            self.edge.sink.annotations(&[annotation(Level::Warning, title, &trouble)]);
        }
        circumstances
    }
}
