use super::*;
use crate::domain::settlement::flow_key;
use proptest::prelude::*;

fn flow(text: &str) -> FlowReference {
    match parse(text) {
        Reference::Flow(flow) => flow,
        other @ (Reference::Single(_) | Reference::None) => panic!("{text}: {other:?}"),
    }
}

fn known(key: &str) -> KnownFlow {
    KnownFlow {
        key: key.into(),
        psp_id: "PSP".into(),
    }
}

#[test]
fn real_texts_give_their_flow() {
    for (text, id) in [
        (
            "ACCREDITO/PUR/LGPE-RIVERSAMENTO/URI/2020-11-21GovPAYPsp-1234567890/ZZ4/TEST",
            "2020-11-21GOVPAYPSP-1234567890",
        ),
        (
            ":RI3:/PUR/LGPE-RIVERSAMENTO/URI/2024-07-26PPAYITR1XXX-S2024072601 :SEC:CASH",
            "2024-07-26PPAYITR1XXX-S2024072601",
        ),
        (
            "RI1/PUR/LGPE-RIVERSAMENTO/URI/2025-09-23BPPIITRRXXX-000038102790 ACCREDITO BOLLETTINO P.A.",
            "2025-09-23BPPIITRRXXX-000038102790",
        ),
        (
            "/PUR/LGPE-RIVERSAMENTO/TXT/0/URI/2026-03-02UNCRITMM-0000001",
            "2026-03-02UNCRITMM-0000001",
        ),
        (
            "/PUR/LGPE-RIVERSAMENTO/TXT/3/URI/2026-03-02UNCRITMM-1",
            "2026-03-02UNCRITMM-1",
        ),
        (
            "PUR LGPE-RIVERSAMENTO URI 2026-03-02UNCRITMM-1",
            "2026-03-02UNCRITMM-1",
        ),
        (
            "/pur/lgpe-riversamento/uri/2026-03-02uncritmm-1",
            "2026-03-02UNCRITMM-1",
        ),
        (
            "/PUR/L GPE - RIVERSAMENTO/URI/2026-03-02UNCRITMM-1",
            "2026-03-02UNCRITMM-1",
        ),
        (
            "/PUR/LGPE-RIVER\nSAMENTO/UR\r\nI/2026-03-02UNCRITMM-1",
            "2026-03-02UNCRITMM-1",
        ),
        (
            "/PUR/LGPE-RIVERSAMENTO/URI/2026- 03-0 2UNCRITMM-1",
            "2026-03-02UNCRITMM-1",
        ),
    ] {
        let reference = flow(text);
        assert_eq!(reference.id, id, "{text}");
        assert_eq!(
            reference.choose(&[known(id)]),
            Chosen::Exact(known(id)),
            "{text}"
        );
    }
}

#[test]
fn a_blank_inside_the_identifier_is_removed_when_that_names_a_flow() {
    let whole = "2025-09-23BPPIITRRXXX-000038102790";
    for text in [
        "/PUR/LGPE-RIVERSAMENTO/URI/2025-09-23BPPIITRRXXX-0000 38102790 ACCREDITI VARI",
        "/PUR/LGPE-RIVERSAMENTO/URI/2025-09-23BPPI ITRRXXX-000038102790/ACCREDITI",
        "/PUR/LGPE-RIVERSAMENTO/URI/2025-09-23 BPPIITRRXXX-000038102790",
    ] {
        assert_eq!(
            flow(text).choose(&[known(whole)]),
            Chosen::Exact(known(whole)),
            "{text}"
        );
    }
}

#[test]
fn a_cut_text_finds_the_one_flow_that_begins_so() {
    let cut = flow("/PUR/LGPE-RIVERSAMENTO/URI/2024-07-26PPAYITR1XXX-S20240");
    let one = known("2024-07-26PPAYITR1XXX-S2024072601");
    let two = known("2024-07-26PPAYITR1XXX-S2024072602");
    assert_eq!(
        cut.choose(std::slice::from_ref(&one)),
        Chosen::Truncated(one.clone())
    );
    assert_eq!(
        cut.choose(&[two.clone(), one.clone()]),
        Chosen::Ambiguous(vec![one.clone(), two])
    );
    assert_eq!(cut.choose(&[]), Chosen::Nothing);
    let complete = flow("/PUR/LGPE-RIVERSAMENTO/URI/2024-07-26PPAYITR1XXX-S20240/TXT/X");
    assert_eq!(complete.choose(std::slice::from_ref(&one)), Chosen::Nothing);
    let too_short = flow("/PUR/LGPE-RIVERSAMENTO/URI/2024-07-26PPA");
    assert_eq!(too_short.choose(&[one]), Chosen::Nothing);
}

#[test]
fn a_text_may_name_several_flows_in_full() {
    let (a, b) = (
        known("2026-03-02UNCRITMM-1"),
        known("2026-03-02BPPIITRRXXX-22"),
    );
    for text in [
        "/PUR/LGPE-RIVERSAMENTO/TXT/0/URI/2026-03-02UNCRITMM-1 /URI/2026-03-02BPPIITRRXXX-22",
        "/PUR/LGPE-RIVERSAMENTO/URI/2026-03-02UNCRITMM-1/PUR/LGPE-RIVERSAMENTO/URI/2026-03-02BPPIITRRXXX-22",
        "PUR LGPE-RIVERSAMENTO URI 2026-03-02UNCRITMM-1 2026-03-02BPPIITRRXXX-22 DEL GIORNO",
        "/PUR/LGPE-RIVERSAMENTO/URI/2026-03-02UNCRI TMM-1;2026-03-02BPPIITRRXXX-22",
        "/pur/lgpe-riversamento/uri/2026-03-02bppiitrrxxx-22 e uri-2026-03-02uncritmm-1",
    ] {
        let reference = flow(text);
        let both = Chosen::Together(vec![b.clone(), a.clone()]);
        for known in [[a.clone(), b.clone()], [b.clone(), a.clone()]] {
            assert_eq!(reference.choose(&known), both, "{text}");
        }
        // As far as they are known.
        assert_eq!(
            reference.choose(std::slice::from_ref(&a)),
            Chosen::Exact(a.clone()),
            "{text}"
        );
        assert_eq!(
            reference.choose(std::slice::from_ref(&b)),
            Chosen::Exact(b.clone()),
            "{text}"
        );
        assert_eq!(reference.choose(&[]), Chosen::Nothing, "{text}");
    }
    // One that is named twice is one, and dates are no identifiers.
    let twice =
        "/PUR/LGPE-RIVERSAMENTO/URI/2026-03-02UNCRITMM-1 URI/2026-03-02UNCRITMM-1 DEL 2026-03-02";
    assert!(flow(twice).also.is_empty());
}

#[test]
fn an_amount_says_that_all_flows_are_meant_that_a_cut_text_may_mean() {
    let (a, b) = (known("2026-03-02UNCRITMM-1"), known("2026-03-02UNCRITMM-2"));
    let doubtful = Chosen::Ambiguous(vec![a.clone(), b.clone()]);
    let sums = BTreeMap::from([(a.clone(), cents(300)), (b.clone(), cents(200))]);
    let all = Chosen::Summed(vec![a.clone(), b]);
    assert_eq!(doubtful.clone().by_amount(cents(500), &sums), all);
    for amount in [300, 200, 499] {
        assert_eq!(doubtful.clone().by_amount(cents(amount), &sums), doubtful);
    }
    let one = Chosen::Truncated(a.clone());
    assert_eq!(one.clone().by_amount(cents(7), &sums), one);
    assert_eq!(
        doubtful
            .clone()
            .by_amount(cents(300), &BTreeMap::from([(a, cents(300))])),
        doubtful
    );
}

#[test]
fn cash_of_a_payment_is_money_of_the_flow_that_reports_it() {
    let (a, b) = (known("2026-03-02UNCRITMM-1"), known("2026-03-02UNCRITMM-2"));
    for receipt in [None, Some("r1")] {
        let one = cash_of_payment(BTreeSet::from([a.clone()]), receipt);
        assert_eq!(one, PaymentCash::Flow(a.clone()));
        let two = cash_of_payment(BTreeSet::from([b.clone(), a.clone()]), receipt);
        assert_eq!(two, PaymentCash::Ambiguous(vec![a.clone(), b.clone()]));
    }
    assert_eq!(
        cash_of_payment(BTreeSet::new(), Some("r1")),
        PaymentCash::Receipt
    );
    assert_eq!(cash_of_payment(BTreeSet::new(), None), PaymentCash::Nothing);
}

fn cents(n: i64) -> Cents {
    Cents::new(n).unwrap()
}

#[test]
fn single_payments_are_read_in_both_old_forms() {
    let single = |iuv: &str| Reference::Single(iuv.into());
    assert_eq!(
        parse("/RFB/012345678901234/12.50/TXT/TARI"),
        single("012345678901234")
    );
    assert_eq!(
        parse("/RFB/01000000000123468/12.50"),
        single("01000000000123468")
    );
    assert_eq!(
        parse("BONIFICO RFB 012345678901234 12.50"),
        single("012345678901234")
    );
    assert_eq!(
        parse("/RFS/RF18 0000 0000 0539 0075/12.50"),
        single("RF18000000000539 0075".replace(' ', "").as_str())
    );
    assert_eq!(parse("/RFB/ABC/12.50"), Reference::None);
}

#[test]
fn texts_without_a_reference_give_nothing() {
    for text in [
        "",
        "BONIFICO A VOSTRO FAVORE",
        "/PUR/LGPE-RIVERSAMENTO/",
        "URI/2026-01-01X-1",
        "LGPE",
    ] {
        assert_eq!(parse(text), Reference::None, "{text}");
    }
}

#[test]
fn what_is_kept_of_an_endless_identifier_fits_an_index() {
    for start in ["", "2026-03-02"] {
        let reference = flow(&format!(
            "/PUR/LGPE-RIVERSAMENTO/URI/{start}{}",
            "A1-".repeat(2000)
        ));
        let all = [Some(reference.id), reference.joined, reference.open];
        assert!(all.iter().flatten().all(|kept| kept.len() <= 70), "{all:?}");
    }
}

#[test]
fn only_pending_credits_are_in_scope_and_reversals_take_away() {
    let mut entry = Movement {
        year: 2026,
        account: "1".into(),
        number: "7".into(),
        direction: Direction::In,
        document: DocumentKind::PendingCredit,
        operation: Operation::Reversed,
        provisional: Some(12),
        amount: Cents::new(500).unwrap(),
        booked_on: "2026-03-01".parse().unwrap(),
        value_on: None,
        text: String::new(),
        payer: String::new(),
        bank_reference: None,
    };
    assert!(entry.in_scope());
    assert_eq!(entry.effect().get(), -500);
    entry.direction = Direction::Out;
    assert!(!entry.in_scope());
}

proptest! {
    #[test]
    fn any_text_is_read_without_panic(text in ".{0,200}") {
        let _ = parse(&text);
        let _ = parse(&format!("/PUR/LGPE-RIVERSAMENTO/URI/{text}"));
    }

    #[test]
    fn a_flow_identifier_survives_case_tail_and_integrative_number(
        psp in "[A-Za-z0-9_]{1,11}", progressive in "[A-Za-z0-9_\\-]{1,13}",
        n in 0u8..10, tail in prop::sample::select(vec!["", "/ZZ4/X", " :SEC:CASH", "/"]),
    ) {
        let id = format!("2026-03-02{psp}-{progressive}");
        let reference = flow(&format!("X/PUR/LGPE-RIVERSAMENTO/TXT/{n}/URI/{id}{tail}"));
        prop_assert_eq!(&reference.id, &flow_key(&id));
    }

    #[test]
    fn one_blank_anywhere_in_the_identifier_does_not_lose_the_flow(
        progressive in "[0-9]{4,12}", at in 1usize..30,
    ) {
        let id = format!("2026-03-02BPPIITRRXXX-{progressive}");
        let at = at.min(id.len() - 1);
        let (head, tail) = id.split_at(at);
        let text = format!("/PUR/LGPE-RIVERSAMENTO/URI/{head} {tail}");
        prop_assert_eq!(flow(&text).choose(&[known(&id)]), Chosen::Exact(known(&id)));
    }

    #[test]
    fn choosing_does_not_depend_on_the_order_of_flows(mut keys in prop::collection::vec("2026-03-02ABC-[0-9]{3,4}", 0..6)) {
        let reference = flow("/PUR/LGPE-RIVERSAMENTO/URI/2026-03-02ABC-12");
        let flows: Vec<_> = keys.iter().map(|k| known(k)).collect();
        keys.reverse();
        let reversed: Vec<_> = keys.iter().map(|k| known(k)).collect();
        prop_assert_eq!(reference.choose(&flows), reference.choose(&reversed));
    }
}
