//! Secrets are taken out of what is about to be written, in whatever spelling they came. Pure.
//!
//! Most secrets never come near a text. But others quote what they were given: a server its connection, a shell its
//! environment, an error page the request. A runner hides the values it knows. Records, outputs and terminals do not.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::secrets::http::MARKS;

/// Replaces a secret.
const STARS: &str = "***";
/// Shorter secrets, and shorter lines of longer ones, stay in our own words: `true`, `app` and `}` are parts of every
/// other text. To star them out would hide nothing, spoil what people need to read, and reveal which word the secret is.
/// A secret of any length is taken out of foreign words, which may quote it; those of PostgreSQL are never repeated.
const SHORTEST: usize = 8;
/// From this length on, a secret is not part of a name by chance.
const NO_WORD: usize = 20;
/// No bucket's name is longer.
const LONGEST_NAME: usize = 63;

/// What `encodeURIComponent` and most libraries leave as it is.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// What JavaScript leaves as well.
const SCRIPT: &AsciiSet = &COMPONENT.remove(b'!').remove(b'*').remove(b'\'').remove(b'(').remove(b')');
/// The user and the password of a URL as browsers and the `url` crate write them.
const USERINFO: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'}')
    .add(b'/')
    .add(b':')
    .add(b';')
    .add(b'=')
    .add(b'@')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'|');

/// Every spelling of every secret. A text is read once, however many there are.
#[derive(Debug, Default)]
pub struct Redaction {
    spellings: BTreeSet<String>,
    /// Secrets that are too short to be looked for in our own words.
    short: BTreeSet<String>,
    /// Made anew when it is needed after another secret came.
    searcher: OnceLock<Searcher>,
}

#[derive(Debug)]
struct Searcher {
    /// `None` if there are more spellings than it can hold. Then nothing at all is shown.
    automaton: Option<AhoCorasick>,
    /// Whether each spelling may be a name, in the automaton's order.
    may_be_names: Vec<bool>,
}

impl Searcher {
    fn of(spellings: &BTreeSet<String>) -> Self {
        let automaton = AhoCorasick::builder().kind(Some(AhoCorasickKind::ContiguousNFA)).build(spellings);
        let may_be_names = spellings.iter().map(|spelling| may_be_a_name(spelling)).collect();
        Self { automaton: automaton.ok(), may_be_names }
    }
}

impl Redaction {
    /// Takes a secret in: whole, and each of its lines.
    pub fn add(&mut self, secret: &str) {
        let lines = secret.lines().map(str::trim).filter(|_| secret.trim().contains('\n'));
        for part in [secret, secret.trim()].into_iter().chain(lines) {
            let long = spellings(part).into_iter().filter(|spelling| spelling.len() >= SHORTEST);
            self.spellings.extend(long);
        }
        if !secret.trim().is_empty() && secret.trim().len() < SHORTEST {
            self.short.extend(spellings(secret.trim()));
        }
        self.searcher = OnceLock::new();
    }

    /// A text for people, without any secret: of foreign words, not even the shortest.
    #[must_use]
    pub fn prose(&self, text: &str) -> String {
        let text = self.without(text, |_| true);
        if !text.contains(MARKS) {
            return text;
        }
        let mut parts = text.split(MARKS[0]);
        let ours = parts.next().unwrap_or_default().to_owned();
        parts.fold(ours, |clean, part| {
            let (foreign, ours) = part.split_once(MARKS[1]).unwrap_or((part, ""));
            format!("{clean}{}{ours}", self.without_short(foreign))
        })
    }

    /// A text that programs read, without any secret that cannot be a part of what belongs there: a password that is also
    /// the name of a sponsor must not change where the backup is said to be.
    #[must_use]
    pub fn data(&self, text: &str) -> String {
        self.without(text, |may_be_a_name| !may_be_a_name)
    }

    fn without(&self, text: &str, wanted: impl Fn(bool) -> bool) -> String {
        if self.spellings.is_empty() {
            return text.to_owned();
        }
        let searcher = self.searcher.get_or_init(|| Searcher::of(&self.spellings));
        let Some(automaton) = &searcher.automaton else { return STARS.to_owned() };
        let found = automaton.find_overlapping_iter(text);
        let found = found.filter(|found| wanted(searcher.may_be_names[found.pattern().as_usize()]));
        let mut spans: Vec<(usize, usize)> = found.map(|found| (found.start(), found.end())).collect();
        spans.sort_unstable();
        let (mut clean, mut hidden) = (String::with_capacity(text.len()), 0);
        for (start, end) in spans {
            if start >= hidden {
                clean.push_str(&text[hidden..start]);
                clean.push_str(STARS);
            }
            // Secrets that overlap are hidden together.
            hidden = hidden.max(end);
        }
        clean.push_str(&text[hidden..]);
        clean
    }

    /// Short secrets are parts of other words by chance: they are taken out only as whole words.
    fn without_short(&self, text: &str) -> String {
        let is_alone = |at: usize, secret: &str| {
            let before = text[..at].chars().next_back();
            let after = text[at + secret.len()..].chars().next();
            !before.into_iter().chain(after).any(char::is_alphanumeric)
        };
        let (mut clean, mut at) = (String::new(), 0);
        while let Some(next) = text[at..].chars().next() {
            let here = |secret: &&String| text[at..].starts_with(secret.as_str()) && is_alone(at, secret);
            match self.short.iter().filter(here).map(String::len).max() {
                Some(length) => {
                    clean.push_str(STARS);
                    at += length;
                }
                None => {
                    clean.push(next);
                    at += next.len_utf8();
                }
            }
        }
        clean
    }
}

/// Whether buckets, keys, regions, sponsors or times are written like this.
fn may_be_a_name(spelling: &str) -> bool {
    let like_a_name = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || [b'.', b'-', b'_', b'/', b':'].contains(&byte)
    };
    spelling.len() < NO_WORD || (spelling.len() <= LONGEST_NAME && spelling.bytes().all(like_a_name))
}

/// A secret as it is, and as programs quote it.
fn spellings(secret: &str) -> BTreeSet<String> {
    let mut all = BTreeSet::from([secret.to_owned()]);
    for set in [NON_ALPHANUMERIC, COMPONENT, SCRIPT, USERINFO] {
        let encoded = utf8_percent_encode(secret, set).to_string();
        all.insert(lower_case_percent(&encoded));
        all.insert(encoded);
    }
    let form: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    all.insert(lower_case_percent(&form));
    all.insert(form);
    // A list of all that XML and HTML may spell otherwise; some write the two quotes as numbers.
    let markup = secret.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    all.insert(markup.replace('"', "&quot;").replace('\'', "&apos;"));
    all.insert(markup.replace('"', "&#34;").replace('\'', "&#39;"));
    all.insert(markup.replace('"', "&quot;").replace('\'', "&#x27;"));
    all.insert(markup);
    let json = serde_json::Value::from(secret).to_string();
    let json = json.trim_start_matches('"').strip_suffix('"').unwrap_or_default();
    all.insert(json.replace('/', "\\/"));
    all.insert(json.to_owned());
    let debug = format!("{secret:?}");
    all.insert(debug.get(1..debug.len() - 1).unwrap_or_default().to_owned());
    // Shells, connection strings and SQL.
    all.insert(secret.replace('\'', "'\\''"));
    all.insert(secret.replace('\'', "'\"'\"'"));
    all.insert(secret.replace('\'', "''"));
    all.insert(secret.replace('\\', "\\\\").replace('\'', "\\'"));
    all.insert(backslashed(secret, |character| "\\\"$`".contains(character)));
    all.insert(backslashed(secret, |character| !character.is_alphanumeric() && !"-._/".contains(character)));
    all.insert(backslashed(secret, |character| {
        character.is_ascii() && !character.is_alphanumeric() && !"-._/:@%+,=".contains(character)
    }));
    all
}

/// `%2F` as `%2f`.
fn lower_case_percent(encoded: &str) -> String {
    let mut parts = encoded.split('%');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        let (code, rest) = part.split_at_checked(2).unwrap_or((part, ""));
        format!("{text}%{}{rest}", code.to_lowercase())
    })
}

fn backslashed(secret: &str, special: impl Fn(char) -> bool) -> String {
    let quoted = |character| if special(character) { Some('\\') } else { None };
    secret.chars().flat_map(|character| quoted(character).into_iter().chain([character])).collect()
}

#[cfg(test)]
mod tests;
