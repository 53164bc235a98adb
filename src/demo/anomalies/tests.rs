use serde_json::json;

use super::*;

fn injected() -> Vec<Injected> {
    let all = json!([
        {"kind": "double_payment", "notice_number": "301000000000000001"},
        {"kind": "lost_receipt", "notice_number": "301000000000000002", "sent_on": "2026-03-06", "reported_on": "2026-03-04"},
        {"kind": "lost_receipt", "notice_number": "301000000000000003", "sent_on": "2026-03-06", "reported_on": "2026-03-06"},
        {"kind": "late_payment", "notice_number": "301000000000000004"},
        {"kind": "lost_answer", "notice_number": "301000000000000005"},
        {"kind": "flow_wrong_sum", "flow": "F1"},
        {"kind": "cash_split", "flow": "F2", "movements": ["2026/1/7", "2026/1/8"]},
    ]);
    serde_json::from_value(all).unwrap()
}

fn payment(number: &str, words: &[&str]) -> Payment {
    let anomalies: Vec<_> = words.iter().map(|word| json!({"code": word})).collect();
    let payment = json!({
        "payment_id": "p", "notice_number": number, "amount_cents": 100, "paid_date": "2026-03-02",
        "anomalies": anomalies,
    });
    serde_json::from_value(payment).unwrap()
}

fn line(kind: &str, key: &str, (code, group): (&str, &str), flags: &[&str]) -> Line {
    let line = json!({
        "line_kind": kind, "line_key": key, "code": code, "group": group, "rule": "some_rule",
        "flags": flags, "iuv": "01000000000000001", "amount_cents": 100,
        "explanation": {"inputs": {"flow_lines": ["P/F2/1/1"]}, "compared": []},
    });
    serde_json::from_value(line).unwrap()
}

/// A year in which everything injected is found.
fn found() -> Found {
    let mut found = Found::default();
    let due = BTreeMap::from([
        (
            "301000000000000001".to_owned(),
            "2026-03-02".parse().unwrap(),
        ),
        (
            "301000000000000004".to_owned(),
            "2026-03-01".parse().unwrap(),
        ),
    ]);
    for payment in [
        payment("301000000000000001", &[]),
        payment("301000000000000001", &["paid_twice"]),
        payment("301000000000000002", &["receipt_after_flow"]),
        payment("301000000000000004", &[]),
    ] {
        found.add_payment(&payment, &due);
    }
    let flow = json!({
        "flow_code": "F1", "state": "superseded", "declared_amount_cents": 101, "computed_amount_cents": 100,
        "declared_entries": 1, "computed_entries": 1,
    });
    found.add_flow(&serde_json::from_value(flow).unwrap());
    let (double, matched) = (("double_payment", "anomaly"), ("matched_settled", "ok"));
    found.add_line(&line("receipt", "Abc/1", double, &[]));
    found.add_line(&line("receipt", "b/1", matched, &["split_transfer"]));
    found.add_line(&line("flow_line", "P/F2/1/1", matched, &["split_transfer"]));
    let mut cash =
        ["2026/1/7", "2026/1/8"].map(|key| line("treasury", key, matched, &["split_transfer"]));
    for line in &mut cash {
        (line.iuv, line.explanation) = (None, Explanation::default());
        found.add_line(line);
    }
    found
}

fn report(rows: &[(&str, &str)]) -> OpenLines {
    let items: Vec<_> = rows
        .iter()
        .map(|(code, line)| json!({"cells": ["2026-03-02", line, null, code]}))
        .collect();
    let names = ["since", "line", "iuv", "code"].map(|name| json!({"column": name}));
    serde_json::from_value(json!({"columns": names, "items": items})).unwrap()
}

const TOLD: (&str, &str) = ("DOUBLE_PAYMENT", "Abc/1");

#[test]
fn what_was_injected_is_found_and_nothing_else() {
    let all = Comparison {
        injected: 7,
        accounted: 7,
        causeless: 0,
        differences: Vec::new(),
    };
    assert_eq!(found().compare(&injected(), &report(&[TOLD])), all);
}

#[test]
fn one_finding_more_or_less_is_a_difference() {
    let mut more = found();
    more.add_payment(
        &payment("301000000000000009", &["paid_twice"]),
        &BTreeMap::new(),
    );
    let told = more.compare(&injected(), &report(&[TOLD]));
    assert_eq!((told.accounted, told.causeless), (7, 1));
    assert_eq!(
        told.differences,
        ["not injected: paid_twice 301000000000000009"]
    );
    let mut less = injected();
    less.push(Injected::FlowRevised {
        flow: "F9".to_owned(),
    });
    let told = found().compare(&less, &report(&[TOLD]));
    assert_eq!((told.accounted, told.injected), (7, 8));
    assert_eq!(told.differences, ["not found: flow_revised F9"]);
}

#[test]
fn a_line_of_no_use_to_anybody_is_a_difference() {
    let mut more = found();
    more.add_line(&line(
        "treasury",
        "2026/1/9",
        ("out_of_scope", "neutral"),
        &[],
    ));
    let told = more.compare(&injected(), &report(&[TOLD]));
    assert_eq!(
        told.differences,
        ["not injected: out_of_scope 301000000000000001"]
    );
}

#[test]
fn the_report_has_the_lines_of_the_list() {
    let told = found().compare(&injected(), &report(&[]));
    assert_eq!(
        told.differences,
        ["not in the report: double_payment abc/1"]
    );
    let told = found().compare(&injected(), &report(&[TOLD, ("REVOKED", "x/1")]));
    assert_eq!(told.differences, ["only in the report: revoked x/1"]);
}
