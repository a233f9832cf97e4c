//! The words of a statement at its top level: what stands in parentheses, in strings or between dollar signs is passed
//! over. Enough to find the names that a statement needs; no parser of SQL.

/// A name or keyword, or a sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Word {
    /// Unquoted: a keyword, or a name as it is stored.
    Plain(String),
    /// Quoted: always a name; here without its quotes.
    Quoted(String),
    /// Anything else, one character each.
    Sign(char),
}

impl Word {
    /// Whether it is this keyword, given in upper case.
    pub(super) fn is(&self, keyword: &str) -> bool {
        matches!(self, Self::Plain(word) if word.eq_ignore_ascii_case(keyword))
    }

    /// The name that it is, if it is one.
    pub(super) fn name(&self) -> Option<&str> {
        match self {
            Self::Plain(name) | Self::Quoted(name) => Some(name),
            Self::Sign(_) => None,
        }
    }
}

/// The words of a statement, in order.
pub(super) fn of(statement: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let (mut rest, mut depth) = (statement, 0_u32);
    while let Some(first) = rest.chars().next() {
        let (word, later) = match first {
            '\'' => (None, after_quoted(rest, '\'').1),
            '"' => {
                let (name, later) = after_quoted(rest, '"');
                (Some(Word::Quoted(name)), later)
            }
            '$' => (None, after_dollars(rest)),
            '(' | ')' => {
                depth = if first == '(' { depth + 1 } else { depth.saturating_sub(1) };
                (None, &rest[1..])
            }
            _ if first.is_whitespace() => (None, &rest[first.len_utf8()..]),
            _ if is_in_a_word(first) => {
                let end = rest.find(|c| !is_in_a_word(c)).unwrap_or(rest.len());
                (Some(Word::Plain(rest[..end].to_owned())), &rest[end..])
            }
            _ => (Some(Word::Sign(first)), &rest[first.len_utf8()..]),
        };
        words.extend(word.filter(|_| depth == 0));
        rest = later;
    }
    words
}

/// The text in quotes that `text` begins with, doubled quotes made one, and what follows.
fn after_quoted(text: &str, quote: char) -> (String, &str) {
    let (mut inner, mut rest) = (String::new(), &text[1..]);
    loop {
        let Some(end) = rest.find(quote) else { return (inner + rest, "") };
        inner.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.strip_prefix(quote) {
            Some(more) => {
                inner.push(quote);
                rest = more;
            }
            None => return (inner, rest),
        }
    }
}

/// What follows a text between two equal tags; a lone dollar sign is passed over by itself.
fn after_dollars(text: &str) -> &str {
    let Some(end) = text[1..].find('$').map(|at| at + 2) else { return &text[1..] };
    let tag = &text[..end];
    if !tag[1..end - 1].chars().all(is_in_a_word) {
        return &text[1..];
    }
    text[end..].find(tag).map_or("", |at| &text[end + at + tag.len()..])
}

fn is_in_a_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_top_level_is_told() {
        let words = of(
            "CREATE POLICY \"a \"\"b\"\"\" ON x.t TO app, \"Ops\" USING ((a = 'TO it''s') OR f($$ TO $$));",
        );
        let told: Vec<String> = words
            .iter()
            .map(|word| match word {
                Word::Sign(sign) => sign.to_string(),
                Word::Plain(name) => name.clone(),
                Word::Quoted(name) => format!("<{name}>"),
            })
            .collect();
        assert_eq!(told.join(" "), "CREATE POLICY <a \"b\"> ON x . t TO app , <Ops> USING ;");
    }

    #[test]
    fn a_text_that_never_ends_ends() {
        for text in ["'a", "\"a", "$x$ a", "$", "(((", "é$1"] {
            assert!(of(text).len() <= 3, "{text}");
        }
    }
}
