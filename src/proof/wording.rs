//! Statements that differ, as text: their kind and name, never their contents. Pure.

/// Number of statements named.
const NAMED: usize = 20;
/// Sets a sequence to its value. The value is a number, so it can be shown, and the name ends at the last quote.
const SEQUENCE: &str = "SELECT pg_catalog.setval(";

/// Statements that the restored database lacks, that the backup lacks, or that differ. They come in a form that is
/// safe to show.
pub(super) fn differing(missing: &[String], unexpected: &[String]) -> Vec<String> {
    let mut besides: Vec<&String> = unexpected.iter().collect();
    let mut told = Vec::new();
    for statement in missing {
        match besides.iter().position(|other| name(other) == name(statement)) {
            Some(at) => {
                let other = besides.swap_remove(at);
                let became = if other == statement { String::new() } else { format!(" became {other}") };
                told.push(format!("statement differs: {statement}{became}"));
            }
            None => told.push(format!("missing from the restored database: {statement}")),
        }
    }
    besides.sort();
    told.extend(besides.iter().map(|other| format!("not in the backup: {other}")));
    let count = told.len();
    told.truncate(NAMED);
    if count > NAMED {
        told.push(format!("{} more statements differ", count - NAMED));
    }
    told
}

/// A number with its noun, in the plural when it must be: `1 row`, `52,500 rows`.
#[must_use]
pub fn counted(count: u64, noun: &str) -> String {
    format!("{} {noun}{}", grouped(count), if count == 1 { "" } else { "s" })
}

/// A number in groups of three digits: `52,500`.
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The part that versions of one statement share.
fn name(statement: &str) -> &str {
    let end = if statement.starts_with(SEQUENCE) { statement.rfind("', ") } else { None };
    &statement[..end.unwrap_or(statement.len())]
}

#[cfg(test)]
mod tests;
