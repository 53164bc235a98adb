//! The vectors O1 to O13 of `charges.md` §5, by their names there.

use super::*;

/// A nursery on a straight line from 60 euro at 5 000 to 450 at 40 000, with what siblings and absences
/// take off.
fn nursery() -> Service {
    let off = |code: &str, label: &str, bp: i64, input: &str| {
        json!({"code": code, "label": label, "price": {"share": {"bp": bp, "of": ["fee"]}},
               "when": [{"chosen": {"input": input, "is": ["yes"]}}]})
    };
    let ask = |name: &str, label: &str| {
        json!({"name": name, "label": label, "default": "no", "asks": {"choice": [
            {"value": "no", "label": "no"}, {"value": "yes", "label": "sì"},
        ]}})
    };
    priced(json!({
        "inputs": [ask("sibling", "fratello iscritto"), ask("absent", "assenza prolungata")],
        "rows": [
            {"code": "fee", "label": "Retta mensile", "price": {"isee": {"linear": {
                "from": {"isee_cents": 500_000, "price_cents": 6_000},
                "to": {"isee_cents": 4_000_000, "price_cents": 45_000},
            }}}},
            off("sibling", "Riduzione fratelli 20 %", -2000, "sibling"),
            off("absence", "Riduzione assenza 25 %", -2500, "absent"),
        ],
    }))
}

fn fee(isee_cents: i64) -> i64 {
    nominal(&json!({ "isee_cents": isee_cents }), &nursery())
}

#[test]
fn o1_nursery_below_the_first_point() {
    assert_eq!(fee(300_000), 6000);
}

#[test]
fn o1_nursery_between_the_points() {
    assert_eq!(fee(1_234_567), 14185);
}

#[test]
fn o1_nursery_isee_25000() {
    assert_eq!(fee(2_500_000), 28286);
}

#[test]
fn o1_nursery_above_the_last_point() {
    assert_eq!(fee(4_500_000), 45000);
}

#[test]
fn o2_sibling_takes_20_percent_off() {
    let mut details = inputs(&[("sibling", "yes")]);
    details["isee_cents"] = json!(2_500_000);
    let assessment = assessed(&details, &nursery());
    assert_eq!(amounts(&assessment), [28286, -5657]);
    assert_eq!(transfers(&assessment), [22629]);
}

#[test]
fn o2_absence_takes_25_percent_off() {
    let mut details = inputs(&[("absent", "yes")]);
    details["isee_cents"] = json!(2_500_000);
    let assessment = assessed(&details, &nursery());
    assert_eq!(amounts(&assessment), [28286, -7072]);
    assert_eq!(transfers(&assessment), [21214]);
}

/// A typed amount by instalments: the parts of each.
fn parts(cents: i64, plan: &Value) -> Vec<i64> {
    let mut service =
        one_row(json!({"price": {"typed": {"minimum_cents": 1, "maximum_cents": 99_999_999}}}));
    service.terms["plans"] = json!([plan]);
    let details = json!({"amount_cents": cents, "plan": "parts"});
    let assessment = assessed(&details, &service);
    let notices = assessment.options[1].notices.iter();
    notices
        .map(|notice| notice.schedule.nominal().get())
        .collect()
}

#[test]
fn o3_250_01_in_two() {
    let plan = json!({"code": "parts", "due_days": [30, 60]});
    assert_eq!(parts(25_001, &plan), [12500, 12501]);
}

#[test]
fn o3_200_00_in_three() {
    let plan = json!({"code": "parts", "due_days": [30, 60, 90]});
    assert_eq!(parts(20_000, &plan), [6666, 6666, 6668]);
}

fn lamps() -> Service {
    priced(json!({
        "inputs": [
            {"name": "lamps", "label": "lampade", "asks": {"quantity": {"maximum": 50}}},
            {"name": "months", "label": "mesi", "asks": {"quantity": {"maximum": 12}}, "default": "12"},
        ],
        "rows": [
            {"code": "lamps", "label": "Lampade votive", "price": {"cents": 1400},
             "times": [{"quantity": "lamps"}, {"quantity": "months"}], "divisor": 12},
            {"code": "vat", "label": "IVA 22 %", "price": {"share": {"bp": 2200}}},
        ],
    }))
}

#[test]
fn o4_three_lamps_and_vat() {
    let assessment = assessed(&inputs(&[("lamps", "3")]), &lamps());
    assert_eq!(amounts(&assessment), [4200, 924]);
    assert_eq!(transfers(&assessment), [5124]);
}

#[test]
fn o4_one_lamp_for_nine_months() {
    let assessment = assessed(&inputs(&[("lamps", "1"), ("months", "9")]), &lamps());
    assert_eq!(transfers(&assessment), [1281]);
}

fn identity_card() -> Service {
    priced(json!({
        "inputs": [{"name": "issue", "label": "rilascio", "default": "first", "asks": {"choice": [
            {"value": "first", "label": "primo rilascio o rinnovo"},
            {"value": "duplicate", "label": "duplicato", "coefficient_bp": 20_000},
        ]}}],
        "rows": [
            {"code": "state", "label": "Corrispettivo dello Stato", "price": {"cents": 1679}},
            {"code": "fixed", "label": "Diritto fisso", "price": {"cents": 516}, "coefficients": ["issue"]},
            {"code": "secretarial", "label": "Diritti di segreteria", "price": {"cents": 26}},
        ],
    }))
}

#[test]
fn o5_identity_card() {
    let assessment = assessed(&json!({}), &identity_card());
    assert_eq!(amounts(&assessment), [1679, 516, 26]);
    assert_eq!(transfers(&assessment), [2221]);
}

#[test]
fn o5_identity_card_duplicate() {
    let assessment = assessed(&inputs(&[("issue", "duplicate")]), &identity_card());
    assert_eq!(amounts(&assessment), [1679, 1032, 26]);
    assert_eq!(transfers(&assessment), [2737]);
}

fn stamp() -> Value {
    json!({"document_sha256": HASH, "province": "AQ"})
}

#[test]
fn o6_suap_with_two_stamps() {
    let service = priced(json!({
        "rows": [{"code": "fee", "label": "Diritti di istruttoria", "price": {"cents": 6000}}],
        "stamps": stamp_terms(),
    }));
    let assessment = assessed(&json!({"stamps": [stamp(), stamp()]}), &service);
    assert_eq!(transfers(&assessment), [6000, 1600, 1600]);
    let nominal = assessment.options[0].notices[0].schedule.nominal();
    assert_eq!(nominal.get(), 9200);
}

/// Copies of a file, certified when stamps are asked for: one for each sheet of four sides.
fn copies() -> Service {
    let mut stamps = stamp_terms();
    stamps["sheets"] = json!({"quantity": "a4", "per": 4});
    let number = |name: &str, label: &str| json!({"name": name, "label": label, "default": "0", "asks": {"quantity": {"maximum": 1000}}});
    priced(json!({
        "inputs": [number("a4", "copie A4"), number("a3", "copie A3"), number("searches", "ricerche")],
        "rows": [
            {"code": "a4", "label": "Copie", "price": {"cents": 15}, "times": [{"quantity": "a4"}]},
            {"code": "a3", "label": "Copie", "price": {"cents": 30}, "times": [{"quantity": "a3"}]},
            {"code": "search", "label": "Diritti di ricerca", "price": {"cents": 1000}, "times": [{"quantity": "searches"}]},
        ],
        "stamps": stamps,
    }))
}

#[test]
fn o7_copies_and_search() {
    let given = inputs(&[("a4", "37"), ("a3", "4"), ("searches", "1")]);
    let assessment = assessed(&given, &copies());
    assert_eq!(amounts(&assessment), [555, 120, 1000]);
    assert_eq!(transfers(&assessment), [1675]);
}

#[test]
fn o7_certified_37_sides_want_more_stamps_than_a_notice_carries() {
    let mut details = inputs(&[("a4", "37")]);
    details["stamps"] = json!([stamp()]);
    let errors = refused(&details, &copies());
    assert_eq!(errors.len(), 1);
    assert_eq!(errors[0].0, "/stamps");
    assert!(
        errors[0]
            .1
            .starts_with("servono 10 marche da bollo (160,00 €)"),
        "{errors:?}"
    );
}

#[test]
fn o7_certified_16_sides_fill_one_notice() {
    let mut details = inputs(&[("a4", "16")]);
    details["stamps"] = json!([stamp()]);
    let assessment = assessed(&details, &copies());
    assert_eq!(transfers(&assessment), [240, 1600, 1600, 1600, 1600]);
}

#[test]
fn o7_certified_37_sides_with_duty_in_virtual_form() {
    let service = priced(json!({
        "inputs": [{"name": "sides", "label": "facciate", "asks": {"quantity": {"maximum": 1000}}}],
        "rows": [{"code": "duty", "label": "Bollo assolto in modo virtuale", "price": {"cents": 1600},
                  "times": [{"quantity": "sides", "per": 4}]}],
    }));
    let assessment = assessed(&inputs(&[("sides", "37")]), &service);
    assert_eq!(transfers(&assessment), [16000]);
    assert_eq!(
        assessment.rows[0].label,
        "Bollo assolto in modo virtuale: 10 × 4 facciate × 16,00 €"
    );
}

/// The canone unico of a town whose daily tariff is so many cents.
fn canone(daily_cents: i64) -> Service {
    priced(json!({
        "inputs": [
            {"name": "area", "label": "m²", "asks": {"quantity": {"maximum": 10_000, "decimals": 2}}},
            {"name": "days", "label": "giorni", "default": "0", "asks": {"quantity": {"maximum": 366}}},
            {"name": "kind", "label": "occupazione", "asks": {"choice": [
                {"value": "temporary", "label": "temporanea", "coefficient_bp": 8000},
                {"value": "annual", "label": "annuale", "coefficient_bp": 11_500},
            ]}},
        ],
        "rows": [
            {"code": "temporary", "label": "Canone temporaneo", "price": {"cents": daily_cents},
             "times": [{"quantity": "area", "per": 1}, {"quantity": "days"}], "coefficients": ["kind"],
             "when": [{"chosen": {"input": "kind", "is": ["temporary"]}}]},
            {"code": "annual", "label": "Canone annuo", "price": {"cents": 4000},
             "times": [{"quantity": "area", "per": 1}], "coefficients": ["kind"],
             "when": [{"chosen": {"input": "kind", "is": ["annual"]}}]},
        ],
    }))
}

const EIGHTEEN: [(&str, &str); 3] = [("area", "18"), ("days", "12"), ("kind", "temporary")];

#[test]
fn o8_temporary_at_1_20() {
    assert_eq!(nominal(&inputs(&EIGHTEEN), &canone(120)), 20736);
}

#[test]
fn o8_temporary_at_0_70() {
    assert_eq!(nominal(&inputs(&EIGHTEEN), &canone(70)), 12096);
}

#[test]
fn o8_annual_rounds_the_area_up() {
    let assessment = assessed(&inputs(&[("area", "6.5"), ("kind", "annual")]), &canone(70));
    assert_eq!(amounts(&assessment), [32200]);
    assert_eq!(
        assessment.rows[0].label,
        "Canone annuo: 7 m² × 40,00 € × 1,15 (annuale)"
    );
}

#[test]
fn o9_market_stall_recurring_every_week() {
    let service = priced(json!({
        "inputs": [
            {"name": "area", "label": "m²", "asks": {"quantity": {"maximum": 1000}}},
            {"name": "hours", "label": "ore", "asks": {"quantity": {"maximum": 24}}},
            {"name": "days", "label": "giorni", "asks": {"quantity": {"maximum": 366}}},
        ],
        "rows": [
            {"code": "stall", "label": "Canone mercatale", "price": {"cents": 70}, "divisor": 9,
             "times": [{"quantity": "area"}, {"quantity": "hours"}, {"quantity": "days"}]},
            {"code": "recurring", "label": "Riduzione mercato settimanale 40 %", "price": {"share": {"bp": -4000}}},
        ],
    }));
    let given = inputs(&[("area", "32"), ("hours", "6"), ("days", "52")]);
    let assessment = assessed(&given, &service);
    assert_eq!(amounts(&assessment), [77653, -31061]);
    assert_eq!(transfers(&assessment), [46592]);
}

#[test]
fn o10_gym_by_the_hour() {
    assert_eq!(nominal(&inputs(&[("hours", "1.5")]), &gym()), 2775);
}

#[test]
fn o11_stamp_duty_on_a_receipt_without_vat() {
    let duty = json!({"code": "duty", "label": "Bollo su quietanza", "price": {"cents": 200},
                      "when": [{"above": {"cents": 7747}}]});
    let typed = json!({"typed": {"minimum_cents": 1, "maximum_cents": 60_000}});
    let fee = json!({"code": "fee", "label": "Retta", "price": typed});
    let service = priced(json!({"rows": [fee, duty]}));
    let assessment = assessed(&json!({"amount_cents": 28_500}), &service);
    assert_eq!(amounts(&assessment), [28500, 200]);
    assert_eq!(transfers(&assessment), [28700]);
    // The bound itself bears no duty.
    assert_eq!(nominal(&json!({"amount_cents": 7747}), &service), 7747);
    assert_eq!(nominal(&json!({"amount_cents": 7748}), &service), 7948);
}

#[test]
fn o12_12345_67_in_four() {
    let plan = json!({"code": "parts", "due_days": [30, 60, 90, 120]});
    assert_eq!(
        parts(1_234_567, &plan),
        [308_641, 308_641, 308_641, 308_644]
    );
}

#[test]
fn o13_12345_67_by_quarters() {
    let plan = json!({"code": "parts", "due_days": [30, 60, 90, 120],
                      "shares_bp": [2500, 2500, 2500, 2500]});
    assert_eq!(
        parts(1_234_567, &plan),
        [308_642, 308_642, 308_642, 308_641]
    );
}
