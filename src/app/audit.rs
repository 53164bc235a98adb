//! Derives every invariant of the books again, from the stored rows alone. What it finds is a defect of
//! the engine or a hand in the database, never a normal day.

mod statements;

use std::collections::BTreeMap;
use std::fmt;

use uuid::Uuid;

use self::statements::{BALANCES, STATEMENTS};
use crate::domain::clearing::CLEARING;
use crate::domain::client::Tenant;
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
    checks.push(trail(conn, &Tenant::Creditor(creditor.clone()))?);
    Ok(checks)
}

/// The audit trail is what was sealed, link by link.
///
/// # Errors
/// The database's.
pub fn trail(conn: &mut Conn, tenant: &Tenant) -> Result<Check, store::Error> {
    let found = super::trail::tampered(conn, tenant)?;
    Ok(Check {
        name: "audit_trail_is_as_it_was_sealed",
        rule: "no entry of the audit trail was altered, taken away or put under a seal afterwards",
        offenders: found.into_iter().collect(),
    })
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
