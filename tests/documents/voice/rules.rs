//! The habits that our texts avoid. Each rule names the better form and carries a sentence that breaks it.

use regex::Regex;

/// Who reads a text, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A paragraph, list item or table row of a Markdown page.
    Page,
    /// A heading of a Markdown page.
    Heading,
    /// `action.yml`.
    Help,
    /// A string of the sources that a person may read.
    Message,
    /// The format string of an `#[error("…")]` attribute, or an `error:` line of a snapshot.
    Error,
    /// A `hint:` line of a snapshot.
    Hint,
    /// A comment of a workflow or script, or of Rust code.
    Comment,
}

use Kind::{Comment, Error, Heading, Help, Hint, Message, Page};

pub(crate) const ALL: &[Kind] = &[Page, Heading, Help, Message, Error, Hint, Comment];
const READ: &[Kind] = &[Page, Heading, Help, Message, Error, Hint];

pub(crate) struct Rule {
    pub(crate) kinds: &'static [Kind],
    pattern: &'static str,
    /// Matches that are good English all the same.
    unless: Option<&'static str>,
    /// What to write instead.
    pub(crate) instead: &'static str,
    /// A text that breaks the rule.
    pub(crate) example: &'static str,
}

const fn rule(
    kinds: &'static [Kind],
    pattern: &'static str,
    instead: &'static str,
    example: &'static str,
) -> Rule {
    Rule { kinds, pattern, unless: None, instead, example }
}

impl Rule {
    const fn unless(self, pattern: &'static str) -> Self {
        Self { unless: Some(pattern), ..self }
    }

    /// The pattern, ready to use on many texts.
    pub(crate) fn compiled(&'static self) -> Compiled {
        let regex = |pattern: &str| Regex::new(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
        Compiled { rule: self, pattern: regex(self.pattern), unless: self.unless.map(regex) }
    }
}

pub(crate) struct Compiled {
    pub(crate) rule: &'static Rule,
    pattern: Regex,
    unless: Option<Regex>,
}

impl Compiled {
    /// Offset and text of each place that breaks the rule.
    pub(crate) fn matches<'t>(&self, text: &'t str) -> Vec<(usize, &'t str)> {
        let matches = self.pattern.find_iter(text).map(|found| (found.start(), found.as_str()));
        let excused = |found: &str| self.unless.as_ref().is_some_and(|unless| unless.is_match(found));
        matches.filter(|(_, found)| !excused(found)).collect()
    }
}

pub(crate) const RULES: &[Rule] = &[
    rule(
        ALL,
        r"(?i)\b(?:tells?|told|telling)\b",
        "report, show, print, distinguish",
        "The summary tells the size.",
    ),
    rule(
        ALL,
        r"(?i)\b(?:whoever|whomever|nobody|somebody|anybody)\b",
        "name the reader, the role or the program",
        "Whoever reads it can restore.",
    ),
    rule(ALL, r"(?i)\b(?:stands|stood|lies)\b", "is, is stored", "The key lies in the bucket."),
    rule(ALL, r"\bWhere\s[^.?:]*,", "if, when", "Where a flag is off, the sponsor is disabled."),
    rule(ALL, r"(?i)\bbeside\b", "next to, besides", "The manifest is beside the backup."),
    rule(
        ALL,
        r"(?i)\b(?:there\s+)?(?:is|are|was|were)\s+no\s+[a-z]+",
        "put the negative on the verb",
        "An empty file is no backup.",
    )
    .unless(r"(?i)^there|\sno\s+(?:longer|more|less|older|newer|larger|smaller)$"),
    rule(ALL, r"(?i)\bso\s+(?:long|many)\b", "as long, this many, or the number", "It has so many rows."),
    rule(ALL, r"(?i)\bmay\s+not\b", "cannot, must not, might not", "The key may not delete."),
    rule(ALL, r"(?i)\bon\s+loan\b", "temporary", "Keys on loan expire."),
    rule(ALL, r"(?i)\bthrowaway\b", "temporary", "It starts a throwaway server."),
    rule(READ, r"(?i)\b(?:[a-z]+\s+)?words?\b", "token, permission, message", "GitHub's word expires.")
        .unless(r"(?i)^(?:other|in|search|reserved|two|of)\s"),
    rule(ALL, r"(?i)\bbelongs?\s+into\b", "belongs in", "Secrets belong into variables."),
    rule(
        ALL,
        r"(?i)\bone\s+(?:[a-z]+\s+)?an?\s+(?:line|sponsor|job|row|page|file|table|environment|bucket|run)\b",
        "per sponsor, one per line",
        "Keys, one a line.",
    )
    .unless(r"(?i)^one\s+(?:in|of|on|per|for|with|to|from|is|has)\s"),
    rule(
        &[Help, Message, Error, Hint],
        r"[^\s&]+;(?:\s|$)",
        "two sentences",
        "Set the region; it has no default.",
    ),
    rule(
        &[Heading],
        r"(?i)\b(?:is|are|was|were|has|have|does|do|did|cannot|can|must|will|needs?|stays?|goes|comes)\b[^?]*$",
        "what people search for: a noun phrase",
        "The object is never deleted",
    ),
    rule(
        &[Heading],
        r"^(?:Where|Whoever|Whose|Who|Whatever|What\s+(?:is|are|was|were|it|in|must|happens|then))\b[^?]*$",
        "what people search for: a noun phrase",
        "What it leaves behind",
    ),
    rule(
        &[Heading],
        r"(?:[.!:;]|(?:\S+\s+){8}\S+)$",
        "at most eight words, no full stop",
        "Backups, in short.",
    ),
    rule(&[Error], r"^[A-Z][a-z]+\s", "begin with a lower-case letter", "The bucket does not exist")
        .unless("^(?:Amazon|Doppler|Docker|Glacier|Supabase|Unix|Object)"),
    rule(&[Error], r"[^.]\.$", "no full stop at the end", "cannot reach S3."),
    rule(&[Hint], r"^[a-z]", "begin with a capital letter", "set the region."),
    rule(&[Hint], r"[^.?:]$", "end with a full stop", "Set the region"),
];
