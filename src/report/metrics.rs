//! Metrics as Prometheus reads them: gauges in its text format, with the labels `sponsor` and `environment`. Pure.
//!
//! A run publishes what its records say. The command `metrics` replays the newest records and what the store holds, so that both
//! come to the same samples.

mod names;
mod samples;
#[cfg(test)]
mod tests;

use std::fmt::Write as _;
use std::time::Duration;

use jiff::Timestamp;

pub use names::Metric;
pub use samples::{StoreFacts, of_disabled, of_plan, of_record, of_store};

/// One sample: a line of the text format.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sample {
    metric: Metric,
    environment: String,
    sponsor: String,
    line: String,
}

/// Samples that replace others at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update {
    /// The samples that it is about.
    pub group: Group,
    /// Whether it replaces all samples of its group. Otherwise only those of the metrics that it has.
    pub is_whole: bool,
    /// The new ones.
    pub samples: Vec<Sample>,
}

/// Samples that one writer replaces: a group of a Pushgateway.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// The sponsors of whom backups are expected.
    Plan {
        /// `production`, `staging` or `development`.
        environment: String,
    },
    /// What is known of one sponsor's backups.
    Sponsor {
        /// `production`, `staging` or `development`.
        environment: String,
        /// Sponsor's name.
        sponsor: String,
    },
}

impl Group {
    /// Whose samples it has, for a message.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Plan { .. } => "the plan",
            Self::Sponsor { sponsor, .. } => sponsor,
        }
    }

    /// Its labels in a Pushgateway, each name before its value. `job` comes first.
    #[must_use]
    pub fn labels(&self) -> Vec<&str> {
        match self {
            Self::Plan { environment } => vec!["job", "sponsor-backup-plan", "environment", environment],
            Self::Sponsor { environment, sponsor } => {
                vec!["job", "sponsor-backup", "environment", environment, "sponsor", sponsor]
            }
        }
    }
}

impl Sample {
    /// A sample. `more` are the labels besides sponsor and environment.
    fn new(metric: Metric, whose: (&str, &str), more: &[(&str, &str)], value: f64) -> Self {
        let (environment, sponsor) = whose;
        let mut line = format!("{}{{", metric.name());
        let labels = [("sponsor", sponsor), ("environment", environment)];
        for (at, (name, value)) in labels.iter().chain(more).enumerate() {
            let comma = if at == 0 { "" } else { "," };
            write!(line, "{comma}{name}=\"{}\"", escaped(value)).ok();
        }
        write!(line, "}} {value}").ok();
        Self { metric, environment: environment.to_owned(), sponsor: sponsor.to_owned(), line }
    }

    /// A line that [`render`] wrote. `None` for any other.
    fn parse(line: &str) -> Option<Self> {
        let (name, rest) = line.split_once("{sponsor=\"")?;
        let (sponsor, rest) = rest.split_once("\",environment=\"")?;
        let (environment, rest) = rest.split_once('"')?;
        rest.rsplit_once("} ")?.1.parse::<f64>().ok()?;
        Some(Self {
            metric: Metric::named(name)?,
            environment: environment.to_owned(),
            sponsor: sponsor.to_owned(),
            line: line.to_owned(),
        })
    }

    fn is_absent(&self) -> bool {
        self.line.ends_with(" NaN")
    }

    fn group(&self) -> Group {
        let environment = self.environment.clone();
        match self.metric {
            Metric::ExpectedWithin => Group::Plan { environment },
            _ => Group::Sponsor { environment, sponsor: self.sponsor.clone() },
        }
    }
}

/// Samples as text: each metric with its help and its type.
#[must_use]
pub fn render(samples: &[Sample]) -> String {
    let mut sorted: Vec<&Sample> = samples.iter().collect();
    sorted.sort_unstable();
    let mut text = String::new();
    let mut shown = None;
    for sample in sorted {
        if shown.replace(sample.metric) != Some(sample.metric) {
            let (name, help) = (sample.metric.name(), sample.metric.help());
            write!(text, "# HELP {name} {help}\n# TYPE {name} gauge\n").ok();
        }
        writeln!(text, "{}", sample.line).ok();
    }
    text
}

/// The samples of a text that [`render`] wrote. `None` if it has a line of another program: such a text is not ours to replace.
#[must_use]
pub fn parse(text: &str) -> Option<Vec<Sample>> {
    let is_ours = |line: &&str| !line.is_empty() && !is_comment(line);
    text.lines().filter(is_ours).map(Sample::parse).collect()
}

/// The samples after an update, as a Pushgateway would have them.
#[must_use]
pub fn updated(mut samples: Vec<Sample>, update: &Update) -> Vec<Sample> {
    let is_new = |metric| update.samples.iter().any(|sample| sample.metric == metric);
    samples.retain(|sample| sample.group() != update.group || !(update.is_whole || is_new(sample.metric)));
    samples.extend(update.samples.iter().cloned());
    samples
}

/// Whether [`render`] wrote the line as the help or the type of a metric.
fn is_comment(line: &str) -> bool {
    let rest = line.strip_prefix("# HELP ").or_else(|| line.strip_prefix("# TYPE "));
    rest.is_some_and(|rest| rest.starts_with(Metric::PREFIX))
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// Seconds since 1970.
#[expect(clippy::cast_precision_loss, reason = "seconds of any year fit")]
fn seconds_of(at: Timestamp) -> f64 {
    at.as_second() as f64
}

/// Seconds, to three digits.
fn seconds_in(time: Duration) -> f64 {
    (time.as_secs_f64() * 1000.0).round() / 1000.0
}
