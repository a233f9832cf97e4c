//! What a statement of pg_dump creates or changes.

use super::super::contents;
use super::super::statement::{Cursor, Statement};
use super::QualifiedName;

/// An object, or a part of a table that has no name of its own in the schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Object {
    Schema(String),
    /// A relation or a type.
    Named(QualifiedName),
    Column(QualifiedName, String),
    /// A constraint, trigger, rule or policy of a table or domain.
    Part(QualifiedName, String),
}

/// What a statement is about. Statements that no table needs are [`Subject::Other`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Subject {
    Setting,
    Schema(String),
    Type(QualifiedName),
    Table(QualifiedName),
    Sequence(QualifiedName),
    /// An object that no selection contains, with its kind.
    Else(&'static str, QualifiedName),
    OwnedBy {
        sequence: QualifiedName,
        table: QualifiedName,
    },
    Identity {
        table: QualifiedName,
        sequence: QualifiedName,
        always: bool,
    },
    Default {
        table: QualifiedName,
    },
    Attach {
        parent: QualifiedName,
        child: QualifiedName,
    },
    AttachIndex {
        parent: QualifiedName,
        child: QualifiedName,
    },
    /// `refers` is the referenced table of a foreign key, `index` the name of the constraint's index.
    Constraint {
        table: QualifiedName,
        name: String,
        refers: Option<QualifiedName>,
        index: Option<QualifiedName>,
    },
    Index {
        table: QualifiedName,
        name: QualifiedName,
    },
    Statistics {
        table: QualifiedName,
        name: QualifiedName,
    },
    /// A trigger, rule or policy.
    Part {
        kind: &'static str,
        table: QualifiedName,
        name: String,
    },
    RowSecurity {
        table: QualifiedName,
    },
    /// `CLUSTER ON` and `REPLICA IDENTITY USING INDEX`.
    UsesIndex {
        table: QualifiedName,
        index: QualifiedName,
    },
    /// `ENABLE TRIGGER` and the like.
    Switch {
        table: QualifiedName,
        name: String,
    },
    Owner(Object),
    Grant(Object),
    /// A comment, or a setting of an object.
    Change(Object),
    SetValue(QualifiedName),
    Publication {
        table: QualifiedName,
    },
    LargeObject,
    Other,
}

impl Subject {
    /// What a statement is about.
    pub(super) fn of(statement: &Statement<'_>) -> Self {
        let mut words = statement.cursor();
        let found = if words.keywords("SET") {
            (!words.keywords("SESSION AUTHORIZATION")).then_some(Self::Setting)
        } else if words.keywords("SELECT") {
            return selected(statement);
        } else if words.keywords("CREATE") {
            created(&mut words)
        } else if words.keywords("ALTER") {
            altered(&mut words)
        } else if words.keywords("COMMENT ON") {
            object(&mut words).map(Self::Change)
        } else if words.one_of(&["GRANT", "REVOKE"]) && words.after("ON") {
            granted(&mut words).map(Self::Grant)
        } else {
            None
        };
        found.unwrap_or(Self::Other)
    }
}

fn selected(statement: &Statement<'_>) -> Subject {
    let text = &statement.text;
    if text.starts_with("SELECT pg_catalog.set_config(") {
        return Subject::Setting;
    }
    if text.starts_with("SELECT pg_catalog.lo_create(") {
        return Subject::LargeObject;
    }
    contents::set(text.as_bytes()).map_or(Subject::Other, |(name, _)| Subject::SetValue(name))
}

fn created(words: &mut Cursor<'_>) -> Option<Subject> {
    words.keywords("UNLOGGED");
    words.keywords("OR REPLACE");
    if words.keywords("SCHEMA") {
        return words.name().map(Subject::Schema);
    }
    if words.keywords("TABLE") {
        return words.qualified().map(Subject::Table);
    }
    if words.keywords("SEQUENCE") {
        return words.qualified().map(Subject::Sequence);
    }
    if words.keywords("DOMAIN") {
        return words.qualified().map(Subject::Type);
    }
    if words.keywords("TYPE") {
        let name = words.qualified()?;
        // A base type needs functions in C, and comes with an extension of its own.
        let is_base = words.clone().sign(';') || words.sign('(') && words.keywords("INPUT");
        return Some(if is_base { Subject::Else("base type", name) } else { Subject::Type(name) });
    }
    words.keywords("UNIQUE");
    if words.keywords("INDEX") {
        let name = words.name()?;
        words.keywords("ON");
        words.keywords("ONLY");
        let table = words.qualified()?;
        return Some(Subject::Index { name: (table.0.clone(), name), table });
    }
    if words.keywords("STATISTICS") {
        let name = words.qualified()?;
        words.after("FROM");
        return Some(Subject::Statistics { name, table: words.qualified()? });
    }
    words.keywords("CONSTRAINT");
    for (kind, before) in [("TRIGGER", "ON"), ("POLICY", "ON"), ("RULE", "TO")] {
        if words.keywords(kind) {
            let name = words.name()?;
            words.after(before);
            return Some(Subject::Part { kind, table: words.qualified()?, name });
        }
    }
    words.keywords("RECURSIVE");
    for (keywords, kind) in [
        ("VIEW", "view"),
        ("MATERIALIZED VIEW", "materialized view"),
        ("FOREIGN TABLE", "foreign table"),
        ("FUNCTION", "function"),
        ("PROCEDURE", "procedure"),
        ("AGGREGATE", "function"),
    ] {
        if words.keywords(keywords) {
            return words.qualified().map(|name| Subject::Else(kind, name));
        }
    }
    None
}

fn altered(words: &mut Cursor<'_>) -> Option<Subject> {
    if words.keywords("TABLE") {
        words.keywords("ONLY");
        let table = words.qualified()?;
        return altered_table(words, table);
    }
    if words.keywords("PUBLICATION") {
        words.name()?;
        let adds = words.keywords("ADD TABLE");
        words.keywords("ONLY");
        return adds.then(|| words.qualified()).flatten().map(|table| Subject::Publication { table });
    }
    if words.keywords("SCHEMA") {
        let name = Object::Schema(words.name()?);
        return Some(if words.keywords("OWNER TO") { Subject::Owner(name) } else { Subject::Change(name) });
    }
    let is_an_index = words.keywords("INDEX");
    let is_a_sequence = words.keywords("SEQUENCE");
    if !(is_an_index || is_a_sequence || words.one_of(&["TYPE", "DOMAIN", "STATISTICS"])) {
        return None;
    }
    let name = words.qualified()?;
    if is_an_index && words.keywords("ATTACH PARTITION") {
        return Some(Subject::AttachIndex { parent: name, child: words.qualified()? });
    }
    if is_a_sequence && words.keywords("OWNED BY") {
        return Some(Subject::OwnedBy { sequence: name, table: words.qualified()? });
    }
    let name = Object::Named(name);
    Some(if words.keywords("OWNER TO") { Subject::Owner(name) } else { Subject::Change(name) })
}

fn altered_table(words: &mut Cursor<'_>, table: QualifiedName) -> Option<Subject> {
    let of_its_schema = |name: String| (table.0.clone(), name);
    if words.keywords("ATTACH PARTITION") {
        return Some(Subject::Attach { parent: table, child: words.qualified()? });
    }
    if words.keywords("ADD CONSTRAINT") {
        let name = words.name()?;
        let has_index = words.one_of(&["PRIMARY", "UNIQUE", "EXCLUDE"]);
        let is_foreign = words.keywords("FOREIGN KEY") && words.after("REFERENCES");
        let refers = is_foreign.then(|| words.qualified()).flatten();
        let index = has_index.then(|| of_its_schema(name.clone()));
        return Some(Subject::Constraint { table, name, refers, index });
    }
    if words.keywords("ALTER COLUMN") {
        let column = words.name()?;
        if words.keywords("SET DEFAULT") {
            return Some(Subject::Default { table });
        }
        let always = words.keywords("ADD GENERATED ALWAYS AS IDENTITY");
        if (always || words.keywords("ADD GENERATED BY DEFAULT AS IDENTITY")) && words.sign('(') {
            words.keywords("SEQUENCE NAME");
            return Some(Subject::Identity { table, sequence: words.qualified()?, always });
        }
        return Some(Subject::Change(Object::Column(table, column)));
    }
    if words.keywords("OWNER TO") {
        return Some(Subject::Owner(Object::Named(table)));
    }
    if words.keywords("CLUSTER ON") || words.keywords("REPLICA IDENTITY USING INDEX") {
        return Some(Subject::UsesIndex { index: of_its_schema(words.name()?), table });
    }
    if words.one_of(&["ENABLE", "DISABLE", "FORCE", "NO FORCE"]) {
        if words.keywords("ROW LEVEL SECURITY") {
            return Some(Subject::RowSecurity { table });
        }
        words.one_of(&["ALWAYS", "REPLICA"]);
        let is_switch = words.one_of(&["TRIGGER", "RULE"]);
        return is_switch.then(|| words.name()).flatten().map(|name| Subject::Switch { table, name });
    }
    Some(Subject::Change(Object::Named(table)))
}

/// The object of a comment.
fn object(words: &mut Cursor<'_>) -> Option<Object> {
    if words.keywords("SCHEMA") {
        return words.name().map(Object::Schema);
    }
    if words.one_of(&["CONSTRAINT", "TRIGGER", "POLICY", "RULE"]) {
        let name = words.name()?;
        words.keywords("ON");
        words.keywords("DOMAIN");
        return Some(Object::Part(words.qualified()?, name));
    }
    if words.keywords("COLUMN") {
        let (schema, table, column) = (words.name()?, words.part()?, words.part()?);
        return Some(Object::Column((schema, table), column));
    }
    let kinds = ["TABLE", "SEQUENCE", "INDEX", "TYPE", "DOMAIN", "STATISTICS"];
    words.one_of(&kinds).then(|| words.qualified()).flatten().map(Object::Named)
}

/// The object of a grant.
fn granted(words: &mut Cursor<'_>) -> Option<Object> {
    if words.keywords("SCHEMA") {
        return words.name().map(Object::Schema);
    }
    words.one_of(&["TABLE", "SEQUENCE", "TYPE"]).then(|| words.qualified()).flatten().map(Object::Named)
}
