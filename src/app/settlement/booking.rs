//! What the rows of a flow do to the books and to the notices.
//!
//! A row moves money from "in transit with the PSP" to "announced". A row that has no receipt yet
//! credits what is owed instead; the receipt, when it comes, then books nothing for that transfer.

use std::collections::{BTreeSet, HashMap};

use super::Error;
use crate::app::archive;
use crate::ctx::Ctx;
use crate::domain::calendar::{self, Instant};
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::ledger::{About, Account, Entry, Posting, Reason};
use crate::domain::lifecycle::{self, Event, State};
use crate::domain::notice_number::NoticeNumber;
use crate::domain::settlement::{Line, Outcome};
use crate::store::notices::{Advance, Standing};
use crate::store::reconciliation::PaidFact;
use crate::store::settlement::{Filed, FlowState};
use crate::store::{self, Conn, Tx};

/// Rows booked in one entry; a ledger entry has at most 32 767 postings.
const CHUNK: usize = 1000;
/// Who moves notices when a flow comes.
const ACTOR: &str = "flow";

/// The rows of one revision.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    /// The revision.
    pub(super) flow: &'a Filed,
    /// Its rows.
    pub(super) lines: &'a [Line],
    /// Rows of the revision it replaces.
    pub(super) before: &'a [Line],
}

impl<'a> Rows<'a> {
    pub(super) fn new(flow: &'a Filed, lines: &'a [Line]) -> Rows<'a> {
        Rows {
            flow,
            lines,
            before: &[],
        }
    }
}

/// Which payment a row is about.
type PaymentKey<'a> = (&'a str, &'a str, i16);

fn payment(line: &Line) -> PaymentKey<'_> {
    (&line.iuv, &line.iur, line.transfer)
}

/// Receipts and notices behind some rows.
struct Behind {
    paid: Vec<PaidFact>,
    notices: Vec<Standing>,
}

impl Behind {
    fn load(tx: &mut Tx<'_>, creditor: &FiscalCode, lines: &[Line]) -> Result<Behind, Error> {
        let iuvs: BTreeSet<&str> = lines.iter().map(|line| line.iuv.as_str()).collect();
        let iuvs: Vec<&str> = iuvs.into_iter().collect();
        // A receipt that is being filed at this moment must be seen either by it or by us.
        store::settlement::hold_positions(tx, creditor, &iuvs)?;
        let paid = store::reconciliation::paid(tx, creditor, &iuvs)?;
        let notices = store::notices::standing(tx, creditor, &iuvs)?;
        Ok(Behind { paid, notices })
    }

    fn by_payment(&self) -> HashMap<PaymentKey<'_>, &PaidFact> {
        let key = |fact: &'_ PaidFact| fact.paid.in_scope;
        self.paid
            .iter()
            .filter(|fact| key(fact))
            .map(|f| {
                (
                    (
                        f.paid.iuv.as_str(),
                        f.paid.receipt_id.as_str(),
                        f.paid.transfer,
                    ),
                    f,
                )
            })
            .collect()
    }

    fn by_iuv(&self) -> HashMap<&str, &Standing> {
        self.notices
            .iter()
            .map(|notice| (notice.iuv.as_str(), notice))
            .collect()
    }
}

/// Books the rows of a revision that has come into force, and moves its notices.
pub(super) fn announce(
    tx: &mut Tx<'_>,
    now: Instant,
    ctx: &Ctx,
    creditor: &FiscalCode,
    rows: Rows<'_>,
) -> Result<(), Error> {
    // Before the first of several chunks the rows are new to the planner, after it their effects are.
    let large = rows.lines.len() > CHUNK;
    for (n, chunk) in rows.lines.chunks(CHUNK).enumerate() {
        if large && n < 2 {
            store::settlement::count_filling(tx)?;
        }
        let behind = Behind::load(tx, creditor, chunk)?;
        let entry = entry(&behind, creditor, (rows.flow, chunk), now);
        store::ledger::post(tx, creditor, [(ctx.ids.next(), entry)])?;
        let live = live_rows(tx, creditor, &behind)?;
        let steps = steps(&behind, &live, chunk, rows.before);
        let paid: BTreeSet<_> = steps.iter().map(|(notice, _)| notice.position_id).collect();
        for position_id in paid {
            archive::changed(tx, now, ctx, creditor, position_id)?;
        }
        let advances: Vec<Advance> = steps
            .into_iter()
            .map(|(notice, line)| Advance {
                id: ctx.ids.next(),
                number: notice.number.clone(),
                step: lifecycle::record(notice.state, Event::FlowLine),
                paid_on: (!matches!(notice.state, State::Paid | State::Settled))
                    .then_some(line.paid_on),
            })
            .collect();
        store::notices::advance(tx, creditor, &advances, now, ACTOR)?;
    }
    Ok(())
}

/// Takes the bookings of a revision back, before a newer one is booked.
pub(super) fn take_back(
    tx: &mut Tx<'_>,
    now: Instant,
    ctx: &Ctx,
    creditor: &FiscalCode,
    rows: Rows<'_>,
) -> Result<(), Error> {
    for chunk in rows.lines.chunks(CHUNK) {
        let behind = Behind::load(tx, creditor, chunk)?;
        let booked = entry(&behind, creditor, (rows.flow, chunk), now);
        let postings = booked.postings.iter().map(Posting::reversed).collect();
        let entry = Entry {
            reason: Reason::FlowLineReversed,
            postings,
            ..booked
        };
        store::ledger::post(tx, creditor, [(ctx.ids.next(), entry)])?;
    }
    Ok(())
}

/// One posting for each row. Which account a row credits depends on whether its receipt is here now: a
/// receipt that came after its row has left its money with the row, so taking the row back puts that
/// money in transit.
fn entry(
    behind: &Behind,
    creditor: &FiscalCode,
    (flow, lines): (&Filed, &[Line]),
    now: Instant,
) -> Entry {
    let (paid, notices) = (behind.by_payment(), behind.by_iuv());
    let postings = lines.iter().filter_map(|line| {
        let receipt = paid.get(&payment(line));
        let credit = if receipt.is_some() {
            Account::InTransit
        } else {
            Account::Receivable
        };
        let stated = receipt.and_then(|fact| NoticeNumber::parse(&fact.notice_number).ok());
        let notice = notices.get(line.iuv.as_str()).filter(|_| stated.is_none());
        let about = About {
            notice: stated.as_ref().or(notice.map(|notice| &notice.number)),
            service_code: receipt
                .and_then(|fact| fact.service_code.as_deref())
                .or(notice.map(|notice| notice.service_code.as_str())),
            beneficiary: creditor,
        };
        Posting::new(Account::Announced, credit, line.effect(), about)
    });
    Entry {
        reason: Reason::FlowLine,
        day: calendar::today(now),
        reference: format!("{}/{}", flow.name(), flow.header.revision),
        postings: postings.collect(),
    }
}

/// Rows in force about notices that need a second look: settled already, or paid to several accounts.
fn live_rows(conn: &mut Conn, creditor: &FiscalCode, behind: &Behind) -> Result<Vec<Line>, Error> {
    let mut shares: HashMap<&str, usize> = HashMap::new();
    for fact in behind.paid.iter().filter(|fact| fact.paid.in_scope) {
        let count = shares.entry(fact.paid.iuv.as_str()).or_default();
        *count = count.saturating_add(1);
    }
    let settled = behind.notices.iter().filter(|n| n.state == State::Settled);
    let settled: BTreeSet<&str> = settled.map(|notice| notice.iuv.as_str()).collect();
    let several = shares
        .into_iter()
        .filter(|(_, count)| *count > 1)
        .map(|(iuv, _)| iuv);
    let iuvs: Vec<&str> = settled.into_iter().chain(several).collect();
    if iuvs.is_empty() {
        return Ok(Vec::new());
    }
    let rows = store::settlement::lines_by_iuvs(conn, creditor, &iuvs)?;
    let ids: BTreeSet<_> = rows.iter().map(|(flow, _)| *flow).collect();
    let ids: Vec<_> = ids.into_iter().collect();
    let live: BTreeSet<_> = store::settlement::get_all(conn, creditor, &ids)?
        .into_iter()
        .filter(|flow| flow.state == FlowState::Live)
        .map(|flow| flow.id)
        .collect();
    Ok(rows
        .into_iter()
        .filter(|(flow, _)| live.contains(flow))
        .map(|(_, line)| line)
        .collect())
}

/// The notices that a row moves, each at most once: when every own share of its receipt is reported, or
/// at once when there is no receipt; a settled notice again only for another payment.
fn steps<'a>(
    behind: &'a Behind,
    live: &[Line],
    lines: &'a [Line],
    before: &[Line],
) -> Vec<(&'a Standing, &'a Line)> {
    let notices = behind.by_iuv();
    let receipts = by_receipt(&behind.paid, |fact| (&fact.paid.iuv, &fact.paid.receipt_id));
    let live = by_receipt(live, |row| (&row.iuv, &row.iur));
    let seen: BTreeSet<PaymentKey<'_>> = before.iter().map(payment).collect();
    let mut moved = BTreeSet::new();
    let mut steps = Vec::new();
    for line in lines.iter().filter(|line| line.outcome != Outcome::Revoked) {
        let Some(notice) = notices.get(line.iuv.as_str()) else {
            continue;
        };
        let receipt = (line.iuv.as_str(), line.iur.as_str());
        let shares = receipts.get(&receipt).map_or(&[][..], Vec::as_slice);
        let rows = live.get(&receipt).map_or(&[][..], Vec::as_slice);
        let foreign = shares.iter().any(|fact| !fact.paid.own_notice);
        let reported = |transfer: i16| {
            transfer == line.transfer || rows.iter().any(|row| row.transfer == transfer)
        };
        let mut own = shares.iter().filter(|fact| fact.paid.in_scope);
        let complete = own.all(|fact| reported(fact.paid.transfer));
        let again = rows.len() > 1 || seen.contains(&payment(line));
        let settled_already = notice.state == State::Settled && again;
        if !foreign && complete && !settled_already && moved.insert(notice.number.as_str()) {
            steps.push((*notice, line));
        }
    }
    steps
}

/// Groups what concerns the same receipt.
fn by_receipt<T>(
    all: &[T],
    key: impl Fn(&T) -> (&String, &String),
) -> HashMap<(&str, &str), Vec<&T>> {
    let mut groups: HashMap<(&str, &str), Vec<&T>> = HashMap::new();
    for one in all {
        let (iuv, receipt) = key(one);
        let group = groups.entry((iuv.as_str(), receipt.as_str()));
        group.or_default().push(one);
    }
    groups
}
