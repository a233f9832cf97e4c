use super::*;

#[test]
fn the_remedy_fits_the_place() {
    let names = || vec!["A".to_owned(), "B (empty)".to_owned()];
    let doppler = Place::Doppler { project: "hht-diary-io".to_owned(), config: "dev".to_owned() };
    let error = doppler.lacks(names(), None);
    assert_eq!(error.to_string(), "missing secrets in hht-diary-io/dev: A, B (empty)");
    assert_eq!(error.hint(), "Run `doppler secrets set A B --project hht-diary-io --config dev`.");
    let lines = BTreeMap::from([("B".to_owned(), 3)]);
    let file = Place::File { path: "s.yaml".to_owned(), sponsor: "io".to_owned(), lines };
    let error = file.lacks(names(), Some("set X.".to_owned()));
    assert_eq!(error.hint(), "Fill in B in s.yaml, line 3. Add A to s.yaml below `io:`, or set X.");
}
