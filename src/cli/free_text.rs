//! Words that a person gave for people to read. They may quote a secret by mistake, and documents are kept for years.

use crate::report::sink::Sink;

/// Such words. Nothing can show or keep them as they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FreeText(String);

impl FreeText {
    /// The words as they were given.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The words without any secret that the run knows by now.
    #[must_use]
    pub fn redacted(&self, sink: &Sink) -> String {
        sink.redacted(&self.0)
    }
}
