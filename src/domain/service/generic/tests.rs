mod properties;
mod vectors;

use super::*;
use crate::domain::service::samples::{day, service, stamp_terms};
use serde_json::json;

/// SHA-256 of nothing.
const HASH: &str = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";

/// A service with these terms and thirty days to pay.
fn priced(terms: Value) -> Service {
    let mut service = service("generic");
    service.terms = terms.into();
    service.terms["due_days"] = json!(30);
    assert_eq!(Generic.check_terms(&service.terms), Ok(()));
    service
}

/// A service with this one row.
fn one_row(row: Value) -> Service {
    let mut row = row;
    row["code"] = json!("fee");
    row["label"] = json!("Tariffa");
    priced(json!({"rows": [row]}))
}

fn inputs(values: &[(&str, &str)]) -> Value {
    let input = |(name, value): &(&str, &str)| json!({"input": name, "value": value});
    json!({"inputs": values.iter().map(input).collect::<Vec<_>>()})
}

fn assessed(details: &Value, service: &Service) -> Assessment {
    Generic.assess(details, service).unwrap()
}

/// What each row comes to.
fn amounts(assessment: &Assessment) -> Vec<i64> {
    assessment.rows.iter().map(|row| row.amount.get()).collect()
}

/// What each transfer of the first notice gets on the first day.
fn transfers(assessment: &Assessment) -> Vec<i64> {
    let step = &assessment.options[0].notices[0].schedule.steps()[0];
    step.amounts.iter().map(|amount| amount.get()).collect()
}

fn nominal(details: &Value, service: &Service) -> i64 {
    let assessment = assessed(details, service);
    assessment.options[0].notices[0].schedule.nominal().get()
}

fn refused(details: &Value, service: &Service) -> Vec<(String, String)> {
    let errors = Generic.assess(details, service).unwrap_err();
    errors
        .into_iter()
        .map(|error| (error.pointer, error.said.it))
        .collect()
}

#[test]
fn an_amount_is_fixed_or_typed_by_the_office() {
    let fixed = one_row(json!({"price": {"cents": 2500}}));
    assert_eq!(nominal(&json!({}), &fixed), 2500);
    let errors = refused(&json!({"amount_cents": 5, "isee_cents": 1}), &fixed);
    let pointers: Vec<&str> = errors.iter().map(|(pointer, _)| pointer.as_str()).collect();
    assert_eq!(pointers, ["/amount_cents", "/isee_cents"]);

    let typed =
        one_row(json!({"price": {"typed": {"minimum_cents": 500, "maximum_cents": 100_000}}}));
    assert_eq!(nominal(&json!({"amount_cents": 28600}), &typed), 28600);
    assert_eq!(refused(&json!({}), &typed)[0].0, "/amount_cents");
    let (pointer, detail) = refused(&json!({"amount_cents": 499}), &typed).remove(0);
    assert_eq!(pointer, "/amount_cents");
    assert_eq!(detail, "deve essere un numero intero da 500 a 100000");
}

/// A gym by the hour, for residents and others.
fn gym() -> Service {
    priced(json!({
        "inputs": [
            {"name": "hours", "label": "ore", "asks": {"quantity": {"maximum": 24, "decimals": 1}}},
            {"name": "who", "label": "utente", "asks": {"choice": [
                {"value": "resident", "label": "residente"},
                {"value": "other", "label": "non residente", "coefficient_bp": 12_500},
            ]}, "default": "resident"},
        ],
        "rows": [
            {"code": "use", "label": "Uso della palestra", "price": {"cents": 1850},
             "times": [{"quantity": "hours"}], "coefficients": ["who"]},
            {"code": "cleaning", "label": "Pulizie", "price": {"cents": 500},
             "when": [{"chosen": {"input": "who", "is": ["other"]}}]},
        ],
    }))
}

#[test]
fn rows_say_how_they_were_made() {
    let assessment = assessed(&inputs(&[("hours", "1.5"), ("who", "other")]), &gym());
    let labels: Vec<&str> = assessment
        .rows
        .iter()
        .map(|row| row.label.as_str())
        .collect();
    assert_eq!(
        labels,
        [
            "Uso della palestra: 1,5 ore × 18,50 € × 1,25 (non residente)",
            "Pulizie"
        ]
    );
    assert_eq!(amounts(&assessment), [3469, 500]);
    let defaulted = assessed(&inputs(&[("hours", "2")]), &gym());
    assert_eq!(
        defaulted.rows[0].label,
        "Uso della palestra: 2 ore × 18,50 € × 1 (residente)"
    );
    assert_eq!(amounts(&defaulted), [3700]);
}

#[test]
fn answers_that_are_missing_unknown_repeated_or_not_allowed_are_found_at_their_place() {
    let hours = "deve essere un numero da 0 a 24, con il punto e al più 1 decimali";
    for (given, pointer, said) in [
        (vec![], "/inputs", format!("manca hours (ore): {hours}")),
        (
            vec![("hours", "1"), ("area", "3")],
            "/inputs/1/input",
            "valori previsti dal servizio: hours, who".to_owned(),
        ),
        (
            vec![("hours", "1"), ("hours", "2")],
            "/inputs/1/input",
            "è indicato due volte".to_owned(),
        ),
        (
            vec![("hours", "1"), ("who", "nobody")],
            "/inputs/1/value",
            "valori ammessi: resident, other".to_owned(),
        ),
    ] {
        assert_eq!(
            refused(&inputs(&given), &gym()),
            [(pointer.to_owned(), said)],
            "{given:?}"
        );
    }
    for bad in [
        "",
        ".",
        "1.",
        ".5",
        "1.25",
        "24.1",
        "-1",
        "+1",
        "1,5",
        "1e1",
        "9999999999",
        "1.5.0",
    ] {
        assert_eq!(
            refused(&inputs(&[("hours", bad)]), &gym()),
            [("/inputs/0/value".to_owned(), hours.to_owned())],
            "{bad}"
        );
    }
    assert_eq!(
        refused(&inputs(&[("hours", "0")]), &gym()),
        [(
            String::new(),
            "nulla da pagare: con questi dati l'importo è zero".to_owned()
        )]
    );
}

#[test]
fn the_due_day_is_the_one_typed_or_that_of_the_terms() {
    let of = |more: &Value| {
        let mut details = inputs(&[("lamps", "1")]);
        details
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        Generic
            .assess(&details, &service("generic"))
            .map(|mut assessment| assessment.options.pop().unwrap().notices.pop().unwrap())
    };
    let plain = of(&json!({})).unwrap();
    assert_eq!(plain.due_on, Some(day("2026-05-02")));
    assert_eq!(plain.description, "Lampade votive");
    let typed = of(&json!({"due_on": "2026-05-01", "description": "loculo 12"})).unwrap();
    assert_eq!(typed.due_on, Some(day("2026-05-01")));
    assert_eq!(typed.description, "Lampade votive - loculo 12");
    let errors = of(&json!({"due_on": "2026-03-31"})).unwrap_err();
    assert_eq!(errors[0].pointer, "/due_on");
    let last = of(&json!({"plan": "two", "description": "loculo 12"})).unwrap();
    assert_eq!(last.due_on, Some(day("2026-09-28")));
    assert_eq!(last.description, "Lampade votive - loculo 12 - rata 2 di 2");
}

#[test]
fn a_plan_the_service_does_not_have_or_that_leaves_nothing_to_pay_is_refused() {
    let mut details = inputs(&[("lamps", "1")]);
    details["plan"] = json!("three");
    let known = "valori previsti dal servizio: two".to_owned();
    assert_eq!(
        refused(&details, &service("generic")),
        [("/plan".to_owned(), known)]
    );
    let mut cent = one_row(json!({"price": {"cents": 1}}));
    cent.terms["plans"] = json!([{"code": "two", "due_days": [30, 60]}]);
    assert_eq!(refused(&json!({"plan": "two"}), &cent)[0].0, "/plan");
}

#[test]
fn a_late_payment_costs_more_until_it_is_too_late() {
    // Urbanisation charges: 10, 20 and 40 % within 120, 180 and 240 days (DPR 380/2001, art. 42).
    let mut service =
        one_row(json!({"price": {"typed": {"minimum_cents": 1, "maximum_cents": 99_999_999}}}));
    service.terms["late"] = json!([
        {"days": 120, "bp": 1000}, {"days": 180, "bp": 2000}, {"days": 240, "bp": 4000},
    ]);
    service.terms["plans"] = json!([{"code": "two", "due_days": [30, 210]}]);
    let details = json!({"amount_cents": 100_005, "due_on": "2026-05-02", "plan": "two"});
    let assessment = assessed(&details, &service);
    let schedule = &assessment.options[0].notices[0].schedule;
    for (on, cents) in [
        ("2026-05-02", Some(100_005)),
        ("2026-05-03", Some(110_006)),
        ("2026-08-30", Some(110_006)),
        ("2026-08-31", Some(120_006)),
        ("2026-10-29", Some(120_006)),
        ("2026-10-30", Some(140_007)),
        ("2026-12-28", Some(140_007)),
        ("2026-12-29", None),
    ] {
        let due = schedule.due_on(day(on)).map(|due| due.total.get());
        assert_eq!(due, cents, "{on}");
    }
    assert_eq!(
        schedule.steps()[1].reason,
        "maggiorazione del 10 % per ritardo fino a 120 giorni"
    );
    // An instalment is late from its own due day.
    let second = &assessment.options[1].notices[1];
    assert_eq!(second.due_on, Some(day("2026-10-28")));
    let late = second.schedule.due_on(day("2026-10-29")).unwrap();
    assert_eq!(late.total.get(), 50_003 + 5_000);
}

fn with_stamps(stamps: Value) -> Value {
    let mut details = inputs(&[("lamps", "1")]);
    details["stamps"] = stamps;
    details
}

#[test]
fn a_stamp_is_a_transfer_to_the_agency_without_an_account() {
    let stamp = json!({"document_sha256": HASH, "province": "AQ"});
    let assessment = assessed(&with_stamps(json!([stamp])), &service("generic"));
    assert_eq!(transfers(&assessment), [1708, 1600]);
    assert_eq!(amounts(&assessment), [1400, 308, 1600]);
    assert_eq!(
        assessment.rows[2].label,
        "Marca da bollo digitale: 1 × 16,00 €"
    );
    let to = &assessment.options[0].notices[0].transfers[1].to;
    assert_eq!(to.tax_code.as_str(), "06363391001");
    assert_eq!(to.iban(), None);
    assert_eq!(to.stamp().unwrap().document.as_str(), HASH);
    assert_eq!(to.stamp().unwrap().province.as_str(), "AQ");
}

#[test]
fn in_a_plan_stamps_are_bought_whole_with_the_first_instalment() {
    let stamp = json!({"document_sha256": HASH, "province": "AQ"});
    let mut details = with_stamps(json!([stamp.clone(), stamp]));
    details["plan"] = json!("two");
    let assessment = assessed(&details, &service("generic"));
    let parts = |option: usize| -> Vec<Vec<i64>> {
        let notices = assessment.options[option].notices.iter();
        let amounts = |n: &NoticeDraft| n.schedule.steps()[0].amounts.clone();
        let cents = |amounts: Vec<Cents>| amounts.into_iter().map(Cents::get).collect();
        notices.map(|notice| cents(amounts(notice))).collect()
    };
    assert_eq!(parts(0), [[1708, 1600, 1600]]);
    assert_eq!(parts(1), [vec![854, 1600, 1600], vec![854]]);
    let sum: i64 = amounts(&assessment).iter().sum();
    assert_eq!(sum, parts(1).iter().flatten().sum::<i64>());
}

#[test]
fn a_service_has_a_least_and_a_most_and_a_least_instalment() {
    let mut service =
        one_row(json!({"price": {"typed": {"minimum_cents": 1, "maximum_cents": 99_999_999}}}));
    service.terms["minimum_cents"] = json!(1_200);
    service.terms["maximum_cents"] = json!(500_000);
    service.terms["minimum_instalment_cents"] = json!(5_000);
    service.terms["plans"] = json!([{"code": "two", "due_days": [30, 60]}]);
    assert_eq!(Generic.check_terms(&service.terms), Ok(()));
    let of = |cents: i64| json!({"amount_cents": cents});
    assert_eq!(nominal(&of(1_200), &service), 1_200);
    assert_eq!(nominal(&of(500_000), &service), 500_000);
    let below = refused(&of(1_199), &service).remove(0).1;
    assert_eq!(
        below,
        "l'importo di 11,99 euro è sotto il minimo del servizio, 12,00 euro: non si riscuote"
    );
    let above = refused(&of(500_001), &service).remove(0).1;
    assert_eq!(
        above,
        "l'importo di 5.000,01 euro supera il massimo del servizio, 5.000,00 euro"
    );
    let by_plan = |cents: i64| json!({"amount_cents": cents, "plan": "two"});
    assert_eq!(assessed(&by_plan(10_000), &service).options.len(), 2);
    let small = refused(&by_plan(9_999), &service).remove(0);
    assert_eq!(small.0, "/plan");
    assert!(
        small.1.contains("49,99 euro, il minimo è 50,00 euro"),
        "{}",
        small.1
    );
    service.terms["maximum_cents"] = json!(1_199);
    let errors = Generic.check_terms(&service.terms).unwrap_err();
    assert_eq!(errors[0].pointer, "/maximum_cents");
}

#[test]
fn a_stamp_that_cannot_be_bought_is_found_at_its_place() {
    let bad = json!([{"document_sha256": "e3b0c442", "province": "Aq"}]);
    let errors = refused(&with_stamps(bad), &service("generic"));
    let pointers: Vec<&str> = errors.iter().map(|(pointer, _)| pointer.as_str()).collect();
    assert_eq!(
        pointers,
        ["/stamps/0/document_sha256", "/stamps/0/province"]
    );
    let stamp = json!({"document_sha256": HASH, "province": "AQ"});
    let five = with_stamps(json!(vec![stamp.clone(); 5]));
    let errors = refused(&five, &service("generic"));
    assert_eq!(errors[0].0, "/stamps");
    assert!(
        errors[0]
            .1
            .starts_with("servono 5 marche da bollo (80,00 €), ma un avviso ne porta al massimo 4"),
        "{errors:?}"
    );
    let none = one_row(json!({"price": {"cents": 100}}));
    assert_eq!(refused(&json!({"stamps": [stamp]}), &none)[0].0, "/stamps");
}

#[test]
fn more_than_a_notice_can_carry_is_refused() {
    let dear = priced(json!({
        "inputs": [{"name": "area", "label": "m²", "asks": {"quantity": {"maximum": 1_000_000}}}],
        "rows": [{"code": "fee", "label": "Tariffa", "price": {"cents": 99_999_999_999_i64},
                  "times": vec![json!({"quantity": "area"}); 5]}],
    }));
    assert_eq!(refused(&inputs(&[("area", "2")]), &dear).len(), 1);
    assert_eq!(refused(&inputs(&[("area", "1000000")]), &dear).len(), 1);
}

/// Terms of one row with one member changed.
fn row(change: (&str, Value)) -> Value {
    let mut row = json!({"code": "fee", "label": "Tariffa", "price": {"cents": 100}});
    row[change.0] = change.1;
    json!({"due_days": 30, "rows": [row]})
}

/// Terms of one good row and one more member.
fn with(name: &str, value: Value) -> Value {
    let mut terms = row(("divisor", json!(1)));
    terms[name] = value;
    terms
}

fn are_refused<const N: usize>(cases: [(Value, &str); N]) {
    for (terms, pointer) in cases {
        let errors = Generic.check_terms(&terms).unwrap_err();
        assert_eq!(errors[0].pointer, pointer, "{terms}: {errors:?}");
    }
}

#[test]
fn rows_that_make_no_price_are_refused_at_their_place() {
    let mut twice = row(("divisor", json!(1)));
    twice["rows"] = json!([twice["rows"][0], twice["rows"][0]]);
    are_refused([
        (json!({"due_days": 30, "rows": []}), "/rows"),
        (json!({"due_days": 30}), "/rows"),
        (twice, "/rows/1/code"),
        (row(("code", json!("Fee"))), "/rows/0/code"),
        (row(("label", json!(""))), "/rows/0/label"),
        (row(("divisor", json!(0))), "/rows/0/divisor"),
        (
            row(("price", json!({"cents": i64::MAX}))),
            "/rows/0/price/cents",
        ),
        (row(("price", json!({"gift": 1}))), "/rows/0/price/gift"),
        (
            row((
                "price",
                json!({"typed": {"minimum_cents": 2, "maximum_cents": 1}}),
            )),
            "/rows/0/price/typed/maximum_cents",
        ),
        (
            row(("price", json!({"share": {"bp": 2200, "of": ["later"]}}))),
            "/rows/0/price/share/of/0",
        ),
        (
            row(("price", json!({"isee": {"flat": {"price_cents": -1}}}))),
            "/rows/0/price/isee/flat/price_cents",
        ),
        (
            row(("times", json!([{"quantity": "area"}]))),
            "/rows/0/times/0/quantity",
        ),
        (
            row(("coefficients", json!(["who"]))),
            "/rows/0/coefficients/0",
        ),
        (
            row(("when", json!([{"chosen": {"input": "who", "is": ["a"]}}]))),
            "/rows/0/when/0/chosen/input",
        ),
    ]);
}

#[test]
fn terms_that_cannot_be_kept_are_refused_at_their_place() {
    let choice =
        json!({"name": "who", "label": "chi", "asks": {"choice": [{"value": "a", "label": "A"}]}});
    are_refused([
        (
            with("inputs", json!([choice.clone(), choice.clone()])),
            "/inputs/1/name",
        ),
        (
            with(
                "inputs",
                json!([{"name": "n", "label": "n", "asks": {"quantity": {"maximum": 3}}, "default": "4"}]),
            ),
            "/inputs/0/default",
        ),
        (
            with("plans", json!([{"code": "two", "due_days": [60, 30]}])),
            "/plans/0/due_days",
        ),
        (
            with(
                "plans",
                json!([{"code": "two", "due_days": [30, 60], "shares_bp": [5000, 4000]}]),
            ),
            "/plans/0/shares_bp",
        ),
        (
            with(
                "late",
                json!([{"days": 10, "bp": 2}, {"days": 10, "bp": 3}]),
            ),
            "/late",
        ),
        (
            {
                let mut stamps = stamp_terms();
                stamps["agency_tax_code"] = json!("06363391002");
                with("stamps", stamps)
            },
            "/stamps/agency_tax_code",
        ),
        (with("due_days", json!(366)), "/due_days"),
        (with("colour", json!(1)), "/colour"),
    ]);
}
