use super::*;

#[test]
fn each_line_of_a_text_begins_with_its_time() {
    let clock: Clock = || Timestamp::UNIX_EPOCH;
    let lines = ["error: a\nb".to_owned(), String::new(), "hint: c".to_owned()];
    let expected = "1970-01-01T00:00:00Z error: a\n1970-01-01T00:00:00Z b\n1970-01-01T00:00:00Z\n1970-01-01T00:00:00Z hint: c\n";
    assert_eq!(text(&lines, Some(clock)), expected);
    assert_eq!(text(&lines, None), "error: a\nb\n\nhint: c\n");
}

#[test]
fn a_log_file_is_a_regular_file() {
    for path in ["/dev/full", "/dev", "/dev/null"] {
        assert!(
            LogStreams::default().append_to(Path::new(path), || Timestamp::UNIX_EPOCH).is_err(),
            "{path}"
        );
    }
}

#[test]
fn a_line_that_the_file_lacks_is_noticed_once() {
    let lines = LogStreams::default();
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    lines.file.set((Mutex::new(full), || Timestamp::UNIX_EPOCH)).unwrap();
    assert!(!lines.is_cut.load(Ordering::Relaxed));
    lines.write(&["a line".to_owned()]);
    assert!(lines.is_cut.load(Ordering::Relaxed));
}

#[test]
fn the_file_holds_lines_and_no_command() {
    let path = tempfile::tempdir().unwrap().path().join("log");
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let lines = LogStreams::default();
    lines.append_to(&path, || Timestamp::UNIX_EPOCH).unwrap();
    lines.command(&["::add-mask::secret".to_owned()]);
    lines.write_apart(&["::group::title".to_owned()], &["title".to_owned()]);
    lines.write_at_once("panicked");
    let expected = "1970-01-01T00:00:00Z title\n1970-01-01T00:00:00Z panicked\n";
    assert_eq!(std::fs::read_to_string(&path).unwrap(), expected);
    std::fs::remove_dir_all(path.parent().unwrap()).unwrap();
}
