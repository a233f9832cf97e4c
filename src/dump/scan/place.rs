//! The place of a dump's next byte, as far as the lexer needs to know.

/// Where the next byte is.
#[derive(Debug, Default)]
pub(super) enum Place {
    /// Between two statements.
    #[default]
    Between,
    /// In a statement, with the previous byte if it could begin a comment, a tag or an escaped string.
    Statement { previous: u8 },
    /// In a string or a quoted name.
    Quoted { quote: u8, escapes: bool, escaped: bool },
    /// After a quote, which ends the text unless it is doubled.
    Closing { quote: u8, escapes: bool },
    /// In what may be a tag: `$body`.
    Tag(Vec<u8>),
    /// Between two tags, with the number of matched bytes of the closing one.
    Dollar { tag: Vec<u8>, matched: usize },
    /// In a comment up to the end of the line, and whether a statement continues after it.
    Comment { inside: bool },
    /// In a block comment.
    Block { depth: usize, previous: u8, inside: bool },
    /// In a psql command such as `\restrict`, with its first letters.
    Command(Vec<u8>),
    /// After the head of a block of rows, before the end of its line.
    Head,
    /// In the rows.
    Rows,
}

pub(super) fn after_comment(inside: bool) -> Place {
    if inside { Place::Statement { previous: b' ' } } else { Place::Between }
}

/// Block comments nest.
pub(super) fn block(depth: usize, previous: u8, inside: bool, byte: u8) -> Place {
    match (previous, byte, depth) {
        (b'*', b'/', 1) => after_comment(inside),
        (b'*', b'/', _) => Place::Block { depth: depth - 1, previous: 0, inside },
        (b'/', b'*', _) => Place::Block { depth: depth + 1, previous: 0, inside },
        _ => Place::Block { depth, previous: byte, inside },
    }
}
