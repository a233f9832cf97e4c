//! The parts of `CREATE TABLE`, as pg_dump writes it: columns, constraints and parents.

use std::borrow::Cow;
use std::ops::Range;

use super::super::statement::{Mention, Statement, Token};
use super::QualifiedName;

/// Keywords that end a column's type.
const AFTER_TYPE: [&str; 6] = ["COLLATE", "DEFAULT", "NOT", "GENERATED", "CONSTRAINT", "WITH"];
/// Keywords that end a default, outside of parentheses.
const AFTER_DEFAULT: [&str; 3] = ["NOT", "COLLATE", "CONSTRAINT"];

/// A table's definition.
#[derive(Debug)]
pub(super) struct Definition<'s> {
    statement: &'s Statement<'s>,
    items: Vec<Item>,
    /// The parentheses around the items.
    open: usize,
    close: usize,
    /// The tables that it inherits from.
    pub(super) parents: Vec<QualifiedName>,
    pub(super) is_partitioned: bool,
}

/// A column or a constraint.
#[derive(Debug)]
struct Item {
    /// Its tokens.
    tokens: Range<usize>,
    column: Option<Column>,
}

/// A column of a definition.
#[derive(Debug, Clone)]
pub(super) struct Column {
    pub(super) name: String,
    /// Its type as the statement writes it.
    pub(super) of_type: String,
    pub(super) is_generated: bool,
    /// The tokens of its default or generation, with their keywords.
    expression: Option<Range<usize>>,
}

/// A part of a definition, by its name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    Column(String),
    Default(String),
    Constraint(String),
}

/// A part that cannot be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Dropped {
    pub(super) what: Part,
    /// The text that was taken out.
    pub(super) text: String,
    pub(super) needs: QualifiedName,
}

impl<'s> Definition<'s> {
    /// `None` if the statement has no list of columns: `CREATE TABLE … OF` a type without options.
    pub(super) fn of(statement: &'s Statement<'s>) -> Option<Self> {
        let tokens = &statement.tokens;
        let open = tokens.iter().position(|token| token.is_sign('('))?;
        let (mut depth, mut begin, mut items, mut close) = (0_u32, open + 1, Vec::new(), open);
        for (at, token) in tokens.iter().enumerate().skip(open) {
            let ends = depth == 1 && (token.is_sign(',') || token.is_sign(')'));
            if ends && begin < at {
                items.push(Item { column: column(statement, begin..at), tokens: begin..at });
                begin = at + 1;
            }
            if token.is_sign('(') {
                depth += 1;
            } else if token.is_sign(')') {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    close = at;
                    break;
                }
            }
        }
        let mut tail = statement.cursor();
        tail.at = close + 1;
        let is_partitioned = tail.clone().after("PARTITION BY");
        let mut parents = Vec::new();
        if tail.keywords("INHERITS") && tail.sign('(') {
            while let Some(parent) = tail.qualified() {
                parents.push(parent);
                tail.sign(',');
            }
        }
        Some(Self { statement, items, open, close, parents, is_partitioned })
    }

    pub(super) fn columns(&self) -> impl Iterator<Item = &Column> {
        self.items.iter().filter_map(|item| item.column.as_ref())
    }

    /// Names of constraints.
    pub(super) fn constraints(&self) -> impl Iterator<Item = String> {
        let tokens = &self.statement.tokens;
        let constraints = self.items.iter().filter(|item| item.column.is_none());
        constraints.filter_map(|item| Some(tokens.get(item.tokens.start + 1)?.word.name()?.to_owned()))
    }

    /// The definition without the defaults, generations and checks that need something missing, and these.
    pub(super) fn without(
        &self,
        missing: impl Fn(&[Mention]) -> Option<QualifiedName>,
    ) -> (Cow<'s, str>, Vec<Dropped>) {
        let (text, mut dropped, mut kept) = (&self.statement.text, Vec::new(), Vec::new());
        for item in &self.items {
            let whole = self.place(&item.tokens);
            let expression = match &item.column {
                Some(column) => column.expression.clone(),
                None => Some(item.tokens.clone()),
            };
            let needs =
                expression.as_ref().and_then(|tokens| missing(&self.statement.mentions(tokens.clone())));
            let (Some(expression), Some(needs)) = (expression, needs) else {
                kept.push(text[whole].to_owned());
                continue;
            };
            let is_default = item.column.as_ref().is_some_and(|column| !column.is_generated);
            let place = if is_default { self.place(&expression) } else { whole.clone() };
            let what = match &item.column {
                // Without its values, it would be another column.
                Some(column) if column.is_generated => Part::Column(column.name.clone()),
                Some(column) => Part::Default(column.name.clone()),
                None => {
                    let name = self.statement.tokens[item.tokens.start + 1].word.name();
                    Part::Constraint(name.unwrap_or_default().to_owned())
                }
            };
            dropped.push(Dropped { what, text: text[place.clone()].to_owned(), needs });
            if is_default {
                let rest = [text[whole.start..place.start].trim_end(), &text[place.end..whole.end]].concat();
                kept.push(rest);
            }
        }
        if dropped.is_empty() {
            return (Cow::Owned(text.to_string()), dropped);
        }
        let open = self.statement.tokens[self.open].place.end;
        let close = self.statement.tokens[self.close].place.start;
        let body = kept.join(",\n    ");
        (Cow::Owned(format!("{}\n    {body}\n{}", &text[..open], &text[close..])), dropped)
    }

    fn place(&self, tokens: &Range<usize>) -> Range<usize> {
        self.statement.tokens[tokens.start].place.start..self.statement.tokens[tokens.end - 1].place.end
    }
}

/// The column that an item defines, if it is one.
fn column(statement: &Statement<'_>, item: Range<usize>) -> Option<Column> {
    let tokens = &statement.tokens[item.clone()];
    let first = tokens.first()?;
    if ["CONSTRAINT", "CHECK", "PRIMARY", "UNIQUE", "FOREIGN", "EXCLUDE", "LIKE"]
        .iter()
        .any(|keyword| first.is(keyword))
    {
        return None;
    }
    let name = first.word.name()?.to_owned();
    let any = |keywords: &[&str], token: &Token| keywords.iter().any(|keyword| token.is(keyword));
    let end_of_type = position(tokens, 1, |token| any(&AFTER_TYPE, token));
    let of_type = match &tokens[1..end_of_type] {
        [first, .., last] => statement.text[first.place.start..last.place.end].to_owned(),
        [one] => statement.text[one.place.clone()].to_owned(),
        [] => String::new(),
    };
    let begin = position(tokens, end_of_type, |token| any(&["DEFAULT", "GENERATED"], token));
    let is_generated = tokens.get(begin).is_some_and(|token| token.is("GENERATED"));
    let expression = (begin < tokens.len()).then(|| {
        let end = position(tokens, begin + 1, |token| any(&AFTER_DEFAULT, token));
        item.start + begin..item.start + end
    });
    Some(Column { name, of_type, is_generated, expression })
}

/// The first such token outside of parentheses, or the end.
fn position(tokens: &[Token], from: usize, is_it: impl Fn(&Token) -> bool) -> usize {
    let mut depth = 0_u32;
    for (at, token) in tokens.iter().enumerate().skip(from) {
        if token.is_sign('(') {
            depth += 1;
        } else if token.is_sign(')') {
            depth = depth.saturating_sub(1);
        } else if depth == 0 && is_it(token) {
            return at;
        }
    }
    tokens.len()
}
