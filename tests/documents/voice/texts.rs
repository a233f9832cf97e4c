//! Files → the texts in them that a person reads, each with its place. Pure: the files come in as text.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use super::rules::Kind;

/// A paragraph, a string or a comment. Its line breaks are those of the file, so that each finding has a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Text {
    pub(crate) line: usize,
    pub(crate) kind: Kind,
    pub(crate) text: String,
}

impl Text {
    fn new(line: usize, kind: Kind, text: impl Into<String>) -> Self {
        Self { line, kind, text: text.into() }
    }

    /// How many lines of it say something.
    pub(crate) fn lines(&self) -> usize {
        self.text.lines().filter(|line| !line.trim().is_empty()).count()
    }

    /// The text without what is quoted in it: code in backticks, the addresses of links, and the names of
    /// values in braces.
    pub(crate) fn prose(&self) -> String {
        let (mut prose, mut in_code, mut in_link, mut in_braces) = (String::new(), false, false, false);
        let closed = self.text.matches('`').count().is_multiple_of(2);
        for c in self.text.chars() {
            match c {
                '`' if closed => in_code = !in_code,
                '(' if prose.ends_with(']') => in_link = true,
                ')' if in_link => in_link = false,
                '{' | '}' => in_braces = c == '{',
                _ => {}
            }
            let hidden = (in_code || in_link || in_braces || c == '`') && c != '\n';
            if hidden {
                // As many bytes as before, so that offsets are those of the text.
                prose.extend(std::iter::repeat_n('~', c.len_utf8()));
            } else {
                prose.push(c);
            }
        }
        prose
    }
}

/// Paragraphs, list items, table rows and headings, without blocks of code and HTML comments.
pub(crate) fn markdown(page: &str) -> Vec<Text> {
    let mut found: Vec<Text> = Vec::new();
    let (mut in_code, mut in_paragraph) = (false, false);
    for (at, line) in page.lines().enumerate() {
        let text = line.trim();
        if text.starts_with("```") {
            in_code = !in_code;
        }
        if in_code || text.is_empty() || text.starts_with("```") || text.starts_with("<!--") {
            in_paragraph = false;
        } else if let Some(heading) = text.strip_prefix('#') {
            found.push(Text::new(at + 1, Kind::Heading, heading.trim_start_matches('#').trim()));
            in_paragraph = false;
        } else if let Some(last) = found.last_mut().filter(|_| in_paragraph && !begins_item(text)) {
            last.text += "\n";
            last.text += text;
        } else {
            found.push(Text::new(at + 1, Kind::Page, text));
            in_paragraph = !text.starts_with('|');
        }
    }
    found
}

fn begins_item(text: &str) -> bool {
    let numbered = text.split_once(". ").is_some_and(|(number, _)| number.parse::<u8>().is_ok());
    numbered || ["- ", "* ", "|"].iter().any(|mark| text.starts_with(mark))
}

/// Each line of a YAML file without its key. Descriptions that go on over several lines stay apart.
pub(crate) fn help(file: &str) -> Vec<Text> {
    let lines = file.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let value = |line: &str| line.split_once(": ").map_or(line, |(_, value)| value).trim().to_owned();
    lines.map(|(at, line)| Text::new(at + 1, Kind::Help, value(line))).collect()
}

/// Comments that fill whole lines; consecutive ones are one text. `marks` are what they begin with, the longest first.
pub(crate) fn comments(file: &str, marks: &[&str]) -> Vec<Text> {
    let mut found: Vec<Text> = Vec::new();
    let mut goes_on = false;
    for (at, line) in file.lines().enumerate() {
        let comment = marks.iter().find_map(|mark| line.trim_start().strip_prefix(mark));
        let comment = comment.filter(|text| !text.starts_with('!')).map(str::trim);
        match (comment, found.last_mut().filter(|_| goes_on)) {
            (Some(text), Some(last)) if !text.is_empty() => {
                last.text += "\n";
                last.text += text;
            }
            (Some(text), _) if !text.is_empty() => found.push(Text::new(at + 1, Kind::Comment, text)),
            _ => {}
        }
        goes_on = comment.is_some_and(|text| !text.is_empty());
    }
    found
}

/// `error:` and `hint:` of a snapshot of errors.
pub(crate) fn reviewed(snapshot: &str) -> Vec<Text> {
    let mut found: Vec<Text> = Vec::new();
    for (at, line) in snapshot.lines().enumerate() {
        let label = [("error: ", Kind::Error), ("hint: ", Kind::Hint)];
        let begun = label.iter().find_map(|(label, kind)| Some((line.strip_prefix(label)?, *kind)));
        match (begun, found.last_mut()) {
            (Some((text, kind)), _) => found.push(Text::new(at + 1, kind, text)),
            (None, Some(last)) if !line.is_empty() => {
                last.text += "\n";
                last.text += line;
            }
            _ => {}
        }
    }
    found
}

/// Strings of Rust code that read as prose, outside of code that only tests compile.
pub(crate) fn strings(source: &str) -> Result<Vec<Text>, String> {
    let tokens: TokenStream = source.parse().map_err(|error| format!("this is not Rust: {error}"))?;
    let mut found = Vec::new();
    read(tokens, Kind::Message, &mut found);
    found.retain(|text| is_prose(&text.text));
    Ok(found)
}

/// Modules of a file that only tests compile: `#[cfg(test)] mod name;`.
pub(crate) fn test_modules(source: &str) -> Vec<String> {
    let lines: Vec<&str> = source.lines().collect();
    let marked = lines.windows(2).filter(|pair| pair[0].trim() == "#[cfg(test)]");
    let modules = marked.filter_map(|pair| pair[1].rsplit_once("mod ")?.1.strip_suffix(';'));
    modules.map(str::to_owned).collect()
}

fn read(tokens: TokenStream, kind: Kind, found: &mut Vec<Text>) {
    let (mut in_attribute, mut only_tests) = (false, false);
    for token in tokens {
        match &token {
            TokenTree::Literal(literal) => {
                let text = unescaped(&literal.to_string());
                found.extend(text.map(|text| Text::new(literal.span().start().line, kind, text)));
            }
            TokenTree::Group(group) if in_attribute && group.delimiter() == Delimiter::Bracket => {
                // Of the attributes only `error` holds a text for users: `doc` is a comment, `expect` a note to ourselves.
                match attribute(group.stream()) {
                    Some(name) if name == "error" => read(group.stream(), Kind::Error, found),
                    Some(name) if name == "cfg" => {
                        only_tests |= group.to_string().replace(' ', "") == "[cfg(test)]"
                    }
                    _ => {}
                }
            }
            TokenTree::Group(group) => {
                let ends_item = group.delimiter() == Delimiter::Brace;
                if !only_tests {
                    read(group.stream(), kind, found);
                }
                only_tests &= !ends_item;
            }
            TokenTree::Punct(punct) if punct.as_char() == ';' => only_tests = false,
            _ => {}
        }
        in_attribute = matches!(&token, TokenTree::Punct(punct) if "#!".contains(punct.as_char()));
    }
}

fn attribute(tokens: TokenStream) -> Option<String> {
    tokens.into_iter().next().map(|first| first.to_string())
}

/// The text of a string literal; `None` for numbers, characters and bytes.
fn unescaped(literal: &str) -> Option<String> {
    if let Some(raw) = literal.strip_prefix('r') {
        return Some(raw.trim_matches('#').trim_matches('"').to_owned());
    }
    let mut rest = literal.strip_prefix('"')?.strip_suffix('"')?;
    let mut text = String::new();
    while let Some((before, after)) = rest.split_once('\\') {
        text += before;
        rest = match after.chars().next()? {
            '\n' => after.trim_start(),
            'n' => {
                text.push('\n');
                &after[1..]
            }
            '"' => {
                text.push('"');
                &after[1..]
            }
            _ => after,
        };
    }
    Some(text + rest)
}

/// A text that a person reads has two small words next to each other. SQL begins with a keyword, or has several.
fn is_prose(text: &str) -> bool {
    const SQL: [&str; 22] = [
        "SELECT", "WITH", "CREATE", "DROP", "ALTER", "SET", "INSERT", "COPY", "BEGIN", "COMMIT", "GRANT",
        "DO", "FROM", "WHERE", "DECLARE", "EXECUTE", "LOOP", "IF", "THEN", "WHEN", "AND", "NOT",
    ];
    let words: Vec<&str> =
        text.split_whitespace().map(|word| word.trim_matches(['.', ',', ':', ';'])).collect();
    let keywords = words.iter().filter(|word| SQL.contains(word)).count();
    let small = |word: &str| word.len() > 1 && word.chars().all(|c| c.is_ascii_lowercase() || c == '\'');
    let is_sql = keywords > 1 || words.first().is_some_and(|first| SQL.contains(first));
    !is_sql && words.windows(2).any(|pair| small(pair[0]) && (small(pair[1]) || pair[1].starts_with('{')))
}
