//! The plates of `charges.md` §6.6: ten capital letters or digits, Italian or not.

use super::*;

fn taken(plate: &str) -> bool {
    let mut report = details("fine");
    report["plate"] = json!(plate);
    match fine::Fine.assess(&report, &service("fine")) {
        Ok(_) => true,
        Err(errors) => {
            assert_eq!(errors.len(), 1);
            assert_eq!(errors[0].pointer, "/plate");
            false
        }
    }
}

#[test]
fn plate_italian() {
    assert!(taken("AB123CD"));
}

#[test]
fn plate_italian_letter_that_is_never_given() {
    // A soft rule: an officer reads what is on the car.
    assert!(taken("AB123CI"));
}

#[test]
fn plate_foreign() {
    assert!(taken("WOBX1234"));
}

#[test]
fn plate_of_ten_characters() {
    assert!(taken("ABCDE12345"));
}

#[test]
fn plate_of_eleven_characters_is_refused() {
    assert!(!taken("ABCDE123456"));
}

#[test]
fn plate_in_small_letters_is_refused() {
    assert!(!taken("ab123cd"));
}

#[test]
fn plate_with_a_blank_is_refused() {
    assert!(!taken("AB 123CD"));
}
