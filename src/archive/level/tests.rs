use super::*;

const WORKERS: usize = 2;

fn auto(format: Format) -> LevelChoice {
    LevelChoice::new(Codec { format, level: Level::Auto }, WORKERS)
}

fn after(choice: &mut LevelChoice, members: u32, unfinished: usize) -> i32 {
    (0..members).map(|_| choice.next(unfinished)).last().unwrap()
}

#[test]
fn a_source_that_waits_gets_the_lowest_level() {
    for format in Format::ALL {
        assert_eq!(after(&mut auto(format), 10, WORKERS), 1);
    }
}

#[test]
fn a_slow_source_gets_the_highest_level_of_auto() {
    assert_eq!(after(&mut auto(Format::Gzip), 10 * CALM, 0), 6);
    assert_eq!(after(&mut auto(Format::Zstd), 10 * CALM, 0), 3);
}

#[test]
fn one_busy_worker_changes_nothing() {
    let mut choice = auto(Format::Gzip);
    assert_eq!(after(&mut choice, 1000, 1), 4);
    // Nor do idle moments between.
    assert!((0..1000_usize).all(|member| choice.next(member % 2) == 4));
}

#[test]
fn the_level_follows_the_stream() {
    let mut choice = auto(Format::Gzip);
    assert_eq!(after(&mut choice, 100, WORKERS), 1);
    assert_eq!(after(&mut choice, CALM, 0), 2);
    assert_eq!(after(&mut choice, 100, 0), 6);
    assert_eq!(after(&mut choice, 1, WORKERS), 5);
}

#[test]
fn a_level_that_was_asked_for_is_kept() {
    let mut choice = LevelChoice::new(Codec { format: Format::Gzip, level: Level::Fixed(9) }, WORKERS);
    assert!((0..100).all(|member| choice.next(member % 4) == 9));
    assert_eq!(choice.used(), BTreeMap::from([(9, 100)]));
}

#[test]
fn the_members_of_each_level_are_counted() {
    let mut choice = auto(Format::Gzip);
    after(&mut choice, 3, WORKERS);
    assert_eq!(choice.used(), BTreeMap::from([(1, 1), (2, 1), (3, 1)]));
}
