use std::io::Read as _;

use proptest::prelude::{any, prop, prop_assert_eq, proptest};

use super::*;

fn decompress(format: Format, archive: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    match format {
        Format::Gzip => flate2::read::MultiGzDecoder::new(archive).read_to_end(&mut plain).unwrap(),
        Format::Zstd => zstd::stream::read::Decoder::new(archive).unwrap().read_to_end(&mut plain).unwrap(),
    };
    plain
}

#[test]
fn levels_are_checked() {
    let level = |format, level| Codec::new(format, Level::Fixed(level)).map(|codec| codec.level);
    assert_eq!(level(Format::Gzip, 12), Ok(Level::Fixed(12)));
    assert_eq!(level(Format::Zstd, 19), Ok(Level::Fixed(19)));
    assert_eq!(level(Format::Gzip, 13).unwrap_err(), "is 13, but gzip has levels 1 to 12");
    assert_eq!(level(Format::Zstd, 0).unwrap_err(), "is 0, but zstd has levels 1 to 19");
    assert_eq!(level(Format::Gzip, -1).unwrap_err(), "is -1, but gzip has levels 1 to 12");
}

proptest! {
    #[test]
    fn a_sequence_of_members_is_one_ordinary_file(members in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..5000), 1..5), levels in prop::collection::vec(1..=12, 5)) {
        for format in Format::ALL {
            let archive: Vec<u8> = members.iter().zip(&levels).flat_map(|(member, level)| format.compress(member, *level).unwrap()).collect();
            prop_assert_eq!(decompress(format, &archive), members.concat());
        }
    }
}
