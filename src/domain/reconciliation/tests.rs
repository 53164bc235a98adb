use super::*;
use crate::domain::reconciliation::facts::Quality;
use crate::domain::settlement::Outcome;
use proptest::prelude::*;

mod truth_table;

fn c(n: i64) -> Cents {
    Cents::new(n).unwrap()
}

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn flow(sum: i64, cash: &[i64]) -> Flow {
    let credit = |(n, amount): (usize, &i64)| Credit {
        key: format!("2026/1/{n}"),
        effect: c(*amount),
        booked_on: day("2026-03-04"),
        iuv: None,
        match_quality: Quality::Whole,
    };
    Flow {
        name: "PSP/2026-03-03PSP-1".into(),
        revision: 1,
        live: true,
        previous: None,
        regulation_on: day("2026-03-03"),
        sum: c(sum),
        header_mismatch: false,
        wrong_body: false,
        credits: cash.iter().enumerate().map(credit).collect(),
        companions: Vec::new(),
        tolerance: Cents::ZERO,
    }
}

fn notice(iuv: &str, option: i16) -> Notice {
    Notice {
        number: format!("3{iuv}"),
        iuv: iuv.into(),
        option,
        withdrawn: false,
    }
}

fn paid(iuv: &str, receipt: &str, amount: i64) -> Paid {
    Paid {
        receipt_id: receipt.into(),
        iuv: iuv.into(),
        transfer: 1,
        amount: c(amount),
        total: c(amount),
        own_notice: true,
        issuer: "99999000203".into(),
        in_scope: true,
        paid_on: day("2026-03-02"),
        stand_in: false,
        remarks: BTreeSet::new(),
    }
}

fn row<'a>(flow: &'a Flow, number: u32, iuv: &str, iur: &str, amount: i64) -> Reported<'a> {
    Reported {
        key: format!("{}/{}/{number}", flow.name, flow.revision),
        flow,
        iuv: iuv.into(),
        iur: iur.into(),
        transfer: 1,
        amount: c(amount),
        effect: c(amount),
        outcome: Outcome::Executed,
        paid_on: day("2026-03-02"),
        own_iuv: true,
    }
}

fn codes(case: &Case<'_>) -> Vec<Code> {
    classify(case)
        .into_iter()
        .map(|finding| finding.code)
        .collect()
}

fn known<'a>(paid: Vec<Paid>, reported: Vec<Reported<'a>>) -> Case<'a> {
    Case {
        notices: vec![notice("A", 1)],
        paid,
        reported,
        singles: Vec::new(),
        tolerance: Cents::ZERO,
        today: day("2026-03-05"),
    }
}

#[test]
fn the_chain_is_followed_from_receipt_to_cash() {
    use Code::*;
    let e = || vec![paid("A", "r1", 500)];
    for (cash, code) in [
        (&[][..], ReportedNotSettled),
        (&[500][..], MatchedSettled),
        (&[300, 200][..], MatchedSettled),
        (&[300][..], SettledPartial),
        (&[500, -500][..], ReportedNotSettled),
        (&[500, -200][..], SettledPartial),
        (&[501][..], SettledAmountDiff),
    ] {
        let flow = flow(500, cash);
        let case = known(e(), vec![row(&flow, 1, "A", "r1", 500)]);
        assert_eq!(codes(&case), [code, code], "{cash:?}");
    }
    assert_eq!(codes(&known(e(), Vec::new())), [PaidNotReported]);
}

#[test]
fn rows_that_disagree_with_receipts_are_named_with_and_without_cash() {
    use Code::*;
    for cash in [&[][..], &[400][..]] {
        let flow = flow(400, cash);
        let differs = known(
            vec![paid("A", "r1", 500)],
            vec![row(&flow, 1, "A", "r1", 400)],
        );
        assert_eq!(codes(&differs), [ReportedAmountDiff, ReportedAmountDiff]);
        let alone = known(Vec::new(), vec![row(&flow, 1, "A", "r1", 400)]);
        assert_eq!(codes(&alone), [ReportedWithoutReceipt]);
        let unknown = Case {
            reported: vec![row(&flow, 1, "B", "r9", 400)],
            ..Case::default()
        };
        assert_eq!(codes(&unknown), [ReportedUnknownDebt]);
        let mut others = row(&flow, 1, "B", "r9", 400);
        others.own_iuv = false;
        assert_eq!(
            codes(&Case {
                reported: vec![others],
                ..Case::default()
            }),
            [OutOfScope]
        );
    }
}

#[test]
fn a_second_receipt_or_an_excluded_option_marks_every_payment_of_the_debt() {
    let twice = known(vec![paid("A", "r1", 500), paid("A", "r2", 500)], Vec::new());
    assert_eq!(codes(&twice), [Code::DoublePayment; 2]);
    let flow = flow(500, &[]);
    let other_iur = known(
        vec![paid("A", "r1", 500)],
        vec![row(&flow, 1, "A", "r2", 500)],
    );
    assert_eq!(codes(&other_iur), [Code::DoublePayment; 2]);
    let options = Case {
        notices: vec![notice("A", 1), notice("B", 2), notice("C", 2)],
        paid: vec![paid("A", "r1", 500), paid("B", "r2", 250)],
        ..Case::default()
    };
    assert_eq!(codes(&options), [Code::DoublePayment; 2]);
    let instalments = Case {
        notices: vec![notice("A", 1), notice("B", 2), notice("C", 2)],
        paid: vec![paid("B", "r1", 250), paid("C", "r2", 250)],
        ..Case::default()
    };
    assert_eq!(codes(&instalments), [Code::PaidNotReported; 2]);
    let found = classify(&twice);
    assert_eq!(found[0].explanation.receipts.len(), 2);
    assert_eq!(found[0].rule, "same_notice");
}

#[test]
fn an_equal_iuv_of_another_issuer_is_another_payment() {
    let mut copy = paid("A", "r2", 300);
    copy.own_notice = false;
    let case = known(vec![paid("A", "r1", 500), copy], Vec::new());
    assert_eq!(codes(&case), [Code::PaidNotReported; 2]);
    let foreign = |receipt: &str, issuer: &str| Paid {
        own_notice: false,
        issuer: issuer.into(),
        ..paid("A", receipt, 300)
    };
    let two = vec![foreign("r2", "90002000660"), foreign("r3", "99999000401")];
    assert_eq!(codes(&known(two, Vec::new())), [Code::PaidNotReported; 2]);
    let same = vec![foreign("r2", "90002000660"), foreign("r3", "90002000660")];
    assert_eq!(codes(&known(same, Vec::new())), [Code::DoublePayment; 2]);
}

#[test]
fn shares_of_other_bodies_are_out_of_scope() {
    let mut share = paid("A", "r1", 25);
    share.transfer = 2;
    share.in_scope = false;
    let case = known(vec![paid("A", "r1", 475), share], Vec::new());
    assert_eq!(codes(&case), [Code::PaidNotReported, Code::OutOfScope]);
}

#[test]
fn a_revision_moves_the_old_rows_out_and_flags_what_changed() {
    let old = Flow {
        live: false,
        ..flow(700, &[])
    };
    let new = Flow {
        revision: 2,
        previous: Some(1),
        ..flow(600, &[])
    };
    let case = Case {
        notices: vec![notice("A", 1)],
        paid: vec![paid("A", "r1", 500)],
        reported: vec![row(&old, 1, "A", "r1", 400), row(&new, 1, "A", "r1", 500)],
        ..Case::default()
    };
    let found = classify(&case);
    let code = |n: usize| found[n].code;
    assert_eq!(
        (code(0), code(1), code(2)),
        (
            Code::ReportedNotSettled,
            Code::OutOfScope,
            Code::ReportedNotSettled
        )
    );
    assert!(
        found[1].flags.contains(&Flag::FlowRevised) && found[2].flags.contains(&Flag::FlowRevised)
    );
    let dropped = Case {
        reported: vec![row(&old, 1, "A", "r1", 400)],
        ..case
    };
    let found = classify(&dropped);
    assert_eq!(found[0].code, Code::PaidNotReported);
    assert!(found[0].flags.contains(&Flag::FlowRevised));
}

#[test]
fn a_single_transfer_settles_a_receipt_without_a_flow() {
    let single = |amount: i64| Credit {
        key: "2026/1/9".into(),
        effect: c(amount),
        booked_on: day("2026-03-04"),
        iuv: Some("A".into()),
        match_quality: Quality::Whole,
    };
    for (amount, code) in [
        (500, Code::MatchedSettledSingle),
        (499, Code::SettledAmountDiff),
    ] {
        let case = Case {
            singles: vec![single(amount)],
            ..known(vec![paid("A", "r1", 500)], vec![])
        };
        assert_eq!(codes(&case), [code]);
        let target = CreditTarget::Single {
            receipts: vec!["r1/1".into()],
            total: c(500),
            cash: c(amount),
            tolerance: Cents::ZERO,
        };
        let found = classify_credit(&single(amount), &target, day("2026-03-05"));
        assert_eq!(found.code, code);
    }
}

#[test]
fn cash_without_a_known_reference_waits_under_its_own_code() {
    let flow = flow(500, &[500]);
    let credit = flow.credits[0].clone();
    let today = day("2026-03-05");
    let code = |target: CreditTarget<'_>| classify_credit(&credit, &target, today).code;
    assert_eq!(code(CreditTarget::Flow(&flow)), Code::MatchedSettled);
    assert_eq!(
        code(CreditTarget::Unknown(Vec::new())),
        Code::CashUnknownReference
    );
    assert_eq!(code(CreditTarget::NoReference), Code::CashUnidentified);
    assert_eq!(code(CreditTarget::OutOfScope), Code::OutOfScope);
    let several = CreditTarget::Unknown(vec!["a".into(), "b".into()]);
    assert!(
        classify_credit(&credit, &several, today)
            .flags
            .contains(&Flag::Ambiguous)
    );
}

#[test]
fn flags_tell_what_is_odd_about_a_row() {
    let mut late = flow(500, &[200, 300]);
    late.regulation_on = day("2026-03-09");
    late.header_mismatch = true;
    late.credits[0].match_quality = Quality::Beginning;
    let mut odd = row(&late, 1, "A", "r1", 250);
    odd.outcome = Outcome::StandIn;
    let twin = row(&late, 2, "A", "r1", 250);
    let case = known(vec![paid("A", "r1", 250)], vec![odd, twin]);
    let flags = &classify(&case)[1].flags;
    for flag in [
        Flag::Late,
        Flag::FlowHeaderMismatch,
        Flag::ReferenceTruncated,
        Flag::SplitTransfer,
        Flag::StandIn,
        Flag::FlowRowDuplicate,
    ] {
        assert!(flags.contains(&flag), "{flag}");
    }
}

#[test]
fn cash_tells_what_is_odd_about_its_flow() {
    let mut odd = flow(500, &[500]);
    odd.wrong_body = true;
    odd.header_mismatch = true;
    odd.regulation_on = day("2026-02-20");
    let credit = odd.credits[0].clone();
    let found = classify_credit(&credit, &CreditTarget::Flow(&odd), day("2026-03-05"));
    let flags = [Flag::FlowHeaderMismatch, Flag::FlowWrongBody, Flag::Late];
    assert_eq!(found.flags, BTreeSet::from(flags));
}

#[test]
fn a_row_without_receipt_for_a_withdrawn_notice_is_paid_after_cancel() {
    let flow = flow(500, &[]);
    let mut line = row(&flow, 1, "A", "r1", 500);
    line.outcome = Outcome::NoReceipt;
    let mut case = known(Vec::new(), vec![line]);
    case.notices[0].withdrawn = true;
    let found = classify(&case).remove(0);
    assert_eq!(found.code, Code::ReportedWithoutReceipt);
    assert!(found.flags.contains(&Flag::PaidAfterCancel));
}

#[test]
fn flows_that_one_transfer_pays_are_held_against_it_together() {
    let mut both = flow(500, &[800]);
    both.companions = vec![Companion {
        name: "PSP/2026-03-03PSP-2".into(),
        sum: c(300),
        regulation_on: day("2026-03-03"),
    }];
    let case = known(
        vec![paid("A", "r1", 500)],
        vec![row(&both, 1, "A", "r1", 500)],
    );
    let found = classify(&case);
    assert_eq!(found[0].code, Code::MatchedSettled);
    assert_eq!(found[0].flags, BTreeSet::from([Flag::MultiFlowTransfer]));
    assert_eq!(found[0].explanation.companions.len(), 1);
    let cash = classify_credit(
        &both.credits[0],
        &CreditTarget::Flow(&both),
        day("2026-03-05"),
    );
    assert_eq!(cash.code, Code::MatchedSettled);
    assert_eq!(cash.explanation.compared[0].left, c(800));
    assert!(cash.flags.contains(&Flag::MultiFlowTransfer));
    both.companions[0].sum = c(301);
    let cash = classify_credit(
        &both.credits[0],
        &CreditTarget::Flow(&both),
        day("2026-03-05"),
    );
    assert_eq!(cash.code, Code::SettledPartial);
}

#[test]
fn what_differs_within_the_tolerance_agrees() {
    for (tolerance, code) in [
        (0, Code::SettledPartial),
        (2, Code::SettledPartial),
        (3, Code::MatchedSettled),
    ] {
        let mut flow = flow(500, &[497]);
        flow.tolerance = c(tolerance);
        let case = known(
            vec![paid("A", "r1", 500)],
            vec![row(&flow, 1, "A", "r1", 500)],
        );
        assert_eq!(codes(&case), [code, code], "{tolerance}");
    }
}

#[test]
fn a_line_that_an_officer_has_closed_says_what_it_would_be() {
    use super::decision::{DecisionReason, Forcing};
    let by = Forcing {
        decision: uuid::Uuid::nil(),
        reason: DecisionReason::Refunded,
    };
    let open = classify(&known(vec![paid("A", "r1", 500)], Vec::new())).remove(0);
    let closed = open.clone().forced(by);
    assert_eq!(
        (closed.code, closed.code.group()),
        (Code::Forced, Group::Closed)
    );
    let instead = closed.explanation.forced.map(|forced| forced.instead_of);
    assert_eq!(instead, Some(Code::PaidNotReported));
    assert_eq!((closed.amount, closed.since), (open.amount, open.since));
}

#[test]
fn the_rest_of_a_flow_is_waited_for_and_then_missed() {
    let part = flow(500, &[499]);
    let mut together = flow(500, &[499]);
    together.companions = vec![Companion {
        name: "PSP/other".into(),
        sum: c(0),
        regulation_on: day("2026-03-06"),
    }];
    // The newest fact is of 4 March, with the other flow of 6 March.
    for (flow, on, code, rule) in [
        (&part, "2026-03-14", Code::SettledPartial, "cash_below_flow"),
        (
            &part,
            "2026-03-15",
            Code::SettledAmountDiff,
            "rest_did_not_come",
        ),
        (
            &together,
            "2026-03-16",
            Code::SettledPartial,
            "cash_below_flow",
        ),
        (
            &together,
            "2026-03-17",
            Code::SettledAmountDiff,
            "rest_did_not_come",
        ),
    ] {
        let paid = vec![paid("A", "r1", 500)];
        let case = Case {
            today: day(on),
            ..known(paid, vec![row(flow, 1, "A", "r1", 500)])
        };
        let mut found = classify(&case);
        found.push(classify_credit(
            &flow.credits[0],
            &CreditTarget::Flow(flow),
            day(on),
        ));
        for one in found {
            assert_eq!((one.code, one.rule), (code, rule), "{on}");
        }
    }
    let waited = AgeBucket::of(PENDING_DAYS_MAX);
    let over = AgeBucket::of(PENDING_DAYS_MAX + 1);
    let groups = [waited, over].map(|age| Code::ReportedNotSettled.group_at(age));
    assert_eq!(groups, [Group::Pending, Group::Anomaly]);
}

#[test]
fn cash_and_what_takes_it_back_leave_a_flow_without_cash() {
    let back = flow(500, &[500, -500]);
    let case = known(
        vec![paid("A", "r1", 500)],
        vec![row(&back, 1, "A", "r1", 500)],
    );
    for found in classify(&case) {
        assert_eq!(
            (found.code, found.rule),
            (Code::ReportedNotSettled, "no_cash_yet")
        );
        assert!(found.flags.is_empty(), "{:?}", found.flags);
        assert_eq!(found.explanation.credits.len(), 2);
    }
    for credit in &back.credits {
        let found = classify_credit(credit, &CreditTarget::Flow(&back), day("2026-03-05"));
        assert_eq!((found.code, found.rule), (Code::OutOfScope, "taken_back"));
    }
    let again = flow(500, &[500, -500, 500]);
    assert!(!again.is_split());
    assert_eq!(again.compare(day("2026-03-05")), Cash::Equal);
    // A flow whose rows come to nothing waits for nothing.
    assert_eq!(flow(0, &[]).compare(day("2026-03-05")), Cash::Equal);
}

#[test]
fn a_receipt_explains_one_row_and_another_one_about_it_has_no_receipt() {
    let first = flow(1000, &[1000]);
    let later = Flow {
        name: "PSP/later".into(),
        regulation_on: day("2026-03-04"),
        ..flow(500, &[500])
    };
    let told = |rows: Vec<Reported<'_>>| {
        let found = classify(&known(vec![paid("A", "r1", 500)], rows));
        let told = |f: &Finding| {
            (
                f.line.key.clone(),
                f.code,
                f.rule,
                f.flags.contains(&Flag::FlowRowDuplicate),
            )
        };
        found.iter().map(told).collect::<Vec<_>>()
    };
    let key = |flow: &Flow, n: u32| format!("{}/1/{n}", flow.name);
    use Code::{MatchedSettled, ReportedWithoutReceipt};
    // Rows 2 and 10 of one flow: the second is the first.
    let rows = vec![
        row(&first, 10, "A", "r1", 500),
        row(&first, 2, "A", "r1", 500),
    ];
    assert_eq!(
        told(rows),
        [
            ("r1/1".to_owned(), MatchedSettled, "chain_complete", true),
            (key(&first, 10), ReportedWithoutReceipt, "row_again", true),
            (key(&first, 2), MatchedSettled, "chain_complete", true),
        ]
    );
    // In two flows: the earlier transfer, unless only the other has the amount.
    let rows = vec![
        row(&later, 1, "A", "r1", 500),
        row(&first, 1, "A", "r1", 500),
    ];
    assert_eq!(
        told(rows)[1..],
        [
            (key(&first, 1), MatchedSettled, "chain_complete", true),
            (key(&later, 1), ReportedWithoutReceipt, "row_again", true),
        ]
    );
    let rows = vec![
        row(&later, 1, "A", "r1", 500),
        row(&first, 1, "A", "r1", 400),
    ];
    assert_eq!(
        told(rows)[1..],
        [
            (key(&first, 1), ReportedWithoutReceipt, "row_again", true),
            (key(&later, 1), MatchedSettled, "chain_complete", true),
        ]
    );
    // A flow that was replaced says nothing any more.
    let replaced = Flow {
        live: false,
        ..later.clone()
    };
    let rows = vec![
        row(&replaced, 1, "A", "r1", 500),
        row(&first, 1, "A", "r1", 500),
    ];
    assert!(told(rows).iter().all(|told| !told.3));
    // What takes a payment back is about its receipt, whatever the flow is called.
    let mut back = row(&later, 1, "A", "r1", 500);
    back.outcome = Outcome::Revoked;
    let rows = vec![row(&first, 1, "A", "r1", 500), back];
    let told = told(rows);
    assert!(told.iter().all(|told| !told.3));
    let codes: Vec<Code> = told.into_iter().map(|told| told.1).collect();
    assert_eq!(codes, [Code::Revoked, MatchedSettled, Code::Revoked]);
}

#[test]
fn a_debt_with_thousands_of_receipts_is_decided_like_one_with_two() {
    let flow = flow(2000 * 500, &[]);
    let receipts = |n: u32| (0..n).map(|n| paid("A", &format!("r{n:04}"), 500));
    let rows = |n: u32| (0..n).map(|n| row(&flow, n + 1, "A", &format!("r{n:04}"), 500));
    let many = known(receipts(2000).collect(), rows(2000).collect());
    let found = classify(&many);
    assert_eq!(found.len(), 4000);
    let few = classify(&known(receipts(2).collect(), rows(2).collect()));
    assert_eq!(
        few[0].explanation.receipts,
        BTreeSet::from(["r0000/1".into(), "r0001/1".into()])
    );
    for one in &found {
        assert_eq!((one.code, one.rule), (few[0].code, few[0].rule));
        assert_eq!((one.code, one.rule), (Code::DoublePayment, "same_notice"));
        let own = [&one.explanation.receipts, &one.explanation.flow_lines];
        let listed = own.iter().any(|keys| keys.contains(&one.line.key));
        assert!(listed && own.iter().all(|keys| keys.len() <= LISTED_MAX + 1));
    }
    // Each on a notice of its own of the same option, they are payments of their own.
    let notices: Vec<Notice> = (0..2000).map(|n| notice(&format!("A{n}"), 1)).collect();
    let paid: Vec<Paid> = (0..2000)
        .map(|n| paid(&format!("A{n}"), &format!("r{n}"), 500))
        .collect();
    let apart = classify(&Case {
        notices,
        paid,
        ..Case::default()
    });
    assert!(apart.iter().all(|one| one.code == Code::PaidNotReported));
    assert_eq!(apart.len(), 2000);
}

#[test]
fn every_code_has_a_label_of_its_own() {
    let labels: BTreeSet<_> = Code::ALL.iter().map(|code| code.label()).collect();
    assert_eq!(labels.len(), 15);
}

proptest! {
    #[test]
    fn every_line_has_one_code_in_any_order(
        receipts in prop::collection::vec((0usize..3, 0usize..4, 1i64..4), 0..6),
        rows in prop::collection::vec((0usize..3, 0usize..4, 1i64..4, 0usize..3, 0usize..5), 0..8),
        cash in prop::collection::vec(1i64..6, 0..3),
        seed in any::<u64>(),
    ) {
        let flows = [
            Flow { live: false, ..flow(5, &[]) },
            Flow { revision: 2, previous: Some(1), ..flow(5, &cash) },
            Flow { name: "PSP/other".into(), ..flow(3, &[]) },
        ];
        let iuvs = ["A", "B", "X"];
        let mut seen = BTreeSet::new();
        let paid: Vec<Paid> = receipts.iter()
            .filter(|(_, r, _)| seen.insert(*r))
            .map(|(i, r, a)| paid(iuvs[*i], &format!("r{r}"), *a)).collect();
        let reported: Vec<Reported<'_>> = (0u32..).zip(&rows).map(|(n, (i, r, a, f, outcome))| {
            let mut line = row(&flows[*f], n, iuvs[*i], &format!("r{r}"), *a);
            line.outcome = [Outcome::Executed, Outcome::Revoked, Outcome::StandIn, Outcome::NoReceipt, Outcome::Unknown][*outcome];
            line
        }).collect();
        let case = Case { notices: vec![notice("A", 1), notice("B", 2)], paid, reported, ..Case::default() };
        let found = classify(&case);
        prop_assert_eq!(found.len(), case.paid.len() + case.reported.len());
        let keys: BTreeSet<_> = found.iter().map(|f| &f.line).collect();
        prop_assert_eq!(keys.len(), found.len());
        let total = found.iter().map(|f| f.amount.get()).sum::<i64>();
        let input = case.paid.iter().map(|p| p.amount.get()).sum::<i64>()
            + case.reported.iter().map(|r| r.effect.get()).sum::<i64>();
        prop_assert_eq!(total, input);

        let mut shuffled = case.clone();
        let turn = |len: usize| if len == 0 { 0 } else { usize::try_from(seed % 97).unwrap() % len };
        let (p, r) = (turn(shuffled.paid.len()), turn(shuffled.reported.len()));
        shuffled.paid.rotate_left(p);
        shuffled.reported.rotate_left(r);
        shuffled.notices.reverse();
        shuffled.reported.reverse();
        prop_assert_eq!(classify(&shuffled), found);
    }

    #[test]
    fn codes_add_up_to_what_came_and_a_second_look_changes_nothing(
        receipts in prop::collection::vec((0usize..3, 1i64..9), 0..12),
        rows in prop::collection::vec((0usize..3, 0usize..12, 1i64..9, 0usize..2), 0..12),
        cash in prop::collection::vec(-5i64..9, 0..4),
        singles in prop::collection::vec((0usize..3, 1i64..9), 0..4),
    ) {
        let flows = [flow(20, &cash), Flow { live: false, ..flow(7, &[]) }];
        let iuvs = ["A", "B", "X"];
        let paid: Vec<Paid> = (0..).zip(&receipts)
            .map(|(n, (i, a))| paid(iuvs[*i], &format!("r{n}"), *a)).collect();
        let reported: Vec<Reported<'_>> = (0u32..).zip(&rows)
            .map(|(n, (i, r, a, f))| row(&flows[*f], n, iuvs[*i], &format!("r{r}"), *a)).collect();
        let single = |(n, (i, a)): (usize, &(usize, i64))| Credit {
            key: format!("2026/2/{n}"),
            iuv: Some(iuvs[*i].into()),
            ..flow(0, &[*a]).credits.remove(0)
        };
        let case = Case {
            notices: vec![notice("A", 1), notice("B", 2)],
            paid,
            reported,
            singles: singles.iter().enumerate().map(single).collect(),
            tolerance: Cents::ZERO,
            today: day("2026-03-05"),
        };
        let mut found = classify(&case);
        let again = classify(&case.clone());
        prop_assert_eq!(&found, &again);
        found.extend(flows[0].credits.iter().map(|credit| classify_credit(credit, &CreditTarget::Flow(&flows[0]), case.today)));
        let mut by_code = std::collections::BTreeMap::<(LineKind, Code), i64>::new();
        for one in &found {
            *by_code.entry((one.line.kind, one.code)).or_default() += one.amount.get();
        }
        let of = |kind: LineKind| by_code.iter().filter(|((k, _), _)| *k == kind).map(|(_, sum)| sum).sum::<i64>();
        prop_assert_eq!(of(LineKind::Receipt), receipts.iter().map(|(_, a)| a).sum::<i64>());
        prop_assert_eq!(of(LineKind::FlowLine), rows.iter().map(|(_, _, a, _)| a).sum::<i64>());
        prop_assert_eq!(of(LineKind::Treasury), cash.iter().sum::<i64>());
        let lines: BTreeSet<_> = found.iter().map(|one| &one.line).collect();
        prop_assert_eq!(lines.len(), found.len());
    }
}
