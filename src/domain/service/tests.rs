mod vectors;

use super::samples::{day, details, service, terms};
use super::*;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

fn c(cents: i64) -> Cents {
    Cents::new(cents).unwrap()
}

fn step(until: Option<&str>, amounts: &[i64]) -> Step {
    Step {
        until: until.map(day),
        reason: "prova".to_owned(),
        amounts: amounts.iter().map(|amount| c(*amount)).collect(),
    }
}

#[test]
fn the_step_that_holds_is_the_first_not_yet_over() {
    let steps = vec![
        step(Some("2026-05-04"), &[100, 10]),
        step(Some("2026-06-29"), &[150, 10]),
        step(None, &[300, 0]),
    ];
    let schedule = Schedule::new(steps, 2).unwrap();
    for (on, total) in [
        ("2026-01-01", 110),
        ("2026-05-04", 110),
        ("2026-05-05", 160),
        ("2026-06-29", 160),
        ("2026-06-30", 300),
        ("2099-12-31", 300),
    ] {
        assert_eq!(schedule.due_on(day(on)).unwrap().total, c(total), "{on}");
    }
    assert_eq!(schedule.nominal(), c(110));
    assert_eq!(schedule.payable_until(), None);
}

#[test]
fn after_a_last_step_with_an_end_nothing_is_due() {
    let schedule = Schedule::new(vec![step(Some("2026-05-04"), &[100])], 1).unwrap();
    assert!(schedule.due_on(day("2026-05-04")).is_some());
    assert!(schedule.due_on(day("2026-05-05")).is_none());
    assert_eq!(schedule.payable_until(), Some(day("2026-05-04")));
}

#[test]
fn a_schedule_that_cannot_be_published_does_not_exist() {
    use ScheduleError::{OutOfOrder, Uneven, Unpayable};
    for (steps, error) in [
        (vec![], Unpayable),
        (vec![step(None, &[0, 0])], Unpayable),
        (vec![step(None, &[99_999_999_999, 1])], Unpayable),
        (vec![step(None, &[1])], Uneven),
        (vec![step(None, &[2, -1])], Uneven),
        (vec![step(None, &[1, 1]), step(None, &[2, 2])], OutOfOrder),
        (
            vec![step(None, &[1, 1]), step(Some("2026-05-04"), &[2, 2])],
            OutOfOrder,
        ),
        (
            vec![
                step(Some("2026-05-04"), &[1, 1]),
                step(Some("2026-05-04"), &[2, 2]),
            ],
            OutOfOrder,
        ),
    ] {
        assert_eq!(Schedule::new(steps, 2), Err(error));
    }
    assert_eq!(Schedule::flat("prova", vec![]), Err(Unpayable));
}

#[test]
fn a_kind_is_found_by_its_code_and_codes_differ() {
    let codes: std::collections::BTreeSet<&str> = ALL.iter().map(|kind| kind.code()).collect();
    assert_eq!(codes.len(), ALL.len());
    for code in codes {
        assert_eq!(kind(code).map(ServiceKind::code), Some(code));
    }
    assert!(kind("imu").is_none());
}

#[test]
fn the_sample_of_every_kind_is_assessed() {
    for kind in ALL {
        let code = kind.code();
        assert_eq!(kind.check_terms(&terms(code)), Ok(()), "{code}");
        let assessment = kind.assess(&details(code), &service(code));
        assert!(assessment.is_ok(), "{code}: {assessment:?}");
    }
}

#[test]
fn a_foreign_field_is_refused_at_its_place_by_every_kind() {
    for kind in ALL {
        let code = kind.code();
        let mut with_more = details(code);
        with_more["color"] = json!("red");
        let errors = kind.assess(&with_more, &service(code)).unwrap_err();
        assert_eq!(errors[0].pointer, "/color", "{code}");
        let mut with_more = terms(code);
        with_more["color"] = json!("red");
        assert_eq!(
            kind.check_terms(&with_more).unwrap_err()[0].pointer,
            "/color",
            "{code}"
        );
        for not_an_object in [json!(null), json!([]), json!("x"), json!(1)] {
            assert!(
                kind.assess(&not_an_object, &service(code)).is_err(),
                "{code}"
            );
        }
    }
}

#[test]
fn descriptions_fit_whatever_the_title() {
    let mut long = service("tari");
    long.title = "è".repeat(300);
    let assessment = tari::Tari.assess(&details("tari"), &long).unwrap();
    let description = &assessment.options[1].notices[2].description;
    assert_eq!(description.chars().count(), 140);
    assert!(description.ends_with(" - rata 3 di 3"), "{description}");
}

/// The properties of a component, by name, from its JSON form.
fn components(kind: &dyn ServiceKind) -> BTreeMap<String, Value> {
    let schemas = kind.details_schema().schemas;
    schemas
        .into_iter()
        .map(|(name, s)| (name, serde_json::to_value(s).unwrap()))
        .collect()
}

#[test]
fn schemas_are_closed_bounded_and_free_of_null() {
    for kind in ALL {
        let components = components(*kind);
        assert!(
            components.contains_key(&kind.details_schema().name),
            "{}",
            kind.code()
        );
        for (name, schema) in components {
            if schema["enum"].is_array() {
                assert!(schema["description"].is_string(), "{name}");
                continue;
            }
            assert_eq!(schema["additionalProperties"], json!(false), "{name}");
            assert!(
                schema["description"].is_string() && schema["example"].is_object(),
                "{name}"
            );
            for (field, property) in schema["properties"].as_object().unwrap() {
                let at = format!("{name}.{field}: {property}");
                assert!(property["description"].is_string(), "{at}");
                match property["type"].as_str() {
                    Some("integer") => {
                        assert_eq!(property["format"], json!("int64"), "{at}");
                        assert!(property["minimum"].is_i64(), "{at}");
                        assert!(property["maximum"].is_i64(), "{at}");
                    }
                    Some("string") if property["format"] == json!("date") => {}
                    Some("string") if property["format"] == json!("date-time") => {}
                    Some("string") if property["format"] == json!("uuid") => {}
                    Some("string") => {
                        assert!(property["minLength"].is_u64(), "{at}");
                        assert!(property["maxLength"].is_u64(), "{at}");
                        assert!(property["pattern"].is_string(), "{at}");
                    }
                    Some("array") => {
                        assert!(property["minItems"].is_u64(), "{at}");
                        assert!(property["maxItems"].is_u64(), "{at}");
                        let items = &property["items"];
                        assert!(
                            items["$ref"].is_string() || items["maxLength"].is_u64(),
                            "{at}"
                        );
                    }
                    Some("boolean") => {}
                    None if property["$ref"].is_string() => {}
                    _ => panic!("an open type: {at}"),
                }
            }
        }
    }
}

#[test]
fn the_published_bounds_are_the_enforced_ones() {
    for kind in ALL {
        let code = kind.code();
        let schemas = components(*kind);
        let sample = details(code);
        let schema = &schemas[&kind.details_schema().name];
        for (field, property) in schema["properties"].as_object().unwrap() {
            if property["type"] != json!("integer") || sample.get(field).is_none() {
                continue;
            }
            let low = property["minimum"]
                .as_i64()
                .unwrap()
                .checked_sub(1)
                .unwrap();
            let high = property["maximum"]
                .as_i64()
                .unwrap()
                .checked_add(1)
                .unwrap();
            for beyond in [low, high, i64::MIN, i64::MAX] {
                let mut bad = sample.clone();
                bad[field] = json!(beyond);
                let errors = kind.assess(&bad, &service(code)).unwrap_err();
                let pointer = format!("/{field}");
                assert!(
                    errors.iter().any(|e| e.pointer == pointer),
                    "{code}{pointer}: {errors:?}"
                );
            }
        }
    }
}

#[test]
fn details_are_printed_as_they_were_read() {
    fn same<T: serde::Serialize + DeserializeOwned>(kind: &str, details: &Value) {
        let read: T = serde_json::from_value(details.clone()).unwrap();
        assert_eq!(serde_json::to_value(read).unwrap(), *details, "{kind}");
    }
    for kind in ALL {
        let code = kind.code();
        let mut runner = TestRunner::new(Config::default());
        let outcome = runner.run(&any_details(code), |details| {
            match code {
                "tari" => same::<tari::TariDetails>(code, &details),
                "canteen" => same::<canteen::CanteenDetails>(code, &details),
                "canteen_credit" => same::<canteen_credit::CanteenCreditDetails>(code, &details),
                "fine" => same::<fine::FineDetails>(code, &details),
                "generic" => same::<generic::GenericDetails>(code, &details),
                "arrears" => same::<arrears::ArrearsDetails>(code, &details),
                other => panic!("no details of kind {other}"),
            }
            Ok(())
        });
        outcome.unwrap();
    }
}

fn some_day(from: &'static str, days: u64) -> impl Strategy<Value = Value> {
    (0..days).prop_map(move |later| {
        json!(
            day(from)
                .checked_add_days(chrono::Days::new(later))
                .unwrap()
        )
    })
}

/// An object without the members that are absent.
fn object<const N: usize>(members: [(&str, Option<Value>); N]) -> Value {
    let present = members
        .into_iter()
        .filter_map(|(key, value)| Some((key.to_owned(), value?)));
    Value::Object(present.collect())
}

/// Details that the sample service of this kind accepts.
fn any_details(kind: &str) -> BoxedStrategy<Value> {
    match kind {
        "tari" => any_premises().boxed(),
        "canteen" => any_family().boxed(),
        "canteen_credit" => (500i64..=30_000)
            .prop_map(|amount| {
                let mut details = details("canteen_credit");
                details["amount_cents"] = json!(amount);
                details
            })
            .boxed(),
        "fine" => any_report().boxed(),
        "arrears" => any_arrears().boxed(),
        "generic" => any_charge().boxed(),
        other => panic!("no generator for kind {other}"),
    }
}

/// Lamps, with stamps or by instalments.
fn any_charge() -> impl Strategy<Value = Value> {
    let stamp = json!({
        "document_sha256": "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
        "province": "AQ",
    });
    (
        1i64..=100_000,
        proptest::option::of(some_day("2026-04-01", 30)),
        prop_oneof![
            Just((0, false)),
            (1usize..=4).prop_map(|n| (n, false)),
            Just((0, true))
        ],
    )
        .prop_map(move |(lamps, due, (stamps, plan))| {
            object([
                (
                    "inputs",
                    Some(json!([{"input": "lamps", "value": lamps.to_string()}])),
                ),
                ("plan", plan.then(|| json!("two"))),
                (
                    "stamps",
                    (stamps > 0).then(|| json!(vec![stamp.clone(); stamps])),
                ),
                ("due_on", due),
            ])
        })
}

/// A dwelling, a business or a stall, in any state.
fn any_premises() -> impl Strategy<Value = Value> {
    prop_oneof![
        any_household(),
        (any_category(), 1i64..=999_999, any_change("area_m2", 1)).prop_map(
            |(category, area, change)| {
                object([
                    ("category", Some(category)),
                    ("area_m2", Some(json!(area))),
                    ("changes", change),
                ])
            }
        ),
        (any_category(), 1i64..=999_999, 1i64..=182).prop_map(|(category, area, days)| {
            json!({"category": category, "area_m2": area, "daily_days": days})
        }),
    ]
}

fn any_category() -> impl Strategy<Value = Value> {
    prop_oneof![Just(json!("24")), Just(json!("11"))]
}

/// One change of a number, in June.
fn any_change(field: &'static str, low: i64) -> impl Strategy<Value = Option<Value>> {
    let change = (some_day("2026-06-02", 20), low..=99)
        .prop_map(move |(from, value)| json!([{"from": from, field: value}]));
    proptest::option::of(change)
}

fn any_household() -> impl Strategy<Value = Value> {
    let reductions =
        proptest::sample::subsequence(vec!["composting", "single", "aire"], 0..=3).prop_shuffle();
    let optional =
        |from: i64, to: i64| proptest::option::of((from..=to).prop_map(|number| json!(number)));
    (
        (1i64..=99, 1i64..=999_999, optional(1, 999_999)),
        (
            proptest::option::of(some_day("2026-01-01", 120)),
            prop_oneof![any_change("occupants", 1), any_change("annex_area_m2", 0)],
            proptest::option::of(some_day("2026-06-30", 180)),
        ),
        optional(0, 500),
        (optional(1, 9_000_000), optional(1, 9_000_000)),
        reductions,
    )
        .prop_map(
            |((occupants, area, annex), (from, changes, to), bags, (bonus, advance), codes)| {
                object([
                    ("occupants", Some(json!(occupants))),
                    ("area_m2", Some(json!(area))),
                    ("annex_area_m2", annex),
                    ("occupied_from", from),
                    ("changes", changes),
                    ("occupied_to", to),
                    ("bags", bags),
                    ("social_bonus_base_cents", bonus),
                    ("advance_base_cents", advance),
                    ("reductions", (!codes.is_empty()).then(|| json!(codes))),
                ])
            },
        )
}

fn any_family() -> impl Strategy<Value = Value> {
    let codes = ["TRDVLI16C61A241T", "LNCNCL18S08A515N", "RSSMRA80A01H501U"];
    // Above the exemption, so that something is owed.
    let isee = proptest::option::of(600_001i64..=5_000_000);
    let meals = proptest::collection::vec((1i64..=99, any::<bool>()), 1..=codes.len());
    let months = proptest::collection::btree_map(1i64..=12, meals, 1..=12);
    let owed = proptest::option::of((1i64..=1_000_000, some_day("2025-01-01", 700)));
    (any::<bool>(), isee, months, owed).prop_map(move |(resident, isee, months, owed)| {
        let pupil = |(i, (meals, reduced)): (usize, &(i64, bool))| {
            let reductions = reduced.then(|| json!(["home"]));
            object([
                ("pupil_tax_code", Some(json!(codes[i]))),
                ("sibling_order", Some(json!(i.checked_add(1)))),
                ("meals", Some(json!(meals))),
                ("reductions", reductions),
            ])
        };
        let month = |(month, meals): (&i64, &Vec<(i64, bool)>)| {
            let pupils: Value = meals.iter().enumerate().map(pupil).collect();
            json!({"year": 2026, "month": month, "pupils": pupils})
        };
        let arrears = owed.map(|(amount, due)| {
            let description = "saldo precedente";
            json!([{
                "pupil_tax_code": codes[0], "description": description,
                "amount_cents": amount, "due_on": due,
            }])
        });
        object([
            ("resident", Some(json!(resident))),
            ("isee", isee.map(|isee| json!([{"isee_cents": isee}]))),
            ("months", Some(months.iter().map(month).collect())),
            ("arrears", arrears),
        ])
    })
}

fn any_arrears() -> impl Strategy<Value = Value> {
    let debt = (
        some_day("2023-01-01", 1100),
        1i64..=9_000_000,
        proptest::option::of(1i64..=9_000_000),
        proptest::option::of(1i64..=9_000_000),
    )
        .prop_map(|(due, tax, tefa, exempt)| {
            object([
                ("due_on", Some(due)),
                ("tax_cents", Some(json!(tax))),
                ("province_cents", tefa.map(|cents| json!(cents))),
                ("exempt_cents", exempt.map(|cents| json!(cents))),
            ])
        });
    (
        proptest::collection::vec(debt, 1..=12),
        prop_oneof![Just("reminder"), Just("correction"), Just("assessment")],
        some_day("2026-04-01", 270),
        proptest::option::of(0i64..=100_000),
    )
        .prop_map(|(debts, act, on, costs)| {
            let notified = (act == "assessment" && debts.len() % 2 == 0).then(|| on.clone());
            object([
                ("act", Some(json!(act))),
                ("year", Some(json!(2025))),
                ("debts", Some(json!(debts))),
                ("on", Some(on)),
                ("notified_on", notified),
                ("costs_cents", costs.map(|cents| json!(cents))),
            ])
        })
}

fn any_report() -> impl Strategy<Value = Value> {
    let articles = vec!["7-14", "142-7", "142-8", "142-9", "146-3", "193-2"];
    let violation = (
        proptest::sample::select(articles),
        some_day("2021-01-01", 1900),
        any::<bool>(),
    )
        .prop_map(|(article, on, night)| {
            json!({"article": article, "committed_on": on, "at_night": night})
        });
    let notification = (
        proptest::sample::select(vec!["immediate", "by_hand", "mail_deposited", "send_paper"]),
        some_day("2026-03-20", 400),
    )
        .prop_map(|(channel, on)| json!({"channel": channel, "on": on}));
    (
        proptest::collection::vec(violation, 1..=10),
        0i64..=5_000,
        proptest::option::of(notification),
    )
        .prop_map(|(violations, costs, notification)| {
            object([
                ("report_number", Some(json!("V/1"))),
                ("violations", Some(json!(violations))),
                ("costs_cents", Some(json!(costs))),
                ("notification", notification),
            ])
        })
}

/// What every kind promises, whatever the details (architecture, "How a service plugs in").
pub(super) fn keeps_the_contract(
    assessment: &Assessment,
    service: &Service,
) -> Result<(), TestCaseError> {
    let explained = Cents::sum(assessment.rows.iter().map(|row| row.amount)).unwrap();
    prop_assert!(!assessment.options.is_empty());
    for (place, option) in assessment.options.iter().enumerate() {
        let mut sum = Cents::ZERO;
        match option.kind {
            OptionKind::Single => prop_assert_eq!(option.notices.len(), 1),
            OptionKind::Plan => prop_assert!(!option.notices.is_empty()),
        }
        let due: Vec<Option<Day>> = option.notices.iter().map(|notice| notice.due_on).collect();
        prop_assert!(due.is_sorted());
        for notice in &option.notices {
            prop_assert!((1..=5).contains(&notice.transfers.len()));
            prop_assert_eq!(&notice.transfers[0].to, &service.main);
            let description = notice.description.chars().count();
            prop_assert!((1..=140).contains(&description));
            for transfer in &notice.transfers {
                prop_assert!(transfer.metadata.len() <= 10);
                let short = |text: &String| (1..=140).contains(&text.chars().count());
                prop_assert!(transfer.metadata.iter().all(|(k, v)| short(k) && short(v)));
            }
            let first_day = notice.schedule.due_on(service.issued_on);
            prop_assert_eq!(
                first_day.map(|due| due.total),
                Some(notice.schedule.nominal())
            );
            let mut previous = Cents::ZERO;
            for step in notice.schedule.steps() {
                prop_assert_eq!(step.amounts.len(), notice.transfers.len());
                prop_assert!(step.amounts.iter().all(|amount| *amount >= Cents::ZERO));
                prop_assert!(!step.reason.is_empty() && step.reason.chars().count() <= 140);
                let total = Cents::sum(step.amounts.iter().copied()).unwrap();
                prop_assert!(previous <= total && total <= Cents::NOTICE_MAX);
                previous = total;
            }
            sum = sum.plus(notice.schedule.nominal()).unwrap();
        }
        // The rows explain the option that is booked, the first; another way may cost more, never less.
        match place {
            0 => prop_assert_eq!(sum, explained),
            _ => prop_assert!(sum >= explained),
        }
    }
    Ok(())
}

#[test]
fn service_contract() {
    for kind in ALL {
        let service = service(kind.code());
        let mut runner = TestRunner::new(Config::default());
        let outcome = runner.run(&any_details(kind.code()), |details| {
            let assessment = kind.assess(&details, &service);
            let assessment = assessment.map_err(|errors| {
                TestCaseError::fail(format!("valid details refused: {errors:?}"))
            })?;
            keeps_the_contract(&assessment, &service)?;
            prop_assert_eq!(kind.assess(&details, &service), Ok(assessment));
            Ok(())
        });
        if let Err(failure) = outcome {
            panic!("{}: {failure}", kind.code());
        }
    }
}
