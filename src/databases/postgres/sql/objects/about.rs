//! The object that a statement of pg_dump is about. A constraint, an index, a trigger, a rule and a policy are objects of
//! their own. Everything else that is said about an object belongs to it: a default, a comment, an owner, a grant.

use super::super::statement::{Cursor, QualifiedName, Statement, Token};
use super::super::words::{Word, quoted};
use super::ObjectName;

/// The kinds that `ALTER TABLE`, `GRANT … ON TABLE` and `COMMENT ON COLUMN` can mean.
const RELATIONS: &[&str] =
    &["table", "view", "materialized view", "foreign table", "sequence", "index", "type"];

/// How a kind's name is written.
#[derive(Debug, Clone, Copy)]
enum Form {
    /// `name`
    Plain,
    /// `schema.name`, and perhaps a column.
    Qualified,
    /// `schema.name(arguments)`
    Routine,
    /// `name … ON schema.table`
    Part,
    /// `schema.=== (types)`
    Operator,
    /// `(type AS type)`
    Cast,
    /// `FOR type LANGUAGE name`
    Transform,
    /// `FOR role SERVER name`
    Mapping,
}

/// The keywords of a kind, and the kinds that they can mean, the likeliest first. Longer keywords come before those that they
/// begin with.
const KINDS: &[(&str, &[&str], Form)] = &[
    ("TABLE", RELATIONS, Form::Qualified),
    ("COLUMN", RELATIONS, Form::Qualified),
    ("VIEW", &["view"], Form::Qualified),
    ("MATERIALIZED VIEW", &["materialized view"], Form::Qualified),
    ("FOREIGN TABLE", &["foreign table"], Form::Qualified),
    ("SEQUENCE", &["sequence"], Form::Qualified),
    ("INDEX", &["index"], Form::Qualified),
    ("FUNCTION", &["function", "aggregate", "procedure"], Form::Routine),
    ("PROCEDURE", &["procedure"], Form::Routine),
    ("AGGREGATE", &["aggregate"], Form::Routine),
    ("TYPE", &["type", "domain"], Form::Qualified),
    ("DOMAIN", &["domain"], Form::Qualified),
    ("SCHEMA", &["schema"], Form::Plain),
    ("EXTENSION", &["extension"], Form::Plain),
    ("CONSTRAINT TRIGGER", &["trigger"], Form::Part),
    ("CONSTRAINT", &["constraint"], Form::Part),
    ("EVENT TRIGGER", &["event trigger"], Form::Plain),
    ("TRIGGER", &["trigger"], Form::Part),
    ("POLICY", &["policy"], Form::Part),
    ("RULE", &["rule"], Form::Part),
    ("STATISTICS", &["statistics"], Form::Qualified),
    ("PUBLICATION", &["publication"], Form::Plain),
    ("SUBSCRIPTION", &["subscription"], Form::Plain),
    ("FOREIGN DATA WRAPPER", &["foreign data wrapper"], Form::Plain),
    ("FOREIGN SERVER", &["server"], Form::Plain),
    ("SERVER", &["server"], Form::Plain),
    ("USER MAPPING", &["user mapping"], Form::Mapping),
    ("PROCEDURAL LANGUAGE", &["language"], Form::Plain),
    ("LANGUAGE", &["language"], Form::Plain),
    ("ACCESS METHOD", &["access method"], Form::Plain),
    ("COLLATION", &["collation"], Form::Qualified),
    ("CONVERSION", &["conversion"], Form::Qualified),
    ("TEXT SEARCH CONFIGURATION", &["text search configuration"], Form::Qualified),
    ("TEXT SEARCH DICTIONARY", &["text search dictionary"], Form::Qualified),
    ("TEXT SEARCH PARSER", &["text search parser"], Form::Qualified),
    ("TEXT SEARCH TEMPLATE", &["text search template"], Form::Qualified),
    ("OPERATOR CLASS", &["operator class"], Form::Qualified),
    ("OPERATOR FAMILY", &["operator family"], Form::Qualified),
    ("OPERATOR", &["operator"], Form::Operator),
    ("CAST", &["cast"], Form::Cast),
    ("TRANSFORM", &["transform"], Form::Transform),
];

/// What can precede a kind after `CREATE`.
const BEFORE_KINDS: [&str; 6] = ["OR REPLACE", "UNLOGGED", "UNIQUE", "TRUSTED", "RECURSIVE", "DEFAULT"];

/// The objects that a statement can be about: it is about the first of them that is known, or else about the first. Empty if
/// pg_dump does not write such a statement.
pub(super) fn candidates(statement: &Statement<'_>) -> Vec<ObjectName> {
    let mut words = statement.cursor();
    let found = if words.keywords("CREATE") {
        while words.one_of(&BEFORE_KINDS) {}
        created(statement, &mut words)
    } else if words.keywords("ALTER DEFAULT PRIVILEGES") {
        default_privileges(&mut words)
    } else if words.keywords("ALTER") {
        altered(statement, &mut words)
    } else if words.keywords("COMMENT ON")
        || words.keywords("SECURITY LABEL") && words.after("ON")
        || words.one_of(&["GRANT", "REVOKE"]) && words.after("ON")
    {
        named(statement, &mut words)
    } else {
        None
    };
    found.unwrap_or_default()
}

fn created(statement: &Statement<'_>, words: &mut Cursor<'_>) -> Option<Vec<ObjectName>> {
    if words.keywords("INDEX") {
        let name = words.name()?;
        words.keywords("ON");
        words.keywords("ONLY");
        return Some(one("index", (words.qualified()?.0, name)));
    }
    if words.keywords("RULE") {
        let name = words.name()?;
        words.after("TO");
        return Some(one("rule", part(words.qualified()?, &name)));
    }
    let mut found = named(statement, words)?;
    found.truncate(1);
    Some(found)
}

fn altered(statement: &Statement<'_>, words: &mut Cursor<'_>) -> Option<Vec<ObjectName>> {
    let is_table = words.clone().keywords("TABLE");
    let is_index = words.clone().keywords("INDEX");
    let found = named(statement, words)?;
    // A new partition does not change the whole that it becomes a part of.
    if (is_table || is_index) && words.keywords("ATTACH PARTITION") {
        return Some(every(if is_index { &["index"] } else { RELATIONS }, words.qualified()?));
    }
    if !is_table {
        return Some(found);
    }
    let table = found.first().map(|table| (table.schema.clone(), table.name.clone()))?;
    if words.keywords("ADD CONSTRAINT") {
        return Some(one("constraint", part(table, &words.name()?)));
    }
    if words.one_of(&["ENABLE", "DISABLE"]) {
        words.one_of(&["ALWAYS", "REPLICA"]);
        for (keyword, kind) in [("TRIGGER", "trigger"), ("RULE", "rule")] {
            if words.keywords(keyword) {
                return Some(one(kind, part(table, &words.name()?)));
            }
        }
    }
    Some(found)
}

fn default_privileges(words: &mut Cursor<'_>) -> Option<Vec<ObjectName>> {
    let role = if words.keywords("FOR ROLE") { words.name()? } else { String::new() };
    let schema = if words.keywords("IN SCHEMA") { words.name()? } else { String::new() };
    Some(one("default privileges", (schema, role)))
}

/// Reads a kind and a name of it.
fn named(statement: &Statement<'_>, words: &mut Cursor<'_>) -> Option<Vec<ObjectName>> {
    let (_, kinds, form) = KINDS.iter().find(|(keywords, ..)| words.keywords(keywords))?;
    words.keywords("IF NOT EXISTS");
    words.keywords("ONLY");
    let name = match form {
        Form::Plain => (String::new(), words.name()?),
        Form::Qualified => words.qualified()?,
        Form::Routine => {
            let (schema, name) = words.qualified()?;
            (schema, format!("{name}({})", types(&statement.tokens[words.at..])))
        }
        Form::Part => return of_a_table(kinds, words),
        Form::Operator => {
            let schema = words.name()?;
            let signs = statement.tokens[words.at..].iter().skip(1).take_while(|token| !token.is_sign('('));
            (schema, signs.map(written).collect())
        }
        Form::Cast => (String::new(), types(&statement.tokens[words.at..])),
        Form::Transform => {
            words.keywords("FOR");
            let (schema, of_type) = words.qualified()?;
            words.after("LANGUAGE");
            (schema, format!("{of_type}.{}", words.name()?))
        }
        Form::Mapping => {
            words.keywords("FOR");
            let role = words.name()?;
            words.after("SERVER");
            (String::new(), format!("{}.{role}", words.name()?))
        }
    };
    Some(every(kinds, name))
}

/// A part of a table. A constraint in a table's own definition is not an object, and what is said about it belongs to the
/// table.
fn of_a_table(kinds: &[&'static str], words: &mut Cursor<'_>) -> Option<Vec<ObjectName>> {
    let name = words.name()?;
    words.after("ON");
    if words.keywords("DOMAIN") {
        return Some(one("domain", words.qualified()?));
    }
    let table = words.qualified()?;
    let mut found = every(kinds, part(table.clone(), &name));
    found.extend(every(RELATIONS, table));
    Some(found)
}

fn one(kind: &'static str, (schema, name): QualifiedName) -> Vec<ObjectName> {
    vec![ObjectName { kind, schema, name }]
}

fn every(kinds: &[&'static str], (schema, name): QualifiedName) -> Vec<ObjectName> {
    kinds.iter().map(|kind| ObjectName { kind, schema: schema.clone(), name: name.clone() }).collect()
}

fn part((schema, table): QualifiedName, name: &str) -> QualifiedName {
    (schema, format!("{table}.{name}"))
}

/// The types of a routine's input arguments, which distinguish it from others of its name: `integer, text[]`. Names and
/// defaults of arguments are left out.
fn types(tokens: &[Token]) -> String {
    let (mut depth, mut argument, mut types) = (0_u32, Vec::new(), Vec::new());
    for token in tokens {
        match token.word {
            Word::Sign('(' | '[') => depth += 1,
            Word::Sign(')' | ']') => depth = depth.saturating_sub(1),
            _ => {}
        }
        match (depth, &token.word) {
            (0, _) => break,
            (1, Word::Sign('(')) => {}
            (1, Word::Sign(',')) => types.extend(argument_type(&std::mem::take(&mut argument))),
            _ => argument.push(token),
        }
    }
    types.extend(argument_type(&argument));
    types.join(", ")
}

/// The type of an argument. `None` for an output or an empty list.
fn argument_type(argument: &[&Token]) -> Option<String> {
    let default = argument.iter().position(|token| token.is("DEFAULT") || token.is_sign('='));
    let mut rest = &argument[..default.unwrap_or(argument.len())];
    match rest {
        [mode, ..] if mode.is("OUT") => return None,
        [mode, after @ ..] if ["IN", "INOUT", "VARIADIC"].iter().any(|word| mode.is(word)) => rest = after,
        _ => {}
    }
    if let [first, second, ..] = rest
        && second.word.name().is_some()
        && !are_of_a_type(first, second)
    {
        rest = &rest[1..];
    }
    let mut text = String::new();
    for token in rest.iter().filter(|token| !token.is_sign('*')) {
        let is_glued = text.is_empty()
            || text.ends_with(['.', '['])
            || ['.', '[', ']', ')'].iter().any(|sign| token.is_sign(*sign));
        text.push_str(if is_glued { "" } else { " " });
        text.push_str(&written(token));
    }
    (!text.is_empty()).then_some(text)
}

/// Whether two words of an argument are a type, and not its name and the beginning of its type.
fn are_of_a_type(first: &Token, second: &Token) -> bool {
    let is = |token: &Token, words: &[&str]| matches!(&token.word, Word::Plain(word) if words.contains(&word.as_str()));
    is(first, &["double"]) && is(second, &["precision"])
        || is(first, &["character", "bit"]) && is(second, &["varying"])
        || is(first, &["time", "timestamp"]) && is(second, &["with", "without"])
        || is(second, &["ORDER", "AS"])
}

fn written(token: &Token) -> String {
    match &token.word {
        Word::Plain(word) => word.clone(),
        Word::Quoted(name) => quoted(name),
        Word::Sign(sign) => sign.to_string(),
        Word::Text => String::new(),
    }
}
