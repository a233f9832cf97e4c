//! Secrets are taken out of what is about to be written, in whatever spelling they came. Pure.
//!
//! Most secrets never come near a text. But others quote what they were given: a server its connection, a shell its
//! environment, an error page the request. A runner hides what it was told of; records, outputs and terminals do not.

use std::collections::{BTreeMap, BTreeSet};

use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};

/// What stands in a secret's place.
const STARS: &str = "***";
/// Shorter secrets, and shorter lines of longer ones, stay: `true`, `app` and `}` are parts of every other text. To star
/// them out would hide nothing, spoil what people need to read, and tell them which word the secret is. A password of any
/// length is taken out where it can come from: what pg_dump and psql say.
const SHORTEST: usize = 8;
/// From here on, a secret is no part of a name by chance.
const NO_WORD: usize = 20;
/// No bucket's name is longer.
const LONGEST_NAME: usize = 63;

/// What `encodeURIComponent` and most libraries leave as it is.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// What JavaScript leaves beside that.
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

/// Every spelling of every secret, found by its first bytes: a text is read once, however many there are.
#[derive(Debug, Default)]
pub struct Redaction {
    spellings: BTreeMap<[u8; SHORTEST], BTreeSet<String>>,
}

impl Redaction {
    /// Takes a secret in: whole, and each of its lines.
    pub fn add(&mut self, secret: &str) {
        let lines = secret.lines().map(str::trim).filter(|_| secret.trim().contains('\n'));
        for part in [secret, secret.trim()].into_iter().chain(lines) {
            for spelling in spellings(part) {
                if let Some(first) = first_bytes(spelling.as_bytes()) {
                    self.spellings.entry(first).or_default().insert(spelling);
                }
            }
        }
    }

    /// A text for people, without any secret.
    #[must_use]
    pub fn prose(&self, text: &str) -> String {
        self.without(text, |_| true)
    }

    /// A text that programs read, without any secret that cannot be a part of what belongs there: a password that is also
    /// the name of a sponsor must not change where the backup is said to be.
    #[must_use]
    pub fn data(&self, text: &str) -> String {
        self.without(text, |spelling| !may_be_a_name(spelling))
    }

    fn without(&self, text: &str, wanted: impl Fn(&str) -> bool) -> String {
        let (mut clean, mut hidden) = (String::with_capacity(text.len()), 0);
        for (at, _) in text.char_indices() {
            let Some(length) = self.longest_at(&text[at..], &wanted) else { continue };
            if at >= hidden {
                clean.push_str(&text[hidden..at]);
                clean.push_str(STARS);
            }
            // Secrets that overlap are hidden together.
            hidden = hidden.max(at + length);
        }
        clean.push_str(&text[hidden..]);
        clean
    }

    fn longest_at(&self, text: &str, wanted: impl Fn(&str) -> bool) -> Option<usize> {
        let known = self.spellings.get(&first_bytes(text.as_bytes())?)?;
        let found = known.iter().filter(|spelling| text.starts_with(spelling.as_str()) && wanted(spelling));
        found.map(String::len).max()
    }
}

fn first_bytes(bytes: &[u8]) -> Option<[u8; SHORTEST]> {
    bytes.get(..SHORTEST)?.try_into().ok()
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
