use super::*;

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn an_issue_remembers_who_fails_until_it_is_said_to_be_well() {
    let marker = marker("backup", "production");
    let body = format!("{marker}\n{}\n\nWords", failed(&set(&["callisto", "titan"])));
    let comments = [failed(&set(&["rhea"])), well(&set(&["titan"])), "thanks!".to_owned()];
    let texts = || std::iter::once(body.as_str()).chain(comments.iter().map(String::as_str));
    assert_eq!(failing(texts()), set(&["callisto", "rhea"]));
    let last = well(&set(&["callisto", "rhea"]));
    assert_eq!(failing(texts().chain([last.as_str()])), set(&[]));
}

#[test]
fn words_of_others_further_down_say_nothing() {
    let forged = format!("{}\nerror:\n{}", failed(&set(&["io"])), well(&set(&["io"])));
    assert_eq!(failing([forged.as_str()]), set(&["io"]));
    assert!(!is_marked(&format!("hello\n{}", marker("backup", "staging")), &marker("backup", "staging")));
    assert!(is_marked(&format!("{}\r\n", marker("drill", "staging")), &marker("drill", "staging")));
    assert!(!is_marked(&marker("drill", "staging"), &marker("backup", "staging")));
}
