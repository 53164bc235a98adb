//! The lines behind the clearing accounts: what has not been reported, credited or explained yet, one by one.
//! They add up to what the ledger says, because both are made of the same facts (`avviso audit` holds it).

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use crate::domain::calendar::Day;
use crate::domain::clearing::{Awaited, Source, take_off};
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::ledger::Account;
use crate::domain::money::{Cents, MoneyError};
use crate::domain::reconciliation::{LineKind, LineRef};
use crate::domain::settlement::flow_key;
use crate::domain::treasury::KnownFlow;
use crate::store::receipts::{Filed as Receipt, lists};
use crate::store::reports::{self, Period};
use crate::store::settlement::Filed as Flow;
use crate::store::treasury::Filed as Entry;
use crate::store::{self, Conn};

/// Facts read in one question.
const PAGE: i64 = 1000;

/// Something that a clearing account still holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The account.
    pub account: Account,
    /// What it is about.
    pub source: Source,
    /// Its natural key: `receipt/transfer`, the identifiers of flows, or `year/account/number`.
    pub key: String,
    /// Day of the payment, of the flow's transfer or of the booking; it ages from here.
    pub day: Day,
    /// What is left: as it counts in the balance of the account.
    pub amount: Cents,
    /// What it waits for.
    pub awaited: Awaited,
    /// The notice and the payment reference.
    pub notice: Option<(String, String)>,
    /// The service, when the notice is in these books.
    pub service_code: Option<String>,
    /// Whose money it is.
    pub beneficiary: FiscalCode,
    /// The line of reconciliation that says more, when it is one.
    pub reconciled_as: Option<LineRef>,
}

/// What is done with some lines.
type Each<'e, E> = dyn FnMut(&mut Conn, &[Line]) -> Result<(), E> + 'e;

/// Every line of the clearing accounts whose day is in a period: account by account, the oldest first.
///
/// # Errors
/// The database's, or what `each` says.
pub fn lines<E: From<store::Error>>(
    conn: &mut Conn,
    creditor: &FiscalCode,
    period: Period,
    each: &mut Each<'_, E>,
) -> Result<(), E> {
    let mut receipts = (period.from, String::new(), String::new());
    loop {
        let page = lists::of_period(conn, creditor, period, &receipts, PAGE)?;
        let Some(last) = page.last() else { break };
        receipts = lists::place(last);
        let lines = in_transit(conn, creditor, &page)?;
        each(conn, &lines)?;
    }
    let mut flows = (period.from, String::new(), Uuid::nil());
    loop {
        let page = reports::flows(conn, creditor, period, &flows, PAGE)?;
        let Some(last) = page.last() else { break };
        flows = reports::flow_place(last);
        let lines = announced(conn, creditor, &page)?;
        each(conn, &lines)?;
    }
    let mut entries = (period.from, String::new(), String::new());
    loop {
        let page = reports::entries(conn, creditor, period, &entries, PAGE)?;
        let Some(last) = page.last() else {
            return Ok(());
        };
        entries = reports::entry_place(last);
        let lines = unexplained(conn, creditor, &page)?;
        each(conn, &lines)?;
    }
}

fn beyond(table: &'static str) -> impl Fn(MoneyError) -> store::Error {
    move |why| store::Error::corrupt(table, "sum", why)
}

/// What is left of some receipts: neither reported by a flow in force nor credited on its own.
fn in_transit(
    conn: &mut Conn,
    creditor: &FiscalCode,
    page: &[Receipt],
) -> Result<Vec<Line>, store::Error> {
    let left = Left::load(conn, creditor, page)?;
    let mut lines = Vec::new();
    for filed in page {
        let receipt = &filed.receipt;
        for part in &receipt.transfers {
            let amount = left.of(&receipt.receipt_id, part.index);
            let awaited = Awaited::of(Account::InTransit, amount, Cents::ZERO);
            let Some(awaited) = awaited.filter(|_| amount != Cents::ZERO) else {
                continue;
            };
            let key = format!("{}/{}", receipt.receipt_id, part.index);
            lines.push(Line {
                account: Account::InTransit,
                source: Source::Receipt,
                day: filed.paid_on,
                amount,
                awaited,
                notice: Some((receipt.notice_number.to_string(), receipt.iuv.to_string())),
                service_code: filed.service_code.clone(),
                beneficiary: part.beneficiary.clone(),
                reconciled_as: Some(LineRef {
                    kind: LineKind::Receipt,
                    key: key.clone(),
                }),
                key,
            });
        }
    }
    Ok(lines)
}

/// What is left of the own parts of receipts, by receipt and transfer.
struct Left(BTreeMap<(String, u8), Cents>);

impl Left {
    fn load(
        conn: &mut Conn,
        creditor: &FiscalCode,
        page: &[Receipt],
    ) -> Result<Left, store::Error> {
        let iuvs: BTreeSet<&str> = page
            .iter()
            .map(|filed| filed.receipt.iuv.as_str())
            .collect();
        let iuvs: Vec<&str> = iuvs.into_iter().collect();
        let mut cash = BTreeMap::<String, Cents>::new();
        for entry in store::treasury::singles(conn, creditor, &iuvs)? {
            if let Some(iuv) = &entry.paid {
                let sum = cash.entry(iuv.clone()).or_insert(Cents::ZERO);
                *sum = sum
                    .plus(entry.movement.effect())
                    .map_err(beyond("treasury_entry"))?;
            }
        }
        // Cash is for a payment, whichever of its receipts is on this page.
        let credited: Vec<&str> = cash.keys().map(String::as_str).collect();
        let mut siblings = lists::of_iuvs(conn, creditor, &credited)?;
        siblings.sort_by_cached_key(lists::place);
        let ids = page.iter().chain(&siblings);
        let ids: BTreeSet<&str> = ids.map(|filed| filed.receipt.receipt_id.as_str()).collect();
        let ids: Vec<&str> = ids.into_iter().collect();
        let rows = store::settlement::reporting(conn, creditor, &ids)?;
        let mut reported = BTreeMap::<(&str, &str, i16), Cents>::new();
        for row in &rows {
            let of = (row.iuv.as_str(), row.iur.as_str(), row.transfer);
            let sum = reported.entry(of).or_insert(Cents::ZERO);
            *sum = sum.plus(row.effect()).map_err(beyond("flow_line"))?;
        }
        let mut left = Left(BTreeMap::new());
        for filed in page.iter().chain(&siblings) {
            let receipt = &filed.receipt;
            let own = receipt.transfers.iter();
            for part in own.filter(|part| part.is_own_of(creditor)) {
                let (iuv, id) = (receipt.iuv.as_str(), receipt.receipt_id.as_str());
                let row = reported.get(&(iuv, id, part.index.into())).copied();
                let amount = part.amount.minus(row.unwrap_or(Cents::ZERO));
                let place = (receipt.receipt_id.clone(), part.index);
                left.0.insert(place, amount.map_err(beyond("receipt"))?);
            }
        }
        for (iuv, cash) in &cash {
            left.take_off(&siblings, (iuv, *cash))?;
        }
        Ok(left)
    }

    fn take_off(
        &mut self,
        siblings: &[Receipt],
        (iuv, cash): (&str, Cents),
    ) -> Result<(), store::Error> {
        let of_payment = siblings
            .iter()
            .filter(|filed| filed.receipt.iuv.as_str() == iuv);
        let places = of_payment.flat_map(|filed| {
            let id = &filed.receipt.receipt_id;
            let parts = filed.receipt.transfers.iter();
            parts.map(move |part| (id.clone(), part.index))
        });
        let places: Vec<(String, u8)> = places.filter(|place| self.0.contains_key(place)).collect();
        let mut amounts: Vec<Cents> = places
            .iter()
            .filter_map(|place| self.0.get(place).copied())
            .collect();
        let mut parts: Vec<&mut Cents> = amounts.iter_mut().collect();
        take_off(&mut parts, cash).map_err(beyond("treasury_entry"))?;
        self.0.extend(places.into_iter().zip(amounts));
        Ok(())
    }

    fn of(&self, receipt_id: &str, index: u8) -> Cents {
        let left = self.0.get(&(receipt_id.to_owned(), index));
        left.copied().unwrap_or(Cents::ZERO)
    }
}

/// What flows announce and nobody has credited; flows that the same cash pays are one line, that of the first.
fn announced(
    conn: &mut Conn,
    creditor: &FiscalCode,
    page: &[Flow],
) -> Result<Vec<Line>, store::Error> {
    let keys: Vec<String> = page
        .iter()
        .map(|flow| flow_key(&flow.header.flow_id))
        .collect();
    let asked: Vec<&str> = keys.iter().map(String::as_str).collect();
    let bonds = store::bonds::together(conn, creditor, &asked)?;
    let leads: BTreeMap<KnownFlow, KnownFlow> = bonds
        .into_iter()
        .map(|bond| (bond.flow, bond.lead))
        .collect();
    let lead_of = |flow: &KnownFlow| leads.get(flow).unwrap_or(flow).clone();
    let bound: Vec<&str> = leads.keys().map(|flow| flow.key.as_str()).collect();
    let others = store::settlement::live_by_keys(conn, creditor, &bound)?;
    let mut groups = BTreeMap::<KnownFlow, Vec<&Flow>>::new();
    let known: BTreeSet<Uuid> = page.iter().map(|flow| flow.id).collect();
    for flow in page
        .iter()
        .chain(others.iter().filter(|flow| !known.contains(&flow.id)))
    {
        groups
            .entry(lead_of(&flow.header.known()))
            .or_default()
            .push(flow);
    }
    let all: BTreeSet<&str> = asked.iter().chain(&bound).copied().collect();
    let all: Vec<&str> = all.into_iter().collect();
    let mut cash = BTreeMap::<KnownFlow, Cents>::new();
    for entry in store::treasury::matched_to(conn, creditor, &all)? {
        if let Some(matched) = &entry.matched {
            let sum = cash.entry(lead_of(&matched.flow)).or_insert(Cents::ZERO);
            *sum = sum
                .plus(entry.movement.effect())
                .map_err(beyond("treasury_entry"))?;
        }
    }
    let mut lines = Vec::new();
    for flow in page {
        let lead = lead_of(&flow.header.known());
        let group = groups.get_mut(&lead);
        let Some(group) = group else { continue };
        group.sort_by_cached_key(|flow| reports::flow_place(flow));
        if group.first().is_some_and(|first| first.id != flow.id) {
            continue;
        }
        let credited = cash.get(&lead).copied().unwrap_or(Cents::ZERO);
        let rows = Cents::sum(group.iter().map(|flow| flow.totals.sum));
        let amount = rows
            .and_then(|rows| rows.minus(credited))
            .map_err(beyond("flow"))?;
        let awaited = Awaited::of(Account::Announced, amount, credited);
        let Some(awaited) = awaited.filter(|_| amount != Cents::ZERO) else {
            continue;
        };
        let names = group.iter().map(|flow| flow.name());
        lines.push(Line {
            account: Account::Announced,
            source: Source::Flow,
            key: names.collect::<Vec<_>>().join(" "),
            day: flow.header.regulation_on,
            amount,
            awaited,
            notice: None,
            service_code: None,
            beneficiary: creditor.clone(),
            reconciled_as: None,
        });
    }
    Ok(lines)
}

/// Cash that nothing explains; what takes a provisional credit back or restores it is on the same line.
fn unexplained(
    conn: &mut Conn,
    creditor: &FiscalCode,
    page: &[Entry],
) -> Result<Vec<Line>, store::Error> {
    let open = |entry: &&Entry| entry.movement.in_scope() && entry.explained().is_none();
    let here: Vec<&Entry> = page.iter().filter(open).collect();
    let numbers: BTreeSet<i64> = here
        .iter()
        .filter_map(|entry| entry.movement.provisional)
        .collect();
    let numbers: Vec<i64> = numbers.into_iter().collect();
    let numbered = store::treasury::of_provisionals(conn, creditor, &numbers)?;
    let mut groups = BTreeMap::<(i32, &str, i64), Vec<&Entry>>::new();
    for entry in numbered.iter().filter(open) {
        if let Some(place) = provisional(entry) {
            groups.entry(place).or_default().push(entry);
        }
    }
    let mut lines = Vec::new();
    for entry in here {
        let alone = vec![entry];
        let group = provisional(entry).and_then(|place| groups.get_mut(&place));
        let group = match group {
            Some(group) => {
                group.sort_by_cached_key(|entry| reports::entry_place(entry));
                &*group
            }
            None => &alone,
        };
        if group.first().is_some_and(|first| first.id != entry.id) {
            continue;
        }
        let cash = Cents::sum(group.iter().map(|entry| entry.movement.effect()));
        let amount = cash.map_err(beyond("treasury_entry"))?.negated();
        let awaited = Awaited::of(Account::UnexplainedCash, amount, Cents::ZERO);
        let Some(awaited) = awaited.filter(|_| amount != Cents::ZERO) else {
            continue;
        };
        let key = entry.movement.key();
        lines.push(Line {
            account: Account::UnexplainedCash,
            source: Source::Provisional,
            day: entry.movement.booked_on,
            amount,
            awaited,
            notice: None,
            service_code: None,
            beneficiary: creditor.clone(),
            reconciled_as: Some(LineRef {
                kind: LineKind::Treasury,
                key: key.clone(),
            }),
            key,
        });
    }
    Ok(lines)
}

/// Year, account and number of the provisional credit that an entry is about.
fn provisional(entry: &Entry) -> Option<(i32, &str, i64)> {
    let movement = &entry.movement;
    let number = movement.provisional?;
    Some((movement.year, movement.account.as_str(), number))
}
