//! `notify-test`: sends a sample to every sink of notifications, and fails if one does not accept it.

use super::RunContext;
use super::notification::send_sample;
use super::publish::Publisher;
use crate::cli::options::NotifyTestOptions;
use crate::failure::Failure;
use crate::report::lines::count;
use crate::report::outputs;
use crate::verification::{Conclusion, VerificationError};

pub(super) async fn run(
    options: NotifyTestOptions,
    context: &RunContext,
    publisher: &Publisher<'_>,
) -> Result<u8, Failure> {
    options.common.notifications.check_any()?;
    let sent = context
        .unless_stopped(async { Ok(Box::pin(send_sample(&options.common.notifications, publisher)).await) })
        .await?;
    let mut findings = Vec::new();
    for (sink, result) in &sent {
        match result {
            Ok(()) => context.sink.line(&format!("{sink}: sent")),
            Err(error) => findings.push(format!("{sink} did not accept the sample: {error}")),
        }
    }
    if !findings.is_empty() {
        let hint = "Check that the secret holds the whole URL, and that this runner can reach its host.";
        let place = "notifications".to_owned();
        return Err(VerificationError { place, findings, hint: hint.to_owned() }.into());
    }
    let conclusion = outputs::of_a_conclusion(Conclusion::of_listing(sent.len()));
    let all: Vec<_> = std::iter::once(("results", "[]".to_owned())).chain(conclusion).collect();
    context.sink.outputs(&all)?;
    publisher.conclude_with(&format!("sample sent to {}", count(sent.len(), "sink")));
    Ok(0)
}
