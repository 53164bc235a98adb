//! Provisional credits: what covers them, who paid them, and the collection orders that are proposed.

use chrono::Days;

use super::columns::{
    ACCOUNT, ARTICLE, CHAPTER, CLAIM, DEBTOR_NAME, DEBTOR_TAX_CODE, IUV, PAYER_TAX_CODE, PLAN_CODE,
    ROW, SERVICE_CODE, column, key_cells,
};
use super::cover::each_part;
use super::{Cell, Column, ControlTotal, Desk, Error, Question, Sink, Sum, Unit};
use crate::app::accounting::bookkeeping::{self, Bookkeeping, Explained};
use crate::app::collection_orders::{self, Proposal, Provisional};
use crate::domain::accounting::AccountingKey;
use crate::domain::collection_order::CoverState;
use crate::domain::money::Cents;
use crate::store::{self, Conn};

/// Days within which a provisional credit is to be covered by an order (TUEL art. 180 c. 4).
const COVER_DAYS: u64 = 60;

const PROVISIONAL: Column = column(
    "provisional",
    Unit::Text,
    "Provvisorio",
    "Numero del provvisorio di entrata",
)
.wide(10);
const YEAR: Column = column("year", Unit::Text, "Anno", "Esercizio finanziario").wide(5);
const BOOKED_ON: Column = column(
    "booked_on",
    Unit::Day,
    "Data",
    "Giorno in cui il tesoriere l'ha registrato",
);
const FLOW: Column = column(
    "flow_id",
    Unit::Text,
    "Flusso",
    "Flusso che lo spiega (IUF)",
)
.wide(32);

pub(super) const PROVISIONAL_CREDITS: &[Column] = &[
    YEAR,
    PROVISIONAL,
    ACCOUNT,
    BOOKED_ON,
    column(
        "cover_by",
        Unit::Day,
        "Da coprire entro",
        "Sessanta giorni dalla registrazione (TUEL art. 180)",
    ),
    column(
        "days_left",
        Unit::Count,
        "Giorni",
        "Giorni che mancano al termine, negativi quando è passato; vuoto se è coperto",
    ),
    column(
        "payer",
        Unit::Text,
        "Ordinante",
        "Chi ha versato, come dice il tesoriere",
    )
    .wide(34),
    FLOW,
    column(
        "amount",
        Unit::Cents,
        "Provvisorio",
        "Importo, storni e ripristini compresi",
    ),
    column(
        "rows",
        Unit::Count,
        "Pagamenti",
        "Pagamenti che lo compongono",
    ),
    column(
        "without_receipt",
        Unit::Count,
        "Senza ricevuta",
        "Pagamenti di cui manca la ricevuta",
    ),
    column(
        "explained",
        Unit::Cents,
        "Spiegato",
        "Somma dei pagamenti attribuiti al provvisorio",
    ),
    column(
        "unexplained",
        Unit::Cents,
        "Differenza",
        "Provvisorio meno spiegato",
    ),
    column(
        "covered",
        Unit::Cents,
        "Con reversale",
        "Coperto da reversali, come dice il giornale di cassa",
    ),
    column("state", Unit::Text, "Stato", "open, partly o covered").wide(8),
    column(
        "orders",
        Unit::Text,
        "Reversali",
        "Numeri delle reversali che lo coprono",
    )
    .wide(12),
];

pub(super) const PROVISIONAL_PAYMENTS: &[Column] = &[
    YEAR,
    PROVISIONAL,
    BOOKED_ON,
    FLOW,
    ROW.wide(5),
    column("paid_on", Unit::Day, "Pagato il", "Giorno del pagamento"),
    SERVICE_CODE.wide(14),
    IUV,
    column(
        "receipt_id",
        Unit::Text,
        "IUR",
        "Riferimento della riscossione",
    )
    .wide(32),
    DEBTOR_TAX_CODE,
    DEBTOR_NAME,
    PAYER_TAX_CODE,
    CHAPTER,
    ARTICLE,
    CLAIM,
    PLAN_CODE,
    column(
        "amount",
        Unit::Cents,
        "Importo",
        "Quota del pagamento su questa chiave",
    ),
];

pub(super) const COLLECTION_ORDERS: &[Column] = &[
    YEAR,
    PROVISIONAL,
    ACCOUNT,
    BOOKED_ON,
    column(
        "provisional_amount",
        Unit::Cents,
        "Importo provv.",
        "Importo del provvisorio",
    ),
    column(
        "state",
        Unit::Text,
        "Stato",
        "open, partly o covered: se le reversali ci sono già",
    )
    .wide(8),
    column(
        "orders",
        Unit::Text,
        "Reversali",
        "Numeri delle reversali che già lo coprono",
    )
    .wide(12),
    column("row", Unit::Count, "Riga", "Riga della proposta").wide(5),
    CHAPTER,
    ARTICLE,
    CLAIM,
    column(
        "plan_code",
        Unit::Text,
        "Piano dei conti",
        "Voce di V livello; vuota per ciò che nulla spiega",
    )
    .wide(16),
    column(
        "siope",
        Unit::Text,
        "SIOPE",
        "Codice gestionale dell'ordinativo",
    )
    .wide(11),
    column("management", Unit::Text, "Gestione", "COMPETENZA o RESIDUO").wide(11),
    column(
        "payments",
        Unit::Count,
        "Pagamenti",
        "Pagamenti dietro la riga",
    ),
    column(
        "amount",
        Unit::Cents,
        "Importo",
        "Importo della reversale proposta",
    ),
];

/// How a credit is covered, as text.
fn orders(proposal: &Proposal) -> String {
    let numbers = proposal.covered_by.iter().map(ToString::to_string);
    numbers.collect::<Vec<_>>().join(" ")
}

fn state(proposal: &Proposal) -> Cell {
    proposal.state().as_str().into()
}

impl Desk<'_> {
    fn proposals(
        &self,
        conn: &mut Conn,
        question: &Question,
        each: &mut dyn FnMut(&mut Conn, &Bookkeeping<'_>, Proposal) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let asked = (question.period, question.provisional);
        collection_orders::propose(conn, self.ctx, self.creditor, asked, each)
    }

    pub(super) fn provisional_credits(
        &self,
        conn: &mut Conn,
        question: &Question,
        sink: &mut Sink<'_>,
    ) -> Result<Vec<ControlTotal>, Error> {
        let (mut all, mut unexplained, mut covered, mut late) = (
            Sum::new("Provvisori"),
            Sum::new("Non spiegato"),
            Sum::new("Coperto da reversali"),
            Sum::new("Da coprire, oltre il termine"),
        );
        self.proposals(conn, question, &mut |_, _, proposal| {
            let credit = &proposal.provisional;
            all.add(1, credit.amount)?;
            let open = i64::from(proposal.unexplained != Cents::ZERO);
            unexplained.add(open, proposal.unexplained)?;
            let done = i64::from(proposal.state() == CoverState::Covered);
            covered.add(done, proposal.covered)?;
            let by = credit.booked_on.checked_add_days(Days::new(COVER_DAYS));
            // What orders cover whole has no term any more.
            let left = by.filter(|_| done == 0);
            let left = left.map(|by| by.signed_duration_since(self.today).num_days());
            if left.is_some_and(|days| days < 0) {
                late.add(1, credit.amount.minus(proposal.covered)?)?;
            }
            sink(vec![
                Cell::Text(credit.year.to_string()),
                Cell::Text(credit.number.to_string()),
                Cell::Text(credit.account.clone()),
                Cell::Day(credit.booked_on),
                by.map_or(Cell::Empty, Cell::Day),
                left.map_or(Cell::Empty, Cell::Count),
                Cell::Text(credit.payer.clone()),
                flow_id(&proposal),
                Cell::Cents(credit.amount),
                Cell::Count(proposal.payments),
                Cell::Count(proposal.without_receipt),
                Cell::Cents(credit.amount.minus(proposal.unexplained)?),
                Cell::Cents(proposal.unexplained),
                Cell::Cents(proposal.covered),
                state(&proposal),
                Cell::Text(orders(&proposal)),
            ])?;
            Ok(())
        })?;
        Ok([all, unexplained, covered, late].map(Sum::total).to_vec())
    }

    /// Who paid: of one flow when it is asked for, else of the provisional credits.
    pub(super) fn provisional_payments(
        &self,
        conn: &mut Conn,
        question: &Question,
        sink: &mut Sink<'_>,
    ) -> Result<Vec<ControlTotal>, Error> {
        let mut all = Sum::new("Pagamenti");
        if let Some(id) = question.flow {
            let flow = store::settlement::get(conn, self.creditor, id)?;
            let flow = flow.ok_or(Error::UnknownFlow)?;
            let books = Bookkeeping::load(conn, self.ctx, self.creditor)?;
            let name = Cell::Text(flow.header.flow_id.clone());
            books.of_flow::<Error>(conn, id, |line, part| {
                if !self.wants(part.service_code()) {
                    return Ok(());
                }
                all.add(1, part.amount)?;
                let place = (Some(line.number), (line.iuv.as_str(), line.iur.as_str()));
                payment_rows(
                    &[Cell::Empty, Cell::Empty, Cell::Empty, name.clone()],
                    part,
                    place,
                    sink,
                )
            })?;
            return Ok(vec![all.total()]);
        }
        self.proposals(conn, question, &mut |conn, books, proposal| {
            let credit = &proposal.provisional;
            let head = [
                Cell::Text(credit.year.to_string()),
                Cell::Text(credit.number.to_string()),
                Cell::Day(credit.booked_on),
                flow_id(&proposal),
            ];
            each_part(conn, books, &proposal, |line, part| {
                if !self.wants(part.service_code()) {
                    return Ok(());
                }
                all.add(1, part.amount)?;
                let ids = part.receipt.map_or(("", ""), |filed| {
                    (
                        filed.receipt.iuv.as_str(),
                        filed.receipt.receipt_id.as_str(),
                    )
                });
                let ids = line.map_or(ids, |line| (line.iuv.as_str(), line.iur.as_str()));
                let number = line.map(|line| line.number);
                payment_rows(&head, part, (number, ids), sink)
            })
        })?;
        Ok(vec![all.total()])
    }

    pub(super) fn collection_orders(
        &self,
        conn: &mut Conn,
        question: &Question,
        sink: &mut Sink<'_>,
    ) -> Result<Vec<ControlTotal>, Error> {
        let (mut credits, mut open, mut proposed, mut unexplained) = (
            Sum::new("Provvisori"),
            Sum::new("Provvisori da coprire"),
            Sum::new("Reversali proposte"),
            Sum::new("Non spiegato"),
        );
        self.proposals(conn, question, &mut |_, _, proposal| {
            let credit = &proposal.provisional;
            credits.add(1, credit.amount)?;
            if proposal.state() != CoverState::Covered {
                open.add(1, credit.amount.minus(proposal.covered)?)?;
            }
            let mut rows: Vec<(Option<&AccountingKey>, i64, Cents)> = Vec::new();
            for order in &proposal.orders {
                proposed.add(1, order.amount)?;
                rows.push((order.key.as_ref(), order.payments, order.amount));
            }
            if proposal.unexplained != Cents::ZERO {
                unexplained.add(1, proposal.unexplained)?;
                rows.push((None, 0, proposal.unexplained));
            }
            for (number, (key, payments, amount)) in (1i64..).zip(rows) {
                let mut row = credit_cells(credit, &proposal);
                row.push(Cell::Count(number));
                row.extend(key_cells(key));
                let siope = key.map(|key| key.plan_code.siope());
                row.extend([
                    siope.map_or(Cell::Empty, Cell::Text),
                    key.map_or(Cell::Empty, |key| management(key, credit.year).into()),
                    Cell::Count(payments),
                    Cell::Cents(amount),
                ]);
                sink(row)?;
            }
            Ok(())
        })?;
        Ok([credits, open, proposed, unexplained]
            .map(Sum::total)
            .to_vec())
    }
}

fn credit_cells(credit: &Provisional, proposal: &Proposal) -> Vec<Cell> {
    vec![
        Cell::Text(credit.year.to_string()),
        Cell::Text(credit.number.to_string()),
        Cell::Text(credit.account.clone()),
        Cell::Day(credit.booked_on),
        Cell::Cents(credit.amount),
        state(proposal),
        Cell::Text(orders(proposal)),
    ]
}

/// Whether the money belongs to the year or to an earlier one.
fn management(key: &AccountingKey, year: i32) -> &'static str {
    if key.is_residual(year) {
        "RESIDUO"
    } else {
        "COMPETENZA"
    }
}

fn flow_id(proposal: &Proposal) -> Cell {
    let names = proposal.flows.iter();
    let names: Vec<&str> = names.map(|flow| flow.header.flow_id.as_str()).collect();
    Cell::Text(names.join(" "))
}

fn payment_rows(
    head: &[Cell; 4],
    part: &Explained<'_>,
    (number, (iuv, iur)): (Option<i32>, (&str, &str)),
    sink: &mut Sink<'_>,
) -> Result<(), Error> {
    let receipt = part.receipt.map(|filed| &filed.receipt);
    let debtor = receipt.map(|receipt| {
        (
            receipt.debtor.tax_code.to_string(),
            receipt.debtor.full_name.clone(),
        )
    });
    let charged = part
        .charge
        .map(|charge| (charge.debtor_tax_code.clone(), charge.debtor_name.clone()));
    let (tax_code, name) = debtor.or(charged).unwrap_or_default();
    let payer = receipt.and_then(|receipt| receipt.payer.as_ref());
    for quota in &part.quotas {
        let mut row = head.to_vec();
        row.extend([
            number.map_or(Cell::Empty, |number| Cell::Count(number.into())),
            part.receipt
                .map_or(Cell::Empty, |filed| Cell::Day(filed.paid_on)),
            Cell::Text(part.service_code().to_owned()),
            Cell::Text(iuv.to_owned()),
            Cell::Text(iur.to_owned()),
            Cell::Text(tax_code.clone()),
            Cell::Text(name.clone()),
            payer.map_or(Cell::Empty, |payer| Cell::Text(payer.tax_code.to_string())),
        ]);
        row.extend(key_cells(quota.key.as_ref()));
        row.push(Cell::Cents(quota.amount));
        sink(row)?;
    }
    Ok(())
}

impl From<collection_orders::Error> for Error {
    fn from(error: collection_orders::Error) -> Error {
        match error {
            collection_orders::Error::Money(why) => Error::Money(why),
            collection_orders::Error::Store(why) => Error::Store(why),
        }
    }
}

impl From<bookkeeping::Error> for Error {
    fn from(error: bookkeeping::Error) -> Error {
        match error {
            bookkeeping::Error::Money(why) => Error::Money(why),
            bookkeeping::Error::Store(why) => Error::Store(why),
        }
    }
}
