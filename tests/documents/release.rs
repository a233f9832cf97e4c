//! `script/release` in a copy of what it reads: what may be released, and what becomes of `action.yml`.

use std::path::Path;
use std::process::Command;

const DIGEST: &str =
    "ghcr.io/cure-hht/sponsor-backup@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

struct Copy(tempfile::TempDir);

impl Copy {
    /// The repository at version 9.8.7, with these tags.
    fn new(tags: &[&str]) -> Self {
        let copy = Self(tempfile::tempdir().unwrap());
        std::fs::create_dir(copy.path().join("script")).unwrap();
        std::fs::copy(crate::root().join("script/release"), copy.path().join("script/release")).unwrap();
        for name in ["Cargo.toml", "Cargo.lock"] {
            let version = format!("name = \"sponsor-backup\"\nversion = \"{}\"", env!("CARGO_PKG_VERSION"));
            let text = crate::read(name).replace(&version, "name = \"sponsor-backup\"\nversion = \"9.8.7\"");
            copy.write(name, &text);
        }
        copy.write("action.yml", &crate::read("action.yml"));
        copy.write(
            "CHANGELOG.md",
            "## [Unreleased]\n\n## [9.8.7] - 2026-12-01\n\n### Added\n- `new`\n\n## [9.8.6] - 2026-11-01\n- old\n",
        );
        copy.git(&["init", "--quiet"]);
        copy.git(&[
            "-c",
            "user.name=a",
            "-c",
            "user.email=a@example.org",
            "commit",
            "-qm",
            "x",
            "--allow-empty",
        ]);
        tags.iter().for_each(|tag| copy.git(&["tag", tag]));
        copy
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path().join(name), text).unwrap();
    }

    fn git(&self, arguments: &[&str]) {
        assert!(Command::new("git").args(arguments).current_dir(self.path()).status().unwrap().success());
    }

    /// What the script prints, or its error.
    fn release(&self, arguments: &[&str]) -> Result<String, String> {
        let output = Command::new(self.path().join("script/release")).args(arguments).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
    }
}

// serves: 11.10(k)/revisions
#[test]
fn a_release_needs_version_changelog_and_tag_to_agree() {
    let copy = Copy::new(&["v9.8.6", "v9.8.6-source", "v9"]);
    let facts = copy.release(&["check", "v9.8.7-source"]).unwrap();
    for fact in ["version=9.8.7\n", "tag=v9.8.7\n", "major=v9\n", "moves=true\n"] {
        assert!(facts.contains(fact), "{facts}");
    }
    for (tag, why) in [("v9.8.7", "is not a tag of the form"), ("v9.8.8-source", "Cargo.toml has 9.8.7")] {
        let refused = copy.release(&["check", tag]).unwrap_err();
        assert!(refused.contains(why), "{refused}");
    }
    copy.write("CHANGELOG.md", "## [Unreleased]\n- `new`\n");
    assert!(copy.release(&["check", "v9.8.7-source"]).unwrap_err().contains("has no heading"));
    assert!(
        Copy::new(&["v9.8.7"]).release(&["check", "v9.8.7-source"]).unwrap_err().contains("released already")
    );
}

#[test]
fn a_fix_of_an_older_version_does_not_move_the_moving_tag_back() {
    for (tags, moves) in
        [(&["v9.9.0"][..], false), (&["v9.10.0"], false), (&["v10.0.0", "v9.8.10-source"], true)]
    {
        let facts = Copy::new(tags).release(&["check", "v9.8.7-source"]).unwrap();
        assert!(facts.contains(&format!("moves={moves}\n")), "{tags:?}: {facts}");
    }
}

#[test]
fn the_released_action_differs_only_in_its_image() {
    let copy = Copy::new(&[]);
    copy.release(&["prepare", "v9.8.7-source", DIGEST, "out"]).unwrap();
    let action = std::fs::read_to_string(copy.path().join("out/action.yml")).unwrap();
    let expected =
        crate::read("action.yml").replace("image: Dockerfile", &format!("image: docker://{DIGEST}"));
    assert_eq!(action, expected);
    let notes = std::fs::read_to_string(copy.path().join("out/notes.md")).unwrap();
    assert!(notes.starts_with("### Added\n- `new`\n"), "{notes}");
    assert!(notes.contains(DIGEST) && !notes.contains("old"), "{notes}");
    let tagged = copy.release(&["prepare", "v9.8.7-source", "ghcr.io/cure-hht/sponsor-backup:1", "out"]);
    assert!(tagged.unwrap_err().contains("is not ghcr.io/"));
}
