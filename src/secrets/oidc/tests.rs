use super::*;

#[test]
fn claims_are_read_and_a_malformed_token_has_none() {
    let payload = r#"{"aud":"sts.amazonaws.com","sub":"repo:o/r:environment:production"}"#;
    let token = format!("x.{}.y", BASE64_URL_SAFE_NO_PAD.encode(payload));
    let shown = "`aud` `sts.amazonaws.com`, `sub` `repo:o/r:environment:production`";
    assert_eq!(Claims::of(&token).to_string(), shown);
    for odd in ["", "a.b.c", "..", "a"] {
        assert_eq!(Claims::of(odd).subject, "unknown", "{odd}");
    }
}

#[test]
fn debug_output_holds_no_secret() {
    let request = IdTokenRequest { url: "https://x/?a=b".into(), bearer: Secret::from("canary") };
    assert!(!format!("{request:?}{:?}", Masker::new(|_| ())).contains("canary"));
}
