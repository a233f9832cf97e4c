use super::*;

#[test]
fn ten_are_named_and_the_rest_is_counted() {
    let found: Vec<(String, String)> =
        (0..12).map(|at| (format!("view s.v{at}"), "table x.t".to_owned())).collect();
    assert_eq!(words(&[]), None);
    let told = words(&found).unwrap();
    assert!(told.ends_with("view s.v9 needs table x.t; 2 more"), "{told}");
    assert!(!told.contains("v10"), "{told}");
}
