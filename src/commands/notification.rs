//! Notifies people and programs elsewhere of the end of a run. Whatever becomes of that, the run ends the same: a sink that does
//! not accept its message is a warning.

pub(super) mod earlier;
pub(super) mod notes;
mod pings;

use futures_util::future::{BoxFuture, join_all};
use uuid::Uuid;

use super::RunContext;
use super::publish::{Publisher, ReportedEnd};
use super::session::fenced;
use crate::cli::CommandOptions;
use crate::cli::options::{NotifyOptions, PING, SLACK, SMTP, WEBHOOK};
use crate::record::RecordedOutcome;
use crate::report::mailer;
use crate::report::notification::ping::{Signal, body};
use crate::report::notification::{Notification, NotifyingRun, SponsorPart, signature, slack};
use crate::report::notifier::{Letter, Notifier, NotifyError};
use crate::report::posting::LIMIT;
use crate::stop::Deadline;
use pings::Pings;

/// The notifications of a run.
pub(super) struct Notifications {
    options: NotifyOptions,
    /// Outcome of the deployment that the run records.
    deployment: Option<RecordedOutcome>,
    /// Whether messages may be sent at its end.
    is_messaging: bool,
}

/// What became of a message: the variable of its sink, and the result.
pub(super) type Sent = (String, Result<(), NotifyError>);

impl Notifications {
    /// Masks the sinks, and signals the start of the run. A dry run sends nothing.
    pub(super) fn new(options: &CommandOptions, context: &RunContext) -> Self {
        let common = options.common();
        let notify = common.notifications.clone();
        context.mask(notify.secrets());
        if notify.lacks_a_sink() {
            let words =
                format!("`notify` is set, but none of {SLACK}, {WEBHOOK} and {SMTP}: no message is sent");
            context.warn("notifications have no sink", &words);
        }
        let is_messaging = notify.is_messaging() && !common.dry_run;
        if is_messaging {
            context.notifications.want_earlier();
        }
        if notify.is_pinging() && !common.dry_run {
            let pings = Pings::new(&notify);
            pings.start_run();
            context.notifications.ping(pings);
        }
        let deployment = match options {
            CommandOptions::Record(options) => Some(options.outcome),
            _ => None,
        };
        Self { options: notify, deployment, is_messaging }
    }

    /// Sends everything at once. Takes no longer than one sink may, nor than a signal allows.
    pub(super) async fn deliver(&self, publisher: &Publisher<'_>, code: u8) {
        let context = publisher.context;
        if !self.is_messaging && context.notifications.pings().is_none() {
            return;
        }
        let delivered = fenced(async { Ok(self.send(publisher, code).await) }).await;
        let sent = delivered.unwrap_or_else(|panicked| {
            context.warn("notifications were not sent", &panicked.to_string());
            Vec::new()
        });
        for (sink, result) in sent {
            if let Err(error) = result {
                let words = format!("{sink} did not accept the notification: {error}");
                context.warn("a notification was not sent", &context.sink.redacted(&words));
            }
        }
    }

    async fn send(&self, publisher: &Publisher<'_>, code: u8) -> Vec<Sent> {
        let context = publisher.context;
        let notification = self.notification(publisher, code);
        let is_wanted = self.is_messaging && notification.is_wanted(self.options.when);
        let letters = if is_wanted { messages(&self.options, &notification) } else { Vec::new() };
        let notifier = Notifier::new();
        let ends = context.notifications.pings().map(|pings| pings.ends(&notification)).unwrap_or_default();
        let pings = ends.into_iter().map(|end| -> BoxFuture<'_, Sent> {
            Box::pin(async { (end.sink.clone(), in_time(context, end.send()).await) })
        });
        let messages = letters.iter().map(|(sink, letter)| -> BoxFuture<'_, Sent> {
            Box::pin(async { (sink.clone(), in_time(context, notifier.send(letter)).await) })
        });
        let mails = self.options.email.iter().filter(|_| is_wanted).map(|relay| -> BoxFuture<'_, Sent> {
            Box::pin(async { (SMTP.to_owned(), in_time(context, mailer::send(relay, &notification)).await) })
        });
        join_all(messages.chain(mails).chain(pings)).await
    }

    fn notification(&self, publisher: &Publisher<'_>, exit_code: u8) -> Notification {
        let context = publisher.context;
        let run = running(&self.options, publisher, exit_code);
        let notification = match publisher.reported.get() {
            Some(ReportedEnd::Refusal { stage, message, .. }) => {
                Notification::of_a_refusal(run, stage, message)
            }
            Some(ReportedEnd::Results { results, codes }) => {
                let parts = results.iter().zip(codes).map(|(result, code)| {
                    let earlier = context.notifications.earlier(&result.sponsor);
                    SponsorPart::new(result, *code, &earlier, self.deployment)
                });
                Notification::new(run, parts.collect())
            }
            None => Notification::new(run, Vec::new()),
        };
        notification.cleaned(|text| context.sink.redacted(text))
    }
}

/// Sends a sample to each sink, to the checks of a ping service as a log entry, which changes no status.
pub(super) async fn send_sample(options: &NotifyOptions, publisher: &Publisher<'_>) -> Vec<Sent> {
    let context = publisher.context;
    let sample = Notification::new(running(options, publisher, 0), Vec::new());
    let sample = sample.cleaned(|text| context.sink.redacted(text));
    let mut letters = messages(options, &sample);
    let run = options.ping.iter().map(|url| (PING, url));
    let parts = options.sponsor_pings.iter().map(|(name, url)| (name.as_str(), url));
    letters.extend(run.chain(parts).map(|(name, url)| {
        let url = Signal::Log.url(url, Uuid::new_v4());
        (name.to_owned(), Letter { url, headers: Vec::new(), body: body(&sample) })
    }));
    let notifier = Notifier::new();
    let sent = letters.iter().map(|(sink, letter)| -> BoxFuture<'_, Sent> {
        Box::pin(async { (sink.clone(), in_time(context, notifier.send(letter)).await) })
    });
    let mails = options.email.iter().map(|relay| -> BoxFuture<'_, Sent> {
        Box::pin(async { (SMTP.to_owned(), in_time(context, mailer::send(relay, &sample)).await) })
    });
    join_all(sent.chain(mails)).await
}

fn running(options: &NotifyOptions, publisher: &Publisher<'_>, exit_code: u8) -> NotifyingRun {
    let context = publisher.context;
    let (version, reason) = &publisher.deployed;
    let run = &context.run;
    NotifyingRun {
        id: format!("msg_{}", Uuid::new_v4().simple()),
        command: options.command.name(),
        subject: publisher.subject,
        environment: publisher.environment.name().to_owned(),
        exit_code,
        is_stopped: context.stop.signal().is_some(),
        at: context.now(),
        version: version.as_ref().map(|text| text.redacted(&context.sink)),
        reason: reason.as_ref().map(|text| text.redacted(&context.sink)),
        actor: run.triggering_actor.clone().or_else(|| run.actor.clone()),
        url: run.run_url.clone(),
    }
}

/// The messages for Slack and the webhook.
fn messages(options: &NotifyOptions, notification: &Notification) -> Vec<(String, Letter)> {
    let json = || vec![("content-type", "application/json".to_owned())];
    let slack = options.slack.iter().map(|url| {
        let body = slack::message(notification);
        (SLACK.to_owned(), Letter { url: url.clone(), headers: json(), body })
    });
    let webhook = options.webhook.iter().map(|(url, keys)| {
        let body = notification.document();
        let headers = signature::headers(notification, &body, keys);
        (WEBHOOK.to_owned(), Letter { url: url.clone(), headers, body })
    });
    slack.chain(webhook).collect()
}

/// Sends within the time of one sink, and within what a signal leaves.
async fn in_time(
    context: &RunContext,
    sending: impl Future<Output = Result<(), NotifyError>>,
) -> Result<(), NotifyError> {
    tokio::select! {
        sent = tokio::time::timeout(LIMIT, sending) => sent.unwrap_or_else(|_| Err(NotifyError::late())),
        () = context.stop.passed(Deadline::EndRun) => Err(NotifyError::stopped()),
    }
}
