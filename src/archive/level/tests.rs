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
        assert_eq!(after(&mut auto(format), 20, WORKERS), 1);
    }
}

#[test]
fn a_slow_source_gets_the_highest_level_of_auto() {
    assert_eq!(after(&mut auto(Format::Gzip), 160, 0), 6);
    assert_eq!(after(&mut auto(Format::Zstd), 160, 0), 3);
}

#[test]
fn one_busy_worker_changes_nothing() {
    let mut choice = auto(Format::Gzip);
    assert_eq!(after(&mut choice, 1000, 1), 4);
}

#[test]
fn the_level_follows_the_stream() {
    let mut choice = auto(Format::Gzip);
    assert_eq!(after(&mut choice, 100, WORKERS), 1);
    assert_eq!(after(&mut choice, 16, 0), 2);
    assert_eq!(after(&mut choice, 96, 0), 6);
    assert_eq!(after(&mut choice, 8, WORKERS), 4);
}

#[test]
fn members_that_wait_for_a_core_lower_the_level() {
    // With HASTE 4, the level falls if more than a quarter of them waits.
    for (of_a_hundred, expected) in [(30, 1), (20, 6)] {
        let mut choice = auto(Format::Gzip);
        for member in 0..1000 {
            choice.next(0);
            if member * 37 % 100 < of_a_hundred {
                choice.note_wait();
            }
        }
        assert_eq!(choice.next(0), expected, "{of_a_hundred} %");
    }
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
    after(&mut choice, 12, WORKERS);
    assert_eq!(choice.used(), BTreeMap::from([(1, 1), (2, 4), (3, 4), (4, 3)]));
}
