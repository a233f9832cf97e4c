use std::collections::BTreeSet;

use proptest::prelude::{prop_assert, prop_assert_eq, proptest};

use super::*;

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
