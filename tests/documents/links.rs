//! The pages' links to each other lead somewhere: the file is there, and the heading too.

use std::collections::BTreeSet;

/// Those of the root by name, and all of `docs/`: a new page is looked at without being entered here.
pub(crate) fn pages() -> Vec<String> {
    let docs = std::fs::read_dir(crate::root().join("docs")).unwrap();
    let names = docs.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut pages: Vec<String> =
        names.filter(|name| name.ends_with(".md")).map(|name| format!("docs/{name}")).collect();
    pages.sort();
    assert!(pages.len() > 5, "only {pages:?} were found");
    pages.extend(["README.md", "CONTRIBUTING.md", "SECURITY.md"].map(str::to_owned));
    pages
}

/// The text without its blocks of code.
fn prose(page: &str) -> String {
    crate::read(page).split("```").step_by(2).collect()
}

/// The headings, as GitHub spells them in addresses.
fn anchors(page: &str) -> BTreeSet<String> {
    let text = prose(page);
    let headings =
        text.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#').trim());
    headings
        .map(|heading| {
            let kept = heading.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
            kept.collect::<String>().to_lowercase().replace(' ', "-")
        })
        .collect()
}

/// Where a link on `page` leads: a path of the repository, and a heading.
fn target<'a>(page: &str, link: &'a str) -> (String, Option<&'a str>) {
    let (path, anchor) = link.split_once('#').map_or((link, None), |(path, anchor)| (path, Some(anchor)));
    let path = match (path, page.contains('/')) {
        ("", _) => page.to_owned(),
        (path, false) => path.to_owned(),
        (path, true) => path.strip_prefix("../").map_or_else(|| format!("docs/{path}"), str::to_owned),
    };
    (path, anchor)
}

#[test]
fn every_link_between_pages_leads_somewhere() {
    let (mut seen, mut broken) = (0, Vec::new());
    for page in &pages() {
        let text = prose(page);
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if link.starts_with("http") {
                continue;
            }
            seen += 1;
            let (path, anchor) = target(page, link);
            let missing = !crate::root().join(&path).exists()
                || anchor.is_some_and(|anchor| !anchors(&path).contains(anchor));
            if missing {
                broken.push(format!("{page}: {link}"));
            }
        }
    }
    assert!(seen > 60, "only {seen} links were found");
    assert!(broken.is_empty(), "{broken:#?}");
}
