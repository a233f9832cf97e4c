//! SQL strings and names in plain ASCII, so that a dump in any encoding can contain them in a one-line comment. Pure.

use crate::databases::postgres::sql::quoted;

/// The names in a list as PostgreSQL writes it. `None` if it is not such a list.
pub(super) fn elements(list: &str) -> Option<Vec<String>> {
    let mut found = Vec::new();
    let mut rest = list.trim();
    if rest.is_empty() {
        return Some(vec![String::new()]);
    }
    loop {
        let name;
        if let Some(quoted) = rest.strip_prefix('"') {
            let mut end = 0;
            loop {
                end += quoted[end..].find('"')?;
                if !quoted[end + 1..].starts_with('"') {
                    break;
                }
                end += 2;
            }
            name = quoted[..end].replace("\"\"", "\"");
            rest = &quoted[end + 1..];
        } else {
            let end = rest.find([',', ' ']).unwrap_or(rest.len());
            name = rest[..end].to_owned();
            rest = &rest[end..];
        }
        found.push(name);
        rest = rest.trim_start();
        if rest.is_empty() {
            return Some(found);
        }
        rest = rest.strip_prefix(',')?.trim_start();
    }
}

/// Characters that need no escape in any encoding, in a one-line comment, and between dollar signs.
fn is_plain(letter: char) -> bool {
    (letter.is_ascii_graphic() || letter == ' ') && letter != '$'
}

/// An SQL string in plain ASCII, whatever it contains.
pub(super) fn literal(text: &str) -> String {
    let mut written = String::from("E'");
    for letter in text.chars() {
        match letter {
            '\'' => written.push_str("''"),
            '\\' => written.push_str("\\\\"),
            _ if is_plain(letter) => written.push(letter),
            _ if u32::from(letter) <= 0xFFFF => written.push_str(&format!("\\u{:04X}", u32::from(letter))),
            _ => written.push_str(&format!("\\U{:08X}", u32::from(letter))),
        }
    }
    written.push('\'');
    written
}

/// An SQL name in plain ASCII, whatever it contains.
pub(super) fn identifier(name: &str) -> String {
    if name.chars().all(|letter| is_plain(letter) && letter != '\\') {
        return quoted(name);
    }
    let mut written = String::from("U&\"");
    for letter in name.chars() {
        match letter {
            '"' => written.push_str("\"\""),
            '\\' => written.push_str("\\\\"),
            _ if is_plain(letter) => written.push(letter),
            _ if u32::from(letter) <= 0xFFFF => written.push_str(&format!("\\{:04X}", u32::from(letter))),
            _ => written.push_str(&format!("\\+{:06X}", u32::from(letter))),
        }
    }
    written.push('"');
    written
}

/// The rest of a statement that is being read.
pub(super) struct Rest<'a>(pub(super) &'a str);

impl Rest<'_> {
    pub(super) fn skip(&mut self, words: &str) -> bool {
        let rest = self.0.strip_prefix(words);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    pub(super) fn literal(&mut self) -> Option<String> {
        self.skip("E'").then(|| {
            self.quoted('\'', |letter| match letter {
                'u' => Some(4),
                'U' => Some(8),
                _ => None,
            })
        })?
    }

    pub(super) fn identifier(&mut self) -> Option<String> {
        if self.skip("\"") {
            return self.quoted('"', |_| None);
        }
        self.skip("U&\"").then(|| {
            self.quoted('"', |letter| match letter {
                '+' => Some(6),
                _ if letter.is_ascii_hexdigit() => Some(0),
                _ => None,
            })
        })?
    }

    /// Reads up to the quote and skips it. `digits` returns how many digits follow the character after a backslash,
    /// or 0 for four that begin with it.
    fn quoted(&mut self, quote: char, digits: impl Fn(char) -> Option<usize>) -> Option<String> {
        let mut text = String::new();
        loop {
            let letter = self.next()?;
            if letter == quote && !self.skip(quote.encode_utf8(&mut [0; 4])) {
                return Some(text);
            }
            if letter != '\\' || self.skip("\\") {
                text.push(letter);
                continue;
            }
            let kind = self.next()?;
            let code = match digits(kind)? {
                0 => format!("{kind}{}", self.several(3)?),
                count => self.several(count)?,
            };
            text.push(char::from_u32(u32::from_str_radix(&code, 16).ok()?)?);
        }
    }

    fn next(&mut self) -> Option<char> {
        let letter = self.0.chars().next()?;
        self.0 = &self.0[letter.len_utf8()..];
        Some(letter)
    }

    fn several(&mut self, count: usize) -> Option<String> {
        (0..count).map(|_| self.next()).collect()
    }
}

#[cfg(test)]
mod tests;
