//! The actions that workflows use: named by commit and version, on a Node that runners have, and kept up to date.

use std::collections::BTreeSet;

use regex::Regex;

use super::workflows::{DEPENDABOT, OURS, every_workflow};

#[test]
fn every_action_is_pinned_by_its_commit_and_names_its_version() {
    let paths = every_workflow().into_iter().map(|(path, _)| path);
    for path in paths.chain([".github/actions/rust/action.yml".to_owned()]) {
        let text = crate::read(&path);
        let is_a_step = |line: &&str| line.trim_start().trim_start_matches("- ").starts_with("uses: ");
        let uses: Vec<&str> = text.lines().filter(is_a_step).collect();
        assert!(!uses.is_empty(), "{path}");
        for line in uses.into_iter().filter(|line| !line.contains("uses: ./")) {
            let (_, pin) = line.split_once('@').expect(line);
            let (commit, version) = pin.split_once(" # v").expect(line);
            let is_hash = commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
            assert!(is_hash && version.starts_with(|c: char| c.is_ascii_digit()), "{path}: {line}");
            assert!(!is_on_node_20(line.split("uses: ").nth(1).unwrap(), version), "{path}: {line}");
        }
    }
}

/// GitHub has announced to remove Node 20 from its runners. An action's commit does not show its Node version, its version does.
fn is_on_node_20(action: &str, version: &str) -> bool {
    let first_on_node_24 = [
        ("actions/checkout@", "5"),
        ("actions/upload-artifact@", "6"),
        ("actions/download-artifact@", "7"),
        ("actions/attest-build-provenance@", "4"),
        ("anchore/scan-action@", "7"),
        ("Swatinem/rust-cache@", "2.9.2"),
        (OURS, "0"),
    ];
    let known = first_on_node_24.into_iter().find(|(name, _)| action.starts_with(name));
    let (_, first) = known.unwrap_or_else(|| panic!("since when is {action} on Node 24?"));
    let numbers =
        |version: &str| -> Vec<u32> { version.trim().split('.').map(|part| part.parse().unwrap()).collect() };
    numbers(version) < numbers(first)
}

#[test]
fn versions_that_run_on_node_20_are_refused() {
    for (action, version, refused) in [
        ("actions/checkout@11bd719", "4.2.2", true),
        ("actions/checkout@de0fac2", "6.0.2", false),
        ("actions/upload-artifact@ea165f8", "4.6.2", true),
        ("actions/upload-artifact@x", "5.0.0", true),
        ("actions/download-artifact@d3f86a1", "6.0.0", true),
        ("actions/download-artifact@3e5f45b", "8.0.1", false),
        ("Swatinem/rust-cache@c193711", "2.9.1", true),
        ("Swatinem/rust-cache@6323deb", "2.9.2", false),
    ] {
        assert_eq!(is_on_node_20(action, version), refused, "{action} {version}");
    }
}

/// Ours and that which users copy.
#[test]
fn pinned_actions_are_kept_up_to_date() {
    let ecosystems = |path: &str| -> BTreeSet<String> {
        let updates = crate::yaml(path)["updates"].as_array().unwrap().clone();
        updates.iter().map(|update| update["package-ecosystem"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ecosystems(DEPENDABOT), BTreeSet::from(["github-actions".to_owned()]));
    let ours = ["cargo", "docker", "github-actions"].map(str::to_owned);
    assert_eq!(ecosystems(".github/dependabot.yml"), BTreeSet::from(ours));
}

/// A branch would change what users have applied.
#[test]
fn every_module_that_the_pages_name_is_pinned_by_a_release() {
    let source = Regex::new(r#"source\s*=\s*"([^"]*//infrastructure/[^"]*)""#).unwrap();
    let ours = "github.com/cure-hht/sponsor-backup//infrastructure/terraform/modules/";
    let mut seen = 0;
    for page in super::links::pages() {
        let text = crate::read(&page);
        for found in source.captures_iter(&text) {
            let (module, version) = found[1].strip_prefix(ours).unwrap().split_once("?ref=v").unwrap();
            assert!(
                crate::root().join("infrastructure/terraform/modules").join(module).is_dir(),
                "{page}: {module}"
            );
            let numbers: Vec<_> = version.split('.').map(str::parse::<u32>).collect();
            assert!(numbers.len() == 3 && numbers.iter().all(Result::is_ok), "{page}: {version}");
            seen += 1;
        }
    }
    assert_eq!(seen, 3);
}
