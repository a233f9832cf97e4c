use super::*;

fn head(columns: &[&str]) -> Head {
    let columns = columns.iter().map(|name| (*name).to_owned()).collect();
    Head { schema: "s".to_owned(), name: "t".to_owned(), columns }
}

#[test]
fn fields_are_put_into_the_order_that_is_wanted() {
    let mut wanted = Columns::default();
    wanted.note(&head(&["a", "b", "c"]));
    let order = wanted.permutation(&head(&["c", "a", "b"])).unwrap();
    assert_eq!(permuted(b"3\t1\t", &order), b"1\t\t3");
    assert_eq!(wanted.permutation(&head(&["a", "b", "c"])), None);
    assert_eq!(wanted.permutation(&head(&["a", "b", "d"])), None);
    assert_eq!(wanted.permutation(&head(&["a", "b"])), None);
}
