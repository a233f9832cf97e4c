//! Every link leads to a file that exists and to a heading that it has.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

/// Every page that a reader sees: a new one is checked without being entered here.
pub(crate) fn pages() -> Vec<String> {
    let folders = [
        "",
        "docs",
        "docs/reference",
        "infrastructure/terraform/modules/sponsor-s3",
        "infrastructure/terraform/modules/sponsor-s3-replica",
        "infrastructure/terraform/sponsors/callisto",
    ];
    let mut pages: Vec<String> = folders.into_iter().flat_map(pages_in).collect();
    pages.sort();
    assert!(pages.len() > 10, "only {pages:?} were found");
    pages
}

fn pages_in(folder: &str) -> Vec<String> {
    let entries = std::fs::read_dir(crate::root().join(folder)).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let path = |name: String| if folder.is_empty() { name } else { format!("{folder}/{name}") };
    names.filter(|name| Path::new(name).extension().is_some_and(|end| end == "md")).map(path).collect()
}

/// The text without its blocks of code.
fn prose(page: &str) -> String {
    crate::read(page).split("```").step_by(2).collect()
}

/// The headings, as GitHub spells them in addresses. The second heading of one name ends in `-1`.
fn anchors(page: &str) -> BTreeSet<String> {
    let text = prose(page);
    let headings = text.lines().filter(|line| line.starts_with('#'));
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    headings
        .map(|heading| {
            let heading = heading.trim_start_matches('#').trim();
            let kept = heading.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
            let anchor = kept.collect::<String>().to_lowercase().replace(' ', "-");
            let earlier = seen.entry(anchor.clone()).or_default();
            *earlier += 1;
            if *earlier == 1 { anchor } else { format!("{anchor}-{}", *earlier - 1) }
        })
        .collect()
}

/// What follows `](` of Markdown, and the files of pictures in HTML.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let after = |mark: &'static str, end: char| {
        text.split(mark).skip(1).filter_map(move |rest| rest.split(end).next())
    };
    after("](", ')').chain(after("src=\"", '"')).chain(after("srcset=\"", '"')).chain(after("href=\"", '"'))
}

/// Where a link on `page` leads: a path of the repository, and a heading.
fn target<'a>(page: &str, link: &'a str) -> (String, Option<&'a str>) {
    let (path, anchor) = link.split_once('#').map_or((link, None), |(path, anchor)| (path, Some(anchor)));
    if path.is_empty() {
        return (page.to_owned(), anchor);
    }
    let mut whole = PathBuf::new();
    for part in Path::new(page).parent().unwrap().join(path).components() {
        if part == Component::ParentDir {
            assert!(whole.pop(), "{page}: {link} leads out of the repository");
        } else {
            whole.push(part);
        }
    }
    (whole.to_str().unwrap().to_owned(), anchor)
}

fn is_broken(page: &str, link: &str) -> bool {
    let (path, anchor) = target(page, link);
    !crate::root().join(&path).exists() || anchor.is_some_and(|anchor| !anchors(&path).contains(anchor))
}

// serves: 11.10(k)/accurate-pages
#[test]
fn every_link_and_anchor_of_the_pages_exists() {
    let (mut seen, mut broken) = (0, Vec::new());
    for page in &pages() {
        let text = prose(page);
        for link in links(&text).filter(|link| !link.contains("://")) {
            seen += 1;
            if is_broken(page, link) {
                broken.push(format!("{page}: {link}"));
            }
        }
    }
    assert!(seen > 100, "only {seen} links were found");
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn links_are_read_from_the_folder_of_their_page() {
    for (page, link, path) in [
        ("README.md", "docs/setup.md", "docs/setup.md"),
        ("docs/faq.md", "../README.md", "README.md"),
        ("docs/faq.md", "reference/faults.md", "docs/reference/faults.md"),
        ("docs/reference/faults.md", "../setup.md", "docs/setup.md"),
        ("docs/faq.md", "#cost", "docs/faq.md"),
    ] {
        assert_eq!(target(page, link).0, path);
    }
    assert!(is_broken("README.md", "docs/setup.md#no-such-heading"));
    assert!(is_broken("docs/faq.md", "no-such-page.md"));
}
