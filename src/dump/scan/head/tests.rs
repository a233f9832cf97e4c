use super::*;

#[test]
fn the_first_lines_are_kept_however_they_are_cut() {
    let ours = "-- sponsor-backup salt: 1\n-- sponsor-backup: a\n";
    for rest in ["--\n-- sponsor-backup: b\n", "-- sponsorship\n", ""] {
        for (ours, size) in [1, 2, 7, 26, 1000].into_iter().flat_map(|size| [(ours, size), ("", size)]) {
            let mut head = Head::default();
            let mut others = Vec::new();
            for chunk in [ours, rest].concat().as_bytes().chunks(size) {
                let (held, left) = head.feed(chunk);
                others.extend([&held, left].concat());
            }
            assert_eq!((head.text(), others.as_slice()), (Some(ours), rest.as_bytes()));
        }
    }
}
