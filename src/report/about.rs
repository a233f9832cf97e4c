//! Who ran what, when and why: one line below a summary's heading, in Markdown. Pure.

use jiff::Timestamp;

use super::markdown::{cell, link};
use super::wording::duration;

/// The facts. Absent ones are left out.
#[derive(Debug, Clone, Copy)]
pub struct About<'a> {
    /// Version that is deployed.
    pub version: Option<&'a str>,
    /// Why.
    pub reason: Option<&'a str>,
    /// Who started the attempt.
    pub actor: Option<&'a str>,
    /// Id of the run.
    pub run_id: Option<&'a str>,
    /// Its attempt.
    pub attempt: Option<&'a str>,
    /// Its page.
    pub url: Option<&'a str>,
    /// When it ended.
    pub at: Timestamp,
    /// How long it took.
    pub seconds: f64,
}

impl About<'_> {
    /// `**v2.4.0** · adds consent forms · by octocat · [run 17342009911](…) · 2026-11-20 12:00:00 UTC · 12.3s`
    #[must_use]
    pub fn line(&self) -> String {
        let run = self.run_id.map(|id| {
            let attempt = self.attempt.filter(|attempt| *attempt != "1");
            let attempt = attempt.map(|attempt| format!(", attempt {attempt}")).unwrap_or_default();
            let name = format!("run {id}{attempt}");
            self.url.map_or_else(|| cell(&name), |url| link(&name, url))
        });
        let parts = [
            self.version.map(|version| format!("**{}**", cell(version))),
            self.reason.map(cell),
            self.actor.map(|actor| format!("by {}", cell(actor))),
            run,
            Some(self.at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()),
            Some(duration(self.seconds)),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
    }
}

#[cfg(test)]
mod tests;
