//! The rules bite: each finds its own example, and a text in our voice passes.

use super::rules::{ALL, Compiled, Kind, RULES, Rule};
use super::{findings_of, texts};

const CLEAN: &str = "\
# Restore a backup

Grant `s3:PutObject`, then start a new run. If a sponsor's flag is off, the run prints a warning and lists the steps.

- There is no default region. The upload is no longer visible after 7 days.
- A second list item, next to the first one.

```sh
# Whoever reads this is told nothing: it stands in a block of code.
```

See [the table](beside.md) and `nobody`.
";

fn findings(path: &str, texts: &[texts::Text]) -> Vec<(usize, String)> {
    let rules: Vec<Compiled> = RULES.iter().map(Rule::compiled).collect();
    let found = texts.iter().flat_map(|text| findings_of(path, text, &rules));
    found.map(|finding| (finding.line, finding.found)).collect()
}

#[test]
fn every_rule_of_the_voice_finds_its_example() {
    for rule in RULES {
        let compiled = rule.compiled();
        assert_eq!(compiled.matches(rule.example).len(), 1, "{}", rule.example);
        assert!(!rule.kinds.is_empty() && ALL.contains(&rule.kinds[0]));
    }
}

#[test]
fn a_page_in_our_voice_has_no_findings() {
    assert_eq!(findings("README.md", &texts::markdown(CLEAN)), []);
}

#[test]
fn a_finding_has_the_line_on_which_it_begins() {
    let page = "# Size\n\nThe summary shows the size, and\nthe log tells it, too.\n\n## The size is shown\n";
    let expected = [(4, "tells".to_owned()), (6, "is shown".to_owned())];
    assert_eq!(findings("README.md", &texts::markdown(page)), expected);
}

#[test]
fn prose_is_read_across_line_breaks() {
    let page = "An empty file is\nno backup. Where the flag\nis off, nothing runs.\n";
    let expected = [(2, "Where the flag is off,".to_owned()), (1, "is no backup".to_owned())];
    assert_eq!(findings("README.md", &texts::markdown(page)), expected);
}

#[test]
fn strings_of_programs_are_messages_and_errors() {
    let source = r#"
        /// Whoever reads it.
        #[derive(Debug)]
        enum Error {
            #[error("The bucket {name} stands \
                     nowhere.")]
            Bucket { name: String },
        }
        fn hint() -> &'static str { concat!("set the region; it ", "SELECT told FROM beside") }
        #[cfg(test)]
        mod tests { fn told() -> &'static str { "nobody reads this one" } }
        #[expect(dead_code, reason = "nobody reads this one")]
        fn path(_: u8) -> &'static str { "s3://told/nobody" }
    "#;
    let found = findings("src/archive.rs", &texts::strings(source).unwrap());
    let expected =
        [(5, "stands"), (5, "The"), (5, "e."), (9, "region;")].map(|(line, found)| (line, found.to_owned()));
    assert_eq!(found, expected);
}

#[test]
fn modules_that_only_tests_compile_are_known() {
    assert_eq!(
        texts::test_modules("mod a;\n#[cfg(test)]\npub(crate) mod b;\n#[cfg(test)]\nmod c {\n"),
        ["b"]
    );
}

#[test]
fn comments_of_scripts_and_of_rust_are_read() {
    let script = "#!/bin/sh\n# The tables of\n# nobody\necho 'nobody' # told\n";
    assert_eq!(findings("script/x", &texts::comments(script, &["#"])), [(3, "nobody".to_owned())]);
    let rust =
        "//! Whoever\n\n/// It is told\n///\n/// by `nobody`.\nfn told() {} // nobody\n    // stands\n";
    let expected = [(1, "Whoever".to_owned()), (3, "told".to_owned()), (7, "stands".to_owned())];
    assert_eq!(findings("src/x.rs", &texts::comments(rust, &["///", "//!", "//"])), expected);
}

#[test]
fn reviewed_errors_and_hints_keep_their_form() {
    let snapshot =
        "---\n---\nerror: The key is wrong.\nhint: set it\n\nerror: no key\nhint: Set it:\nkey: x.\n";
    let texts = texts::reviewed(snapshot);
    assert_eq!(texts.iter().filter(|text| text.kind == Kind::Hint).count(), 2);
    let found: Vec<usize> =
        findings("tests/snapshots/errors-x.snap", &texts).into_iter().map(|(line, _)| line).collect();
    assert_eq!(found, [3, 3, 4, 4]);
}

#[test]
fn descriptions_of_the_action_are_help() {
    let action = "name: Backup\ninputs:\n  region:\n    description: Region; told to S3.\n";
    let expected = [(4, "told".to_owned()), (4, "Region;".to_owned())];
    assert_eq!(findings("action.yml", &texts::help(action)), expected);
}
