use super::*;

const TWO: &str = indoc::indoc! {"
    sponsors:
      - name: callisto
        code: CAL
        enabled: true
        repo: cure-hht/sponsor-callisto
        tag: v1.2.3
        mobile_module: true
        region: eu-west-1
        colour: {main: teal}
      - name: titan-2
        code: YES
"};

#[test]
fn reads_the_known_fields_and_ignores_the_others() {
    let manifest = parse(TWO).unwrap();
    let callisto = &manifest.entries[0];
    assert_eq!((callisto.name.as_str(), callisto.code.as_str()), ("callisto", "CAL"));
    assert_eq!((callisto.enabled, callisto.region.as_deref()), (Some(true), Some("eu-west-1")));
    let titan = &manifest.entries[1];
    assert_eq!((titan.code.as_str(), titan.enabled), ("YES", None), "YES is text in the YAML core schema");
}

#[test]
fn every_bad_manifest_names_what_is_wrong() {
    let one = |fields: &str| {
        format!("sponsors:\n  - {{name: callisto, code: CAL, enabled: true}}\n  - {{{fields}}}\n")
    };
    for (text, expected) in [
        ("sponsors: [".to_owned(), "manifest is not YAML"),
        (format!("sponsors: {}", "[".repeat(65)), "manifest is not YAML"),
        (format!("{}x", "- ".repeat(200)), "manifest is not YAML"),
        ("\"just text\"".to_owned(), "no list under `sponsors`: the document is the text"),
        ("sponsors: {local: [callisto]}".to_owned(), "it is a mapping of `local`"),
        ("sponsors: []".to_owned(), "manifest has no sponsors"),
        ("sponsors:".to_owned(), "manifest has no sponsors"),
        (
            "sponsors: [callisto]".to_owned(),
            "sponsor 1: `name` is missing: the sponsor is the text `callisto`",
        ),
        (one("code: TIT"), "sponsor 2: `name` is missing"),
        (one("name: Titan, code: TIT"), "sponsor 2: `name` is `Titan`"),
        (one("name: titan"), "sponsor 2 (titan): `code` is missing"),
        (one("name: titan, code: Tit"), "`code` is `Tit`"),
        (one("name: titan, code: TITA"), "`code` is `TITA`"),
        (one("name: titan, code: TIT, enabled: \"true\""), "`enabled` is the text `true`, not true or false"),
        (one("name: titan, code: TIT, enabled: yes"), "`enabled` is the text `yes`, not true or false"),
        (one("name: titan, code: TIT, enabled: 1"), "`enabled` is the number 1"),
        (
            one("name: titan, code: TIT, may_share_with: callisto"),
            "`may_share_with` is the text `callisto`, not a list of names",
        ),
        (one("name: titan, code: TIT, may_share_with: [1]"), "`may_share_with` has the number 1"),
        (
            one("name: titan, code: TIT, may_share_with: [calisto]"),
            "sponsor 2 (titan): `may_share_with` names calisto, which is not in the manifest",
        ),
        (one("name: titan, code: TIT, may_share_with: [titan]"), "names the sponsor itself"),
        (one("name: callisto, code: TIT"), "sponsors 1 and 2 both have the name `callisto`"),
        (one("name: titan, code: CAL"), "sponsors 1 and 2 both have the code `CAL`"),
    ] {
        let error = parse(&text).expect_err(&text).to_string();
        assert!(error.contains(expected), "{text}\n  gave: {error}\n  not:  {expected}");
    }
}

#[test]
fn a_misspelt_field_is_an_error_if_the_right_one_is_missing() {
    let one = |fields: &str| parse(&format!("sponsors: [{{{fields}}}]"));
    for (fields, expected) in [
        ("name: io, code: IOS, enabeld: true", "`enabeld` is not a known field, and `enabled` is missing"),
        ("name: io, code: IOS, Enabled: true", "`Enabled` is not a known field, and `enabled` is missing"),
        (
            "name: io, code: IOS, enabled: true, regoin: eu-west-1",
            "`regoin` is not a known field, and `region` is missing",
        ),
        (
            "name: io, code: IOS, may-share-with: [io]",
            "`may-share-with` is not a known field, and `may_share_with` is missing",
        ),
        ("nmae: io, code: IOS", "manifest, sponsor 1: `nmae` is not a known field, and `name` is missing"),
        ("name: io, cod: IOS", "manifest, sponsor 1 (io): `cod` is not a known field, and `code` is missing"),
    ] {
        let error = one(fields).expect_err(fields);
        assert!(error.to_string().contains(expected), "{fields}\n  gave: {error}\n  not:  {expected}");
        assert!(error.hint().starts_with("Did you mean `"), "{}", error.hint());
    }
    // Next to the right one it belongs to another tool.
    let both = one("name: io, code: IOS, enabled: true, enabeld: false, region: x, regoin: y").unwrap();
    assert_eq!(both.entries[0].enabled, Some(true));
    for other in [
        "repo: x/y",
        "tag: v1",
        "portal: true",
        "disabled: true",
        "colour: teal",
        "notes: none",
        "reason: trial",
        "version: 2",
    ] {
        one(&format!("name: io, code: IOS, {other}")).expect(other);
    }
    let singular = parse("sponsor: [{name: io, code: IOS}]").unwrap_err().to_string();
    assert_eq!(singular, "manifest, top level: `sponsor` is not a known field, and `sponsors` is missing");
}

/// One manifest for each error, and one that cannot be read.
#[test]
fn every_error_is_reviewed() {
    let one = |fields: &str| {
        format!("sponsors:\n  - {{name: callisto, code: CAL, enabled: true}}\n  - {{{fields}}}\n")
    };
    let texts = [
        "sponsors: [".to_owned(),
        "sponsors:\n\t- name: callisto\n".to_owned(),
        "just text".to_owned(),
        "sponsor: [{name: callisto, code: CAL}]".to_owned(),
        "sponsors: {local: [callisto]}".to_owned(),
        "sponsors: []".to_owned(),
        "sponsors: [callisto]".to_owned(),
        one("code: TIT"),
        one("name: Titan, code: TIT"),
        one("name: titan, code: Tit"),
        one("name: titan, code: TIT, enabled: yes"),
        one("name: titan, code: TIT, may_share_with: callisto"),
        one("name: titan, code: TIT, may_share_with: [calisto]"),
        one("name: titan, code: TIT, may_share_with: [titan]"),
        one("name: titan, code: TIT, enabeld: true"),
        one("name: titan, code: TIT, enabled: true, regoin: eu-west-1"),
        one("name: callisto, code: TIT"),
        one("name: titan, code: CAL"),
    ];
    let mut errors: Vec<ManifestError> = texts.iter().map(|text| parse(text).expect_err(text)).collect();
    errors.push(ManifestError::Unreadable {
        place: "sponsors.yaml".to_owned(),
        reason: "No such file or directory".to_owned(),
    });
    // A new variant does not compile until it is here.
    let number = |error: &ManifestError| match error {
        ManifestError::Unreadable { .. } => 0,
        ManifestError::NotYaml(_) => 1,
        ManifestError::Shape(_) => 2,
        ManifestError::Empty => 3,
        ManifestError::Field { .. } => 4,
        ManifestError::Misspelt { .. } => 5,
        ManifestError::Duplicate { .. } => 6,
    };
    let shown: BTreeSet<i32> = errors.iter().map(number).collect();
    assert_eq!(shown.len(), 7, "a variant is missing: {shown:?}");
    crate::reviewed::errors(
        "errors-manifest",
        errors.iter().map(|error| (error.to_string(), Some(error.hint()))),
    );
}

#[test]
fn a_typo_is_recognized_and_another_word_is_not() {
    let known = ["name", "enabled", "region", "may_share_with"];
    for (typed, expected) in [
        ("enabeld", Some("enabled")),
        ("enbled", Some("enabled")),
        ("enabledd", Some("enabled")),
        ("Enabled", Some("enabled")),
        ("regoin", Some("region")),
        ("rgion", Some("region")),
        ("may-share-with", Some("may_share_with")),
        ("may_shar_wiht", Some("may_share_with")),
        ("disabled", None),
        ("enabled_at", None),
        ("nmae", Some("name")),
        ("node", None),
        ("reason", None),
        ("repo", None),
        ("tag", None),
        ("portal", None),
        ("mobile_module", None),
    ] {
        assert_eq!(suggest(typed, known), expected, "{typed}");
    }
}
