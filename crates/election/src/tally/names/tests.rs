use super::*;

fn names() -> UnitNames {
    let mut names = UnitNames::default();
    ["u1", "u11", "v"].iter().for_each(|id| names.push(id));
    names
}

#[test]
fn names_are_found_in_both_directions() {
    let mut names = names();
    let found = |names: &UnitNames, id| {
        names
            .find(id)
            .and_then(|unit| names.get(unit).map(String::from))
    };
    for id in ["u1", "u11", "v"] {
        assert_eq!(found(&names, id).as_deref(), Some(id));
    }
    assert_eq!(
        (names.find("u"), names.find("1v"), names.find("")),
        (None, None, None)
    );
    // The table that was made goes on with the register.
    names.reserve(1_000);
    (0..1_000).for_each(|number| names.push(&format!("n{number}")));
    let places: Vec<_> = (0..1_000)
        .map(|number| names.find(&format!("n{number}")))
        .collect();
    assert_eq!(places, (3..1_003).map(Some).collect::<Vec<_>>());
    assert_eq!((names.find("v"), names.get(1_003)), (Some(2), None));
    let copy = names.clone();
    assert_eq!((copy.find("n7"), &copy), (Some(10), &names));
}

#[test]
fn what_is_no_row_of_ids_is_refused() {
    let (text, ends) = (names().text, names().ends);
    let again = UnitNames::from_parts(text.clone(), ends.clone());
    assert_eq!(again, Some(names()));
    assert_eq!(again.and_then(|names| names.find("v")), Some(2));
    let long = "x".repeat(ID_LENGTH_MAX + 1);
    let wrong = [
        (text.as_str(), vec![2, 5]),
        (&text, vec![2, 5, 7]),
        (&text, vec![2, 2, 6]),
        (&text, vec![5, 2, 6]),
        ("u1u1 v", ends),
        (&long, vec![65]),
    ];
    for (text, ends) in wrong {
        assert_eq!(UnitNames::from_parts(text.to_owned(), ends), None, "{text}");
    }
}

#[test]
fn behind_all_is_only_what_ascends() {
    let mut names = names();
    assert!(names.is_behind_all("w") && UnitNames::default().is_behind_all("a"));
    assert!(!names.is_behind_all("v") && !names.is_behind_all("u2"));
    names.push("a");
    assert!(
        !names.is_behind_all("w"),
        "there may be one behind the last"
    );
}
