//! Derives every invariant of the books again, from the stored rows alone. What it finds is a defect of
//! the engine or a hand in the database, never a normal day.

use std::collections::BTreeMap;
use std::fmt;

use uuid::Uuid;

use crate::domain::clearing::CLEARING;
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::ledger::Account;
use crate::domain::lifecycle::State;
use crate::domain::position::Position;
use crate::store::reports::Period;
use crate::store::{self, Conn, positions::Filter};

/// One invariant and the rows that break it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// Stable name.
    pub name: &'static str,
    /// What must hold.
    pub rule: &'static str,
    /// Keys of what breaks it, a sample.
    pub offenders: Vec<String>,
}

impl Check {
    /// Whether the invariant holds.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.offenders.is_empty()
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.holds() { "ok  " } else { "FAIL" };
        write!(f, "{verdict} {}: {}", self.name, self.rule)?;
        for offender in &self.offenders {
            write!(f, "\n       {offender}")?;
        }
        Ok(())
    }
}

/// Rows shown for a broken rule.
const SAMPLE: usize = 20;
/// Rows read at a time.
const PAGE: i64 = 500;

/// Rules that one statement checks. `$1` is the creditor; each row returned is an offender.
const STATEMENTS: &[(&str, &str, &str)] = &[
    (
        "receipts_add_up",
        "the transfers of a receipt sum to its amount",
        "SELECT r.receipt_id AS key FROM receipt r WHERE r.creditor = $1 AND r.amount_cents <> \
         (SELECT COALESCE(SUM(t.amount_cents), 0) FROM receipt_transfer t \
          WHERE t.creditor = r.creditor AND t.receipt_id = r.receipt_id) LIMIT 20",
    ),
    (
        "receipts_keep_their_message",
        "every receipt has the message it was read from",
        "SELECT r.receipt_id AS key FROM receipt r WHERE r.creditor = $1 AND NOT EXISTS \
         (SELECT 1 FROM receipt_message m WHERE m.creditor = r.creditor \
          AND m.receipt_id = r.receipt_id AND NOT m.conflicting) LIMIT 20",
    ),
    (
        "paid_means_money",
        "a paid or settled notice has a receipt or a flow line",
        "SELECT n.number AS key FROM notice n WHERE n.creditor = $1 \
         AND n.state IN ('paid', 'settled') AND NOT EXISTS \
         (SELECT 1 FROM receipt r WHERE r.creditor = n.creditor AND r.notice_number = n.number) \
         AND NOT EXISTS (SELECT 1 FROM flow_line l WHERE l.creditor = n.creditor \
          AND l.iuv = n.iuv) LIMIT 20",
    ),
    (
        "money_means_paid",
        "a notice with a receipt is paid or settled",
        "SELECT n.number AS key FROM notice n JOIN receipt r ON r.creditor = n.creditor \
         AND r.notice_number = n.number AND r.primary_creditor = n.creditor \
         WHERE n.creditor = $1 AND n.state NOT IN ('paid', 'settled') LIMIT 20",
    ),
    (
        "one_live_revision",
        "a flow has one live revision at most",
        "SELECT f.psp_id || '/' || f.flow_id AS key FROM flow f WHERE f.creditor = $1 \
         AND f.state = 'live' GROUP BY f.psp_id, f.flow_id HAVING COUNT(*) > 1 LIMIT 20",
    ),
    (
        "receipts_are_classified",
        "every transfer of a receipt has one primary code",
        "SELECT t.receipt_id || '/' || t.idx AS key FROM receipt_transfer t WHERE t.creditor = $1 \
         AND NOT EXISTS (SELECT 1 FROM reconciliation c WHERE c.creditor = t.creditor \
          AND c.line_kind = 'receipt' AND c.line_key = t.receipt_id || '/' || t.idx) LIMIT 20",
    ),
    (
        "flow_lines_are_classified",
        "every line of a live flow has one primary code",
        "SELECT f.psp_id || '/' || f.flow_id || '/' || f.revision || '/' || l.line_no AS key \
         FROM flow_line l JOIN flow f ON f.creditor = l.creditor AND f.id = l.flow \
         WHERE l.creditor = $1 AND f.state = 'live' AND NOT EXISTS \
         (SELECT 1 FROM reconciliation c WHERE c.creditor = l.creditor \
          AND c.line_kind = 'flow_line' AND c.line_key = \
          f.psp_id || '/' || f.flow_id || '/' || f.revision || '/' || l.line_no) LIMIT 20",
    ),
    (
        "cash_is_classified",
        "every treasury entry has one primary code",
        "SELECT t.year || '/' || t.account || '/' || t.number AS key FROM treasury_entry t \
         WHERE t.creditor = $1 AND NOT EXISTS (SELECT 1 FROM reconciliation c \
          WHERE c.creditor = t.creditor AND c.line_kind = 'treasury' \
          AND c.line_key = t.year || '/' || replace(replace(t.account, '%', '%25'), '/', '%2F') \
          || '/' || t.number) LIMIT 20",
    ),
    (
        "top_ups_are_receipts",
        "what tops an account up is a receipt for a position of this account, of the same amount",
        "SELECT m.receipt_id AS key FROM canteen_movement m WHERE m.creditor = $1 \
         AND m.kind = 'top_up' AND NOT EXISTS (SELECT 1 FROM receipt r JOIN canteen_top_up t \
          ON t.creditor = r.creditor AND t.position_id = r.position_id \
          WHERE r.creditor = m.creditor AND r.receipt_id = m.receipt_id \
          AND r.amount_cents = m.amount_cents AND t.account_id = m.account_id) LIMIT 20",
    ),
    (
        "receipts_top_up",
        "every receipt for a top-up is on its account once",
        "SELECT r.receipt_id AS key FROM receipt r JOIN canteen_top_up t \
         ON t.creditor = r.creditor AND t.position_id = r.position_id \
         WHERE r.creditor = $1 AND (SELECT COUNT(*) FROM canteen_movement m \
          WHERE m.creditor = r.creditor AND m.receipt_id = r.receipt_id) <> 1 LIMIT 20",
    ),
    (
        "refunds_are_of_payments",
        "no more is paid back of a canteen bill than was paid",
        "SELECT f.receipt_id AS key FROM canteen_bill_refund f WHERE f.creditor = $1 \
         GROUP BY f.receipt_id HAVING SUM(f.amount_cents) > (SELECT COALESCE(SUM(r.amount_cents), 0) \
          FROM receipt r WHERE r.creditor = $1 AND r.receipt_id = f.receipt_id) LIMIT 20",
    ),
    (
        "credit_moves_between_accounts",
        "what one account gives in a transfer, one other receives",
        "SELECT 'transfer of ' || m.total AS key FROM (SELECT SUM(amount_cents) AS total, \
          COUNT(*) AS sides, COUNT(DISTINCT account_id) AS accounts FROM canteen_movement \
          WHERE creditor = $1 AND transfer_id IS NOT NULL GROUP BY transfer_id) m \
         WHERE m.total <> 0 OR m.sides <> 2 OR m.accounts <> 2 LIMIT 20",
    ),
    (
        "credit_belongs_to_an_account",
        "every movement of credit has its account, and takes or gives as its kind says",
        "SELECT m.kind || ' of ' || CAST(m.day AS TEXT) AS key FROM canteen_movement m \
         WHERE m.creditor = $1 AND (NOT EXISTS (SELECT 1 FROM canteen_account a \
          WHERE a.creditor = m.creditor AND a.id = m.account_id) \
         OR (m.kind IN ('top_up', 'transfer_in') AND m.amount_cents <= 0) \
         OR (m.kind IN ('meal', 'transfer_out', 'refund') AND m.amount_cents > 0)) LIMIT 20",
    ),
];

/// Balances that the ledger must have, with the facts they are derived from.
const BALANCES: &[(&str, &str, Account, &str)] = &[
    (
        "bank_is_the_cash_book",
        "the bank account of the ledger is the sum of the treasurer's pending credits",
        Account::Bank,
        "SELECT CAST(COALESCE(SUM(CASE WHEN operation = 'reversed' THEN -amount_cents \
         ELSE amount_cents END), 0) AS BIGINT) AS total FROM treasury_entry \
         WHERE creditor = $1 AND direction = 'in' AND document = 'pending_credit' \
         AND operation <> 'regularised'",
    ),
    (
        "announced_is_flows_less_cash",
        "what is announced is the live flow lines less the cash they explain",
        Account::Announced,
        "SELECT CAST((SELECT COALESCE(SUM(CASE WHEN l.outcome = 3 THEN -ABS(l.amount_cents) \
         ELSE l.amount_cents END), 0) FROM flow_line l JOIN flow f \
         ON f.creditor = l.creditor AND f.id = l.flow \
         WHERE l.creditor = $1 AND f.state = 'live') - \
         (SELECT COALESCE(SUM(CASE WHEN operation = 'reversed' THEN -amount_cents \
         ELSE amount_cents END), 0) FROM treasury_entry \
         WHERE creditor = $1 AND matched_key IS NOT NULL) AS BIGINT) AS total",
    ),
    (
        "refunds_are_what_was_paid_back",
        "what the books give back is the refunds of the canteen and the refunds that officers decided",
        Account::Refunds,
        "SELECT CAST((SELECT COALESCE(SUM(amount_cents), 0) FROM canteen_movement \
         WHERE creditor = $1 AND kind = 'refund') - \
         (SELECT COALESCE(SUM(amount_cents), 0) FROM canteen_bill_refund WHERE creditor = $1) - \
         (SELECT COALESCE(SUM(CASE WHEN t.owed_back_cents > 0 THEN t.owed_back_cents \
         ELSE t.amount_cents END), 0) FROM reconciliation_decision d \
         JOIN receipt_transfer t ON t.creditor = d.creditor \
         AND t.receipt_id || '/' || t.idx = d.line_key AND t.own \
         JOIN receipt r ON r.creditor = t.creditor AND r.receipt_id = t.receipt_id \
         WHERE d.creditor = $1 AND d.kind = 'force' AND d.state = 'in_force' \
         AND d.line_kind = 'receipt' AND d.reason = 'refunded' \
         AND r.anomaly IN ('paid_twice', 'paid_after_withdrawal') \
         AND NOT EXISTS (SELECT 1 FROM canteen_movement m \
          WHERE m.creditor = r.creditor AND m.receipt_id = r.receipt_id)) AS BIGINT) AS total",
    ),
    (
        "in_transit_is_receipts_less_flows",
        "what is in transit is the own transfers less the live flow lines that report them, and less the \
         cash that came for a payment without a flow",
        Account::InTransit,
        "SELECT CAST((SELECT COALESCE(SUM(t.amount_cents), 0) FROM receipt_transfer t \
         WHERE t.creditor = $1 AND t.own) - \
         (SELECT COALESCE(SUM(CASE WHEN l.outcome = 3 THEN -ABS(l.amount_cents) \
         ELSE l.amount_cents END), 0) FROM flow_line l JOIN flow f \
         ON f.creditor = l.creditor AND f.id = l.flow \
         JOIN receipt r ON r.creditor = l.creditor AND r.receipt_id = l.iur AND r.iuv = l.iuv \
         JOIN receipt_transfer t ON t.creditor = r.creditor AND t.receipt_id = r.receipt_id \
         AND t.idx = l.idx AND t.own AND t.iban IS NOT NULL \
         WHERE l.creditor = $1 AND f.state = 'live') - \
         (SELECT COALESCE(SUM(CASE WHEN operation = 'reversed' THEN -amount_cents \
         ELSE amount_cents END), 0) FROM treasury_entry \
         WHERE creditor = $1 AND matched_iuv IS NOT NULL) AS BIGINT) AS total",
    ),
    (
        "unexplained_cash_is_what_nothing_explains",
        "unexplained cash is the treasurer's pending credits that neither a flow nor a payment explains",
        Account::UnexplainedCash,
        "SELECT CAST(COALESCE(SUM(CASE WHEN operation = 'reversed' THEN amount_cents \
         ELSE -amount_cents END), 0) AS BIGINT) AS total FROM treasury_entry \
         WHERE creditor = $1 AND direction = 'in' AND document = 'pending_credit' \
         AND operation <> 'regularised' AND matched_key IS NULL AND matched_iuv IS NULL",
    ),
];

/// Checks everything of one creditor.
///
/// # Errors
/// The database's; a row that cannot be read back is an offender, not an error.
pub fn audit(conn: &mut Conn, creditor: &FiscalCode) -> Result<Vec<Check>, store::Error> {
    let mut checks = Vec::new();
    for (name, rule, statement) in STATEMENTS {
        let offenders = store::audit::offenders(conn, creditor, statement)?;
        checks.push(Check {
            name,
            rule,
            offenders,
        });
    }
    for (name, rule, account, statement) in BALANCES {
        let booked = store::ledger::balance(conn, creditor, *account)?.get();
        let derived = store::audit::total(conn, creditor, statement)?;
        let offenders = match booked == derived {
            true => Vec::new(),
            false => vec![format!("booked {booked} cents, derived {derived} cents")],
        };
        checks.push(Check {
            name,
            rule,
            offenders,
        });
    }
    checks.push(positions(conn, creditor)?);
    checks.push(refunds(conn, creditor)?);
    checks.push(clearing(conn, creditor)?);
    checks.push(histories(conn, creditor)?);
    checks.push(messages(conn, creditor)?);
    checks.push(closed_periods(conn, creditor)?);
    Ok(checks)
}

/// Reads every position back: constructors refuse rows that break their rules.
fn positions(conn: &mut Conn, creditor: &FiscalCode) -> Result<Check, store::Error> {
    let mut offenders = Vec::new();
    let mut after = None;
    loop {
        let page = match store::positions::page(conn, creditor, &Filter::default(), after, PAGE) {
            Ok(page) => page,
            Err(store::Error::Corrupt { table, id, why }) => {
                offenders.push(format!("{table} {id}: {why}"));
                break;
            }
            Err(error) => return Err(error),
        };
        let Some(last) = page.last() else {
            break;
        };
        after = Some(last.id);
        offenders.extend(page.iter().flat_map(faults));
        if offenders.len() >= SAMPLE {
            break;
        }
    }
    offenders.truncate(SAMPLE);
    let rule = "every position reads back; no option costs less than the first; its numbers check";
    Ok(Check {
        name: "positions_are_whole",
        rule,
        offenders,
    })
}

fn faults(position: &Position) -> Vec<String> {
    let mut faults = Vec::new();
    let options = position
        .notices
        .iter()
        .map(|notice| notice.option)
        .max()
        .unwrap_or(0);
    // Once something is paid, a further notice may have been added to what was paid.
    let options = match position.chosen_option() {
        Some(_) => 0,
        None => options,
    };
    for option in 1..=options {
        let own = position
            .notices
            .iter()
            .filter(|notice| notice.option == option);
        let sum = crate::domain::money::Cents::sum(own.map(|n| n.schedule.nominal()));
        if sum.is_ok_and(|sum| sum < position.total()) {
            faults.push(format!(
                "position {}: option {option} costs less than the first",
                position.id
            ));
        }
    }
    let replaced = position.notices.iter().flat_map(|notice| &notice.replaces);
    for number in replaced {
        let state = position.notice(number).map(|notice| notice.state);
        if !matches!(
            state,
            Some(State::Cancelled | State::Paid | State::Settled | State::Elsewhere)
        ) {
            faults.push(format!(
                "notice {number}: replaced, and neither withdrawn nor paid"
            ));
        }
    }
    for notice in &position.notices {
        if notice.number.check().is_err() {
            faults.push(format!("notice {}: wrong check digits", notice.number));
        }
    }
    faults
}

/// The list of refunds owed is the list of negative receivables: on a position of which nothing is open, the
/// receivable is what is owed back, below zero.
fn refunds(conn: &mut Conn, creditor: &FiscalCode) -> Result<Check, store::Error> {
    let mut owed = BTreeMap::<Uuid, i64>::new();
    let mut after = None;
    loop {
        let page = super::refunds::owed(conn, creditor, (after, PAGE))?;
        let Some(last) = page.last() else {
            break;
        };
        after = Some(last.id);
        for one in &page {
            let Some(position) = one.position_id else {
                continue;
            };
            let sum = owed.entry(position).or_default();
            *sum = sum.saturating_add(one.amount.get());
        }
    }
    let mut offenders = Vec::new();
    for (id, cents) in owed {
        let Some(position) = store::positions::get(conn, creditor, id)? else {
            continue;
        };
        let over = |state| matches!(state, State::Paid | State::Settled | State::Cancelled);
        if !position.notices.iter().all(|notice| over(notice.state)) {
            continue;
        }
        let numbers = position.notices.iter().map(|notice| &notice.number);
        let booked = store::ledger::receivable(conn, creditor, (id, numbers))?;
        // A row that came before its receipt paid what its sender states, which may be another amount than the
        // receipt's: that is a difference for the accountant, not a fault of the books.
        if booked.rows > 0 {
            continue;
        }
        let balance = booked.balance;
        if balance.get() != cents.saturating_neg() {
            offenders.push(format!(
                "position {id}: receivable {balance}, owed back {cents} cents"
            ));
        }
    }
    Ok(Check {
        name: "refunds_owed_are_negative_receivables",
        rule: "what is owed back on a position that is over is its receivable, below zero",
        offenders,
    })
}

/// The clearing accounts hold the lines that are behind them, and nothing else.
fn clearing(conn: &mut Conn, creditor: &FiscalCode) -> Result<Check, store::Error> {
    let mut sums = BTreeMap::<Account, i64>::new();
    super::clearing::lines::<store::Error>(conn, creditor, Period::EVER, &mut |_, lines| {
        for line in lines {
            let sum = sums.entry(line.account).or_default();
            *sum = sum.saturating_add(line.amount.get());
        }
        Ok(())
    })?;
    let mut offenders = Vec::new();
    for account in CLEARING {
        let booked = store::ledger::balance(conn, creditor, account)?.get();
        let listed = sums.get(&account).copied().unwrap_or_default();
        if booked != listed {
            offenders.push(format!(
                "{account}: booked {booked} cents, lines of {listed} cents"
            ));
        }
    }
    Ok(Check {
        name: "clearing_accounts_are_their_lines",
        rule: "what a clearing account holds is the sum of the lines behind it",
        offenders,
    })
}

/// A state is where its history leads, and each step starts where the one before ended.
fn histories(conn: &mut Conn, creditor: &FiscalCode) -> Result<Check, store::Error> {
    let mut offenders = Vec::new();
    let mut after = String::new();
    loop {
        let page = store::audit::lives(conn, creditor, &after, PAGE)?;
        let Some(last) = page.last() else {
            break;
        };
        after.clone_from(&last.number);
        for life in &page {
            let mut at = life
                .steps
                .first()
                .map_or(life.state.as_str(), |(from, _)| from.as_str());
            let born = [State::Draft, State::Open]
                .iter()
                .any(|state| state.as_str() == at);
            let chained = life.steps.iter().all(|(from, to)| {
                let continues = from == at;
                at = to;
                continues
            });
            if !born || !chained || at != life.state {
                offenders.push(format!("notice {}: history ends in {at}", life.number));
            }
        }
        if offenders.len() >= SAMPLE {
            break;
        }
    }
    offenders.truncate(SAMPLE);
    let rule = "the state of a notice is where its history leads";
    Ok(Check {
        name: "states_follow_their_history",
        rule,
        offenders,
    })
}

/// What counts in a closed month is what counted when it was closed.
fn closed_periods(conn: &mut Conn, creditor: &FiscalCode) -> Result<Check, store::Error> {
    let altered = super::periods::altered(conn, creditor)?;
    Ok(Check {
        name: "closed_periods_keep_their_figures",
        rule: "what counts in a closed month is what counted when it was closed",
        offenders: altered.iter().map(ToString::to_string).collect(),
    })
}

/// Messages are byte for byte what was filed.
fn messages(conn: &mut Conn, creditor: &FiscalCode) -> Result<Check, store::Error> {
    let mut offenders = Vec::new();
    let mut after = (String::new(), Uuid::nil());
    while offenders.len() < SAMPLE {
        let (last, altered) =
            store::audit::altered_messages(conn, creditor, (&after.0, after.1), PAGE)?;
        offenders.extend(altered);
        match last {
            Some(last) => after = last,
            None => break,
        }
    }
    offenders.truncate(SAMPLE);
    let rule = "messages are byte for byte what was received";
    Ok(Check {
        name: "messages_are_intact",
        rule,
        offenders,
    })
}
