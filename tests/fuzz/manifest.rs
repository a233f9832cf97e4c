//! The sponsor manifest: foreign YAML.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use sponsor_backup::manifest::{Manifest, parse};

use crate::engine::{Outcome, Target};

const SEEDS: [&str; 8] = [
    "sponsors: [{name: io, code: IOO}, {name: io-2, code: IOO}]",
    "sponsors: [{name: io, code: IOO}, {name: io, code: IOP}]",
    "sponsors:\n  - name: callisto\n    code: CAL\n    enabled: true\n    repo: a/b\n    region: eu-west-1\n  - {name: titan-2, code: TIT, enabled: false, tag: v1}\n",
    "sponsors: [{name: a, code: AAA, colour: {main: [1, 2.5, null, ~, 0x1f, 1e3]}}]",
    "base: &base {enabled: true, region: x}\nsponsors:\n  - <<: *base\n    name: io\n    code: IOO\n  - name: \"eu\\u0072opa\"\n    code: 'EUR'\n    text: |\n      a\n      b\n    folded: >-\n      c\n",
    "---\nsponsors:\n- name: x\n  code: XXX\n  enabled: yes\n...\n",
    "a: &a [x, x]\nb: &b [*a, *a]\nsponsors: [{name: n, code: NNN, c: *b}]\n",
    "%YAML 1.2\n---\nsponsors: !!seq\n- !!map {name: !!str y, code: YES}\n",
];

#[rustfmt::skip]
const TOKENS: &[&[u8]] = &[
    b"sponsors:", b"- ", b"\n  ", b"name: ", b"code: ", b"enabled: ", b"true", b"false", b"null", b"~", b"{", b"}", b"[", b"]",
    b"&a ", b"*a", b"<<: ", b"!!str ", b"!!binary ", b"!<x> ", b"|\n", b">\n", b"? ", b": ", b"#", b"---\n", b"...\n", b"%TAG ! x\n",
    b"\"", b"'", b"\t", b"\r\n", b"\xc2\x85", b"\xef\xbb\xbf", b".inf", b".nan", b"0o7", b"callisto", b"CAL", b"{a: ", b"[[[[", b"- - - ",
];

#[test]
fn manifests() {
    let seeds = SEEDS.map(|seed| seed.as_bytes().to_vec()).to_vec();
    Target { name: "manifest", seeds, tokens: TOKENS, longest: 16 << 10 }
        .run(|input, _| property(&String::from_utf8_lossy(input)));
}

/// What parses keeps the manifest's promises and can be written again; what does not, says so in a line or two.
fn property(text: &str) -> Outcome {
    let manifest = match parse(text) {
        Ok(manifest) => manifest,
        Err(error) => {
            let told = error.to_string();
            if told.chars().count() > 600 {
                return Err(format!("an error of {} characters", told.chars().count()));
            }
            return Ok(told.chars().filter(char::is_ascii_alphabetic).take(40).collect());
        }
    };
    let unique = |of: Vec<&str>| of.len() == of.iter().collect::<BTreeSet<_>>().len();
    let entries = &manifest.entries;
    let is_name = |name: &str| {
        let mut letters = name.bytes();
        letters.next().is_some_and(|first| first.is_ascii_lowercase())
            && letters.all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
    };
    let is_code = |code: &str| code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase());
    if entries.is_empty() || !entries.iter().all(|entry| is_name(&entry.name) && is_code(&entry.code)) {
        return Err(format!("no manifest at all: {manifest:?}"));
    }
    if !unique(entries.iter().map(|entry| entry.name.as_str()).collect())
        || !unique(entries.iter().map(|entry| entry.code.as_str()).collect())
    {
        return Err("a name or a code occurs twice".to_owned());
    }
    let again = written(&manifest);
    match parse(&again) {
        Ok(same) if same == manifest => Ok(format!("{} sponsors", entries.len())),
        other => Err(format!("written as {again}, it reads as {other:?}")),
    }
}

/// JSON is YAML.
fn written(manifest: &Manifest) -> String {
    let entries = manifest.entries.iter().map(|entry| {
        let mut map = Map::new();
        map.insert("name".to_owned(), entry.name.clone().into());
        map.insert("code".to_owned(), entry.code.clone().into());
        map.extend(entry.enabled.map(|enabled| ("enabled".to_owned(), enabled.into())));
        map.extend(entry.region.clone().map(|region| ("region".to_owned(), region.into())));
        map.insert("may_share_with".to_owned(), entry.may_share_with.clone().into());
        Value::Object(map)
    });
    serde_json::json!({ "sponsors": entries.collect::<Vec<_>>() }).to_string()
}
