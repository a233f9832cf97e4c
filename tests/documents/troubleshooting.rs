//! Pages quote messages that the program prints: `docs/troubleshooting.md` in the first column of its tables, the table of
//! faults in the column of what the user sees. A message that was reworded is found here.

use std::path::Path;

fn sources(folder: &Path) -> String {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let text = |path: std::path::PathBuf| {
        if path.is_dir() { sources(&path) } else { std::fs::read_to_string(path).unwrap() }
    };
    entries.map(text).collect()
}

// serves: 11.10(k)/accurate-pages
#[test]
fn every_message_of_the_page_is_in_the_sources() {
    let (page, sources) = (crate::read("docs/troubleshooting.md"), sources(&crate::root().join("src")));
    let first_cells = page.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").next());
    let messages: Vec<&str> = first_cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).collect();
    assert!(messages.len() > 60, "only {} messages were found", messages.len());
    let unknown: Vec<&&str> = messages.iter().filter(|message| !sources.contains(**message)).collect();
    assert!(unknown.is_empty(), "nothing says these any more: {unknown:#?}");
}

/// Rows quote messages with the values of their test, so three words in a row must be the program's, of which one may be
/// a value.
#[test]
fn every_message_that_a_fault_quotes_has_words_of_the_sources() {
    let (page, sources) = (crate::read("docs/reference/faults.md"), sources(&crate::root().join("src")));
    // A string that goes on behind a line break has no blanks there.
    let sources = sources.split("\\\n").map(str::trim_start).collect::<String>();
    let words: Vec<&str> = sources.split([' ', '"', '\n']).filter(|word| !word.is_empty()).collect();
    let is_value = |word: &str| word.starts_with('{') && word.len() > 1;
    let with_a_value: Vec<&[&str]> =
        words.windows(3).filter(|three| three.iter().filter(|word| is_value(word)).count() == 1).collect();
    let fits = |three: &[&str], known: &[&str]| {
        three.iter().zip(known).all(|(word, known)| word == known || is_value(known))
    };
    let is_printed = |three: &[&str]| {
        sources.contains(&three.join(" ")) || with_a_value.iter().any(|known| fits(three, known))
    };
    let seen = page.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").nth(2));
    let quoted: Vec<Vec<&str>> = seen
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .map(|text| text.split(' ').collect())
        .collect();
    let quoted: Vec<_> = quoted.into_iter().filter(|words| words.len() > 2).collect();
    assert!(quoted.len() > 100, "only {} messages were found", quoted.len());
    // A value may have several words, so a few windows are allowed to be unknown. A reworded message has more of them.
    let is_plain = |word: &&str| word.chars().all(|letter| letter.is_ascii_lowercase() || letter == '\'');
    let is_stale = |words: &&Vec<&str>| {
        let plain = words.windows(3).filter(|three| three.iter().all(is_plain));
        !words.windows(3).any(is_printed) || plain.filter(|three| !is_printed(three)).count() > 2
    };
    let unknown: Vec<String> = quoted.iter().filter(is_stale).map(|words| words.join(" ")).collect();
    assert!(unknown.is_empty(), "nothing says these any more: {unknown:#?}");
}
