//! What acts and services grant, and what does not belong together.

use super::*;
use crate::domain::balance::Notified;

#[test]
fn what_an_act_does_not_have_is_refused_at_its_place() {
    let mut service = service("arrears");
    service.issued_on = day("2026-11-23");
    let debt = |due: &str, declaration: Value| json!({"tax_cents": 100, "due_on": due, "declaration": declaration});
    for (details, pointers) in [
        (
            json!({"act": "reminder", "year": 2025, "stage": "draft_act",
                "debts": [debt("2025-12-02", json!({"fault": "omitted"}))]}),
            vec!["/debts/0/declaration", "/stage"],
        ),
        (
            json!({"act": "correction", "year": 2025, "stage": "none",
                "instalments": {"count": 1, "starts_on": "2026-11-22"},
                "debts": [debt("2025-12-02", json!(null))]}),
            vec![
                "/stage",
                "/instalments",
                "/instalments/count",
                "/instalments/starts_on",
            ],
        ),
        (
            json!({"act": "assessment", "year": 2025, "debts": [
                debt("2025-12-02", json!({"fault": "omitted", "penalty_bp": 9_999})),
                debt("2025-12-02", json!({"fault": "unfaithful", "penalty_bp": 10_001})),
                debt("2024-06-17", json!({"fault": "omitted"})),
            ]}),
            vec![
                "/debts/0/declaration/penalty_bp",
                "/debts/1/declaration/penalty_bp",
                "/debts/2/declaration",
            ],
        ),
    ] {
        let errors = refused(&details, &service);
        let found: Vec<&str> = errors.iter().map(|(pointer, _)| pointer.as_str()).collect();
        assert_eq!(found, pointers, "{details}");
    }
}

#[test]
fn rules_that_contradict_themselves_are_refused() {
    let mut service = service("arrears");
    let terms = &mut service.terms;
    terms["regimes"][1]["omitted"]["to_bp"] = json!(9_999);
    terms["regimes"][1]["unfaithful"]["least_cents"] = json!(-1);
    terms["regimes"][1]["acceptance"] = json!([3, 1]);
    terms["regimes"][1]["agreement"] = json!([1, 0]);
    terms["regimes"][1]["stages"][0]["fraction"] = json!([25, 24]);
    terms["regimes"][1]["stages"][1]["label"] = json!(" ");
    terms["instalments"]["rate_bp"] = json!(2_001);
    terms["instalments"]["bands"][1]["up_to_cents"] = json!(10_000);
    terms["instalments"]["bands"][2]["least"] = json!(13);
    terms["instalments"]["bands"][5]["most"] = json!(73);
    terms["agreement_days"] = json!(0);
    let errors = Arrears.check_terms(&service.terms).unwrap_err();
    let pointers: Vec<&str> = errors.iter().map(|error| error.pointer.as_str()).collect();
    assert_eq!(
        pointers,
        [
            "/regimes/1/omitted/to_bp",
            "/regimes/1/unfaithful/least_cents",
            "/regimes/1/acceptance",
            "/regimes/1/agreement",
            "/regimes/1/stages/0/fraction",
            "/regimes/1/stages/1/label",
            "/instalments/rate_bp",
            "/instalments/bands/1/up_to_cents",
            "/instalments/bands/2/most",
            "/instalments/bands/5/most",
            "/agreement_days",
        ]
    );
}

#[test]
fn without_charges_the_acceptance_still_ends() {
    let mut service = service("arrears");
    service.issued_on = day("2026-11-23");
    service.terms.as_object_mut().unwrap().remove("charges");
    let details = json!({"act": "assessment", "year": 2025, "notified_on": "2026-12-01", "debts": [
        {"tax_cents": 3000, "due_on": "2025-12-02", "declaration": {"fault": "unfaithful"}},
    ]});
    let assessment = Arrears.assess(&details, &service).unwrap();
    assert_eq!(
        steps(&assessment),
        [(Some(day("2027-02-01")), 4715), (None, 8048)]
    );
    // Issued after it, nothing is spared.
    service.issued_on = day("2027-02-02");
    let late = json!({"act": "assessment", "year": 2025, "on": "2026-11-23", "notified_on": "2026-12-01",
        "debts": details["debts"]});
    let late = Arrears.assess(&late, &service).unwrap();
    assert_eq!(steps(&late), [(None, 8048)]);
    assert!(!amounts(&late).iter().any(|(code, _)| *code == "acceptance"));
}

#[test]
fn the_notification_becomes_known_after_the_act_is_printed() {
    let details = json!({"act": "assessment", "year": 2025, "on": "2026-11-23",
        "debts": [{"tax_cents": 48210, "due_on": "2025-12-02"}]});
    let on = |day: &str| json!({"channel": "by_hand", "on": day});
    let Ok(Notified::First(known)) = Arrears.notified(&details, on("2026-12-01")) else {
        panic!("the first notification")
    };
    assert_eq!(known["notified_on"], "2026-12-01");
    assert_eq!(
        Arrears.notified(&known, on("2026-12-01")),
        Ok(Notified::Same)
    );
    assert!(matches!(
        Arrears.notified(&known, on("2026-12-02")),
        Ok(Notified::Other(_))
    ));
    // Left at the post office, it counts ten days later.
    let deposited = json!({"channel": "mail_deposited", "on": "2026-12-01"});
    let Ok(Notified::First(known)) = Arrears.notified(&details, deposited) else {
        panic!("the first notification")
    };
    assert_eq!(known["notified_on"], "2026-12-11");
}

proptest! {
    /// Whatever is granted, rows make what is asked first, an option is what it divides plus interest,
    /// and each beneficiary but the town gets the same from both.
    #[test]
    fn rows_and_plans_make_what_is_asked(
        tax in 1i64..5_000_000, tefa in proptest::option::of(1i64..100_000), count in 2i64..=72,
        fault in proptest::option::of(prop_oneof![Just("omitted"), Just("unfaithful")]),
        act in prop_oneof![Just("assessment"), Just("agreement"), Just("reminder")],
    ) {
        let mut service = service("arrears");
        service.issued_on = day("2026-11-23");
        let mut debt = json!({"tax_cents": tax, "due_on": "2025-12-02"});
        if let Some(tefa) = tefa {
            debt["province_cents"] = json!(tefa);
        }
        if let (Some(fault), true) = (fault, act != "reminder") {
            debt["declaration"] = json!({"fault": fault});
        }
        let mut details = json!({"act": act, "year": 2025, "debts": [debt]});
        let plain = Arrears.assess(&details, &service).unwrap();
        let rows: i64 = plain.rows.iter().map(|row| row.amount.get()).sum();
        prop_assert_eq!(rows, notice(&plain).schedule.nominal().get());
        details["instalments"] = json!({"count": count, "starts_on": "2026-12-01"});
        let Ok(granted) = Arrears.assess(&details, &service) else { return Ok(()) };
        prop_assert_eq!(&granted.rows, &plain.rows);
        let sums = |notices: &[NoticeDraft]| -> Vec<i64> {
            let places = notices[0].transfers.len();
            let of = |place: usize| {
                notices.iter().map(|notice| notice.schedule.steps()[0].amounts[place].get()).sum()
            };
            (0..places).map(of).collect()
        };
        let (single, plan) = (sums(&granted.options[0].notices), sums(&granted.options[1].notices));
        prop_assert!(plan[0] >= single[0]);
        prop_assert_eq!(&plan[1..], &single[1..]);
    }
}
