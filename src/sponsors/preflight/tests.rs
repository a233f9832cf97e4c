use super::usable;
use crate::finding::Level;
use crate::sponsors::Sponsor;

fn sponsors(count: usize) -> Vec<Sponsor> {
    let one = |n| Sponsor { name: format!("s{n}"), code: String::new(), region: None, partners: [].into() };
    (0..count).map(one).collect()
}

#[test]
fn sponsors_beyond_githubs_limit_share_jobs() {
    assert_eq!(usable(&sponsors(256))[1].level, Level::Ok);
    let shared = &usable(&sponsors(257))[1];
    assert_eq!(shared.level, Level::Warn);
    assert!(shared.what.starts_with("257 sponsors share "), "{}", shared.what);
}

#[test]
fn partners_are_shown() {
    let mut two = sponsors(2);
    two[0].partners.insert("s1".to_owned());
    assert_eq!(usable(&two)[0].what, "s0, s1 (s0 may share with s1)");
}
