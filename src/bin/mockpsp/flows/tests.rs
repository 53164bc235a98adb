use std::collections::BTreeSet;

use super::*;
use crate::state::{Activated, Event, Transfer};

const TOWN: &str = "80001230456";
const PROVINCE: &str = "80009990012";

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

/// `count` payments by all providers on `on`: 100.00 to the town, 5.00 to the province.
fn collect(state: &mut State, count: usize, on: &str) {
    for _ in 0..count {
        let index = state.payments.len();
        let transfer = |n, cents, org: &str, iban: &str| Transfer {
            n,
            cents,
            org: org.into(),
            iban: iban.into(),
            stamp: None,
        };
        let transfers = vec![
            transfer(1, 10_000, TOWN, "IT60X0542811101000000123456"),
            transfer(2, 500, PROVINCE, "IT28W8000000292100645211208"),
        ];
        let activated = Activated {
            token: format!("token{index}"),
            creditor: TOWN.into(),
            notice_number: format!("3010{index:014}"),
            iuv: format!("010{index:014}"),
            psp: index % psps::ALL.len(),
            day: day(on),
            cents: 10_500,
            planned: None,
            complete_on: None,
            stand_in: false,
            transfers,
            details: None,
        };
        state.apply(Event::Activated(Box::new(activated))).unwrap();
        let at = day(on).and_hms_opt(10, 0, 0).unwrap();
        state
            .apply(Event::Paid {
                payment: index,
                day: day(on),
                at,
                deliver_on: None,
                reported: crate::state::Reported::Executed,
            })
            .unwrap();
    }
}

/// The same five payments, arriving in the given order.
fn arrived(order: [usize; 5]) -> State {
    let mut state = State::default();
    for n in order {
        let transfer = Transfer {
            n: 1,
            cents: 1000 + u64::try_from(n).unwrap(),
            org: TOWN.into(),
            iban: "IT60X0542811101000000123456".into(),
            stamp: None,
        };
        let activated = Activated {
            token: format!("token{n}"),
            creditor: TOWN.into(),
            notice_number: format!("3010{n:014}"),
            iuv: format!("010{n:014}"),
            psp: 0,
            day: day("2026-03-02"),
            cents: transfer.cents,
            planned: None,
            complete_on: None,
            stand_in: false,
            transfers: vec![transfer],
            details: None,
        };
        let payment = state.payments.len();
        state.apply(Event::Activated(Box::new(activated))).unwrap();
        // Two of them in the same second.
        let minute = u32::try_from(n).unwrap() / 2;
        let paid = Event::Paid {
            payment,
            day: day("2026-03-02"),
            at: day("2026-03-02").and_hms_opt(10, minute, 0).unwrap(),
            deliver_on: None,
            reported: crate::state::Reported::Executed,
        };
        state.apply(paid).unwrap();
    }
    state
}

#[test]
fn the_rows_of_a_flow_stand_in_the_order_of_payment_whatever_the_order_of_arrival() {
    let mischief = FlowMischief {
        flow_revised: 1000,
        ..FlowMischief::default()
    };
    let flow = |order| {
        let state = arrived(order);
        let flow = settle(
            &state,
            (7, day("2026-03-02")),
            mischief,
            Troubles::default(),
        )
        .remove(0);
        let tokens: Vec<String> = flow
            .rows
            .iter()
            .map(|(payment, _)| state.payments[*payment].activation.token.clone())
            .collect();
        (tokens, flow.revisions)
    };
    let (tokens, revisions) = flow([0, 1, 2, 3, 4]);
    assert_eq!(tokens, ["token0", "token1", "token2", "token3", "token4"]);
    assert_eq!(revisions[0].sum_cents, 1000 + 1001 + 1002 + 1003);
    for order in [[4, 3, 2, 1, 0], [2, 4, 1, 0, 3]] {
        assert_eq!(flow(order), (tokens.clone(), revisions.clone()));
    }
}

fn close(state: &mut State, on: &str, mischief: FlowMischief) -> Vec<Flow> {
    let flows = settle(state, (7, day(on)), mischief, Troubles::default());
    let closed = crate::state::Closed {
        day: day(on),
        figures: serde_json::Value::Null,
        flows: flows.clone(),
    };
    state.apply(Event::Closed(Box::new(closed))).unwrap();
    flows
}

#[test]
fn each_transfer_is_reported_once_to_its_own_beneficiary() {
    let mut state = State::default();
    collect(&mut state, 23, "2026-03-02");
    let flows = close(&mut state, "2026-03-02", FlowMischief::default());
    assert_eq!(flows.len(), 10);
    let rows: BTreeSet<(usize, u8)> = flows.iter().flat_map(|flow| flow.rows.clone()).collect();
    assert_eq!(rows.len(), 46);
    assert_eq!(flows.iter().map(|flow| flow.rows.len()).sum::<usize>(), 46);
    let sum = |org: &str| {
        flows
            .iter()
            .filter(|flow| flow.org == org)
            .map(|flow| flow.cents)
            .sum::<u64>()
    };
    assert_eq!((sum(TOWN), sum(PROVINCE)), (230_000, 11_500));
    let names: BTreeSet<_> = flows.iter().map(|flow| &flow.fdr).collect();
    assert_eq!(names.len(), 10);
    assert!(
        names
            .iter()
            .all(|name| name.starts_with("2026-03-03") && name.len() <= 35),
        "{names:?}"
    );
    assert!(close(&mut state, "2026-03-03", FlowMischief::default()).is_empty());
}

#[test]
fn names_are_never_used_twice_and_weekends_are_settled_on_monday() {
    let mut state = State::default();
    let mut names = BTreeSet::new();
    for on in ["2026-03-05", "2026-03-06", "2026-03-07", "2026-03-08"] {
        collect(&mut state, 6, on);
        for flow in close(&mut state, on, FlowMischief::default()) {
            let expected = if on == "2026-03-05" {
                "2026-03-06"
            } else {
                "2026-03-09"
            };
            assert_eq!(flow.regulation_date, day(expected));
            assert!(names.insert(flow.fdr));
        }
    }
}

#[test]
fn a_wrong_header_is_put_right_by_a_later_revision() {
    let mut state = State::default();
    collect(&mut state, 40, "2026-03-02");
    let mischief = FlowMischief {
        flow_wrong_sum: 1000,
        ..FlowMischief::default()
    };
    for flow in close(&mut state, "2026-03-02", mischief) {
        let [first, second] = flow.revisions.as_slice() else {
            panic!("{flow:?}")
        };
        assert_ne!(first.sum_cents, flow.cents);
        assert_eq!((second.sum_cents, second.total_payments), (flow.cents, 8));
        assert!(second.published > first.published && second.fdr_date > first.fdr_date);
        assert!(first.published > first.fdr_date);
        assert_eq!(flow.latest(day("2026-03-02")), None);
        assert_eq!(flow.latest(day("2026-03-04")).unwrap().0, 1);
        assert_eq!(flow.latest(day("2026-03-06")).unwrap().0, 2);
        assert!(local_day(first.published) <= day("2026-03-04"));
    }
}

#[test]
fn a_revised_flow_leaves_a_row_out_at_first() {
    let mut state = State::default();
    collect(&mut state, 10, "2026-03-02");
    let mischief = FlowMischief {
        flow_revised: 1000,
        ..FlowMischief::default()
    };
    for flow in close(&mut state, "2026-03-02", mischief) {
        assert_eq!(flow.revisions[0].left_out, 1);
        assert_eq!(flow.revisions[0].total_payments, 1);
        assert_eq!(
            (flow.revisions[1].left_out, flow.revisions[1].sum_cents),
            (0, flow.cents)
        );
    }
}

#[test]
fn the_cash_fits_the_flows_and_the_journal_is_stable() {
    let mut state = State::default();
    collect(&mut state, 40, "2026-03-05");
    let mischief = FlowMischief {
        cash_split: 500,
        ..FlowMischief::default()
    };
    let flows = close(&mut state, "2026-03-05", mischief);
    assert!(
        flows.iter().any(|flow| flow.credits.len() == 2)
            && flows.iter().any(|flow| flow.credits.len() == 1)
    );
    for flow in &flows {
        assert_eq!(
            flow.credits.iter().map(|credit| credit.cents).sum::<u64>(),
            flow.cents
        );
        assert_eq!(flow.credits[0].value_date, flow.regulation_date);
        assert!(
            flow.credits
                .iter()
                .all(|credit| credit.text.ends_with(&flow.fdr))
        );
    }
    let text = treasury::journal(
        &state,
        TOWN,
        (day("2026-03-01"), day("2026-03-31")),
        treasury::Format::Csv,
    )
    .unwrap();
    let text = String::from_utf8(text).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert!(
        lines[0].starts_with("esercizio;conto;numero_movimento;")
            && lines[0].ends_with(";ordinante;causale")
    );
    let credits: usize = flows
        .iter()
        .filter(|flow| flow.org == TOWN)
        .map(|flow| flow.credits.len())
        .sum();
    assert_eq!(lines.len(), credits + 1);
    assert!(lines[1].starts_with("2026;000000123456;"), "{}", lines[1]);
    assert!(
        lines[1].contains(";ENTRATA;SOSPESO ENTRATA;ESEGUITO;")
            && lines[1].contains(";2026-03-06;2026-03-06;")
    );
    let none = treasury::journal(
        &state,
        TOWN,
        (day("2026-03-01"), day("2026-03-05")),
        treasury::Format::Csv,
    )
    .unwrap();
    assert_eq!(String::from_utf8(none).unwrap().lines().count(), 1);
}
