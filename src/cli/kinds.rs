//! What the text of an input can become, and what to write instead if it cannot.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use bytesize::ByteSize;
use jiff::{Span, SpanRelativeTo};
use secrecy::SecretString;

use crate::archive::codec::{Format, Level};
use crate::manifest::{is_code, is_name};
use crate::record::RecordedOutcome;
use crate::record::entries::RecordedEvent;
use crate::report::notification::NotifyWhen;
use crate::sponsors::{self, Environment, Selection};
use crate::store::LockChoice;
use crate::verification::share::Share;

/// A kind of input.
pub trait FromInput: Sized {
    /// What the text has to be: `a duration`. Not needed if any text will do.
    const EXPECTED: &'static str = "";
    /// What to write, a sentence.
    const HINT: &'static str = "";

    /// `None` if the text is nothing of the kind.
    fn from_input(text: &str) -> Option<Self>;
}

impl FromInput for Vec<String> {
    /// Names or patterns, separated by commas or whitespace.
    fn from_input(text: &str) -> Option<Self> {
        Some(sponsors::words(text).map(str::to_owned).collect())
    }
}

impl FromInput for String {
    fn from_input(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }
}

impl FromInput for SecretString {
    fn from_input(text: &str) -> Option<Self> {
        Some(Self::from(text.to_owned()))
    }
}

impl FromInput for PathBuf {
    fn from_input(text: &str) -> Option<Self> {
        Some(Self::from(text))
    }
}

/// The name of a sponsor, as a manifest takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SponsorName(pub String);

impl FromInput for SponsorName {
    const EXPECTED: &'static str = "a sponsor name";
    const HINT: &'static str =
        "Write a name of a-z, 0-9 and - that begins with a letter, such as `callisto`.";

    fn from_input(text: &str) -> Option<Self> {
        is_name(text).then(|| Self(text.to_owned()))
    }
}

/// The code of a sponsor, as a manifest takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SponsorCode(pub String);

impl FromInput for SponsorCode {
    const EXPECTED: &'static str = "a sponsor code";
    const HINT: &'static str = "Write three upper-case letters, such as `CAL`.";

    fn from_input(text: &str) -> Option<Self> {
        is_code(text).then(|| Self(text.to_owned()))
    }
}

/// The id of a workflow run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RunId(pub(super) String);

impl FromInput for RunId {
    const EXPECTED: &'static str = "a run ID";
    const HINT: &'static str = "Write the number in the run's URL, such as `19876543210`.";

    fn from_input(text: &str) -> Option<Self> {
        let is_id = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        is_id.then(|| Self(text.to_owned()))
    }
}

impl FromInput for RecordedEvent {
    const EXPECTED: &'static str = "an event";
    const HINT: &'static str =
        "Use `backup`, `deployment`, `drill`, `verification`, `restore`, `copy`, `hold` or `prune`.";

    fn from_input(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|event| event.name() == text)
    }
}

impl FromInput for NotifyWhen {
    const EXPECTED: &'static str = "failure, always or never";
    const HINT: &'static str = "Use `failure`, `always` or `never`.";

    fn from_input(text: &str) -> Option<Self> {
        match text {
            "failure" => Some(Self::Failure),
            "always" => Some(Self::Always),
            "never" => Some(Self::Never),
            _ => None,
        }
    }
}

impl FromInput for Selection {
    fn from_input(text: &str) -> Option<Self> {
        Some(Self::parse(text))
    }
}

impl FromInput for Environment {
    const EXPECTED: &'static str = "an environment";
    const HINT: &'static str = "Use `production`, `staging` or `development`.";

    fn from_input(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl FromInput for Format {
    const EXPECTED: &'static str = "gzip or zstd";
    const HINT: &'static str = "Use `gzip` or `zstd`.";

    fn from_input(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == text)
    }
}

impl FromInput for Level {
    const EXPECTED: &'static str = "a compression level";
    const HINT: &'static str = "Use `auto` or a number, such as `4`.";

    fn from_input(text: &str) -> Option<Self> {
        if text == "auto" { Some(Self::Auto) } else { text.parse().ok().map(Self::Fixed) }
    }
}

impl FromInput for LockChoice {
    const EXPECTED: &'static str = "an Object Lock mode";
    const HINT: &'static str = "Use `auto`, `governance`, `compliance` or `off`.";

    fn from_input(text: &str) -> Option<Self> {
        match text {
            "auto" => Some(Self::Auto),
            "governance" => Some(Self::Governance),
            "compliance" => Some(Self::Compliance),
            "off" => Some(Self::Off),
            _ => None,
        }
    }
}

impl FromInput for RecordedOutcome {
    const EXPECTED: &'static str = "an outcome";
    const HINT: &'static str = "Use `success`, `failure`, `cancelled` or `skipped`.";

    fn from_input(text: &str) -> Option<Self> {
        Self::OF_A_DEPLOYMENT.into_iter().find(|outcome| outcome.name() == text)
    }
}

impl FromInput for bool {
    const EXPECTED: &'static str = "a boolean";
    const HINT: &'static str = "Write `true` or `false`.";

    /// YAML's core schema, as GitHub's own toolkit reads it.
    fn from_input(text: &str) -> Option<Self> {
        match text {
            "true" | "True" | "TRUE" => Some(true),
            "false" | "False" | "FALSE" => Some(false),
            _ => None,
        }
    }
}

/// Numbers from 1.
macro_rules! positive_numbers {
    ($($number:ty: $one:expr),*) => {$(
        impl FromInput for $number {
            const EXPECTED: &'static str = "a positive number";
            const HINT: &'static str = "Write a whole number from 1.";

            fn from_input(text: &str) -> Option<Self> {
                text.parse().ok().filter(|number| *number >= $one)
            }
        }
    )*};
}

positive_numbers!(u16: 1, u32: 1, i32: 1, NonZeroUsize: NonZeroUsize::MIN);

impl FromInput for u64 {
    const EXPECTED: &'static str = "a number of bytes";
    const HINT: &'static str = "Pass the output `backup_size` of the backup step.";

    fn from_input(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

/// A number of tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TableCount(pub(super) u64);

impl FromInput for TableCount {
    const EXPECTED: &'static str = "a number of tables";
    const HINT: &'static str = "Write a whole number from 0.";

    fn from_input(text: &str) -> Option<Self> {
        text.parse().ok().map(Self)
    }
}

impl FromInput for Share {
    const EXPECTED: &'static str = "a share";
    const HINT: &'static str = "Write a share from `0%` to `100%`, such as `20%` or `2.5%`.";

    fn from_input(text: &str) -> Option<Self> {
        Self::parse(text)
    }
}

impl FromInput for ByteSize {
    const EXPECTED: &'static str = "a size";
    const HINT: &'static str = "Write a size such as `96MiB`.";

    fn from_input(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl FromInput for Duration {
    const EXPECTED: &'static str = "a duration";
    const HINT: &'static str = "Write a duration such as `10m`, `6h`, `30d` or `1d12h`.";

    /// A number and `s`, `m`, `h`, `d` or `w`, also combined (`1d12h`); at least a millisecond. A day has 24 hours. Months
    /// and years have no fixed length, so jiff does not convert them.
    fn from_input(text: &str) -> Option<Self> {
        let span = text.parse::<Span>().ok()?.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
        Self::try_from(span).ok().filter(|duration| *duration >= Self::from_millis(1))
    }
}

/// Whether a text is a boolean, or meant as one.
pub(super) fn is_like_a_boolean(text: &str) -> bool {
    const ATTEMPTS: [&str; 10] = ["true", "false", "yes", "no", "on", "off", "y", "n", "1", "0"];
    ATTEMPTS.iter().any(|attempt| text.eq_ignore_ascii_case(attempt))
}

#[cfg(test)]
mod tests;
