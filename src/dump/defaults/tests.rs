use super::*;

#[test]
fn a_setting_is_quoted_for_the_session_or_the_transaction() {
    let sql = setting(&[("DateStyle", "ISO, MDY")], true);
    assert!(sql.contains("(VALUES ('DateStyle', 'ISO, MDY'))") && sql.contains("x.value, true)"), "{sql}");
    assert!(setting(OURS, false).contains("('lock_timeout', '0')"));
    assert!(OURS.iter().all(|(name, value)| !name.contains('\'') && !value.contains('\'')));
}
