//! Every combination of what can be known about one payment, and about one cash entry, held against tables
//! that state the code of each: the first row that fits names it. None falls through, and no row is idle.

use super::*;
use crate::domain::reconciliation::decision::{DecisionReason, Forcing};

/// What is known, a word for each column of a table.
type Known = Vec<&'static str>;

/// Every combination of these words.
fn all(columns: &[&[&'static str]]) -> Vec<Known> {
    columns.iter().fold(vec![Vec::new()], |made, words| {
        let with = |one: &Known| {
            words
                .iter()
                .map(|word| [one.clone(), vec![*word]].concat())
                .collect::<Vec<_>>()
        };
        made.iter().flat_map(with).collect()
    })
}

/// A table: words by column, `*` for any and commas between several, then the code.
struct Table(Vec<(Vec<&'static str>, &'static str)>);

impl Table {
    fn read(text: &'static str) -> Table {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let row = |line: &'static str| {
            let mut words: Vec<&str> = line.split_whitespace().collect();
            let code = words.pop().unwrap();
            (words, code)
        };
        Table(lines.map(row).collect())
    }

    /// The first row that fits: its place and its code.
    fn code(&self, known: &[&str]) -> (usize, &'static str) {
        let fits = |(word, asked): (&&str, &&str)| {
            *asked == "*" || asked.split(',').any(|one| one == *word)
        };
        let found = self.0.iter().position(|(row, _)| {
            assert_eq!(row.len(), known.len(), "{row:?}");
            known.iter().zip(row).all(fits)
        });
        let at = found.unwrap_or_else(|| panic!("nothing fits {known:?}"));
        (at, self.0[at].1)
    }
}

const FORCED: &[&str] = &["open", "forced"];
/// A notice of ours, a reference that only we issue and no notice has, a reference of another broker.
const DEBT: &[&str] = &["known", "ours", "foreign"];
/// None, one, one of another body or not paid through a flow, a second one of the same transfer of the same
/// notice, a second one of an option that excludes this one.
const RECEIPT: &[&str] = &["none", "one", "outside", "two", "option"];
/// None, with the amount of the receipt, with another one, taking it back, only in a revision that is no longer
/// in force, twice in the same flow.
const ROW: &[&str] = &["none", "equal", "differs", "revoked", "superseded", "twice"];
/// Against the rows of the flow: none, taken back, as much, less, less and nothing more for long, more.
const CASH: &[&str] = &["none", "back", "equal", "less", "short", "more"];
/// Cash that names the payment.
const SINGLE: &[&str] = &["none", "back", "equal", "differs"];
/// How the row says that the payment ended; one that was revoked has an outcome of its own.
const OUTCOME: &[&str] = &[
    "executed",
    "stand_in",
    "stand_in_no_receipt",
    "no_receipt",
    "unknown",
];

/// Of the receipt, and of the row that stands for it, and of the row that holds the payment again.
const OF_PAYMENT: &str = "
    line     forced debt        receipt      row                     cash        single     outcome CODE
    *        forced *           *            *                       *           *          *  FORCED
    receipt  open   *           outside      *                       *           *          *  OUT_OF_SCOPE
    row      open   *           *            superseded              *           *          *  OUT_OF_SCOPE
    row      open   foreign     none,outside *                       *           *          *  OUT_OF_SCOPE
    again    open   foreign     none,outside *                       *           *          *  OUT_OF_SCOPE
    *        open   *           two,option   *                       *           *          *  DOUBLE_PAYMENT
    *        open   *           *            revoked                 *           *          *  REVOKED
    receipt  open   *           one          equal,twice             equal       *          *  MATCHED_SETTLED
    row      open   *           one          equal,twice             equal       *          *  MATCHED_SETTLED
    receipt  open   *           one          none,superseded         *           equal      *  MATCHED_SETTLED_SINGLE
    *        open   *           *            equal,differs,twice     less        *          *  SETTLED_PARTIAL
    *        open   *           *            equal,differs,twice     short,more  *          *  SETTLED_AMOUNT_DIFF
    receipt  open   *           one          none,superseded         *           differs    *  SETTLED_AMOUNT_DIFF
    receipt  open   *           one          equal,twice             none,back   *          *  REPORTED_NOT_SETTLED
    row      open   *           one          equal,twice             none,back   *          *  REPORTED_NOT_SETTLED
    receipt  open   *           one          differs                 *           *          *  REPORTED_AMOUNT_DIFF
    row      open   *           one          differs                 *           *          *  REPORTED_AMOUNT_DIFF
    row      open   known       none,outside *                       *           *          *  REPORTED_WITHOUT_RECEIPT
    again    open   known       *            *                       *           *          *  REPORTED_WITHOUT_RECEIPT
    row      open   ours        none,outside *                       *           *          *  REPORTED_UNKNOWN_DEBT
    again    open   ours,foreign *           *                       *           *          *  REPORTED_UNKNOWN_DEBT
    receipt  open   *           one          none,superseded         *           none,back  *  PAID_NOT_REPORTED
";

fn outcome(row: &str, word: &str) -> Outcome {
    match (row, word) {
        ("revoked", _) => Outcome::Revoked,
        (_, "executed") => Outcome::Executed,
        (_, "stand_in") => Outcome::StandIn,
        (_, "stand_in_no_receipt") => Outcome::StandInNoReceipt,
        (_, "no_receipt") => Outcome::NoReceipt,
        (_, _) => Outcome::Unknown,
    }
}

fn cash(word: &str) -> &'static [i64] {
    match word {
        "none" => &[],
        "back" => &[500, -500],
        "equal" => &[200, 300],
        "less" | "short" => &[499],
        "more" => &[501],
        other => panic!("{other}"),
    }
}

/// Day on which it is judged; the cash of [`flow`] is of 4 March.
fn today(word: &str) -> Day {
    day(if word == "short" {
        "2026-03-15"
    } else {
        "2026-03-14"
    })
}

/// Which line, and its code.
#[expect(
    clippy::too_many_lines,
    reason = "each word of a combination becomes a fact, read from top to bottom"
)]
fn found_of(known: &[&str]) -> Vec<(&'static str, Code)> {
    let [
        forced,
        debt,
        receipt,
        row_word,
        cash_word,
        single,
        outcome_word,
    ] = known
    else {
        panic!("{known:?}");
    };
    let (own_notice, own_iuv) = (*debt != "foreign", *debt != "foreign");
    let mut flow = flow(500, cash(cash_word));
    flow.live = *row_word != "superseded";
    let amount = if *row_word == "differs" { 400 } else { 500 };
    let line = |number: u32| {
        let mut line = row(&flow, number, "A", "r1", amount);
        line.own_iuv = own_iuv;
        line.outcome = outcome(row_word, outcome_word);
        line
    };
    let first = Paid {
        own_notice,
        in_scope: *receipt != "outside",
        ..paid("A", "r1", 500)
    };
    let second = match *receipt {
        "two" => Some(Paid {
            own_notice,
            ..paid("A", "r2", 500)
        }),
        "option" => Some(paid("B", "r2", 500)),
        _ => None,
    };
    let singles: &[i64] = match *single {
        "equal" => &[500],
        "differs" => &[300],
        "back" => &[500, -500],
        _ => &[],
    };
    let single = |(n, amount): (usize, &i64)| Credit {
        key: format!("2026/2/{n}"),
        iuv: Some("A".into()),
        ..super::flow(0, &[*amount]).credits.remove(0)
    };
    let case = Case {
        notices: if *debt == "known" {
            vec![notice("A", 1), notice("B", 2)]
        } else {
            Vec::new()
        },
        paid: (*receipt != "none")
            .then_some(first)
            .into_iter()
            .chain(second)
            .collect(),
        reported: match *row_word {
            "none" => Vec::new(),
            "twice" => vec![line(2), line(1)],
            _ => vec![line(1)],
        },
        singles: singles.iter().enumerate().map(single).collect(),
        tolerance: Cents::ZERO,
        today: today(cash_word),
    };
    let found = classify(&case);
    assert_eq!(
        found.len(),
        case.paid.len() + case.reported.len(),
        "{known:?}"
    );
    let by = Forcing {
        decision: uuid::Uuid::nil(),
        reason: DecisionReason::Other,
    };
    let told = found.into_iter().map(|finding| {
        let line = match finding.line.kind {
            LineKind::Receipt => "receipt",
            LineKind::FlowLine if finding.line.key.ends_with("/2") => "again",
            LineKind::FlowLine => "row",
            LineKind::Treasury => panic!("{known:?}"),
        };
        let finding = if *forced == "forced" {
            finding.forced(by)
        } else {
            finding
        };
        (line, finding.code)
    });
    told.collect()
}

#[test]
fn every_combination_of_a_payment_has_the_code_of_the_first_row_that_fits() {
    let mut table = Table::read(OF_PAYMENT);
    table.0.remove(0);
    let (mut hit, mut combinations) = (BTreeSet::new(), 0);
    for known in all(&[FORCED, DEBT, RECEIPT, ROW, CASH, SINGLE, OUTCOME]) {
        // Only notices of ours have options.
        if known[2] == "option" && known[1] != "known" {
            continue;
        }
        combinations += 1;
        for (line, code) in found_of(&known) {
            let asked = [vec![line], known.clone()].concat();
            let (at, expected) = table.code(&asked);
            assert_eq!(code.as_str(), expected, "{asked:?}");
            hit.insert(at);
        }
    }
    assert_eq!(combinations, 2 * (3 * 5 - 2) * 6 * 6 * 4 * 5);
    assert_eq!(hit.len(), table.0.len(), "rows that nothing fits");
}

/// What the text of an entry, or an officer, led to.
const TARGET: &[&str] = &[
    "out_of_scope",
    "flow",
    "payment",
    "several",
    "nothing",
    "no_reference",
];

const OF_CASH: &str = "
    forced target             cash                 CODE
    forced *                  *                    FORCED
    open   out_of_scope       *                    OUT_OF_SCOPE
    open   flow               equal                MATCHED_SETTLED
    open   payment            equal                MATCHED_SETTLED_SINGLE
    open   flow               less                 SETTLED_PARTIAL
    open   flow               short,more           SETTLED_AMOUNT_DIFF
    open   payment            less,short,more      SETTLED_AMOUNT_DIFF
    open   flow,payment       back                 OUT_OF_SCOPE
    open   several,nothing    *                    CASH_UNKNOWN_REFERENCE
    open   no_reference       *                    CASH_UNIDENTIFIED
";

#[test]
fn every_combination_of_cash_has_the_code_of_the_first_row_that_fits() {
    let mut table = Table::read(OF_CASH);
    table.0.remove(0);
    let mut hit = BTreeSet::new();
    for known in all(&[
        FORCED,
        TARGET,
        &CASH[1..],
        &["whole", "cut"],
        &["alone", "together"],
    ]) {
        let [forced, target, word, text, companions] = known[..] else {
            panic!("{known:?}");
        };
        let mut of = flow(500, cash(word));
        if companions == "together" {
            of.sum = c(200);
            let other = ("PSP/2026-03-03PSP-2".to_owned(), c(300), day("2026-03-02"));
            of.companions = vec![Companion {
                name: other.0,
                sum: other.1,
                regulation_on: other.2,
            }];
        }
        let sum = of.cash();
        let mut credit = of.credits[0].clone();
        if text == "cut" {
            credit.match_quality = Quality::Beginning;
        }
        let led = match target {
            "out_of_scope" => CreditTarget::OutOfScope,
            "flow" => CreditTarget::Flow(&of),
            "payment" => CreditTarget::Single {
                receipts: vec!["r1/1".into()],
                total: c(500),
                cash: sum,
                tolerance: Cents::ZERO,
            },
            "several" => CreditTarget::Unknown(vec!["a".into(), "b".into()]),
            "nothing" => CreditTarget::Unknown(Vec::new()),
            _ => CreditTarget::NoReference,
        };
        let mut found = classify_credit(&credit, &led, today(word));
        if forced == "forced" {
            found = found.forced(Forcing {
                decision: uuid::Uuid::nil(),
                reason: DecisionReason::Other,
            });
        }
        let (at, expected) = table.code(&[forced, target, word]);
        assert_eq!(found.code.as_str(), expected, "{known:?}");
        hit.insert(at);
    }
    assert_eq!(hit.len(), table.0.len(), "rows that nothing fits");
}

/// Between them the tables name every code.
#[test]
fn the_tables_state_every_code() {
    let tables = [OF_PAYMENT, OF_CASH].map(Table::read);
    let stated = tables.iter().flat_map(|table| table.0.iter().skip(1));
    let stated: BTreeSet<&str> = stated.map(|(_, code)| *code).collect();
    let every: BTreeSet<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(stated, every);
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
