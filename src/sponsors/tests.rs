use std::collections::BTreeSet;

use proptest::prelude::{prop_assert, prop_assert_eq, proptest};

use super::*;

fn manifest() -> Manifest {
    crate::manifest::parse(indoc::indoc! {"
            sponsors:
              - {name: callisto, code: CAL, enabled: true, region: eu-west-1}
              - {name: titan, code: TIT, enabled: false}
              - {name: europa, code: EUR}
              - {name: rhea, code: RHE, enabled: true}
        "})
    .unwrap()
}

fn names(selection: &str) -> Result<Vec<String>, SponsorsError> {
    let sponsors = select(&manifest(), &Selection::parse(selection))?;
    Ok(sponsors.into_iter().map(|sponsor| sponsor.name).collect())
}

#[test]
fn an_empty_text_selects_all_enabled_sponsors() {
    assert_eq!(names(" \n").unwrap(), ["callisto", "rhea"]);
    assert_eq!(undecided(&manifest()), ["europa"]);
}

#[test]
fn names_with_any_separator_keep_the_manifests_order() {
    assert_eq!(names("rhea,callisto").unwrap(), ["callisto", "rhea"]);
    assert_eq!(names("rhea\n callisto , rhea").unwrap(), ["callisto", "rhea"]);
}

#[test]
fn an_array_selects_its_names_and_an_empty_one_is_an_error() {
    assert_eq!(names(r#" ["rhea","callisto"] "#).unwrap(), ["callisto", "rhea"]);
    assert_eq!(names("[]"), Err(SponsorsError::NoneListed));
    assert!(names(r#"["rhea""#).is_err(), "neither an array nor a name");
}

/// What `matrix` listed was deployed, whatever the manifest says by now.
#[test]
fn listed_sponsors_need_not_be_in_the_manifest_any_more() {
    let of = |names: &[&str], manifest: Option<&Manifest>| {
        listed(manifest, &names.iter().map(|name| (*name).to_owned()).collect())
    };
    let manifest = manifest();
    let (enabled, disabled) =
        (&manifest.entries[0], manifest.entries.iter().find(|it| it.enabled != Some(true)));
    let disabled = disabled.unwrap().name.as_str();
    let (sponsors, changed) = of(&[&enabled.name, disabled, "gone"], Some(&manifest)).unwrap();
    let mut names: Vec<&str> = sponsors.iter().map(|sponsor| sponsor.name.as_str()).collect();
    names.sort_unstable();
    let mut expected = [enabled.name.as_str(), disabled, "gone"];
    expected.sort_unstable();
    assert_eq!(names, expected);
    assert_eq!(sponsors.iter().find(|it| it.name == enabled.name).unwrap().code, enabled.code);
    assert_eq!(
        changed.iter().map(String::as_str).collect::<BTreeSet<_>>(),
        BTreeSet::from([disabled, "gone"])
    );
    let (_, all) = of(&[&enabled.name], None).unwrap();
    assert_eq!(all, [enabled.name.as_str()], "without a manifest, nothing is known to be enabled");
    assert_eq!(of(&[], Some(&manifest)), Err(SponsorsError::NoneListed));
    assert!(matches!(of(&["../x"], None), Err(SponsorsError::Unknown { .. })));
}

#[test]
fn partners_are_sponsors_that_list_each_other() {
    let manifest = crate::manifest::parse(indoc::indoc! {"
            sponsors:
              - {name: callisto, code: CAL, enabled: true, may_share_with: [titan, rhea]}
              - {name: titan, code: TIT, enabled: false, may_share_with: [callisto]}
              - {name: rhea, code: RHE, enabled: true}
        "})
    .unwrap();
    let sponsors = select(&manifest, &Selection::AllEnabled).unwrap();
    let partners: Vec<Vec<&str>> =
        sponsors.iter().map(|sponsor| sponsor.partners.iter().map(String::as_str).collect()).collect();
    assert_eq!(partners, [vec!["titan"], vec![]], "both must list each other");
}

#[test]
fn an_unknown_name_is_an_error_that_suggests() {
    let error = names("calisto").unwrap_err();
    assert_eq!(error.to_string(), "sponsor calisto is not in the manifest");
    assert_eq!(error.hint(), "Did you mean `callisto`?");
    for typed in ["CALLISTO", "cal", "CAL"] {
        assert_eq!(names(typed).unwrap_err().hint(), "Did you mean `callisto`?", "{typed}");
    }
}

#[test]
fn a_name_without_enabled_in_the_manifest_is_an_error() {
    assert_eq!(
        names("titan europa").unwrap_err().to_string(),
        "sponsors titan, europa are not enabled in the manifest"
    );
}

#[test]
fn every_error_is_reviewed() {
    let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let errors = [
        SponsorsError::Unknown { names: list(&["calisto"]), suggestion: Some("callisto".to_owned()) },
        SponsorsError::Unknown { names: list(&["x", "y"]), suggestion: None },
        SponsorsError::Disabled { names: list(&["titan"]) },
        SponsorsError::Disabled { names: list(&["europa", "titan"]) },
        SponsorsError::NoneListed,
        SponsorsError::NoneEnabled,
    ];
    // A new variant does not compile until it is here.
    let number = |error: &SponsorsError| match error {
        SponsorsError::Unknown { .. } => 0,
        SponsorsError::Disabled { .. } => 1,
        SponsorsError::NoneListed => 2,
        SponsorsError::NoneEnabled => 3,
    };
    let shown: BTreeSet<i32> = errors.iter().map(number).collect();
    assert_eq!(shown.len(), 4, "a variant is missing: {shown:?}");
    let texts = errors.iter().map(|error| (error.to_string(), Some(error.hint())));
    crate::reviewed::errors("errors-sponsors", texts);
}

fn sponsors(count: usize) -> Vec<Sponsor> {
    (0..count)
        .map(|n| Sponsor {
            name: format!("s{n}"),
            code: "ABC".into(),
            region: None,
            partners: BTreeSet::new(),
        })
        .collect()
}

#[test]
fn a_job_per_sponsor_has_the_shape_that_workflows_read() {
    let callisto = Sponsor {
        name: "callisto".into(),
        code: "CAL".into(),
        region: Some("eu-west-1".into()),
        partners: BTreeSet::new(),
    };
    let json = serde_json::to_string(&matrix(&[callisto], NonZeroUsize::MIN)).unwrap();
    assert_eq!(
        json,
        r#"{"include":[{"name":"callisto","sponsors":"callisto","code":"CAL","region":"eu-west-1"}]}"#
    );
}

proptest! {
    #[test]
    fn no_sponsor_is_lost_and_groups_are_even(count in 0_usize..3000, jobs in 1_usize..300) {
        let all = sponsors(count);
        let matrix = matrix(&all, NonZeroUsize::new(jobs).unwrap());
        let named: Vec<&str> = matrix.include.iter().flat_map(|job| job.sponsors.split(',')).collect();
        prop_assert_eq!(named, all.iter().map(|s| s.name.as_str()).collect::<Vec<_>>());
        prop_assert!(matrix.include.len() == count.min(jobs));
        let sizes: Vec<usize> = matrix.include.iter().map(|job| job.sponsors.split(',').count()).collect();
        if let (Some(most), Some(least)) = (sizes.iter().max(), sizes.iter().min()) {
            prop_assert!(most - least <= 1);
        }
    }
}
