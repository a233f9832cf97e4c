use super::*;

#[test]
fn an_object_is_called_by_its_name() {
    assert_eq!(object("-- Name: a; b; Type: TABLE; Schema: diary;"), "table diary.a; b");
    assert_eq!(object("-- Name: s; Type: SEQUENCE; Schema: x y;"), "sequence x y.s");
    let read = Why::read("r-- Name: a; Type: TABLE; Schema: s;");
    assert_eq!(read, Some(("-- Name: a; Type: TABLE; Schema: s;", Why::RowSecurity)));
    assert_eq!(Why::read(""), None);
}
