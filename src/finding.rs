//! What a preflight check finds out. Each module checks what it depends on and answers with these. Pure.

use serde::Serialize;

/// One thing that `preflight` checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Check {
    /// `bucket-versioning`: the key `check` of the JSON.
    pub name: &'static str,
    /// What it looks at, at most 80 characters of Markdown.
    pub about: &'static str,
}

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// As it should be.
    Ok,
    /// Everything between the two, including what could not be read.
    Warn,
    /// A backup or a restore would not happen, would be smaller, would be public, or would end before its retention.
    Fail,
}

impl Level {
    /// As the JSON has it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// The answer of one check. Texts may quote what servers answered, so they are redacted before they are shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which check.
    pub check: &'static str,
    /// How much it matters.
    pub level: Level,
    /// What was found: a lower-case fragment with the name and the value.
    pub what: String,
    /// Why it matters: one sentence. Empty if all is well.
    pub why: String,
    /// The command or setting that fixes it: an imperative sentence. Empty if all is well.
    pub fix: String,
}

const GENERAL: &str = "Look the message up in docs/troubleshooting.md, or in the server's log.";

impl Check {
    /// All is well.
    #[must_use]
    pub fn ok(self, what: impl Into<String>) -> Finding {
        self.finding(Level::Ok, what, "", "")
    }

    /// Backups and restores work without it.
    #[must_use]
    pub fn warn(self, what: impl Into<String>, why: impl Into<String>, fix: impl Into<String>) -> Finding {
        self.finding(Level::Warn, what, why, fix)
    }

    /// A backup or a restore would not happen, would be smaller, would be public, or would end before its retention.
    #[must_use]
    pub fn fail(self, what: impl Into<String>, why: impl Into<String>, fix: impl Into<String>) -> Finding {
        self.finding(Level::Fail, what, why, fix)
    }

    /// It could not be found out: a warning, whose fix names the permission.
    #[must_use]
    pub fn unknown(self, what: impl std::fmt::Display, fix: impl Into<String>) -> Finding {
        self.finding(Level::Warn, format!("unknown: {what}"), "This was not checked.", fix)
    }

    /// It was not asked for: a warning, whose fix names the input.
    #[must_use]
    pub fn not_asked(self, what: impl std::fmt::Display, fix: impl Into<String>) -> Finding {
        self.finding(Level::Warn, format!("not asked: {what}"), "This was not checked.", fix)
    }

    fn finding(
        self,
        level: Level,
        what: impl Into<String>,
        why: impl Into<String>,
        fix: impl Into<String>,
    ) -> Finding {
        let fix: String = fix.into();
        // Some answers of servers have no remedy of their own.
        let fix = if fix.is_empty() && level != Level::Ok { GENERAL.to_owned() } else { fix };
        Finding { check: self.name, level, what: what.into(), why: why.into(), fix }
    }
}
