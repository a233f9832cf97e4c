use super::*;

#[test]
fn an_address_is_taken_with_a_path_and_without() {
    for (text, expected) in [
        ("https://s3.example.org", "https://s3.example.org"),
        ("https://s3.example.org/", "https://s3.example.org/"),
        ("http://127.0.0.1:9000", "http://127.0.0.1:9000"),
        ("https://r.example.org/storage/v1/s3", "https://r.example.org/storage/v1/s3/"),
        ("https://r.example.org/storage/v1/s3/", "https://r.example.org/storage/v1/s3/"),
    ] {
        assert_eq!(store_url(text).unwrap(), expected);
    }
    for wrong in ["minio:9000", "ftp://s3", "https://s3/?x=1", "https://s3/a?x=1", "https://s3/a#x"] {
        assert!(store_url(wrong).unwrap_err().message.starts_with("`s3-endpoint-url` "), "{wrong}");
    }
    let keys = store_url("https://canary:canary@s3.example.org").unwrap_err();
    assert!(!keys.message.contains("canary"));
}
