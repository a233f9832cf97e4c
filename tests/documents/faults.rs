//! `docs/reference/faults.md`, made of the rows above the tests of the fault suite. Pure: the sources come in as text.

const HEAD: &str = "\
# Faults

What goes wrong around backups, and what happens then. Each row is a test of the built program, and all of them pass at every commit.
PostgreSQL is real. S3 is moto or another S3 server. Stand-ins (Doppler, GitHub, proxies, programs) inject the faults. `script/faults` runs them, `script/faults NAME` runs those whose name contains NAME.

Unless a row says otherwise, after every fault: no incomplete object is visible, no multipart upload is left behind, no `pg_dump`
is still running, the failure is recorded, and the run's other sponsors are backed up.

<!-- Made from tests/it/faults by `UPDATE_DOCUMENTS=1 cargo test --test documents`. -->
";

/// The cells of a row, in this order: the marks above a test, and the heads of the table.
const CELLS: [(&str, &str); 4] = [
    ("fault", "fault"),
    ("injected", "injected by"),
    ("seen", "what the user sees"),
    ("left", "what remains"),
];

/// A file of the suite: its module's name and its text.
pub(crate) struct Source {
    pub(crate) name: String,
    pub(crate) text: String,
}

/// The page. The error names a test that has no row, or a row that lacks a cell.
pub(crate) fn page(sources: &[Source]) -> Result<String, String> {
    let mut page = HEAD.to_owned();
    for source in sources {
        let about: Vec<&str> =
            source.text.lines().map_while(|line| line.strip_prefix("//!")).map(str::trim).collect();
        page += &format!("\n## {}\n\n{}\n\n", source.name, about.join("\n"));
        page += &format!("| {} | test |\n|{}\n", CELLS.map(|(_, head)| head).join(" | "), "---|".repeat(5));
        for (test, doc) in tests(&source.text) {
            let rows = rows(&doc).map_err(|error| format!("{}::{test}: {error}", source.name))?;
            for row in rows {
                page += &format!("| {} | `{test}` |\n", row.join(" | "));
            }
        }
    }
    Ok(page)
}

/// How many rows a page has.
pub(crate) fn count(page: &str) -> usize {
    page.lines().filter(|line| line.starts_with("| ") && line.ends_with("` |")).count()
}

/// Each test's name, and the lines of its documentation.
fn tests(text: &str) -> Vec<(&str, Vec<&str>)> {
    let (mut found, mut doc, mut is_test) = (Vec::new(), Vec::new(), false);
    for line in text.lines() {
        if let Some(text) = line.strip_prefix("///") {
            doc.push(text.trim());
        } else if line == "#[test]" {
            is_test = true;
        } else if let Some(rest) = line.strip_prefix("fn ").filter(|_| is_test) {
            let name = rest.split('(').next().unwrap_or_default();
            found.push((name, std::mem::take(&mut doc)));
            is_test = false;
        } else if !line.starts_with("#[") {
            doc.clear();
        }
    }
    found
}

fn rows(doc: &[&str]) -> Result<Vec<[String; 4]>, String> {
    let mut cells: Vec<(usize, String)> = Vec::new();
    for line in doc {
        let begins = |(name, _): &(&str, &str)| line.starts_with(&format!("- {name}: "));
        match (CELLS.iter().position(begins), cells.last_mut()) {
            (Some(at), _) => cells.push((at, line.split_once(": ").unwrap_or_default().1.to_owned())),
            // A cell goes on until the next one begins.
            (None, Some((_, text))) => *text += &format!(" {line}"),
            (None, None) => {}
        }
    }
    let in_order = cells.iter().enumerate().all(|(at, (cell, _))| at % CELLS.len() == *cell);
    if cells.is_empty() || !in_order || !cells.len().is_multiple_of(CELLS.len()) {
        let names = CELLS.map(|(name, _)| format!("`- {name}: `")).join(", ");
        return Err(format!("a test of this suite needs rows of four lines above it: {names}"));
    }
    let text = |(_, text): &(usize, String)| text.replace('|', "\\|");
    let row = |row: &[(usize, String)]| std::array::from_fn(|at| text(&row[at]));
    Ok(cells.chunks(CELLS.len()).map(row).collect())
}

#[cfg(test)]
mod bites {
    use super::*;

    fn page_of(text: &str) -> Result<String, String> {
        page(&[Source { name: "s3".to_owned(), text: text.to_owned() }])
    }

    #[test]
    fn a_row_is_drawn_from_the_lines_above_its_test() {
        let row =
            "/// F1\n/// - fault: a | b\n///   goes on\n/// - injected: i\n/// - seen: s\n/// - left: l\n";
        let page = page_of(&format!("//! About.\n\n{row}#[test]\nfn it_holds() {{\n}}\n\nfn other() {{}}\n"));
        let page = page.unwrap();
        assert!(page.ends_with("| a \\| b goes on | i | s | l | `it_holds` |\n"), "{page}");
        assert_eq!(count(&page), 1);
    }

    #[test]
    fn a_test_without_a_whole_row_is_an_error() {
        for doc in
            ["", "/// - fault: f\n", "/// - injected: i\n/// - fault: f\n/// - seen: s\n/// - left: l\n"]
        {
            let error = page_of(&format!("{doc}#[test]\nfn it_holds() {{\n}}\n")).unwrap_err();
            assert!(error.starts_with("s3::it_holds: "), "{error}");
        }
    }
}
