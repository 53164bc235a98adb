use super::*;

fn read(steps: &str) -> Result<Script, String> {
    let text = format!("title = \"A\"\nsteps = [\n{steps}\n]\n");
    Script::parse(text).map_err(|error| format!("{error:#}"))
}

fn refusal(steps: &str) -> String {
    read(steps).expect_err("it was taken")
}

#[test]
fn a_step_knows_its_line() {
    let script =
        read("{ charge = { name = \"a\", lamps = 1 } },\n{ pay = { notice = \"a\" } },").unwrap();
    let lines: Vec<usize> = script
        .steps
        .iter()
        .map(|step| script.line_of(step.span().start))
        .collect();
    assert_eq!(lines, [3, 4]);
}

#[test]
fn what_is_not_known_is_told_with_its_line_and_what_is_known() {
    let unknown = refusal("{ chrge = { name = \"a\" } }");
    assert!(
        unknown.contains("line 3") && unknown.contains("`charge`"),
        "{unknown}"
    );
    let field = refusal("{ charge = { name = \"a\", lmps = 1 } }");
    assert!(
        field.contains("line 3") && field.contains("`lamps`"),
        "{field}"
    );
    let name = refusal("{ charge = { name = \"a\", lamps = 1 } },\n{ pay = { notice = \"b\" } }");
    assert!(
        name.contains("line 4") && name.ends_with("there are: a"),
        "{name}"
    );
    let token =
        refusal("{ charge = { name = \"a\", lamps = 1 } },\n{ expire = { token = \"a\" } }");
    assert!(token.contains("no token `a`"), "{token}");
    let sum = refusal("{ expect_payments = { count = 1, amount = \"12\" } }");
    assert!(sum.contains("12.34"), "{sum}");
    assert!(refusal("").contains("without steps"));
}

#[test]
fn notices_are_named_after_their_charge() {
    assert_eq!(place_of("a"), Some((1, 1)));
    assert_eq!(place_of("a:2"), Some((2, 1)));
    assert_eq!(place_of("a:2.3"), Some((2, 3)));
    assert_eq!(place_of("a:0"), None);
    assert_eq!(charge_of("a:2.3"), "a");
}
