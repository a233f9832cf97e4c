use std::io::Read as _;

use proptest::prelude::{any, prop, prop_assert_eq, proptest};

use super::*;

fn decompress(codec: Codec, archive: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    match codec {
        Codec::Gzip(_) => flate2::read::MultiGzDecoder::new(archive).read_to_end(&mut plain).unwrap(),
        Codec::Zstd(_) => zstd::stream::read::Decoder::new(archive).unwrap().read_to_end(&mut plain).unwrap(),
    };
    plain
}

#[test]
fn names_and_levels_are_checked() {
    assert_eq!(Codec::new(Format::Gzip, None), Ok(Codec::Gzip(4)));
    assert_eq!(Codec::new(Format::Zstd, Some(19)), Ok(Codec::Zstd(19)));
    assert_eq!(Codec::new(Format::Gzip, Some(13)).unwrap_err(), "is 13, but gzip has levels 1 to 12");
    assert_eq!(Codec::new(Format::Zstd, Some(0)).unwrap_err(), "is 0, but zstd has levels 1 to 19");
}

proptest! {
    #[test]
    fn a_sequence_of_members_is_one_ordinary_file(members in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..5000), 1..5), level in 1..=12) {
        for codec in [Codec::Gzip(level), Codec::Zstd(level)] {
            let archive: Vec<u8> = members.iter().flat_map(|member| codec.compress(member).unwrap()).collect();
            prop_assert_eq!(decompress(codec, &archive), members.concat());
        }
    }
}
