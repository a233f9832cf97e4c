//! SECURITY.md and the security model name tests as evidence: each one exists.

use std::path::Path;

fn sources(folder: &Path) -> String {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let text = |path: std::path::PathBuf| match path.extension() {
        _ if path.is_dir() => sources(&path),
        Some(end) if end == "rs" => std::fs::read_to_string(path).unwrap(),
        _ => String::new(),
    };
    entries.map(text).collect()
}

#[test]
fn every_test_that_the_security_pages_name_exists() {
    let sources = ["src", "tests"].map(|folder| sources(&crate::root().join(folder))).concat();
    let is_name = |text: &&str| text.bytes().all(|byte| byte.is_ascii_lowercase() || b"_:".contains(&byte));
    for (page, at_least) in [("SECURITY.md", 15), ("docs/security-model.md", 10)] {
        let text = crate::read(page);
        let spans = text.split('`').skip(1).step_by(2);
        let (mut seen, mut missing) = (0, Vec::new());
        for name in spans.filter(is_name).filter(|name| name.matches('_').count() > 1 || name.contains("::"))
        {
            let last = name.rsplit("::").next().unwrap();
            seen += 1;
            let kinds = [format!("fn {last}("), format!("mod {last};")];
            if !last.is_empty() && !kinds.iter().any(|kind| sources.contains(kind)) {
                missing.push(name);
            }
        }
        assert!(seen > at_least, "{page}: only {seen} names were found");
        assert!(missing.is_empty(), "{page}: {missing:#?}");
    }
}
