use super::*;

#[test]
fn sums_are_the_published_ones() {
    let (mut hasher, mut crc) = (Hasher::default(), Crc64::default());
    for piece in [&b"1234"[..], b"56789"] {
        hasher.feed(piece);
        crc.feed(piece);
    }
    let measure = hasher.read();
    assert_eq!(measure.bytes, 9);
    assert_eq!(measure.sha256, "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225");
    // The check value of CRC-64/NVME is 0xae8b14860a799888.
    assert_eq!(crc.read(), "rosUhgp5mIg=");
}
