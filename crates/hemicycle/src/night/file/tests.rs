use super::one_line;

const LINE: &str = r#"{"checkpoint": "all", "seats": {"a": 1}}"#;

#[test]
fn a_line_is_one_object_and_nothing_behind_it_is_passed_over() {
    assert_eq!(one_line(LINE).unwrap().seats["a"], 1);
    for behind in [LINE, "trailing", "}", ",", "7"] {
        let told = one_line(&format!("{LINE}{behind}"))
            .map(|_| ())
            .unwrap_err();
        let column = format!("column {}", LINE.len() + 1);
        assert!(
            told.contains(&column) && told.contains("a line of its own"),
            "{told}"
        );
    }
    for other in ["[]", r#"["all"]"#, "7", "null", "not json"] {
        let told = one_line(other).map(|_| ()).unwrap_err();
        assert!(told.contains("one JSON object"), "{told}");
    }
}
