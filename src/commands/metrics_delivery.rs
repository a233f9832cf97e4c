//! Publishes what a run learned as metrics: to a Pushgateway, to a file, to both or nowhere. A run that ends well or badly ends the
//! same without them: what was not published is a warning.

use secrecy::ExposeSecret as _;
use url::Url;

use super::RunContext;
use crate::cli::options::{CommonOptions, MetricsDestinations};
use crate::report::metrics::Update;
use crate::report::posting::LIMIT;
use crate::report::{metrics_file, pushgateway};
use crate::secrets::Secret;
use crate::secrets::url_parts::secret_parts;
use crate::stop::Deadline;

/// Where a run's metrics go.
pub(super) struct MetricsDelivery {
    destinations: MetricsDestinations,
}

impl MetricsDelivery {
    pub(super) fn new(options: &CommonOptions, context: &RunContext) -> Self {
        let destinations = options.metrics.clone();
        context.mask(destinations.pushgateway.iter().flat_map(secrets_of));
        Self { destinations }
    }

    /// Publishes what was noted during the run. Takes no longer than a signal allows. Returns whether all of it arrived.
    pub(super) async fn deliver(&self, context: &RunContext) -> bool {
        let updates = context.take_metrics();
        if updates.is_empty() {
            return true;
        }
        let (is_written, is_pushed) =
            tokio::join!(self.write(context, &updates), self.push(context, &updates));
        is_written && is_pushed
    }

    async fn write(&self, context: &RunContext, updates: &[Update]) -> bool {
        let Some(path) = self.destinations.file.clone() else { return true };
        let updates = updates.to_vec();
        let writing = tokio::task::spawn_blocking(move || metrics_file::write(&path, &updates));
        let problem = tokio::select! {
            written = writing => match written {
                Ok(Ok(())) => return true,
                Ok(Err(error)) => error.to_string(),
                Err(panicked) => panicked.to_string(),
            },
            // A file system whose server is gone never answers.
            () = tokio::time::sleep(LIMIT) => "`metrics-file` was not written in time".to_owned(),
            () = context.stop.passed(Deadline::EndRun) => "`metrics-file` was not written in the seconds after the signal".to_owned(),
        };
        context.warn("metrics are not in the file", &context.sink.redacted(&problem));
        false
    }

    async fn push(&self, context: &RunContext, updates: &[Update]) -> bool {
        let Some(url) = &self.destinations.pushgateway else { return true };
        let pushed = tokio::select! {
            pushed = pushgateway::push(url, updates, LIMIT) => pushed.map_err(|error| error.to_string()),
            () = context.stop.passed(Deadline::EndRun) => {
                Err("the Pushgateway did not take the metrics in the seconds after the signal".to_owned())
            }
        };
        let Err(problem) = pushed else { return true };
        context.warn("metrics are not in the Pushgateway", &context.sink.redacted(&problem));
        false
    }
}

/// What must be masked of a gateway's URL. Without a password it is the address of a server, which other texts may name.
fn secrets_of(url: &Secret) -> Vec<Secret> {
    let text = url.expose_secret();
    let has_password = Url::parse(text).is_ok_and(|url| url.password().is_some());
    if has_password { secret_parts(text).into_iter().map(Secret::from).collect() } else { Vec::new() }
}
