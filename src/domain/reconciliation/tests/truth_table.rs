//! Every combination of what can be known about one payment, held against the rules as they are stated:
//! the first that holds names the line. None falls through.

use super::*;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Debt {
    /// A notice of ours.
    Known,
    /// A reference that only we issue, and that no notice has.
    OwnReference,
    /// A reference of another broker.
    Foreign,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Receipts {
    None,
    One,
    /// Of another body, or not paid through a flow.
    OutOfScope,
    /// Two of the same transfer of the same notice.
    Two,
    /// A second one, of an option that excludes this one.
    OtherOption,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Row {
    None,
    Equal,
    Different,
    Revoked,
    /// Only in a revision that is no longer in force.
    Superseded,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Single {
    None,
    Equal,
    Different,
}

#[derive(Debug, Clone, Copy)]
struct Known {
    debt: Debt,
    receipts: Receipts,
    row: Row,
    /// Cash that names the flow.
    cash: Cash,
    /// Cash that names the payment.
    single: Single,
    no_receipt_needed: bool,
}

impl Known {
    fn all() -> Vec<Known> {
        let mut all = Vec::new();
        for debt in [Debt::Known, Debt::OwnReference, Debt::Foreign] {
            for receipts in [
                Receipts::None,
                Receipts::One,
                Receipts::OutOfScope,
                Receipts::Two,
                Receipts::OtherOption,
            ] {
                for row in [
                    Row::None,
                    Row::Equal,
                    Row::Different,
                    Row::Revoked,
                    Row::Superseded,
                ] {
                    for cash in [Cash::None, Cash::Equal, Cash::Less, Cash::More] {
                        for single in [Single::None, Single::Equal, Single::Different] {
                            all.extend([false, true].map(|no_receipt_needed| Known {
                                debt,
                                receipts,
                                row,
                                cash,
                                single,
                                no_receipt_needed,
                            }));
                        }
                    }
                }
            }
        }
        // Only notices of ours have options.
        all.retain(|k| k.receipts != Receipts::OtherOption || k.debt == Debt::Known);
        all
    }

    fn live(self) -> bool {
        !matches!(self.row, Row::None | Row::Superseded)
    }

    fn twice(self) -> bool {
        matches!(self.receipts, Receipts::Two | Receipts::OtherOption)
    }

    fn has_receipt(self) -> bool {
        self.twice() || self.receipts == Receipts::One
    }

    /// The case, and the codes of receipts and rows in the order of their lines.
    fn codes(self) -> Vec<(LineKind, Code)> {
        let cash: &[i64] = match self.cash {
            Cash::None => &[],
            Cash::Equal => &[500],
            Cash::Less => &[499],
            Cash::More => &[501],
        };
        let amount = if self.row == Row::Different { 400 } else { 500 };
        let mut flow = flow(500, cash);
        flow.live = self.row != Row::Superseded;
        let mut line = row(&flow, 1, "A", "r1", amount);
        line.own_iuv = self.debt != Debt::Foreign;
        line.outcome = match (self.row, self.no_receipt_needed) {
            (Row::Revoked, _) => Outcome::Revoked,
            (_, true) => Outcome::NoReceipt,
            (_, false) => Outcome::Executed,
        };
        let own_notice = self.debt != Debt::Foreign;
        let first = Paid {
            own_notice,
            in_scope: self.receipts != Receipts::OutOfScope,
            ..paid("A", "r1", 500)
        };
        let second = match self.receipts {
            Receipts::Two => Some(Paid {
                own_notice,
                ..paid("A", "r2", 500)
            }),
            Receipts::OtherOption => Some(paid("B", "r2", 500)),
            Receipts::None | Receipts::One | Receipts::OutOfScope => None,
        };
        let first = (self.receipts != Receipts::None).then_some(first);
        let single = |amount: i64| Credit {
            key: "2026/1/99".into(),
            iuv: Some("A".into()),
            ..super::flow(0, &[amount]).credits.remove(0)
        };
        let case = Case {
            notices: match self.debt {
                Debt::Known => vec![notice("A", 1), notice("B", 2)],
                Debt::OwnReference | Debt::Foreign => Vec::new(),
            },
            paid: first.into_iter().chain(second).collect(),
            reported: if self.row == Row::None {
                Vec::new()
            } else {
                vec![line]
            },
            singles: match self.single {
                Single::None => Vec::new(),
                Single::Equal => vec![single(500)],
                Single::Different => vec![single(300)],
            },
            tolerance: Cents::ZERO,
        };
        let found = classify(&case);
        assert_eq!(
            found.len(),
            case.paid.len() + case.reported.len(),
            "{self:?}"
        );
        found.into_iter().map(|f| (f.line.kind, f.code)).collect()
    }
}

/// A rule of one kind of line: when it holds, and the code.
type Rule = (Code, fn(Known) -> bool);

/// Of the receipt `r1`.
const OF_RECEIPT: &[Rule] = &[
    (Code::OutOfScope, |k| k.receipts == Receipts::OutOfScope),
    (Code::DoublePayment, Known::twice),
    (Code::Revoked, |k| k.row == Row::Revoked),
    (Code::MatchedSettled, |k| {
        k.row == Row::Equal && k.cash == Cash::Equal
    }),
    (Code::MatchedSettledSingle, |k| {
        !k.live() && k.single == Single::Equal
    }),
    (Code::SettledPartial, |k| k.live() && k.cash == Cash::Less),
    (Code::SettledAmountDiff, |k| {
        k.live() && k.cash == Cash::More
    }),
    (Code::SettledAmountDiff, |k| {
        !k.live() && k.single == Single::Different
    }),
    (Code::ReportedNotSettled, |k| k.row == Row::Equal),
    (Code::ReportedAmountDiff, |k| k.row == Row::Different),
    (Code::PaidNotReported, |k| !k.live()),
];

/// Of the row.
const OF_ROW: &[Rule] = &[
    (Code::OutOfScope, |k| k.row == Row::Superseded),
    (Code::OutOfScope, |k| {
        k.debt == Debt::Foreign && !k.has_receipt()
    }),
    (Code::DoublePayment, Known::twice),
    (Code::Revoked, |k| k.row == Row::Revoked),
    (Code::MatchedSettled, |k| {
        k.has_receipt() && k.row == Row::Equal && k.cash == Cash::Equal
    }),
    (Code::SettledPartial, |k| k.cash == Cash::Less),
    (Code::SettledAmountDiff, |k| k.cash == Cash::More),
    (Code::ReportedNotSettled, |k| {
        k.has_receipt() && k.row == Row::Equal
    }),
    (Code::ReportedAmountDiff, Known::has_receipt),
    (Code::ReportedWithoutReceipt, |k| k.debt == Debt::Known),
    (Code::ReportedUnknownDebt, |_| true),
];

fn first(rules: &[Rule], known: Known) -> Code {
    let holds = rules.iter().find(|(_, holds)| holds(known));
    holds.unwrap_or_else(|| panic!("no rule for {known:?}")).0
}

#[test]
fn every_combination_has_the_code_of_the_first_rule_that_holds() {
    let (mut seen, mut combinations) = (BTreeSet::new(), 0);
    for known in Known::all() {
        combinations += 1;
        for (kind, code) in known.codes() {
            let rules = match kind {
                LineKind::Receipt => OF_RECEIPT,
                LineKind::FlowLine => OF_ROW,
                LineKind::Treasury => unreachable!("{known:?}"),
            };
            assert_eq!(code, first(rules, known), "{kind} of {known:?}");
            seen.insert(code);
        }
    }
    assert_eq!(combinations, (3 * 5 - 2) * 5 * 4 * 3 * 2);
    // Officers force, and cash without a payment is no receipt and no row.
    let others = [
        Code::Forced,
        Code::CashUnknownReference,
        Code::CashUnidentified,
    ];
    let expected: BTreeSet<Code> = Code::ALL
        .iter()
        .copied()
        .filter(|code| !others.contains(code))
        .collect();
    assert_eq!(seen, expected);
}

/// What the text of a cash entry can lead to, and the code.
#[test]
fn every_target_of_cash_has_one_code() {
    for truncated in [Quality::Whole, Quality::Beginning] {
        let mut credit = flow(0, &[500]).credits.remove(0);
        credit.match_quality = truncated;
        let code = |target: CreditTarget<'_>| classify_credit(&credit, &target).code;
        for (cash, expected) in [
            (&[500][..], Code::MatchedSettled),
            (&[200, 300], Code::MatchedSettled),
            (&[499], Code::SettledPartial),
            (&[500, -500], Code::SettledPartial),
            (&[501], Code::SettledAmountDiff),
            (&[], Code::CashUnknownReference),
        ] {
            let flow = flow(500, cash);
            assert_eq!(code(CreditTarget::Flow(&flow)), expected, "{cash:?}");
        }
        for (cash, expected) in [
            (500, Code::MatchedSettledSingle),
            (499, Code::SettledAmountDiff),
            (501, Code::SettledAmountDiff),
            (0, Code::SettledAmountDiff),
        ] {
            let target = CreditTarget::Single {
                receipts: vec!["r1/1".into()],
                total: c(500),
                cash: c(cash),
                tolerance: Cents::ZERO,
            };
            assert_eq!(code(target), expected, "{cash}");
        }
        let several = CreditTarget::Unknown(vec!["a".into(), "b".into()]);
        assert_eq!(code(several), Code::CashUnknownReference);
        assert_eq!(
            code(CreditTarget::Unknown(Vec::new())),
            Code::CashUnknownReference
        );
        assert_eq!(code(CreditTarget::NoReference), Code::CashUnidentified);
        assert_eq!(code(CreditTarget::OutOfScope), Code::OutOfScope);
    }
}

/// Codes in the order in which they are tried, with the aliases and groups of the same meaning.
#[test]
fn groups_and_aliases_are_those_of_the_field() {
    use Group::*;
    let stated = [
        (Code::Forced, Closed, ""),
        (Code::DoublePayment, Anomaly, "DOPPI"),
        (Code::Revoked, Anomaly, ""),
        (Code::MatchedSettled, Ok, "RT_IUF_TES IUD_RT_IUF_TES"),
        (Code::MatchedSettledSingle, Ok, "RT_TES"),
        (Code::SettledPartial, Pending, "IUF_TES_DIV_IMP"),
        (Code::SettledAmountDiff, Anomaly, "IUF_TES_DIV_IMP"),
        (Code::ReportedNotSettled, Pending, "IUF_NO_TES RT_IUF"),
        (Code::ReportedAmountDiff, Anomaly, "RT_NO_IUF"),
        (Code::ReportedWithoutReceipt, Anomaly, "IUV_NO_RT"),
        (Code::ReportedUnknownDebt, Anomaly, ""),
        (Code::PaidNotReported, Pending, "RT_NO_IUF"),
        (Code::CashUnknownReference, Anomaly, "TES_NO_IUF_OR_IUV"),
        (Code::CashUnidentified, Anomaly, "TES_NO_MATCH"),
        (Code::OutOfScope, Neutral, ""),
    ];
    let listed: Vec<Code> = stated.iter().map(|(code, _, _)| *code).collect();
    assert_eq!(listed, Code::ALL);
    for (code, group, alias) in stated {
        assert_eq!(
            (code.group(), code.mypivot().join(" ").as_str()),
            (group, alias),
            "{code}"
        );
    }
}
