//! `docs/troubleshooting.md` is searched for messages: each that is code in the first column of a table is one that
//! the program says or looks for.

use std::path::Path;

fn sources(folder: &Path) -> String {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let text = |path: std::path::PathBuf| {
        if path.is_dir() { sources(&path) } else { std::fs::read_to_string(path).unwrap() }
    };
    entries.map(text).collect()
}

#[test]
fn every_message_of_the_page_is_in_the_sources() {
    let (page, sources) = (crate::read("docs/troubleshooting.md"), sources(&crate::root().join("src")));
    let first_cells = page.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").next());
    let messages: Vec<&str> = first_cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).collect();
    assert!(messages.len() > 60, "only {} messages were found", messages.len());
    let unknown: Vec<&&str> = messages.iter().filter(|message| !sources.contains(**message)).collect();
    assert!(unknown.is_empty(), "nothing says these any more: {unknown:#?}");
}
