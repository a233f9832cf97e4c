use super::*;

fn read(text: &str) -> Result<SecretsFile, SecretsError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secrets.yml");
    std::fs::write(&path, text).unwrap();
    SecretsFile::read(&path)
}

#[test]
fn returns_the_secrets_of_one_sponsor_alone() {
    let file = read("callisto: {A: one, FLAG: true}\ntitan: {A: two}\n").unwrap();
    let secrets = file.fetch("callisto").unwrap();
    assert_eq!(secrets.keys().collect::<Vec<_>>(), ["A", "FLAG"]);
    assert!(file.fetch("rhea").unwrap_err().to_string().ends_with("sponsor `rhea` is missing"));
}

#[test]
fn a_sponsor_whose_name_is_misspelt_is_found() {
    let hint = |sponsor: &str| {
        read("calisto: {A: one}\nTitan-2: {A: two}\n").unwrap().fetch(sponsor).unwrap_err().hint()
    };
    assert_eq!(hint("callisto"), "The file has `calisto`. Did you mean `callisto`?");
    assert_eq!(hint("titan-2"), "The file has `Titan-2`. Did you mean `titan-2`?");
    assert!(hint("rhea").starts_with("Add `rhea:`"), "{}", hint("rhea"));
}

#[test]
fn a_broken_file_is_described_without_its_values() {
    for text in ["callisto: {A: canary, B: [canary]}", "callisto: {A: canary, A: canary, canary}", "canary"] {
        let error = read(text).unwrap_err();
        let told = format!("{error} {}", error.hint());
        assert!(!told.contains("canary"), "{told}");
    }
    let error = read("callisto: {A: canary, B: [canary]}").unwrap_err().to_string();
    assert!(error.contains("not a map of sponsors to secrets"), "{error}");
}

#[test]
fn each_secret_knows_its_line() {
    let text = "titan: &t\n  A: x\ncallisto:\n  # why\n  A: one\n  B: |\n    two\n  C:\nrhea: *t\n";
    let file = read(text).unwrap();
    let lines = |sponsor: &str| match file.place(sponsor) {
        Place::File { lines, .. } => lines.into_values().collect::<Vec<u64>>(),
        Place::Doppler { .. } => Vec::new(),
    };
    // Of a block, the first line of the value.
    assert_eq!(lines("callisto"), [5, 7, 8]);
    assert_eq!((lines("titan"), lines("rhea"), lines("io")), (vec![2], vec![2], vec![]));
}

#[test]
fn a_duplicate_is_named_with_both_lines() {
    for (text, expected) in [
        (
            "callisto:\n  DATABASE_URL: canary\n  B: x\n  DATABASE_URL: canary\n",
            "line 4: DATABASE_URL appears twice, first in line 2",
        ),
        (
            "callisto:\n  B: x\ntitan:\n  B: x\ncallisto:\n  C: x\n",
            "line 5: callisto appears twice, first in line 1",
        ),
        ("\"callisto\":\n  B: x\n'callisto' :\n  C: x\n", "line 3: callisto appears twice, first in line 1"),
        // An unknown name may be a secret.
        ("a:\n  canary: x\n  canary: x\n", "line 3: a name appears twice"),
    ] {
        let error = read(text).unwrap_err();
        assert!(error.to_string().ends_with(expected), "{text}\n  gave: {error}");
        assert!(error.hint().starts_with("Remove one of the two"), "{}", error.hint());
    }
}

#[test]
fn whether_others_can_read_it_is_known() {
    use std::os::unix::fs::PermissionsExt as _;
    let file = tempfile::NamedTempFile::new().unwrap();
    for (mode, others) in [(0o600, false), (0o400, false), (0o640, true), (0o644, true), (0o604, true)] {
        std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(mode)).unwrap();
        assert_eq!(others_can_open(file.path()), others, "{mode:o}");
    }
    assert!(!others_can_open(Path::new("/nonexistent/file")));
}
