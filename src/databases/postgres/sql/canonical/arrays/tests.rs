use super::with_cast_elements;
use crate::databases::postgres::sql::quotes::Masked;

#[test]
fn several_arrays_and_nested_ones_are_met() {
    let text = b"a (ARRAY[f(1, ','), x[1]])::text[] b (ARRAY[1, ']'])::my.\"T 1\"[] c";
    let expected = "a ARRAY[(f(1, ','))::text, (x[1])::text] b ARRAY[(1)::my.\"T 1\", (']')::my.\"T 1\"] c";
    let masked = Masked::of(text).unwrap();
    let code = with_cast_elements(masked.code.clone());
    assert_eq!(String::from_utf8(masked.unmasked(&code)).unwrap(), expected);
}
